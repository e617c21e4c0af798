// The matrix product in WebAssembly SIMD: blocks whose sums stay in registers, over factors as they lie or packed.
import type { Code, Module } from './assembler.ts'
import { copy, gather, i32s, locals, move, moveTimes, pointers, transpose } from './pack.ts'
import { type V, Vector, type Width } from './vector.ts'

/** Rows and vectors of a block: its sums, a row of b and a column of a fit a processor's 16 registers. */
const ROWS = 4
const VECTORS = 2
/** The same of a matrix of one row. */
const ROW_VECTORS = 4
/** Steps along the inner dimension in one turn of the loop. */
const UNROLL = 4
/**
 * How much of the inner dimension, of a's rows and of b's columns is multiplied at a time, so that a panel of b stays
 * in the level-1 cache and a's rows in that of level 2 (measured).
 */
const DEPTH = 256
const HEIGHT = 64
const BREADTH = 1024
/** A factor larger than this, in bytes, is packed when the other one has more rows or columns than that. */
const PACK_BYTES = 16384
const PACK_LINES = 16

/** Bytes of scratch that a product [m, k] x [k, n] needs. */
export function gemmScratch(width: Width, m: number, n: number, k: number): number {
  const lanes = 16 / width
  const lines = Math.min(m, HEIGHT) + Math.ceil(Math.min(n, BREADTH) / lanes) * lanes
  return width * Math.min(k, DEPTH) * lines
}

/** How a block reads a: along its rows, or down its columns, whichever are contiguous. */
type Layout = 'rows' | 'columns'

/** What a strip is made for. */
interface Strip {
  readonly width: Width
  readonly fused: boolean
  readonly rows: number
  readonly vectors: number
  readonly layout: Layout
}

/**
 * A function (c, a, b, m, k, columns, rowC, rowA, stepA, stepB, accumulate): a product whose result is at most
 * `vectors` vectors wide, in blocks of `rows` rows one below the other. Rows of b are read as whole vectors.
 */
function strip(module: Module, { width, fused, rows: most, vectors, layout }: Strip): number {
  const lanes = 16 / width
  return module.shared(`gemm.strip.${[width, fused, most, vectors, layout]}`, i32s(11), [], code => {
    const [c, a, b, m, k, columns, rowC, rowA, stepA, stepB, accumulate] = i32s(11).keys()
    const v = new Vector(module, code, width, fused)
    const zero = v.const(0)
    const sums = Array.from({ length: most * vectors }, () => v.variable())
    const [row, pb, left] = locals(code, 3)
    const pa = locals(code, layout === 'rows' ? most : 1)

    /** Adds a column of the block of a times a row of b, `u` steps behind where the pointers to a's rows are. */
    const step = (rows: number, u: number, leave: () => void): void => {
      const y = Array.from({ length: vectors }, (_, i) => v.load(pb, 16 * i))
      for (let r = 0; r < rows; r++) {
        if (r === ROWS / 2) {
          code.get(left).i32(-1).op('i32.eq')
          leave()
        }
        const x = layout === 'rows' ? v.splat(pa[r], width * u) : v.splat(pa[0], width * r)
        for (const [i, sum] of sums.slice(r * vectors, (r + 1) * vectors).entries()) {
          v.assign(sum, v.madd(x, y[i], sum))
        }
      }
      move(code, pb, stepB)
      if (layout === 'columns') move(code, pa[0], stepA)
    }
    /**
     * All k steps. The loop may be left after each step, and in the middle of one, which never happens: inside a basic
     * block Node 20 puts all loads before all sums, so that two steps spill registers, and half a step each is fastest.
     */
    const steps = (rows: number): void => {
      const unroll = rows === ROWS ? UNROLL : 1
      code.block(leave => {
        code.get(k).tee(left).op('i32.eqz')
        leave()
        code.loop(again => {
          for (let u = 1; u <= unroll; u++) {
            step(rows, u - 1, leave)
            if (u === unroll && layout === 'rows') for (const p of pa.slice(0, rows)) code.advance(p, width * unroll)
            code.get(left).i32(1).op('i32.sub').tee(left)
            if (u === unroll) again()
            else {
              code.op('i32.eqz')
              leave()
            }
          }
        })
      })
    }
    /** Runs `body` for each row of the block, with the address of its c in `row`. */
    const eachRow = (rows: number, body: (sums: readonly V[]) => void): void => {
      code.get(c).set(row)
      for (let r = 0; r < rows; r++) {
        if (r > 0) move(code, row, rowC)
        body(sums.slice(r * vectors, (r + 1) * vectors))
      }
    }
    /** Stores the block's rows, `count` numbers of the last vector. */
    const store = (rows: number, count: number): void =>
      eachRow(rows, sums => {
        for (const [i, sum] of sums.entries()) v.storePart(row, sum, i < vectors - 1 ? lanes : count, 16 * i)
      })
    const storeSome = (rows: number, count: number): void => {
      if (count === 1) store(rows, 1)
      else
        code
          .get(columns)
          .i32((vectors - 1) * lanes + count)
          .op('i32.ge_s')
          .when(
            () => store(rows, count),
            () => storeSome(rows, count - 1),
          )
    }
    const block = (rows: number): void => {
      for (const sum of sums.slice(0, rows * vectors)) v.assign(sum, zero)
      code.get(b).set(pb)
      pointers(code, layout === 'rows' ? pa.slice(0, rows) : pa, a, rowA)
      steps(rows)
      code.get(accumulate).when(() =>
        eachRow(rows, sums => {
          for (const [i, sum] of sums.entries()) v.assign(sum, v.add(sum, v.load(row, 16 * i)))
        }),
      )
      storeSome(rows, lanes)
    }
    code.block(leave =>
      code.loop(again => {
        code.get(m).i32(most).op('i32.lt_s')
        leave()
        block(most)
        moveTimes(code, c, rowC, most)
        moveTimes(code, a, rowA, most)
        code.advance(m, -most)
        code.i32(1)
        again()
      }),
    )
    for (let rows = 1; rows < most; rows++)
      code
        .get(m)
        .i32(rows)
        .op('i32.eq')
        .when(() => block(rows))
  })
}

