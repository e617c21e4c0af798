// Trigonometry over registers: arguments reduced by Cody and Waite's parts of pi, then polynomials.
import { bound, type Fit, type Pair, pick, poly, signOf, TO_SIGN } from './fit.ts'
import type { Registers, V } from './registers.ts'

/** pi / 2 in three parts, the first two so short that j times them is exact up to LIMIT. */
const HALF_PI: Pair<readonly number[]> = [
  [1.570770263671875, 2.6063062250614166e-5, 6.07710062827671e-11],
  [1.5707963267923333, 2.5633441515839558e-12, 1.0562999066987428e-23],
]
const LIMIT: Pair = [400, 5e4]

/** (sin(r) / r - 1) / z with z = r^2, for |r| <= pi / 2 and for |r| <= pi / 4 */
const SIN: Fit = [
  [-0.1666666, 0.008333087, -0.00019810993, 2.6086464e-6],
  [
    -0.16666666666666666, 0.00833333333333321, -0.00019841269841214696, 2.7557319212025127e-6, -2.5052106949916185e-8,
    1.6058943391189442e-10, -7.643082848359008e-13, 2.7220928992948265e-15,
  ],
]
const SIN_NEAR: Fit = [
  [-0.16666655, 0.008332173, -0.00019516655],
  [
    -0.16666666666666632, 0.008333333333322316, -0.00019841269829725194, 2.7557313662051965e-6, -2.505075326383038e-8,
    1.5896504923881374e-10,
  ],
]
/** (cos(r) - 1 + z / 2) / z^2, for |r| <= pi / 4 */
const COS_NEAR: Fit = [
  [0.041666646, -0.0013887362, 2.443773e-5],
  [
    0.0416666666666666, -0.001388888888887399, 2.4801587289394953e-5, -2.7557314326037363e-7, 2.087571955952611e-9,
    -1.1359448719474509e-11,
  ],
]
/** (arctan(t) / t - 1) / z with z = t^2, for |t| <= tan(pi / 8) */
const ATAN: Fit = [
  [-0.33333316, 0.19998473, -0.14243518, 0.105934106, -0.060765546],
  [
    -0.3333333333333319, 0.19999999999952814, -0.14285714280113937, 0.11111110779116248, -0.09090897627028857,
    0.07692057791481312, -0.06663075422515058, 0.058476734202076476, -0.05038299002866372, 0.03803820477720723,
    -0.0178775027662357,
  ],
]

const odd = (a: Registers, r: V, z: V, fit: Fit): V => a.madd(a.mul(r, z), poly(a, z, fit), r)
const minus = (a: Registers, x: V, j: V, factor: number): V =>
  pick(a, HALF_PI).reduce((r, part) => a.nmadd(j, a.const(part * factor), r), x)

const isLarge = (a: Registers, x: V): V => a.not(a.lt(a.abs(x), a.const(pick(a, LIMIT))))
/** What is too large to be reduced here goes to float64, and what is so there, to JavaScript. */
function everywhere(a: Registers, x: V, out: V, name: 'sin' | 'cos' | 'tan', self: (a: Registers, x: V) => V): V {
  if (!a.doubles) return out
  return a.rare(isLarge(a, x), out, () => (a.width === 4 ? a.wide(self, x) : a.host(name, Math[name], x)))
}
const TURNED = (x: number): number => Math.atan2(Math.sin(x), Math.cos(x))
/** Where there is no float64 to go to, whole turns are taken off what is too large. */
const small = (a: Registers, x: V): V => (a.doubles ? x : a.rare(isLarge(a, x), x, () => a.host('turned', TURNED, x)))
/** Flips the sign where n is odd. */
const alternate = (a: Registers, x: V, bits: V): V => a.xor(x, a.shl(bits, pick(a, TO_SIGN)))

/** sin r for |r| <= pi / 2, at its top no more than 1 */
const sine = (a: Registers, r: V): V => bound(a, odd(a, r, a.mul(r, r), SIN), -1, 1)

/** sin x = (-1)^n sin(x - n pi), of |x| */
export function sin(a: Registers, angle: V): V {
  const x = small(a, angle)
  const size = a.abs(x)
  const { bits, n } = a.whole(size, a.const(1 / Math.PI))
  const r = minus(a, size, n, 2)
  return everywhere(a, x, alternate(a, a.xor(sine(a, r), signOf(a, x)), bits), 'sin', sin)
}

/** cos x = (-1)^n sin(x - (n - 1/2) pi) */
export function cos(a: Registers, angle: V): V {
  const x = small(a, angle)
  const { bits, n } = a.whole(a.madd(x, a.const(1 / Math.PI), a.const(0.5)))
  const r = minus(a, x, a.sub(n, a.const(0.5)), 2)
  return everywhere(a, x, alternate(a, sine(a, r), bits), 'cos', cos)
}

