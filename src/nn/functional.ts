// Functions of neural networks: activations, convolutions, losses.
import { operand } from '../engine/argument.ts'
import { ShapeError } from '../engine/errors.ts'
import { matmul, sameDtype } from '../engine/ops/product.ts'
import { sameShape, show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'

export * from '../engine/functions.ts'
export { pad } from '../engine/ops/arrange.ts'
export { fold, type PatchOptions, unfold } from '../engine/ops/columns.ts'
export {
  type ConvOptions,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
} from '../engine/ops/convolution.ts'
export { embedding, oneHot } from '../engine/ops/lookup.ts'
export {
  type AvgPool2dOptions,
  type AvgPoolOptions,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  type LpPoolOptions,
  lpPool2d,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
} from '../engine/ops/pool.ts'
export { logSoftmax, softmax } from '../engine/ops/reduce.ts'
export {
  type GumbelOptions,
  glu,
  gumbelSoftmax,
  prelu,
  type RreluOptions,
  rrelu,
  softmin,
} from './functional/activation.ts'
export { type AttentionOptions, scaledDotProductAttention } from './functional/attention.ts'
export {
  cosineSimilarity,
  type DistanceOptions,
  type NormalizeOptions,
  normalize,
  pairwiseDistance,
  type SimilarityOptions,
} from './functional/distance.ts'
export { alphaDropout, type DropoutOptions, dropout, dropout1d, dropout2d } from './functional/dropout.ts'
export { type InterpolateOptions, interpolate, pixelShuffle, pixelUnshuffle } from './functional/image.ts'
export {
  type BatchNormOptions,
  batchNorm,
  groupNorm,
  type InstanceNormOptions,
  instanceNorm,
  layerNorm,
  localResponseNorm,
  type NormOptions,
  type ResponseNormOptions,
  rmsNorm,
} from './functional/norm.ts'
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  cosineEmbeddingLoss,
  crossEntropy,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  hingeLoss,
  huberLoss,
  klDiv,
  l1Loss,
  marginRankingLoss,
  mseLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  nllLoss,
  poissonNllLoss,
  smoothL1Loss,
  softMarginLoss,
  tripletMarginLoss,
} from './loss.ts'

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

/**
 * x1^T W_o x2 + b_o for each output o: [..., in1] and [..., in2], weight [out, in1, in2], bias [out] -> [..., out]; what
 * stands before the last dimensions is the same.
 *
 * @throws ShapeError when the sizes do not fit, DtypeError when the dtypes differ
 * @example
 * F.bilinear(tensor([[1, 2]]), tensor([[3, 4]]), tensor([[[1, 0], [0, 1]]]), tensor([10])) // [[21]]
 */
export function bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const op = 'bilinear'
  if (operand(op, weight).ndim !== 3)
    throw new ShapeError(`${op}: the weight is [out, in1, in2], not ${show(weight.shape)}`)
  const [out, in1, in2] = weight.shape as [number, number, number]
  for (const x of [x1, x2]) sameDtype(op, operand(op, x), weight)
  const batch = x1.shape.slice(0, -1)
  if (!sameShape(x1.shape, [...batch, in1]) || !sameShape(x2.shape, [...batch, in2])) {
    throw new ShapeError(
      `${op}: the weight ${show(weight.shape)} takes [..., ${in1}] and [..., ${in2}], not ${show(x1.shape)} and ${show(x2.shape)}`,
    )
  }
  if (bias) {
    sameDtype(op, operand(op, bias), weight)
    if (!sameShape(bias.shape, [out]))
      throw new ShapeError(
        `${op}: the weight ${show(weight.shape)} needs a bias ${show([out])}, not ${show(bias.shape)}`,
      )
  }
  // [..., out, in2], the products with the first vector
  const rows = matmul(x1, weight.permute(1, 0, 2).reshape(in1, out * in2)).reshape(...batch, out, in2)
  const product = rows.mul(x2.unsqueeze(-2)).sum(-1)
  return bias ? product.add(bias) : product
}
