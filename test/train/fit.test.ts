// fit: the numbers of a loop written by hand, in every variant, and what it tells those who watch.
import { describe, expect, test } from 'vitest'
import { F, Generator, nn, noGrad, optim, randn, type Tensor, tensor, zeros } from '../../src/index.ts'
import { type Callback, fit, Mean, type Run } from '../../src/train/train.ts'
import { clouds, made, numbersOf, shuffled } from './case.ts'

const batches = clouds()

describe('the loop', () => {
  test('gives the numbers of one written by hand, bit by bit', async () => {
    const [hand, own] = [made(), made()]
    const order = new Generator(3)
    const scheduler = new optim.ExponentialLR(hand.optimizer, 0.9)
    const losses: number[] = []
    for (let epoch = 0; epoch < 3; epoch++) {
      for (const [x, y] of shuffled(batches, order)) {
        const loss = F.crossEntropy(hand.model.forward(x), y)
        hand.optimizer.zeroGrad()
        loss.backward()
        optim.clipGradNorm(hand.model.parameters(), 1)
        hand.optimizer.step()
        losses.push(loss.item())
      }
      scheduler.step()
    }
    const seen: number[] = []
    const { history, step, epoch, reason } = await fit(own.model, {
      loss: own.loss,
      optimizer: own.optimizer,
      train: shuffled(batches, new Generator(3)),
      epochs: 3,
      scheduler: new optim.ExponentialLR(own.optimizer, 0.9),
      clipGradNorm: 1,
      callbacks: [{ step: run => void seen.push(run.metrics.loss) }],
    })
    expect(seen).toEqual(losses)
    expect(numbersOf(own.model)).toEqual(numbersOf(hand.model))
    expect([step, epoch, reason]).toEqual([21, 3, null])
    expect(history.map(({ lr }) => lr)).toEqual([0.02, 0.02 * 0.9, 0.02 * 0.9 * 0.9])
  })

  test("an epoch's loss and metrics are those over all samples, whatever the sizes of batches", async () => {
    const model = new nn.Linear(2, 3, { generator: new Generator(1) })
    const { history } = await fit(model, {
      train: batches,
      validation: clouds(5),
      loss: new nn.CrossEntropyLoss(),
      optimizer: new optim.SGD(model.parameters(), { lr: 0 }),
      epochs: 1,
      metrics: {
        right: (prediction: Tensor, target: Tensor) => prediction.argmax(1).eq(target).float().mean(),
        mean: new Mean((prediction: Tensor) => prediction.mean()),
      },
    })
    for (const [prefix, list] of [['', batches] as const, ['validation.', clouds(5)] as const]) {
      const all = list.map(([x, y]) => ({ out: noGrad(() => model.forward(x)), y }))
      const count = all.reduce((sum, { y }) => sum + y.numel, 0)
      const over = (f: (out: Tensor, y: Tensor) => number): number =>
        all.reduce((sum, { out, y }) => sum + f(out, y) * y.numel, 0) / count
      expect(history[0][`${prefix}loss`]).toBeCloseTo(
        over((out, y) => F.crossEntropy(out, y).item()),
        6,
      )
      expect(history[0][`${prefix}right`]).toBeCloseTo(
        over((out, y) => out.argmax(1).eq(y).float().mean().item()),
        6,
      )
      expect(history[0][`${prefix}mean`]).toBeCloseTo(
        over(out => out.mean().item()),
        6,
      )
    }
    expect(Object.keys(history[0])).toEqual([
      ...['loss', 'right', 'mean', 'lr'],
      ...['validation.loss', 'validation.right', 'validation.mean'],
    ])
  })

  test('takes batches of any kind, which arrive when they will', async () => {
    interface Item {
      readonly a: Tensor
      readonly b: Tensor
      readonly wanted: Tensor
    }
    class Product extends nn.Module {
      readonly w = nn.parameter(tensor([0.5]))
      forward(a: Tensor, b: Tensor): Tensor {
        return a.mul(b).mul(this.w)
      }
    }
    const items = Array.from({ length: 5 }, (_, i): Item => {
      const [a, b] = [tensor([1 + i, 2]), tensor([1, 0.5])]
      return { a, b, wanted: a.mul(b).mul(3) }
    })
    const model = new Product()
    const { step } = await fit(model, {
      train: {
        async *[Symbol.asyncIterator]() {
          for (const item of items) {
            await new Promise(resolve => setTimeout(resolve))
            yield item
          }
        },
      },
      forward: (product, { a, b, wanted }: Item) => ({ prediction: product.forward(a, b), target: wanted }),
      loss: new nn.MSELoss(),
      optimizer: new optim.Adam(model.parameters(), { lr: 0.1 }),
      epochs: 50,
    })
    expect(step).toBe(250)
    expect(model.w.item()).toBeCloseTo(3, 2)
  })

  test('takes the iterator that a loader with two of them asks for', async () => {
    for (const asynchronous of [false, true]) {
      const { model, optimizer, loss } = made()
      const taken: string[] = []
      const train = {
        asynchronous,
        *[Symbol.iterator]() {
          taken.push('at once')
          yield* batches
        },
        async *[Symbol.asyncIterator]() {
          taken.push('later')
          yield* batches
        },
      }
      await fit(model, { train, loss, optimizer, epochs: 1 })
      expect(taken).toEqual([asynchronous ? 'later' : 'at once'])
    }
  })

  test('validates in evaluation mode, with averages where there are some, and leaves modes and weights alone', async () => {
    const { model, optimizer, loss } = made()
    const ema = new optim.EMA(model, { decay: 0.5 })
    const frozen = model.children()[1]
    model.train()
    frozen.eval()
    const statistics = frozen.buffers().map(x => [...x.data])
    const modes: boolean[][] = []
    const { history } = await fit(model, {
      ...{ train: batches, validation: batches, loss, optimizer, epochs: 2, ema },
      forward: (m, [x, y]: readonly Tensor[]) => {
        modes.push([m.training, frozen.training])
        return { prediction: m.forward(x), target: y }
      },
    })
    expect(modes.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => [true, false]))
    expect(modes.slice(7, 14)).toEqual(Array.from({ length: 7 }, () => [false, false]))
    expect(frozen.buffers().map(x => [...x.data])).toEqual(statistics)
    expect([model.training, frozen.training]).toEqual([true, false])
    // what was validated are the averages
    ema.swap()
    model.eval()
    const sizes = batches.map(([, y]) => y.numel)
    const losses = batches.map(([x, y]) => noGrad(() => loss(model.forward(x), y).item()))
    const mean = losses.reduce((sum, x, i) => sum + x * sizes[i], 0) / sizes.reduce((a, b) => a + b)
    expect(history[1]['validation.loss']).toBeCloseTo(mean, 12)
  })

  test('a model in evaluation mode is trained in training mode, and back in evaluation mode afterwards', async () => {
    const { model, optimizer, loss } = made()
    model.eval()
    let training = false
    await fit(model, {
      ...{ train: batches, loss, optimizer, epochs: 1 },
      callbacks: [
        {
          step(run) {
            training = run.model.training
          },
        },
      ],
    })
    expect([training, model.training, model.children()[3].training]).toEqual([true, false, false])
  })

  test('schedules by the step, and by a metric', async () => {
    const rates: number[] = []
    const watch: Callback = { step: run => void rates.push(run.metrics.lr) }
    const a = made()
    await fit(a.model, {
      ...{
        loss: a.loss,
        optimizer: a.optimizer,
        train: batches.slice(0, 4),
        epochs: 1,
        scheduleBy: 'step' as const,
        callbacks: [watch],
      },
      scheduler: new optim.StepLR(a.optimizer, 1, { gamma: 0.5 }),
    })
    expect(rates).toEqual([0.02, 0.01, 0.005, 0.0025])
    const b = made()
    const { history } = await fit(b.model, {
      ...{
        loss: b.loss,
        optimizer: b.optimizer,
        train: batches,
        validation: batches,
        epochs: 4,
        monitor: 'validation.same',
      },
      metrics: { same: () => 1 },
      scheduler: new optim.ReduceLROnPlateau(b.optimizer, { patience: 1, factor: 0.1 }),
    })
    expect(history.map(({ lr }) => Number(lr.toPrecision(3)))).toEqual([0.02, 0.02, 0.02, 0.002])
  })

  test('names the rates of further groups', async () => {
    const { model, loss } = made()
    const [a, ...rest] = model.parameters()
    const optimizer = new optim.SGD([{ params: [a], lr: 0.1 }, { params: rest }], { lr: 0.2 })
    const { history } = await fit(model, { train: batches, loss, optimizer, epochs: 1 })
    expect(history[0]).toMatchObject({ lr: 0.1, 'lr.1': 0.2 })
  })

  test('a promise is awaited where there is one, and nothing else', async () => {
    const { model, optimizer, loss } = made()
    let steps = 0
    const seen: number[] = []
    const turn = (): void => {
      if (seen.push(steps) < 1000) queueMicrotask(turn)
    }
    queueMicrotask(turn)
    await fit(model, {
      train: batches,
      loss,
      optimizer,
      epochs: 4,
      callbacks: [
        {
          step(run) {
            steps = run.step
          },
        },
      ],
    })
    // had each step a promise, there would be a turn between any two
    expect(Math.max(...seen.map((x, i) => x - (seen[i - 1] ?? 0)))).toBeGreaterThan(2)
    const order: string[] = []
    await fit(model, {
      ...{ train: batches.slice(0, 1), loss, optimizer, epochs: 1 },
      callbacks: [
        {
          async step() {
            await new Promise(resolve => setTimeout(resolve, 5))
            order.push('slow')
          },
        },
        { step: () => void order.push('after') },
      ],
    })
    expect(order).toEqual(['slow', 'after'])
  })
})

