// Linear algebra on numbers: elimination and substitution, in float64 whatever the dtype.
import type { TypedArray } from './array.ts'
import type { Offsets } from './matmul.ts'

/** How a system's matrix is read: whole, or one triangle of it; `unit` takes its diagonal as ones. */
export interface System {
  readonly form: 'general' | 'upper' | 'lower'
  readonly unit: boolean
  readonly transpose: boolean
}

/** x becomes t^-1 x for the triangle t[n, n] (or its transpose), x[n, k]. */
function substitute(t: Float64Array, x: Float64Array, n: number, k: number, { form, unit, transpose }: System): void {
  const backward = (form === 'upper') !== transpose
  const [row, column] = transpose ? [1, n] : [n, 1]
  for (let step = 0; step < n; step++) {
    const i = backward ? n - 1 - step : step
    for (let before = 0; before < step; before++) {
      const j = backward ? n - 1 - before : before
      const factor = t[i * row + j * column]
      for (let c = 0; c < k; c++) x[i * k + c] = x[i * k + c] - factor * x[j * k + c]
    }
    if (unit) continue
    const pivot = t[i * n + i]
    for (let c = 0; c < k; c++) x[i * k + c] = x[i * k + c] / pivot
  }
}

const swapRows = (a: Float64Array, n: number, i: number, j: number): void => {
  for (let c = 0; i !== j && c < n; c++) {
    const kept = a[i * n + c]
    a[i * n + c] = a[j * n + c]
    a[j * n + c] = kept
  }
}

/**
 * a becomes L (below the diagonal, its own diagonal ones) and U, with rows in `order`: partial pivoting. False when a
 * pivot is 0: the matrix is singular.
 */
function factorise(a: Float64Array, order: Int32Array, n: number): boolean {
  for (let i = 0; i < n; i++) order[i] = i
  for (let k = 0; k < n; k++) {
    let best = k
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[best * n + k])) best = i
    const pivot = a[best * n + k]
    if (pivot === 0) return false
    swapRows(a, n, k, best)
    const kept = order[k]
    order[k] = order[best]
    order[best] = kept
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k] / pivot
      a[i * n + k] = factor
      for (let j = k + 1; j < n; j++) a[i * n + j] = a[i * n + j] - factor * a[k * n + j]
    }
  }
  return true
}

/**
 * Solves a x = b for each of a batch: a[n, n], b[n, k]. Returns the number of the first element of the batch whose
 * matrix is singular, or -1. Only a general matrix is looked at: a 0 on a triangle's diagonal gives infinities.
 */
export function solve(
  system: System,
  x: TypedArray,
  a: TypedArray,
  b: TypedArray,
  n: number,
  k: number,
  offsetsA: Offsets,
  offsetsB: Offsets,
): number {
  const matrix = new Float64Array(n * n)
  const order = new Int32Array(n)
  const [right, mixed] = [new Float64Array(n * k), new Float64Array(n * k)]
  const { form, transpose } = system
  const [lower, upper]: [System, System] = [
    { form: 'lower', unit: true, transpose },
    { form: 'upper', unit: false, transpose },
  ]
  for (let batch = 0; batch < offsetsA.length; batch++) {
    const a0 = offsetsA[batch]
    const b0 = offsetsB[batch]
    // a matrix shared by neighbours in the batch is factorised once
    if (batch === 0 || a0 !== offsetsA[batch - 1]) {
      matrix.set(a.subarray(a0, a0 + n * n))
      if (form === 'general' && !factorise(matrix, order, n)) return batch
    }
    right.set(b.subarray(b0, b0 + n * k))
    if (form !== 'general') {
      substitute(matrix, right, n, k, system)
    } else if (!transpose) {
      // P a = L U
      for (let i = 0; i < n; i++) mixed.set(right.subarray(order[i] * k, (order[i] + 1) * k), i * k)
      substitute(matrix, mixed, n, k, lower)
      substitute(matrix, mixed, n, k, upper)
      right.set(mixed)
    } else {
      // a^T P^T = U^T L^T
      mixed.set(right)
      substitute(matrix, mixed, n, k, upper)
      substitute(matrix, mixed, n, k, lower)
      for (let i = 0; i < n; i++) right.set(mixed.subarray(i * k, (i + 1) * k), order[i] * k)
    }
    x.set(right, batch * n * k)
  }
  return -1
}

/**
 * The lower triangle l with l l^T = a, for each of a batch; reads a's lower triangle. Returns where it fails: the
 * number in the batch and the order of the leading minor that is not positive, or null.
 */
export function cholesky(l: TypedArray, a: TypedArray, n: number): { batch: number; minor: number } | null {
  const work = new Float64Array(n * n)
  for (let batch = 0, a0 = 0; a0 < a.length; batch++, a0 += n * n) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let rest = a[a0 + i * n + j]
        for (let k = 0; k < j; k++) rest -= work[i * n + k] * work[j * n + k]
        if (i === j && !(rest > 0)) return { batch, minor: i + 1 }
        work[i * n + j] = i === j ? Math.sqrt(rest) : rest / work[j * n + j]
      }
    }
    l.set(work, a0)
  }
  return null
}

/**
 * The order of rows and columns in which elimination finds the largest pivots (complete pivoting), as flat indices
 * into a[batch, n, n]. Always an even permutation, so that the determinant stays the same: where it would be odd the
 * last two rows change places.
 */
export function pivots(index: TypedArray, a: TypedArray, n: number): void {
  const work = new Float64Array(n * n)
  for (let a0 = 0; a0 < a.length; a0 += n * n) {
    work.set(a.subarray(a0, a0 + n * n))
    const rows = Array.from({ length: n }, (_, i) => i)
    const columns = [...rows]
    const at = (i: number, j: number): number => rows[i] * n + columns[j]
    let odd = false
    const swap = (order: number[], i: number, j: number): void => {
      if (i === j) return
      const kept = order[i]
      order[i] = order[j]
      order[j] = kept
      odd = !odd
    }
    for (let k = 0; k < n - 1; k++) {
      let [p, q] = [k, k]
      for (let i = k; i < n; i++) {
        for (let j = k; j < n; j++) if (Math.abs(work[at(i, j)]) > Math.abs(work[at(p, q)])) [p, q] = [i, j]
      }
      swap(rows, k, p)
      swap(columns, k, q)
      const pivot = work[at(k, k)]
      if (pivot === 0) break
      for (let i = k + 1; i < n; i++) {
        const factor = work[at(i, k)] / pivot
        for (let j = k + 1; j < n; j++) work[at(i, j)] = work[at(i, j)] - factor * work[at(k, j)]
      }
    }
    if (odd) swap(rows, n - 2, n - 1)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) index[a0 + i * n + j] = a0 + at(i, j)
  }
}
