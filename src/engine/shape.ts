// Shapes: broadcasting, strides, dimensions, and every error about them.
import { byteSize, type DType, numel, type Shape, sameShape } from '../backend/array.ts'

export { broadcastStrides, numel, sameShape, stridesOf } from '../backend/array.ts'

import { described, operand } from './argument.ts'
import { ArgumentError, IndexError, ShapeError } from './errors.ts'

/** `[2, 3]`, as errors print it. */
export const show = (shape: Shape): string => `[${shape.join(', ')}]`

const NUMBER: Shape = []
const shapeOf = (x: Shaped): Shape => (typeof x === 'number' ? NUMBER : 'shape' in x ? x.shape : x)
/** What has a shape: a number ([]), a tensor, or a shape itself. */
type Shaped = number | { readonly shape: Shape } | Shape

/**
 * The shape that operands broadcast to: aligned at the last dimension, sizes equal or 1.
 * @throws ShapeError naming the op, the shapes and the dimension that does not fit
 */
export function broadcast(op: string, xs: readonly Shaped[]): Shape {
  // nearly always one operand's shape is the answer
  let widest = NUMBER
  for (const x of xs) {
    const shape = shapeOf(x)
    if (shape.length > widest.length || (shape.length === widest.length && numel(shape) > numel(widest))) widest = shape
  }
  let same = true
  for (const x of xs) {
    const shape = shapeOf(x)
    if (shape.length > 0 && !sameShape(shape, widest)) same = false
  }
  return same ? widest : combined(op, xs.map(shapeOf))
}

function combined(op: string, shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map(shape => shape.length))
  return Array.from({ length: rank }, (_, i) => {
    let size = 1
    for (const shape of shapes) {
      const own = shape[i - rank + shape.length] ?? 1
      if (own === 1 || own === size) continue
      if (size !== 1) {
        throw new ShapeError(
          `${op}: shapes ${shapes.map(show).join(' and ')} do not broadcast: sizes ${size} and ${own} at dimension ${i - rank} are neither equal nor 1`,
        )
      }
      size = own
    }
    return size
  })
}

/** A dimension of x counted from the front, checked. A 0-d tensor has the dimensions 0 and -1, as in PyTorch. */
export function dimension(op: string, dim: number, x: { readonly shape: Shape }): number {
  const rank = operand(op, x).shape.length
  const range = Math.max(rank, 1)
  if (!Number.isInteger(dim)) throw new ArgumentError(`${op}: a dimension is an integer, not ${described(dim)}`)
  if (dim < -range || dim >= range)
    throw new IndexError(
      `${op}: dimension ${dim} is out of range for a tensor of ${rank} dimensions (-${range} to ${range - 1})`,
    )
  return dim < 0 ? dim + range : dim
}

/** Several dimensions of x, in rising order, checked and without repetition; all of them when undefined or empty. */
export function dimensions(
  op: string,
  dims: number | readonly number[] | undefined,
  x: { readonly shape: Shape },
): number[] {
  const rank = operand(op, x).shape.length
  if (dims === undefined || (Array.isArray(dims) && dims.length === 0)) return Array.from({ length: rank }, (_, i) => i)
  const list = (Array.isArray(dims) ? dims : [dims]).map(dim => dimension(op, dim, x))
  if (new Set(list).size !== list.length) throw new ArgumentError(`${op}: dimension repeated in [${list.join(', ')}]`)
  return rank === 0 ? [] : list.sort((a, b) => a - b)
}

/** The sizes of a shape argument given as numbers or as one array. */
export function sizes(op: string, args: readonly (number | Shape)[]): number[] {
  const list = args.length === 1 && Array.isArray(args[0]) ? [...(args[0] as Shape)] : [...(args as readonly number[])]
  for (const size of list)
    if (!Number.isInteger(size)) throw new ArgumentError(`${op}: a size is an integer, not ${described(size)}`)
  return list
}

/** A shape to create: whole, not negative. */
export function creation(op: string, shape: Shape): number[] {
  const list = sizes(op, [shape])
  for (const size of list) if (size < 0) throw new ShapeError(`${op}: sizes are not negative: ${show(list)}`)
  return list
}

/** What is thrown when there is no memory for an array: the system's own error names no op and no shape. */
export function tooLarge(op: string, shape: Shape, dtype: DType, cause: unknown, hint = ''): unknown {
  if (!(cause instanceof RangeError)) return cause
  const bytes = numel(shape) * byteSize(dtype)
  const error = new ShapeError(
    `${op}: no memory for ${show(shape)}, ${dtype}: ${(bytes / 2 ** 30).toPrecision(3)} GiB${hint}`,
  )
  error.cause = cause
  return error
}

/** The shape without the dimensions, or with them as 1. `dims` rising. */
export function reduced(shape: Shape, dims: readonly number[], keepdim = false): number[] {
  return keepdim ? shape.map((size, i) => (dims.includes(i) ? 1 : size)) : shape.filter((_, i) => !dims.includes(i))
}

/** The shape with one size changed. */
export const resized = (shape: Shape, dim: number, size: number): number[] =>
  shape.map((n, d) => (d === dim ? size : n))

/** The shape with 1s in front, of `rank` dimensions at least. */
export const ranked = (shape: Shape, rank: number): number[] => [
  ...new Array<number>(Math.max(0, rank - shape.length)).fill(1),
  ...shape,
]

/** Resolves one -1 in a shape from the number of elements. */
export function inferred(op: string, from: Shape, shape: Shape): number[] {
  const n = numel(from)
  const holes = shape.filter(size => size === -1).length
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1)
  if (holes > 1) throw new ShapeError(`${op}: only one size can be -1: ${show(shape)}`)
  if (shape.some(size => size < -1)) throw new ShapeError(`${op}: sizes are not negative: ${show(shape)}`)
  if (holes === 1 && known === 0)
    throw new ShapeError(`${op}: -1 is ambiguous in ${show(shape)} for a tensor of ${n} elements`)
  const result = shape.map(size => (size === -1 ? n / known : size))
  if (!result.every(Number.isInteger) || numel(result) !== n) {
    throw new ShapeError(
      `${op}: ${show(from)} has ${n} elements and cannot be seen as ${show(shape)} (${holes ? `a multiple of ${known}` : known} elements)`,
    )
  }
  return result
}

/** A shape as [outer, size, inner] around one dimension; a 0-d shape is [1, 1, 1]. */
export function split3(shape: Shape, dim: number): [outer: number, size: number, inner: number] {
  let outer = 1
  let inner = 1
  for (let i = 0; i < dim; i++) outer *= shape[i]
  for (let i = dim + 1; i < shape.length; i++) inner *= shape[i]
  return [outer, shape.length === 0 ? 1 : shape[dim], inner]
}
