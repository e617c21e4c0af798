// Arrangements: shape ops made of the linear ones, with no rules of their own.
import type { Shape } from '../../backend/array.ts'
import { integer, list, number, oneOf, operand, operands } from '../argument.ts'
import { ArgumentError, IndexError, ShapeError } from '../errors.ts'
import { broadcast, dimension, dimensions, inferred, numel, ranked, resized, sameShape, show, sizes } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { arange, onesLike, tensor } from './create.ts'
import { indexSelect } from './gather.ts'
import { integers } from './kind.ts'
import { type Dims, diagEmbed, diagonal, embed, expand, flip, joined, permute, reshape, slice } from './linear.ts'
import { searchsorted } from './lookup.ts'

/** Two dimensions swapped. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  const a = dimension('transpose', dim0, x)
  const b = dimension('transpose', dim1, x)
  if (x.ndim === 0 || a === b) return x
  return permute(
    x,
    x.shape.map((_, d) => (d === a ? b : d === b ? a : d)),
  )
}
export { transpose as swapaxes }
/** The transpose of a matrix; vectors and numbers as they are. */
export function t(x: Tensor): Tensor {
  if (operand('t', x).ndim > 2)
    throw new ShapeError(`t: needs at most 2 dimensions, not ${show(x.shape)}. Use transpose(dim0, dim1)`)
  return x.ndim < 2 ? x : transpose(x, 0, 1)
}
/** Without the dimensions of size 1 among `dims` (all of them when left out). */
export function squeeze(x: Tensor, dims?: Dims): Tensor {
  const list = dimensions('squeeze', dims, x)
  return reshape(
    x,
    x.shape.filter((size, d) => !(size === 1 && list.includes(d))),
  )
}
/** With a new dimension of size 1 at `dim`. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const d = dimension('unsqueeze', dim, { shape: [...operand('unsqueeze', x).shape, 1] })
  return reshape(x, [...x.shape.slice(0, d), 1, ...x.shape.slice(d)])
}

/** The dimensions from `startDim` to `endDim` as one; a 0-d tensor becomes [1]. */
export function flatten(x: Tensor, startDim = 0, endDim = -1): Tensor {
  const a = dimension('flatten', startDim, x)
  const b = dimension('flatten', endDim, x)
  if (a > b) throw new ArgumentError(`flatten: startDim ${startDim} comes after endDim ${endDim}`)
  return reshape(x, [...x.shape.slice(0, a), numel(x.shape.slice(a, b + 1)), ...x.shape.slice(b + 1)])
}
/** One dimension as several, of the given sizes; one may be -1: worked out. */
export function unflatten(x: Tensor, dim: number, into: Shape): Tensor {
  const d = dimension('unflatten', dim, x)
  if (x.ndim === 0) throw new ShapeError('unflatten: a 0-d tensor has no dimension to divide')
  const parts = inferred('unflatten', [x.shape[d]], sizes('unflatten', [list('unflatten', 'sizes', into)]))
  return reshape(x, [...x.shape.slice(0, d), ...parts, ...x.shape.slice(d + 1)])
}
/** The dimensions `from` moved to the places `to`; the others keep their order. */
export function movedim(x: Tensor, from: number | readonly number[], to: number | readonly number[]): Tensor {
  const list = (dims: number | readonly number[]): number[] => {
    const found = (Array.isArray(dims) ? dims : [dims]).map(d => dimension('movedim', d, x))
    if (new Set(found).size !== found.length)
      throw new ArgumentError(`movedim: dimension repeated in [${found.join(', ')}]`)
    return found
  }
  const [source, target] = [list(from), list(to)]
  if (source.length !== target.length)
    throw new ArgumentError(`movedim: ${source.length} dimensions cannot move to ${target.length} places`)
  if (x.ndim === 0) return x
  const rest = x.shape.flatMap((_, d) => (source.includes(d) ? [] : [d]))
  return permute(
    x,
    x.shape.map((_, d) => (target.includes(d) ? source[target.indexOf(d)] : (rest.shift() as number))),
  )
}

