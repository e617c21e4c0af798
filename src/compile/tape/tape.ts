// The tape: what a step does with values, written down as numbers while it does it.
import type { Operand, Primitive, Recorder } from '../../engine/apply.ts'
import { ArgumentError, GradError } from '../../engine/errors.ts'
import type { Pointwise } from '../../engine/pointwise.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { isHooked, type Opaque, Value } from '../../engine/value.ts'

/** A list of 32-bit integers that grows. */
export class Ints {
  data: Int32Array
  length = 0
  constructor(room = 64) {
    this.data = new Int32Array(room)
  }
  push(x: number): number {
    if (this.length === this.data.length) {
      const more = new Int32Array(2 * this.length)
      more.set(this.data)
      this.data = more
    }
    this.data[this.length] = x
    return this.length++
  }
}

/**
 * Events, each a run of integers on the tape; values are numbered as they come. An operand that is a number is
 * written as `~k`, the k-th number of the recording.
 */
export const Event = {
  /** op, out, operands…: an op was applied. */
  computed: 0,
  /** op, out, operands…: the same for a result that keeps no operands, to which no gradient flows. */
  constant: 1,
  /** op, out, operands…: a value from before the step that a backward came through. */
  earlier: 2,
  /** root, count, nodes…: a backward. */
  swept: 3,
  /** x: its gradient was set to 0. */
  cleared: 4,
  /** x, from: x was given the number of another. */
  moved: 5,
  /** x, out: out stands for x's gradient. */
  gradient: 6,
  /** x, from: x's gradient was given the number of another. */
  graded: 7,
  /** out: a number that is read anew. */
  live: 8,
} as const
const NAMES = Object.keys(Event)
/** How many integers follow the kind; those of ops and sweeps have a length of their own. */
const LENGTHS = [0, 0, 0, 0, 1, 2, 2, 2, 1]

/** A result of the step: as it was returned, with the values in it. */
export type Result = unknown

/** What a value holds. */
export interface Numbers {
  readonly data: number
  readonly grad: number
}

/** A value from outside the step (or a leaf made in it), with what it held before the step. */
export interface Outside extends Numbers {
  readonly id: number
  readonly x: Value
  /** Whether the step gave it a number before it read one. */
  readonly given: boolean
}

/** A value in a message. */
export const named = (x: Value): string => (x.label ? `'${x.label}'` : String(x))
const plain = (x: object): boolean => Array.isArray(x) || Object.getPrototypeOf(x) === Object.prototype

/** @throws GradError when somebody wants to see the gradients of a value */
export function refuseHooks(x: Value): void {
  if (isHooked(x)) {
    throw new GradError(
      `compile: ${named(x)} has a hook, which a compiled step would not call. Remove it (registerHook returned what does), or do not compile this step`,
    )
  }
}

/** What one run of a step did. */
export class Recording {
  constructor(
    readonly tape: Int32Array,
    readonly numbers: readonly number[],
    readonly ops: readonly Pointwise[],
    readonly values: readonly Value[],
    readonly outside: readonly Outside[],
    readonly reads: ReadonlyMap<number, () => number>,
    readonly result: Result,
    readonly ids: ReadonlyMap<Value, number>,
    /** Data and gradients of `outside` after the step. */
    readonly after: ReadonlyMap<Value, Numbers>,
  ) {}

  /** How many ops the step applied. */
  get count(): number {
    let count = 0
    for (let at = 0; at < this.tape.length; at = this.next(at))
      if (this.tape[at] === Event.computed || this.tape[at] === Event.constant) count++
    return count
  }

  /** Where the event after the one at `at` begins. */
  next(at: number): number {
    const { tape, ops } = this
    const kind = tape[at]
    return (
      at +
      1 +
      (kind <= Event.earlier ? 2 + ops[tape[at + 1]].arity : kind === Event.swept ? 2 + tape[at + 2] : LENGTHS[kind])
    )
  }

