// Every row's SIMD code gives what its f gives: over all magnitudes, both widths, specials included, fused or not.
import { describe, expect, test } from 'vitest'
import { Module } from '../../src/backend/wasm/assembler.ts'
import { Vector, type Width } from '../../src/backend/wasm/vector.ts'
import { type Op, type OpName, table } from '../../src/engine/prims.ts'
import { arrays, better, error, exact, type Floats, points, terms, ulps, usual } from './accuracy.ts'

/** The row as a function of arrays: a module with one loop. Null where the engine does not have its instructions. */
function compile(op: Op, width: Width, fused: boolean): ((...xs: Floats[]) => Floats) | null {
  const module = new Module()
  const run = module.function(['i32', 'i32', 'i32', 'i32', 'i32'], [], code => {
    const a = new Vector(module, code, width, fused)
    code.times(4, () => {
      const xs = Array.from({ length: op.arity }, (_, k) => a.load(k))
      a.store(3, a.number(op.simd!(a, ...xs)))
      for (let k = 0; k < 4; k++) code.advance(k, 16)
    })
  })
  module.export('run', run)
  const bytes = module.bytes()
  if (!WebAssembly.validate(bytes)) return null
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, ...module.imports } })
  return (...xs) => {
    const n = xs[0].length
    const size = Math.ceil((n * width) / 16) * 16
    const missing = 4 * size - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / 65536))
    xs.forEach((x, k) => {
      new arrays[width](memory.buffer, k * size, n).set(x)
    })
    ;(exports.run as (...x: number[]) => void)(0, size, 2 * size, 3 * size, size / 16)
    return new arrays[width](memory.buffer, 3 * size, n).slice()
  }
}

describe.each([
  ['float32', 4],
  ['float64', 8],
] as const)('%s', (_, width) => {
  test.each([...table.values()].filter(op => op.simd))('$name', op => {
    let xs = points(op.arity, width)
    let f = op.f!
    const precise = width === 8 && better[op.name]
    if (precise) {
      f = precise
      xs = xs.map(x => x.filter((_, i) => i % 8 === 0))
    }
    const operands = (i: number): number[] => xs.map(x => x[i])
    const want = Float64Array.from(xs[0], (_, i) => f(...operands(i)))
    const same = exact.has(op.name)
    const bound = same ? 0 : (ulps[op.name] ?? usual)[width === 4 ? 0 : 1]
    for (const fused of [false, true]) {
      const out = compile(op, width, fused)?.(...xs)
      if (!out) continue
      let worst = 0
      let at = -1
      for (let i = 0; i < out.length; i++) {
        if (Object.is(out[i], width === 4 ? Math.fround(want[i]) : want[i]) && (same || width === 8)) continue
        const scale = Math.max(Math.abs(want[i]), terms[op.name]?.(...operands(i)) ?? 0)
        const miss = same ? Infinity : error(out[i], want[i], scale, width)
        if (miss > worst) {
          worst = miss
          at = i
        }
      }
      const what = at < 0 ? '' : `${op.name}(${operands(at)}) = ${want[at]}, not ${out[at]}`
      if (process.env.REPORT_ULP) console.log(op.name, width, fused, worst, what)
      expect(worst, what).toBeLessThanOrEqual(bound)
    }
  })
})

// in 60-digit arithmetic, where f is up to 4 units wrong itself
test.each<[OpName, number, number]>([
  ['erf', -0.5096585245683111, -0.5289465010317989],
  ['erf', -0.5554606765449123, -0.5678629855420458],
  ['erfc', 0.5209432761916215, 0.46128957228201245],
  ['erfc', 1.5, 0.033894853524689274],
  ['erfc', 2.337769621146447, 0.0009460245959199741],
  ['erfc', 5, 1.537459794428035e-12],
  ['erfc', 10, 2.088487583762545e-45],
  ['erfc', 20.254198068244722, 1.9171413474016215e-180],
  ['erfc', 26, 5.663192408856143e-296],
  ['erfc', 27, 5.23705e-319],
  ['acosh', 1.0004833570534302, 0.031090774176324033],
  ['acosh', 1.0000000061502925, 0.0001109080023371119],
  ['tanh', -0.015496682089950715, -0.015495441714390247],
  ['sinc', 2.829253696230407, 0.05749743983908983],
  ['logit', 0.493187990866018, -0.027249722594910195],
  ['sigmoid', -1.1471372487538036, 0.24101236465392217],
])('%s(%d) is %d within 3 units of float64', (name, x, want) => {
  const [out] = compile(table.get(name)!, 8, false)!(Float64Array.of(x, x))
  expect(error(out, want, Math.abs(want), 8)).toBeLessThanOrEqual(3)
})
