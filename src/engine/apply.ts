// The one door: every tensor primitive is computed, recorded, given its tangents and observed here.
import { allocate, type DType, type NDArray, type Shape } from '../backend/array.ts'
import { AnomalyError, ArgumentError, GradError } from './errors.ts'
import type { Node } from './graph.ts'
import type { Tensor } from './tensor.ts'

/** Shape and dtype: all that is known of an array before it is computed, and all that is kept of one that is not stored. */
export interface Spec {
  readonly shape: Shape
  readonly dtype: DType
}

/** An operand of a primitive: numbers stand for themselves. */
export type Operand = Tensor | number

/**
 * A tensor primitive: how its result looks, how it is computed, and both modes of differentiation. Made by one of the
 * kinds (ops/kind.ts), never by hand. In the rules, operands that `reads` does not name are present as `Spec` only.
 */
export interface Primitive<P> {
  readonly name: string
  /** Shape and dtype of the result; throws what is wrong with the operands before anything is computed. */
  infer(p: P, xs: readonly Operand[]): Spec
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

/** One application of an op, as an observer sees it: `inputs` and `out` are tensors or values. */
export interface Applied {
  readonly name: string
  readonly inputs: readonly unknown[]
  readonly out: object
}

/** A forward-mode level: the tangents of whatever was computed in one `jvp` call. */
export type Level = WeakMap<object, object>

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
}

export let mode: Mode = { depth: 0, nesting: 0, levels: [], observer: null, anomaly: false }

/** Runs `f` with some of the mode changed, and puts it back whatever happens. */
export function during<R>(change: Partial<Mode>, f: () => R): R {
  const before = mode
  mode = { ...before, ...change }
  try {
    return f()
  } finally {
    mode = before
  }
}

/** Runs `f` without recording for reverse mode. Results need no gradient. */
export const noGrad = <R>(f: () => R): R => during({ depth: -1 }, f)

/** Calls `observer` for every op that comes through the door while `f` runs. */
export const observe = <R>(observer: (event: Applied) => void, f: () => R): R => during({ observer }, f)

/**
 * Runs `f` with every result checked: the first NaN that an op makes out of operands without one, forward or
 * backward, throws an `AnomalyError` that names the op and the line of the user's code that called it. Slow: every
 * op takes a stack trace.
 */
export const detectAnomaly = <R>(f: () => R): R => during({ anomaly: true }, f)

/** The low of what depends on no leaf at all. */
export const CONSTANT = Infinity

/**
 * A node of the tensor graph. Holds what the cotangent rules read and nothing else: `bytes` says how much that is.
 */
export class TensorNode implements Node<Tensor> {
  mark = 0
  hooks: ((g: Tensor) => Tensor | undefined)[] = []
  /** Whose `grad` is set by a backward: a leaf's, or that of one who asked by `retainGrad`. */
  owner: Tensor | null = null
  /** The lines that called the op, in anomaly mode. */
  trace: string | null = null

  constructor(
    readonly name: string,
    readonly inputs: readonly (TensorNode | null)[],
    /** The depth of the lowest leaf below; see `Mode.depth`. */
    readonly low: number,
    readonly spec: Spec,
    /** What the rules read, while it is kept. */
    public saved: readonly Tensor[],
    private rule: ((g: Tensor, wanted: readonly boolean[]) => readonly (Tensor | null)[]) | null,
  ) {}

  pull(g: Tensor, wanted: readonly boolean[]): readonly (Tensor | null)[] {
    if (!this.rule) {
      throw new GradError(`backward: the graph below '${this.name}' was freed by an earlier backward. To go backward twice, call the first with backward(seed, { retainGraph: true })`)
    }
    const cotangents = this.rule(g, wanted)
    if (mode.anomaly) {
      for (const dx of cotangents) if (dx && hasNaN(dx) && !hasNaN(g)) throw anomaly(`the backward of '${this.name}'`, this.trace)
    }
    return cotangents
  }

  release(): void {
    if (this.inputs.length === 0) return
    this.rule = null
    this.saved = []
  }
}

const hasNaN = (x: Tensor): boolean => (x.data as Float64Array).some(Number.isNaN)
const anomaly = (what: string, trace: string | null): AnomalyError =>
  new AnomalyError(`${what} made a NaN out of operands without one${trace ? `; called\n${trace}` : ''}`)

