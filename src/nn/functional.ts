// Functions of neural networks: activations, convolutions, losses.
import { operand, options } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { fullLike } from '../engine/ops/create.ts'
import { floats } from '../engine/ops/kind.ts'
import { matmul, sameDtype } from '../engine/ops/product.ts'
import { bernoulli, type Generator } from '../engine/random.ts'
import { sameShape, show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'

export * from '../engine/functions.ts'
export { pad } from '../engine/ops/arrange.ts'
export { conv1d, conv2d, convTranspose2d } from '../engine/ops/convolution.ts'
export { embedding, oneHot } from '../engine/ops/lookup.ts'
export { adaptiveAvgPool2d, avgPool1d, avgPool2d, maxPool1d, maxPool2d } from '../engine/ops/pool.ts'
export { logSoftmax, softmax } from '../engine/ops/reduce.ts'
export { binaryCrossEntropyWithLogits, crossEntropy, hingeLoss, mseLoss, nllLoss } from './loss.ts'

/**
 * x W^T + b: [..., in], weight [out, in], bias [out] -> [..., out].
 *
 * @throws ShapeError when the sizes do not fit, DtypeError when the dtypes differ
 * @example
 * F.linear(tensor([[1, 2]]), tensor([[3, 4], [5, 6]]), tensor([10, 20])) // [[21, 37]]
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  if (operand('linear', weight).ndim !== 2)
    throw new ShapeError(`linear: the weight is [out, in], not ${show(weight.shape)}`)
  const [out, size] = weight.shape as [number, number]
  if (operand('linear', x).ndim === 0 || x.shape.at(-1) !== size) {
    const hint = x.ndim > 1 && x.shape.at(-2) === size ? ' Did you mean x.transpose(-2, -1)?' : ''
    throw new ShapeError(
      `linear: the weight ${show(weight.shape)} takes ${size} features, the input ${show(x.shape)} has ${x.shape.at(-1) ?? 'no dimension'}.${hint}`,
    )
  }
  sameDtype('linear', x, weight)
  if (bias && !sameShape(operand('linear', bias).shape, [out]))
    throw new ShapeError(
      `linear: the weight ${show(weight.shape)} needs a bias ${show([out])}, not ${show(bias.shape)}`,
    )
  const product = matmul(x, weight, { transposeB: true })
  return bias ? product.add(bias) : product
}

export interface DropoutOptions {
  /** The probability of 0, in [0, 1] (0.5). */
  readonly p?: number
  /** false: x itself (true). */
  readonly training?: boolean
  /** Where the mask is drawn from; the default generator. */
  readonly generator?: Generator | undefined
}
/**
 * [...] -> [...]: each element 0 with probability p, otherwise divided by 1 - p.
 *
 * @throws ArgumentError when p is not in [0, 1], or for another option
 * @example
 * F.dropout(tensor([1, 2]), { p: 0.5, training: false }) // [1, 2]
 */
export function dropout(x: Tensor, given: DropoutOptions = {}): Tensor {
  const { p = 0.5, training = true, generator } = options('dropout', given, ['p', 'training', 'generator'])
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`dropout: a probability lies in [0, 1], not ${p}`)
  floats('dropout', x)
  if (!training || p === 0) return x
  // no 0 / 0
  if (p === 1) return x.mul(0)
  return x.mul(bernoulli(fullLike(x, 1 - p), { generator }).div(1 - p))
}
