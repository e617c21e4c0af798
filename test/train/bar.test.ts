// The progress bar of a run: its lines in a log, its one line on a terminal.
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { progressBar } from '../../src/train/progress.ts'
import { type Callback, type FitOptions, fit } from '../../src/train/train.ts'
import { fake } from '../terminal.ts'
import { clouds, made } from './case.ts'

/** Each step takes half a second. */
const slow: Callback = { step: () => void vi.advanceTimersByTime(500) }
const batches = clouds()
function run(callbacks: readonly Callback[], also: Partial<FitOptions> = {}): Promise<unknown> {
  const { model, optimizer, loss } = made()
  return fit(model, { train: batches, validation: batches, loss, optimizer, epochs: 3, callbacks, ...also })
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})
const value = String.raw`\d\.\d+(e-\d)?`

describe('in a log', () => {
  test('about ten lines; an epoch ends with what validation gave', async () => {
    const { stream, writes } = fake()
    await run([slow, progressBar({ stream, label: 'clouds' })])
    expect(writes).toHaveLength(10)
    expect(writes[0]).toMatch(
      new RegExp(`^clouds {2}epoch 1/3 {2} 3/21 {2}loss ${value} {2}lr 0\\.0200 {2}2\\.0 steps/s {2}9s left\n$`),
    )
    expect(writes[3]).toMatch(
      /^clouds {2}epoch 2\/3 {2} 9\/21 {2}loss .* validation\.loss \S+ {2}2\.0 steps\/s {2}6s left/,
    )
    expect(writes[9]).toMatch(
      /^clouds {2}epoch 3\/3 {2}21\/21 {2}loss .* validation\.loss \S+ {2}2\.0 steps\/s {2}0s left/,
    )
  })

  test('where nobody knows how many steps there are, it counts in the first epoch', async () => {
    const { stream, writes } = fake()
    const train = { [Symbol.iterator]: () => batches.values() }
    await run([slow, progressBar({ stream })], { train })
    const counts = writes.map(line => /epoch \d\/3 {2} ?\d+\/21/.exec(line)?.[0].slice(6))
    expect(counts).toEqual([
      ...[
        '1/3   7/21',
        '2/3   9/21',
        '2/3  11/21',
        '2/3  13/21',
        '3/3  15/21',
        '3/3  17/21',
        '3/3  19/21',
        '3/3  21/21',
      ],
    ])
  })

  test('a run that stops says where, one that is resumed counts on', async () => {
    const first = fake()
    let state: never
    const keeper: Callback = {
      step(run) {
        if (run.step !== 4) return
        state = run.stateDict() as never
        run.stop('enough')
      },
    }
    await run([slow, progressBar({ stream: first.stream }), keeper])
    expect(first.writes.at(-1)).toMatch(/^epoch 1\/3 {2} 4\/21/)
    const second = fake()
    await run([{ start: run => run.loadStateDict(state) }, slow, progressBar({ stream: second.stream })])
    expect(second.writes[0]).toMatch(/^epoch 1\/3 {2} 5\/21 .* 2\.0 steps\/s {2}8s left/)
    expect(second.writes.at(-1)).toMatch(/^epoch 3\/3 {2}21\/21/)
  })
})

describe('on a terminal', () => {
  test('one line, no wider than it is', async () => {
    const { stream, writes } = fake(70)
    await run([slow, progressBar({ stream })])
    const lines = writes.map(text => stripVTControlCharacters(text)).filter(text => text.includes('epoch'))
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.at(-1)).toMatch(/^epoch 3\/3 .*21\/21 {2}loss/)
    for (const line of lines) expect(line.trimEnd().length).toBeLessThan(70)
    // the end of the line: what comes next begins on one of its own
    expect(writes.join('').endsWith('\n')).toBe(true)
  })

  test('ends its line when the run fails', async () => {
    const { stream, writes } = fake(70)
    const broken: Callback = {
      step(run) {
        if (run.step === 3) throw new Error('broken')
      },
    }
    await expect(run([progressBar({ stream }), broken])).rejects.toThrow('broken')
    expect(writes.join('').endsWith('\n')).toBe(true)
  })
})

test('refuses unknown options', () => {
  expect(() => progressBar({ total: 3 } as object)).toThrow(/progressBar: unknown option 'total'/)
})
