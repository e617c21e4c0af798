// Folding: long lists of rows made short, by module, by repetition, and last by leaving out the middle.
import { listed, type Row } from './trace.ts'

/** Rows that stand together on one line. */
export interface Fold {
  readonly rows: readonly Row[]
  /** The last of them that was computed: its numbers stand for all. */
  readonly shown: Row
  /** What they are: a module's path, or a repetition of the rows above. */
  readonly what: string
}
const fold = (rows: readonly Row[], what: string): Fold => ({ rows, shown: last(rows), what })
const last = (rows: readonly Row[]): Row => (rows.filter(({ op }) => op !== null).at(-1) ?? rows.at(-1)) as Row
export const isFold = (x: Row | Fold): x is Fold => 'what' in x

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
