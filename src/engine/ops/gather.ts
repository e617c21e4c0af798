// Indexing: one linear pair, indexSelect and its transpose; everything else computes positions and goes through it.
import type { NDArray, Shape } from '../../backend/array.ts'
import { select, selectAdd } from '../../backend/js.ts'
import * as position from '../../backend/position.ts'
import { apply, type Primitive } from '../apply.ts'
import { number, operand, operands } from '../argument.ts'
import { ArgumentError, DtypeError, IndexError, ShapeError } from '../errors.ts'
import { broadcast, dimension, numel, reduced, sameShape, show, split3, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { full, zerosOf } from './create.ts'
import { choice, integers, linear } from './kind.ts'
import { expand, permute, reshape, slice, strided } from './linear.ts'
import { amax } from './reduce.ts'

const resized = (shape: Shape, dim: number, size: number): number[] => shape.map((n, d) => (d === dim ? size : n))
/** reshape, unless it has that shape. */
const shaped = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : reshape(x, shape))
const vector = (x: Tensor): Tensor => (x.ndim === 0 ? reshape(x, 1) : x)

/** @throws IndexError naming the first index outside a dimension of `size` */
function inside(op: string, { data }: NDArray, size: number, negative = false): void {
  const bad = position.outside(data, size, negative)
  if (bad < 0) return
  const range = size === 0 ? 'which has no elements' : `${negative ? -size : 0} to ${size - 1}`
  throw new IndexError(`${op}: index ${data[bad]} is out of range for a dimension of size ${size} (${range})`)
}

/** @throws DtypeError when y, which goes into x, has another dtype */
function alike(op: string, x: Tensor, y: Tensor): void {
  if (operand(op, x).dtype !== operand(op, y).dtype)
    throw new DtypeError(`${op}: cannot put ${y.dtype} into ${x.dtype}. Did you mean src.to('${x.dtype}')?`)
}

// the pair: indexSelect <-> selectAdd

interface Selection {
  readonly op: string
  readonly dim: number
  /** The size that the indices point into. */
  readonly size: number
}
const selectPrim: Primitive<Selection> = linear('indexSelect', {
  infer: ({ dim }, x, index) => ({ shape: resized(x.shape, dim, index.numel), dtype: x.dtype }),
  run({ op, dim, size }, out, x, index) {
    inside(op, index, size)
    select(out.data, x.data, index.data, ...split3(x.shape, dim))
  },
  transpose: (p, g, _, __, index) => apply(selectAddPrim, p, [g, index as Tensor]),
  reads: [1],
})
const selectAddPrim: Primitive<Selection> = linear('selectAdd', {
  infer: ({ dim, size }, x) => ({ shape: resized(x.shape, dim, size), dtype: x.dtype }),
  run({ op, dim, size }, out, x, index) {
    inside(op, index, size)
    selectAdd(out.data, x.data, index.data, ...split3(out.shape, dim))
  },
  transpose: (p, g, _, __, index) => apply(selectPrim, p, [g, index as Tensor]),
  reads: [1],
})
/** The slices of x along `dim` at the indices, in their order. */
const picked = (op: string, x: Tensor, dim: number, index: Tensor): Tensor =>
  apply(selectPrim, { op, dim, size: x.shape[dim] }, [x, index])
