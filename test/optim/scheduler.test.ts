// Schedulers step by step as PyTorch's, resumed from JSON at any step, read anew by compiled steps.
import { describe, expect, test } from 'vitest'
import { ArgumentError, compile, optim, type Tensor, tensor, Value } from '../../src/index.ts'
import { difference, read, values } from '../fixture.ts'

type Spec = readonly [name: string, ...args: unknown[]]
interface Schedule {
  readonly spec: Spec
  readonly rates: readonly (readonly number[])[]
  readonly momenta?: readonly (readonly number[])[]
  readonly epochs?: readonly number[]
  readonly metrics?: readonly number[]
}

const functions: Readonly<Record<string, (x: number) => number>> = {
  inverse: k => 1 / (1 + k),
  half: k => (k % 3 === 0 ? 0.5 : 1),
  root: x => x ** -0.5,
}
const settled = (x: unknown): unknown =>
  typeof x === 'string'
    ? (functions[x] ?? x)
    : Array.isArray(x)
      ? x.map(settled)
      : typeof x === 'object' && x !== null
        ? Object.fromEntries(Object.entries(x).map(([key, y]) => [key, settled(y)]))
        : x

const weight = (): Tensor => tensor([1], { dtype: 'float64', requiresGrad: true })
const sgd = (): optim.SGD =>
  new optim.SGD(
    [
      { params: [weight()], lr: 0.1 },
      { params: [weight()], lr: 0.4 },
    ],
    { momentum: 0.9 },
  )
type Any = optim.Scheduler | optim.ReduceLROnPlateau
const build = (optimizer: optim.SGD, [name, ...args]: Spec): Any => {
  const within = () => (args[0] as Spec[]).map(spec => build(optimizer, spec)) as optim.Scheduler[]
  if (name === 'SequentialLR') return new optim.SequentialLR(optimizer, within(), args[1] as number[])
  if (name === 'ChainedScheduler') return new optim.ChainedScheduler(within())
  const made = optim[name as 'StepLR'] as unknown as new (optimizer: optim.SGD, ...args: unknown[]) => Any
  return new made(optimizer, ...args.map(settled))
}
const advance = (scheduler: Any, { epochs, metrics }: Schedule, k: number): void => {
  if (scheduler instanceof optim.ReduceLROnPlateau) scheduler.step(metrics![k]!)
  else if (epochs) (scheduler as optim.LRScheduler).step(epochs[k])
  else scheduler.step()
}
const now = ({ paramGroups }: optim.SGD) => [paramGroups.map(({ lr }) => lr), paramGroups.map(g => g.momentum)] as const

const cases = read<Schedule>('schedulers').map(t => [JSON.stringify(t.spec), t] as const)

describe('as PyTorch', () => {
  test.each(cases)('%s', (_, t) => {
    const optimizer = sgd()
    const scheduler = build(optimizer, t.spec)
    expect(t.rates.length).toBeGreaterThan(30)
    for (const [k, expected] of t.rates.entries()) {
      const [rates, momenta] = now(optimizer)
      expect(difference(rates, expected), `rates of epoch ${k}`).toBeNull()
      expect(difference(momenta, t.momenta?.[k] ?? [0.9, 0.9]), `momenta of epoch ${k}`).toBeNull()
      expect(scheduler.getLastLR()).toEqual(rates)
      if (!t.epochs && !t.spec[0].startsWith('Chained')) expect(scheduler.lastEpoch).toBe(k)
      if (k < t.rates.length - 1) advance(scheduler, t, k)
    }
  })
})

