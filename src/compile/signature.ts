// What a step is given and what it returns: the tensors and values in it, and what else decides which program fits.
import { described } from '../engine/argument.ts'
import { CompileError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'

export type Leaf = Tensor | Value
/** Tensors and values in arrays and plain objects, and how to put others in their places, in the same order. */
export function flattened(tree: unknown): { leaves: Leaf[]; rebuild: (f: (x: Leaf) => unknown) => unknown } {
  const leaves: Leaf[] = []
  const walk = (x: unknown): ((f: (x: Leaf) => unknown) => unknown) => {
    if (x instanceof Tensor || x instanceof Value) {
      leaves.push(x)
      return f => f(x)
    }
    if (Array.isArray(x)) {
      const parts = x.map(walk)
      return f => parts.map(part => part(f))
    }
    if (isPlain(x)) {
      const parts = Object.entries(x).map(([name, y]) => [name, walk(y)] as const)
      return f => Object.fromEntries(parts.map(([name, part]) => [name, part(f)]))
    }
    return () => x
  }
  return { rebuild: walk(tree), leaves }
}

const isPlain = (x: unknown): x is Record<string, unknown> =>
  typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype
/** @throws CompileError when there is a number or an object in arguments that was another in the call before */
export function refuseChange(where: string, before: unknown, now: unknown): void {
  if (now instanceof Tensor || now instanceof Value || Object.is(before, now)) return
  if (Array.isArray(before) && Array.isArray(now)) {
    for (const [i, x] of now.entries()) refuseChange(`${where}[${i}]`, before[i], x)
  } else if (isPlain(before) && isPlain(now)) {
    for (const [name, x] of Object.entries(now)) refuseChange(`${where}.${name}`, before[name], x)
  } else if (typeof before === 'number' && typeof now === 'number')
    throw new CompileError(
      `compile: ${where} is a number that changes from call to call (${before}, then ${now}), and numbers are built into a program. Give a tensor, or read it within the step by live(() => …)`,
    )
  else if (typeof before === typeof now && (typeof now === 'object' || typeof now === 'function') && now !== null)
    throw new CompileError(
      `compile: ${where} is ${typeof now === 'function' ? 'a function' : described(now)}, another in each call, and is built into a program. Give tensors, in arrays and plain objects; what stays the same can be given again as it is`,
    )
}

const identities = new WeakMap<object, number>()
let identified = 0
/** What of the arguments decides which program fits. */
export function signature(x: unknown): string {
  if (x instanceof Tensor) return `${x.dtype}[${x.shape}]${x.requiresGrad ? 'g' : ''}`
  if (Array.isArray(x)) return `(${x.map(signature).join()})`
  if (isPlain(x))
    return `{${Object.entries(x)
      .map(([name, y]) => `${JSON.stringify(name)}:${signature(y)}`)
      .join()}}`
  if ((typeof x === 'object' && x !== null) || typeof x === 'function') {
    const known = identities.get(x) ?? identified++
    identities.set(x, known)
    return `#${known}`
  }
  return Object.is(x, -0) ? '-0' : typeof x === 'string' ? JSON.stringify(x) : String(x)
}

/**
 * What a step returns beside tensors and values, which is the same in each call.
 * @throws CompileError for what programs cannot make anew
 */
export function form(x: unknown): string {
  if (x instanceof Tensor || x instanceof Value) return 'x'
  if (Array.isArray(x)) return `(${x.map(form).join()})`
  if (typeof x !== 'object' || x === null) return typeof x === 'function' ? 'f' : signature(x)
  if (Object.getPrototypeOf(x) !== Object.prototype)
    throw new CompileError(
      `compile: a step returns tensors, values and constants, in arrays and plain objects, and nothing like ${described(x)}`,
    )
  return `{${Object.entries(x).map(([name, y]) => `${JSON.stringify(name)}:${form(y)}`)}}`
}
