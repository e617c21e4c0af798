// Samplers: what they give, how often, and what is refused.
import { describe, expect, test } from 'vitest'
import { ArgumentError, data, Generator, ShapeError, tensor } from '../../src/index.ts'

const { BatchSampler, RandomSampler, Sampler, SequentialSampler, StratifiedSampler, WeightedRandomSampler } = data
const sorted = (xs: Iterable<number>) => [...xs].sort((a, b) => a - b)
const counts = (xs: Iterable<number>, n: number): number[] => {
  const out = new Array<number>(n).fill(0)
  for (const x of xs) out[x]++
  return out
}
/** Pearson's statistic against expected counts. */
const chiSquare = (found: readonly number[], expected: readonly number[]): number =>
  found.reduce((sum, f, i) => sum + (f - expected[i]) ** 2 / expected[i], 0)

describe('RandomSampler', () => {
  test('without replacement: permutations, others in each epoch, the same for one seed', () => {
    const sampler = (seed: number) => new RandomSampler({ length: 50 }, { generator: new Generator(seed) })
    const [a, b] = [sampler(1), sampler(1)]
    const [first, second] = [[...a], [...a]]
    expect(sorted(first)).toEqual([...Array(50).keys()])
    expect(first).not.toEqual(second)
    expect([[...b], [...b]]).toEqual([first, second])
    expect([...sampler(2)]).not.toEqual(first)
  })

  test('every sample comes first equally often', () => {
    const sampler = new RandomSampler({ length: 5 }, { generator: new Generator(3) })
    const firsts = counts(
      Array.from({ length: 5000 }, () => [...sampler][0]),
      5,
    )
    // 99.9th percentile of chi square with 4 degrees of freedom
    expect(chiSquare(firsts, new Array(5).fill(1000))).toBeLessThan(18.5)
  })

  test('numSamples: fewer, and more than there are', () => {
    const of = (numSamples: number, replacement = false) => [
      ...new RandomSampler({ length: 4 }, { numSamples, replacement, generator: new Generator(0) }),
    ]
    expect(new Set(of(3)).size).toBe(3)
    expect(counts(of(10), 4).every(n => n === 2 || n === 3)).toBe(true)
    expect(of(10).slice(0, 4).sort()).toEqual([0, 1, 2, 3])
    const many = counts(of(4000, true), 4)
    expect(chiSquare(many, new Array(4).fill(1000))).toBeLessThan(16.3)
    expect(chiSquare(many, new Array(4).fill(1000))).toBeGreaterThan(0)
  })
})

describe('WeightedRandomSampler', () => {
  test('with replacement: proportional to the weights, which need not add up to 1; never a weight of 0', () => {
    const weights = [0, 1, 0, 5, 4, 0]
    const found = counts(new WeightedRandomSampler(weights, 10_000, { generator: new Generator(5) }), 6)
    expect([found[0], found[2], found[5]]).toEqual([0, 0, 0])
    expect(chiSquare([found[1], found[3], found[4]], [1000, 5000, 4000])).toBeLessThan(13.8)
  })

  test('without replacement: the first by weight, the second by what is left', () => {
    const sampler = new WeightedRandomSampler([6, 3, 1], 2, { replacement: false, generator: new Generator(9) })
    const pairs = counts(
      Array.from({ length: 9000 }, () => {
        const [a, b] = sampler
        expect(a).not.toBe(b)
        return 3 * a + b
      }),
      9,
    )
    // P(a, b) = w_a/10 · w_b/(10 - w_a)
    const w = [6, 3, 1]
    const cells = [1, 2, 3, 5, 6, 7]
    const expected = cells.map(k => (9000 * w[Math.floor(k / 3)] * w[k % 3]) / (10 * (10 - w[Math.floor(k / 3)])))
    expect(chiSquare(cells.map(k => pairs[k]), expected)).toBeLessThan(20.5) // biome-ignore format: one line
  })

  test('refusals', () => {
    expect(() => new WeightedRandomSampler([0, 0], 1)).toThrow(/no weight is above 0/)
    expect([...new WeightedRandomSampler(tensor([0, 3]), 2)]).toEqual([1, 1])
    expect(() => new WeightedRandomSampler(tensor([[1]]), 1)).toThrow(ShapeError)
    expect(() => new WeightedRandomSampler([], 1)).toThrow(ArgumentError)
    expect(() => new WeightedRandomSampler([1, -1], 1)).toThrow(/weight 1 is -1/)
    expect(() => new WeightedRandomSampler([1, NaN], 1)).toThrow(ArgumentError)
    expect(() => new WeightedRandomSampler([1e308, 1e308, 0], 1)).toThrow(/add up to more than a number can be/)
    expect(() => new WeightedRandomSampler([1, 0, 1], 3, { replacement: false })).toThrow(/cannot take 3 .* from 2/)
    expect(() => new WeightedRandomSampler([1], 0)).toThrow(ArgumentError)
    expect(() => new WeightedRandomSampler([1], 1, { replace: true } as never)).toThrow(/unknown option 'replace'/)
  })
})

