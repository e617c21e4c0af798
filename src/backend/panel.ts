// Panels: the factors of a matrix product, laid out in the order in which a block of the product reads them.
import type { TypedArray } from './array.ts'

/** A factor: its rows (or columns), how many elements each has, and how far apart in the array they lie. */
export interface Factor {
  readonly data: TypedArray
  readonly offset: number
  readonly lines: number
  readonly k: number
  readonly lineStep: number
  readonly step: number
}

/** Elements of all panels of `width` lines, each `depth` long. */
export const panelSize = (lines: number, width: number, depth: number): number =>
  Math.ceil(lines / width) * width * depth

/**
 * Packs a factor into panels of `width` lines, `depth` >= k long: element p of line i lies at
 * width*depth*floor(i/width) + width*p + i%width. What is missing is filled up with zeros.
 */
export function pack(
  room: TypedArray,
  at: number,
  width: number,
  depth: number,
  { data, offset, lines, k, lineStep, step }: Factor,
): void {
  for (let first = 0, panel = at; first < lines; first += width, panel += width * depth) {
    const count = Math.min(width, lines - first)
    const from = offset + first * lineStep
    if (count < width || k < depth) room.fill(0, panel, panel + width * depth)
    if (lineStep === 1) {
      // neighbours in the array are neighbours in the panel
      for (let p = 0, to = panel, x = from; p < k; p++, to += width, x += step)
        for (let i = 0; i < count; i++) room[to + i] = data[x + i]
    } else {
      for (let i = 0; i < count; i++)
        for (let p = 0, to = panel + i, x = from + i * lineStep; p < k; p++, to += width, x += step) room[to] = data[x]
    }
  }
}
