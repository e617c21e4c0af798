// Functions with derivative rules of their own.

import { during, type Operand, type Primitive, settle } from './apply.ts'
import { described } from './argument.ts'
import { ArgumentError, GradError, ShapeError } from './errors.ts'
import { isFloat } from './ops/kind.ts'
import { sameShape, show } from './shape.ts'
import { Tensor } from './tensor.ts'
import type { Active } from './tree.ts'
import { Value } from './value.ts'

/** The rules of a custom function over tensors, or over values. In both, `out` is what `forward` returned. */
export interface CustomRules<T extends Active> {
  readonly name?: string
  /** Computes the result; runs unrecorded. */
  readonly forward: (...xs: T[]) => T
  /** The cotangents of the operands (null: zero), from the cotangent g of the output. Written with ops, it differentiates again. */
  readonly vjp?: (g: T, xs: readonly T[], out: T) => readonly (T | null)[]
  /** The tangent of the output (null: zero), from those of the operands (null: zero). */
  readonly jvp?: (dx: readonly (T | null)[], xs: readonly T[], out: T) => T | null
}

/**
 * A function with derivative rules of its own, in either or both modes: for a gradient that is stabler, cheaper or
 * deliberately another than the one that follows.
 *
 * @throws GradError when a mode is used whose rule is missing
 * @example
 * // the straight-through estimator: rounds, and passes the gradient as if it did not
 * const passing = custom({ forward: (x: Tensor) => x.round(), vjp: g => [g], jvp: ([dx]) => dx })
 * grad((x: Tensor) => passing(x).square().sum())(tensor([0.4, 1.7])) // [0, 4]
 */
export function custom<T extends Active>({
  name = 'custom',
  forward,
  vjp: pullRule,
  jvp: pushRule,
}: CustomRules<T>): (...xs: T[]) => T {
  const missing = (rule: string): never => {
    throw new GradError(`${name}: this custom function has no ${rule} rule: give custom({ forward, ${rule} })`)
  }
  const fitting = (rule: string, t: T | null, x: T): T | null => {
    if (t instanceof Tensor && x instanceof Tensor && !sameShape(t.shape, x.shape))
      throw new ShapeError(
        `${name}: its ${rule} rule gave a tensor of shape ${show(t.shape)} for one of ${show(x.shape)}`,
      )
    if (t !== null && t instanceof Tensor !== x instanceof Tensor)
      throw new GradError(`${name}: its ${rule} rule must return tensors for tensors and values for values, or null`)
    return t
  }
  const vjpRule = (g: T, wanted: readonly boolean[], xs: readonly T[], out: T): readonly (T | null)[] => {
    const found = (pullRule ?? missing('vjp'))(g, xs, out)
    if (!Array.isArray(found) || found.length > xs.length)
      throw new GradError(
        `${name}: its vjp rule must return a list of ${xs.length} cotangents (or null), one for each operand`,
      )
    return wanted.map((yes, i) => (yes ? fitting('vjp', found[i] ?? null, xs[i]) : null))
  }
  const jvpRule = (dx: readonly (T | null)[], xs: readonly T[], out: T): T | null =>
    fitting('jvp', (pushRule ?? missing('jvp'))(dx, xs, out), out)
  const prim = {
    name,
    infer: (_p: null) => missing('infer'),
    run: () => missing('run'),
    differentiable: (_p: null, i: number, xs: readonly Operand[]) => isFloat((xs[i] as Tensor).dtype),
    reads: (_p: null, _i: number, xs: readonly Operand[]) => [...xs.keys(), xs.length],
    vjp: (_p: null, g: Tensor, wanted: readonly boolean[], xs: readonly Operand[], out: Tensor) =>
      vjpRule(g as T, wanted, xs as T[], out as T) as (Tensor | null)[],
    jvp: (_p: null, dx: readonly (Tensor | null)[], xs: readonly Operand[], out: Tensor) =>
      jvpRule(dx as (T | null)[], xs as T[], out as T) as Tensor | null,
  } as Primitive<null>

  return (...xs) => {
    for (const x of xs as readonly unknown[])
      if (!(x instanceof Tensor || x instanceof Value))
        throw new ArgumentError(`${name}: operands are tensors or values, not ${described(x)}`)
    const computed = during({ depth: -1, levels: [] }, () => forward(...(xs.map(x => x.detach()) as T[])))
    if (computed instanceof Tensor) return settle(prim, null, xs as Operand[], computed.detach()) as T
    const data = typeof computed === 'number' ? computed : (computed as Value).data
    return Value.opaque(name, data, xs as Value[], vjpRule as never, jvpRule as never) as T
  }
}
