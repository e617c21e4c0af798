// The command line: what it prints, its one-line errors, its exit codes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { version } from '../../package.json'
import { run } from '../../src/cli/command.ts'
import { rasterize } from '../../src/plot/raster.ts'
import { decode } from '../plot/picture.ts'

const out = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await run(args)
  expect(err).toBe('')
  expect(code).toBe(0)
  return out
}

describe('explain', () => {
  it('prints the tables of the lecture', async () => {
    const text = await out('explain', 'x1*x2 + sin(x1)', 'x1=2', 'x2=3')
    for (const line of [
      'w1-dot = cos(x1)*x1-dot',
      'w2-dot = x1-dot*x2 + x1*x2-dot',
      'x1-bar = w1-bar*cos(x1) + w2-bar*x2',
    ])
      expect(text).toContain(line)
    expect(text).toMatch(/^w3 = w1 \+ w2 +6\.9093/m)
  })
  it('in one mode, by one input', async () => {
    expect(await out('explain', 'x*y', 'x=2', 'y=3', '--mode', 'reverse')).not.toContain('-dot')
    const forward = await out('explain', 'x*y', 'x=2', 'y=3', '--mode', 'forward', '--wrt', 'y')
    expect(forward).not.toContain('-bar')
    expect(forward).toMatch(/y-dot = 1/)
  })
  it('in every format', async () => {
    expect(await out('explain', 'x*x', 'x=2', '--format', 'markdown')).toContain('| row |')
    expect(await out('explain', 'x*x', 'x=2', '--format=latex')).toContain('\\begin{array}')
    expect(await out('explain', 'x*x', 'x=2', '--format', 'html')).toContain('<table>')
    expect(JSON.parse(await out('explain', 'x*x', 'x=2', '--format', 'json'))).toBeInstanceOf(Array)
  })
  it('fits to the width', async () => {
    const lines = (await run(['explain', 'x1*x2 + sin(x1)', 'x1=2', 'x2=3'], { width: 50 })).out.split('\n')
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(50)
    expect((await out('explain', 'x*x', 'x=2', '--width', '30')).split('\n').every(line => line.length <= 30)).toBe(
      true,
    )
  })
  it('step by step', async () => {
    const lines = (await out('explain', 'x*y', 'x=2', 'y=3', '--steps', '--width', '120')).split('\n')
    expect(lines[0]).toBe('Step 6 of 6')
    expect(lines[2].trim().split(/ {2,}/).slice(2)).toEqual(
      'formula upstream local contribution accumulated'.split(' '),
    )
    expect(lines.slice(4).map(line => line.trim().split(/ {2,}/).slice(1))).toEqual([
      ['forward', 'x = 2', '2'],
      ['forward', 'y = 3', '3'],
      ['forward', 'w1 = x*y', '6'],
      ['seed', 'w1-bar = 1', '1'],
      ['backward', 'x-bar = w1-bar*y', '1', '3', '3', '3'],
      ['backward', 'y-bar = w1-bar*x', '1', '2', '2', '2'],
    ])
    expect(
      await out('explain', 'x*y', 'x=2', 'y=3', '--steps', '--wrt', 'y', '--mode', 'forward', '--width', '120'),
    ).toMatch(/^ +5 +tangent by y +w1-dot = x\*y-dot +1 +2 +2 +2$/m)
    expect(await out('explain', 'x*y', 'x=2', 'y=3', '--steps', '--mode', 'reverse')).not.toContain('w1 = x*y')
  })
  it('takes expressions that begin with a minus, and values that are expressions', async () => {
    expect(await out('explain', '-x^2', 'x=pi/2')).toMatch(/x = 1\.5708/)
    expect(await out('explain', '--mode', 'forward', '-x^2', 'x=-2')).toMatch(/w1 = x\^2 +4 /)
    expect(await out('explain', '-e*x', 'x=1', 'e=2')).toMatch(/ -2 /)
  })
})

