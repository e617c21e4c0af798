// Losses that are minus the logarithm of a probability or a density, up to constants.
import { oneOf, options } from '../../engine/argument.ts'
import { custom } from '../../engine/custom.ts'
import { ShapeError } from '../../engine/errors.ts'
import { floats } from '../../engine/ops/kind.ts'
import { sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { alike, checked, elementwise, known, type LossOptions, positive, reduced, weighing } from './reduction.ts'

export interface WeightedOptions extends LossOptions {
  /** Factors of the losses; broadcast to the input. */
  readonly weight?: Tensor | null
}
/** ln(x) and ln(1 - x), neither below -100. */
const logs = (x: Tensor): [Tensor, Tensor] => [x.log().maximum(-100), x.neg().log1p().maximum(-100)]
const slopes = (x: Tensor, y: Tensor): [Tensor, Tensor] => {
  const [yes, no] = logs(x)
  return [x.sub(y).div(x.neg().add(1).mul(x).maximum(1e-12)), no.sub(yes)]
}
/** The slope that follows from the formula is 0 times infinity at 0 and 1. */
const certain = custom<Tensor>({
  name: 'binaryCrossEntropy',
  forward(x, y) {
    const [yes, no] = logs(x)
    return y.mul(yes).add(y.neg().add(1).mul(no)).neg()
  },
  vjp: (g, [x, y]) => slopes(x, y).map(slope => g.mul(slope)),
  jvp([dx, dy], [x, y]) {
    const [byX, byY] = slopes(x, y)
    const [a, b] = [dx?.mul(byX) ?? null, dy?.mul(byY) ?? null]
    return a && b ? a.add(b) : (a ?? b)
  },
})
/**
 * Cross entropy of the probability x with y, both in [0, 1], -y ln(x) - (1 - y) ln(1 - x), where no logarithm is below
 * -100: [...] and [...] -> [], or [...] without reduction. The gradient is (x - y) / max(x (1 - x), 1e-12). For
 * sigmoids `binaryCrossEntropyWithLogits` is exact in both tails, and faster.
 *
 * @throws ShapeError when the shapes differ, or a weight does not broadcast to them, ArgumentError on other options
 * @example
 * F.binaryCrossEntropy(tensor([0.5]), tensor([1])) // ln(2) = 0.6931
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, given: WeightedOptions = {}): Tensor {
  const op = 'binaryCrossEntropy'
  return elementwise(op, given, input, target, () => {
    const { weight } = given
    weighing(op, input, weight)
    const loss = certain(input, target.to(input.dtype))
    return weight ? loss.mul(weight) : loss
  })
}

export interface BinaryOptions extends WeightedOptions {
  /** Factors of the positive part, to balance classes; broadcast to the input. */
  readonly posWeight?: Tensor | null
}
/**
 * Cross entropy of the probability sigmoid(x) with y in [0, 1], -y ln(sigmoid(x)) - (1 - y) ln(1 - sigmoid(x)), exact
 * in both tails: [...] and [...] -> [], or [...] without reduction.
 *
 * @throws ShapeError when the shapes differ, or a weight does not broadcast to them, ArgumentError on other options
 * @example
 * F.binaryCrossEntropyWithLogits(tensor([0]), tensor([1])) // ln(2) = 0.6931
 */
export function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, given: BinaryOptions = {}): Tensor {
  const op = 'binaryCrossEntropyWithLogits'
  return elementwise(op, given, input, target, () => {
    const { weight, posWeight } = given
    weighing(op, input, weight)
    weighing(op, input, posWeight)
    // -ln(sigmoid(x)) = softplus(-x), -ln(1 - sigmoid(x)) = softplus(x)
    const positive = target.mul(input.neg().softplus())
    const negative = target.neg().add(1).mul(input.softplus())
    const loss = negative.add(posWeight ? positive.mul(posWeight) : positive)
    return weight ? loss.mul(weight) : loss
  })
}

export interface KlDivOptions {
  /** As for other losses, or the sum divided by the first size ('batchmean'), which is the divergence itself. */
  readonly reduction?: 'mean' | 'sum' | 'none' | 'batchmean'
  /** Whether the target holds logarithms of probabilities, as the input does (false). */
  readonly logTarget?: boolean
}
/**
 * The divergence of Kullback & Leibler of the input from the target, y (ln(y) - x), where the input holds logarithms of
 * probabilities: [...] and [...] -> [], or [...] without reduction. The mean is that over all elements, as in PyTorch;
 * 'batchmean' is what the formula means.
 *
 * Kullback & Leibler, "On information and sufficiency", 1951.
 * @throws ShapeError when the shapes differ, ArgumentError on other options
 * @example
 * F.klDiv(tensor([[0.25, 0.75]]).log(), tensor([[0.5, 0.5]]), { reduction: 'batchmean' }) // ln(4/3) / 2 = 0.1438
 */
