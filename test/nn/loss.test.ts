// Losses: module and function alike, in float32, in compiled steps; and what PyTorch's fixtures do not say.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  compile,
  F,
  Generator,
  nn,
  optim,
  randn,
  ShapeError,
  type Tensor,
  tensor,
} from '../../src/index.ts'
import { close, stepOf } from '../compile/steps.ts'

const generator = new Generator(11)
const f64 = (x: Parameters<typeof tensor>[0]): Tensor => tensor(x, { dtype: 'float64' })
const ints = (x: Parameters<typeof tensor>[0]): Tensor => tensor(x, { dtype: 'int32' })
const drawn = (...shape: number[]): Tensor => randn(shape, { generator })

const near = drawn(6, 5)
const probability = drawn(6, 5).sigmoid()
const signs = drawn(6, 5).sign()
const sides = drawn(6).sign()
const classes = ints([0, 4, 2, 2, 1, 3])
const lists = ints([0, 1, 2, 3, 4, 0].map(k => [k, 1, -1, 0, 0]))

interface Row {
  readonly module: new (options: never) => nn.Module
  readonly f: (...args: never[]) => Tensor
  /** What a tensor [6, 5] is compared with, and how it is made ready before. */
  readonly rest: readonly Tensor[]
  readonly prepare?: (x: Tensor) => Tensor
  readonly options: readonly object[]
  /** Options that cannot be. */
  readonly wrong: readonly object[]
}
const rows: Record<string, Row> = {
  mseLoss: { module: nn.MSELoss, f: F.mseLoss, rest: [near], options: [], wrong: [{ beta: 1 }] },
  l1Loss: { module: nn.L1Loss, f: F.l1Loss, rest: [near], options: [], wrong: [{ beta: 1 }] },
  smoothL1Loss: {
    module: nn.SmoothL1Loss,
    f: F.smoothL1Loss,
    rest: [near],
    options: [{ beta: 0.3 }],
    wrong: [{ beta: -1 }],
  },
  huberLoss: { module: nn.HuberLoss, f: F.huberLoss, rest: [near], options: [{ delta: 0.3 }], wrong: [{ delta: 0 }] },
  crossEntropy: {
    module: nn.CrossEntropyLoss,
    f: F.crossEntropy,
    rest: [classes],
    options: [{ labelSmoothing: 0.1, ignoreIndex: 2 }],
    wrong: [{ labelSmoothing: 2 }],
  },
  nllLoss: {
    module: nn.NLLLoss,
    f: F.nllLoss,
    rest: [classes],
    prepare: x => x.logSoftmax(1),
    options: [{ ignoreIndex: 2 }],
    wrong: [{ labelSmoothing: 0.1 }],
  },
  binaryCrossEntropy: {
    module: nn.BCELoss,
    f: F.binaryCrossEntropy,
    rest: [probability],
    prepare: x => x.sigmoid(),
    options: [{ weight: probability }],
    wrong: [{ posWeight: near }],
  },
  binaryCrossEntropyWithLogits: {
    module: nn.BCEWithLogitsLoss,
    f: F.binaryCrossEntropyWithLogits,
    rest: [probability],
    options: [{ posWeight: probability }],
    wrong: [{ logits: 1 }],
  },
  klDiv: {
    module: nn.KLDivLoss,
    f: F.klDiv,
    rest: [probability],
    prepare: x => x.logSoftmax(1),
    options: [{ reduction: 'batchmean' }, { logTarget: true }],
    wrong: [{ reduction: 'batch' }],
  },
  poissonNllLoss: {
    module: nn.PoissonNLLLoss,
    f: F.poissonNllLoss,
    rest: [probability.mul(3)],
    options: [{ full: true }],
    wrong: [{ eps: 0 }],
  },
  gaussianNllLoss: {
    module: nn.GaussianNLLLoss,
    f: F.gaussianNllLoss,
    rest: [near, probability],
    options: [{ full: true, eps: 0.5 }],
    wrong: [{ eps: -1 }],
  },
  hingeLoss: { module: nn.HingeLoss, f: F.hingeLoss, rest: [signs], options: [], wrong: [{ margin: 2 }] },
  softMarginLoss: {
    module: nn.SoftMarginLoss,
    f: F.softMarginLoss,
    rest: [signs],
    options: [],
    wrong: [{ margin: 2 }],
  },
  multiMarginLoss: {
    module: nn.MultiMarginLoss,
    f: F.multiMarginLoss,
    rest: [classes],
    options: [{ p: 2, margin: 0.5 }],
    wrong: [{ p: 3 }, { margin: 'x' }],
  },
  multilabelMarginLoss: {
    module: nn.MultiLabelMarginLoss,
    f: F.multilabelMarginLoss,
    rest: [lists],
    options: [],
    wrong: [{ margin: 2 }],
  },
  multilabelSoftMarginLoss: {
    module: nn.MultiLabelSoftMarginLoss,
    f: F.multilabelSoftMarginLoss,
    rest: [probability],
    options: [{ weight: probability }],
    wrong: [{ margin: 2 }],
  },
  hingeEmbeddingLoss: {
    module: nn.HingeEmbeddingLoss,
    f: F.hingeEmbeddingLoss,
    rest: [signs],
    options: [{ margin: 0.5 }],
    wrong: [{ margin: 'x' }],
  },
  cosineEmbeddingLoss: {
    module: nn.CosineEmbeddingLoss,
    f: F.cosineEmbeddingLoss,
    rest: [near, sides],
    options: [{ margin: -0.5 }],
    wrong: [{ margin: 'x' }],
  },
  marginRankingLoss: {
    module: nn.MarginRankingLoss,
    f: F.marginRankingLoss,
    rest: [near, signs],
    options: [{ margin: 0.5 }],
    wrong: [{ margin: 'x' }],
  },
  tripletMarginLoss: {
    module: nn.TripletMarginLoss,
    f: F.tripletMarginLoss,
    rest: [near, probability],
    options: [{ p: 1, swap: true, margin: 3 }],
    wrong: [{ p: 'x' }],
  },
}

