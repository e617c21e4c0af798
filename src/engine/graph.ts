// Nodes and walks: who was computed from whom. Knows no shapes and no numbers.
import { ArgumentError, GradError } from './errors.ts'

/** What a walk needs to know of a computed thing: what it was computed from, and how a cotangent goes on from it. */
export interface Node<T> {
  /** What it was computed from; null or a number where there is nothing to differentiate. */
  readonly inputs: readonly (Node<T> | number | null)[]
  /** The i-th of them, undefined after the last: for walks over nodes that keep no list. */
  input(i: number): Node<T> | number | null | undefined
  /** Scratch of the walks: the stamp of the last walk that came by. */
  mark: number
  /**
   * The cotangents of the inputs, from the cotangent `g` of the output, null where `wanted` says no or there is
   * none. Called once per walk, when `g` is complete.
   */
  pull(g: T, wanted: readonly boolean[]): readonly (T | null)[]
  /** Drops what was stored for `pull`. */
  release?(): void
  /** Shows a complete cotangent to whoever asked to see it; what it returns goes on instead. */
  hooked?(g: T): T
}

/**
 * The order in which a backward walk visits the nodes. Any order is right in which a node comes after all of its
 * consumers; they differ in how many cotangents wait at the same time.
 * - `depthFirst`: the reverse of a depth-first postorder (micrograd's, PyTorch's in effect)
 * - `breadthFirst`: Kahn's: a node as soon as its last consumer is done
 * - a function: gets the nodes in a right order and returns them in another, which is checked
 */
export type Order = 'depthFirst' | 'breadthFirst' | (<N>(nodes: readonly N[]) => readonly N[])

const isNode = <T>(x: Node<T> | number | null | undefined): x is Node<T> => typeof x === 'object' && x !== null

let stamp = 0

/**
 * All nodes that `root` was computed from, itself last: each after its inputs. Iterative, so of any depth. What the
 * nodes of `ends` were computed from is left out.
 */
export function postorder<N extends { input(i: number): N | number | null | undefined; mark: number }>(
  root: N,
  ends?: ReadonlySet<N>,
): N[] {
  const now = ++stamp
  const done: N[] = []
  const path: N[] = [root]
  const next: number[] = [0]
  root.mark = now
  walk: while (path.length > 0) {
    const top = path.length - 1
    const node = path[top] as N
    const goesOn = ends === undefined || !ends.has(node)
    for (let i = next[top]; goesOn; i++) {
      const input = node.input(i)
      if (input === undefined) break
      if (typeof input === 'object' && input !== null && input.mark !== now) {
        input.mark = now
        next[top] = i + 1
        path.push(input)
        next.push(0)
        continue walk
      }
    }
    done.push(node)
    path.pop()
    next.pop()
  }
  return done
}

/** The nodes below `root` in an order fit for walking backwards: each after all of its consumers. */
export function backwardOrder<T>(root: Node<T>, order: Order = 'depthFirst'): readonly Node<T>[] {
  const nodes = postorder(root).reverse()
  if (order === 'depthFirst') return nodes
  const waiting = new Map<Node<T>, number>()
  for (const node of nodes)
    for (const input of node.inputs) if (isNode(input)) waiting.set(input, (waiting.get(input) ?? 0) + 1)
  const arrive = (node: Node<T>, ready: (input: Node<T>) => void): void => {
    for (const input of node.inputs) {
      if (!isNode(input)) continue
      const left = (waiting.get(input) as number) - 1
      waiting.set(input, left)
      if (left === 0) ready(input)
    }
  }
  if (order === 'breadthFirst') {
    const queue: Node<T>[] = [root]
    for (let i = 0; i < queue.length; i++) arrive(queue[i] as Node<T>, input => queue.push(input))
    return queue
  }
  if (typeof order !== 'function')
    throw new ArgumentError(`backward: order is 'depthFirst', 'breadthFirst' or a function, not '${order}'`)
  const chosen = order(nodes)
  if (!Array.isArray(chosen))
    throw new ArgumentError(
      `backward: an order gives the nodes in a list, not ${chosen === null ? 'null' : typeof chosen}`,
    )
  const seen = new Set<Node<T>>()
  for (const node of chosen) {
    if (seen.has(node) || (node !== root && waiting.get(node) !== 0)) {
      throw new GradError(
        'backward: this order visits a node twice, or before all of its consumers, or one that is not in the graph',
      )
    }
    seen.add(node)
    arrive(node, () => {})
  }
  if (seen.size !== nodes.length)
    throw new GradError(`backward: this order leaves out ${nodes.length - seen.size} of ${nodes.length} nodes`)
  return chosen
}

export interface Walk<T> {
  /** How two cotangents of one node are summed. */
  readonly add: (a: T, b: T) => T
  readonly order?: Order
  /** When given, only the nodes on a way to these are visited, and their cotangents are the result. */
  readonly targets?: ReadonlySet<Node<T>>
  /** Where the walk ends: nothing is handed on by these, though they were computed from others. */
  readonly ends?: ReadonlySet<Node<T>>
  /** Called with each node's complete cotangent. */
  readonly visit?: (node: Node<T>, g: T) => void
  /** Drop what a node stored as soon as its cotangent has gone on. */
  readonly release?: boolean
}

/**
 * Reverse mode: carries `seed`, the cotangent of `root`, backwards and returns the cotangents of the targets (of
 * none, when there are no targets: then `visit` is where they are seen). A cotangent is dropped once it has gone on.
 */
export function pullback<T>(
  root: Node<T>,
  seed: T,
  { add, order, targets, ends, visit, release }: Walk<T>,
): Map<Node<T>, T> {
  const nodes = ends ? postorder(root, ends).reverse() : backwardOrder(root, order)
  const needed = targets && reaching(nodes, targets)
  const result = new Map<Node<T>, T>()
  const pending = new Map<Node<T>, T>([[root, seed]])
  for (const node of nodes) {
    let g = pending.get(node)
    if (g === undefined) continue
    pending.delete(node)
    if (node.hooked) g = node.hooked(g)
    visit?.(node, g)
    if (targets?.has(node)) result.set(node, g)
    if (ends?.has(node)) continue
    const wanted = node.inputs.map(input => isNode(input) && (!needed || needed.has(input)))
    if (wanted.includes(true)) {
      const cotangents = node.pull(g, wanted)
      for (let i = 0; i < wanted.length; i++) {
        const dx = cotangents[i]
        if (!wanted[i] || dx === null || dx === undefined) continue
        const input = node.inputs[i] as Node<T>
        const sum = pending.get(input)
        pending.set(input, sum === undefined ? dx : add(sum, dx))
      }
    }
    if (release) node.release?.()
  }
  return result
}

/** Those of `nodes` (consumers first) from which a target is reached. */
function reaching<T>(nodes: readonly Node<T>[], targets: ReadonlySet<Node<T>>): Set<Node<T>> {
  const found = new Set<Node<T>>()
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node<T>
    if (targets.has(node) || node.inputs.some(input => isNode(input) && found.has(input))) found.add(node)
  }
  return found
}
