// The learning rate finder: its rates and losses, its suggestions, and that nothing is left of it.
import { describe, expect, test } from 'vitest'
import {
  defaultGenerator,
  F,
  Generator,
  manualSeed,
  nn,
  noGrad,
  optim,
  rand,
  type Tensor,
  tensor,
} from '../../src/index.ts'
import { fit, learningRateFinder } from '../../src/train/train.ts'
import { clouds, made, numbersOf, shuffled } from './case.ts'

const batches = clouds()

describe('learningRateFinder', () => {
  test('has the losses of a run by hand, at rates that grow by one factor', async () => {
    const [own, hand] = [made(), made()]
    const found = await learningRateFinder(own.model, {
      ...{ train: batches, loss: own.loss, optimizer: own.optimizer, from: 1e-4, to: 1, steps: 9, smoothing: 0.5 },
    })
    const losses: number[] = []
    for (let k = 0; k < 9; k++) {
      const [x, y] = batches[k % batches.length]
      hand.optimizer.paramGroups[0].lr = 10 ** (-4 + k / 2)
      const loss = hand.loss(hand.model.forward(x), y)
      hand.optimizer.zeroGrad()
      loss.backward()
      hand.optimizer.step()
      losses.push(loss.item())
    }
    found.rates.forEach((rate, k) => {
      expect(Math.abs(rate / 10 ** (-4 + k / 2) - 1)).toBeLessThan(1e-12)
    })
    found.losses.forEach((loss, k) => {
      expect(loss).toBeCloseTo(losses[k], 6)
    })
    // debiased: weights 1/2, 1/4, … over their sum
    expect(found.smoothed[2]).toBeCloseTo((losses[2] / 2 + losses[1] / 4 + losses[0] / 8) / (7 / 8), 6)
    expect(found.losses).toHaveLength(9)
  })

  test('leaves everything exactly as it was', async () => {
    const { model, optimizer, loss } = made()
    const order = new Generator(3)
    const train = shuffled(batches, order)
    await fit(model, { train, loss, optimizer, epochs: 1 })
    model.eval()
    model.children()[0].train()
    const gradients = (): unknown => model.parameters().map(({ grad }) => grad && [...grad.data])
    const seen = (): string =>
      JSON.stringify([
        ...[numbersOf(model), gradients(), optimizer.stateDict(), model.namedModules().map(([, m]) => m.training)],
        ...[order.getState(), defaultGenerator().getState()],
      ])
    const before = seen()
    const found = await learningRateFinder(model, {
      ...{ train, loss, optimizer, steps: 30 },
      forward: (model, [x, y]: readonly Tensor[]) => ({ prediction: model.forward(x.add(rand(x.shape))), target: y }),
    })
    expect(found.losses.length).toBeGreaterThan(10)
    expect(seen()).toBe(before)
    const broken = (): Tensor => {
      throw new Error('broken')
    }
    await expect(learningRateFinder(model, { train, loss: broken, optimizer })).rejects.toThrow('broken')
    expect(seen()).toBe(before)
  })

  test('suggests rates that train, and stops where they diverge', async () => {
    manualSeed(0)
    const model = new nn.Linear(2, 1, { generator: new Generator(1) })
    const train = batches.map(([x]): [Tensor, Tensor] => [x, noGrad(() => x.matmul(tensor([[2], [-1]])).add(3))])
    const optimizer = new optim.SGD(model.parameters(), { lr: 1 })
    const found = await learningRateFinder(model, { train, loss: F.mseLoss, optimizer })
    expect(found.rates[0]).toBe(1e-7)
    expect(found.rates.length).toBeLessThan(100)
    expect(found.losses.every(Number.isFinite)).toBe(true)
    const { suggestion, tenth } = found
    expect(suggestion).toBeGreaterThan(1e-3)
    expect(suggestion).toBeLessThan(1)
    expect(tenth).toBeGreaterThan(1e-3)
    expect(tenth).toBeLessThan(1)
    const trained = new optim.SGD(model.parameters(), { lr: suggestion as number })
    const { history } = await fit(model, { train, loss: F.mseLoss, optimizer: trained, epochs: 10 })
    expect(history[9].loss).toBeLessThan(0.1 * history[0].loss)
  })

  test('goes on where losses are negative', async () => {
    const { model, optimizer, loss } = made()
    const found = await learningRateFinder(model, {
      ...{ train: batches, loss: (x: Tensor, y: Tensor) => loss(x, y).sub(5), optimizer, to: 1e-3 },
    })
    expect(found.losses.every(x => x < 0)).toBe(true)
    expect(found.losses.length).toBe(100)
  })

  test('follows fastai: steepest over the logarithm of the rate, and a tenth of the minimum', async () => {
    // losses as given, whatever the model does
    const losses = [9, 9, 8, 8, 7, 3, 2, 1, 2, 2, 2, 2, 3, 5, 9, 9, 9, 9, 9, 9]
    const left = [...losses]
    const model = new nn.Linear(1, 1)
    const { rates, suggestion, tenth } = await learningRateFinder(model, {
      train: [[tensor([[1]]), tensor([[1]])]],
      loss: (out: Tensor) =>
        out
          .sum()
          .mul(0)
          .add(left.shift() as number),
      optimizer: new optim.SGD(model.parameters(), { lr: 1 }),
      ...{ steps: 20, smoothing: 0, from: 1e-3 },
    })
    // 5 is the first loss beyond four times the least, 1; the first tenth and the last five are left out
    expect(rates).toHaveLength(14)
    expect([suggestion, tenth]).toEqual([rates[4], rates[7] / 10])
  })

  test('has nothing to suggest after a few steps', async () => {
    const { model, optimizer, loss } = made()
    const found = await learningRateFinder(model, { train: batches, loss, optimizer, steps: 5 })
    expect([found.suggestion, found.tenth, found.rates.length]).toEqual([null, null, 5])
  })

  const { model, optimizer, loss } = made()
  test.each([
    ['an option', { start: 1 }, /unknown option 'start'/],
    ['rates that fall', { from: 1, to: 0.1 }, /rates go from a number above 0 to a larger one, not from 1 to 0.1/],
    ['a rate of 0', { from: 0 }, /not from 0 to 10/],
    ['one step', { steps: 1 }, /steps is an integer of at least 2, not 1/],
    ['smoothing of 1', { smoothing: 1 }, /smoothing is a number in \[0, 1\), not 1/],
    ['no batches', { train: [] }, /learningRateFinder: train holds no batches/],
    ['batches that turn out none', { train: new Set() }, /learningRateFinder: train holds no batches/],
    ['an optimizer of others', { optimizer: made().optimizer }, /learningRateFinder: the optimizer trains none/],
  ])('refuses %s', async (_, options, message) => {
    const fails = learningRateFinder(model, { train: batches, loss, optimizer, ...options } as never)
    await expect(fails).rejects.toThrow(message)
    await expect(fails).rejects.toMatchObject({ name: 'ArgumentError' })
  })
})
