// Optimizers: one rule on two engines, what they refuse, and that they go on where they stopped.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  codegen,
  compile,
  GradError,
  observe,
  optim,
  ShapeError,
  type Tensor,
  tensor,
  Value,
  zeros,
} from '../src/index.ts'
import { values } from './fixture.ts'

const start = [0.3, -0.7, 1.1]
const parameter = (x: number[] = start): Tensor => tensor(x, { dtype: 'float64', requiresGrad: true })
/** sum of (x^2 + sin 3x) */
const objective = (x: Tensor): Tensor => x.square().add(x.mul(3).sin()).sum()
const descend = (optimizer: { zeroGrad(): void; step(): void }, x: Tensor, steps: number): void => {
  for (let k = 0; k < steps; k++) {
    optimizer.zeroGrad()
    objective(x).backward()
    optimizer.step()
  }
}

const methods = [
  ['SGD', { lr: 0.05, momentum: 0.9, dampening: 0.1, weightDecay: 0.1 }],
  ['SGD', { lr: 0.05, momentum: 0.9, nesterov: true, maximize: true }],
  ['SGD', { lr: 0.05 }],
  ['Adam', { lr: 0.05, weightDecay: 0.1, amsgrad: true }],
  ['AdamW', { lr: 0.05, weightDecay: 0.1 }],
] as const
const make = ([name, options]: (typeof methods)[number], params: Iterable<optim.Param>) =>
  new optim[name](params as Iterable<Tensor>, options)

describe.each(methods.map(method => [`${method[0]} ${JSON.stringify(method[1])}`, method] as const))(
  '%s',
  (_, method) => {
    test('scalar engine = tensor engine, generated code = interpreted', () => {
      const run = (): number[][] => {
        const x = parameter()
        const scalars = start.map(v => new Value(v))
        const [a, b] = [make(method, [x]), make(method, scalars)]
        const path: number[][] = []
        for (let k = 0; k < 5; k++) {
          descend(a, x, 1)
          b.zeroGrad()
          for (const v of scalars) v.square().add(v.mul(3).sin()).backward()
          b.step()
          expect(scalars.map(v => v.data)).toEqual(values(x))
          path.push(values(x))
        }
        return path
      }
      const generated = run()
      codegen(false)
      try {
        expect(run()).toEqual(generated)
      } finally {
        codegen(true)
      }
    })

    test('a state taken after 3 steps goes on bit for bit', () => {
      const x = parameter()
      const optimizer = make(method, [x])
      descend(optimizer, x, 3)
      const state = optimizer.stateDict()
      const y = parameter(values(x))
      descend(optimizer, x, 3)
      const resumed = new optim[method[0]]([y], { lr: 1 })
      resumed.loadStateDict(state as never)
      descend(resumed, y, 3)
      expect(values(y)).toEqual(values(x))
    })
  },
)

test('a changing learning rate makes no new kernel and reaches the next step', () => {
  const x = parameter([1])
  const optimizer = new optim.SGD([x], { lr: 0.5 })
  x.sum().backward()
  const seen: string[] = []
  observe(
    event => seen.push(event.name),
    () => optimizer.step(),
  )
  expect(seen).toEqual(['sub'])
  optimizer.paramGroups[0].lr = 0.25
  optimizer.step()
  expect(x.item()).toBe(0.25)
  expect(x.isLeaf && x.requiresGrad).toBe(true)
})

test('groups have options of their own; what has no gradient stays; zeroGrad forgets', () => {
  const [a, b, c] = [parameter([1]), parameter([1]), parameter([1])]
  const optimizer = new optim.SGD([{ params: [a] }, { params: [b, c], lr: 0.5 }], { lr: 0.25 })
  a.add(b).sum().backward()
  optimizer.step()
  expect([a, b, c].map(x => x.item())).toEqual([0.75, 0.5, 1])
  optimizer.zeroGrad()
  expect([a.grad, b.grad]).toEqual([null, null])
  expect(optimizer.stateDict().paramGroups.map(({ lr, params }) => [lr, params])).toEqual([
    [0.25, [0]],
    [0.5, [1, 2]],
  ])
})

test('a step calls its closure first and returns the loss, compiled too', () => {
  const trained = (by: (f: () => Tensor) => () => Tensor) => {
    const x = parameter([3, -1])
    const optimizer = new optim.Adam([x], { lr: 0.1 })
    const step = by(() =>
      optimizer.step(() => {
        optimizer.zeroGrad()
        const loss = x.square().sum()
        loss.backward()
        return loss
      }),
    )
    const losses = Array.from({ length: 5 }, () => step().item())
    return { losses, x: values(x) }
  }
  const eager = trained(f => f)
  expect(eager.losses[0]).toBe(10)
  expect(eager.losses[1]).toBeCloseTo(2.9 ** 2 + 0.9 ** 2, 6)
  const compiled = trained(compile)
  compiled.losses.forEach((loss, i) => {
    expect(loss).toBeCloseTo(eager.losses[i] as number, 12)
  })
  const w = new Value(3)
  const optimizer = new optim.SGD([w], { lr: 0.25 })
  const loss = optimizer.step(() => {
    const y = w.square()
    y.backward()
    return y
  })
  expect([loss.data, w.data]).toEqual([9, 1.5])
})

