// Raw storage: what a backend reads and writes.

export type DType = 'float32' | 'float64' | 'int32' | 'bool'
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array
export type Shape = readonly number[]

/** A dense array in row-major order. */
export interface NDArray {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: TypedArray
}

const storage = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array }

/** A zero-filled array of n elements. */
export const allocate = (dtype: DType, n: number): TypedArray => new storage[dtype](n)

/** A copy of the elements in a dtype: to int32 truncates, to bool is x != 0. */
export function converted(from: ArrayLike<number>, dtype: DType): TypedArray {
  const to = allocate(dtype, from.length)
  if (dtype === 'bool') for (let i = 0; i < to.length; i++) to[i] = +(from[i] !== 0)
  else to.set(from)
  return to
}

/** Bytes of one element. */
export const byteSize = (dtype: DType): number => storage[dtype].BYTES_PER_ELEMENT

/** How many elements. */
export function numel(shape: Shape): number {
  let n = 1
  for (const size of shape) n *= size
  return n
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Row-major strides: how far apart two neighbours along each dimension lie. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step
    step *= shape[i]
  }
  return strides
}

/** Strides with which an array of `shape` is read as if it had shape `as`: 0 along what is broadcast. */
export function broadcastStrides(shape: Shape, as: Shape): number[] {
  const own = stridesOf(shape)
  const skip = as.length - shape.length
  return Array.from(as, (_, i) => (i < skip || shape[i - skip] === 1 ? 0 : own[i - skip]))
}
