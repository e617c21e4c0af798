// The numbers everybody starts from: written once by the library's generator, read by every contestant in every language.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Generator } from '../src/index.ts'

const kinds = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const
type Kind = keyof typeof kinds

/** An array in row-major order. */
export interface Field {
  readonly shape: readonly number[]
  readonly data: Float32Array | Float64Array | Int32Array
}
export type Fields = Readonly<Record<string, Field>>

/** What a workload is given. Weights have PyTorch's layout: [out, in], [out, in, height, width]. */
export interface Data {
  readonly inputs: Fields
  readonly params: Fields
}

const numel = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1)
const kindOf = ({ data }: Field): Kind =>
  data instanceof Float32Array ? 'float32' : data instanceof Float64Array ? 'float64' : 'int32'

export function filled(shape: readonly number[], next: () => number, kind: Kind = 'float32'): Field {
  const data = new kinds[kind](numel(shape))
  for (let i = 0; i < data.length; i++) data[i] = next()
  return { shape, data }
}
export const normal = (generator: Generator, shape: readonly number[], std = 1): Field =>
  filled(shape, () => std * generator.normal())

/** `name.weight [out, in]` and `name.bias [out]` of a layer, as PyTorch draws them: U(-1/sqrt(in), 1/sqrt(in)). */
export function layer(generator: Generator, name: string, shape: readonly number[]): Fields {
  const bound = 1 / Math.sqrt(numel(shape.slice(1)))
  const next = (): number => bound * (2 * generator.uniform() - 1)
  return { [`${name}.weight`]: filled(shape, next), [`${name}.bias`]: filled(shape.slice(0, 1), next) }
}

/** [a, b] -> [b, a]: for libraries whose dense weights are [in, out]. */
export function transposed({ shape: [rows, columns], data }: Field): Field {
  const out = data.slice()
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j]
  return { shape: [columns, rows], data: out }
}
/** The same with every matrix called `….weight` transposed. */
export const inputsFirst = (params: Fields): Fields =>
  Object.fromEntries(
    Object.entries(params).map(([name, field]) => [
      name,
      name.endsWith('.weight') && field.shape.length === 2 ? transposed(field) : field,
    ]),
  )

/** Fields as a library's own arrays. */
export const convert = <T>(fields: Fields, make: (field: Field) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, make(field)]))

/** One line of JSON that says where each field lies, then the fields' bytes, each at a multiple of 8. */
export function write(path: string, data: Data): void {
  const chunks: Buffer[] = []
  let offset = 0
  const place = (fields: Fields): unknown =>
    convert(fields, field => {
      const bytes = Buffer.from(field.data.buffer, field.data.byteOffset, field.data.byteLength)
      const at = offset
      const room = Math.ceil(bytes.length / 8) * 8
      chunks.push(bytes, Buffer.alloc(room - bytes.length))
      offset += room
      return { shape: field.shape, kind: kindOf(field), at }
    })
  const header = JSON.stringify({ inputs: place(data.inputs), params: place(data.params) })
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, Buffer.concat([Buffer.from(`${header}\n`), ...chunks]))
}

export function read(path: string): Data {
  const file = readFileSync(path)
  const start = file.indexOf('\n') + 1
  // a copy, because typed arrays want aligned memory
  const { buffer } = new Uint8Array(file.subarray(start))
  type Place = { shape: number[]; kind: Kind; at: number }
  const { inputs, params } = JSON.parse(file.toString('utf8', 0, start)) as Record<string, Record<string, Place>>
  const load = (places: Record<string, Place>): Fields =>
    Object.fromEntries(
      Object.entries(places).map(([name, { shape, kind, at }]) => [
        name,
        { shape, data: new kinds[kind](buffer as ArrayBuffer, at, numel(shape)) },
      ]),
    )
  return { inputs: load(inputs), params: load(params) }
}
