// Attention and transformers: PyTorch's numbers, masks, what they may not be given, and that they compile.
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
  tensor,
  zeros,
} from '../../src/index.ts'
import { copy } from '../../src/nn/copy.ts'
import { difference, read, values } from '../fixture.ts'
import { answers, type Case, type Training, trains, trainsCompiled } from './sequence.ts'

const classes = {
  MultiheadAttention: nn.MultiheadAttention,
  TransformerEncoderLayer: nn.TransformerEncoderLayer,
  TransformerDecoderLayer: nn.TransformerDecoderLayer,
  Transformer: nn.Transformer,
} as unknown as Record<string, new (...args: unknown[]) => nn.Module>

const all = read<Case | Training>('attention')
const cases = all.filter((t): t is Case => 'layer' in t).map(t => [t.name, t] as const)

const make = (t: Case): nn.Module => {
  const options = { ...(t.args.at(-1) as object), dtype: 'float64' }
  return new classes[t.layer]!(...t.args.slice(0, -1), options)
}

describe('outputs, weights and gradients are PyTorch’s', () => {
  test.each(cases)('%s', (_, t) => answers(t, make(t)))
})

describe('training steps compile', () => {
  test.each(cases)('%s', (_, t) => trainsCompiled(t, () => make(t)))
})

/** A small language model: each token from those before it. */
class GPT extends nn.Module {
  token = nn.parameter(zeros([7, 8], { dtype: 'float64' }))
  position = nn.parameter(zeros([6, 8], { dtype: 'float64' }))
  blocks: nn.TransformerEncoder
  head = new nn.Linear(8, 7, { bias: false, dtype: 'float64' })
  constructor() {
    super()
    const options = { dimFeedforward: 16, dropout: 0, activation: 'gelu', batchFirst: true, normFirst: true } as const
    const layer = new nn.TransformerEncoderLayer(8, 2, { ...options, dtype: 'float64' })
    this.blocks = new nn.TransformerEncoder(layer, 2, { norm: new nn.LayerNorm(8, { dtype: 'float64' }) })
  }
  forward(x: Tensor): Tensor {
    const h = F.embedding(x, this.token).add(this.position)
    return this.head.forward(this.blocks.forward(h, { isCausal: true }))
  }
}

describe('whole runs take PyTorch’s steps', () => {
  for (const t of all.filter((t): t is Training => 'losses' in t))
    test.each([false, true])(`${t.name}, compiled: %s`, compiled => {
      const model = new GPT()
      const objective = (x: Tensor, y: Tensor): Tensor => F.crossEntropy(model.forward(x).reshape(-1, 7), y.reshape(-1))
      trains(t, model, objective, compiled)
    })
})

const f64 = { dtype: 'float64' } as const
const drawn = (...shape: number[]): Tensor => randn(shape, { ...f64, generator: new Generator(shape.join()) })
const same = (a: Tensor, b: Tensor): void => {
  expect(a.shape).toEqual(b.shape)
  expect(difference(values(a), values(b), b)).toBeNull()
}

