// Distributions: the counts to the number, and that the pictures show them.
import { describe, expect, test } from 'vitest'
import { ArgumentError } from '../../src/engine/errors.ts'
import { tensor } from '../../src/index.ts'
import { quantile } from '../../src/plot/bins.ts'
import { countBins, HistogramRecorder, histogram, histogramsOverTime } from '../../src/plot/plot.ts'
import { looks } from '../../src/plot/theme.ts'
import { bounds, count, decode, expectMargins, images } from './picture.ts'
import { size } from './plots.ts'

const [blue] = looks.light.series

describe('countBins', () => {
  test('counts as torch.histogram does', () => {
    expect(countBins([0, 1, 1.5, 2, 4], { bins: 4 })).toEqual({ low: 0, high: 4, counts: [1, 2, 1, 1], missing: 0 })
    expect(
      countBins(
        tensor([
          [1, 2],
          [1, 3],
        ]),
        { bins: 4, range: [0, 3] },
      ).counts,
    ).toEqual([0, 2, 1, 1])
  })

  test('leaves out what is not finite or out of range, and gives equal values a width', () => {
    expect(countBins([1, Number.NaN, Number.POSITIVE_INFINITY, 3], { bins: 2 })).toMatchObject({
      counts: [1, 1],
      missing: 2,
    })
    expect(countBins([0, 5], { bins: 2, range: [0, 1] })).toMatchObject({ counts: [1, 0], missing: 1 })
    expect(countBins([2, 2], { bins: 2 })).toMatchObject({ low: 1.9, high: 2.1 })
    expect(countBins([])).toMatchObject({ low: 0, high: 1, missing: 0 })
    expect(() => countBins([1], { bins: 0 })).toThrow('bins is an integer of at least 1, not 0')
    expect(() => countBins([1], { range: [1, 1] })).toThrow('range [1, 1] is empty')
  })

  test('keeps quantiles within a bin', () => {
    const bins = countBins(
      Float64Array.from({ length: 1001 }, (_, i) => i),
      { bins: 50 },
    )
    for (const share of [0.05, 0.5, 0.95]) expect(Math.abs(quantile(bins, share) - share * 1000)).toBeLessThan(20)
    expect(quantile(countBins([]), 0.5)).toBeNaN()
  })
})

describe('histogram', () => {
  test.each(['light', 'dark'] as const)('has bars as high as the counts, %s', async theme => {
    const picture = await decode(await histogram([0, 0, 0, 0, 1, 2, 2], { ...size, bins: 3, theme }))
    expectMargins(picture, theme)
    const colour = looks[theme].series[0]
    const { left, right, bottom } = bounds(picture, colour)
    const third = (right - left) / 3
    const heights = [0.5, 1.5, 2.5].map(k => {
      const x = Math.round(left + k * third)
      return bottom - bounds(picture, colour, [x, 0, x + 1, size.height]).top
    })
    expect(heights[0] / heights[1]).toBeCloseTo(4, 0)
    expect(heights[2] / heights[1]).toBeCloseTo(2, 0)
  })

  test('shows an outlier: little by itself, well on a logarithmic axis', async () => {
    const values = [...Array.from({ length: 5000 }, (_, i) => Math.sin(i)), 20]
    const outlier = async (logY: boolean) => {
      const picture = await decode(await histogram(tensor(values), { ...size, logY }))
      expectMargins(picture)
      return count(picture, blue, [400, 0, 480, 360])
    }
    const [linear, log] = [await outlier(false), await outlier(true)]
    expect(linear).toBeGreaterThan(0)
    expect(log).toBeGreaterThan(5 * linear)
  })

  test('says what does not fit', async () => {
    await expect(histogram([])).rejects.toThrow('histogram: no finite values to draw')
    await expect(histogram([Number.NaN])).rejects.toThrow(ArgumentError)
    await expect(histogram([1], { bins: -1 })).rejects.toThrow('bins is an integer')
  })
})

describe('histogramsOverTime', () => {
  test('shades where the values are, and draws their median', async () => {
    const recorder = new HistogramRecorder()
    // All values near 0 first, near 1 later; one at each end throughout.
    for (let step = 0; step < 10; step++) {
      const most = step < 5 ? 0.1 : 0.9
      recorder.record(step, { weight: [0, 1, ...Array(50).fill(most)] })
    }
    const [shades] = await images(await histogramsOverTime(recorder, { ...size, format: 'svg' }))
    const dark = (share: number, height: number) => {
      const [r] = shades.at(Math.floor(share * shades.width), Math.floor((1 - height) * shades.height))
      return 255 - r
    }
    expect(dark(0.2, 0.105)).toBeGreaterThan(150)
    expect(dark(0.8, 0.905)).toBeGreaterThan(150)
    expect(dark(0.2, 0.905)).toBe(0)
    expect(dark(0.8, 0.105)).toBe(0)
    const picture = await decode(await histogramsOverTime(recorder, size))
    expect(count(picture, looks.light.series[1])).toBeGreaterThan(100)
    expectMargins(picture)
  })

  test('takes one layer, several, a single snapshot, constants, NaN, a range', async () => {
    const cases = [
      [{ step: 3, values: [1, 2, 3] }],
      [
        { step: 0, values: [0, 0] },
        { step: 1, values: [0, 0] },
      ],
      { a: [{ step: 0, values: [Number.NaN] }], b: [{ step: 5, values: tensor([1, 2]) }], c: [] },
    ]
    for (const snapshots of cases) {
      for (const range of [undefined, [0, 2]] as const) {
        expectMargins(await decode(await histogramsOverTime(snapshots, { ...size, ...(range && { range }) })))
      }
    }
  })

  test('records all or nothing, and says what does not fit', async () => {
    const recorder = new HistogramRecorder({ bins: 5 })
    recorder.record(0, [
      ['a', [1, 2]],
      ['b', tensor([3])],
    ])
    expect(() => recorder.record(1, { a: [1], b: ['x'] as never })).toThrow("holds numbers, not the string 'x' at 0")
    expect(() => recorder.record(0, { a: [1] })).toThrow('step 0 of a does not come after step 0')
    expect(() => recorder.record(Number.NaN, {})).toThrow('step is a finite number, not NaN')
    expect(recorder.layers.a).toHaveLength(1)
    expect(recorder.layers.a[0].values.counts).toEqual([1, 0, 0, 0, 1])
    expect(() => new HistogramRecorder({ bins: 0 })).toThrow('bins is an integer of at least 1')
    await expect(histogramsOverTime([])).rejects.toThrow('no snapshots to draw')
    await expect(histogramsOverTime(new HistogramRecorder())).rejects.toThrow(ArgumentError)
    const back = [
      { step: 1, values: [1] },
      { step: 1, values: [1] },
    ]
    await expect(histogramsOverTime(back)).rejects.toThrow('steps of value ascend, but 1 comes at 1')
    await expect(histogramsOverTime(back, { range: [1, 0] })).rejects.toThrow('range [1, 0] is empty')
  })
})
