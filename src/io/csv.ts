// gradus/csv: tables out of text with separators, parsed by papaparse. From a string anywhere, from a path in Node.
import { type ColumnInput, type ColumnType, Table } from '../data/table.ts'
import { described, list, oneOf, options, record } from '../engine/argument.ts'
import { ArgumentError, DependencyError, FileFormatError } from '../engine/errors.ts'

export type { Cell, Column, ColumnInput, ColumnType, Missing, TableTensors, TensorsOptions } from '../data/table.ts'
export { Table } from '../data/table.ts'

export interface CsvOptions {
  /** What stands between two fields, one character (','). */
  readonly delimiter?: string
  /** Whether the first line names the columns (true); or the names themselves, where no line does. */
  readonly header?: boolean | readonly string[]
  /** The types of columns by name, where they are not to be inferred. */
  readonly types?: Readonly<Record<string, ColumnType>>
  /** Fields that stand for nothing ('', 'NA', 'N/A', 'NaN', 'nan', 'null'). */
  readonly missing?: readonly string[]
}

const FILES = 'node:fs/promises'
const gaps: readonly string[] = ['', 'NA', 'N/A', 'NaN', 'nan', 'null']
const patterns: Record<Exclude<ColumnType, 'text'>, RegExp> = {
  number: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i,
  boolean: /^(?:true|false)$/i,
}

/** A line's fields, and its number in the text, from 1 on. */
interface Line {
  readonly fields: readonly string[]
  readonly number: number
}

/**
 * A table out of comma-separated text: RFC 4180, with fields in double quotes where they hold commas, quotes or line
 * breaks. Empty lines are skipped. A column is of numbers if all its fields are numbers, of booleans if all are true or
 * false, in any case of letters, else of text; spaces around numbers, booleans and names do not matter. A column without
 * a name is called by its place, `column 0`.
 *
 * Needs papaparse: npm install papaparse.
 *
 * @throws FileFormatError, naming the line, when it has more or fewer fields than there are columns, a quote is not
 * closed, a name comes twice, or a field is not of the type given
 * @throws DependencyError when papaparse is missing; ArgumentError for an unknown option
 * @example
 * const table = await parseCsv('size,kind\n1.5,cat\n,"dog, large"\n')
 * table.columns[1].values // [ 'cat', 'dog, large' ]
 * table.missing() // [ { row: 1, column: 'size' } ]
 */
export const parseCsv = async (text: string, given: CsvOptions = {}): Promise<Table> => parsed('csv', text, given)

/**
 * `parseCsv` of a file, in Node. Errors name the path.
 *
 * @throws what parseCsv throws, and the file system's own error when the file cannot be read
 */
export async function readCsv(path: string, given: CsvOptions = {}): Promise<Table> {
  if (typeof path !== 'string') throw new ArgumentError(`readCsv: the path is a string, not ${described(path)}`)
  let files: { readFile(path: string, encoding: 'utf8'): Promise<string> }
  try {
    files = await import(/* @vite-ignore */ FILES)
  } catch (cause) {
    const error = new DependencyError('readCsv: only Node reads files. Elsewhere fetch the text and use parseCsv')
    error.cause = cause
    throw error
  }
  return parsed(path, await files.readFile(path, 'utf8'), given)
}

