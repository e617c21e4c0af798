// What the library says of an expression, arranged for the page: what holds for all numbers, and the numbers themselves.

import {
  type Explanation,
  type Expression,
  explain,
  type Formula,
  ledger,
  locals,
  type Pattern,
  parse,
  pattern,
  type Row,
  type Step,
  symbol,
} from '../../src/explain/explain.ts'
import { ExpressionError, GradusError } from '../../src/index.ts'
import type { Amounts } from './fields.ts'

/** What is wrong with an expression, in the library's words, and in which column. */
export interface Problem {
  readonly message: string
  readonly column: number | null
}

/** As many rows as can be shown and looked through. */
const MOST = 300
/** Reads an expression, and runs it once to see that it can be explained. */
export function read(text: string): Expression | Problem {
  try {
    const found = parse(text)
    const at = Object.fromEntries(found.names.map((name, k) => [name, start(k)]))
    const { rows } = explained(found, at, found.names.slice(0, 1)).trace
    if (rows.length <= MOST) return found
    return { message: `it has ${rows.length} rows, and this page shows at most ${MOST}`, column: null }
  } catch (error) {
    if (error instanceof ExpressionError)
      return { message: error.reason.replace(/^expression: /, ''), column: error.column }
    if (error instanceof GradusError) return { message: error.message.replace(/^explain: /, ''), column: null }
    throw error
  }
}
export const isProblem = (x: Expression | Problem): x is Problem => 'message' in x

/** What an input is when nobody has said it: no two the same, and nothing that is special. */
export const start = (k: number): number => [1, 2, 0.5, -1, 1.5, -0.5, 3, 0.8][k % 8] as number

export const explained = ({ f }: Expression, at: Amounts, wrt: readonly string[]): Explanation =>
  explain(f, at, { wrt, fold: false })

/** A node of the graph: a row, with what does not change when numbers do. */
export interface Node {
  readonly index: number
  readonly name: string
  readonly kind: Row['kind']
  /** Its formula: of an input its name. */
  readonly formula: Formula
  readonly pattern: Pattern | null
  /** By how many uses a gradient comes to it. */
  readonly uses: number
  readonly isOutput: boolean
}
/** One use of a row by another. */
export interface Edge {
  readonly id: string
  readonly from: number
  readonly to: number
  readonly argument: number
  /** The local partial derivative; null where there is none. */
  readonly partial: Formula | null
}
/** An adjoint, as its formula. */
export interface Visit {
  readonly node: number
  readonly formula: Formula
  readonly terms: readonly { readonly edge: string; readonly formula: Formula }[]
}
/** What holds for all numbers. */
export interface Shape {
  readonly text: string
  readonly names: readonly string[]
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
  /** In the order visited; none when no gradient flows. */
  readonly visits: readonly Visit[]
}

const edgeId = (user: Row, argument: number): string => `${user.index}.${argument}`

export function shape(expression: Expression, found: Explanation): Shape {
  const { trace, sweeps } = found
  const [sweep] = sweeps
  const partials = new Map<string, Formula>()
  const visits: Visit[] = []
  // long sums are cut there: the ledger has all terms
  const sums = found.reverse[0]?.rows.map(([formula]) => formula as Formula) ?? []
  for (const [place, { row, terms, seed }] of (sweep?.adjoints ?? []).entries()) {
    // a line for the seed, one for each term, one for the sum
    const lines = ledger(sweep, { rows: [row.name] }).rows.slice(seed === null ? 0 : 1)
    for (const [k, { user, argument }] of terms.entries()) {
      const partial = lines[k]?.[3]
      if (isFormula(partial)) partials.set(edgeId(user, argument), partial)
    }
    visits.push({
      node: row.index,
      formula: sums[place] as Formula,
      terms: terms.map(({ user, argument }, k) => ({
        edge: edgeId(user, argument),
        formula: lines[k]?.[4] as Formula,
      })),
    })
  }
  const written = found.forward.rows.map(([formula]) => formula as Formula)
  return {
    text: expression.text,
    names: expression.names,
    nodes: trace.rows.map((row, k) => ({
      index: row.index,
      name: row.name,
      kind: row.kind,
      formula: row.op === null ? { text: row.name, tex: symbol(row.name) } : (written[k] as Formula),
      pattern: pattern(row),
      uses: visits.find(({ node }) => node === row.index)?.terms.length ?? 0,
      isOutput: trace.outputs.includes(row),
    })),
    edges: trace.rows.flatMap(row =>
      row.args.flatMap((from, argument): Edge[] => {
        if (typeof from === 'number') return []
        const id = edgeId(row, argument)
        return [{ id, from: from.index, to: row.index, argument, partial: partials.get(id) ?? null }]
      }),
    ),
    visits,
  }
}
const isFormula = (x: unknown): x is Formula => typeof x === 'object' && x !== null && 'tex' in x

