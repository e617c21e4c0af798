// Convolution on numbers: a block of patches laid out as a matrix, then a product of matrices.
import { allocate, type NDArray, type TypedArray } from './array.ts'
import { matmul } from './matmul.ts'
import { convolved } from './wasm/images.ts'
import type { Convolution } from './windows.ts'

/** Some rows of one image's output, for one group. */
interface Block {
  /** Where the image's group begins in x, the group in w, and the block's first element in y. */
  readonly x0: number
  readonly w0: number
  readonly y0: number
  /** The rows [top, bottom) of the output, and how many elements they have. */
  readonly top: number
  readonly bottom: number
  readonly count: number
}

/** Elements of a block's patches: what a level-2 cache holds. */
const BLOCK = 1 << 16

/** Weights of one output channel. */
const patchSize = ({ inputs, kernel: [kh, kw] }: Convolution): number => inputs * kh * kw

function blocks(c: Convolution, f: (block: Block) => void): void {
  const {
    batch,
    groups,
    inputs,
    outputs,
    size: [h, w],
    out: [oh, ow],
  } = c
  const rows = rowsOf(c)
  for (let g = 0; g < groups; g++) {
    for (let b = 0; b < batch; b++) {
      for (let top = 0; top < oh; top += rows) {
        const bottom = Math.min(oh, top + rows)
        const y0 = (b * groups + g) * outputs * oh * ow + top * ow
        f({
          x0: (b * groups + g) * inputs * h * w,
          w0: g * outputs * patchSize(c),
          y0,
          top,
          bottom,
          count: (bottom - top) * ow,
        })
      }
    }
  }
}
const rowsOf = (c: Convolution): number =>
  Math.min(c.out[0], Math.max(1, Math.floor(BLOCK / Math.max(1, patchSize(c) * c.out[1]))))

/**
 * Calls `f(column, pixel, n)` for the runs in which a block's patches [patchSize, count] and the image meet: element
 * column + j of the patches is pixel + j * stride of x, for j < n. What is never called lies in the padding.
 */
function patches(
  c: Convolution,
  { x0, top, bottom, count }: Block,
  f: (column: number, pixel: number, n: number) => void,
): void {
  const {
    inputs,
    size: [h, w],
    kernel: [kh, kw],
    out: [, ow],
    stride: [sh, sw],
    padding: [ph, pw],
    dilation: [dh, dw],
  } = c
  for (let i = 0, k = 0; i < inputs; i++) {
    for (let p = 0; p < kh; p++) {
      for (let q = 0; q < kw; q++, k++) {
        const shift = q * dw - pw
        const first = Math.max(0, Math.ceil(-shift / sw))
        const n = Math.min(ow - 1, Math.floor((w - 1 - shift) / sw)) - first + 1
        if (n <= 0) continue
        for (let y = top; y < bottom; y++) {
          const row = y * sh + p * dh - ph
          if (row >= 0 && row < h) f(k * count + (y - top) * ow + first, x0 + (i * h + row) * w + first * sw + shift, n)
        }
      }
    }
  }
}

/** Room for a block's patches [patchSize, count] and for its part of y [outputs, count]. */
function buffers(c: Convolution, { dtype }: NDArray): { columns: TypedArray; part: TypedArray } {
  const most = rowsOf(c) * c.out[1]
  return { columns: allocate(dtype, patchSize(c) * most), part: allocate(dtype, c.outputs * most) }
}

function readPatches(columns: TypedArray, x: TypedArray, c: Convolution, block: Block): void {
  const step = c.stride[1]
  columns.fill(0)
  patches(c, block, (column, pixel, n) => {
    for (let j = 0; j < n; j++) columns[column + j] = x[pixel + j * step]
  })
}

function readPart(
  part: TypedArray,
  y: TypedArray,
  { outputs, out: [oh, ow] }: Convolution,
  { y0, count }: Block,
): void {
  for (let o = 0, at = y0; o < outputs; o++, at += oh * ow) part.set(y.subarray(at, at + count), o * count)
}

/** y = x * w */
export function conv(c: Convolution, y: NDArray, x: NDArray, w: NDArray): void {
  if (convolved('conv', c, y, x, w)) return
  const { columns, part } = buffers(c, x)
  blocks(c, block => {
    const { w0, y0, count } = block
    readPatches(columns, x.data, c, block)
    matmul(part, w.data, columns, c.outputs, patchSize(c), count, false, false, [w0], [0])
    for (let o = 0, at = y0; o < c.outputs; o++, at += c.out[0] * c.out[1])
      y.data.set(part.subarray(o * count, (o + 1) * count), at)
  })
}

/** x += the transpose of `conv` in x, at y and w. */
export function convInput(c: Convolution, x: NDArray, y: NDArray, w: NDArray): void {
  if (convolved('convInput', c, x, y, w)) return
  const { columns, part } = buffers(c, y)
  const step = c.stride[1]
  const image = x.data
  blocks(c, block => {
    readPart(part, y.data, c, block)
    matmul(columns, w.data, part, patchSize(c), c.outputs, block.count, true, false, [block.w0], [0])
    patches(c, block, (column, pixel, n) => {
      for (let j = 0, at = pixel; j < n; j++, at += step) image[at] = image[at] + columns[column + j]
    })
  })
}

/** w = the transpose of `conv` in w, at x and y. */
export function convWeight(c: Convolution, w: NDArray, x: NDArray, y: NDArray): void {
  if (convolved('convWeight', c, w, x, y)) return
  const { columns, part } = buffers(c, x)
  const product = new Float64Array(c.outputs * patchSize(c))
  // in float64: a sum over all positions of all images
  const total = new Float64Array(w.data.length)
  blocks(c, block => {
    readPatches(columns, x.data, c, block)
    readPart(part, y.data, c, block)
    matmul(product, part, columns, c.outputs, block.count, patchSize(c), false, true, [0], [0])
    for (let i = 0, at = block.w0; i < product.length; i++, at++) total[at] = total[at] + product[i]
  })
  w.data.set(total)
}
