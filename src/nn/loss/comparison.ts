// Losses of distances and similarities: what belongs together should be nearer than what does not.
import { number, operand } from '../../engine/argument.ts'
import { ShapeError } from '../../engine/errors.ts'
import { floats } from '../../engine/ops/kind.ts'
import { sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { distance } from '../functional/distance.ts'
import { alike, checked, elementwise, type LossOptions, reduced } from './reduction.ts'

export interface MarginOptions extends LossOptions {
  /** By how much the two should differ; see the loss for its default. */
  readonly margin?: number
}

/**
 * Of distances x, with targets y of 1 (near) and -1 (far): x where y is 1, max(0, margin - x) where it is -1. The margin
 * is 1 by default. [...] and [...] -> [], or [...] without reduction.
 *
 * @throws ShapeError when the shapes differ, ArgumentError on other options
 * @example
 * F.hingeEmbeddingLoss(tensor([0.5, 0.25]), tensor([1, -1])) // (0.5 + 0.75) / 2 = 0.625
 */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, given: MarginOptions = {}): Tensor {
  const op = 'hingeEmbeddingLoss'
  return elementwise(op, given, input, target, () => {
    const { margin = 1 } = given
    const far = input
      .neg()
      .add(number(op, 'margin', margin))
      .clamp(0)
    return target.ne(1).where(far, 0).add(target.ne(-1).where(input, 0))
  })
}

/** Added to squared lengths: what has none has no direction. */
const LENGTH = 1e-12
/**
 * Of vectors with targets y of 1 (alike) and -1 (unlike): 1 - cos where y is 1, max(0, cos - margin) where it is -1. The
 * margin is 0 by default. [n, size] twice and [n] -> [], or [n] without reduction; a single pair is [size] twice and [].
 *
 * @throws ShapeError when the shapes do not fit, ArgumentError on other options
 * @example
 * F.cosineEmbeddingLoss(tensor([[3, 4]]), tensor([[4, 3]]), tensor([1])) // 1 - 24/25 = 0.04
 */
export function cosineEmbeddingLoss(input1: Tensor, input2: Tensor, target: Tensor, given: MarginOptions = {}): Tensor {
  const op = 'cosineEmbeddingLoss'
  const { margin = 0, reduction } = checked(op, given)
  number(op, 'margin', margin)
  alike(op, input1, floats(op, input2), 'second input')
  if (input1.ndim !== 1 && input1.ndim !== 2)
    throw new ShapeError(`${op}: the inputs are [n, size] or [size], not ${show(input1.shape)}`)
  if (!sameShape(operand(op, target).shape, input1.shape.slice(0, -1)))
    throw new ShapeError(
      `${op}: inputs ${show(input1.shape)} need targets ${show(input1.shape.slice(0, -1))}, not ${show(target.shape)}`,
    )
  const squared = (x: Tensor): Tensor => x.square().sum(-1).add(LENGTH)
  const cosine = input1
    .mul(input2)
    .sum(-1)
    .div(squared(input1).mul(squared(input2)).sqrt())
  const unlike = target.eq(-1).where(cosine.sub(margin).clamp(0), 0)
  return reduced(target.eq(1).where(cosine.neg().add(1), 0).add(unlike), reduction)
}

/**
 * Of two scores with targets y of 1 (the first should be larger) and -1 (the second): max(0, margin - y (x1 - x2)). The
 * margin is 0 by default. [...] three times -> [], or [...] without reduction.
 *
 * @throws ShapeError when the shapes differ, ArgumentError on other options
 * @example
 * F.marginRankingLoss(tensor([1, 2]), tensor([3, 1]), tensor([1, 1])) // (2 + 0) / 2 = 1
 */
export function marginRankingLoss(input1: Tensor, input2: Tensor, target: Tensor, given: MarginOptions = {}): Tensor {
  const op = 'marginRankingLoss'
  const { margin = 0 } = given
  return elementwise(op, given, input1, target, () => {
    alike(op, input1, floats(op, input2), 'second input')
    return input2
      .sub(input1)
      .mul(target)
      .add(number(op, 'margin', margin))
      .clamp(0)
  })
}

export interface TripletOptions extends MarginOptions {
  /** The order of the norm, see `pairwiseDistance` (2). */
  readonly p?: number
  /** Added to the differences (1e-6). */
  readonly eps?: number
  /** Whether the distance from positive to negative counts where it is the smaller one (false). */
  readonly swap?: boolean
}
/**
 * How far the negative fails to be farther from the anchor than the positive by the margin,
 * max(0, |a - p| - |a - n| + margin), which is 1 by default: [n, size] or [size] three times -> [], or [n] without
 * reduction.
 *
 * Balntas et al., "Learning shallow convolutional feature descriptors with triplet losses", 2016.
 * @throws ShapeError when the shapes differ, ArgumentError on other options
 * @example
 * F.tripletMarginLoss(tensor([[0, 0]]), tensor([[0, 1]]), tensor([[0, 1.5]])) // 1 - 1.5 + 1 = 0.5
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  given: TripletOptions = {},
): Tensor {
  const op = 'tripletMarginLoss'
  const { margin = 1, p = 2, eps = 1e-6, swap = false, reduction } = checked(op, given)
  number(op, 'margin', margin)
  alike(op, anchor, floats(op, positive), 'positive')
  alike(op, anchor, floats(op, negative), 'negative')
  const near = distance(op, anchor, positive, { p, eps })
  const far = distance(op, anchor, negative, { p, eps })
  const least = swap ? far.minimum(distance(op, positive, negative, { p, eps })) : far
  return reduced(near.sub(least).add(margin).clamp(0), reduction)
}
