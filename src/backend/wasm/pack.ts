// Copies of matrices in WebAssembly memory in the order in which a product reads them: addresses and strides in bytes.
import type { Code, Module, Type } from './assembler.ts'
import { Vector, type Width } from './vector.ts'

export const i32s = (n: number): Type[] => new Array<Type>(n).fill('i32')
export const locals = (code: Code, n: number, type: Type = 'i32'): number[] =>
  Array.from({ length: n }, () => code.local(type))
/** pointer += by, variables both */
export const move = (code: Code, pointer: number, by: number): Code =>
  code.get(pointer).get(by).op('i32.add').set(pointer)
/** pointer += n * by */
export const moveTimes = (code: Code, pointer: number, by: number, n: number): Code =>
  code.get(pointer).get(by).i32(n).op('i32.mul').op('i32.add').set(pointer)
/** Pointers to rows, the first at `from`. */
export function pointers(code: Code, to: readonly number[], from: number, row: number): void {
  to.forEach((p, i) => {
    if (i === 0) code.get(from).set(p)
    else
      code
        .get(to[i - 1])
        .get(row)
        .op('i32.add')
        .set(p)
  })
}

/** A function (to, rowTo, from, row, step, rows, count): to[i, p] = from[i, p], number by number. */
export function gather(module: Module, width: Width): number {
  const type = width === 4 ? 'f32' : 'f64'
  return module.shared(`pack.gather.${width}`, i32s(7), [], code => {
    const [to, rowTo, from, row, step, rows, count] = i32s(7).keys()
    const [x, y, left] = locals(code, 3)
    code.times(rows, () => {
      code.get(to).set(y)
      code.get(from).set(x)
      code.get(count).set(left)
      code.times(left, () => {
        code.get(y).get(x).memory(`${type}.load`).memory(`${type}.store`)
        code.advance(y, width)
        move(code, x, step)
      })
      move(code, to, rowTo)
      move(code, from, row)
    })
  })
}

/** A function (to, rowTo, from, row, rows, count): to[p, i] = from[i, p], the rows of both contiguous. */
export function transpose(module: Module, width: Width): number {
  const lanes = 16 / width
  return module.shared(`pack.transpose.${width}`, i32s(6), [], code => {
    const [to, rowTo, from, row, rows, count] = i32s(6).keys()
    const v = new Vector(module, code, width, false)
    const [y, left] = locals(code, 2)
    const x = locals(code, lanes)
    const rest = gather(module, width)
    code.block(leave =>
      code.loop(again => {
        code.get(rows).i32(lanes).op('i32.lt_s')
        leave()
        code.get(to).set(y)
        pointers(code, x, from, row)
        code.get(count).i32(lanes).op('i32.div_u').set(left)
        code.times(left, () => {
          for (const column of v.transpose(x.map(p => v.load(p)))) {
            v.store(y, column)
            move(code, y, rowTo)
          }
          for (const p of x) code.advance(p, 16)
        })
        code.get(y).get(rowTo).get(x[0]).i32(width).get(row).get(count).i32(lanes).op('i32.rem_u').i32(lanes).call(rest)
        code.advance(to, 16)
        moveTimes(code, from, row, lanes)
        code.advance(rows, -lanes)
        code.i32(1)
        again()
      }),
    )
    code.get(to).get(rowTo).get(from).i32(width).get(row).get(count).get(rows).call(rest)
  })
}

/** A function (to, from, row, rows, bytes): rows of 16 or 32 bytes, one behind the other. */
export function copy(module: Module): number {
  return module.shared('pack.copy', i32s(5), [], code => {
    const [to, from, row, rows, bytes] = i32s(5).keys()
    const each = (size: number): Code =>
      code.times(rows, () => {
        for (let at = 0; at < size; at += 16) code.get(to).get(from).memory('v128.load', at).memory('v128.store', at)
        code.advance(to, size)
        move(code, from, row)
      })
    code
      .get(bytes)
      .i32(16)
      .op('i32.eq')
      .when(
        () => each(16),
        () => each(32),
      )
  })
}