async function parsed(source: string, text: string, given: CsvOptions): Promise<Table> {
  const {
    delimiter = ',',
    header = true,
    types = {},
    missing = gaps,
  } = options('csv', given, ['delimiter', 'header', 'types', 'missing'])
  if (typeof text !== 'string') throw new ArgumentError(`csv: the text is a string, not ${described(text)}`)
  if (typeof delimiter !== 'string' || delimiter.length !== 1 || /["\r\n]/.test(delimiter))
    throw new ArgumentError(`csv: the delimiter is one character and no quote, not ${described(delimiter)}`)
  for (const [name, type] of Object.entries(record('csv', 'types by name', types)))
    oneOf('csv', `the type of '${name}'`, type, ['number', 'text', 'boolean'])
  const none = new Set(list('csv', 'missing', missing))

  const lines = await split(source, text, delimiter)
  const named = header === true ? lines.shift() : undefined
  if (header === true ? !named : lines.length === 0)
    throw new FileFormatError(`${source}: there are no lines, so there are no columns`)
  const width = (named ?? lines[0]).fields.length
  const labels = typeof header === 'boolean' ? (named?.fields ?? []) : list('csv', 'header', header)
  if (typeof header !== 'boolean' && labels.length !== width)
    throw new FileFormatError(
      `${source}: line ${lines[0].number} has ${width} fields, the header given ${labels.length}`,
    )
  const names = Array.from({ length: width }, (_, k) => labels[k]?.trim() || `column ${k}`)
  const twice = names.find((name, k) => names.indexOf(name) !== k)
  if (twice !== undefined)
    throw new FileFormatError(`${source}: two columns are called '${twice}'. Give other names: { header: [...] }`)
  for (const name of Object.keys(types))
    if (!names.includes(name)) throw new ArgumentError(`csv: types has '${name}', the columns are ${names.join(', ')}`)
  for (const { fields, number } of lines)
    if (fields.length !== width)
      throw new FileFormatError(
        `${source}: line ${number} has ${fields.length} fields, ${named ? `the header (line ${named.number})` : 'the first line'} ${width}. A field that holds '${delimiter}' needs quotes around it`,
      )
  return new Table(
    names.map((name, k) => column(source, name, lines, k, none, Object.hasOwn(types, name) ? types[name] : undefined)),
  )
}

/** The lines that are not empty. */
async function split(source: string, text: string, delimiter: string): Promise<Line[]> {
  const { data, errors } = (await papaparse()).parse(text.replace(/\r\n?/g, '\n'), {
    delimiter,
    newline: '\n',
    quoteChar: '"',
  })
  let number = 1
  const all = data.map(fields => {
    const line = { fields, number }
    // a quoted field may go over several lines
    number += 1 + fields.reduce((breaks, field) => breaks + field.split('\n').length - 1, 0)
    return line
  })
  const [error] = errors.filter(({ type }) => type === 'Quotes')
  if (error) {
    const line = all[error.row ?? 0]?.number ?? number
    throw new FileFormatError(
      `${source}: line ${line}: ${error.message}. A quote within quotes is written twice, and a quoted field ends before a delimiter`,
    )
  }
  return all.filter(({ fields }) => fields.length > 1 || fields[0].trim() !== '')
}

async function papaparse(): Promise<typeof import('papaparse')> {
  try {
    return (await import('papaparse')).default
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : cause
    const error = new DependencyError(`gradus/csv could not load what it needs (${reason}). Try: npm install papaparse`)
    error.cause = cause
    throw error
  }
}

function column(
  source: string,
  name: string,
  lines: readonly Line[],
  k: number,
  none: ReadonlySet<string>,
  told: ColumnType | undefined,
): ColumnInput {
  const fields = lines.map(({ fields }) => fields[k])
  const trimmed = fields.map(field => (none.has(field.trim()) ? null : field.trim()))
  const all = (pattern: RegExp): boolean => trimmed.every(field => field === null || pattern.test(field))
  const type = told ?? (all(patterns.number) ? 'number' : all(patterns.boolean) ? 'boolean' : 'text')
  if (type === 'text') return { name, type, values: fields.map((field, i) => (trimmed[i] === null ? null : field)) }
  const values = trimmed.map((field, i) => {
    if (field === null) return null
    if (!patterns[type].test(field))
      throw new FileFormatError(
        `${source}: line ${lines[i].number} has '${field}' in column '${name}', which is no ${type}`,
      )
    return type === 'number' ? Number(field) : field.toLowerCase() === 'true'
  })
  return { name, type, values }
}