// turned and rolled

const modulo = (a: number, n: number): number => ((a % n) + n) % n

/** The elements moved on by `shifts` along `dims`, those that fall off coming back in front; without dims, of the flattened tensor. */
export function roll(x: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
  const by = Array.isArray(shifts) ? shifts : [shifts]
  operand('roll', x)
  for (const shift of by) integer('roll', 'a shift', shift)
  if (dims === undefined) {
    if (by.length !== 1) throw new ArgumentError('roll: several shifts need as many dims')
    return reshape(roll(reshape(x, -1), by, 0), x.shape)
  }
  const along = Array.isArray(dims) ? dims : [dims]
  if (along.length !== by.length) throw new ArgumentError(`roll: ${by.length} shifts for ${along.length} dims`)
  let out = x
  along.forEach((dim, i) => {
    const d = dimension('roll', dim, x)
    const n = x.shape[d] ?? 0
    const cut = n === 0 ? 0 : modulo(-by[i], n)
    if (cut !== 0) out = joined('roll', [slice(out, d, cut), slice(out, d, 0, cut)], d)
  })
  return out
}
/** Turned by k quarter turns in the plane of two dimensions, from the first towards the second. */
export function rot90(x: Tensor, k = 1, dims: readonly number[] = [0, 1]): Tensor {
  integer('rot90', 'k', k)
  const [a, b] = list('rot90', 'dims', dims).map(d => dimension('rot90', d, x)) as [number, number]
  if (dims.length !== 2 || a === b || x.ndim < 2)
    throw new ArgumentError(`rot90: needs two different dimensions, not [${dims.join(', ')}] of ${show(x.shape)}`)
  const turns = modulo(k, 4)
  if (turns === 0) return x
  if (turns === 2) return flip(x, [a, b])
  return transpose(flip(x, turns === 1 ? b : a), a, b)
}

// padded

export interface PadOptions {
  /** What lies outside: `value`, the inside mirrored at its edge (which is not repeated), its edge, or the inside again. */
  readonly mode?: 'constant' | 'reflect' | 'replicate' | 'circular'
  /** For mode 'constant'; 0 when left out. */
  readonly value?: number
}
/** The place inside a line of n that stands for the place i outside of it. */
const outside = {
  reflect: (i: number, n: number): number => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i),
  replicate: (i: number, n: number): number => Math.min(Math.max(i, 0), n - 1),
  circular: (i: number, n: number): number => modulo(i, n),
}
/** How much may be added to a line of n. */
const widest = {
  reflect: (n: number) => n - 1,
  replicate: (n: number) => (n > 0 ? Infinity : 0),
  circular: (n: number) => n,
}

/**
 * x with elements added before and after, as `F.pad`: `pads` is [before, after] of the last dimension, then of the one
 * before it, and so on. Negative ones cut off.
 *
 * @throws ShapeError when more is cut off than there is, or a mode cannot reach so far
 * @example
 * pad(tensor([1, 2, 3]), [1, 2]) // [0, 1, 2, 3, 0, 0]
 * pad(tensor([1, 2, 3]), [1, 2], { mode: 'reflect' }) // [2, 1, 2, 3, 2, 1]
 */
