// The ledger: an adjoint broken into one term for each use, and their sum.
import { options as checked } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Adjoint, Sweep } from './sweep.ts'
import type { Cell, Formula, Table } from './table.ts'
import { added, barred, contribution, equation, named, partial, plain, value } from './writing.ts'

export interface LedgerOptions {
  /** The rows whose adjoints are broken up, by name (all that are used twice or more). */
  readonly rows?: readonly string[]
}

/**
 * Where adjoints come from: for each row one line for each use, with what used it, the adjoint that came from there, the
 * local partial and the product of both; and a line with their sum.
 *
 * @throws ArgumentError for a row that no gradient reaches, or an unknown option
 * @example
 * const found = sweep(trace((x1: Value, x2: Value) => x1.mul(x2).add(x1.sin()), [2, 3]))
 * // x1 is used in w1 = sin(x1) and in w2 = x1*x2: w1-bar*cos(x1), w2-bar*x2, and their sum
 * ledger(found).rows.map(cells => cells[5]) // [-0.416147, 3, 2.583853]
 */
export function ledger({ adjoints }: Sweep, given: LedgerOptions = {}): Table {
  const { rows: names } = checked('ledger', given, ['rows'])
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
    rows: wanted.flatMap(lines),
    notes: wanted.length === 0 ? ['No row is used twice: each adjoint is one term.'] : [],
  }
}

function lines({ row, seed, terms, value: total }: Adjoint): Cell[][] {
  const start = seed === null ? [] : [seed instanceof Tensor ? plain('seed') : plain(seed)]
  const shares = terms.map(({ user, argument }) => contribution(user, argument))
  const used = ({ user }: Adjoint['terms'][number]): Formula => equation(named(user), value(user) ?? plain(''))
  return [
    ...start.map((share): Cell[] => [named(row), 'output', null, null, share, seed]),
    ...terms.map((term, k): Cell[] => [
      named(row),
      used(term),
      term.upstream,
      partial(term.user, term.argument),
      shares[k],
      term.value,
    ]),
    [named(row), 'sum', null, null, equation(barred(row), added([...start, ...shares])), total],
  ]
}
