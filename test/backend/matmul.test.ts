// Matrix products on every path agree with the definition: WebAssembly, plain JS, all transposes, odd sizes, batches.
import { afterEach, describe, expect, test } from 'vitest'
import type { TypedArray } from '../../src/backend/array.ts'
import { matmul } from '../../src/backend/matmul.ts'
import { available } from '../../src/backend/wasm/product.ts'
import { codegen, fma, Generator } from '../../src/index.ts'

afterEach(() => {
  codegen(true)
  fma(true)
})

const generator = new Generator(5)
const random = (make: typeof Float32Array | typeof Float64Array, n: number): TypedArray =>
  new make(n).map(() => generator.normal())

/** The definition, in float64. */
function naive(a: TypedArray, b: TypedArray, m: number, k: number, n: number, ta: boolean, tb: boolean): Float64Array {
  const c = new Float64Array(m * n)
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let p = 0; p < k; p++) c[i * n + j] += a[ta ? p * m + i : i * k + p] * b[tb ? j * k + p : p * n + j]
  return c
}

// sizes around the blocks' 4 rows, 4 or 8 columns and 2 steps, and above the size at which WebAssembly takes over
const sizes = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 2, 8],
  [17, 16, 17],
  [16, 16, 16],
  [33, 31, 9],
  [64, 1, 80],
  [1, 200, 40],
  [5, 129, 66],
]

describe.each([
  ['float32', Float32Array, 2e-6],
  ['float64', Float64Array, 1e-14],
] as const)('%s', (_, make, tolerance) => {
  describe.each([
    ['WebAssembly', true],
    ['plain JS', false],
  ])('%s', (_, on) => {
    test.each(sizes)('[%d, %d] x [.., %d], as they lie and transposed', (m, k, n) => {
      codegen(on)
      for (const fused of [true, false]) {
        fma(fused)
        for (const [ta, tb] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true],
        ]) {
          const [a, b, c] = [random(make, m * k), random(make, k * n), new make(m * n)]
          matmul(c, a, b, m, k, n, ta, tb, [0], [0])
          const expected = naive(a, b, m, k, n, ta, tb)
          for (let i = 0; i < c.length; i++) expect(Math.abs(c[i] - expected[i])).toBeLessThan(tolerance * k * 4)
        }
      }
    })

    test('a batch, one factor shared', () => {
      codegen(on)
      const [m, k, n] = [19, 23, 21]
      const [a, b, c] = [random(make, 3 * m * k), random(make, k * n), new make(3 * m * n)]
      matmul(c, a, b, m, k, n, false, false, [2 * m * k, 0, m * k], [0, 0, 0])
      ;[2, 0, 1].forEach((from, batch) => {
        const expected = naive(a.subarray(from * m * k), b, m, k, n, false, false)
        for (let i = 0; i < m * n; i++)
          expect(Math.abs(c[batch * m * n + i] - expected[i])).toBeLessThan(tolerance * 100)
      })
    })

    test('infinities and NaN go where they belong, and not into padding', () => {
      codegen(on)
      const [m, k, n] = [17, 17, 17]
      const a = new make(m * k).fill(1)
      a[3 * k] = Infinity
      a[5 * k] = Number.NaN
      const c = new make(m * n)
      matmul(c, a, new make(k * n).fill(1), m, k, n, false, false, [0], [0])
      for (let i = 0; i < m * n; i++)
        expect(c[i]).toBe(i < 3 * n || (i >= 4 * n && i < 5 * n) || i >= 6 * n ? k : i < 4 * n ? Infinity : Number.NaN)
    })
  })
})

test('no WebAssembly where code may not be generated, nor for integers, nor for what its memory cannot hold', () => {
  expect(available(new Float32Array(1), 3)).toBe(true)
  expect(available(new Float32Array(1), 2 ** 29)).toBe(false)
  expect(available(new Int32Array(1), 3)).toBe(false)
  codegen(false)
  expect(available(new Float32Array(1), 3)).toBe(false)
})
