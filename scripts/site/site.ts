// The site: the course, the documents and the API reference as static pages, by TypeDoc alone. `npm run docs [folder]`
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, posix, relative } from 'node:path'
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  type DeclarationReflection,
  type DocumentReflection,
  JSX,
  PageEvent,
  ReflectionKind,
  StructureRouter,
} from 'typedoc'
import * as gradus from '../../src/index.ts'
import { formulas } from '../../test/document.ts'
import config from '../../tsdown.config.ts'
import { problems } from './check.ts'

const require = createRequire(import.meta.url)
// made for `require`: an import would wrap it twice
const { default: katex }: typeof import('@vscode/markdown-it-katex') = require('@vscode/markdown-it-katex')

const root = join(import.meta.dirname, '../..')
const out = process.argv[2] ?? join(root, 'site')
const playground = join(root, 'dist/playground')

// ---------------------------------------------------------------- what goes in

/** The package's entries by their sources; the command has no API. */
const entries = new Map(
  Object.entries(config.entry as Record<string, string>)
    .filter(([name]) => name !== 'gradus')
    .map(([name, path]) => [path, name === 'index' ? 'gradus' : `gradus/${name}`]),
)

const chapters = readdirSync(join(root, 'docs/course'))
  .filter(file => /^\d\d-/.test(file))
  .sort()
/** The documents, in their order, and the group in which each stands beside the pages. */
const documents: readonly (readonly [path: string, group: string])[] = [
  ...['README.md', ...chapters].map(file => [`docs/course/${file}`, 'Course'] as const),
  ...['docs/ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/PERFORMANCE.md', 'docs/DECISIONS.md', 'CHANGELOG.md'].map(
    path => [path, 'Documents'] as const,
  ),
]

/** Where a document's page is, without its ending. */
const address = (path: string): string =>
  path.startsWith('docs/course/')
    ? `course/${basename(path, '.md').replace('README', 'index')}`
    : basename(path, '.md').toLowerCase()

/** Types that are seen at the edges of public ones and are not public themselves: by what they are. */
const internal = {
  // the engine's parts that its faces and a device are made of
  engine: [
    'backend/array.ts:NDArray',
    'compile/processor.ts:DeviceProgram',
    'compile/record.ts:Recording',
    'engine/apply.ts:TensorNode',
    'engine/expr.ts:Kind',
    'engine/graph.ts:Node',
    'engine/pointwise.ts:Pointwise',
    'engine/prims.ts:rows',
    'engine/value.ts:Opaque',
    'nn/cell.ts:Rule',
  ],
  // rows of the table: their fields are explained in CONTRIBUTING.md
  rows: ['Binary', 'Composite', 'Interval', 'Simd', 'Ternary', 'Unary'].map(name => `engine/prims.ts:${name}`),
  // names of unions and tuples, for the source's readers
  shorthand: [
    'engine/apply.ts:Spec',
    'engine/check.ts:Fn',
    'engine/ops/convolution.ts:Sizes',
    'engine/ops/order.ts:Asked',
    'engine/ops/pool.ts:Target',
    'engine/transforms.ts:Fn',
    'engine/transforms.ts:Outer',
    'engine/tree.ts:Active',
    'explain/dot.ts:Some',
    'explain/stepper.ts:Number',
    'nn/criterion.ts:Pair',
    'nn/criterion.ts:Triple',
    'nn/functional/norm.ts:Optional',
    'nn/hook.ts:Gradients',
    'nn/init.ts:gains',
    'nn/padding.ts:Sides',
    'optim/cycle.ts:PerGroup',
    'plot/points.ts:Shaped',
  ],
  // the least that something must have, as an optimizer for a scheduler; and parts of states
  structure: [
    'data/scaler.ts:Line',
    'optim/ema.ts:Averages',
    'optim/ema.ts:Named',
    'optim/lbfgs.ts:Memory',
    'optim/optimizer.ts:Scheduled',
    'optim/scheduler.ts:Rated',
    'optim/scheduler.ts:Trained',
    'plot/rate.ts:Scheduler',
  ],
}

// ---------------------------------------------------------------- how it is shown

const addresses = new WeakMap<object, string>()

/** Modules and what they export as `api/gradus/explain/trace.html`, documents where `address` says. */
class SiteRouter extends StructureRouter {
  override getIdealBaseName(reflection: DeclarationReflection): string {
    return addresses.get(reflection) ?? `api/${super.getIdealBaseName(reflection)}`
  }
}

