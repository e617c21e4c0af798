// What is trained, on either engine: leaves that are read as rules compute with them, and given other values.
import { CONSTANT, mode } from '../engine/apply.ts'
import { described } from '../engine/argument.ts'
import { ArgumentError, GradError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import type { Quantity } from './rule.ts'

/** What is trained: a leaf that requires a gradient, on either engine. */
export type Param = Tensor | Value

export const isParam = (x: unknown): x is Param => x instanceof Tensor || x instanceof Value

/** @throws ArgumentError when parameters are not given as a list */
export function listed<X>(op: string, params: Iterable<X>): X[] {
  if (typeof (params as Partial<Iterable<X>> | null | undefined)?.[Symbol.iterator] === 'function') return [...params]
  const hint = isParam(params) ? '. Did you mean [p]?' : ''
  throw new ArgumentError(
    `${op}: needs a list of tensors, values, or groups { params: [...], lr: … }, not ${described(params)}${hint}`,
  )
}

/**
 * The parameters of a group, each a leaf that is not among those that are trained already.
 *
 * @throws ArgumentError when there are none, one is no parameter, or one is given twice
 * @throws GradError for one that is no leaf or requires no gradient
 */
export function trainable(name: string, params: Iterable<Param>, trained: readonly Param[]): Param[] {
  const added = listed(name, params)
  if (added.length === 0) throw new ArgumentError(`${name}: a group without parameters`)
  const seen = new Set(trained)
  added.forEach((p, i) => {
    if (!isParam(p)) throw new ArgumentError(`${name}: parameter ${i} is neither a tensor nor a value`)
    if (!(p instanceof Tensor ? p.isLeaf : p.op === null)) {
      throw new GradError(
        `${name}: parameter ${i} was computed by an op; only leaves can be trained. Did you mean x.detach().requiresGrad_()?`,
      )
    }
    if (!(p instanceof Tensor ? p.requiresGrad : p.low !== CONSTANT)) {
      throw new GradError(`${name}: parameter ${i} requires no gradient. Create it with { requiresGrad: true }`)
    }
    if (seen.has(p)) throw new ArgumentError(`${name}: parameter ${i} is given twice; it would be updated twice a step`)
    seen.add(p)
  })
  return added
}

/** Forgets the gradients: null on tensors, 0 on values. */
export function forget(params: Iterable<Param>): void {
  for (const p of params) {
    if (p instanceof Value) p.zeroGrad()
    else p.grad = null
  }
}

/** What a rule computes with, of what a parameter or its state is held in. */
export const quantity = (x: Param): Quantity => (x instanceof Value && !mode.recorder ? x.data : x)
/** A value's gradient, as rules compute with it. */
export const gradient = (x: Value): Quantity => mode.recorder?.gradient(x) ?? x.grad
/** A place for a quantity of a state. */
export const leaf = (x: Quantity): Param =>
  x instanceof Tensor ? x.detach() : x instanceof Value ? Value.constant(0).assign(x) : Value.constant(x as number)
/** Gives a leaf another value. */
export function give<P extends Param>(to: P, x: Quantity): P {
  if (to instanceof Tensor) to.assign(x as Tensor)
  else if (x instanceof Value) to.assign(x)
  else to.data = x as number
  return to
}