export function pad(x: Tensor, pads: readonly number[], { mode = 'constant', value = 0 }: PadOptions = {}): Tensor {
  operand('pad', x)
  for (const p of list('pad', 'pads', pads)) integer('pad', 'a width', p)
  number('pad', 'value', value)
  oneOf('pad', 'mode', mode, ['constant', 'reflect', 'replicate', 'circular'])
  if (pads.length % 2 === 1 || pads.length > 2 * x.ndim) {
    throw new ArgumentError(
      `pad: the widths are [before, after] of the last dimension, then of the one before it …: ${pads.length} do not fit the ${x.ndim} dimensions of ${show(x.shape)}`,
    )
  }
  const width = (d: number, after: 0 | 1): number => pads[2 * (x.ndim - 1 - d) + after] ?? 0
  const whole = x.shape.map((n, d) => n + width(d, 0) + width(d, 1))
  const keeps = (n: number, d: number): number => n + Math.min(width(d, 0), 0) + Math.min(width(d, 1), 0)
  if (x.shape.some((n, d) => keeps(n, d) < 0))
    throw new ShapeError(`pad: [${pads.join(', ')}] cuts more off ${show(x.shape)} than there is`)
  // mirrors and edges look at what is cut off too, as in PyTorch
  const cuts = mode === 'constant' || mode === 'circular'
  const inside = cuts
    ? x.shape.reduce((y, n, d) => (keeps(n, d) < n ? narrow(y, d, Math.max(-width(d, 0), 0), keeps(n, d)) : y), x)
    : x
  const starts = whole.map((_, d) => (cuts ? Math.max(width(d, 0), 0) : width(d, 0)))
  if (sameShape(inside.shape, whole) && starts.every(start => start === 0)) return inside
  if (mode === 'constant') {
    const placed = embed('pad', inside, starts, whole)
    return value === 0
      ? placed
      : embed('pad', onesLike(inside, { dtype: 'bool' }), starts, whole)
          .where(placed, value)
          .to(x.dtype)
  }
  inside.shape.forEach((n, d) => {
    const most = widest[mode](n)
    const asked = Math.max(width(d, 0), width(d, 1))
    if (asked > Math.max(most, 0))
      throw new ShapeError(
        `pad: mode '${mode}' adds at most ${Math.max(most, 0)} to dimension ${d} of ${show(inside.shape)}, not ${asked}`,
      )
  })
  return whole.reduce((y, length, d) => {
    const n = inside.shape[d]
    const start = starts[d]
    if (length === n && start === 0) return y
    return indexSelect(y, d, tensor(Int32Array.from({ length }, (_, i) => outside[mode](i - start, n))))
  }, inside)
}

// joined

function needed(op: string, xs: readonly Tensor[]): Tensor {
  if (operands(op, xs).length === 0) throw new ArgumentError(`${op}: needs at least one tensor`)
  return xs[0]
}
/** Tensors of one shape along a new dimension. */
export function stack(xs: readonly Tensor[], dim = 0): Tensor {
  const first = needed('stack', xs)
  for (const x of xs)
    if (!sameShape(x.shape, first.shape))
      throw new ShapeError(`stack: ${show(first.shape)} and ${show(x.shape)} differ. Did you mean cat?`)
  const d = dimension('stack', dim, { shape: [...first.shape, 1] })
  return joined(
    'stack',
    xs.map(x => unsqueeze(x, d)),
    d,
  )
}
const atLeast = (x: Tensor, rank: number): Tensor => (x.ndim < rank ? reshape(x, ranked(x.shape, rank)) : x)
/** Side by side: along the columns; vectors along their only dimension. */
export function hstack(xs: readonly Tensor[]): Tensor {
  const first = needed('hstack', xs)
  return joined(
    'hstack',
    xs.map(x => atLeast(x, 1)),
    first.ndim > 1 ? 1 : 0,
  )
}
/** One above the other: along the rows; a vector is a row. */
export function vstack(xs: readonly Tensor[]): Tensor {
  needed('vstack', xs)
  return joined(
    'vstack',
    xs.map(x => atLeast(x, 2)),
    0,
  )
}

// divided

