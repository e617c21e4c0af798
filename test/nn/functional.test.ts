// Functions of networks: state that moves, what is drawn, transposes and inverses, and compiled steps.
import { describe, expect, test } from 'vitest'
import { compile, F, Generator, nn, ones, randn, type Tensor, tensor, zeros } from '../../src/index.ts'
import { close, stepOf } from '../compile/steps.ts'

const generator = new Generator(5)
const drawn = (...shape: number[]): Tensor => randn(shape, { generator, dtype: 'float64' })
const single = (...shape: number[]): Tensor => randn(shape, { generator })
const numbers = (x: Tensor): number[] => Array.from(x.data)
const dot = (x: Tensor, y: Tensor): number => x.mul(y).sum().item()

describe('running moments', () => {
  const x = drawn(4, 3, 2)
  const moments = (): [Tensor, Tensor] => [drawn(3), drawn(3).exp()]

  test.each<[string, (mean: Tensor, variance: Tensor) => Tensor, () => [Tensor, Tensor]]>([
    [
      'of a batch: the unbiased variance is stored',
      (mean, variance) => F.batchNorm(x, mean, variance, null, null, { training: true, momentum: 0.3 }),
      () => [x.mean([0, 2]), x.var([0, 2])],
    ],
    [
      'of instances: their mean',
      (mean, variance) => F.instanceNorm(x, mean, variance, null, null, { momentum: 0.3 }),
      () => [x.mean(2).mean(0), x.var(2).mean(0)],
    ],
  ])('%s', (_, run, fresh) => {
    const [mean, variance] = moments()
    const expected = [mean, variance].map((running, i) => running.mul(0.7).add((fresh()[i] as Tensor).mul(0.3)))
    run(mean, variance)
    close(mean, expected[0] as Tensor, 1e-12)
    close(variance, expected[1] as Tensor, 1e-12)
  })

  test('either alone; a momentum that is a tensor; none to evaluate', () => {
    const [mean, variance] = moments()
    const before = variance.clone()
    F.batchNorm(x, mean, null, null, null, { training: true, momentum: tensor(1, { dtype: 'float64' }) })
    close(mean, x.mean([0, 2]), 1e-12)
    F.batchNorm(x, mean, variance)
    expect(variance.equal(before)).toBe(true)
    expect(() => F.batchNorm(x, mean, null)).toThrow('batchNorm: outside training it needs runningMean and runningVar')
  })

  test('nothing moves when the call fails', () => {
    const [mean, variance] = moments()
    const before = mean.clone()
    expect(() => F.batchNorm(drawn(1, 3), mean, variance, null, null, { training: true })).toThrow(/at least 2/)
    expect(() => F.batchNorm(x, mean, variance, drawn(2), null, { training: true })).toThrow(
      /weight is \[3\], not \[2\]/,
    )
    expect(mean.equal(before)).toBe(true)
  })

  test('move in a compiled step, by a share that changes', () => {
    const run = (build: (step: () => unknown) => () => unknown) => {
      const [mean, variance, count] = [zeros([3]), ones([3]), zeros([])]
      const weight = ones([3]).requiresGrad_()
      const g = new Generator(9)
      const step = build(() => {
        const batch = randn([6, 3], { generator: g })
        count.assign(count.add(1))
        const out = F.batchNorm(batch, mean, variance, weight, null, { training: true, momentum: count.reciprocal() })
        weight.grad = null
        out.mul(batch.square()).sum().backward()
        weight.assign(weight.sub((weight.grad as unknown as Tensor).mul(0.01)))
      })
      for (let i = 0; i < 9; i++) step()
      return [mean, variance, weight.detach()]
    }
    const eager = run(step => step)
    run(step => compile(step)).forEach((t, i) => {
      close(t, eager[i] as Tensor)
    })
  })
})

