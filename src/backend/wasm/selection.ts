// Selection in WebAssembly: slices read at indices, and added there. Indices are int32 and known to be inside.
import type { Module, Type } from './assembler.ts'
import { Vector, type Width } from './vector.ts'

/** Indices of single elements that are taken in a round. */
const UNROLL = 4

/** A function (out, x, index) that meets each slice of x or out that an index chooses, and the one beside it. */
function selection(
  name: string,
  module: Module,
  width: Width,
  [outer, n, m, inner]: readonly [number, number, number, number],
  before: (v: Vector, out: number) => void,
  slice: (v: Vector, chosen: number, next: number, offset: number) => void,
  moved: 'out' | 'x',
): number {
  const parameters: readonly Type[] = ['i32', 'i32', 'i32']
  return module.shared([name, width, outer, n, m, inner].join(), parameters, [], code => {
    const [OUT, X, INDEX] = [0, 1, 2]
    const v = new Vector(module, code, width, false)
    // indices choose slices of one array, those of the other follow each other
    const [next, base] = moved === 'out' ? [OUT, X] : [X, OUT]
    const chosen = code.local('i32')
    const bytes = inner * width
    before(v, OUT)
    const some = (count: number): void => {
      for (let j = 0; j < count; j++) {
        code
          .get(INDEX)
          .memory('i32.load', 4 * j)
          .i32(bytes)
          .op('i32.mul')
          .get(base)
          .op('i32.add')
          .set(chosen)
        slice(v, chosen, next, j * bytes)
      }
      code.advance(INDEX, 4 * count).advance(next, count * bytes)
    }
    const unroll = inner === 1 ? UNROLL : 1
    code.repeat(outer, () => {
      code.repeat(Math.floor(m / unroll), () => some(unroll))
      some(m % unroll)
      code.advance(INDEX, -4 * m).advance(base, n * bytes)
    })
  })
}

/** (out, x, index): out[o, j, i] = x[o, index[j], i] of [outer, n, inner], for m indices. */
export function select(module: Module, width: Width, outer: number, n: number, m: number, inner: number): number {
  const type = width === 4 ? 'f32' : 'f64'
  return selection(
    'select',
    module,
    width,
    [outer, n, m, inner],
    () => {},
    (v, from, to, offset) => {
      const { code } = v
      if (inner === 1) code.get(to).get(from).memory(`${type}.load`).memory(`${type}.store`, offset)
      else
        v.each(
          inner,
          [
            [from, width],
            [to, width],
          ],
          (count, at) => {
            v.storePart(to, v.loadPart(from, count, 16 * at), count, 16 * at)
          },
        )
    },
    'out',
  )
}

/** (out, x, index): out [outer, n, inner] = 0, then out[o, index[j], i] += x[o, j, i]: the transpose of `select`. */
export function selectAdd(module: Module, width: Width, outer: number, n: number, m: number, inner: number): number {
  const type = width === 4 ? 'f32' : 'f64'
  const clear = (v: Vector, out: number): void => v.clear(out, outer * n * inner * width)
  return selection(
    'selectAdd',
    module,
    width,
    [outer, n, m, inner],
    clear,
    (v, to, from, offset) => {
      const { code } = v
      if (inner === 1)
        code
          .get(to)
          .get(to)
          .memory(`${type}.load`)
          .get(from)
          .memory(`${type}.load`, offset)
          .op(`${type}.add`)
          .memory(`${type}.store`)
      else
        v.each(
          inner,
          [
            [to, width],
            [from, width],
          ],
          (count, at) => {
            const [x, y] = [v.loadPart(to, count, 16 * at), v.loadPart(from, count, 16 * at)]
            v.storePart(to, v.add(x, y), count, 16 * at)
          },
        )
    },
    'x',
  )
}
