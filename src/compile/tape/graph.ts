// A recording as a graph of sums: forward, backward and update become one list of `slot = f(slots)` or `slot = init + f(slots) + …`.
import { Expr } from '../../engine/expr.ts'
import { Pointwise } from '../../engine/pointwise.ts'
import { Value } from '../../engine/value.ts'
import { Event, Ints, type Outside, type Recording } from './tape.ts'

/** What a sum starts from, when not from a slot. */
export const START = {
  /** 0, as a gradient does. */
  zero: -1,
  /** Nothing: the slot is its one term. */
  none: -2,
  /** The slot is set from outside. */
  input: -3,
} as const

export const identity = Pointwise.from(Expr.input(0), 1)

/** Where the numbers of the inputs come from. */
export interface Input {
  readonly slot: number
  readonly from:
    | { readonly kind: 'data' | 'grad'; readonly outside: Outside }
    | { readonly kind: 'live'; readonly read: () => number; readonly value: number }
    | { readonly kind: 'number'; readonly value: number }
}

/** Where the numbers of the outputs go. */
export interface Output {
  slot: number
  readonly to: 'data' | 'grad'
  readonly outside: Outside
}

/** A value that the step returns. */
export interface Returned {
  slot: number
  /** Its gradient, when a backward came through. */
  grad: number
}

/**
 * Slots are numbered in an order in which each comes after all it is computed from. The terms of a sum are a linked
 * list, so that one sum can be added to another without copying.
 */
export class Graph {
  readonly ops: Pointwise[] = []
  /** By expression and arity: a derivative is often the expression of an op. */
  readonly #opIds = new Map<Expr, number[]>()
  readonly start: Ints
  readonly first: Ints
  readonly last: Ints
  readonly termOp: Ints
  readonly termArgs: Ints
  readonly termNext: Ints
  readonly args: Ints
  readonly inputs: Input[] = []
  readonly outputs: Output[] = []
  readonly returned = new Map<Value, Returned>()

  /** The values from outside that are still there after the step. */
  readonly kept: Outside[] = []

  /** `room`: how many integers there may be of each kind, at a guess. */
  constructor(room: number) {
    this.start = new Ints(room)
    this.first = new Ints(room)
    this.last = new Ints(room)
    this.termOp = new Ints(room)
    this.termArgs = new Ints(room)
    this.termNext = new Ints(room)
    this.args = new Ints(2 * room)
  }

  op(op: Pointwise): number {
    const known = this.#opIds.get(op.expr)
    if (known?.[op.arity] !== undefined) return known[op.arity]
    const byArity = known ?? []
    const id = this.ops.push(op) - 1
    byArity[op.arity] = id
    this.#opIds.set(op.expr, byArity)
    return id
  }
  slot(start: number, first = -1, last = first): number {
    this.first.push(first)
    this.last.push(last)
    return this.start.push(start)
  }
  /** A term; its arguments follow by `args.push`. */
  term(op: number): number {
    this.termArgs.push(this.args.length)
    this.termNext.push(-1)
    return this.termOp.push(op)
  }
  copy(slot: number): number {
    const term = this.term(this.op(identity))
    this.args.push(slot)
    return term
  }
}

/**
 * The graph of a recording. Leaves that the recording `before` did not have were made inside the step: they are
 * constants, and nobody is told their gradients.
 */
export const graphOf = (recording: Recording, before?: Recording): Graph => new Lowering(recording, before).graph

/** What a cotangent rule is: an op, and which of operands, result and cotangent it reads. */
interface Rule {
  readonly op: number
  readonly reads: readonly number[]
}

/** Does what the recording says, with slots for numbers. */
class Lowering {
  readonly graph: Graph
  readonly #known: ReadonlySet<Value> | null
  readonly #outside = new Map<number, Outside>()
  /** The slots that hold each value's number and gradient now. */
  readonly #data: Int32Array
  readonly #grad: Int32Array
  /** The place on the tape of the op that computed a value. */
  readonly #at: Int32Array
  /** The terms of gradients that are not complete yet. */
  readonly #head: Int32Array
  readonly #tail: Int32Array
  readonly #constants = new Map<number, number>()
  #negativeZero = -1
  /** The recording's ops in the graph, and their rules by operand. */
  readonly #ops: readonly number[]
  readonly #rules: (Rule | null)[][]
  readonly #copies: number
  /** What operands held that no gradient flows to, by their places on the tape: the graph keeps their numbers. */
  readonly #held = new Map<number, number>()

