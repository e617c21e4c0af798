// The verdict: a derivative by forward mode, reverse mode, finite differences and the complex step, side by side.
import { options as checked, integer, number } from '../engine/argument.ts'
import { ArgumentError, GradError } from '../engine/errors.ts'
import { postorder } from '../engine/graph.ts'
import { isFloat } from '../engine/ops/kind.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { replayed, watched } from '../engine/random.ts'
import { Tensor } from '../engine/tensor.ts'
import { grad, jvp } from '../engine/transforms.ts'
import { type Active, type Leaf, node } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'
import { copy } from '../nn/copy.ts'
import { Module } from '../nn/module.ts'
import { type Complex, complexValue } from './complex.ts'
import {
  culprits,
  elements,
  type Finding,
  kinkAt,
  leafLike,
  moved,
  type Run,
  recorded,
  roundings,
  slope,
  total,
} from './culprit.ts'
import { type Cell, type Format, type RenderOptions, render, type Table } from './table.ts'
import { type Inputs, namedInputs, runnable, type Traceable } from './trace.ts'

export interface VerdictOptions {
  /** How far two derivatives may be apart, relative to their size (1e-6; 1e-3 for float32). */
  readonly tolerance?: number
  /** How many elements of all inputs are judged at most, evenly spread (16). */
  readonly elements?: number
}

/** One derivative, taken in four ways. */
export interface Judgement {
  readonly input: string
  /** The element of a tensor, flat; null for numbers. */
  readonly element: number | null
  /** null where a mode has no rule, or the complex step has no value. */
  readonly forward: number | null
  readonly reverse: number | null
  readonly complex: number | null
  /** The best difference, its step, and how far it may be off. */
  readonly difference: { readonly value: number; readonly h: number; readonly error: number }
  /** The central difference for each step of `Verdict.steps`. */
  readonly differences: readonly number[]
  /** The complex step's for each of these steps. */
  readonly complexes: readonly number[] | null
  readonly agree: boolean
}

/** What `verdict` found. */
export class Verdict {
  constructor(
    /** No rule is wrong, and no disagreement is left that is not a matter of digits. */
    readonly ok: boolean,
    readonly judgements: readonly Judgement[],
    readonly findings: readonly Finding[],
    /** The steps h, largest first. */
    readonly steps: readonly number[],
    private readonly notes: readonly string[],
  ) {}

  /** The derivatives side by side, then the error of differences against h. */
  get tables(): Table[] {
    const first: Table = {
      title: this.ok ? 'The derivatives agree' : 'The derivatives disagree',
      columns: [
        { title: 'by' },
        ...['forward', 'reverse', 'difference', 'h', 'complex step'].map(title => ({ title, align: 'right' as const })),
        { title: 'agree' },
      ],
      rows: this.judgements.map(j => [
        name(j),
        j.forward,
        j.reverse,
        j.difference.value,
        j.difference.h,
        j.complex,
        j.agree ? 'yes' : 'no',
      ]),
      notes: [...this.findings.map(({ cause, message }) => `${cause}: ${message}.`), ...this.notes],
    }
    const shown = this.judgements.slice(0, 3)
    const errors: Table = {
      title: 'Error against h: central differences, and the complex step',
      columns: [
        { title: 'h', align: 'right' },
        ...shown.flatMap(j => [
          { title: name(j), align: 'right' as const },
          ...(j.complexes ? [{ title: `${name(j)}, complex`, align: 'right' as const }] : []),
        ]),
      ],
      rows: this.steps.map((h, i): Cell[] => [
        h,
        ...shown.flatMap(j => {
          const error = (x: number): number =>
            Number(Math.abs(x - (j.complex ?? j.reverse ?? j.forward ?? NaN)).toPrecision(2))
          return [error(j.differences[i]), ...(j.complexes ? [error(j.complexes[i])] : [])]
        }),
      ]),
      notes: [],
    }
    return [first, errors]
  }

  /** Both tables; see `render`. */
  render(format: Format = 'text', options: RenderOptions = {}): string {
    const texts = this.tables.map(table => render(table, format, options))
    return format === 'json' ? `[\n${texts.join(',\n')}\n]` : texts.join('\n\n')
  }

  toString(): string {
    return this.render()
  }
}

const name = ({ input, element }: Judgement): string => (element === null ? input : `${input}[${element}]`)

const LADDER = Array.from({ length: 12 }, (_, k) => Number(`1e-${k + 1}`))