describe.each(Object.entries(rows))('%s', (_, { module, f, rest, prepare = x => x, options, wrong }) => {
  const call = f as (...args: unknown[]) => Tensor
  const made = (given: object): ((...args: unknown[]) => Tensor) => {
    const loss = new (module as new (given: object) => nn.Module)(given)
    return (...args) => loss.forward(...(args as never[])) as Tensor
  }
  const x = prepare(drawn(6, 5))

  test('the module is the function; float32; a number is the mean of what it is without reduction', () => {
    for (const given of [{}, ...options]) {
      const loss = call(x, ...rest, given)
      expect(made(given)(x, ...rest).equal(loss)).toBe(true)
      expect([loss.shape, loss.dtype]).toEqual([[], 'float32'])
    }
    const each = call(x, ...rest, { reduction: 'none' })
    expect(each.ndim).toBeGreaterThan(0)
    close(call(x, ...rest), each.mean(), 1e-6)
    close(call(x, ...rest, { reduction: 'sum' }), each.sum(), 1e-6)
  })

  test('what cannot be', () => {
    for (const given of [...wrong, { reduction: 'avg' }, { unknown: 1 }])
      expect(() => made(given)(x, ...rest), JSON.stringify(given)).toThrow(ArgumentError)
    expect(() => call(x, ...rest.slice(0, -1), drawn(7, 2))).toThrow(/^\w+: /)
  })

  test('trains in a compiled step as without', () => {
    for (const given of [{}, ...options]) {
      const make = stepOf(y => call(prepare(y), ...rest, given))
      const [eager, other] = [make(new Generator(1)), make(new Generator(1))]
      const compiled = compile(other.step)
      for (let i = 0; i < 8; i++) {
        close(compiled() as Tensor, eager.step() as Tensor)
        eager.watch().forEach((t, k) => {
          close(other.watch()[k] as Tensor, t)
        })
      }
      expect(compiled.describe()).toHaveLength(1)
    }
  })
})

