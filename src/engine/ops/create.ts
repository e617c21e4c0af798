// Tensors out of nothing: from nested arrays, filled, ranged.
import { allocate, type DType, type NDArray, type Shape, type TypedArray } from '../../backend/array.ts'
import { mode, type Spec, wrap } from '../apply.ts'
import { number, operand, typed } from '../argument.ts'
import { ArgumentError, DtypeError, ShapeError } from '../errors.ts'
import { creation, numel, show, tooLarge } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

/** What a tensor is made of: a number, a boolean, a typed array, or arrays of these, nested as deep as the tensor has dimensions. */
export type Nested = number | boolean | TypedArray | readonly Nested[]

export interface CreateOptions {
  /** 'float32' unless the op says otherwise. */
  readonly dtype?: DType
  /** Whether it is a leaf that collects a gradient. Needs a float dtype. */
  readonly requiresGrad?: boolean
}

/** @throws DtypeError when a tensor of this dtype is to collect a gradient, and cannot */
export function collecting(op: string, dtype: DType, requiresGrad: boolean): void {
  if (requiresGrad && dtype !== 'float32' && dtype !== 'float64')
    throw new DtypeError(`${op}: only float tensors can require a gradient, not ${dtype}`)
}

/** Finishes a new array as a tensor. */
export function created(op: string, array: NDArray, { requiresGrad = false }: CreateOptions = {}): Tensor {
  collecting(op, array.dtype, requiresGrad)
  const x = wrap(array)
  mode.recorder?.created(x)
  return requiresGrad ? x.requiresGrad_() : x
}

const isTyped = (x: unknown): x is TypedArray => ArrayBuffer.isView(x) && !(x instanceof DataView)
const dtypeOf = (data: TypedArray): DType =>
  data instanceof Float64Array
    ? 'float64'
    : data instanceof Int32Array
      ? 'int32'
      : data instanceof Float32Array
        ? 'float32'
        : 'int32'

/**
 * A tensor of the given numbers: nested arrays of one depth and equal lengths, a number (0-d), or a typed array
 * (1-d, copied). dtype: float32 for numbers, bool for booleans, the array's own for a typed array (a byte array
 * gives int32), unless `dtype` says otherwise.
 *
 * @throws ShapeError when rows differ in length
 * @throws DtypeError when an element is neither number nor boolean, or none that the dtype can hold
 * @example
 * tensor([[1, 2], [3, 4]]).shape // [2, 2]
 */
export function tensor(values: Nested, options: CreateOptions = {}): Tensor {
  if (isTyped(values)) {
    const dtype = typed('tensor', options.dtype ?? dtypeOf(values))
    const data = generated('tensor', dtype, values.length, i => Number(values[i]))
    return created('tensor', { dtype, shape: [values.length], data }, options)
  }
  const shape: number[] = []
  let probe: Nested = values
  while (Array.isArray(probe) || isTyped(probe)) {
    shape.push(probe.length)
    if (probe.length === 0) break
    probe = (probe as readonly Nested[])[0] as Nested
  }
  const flat: (number | boolean)[] = []
  const collect = (x: Nested, depth: number): void => {
    if (Array.isArray(x) || isTyped(x)) {
      if (depth >= shape.length || x.length !== shape[depth]) {
        throw new ShapeError(
          `tensor: rows differ: expected ${depth < shape.length ? `length ${shape[depth]}` : 'a number'} at depth ${depth}, found ${depth < shape.length ? `length ${x.length}` : `an array of ${x.length}`}; the first elements say ${show(shape)}`,
        )
      }
      for (let i = 0; i < x.length; i++) collect((x as readonly Nested[])[i] as Nested, depth + 1)
      return
    }
    if (depth !== shape.length)
      throw new ShapeError(
        `tensor: rows differ: expected length ${shape[depth]} at depth ${depth}, found a number; the first elements say ${show(shape)}`,
      )
    if (typeof x !== 'number' && typeof x !== 'boolean')
      throw new DtypeError(`tensor: elements are numbers or booleans, not ${x === null ? 'null' : typeof x}`)
    flat.push(x)
  }
  collect(values, 0)
  const truths = flat.length > 0 && flat.every(x => typeof x === 'boolean')
  const dtype = typed('tensor', options.dtype ?? (truths ? 'bool' : 'float32'))
  const data = generated('tensor', dtype, flat.length, i => Number(flat[i]))
  return created('tensor', { dtype, shape, data }, options)
}

/** @throws DtypeError when x is not a number that the dtype can hold; the number as it holds it */
function held(op: string, dtype: DType, x: number): number {
  if (dtype === 'bool') return +(x !== 0)
  if (dtype === 'int32' && !(x > -(2 ** 31) - 1 && x < 2 ** 31))
    throw new DtypeError(`${op}: int32 holds whole numbers from -2^31 to 2^31 - 1, not ${x}. Use { dtype: 'float64' }`)
  return x
}
/** An array of n elements, each given by its index. */
function generated(op: string, dtype: DType, n: number, element: (i: number) => number): TypedArray {
  // before there is room for what may be too many
  if (n > 0) held(op, dtype, element(n - 1))
  const data = allocate(dtype, n)
  for (let i = 0; i < n; i++) data[i] = held(op, dtype, element(i))
  return data
}

