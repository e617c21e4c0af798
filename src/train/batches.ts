// Batches, epoch by epoch: anything that can be gone through again and again.
import { described } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'

/**
 * Batches to be gone through once in each epoch: an array, a `DataLoader`, or anything with an iterator, also an
 * asynchronous one. What has a `length` can be counted beforehand; what has a `stateDict` knows how far it is, so that
 * a run that is resumed in the middle of an epoch need not go through the first part again.
 */
export type Batches<B> = (Iterable<B> | AsyncIterable<B>) & {
  readonly length?: number | null
  /** Where there are both iterators: whether to take the asynchronous one (false). */
  readonly asynchronous?: boolean
  stateDict?(): unknown
  loadStateDict?(state: never): void
}

/** @throws ArgumentError when x cannot be gone through, or only once, or holds nothing */
export function batches<B>(op: string, name: string, x: Batches<B>): Batches<B> {
  const given: unknown = x
  if (given instanceof Tensor)
    throw new ArgumentError(`${op}: ${name} is a tensor; give a list of batches: [[x, y]] for a single one`)
  const iterable = typeof x === 'object' && x !== null && (Symbol.iterator in x || Symbol.asyncIterator in x)
  if (!iterable) throw new ArgumentError(`${op}: ${name} is a list or a loader of batches, not ${described(x)}`)
  if ('next' in x)
    throw new ArgumentError(
      `${op}: ${name} can be gone through only once, and each epoch does so anew. Give an array, or { *[Symbol.iterator]() { … } }`,
    )
  if (x.length === 0) throw new ArgumentError(`${op}: ${name} holds no batches`)
  return x
}

/** The batches from the first on. */
export const started = <B>(x: Batches<B>): Iterator<B> | AsyncIterator<B> =>
  Symbol.iterator in x && !(x.asynchronous && Symbol.asyncIterator in x)
    ? x[Symbol.iterator]()
    : (x as AsyncIterable<B>)[Symbol.asyncIterator]()

/** How many there are; null when that is not known. */
export const counted = (x: Batches<unknown>): number | null => {
  const { length } = x
  return typeof length === 'number' && Number.isFinite(length) ? length : null
}

/** How many samples a batch has: the first dimension of its first tensor that has any, 1 where there is none. */
export function sizeOf(batch: unknown): number {
  const x = first(batch)
  return x?.shape[0] ?? 1
}

function first(x: unknown): Tensor | null {
  if (x instanceof Tensor) return x.ndim > 0 ? x : null
  if (typeof x !== 'object' || x === null) return null
  for (const y of Object.values(x)) {
    const found = first(y)
    if (found) return found
  }
  return null
}
