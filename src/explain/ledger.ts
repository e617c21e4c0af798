// The ledger: an adjoint broken into one term for each use, and their sum.
import { options as checked } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { type FoldOptions, foldedWith, isFold, limited, summary } from './fold.ts'
import type { Adjoint, Sweep } from './sweep.ts'
import type { Cell, Formula, Table } from './table.ts'
import { added, barred, contribution, equation, named, partial, plain, value } from './writing.ts'

export interface LedgerOptions extends FoldOptions {
  /** The rows whose adjoints are broken up, by name (all that are used twice or more). */
  readonly rows?: readonly string[]
}

/**
 * Where adjoints come from: for each row one line for each use, with what used it, the adjoint that came from there, the
 * local partial and the product of both; and a line with their sum. Many rows are folded as those of `explain` are; of many
 * terms the first and the last are shown, unless the row was asked for by name.
 *
 * @throws ArgumentError for a row that no gradient reaches, or an unknown option
 * @example
 * const found = sweep(trace((x1: Value, x2: Value) => x1.mul(x2).add(x1.sin()), [2, 3]))
 * // x1 is used in w1 = sin(x1) and in w2 = x1*x2: w1-bar*cos(x1), w2-bar*x2, and their sum
 * ledger(found).rows.map(cells => cells[5]) // [-0.416147, 3, 2.583853]
 */
export function ledger({ adjoints }: Sweep, given: LedgerOptions = {}): Table {
  const { rows: names, fold } = checked('ledger', given, ['rows', 'fold'])
  const limit = limited('ledger', fold)
  const wanted =
    names?.map(name => {
      const found = adjoints.find(({ row }) => row.name === name)
      if (!found) throw new ArgumentError(`ledger: no gradient reaches a row named '${name}'`)
      return found
    }) ?? adjoints.filter(({ terms }) => terms.length > 1)
  return {
    title: 'Ledger: one term for each use',
    columns: [
      { title: 'row' },
      { title: 'used in' },
      { title: 'upstream', align: 'right' },
      { title: 'partial' },
      { title: 'term' },
      { title: 'value', align: 'right' },
    ],
    rows: shown(wanted, limit, names === undefined),
    notes: wanted.length === 0 ? ['No row is used twice: each adjoint is one term.'] : [],
  }
}

/** The most terms of a row that are shown of a ledger that is folded. */
const TERMS = 6

function shown(adjoints: readonly Adjoint[], limit: number, short: boolean): Cell[][] {
  const size = (lines: readonly Adjoint[]): number => lines.reduce((n, { terms }) => n + terms.length + 1, 0)
  const all = size(adjoints)
  if (all <= limit) return adjoints.flatMap(adjoint => lines(adjoint, Infinity))
  const most = short ? TERMS : Infinity
  // so many rows as make about so many lines
  const entries = Math.max(3, Math.floor((limit * adjoints.length) / all))
  return foldedWith(adjoints, entries).flatMap((line): Cell[][] => {
    if (!isFold(line)) return lines(line, most)
    const { entries } = line
    const last = entries.find(({ row }) => row === line.shown)
    return [[summary(line), `${size(entries) - entries.length} uses`, null, null, null, last?.value ?? null]]
  })
}

function lines({ row, seed, terms, value: total }: Adjoint, most: number): Cell[][] {
  const start = seed === null ? [] : [seed instanceof Tensor ? plain('seed') : plain(seed)]
  const shares = terms.map(({ user, argument }) => contribution(user, argument))
  const sum = few([...start, ...shares], most).map(x => (typeof x === 'number' ? plain(`(${x} more)`) : x))
  const used = ({ user }: Adjoint['terms'][number]): Formula => equation(named(user), value(user) ?? plain(''))
  return [
    ...start.map((share): Cell[] => [named(row), 'output', null, null, share, seed]),
    ...few(terms, most).map((term): Cell[] => {
      if (typeof term === 'number') return [named(row), `(${term} more)`, null, null, null, null]
      const share = shares[terms.indexOf(term)]
      return [named(row), used(term), term.upstream, partial(term.user, term.argument), share, term.value]
    }),
    [named(row), 'sum', null, null, equation(barred(row), added(sum)), total],
  ]
}

/** The first of a list and its last, and how many are left out between; all when they are few. */
function few<T extends object>(xs: readonly T[], most: number): (T | number)[] {
  return xs.length <= most ? [...xs] : [...xs.slice(0, most - 2), xs.length - most + 1, ...xs.slice(-1)]
}
