// Whole training runs, step by step as PyTorch takes them, as they are and compiled.
import { describe, expect, test } from 'vitest'
import { compile, F, nn, optim, type Tensor } from '../../src/index.ts'
import { load, numbers, read, type Stored, values } from '../fixture.ts'
import { fill } from './sequence.ts'

interface Training {
  readonly name: string
  readonly optimizer: 'SGD' | 'Adam'
  readonly options: { readonly lr: number }
  readonly state: Readonly<Record<string, Stored>>
  readonly x: Stored
  readonly y: Stored
  readonly losses: readonly number[]
  readonly after: Readonly<Record<string, Stored>>
  /** What the model then gives in evaluation. */
  readonly evaluated: Stored
}
const runs = read<Training | { calls: unknown }>('layers').filter((t): t is Training => 'losses' in t)

const d = { dtype: 'float64' } as const
const models: Record<string, () => nn.Sequential> = {
  MLP: () =>
    new nn.Sequential(
      new nn.Linear(2, 12, d),
      new nn.Tanh(),
      new nn.Linear(12, 8, d),
      new nn.ReLU(),
      new nn.Linear(8, 2, d),
    ),
  CNN: () =>
    new nn.Sequential(
      new nn.Conv2d(1, 3, 3, { padding: 1, bias: false, ...d }),
      new nn.BatchNorm2d(3, d),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(3, 4, 3, { padding: 1, ...d }),
      new nn.BatchNorm2d(4, d),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(16, 3, d),
    ),
}

/** To 1e-8 of the largest, or of 1. */
function near(x: Tensor, { shape, data }: Stored, what: string): void {
  expect(x.shape, what).toEqual(shape)
  const expected = numbers(data)
  const scale = Math.max(1, ...expected.map(Math.abs))
  const errors = values(x).map((y, i) => Math.abs(y - expected[i]!) / scale)
  expect(Math.max(...errors), what).toBeLessThan(1e-8)
}

describe.each(runs.map(t => [t.name, t] as const))('%s', (name, t) => {
  test.each([
    ['as it is', false],
    ['compiled', true],
  ])('%s', (_, compiled) => {
    const model = models[/MLP|CNN/.exec(name)![0]]!()
    fill(model, t.state)
    const optimizer = new optim[t.optimizer](model.parameters(), t.options)
    const [x, y] = [load(t.x), load(t.y)]
    const step = (images: Tensor, classes: Tensor): Tensor => {
      optimizer.zeroGrad()
      const loss = F.crossEntropy(model.forward(images), classes)
      loss.backward()
      optimizer.step()
      return loss
    }
    const fast = compile(step)
    const train = compiled ? fast : step
    for (const [i, expected] of t.losses.entries())
      expect(Math.abs(train(x, y).item() - expected), `loss of step ${i}`).toBeLessThan(1e-8)
    expect(fast.describe()).toHaveLength(compiled ? 1 : 0)
    expect(t.losses.length).toBeGreaterThanOrEqual(25)
    expect(t.losses.at(-1)).toBeLessThan(t.losses[0]! / 2)
    const state = model.stateDict()
    expect(Object.keys(state)).toEqual(Object.keys(t.after))
    for (const [key, expected] of Object.entries(t.after)) near(state[key]!, expected, key)
    near(model.eval().forward(x), t.evaluated, 'evaluated')
  })
})
