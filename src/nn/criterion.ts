// Losses as modules, a line each: their fields are the options of their function.
import { options } from '../engine/argument.ts'
import type { Tensor } from '../engine/tensor.ts'
import {
  type BinaryOptions,
  binaryCrossEntropyWithLogits,
  type ClassOptions,
  type CrossEntropyOptions,
  crossEntropy,
  hingeLoss,
  known,
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

const criterion = <O extends object>(loss: Loss<O>, names: readonly (keyof O & string)[]): CriterionClass<O> => {
  class WithOptions extends Module {
    constructor(given: object = {}) {
      super()
      Object.assign(this, options(new.target.name, given, names))
    }
    forward(input: Tensor, target: Tensor): Tensor {
      const fields = this as unknown as O
      return loss(input, target, Object.fromEntries(names.map(name => [name, fields[name]])) as O)
    }
  }
  return WithOptions as unknown as CriterionClass<O>
}

/** See `F.mseLoss`. */
export class MSELoss extends criterion<LossOptions>(mseLoss, known.mseLoss) {}
/** See `F.crossEntropy`. */
export class CrossEntropyLoss extends criterion<CrossEntropyOptions>(crossEntropy, known.crossEntropy) {}
/** See `F.binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends criterion<BinaryOptions>(
  binaryCrossEntropyWithLogits,
  known.binaryCrossEntropyWithLogits,
) {}
/** See `F.nllLoss`. */
export class NLLLoss extends criterion<ClassOptions>(nllLoss, known.nllLoss) {}
/** See `F.hingeLoss`. */
export class HingeLoss extends criterion<LossOptions>(hingeLoss, known.hingeLoss) {}
