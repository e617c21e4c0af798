// Subscripts: numpy's brackets, and masks.
import type { Shape } from '../../backend/array.ts'
import type { View } from '../../backend/js.ts'
import * as position from '../../backend/position.ts'
import { apply, type Primitive } from '../apply.ts'
import { operand, operands } from '../argument.ts'
import { ArgumentError, DtypeError, IndexError, ShapeError } from '../errors.ts'
import { broadcast, numel, reduced, sameShape, show, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { choice, integers } from './kind.ts'
import { bounds, expand, permute, viewed } from './linear.ts'
import { alike, dropped, flat, type Pick, picked, pointed, put, shaped } from './selection.ts'

// masks

const nonzeroPrim: Primitive<null> = choice('nonzero', {
  infer: (_, x) => ({ shape: [position.count(x.data), x.ndim], dtype: 'int32' }),
  run: (_, out, x) => position.nonzero(out.data, x.data, x.shape),
})
/** [...] of k dimensions -> [m, k], int32: where the m elements that are not 0 lie, in row-major order. */
export const nonzero = (x: Tensor): Tensor => apply(nonzeroPrim, null, [operand('nonzero', x)])
/** The positions where a mask, flattened, is set: a list. */
const chosen = (mask: Tensor): Tensor => flat(nonzero(flat(mask)))
/** The elements where the mask (bool; broadcast against x) is set, in row-major order: [m]. */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  if (operand('maskedSelect', mask).dtype !== 'bool')
    throw new DtypeError(`maskedSelect: a mask is bool, not ${mask.dtype}. Did you mean mask.bool()?`)
  const shape = broadcast('maskedSelect', operands('maskedSelect', [x, mask]))
  return picked('maskedSelect', flat(expand(x, shape)), 0, chosen(expand(mask, shape)))
}

// at

/** A slice as an index of `at`. */
export interface Span {
  readonly start: number | null
  readonly stop: number | null
  readonly step: number
}
/** `start:stop:step` for `at`, as Python: bounds may be left out, be negative, and are clipped; step is positive. */
export const slice = (start: number | null = null, stop: number | null = null, step: number | null = 1): Span => ({
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
  const { view, picks } = subscript(x, named(x, indices))
  // as many elements are the same ones: steps are positive
  const base = numel(view.shape) === x.numel ? shaped(x, view.shape) : viewed('at', x, view)
  return picks.length === 0 ? base : crossed(base, picks)
}

/** Over how many dimensions an index of `at` goes. */
const uses = (i: Index): number => (i === null || i === '...' ? 0 : isIndexTensor(i) && i.dtype === 'bool' ? i.ndim : 1)
/** The indices with ':' for every dimension that they leave out. */
function named(x: Tensor, indices: readonly Index[]): Index[] {
  const used = indices.reduce<number>((n, i) => n + uses(i), 0)
  if (used > x.ndim) throw new IndexError(`at: ${used} indices for the ${x.ndim} dimensions of ${show(x.shape)}`)
  const ellipsis = indices.indexOf('...')
  if (ellipsis !== indices.lastIndexOf('...')) throw new ArgumentError("at: '...' may stand once")
  const rest = new Array<Index>(x.ndim - used).fill(':')
  return ellipsis < 0 ? [...indices, ...rest] : [...indices.slice(0, ellipsis), ...rest, ...indices.slice(ellipsis + 1)]
}

/** An index tensor, and the dimension of the view that it picks from. */
interface Placed extends Pick {
  readonly dim: number
}
/** What all other indices leave of x, as a view, with the dimensions of a mask as one; and the index tensors. */
function subscript(x: Tensor, indices: readonly Index[]): { view: View; picks: Placed[] } {
  const own = stridesOf(x.shape)
  const shape: number[] = []
  const strides: number[] = []
  const picks: Placed[] = []
  let offset = 0
  let d = 0
  const keep = (size: number, stride: number): void => {
    shape.push(size)
    strides.push(stride)
  }
  for (const i of indices) {
    const [size, stride] = [x.shape[d], own[d]]
    const single = typeof i === 'number' ? i : isIndexTensor(i) && i.ndim === 0 && i.dtype === 'int32' ? i.item() : null
    if (single !== null) offset += place(single, x.shape, d++) * stride
    else if (i === null) keep(1, 0)
    else if (i === ':') {
      keep(size, stride)
      d++
    } else if (isIndexTensor(i)) {
      const part = pick('at', i, x.shape, d)
      picks.push({ ...part, dim: shape.length })
      d += part.dims
      keep(part.size, part.dims === 0 ? 0 : own[d - 1])
    } else if (typeof i === 'object' && 'step' in i) {
      const [from, length] = bounds('at', size, i.start, i.stop, i.step)
      keep(length, i.step * stride)
      offset += from * stride
      d++
    } else
      throw new ArgumentError(
        `at: an index is a number, null, '...', ':', slice(...), or an int32 or bool tensor, not ${String(i)}`,
      )
  }
  return { view: { shape, strides, offset }, picks }
}
/** A number as index into dimension d, from the front. */
function place(i: number, shape: Shape, d: number): number {
  const size = shape[d]
  if (!Number.isInteger(i)) throw new ArgumentError(`at: an index is an integer, not ${i}`)
  if (i < -size || i >= size)
    throw new IndexError(`at: index ${i} is out of range for dimension ${d} of ${show(shape)}, of size ${size}`)
  return i < 0 ? i + size : i
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
/** What index tensors pick from their dimensions of x: where these stood, or in front when they were apart. */
function crossed(x: Tensor, picks: readonly Placed[]): Tensor {
  const dims = picks.map(p => p.dim)
  const adjacent = dims.every((dim, j) => dim === dims[0] + j)
  const first = adjacent ? dims[0] : 0
  const others = reduced(
    x.shape.map((_, k) => k),
    dims,
  )
  const together = adjacent ? x : permute(x, [...dims, ...others])
  const rest = others.map(k => x.shape[k])
  const block = shaped(together, [...rest.slice(0, first), numel(picks.map(p => p.size)), ...rest.slice(first)])
  return picked('at', block, first, pointed('at', picks))
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
  const rows = expand(values, target)
  const block = shaped(x, [numel(picks.map(p => p.size)), ...rest])
  const out = accumulate
    ? block.add(dropped('indexPut', rows, 0, where, block.shape[0]))
    : put('indexPut', block, 0, flat(where), shaped(rows, [where.numel, ...rest]))
  return shaped(out, x.shape)
}
