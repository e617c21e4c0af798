// How numbers and tables are written, and the parts of a document that a program writes.
import { readFileSync, writeFileSync } from 'node:fs'

export const PERFORMANCE = `${import.meta.dirname}/../docs/PERFORMANCE.md`

/** Milliseconds to three digits, in the unit that suits them. */
export function duration(ms: number): string {
  const [value, unit] = ms < 1 ? [1000 * ms, 'µs'] : ms < 1000 ? [ms, 'ms'] : [ms / 1000, 's']
  return `${digits(value)} ${unit}`
}
const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x.toPrecision(3))
export const times = (x: number): string => `${x >= 100 ? x.toFixed(0) : x.toPrecision(2)}x`

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
export const grid = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((_, i) => (i ? '--:' : '---'))), ...rows.map(row)].join('\n')

/**
 * Replaces what stands between <!-- name --> and <!-- /name -->.
 * @throws Error when the document has no such part
 */
export function paste(path: string, name: string, text: string): void {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const before = readFileSync(path, 'utf8')
  const [from, to] = [before.indexOf(open), before.indexOf(close)]
  if (from < 0 || to < from) throw new Error(`${path}: nothing between ${open} and ${close}`)
  writeFileSync(path, `${before.slice(0, from + open.length)}\n\n${text.trim()}\n\n${before.slice(to)}`)
}
