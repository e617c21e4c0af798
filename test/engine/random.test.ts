// Draws: the same seed gives the same numbers, states come back, and the numbers are distributed as they should be.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  bernoulli,
  DtypeError,
  defaultGenerator,
  Generator,
  manualSeed,
  observe,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'

const numbers = (x: Tensor) => [...x.data]
const mean = (x: ArrayLike<number>) => Array.from(x).reduce((a, b) => a + b, 0) / x.length
/** The first four moments about the mean: mean, standard deviation, skewness, kurtosis. */
function moments(x: ArrayLike<number>): number[] {
  const m = mean(x)
  const at = (k: number) => mean(Array.from(x, v => (v - m) ** k))
  const deviation = Math.sqrt(at(2))
  return [m, deviation, at(3) / deviation ** 3, at(4) / deviation ** 4]
}
const N = 40_000

describe('the stream', () => {
  test('is what its documentation says, on every machine', () => {
    expect(new Generator(42).uniform()).toBe(0.00701751618236155)
  })

  test('same seed, same numbers; another seed, others', () => {
    const draws = (seed: number | string) => {
      const g = new Generator(seed)
      return [g.uniform(), g.normal(), g.normal(), g.integer(0, 1000), ...g.permutation(5)]
    }
    expect(draws(7)).toEqual(draws(7))
    expect(draws('seven')).toEqual(draws('seven'))
    expect(draws(7)).not.toEqual(draws(8))
    expect(new Generator(7).manualSeed(8).uniform()).toBe(new Generator(8).uniform())
  })

  test('a state saved in the middle comes back, through JSON, the spare normal included', () => {
    const g = new Generator(3)
    g.uniform()
    g.normal()
    const state = JSON.parse(JSON.stringify(g.getState()))
    const next = [g.normal(), g.normal(), g.uniform()]
    expect([g.setState(state).normal(), g.normal(), g.uniform()]).toEqual(next)
    const other = new Generator(99).setState(state)
    expect([other.normal(), other.normal(), other.uniform()]).toEqual(next)
    // seeding forgets the spare
    g.setState(state).manualSeed(3)
    expect(g.normal()).toBe(new Generator(3).normal())
  })

  test('a saved state does not go on with the generator', () => {
    const g = new Generator(3)
    const state = g.getState()
    const first = g.uniform()
    g.uniform()
    expect(g.setState(state).uniform()).toBe(first)
    expect(g.setState(state).uniform()).toBe(first)
  })
})

describe('tensors', () => {
  test('the default generator is seeded by manualSeed, a given one is its own', () => {
    const all = (options: { generator?: Generator } = {}) => [
      numbers(rand([3], options)),
      numbers(randn([3], options)),
      numbers(randint(0, 9, [3], options)),
      numbers(randperm(4, options)),
      numbers(bernoulli(tensor([0.5, 0.5, 0.5]), options)),
    ]
    manualSeed(11)
    const first = all()
    expect(manualSeed(11)).toBe(defaultGenerator())
    const own = all({ generator: new Generator(11) })
    expect(all()).toEqual(first)
    expect(own).toEqual(first)
    expect(all()).not.toEqual(first)
  })

  test('shapes and dtypes', () => {
    expect([rand([2, 3]).shape, rand([2, 3]).dtype]).toEqual([[2, 3], 'float32'])
    expect(randn([2], { dtype: 'float64' }).dtype).toBe('float64')
    expect([rand([]).shape, randn([0, 3]).shape]).toEqual([[], [0, 3]])
    expect(randint(0, 5, [4]).dtype).toBe('int32')
    expect([randperm(3).dtype, randperm(0).shape]).toEqual(['int32', [0]])
    const like = zeros([2, 2], { dtype: 'float64' })
    expect([randLike(like).shape, randLike(like).dtype, randnLike(like).dtype]).toEqual([[2, 2], 'float64', 'float64'])
    expect([rand([2], { requiresGrad: true }).requiresGrad, rand([2]).requiresGrad]).toEqual([true, false])
    expect(tensor([0.5]).bernoulli().shape).toEqual([1])
  })

  test('go through the door, so that observers see them', () => {
    const seen: string[] = []
    observe(
      ({ name }) => seen.push(name),
      () => {
        rand([1])
        randn([1])
        randint(0, 2, [1])
        tensor([0.5]).bernoulli()
      },
    )
    expect(seen).toEqual(['rand', 'randn', 'randint', 'bernoulli'])
  })

  test('no gradient flows to probabilities', () => {
    const p = tensor([0.5, 0.5], { requiresGrad: true })
    expect(p.bernoulli().requiresGrad).toBe(false)
  })

  test('what cannot be drawn is an error, and draws nothing', () => {
    const before = defaultGenerator().getState()
    expect(() => bernoulli(tensor([0.5, 1.5]))).toThrow(ArgumentError)
    expect(() => bernoulli(tensor([Number.NaN]))).toThrow('[0, 1]')
    expect(() => bernoulli(tensor([1], { dtype: 'int32' }))).toThrow(DtypeError)
    expect(() => randint(3, 3, [2])).toThrow('[3, 3) holds no whole number')
    expect(() => randint(0.5, 3, [2])).toThrow(ArgumentError)
    expect(() => rand([-1])).toThrow()
    expect(() => randperm(-1)).toThrow()
    expect(defaultGenerator().getState()).toEqual(before)
  })
})

