// What all losses have: options, and what becomes of the losses of the elements.
import { oneOf, operand, options } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { floats } from '../../engine/ops/kind.ts'
import { broadcast, sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'

export interface LossOptions {
  /** What becomes of the losses of the elements: their mean (default), their sum, or nothing. */
  readonly reduction?: 'mean' | 'sum' | 'none'
}

/** The options that each loss has: arguments of its function, fields of its module. */
export const known = {
  mseLoss: ['reduction'],
  l1Loss: ['reduction'],
  smoothL1Loss: ['reduction', 'beta'],
  huberLoss: ['reduction', 'delta'],
  hingeLoss: ['reduction'],
  binaryCrossEntropy: ['reduction', 'weight'],
  binaryCrossEntropyWithLogits: ['reduction', 'weight', 'posWeight'],
  klDiv: ['reduction', 'logTarget'],
  poissonNllLoss: ['reduction', 'logInput', 'full', 'eps'],
  gaussianNllLoss: ['reduction', 'full', 'eps'],
  nllLoss: ['reduction', 'weight', 'ignoreIndex'],
  crossEntropy: ['reduction', 'weight', 'ignoreIndex', 'labelSmoothing'],
  multiMarginLoss: ['reduction', 'p', 'margin', 'weight'],
  multilabelMarginLoss: ['reduction'],
  multilabelSoftMarginLoss: ['reduction', 'weight'],
  softMarginLoss: ['reduction'],
  hingeEmbeddingLoss: ['reduction', 'margin'],
  cosineEmbeddingLoss: ['reduction', 'margin'],
  marginRankingLoss: ['reduction', 'margin'],
  tripletMarginLoss: ['reduction', 'margin', 'p', 'eps', 'swap'],
} as const
export type Loss = keyof typeof known

/**
 * The options, with a reduction.
 * @throws ArgumentError when an option or the reduction is not known
 */
export function checked<O extends LossOptions>(op: Loss, given: O): O & Required<LossOptions> {
  const { reduction = 'mean' } = options(op, given, known[op])
  return { ...given, reduction: oneOf(op, 'reduction', reduction, ['mean', 'sum', 'none']) }
}

/** @throws ArgumentError when x is no number above 0 */
export function positive(op: Loss, name: string, x: number): number {
  if (!(typeof x === 'number' && x > 0)) throw new ArgumentError(`${op}: ${name} is a number above 0, not ${String(x)}`)
  return x
}

/**
 * Losses compare element with element: a target that would broadcast is nearly always a mistake.
 * @throws ShapeError when the shapes differ
 */
export function alike(op: Loss, x: Tensor, y: Tensor, what = 'target'): void {
  if (sameShape(floats(op, x).shape, operand(op, y).shape)) return
  const hint =
    x.numel === y.numel
      ? `Did you mean ${what}.reshape(${x.shape.join(', ')})?`
      : 'If you mean to broadcast, expand the smaller one first'
  throw new ShapeError(`${op}: input ${show(x.shape)} and ${what} ${show(y.shape)} differ in shape. ${hint}`)
}

/** @throws ShapeError when a weight is there that does not broadcast to the input */
export function weighing(op: Loss, x: Tensor, weight: Tensor | null | undefined): void {
  if (weight && !sameShape(broadcast(op, [x.shape, operand(op, weight).shape]), x.shape))
    throw new ShapeError(`${op}: a weight of shape ${show(weight.shape)} does not broadcast to ${show(x.shape)}`)
}

export const reduced = (loss: Tensor, reduction: 'mean' | 'sum' | 'none'): Tensor =>
  reduction === 'mean' ? loss.mean() : reduction === 'sum' ? loss.sum() : loss

/** A loss that compares element with element. */
export function elementwise(op: Loss, given: LossOptions, x: Tensor, y: Tensor, loss: () => Tensor): Tensor {
  const { reduction } = checked(op, given)
  alike(op, x, y)
  return reduced(loss(), reduction)
}
