// The scalar engine: a number that remembers how it was computed.
import { anomaly, CONSTANT, during, mode, noGrad, notice, pushTangents } from './apply.ts'
import { described } from './argument.ts'
import { ArgumentError, GradError } from './errors.ts'
import { Expr } from './expr.ts'
import { backwardOrder, type Node, type Order } from './graph.ts'
import { Num } from './num.ts'
import { type Derived, Pointwise } from './pointwise.ts'
import type { OpName } from './prims.ts'

const NONE: readonly never[] = []
const identity = Pointwise.from(Expr.input(0), 1)

/** An op with rules of its own that are not an expression: a custom or a checkpointed function. */
export interface Opaque {
  readonly name: string
  pull(g: Value, wanted: readonly boolean[]): readonly (Value | null)[]
}

/** Beside the values, as few have any. */
const hooks = new WeakMap<Value, readonly ((grad: number) => number | undefined)[]>()
/** Has any value ever had a hook? */
let hooked = false
/** Does anybody want to see this value's gradients? */
export const isHooked = (x: Value): boolean => hooked && hooks.has(x)
const hasNaN = (x: Value): boolean => Number.isNaN(x.data)

/** The depth of the lowest leaf below an operand. */
function lowOf(op: Pointwise, x: Value | number): number {
  if (typeof x === 'number') return CONSTANT
  if (!(x instanceof Value)) throw new ArgumentError(`${op.name}: operands are values or numbers, not ${described(x)}`)
  return x.low
}
/** Operand i as the graph keeps it: a number where no gradient flows, as through a condition, or 0 times infinity would. */
const kept = (op: Pointwise, i: number, x: Value | number): Value | number =>
  typeof x === 'number' || op.flows(i) ? x : x.data
const numberOf = (x: Value | number): number => (typeof x === 'number' ? x : x.data)
const isWatched = (): boolean =>
  mode.levels.length > 0 || mode.anomaly || mode.observer !== null || mode.recorder !== null

/**
 * A scalar on a graph, with micrograd's face: `data`, `grad`, `backward()`, arithmetic, a label. Gradients of leaves
 * add up over backwards; those of intermediate values are set anew by each.
 *
 * @example
 * const a = new Value(2), b = new Value(-3)
 * const out = a.mul(b).tanh()
 * out.backward()
 * a.grad // b * (1 - tanh(ab)^2) = -0.0000737...
 */
export class Value extends Num implements Node<Value> {
  // a number from the start, as `grad`: then the engine keeps it as one, and writes it without making a new box
  data = 0
  /** The derivative of whatever `backward()` was last called on by this value. */
  grad = 0
  mark = 0
  label = ''

  /** A leaf: a variable of reverse mode. What follows `data` is for the engine. */
  constructor(
    data: number,
    /** The op that computed it; null for a leaf. */
    readonly op: Pointwise | Opaque | null = null,
    /** The depth of the lowest leaf below it: reverse mode records by it. */
    readonly low = 0,
    // what it was computed from: one operand or two without a list, which would cost half as much memory again
    private readonly x: Value | number | null = null,
    private readonly y: Value | number | null = null,
    private readonly more: readonly (Value | number)[] | null = null,
  ) {
    super()
    if (typeof data !== 'number') throw new ArgumentError(`Value: holds a number, not ${described(data)}`)
    this.data = data
  }

  /** What it was computed from; a number where no gradient flows. */
  get inputs(): readonly (Value | number)[] {
    const { x, y, more } = this
    return more ?? (x === null ? NONE : y === null ? [x] : [x, y])
  }
  input(i: number): Value | number | undefined {
    return this.more ? this.more[i] : ((i === 0 ? this.x : i === 1 ? this.y : null) ?? undefined)
  }

  /** A number that no gradient flows to. */
  static constant(data: number): Value {
    return new Value(data, null, CONSTANT)
  }

  /** x as a variable of the transform at `depth`: the same number, still connected to whatever x depends on. */
  static variable(x: Value | number, depth: number): Value {
    if (typeof x === 'number') return new Value(x, null, depth)
    const connected = x.low <= mode.depth
    const out = connected ? new Value(x.data, identity, x.low, x) : new Value(x.data, null, depth)
    if (connected) mode.recorder?.computed(identity, [x], out)
    else mode.recorder?.moved(out, x)
    pushTangents<Value>([x], out, ([dx]) => dx as Value)
    return out
  }

  override apply(name: OpName, ...args: (Value | number)[]): this
  override apply(
    name: OpName,
    x: Value | number,
    y: Value | number,
    z: Value | number,
    w: Value | number,
    v: Value | number,
  ): this {
    const op = Pointwise.named(name)
    if (op.arity === 1) return Value.#unary(op, x) as this
    if (op.arity === 2) return Value.#binary(op, x, y) as this
    return Value.#general(op, [x, y, z, w, v].slice(0, op.arity)) as this
  }

