// explain: the tables of a lecture on automatic differentiation, for the reader's own function.
import { options as checked, oneOf } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { isFloat } from '../engine/ops/kind.ts'
import { Tensor } from '../engine/tensor.ts'
import { type FoldOptions, folded, foldedWith, isFold, limited, summary } from './fold.ts'
import { ledger } from './ledger.ts'
import { copies, meanings, pattern } from './pattern.ts'
import { Stepper, type StepperOptions } from './stepper.ts'
import { type Adjoint, chosen, type Sweep, sweep } from './sweep.ts'
import { type Cell, type Column, type Format, type Formula, type RenderOptions, render, type Table } from './table.ts'
import { type Inputs, namedInputs, type Row, type Trace, type Traceable, type TraceOptions, trace } from './trace.ts'
import { added, barred, contribution, dotted, equation, named, plain, shaped, tangent, value } from './writing.ts'

export interface ExplainOptions extends TraceOptions, FoldOptions {
  /** Which derivatives: `forward`, `reverse` or `both` (default). */
  readonly mode?: 'forward' | 'reverse' | 'both'
  /** The inputs to propagate tangents from (the first that has a derivative; none when they are integers). */
  readonly wrt?: readonly string[]
  /** The outputs to sweep back from (all). */
  readonly outputs?: readonly string[]
}

/**
 * `f`, a function, a module or a formula in text, run once on its inputs and explained: every intermediate with its
 * formula and value; the tangents that are propagated beside the values, in one pass; and for each output the adjoints,
 * swept back, each as the sum of one term for every use.
 *
 * @throws ArgumentError for inputs that do not suit and unknown options; and whatever `f` throws
 * @example
 * const found = explain('x1*x2 + sin(x1)', { x1: 2, x2: 3 })
 * found.equations
 * // {
 * //   values: [ 'x1 = 2', 'x2 = 3', 'w1 = sin(x1)', 'w2 = x1*x2', 'w3 = w1 + w2' ],
 * //   forward: [
 * //     'x1-dot = 1',
 * //     'x2-dot = 0',
 * //     'w1-dot = cos(x1)*x1-dot',
 * //     'w2-dot = x1-dot*x2 + x1*x2-dot',
 * //     'w3-dot = w1-dot + w2-dot'
 * //   ],
 * //   reverse: [
 * //     'w3-bar = 1',
 * //     'w1-bar = w3-bar',
 * //     'w2-bar = w3-bar',
 * //     'x1-bar = w1-bar*cos(x1) + w2-bar*x2',
 * //     'x2-bar = w2-bar*x1'
 * //   ]
 * // }
 */
export function explain(f: Traceable, inputs: Inputs, given: ExplainOptions = {}): Explanation {
  const { mode, outputs, wrt, fold, ...options } = checked('explain', given, KNOWN)
  oneOf('explain', 'mode', mode ?? 'both', ['forward', 'reverse', 'both'])
  const limit = limited('explain', fold)
  const all = namedInputs('explain', f, inputs)
  const first = all.find(([, x]) => !(x instanceof Tensor) || isFloat(x.dtype))
  const found = trace(f, inputs, { ...options, wrt: mode === 'reverse' ? [] : (wrt ?? (first ? [first[0]] : [])) })
  // of a model that reads integers there are the adjoints of its parameters
  if (!first && (mode === 'forward' || !found.outputs.some(({ node }) => node !== null)))
    throw new ArgumentError(
      `explain: there is no input to differentiate by${all.length > 0 ? ': they are integers or bools' : ''}`,
    )
  const rows = outputs?.map(name => chosen('explain', found, name)) ?? found.outputs
  const sweeps = rows.filter(({ node }) => node !== null).map(({ name }) => sweep(found, { output: name }))
  return new Explanation(found, mode === 'forward' ? [] : sweeps, limit)
}
/** The most terms of an adjoint that a table shows; `ledger` has all. */
const TERMS = 6
const KNOWN = ['mode', 'wrt', 'outputs', 'order', 'model', 'fold']

/** What `explain` found: the trace, the sweeps, and both as equations and as tables. */
export class Explanation {
  /** Does a row change with the inputs? */
  readonly #varies: ReadonlySet<Row>

  constructor(
    readonly trace: Trace,
    /** One for each output. */
    readonly sweeps: readonly Sweep[],
    private readonly limit: number,
  ) {
    const varying = new Set(trace.inputs.filter(({ node }) => node !== null))
    // under noGrad a row has no node, but tangents all the same
    for (const row of trace.rows)
      if (
        (row.node !== null || row.tangents.some(t => t !== null)) &&
        row.args.some(x => typeof x === 'object' && varying.has(x))
      )
        varying.add(row)
    this.#varies = varying
  }

