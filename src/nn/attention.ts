// Attention with several heads: what each query takes of the values, by its likeness to the keys.
import type { DType, Shape } from '../backend/array.ts'
import { integer, operand, options } from '../engine/argument.ts'
import { ArgumentError, DtypeError, ShapeError } from '../engine/errors.ts'
import { type CreateOptions, ones, zeros } from '../engine/ops/create.ts'
import { isFloat } from '../engine/ops/kind.ts'
import type { Generator } from '../engine/random.ts'
import { sameShape, show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { attentionWeights } from './functional/attention.ts'
import { dropout, linear } from './functional.ts'
import { xavierUniform, zeros as zeroed } from './init.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { parameter } from './parameter.ts'

export interface AttentionOptions {
  /** The probability with which, in training, a weight becomes 0 (0). */
  readonly dropout?: number
  /** Whether vectors are added to all products (true). */
  readonly bias?: boolean
  /** How many features a key has (embedDim). */
  readonly kdim?: number
  /** How many features a value has (embedDim). */
  readonly vdim?: number
  /** Whether inputs and output are [n, length, features] instead of [length, n, features] (false). */
  readonly batchFirst?: boolean
  /** 'float32' */
  readonly dtype?: DType
  /** Where the initial values and dropout are drawn from; the default generator. */
  readonly generator?: Generator | undefined
}
const known = ['dropout', 'bias', 'kdim', 'vdim', 'batchFirst', 'dtype', 'generator']

export interface AttendOptions {
  /** bool [n, s], true: that key is not looked at; or floats that are added to its scores. Without a batch [s]. */
  readonly keyPaddingMask?: Tensor | null
  /** bool [l, s], true: that query does not look at that key; or floats to add. Of each head's own: [n * numHeads, l, s]. */
  readonly attnMask?: Tensor | null
  /** Whether the weights are handed back too (true). */
  readonly needWeights?: boolean
  /** Whether these are the mean of the heads' (true). */
  readonly averageAttnWeights?: boolean
  /** Whether query i only looks at the keys 0 … i (false); in addition to the masks. */
  readonly isCausal?: boolean
}
const asked = ['keyPaddingMask', 'attnMask', 'needWeights', 'averageAttnWeights', 'isCausal']

/** bool [l, s]: true where key s is after query l. */
const future = (l: number, s: number): Tensor => ones([l, s], { dtype: 'bool' }).triu(1)

/**
 * [size, size], 0 on the diagonal and below it, -Infinity above: added to scores, it hides from each element those
 * after it. PyTorch's `nn.Transformer.generate_square_subsequent_mask`.
 *
 * @throws ArgumentError for another option
 * @example
 * nn.causalMask(2) // [[0, -Infinity], [0, 0]]
 */
export function causalMask(size: number, given: Pick<CreateOptions, 'dtype'> = {}): Tensor {
  const { dtype } = options('causalMask', given, ['dtype'])
  if (dtype && !isFloat(dtype)) throw new DtypeError(`causalMask: is added to floats, and so no ${dtype}`)
  const n = integer('causalMask', 'size', size, 0)
  return zeros([n, n], { dtype }).maskedFill(future(n, n), -Infinity)
}

/** A mask that has one of these shapes, as `view`; bool, or floats of this dtype. */
function seen(name: string, mask: Tensor, shapes: readonly Shape[], view: Shape, dtype: DType): Tensor {
  const op = 'MultiheadAttention'
  if (operand(op, mask).dtype !== 'bool' && !isFloat(mask.dtype))
    throw new DtypeError(`${op}: ${name} is bool (true: hidden) or floats that are added, not ${mask.dtype}`)
  if (!shapes.some(shape => sameShape(shape, mask.shape)))
    throw new ShapeError(`${op}: ${name} is ${shapes.map(show).join(' or ')}, not ${show(mask.shape)}`)
  const each = mask.reshape(view)
  return mask.dtype === 'bool' ? each : each.to(dtype)
}

/** What two masks hide together. */
function both(a: Tensor, b: Tensor): Tensor {
  if (a.dtype === 'bool' && b.dtype === 'bool') return a.logicalOr(b)
  if (a.dtype === 'bool') return both(b, a)
  return a.add(b.dtype === 'bool' ? zeros(b.shape, { dtype: a.dtype }).maskedFill(b, -Infinity) : b)
}

/**
 * Query [l, n, embedDim], key [s, n, kdim], value [s, n, vdim] -> [output [l, n, embedDim], weights [n, l, s]]; with
 * `batchFirst` n comes before l and s, and all may do without it. Each of the heads multiplies query, key and value by
 * weights of its own into embedDim / numHeads features and takes softmax(q k^T / sqrt(features)) v; the heads' results
 * side by side go through `out_proj`. The weights are the mean over the heads, or [n, numHeads, l, s], or null.
 *
 * Parameters: in_proj_weight [3 embedDim, embedDim] (query, key, value), or q_proj_weight, k_proj_weight and
 * v_proj_weight [embedDim, kdim or vdim] when kdim or vdim differ, drawn by `xavierUniform`; in_proj_bias
 * [3 embedDim], 0; out_proj.weight, out_proj.bias, 0. A query from which all keys are hidden has weights 0, where
 * PyTorch may give NaN.
 *
 * A. Vaswani et al., "Attention is all you need", 2017.
 * @throws ArgumentError when numHeads does not divide embedDim, or for another option; forward: ShapeError when
 * inputs or masks do not fit, DtypeError
 * @example
 * const attention = new nn.MultiheadAttention(8, 2)
 * const x = zeros([5, 3, 8])
 * const [output, weights] = attention.forward(x, x, x, { isCausal: true })
 * const shapes = [...output.shape, ...weights.shape]
 * shapes // [5, 3, 8, 3, 5, 5]
 */
export class MultiheadAttention extends Module {
  in_proj_weight: Tensor | null = null
  q_proj_weight: Tensor | null = null
  k_proj_weight: Tensor | null = null
  v_proj_weight: Tensor | null = null
  in_proj_bias: Tensor | null
  out_proj: Linear
  readonly embedDim: number
  readonly numHeads: number
  readonly kdim: number
  readonly vdim: number
  readonly dropout: number
  readonly batchFirst: boolean
  readonly generator: Generator | undefined

  constructor(embedDim: number, numHeads: number, given: AttentionOptions = {}) {
    super()
    const op = 'MultiheadAttention'
    const { dropout = 0, bias = true, batchFirst = false, dtype = 'float32', generator } = options(op, given, known)
    const { kdim = embedDim, vdim = embedDim } = given
    this.embedDim = integer(op, 'embedDim', embedDim, 1)
    this.numHeads = integer(op, 'numHeads', numHeads, 1)
    this.kdim = integer(op, 'kdim', kdim, 1)
    this.vdim = integer(op, 'vdim', vdim, 1)
    if (embedDim % numHeads !== 0)
      throw new ArgumentError(`${op}: ${numHeads} heads cannot share ${embedDim} features evenly`)
    if (!(dropout >= 0 && dropout <= 1))
      throw new ArgumentError(`${op}: dropout is a probability in [0, 1], not ${dropout}`)
    this.dropout = dropout
    this.batchFirst = batchFirst
    this.generator = generator
    const weight = (rows: number, columns: number): Tensor =>
      xavierUniform(parameter(zeros([rows, columns], { dtype })), { generator })
    if (kdim === embedDim && vdim === embedDim) this.in_proj_weight = weight(3 * embedDim, embedDim)
    else {
      this.q_proj_weight = weight(embedDim, embedDim)
      this.k_proj_weight = weight(embedDim, kdim)
      this.v_proj_weight = weight(embedDim, vdim)
    }
    this.in_proj_bias = bias ? parameter(zeros([3 * embedDim], { dtype })) : null
    this.out_proj = new Linear(embedDim, embedDim, { bias, dtype, generator })
    if (this.out_proj.bias) zeroed(this.out_proj.bias)
  }

  forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    given: AttendOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    const op = 'MultiheadAttention'
    const { keyPaddingMask, attnMask, isCausal = false } = options(op, given, asked)
    const { needWeights = true, averageAttnWeights = true } = given
    const { batchFirst, numHeads, embedDim } = this
    const batched = this.batchOf(query, key, value)
    const [batch, length] = !batched ? [null, 0] : batchFirst ? [0, 1] : [1, 0]
    const n = batch === null ? 1 : query.shape[batch]
    const [l, s] = [query.shape[length], key.shape[length]]
    const size = embedDim / numHeads

    // [n, heads, length, size]
    const order = batchFirst || !batched ? [0, 2, 1, 3] : [1, 2, 0, 3]
    const heads = (x: Tensor): Tensor =>
      x.reshape([...(batched ? x.shape.slice(0, 2) : [1, x.shape[0]]), numHeads, size]).permute(order)
    const [q, k, v] = this.projected(query, key, value).map(heads)

    const masks: Tensor[] = []
    if (attnMask) {
      const view = operand(op, attnMask).ndim === 3 ? [n, numHeads, l, s] : [1, 1, l, s]
      const shapes = [
        [l, s],
        [n * numHeads, l, s],
      ]
      masks.push(seen('attnMask', attnMask, shapes, view, q.dtype))
    }
    if (keyPaddingMask) {
      const shape = batched ? [n, s] : [s]
      masks.push(seen('keyPaddingMask', keyPaddingMask, [shape], [n, 1, 1, s], q.dtype))
    }
    const alone = isCausal && masks.length === 0
    if (isCausal && !alone) masks.push(future(l, s).unsqueeze(0).unsqueeze(0))
    const mask = masks.length > 0 ? masks.reduce(both) : null
    const whole = attentionWeights(op, q, k, {
      // true is open there
      attnMask: mask?.dtype === 'bool' ? mask.logicalNot() : mask,
      isCausal: alone,
    })
    const p = this.dropout
    const weights = p > 0 ? dropout(whole, { p, training: this.training, generator: this.generator }) : whole

    const back = batchFirst || !batched ? [0, 2, 1, 3] : [2, 0, 1, 3]
    const joined = weights.matmul(v).permute(back)
    const output = this.out_proj.forward(joined.reshape([...query.shape.slice(0, -1), embedDim]))
    if (!needWeights) return [output, null]
    const shown = averageAttnWeights ? weights.mean(1) : weights
    return [output, batched ? shown : shown.squeeze(0)]
  }

  /** Whether the inputs have a batch. */
  private batchOf(query: Tensor, key: Tensor, value: Tensor): boolean {
    const op = 'MultiheadAttention'
    const named = { query, key, value }
    const features = { query: this.embedDim, key: this.kdim, value: this.vdim }
    const batched = operand(op, query).ndim === 3
    const form = !batched ? '[length, features]' : this.batchFirst ? '[n, length, features]' : '[length, n, features]'
    for (const name of ['query', 'key', 'value'] as const) {
      const { shape } = operand(op, named[name])
      if (shape.length !== (batched ? 3 : 2) || shape.at(-1) !== features[name])
        throw new ShapeError(`${op}: the ${name} is ${form} with ${features[name]} features, not ${show(shape)}`)
    }
    const batch = this.batchFirst ? 0 : 1
    if (!sameShape(key.shape.slice(0, -1), value.shape.slice(0, -1)))
      throw new ShapeError(`${op}: each key has a value: ${show(key.shape)} and ${show(value.shape)} do not agree`)
    if (batched && query.shape[batch] !== key.shape[batch])
      throw new ShapeError(`${op}: query ${show(query.shape)} and key ${show(key.shape)} have other batches`)
    return batched
  }

  /** Query, key and value times their weights, in one product where they are the same tensor. */
  private projected(query: Tensor, key: Tensor, value: Tensor): readonly Tensor[] {
    const { in_proj_weight: all, in_proj_bias: bias, q_proj_weight, k_proj_weight, v_proj_weight } = this
    if (all && query === key && key === value) return linear(query, all, bias).chunk(3, -1)
    const weights = all ? all.chunk(3) : [q_proj_weight, k_proj_weight, v_proj_weight]
    const biases = bias?.chunk(3)
    return [query, key, value].map((x, i) => linear(x, weights[i] as Tensor, biases?.[i]))
  }
}
