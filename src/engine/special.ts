// Special functions on numbers: what Math lacks, in float64, right to a few units in the last place (ulp) everywhere.
//
// Each function names the range where its bound holds. "Near a zero" means a zero that no closed form locates
// (those of lgamma and digamma at negative x): there the bound is absolute, a few 1e-16 of the terms that cancel.
// Rational fits interpolate the true function at Chebyshev points in 100-digit arithmetic, in a variable and on a range
// where evaluating them cancels next to nothing.

/** c[0] + c[1] x + c[2] x^2 + ... (Horner). */
function poly(c: readonly number[], x: number): number {
  let out = c[c.length - 1]
  for (let i = c.length - 2; i >= 0; i--) out = out * x + c[i]
  return out
}

/** Bernoulli numbers B2, B4, ..., B24: the tails of Stirling's series, of digamma's and of Euler and Maclaurin's. */
const BERNOULLI: readonly number[] = [
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
  43867 / 798,
  -174611 / 330,
  854513 / 138,
  -236364091 / 2730,
]

// ---------------------------------------------------------------- rounding, remainders, signs

/**
 * x to the nearest integer, halves to the even one, keeping the sign of zero. Exact.
 *
 * Source: adding 2^52 leaves no room for a fraction, so the addition itself rounds, and half to even.
 * @example [0.5, 1.5, 2.5, -0.4].map(roundEven)  // [0, 2, 2, -0]
 */
export function roundEven(x: number): number {
  if (x >= 0) return x < 2 ** 52 ? x + 2 ** 52 - 2 ** 52 || x * 0 : x
  return x > -(2 ** 52) ? x - 2 ** 52 + 2 ** 52 || x * 0 : x
}

/**
 * x - y floor(x / y), with the sign of the divisor y, as PyTorch and Python. Exact but for the one addition.
 * y = 0 gives NaN; an infinite y gives x, or y where the signs differ. A zero result keeps the sign of x.
 *
 * Source: the exact fmod (JavaScript's %), moved by y where its sign is not y's.
 * @example remainder(-7, 3)  // 2
 */
export function remainder(x: number, y: number): number {
  const out = x % y
  return out !== 0 && out < 0 !== y < 0 ? out + y : out
}

/**
 * floor(x / y), with floor(x / y) y + remainder(x, y) = x; y = 0 gives x / 0. Within 1 ulp, exact below 2^53.
 *
 * Source: (x - remainder) / y rounded to the integer it is, as PyTorch: x / y alone may round up to the next integer.
 * @example floorDivide(1, 0.1)  // 9
 */
export function floorDivide(x: number, y: number): number {
  if (y === 0 || !Number.isFinite(x)) return y === 0 ? x / y : NaN
  const rest = x % y
  const out = roundEven((x - rest) / y) - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0)
  return out === 0 ? copysign(0, x / y) : out
}

/**
 * |x| with the sign of y; -0 counts as negative, NaN as positive. Exact.
 *
 * Source: IEEE 754 copySign.
 * @example copysign(3, -0)  // -3
 */
export function copysign(x: number, y: number): number {
  const a = Math.abs(x)
  return y < 0 || (y === 0 && 1 / y < 0) ? -a : a
}

// ---------------------------------------------------------------- powers and logarithms at their corners

/**
 * x^y, as C and PyTorch have it: 1 to any power, even NaN, is 1, and so is -1 to an infinite one, where JavaScript
 * says NaN. As exact as Math.pow.
 *
 * Source: IEEE 754 pow.
 * @example pow(1, NaN)  // 1
 */
export function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y
}

/**
 * x log(y), 0 where x is 0 and y not NaN, even at y = 0 or below; within 2 ulp.
 *
 * Source: the limit x log(x) -> 0, which makes entropies total.
 * @example xlogy(0, 0)  // 0
 */
export function xlogy(x: number, y: number): number {
  return x === 0 && !Number.isNaN(y) ? 0 : x * Math.log(y)
}

