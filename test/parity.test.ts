// Every op against PyTorch: values, both modes of differentiation, and second order both ways round.
import { describe, expect, test } from 'vitest'
import * as gradus from '../src/index.ts'
import { Tensor } from '../src/index.ts'
import { difference, type Flat, load, numbers, read, type Stored, values } from './fixture.ts'

interface Case {
  readonly name: string
  readonly call: string
  readonly inputs: readonly Stored[]
  readonly args: readonly unknown[]
  readonly signed?: boolean
  readonly out: readonly Stored[]
  readonly v?: readonly (Flat | null)[]
  readonly grad?: readonly (Flat | null)[]
  readonly u?: readonly (Flat | null)[]
  readonly jvp?: readonly (Flat | null)[]
  readonly hvp?: readonly (Flat | null)[]
}
type Fn = (...args: unknown[]) => unknown
type Map = (...xs: Tensor[]) => Tensor

const FAMILIES = ['pointwise', 'reductions', 'shapes', 'indexing', 'products', 'conv', 'linalg', 'losses', 'functional']
/** Methods that have no function beside them, or one of other arguments: slice(start, stop), polygamma(n, x). */
const METHODS_ONLY = [
  'slice',
  'polygamma',
  'at',
  'to',
  'float',
  'double',
  'int',
  'bool',
  'clone',
  'detach',
  'equal',
  'allclose',
  'view',
]

/** Stored arguments to real ones. */
function decode(x: unknown, tensors: readonly Tensor[]): unknown {
  if (x === 'NaN' || x === 'Infinity' || x === '-Infinity') return Number(x)
  if (typeof x !== 'object' || x === null) return x
  if (Array.isArray(x)) return x.map(y => decode(y, tensors))
  if ('$t' in x) return tensors[x.$t as number]
  if ('$u' in x) return undefined
  if ('$slice' in x) return gradus.slice(...(x.$slice as (number | null)[]).map(i => i ?? undefined))
  return Object.fromEntries(Object.entries(x).map(([key, y]) => [key, decode(y, tensors)]))
}

function lookup(home: object, name: string): Fn {
  const f: unknown = Reflect.get(home, name)
  if (typeof f !== 'function') throw new Error(`${name} is missing`)
  return f as Fn
}

/** A tensor, several, or a record such as { values, indices }, in PyTorch's order. */
const ORDER = ['values', 'indices', 'inverse', 'counts', 'min', 'max']
function outputs(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result]
  if (typeof result === 'boolean') return [gradus.tensor(Number(result), { dtype: 'bool' })]
  if (Array.isArray(result)) return result.flatMap(outputs)
  return ORDER.flatMap(key => outputs(Reflect.get(result as object, key) ?? []))
}

function run({ call, args }: Case, tensors: readonly Tensor[]): Tensor[] {
  const decoded = args.map(x => decode(x, tensors))
  if (call.startsWith('x.')) return outputs(lookup(tensors[0]!, call.slice(2)).apply(tensors[0], decoded))
  return outputs((call.startsWith('F.') ? lookup(gradus.F, call.slice(2)) : lookup(gradus, call))(...decoded))
}

const list = <T>(x: T | readonly T[]): readonly T[] => (Array.isArray(x) ? x : [x as T])
const f64 = (data: Flat, shape: readonly number[]): Tensor => load({ shape, dtype: 'float64', data })
const dot = (xs: readonly Tensor[], ys: readonly Tensor[]): Tensor =>
  xs.map((x, i) => x.mul(ys[i]!).sum()).reduce((a, b) => a.add(b))
/** A gradient that never came is zero. */
const flat = (x: Tensor | null | undefined, like: Flat): number[] => (x ? values(x) : like.map(() => 0))

