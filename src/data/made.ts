// Made data: what all its functions are asked for, and how points become tensors.
import { described, integer, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { tensor } from '../engine/ops/create.ts'
import { reshape } from '../engine/ops/linear.ts'
import type { Generator } from '../engine/random.ts'
import type { Tensor } from '../engine/tensor.ts'
import { drawing } from './drawing.ts'

export interface MadeOptions {
  /** How many samples (100). */
  readonly n?: number
  /** Standard deviation of normal noise, >= 0 (0): on the coordinates of points, on the target of a regression. */
  readonly noise?: number
  readonly generator?: Generator
}
/** Inputs and what belongs to them: classes as int32 [n], numbers as float32 [n, 1]. */
export interface Made {
  readonly x: Tensor
  readonly y: Tensor
}

/** The common options, checked; `own` are the other names that there are. Not all functions have all `common` ones. */
export function asked(
  name: string,
  given: MadeOptions,
  own: readonly string[] = [],
  common: readonly string[] = ['n', 'noise', 'generator'],
): { n: number; noise: number; generator: Generator } {
  const { n = 100, noise = 0, generator } = options<MadeOptions>(name, given, [...common, ...own])
  return { n: integer(name, 'n', n, 1), noise: atLeast0(name, 'noise', noise), generator: drawing(name, generator) }
}

/** The common options of what has no noise. */
export const quiet: readonly string[] = ['n', 'generator']

/** @throws ArgumentError when x is not a finite number >= 0 */
export function atLeast0(name: string, what: string, x: number): number {
  if (!(x >= 0 && x < Infinity)) throw new ArgumentError(`${name}: ${what} is a number >= 0, not ${described(x)}`)
  return x
}

/** A list of equally long rows as [n, m], float32. */
export const matrix = (rows: readonly (readonly number[])[]): Tensor => tensor(rows)
/** Whole numbers, int32. */
export const whole = (xs: readonly number[]): Tensor => tensor(xs, { dtype: 'int32' })
/** Numbers as a column [n, 1], float32. */
export const column = (xs: readonly number[]): Tensor => reshape(tensor(xs), [xs.length, 1])

/** A point and its class. */
export interface Point {
  readonly at: readonly number[]
  readonly label: number
}
/** Points in random order, each coordinate with its noise: `{ x: [n, features], y: [n] }`. */
export function scattered(points: readonly Point[], noise: number, generator: Generator): Made {
  const mixed = generator.permutation(points.length).map(i => points[i])
  return {
    x: matrix(mixed.map(({ at }) => (noise === 0 ? at : at.map(x => x + noise * generator.normal())))),
    y: whole(mixed.map(({ label }) => label)),
  }
}

/** n shared out among k, the first ones getting one more; for each of the n: whose it is, which of its own, of how many. */
export function shared(n: number, k: number): { part: number; i: number; of: number }[] {
  const sizes = Array.from({ length: k }, (_, part) => Math.floor(n / k) + +(part < n % k))
  return sizes.flatMap((of, part) => Array.from({ length: of }, (_, i) => ({ part, i, of })))
}