  constructor(
    private readonly recording: Recording,
    before?: Recording,
  ) {
    const { tape, ops, values, outside, reads } = recording
    this.#known = before ? new Set(before.outside.map(({ x }) => x)) : null
    this.graph = new Graph((tape.length >> 1) + 64)
    const none = (): Int32Array => new Int32Array(values.length).fill(-1)
    this.#data = none()
    this.#grad = none()
    this.#at = none()
    this.#head = none()
    this.#tail = none()
    for (const one of outside) this.#outside.set(one.id, one)
    this.#ops = ops.map(op => this.graph.op(op))
    this.#rules = ops.map(() => [])
    this.#copies = this.graph.op(identity)
    for (let at = 0; at < tape.length; at = recording.next(at)) {
      const kind = tape[at]
      const a = tape[at + 1]
      const b = tape[at + 2]
      if (kind === Event.computed || kind === Event.constant) this.#compute(at, a, b)
      else if (kind === Event.earlier) this.#at[b] = at
      else if (kind === Event.swept) this.#sweep(a, at + 3, at + 3 + b)
      else if (kind === Event.cleared) this.#grad[a] = this.#constant(0)
      else if (kind === Event.moved) this.#data[a] = this.#dataOf(b)
      else if (kind === Event.gradient)
        this.#data[b] = values[a].op === null ? this.#gradOf(a) : this.#summed(this.#gradOf(a))
      else if (kind === Event.graded) this.#grad[a] = this.#dataOf(b)
      else this.#data[a] = this.#input({ kind: 'live', read: reads.get(a) as () => number, value: values[a].data })
    }
    this.#end()
  }

