// The one door: every tensor primitive is computed, recorded, given its tangents and observed here.
import { allocate, type DType, type NDArray, numel, type Shape, sameShape, type TypedArray } from '../backend/array.ts'
import { operand } from './argument.ts'
import { AnomalyError, ArgumentError, GradError, ShapeError } from './errors.ts'
import type { Node } from './graph.ts'
import type { Pointwise } from './pointwise.ts'
import { tooLarge } from './shape.ts'
import type { Tensor } from './tensor.ts'
import type { Opaque, Value } from './value.ts'

/** Shape and dtype: all that is known of an array before it is computed, and all that is kept of one that is not stored. */
export interface Spec {
  readonly shape: Shape
  readonly dtype: DType
}

type Shaped = Pick<Spec, 'shape'>

/** An operand of a primitive: numbers stand for themselves. */
export type Operand = Tensor | number

/**
 * A tensor primitive: how its result looks, how it is computed, and both modes of differentiation. Made by one of the
 * kinds (ops/kind.ts), never by hand. In the rules, operands that `reads` does not name are present as `Spec` only.
 */
export interface Primitive<P> {
  /** What the op is called; some primitives are several ops, told apart by their parameters. */
  readonly name: string | ((p: P) => string)
  /** Shape and dtype of the result; throws what is wrong with the operands before anything is computed. */
  infer(p: P, xs: readonly Operand[]): Spec
  /** Floating-point operations, a multiplication and an addition being two. Left out: it moves, chooses or draws. */
  readonly flops?: (p: P, xs: readonly (Shaped | number)[], out: Shaped) => number
  /** Computes into `out`, which is zero-filled. */
  run(p: P, out: NDArray, xs: readonly (NDArray | number)[]): void
  /** May a gradient flow to operand i? */
  differentiable(p: P, i: number, xs: readonly Operand[]): boolean
  /** The operands that the cotangent rule of operand i reads; the number of operands stands for the output. */
  reads(p: P, i: number, xs: readonly Operand[]): readonly number[]
  /** The cotangents of the operands that are wanted, null for the others. */
  vjp(p: P, g: Tensor, wanted: readonly boolean[], xs: readonly Operand[], out: Tensor): readonly (Tensor | null)[]
  /** The tangent of the result, from those of the operands (null: zero). */
  jvp(p: P, dx: readonly (Tensor | null)[], xs: readonly Operand[], out: Tensor): Tensor | null
}

/** The op's name. */
export const nameOf = <P>({ name }: Pick<Primitive<P>, 'name'>, p: P): string =>
  typeof name === 'string' ? name : name(p)

/** One application of an op, as an observer sees it: `inputs` and `out` are tensors or values. */
export interface Applied {
  readonly name: string
  readonly inputs: readonly unknown[]
  readonly out: object
  /** Floating-point operations that it took, a multiplication and an addition being two. */
  readonly flops: number
  /** What the op was told beside its operands; of a pointwise op the op itself. */
  readonly params: unknown
  /** The tangent of `out` (null: zero) from those of `inputs` (null: zero): the op's own rule. */
  readonly jvp: (tangents: readonly (object | null)[]) => object | null
}

/** A forward-mode level: the tangents of whatever was computed in one `jvp` call. */
export type Level = WeakMap<object, object>

/** Who writes down what a step does while it does it, to do it again without its code: see compile/. */
export interface Recorder {
  /** An op on tensors was applied. */
  applied(prim: Primitive<unknown>, p: unknown, xs: readonly Operand[], out: Tensor): void
  /** Somebody who is not an op reads the elements of a tensor: they will be others in the next step. */
  looked(x: Tensor): void
  /** The elements of a tensor become those of another, without an op: of a new one, if that is given. */
  shared(x: Tensor, by: Tensor | null): void
  /** A leaf was made of a tensor's elements, which may outlive the step. */
  detached(x: Tensor, by: Tensor): void
  /** The value or the gradient of a tensor is about to be replaced. */
  replacing(x: Tensor): void
  /** A leaf was given another value. */
  assigned(x: Tensor): void
  /** `x.grad` was read, or set. */
  gradRead(x: Tensor, g: Tensor | null): void
  gradWritten(x: Tensor, g: Tensor | null): void
  /** A generator was drawn from, or seeded, by somebody who is not an op. */
  drew(): void
  /** A tensor was made out of nothing, or out of numbers. */
  created(x: Tensor): void
  /** A number that `read` reads anew in each step, as a tensor [] or a value. */
  live(read: () => number, scalar: boolean): Tensor | Value
  /** What `read` gives is built into the step: of the same object, if one is given, the first time that it is asked for. */
  fixed(read: () => unknown, value: unknown, of?: object): void
  /** What takes back a change of something that is no tensor, if the step throws. */
  changed(takeBack: () => void): void
  /** It matters whether a tensor collects gradients, or this is about to change. */
  tracking(x: Tensor): void
  /** A pointwise op on values was applied. */
  computed(op: Pointwise | Opaque, args: readonly (Value | number)[], out: Value): void
  /** `backward` was called on a value, and is about to set the gradients of these nodes (consumers first). */
  swept(root: Value, nodes: readonly Value[]): void
  /** The gradient of a value was set to 0. */
  cleared(x: Value): void
  /** The gradient of a value, as it is now, to compute with; and a value's gradient was set to the number of another. */
  gradient(x: Value): Value
  graded(x: Value, from: Value): void
  /** A value that has no op of its own was given the number of another. */
  moved(x: Value, from: Value): void
}

