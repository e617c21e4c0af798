// Pooling kernels in WebAssembly agree with the reference: indices exactly, ties and NaN included; means closely.
import { describe, expect, test } from 'vitest'
import type { TypedArray } from '../../src/backend/array.ts'
import * as reference from '../../src/backend/pool.ts'
import { Module } from '../../src/backend/wasm/assembler.ts'
import { averages, averagesAdd, maxima } from '../../src/backend/wasm/pooling.ts'
import type { Span, Windows } from '../../src/backend/windows.ts'
import { Generator } from '../../src/index.ts'

type Floats = Float32Array | Float64Array
const generator = new Generator(13)
const draw = (low: number, high: number): number => Number(generator.integer(low, high))

/** Runs a function of (out, x) in one memory; bytes behind the result, padded to 16, stay as they are. */
function run(emit: (module: Module) => number, out: TypedArray, x: Floats): void {
  const module = new Module()
  module.export('run', emit(module))
  const padded = (bytes: number): number => ((bytes + 15) & -16) + 16
  const [to, from] = [16, 16 + padded(out.byteLength)]
  const memory = new WebAssembly.Memory({ initial: Math.ceil((from + padded(x.byteLength)) / 65536) })
  const bytes = new Uint8Array(memory.buffer).fill(0x5a)
  bytes.set(new Uint8Array(x.buffer), from)
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } })
  ;(instance.exports.run as (...at: number[]) => void)(to, from)
  expect(bytes.subarray(0, to).every(byte => byte === 0x5a)).toBe(true)
  expect(bytes.subarray((to + out.byteLength + 15) & -16, from).every(byte => byte === 0x5a)).toBe(true)
  new Uint8Array(out.buffer).set(bytes.subarray(to, to + out.byteLength))
}

const window = (
  size: readonly [number, number],
  kernel: readonly [number, number],
  stride: readonly [number, number] = kernel,
  padding: readonly [number, number] = [0, 0],
  dilation: readonly [number, number] = [1, 1],
  more = 0,
): Windows => {
  const out = [0, 1].map(
    d => Math.floor((size[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1 + more,
  ) as [number, number]
  return { size, kernel, out, stride, padding, dilation }
}
const windows: readonly Windows[] = [
  window([28, 28], [2, 2]),
  window([14, 14], [2, 2]),
  window([7, 9], [2, 2]),
  window([2, 2], [2, 2]),
  window([4, 6], [2, 2]),
  window([5, 5], [2, 2], [2, 2], [0, 0], [1, 1], 1),
  window([9, 11], [3, 3], [2, 2], [1, 1]),
  window([8, 7], [3, 2], [1, 2], [1, 1]),
  window([12, 11], [3, 2], [2, 3], [1, 1], [2, 3]),
  window([1, 20], [1, 4]),
  // steps over the image into the padding
  window([1, 1], [2, 2], [1, 1], [1, 1], [2, 2]),
]

describe.each([
  ['float32', 4, Float32Array, 1e-6],
  ['float64', 8, Float64Array, 1e-14],
] as const)('%s', (_, width, make, tolerance) => {
  test.each(windows.map(p => [p.size, p.kernel, p.stride, p] as const))(
    'maxima of %j, %j by %j',
    (size, __, ___, p) => {
      for (const planes of [1, 3]) {
        for (const kind of ['normal', 'ties', 'NaN', '-Infinity']) {
          const x = new make(planes * size[0] * size[1]).map(() => {
            if (kind === 'ties') return draw(0, 3)
            if (kind !== 'normal' && draw(0, 3) === 0) return kind === 'NaN' ? Number.NaN : -Infinity
            return generator.normal()
          })
          const [index, expected] = [0, 0].map(() => new Int32Array(planes * p.out[0] * p.out[1]))
          reference.maxima(p, expected, x)
          run(module => maxima(module, width, p, planes), index, x)
          expect(index).toEqual(expected)
        }
      }
    },
  )

  const tiles = (n: number, k: number, s: number, p: number): Span[] =>
    Array.from({ length: Math.floor((n + 2 * p - k) / s) + 1 }, (_, j) => {
      const from = j * s - p
      return { start: Math.max(0, from), stop: Math.min(n, from + k), divisor: k }
    })
  const adaptive = (n: number, m: number): Span[] =>
    Array.from({ length: m }, (_, j) => {
      const [start, stop] = [Math.floor((j * n) / m), Math.ceil(((j + 1) * n) / m)]
      return { start, stop, divisor: stop - start }
    })
  const spans: readonly (readonly [string, number, Span[]])[] = [
    ['tiles', 14, tiles(14, 2, 2, 0)],
    ['overlapping', 11, tiles(11, 3, 1, 1)],
    ['left over', 11, tiles(11, 2, 3, 0)],
    ['adaptive', 13, adaptive(13, 5)],
    ['more than there are', 3, adaptive(3, 7)],
    ['everything', 50, adaptive(50, 1)],
    ['none', 4, []],
  ]
  test.each(spans)('averages, %s', (__, n, list) => {
    for (const [outer, inner] of [
      [1, 1],
      [3, 1],
      [2, 4],
      [2, 7],
      [1, 50],
      [0, 3],
    ]) {
      const random = (count: number): Floats => new make(count).map(() => generator.normal())
      const [x, y] = [random(outer * n * inner), random(outer * list.length * inner)]
      const close = (out: Floats, expected: Floats): void => {
        for (let i = 0; i < out.length; i++) expect(Math.abs(out[i] - expected[i])).toBeLessThan(4 * tolerance)
      }
      const [means, meansExpected] = [0, 0].map(() => new make(y.length))
      reference.averages(meansExpected, x, list, outer, n, inner)
      run(module => averages(module, width, list, outer, n, inner), means, x)
      close(means, meansExpected)
      const [shares, sharesExpected] = [0, 0].map(() => new make(x.length))
      reference.averagesAdd(sharesExpected, y, list, outer, n, inner)
      run(module => averagesAdd(module, width, list, outer, n, inner), shares, y)
      close(shares, sharesExpected)
    }
  })
})
