// Selection: one linear pair, reading slices at indices and adding them there, which all indexing goes through.
import type { NDArray, Shape } from '../../backend/array.ts'
import { select, selectAdd } from '../../backend/js.ts'
import * as position from '../../backend/position.ts'
import { apply, type Primitive } from '../apply.ts'
import { operand } from '../argument.ts'
import { DtypeError, IndexError } from '../errors.ts'
import { broadcast, sameShape, split3, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { backwards, choice, linear, type Named } from './kind.ts'
import { expand, reshape } from './linear.ts'

/** reshape, unless it has that shape. */
export const shaped = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : reshape(x, shape))
/** All elements as one list. */
export const flat = (x: Tensor): Tensor => shaped(x, [x.numel])
/** A 0-d tensor as a list of one, others as they are: what ops along a dimension make of it. */
export const vector = (x: Tensor): Tensor => (x.ndim === 0 ? reshape(x, 1) : x)

/** @throws IndexError naming the first index outside a dimension of `size` */
export function inside(op: string, { data }: NDArray, size: number, negative = false): void {
  const bad = position.outside(data, size, negative)
  if (bad < 0) return
  const range = size === 0 ? 'which has no elements' : `${negative ? -size : 0} to ${size - 1}`
  throw new IndexError(`${op}: index ${data[bad]} is out of range for a dimension of size ${size} (${range})`)
}

/** @throws DtypeError when y, which goes into x, has another dtype */
export function alike(op: string, x: Tensor, y: Tensor): void {
  if (operand(op, x).dtype !== operand(op, y).dtype)
    throw new DtypeError(`${op}: cannot put ${y.dtype} into ${x.dtype}. Did you mean src.to('${x.dtype}')?`)
}

// the pair

interface Selection extends Named {
  readonly dim: number
  /** The size that the indices point into. */
  readonly size: number
}
/** A shape with other dimensions in place of `count` of its own from `dim` on. */
const replaced = (shape: Shape, dim: number, count: number, by: Shape): number[] => [
  ...shape.slice(0, dim),
  ...by,
  ...shape.slice(dim + count),
]
export const selectPrim: Primitive<Selection> = linear(p => p.name, {
  infer: ({ dim }, x, index) => ({ shape: replaced(x.shape, dim, 1, index.shape), dtype: x.dtype }),
  run({ name, dim, size }, out, x, index) {
    inside(name, index, size)
    select(out.data, x.data, index.data, ...split3(x.shape, dim))
  },
  transpose: (p, g, _, __, index) => apply(selectAddPrim, backwards(p), [g, index as Tensor]),
  reads: [1],
})
export const selectAddPrim: Primitive<Selection> = linear(p => p.name, {
  infer: ({ dim, size }, x, index) => ({ shape: replaced(x.shape, dim, index.ndim, [size]), dtype: x.dtype }),
  run({ name, dim, size }, out, x, index) {
    inside(name, index, size)
    selectAdd(out.data, x.data, index.data, ...split3(out.shape, dim))
  },
  transpose: (p, g, _, __, index) => apply(selectPrim, backwards(p), [g, index as Tensor]),
  reads: [1],
})
/** [..., n, ...] and indices of any shape -> [..., ...index, ...]: the slices of x along `dim` at the indices. */
export const picked = (name: string, x: Tensor, dim: number, index: Tensor): Tensor =>
  apply(selectPrim, { name, dim, size: x.shape[dim] }, [x, index])
/** [..., ...index, ...] -> [..., size, ...]: zeros to which the slices of x are added at the indices. */
export const dropped = (name: string, x: Tensor, dim: number, index: Tensor, size: number): Tensor =>
  apply(selectAddPrim, { name, dim, size }, [x, index])

// choices: where elements come from and go to

interface Positions {
  readonly op: string
  /** For each index tensor, the size it points into and the distance of two neighbours there. */
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
  /** How far the position moves along each dimension of the index tensors themselves. */
  readonly grid: readonly number[]
  /** May indices count from the end? */
  readonly negative: boolean
}
/** Positions in flattened dimensions, from index tensors that point into them. */
export const positionPrim: Primitive<Positions> = choice('position', {
  infer: (_, index) => ({ shape: index.shape, dtype: 'int32' }),
  run({ op, sizes, strides, grid, negative }, out, ...indices) {
    for (const [j, index] of indices.entries()) inside(op, index, sizes[j], negative)
    position.positions(
      out.data,
      out.shape,
      grid,
      indices.map(({ data }, j) => ({ index: data, size: sizes[j], stride: strides[j] })),
    )
  },
})
export const winnerPrim: Primitive<{ op: string; size: number }> = choice('winner', {
  infer: ({ size }) => ({ shape: [size], dtype: 'int32' }),
  run({ op, size }, out, index) {
    inside(op, index, size)
    position.winners(out.data, index.data)
  },
})

/** An index tensor, the size it points into, and over how many dimensions. */
export interface Pick {
  readonly index: Tensor
  readonly size: number
  readonly dims: number
}
/** The positions that index tensors, broadcast against each other, point to in the dimensions they index. */
export function pointed(op: string, picks: readonly Pick[]): Tensor {
  const shape = broadcast(
    op,
    picks.map(p => p.index.shape),
  )
  const sizes = picks.map(p => p.size)
  return apply(
    positionPrim,
    { op, sizes, strides: stridesOf(sizes), grid: shape.map(() => 0), negative: true },
    picks.map(p => expand(p.index, shape)),
  )
}
/**
 * x with src[j] in the place index[j] along `dim`, for a list of indices: the last j of those that share a place. A
 * number goes everywhere.
 */
export function put(op: string, x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor {
  if (index.numel === 0) return x
  const winner = apply(winnerPrim, { op, size: x.shape[dim] }, [index])
  const hit = reshape(
    winner.ge(0),
    x.shape.map((n, d) => (d === dim ? n : 1)),
  )
  const value = typeof src === 'number' || src.ndim === 0 ? src : picked(op, src, dim, winner.maximum(0))
  return hit.where(value, x).to(x.dtype)
}
