// The reverse sweep in any order: the same gradients, another storage; and what goes wrong in an order that is none.
import { noGrad } from '../engine/apply.ts'
import { options, record } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { type Node, type Order, postorder, pullback } from '../engine/graph.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Active, one, sum } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'
import { Module } from '../nn/module.ts'
import { listing } from './fold.ts'
import { type Amount, Meter } from './meter.ts'
import type { Table } from './table.ts'
import { type Inputs, namedInputs, type Row, runnable, type Trace, type Traceable, trace } from './trace.ts'

/** One sweep over the graph, from the output to the inputs. */
export interface OrderedSweep {
  readonly order: string
  /** The rows by name as they were visited, each when its adjoint was complete. */
  readonly visited: readonly string[]
  /** The gradient by each input. */
  readonly gradients: readonly (number | Tensor)[]
  /** The farthest that an element is from the first sweep's: in another order sums round otherwise, nothing else. */
  readonly difference: number
  /** The most that the sweep had to hold at once of its own: adjoints that wait for their turn. */
  readonly waiting: Amount
  /** The most that was live at once in the run of f and the sweep together. */
  readonly peak: Amount
}

export interface OrderOptions {
  /** Orders of one's own, by what to call them: functions as `backward` takes, or the names of all results in order. */
  readonly orders?: Readonly<Record<string, Order | readonly string[]>>
}

/** A function with one output, run once and recorded. */
interface Recorded {
  readonly traced: Trace
  readonly root: Node<Active>
  readonly seed: Active
  readonly targets: readonly (Node<Active> | null)[]
}

/** @throws ShapeError when f has several outputs, ArgumentError when none of its inputs leads there */
function recorded(op: string, f: Traceable, inputs: Inputs, meter = new Meter()): Recorded {
  const named = namedInputs(op, f, inputs)
  const run = runnable(op, f, named)
  const watched = (...xs: never[]): unknown => meter.watch(() => run(...xs))
  const traced = trace(watched, Object.fromEntries(named), f instanceof Module ? { model: f } : {})
  const [out, ...others] = traced.outputs
  if (out === undefined || others.length > 0)
    throw new ShapeError(`${op}: a sweep begins at one output, the function has ${traced.outputs.length}`)
  const targets = traced.inputs.map(({ node }) => node)
  if (out.node === null) throw new ArgumentError(`${op}: the output depends on none of the inputs`)
  return { traced, root: out.node, seed: one(out.value instanceof Tensor ? out.value : 0), targets }
}

const numberOf = (g: Active | undefined, like: number | Tensor): number | Tensor =>
  g === undefined ? (like instanceof Tensor ? like.mul(0) : 0) : g instanceof Value ? g.data : g

/** The largest distance between elements, where both are not the same. */
function distance(a: readonly (number | Tensor)[], b: readonly (number | Tensor)[]): number {
  const numbers = (xs: readonly (number | Tensor)[]): number[] =>
    xs.flatMap(x => (x instanceof Tensor ? Array.from(x.data) : [x]))
  const others = numbers(b)
  return numbers(a).reduce(
    (most, x, i) => (Object.is(x, others[i]) ? most : Math.max(most, Math.abs(x - (others[i] as number)))),
    0,
  )
}

const isNames = (order: Order | readonly string[]): order is readonly string[] => Array.isArray(order)

/**
 * An order by names: those that are not named, inputs and parameters, come last.
 * @throws ArgumentError for a name that is not in the graph
 */
function byName({ at }: Trace, names: readonly string[]): Order {
  const rows: ReadonlyMap<unknown, Row> = at
  return <N>(nodes: readonly N[]): readonly N[] => {
    const named = new Map(nodes.map(x => [rows.get(x)?.name, x]))
    const chosen: readonly N[] = names.map(name => {
      const node = named.get(name)
      if (node === undefined)
        throw new ArgumentError(`sweeps: there is no '${name}' in the graph of ${[...named.keys()].join(', ')}`)
      return node
    })
    return [...chosen, ...nodes.filter(x => !chosen.includes(x))]
  }
}

