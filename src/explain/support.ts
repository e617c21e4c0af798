// What derived code brings along: the functions that JavaScript's Math lacks, as text, each with those it uses.
import { source } from './source.ts'

/** Rows of the table whose value is a line of its own there. */
export const own: Readonly<Record<string, string>> = {
  relu: 'const relu = (x: number): number => (x <= 0 ? 0 : x)',
  exp2: 'const exp2 = (x: number): number => 2 ** x',
  logit: 'const logit = (x: number): number => Math.log(x / (1 - x))',
  signbit: 'const signbit = (x: number): number => +(x < 0 || Object.is(x, -0))',
  truncDivide: 'const truncDivide = (x: number, y: number): number => Math.trunc(x / y)',
  // its operands the other way round than the row's
  polygamma: source.polygamma.text,
}

/** The declarations that functions need, each after those it uses. */
export function support(names: readonly string[]): string[] {
  const seen = new Set<string>()
  const texts: string[] = []
  const add = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const other of source[name]?.uses ?? []) add(other)
    texts.push(own[name] ?? source[name].text)
  }
  for (const name of names) add(name)
  return texts
}