  /** The formulas as text: of the values; of the tangents; of the adjoints, in the order visited, output by output. */
  get equations(): { readonly values: string[]; readonly forward: string[]; readonly reverse: string[] } {
    const { rows, wrt } = this.trace
    const text = ({ text }: Formula): string => text
    return {
      values: rows.map(row => text(this.#value(row))),
      forward: wrt.length === 0 ? [] : rows.filter(row => this.#varies.has(row)).map(row => text(this.#tangent(row))),
      reverse: this.sweeps.flatMap(({ adjoints }) => adjoints.map(adjoint => text(this.#adjoint(adjoint)))),
    }
  }

  #value(row: Row): Formula {
    const { value: x } = row
    return equation(named(row), value(row) ?? (typeof x === 'number' ? plain(x) : shaped(x)))
  }

  #tangent(row: Row): Formula {
    const { wrt } = this.trace
    if (row.op !== null)
      return equation(
        dotted(row),
        tangent(row, x => this.#varies.has(x)),
      )
    const [only] = wrt
    return wrt.length === 1 ? equation(dotted(row), plain(row === only ? 1 : 0)) : dotted(row)
  }

  #adjoint({ row, seed, terms }: Adjoint, most = Infinity): Formula {
    const start = seed === null ? [] : [seed instanceof Tensor ? shaped(seed) : plain(seed)]
    const uses = terms.map(({ user, argument }) => contribution(user, argument))
    const all = [...start, ...uses]
    const some = all.filter(({ text }) => text !== '0')
    const more = some.length - most
    // a row that all others use, as a parameter is: the first terms and the last say how it goes on
    const shown = more > 0 ? [...some.slice(0, most - 2), left(more + 1), some[some.length - 1]] : some
    return equation(barred(row), shown.length > 0 ? added(shown) : plain(0))
  }

  /** The values and, when there are any, the tangents: one line for each row, folded when there are many. */
  get forward(): Table {
    return this.#forward(this.limit)
  }
  /** The adjoints of each output, in the order visited. */
  get reverse(): Table[] {
    return this.#reverse(this.limit)
  }

  #forward(limit: number): Table {
    const { rows, wrt } = this.trace
    const columns: Column[] = [{ title: 'row' }, { title: 'value', align: 'right' }]
    if (wrt.length > 0) columns.push({ title: 'tangent' })
    for (const x of wrt) columns.push({ title: derivative('d', x), align: 'right' })
    columns.push({ title: 'flow' })
    const shared = copies(this.trace)
    const flow = (row: Row): string =>
      [
        ...(row.op === null ? [] : [meanings[pattern(row) ?? 'block']]),
        ...(shared.has(row) ? [`used ${shared.get(row)} times`] : []),
      ].join(', ')
    return {
      title: wrt.length === 0 ? 'Values' : 'Forward: values, and tangents beside them',
      columns,
      rows: folded(rows, limit).map(line => {
        const fold = isFold(line) ? line : null
        const row = fold ? fold.shown : (line as Row)
        const tangents = wrt.flatMap((_, k) => [row.tangents[k] ?? (this.#varies.has(row) ? 0 : null)])
        return [
          fold ? summary(fold) : this.#value(row),
          row.value,
          ...(wrt.length === 0 ? [] : [fold || !this.#varies.has(row) ? null : this.#tangent(row), ...tangents]),
          fold ? null : flow(row),
        ]
      }),
      notes: [],
    }
  }

  #reverse(limit: number): Table[] {
    return this.sweeps.map(({ output, adjoints }) => ({
      title: `Reverse: how ${output.name} changes with each row`,
      columns: [{ title: 'adjoint' }, { title: 'value', align: 'right' as const }, { title: 'uses' }],
      rows: foldedWith(adjoints, limit).map((line): Cell[] => {
        if (isFold(line))
          return [summary(line), line.entries.find(({ row }) => row === line.shown)?.value ?? null, null]
        const { value, terms } = line
        return [this.#adjoint(line, TERMS), value, terms.length > 1 ? `sums its ${terms.length} uses` : null]
      }),
      notes:
        output.value instanceof Tensor && output.value.numel > 1
          ? [`The adjoint of ${output.name} is all ones: the others are those of the sum of its elements.`]
          : [],
    }))
  }

  /** Everything as tables: forward, then reverse. */
  get tables(): Table[] {
    return [this.forward, ...this.reverse]
  }

  /** For each output, where the adjoints of rows that are used more than once come from; see `ledger`. */
  get ledgers(): Table[] {
    return this.sweeps.map(found => ledger(found, { fold: this.limit === Infinity ? false : this.limit }))
  }

  /** The run and the sweep as single steps; see `Stepper`. */
  steps(options: StepperOptions = {}): Stepper {
    return new Stepper(this.trace, options)
  }

  /** All tables, one behind another; see `render`. JSON is for programs: it has every row. */
  render(format: Format = 'text', options: RenderOptions = {}): string {
    const tables = format === 'json' ? [this.#forward(Infinity), ...this.#reverse(Infinity)] : this.tables
    return joined(tables, format, options)
  }

  toString(): string {
    return this.render()
  }
}

/** Several tables in one text; in JSON, a list. */
export function joined(tables: readonly Table[], format: Format, options: RenderOptions = {}): string {
  const texts = tables.map(table => render(table, format, options))
  return format === 'json'
    ? JSON.stringify(
        texts.map(text => JSON.parse(text) as unknown),
        null,
        2,
      )
    : texts.join('\n\n')
}

const left = (terms: number): Formula => ({ text: `(${terms} more)`, tex: `\\text{(${terms} more)}` })
const derivative = (d: string, x: Row): Formula => ({
  text: `${d}/d(${x.name})`,
  tex: `\\frac{${d}}{${d}${named(x).tex}}`,
})
