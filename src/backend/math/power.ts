// x^y over registers: 2^(y log2 x), float32 in float64 arithmetic where there is some, else in pairs of numbers, as
// fdlibm's e_pow.c.
import { exp2Near } from './exponential.ts'
import { bound, type Fit, NORMAL, type Pair, pick, poly, power2, scale, signOf, upper } from './fit.ts'
import { split } from './logarithm.ts'
import type { Registers, V } from './registers.ts'

/** (2 artanh(s) / s - 2) / z with z = s^2, as good as float32 needs; and what e^x needs there, (2^r - 1) / r. */
const LOG_SINGLE: Fit = [
  [],
  [0.6666666667594026, 0.3999999556865735, 0.2857211535274978, 0.22175908402582614, 0.19588473526658082],
]
const EXP2_SINGLE: Fit = [
  [],
  [
    0.6931471805457066, 0.24022650695541134, 0.055504109424978416, 0.009618129222424707, 0.001333344918016656,
    0.0001540341345842478, 1.5310469894961036e-5, 1.326391266361749e-6,
  ],
]
/** x^y for numbers that are float32, x > 0 */
function single(a: Registers, x: V, y: V): V {
  const { e, m } = split(a, x)
  const s = a.div(a.sub(m, a.const(1)), a.add(m, a.const(1)))
  const z = a.mul(s, s)
  const log2 = a.madd(a.mul(s, a.madd(poly(a, z, LOG_SINGLE), z, a.const(2))), a.const(Math.LOG2E), e)
  const power = bound(a, a.mul(log2, y), -200, 200)
  const { bits, n } = a.whole(power)
  return a.mul(a.madd(poly(a, a.sub(power, n), EXP2_SINGLE), a.sub(power, n), a.const(1)), power2(a, bits))
}

/** 3/2 ((2 artanh(s) / s - 2) / z - 2/3) / z */
const LOG: Fit = [
  [0.5999999986, 0.4285729883, 0.3330704513, 0.2868287896],
  [
    0.6000000000000345, 0.4285714285511324, 0.3333333378662943, 0.27272675936543206, 0.23080165304425174,
    0.1988452223149587, 0.1980122003325543,
  ],
]
/** 2 / (3 ln 2), and that in two parts */
const FACTOR = 0.9617966939259756
const PARTS: Pair<readonly [number, number]> = [
  [0.961669921875, 0.000126772051],
  [0.9617966860532761, 7.872699542894897e-9],
]
/** By how many powers of 2 a number below the normal ones is raised, and where 2^x is 0 and infinite. */
const RAISE: Pair = [24, 54]
const REACH: Pair = [200, 1100]

/**
 * x^y for x > 0. Of every number that matters the upper half of the digits is kept apart, so that products of such
 * halves are exact.
 */
function paired(a: Registers, x: V, y: V): V {
  const tiny = a.lt(x, a.const(pick(a, NORMAL)))
  const raise = pick(a, RAISE)
  const parts = split(a, a.where(tiny, a.mul(x, a.const(2 ** raise)), x))
  const e = a.sub(parts.e, a.and(tiny, a.const(raise)))
  const { m } = parts
  const one = a.const(1)
  const three = a.const(3)
  // s = f / g with f = m - 1 and g = m + 1
  const f = a.sub(m, one)
  const g = a.add(m, one)
  const inverse = a.div(one, g)
  const s = a.mul(f, inverse)
  const sHigh = upper(a, s)
  const gHigh = upper(a, g)
  const gLow = a.sub(m, a.sub(gHigh, one))
  const sLow = a.mul(inverse, a.nmadd(sHigh, gLow, a.nmadd(sHigh, gHigh, f)))
  // log m = 2/3 s (3 + s^2 + …)
  const z = a.mul(s, s)
  const square = a.mul(sHigh, sHigh)
  const more = a.madd(sLow, a.add(sHigh, s), a.mul(a.mul(z, z), poly(a, z, LOG)))
  const sumHigh = upper(a, a.add(a.add(three, square), more))
  const sumLow = a.sub(more, a.sub(a.sub(sumHigh, three), square))
  const u = a.mul(sHigh, sumHigh)
  const v = a.madd(sumLow, s, a.mul(sLow, sumHigh))
  const logHigh = upper(a, a.add(u, v))
  const logLow = a.sub(v, a.sub(logHigh, u))
  // log2 x = e + 2 / (3 ln 2) log
  const [factorHigh, factorLow] = pick(a, PARTS)
  const high = a.mul(logHigh, a.const(factorHigh))
  const low = a.madd(logLow, a.const(FACTOR), a.mul(logHigh, a.const(factorLow)))
  const log2High = upper(a, a.add(a.add(high, low), e))
  const log2Low = a.sub(low, a.sub(a.sub(log2High, e), high))
  // y log2 x = n + r
  const yHigh = upper(a, y)
  const productHigh = a.mul(yHigh, log2High)
  const productLow = a.madd(y, log2Low, a.mul(a.sub(y, yHigh), log2High))
  const reach = pick(a, REACH)
  const { bits, n } = a.whole(bound(a, a.add(productHigh, productLow), -reach, reach))
  const r = bound(a, a.add(a.sub(productHigh, n), productLow), -1, 1)
  return scale(a, exp2Near(a, r), bits)
}

/** As C has it: 1 to any power is 1, any number to the power 0 too, and -1 to an infinite one. */
export function pow(a: Registers, x: V, y: V): V {
  const zero = a.const(0)
  const one = a.const(1)
  const infinity = a.const(Infinity)
  const size = a.abs(x)
  const exponent = bound(a, y, -(2 ** 70), 2 ** 70)
  const out = a.width === 4 && a.doubles ? a.wide(single, size, exponent) : paired(a, size, exponent)
  const plain = a.and(a.and(a.gt(x, zero), a.lt(x, infinity)), a.eq(y, y))
  return a.rare(a.not(plain), out, () => {
    const isZero = a.eq(size, zero)
    const grows = a.xor(a.gt(y, zero), isZero)
    const limit = a.where(a.or(isZero, a.eq(size, infinity)), a.and(grows, infinity), out)
    // negative x: y must be whole, and gives the sign where it is odd
    const isWhole = a.eq(a.nearest(y), y)
    const half = a.mul(y, a.const(0.5))
    const odd = a.andnot(isWhole, a.eq(a.nearest(half), half))
    const nowhere = a.and(a.andnot(a.lt(x, zero), isWhole), a.lt(size, infinity))
    const value = a.where(nowhere, a.const(NaN), a.or(limit, a.and(odd, signOf(a, x))))
    const defined = a.where(a.and(a.eq(x, x), a.eq(y, y)), value, a.const(NaN))
    return a.where(a.or(a.eq(x, one), a.eq(y, zero)), one, defined)
  })
}
