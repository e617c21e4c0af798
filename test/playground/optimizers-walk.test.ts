// Surfaces and ways over them, without a page: minima, contours, and numbers that are the library's.
import { describe, expect, test } from 'vitest'
import { contour, levels, ranks } from '../../playground/optimizers/contour.ts'
import { grid, minima } from '../../playground/optimizers/ground.ts'
import { initials, type KindName, kindNames, kinds } from '../../playground/optimizers/kind.ts'
import { read, type Surface, surfaces, zoomed } from '../../playground/optimizers/surface.ts'
import { anatomies, result, walk } from '../../playground/optimizers/walk.ts'
import { optim, Value } from '../../src/index.ts'

function functionOf(text: string) {
  const found = read(text)
  if ('error' in found) throw new Error(found.error)
  return found.f
}
const seen = ({ text, k, view }: Surface) => minima(functionOf(text), k, grid(functionOf(text), k, view, 161, 161))
const runner = (kind: KindName, constants = {}) => ({ kind, constants: { ...initials(kind), ...constants } })

describe('surfaces', () => {
  test.each([
    ['bowl', [[0, 0]], 0],
    ['rosenbrock', [[1, 1]], 0],
    ['beale', [[3, 0.5]], 0],
    [
      'himmelblau',
      [
        [-3.77931, -3.283186],
        [-2.805118, 3.131313],
        [3, 2],
        [3.584428, -1.848127],
      ],
      0,
    ],
    [
      'saddle',
      [
        [0, -Math.SQRT2],
        [0, Math.SQRT2],
      ],
      -0.5,
    ],
    ['rastrigin', [[0, 0]], 0],
    ['ravine', [[0, 0]], 0],
    ['cliff', [[0, 0]], 1 / (1 + Math.exp(12))],
  ] as const)('%s has the minima that are known of it', (name, places, f) => {
    const found = seen(surfaces[name])
    const lowest = found.minima.filter(minimum => minimum.lowest).sort((a, b) => a.x - b.x || a.y - b.y)
    expect(lowest).toHaveLength(places.length)
    lowest.forEach((minimum, i) => {
      expect(minimum.x).toBeCloseTo(places[i][0], 4)
      expect(minimum.y).toBeCloseTo(places[i][1], 4)
      expect(minimum.f).toBeCloseTo(f, 8)
    })
    expect(found.falls).toBe(false)
  })

  test('dents that are higher are minima too, but not the lowest', () => {
    const { minima } = seen(surfaces.rastrigin)
    expect(minima.filter(({ lowest }) => !lowest).length).toBeGreaterThan(8)
  })

  test('what falls without end, and what is least along a line, has no minimum', () => {
    expect(seen({ ...surfaces.bowl, text: 'x + y^2' })).toMatchObject({ minima: [], flat: false })
    expect(seen({ ...surfaces.bowl, text: 'x^2 + 0*y' })).toMatchObject({ minima: [], flat: true })
    expect(seen({ ...surfaces.bowl, text: 'x^3 - 3*x + y^2' }).falls).toBe(true)
  })

  test('a formula that cannot be read says where, and one of neither x nor y is none', () => {
    expect(read('x^2 + z')).toMatchObject({ column: 7, error: expect.stringContaining("unknown name 'z'") })
    expect(read('k + 1')).toMatchObject({ error: 'it depends on neither x nor y' })
    expect(read('k*x')).toMatchObject({ usesK: true })
    expect(read('x + 0*y')).toMatchObject({ usesK: false })
  })

  test('zoom keeps the middle', () => {
    expect(zoomed({ left: 0, right: 4, bottom: -1, top: 3 }, 2)).toEqual({ left: 1, right: 3, bottom: 0, top: 2 })
  })
})

describe('contours', () => {
  const circles = grid(functionOf('x^2 + y^2'), 1, { left: -2, right: 2, bottom: -2, top: 2 }, 81, 81)

  test('are where the function has that height', () => {
    const line = contour(circles, 1)
    expect(line.length).toBeGreaterThan(400)
    for (let i = 0; i < line.length; i += 2)
      expect(Math.hypot(-2 + line[i] / 20, -2 + line[i + 1] / 20)).toBeCloseTo(1, 2)
  })

  test('an edge is crossed by two lines where opposite corners are high', () => {
    const cell = (heights: number[]) =>
      contour({ view: circles.view, columns: 2, rows: 2, heights: Float64Array.from(heights) }, 0.5).length / 4
    expect(cell([1, 0, 0, 1])).toBe(2)
    expect(cell([0, 1, 1, 0])).toBe(2)
    expect(cell([1, 1, 1, 1])).toBe(0)
    expect(cell([1, 0, 0, Number.NaN])).toBe(0)
  })

  test('levels rise, and ranks rise with the height', () => {
    const found = levels(circles, 16)
    expect(found).toHaveLength(16)
    expect(found).toEqual([...found].sort((a, b) => a - b))
    const rank = ranks(circles, found)
    expect(rank[40 * 81 + 40]).toBe(0)
    expect(rank[0]).toBe(1)
    expect(rank[40 * 81 + 60]).toBeGreaterThan(rank[40 * 81 + 50])
  })
})

