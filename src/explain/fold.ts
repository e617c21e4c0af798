// Folding: long lists of rows made short, by module, by repetition, and last by leaving out the middle.
import { integer, options } from '../engine/argument.ts'
import { listed, type Row } from './trace.ts'

/** Rows that stand together on one line. */
export interface Fold {
  readonly rows: readonly Row[]
  /** The last of them that was computed: its numbers stand for all. */
  readonly shown: Row
  /** What they are: a module's path, or a repetition of the rows above. */
  readonly what: string
}
/** What belongs to rows that stand together. */
export interface Together<T> extends Fold {
  readonly entries: readonly T[]
}
export interface FoldOptions {
  /** The most lines of a table (40): longer ones are folded by module, then by repetition. false: never. */
  readonly fold?: number | false
}
/** @throws ArgumentError for less than 5 lines */
export const limited = (op: string, fold: number | false | undefined): number =>
  fold === false ? Infinity : integer(op, 'fold', fold ?? 40, 5)
/** How many lines a table may have, when that is the only option. */
export const limit = (op: string, given: FoldOptions): number => limited(op, options(op, given, ['fold']).fold)

const fold = (rows: readonly Row[], what: string): Fold => ({ rows, shown: last(rows), what })
const last = (rows: readonly Row[]): Row => (rows.filter(({ op }) => op !== null).at(-1) ?? rows.at(-1)) as Row
export const isFold = <F extends Fold>(x: object | F): x is F => 'what' in x

/** A fold in words: from where to where, and what it is. */
export function summary({ rows, shown, what }: Fold): string {
  const computed = rows.filter(({ op }) => op !== null)
  const others = rows.length - computed.length
  const first = computed[0] ?? rows[0]
  const range = first === shown ? shown.name : `${first.name} to ${shown.name}`
  return `${range}: ${what}${others > 0 && computed.length > 0 ? `, with ${others} that it reads` : ''}`
}

/** Entries that belong to rows, one each, folded as these would be. */
export function foldedWith<T extends { readonly row: Row }>(entries: readonly T[], limit: number): (T | Together<T>)[] {
  const of = new Map(entries.map(entry => [entry.row, entry]))
  const entry = (row: Row): T => of.get(row) as T
  return folded([...of.keys()], limit).map(line =>
    isFold(line) ? { ...line, entries: line.rows.map(entry) } : entry(line),
  )
}

/** The most names of a list that is one cell. */
const NAMES = 30
/** Names in a row; of many the first and the last, and how many there are between. */
export const listing = (names: readonly string[], between = ' '): string =>
  names.length <= NAMES
    ? names.join(between)
    : [...names.slice(0, NAMES / 2), `… (${names.length - NAMES} more) …`, ...names.slice(-NAMES / 2)].join(between)

/**
 * At most about `limit` lines for these rows: as they are when they are few; else the rows of each module as one line,
 * the innermost modules first; else what is repeated once, and how often; else the first and the last.
 */
export function folded(rows: readonly Row[], limit: number): (Row | Fold)[] {
  if (rows.length <= limit) return [...rows]
  const deepest = rows.reduce((most, row) => Math.max(most, parts(row).length), 0)
  let lines: (Row | Fold)[] = [...rows]
  for (let level = deepest; level >= 1 && lines.length > limit; level--) lines = byModule(rows, level)
  if (lines.length > limit) lines = byRepetition(lines)
  return lines.length > limit ? ends(lines, limit) : lines
}

const parts = ({ module }: Row): string[] => (module ? module.split('.') : [])

/** The rows of each module at this level and below as one line, where its last result was. */
function byModule(rows: readonly Row[], level: number): (Row | Fold)[] {
  const key = (row: Row): string | null => {
    const path = parts(row)
    return path.length >= level ? path.slice(0, level).join('.') : null
  }
  const groups = new Map<string | null, Row[]>()
  for (const row of rows) listed(groups, key(row)).push(row)
  return rows.flatMap((row): (Row | Fold)[] => {
    const path = key(row)
    if (path === null) return [row]
    const group = groups.get(path) as Row[]
    if (group.length === 1) return [row]
    return last(group) === row ? [fold(group, `module ${path}`)] : []
  })
}

/** The longest pattern that is looked for. */
const PERIOD = 16

/** What comes three times or more on end, once, and behind it how often it comes again. */
function byRepetition(lines: readonly (Row | Fold)[]): (Row | Fold)[] {
  const kinds = lines.map(x => (isFold(x) ? x.rows.map(({ op }) => op).join() : (x.op ?? x.kind)))
  const result: (Row | Fold)[] = []
  for (let i = 0; i < lines.length; ) {
    let [period, times] = [1, 1]
    for (let p = 1; p <= PERIOD; p++) {
      let end = i + p
      while (end < lines.length && kinds[end] === kinds[end - p]) end++
      const n = Math.floor((end - i) / p)
      if (n >= 3 && n * p > period * times) [period, times] = [p, n]
    }
    result.push(...lines.slice(i, i + period))
    if (times > 1) {
      const again = lines.slice(i + period, i + period * times)
      const above = period === 1 ? 'the line above' : `the ${period} lines above`
      result.push(fold(again.flatMap(rowsOf), `${above}, ${times - 1} times more`))
    }
    i += period * times
  }
  return result
}
const rowsOf = (x: Row | Fold): readonly Row[] => (isFold(x) ? x.rows : [x])

function ends(lines: readonly (Row | Fold)[], limit: number): (Row | Fold)[] {
  const head = Math.max(1, Math.ceil((limit - 1) / 2))
  const tail = Math.max(1, limit - 1 - head)
  const middle = lines.slice(head, -tail).flatMap(rowsOf)
  return [...lines.slice(0, head), fold(middle, `${middle.length} rows left out`), ...lines.slice(-tail)]
}
