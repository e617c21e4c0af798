// Averages of weights: their formula, compiled or not, on both engines, swapped in and out, resumed.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  compile,
  Generator,
  nn,
  optim,
  ShapeError,
  type Tensor,
  tensor,
  Value,
} from '../../src/index.ts'
import { values } from '../fixture.ts'

const parameter = (x: number[]): Tensor => tensor(x, { dtype: 'float64', requiresGrad: true })

test.each(['eager', 'in the step', 'between calls'] as const)('by its formula, %s', how => {
  const x = parameter([3, -1])
  const optimizer = new optim.SGD([x], { lr: 0.1 })
  const ema = new optim.EMA([x], { decay: 0.8 })
  const step = (): void => {
    optimizer.zeroGrad()
    x.square().sum().backward()
    optimizer.step()
    if (how !== 'between calls') ema.update()
  }
  const train = how === 'eager' ? step : compile(step)
  let expected = values(x)
  for (let k = 0; k < 9; k++) {
    if (k === 6) ema.decay = 0.5 // read anew
    train()
    if (how === 'between calls') ema.update()
    const now = values(x)
    expected = expected.map((a, i) => ema.decay * a + (1 - ema.decay) * now[i]!)
    const average = ema.averages()[0] as Tensor
    values(average).forEach((a, i) => {
      expect(a).toBeCloseTo(expected[i]!, 12)
    })
    expect(average.requiresGrad).toBe(false)
  }
})

test.each([false, true])('on values, compiled: %s', compiled => {
  const v = new Value(4)
  const optimizer = new optim.SGD([v], { lr: 0.25 })
  const ema = new optim.EMA([v], { decay: 0.5 })
  const step = (): void => {
    optimizer.zeroGrad()
    v.square().backward()
    optimizer.step()
    ema.update()
  }
  const train = compiled ? compile(step) : step
  let expected = 4
  for (let k = 0; k < 8; k++) {
    train()
    expected = 0.5 * expected + 0.5 * v.data
    expect(ema.averages()[0]).toBeCloseTo(expected, 12)
  }
})

describe('of a module', () => {
  const model = (seed: number) => {
    const generator = new Generator(seed)
    return new nn.Sequential(new nn.Linear(2, 3, { generator }), new nn.Tanh(), new nn.Linear(3, 1, { generator }))
  }
  const flat = (module: nn.Sequential): number[][] => Object.values(module.stateDict()).map(values)

  test('names, swap, copyTo, and a state that goes on', () => {
    const [a, b] = [model(1), model(2)]
    const ema = new optim.EMA(a, { decay: 0.9 })
    const start = flat(a)
    expect(Object.keys(ema.averages())).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'])
    a.loadStateDict(b.stateDict())
    ema.update()
    const averages = Object.values(ema.averages()).map(x => values(x as Tensor))
    averages.flat().forEach((x, i) => {
      expect(x).toBeCloseTo(0.9 * start.flat()[i]! + 0.1 * flat(b).flat()[i]!, 6)
    })
    ema.swap()
    expect(flat(a)).toEqual(averages)
    expect(a.parameters().every(p => p.requiresGrad && p.dtype === 'float32')).toBe(true)
    ema.swap()
    expect(flat(a)).toEqual(flat(b))
    const c = model(3)
    ema.copyTo(c)
    expect(flat(c)).toEqual(averages)
    expect(flat(a)).toEqual(flat(b))
    b.loadStateDict(ema.averages() as Record<string, Tensor>)
    expect(flat(b)).toEqual(averages)
    const resumed = new optim.EMA(a)
    resumed.loadStateDict(ema.stateDict())
    for (const one of [ema, resumed]) one.update()
    expect(resumed.stateDict()).toEqual(ema.stateDict())
    ema.copyTo()
    expect(flat(a)).toEqual(Object.values(resumed.averages()).map(x => values(x as Tensor)))
  })

  test.each<[string, (ema: optim.EMA) => unknown, new (message: string) => Error]>([
    ['no parameters', () => new optim.EMA([]), ArgumentError],
    ['a tensor', () => new optim.EMA(parameter([1]) as never), ArgumentError],
    ['a number', () => new optim.EMA([1] as never), ArgumentError],
    ['a decay of 2', () => new optim.EMA([parameter([1])], { decay: 2 }), ArgumentError],
    ['an unknown option', () => new optim.EMA([parameter([1])], { beta: 1 } as never), ArgumentError],
    ['no state', ema => ema.loadStateDict(undefined as never), ArgumentError],
    ['other names', ema => ema.loadStateDict({ decay: 0, averages: { 0: tensor([1]) } }), ArgumentError],
    [
      'other shapes',
      ema => ema.loadStateDict({ decay: 0, averages: { ...ema.averages(), '2.bias': tensor([1, 2]) } }),
      ShapeError,
    ],
    [
      'a number for a tensor',
      ema => ema.loadStateDict({ decay: 0, averages: { ...ema.averages(), '2.bias': 1 } }),
      ShapeError,
    ],
    ['a target without them', ema => ema.copyTo([parameter([1])]), ArgumentError],
    [
      'a target of other shapes',
      ema => ema.copyTo(new nn.Sequential(new nn.Linear(2, 4), new nn.Tanh(), new nn.Linear(4, 1))),
      ShapeError,
    ],
  ])('refused: %s', (_, f, type) => {
    const ema = new optim.EMA(model(1))
    const before = ema.stateDict()
    expect(() => f(ema)).toThrow(type)
    expect(ema.stateDict()).toEqual(before)
  })
})