test('betas belong to one optimizer: not to the next one, the caller or a state', () => {
  const given: [number, number] = [0.5, 0.5]
  const make = (options = {}) => new optim.Adam([parameter()], options)
  const betas = (optimizer: optim.Adam): [number, number] => optimizer.paramGroups[0].betas as [number, number]
  const [a, b] = [make(), make({ betas: given })]
  const state = b.stateDict()
  betas(a)[0] = 0
  betas(b)[0] = 0
  expect([given, state.paramGroups[0].betas, betas(make())]).toEqual([
    [0.5, 0.5],
    [0.5, 0.5],
    [0.9, 0.999],
  ])
  a.loadStateDict(state)
  betas(a)[1] = 0
  expect(state.paramGroups[0].betas).toEqual([0.5, 0.5])
})

test('an option that a state lacks stays as it is', () => {
  const [x, y] = [parameter(), parameter()]
  const optimizer = new optim.SGD([{ params: [x], momentum: 0.5 }, { params: [y] }], { lr: 0.25 })
  const groups = [
    { params: [0], lr: 1 },
    { params: [1], momentum: undefined },
  ]
  optimizer.loadStateDict({ state: {}, paramGroups: groups as never })
  expect(optimizer.paramGroups.map(({ lr, momentum, params }) => [lr, momentum, params])).toEqual([
    [1, 0.5, [x]],
    [0.25, 0, [y]],
  ])
})

test('float32, 0-d and empty parameters keep dtype and shape', () => {
  const params = [tensor(2, { requiresGrad: true }), zeros([0, 3], { requiresGrad: true })]
  for (const optimizer of [new optim.AdamW(params), new optim.SGD(params, { momentum: 0.5 })]) {
    params[0].mul(params[1].sum().add(1)).backward()
    optimizer.step()
    expect(params.map(p => [p.dtype, p.shape])).toEqual([
      ['float32', []],
      ['float32', [0, 3]],
    ])
  }
})

