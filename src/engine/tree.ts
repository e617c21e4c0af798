// Trees: a leaf, or leaves in arrays and plain objects, as functions take and return them.
import { CONSTANT } from './apply.ts'
import { ArgumentError, ShapeError } from './errors.ts'
import type { Node } from './graph.ts'
import { onesLike, zerosLike } from './ops/create.ts'
import { sameShape, show } from './shape.ts'
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

/** The same tree with its leaves, in order, replaced by `xs`. */
export function rebuild(tree: unknown, xs: readonly unknown[]): unknown {
  let next = 0
  const build = (x: unknown): unknown => {
    if (isLeaf(x)) return xs[next++]
    if (Array.isArray(x)) return x.map(build)
    return Object.fromEntries(Object.entries(x as object).map(([key, y]) => [key, build(y)]))
  }
  return build(tree)
}

/** @throws ArgumentError or ShapeError when `given` are not as many leaves as `likes`, of the same kinds and shapes */
export function matching(op: string, what: string, likes: readonly Leaf[], given: readonly Leaf[]): void {
  if (likes.length !== given.length) throw new ArgumentError(`${op}: ${given.length} ${what}s for ${likes.length}`)
  likes.forEach((like, i) => {
    const x = given[i] as Leaf
    const shape = (y: Leaf): readonly number[] => (y instanceof Tensor ? y.shape : [])
    if (like instanceof Tensor !== x instanceof Tensor || !sameShape(shape(like), shape(x))) {
      throw new ShapeError(`${op}: ${what} ${i} has shape ${show(shape(x))}, what it belongs to ${show(shape(like))}`)
    }
  })
}

// One arithmetic over the leaves of both engines.

/** A leaf on a graph. */
export type Active = Value | Tensor

/** x as a leaf on a graph: a number as a constant. */
export const active = (x: Leaf): Active => (typeof x === 'number' ? Value.constant(x) : x)
/** `active`, leaving alone what is no number. */
export const lifted = (x: unknown): unknown => (typeof x === 'number' ? Value.constant(x) : x)
/** Its place in the graph; null when no gradient flows to it. */
export const node = (x: Leaf): Node<Active> | null =>
  x instanceof Tensor
    ? (x.node as Node<Active> | null)
    : x instanceof Value && x.low !== CONSTANT
      ? (x as unknown as Node<Active>)
      : null
export const sum = (a: Active, b: Active): Active => (a as Tensor).add(b as Tensor)
export const zero = (like: Leaf): Active => (like instanceof Tensor ? zerosLike(like) : Value.constant(0))
export const one = (like: Leaf): Active => (like instanceof Tensor ? onesLike(like) : Value.constant(1))
