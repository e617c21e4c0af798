// Kernels along lines in WebAssembly agree with the reference: softmax and its logarithms, the best's place, running sums.
import { describe, expect, test } from 'vitest'
import type { TypedArray } from '../../src/backend/array.ts'
import * as js from '../../src/backend/js.ts'
import * as reference from '../../src/backend/softmax.ts'
import { Module } from '../../src/backend/wasm/assembler.ts'
import { argbest, cumsum, logSoftmax, logsumexp, softmax } from '../../src/backend/wasm/rows.ts'
import { Generator } from '../../src/index.ts'

type Floats = Float32Array | Float64Array
const generator = new Generator(14)
const draw = (low: number, high: number): number => Number(generator.integer(low, high))
const relaxed = WebAssembly.validate(
  ((): Uint8Array<ArrayBuffer> => {
    const module = new Module()
    module.function([], [], code => {
      const x = code.local('v128')
      code.get(x).get(x).get(x).op('f32x4.relaxed_madd').set(x)
    })
    return module.bytes()
  })(),
)

/** Runs a function of (out, x) in one memory: not a byte outside the result changes. */
function run(emit: (module: Module) => number, out: TypedArray, x: Floats): void {
  const module = new Module()
  module.export('run', emit(module))
  const padded = (bytes: number): number => ((bytes + 15) & -16) + 16
  const [to, from] = [16, 16 + padded(out.byteLength)]
  const memory = new WebAssembly.Memory({ initial: Math.ceil((from + padded(x.byteLength)) / 65536) })
  const bytes = new Uint8Array(memory.buffer).fill(0x5a)
  bytes.set(new Uint8Array(x.buffer), from)
  const before = bytes.slice()
  const imports = { env: { memory, ...module.imports } }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), imports)
  ;(instance.exports.run as (...at: number[]) => void)(to, from)
  new Uint8Array(out.buffer).set(bytes.subarray(to, to + out.byteLength))
  before.set(bytes.subarray(to, to + out.byteLength), to)
  expect(Buffer.compare(before, bytes)).toBe(0)
}

// [outer, n, inner]
const cases = [
  [1, 1, 1],
  [3, 2, 1],
  [4, 3, 1],
  [2, 10, 1],
  [5, 32, 1],
  [2, 61, 1],
  [3, 1000, 1],
  [2, 3, 4],
  [1, 7, 5],
  [3, 12, 18],
  [2, 1, 3],
  [0, 4, 2],
] as const
const kinds = ['normal', 'wide', 'ties', 'NaN', 'infinity', '-infinity', 'far'] as const

function numbers(make: typeof Float32Array | typeof Float64Array, n: number, kind: (typeof kinds)[number]): Floats {
  return new make(n).map(() => {
    if (kind === 'ties') return draw(0, 3)
    if (kind === 'wide') return 50 * generator.normal()
    if (kind === 'far') return draw(0, 4) === 0 ? 0 : -22 + generator.normal()
    const rare = draw(0, 4) === 0
    if (kind === 'NaN' && rare) return Number.NaN
    if (kind === 'infinity' && rare) return Infinity
    if (kind === '-infinity' && draw(0, 4) > 0) return -Infinity
    return generator.normal()
  })
}

describe.each([
  ['float32', 4, Float32Array, 4e-7],
  ['float64', 8, Float64Array, 1e-15],
] as const)('%s', (_, width, make, tolerance) => {
  describe.each(relaxed ? [false, true] : [false])('fused: %s', fused => {
    test.each([
      ['softmax', softmax, reference.softmax],
      ['logSoftmax', logSoftmax, reference.logSoftmax],
      ['logsumexp', logsumexp, reference.logsumexp],
    ] as const)('%s', (name, emit, kernel) => {
      for (const kind of kinds) {
        for (const [outer, n, inner] of cases) {
          const x = numbers(make, outer * n * inner, kind)
          const out = new make(name === 'logsumexp' ? outer * inner : x.length)
          const expected = new Float64Array(out.length)
          kernel(expected, Float64Array.from(x), outer, n, inner)
          run(module => emit(module, width, fused, outer, n, inner), out, x)
          // differences are rounded at the size of the numbers
          const size = kind === 'wide' ? 150 : kind === 'far' ? 25 : 4
          for (let i = 0; i < out.length; i++) {
            const exact = expected[i]
            if (!Number.isFinite(exact)) expect(out[i]).toBe(exact)
            else {
              const scale =
                name === 'softmax' ? Math.abs(exact) * size : Math.max(Math.abs(exact), kind === 'far' ? 0 : 1)
              const tiny = width === 4 ? 1e-37 : 1e-300
              if (!(Math.abs(out[i] - exact) <= 4 * tolerance * scale + tiny))
                throw new Error(`${kind} [${outer}, ${n}, ${inner}] ${i}: ${out[i]}, not ${exact}`)
            }
          }
        }
      }
    })
  })

  test('many equal terms', () => {
    const n = 1e6
    const [out, sum] = [new make(n), new make(1)]
    const x = new make(n).fill(0.1)
    run(module => softmax(module, width, false, 1, n, 1), out, x)
    run(module => logsumexp(module, width, false, 1, n, 1), sum, x)
    expect(Math.abs(out[n - 1] * n - 1)).toBeLessThan(1e-6)
    expect(Math.abs(sum[0] - x[0] - Math.log(n))).toBeLessThan(2e-6)
  })

  test.each([1, -1] as const)('the best, sign %d', sign => {
    for (const kind of kinds) {
      for (const [outer, n, inner] of cases) {
        const x = numbers(make, outer * n * inner, kind)
        const [out, expected] = [0, 0].map(() => new Int32Array(outer * inner))
        js.argbest(expected, x, outer, n, inner, sign)
        run(module => argbest(module, width, outer, n, inner, sign), out, x)
        expect(out).toEqual(expected)
      }
    }
  })

  test.each([false, true])('running sums, reverse: %s', reverse => {
    for (const [outer, n, inner] of cases) {
      const x = numbers(make, outer * n * inner, 'normal')
      const [out, expected] = [new make(x.length), new make(x.length)]
      js.cumsum(expected, x, outer, n, inner, reverse)
      run(module => cumsum(module, width, outer, n, inner, reverse), out, x)
      expect(out).toEqual(expected)
    }
  })
})