/**
 * x log(1 + y), 0 where x is 0 and y not NaN; within 2 ulp, for small y too.
 *
 * Source: as xlogy.
 * @example xlog1py(2, 1e-20)  // 2e-20
 */
export function xlog1py(x: number, y: number): number {
  return x === 0 && !Number.isNaN(y) ? 0 : x * Math.log1p(y)
}

// ---------------------------------------------------------------- sums of exponentials

/**
 * log(exp(x) + exp(y)), with no overflow; within 2 ulp of max(|out|, |x|, |y|).
 *
 * Source: max + log1p(exp(-|x - y|)). Equal infinities are their own sum.
 * @example logaddexp(1000, 1000)  // 1000.6931471805599
 */
export function logaddexp(x: number, y: number): number {
  return x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)))
}

/**
 * Softplus, log(1 + exp(x)); within 2 ulp everywhere: exp(x) on the far left, x on the far right.
 *
 * Source: log(1 + e^x) = x + log(1 + e^-x), whichever exponential is at most 1.
 * @example log1pexp(-50)  // 1.9287498479639178e-22
 */
export function log1pexp(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))
}

/**
 * 1 / (1 + exp(-x)), with no overflow; within 3 ulp everywhere, so the left tail is exp(x) down to subnormals.
 *
 * Source: the definition for x >= 0; e^x / (1 + e^x) below.
 * @example sigmoid(-50)  // 1.9287498479639178e-22
 */
export function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x))
  return x < 0 ? e / (1 + e) : 1 / (1 + e)
}

// ---------------------------------------------------------------- sines in half turns

/** sin(pi x), exact reduction: 0 at every integer. */
function sinpi(x: number): number {
  const r = x - 2 * roundEven(x / 2)
  return Math.sin(Math.PI * (Math.abs(r) > 0.5 ? copysign(1, r) - r : r))
}

/**
 * sin(pi x) / (pi x), 1 at 0 and exactly 0 at every other integer and at the infinities (its limit, where PyTorch
 * says NaN); within 4 ulp everywhere, next to its zeros too.
 *
 * Source: the definition, with x reduced by whole turns before it is multiplied by pi.
 * @example sinc(0.5)  // 0.6366197723675814
 */
export function sinc(x: number): number {
  if (x === 0) return 1
  return Math.abs(x) > 2 ** 53 ? 0 : sinpi(x) / (Math.PI * x)
}

// ---------------------------------------------------------------- the error function

/** erf(x) / x for x^2 in [0, 0.5625], a rational function of x^2 (its error 2e-20). */
const ERF_P: readonly number[] = [
  1.1283791670955126, 0.1421429027745966, 0.04529995182373537, 0.0018267707577322098, 0.00019485709577212845,
]
const ERF_Q: readonly number[] = [
  1, 0.4593042010341944, 0.09324743737263802, 0.010580516262460649, 0.0006809673023474765, 2.0281975273933736e-5,
]

/** erfcx(x) for x in [0.75, 2.75], a rational function (its error 2e-17). */
const NEAR_P: readonly number[] = [
  1.0000000024196927, 1.5563888837113249, 1.2006324368141954, 0.5572247160260059, 0.16229543429977425,
  0.028153308500001948, 0.0023110538283569364,
]
const NEAR_Q: readonly number[] = [
  1, 2.6847680811722845, 3.230068626722185, 2.2694522483148467, 1.01265181793244, 0.2897053577499508,
  0.04990065304264909, 0.004096230682889738,
]

/** (1 / sqrt(pi) - x erfcx(x)) x^2 for x >= 2.75, a rational function of 1 / x^2 (its error in erfcx 6e-18). */
const FAR_P: readonly number[] = [
  0.28209479177387753, 8.108326368694078, 80.18649375644672, 331.05452364019254, 545.9650661114307, 271.2553154807773,
  7.1447446360887,
]
const FAR_Q: readonly number[] = [
  1, 30.243268593175323, 325.8686221908606, 1562.0734061274513, 3394.378997826125, 3010.990955677974, 781.522669446863,
]

