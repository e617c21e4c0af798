// What is read off a workload's results.
import { contestants } from './contestant.ts'
import type { Result, Table } from './runner.ts'

/** A table's time that ranks; null without. */
export const ranked = ({ rank }: Table, result: Result | undefined): number | null => result?.times?.[rank] ?? null
/** The time of one contestant. */
export function timeOf(table: Table | undefined, who: string): number | null {
  const result = table?.results.find(({ id }) => id === who)
  return table ? ranked(table, result) : null
}
/** The time of the first contestant, which all others are compared with. */
export const reference = (table: Table): number | null => timeOf(table, contestants[0].id)