describe('normalised', () => {
  test.each<[string, (x: Tensor) => Tensor, (y: Tensor) => Tensor]>([
    ['layerNorm', x => F.layerNorm(x, [4, 5], null, null, { eps: 0 }), y => y.flatten(1)],
    ['groupNorm', x => F.groupNorm(x, 2, null, null, { eps: 0 }), y => y.reshape(6, -1)],
    ['instanceNorm', x => F.instanceNorm(x, null, null, null, null, { eps: 0 }), y => y.reshape(12, -1)],
    [
      'batchNorm',
      x => F.batchNorm(x, null, null, null, null, { training: true, eps: 0 }),
      y => y.transpose(0, 1).flatten(1),
    ],
  ])('%s: mean 0, variance 1', (_, f, lines) => {
    const y = lines(f(drawn(3, 4, 5).mul(3).add(7)))
    close(y.mean(1).add(1), ones([y.shape[0] as number], { dtype: 'float64' }), 1e-12)
    close(y.var(1, { correction: 0 }), ones([y.shape[0] as number], { dtype: 'float64' }), 1e-12)
  })
  test('float32 stays float32, and large means cost no digits', () => {
    const x = single(4, 3).add(1000)
    const y = F.layerNorm(x, 3)
    expect(y.dtype).toBe('float32')
    close(y, F.layerNorm(x.double(), 3).float(), 1e-4)
  })
})

describe('draws', () => {
  const g = (): Generator => new Generator(3)

  test('whole channels are dropped', () => {
    for (const [f, shape] of [
      [F.dropout1d, [20, 30, 4]],
      [F.dropout2d, [20, 30, 2, 2]],
    ] as const) {
      const y = f(ones([...shape]), { p: 0.25, generator: g() }).reshape(600, 4)
      expect(y.amax(1).equal(y.amin(1))).toBe(true)
      expect(new Set(numbers(y))).toEqual(new Set([0, Math.fround(4 / 3)]))
      expect(y.mean().item()).toBeCloseTo(1, 1)
    }
    expect(() => F.dropout2d(ones([2, 3, 4]))).toThrow('For one image x.unsqueeze(0), for sequences dropout1d')
  })

  test('alphaDropout keeps mean 0 and variance 1', () => {
    const x = randn([100_000], { generator: g() })
    const y = F.alphaDropout(x, { p: 0.3, generator: g() })
    expect(Math.abs(y.mean().item())).toBeLessThan(0.02)
    expect(Math.abs(y.var().item() - 1)).toBeLessThan(0.02)
  })

  test('rrelu: slopes within their bounds, other ones each time', () => {
    const x = ones([1000]).neg()
    const slopes = F.rrelu(x, { training: true, generator: g() }).neg()
    expect(slopes.min().item()).toBeGreaterThanOrEqual(Math.fround(1 / 8))
    expect(slopes.max().item()).toBeLessThanOrEqual(Math.fround(1 / 3))
    expect(slopes.mean().item()).toBeCloseTo((1 / 8 + 1 / 3) / 2, 2)
    expect(F.rrelu(x, { training: true, generator: g() }).neg().equal(slopes)).toBe(true)
    expect(F.rrelu(ones([3]), { training: true }).toArray()).toEqual([1, 1, 1])
  })

  test('gumbelSoftmax: as often as softmax says, one-hot to the bit, with the gradient of the soft one', () => {
    const logits = tensor([0, Math.log(3)]).expand(20_000, 2)
    const hard = F.gumbelSoftmax(logits, { hard: true, generator: g() })
    expect(new Set(numbers(hard))).toEqual(new Set([0, 1]))
    expect(hard.sum(1).min().item()).toBe(1)
    expect(hard.mean(0).at(1).item()).toBeCloseTo(0.75, 2)
    const grads = [false, true].map(one => {
      const x = drawn(3)
        .requiresGrad_()
        .assign(Float64Array.of(1, 2, 3))
      F.gumbelSoftmax(x, { hard: one, tau: 0.7, generator: g() })
        .mul(tensor([1, -2, 5], { dtype: 'float64' }))
        .sum()
        .backward()
      return numbers(x.grad!)
    })
    expect(grads[0]).toEqual(grads[1])
  })

  test('attention drops weights, the others grow', () => {
    const [q, k] = [zeros([1, 2]), zeros([1000, 2])]
    const out = F.scaledDotProductAttention(q, k, ones([1000, 1]), { dropoutP: 0.4, generator: g() }).item()
    expect(out).not.toBe(1)
    expect(out).toBeCloseTo(1, 1)
  })
})