const erfNear = (x: number): number => (x * poly(ERF_P, x * x)) / poly(ERF_Q, x * x)

/** erfcx(x) for x >= 0.75. */
function erfcxFar(x: number): number {
  if (x < 2.75) return poly(NEAR_P, x) / poly(NEAR_Q, x)
  const z = 1 / x / x
  return (0.5641895835477563 - (z * poly(FAR_P, z)) / poly(FAR_Q, z)) / x
}

/** exp(sign x^2) for |x| < 1e38: the rounding of x^2, magnified by exp, is put back to first order. */
function expSquare(x: number, sign: 1 | -1): number {
  const square = x * x
  const high = Math.fround(x)
  const lost = high * high - square + (x - high) * (x + high)
  const e = Math.exp(sign * square)
  return e + e * sign * lost
}

/** erfc(x) for x >= 0.75. */
const erfcFar = (x: number): number => (x > 28 ? 0 : expSquare(x, -1) * erfcxFar(x))

/**
 * 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; odd, in [-1, 1]; within 3 ulp everywhere.
 *
 * Source: a rational fit of erf(x) / x below 0.75, 1 - erfc(x) above.
 * @example erf(0.5)  // 0.5204998778130465
 */
export function erf(x: number): number {
  const a = Math.abs(x)
  if (a < 0.75) return erfNear(x)
  const out = a > 6 ? 1 : 1 - erfcFar(a)
  return x < 0 ? -out : out
}

/**
 * 1 - erf(x), in [0, 2]; within 4 ulp everywhere, down to its underflow past x = 27.2.
 *
 * Source: exp(-x^2) erfcx(x), exp(-x^2) with the rounding of x^2 undone; 1 - erf(x) and 2 - erfc(-x) left of 0.75.
 * @example erfc(10)  // 2.0884875837625446e-45
 */
export function erfc(x: number): number {
  if (x >= 0.75) return erfcFar(x)
  return x > -0.75 ? 1 - erfNear(x) : x < -6 ? 2 : 2 - erfcFar(-x)
}

/**
 * exp(x^2) erfc(x), the scaled complement; within 4 ulp everywhere. About 1 / (x sqrt(pi)) on the right,
 * infinite left of -26.6.
 *
 * Source: rational fits of x right of 0.75 and of 1 / x^2 right of 2.75; the definition to the left.
 * @example erfcx(100)  // 0.005641613782989433
 */
export function erfcx(x: number): number {
  if (x >= 0.75) return erfcxFar(x)
  return x < -26.63 ? Infinity : expSquare(x, 1) * erfc(x)
}

/**
 * The x in [-Infinity, Infinity] with erf(x) = y; y in [-1, 1], else NaN. Within 4 ulp everywhere.
 *
 * Source: Winitzki's closed form (2008, relative error 2e-3), then two or three of Halley's steps, each cubing the
 * error; the upper half solves erfc(x) = 1 - y, where 1 - y is exact.
 * @example erfinv(0.5)  // 0.47693627620446977
 */
export function erfinv(y: number): number {
  const a = Math.abs(y)
  if (!(a < 1)) return a === 1 ? y * Infinity : NaN
  const log = Math.log1p(-a * a) / 0.147
  const half = 2 / (0.147 * Math.PI) + (0.147 * log) / 2
  let x = Math.sqrt(-log / (half + Math.sqrt(half * half - log)))
  for (let step = 0, u = 1; step < 3 && Math.abs(u) > 1e-7 * x; step++) {
    const miss = a < 0.5 ? erf(x) - a : 1 - a - erfc(x)
    u = miss * (Math.sqrt(Math.PI) / 2) * expSquare(x, 1)
    x -= u / (1 + x * u)
  }
  return y < 0 ? -x : y === 0 ? y : x
}

// ---------------------------------------------------------------- the gamma function's logarithm and its derivatives

