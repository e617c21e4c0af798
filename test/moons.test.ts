// Two moons: the geometry, the order, and what is refused.
import { expect, test } from 'vitest'
import { ArgumentError, data, Generator } from '../src/index.ts'

test('without noise every point lies on its half circle, and both moons are whole', () => {
  const { points, labels } = data.makeMoons({ n: 101, noise: 0, generator: new Generator(1) })
  expect(labels.filter(label => label === 0)).toHaveLength(50)
  expect(labels.filter(label => label === 1)).toHaveLength(51)
  points.forEach(([x, y], i) => {
    const [cx, cy, side] = labels[i] === 0 ? [0, 0, 1] : [1, 0.5, -1]
    expect(Math.hypot(x - cx, y - cy)).toBeCloseTo(1, 12)
    expect((y - cy) * side).toBeGreaterThan(-1e-12)
  })
  expect(labels.slice(0, 50)).toContain(1)
})

test('the same seed gives the same moons; noise has the deviation asked for', () => {
  const make = (noise: number) => data.makeMoons({ n: 2000, noise, generator: new Generator(7) })
  expect(make(0.2)).toEqual(make(0.2))
  const [clean, noisy] = [make(0), make(0.2)]
  const squares = noisy.points.flatMap((point, i) => point.map((x, k) => (x - clean.points[i][k]) ** 2))
  expect(Math.sqrt(squares.reduce((a, b) => a + b) / squares.length)).toBeCloseTo(0.2, 2)
})

test('refusals', () => {
  expect(data.makeMoons({ n: 1 }).points).toHaveLength(1)
  expect(() => data.makeMoons({ n: 0 })).toThrow(ArgumentError)
  expect(() => data.makeMoons({ n: 1.5 })).toThrow(ArgumentError)
  expect(() => data.makeMoons({ noise: -1 })).toThrow(ArgumentError)
  expect(() => data.makeMoons({ samples: 10 } as never)).toThrow(ArgumentError)
})
