// Losses as modules, a line each: their fields are the options of their function.
import { options } from '../engine/argument.ts'
import type { Tensor } from '../engine/tensor.ts'
import {
  type BinaryOptions,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type ClassOptions,
  type CrossEntropyOptions,
  cosineEmbeddingLoss,
  crossEntropy,
  type GaussianOptions,
  gaussianNllLoss,
  type HuberOptions,
  hingeEmbeddingLoss,
  hingeLoss,
  huberLoss,
  type KlDivOptions,
  klDiv,
  known,
  type LossOptions,
  l1Loss,
  type MarginOptions,
  type MultiMarginOptions,
  marginRankingLoss,
  mseLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  nllLoss,
  type PoissonOptions,
  poissonNllLoss,
  type SmoothL1Options,
  smoothL1Loss,
  softMarginLoss,
  type TripletOptions,
  tripletMarginLoss,
  type WeightedOptions,
} from './loss.ts'
import { Module } from './module.ts'

type Pair = [input: Tensor, target: Tensor]
type Triple = [x: Tensor, y: Tensor, z: Tensor]
/** A module that compares an input with a target. */
export interface Criterion extends Module {
  forward(input: Tensor, target: Tensor): Tensor
}
interface Comparison<X extends Tensor[]> extends Module {
  forward(...xs: X): Tensor
}

type CriterionClass<X extends Tensor[], O> = new (options?: O) => Comparison<X> & O

const criterion = <X extends Tensor[], O extends object>(
  loss: (...args: [...X, O]) => Tensor,
  names: readonly (keyof O & string)[],
): CriterionClass<X, O> => {
  class WithOptions extends Module {
    constructor(given: object = {}) {
      super()
      Object.assign(this, options(new.target.name, given, names))
    }
    forward(...xs: X): Tensor {
      const fields = this as unknown as O
      return loss(...xs, Object.fromEntries(names.map(name => [name, fields[name]])) as O)
    }
  }
  return WithOptions as unknown as CriterionClass<X, O>
}

/** See `F.mseLoss`. */
export class MSELoss extends criterion<Pair, LossOptions>(mseLoss, known.mseLoss) {}
/** See `F.l1Loss`. */
export class L1Loss extends criterion<Pair, LossOptions>(l1Loss, known.l1Loss) {}
/** See `F.smoothL1Loss`. */
export class SmoothL1Loss extends criterion<Pair, SmoothL1Options>(smoothL1Loss, known.smoothL1Loss) {}
/** See `F.huberLoss`. */
export class HuberLoss extends criterion<Pair, HuberOptions>(huberLoss, known.huberLoss) {}
/** See `F.crossEntropy`. */
export class CrossEntropyLoss extends criterion<Pair, CrossEntropyOptions>(crossEntropy, known.crossEntropy) {}
/** See `F.nllLoss`. */
export class NLLLoss extends criterion<Pair, ClassOptions>(nllLoss, known.nllLoss) {}
/** See `F.binaryCrossEntropy`. */
export class BCELoss extends criterion<Pair, WeightedOptions>(binaryCrossEntropy, known.binaryCrossEntropy) {}
/** See `F.binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends criterion<Pair, BinaryOptions>(
  binaryCrossEntropyWithLogits,
  known.binaryCrossEntropyWithLogits,
) {}
/** See `F.klDiv`. */
export class KLDivLoss extends criterion<Pair, KlDivOptions>(klDiv, known.klDiv) {}
/** See `F.poissonNllLoss`. */
export class PoissonNLLLoss extends criterion<Pair, PoissonOptions>(poissonNllLoss, known.poissonNllLoss) {}
/** See `F.gaussianNllLoss`. */
export class GaussianNLLLoss extends criterion<Triple, GaussianOptions>(gaussianNllLoss, known.gaussianNllLoss) {}
/** See `F.hingeLoss`. */
export class HingeLoss extends criterion<Pair, LossOptions>(hingeLoss, known.hingeLoss) {}
/** See `F.softMarginLoss`. */
export class SoftMarginLoss extends criterion<Pair, LossOptions>(softMarginLoss, known.softMarginLoss) {}
/** See `F.multiMarginLoss`. */
export class MultiMarginLoss extends criterion<Pair, MultiMarginOptions>(multiMarginLoss, known.multiMarginLoss) {}
/** See `F.multilabelMarginLoss`. */
export class MultiLabelMarginLoss extends criterion<Pair, LossOptions>(
  multilabelMarginLoss,
  known.multilabelMarginLoss,
) {}
/** See `F.multilabelSoftMarginLoss`. */
export class MultiLabelSoftMarginLoss extends criterion<Pair, WeightedOptions>(
  multilabelSoftMarginLoss,
  known.multilabelSoftMarginLoss,
) {}
/** See `F.hingeEmbeddingLoss`. */
export class HingeEmbeddingLoss extends criterion<Pair, MarginOptions>(hingeEmbeddingLoss, known.hingeEmbeddingLoss) {}
/** See `F.cosineEmbeddingLoss`. */
export class CosineEmbeddingLoss extends criterion<Triple, MarginOptions>(
  cosineEmbeddingLoss,
  known.cosineEmbeddingLoss,
) {}
/** See `F.marginRankingLoss`. */
export class MarginRankingLoss extends criterion<Triple, MarginOptions>(marginRankingLoss, known.marginRankingLoss) {}
/** See `F.tripletMarginLoss`. */
export class TripletMarginLoss extends criterion<Triple, TripletOptions>(tripletMarginLoss, known.tripletMarginLoss) {}
