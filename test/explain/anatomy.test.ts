// Anatomies: parts that add up to the real step of every optimizer, and are what the formulas say.
import { describe, expect, test } from 'vitest'
import { type Anatomy, anatomy, anatomyTable, type Part } from '../../src/explain/anatomy.ts'
import { render } from '../../src/explain/table.ts'
import { ArgumentError, CompileError, compile, GradError, optim, type Tensor, tensor, Value } from '../../src/index.ts'
import type { Optimizer } from '../../src/optim/optimizer.ts'

const part = ({ parts }: Anatomy, name: Part['name']): number => parts.find(x => x.name === name)?.step as number
const made = (): Tensor =>
  tensor(
    [
      [1, -2],
      [0.5, 3],
    ],
    { dtype: 'float64', requiresGrad: true },
  )
/** A backward of some function of p; another one at each call. */
function backward(p: Tensor, k: number): void {
  p.grad = null
  p.mul(k + 1)
    .sin()
    .add(p.square())
    .sum()
    .backward()
}

const optimizers: [string, (p: Tensor) => Optimizer<never>][] = Object.entries({
  sgd: (p: Tensor) => new optim.SGD([p], { lr: 0.1 }),
  momentum: (p: Tensor) => new optim.SGD([p], { lr: 0.1, momentum: 0.9, dampening: 0.1, weightDecay: 0.1 }),
  nesterov: (p: Tensor) => new optim.SGD([p], { lr: 0.1, momentum: 0.9, nesterov: true }),
  adam: (p: Tensor) => new optim.Adam([p], { lr: 0.1, weightDecay: 0.1, amsgrad: true }),
  adamW: (p: Tensor) => new optim.AdamW([p], { lr: 0.1, maximize: true }),
  adamax: (p: Tensor) => new optim.Adamax([p], { weightDecay: 0.1 }),
  nadam: (p: Tensor) => new optim.NAdam([p], { weightDecay: 0.1 }),
  radam: (p: Tensor) => new optim.RAdam([p], { weightDecay: 0.1 }),
  rmsprop: (p: Tensor) => new optim.RMSprop([p], { momentum: 0.5, centered: true, weightDecay: 0.1 }),
  adagrad: (p: Tensor) => new optim.Adagrad([p], { lrDecay: 0.1, weightDecay: 0.1 }),
  adadelta: (p: Tensor) => new optim.Adadelta([p]),
  asgd: (p: Tensor) => new optim.ASGD([p], { weightDecay: 0.1 }),
  rprop: (p: Tensor) => new optim.Rprop([p]),
  lion: (p: Tensor) => new optim.Lion([p], { lr: 0.1, weightDecay: 0.1 }),
  muon: (p: Tensor) => new optim.Muon([p], { lr: 0.1 }),
}) as never

test.each(optimizers)('the parts of %s add up to its step, and none is taken', (_, make) => {
  const p = made()
  const optimizer = make(p)
  for (let k = 0; k < 4; k++) {
    backward(p, k)
    const state = JSON.stringify(optimizer.stateDict())
    const before = p.toArray()
    const found = anatomy(optimizer, p)
    expect(p.toArray()).toEqual(before)
    expect(JSON.stringify(optimizer.stateDict())).toBe(state)
    optimizer.step()
    expect((found.after as Tensor).toArray()).toEqual(p.toArray())
    const sum = found.parts.map(({ step }) => step as Tensor).reduce((a, b) => a.add(b))
    expect(sum.allclose(found.step as Tensor, { rtol: 1e-12, atol: 1e-15 })).toBe(true)
    expect((found.before as Tensor).toArray()).toEqual(before)
  }
  expect(Object.keys(anatomy(optimizer, p).formulas).at(-1)).toBe('p')
})

