// A compiled step gives the same bits whenever it began to be compiled: a run that is resumed ends as one that was not.
import { afterEach, describe, expect, test } from 'vitest'
import { codegen, compile, F, Generator, live, nn, optim, randn, type Tensor, tensor } from '../../src/index.ts'
import { optimizers } from './steps.ts'

const bits = (x: Tensor): string => Buffer.from(x.data.slice().buffer).toString('hex')

interface State {
  readonly model: nn.StateDict
  readonly optimizer: unknown
  readonly generator: ReturnType<Generator['getState']>
}
interface Trained {
  zeroGrad(): void
  step(): void
  stateDict(): unknown
  loadStateDict(state: never): void
}

afterEach(() => {
  codegen(true)
})

/** A run that can be stopped after any step, on batches of two sizes. */
function run(optimizer: (p: Tensor[]) => Trained) {
  const generator = new Generator(3)
  const model = new nn.Sequential(
    new nn.Linear(3, 16, { generator }),
    new nn.GELU(),
    new nn.LayerNorm(16),
    new nn.Dropout(0.3, { generator }),
    new nn.Linear(16, 5, { generator }),
  )
  const data = new Generator(4)
  const batches = Array.from({ length: 9 }, (_, i) => {
    const n = i % 3 === 2 ? 4 : 9
    return [randn([n, 3], { generator: data }), randn([n, 5], { generator: data })] as const
  })
  const o = optimizer(model.parameters())
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = F.mseLoss(model.forward(x), y)
    o.zeroGrad()
    loss.backward()
    o.step()
    return loss
  })
  return {
    steps: batches.length,
    /** The losses of steps from one to another, exactly. */
    go: (from: number, to: number): string[] => batches.slice(from, to).map(([x, y]) => bits(step(x, y))),
    save: (): State => ({
      model: model.stateDict(),
      optimizer: o.stateDict(),
      generator: generator.getState(),
    }),
    load(state: State): void {
      model.loadStateDict(state.model)
      o.loadStateDict(state.optimizer as never)
      generator.setState(state.generator)
    },
    weights: (): string[] => Object.values(model.stateDict()).map(bits),
    programs: () => step.describe().length,
  }
}

const more: typeof optimizers = [
  ['RMSprop, centered', p => new optim.RMSprop(p, { lr: 0.01, centered: true, momentum: 0.5 })],
  ['Adagrad', p => new optim.Adagrad(p, { lr: 0.1 })],
  ['Adadelta', p => new optim.Adadelta(p, { lr: 1 })],
  ['Adamax', p => new optim.Adamax(p, { lr: 0.01 })],
  ['NAdam', p => new optim.NAdam(p, { lr: 0.01 })],
  ['RAdam', p => new optim.RAdam(p, { lr: 0.01 })],
  ['ASGD', p => new optim.ASGD(p, { lr: 0.1 })],
  ['Rprop', p => new optim.Rprop(p, { lr: 0.01 })],
  ['Lion', p => new optim.Lion(p, { lr: 0.01 })],
]

describe('stopped after any step and resumed with everything made anew', () => {
  test.each([...optimizers, ...more])('%s', (_, optimizer) => {
    const make = optimizer as unknown as (p: Tensor[]) => Trained
    const whole = run(make)
    const losses = whole.go(0, whole.steps)
    expect(whole.programs()).toBeGreaterThan(0)
    for (let k = 1; k < whole.steps; k++) {
      const first = run(make)
      first.go(0, k)
      const second = run(make)
      second.load(first.save())
      expect(second.go(k, whole.steps)).toEqual(losses.slice(k))
      expect(second.weights()).toEqual(whole.weights())
    }
  })
})

test('the first call gives what the hundredth gives', () => {
  const x = randn([7, 33], { generator: new Generator(1) })
  const f = compile((x: Tensor) => x.gelu().mul(x.exp()).softmax(1).sum(0).tanh())
  const first = bits(f(x))
  for (let i = 0; i < 5; i++) expect(bits(f(x))).toBe(first)
  expect(f.describe().length).toBe(1)
})

test('live numbers are read once in each call', () => {
  let reads = 0
  const f = compile((x: Tensor) => x.mul(live(() => ++reads)))
  for (let i = 1; i < 6; i++) expect([f(tensor([2])).item(), reads]).toEqual([2 * i, i])
})

test('generators are drawn from as often as by the step itself', () => {
  const [a, b] = [new Generator(2), new Generator(2)]
  const f = compile((x: Tensor) => x.add(randn([4], { generator: a })))
  for (let i = 0; i < 5; i++) {
    expect(bits(f(tensor([0, 0, 0, 0])))).toBe(bits(randn([4], { generator: b })))
    expect(a.getState()).toEqual(b.getState())
  }
})

test('what a step makes of its numbers and keeps is the program’s from the first call on', () => {
  const kept: Tensor[] = []
  const w = tensor([0.3, -0.7, 1.9], { requiresGrad: true })
  let mean: Tensor | null = null
  const f = compile((x: Tensor) => {
    const y = w.gelu().mul(x).tanh()
    if (mean) mean.assign(mean.mul(0.9).add(y.detach().mul(0.1)))
    else {
      mean = y.detach()
      kept.push(mean)
    }
    return y.sum()
  })
  const x = randn([3], { generator: new Generator(6) })
  f(x)
  const after = bits(kept[0] as Tensor)
  const again = compile((x: Tensor) => w.gelu().mul(x).tanh())
  for (let i = 0; i < 4; i++) expect(bits(again(x))).toBe(after)
})

test('after an error in a recorded call everything is as it was', () => {
  const generator = new Generator(9)
  const w = tensor([1, 2], { requiresGrad: true })
  const f = compile((x: Tensor) => {
    w.mul(x).sum().backward()
    w.assign(
      w
        .mul(2)
        .add(randn([2], { generator }))
        .detach(),
    )
    return w.matmul(x.reshape(1, 2))
  })
  const state = generator.getState()
  expect(() => f(tensor([3, 4]))).toThrow(/matmul/)
  expect(w.toArray()).toEqual([1, 2])
  expect(w.grad).toBe(null)
  expect(generator.getState()).toEqual(state)
})
