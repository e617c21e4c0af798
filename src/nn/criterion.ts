// Losses as modules, a line each: their fields are the options of their function.
import type { Tensor } from '../engine/tensor.ts'
import {
  type BinaryOptions,
  binaryCrossEntropyWithLogits,
  type ClassOptions,
  type CrossEntropyOptions,
  crossEntropy,
  hingeLoss,
  type LossOptions,
  mseLoss,
  nllLoss,
} from './loss.ts'
import { Module } from './module.ts'

/** A module that compares an input with a target. */
export interface Criterion extends Module {
  forward(input: Tensor, target: Tensor): Tensor
}

type Loss<O> = (input: Tensor, target: Tensor, options: O) => Tensor
type CriterionClass<O> = new (options?: O) => Criterion & O

const criterion = <O extends object>(loss: Loss<O>): CriterionClass<O> => {
  class WithOptions extends Module {
    constructor(options?: O) {
      super()
      Object.assign(this, options)
    }
    forward(input: Tensor, target: Tensor): Tensor {
      return loss(input, target, this as unknown as O)
    }
  }
  return WithOptions as unknown as CriterionClass<O>
}

/** See `F.mseLoss`. */
export class MSELoss extends criterion<LossOptions>(mseLoss) {}
/** See `F.crossEntropy`. */
export class CrossEntropyLoss extends criterion<CrossEntropyOptions>(crossEntropy) {}
/** See `F.binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends criterion<BinaryOptions>(binaryCrossEntropyWithLogits) {}
/** See `F.nllLoss`. */
export class NLLLoss extends criterion<ClassOptions>(nllLoss) {}
/** See `F.hingeLoss`. */
export class HingeLoss extends criterion<LossOptions>(hingeLoss) {}