test('every loss of F is in the table', () => {
  const losses = Object.keys(F).filter(name => /Loss$|Entropy|^klDiv$/.test(name))
  expect(Object.keys(rows).sort()).toEqual(losses.sort())
})

describe('corners', () => {
  test('a wrong certainty costs 100, and has a gradient', () => {
    const x = f64([0, 1, 0, 1]).requiresGrad_()
    const loss = F.binaryCrossEntropy(x, f64([1, 0, 0, 1]), { reduction: 'none' })
    expect(loss.add(0).toArray()).toEqual([100, 100, 0, 0])
    loss.sum().backward()
    expect(x.grad!.add(0).toArray()).toEqual([-1e12, 1e12, 0, 0])
  })

  test('the square is one to second order, also where it is 0', () => {
    const x = f64([0]).requiresGrad_()
    F.huberLoss(x, f64([0])).backward(undefined, { createGraph: true })
    const slope = x.grad!
    x.grad = null
    slope.sum().backward()
    expect(x.grad!.toArray()).toEqual([1])
  })

  test('a small variance is raised, and pushed up nevertheless', () => {
    const v = f64([1e-9]).requiresGrad_()
    F.gaussianNllLoss(f64([0]), f64([1]), v, { eps: 1e-3 }).backward()
    expect(v.grad!.item()).toBeCloseTo((1e3 - 1e6) / 2, 6)
  })

  test('lists of labels end at the first -1, but all are checked', () => {
    const x = f64([0.1, 0.2, 0.4, 0.8])
    const [a, b] = [
      [3, 0, -1, 1],
      [3, 0, -1, -1],
    ].map(y => F.multilabelMarginLoss(x, ints(y)).item())
    // PyTorch's documentation
    expect([a, b]).toEqual([a, a])
    expect(a).toBeCloseTo(0.85, 12)
    expect(() => F.multilabelMarginLoss(x, ints([3, 0, -1, 4]))).toThrow(
      'multilabelMarginLoss: target 4 is out of range',
    )
  })

  test('the divergence of a distribution from itself is 0, zeros included', () => {
    const p = f64([[0, 0.25, 0.75]])
    const logs = p.maximum(1e-300).log()
    expect(F.klDiv(logs, p, { reduction: 'batchmean' }).item()).toBeCloseTo(0, 12)
  })

  test('errors say what would fit', () => {
    const x = drawn(2, 3)
    expect(() => F.l1Loss(x, drawn(3, 2))).toThrow(
      new ShapeError('l1Loss: input [2, 3] and target [3, 2] differ in shape. Did you mean target.reshape(2, 3)?'),
    )
    expect(() => F.gaussianNllLoss(x, x, drawn(3))).toThrow(/the variance of \[2, 3\]/)
    expect(() => F.multiMarginLoss(x, ints([0]))).toThrow(/needs class indices \[2\], not \[1\]/)
    expect(() => F.cosineEmbeddingLoss(x, x, drawn(3))).toThrow(/need targets \[2\], not \[3\]/)
    expect(() => F.tripletMarginLoss(x, x, drawn(2))).toThrow(/input \[2, 3\] and negative \[2\] differ/)
  })

  test('class weights and ignored classes train in a compiled step', () => {
    const model = new nn.Linear(4, 3, { generator: new Generator(2) })
    const [x, weight] = [drawn(5, 4), tensor([1, 2, 0.5])]
    const y = ints([0, 1, 2, -100, 1])
    const o = new optim.SGD(model.parameters(), { lr: 0.1 })
    const loss = new nn.CrossEntropyLoss({ weight, labelSmoothing: 0.1 })
    const step = compile(() => {
      const out = loss.forward(model.forward(x), y)
      o.zeroGrad()
      out.backward()
      o.step()
      return out
    })
    const seen = Array.from({ length: 8 }, () => (step() as Tensor).item())
    expect(seen.every((now, i) => i === 0 || now < (seen[i - 1] as number))).toBe(true)
  })
})
