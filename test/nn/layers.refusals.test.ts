// Layers at their edges: how they begin, what they may not be given, and what is as it was after an error.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  compile,
  DtypeError,
  Generator,
  IndexError,
  nn,
  ones,
  randn,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'
import { values } from '../fixture.ts'

const ints = (x: Parameters<typeof tensor>[0]): Tensor => tensor(x, { dtype: 'int32' })
const unknown = { colour: 1 } as object
const largest = (x: Tensor): number => x.detach().abs().max().item()

describe('initial values', () => {
  test('convolutions: bounds, seeds, dtypes', () => {
    const generator = (): { generator: Generator } => ({ generator: new Generator(4) })
    const conv = new nn.Conv2d(4, 50, [3, 2], { ...generator(), groups: 2 })
    expect([conv.weight.shape, conv.bias!.shape]).toEqual([[50, 2, 3, 2], [50]])
    const bound = 1 / Math.sqrt(12)
    for (const x of conv.parameters()) {
      expect(largest(x)).toBeLessThanOrEqual(bound)
      expect(largest(x)).toBeGreaterThan(0.9 * bound)
    }
    expect(values(new nn.Conv2d(4, 50, [3, 2], { ...generator(), groups: 2 }).weight)).toEqual(values(conv.weight))
    const back = new nn.ConvTranspose1d(6, 4, 5, { groups: 2, dtype: 'float64' })
    expect([back.weight.shape, back.bias!.shape, back.weight.dtype]).toEqual([[6, 2, 5], [4], 'float64'])
    expect(largest(back.weight)).toBeLessThanOrEqual(1 / Math.sqrt(10))
    expect(largest(new nn.Bilinear(9, 100, 3).weight)).toBeLessThanOrEqual(1 / 3)
  })

  test('norms: 1, 0, and nothing counted', () => {
    const { weight, bias, running_mean, running_var, num_batches_tracked } = new nn.BatchNorm2d(2)
    expect([weight, bias, running_mean, running_var].map(x => values(x!))).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
      [1, 1],
    ])
    expect([num_batches_tracked!.shape, num_batches_tracked!.dtype]).toEqual([[], 'int32'])
    expect(Object.keys(new nn.BatchNorm1d(2, { affine: false, trackRunningStats: false }).stateDict())).toEqual([])
    expect(Object.keys(new nn.InstanceNorm1d(2).stateDict())).toEqual([])
    expect(new nn.BatchNorm1d(2).namedBuffers().map(([name]) => name)).toEqual([
      'running_mean',
      'running_var',
      'num_batches_tracked',
    ])
  })

  test('embeddings: normal, seeded, the padding 0', () => {
    const words = new nn.Embedding(200, 50, { paddingIdx: -1, generator: new Generator(1) })
    expect(words.paddingIdx).toBe(199)
    expect(words.weight.detach().std().item()).toBeCloseTo(1, 1)
    expect(values(words.weight.at(-1)).every(x => x === 0)).toBe(true)
    expect([words.weight.isLeaf, words.weight.requiresGrad]).toEqual([true, true])
    const again = new nn.Embedding(200, 50, { paddingIdx: -1, generator: new Generator(1) })
    expect(values(again.weight)).toEqual(values(words.weight))
    const given = tensor([
      [1, 2],
      [3, 4],
    ])
    const fixed = nn.Embedding.fromPretrained(given)
    expect([fixed.weight.requiresGrad, fixed.parameters().length]).toEqual([false, 1])
    const trained = nn.Embedding.fromPretrained(given, { freeze: false, paddingIdx: 0 })
    // the padding is what was given, as in PyTorch
    expect(values(trained.forward(ints([0, 1])))).toEqual([1, 2, 3, 4])
    trained
      .forward(ints([0, 1, 1]))
      .sum()
      .backward()
    expect(values(trained.weight.grad!)).toEqual([0, 0, 2, 2])
    expect(values(given)).toEqual([1, 2, 3, 4])
  })
})