/** A function (c, a, b, n, k, columnB, accumulate): a row times a matrix whose columns are contiguous, as is the row. */
function dots(module: Module, width: Width, fused: boolean): number {
  const lanes = 16 / width
  const type = width === 4 ? 'f32' : 'f64'
  return module.shared(`gemm.dots.${width}.${fused}`, i32s(7), [], code => {
    const [c, a, b, n, k, columnB, accumulate] = i32s(7).keys()
    const v = new Vector(module, code, width, fused)
    const zero = v.const(0)
    const [pa, left] = locals(code, 2)
    const pb = locals(code, 4)
    const sums = Array.from({ length: 4 }, () => v.variable())
    const total = code.local(type)

    /** Sums of the products of `columns` columns, lane by lane. */
    const multiply = (columns: number): void => {
      const step = (load: (pointer: number) => V, size: number): void => {
        const x = load(pa)
        for (let j = 0; j < columns; j++) {
          v.assign(sums[j], v.madd(x, load(pb[j]), sums[j]))
          code.advance(pb[j], size)
        }
        code.advance(pa, size)
      }
      for (const sum of sums.slice(0, columns)) v.assign(sum, zero)
      code.get(a).set(pa)
      pointers(code, pb.slice(0, columns), b, columnB)
      code.get(k).i32(lanes).op('i32.div_u').set(left)
      code.times(left, () => step(p => v.load(p), 16))
      // the rest one by one, beside lanes of zeros
      code.get(k).i32(lanes).op('i32.rem_u').set(left)
      code.times(left, () => step(p => v.loadPart(p, 1), width))
    }
    code.block(leave =>
      code.loop(again => {
        code.get(n).i32(4).op('i32.lt_s')
        leave()
        multiply(4)
        for (let j = 0; j < 4; j += lanes) {
          const out = v.transpose(sums.slice(j, j + lanes)).reduce((x, y) => v.add(x, y))
          code.get(accumulate).when(() => v.assign(out, v.add(out, v.load(c, j * width))))
          v.store(c, out, j * width)
        }
        code.advance(c, 4 * width)
        moveTimes(code, b, columnB, 4)
        code.advance(n, -4)
        code.i32(1)
        again()
      }),
    )
    code.times(n, () => {
      multiply(1)
      for (let i = 0; i < lanes; i++) {
        code.get(sums[0].local).extract(width === 4 ? 'f32x4.extract_lane' : 'f64x2.extract_lane', i)
        if (i > 0) code.op(`${type}.add`)
      }
      code.set(total)
      code.get(accumulate).when(() => code.get(total).get(c).memory(`${type}.load`).op(`${type}.add`).set(total))
      code.get(c).get(total).memory(`${type}.store`)
      code.advance(c, width)
      move(code, b, columnB)
    })
  })
}

