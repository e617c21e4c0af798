// Pooling on numbers: where each window's largest lies; means of windows along one dimension.
import type { TypedArray } from './array.ts'
import { largest } from './wasm/images.ts'
import type { Span, Windows } from './windows.ts'

/**
 * Flat index in x [planes, size] of the largest in each window: the first of equals; NaN wins. Padding is never chosen;
 * a window that meets nothing else gives -1.
 */
export function maxima(p: Windows, index: TypedArray, x: TypedArray): void {
  if (largest(p, index, x)) return
  const {
    size: [h, w],
    kernel: [kh, kw],
    out: [oh, ow],
    stride: [sh, sw],
    padding: [ph, pw],
    dilation: [dh, dw],
  } = p
  const planes = x.length / (h * w)
  for (let plane = 0, at = 0; plane < planes; plane++) {
    for (let i = 0; i < oh; i++) {
      for (let j = 0; j < ow; j++) {
        let best = -1
        let value = Number.NEGATIVE_INFINITY
        for (let a = 0, row = i * sh - ph; a < kh; a++, row += dh) {
          if (row < 0 || row >= h) continue
          for (let b = 0, column = j * sw - pw; b < kw; b++, column += dw) {
            if (column < 0 || column >= w) continue
            const here = (plane * h + row) * w + column
            const other = x[here]
            if (best < 0 || other > value || (Number.isNaN(other) && !Number.isNaN(value))) {
              best = here
              value = other
            }
          }
        }
        index[at++] = best
      }
    }
  }
}

/** out[o, j, i] = the sum of x[o, k, i] over k in span j, divided. */
export function averages(
  out: TypedArray,
  x: TypedArray,
  spans: readonly Span[],
  outer: number,
  n: number,
  inner: number,
): void {
  for (let o = 0, at = 0; o < outer; o++) {
    for (const { start, stop, divisor } of spans) {
      for (let i = 0; i < inner; i++) {
        let total = 0
        for (let k = start, p = (o * n + start) * inner + i; k < stop; k++, p += inner) total += x[p]
        out[at++] = total / divisor
      }
    }
  }
}

/** out[o, k, i] += y[o, j, i] / divisor for k in span j: the transpose of `averages`. */
export function averagesAdd(
  out: TypedArray,
  y: TypedArray,
  spans: readonly Span[],
  outer: number,
  n: number,
  inner: number,
): void {
  for (let o = 0, at = 0; o < outer; o++) {
    for (const { start, stop, divisor } of spans) {
      for (let i = 0; i < inner; i++) {
        const share = y[at++] / divisor
        for (let k = start, p = (o * n + start) * inner + i; k < stop; k++, p += inner) out[p] = out[p] + share
      }
    }
  }
}