describe('MultiheadAttention', () => {
  const attention = new nn.MultiheadAttention(6, 3, { ...f64, generator: new Generator(1) })
  const x = drawn(4, 2, 6)
  const hidden = ones([4, 4], { dtype: 'bool' }).triu(1)

  test('one product for query, key and value of one tensor', () => {
    const products = (...inputs: [Tensor, Tensor, Tensor]): number => {
      let n = 0
      const count = ({ name }: Applied): void => {
        if (name === 'matmul') n++
      }
      observe(count, () => attention.forward(...inputs))
      return n
    }
    // scores, values and the output's make three more
    expect(products(x, x, x)).toBe(4)
    expect(products(x, x, x.clone())).toBe(6)
    same(attention.forward(x, x, x)[0], attention.forward(x, x.clone(), x.clone())[0])
  })

  test('a mask as truth values, as floats, as isCausal, for each head', () => {
    const [expected, weights] = attention.forward(x, x, x, { attnMask: hidden })
    const others: Parameters<typeof attention.forward>[3][] = [
      { isCausal: true },
      { attnMask: nn.causalMask(4, f64) },
      { attnMask: nn.causalMask(4) },
      { attnMask: nn.Transformer.generateSquareSubsequentMask(4), isCausal: true },
      { attnMask: hidden.expand([6, 4, 4]) },
    ]
    for (const given of others) {
      const [output, own] = attention.forward(x, x, x, given)
      same(output, expected)
      same(own!, weights!)
    }
    expect(values(weights!.select(0, 0).triu(1)).every(w => w === 0)).toBe(true)
    same(weights!.sum(-1), ones([2, 4], f64))
  })

  test('a padding mask as floats, and keys that nobody looks at change nothing', () => {
    const padding = tensor([
      [false, false, false, true],
      [false, false, true, true],
    ])
    const added = zeros([2, 4], f64).maskedFill(padding, -Infinity)
    const [expected] = attention.forward(x, x, x, { keyPaddingMask: padding })
    same(attention.forward(x, x, x, { keyPaddingMask: added })[0], expected)
    const other = x.maskedFill(padding.t().unsqueeze(-1), 7)
    same(attention.forward(x, other, other, { keyPaddingMask: padding })[0], expected)
  })

  test('a float64 mask leaves a float32 layer float32', () => {
    const small = new nn.MultiheadAttention(4, 2)
    const y = ones([3, 4])
    const [output, weights] = small.forward(y, y, y, { attnMask: nn.causalMask(3, f64) })
    expect([output.dtype, weights!.dtype]).toEqual(['float32', 'float32'])
  })

  test('a query without keys has weights 0, and no gradient is NaN', () => {
    const none = tensor([[true], [false], [false], [false]]).expand([4, 4])
    for (const mask of [none, zeros([4, 4], f64).maskedFill(none, -Infinity)]) {
      const y = x.clone().requiresGrad_()
      const [output, weights] = attention.forward(y, y, y, { attnMask: mask })
      same(output.select(0, 0), attention.out_proj.bias!.expand([2, 6]))
      same(weights!.sum(-1), tensor([0, 1, 1, 1], f64).expand([2, 4]))
      output.square().sum().backward()
      expect(values(y.grad!).some(Number.isNaN)).toBe(false)
    }
  })

  test('initial values: xavier within its bound, biases 0, by the generator', () => {
    const made = new nn.MultiheadAttention(20, 4, { generator: new Generator(3) })
    const again = new nn.MultiheadAttention(20, 4, { generator: new Generator(3) })
    expect(values(made.in_proj_weight!)).toEqual(values(again.in_proj_weight!))
    const largest = made.in_proj_weight!.abs().max().item()
    expect(largest).toBeLessThanOrEqual(Math.sqrt(6 / 80))
    expect(largest).toBeGreaterThan(0.9 * Math.sqrt(6 / 80))
    for (const bias of [made.in_proj_bias!, made.out_proj.bias!]) expect(values(bias).every(b => b === 0)).toBe(true)
  })

  test('dropout is drawn from the generator, in training only, and shows in the weights', () => {
    const dropping = (seed: number): nn.MultiheadAttention => {
      const made = new nn.MultiheadAttention(6, 3, { ...f64, dropout: 0.5, generator: new Generator(seed) })
      made.loadStateDict(attention.stateDict())
      return made
    }
    const options = { averageAttnWeights: false }
    const [a, b, c] = [1, 1, 2].map(seed => values(dropping(seed).forward(x, x, x, options)[1]!))
    expect(a).toEqual(b)
    expect(a).not.toEqual(c)
    expect(a!.filter(w => w === 0).length).toBeGreaterThan(20)
    same(dropping(1).eval().forward(x, x, x)[0], attention.forward(x, x, x)[0])
  })

  test('derivatives of second order', () => {
    const small = new nn.MultiheadAttention(2, 1, { ...f64, generator: new Generator(2) })
    const f = (y: Tensor): Tensor => small.forward(y, y, y, { isCausal: true })[0].square().sum()
    expect(gradcheck(f, [drawn(3, 1, 2)])).toBe(true)
  })
})

