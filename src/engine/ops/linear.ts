// Linear maps of shape: each beside its transpose.

import type { DType, NDArray, Shape } from '../../backend/array.ts'
import { fold, folds, join, read, spread, sum3, triangle, type View } from '../../backend/js.ts'
import { apply, type Primitive, type Spec, settle, wrap } from '../apply.ts'
import { integer, operand, operands, options, typed } from '../argument.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import {
  broadcastStrides,
  dimension,
  dimensions,
  inferred,
  numel,
  reduced,
  resized,
  sameShape,
  show,
  sizes,
  split3,
  stridesOf,
} from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { backwards, linear, type Named } from './kind.ts'

/** Reading along a view, and adding along it, which is the transpose: what all strided ops share. */
const reading = (out: NDArray, x: NDArray, view: View): void => read(out.data, x.data, { ...view, shape: out.shape })
const spreading = (out: NDArray, g: NDArray, view: View): void => spread(out.data, g.data, { ...view, shape: g.shape })

// reshape <-> reshape

export const reshapePrim: Primitive<Shape> = linear('reshape', {
  infer: (shape, x) => ({ shape, dtype: x.dtype }),
  run: (_, out, x) => out.data.set(x.data),
  transpose: (_, g, __, x) => reshape(g, x.shape),
})
/** x in another shape. Tensors are immutable, so both may hold the same data. */
const reshaped = (x: Tensor, shape: Shape): Tensor =>
  settle(reshapePrim, shape, [x], wrap({ shape, dtype: x.dtype, data: x.array }))

/** The same elements in row-major order as another shape; one size may be -1: worked out. */
export function reshape(x: Tensor, ...shape: (number | Shape)[]): Tensor {
  return reshaped(x, inferred('reshape', operand('reshape', x).shape, sizes('reshape', shape)))
}
/** The same tensor as another object: a new place for a gradient or a tangent. */
export const alias = (x: Tensor): Tensor => reshaped(x, x.shape)

// expand <-> sum

export const expandPrim: Primitive<Shape> = linear('expand', {
  infer: (shape, x) => ({ shape, dtype: x.dtype }),
  run: (_, out, x) => reading(out, x, { shape: out.shape, strides: broadcastStrides(x.shape, out.shape), offset: 0 }),
  transpose: (_, g, __, x) => sumTo(g, x),
})
/** Repeats dimensions of size 1 (and new ones in front) to `shape`; -1 keeps a size. */
export function expand(x: Tensor, ...shape: (number | Shape)[]): Tensor {
  const asked = sizes('expand', shape)
  const skip = asked.length - operand('expand', x).ndim
  const target = asked.map((size, i) => (size === -1 && i >= skip ? x.shape[i - skip] : size))
  const fits =
    skip >= 0 &&
    target.every((size, i) => size >= 0 && (i < skip || x.shape[i - skip] === 1 || x.shape[i - skip] === size))
  if (!fits)
    throw new ShapeError(
      `expand: ${show(x.shape)} cannot be expanded to ${show(asked)}: only sizes of 1 repeat, and new dimensions come in front`,
    )
  return sameShape(target, x.shape) ? x : apply(expandPrim, target, [x])
}

