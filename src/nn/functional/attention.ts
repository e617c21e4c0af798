// Attention: each query takes the mean of the values, weighted by how well their keys answer it.
import { number, operand, options } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { ones } from '../../engine/ops/create.ts'
import { floats } from '../../engine/ops/kind.ts'
import { matmul, sameDtype } from '../../engine/ops/product.ts'
import type { Generator } from '../../engine/random.ts'
import { broadcast, sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { dropout } from './dropout.ts'

export interface AttentionOptions {
  /** Broadcast to [..., l, s]: bool, true where a query may look at a key, or floats that are added to the scores. */
  readonly attnMask?: Tensor | null | undefined
  /** The probability with which a weight is dropped, in [0, 1] (0). There is no training mode here: pass 0 to evaluate. */
  readonly dropoutP?: number
  /** Query i may look at keys 0 … i only (false). */
  readonly isCausal?: boolean
  /** The factor of the scores (1 / sqrt(e)). */
  readonly scale?: number | null | undefined
  /** Where dropout draws from; the default generator. */
  readonly generator?: Generator | undefined
}
const known = ['attnMask', 'dropoutP', 'isCausal', 'scale', 'generator']

/** The softmax of the scores along the keys; a query that may look at no key has weights 0. */
function attention(op: string, scores: Tensor, mask: Tensor): Tensor {
  if (mask.dtype !== 'bool') sameDtype(op, scores, mask)
  if (!sameShape(broadcast(op, [scores, mask]), scores.shape))
    throw new ShapeError(`${op}: the mask ${show(mask.shape)} does not broadcast to the scores ${show(scores.shape)}`)
  const open = mask.dtype === 'bool' ? mask : mask.ne(-Infinity)
  const shifted = mask.dtype === 'bool' ? scores : scores.add(mask)
  // a row of -Infinity alone would be NaN, also to its gradient
  const some = open.any(-1, { keepdim: true })
  return open.where(some.where(open.where(shifted, -Infinity), 0).softmax(-1), 0)
}

/** The weights [..., l, s] of queries [..., l, e] and keys [..., s, e] that fit; see `scaledDotProductAttention`. */
export function attentionWeights(op: string, q: Tensor, k: Tensor, given: AttentionOptions): Tensor {
  const { attnMask, isCausal = false, scale } = given
  const [l, e, s] = [q.shape.at(-2) as number, q.shape.at(-1) as number, k.shape.at(-2) as number]
  const factor = number(op, 'scale', scale ?? 1 / Math.sqrt(e))
  // the smaller of the two factors takes the scale
  const scores = s < l ? matmul(q, k.mul(factor), { transposeB: true }) : matmul(q.mul(factor), k, { transposeB: true })
  if (isCausal) return ones([l, s], { dtype: 'bool' }).tril().where(scores, -Infinity).softmax(-1)
  return attnMask ? attention(op, scores, operand(op, attnMask)) : scores.softmax(-1)
}

/**
 * softmax(q k^T / sqrt(e)) v: queries [..., l, e], keys [..., s, e] and values [..., s, f] -> [..., l, f]; what stands
 * before is broadcast. A query that may look at no key gives 0.
 *
 * Vaswani et al., "Attention is all you need", 2017.
 * @throws ShapeError when sizes do not fit, DtypeError when dtypes differ, ArgumentError for a mask beside isCausal, a
 * probability outside [0, 1], or another option
 * @example
 * F.scaledDotProductAttention(tensor([[0, 0]]), tensor([[1, 2], [3, 4]]), tensor([[1], [3]])) // [[2]]
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, given: AttentionOptions = {}): Tensor {
  const op = 'scaledDotProductAttention'
  const { attnMask, dropoutP = 0, isCausal = false, generator } = options(op, given, known)
  for (const [name, x] of Object.entries({ queries: q, keys: k, values: v })) {
    if (floats(op, x).ndim < 2) throw new ShapeError(`${op}: ${name} are [..., length, size], not ${show(x.shape)}`)
    sameDtype(op, q, x)
  }
  if (k.shape.at(-1) !== q.shape.at(-1))
    throw new ShapeError(`${op}: queries ${show(q.shape)} and keys ${show(k.shape)} differ in their last size`)
  if (v.shape.at(-2) !== k.shape.at(-2))
    throw new ShapeError(`${op}: keys ${show(k.shape)} and values ${show(v.shape)} differ in number`)
  broadcast(
    op,
    [q, k, v].map(x => x.shape.slice(0, -2)),
  )
  if (!(dropoutP >= 0 && dropoutP <= 1)) throw new ArgumentError(`${op}: dropoutP lies in [0, 1], not ${dropoutP}`)
  if (attnMask && isCausal)
    throw new ArgumentError(`${op}: a mask beside isCausal. Put both into the mask: ones([l, s]).tril().bool()`)
  const weights = attentionWeights(op, q, k, given)
  return matmul(dropoutP > 0 ? dropout(weights, { p: dropoutP, generator }) : weights, v)
}
