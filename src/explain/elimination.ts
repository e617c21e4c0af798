// Jacobians accumulated by eliminating vertices: forward and reverse mode are two orders of many.
import { noGrad } from '../engine/apply.ts'
import { integer, list, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Value } from '../engine/value.ts'
import { listing } from './fold.ts'
import type { Table } from './table.ts'
import { type Inputs, type Row, type Trace, type Traceable, trace } from './trace.ts'

/** One vertex eliminated: each way in is multiplied with each way out. */
export interface EliminationStep {
  readonly vertex: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly multiplications: number
  readonly additions: number
}

/** A Jacobian, and what it took. */
export interface Elimination {
  readonly order: 'forward' | 'reverse' | 'markowitz' | 'exact' | 'given'
  readonly steps: readonly EliminationStep[]
  readonly multiplications: number
  readonly additions: number
  /** [m][n]: a row for each output, a column for each input. */
  readonly jacobian: readonly (readonly number[])[]
}

export interface EliminationOptions {
  /** An order of one's own: the names of all intermediates that are not outputs. */
  readonly order?: readonly string[]
  /** Up to how many intermediates the best order is searched for (12, at most 18): 2^k sets are looked at. */
  readonly exact?: number
}

/** The most intermediates of an exact search. */
const LIMIT = 18

type Weights = Map<number, number>

/**
 * A linearized computation: vertices, and edges with weights. An output that others are computed from, or that is an
 * input or twice an output, has a copy as its last vertex.
 */
class Linear {
  readonly names: string[] = []
  /** The weights of the edges that arrive at a vertex, by where they come from. */
  readonly into: Weights[] = []
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  /** What may be eliminated, in the order of evaluation. */
  readonly inner: readonly number[]
  /** What a vertex is the copy of: the edge between them is worth no multiplication. */
  readonly copies = new Map<number, number>()

