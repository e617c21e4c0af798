// Every optimizer step by step as PyTorch takes them, and alike on both engines, in any dtype, compiled or not, resumed.
import { describe, expect, test } from 'vitest'
import { codegen, compile, optim, type Tensor, tensor, Value } from '../../src/index.ts'
import { difference, read, values } from '../fixture.ts'

interface Trajectory {
  readonly optimizer: Exclude<keyof typeof makers, 'SGD' | 'Adam' | 'AdamW'> | 'LBFGS'
  readonly options: Readonly<Record<string, unknown>>
  readonly groups?: readonly Readonly<Record<string, unknown>>[]
  readonly only?: 'b'
  readonly losses: readonly number[]
  readonly path: readonly (readonly (readonly number[])[])[]
}

const { Adadelta, Adagrad, Adam, Adamax, AdamW, ASGD, Lion, Muon, NAdam, RAdam, RMSprop, Rprop, SGD } = optim
const makers = { Adadelta, Adagrad, Adam, Adamax, AdamW, ASGD, Lion, Muon, NAdam, RAdam, RMSprop, Rprop, SGD }
type Made = { step(): void; zeroGrad(): void; stateDict(): unknown; loadStateDict(state: never): void }
/** Of whatever options: the table's rows do not know which they belong to. */
const make = (name: keyof typeof makers, params: Iterable<unknown>, options: object): Made =>
  new (makers[name] as new (params: never, options: never) => Made)(params as never, options as never)

const START = {
  a: [0.3, 0.7, -1.1],
  b: [
    [0.2, -0.4, 0.6],
    [-0.5, 0.1, 0.9],
  ],
} as const
const problem = (only?: 'b', dtype: 'float32' | 'float64' = 'float64') => {
  const a = tensor([...START.a], { dtype, requiresGrad: only === undefined })
  const b = tensor(
    START.b.map(row => [...row]),
    { dtype, requiresGrad: true },
  )
  const [target, scale] = [tensor([1, -2, 0.5], { dtype }), tensor([1, 4, 0.25], { dtype })]
  const loss = (): Tensor => a.sub(target).square().mul(scale).sum().mul(0.5).add(b.matmul(a).tanh().square().sum())
  return { params: only ? [b] : [a, b], loss }
}
const grouped = ({ groups }: Trajectory, params: readonly Tensor[]) =>
  groups ? groups.map((group, i) => ({ params: [params[i]], ...group })) : params

const cases = read<Trajectory>('optimizers')
const named = (t: Trajectory): string =>
  `${t.optimizer} ${JSON.stringify(t.options)}${t.groups ? ` ${JSON.stringify(t.groups)}` : ''}`

describe('as PyTorch', () => {
  test.each(cases.map(t => [named(t), t] as const))('%s', (_, t) => {
    const { params, loss } = problem(t.only)
    const closure = (): Tensor => {
      optimizer.zeroGrad()
      const now = loss()
      now.backward()
      return now
    }
    const optimizer =
      t.optimizer === 'LBFGS' ? new optim.LBFGS(params, t.options) : make(t.optimizer, grouped(t, params), t.options)
    expect(t.path.length).toBeGreaterThanOrEqual(t.optimizer === 'LBFGS' ? 8 : 20)
    for (const [k, expected] of t.path.entries()) {
      const now = optimizer instanceof optim.LBFGS ? optimizer.step(closure) : closure()
      if (!(optimizer instanceof optim.LBFGS)) optimizer.step()
      expect(difference([now.item()], [t.losses[k]!]), `loss of step ${k}`).toBeNull()
      params.forEach((p, i) => {
        expect(difference(values(p), expected[i]!), `parameter ${i} after step ${k}`).toBeNull()
      })
    }
  })
})

const steps = cases.filter(t => t.optimizer !== 'LBFGS')
const step = (optimizer: Made, loss: () => Tensor): void => {
  optimizer.zeroGrad()
  loss().backward()
  optimizer.step()
}

describe('compiled = eager', () => {
  test.each(steps.map(t => [named(t), t] as const))('%s', (_, t) => {
    const run = (dtype: 'float32' | 'float64', compiled: boolean): number[] => {
      const { params, loss } = problem(t.only, dtype)
      const optimizer = make(t.optimizer as keyof typeof makers, grouped(t, params), t.options)
      const once = (): void => step(optimizer, loss)
      const train = compiled ? compile(once) : once
      for (let k = 0; k < 10; k++) train()
      if (compiled) expect((train as unknown as { describe(): unknown[] }).describe().length).toBe(1)
      expect(params.map(p => p.dtype)).toEqual(params.map(() => dtype))
      return params.flatMap(values)
    }
    expect(difference(run('float64', true), run('float64', false))).toBeNull()
    const [x, y] = [run('float32', true), run('float32', false)]
    x.forEach((v, i) => {
      expect(v).toBeCloseTo(y[i]!, 4)
    })
  })
})

