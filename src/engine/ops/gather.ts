// Indexing along one dimension: with a list of indices, with an index for every element, or through all dimensions as one.
import { apply } from '../apply.ts'
import { number, operand } from '../argument.ts'
import { ShapeError } from '../errors.ts'
import { broadcast, dimension, resized, sameShape, show, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { zerosOf } from './create.ts'
import { integers } from './kind.ts'
import { corner, expand } from './linear.ts'
import { alike, dropped, flat, picked, pointed, positionPrim, put, shaped, vector } from './selection.ts'

// with a list of indices

/** Checks a list of indices into dimension `dim` of x; the dimension from the front. */
function listed(op: string, x: Tensor, dim: number, index: Tensor, src?: Tensor): number {
  const d = dimension(op, dim, x)
  if (integers(op, index).ndim > 1)
    throw new ShapeError(`${op}: the indices are a list, not ${show(index.shape)}. Did you mean gather, scatter or at?`)
  if (src) {
    alike(op, x, src)
    const fits = resized(vector(x).shape, d, index.numel)
    if (!sameShape((x.ndim === 0 ? vector(src) : src).shape, fits))
      throw new ShapeError(
        `${op}: src has shape ${show(src.shape)}, but ${index.numel} indices into dimension ${d} of ${show(x.shape)} need ${show(fits)}`,
      )
  }
  return d
}

/**
 * [..., n, ...] and indices [m] -> [..., m, ...]: the slices of x along `dim` at the indices, in their order.
 *
 * @throws IndexError when an index is negative or not below n
 * @example
 * tensor([[1, 2], [3, 4]]).indexSelect(1, tensor([1, 1, 0], { dtype: 'int32' })) // [[2, 2, 1], [4, 4, 3]]
 */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  const d = listed('indexSelect', x, dim, index)
  if (x.ndim === 0 && index.numel !== 1)
    throw new ShapeError(`indexSelect: a 0-d tensor is selected by one index, not ${index.numel}`)
  const slices = picked('indexSelect', vector(x), d, vector(index))
  return x.ndim === 0 ? shaped(slices, []) : slices
}
/** x with `alpha` times each slice of src added where its index along `dim` says; indices may repeat. */
export function indexAdd(
  x: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor,
  { alpha = 1 }: { alpha?: number } = {},
): Tensor {
  for (const y of [x, src]) operand('indexAdd', y)
  number('indexAdd', 'alpha', alpha)
  const d = listed('indexAdd', x, dim, index, src)
  const scaled = alpha === 1 ? src : src.mul(alpha)
  return x.add(shaped(dropped('indexAdd', vector(scaled), d, vector(index), vector(x).shape[d]), x.shape))
}
/** x with the slices of src in the places that the indices along `dim` say; of equal indices the last wins. */
export function indexCopy(x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  for (const y of [x, src]) operand('indexCopy', y)
  return replacing('indexCopy', x, listed('indexCopy', x, dim, index, src), index, vector(src))
}
/** x with `value` (a number or a 0-d tensor) at the indices along `dim`. */
export function indexFill(x: Tensor, dim: number, index: Tensor, value: Tensor | number): Tensor {
  if (typeof value !== 'number' && operand('indexFill', value).ndim > 0)
    throw new ShapeError(`indexFill: the value is a number or 0-d, not ${show(value.shape)}. Did you mean indexCopy?`)
  return replacing('indexFill', x, listed('indexFill', x, dim, index), index, value)
}
const replacing = (op: string, x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor =>
  shaped(put(op, vector(x), dim, vector(index), src), x.shape)

// with an index for every element

/** Checks an index tensor for x, and for src; the positions it points to in the flattened x. */
function elementwise(op: string, x: Tensor, dim: number, index: Tensor, src?: Tensor): Tensor {
  const d = dimension(op, dim, x)
  integers(op, index)
  if (x.ndim === 0) return shaped(elementwise(op, vector(x), d, vector(index), src && vector(src)), index.shape)
  const fits = (into: Tensor, except: number): boolean =>
    index.numel === 0 || (index.ndim === into.ndim && index.shape.every((n, k) => k === except || n <= into.shape[k]))
  if (!fits(x, d))
    throw new ShapeError(
      `${op}: the index ${show(index.shape)} must have the dimensions of ${show(x.shape)} and be no larger outside dimension ${d}`,
    )
  if (src) {
    alike(op, x, src)
    if (!fits(src, -1))
      throw new ShapeError(
        `${op}: the index ${show(index.shape)} must have the dimensions of src ${show(src.shape)} and be no larger`,
      )
  }
  const strides = stridesOf(x.shape)
  const grid = index.ndim === x.ndim ? resized(strides, d, 0) : index.shape.map(() => 0)
  return apply(positionPrim, { op, sizes: [x.shape[d]], strides: [strides[d]], grid, negative: false }, [index])
}
/** The part of src that the index covers, flattened. */
function covered(src: Tensor, index: Tensor): Tensor {
  if (src.numel === index.numel) return flat(src)
  return index.numel === 0 ? zerosOf({ shape: [0], dtype: src.dtype }) : flat(corner(src, vector(index).shape))
}

/**
 * An element of x for each index, in the index's shape: out[i][j] = x[i][index[i][j]] for dim = 1. The index may be
 * smaller than x outside `dim`.
 *
 * @throws IndexError when an index is out of range (negative ones are), ShapeError when the shapes do not fit
 * @example
 * tensor([[1, 2], [3, 4]]).gather(1, tensor([[1], [0]], { dtype: 'int32' })) // [[2], [3]]
 */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  return gathered('gather', x, dim, index)
}
/** `gather`, under the name of whatever op it is part of. */
export function gathered(op: string, x: Tensor, dim: number, index: Tensor): Tensor {
  const where = elementwise(op, x, dim, index)
  return picked(op, flat(x), 0, where)
}
/**
 * x with each element of src in the place that its index along `dim` says, the transpose of reading by `gather`; of
 * those that share a place the last wins. src may be a number.
 */
