// Early stopping: when a run ends, and with which weights.
import { describe, expect, test } from 'vitest'
import { F, nn, ones, optim, type Tensor, zeros } from '../../src/index.ts'
import { type Callback, earlyStopping, type FitResult, fit, type StoppingOptions } from '../../src/train/train.ts'

class Weight extends nn.Module {
  readonly w = nn.parameter(zeros([1]))
  forward(x: Tensor): Tensor {
    return x.mul(this.w)
  }
}
/** A run in whose epoch k the weight goes from k - 1 to k, and whose score is as given. */
async function run(
  scores: readonly number[],
  options: StoppingOptions,
  also: readonly Callback[] = [],
): Promise<FitResult & { w: number; best: number | null; bestEpoch: number | null }> {
  const model = new Weight()
  const stopping = earlyStopping({ metric: 'score', ...options })
  const left = [...scores]
  const result = await fit(model, {
    train: [[ones([1]), ones([1])]],
    loss: (out: Tensor) => out.neg().sum(),
    optimizer: new optim.SGD(model.parameters(), { lr: 1 }),
    epochs: scores.length,
    metrics: { score: () => left.shift() as number },
    callbacks: [stopping, ...also],
  })
  return { ...result, w: model.w.item(), best: stopping.best, bestEpoch: stopping.bestEpoch }
}

describe('early stopping', () => {
  test('ends after `patience` epochs without getting better, with the best weights', async () => {
    expect(await run([3, 2, 2, 4, 5, 1], { patience: 3 })).toMatchObject({
      ...{ epoch: 5, w: 2, best: 2, bestEpoch: 2, reason: 'no better score since epoch 2' },
    })
    expect(await run([3, 2, 2, 1, 5], { patience: 2 })).toMatchObject({ epoch: 5, w: 4, reason: null })
  })

  test('of what is to be large, by a margin', async () => {
    const options = { mode: 'max', patience: 2, minDelta: 0.5 } as const
    expect(await run([1, 2, 2.5, 2.6, 3], options)).toMatchObject({ epoch: 5, w: 4, best: 2.6 })
    expect(await run([1, 2, 2.5, 2.5, 3], options)).toMatchObject({ epoch: 4, w: 2, best: 2 })
  })

  test('leaves the last weights, where that is wanted', async () => {
    expect(await run([1, 2, 3], { patience: 2, restoreBest: false })).toMatchObject({ epoch: 3, w: 3, bestEpoch: 1 })
  })

  test('NaN is never better', async () => {
    expect(await run([Number.NaN, Number.NaN, 1], { patience: 2 })).toMatchObject({
      ...{ epoch: 2, w: 2, best: null, reason: 'no better score since epoch 0' },
    })
  })

  test('restores nothing when something else ends the run', async () => {
    const stop: Callback = { epoch: run => void (run.epoch === 3 && run.stop('enough')) }
    expect(await run([1, 2, 3, 4], {}, [stop])).toMatchObject({ epoch: 3, w: 3, reason: 'enough' })
    const fail: Callback = {
      epoch({ epoch }) {
        if (epoch === 3) throw new Error('broken')
      },
    }
    await expect(run([1, 2, 3, 4], {}, [fail])).rejects.toThrow('broken')
  })

  test('can be used for another run', async () => {
    const stopping = earlyStopping({ metric: 'loss', patience: 1, mode: 'max' })
    for (const _ of [0, 1]) {
      const model = new Weight()
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
      const train: [Tensor, Tensor][] = [[ones([1]), ones([1])]]
      await fit(model, { train, loss: F.mseLoss, optimizer, epochs: 5, callbacks: [stopping] })
      expect([stopping.best, stopping.bestEpoch, model.w.item().toFixed(2)]).toEqual([1, 1, '0.20'])
    }
  })

  test('restores averages too', async () => {
    const model = new Weight()
    const ema = new optim.EMA(model, { decay: 0.5 })
    const scores = [1, 2, 3]
    await fit(model, {
      ...{ train: [[ones([1]), ones([1])]], loss: (out: Tensor) => out.neg().sum(), epochs: 3, ema },
      optimizer: new optim.SGD(model.parameters(), { lr: 1 }),
      metrics: { score: () => scores.shift() as number },
      callbacks: [earlyStopping({ metric: 'score', patience: 2, ema })],
    })
    expect([model.w.item(), (ema.averages().w as Tensor).item()]).toEqual([1, 0.5])
  })

  test('refuses options out of range, and metrics that nobody knows', async () => {
    expect(() => earlyStopping({ patience: 0 })).toThrow(/patience is an integer of at least 1, not 0/)
    expect(() => earlyStopping({ minDelta: -1 })).toThrow(/minDelta is at least 0, not -1/)
    expect(() => earlyStopping({ mode: 'up' as 'max' })).toThrow(/mode is 'min' or 'max', not the string 'up'/)
    expect(() => earlyStopping({ monitor: 'loss' } as object)).toThrow(/unknown option 'monitor'/)
    const fails = run([1, 2], { metric: 'validation.loss' })
    await expect(fails).rejects.toThrow(/no metric 'validation.loss'; there are loss, score, lr/)
    await expect(fails).rejects.toMatchObject({ name: 'ArgumentError' })
  })
})