describe('distributions', () => {
  const generator = () => new Generator(1234)

  test('uniform in [0, 1)', () => {
    const x = rand([N], { generator: generator(), dtype: 'float64' }).data
    const [m, deviation, skew, kurtosis] = moments(x) as [number, number, number, number]
    expect(Math.abs(m - 0.5)).toBeLessThan(0.006)
    expect(Math.abs(deviation - Math.sqrt(1 / 12))).toBeLessThan(0.004)
    expect(Math.abs(skew)).toBeLessThan(0.04)
    expect(Math.abs(kurtosis - 1.8)).toBeLessThan(0.05)
    expect(Math.min(...x)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...x)).toBeLessThan(1)
  })

  test('uniform stays below 1 in float32', () => {
    const g = generator()
    // the largest double below 1 rounds to 1 in float32: the draw must not
    Object.defineProperty(g, 'uniform', { value: () => 1 - 2 ** -53 })
    expect(rand([1], { generator: g }).item()).toBeLessThan(1)
  })

  test('standard normal', () => {
    const x = randn([N], { generator: generator(), dtype: 'float64' }).data
    const [m, deviation, skew, kurtosis] = moments(x) as [number, number, number, number]
    expect(Math.abs(m)).toBeLessThan(0.02)
    expect(Math.abs(deviation - 1)).toBeLessThan(0.015)
    expect(Math.abs(skew)).toBeLessThan(0.05)
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.1)
    // neighbours are independent: the polar method makes two at a time
    expect(Math.abs(mean(Array.from({ length: N - 1 }, (_, i) => x[i]! * x[i + 1]!)))).toBeLessThan(0.02)
  })

  test('whole numbers, each as often', () => {
    const counts = [0, 0, 0, 0, 0]
    for (const k of randint(-2, 3, [N], { generator: generator() }).data) counts[k + 2]!++
    for (const count of counts) expect(Math.abs(count / N - 0.2)).toBeLessThan(0.01)
  })

  test('bernoulli, each with its own probability', () => {
    const p = tensor([[0], [0.1], [0.7], [1]]).expand(4, N)
    const rates = p.bernoulli({ generator: generator() }).mean(1).toArray() as number[]
    for (const [i, rate] of [0, 0.1, 0.7, 1].entries())
      expect(Math.abs(rates[i]! - rate)).toBeLessThan(rate === 0 || rate === 1 ? 1e-9 : 0.01)
  })

  test('permutations: each as often, and all of 0 … n-1', () => {
    const g = generator()
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = g.permutation(3).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210'])
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130)
    expect(numbers(randperm(100, { generator: g })).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    )
  })
})