describe('callbacks', () => {
  const told = (name: string, log: string[], also: Callback = {}): Callback => ({
    start: run => void log.push(`${name} start ${run.epoch}/${run.epochs} of ${run.stepsPerEpoch}`),
    step: run => void log.push(`${name} step ${run.step}`),
    epoch: run => void log.push(`${name} epoch ${run.epoch} ${run.history.length}`),
    end: (run, error) => void log.push(`${name} end ${run.reason} ${error}`),
    ...also,
  })

  test('are told in order, at the end in reverse', async () => {
    const { model, optimizer, loss } = made()
    const log: string[] = []
    const train = batches.slice(0, 2)
    await fit(model, { train, loss, optimizer, epochs: 1, callbacks: [told('a', log), told('b', log)] })
    expect(log).toEqual([
      ...['a start 0/1 of 2', 'b start 0/1 of 2', 'a step 1', 'b step 1', 'a step 2', 'b step 2'],
      ...['a epoch 1 1', 'b epoch 1 1', 'b end null undefined', 'a end null undefined'],
    ])
  })

  test('stop a run at a step, at an epoch, and before it begins', async () => {
    for (const [event, steps, epochs] of [
      ['start', 0, 0],
      ['step', 1, 0],
      ['epoch', 7, 1],
    ] as const) {
      const { model, optimizer, loss } = made()
      const log: string[] = []
      const stops: Callback = { [event]: (run: Run) => run.stop('enough') }
      const options = { train: batches, loss, optimizer, epochs: 5 }
      const result = await fit(model, { ...options, callbacks: [stops, told('a', log)] })
      expect([result.step, result.epoch, result.reason, result.history.length]).toEqual([
        ...[steps, epochs, 'enough', epochs],
      ])
      expect(log.at(-1)).toBe('a end enough undefined')
    }
  })

  test('one that throws ends the run: all are told of the end, and the error is raised', async () => {
    for (const event of ['start', 'step', 'epoch', 'end'] as const) {
      const { model, optimizer, loss } = made()
      const log: string[] = []
      const broken: Callback = {
        [event]() {
          throw new Error('broken')
        },
      }
      const callbacks = [told('a', log), broken, told('b', log)]
      await expect(fit(model, { train: batches, loss, optimizer, epochs: 1, callbacks })).rejects.toThrow('broken')
      expect(log.filter(line => line.includes('end'))).toEqual([
        `b end null ${event === 'end' ? undefined : 'Error: broken'}`,
        'a end null Error: broken',
      ])
      expect(model.training).toBe(true)
    }
  })
})