/** Index arithmetic and loops of the functions that divide a product into strips. */
class Plan {
  constructor(readonly code: Code) {}

  /** to = the sum of variables and of products of two. */
  put(to: number, ...terms: readonly (number | readonly [number, number])[]): void {
    terms.forEach((term, at) => {
      if (typeof term === 'number') this.code.get(term)
      else this.code.get(term[0]).get(term[1]).op('i32.mul')
      if (at > 0) this.code.op('i32.add')
    })
    this.code.set(to)
  }
  call(f: number, ...args: readonly number[]): void {
    for (const x of args) this.code.get(x)
    this.code.call(f)
  }
  /** Runs the body for each part of a total, once at least; `length` is min(size, total - at). */
  parts(at: number, length: number, total: number, size: number, body: () => void): void {
    const { code } = this
    code.i32(0).set(at)
    code.loop(again => {
      code.get(total).get(at).op('i32.sub').tee(length)
      code.i32(size).get(length).i32(size).op('i32.lt_s').op('select').set(length)
      body()
      code.get(at).i32(size).op('i32.add').tee(at).get(total).op('i32.lt_s')
      again()
    })
  }
  is(x: number, n: number): Code {
    return this.code.get(x).i32(n).op('i32.eq')
  }
}

/** The product of matrices as `gemm` says, of whatever sizes. */
function matrices(module: Module, width: Width, fused: boolean): number {
  const lanes = 16 / width
  return module.shared(`gemm.matrices.${width}.${fused}`, i32s(13), [], code => {
    const [c, a, b, m, n, k, rowC, rowA, stepA, stepB, columnB, scratch, accumulate] = i32s(13).keys()
    const [directA, directB, room, add] = locals(code, 4)
    // the part of each dimension, and the columns of one strip in the part of n
    const [p, depth, i, height, j, breadth, t, columns] = locals(code, 8)
    // the strip's c, its a and b with their strides
    const [toC, fromA, lineA, nextA, fromB, nextB] = locals(code, 6)
    const plan = new Plan(code)
    const [copied, transposed, gathered] = [copy(module), transpose(module, width), gather(module, width)]

    /** Whether a factor is read where it lies: contiguous, and small or hardly reused. */
    const direct = (to: number, contiguous: number, reuse: number, step: number): Code => {
      plan.is(contiguous, width).get(reuse).i32(PACK_LINES).op('i32.le_s')
      return code.get(k).get(step).op('i32.mul').i32(PACK_BYTES).op('i32.le_s').op('i32.or').op('i32.and').set(to)
    }
    /** Runs the body for each strip, of two vectors or one, the last one perhaps not full; `nextB` is its width. */
    const strips = (body: () => void): void =>
      plan.parts(t, columns, breadth, VECTORS * lanes, () => {
        code.i32(32).i32(16).get(columns).i32(lanes).op('i32.gt_s').op('select').set(nextB)
        body()
      })
    /** A part of b, strip by strip as the blocks read it. */
    const packB = (): void =>
      strips(() => {
        plan.put(fromB, b, [p, stepB], [j, columnB], [t, columnB])
        plan.is(columnB, width).when(
          () => plan.call(copied, room, fromB, stepB, depth, nextB),
          () =>
            plan.is(stepB, width).when(
              () => plan.call(transposed, room, nextB, fromB, columnB, columns, depth),
              () => plan.call(gathered, room, nextB, fromB, stepB, columnB, depth, columns),
            ),
        )
        plan.put(room, room, [depth, nextB])
      })
    /** A part of a, its rows contiguous. */
    const packA = (): void => {
      code.i32(width).set(nextA)
      plan.put(lineA, [depth, nextA])
      plan.is(rowA, width).when(
        () => plan.call(transposed, room, lineA, fromA, stepA, depth, height),
        () => plan.call(gathered, room, lineA, fromA, rowA, stepA, height, depth),
      )
      plan.put(fromA, room)
    }
    const multiply = (vectors: number): void => {
      const run = (layout: Layout): void => {
        const f = strip(module, { width, fused, rows: ROWS, vectors, layout })
        plan.call(f, toC, fromA, fromB, height, depth, columns, rowC, lineA, nextA, nextB, add)
      }
      plan.is(nextA, width).when(
        () => run('rows'),
        () => run('columns'),
      )
    }

    direct(directB, columnB, m, stepB)
    direct(directA, rowA, n, stepA).get(directA)
    plan.is(stepA, width).op('i32.or').set(directA)
    plan.parts(j, breadth, n, BREADTH, () =>
      plan.parts(p, depth, k, DEPTH, () => {
        plan.put(room, scratch)
        code.get(directB).op('i32.eqz').when(packB)
        code.get(accumulate).get(p).op('i32.or').set(add)
        plan.parts(i, height, m, HEIGHT, () => {
          plan.put(fromA, a, [i, rowA], [p, stepA])
          plan.put(lineA, rowA)
          plan.put(nextA, stepA)
          code.get(directA).op('i32.eqz').when(packA)
          plan.put(fromB, scratch)
          strips(() => {
            code.get(j).get(t).op('i32.add').i32(width).op('i32.mul').set(toC)
            plan.put(toC, toC, c, [i, rowC])
            code.get(directB).when(() => {
              plan.put(fromB, b, [p, stepB], [j, columnB], [t, columnB])
              plan.put(nextB, stepB)
            })
            code
              .get(columns)
              .i32(lanes)
              .op('i32.gt_s')
              .when(
                () => multiply(VECTORS),
                () => multiply(1),
              )
            plan.put(fromB, fromB, [depth, nextB])
          })
        })
      }),
    )
  })
}