  /** Applies a pointwise op to values and numbers. */
  static map(op: Pointwise, args: readonly (Value | number)[]): Value {
    const [x, y] = args
    return args.length === 1
      ? Value.#unary(op, x)
      : args.length === 2
        ? Value.#binary(op, x, y)
        : Value.#general(op, args)
  }
  static #unary(op: Pointwise, x: Value | number): Value {
    const low = lowOf(op, x)
    if (low <= mode.depth && !op.isOpen) return Value.#general(op, [x])
    const fields = typeof x === 'object' ? op.fields(1) : null
    const data = fields ? 0 : op.f(numberOf(x))
    const out = low <= mode.depth ? new Value(data, op, low, x) : Value.constant(data)
    fields?.fill(out, x)
    if (isWatched()) Value.#settle(op, [x], out)
    return out
  }
  static #binary(op: Pointwise, x: Value | number, y: Value | number): Value {
    const low = Math.min(lowOf(op, x), lowOf(op, y))
    if (low <= mode.depth && !op.isOpen) return Value.#general(op, [x, y])
    const fields = op.fields(+(typeof x === 'object') + 2 * +(typeof y === 'object'))
    const data = fields ? 0 : op.f(numberOf(x), numberOf(y))
    const out = low <= mode.depth ? new Value(data, op, low, x, y) : Value.constant(data)
    fields?.fill(out, x, y)
    if (isWatched()) Value.#settle(op, [x, y], out)
    return out
  }
  static #general(op: Pointwise, args: readonly (Value | number)[]): Value {
    const all = args.reduce<number>((least, z) => Math.min(least, lowOf(op, z)), CONSTANT)
    // partials are asked for where they are needed only
    const low =
      all > mode.depth || op.isOpen
        ? all
        : args.reduce<number>((least, z, i) => (op.flows(i) ? Math.min(least, lowOf(op, z)) : least), CONSTANT)
    const data = op.f(...args.map(numberOf))
    const out =
      low <= mode.depth
        ? new Value(
            data,
            op,
            low,
            null,
            null,
            args.map((z, i) => kept(op, i, z)),
          )
        : Value.constant(data)
    if (isWatched()) Value.#settle(op, args, out)
    return out
  }
  /** What is rarely asked of the door: tangents, anomaly mode, observers. */
  static #settle(op: Pointwise, args: readonly (Value | number)[], out: Value): void {
    mode.recorder?.computed(op, args, out)
    pushTangents<Value>(args, out, dx => Value.#tangent(op, dx, args, out))
    notice<Value>({
      name: op.name,
      inputs: args,
      out,
      at: out,
      nan: hasNaN,
      params: op,
      jvp: dx => Value.#tangent(op, dx, args, out),
      flops: () => op.operations,
    })
  }

  /** A computed number with rules of its own; for `custom`. */
  static opaque(
    name: string,
    data: number,
    xs: readonly Value[],
    vjp: (g: Value, wanted: readonly boolean[], xs: readonly Value[], out: Value) => readonly (Value | null)[],
    jvp: (dx: readonly (Value | null)[], xs: readonly Value[], out: Value) => Value | null,
  ): Value {
    const low = xs.reduce((least, x) => Math.min(least, x.low), CONSTANT)
    const op: Opaque = { name, pull: (g, wanted) => vjp(g, wanted, xs, out) }
    const out: Value = low <= mode.depth ? new Value(data, op, low, null, null, xs) : Value.constant(data)
    mode.recorder?.computed(op, xs, out)
    pushTangents<Value>(xs, out, dx => jvp(dx, xs, out))
    notice<Value>({
      name,
      inputs: xs,
      out,
      at: out,
      nan: hasNaN,
      params: null,
      jvp: dx => jvp(dx, xs, out),
      flops: () => 0,
    })
    return out
  }

  static #tangent(
    op: Pointwise,
    dx: readonly (Value | null)[],
    args: readonly (Value | number)[],
    out: Value,
  ): Value | null {
    const derived = op.jvp(dx.map(t => t !== null))
    const tangents = dx.filter((t): t is Value => t !== null)
    return derived && Value.#derive(derived, [...args, out, ...tangents])
  }

  static #derive({ op, reads }: Derived, all: readonly (Value | number)[]): Value {
    return Value.map(
      op,
      reads.map(k => all[k] as Value | number),
    )
  }

  /** The cotangents of the inputs as values, which differentiate again. */
  pull(g: Value, wanted: readonly boolean[]): readonly (Value | null)[] {
    const { op, inputs } = this
    const rule = (): readonly (Value | null)[] => {
      if (op && !(op instanceof Pointwise)) return op.pull(g, wanted)
      return inputs.map((_, i) => {
        const derived = wanted[i] ? op?.vjp(i) : null
        return derived ? Value.#derive(derived, [...inputs, this, g]) : null
      })
    }
    if (!mode.anomaly) return rule()
    const cotangents = during({ anomaly: false }, rule)
    if (cotangents.some(dx => dx && hasNaN(dx)) && ![...inputs, g].map(numberOf).some(Number.isNaN))
      throw anomaly(`the backward of '${op?.name}'`, this)
    return cotangents
  }

  hooked(g: Value): Value {
    if (!hooked) return g
    let out = g
    for (const hook of hooks.get(this) ?? NONE) {
      const given = hook(out.data)
      if (given !== undefined) out = Value.constant(given)
    }
    return out
  }

  /**
   * Reverse mode: adds to `grad` of every leaf below the derivative of this value by that leaf, and sets `grad` of
   * every value in between.
   *
   * @throws GradError when there is nothing below to differentiate by; after any error gradients are as before
   */
  backward(options: { order?: Order } = {}): void {
    if (this.low === CONSTANT)
      throw new GradError(
        'backward: this value depends on no variable (it was made under noGrad, from constants only, or by an op without a derivative, as a comparison)',
      )
    const nodes = backwardOrder<Value>(this, options.order) as readonly Value[]
    // before anything is changed, as the recorder may refuse
    mode.recorder?.swept(this, nodes)
    const before = new Float64Array(nodes.length)
    for (let i = 0; i < nodes.length; i++) before[i] = nodes[i].grad
    // a hook is shown what this backward adds, not what a leaf has collected before
    for (const x of nodes) if (x.op !== null || (hooked && hooks.has(x))) x.grad = 0
    this.grad += 1
    try {
      Value.#sweep(nodes)
      if (hooked)
        nodes.forEach((x, i) => {
          if (x.op === null && hooks.has(x)) x.grad += before[i] as number
        })
    } catch (error) {
      nodes.forEach((x, i) => {
        x.grad = before[i] as number
      })
      throw error
    }
  }

  /** Hands the gradient of each node on to its inputs; the nodes come consumers first. */
  static #sweep(nodes: readonly Value[]): void {
    for (const out of nodes) {
      if (hooked) for (const hook of hooks.get(out) ?? NONE) out.grad = hook(out.grad) ?? out.grad
      const { op, x, y } = out
      if (op === null) continue
      // nearly every op has one operand or two, and code on their fields
      const plain = op instanceof Pointwise && x !== null && !mode.anomaly
      const fields = plain ? op.fields(+(typeof x === 'object') + 2 * +(typeof y === 'object' && y !== null)) : null
      if (fields) {
        fields.sweep(out, x, y)
        continue
      }
      const { inputs } = out
      out.#cotangents().forEach((g, i) => {
        const z = inputs[i]
        if (typeof z === 'object') z.grad += g
      })
    }
  }

  /** What this value's gradient contributes to those of its inputs, on numbers. */
  #cotangents(): number[] {
    const { op, inputs, data, grad } = this
    const operands = inputs.map(z => (typeof z === 'number' ? z : z.data))
    const wanted = inputs.map(z => typeof z === 'object')
    const cotangents =
      op instanceof Pointwise
        ? wanted.map((yes, i) => (yes ? op.pull(i)(...operands, data, grad) : 0))
        : noGrad(() => this.pull(Value.constant(grad), wanted)).map(g => g?.data ?? 0)
    if (mode.anomaly && cotangents.some(Number.isNaN) && ![...operands, grad].some(Number.isNaN))
      throw anomaly(`the backward of '${op?.name}'`, this)
    return cotangents
  }

  /**
   * Calls `hook` with what each backward adds to this value's gradient, when that is complete; what it returns, if
   * anything, goes on in its place. Returns a function that removes the hook.
   */
  registerHook(hook: (grad: number) => number | undefined): () => void {
    hooked = true
    hooks.set(this, [...(hooks.get(this) ?? NONE), hook])
    return () => {
      const left = (hooks.get(this) ?? NONE).filter(other => other !== hook)
      if (left.length > 0) hooks.set(this, left)
      else hooks.delete(this)
    }
  }

  zeroGrad(): void {
    this.grad = 0
    mode.recorder?.cleared(this)
  }

  /** Gives this value the number of another. For optimizers; a loop by hand writes `data`. */
  assign(from: Value): this {
    this.data = from.data
    mode.recorder?.moved(this, from)
    return this
  }

  /** The same number as a constant: no gradient flows through. */
  detach(): Value {
    const out = Value.constant(this.data)
    mode.recorder?.moved(out, this)
    return out
  }

  override toString(): string {
    return `Value(data=${this.data}, grad=${this.grad}${this.label && `, label='${this.label}'`})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString()
    throw new GradError('values have no JS operators: use a.add(b), a.mul(b), a.lt(b) …, or a.data for the number')
  }
}