describe('transformers', () => {
  const shapes = { dimFeedforward: 5, dropout: 0 }

  test('float32 by default, and float64 when said', () => {
    const [src, tgt] = [zeros([3, 1, 4]), zeros([2, 1, 4])]
    const options = { ...shapes, dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1 }
    expect(new nn.Transformer(options).forward(src, tgt).dtype).toBe('float32')
    expect(new nn.Transformer({ ...options, ...f64 }).forward(src.double(), tgt.double()).dtype).toBe('float64')
  })

  test('an activation may be a function', () => {
    const [a, b] = ['gelu', (x: Tensor) => x.gelu()].map(
      activation => new nn.TransformerEncoderLayer(4, 2, { ...shapes, ...f64, activation: activation as 'gelu' }),
    ) as [nn.TransformerEncoderLayer, nn.TransformerEncoderLayer]
    b.loadStateDict(a.stateDict())
    same(a.forward(drawn(3, 2, 4)), b.forward(drawn(3, 2, 4)))
  })

  test('a stack is its layers, each with weights of its own, the given one untouched', () => {
    const layer = new nn.TransformerEncoderLayer(4, 2, { ...shapes, ...f64 })
    const stack = new nn.TransformerEncoder(layer, 3)
    const x = drawn(3, 2, 4)
    same(stack.forward(x), layer.forward(layer.forward(layer.forward(x))))
    expect(stack.parameters()).toHaveLength(36)
    expect(stack.parameters().some(p => layer.parameters().includes(p))).toBe(false)
    stack.layers[0]!.linear1.weight.assign(zeros([5, 4]))
    expect(values(stack.layers[1]!.linear1.weight)).toEqual(values(layer.linear1.weight))
    expect(new nn.TransformerEncoder(layer, 0).forward(x)).toBe(x)
  })

  test('dropout: drawn in training, nothing in evaluation, compiled as eager', () => {
    const build = (dropout: number): nn.TransformerEncoderLayer => {
      const generator = new Generator(4)
      return new nn.TransformerEncoderLayer(4, 2, { ...f64, dimFeedforward: 5, dropout, generator })
    }
    const x = drawn(3, 2, 4)
    same(build(0.5).eval().forward(x), build(0).forward(x))
    expect(values(build(0.5).forward(x))).not.toEqual(values(build(0).forward(x)))
    const [a, b] = [build(0.3), build(0.3)]
    const f = compile((x: Tensor) => b.forward(x, { isCausal: true }))
    for (let i = 0; i < 6; i++) same(f(x), a.forward(x, { isCausal: true }))
    expect(f.describe()).toHaveLength(1)
  })

  test('generateSquareSubsequentMask', () => {
    const mask = nn.Transformer.generateSquareSubsequentMask(3)
    expect(mask.dtype).toBe('float32')
    expect(mask.toArray()).toEqual([
      [0, -Infinity, -Infinity],
      [0, 0, -Infinity],
      [0, 0, 0],
    ])
  })
})

describe('copies of modules', () => {
  class Odd extends nn.Module {
    one = new nn.Linear(2, 2)
    tied = this.one.weight
    list = [new nn.Linear(2, 1), { deep: nn.parameter(ones([2])) }] as const
    map = new Map([['a', new nn.ReLU()]])
    set = new Set([nn.parameter(ones([1]))])
    me: nn.Module = this
    mean = zeros([2])
    generator = new Generator(1)
    frozen = nn.parameter(ones([1])).requiresGrad_(false)
    forward(x: Tensor): Tensor {
      return this.one.forward(x)
    }
  }
  test('have the same state under the same names, and share only what is no tensor', () => {
    const odd = new Odd().eval()
    const twin = copy(odd)
    expect(twin).toBeInstanceOf(Odd)
    expect(twin.training).toBe(false)
    expect(twin.one.training).toBe(false)
    expect(twin.me).toBe(twin)
    expect(twin.tied).toBe(twin.one.weight)
    expect(twin.generator).toBe(odd.generator)
    expect(twin.frozen.requiresGrad).toBe(false)
    const names = (m: nn.Module): string[][] =>
      [m.namedParameters(), m.namedBuffers()].map(l => l.map(([name]) => name))
    expect(names(twin)).toEqual(names(odd))
    expect(Object.values(twin.stateDict()).map(values)).toEqual(Object.values(odd.stateDict()).map(values))
    const own = new Set<unknown>([...odd.parameters(), ...odd.buffers()])
    expect([...twin.parameters(), ...twin.buffers()].some(x => own.has(x))).toBe(false)
    expect(twin.one.weight.data).not.toBe(odd.one.weight.data)
  })
})

