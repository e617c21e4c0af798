// Slices of arrays at indices, read and added; windows of images. Every element is one thread's, so no two write to one.
import type { Span, Windows } from '../windows.ts'
import { accumulator } from './fold.ts'
import { digits, each, type Kernel, load, start, store } from './kernel.ts'
import { clearKernel } from './loop.ts'
import type { Shader } from './shader.ts'

/** (out, x, index): out[o, j, i] = x[o, index[j], i] */
export const selectKernel = (outer: number, n: number, inner: number, m: number): Kernel =>
  each(outer * m * inner, (a, at) => {
    const [o, j, i] = digits(a, at, [outer, m, inner])
    const index = `m[${start(2)} + ${j}]`
    a.line(`m[${start(0)} + ${at}] = m[${start(1)} + (${o} * ${n}u + ${index}) * ${inner}u + ${i}];`)
  })

/** (out, x, index): out[o, index[j], i] += x[o, j, i], in the order of j. */
export const selectAddKernels = (outer: number, n: number, inner: number, m: number): Kernel[] => [
  clearKernel(outer * n * inner),
  each(outer * inner, (a, at) => {
    const [o, i] = digits(a, at, [outer, inner])
    a.block(`for (var j = 0u; j < ${m}u; j++)`, () => {
      a.line(`let to = ${start(0)} + (${o} * ${n}u + m[${start(2)} + j]) * ${inner}u + ${i};`)
      const x = load(a, 'float32', `${start(1)} + (${o} * ${m}u + j) * ${inner}u + ${i}`)
      a.line(`m[to] = bitcast<u32>(bitcast<f32>(m[to]) + ${a.f(x)});`)
    })
  }),
]

/** (index, x): the flat index in x [planes, size] of the largest in each window: the first of equals; NaN wins. */
export const maximaKernel = (p: Windows, planes: number): Kernel => {
  const [[h, w], [kh, kw], [oh, ow], [sh, sw], [ph, pw]] = [p.size, p.kernel, p.out, p.stride, p.padding]
  return each(planes * oh * ow, (a, at) => {
    const [plane, i, j] = digits(a, at, [planes, oh, ow])
    a.builtins.add('ahead')
    a.line('var best = 0f; var index = -1i;')
    a.block(`for (var r = 0i; r < ${kh}i; r++)`, () => {
      a.line(`let row = i32(${i}) * ${sh}i - ${ph}i + r;`)
      a.line(`if (row < 0i || row >= ${h}i) { continue; }`)
      a.block(`for (var c = 0i; c < ${kw}i; c++)`, () => {
        a.line(`let column = i32(${j}) * ${sw}i - ${pw}i + c;`)
        a.line(`if (column < 0i || column >= ${w}i) { continue; }`)
        a.line(`let here = (i32(${plane}) * ${h}i + row) * ${w}i + column;`)
        const x = load(a, 'float32', `${start(1)} + u32(here)`)
        // ahead is what comes first when the smallest does
        a.line(`if (index < 0i || ahead(-${a.f(x)}, -best)) { best = ${a.f(x)}; index = here; }`)
      })
    })
    a.line(`m[${start(0)} + ${at}] = bitcast<u32>(index);`)
  })
}

/** A list of numbers that the code looks up. */
function list(a: Shader, name: string, kind: 'u32' | 'f32', values: readonly number[]): void {
  a.line(`let ${name} = array<${kind}, ${values.length}>(${values.map(x => `${x}${kind[0]}`).join(', ')});`)
}

/** (out, x): out[o, j, i] = the sum of x[o, k, i] over k in span j, divided. */
export function averagesKernel(spans: readonly Span[], outer: number, n: number, inner: number): Kernel {
  const starts = spans.map(({ start }) => start)
  const stops = spans.map(({ stop }) => stop)
  const divisors = spans.map(({ divisor }) => divisor)
  return each(outer * spans.length * inner, (a, at) => {
    const [o, j, i] = digits(a, at, [outer, spans.length, inner])
    list(a, 'starts', 'u32', starts)
    list(a, 'stops', 'u32', stops)
    list(a, 'divisors', 'f32', divisors)
    const total = accumulator(a, 'sum', Math.max(...spans.map(({ start, stop }) => stop - start)))
    a.block(`for (var k = starts[${j}]; k < stops[${j}]; k++)`, () =>
      total.add(load(a, 'float32', `${start(1)} + (${o} * ${n}u + k) * ${inner}u + ${i}`)),
    )
    store(a, 'float32', `${start(0)} + ${at}`, a.div(total.value(), a.as('f32', `divisors[${j}]`)))
  })
}

/** (out, y): out[o, k, i] = the sum of y[o, j, i] / divisor over the spans j in which k lies. */
export function averagesAddKernel(spans: readonly Span[], outer: number, n: number, inner: number): Kernel {
  const within = Array.from({ length: n }, (_, k) =>
    spans.flatMap(({ start, stop }, j) => (start <= k && k < stop ? [j] : [])),
  )
  // windows go on from left to right: those with k lie side by side
  const first = within.map(js => js[0] ?? 0)
  const behind = within.map(js => (js.at(-1) ?? -1) + 1)
  const divisors = spans.map(({ divisor }) => divisor)
  return each(outer * n * inner, (a, at) => {
    const [o, k, i] = digits(a, at, [outer, n, inner])
    list(a, 'first', 'u32', first)
    list(a, 'behind', 'u32', behind)
    list(a, 'divisors', 'f32', divisors)
    const total = accumulator(a, 'sum', Math.max(0, ...within.map(js => js.length)))
    a.block(`for (var j = first[${k}]; j < behind[${k}]; j++)`, () => {
      const y = load(a, 'float32', `${start(1)} + (${o} * ${spans.length}u + j) * ${inner}u + ${i}`)
      total.add(a.div(y, a.as('f32', 'divisors[j]')))
    })
    store(a, 'float32', `${start(0)} + ${at}`, total.value())
  })
}
