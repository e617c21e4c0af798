// Losses of labels by margins: the right scores should exceed the wrong ones.
import { apply } from '../../engine/apply.ts'
import { number, operand } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { zerosLike } from '../../engine/ops/create.ts'
import { floats, integers } from '../../engine/ops/kind.ts'
import { oneHot } from '../../engine/ops/lookup.ts'
import { sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { classPrim } from './classes.ts'
import type { WeightedOptions } from './likelihood.ts'
import { alike, checked, elementwise, type Loss, type LossOptions, reduced, weighing } from './reduction.ts'

/**
 * The hinge loss max(0, 1 - y*score) of a maximal margin, targets y being -1 or 1: [...] and [...] -> [], or [...]
 * without reduction. At the margin itself the gradient is 0.
 *
 * Cortes & Vapnik, "Support-vector networks", 1995.
 * @throws ShapeError when the shapes differ, ArgumentError on other options
 * @example
 * F.hingeLoss(tensor([0.5, 2]), tensor([1, -1])) // (0.5 + 3) / 2 = 1.75
 */
export function hingeLoss(score: Tensor, target: Tensor, given: LossOptions = {}): Tensor {
  return elementwise('hingeLoss', given, score, target, () => score.mul(target).neg().add(1).relu())
}

/**
 * ln(1 + e^(-y x)), the logistic loss with targets y of -1 or 1: [...] and [...] -> [], or [...] without reduction.
 *
 * @throws ShapeError when the shapes differ, ArgumentError on other options
 * @example
 * F.softMarginLoss(tensor([0]), tensor([1])) // ln(2) = 0.6931
 */
export function softMarginLoss(input: Tensor, target: Tensor, given: LossOptions = {}): Tensor {
  return elementwise('softMarginLoss', given, input, target, () => input.mul(target).neg().softplus())
}

/** @throws ShapeError when the input is not [n, classes] or [classes] */
function scores(op: Loss, x: Tensor): Tensor {
  if (floats(op, x).ndim !== 1 && x.ndim !== 2)
    throw new ShapeError(`${op}: the input is [n, classes] or [classes], not ${show(x.shape)}`)
  return x
}

export interface MultiMarginOptions extends LossOptions {
  /** The power of what is missing, 1 or 2 (1). */
  readonly p?: 1 | 2
  /** By how much the right score should exceed each other one (1). */
  readonly margin?: number
  /** A factor for each class: [classes]. */
  readonly weight?: Tensor | null
}
/**
 * How far the score of the right class fails to exceed the others by the margin,
 * sum over i != y of w_y max(0, margin - x_y + x_i)^p / classes: [n, classes] and class indices [n] (int32) -> [], or
 * [n] without reduction; a single example is [classes] and [].
 *
 * Crammer & Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", 2001.
 * @throws IndexError when a target is no class, ShapeError when the shapes do not fit, ArgumentError when p is not 1 or
 * 2, or on other options
 * @example
 * F.multiMarginLoss(tensor([[1, 0.5, 2]]), tensor([0], { dtype: 'int32' })) // (0.5 + 2) / 3 = 0.8333
 */
export function multiMarginLoss(input: Tensor, target: Tensor, given: MultiMarginOptions = {}): Tensor {
  const op = 'multiMarginLoss'
  const { p = 1, margin = 1, weight, reduction } = checked(op, given)
  if (p !== 1 && p !== 2) throw new ArgumentError(`${op}: p is 1 or 2, not ${String(p)}`)
  number(op, 'margin', margin)
  const { shape } = scores(op, input)
  const classes = shape.at(-1) as number
  if (!sameShape(integers(op, target).shape, shape.slice(0, -1)))
    throw new ShapeError(
      `${op}: an input ${show(shape)} needs class indices ${show(shape.slice(0, -1))}, not ${show(target.shape)}`,
    )
  if (weight && !sameShape(operand(op, weight).shape, [classes]))
    throw new ShapeError(`${op}: the weight of ${classes} classes is [${classes}], not ${show(weight.shape)}`)
  const index = apply(classPrim, { op, classes, ignored: null }, [target])
  const missing = input
    .sub(input.gather(-1, index.unsqueeze(-1)))
    .add(margin)
    .relu()
  const others = oneHot(index, classes)
    .ne(0)
    .where(0, p === 1 ? missing : missing.square())
  const loss = others.sum(-1).div(classes)
  return reduced(weight ? loss.mul(weight.indexSelect(0, index.reshape(-1)).reshape(index.shape)) : loss, reduction)
}

/**
 * How far the scores of the right classes fail to exceed each wrong one by 1,
 * sum over right j and wrong i of max(0, 1 - x_j + x_i) / classes: [n, classes] and [n, classes] (int32), which lists
 * the right classes up to the first -1 -> [], or [n] without reduction; a single example is [classes] and [classes].
 *
 * @throws IndexError when a target is no class and not -1, ShapeError when the shapes do not fit, ArgumentError on
 * other options
 * @example
 * F.multilabelMarginLoss(tensor([1, 0.5, 2]), tensor([2, -1, 0], { dtype: 'int32' })) // (0 + 0) / 3 = 0
 */
export function multilabelMarginLoss(input: Tensor, target: Tensor, given: LossOptions = {}): Tensor {
  const op = 'multilabelMarginLoss'
  const { reduction } = checked(op, given)
  const classes = scores(op, input).shape.at(-1) as number
  alike(op, input, integers(op, target))
  const index = apply(classPrim, { op, classes, ignored: -1 }, [target])
  const listed = target.ge(0).cumprod(-1)
  const right = zerosLike(target).scatterAdd(-1, index, listed)
  const missing = input.unsqueeze(-2).sub(input.gather(-1, index).unsqueeze(-1)).add(1).relu()
  const counted = listed.ne(0).unsqueeze(-1).logicalAnd(right.eq(0).unsqueeze(-2))
  return reduced(counted.where(missing, 0).sum([-2, -1]).div(classes), reduction)
}

/**
 * The mean over the classes of the binary cross entropy of sigmoid(x) with y in [0, 1]: [n, classes] and [n, classes]
 * -> [], or [n] without reduction; a single example is [classes] and [classes].
 *
 * @throws ShapeError when the shapes differ, or a weight does not broadcast to them, ArgumentError on other options
 * @example
 * F.multilabelSoftMarginLoss(tensor([[0, 0]]), tensor([[1, 0]])) // ln(2) = 0.6931
 */
export function multilabelSoftMarginLoss(input: Tensor, target: Tensor, given: WeightedOptions = {}): Tensor {
  const op = 'multilabelSoftMarginLoss'
  const { weight, reduction } = checked(op, given)
  alike(op, input, target)
  if (input.ndim === 0) throw new ShapeError(`${op}: the input is [..., classes], not ${show(input.shape)}`)
  weighing(op, input, weight)
  // -ln(sigmoid(x)) = softplus(-x), -ln(1 - sigmoid(x)) = softplus(x) = softplus(-x) + x
  const loss = input.neg().softplus().add(target.neg().add(1).mul(input))
  return reduced((weight ? loss.mul(weight) : loss).mean(-1), reduction)
}
