// Recurrent cells and layers: PyTorch's numbers, what they may not be given, and that they compile.
import { describe, expect, test } from 'vitest'
import {
  type Applied,
  ArgumentError,
  compile,
  DtypeError,
  F,
  Generator,
  gradcheck,
  nn,
  observe,
  ones,
  randn,
  ShapeError,
  type Tensor,
  zeros,
} from '../../src/index.ts'
import { difference, read, values } from '../fixture.ts'
import { answers, type Case, flat, type Training, trains, trainsCompiled } from './sequence.ts'

const classes = {
  RNNCell: nn.RNNCell,
  LSTMCell: nn.LSTMCell,
  GRUCell: nn.GRUCell,
  RNN: nn.RNN,
  LSTM: nn.LSTM,
  GRU: nn.GRU,
}
type Layer = keyof typeof classes
const layers = ['RNN', 'LSTM', 'GRU'] as const
const cells = ['RNNCell', 'LSTMCell', 'GRUCell'] as const

const all = read<Case | Training>('recurrent')
const cases = all.filter((t): t is Case => 'layer' in t)

const make = (t: Case): nn.Module => {
  const [inputSize, hiddenSize, options] = t.args as [number, number, object]
  return new classes[t.layer as Layer](inputSize, hiddenSize, { ...options, dtype: 'float64' })
}

describe('outputs, states and gradients are PyTorch’s', () => {
  test.each(cases.map(t => [t.name, t] as const))('%s', (_, t) => answers(t, make(t)))
})

describe('training steps compile', () => {
  test.each(cases.map(t => [t.name, t] as const))('%s', (_, t) => trainsCompiled(t, () => make(t)))
})

/** The running sum of a sequence. */
class Summer extends nn.Module {
  lstm = new nn.LSTM(1, 6, { numLayers: 2, dtype: 'float64' })
  head = new nn.Linear(6, 1, { dtype: 'float64' })
  forward(x: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(x)[0])
  }
}

describe('whole runs take PyTorch’s steps', () => {
  for (const t of all.filter((t): t is Training => 'losses' in t))
    test.each([false, true])(`${t.name}, compiled: %s`, compiled => {
      const model = new Summer()
      trains(t, model, (x, y) => F.mseLoss(model.forward(x), y), compiled)
    })
})

describe('layers', () => {
  test.each(layers)('%s is its cell, step by step', name => {
    const layer = new classes[name](3, 2, { dtype: 'float64', generator: new Generator(1) })
    const cell = new classes[`${name}Cell`](3, 2, { dtype: 'float64' })
    const state = Object.entries(layer.stateDict()).map(([key, x]) => [key.replace('_l0', ''), x])
    cell.loadStateDict(Object.fromEntries(state))
    const x = randn([4, 2, 3], { dtype: 'float64', generator: new Generator(2) })
    const [output] = flat(layer.forward(x))
    let h: unknown = null
    for (let i = 0; i < 4; i++) {
      h = (cell.forward as (x: Tensor, h: unknown) => unknown)(x.select(0, i), h)
      expect(difference(values(output!.select(0, i)), values(flat(h)[0]!))).toBeNull()
    }
  })

  test.each(layers)('%s: a sequence in two pieces is one sequence', name => {
    const layer = new classes[name](3, 2, { numLayers: 2, dtype: 'float64' })
    const forward = layer.forward.bind(layer) as (x: Tensor, h?: unknown) => [Tensor, unknown]
    const x = randn([7, 2, 3], { dtype: 'float64', generator: new Generator(2) })
    const [whole, end] = forward(x)
    const [first, between] = forward(x.slice(0, 0, 3))
    const [second, last] = forward(x.slice(0, 3), between)
    expect(difference(values(second), values(whole.slice(0, 3)))).toBeNull()
    expect(difference(values(first), values(whole.slice(0, 0, 3)))).toBeNull()
    flat(end).forEach((h, i) => {
      expect(difference(values(flat(last)[i]!), values(h))).toBeNull()
    })
  })

  test.each(layers)('%s: float32 by default, of the drawn weights all within 1 / sqrt(hidden)', name => {
    const layer = new classes[name](30, 16, { numLayers: 2, bidirectional: true })
    const outs = flat(layer.forward(ones([3, 2, 30])))
    expect(outs.map(x => x.dtype)).toEqual(outs.map(() => 'float32'))
    for (const x of layer.parameters()) {
      expect(x.dtype).toBe('float32')
      const largest = x.abs().max().item()
      expect(largest).toBeLessThanOrEqual(0.25)
      expect(largest).toBeGreaterThan(0.2)
    }
  })

  test.each(layers)('%s: the same generator, the same weights', name => {
    const [a, b, c] = [1, 1, 2].map(seed => new classes[name](3, 2, { generator: new Generator(seed) }).parameters())
    expect(a!.map(values)).toEqual(b!.map(values))
    expect(a!.map(values)).not.toEqual(c!.map(values))
  })

  test('derivatives of second order', () => {
    const layer = new nn.LSTM(2, 2, { bidirectional: true, dtype: 'float64', generator: new Generator(3) })
    const x = randn([3, 1, 2], { dtype: 'float64', generator: new Generator(4) })
    expect(gradcheck((x: Tensor) => layer.forward(x)[0].square().sum(), [x])).toBe(true)
  })

  test('the input product of a sequence is one product, however long', () => {
    const layer = new nn.GRU(3, 2)
    const products = (length: number): number => {
      let n = 0
      const count = ({ name, inputs }: Applied): void => {
        if (name === 'matmul' && (inputs[0] as Tensor).shape[1] === 3) n++
      }
      observe(count, () => layer.forward(zeros([length, 2, 3])))
      return n
    }
    expect([1, 2, 9].map(products)).toEqual([1, 1, 1])
  })
})

