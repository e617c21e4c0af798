// Snapshots as bytes: a safetensors file whose tensors have their paths as names, and whose metadata holds the rest as JSON.

import { parseJson } from '../data/json.ts'
import { decode, encode } from '../data/safetensors.ts'
import { described } from '../engine/argument.ts'
import { ArgumentError, FileFormatError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Snapshot } from './callback.ts'

const FORMAT = 'gradus.snapshot/1'
/** How deep arrays and records may lie in one another. One that holds itself ends here too. */
const DEEPEST = 500

// In the JSON, an object with a key that begins with $ stands for what JSON has not:
// { $tensor: its name }, { $number: 'NaN' }. A record's own keys that begin so get another $.
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

const special = (x: number): boolean => !Number.isFinite(x) || Object.is(x, -0)
const NUMBERS: readonly string[] = ['NaN', 'Infinity', '-Infinity', '-0']

/** A key as part of a tensor's name: two paths never have the same name, and every name is one that a file can have. */
const part = (key: string): string =>
  key.replace(/[~/]|\p{Surrogate}|^_(?=_metadata__$)/gu, c => `~${c.charCodeAt(0).toString(16)}`)
const shown = (path: readonly string[]): string => (path.length > 0 ? path.join('.') : 'the snapshot')

/**
 * The bytes of a safetensors file that holds a snapshot. Every number comes back bit by bit, NaN, infinities and -0
 * included; a tensor that is held twice is stored once. Tensors are named by their paths, `model/weight`, so that
 * other readers of the format see them.
 *
 * @throws ArgumentError naming the place of what is no part of a snapshot: a function, undefined, an instance of a
 * class, or a record that holds itself
 * @example
 * unpack(pack({ step: 7, weights: [tensor([1, 2])] })) // { step: 7, weights: [[1, 2]] }
 */
export function pack(snapshot: Snapshot): Uint8Array {
  const names = new Map<Tensor, string>()
  const json = (x: unknown, path: readonly string[]): Json => {
    if (path.length > DEEPEST)
      throw new ArgumentError(
        `pack: nested deeper than ${DEEPEST} at ${shown(path.slice(0, 8))}…: does it hold itself?`,
      )
    if (x instanceof Tensor) {
      if (!names.has(x)) names.set(x, path.map(part).join('/'))
      return { $tensor: names.get(x) as string }
    }
    if (typeof x === 'number') return special(x) ? { $number: Object.is(x, -0) ? '-0' : String(x) } : x
    if (typeof x === 'string' || typeof x === 'boolean' || x === null) return x
    if (Array.isArray(x)) return Array.from(x, (y, i) => json(y, [...path, String(i)]))
    if (typeof x === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(x)))
      return Object.fromEntries(
        Object.entries(x).map(([key, y]) => [key.startsWith('$') ? `$${key}` : key, json(y, [...path, key])]),
      )
    throw new ArgumentError(
      `pack: ${shown(path)} is ${described(x)}; a snapshot holds tensors, numbers, strings, booleans, null, arrays and plain objects`,
    )
  }
  const text = JSON.stringify(json(snapshot, []))
  return encode(Object.fromEntries(Array.from(names, ([x, name]) => [name, x])), { format: FORMAT, snapshot: text })
}

/**
 * The snapshot in the bytes that `pack` made.
 *
 * @throws FileFormatError when the bytes are no safetensors file, or hold no snapshot or a damaged one
 */
export function unpack(bytes: Uint8Array): Snapshot {
  const { tensors, metadata } = decode(bytes)
  const { format, snapshot } = metadata
  if (format !== FORMAT || snapshot === undefined)
    throw new FileFormatError(
      `unpack: no snapshot, but a safetensors file ${format === undefined ? 'without a format' : `of format '${format}'`} ('${FORMAT}' is read). For tensors alone use load`,
    )
  const unread = new Set(Object.keys(tensors))
  const fault = (what: string): FileFormatError => new FileFormatError(`unpack: a damaged snapshot: ${what}`)
  const value = (x: Json): Snapshot => {
    if (Array.isArray(x)) return x.map(value)
    if (typeof x !== 'object' || x === null) return x as Snapshot
    const entries = Object.entries(x as { readonly [key: string]: Json })
    const [key, held] = entries[0] ?? []
    if (entries.length === 1 && key === '$number') {
      if (typeof held !== 'string' || !NUMBERS.includes(held)) throw fault(`${JSON.stringify(held)} is no number`)
      return Number(held)
    }
    if (entries.length === 1 && key === '$tensor') {
      if (typeof held !== 'string' || !Object.hasOwn(tensors, held)) throw fault(`no tensor ${JSON.stringify(held)}`)
      unread.delete(held)
      return tensors[held] as Tensor
    }
    return Object.fromEntries(
      entries.map(([key, y]) => {
        if (/^\$(?!\$)/.test(key)) throw fault(`an unknown mark '${key}'`)
        return [key.startsWith('$') ? key.slice(1) : key, value(y)]
      }),
    )
  }
  let json: Json
  try {
    json = parseJson(snapshot) as Json
  } catch (error) {
    throw fault((error as Error).message)
  }
  const result = value(json)
  if (unread.size > 0) throw fault(`it does not mention the tensors ${[...unread].join(', ')}`)
  return result
}