describe('PositionalEncoding', () => {
  test('sinusoids', () => {
    const { pe } = new nn.PositionalEncoding(5, { maxLen: 3, ...f64 })
    expect(pe.shape).toEqual([3, 1, 5])
    const [a, b] = [10000 ** (2 / 5), 10000 ** (4 / 5)]
    const expected = [0, 1, 2].flatMap(t => [
      Math.sin(t),
      Math.cos(t),
      Math.sin(t / a),
      Math.cos(t / a),
      Math.sin(t / b),
    ])
    expect(difference(values(pe), expected)).toBeNull()
  })
  test('the batch where it is', () => {
    const pe = (batchFirst: boolean) => new nn.PositionalEncoding(4, { dropout: 0, maxLen: 6, batchFirst, ...f64 })
    const x = drawn(5, 2, 4)
    const expected = x.add(pe(false).pe.slice(0, 0, 5))
    same(pe(false).forward(x), expected)
    same(pe(true).forward(x.transpose(0, 1)).transpose(0, 1), expected)
    same(pe(true).forward(x.select(1, 0)), expected.select(1, 0))
  })
  test('dropout in training; a buffer, not a parameter; float32; compiles', () => {
    const made = new nn.PositionalEncoding(4, { dropout: 0.5, generator: new Generator(1) })
    expect(made.parameters()).toHaveLength(0)
    expect(Object.keys(made.stateDict())).toEqual(['pe'])
    expect(made.pe.shape).toEqual([5000, 1, 4])
    const x = ones([3, 2, 4])
    expect(values(made.forward(x)).filter(y => y === 0).length).toBeGreaterThan(4)
    const plain = made.eval().forward(x)
    expect(plain.dtype).toBe('float32')
    const f = compile((x: Tensor) => made.forward(x))
    for (let i = 0; i < 6; i++) same(f(x), plain)
    expect(f.describe()).toHaveLength(1)
  })
})

describe('LayerNorm', () => {
  test('mean 0 and variance 1 over the last dimensions, then weight and bias', () => {
    const norm = new nn.LayerNorm([3, 4], { ...f64, eps: 0 })
    const y = norm.forward(drawn(2, 3, 4))
    same(y.mean([1, 2]), zeros([2], f64))
    same(y.var([1, 2], { correction: 0 }), ones([2], f64))
    norm.weight!.assign(ones([3, 4]).mul(2))
    norm.bias!.assign(ones([3, 4]))
    same(norm.forward(drawn(2, 3, 4)), y.mul(2).add(1))
    expect(new nn.LayerNorm(4, { bias: false }).namedParameters().map(([name]) => name)).toEqual(['weight'])
    expect(new nn.LayerNorm(4, { elementwiseAffine: false }).parameters()).toEqual([])
  })
})

