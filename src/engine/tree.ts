// Trees: a leaf, or leaves in arrays and plain objects, as functions take and return them.
import { ArgumentError } from './errors.ts'
import { Tensor } from './tensor.ts'
import { Value } from './value.ts'

/** What transforms differentiate: numbers and values on the scalar engine, tensors on the other. */
export type Leaf = number | Value | Tensor
/** A leaf, or leaves nested in arrays and plain objects. */
export type Tree = Leaf | readonly Tree[] | { readonly [key: string]: Tree }

export const isLeaf = (x: unknown): x is Leaf => typeof x === 'number' || x instanceof Value || x instanceof Tensor

/** The leaves in order: arrays by index, objects by the order of their keys. */
export function leaves(op: string, tree: unknown): Leaf[] {
  if (isLeaf(tree)) return [tree]
  if (Array.isArray(tree)) return tree.flatMap(x => leaves(op, x))
  if (typeof tree === 'object' && tree !== null && Object.getPrototypeOf(tree) === Object.prototype)
    return Object.values(tree).flatMap(x => leaves(op, x))
  throw new ArgumentError(
    `${op}: expected numbers, values or tensors (or arrays or objects of these), not ${tree === null ? 'null' : typeof tree === 'object' ? tree.constructor.name : typeof tree}`,
  )
}

/** The same tree with its leaves, in order, replaced. */
export function rebuild<T>(tree: unknown, next: Iterator<T>): unknown {
  if (isLeaf(tree)) return next.next().value
  if (Array.isArray(tree)) return tree.map(x => rebuild(x, next))
  return Object.fromEntries(Object.entries(tree as object).map(([key, x]) => [key, rebuild(x, next)]))
}
