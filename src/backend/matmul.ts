// Products of matrices: in WebAssembly, or with both factors packed into panels of four and blocks of 4 x 4 in registers.
import type { TypedArray } from './array.ts'
import { blas, LARGE } from './blas.ts'
import { pack, panelSize } from './panel.ts'
import { available, type Loaded, products, type Sizes } from './wasm/product.ts'

/** Where each matrix of a batch begins. */
export type Offsets = ArrayLike<number>

/** Room for the packed factors, kept between calls. */
let roomA = new Float64Array(0)
let roomB = new Float64Array(0)

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

/**
 * From how many multiplications on WebAssembly is faster, copies included (measured: both take 1 us there, and at 4096
 * JavaScript takes four times as long).
 */
const WORTHWHILE = 128

/** The panels of this file, for arrays or engines that WebAssembly is not for. */
function inJS(...[m, k, n, transposeA, transposeB]: Sizes): Loaded {
  const [rowStep, aStep] = transposeA ? [1, m] : [k, 1]
  const [columnStep, bStep] = transposeB ? [k, 1] : [1, n]
  const [sizeA, sizeB] = [panelSize(m, 4, k), panelSize(n, 4, k)]
  if (roomA.length < sizeA) roomA = new Float64Array(sizeA)
  if (roomB.length < sizeB) roomB = new Float64Array(sizeB)
  return {
    loadA: (data, offset) => pack(roomA, 4, { data, offset, lines: m, k, lineStep: rowStep, step: aStep }),
    loadB: (data, offset) => pack(roomB, 4, { data, offset, lines: n, k, lineStep: columnStep, step: bStep }),
    multiply(c, to) {
      for (let i = 0; i < m; i += 4)
        for (let j = 0; j < n; j += 4)
          block(c, to + i * n + j, n, Math.min(4, m - i), Math.min(4, n - j), roomA, i * k, roomB, j * k, k)
    },
  }
}

/** c[m, n] = a[m, k] b[k, n] for each of a batch, each factor as it lies or transposed. */
export function matmul(
  c: TypedArray, a: TypedArray, b: TypedArray,
  m: number, k: number, n: number,
  transposeA: boolean, transposeB: boolean,
  offsetsA: Offsets, offsetsB: Offsets,
): void {
  if (m === 0 || n === 0 || k === 0) return
  const library = blas()
  const alike = [a, b].every(x => x.constructor === c.constructor)
  if (library && alike && m * k * n >= LARGE && (c instanceof Float32Array || c instanceof Float64Array)) {
    const p = { m, n, k, transposeA, transposeB, ldA: transposeA ? m : k, ldB: transposeB ? k : n }
    for (let batch = 0; batch < offsetsA.length; batch++)
      library.multiply(c.subarray(batch * m * n), a.subarray(offsetsA[batch]), b.subarray(offsetsB[batch]), p)
    return
  }
  const make = m * k * n >= WORTHWHILE && available(c, m * k + k * n + m * n) ? (...x: Sizes) => products(c, ...x) : inJS
  const { loadA, loadB, multiply } = make(m, k, n, transposeA, transposeB)
  let loaded = -1
  for (let batch = 0; batch < offsetsA.length; batch++) {
    loadA(a, offsetsA[batch])
    // a factor that the batch shares is loaded once
    if (loaded !== offsetsB[batch]) loadB(b, offsetsB[batch])
    loaded = offsetsB[batch]
    multiply(c, batch * m * n)
  }
}
