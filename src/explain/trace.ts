// A trace: every intermediate of one run of a function, as rows in the order of a lecture's table.

import { type Applied, mode, type Spec } from '../engine/apply.ts'
import { options as checked, described, list, oneOf, record } from '../engine/argument.ts'
import { ArgumentError, CompileError } from '../engine/errors.ts'
import { Expr, rewrite } from '../engine/expr.ts'
import type { Node } from '../engine/graph.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { type OpName, table } from '../engine/prims.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Active, isLeaf, type Leaf } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'
import { Module } from '../nn/module.ts'
import { parse } from './expression.ts'
import { type Draft, Run } from './run.ts'

/** A value: of the scalar engine, or of the other. */
export type Known = number | Tensor
export const isKnown = (x: Known | Spec): x is Known => typeof x === 'number' || x instanceof Tensor

/**
 * One intermediate of a function: an input, a constant or parameter that it reads, or the result of an op. Its value is
 * known; in a `history` perhaps no more of it than shape and dtype.
 */
export interface Row<V = Known> {
  /** An input's name, the label of a value or tensor, a parameter's path; else x1, p1, c1 or, for results, w1, w2, … */
  readonly name: string
  /** Its place among the rows. */
  readonly index: number
  readonly kind: 'input' | 'parameter' | 'constant' | 'result'
  /** The op that computed it; null for what was not computed. */
  readonly op: string | null
  /** What it was computed from. Operands of symmetric ops (add, mul) may stand in another order than they were written. */
  readonly args: readonly (Row<V> | number)[]
  /** For each argument, which operand of the engine's op it is. */
  readonly places: readonly number[]
  readonly value: V
  /** Was a pointwise op applied? Then `partials` are all that there is to know of its derivative. */
  readonly pointwise: boolean
  /** What was applied, over the arguments, when it is pointwise but no op of the table; else null. */
  readonly expr: Expr | null
  /** By argument: over the arguments (inputs 0, 1, …) and `Expr.output`; null where there is none, or the op is not pointwise. */
  readonly partials: readonly (Expr | null)[]
  /** One for each input of `wrt`: how it changes with that; null where it does not. */
  readonly tangents: readonly (number | Tensor | null)[]
  /** How many ops are on the longest way here from what was not computed. */
  readonly depth: number
  /** The path of the module that was running, '' for the model itself; null outside of every module. */
  readonly module: string | null
  /** The engine's record of what was applied, with its operands in their own order; null for what was not seen. */
  readonly applied: Applied | null
  /** Its place in the engine's graph; null when no gradient flows to it. */
  readonly node: Node<Active> | null
}

/** What a function did: its rows, each after its arguments, inputs first, then parameters and constants. */
export interface Trace<V = Known> {
  readonly rows: readonly Row<V>[]
  readonly inputs: readonly Row<V>[]
  readonly outputs: readonly Row<V>[]
  /** The inputs that there are tangents by. */
  readonly wrt: readonly Row<V>[]
  /** The rows as a backward sweep visits them, each after all that were computed from it. */
  readonly backward: readonly Row<V>[]
  /** The rows by their places in the engine's graph. */
  readonly at: ReadonlyMap<object, Row<V>>
}

export interface TraceOptions {
  /** The order of the rows: `layers` (default) or `evaluated`; see `trace`. */
  readonly order?: 'layers' | 'evaluated'
  /** The inputs to propagate tangents from, by name: one pass, one tangent for each beside the values (none). */
  readonly wrt?: readonly string[]
  /** The model whose parameters and modules give rows their names and places; `f` itself when it is a module. */
  readonly model?: Module
}

/** A function of values or tensors, a module, or a formula in text. */
export type Traceable = ((...inputs: never[]) => unknown) | Module | string
/** The inputs in their order, or by name in the order of their names. Numbers are values. */
export type Inputs = readonly Leaf[] | Readonly<Record<string, Leaf>>

/**
 * Runs `f` once and writes down every intermediate that its outputs depend on: what was applied to what, the value, the
 * partial derivatives as symbols and, if asked for, tangents, which are propagated beside the values.
 *
 * Order of the rows. `layers`: what depends on inputs alone comes first, then what depends on that, and so on; within
 * such a layer rows are ordered by their operands, and operands of symmetric ops (add, mul) by theirs, parameters last. So
 * `x1*x2 + sin(x1)` and `sin(x1) + x2*x1` give the same rows. `evaluated`: as JavaScript ran it and as it was written.
 *
 * @throws ArgumentError when the inputs do not suit, or an option is unknown; ExpressionError for a formula that cannot be
 * read; and whatever `f` throws
 * @example
 * const { rows } = trace((x1: Value, x2: Value) => x1.mul(x2).add(x1.sin()), [2, 3])
 * rows.map(({ name, op }) => `${name} ${op}`) // ['x1 null', 'x2 null', 'w1 sin', 'w2 mul', 'w3 add']
 */
