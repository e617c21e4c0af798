// Scalers: scikit-learn's numbers, there and back, states, gradients; and what is refused.
import { describe, expect, test } from 'vitest'
import { ArgumentError, data, gradcheck, ShapeError, type Tensor, tensor, zeros } from '../../src/index.ts'
import { values } from '../fixture.ts'

const { MinMaxScaler, StandardScaler } = data
const x = tensor([[1, -2, 7], [2, 0, 7], [4, 9, 7], [8, 1.5, 7]], { dtype: 'float64' }) // biome-ignore format: rows
const close = (a: Tensor, b: readonly number[], digits = 12) => {
  expect(a.numel).toBe(b.length)
  values(a).forEach((v, i) => {
    expect(v).toBeCloseTo(b[i], digits)
  })
}

test("StandardScaler: NumPy's mean and std(0), a constant column 0", () => {
  const scaled = new StandardScaler().fitTransform(x)
  close(scaled, [
    -1.025755289064345, -0.9918365981341756, 0, -0.6527533657682196, -0.510946126311545, 0, 0.09325048082403138,
    1.6530609968902927, 0, 1.5852581740085334, -0.15027827244457206, 0,
  ]) // biome-ignore format: rows
  expect(scaled.dtype).toBe('float64')
  close(new StandardScaler({ withMean: false }).fitTransform(tensor([[2], [4]])), [2, 4], 6)
  close(new StandardScaler({ withStd: false }).fitTransform(tensor([[2], [6]])), [-2, 2], 6)
})

test('a constant with rounding errors is a constant; a small deviation is none', () => {
  const constant = tensor(new Float64Array(10).fill(0.1)).reshape(10, 1)
  expect(new StandardScaler().fitTransform(constant).abs().max().item()).toBeLessThan(1e-15)
  close(new StandardScaler().fitTransform(tensor([[1e-30], [3e-30]], { dtype: 'float64' })), [-1, 1])
  close(new MinMaxScaler().fitTransform(tensor([[1e-30], [3e-30]], { dtype: 'float64' })), [0, 1])
})

test('MinMaxScaler: to [0, 1] or another range; a constant column to its lower bound', () => {
  close(new MinMaxScaler().fitTransform(x), [0, 0, 0, 1 / 7, 2 / 11, 0, 3 / 7, 1, 0, 1, 3.5 / 11, 0])
  const scaler = new MinMaxScaler({ featureRange: [-1, 3] }).fit(x)
  close(scaler.transform(tensor([[1, 9, 7], [15, -2, 8]], { dtype: 'float64' })), [-1, 3, -1, 7, -1, 3]) // biome-ignore format: rows
})

describe.each([
  ['StandardScaler', () => new StandardScaler()],
  ['MinMaxScaler', () => new MinMaxScaler({ featureRange: [-2, 5] })],
] as const)('%s', (name, make) => {
  test('there and back, constant columns too; dtypes stay, whole numbers become float32', () => {
    const scaler = make().fit(x)
    close(scaler.inverseTransform(scaler.transform(x)), values(x))
    expect([x.float(), x.int()].map(t => scaler.transform(t).dtype)).toEqual(['float32', 'float32'])
    close(scaler.transform(x.float()), values(scaler.transform(x)), 5)
  })

  test('what was learnt stays: other rows get the same scale', () => {
    const scaler = make().fit(x)
    const [first] = values(scaler.transform(x))
    expect(values(scaler.transform(x.slice(0, 0, 1)))[0]).toBe(first)
  })

  test('states pass through JSON, and are refused whole', () => {
    const [a, b] = [make().fit(x), make()]
    b.loadStateDict(JSON.parse(JSON.stringify(a.stateDict())))
    expect(values(b.transform(x))).toEqual(values(a.transform(x)))
    const state = structuredClone(a.stateDict())
    for (const bad of [
      null,
      {},
      { ...state, scale: [1] },
      { ...state, scale: [0, 1, 1] },
      { ...state, center: ['1', 0, 0] },
    ])
      expect(() => b.loadStateDict(bad as never)).toThrow(ArgumentError)
    expect(b.stateDict()).toEqual(state)
    expect(() => make().stateDict()).toThrow(`${name}.stateDict: call fit first`)
  })

  test('gradients flow through', () => {
    const scaler = make().fit(x)
    expect(gradcheck((t: Tensor) => scaler.transform(t), [x])).toBe(true)
  })

  test('refusals', () => {
    const scaler = make()
    expect(() => scaler.transform(x)).toThrow(`${name}.transform: call fit first`)
    expect(() => scaler.fit(tensor([1, 2]))).toThrow(ShapeError)
    expect(() => scaler.fit(3 as never)).toThrow(ArgumentError)
    expect(() => scaler.fit(zeros([0, 2]))).toThrow(/no rows/)
    expect(() => scaler.fit(tensor([[1, 2], [3, NaN]]))).toThrow(/row 1, column 1 is NaN/) // biome-ignore format: one line
    scaler.fit(x)
    expect(() => scaler.transform(zeros([2, 2]))).toThrow(/\[2, 2\] has not the 3 features/)
    expect(() => scaler.inverseTransform(zeros([3]))).toThrow(ShapeError)
  })
})

test('options', () => {
  expect(() => new StandardScaler({ mean: 1 } as never)).toThrow(/unknown option 'mean'/)
  for (const featureRange of [[1, 1], [2, 1], [0, Infinity], 3]) // biome-ignore format: one line
    expect(() => new MinMaxScaler({ featureRange } as never)).toThrow(ArgumentError)
})
