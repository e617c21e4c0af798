// The plan of a program: which sums run together, and where in memory everything lies.
import { Expr } from '../../engine/expr.ts'
import { Pointwise } from '../../engine/pointwise.ts'
import { type Graph, identity, START } from './graph.ts'
import { Ints } from './tape.ts'

/** How the sums of a group begin: with their one term, with 0, or with the number in a slot. */
export type Mode = 'set' | 'zero' | 'onto'
const MODES: readonly Mode[] = ['set', 'zero', 'onto']

/** The code that a group needs: an op and how its sums begin. */
export interface Kernel {
  readonly op: Pointwise
  readonly mode: Mode
}

/** Sums of one kernel and one number of terms are computed this many at a time, their addresses interleaved. */
export const LANES = 4

/** The words of a group: kernel, how many sums, terms of each, address of the first sum, address of its addresses. */
export const GROUP = 5

export interface Plan {
  readonly kernels: readonly Kernel[]
  /** The place of each slot, in numbers from the beginning; -1 for those that are not needed. */
  readonly place: Int32Array
  /** Numbers first, then addresses (in bytes), then groups. */
  readonly numbers: number
  readonly addresses: Int32Array
  readonly groups: Int32Array
  readonly levels: number
  readonly sums: number
  readonly terms: number
}

const sum = Pointwise.from(Expr.input(0).add(Expr.input(1)), 2)

/** How often each slot is read by what is needed. */
function uses(graph: Graph): Int32Array {
  const { start, first, termOp, termArgs, termNext, args, ops } = graph
  const count = new Int32Array(start.length)
  for (const { slot } of graph.outputs) count[slot]++
  for (const { slot, grad } of graph.returned.values()) {
    count[slot]++
    if (grad >= 0) count[grad]++
  }
  for (let slot = start.length - 1; slot >= 0; slot--) {
    if (count[slot] === 0) continue
    if (start.data[slot] >= 0) count[start.data[slot]]++
    for (let t = first.data[slot]; t >= 0; t = termNext.data[t]) {
      const from = termArgs.data[t]
      for (let i = 0; i < ops[termOp.data[t]].arity; i++) count[args.data[from + i]]++
    }
  }
  return count
}

/**
 * Makes chains of additions sums of many terms, and what is only computed to be added to one a term of it: a neuron's
 * w·x + b is one sum, as is a gradient that comes from many sides. The order of the additions stays as it is.
 */
function gather(graph: Graph, count: Int32Array): void {
  const { start, first, last, termOp, termArgs, termNext, args } = graph
  const adds = graph.op(sum)
  const copies = graph.op(identity)
  /** Is the slot read once, and something that may be computed where it is read? */
  const isSum = (slot: number): boolean => count[slot] === 1 && start.data[slot] !== START.input && !isTerm(slot)
  const isTerm = (slot: number): boolean => start.data[slot] === START.none
  const absorb = (slot: number): void => {
    count[slot] = 0
  }
  for (let slot = 0; slot < start.length; slot++) {
    if (count[slot] === 0 || first.data[slot] < 0) continue
    if (isTerm(slot) && termOp.data[first.data[slot]] === adds) {
      const at = termArgs.data[first.data[slot]]
      let [x, y] = [args.data[at], args.data[at + 1]]
      if (isSum(y) && !isSum(x)) [x, y] = [y, x]
      const term = graph.copy(y)
      first.data[slot] = term
      last.data[slot] = term
      start.data[slot] = x
    }
    if (isTerm(slot)) continue
    // further terms of its own are copies of slots that may be terms themselves
    let before = -1
    for (let t = first.data[slot]; t >= 0; before = t, t = termNext.data[t]) {
      if (termOp.data[t] !== copies) continue
      const from = args.data[termArgs.data[t]]
      if (count[from] !== 1 || !isTerm(from)) continue
      const term = first.data[from]
      termNext.data[term] = termNext.data[t]
      if (before < 0) first.data[slot] = term
      else termNext.data[before] = term
      if (last.data[slot] === t) last.data[slot] = term
      absorb(from)
      t = term
    }
    const from = start.data[slot]
    if (from >= 0 && isSum(from)) {
      termNext.data[last.data[from]] = first.data[slot]
      first.data[slot] = first.data[from]
      start.data[slot] = start.data[from]
      absorb(from)
    }
  }
}

/** The positions of what is sorted by `key` (0 <= key < keys), equal keys in the order in which they come. */
function sorted(key: Int32Array, length: number, keys: number): Int32Array {
  const at = new Int32Array(keys + 1)
  for (let i = 0; i < length; i++) at[key[i] + 1]++
  for (let k = 0; k < keys; k++) at[k + 1] += at[k]
  const order = new Int32Array(length)
  for (let i = 0; i < length; i++) order[at[key[i]]++] = i
  return order
}

/**
 * Sums are sorted into levels, each after those that it reads from, and in a level into groups of the same kernel and
 * number of terms: a group is one loop without dependences.
 */
export function planOf(graph: Graph): Plan {
  const count = uses(graph)
  gather(graph, count)
  const tasks = new Tasks(graph, count)
  return new Layout(graph, count, tasks).plan()
}

/** Sums of terms of one op, in an order in which each comes after all that it reads. */
class Tasks {
  readonly kernels: Kernel[] = []
  readonly #kernelOf = new Map<number, number>()
  readonly shapes: { readonly kernel: number; readonly terms: number }[] = []
  readonly #shapeOf = new Map<number, number>()
  /** The slot it computes, what it starts from, its first term. */
  readonly slot = new Ints(1024)
  readonly start = new Ints(1024)
  readonly first = new Ints(1024)
  readonly shape = new Ints(1024)
  readonly level = new Ints(1024)
  levels = 1
  terms = 0