  /** The place of the event that holds the integer at `at`. */
  #eventAt(at: number): number {
    let start = 0
    for (;;) {
      const end = this.next(start)
      if (end > at) return start
      start = end
    }
  }

  #named(at: number): string {
    const kind = this.tape[at]
    if (kind === undefined) return 'the end of the step'
    return kind <= Event.earlier ? `'${this.ops[this.tape[at + 1]].name}'` : (NAMES[kind] as string)
  }

  /**
   * Why a program made of this recording would not do what `before`, the recording of the step before, did: null
   * when both did the same with the same numbers.
   */
  differs(before: Recording): string | null {
    return this.#structure(before) ?? this.#numbers(before) ?? this.#outside(before) ?? this.#results(before)
  }

  #structure(before: Recording): string | null {
    const [now, then] = [this.tape, before.tape]
    const length = Math.min(now.length, then.length)
    let at = 0
    while (at < length && now[at] === then[at]) at++
    if (at === now.length && at === then.length) {
      const other = this.ops.findIndex((op, k) => op !== before.ops[k])
      return other < 0
        ? null
        : `the step applied '${this.ops[other].name}' where it applied '${before.ops[other].name}' before`
    }
    if (at === length) {
      const more = now.length > then.length
      const [longer, shorter] = more ? ['went on with', 'ended'] : ['ended', 'went on with']
      const next = (more ? this : before).#named(at)
      return `the step did more or less than the step before: one ${more ? longer : shorter} ${next} where the other ended. A compiled step does the same ops each time`
    }
    const start = this.#eventAt(at)
    const [a, b] = [this.#named(start), before.#named(start)]
    return a === b
      ? `${a} got other operands than in the step before. A compiled step does the same ops on the same values each time`
      : `the step did ${a} where it did ${b} the step before. A compiled step does the same ops each time: a branch must be where(…)`
  }

  #numbers(before: Recording): string | null {
    const k = this.numbers.findIndex((x, i) => !Object.is(x, before.numbers[i]))
    if (k < 0) return null
    let name = ''
    for (let at = 0; at < this.tape.length && !name; at = this.next(at)) {
      if (this.tape[at] <= Event.earlier && this.tape.subarray(at + 3, this.next(at)).includes(~k))
        name = this.#named(at)
    }
    return `the number ${this.numbers[k]} given to ${name} was ${before.numbers[k]} the step before: numbers are fixed when a step is compiled; use live(() => …, Value) or a Value made outside`
  }

  #outside(before: Recording): string | null {
    for (const [i, { x, data, given }] of this.outside.entries()) {
      const { x: then, data: number } = before.outside[i]
      if (x === then || (given && x.op === null)) continue
      if (x.op !== null || then.op !== null)
        return `the step reads ${named(x)}, which was computed before it, where it read another value the step before. To keep a number from step to step, make a Value outside and assign to it`
      if (!Object.is(data, number))
        return `a Value made inside the step held ${data}, and ${number} the step before: numbers are fixed when a step is compiled; make it outside and set its data before the step, or use live(() => …, Value)`
    }
    return null
  }

  #results(before: Recording): string | null {
    const differ = (now: unknown, then: unknown): string | null => {
      if (now instanceof Value && then instanceof Value) {
        return this.ids.get(now) === before.ids.get(then) && (this.ids.has(now) || now === then)
          ? null
          : 'the step returned another value than the step before'
      }
      if (typeof now === 'number' && typeof then === 'number' && !Object.is(now, then)) {
        return `the step returned the number ${now}, and ${then} the step before: numbers are fixed when a step is compiled; return the Value (loss, not loss.data)`
      }
      if (typeof now === 'object' && now && typeof then === 'object' && then && plain(now) && plain(then)) {
        const keys = Object.keys(now)
        if (keys.join() !== Object.keys(then).join()) return 'the step returned other keys than the step before'
        for (const key of keys) {
          const difference = differ(now[key as keyof object], then[key as keyof object])
          if (difference) return difference
        }
        return null
      }
      return Object.is(now, then) ? null : 'the step returned something else than the step before'
    }
    return differ(this.result, before.result)
  }
}

const MIXED =
  'compile: a step is written either with Values or with tensors; this one uses both. Compile two steps, or write the scalars as tensors'

/**
 * Records a step on values. Give the recording of the step before, if there is one: then the numbers of its leaves
 * are noted as the step begins, so that what the step changes by hand cannot pass for what was changed before it.
 */