describe('StratifiedSampler', () => {
  const generator = new Generator(4)
  test.each([[[70, 30]], [[97, 2, 1]], [[10, 10, 10, 10]], [[1, 50, 7, 13, 29]], [[5]]])(
    'classes of %j: every beginning in proportion to less than one sample',
    sizes => {
      const n = sizes.reduce((a, b) => a + b)
      const labels = generator
        .permutation(n)
        .map(i => sizes.findIndex((_, k) => i < sizes.slice(0, k + 1).reduce((a, b) => a + b)))
      const order = [...new StratifiedSampler(labels, { generator: new Generator(1) })]
      expect(sorted(order)).toEqual([...Array(n).keys()])
      const taken = sizes.map(() => 0)
      order.forEach((i, place) => {
        taken[labels[i]]++
        taken.forEach((t, k) => {
          expect(Math.abs(t - (sizes[k] * (place + 1)) / n)).toBeLessThan(1)
        })
      })
    },
  )

  test('members of a class come in random order, seeded; without shuffle in their own', () => {
    const labels = tensor([1, 0, 1, 0, 1, 1], { dtype: 'int32' })
    const of = (seed: number) => [...new StratifiedSampler(labels, { generator: new Generator(seed) })]
    expect(of(1)).toEqual(of(1))
    expect(new Set([1, 2, 3, 4, 5].map(seed => String(of(seed)))).size).toBeGreaterThan(1)
    const plain = [...new StratifiedSampler(labels, { shuffle: false })]
    expect(plain.filter(i => [0, 2, 4, 5].includes(i))).toEqual([0, 2, 4, 5])
  })

  test('refusals', () => {
    expect(() => new StratifiedSampler([])).toThrow(/there are no labels/)
    expect(() => new StratifiedSampler([0, 0.5])).toThrow(/whole numbers, but label 1 is 0.5/)
    expect(() => new StratifiedSampler(['a'] as never)).toThrow(/LabelEncoder/)
    expect(() => new StratifiedSampler(tensor([[0], [1]]))).toThrow(ShapeError)
  })
})

test('BatchSampler cuts an order, and keeps or drops the rest', () => {
  const five = new SequentialSampler([1, 2, 3, 4, 5])
  expect([...new BatchSampler(five, 2, false)]).toEqual([[0, 1], [2, 3], [4]])
  expect([...new BatchSampler(five, 2, true)]).toEqual([[0, 1], [2, 3]]) // biome-ignore format: one line
  expect([new BatchSampler(five, 2, false).length, new BatchSampler(five, 2, true).length]).toEqual([3, 2])
  expect([...new BatchSampler([4, 2, 0], 2, false)]).toEqual([[4, 2], [0]])
  expect(() => new BatchSampler(five, 0, false)).toThrow(ArgumentError)
  expect(() => new BatchSampler(3 as never, 1, false)).toThrow(/needs a sampler, not 3/)
  const once = new BatchSampler(Object.assign([4, 2].values(), { length: 2 }), 2, false)
  expect([...once]).toEqual([[4, 2]])
  expect(() => [...once]).toThrow(/the sampler gave 0 indices, but its length is 2/)
})

test('states: from a sampler to another, as JSON; refused where they do not belong', () => {
  const make = (seed: number) =>
    new BatchSampler(new RandomSampler({ length: 7 }, { generator: new Generator(seed) }), 3, false)
  const [a, b] = [make(1), make(2)]
  ;[...a]
  b.loadStateDict(JSON.parse(JSON.stringify(a.stateDict())))
  expect([...b]).toEqual([...a])
  b.loadStateDict(structuredClone(a.stateDict()))
  expect([...b]).toEqual([...a])
  const before = a.stateDict()
  expect(() => a.loadStateDict({ generator: null })).toThrow(/a sampler without a generator/)
  expect(() => a.loadStateDict({ generator: { stream: {}, spare: null } })).toThrow(ArgumentError)
  expect(() => a.loadStateDict(null as never)).toThrow(ArgumentError)
  expect(() => new SequentialSampler([1]).loadStateDict(before)).toThrow(/a sampler with a generator/)
  expect(a.stateDict()).toEqual(before)
  expect(() => new RandomSampler([], {})).toThrow(/no samples/)
  expect(() => new RandomSampler({ length: 2 }, { generator: 5 as never })).toThrow(/RandomSampler: generator/)
  class Own extends Sampler {
    [Symbol.iterator]() {
      return [0].values()
    }
    readonly length = 1
  }
  expect(new Own().stateDict()).toEqual({ generator: null })
})
