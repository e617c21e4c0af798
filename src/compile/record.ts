// What a step does: the ops that come through the door while it runs, what they read, and what it leaves behind.
import { type DType, type Shape, sameShape, type TypedArray } from '../backend/array.ts'
import { callers, nameOf, type Operand, type Primitive, type Recorder, wrap, wrappers } from '../engine/apply.ts'
import { CompileError } from '../engine/errors.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Opaque, Value } from '../engine/value.ts'
import { ScalarRecorder, type Recording as Tape } from './tape/tape.ts'

/** Where the elements of an array come from in each run. */
export type Source =
  | { readonly kind: 'result' }
  /** A tensor that was there before the step: it may be assigned between runs. */
  | { readonly kind: 'leaf'; readonly tensor: Tensor }
  /** The gradient that a leaf has before the step. */
  | { readonly kind: 'gradient'; readonly tensor: Tensor }
  | { readonly kind: 'argument'; readonly index: number }
  /** A number that is read anew in each run: the `index`-th of the step. */
  | { readonly kind: 'live'; readonly read: () => number; readonly index: number }
  /** Made within the step, out of numbers: the same in each run. */
  | { readonly kind: 'constant'; readonly data: TypedArray }

/** One array of the step, whatever shapes it is seen in. */
export interface Slot {
  readonly id: number
  readonly dtype: DType
  readonly length: number
  readonly source: Source
}
/** An array in a shape. */
export interface Use {
  readonly slot: Slot
  readonly shape: Shape
}
/** An op, applied. */
export interface Act {
  readonly prim: Primitive<unknown>
  readonly p: unknown
  readonly inputs: readonly (Use | number)[]
  readonly out: Use
  /** Whose stack names the user's line. */
  readonly at: Error
}

/** What must be as it was, or the step is another. */
export interface Guard {
  readonly holds: () => boolean
}
/** Is all that was built into a program as it was? */
export function fits(guards: readonly Guard[]): boolean {
  for (let i = 0; i < guards.length; i++) if (!(guards[i] as Guard).holds()) return false
  return true
}

/** A step, run once. */
export interface Recording {
  readonly slots: readonly Slot[]
  readonly acts: readonly Act[]
  readonly guards: readonly Guard[]
  /** What the step assigned, and the values of these leaves afterwards. */
  readonly assigned: readonly (readonly [Tensor, Slot])[]
  /** Whose gradients it set, and what they are afterwards. */
  readonly gradients: readonly (readonly [Tensor, Slot | null])[]
  readonly results: readonly Use[]
  /** Leaves made of what it computed, with their values. */
  readonly detached: readonly (readonly [Tensor, Slot])[]
  /** The live numbers as they were. */
  readonly lives: readonly number[]
}

/** Writes down what a step does with tensors. */
abstract class TensorRecorder {
  readonly #known = new Map<TypedArray, Slot>()
  readonly #slots: Slot[] = []
  readonly #acts: Act[] = []
  readonly #guards: Guard[] = []
  /** The guards of objects, as these were before the step. */
  readonly #before = new Map<object, Guard>()
  readonly #assigned = new Set<Tensor>()
  readonly #gradients = new Map<Tensor, Tensor | null>()
  readonly #asked = new Set<Tensor>()
  readonly #arguments: ReadonlySet<Tensor>
  readonly #leaves = new Map<Tensor, Slot>()
  readonly #detached: Tensor[] = []
  readonly #lives: number[] = []
  /** What puts back the tensors that the step changed. */
  readonly #restorers = new Map<Tensor, () => void>()
  readonly #changes: (() => void)[] = []
  /** Tensors made within the step: nobody outside knows them yet. */
  readonly #born = new WeakSet<Tensor>()

  /** The arguments are copies, so that no other tensor shares their arrays. */
  constructor(args: readonly Tensor[]) {
    this.#arguments = new Set(args)
    for (const [index, x] of args.entries()) this.#add(x.array, x.dtype, { kind: 'argument', index })
    const { key } = wrappers
    this.#guards.push({ holds: () => wrappers.key === key })
  }

  /** Has the step touched any tensor? */
  get used(): boolean {
    return this.#acts.length > 0 || this.#assigned.size > 0 || this.#gradients.size > 0
  }

