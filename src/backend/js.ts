// The readable reference: every kernel as plain loops over typed arrays. Knows sizes and strides, no derivatives.
import type { Shape, TypedArray } from './array.ts'
import { sumColumns, summable, sumRows } from './wasm/sums.ts'

/** A strided window into a row-major array: element i, j, … lies at offset + i*strides[0] + j*strides[1] + … */
export interface View {
  readonly shape: Shape
  readonly strides: readonly number[]
  readonly offset: number
}

/** Calls `f(start, step, count)` for each innermost run of a view, in row-major order. */
export function runs({ shape, strides, offset }: View, f: (start: number, step: number, count: number) => void): void {
  const rank = shape.length
  if (shape.includes(0)) return
  if (rank === 0) {
    f(offset, 0, 1)
    return
  }
  const inner = shape[rank - 1]
  const step = strides[rank - 1]
  const index = new Array<number>(rank).fill(0)
  for (let at = offset; ; ) {
    f(at, step, inner)
    let d = rank - 2
    for (; d >= 0; d--) {
      at += strides[d]
      index[d] = index[d] + 1
      if (index[d] < shape[d]) break
      at -= strides[d] * shape[d]
      index[d] = 0
    }
    if (d < 0) return
  }
}

/** out = x read through the view. */
export function read(out: TypedArray, x: TypedArray, view: View): void {
  let i = 0
  runs(view, (start, step, count) => {
    for (let k = 0, at = start; k < count; k++, at += step) out[i++] = x[at]
  })
}

/** out += x written through the view of `out`: the transpose of `read`. */
export function spread(out: TypedArray, x: TypedArray, view: View): void {
  let i = 0
  runs(view, (start, step, count) => {
    for (let k = 0, at = start; k < count; k++, at += step) out[at] = out[at] + x[i++]
  })
}

/** A reduction: what it starts from and how it takes in one element more. */
export interface Fold {
  readonly start: number
  readonly step: (sum: number, x: number) => number
}
const nanWins =
  (better: (a: number, b: number) => boolean) =>
  (a: number, b: number): number =>
    Number.isNaN(a) || better(a, b) ? a : b
export const folds = {
  sum: { start: 0, step: (a, x) => a + x },
  amax: { start: -Infinity, step: nanWins((a, b) => a >= b) },
  amin: { start: Infinity, step: nanWins((a, b) => a <= b) },
} satisfies Record<string, Fold>

/**
 * Folds `inner` (the view of what is reduced, from one kept element) for each element of `kept`. In float64, so that
 * float32 sums keep their digits.
 */
export function fold(f: Fold, out: TypedArray, x: TypedArray, kept: View, inner: View): void {
  if (f === folds.sum && rowsFirst(out, x, kept, inner)) return
  const { start, step } = f
  let i = 0
  runs(kept, (at, stride, count) => {
    for (let k = 0; k < count; k++) {
      let total = start
      runs({ ...inner, offset: at + k * stride }, (from, by, n) => {
        for (let j = 0, p = from; j < n; j++, p += by) total = step(total, x[p])
      })
      out[i++] = total
    }
  })
}

/** Sums the rows that are folded as a whole, if there are such and WebAssembly does it, and then what is left. */
function rowsFirst(out: TypedArray, x: TypedArray, kept: View, inner: View): boolean {
  let rank = inner.shape.length
  let n = 1
  for (; rank > 0 && inner.strides[rank - 1] === n; rank--) n *= inner.shape[rank - 1]
  const places = [...kept.strides, ...inner.strides.slice(0, rank)]
  if (rank === inner.shape.length || !summable(x, n, 1) || places.some(stride => stride % n !== 0)) return false
  const sums = new Float64Array(x.length / n)
  sumRows(sums, x, sums.length, n)
  const rows = ({ shape, strides, offset }: View, d = shape.length): View => ({
    shape: shape.slice(0, d),
    strides: strides.slice(0, d).map(stride => stride / n),
    offset,
  })
  fold(folds.sum, out, sums, rows(kept), rows(inner, rank))
  return true
}

/** Sums [outer, n, inner] over n. The three patterns a sum is nearly always of, without a view. */
export function sum3(out: TypedArray, x: TypedArray, outer: number, n: number, inner: number): void {
  if (summable(x, n, inner)) {
    if (inner === 1) sumRows(out, x, outer, n)
    else sumColumns(out, x, outer, n, inner)
    return
  }
  if (inner === 1) {
    for (let o = 0, p = 0; o < outer; o++) {
      let total = 0
      for (let k = 0; k < n; k++) total += x[p++]
      out[o] = total
    }
    return
  }
  const totals = new Float64Array(inner)
  for (let o = 0, p = 0; o < outer; o++) {
    totals.fill(0)
    for (let k = 0; k < n; k++) for (let i = 0; i < inner; i++) totals[i] = totals[i] + x[p++]
    out.set(totals, o * inner)
  }
}

