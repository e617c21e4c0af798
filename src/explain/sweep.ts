// The reverse sweep over a trace: each adjoint complete before it goes on, and every term it is the sum of.
import { noGrad, type Spec } from '../engine/apply.ts'
import { options as checked } from '../engine/argument.ts'
import { ArgumentError, GradError, ShapeError } from '../engine/errors.ts'
import { ones } from '../engine/ops/create.ts'
import { sameShape, show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Active, active, sum } from '../engine/tree.ts'
import { type Known, listed, type Row, type Trace, traced, uncompiled } from './trace.ts'

type Number = Known

/** What one use of a row contributes to its adjoint. */
export interface Term<V = Known> {
  /** Who used it, and as which argument. */
  readonly user: Row<V>
  readonly argument: number
  /** The user's adjoint. */
  readonly upstream: Number
  /** Upstream times the local partial. */
  readonly value: Number
}

/** How the output changes with a row. */
export interface Adjoint<V = Known> {
  readonly row: Row<V>
  readonly value: Number
  /** What it starts from: the seed of the output; null for all others. */
  readonly seed: Number | null
  /** One term for each use, in the order in which they came. */
  readonly terms: readonly Term<V>[]
}

export interface Sweep<V = Known> {
  readonly output: Row<V>
  /** In the order visited; rows that no gradient reaches are not there. */
  readonly adjoints: readonly Adjoint<V>[]
}

export interface SweepOptions {
  /** The output to start from, by name; needed where there are several. */
  readonly output?: string
  /** Its adjoint (1; of a tensor all ones, which makes adjoints those of its sum). */
  readonly seed?: number | Tensor
}

const plain = (x: Active): Number => (x instanceof Tensor ? x : x.data)

/** The output that is meant. */
export function chosen<V>(op: string, { outputs }: Trace<V>, name?: string): Row<V> {
  const names = outputs.map(row => row.name).join(', ')
  if (name === undefined && outputs.length !== 1)
    throw new ArgumentError(`${op}: there are ${outputs.length} outputs (${names}): choose one by the option 'output'`)
  const found = name === undefined ? outputs[0] : outputs.find(row => row.name === name)
  if (!found) throw new ArgumentError(`${op}: there is no output '${name}'. The outputs are ${names}`)
  return found
}

/**
 * Reverse mode, written down: visits the rows in the trace's order, and keeps what each use contributed. The
 * contributions are the engine's own.
 *
 * @throws ArgumentError when the output is not chosen, or does not exist; GradError when no gradient flows from it;
 * ShapeError for a seed of another shape
 * @example
 * const { adjoints } = sweep(trace((x: Value) => x.mul(x), [3]))
 * adjoints.map(({ value }) => value) // [1, 6]
 * adjoints[1].terms.map(({ value }) => value) // [3, 3]
 */
export function sweep<V extends Known | Spec>(trace: Trace<V>, given: SweepOptions = {}): Sweep<V> {
  const options = checked('sweep', given, ['output', 'seed'])
  uncompiled('sweep')
  const output = chosen('sweep', traced('sweep', trace), options.output)
  if (!output.node) throw new GradError(`sweep: '${output.name}' depends on nothing that a gradient flows to`)
  const like = output.value
  const seed = options.seed ?? (typeof like === 'number' ? 1 : ones(like.shape, { dtype: like.dtype }))
  const shape = (x: Number | Spec): readonly number[] => (typeof x === 'object' && 'shape' in x ? x.shape : [])
  if (seed instanceof Tensor === (typeof like === 'number') || !sameShape(shape(seed), shape(like)))
    throw new ShapeError(`sweep: the seed has shape ${show(shape(seed))}, the output ${show(shape(like))}`)

  const pending = new Map<Row<V>, Term<V>[]>()
  const adjoints: Adjoint<V>[] = []
  for (const row of trace.backward) {
    const terms = pending.get(row) ?? []
    const start = row === output ? seed : null
    if (!row.node || (terms.length === 0 && start === null)) continue
    const parts = [...(start === null ? [] : [start]), ...terms.map(({ value }) => value)]
    const { node } = row
    const g = noGrad(() => {
      const all = parts.map(active).reduce(sum)
      return node.hooked?.(all) ?? all
    })
    adjoints.push({ row, value: plain(g), seed: start, terms })
    const users = node.inputs.map(input => (typeof input === 'object' && input ? trace.at.get(input) : undefined))
    const wanted = users.map(input => input !== undefined)
    if (!wanted.includes(true)) continue
    const cotangents = noGrad(() => node.pull(g, wanted))
    row.places.forEach((place, argument) => {
      const [input, dx] = [users[place], cotangents[place]]
      if (!input || !dx) return
      listed(pending, input).push({ user: row, argument, upstream: plain(g), value: plain(dx) })
    })
  }
  return { output, adjoints }
}
