// Training curves: panels, colours that stay with their part, smoothing, the best epoch.
import { describe, expect, test } from 'vitest'
import { ArgumentError } from '../../src/engine/errors.ts'
import { tensor } from '../../src/index.ts'
import { lossCurve, smoothed, trainingCurves } from '../../src/plot/plot.ts'
import { points, rows, spanOf, thinned, widened } from '../../src/plot/points.ts'
import { looks } from '../../src/plot/theme.ts'
import { type Box, bounds, count, type Decoded, decode, expectMargins } from './picture.ts'
import { size } from './plots.ts'

const history = Array.from({ length: 30 }, (_, i) => ({
  loss: 2 * 0.9 ** i,
  'validation.loss': 2 * 0.9 ** i + (i - 12) ** 2 / 300,
  accuracy: 1 - 0.9 * 0.9 ** i,
  'validation.accuracy': 0.9 - 0.8 * 0.9 ** i,
}))
const [train, validation, third] = looks.light.series

describe('trainingCurves', () => {
  test.each(['light', 'dark'] as const)(
    'has train and validation in the same colours in every panel, %s',
    async theme => {
      const picture = await decode(await trainingCurves(history, { ...size, theme }))
      expectMargins(picture, theme)
      const { width, height } = picture
      const halves: Box[] = [
        [0, 110, width, 200],
        [0, 210, width, height],
      ]
      for (const half of halves) {
        for (const k of [0, 1]) expect(count(picture, looks[theme].series[k], half)).toBeGreaterThan(40)
        expect(count(picture, looks[theme].series[2], half)).toBe(0)
      }
    },
  )

  test('draws the metrics asked for, in one panel or more, and grows with them by itself', async () => {
    const one = await decode(await trainingCurves(history, { metrics: ['loss'] }))
    const two = await decode(await trainingCurves(history, { metrics: ['accuracy', 'loss'] }))
    expect([one.width, one.height]).toEqual([1200, 750])
    expect([two.width, two.height]).toEqual([1200, 900])
  })

  test('takes curves by name: arrays, tensors, points; a test part has the third colour', async () => {
    const png = await trainingCurves(
      {
        loss: Float32Array.of(3, 2, 1),
        'validation.loss': tensor([4, 3, 2.5]),
        'test.loss': [
          { x: 1, y: 5 },
          { x: 3, y: 1 },
        ],
      },
      size,
    )
    const picture = await decode(png)
    for (const colour of [train, validation, third]) expect(count(picture, colour)).toBeGreaterThan(100)
  })

  test('marks the best epoch of validation loss, of another curve, or none', async () => {
    const marked = async (options: object) =>
      decode(await trainingCurves(history, { ...size, metrics: ['loss'], ...options }))
    const inside: Box = [70, 110, 480, 290]
    const [best, none, last] = [await marked({}), await marked({ monitor: false }), await marked({ monitor: 'loss' })]
    expect(count(best, looks.light.ink, inside)).toBeGreaterThan(5)
    expect(count(none, looks.light.ink, inside)).toBe(0)
    const middle = (picture: Decoded) => {
      const { left, right } = bounds(picture, looks.light.ink, inside)
      return (left + right) / 2
    }
    // The least validation loss is in the middle of the run, the least training loss at its end.
    expect(middle(best)).toBeGreaterThan(200)
    expect(middle(best)).toBeLessThan(400)
    expect(middle(last)).toBeGreaterThan(455)
  })

  test('smooths, and shows the raw curve pale behind', async () => {
    const noisy = { loss: Array.from({ length: 200 }, (_, i) => 1 + (i % 2) * 0.5) }
    const raw = await decode(await trainingCurves(noisy, size))
    const smooth = await decode(await trainingCurves(noisy, { ...size, smoothing: 0.95 }))
    expect(count(raw, train)).toBeGreaterThan(10 * count(smooth, train))
    expect(count(smooth, train)).toBeGreaterThan(100)
    expect(smooth.colours.size).toBeGreaterThan(50)
  })

  test('takes one epoch, gaps, constants, zeros on a logarithmic axis, long names', async () => {
    const odd = [
      [{ loss: 1 }],
      [{ loss: Number.NaN }, { loss: Number.POSITIVE_INFINITY }],
      [{ loss: 0.3 }, { loss: 0.3, extra: 1 }],
      [
        { loss: 0, lr: 0 },
        { loss: -1, lr: 1e-3 },
      ],
      [{ [Array(12).fill('long').join(' ')]: 1 }, { loss: 2 }],
    ] as Record<string, number>[][]
    for (const records of odd) {
      for (const logY of [true, false, ['loss']]) {
        expectMargins(await decode(await trainingCurves(records, { ...size, logY })))
      }
    }
  })

  test('says what does not fit', async () => {
    const none = [{ loss: '1' }] as unknown as Record<string, number>[]
    await expect(trainingCurves([])).rejects.toThrow('trainingCurves: no history to draw')
    await expect(trainingCurves({ loss: [] })).rejects.toThrow(ArgumentError)
    await expect(trainingCurves(none)).rejects.toThrow("loss in record 0 is a number, not the string '1'")
    await expect(trainingCurves(history, { metrics: ['lost'] })).rejects.toThrow(
      "there is no metric 'lost'; there are loss, accuracy",
    )
    await expect(trainingCurves(history, { monitor: 'val' })).rejects.toThrow(
      "there is no curve 'val'; there are loss,",
    )
    await expect(trainingCurves(history, { smoothing: 1 })).rejects.toThrow('smoothing is from 0 to below 1, not 1')
  })
})

