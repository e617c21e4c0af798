// Matrix products of arrays of the JS heap: factors copied into a WebAssembly memory, multiplied there, copied back.
import type { TypedArray } from '../array.ts'
import { codegen } from '../program.ts'
import { Module } from './assembler.ts'
import { gemm, gemmScratch } from './gemm.ts'
import type { Width } from './vector.ts'

/** c, a, b, m, n, k, rowC, rowA, stepA, stepB, columnB, scratch, accumulate. */
type Run = (...x: number[]) => void

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

function code(width: Width, fused: boolean): Uint8Array<ArrayBuffer> {
  const module = new Module()
  module.export('run', gemm(module, width, fused))
  return module.bytes()
}

/** The kernel for floats of that many bytes; null where the engine has no SIMD. */
function kernel(width: Width): Run | null {
  let run = kernels.get(width)
  if (run === undefined) {
    const bytes = (fused ? [true, false] : [false]).map(f => code(width, f)).find(c => WebAssembly.validate(c))
    memory ??= new WebAssembly.Memory({ initial: 16 })
    run = bytes
      ? (new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports.run as Run)
      : null
    kernels.set(width, run)
  }
  return run
}

/** Views of the whole memory, made anew when it has grown. */
let views = { buffer: new ArrayBuffer(0), 4: new Float32Array(0), 8: new Float64Array(0) }

/** A view of the memory that reaches to `bytes`, grown when needed. */
function room(width: Width, bytes: number): Float32Array | Float64Array {
  const { buffer } = memory as WebAssembly.Memory
  if (buffer.byteLength < bytes) memory?.grow(Math.ceil((bytes - buffer.byteLength) / PAGE))
  const now = (memory as WebAssembly.Memory).buffer as ArrayBuffer
  if (views.buffer !== now) views = { buffer: now, 4: new Float32Array(now), 8: new Float64Array(now) }
  return views[width]
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

/** Where the next place begins behind one of n elements: at a cache line, with room that the kernel may read. */
const behind = (n: number): number => Math.ceil((n + 4) / 16) * 16

/** Room for products of arrays like `like`. */
export function products(like: TypedArray, ...[m, k, n, transposeA, transposeB]: Sizes): Loaded {
  const width = like.BYTES_PER_ELEMENT as Width
  const run = kernel(width) as Run
  const b = behind(m * k)
  const c = b + behind(k * n)
  const scratch = c + behind(m * n)
  const view = room(width, width * scratch + gemmScratch(width, m, n, k))
  const [rowA, stepA] = transposeA ? [width, m * width] : [k * width, width]
  const [stepB, columnB] = transposeB ? [width, k * width] : [n * width, width]
  return {
    loadA: (data, offset) => view.set(part(data, offset, m * k)),
    loadB: (data, offset) => view.set(part(data, offset, k * n), b),
    multiply(out, to) {
      run(c * width, 0, b * width, m, n, k, n * width, rowA, stepA, stepB, columnB, scratch * width, 0)
      out.set(view.subarray(c, c + m * n), to)
    },
  }
}
