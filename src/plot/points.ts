// What is to be drawn, as points: from arrays, typed arrays and tensors; no more of them than a picture can show.
import { described, list, record } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'

/** A tensor, as far as plots look at it. */
export type Shaped = { readonly shape: readonly number[]; readonly data: ArrayLike<number> }
export type Numbers = ArrayLike<number> | Shaped
export type Point = { x: number; y: number }
/** Numbers stand at x = 0, 1, 2, ...; what is not finite leaves a gap. */
export type Values = Numbers | readonly Point[]
/** Rows of equal length: `[n, d]`. */
export type Rows = readonly ArrayLike<number>[] | Shaped

const isShaped = (x: object): x is Shaped => 'shape' in x && 'data' in x
const isListed = (x: object): x is ArrayLike<unknown> => 'length' in x

/**
 * All elements, of a tensor in its order.
 *
 * @throws ArgumentError when they are no numbers
 */
export function numbers(plot: string, name: string, given: Numbers): ArrayLike<number> {
  const what = `${name}: an array of numbers or a tensor`
  const source = record(plot, what, given)
  const found: unknown = isShaped(source) ? source.data : source
  if (typeof found !== 'object' || found === null || !isListed(found)) {
    throw new ArgumentError(`${plot}: needs ${what}, not ${described(given)}`)
  }
  for (let i = 0; i < found.length; i++) {
    if (typeof found[i] !== 'number') {
      throw new ArgumentError(`${plot}: ${name} holds numbers, not ${described(found[i])} at ${i}`)
    }
  }
  return found as ArrayLike<number>
}

/**
 * Points, those that cannot be drawn with y = NaN, which leaves a gap. Numbers stand at `first`, `first + 1`, ...
 *
 * @throws ArgumentError when they are neither numbers nor points
 */
export function points(plot: string, name: string, given: Values, first = 0): Point[] {
  if (Array.isArray(given) && typeof given[0] === 'object') {
    return Array.from(given as readonly Point[], (point, i) => {
      const { x, y } = record(plot, `points { x, y } in ${name}`, point)
      if (typeof x !== 'number' || typeof y !== 'number') {
        throw new ArgumentError(`${plot}: ${name} holds points { x, y } of numbers, not ${described(point)} at ${i}`)
      }
      return Number.isFinite(x) ? { x, y: drawable(y) } : { x: Number.NaN, y: Number.NaN }
    })
  }
  return Array.from(numbers(plot, name, given as Numbers), (y, i) => ({
    x: first + i,
    y: drawable(y),
  }))
}

/** What a span can be made of whose width, and a tenth of it, are numbers too: NaN is too large, 0 next to nothing. */
const drawable = (y: number): number => (Math.abs(y) < 1e307 ? (Math.abs(y) > 1e-300 ? y : 0) : Number.NaN)

/** @throws ArgumentError when they are no list of { name, values }, or none */
export function named<S extends { readonly name: string }>(plot: string, given: readonly S[]): readonly S[] {
  const wanted = `series [{ name: 'loss', values }]`
  if (!Array.isArray(given)) throw new ArgumentError(`${plot}: needs ${wanted}, not ${described(given)}`)
  if (given.length === 0) throw new ArgumentError(`${plot}: no series to draw`)
  for (const series of given) {
    if (typeof record(plot, wanted, series).name !== 'string')
      throw new ArgumentError(`${plot}: needs ${wanted}, not ${described(series)} among them`)
  }
  return given
}

/**
 * `[n, d]` as n arrays of d numbers.
 *
 * @throws ArgumentError when they are no numbers, ShapeError when rows differ or a tensor has not two dimensions
 */
export function rows(plot: string, name: string, given: Rows): number[][] {
  if (typeof given === 'object' && given !== null && isShaped(given)) {
    const [n, d] = given.shape
    if (given.shape.length !== 2) throw new ShapeError(`${plot}: ${name} is [n, d], got [${given.shape.join(', ')}]`)
    return Array.from({ length: n }, (_, i) => Array.from({ length: d }, (_, k) => given.data[i * d + k]))
  }
  const all = list(plot, name, given).map((row, i) => Array.from(numbers(plot, `${name}[${i}]`, row)))
  const odd = all.findIndex(row => row.length !== all[0].length)
  if (odd >= 0) {
    throw new ShapeError(
      `${plot}: rows of ${name} differ: ${all[0].length} numbers in row 0, ${all[odd].length} in row ${odd}`,
    )
  }
  return all
}

/** The least and the greatest of the finite values. */
export type Span = { low: number; high: number }

/** Infinity to -Infinity where there is none. */
export function spanOf(values: Iterable<number>): Span {
  const span = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY }
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    if (value < span.low) span.low = value
    if (value > span.high) span.high = value
  }
  return span
}

/** A span with room around: something to show even where all values are one, or none is there. */
export function widened({ low, high }: Span, share: number): Span {
  if (!(low <= high)) return { low: 0, high: 1 }
  const room = high > low ? (high - low) * share : Math.abs(low) * 0.05 || 1
  return { low: low - room, high: high + room }
}

/**
 * The same curve from fewer points: of those in a row that share one of `columns` columns, the first, the last, the
 * lowest and the highest. No peak is lost, and gaps stay.
 */
export function thinned(all: readonly Point[], columns: number, scale = (x: number): number => x): readonly Point[] {
  if (all.length <= 4 * columns) return all
  const { low, high } = spanOf(all.map(({ x }) => scale(x)))
  const column = ({ x, y }: Point) =>
    Number.isNaN(y) ? Number.NaN : Math.floor(((scale(x) - low) / (high - low || 1)) * columns)
  const kept: Point[] = []
  for (let i = 0; i < all.length; ) {
    const here = column(all[i])
    let [least, most, end] = [i, i, i + 1]
    // NaN is equal to nothing, so Object.is: a run of gaps becomes one.
    for (; end < all.length && Object.is(column(all[end]), here); end++) {
      if (all[end].y < all[least].y) least = end
      if (all[end].y > all[most].y) most = end
    }
    for (const k of [...new Set([i, Math.min(least, most), Math.max(least, most), end - 1])]) kept.push(all[k])
    i = end
  }
  return kept
}
