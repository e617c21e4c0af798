// Made data: the formulas, the noise, the proportions, seeds, and what is refused.
import { describe, expect, test } from 'vitest'
import { ArgumentError, data, Generator, ShapeError, type Tensor } from '../../src/index.ts'
import { values } from '../fixture.ts'

const generator = () => new Generator(1)
const rows = (x: Tensor): number[][] => x.toArray() as number[][]
const share = (y: Tensor): number[] => {
  const out: number[] = []
  for (const k of values(y)) out[k] = (out[k] ?? 0) + 1
  return out
}
const deviation = (xs: readonly number[]): number => {
  const mean = xs.reduce((a, b) => a + b) / xs.length
  return Math.sqrt(xs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / xs.length)
}

const made = {
  makeBlobs: data.makeBlobs,
  makeCheckerboard: data.makeCheckerboard,
  makeCircles: data.makeCircles,
  makeFriedman1: data.makeFriedman1,
  makeFriedman2: data.makeFriedman2,
  makeFriedman3: data.makeFriedman3,
  makeMoons: data.makeMoons,
  makeSine: data.makeSine,
  makeSpirals: data.makeSpirals,
  makeSurface: (given?: Parameters<typeof data.makeSine>[0]) => data.makeSurface((x0, x1) => x0 - x1, given),
  makeSwissRoll: data.makeSwissRoll,
  makeTwoGaussians: data.makeTwoGaussians,
  makeXor: data.makeXor,
  makeAdding: data.makeAdding,
  makeCopy: data.makeCopy,
}
const noiseless = ['makeBlobs', 'makeAdding', 'makeCopy']

describe.each(Object.entries(made))('%s', (name, make) => {
  test('n samples, 100 unless told; the same for one seed, others for another', () => {
    expect(make().x.shape[0]).toBe(100)
    for (const n of [1, 2, 7]) {
      const { x, y } = make({ n })
      expect([x.shape[0], y.shape[0]]).toEqual([n, n])
    }
    const seeded = (seed: number) => {
      const { x, y } = make({ n: 20, generator: new Generator(seed) })
      return JSON.stringify([x, y])
    }
    expect(seeded(3)).toBe(seeded(3))
    expect(seeded(3)).not.toBe(seeded(4))
  })

  test('refusals draw nothing', () => {
    const untouched = generator()
    const before = untouched.getState()
    for (const bad of [{ n: 0 }, { n: 1.5 }, { n: '3' }, { samples: 3 }, { generator: 3 }])
      expect(() => make({ generator: untouched, ...bad } as never)).toThrow(new RegExp(`^${name}: `))
    for (const noise of [-1, NaN, Infinity]) {
      expect(() => make({ generator: untouched, noise } as never)).toThrow(ArgumentError)
      expect(() => make({ generator: untouched, noise } as never)).toThrow(
        noiseless.includes(name) ? "unknown option 'noise'" : 'noise is a number >= 0',
      )
    }
    expect(untouched.getState()).toEqual(before)
  })

  if (noiseless.includes(name)) return
  test('noise has the deviation asked for', () => {
    // a regression keeps its inputs; points keep their labels, and what moves them is drawn after them
    const of = (noise: number) => make({ n: 1, noise, generator: generator() } as never)
    const [a, b] = [of(0.25), of(0.5)]
    const moved = (z: data.Made): number[] => [...values(z.x), ...values(z.y)]
    const still = moved(of(name === 'makeTwoGaussians' ? 1e-9 : 0))
    const [near, far] = [a, b].map(z => moved(z).map((v, i) => v - still[i]))
    expect(near.some(d => d !== 0)).toBe(true)
    near.forEach((d, i) => {
      expect(far[i]).toBeCloseTo(2 * d, 3)
    })
  })
})