function room(op: string, dtype: DType, shape: Shape): TypedArray {
  try {
    return allocate(dtype, numel(shape))
  } catch (error) {
    throw tooLarge(op, shape, dtype, error)
  }
}

function filled(op: string, shape: Shape, value: number, options: CreateOptions = {}): Tensor {
  const dtype = typed(op, options.dtype ?? 'float32')
  const size = creation(op, shape)
  const data = room(op, dtype, size)
  if (number(op, 'the value', value) !== 0) data.fill(held(op, dtype, value))
  return created(op, { dtype, shape: size, data }, options)
}
/** A tensor of `shape`, all `value`. */
export const full = (shape: Shape, value: number, options?: CreateOptions): Tensor =>
  filled('full', shape, value, options)
/** A tensor of `shape`, all 0. */
export const zeros = (shape: Shape, options?: CreateOptions): Tensor => filled('zeros', shape, 0, options)
/** A tensor of `shape`, all 1. */
export const ones = (shape: Shape, options?: CreateOptions): Tensor => filled('ones', shape, 1, options)

/** Zeros of the same shape and dtype. */
export const zerosOf = ({ shape, dtype }: Spec): Tensor => full(shape, 0, { dtype })
/** Zeros with the shape and, unless given, the dtype of x. */
export const zerosLike = (x: Spec, options: CreateOptions = {}): Tensor =>
  filled('zerosLike', operand('zerosLike', x).shape, 0, { dtype: x.dtype, ...options })
/** Ones with the shape and, unless given, the dtype of x. */
export const onesLike = (x: Spec, options: CreateOptions = {}): Tensor =>
  filled('onesLike', operand('onesLike', x).shape, 1, { dtype: x.dtype, ...options })
/** `value` everywhere, with the shape and, unless given, the dtype of x. */
export const fullLike = (x: Spec, value: number, options: CreateOptions = {}): Tensor =>
  filled('fullLike', operand('fullLike', x).shape, value, { dtype: x.dtype, ...options })

/** The identity matrix [n, m] (square without m). */
export function eye(n: number, m: number | CreateOptions = n, options: CreateOptions = {}): Tensor {
  if (typeof m === 'object') return eye(n, n, m)
  const dtype = typed('eye', options.dtype ?? 'float32')
  const [rows, columns] = creation('eye', [n, m]) as [number, number]
  const data = room('eye', dtype, [rows, columns])
  for (let i = 0; i < Math.min(rows, columns); i++) data[i * columns + i] = 1
  return created('eye', { dtype, shape: [rows, columns], data }, options)
}

/**
 * Numbers from `start` (0) up to but without `end`, `step` (1) apart: [n]. int32 when all three are whole, else
 * float32, as in PyTorch.
 * @throws ArgumentError when step is 0 or leads away from end
 */
export function arange(end: number, options?: CreateOptions): Tensor
export function arange(start: number, end: number, options?: CreateOptions): Tensor
export function arange(start: number, end: number, step: number, options?: CreateOptions): Tensor
export function arange(...args: (number | CreateOptions | undefined)[]): Tensor {
  const numbers = args.filter(x => typeof x === 'number')
  const options = args.find(x => typeof x === 'object') ?? {}
  const [start, end, step = 1] = (numbers.length === 1 ? [0, ...numbers] : numbers) as [number, number, number?]
  if (step === 0 || (end - start) * step < 0 || !Number.isFinite(end - start)) {
    throw new ArgumentError(`arange: from ${start} to ${end} cannot be walked in steps of ${step}`)
  }
  const whole = [start, end, step].every(Number.isInteger)
  const dtype = typed('arange', options.dtype ?? (whole ? 'int32' : 'float32'))
  const data = generated('arange', dtype, Math.ceil((end - start) / step), i => start + i * step)
  return created('arange', { dtype, shape: [data.length], data }, options)
}

/** `steps` numbers from `start` to `end`, both included, equally far apart: [steps]. */
export function linspace(start: number, end: number, steps: number, options: CreateOptions = {}): Tensor {
  for (const bound of [start, end]) number('linspace', 'a bound', bound)
  const dtype = typed('linspace', options.dtype ?? 'float32')
  const [n] = creation('linspace', [steps])
  const step = (end - start) / Math.max(n - 1, 1)
  // from both ends, so that both are exact
  const data = generated('linspace', dtype, n, i => (i < n / 2 ? start + i * step : end - (n - 1 - i) * step))
  return created('linspace', { dtype, shape: [steps], data }, options)
}