  /** Was a leaf made inside the step? */
  #isInside({ x }: Outside): boolean {
    return this.#known !== null && !this.#known.has(x)
  }
  #input(from: Input['from']): number {
    const slot = this.graph.slot(START.input)
    this.graph.inputs.push({ slot, from })
    return slot
  }
  #constant(value: number): number {
    if (Object.is(value, -0)) {
      if (this.#negativeZero < 0) this.#negativeZero = this.#input({ kind: 'number', value })
      return this.#negativeZero
    }
    let slot = this.#constants.get(value)
    if (slot === undefined) {
      slot = this.#input({ kind: 'number', value })
      this.#constants.set(value, slot)
    }
    return slot
  }
  #entering(kind: 'data' | 'grad', id: number): number {
    const from = this.#outside.get(id)
    if (!from) return this.#constant(0)
    return this.#isInside(from) ? this.#constant(from[kind]) : this.#input({ kind, outside: from })
  }
  #dataOf(id: number): number {
    if (this.#data[id] < 0) this.#data[id] = this.#entering('data', id)
    return this.#data[id]
  }
  #gradOf(id: number): number {
    if (this.#grad[id] < 0) this.#grad[id] = this.#entering('grad', id)
    return this.#grad[id]
  }
  /** The slot of operand i of the op at `at`; its result is the operand after the last. */
  #operand(at: number, i: number, arity: number): number {
    const { tape, numbers } = this.recording
    if (i === arity) return this.#dataOf(tape[at + 2])
    const x = tape[at + 3 + i]
    const held = this.#held.get(at + 3 + i)
    if (held !== undefined) return held
    return x < 0 ? this.#constant(numbers[~x]) : this.#dataOf(x)
  }

  #compute(at: number, k: number, out: number): void {
    const { graph } = this
    const op = this.recording.ops[k]
    const { arity } = op
    this.#at[out] = at
    if (op === identity) this.#data[out] = this.#operand(at, 0, arity)
    else {
      const term = graph.term(this.#ops[k])
      for (let i = 0; i < arity; i++) {
        const slot = this.#operand(at, i, arity)
        graph.args.push(slot)
        if (this.recording.tape[at] === Event.computed && !op.flows(i)) this.#held.set(at + 3 + i, slot)
      }
      this.#data[out] = graph.slot(START.none, term)
    }
  }

  #rule(k: number, i: number): Rule | null {
    let rule = this.#rules[k][i]
    if (rule === undefined) {
      const made = this.recording.ops[k].vjp(i)
      rule = made && { op: this.graph.op(made.op), reads: made.reads }
      this.#rules[k][i] = rule
    }
    return rule
  }
  /** One more term of a gradient. */
  #collect(id: number, term: number): void {
    if (this.#head[id] < 0) this.#head[id] = term
    else this.graph.termNext.data[this.#tail[id]] = term
    this.#tail[id] = term
  }
  /** 0 + what is in a slot: an alias may hold -0 where a gradient is 0. */
  #summed(slot: number): number {
    return this.graph.slot(START.zero, this.graph.copy(slot))
  }

  /** The gradient of a node whose consumers have all handed theirs on. */
  #complete(id: number, isRoot: boolean): number {
    const { graph } = this
    const isLeaf = this.recording.values[id].op === null
    if (isRoot) {
      if (!isLeaf) return this.#constant(1)
      this.#collect(id, graph.copy(this.#constant(1)))
    }
    const first = this.#head[id]
    const last = this.#tail[id]
    this.#head[id] = -1
    if (isLeaf) {
      if (first < 0) return this.#grad[id]
      const held = this.#gradOf(id)
      return graph.slot(held === this.#constants.get(0) ? START.zero : held, first, last)
    }
    if (first < 0) return this.#constant(0)
    if (first !== last) return graph.slot(START.zero, first, last)
    // one term: the gradient is that, or it is the gradient of the one consumer (add)
    return graph.termOp.data[first] === this.#copies
      ? graph.args.data[graph.termArgs.data[first]]
      : graph.slot(START.none, first)
  }

  /** A backward over the nodes on the tape from `begin` to `end`. */
  #sweep(root: number, begin: number, end: number): void {
    const { tape, values } = this.recording
    for (let n = begin; n < end; n++) {
      const id = tape[n]
      const g = this.#complete(id, id === root)
      if (g >= 0) this.#grad[id] = g
      if (values[id].op !== null) this.#handOn(this.#at[id], g)
    }
  }
  /** What the result of the op at `at` contributes to the gradients of its operands. */
  #handOn(at: number, g: number): void {
    const { tape, ops } = this.recording
    const { graph } = this
    const k = tape[at + 1]
    const { arity } = ops[k]
    for (let i = 0; i < arity; i++) {
      const x = tape[at + 3 + i]
      const rule = x >= 0 ? this.#rule(k, i) : null
      if (!rule) continue
      const { op, reads } = rule
      const term = graph.term(op)
      for (let j = 0; j < reads.length; j++) graph.args.push(reads[j] <= arity ? this.#operand(at, reads[j], arity) : g)
      this.#collect(x, term)
    }
  }

  /** What leaves the step: numbers and gradients that are others than they were, and results. */
  #end(): void {
    const { graph } = this
    const { outside, result } = this.recording
    const entered = new Map(graph.inputs.map(({ slot, from }) => [slot, from]))
    const isNew = (slot: number, kind: 'data' | 'grad', one: Outside): boolean => {
      const from = entered.get(slot)
      return slot >= 0 && !(from?.kind === kind && from.outside === one)
    }
    for (const one of outside) {
      const { id, x } = one
      if (this.#isInside(one)) continue
      graph.kept.push(one)
      const data = this.#data[id]
      const grad = this.#grad[id]
      if (isNew(data, 'data', one)) graph.outputs.push({ slot: data, to: 'data', outside: one })
      if (isNew(grad, 'grad', one))
        graph.outputs.push({ slot: x.op === null ? grad : this.#summed(grad), to: 'grad', outside: one })
    }
    this.#return(result)
  }
  #return(x: unknown): void {
    const { graph } = this
    if (x instanceof Value) {
      const id = this.recording.ids.get(x)
      if (id === undefined || graph.returned.has(x)) return
      const from = this.#outside.get(id)
      // a variable from outside is returned itself
      if (from && !this.#isInside(from)) return
      graph.returned.set(x, { slot: this.#dataOf(id), grad: this.#grad[id] < 0 ? -1 : this.#summed(this.#grad[id]) })
    } else if (typeof x === 'object' && x !== null) for (const y of Object.values(x)) this.#return(y)
  }
}
