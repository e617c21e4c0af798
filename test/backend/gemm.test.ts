// The product in WebAssembly memory agrees with the definition for all strides, and touches nothing that is not its own.
import { describe, expect, test } from 'vitest'
import { Module } from '../../src/backend/wasm/assembler.ts'
import { gemm, gemmScratch } from '../../src/backend/wasm/gemm.ts'
import type { Width } from '../../src/backend/wasm/vector.ts'
import { Generator } from '../../src/index.ts'

const generator = new Generator(11)
const below = (n: number): number => Math.floor(generator.uniform() * n)

/** A matrix in memory: element (i, j) at index from + i*row + j*column of an array of floats. */
interface Matrix {
  readonly from: number
  readonly row: number
  readonly column: number
}
const patterns = ['rows', 'columns', 'neither'] as const
type Pattern = (typeof patterns)[number]

const strides = (pattern: Pattern, rows: number, columns: number, gap: number): Omit<Matrix, 'from'> =>
  pattern === 'rows'
    ? { row: columns + gap, column: 1 }
    : pattern === 'columns'
      ? { row: 1, column: rows + gap }
      : { row: 2, column: 2 * rows + 3 }
const extent = ({ row, column }: Omit<Matrix, 'from'>, rows: number, columns: number): number =>
  (rows - 1) * row + (columns - 1) * column + 1

/** Room before and behind everything, in floats. */
const GUARD = 8
/** What a kernel may read behind the last element, in bytes. */
const SPARE = 16

type Kernel = (...x: number[]) => void
interface Engine {
  readonly width: Width
  readonly run: Kernel
  readonly memory: WebAssembly.Memory
}

function engine(width: Width, fused: boolean): Engine | null {
  const module = new Module()
  module.export('run', gemm(module, width, fused))
  const bytes = module.bytes()
  if (!WebAssembly.validate(bytes)) return null
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  return { width, run: exports.run as Kernel, memory }
}
/** The last n floats of the memory. */
function tail({ width, memory }: Engine, n: number): Float32Array | Float64Array {
  const missing = n * width - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / 65536))
  const { buffer } = memory
  const from = buffer.byteLength - n * width
  return width === 4 ? new Float32Array(buffer, from) : new Float64Array(buffer, from)
}

interface Sizes {
  readonly m: number
  readonly n: number
  readonly k: number
}

/** Multiplies random matrices and compares every float of the memory with what it should be. */
function check(e: Engine, { m, n, k }: Sizes, a: Pattern, b: Pattern, accumulate: boolean, lastIsA: boolean): void {
  const { width, run } = e
  const gap = below(3)
  const [sa, sb] = [strides(a, m, k, gap), strides(b, k, n, gap)]
  const [sizeA, sizeB] = [k === 0 ? 1 : extent(sa, m, k), k === 0 ? 1 : extent(sb, k, n)]
  const rowC = n + below(4)
  const sizeC = (m - 1) * rowC + n
  const scratchSize = Math.ceil(gemmScratch(width, m, n, k) / width)
  const C = GUARD
  const scratch = C + sizeC + GUARD
  const first = scratch + scratchSize + GUARD
  const view = tail(e, first + sizeA + sizeB + GUARD + SPARE / width)
  // one factor ends where the memory ends, but for what may be read
  const end = view.length - SPARE / width
  const A = { from: lastIsA ? end - sizeA : first, ...sa }
  const B = { from: lastIsA ? first : end - sizeB, ...sb }
  // whatever is read beyond the matrices is NaN
  view.fill(Number.NaN)
  for (let p = 0; p < k; p++) {
    for (let i = 0; i < m; i++) view[A.from + i * A.row + p * A.column] = generator.normal()
    for (let j = 0; j < n; j++) view[B.from + p * B.row + j * B.column] = generator.normal()
  }
  if (accumulate) for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) view[C + i * rowC + j] = generator.normal()
  const before = view.slice()
  const at = (index: number): number => view.byteOffset + index * width
  const by = (n: number): number => n * width
  const factors = [by(A.row), by(A.column), by(B.row), by(B.column)]
  run(at(C), at(A.from), at(B.from), m, n, k, by(rowC), ...factors, at(scratch), accumulate ? 1 : 0)

  const tolerance = width === 4 ? 1e-6 : 1e-15
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const x = C + i * rowC + j
      let [sum, size] = accumulate ? [before[x], Math.abs(before[x])] : [0, 0]
      for (let p = 0; p < k; p++) {
        const term = before[A.from + i * A.row + p * A.column] * before[B.from + p * B.row + j * B.column]
        sum += term
        size += Math.abs(term)
      }
      if (!(Math.abs(view[x] - sum) <= tolerance * size)) expect([i, j, view[x]]).toEqual([i, j, sum])
      before[x] = view[x]
    }
  }
  // the scratch is the kernel's; everything else is as it was
  for (let x = 0; x < view.length; x++) {
    if (x >= scratch && x < scratch + scratchSize) continue
    if (!Object.is(view[x], before[x])) expect([x, view[x]]).toEqual([x, before[x]])
  }
}

