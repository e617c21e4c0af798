// What PyTorch answered (test/fixtures, written by scripts/torch-fixtures.py), and how close is close enough.
import { readFileSync } from 'node:fs'
import type { NestedArray, Tensor } from '../src/index.ts'
import * as gradus from '../src/index.ts'

/** Numbers in row-major order; JSON has no NaN and no infinities, so those are strings. */
export type Flat = readonly (number | string)[]
export interface Stored {
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'float64' | 'int32' | 'bool'
  readonly data: Flat
}

/** The cases of one family. */
export const read = <Case>(family: string): Case[] =>
  JSON.parse(readFileSync(new URL(`./fixtures/${family}.json`, import.meta.url), 'utf8')) as Case[]

export const numbers = (data: Flat): number[] => data.map(Number)

/** A tensor that needs no gradient; any shape, empty ones too. */
export const load = ({ shape, dtype, data }: Stored): Tensor =>
  gradus.tensor(numbers(data), { dtype }).reshape([...shape])

type Nested = number | Nested[]
const nest = (flat: readonly number[], [size, ...rest]: readonly number[]): Nested => {
  if (size === undefined) return flat[0]!
  const step = flat.length / size
  return Array.from({ length: size }, (_, i) => nest(flat.slice(i * step, (i + 1) * step), rest))
}

/** A parameter: a leaf that needs its gradient. The shape has no zeros. */
export const parameter = ({ shape, dtype, data }: Stored): Tensor =>
  gradus.tensor(nest(numbers(data), shape), { dtype, requiresGrad: true })

const flat = (x: NestedArray): number[] => (Array.isArray(x) ? x.flatMap(flat) : [Number(x)])
export const values = (x: Tensor): number[] => flat(x.toArray())

interface Tolerance {
  readonly dtype?: Stored['dtype']
  readonly shape?: readonly number[]
  /** Tell 0 from -0. */
  readonly signed?: boolean
}

/** What is wrong with `got`, or null: the largest error, and where. NaN equals NaN. */
export function difference(
  got: readonly number[],
  want: Flat,
  { dtype = 'float64', shape, signed }: Tolerance = {},
): string | null {
  if (got.length !== want.length) return `${got.length} elements, expected ${want.length}`
  const [relative, absolute] = { float64: [1e-10, 1e-12], float32: [1e-6, 1e-7], int32: [0, 0], bool: [0, 0] }[
    dtype
  ] as [number, number]
  const expected = numbers(want)
  // sums cancel, so the absolute part grows with the largest element, but not so far that it hides the small ones
  const scale = expected.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1)
  const floor = absolute * Math.min(scale, 100)
  let worst = { excess: 0, at: -1 }
  got.forEach((x, at) => {
    const y = expected[at]!
    if (signed && x === 0 && y === 0 ? Object.is(x, y) : x === y || (Number.isNaN(x) && Number.isNaN(y))) return
    const ratio = Math.abs(x - y) / (relative * Math.abs(y) + floor)
    // 0 against -0, NaN against a number, infinities of either sign: wrong by any measure
    const excess = x !== y && Number.isFinite(y) && Number.isFinite(ratio) ? ratio : Number.POSITIVE_INFINITY
    if (excess > 1 && excess > worst.excess) worst = { excess, at }
  })
  if (worst.at < 0) return null
  const { at } = worst
  return `at ${place(at, shape ?? [got.length])}: ${Object.is(got[at], -0) ? '-0' : got[at]}, expected ${want[at]}, off by ${Math.abs(got[at]! - expected[at]!)}`
}

function place(at: number, shape: readonly number[]): string {
  const index: number[] = []
  let rest = at
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return `[${index.join(', ')}]`
}
