// Plain data, checked: what a run hands out to be saved, and what it is given back.
import { described } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Snapshot } from './callback.ts'

/** Entries by name. */
export type Entries = Readonly<Record<string, Snapshot>>

/** What has a state of its own: an optimizer, a scheduler, averages, a loader. */
export interface Stateful {
  stateDict(): unknown
  loadStateDict(state: never): void
}

/**
 * x as plain data, in arrays and records of its own; entries that are undefined are left out.
 * @throws ArgumentError for what is neither a tensor, a number, a string, a boolean, null, nor made of these
 */
export function snapshot(what: string, x: unknown): Snapshot {
  if (x === null || typeof x === 'number' || typeof x === 'string' || typeof x === 'boolean' || x instanceof Tensor)
    return x
  if (Array.isArray(x)) return x.map((y, i) => snapshot(`${what}[${i}]`, y))
  if (typeof x === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(x)))
    return Object.fromEntries(
      Object.entries(x).flatMap(([name, y]) => (y === undefined ? [] : [[name, snapshot(`${what}.${name}`, y)]])),
    )
  throw new ArgumentError(`stateDict: ${what} is ${described(x)}, which is no plain data`)
}

/** @throws ArgumentError when x is no record */
export function entries(what: string, x: Snapshot | undefined): Entries {
  if (typeof x !== 'object' || x === null || x instanceof Tensor || isList(x))
    throw new ArgumentError(`loadStateDict: ${what} is no record, but ${described(x)}`)
  return x
}

/** @throws ArgumentError when x is no list */
export function items(what: string, x: Snapshot | undefined): readonly Snapshot[] {
  if (!isList(x)) throw new ArgumentError(`loadStateDict: ${what} is no list, but ${described(x)}`)
  return x
}

/** @throws ArgumentError when x is no list of numbers */
export const numbers = (what: string, x: Snapshot | undefined): number[] =>
  items(what, x).map(y => {
    if (typeof y !== 'number') throw new ArgumentError(`loadStateDict: ${what} holds ${described(y)}, no number`)
    return y
  })

const isList = (x: Snapshot | undefined): x is readonly Snapshot[] => Array.isArray(x)
