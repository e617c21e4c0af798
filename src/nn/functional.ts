// Functions of neural networks: activations, convolutions, losses.
import { operand } from '../engine/argument.ts'
import { ShapeError } from '../engine/errors.ts'
import { matmul, sameDtype } from '../engine/ops/product.ts'
import { sameShape, show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'

export * from '../engine/functions.ts'
export { pad } from '../engine/ops/arrange.ts'
export { conv1d, conv2d, convTranspose1d, convTranspose2d } from '../engine/ops/convolution.ts'
export { embedding, oneHot } from '../engine/ops/lookup.ts'
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  maxPool1d,
  maxPool2d,
} from '../engine/ops/pool.ts'
export { logSoftmax, softmax } from '../engine/ops/reduce.ts'
export { type AttentionOptions, scaledDotProductAttention } from './functional/attention.ts'
export { alphaDropout, type DropoutOptions, dropout, dropout1d, dropout2d } from './functional/dropout.ts'
export {
  type BatchNormOptions,
  batchNorm,
  groupNorm,
  type InstanceNormOptions,
  instanceNorm,
  layerNorm,
  type NormOptions,
  rmsNorm,
} from './functional/norm.ts'
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