export function trace(f: Traceable, inputs: Inputs, given: TraceOptions = {}): Trace {
  const options = checked('trace', given, ['order', 'wrt', 'model'])
  const order = oneOf('trace', 'order', options.order ?? 'layers', ['layers', 'evaluated'])
  const named = namedInputs('trace', f, inputs)
  const wrt = list('trace', 'wrt', options.wrt ?? []).map((name, k, all) => {
    if (all.indexOf(name) < k) throw new ArgumentError(`trace: wrt names '${name}' twice`)
    const at = named.findIndex(([other]) => other === name)
    if (at < 0)
      throw new ArgumentError(`trace: wrt names '${name}', but the inputs are ${named.map(([x]) => x).join(', ')}`)
    return at
  })
  const model = options.model ?? (f instanceof Module ? f : null)
  if (model !== null && !(model instanceof Module))
    throw new ArgumentError(`trace: model is a module, not ${described(model)}`)
  const run = runnable('trace', f, named)
  const made = new Run(named, wrt, model)
  const outputs = made.outputs(run)
  return arranged(made, outputs, order)
}

/**
 * For whatever looks at a run: a compiled step would do so in its first calls, and then no more.
 * @throws CompileError inside a compiled step
 */
export function uncompiled(op: string): void {
  if (mode.recorder)
    throw new CompileError(
      `${op}: a compiled step runs without this code from its third call on. Call it outside of the step: explain and trace take the step's function too, compiled or not`,
    )
}

/**
 * What to call; a formula with the names of the inputs, in their order.
 * @throws ArgumentError for what cannot be called; ExpressionError for a formula that cannot be read
 */
export function runnable(op: string, f: Traceable, named: readonly [string, Leaf][]): (...xs: never[]) => unknown {
  if (typeof f !== 'function' && typeof f !== 'string' && !(f instanceof Module))
    throw new ArgumentError(
      `${op}: needs a function of values or tensors, a module or a formula in text, not ${described(f)}`,
    )
  if (typeof f === 'string') return parse(f, { names: named.map(([name]) => name) }).f
  return f instanceof Module ? (...xs) => f.forward(...xs) : f
}

/**
 * The inputs and their names: those that they are given by, in a list their labels or the names in a formula, else x1, x2, …
 * @throws ArgumentError for what is no list or object of leaves, or too short for a formula
 */
export function namedInputs(op: string, f: Traceable, inputs: Inputs): [string, Leaf][] {
  uncompiled(op)
  const names = typeof f === 'string' && Array.isArray(inputs) ? parse(f).names : null
  if (names && names.length !== inputs.length)
    throw new ArgumentError(`${op}: the formula has ${names.length} inputs (${names.join(', ')}), not ${inputs.length}`)
  const entries: [string, Leaf][] = Array.isArray(inputs)
    ? (inputs as readonly Leaf[]).map((x, i) => [names?.[i] ?? ((typeof x === 'object' && x?.label) || `x${i + 1}`), x])
    : Object.entries(record(op, 'its inputs as a list, or as an object { name: value }', inputs))
  for (const [name, x] of entries)
    if (!isLeaf(x))
      throw new ArgumentError(`${op}: input '${name}' is a number, a value or a tensor, not ${described(x)}`)
  const all = entries.map(([name]) => name)
  const twice = all.find((name, i) => all.indexOf(name) < i)
  if (twice !== undefined) throw new ArgumentError(`${op}: two inputs are named '${twice}'`)
  return entries
}

/** @throws ArgumentError when it is no trace, but what one is made of */
export function traced<V>(op: string, given: Trace<V>): Trace<V> {
  if (!Array.isArray((given as Trace<V> | null | undefined)?.rows))
    throw new ArgumentError(`${op}: needs a trace, as trace(f, inputs) makes it, not ${described(given)}`)
  return given
}

/** What was found, in the order in which it was found. */
interface Found<V> {
  readonly inputs: readonly Draft<V>[]
  readonly wrt: readonly Draft<V>[]
  readonly drafts: ReadonlyMap<object, Draft<V>>
}
/** What was found as rows: all that the outputs depend on, in order, named. */
export function arranged<V>(
  { inputs, wrt, drafts }: Found<V>,
  outputs: readonly Draft<V>[],
  order: 'layers' | 'evaluated',
): Trace<V> {
  const used = reached([...inputs, ...outputs]).sort((a, b) => a.number - b.number)
  const rank = ({ kind }: Draft<V>): number => ['input', 'parameter', 'constant', 'result'].indexOf(kind)
  const layered = order === 'layers'
  const before = used.filter(x => x.op === null).sort((a, b) => rank(a) - rank(b))
  const rows = new Map<Draft<V>, Row<V>>()
  const name = namer(used)
  const add = (x: Draft<V>): void => void rows.set(x, finished(x, rows, name(x), layered))
  before.forEach(add)
  const results = used.filter(x => x.op !== null)
  if (layered) {
    const layers = new Map<number, Draft<V>[]>()
    for (const x of results) listed(layers, x.depth).push(x)
    for (const [, layer] of [...layers].sort(([a], [b]) => a - b)) {
      const key = new Map(layer.map(x => [x, placed(x, rows)]))
      layer.sort((a, b) => compared(key.get(a) as number[], key.get(b) as number[])).forEach(add)
    }
  } else results.forEach(add)
  const all = [...rows.values()]
  const of = (x: Draft<V>): Row<V> => rows.get(x) as Row<V>
  return {
    rows: all,
    inputs: inputs.map(of),
    outputs: outputs.map(of),
    wrt: wrt.map(of),
    // in a layer nobody waits for anybody, so rows are visited from the first on
    backward: [
      ...(layered ? all.filter(x => x.op !== null).sort((a, b) => b.depth - a.depth) : results.map(of).reverse()),
      ...before.map(of),
    ],
    at: new Map([...drafts].flatMap(([key, x]) => (rows.has(x) ? [[key, of(x)] as const] : []))),
  }
}

