// A module once more: the same fields, with tensors and modules of its own.
import type { DType } from '../backend/array.ts'
import { noGrad } from '../engine/apply.ts'
import { isFloat } from '../engine/ops/kind.ts'
import { Tensor } from '../engine/tensor.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

/**
 * A module like this one, down to the values of its tensors, that shares none of them with it. What is the same tensor
 * twice within stays so. Objects that are neither modules nor containers (generators, functions) are shared. The
 * constructor is not run and nothing is drawn, so a class with `#private` fields of its own cannot be copied. With a
 * dtype, floating-point tensors become of that.
 */
export const copy = <M extends Module>(module: M, dtype?: DType): M => copied(module, new Map(), dtype) as M

function copied(x: unknown, made: Map<unknown, unknown>, dtype: DType | undefined): unknown {
  if (made.has(x)) return made.get(x)
  const enter = <T>(out: T): T => {
    made.set(x, out)
    return out
  }
  const again = (y: unknown): unknown => copied(y, made, dtype)
  const fields = (y: object): object => Object.fromEntries(Object.entries(y).map(([name, z]) => [name, again(z)]))
  if (x instanceof Tensor) {
    if (!x.isLeaf) return x
    const like = dtype && isFloat(x.dtype) ? noGrad(() => x.to(dtype)) : x
    const out = new (x instanceof Parameter ? Parameter : Tensor)(x.shape, like.dtype, like.data.slice())
    out.label = x.label
    return enter(out.requiresGrad_(x.requiresGrad))
  }
  if (x instanceof Module) {
    // what Module's own constructor makes, as an instance of the class
    const out = enter(Reflect.construct(Module, [], x.constructor) as Module)
    out.training = x.training
    return Object.assign(out, fields(x))
  }
  if (Array.isArray(x)) {
    const out = enter<unknown[]>([])
    for (const y of x) out.push(again(y))
    return out
  }
  if (x instanceof Map) {
    const out = enter(new Map<unknown, unknown>())
    for (const [key, y] of x) out.set(key, again(y))
    return out
  }
  if (x instanceof Set) {
    const out = enter(new Set<unknown>())
    for (const y of x) out.add(again(y))
    return out
  }
  if (typeof x !== 'object' || x === null) return x
  const prototype = Object.getPrototypeOf(x)
  if (prototype !== Object.prototype && prototype !== null) return x
  return Object.assign(enter(Object.create(prototype) as object), fields(x))
}
