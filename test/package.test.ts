// The package from outside: packed, installed in an empty folder, used from JavaScript, TypeScript and a browser bundle.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'gradus-package-'))
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
const run = (command: string, args: readonly string[], cwd = folder): string => {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`)
  }
}

/** One step of training: the same text runs as JavaScript and, unchanged, as strict TypeScript. */
const step = `
manualSeed(0)
const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1))
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
const y = tensor([[0], [1], [1], [0]])
const loss = () => F.mseLoss(model.forward(x), y)
const before = loss()
before.backward()
optimizer.step()
const result = [before.item(), loss().item()]
`
const names = '{ F, manualSeed, nn, optim, tensor }'

/** The TypeScript that the documents show. */
const shown = ['README.md', 'CONTRIBUTING.md'].flatMap(file =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(match => match[1] as string),
)

/** [loss before, loss after] as printed: the step has lowered it. */
function learned(printed: string): number[] {
  const [before, after] = JSON.parse(printed) as [number, number]
  expect(after).toBeLessThan(before)
  return [before, after]
}

beforeAll(() => {
  write('step.js', `import ${names} from 'gradus'\n${step}\nconsole.log(JSON.stringify(result))\n`)
  run('npm', ['run', 'build'], root)
  const filename = run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root)
  write('package.json', JSON.stringify({ name: 'outside', private: true, type: 'module' }))
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent', `./${filename}`])
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('installs itself and seedrandom, nothing else', () => {
  const installed = readdirSync(join(folder, 'node_modules')).filter(name => !name.startsWith('.'))
  expect(installed.sort()).toEqual(['gradus', 'seedrandom'])
  expect(readdirSync(join(folder, 'node_modules/gradus')).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'package.json',
  ])
})

test('trains from JavaScript', () => {
  learned(run('node', ['step.js']))
})

test('saves to a file and loads from it, as the same tensors', () => {
  write(
    'files.js',
    `import { nn, Tensor } from 'gradus'
import { load, save } from 'gradus/io'
const model = new nn.Linear(2, 1)
save('model.safetensors', model)
const state = load('model.safetensors')
model.loadStateDict(state)
console.log(state.weight instanceof Tensor, state.weight.equal(model.weight))
`,
  )
  expect(run('node', ['files.js'])).toBe('true true')
})

test('brings the command, and the parser with it', () => {
  const gradus = join(folder, 'node_modules/.bin/gradus')
  expect(run(gradus, ['derive', 'x^3', '--order', '2'])).toBe('d2f/dx^2 = 6*x')
  expect(run(gradus, ['explain', 'x1*x2 + sin(x1)', 'x1=2', 'x2=3'])).toContain('x1-bar = w1-bar*cos(x1) + w2-bar*x2')
  expect(() => run(gradus, ['explain', 'x1*', 'x1=2'])).toThrow(/gradus explain: column 4: expected expression/)
})

test('serves the playground, as files that need nothing from elsewhere', async () => {
  const gradus = join(folder, 'node_modules/.bin/gradus')
  const child = spawn(gradus, ['playground', '--port', '0'], { cwd: folder })
  try {
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    const [address = ''] = /http:\/\/localhost:\d+\//.exec(String(said)) ?? []
    const text = async (path: string): Promise<string> => (await fetch(new URL(path, address))).text()
    const page = await text('')
    expect(page.replaceAll('&#39;', "'")).toContain("script-src 'self';")
    const assets = [...page.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map(([, path]) => path as string)
    expect(assets.some(path => path.endsWith('.js')) && assets.some(path => path.endsWith('.css'))).toBe(true)
    for (const path of assets) expect((await fetch(new URL(path, address))).status, path).toBe(200)
    expect(page + (await text(assets.find(path => path.endsWith('.css'))!))).not.toMatch(/https?:\/\//)
    expect((await fetch(new URL('../package.json', address))).status).toBe(404)
    const { port } = new URL(address)
    expect(() => run(gradus, ['playground', '--port', port])).toThrow(
      new RegExp(
        `^gradus playground: port ${port} is taken: choose another with --port, or 0 for any that is free$`,
        'm',
      ),
    )
  } finally {
    child.kill()
  }
})

test('fit trains the tensors of the root entry', () => {
  write(
    'fit.js',
    `import { F, manualSeed, nn, optim, tensor } from 'gradus'
import { fit } from 'gradus/train'
manualSeed(0)
const model = new nn.Linear(1, 1)
const train = [[tensor([[0], [1]]), tensor([[1], [3]])]]
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
const { history } = await fit(model, { train, loss: F.mseLoss, optimizer, epochs: 5 })
console.log(JSON.stringify([history[0].loss, history[4].loss]))
`,
  )
  learned(run('node', ['fit.js']))
})

test('compiles a step, on two threads as on one', () => {
  write(
    'compiled.js',
    `import { compile, F, manualSeed, nn, optim, tensor, threads } from 'gradus'