test('draws the graph', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gradus-command-'))
  const path = join(folder, 'graph.svg')
  try {
    await out('explain', 'x1*x2 + sin(x1)', 'x1=2', 'x2=3', '--draw', path)
    const svg = readFileSync(path, 'utf8')
    expect(svg).toMatch(/^<svg/)
    for (const name of ['x1', 'w3']) expect(svg).toContain(name)
    const png = join(folder, 'graph.PNG')
    await out('explain', 'x1*x2 + sin(x1)', 'x1=2', 'x2=3', '--draw', png)
    expect(readFileSync(png).equals(await rasterize(svg))).toBe(true)
    const picture = await decode(readFileSync(png))
    expect(picture.colours.has(0xb3361b)).toBe(true)
    const { code, err } = await run(['explain', 'x*x', 'x=1', '--draw', join(folder, 'none/graph.svg')])
    expect(code).toBe(2)
    expect(err).toMatch(/^gradus explain: could not write .*graph\.svg \(ENOENT/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('check: 0 when derivatives agree, 1 when they do not', async () => {
  expect(await out('check', 'x1*x2 + sin(x1)', 'x1=2', 'x2=3')).toContain('The derivatives agree')
  const { code, out: text } = await run(['check', 'relu(x)', 'x=0'])
  expect(code).toBe(1)
  expect(text).toContain("kink: 'relu' (op 1)")
  expect(await out('check', 'x^3', 'x=2', '--tolerance', '1e-30')).toContain("precision: 'pow' (op 1)")
})

test('derive, in three languages', async () => {
  expect(await out('derive', 'x1*x2 + sin(x1)', '--wrt', 'x1')).toBe('df/dx1 = cos(x1) + x2')
  expect(await out('derive', 'x^2*y', '--wrt', 'x,y')).toBe('df/dx = 2*x*y\ndf/dy = x^2')
  expect(await out('derive', 'x^3', '--order', '2', '--lang', 'latex')).toBe(
    '\\frac{\\mathrm{d}^{2} f}{\\mathrm{d} x^{2}} = 6 \\cdot x',
  )
  expect(await out('derive', 'x^2*y', '--format', 'markdown')).toContain(
    '| $\\frac{\\partial f}{\\partial x}$ | $2 \\cdot x \\cdot y$ |',
  )
  expect(JSON.parse(await out('derive', 'x^3', '--format', 'json'))).toMatchObject({
    rows: [{ derivative: { text: 'df/dx' }, formula: { text: '3*x^2' } }],
  })
  expect(await out('derive', '-x^3', '--lang', 'ts')).toContain(
    'export function derivative(x: number): number {\n  return -3 * (x * x)\n}',
  )
})

test('a name that objects have is a name', async () => {
  expect(await out('explain', '__proto__*2', '__proto__=1.5')).toContain('w1 = __proto__*2')
})

describe('help', () => {
  it('everywhere', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) expect(await out(...args)).toContain('Usage: gradus COMMAND')
    for (const command of ['explain', 'check', 'derive'])
      for (const args of [
        [command, '--help'],
        [command, '-h'],
        ['help', command],
        [command, 'x', '--help'],
      ])
        expect(await out(...args), args.join(' ')).toContain(`Usage: gradus ${command} EXPRESSION`)
    expect(await out('--version')).toBe(version)
  })
  it('without a command, as an error', async () => {
    expect(await run([])).toMatchObject({ code: 2, out: '' })
    expect((await run([])).err).toContain('Usage')
  })
})

test.each([
  [
    ['explain', 'x1 + sinn(x1)', 'x1=2'],
    "gradus explain: column 6: unknown function 'sinn'. Did you mean sin? (at 'sinn(x1)')",
  ],
  [['explain', 'x1*', 'x1=2'], 'gradus explain: column 4: expected expression after * (at the end)'],
  [
    ['explain', 'x + weight', 'x=2'],
    "gradus explain: column 5: unknown name 'weight'. The inputs are x. For an input give its value: weight=NUMBER (at 'weight')",
  ],
  [['derive', 'x y'], "gradus derive: column 3: an operator is missing before this (at 'y')"],
  [['explain'], 'gradus explain: an expression is missing: gradus explain EXPRESSION NAME=VALUE … [options]'],
  [
    ['explain', 'x*x', 'x=1', '--draw', 'a.gif'],
    "gradus explain: --draw writes SVG or PNG: name a file that ends in .svg or .png, not 'a.gif'",
  ],
  [['explain', 'x', '2'], "gradus explain: '2' is no input: give NAME=VALUE, and put the expression in quotes"],
  [['explain', 'x', 'x=a'], "gradus explain: x is a number, not 'a'"],
  [['explain', 'x', 'x=1', 'x=2'], "gradus explain: the input 'x' is given twice"],
  [['explain', 'x*x', 'x=1', '--mode', 'up'], "gradus explain: --mode is forward, reverse, both, not 'up'"],
  [['explain', 'x*x', 'x=1', '--wrt', 'y'], "gradus explain: wrt names 'y', but the inputs are x"],
  [['derive', 'x', '--order', '1.5'], "gradus derive: --order is a whole number, not '1.5'"],
  [
    ['derive', 'x', 'x=2'],
    "gradus derive: 'x=2' is too much: gradus derive EXPRESSION [options]. Put the expression in quotes",
  ],
  [
    ['derive', 'x', '--lang', 'ts', '--format', 'html'],
    'gradus derive: --lang and --format are two ways to print the same: choose one',
  ],
  [['derive', 'x', '--lang', 'c'], "gradus derive: --lang is text, ts, latex, not 'c'"],
  [
    ['derive', 'x', '--mode', 'forward'],
    "gradus derive: unknown option '--mode'. The options are --wrt, --order, --lang, --format, --width, --help",
  ],
  [['check', 'x', 'x=1', '--tolerance', 'much'], "gradus check: --tolerance is a number, not 'much'"],
  [['check', 'x', 'x=1', '--tolerance', '-1'], 'gradus check: tolerance is at least 0, not -1'],
  [['explain', 'x', 'x=1', '--width', '-5'], "gradus explain: --width is a whole number, not '-5'"],
  [
    ['explain', 'x', 'x=1', '-f'],
    "gradus explain: '-f' is no input: give NAME=VALUE, and put the expression in quotes",
  ],
  [['explain', '-x*', 'x=1'], 'gradus explain: column 4: expected expression after * (at the end)'],
  [['explain', '2^3^2'], 'gradus explain: there is no input to differentiate by'],
  [['explain', 'x*y', 'x=1', 'y=2', '--wrt', 'x,x'], "gradus explain: wrt names 'x' twice"],
  [
    ['explain', `foo(${'x + '.repeat(30)}x)`, 'x=1'],
    "gradus explain: column 1: unknown function 'foo' (at 'foo(x + x + x + x + x + x + x + x + x +…')",
  ],
  [['playground', 'x*x'], "gradus playground: 'x*x' is too much: gradus playground [options]"],
  [['playground', '--port', '99999'], 'gradus playground: --port is at most 65535, not 99999'],
  [['playground', '--port', 'high'], "gradus playground: --port is a whole number, not 'high'"],
  [
    ['help', 'expln'],
    "gradus: unknown command 'expln'. There are explain, check, derive, playground; see gradus --help",
  ],
  [['expln'], "gradus: unknown command 'expln'. There are explain, check, derive, playground; see gradus --help"],
] as const)('%j is refused on one line', async (args, message) => {
  expect(await run(args)).toEqual({ code: 2, out: '', err: message })
})

test('what is refused leaves no picture behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gradus-'))
  const path = join(folder, 'a.svg')
  for (const wrong of [
    ['--width', '3'],
    ['--wrt', 'z'],
    ['--steps', '--wrt', 'z'],
  ])
    expect(await run(['explain', 'x*x', 'x=1', '--draw', path, ...wrong])).toMatchObject({ code: 2 })
  expect(existsSync(path)).toBe(false)
  rmSync(folder, { recursive: true })
})

describe('as a process', () => {
  const script = fileURLToPath(new URL('../../src/cli/gradus.ts', import.meta.url))
  const started = (stdout: 'pipe' | number) =>
    spawn(process.execPath, ['--import', 'tsx', script, 'derive', 'x*y*z', '--order', '8'], {
      stdio: ['ignore', stdout, 'pipe'],
    })
  const ended = async (child: ChildProcess): Promise<{ code: number | null; err: string }> => {
    let err = ''
    child.stderr?.on('data', chunk => {
      err += String(chunk)
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, err }
  }
  it('ends in silence when nobody reads on', async () => {
    const child = started('pipe')
    child.stdout?.destroy()
    expect(await ended(child)).toEqual({ code: 0, err: '' })
  })
  it.runIf(existsSync('/dev/full'))('says on one line that its output cannot be written', async () => {
    const full = openSync('/dev/full', 'w')
    const { code, err } = await ended(started(full))
    closeSync(full)
    expect(code).toBe(2)
    expect(err).toMatch(/^gradus: could not write its output \(ENOSPC.*\)\n$/)
  })
})
