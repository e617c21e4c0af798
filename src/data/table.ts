// Tables: named columns of numbers, text or booleans, with gaps, on their way to becoming tensors.
import { described, list, oneOf, options, record } from '../engine/argument.ts'
import { ArgumentError, IndexError, ShapeError } from '../engine/errors.ts'
import { tensor } from '../engine/ops/create.ts'
import { reshape } from '../engine/ops/linear.ts'
import type { Tensor } from '../engine/tensor.ts'
import { LabelEncoder } from './encoder.ts'

/** One entry of a table; null where it is missing. */
export type Cell = number | string | boolean | null
export type ColumnType = 'number' | 'text' | 'boolean'
export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly values: readonly Cell[]
}
/** What a column is made of: of the type that its entries say, unless told (an empty one has numbers). */
export interface ColumnInput extends Omit<Column, 'type'> {
  readonly type?: ColumnType
}
/** A gap: the row, from 0 on, and the column's name. */
export interface Missing {
  readonly row: number
  readonly column: string
}

export interface TensorsOptions {
  /** Whether the target is classes, int32 [n], and not numbers; text and booleans always are. */
  readonly classes?: boolean
  /** Encoders of text columns by name, fitted on another table; else each is fitted on this one. */
  readonly encoders?: Readonly<Record<string, LabelEncoder>>
}
export interface TableTensors {
  readonly x: Tensor
  readonly y: Tensor
  /** The encoders of the text columns by name. */
  readonly encoders: Readonly<Record<string, LabelEncoder>>
}

const types: Record<string, ColumnType> = { number: 'number', string: 'text', boolean: 'boolean' }

/**
 * Columns of equal length, each of one type; NaN counts as missing, as null does.
 *
 * @throws ArgumentError when there are no columns, two have one name, or one has entries of different types
 * @throws ShapeError when columns differ in length
 * @example
 * const table = data.Table.of({ age: [3, 5, null], kind: ['cat', 'dog', 'cat'] })
 * table.missing()[0].column // age
 */
export class Table {
  readonly columns: readonly Column[]
  /** How many rows. */
  readonly length: number

  constructor(columns: readonly ColumnInput[]) {
    if (list('Table', 'columns', columns).length === 0) throw new ArgumentError('Table: there are no columns')
    this.columns = columns.map(checked)
    this.length = this.columns[0].values.length
    for (const { name, values } of this.columns)
      if (values.length !== this.length)
        throw new ShapeError(
          `Table: column '${name}' has ${values.length} entries, column '${this.columns[0].name}' has ${this.length}`,
        )
    distinct('Table', this.names)
  }

  /** A table of columns by name. */
  static of(columns: Readonly<Record<string, readonly Cell[]>>): Table {
    const entries = Object.entries(record('Table.of', 'columns by name', columns))
    return new Table(entries.map(([name, values]) => ({ name, values })))
  }

  /**
   * A table of rows, whose entries belong to `names` in their order.
   * @throws ShapeError when a row has more or fewer entries than there are names
   */
  static fromRows(rows: readonly (readonly Cell[])[], names: readonly string[]): Table {
    const op = 'Table.fromRows'
    list(op, 'names', names)
    list(op, 'rows', rows).forEach((row, i) => {
      if (list(op, `row ${i}`, row).length !== names.length)
        throw new ShapeError(`${op}: row ${i} has ${row.length} entries for ${names.length} columns`)
    })
    return new Table(names.map((name, k) => ({ name, values: rows.map(row => row[k]) })))
  }

  get names(): string[] {
    return this.columns.map(({ name }) => name)
  }
  /** @throws ArgumentError when there is no such column */
  column(name: string): Column {
    const found = this.columns.find(column => column.name === name)
    if (!found) throw new ArgumentError(`Table: there is no column ${described(name)}. It has ${this.names.join(', ')}`)
    return found
  }
  /** The table of these columns, in this order. */
  select(names: readonly string[]): Table {
    return new Table(list('Table.select', 'names', names).map(name => this.column(name)))
  }
  /** The table of these rows, in this order. */
  rows(indices: readonly number[]): Table {
    for (const i of list('Table.rows', 'indices', indices))
      if (!(Number.isInteger(i) && i >= 0 && i < this.length))
        throw new IndexError(`Table.rows: there is no row ${described(i)}, they are 0 to ${this.length - 1}`)
    return new Table(
      this.columns.map(({ name, type, values }) => ({ name, type, values: indices.map(i => values[i]) })),
    )
  }

