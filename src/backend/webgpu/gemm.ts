// Products of matrices: a workgroup for each tile of the result, its factors' tiles in the memory that it shares.
import { type Batch, batches } from '../batch.ts'
import { digits, type Kernel, kernel, place, start } from './kernel.ts'
import type { Shader } from './shader.ts'

/** Rows and columns of a workgroup's threads. */
const SIDE = 16
/** How many steps of the sum are in the shared memory at once. */
const DEPTH = 16

/** (c, a, b): a [m, k] and b [k, n] for each of a batch, the factors wherever they lie, c dense. */
export function gemmKernel(p: Batch): Kernel {
  const { m, n, k, a, b } = p
  const { sizes, streams } = batches(p)
  const [left, right] = streams as [number[], number[]]
  // numbers of the result that each thread computes, along rows and columns
  const [tall, wide] = [m > SIDE * 2 ? 4 : 1, n > SIDE * 2 ? 4 : 1]
  const [height, width] = [SIDE * tall, SIDE * wide]
  const [down, across] = [Math.ceil(m / height), Math.ceil(n / width)]
  const matrices = sizes.reduce((product, size) => product * size, 1)

  /** Loads a tile: [DEPTH, lines] of a factor whose lines and steps lie so far apart, zeros outside. */
  const tile = (
    s: Shader,
    name: string,
    from: string,
    lines: { first: string; count: number; all: number; stride: number },
    step: number,
  ): void => {
    const { first, count, all, stride } = lines
    // neighbouring threads read neighbouring words
    const along = step === 1
    s.block(`for (var e = thread; e < ${count * DEPTH}u; e += ${SIDE * SIDE}u)`, () => {
      s.line(along ? `let s = e % ${DEPTH}u; let l = e / ${DEPTH}u;` : `let l = e % ${count}u; let s = e / ${count}u;`)
      s.line(`let line = ${first} + l; let term = step + s;`)
      const element = place(from, ['line', 'term'], [stride, step])
      s.line(`var x = 0f;`)
      s.line(`if (line < ${all}u && term < ${k}u) { x = bitcast<f32>(m[${element}]); }`)
      s.line(`${name}[s * ${count}u + l] = x;`)
    })
  }

  return kernel(
    matrices * down * across,
    SIDE * SIDE,
    ({ a: s, group, thread }) => {
      const [matrix, r, c] = digits(s, group, [matrices, down, across])
      const index = digits(s, matrix, sizes)
      s.line(`let row = ${r} * ${height}u; let column = ${c} * ${width}u;`)
      s.line(`let y = ${thread} / ${SIDE}u; let x = ${thread} % ${SIDE}u;`)
      const own = Array.from({ length: tall }, (_, i) => Array.from({ length: wide }, (_, j) => `c${i}_${j}`))
      for (const name of own.flat()) s.line(`var ${name} = 0f;`)
      s.line(`let fromA = ${place(start(1), index, left)}; let fromB = ${place(start(2), index, right)};`)
      s.block(`for (var step = 0u; step < ${k}u; step += ${DEPTH}u)`, () => {
        tile(s, 'tileA', 'fromA', { first: 'row', count: height, all: m, stride: a.row }, a.step)
        tile(s, 'tileB', 'fromB', { first: 'column', count: width, all: n, stride: b.column }, b.step)
        s.line('workgroupBarrier();')
        s.block(`for (var s = 0u; s < ${DEPTH}u; s++)`, () => {
          for (let i = 0; i < tall; i++) s.line(`let a${i} = tileA[s * ${height}u + y + ${i * SIDE}u];`)
          for (let j = 0; j < wide; j++) s.line(`let b${j} = tileB[s * ${width}u + x + ${j * SIDE}u];`)
          own.forEach((names, i) => {
            names.forEach((name, j) => {
              s.line(`${name} = fma(a${i}, b${j}, ${name});`)
            })
          })
        })
        s.line('workgroupBarrier();')
      })
      own.forEach((names, i) => {
        names.forEach((name, j) => {
          const [to, at] = [`row + y + ${i * SIDE}u`, `column + x + ${j * SIDE}u`]
          const element = `${start(0)} + (${matrix} * ${m}u + ${to}) * ${n}u + ${at}`
          s.line(`if (${to} < ${m}u && ${at} < ${n}u) { m[${element}] = bitcast<u32>(${name}); }`)
        })
      })
    },
    `var<workgroup> tileA: array<f32, ${height * DEPTH}>;\nvar<workgroup> tileB: array<f32, ${width * DEPTH}>;`,
  )
}