describe('resumed from JSON, in either order with the optimizer', () => {
  test.each(cases)('%s', (_, t) => {
    for (const [stop, optimizerFirst] of [
      [0, true],
      [5, true],
      [13, false],
    ] as const) {
      const [a, b] = [sgd(), sgd()]
      const scheduler = build(a, t.spec)
      for (let k = 0; k < stop; k++) advance(scheduler, t, k)
      const json = JSON.stringify([scheduler.stateDict(), a.stateDict()])
      const [state, optimizer] = JSON.parse(json)
      if (optimizerFirst) b.loadStateDict(optimizer)
      const resumed = build(b, t.spec)
      resumed.loadStateDict(state)
      if (!optimizerFirst) b.loadStateDict(optimizer)
      expect(JSON.stringify([resumed.stateDict(), b.stateDict()])).toBe(json)
      expect(resumed.getLastLR()).toEqual(scheduler.getLastLR())
      for (let k = stop; k < t.rates.length - 1; k++) {
        for (const one of [scheduler, resumed]) advance(one, t, k)
        expect(now(b)).toEqual(now(a))
      }
    }
  })
})

test('a compiled step reads each rate and momentum anew, and is one program', () => {
  const run = (compiled: boolean, make: (p: Tensor) => optim.SGD | optim.Adam): [number[], number] => {
    const x = tensor([3, -1], { dtype: 'float64', requiresGrad: true })
    const optimizer = make(x)
    const scheduler = optim.warmup(new optim.OneCycleLR(optimizer, 0.2, { totalSteps: 12 }), 4)
    const step = (): void => {
      optimizer.zeroGrad()
      x.square().sum().backward()
      optimizer.step()
    }
    const compiledStep = compile(step)
    for (let k = 0; k < 14; k++) {
      ;(compiled ? compiledStep : step)()
      scheduler.step()
    }
    return [values(x), compiledStep.describe().length]
  }
  for (const make of [(p: Tensor) => new optim.SGD([p], { momentum: 0.9 }), (p: Tensor) => new optim.Adam([p])]) {
    const [compiled, programs] = run(true, make)
    expect(difference(compiled, run(false, make)[0])).toBeNull()
    expect(programs).toBe(1)
  }
})

test('OneCycleLR moves the first beta where there is no momentum, and leaves the second', () => {
  const optimizer = new optim.Adam([weight()], { betas: [0.9, 0.99] })
  const scheduler = new optim.OneCycleLR(optimizer, 1, { totalSteps: 10 })
  expect(optimizer.paramGroups[0]!.betas).toEqual([0.95, 0.99])
  scheduler.step()
  scheduler.step()
  expect(optimizer.paramGroups[0]!.betas).toEqual([0.85, 0.99])
})

test('lastEpoch goes on in groups that know their initialLr; a sequence within a chain within a warm-up', () => {
  const at = (epoch: number): number => 0.05 + (0.95 * (1 + Math.cos((Math.PI * epoch) / 8))) / 2
  const optimizer = new optim.SGD([{ params: [weight()], initialLr: 1 }], { lr: at(3) })
  const scheduler = new optim.CosineAnnealingLR(optimizer, 8, { etaMin: 0.05, lastEpoch: 2 })
  expect(scheduler.getLastLR()[0]).toBeCloseTo(at(3), 12)
  scheduler.step()
  expect([scheduler.lastEpoch, scheduler.baseLrs]).toEqual([4, [1]])
  expect(scheduler.getLastLR()[0]).toBeCloseTo(at(4), 12)

  const other = new optim.SGD([weight()], { lr: 1 })
  const inner = new optim.SequentialLR(
    other,
    [new optim.ConstantLR(other, { factor: 0.5 }), new optim.StepLR(other, 1, { gamma: 0.25 })],
    [2],
  )
  const whole = optim.warmup(new optim.ChainedScheduler([inner, new optim.ExponentialLR(other, 0.5)]), 2, {
    startFactor: 0.5,
  })
  const rates = Array.from({ length: 6 }, () => {
    const [rate] = whole.getLastLR()
    whole.step()
    return rate
  })
  // the sequence begins anew from the initial rate, whatever was halved before
  expect(rates).toEqual([0.5, 0.75, 0.5, 0.25, 1 * 0.5, 0.125 * 0.5])
})

test('plateaus take numbers, tensors and values', () => {
  const scheduler = new optim.ReduceLROnPlateau(sgd(), { patience: 0 })
  for (const metric of [2, tensor(2), new Value(2)]) scheduler.step(metric)
  expect(scheduler.getLastLR().map(lr => Number(lr.toFixed(6)))).toEqual([0.001, 0.004])
})

