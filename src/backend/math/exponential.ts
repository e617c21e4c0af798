// Exponentials and hyperbolic functions over registers: x = n ln 2 + r, a polynomial in r, and n put into the exponent.
import { bound, type Fit, type Pair, pick, poly, power2, scale, signed } from './fit.ts'
import type { Registers, V } from './registers.ts'

/** ln 2 in two parts, the first so short that n times it is exact. */
export const LN2: Pair<readonly [number, number]> = [
  [0.693115234375, 3.194618329871446e-5],
  [0.693147180559663, 2.8235290563031577e-13],
]
/** (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2 */
const EXP: Fit = [
  [0.5, 0.16666517, 0.041666202, 0.008369097, 0.0013950845],
  [
    0.5000000000000013, 0.166666666666667, 0.04166666666651187, 0.00833333333330659, 0.001388888894803509,
    0.00019841269918717793, 2.4801488807272482e-5, 2.7557215103819894e-6, 2.7631710350597683e-7, 2.5118241910255865e-8,
  ],
]
/** (2^r - 1) / r for |r| <= 1/2 */
const EXP2: Fit = [
  [Math.LN2, 0.2402265, 0.055503264, 0.009618002, 0.0013400805, 0.00015476886],
  [
    Math.LN2,
    0.24022650695910072,
    0.0555041086648217,
    0.009618129107628496,
    0.0013333558146389247,
    0.00015403530393339867,
    1.5252733857458167e-5,
    1.3215486834047696e-6,
    1.0178050668555865e-7,
    7.054887888705837e-9,
    4.4567598690295915e-10,
    2.5742301633509733e-11,
  ],
]

/** n, and e^r - 1, for x that has been bounded; `lost` is what x has lost to rounding. */
function parts(a: Registers, x: V, lost?: V): { readonly bits: V; readonly n: V; readonly m: V } {
  const { bits, n } = a.whole(x, a.const(Math.LOG2E))
  const [high, low] = pick(a, LN2)
  let r = a.nmadd(n, a.const(low), a.nmadd(n, a.const(high), x))
  if (lost) r = a.add(r, lost)
  return { bits, n, m: a.madd(poly(a, r, EXP), a.mul(r, r), r) }
}

/** Where exp is 0 and infinite. */
const LOWEST: Pair = [-104, -746]
const HIGHEST: Pair = [89, 710]

export function exp(a: Registers, x: V): V {
  const { bits, m } = parts(a, bound(a, x, pick(a, LOWEST), pick(a, HIGHEST)))
  return scale(a, a.add(m, a.const(1)), bits)
}
/** What lifts the smallest power of e to the normal numbers. */
const LIFT: Pair = [2 ** 24, 2 ** 60]
/** e^(x + lost) times `factor`, for x <= 0: only the last multiplication may go below the normal numbers. */
export function expBelow(a: Registers, x: V, lost?: V, factor?: V): V {
  const { bits, m } = parts(a, a.pmax(x, a.const(pick(a, LOWEST))), lost)
  const e = a.add(m, a.const(1))
  const lift = pick(a, LIFT)
  return a.mul(a.mul(factor ? a.mul(e, factor) : e, power2(a, bits, lift)), a.const(1 / lift))
}

/** 2^r for |r| <= 1/2 */
export const exp2Near = (a: Registers, r: V): V => a.madd(poly(a, r, EXP2), r, a.const(1))

export function exp2(a: Registers, x: V): V {
  const y = bound(a, x, pick(a, [-151, -1076]), pick(a, [129, 1025]))
  const { bits, n } = a.whole(y)
  return scale(a, exp2Near(a, a.sub(y, n)), bits)
}

/** (e^x - 1) * unit for bounded x, by 2^n (e^r - 1) + (2^n - 1); unit, a power of 2, keeps 2^n in range. */
function minusOne(a: Registers, x: V, unit = 1): V {
  const { bits, m } = parts(a, x)
  const s = power2(a, bits, unit)
  return a.madd(s, m, a.sub(s, a.const(unit)))
}

export function expm1(a: Registers, x: V): V {
  const half = minusOne(a, bound(a, x, pick(a, [-30, -50]), pick(a, HIGHEST)), 0.5)
  return a.where(a.lt(a.abs(x), a.const(pick(a, [2 ** -26, 2 ** -55]))), x, a.add(half, half))
}

/** tanh x = E / (E + 2) with E = e^2x - 1, of |x| */
export function tanh(a: Registers, x: V): V {
  const y = a.pmin(a.abs(x), a.const(pick(a, [10, 20])))
  const e = minusOne(a, a.add(y, y))
  return signed(a, a.div(e, a.add(e, a.const(2))), x)
}

/** 1 / (1 + e^-x); e^x / (1 + e^x) left of 0 */
export function sigmoid(a: Registers, x: V): V {
  const one = a.const(1)
  const e = expBelow(a, a.or(x, a.const(-0)))
  return a.div(a.where(a.lt(x, a.const(0)), e, one), a.add(e, one))
}

/** Where sinh and cosh are infinite. */
const OVERFLOW: Pair = [89.5, 710.6]

/** sinh x = (E + E / (E + 1)) / 2 with E = e^x - 1, of |x| */
export function sinh(a: Registers, x: V): V {
  const size = a.abs(x)
  const quarter = minusOne(a, a.pmin(size, a.const(pick(a, OVERFLOW))), 0.25)
  const half = a.add(quarter, quarter)
  const rest = a.div(half, a.add(a.add(half, half), a.const(1))) // 1/2 at infinity, where this is NaN
  const out = a.add(half, a.pmin(a.const(0.5), rest))
  return signed(a, a.where(a.lt(size, a.const(pick(a, [2 ** -13, 2 ** -28]))), size, out), x)
}

/** cosh x = h + 1 / (4 h) with h = e^|x| / 2 */
export function cosh(a: Registers, x: V): V {
  const { bits, m } = parts(a, a.pmin(a.abs(x), a.const(pick(a, OVERFLOW))))
  const half = scale(a, a.add(m, a.const(1)), bits, 0.5)
  return a.add(half, a.div(a.const(0.25), half))
}
