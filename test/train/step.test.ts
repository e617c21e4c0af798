// What a step does: accumulated, clipped, compiled, guarded.
import { describe, expect, test } from 'vitest'
import { F, Generator, nn, optim, rand, randn, type Tensor, tensor } from '../../src/index.ts'
import { type Callback, fit, gradientNorms } from '../../src/train/train.ts'
import { clouds, made, numbersOf } from './case.ts'

const batches = clouds()
const far = (a: number[][], b: number[][]): number =>
  Math.max(...a.flatMap((xs, i) => xs.map((x, j) => Math.abs(x - b[i][j]))))

/** A model whose samples do not meet: what large batches and many small ones must agree on. */
function plain(dtype: 'float32' | 'float64' = 'float64'): { model: nn.Sequential; optimizer: optim.Adam } {
  const generator = new Generator(2)
  const options = { generator, dtype }
  const model = new nn.Sequential(new nn.Linear(2, 8, options), new nn.Tanh(), new nn.Linear(8, 3, options))
  return { model, optimizer: new optim.Adam(model.parameters(), { lr: 0.05 }) }
}

describe('accumulation', () => {
  const small = clouds(4, 'float64')
  const joined = (group: [Tensor, Tensor][]): [Tensor, Tensor] => [
    tensor(
      group.flatMap(([x]) => x.toArray() as number[][]),
      { dtype: 'float64' },
    ),
    tensor(
      group.flatMap(([, y]) => y.toArray() as number[]),
      { dtype: 'int32' },
    ),
  ]
  // 7 batches of 4 and one of 3 samples: groups of 3, 3 and 1
  const large = [small.slice(0, 3), small.slice(3, 6), small.slice(6)].map(joined)

  test.each([
    ['mean', false],
    ['mean', true],
    ['sum', false],
    ['sum', true],
  ] as const)('is one large batch: loss of %s, compiled %s', async (reduction, compile) => {
    const [a, b] = [plain(), plain()]
    const loss = new nn.CrossEntropyLoss({ reduction })
    const options = { loss, epochs: 4, clipGradNorm: 0.5 }
    const many = await fit(a.model, { ...options, optimizer: a.optimizer, train: small, accumulate: 3, compile })
    const few = await fit(b.model, { ...options, optimizer: b.optimizer, train: large })
    expect(far(numbersOf(a.model), numbersOf(b.model))).toBeLessThan(1e-12)
    expect([many.step, few.step]).toEqual([12, 12])
    many.history.forEach((entry, i) => {
      expect(entry.loss).toBeCloseTo(few.history[i].loss, 12)
    })
  })

  test('counts batches as it is told', async () => {
    // the mean over labels that count: the first batch has one of 2, the second two
    const x = randn([4, 2], { generator: new Generator(4), dtype: 'float64' })
    const int = (labels: number[]): Tensor => tensor(labels, { dtype: 'int32' })
    const loss = new nn.CrossEntropyLoss({ ignoreIndex: -1 })
    const rows = (from: number): Tensor => x.narrow(0, from, 2)
    const [a, b] = [plain(), plain()]
    await fit(a.model, {
      ...{ loss, optimizer: a.optimizer, epochs: 3, accumulate: 2 },
      train: [
        [rows(0), int([2, -1])],
        [rows(2), int([1, 0])],
      ],
      size: ([, y]) => y.data.filter(k => k !== -1).length,
    })
    await fit(b.model, { loss, optimizer: b.optimizer, epochs: 3, train: [[x, int([2, -1, 1, 0])]] })
    expect(far(numbersOf(a.model), numbersOf(b.model))).toBeLessThan(1e-12)
  })
})

describe('clipping', () => {
  test('bounds norms and elements', async () => {
    const { model, optimizer } = plain()
    const gradients = gradientNorms()
    const options = { loss: F.crossEntropy, optimizer, train: clouds(8, 'float64'), epochs: 1 }
    await fit(model, { ...options, clipGradNorm: 0.01, callbacks: [gradients] })
    const total = gradients.record.map(({ norms }) => Math.hypot(...Object.values(norms).map(Number)))
    expect(total).toHaveLength(7)
    for (const norm of total) expect(norm).toBeCloseTo(0.01, 5)
    expect(Object.keys(gradients.record[0].norms)).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'])
    const largest: number[] = []
    const callbacks: Callback[] = [
      { step: run => void largest.push(...run.model.parameters().flatMap(({ grad }) => [...(grad?.data ?? [])])) },
    ]
    await fit(model, { ...options, clipGradValue: 1e-3, callbacks })
    expect(Math.max(...largest.map(Math.abs))).toBe(1e-3)
  })
})

