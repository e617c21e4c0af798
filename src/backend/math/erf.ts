// The error function and its complement over registers: a polynomial next to 0, e^-x^2 times one further out.
import { expBelow } from './exponential.ts'
import { type Fit, type Pair, pick, poly, signed, upper } from './fit.ts'
import type { Registers, V } from './registers.ts'

/** Up to here erf is the polynomial; it is 0.52 here, so that 1 - erf and 1 - erfc lose next to nothing. */
const NEAR = 0.5
/** erf(x) / x - 1, of x^2 */
const ERF: Fit = [
  [0.12837917, -0.37612608, 0.11282832, -0.02675774, 0.0047189784],
  [
    0.1283791670955126, -0.3761263890318375, 0.11283791670954867, -0.026866170644998615, 0.005223977621991083,
    -0.0008548326507380081, 0.00012055285950783813, -1.4922992475037243e-5, 1.637098171615452e-6, -1.461848682024574e-7,
  ],
]
/**
 * (1 + 2x) e^(x^2) erfc(x), of t = (x - k) / (x + k), for x >= 1/2: between 1 and 1.27, and flat. Source: Shepherd and
 * Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x, Math. Comp. 36 (1981).
 */
const ERFC: Fit = [
  [
    1.2648382, -0.12235677, -0.09902436, 0.15763025, -0.1029707, 0.03275594, 0.00095855497, -0.0043499162,
    0.00041127816, 0.00053618016,
  ],
  [
    1.2329951186255526, -0.1396211168405625, 0.015379652102618924, 0.06809705425469209, -0.10103906603624745,
    0.09373283499838124, -0.06633036581375462, 0.037167515536704485, -0.01619773403654194, 0.0050319699885097696,
    -0.000757773460086878, -0.00019925678063658318, 0.000150622540520934, -2.439876503893922e-5, -1.1224842739501808e-5,
    5.7081945802591735e-6, 2.9971861888630944e-7, -8.21999001673567e-7, 6.689652593902765e-8, 1.0529008140675075e-7,
    -1.2181204633381399e-8, -1.036116361564165e-8,
  ],
]
const MIDDLE: Pair = [2.5, 4]
/** Where erfc is 0 and where erf is 1. */
const END: Pair = [10.1, 27.3]
const ONE: Pair = [4, 6]

const near = (a: Registers, x: V): V => a.madd(poly(a, a.mul(x, x), ERF), x, x)

/** e^(x^2) erfc(x) for x >= NEAR */
function scaled(a: Registers, x: V): V {
  const k = a.const(pick(a, MIDDLE))
  const fit = poly(a, a.div(a.sub(x, k), a.add(x, k)), ERFC)
  return a.div(fit, a.add(a.add(x, x), a.const(1)))
}

/** 1 - erfc(x) further out, where erfc is so small that the rounding of x^2 does not count. */
export function erf(a: Registers, x: V): V {
  const size = a.abs(x)
  const y = a.pmin(size, a.const(pick(a, ONE)))
  const outside = a.sub(a.const(1), a.mul(expBelow(a, a.neg(a.mul(y, y))), scaled(a, y)))
  return signed(a, a.where(a.lt(size, a.const(NEAR)), near(a, size), outside), x)
}

/** In the tail x^2 is exact in two parts, which keeps the digits of e^-x^2. */
export function erfc(a: Registers, x: V): V {
  const size = a.abs(x)
  const y = a.pmin(size, a.const(pick(a, END)))
  const square = a.mul(y, y)
  const high = upper(a, y)
  const lost = a.sub(a.sub(square, a.mul(high, high)), a.mul(a.sub(y, high), a.add(y, high)))
  const tail = expBelow(a, a.neg(square), lost, scaled(a, y))
  const outside = a.where(a.lt(x, a.const(0)), a.sub(a.const(2), tail), tail)
  return a.where(a.lt(size, a.const(NEAR)), a.sub(a.const(1), near(a, x)), outside)
}