const app = await Application.bootstrap({
  name: 'Gradus',
  tsconfig: join(root, 'tsconfig.json'),
  // npm run typecheck does that
  skipErrorChecking: true,
  entryPoints: [...entries.keys()].map(path => join(root, path)),
  projectDocuments: documents.map(([path]) => join(root, path)),
  readme: join(root, 'README.md'),
  out,
  router: 'site',
  headings: { readme: false, document: false },
  navigation: { includeGroups: true, includeFolders: false },
  groupOrder: ['Course', 'API', 'Documents', '*'],
  sort: ['documents-first', 'kind', 'instance-first', 'alphabetical-ignoring-documents'],
  excludePrivate: true,
  excludeInternal: true,
  // what errors inherit from JavaScript's
  excludeExternals: true,
  searchInDocuments: true,
  // else names that contain a word hide the chapters that are about it; a name itself still comes first
  searchGroupBoosts: { Course: 150 },
  disableGit: true,
  disableSources: true,
  githubPages: false,
  hideGenerator: true,
  customCss: join(import.meta.dirname, 'site.css'),
  lightHighlightTheme: 'github-light-high-contrast',
  darkHighlightTheme: 'github-dark-default',
  highlightLanguages: ['typescript', 'javascript', 'bash', 'json', 'html', 'css'],
  markdownItLoader: parser => {
    parser.use(katex, { throwOnError: true })
    // a wide table scrolls in a box of its own
    parser.renderer.rules.table_open = () => '<div class="table" tabindex="0">\n<table>\n'
    parser.renderer.rules.table_close = () => '</table>\n</div>\n'
  },
  intentionallyNotExported: Object.values(internal).flatMap(names => names.map(name => `src/${name}`)),
  treatWarningsAsErrors: true,
})
app.renderer.defineRouter('site', SiteRouter)

/** A document is called by its first heading. */
app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document: DocumentReflection) => {
  const path = relative(root, document.project.files.getReflectionPath(document) as string)
  const [, title] = /^# (.+)/.exec(readFileSync(join(root, path), 'utf8')) as RegExpExecArray
  document.name = title as string
  document.frontmatter.group = documents.find(([other]) => other === path)?.[1]
  addresses.set(document, address(path))
})

/** A module is called as it is imported, and described by its file's first line. */
app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection: DeclarationReflection) => {
  if (!reflection.kindOf(ReflectionKind.Module)) return
  const [path, name] = [...entries].find(([path]) => path.endsWith(`/${reflection.name}.ts`)) as [string, string]
  const [, line] = /^\/\/ (.+)/.exec(readFileSync(join(root, path), 'utf8')) as RegExpExecArray
  reflection.name = name
  reflection.comment = new Comment(
    [{ kind: 'text', text: line as string }],
    [new CommentTag('@group', [{ kind: 'text', text: 'API' }])],
  )
})

/** The links of every page's head, from where that page is. */
app.renderer.on(PageEvent.BEGIN, ({ url }: PageEvent) => {
  const to = (path: string): string => posix.relative(posix.dirname(url), path)
  app.options.setValue('navigationLinks', {
    Course: to('course/index.html'),
    API: `${to('modules.html')}#api`,
    ...(existsSync(playground) && { Playground: to('playground/index.html') }),
  })
})

/** Code scrolls by the keyboard, too. */
app.renderer.on(PageEvent.END, page => {
  page.contents = page.contents?.replaceAll('<pre>', '<pre tabindex="0">')
})

/** Whoever comes for the first time finds the course's chapters listed. */
app.renderer.hooks.on('head.end', () =>
  JSX.createElement(JSX.Raw, {
    html: `<script>try { localStorage['tsd-accordion-Course'] ??= 'true' } catch {}</script>`,
  }),
)

// ---------------------------------------------------------------- build

rmSync(out, { recursive: true, force: true })
const project = await app.convert()
if (!project) process.exit(1)
app.validate(project)
await app.generateDocs(project, out)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)

// the formulas' fonts, so that nothing is loaded from elsewhere
const fonts = dirname(require.resolve('katex/dist/katex.min.css'))
for (const part of ['katex.min.css', 'fonts'])
  cpSync(join(fonts, part), join(out, 'assets/katex', part), { recursive: true })

if (existsSync(playground)) cpSync(playground, join(out, 'playground'), { recursive: true })

// ---------------------------------------------------------------- check

const exported = project.children?.find(({ name }) => name === 'gradus')?.children ?? []
const missing = Object.keys(gradus).filter(name => !exported.some(child => child.name === name))
const wrong = [
  ...missing.map(name => `'${name}' is exported and has no page`),
  ...problems(out, {
    pages: ['index.html', 'modules.html', ...documents.map(([path]) => `${address(path)}.html`)],
    formulas: Object.fromEntries(
      documents.map(([path]) => [`${address(path)}.html`, formulas(readFileSync(join(root, path), 'utf8')).length]),
    ),
  }),
]
if (wrong.length > 0) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(
  `${out}: ${existsSync(playground) ? 'with the playground' : 'without the playground, which npm run build makes'}`,
)