interface Sum {
  readonly dims: readonly number[]
  readonly keepdim: boolean
}
export const sumPrim: Primitive<Sum> = linear('sum', {
  infer: ({ dims, keepdim }, x) => ({
    shape: reduced(x.shape, dims, keepdim),
    dtype: x.dtype === 'bool' ? 'int32' : x.dtype,
  }),
  flops: (_, __, x) => numel(x.shape),
  run({ dims }, out, x) {
    const consecutive = dims.every((d, i) => i === 0 || d === dims[i - 1] + 1)
    if (consecutive) {
      const first = dims[0] ?? 0
      const n = numel(dims.map(d => x.shape[d]))
      const outer = numel(x.shape.slice(0, first))
      return sum3(out.data, x.data, outer, n, numel(x.shape.slice(first + dims.length)))
    }
    folding(folds.sum, dims, out, x)
  },
  transpose: ({ dims, keepdim }, g, _, x) => expand(keepdim ? g : reshape(g, reduced(x.shape, dims, true)), x.shape),
})
/** Runs a fold over `dims` of x. */
export function folding(f: Parameters<typeof fold>[0], dims: readonly number[], out: NDArray, x: NDArray): void {
  const strides = stridesOf(x.shape)
  const part = (inside: boolean): View => {
    const chosen = x.shape.flatMap((_, d) => (dims.includes(d) === inside ? [d] : []))
    return { shape: chosen.map(d => x.shape[d]), strides: chosen.map(d => strides[d]), offset: 0 }
  }
  fold(f, out.data, x.data, part(false), part(true))
}
/** A reduction's dimensions: one, several, or all when left out. */
export type Dims = number | readonly number[]
export interface KeepDim {
  /** Keep the reduced dimensions, with size 1. */
  readonly keepdim?: boolean
}
/** The option of a reduction, checked: `x.sum(1, true)` is PyTorch's habit and would be ignored. */
export const keeps = (op: string, given: KeepDim): boolean => options(op, given, ['keepdim']).keepdim ?? false
/** The sum over `dims`. Accumulated in float64; int32 from integers and bools. */
export const sum = (x: Tensor, dims?: Dims, options?: KeepDim): Tensor => summed('sum', x, dims, options)
/** `sum`, whose errors name the op that it is part of. */
export function summed(op: string, x: Tensor, dims?: Dims, given: KeepDim = {}): Tensor {
  const keepdim = keeps(op, given)
  return apply(sumPrim, { dims: dimensions(op, dims, x), keepdim }, [x])
}
/** Sums what was broadcast from `target`, back to its shape and dtype: the transpose of broadcasting. */
export function sumTo(g: Tensor, target: Spec): Tensor {
  let out = g
  if (!sameShape(g.shape, target.shape)) {
    const skip = g.ndim - target.shape.length
    const dims = g.shape.flatMap((size, i) => (i < skip || (target.shape[i - skip] === 1 && size !== 1) ? [i] : []))
    out = reshape(sum(g, dims, { keepdim: true }), target.shape)
  }
  return to(out, target.dtype)
}

// to <-> to

export const castPrim: Primitive<DType> = linear('to', {
  infer: (dtype, x) => ({ shape: x.shape, dtype }),
  run(dtype, out, x) {
    if (dtype === 'bool') for (let i = 0; i < x.data.length; i++) out.data[i] = +(x.data[i] !== 0)
    else out.data.set(x.data)
  },
  transpose: (_, g, __, x) => to(g, x.dtype),
})
/** The same values in another dtype: to int32 truncates, to bool is x != 0. */
export const to = (x: Tensor, dtype: DType): Tensor =>
  operand('to', x).dtype === dtype ? x : apply(castPrim, typed('to', dtype), [x])

// permute <-> permute

export const permutePrim: Primitive<readonly number[]> = linear('permute', {
  infer: (dims, x) => ({ shape: dims.map(d => x.shape[d]), dtype: x.dtype }),
  run(dims, out, x) {
    const strides = stridesOf(x.shape)
    reading(out, x, { shape: out.shape, strides: dims.map(d => strides[d]), offset: 0 })
  },
  transpose: (dims, g) =>
    apply(
      permutePrim,
      dims.map((_, i) => dims.indexOf(i)),
      [g],
    ),
})
/** The dimensions in another order. */
export function permute(x: Tensor, ...dims: (number | readonly number[])[]): Tensor {
  operand('permute', x)
  const order = sizes('permute', dims).map(d => dimension('permute', d, x))
  if (order.length !== x.ndim || new Set(order).size !== order.length) {
    throw new ShapeError(
      `permute: [${order.join(', ')}] does not name each of the ${x.ndim} dimensions of ${show(x.shape)} once`,
    )
  }
  return apply(permutePrim, order, [x])
}