describe('points', () => {
  test('circles: half a circle each, evenly around', () => {
    const { x, y } = data.makeCircles({ n: 41, factor: 0.5, generator: generator() })
    expect(share(y)).toEqual([20, 21])
    const labels = values(y)
    expect(labels.slice(0, 20)).toContain(1)
    rows(x).forEach(([a, b], i) => {
      const radius = labels[i] === 0 ? 1 : 0.5
      expect(Math.hypot(a, b)).toBeCloseTo(radius, 6)
      const step = (Math.atan2(b, a) / (2 * Math.PI)) * (labels[i] === 0 ? 20 : 21)
      expect(step).toBeCloseTo(Math.round(step), 5)
    })
    for (const factor of [1, -0.1, NaN]) expect(() => data.makeCircles({ factor })).toThrow(/factor is in \[0, 1\)/)
  })

  test('moons: each point on its half circle', () => {
    const { x, y } = data.makeMoons({ n: 101, generator: generator() })
    expect(share(y)).toEqual([50, 51])
    rows(x).forEach(([a, b], i) => {
      const [cx, cy, side] = y.data[i] === 0 ? [0, 0, 1] : [1, 0.5, -1]
      expect(Math.hypot(a - cx, b - cy)).toBeCloseTo(1, 6)
      expect((b - cy) * side).toBeGreaterThan(-1e-6)
    })
  })

  test('spirals: on each arm the angle grows with the radius', () => {
    const { x, y } = data.makeSpirals({ n: 100, arms: 3, turns: 1.5, generator: generator() })
    expect(share(y)).toEqual([34, 33, 33])
    const labels = values(y)
    rows(x).forEach(([a, b], i) => {
      const radius = Math.hypot(a, b)
      const turned = Math.atan2(b, a) / (2 * Math.PI) - 1.5 * radius - labels[i] / 3
      expect(turned).toBeCloseTo(Math.round(turned), 5)
      expect(radius).toBeLessThan(1 + 1e-6)
    })
    expect(share(data.makeSpirals().y)).toEqual([50, 50])
    expect(() => data.makeSpirals({ arms: 0 })).toThrow(ArgumentError)
    expect(() => data.makeSpirals({ turns: -1 })).toThrow(ArgumentError)
  })

  test('blobs: shares, deviations, given and drawn centers', () => {
    const { x, y } = data.makeBlobs({ n: 3000, centers: [[0, 50], [100, 0]], std: [1, 5], generator: generator() }) // biome-ignore format: rows
    expect(share(y)).toEqual([1500, 1500])
    const labels = values(y)
    for (const [k, std] of [1, 5].entries()) {
      const own = rows(x).filter((_, i) => labels[i] === k)
      for (const d of [0, 1]) expect(deviation(own.map(p => p[d])) / std).toBeCloseTo(1, 1)
    }
    const drawn = data.makeBlobs({ n: 8, features: 5, centers: 4, std: 0, box: [2, 3] })
    expect([drawn.x.shape, share(drawn.y)]).toEqual([
      [8, 5],
      [2, 2, 2, 2],
    ])
    expect(values(drawn.x).every(v => v >= 2 && v <= 3)).toBe(true)
    expect(share(data.makeBlobs({ n: 8 }).y)).toEqual([3, 3, 2])
    expect(() => data.makeBlobs({ centers: [] })).toThrow(/no centers/)
    expect(() => data.makeBlobs({ centers: [[1], [1, 2]] })).toThrow(ShapeError)
    expect(() => data.makeBlobs({ centers: [1, 2] as never })).toThrow(/a center is a list/)
    expect(() => data.makeBlobs({ std: [1] })).toThrow(/1 deviations for 3 centers/)
    expect(() => data.makeBlobs({ std: -1 })).toThrow(ArgumentError)
    expect(() => data.makeBlobs({ box: [1, 0] })).toThrow(/box is two bounds/)
    expect(() => data.makeBlobs({ features: 0 })).toThrow(ArgumentError)
  })

  test('two gaussians: around (2, 2) and (-2, -2), of deviation 1 unless told', () => {
    const { x, y } = data.makeTwoGaussians({ n: 4000, generator: generator() })
    expect(share(y)).toEqual([2000, 2000])
    const labels = values(y)
    const own = rows(x).filter((_, i) => labels[i] === 1)
    for (const d of [0, 1]) {
      expect(own.reduce((sum, p) => sum + p[d], 0) / 2000).toBeCloseTo(-2, 0.7)
      expect(deviation(own.map(p => p[d]))).toBeCloseTo(1, 1)
    }
    expect(data.makeTwoGaussians({ n: 1, noise: undefined }).x.abs().sub(2).abs().max().item()).toBeGreaterThan(0)
  })

  test('xor and checkerboard: the labels of the squares, all about equally often', () => {
    const xor = data.makeXor({ n: 2000, generator: generator() })
    const wanted = rows(xor.x).map(([a, b]) => +(a < 0 !== b < 0))
    expect(values(xor.y)).toEqual(wanted)
    const { x, y } = data.makeCheckerboard({ n: 3600, squares: 3, generator: generator() })
    const squares = new Array<number>(9).fill(0)
    const found = rows(x).map(([a, b]) => {
      const [u, v] = [a, b].map(z => Math.floor(((z + 1) / 2) * 3))
      squares[3 * u + v]++
      return (u + v) % 2
    })
    expect(values(y)).toEqual(found)
    // chi square, 8 degrees of freedom, 99.9th percentile
    expect(squares.reduce((sum, f) => sum + (f - 400) ** 2 / 400, 0)).toBeLessThan(26.1)
    expect(() => data.makeCheckerboard({ squares: 0 })).toThrow(ArgumentError)
    expect(() => data.makeXor({ squares: 2 } as never)).toThrow(ArgumentError)
  })
})

