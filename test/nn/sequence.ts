// What PyTorch's sequence layers answered (test/fixtures, written by scripts/fixtures/sequence.py), and how ours is asked.
import { expect } from 'vitest'
import { compile, type nn, optim, Tensor } from '../../src/index.ts'
import { difference, type Flat, load, parameter, type Stored, values } from '../fixture.ts'

export interface Case {
  readonly name: string
  readonly layer: string
  readonly args: readonly unknown[]
  readonly state: Readonly<Record<string, Stored>>
  readonly inputs: readonly Stored[]
  readonly call: readonly unknown[]
  readonly out: readonly Stored[]
  readonly v: readonly Flat[]
  readonly grad: readonly (Flat | null)[]
  readonly weights: Readonly<Record<string, Flat>>
}

export interface Training {
  readonly name: string
  readonly options: { readonly lr: number }
  readonly state: Readonly<Record<string, Stored>>
  readonly x: Stored
  readonly y: Stored
  readonly losses: readonly number[]
}

type Forward = (...args: unknown[]) => unknown

/** `call` with the inputs in their places. */
function settled(x: unknown, inputs: readonly Tensor[]): unknown {
  if (Array.isArray(x)) return x.map(y => settled(y, inputs))
  if (typeof x !== 'object' || x === null) return x
  if ('$t' in x) return inputs[x.$t as number]
  return Object.fromEntries(Object.entries(x).map(([k, y]) => [k, settled(y, inputs)]))
}

export const flat = (out: unknown): Tensor[] =>
  out instanceof Tensor ? [out] : Array.isArray(out) ? out.filter(x => x !== null).flatMap(flat) : []

/** Gives a module a state, which has to name all it has, in its order. */
export function fill(module: nn.Module, state: Readonly<Record<string, Stored>>): void {
  expect(Object.keys(module.stateDict())).toEqual(Object.keys(state))
  module.loadStateDict(Object.fromEntries(Object.entries(state).map(([name, x]) => [name, load(x)])))
}

/** Outputs and gradients of a layer, as PyTorch has them. */
export function answers(t: Case, module: nn.Module): void {
  fill(module, t.state)
  const inputs = t.inputs.map((x, i) => (t.grad[i] === null ? load(x) : parameter(x)))
  const call = settled(t.call, inputs) as unknown[]
  const outs = flat((module.forward as Forward).apply(module, call))
  expect(outs.map(out => out.shape)).toEqual(t.out.map(({ shape }) => shape))
  outs.forEach((out, i) => {
    expect(difference(values(out), t.out[i]!.data, t.out[i]), `output ${i}`).toBeNull()
  })
  weighted(outs, t).backward()
  inputs.forEach((x, i) => {
    const expected = t.grad[i]
    if (expected) expect(difference(values(x.grad as Tensor), expected, x), `gradient of input ${i}`).toBeNull()
  })
  for (const [name, x] of module.namedParameters())
    expect(difference(values(x.grad as Tensor), t.weights[name]!, x), `gradient of ${name}`).toBeNull()
}

const weighted = (outs: readonly Tensor[], t: Case): Tensor =>
  outs.map((out, i) => out.mul(load({ ...t.out[i]!, data: t.v[i]! })).sum()).reduce((sum, x) => sum.add(x))

/** Training steps of a layer, eager and compiled, from the same state: the same losses and weights. */
export function trainsCompiled(t: Case, make: () => nn.Module, calls = 6): void {
  const run = (compiled: boolean): { losses: number[]; state: number[][]; programs: number } => {
    const module = make()
    fill(module, t.state)
    const optimizer = new optim.SGD(module.parameters(), { lr: 0.01, momentum: 0.9 })
    const step = (...inputs: Tensor[]): Tensor => {
      optimizer.zeroGrad()
      const outs = flat((module.forward as Forward).apply(module, settled(t.call, inputs) as unknown[]))
      const loss = weighted(outs, t)
      loss.backward()
      optimizer.step()
      return loss
    }
    const fast = compile(step)
    const inputs = t.inputs.map(load)
    const losses = Array.from({ length: calls }, () => (compiled ? fast : step)(...inputs).item())
    return { losses, state: module.parameters().map(values), programs: fast.describe().length }
  }
  const [eager, compiled] = [run(false), run(true)]
  expect(compiled.programs).toBe(1)
  expect(new Set(eager.losses).size).toBe(calls)
  expect(difference(compiled.losses, eager.losses)).toBeNull()
  eager.state.forEach((x, i) => {
    expect(difference(compiled.state[i]!, x)).toBeNull()
  })
}

/** The losses of a whole run with AdamW, as it is or compiled, against PyTorch's to 1e-8. */
export function trains(t: Training, model: nn.Module, objective: (x: Tensor, y: Tensor) => Tensor, compiled: boolean) {
  fill(model, t.state)
  const optimizer = new optim.AdamW(model.parameters(), t.options)
  const [x, y] = [load(t.x), load(t.y)]
  const step = (): Tensor => {
    optimizer.zeroGrad()
    const loss = objective(x, y)
    loss.backward()
    optimizer.step()
    return loss
  }
  const train = compiled ? compile(step) : step
  for (const [i, expected] of t.losses.entries())
    expect(Math.abs(train().item() - expected), `loss of step ${i}`).toBeLessThan(1e-8)
  expect(t.losses.at(-1)).toBeLessThan(t.losses[0]! / 1.5)
}