describe('AbortSignal', () => {
  test('stops after the step under way', async () => {
    const { model, optimizer, loss } = made()
    const controller = new AbortController()
    const callbacks: Callback[] = [{ step: run => void (run.step === 9 && controller.abort()) }]
    const signal = controller.signal
    const result = await fit(model, { train: batches, loss, optimizer, epochs: 5, signal, callbacks })
    expect(result).toMatchObject({ step: 9, epoch: 1, reason: 'aborted' })
  })

  test('is heard also when nothing in the loop waits', async () => {
    const { model, optimizer, loss } = made()
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    const { signal } = controller
    const result = await fit(model, { train: batches, loss, optimizer, epochs: 1e6, signal })
    expect(result.reason).toBe('aborted')
  })

  test('stops validation, and the epoch is as before it', async () => {
    const { model, optimizer, loss } = made()
    const controller = new AbortController()
    let judged = 0
    const result = await fit(model, {
      ...{ train: batches, validation: batches, loss, optimizer, epochs: 2, signal: controller.signal },
      forward: (m, [x, y]: readonly Tensor[]) => {
        if (!m.training && ++judged === 2) controller.abort()
        return { prediction: m.forward(x), target: y }
      },
    })
    expect(judged).toBe(2)
    expect(result).toMatchObject({ step: 7, epoch: 0, reason: 'aborted', history: [] })
    expect(model.training).toBe(true)
  })
})