describe('on values as on tensors, generated code = interpreted, resumed bit for bit', () => {
  test.each(steps.filter(t => !t.only && !t.groups).map(t => [named(t), t] as const))('%s', (_, t) => {
    const name = t.optimizer as keyof typeof makers
    const descend = (optimizer: Made, x: Tensor): void => step(optimizer, () => x.square().add(x.mul(3).sin()).sum())
    const run = (): number[] => {
      const x = tensor([...START.a], { dtype: 'float64', requiresGrad: true })
      const scalars = START.a.map(v => new Value(v))
      const [on, off] = [make(name, [x], t.options), make(name, scalars, t.options)]
      for (let k = 0; k < 6; k++) {
        descend(on, x)
        off.zeroGrad()
        for (const v of scalars) v.square().add(v.mul(3).sin()).backward()
        off.step()
        expect(
          difference(
            scalars.map(v => v.data),
            values(x),
          ),
        ).toBeNull()
      }
      const y = tensor(values(x), { dtype: 'float64', requiresGrad: true })
      const resumed = make(name, [y], {})
      resumed.loadStateDict(on.stateDict() as never)
      for (const [optimizer, z] of [
        [on, x],
        [resumed, y],
      ] as const)
        for (let k = 0; k < 3; k++) descend(optimizer, z)
      expect(values(y)).toEqual(values(x))
      return values(x)
    }
    const generated = run()
    codegen(false)
    try {
      expect(difference(run(), generated)).toBeNull()
    } finally {
      codegen(true)
    }
  })

  test.each(steps.filter(t => !t.only && !t.groups).map(t => [named(t), t] as const))('compiled: %s', (_, t) => {
    const run = (compiled: boolean): number[] => {
      const scalars = START.a.map(v => new Value(v))
      const optimizer = make(t.optimizer as keyof typeof makers, scalars, t.options)
      const once = (): void => {
        optimizer.zeroGrad()
        const [a, b, c] = scalars as [Value, Value, Value]
        a.mul(b).add(c.sin()).square().add(a.square()).backward()
        optimizer.step()
      }
      const train = compiled ? compile(once) : once
      for (let k = 0; k < 8; k++) train()
      return scalars.map(v => v.data)
    }
    expect(difference(run(true), run(false))).toBeNull()
  })
})

test('0-d parameters of float32: state and parameter keep the dtype', () => {
  for (const name of Object.keys(makers) as (keyof typeof makers)[]) {
    if (name === 'Muon') continue
    const x = tensor(2, { requiresGrad: true })
    const optimizer = make(name, [x], { lr: 0.1 })
    const train = compile(() => step(optimizer, () => x.square()))
    for (let k = 0; k < 6; k++) train()
    const { state } = optimizer.stateDict() as { state: Record<string, Record<string, unknown>> }
    for (const held of Object.values(state[0] ?? {}))
      if (typeof held === 'object') expect([name, (held as Tensor).dtype]).toEqual([name, 'float32'])
    expect([x.dtype, x.item() < 2]).toEqual(['float32', true])
  }
})

test('Muon orthogonalises: singular values near 1, tall as wide', () => {
  for (const shape of [
    [4, 2],
    [2, 4],
  ] as const) {
    const w = tensor(
      Array.from({ length: shape[0] }, (_, i) =>
        Array.from({ length: shape[1] }, (_, j) => Math.sin(3 * i + j * j + 1)),
      ),
      { dtype: 'float64', requiresGrad: true },
    )
    const before = w.detach()
    w.grad = before
    new Muon([w], { lr: 1, weightDecay: 0, adjustLrFn: 'match_rms_adamw' }).step()
    const o = before.sub(w.detach()).div(0.2 * 2)
    const gram = shape[0] < shape[1] ? o.matmul(o.t()) : o.t().matmul(o)
    const [trace, det] = [gram.trace().item(), gram.at(0, 0).mul(gram.at(1, 1)).sub(gram.at(0, 1).square()).item()]
    const root = Math.sqrt(trace ** 2 / 4 - det)
    for (const square of [trace / 2 + root, trace / 2 - root]) {
      expect(Math.sqrt(square)).toBeGreaterThan(0.6)
      expect(Math.sqrt(square)).toBeLessThan(1.3)
    }
  }
})
