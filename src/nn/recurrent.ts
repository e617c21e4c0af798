// Recurrent layers: a cell's rule along a sequence, in layers and in both directions.
import { integer, operand, options } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { stack } from '../engine/ops/arrange.ts'
import { cat } from '../engine/ops/linear.ts'
import type { Generator } from '../engine/random.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { begin, type CellOptions, elman, fitting, gru, known as initial, lstm, type Rule, weights } from './cell.ts'
import { dropout, linear } from './functional.ts'
import { Module } from './module.ts'

export interface RecurrentOptions extends CellOptions {
  /** How many layers are on top of one another (1). */
  readonly numLayers?: number
  /** Whether the input is [n, length, in] instead of [length, n, in] (false). States are not affected. */
  readonly batchFirst?: boolean
  /** The probability with which, in training, an element that goes from one layer to the next becomes 0 (0). */
  readonly dropout?: number
  /** Whether a second set of weights goes through the sequence from its end (false). */
  readonly bidirectional?: boolean
  /** Where the initial values and dropout are drawn from; the default generator. */
  readonly generator?: Generator
}
const known = [...initial, 'numLayers', 'batchFirst', 'dropout', 'bidirectional']

export interface RNNOptions extends RecurrentOptions {
  /** 'tanh' */
  readonly nonlinearity?: 'tanh' | 'relu'
}

/** The elements along the first dimension. By halves: each cut pads its gradient, in all n log n elements, not n^2. */
const steps = (x: Tensor): Tensor[] => {
  const half = x.shape[0] >> 1
  return half === 0 ? [x.squeeze(0)] : [...steps(x.slice(0, 0, half)), ...steps(x.slice(0, half))]
}

abstract class Recurrent extends Module {
  [weight: `weight_${string}`]: Tensor
  [bias: `bias_${string}`]: Tensor | undefined
  readonly inputSize: number
  readonly hiddenSize: number
  readonly numLayers: number
  readonly batchFirst: boolean
  readonly dropout: number
  readonly bidirectional: boolean
  readonly generator: Generator | undefined
  readonly rule: Rule

  protected constructor(inputSize: number, hiddenSize: number, rule: Rule, given: RecurrentOptions) {
    super()
    const op = new.target.name
    const { numLayers = 1, batchFirst = false, dropout = 0, bidirectional = false, generator } = given
    if (!(dropout >= 0 && dropout <= 1))
      throw new ArgumentError(`${op}: dropout is a probability in [0, 1], not ${dropout}`)
    this.inputSize = integer(op, 'inputSize', inputSize, 1)
    this.hiddenSize = integer(op, 'hiddenSize', hiddenSize, 1)
    this.numLayers = integer(op, 'numLayers', numLayers, 1)
    this.batchFirst = batchFirst
    this.dropout = dropout
    this.bidirectional = bidirectional
    this.generator = generator
    this.rule = rule
    for (let layer = 0; layer < numLayers; layer++)
      for (const suffix of this.ways) {
        const size = layer === 0 ? inputSize : hiddenSize * this.ways.length
        const named = weights(rule, size, hiddenSize, given).map(([name, x]) => [`${name}_l${layer}${suffix}`, x])
        Object.assign(this, Object.fromEntries(named))
      }
  }

  /** What follows a weight's name, for each direction. */
  private get ways(): readonly ('' | '_reverse')[] {
    return this.bidirectional ? ['', '_reverse'] : ['']
  }

  /** One layer in one direction: [length, n, in] -> [length, n, hidden], and the last state. */
  private along(x: Tensor, name: string, state: readonly Tensor[]): { out: Tensor; last: readonly Tensor[] } {
    const backwards = name.endsWith('_reverse')
    const products = steps(linear(x, this[`weight_ih_${name}`], this[`bias_ih_${name}`]))
    const outs: Tensor[] = []
    let last = state
    for (const product of backwards ? products.reverse() : products) {
      last = this.rule.next(product, linear(last[0], this[`weight_hh_${name}`], this[`bias_hh_${name}`]), last)
      outs.push(last[0])
    }
    return { out: stack(backwards ? outs.reverse() : outs, 0), last }
  }

  /** The outputs of the last layer, and the last states of all, as PyTorch stacks them. */
  protected run(x: Tensor, given: readonly Tensor[] | null): [output: Tensor, state: readonly Tensor[]] {
    const { rule, ways, numLayers, hiddenSize, batchFirst, generator } = this
    const op = this.constructor.name
    fitting(
      op,
      x,
      2,
      `[length, in] or ${batchFirst ? '[batch, length, in]' : '[length, batch, in]'}`,
      this.weight_ih_l0,
    )
    const batched = x.ndim === 3
    const [time, batch] = batched && batchFirst ? [1, 0] : [0, 1]
    if (x.shape[time] === 0) throw new ShapeError(`${op}: the sequence has no elements: ${show(x.shape)}`)
    const n = batched ? [x.shape[batch]] : []
    const begun = begin(op, rule, x, [numLayers * ways.length, ...n, hiddenSize], given)
    // a sequence alone is a batch of one
    const states = begun.map(h => (batched ? h : h.unsqueeze(1)).unbind(0))
    let h = batched ? x.transpose(0, time) : x.unsqueeze(1)
    const lasts: (readonly Tensor[])[] = []
    for (let layer = 0; layer < numLayers; layer++) {
      if (layer > 0 && this.dropout > 0) h = dropout(h, { p: this.dropout, training: this.training, generator })
      const run = ways.map((suffix, k) => {
        const at = layer * ways.length + k
        return this.along(
          h,
          `l${layer}${suffix}`,
          states.map(state => state[at]),
        )
      })
      h =
        run.length === 1
          ? run[0].out
          : cat(
              run.map(({ out }) => out),
              -1,
            )
      lasts.push(...run.map(({ last }) => last))
    }
    const ended = rule.state.map((_, k) =>
      stack(
        lasts.map(last => last[k]),
        0,
      ),
    )
    return batched ? [h.transpose(0, time), ended] : [h.squeeze(1), ended.map(state => state.squeeze(1))]
  }
}