// slice <-> embed, unfold <-> fold, diagonal <-> diagEmbed: reading along a view, and adding along it

interface Viewing extends Named {
  readonly view: View
  readonly whole: Shape
}
export const viewPrim: Primitive<Viewing> = linear(p => p.name, {
  infer: (p, x) => ({ shape: p.view.shape, dtype: x.dtype }),
  run: (p, out, x) => reading(out, x, p.view),
  transpose: (p, g) => apply(unviewPrim, backwards(p), [g]),
})
export const unviewPrim: Primitive<Viewing> = linear(p => p.name, {
  infer: (p, x) => ({ shape: p.whole, dtype: x.dtype }),
  run: (p, out, x) => spreading(out, x, p.view),
  transpose: (p, g) => apply(viewPrim, backwards(p), [g]),
})
/** x read along a view, which lies inside x. */
export const viewed = (name: string, x: Tensor, view: View): Tensor =>
  apply(viewPrim, { name, view, whole: x.shape }, [x])

/** Every dimension from a start, in steps (negative: backwards), for a length. */
function window(whole: Shape, starts: readonly number[], steps: readonly number[], shape: Shape): View {
  const strides = stridesOf(whole)
  return {
    shape,
    strides: strides.map((s, i) => s * steps[i]),
    offset: strides.reduce((at, s, i) => at + s * starts[i], 0),
  }
}
/** The part of x, from its first element on, that has the given shape. */
export const corner = (x: Tensor, shape: Shape): Tensor =>
  viewed('slice', x, { shape, strides: stridesOf(x.shape), offset: 0 })
/** Zeros of shape `whole` with x at `starts`. */
export function embed(op: string, x: Tensor, starts: readonly number[], whole: Shape): Tensor {
  const view = window(
    whole,
    starts,
    starts.map(() => 1),
    x.shape,
  )
  return apply(unviewPrim, { name: op, view, whole }, [x])
}

/** What of `size` elements `start:stop:step` names, as Python: where it begins and how many there are. */
export function bounds(
  op: string,
  size: number,
  start: number | null | undefined,
  stop: number | null | undefined,
  step: number,
): [from: number, length: number] {
  for (const bound of [start, stop]) if (bound !== undefined && bound !== null) integer(op, 'a bound', bound)
  if (!Number.isInteger(step) || step < 1)
    throw new ArgumentError(`${op}: step must be a positive integer, not ${step}. To reverse, use x.flip`)
  const clip = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size)
  const from = clip(start ?? 0)
  const length = Math.max(0, Math.ceil((clip(stop ?? size) - from) / step))
  return [length === 0 ? 0 : from, length]
}
/**
 * `x[start:stop:step]` along one dimension, as Python: bounds may be negative (from the end) and are clipped.
 * @throws ArgumentError when step is not positive
 */
export function slice(x: Tensor, dim: number, start?: number | null, stop?: number | null, step = 1): Tensor {
  const d = dimension('slice', dim, x)
  if (x.ndim === 0) throw new ShapeError('slice: a 0-d tensor has nothing to slice')
  const [from, length] = bounds('slice', x.shape[d], start, stop, step)
  const strides = stridesOf(x.shape)
  return viewed('slice', x, {
    shape: resized(x.shape, d, length),
    strides: resized(strides, d, strides[d] * step),
    offset: from * strides[d],
  })
}
/** The elements along `dims` in reverse. */
export function flip(x: Tensor, dims: Dims): Tensor {
  const given = Array.isArray(dims) ? dims : [dims]
  // no dimensions are none here, not all
  const list = given.length === 0 ? [] : dimensions('flip', given, x)
  const turned = (d: number): boolean => list.includes(d) && x.shape[d] > 0
  const view = window(
    x.shape,
    x.shape.map((size, d) => (turned(d) ? size - 1 : 0)),
    x.shape.map((_, d) => (turned(d) ? -1 : 1)),
    x.shape,
  )
  return viewed('flip', x, view)
}

