// The plane of the examples: its axes' numbers, and what is at a place of it.
import type { Example } from './message.ts'

/** Round numbers on an axis from -bound to bound, about `most` of them at most. */
export function ticks(bound: number, most = 7): readonly number[] {
  const raw = (2 * bound) / most
  const decade = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map(x => x * decade).find(x => x >= raw) ?? raw
  const count = Math.floor(bound / step + 1e-9)
  return Array.from({ length: 2 * count + 1 }, (_, i) => Number(((i - count) * step).toPrecision(6)))
}

/** Where a coordinate is along an axis, from 0 to 1. */
export const along = (x: number, bound: number): number => (x + bound) / (2 * bound)

/** The number of the example nearest to a place, none if all are further than `within`. */
export function nearestExample(examples: readonly Example[], x1: number, x2: number, within: number): number | null {
  let found: number | null = null
  let least = within
  examples.forEach((example, i) => {
    const far = Math.hypot(example.x1 - x1, example.x2 - x2)
    if (far <= least) {
      found = i
      least = far
    }
  })
  return found
}

/** The value of a square field over the plane at a place: that of its cell. */
export function cell(field: Float32Array, from: number, side: number, bound: number, x1: number, x2: number): number {
  const at = (t: number): number => Math.max(0, Math.min(side - 1, Math.floor(t * side)))
  return field[from + at(1 - along(x2, bound)) * side + at(along(x1, bound))]
}
