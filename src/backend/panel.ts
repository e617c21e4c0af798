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

/** Elements of all panels of `width` lines of k elements. */
export const panelSize = (lines: number, width: number, k: number): number => Math.ceil(lines / width) * width * k

/**
 * Packs a factor into panels of `width` lines: element p of line i lies at width*k*floor(i/width) + width*p + i%width.
 * What is missing is filled up with zeros.
 */
export function pack(room: TypedArray, width: number, { data, offset, lines, k, lineStep, step }: Factor): void {
  for (let first = 0, panel = 0; first < lines; first += width, panel += width * k) {
    const count = Math.min(width, lines - first)
    const from = offset + first * lineStep
    if (count < width) room.fill(0, panel, panel + width * k)
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
