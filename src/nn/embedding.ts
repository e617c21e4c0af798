// Embeddings: a learned vector for each index.
import type { DType } from '../backend/array.ts'
import { noGrad } from '../engine/apply.ts'
import { integer, number, operand, options } from '../engine/argument.ts'
import { ArgumentError, DtypeError, IndexError, ShapeError } from '../engine/errors.ts'
import { ones, tensor } from '../engine/ops/create.ts'
import { type Generator, randn } from '../engine/random.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { embedding } from './functional.ts'
import { Module } from './module.ts'
import { parameter } from './parameter.ts'

export interface EmbeddingBounds {
  /** The index whose vector is 0 at first and gets no gradient; from the end, if it is negative. */
  readonly paddingIdx?: number | null
  /** The largest norm of a vector: forward scales longer ones that it looks up down to it, in the weight itself. */
  readonly maxNorm?: number | null
  /** The order of that norm (2). */
  readonly normType?: number
}
export interface EmbeddingOptions extends EmbeddingBounds {
  /** 'float32' */
  readonly dtype?: DType
  /** Where the initial values are drawn from; the default generator. */
  readonly generator?: Generator
}
export interface PretrainedOptions extends EmbeddingBounds {
  /** Whether the vectors stay as they are (true). */
  readonly freeze?: boolean
}
const bounds = ['paddingIdx', 'maxNorm', 'normType']

/**
 * Indices [...] -> [..., embeddingDim]: a row of weight [numEmbeddings, embeddingDim], drawn from N(0, 1), for each.
 *
 * Bengio et al., "A neural probabilistic language model", 2003.
 * @throws IndexError when paddingIdx is out of range, ArgumentError for sizes below 1 or another option; forward:
 * IndexError when an index is negative or not below numEmbeddings, DtypeError when they are no int32
 * @example
 * const words = new nn.Embedding(10, 3, { paddingIdx: 0 })
 * words.forward(tensor([[1, 2, 0, 0]], { dtype: 'int32' })).shape // [1, 4, 3]
 */
export class Embedding extends Module {
  weight: Tensor
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly maxNorm: number | null
  readonly normType: number

  constructor(numEmbeddings: number, embeddingDim: number, given: EmbeddingOptions = {}) {
    super()
    const op = 'Embedding'
    const { dtype = 'float32', generator } = options(op, given, [...bounds, 'dtype', 'generator'])
    const { paddingIdx = null, maxNorm = null, normType = 2 } = given
    const n = integer(op, 'numEmbeddings', numEmbeddings, 1)
    if (paddingIdx !== null && !(integer(op, 'paddingIdx', paddingIdx) >= -n && paddingIdx < n))
      throw new IndexError(`${op}: paddingIdx ${paddingIdx} is out of range for ${n} rows`)
    if (maxNorm !== null && !(number(op, 'maxNorm', maxNorm) > 0))
      throw new ArgumentError(`${op}: maxNorm is above 0, not ${maxNorm}`)
    if (!(number(op, 'normType', normType) > 0)) throw new ArgumentError(`${op}: normType is above 0, not ${normType}`)
    this.numEmbeddings = n
    this.embeddingDim = integer(op, 'embeddingDim', embeddingDim, 1)
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + n : paddingIdx
    this.maxNorm = maxNorm
    this.normType = normType
    this.weight = parameter(randn([n, embeddingDim], { dtype, ...(generator && { generator }) }))
    if (this.paddingIdx !== null) {
      const kept = ones([n, 1], { dtype }).indexFill(0, tensor([this.paddingIdx], { dtype: 'int32' }), 0)
      this.weight.assign(noGrad(() => this.weight.mul(kept)))
    }
  }

  /**
   * An embedding with the values of a weight [n, features], frozen unless said otherwise.
   *
   * @throws ShapeError when the weight is no matrix, DtypeError when it is not of floats, ArgumentError for another option
   * @example
   * nn.Embedding.fromPretrained(tensor([[1, 2], [3, 4]])).forward(tensor([1], { dtype: 'int32' })) // [[3, 4]]
   */
  static fromPretrained(weight: Tensor, given: PretrainedOptions = {}): Embedding {
    const op = 'Embedding.fromPretrained'
    const { freeze = true, ...others } = options(op, given, ['freeze', ...bounds])
    if (operand(op, weight).ndim !== 2)
      throw new ShapeError(`${op}: the weight is [n, features], not ${show(weight.shape)}`)
    if (weight.dtype !== 'float32' && weight.dtype !== 'float64')
      throw new DtypeError(`${op}: the weight is of floats, not ${weight.dtype}. Did you mean weight.float()?`)
    const made = new Embedding(weight.shape[0], weight.shape[1], { ...others, dtype: weight.dtype })
    made.weight.assign(weight.detach())
    made.weight.requiresGrad_(!freeze)
    return made
  }

  forward(indices: Tensor): Tensor {
    const { weight, paddingIdx, maxNorm } = this
    if (maxNorm !== null) noGrad(() => this.shortened(indices, maxNorm))
    return embedding(indices, weight, { paddingIdx })
  }

  /** Scales the rows that are looked up down to `maxNorm`. */
  private shortened(indices: Tensor, maxNorm: number): void {
    const { weight, normType } = this
    const rows = embedding(indices.reshape(-1), weight)
    const length = rows.norm(normType, 1, { keepdim: true })
    // 1e-7, as in PyTorch
    const scale = length.gt(maxNorm).where(length.add(1e-7).reciprocal().mul(maxNorm), 1)
    weight.assign(weight.indexCopy(0, indices.reshape(-1), rows.mul(scale)))
  }
}
