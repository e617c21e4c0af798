// Matrix products on WebAssembly: factors packed into its memory, multiplied there, the result copied out.
import type { TypedArray } from '../array.ts'
import { type Factor, pack, panelSize } from '../panel.ts'
import { codegen } from '../program.ts'
import { columnsOf, f32x4, f64x2, type Lanes } from './assembler.ts'
import { gemm, ROWS, UNROLL } from './gemm.ts'

type Run = (c: number, a: number, b: number, k: number, m: number, n: number) => void
type Width = 4 | 8

const lanesOf = (width: Width): Lanes => (width === 4 ? f32x4 : f64x2)
const PAGE = 65536
let memory: WebAssembly.Memory | null = null
const kernels = new Map<Width, Run | null>()
let fused = true

/**
 * Forbids (false) or allows fused multiply-add in WebAssembly kernels: where the engine has it, products are faster
 * and rounded once less, so that their last bit may differ from an engine without. Without an argument, only asks.
 */
export function fma(enabled?: boolean): boolean {
  if (enabled !== undefined && enabled !== fused) {
    fused = enabled
    kernels.clear()
  }
  return fused
}

/** The kernel for floats of that many bytes; null where the engine has no SIMD. */
function kernel(width: Width): Run | null {
  let run = kernels.get(width)
  if (run === undefined) {
    const bytes = [...(fused ? [gemm(lanesOf(width), true)] : []), gemm(lanesOf(width), false)].find(code =>
      WebAssembly.validate(code),
    )
    memory ??= new WebAssembly.Memory({ initial: 16 })
    run = bytes
      ? (new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports.run as Run)
      : null
    kernels.set(width, run)
  }
  return run
}

/** A view of the memory that reaches to `bytes`, grown when needed. */
function room(width: Width, bytes: number): Float32Array | Float64Array {
  const { buffer } = memory as WebAssembly.Memory
  if (buffer.byteLength < bytes) memory?.grow(Math.ceil((bytes - buffer.byteLength) / PAGE))
  const whole = (memory as WebAssembly.Memory).buffer
  return width === 4 ? new Float32Array(whole) : new Float64Array(whole)
}

/** What a 32-bit memory surely holds, in bytes. */
const LIMIT = 2 ** 31

/**
 * May products of arrays like x run here, of `elements` in both factors and the result? Not where code may not be
 * generated, where there is no WebAssembly, or where they are too large for its memory.
 */
export const available = (x: TypedArray, elements: number): boolean =>
  codegen() &&
  elements * x.BYTES_PER_ELEMENT < LIMIT &&
  typeof WebAssembly === 'object' &&
  (x instanceof Float32Array || x instanceof Float64Array) &&
  kernel(x.BYTES_PER_ELEMENT as Width) !== null

/** Multiplies factors packed by `load`. */
export interface Loaded {
  /** out[m, n] at `to` = the product of the a and the b that were loaded last. */
  multiply(out: TypedArray, to: number): void
  loadA(a: Factor): void
  loadB(b: Factor): void
}

/** Room for products [m, k] x [k, n] of an array like `like`. */
export function products(like: TypedArray, m: number, k: number, n: number): Loaded {
  const width = like.BYTES_PER_ELEMENT as Width
  const run = kernel(width) as Run
  const columns = columnsOf(lanesOf(width))
  const depth = Math.ceil(k / UNROLL) * UNROLL
  const [panelsA, panelsB] = [Math.ceil(m / ROWS), Math.ceil(n / columns)]
  const b = panelSize(m, ROWS, depth)
  const c = b + panelSize(n, columns, depth)
  const stride = panelsB * columns
  const view = room(width, width * (c + panelsA * ROWS * stride))
  return {
    loadA: factor => pack(view, 0, ROWS, depth, factor),
    loadB: factor => pack(view, b, columns, depth, factor),
    multiply(out, to) {
      run(c * width, 0, b * width, depth, panelsA, panelsB)
      if (stride === n) out.set(view.subarray(c, c + m * n), to)
      else for (let i = 0; i < m; i++) out.set(view.subarray(c + i * stride, c + i * stride + n), to + i * n)
    },
  }
}
