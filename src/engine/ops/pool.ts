// Pooling: the largest of each window is chosen and then picked, the mean is a linear map along one dimension at a time.

import { averages, averagesAdd, maxima } from '../../backend/pool.ts'
import type { Span, Windows } from '../../backend/windows.ts'
import { apply, type Primitive } from '../apply.ts'
import { number, options } from '../argument.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { numel, resized, show, split3 } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { batched, fitting, pair, reach, row, rows, type Sizes } from './convolution.ts'
import { tensor } from './create.ts'
import { backwards, choice, floats, linear, type Named } from './kind.ts'
import { flat, picked } from './selection.ts'

/** How many windows fit along a dimension; with `ceil` also one that hangs over, if it begins before the padding behind. */
function windows(op: string, n: number, k: number, s: number, p: number, d: number, ceil: boolean): number {
  const size = reach(k, d)
  if (2 * p > size) throw new ArgumentError(`${op}: padding ${p} is more than half the window's ${size}`)
  const out = fitting(n + 2 * p - size, s, ceil ? Math.ceil : Math.floor)
  const fits = ceil && (out - 1) * s >= n + p ? out - 1 : out
  if (n === 0 || fits < 1)
    throw new ShapeError(`${op}: a window of ${size} does not fit into a size of ${n}${p ? ` with padding ${p}` : ''}`)
  return fits
}

// the largest

export const maximaPrim: Primitive<Windows & { op: string }> = choice('argmaxPool', {
  infer: ({ out }, x) => ({ shape: [...x.shape.slice(0, -2), ...out], dtype: 'int32' }),
  run(p, out, x) {
    maxima(p, out.data, x.data)
    if (out.data.includes(-1))
      throw new ShapeError(
        `${p.op}: a window with dilation [${p.dilation.join(', ')}] steps over the whole image of [${p.size.join(', ')}] into the padding`,
      )
  },
})

export interface MaxPoolOptions {
  /** Distance between windows (the window's size, so that they tile). */
  readonly stride?: Sizes
  /** Rows and columns of -Infinity around the image (0), half a window at most. */
  readonly padding?: Sizes
  /** Distance between the pixels of a window (1). */
  readonly dilation?: Sizes
  /** Also take windows that hang over the end (false). */
  readonly ceilMode?: boolean
}
function maxPool(op: string, x: Tensor, kernelSize: Sizes, options: MaxPoolOptions): Tensor {
  const kernel = pair(op, 'kernelSize', kernelSize, 1)
  const stride = pair(op, 'stride', options.stride ?? kernel, 1)
  const padding = pair(op, 'padding', options.padding ?? 0, 0)
  const dilation = pair(op, 'dilation', options.dilation ?? 1, 1)
  const size = x.shape.slice(-2) as [number, number]
  const out = size.map((n, i) =>
    windows(op, n, kernel[i], stride[i], padding[i], dilation[i], options.ceilMode ?? false),
  ) as [number, number]
  return picked(op, flat(x), 0, apply(maximaPrim, { op, size, kernel, out, stride, padding, dilation }, [x]))
}
/**
 * The largest in each window: [n, c, h, w] -> [n, c, h', w'], where
 * h' = floor((h + 2 padding - dilation (k - 1) - 1) / stride) + 1. The gradient goes to the first of equals; NaN wins.
 * One image [c, h, w] gives [c, h', w'].
 *
 * @throws ArgumentError when the padding is more than half the window, ShapeError when no window fits
 * @example
 * maxPool2d(tensor([[[1, 2], [3, 4]]]), 2) // [[[4]]]
 */