/** What is going on at the door. Changed only by `during`. */
interface Mode {
  /**
   * What reverse mode records: an op when the lowest leaf below it is at or under this depth. -1: nothing; 0: what
   * depends on leaves the user made; n: also what depends on the variable of the n-th nested transform.
   */
  readonly depth: number
  /** How many reverse-mode transforms are running inside one another. */
  readonly nesting: number
  /** The forward-mode levels that are on, outermost first. */
  readonly levels: readonly Level[]
  readonly observer: ((event: Applied) => void) | null
  readonly anomaly: boolean
  readonly recorder: Recorder | null
}

export let mode: Mode = { depth: 0, nesting: 0, levels: [], observer: null, anomaly: false, recorder: null }

/**
 * Runs `f` with some of the mode changed, and puts it back whatever happens.
 * @throws ArgumentError when f is asynchronous: the mode would be back before it is done
 */
export function during<R>(change: Partial<Mode>, f: () => R): R {
  const before = mode
  mode = { ...before, ...change }
  try {
    const result = f()
    if (result instanceof Promise) {
      throw new ArgumentError(
        'noGrad and the transforms end when their function returns: give them one that is not async',
      )
    }
    return result
  } finally {
    mode = before
  }
}

/** Runs `f` without recording for reverse mode. Results need no gradient. */
export const noGrad = <R>(f: () => R): R => during({ depth: -1 }, f)

/**
 * What `read` gives, now and in every later step: a compiled step asks again before each run and, when the answer has
 * changed, is recorded again. For what decides which ops a step consists of: a flag, an option.
 */
export function fixed<T>(read: () => T): T {
  const value = read()
  mode.recorder?.fixed(read, value)
  return value
}

/**
 * What was put around functions that steps may call, as a text that tells one state from another. Nobody asks for it
 * while a step runs, so every compiled step asks before each run.
 */
export const wrappers = { key: '' }

/** Calls `observer` for every op that comes through the door while `f` runs. */
export const observe = <R>(observer: (event: Applied) => void, f: () => R): R => during({ observer }, f)

/**
 * Runs `f` with every result checked: the first NaN that an op makes out of operands without one, forward or
 * backward, throws an `AnomalyError` that names the op and the line of the user's code that called it. Slow: every
 * op takes a stack trace.
 */
export const detectAnomaly = <R>(f: () => R): R => during({ anomaly: true }, f)

/** The low of what depends on no leaf at all: deeper than any nesting. */
export const CONSTANT = 2 ** 30

/** A node of the tensor graph: a primitive applied. Keeps what the primitive's rules read and nothing else. */
export class TensorNode implements Node<Tensor>, Spec {
  mark = 0
  hooks: readonly ((g: Tensor) => Tensor | undefined)[] | null = null
  /** Whose `grad` is set by a backward: a leaf's, or that of one who asked by `retainGrad`. */
  owner: Tensor | null = null

  constructor(
    readonly prim: Pick<Primitive<unknown>, 'name' | 'vjp'>,
    private readonly p: unknown,
    readonly inputs: readonly (TensorNode | null)[],
    /** The depth of the lowest leaf below; see `Mode.depth`. */
    readonly low: number,
    readonly shape: Shape,
    readonly dtype: DType,
    /** What the rules read; operands that they do not read are here as their specs alone. Null once freed. */
    private operands: readonly Operand[] | null,
    /** The values that leaves among the operands hold now: they may be assigned others. Null without such leaves. */
    private held: readonly (TypedArray | null)[] | null,
    /** The result, where the rules read it. */
    private out: Tensor | null,
  ) {}

