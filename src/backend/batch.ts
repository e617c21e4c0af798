// A product of matrices for each of a batch, before it is code: sizes, and where the factors lie.
import { merged } from './stream.ts'

/** c [batch, m, n] = a [batch, m, k] b [batch, k, n]; strides in elements. Without them c is dense. */
export interface Batch {
  readonly sizes: readonly number[]
  readonly m: number
  readonly n: number
  readonly k: number
  readonly a: { readonly batch: readonly number[]; readonly row: number; readonly step: number }
  readonly b: { readonly batch: readonly number[]; readonly step: number; readonly column: number }
  readonly c?: { readonly matrix: number; readonly row: number }
}

/** The batch with as few dimensions as its factors allow, and the strides of both in it. */
export const batches = ({ sizes, a, b }: Batch): { sizes: number[]; streams: number[][] } =>
  merged(sizes, [a.batch, b.batch])