/**
 * The reverse sweep of a function with one output (a tensor is seeded with ones), once in each order: depth-first,
 * breadth-first (Kahn's: a node as soon as its last consumer is done), and those that are given. An order is right when
 * each node comes after all of its consumers; then the gradients are the same. What has to be held meanwhile is not.
 *
 * A. B. Kahn, "Topological sorting of large networks", 1962.
 *
 * @throws ShapeError when the function has several outputs, ArgumentError for a name that is not in its graph
 * @throws GradError for an order that visits a node before one of its consumers, twice, or not at all
 * @example
 * const f = (x: Value) => x.sin().exp().add(x.cos().exp())
 * const found = sweeps(f, [1], { orders: { mine: ['w5', 'w3', 'w1', 'w4', 'w2'] } })
 * found.map(({ order, visited }) => `${order}: ${visited.join(' ')}`).join('\n')
 * // depthFirst: w5 w4 w2 w3 w1 x1
 * // breadthFirst: w5 w3 w4 w1 w2 x1
 * // mine: w5 w3 w1 w4 w2 x1
 */
export function sweeps(f: Traceable, inputs: Inputs, given: OrderOptions = {}): OrderedSweep[] {
  const { orders = {} } = options('sweeps', given, ['orders'])
  const all: [string, Order | readonly string[]][] = [
    ['depthFirst', 'depthFirst'],
    ['breadthFirst', 'breadthFirst'],
    ...Object.entries(record('sweeps', 'orders by what to call them', orders)),
  ]
  const found: OrderedSweep[] = []
  for (const [name, order] of all) {
    const meter = new Meter()
    const { traced, root, seed, targets } = recorded('sweeps', f, inputs, meter)
    const run = meter.ops
    const visited: string[] = []
    const cotangents = meter.watch(() =>
      noGrad(() =>
        pullback<Active>(root, seed, {
          add: sum,
          order: isNames(order) ? byName(traced, order) : order,
          targets: new Set(targets.filter(node => node !== null)),
          visit: node => {
            const row = traced.at.get(node)
            if (row) visited.push(row.name)
          },
        }),
      ),
    )
    const gradients = traced.inputs.map(({ value }, i) => numberOf(cotangents.get(targets[i] as Node<Active>), value))
    const held = [...cotangents.values()]
    const results = traced.outputs.flatMap<Active>(({ value, node }) =>
      value instanceof Tensor ? [value] : node instanceof Value ? [node] : [],
    )
    found.push({
      order: name,
      visited,
      gradients,
      difference: found[0] ? distance(found[0].gradients, gradients) : 0,
      waiting: meter.peak(held, run),
      peak: meter.peak([...results, ...held]),
    })
  }
  return found
}

/** A node that was visited before its adjoint was complete. */
export interface Early {
  readonly name: string
  /** How many terms of its adjoint were there, */
  readonly given: number
  /** and how many there are: one for each use. */
  readonly uses: number
}

export interface NaiveSweep {
  /** The names of the inputs. */
  readonly inputs: readonly string[]
  readonly visited: readonly string[]
  /** What the recursion makes of the gradients, and what they are. */
  readonly gradients: readonly (number | Tensor)[]
  readonly right: readonly (number | Tensor)[]
  /** The nodes that handed on less than their adjoint, first the one where it began. */
  readonly early: readonly Early[]
}

/**
 * The recursion that one writes first: at a node hand its adjoint on to its operands, then go to each of them, unless
 * it was visited already. It visits a node that several others read as soon as the first of them is done; what the
 * others contribute later goes no further. Hence the orders of `sweeps`.
 *
 * @throws ShapeError when the function has several outputs
 * @example
 * // the smallest graph that breaks it: a result with two consumers, one of which reads the other
 * const found = naiveSweep((x: Value) => {
 *   const w1 = x.sin()
 *   return w1.add(w1.exp())
 * }, [0])
 * found.gradients // [1]
 * found.right // [2]
 * found.early.map(({ given, uses }) => [given, uses]) // [[1, 2]]
 */