describe('attention', () => {
  const [q, k, v] = [drawn(2, 4, 3), drawn(2, 4, 3), drawn(2, 4, 3)]
  test('causal is a mask of truth is a mask of -Infinity', () => {
    const causal = F.scaledDotProductAttention(q, k, v, { isCausal: true })
    const seen = ones([4, 4]).tril().bool()
    const added = seen.where(zeros([4, 4], { dtype: 'float64' }), -Infinity)
    for (const attnMask of [seen, added]) close(F.scaledDotProductAttention(q, k, v, { attnMask }), causal, 1e-12)
    close(causal.select(1, 0), v.select(1, 0), 1e-12)
  })
  test('who sees nothing gets 0, and has no gradient', () => {
    const x = drawn(1, 4, 3).requiresGrad_()
    const out = F.scaledDotProductAttention(x, k, v, { attnMask: zeros([4, 4], { dtype: 'bool' }) })
    expect(numbers(out).every(y => y === 0)).toBe(true)
    out.sum().backward()
    expect(numbers(x.grad!).every(y => y === 0)).toBe(true)
  })
})

describe('transposes and inverses', () => {
  test.each([{}, { stride: 2 }, { padding: 1, dilation: 2 }, { stride: [1, 2], padding: [0, 1] }])(
    'fold is the transpose of unfold: %j',
    options => {
      const x = drawn(2, 3, 5, 6)
      const y = F.unfold(x, [2, 3], options)
      const z = drawn(...y.shape)
      expect(dot(y, z)).toBeCloseTo(dot(x, F.fold(z, [5, 6], [2, 3], options)), 10)
    },
  )
  test('unfold and a product are a convolution', () => {
    const [x, w] = [drawn(2, 3, 5, 6), drawn(4, 3, 2, 3)]
    const y = w.reshape(4, -1).matmul(F.unfold(x, [2, 3], { padding: 1 }))
    close(y.reshape(2, 4, 6, 6), F.conv2d(x, w, null, { padding: 1 }), 1e-12)
  })
  test('pixelUnshuffle undoes pixelShuffle', () => {
    const x = drawn(2, 3, 18, 2, 5)
    expect(F.pixelUnshuffle(F.pixelShuffle(x, 3), 3).equal(x)).toBe(true)
  })
  test('lpPool2d of order 1 is the sum, of whatever sign', () => {
    const x = randn([2, 3, 4, 6], { generator: new Generator(3) }).requiresGrad_()
    const sum = F.lpPool2d(x, 1, 2)
    close(sum, F.avgPool2d(x, 2).mul(4))
    sum.sum().backward()
    expect(x.grad?.eq(1).all().item()).toBe(1)
    // as in PyTorch: a sum below 0 has no square root
    expect(F.lpPool2d(tensor([[[-1, -2]]]), 3, [1, 2]).item()).toBe(Number.NaN)
  })
  test('interpolation by its own size changes nothing', () => {
    const x = drawn(2, 3, 4, 5)
    for (const mode of ['nearest', 'bilinear'] as const)
      expect(F.interpolate(x, { size: [4, 5], mode }).equal(x)).toBe(true)
  })
  test('nearest pixels are those of exact arithmetic', () => {
    // a ratio that is rounded first falls short of whole numbers
    const x = drawn(1, 1, 94)
    const picked = F.interpolate(x, { size: 82 }).reshape(-1)
    expect(numbers(picked)).toEqual(Array.from({ length: 82 }, (_, j) => x.data[Math.floor((j * 94) / 82)]))
  })
})

