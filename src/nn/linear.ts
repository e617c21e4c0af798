// The fully connected layer.
import type { DType } from '../backend/array.ts'
import { options } from '../engine/argument.ts'
import { zeros } from '../engine/ops/create.ts'
import type { Generator } from '../engine/random.ts'
import type { Tensor } from '../engine/tensor.ts'
import { linear } from './functional.ts'
import { kaimingUniform, uniform } from './init.ts'
import { Module } from './module.ts'
import { parameter } from './parameter.ts'

export interface LinearOptions {
  /** Whether a vector is added (true). */
  readonly bias?: boolean
  /** 'float32' */
  readonly dtype?: DType
  /** Where the initial values are drawn from; the default generator. */
  readonly generator?: Generator
}

/**
 * [..., in] -> [..., out]: x W^T + b with weight [out, in] and bias [out], both drawn from
 * U(-1/sqrt(in), 1/sqrt(in)) as in PyTorch.
 *
 * @throws ArgumentError for another option; forward: ShapeError when the last dimension of x is not `in`
 * @example
 * new nn.Linear(784, 10).forward(zeros([32, 784])).shape // [32, 10]
 */
export class Linear extends Module {
  weight: Tensor
  bias: Tensor | null

  constructor(inFeatures: number, outFeatures: number, given: LinearOptions = {}) {
    super()
    const { bias = true, dtype = 'float32', generator } = options('Linear', given, ['bias', 'dtype', 'generator'])
    this.weight = kaimingUniform(parameter(zeros([outFeatures, inFeatures], { dtype })), { a: Math.sqrt(5), generator })
    const bound = inFeatures > 0 ? 1 / Math.sqrt(inFeatures) : 0
    this.bias = bias ? uniform(parameter(zeros([outFeatures], { dtype })), -bound, bound, { generator }) : null
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias)
  }
}
