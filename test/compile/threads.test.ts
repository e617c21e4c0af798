// Threads change how long a step takes and nothing else. Each test has its own process: threads(n) comes before programs.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Module } from '../../src/backend/wasm/assembler.ts'
import { Schedule, type Share } from '../../src/compile/threads/schedule.ts'
import { extent, ranges } from '../../src/compile/threads/split.ts'
import { Choice } from '../../src/compile/threads/threads.ts'

const root = join(import.meta.dirname, '../..')
/** What a file, or a text, prints. */
function printed(args: readonly string[]): Promise<{ out: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], { cwd: root })
    let [out, errors] = ['', '']
    child.stdout.on('data', text => {
      out += text
    })
    child.stderr.on('data', text => {
      errors += text
    })
    child.on('exit', code =>
      code === 0 ? resolve({ out: out.trim(), errors: errors.trim() }) : reject(new Error(errors)),
    )
  })
}
const script = (text: string): Promise<{ out: string; errors: string }> =>
  printed(['--input-type=module', '-e', `import { compile, tensor, randn, threads } from './src/index.ts'\n${text}`])

interface Outcome {
  readonly threads: number
  readonly losses: readonly number[]
  readonly hash: string
}

test('steps leave the same bits behind on one, two and three threads', { timeout: 180_000 }, async () => {
  const run = async (...args: number[]): Promise<Record<string, Outcome>> =>
    JSON.parse((await printed(['test/compile/threads.child.ts', ...args.map(String)])).out)
  const one = await run(1)
  for (const n of [2, 3]) {
    const other = await run(n)
    for (const [name, { losses, hash }] of Object.entries(one))
      expect(other[name], name).toEqual({ threads: n, losses, hash })
  }
})

test('without an argument asks; more than there are cores are not taken', { timeout: 60_000 }, async () => {
  const { out } = await script(`
    Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 2 } })
    console.log(threads(), threads(1), threads(8), threads())
    try { threads(0) } catch (error) { console.log(error.name, error.message) }`)
  expect(out).toBe('1 1 2 2\nArgumentError threads: n is a whole number of at least 1, not 0')
})

test('comes before the first program', { timeout: 60_000 }, async () => {
  const { out } = await script(`
    Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 2 } })
    const step = compile(x => x.mul(2).add(1))
    for (let i = 0; i < 3; i++) step(tensor([i]))
    try { threads(2) } catch (error) { console.log(error.name, error.message) }
    console.log(threads(), step(tensor([3])).item())`)
  expect(out).toMatch(/^ArgumentError threads: programs have been compiled already.*Call threads\(n\) before/)
  expect(out).toMatch(/\n1 7$/)
})

test.each([
  ["Object.defineProperty(globalThis, 'crossOriginIsolated', { value: false })", /cross-origin isolated/],
  ['process.getBuiltinModule = undefined', /Node 20\.16/],
])('stays at one thread where there are none, and says so once: %s', { timeout: 60_000 }, async (before, message) => {
  const { out, errors } = await script(`
    Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 2 } })
    ${before}
    console.log(threads(2), threads(2))
    const step = compile(x => x.mul(2).add(1))
    for (let i = 0; i < 3; i++) console.log(step(tensor([i])).item())`)
  expect(out.split('\n')).toEqual(['1 1', '1', '3', '5'])
  expect(errors).toMatch(message)
  expect(errors.split('\n')).toHaveLength(1)
})

test('a worker that cannot start is said once, and the program runs', { timeout: 60_000 }, async () => {
  const { out, errors } = await script(`
    Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 2 } })
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    const real = process.getBuiltinModule
    process.getBuiltinModule = name => name === 'node:worker_threads'
      ? { Worker: class extends Worker { constructor(code, options) { super('throw new Error("no")', options) } } }
      : real.call(process, name)
    threads(2)
    const x = randn([300, 300])
    const step = compile(() => x.matmul(x).sum())
    const results = new Set()
    for (let i = 0; i < 8; i++) { results.add(step().item()); await new Promise(r => setTimeout(r, 30)) }
    console.log(results.size < 3, step.describe()[0].threads)`)
  expect(out).toBe('true 1')
  expect(errors).toMatch(/^threads: programs run on one thread: a worker failed/)
})

