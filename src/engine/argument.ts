// Arguments: what an op may be given, and every error about what it may not, before anything is computed.
import type { DType, Shape } from '../backend/array.ts'
import { ArgumentError } from './errors.ts'

interface Shaped {
  readonly shape: Shape
}
const isShaped = (x: unknown): boolean => (x as Shaped | null | undefined)?.shape !== undefined

/** What stands where something else should, as errors print it. */
export function described(x: unknown): string {
  if (typeof x === 'string') return `the string '${x}'`
  if (Array.isArray(x)) return 'an array (use tensor([...]))'
  if (isShaped(x)) return 'a tensor'
  if (typeof x === 'bigint') return `the bigint ${x}n`
  return typeof x === 'object' && x !== null ? `an object (${x.constructor?.name ?? 'Object'})` : String(x)
}

/** @throws ArgumentError when x is not a tensor */
export function operand<X extends Shaped>(op: string, x: X): X {
  if (!isShaped(x)) throw new ArgumentError(`${op}: needs a tensor, not ${described(x)}`)
  return x
}

/** @throws ArgumentError when xs is not a list of tensors */
export function operands<X extends Shaped>(op: string, xs: readonly X[]): readonly X[] {
  if (!Array.isArray(xs)) throw new ArgumentError(`${op}: needs a list of tensors, not ${described(xs)}`)
  for (const x of xs) operand(op, x)
  return xs
}

/** @throws ArgumentError when x is not a number */
export function number(op: string, name: string, x: number): number {
  if (typeof x !== 'number') throw new ArgumentError(`${op}: ${name} is a number, not ${described(x)}`)
  return x
}

/** @throws ArgumentError when x is not a whole number, or smaller than `least` */
export function integer(op: string, name: string, x: number, least = -Infinity): number {
  if (!Number.isInteger(x) || x < least) {
    throw new ArgumentError(
      `${op}: ${name} is an integer${least === -Infinity ? '' : ` of at least ${least}`}, not ${described(x)}`,
    )
  }
  return x
}

/** @throws ArgumentError when xs is not a list */
export function list<X>(op: string, name: string, xs: readonly X[]): readonly X[] {
  if (!Array.isArray(xs)) throw new ArgumentError(`${op}: ${name} is a list, not ${described(xs)}`)
  return xs
}

/** @throws ArgumentError when x is not an object; `what` says what is needed */
export function record<X extends object>(op: string, what: string, x: X): X {
  if (typeof x !== 'object' || x === null) throw new ArgumentError(`${op}: needs ${what}, not ${described(x)}`)
  return x
}

/** @throws ArgumentError when the options are no object, or one of them is not known */
export function options<O extends object>(op: string, given: O, known: readonly string[]): O {
  const names = known.join(', ')
  for (const name of Object.keys(record(op, `options { ${names} }`, given))) {
    if (!known.includes(name)) throw new ArgumentError(`${op}: unknown option '${name}'. It has ${names}`)
  }
  return given
}

/** @throws ArgumentError when x is none of the choices */
export function oneOf<X extends string>(op: string, name: string, x: X, choices: readonly X[]): X {
  if (!choices.includes(x))
    throw new ArgumentError(`${op}: ${name} is ${choices.map(c => `'${c}'`).join(' or ')}, not ${described(x)}`)
  return x
}

/** @throws ArgumentError when there is no such dtype */
export const typed = (op: string, dtype: DType): DType =>
  oneOf(op, 'dtype', dtype, ['float32', 'float64', 'int32', 'bool'])
