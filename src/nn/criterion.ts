// Losses as modules, a line each: their fields are the options of their function.
import type { Tensor } from '../engine/tensor.ts'
import { binaryCrossEntropyWithLogits, crossEntropy, hingeLoss, mseLoss, nllLoss } from './loss.ts'
import { Module } from './module.ts'

/** A module that compares an input with a target. */
export interface Criterion extends Module {
  forward(input: Tensor, target: Tensor): Tensor
}

const criterion = <O extends object>(
  loss: (input: Tensor, target: Tensor, options: O) => Tensor,
): (new (
  options?: O,
) => Criterion & O) =>
  class extends Module {
    constructor(options?: O) {
      super()
      Object.assign(this, options)
    }
    forward(input: Tensor, target: Tensor): Tensor {
      return loss(input, target, this as unknown as O)
    }
  } as unknown as new (
    options?: O,
  ) => Criterion & O

/** See `F.mseLoss`. */
export class MSELoss extends criterion(mseLoss) {}
/** See `F.crossEntropy`. */
export class CrossEntropyLoss extends criterion(crossEntropy) {}
/** See `F.binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends criterion(binaryCrossEntropyWithLogits) {}
/** See `F.nllLoss`. */
export class NLLLoss extends criterion(nllLoss) {}
/** See `F.hingeLoss`. */
export class HingeLoss extends criterion(hingeLoss) {}