  get name(): string {
    return nameOf(this.prim, this.p)
  }

  input(i: number): TensorNode | null | undefined {
    return this.inputs[i]
  }

  /** What is stored for the backward. */
  get saved(): readonly Tensor[] {
    return [...(this.operands ?? []), this.out].filter(
      (x): x is Tensor => typeof x === 'object' && x !== null && 'node' in x,
    )
  }

  /**
   * What the op was applied to, with the values of then: of operands that the rules do not read shape and dtype alone.
   * `by` is who asks.
   * @throws GradError once freed
   */
  applied(by: string): { readonly params: unknown; readonly operands: readonly (Operand | Spec)[] } {
    return { params: this.p, operands: this.#operands(by) }
  }

  #operands(by: string): readonly Operand[] {
    const { operands, held } = this
    if (!operands) {
      throw new GradError(
        `${by}: the graph below '${this.name}' was freed by an earlier backward. To go backward twice, call the first with backward(seed, { retainGraph: true })`,
      )
    }
    return held
      ? operands.map((x, i) => (held[i] && (x as Tensor).array !== held[i] ? (x as Tensor).holding(held[i]) : x))
      : operands
  }

  pull(g: Tensor, wanted: readonly boolean[]): readonly (Tensor | null)[] {
    const { prim, p, out } = this
    const operands = this.#operands('backward')
    const rule = () => prim.vjp(p, g, wanted, operands, out ?? (this as Spec as Tensor))
    if (!mode.anomaly) return rule()
    // the user knows the op, not the ops of its rule: these are not checked one by one
    const cotangents = during({ anomaly: false }, rule)
    if (cotangents.some(dx => dx && hasNaN(dx)) && ![g, ...this.saved].some(hasNaN))
      throw anomaly(`the backward of '${this.name}'`, this)
    return cotangents
  }

  hooked(cotangent: Tensor): Tensor {
    let g = cotangent
    for (const hook of this.hooks ?? []) {
      g = operand('registerHook', hook(g) ?? g)
      if (!sameShape(g.shape, this.shape))
        throw new ShapeError(`backward: a hook gave a gradient of shape [${g.shape}] for one of [${this.shape}]`)
    }
    return g
  }

  release(): void {
    if (this.inputs.length === 0) return
    this.operands = null
    this.held = null
    this.out = null
  }
}

const hasNaN = (x: Tensor): boolean => (x.array as Float64Array).some(Number.isNaN)
/** In anomaly mode: the lines that called the op that made a node or a value. */
const traces = new WeakMap<object, string>()

/** The error of anomaly mode: what made a NaN, and who called it. */
export const anomaly = (what: string, at: object): AnomalyError =>
  new AnomalyError(`${what} made a NaN out of operands without one; called\n${traces.get(at) ?? callers()}`)

/** Where the library's code lies: read off a stack, since not every bundle knows its URL. */
const home = /([^\s(@]*[\\/])[^\\/]*:\d+:\d+\)?$/
  .exec((new Error().stack ?? '').split('\n').find(line => /:\d+:\d+\)?$/.test(line)) ?? '')?.[1]
  ?.replace(/engine[\\/]$/, '')
/** The lines of a stack above the library: of whoever called the op. */
export function callers(stack = new Error().stack ?? ''): string {
  const lines = stack.split('\n').filter(line => /:\d+:\d+\)?$/.test(line))
  const users = lines.filter(line => !home || !line.includes(home))
  return (users.length > 0 ? users : lines).slice(0, 3).join('\n')
}

type Make = (shape: Shape, dtype: DType, data: TypedArray) => Tensor
let make: Make
/** How the door makes its results; called once by tensor.ts, which is above the door. */
export const makesTensors = (f: Make): void => {
  make = f
}
/** A tensor around an array, without history. */
export const wrap = ({ shape, dtype, data }: NDArray): Tensor => make(shape, dtype, data)

export const isTensor = (x: Operand): x is Tensor => typeof x === 'object' && x !== null