  #add(array: TypedArray, dtype: DType, source: Source): Slot {
    const slot: Slot = { id: this.#slots.length, dtype, length: array.length, source }
    this.#slots.push(slot)
    if (!this.#known.has(array)) this.#known.set(array, slot)
    return slot
  }
  #slot(x: Tensor): Slot {
    const own = this.#assigned.has(x) ? undefined : this.#leaves.get(x)
    const known = own ?? this.#known.get(x.array)
    // two leaves may share an array now, and not later
    const another =
      known?.source.kind === 'leaf' && known.source.tensor !== x && !this.#born.has(x) && !this.#assigned.has(x)
    if (known && !another) return known
    if (x.isLeaf) this.tracking(x)
    const slot = this.#add(x.array, x.dtype, { kind: 'leaf', tensor: x })
    this.#leaves.set(x, slot)
    return slot
  }

  applied(prim: Primitive<unknown>, p: unknown, xs: readonly Operand[], out: Tensor): void {
    this.#born.add(out)
    const inputs = xs.map(x => (typeof x === 'number' ? x : { slot: this.#slot(x), shape: x.shape }))
    // the same array in another shape, or as the result of a custom function
    if (this.#known.has(out.array)) return
    const slot = this.#add(out.array, out.dtype, { kind: 'result' })
    this.#acts.push({ prim, p, inputs, out: { slot, shape: out.shape }, at: new Error() })
  }
  created(x: Tensor): void {
    this.#born.add(x)
    this.#add(x.array, x.dtype, { kind: 'constant', data: x.array })
  }
  liveTensor(read: () => number): Tensor {
    const value = read()
    const x = wrap({ shape: [], dtype: 'float64', data: Float64Array.of(value) })
    this.#add(x.array, 'float64', { kind: 'live', read, index: this.#lives.push(value) - 1 })
    return x
  }
  shared(x: Tensor, by: Tensor | null): void {
    if (by) this.#born.add(by)
    this.#slot(x)
  }
  detached(x: Tensor, by: Tensor): void {
    this.shared(x, by)
    this.#detached.push(by)
  }
  replacing(x: Tensor): void {
    if (!this.#born.has(x) && !this.#restorers.has(x)) this.#restorers.set(x, x.restorer())
  }
  looked(x: Tensor): void {
    const from = x.node && !x.isLeaf ? ` computed by '${x.node.name}'` : ''
    throw new CompileError(
      `compile: the step reads the numbers of a tensor ${show(x.shape)}${from} at\n${callers()}\nA compiled step runs without this code, on other numbers. Return the tensor and read it outside; where the numbers decide what happens, choose with x.gt(0).where(a, b)`,
    )
  }
  drew(): void {
    throw new CompileError(
      `compile: the step draws from a generator, or seeds it, outside of an op, at\n${callers()}\nA compiled step runs without this code. Draw with rand, randn, bernoulli …; seed before the step`,
    )
  }
  fixed(read: () => unknown, value: unknown, of?: object): void {
    const guard = { holds: () => Object.is(read(), value) }
    if (of) {
      // later it may be what the step itself made of it
      if (this.#before.has(of)) return
      this.#before.set(of, guard)
    }
    this.#guards.push(guard)
  }
  changed(takeBack: () => void): void {
    this.#changes.push(takeBack)
  }
  tracking(x: Tensor): void {
    // undefined when it collects no gradient
    if (!this.#born.has(x) && !this.#arguments.has(x)) this.fixed(() => x.node?.hooks, x.node?.hooks, x)
  }
  assigned(x: Tensor): void {
    if (this.#arguments.has(x))
      throw new CompileError(
        `compile: the step assigns to its argument of shape ${show(x.shape)}. An argument is another tensor in each call: let the function refer to the tensor directly`,
      )
    if (!this.#born.has(x)) this.#assigned.add(x)
    // of numbers, not of a tensor
    if (!this.#known.has(x.array)) this.#add(x.array, x.dtype, { kind: 'constant', data: x.array })
  }
  gradRead(x: Tensor, g: Tensor | null): void {
    if (this.#gradients.has(x) || this.#asked.has(x)) return
    this.#asked.add(x)
    const state = x.gradState
    if (state === 'other') throw misfit(x, g as Tensor)
    if (!this.#born.has(x)) this.#guards.push({ holds: () => x.gradState === state })
    if (g && !this.#known.has(g.array)) this.#add(g.array, g.dtype, { kind: 'gradient', tensor: x })
  }
  gradWritten(x: Tensor, g: Tensor | null): void {
    if (this.#arguments.has(x) && g !== null)
      throw new CompileError(
        `compile: the step's argument of shape ${show(x.shape)} collects a gradient. An argument is another tensor in each call: let the function refer to the parameter directly, or use grad(f)`,
      )
    if (this.#born.has(x)) return
    if (g && (g.dtype !== x.dtype || !sameShape(g.shape, x.shape))) throw misfit(x, g)
    this.#gradients.set(x, g)
  }

  /** Gives all tensors from outside the value and the gradient that they had before the step. */
  undo(): void {
    for (const restore of this.#restorers.values()) restore()
  }

  /** Takes back all that the step changed, the last first: it is not to be done again. */
  abandon(): void {
    for (const takeBack of this.#changes.reverse()) takeBack()
    this.undo()
  }

  finishTensors(results: readonly Tensor[]): Recording {
    const final = (x: Tensor): Slot =>
      this.#known.get(x.array) ?? this.#add(x.array, x.dtype, { kind: 'constant', data: x.array })
    // a program would leave them as they were
    if (!fits([...this.#before.values()])) this.#guards.push({ holds: () => false })
    return {
      slots: this.#slots,
      acts: this.#acts,
      guards: this.#guards,
      assigned: [...this.#assigned].map(x => [x, final(x)]),
      gradients: [...this.#gradients].map(([x, g]) => [x, g && final(g)]),
      detached: this.#detached.map(x => [x, final(x)]),
      lives: this.#lives,
      results: results.map(x => ({ slot: this.#known.get(x.array) ?? this.#slot(x), shape: x.shape })),
    }
  }
}

const misfit = (x: Tensor, g: Tensor): CompileError =>
  new CompileError(
    `compile: a tensor ${show(x.shape)}, ${x.dtype}, has a gradient ${show(g.shape)}, ${g.dtype}: in a compiled step it has the tensor's own shape and dtype`,
  )

/** What one run of a step was: on tensors, or on values. */
export interface Taken {
  readonly tensors: Recording
  readonly scalars: Tape | null
  /** What it returned beside tensors and values. */
  readonly form: string
}

/** Writes down what a step does, on whichever engine. */
export class StepRecorder extends TensorRecorder implements Recorder {
  readonly #scalars: ScalarRecorder
  #valued = false

  constructor(args: readonly Tensor[], before: Taken | null) {
    super(args)
    this.#scalars = new ScalarRecorder(before?.scalars ?? undefined)
  }

  /** The part that writes down values, from now on a part of the step. */
  get #values(): ScalarRecorder {
    this.#valued = true
    return this.#scalars
  }
  computed(op: Pointwise | Opaque, args: readonly (Value | number)[], out: Value): void {
    this.#values.computed(op, args, out)
  }
  swept(root: Value, nodes: readonly Value[]): void {
    this.#values.swept(root, nodes)
  }
  cleared(x: Value): void {
    this.#values.cleared(x)
  }
  gradient(x: Value): Value {
    return this.#values.gradient(x)
  }
  graded(x: Value, from: Value): void {
    this.#values.graded(x, from)
  }
  moved(x: Value, from: Value): void {
    this.#values.moved(x, from)
  }
  live(read: () => number, scalar: boolean): Tensor | Value {
    return scalar ? this.#values.live(read) : this.liveTensor(read)
  }

  /** The recording, when the step has returned `result`, in which these tensors and values are. */
  finish(result: unknown, outputs: readonly (Tensor | Value)[], form: string): Taken {
    const tensors = this.finishTensors(outputs.filter(x => x instanceof Tensor))
    const scalars = this.#valued || outputs.some(x => x instanceof Value) ? this.#scalars.finish(result) : null
    if (scalars && (this.used || outputs.some(x => x instanceof Tensor)))
      throw new CompileError(
        'compile: the step computes with values and with tensors. Compile two steps, or write the scalars as tensors of shape []',
      )
    return { tensors, scalars, form }
  }
}

/** Are these parameters of a primitive the same? Functions in them are code, which does not change. */
function alike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || (typeof a === 'function' && typeof b === 'function')) return true
  if (a instanceof Pointwise && b instanceof Pointwise) return a.expr === b.expr && a.arity === b.arity
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const kind = Object.getPrototypeOf(a)
  if (kind !== Object.getPrototypeOf(b) || (kind !== Object.prototype && kind !== Array.prototype)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => alike((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  )
}

const line = ({ at }: Act): string => callers(at.stack).split('\n')[0]?.trim() ?? ''

/** How two runs of one step differ, in words; null when they are the same program. */
export function difference(before: Taken, now: Taken): string | null {
  if (before.scalars && now.scalars) return now.scalars.differs(before.scalars)
  if (before.scalars || now.scalars) return 'it computes on tensors one time, and on values another'
  if (before.form !== now.form)
    return `it returned ${before.form} and returns ${now.form} (x: a tensor or value): a program returns the same constants each time`
  return between(before.tensors, now.tensors)
}
function between(a: Recording, b: Recording): string | null {
  const length = Math.min(a.acts.length, b.acts.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.acts[i] as Act, b.acts[i] as Act]
    const name = nameOf(y.prim, y.p)
    if (x.prim !== y.prim || nameOf(x.prim, x.p) !== name)
      return `op ${i} was '${nameOf(x.prim, x.p)}' and is '${name}' ${line(y)}: what a step does must not depend on anything but tensors`
    if (
      x.inputs.length !== y.inputs.length ||
      !sameShape(x.out.shape, y.out.shape) ||
      x.out.slot.dtype !== y.out.slot.dtype
    )
      return `'${name}' made ${show(x.out.shape)} and makes ${show(y.out.shape)} ${line(y)}`
    for (const [k, from] of x.inputs.entries()) {
      const to = y.inputs[k] as Use | number
      if (typeof from === 'number' || typeof to === 'number') {
        if (!Object.is(from, to))
          return `'${name}' was given ${typeof from === 'number' ? `the number ${from}` : 'a tensor'}, then ${typeof to === 'number' ? to : 'a tensor'} ${line(y)}: a number is built into the program. Where it changes, use a tensor or live(() => …)`
      } else if (from.slot.id !== to.slot.id || !sameShape(from.shape, to.shape))
        return `'${name}' reads another operand ${line(y)}`
    }
    if (!alike(x.p, y.p))
      return `'${name}' has other parameters ${line(y)}: what an op is given beside tensors, a generator for example, is to be the same in each call`
  }
  if (a.acts.length !== b.acts.length)
    return `it consisted of ${a.acts.length} ops and consists of ${b.acts.length}${b.acts[length] ? `, among them '${nameOf(b.acts[length].prim, b.acts[length].p)}' ${line(b.acts[length])}` : ''}`
  for (const [i, x] of a.slots.entries()) {
    const y = b.slots[i] as Slot
    const [from, to] = [x.source, y.source]
    if (from.kind === 'constant' && to.kind === 'constant') {
      const at = from.data.findIndex((value, k) => !Object.is(value, to.data[k]))
      if (from.data.length !== to.data.length || at >= 0)
        return `a tensor that it makes out of numbers holds others (${from.data[at]}, then ${to.data[at]}): give it as an argument`
    } else if (from.kind !== to.kind || ('tensor' in from && from.tensor !== (to as { tensor: Tensor }).tensor))
      return `${reader(b, i)} another tensor than before: one that changes from call to call is to be an argument, or one tensor that is assigned`
  }
  const effects = (r: Recording): unknown[] => [
    r.assigned.flatMap(([x, slot]) => [x, slot.id]),
    r.gradients.flatMap(([x, slot]) => [x, slot?.id ?? -1]),
    r.results.map(({ slot, shape }) => `${slot.id} ${shape}`),
  ]
  const [before, after] = [effects(a), effects(b)]
  return before.every((list, k) => sameList(list as unknown[], after[k] as unknown[]))
    ? null
    : 'it leaves other tensors changed'
}
/** Who reads a slot, for a message. */
function reader({ acts, slots }: Recording, id: number): string {
  const act = acts.find(({ inputs }) => inputs.some(x => typeof x !== 'number' && x.slot === slots[id]))
  const use = act?.inputs.find((x): x is Use => typeof x !== 'number' && x.slot === slots[id])
  return act && use ? `'${nameOf(act.prim, act.p)}' ${line(act)} reads, of shape ${show(use.shape)},` : 'it reads'
}
const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i])
