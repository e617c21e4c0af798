// Where elements lie: kernels that check, compute and search positions. Knows no derivatives.
import type { Shape, TypedArray } from './array.ts'
import { runs } from './js.ts'

/** The first j whose index lies outside a dimension of `size`, or -1. Negative ones may count from the end. */
export function outside(index: TypedArray, size: number, negative: boolean): number {
  const low = negative ? -size : 0
  for (let j = 0; j < index.length; j++) {
    const i = index[j]
    if (i < low || i >= size) return j
  }
  return -1
}

/** An index tensor's part in a position: index * stride; negative indices count from the end of `size`. */
export interface Term {
  readonly index: TypedArray
  readonly size: number
  readonly stride: number
}

/** out[c] = c · grid + the sum of the terms at c, for the multi-index c of every element of `shape`. */
export function positions(out: TypedArray, shape: Shape, grid: readonly number[], terms: readonly Term[]): void {
  let at = 0
  runs({ shape, strides: grid, offset: 0 }, (start, step, count) => {
    for (let k = 0, base = start; k < count; k++, base += step, at++) {
      let position = base
      for (const { index, size, stride } of terms) {
        const i = index[at]
        position += (i < 0 ? i + size : i) * stride
      }
      out[at] = position
    }
  })
}

/** out[i] = the last j with index[j] = i, or -1 where there is none. */
export function winners(out: TypedArray, index: TypedArray): void {
  out.fill(-1)
  for (let j = 0; j < index.length; j++) out[index[j]] = j
}

/** out[j, index[j]] = 1, in rows of n. */
export function mark(out: TypedArray, index: TypedArray, n: number): void {
  for (let j = 0; j < index.length; j++) out[j * n + index[j]] = 1
}

/** How many elements are not 0. */
export function count(x: TypedArray): number {
  let n = 0
  for (let i = 0; i < x.length; i++) if (x[i] !== 0) n++
  return n
}

/** The multi-indices of the elements that are not 0, one a row, in row-major order. */
export function nonzero(out: TypedArray, x: TypedArray, shape: Shape): void {
  const rank = shape.length
  let row = 0
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue
    let rest = i
    for (let d = rank - 1; d >= 0; d--) {
      const size = shape[d]
      out[row * rank + d] = rest % size
      rest = Math.floor(rest / size)
    }
    row++
  }
}

/**
 * For each of the `m` values of a line: before which of the line's `n` sorted elements it belongs; with `right`, after
 * its equals. Lines of values beyond the last sorted line start over, so one sorted line serves all. NaN goes last.
 */
export function searchsorted(
  out: TypedArray,
  sorted: TypedArray,
  values: TypedArray,
  n: number,
  m: number,
  right: boolean,
): void {
  for (let j = 0; j < values.length; j++) {
    const value = values[j]
    const start = (Math.floor(j / m) * n) % Math.max(sorted.length, 1)
    let low = 0
    let high = n
    while (low < high) {
      const middle = (low + high) >> 1
      const other = sorted[start + middle]
      if (right ? other > value : other >= value) high = middle
      else low = middle + 1
    }
    out[j] = low
  }
}
