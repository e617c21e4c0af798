// What ops did while functions ran, and how much had to be held meanwhile: read off what the door tells observers.
import { type Applied, during, mode, TensorNode } from '../engine/apply.ts'
import { type Node, postorder } from '../engine/graph.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Active } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'

/** Numbers held, and the bytes that they take. */
export interface Amount {
  readonly values: number
  readonly bytes: number
}
export const NOTHING: Amount = { values: 0, bytes: 0 }
export const total = (amounts: readonly Amount[]): Amount =>
  amounts.reduce((a, b) => ({ values: a.values + b.values, bytes: a.bytes + b.bytes }), NOTHING)

/** How long something was in use, in ops: from the first that saw it to the last. */
interface Life extends Amount {
  readonly born: number
  last: number
  /** Whether an op made it: what the caller brought along is his. */
  made: boolean
}

/** What holds the numbers: two tensors may share an array, as a reshape and its operand do. */
export const holder = (x: Active): object => (x instanceof Tensor ? x.array : x)
export const amount = (x: Active): Amount =>
  x instanceof Tensor ? { values: x.numel, bytes: x.nbytes } : { values: 1, bytes: Float64Array.BYTES_PER_ELEMENT }
const isActive = (x: unknown): x is Active => x instanceof Tensor || x instanceof Value

/**
 * Counts ops while functions run under `watch`, several one after the other if wanted. A result is live from the op that
 * makes it to the last op that reads it, a derivative's included; whoever keeps no more than that needs `peak`.
 */
export class Meter {
  ops = 0
  flops = 0
  // weak: to be counted is no reason to live
  readonly #lives = new WeakMap<object, Life>()
  readonly #all: Life[] = []

  watch<R>(f: () => R): R {
    const outside = mode.observer
    const observer = (event: Applied): void => {
      this.#see(event)
      outside?.(event)
    }
    return during({ observer }, f)
  }

  #see({ inputs, out, flops }: Applied): void {
    this.ops++
    this.flops += flops
    const read = inputs.filter(isActive).map(x => this.#life(x))
    if (!isActive(out)) return
    const life = this.#life(out)
    // a reshape makes no array of its own
    if (!read.includes(life)) life.made = true
  }

  #life(x: Active): Life {
    let life = this.#lives.get(holder(x))
    if (!life) {
      life = { ...amount(x), born: this.ops, last: this.ops, made: false }
      this.#lives.set(holder(x), life)
      this.#all.push(life)
    }
    life.last = this.ops
    return life
  }

  /** Did an op that was watched make it? */
  made(x: Active): boolean {
    return this.#lives.get(holder(x))?.made ?? false
  }

  /** The most that was live at once of what ops made after the first `since` ops; `kept` is live to the end. */
  peak(kept: readonly Active[], since = 0): Amount {
    const forever = new Set(kept.map(x => this.#lives.get(holder(x))))
    const changes = Array.from({ length: this.ops + 2 }, () => ({ values: 0, bytes: 0 }))
    const change = (at: number, { values, bytes }: Amount, sign: 1 | -1): void => {
      const entry = changes[at] as { values: number; bytes: number }
      entry.values += sign * values
      entry.bytes += sign * bytes
    }
    for (const life of this.#all) {
      if (!life.made || life.born <= since) continue
      change(life.born, life, 1)
      if (!forever.has(life)) change(life.last + 1, life, -1)
    }
    const now = { values: 0, bytes: 0 }
    let most = NOTHING
    for (const { values, bytes } of changes) {
      now.values += values
      now.bytes += bytes
      if (now.bytes > most.bytes) most = { ...now }
    }
    return most
  }
}

/** The nodes that these were computed from, themselves included: each after its inputs. */
export function below(roots: readonly (Node<Active> | null)[]): readonly Node<Active>[] {
  const top = { inputs: roots, input: (i: number) => roots[i], mark: 0 }
  return postorder<typeof top | Node<Active>>(top).slice(0, -1) as Node<Active>[]
}

/** What the nodes of one op keep for the backward. */
export interface Stored extends Amount {
  readonly op: string
  /** How many nodes of the graph are of this op. */
  readonly nodes: number
}

/** What a node keeps: the operands that its rules read, and its result if they read that. */
export function keeps(node: Node<Active>): readonly Active[] {
  if (node instanceof TensorNode) return node.saved
  if (!(node instanceof Value)) return []
  const { op, inputs } = node
  const all: readonly unknown[] = [...inputs, node]
  const read =
    op instanceof Pointwise
      ? inputs.flatMap((x, i) => (typeof x === 'object' ? (op.vjp(i)?.stored ?? []) : []))
      : inputs.map((_, i) => i)
  return [...new Set(read)].map(k => all[k]).filter(isActive)
}
/** The op that computed a node; null of leaves. */
export const opOf = (node: Node<Active>): string | null =>
  node.inputs.length === 0
    ? null
    : node instanceof TensorNode
      ? node.name
      : node instanceof Value
        ? (node.op?.name ?? null)
        : null

/**
 * What a recorded graph keeps for its backward, by op in the order of their first nodes, each array once, under the
 * first op that keeps it. Of `made` alone, if that is given: of what ops made, say.
 */
export function stored(
  roots: readonly (Node<Active> | null)[],
  made: (x: Active) => boolean = () => true,
): readonly Stored[] {
  const seen = new Set<object>()
  const found = new Map<string, { nodes: number; values: number; bytes: number }>()
  for (const node of below(roots)) {
    const op = opOf(node)
    if (op === null) continue
    const entry = found.get(op) ?? { nodes: 0, values: 0, bytes: 0 }
    found.set(op, entry)
    entry.nodes++
    for (const x of keeps(node)) {
      if (seen.has(holder(x)) || !made(x)) continue
      seen.add(holder(x))
      entry.values += amount(x).values
      entry.bytes += amount(x).bytes
    }
  }
  return [...found].map(([op, entry]) => ({ op, ...entry }))
}
