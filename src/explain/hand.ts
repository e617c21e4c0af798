// Derivatives by hand, marked: which are exact, close or wrong, where the first wrong one is, and what it may be.
import { noGrad } from '../engine/apply.ts'
import { options as checked, described, number, record } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { tensor } from '../engine/ops/create.ts'
import { sameShape, show } from '../engine/shape.ts'
import { type NestedArray, Tensor } from '../engine/tensor.ts'
import { type Active, active, sum } from '../engine/tree.ts'
import { parse } from './expression.ts'
import { type Adjoint, sweep } from './sweep.ts'
import { type Format, type RenderOptions, render, type Table } from './table.ts'
import { type Inputs, type Row, type Trace, type Traceable, type TraceOptions, trace } from './trace.ts'

/** dL/d(row): a number, a tensor or nested lists, or a formula of the rows' values (x1, w2) and of other answers (w2_bar). */
export type Answer = number | Tensor | NestedArray | string

export interface MarkOptions extends TraceOptions {
  /** The output that is differentiated, by name; needed where there are several. */
  readonly output?: string
  /** How far a close answer may be off, relative to the largest element (1e-3). */
  readonly tolerance?: number
}

/** What is to be said of one answer. */
export interface Mark {
  /** The row's name. */
  readonly name: string
  readonly verdict: 'exact' | 'close' | 'wrong'
  readonly given: number | Tensor
  readonly expected: number | Tensor
  /** The largest difference of an element. */
  readonly difference: number
  /** Does it follow from a wrong answer before, and is right but for that? */
  readonly carried: boolean
  /** What may have gone wrong; null where nothing comes to mind. */
  readonly hint: string | null
}

/** Answers, marked in the order of the backward sweep. */
export class Marking {
  constructor(
    readonly marks: readonly Mark[],
    /** The first wrong answer, from the output on; null when there is none. */
    readonly first: Mark | null,
  ) {}

  /** Is no answer wrong? */
  get ok(): boolean {
    return this.first === null
  }

  get table(): Table {
    return {
      title: this.ok ? 'All is right' : `The first wrong one: ${this.first?.name}-bar`,
      columns: [
        { title: 'adjoint' },
        { title: 'given', align: 'right' },
        { title: 'right', align: 'right' },
        { title: 'off by', align: 'right' },
        { title: 'mark' },
        { title: 'why' },
      ],
      rows: this.marks.map(({ name, given, expected, difference, verdict, carried, hint }) => [
        `${name}-bar`,
        given,
        expected,
        difference,
        verdict,
        carried ? 'follows from a wrong one before' : hint,
      ]),
      notes: [],
    }
  }

  /** The table; see `render`. */
  render(format: Format = 'text', options: RenderOptions = {}): string {
    return render(this.table, format, options)
  }

  toString(): string {
    return this.render()
  }
}

const elements = (x: number | Tensor): number[] => (typeof x === 'number' ? [x] : Array.from(x.data, Number))
const plain = (x: Active): number | Tensor => (x instanceof Tensor ? x : x.data)

/**
 * Marks derivatives that were worked out by hand: `answers` has dL/d(row) for any rows of the trace of `f` (inputs,
 * parameters, intermediates), by their names in `trace` and `explain`; L is the output, of a tensor the sum of its
 * elements. An answer is exact (to rounding), close (within `tolerance`) or wrong. The first wrong one is that which
 * the backward sweep comes to first; those that are wrong only because they were computed from it are told apart.
 *
 * @throws ArgumentError for a name that is no row, or an answer that is no number, tensor or formula; ShapeError for one of
 * another shape than its row; ExpressionError for a formula that cannot be read
 * @example
 * const marking = mark('x1*x2 + sin(x1)', { x1: 2, x2: 3 }, { w1: 1, w2: 1, x1: 'w1_bar*cos(x1)', x2: 2 })
 * marking.marks.map(({ name, verdict }) => `${name} ${verdict}`) // ["w1 exact","w2 exact","x1 wrong","x2 exact"]
 * marking.first.hint // 'the term of w2 is missing'
 */
