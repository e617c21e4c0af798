// Order: routers. Each chooses indices, which are not differentiated, and gathers, which is linear.
import { argcum, argsort as argsortKernel } from '../../backend/js.ts'
import { apply, type Primitive } from '../apply.ts'
import { operand } from '../argument.ts'
import { IndexError } from '../errors.ts'
import { dimension, show, split3 } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { full, ones, zerosOf } from './create.ts'
import { gathered, indexCopy, indexSelect } from './gather.ts'
import { choice, isFloat } from './kind.ts'
import { cat, type KeepDim, keeps, reshape, slice } from './linear.ts'
import { amax, any, arg, argmax, cumsum, diff, extreme } from './reduce.ts'
import { nonzero } from './subscript.ts'

/** What was chosen along a dimension, and where it was (int32). */
export interface Ordered {
  readonly values: Tensor
  readonly indices: Tensor
}
const routed = (op: string, x: Tensor, dim: number, indices: Tensor): Ordered => ({
  values: gathered(op, x, dim, indices),
  indices,
})
/** For indices that keep `dim` with size 1. */
function single(op: string, x: Tensor, dim: number, indices: Tensor, given: KeepDim): Ordered {
  const keepdim = keeps(op, given)
  const found = routed(op, x, dim, indices)
  return keepdim || x.ndim === 0 ? found : { values: found.values.squeeze(dim), indices: indices.squeeze(dim) }
}
const best = (op: string, sign: 1 | -1, x: Tensor, dim: number | undefined, options: KeepDim): Tensor | Ordered =>
  dim === undefined
    ? extreme(op, sign, x, dim, {})
    : single(op, x, dim, arg(op, sign, x, dim, { keepdim: true }), options)
const length = (x: Tensor, d: number): number => (x.ndim === 0 ? 1 : x.shape[d])

/**
 * The largest of all elements, or along `dim` with its index: the first of equals; NaN wins. Over everything, equals
 * share the gradient evenly; along a dimension the chosen one gets it.
 *
 * @throws ShapeError or IndexError when there is nothing to choose from
 * @example
 * tensor([[1, 5], [7, 2]]).max(1) // { values: [5, 7], indices: [1, 0] }
 */
export function max(x: Tensor): Tensor
export function max(x: Tensor, dim: number, options?: KeepDim): Ordered
export function max(x: Tensor, dim?: number, options?: KeepDim): Tensor | Ordered
export function max(x: Tensor, dim?: number, options: KeepDim = {}): Tensor | Ordered {
  return best('max', 1, x, dim, options)
}
/** The smallest of all elements, or along `dim` with its index; see `max`. */
export function min(x: Tensor): Tensor
export function min(x: Tensor, dim: number, options?: KeepDim): Ordered
export function min(x: Tensor, dim?: number, options?: KeepDim): Tensor | Ordered
export function min(x: Tensor, dim?: number, options: KeepDim = {}): Tensor | Ordered {
  return best('min', -1, x, dim, options)
}

const runningPrim: Primitive<{ dim: number; sign: 1 | -1 }> = choice(
  ({ sign }) => (sign > 0 ? 'argcummax' : 'argcummin'),
  {
    infer: (_, x) => ({ shape: x.shape, dtype: 'int32' }),
    run: ({ dim, sign }, out, x) => argcum(out.data, x.data, ...split3(x.shape, dim), sign),
  },
)
const running = (op: string, sign: 1 | -1, x: Tensor, dim: number): Ordered => {
  const d = dimension(op, dim, x)
  return routed(op, x, d, apply(runningPrim, { dim: d, sign }, [x]))
}
/** The largest so far along `dim`, and where it was: the last of equals; NaN wins from then on. */
export const cummax = (x: Tensor, dim: number): Ordered => running('cummax', 1, x, dim)
/** The smallest so far along `dim`, and where it was: the last of equals; NaN wins from then on. */
export const cummin = (x: Tensor, dim: number): Ordered => running('cummin', -1, x, dim)

export interface SortOptions {
  readonly descending?: boolean
  /** Equals keep their order: they always do. */
  readonly stable?: boolean
}
const argsortPrim: Primitive<{ dim: number; descending: boolean }> = choice('argsort', {
  infer: (_, x) => ({ shape: x.shape, dtype: 'int32' }),
  run: ({ dim, descending }, out, x) => argsortKernel(out.data, x.data, ...split3(x.shape, dim), descending),
})
const order = (op: string, x: Tensor, dim: number, descending: boolean): Tensor =>
  apply(argsortPrim, { dim: dimension(op, dim, x), descending }, [x])
/** The indices that sort x along `dim`, int32; equals keep their order, NaN counts as the largest. */
export const argsort = (x: Tensor, dim = -1, { descending = false }: SortOptions = {}): Tensor =>
  order('argsort', x, dim, descending)
/**
 * x sorted along `dim`, and where each element was; equals keep their order, NaN counts as the largest.
 *
 * @example
 * tensor([3, 1, 2]).sort() // { values: [1, 2, 3], indices: [1, 2, 0] }
 */
export const sort = (x: Tensor, dim = -1, { descending = false }: SortOptions = {}): Ordered =>
  routed('sort', x, dim, order('sort', x, dim, descending))