/**
 * Takes the derivative of `f` (of the sum of what it returns) by every element of its inputs in four ways, and says whether
 * they agree: forward mode, reverse mode, central differences over twelve steps h of which the best is taken, and, for
 * functions of values, the complex step Im f(x + ih)/h, which loses no digits (Squire and Trapp 1998). Where they do not,
 * or where the function has a kink, the op and the cause are named:
 * - kink: the slope changes here; tie: it does as two operands are equal
 * - cancellation, precision: the difference is at fault, by the digits that an op takes away
 * - wrong rule: an op's own derivative is not that of its values
 *
 * `f` must be deterministic but for draws from a `Generator`, which are held.
 *
 * @throws ExpressionError for a text that cannot be read; ArgumentError for inputs that do not suit
 * @example
 * verdict('x1*x2 + sin(x1)', { x1: 2, x2: 3 }).ok // 1
 * verdict('max(x, y)', { x: 1, y: 1 }).findings[0].cause // 'tie'
 */
export function verdict(f: Traceable, inputs: Inputs, given: VerdictOptions = {}): Verdict {
  const options = checked('verdict', given, ['tolerance', 'elements'])
  const most = integer('verdict', 'elements', options.elements ?? 16, 1)
  const named = namedInputs('verdict', f, inputs)
  const names = named.map(([name]) => name)
  const xs = named.map(([, x]) => x)
  const call = runnable('verdict', f, named)
  const drawing: Run = given => call(...(given as never[]))
  const places = xs.flatMap((x, k) =>
    x instanceof Tensor && !isFloat(x.dtype) ? [] : elements(x).map((_, e) => ({ input: k, element: e })),
  )
  if (places.length === 0) throw new ArgumentError('verdict: there is no input to differentiate by')
  const some = places.filter(
    (_, i) => Math.floor((i * most) / places.length) !== Math.floor(((i - 1) * most) / places.length),
  )
  const chosen = places.length <= most ? places : some
  const single = xs.some(x => x instanceof Tensor && x.dtype === 'float32')
  const tolerance = number('verdict', 'tolerance', options.tolerance ?? (single ? 1e-3 : 1e-6))
  if (!(tolerance >= 0)) throw new ArgumentError(`verdict: tolerance is at least 0, not ${tolerance}`)
  const epsilon = single ? 2 ** -23 : 2 ** -52

  // a function that draws is held to its first draws
  const [, draws] = watched(() => total(drawing(moved(xs, 0, 0, 0))))
  const run: Run = given => replayed(draws, () => drawing(given))
  const at = (input: number, element: number, h: number): number =>
    elements(total(run(moved(xs, input, element, h)))).reduce((a, b) => a + b)

  const gradients = ruled(
    () =>
      grad((...given: Active[]) => total(run(given)), {
        argnums: xs.flatMap((x, k) => (x instanceof Tensor && !isFloat(x.dtype) ? [] : [k])),
      })(...moved(xs, 0, 0, 0)) as Leaf[],
  )
  const differentiable = xs.flatMap((x, k) => (x instanceof Tensor && !isFloat(x.dtype) ? [] : [k]))
  const steppable = complexSteps(run, xs)
  const scaleOf = ({ input, element }: { input: number; element: number }): number =>
    Math.max(1, Math.abs(elements(xs[input])[element]))
  const judgements = chosen.map((place): Judgement => {
    const { input, element } = place
    const scale = scaleOf(place)
    const values = new Map<number, number>()
    const f = (h: number): number => {
      const known = values.get(h) ?? at(input, element, h * scale)
      values.set(h, known)
      return known
    }
    const best = slope(f, LADDER, epsilon)
    const forward = ruled(() => {
      const here = moved(xs, 0, 0, 0)
      const along = leafLike(
        xs[input],
        elements(xs[input]).map((_, e) => +(e === element)),
        false,
      )
      // the other inputs have no tangent: one of 0 would give NaN where a partial by them is not finite
      const by = (x: Active): Active => total(run(here.map((other, k) => (k === input ? x : other))))
      const [, tangent] = jvp(by, [here[input]], [along])
      return elements(tangent as Leaf)[0]
    })
    const reverse = gradients && elements(gradients[differentiable.indexOf(input)])[element]
    const complexes = steppable && LADDER.map(h => steppable(input, h * scale))
    // so small a step that nothing is left but the derivative
    const complex = steppable ? steppable(input, 1e-100) : null
    const difference = { value: best.value / scale, h: best.h * scale, error: best.error / scale }
    const all = [forward, reverse, complex, difference.value].filter(x => x !== null)
    const size = Math.max(...all.map(Math.abs), Number.MIN_VALUE)
    const agree =
      all.every(Number.isFinite) && Math.max(...all) - Math.min(...all) <= Math.max(tolerance * size, 1e-300)
    return {
      input: names[input],
      element: xs[input] instanceof Tensor ? element : null,
      forward,
      reverse,
      complex,
      difference,
      differences: LADDER.map(h => (f(h) - f(-h)) / (2 * h * scale)),
      complexes,
      agree,
    }
  })

  const value = at(0, 0, 0)
  // every disagreement is looked into, and every number for a kink that the methods happen to agree on
  const findings: Finding[] = []
  let doubtful = false
  let exactly: Run | null = null
  let unseen: string | null = null
  const blamed = (input: number, element: number): Finding[] => {
    try {
      exactly ??= single ? inDouble(f, run, draws) : run
      return culprits(exactly, xs, input, element)
    } catch (error) {
      // in float32 it ran
      if (!single) throw error
      unseen = error instanceof Error ? error.message : String(error)
      return []
    }
  }
  judgements.forEach((j, i) => {
    const { input, element } = chosen[i]
    const close = Math.min(1, Math.abs(elements(xs[input])[element]) || 1)
    if (j.agree && (single || i > 3 || !kinkAt(h => at(input, element, h * close)))) return
    const found = blamed(input, element)
    const modes = [j.forward, j.reverse, j.complex].filter(x => x !== null)
    const blame =
      found.length > 0
        ? found
        : j.agree || unseen !== null || !Number.isFinite(value) || !modes.every(Number.isFinite)
          ? []
          : [roundings(run, xs, epsilon)].filter(x => x !== null)
    const size = Math.max(...modes.map(Math.abs), Number.MIN_VALUE)
    const exact = modes.every(Number.isFinite) && Math.max(...modes) - Math.min(...modes) <= tolerance * size
    if (!j.agree && (!exact || blame.length === 0 || blame.some(({ cause }) => !/cancellation|precision/.test(cause))))
      doubtful = true
    if (blame.some(({ cause }) => cause === 'wrong rule')) doubtful = true
    for (const one of blame)
      if (!findings.some(other => other.cause === one.cause && other.at === one.at)) findings.push(one)
  })
  const notes = [
    ...(Number.isFinite(value) ? [] : [`The function's value is ${value} here.`]),
    ...judgements.flatMap(j => {
      const odd = [j.reverse, j.forward].find(x => x !== null && !Number.isFinite(x))
      return Number.isFinite(value) && odd !== undefined ? [`The derivative by ${name(j)} is ${odd} here.`] : []
    }),
    ...(unseen === null
      ? []
      : [`Kinks and wrong rules are looked for in float64, which the function does not take: ${unseen}`]),
    ...(chosen.length < places.length ? [`${chosen.length} of ${places.length} elements were looked at.`] : []),
    ...(steppable || xs.some(x => x instanceof Tensor)
      ? []
      : ['The complex step does not apply: no complex value here, or an op has none.']),
  ]
  return new Verdict(!doubtful, judgements, findings, LADDER, notes)
}