describe('what does not fit is said', () => {
  const attention = new nn.MultiheadAttention(4, 2)
  const x = zeros([3, 2, 4])
  const attend = (given: object) => () => attention.forward(x, x, x, given)
  const bools = (...shape: number[]): Tensor => zeros(shape, { dtype: 'bool' })
  const encoder = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 5 })
  const decoder = new nn.TransformerDecoderLayer(4, 2, { dimFeedforward: 5 })
  const position = new nn.PositionalEncoding(4, { maxLen: 5 })
  const MHA = nn.MultiheadAttention
  const wrong: [why: string, error: typeof ArgumentError, f: () => unknown, text: RegExp][] = [
    ['heads that do not divide', ArgumentError, () => new MHA(6, 4), /MultiheadAttention: 4 heads cannot share 6/],
    ['no heads', ArgumentError, () => new MHA(6, 0), /numHeads/],
    ['a dropout of -1', ArgumentError, () => new MHA(6, 2, { dropout: -1 }), /MultiheadAttention: dropout/],
    ['addBiasKv', ArgumentError, () => new MHA(6, 2, { addBiasKv: true } as object), /unknown option 'addBiasKv'/],
    ['an unknown option', ArgumentError, attend({ mask: null }), /MultiheadAttention: unknown option 'mask'/],
    [
      'another width',
      ShapeError,
      () => attention.forward(zeros([3, 2, 5]), x, x),
      /the query is \[length, n, features\] with 4 features, not \[3, 2, 5\]/,
    ],
    ['another rank', ShapeError, () => attention.forward(x, zeros([3, 4]), x), /the key is \[length, n, features\]/],
    ['keys without values', ShapeError, () => attention.forward(x, x, zeros([4, 2, 4])), /each key has a value/],
    ['other batches', ShapeError, () => attention.forward(zeros([3, 1, 4]), x, x), /other batches/],
    ['another dtype', DtypeError, () => attention.forward(x.double(), x.double(), x.double()), /dtypes differ/],
    [
      'a mask of another length',
      ShapeError,
      attend({ attnMask: bools(3, 4) }),
      /attnMask is \[3, 3\] or \[4, 3, 3\], not \[3, 4\]/,
    ],
    ['a mask per head of too few', ShapeError, attend({ attnMask: bools(2, 3, 3) }), /attnMask is .*not \[2, 3, 3\]/],
    [
      'a mask of whole numbers',
      DtypeError,
      attend({ attnMask: zeros([3, 3], { dtype: 'int32' }) }),
      /attnMask is bool/,
    ],
    ['padding the other way round', ShapeError, attend({ keyPaddingMask: bools(3, 2) }), /keyPaddingMask is \[2, 3\]/],
    ['a mask that is a list', ArgumentError, attend({ attnMask: [[0]] }), /MultiheadAttention: needs a tensor/],
    ['heads of a layer', ArgumentError, () => new nn.TransformerEncoderLayer(6, 4), /4 heads cannot share 6/],
    [
      'an unknown option',
      ArgumentError,
      () => new nn.TransformerEncoderLayer(4, 2, { heads: 2 } as object),
      /TransformerEncoderLayer: unknown option 'heads'/,
    ],
    [
      'an activation',
      ArgumentError,
      () => new nn.TransformerDecoderLayer(4, 2, { activation: 'tanh' as 'relu' }),
      /TransformerDecoderLayer: activation/,
    ],
    [
      'a width of 0',
      ArgumentError,
      () => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 0 }),
      /dimFeedforward/,
    ],
    [
      'another mask',
      ArgumentError,
      () => encoder.forward(x, { mask: null } as object),
      /TransformerEncoderLayer: unknown option 'mask'/,
    ],
    [
      'a mask that does not fit',
      ShapeError,
      () => encoder.forward(x, { srcMask: bools(2, 2) }),
      /attnMask is \[3, 3\]/,
    ],
    ['another memory', ShapeError, () => decoder.forward(x, zeros([3, 2, 5])), /the key is/],
    [
      'another mask',
      ArgumentError,
      () => decoder.forward(x, x, { srcMask: null } as object),
      /TransformerDecoderLayer: unknown/,
    ],
    [
      'srcMask for a stack',
      ArgumentError,
      () => new nn.TransformerEncoder(encoder, 1).forward(x, { srcMask: null } as object),
      /TransformerEncoder: unknown option 'srcMask'/,
    ],
    [
      'a class for a layer',
      ArgumentError,
      () => new nn.TransformerEncoder(nn.TransformerEncoderLayer as never, 2),
      /TransformerEncoder: needs a layer/,
    ],
    ['half a layer', ArgumentError, () => new nn.TransformerDecoder(decoder, 0.5), /TransformerDecoder: numLayers/],
    [
      'another option',
      ArgumentError,
      () => new nn.Transformer({ layers: 2 } as object),
      /Transformer: unknown option 'layers'/,
    ],
    ['a mask of whole numbers', DtypeError, () => nn.causalMask(2, { dtype: 'int32' }), /causalMask/],
    ['half a mask', ArgumentError, () => nn.causalMask(1.5), /causalMask: size/],
    ['a long sequence', ShapeError, () => position.forward(zeros([6, 1, 4])), /6 is longer than maxLen, 5/],
    ['other features', ShapeError, () => position.forward(zeros([2, 1, 3])), /PositionalEncoding: takes/],
    [
      'another option',
      ArgumentError,
      () => new nn.PositionalEncoding(4, { max: 2 } as object),
      /PositionalEncoding: unknown/,
    ],
    ['a norm of another size', ShapeError, () => new nn.LayerNorm(3).forward(x), /layerNorm: .*\[3, 2, 4\]/],
    ['a norm of another dtype', DtypeError, () => new nn.LayerNorm(4).forward(x.double()), /layerNorm: .*float64/],
    ['a norm of nothing', ArgumentError, () => new nn.LayerNorm(0), /LayerNorm: normalizedShape/],
  ]
  test.each(wrong)('%s', (_, error, f, text) => {
    expect(f).toThrow(error)
    expect(f).toThrow(text)
  })
})