describe('refusals', () => {
  const x = parameter()
  test.each<[string, () => unknown, new (message: string) => Error, RegExp]>([
    ['no parameters', () => new optim.SGD([]), ArgumentError, /no parameters/],
    ['an empty group', () => new optim.SGD([{ params: [] }]), ArgumentError, /without parameters/],
    ['one twice', () => new optim.SGD([{ params: [x] }, { params: [x] }]), ArgumentError, /twice/],
    ['no gradient wanted', () => new optim.SGD([tensor([1])]), GradError, /requiresGrad: true/],
    ['a constant value', () => new optim.SGD([Value.constant(1)]), GradError, /requires no gradient/],
    ['a computed tensor', () => new optim.SGD([x.mul(2)]), GradError, /only leaves/],
    ['a computed value', () => new optim.SGD([new Value(1).mul(2)]), GradError, /only leaves/],
    ['a single tensor', () => new optim.SGD(x as never), ArgumentError, /list.*not a tensor\. Did you mean \[p\]\?/],
    ['a single value', () => new optim.SGD(new Value(1) as never), ArgumentError, /\[p\]/],
    ['one in a group alone', () => new optim.SGD([{ params: x as never }]), ArgumentError, /\[p\]/],
    ['nothing', () => new optim.SGD(undefined as never), ArgumentError, /list.*not undefined/],
    ['nothing in a list', () => new optim.SGD([undefined] as never), ArgumentError, /groups.*not undefined/],
    ['a step of 5', () => new optim.SGD([x]).step(5 as never), ArgumentError, /SGD: step takes a closure.*not 5/],
    ['a rate alone', () => new optim.SGD([x], 0.1 as never), ArgumentError, /needs options \{ lr, .*not 0\.1/],
    ['a rate as text', () => new optim.SGD([x], { lr: '1' as never }), ArgumentError, /lr must be a number/],
    ['betas of nothing', () => new optim.Adam([x], { betas: null as never }), ArgumentError, /betas/],
    ['a number', () => new optim.SGD([1] as never), ArgumentError, /groups/],
    ['a number in a group', () => new optim.SGD([{ params: [1] }] as never), ArgumentError, /neither/],
    [
      'an unknown option',
      () => new optim.SGD([x], { learningRate: 1 } as never),
      ArgumentError,
      /'learningRate'.*lr, momentum/,
    ],
    ['one in a group', () => new optim.Adam([{ params: [x], beta: 1 } as never]), ArgumentError, /'beta'/],
    ['lr < 0', () => new optim.SGD([x], { lr: -1 }), ArgumentError, /lr must be a number >= 0, not -1/],
    ['lr NaN', () => new optim.Adam([x], { lr: Number.NaN }), ArgumentError, /lr/],
    ['a beta of 1', () => new optim.Adam([x], { betas: [0.9, 1] }), ArgumentError, /betas/],
    ['nesterov alone', () => new optim.SGD([x], { nesterov: true }), ArgumentError, /nesterov needs/],
    [
      'nesterov damped',
      () => new optim.SGD([x], { nesterov: true, momentum: 0.9, dampening: 0.1 }),
      ArgumentError,
      /nesterov/,
    ],
    ['clipping one', () => optim.clipGradNorm(x as never, 1), ArgumentError, /clipGradNorm.*\[p\]/],
    ['clamping one', () => optim.clipGradValue(x as never, 1), ArgumentError, /clipGradValue.*\[p\]/],
    ['a norm misspelt', () => optim.clipGradNorm([x], 1, { norm: 1 } as never), ArgumentError, /'norm'.*normType/],
    ['clipping below 0', () => optim.clipGradNorm([x], -1), ArgumentError, /maxNorm/],
    ['clipping by norm 0', () => optim.clipGradNorm([x], 1, { normType: 0 }), ArgumentError, /normType/],
    ['a bound below 0', () => optim.clipGradValue([x], -1), ArgumentError, /bound/],
  ])('%s', (_, f, type, message) => {
    expect(f).toThrow(type)
    expect(f).toThrow(message)
  })

  test('a state that does not fit changes nothing', () => {
    const optimizer = new optim.Adam([x], { lr: 0.5 })
    descend(optimizer, x, 1)
    const before = optimizer.stateDict()
    const [group] = before.paramGroups
    const tries: [unknown, new (message: string) => Error][] = [
      ...[undefined, null, 'x', {}, { state: null, paramGroups: [group] }, { state: {}, paramGroups: 1 }].map(
        (state): [unknown, typeof ArgumentError] => [state, ArgumentError],
      ),
      [{ ...before, paramGroups: [null] }, ArgumentError],
      [{ ...before, paramGroups: [{}] }, ArgumentError],
      [{ ...before, state: { 0: null } }, ArgumentError],
      [{ ...before, state: { 0: { ...before.state[0], expAvg: 'x' } } }, ArgumentError],
      [{ ...before, state: { 0: { ...before.state[0], expAvg: null } } }, ArgumentError],
      [{ ...before, paramGroups: [{ ...group, params: [0, 1] }] }, ArgumentError],
      [{ ...before, paramGroups: [{ ...group, lr: -1 }] }, ArgumentError],
      [{ ...before, paramGroups: [{ ...group, speed: 1 }] }, ArgumentError],
      [{ ...before, state: { 7: before.state[0] } }, ArgumentError],
      [{ ...before, state: { 0: { momentumBuffer: 1 } } }, ArgumentError],
      [{ ...before, state: { 0: { ...before.state[0], expAvg: zeros([2]) } } }, ShapeError],
    ]
    for (const [state, type] of tries) expect(() => optimizer.loadStateDict(state as typeof before)).toThrow(type)
    expect(optimizer.stateDict()).toEqual(before)
  })

  test('a gradient of another shape changes no parameter', () => {
    const [a, b] = [parameter([1]), parameter([1])]
    ;[a.grad, b.grad] = [tensor([1]), tensor([[1]])]
    expect(() => new optim.SGD([a, b]).step()).toThrow(ShapeError)
    expect([a.item(), b.item()]).toEqual([1, 1])
  })
})

describe('clipping', () => {
  const given = (): [Tensor, Value[]] => {
    const x = parameter([0, 0])
    x.grad = tensor([3, -4], { dtype: 'float64' })
    return [x, [3, -4].map(g => Object.assign(new Value(0), { grad: g }))]
  }
  test.each([
    [2, 5],
    [1, 7],
    [Number.POSITIVE_INFINITY, 4],
  ])('norm %d on both engines', (normType, norm) => {
    const [x, scalars] = given()
    const by = 2 / (norm + 1e-6)
    expect(optim.clipGradNorm([x], 2, { normType }).item()).toBe(norm)
    expect(values(x.grad as Tensor)).toEqual([3 * by, -4 * by])
    expect(optim.clipGradNorm(scalars, 2, { normType })).toBe(norm)
    expect(scalars.map(v => v.grad)).toEqual([3 * by, -4 * by])
  })
  test('what is small enough stays; no gradients have norm 0; values are clamped', () => {
    const [x, scalars] = given()
    optim.clipGradNorm([x, parameter()], 10)
    expect(values(x.grad as Tensor)).toEqual([3, -4])
    expect(optim.clipGradNorm([parameter()], 1).item()).toBe(0)
    optim.clipGradValue([x, ...scalars, parameter()], 3.5)
    expect(values(x.grad as Tensor)).toEqual([3, -3.5])
    expect(scalars.map(v => v.grad)).toEqual([3, -3.5])
  })
})

test('a rule shows its formula', () => {
  const descent = optim.rule((p, g, lr) => p.sub(g.mul(lr)))
  expect(String(descent.expr)).toBe('sub(x0, mul(x1, x2))')
  expect(descent(1, 0.5, 0.5)).toBe(0.75)
})