/** A dimension and its size, for ops that divide it. */
function divided(op: string, x: Tensor, dim: number): [dim: number, size: number] {
  const d = dimension(op, dim, x)
  if (x.ndim === 0) throw new ShapeError(`${op}: a 0-d tensor has no dimension to divide`)
  return [d, x.shape[d]]
}
/** Parts of the given size (the last may be smaller), or of the given sizes, along `dim`. */
export function split(x: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
  const [d, n] = divided('split', x, dim)
  const asked = sizes('split', [size])
  if (asked.some(part => part < 0) || (size === 0 && n > 0))
    throw new ArgumentError(`split: sizes are positive: ${show(asked)}`)
  const count = Math.max(1, Math.ceil(n / Math.max(asked[0], 1)))
  const parts = typeof size === 'number' ? Array.from({ length: count }, (_, i) => Math.min(size, n - i * size)) : asked
  const total = parts.reduce((sum, part) => sum + part, 0)
  if (total !== n)
    throw new ShapeError(
      `split: the sizes ${show(asked)} add up to ${total}, dimension ${d} of ${show(x.shape)} has ${n}`,
    )
  let start = 0
  return parts.map(part => {
    start += part
    return slice(x, d, start - part, start)
  })
}
/** At most n parts of equal size (the last may be smaller) along `dim`. */
export function chunk(x: Tensor, n: number, dim = 0): Tensor[] {
  const [d, size] = divided('chunk', x, dim)
  integer('chunk', 'the number of parts', n, 1)
  return size === 0 ? split(x, new Array<number>(n).fill(0), d) : split(x, Math.ceil(size / n), d)
}
/** Exactly n parts along `dim`, the first ones larger by one where it does not come out even; or parts that end before each of the given indices. */
export function tensorSplit(x: Tensor, parts: number | readonly number[], dim = 0): Tensor[] {
  const [d, size] = divided('tensorSplit', x, dim)
  if (typeof parts !== 'number') {
    const ends = sizes('tensorSplit', [list('tensorSplit', 'the indices', parts)])
    return [...ends, null].map((end, i) => slice(x, d, i === 0 ? 0 : ends[i - 1], end))
  }
  integer('tensorSplit', 'the number of parts', parts, 1)
  const small = Math.floor(size / parts)
  return split(
    x,
    Array.from({ length: parts }, (_, i) => small + +(i < size % parts)),
    d,
  )
}
/** The `length` elements along `dim` from `start` on. */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const [d, size] = divided('narrow', x, dim)
  const from = start < 0 ? start + size : start
  if (!Number.isInteger(start) || !Number.isInteger(length) || from < 0 || length < 0 || from + length > size) {
    throw new IndexError(
      `narrow: ${length} elements from ${start} on are not inside dimension ${d} of ${show(x.shape)}`,
    )
  }
  return slice(x, d, from, from + length)
}
/** What lies at one index (negative: from the end) of `dim`, which is dropped. */
export function select(x: Tensor, dim: number, index: number): Tensor {
  const [d, size] = divided('select', x, dim)
  if (!Number.isInteger(index) || index < -size || index >= size)
    throw new IndexError(
      `select: index ${index} is out of range for dimension ${d} of ${show(x.shape)}, of size ${size}`,
    )
  return squeeze(narrow(x, d, index, 1), d)
}
/** What lies at each index of `dim`, which is dropped. */
export function unbind(x: Tensor, dim = 0): Tensor[] {
  const [d, size] = divided('unbind', x, dim)
  return Array.from({ length: size }, (_, i) => select(x, d, i))
}

// repeated