describe('ways', () => {
  const f = functionOf(surfaces.rosenbrock.text)
  const start = { x: -1.5, y: 2.5 }

  test('are those of the library, step by step', () => {
    const path = walk(f, 1, runner('adam', { lr: 0.2, beta1: 0.8 }), start, 20)
    const [x, y] = [new Value(-1.5), new Value(2.5)]
    const optimizer = new optim.Adam([x, y], { lr: 0.2, betas: [0.8, 0.999] })
    for (let t = 0; t <= 20; t++) {
      optimizer.zeroGrad()
      const z = x.neg().add(1).square().add(y.sub(x.square()).square().mul(100))
      expect([path.x[t], path.y[t], path.f[t]]).toEqual([
        expect.closeTo(x.data, 12),
        expect.closeTo(y.data, 12),
        expect.closeTo(z.data, 9),
      ])
      z.backward()
      optimizer.step()
    }
  })

  test('every optimizer goes down a bowl, and takes the constants that it has sliders for', () => {
    const bowl = functionOf(surfaces.bowl.text)
    for (const kind of kindNames) {
      const path = walk(bowl, 10, runner(kind), surfaces.bowl.start, 300)
      expect(path.f, kind).toHaveLength(301)
      expect(path.f[300], kind).toBeLessThan(path.f[0])
      for (const [name, { min, max, initial }] of Object.entries(kinds[kind].constants)) {
        const to = initial > (min + max) / 2 ? min : initial + (max - initial) / 2
        // the decay of the rate or of the momentum needs some steps, a history two
        const other = walk(bowl, 10, runner(kind, { [name]: to }), surfaces.bowl.start, 60)
        const changed = Array.from(other.f).some((z, t) => z !== path.f[t])
        if (name !== 'historySize') expect(changed, `${kind}.${name}`).toBe(true)
      }
    }
  })

  test('a way that leads out of all numbers ends there', () => {
    const path = walk(f, 1, runner('sgd', { lr: 1 }), start, 50)
    expect(path.diverged).toBeGreaterThan(0)
    expect(path.f).toHaveLength(path.diverged as number)
    expect(path.f.every(Number.isFinite)).toBe(true)
    expect(walk(functionOf('log(x) + y'), 1, runner('sgd'), start, 5)).toMatchObject({ diverged: 0 })
  })

  test('where no gradient flows the slope is 0, and nobody moves', () => {
    const steps = functionOf('floor(x) + 0*floor(y)')
    const { f, diverged } = walk(steps, 1, runner('sgd'), start, 3)
    expect([...f, diverged]).toEqual([-2, -2, -2, -2, null])
    expect(anatomies(steps, 1, runner('sgd'), start, 1)?.[0].step).toBe(0)
    expect(seen({ ...surfaces.bowl, text: 'floor(x)' })).toMatchObject({ minima: [] })
    expect(walk(functionOf('x'), 1, runner('sgd', { lr: 0.5 }), start, 1).f[1]).toBe(-2)
  })

  test('its result: height, distance to the nearest lowest minimum, first step that is near', () => {
    const path = {
      kind: 'sgd' as const,
      x: Float64Array.of(3, 1, 0.5, 2),
      y: Float64Array.of(0, 0, 0, 0),
      f: Float64Array.of(9, 1, 0.25, 4),
      diverged: null,
    }
    const at = (x: number, lowest: boolean) => ({ x, y: 0, f: 0, lowest })
    expect(result(path, [at(0, true), at(2, false)], 0.5)).toEqual({ f: 4, distance: 2, reached: 2 })
    expect(result(path, [at(0, true), at(2, true)], 0.4)).toEqual({ f: 4, distance: 0, reached: 3 })
    expect(result(path, [at(0, false)], 0.5)).toEqual({ f: 4, distance: null, reached: null })
    expect(result(path, [at(9, true)], 0.5)).toMatchObject({ reached: null })
  })

  test('the parts of a step add up to the way’s next step', () => {
    for (const kind of kindNames) {
      const path = walk(f, 1, runner(kind, { lr: 0.001 }), start, 4)
      const parts = anatomies(f, 1, runner(kind, { lr: 0.001 }), start, 3)
      if (kind === 'lbfgs') {
        expect(parts).toBeNull()
        continue
      }
      expect(parts?.[0].before).toBe(path.x[3])
      expect(parts?.[1].after, kind).toBeCloseTo(path.y[4], 12)
      const sum = parts?.[0].parts.reduce((all, { step }) => all + (step as number), 0)
      expect(sum, kind).toBeCloseTo(path.x[4] - path.x[3], 10)
    }
  })
})