/**
 * A function (c, a, b, n, k, stepA, stepB, columnB, accumulate) -> done: a row times a matrix, unless the strides ask
 * for copies.
 */
function row(module: Module, width: Width, fused: boolean): number {
  const lanes = 16 / width
  return module.shared(`gemm.row.${width}.${fused}`, i32s(9), ['i32'], code => {
    const [c, a, b, n, k, stepA, stepB, columnB, accumulate] = i32s(9).keys()
    const [done, j, columns, one] = locals(code, 4)
    const plan = new Plan(code)
    const across = (vectors: number): void => {
      const f = strip(module, { width, fused, rows: 1, vectors, layout: 'columns' })
      plan.call(f, c, a, b, one, k, columns, n, n, stepA, stepB, accumulate)
    }
    code.i32(1).set(one)
    plan.is(columnB, width).when(
      () => {
        plan.parts(j, columns, n, ROW_VECTORS * lanes, () => {
          // whole vectors of the last strip may be missing
          const narrow = (vectors: number): void => {
            if (vectors === 1) across(1)
            else
              code
                .get(columns)
                .i32((vectors - 1) * lanes)
                .op('i32.gt_s')
                .when(
                  () => across(vectors),
                  () => narrow(vectors - 1),
                )
          }
          narrow(ROW_VECTORS)
          code.advance(c, 16 * ROW_VECTORS).advance(b, 16 * ROW_VECTORS)
        })
        code.i32(1).set(done)
      },
      () => {
        plan.is(stepA, width)
        plan
          .is(stepB, width)
          .op('i32.and')
          .when(() => {
            plan.call(dots(module, width, fused), c, a, b, n, k, columnB, accumulate)
            code.i32(1).set(done)
          })
      },
    )
    code.get(done)
  })
}

/**
 * Adds the product of matrices to a module, once: a function (c, a, b, m, n, k, rowC, rowA, stepA, stepB, columnB,
 * scratch, accumulate) over addresses and strides in bytes. The columns of c are contiguous; element (i, p) of a lies
 * at a + i*rowA + p*stepA, element (p, j) of b at b + p*stepB + j*columnB. `scratch` is an address with room for
 * `gemmScratch` bytes. c = a b, or c += a b where accumulate is not 0. Up to 15 bytes behind the last element of a, b
 * and c may be read; nothing but the elements is used, and nothing but those of c is written.
 */
export function gemm(module: Module, width: Width, fused: boolean): number {
  return module.shared(`gemm.${width}.${fused}`, i32s(13), [], code => {
    const all = [...i32s(13).keys()]
    const [c, a, b, m, n, k, rowC, rowA, stepA, stepB, columnB, , accumulate] = all
    const done = code.local('i32')
    const plan = new Plan(code)
    plan.is(m, 1).when(
      () => {
        plan.call(row(module, width, fused), c, a, b, n, k, stepA, stepB, columnB, accumulate)
        code.set(done)
      },
      () => {
        // a column is a row of the transposed matrices
        plan.is(n, 1)
        plan
          .is(rowC, width)
          .op('i32.and')
          .when(() => {
            plan.call(row(module, width, fused), c, b, a, m, k, stepB, stepA, rowA, accumulate)
            code.set(done)
          })
      },
    )
    code
      .get(done)
      .op('i32.eqz')
      .when(() => plan.call(matrices(module, width, fused), ...all))
  })
}