// cat <-> slices

interface Join extends Named {
  readonly dim: number
  /** Where each operand begins, and where the last one ends. */
  readonly starts: readonly number[]
}
export const catPrim: Primitive<Join> = linear(p => p.name, {
  infer: ({ dim, starts }, x) => ({ shape: resized(x.shape, dim, starts.at(-1) as number), dtype: x.dtype }),
  run: ({ dim }, out, ...xs) =>
    join(
      out.data,
      xs.map(x => x.data),
      split3(out.shape, dim)[0],
    ),
  transpose: ({ dim, starts }, g, i) => slice(g, dim, starts[i], starts[i + 1]),
})
/** Operands are arguments, of which a call takes only so many. */
const MOST = 1024
/**
 * Tensors one after another along a dimension; the other sizes must agree. An empty 1-d tensor is left out, as in
 * PyTorch.
 */
export const cat = (xs: readonly Tensor[], dim = 0): Tensor => joined('cat', xs, dim)
/** `cat`, under the name of whatever op it is part of. */
export function joined(op: string, xs: readonly Tensor[], dim: number): Tensor {
  if (operands(op, xs).length === 0) throw new ArgumentError(`${op}: needs at least one tensor`)
  const parts = xs.filter(x => !(x.ndim === 1 && x.numel === 0))
  const [first] = parts
  if (!first) return xs[0]
  const d = dimension(op, dim, first)
  for (const x of parts) {
    if (x.ndim === 0) throw new ShapeError(`${op}: 0-d tensors cannot be joined: use stack`)
    if (x.ndim !== first.ndim || x.shape.some((n, i) => i !== d && n !== first.shape[i])) {
      throw new ShapeError(`${op}: ${show(first.shape)} and ${show(x.shape)} differ outside dimension ${d}`)
    }
  }
  const widest = (['float64', 'float32', 'int32', 'bool'] as const).find(dtype =>
    parts.some(x => x.dtype === dtype),
  ) as DType
  let rest = parts.map(x => to(x, widest))
  do {
    const groups = Array.from({ length: Math.ceil(rest.length / MOST) }, (_, i) => rest.slice(i * MOST, (i + 1) * MOST))
    rest = groups.map(group => concatenated(op, group, d))
  } while (rest.length > 1)
  return rest[0]
}
function concatenated(name: string, xs: readonly Tensor[], dim: number): Tensor {
  const starts = [0]
  for (const [i, x] of xs.entries()) starts.push(starts[i] + x.shape[dim])
  return apply(catPrim, { name, dim, starts }, xs)
}

// windows and diagonals, along views

/** Windows of `size` every `step` along a dimension, as a new last dimension: [..., n, ...] -> [..., (n-size)/step+1, ..., size]. */
export function unfold(x: Tensor, dim: number, size: number, step: number): Tensor {
  const d = dimension('unfold', dim, x)
  const n = x.ndim === 0 ? 1 : x.shape[d]
  if (!Number.isInteger(size) || size < 0 || size > n)
    throw new ShapeError(`unfold: windows of ${size} do not fit into dimension ${d} of ${show(x.shape)}`)
  if (!Number.isInteger(step) || step < 1)
    throw new ArgumentError(`unfold: step must be a positive integer, not ${step}`)
  const strides = stridesOf(x.shape)
  const own = strides[d] ?? 1
  return viewed('unfold', x, {
    shape: [...resized(x.shape, d, Math.floor((n - size) / step) + 1), size],
    strides: [...resized(strides, d, own * step), own],
    offset: 0,
  })
}

