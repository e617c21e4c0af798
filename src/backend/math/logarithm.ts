// Logarithms over registers: x = 2^e m with m next to 1, and a polynomial in s = (m - 1) / (m + 1), as fdlibm's e_log.c.
import { expBelow, LN2 } from './exponential.ts'
import { type Fit, FRACTION, NORMAL, type Pair, pick, poly, signed } from './fit.ts'
import type { Registers, V } from './registers.ts'

/** log10 2 in two parts, the first so short that e times it is exact. */
const LOG10_2: Pair<readonly [number, number]> = [
  [0.301025390625, 4.605039066518657e-6],
  [0.30102999566383914, 1.42050232272661e-13],
]
/** (2 artanh(s) / s - 2) / z with z = s^2, for m from sqrt(1/2) to sqrt(2) */
const LOG: Fit = [
  [0.66666776, 0.39977404, 0.29875764],
  [
    0.6666666666666736, 0.3999999999940387, 0.28571428745023564, 0.22222198280683447, 0.18183580601219196,
    0.15313608157807024, 0.14800624056072878,
  ],
]

/** x, positive and normal, as 2^e m with m from sqrt(1/2) to sqrt(2): the exponent's bits count from there. */
export function split(a: Registers, x: V): { readonly e: V; readonly m: V } {
  const single = a.width === 4
  const low = single ? a.bits(0x3f3504f3) : a.bits(0, 0x3fe6a09e) // sqrt(1/2)
  const shifted = a.iadd(x, single ? a.bits(0x3f800000 - 0x3f3504f3) : a.bits(0, 0x3ff00000 - 0x3fe6a09e))
  const fraction = pick(a, FRACTION)
  const m = a.iadd(a.and(shifted, single ? a.bits(0x7fffff) : a.bits(-1, 0xfffff)), low)
  // a whole number below 2^23, in the bits of 2^23, makes the sum of both
  const biased = a.or(a.ushr(shifted, fraction), a.const(2 ** fraction))
  return { e: a.sub(biased, a.const(2 ** fraction + pick(a, [127, 1023]))), m }
}

/** log(1 + f) = f - (rest - more), kept apart so that what is small can be added to `more` first. */
function near(a: Registers, f: V): { readonly rest: V; readonly more: V } {
  const s = a.div(f, a.add(f, a.const(2)))
  const z = a.mul(s, s)
  const rest = a.mul(a.mul(f, a.const(0.5)), f)
  return { rest, more: a.mul(s, a.madd(poly(a, z, LOG), z, rest)) }
}

/** log x for normal positive x, plus `small`, less `less` ln 2. */
function natural(a: Registers, x: V, small?: V, less?: V): V {
  const { e, m } = split(a, x)
  const f = a.sub(m, a.const(1))
  const { rest, more } = near(a, f)
  const [high, low] = pick(a, LN2)
  const k = less ? a.sub(e, less) : e
  let tail = a.madd(k, a.const(low), more)
  if (small) tail = a.add(tail, small)
  return a.madd(k, a.const(high), a.sub(f, a.sub(rest, tail)))
}

/** Another base: k log_b(2) in two parts, and log m times log_b(e). */
function based(a: Registers, x: V, [high, low]: readonly [number, number], factor: number, less?: V): V {
  const { e, m } = split(a, x)
  const f = a.sub(m, a.const(1))
  const { rest, more } = near(a, f)
  const k = less ? a.sub(e, less) : e
  const log = a.sub(f, a.sub(rest, more))
  const tail = low === 0 ? a.mul(log, a.const(factor)) : a.madd(log, a.const(factor), a.mul(k, a.const(low)))
  return high === 1 ? a.add(k, tail) : a.madd(k, a.const(high), tail)
}

/** `of` for normal positive numbers, made right for all others. */
function everywhere(a: Registers, x: V, of: (x: V, less?: V) => V): V {
  const infinity = a.const(Infinity)
  const plain = a.and(a.ge(x, a.const(pick(a, NORMAL))), a.lt(x, infinity))
  return a.rare(a.not(plain), of(x), () => {
    const up = pick(a, FRACTION)
    const subnormal = of(a.mul(x, a.const(2 ** up)), a.const(up))
    const below = a.where(a.eq(x, a.const(0)), a.const(-Infinity), a.const(NaN))
    return a.where(a.lt(x, infinity), a.where(a.gt(x, a.const(0)), subnormal, below), x)
  })
}

