// How tensors print: values as PyTorch prints them, then shape, dtype and history.
import { describe, expect, test } from 'vitest'
import { format } from '../src/engine/format.ts'
import { arange, full, type Nested, ones, tensor, zeros } from '../src/engine/ops/create.ts'
import { Tensor } from '../src/engine/tensor.ts'

/** The text without what PyTorch does not print: shape, dtype, history. */
const values = (x: Tensor): string => format(x).replace(/,\s+shape: .*$/, ')')
const row = (...x: number[]): string => values(tensor(x))

describe('numbers', () => {
  test.each<[string, Nested, string]>([
    ['a number', 3.5, 'tensor(3.5000)'],
    ['a whole number', 3, 'tensor(3.)'],
    ['decimals', [0.5, -1.25, 10, Math.PI], 'tensor([ 0.5000, -1.2500, 10.0000,  3.1416])'],
    ['whole numbers', [1, -20, 300], 'tensor([  1., -20., 300.])'],
    ['float32 digits', [12345.678, 23456], 'tensor([12345.6777, 23456.0000])'],
    ['small', [1e-5, 1], 'tensor([1.0000e-05, 1.0000e+00])'],
    ['zero beside small', [0, -1e-5], 'tensor([ 0.0000e+00, -1.0000e-05])'],
    ['large', [2e8, 0.5], 'tensor([2.0000e+08, 5.0000e-01])'],
    ['large and whole', [1e10, 1e9], 'tensor([1.0000e+10, 1.0000e+09])'],
    ['a wide range', [0.001, 2], 'tensor([1.0000e-03, 2.0000e+00])'],
    ['just not wide', [1, 1000], 'tensor([   1., 1000.])'],
    ['wide and whole', [1, 1001], 'tensor([1.0000e+00, 1.0010e+03])'],
    ['not finite', [1.5, NaN, -Infinity], 'tensor([1.5000,    nan,   -inf])'],
    ['nothing finite', [NaN, Infinity], 'tensor([nan, inf])'],
    ['zeros alone', [0, 0], 'tensor([0., 0.])'],
    ['negative zero', [-0, -0.5], 'tensor([-0.0000, -0.5000])'],
  ])('%s', (_, x, text) => expect(values(tensor(x))).toBe(text))

  test('ties go to the even digit', () => {
    expect(row(0.03125, 0.09375)).toBe('tensor([0.0312, 0.0938])')
    expect(row(100005, 100015, 1)).toBe('tensor([1.0000e+05, 1.0002e+05, 1.0000e+00])')
  })

  test('columns align where PyTorch lets them slip', () => {
    expect(row(1, NaN, -Infinity)).toBe('tensor([  1.,  nan, -inf])')
    expect(row(-0, 1)).toBe('tensor([-0.,  1.])')
  })

  test('three digits of exponent', () => {
    expect(values(tensor([1e-200, 1], { dtype: 'float64' }))).toBe('tensor([1.0000e-200,  1.0000e+00])')
  })

  test('int32 and bool', () => {
    expect(values(tensor([1, -200, 3], { dtype: 'int32' }))).toBe('tensor([   1, -200,    3])')
    expect(values(tensor([[true, false]]))).toBe('tensor([[ true, false]])')
  })
})

describe('layout', () => {
  test('a blank line between matrices', () => {
    expect(values(arange(8, { dtype: 'float32' }).reshape(2, 2, 2))).toBe(
      `tensor([[[0., 1.],
         [2., 3.]],

        [[4., 5.],
         [6., 7.]]])`,
    )
  })

  test('long rows wrap at 80 columns', () => {
    expect(values(arange(40, { dtype: 'float32' }))).toBe(
      `tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,
        14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27.,
        28., 29., 30., 31., 32., 33., 34., 35., 36., 37., 38., 39.])`,
    )
  })

  test('more than 1000 elements are summarised', () => {
    expect(values(ones([1000]))).not.toContain('...')
    expect(values(arange(1001))).toBe('tensor([   0,    1,    2,  ...,  998,  999, 1000])')
    expect(values(arange(1200).reshape(1, 8, 150))).toBe(
      `tensor([[[   0,    1,    2,  ...,  147,  148,  149],
         [ 150,  151,  152,  ...,  297,  298,  299],
         [ 300,  301,  302,  ...,  447,  448,  449],
         ...,
         [ 750,  751,  752,  ...,  897,  898,  899],
         [ 900,  901,  902,  ..., 1047, 1048, 1049],
         [1050, 1051, 1052,  ..., 1197, 1198, 1199]]])`,
    )
  })

  test('only what is shown decides the format', () => {
    const x = new Float32Array(2000)
    x[1000] = 1e-9
    expect(values(tensor(x))).toBe('tensor([0., 0., 0.,  ..., 0., 0., 0.])')
  })
})

describe('shape, dtype and history', () => {
  test('follow the values', () => {
    expect(
      format(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ),
    ).toBe('tensor([[1., 2., 3.],\n        [4., 5., 6.]], shape: [2, 3], float32)')
    expect(format(tensor(3.5, { dtype: 'float64' }))).toBe('tensor(3.5000, shape: [], float64)')
  })

  test('empty tensors', () => {
    expect(format(zeros([0, 3]))).toBe('tensor([], shape: [0, 3], float32)')
    expect(format(zeros([0], { dtype: 'bool' }))).toBe('tensor([], shape: [0], bool)')
  })

  test('a line of their own when they do not fit', () => {
    const x = full([11], 0.5, { requiresGrad: true })
    const halves = (n: number) => Array<string>(n).fill('0.5000').join(', ')
    expect(format(x)).toBe(`tensor([${halves(9)},\n        ${halves(2)}], shape: [11], float32, requiresGrad)`)
    expect(format(full([7], 0.5))).toBe(`tensor([${halves(7)}],\n       shape: [7], float32)`)
  })

  test('leaves and results', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    expect(format(x)).toBe('tensor([1., 2.], shape: [2], float32, requiresGrad)')
    expect(format(x.mul(2))).toBe('tensor([2., 4.], shape: [2], float32, from: mul)')
    expect(format(x.mul(2).detach())).toBe('tensor([2., 4.], shape: [2], float32)')
    expect(x).toBeInstanceOf(Tensor)
    expect(`${x}`).toBe(format(x))
  })
})
