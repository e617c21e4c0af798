// Matrix products of arrays of the JS heap: factors copied into a WebAssembly memory, multiplied there, copied back.
import type { TypedArray } from '../array.ts'
import { gemm, gemmScratch } from './gemm.ts'
import { behind, kernel, type Run, room, START } from './scratch.ts'
import { fuses, simd } from './support.ts'
import type { Width } from './vector.ts'

/** By width, and whether they fuse. */
const kernels: { [key: string]: Run | undefined } = {}
/** (c, a, b, m, n, k, rowC, rowA, stepA, stepB, columnB, scratch, accumulate) */
function product(width: Width): Run {
  const key = `${width}${fuses()}`
  kernels[key] ??= kernel((module, fused) => gemm(module, width, fused))
  return kernels[key]
}

/** What a 32-bit memory surely holds, in bytes. */
const LIMIT = 2 ** 31

/**
 * May products of arrays like x run here, of `elements` in both factors and the result? Not where code may not be
 * generated, where there is no WebAssembly, or where they are too large for its memory.
 */
export const available = (x: TypedArray, elements: number): boolean =>
  simd() && elements * x.BYTES_PER_ELEMENT < LIMIT && (x instanceof Float32Array || x instanceof Float64Array)

/** Multiplies the factors that were loaded last. */
export interface Loaded {
  /** out[m, n] at `to` = a b */
  multiply(out: TypedArray, to: number): void
  loadA(data: TypedArray, offset: number): void
  loadB(data: TypedArray, offset: number): void
}

/** Sizes of products [m, k] x [k, n], and which factors lie transposed. */
export type Sizes = [m: number, k: number, n: number, transposeA: boolean, transposeB: boolean]

/** The n elements of an array from an offset on. */
const part = (data: TypedArray, offset: number, n: number): TypedArray =>
  offset === 0 && data.length === n ? data : data.subarray(offset, offset + n)

/** Room for products of arrays like `like`. */
export function products(like: TypedArray, ...[m, k, n, transposeA, transposeB]: Sizes): Loaded {
  const width = like.BYTES_PER_ELEMENT as Width
  const run = product(width)
  const b = behind(START, width * m * k)
  const c = behind(b, width * k * n)
  const scratch = behind(c, width * m * n)
  const view = room(scratch + gemmScratch(width, m, n, k) - START)[width === 4 ? 'float32' : 'float64']
  const [rowA, stepA] = transposeA ? [width, m * width] : [k * width, width]
  const [stepB, columnB] = transposeB ? [width, k * width] : [n * width, width]
  return {
    loadA: (data, offset) => view.set(part(data, offset, m * k), START / width),
    loadB: (data, offset) => view.set(part(data, offset, k * n), b / width),
    multiply(out, to) {
      run(c, START, b, m, n, k, n * width, rowA, stepA, stepB, columnB, scratch, 0)
      out.set(view.subarray(c / width, c / width + m * n), to)
    },
  }
}
