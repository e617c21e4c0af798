// Sums of arrays of the JS heap in WebAssembly: in float64, as everywhere; one kernel for all sizes.
import type { TypedArray } from '../array.ts'
import { behind, Kernels, kernel, type Run, room, START } from './scratch.ts'
import { simd } from './support.ts'
import { type V, Vector, type Width } from './vector.ts'

/** Elements of a block. */
const BLOCK = 8192
/**
 * From how many elements on the copies pay (measured: at 4096 a sum takes JavaScript 5 us and more, and a third of
 * that here).
 */
const LEAST = 4096
/** Shorter rows are left to JavaScript. */
const ROW = 32

const kernels = new Kernels<Run>()

/** What of a register goes into sums in float64. */
const parts = (v: Vector, x: V): V[] => (v.width === 4 ? v.halves(x) : [x])

/** (out float64, x, rows, groups, rest): the sum of each of neighbouring rows of `groups` of 4 registers and `rest` numbers. */
const rows = (width: Width): Run =>
  kernels.get(`rows ${width}`, () =>
    kernel(module =>
      module.function(['i32', 'i32', 'i32', 'i32', 'i32'], [], code => {
        const [OUT, X, ROWS, GROUPS, REST] = [0, 1, 2, 3, 4]
        const v = new Vector(module, code, width, false)
        const w = new Vector(module, code, 8, false)
        const sums = Array.from({ length: width === 4 ? 8 : 4 }, () => w.variable())
        const [left, total] = [code.local('i32'), code.local('f64')]
        code.times(ROWS, () => {
          for (const sum of sums) w.assign(sum, w.const(0))
          code.get(GROUPS).set(left)
          code.times(left, () => {
            const terms = [0, 16, 32, 48].flatMap(offset => parts(v, v.load(X, offset)))
            for (const [k, term] of terms.entries()) w.assign(sums[k], w.add(sums[k], term))
            code.advance(X, 64)
          })
          const sum = sums.reduce((x, y) => w.add(x, y))
          code.get(sum.local).extract('f64x2.extract_lane', 0).get(sum.local).extract('f64x2.extract_lane', 1)
          code.op('f64.add').set(total).get(REST).set(left)
          code.times(left, () => {
            code.get(total).get(X)
            if (width === 4) code.memory('f32.load').op('f64.promote_f32')
            else code.memory('f64.load')
            code.op('f64.add').set(total).advance(X, width)
          })
          code.get(OUT).get(total).memory('f64.store').advance(OUT, 8)
        })
      }),
    ),
  )

/** (totals float64, x, rows, strips, registers, bytes): adds rows of so many bytes to totals, in strips of 4 registers and single ones. */
const columns = (width: Width): Run =>
  kernels.get(`columns ${width}`, () =>
    kernel(module =>
      module.function(['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], code => {
        const [TOTALS, X, ROWS, STRIPS, REGISTERS, BYTES] = [0, 1, 2, 3, 4, 5]
        const v = new Vector(module, code, width, false)
        const w = new Vector(module, code, 8, false)
        const [left, at] = [code.local('i32'), code.local('i32')]
        const strip = (count: number): void => {
          const sums = Array.from({ length: (count * 8) / width }, (_, k) => {
            const sum = w.variable()
            w.assign(sum, w.load(TOTALS, 16 * k))
            return sum
          })
          code.get(X).set(at).get(ROWS).set(left)
          code.times(left, () => {
            const terms = Array.from({ length: count }, (_, i) => parts(v, v.load(at, 16 * i))).flat()
            for (const [k, term] of terms.entries()) w.assign(sums[k], w.add(sums[k], term))
            code.get(at).get(BYTES).op('i32.add').set(at)
          })
          for (const [k, sum] of sums.entries()) w.store(TOTALS, sum, 16 * k)
          code.advance(TOTALS, sums.length * 16).advance(X, count * 16)
        }
        code.times(STRIPS, () => strip(4))
        code.times(REGISTERS, () => strip(1))
      }),
    ),
  )

/** Is the sum of x [outer, n, inner] over n for WebAssembly? */
export const summable = (x: TypedArray, n: number, inner: number): boolean =>
  x.length >= LEAST &&
  (inner > 1 ? n * inner >= LEAST : n >= ROW) &&
  (x instanceof Float32Array || x instanceof Float64Array) &&
  simd()

/** out = the sums of the rows of x [outer, n]. */
export function sumRows(out: TypedArray, x: TypedArray, outer: number, n: number): void {
  const width = x.BYTES_PER_ELEMENT as Width
  const group = 64 / width
  const run = rows(width)
  const together = Math.max(1, Math.floor(BLOCK / n))
  const from = behind(START, 8 * together)
  const { float32, float64 } = room(from + BLOCK * width)
  const to = width === 4 ? float32 : float64
  const sum = (start: number, count: number, length: number): void => {
    to.set(x.subarray(start, start + count * length), from / width)
    run(START, from, count, Math.floor(length / group), length % group)
  }
  for (let o = 0; o < outer; o += together) {
    const count = Math.min(together, outer - o)
    if (n <= BLOCK) {
      sum(o * n, count, n)
      out.set(float64.subarray(START / 8, START / 8 + count), o)
    } else {
      let total = 0
      for (let k = 0; k < n; k += BLOCK) {
        sum(o * n + k, 1, Math.min(BLOCK, n - k))
        total += float64[START / 8]
      }
      out[o] = total
    }
  }
}

/** out = the sums of x [outer, n, inner] over n. */
export function sumColumns(out: TypedArray, x: TypedArray, outer: number, n: number, inner: number): void {
  const width = x.BYTES_PER_ELEMENT as Width
  const run = columns(width)
  const most = Math.min(inner, BLOCK)
  const together = Math.floor(BLOCK / most)
  const from = behind(START, 8 * most + 64)
  const { float32, float64 } = room(from + BLOCK * width)
  const to = width === 4 ? float32 : float64
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i += most) {
      const columns = Math.min(most, inner - i)
      const registers = Math.ceil((columns * width) / 16)
      float64.fill(0, START / 8, from / 8)
      for (let k = 0; k < n; ) {
        // whole rows lie next to each other
        const count = columns === inner ? Math.min(together, n - k) : 1
        const start = (o * n + k) * inner + i
        to.set(x.subarray(start, start + count * columns), from / width)
        run(START, from, count, registers >> 2, registers & 3, columns * width)
        k += count
      }
      out.set(float64.subarray(START / 8, START / 8 + columns), o * inner + i)
    }
  }
}