describe('fit refuses', () => {
  const { model, optimizer, loss } = made()
  const good = { train: batches, loss, optimizer, epochs: 1 }
  const twice = new Mean()
  const cases: [string, object, RegExp][] = [
    ['an unknown option', { epoch: 3 }, /unknown option 'epoch'. It has train, validation/],
    ['no epochs', { epochs: 0 }, /epochs is an integer of at least 1, not 0/],
    ['epochs below 0', { epochs: -2 }, /epochs is an integer of at least 1, not -2/],
    ['a loader that is empty', { train: [] }, /train holds no batches/],
    ['a loader that turns out empty', { train: new Set() }, /train holds no batches/],
    ['an empty validation', { validation: { *[Symbol.iterator]() {} } }, /validation holds no batches/],
    ['an iterator', { train: batches.values() }, /train can be gone through only once/],
    ['a tensor', { train: randn([4, 2]) }, /train is a tensor; give a list of batches/],
    ['no batches at all', { train: undefined }, /train is a list or a loader of batches, not undefined/],
    ['batches of one tensor', { train: [[randn([4, 2])]] }, /a batch is a pair \[x, y\], not a list of 1/],
    ['a loss that is no function', { loss: 3 }, /loss is a module or a function/],
    ['a loss that is no tensor', { loss: () => 3 }, /the loss is 3, no tensor/],
    ['an optimizer of others', { optimizer: made().optimizer }, /trains none of the model's 4 parameters/],
    ['no optimizer', { optimizer: {} }, /optimizer is no optimizer/],
    ['a closure', { optimizer: new optim.LBFGS(model.parameters()) }, /LBFGS calls its closure several times/],
    ['a scheduler that is none', { scheduler: {} }, /scheduler is a scheduler, not an object/],
    ['a scheduler of another', { scheduler: new optim.StepLR(made().optimizer, 1) }, /the rates of another optimizer/],
    ['a plateau of another', { scheduler: new optim.ReduceLROnPlateau(made().optimizer) }, /the rates of another/],
    ['another rhythm', { scheduleBy: 'batch' }, /scheduleBy is 'epoch' or 'step', not the string 'batch'/],
    ['accumulate 0', { accumulate: 0 }, /accumulate is an integer of at least 1, not 0/],
    ['a norm of 0', { clipGradNorm: 0 }, /clipGradNorm is a number above 0, not 0/],
    ['compile 1', { compile: 1 }, /compile is true or false, not 1/],
    ['an EMA that is none', { ema: {} }, /ema is an EMA/],
    ['an EMA of another model', { ema: new optim.EMA(made().model) }, /ema averages none of the model’s parameters/],
    ['a generator that is none', { generators: [1] }, /generators are Generators, not 1/],
    ['a metric named loss', { metrics: { loss: new Mean() } }, /'loss' is reported anyway/],
    ['a metric that is none', { metrics: { f: 1 } }, /the metric 'f' is 1, neither/],
    ['one metric twice', { metrics: { a: twice, b: twice } }, /the metric 'b' is there under another name/],
    ['a metric that nobody knows', { monitor: 'accuracy' }, /no metric 'accuracy' to monitor; there are loss, lr/],
    ['a signal that is aborted', { signal: AbortSignal.abort() }, /the signal is aborted already/],
    ['a controller for its signal', { signal: new AbortController() }, /signal is the signal of an AbortController/],
    ['a size that is none', { size: 8 }, /size is a function of a batch, not 8/],
    ['batches of no size', { size: () => 0 }, /the size of a batch is a finite number above 0, not 0/],
    [
      'batches of a size that is no number',
      { size: () => undefined },
      /the size of a batch is a number, not undefined/,
    ],
    ['an empty batch', { train: [[zeros([0, 2]), zeros([0])]] }, /the size of a batch is .* not 0/],
    ['callbacks in no list', { callbacks: {} }, /callbacks is a list/],
    ['a callback of no event', { callbacks: [{ epochs: () => {} }] }, /listens to nothing: it has none of start, step/],
    [
      'a state without a name',
      { callbacks: [{ step: () => {}, stateDict: () => 1 }] },
      /a callback that has a state needs a name/,
    ],
  ]
  test.each(cases)('%s', async (_, options, message) => {
    const before = numbersOf(model)
    const fails = fit(model, { ...good, ...options } as never)
    await expect(fails).rejects.toThrow(message)
    await expect(fails).rejects.toMatchObject({ name: 'ArgumentError' })
    if (!message.source.startsWith('validation')) expect(numbersOf(model)).toEqual(before)
  })

  test('a loss that is no scalar, and says its shape', async () => {
    const fails = fit(model, { ...good, loss: new nn.CrossEntropyLoss({ reduction: 'none' }) })
    await expect(fails).rejects.toThrow(/the loss is one number, not \[8\]. Reduce it/)
    await expect(fails).rejects.toMatchObject({ name: 'ShapeError' })
  })

  test('a model without parameters', async () => {
    await expect(fit(new nn.ReLU(), good)).rejects.toThrow('ReLU has no parameters to train')
  })
})