/** The function as float64 inputs need it: a module with parameters of that dtype too. */
function inDouble(f: Traceable, run: Run, draws: Parameters<typeof replayed>[0]): Run {
  if (!(f instanceof Module)) return run
  const made = copy(f, 'float64')
  return given => replayed(draws, () => made.forward(...(given as never[])))
}

/** What rules give; null where one is missing. */
function ruled<T>(f: () => T): T | null {
  try {
    return f()
  } catch (error) {
    if (error instanceof GradError) return null
    throw error
  }
}

/** Im f(x + ih) / h, on the graph of one run; null when an op of it has no value on complex numbers. */
function complexSteps(run: Run, xs: readonly Leaf[]): ((input: number, h: number) => number) | null {
  if (xs.some(x => x instanceof Tensor)) return null
  const { inputs, output } = recorded(run, moved(xs, 0, 0, 0))
  if (!(output instanceof Value) || !Number.isFinite(output.data)) return null
  const root = node(output) === null ? null : output
  if (root === null) return () => 0
  const nodes = postorder<Value>(root as never) as unknown as Value[]
  const step = (input: number, h: number): number | null => {
    const known = new Map<Value, Complex>()
    for (const x of nodes) {
      if (x.op === null) known.set(x, [x.data, x === inputs[input] ? h : 0])
      else {
        if (!(x.op instanceof Pointwise)) return null
        const y = complexValue(
          x.op.expr,
          x.inputs.map((z): Complex => (typeof z === 'number' ? [z, 0] : (known.get(z) as Complex))),
        )
        if (typeof y === 'string') return null
        known.set(x, y)
      }
    }
    return (known.get(root) as Complex)[1] / h
  }
  return step(0, 1) === null ? null : (input, h) => step(input, h) as number
}
