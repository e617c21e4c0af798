// Convolutions: a thread for each number of an image, a workgroup for each weight.
import type { Convolution } from '../windows.ts'
import { accumulator } from './fold.ts'
import { digits, each, type Kernel, kernel, load, parts, start, store, together } from './kernel.ts'
import type { Shader } from './shader.ts'

/**
 * The sizes of a convolution by short names, and where an element of each array is: x [batch, groups, inputs, h, w],
 * w [groups, outputs, inputs, kh, kw], y [batch, groups, outputs, oh, ow].
 */
function form({ batch, groups, inputs, outputs, size, kernel, out, stride, padding, dilation }: Convolution) {
  const [[h, w], [kh, kw], [oh, ow]] = [size, kernel, out]
  const [[sh, sw], [ph, pw], [dh, dw]] = [stride, padding, dilation]
  return {
    ...{ batch, groups, inputs, outputs, h, w, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw },
    atX: (b: string, g: string, i: string, row: string, column: string): string =>
      `(((${b} * ${groups}u + ${g}) * ${inputs}u + ${i}) * ${h}u + ${row}) * ${w}u + ${column}`,
    atW: (g: string, o: string, i: string, r: string, c: string): string =>
      `(((${g} * ${outputs}u + ${o}) * ${inputs}u + ${i}) * ${kh}u + ${r}) * ${kw}u + ${c}`,
    atY: (b: string, g: string, o: string, row: string, column: string): string =>
      `(((${b} * ${groups}u + ${g}) * ${outputs}u + ${o}) * ${oh}u + ${row}) * ${ow}u + ${column}`,
  }
}
/** The product of two elements, added to a sum. */
function add(a: Shader, total: { add(x: ReturnType<Shader['mul']>): void }, p: string, q: string): void {
  total.add(a.mul(load(a, 'float32', `${start(1)} + ${p}`), load(a, 'float32', `${start(2)} + ${q}`)))
}

/** (y, x, w) */
export const convKernel = (p: Convolution): Kernel => {
  const { batch, groups, inputs, outputs, h, w, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw, atX, atW } = form(p)
  return each(batch * groups * outputs * oh * ow, (a, here) => {
    const [b, g, o, i, j] = digits(a, here, [batch, groups, outputs, oh, ow])
    const total = accumulator(a, 'sum', inputs * kh * kw)
    a.block(`for (var r = 0u; r < ${kh}u; r++)`, () => {
      // below the first row it is a huge number
      a.line(`let row = ${i} * ${sh}u + r * ${dh}u - ${ph}u;`)
      a.line(`if (row >= ${h}u) { continue; }`)
      a.block(`for (var c = 0u; c < ${kw}u; c++)`, () => {
        a.line(`let column = ${j} * ${sw}u + c * ${dw}u - ${pw}u;`)
        a.line(`if (column >= ${w}u) { continue; }`)
        a.block(`for (var n = 0u; n < ${inputs}u; n++)`, () =>
          add(a, total, atX(b, g, 'n', 'row', 'column'), atW(g, o, 'n', 'r', 'c')),
        )
      })
    })
    store(a, 'float32', `${start(0)} + ${here}`, total.value())
  })
}

/** (x, y, w): the gradient by the images */
export const convInputKernel = (p: Convolution): Kernel => {
  const { batch, groups, inputs, outputs, h, w, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw, atY, atW } = form(p)
  return each(batch * groups * inputs * h * w, (a, here) => {
    const [b, g, n, row, column] = digits(a, here, [batch, groups, inputs, h, w])
    const total = accumulator(a, 'sum', outputs * kh * kw)
    a.block(`for (var r = 0u; r < ${kh}u; r++)`, () => {
      a.line(`let top = ${row} + ${ph}u - r * ${dh}u;`)
      a.line(`if (top % ${sh}u != 0u || top / ${sh}u >= ${oh}u) { continue; }`)
      a.block(`for (var c = 0u; c < ${kw}u; c++)`, () => {
        a.line(`let left = ${column} + ${pw}u - c * ${dw}u;`)
        a.line(`if (left % ${sw}u != 0u || left / ${sw}u >= ${ow}u) { continue; }`)
        a.block(`for (var o = 0u; o < ${outputs}u; o++)`, () =>
          add(a, total, atY(b, g, 'o', `(top / ${sh}u)`, `(left / ${sw}u)`), atW(g, 'o', n, 'r', 'c')),
        )
      })
    })
    store(a, 'float32', `${start(0)} + ${here}`, total.value())
  })
}

const TEAM = 64
/** (w, x, y): the gradient by the weights, each summed over all images and places */
export const convWeightKernel = (p: Convolution): Kernel => {
  const { batch, groups, inputs, outputs, h, w, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw, atX, atY } = form(p)
  return kernel(
    groups * outputs * inputs * kh * kw,
    TEAM,
    ({ a, group, thread }) => {
      const [g, o, n, r, c] = digits(a, group, [groups, outputs, inputs, kh, kw])
      const terms = batch * oh * ow
      const total = accumulator(a, 'sum', terms / TEAM)
      a.block(`for (var t = ${thread}; t < ${terms}u; t += ${TEAM}u)`, () => {
        const [b, i, j] = digits(a, 't', [batch, oh, ow])
        a.line(`let row = ${i} * ${sh}u + ${r} * ${dh}u - ${ph}u;`)
        a.line(`let column = ${j} * ${sw}u + ${c} * ${dw}u - ${pw}u;`)
        a.line(`if (row >= ${h}u || column >= ${w}u) { continue; }`)
        add(a, total, atX(b, g, n, 'row', 'column'), atY(b, g, o, i, j))
      })
      const all = together(a, TEAM, thread, total.value(), (x, y) => a.add(x, y))
      a.block(`if (${thread} == 0u)`, () => store(a, 'float32', `${start(0)} + ${group}`, all))
    },
    parts(TEAM),
  )
}
