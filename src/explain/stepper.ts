// The stepper: a run and its sweep as single steps, to be taken forth and back.

import { noGrad } from '../engine/apply.ts'
import { options as checked, integer, oneOf } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Tensor } from '../engine/tensor.ts'
import { type Active, active, sum } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'
import { type FoldOptions, foldedWith, isFold, limited, summary } from './fold.ts'
import { locals } from './pattern.ts'
import { type SweepOptions, sweep, type Term } from './sweep.ts'
import type { Cell, Formula, Table } from './table.ts'
import { listed, type Row, type Trace, traced, uncompiled } from './trace.ts'
import { barred, contribution, dotted, equation, named, plain, shaped, tangent, value } from './writing.ts'

type Number = number | Tensor

/** Forward: a row gets its value and its tangents. */
export interface ForwardStep {
  readonly phase: 'forward'
  readonly row: Row
  /** How the value came about. */
  readonly formula: Formula
  /** By argument, the local partials; null where there is none. */
  readonly locals: readonly (Number | null)[]
}
/** Forward, beside the values: an input is given its tangent, or a row gets what one of its arguments contributes to its own. */
export interface TangentStep {
  readonly phase: 'tangent'
  readonly row: Row
  /** The input that the tangents are by. */
  readonly by: Row
  /** Which argument contributes; null at an input, whose tangent is given. */
  readonly argument: number | null
  /** Whose tangent comes in; null at an input. */
  readonly from: Row | null
  /** The tangent of `from`. */
  readonly upstream: Number | null
  /** The local partial; null where an op's derivative is no table of partials. */
  readonly local: Number | null
  readonly contribution: Number
  /** The tangent of `row` as far as it is summed up, this contribution included. */
  readonly accumulated: Number
  readonly formula: Formula
}
/** Backward, at the output: it gets its seed. */
export interface SeedStep {
  readonly phase: 'seed'
  readonly row: Row
  readonly formula: Formula
  readonly accumulated: Number
}
/** Backward, along one edge: a row hands its adjoint, times a local partial, on to one of its arguments. */
export interface BackwardStep {
  readonly phase: 'backward'
  /** Whose adjoint is complete, and handed on. */
  readonly row: Row
  readonly argument: number
  /** Who gets it. */
  readonly to: Row
  /** The adjoint of `row`. */
  readonly upstream: Number
  /** The local partial; null where an op's derivative is no table of partials. */
  readonly local: Number | null
  readonly contribution: Number
  /** What `to` has collected by now, this contribution included. */
  readonly accumulated: Number
  readonly formula: Formula
}
export type Step = ForwardStep | TangentStep | SeedStep | BackwardStep

export interface StepperOptions extends SweepOptions, FoldOptions {
  /** Which steps: `forward`, `backward` or `both` (default). */
  readonly phase?: 'forward' | 'backward' | 'both'
  /** Forward mode too: behind the step of a row those of its tangents, by the inputs of the trace's `wrt` (false). */
  readonly tangents?: boolean
}

/**
 * The steps of a trace, forward (values and, if asked for, tangents) and then backward, as an iterator that can turn round. `position` is how many steps are
 * taken; `current` the last of them.
 *
 * @throws ArgumentError when the output is not chosen, for an unknown option, and for a jump beyond the ends
 * @example
 * const steps = new Stepper(trace((x: Value) => x.mul(x), [3]), { phase: 'backward' })
 * steps.jump(2).accumulated // 3
 * steps.rewind()
 * Array.from(steps, ({ formula }) => formula.text).join('\n')
 * // w1-bar = 1
 * // x1-bar = w1-bar*x1
 * // x1-bar += w1-bar*x1
 */
export class Stepper implements IterableIterator<Step> {
  readonly steps: readonly Step[]
  #position = 0
  readonly #limit: number

