// Normalisation of channels, with running statistics: over the batch, and over each example.
import type { DType } from '../backend/array.ts'
import { noGrad } from '../engine/apply.ts'
import { integer, number, operand, options } from '../engine/argument.ts'
import { ShapeError } from '../engine/errors.ts'
import { ones, zeros } from '../engine/ops/create.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { batchNorm, instanceNorm } from './functional.ts'
import { Module } from './module.ts'
import { parameter } from './parameter.ts'

export interface ChannelNormOptions {
  /** Keeps the denominator from 0; within the root (1e-5). */
  readonly eps?: number
  /** The share of the new in the running statistics (0.1); null: they are the mean of all that were. */
  readonly momentum?: number | null
  /** Whether there are weight and bias (batch norm: true, instance norm: false). */
  readonly affine?: boolean
  /** Whether there are running statistics, which are used in evaluation (batch norm: true, instance norm: false). */
  readonly trackRunningStats?: boolean
  /** 'float32' */
  readonly dtype?: DType
}

/** Weight, bias and running statistics of channels. */
abstract class ChannelNorm extends Module {
  weight: Tensor | null
  bias: Tensor | null
  running_mean: Tensor | null
  running_var: Tensor | null
  num_batches_tracked: Tensor | null
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null

  /** The shapes that forward takes. */
  protected abstract get forms(): readonly string[]

  protected constructor(numFeatures: number, given: ChannelNormOptions, byDefault: boolean) {
    super()
    const op = new.target.name
    const known = ['eps', 'momentum', 'affine', 'trackRunningStats', 'dtype']
    const { eps = 1e-5, momentum = 0.1, affine = byDefault, dtype } = options(op, given, known)
    const { trackRunningStats = byDefault } = given
    const shape = [integer(op, 'numFeatures', numFeatures, 1)]
    this.numFeatures = numFeatures
    this.eps = number(op, 'eps', eps)
    this.momentum = momentum === null ? null : number(op, 'momentum', momentum)
    this.weight = affine ? parameter(ones(shape, { dtype })) : null
    this.bias = affine ? parameter(zeros(shape, { dtype })) : null
    this.running_mean = trackRunningStats ? zeros(shape, { dtype }) : null
    this.running_var = trackRunningStats ? ones(shape, { dtype }) : null
    this.num_batches_tracked = trackRunningStats ? zeros([], { dtype: 'int32' }) : null
  }

  /**
   * Whether x is a batch.
   * @throws ShapeError when x has another form or other channels
   */
  protected batched(x: Tensor): boolean {
    const op = this.constructor.name
    const form = this.forms.find(text => text.split(',').length === operand(op, x).ndim)
    const batched = form?.startsWith('[n') ?? false
    if (!form || x.shape[batched ? 1 : 0] !== this.numFeatures)
      throw new ShapeError(
        `${op}: takes ${this.forms.join(' or ')} with c = ${this.numFeatures} features, not ${show(x.shape)}`,
      )
    return batched
  }
}

abstract class BatchNorm extends ChannelNorm {
  forward(x: Tensor): Tensor {
    this.batched(x)
    const { training, momentum, eps, running_mean: mean, running_var: variance, num_batches_tracked: tracked } = this
    const count = training && tracked ? noGrad(() => tracked.add(1)) : null
    const share = momentum ?? (count ? noGrad(() => count.to(x.dtype).reciprocal()) : 0)
    const own = training || !mean || !variance
    const y = batchNorm(x, mean, variance, this.weight, this.bias, { training: own, momentum: share, eps })
    if (count) tracked?.assign(count)
    return y
  }
}

/**
 * [n, c] or [n, c, l] -> the same: each of the numFeatures channels with mean 0 and variance 1 over the batch, then
 * times weight (1) plus bias (0); see `F.batchNorm`. In training the batch's moments are used, and move running_mean
 * (0) and running_var (1; the unbiased variance) towards them; after `eval()` these are used. num_batches_tracked counts.
 *
 * Ioffe & Szegedy, "Batch normalization", 2015.
 * @throws ArgumentError for another option; forward: ShapeError when x has other channels, or one number for each to
 * train on, DtypeError
 * @example
 * const norm = new nn.BatchNorm1d(1, { eps: 0 })
 * norm.forward(tensor([[1], [3]])) // [[-1], [1]]
 * norm.running_mean // [0.2]
 */
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, given: ChannelNormOptions = {}) {
    super(numFeatures, given, true)
  }
  protected get forms(): readonly string[] {
    return ['[n, c]', '[n, c, l]']
  }
}
/**
 * [n, c, h, w] -> the same; see `BatchNorm1d`.
 *
 * Ioffe & Szegedy, "Batch normalization", 2015.
 * @throws ArgumentError for another option; forward: ShapeError when x has other channels, or one number for each to
 * train on, DtypeError
 * @example
 * new nn.BatchNorm2d(3).forward(zeros([2, 3, 4, 4])).shape // [2, 3, 4, 4]
 */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, given: ChannelNormOptions = {}) {
    super(numFeatures, given, true)
  }
  protected get forms(): readonly string[] {
    return ['[n, c, h, w]']
  }
}

abstract class InstanceNorm extends ChannelNorm {
  forward(x: Tensor): Tensor {
    const batched = this.batched(x)
    const { running_mean: mean, running_var: variance, momentum, eps } = this
    const useInputStats = this.training || !mean || !variance
    const how = { useInputStats, momentum: momentum ?? 0, eps }
    const y = instanceNorm(batched ? x : x.unsqueeze(0), mean, variance, this.weight, this.bias, how)
    return batched ? y : y.squeeze(0)
  }
}

/**
 * [n, c, l] or [c, l] -> the same: each of the numFeatures channels of each example with mean 0 and variance 1, with
 * `affine` times weight (1) plus bias (0); see `F.instanceNorm`. With `trackRunningStats` the examples' moments move
 * running_mean and running_var in training, and these are used after `eval()`.
 *
 * Ulyanov et al., "Instance normalization: the missing ingredient for fast stylization", 2016.
 * @throws ArgumentError for another option; forward: ShapeError when x has other channels, or one number for each,
 * DtypeError
 * @example
 * new nn.InstanceNorm1d(2, { eps: 0 }).forward(tensor([[1, 3], [5, 9]])) // [[-1, 1], [-1, 1]]
 */
export class InstanceNorm1d extends InstanceNorm {
  constructor(numFeatures: number, given: ChannelNormOptions = {}) {
    super(numFeatures, given, false)
  }
  protected get forms(): readonly string[] {
    return ['[n, c, l]', '[c, l]']
  }
}
/**
 * [n, c, h, w] or [c, h, w] -> the same; see `InstanceNorm1d`.
 *
 * Ulyanov et al., "Instance normalization: the missing ingredient for fast stylization", 2016.
 * @throws ArgumentError for another option; forward: ShapeError when x has other channels, or one number for each,
 * DtypeError
 * @example
 * new nn.InstanceNorm2d(3).forward(randn([2, 3, 4, 4])).shape // [2, 3, 4, 4]
 */
export class InstanceNorm2d extends InstanceNorm {
  constructor(numFeatures: number, given: ChannelNormOptions = {}) {
    super(numFeatures, given, false)
  }
  protected get forms(): readonly string[] {
    return ['[n, c, h, w]', '[c, h, w]']
  }
}