  /** The gaps, row by row. */
  missing(): Missing[] {
    return Array.from({ length: this.length }, (_, row) =>
      this.columns.filter(({ values }) => values[row] === null).map(({ name }) => ({ row, column: name })),
    ).flat()
  }
  /** The table of the rows without gaps. */
  dropMissing(): Table {
    const gaps = new Set(this.missing().map(({ row }) => row))
    return this.rows(Array.from({ length: this.length }, (_, i) => i).filter(i => !gaps.has(i)))
  }

  /**
   * Inputs and target as tensors: `x [n, features]`, float32, with text as the number of its class and booleans as 0 and
   * 1. y is [n, 1], float32, for numbers; [n], int32, for text, booleans and, with `classes`, whole numbers; of a list of
   * columns [n, targets], float32.
   *
   * @throws ArgumentError when there is no such column, an entry is missing (naming row and column), an encoder does not
   * know a text, or a class is not a whole number
   * @example
   * const table = data.Table.of({ age: [3, 5], wild: [false, true], kind: ['dog', 'cat'] })
   * table.toTensors(['age', 'wild'], 'kind').x // [[3, 0], [5, 1]]
   * table.toTensors(['age', 'wild'], 'kind').y // [1, 0]
   */
  toTensors(features: readonly string[], target: string | readonly string[], given: TensorsOptions = {}): TableTensors {
    const op = 'Table.toTensors'
    const { classes = false, encoders: fitted = {} } = options(op, given, ['classes', 'encoders'])
    if (list(op, 'features', features).length === 0) throw new ArgumentError(`${op}: there are no features`)
    if (this.length === 0) throw new ArgumentError(`${op}: the table has no rows`)
    const encoders: Record<string, LabelEncoder> = {}
    const numbers = (name: string): number[] => {
      const { type, values } = this.column(name)
      const gap = values.indexOf(null)
      if (gap >= 0)
        throw new ArgumentError(`${op}: row ${gap} has nothing in column '${name}'. Use dropMissing(), or fill it in`)
      if (type !== 'text') return values.map(Number)
      const labels = values.map(String)
      encoders[name] = Object.hasOwn(fitted, name) ? fitted[name] : new LabelEncoder().fit(labels)
      return Array.from(encoders[name].transform(labels).data)
    }
    const matrix = (names: readonly string[]): Tensor => {
      const columns = names.map(numbers)
      const rows = Float32Array.from({ length: this.length * columns.length }, (_, i) => {
        const at = Math.floor(i / columns.length)
        return columns[i % columns.length][at]
      })
      return reshape(tensor(rows), [this.length, columns.length])
    }
    const x = matrix(features)
    if (typeof target !== 'string') return { x, y: matrix(list(op, 'target', target)), encoders }
    const { type } = this.column(target)
    if (type === 'number' && !classes) return { x, y: matrix([target]), encoders }
    const labels = numbers(target)
    const broken = labels.findIndex(label => !Number.isInteger(label))
    if (broken >= 0)
      throw new ArgumentError(
        `${op}: classes are whole numbers, but row ${broken} has ${labels[broken]} in column '${target}'`,
      )
    return { x, y: tensor(labels, { dtype: 'int32' }), encoders }
  }
}

function distinct(op: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new ArgumentError(`${op}: there are two columns '${twice}'`)
}

function checked({ name, type: told, values }: ColumnInput): Column {
  if (typeof name !== 'string') throw new ArgumentError(`Table: a column's name is a string, not ${described(name)}`)
  const cells = list('Table', `column '${name}'`, values).map(x => (Number.isNaN(x) ? null : x))
  const first = cells.find(x => x !== null)
  const type = oneOf('Table', 'a type', told ?? types[typeof first] ?? 'number', ['number', 'text', 'boolean'])
  cells.forEach((cell, row) => {
    if (cell !== null && types[typeof cell] !== type)
      throw new ArgumentError(
        `Table: column '${name}' holds ${type === 'number' ? 'numbers' : type === 'text' ? 'text' : 'booleans'}, but row ${row} is ${described(cell)}`,
      )
  })
  return { name, type, values: cells }
}
