// Fits, paths over surfaces, embeddings: what is drawn where, and what is refused.
import { describe, expect, test } from 'vitest'
import { ArgumentError, ShapeError } from '../../src/engine/errors.ts'
import { tensor } from '../../src/index.ts'
import { principal } from '../../src/plot/component.ts'
import { embedding2d, regressionFit, surfaceTrajectories } from '../../src/plot/plot.ts'
import { looks } from '../../src/plot/theme.ts'
import { bounds, count, decode, elements, expectMargins } from './picture.ts'
import { size } from './plots.ts'

const [blue, orange, green] = looks.light.series
const line = [0, 1, 2, 3].map(x => ({ x, y: x + (x % 2) * 0.5 }))

describe('regressionFit', () => {
  test.each(['light', 'dark'] as const)('has points, fit, truth and band in their colours, %s', async theme => {
    const options = { ...size, theme, truth: (xs: number[]) => xs.map(x => x + 1), band: 1 }
    const picture = await decode(await regressionFit(line, xs => xs.map(x => x), options))
    expectMargins(picture, theme)
    const [, fit, truth] = looks[theme].series
    expect(count(picture, fit)).toBeGreaterThan(300)
    expect(count(picture, truth)).toBeGreaterThan(300)
    const plain = await decode(await regressionFit(line, xs => xs.map(x => x), { ...size, theme }))
    expect(count(plain, looks[theme].paper)).toBeGreaterThan(count(picture, looks[theme].paper) + 10_000)
  })

  test('asks the model once, for the span of the points and for the points', async () => {
    const asked: number[][] = []
    const model = (xs: number[]) => {
      asked.push(xs)
      return tensor(xs)
    }
    await regressionFit(line, model, size)
    expect(asked).toHaveLength(1)
    expect(asked[0].slice(-4)).toEqual([0, 1, 2, 3])
    expect([Math.min(...asked[0]), Math.max(...asked[0])]).toEqual([0, 3])
  })

  test('takes a curve, one point, gaps, many points', async () => {
    const many = Array.from({ length: 1e4 }, (_, i) => ({ x: i, y: Math.sin(i) }))
    const cases = [
      [
        line,
        [
          { x: 3, y: 3 },
          { x: 0, y: 0 },
        ],
      ],
      [[{ x: 1, y: 1 }], (xs: number[]) => xs],
      [[{ x: 1, y: Number.NaN }, ...line], (xs: number[]) => xs.map(x => (x > 1 ? x : Number.NaN))],
      [many, (xs: number[]) => xs.map(() => 0)],
    ] as const
    for (const [points, fit] of cases) {
      const picture = await decode(await regressionFit(points, fit, { ...size, band: 2 }))
      expectMargins(picture)
      expect(count(picture, orange)).toBeGreaterThan(10)
    }
  })

  test('says what does not fit', async () => {
    await expect(regressionFit([], xs => xs)).rejects.toThrow('regressionFit: no points to draw')
    await expect(regressionFit(line, () => [1])).rejects.toThrow(/fit made 1 numbers for \d+ x/)
    await expect(regressionFit(line, () => [1])).rejects.toThrow(ShapeError)
    await expect(regressionFit(line, 3 as never)).rejects.toThrow('fit is a function or points { x, y }, not 3')
    await expect(regressionFit(line, [])).rejects.toThrow('fit has no points')
    await expect(regressionFit(line, xs => xs, { band: -1 })).rejects.toThrow('band is 0 or more')
  })
})

describe('surfaceTrajectories', () => {
  const bowl = (x: number, y: number) => x * x + y * y
  const path = {
    name: 'SGD',
    points: [
      { x: -2, y: -1 },
      { x: 0, y: 0 },
      { x: 1.5, y: 1 },
    ],
  }

  test.each(['light', 'dark'] as const)('is strongest at the least value, and draws paths over it, %s', async theme => {
    const picture = await decode(await surfaceTrajectories(bowl, [path], { ...size, theme, minimum: false }))
    const level = (x: number, y: number) => picture.at(x, y).reduce((a, b) => a + b, 0)
    const { left, right, top, bottom } = bounds(picture, looks[theme].series[0], [50, 70, 420, 340])
    expect(left).toBeGreaterThan(50)
    expect(right).toBeLessThan(420)
    const centre = Math.round(left + ((right - left) * 2) / 3.5)
    const middle = Math.round((top + bottom) / 2)
    const sign = theme === 'light' ? 1 : -1
    expect(sign * (level(60, 80) - level(centre, middle - 25))).toBeGreaterThan(60)
  })

  test('marks the minimum: the given one, its own, or none', async () => {
    const starred = async (minimum?: false | { x: number; y: number }, f = bowl) =>
      decode(await surfaceTrajectories(f, [path], { ...size, minimum }))
    const inside = [50, 70, 400, 330] as const
    const ink = async (...args: Parameters<typeof starred>) => count(await starred(...args), looks.light.ink, inside)
    const none = await ink(false)
    expect(await ink()).toBeGreaterThan(none + 30)
    expect(await ink({ x: 1, y: -1 })).toBeGreaterThan(none + 30)
    // Where the function falls beyond the picture, its least value there is no minimum.
    expect(await ink(undefined, x => x)).toBe(none)
  })

  test('takes ranges, gaps in the function and in a path, a constant, one point', async () => {
    const log = (x: number, y: number) => Math.log(x) + y
    const gap = {
      name: 'gap',
      points: [
        { x: -1, y: 0 },
        { x: Number.NaN, y: 0 },
        { x: 1, y: 1 },
      ],
    }
    const options = { ...size, xRange: [-1, 1] as const, yRange: [-1, 1] as const }
    for (const logLevels of [true, false]) {
      for (const f of [log, bowl, () => 1]) {
        for (const one of [gap, { name: 'one', points: [{ x: 0, y: 0 }] }]) {
          const picture = await decode(await surfaceTrajectories(f, [one], { ...options, logLevels, levels: 5 }))
          expectMargins(picture)
          expect(count(picture, blue)).toBeGreaterThan(5)
        }
      }
    }
  })

  test('says what does not fit', async () => {
    await expect(surfaceTrajectories(bowl, [])).rejects.toThrow('no path to draw')
    await expect(surfaceTrajectories(() => Number.NaN, [path])).rejects.toThrow('f is finite nowhere')
    await expect(surfaceTrajectories(1 as never, [path])).rejects.toThrow('f is a function, not 1')
    await expect(surfaceTrajectories(bowl, [path], { xRange: [1, 1] })).rejects.toThrow('xRange [1, 1] is empty')
    await expect(surfaceTrajectories(bowl, [path], { levels: 1 })).rejects.toThrow('levels is an integer of at least 2')
  })
})