export function mark(
  f: Traceable,
  inputs: Inputs,
  answers: Readonly<Record<string, Answer>>,
  given: MarkOptions = {},
): Marking {
  const {
    output,
    tolerance = 1e-3,
    ...options
  } = checked('mark', given, ['output', 'tolerance', 'order', 'wrt', 'model'])
  if (!(number('mark', 'tolerance', tolerance) >= 0))
    throw new ArgumentError(`mark: tolerance is at least 0, not ${tolerance}`)
  const found = trace(f, inputs, options)
  const { adjoints } = sweep(found, output === undefined ? {} : { output })
  const byRow = new Map(adjoints.map(x => [x.row, x]))
  const answered = read(found, byRow, record('mark', 'answers { row: value }', answers))

  const marks: Mark[] = []
  let first: Mark | null = null
  // what the answers make of each row that a wrong one leads to: its own answer, or what follows from those before
  const believed = new Map<Row, number | Tensor>()
  // rows that no gradient reaches come last: theirs is 0
  for (const row of [...byRow.keys(), ...found.rows.filter(row => !byRow.has(row))]) {
    const adjoint = byRow.get(row)
    const implied = adjoint ? following(adjoint, believed) : null
    const value = answered.get(row)
    if (value === undefined) {
      if (implied !== null) believed.set(row, implied)
      continue
    }
    const expected = adjoint?.value ?? nothing(row.value)
    const { verdict, difference } = compared(value, expected, tolerance)
    const carried = verdict === 'wrong' && implied !== null && isSame(value, implied, tolerance)
    if (verdict === 'wrong') believed.set(row, value)
    const hint = verdict === 'wrong' && !carried && adjoint ? hinted(adjoint, value, tolerance) : null
    const made: Mark = { name: row.name, verdict, given: value, expected, difference, carried, hint }
    marks.push(made)
    if (verdict === 'wrong') first ??= made
  }
  return new Marking(marks, first)
}

const nothing = (like: number | Tensor): number | Tensor => (typeof like === 'number' ? 0 : like.detach().mul(0))

/** The answers by row, each a number or a tensor of its row's shape. */
function read(
  { rows }: Trace,
  adjoints: ReadonlyMap<Row, Adjoint>,
  answers: Readonly<Record<string, Answer>>,
): Map<Row, number | Tensor> {
  const named = new Map(rows.map(row => [row.name, row]))
  const out = new Map<Row, number | Tensor>()
  const formulas: [Row, string][] = []
  for (const [key, answer] of Object.entries(answers)) {
    const row = named.get(key) ?? named.get(key.replace(/[-_]bar$/, ''))
    if (!row) {
      const some = rows.slice(0, 20).map(({ name }) => name)
      throw new ArgumentError(
        `mark: there is no row '${key}'. The rows are ${some.join(', ')}${rows.length > some.length ? ', …' : ''}`,
      )
    }
    if (out.has(row) || formulas.some(([other]) => other === row))
      throw new ArgumentError(`mark: there are two answers for '${row.name}'`)
    if (typeof answer === 'string') formulas.push([row, answer])
    else out.set(row, fitting(row, answer))
  }
  // a formula reads other answers where there are any, so that one mistake is one
  const pending = new Map(formulas)
  const open = new Set<Row>()
  const values = (row: Row, text: string): number | Tensor => {
    open.add(row)
    const { names } = parse(text)
    const xs = names.map(name => {
      const own = named.get(name)
      if (own) return active(own.value)
      const other = named.get(name.replace(/_bar$/, ''))
      if (!other || !/_bar$/.test(name)) {
        parse(text, { names: [...named.keys()].filter(x => /^\w+$/.test(x)) })
        throw new ArgumentError(`mark: the answer for '${row.name}' has the unknown name '${name}'`)
      }
      if (open.has(other) && !out.has(other))
        throw new ArgumentError(`mark: the answer for '${other.name}' is made of itself`)
      const later = pending.get(other)
      if (later !== undefined) {
        pending.delete(other)
        out.set(other, values(other, later))
      }
      return active(out.get(other) ?? adjoints.get(other)?.value ?? nothing(other.value))
    })
    const value = noGrad(() => parse(text).f(...xs))
    return fitting(row, typeof value === 'number' ? value : plain(value))
  }
  for (const [row, text] of formulas) {
    if (!pending.delete(row)) continue
    out.set(row, values(row, text))
  }
  return out
}

