// Distances and directions of vectors along one dimension.
import { number, options } from '../../engine/argument.ts'
import { ShapeError } from '../../engine/errors.ts'
import { floats } from '../../engine/ops/kind.ts'
import { sameDtype } from '../../engine/ops/product.ts'
import { broadcast, dimension, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'

export interface NormalizeOptions {
  /** The order of the norm (2). */
  readonly p?: number
  /** The dimension along which vectors lie (1). */
  readonly dim?: number
  /** The least norm that is divided by (1e-12). */
  readonly eps?: number
}
/**
 * Vectors of norm 1: x / max(|x|, eps) along `dim`: [...] -> [...].
 *
 * @throws IndexError when there is no such dimension, ArgumentError on other options
 * @example
 * F.normalize(tensor([[3, 4]])) // [[0.6, 0.8]]
 */
export function normalize(x: Tensor, given: NormalizeOptions = {}): Tensor {
  const op = 'normalize'
  const { p = 2, dim = 1, eps = 1e-12 } = options(op, given, ['p', 'dim', 'eps'])
  number(op, 'eps', eps)
  const length = floats(op, x).norm(number(op, 'p', p), dimension(op, dim, x), { keepdim: true })
  return x.div(length.clamp(eps))
}

export interface SimilarityOptions {
  /** The dimension along which vectors lie (1). */
  readonly dim?: number
  /** The least norm that is divided by (1e-8). */
  readonly eps?: number
}
/**
 * The cosine of the angle between vectors, x1 x2 / (max(|x1|, eps) max(|x2|, eps)): the two are broadcast, and lose the
 * dimension `dim`.
 *
 * @throws ShapeError when they do not broadcast, IndexError when there is no such dimension, ArgumentError on other
 * options
 * @example
 * F.cosineSimilarity(tensor([[3, 4]]), tensor([[4, 3]])) // [0.96]
 */
export function cosineSimilarity(x1: Tensor, x2: Tensor, given: SimilarityOptions = {}): Tensor {
  const op = 'cosineSimilarity'
  const { dim = 1, eps = 1e-8 } = options(op, given, ['dim', 'eps'])
  number(op, 'eps', eps)
  sameDtype(op, floats(op, x1), x2)
  const shape = broadcast(op, [x1, x2])
  const d = dimension(op, dim, { shape })
  const [a, b] = [x1, x2].map(x => x.expand(shape)) as [Tensor, Tensor]
  const length = (x: Tensor): Tensor => x.norm(2, d).clamp(eps)
  return a
    .mul(b)
    .sum(d)
    .div(length(a).mul(length(b)))
}

export interface DistanceOptions {
  /** The order of the norm (2). */
  readonly p?: number
  /** Added to the differences, so that the norm has a derivative (1e-6). */
  readonly eps?: number
  /** Whether the last dimension stays, with a size of 1 (false). */
  readonly keepdim?: boolean
}
/** `pairwiseDistance`, under the name of whatever op it is part of. */
export function distance(
  op: string,
  x1: Tensor,
  x2: Tensor,
  { p = 2, eps = 1e-6, keepdim = false }: DistanceOptions,
): Tensor {
  number(op, 'p', p)
  number(op, 'eps', eps)
  sameDtype(op, floats(op, x1), x2)
  if (broadcast(op, [x1, x2]).length === 0) throw new ShapeError(`${op}: needs vectors [..., size], not ${show([])}`)
  return x1.sub(x2).add(eps).norm(p, -1, { keepdim })
}
/**
 * The norm of x1 - x2 + eps along the last dimension: [..., size] twice, broadcast -> [...].
 *
 * @throws ShapeError when they do not broadcast, ArgumentError on other options
 * @example
 * F.pairwiseDistance(tensor([[0, 0]]), tensor([[3, 4]]), { eps: 0 }) // [5]
 */
export const pairwiseDistance = (x1: Tensor, x2: Tensor, given: DistanceOptions = {}): Tensor =>
  distance('pairwiseDistance', x1, x2, options('pairwiseDistance', given, ['p', 'eps', 'keepdim']))
