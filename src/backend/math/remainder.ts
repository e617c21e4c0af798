// Remainders, quotients and signs over registers, all exact; float32 in float64 arithmetic where there is some, as the
// table's numbers are.
import { type Pair, pick, signed, signOf, upper } from './fit.ts'
import type { Registers, V } from './registers.ts'

const FMOD = (x: number, y: number): number => x % y

/**
 * The exact x - q y with q = trunc(x / y), which rounding may have made one too large. A quotient that has no room for
 * its digits goes to JavaScript.
 */
function rest(a: Registers, x: V, y: V): V {
  // where quotients may be a few units wrong
  if (!a.doubles) return a.host('fmod', FMOD, x, y)
  const [dividend, divisor] = [a.abs(x), a.abs(y)]
  const q = a.floor(a.div(dividend, divisor))
  const product = a.mul(q, divisor)
  const [qHigh, yHigh] = [upper(a, q), upper(a, divisor)]
  const [qLow, yLow] = [a.sub(q, qHigh), a.sub(divisor, yHigh)]
  // what the product has lost to rounding, by Dekker's parts
  const crossed = a.madd(qLow, yHigh, a.madd(qHigh, yLow, a.sub(a.mul(qHigh, yHigh), product)))
  const lost = a.madd(qLow, yLow, crossed)
  const r = a.sub(a.sub(dividend, product), lost)
  const out = a.add(r, a.and(a.lt(r, a.const(0)), divisor))
  const plain = a.and(a.lt(q, a.const(2 ** 52)), a.lt(divisor, a.const(Infinity)))
  return a.rare(a.not(plain), signed(a, out, x), () => a.host('fmod', FMOD, x, y))
}

/** Whether a remainder has to be moved by the divisor to have its sign. */
const apart = (a: Registers, r: V, y: V): V => {
  const zero = a.const(0)
  return a.and(a.ne(r, zero), a.xor(a.lt(r, zero), a.lt(y, zero)))
}
const inDouble =
  (f: (a: Registers, x: V, y: V) => V) =>
  (a: Registers, x: V, y: V): V =>
    a.width === 4 && a.doubles ? a.wide(f, x, y) : f(a, x, y)

export const fmod = inDouble(rest)

export const remainder = inDouble((a, x, y) => {
  const r = rest(a, x, y)
  return a.where(apart(a, r, y), a.add(r, y), r)
})

export const floorDivide = inDouble((a, x, y) => {
  const r = rest(a, x, y)
  const q = a.div(x, y)
  const down = a.and(apart(a, r, y), a.const(1))
  const out = a.sub(a.nearest(a.div(a.sub(x, r), y)), down)
  // a quotient of 0 has the sign of x / y; x / 0 is itself, and an infinite x has no quotient
  const whole = a.where(a.eq(out, a.const(0)), signOf(a, q), out)
  const finite = a.where(a.lt(a.abs(x), a.const(Infinity)), whole, a.const(NaN))
  return a.where(a.eq(y, a.const(0)), q, finite)
})

export const truncDivide = inDouble((a, x, y) => {
  const q = a.trunc(a.div(x, y))
  if (a.doubles) return q
  // a rounded quotient may be the next whole number
  const plain = a.and(a.gt(a.abs(q), a.const(0)), a.lt(a.abs(q), a.const(Infinity)))
  return a.where(plain, a.nearest(a.div(a.sub(x, rest(a, x, y)), y)), q)
})

// signs: -0 is negative, NaN is not

export const signbit = (a: Registers, x: V): V => a.and(a.ilt(x, a.bits(0)), a.eq(x, x))
export const sign = (a: Registers, x: V): V => a.where(a.gt(a.abs(x), a.const(0)), a.or(a.const(1), signOf(a, x)), x)
export const copysign = (a: Registers, x: V, y: V): V => a.or(a.abs(x), a.and(signOf(a, y), a.eq(y, y)))
/** x, and 0 for what is not above it; NaN stays. */
export const relu = (a: Registers, x: V): V => a.andnot(x, a.le(x, a.const(0)))

/** sqrt(x^2 + y^2), the squares kept in range; infinity wins over NaN */
export function hypot(a: Registers, x: V, y: V): V {
  const out = a.width === 4 && a.doubles ? a.wide((b, x, y) => b.sqrt(b.madd(x, x, b.mul(y, y))), x, y) : legs(a, x, y)
  const infinity = a.const(Infinity)
  return a.where(a.or(a.eq(a.abs(x), infinity), a.eq(a.abs(y), infinity)), infinity, out)
}
/** From where on squares overflow, up to where they lose digits, and what brings both back. */
const LARGE: Pair = [2 ** 62, 2 ** 500]
const SMALL: Pair = [2 ** -50, 2 ** -450]
const UNIT: Pair = [2 ** 70, 2 ** 600]
function legs(a: Registers, x: V, y: V): V {
  const size = a.pmax(a.abs(x), a.abs(y))
  const pair = (large: number, small: number): V =>
    a.where(
      a.gt(size, a.const(pick(a, LARGE))),
      a.const(large),
      a.where(a.lt(size, a.const(pick(a, SMALL))), a.const(small), a.const(1)),
    )
  const by = pick(a, UNIT)
  const unit = pair(1 / by, by)
  const [u, v] = [a.mul(x, unit), a.mul(y, unit)]
  return a.mul(a.sqrt(a.madd(u, u, a.mul(v, v))), pair(by, 1 / by))
}