describe('regressions', () => {
  test("sklearn's formulas of Friedman's problems, on the ranges they are drawn from", () => {
    const one = data.makeFriedman1({ n: 500, features: 6, generator: generator() })
    expect([one.x.shape, one.y.shape]).toEqual([[500, 6], [500, 1]]) // biome-ignore format: one line
    const targets = values(one.y)
    rows(one.x).forEach(([a, b, c, d, e], i) => {
      const want = 10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e
      expect(targets[i]).toBeCloseTo(want, 4)
    })
    const [two, three] = [data.makeFriedman2, data.makeFriedman3].map(make => make({ n: 500, generator: generator() }))
    const bounds = [[0, 100], [40 * Math.PI, 560 * Math.PI], [0, 1], [1, 11]] // biome-ignore format: rows
    for (const { x, y } of [two, three]) {
      const targets = values(y)
      rows(x).forEach((row, i) => {
        row.forEach((v, k) => {
          expect(v).toBeGreaterThanOrEqual(bounds[k][0] - 1e-4)
          expect(v).toBeLessThanOrEqual(bounds[k][1] + 1e-4)
        })
        const inner = row[1] * row[2] - 1 / (row[1] * row[3])
        const want = y === two.y ? Math.sqrt(row[0] ** 2 + inner ** 2) : Math.atan(inner / row[0])
        expect(Math.abs(targets[i] - want)).toBeLessThan(1e-5 * Math.max(1, want))
      })
    }
    for (let k = 0; k < 4; k++) {
      const column = rows(two.x).map(row => row[k])
      expect(Math.min(...column)).toBeLessThan(bounds[k][0] + 0.02 * (bounds[k][1] - bounds[k][0]))
      expect(Math.max(...column)).toBeGreaterThan(bounds[k][1] - 0.02 * (bounds[k][1] - bounds[k][0]))
    }
    expect(() => data.makeFriedman1({ features: 4 })).toThrow(ArgumentError)
  })

  test('sine: range and frequency; noise of the target alone', () => {
    const { x, y } = data.makeSine({ n: 2000, range: [1, 2], frequency: 5, noise: 0.3, generator: generator() })
    const inputs = values(x)
    const residual = values(y).map((v, i) => v - Math.sin(5 * inputs[i]))
    expect(deviation(residual)).toBeCloseTo(0.3, 1.5)
    expect([Math.min(...inputs) >= 1, Math.max(...inputs) <= 2]).toEqual([true, true])
    expect(() => data.makeSine({ range: [2, 1] })).toThrow(/range is two bounds/)
    expect(() => data.makeSine({ frequency: NaN })).toThrow(/frequency/)
  })

  test('surface: the height over a square; noise of the target alone', () => {
    const options = { n: 2000, range: [1, 2], noise: 0.3, generator: generator() } as const
    const { x, y } = data.makeSurface((x0, x1) => x0 ** 2 - 3 * x1, options)
    expect([x.shape, y.shape]).toEqual([
      [2000, 2],
      [2000, 1],
    ])
    const residual = values(y).map((v, i) => v - x.data[2 * i] ** 2 + 3 * x.data[2 * i + 1])
    expect(deviation(residual)).toBeCloseTo(0.3, 1.5)
    expect([Math.min(...values(x)) >= 1, Math.max(...values(x)) <= 2]).toEqual([true, true])
    expect(() => data.makeSurface(Math.hypot, { range: [2, 1] })).toThrow(/range is two bounds/)
    expect(() => data.makeSurface(3 as never)).toThrow('needs a function of two numbers, not 3')
    expect(() => data.makeSurface(() => NaN)).toThrow(ArgumentError)
  })

  test('swiss roll: on the roll, y says how far along', () => {
    const { x, y } = data.makeSwissRoll({ n: 300, generator: generator() })
    const along = values(y)
    rows(x).forEach(([a, height, b], i) => {
      const t = along[i]
      expect(a).toBeCloseTo(t * Math.cos(t), 4)
      expect(b).toBeCloseTo(t * Math.sin(t), 4)
      expect(height >= 0 && height <= 21 && t >= 1.5 * Math.PI - 1e-5 && t <= 4.5 * Math.PI + 1e-5).toBe(true)
    })
  })
})

