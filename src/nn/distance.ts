// Distances and directions of pairs of vectors, as modules.
import { integer, number, options } from '../engine/argument.ts'
import type { Tensor } from '../engine/tensor.ts'
import type { SimilarityOptions } from './functional/distance.ts'
import { cosineSimilarity, type DistanceOptions, pairwiseDistance } from './functional.ts'
import { Module } from './module.ts'

/**
 * [..., size, ...] twice -> [..., ...]: the cosine of the angle between vectors along `dim` (1); see
 * `F.cosineSimilarity`.
 *
 * @throws ArgumentError for another option; forward: ShapeError when the two do not broadcast
 * @example
 * new nn.CosineSimilarity().forward(tensor([[3, 4]]), tensor([[4, 3]])) // [0.96]
 */
export class CosineSimilarity extends Module {
  readonly dim: number
  readonly eps: number

  constructor(given: SimilarityOptions = {}) {
    super()
    const op = 'CosineSimilarity'
    const { dim = 1, eps = 1e-8 } = options(op, given, ['dim', 'eps'])
    this.dim = integer(op, 'dim', dim)
    this.eps = number(op, 'eps', eps)
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, { dim: this.dim, eps: this.eps })
  }
}

/**
 * [..., size] twice -> [...]: the norm of x1 - x2 + eps along the last dimension; see `F.pairwiseDistance`.
 *
 * @throws ArgumentError for another option; forward: ShapeError when the two do not broadcast
 * @example
 * new nn.PairwiseDistance({ eps: 0 }).forward(tensor([[0, 0]]), tensor([[3, 4]])) // [5]
 */
export class PairwiseDistance extends Module {
  readonly p: number
  readonly eps: number
  readonly keepdim: boolean

  constructor(given: DistanceOptions = {}) {
    super()
    const op = 'PairwiseDistance'
    const { p = 2, eps = 1e-6, keepdim = false } = options(op, given, ['p', 'eps', 'keepdim'])
    this.p = number(op, 'p', p)
    this.eps = number(op, 'eps', eps)
    this.keepdim = keepdim
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, { p: this.p, eps: this.eps, keepdim: this.keepdim })
  }
}
