// Pointwise programs and loops around them, before they are code: steps, sizes, and how each array is stepped through.
import type { DType } from './array.ts'
import type { Registers, V } from './math/registers.ts'

/** One step of a program: reads an operand, holds a constant, or applies an op to the results of earlier steps. */
export type Step =
  | { readonly kind: 'input'; readonly input: number }
  | { readonly kind: 'const'; readonly value: number }
  | {
      readonly kind: 'op'
      readonly name: string
      readonly f: (...x: number[]) => number
      readonly js?: (...x: string[]) => string
      /** On registers; without it `f` is called lane by lane. */
      readonly simd?: ((a: Registers, ...x: V[]) => V) | undefined
      /** How many operands, from the first, are conditions: truth rather than numbers. */
      readonly conditions?: number | undefined
      readonly args: readonly number[]
    }

/** Steps in order; the last one is the result. */
export type Program = readonly Step[]

/** An array in a loop: how far apart, in elements, two neighbours along each of the loop's dimensions lie (0: the same). */
export interface Stream {
  readonly dtype: DType
  readonly strides: readonly number[]
}
export interface Loop {
  readonly sizes: readonly number[]
  /** The program's operands. */
  readonly inputs: readonly Stream[]
  readonly program: Program
}
/** What a loop writes: the result of a step. Streams of results never lie on themselves. */
export interface Result extends Stream {
  readonly step: number
}
export interface MapLoop extends Loop {
  readonly outputs: readonly Result[]
}
export type Fold = 'sum' | 'amax' | 'amin'
/** The last step's value for every element, folded over some dimensions. */
export interface FoldLoop extends Loop {
  /** Which dimensions are folded; the result is dense over the others, in their order. */
  readonly folded: readonly boolean[]
  readonly fold: Fold
  /** int32 for counts: whole numbers that float64 holds exactly. */
  readonly dtype: 'float32' | 'float64' | 'int32'
}

/** Neighbouring dimensions that all streams step through as one become one, and those of size 1 go. */
export function merged(
  sizes: readonly number[],
  streams: readonly (readonly number[])[],
  flags: readonly boolean[] = sizes.map(() => false),
): { sizes: number[]; streams: number[][]; flags: boolean[] } {
  const out: { sizes: number[]; streams: number[][]; flags: boolean[] } = {
    sizes: [],
    streams: streams.map(() => []),
    flags: [],
  }
  sizes.forEach((size, d) => {
    if (size === 1) return
    const last = out.sizes.length - 1
    const joins =
      last >= 0 &&
      out.flags[last] === flags[d] &&
      streams.every((s, k) => out.streams[k]?.[last] === (s[d] as number) * size)
    if (joins) {
      out.sizes[last] = (out.sizes[last] as number) * size
      streams.forEach((s, k) => {
        ;(out.streams[k] as number[])[last] = s[d] as number
      })
    } else {
      out.sizes.push(size)
      out.flags.push(flags[d] as boolean)
      for (const [k, s] of streams.entries()) out.streams[k]?.push(s[d] as number)
    }
  })
  return out
}
