// Recurrent cells: what one step along a sequence makes of the state.
import type { DType, Shape } from '../backend/array.ts'
import { integer, list, oneOf, operand, options } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { zeros } from '../engine/ops/create.ts'
import { sameDtype } from '../engine/ops/product.ts'
import type { Generator } from '../engine/random.ts'
import { sameShape, show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { linear } from './functional.ts'
import { uniform } from './init.ts'
import { Module } from './module.ts'
import { parameter } from './parameter.ts'

/** The formula of a cell. Its state is a list of tensors [..., hidden], the first of which is its output. */
export interface Rule {
  /** How many blocks of `hidden` rows the weights have. */
  readonly gates: number
  /** What the state's tensors are called. */
  readonly state: readonly string[]
  /** The state after a step; x and h [..., gates * hidden] are the input and the hidden state times their weights. */
  next(x: Tensor, h: Tensor, state: readonly Tensor[]): readonly Tensor[]
}

/** h' = tanh(x + h), or with relu (Elman 1990) */
export const elman = (op: string, nonlinearity: 'tanh' | 'relu' = 'tanh'): Rule => {
  oneOf(op, 'nonlinearity', nonlinearity, ['tanh', 'relu'])
  return { gates: 1, state: ['h'], next: (x, h) => [x.add(h)[nonlinearity]()] }
}

/** c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c'), where [i, f, g, o] = x + h (Hochreiter & Schmidhuber 1997; Gers et al. 2000) */
export const lstm: Rule = {
  gates: 4,
  state: ['h', 'c'],
  next(x, h, [, c]) {
    const [i, f, g, o] = x.add(h).chunk(4, -1)
    const cell = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()))
    return [o.sigmoid().mul(cell.tanh()), cell]
  },
}

/** h' = n + z (h - n), where z = σ(x_z + h_z), r = σ(x_r + h_r), n = tanh(x_n + r h_n), in the order r, z, n (Cho et al. 2014) */
export const gru: Rule = {
  gates: 3,
  state: ['h'],
  next(x, h, [before]) {
    const [xr, xz, xn] = x.chunk(3, -1)
    const [hr, hz, hn] = h.chunk(3, -1)
    const n = xn.add(xr.add(hr).sigmoid().mul(hn)).tanh()
    return [n.add(xz.add(hz).sigmoid().mul(before.sub(n)))]
  },
}

export interface CellOptions {
  /** Whether vectors are added to both products (true). */
  readonly bias?: boolean
  /** 'float32' */
  readonly dtype?: DType
  /** Where the initial values are drawn from; the default generator. */
  readonly generator?: Generator
}
export const known: readonly (keyof CellOptions)[] = ['bias', 'dtype', 'generator']

export interface RNNCellOptions extends CellOptions {
  /** 'tanh' */
  readonly nonlinearity?: 'tanh' | 'relu'
}

/** The parameters of a cell under PyTorch's names, drawn from U(-1/sqrt(hidden), 1/sqrt(hidden)). */
export function weights(
  { gates }: Rule,
  inputSize: number,
  hiddenSize: number,
  { bias = true, dtype = 'float32', generator }: CellOptions,
): [name: string, x: Tensor][] {
  const bound = 1 / Math.sqrt(hiddenSize)
  const drawn = (...rest: number[]): Tensor =>
    uniform(parameter(zeros([gates * hiddenSize, ...rest], { dtype })), -bound, bound, { generator })
  return [
    ['weight_ih', drawn(inputSize)],
    ['weight_hh', drawn(hiddenSize)],
    ...(bias ? (['bias_ih', 'bias_hh'] as const).map((name): [string, Tensor] => [name, drawn()]) : []),
  ]
}

/**
 * The state to begin with: the given one, or zeros.
 *
 * @throws ArgumentError when it has too many or too few tensors, ShapeError, DtypeError
 */
export function begin(
  op: string,
  rule: Rule,
  x: Tensor,
  shape: Shape,
  given: readonly Tensor[] | null,
): readonly Tensor[] {
  if (given === null) return rule.state.map(() => zeros(shape, { dtype: x.dtype }))
  if (list(op, 'the state', given).length !== rule.state.length)
    throw new ArgumentError(`${op}: the state is [${rule.state.join(', ')}], not ${given.length} tensors`)
  given.forEach((h, k) => {
    sameDtype(op, x, h)
    if (!sameShape(h.shape, shape)) {
      const name = rule.state[k]
      throw new ShapeError(`${op}: for the input ${show(x.shape)}, ${name} is ${show(shape)}, not ${show(h.shape)}`)
    }
  })
  return given
}