describe('in compiled steps as without', () => {
  const image = (x: Tensor): Tensor => x.reshape(1, 1, 6, 5)
  const cases: Record<string, (x: Tensor, g: Generator) => Tensor> = {
    glu: x => F.glu(x, 0),
    prelu: x => F.prelu(x, x.detach().amax(0)),
    'drawn slopes': (x, g) => F.rrelu(x, { training: true, generator: g }),
    'a drawn class': (x, g) => F.gumbelSoftmax(x, { hard: true, generator: g }),
    dropouts: (x, g) =>
      F.dropout1d(x, { generator: g })
        .add(F.dropout2d(x.reshape(6, 5, 1, 1), { generator: g }).reshape(6, 5))
        .add(F.alphaDropout(x, { generator: g })),
    shrinks: x =>
      F.hardshrink(x)
        .add(F.softshrink(x))
        .add(F.tanhshrink(x))
        .add(F.threshold(x, 0.2, 3)),
    softmin: x => F.softmin(x, 1),
    normalize: x => F.normalize(x, { p: 3 }),
    cosineSimilarity: x => F.cosineSimilarity(x, x.detach().flip(0)),
    pairwiseDistance: x => F.pairwiseDistance(x, x.detach().flip(0)),
    bilinear: x => F.bilinear(x, x.exp(), x.detach().reshape(6, 5, 1).expand(6, 5, 5)),
    patches: x => F.fold(F.unfold(image(x), 2, { padding: 1 }).square(), [6, 5], 2, { padding: 1 }),
    nearest: x => F.interpolate(image(x), { scaleFactor: 2 }),
    bilinearly: x => F.interpolate(image(x), { size: [9, 3], mode: 'bilinear' }),
    shuffled: x => F.pixelShuffle(F.pixelUnshuffle(x.reshape(1, 1, 6, 5).slice(3, 0, 4), 2).sin(), 2),
    localResponseNorm: x => F.localResponseNorm(x.reshape(1, 6, 5), 3, { alpha: 1 }),
    lpPool2d: x => F.lpPool2d(image(x), 2, 2),
    'adaptive pools': x => F.adaptiveMaxPool2d(image(x), [4, 2]).add(F.adaptiveAvgPool2d(image(x), [4, 2])),
    'adaptive pools of lines': x => F.adaptiveMaxPool1d(x, 3).add(F.adaptiveAvgPool1d(x, 3)),
    convTranspose1d: x => F.convTranspose1d(x.reshape(1, 6, 5), x.detach().reshape(6, 5, 1), null, { stride: 2 }),
    norms: x =>
      F.layerNorm(x, 5)
        .add(F.groupNorm(x, 5))
        .add(F.rmsNorm(x, 5))
        .add(F.instanceNorm(x.reshape(1, 6, 5)).squeeze(0)),
    attention: x => F.scaledDotProductAttention(x, x.sin(), x, { isCausal: true }),
    'masked attention': x => F.scaledDotProductAttention(x, x, x, { attnMask: ones([6, 6]).triu(1).bool() }),
  }
  test.each(Object.entries(cases))('%s', (_, f) => {
    let draws = new Generator(1)
    const make = stepOf(x => f(x, draws))
    /** Runs what draws from a generator of its own. */
    const drawing = (): (<R>(act: () => R) => R) => {
      const mine = new Generator(1)
      return act => {
        draws = mine
        return act()
      }
    }
    const [a, b] = [drawing(), drawing()]
    const [eager, other] = [a(() => make(generator)), b(() => make(generator))]
    const compiled = compile(other.step)
    for (let i = 0; i < 7; i++) {
      close(b(compiled) as Tensor, a(eager.step) as Tensor)
      eager.watch().forEach((t, k) => {
        close(other.watch()[k] as Tensor, t)
      })
    }
    expect(compiled.describe()).toHaveLength(1)
  })
})

describe('initial values', () => {
  const g = (): Generator => new Generator(4)
  const weight = (...shape: number[]): Tensor => zeros(shape, { dtype: 'float64' })
  test.each([[[4, 4]], [[3, 7]], [[7, 3]], [[4, 2, 3, 3]], [[1, 5]], [[0, 3]]])('orthogonal %j', shape => {
    const w = nn.init.orthogonal(weight(...shape), { gain: 2, generator: g() })
    expect(w.shape).toEqual(shape)
    const m = w.reshape(
      shape[0] as number,
      shape.slice(1).reduce((a, b) => a * b, 1),
    )
    const [rows, columns] = m.shape as [number, number]
    const product = rows <= columns ? m.matmul(m.t()) : m.t().matmul(m)
    const n = Math.min(rows, columns)
    numbers(product).forEach((y, i) => {
      expect(y).toBeCloseTo(i % (n + 1) === 0 ? 4 : 0, 12)
    })
  })
  test('truncNormal: within its bounds, with the moments of the cut normal', () => {
    const x = nn.init.truncNormal(weight(50_000), 1, 2, -1, 3, { generator: g() })
    expect([x.min().item() >= -1, x.max().item() <= 3]).toEqual([true, true])
    // of a normal cut at one deviation on both sides: 1 - 2 φ(1) / (2 Φ(1) - 1)
    expect(x.mean().item()).toBeCloseTo(1, 1)
    expect(x.var().item() / 4).toBeCloseTo(0.2911, 2)
    expect(() => nn.init.truncNormal(weight(1), 0, 1, 2, 1)).toThrow('truncNormal: needs a < b and std > 0')
  })
  test('eye', () => {
    expect(nn.init.eye(weight(2, 3)).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ])
    expect(() => nn.init.eye(weight(2))).toThrow('eye: a matrix is needed, not [2]')
  })
})