test('ranges cover everything in whole units, and none is small', () => {
  for (let n = 1; n < 200; n++)
    for (const parts of [1, 2, 3, 4, 7])
      for (const unit of [1, 2, 4, 16]) {
        const all = ranges(n, parts, unit)
        expect(all.length).toBeLessThanOrEqual(parts)
        expect(all[0]?.[0]).toBe(0)
        expect(all.at(-1)?.[1]).toBe(n)
        all.forEach(([from, to], i) => {
          if (i > 0) expect([from, from % unit]).toEqual([all[i - 1]?.[1], 0])
          expect(to - from).toBeGreaterThanOrEqual(Math.min(n, unit))
        })
      }
})

test('the extent of a strided array, backwards too', () => {
  expect(extent([2, 3], [3, 1])).toEqual({ at: 0, from: 0, to: 6 })
  expect(extent([2, 3], [-3, 1], 5)).toEqual({ at: 5, from: 2, to: 8 })
  expect(extent([], [], 4)).toEqual({ at: 4, from: 4, to: 5 })
  expect(extent([4], [0], 1)).toEqual({ at: 1, from: 1, to: 2 })
})

/** How often two threads wait for each other before the end, for kernels in one share or two. */
function barriers(...kernels: readonly (readonly Share[])[]): number {
  const module = new Module()
  const schedule = new Schedule([0, 64])
  for (const shares of kernels) schedule.add(shares, 1000)
  const arrivals = schedule.emit(module, t => `f${t}`, { counter: 128, sleepers: 192, blocks: true })
  expect(WebAssembly.validate(module.bytes({ pages: 1 }))).toBe(true)
  return arrivals / 2 - 1
}
const share = (reads: [number, number][], writes: [number, number][]): Share => {
  const spans = (list: [number, number][]) => list.map(([from, to]) => ({ from, to }))
  return { calls: [], reads: spans(reads), writes: spans(writes) }
}

test('threads wait only for what another one has touched', () => {
  const halves = (from: number, to: number): Share[] => [
    share([[from, from + 100]], [[to, to + 100]]),
    share([[from + 100, from + 200]], [[to + 100, to + 200]]),
  ]
  const made = halves(0, 1000)
  expect(barriers(made)).toBe(0)
  // each reads what it has made itself
  expect(barriers(made, halves(1000, 2000))).toBe(0)
  // one half further on: made by the other
  expect(barriers(made, halves(1050, 2000))).toBe(1)
  // written where the other reads, or where it writes
  expect(barriers(made, halves(5000, 50))).toBe(1)
  expect(barriers(made, halves(5000, 950))).toBe(1)
  // one alone: goes where it need not wait, if there is such a thread
  expect(barriers(made, [share([[1150, 1160]], [[3000, 3010]])], [share([[3000, 3010]], [[3100, 3110]])])).toBe(0)
  expect(barriers(made, [share([[1050, 1150]], [[3000, 3010]])])).toBe(1)
})

test('what takes less is kept, and tried again when the machine may have changed', () => {
  const choice = new Choice()
  /** How many of so many calls used threads. */
  const calls = (n: number, alone: number, together: number): number => {
    let count = 0
    for (let i = 0; i < n; i++) {
      count += +choice.together
      choice.took(choice.together ? together : alone)
    }
    return count
  }
  expect(calls(24, 1, 0.6)).toBe(12)
  expect(calls(105, 1, 0.6)).toBe(105)
  // now another program wants the other core
  expect(calls(24, 1, 1.5)).toBe(12)
  expect(calls(200, 1, 1.5)).toBe(0)
})