  constructor({ rows, inputs, outputs }: Trace) {
    const vertex = new Map<Row, number>()
    const used = new Set(inputs)
    for (const row of inputs) vertex.set(row, this.#add(row.name))
    for (const row of rows) {
      if (vertex.has(row) || !row.args.some(x => typeof x === 'object' && vertex.has(x))) continue
      const into: Weights = new Map()
      weights(row).forEach((weight, i) => {
        const x = row.args[i] as Row
        const from = vertex.get(x)
        if (weight === null || from === undefined) return
        used.add(x)
        into.set(from, (into.get(from) ?? 0) + weight)
      })
      vertex.set(row, this.#add(row.name, into))
    }
    this.inputs = inputs.map(row => vertex.get(row) as number)
    const ends = new Set<number>()
    this.outputs = outputs.map(row => {
      const at = vertex.get(row)
      const once = outputs.indexOf(row) === outputs.lastIndexOf(row)
      if (at !== undefined && !used.has(row) && once) {
        ends.add(at)
        return at
      }
      const copy = this.#add(row.name, at === undefined ? new Map() : new Map([[at, 1]]))
      if (at !== undefined) this.copies.set(copy, at)
      return copy
    })
    this.inner = [...vertex].flatMap(([row, at]) => (inputs.includes(row) || ends.has(at) ? [] : [at]))
  }

  #add(name: string, into: Weights = new Map()): number {
    this.into.push(into)
    return this.names.push(name) - 1
  }

  /** The vertices that each vertex has edges to. */
  get out(): Set<number>[] {
    const out = this.into.map(() => new Set<number>())
    this.into.forEach((into, to) => {
      for (const from of into.keys()) (out[from] as Set<number>).add(to)
    })
    return out
  }
}

/** The partial derivatives of a row by its arguments: what its place in the graph makes of a cotangent of 1. */
function weights({ name, node, args, places }: Row): readonly (number | null)[] {
  if (node !== null && !(node instanceof Value))
    throw new ArgumentError(
      `eliminate: is for functions of numbers, but '${name}' is a tensor, between which edges would be whole Jacobians. Write the function with values, one for each element; jacfwd, jacrev and cost take tensors`,
    )
  const found =
    node === null
      ? []
      : noGrad(() =>
          node.pull(
            Value.constant(1),
            node.inputs.map(x => typeof x === 'object'),
          ),
        )
  return args.map((_, i) => found[places[i] as number]?.data ?? null)
}

/** Eliminates the vertices that `next` names, one after the other, until it has no more. */
function run(
  order: Elimination['order'],
  linear: Linear,
  next: (left: ReadonlySet<number>, degree: (vertex: number) => number) => number,
): Elimination {
  const { names, inputs, outputs, inner, copies } = linear
  const into = linear.into.map(from => new Map(from))
  const out = linear.out
  const left = new Set(inner)
  const steps: EliminationStep[] = []
  const degree = (vertex: number): number => {
    const to = [...(out[vertex] as Set<number>)].filter(k => copies.get(k) !== vertex)
    return (into[vertex] as Weights).size * to.length
  }
  while (left.size > 0) {
    const vertex = next(left, degree)
    const [from, to] = [into[vertex] as Weights, out[vertex] as Set<number>]
    const multiplications = degree(vertex)
    let additions = 0
    for (const k of to) {
      const weight = (into[k] as Weights).get(vertex) as number
      ;(into[k] as Weights).delete(vertex)
      for (const [i, w] of from) {
        const before = (into[k] as Weights).get(i)
        if (before !== undefined) additions++
        ;(into[k] as Weights).set(i, (before ?? 0) + weight * w)
        ;(out[i] as Set<number>).add(k)
      }
    }
    for (const i of from.keys()) (out[i] as Set<number>).delete(vertex)
    left.delete(vertex)
    const named = (xs: Iterable<number>): string[] => [...xs].map(x => names[x] as string)
    steps.push({ vertex: names[vertex] as string, from: named(from.keys()), to: named(to), multiplications, additions })
  }
  const all = (of: 'multiplications' | 'additions'): number => steps.reduce((sum, step) => sum + step[of], 0)
  return {
    order,
    steps,
    multiplications: all('multiplications'),
    additions: all('additions'),
    jacobian: outputs.map(k => inputs.map(i => (into[k] as Weights).get(i) ?? 0)),
  }
}

const follow = (order: readonly number[]): (() => number) => {
  let at = 0
  return () => order[at++] as number
}

/**
 * The order with the fewest multiplications. Which edges there are depends on the set of vertices that are gone, not on
 * their order: from i to k, if a way leads through vertices of the set alone. So the best order is found set by set.
 */
function best(linear: Linear): number[] {
  const { into, inner, copies } = linear
  const from = into.map(weights => [...weights.keys()])
  const to = linear.out.map(set => [...set])
  const bit = new Map(inner.map((vertex, i) => [vertex, 1 << i]))
  /** How many vertices a vertex is joined with when those of a set are gone. */
  const degree = (vertex: number, gone: number, next: readonly (readonly number[])[]): number => {
    const through = new Set([vertex])
    const ends = new Set<number>()
    for (const x of through) {
      for (const y of next[x] as readonly number[]) {
        if ((bit.get(y) ?? 0) & gone) through.add(y)
        else if (copies.get(y) !== vertex) ends.add(y)
      }
    }
    return ends.size
  }
  const sets = 1 << inner.length
  const cost = new Float64Array(sets).fill(Infinity)
  const last = new Int8Array(sets)
  cost[0] = 0
  for (let gone = 0; gone < sets; gone++) {
    inner.forEach((vertex, i) => {
      if (gone & (1 << i)) return
      const sum = (cost[gone] as number) + degree(vertex, gone, from) * degree(vertex, gone, to)
      const now = gone | (1 << i)
      if (sum >= (cost[now] as number)) return
      cost[now] = sum
      last[now] = i
    })
  }
  const order: number[] = []
  for (let gone = sets - 1; gone > 0; gone &= ~(1 << (last[gone] as number)))
    order.push(inner[last[gone] as number] as number)
  return order.reverse()
}

/** @throws ArgumentError when these are not the names of all intermediates */
function chosen({ names, inner }: Linear, order: readonly string[]): number[] {
  const all = inner.map(vertex => names[vertex] as string)
  const wrong = order.find((name, i) => !all.includes(name) || order.indexOf(name) < i)
  if (wrong !== undefined || order.length !== all.length)
    throw new ArgumentError(
      `eliminate: order is every one of ${all.join(', ')} once, not ${order.join(', ') || 'nothing'}`,
    )
  return order.map(name => inner[all.indexOf(name)] as number)
}

/**
 * The Jacobian of a function of numbers, accumulated on its graph. Each edge has a local partial; to eliminate a vertex
 * is to join each way in with each way out, at one multiplication a pair, until edges lead from inputs to outputs alone:
 * the Jacobian. Vertices in the order of evaluation are forward mode, without its products with 0; in the opposite order
 * reverse mode; any other gives the same Jacobian. The results come in this order: forward, reverse, markowitz (the
 * vertex with the fewest pairs first), exact (the fewest multiplications; for small graphs), given (`order`).
 *
 * `f` is a function of values at `inputs`, a formula in text, or a trace of one: of numbers alone, as an edge between tensors
 * would be a Jacobian itself, and joining two a product of matrices. `jacfwd`, `jacrev` and `cost` take tensors. To find the best order is NP-complete: U. Naumann, "Optimal
 * Jacobian accumulation is NP-complete", 2008; the greedy one: A. Griewank and S. Reese, "On the calculation of Jacobian
 * matrices by the Markowitz rule", 1991.
 *
 * @throws ArgumentError when there are tensors in between, the order is none, or an option is unknown
 * @example
 * const f = (x: Value, y: Value) => {
 *   const middle = x.mul(y).sin().tanh()
 *   return [middle.exp(), middle.cos()]
 * }
 * const found = eliminate(f, [1, 2])
 * found.map(({ multiplications }) => multiplications) // [8, 8, 7, 7]
 */
export function eliminate(f: Traceable | Trace, inputs: Inputs = [], given: EliminationOptions = {}): Elimination[] {
  const { order, exact = 12 } = options('eliminate', given, ['order', 'exact'])
  if (integer('eliminate', 'exact', exact, 0) > LIMIT)
    throw new ArgumentError(`eliminate: exact is at most ${LIMIT}, not ${exact}: it would look at 2^${exact} sets`)
  const linear = new Linear(typeof f === 'object' && 'rows' in f ? f : trace(f, inputs))
  const { inner } = linear
  const results = [
    run('forward', linear, follow(inner)),
    run('reverse', linear, follow([...inner].reverse())),
    run('markowitz', linear, (left, degree) =>
      [...left].reduce((least, vertex) => (degree(vertex) < degree(least) ? vertex : least)),
    ),
  ]
  if (inner.length <= exact) results.push(run('exact', linear, follow(best(linear))))
  if (order) results.push(run('given', linear, follow(chosen(linear, list('eliminate', 'order', order)))))
  return results
}

/** Eliminations as a table: a row for each order. */
export function eliminationTable(found: readonly Elimination[]): Table {
  return {
    title: 'The Jacobian by vertex elimination',
    columns: [
      { title: 'order' },
      { title: 'vertices' },
      { title: 'multiplications', align: 'right' },
      { title: 'additions', align: 'right' },
    ],
    rows: found.map(({ order, steps, multiplications, additions }) => [
      order,
      listing(
        steps.map(({ vertex, multiplications: n }) => `${vertex} (${n})`),
        ', ',
      ),
      multiplications,
      additions,
    ]),
    notes: ['In brackets: the multiplications of each vertex, its ways in times its ways out.'],
  }
}