describe('draws', () => {
  const x = ones([4, 5, 6, 7])
  test.each([
    ['Dropout1d', () => new nn.Dropout1d(0.5, { generator: new Generator(2) }), ones([40, 5, 6])],
    ['Dropout2d', () => new nn.Dropout2d(0.5, { generator: new Generator(2) }), x],
    ['AlphaDropout', () => new nn.AlphaDropout(0.5, { generator: new Generator(2) }), x],
    ['RReLU', () => new nn.RReLU({ generator: new Generator(2) }), x.neg()],
  ] as const)('%s: seeded, another each time, off in evaluation', (name, make, input) => {
    const layer = make()
    const first = layer.forward(input)
    expect(first.equal(layer.forward(input))).toBe(false)
    expect(make().forward(input).equal(first)).toBe(true)
    layer.eval()
    expect(layer.forward(input).equal(layer.forward(input))).toBe(true)
    if (/Dropout[12]d/.test(name)) {
      const channels = first.flatten(2)
      expect(channels.amax(2).equal(channels.amin(2))).toBe(true)
      expect([...new Set(values(first))].sort()).toEqual([0, 2])
    }
  })

  test('a compiled step draws anew', () => {
    const layer = new nn.RReLU({ generator: new Generator(2) })
    const other = new nn.RReLU({ generator: new Generator(2) })
    const step = compile((y: Tensor) => layer.forward(y))
    for (let i = 0; i < 4; i++) expect(values(step(x.neg()))).toEqual(values(other.forward(x.neg())))
  })
})