/** Applies a primitive. */
export function apply<P>(prim: Primitive<P>, p: P, xs: readonly Operand[]): Tensor {
  for (const x of xs) if (typeof x !== 'number') operand(nameOf(prim, p), x)
  const { shape, dtype } = prim.infer(p, xs)
  let data: TypedArray
  try {
    data = allocate(dtype, numel(shape))
  } catch (error) {
    throw tooLarge(nameOf(prim, p), shape, dtype, error, '. Were shapes broadcast by mistake?')
  }
  const out = make(shape, dtype, data)
  // a recorder wants to know who reads numbers: not of the op itself
  if (mode.recorder) during({ recorder: null }, () => prim.run(p, out, xs))
  else prim.run(p, out, xs)
  return settle(prim, p, xs, out)
}

/** Makes a computed tensor the result of a primitive: recorded, with its tangents, observed. */
export function settle<P>(prim: Primitive<P>, p: P, xs: readonly Operand[], out: Tensor): Tensor {
  // before its tangents are computed, which may read it
  if (mode.recorder) mode.recorder.applied(prim as Primitive<unknown>, p, xs, out)
  if (out.dtype === 'float32' || out.dtype === 'float64') {
    out.node = record(prim, p, xs, out)
    if (mode.levels.length > 0) pushTangents(xs, out, dx => prim.jvp(p, dx, xs, out))
  }
  if (mode.anomaly || mode.observer)
    notice({
      name: nameOf(prim, p),
      inputs: xs,
      out,
      at: out.node,
      nan: hasNaN,
      params: p,
      jvp: dx => prim.jvp(p, dx, xs, out),
      flops: () => prim.flops?.(p, xs, out) ?? 0,
    })
  return out
}

/** The result's node, if reverse mode wants one. */
function record<P>(prim: Primitive<P>, p: P, xs: readonly Operand[], out: Tensor): TensorNode | null {
  let low = CONSTANT
  const inputs = xs.map((x, i) => {
    const node = isTensor(x) ? x.node : null
    if (!node || node.low > mode.depth || !prim.differentiable(p, i, xs)) return null
    if (node.low < low) low = node.low
    return node
  })
  if (low === CONSTANT) return null
  const reads = xs.map(() => false)
  let readsOutput = false
  inputs.forEach((node, i) => {
    if (!node) return
    for (const k of prim.reads(p, i, xs)) {
      if (k === xs.length) readsOutput = true
      else reads[k] = true
    }
  })
  let held: (TypedArray | null)[] | null = null
  const operands = xs.map((x, i): Operand => {
    if (!isTensor(x)) return x
    if (!reads[i]) return (x.node ?? { shape: x.shape, dtype: x.dtype }) as Tensor
    if (x.isLeaf) {
      held ??= xs.map(() => null)
      held[i] = x.array
    }
    return x
  })
  return new TensorNode(
    prim as Primitive<unknown>,
    p,
    inputs,
    low,
    out.shape,
    out.dtype,
    operands,
    held,
    readsOutput ? out : null,
  )
}

/**
 * Forward mode: gives `out` its tangent in every level that is on, from those of its operands. A level's rule runs
 * with only the outer levels on, so that no perturbation is taken for another's.
 */
export function pushTangents<T extends object>(
  xs: readonly (T | number)[],
  out: T,
  rule: (dx: readonly (T | null)[]) => T | null,
): void {
  const { levels } = mode
  for (let k = 0; k < levels.length; k++) {
    const level = levels[k] as Level
    const dx = xs.map(x => (typeof x === 'object' ? ((level.get(x) as T | undefined) ?? null) : null))
    if (dx.every(t => t === null)) continue
    const tangent = during({ levels: levels.slice(0, k) }, () => rule(dx))
    if (tangent) level.set(out, tangent)
  }
}

/**
 * Tells anomaly mode and observers of what an op made: `out`, whose place in the graph is `at`. For both engines; `nan`
 * says whether a tensor or a value holds a NaN, `flops` how many operations it took.
 */
export function notice<T extends object>({
  name,
  inputs,
  out,
  at,
  nan,
  params,
  jvp,
  flops,
}: {
  readonly name: string
  readonly inputs: readonly (T | number)[]
  readonly out: T
  readonly at: object | null
  readonly nan: (x: T) => boolean
  readonly params: unknown
  readonly jvp: (tangents: readonly (T | null)[]) => T | null
  readonly flops: () => number
}): void {
  if (mode.anomaly) {
    if (at) traces.set(at, callers())
    if (nan(out) && !inputs.some(x => (typeof x === 'number' ? Number.isNaN(x) : nan(x))))
      throw anomaly(`'${name}'`, out)
  }
  mode.observer?.({ name, inputs, out, flops: flops(), params, jvp: jvp as Applied['jvp'] })
}