export function maxPool2d(x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Tensor {
  return batched('maxPool2d', x, 2, images => maxPool('maxPool2d', images, kernelSize, options))
}
/**
 * The largest in each window: [n, c, l] -> [n, c, l']; see `maxPool2d`.
 *
 * @example
 * maxPool1d(tensor([[1, 3, 2, 4]]), 2) // [[3, 4]]
 */
export function maxPool1d(x: Tensor, kernelSize: Sizes, options: MaxPoolOptions = {}): Tensor {
  const op = 'maxPool1d'
  const kernel = row(op, 'kernelSize', kernelSize, 1)
  return batched(op, x, 1, lines => maxPool(op, lines.unsqueeze(2), kernel, rows(op, options)).squeeze(2))
}

// the mean: of a rectangle, the mean of means

interface Spans extends Named {
  readonly dim: number
  readonly spans: readonly Span[]
}
export const averagesPrim: Primitive<Spans> = linear(p => p.name, {
  infer: ({ dim, spans }, x) => ({ shape: resized(x.shape, dim, spans.length), dtype: x.dtype }),
  flops: ({ spans }, { shape }) =>
    (numel(shape) / Math.max(1, spans.length)) * spans.reduce((sum, { start, stop }) => sum + stop - start, 0),
  run: ({ dim, spans }, out, x) => averages(out.data, x.data, spans, ...split3(x.shape, dim)),
  transpose: (p, g, _, x) => apply(averagesAddPrim, { ...backwards(p), size: x.shape[p.dim] }, [g]),
})
export const averagesAddPrim: Primitive<Spans & { size: number }> = linear(p => p.name, {
  infer: ({ dim, size }, y) => ({ shape: resized(y.shape, dim, size), dtype: y.dtype }),
  run: ({ dim, spans }, out, y) => averagesAdd(out.data, y.data, spans, ...split3(out.shape, dim)),
  transpose: (p, g) => apply(averagesPrim, backwards(p), [g]),
})

export interface AvgPoolOptions {
  /** Distance between windows (the window's size, so that they tile). */
  readonly stride?: Sizes
  /** Rows and columns of zeros around the image (0), half a window at most. */
  readonly padding?: Sizes
  /** Also take windows that hang over the end (false). */
  readonly ceilMode?: boolean
  /** Whether zeros of the padding count in the mean (true). */
  readonly countIncludePad?: boolean
}
export interface AvgPool2dOptions extends AvgPoolOptions {
  /** What sums are divided by, whatever they are sums of; not 0. */
  readonly divisorOverride?: number
}
function avgPool(op: string, x: Tensor, kernelSize: Sizes, options: AvgPool2dOptions): Tensor {
  const { ceilMode = false, countIncludePad = true, divisorOverride } = options
  if (divisorOverride !== undefined && number(op, 'divisorOverride', divisorOverride) === 0)
    throw new ArgumentError(`${op}: divisorOverride is not 0`)
  const kernel = pair(op, 'kernelSize', kernelSize, 1)
  const stride = pair(op, 'stride', options.stride ?? kernel, 1)
  const padding = pair(op, 'padding', options.padding ?? 0, 0)
  const plans = kernel.flatMap((k, i): Spans[] => {
    const dim = x.ndim - 2 + i
    const [n, s, p] = [x.shape[dim], stride[i], padding[i]]
    const length = windows(op, n, k, s, p, 1, ceilMode)
    // every element by itself
    if (k === 1 && length === n) return []
    const spans = Array.from({ length }, (_, j) => {
      const from = j * s - p
      const start = Math.max(from, 0)
      const stop = Math.min(from + k, n)
      // what hangs over beyond the padding never counts
      const own = countIncludePad ? Math.min(from + k, n + p) - from : stop - start
      return { start, stop, divisor: divisorOverride === undefined ? own : 1 }
    })
    return [{ name: op, dim, spans }]
  })
  const y = plans.reduce((y, plan) => apply(averagesPrim, plan, [y]), floats(op, x))
  return divisorOverride === undefined ? y : y.div(divisorOverride)
}
/**
 * The mean of each window: [n, c, h, w] -> [n, c, h', w'], where h' = floor((h + 2 padding - k) / stride) + 1. One
 * image [c, h, w] gives [c, h', w'].
 *
 * @throws ArgumentError when the padding is more than half the window, ShapeError when no window fits
 * @example
 * avgPool2d(tensor([[[1, 2], [3, 4]]]), 2) // [[[2.5]]]
 */
export function avgPool2d(x: Tensor, kernelSize: Sizes, options: AvgPool2dOptions = {}): Tensor {
  return batched('avgPool2d', x, 2, images => avgPool('avgPool2d', images, kernelSize, options))
}
/**
 * The mean of each window: [n, c, l] -> [n, c, l']; see `avgPool2d`.
 *
 * @example
 * avgPool1d(tensor([[1, 3, 2, 4]]), 2) // [[2, 3]]
 */
export function avgPool1d(x: Tensor, kernelSize: Sizes, options: AvgPoolOptions = {}): Tensor {
  const op = 'avgPool1d'
  const kernel = row(op, 'kernelSize', kernelSize, 1)
  return batched(op, x, 1, lines => avgPool(op, lines.unsqueeze(2), kernel, rows(op, options)).squeeze(2))
}

export interface LpPoolOptions {
  /** Distance between windows (the window's size, so that they tile). */
  readonly stride?: Sizes
  /** Also take windows that hang over the end (false). */
  readonly ceilMode?: boolean
}
/**
 * The power mean of each window without its divisor, (sum of x^p)^(1/p): [n, c, h, w] -> [n, c, h', w'], for the sizes
 * see `avgPool2d`. With p = 1 it is the sum; a sum below 0 has no other root, and gives NaN. Where the sum is 0 the
 * gradient is 0. One image [c, h, w] gives [c, h', w'].
 *
 * @throws ArgumentError when normType is not above 0, or on other options, ShapeError when no window fits
 * @example
 * lpPool2d(tensor([[[3, 4]]]), 2, [1, 2]) // [[[5]]]
 */
export function lpPool2d(x: Tensor, normType: number, kernelSize: Sizes, given: LpPoolOptions = {}): Tensor {
  const op = 'lpPool2d'
  const settled = options(op, given, ['stride', 'ceilMode'])
  if (!(number(op, 'normType', normType) > 0)) throw new ArgumentError(`${op}: normType is above 0, not ${normType}`)
  const [h, w] = pair(op, 'kernelSize', kernelSize, 1)
  return batched(op, x, 2, images => {
    const sum = avgPool(op, floats(op, images).pow(normType), kernelSize, settled).mul(h * w)
    const none = sum.eq(0)
    return none.where(0, none.where(1, sum).pow(1 / normType))
  })
}

// windows chosen so that the result has a given size

/** Sizes of a result, one for all dimensions or one for each; null keeps a size. */
export type Target = number | readonly (number | null)[]

/** Reduces the last `rank` dimensions, the last one first, from windows that make the size asked for. */
function adaptive(
  op: string,
  x: Tensor,
  rank: 1 | 2,
  outputSize: Target,
  least: number,
  reduce: (y: Tensor, dim: number, spans: readonly Span[]) => Tensor,
): Tensor {
  return batched(op, x, rank, images => {
    const sizes = images.shape.slice(2)
    const asked: readonly (number | null)[] = Array.isArray(outputSize) ? outputSize : sizes.map(() => outputSize)
    const settled = asked.map((m, i) => (m === null ? (sizes[i] ?? Number.NaN) : m))
    const wanted: readonly number[] =
      rank === 1 ? [row(op, 'outputSize', settled, least)[1]] : pair(op, 'outputSize', settled, least)
    if (sizes.includes(0)) throw new ShapeError(`${op}: nothing to pool in ${show(x.shape)}`)
    return wanted.reduceRight((y, m, i) => {
      const n = sizes[i]
      const spans = Array.from({ length: m }, (_, j) => {
        const [start, stop] = [Math.floor((j * n) / m), Math.ceil(((j + 1) * n) / m)]
        return { start, stop, divisor: stop - start }
      })
      return reduce(y, 2 + i, spans)
    }, images)
  })
}
const adaptiveAvgPool = (op: string, x: Tensor, rank: 1 | 2, outputSize: Target): Tensor =>
  adaptive(op, floats(op, x), rank, outputSize, 0, (y, dim, spans) =>
    apply(averagesPrim, { name: op, dim, spans }, [y]),
  )
/** The first of equals along rows and then down is the first of the rectangle, as for `maxPool2d`. */
const adaptiveMaxPool = (op: string, x: Tensor, rank: 1 | 2, outputSize: Target): Tensor =>
  adaptive(op, x, rank, outputSize, 1, (y, dim, spans) => {
    const longest = Math.max(...spans.map(({ divisor }) => divisor))
    // a shorter window repeats its last element, which changes neither the largest nor the first of equals
    const index = spans.flatMap(({ start, stop }) =>
      Array.from({ length: longest }, (_, k) => Math.min(start + k, stop - 1)),
    )
    const windows = picked(op, y, dim, tensor(index, { dtype: 'int32' }))
    return windows.unflatten(dim, [spans.length, longest]).max(dim + 1).values
  })
/**
 * Means of windows chosen so that the result has a given size: [n, c, h, w] -> [n, c, ...outputSize]. Window j of m
 * over n elements is [floor(j n / m), ceil((j + 1) n / m)). null keeps a size. One image [c, h, w] gives
 * [c, ...outputSize].
 *
 * @example
 * adaptiveAvgPool2d(tensor([[[1, 2, 3]]]), [1, 2]) // [[[1.5, 2.5]]]
 */
export const adaptiveAvgPool2d = (x: Tensor, outputSize: Target): Tensor =>
  adaptiveAvgPool('adaptiveAvgPool2d', x, 2, outputSize)
/**
 * Means of windows chosen so that the result has a given length: [n, c, l] -> [n, c, outputSize]; see
 * `adaptiveAvgPool2d`.
 *
 * @example
 * adaptiveAvgPool1d(tensor([[1, 2, 3]]), 2) // [[1.5, 2.5]]
 */
export const adaptiveAvgPool1d = (x: Tensor, outputSize: Target): Tensor =>
  adaptiveAvgPool('adaptiveAvgPool1d', x, 1, outputSize)
/**
 * The largest of windows chosen so that the result has a given size: [n, c, h, w] -> [n, c, ...outputSize]; for the
 * windows see `adaptiveAvgPool2d`. The gradient goes to the first of equals; NaN wins.
 *
 * @example
 * adaptiveMaxPool2d(tensor([[[1, 2, 3]]]), [1, 2]) // [[[2, 3]]]
 */
export const adaptiveMaxPool2d = (x: Tensor, outputSize: Target): Tensor =>
  adaptiveMaxPool('adaptiveMaxPool2d', x, 2, outputSize)
/**
 * The largest of windows chosen so that the result has a given length: [n, c, l] -> [n, c, outputSize]; see
 * `adaptiveMaxPool2d`.
 *
 * @example
 * adaptiveMaxPool1d(tensor([[1, 2, 3]]), 2) // [[2, 3]]
 */
export const adaptiveMaxPool1d = (x: Tensor, outputSize: Target): Tensor =>
  adaptiveMaxPool('adaptiveMaxPool1d', x, 1, outputSize)