/** Where the diagonal lies: above (positive) or below (negative) the main one, and between which dimensions. */
export interface DiagonalOptions {
  readonly offset?: number
  readonly dim1?: number
  readonly dim2?: number
}
function diagonalView(op: string, shape: Shape, { offset = 0, dim1 = 0, dim2 = 1 }: DiagonalOptions): View {
  const a = dimension(op, dim1, { shape })
  const b = dimension(op, dim2, { shape })
  integer(op, 'offset', offset)
  if (a === b) throw new ArgumentError(`${op}: dim1 and dim2 are the same dimension ${a}`)
  const strides = stridesOf(shape)
  const rest = shape.flatMap((_, d) => (d === a || d === b ? [] : [d]))
  const [rows, columns] = [shape[a], shape[b]]
  const length = Math.max(0, Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)))
  return {
    shape: [...rest.map(d => shape[d]), length],
    strides: [...rest.map(d => strides[d]), strides[a] + strides[b]],
    offset: offset >= 0 ? offset * strides[b] : -offset * strides[a],
  }
}
/** The diagonal between two dimensions, as a new last dimension. */
export function diagonal(x: Tensor, options: DiagonalOptions = {}): Tensor {
  if (operand('diagonal', x).ndim < 2)
    throw new ShapeError(`diagonal: needs at least 2 dimensions, not ${show(x.shape)}`)
  return viewed('diagonal', x, diagonalView('diagonal', x.shape, options))
}
/** Matrices with the last dimension of x on the diagonal `offset`, zeros elsewhere; they span dim1 and dim2 of the result. */
export function diagEmbed(x: Tensor, { offset = 0, dim1 = -2, dim2 = -1 }: DiagonalOptions = {}): Tensor {
  if (operand('diagEmbed', x).ndim < 1) throw new ShapeError('diagEmbed: needs at least 1 dimension')
  const rank = x.ndim + 1
  const a = dimension('diagEmbed', dim1, { shape: [...x.shape, 1] })
  const b = dimension('diagEmbed', dim2, { shape: [...x.shape, 1] })
  integer('diagEmbed', 'offset', offset)
  if (a === b) throw new ArgumentError(`diagEmbed: dim1 and dim2 are the same dimension ${a}`)
  const side = x.shape[x.ndim - 1] + Math.abs(offset)
  const rest = [...x.shape.slice(0, -1)]
  const whole = Array.from({ length: rank }, (_, d) => (d === a || d === b ? side : (rest.shift() as number)))
  const view = diagonalView('diagEmbed', whole, { offset, dim1: a, dim2: b })
  return apply(unviewPrim, { name: 'diagEmbed', view, whole }, [x])
}

// triangles: a linear map that is its own transpose

interface Triangle extends Named {
  readonly name: 'tril' | 'triu'
  readonly diagonal: number
}
export const trianglePrim: Primitive<Triangle> = linear(p => p.name, {
  infer: (_, x) => ({ shape: x.shape, dtype: x.dtype }),
  run({ name, diagonal }, out, x) {
    const [rows, columns] = x.shape.slice(-2) as [number, number]
    triangle(out.data, x.data, rows, columns, name === 'triu', diagonal)
  },
  transpose: (p, g) => apply(trianglePrim, p, [g]),
})
function triangular(name: Triangle['name'], x: Tensor, diagonal: number): Tensor {
  if (operand(name, x).ndim < 2) throw new ShapeError(`${name}: needs at least 2 dimensions, not ${show(x.shape)}`)
  return apply(trianglePrim, { name, diagonal: integer(name, 'the diagonal', diagonal) }, [x])
}
/** The matrix with zeros above the diagonal `k` (0: the main one, positive: above it). */
export const tril = (x: Tensor, k = 0): Tensor => triangular('tril', x, k)
/** The matrix with zeros below the diagonal `k`. */
export const triu = (x: Tensor, k = 0): Tensor => triangular('triu', x, k)
