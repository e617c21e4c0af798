// A program that trains, interrupted and killed as users and machines do it, and started again.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ArgumentError, Generator } from '../../src/index.ts'
import { interruptible, load, loadCheckpoint } from '../../src/io/io.ts'
import { bundle } from './bundle.ts'
import { SmallRun } from './run.ts'

let home: string
let script: string
/** Where a run that nobody disturbed has been, and its last line. */
let reference: string
let whole: string
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'gradus-interrupt-'))
  script = await bundle('run.child.ts', home)
  reference = folderOf()
  whole = last(await program(reference, 0))
  expect(whole).toMatch(/^end null 30 -?[\d.]+ 0$/)
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

interface Ended {
  readonly out: string
  readonly err: string
  readonly code: number | null
  readonly signal: string | null
}
/** Runs the program; `watch` is told what it has printed so far. */
function program(folder: string, pause: number, watch?: (child: ChildProcess, out: string) => void): Promise<Ended> {
  const child = spawn(process.execPath, [script, folder, String(pause)])
  let [out, err] = ['', '']
  child.stdout.on('data', text => {
    out += text
    watch?.(child, out)
  })
  child.stderr.on('data', text => {
    err += text
  })
  return new Promise(resolve => child.once('close', (code, signal) => resolve({ out, err, code, signal })))
}
const folderOf = (): string => mkdtempSync(join(home, 'run-'))
/** Does something once, when the program has come to a step. */
const when = (step: number, act: (child: ChildProcess) => void): ((child: ChildProcess, out: string) => void) => {
  let done = false
  return (child, out) => {
    if (done || !out.split('\n').includes(String(step))) return
    done = true
    act(child)
  }
}
const last = ({ out }: Ended): string => out.trim().split('\n').at(-1) as string
const stepOf = (folder: string): number => (loadCheckpoint(join(folder, 'last.safetensors')) as { step: number }).step

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends the run after its step, with a checkpoint; the same program goes on`, async () => {
    const folder = folderOf()
    const first = await program(
      folder,
      10,
      when(4, child => child.kill(signal)),
    )
    expect(first.code).toBe(0)
    expect(first.err).toBe(`${signal}: the run ends after this step; once more to end it at once\n`)
    const [, step] = /^end interrupted by SIG\w+ (\d+) \S+ 0$/.exec(last(first)) as RegExpExecArray
    expect(Number(step)).toBeLessThan(30)
    expect(stepOf(folder)).toBe(Number(step))
    expect(last(await program(folder, 0))).toBe(whole)
  })
}

test('a second signal ends the process at once', async () => {
  const folder = folderOf()
  const { signal, out } = await program(folder, 1000, (child, out) => {
    if (out === '1\n') {
      child.kill('SIGINT')
      child.stderr?.once('data', () => child.kill('SIGINT'))
    }
  })
  expect(signal).toBe('SIGINT')
  expect(out).toBe('1\n')
})

test('killed again and again, it ends as if nothing had been', async () => {
  const folder = folderOf()
  const generator = new Generator(2)
  let kills = 0
  let ended: Ended
  let from = 0
  do {
    from += generator.integer(4, 9)
    ended = await program(
      folder,
      3,
      when(Math.min(from, 100), child => child.kill('SIGKILL')),
    )
    if (ended.signal === 'SIGKILL') kills++
  } while (ended.code !== 0)
  expect(kills).toBeGreaterThan(2)
  expect(last(ended)).toBe(whole)
  const log = (folder: string): string => readFileSync(join(folder, 'log.csv'), 'utf8')
  expect(log(folder)).toBe(log(reference))
  expect(load(join(folder, 'best.safetensors')).weight.item()).toBe(
    load(join(reference, 'best.safetensors')).weight.item(),
  )
})

test('signals do what they did before when the run is over, however it ended', async () => {
  const count = (): number => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')
  const before = count()
  const during: number[] = []
  await new SmallRun(1, [interruptible(), { step: () => void during.push(count()) }]).go()
  expect(during[0]).toBe(before + 2)
  await expect(new SmallRun(1, [interruptible()]).go({ fail: 3 })).rejects.toThrow('by the test')
  expect(count()).toBe(before)
  expect(() => interruptible({ quiet: true } as never)).toThrow(ArgumentError)
  expect(() => interruptible({ stream: 'stderr' } as never)).toThrow(/stream is one to write to, or null/)
})
