// The house rules: imports point down, go round in no circle, and the root entry needs nothing from Node.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'

interface Import {
  readonly from: string
  /** A file below src/, or the name of a package. */
  readonly to: string
  readonly typeOnly: boolean
}

const root = join(import.meta.dirname, '../..')
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map(file => file.replaceAll('\\', '/'))
  .filter(file => file.endsWith('.ts'))

/** All imports and re-exports of a file; one of types alone, in either notation, leaves nothing behind in the code. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, 'src', file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
  const resolve = (to: string): string => (to.startsWith('.') ? posix.join(dirname(file), to) : to)
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:([\w$*{}\s,]+?)\s*from\s*)?['"]([^'"]+)['"]/gm)
  const dynamic = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)
  return [
    ...Array.from(statements, ([, type, names = '', to = '']): Import => {
      const listed = /^\{([\s\S]*)\}$/
        .exec(names.trim())?.[1]
        ?.split(',')
        .map(name => name.trim())
        .filter(name => name !== '')
      return {
        from: file,
        to: resolve(to),
        typeOnly: type !== undefined || (listed?.length ? listed.every(name => name.startsWith('type ')) : false),
      }
    }),
    ...Array.from(dynamic, ([, to = '']): Import => ({ from: file, to: resolve(to), typeOnly: false })),
  ]
}
const imports = files.flatMap(importsOf)
const values = imports.filter(({ typeOnly }) => !typeOnly)
const internal = values.filter(({ to }) => to.endsWith('.ts'))
const shown = (list: readonly Import[]): string[] => list.map(({ from, to }) => `${from} -> ${to}`)
const room = (file: string): string => file.split('/')[0] as string

/** The floor that a file is on, counted from the ground. */
function floor(file: string): number {
  const floors: RegExp[] = [
    /^backend\/|^engine\/(errors|argument|special|num|graph|shape)\.ts$/,
    /^engine\/prims\.ts$/,
    /^engine\/apply\.ts$/,
    /^engine\/(expr|pointwise|tex|value)\.ts$/,
    /^engine\/(ops\/\w+|random|format)\.ts$/,
    /^engine\/tensor\.ts$/,
    /^engine\/(transforms|jacobian|checkpoint|custom|tree|check|functions)\.ts$|^(nn|optim|compile|explain|data|train|plot|io|cli)\//,
    /^index\.ts$/,
  ]
  return floors.findIndex(pattern => pattern.test(file))
}

