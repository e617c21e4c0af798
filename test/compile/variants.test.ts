// Steps that are one of several each time, by what they find: each variant becomes a program of its own.
import { expect, test } from 'vitest'
import { compile, Generator, nn, optim, randn, type Tensor, tensor } from '../../src/index.ts'

const x = randn([4, 3], { generator: new Generator(1) })

/** How often the step itself runs in so many calls, each after `before`. */
function runs(step: (x: Tensor) => unknown, calls: number, before: (i: number) => void = () => {}): number {
  let count = 0
  const f = compile((x: Tensor) => {
    count++
    return step(x)
  })
  for (let i = 0; i < calls; i++) {
    before(i)
    f(x)
  }
  return count
}

test('training and evaluation by turns', () => {
  const generator = new Generator(2)
  const model = new nn.Sequential(new nn.Linear(3, 3, { generator }), new nn.Dropout(0.5, { generator }))
  expect(
    runs(
      x => model.forward(x),
      12,
      i => void model.train(i % 2 === 0),
    ),
  ).toBe(4)
})

test('gradients gathered over three calls', () => {
  const w = tensor([1, 2, 3], { requiresGrad: true })
  const step = (x: Tensor) => x.mul(w).sum().backward()
  const cleared = (i: number) => {
    if (i % 3 === 0) w.grad = null
  }
  expect(runs(step, 12, cleared)).toBe(4)
  const gathered = w.grad as Tensor
  w.grad = null
  for (let i = 0; i < 3; i++) step(x)
  expect(gathered.allclose(w.grad as unknown as Tensor)).toBe(true)
})

test('a step that freezes parameters and lets them learn again', () => {
  const generator = new Generator(2)
  const [judge, model] = [new nn.Linear(3, 1, { generator }), new nn.Linear(3, 3, { generator })]
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
  const step = (x: Tensor) => {
    judge.requiresGrad_(false)
    optimizer.zeroGrad()
    judge.forward(model.forward(x)).sum().backward()
    optimizer.step()
    judge.requiresGrad_(true)
  }
  expect(runs(step, 8)).toBe(2)
  expect(judge.weight.requiresGrad).toBe(true)
})

test('a step that sets training or freezes for good does so in every call', () => {
  const model = new nn.Dropout(0.5, { generator: new Generator(2) })
  const step = (x: Tensor) => model.train().forward(x)
  expect(runs(step, 8)).toBe(2)
  const w = tensor([1, 2, 3], { requiresGrad: true })
  const f = compile((x: Tensor) => w.requiresGrad_(false).mul(model.train().forward(x)))
  for (let i = 0; i < 8; i++) {
    w.requiresGrad_(true)
    model.eval()
    f(x)
    expect([w.requiresGrad, model.training]).toEqual([false, true])
  }
})

test('programs that are used stay, whatever else was recorded', () => {
  const model = new nn.Dropout(0.5, { generator: new Generator(2) })
  const step = (x: Tensor) => model.train().forward(x)
  // each fifth call finds the model evaluating, and must set that right
  expect(runs(step, 40, i => void (i % 5 === 0 && model.eval()))).toBe(9)
})
