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

/** Bytes of one element. */
export const byteSize = (dtype: DType): number => storage[dtype].BYTES_PER_ELEMENT