export function naiveSweep(f: Traceable, inputs: Inputs): NaiveSweep {
  const { traced, root, seed, targets } = recorded('naiveSweep', f, inputs)
  const isNode = (x: Node<Active> | number | null): x is Node<Active> => typeof x === 'object' && x !== null
  const uses = new Map<Node<Active>, number>([[root, 1]])
  for (const node of postorder(root)) for (const x of node.inputs) if (isNode(x)) uses.set(x, (uses.get(x) ?? 0) + 1)
  const adjoint = new Map<Node<Active>, Active>([[root, seed]])
  const terms = new Map<Node<Active>, number>([[root, 1]])
  const seen = new Set<Node<Active>>()
  const visited: string[] = []
  const early: Early[] = []
  // the recursion, with a stack of its own: graphs are deeper than JavaScript's
  const stack: Node<Active>[] = [root]
  noGrad(() => {
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (seen.has(node)) continue
      seen.add(node)
      const name = traced.at.get(node)?.name ?? ''
      visited.push(name)
      const g = adjoint.get(node)
      const [given, of] = [terms.get(node) ?? 0, uses.get(node) as number]
      // an input adds up what comes, also after it was visited
      if (given < of && node.inputs.length > 0) early.push({ name, given, uses: of })
      if (g !== undefined && node.inputs.length > 0) {
        node.pull(g, node.inputs.map(isNode)).forEach((dx, i) => {
          const x = node.inputs[i] as Node<Active>
          if (!isNode(x)) return
          terms.set(x, (terms.get(x) ?? 0) + 1)
          if (dx === null) return
          const before = adjoint.get(x)
          adjoint.set(x, before === undefined ? dx : sum(before, dx))
        })
      }
      stack.push(...node.inputs.filter(isNode).reverse())
    }
  })
  const [{ gradients: right }] = sweeps(f, inputs) as [OrderedSweep]
  return {
    inputs: traced.inputs.map(({ name }) => name),
    visited,
    gradients: traced.inputs.map(({ value }, i) => numberOf(adjoint.get(targets[i] as Node<Active>), value)),
    right,
    early,
  }
}

/** Sweeps as a table: a row for each order. */
export function sweepTable(found: readonly OrderedSweep[]): Table {
  return {
    title: 'The reverse sweep in several orders',
    columns: [
      { title: 'order' },
      { title: 'visited' },
      { title: 'adjoints waiting, bytes', align: 'right' },
      { title: 'peak bytes', align: 'right' },
      { title: 'difference', align: 'right' },
    ],
    rows: found.map(({ order, visited, waiting, peak, difference }) => [
      order,
      listing(visited),
      waiting.bytes,
      peak.bytes,
      difference,
    ]),
    notes: ['The gradients are the same, up to the rounding of sums in another order: the last column.'],
  }
}

/** How many nodes that came too early are told of with a sentence each. */
const EARLY = 6

/** A naive sweep as a table: a row for each input, and below where it went wrong. */
export function naiveTable({ inputs, visited, gradients, right, early }: NaiveSweep): Table {
  return {
    title: 'The recursion that does not wait',
    columns: [{ title: 'input' }, { title: 'its gradient', align: 'right' }, { title: 'the gradient', align: 'right' }],
    rows: inputs.map((name, i) => [name, gradients[i] as number | Tensor, right[i] as number | Tensor]),
    notes: [
      `Visited: ${listing(visited)}.`,
      ...early
        .slice(0, EARLY)
        .map(
          ({ name, given, uses }) => `${name} came too early: ${given} of the ${uses} terms of its adjoint were there.`,
        ),
      ...(early.length > EARLY ? [`So did ${listing(early.slice(EARLY).map(({ name }) => name))}.`] : []),
    ],
  }
}
