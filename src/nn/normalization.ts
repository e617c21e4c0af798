// Normalisation: inputs moved to mean 0 and variance 1, then to what the layer learns.
import type { DType, Shape } from '../backend/array.ts'
import { integer, options } from '../engine/argument.ts'
import { ones, zeros } from '../engine/ops/create.ts'
import type { Tensor } from '../engine/tensor.ts'
import { layerNorm } from './functional.ts'
import { Module } from './module.ts'
import { parameter } from './parameter.ts'

export interface LayerNormOptions {
  /** Keeps the denominator from 0; within the root (1e-5). */
  readonly eps?: number
  /** Whether there are weight and bias (true). */
  readonly elementwiseAffine?: boolean
  /** Whether there is a bias (true). */
  readonly bias?: boolean
  /** 'float32' */
  readonly dtype?: DType
}

/**
 * [..., ...normalizedShape] -> the same shape: (x - mean) / sqrt(variance + eps) * weight + bias over the last
 * dimensions, which have this shape (a number: the last dimension). The variance is the biased one; weight 1, bias 0.
 *
 * J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016.
 * @throws ArgumentError for another option; forward: ShapeError when x does not end in normalizedShape, DtypeError
 * @example
 * new nn.LayerNorm(2).forward(tensor([[1, 3]])) // [[-1.000, 1.000]]
 */
export class LayerNorm extends Module {
  weight: Tensor | null
  bias: Tensor | null
  readonly normalizedShape: Shape
  readonly eps: number

  constructor(normalizedShape: number | Shape, given: LayerNormOptions = {}) {
    super()
    const known = ['eps', 'elementwiseAffine', 'bias', 'dtype']
    const { eps = 1e-5, elementwiseAffine = true, bias = true, dtype } = options('LayerNorm', given, known)
    const shape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape]
    for (const size of shape) integer('LayerNorm', 'normalizedShape', size, 1)
    this.normalizedShape = shape
    this.eps = eps
    this.weight = elementwiseAffine ? parameter(ones(shape, { dtype })) : null
    this.bias = elementwiseAffine && bias ? parameter(zeros(shape, { dtype })) : null
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, { eps: this.eps })
  }
}