export class ScalarRecorder
  implements Pick<Recorder, 'applied' | 'computed' | 'swept' | 'cleared' | 'moved' | 'gradient' | 'graded' | 'live'>
{
  readonly #tape: Ints
  readonly #numbers: number[] = []
  readonly #ops: Pointwise[] = []
  readonly #opIds = new Map<Pointwise, number>()
  readonly #values: Value[] = []
  readonly #ids = new Map<Value, number>()
  readonly #outside: Outside[] = []
  readonly #reads = new Map<number, () => number>()
  /** Values from before the step that no backward has come through yet. */
  readonly #closed = new Set<Value>()
  readonly #start = new Map<Value, Numbers>()

  constructor(before?: Recording) {
    this.#tape = new Ints(before ? before.tape.length + 64 : 1024)
    for (const { x } of before?.outside ?? []) this.#start.set(x, { data: x.data, grad: x.grad })
  }

  /** The number of a value; one that comes for the first time is from outside. */
  #id(x: Value, given = false): number {
    const known = this.#ids.get(x)
    if (known !== undefined) return known
    const id = this.#made(x)
    const { data, grad } = this.#start.get(x) ?? x
    this.#outside.push({ id, x, data, grad, given })
    if (x.op !== null) this.#closed.add(x)
    return id
  }
  #made(x: Value): number {
    const id = this.#values.push(x) - 1
    this.#ids.set(x, id)
    return id
  }
  #operand(x: Value | number): number {
    return typeof x === 'number' ? ~(this.#numbers.push(x) - 1) : this.#id(x)
  }
  #op(op: Pointwise | Opaque): number {
    const known = this.#opIds.get(op as Pointwise)
    if (known !== undefined) return known
    if (!('expr' in op)) {
      throw new GradError(
        `compile: '${op.name}' is a function with rules of its own, which cannot be compiled on the scalar engine. Write it with the ops of the table (or add a row: define), or keep it out of the compiled step`,
      )
    }
    const id = this.#ops.push(op) - 1
    this.#opIds.set(op, id)
    return id
  }
  #event(kind: number, a: number, b?: number): void {
    this.#tape.push(kind)
    this.#tape.push(a)
    if (b !== undefined) this.#tape.push(b)
  }

  computed(op: Pointwise | Opaque, args: readonly (Value | number)[], out: Value): void {
    const k = this.#op(op)
    const operands = args.length > 2 ? args.map(x => this.#operand(x)) : null
    const x = operands ? 0 : this.#operand(args[0])
    const y = operands || args.length < 2 ? 0 : this.#operand(args[1])
    const tape = this.#tape
    this.#event(out.op === null ? Event.constant : Event.computed, k, this.#made(out))
    if (operands) for (const id of operands) tape.push(id)
    else {
      tape.push(x)
      if (args.length > 1) tape.push(y)
    }
  }

  swept(root: Value, nodes: readonly Value[]): void {
    const closed = this.#closed
    const ids = nodes.map(x => {
      refuseHooks(x)
      return this.#id(x)
    })
    // what was computed before the step comes with its op here only
    if (closed.size > 0)
      nodes.forEach((x, i) => {
        if (!closed.delete(x)) return
        const k = this.#op(x.op as Pointwise | Opaque)
        const operands = x.inputs.map(y => this.#operand(y))
        this.#event(Event.earlier, k, ids[i])
        for (const operand of operands) this.#tape.push(operand)
      })
    this.#event(Event.swept, this.#id(root), ids.length)
    for (const id of ids) this.#tape.push(id)
  }

  cleared(x: Value): void {
    this.#event(Event.cleared, this.#id(x))
  }
  moved(x: Value, from: Value): void {
    const source = this.#id(from)
    this.#event(Event.moved, this.#id(x, true), source)
  }
  /** A value that stands for x's gradient as it is now. */
  gradient(x: Value): Value {
    const out = Value.constant(x.grad)
    const source = this.#id(x)
    this.#event(Event.gradient, source, this.#made(out))
    return out
  }
  graded(x: Value, from: Value): void {
    const source = this.#id(from)
    this.#event(Event.graded, this.#id(x), source)
  }
  /** A value whose number is read anew before each replay. */
  live(read: () => number): Value {
    const out = Value.constant(read())
    const id = this.#made(out)
    this.#reads.set(id, read)
    this.#event(Event.live, id)
    return out
  }

  applied(_prim: Primitive<unknown>, _p: unknown, _xs: readonly Operand[], _out: Tensor): void {
    throw new ArgumentError(MIXED)
  }

  /** The recording, once the step has returned `result`. */
  finish(result: Result): Recording {
    return new Recording(
      this.#tape.data.subarray(0, this.#tape.length),
      this.#numbers,
      this.#ops,
      this.#values,
      this.#outside,
      this.#reads,
      result,
      this.#ids,
      new Map(this.#outside.map(({ x }) => [x, { data: x.data, grad: x.grad }])),
    )
  }
}
