// Positions: where an element stands in its sequence, added to what it is.
import type { DType } from '../backend/array.ts'
import { integer, operand, options } from '../engine/argument.ts'
import { ShapeError } from '../engine/errors.ts'
import { tensor } from '../engine/ops/create.ts'
import { sameDtype } from '../engine/ops/product.ts'
import type { Generator } from '../engine/random.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { Dropout } from './dropout.ts'
import { Module } from './module.ts'

export interface PositionalEncodingOptions {
  /** The probability of 0 in training, after the sum (0.1). */
  readonly dropout?: number
  /** The longest sequence (5000). */
  readonly maxLen?: number
  /** Whether x is [n, length, dModel] instead of [length, n, dModel] (false). */
  readonly batchFirst?: boolean
  /** 'float32' */
  readonly dtype?: DType
  /** Where dropout is drawn from; the default generator. */
  readonly generator?: Generator
}

/**
 * [length, n, dModel] -> the same shape ([n, length, dModel] with `batchFirst`, [length, dModel] without a batch):
 * to the element at position t sin(t / 10000^(2i / dModel)) is added in feature 2i, and the cosine of the same angle
 * in feature 2i + 1; then dropout. The sinusoids are the buffer `pe` [maxLen, 1, dModel], as in PyTorch's tutorials.
 *
 * A. Vaswani et al., "Attention is all you need", 2017, section 3.5.
 * @throws ArgumentError for another option; forward: ShapeError when x has other features or is longer than maxLen
 * @example
 * new nn.PositionalEncoding(4, { dropout: 0 }).forward(zeros([2, 4])) // [[0, 1, 0, 1], [0.8415, 0.5403, 0.0100, 1.0000]]
 */
export class PositionalEncoding extends Module {
  readonly pe: Tensor
  readonly dropout: Dropout
  readonly batchFirst: boolean

  constructor(dModel: number, given: PositionalEncodingOptions = {}) {
    super()
    const op = 'PositionalEncoding'
    const known = ['dropout', 'maxLen', 'batchFirst', 'dtype', 'generator']
    const { dropout = 0.1, maxLen = 5000, batchFirst = false, dtype = 'float32', generator } = options(op, given, known)
    const width = integer(op, 'dModel', dModel, 1)
    const angles = Float64Array.from({ length: integer(op, 'maxLen', maxLen, 1) * width }, (_, at) => {
      const i = at % width
      const angle = Math.floor(at / width) / 10000 ** ((i - (i % 2)) / width)
      return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle)
    })
    this.pe = tensor(angles, { dtype }).reshape(maxLen, 1, width)
    this.dropout = new Dropout(dropout, { generator })
    this.batchFirst = batchFirst
  }

  forward(x: Tensor): Tensor {
    const op = 'PositionalEncoding'
    const { pe, batchFirst } = this
    const [maxLen, , width] = pe.shape as [number, number, number]
    const batched = operand(op, x).ndim === 3
    const length = x.shape[batched && batchFirst ? 1 : 0]
    if ((!batched && x.ndim !== 2) || x.shape.at(-1) !== width)
      throw new ShapeError(
        `${op}: takes [length, features] or ${batchFirst ? '[n, length, features]' : '[length, n, features]'} with ${width} features, not ${show(x.shape)}`,
      )
    if (length > maxLen)
      throw new ShapeError(`${op}: a sequence of ${length} is longer than maxLen, ${maxLen}: ${show(x.shape)}`)
    sameDtype(op, x, pe)
    const positions = pe.slice(0, 0, length)
    const place = !batched ? positions.squeeze(1) : batchFirst ? positions.transpose(0, 1) : positions
    return this.dropout.forward(x.add(place))
  }
}