/** lgamma(x) / ((x - 1) (x - 2)) - 1/4 for x in [0.7, 2.5], a rational function of x - 0.5 (its error 1e-17). */
const LGAMMA_P: readonly number[] = [
  0.5131532572273412, 2.72019599889065, 5.392854555210202, 4.918447401923924, 1.9715619588404136, 0.1807264968083866,
  -0.07195062095373446, -0.014563951107955346, -0.0005815682607881216,
]
const LGAMMA_Q: readonly number[] = [
  1, 6.436934712075573, 16.42269498095942, 21.279242608271247, 14.958268753061752, 5.673365724620207, 1.092230662722909,
  0.09278204792694594, 0.0024611990032494062, -1.028219666751597e-6,
]

const STIRLING = BERNOULLI.map((b, i) => b / ((2 * i + 1) * (2 * i + 2)))

/**
 * log |gamma(x)|; Infinity at the poles (0 and the negative integers) and at the infinities. Within 4 ulp for x > 0,
 * next to its zeros 1 and 2 too, and for x < 0 except near a zero.
 *
 * Source: Stirling's series from 8 up; between, gamma(x + 1) = x gamma(x) onto [0.7, 2.5] and a rational fit there
 * that carries the zeros; Euler's reflection gamma(x) gamma(-x) = -pi / (x sin(pi x)) below -0.5.
 * @example lgamma(10)  // 12.80182748008147
 */
export function lgamma(x: number): number {
  if (x < -0.5) return x === Math.floor(x) ? Infinity : Math.log(Math.PI / Math.abs(x * sinpi(x))) - lgamma(-x)
  if (x < 0.7) return lgamma(1 + x) - Math.log(Math.abs(x))
  if (x >= 8) {
    if (x === Infinity) return x
    return (x - 0.5) * (Math.log(x) - 1) + (Math.log(2 * Math.PI) / 2 - 0.5 + poly(STIRLING, 1 / x / x) / x)
  }
  let product = 1
  while (x > 2.5) {
    x -= 1
    product *= x
  }
  return Math.log(product) + (x - 1) * (x - 2) * (0.25 + poly(LGAMMA_P, x - 0.5) / poly(LGAMMA_Q, x - 0.5))
}

/** digamma's positive zero in two parts, and x digamma(x) / (x - zero) for x in [1, 2], a rational function of x - 1
 * (its error 2e-17). */
const DIGAMMA_ZERO = 1.4616321449683622
const DIGAMMA_ZERO_LOW = 9.549995429965697e-17
const DIGAMMA_P: readonly number[] = [
  1.2503801375034054, 1.795057111845116, 0.8736348147264987, 0.17401390456837032, 0.013120453577701894,
  0.00024684869932271717,
]
const DIGAMMA_Q: readonly number[] = [
  1, 1.1191559214444842, 0.42629012381442694, 0.06543193493106313, 0.003629135551400762, 4.391621464764503e-5,
]

const DIGAMMA_TAIL = BERNOULLI.map((b, i) => b / (2 * i + 2))

/**
 * The derivative of log gamma. As PyTorch: -Infinity at 0, Infinity at -0, NaN at the negative integers and -Infinity.
 * Within 4 ulp for x > 0, next to its zero 1.46 too, and for x < 0 except near a zero.
 *
 * Source: the asymptotic series from 8 up; between, digamma(x + 1) = digamma(x) + 1 / x onto [1, 2] and a rational fit
 * there that carries the zero; the reflection digamma(x) = digamma(1 - x) - pi / tan(pi x) below 0.
 * @example digamma(1)  // -0.5772156649015329
 */
export function digamma(x: number): number {
  if (x === 0) return -1 / x
  if (x < 0) return x === Math.floor(x) ? NaN : digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - roundEven(x)))
  if (x < 1) return digamma(1 + x) - 1 / x
  if (x >= 8) return Math.log(x) - (0.5 + poly(DIGAMMA_TAIL, 1 / x / x) / x) / x
  let sum = 0
  while (x > 2) {
    x -= 1
    sum += 1 / x
  }
  return sum + ((x - DIGAMMA_ZERO - DIGAMMA_ZERO_LOW) * poly(DIGAMMA_P, x - 1)) / (x * poly(DIGAMMA_Q, x - 1))
}

