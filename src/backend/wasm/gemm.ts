// The product of packed panels in WebAssembly SIMD: blocks of 4 rows by 2 vectors that stay in registers.
import { advance, assemble, type Code, get, i32, type Lanes, set, times, v128 } from './assembler.ts'

/** Rows of a block. */
export const ROWS = 4

/** Steps along the inner dimension that are taken at once; packed panels are as long as a multiple of it. */
export const UNROLL = 2

// parameters, integers and vectors of the function, by number
const [C, A, B, K, M, N] = [0, 1, 2, 3, 4, 5]
const [I, J, P, PA, PB, PC, STRIDE] = [6, 7, 8, 9, 10, 11, 12]
const SUM = 13
const [B0, B1] = [SUM + 2 * ROWS, SUM + 2 * ROWS + 1]

const flat = (...codes: readonly (Code | readonly Code[])[]): Code => (codes as readonly unknown[]).flat(2) as number[]
const repeat = (n: number, f: (i: number) => Code): Code => Array.from({ length: n }, (_, i) => f(i)).flat()

/**
 * run(c, a, b, k, m, n): c = a b, for m panels of a ([k][4] each) and n panels of b ([k][2 vectors]), addresses in
 * bytes; c is [4m][n][2 vectors]. k is a multiple of `UNROLL`. The bytes of the module.
 */
export function gemm(lanes: Lanes, fma: boolean): Uint8Array<ArrayBuffer> {
  const product = (sum: number, row: number, b: number, step: number): Code => {
    const a = [...get(PA), ...lanes.splat((step * ROWS + row) * lanes.bytes)]
    return fma
      ? flat(a, get(b), get(sum), lanes.madd, set(sum))
      : flat(get(sum), a, get(b), lanes.mul, lanes.add, set(sum))
  }
  const step = (u: number): Code =>
    flat(
      get(PB),
      v128.load(u * 32),
      set(B0),
      get(PB),
      v128.load(u * 32 + 16),
      set(B1),
      repeat(ROWS, row => flat(product(SUM + 2 * row, row, B0, u), product(SUM + 2 * row + 1, row, B1, u))),
    )
  const block = flat(
    repeat(2 * ROWS, i => flat(v128.zero, set(SUM + i))),
    get(B),
    get(J),
    get(K),
    i32.mul,
    i32.const(5),
    i32.shl,
    i32.add,
    set(PB),
    times(
      P,
      flat(get(K), i32.const(1), i32.shr),
      flat(
        repeat(UNROLL, step),
        advance(PA, i32.const(UNROLL * ROWS * lanes.bytes)),
        advance(PB, i32.const(UNROLL * 32)),
      ),
    ),
    repeat(ROWS, row =>
      flat(
        get(PC),
        get(SUM + 2 * row),
        v128.store(0),
        get(PC),
        get(SUM + 2 * row + 1),
        v128.store(16),
        advance(PC, get(STRIDE)),
      ),
    ),
  )
  return assemble({
    parameters: 6,
    integers: 7,
    vectors: 2 * ROWS + 2,
    body: flat(
      get(N),
      i32.const(5),
      i32.shl,
      set(STRIDE),
      // j counts down from n: panel j-1
      times(
        J,
        get(N),
        flat(
          advance(J, i32.const(-1)),
          get(A),
          set(PA),
          get(C),
          get(J),
          i32.const(5),
          i32.shl,
          i32.add,
          set(PC),
          times(I, get(M), block),
          advance(J, i32.const(1)),
        ),
      ),
    ),
  })
}