/**
 * Checks an input [in] of `rank` dimensions, or with a batch of one more; `forms` says so.
 *
 * @throws ShapeError when it has others or another size, DtypeError when the weight's dtype is another
 */
export function fitting(op: string, x: Tensor, rank: number, forms: string, weight: Tensor): void {
  const size = weight.shape[1]
  if (operand(op, x).ndim < rank || x.ndim > rank + 1 || x.shape.at(-1) !== size)
    throw new ShapeError(`${op}: takes ${forms} with ${size} features, not ${show(x.shape)}`)
  sameDtype(op, x, weight)
}

/** A rule with its weights. */
abstract class Cell extends Module {
  weight_ih: Tensor
  weight_hh: Tensor
  bias_ih: Tensor | null
  bias_hh: Tensor | null
  readonly inputSize: number
  readonly hiddenSize: number
  readonly rule: Rule

  protected constructor(inputSize: number, hiddenSize: number, rule: Rule, given: CellOptions) {
    super()
    const op = new.target.name
    this.inputSize = integer(op, 'inputSize', inputSize, 1)
    this.hiddenSize = integer(op, 'hiddenSize', hiddenSize, 1)
    this.rule = rule
    const drawn = Object.fromEntries(weights(rule, inputSize, hiddenSize, given))
    this.weight_ih = drawn.weight_ih
    this.weight_hh = drawn.weight_hh
    this.bias_ih = drawn.bias_ih ?? null
    this.bias_hh = drawn.bias_hh ?? null
  }

  protected step(x: Tensor, given: readonly Tensor[] | null): readonly Tensor[] {
    const { rule, hiddenSize, weight_ih, weight_hh, bias_ih, bias_hh } = this
    const op = this.constructor.name
    fitting(op, x, 1, '[in] or [batch, in]', weight_ih)
    const state = begin(op, rule, x, [...x.shape.slice(0, -1), hiddenSize], given)
    return rule.next(linear(x, weight_ih, bias_ih), linear(state[0], weight_hh, bias_hh), state)
  }
}

/**
 * One step of `nn.RNN`: x [n, in] and h [n, hidden] (zeros) -> [n, hidden], or both without n:
 * tanh(x W_ih^T + b_ih + h W_hh^T + b_hh), or relu of it. weight_ih [hidden, in], weight_hh [hidden, hidden].
 *
 * J. L. Elman, "Finding structure in time", 1990.
 * @throws ArgumentError for a size below 1 or another option; forward: ShapeError when sizes do not fit
 * @example
 * new nn.RNNCell(4, 3).forward(zeros([2, 4])).shape // [2, 3]
 */
export class RNNCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, given: RNNCellOptions = {}) {
    const { nonlinearity } = options('RNNCell', given, ['nonlinearity', ...known])
    super(inputSize, hiddenSize, elman('RNNCell', nonlinearity), given)
  }

  forward(x: Tensor, h: Tensor | null = null): Tensor {
    return this.step(x, h && [h])[0]
  }
}

/**
 * One step of `nn.LSTM`: x [n, in] and a state [h, c], each [n, hidden] (zeros) -> the next [h, c], or all without n.
 * weight_ih [4 hidden, in], weight_hh [4 hidden, hidden], in the order of input, forget, cell and output gate.
 *
 * S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997.
 * @throws ArgumentError for a size below 1 or another option; forward: ShapeError when sizes do not fit
 * @example
 * new nn.LSTMCell(4, 3).forward(zeros([2, 4])).map(x => x.numel) // [6, 6]
 */
export class LSTMCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, given: CellOptions = {}) {
    super(inputSize, hiddenSize, lstm, options('LSTMCell', given, known))
  }

  forward(x: Tensor, state: readonly [h: Tensor, c: Tensor] | null = null): [h: Tensor, c: Tensor] {
    const [h, c] = this.step(x, state)
    return [h, c]
  }
}

/**
 * One step of `nn.GRU`: x [n, in] and h [n, hidden] (zeros) -> [n, hidden], or both without n. weight_ih
 * [3 hidden, in], weight_hh [3 hidden, hidden], in the order of reset, update and new gate.
 *
 * K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation", 2014.
 * @throws ArgumentError for a size below 1 or another option; forward: ShapeError when sizes do not fit
 * @example
 * new nn.GRUCell(4, 3).forward(zeros([2, 4])).shape // [2, 3]
 */
export class GRUCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, given: CellOptions = {}) {
    super(inputSize, hiddenSize, gru, options('GRUCell', given, known))
  }

  forward(x: Tensor, h: Tensor | null = null): Tensor {
    return this.step(x, h && [h])[0]
  }
}