/** Everything in which we differ from PyTorch, one line each. */
function compare(c: Case): string[] {
  const problems: string[] = []
  const attempt = (what: string, check: () => string | null) => {
    try {
      const problem = check()
      if (problem) problems.push(`${what}: ${problem}`)
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.stack?.split('\n').slice(0, 4).join('\n') : error}`)
    }
  }
  const inputs = c.inputs.map(load)
  const sameOutputs = (got: readonly Tensor[]): string | null => {
    if (got.length !== c.out.length) return `${got.length} outputs, expected ${c.out.length}`
    for (const [k, want] of c.out.entries()) {
      const { shape, dtype } = got[k]!
      if (`${shape}` !== `${want.shape}`) return `output ${k} has shape [${shape}], expected [${want.shape}]`
      if (dtype !== want.dtype) return `output ${k} has dtype ${dtype}, expected ${want.dtype}`
      const problem = difference(values(got[k]!), want.data, { ...want, signed: c.signed ?? false })
      if (problem) return `output ${k} ${problem}`
    }
    return null
  }
  attempt('value', () => sameOutputs(run(c, inputs)))
  const method = c.call.startsWith('x.') ? c.call.slice(2) : ''
  if (method && !METHODS_ONLY.includes(method)) {
    attempt('as a function', () =>
      sameOutputs(outputs(lookup(gradus, method)(inputs[0], ...c.args.map(x => decode(x, inputs))))),
    )
  }

  const { v, grad, u, jvp, hvp } = c
  if (!v || !grad) return problems
  const active = grad.flatMap((g, i) => (g ? [i] : []))
  const xs = active.map(i => inputs[i]!)
  const live = v.flatMap((vk, k) => (vk ? [k] : []))
  const cotangents = live.map(k => f64(v[k]!, c.out[k]!.shape))
  const f = (...primals: Tensor[]): Tensor[] =>
    run(
      c,
      inputs.map((x, i) => primals[active.indexOf(i)] ?? x),
    )
  const loss: Map = (...primals) => {
    const out = f(...primals)
    return dot(
      live.map(k => out[k]!),
      cotangents,
    )
  }

  attempt('backward', () => {
    // flat leaves, reshaped: a nested array cannot spell every empty shape
    const leaves = active.map(i => gradus.tensor(numbers(c.inputs[i]!.data), { dtype: 'float64', requiresGrad: true }))
    const out = loss(...leaves.map((leaf, j) => leaf.reshape([...xs[j]!.shape])))
    if (out.requiresGrad) out.backward()
    return first(active, (i, j) => difference(flat(leaves[j]!.grad, grad[i]!), grad[i]!, c.inputs[i]))
  })
  if (!u || !jvp) return problems
  const tangents = active.map(i => f64(u[i]!, c.inputs[i]!.shape))
  attempt('jvp', () =>
    first(live, k => {
      const [, tangent] = gradus.jvp((...primals: Tensor[]) => f(...primals)[k]!, xs, tangents)
      return difference(flat(tangent, jvp[k]!), jvp[k]!, c.out[k])
    }),
  )
  if (!hvp) return problems
  const one = gradus.tensor(1, { dtype: 'float64' })
  const gradients = (primals: Tensor[]): readonly Tensor[] => {
    const [, pull] = gradus.vjp(loss, ...primals)
    return list(pull(one))
  }
  attempt('hvp, reverse over reverse', () => {
    const [, pull] = gradus.vjp((...primals: Tensor[]) => dot(gradients(primals), tangents), ...xs)
    const seconds = list(pull(one))
    return first(active, (i, j) => difference(flat(seconds[j], hvp[i]!), hvp[i]!, c.inputs[i]))
  })
  attempt('hvp, forward over reverse', () =>
    first(active, (i, j) => {
      const [, tangent] = gradus.jvp((...primals: Tensor[]) => gradients(primals)[j]!, xs, tangents)
      return difference(flat(tangent, hvp[i]!), hvp[i]!, c.inputs[i])
    }),
  )
  return problems
}

/** The first problem there is, with the number of the input or output it is about. */
function first(which: readonly number[], check: (i: number, j: number) => string | null): string | null {
  for (const [j, i] of which.entries()) {
    const problem = check(i, j)
    if (problem) return `${i} ${problem}`
  }
  return null
}

for (const family of FAMILIES) {
  describe(family, () => {
    for (const c of read<Case>(family)) test(c.name, () => expect(compare(c).join('\n')).toBe(''))
  })
}