/** tan x = tan r or -1 / tan r with r = x - n pi / 2, as sin r / cos r, of |x| */
export function tan(a: Registers, angle: V): V {
  const x = small(a, angle)
  const size = a.abs(x)
  const { bits, n } = a.whole(size, a.const(2 / Math.PI))
  const r = minus(a, size, n, 1)
  const z = a.mul(r, r)
  const s = odd(a, r, z, SIN_NEAR)
  const c = a.sub(a.const(1), a.nmadd(a.mul(z, z), poly(a, z, COS_NEAR), a.mul(z, a.const(0.5))))
  const turned = a.ilt(a.shl(bits, pick(a, TO_SIGN)), a.bits(0))
  const out = a.div(a.where(turned, c, s), a.where(turned, s, c))
  return everywhere(a, x, alternate(a, a.xor(out, signOf(a, x)), bits), 'tan', tan)
}

const PI: Pair<readonly [number, number]> = [
  [Math.fround(Math.PI), Math.PI - Math.fround(Math.PI)],
  [Math.PI, 1.2246467991473532e-16],
]
/** sin(pi x) / (pi x), 1 at 0 and 0 at the infinities; pi in two parts */
export function sinc(a: Registers, x: V): V {
  const n = a.nearest(x)
  const r = a.sub(x, n)
  const [high, low] = pick(a, PI)
  const u = a.madd(r, a.const(high), a.mul(r, a.const(low)))
  // n is odd where half of it is not whole; 0 becomes +0
  const half = a.mul(n, a.const(0.5))
  const flip = a.and(a.ne(a.nearest(half), half), a.const(-0))
  const s = a.add(a.xor(odd(a, u, a.mul(u, u), SIN), flip), a.const(0))
  const below = a.madd(x, a.const(high), a.mul(x, a.const(low)))
  const out = a.where(a.eq(x, a.const(0)), a.const(1), a.div(s, below))
  return a.andnot(out, a.gt(a.abs(x), a.const(2 ** 53)))
}

/** pi / 4 in two parts, the first so short that 3 times it is exact. */
const QUARTER: Pair<readonly [number, number]> = [
  [0.785398006439209, 1.5695823663008923e-7],
  [0.7853981633974483, 3.061616997868383e-17],
]
const steps = (a: Registers, k: V, rest: V): V => {
  const [high, low] = pick(a, QUARTER)
  return a.madd(k, a.const(high), a.madd(k, a.const(low), rest))
}

/**
 * arctan(y / x) for y, x >= 0, less than pi / 2, or pi minus that where `left`: from 0, pi / 4 or pi / 2, whichever is
 * near, in eighths of a turn, and arctan of the rest, which is one quotient.
 */
function angle(a: Registers, y: V, x: V, left?: V): V {
  const far = a.gt(y, a.mul(x, a.const(1 + Math.SQRT2)))
  const middle = a.gt(y, a.mul(x, a.const(Math.SQRT2 - 1)))
  const above = a.where(far, a.neg(x), a.where(middle, a.sub(y, x), y))
  const below = a.where(far, y, a.where(middle, a.add(y, x), x))
  const t = a.div(above, below)
  const rest = odd(a, t, a.mul(t, t), ATAN)
  const k = a.where(far, a.const(2), a.and(middle, a.const(1)))
  if (!left) return steps(a, k, rest)
  return steps(a, a.where(left, a.sub(a.const(4), k), k), a.xor(rest, a.and(left, a.const(-0))))
}

export const atan = (a: Registers, x: V): V => a.xor(angle(a, a.abs(x), a.const(1)), signOf(a, x))

/** The other leg of the right triangle with hypotenuse 1, NaN for |x| > 1. */
const leg = (a: Registers, x: V): V => a.sqrt(a.mul(a.sub(a.const(1), x), a.add(a.const(1), x)))
export const asin = (a: Registers, x: V): V => a.xor(angle(a, a.abs(x), leg(a, x)), signOf(a, x))
export const acos = (a: Registers, x: V): V => angle(a, leg(a, x), a.abs(x), a.lt(x, a.const(0)))

export function atan2(a: Registers, y: V, x: V): V {
  const [width, height] = [a.abs(x), a.abs(y)]
  const left = a.ilt(x, a.bits(0))
  // the sum of the legs may not overflow
  const unit = a.where(a.gt(a.pmax(width, height), a.const(pick(a, [2 ** 126, 2 ** 1022]))), a.const(0.25), a.const(1))
  const out = angle(a, a.mul(height, unit), a.mul(width, unit), left)
  // 0 / 0 goes along the axis, infinity / infinity in the middle
  const fixed = a.rare(a.ne(out, out), out, () => {
    const infinite = a.eq(a.min(width, height), a.const(Infinity))
    const zero = a.eq(a.max(width, height), a.const(0))
    const k = a.where(infinite, a.const(1), a.where(zero, a.const(0), a.const(NaN)))
    return steps(a, a.where(left, a.sub(a.const(4), k), k), a.const(0))
  })
  return a.xor(fixed, signOf(a, y))
}
