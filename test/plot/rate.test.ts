// Learning rates over steps, and a finder's curve.
import { describe, expect, test } from 'vitest'
import { ArgumentError, ShapeError } from '../../src/engine/errors.ts'
import { optim, tensor } from '../../src/index.ts'
import { learningRateCurve, learningRateSchedule } from '../../src/plot/plot.ts'
import { looks } from '../../src/plot/theme.ts'
import { bounds, count, decode, expectMargins } from './picture.ts'
import { size } from './plots.ts'

const [blue, orange] = looks.light.series

describe('learningRateSchedule', () => {
  test('runs a scheduler: the picture of its rates', async () => {
    const make = () => new optim.StepLR({ paramGroups: [{ lr: 0.8 }] }, 10, { gamma: 0.5 })
    const run = await learningRateSchedule(make, { ...size, steps: 20 })
    const rates = Array.from({ length: 21 }, (_, i) => 0.8 * 0.5 ** Math.floor(i / 10))
    expect(run.equals(await learningRateSchedule(rates, size))).toBe(true)
    expectMargins(await decode(run))
  })

  test('draws several by name, and each group', async () => {
    const make = () => new optim.ExponentialLR({ paramGroups: [{ lr: 0.8 }, { lr: 0.1 }] }, 0.9)
    const groups = await decode(await learningRateSchedule(make, { ...size, steps: 10 }))
    const named = await decode(await learningRateSchedule({ a: [1, 2], b: tensor([2, 1]) }, size))
    for (const picture of [groups, named]) {
      for (const colour of [blue, orange]) expect(count(picture, colour)).toBeGreaterThan(100)
    }
  })

  test('says what does not fit', async () => {
    await expect(learningRateSchedule(() => 1 as never)).rejects.toThrow('learning rate makes a scheduler, not 1')
    await expect(learningRateSchedule({})).rejects.toThrow(ArgumentError)
    await expect(learningRateSchedule([1], { steps: 0 })).rejects.toThrow('steps is an integer of at least 1, not 0')
  })
})

describe('learningRateCurve', () => {
  const rates = Array.from({ length: 61 }, (_, i) => 10 ** (i / 10 - 5))
  const losses = rates.map(rate => 2.3 - 1.5 / (1 + (0.01 / rate) ** 1.5) + (rate / 0.5) ** 4)

  test.each(['light', 'dark'] as const)('marks the suggestion where it is on the axis, %s', async theme => {
    const at = async (suggestion: number) => {
      const picture = await decode(await learningRateCurve({ rates, losses, suggestion }, { ...size, theme }))
      expectMargins(picture, theme)
      const { left, right } = bounds(picture, looks[theme].series[1])
      expect(right - left).toBeLessThan(4)
      return (left + right) / 2
    }
    const [low, middle, high] = [await at(1e-4), await at(1e-3), await at(1e-2)]
    expect(middle - low).toBeGreaterThan(40)
    expect(Math.abs(high - middle - (middle - low))).toBeLessThanOrEqual(2)
  })

  test('cuts off what diverges', async () => {
    const picture = await decode(await learningRateCurve({ rates, losses }, size))
    const { top, bottom, left } = bounds(picture, blue)
    // The first loss is well below the top, although the last one is 600 times as high.
    expect(losses[60] / losses[0]).toBeGreaterThan(600)
    const first = bounds(picture, blue, [left, 0, left + 20, size.height])
    expect(first.top - top).toBeLessThan((bottom - top) * 0.6)
    expect(bottom - first.top).toBeGreaterThan(60)
  })

  test('takes smoothed losses, gaps, one rate, null, a logarithmic y axis', async () => {
    const cases = [
      { rates, losses, smoothed: losses, suggestion: null },
      { rates: tensor([1e-3, 1e-2, 0.1]), losses: [1, Number.NaN, Number.POSITIVE_INFINITY] },
      { rates: [0.1], losses: [2], suggestion: 0.1 },
      { rates: [0, 0.1, 0.2], losses: [1, 1, 1] },
    ]
    for (const found of cases) {
      for (const logY of [true, false]) {
        const picture = await decode(await learningRateCurve(found, { ...size, logY }))
        expectMargins(picture)
        expect(count(picture, blue)).toBeGreaterThan(10)
      }
    }
  })

  test('says what does not fit', async () => {
    await expect(learningRateCurve({ rates: [1], losses: [1, 2] })).rejects.toThrow('1 rates and 2 losses')
    await expect(learningRateCurve({ rates: [1], losses: [1], smoothed: [] })).rejects.toThrow(ShapeError)
    await expect(learningRateCurve({ rates: [-1], losses: [1] })).rejects.toThrow('no finite loss at a rate above 0')
    const none = { rates: [1], losses: [1], suggestion: 0 }
    await expect(learningRateCurve(none)).rejects.toThrow('suggestion is a rate above 0, not 0')
  })
})
