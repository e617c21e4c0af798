// Lines of equal height, by marching squares, and heights by rank.
import type { Grid } from './ground.ts'

/** Heights that divide the points of a grid; there are more of them where it is low, where optimizers end. */
export function levels({ heights }: Grid, count: number): number[] {
  const sorted = heights.filter(h => Number.isFinite(h)).sort()
  if (sorted.length === 0) return []
  const found = Array.from(
    { length: count },
    (_, i) => sorted[Math.floor(((i + 1) / (count + 1)) ** 1.8 * sorted.length)],
  )
  return [...new Set(found)].filter(h => h > sorted[0])
}

/** How high each point is among these levels: 0 below the first, 1 above the last; NaN where f is not finite. */
export function ranks({ heights }: Grid, at: readonly number[]): Float64Array {
  return heights.map(h => {
    if (!Number.isFinite(h)) return Number.NaN
    let k = 0
    while (k < at.length && h >= at[k]) k++
    if (k === 0 || k === at.length) return k / at.length
    return (k - 1 + (h - at[k - 1]) / (at[k] - at[k - 1]) + 0.5) / at.length
  })
}

/** The line of one height in pieces: x and y of both ends of each, in columns and rows of the grid, rows upwards. */
export function contour({ columns, rows, heights }: Grid, level: number): Float32Array {
  const pieces: number[] = []
  for (let r = 0; r < rows - 1; r++)
    for (let c = 0; c < columns - 1; c++) {
      const i = r * columns + c
      // the corners, from the bottom left against the clock
      const h = [heights[i], heights[i + 1], heights[i + columns + 1], heights[i + columns]]
      const above = +(h[0] > level) | (+(h[1] > level) << 1) | (+(h[2] > level) << 2) | (+(h[3] > level) << 3)
      if (above === 0 || above === 15 || !h.every(Number.isFinite)) continue
      const share = (a: number, b: number): number => (level - h[a]) / (h[b] - h[a])
      const edges: readonly (() => readonly [number, number])[] = [
        () => [c + share(0, 1), r],
        () => [c + 1, r + share(1, 2)],
        () => [c + share(3, 2), r + 1],
        () => [c, r + share(0, 3)],
      ]
      const middle = (h[0] + h[1] + h[2] + h[3]) / 4 > level
      for (const [a, b] of crossings(above, middle)) {
        pieces.push(...edges[a](), ...edges[b]())
      }
    }
  return Float32Array.from(pieces)
}

/** Which edges of a square (below, right, above, left) a line joins, by which corners are above it. */
function crossings(above: number, middle: boolean): readonly (readonly [number, number])[] {
  // two opposite corners: the middle says whether they belong together
  if (above === 5)
    return middle
      ? [
          [0, 1],
          [2, 3],
        ]
      : [
          [3, 0],
          [1, 2],
        ]
  if (above === 10)
    return middle
      ? [
          [3, 0],
          [1, 2],
        ]
      : [
          [0, 1],
          [2, 3],
        ]
  const few = above > 7 ? 15 - above : above
  const one: Readonly<Record<number, readonly [number, number]>> = {
    1: [3, 0],
    2: [0, 1],
    3: [3, 1],
    4: [1, 2],
    6: [0, 2],
    7: [3, 2],
  }
  return [one[few]]
}