export interface TopkOptions {
  /** The largest (default) or the smallest. */
  readonly largest?: boolean
  /** Best first: they always are. */
  readonly sorted?: boolean
}
/**
 * [..., n, ...] -> [..., k, ...]: the k largest (or smallest) along `dim`, best first, and where they were.
 * @throws IndexError when there are fewer than k
 */
export function topk(x: Tensor, k: number, dim = -1, { largest = true }: TopkOptions = {}): Ordered {
  const d = dimension('topk', dim, x)
  if (!Number.isInteger(k) || k < 0 || k > length(x, d))
    throw new IndexError(
      `topk: k = ${k} is out of range for ${show(x.shape)} along dimension ${d} (0 to ${length(x, d)})`,
    )
  const indices = order('topk', x, d, largest)
  return routed('topk', x, d, x.ndim === 0 ? indices : slice(indices, d, 0, k))
}
/**
 * The k-th smallest (from 1) along `dim`, and where it was.
 * @throws IndexError when there are fewer than k
 */
export function kthvalue(x: Tensor, k: number, dim = -1, options: KeepDim = {}): Ordered {
  const d = dimension('kthvalue', dim, x)
  if (!Number.isInteger(k) || k < 1 || k > length(x, d))
    throw new IndexError(
      `kthvalue: k = ${k} is out of range for ${show(x.shape)} along dimension ${d} (1 to ${length(x, d)})`,
    )
  return single('kthvalue', x, d, nth('kthvalue', x, d, k - 1), options)
}
const nth = (op: string, x: Tensor, d: number, k: number): Tensor => {
  const indices = order(op, x, d, false)
  return x.ndim === 0 ? indices : slice(indices, d, k, k + 1)
}

/**
 * The middle element of all (NaN of nothing), or along `dim` with its index; the lower of two middles; NaN where there
 * is one. Over everything, equals share the gradient evenly, as PyTorch.
 */
export function median(x: Tensor): Tensor
export function median(x: Tensor, dim: number, options?: KeepDim): Ordered
export function median(x: Tensor, dim?: number, options?: KeepDim): Tensor | Ordered
export function median(x: Tensor, dim?: number, options: KeepDim = {}): Tensor | Ordered {
  if (dim === undefined) {
    if (operand('median', x).numel === 0 && isFloat(x.dtype)) return full([], Number.NaN, { dtype: x.dtype })
    const { values } = median(reshape(x, -1), 0)
    if (!isFloat(x.dtype)) return values
    const hit = x.eq(values).logicalOr(x.isnan().logicalAnd(values.isnan()))
    return amax(hit.where(x, -Infinity))
  }
  const d = dimension('median', dim, x)
  const n = length(x, d)
  if (n === 0) throw new IndexError(`median: ${show(x.shape)} has no elements along dimension ${d}`)
  const middle = nth('median', x, d, (n - 1) >> 1)
  const indices = any(x.isnan(), d, { keepdim: true }).where(argmax(x, d, { keepdim: true }), middle)
  return single('median', x, d, indices, options)
}

export interface UniqueOptions {
  /** Rising: they always are. */
  readonly sorted?: boolean
  /** Also where in `values` each element of x is. */
  readonly returnInverse?: boolean
  /** Also how often each value occurs. */
  readonly returnCounts?: boolean
}
/** The different values, and what else was asked for (int32). */
export interface Unique {
  readonly values: Tensor
  readonly inverse?: Tensor
  readonly counts?: Tensor
}
/** What `unique` gives for the options: a tensor, unless more was asked for. */
export type Asked<O extends UniqueOptions> = O extends { returnInverse: true } | { returnCounts: true }
  ? Unique
  : Tensor
/**
 * [...] -> [m]: the different values of x, rising. With `returnInverse` or `returnCounts` a record that also holds
 * `inverse` (in the shape of x, where each element is in `values`) and `counts` [m]. Each NaN is its own.
 *
 * @example
 * tensor([3, 1, 3]).unique({ returnCounts: true }) // { values: [1, 3], counts: [1, 2] }
 */
export function unique<O extends UniqueOptions>(x: Tensor, options?: O): Asked<O>
export function unique(
  x: Tensor,
  { returnInverse = false, returnCounts = false }: UniqueOptions = {},
): Tensor | Unique {
  const { values: line, indices } = sort(reshape(operand('unique', x), -1))
  const n = line.numel
  // where the sorted line changes, a value begins
  const begins = cat([ones([Math.min(n, 1)], { dtype: 'bool' }), slice(line, 0, 1).ne(slice(line, 0, 0, -1))])
  const starts = reshape(nonzero(begins), -1)
  const values = indexSelect(line, 0, starts)
  if (!returnInverse && !returnCounts) return values
  const place = (): Tensor => reshape(indexCopy(zerosOf(indices), 0, indices, cumsum(begins, 0).sub(1)), x.shape)
  const counts = (): Tensor => diff(cat([starts, full([1], n, { dtype: 'int32' })]))
  return { values, ...(returnInverse && { inverse: place() }), ...(returnCounts && { counts: counts() }) }
}