manualSeed(0)
threads(2)
const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1))
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
const y = tensor([[0], [1], [1], [0]])
const train = compile(() => {
  const loss = F.mseLoss(model.forward(x), y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  return loss
})
const losses = Array.from({ length: 9 }, () => train().item())
console.log(JSON.stringify([losses[0], losses[8]]))
`,
  )
  learned(run('node', ['compiled.js']))
})

test('type-checks and trains from TypeScript, whichever way modules are resolved', () => {
  const typed = 'const typed: number[] = result\nconsole.log(JSON.stringify(typed))\n'
  const misuse = "// @ts-expect-error a string is no learning rate\nnew optim.SGD(model.parameters(), { lr: '0.1' })\n"
  write('step.ts', `import ${names} from 'gradus'\n${step}${typed}`)
  write('misuse.ts', `import ${names} from 'gradus'\n${step}${misuse}`)
  write(
    'entries.ts',
    "import { lossCurve } from 'gradus/plot'\nimport { progress } from 'gradus/progress'\nimport { useBlas } from 'gradus/blas'\nimport { parseCsv, type Table } from 'gradus/csv'\nimport { load, save } from 'gradus/io'\nimport { fit } from 'gradus/train'\nimport { trace } from 'gradus/explain'\nimport { draw } from 'gradus/draw'\nexport const table: Promise<Table> = parseCsv('a')\nexport { draw, fit, load, lossCurve, progress, save, trace, useBlas }\n",
  )
  write(
    'device.ts',
    "import { compile, type Tensor } from 'gradus'\nimport { webgpu } from 'gradus/webgpu'\nconst f = compile((x: Tensor) => x.sin(), { device: await webgpu() })\nexport const result: (x: Tensor) => Promise<Tensor> = f\n",
  )
  const check = (files: readonly string[], options: object): string => {
    write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: { strict: true, target: 'es2022', types: [], outDir: 'built', ...options },
        files,
      }),
    )
    return run('node', [join(root, 'node_modules/typescript/bin/tsc')])
  }
  check(['step.ts', 'misuse.ts'], { module: 'esnext', moduleResolution: 'bundler' })
  // also where nobody knows of the browser's types
  check(['device.ts'], { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022'], skipLibCheck: false })
  check(['entries.ts'], { module: 'nodenext', types: ['node'], typeRoots: [join(root, 'node_modules/@types')] })
  for (const [i, code] of shown.entries()) write(`shown${i}.ts`, code)
  check(['step.ts', 'misuse.ts', ...shown.map((_, i) => `shown${i}.ts`)], { module: 'nodenext' })
  learned(run('node', ['built/step.js']))
}, 120_000)

test('an entry without its optional libraries says what to install', () => {
  write(
    'plot.js',
    "import { lossCurve } from 'gradus/plot'\nawait lossCurve([{ name: 'loss', values: [2, 1] }]).catch(e => console.log(e.name, e.message))\n",
  )
  expect(run('node', ['plot.js'])).toMatch(/DependencyError .*npm install .*chart\.js/)
  write(
    'blas.js',
    "import { useBlas } from 'gradus/blas'\ntry { useBlas() } catch (e) { console.log(e.name, e.message) }\n",
  )
  expect(run('node', ['blas.js'])).toMatch(/DependencyError .*npm install koffi/)
  write(
    'csv.js',
    "import { parseCsv } from 'gradus/csv'\nawait parseCsv('a\\n1').catch(e => console.log(e.name, e.message))\n",
  )
  expect(run('node', ['csv.js'])).toMatch(/DependencyError .*npm install papaparse/)
  write(
    'draw.js',
    "import { trace } from 'gradus/explain'\nimport { draw } from 'gradus/draw'\nawait draw(trace(x => x.sin(), [1])).catch(e => console.log(e.name, e.message))\n",
  )
  expect(run('node', ['draw.js'])).toMatch(/DependencyError .*npm install @viz-js\/viz/)
  write(
    'webgpu.js',
    "import { webgpu } from 'gradus/webgpu'\nawait webgpu().catch(e => console.log(e.name, e.message))\n",
  )
  expect(run('node', ['webgpu.js'])).toMatch(/DependencyError .*npm install webgpu/)
})

test('bundles for the browser without Node, and trains there', async () => {
  write(
    'browser.js',
    `import ${names} from 'gradus'\nexport { fit } from 'gradus/train'\nexport { trace } from 'gradus/explain'\nexport { webgpu } from 'gradus/webgpu'\n${step}\nglobalThis.result = JSON.stringify(result)\n`,
  )
  const options = { entry: join(folder, 'browser.js'), formats: ['iife' as const], name: 'step', fileName: 'step' }
  await build({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    build: { lib: options, outDir: 'web', minify: false },
  })
  const [name] = readdirSync(join(folder, 'web')).filter(file => file.endsWith('.js'))
  const bundle = readFileSync(join(folder, 'web', name as string), 'utf8')
  const imports = [...bundle.matchAll(/\b(?:import|from|require\()\s*["']([^"']+)["']/g)].map(
    match => match[1] as string,
  )
  expect(imports.filter(id => id.startsWith('node:') || builtinModules.includes(id))).toEqual([])
  // nothing is there but the language itself: no process, no require, no Buffer
  const context = createContext({}) as { result: string }
  runInContext(bundle, context)
  const [before] = learned(context.result)
  expect(before).toBe(learned(run('node', ['step.js']))[0])
}, 120_000)
