// Normalisation: inputs moved to mean 0 and variance 1, then to what the layer learns.
import type { DType, Shape } from '../backend/array.ts'
import { integer, list, number, operand, options } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { ones, zeros } from '../engine/ops/create.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import type { ResponseNormOptions } from './functional/norm.ts'
import { groupNorm, layerNorm, localResponseNorm, rmsNorm } from './functional.ts'
import { Module } from './module.ts'
import { parameter } from './parameter.ts'
import { stateless } from './stateless.ts'

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

/** The sizes of the dimensions that are normalised over. */
const sizes = (op: string, shape: number | Shape): Shape =>
  (typeof shape === 'number' ? [shape] : list<number>(op, 'normalizedShape', shape)).map(size =>
    integer(op, 'normalizedShape', size, 1),
  )

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
    const shape = sizes('LayerNorm', normalizedShape)
    this.normalizedShape = shape
    this.eps = eps
    this.weight = elementwiseAffine ? parameter(ones(shape, { dtype })) : null
    this.bias = elementwiseAffine && bias ? parameter(zeros(shape, { dtype })) : null
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, { eps: this.eps })
  }
}

export interface RMSNormOptions {
  /** Keeps the denominator from 0; within the root. Null (default): the distance from 1 to the dtype's next number. */
  readonly eps?: number | null
  /** Whether there is a weight (true). */
  readonly elementwiseAffine?: boolean
  /** 'float32' */
  readonly dtype?: DType
}
/**
 * [..., ...normalizedShape] -> the same shape: x / sqrt(mean(x^2) + eps) * weight over the last dimensions, which have
 * this shape (a number: the last dimension); weight 1.
 *
 * Zhang & Sennrich, "Root mean square layer normalization", 2019.
 * @throws ArgumentError for another option; forward: ShapeError when x does not end in normalizedShape, DtypeError
 * @example
 * new nn.RMSNorm(2, { eps: 0 }).forward(tensor([[1, 7]])) // [[0.2, 1.4]]
 */
export class RMSNorm extends Module {
  weight: Tensor | null
  readonly normalizedShape: Shape
  readonly eps: number | null

  constructor(normalizedShape: number | Shape, given: RMSNormOptions = {}) {
    super()
    const op = 'RMSNorm'
    const { eps = null, elementwiseAffine = true, dtype } = options(op, given, ['eps', 'elementwiseAffine', 'dtype'])
    this.normalizedShape = sizes(op, normalizedShape)
    this.eps = eps === null ? null : number(op, 'eps', eps)
    this.weight = elementwiseAffine ? parameter(ones(this.normalizedShape, { dtype })) : null
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, this.eps === null ? {} : { eps: this.eps })
  }
}

export interface GroupNormOptions {
  /** Keeps the denominator from 0; within the root (1e-5). */
  readonly eps?: number
  /** Whether there are weight and bias (true). */
  readonly affine?: boolean
  /** 'float32' */
  readonly dtype?: DType
}
/**
 * [n, numChannels, ...] -> the same shape: each of numGroups groups of channels with mean 0 and variance 1, then each
 * channel times weight (1) plus bias (0); see `F.groupNorm`.
 *
 * Wu & He, "Group normalization", 2018.
 * @throws ArgumentError when the channels do not divide into the groups, or for another option; forward: ShapeError
 * when x has other channels, DtypeError
 * @example
 * new nn.GroupNorm(2, 4, { eps: 0 }).forward(tensor([[1, 3, 5, 9]])) // [[-1, 1, -1, 1]]
 */
export class GroupNorm extends Module {
  weight: Tensor | null
  bias: Tensor | null
  readonly numGroups: number
  readonly numChannels: number
  readonly eps: number

  constructor(numGroups: number, numChannels: number, given: GroupNormOptions = {}) {
    super()
    const op = 'GroupNorm'
    const { eps = 1e-5, affine = true, dtype } = options(op, given, ['eps', 'affine', 'dtype'])
    this.numGroups = integer(op, 'numGroups', numGroups, 1)
    this.numChannels = integer(op, 'numChannels', numChannels, 1)
    if (numChannels % numGroups)
      throw new ArgumentError(`${op}: ${numChannels} channels do not divide into ${numGroups} groups`)
    this.eps = number(op, 'eps', eps)
    this.weight = affine ? parameter(ones([numChannels], { dtype })) : null
    this.bias = affine ? parameter(zeros([numChannels], { dtype })) : null
  }

  forward(x: Tensor): Tensor {
    if (operand('GroupNorm', x).ndim < 2 || x.shape[1] !== this.numChannels)
      throw new ShapeError(`GroupNorm: takes [n, ${this.numChannels}, ...], not ${show(x.shape)}`)
    return groupNorm(x, this.numGroups, this.weight, this.bias, { eps: this.eps })
  }
}

/**
 * [n, c, ...] -> the same shape: x / (k + alpha m)^beta, where m is the mean square over `size` neighbouring channels;
 * see `F.localResponseNorm`.
 *
 * @throws ArgumentError when size is no whole number above 0, or for another option
 * @example
 * new nn.LocalResponseNorm(2, { alpha: 2, beta: 1, k: 0 }).forward(tensor([[[1], [2]]])) // [[[1], [0.4]]]
 */
export class LocalResponseNorm extends stateless(
  localResponseNorm,
  (op, size: number, given: ResponseNormOptions = {}): [number, ResponseNormOptions] => {
    for (const [name, value] of Object.entries(options(op, given, ['alpha', 'beta', 'k']))) number(op, name, value)
    return [integer(op, 'size', size, 1), { ...given }]
  },
) {}
