// Softmax and its logarithms on numbers, along the middle of [outer, n, inner]: the largest is taken off first.
import type { TypedArray } from './array.ts'
import { along } from './wasm/lines.ts'

/** Calls `f` with each line: where it begins and how far its elements lie apart. */
function lines(outer: number, n: number, inner: number, f: (start: number, step: number, line: number) => void): void {
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) f(o * n * inner + i, inner, o * inner + i)
}
/** Where a line's largest element is; NaN wins. */
function largest(x: TypedArray, start: number, step: number, n: number): number {
  let best = start
  for (let k = 0, at = start; k < n; k++, at += step) {
    if (x[at] > x[best] || Number.isNaN(x[at])) best = at
  }
  return best
}
/** max and log(sum(exp(x - max))) of a line; the maximum's own 1 is left to log1p, which keeps the digits of the rest. */
function logSum(x: TypedArray, start: number, step: number, n: number): [max: number, log: number] {
  const best = largest(x, start, step, n)
  const max = x[best]
  if (!Number.isFinite(max)) return [max, 0]
  let rest = 0
  for (let k = 0, at = start; k < n; k++, at += step) if (at !== best) rest += Math.exp(x[at] - max)
  return [max, Math.log1p(rest)]
}

/** exp(x) / sum(exp(x)) */
export function softmax(out: TypedArray, x: TypedArray, outer: number, n: number, inner: number): void {
  if (inner === 1 && along('softmax', out, x, outer, n)) return
  // in float64 until they are divided
  const row = new Float64Array(n)
  lines(outer, n, inner, (start, step) => {
    const top = x[largest(x, start, step, n)]
    let total = 0
    for (let k = 0, at = start; k < n; k++, at += step) total += row[k] = Math.exp(x[at] - top)
    for (let k = 0, at = start; k < n; k++, at += step) out[at] = row[k] / total
  })
}

/** x - log(sum(exp(x))) */
export function logSoftmax(out: TypedArray, x: TypedArray, outer: number, n: number, inner: number): void {
  if (inner === 1 && along('logSoftmax', out, x, outer, n)) return
  lines(outer, n, inner, (start, step) => {
    const [max, log] = logSum(x, start, step, n)
    // of an infinite maximum, softmax and its logarithm are NaN
    for (let k = 0, at = start; k < n; k++, at += step) out[at] = max === Infinity ? Number.NaN : x[at] - max - log
  })
}

/** log(sum(exp(x))), one for each line. */
export function logsumexp(out: TypedArray, x: TypedArray, outer: number, n: number, inner: number): void {
  if (inner === 1 && along('logsumexp', out, x, outer, n)) return
  lines(outer, n, inner, (start, step, line) => {
    const [max, log] = logSum(x, start, step, n)
    out[line] = max + log
  })
}