/** The whole tensor over and over: `reps` times along each dimension, new ones in front. */
export function repeat(x: Tensor, ...reps: (number | readonly number[])[]): Tensor {
  operand('repeat', x)
  const times = sizes('repeat', reps)
  if (times.some(n => n < 0)) throw new ArgumentError(`repeat: repetitions are not negative: ${show(times)}`)
  if (times.length < x.ndim)
    throw new ShapeError(
      `repeat: ${times.length} repetitions for the ${x.ndim} dimensions of ${show(x.shape)}. Did you mean tile?`,
    )
  const own = ranked(x.shape, times.length)
  const apart = expand(
    reshape(
      x,
      own.flatMap(n => [1, n]),
    ),
    own.flatMap((n, d) => [times[d], n]),
  )
  return reshape(
    apart,
    own.map((n, d) => n * times[d]),
  )
}
/** As `repeat`; dimensions that `reps` leaves out, the leading ones, are not repeated. */
export function tile(x: Tensor, ...reps: (number | readonly number[])[]): Tensor {
  operand('tile', x)
  const times = sizes('tile', reps)
  for (const n of times) integer('tile', 'a repetition', n, 0)
  return repeat(x, ranked(times, x.ndim))
}
/**
 * Each element over and over along `dim` (of the flattened tensor without one): n times, or as often as an int32
 * tensor [size] says for each.
 */
export function repeatInterleave(x: Tensor, n: number | Tensor, dim?: number): Tensor {
  operand('repeatInterleave', x)
  if (dim === undefined || x.ndim === 0) return repeatInterleave(reshape(x, -1), n, 0)
  const d = dimension('repeatInterleave', dim, x)
  const size = x.shape[d]
  if (typeof n === 'number') {
    integer('repeatInterleave', 'the number of repetitions', n, 0)
    const times = x.shape.flatMap((m, k) => (k === d ? [m, n] : [m]))
    return reshape(expand(unsqueeze(x, d + 1), times), resized(x.shape, d, size * n))
  }
  if (integers('repeatInterleave', n).ndim > 1 || (n.numel !== 1 && n.numel !== size))
    throw new ShapeError(
      `repeatInterleave: repetitions ${show(n.shape)} for dimension ${d} of ${show(x.shape)}: give one, or ${size}`,
    )
  if (n.data.some((times: number) => times < 0))
    throw new ArgumentError('repeatInterleave: repetitions are not negative')
  const ends = expand(reshape(n, -1), [size]).cumsum(0)
  // element k of the result is the first whose copies end after k
  const source = searchsorted(ends, arange(size === 0 ? 0 : ends.data[size - 1]), { right: true })
  return indexSelect(x, d, source)
}

// broadcast

/** Repeats dimensions of size 1, and new ones in front, to `shape`. */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => expand(x, list('expand', 'shape', shape))
/** All tensors repeated to the shape that they broadcast to. */
export function broadcastTensors(...xs: Tensor[]): Tensor[] {
  const shape = broadcast('broadcastTensors', operands('broadcastTensors', xs))
  return xs.map(x => expand(x, shape))
}
/**
 * Vectors [a], [b], … -> as many tensors [a, b, …], in which the i-th varies along dimension i alone: the coordinates
 * of a grid. Indexing 'xy' swaps the first two dimensions.
 */
export function meshgrid(xs: readonly Tensor[], { indexing = 'ij' }: { indexing?: 'ij' | 'xy' } = {}): Tensor[] {
  oneOf('meshgrid', 'indexing', indexing, ['ij', 'xy'])
  for (const x of operands('meshgrid', xs))
    if (x.ndim > 1) throw new ShapeError(`meshgrid: needs vectors, not ${show(x.shape)}`)
  const shape = xs.map(x => x.numel)
  const grids = xs.map((x, i) =>
    expand(
      reshape(
        x,
        shape.map((n, d) => (d === i ? n : 1)),
      ),
      shape,
    ),
  )
  return indexing === 'xy' && xs.length > 1 ? grids.map(grid => transpose(grid, 0, 1)) : grids
}

/** A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector; `offset` above (below if negative) the main one. */
export function diag(x: Tensor, offset = 0): Tensor {
  if (operand('diag', x).ndim !== 1 && x.ndim !== 2)
    throw new ShapeError(`diag: needs a vector or a matrix, not ${show(x.shape)}. Use diagonal or diagEmbed`)
  integer('diag', 'the diagonal', offset)
  return x.ndim === 1 ? diagEmbed(x, { offset }) : diagonal(x, { offset })
}
