// The fully connected layer, of one input and of two.
import type { DType, Shape } from '../backend/array.ts'
import { integer, options } from '../engine/argument.ts'
import { zeros } from '../engine/ops/create.ts'
import type { Generator } from '../engine/random.ts'
import { numel } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { bilinear, linear } from './functional.ts'
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

export const known: readonly (keyof LinearOptions)[] = ['bias', 'dtype', 'generator']

/** A weight [n, ...inputs] and so many biases, drawn from U(-1/sqrt(m), 1/sqrt(m)), m inputs to each output. */
export function drawn(
  shape: Shape,
  biases: number,
  { bias = true, dtype = 'float32', generator }: LinearOptions,
): [weight: Tensor, bias: Tensor | null] {
  const inputs = numel(shape.slice(1))
  const weight = kaimingUniform(parameter(zeros(shape, { dtype })), { a: Math.sqrt(5), generator })
  const bound = inputs > 0 ? 1 / Math.sqrt(inputs) : 0
  return [weight, bias ? uniform(parameter(zeros([biases], { dtype })), -bound, bound, { generator }) : null]
}

/**
 * [..., in] -> [..., out]: x W^T + b with weight [out, in] and bias [out], both drawn from
 * U(-1/sqrt(in), 1/sqrt(in)) as in PyTorch.
 *
 * @throws ArgumentError for sizes that are none or another option; forward: ShapeError when the last dimension of x is
 * not `in`
 * @example
 * new nn.Linear(784, 10).forward(zeros([32, 784])).shape // [32, 10]
 */
export class Linear extends Module {
  weight: Tensor
  bias: Tensor | null

  constructor(inFeatures: number, outFeatures: number, given: LinearOptions = {}) {
    super()
    const settled = options('Linear', given, known)
    const [n, m] = [integer('Linear', 'inFeatures', inFeatures, 0), integer('Linear', 'outFeatures', outFeatures, 0)]
    ;[this.weight, this.bias] = drawn([m, n], m, settled)
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias)
  }
}

/**
 * [..., in1] and [..., in2] -> [..., out]: x1^T W_o x2 + b_o for each output o, with weight [out, in1, in2] and bias
 * [out], both drawn from U(-1/sqrt(in1), 1/sqrt(in1)).
 *
 * @throws ArgumentError for sizes below 1 or another option; forward: ShapeError when sizes do not fit, DtypeError
 * @example
 * new nn.Bilinear(3, 4, 5).forward(zeros([2, 3]), zeros([2, 4])).shape // [2, 5]
 */
export class Bilinear extends Module {
  weight: Tensor
  bias: Tensor | null

  constructor(in1Features: number, in2Features: number, outFeatures: number, given: LinearOptions = {}) {
    super()
    const op = 'Bilinear'
    const { bias = true, dtype = 'float32', generator } = options(op, given, known)
    const [in1, in2] = [integer(op, 'in1Features', in1Features, 1), integer(op, 'in2Features', in2Features, 1)]
    const out = integer(op, 'outFeatures', outFeatures, 1)
    const bound = 1 / Math.sqrt(in1)
    const make = (shape: Shape): Tensor => uniform(parameter(zeros(shape, { dtype })), -bound, bound, { generator })
    this.weight = make([out, in1, in2])
    this.bias = bias ? make([out]) : null
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias)
  }
}