/** Index of the largest (sign 1) or smallest (sign -1) along the middle of [outer, n, inner]: the first; NaN wins. */
export function argbest(out: TypedArray, x: TypedArray, outer: number, n: number, inner: number, sign: 1 | -1): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let best = 0
      let value = x[o * n * inner + i]
      for (let k = 1; k < n && !Number.isNaN(value); k++) {
        const other = x[(o * n + k) * inner + i]
        if (Number.isNaN(other) || sign * other > sign * value) {
          best = k
          value = other
        }
      }
      out[o * inner + i] = best
    }
  }
}

/** Index of the best so far along the middle of [outer, n, inner]: the last of equals; NaN wins, as PyTorch. */
export function argcum(out: TypedArray, x: TypedArray, outer: number, n: number, inner: number, sign: 1 | -1): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const base = o * n * inner + i
      let best = 0
      for (let k = 0; k < n; k++) {
        const value = x[base + best * inner]
        const other = x[base + k * inner]
        if (Number.isNaN(other) || (!Number.isNaN(value) && sign * other >= sign * value)) best = k
        out[base + k * inner] = best
      }
    }
  }
}

/** The order that sorts the middle of [outer, n, inner]; stable, NaN last (first when descending). */
export function argsort(
  out: TypedArray,
  x: TypedArray,
  outer: number,
  n: number,
  inner: number,
  descending: boolean,
): void {
  const order = new Int32Array(n)
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = (k: number): number => x[(o * n + k) * inner + i]
      for (let k = 0; k < n; k++) order[k] = k
      const sign = descending ? -1 : 1
      order.sort((a, b) => {
        const p = at(a)
        const q = at(b)
        if (Number.isNaN(p) || Number.isNaN(q)) return sign * (+Number.isNaN(p) - +Number.isNaN(q)) || a - b
        return p === q ? a - b : sign * (p < q ? -1 : 1)
      })
      for (let k = 0; k < n; k++) out[(o * n + k) * inner + i] = order[k]
    }
  }
}

/** Running sums along the middle of [outer, n, inner], from the front or from the back. */
export function cumsum(
  out: TypedArray,
  x: TypedArray,
  outer: number,
  n: number,
  inner: number,
  reverse: boolean,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let total = 0
      for (let k = 0; k < n; k++) {
        const at = (o * n + (reverse ? n - 1 - k : k)) * inner + i
        total += x[at]
        out[at] = total
      }
    }
  }
}

/** Each of `outer` rows of out is a row of every array, one after another. */
export function join(out: TypedArray, xs: readonly TypedArray[], outer: number): void {
  const row = out.length / outer
  let start = 0
  for (const x of xs) {
    const width = x.length / outer
    for (let o = 0; o < outer; o++) out.set(x.subarray(o * width, (o + 1) * width), o * row + start)
    start += width
  }
}

/** Copies what lies on diagonal k and above it, or on it and below, of each matrix. */
export function triangle(
  out: TypedArray,
  x: TypedArray,
  rows: number,
  columns: number,
  upper: boolean,
  k: number,
): void {
  for (let i = 0; i < x.length; i++) {
    const column = i % columns
    const row = Math.floor(i / columns) % rows
    if (upper ? column - row >= k : column - row <= k) out[i] = x[i]
  }
}

/** out[o, j, i] = x[o, index[j], i]. */
export function select(
  out: TypedArray,
  x: TypedArray,
  index: TypedArray,
  outer: number,
  n: number,
  inner: number,
): void {
  const m = index.length
  if (inner === 1) {
    for (let o = 0; o < outer; o++) for (let j = 0; j < m; j++) out[o * m + j] = x[o * n + index[j]]
    return
  }
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < m; j++) {
      const from = (o * n + index[j]) * inner
      out.set(x.subarray(from, from + inner), (o * m + j) * inner)
    }
  }
}

/** out[o, index[j], i] += x[o, j, i]: the transpose of `select`. */
export function selectAdd(
  out: TypedArray,
  x: TypedArray,
  index: TypedArray,
  outer: number,
  n: number,
  inner: number,
): void {
  const m = index.length
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < m; j++) {
      const to = (o * n + index[j]) * inner
      const from = (o * m + j) * inner
      for (let i = 0; i < inner; i++) out[to + i] = out[to + i] + x[from + i]
    }
  }
}
