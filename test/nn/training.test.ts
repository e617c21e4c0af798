// Whole training runs, step by step as PyTorch takes them, as they are and compiled.
import { describe, expect, test } from 'vitest'
import { webgpu } from '../../src/compile/webgpu/webgpu.ts'
import { compile, F, Generator, nn, optim, randn, type Tensor, tensor } from '../../src/index.ts'
import { close } from '../compile/steps.ts'
import { load, numbers, read, type Stored, values } from '../fixture.ts'
import { describeGpu } from '../gpu.ts'
import { here } from '../swiftshader.ts'
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

describeGpu('on a GPU', () => {
  const classes = tensor([0, 1, 2, 1], { dtype: 'int32' })
  const images = randn([4, 1, 8, 8], { generator: new Generator(5) })
  const words = tensor(
    [
      [1, 0, 3],
      [2, 2, 0],
      [4, 1, 1],
      [0, 0, 3],
    ],
    { dtype: 'int32' },
  )
  const made: Record<string, (generator: Generator) => [nn.Module & { forward(x: Tensor): Tensor }, Tensor]> = {
    'a CNN with batch norm': generator => [
      new nn.Sequential(
        new nn.Conv2d(1, 3, 3, { padding: 1, generator }),
        new nn.BatchNorm2d(3),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.GroupNorm(1, 3),
        new nn.AvgPool2d(2),
        new nn.Flatten(),
        new nn.Linear(12, 3, { generator }),
      ),
      images,
    ],
    'an embedding with padding': generator => [
      new nn.Sequential(
        new nn.Embedding(5, 4, { paddingIdx: 0, generator }),
        new nn.Flatten(),
        new nn.BatchNorm1d(12, { momentum: null }),
        new nn.PReLU(),
        new nn.Linear(12, 3, { generator }),
      ),
      words,
    ],
  }
  test.each(Object.entries(made))('%s', async (_, make) => {
    const device = await webgpu({ gpu: here!.gpu })
    const run = () => {
      const [model, x] = make(new Generator(3))
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })
      const step = (): Tensor => {
        optimizer.zeroGrad()
        const loss = F.crossEntropy(model.forward(x), classes)
        loss.backward()
        optimizer.step()
        return loss
      }
      return { model, step }
    }
    const [eager, other] = [run(), run()]
    const fast = compile(other.step, { device })
    for (let i = 0; i < 6; i++) close(await fast(), eager.step(), 1e-4)
    await device.sync()
    const state = other.model.stateDict()
    for (const [name, x] of Object.entries(eager.model.stateDict())) close(state[name]!, x, 1e-3)
    expect(fast.describe()).toHaveLength(1)
  })
})