/** The tangents' formulas by row, null where there are none; and the columns' titles. */
export interface Tangents {
  readonly titles: readonly Formula[]
  readonly formulas: readonly (Formula | null)[]
}
export function tangents(found: Explanation): Tangents {
  const { columns, rows } = found.forward
  return {
    titles: found.trace.wrt.map((_, k) => columns[3 + k]?.title as Formula),
    formulas: rows.map(cells => (isFormula(cells[2]) ? cells[2] : null)),
  }
}

/** The numbers of one point: of rows, and of edges by their names. */
export interface Numbers {
  /** The inputs that tangents are by. */
  readonly wrt: readonly string[]
  readonly values: readonly number[]
  /** By row, one for each input that tangents are by. */
  readonly tangents: readonly (readonly number[])[]
  /** The local partials. */
  readonly locals: ReadonlyMap<string, number>
  readonly steps: readonly Step[]
}
export function numbers(found: Explanation): Numbers {
  const { rows, wrt } = found.trace
  const partials = new Map<string, number>()
  for (const row of rows)
    for (const [argument, x] of locals(row).entries()) if (typeof x === 'number') partials.set(edgeId(row, argument), x)
  return {
    wrt: wrt.map(({ name }) => name),
    values: rows.map(({ value }) => value as number),
    tangents: rows.map(row => wrt.map((_, k) => (row.tangents[k] ?? 0) as number)),
    locals: partials,
    steps: found.steps({ phase: found.sweeps.length > 0 ? 'both' : 'forward' }).steps,
  }
}

/** What is known after so many steps. */
export interface Moment {
  /** How many rows have their values. */
  readonly known: number
  /** By row, what has come together of its adjoint. */
  readonly adjoints: ReadonlyMap<number, number>
  /** By edge, what it handed back. */
  readonly handed: ReadonlyMap<string, number>
  /** By row, how many of its uses have handed something back. */
  readonly arrived: ReadonlyMap<number, number>
  readonly current: Step | null
  /** The row that the last step is about, and the edge that it went along. */
  readonly row: number | null
  readonly edge: string | null
}
export function moment({ steps }: Numbers, position: number): Moment {
  const adjoints = new Map<number, number>()
  const handed = new Map<string, number>()
  const arrived = new Map<number, number>()
  let known = 0
  for (const step of steps.slice(0, position)) {
    if (step.phase === 'forward') known++
    else if (step.phase === 'seed') adjoints.set(step.row.index, step.accumulated as number)
    else if (step.phase === 'backward') {
      adjoints.set(step.to.index, step.accumulated as number)
      arrived.set(step.to.index, (arrived.get(step.to.index) ?? 0) + 1)
      handed.set(edgeId(step.row, step.argument), step.contribution as number)
    }
  }
  // at the end nothing is going on any more
  const current = position < steps.length ? (steps[position - 1] ?? null) : null
  return {
    known,
    adjoints,
    handed,
    arrived,
    current,
    row: current && (current.phase === 'backward' ? current.to : current.row).index,
    edge: current?.phase === 'backward' ? edgeId(current.row, current.argument) : null,
  }
}

/** The end of a slider's way, on both sides: the first of 5, 10, 20, 50, 100, … that reaches so far. */
export function reach(x: number): number {
  const size = Math.abs(x)
  if (size <= 5) return 5
  const power = 10 ** Math.floor(Math.log10(size))
  return [1, 2, 5, 10].map(m => m * power).find(end => end >= size) as number
}