/** The stack above the engine: the lines of whoever called the op. */
function callers(): string {
  const lines = (new Error().stack ?? '').split('\n').slice(1)
  const own = /[\\/](src[\\/]engine|dist)[\\/]/
  const first = lines.findIndex(line => !own.test(line))
  return lines.slice(Math.max(first, 0), Math.max(first, 0) + 3).join('\n')
}

type Make = (array: NDArray, node: TensorNode | null) => Tensor
let make: Make
/** How the door makes its results; called once by tensor.ts, which is above the door. */
export const makesTensors = (f: Make): void => {
  make = f
}
/** A tensor around an array, without history. */
export const wrap = (array: NDArray): Tensor => make(array, null)

export const isTensor = (x: Operand): x is Tensor => typeof x === 'object'

/** Applies a primitive. */
export function apply<P>(prim: Primitive<P>, p: P, xs: readonly Operand[]): Tensor {
  for (const x of xs) {
    if (typeof x !== 'number' && (x as Tensor | undefined)?.shape === undefined) {
      throw new ArgumentError(`${prim.name}: operands are tensors or numbers, not ${Array.isArray(x) ? 'an array (use tensor([...]))' : x === null ? 'null' : typeof x}`)
    }
  }
  const { shape, dtype } = prim.infer(p, xs)
  let n = 1
  for (const size of shape) n *= size
  const array = { shape, dtype, data: allocate(dtype, n) }
  prim.run(p, array, xs)
  return settle(prim, p, xs, array)
}

/** Makes a computed array the result of a primitive: recorded, with its tangents, observed. */
export function settle<P>(prim: Primitive<P>, p: P, xs: readonly Operand[], array: NDArray): Tensor {
  let low = CONSTANT
  const inputs = xs.map((x, i) => {
    const node = isTensor(x) ? x.node : null
    if (!node || node.low > mode.depth || !prim.differentiable(p, i, xs)) return null
    if (node.low < low) low = node.low
    return node
  })
  const float = array.dtype === 'float32' || array.dtype === 'float64'
  if (low === CONSTANT || !float) {
    const out = make(array, null)
    if (float) pushTangents(xs, out, dx => prim.jvp(p, dx, xs, out))
    notice(prim.name, xs, out, null)
    return out
  }
  const read = new Set<number>()
  inputs.forEach((node, i) => {
    if (node) for (const k of prim.reads(p, i, xs)) read.add(k)
  })
  const spec = { shape: array.shape, dtype: array.dtype }
  // what is not read is kept as its spec alone; what is read, with the values it holds now, whatever is assigned later
  const operands = xs.map((x, i): Operand => (!isTensor(x) || read.has(i) ? x : ({ shape: x.shape, dtype: x.dtype } as Tensor)))
  const held = operands.map((x, i) => (isTensor(x) && read.has(i) ? x.data : null))
  const saved = operands.filter((_, i): boolean => held[i] !== null) as Tensor[]
  let output = spec as Tensor
  const node = new TensorNode(prim.name, inputs, low, spec, saved, (g, wanted) => {
    const then = operands.map((x, i) => (held[i] && (x as Tensor).data !== held[i] ? (x as Tensor).holding(held[i]) : x))
    return prim.vjp(p, g, wanted, then, output)
  })
  const out = make(array, node)
  if (read.has(xs.length)) {
    output = out
    node.saved = [...saved, out]
  }
  pushTangents(xs, out, dx => prim.jvp(p, dx, xs, out))
  notice(prim.name, xs, out, node)
  return out
}

/**
 * Forward mode: gives `out` its tangent in every level that is on, from those of its operands. A level's rule runs
 * with only the outer levels on, so that no perturbation is taken for another's.
 */
export function pushTangents<T extends object>(xs: readonly (T | number)[], out: T, rule: (dx: readonly (T | null)[]) => T | null): void {
  const { levels } = mode
  for (let k = 0; k < levels.length; k++) {
    const level = levels[k] as Level
    const dx = xs.map(x => (typeof x === 'object' ? ((level.get(x) as T | undefined) ?? null) : null))
    if (dx.every(t => t === null)) continue
    const tangent = during({ levels: levels.slice(0, k) }, () => rule(dx))
    if (tangent) level.set(out, tangent)
  }
}

function notice(name: string, xs: readonly Operand[], out: Tensor, node: TensorNode | null): void {
  if (mode.anomaly) {
    if (node) node.trace = callers()
    if (hasNaN(out) && !xs.some(x => (isTensor(x) ? hasNaN(x) : Number.isNaN(x)))) throw anomaly(`'${name}'`, callers())
  }
  mode.observer?.({ name, inputs: xs, out })
}