describe('refused when it is made', () => {
  const made: [string, typeof ArgumentError, () => unknown, RegExp][] = [
    ['groups', ArgumentError, () => new nn.Conv2d(4, 6, 3, { groups: 3 }), /Conv2d: 3 groups do not divide 4 channels/],
    ['groups out', ArgumentError, () => new nn.Conv1d(4, 6, 3, { groups: 4 }), /6 channels \(outChannels\)/],
    [
      'groups 0',
      ArgumentError,
      () => new nn.Conv1d(4, 6, 3, { groups: 0 }),
      /Conv1d: groups is an integer of at least 1/,
    ],
    ['transposed', ArgumentError, () => new nn.ConvTranspose2d(4, 6, 3, { groups: 4 }), /ConvTranspose2d: 4 groups/],
    ['channels', ArgumentError, () => new nn.Conv2d(0, 6, 3), /Conv2d: inChannels is an integer of at least 1, not 0/],
    ['kernel 0', ArgumentError, () => new nn.Conv2d(1, 1, 0), /Conv2d: kernelSize .* at least 1.*, not 0/],
    ['kernel [3, 0]', ArgumentError, () => new nn.Conv2d(1, 1, [3, 0]), /kernelSize .* not \[3, 0\]/],
    ['a pair', ArgumentError, () => new nn.Conv1d(1, 1, [3, 3]), /Conv1d: kernelSize/],
    ['stride', ArgumentError, () => new nn.Conv2d(1, 1, 3, { stride: 0 }), /Conv2d: stride/],
    [
      'padding',
      ArgumentError,
      () => new nn.Conv2d(1, 1, 3, { padding: -1 }),
      /Conv2d: padding .* at least 0.*, not -1/,
    ],
    ['padding', ArgumentError, () => new nn.Conv2d(1, 1, 3, { padding: 'full' as 'same' }), /'same' or 'valid'/],
    [
      'same',
      ArgumentError,
      () => new nn.Conv2d(1, 1, 3, { padding: 'same', stride: [1, 2] }),
      /needs stride 1, not 1 x 2/,
    ],
    [
      'mode',
      ArgumentError,
      () => new nn.Conv1d(1, 1, 3, { paddingMode: 'mirror' as 'reflect' }),
      /Conv1d: paddingMode/,
    ],
    [
      'output padding',
      ArgumentError,
      () => new nn.ConvTranspose1d(1, 1, 3, { stride: 2, outputPadding: 2 }),
      /ConvTranspose1d: outputPadding \[2\] must be smaller/,
    ],
    [
      'a mode',
      ArgumentError,
      () => new nn.ConvTranspose1d(1, 1, 3, { paddingMode: 'zeros' } as object),
      /unknown option/,
    ],
    ['window', ArgumentError, () => new nn.MaxPool2d(0), /MaxPool2d: kernelSize/],
    ['window', ArgumentError, () => new nn.AvgPool1d(2, { padding: 2 }), /AvgPool1d: padding 2 is more than half/],
    ['indices', ArgumentError, () => new nn.MaxPool2d(2, { returnIndices: true } as object), /unknown option 'returnI/],
    [
      'divisor',
      ArgumentError,
      () => new nn.AvgPool2d(2, { divisorOverride: 0 }),
      /AvgPool2d: divisorOverride is not 0/,
    ],
    ['window', ArgumentError, () => new nn.LPPool2d(0, 2), /LPPool2d: normType is above 0/],
    ['size', ArgumentError, () => new nn.AdaptiveAvgPool2d([1, -1]), /AdaptiveAvgPool2d: outputSize/],
    ['size', ArgumentError, () => new nn.AdaptiveMaxPool1d(0), /AdaptiveMaxPool1d: outputSize/],
    ['features', ArgumentError, () => new nn.BatchNorm1d(0), /BatchNorm1d: numFeatures/],
    ['momentum', ArgumentError, () => new nn.BatchNorm2d(2, { momentum: '1' as never }), /BatchNorm2d: momentum/],
    ['groups', ArgumentError, () => new nn.GroupNorm(3, 4), /GroupNorm: 4 channels do not divide into 3 groups/],
    ['sizes', ArgumentError, () => new nn.RMSNorm([2, 0]), /RMSNorm: normalizedShape/],
    ['size', ArgumentError, () => new nn.LocalResponseNorm(0), /LocalResponseNorm: size/],
    [
      'paddingIdx',
      IndexError,
      () => new nn.Embedding(3, 2, { paddingIdx: 3 }),
      /Embedding: paddingIdx 3 is out of range/,
    ],
    ['paddingIdx', IndexError, () => new nn.Embedding(3, 2, { paddingIdx: -4 }), /for 3 rows/],
    ['maxNorm', ArgumentError, () => new nn.Embedding(3, 2, { maxNorm: 0 }), /Embedding: maxNorm/],
    [
      'a vector',
      ShapeError,
      () => nn.Embedding.fromPretrained(ones([3])),
      /fromPretrained: the weight is \[n, features/,
    ],
    [
      'whole numbers',
      DtypeError,
      () => nn.Embedding.fromPretrained(ones([3, 2], { dtype: 'int32' })),
      /fromPretrained: .* int32\. Did you mean weight\.float\(\)/,
    ],
    ['heads', ArgumentError, () => new nn.MultiheadAttention(5, 2), /2 heads cannot share 5 features/],
    ['sides', ArgumentError, () => new nn.ZeroPad2d([1, 2]), /ZeroPad2d: padding is one number, or one for each of 4/],
    ['mirror', ArgumentError, () => new nn.ReflectionPad1d(-1), /ReflectionPad1d: padding is an integer of at least 0/],
    ['value', ArgumentError, () => new nn.ConstantPad1d(1, undefined as never), /ConstantPad1d: value is a number/],
    ['both', ArgumentError, () => new nn.Upsample({ size: 2, scaleFactor: 2 }), /Upsample: needs a size or a scale/],
    ['factor', ArgumentError, () => new nn.PixelShuffle(1.5), /PixelShuffle: upscaleFactor/],
    ['patches', ArgumentError, () => new nn.Unfold(2, { stride: 0 }), /Unfold: stride/],
    ['size', ArgumentError, () => new nn.Fold([2, 0], 1), /Fold: outputSize/],
    ['slopes', ArgumentError, () => new nn.RReLU({ lower: 1, upper: 0 }), /RReLU: lower 1 is not below upper 0/],
    ['lambda', ArgumentError, () => new nn.Softshrink(-1), /Softshrink: lambd is at least 0/],
    ['slopes', ArgumentError, () => new nn.PReLU({ numParameters: 0 }), /PReLU: numParameters/],
    ['value', ArgumentError, () => new nn.Threshold(1, undefined as never), /Threshold: value/],
    ['p', ArgumentError, () => new nn.Dropout2d(1.5), /Dropout2d: a probability lies in \[0, 1\]/],
    ['sizes', ArgumentError, () => new nn.Unflatten(1, 6 as never), /Unflatten: unflattenedSize is a list/],
    ['an option', ArgumentError, () => new nn.ELU({ alpha: 1 } as never), /ELU: argument 1 is a number, not an object/],
    ['sizes', ArgumentError, () => new nn.Linear(2.5, 1), /Linear: inFeatures is an integer of at least 0, not 2.5/],
    ['features', ArgumentError, () => new nn.Bilinear(2, 0, 1), /Bilinear: in2Features/],
  ]
  test.each(made)('%s', (_, error, f, text) => {
    expect(f).toThrow(error)
    expect(f).toThrow(text)
  })

  test('unknown options, by all', () => {
    const all: (() => unknown)[] = [
      () => new nn.Conv1d(1, 1, 1, unknown),
      () => new nn.Conv2d(1, 1, 1, unknown),
      () => new nn.ConvTranspose1d(1, 1, 1, unknown),
      () => new nn.ConvTranspose2d(1, 1, 1, unknown),
      () => new nn.MaxPool1d(1, unknown),
      () => new nn.AvgPool2d(1, unknown),
      () => new nn.LPPool2d(1, 1, unknown),
      () => new nn.BatchNorm1d(1, unknown),
      () => new nn.InstanceNorm2d(1, unknown),
      () => new nn.GroupNorm(1, 1, unknown),
      () => new nn.RMSNorm(1, unknown),
      () => new nn.LocalResponseNorm(1, unknown),
      () => new nn.Embedding(1, 1, unknown),
      () => nn.Embedding.fromPretrained(ones([1, 1]), unknown),
      () => new nn.Bilinear(1, 1, 1, unknown),
      () => new nn.Upsample(unknown),
      () => new nn.Unfold(1, unknown),
      () => new nn.Fold(1, 1, unknown),
      () => new nn.CosineSimilarity(unknown),
      () => new nn.PairwiseDistance(unknown),
      () => new nn.PReLU(unknown),
      () => new nn.RReLU(unknown),
      () => new nn.Dropout1d(0.5, unknown),
    ]
    for (const f of all) {
      expect(f, String(f)).toThrow(ArgumentError)
      expect(f).toThrow(/unknown option 'colour'/)
    }
  })
})

describe('refused by forward', () => {
  const [norm, instance] = [new nn.BatchNorm2d(3), new nn.InstanceNorm1d(2)]
  const back = new nn.ConvTranspose2d(1, 1, 3, { stride: 2 })
  const wrong: [string, typeof ArgumentError, () => unknown, RegExp][] = [
    [
      'channels of a norm',
      ShapeError,
      () => norm.forward(zeros([2, 4, 5, 5])),
      /BatchNorm2d: takes \[n, c, h, w\] with c = 3 features, not \[2, 4, 5, 5\]/,
    ],
    ['dimensions', ShapeError, () => norm.forward(zeros([2, 3, 5])), /BatchNorm2d: .*not \[2, 3, 5\]/],
    ['no tensor', ArgumentError, () => norm.forward([1] as never), /BatchNorm2d: needs a tensor/],
    [
      'one number',
      ShapeError,
      () => norm.forward(zeros([1, 3, 1, 1])),
      /a variance needs at least 2\. .*model\.eval\(\)/,
    ],
    ['dtypes', DtypeError, () => norm.forward(zeros([2, 3, 2, 2], { dtype: 'float64' })), /float64/],
    [
      'an example of other channels',
      ShapeError,
      () => instance.forward(zeros([3, 4])),
      /InstanceNorm1d: takes \[n, c, l\] or \[c, l\] with c = 2 features, not \[3, 4\]/,
    ],
    ['groups', ShapeError, () => new nn.GroupNorm(2, 4).forward(zeros([2, 6])), /GroupNorm: takes \[n, 4, .*\[2, 6\]/],
    ['channels', ShapeError, () => new nn.Conv2d(3, 1, 1).forward(zeros([1, 2, 4, 4])), /2 channels/],
    [
      'a small image',
      ShapeError,
      () => new nn.Conv2d(1, 1, 5).forward(zeros([1, 1, 4, 4])),
      /the kernel reaches over 5/,
    ],
    [
      'a size',
      ShapeError,
      () => back.forward(zeros([1, 1, 3, 3]), [9, 7]),
      /can become 7 to 8 in dimension -2, not \[9/,
    ],
    ['an index', IndexError, () => new nn.Embedding(3, 2).forward(ints([3])), /3/],
    ['floats', DtypeError, () => new nn.Embedding(3, 2).forward(zeros([3])), /embedding/],
    ['slopes', ShapeError, () => new nn.PReLU({ numParameters: 3 }).forward(zeros([2, 4])), /prelu/],
    ['no tensor', ArgumentError, () => new nn.ReLU().forward(3 as never), /ReLU: needs a tensor, not 3/],
    ['a vector', ShapeError, () => new nn.Softmax2d().forward(zeros([4])), /Softmax2d: expected/],
  ]
  test.each(wrong)('%s', (_, error, f, text) => {
    expect(f).toThrow(error)
    expect(f).toThrow(text)
  })

  test('and nothing has moved', () => {
    const state = (): number[][] => Object.values(norm.stateDict()).map(values)
    const before = state()
    for (const [, , f] of wrong) expect(f).toThrow()
    expect(state()).toEqual(before)
    const short = new nn.Embedding(2, 1, { maxNorm: 0.1 })
    const weight = values(short.weight)
    expect(() => short.forward(ints([0, 2]))).toThrow(IndexError)
    expect(values(short.weight)).toEqual(weight)
  })

  test('a transposed convolution takes the size that is asked for', () => {
    for (const size of [7, 8]) expect(back.forward(zeros([1, 1, 3, 3]), [size, 7]).shape).toEqual([1, 1, size, 7])
    expect(back.forward(zeros([1, 1, 3, 3]), [1, 1, 8, 8]).shape).toEqual([1, 1, 8, 8])
  })

  test('empty batches, single pixels', () => {
    expect(new nn.Conv2d(2, 3, 1).forward(zeros([0, 2, 4, 4])).shape).toEqual([0, 3, 4, 4])
    expect(new nn.BatchNorm1d(2).eval().forward(zeros([0, 2])).shape).toEqual([0, 2])
    expect(new nn.Embedding(2, 3).forward(ints([])).shape).toEqual([0, 3])
    expect(new nn.MaxPool2d(1).forward(randn([1, 1, 1, 1])).shape).toEqual([1, 1, 1, 1])
    expect(values(new nn.MaxPool1d(2).forward(tensor([[Number.NaN, 1, Infinity, -1]])))).toEqual([Number.NaN, Infinity])
  })
})

test('a state goes from one layer to another', () => {
  const [a, b] = [new nn.BatchNorm1d(2), new nn.BatchNorm1d(2)]
  a.forward(randn([5, 2], { generator: new Generator(1) }))
  expect(b.loadStateDict(a.stateDict())).toEqual({ missing: [], unexpected: [] })
  expect(b.num_batches_tracked!.item()).toBe(1)
  const x = randn([3, 2])
  expect(b.eval().forward(x).equal(a.eval().forward(x))).toBe(true)
})