  constructor(trace: Trace, given: StepperOptions = {}) {
    const known = ['phase', 'output', 'seed', 'fold', 'tangents']
    const { phase = 'both', fold, tangents = false, ...options } = checked('Stepper', given, known)
    this.#limit = limited('Stepper', fold)
    traced('Stepper', trace)
    uncompiled('Stepper')
    oneOf('Stepper', 'phase', phase, ['forward', 'backward', 'both'])
    if (tangents && trace.wrt.length === 0)
      throw new ArgumentError("Stepper: the trace has no tangents: name inputs by its option 'wrt'")
    const onward = (row: Row): Step[] => [
      forward(row),
      ...(tangents ? trace.wrt.flatMap((by, k) => along(row, by, k)) : []),
    ]
    this.steps = [
      ...(phase === 'backward' ? [] : trace.rows.flatMap(onward)),
      ...(phase === 'forward' ? [] : backward(trace, options)),
    ]
  }

  get length(): number {
    return this.steps.length
  }
  get position(): number {
    return this.#position
  }
  /** The last step that was taken; null before the first. */
  get current(): Step | null {
    return this.steps[this.#position - 1] ?? null
  }

  /** Takes the next step. */
  next(): IteratorResult<Step, undefined> {
    if (this.#position === this.length) return { done: true, value: undefined }
    this.#position++
    return { done: false, value: this.current as Step }
  }

  /** Takes the last step back; the step that is then the last. */
  back(): Step | null {
    this.#position = Math.max(0, this.#position - 1)
    return this.current
  }

  /** Before the first step. */
  rewind(): void {
    this.#position = 0
  }

  /** To where so many steps are taken; negative counts from the end. The last of them. */
  jump(position: number): Step | null {
    const to = integer('jump', 'the position', position)
    const at = to < 0 ? this.length + to : to
    if (at < 0 || at > this.length)
      throw new ArgumentError(`jump: there are ${this.length} steps, no position ${position}`)
    this.#position = at
    return this.current
  }

  /** The adjoints as far as they are summed up now. */
  get adjoints(): Map<Row, Number> {
    const found = new Map<Row, Number>()
    for (const step of this.steps.slice(0, this.#position))
      if (step.phase === 'seed' || step.phase === 'backward')
        found.set(step.phase === 'seed' ? step.row : step.to, step.accumulated)
    return found
  }

  /** The tangents by an input as far as they are summed up now. */
  tangents(by: Row): Map<Row, Number> {
    const found = new Map<Row, Number>()
    for (const step of this.steps.slice(0, this.#position))
      if (step.phase === 'tangent' && step.by === by) found.set(step.row, step.accumulated)
    return found
  }

  /** The rows that have values now: of the backward steps all. */
  get known(): Set<Row> {
    return new Set(this.steps.slice(0, this.#position).map(({ row }) => row))
  }

  /** The steps that are taken, one line each; folded when there are many. */
  get table(): Table {
    const taken = this.steps.slice(0, this.#position).map((step, i): Taken => ({ step, number: i + 1 }))
    const isForward = ({ step }: Taken): boolean => step.phase === 'forward' || step.phase === 'tangent'
    const columns = ['step', 'phase', 'formula', 'upstream', 'local', 'contribution', 'accumulated']
    return {
      title: `Step ${this.#position} of ${this.length}`,
      columns: columns.map(title => ({ title, align: title === 'phase' || title === 'formula' ? 'left' : 'right' })),
      rows: [taken.filter(isForward), taken.filter(x => !isForward(x))].flatMap(phase => lines(phase, this.#limit)),
      notes: [],
    }
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** A step that was taken, and which it was. */
interface Taken {
  readonly step: Step
  readonly number: number
}

/** The steps of a phase; when there are many, those of rows that stand together as one line. */
function lines(taken: readonly Taken[], limit: number): Cell[][] {
  const line = ({ step, number }: Taken): Cell[] => {
    const { phase, formula, row } = step
    const numbers =
      phase === 'backward' || (phase === 'tangent' && step.from)
        ? [step.upstream, step.local, step.contribution, step.accumulated]
        : [null, null, null, phase === 'forward' ? row.value : step.accumulated]
    return [number, phase === 'tangent' ? `tangent by ${step.by.name}` : phase, formula, ...numbers]
  }
  if (taken.length <= limit) return taken.map(line)
  const byRow = new Map<Row, Taken[]>()
  for (const x of taken) listed(byRow, x.step.row).push(x)
  const entries = [...byRow].map(([row, steps]) => ({ row, steps }))
  // so many rows as make about so many lines
  const most = Math.max(3, Math.floor((limit * entries.length) / taken.length))
  return foldedWith(entries, most).flatMap(fold => {
    if (!isFold(fold)) return fold.steps.map(line)
    const steps = fold.entries.flatMap(({ steps }) => steps)
    const numbers = steps.map(({ number }) => number)
    const [first, last] = [Math.min(...numbers), Math.max(...numbers)]
    const words = `${summary(fold)}, ${steps.length} steps`
    return [[`${first} to ${last}`, steps[0].step.phase, words, null, null, null, null]]
  })
}

const forward = (row: Row): ForwardStep => ({
  phase: 'forward',
  row,
  // made when somebody reads it: whoever moves an input wants the numbers alone, many times a second
  get formula() {
    return equation(named(row), value(row) ?? number(row.value))
  },
  locals: locals(row),
})

/** Forward mode at a row: a step for each argument that has a tangent by the k-th input. */
function along(row: Row, by: Row, k: number): TangentStep[] {
  const { args, applied } = row
  const tangentOf = (x: Row): Number | null => x.tangents[k] ?? null
  const own = tangentOf(row)
  if (own === null) return []
  if (applied === null) {
    const formula = equation(dotted(row), number(own))
    const none = { argument: null, from: null, upstream: null, local: null }
    return [{ phase: 'tangent', row, by, ...none, contribution: own, accumulated: own, formula }]
  }
  const partials = locals(row)
  const steps: TangentStep[] = []
  let accumulated: Number | null = null
  args.forEach((from, argument) => {
    const upstream = typeof from === 'object' ? tangentOf(from) : null
    if (typeof from === 'number' || upstream === null) return
    // the op's own rule, with the tangent of one operand alone, in the order of the engine's op
    const alone = args.map(() => null as Active | null)
    alone[row.places[argument]] = active(upstream)
    const found = noGrad(() => applied.jvp(alone)) as Active | null
    if (found === null) return
    const contribution = found instanceof Value ? found.data : found
    const before: Number | null = accumulated
    accumulated = before === null ? contribution : plus(before, contribution)
    const share = tangent(row, (_, i) => i === argument)
    steps.push({
      phase: 'tangent',
      row,
      by,
      argument,
      from,
      upstream,
      local: partials[argument] ?? null,
      contribution,
      accumulated,
      formula: added(dotted(row), before === null, share),
    })
  })
  return steps
}

/** What is set to its first term, and increased by the others. */
const added = (sum: Formula, isFirst: boolean, term: Formula): Formula => ({
  text: `${sum.text} ${isFirst ? '=' : '+='} ${term.text}`,
  tex: `${sum.tex} ${isFirst ? '=' : '\\mathrel{+}='} ${term.tex}`,
})

function backward(trace: Trace, options: SweepOptions): Step[] {
  const { adjoints } = sweep(trace, options)
  const edges = new Map<Row, { readonly to: Row; readonly term: Term }[]>()
  for (const { row, terms } of adjoints) for (const term of terms) listed(edges, term.user).push({ to: row, term })
  const collected = new Map<Row, Number>()
  return adjoints.flatMap(({ row, seed }): Step[] => {
    const steps: Step[] = []
    if (seed !== null) {
      collected.set(row, collected.has(row) ? plus(collected.get(row) as Number, seed) : seed)
      const formula = equation(barred(row), number(seed))
      steps.push({ phase: 'seed', row, formula, accumulated: seed })
    }
    const partials = locals(row)
    const handed = [...(edges.get(row) ?? [])].sort((a, b) => a.term.argument - b.term.argument)
    for (const { to, term } of handed) {
      const before = collected.get(to)
      const accumulated = before === undefined ? term.value : plus(before, term.value)
      collected.set(to, accumulated)
      steps.push({
        phase: 'backward',
        row,
        argument: term.argument,
        to,
        upstream: term.upstream,
        local: partials[term.argument] ?? null,
        contribution: term.value,
        accumulated,
        get formula() {
          return added(barred(to), before === undefined, contribution(row, term.argument))
        },
      })
    }
    return steps
  })
}

const number = (x: Number): Formula => (typeof x === 'number' ? plain(x) : shaped(x))
const plus = (a: Number, b: Number): Number => {
  const total = noGrad(() => sum(active(a), active(b)))
  return total instanceof Value ? total.data : total
}