/** unit^(s - 1) zeta(s, q), for s > 1 and q > 0, both finite; unit, a power of 2 near q, keeps it in range. */
function hurwitz(s: number, q: number, unit: number): number {
  let sum = 0
  let low = 0 // what sum has lost to rounding: its own, and that of q + k, which the power magnifies s times
  let r = q
  let lost = 0
  for (let k = 1; r < s + 8; k++) {
    const term = (r / unit) ** -s
    const next = sum + term
    if (next === Infinity) return next
    low += sum - next + term - (term * s * lost) / r
    sum = next
    if (term <= 1e-17 * sum) return (sum + low) / unit
    r = q + k
    lost = q - (r - (r - q)) + (k - (r - q))
  }
  let tail = 1 / (s - 1) + 0.5 / r
  let c = s / 2 / r / r
  for (let j = 1; j <= BERNOULLI.length; j++) {
    tail += BERNOULLI[j - 1] * c
    c *= ((s + 2 * j - 1) / (2 * j + 1) / r) * ((s + 2 * j) / (2 * j + 2) / r)
  }
  return sum / unit + (low / unit + (r / unit) ** (1 - s) * (1 + ((1 - s) * lost) / r) * tail)
}

/**
 * Hurwitz's zeta, the sum over k >= 0 of (q + k)^-s, for s > 1; within 5 ulp for q > 0. As PyTorch: Infinity at s = 1
 * and at q = 0, -1, ...; other negative q want an integer s; everything else is NaN.
 *
 * Source: terms up to s + 8, then Euler and Maclaurin's formula. For q < 0 the sum over all integers depends on
 * the fraction of q only, which turns it into three sums with q > 0.
 * @example zeta(2, 1)  // 1.6449340668482264
 */
export function zeta(s: number, q: number): number {
  if (s === 1) return Infinity
  if (!(s > 1) || Number.isNaN(q)) return NaN
  if (q > 0) {
    if (q === Infinity) return 0
    return s === Infinity ? (q < 1 ? Infinity : q === 1 ? 1 : 0) : hurwitz(s, q, 1)
  }
  if (q === Math.floor(q)) return Infinity
  if (s !== Math.floor(s)) return NaN
  const d = q - roundEven(q)
  const left = zeta(s, d > 0 ? 1 - d : -d) - zeta(s, 1 - q)
  return zeta(s, d > 0 ? d : 1 + d) + (s % 2 === 0 ? left : -left)
}

/** The power of 2 below x, or next to it. */
const powerBelow = (x: number): number => 2 ** Math.min(1023, Math.floor(Math.log2(x)))

/**
 * The n-th derivative of digamma, n = 0, 1, 2, ...; any other n gives NaN. Poles, for n >= 1, are as PyTorch's:
 * (-1)^(n+1) Infinity. Within 5 ulp up to n = 30, 25 up to n = 400, for x > 0 and, except near a zero,
 * for x < 0.
 *
 * Source: (-1)^(n+1) n! zeta(n + 1, x). Both factors leave the range of numbers long before their product does:
 * they trade powers of 2, exactly, and the factorial is multiplied up from both ends.
 * @example polygamma(1, 1)  // 1.6449340668482264
 */
export function polygamma(n: number, x: number): number {
  if (n === 0) return digamma(x)
  if (!(n > 0 && n === Math.floor(n))) return NaN
  const sign = n % 2 === 1 ? 1 : -1
  const unit = x > 0 && x < Infinity ? powerBelow(x) : 1
  const sum = x > 0 && x < Infinity ? hurwitz(n + 1, x, unit) : zeta(n + 1, x)
  if (sum === 0 || !Number.isFinite(sum)) return sign * sum
  const near = powerBelow(Math.abs(sum))
  let out = near
  for (let low = 1, high = n; low <= high; ) out *= (out < 1 ? high-- : low++) / unit
  return sign * out * (sum / near)
}
