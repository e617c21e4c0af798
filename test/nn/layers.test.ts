// Layers: PyTorch's numbers, names and running statistics, compiled steps, gradients, and what they may not be given.
import { describe, expect, test } from 'vitest'
import { compareGradients, compile, Generator, nn, type Tensor } from '../../src/index.ts'
import { difference, type Flat, load, parameter, read, type Stored, values } from '../fixture.ts'
import { fill } from './sequence.ts'

interface Call {
  readonly eval?: true
  readonly inputs: readonly Stored[]
  readonly out: Stored
  readonly v: Flat
  readonly grad: readonly (Flat | null)[]
  readonly weights: Readonly<Record<string, Flat | null>>
}
interface Case {
  readonly name: string
  readonly layer: string
  readonly args: readonly unknown[]
  readonly state: Readonly<Record<string, Stored>>
  readonly calls: readonly Call[]
  readonly after: Readonly<Record<string, Stored>> | null
}
type Layer = nn.Module & { forward(...inputs: Tensor[]): Tensor }

const cases = read<Case | { losses: number[] }>('layers').filter((t): t is Case => 'calls' in t)
const named = cases.map(t => [t.name, t] as const)

/** The layer of a case in float64, with its state. */
function make({ layer, args, state }: Case): Layer {
  const Class = (nn as unknown as Record<string, new (...args: unknown[]) => Layer>)[layer]!
  const positional = args.slice(0, -1)
  // what has no parameters has no dtype either
  const options = { ...(args.at(-1) as object), ...(Object.keys(state).length > 0 && { dtype: 'float64' }) }
  const module = new Class(...positional, ...(Object.keys(options).length > 0 ? [options] : []))
  fill(module, state)
  return module
}
/** What a call computes; gradients are added to those of the inputs and parameters. */
function called(module: Layer, call: Call, inputs: readonly Tensor[]): Tensor {
  const out = module.forward(...inputs)
  const loss = out.mul(load({ ...call.out, data: call.v })).sum()
  if (loss.requiresGrad) loss.backward()
  return out
}
const inputsOf = (call: Call): Tensor[] => call.inputs.map((x, i) => (call.grad[i] ? parameter(x) : load(x)))

describe('PyTorch’s numbers, in training and evaluation', () => {
  test.each(named)('%s', (_, t) => {
    const module = make(t)
    for (const [k, call] of t.calls.entries()) {
      module.train(!call.eval)
      module.zeroGrad()
      const inputs = inputsOf(call)
      const out = called(module, call, inputs)
      expect(out.shape, `shape of output ${k}`).toEqual(call.out.shape)
      expect(difference(values(out), call.out.data, call.out), `output ${k}`).toBeNull()
      inputs.forEach((x, i) => {
        const expected = call.grad[i]
        if (expected) expect(difference(values(x.grad!), expected, x), `gradient of input ${i} of ${k}`).toBeNull()
      })
      expect(module.namedParameters().map(([name]) => name)).toEqual(Object.keys(call.weights))
      for (const [name, x] of module.namedParameters()) {
        const expected = call.weights[name]
        if (expected) expect(difference(values(x.grad!), expected, x), `gradient of ${name} in ${k}`).toBeNull()
        else expect(x.grad).toBeNull()
      }
    }
    for (const [name, x] of Object.entries(module.stateDict())) {
      const expected = (t.after ?? t.state)[name]!
      expect([x.shape, x.dtype]).toEqual([expected.shape, expected.dtype])
      expect(difference(values(x), expected.data, expected), `${name} afterwards`).toBeNull()
    }
  })
})

describe('compiled steps are eager ones', () => {
  test.each(named)('%s', (_, t) => {
    const call = t.calls[0]!
    const run = (compiled: boolean) => {
      const module = make(t).train(!call.eval)
      const inputs = inputsOf(call)
      const collecting = [...module.parameters(), ...inputs.filter(x => x.requiresGrad)]
      const step = (): Tensor => {
        for (const x of collecting) x.grad = null
        const out = called(module, call, inputs)
        // the next step starts elsewhere
        for (const x of collecting) if (x.grad) x.assign(x.detach().mul(0.9).add(x.grad.mul(0.01)))
        // what is handed through is the input itself
        return out.detach()
      }
      const fast = compile(step)
      const outs = Array.from({ length: 5 }, () => (compiled ? fast : step)())
      return {
        state: [...outs, ...Object.values(module.stateDict()), ...collecting.map(x => x.grad)],
        programs: fast.describe().length,
      }
    }
    const [eager, compiled] = [run(false), run(true)]
    expect(compiled.programs).toBe(1)
    eager.state.forEach((x, i) => {
      const y = compiled.state[i]
      if (x) expect(difference(values(y!), values(x), x), `tensor ${i}`).toBeNull()
      else expect(y).toBeNull()
    })
  })
})

describe('derivatives agree, to second order', () => {
  const chosen = new Map<string, Case>()
  for (const t of cases) if (t.calls[0]!.grad.every(g => g)) chosen.set(t.layer, t)
  // drawn anew in each call
  chosen.delete('RReLU')
  test.each([...chosen])('%s', (_, t) => {
    const module = make(t).train(!t.calls[0]!.eval)
    const report = compareGradients((...inputs: Tensor[]) => module.forward(...inputs), t.calls[0]!.inputs.map(load), {
      generator: new Generator(3),
      step: 1e-4,
      tolerance: 1e-6,
    })
    expect(report.comparisons.filter(({ ok }) => !ok)).toEqual([])
  })
})