/** The list at a key, made when it is asked for. */
export function listed<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const known = lists.get(key)
  if (known) return known
  const made: V[] = []
  lists.set(key, made)
  return made
}

/** All that these were computed from, themselves included. */
function reached<V>(from: readonly Draft<V>[]): Draft<V>[] {
  const seen = new Set(from)
  for (const x of seen) for (const y of x.args) if (typeof y === 'object') seen.add(y)
  return [...seen]
}

/** The places of an op's operands among the rows, in its own order or, of a symmetric op, ascending. */
function placed<V>({ pointwise, args }: Draft<V>, rows: ReadonlyMap<Draft<V>, Row<V>>): number[] {
  const operands = args.flatMap(x => (typeof x === 'object' ? [rows.get(x) as Row<V>] : []))
  return (pointwise && isSymmetric(pointwise) ? operands.sort(usual) : operands).map(({ index }) => index)
}

/** The usual order of the operands of a sum or product: what is fixed comes last. */
function usual(a: Row<unknown>, b: Row<unknown>): number {
  const fixed = ({ kind }: Row<unknown>): number => +(kind === 'parameter' || kind === 'constant')
  return fixed(a) - fixed(b) || a.index - b.index
}

/** Lists as words: by the first place in which they differ. */
function compared(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((x, i) => x !== b[i])
  return at < 0 ? a.length - b.length : at >= b.length ? 1 : (a[at] as number) - (b[at] as number)
}

function finished<V>(draft: Draft<V>, rows: ReadonlyMap<Draft<V>, Row<V>>, name: string, layered: boolean): Row<V> {
  const { kind, op, pointwise, applied, value, tangents, depth, module, node } = draft
  const args = draft.args.map(x => (typeof x === 'object' ? (rows.get(x) as Row<V>) : x))
  const places = args.map((_, i) => i)
  const [a, b] = args
  // the partials of a symmetric op are over its places: they stay where they are
  if (
    layered &&
    pointwise &&
    typeof a === 'object' &&
    typeof b === 'object' &&
    usual(a, b) > 0 &&
    isSymmetric(pointwise)
  ) {
    args.reverse()
    places.reverse()
  }
  const known =
    pointwise !== null && table.has(pointwise.name) && Pointwise.named(pointwise.name as OpName) === pointwise
  return {
    name,
    index: rows.size,
    kind,
    op,
    args,
    places,
    value,
    pointwise: pointwise !== null,
    expr: pointwise && !known ? pointwise.expr : null,
    partials: args.map((x, i) => (typeof x === 'object' ? (pointwise?.partials[i] ?? null) : null)),
    tangents: tangents.map(t => (t instanceof Value ? t.data : t)),
    depth,
    module,
    applied,
    node,
  }
}

const symmetric = new WeakMap<Pointwise, boolean>()
/**
 * Is f(x, y) = f(y, x)? It is when the partials are each other's mirror images: then f(x, y) - f(y, x) has no partials
 * and is 0 where x = y.
 */
function isSymmetric(op: Pointwise): boolean {
  let known = symmetric.get(op)
  if (known === undefined) {
    const [first, second] = op.partials
    const mirrored = (x: Expr): Expr => rewrite(x, y => (y.op === 'input' ? Expr.input(1 - y.value) : undefined))
    known = op.arity === 2 && !!first && !!second && mirrored(first) === second
    symmetric.set(op, known)
  }
  return known
}

/** Gives names, each once. */
function namer(drafts: readonly Draft<unknown>[]): (x: Draft<unknown>) => string {
  const counts = { input: 0, parameter: 0, constant: 0, result: 0 }
  const letters = { input: 'x', parameter: 'p', constant: 'c', result: 'w' }
  const labels = new Set(drafts.map(x => x.label()))
  const taken = new Set<string>()
  return ({ kind, label }) => {
    const own = label()
    let name = own
    if (own === '') {
      do name = `${letters[kind]}${++counts[kind]}`
      while (labels.has(name))
    } else for (let k = 2; taken.has(name); k++) name = `${own}_${k}`
    taken.add(name)
    return name
  }
}
