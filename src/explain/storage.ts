// Which values a recorded function keeps for its walk back, and who reads them there.
import { type FoldOptions, foldedWith, isFold, limit, summary } from './fold.ts'
import { type Amount, amount, holder, keeps } from './meter.ts'
import type { Column, Table } from './table.ts'
import { type Row, type Trace, traced } from './trace.ts'

/** A value that is kept. */
export interface Kept extends Amount {
  /** The row that it is the value of; of several that share one array, as a reshape and its operand do, the first. */
  readonly row: Row
  /** The rows whose derivative reads it. */
  readonly readers: readonly Row[]
  /** Whether it was computed: inputs, parameters and constants are there anyway. */
  readonly computed: boolean
}

/**
 * The values that reverse mode keeps of a trace until its walk back has passed, in the order of the rows, as the graph's
 * nodes hold them: what no derivative reads is not kept, and what several read is kept once.
 *
 * @throws ArgumentError for what is no trace
 * @example
 * const kept = storage(trace('exp(x1*x2) + sin(x1)', { x1: 2, x2: 3 }))
 * kept.map(({ row, readers }) => `${row.name}: ${readers.map(({ name }) => name).join(', ')}`).join('; ') // x1: w1, w2; x2: w2; w3: w3
 */
export function storage(trace: Trace): Kept[] {
  const { rows, at } = traced('storage', trace)
  const found = new Map<object, { row: Row; readers: Row[]; amount: Amount }>()
  for (const reader of rows) {
    if (reader.op === null || reader.node === null) continue
    for (const x of keeps(reader.node)) {
      const row = at.get(x)
      // made within a rule, for itself
      if (!row) continue
      const entry = found.get(holder(x)) ?? { row, readers: [], amount: amount(x) }
      if (!entry.readers.includes(reader)) entry.readers.push(reader)
      if (row.index < entry.row.index) entry.row = row
      found.set(holder(x), entry)
    }
  }
  return [...found.values()]
    .sort((a, b) => a.row.index - b.row.index)
    .map(({ row, readers, amount }) => ({ ...amount, row, readers, computed: row.op !== null }))
}

/**
 * What is kept as a table: a row for each value; folded when they are many.
 * @throws ArgumentError for an unknown option
 */
export function keptTable(kept: readonly Kept[], given: FoldOptions = {}): Table {
  const numbers: Column[] = ['values', 'bytes'].map(title => ({ title, align: 'right' }))
  const sum = (of: readonly Kept[], what: keyof Amount): number => of.reduce((all, x) => all + x[what], 0)
  const computed = kept.filter(x => x.computed)
  return {
    title: 'What is kept for the walk back',
    columns: [{ title: 'value' }, { title: 'of' }, { title: 'read by the derivative of' }, ...numbers],
    rows: foldedWith(kept, limit('keptTable', given)).map(line => {
      if (isFold(line)) return [summary(line), null, null, sum(line.entries, 'values'), sum(line.entries, 'bytes')]
      const { row, readers, values, bytes } = line
      return [row.name, row.op ?? row.kind, readers.map(({ name, op }) => `${name} (${op})`).join(', '), values, bytes]
    }),
    notes: [
      `${sum(computed, 'values')} of these values (${sum(computed, 'bytes')} bytes) were computed; the others are inputs, parameters and constants, which are there anyway.`,
    ],
  }
}
