// Normalisation: a tensor less its mean, divided by its deviation, over some of its dimensions; then scaled and shifted.
import type { Shape } from '../../backend/array.ts'
import { noGrad } from '../../engine/apply.ts'
import { integer, list, number, operand, options } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { floats } from '../../engine/ops/kind.ts'
import { sameDtype } from '../../engine/ops/product.ts'
import { numel, sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'

type Optional = Tensor | null | undefined

export interface NormOptions {
  /** Added to the variance (1e-5). */
  readonly eps?: number
}
export interface BatchNormOptions extends NormOptions {
  /** Whether the batch's own moments are used, and move the running ones (false). */
  readonly training?: boolean
  /** The share of the batch in the running moments, a number or a 0-d tensor (0.1). */
  readonly momentum?: number | Tensor
}
export interface InstanceNormOptions extends NormOptions {
  /** Whether each instance's own moments are used, and move the running ones (true). */
  readonly useInputStats?: boolean
  /** The share of the instances in the running moments, a number or a 0-d tensor (0.1). */
  readonly momentum?: number | Tensor
}

/** @throws ShapeError when one of the tensors is there and has another shape, DtypeError when another dtype */
function fitted(op: string, x: Tensor, shape: Shape, own: Readonly<Record<string, Optional>>): void {
  for (const [name, y] of Object.entries(own)) {
    if (y === null || y === undefined) continue
    if (!sameShape(operand(op, y).shape, shape))
      throw new ShapeError(`${op}: for an input ${show(x.shape)} ${name} is ${show(shape)}, not ${show(y.shape)}`)
    sameDtype(op, x, y)
  }
}

interface Standard {
  readonly y: Tensor
  readonly mean: Tensor
  /** The biased one: divided by the number of elements. */
  readonly variance: Tensor
}
/** (x - mean) / sqrt(variance + eps), and the moments over `dims`, which stay as sizes of 1. */
function standardized(x: Tensor, dims: readonly number[], eps: number): Standard {
  const mean = x.mean(dims, { keepdim: true })
  const centred = x.sub(mean)
  const variance = centred.square().mean(dims, { keepdim: true })
  return { y: centred.mul(variance.add(eps).rsqrt()), mean, variance }
}

/** weight*y + bias. */
function affine(y: Tensor, weight: Optional, bias: Optional): Tensor {
  const scaled = weight ? y.mul(weight) : y
  return bias ? scaled.add(bias) : scaled
}
/** [c] so that it broadcasts over [n, c, ...]. */
const column = (w: Tensor, { shape }: Tensor): Tensor => w.reshape([w.numel, ...shape.slice(2).map(() => 1)])
const columns = (y: Tensor, weight: Optional, bias: Optional): Tensor =>
  affine(y, weight && column(weight, y), bias && column(bias, y))

/** Running moments [c], moved towards new ones [..., c, 1...] of n elements each: what is stored is the unbiased variance. */
interface Running {
  readonly runningMean: Optional
  readonly runningVar: Optional
  readonly momentum: number | Tensor
}
function moved({ runningMean, runningVar, momentum }: Running, { mean, variance }: Standard, n: number): void {
  noGrad(() => {
    // instances, if there are any, share alike
    const toward = (running: Tensor, fresh: Tensor): Tensor =>
      running.lerp(fresh.detach().reshape(-1, running.numel).mean(0), momentum)
    const next = runningMean && toward(runningMean, mean)
    runningVar?.assign(toward(runningVar, variance.mul(n / (n - 1))))
    if (next) runningMean.assign(next)
  })
}

/** The momentum, checked. */
function share(op: string, momentum: number | Tensor, x: Tensor): number | Tensor {
  if (typeof momentum === 'number') return momentum
  fitted(op, x, [], { momentum })
  return momentum
}
/** The number of elements behind each moment, more than one. */
function several(op: string, x: Tensor, n: number): number {
  if (n < 2)
    throw new ShapeError(
      `${op}: ${show(x.shape)} has ${n} for each channel, a variance needs at least 2. Give larger batches, or evaluate: model.eval()`,
    )
  return n
}
/** By the running moments, which are constants. */
function byRunning(op: string, why: string, x: Tensor, { runningMean, runningVar }: Running, eps: number): Tensor {
  if (!runningMean || !runningVar) throw new ArgumentError(`${op}: ${why} needs runningMean and runningVar`)
  return x.sub(column(runningMean, x)).mul(column(runningVar.add(eps).rsqrt(), x))
}

/**
 * Each channel with mean 0 and variance 1 over the batch, then scaled and shifted: [n, c] or [n, c, ...] -> the same;
 * the others, [c], may be null. In training the batch's moments are used, and the running ones are assigned
 * running + momentum (batch - running); the variance that is stored is the unbiased one, that which normalises is not.
 * Otherwise the running moments are used. Works in compiled steps.
 *
 * Ioffe & Szegedy, "Batch normalization", 2015.
 * @throws ShapeError when sizes do not fit, or a channel has one number to train on, DtypeError when dtypes differ,
 * ArgumentError when there is nothing to normalise by, or for another option
 * @example
 * F.batchNorm(tensor([[1], [3]]), null, null, null, null, { training: true, eps: 0 }) // [[-1], [1]]
 */
export function batchNorm(
  x: Tensor,
  runningMean: Optional,
  runningVar: Optional,
  weight: Optional = null,
  bias: Optional = null,
  given: BatchNormOptions = {},
): Tensor {
  const op = 'batchNorm'
  const { training = false, momentum = 0.1, eps = 1e-5 } = options(op, given, ['training', 'momentum', 'eps'])
  if (floats(op, x).ndim < 2) throw new ShapeError(`${op}: expected [n, c, ...], not ${show(x.shape)}`)
  fitted(op, x, [x.shape[1]], { runningMean, runningVar, weight, bias })
  const running = { runningMean, runningVar, momentum: share(op, momentum, x) }
  number(op, 'eps', eps)
  if (!training) return columns(byRunning(op, 'outside training it', x, running, eps), weight, bias)
  const n = several(op, x, x.numel / x.shape[1])
  const dims = x.shape.flatMap((_, d) => (d === 1 ? [] : [d]))
  const standard = standardized(x, dims, eps)
  moved(running, standard, n)
  return columns(standard.y, weight, bias)
}

/**
 * Each channel of each example with mean 0 and variance 1, then scaled and shifted: [n, c, ...] -> the same; the
 * others, [c], may be left out. Running moments, where there are any, move as those of `batchNorm`, towards the mean
 * of the examples' moments; without useInputStats they are used.
 *
 * Ulyanov et al., "Instance normalization: the missing ingredient for fast stylization", 2016.
 * @throws ShapeError when sizes do not fit, or a channel has one number only, DtypeError when dtypes differ,
 * ArgumentError when there is nothing to normalise by, or for another option
 * @example
 * F.instanceNorm(tensor([[[1, 3], [5, 9]]]), null, null, null, null, { eps: 0 }) // [[[-1, 1], [-1, 1]]]
 */
export function instanceNorm(
  x: Tensor,
  runningMean: Optional = null,
  runningVar: Optional = null,
  weight: Optional = null,
  bias: Optional = null,
  given: InstanceNormOptions = {},
): Tensor {
  const op = 'instanceNorm'
  const known = ['useInputStats', 'momentum', 'eps']
  const { useInputStats = true, momentum = 0.1, eps = 1e-5 } = options(op, given, known)
  if (floats(op, x).ndim < 3) throw new ShapeError(`${op}: expected [n, c, ...], not ${show(x.shape)}`)
  fitted(op, x, [x.shape[1]], { runningMean, runningVar, weight, bias })
  const running = { runningMean, runningVar, momentum: share(op, momentum, x) }
  number(op, 'eps', eps)
  if (!useInputStats) return columns(byRunning(op, 'without useInputStats it', x, running, eps), weight, bias)
  const places = x.shape.slice(2)
  const n = several(op, x, numel(places))
  const standard = standardized(
    x,
    places.map((_, d) => 2 + d),
    eps,
  )
  moved(running, standard, n)
  return columns(standard.y, weight, bias)
}

/**
 * Each of numGroups groups of channels with mean 0 and variance 1, then each channel scaled and shifted:
 * [n, c, ...] -> the same; weight and bias [c].
 *
 * Wu & He, "Group normalization", 2018.
 * @throws ShapeError when sizes do not fit or the channels do not divide into the groups, DtypeError when dtypes
 * differ, ArgumentError for another option
 * @example
 * F.groupNorm(tensor([[1, 3, 5, 9]]), 2, null, null, { eps: 0 }) // [[-1, 1, -1, 1]]
 */
export function groupNorm(
  x: Tensor,
  numGroups: number,
  weight: Optional = null,
  bias: Optional = null,
  given: NormOptions = {},
): Tensor {
  const op = 'groupNorm'
  const { eps = 1e-5 } = options(op, given, ['eps'])
  if (floats(op, x).ndim < 2) throw new ShapeError(`${op}: expected [n, c, ...], not ${show(x.shape)}`)
  integer(op, 'numGroups', numGroups, 1)
  number(op, 'eps', eps)
  const [n, channels] = x.shape as [number, number]
  if (channels % numGroups)
    throw new ShapeError(`${op}: the ${channels} channels of ${show(x.shape)} do not divide into ${numGroups} groups`)
  fitted(op, x, [channels], { weight, bias })
  // no -1: of an empty batch the size would be ambiguous
  const size = numel(x.shape.slice(1)) / numGroups
  return columns(standardized(x.reshape(n, numGroups, size), [2], eps).y.reshape(x.shape), weight, bias)
}

/** The last dimensions, which have to be those of `normalizedShape`. */
function trailing(op: string, x: Tensor, normalizedShape: number | Shape): { shape: Shape; dims: number[] } {
  const shape =
    typeof normalizedShape === 'number' ? [normalizedShape] : list<number>(op, 'normalizedShape', normalizedShape)
  const rest = floats(op, x).ndim - shape.length
  if (shape.length === 0 || rest < 0 || !sameShape(x.shape.slice(rest), shape))
    throw new ShapeError(`${op}: an input ${show(x.shape)} does not end in the shape to be normalised, ${show(shape)}`)
  return { shape, dims: shape.map((_, d) => rest + d) }
}

/**
 * Mean 0 and variance 1 over the last dimensions, then scaled and shifted: [..., ...normalizedShape] -> the same;
 * weight and bias of the normalised shape.
 *
 * Ba et al., "Layer normalization", 2016.
 * @throws ShapeError when x does not end in the shape, or a weight is not of it, DtypeError when dtypes differ,
 * ArgumentError for another option
 * @example
 * F.layerNorm(tensor([[1, 3], [5, 9]]), [2], null, null, { eps: 0 }) // [[-1, 1], [-1, 1]]
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  weight: Optional = null,
  bias: Optional = null,
  given: NormOptions = {},
): Tensor {
  const op = 'layerNorm'
  const { eps = 1e-5 } = options(op, given, ['eps'])
  const { shape, dims } = trailing(op, x, normalizedShape)
  fitted(op, x, shape, { weight, bias })
  return affine(standardized(x, dims, number(op, 'eps', eps)).y, weight, bias)
}

/** The distance from 1 to the next number of a dtype. */
const EPSILON = { float64: Number.EPSILON, float32: 2 ** -23 }
/**
 * x / sqrt(mean(x^2) + eps) over the last dimensions, then scaled: [..., ...normalizedShape] -> the same; weight of the
 * normalised shape. eps is by default the distance from 1 to the dtype's next number, as in PyTorch.
 *
 * Zhang & Sennrich, "Root mean square layer normalization", 2019.
 * @throws ShapeError when x does not end in the shape, or the weight is not of it, DtypeError when dtypes differ,
 * ArgumentError for another option
 * @example
 * F.rmsNorm(tensor([[1, 7]]), [2], null, { eps: 0 }) // [[0.2, 1.4]]
 */
export function rmsNorm(
  x: Tensor,
  normalizedShape: number | Shape,
  weight: Optional = null,
  given: NormOptions = {},
): Tensor {
  const op = 'rmsNorm'
  const { eps } = options(op, given, ['eps'])
  const { shape, dims } = trailing(op, x, normalizedShape)
  fitted(op, x, shape, { weight })
  const added = number(op, 'eps', eps ?? (x.dtype === 'float64' ? EPSILON.float64 : EPSILON.float32))
  return affine(x.mul(x.square().mean(dims, { keepdim: true }).add(added).rsqrt()), weight, null)
}

export interface ResponseNormOptions {
  /** The factor of the mean square (1e-4). */
  readonly alpha?: number
  /** The power (0.75). */
  readonly beta?: number
  /** What is added (1). */
  readonly k?: number
}
/**
 * x / (k + alpha m)^beta, where m is the mean square over `size` neighbouring channels, floor(size / 2) of them before;
 * channels that are not there count as 0: [n, c, ...] -> the same.
 *
 * Krizhevsky et al., "ImageNet classification with deep convolutional neural networks", 2012.
 * @throws ShapeError when x has fewer than 3 dimensions, ArgumentError when size is no whole number above 0, or for
 * another option
 * @example
 * F.localResponseNorm(tensor([[[1], [2]]]), 2, { alpha: 2, beta: 1, k: 0 }) // [[[1], [0.4]]]
 */
export function localResponseNorm(x: Tensor, size: number, given: ResponseNormOptions = {}): Tensor {
  const op = 'localResponseNorm'
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options(op, given, ['alpha', 'beta', 'k'])
  for (const [name, value] of Object.entries({ alpha, beta, k })) number(op, name, value)
  integer(op, 'size', size, 1)
  if (floats(op, x).ndim < 3) throw new ShapeError(`${op}: expected [n, c, ...], not ${show(x.shape)}`)
  const behind = Math.floor((size - 1) / 2)
  const squares = x
    .square()
    .flatten(2)
    .pad([0, 0, size - 1 - behind, behind])
  const mean = squares.unfold(1, size, 1).mean(-1).reshape(x.shape)
  return x.div(mean.mul(alpha).add(k).pow(beta))
}