  constructor(
    private readonly graph: Graph,
    count: Int32Array,
  ) {
    const level = new Int32Array(count.length)
    for (let slot = 0; slot < count.length; slot++)
      if (count[slot] > 0 && graph.first.data[slot] >= 0) this.#add(slot, level)
  }

  /** A sum, as one task for each run of terms of the same op. */
  #add(slot: number, level: Int32Array): void {
    const { ops, start, first, termOp, termArgs, termNext, args } = this.graph
    let from = start.data[slot]
    let below = from >= 0 ? level[from] : 0
    for (let t = first.data[slot]; t >= 0; ) {
      const op = termOp.data[t]
      const { arity } = ops[op]
      let n = 0
      this.first.push(t)
      for (; t >= 0 && termOp.data[t] === op; t = termNext.data[t], n++) {
        const at = termArgs.data[t]
        for (let i = at; i < at + arity; i++) if (level[args.data[i]] > below) below = level[args.data[i]]
      }
      below++
      this.terms += n
      this.slot.push(slot)
      this.start.push(from)
      this.level.push(below)
      this.shape.push(this.#shape(op, from === START.none ? 0 : from === START.zero ? 1 : 2, n))
      from = slot
    }
    level[slot] = below
    if (below >= this.levels) this.levels = below + 1
  }
  #shape(op: number, mode: number, terms: number): number {
    const key = 3 * op + mode
    let kernel = this.#kernelOf.get(key)
    if (kernel === undefined) {
      kernel = this.kernels.push({ op: this.graph.ops[op], mode: MODES[mode] as Mode }) - 1
      this.#kernelOf.set(key, kernel)
    }
    const full = kernel * 2 ** 32 + terms
    let shape = this.#shapeOf.get(full)
    if (shape === undefined) {
      shape = this.shapes.push({ kernel, terms }) - 1
      this.#shapeOf.set(full, shape)
    }
    return shape
  }
}

/** Places for slots, and addresses of what each sum reads. */
class Layout {
  readonly #order: Int32Array
  readonly #place: Int32Array
  readonly #addresses: Ints
  readonly #groups = new Ints(256)
  /** The next terms of the sums that are laid out beside one another. */
  readonly #next = new Int32Array(LANES)
  #numbers = 0

  constructor(
    private readonly graph: Graph,
    count: Int32Array,
    private readonly tasks: Tasks,
  ) {
    const { shape, level, shapes } = tasks
    const byShape = sorted(shape.data, shape.length, shapes.length)
    const levels = byShape.map(task => level.data[task])
    this.#order = sorted(levels, levels.length, tasks.levels).map(i => byShape[i])
    this.#addresses = new Ints(graph.args.length + 64)
    this.#place = new Int32Array(count.length).fill(-1)
    for (const { slot } of graph.inputs) if (count[slot] > 0) this.#place[slot] = this.#numbers++
  }

  plan(): Plan {
    const { tasks } = this
    const order = this.#order
    const shape = tasks.shape.data
    const level = tasks.level.data
    for (let begin = 0, end = 0; begin < order.length; begin = end) {
      const task = order[begin]
      do end++
      while (end < order.length && shape[order[end]] === shape[task] && level[order[end]] === level[task])
      this.#group(begin, end)
    }
    const numbers = this.#numbers
    const groups = this.#groups.data.subarray(0, this.#groups.length)
    // the addresses lie behind the numbers
    for (let g = 0; g < groups.length; g += GROUP) groups[g + 4] = 8 * numbers + 4 * groups[g + 4]
    return {
      kernels: tasks.kernels,
      place: this.#place,
      numbers,
      addresses: this.#addresses.data.subarray(0, this.#addresses.length),
      groups,
      levels: tasks.levels - 1,
      sums: tasks.slot.length,
      terms: tasks.terms,
    }
  }

  #group(begin: number, end: number): void {
    const { tasks } = this
    const { kernel, terms } = tasks.shapes[tasks.shape.data[this.#order[begin]]]
    const { op, mode } = tasks.kernels[kernel]
    const groups = this.#groups
    groups.push(kernel)
    groups.push(end - begin)
    groups.push(terms)
    groups.push(8 * this.#numbers)
    groups.push(this.#addresses.length)
    for (let i = begin; i < end; ) {
      const lanes = mode !== 'set' && end - i >= LANES ? LANES : 1
      this.#sums(i, lanes, terms, op.arity, mode === 'onto')
      i += lanes
    }
  }
  /** So many sums beside one another. */
  #sums(begin: number, lanes: number, terms: number, arity: number, onto: boolean): void {
    const { slot, start, first } = this.tasks
    const { termNext, termArgs, args } = this.graph
    const next = this.#next
    for (let j = 0; j < lanes; j++) {
      const task = this.#order[begin + j]
      next[j] = first.data[task]
      if (onto) this.#address(start.data[task])
    }
    for (let t = 0; t < terms; t++) {
      for (let i = 0; i < arity; i++)
        for (let j = 0; j < lanes; j++) this.#address(args.data[termArgs.data[next[j]] + i])
      for (let j = 0; j < lanes; j++) next[j] = termNext.data[next[j]]
    }
    for (let j = 0; j < lanes; j++) this.#place[slot.data[this.#order[begin + j]]] = this.#numbers++
  }
  #address(slot: number): void {
    this.#addresses.push(8 * this.#place[slot])
  }
}
