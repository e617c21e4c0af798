// Products of matrices: both factors packed into panels of four, multiplied in blocks of 4 x 4 that stay in registers.
import type { TypedArray } from './array.ts'

/** Where each matrix of a batch begins. */
export type Offsets = ArrayLike<number>

/** Room for the packed factors, kept between calls. */
let roomA = new Float64Array(0)
let roomB = new Float64Array(0)

/**
 * `lines` rows (or columns) of `k` elements as panels of four: element p of line i lies at
 * 4*k*floor(i/4) + 4*p + i%4. The last panel is filled up with zeros.
 */
function pack(room: Float64Array, x: TypedArray, offset: number, lines: number, k: number, lineStep: number, step: number): void {
  for (let first = 0, to = 0; first < lines; first += 4, to += 4 * k) {
    const width = Math.min(4, lines - first)
    if (width < 4) room.fill(0, to, to + 4 * k)
    for (let i = 0; i < width; i++) {
      for (let p = 0, at = to + i, from = offset + (first + i) * lineStep; p < k; p++, at += 4, from += step) room[at] = x[from]
    }
  }
}

/** Adds up the products of two panels into a 4 x 4 block, and stores what of it lies inside c. Sums in float64. */
function block(c: TypedArray, at: number, stride: number, rows: number, columns: number, a: Float64Array, a0: number, b: Float64Array, b0: number, k: number): void {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0
  let c10 = 0, c11 = 0, c12 = 0, c13 = 0
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0
  let c30 = 0, c31 = 0, c32 = 0, c33 = 0
  for (let p = 0, i = a0, j = b0; p < k; p++, i += 4, j += 4) {
    const x0 = a[i], x1 = a[i + 1], x2 = a[i + 2], x3 = a[i + 3]
    const y0 = b[j], y1 = b[j + 1], y2 = b[j + 2], y3 = b[j + 3]
    c00 += x0 * y0; c01 += x0 * y1; c02 += x0 * y2; c03 += x0 * y3
    c10 += x1 * y0; c11 += x1 * y1; c12 += x1 * y2; c13 += x1 * y3
    c20 += x2 * y0; c21 += x2 * y1; c22 += x2 * y2; c23 += x2 * y3
    c30 += x3 * y0; c31 += x3 * y1; c32 += x3 * y2; c33 += x3 * y3
  }
  const sums = [c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33]
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) c[at + i * stride + j] = sums[4 * i + j]
}

/** c[m, n] = a[m, k] b[k, n] for each of a batch, each factor as it lies or transposed. */
export function matmul(
  c: TypedArray, a: TypedArray, b: TypedArray,
  m: number, k: number, n: number,
  transposeA: boolean, transposeB: boolean,
  offsetsA: Offsets, offsetsB: Offsets,
): void {
  const sizeA = 4 * k * Math.ceil(m / 4)
  const sizeB = 4 * k * Math.ceil(n / 4)
  if (roomA.length < sizeA) roomA = new Float64Array(sizeA)
  if (roomB.length < sizeB) roomB = new Float64Array(sizeB)
  let packed = -1
  for (let batch = 0; batch < offsetsA.length; batch++) {
    pack(roomA, a, offsetsA[batch], m, k, transposeA ? 1 : k, transposeA ? m : 1)
    // a factor that the batch shares is packed once
    if (packed !== offsetsB[batch]) pack(roomB, b, offsetsB[batch], n, k, transposeB ? k : 1, transposeB ? 1 : n)
    packed = offsetsB[batch]
    for (let i = 0; i < m; i += 4) {
      for (let j = 0; j < n; j += 4) {
        block(c, batch * m * n + i * n + j, n, Math.min(4, m - i), Math.min(4, n - j), roomA, i * k, roomB, j * k, k)
      }
    }
  }
}
