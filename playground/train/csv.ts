// The reader's own table: columns of numbers, the last one the label.
import { parseCsv } from '../../src/io/csv.ts'

/** A table whose labels are classes by name (`labels` are their numbers), or numbers where there are no classes. */
export interface Own {
  readonly names: readonly string[]
  /** One row for each example: all columns but the last. */
  readonly rows: readonly (readonly number[])[]
  readonly labels: readonly number[]
  readonly classes: readonly string[]
}

/** So many different whole numbers are classes; more are a quantity. */
const most = 10
/** Of larger numbers the squares are none any more. */
const largest = 1e100
/** Columns of numbers: each is an input of the network, and has a place in its picture. */
const widest = 20
/** Characters of a table: it stands in the address, and is read while the reader waits. */
const longest = 200_000
const isNumber = (x: unknown): boolean => typeof x === 'number'

/** What is wrong, without what is for programmers; columns that have no names are counted. */
const inWords = (message: string, named: boolean): string =>
  message
    .replace(/'column (\d+)'/g, (name, i: string) => (named ? name : String(Number(i) + 1)))
    .replace(/^csv: (.)/, (_, letter: string) => letter.toUpperCase())
    .replace(/Give other names: .*$/, 'Give them different names')

/** @throws Error when the text is longer than a table may be */
export function short(text: string): void {
  const [length, most] = [text.length, longest].map(x => x.toLocaleString('en'))
  if (text.length > longest)
    throw new Error(`The table has ${length} characters, but at most ${most} fit into a link. Take fewer of its lines`)
}

/**
 * Reads text with commas, semicolons or tabs between at least three columns: numbers, the first two of them the axes of
 * the plane, and behind all of them the label. Words are classes, at most ten, and so are whole numbers of which at most
 * ten are different; other numbers are to be predicted.
 * The first line names the columns when it is not of numbers; else they are x1, x2, ….
 *
 * @throws Error that names the line and the column
 */
export async function own(text: string): Promise<Own> {
  short(text)
  const lines = text.split(/\r\n?|\n/)
  const first = lines.find(line => line.trim() !== '')
  if (first === undefined) throw new Error('The table is empty. Give one example a line: two numbers and a label')
  const count = (delimiter: string): number => first.split(delimiter).length
  const delimiter = [',', ';', '\t'].reduce((a, b) => (count(b) > count(a) ? b : a))
  if (count(delimiter) < 3)
    throw new Error(
      `Line ${lines.indexOf(first) + 1} has ${count(delimiter)} column${count(delimiter) === 1 ? '' : 's'}, but at least three are needed: two numbers and a label, with commas between`,
    )
  const parsed = async (from: string, header: boolean, types: Readonly<Record<string, 'number'>> = {}) => {
    try {
      return await parseCsv(from, { delimiter, header, types, missing: [] })
    } catch (error) {
      throw new Error(inWords((error as Error).message, header))
    }
  }
  const opening = (await parsed(first, false)).columns.slice(0, -1)
  const header = !opening.every(({ values }) => isNumber(values[0]))
  const { names } = await parsed(text, header)
  const numeric = names.slice(0, -1)
  if (numeric.length > widest)
    throw new Error(`The table has ${names.length} columns, but at most ${widest} and a label fit into the picture`)
  const types = Object.fromEntries(numeric.map(name => [name, 'number' as const]))
  const table = await parsed(text, header, types)
  if (table.length < 2)
    throw new Error(`The table has ${table.length} example${table.length === 1 ? '' : 's'}, but at least 2 are needed`)
  const columns = numeric.map(name => table.column(name).values.map(Number))
  const axes = header ? numeric : numeric.map((_, i) => `x${i + 1}`)
  const rows = Array.from({ length: table.length }, (_, i) => columns.map(column => column[i]))
  const last = table.columns[table.columns.length - 1]
  const called = (i: number): string => (header ? `'${names[i]}'` : String(i + 1))
  for (const [i, { values }] of table.columns.entries()) {
    const found = values.findIndex(x => typeof x === 'number' && Math.abs(x) > largest)
    if (found >= 0)
      throw new Error(
        `Example ${found + 1} has ${values[found]} in column ${called(i)}, but numbers may be ${largest} at most`,
      )
  }
  const labels = last.values.map(x => (typeof x === 'number' ? x : String(x).trim()))
  const different = [...new Set(labels)]
  if (different.length < 2)
    throw new Error(`All examples have the label '${different[0]}', so there is nothing to tell apart`)
  const quantity = labels.every(isNumber) && (different.length > most || !different.every(Number.isInteger))
  if (quantity) return { names: axes, rows, labels: labels.map(Number), classes: [] }
  const nameless = labels.indexOf('')
  if (nameless >= 0) throw new Error(`Example ${nameless + 1} has no label in column ${called(numeric.length)}`)
  // a quantity with a slip in it: which line?
  if (different.length > most && labels.filter(x => x !== '' && !Number.isNaN(Number(x))).length > labels.length / 2)
    await parsed(text, header, { ...types, [last.name]: 'number' })
  if (different.length > most)
    throw new Error(
      `Column ${called(numeric.length)} has ${different.length} different words, but there can be at most ${most} classes`,
    )
  different.sort((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1))
  return { names: axes, rows, labels: labels.map(x => different.indexOf(x)), classes: different.map(String) }
}