describe('smoothed', () => {
  test('is an average with weights that fall by half each step back', () => {
    const values = [4, 2, 2, -3]
    const expected = values.map((_, k) => {
      const weights = values.slice(0, k + 1).map((_, i) => 0.5 ** (k - i))
      const total = weights.reduce((a, b) => a + b)
      return weights.reduce((sum, weight, i) => sum + weight * values[i], 0) / total
    })
    smoothed(values, 0.5).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 12)
    })
    expect(smoothed([4, 2, 2], 0.5)[2]).toBeCloseTo(2.2857, 4)
  })

  test('keeps constants, gaps and, with weight 0, everything', () => {
    for (const value of smoothed(Array(50).fill(0.3), 0.99)) expect(value).toBeCloseTo(0.3, 12)
    expect(smoothed([1, Number.NaN, 1], 0.9)).toEqual([1, Number.NaN, 1])
    expect(smoothed(tensor([1, 5, 2]), 0)).toEqual([1, 5, 2])
    expect(() => smoothed([1], 1)).toThrow('weight is from 0 to below 1, not 1')
  })
})

describe('points', () => {
  test('are thinned to the extremes of each column, gaps kept', () => {
    const all = points(
      'test',
      'values',
      Float64Array.from({ length: 1e5 }, (_, i) => (i === 50_001 ? 9 : Math.sin(i))),
    )
    const kept = thinned(all, 500)
    expect(kept.length).toBeLessThanOrEqual(2000)
    expect(spanOf(kept.map(({ y }) => y))).toEqual(spanOf(all.map(({ y }) => y)))
    expect([kept[0], kept.at(-1)]).toEqual([all[0], all.at(-1)])
    expect(kept.every(({ x }, i) => i === 0 || x > kept[i - 1].x)).toBe(true)
    const holed = all.map((point, i) => (i > 4e4 && i < 6e4 ? { ...point, y: Number.NaN } : point))
    expect(thinned(holed, 500).filter(({ y }) => Number.isNaN(y)).length).toBeGreaterThan(0)
    expect(thinned(all.slice(0, 50), 500)).toHaveLength(50)
  })

  test('are refused when they are none', () => {
    const given = (values: unknown) => () => points('plot', 'values', values as number[])
    expect(given('abc')).toThrow("needs values: an array of numbers or a tensor, not the string 'abc'")
    expect(given([1, '2'])).toThrow("values holds numbers, not the string '2' at 1")
    expect(given([{ x: 1 }])).toThrow('holds points { x, y } of numbers')
    expect(() => rows('plot', 'points', [[1, 2], [3]])).toThrow('2 numbers in row 0, 1 in row 1')
    expect(() => rows('plot', 'points', tensor([1, 2]))).toThrow('points is [n, d], got [2]')
    const matrix = [
      [1, 2],
      [3, 4],
    ]
    expect(rows('plot', 'points', tensor(matrix))).toEqual(matrix)
  })

  test('have a span with room, also where there is none', () => {
    expect(widened({ low: 0, high: 10 }, 0.1)).toEqual({ low: -1, high: 11 })
    expect(widened({ low: 2, high: 2 }, 0.1)).toEqual({ low: 1.9, high: 2.1 })
    expect(widened({ low: 0, high: 0 }, 0.1)).toEqual({ low: -1, high: 1 })
    expect(widened(spanOf([]), 0.1)).toEqual({ low: 0, high: 1 })
  })
})

test('1e5 points make a small SVG', async () => {
  const values = Float32Array.from({ length: 1e5 }, (_, i) => Math.exp(-i / 4e4) + 0.1 * Math.sin(i * i))
  const svg = await lossCurve([{ name: 'loss', values }], { ...size, format: 'svg' })
  expect(svg.length).toBeLessThan(150_000)
})