describe('the parts of', () => {
  const second = (optimizer: Optimizer<never>, p: Tensor): Anatomy => {
    backward(p, 0)
    optimizer.step()
    backward(p, 1)
    return anatomy(optimizer, p, { index: 1 })
  }

  test('SGD: momentum is lr times what is left of the velocity, decay lr times weight decay', () => {
    const p = made()
    const optimizer = new optim.SGD([p], { lr: 0.1, momentum: 0.9, weightDecay: 0.01 })
    const found = second(optimizer as never, p)
    const velocity = (optimizer.stateDict().state[0]!.momentumBuffer as Tensor).data[1]!
    expect(part(found, 'gradient')).toBeCloseTo(-0.1 * p.grad!.data[1]!, 14)
    expect(part(found, 'scaling')).toBeCloseTo(0, 14)
    expect(part(found, 'momentum')).toBeCloseTo(-0.1 * 0.9 * velocity, 14)
    expect(part(found, 'decay')).toBeCloseTo(-0.1 * 0.01 * p.data[1]!, 14)
  })

  test('a first step: no momentum', () => {
    const p = made()
    const optimizer = new optim.SGD([p], { lr: 0.1, momentum: 0.9 })
    backward(p, 0)
    expect(part(anatomy(optimizer, p, { index: 0 }), 'momentum')).toBe(0)
  })

  test('Adam: scaling divides by the root mean square, momentum is the mean less the gradient', () => {
    const p = made()
    const optimizer = new optim.Adam([p], { lr: 0.1 })
    const found = second(optimizer as never, p)
    const { expAvg, expAvgSq } = optimizer.stateDict().state[0]!
    const g = p.grad!.data[1]!
    const [m, v] = [0.9 * (expAvg as Tensor).data[1]! + 0.1 * g, 0.999 * (expAvgSq as Tensor).data[1]! + 0.001 * g * g]
    const root = Math.sqrt(v / (1 - 0.999 ** 2)) + 1e-8
    expect(part(found, 'scaling')).toBeCloseTo(-0.1 * (g / root - g), 12)
    expect(part(found, 'momentum')).toBeCloseTo((-0.1 * (m / (1 - 0.9 ** 2) - g)) / root, 12)
    expect(part(found, 'decay')).toBe(0)
  })

  test('AdamW: decay is lr times weight decay, whatever the scale', () => {
    const p = made()
    const found = second(new optim.AdamW([p], { lr: 0.1, weightDecay: 0.2 }) as never, p)
    expect(part(found, 'decay')).toBeCloseTo(-0.1 * 0.2 * p.data[1]!, 12)
  })

  test('a climb', () => {
    const p = made()
    const found = second(new optim.SGD([p], { lr: 0.1, maximize: true }) as never, p)
    expect(part(found, 'gradient')).toBeCloseTo(0.1 * p.grad!.data[1]!, 14)
    expect(part(found, 'scaling')).toBeCloseTo(0, 14)
  })

  test('a value, in its own group', () => {
    const [a, b] = [new Value(1), new Value(3)]
    const optimizer = new optim.SGD([{ params: [a] }, { params: [b], lr: 0.5, weightDecay: 0.1 }], { lr: 0.1 })
    a.mul(b).backward()
    const found = anatomy(optimizer, b)
    expect(found).toMatchObject({ optimizer: 'SGD', before: 3, gradient: 1 })
    expect(found.parts.map(({ step }) => (step as number).toFixed(12))).toEqual(
      [-0.5, 0, 0, -0.15].map(x => x.toFixed(12)),
    )
    expect(found.formulas.p).toContain('\\lambda')
  })

  test('a float32 parameter, computed in float64', () => {
    const p = tensor([1000, 2], { requiresGrad: true })
    const optimizer = new optim.SGD([p], { lr: 1e-6, weightDecay: 0.1 })
    p.sum().backward()
    expect(part(anatomy(optimizer, p, { index: 0 }), 'decay')).toBeCloseTo(-1e-4, 12)
  })
})

test('as a table in every format', () => {
  const p = made()
  const optimizer = new optim.AdamW([p], { lr: 0.5 })
  backward(p, 0)
  const table = anatomyTable(anatomy(optimizer, p, { index: 3 }))
  expect(render(table)).toMatch(
    /A step of AdamW[\s\S]*gradient +-lr g +-2\.\d+\nscaling[\s\S]*momentum[\s\S]*decay[\s\S]*p after/,
  )
  for (const format of ['markdown', 'latex', 'html', 'json'] as const)
    expect(render(table, format)).toContain('gradient')
})

describe('errors', () => {
  const p = made()
  const optimizer = new optim.SGD([p])
  test.each<[() => unknown, new (m: string) => Error, RegExp]>([
    [() => anatomy(optimizer, p), GradError, /SGD: this parameter has no gradient. Call backward before/],
    [() => anatomy(optimizer, made()), ArgumentError, /preview is of a parameter that it trains/],
    [() => anatomy(new optim.LBFGS([made()]) as never, p), ArgumentError, /not an object \(LBFGS\)/],
    [() => anatomy(optimizer, p, { index: 4 }), ArgumentError, /index 4 is not one of 4 elements/],
    [() => anatomy(optimizer, p, { index: -1 }), ArgumentError, /index is an integer of at least 0/],
    [() => anatomy(optimizer, p, { element: 1 } as never), ArgumentError, /unknown option 'element'/],
    [() => optimizer.preview(p, { lr: -1 }), GradError, /no gradient/],
  ])('%#', (run, type, message) => {
    expect(run).toThrow(type)
    expect(run).toThrow(message)
  })

  test('of options that are out of range, and in a compiled step', () => {
    const p = made()
    const optimizer = new optim.SGD([p])
    backward(p, 0)
    expect(() => optimizer.preview(p, { lr: -1 })).toThrow(/lr must be a number >= 0/)
    expect(() => optimizer.preview(p, { rate: 1 } as never)).toThrow(/unknown option 'rate'/)
    expect(() => compile(() => optimizer.preview(p))()).toThrow(CompileError)
  })
})

test('a part that is nothing but rounding is 0', () => {
  const p = tensor([9.4, -0.73, 1e-9], { dtype: 'float64', requiresGrad: true })
  const sgd = new optim.SGD([p], { lr: 0.019 })
  backward(p, 1)
  const steps = (x: Anatomy) => x.parts.slice(1).map(({ step }) => (typeof step === 'number' ? step : step.toArray()))
  expect(steps(anatomy(sgd, p))).toEqual([
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ])
  const x = new Value(9.4)
  const one = new optim.SGD([x], { lr: 0.019 })
  x.mul(9.4).backward()
  expect(steps(anatomy(one, x))).toEqual([0, 0, 0])
  p.grad = tensor([1, NaN, 1], { dtype: 'float64' })
  expect(part(anatomy(sgd, p, { index: 1 }), 'scaling')).toBeNaN()
})