describe('imports', () => {
  test('are all found', () => {
    expect(imports.length).toBeGreaterThan(100)
    const known = new Set(files)
    expect(shown(imports.filter(({ to }) => to.endsWith('.ts') && !known.has(to)))).toEqual([])
    const lines = files.flatMap(file =>
      readFileSync(join(root, 'src', file), 'utf8')
        .split('\n')
        .filter(line => /^(import|export)\b.*from '/.test(line) || /^\} from '/.test(line) || /^import '/.test(line)),
    )
    expect(imports.length).toBeGreaterThanOrEqual(lines.length)
  })

  test('every file is on a floor', () => {
    expect(files.filter(file => floor(file) < 0)).toEqual([])
  })

  test('point down, or along the same floor', () => {
    expect(shown(internal.filter(({ from, to }) => floor(from) < floor(to)))).toEqual([])
  })

  test('go round in no circle', () => {
    const next = new Map(files.map(file => [file, internal.filter(({ from }) => from === file).map(({ to }) => to)]))
    const circles: string[] = []
    const done = new Set<string>()
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      if (path.includes(file) || done.has(file)) return
      for (const to of next.get(file) ?? []) walk(to, [...path, file])
      done.add(file)
    }
    for (const file of files) walk(file, [])
    expect(circles).toEqual([])
  })

  test('the engine imports none of the rooms above it', () => {
    expect(
      shown(
        imports.filter(
          ({ from, to }) => room(from) === 'engine' && to.endsWith('.ts') && !/^(engine|backend)\//.test(to),
        ),
      ),
    ).toEqual([])
  })

  test('nobody imports explain', () => {
    expect(shown(imports.filter(({ from, to }) => room(to) === 'explain' && !/^(explain|cli)\//.test(from)))).toEqual(
      [],
    )
  })

  test('the backend knows numbers only: nothing of the engine but its errors', () => {
    expect(
      shown(
        values.filter(
          ({ from, to }) => room(from) === 'backend' && !to.startsWith('backend/') && to !== 'engine/errors.ts',
        ),
      ),
    ).toEqual([])
    expect(shown(imports.filter(({ from, to }) => room(from) === 'backend' && /^engine\/(?!errors)/.test(to)))).toEqual(
      [],
    )
  })

  test('ops know Tensor as a type only', () => {
    expect(
      shown(
        internal.filter(({ from, to }) => /^engine\/(ops|apply|random|format)/.test(from) && to === 'engine/tensor.ts'),
      ),
    ).toEqual([])
  })

  test('graph.ts knows no shapes and no numbers, num.ts nothing but the names of the ops and what they may be given', () => {
    expect(imports.filter(({ from }) => from === 'engine/graph.ts').map(({ to }) => to)).toEqual(['engine/errors.ts'])
    expect(imports.filter(({ from }) => from === 'engine/num.ts').map(({ to }) => to)).toEqual([
      'engine/argument.ts',
      'engine/errors.ts',
      'engine/prims.ts',
    ])
  })
})

describe('the root entry', () => {
  const closure = new Set(['index.ts'])
  for (const file of closure) for (const { from, to } of internal) if (from === file) closure.add(to)
  const packages = [
    ...new Set(values.filter(({ from, to }) => closure.has(from) && !to.endsWith('.ts')).map(({ to }) => to)),
  ]

  test('needs nothing from Node', () => {
    expect(packages.filter(name => name.startsWith('node:') || builtinModules.includes(name))).toEqual([])
    const using = [...closure].filter(file =>
      /\b(process|Buffer|require|__dirname)\s*[.(]/.test(
        readFileSync(join(root, 'src', file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
      ),
    )
    expect(using).toEqual([])
  })

  test('needs no package but the runtime dependencies', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    expect(packages.filter(name => !(name in dependencies))).toEqual([])
  })

  test('re-exports and does nothing else', () => {
    const text = readFileSync(join(root, 'src/index.ts'), 'utf8')
    const rest = text
      .replace(/^\/\/.*$/gm, '')
      .replace(/export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'[^']+'/g, '')
      .trim()
    expect(rest).toBe('')
  })

  test('reaches neither plots nor files', () => {
    expect([...closure].filter(file => /^(plot|io)\//.test(file))).toEqual([])
  })
})

describe('the source', () => {
  test('never draws from Math.random', () => {
    expect(files.filter(file => /Math\.random\s*\(/.test(readFileSync(join(root, 'src', file), 'utf8')))).toEqual([])
  })

  test('generates code behind the one switch alone', () => {
    const generating = files.filter(file =>
      /new Function\(|WebAssembly\.(Module|Instance|instantiate|compile)/.test(
        readFileSync(join(root, 'src', file), 'utf8'),
      ),
    )
    expect(generating.filter(file => !/^(backend|compile)\//.test(file))).toEqual([])
  })

  test('opens each file with a line that says its idea', () => {
    expect(
      files.filter(file => !/^(#!.*\n)?\/\/ \S+ .*\S/.test(readFileSync(join(root, 'src', file), 'utf8'))),
    ).toEqual([])
  })

  test('has no default exports, no index below the root, no utils', () => {
    expect(files.filter(file => /^export default/m.test(readFileSync(join(root, 'src', file), 'utf8')))).toEqual([])
    expect(files.filter(file => /\/(index|utils?|helpers?)\.ts$/.test(file))).toEqual([])
  })
})