export function klDiv(input: Tensor, target: Tensor, given: KlDivOptions = {}): Tensor {
  const op = 'klDiv'
  const { reduction = 'mean', logTarget = false } = options(op, given, known[op])
  oneOf(op, 'reduction', reduction, ['mean', 'sum', 'none', 'batchmean'])
  alike(op, input, target)
  // 0 ln(0) = 0
  const loss = logTarget ? target.exp().mul(target.sub(input)) : target.xlogy(target).sub(target.mul(input))
  if (reduction !== 'batchmean') return reduced(loss, reduction)
  if (input.ndim === 0)
    throw new ShapeError(`${op}: 'batchmean' divides by the first size, ${show(input.shape)} has none`)
  return loss.sum().div(input.shape[0])
}

export interface PoissonOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate (true), or the rate. */
  readonly logInput?: boolean
  /** Adds Stirling's approximation of ln(y!) for targets above 1 (false). */
  readonly full?: boolean
  /** Added to the rate before its logarithm is taken, above 0 (1e-8). */
  readonly eps?: number
}
/**
 * Minus the log likelihood of counts y that are Poisson with the rate e^x: e^x - y x, or x - y ln(x + eps) when the
 * input is the rate; `full` adds y ln(y) - y + ln(2 pi y) / 2. [...] and [...] -> [], or [...] without reduction.
 *
 * @throws ShapeError when the shapes differ, ArgumentError when eps is not above 0, or on other options
 * @example
 * F.poissonNllLoss(tensor([0, 1]), tensor([1, 0])) // (1 + e) / 2 = 1.8591
 */
export function poissonNllLoss(input: Tensor, target: Tensor, given: PoissonOptions = {}): Tensor {
  const op = 'poissonNllLoss'
  return elementwise(op, given, input, target, () => {
    const { logInput = true, full = false, eps = 1e-8 } = given
    const added = positive(op, 'eps', eps)
    const loss = logInput ? input.exp().sub(target.mul(input)) : input.sub(target.mul(input.add(added).log()))
    if (!full) return loss
    // where it is not used, the logarithm is that of 1
    const large = target.gt(1)
    const y = large.where(target, 1)
    return loss.add(
      large.where(
        y
          .log()
          .mul(y.add(0.5))
          .sub(y)
          .add(0.5 * Math.log(2 * Math.PI)),
        0,
      ),
    )
  })
}

export interface GaussianOptions extends LossOptions {
  /** Adds the constant ln(2 pi) / 2 (false). */
  readonly full?: boolean
  /** The least variance, above 0 (1e-6); gradients pass as if it were not there. */
  readonly eps?: number
}
/**
 * Minus the log likelihood of targets that are normal around the input with a variance of their own,
 * (ln(v) + (x - y)^2 / v) / 2: [...] and [...] -> [], or [...] without reduction. The variance has the input's shape, or
 * its last size is 1 or left out.
 *
 * Nix & Weigend, "Estimating the mean and variance of the target probability distribution", 1994.
 * @throws ShapeError when the shapes do not fit, ArgumentError when eps is not above 0, or on other options
 * @example
 * F.gaussianNllLoss(tensor([1, 2]), tensor([1, 4]), tensor([1, 1])) // (0 + 2) / 2 = 1
 */
export function gaussianNllLoss(input: Tensor, target: Tensor, variance: Tensor, given: GaussianOptions = {}): Tensor {
  const op = 'gaussianNllLoss'
  const { full = false, eps = 1e-6, reduction } = checked(op, given)
  alike(op, input, target)
  const { shape } = input
  const own = floats(op, variance).shape
  const fits = [shape, [...shape.slice(0, -1), 1], shape.slice(0, -1)].some(s => sameShape(own, s))
  if (!fits)
    throw new ShapeError(`${op}: the variance of ${show(shape)} has this shape or a last size of 1, not ${show(own)}`)
  const whole = own.length < shape.length ? variance.unsqueeze(-1) : variance
  const least = positive(op, 'eps', eps)
  const v = whole.add(whole.clamp(least).sub(whole).detach())
  const loss = v.log().add(input.sub(target).square().div(v)).mul(0.5)
  return reduced(full ? loss.add(0.5 * Math.log(2 * Math.PI)) : loss, reduction)
}
