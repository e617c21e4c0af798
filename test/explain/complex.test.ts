// The complex step: the table's values on complex numbers give its derivatives to the last digits.
import { expect, it } from 'vitest'
import { Expr } from '../../src/engine/expr.ts'
import { Pointwise } from '../../src/engine/pointwise.ts'
import { type OpName, table } from '../../src/engine/prims.ts'
import { Generator } from '../../src/engine/random.ts'
import { type Complex, complexValue } from '../../src/explain/complex.ts'

const none = ['erf', 'erfc', 'erfinv', 'lgamma', 'digamma', 'polygamma', 'gelu']
const random = new Generator(11)

it.each([...table.keys()])('%s', name => {
  const op = table.get(name)
  if (!op) throw new Error(name)
  const point = Pointwise.named(name as OpName)
  const e = Expr.input(0).apply(name as OpName, ...Array.from({ length: op.arity }, (_, k) => Expr.input(k)))
  for (let n = 0; n < 20; n++) {
    const xs = op.domain.map(([low, high]) => low + (high - low) * random.uniform())
    if (op.kinks.some(kink => xs.some(x => Math.abs(x - kink) < 1e-3))) continue
    xs.forEach((_, i) => {
      const y = complexValue(
        e,
        xs.map((x, k): Complex => [x, i === k ? 1e-30 : 0]),
      )
      if (none.includes(name)) {
        expect(none).toContain(y)
        return
      }
      const value = point.f(...xs)
      const slope = point.partials[i] ? point.pull(i)(...xs, value, 1) : 0
      // beyond the real domain there is no real value to compare with
      if (Number.isNaN(value)) return
      expect(Math.abs((y as Complex)[0] - value), `${name}(${xs})`).toBeLessThanOrEqual(
        1e-13 * Math.max(1, Math.abs(value)),
      )
      expect(Math.abs((y as Complex)[1] * 1e30 - slope), `by operand ${i} at ${xs}`).toBeLessThanOrEqual(
        1e-12 * Math.max(1, Math.abs(slope)),
      )
    })
  }
})

it('keeps the imaginary part of whole powers of negative bases', () => {
  const y = complexValue(Expr.input(0).pow(3), [[-2, 1e-30]]) as Complex
  expect(y[0]).toBe(-8)
  expect(y[1] * 1e30).toBeCloseTo(12, 12)
})