describe('embedding2d', () => {
  const corners = [
    [0, 0],
    [4, 0],
    [0, 3],
    [4, 3],
  ]

  test('draws each class in its colour, in order, where its points are', async () => {
    const picture = await decode(await embedding2d(corners, { ...size, labels: [1, 0, 0, 1] }))
    expectMargins(picture)
    for (const colour of [blue, orange]) expect(count(picture, colour)).toBeGreaterThan(60)
    expect(count(picture, green)).toBe(0)
    // Class 0 has no point at the bottom left.
    expect(count(picture, orange, [0, 180, 240, 360])).toBeGreaterThan(30)
    expect(count(picture, blue, [0, 180, 240, 360])).toBe(0)
    const named = await decode(await embedding2d(tensor(corners), { ...size, labels: ['b', 'a', 'a', 'b'] }))
    expect(count(named, orange, [0, 180, 240, 360])).toBeGreaterThan(30)
  })

  test('writes texts beside points, and leaves out those without room', async () => {
    // A text is two outlines: its rim and itself.
    const written = async (points: number[][]) => {
      const shapes = async (options: object) =>
        elements(await embedding2d(points, { ...size, format: 'svg', ...options })).filter(
          ({ name }) => name === 'path',
        )
      return ((await shapes({ texts: points.map(() => 'word') })).length - (await shapes({})).length) / 2
    }
    expect(await written([[1, 1]])).toBe(1)
    expect(await written(corners)).toBe(4)
    const heap = await written(Array(300).fill([1, 1]))
    expect(heap).toBeGreaterThanOrEqual(4)
    expect(heap).toBeLessThanOrEqual(8)
  })

  test('projects on principal components', async () => {
    const points = Array.from({ length: 60 }, (_, i) => {
      const [a, b, c] = [10 * Math.sin(i), 3 * Math.cos(2.3 * i), 0.1 * Math.sin(5.1 * i)]
      return [(a + b) / Math.SQRT2 + 7, (a - b) / Math.SQRT2, c, 2 * c]
    })
    const { at, shares } = principal(points)
    expect(shares[0] + shares[1]).toBeGreaterThan(0.99)
    expect(shares[0]).toBeGreaterThan(shares[1])
    const mean = [0, 1, 2, 3].map(j => points.reduce((sum, point) => sum + point[j], 0) / 60)
    const spread = points.reduce((sum, point) => sum + point.reduce((s, x, j) => s + (x - mean[j]) ** 2, 0), 0)
    for (const k of [0, 1]) {
      const own = at.reduce((sum, point) => sum + point[k] ** 2, 0)
      expect(own / spread).toBeCloseTo(shares[k], 10)
    }
    expect(at.reduce((sum, [x, y]) => sum + x * y, 0) / spread).toBeCloseTo(0, 10)
    // Distances survive, up to the little that is left out.
    const far = (a: number[], b: number[]) => Math.hypot(...a.map((x, j) => x - b[j]))
    expect(far(at[3], at[17])).toBeCloseTo(far(points[3], points[17]), 1)
    expectMargins(await decode(await embedding2d(points, size)))
  })

  test('takes one point, equal points, points that are not finite, two points of many dimensions', async () => {
    for (const points of [
      [[1, 2]],
      [[1, 2, 3]],
      Array(5).fill([0, 0, 0, 0]),
      [
        [1, Number.NaN],
        [1, 1],
      ],
      [Array(300).fill(1), Array(300).fill(2)],
    ]) {
      expect(count(await decode(await embedding2d(points, size)), blue)).toBeGreaterThan(10)
    }
  })

  test('says what does not fit', async () => {
    await expect(embedding2d([])).rejects.toThrow(ArgumentError)
    await expect(embedding2d([[1]])).rejects.toThrow('points are [n, 2] or of more dimensions, got [1, 1]')
    await expect(embedding2d([[1, Number.NaN]])).rejects.toThrow('no point is finite')
    await expect(embedding2d(corners, { labels: [1] })).rejects.toThrow('needs a label for each of 4 points, got 1')
    await expect(embedding2d(corners, { texts: ['a'] })).rejects.toThrow('needs a text for each of 4 points, got 1')
  })
})