describe('dropout between layers', () => {
  const x = ones([4, 8, 3])
  const drawn = (options: object, seed = 1): nn.LSTM => {
    const layer = new nn.LSTM(3, 8, { numLayers: 2, ...options, generator: new Generator(5) })
    Object.assign(layer, { generator: new Generator(seed) })
    return layer
  }
  test('is drawn from the generator in training, and not done in evaluation', () => {
    const out = (layer: nn.LSTM): number[] => values(layer.forward(x)[0])
    expect(out(drawn({ dropout: 0.5 }))).toEqual(out(drawn({ dropout: 0.5 })))
    expect(out(drawn({ dropout: 0.5 }))).not.toEqual(out(drawn({ dropout: 0.5 }, 2)))
    expect(out(drawn({ dropout: 0.5 }).eval())).toEqual(out(drawn({})))
    expect(out(drawn({ dropout: 0.5 }))).not.toEqual(out(drawn({})))
  })
  test('reaches the second layer alone', () => {
    const [, [hn]] = drawn({ dropout: 1 }).forward(x)
    const [, [whole]] = drawn({}).forward(x)
    expect(values(hn.select(0, 0))).toEqual(values(whole.select(0, 0)))
    expect(values(hn.select(0, 1))).not.toEqual(values(whole.select(0, 1)))
  })
  test('one layer has none', () => {
    const layer = new nn.GRU(3, 2, { dropout: 0.9 })
    expect(values(layer.forward(x)[0])).toEqual(values(layer.forward(x)[0]))
  })
  test('compiled draws what eager draws', () => {
    const [a, b] = [drawn({ dropout: 0.3 }), drawn({ dropout: 0.3 })]
    const f = compile((x: Tensor) => b.forward(x)[0])
    for (let i = 0; i < 6; i++)
      expect(difference(values(f(x)), values(a.forward(x)[0]), { dtype: 'float32' })).toBeNull()
    expect(f.describe()).toHaveLength(1)
  })
})