/**
 * A sequence [length, n, in] ([n, length, in] with `batchFirst`, [length, in] without a batch) ->
 * [output [length, n, d * hidden], hn [d * numLayers, n, hidden]], where d is 2 if `bidirectional`, else 1. From one
 * element to the next h' = tanh(x W_ih^T + b_ih + h W_hh^T + b_hh), or relu of it, from h0 (zeros) of hn's shape on.
 *
 * The output is the last layer's h at each element; hn holds the last h of all layers, of each first the forward
 * then the backward direction. Weights: weight_ih_l0 [hidden, in], weight_hh_l0 [hidden, hidden], bias_ih_l0,
 * bias_hh_l0, of the other direction weight_ih_l0_reverse …, of the next layer weight_ih_l1 [hidden, d * hidden] …,
 * all drawn from U(-1/sqrt(hidden), 1/sqrt(hidden)).
 *
 * J. L. Elman, "Finding structure in time", 1990; M. Schuster and K. K. Paliwal, "Bidirectional recurrent neural
 * networks", 1997.
 * @throws ArgumentError for sizes below 1, a dropout outside [0, 1] or another option; forward: ShapeError when sizes
 * do not fit or the sequence is empty, DtypeError
 * @example
 * const [output, hn] = new nn.RNN(4, 3, { numLayers: 2 }).forward(zeros([5, 2, 4]))
 * const shapes = [...output.shape, ...hn.shape]
 * shapes // [5, 2, 3, 2, 2, 3]
 */
export class RNN extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, given: RNNOptions = {}) {
    const { nonlinearity } = options('RNN', given, ['nonlinearity', ...known])
    super(inputSize, hiddenSize, elman('RNN', nonlinearity), given)
  }

  forward(x: Tensor, h0: Tensor | null = null): [output: Tensor, hn: Tensor] {
    const [output, [hn]] = this.run(x, h0 && [operand('RNN', h0)])
    return [output, hn]
  }
}

/**
 * As `nn.RNN`, with long short-term memory: the state is [h, c], both [d * numLayers, n, hidden]:
 * forward(x, [h0, c0]?) -> [output, [hn, cn]]. With [i, f, g, o] = x W_ih^T + b_ih + h W_hh^T + b_hh,
 * c' = σ(f) c + σ(i) tanh(g) and h' = σ(o) tanh(c'). Weights have 4 * hidden rows, in the order i, f, g, o.
 *
 * S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997; F. A. Gers et al., "Learning to forget", 2000.
 * @throws ArgumentError for sizes below 1, a dropout outside [0, 1] or another option; forward: ShapeError when sizes
 * do not fit or the sequence is empty, DtypeError
 * @example
 * const model = new nn.LSTM(4, 3, { bidirectional: true, batchFirst: true })
 * const [output, [hn, cn]] = model.forward(zeros([2, 5, 4]))
 * const shapes = [...output.shape, ...hn.shape, ...cn.shape]
 * shapes // [2, 5, 6, 2, 2, 3, 2, 2, 3]
 */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, given: RecurrentOptions = {}) {
    super(inputSize, hiddenSize, lstm, options('LSTM', given, known))
  }

  forward(
    x: Tensor,
    state: readonly [h0: Tensor, c0: Tensor] | null = null,
  ): [output: Tensor, state: [hn: Tensor, cn: Tensor]] {
    const [output, [hn, cn]] = this.run(x, state)
    return [output, [hn, cn]]
  }
}

/**
 * As `nn.RNN`, with gated units: h' = (1 - z) n + z h, where r = σ(x_r + h_r), z = σ(x_z + h_z) and
 * n = tanh(x_n + r h_n) for [x_r, x_z, x_n] = x W_ih^T + b_ih and [h_r, h_z, h_n] = h W_hh^T + b_hh. Weights have
 * 3 * hidden rows, in the order r, z, n.
 *
 * K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation", 2014.
 * @throws ArgumentError for sizes below 1, a dropout outside [0, 1] or another option; forward: ShapeError when sizes
 * do not fit or the sequence is empty, DtypeError
 * @example
 * const [output, hn] = new nn.GRU(4, 3).forward(zeros([5, 4]))
 * const shapes = [...output.shape, ...hn.shape]
 * shapes // [5, 3, 1, 3]
 */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, given: RecurrentOptions = {}) {
    super(inputSize, hiddenSize, gru, options('GRU', given, known))
  }

  forward(x: Tensor, h0: Tensor | null = null): [output: Tensor, hn: Tensor] {
    const [output, [hn]] = this.run(x, h0 && [operand('GRU', h0)])
    return [output, hn]
  }
}