/** Zeros of `size` along `dim`, to which the slices of x are added at the indices. */
const dropped = (op: string, x: Tensor, dim: number, index: Tensor, size: number): Tensor =>
  apply(selectAddPrim, { op, dim, size }, [x, index])

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
const positionPrim: Primitive<Positions> = choice('position', {
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
const winnerPrim: Primitive<{ op: string; size: number }> = choice('winner', {
  infer: ({ size }) => ({ shape: [size], dtype: 'int32' }),
  run({ op, size }, out, index) {
    inside(op, index, size)
    position.winners(out.data, index.data)
  },
})

/** An index tensor, the size it points into, and over how many dimensions. */
interface Pick {
  readonly index: Tensor
  readonly size: number
  readonly dims: number
}
/** The positions that index tensors, broadcast against each other, point to in the dimensions they index. */
function pointed(op: string, picks: readonly Pick[]): Tensor {
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
/** What an index tensor that stands at dimension d of `shape` points to; a mask, into all of its dimensions as one. */
function pick(op: string, index: Tensor, shape: Shape, d: number): Pick {
  if (index.dtype !== 'bool') return { index: integers(op, index), size: shape[d], dims: 1 }
  const covered = shape.slice(d, d + index.ndim)
  if (!sameShape(covered, index.shape)) {
    throw new ShapeError(
      `${op}: a mask of shape ${show(index.shape)} does not fit ${show(covered)}, the dimensions of ${show(shape)} from ${d} on`,
    )
  }
  return { index: chosen(index), size: index.numel, dims: index.ndim }
}
/** The positions where a mask, flattened, is set. */
const chosen = (mask: Tensor): Tensor => reshape(nonzero(reshape(mask, -1)), -1)

/** x with src[j] in the place index[j] along `dim`: the last j of those that share a place. A number goes everywhere. */
function put(op: string, x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor {
  if (index.numel === 0) return x
  const winner = apply(winnerPrim, { op, size: x.shape[dim] }, [index])
  const hit = reshape(
    winner.ge(0),
    x.shape.map((n, d) => (d === dim ? n : 1)),
  )
  const value = typeof src === 'number' || src.ndim === 0 ? src : picked(op, src, dim, winner.maximum(0))
  return hit.where(value, x).to(x.dtype)
}

// along one dimension, with a list of indices

/** Checks a list of indices into dimension `dim` of x; the dimension from the front. */
function listed(op: string, x: Tensor, dim: number, index: Tensor, src?: Tensor): number {
  const d = dimension(op, dim, x)
  if (integers(op, index).ndim > 1)
    throw new ShapeError(`${op}: the indices are a list, not ${show(index.shape)}. Did you mean gather, scatter or at?`)
  if (src) {
    alike(op, x, src)
    const fits = resized(x.shape, d, index.numel)
    if (!sameShape(src.shape, fits))
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
  if (x.ndim > 0) return picked('indexSelect', x, d, index)
  if (index.numel !== 1) throw new ShapeError(`indexSelect: a 0-d tensor is selected by one index, not ${index.numel}`)
  return reshape(picked('indexSelect', reshape(x, 1), 0, index), [])
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
  if (x.ndim === 0) return reshape(indexAdd(reshape(x, 1), dim, index, vector(src), { alpha }), [])
  const d = listed('indexAdd', x, dim, index, src)
  return x.add(dropped('indexAdd', alpha === 1 ? src : src.mul(alpha), d, index, x.shape[d]))
}
/** x with the slices of src in the places that the indices along `dim` say; of equal indices the last wins. */
export function indexCopy(x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  for (const y of [x, src]) operand('indexCopy', y)
  if (x.ndim === 0) return reshape(indexCopy(reshape(x, 1), dim, index, vector(src)), [])
  return put('indexCopy', x, listed('indexCopy', x, dim, index, src), index, src)
}
/** x with `value` (a number or a 0-d tensor) at the indices along `dim`. */
export function indexFill(x: Tensor, dim: number, index: Tensor, value: Tensor | number): Tensor {
  if (typeof value !== 'number' && operand('indexFill', value).ndim > 0)
    throw new ShapeError(`indexFill: the value is a number or 0-d, not ${show(value.shape)}. Did you mean indexCopy?`)
  if (operand('indexFill', x).ndim === 0) return reshape(indexFill(reshape(x, 1), dim, index, value), [])
  return put('indexFill', x, listed('indexFill', x, dim, index), index, value)
}

// along one dimension, with an index for every element

/** Checks an index tensor for x, and for src; the positions it points to in the flattened x. */
function elementwise(op: string, x: Tensor, dim: number, index: Tensor, src?: Tensor): Tensor {
  const d = dimension(op, dim, x)
  integers(op, index)
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
const covered = (src: Tensor, index: Tensor): Tensor => {
  if (index.numel === 0) return zerosOf({ shape: [0], dtype: src.dtype })
  const zero = index.shape.map(() => 0)
  return shaped(
    sameShape(src.shape, index.shape)
      ? src
      : strided(
          src,
          zero,
          index.shape.map(() => 1),
          index.shape,
        ),
    [index.numel],
  )
}
const flat = (x: Tensor): Tensor => shaped(x, [x.numel])

/**
 * An element of x for each index, in the index's shape: out[i][j] = x[i][index[i][j]] for dim = 1. The index may be
 * smaller than x outside `dim`.
 *
 * @throws IndexError when an index is out of range (negative ones are), ShapeError when the shapes do not fit
 * @example
 * tensor([[1, 2], [3, 4]]).gather(1, tensor([[1], [0]], { dtype: 'int32' })) // [[2], [3]]
 */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  if (operand('gather', x).ndim === 0)
    return reshape(gather(reshape(x, 1), dim, vector(integers('gather', index))), index.shape)
  return shaped(picked('gather', flat(x), 0, elementwise('gather', x, dim, index)), index.shape)
}
/**
 * x with each element of src in the place that its index along `dim` says, the transpose of reading by `gather`; of
 * those that share a place the last wins. src may be a number.
 */
export function scatter(x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor {
  for (const y of [x, index]) operand('scatter', y)
  if (typeof src !== 'number') operand('scatter', src)
  if (x.ndim === 0)
    return reshape(scatter(reshape(x, 1), dim, vector(index), typeof src === 'number' ? src : vector(src)), [])
  const source = typeof src === 'number' ? undefined : src
  const where = elementwise('scatter', x, dim, index, source)
  return shaped(put('scatter', flat(x), 0, flat(where), source ? covered(source, index) : (src as number)), x.shape)
}
/** x with each element of src added in the place that its index along `dim` says: the transpose of `gather`. */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  for (const y of [x, index, src]) operand('scatterAdd', y)
  if (x.ndim === 0) return reshape(scatterAdd(reshape(x, 1), dim, vector(index), vector(src)), [])
  const where = elementwise('scatterAdd', x, dim, index, src)
  return x.add(shaped(dropped('scatterAdd', covered(src, index), 0, flat(where), x.numel), x.shape))
}
/** The elements of the flattened x at the indices (negative: from the end), in their shape. */
export function take(x: Tensor, index: Tensor): Tensor {
  const where = pointed('take', [{ index: integers('take', index), size: operand('take', x).numel, dims: 1 }])
  return shaped(picked('take', flat(x), 0, where), index.shape)
}
/** `gather` with x and the index broadcast against each other outside `dim`; without a dim, from the flattened x: [m]. */
export function takeAlongDim(x: Tensor, index: Tensor, dim?: number): Tensor {
  for (const y of [x, integers('takeAlongDim', index)]) operand('takeAlongDim', y)
  if (dim === undefined) return gather(flat(x), 0, reshape(index, -1))
  const d = dimension('takeAlongDim', dim, x)
  if (index.ndim !== x.ndim)
    throw new ShapeError(
      `takeAlongDim: the index ${show(index.shape)} must have as many dimensions as ${show(x.shape)}`,
    )
  const rest = broadcast('takeAlongDim', [resized(x.shape, d, 1), resized(index.shape, d, 1)])
  const as = (y: Tensor): Tensor =>
    expand(
      y,
      y.shape.map((n, k) => (k === d ? n : rest[k])),
    )
  return gather(as(x), d, as(index))
}

// masks

const nonzeroPrim: Primitive<null> = choice('nonzero', {
  infer: (_, x) => ({ shape: [position.count(x.data), x.ndim], dtype: 'int32' }),
  run: (_, out, x) => position.nonzero(out.data, x.data, x.shape),
})
/** [...] of k dimensions -> [m, k], int32: where the m elements that are not 0 lie, in row-major order. */
export const nonzero = (x: Tensor): Tensor => apply(nonzeroPrim, null, [operand('nonzero', x)])
/** The elements where the mask (bool; broadcast against x) is set, in row-major order: [m]. */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  if (operand('maskedSelect', mask).dtype !== 'bool')
    throw new DtypeError(`maskedSelect: a mask is bool, not ${mask.dtype}. Did you mean mask.bool()?`)
  const shape = broadcast('maskedSelect', operands('maskedSelect', [x, mask]))
  return picked('maskedSelect', flat(expand(x, shape)), 0, chosen(expand(mask, shape)))
}

// at: numpy's brackets

/** A slice as an index of `at`; see `span`. */
export interface Span {
  readonly start: number | null
  readonly stop: number | null
  readonly step: number
}
/** `start:stop:step` for `at`, as Python: bounds may be left out, be negative, and are clipped; step is positive. */
export const span = (start: number | null = null, stop: number | null = null, step: number | null = 1): Span => ({
  start,
  stop,
  step: step ?? 1,
})

/** What `at` takes for a dimension: a place, a new axis (null), the dimensions left (`'...'`), all (`':'`), a slice, indices or a mask. */
export type Index = number | null | '...' | ':' | Span | Tensor
const isIndexTensor = (i: Index): i is Tensor => typeof i === 'object' && i !== null && 'shape' in i

/**
 * `x[i, j, ...]` as in NumPy and PyTorch. One index per dimension: a number (negative: from the end) drops it, a slice
 * or ':' keeps it, null puts a new one, '...' stands for all that are not named. int32 tensors are broadcast against
 * each other and pick element by element; a bool tensor picks where it is set, over as many dimensions as it has. The
 * picked dimension stands where the index tensors stood; in front, when something stood between them.
 *
 * @throws IndexError when an index is out of range, or there are more indices than dimensions
 * @throws ShapeError when index tensors do not broadcast, or a mask does not fit
 * @example
 * const x = tensor([[1, 2, 3], [4, 5, 6]])
 * x.at(1) // [4, 5, 6]
 * x.at(':', -1) // [3, 6]
 * x.at('...', tensor([2, 0], { dtype: 'int32' })) // [[3, 1], [6, 4]]
 * x.at(x.gt(2)) // [3, 4, 5, 6]
 */
export function at(x: Tensor, ...indices: Index[]): Tensor {
  const uses = (i: Index): number =>
    i === null || i === '...' ? 0 : isIndexTensor(i) && i.dtype === 'bool' ? i.ndim : 1
  const used = indices.reduce<number>((n, i) => n + uses(i), 0)
  if (used > x.ndim) throw new IndexError(`at: ${used} indices for the ${x.ndim} dimensions of ${show(x.shape)}`)
  const ellipsis = indices.indexOf('...')
  if (indices.indexOf('...', ellipsis + 1) > ellipsis && ellipsis >= 0)
    throw new ArgumentError("at: '...' may stand once")
  const rest = new Array<Index>(x.ndim - used).fill(':')
  const all =
    ellipsis < 0 ? [...indices, ...rest] : [...indices.slice(0, ellipsis), ...rest, ...indices.slice(ellipsis + 1)]

  // first what only slices; `shape` is what then comes of it, with the picks at their dimensions
  let base = x
  let d = 0
  const shape: number[] = []
  const picks: (Pick & { dim: number })[] = []
  for (const i of all) {
    const size = x.shape[d]
    if (i === null) shape.push(1)
    else if (isIndexTensor(i)) {
      if (i.ndim > 0) {
        const part = pick('at', i, x.shape, d)
        picks.push({ ...part, dim: shape.length })
        shape.push(part.size)
        d += part.dims
      } else if (i.dtype === 'bool') {
        picks.push({ index: chosen(i), size: 1, dims: 0, dim: shape.length })
        shape.push(1)
      } else base = picked('at', base, d, pointed('at', [pick('at', i, x.shape, d++)]))
    } else if (typeof i === 'number') {
      if (!Number.isInteger(i)) throw new ArgumentError(`at: an index is an integer, not ${i}`)
      if (i < -size || i >= size)
        throw new IndexError(`at: index ${i} is out of range for dimension ${d} of ${show(x.shape)}, of size ${size}`)
      const place = i < 0 ? i + size : i
      base = slice(base, d++, place, place + 1)
    } else if (i === ':') {
      shape.push(size)
      d++
    } else if (typeof i === 'object' && 'step' in i) {
      base = slice(base, d, i.start, i.stop, i.step)
      shape.push(base.shape[d++])
    } else
      throw new ArgumentError(
        `at: an index is a number, null, '...', ':', slice(...), or an int32 or bool tensor, not ${String(i)}`,
      )
  }
  base = shaped(base, shape)
  if (picks.length === 0) return base

  const dims = picks.map(p => p.dim)
  const others = reduced(
    shape.map((_, k) => k),
    dims,
  )
  const adjacent = dims.every((dim, j) => dim === dims[0] + j)
  const first = adjacent ? dims[0] : 0
  if (!adjacent) base = permute(base, [...dims, ...others])
  const before = others.slice(0, first).map(k => shape[k])
  const after = others.slice(first).map(k => shape[k])
  const where = pointed('at', picks)
  const block = shaped(base, [...before, numel(picks.map(p => p.size)), ...after])
  return shaped(picked('at', block, first, where), [...before, ...where.shape, ...after])
}

/**
 * x with `values` in the places that `x.at(...indices)` reads; values are broadcast to its shape. Where places repeat
 * the last value wins, or, with `accumulate`, all are added to what is there. Index tensors only, int32 (negative:
 * from the end) or bool, for the leading dimensions.
 */
export function indexPut(
  x: Tensor,
  indices: readonly Tensor[],
  values: Tensor,
  { accumulate = false }: { accumulate?: boolean } = {},
): Tensor {
  alike('indexPut', x, values)
  if (operands('indexPut', indices).length === 0) throw new ArgumentError('indexPut: needs at least one index tensor')
  const picks: Pick[] = []
  let d = 0
  for (const index of indices) {
    if (d + (index.dtype === 'bool' ? index.ndim : 1) > x.ndim)
      throw new IndexError(`indexPut: too many indices for the ${x.ndim} dimensions of ${show(x.shape)}`)
    const part = pick('indexPut', index, x.shape, d)
    picks.push(part)
    d += part.dims
  }
  const where = pointed('indexPut', picks)
  const rest = x.shape.slice(d)
  const target = [...where.shape, ...rest]
  if (!sameShape(broadcast('indexPut', [values.shape, target]), target))
    throw new ShapeError(
      `indexPut: values ${show(values.shape)} do not broadcast to ${show(target)}, what the indices name`,
    )
  const rows = shaped(expand(values, target), [where.numel, ...rest])
  const block = shaped(x, [numel(picks.map(p => p.size)), ...rest])
  const out = accumulate
    ? block.add(dropped('indexPut', rows, 0, where, block.shape[0]))
    : put('indexPut', block, 0, where, rows)
  return shaped(out, x.shape)
}

// lookups

interface Search {
  readonly right: boolean
}
const searchPrim: Primitive<Search> = choice('searchsorted', {
  infer: (_, __, values) => ({ shape: (values as Tensor).shape, dtype: 'int32' }),
  run({ right }, out, sorted, values) {
    const n = sorted.shape[sorted.shape.length - 1]
    // one sorted line serves all values; else each line its own
    const m = sorted.shape.length === 1 ? values.data.length : values.shape[values.shape.length - 1]
    position.searchsorted(out.data, sorted.data, values.data, n, m, right)
  },
})
/**
 * sorted [n], values [...] -> [...], or line by line [..., n], [..., m] -> [..., m], int32: before which element each
 * value goes so that the line stays sorted (rising); with `right`, after its equals.
 *
 * @example
 * searchsorted(tensor([1, 3, 5]), tensor([3, 6])) // [1, 3]
 */
export function searchsorted(
  sorted: Tensor,
  values: Tensor | number,
  { right = false }: { right?: boolean } = {},
): Tensor {
  const wanted = typeof values === 'number' ? full([], values, { dtype: 'float64' }) : values
  operands('searchsorted', [sorted, wanted])
  const lines = (x: Tensor): Shape => x.shape.slice(0, -1)
  if (sorted.ndim === 0) throw new ShapeError('searchsorted: the sorted values are a line, not 0-d')
  if (sorted.ndim > 1 && (wanted.ndim === 0 || !sameShape(lines(sorted), lines(wanted)))) {
    throw new ShapeError(
      `searchsorted: ${show(sorted.shape)} and ${show(wanted.shape)} must agree in all but the last dimension`,
    )
  }
  return apply(searchPrim, { right }, [sorted, wanted])
}

/**
 * indices [...] and weight [n, features] -> [..., features]: a row of the weight for each index. The row `paddingIdx`
 * gets no gradient.
 *
 * @throws IndexError when an index is negative or not below n
 */
export function embedding(
  indices: Tensor,
  weight: Tensor,
  { paddingIdx = null }: { paddingIdx?: number | null } = {},
): Tensor {
  if (operand('embedding', weight).ndim !== 2)
    throw new ShapeError(`embedding: the weight is [n, features], not ${show(weight.shape)}`)
  const [n, features] = weight.shape as [number, number]
  integers('embedding', indices)
  const rows = reshape(picked('embedding', weight, 0, indices), [...indices.shape, features])
  if (paddingIdx === null) return rows
  if (!Number.isInteger(paddingIdx) || paddingIdx < -n || paddingIdx >= n)
    throw new IndexError(`embedding: paddingIdx ${paddingIdx} is out of range for ${n} rows`)
  const padding = reshape(indices.eq(paddingIdx < 0 ? paddingIdx + n : paddingIdx), [...indices.shape, 1])
  return padding.where(rows.detach(), rows)
}

const oneHotPrim: Primitive<number> = choice('oneHot', {
  infer: (n, index) => ({ shape: [...index.shape, n], dtype: 'int32' }),
  run(n, out, { data, ...index }) {
    inside('oneHot', { ...index, data }, n)
    for (let i = 0; i < data.length; i++) out.data[i * n + data[i]] = 1
  },
})
/** classes [...] -> [..., numClasses], int32: 1 at the class, 0 elsewhere. Without numClasses: one more than the largest. */
export function oneHot(indices: Tensor, numClasses?: number): Tensor {
  integers('oneHot', indices)
  if (numClasses === undefined && indices.numel === 0)
    throw new ArgumentError('oneHot: numClasses cannot be told from no indices: give it')
  if (numClasses !== undefined && (!Number.isInteger(numClasses) || numClasses < 1))
    throw new ArgumentError(`oneHot: numClasses is a positive integer, not ${numClasses}`)
  return apply(oneHotPrim, numClasses ?? amax(indices).item() + 1, [indices])
}