describe('sequences', () => {
  test('adding: one mark in each half, and their numbers add up', () => {
    const { x, y } = data.makeAdding({ n: 400, length: 9, generator: generator() })
    expect([x.shape, y.shape]).toEqual([[400, 9, 2], [400, 1]]) // biome-ignore format: one line
    const first = new Array<number>(4).fill(0)
    const sums = values(y)
    ;(x.toArray() as number[][][]).forEach((steps, i) => {
      const marked = steps.flatMap(([, mark], k) => (mark === 1 ? [k] : []))
      expect(marked).toHaveLength(2)
      expect(marked[0] < 4 && marked[1] >= 4).toBe(true)
      first[marked[0]]++
      expect(sums[i]).toBeCloseTo(steps[marked[0]][0] + steps[marked[1]][0], 5)
      expect(steps.every(([, mark]) => mark === 0 || mark === 1)).toBe(true)
    })
    expect(first.reduce((sum, f) => sum + (f - 100) ** 2 / 100, 0)).toBeLessThan(16.3)
    const error = values(data.makeAdding({ n: 3000, length: 2, generator: generator() }).y)
    expect(error.reduce((sum, v) => sum + (v - 1) ** 2, 0) / 3000).toBeCloseTo(1 / 6, 1.7)
    expect(() => data.makeAdding({ length: 1 })).toThrow(ArgumentError)
  })

  test('copy: symbols, blanks, the sign, and the symbols again', () => {
    const { x, y } = data.makeCopy({ n: 200, length: 3, delay: 4, symbols: 5, generator: generator() })
    expect([x.shape, x.dtype, y.shape, y.dtype]).toEqual([[200, 11], 'int32', [200, 11], 'int32'])
    const seen = new Set<number>()
    const targets = rows(y)
    rows(x).forEach((row, i) => {
      const shown = row.slice(0, 3)
      for (const s of shown) seen.add(s)
      expect(row.slice(3)).toEqual([0, 0, 0, 0, 6, 0, 0, 0])
      expect(targets[i]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, ...shown])
    })
    expect([...seen].sort()).toEqual([1, 2, 3, 4, 5])
    expect(data.makeCopy({ n: 1, delay: 0 }).x.shape).toEqual([1, 21])
    for (const bad of [{ length: 0 }, { delay: -1 }, { symbols: 0 }])
      expect(() => data.makeCopy(bad)).toThrow(ArgumentError)
  })
})
