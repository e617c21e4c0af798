// The progress bar: plain lines in a log, one throttled line on a terminal, nothing left behind.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ArgumentError } from '../src/engine/errors.ts'
import { progress } from '../src/train/progress.ts'
import { fake } from './terminal.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('without a terminal', () => {
  test('ten lines, each with step, metrics, rate and time left', () => {
    const { stream, writes } = fake()
    const bar = progress({ total: 1000, label: 'moons', stream })
    for (let i = 0; i < 1000; i++) {
      vi.advanceTimersByTime(20)
      bar.step({ loss: 1 / (i + 1), accuracy: 0.5 })
    }
    bar.stop()
    expect(writes).toHaveLength(10)
    expect(writes[0]).toBe('moons   100/1000  loss 0.0100  accuracy 0.500  50 steps/s  18s left\n')
    expect(writes[9]).toBe('moons  1000/1000  loss 0.00100  accuracy 0.500  50 steps/s  0s left\n')
  })

  test('a short run has a line for each step, an early stop one for where it stopped', () => {
    const short = fake()
    const bar = progress({ total: 3, stream: short.stream })
    for (let i = 0; i < 3; i++) bar.step()
    expect(short.writes.map(line => line.slice(0, 3))).toEqual(['1/3', '2/3', '3/3'])

    const early = fake()
    const broken = progress({ total: 100, stream: early.stream })
    for (let i = 0; i < 14; i++) broken.step({ loss: Number.NaN })
    broken.stop()
    broken.stop()
    broken.step()
    expect(early.writes).toHaveLength(2)
    expect(early.writes[1]).toMatch(/^ 14\/100 {2}loss NaN/)
  })

  test('slow steps and long times read well', () => {
    const { stream, writes } = fake()
    const bar = progress({ total: 1000, stream })
    for (let i = 0; i < 100; i++) {
      vi.advanceTimersByTime(4000)
      bar.step()
    }
    expect(writes[0]).toContain('4.0 s/step  1h 00m left')
  })

  test('a metric that is left out keeps its last value', () => {
    const { stream, writes } = fake()
    const bar = progress({ total: 2, stream })
    bar.step({ accuracy: 0.25 })
    bar.step({ loss: 2 })
    expect(writes[1]).toContain('accuracy 0.250  loss 2.00')
  })

  test('refuses a total that is no count', () => {
    for (const total of [-1, 1.5, Number.NaN]) expect(() => progress({ total })).toThrow(ArgumentError)
  })
})

describe('on a terminal', () => {
  test('draws bar, step, metrics, rate and time left, and ends the line', () => {
    const { stream, text } = fake(100)
    const bar = progress({ total: 50, label: 'iris', stream })
    for (let i = 0; i < 25; i++) {
      vi.advanceTimersByTime(100)
      bar.step({ loss: 0.125 })
    }
    expect(text()).toMatch(/iris █+░+ 2[0-5]\/50 {2}loss 0\.125 {2}10 steps\/s {2}[23]s left/)
    expect(text()).not.toContain('\n')
    for (let i = 25; i < 50; i++) bar.step({ loss: 0.5 })
    expect(text()).toMatch(/iris █+ 50\/50 {2}loss 0\.500/)
    expect(text().endsWith('\n')).toBe(true)
  })

  test('is redrawn at most ten times a second, however fast the steps', () => {
    const { stream, text } = fake(100)
    const bar = progress({ total: 20_000, stream })
    for (let i = 0; i < 10_000; i++) {
      if (i % 10 === 0) vi.advanceTimersByTime(1)
      bar.step({ loss: i })
    }
    const drawn = text().split('loss').length - 1
    expect(drawn).toBeGreaterThan(3)
    expect(drawn).toBeLessThanOrEqual(10)
    bar.stop()
  })

  test('never hides the cursor or changes wrapping, never fills the last column', () => {
    for (const columns of [20, 60, 200]) {
      const { stream, writes } = fake(columns)
      const bar = progress({ total: 2, label: 'a long label of a run', stream })
      bar.step({ loss: 1, accuracy: 1, somethingElse: 12345.678 })
      bar.stop()
      const esc = String.fromCharCode(27)
      expect(writes.join('')).not.toContain(`${esc}[?`)
      const lines = writes.filter(text => !text.includes(esc))
      expect(Math.max(...lines.map(text => text.length))).toBeLessThan(columns)
    }
  })

  test('a stopped bar leaves no listener and no timer behind', () => {
    const count = () => process.listenerCount('exit') + process.listenerCount('uncaughtExceptionMonitor')
    const before = count()
    const { stream } = fake(80)
    const bar = progress({ total: 5, stream })
    expect(count()).toBe(before + 2)
    bar.step()
    bar.stop()
    expect(count()).toBe(before)
    expect(vi.getTimerCount()).toBe(0)
  })
})