test.each<[string, (o: optim.SGD) => unknown, RegExp]>([
  ['no optimizer', () => new optim.StepLR(undefined as never, 1), /StepLR: needs an optimizer/],
  ['a module', () => new optim.StepLR({} as never, 1), /needs an optimizer/],
  ['a step of 0', o => new optim.StepLR(o, 0), /stepSize/],
  ['an unknown option', o => new optim.StepLR(o, 1, { step: 2 } as never), /'step'.*gamma/],
  ['one milestone', o => new optim.MultiStepLR(o, 3 as never), /milestones/],
  ['a factor of 2', o => new optim.ConstantLR(o, { factor: 2 }), /factor.*\[0, 1\], not 2/],
  ['a start at 0', o => new optim.LinearLR(o, { startFactor: 0 }), /startFactor.*\(0, 1\], not 0/],
  ['resumed without initialLr', o => new optim.ExponentialLR(o, 0.5, { lastEpoch: 3 }), /initialLr/],
  ['functions for other groups', o => new optim.LambdaLR(o, [() => 1]), /2 groups/],
  ['rates for other groups', o => new optim.CyclicLR(o, [0.1], 1), /1 numbers.*2 groups/],
  ['a cycle without length', o => new optim.OneCycleLR(o, 1), /totalSteps/],
  [
    'a cycle that is over',
    o => {
      const s = new optim.OneCycleLR(o, 1, { totalSteps: 1 })
      s.step()
      s.step()
    },
    /step 2 of 1/,
  ],
  ['no momentum to move', () => new optim.CyclicLR(new optim.Rprop([weight()]), 0, 1), /cycleMomentum: false/],
  ['an unknown mode', o => new optim.CyclicLR(o, 0, 1, { mode: 'square' as never }), /mode/],
  ['a jump', o => new optim.StepLR(o, 1).step(5), /to no other/],
  ['an epoch below 0', o => new optim.LambdaLR(o, () => 1).step(-1), /epoch.*-1/],
  ['a factor of 1', o => new optim.ReduceLROnPlateau(o, { factor: 1 }), /below 1/],
  ['no metric', o => new optim.ReduceLROnPlateau(o).step(undefined as never), /metric/],
  ['too few milestones', o => new optim.SequentialLR(o, [new optim.StepLR(o, 1)], [2]), /1 schedulers need 0/],
  ['a plateau in a chain', o => new optim.ChainedScheduler([new optim.ReduceLROnPlateau(o) as never]), /by the epoch/],
  [
    "another's scheduler",
    o => new optim.ChainedScheduler([new optim.StepLR(o, 1), new optim.StepLR(sgd(), 1)]),
    /another optimizer/,
  ],
  ['no schedulers', () => new optim.ChainedScheduler([]), /needs schedulers/],
  ['a warm-up of nothing', o => optim.warmup(new optim.StepLR(o, 1), 0), /steps/],
])('refused: %s', (_, f, message) => {
  const optimizer = sgd()
  expect(() => f(optimizer)).toThrow(ArgumentError)
  expect(() => f(sgd())).toThrow(message)
})

test('a state that does not fit changes nothing', () => {
  const optimizer = sgd()
  const all = cases.map(([, t]) => build(optimizer, t.spec))
  for (const scheduler of all) {
    const before = JSON.stringify([scheduler.stateDict(), optimizer.stateDict()])
    const state = scheduler.stateDict()
    for (const wrong of [
      null,
      {},
      { ...state, lastLr: [1] },
      { ...state, lastEpoch: 'x' },
      { ...state, baseLrs: [1], schedulers: [state], best: 'x' },
    ])
      expect(() => scheduler.loadStateDict(wrong as never)).toThrow(ArgumentError)
    expect(JSON.stringify([scheduler.stateDict(), optimizer.stateDict()])).toBe(before)
  }
})