const kinds = [
  ['float32', 4, false],
  ['float32 fused', 4, true],
  ['float64', 8, false],
  ['float64 fused', 8, true],
] as const

describe.each(kinds)('%s', (_, width, fused) => {
  const e = engine(width, fused)
  const all = (sizes: Sizes): void => {
    if (!e) return
    for (const a of patterns)
      for (const b of patterns) check(e, sizes, a, b, generator.uniform() < 0.5, generator.uniform() < 0.5)
  }

  test.skipIf(!e)('small sizes', () => {
    for (let i = 0; i < 30; i++) all({ m: 1 + below(12), n: 1 + below(20), k: 1 + below(12) })
  })
  test.skipIf(!e)('sizes to 40', () => {
    for (let i = 0; i < 12; i++) all({ m: 1 + below(40), n: 1 + below(40), k: 1 + below(40) })
  })
  test.skipIf(!e)('one row, one column, one step', () => {
    for (const n of [1, 2, 3, 4, 5, 8, 15, 16, 17, 33]) {
      for (const k of [1, 3, 4, 9, 300]) {
        all({ m: 1, n, k })
        all({ m: n, n: 1, k })
      }
      all({ m: n, n: 13, k: 1 })
    }
  })
  test.skipIf(!e).each([
    [64, 8, 256],
    [65, 9, 257],
    [67, 63, 255],
    [3, 1030, 5],
    [18, 1025, 40],
    [130, 10, 300],
    [20, 65, 600],
  ])('around the blocks: m %d, n %d, k %d', (m, n, k) => all({ m, n, k }))

  test.skipIf(!e)('nothing to add up: zeros, or what was there', () => {
    for (const [m, n] of [
      [1, 1],
      [1, 7],
      [7, 1],
      [5, 11],
    ])
      all({ m, n, k: 0 })
  })
  test.skipIf(!e)('NaN and infinities stay in their rows and columns', () => {
    if (!e) return
    const view = tail(e, 5000)
    const at = (index: number): number => view.byteOffset + index * width
    for (const [m, n, k] of [
      [9, 11, 6],
      [1, 11, 6],
      [9, 1, 6],
      [20, 20, 20],
    ]) {
      for (const transposed of [false, true]) {
        const [a, b, c, scratch] = [0, 1000, 2000, 3000]
        const [stepB, columnB] = transposed ? [1, k] : [n, 1]
        view.fill(0)
        view.fill(1, a, a + m * k)
        view.fill(1, b, b + k * n)
        view[a + (m - 1) * k + 2] = Number.POSITIVE_INFINITY
        view[b + 3 * stepB + (n - 1) * columnB] = Number.NaN
        const strides = [n, k, 1, stepB, columnB].map(x => x * width)
        e.run(at(c), at(a), at(b), m, n, k, ...strides, at(scratch), 0)
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++)
            expect(view[c + i * n + j]).toBe(j === n - 1 ? Number.NaN : i === m - 1 ? Number.POSITIVE_INFINITY : k)
      }
    }
  })
})
