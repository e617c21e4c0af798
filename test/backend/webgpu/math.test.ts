// Every row's code gives on a GPU what its f gives, over all magnitudes.
import { expect, test } from 'vitest'
import { mapKernel } from '../../../src/backend/webgpu/loop.ts'
import { expression, program } from '../../../src/engine/expr.ts'
import { type OpName, table } from '../../../src/engine/prims.ts'
import { describeGpu } from '../../gpu.ts'
import { better, error, exact, points, terms, ulps, usual } from '../accuracy.ts'

/** A GPU takes numbers below the normal ones for 0, in the middle of a formula too: so small ones are not asked for. */
const SMALL = 2 ** -100
const flushed = (x: number): number => (Math.abs(x) < SMALL ? 0 * x : x)

/** Where float32 alone loses more than float64 in between: quotients too large for their last digit, for one. */
const own: Partial<Record<OpName, number>> = { tan: 4.5, pow: 2, hypot: 2, floorDivide: 2, truncDivide: 2 }

/** From here on whole turns are taken off in float32: the error then counts against 1. */
const LARGE = 400
const turned: Partial<Record<OpName, (x: number) => number>> = {
  sin: () => 1,
  cos: () => 1,
  tan: x => 1 + Math.tan(x) ** 2,
}

describeGpu('a row of the table', device => {
  test.each([...table.values()].filter(op => op.simd))('$name', async op => {
    const xs = points(op.arity, 4).map(x => x.map(flushed) as Float32Array<ArrayBuffer>)
    const n = xs[0]!.length
    const stream = { dtype: 'float32', strides: [1] } as const
    const steps = program(expression(op))
    const kernel = mapKernel({
      sizes: [n],
      inputs: xs.map(() => stream),
      outputs: [{ ...stream, step: steps.length - 1 }],
      program: steps,
    })
    const gpu = device()
    const addresses = [...xs, null].map(() => gpu.place(4 * n))
    for (const [k, x] of xs.entries()) gpu.write(addresses[k]!, x)
    const commands = await gpu.commands([{ kernel, addresses }])
    const encoder = gpu.gpu.createCommandEncoder()
    commands.encode(encoder)
    const [bytes] = await gpu.read([{ address: addresses.at(-1)!, words: n }], encoder)
    const out = new Float32Array(bytes!)
    commands.free()
    for (const address of addresses) gpu.free(address)

    const f = better[op.name] ?? op.f!
    const same = exact.has(op.name)
    const bound = own[op.name] ?? (same ? 0 : (ulps[op.name] ?? usual)[0])
    let worst = 0
    let at = -1
    for (let i = 0; i < n; i++) {
      const operands = xs.map(x => x[i]!)
      const want = f(...operands)
      if (Math.abs(want) < SMALL && Math.abs(out[i]!) < SMALL) continue
      const far = operands[0]! > LARGE || operands[0]! < -LARGE
      const scale = Math.max(
        Math.abs(want),
        terms[op.name]?.(...operands) ?? 0,
        (far && turned[op.name]?.(operands[0]!)) || 0,
      )
      const e = Object.is(out[i], Math.fround(want)) ? 0 : error(out[i]!, want, scale, 4)
      if (e > worst) {
        worst = e
        at = i
      }
    }
    expect(worst, `at ${xs.map(x => x[at])}: ${out[at]}`).toBeLessThanOrEqual(bound)
  })
})