export const log = (a: Registers, x: V): V => everywhere(a, x, (y, less) => natural(a, y, undefined, less))
export const log2 = (a: Registers, x: V): V => everywhere(a, x, (y, less) => based(a, y, [1, 0], Math.LOG2E, less))
export const log10 = (a: Registers, x: V): V =>
  everywhere(a, x, (y, less) => based(a, y, pick(a, LOG10_2), Math.LOG10E, less))

/** log(1 + x) for finite x > -1: log u + c / u, where u is 1 + x rounded and c what that has lost. */
function above(a: Registers, x: V): V {
  const u = a.rounded(a.add(x, a.const(1)))
  const c = a.sub(x, a.sub(u, a.const(1)))
  return natural(a, u, a.div(c, u))
}

export function log1p(a: Registers, x: V): V {
  const infinity = a.const(Infinity)
  const plain = a.and(a.gt(x, a.const(-1)), a.lt(x, infinity))
  const out = a.rare(a.not(plain), above(a, x), () => {
    const below = a.where(a.eq(x, a.const(-1)), a.const(-Infinity), a.const(NaN))
    return a.where(a.lt(x, infinity), below, x)
  })
  return signed(a, out, x)
}

/** max(x, 0) + log(1 + e^-|x|) */
export const softplus = (a: Registers, x: V): V =>
  a.add(a.pmax(x, a.const(0)), above(a, expBelow(a, a.or(x, a.const(-0)))))

/** max + log(1 + e^-|x - y|); equal infinities are their own sum */
export function logaddexp(a: Registers, x: V, y: V): V {
  const difference = a.or(a.sub(x, y), a.const(-0))
  const sum = a.add(a.pmax(x, y), above(a, expBelow(a, difference)))
  return a.where(a.eq(x, y), a.add(x, a.const(Math.LN2)), sum)
}

/** log(x / (1 - x)) left of 1/4; log(1 + (2x - 1) / (1 - x)), which keeps the digits of x - 1/2, right of it */
export function logit(a: Registers, x: V): V {
  const one = a.const(1)
  const left = a.lt(x, a.const(0.25))
  const ratio = a.div(a.where(left, x, a.sub(a.add(x, x), one)), a.sub(one, x))
  return a.where(left, log(a, ratio), log1p(a, ratio))
}

/** x log y, 0 where x is 0 and y not NaN */
export const xlogy = (a: Registers, x: V, y: V): V => total(a, x, y, log(a, y))
export const xlog1py = (a: Registers, x: V, y: V): V => total(a, x, y, log1p(a, y))
const total = (a: Registers, x: V, y: V, log: V): V => a.andnot(a.mul(x, log), a.and(a.eq(x, a.const(0)), a.eq(y, y)))

// inverse hyperbolic functions, of |x| where they are odd

/** log(1 + |x| + x^2 / (1 + sqrt(x^2 + 1))); log 2|x| where x^2 would overflow */
export function asinh(a: Registers, x: V): V {
  const size = a.abs(x)
  const one = a.const(1)
  const square = a.mul(size, size)
  const y = a.add(size, a.div(square, a.add(one, a.sqrt(a.add(square, one)))))
  return signed(a, doubled(a, size, y, a.gt(size, a.const(pick(a, [2 ** 40, 2 ** 400])))), x)
}
/** log(1 + t + sqrt(t) sqrt(t + 2)) with t = x - 1; log 2x where the sum would overflow */
export function acosh(a: Registers, x: V): V {
  const t = a.sub(x, a.const(1))
  const y = a.madd(a.sqrt(t), a.sqrt(a.add(t, a.const(2))), t)
  return doubled(a, x, y, a.gt(x, a.const(pick(a, [2 ** 40, 2 ** 400]))))
}
/** log(1 + y), or log(2 x) in the lanes of the mask */
const doubled = (a: Registers, x: V, y: V, large: V): V =>
  a.add(log1p(a, a.where(large, x, y)), a.and(large, a.const(Math.LN2)))

/** log(1 + 2|x| / (1 - |x|)) / 2 */
export function atanh(a: Registers, x: V): V {
  const size = a.abs(x)
  return signed(a, a.mul(log1p(a, a.div(a.add(size, size), a.sub(a.const(1), size))), a.const(0.5)), x)
}
