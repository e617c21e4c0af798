// Losses of one class for each example: logarithms of probabilities, picked at the class.
import { apply, type Primitive } from '../../engine/apply.ts'
import { operand } from '../../engine/argument.ts'
import { ArgumentError, DtypeError, IndexError, ShapeError } from '../../engine/errors.ts'
import { choice, floats, isFloat } from '../../engine/ops/kind.ts'
import { numel, reduced, sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { checked, type Loss, type LossOptions } from './reduction.ts'

export interface ClassOptions extends LossOptions {
  /** A factor for each class: [classes]. The mean divides by the factors that counted. */
  readonly weight?: Tensor | null
  /** The target whose losses are 0 and do not count in the mean (-100). */
  readonly ignoreIndex?: number
}
export interface CrossEntropyOptions extends ClassOptions {
  /** The share of the target that is spread evenly over all classes, in [0, 1] (0). */
  readonly labelSmoothing?: number
}

/** Class indices, checked; 0 where they are ignored. */
export const classPrim: Primitive<{ op: string; classes: number; ignored: number | null }> = choice('classIndex', {
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  run({ op, classes, ignored }, out, { data }) {
    for (let i = 0; i < data.length; i++) {
      const k = data[i]
      if (k === ignored) continue
      if (k < 0 || k >= classes)
        throw new IndexError(`${op}: target ${k} is out of range for ${classes} classes (0 to ${classes - 1})`)
      out.data[i] = k
    }
  },
})

/** The dimension of the classes: [n, classes, ...], or [classes] of a single example. */
function classDim(op: string, x: Tensor, weight: Tensor | null | undefined): number {
  if (floats(op, x).ndim === 0)
    throw new ShapeError(`${op}: the input is [n, classes, ...] or [classes], not a single number`)
  const dim = x.ndim > 1 ? 1 : 0
  if (weight && !sameShape(weight.shape, [x.shape[dim]])) {
    throw new ShapeError(`${op}: the weight of ${x.shape[dim]} classes is [${x.shape[dim]}], not ${show(weight.shape)}`)
  }
  return dim
}

/** [classes] so that it broadcasts over [n, classes, ...]. */
const column = (weight: Tensor, x: Tensor, dim: number): Tensor =>
  weight.reshape([weight.numel, ...x.shape.slice(dim + 1).map(() => 1)])

/** The loss of class indices, given what turns the input into logarithms of probabilities. */
function ofClasses(
  op: Loss,
  input: Tensor,
  target: Tensor,
  logs: (x: Tensor, dim: number) => Tensor,
  { weight, ignoreIndex = -100, labelSmoothing = 0, reduction }: CrossEntropyOptions,
): Tensor {
  const dim = classDim(op, input, weight)
  const classes = input.shape[dim]
  const expected = reduced(input.shape, [dim])
  if (operand(op, target).dtype !== 'int32')
    throw new DtypeError(`${op}: targets are class indices (int32), not ${target.dtype}. Did you mean target.int()?`)
  if (!sameShape(target.shape, expected)) {
    const hint = sameShape(target.shape, input.shape)
      ? ' Probabilities (one-hot ones too) are floats: target.float()'
      : ''
    throw new ShapeError(
      `${op}: an input ${show(input.shape)} needs class indices ${show(expected)}, not ${show(target.shape)}.${hint}`,
    )
  }
  const index = apply(classPrim, { op, classes, ignored: ignoreIndex }, [target])
  const kept = target.ne(ignoreIndex)
  const weights = weight?.indexSelect(0, index.reshape(-1)).reshape(target.shape)
  const logProbs = logs(input, dim)

  const picked = logProbs.gather(dim, index.unsqueeze(dim)).squeeze(dim).neg()
  let loss = weights ? picked.mul(weights) : picked
  if (labelSmoothing > 0) {
    const all = (weight ? logProbs.mul(column(weight, input, dim)) : logProbs).sum(dim).neg()
    loss = loss.mul(1 - labelSmoothing).add(all.mul(labelSmoothing / classes))
  }
  loss = kept.where(loss, 0)
  if (reduction === 'none') return loss
  const sum = loss.sum()
  return reduction === 'sum' ? sum : sum.div((weights ? kept.where(weights, 0) : kept).sum())
}

/**
 * The negative log likelihood of classes: log probabilities [n, classes, ...] and class indices [n, ...] (int32) -> [],
 * or [n, ...] without reduction; a single example is [classes] and []. The mean is NaN when every target is ignored.
 *
 * @throws IndexError when a target is no class, ShapeError when the shapes do not fit, ArgumentError on other options
 * @example
 * F.nllLoss(tensor([[-1, -2], [-3, -4]]), tensor([0, 1], { dtype: 'int32' })) // (1 + 4) / 2 = 2.5
 */
export function nllLoss(logProbs: Tensor, target: Tensor, given: ClassOptions = {}): Tensor {
  const op = 'nllLoss'
  return ofClasses(op, logProbs, target, x => x, checked(op, given))
}

/**
 * The cross entropy of softmax(logits) with the target: logits [n, classes, ...], and either class indices [n, ...]
 * (int32) or probabilities of the logits' shape -> [], or [n, ...] without reduction. A single example is [classes]
 * with []. The mean divides by the weights of the targets that count, and is NaN when every one is ignored; that of
 * probabilities divides by n.
 *
 * Label smoothing: Szegedy et al., "Rethinking the Inception architecture for computer vision", 2016.
 * @throws IndexError when a target is no class, ShapeError when the shapes do not fit, ArgumentError on other options
 * @example
 * F.crossEntropy(tensor([[0, 0], [0, 0]]), tensor([0, 1], { dtype: 'int32' })) // ln(2) = 0.6931
 */
export function crossEntropy(logits: Tensor, target: Tensor, given: CrossEntropyOptions = {}): Tensor {
  const op = 'crossEntropy'
  const settled = checked(op, given)
  const { weight, ignoreIndex = -100, labelSmoothing = 0, reduction } = settled
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new ArgumentError(`${op}: labelSmoothing lies in [0, 1], not ${labelSmoothing}`)
  if (!isFloat(operand(op, target).dtype)) {
    return ofClasses(op, logits, target, (x, dim) => x.logSoftmax(dim), settled)
  }
  const dim = classDim(op, logits, weight)
  if (!sameShape(logits.shape, target.shape)) {
    throw new ShapeError(
      `${op}: float targets are probabilities of the shape ${show(logits.shape)}, not ${show(target.shape)}. For class indices: target.int()`,
    )
  }
  if (ignoreIndex >= 0)
    throw new ArgumentError(`${op}: ignoreIndex ${ignoreIndex} means nothing to targets that are probabilities`)
  const probs = labelSmoothing > 0 ? target.mul(1 - labelSmoothing).add(labelSmoothing / logits.shape[dim]) : target
  const terms = logits.logSoftmax(dim).mul(probs)
  const loss = (weight ? terms.mul(column(weight, logits, dim)) : terms).sum(dim).neg()
  if (reduction === 'none') return loss
  return reduction === 'sum' ? loss.sum() : loss.sum().div(numel(loss.shape))
}
