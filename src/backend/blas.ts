// A native library for large products, if somebody has plugged one in. Knows no library itself: that is io/blas.ts.
import type { TypedArray } from './array.ts'

/** c [m, n] = a [m, k] b [k, n], dense rows of c; a factor lies as it is or transposed, its lines `ld` elements apart. */
export interface Product {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  readonly ldA: number
  readonly ldB: number
}
/** What multiplies: float32 or float64, as the arrays are. */
export interface Blas {
  readonly name: string
  multiply(c: TypedArray, a: TypedArray, b: TypedArray, p: Product): void
}

let plugged: Blas | null = null
/** The library in use; null without one. */
export const blas = (): Blas | null => plugged
/** Plugs a library in, or takes it out. */
export function plugBlas(library: Blas | null): void {
  plugged = library
}

/**
 * From how many multiplications on a native library is called: for fewer, WebAssembly has finished before the call has
 * arrived (measured).
 */
export const LARGE = 32 * 32 * 32