export function scatter(x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor {
  for (const y of [x, index]) operand('scatter', y)
  if (typeof src !== 'number') operand('scatter', src)
  const where = elementwise('scatter', x, dim, index, typeof src === 'number' ? undefined : src)
  const source = typeof src === 'number' ? src : covered(src, index)
  return shaped(put('scatter', flat(x), 0, flat(where), source), x.shape)
}
/** x with each element of src added in the place that its index along `dim` says: the transpose of `gather`. */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  for (const y of [x, index, src]) operand('scatterAdd', y)
  const where = elementwise('scatterAdd', x, dim, index, src)
  return x.add(shaped(dropped('scatterAdd', covered(src, index), 0, flat(where), x.numel), x.shape))
}
/** The elements of the flattened x at the indices (negative: from the end), in their shape. */
export function take(x: Tensor, index: Tensor): Tensor {
  const where = pointed('take', [{ index: integers('take', index), size: operand('take', x).numel, dims: 1 }])
  return picked('take', flat(x), 0, where)
}
/** `gather` with x and the index broadcast against each other outside `dim`; without a dim, from the flattened x: [m]. */
export function takeAlongDim(x: Tensor, index: Tensor, dim?: number): Tensor {
  for (const y of [x, integers('takeAlongDim', index)]) operand('takeAlongDim', y)
  if (dim === undefined) return gathered('takeAlongDim', flat(x), 0, flat(index))
  const d = dimension('takeAlongDim', dim, x)
  if (index.ndim !== x.ndim)
    throw new ShapeError(
      `takeAlongDim: the index ${show(index.shape)} must have as many dimensions as ${show(x.shape)}`,
    )
  const rest = broadcast('takeAlongDim', [resized(x.shape, d, 1), resized(index.shape, d, 1)])
  const as = (y: Tensor): Tensor => expand(y, resized(rest, d, y.shape[d]))
  return gathered('takeAlongDim', as(x), d, as(index))
}