function fitting(row: Row, answer: Exclude<Answer, string>): number | Tensor {
  const like = row.value
  if (typeof like === 'number') {
    if (typeof answer !== 'number')
      throw new ArgumentError(`mark: the answer for '${row.name}' is a number or a formula, not ${described(answer)}`)
    return answer
  }
  const given = answer instanceof Tensor ? answer : tensor(answer, { dtype: 'float64' })
  if (!sameShape(given.shape, like.shape))
    throw new ShapeError(
      `mark: the answer for '${row.name}' has shape ${show(given.shape)}, the row ${show(like.shape)}: a gradient has the shape of what it belongs to`,
    )
  return given
}

/** Is an answer the same, to rounding or to a tolerance? */
function compared(
  given: number | Tensor,
  expected: number | Tensor,
  tolerance: number,
): Pick<Mark, 'verdict' | 'difference'> {
  const [a, b] = [elements(given), elements(expected)]
  // what is infinite is the same or it is not
  const size = b.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0)
  const single = [given, expected].some(x => x instanceof Tensor && x.dtype === 'float32')
  // NaN, once there, stays the largest
  const difference = a.reduce((most, x, i) => Math.max(most, Object.is(x, b[i]) ? 0 : Math.abs(x - b[i])), 0)
  const within = (limit: number): boolean => difference <= limit * size
  const verdict = within(single ? 1e-6 : 1e-12) ? 'exact' : within(tolerance) ? 'close' : 'wrong'
  return { verdict, difference }
}
const isSame = (given: number | Tensor, expected: number | Tensor, tolerance: number): boolean =>
  compared(given, expected, tolerance).verdict !== 'wrong'
const added = (xs: readonly (number | Tensor)[]): number | Tensor => plain(noGrad(() => xs.map(active).reduce(sum)))

/** A row's adjoint as it follows from what is believed of those that use it; null where that is nothing but the truth. */
function following({ seed, terms }: Adjoint, believed: ReadonlyMap<Row, number | Tensor>): number | Tensor | null {
  if (!terms.some(({ user }) => believed.has(user))) return null
  const parts = terms.map(({ user, argument, value }) => {
    const answer = believed.get(user)
    if (answer === undefined || !user.node) return value
    const { node } = user
    const place = user.places[argument]
    // the rule wants the dtype of what it belongs to
    const like = user.value
    const g = answer instanceof Tensor && like instanceof Tensor ? answer.to(like.dtype) : answer
    const dx = noGrad(() =>
      node.pull(
        active(g),
        node.inputs.map((_, i) => i === place),
      ),
    )[place]
    return dx ? plain(dx) : value
  })
  return added([...(seed === null ? [] : [seed]), ...parts])
}

/** The usual mistakes. */
function hinted({ value: expected, terms }: Adjoint, given: number | Tensor, tolerance: number): string | null {
  const scaled = (k: number): number | Tensor => plain(noGrad(() => active(given).mul(k)))
  if (isSame(scaled(-1), expected, tolerance)) return 'the sign is wrong'
  if (terms.length > 1)
    for (const term of terms) {
      const others = terms.filter(other => other !== term).map(({ value }) => value)
      if (isSame(given, added(others), tolerance)) return `the term of ${term.user.name} is missing`
    }
  const [only] = terms
  if (terms.length === 1 && typeof only.upstream === 'number' && typeof given === 'number') {
    if (isSame(given * only.upstream, expected, tolerance)) return `${only.user.name}-bar is left out`
    if (isSame(given, only.upstream, tolerance)) return `the partial of ${only.user.name} is left out`
  }
  const [a, b] = [elements(given), elements(expected)]
  const at = b.findIndex(x => x !== 0)
  const ratio = at < 0 ? NaN : a[at] / b[at]
  if (Number.isFinite(ratio) && ratio !== 0 && a.length > 1 && isSame(scaled(1 / ratio), expected, tolerance))
    return `it is ${Number(ratio.toPrecision(4))} times what is right`
  return null
}