describe('what does not fit is said', () => {
  const rnn = new nn.RNN(3, 2)
  const lstm = new nn.LSTM(3, 2, { batchFirst: true })
  const two = (x: unknown): [Tensor, Tensor] => x as [Tensor, Tensor]
  const wrong: [why: string, error: typeof ArgumentError, f: () => unknown, text: RegExp][] = [
    ['no input size', ArgumentError, () => new nn.RNN(0, 2), /RNN: inputSize is an integer of at least 1/],
    ['no hidden size', ArgumentError, () => new nn.GRU(3, 0), /GRU: hiddenSize is an integer of at least 1/],
    ['half a unit', ArgumentError, () => new nn.LSTMCell(3, 1.5), /LSTMCell: hiddenSize is an integer/],
    ['no layers', ArgumentError, () => new nn.LSTM(3, 2, { numLayers: 0 }), /LSTM: numLayers/],
    ['a dropout of 2', ArgumentError, () => new nn.LSTM(3, 2, { dropout: 2 }), /LSTM: dropout/],
    ['an unknown option', ArgumentError, () => new nn.LSTM(3, 2, { layers: 2 } as object), /LSTM: unknown option/],
    ['projSize', ArgumentError, () => new nn.LSTM(3, 2, { projSize: 2 } as object), /unknown option 'projSize'/],
    ['an unknown option', ArgumentError, () => new nn.GRUCell(3, 2, { numLayers: 2 } as object), /GRUCell: unknown/],
    ['a nonlinearity', ArgumentError, () => new nn.GRU(3, 2, { nonlinearity: 'relu' } as object), /GRU: unknown/],
    ['a nonlinearity', ArgumentError, () => new nn.RNN(3, 2, { nonlinearity: 'sin' as 'tanh' }), /RNN: nonlinearity/],
    [
      'another width',
      ShapeError,
      () => rnn.forward(zeros([5, 2, 4])),
      /RNN: takes .* with 3 features, not \[5, 2, 4\]/,
    ],
    ['4 dimensions', ShapeError, () => rnn.forward(zeros([1, 5, 2, 3])), /\[length, batch, in\]/],
    ['a vector', ShapeError, () => lstm.forward(zeros([3])), /\[batch, length, in\]/],
    ['an empty sequence', ShapeError, () => rnn.forward(zeros([0, 2, 3])), /RNN: the sequence has no elements/],
    ['another dtype', DtypeError, () => rnn.forward(zeros([5, 2, 3], { dtype: 'float64' })), /RNN: dtypes differ/],
    ['no tensor', ArgumentError, () => rnn.forward([[1, 2, 3]] as unknown as Tensor), /RNN: needs a tensor/],
    [
      'another batch',
      ShapeError,
      () => rnn.forward(zeros([5, 2, 3]), zeros([1, 3, 2])),
      /h is \[1, 2, 2\], not \[1, 3, 2\]/,
    ],
    ['no batch', ShapeError, () => rnn.forward(zeros([5, 3]), zeros([1, 1, 2])), /h is \[1, 2\], not \[1, 1, 2\]/],
    [
      'h alone',
      ArgumentError,
      () => lstm.forward(zeros([2, 5, 3]), two(zeros([1, 2, 2]))),
      /LSTM: the state is a list/,
    ],
    ['one of two', ArgumentError, () => lstm.forward(zeros([2, 5, 3]), two([zeros([1, 2, 2])])), /\[h, c\], not 1/],
    [
      'a list for h',
      ArgumentError,
      () => rnn.forward(zeros([5, 3]), two([zeros([1, 2])]) as unknown as Tensor),
      /RNN: needs a tensor/,
    ],
    [
      'c of another size',
      ShapeError,
      () => lstm.forward(zeros([2, 5, 3]), [zeros([1, 2, 2]), zeros([1, 2, 3])]),
      /c is \[1, 2, 2\]/,
    ],
    [
      'h of another dtype',
      DtypeError,
      () => rnn.forward(zeros([5, 3]), zeros([1, 2], { dtype: 'float64' })),
      /RNN: dtypes/,
    ],
    [
      'a sequence for a cell',
      ShapeError,
      () => new nn.GRUCell(3, 2).forward(zeros([5, 2, 3])),
      /GRUCell: takes \[in\] or/,
    ],
    [
      'a cell’s state',
      ShapeError,
      () => new nn.RNNCell(3, 2).forward(zeros([3]), zeros([1, 2])),
      /RNNCell: .*h is \[2\]/,
    ],
  ]
  test.each(wrong)('%s', (_, error, f, text) => {
    expect(f).toThrow(error)
    expect(f).toThrow(text)
  })
  test.each(cells)('%s: a state of another dtype', name => {
    const cell = new classes[name](3, 2)
    const h = zeros([2], { dtype: 'float64' })
    const forward = cell.forward.bind(cell) as (x: Tensor, h: unknown) => unknown
    expect(() => forward(zeros([3]), name === 'LSTMCell' ? [h, h] : h)).toThrow(DtypeError)
  })
})