describe('compiled', () => {
  test.each([
    ['with the guard', true],
    ['without', false],
  ])('%s, a run has the numbers of one that is not', async (_, nanGuard) => {
    const run = async (compile: boolean): Promise<[number[][], unknown]> => {
      const { model, loss } = made()
      // not Adam, which makes steps out of the rounding of a gradient that is 0
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
      const ema = new optim.EMA(model, { decay: 0.9 })
      const { history } = await fit(model, {
        ...{ train: batches, validation: clouds(5), loss, optimizer, epochs: 4, compile, nanGuard, ema },
        ...{ clipGradNorm: 1, scheduler: new optim.ExponentialLR(optimizer, 0.9) },
        metrics: { accuracy: (x: Tensor, y: Tensor) => x.argmax(1).eq(y).float().mean() },
      })
      const averages = Object.values(ema.averages()).map(x => (typeof x === 'number' ? [x] : Array.from(x.data)))
      return [[...numbersOf(model), ...averages], history]
    }
    const [[eager, a], [compiled, b]] = [await run(false), await run(true)]
    expect(far(eager, compiled)).toBeLessThan(1e-4)
    for (const [i, entry] of (a as Record<string, number>[]).entries())
      for (const [name, x] of Object.entries(entry))
        expect((b as Record<string, number>[])[i][name], `${name} of epoch ${i + 1}`).toBeCloseTo(x, 3)
  })
})

/** The root of what a first layer gives: NaN below 0, and an infinite derivative at 0. */
class Root extends nn.Module {
  readonly layer: nn.Linear
  readonly dropout = new nn.Dropout(0.1, { generator: new Generator(8) })
  readonly seen: Tensor = tensor([0])
  constructor() {
    super()
    this.layer = new nn.Linear(1, 1, { generator: new Generator(1) })
    this.layer.weight.assign(tensor([[1]]))
    this.layer.bias?.assign(tensor([0]))
  }
  forward(x: Tensor): Tensor {
    this.seen.assign(this.seen.add(1))
    return this.dropout.forward(this.layer.forward(x).sqrt())
  }
}

describe('the guard', () => {
  const good = Array.from({ length: 4 }, () => rand([3, 1], { generator: new Generator(6) }).add(1))
  const target = tensor([[1], [1], [1]])
  const run = (model: nn.TensorModule, x: Tensor, options: object = {}): Promise<unknown> =>
    fit(model, {
      train: [...good, x].map(x => [x, target]),
      loss: F.mseLoss,
      optimizer: new optim.SGD(model.parameters(), { lr: 1e-3 }),
      epochs: 1,
      ...options,
    })

  describe.each([
    ['eager', false],
    ['compiled', true],
  ])('%s', (_, compile) => {
    test('names the op and the line, and leaves the model as it was before the step', async () => {
      const model = new Root()
      let before: unknown
      let drawn: unknown
      const callbacks: Callback[] = [
        {
          step() {
            before = numbersOf(model)
            drawn = model.dropout.generator?.getState()
          },
        },
      ]
      const fails = run(model, tensor([[1], [-1], [1]]), { compile, callbacks })
      await expect(fails).rejects.toThrow(/the loss is NaN in step 5, which was not made: 'sqrt' made a NaN/)
      await expect(fails).rejects.toThrow(/step\.test\.ts/)
      await expect(fails).rejects.toMatchObject({ name: 'AnomalyError' })
      expect(numbersOf(model)).toEqual(before)
      expect(model.dropout.generator?.getState()).toEqual(drawn)
      expect(model.layer.weight.grad).toBe(null)
    })

    test('finds gradients that are not finite where the loss is', async () => {
      const model = new Root()
      await expect(
        run(model, tensor([[1], [-1], [1]]), {
          compile,
          loss: (out: Tensor) => out.isnan().where(out.mul(0).add(1), out).mean(),
        }),
      ).rejects.toThrow(/a gradient is not finite in step 5.*made a NaN|'sqrt' made a NaN/s)
      expect(Number.isFinite(model.layer.weight.item())).toBe(true)
    })

    test('finds infinities too', async () => {
      const { model } = plain('float32')
      const x = tensor([[1, 2]])
      const loss = (out: Tensor): Tensor => out.sum().square().add(100).exp()
      const optimizer = new optim.SGD(model.parameters(), { lr: 1e-3 })
      await expect(fit(model, { train: [[x, x]], loss, optimizer, epochs: 1, compile })).rejects.toThrow(
        /the loss is Infinity in step 1, which was not made: 'exp' made an infinity out of finite/,
      )
    })

    test('finds what no op made', async () => {
      await expect(run(new Root(), tensor([[1], [Number.NaN], [1]]), { compile })).rejects.toThrow(
        /the batch itself holds numbers that are not finite/,
      )
      const model = new Root()
      model.layer.bias?.assign(tensor([Number.NaN]))
      await expect(run(model, tensor([[1], [1], [1]]), { compile })).rejects.toThrow(
        /the parameter 'layer.bias' was not finite before/,
      )
    })
  })

  test('is off where it is not wanted', async () => {
    const model = new Root()
    await run(model, tensor([[1], [-1], [1]]), { nanGuard: false })
    expect(model.layer.weight.item()).toBeNaN()
  })
})
