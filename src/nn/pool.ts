// Pooling as modules: what each window, or each part, of an image is reduced to.
import { number, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { pair, reach, row, type Sizes } from '../engine/ops/convolution.ts'
import type { AvgPool2dOptions, AvgPoolOptions, LpPoolOptions, MaxPoolOptions, Target } from '../engine/ops/pool.ts'
import type { Tensor } from '../engine/tensor.ts'
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  lpPool2d,
  maxPool1d,
  maxPool2d,
} from './functional.ts'
import type { TensorModule } from './module.ts'
import { stateless } from './stateless.ts'

type Rank = 1 | 2
type PoolClass<O> = new (kernelSize: Sizes, options?: O) => TensorModule

/** What any pool may be given. */
type Windows = MaxPoolOptions & Pick<AvgPool2dOptions, 'divisorOverride'>
/** Options of windows, checked as far as they do not depend on the image. */
function windows<O extends Windows>(op: string, rank: Rank, kernelSize: Sizes, given: O): O {
  const read = rank === 1 ? row : pair
  const kernel = read(op, 'kernelSize', kernelSize, 1)
  const padding = read(op, 'padding', given.padding ?? 0, 0)
  const dilation = read(op, 'dilation', given.dilation ?? 1, 1)
  if (given.stride !== undefined) read(op, 'stride', given.stride, 1)
  if (given.divisorOverride === 0) throw new ArgumentError(`${op}: divisorOverride is not 0`)
  kernel.forEach((k, i) => {
    const size = reach(k, dilation[i])
    if (2 * padding[i] > size)
      throw new ArgumentError(`${op}: padding ${padding[i]} is more than half the window's ${size}`)
  })
  return { ...given }
}
const pooling = <O extends Windows>(
  rank: Rank,
  f: (x: Tensor, kernelSize: Sizes, options: O) => Tensor,
  known: readonly (keyof O & string)[],
): PoolClass<O> =>
  stateless(f, (op, kernelSize: Sizes, given?: O): [Sizes, O] => [
    kernelSize,
    windows(op, rank, kernelSize, options(op, given ?? ({} as O), known)),
  ])

const MAX = ['stride', 'padding', 'dilation', 'ceilMode'] as const
const AVG = ['stride', 'padding', 'ceilMode', 'countIncludePad'] as const

/**
 * [n, c, l] -> [n, c, l']: the largest of each window; see `F.maxPool1d`.
 *
 * @throws ArgumentError for a window that is none or another option; forward: ShapeError when no window fits
 * @example
 * new nn.MaxPool1d(2).forward(tensor([[1, 3, 2, 4]])) // [[3, 4]]
 */
export class MaxPool1d extends pooling<MaxPoolOptions>(1, maxPool1d, MAX) {}
/**
 * [n, c, h, w] -> [n, c, h', w']: the largest of each window; see `F.maxPool2d`.
 *
 * @throws ArgumentError for a window that is none or another option; forward: ShapeError when no window fits
 * @example
 * new nn.MaxPool2d(2).forward(zeros([1, 3, 8, 8])).shape // [1, 3, 4, 4]
 */
export class MaxPool2d extends pooling<MaxPoolOptions>(2, maxPool2d, MAX) {}
/**
 * [n, c, l] -> [n, c, l']: the mean of each window; see `F.avgPool1d`.
 *
 * @throws ArgumentError for a window that is none or another option; forward: ShapeError when no window fits
 * @example
 * new nn.AvgPool1d(2).forward(tensor([[1, 3, 2, 4]])) // [[2, 3]]
 */
export class AvgPool1d extends pooling<AvgPoolOptions>(1, avgPool1d, AVG) {}
/**
 * [n, c, h, w] -> [n, c, h', w']: the mean of each window; see `F.avgPool2d`.
 *
 * @throws ArgumentError for a window that is none or another option; forward: ShapeError when no window fits
 * @example
 * new nn.AvgPool2d(3, { stride: 2, padding: 1 }).forward(zeros([1, 3, 8, 8])).shape // [1, 3, 4, 4]
 */
export class AvgPool2d extends pooling<AvgPool2dOptions>(2, avgPool2d, [...AVG, 'divisorOverride']) {}
/**
 * [n, c, h, w] -> [n, c, h', w']: (sum of x^p)^(1/p) of each window, with p = normType; see `F.lpPool2d`.
 *
 * @throws ArgumentError for a normType that is not above 0, a window that is none or another option; forward:
 * ShapeError when no window fits
 * @example
 * new nn.LPPool2d(2, [1, 2]).forward(tensor([[[3, 4]]])) // [[[5]]]
 */
export class LPPool2d extends stateless(
  lpPool2d,
  (op, normType: number, kernelSize: Sizes, given: LpPoolOptions = {}): [number, Sizes, LpPoolOptions] => {
    options(op, given, ['stride', 'ceilMode'])
    if (!(number(op, 'normType', normType) > 0)) throw new ArgumentError(`${op}: normType is above 0, not ${normType}`)
    return [normType, kernelSize, windows(op, 2, kernelSize, given)]
  },
) {}

const adaptive = (rank: Rank, least: number, f: (x: Tensor, outputSize: Target) => Tensor) =>
  stateless(f, (op, outputSize: Target): [Target] => {
    const asked: Sizes = Array.isArray(outputSize) ? outputSize.map(n => n ?? least) : (outputSize as number)
    if (rank === 1) row(op, 'outputSize', asked, least)
    else pair(op, 'outputSize', asked, least)
    return [outputSize]
  })

/**
 * [n, c, l] -> [n, c, outputSize]: means of windows chosen so that the result has this length; see
 * `F.adaptiveAvgPool1d`.
 *
 * @throws ArgumentError for a size that is none
 * @example
 * new nn.AdaptiveAvgPool1d(2).forward(tensor([[1, 2, 3]])) // [[1.5, 2.5]]
 */
export class AdaptiveAvgPool1d extends adaptive(1, 0, adaptiveAvgPool1d) {}
/**
 * [n, c, h, w] -> [n, c, ...outputSize]: means of windows chosen so that the result has this size; null keeps one; see
 * `F.adaptiveAvgPool2d`.
 *
 * @throws ArgumentError for a size that is none
 * @example
 * new nn.AdaptiveAvgPool2d(1).forward(zeros([2, 3, 5, 7])).shape // [2, 3, 1, 1]
 */
export class AdaptiveAvgPool2d extends adaptive(2, 0, adaptiveAvgPool2d) {}
/**
 * [n, c, l] -> [n, c, outputSize]: the largest of windows chosen so that the result has this length; see
 * `F.adaptiveMaxPool1d`.
 *
 * @throws ArgumentError for a size that is none
 * @example
 * new nn.AdaptiveMaxPool1d(2).forward(tensor([[1, 2, 3]])) // [[2, 3]]
 */
export class AdaptiveMaxPool1d extends adaptive(1, 1, adaptiveMaxPool1d) {}
/**
 * [n, c, h, w] -> [n, c, ...outputSize]: the largest of windows chosen so that the result has this size; null keeps one;
 * see `F.adaptiveMaxPool2d`.
 *
 * @throws ArgumentError for a size that is none
 * @example
 * new nn.AdaptiveMaxPool2d([1, null]).forward(zeros([2, 3, 5, 7])).shape // [2, 3, 1, 7]
 */
export class AdaptiveMaxPool2d extends adaptive(2, 1, adaptiveMaxPool2d) {}
