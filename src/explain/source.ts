// The special functions of src/engine/special.ts as text. Written by scripts/source.ts, not by hand.

// biome-ignore-all format: as it was written

export const source: Readonly<Record<string, { readonly uses: readonly string[]; readonly text: string }>> = {
  poly: {
    uses: [],
    text: `function poly(c: readonly number[], x: number): number {
  let out = c[c.length - 1]
  for (let i = c.length - 2; i >= 0; i--) out = out * x + c[i]
  return out
}`,
  },
  BERNOULLI: {
    uses: [],
    text: `const BERNOULLI: readonly number[] = [
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
]`,
  },
  roundEven: {
    uses: [],
    text: `function roundEven(x: number): number {
  if (x >= 0) return x < 2 ** 52 ? x + 2 ** 52 - 2 ** 52 || x * 0 : x
  return x > -(2 ** 52) ? x - 2 ** 52 + 2 ** 52 || x * 0 : x
}`,
  },
  remainder: {
    uses: [],
    text: `function remainder(x: number, y: number): number {
  const out = x % y
  return out !== 0 && out < 0 !== y < 0 ? out + y : out
}`,
  },
  floorDivide: {
    uses: ['roundEven', 'copysign'],
    text: `function floorDivide(x: number, y: number): number {
  if (y === 0 || !Number.isFinite(x)) return y === 0 ? x / y : NaN
  const rest = x % y
  const out = roundEven((x - rest) / y) - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0)
  return out === 0 ? copysign(0, x / y) : out
}`,
  },
  copysign: {
    uses: [],
    text: `function copysign(x: number, y: number): number {
  const a = Math.abs(x)
  return y < 0 || (y === 0 && 1 / y < 0) ? -a : a
}`,
  },
  pow: {
    uses: [],
    text: `function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y
}`,
  },
  xlogy: {
    uses: [],
    text: `function xlogy(x: number, y: number): number {
  return x === 0 && !Number.isNaN(y) ? 0 : x * Math.log(y)
}`,
  },
  xlog1py: {
    uses: [],
    text: `function xlog1py(x: number, y: number): number {
  return x === 0 && !Number.isNaN(y) ? 0 : x * Math.log1p(y)
}`,
  },
  logaddexp: {
    uses: [],
    text: `function logaddexp(x: number, y: number): number {
  return x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)))
}`,
  },
  log1pexp: {
    uses: [],
    text: `function log1pexp(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))
}`,
  },
  sigmoid: {
    uses: [],
    text: `function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x))
  return x < 0 ? e / (1 + e) : 1 / (1 + e)
}`,
  },
  sinpi: {
    uses: ['roundEven', 'copysign'],
    text: `function sinpi(x: number): number {
  const r = x - 2 * roundEven(x / 2)
  return Math.sin(Math.PI * (Math.abs(r) > 0.5 ? copysign(1, r) - r : r))
}`,
  },
  sinc: {
    uses: ['sinpi'],
    text: `function sinc(x: number): number {
  if (x === 0) return 1
  return Math.abs(x) > 2 ** 53 ? 0 : sinpi(x) / (Math.PI * x)
}`,
  },
  ERF_P: {
    uses: [],
    text: `const ERF_P: readonly number[] = [
  1.1283791670955126, 0.1421429027745966, 0.04529995182373537, 0.0018267707577322098, 0.00019485709577212845,
]`,
  },
  ERF_Q: {
    uses: [],
    text: `const ERF_Q: readonly number[] = [
  1, 0.4593042010341944, 0.09324743737263802, 0.010580516262460649, 0.0006809673023474765, 2.0281975273933736e-5,
]`,
  },
  NEAR_P: {
    uses: [],
    text: `const NEAR_P: readonly number[] = [
  1.0000000024196927, 1.5563888837113249, 1.2006324368141954, 0.5572247160260059, 0.16229543429977425,
  0.028153308500001948, 0.0023110538283569364,
]`,
  },
  NEAR_Q: {
    uses: [],
    text: `const NEAR_Q: readonly number[] = [
  1, 2.6847680811722845, 3.230068626722185, 2.2694522483148467, 1.01265181793244, 0.2897053577499508,
  0.04990065304264909, 0.004096230682889738,
]`,
  },
  FAR_P: {
    uses: [],
    text: `const FAR_P: readonly number[] = [
  0.28209479177387753, 8.108326368694078, 80.18649375644672, 331.05452364019254, 545.9650661114307, 271.2553154807773,
  7.1447446360887,
]`,
  },
  FAR_Q: {
    uses: [],
    text: `const FAR_Q: readonly number[] = [
  1, 30.243268593175323, 325.8686221908606, 1562.0734061274513, 3394.378997826125, 3010.990955677974, 781.522669446863,
]`,
  },
  erfNear: {
    uses: ['poly', 'ERF_P', 'ERF_Q'],
    text: `const erfNear = (x: number): number => (x * poly(ERF_P, x * x)) / poly(ERF_Q, x * x)`,
  },
  erfcxFar: {
    uses: ['poly', 'NEAR_P', 'NEAR_Q', 'FAR_P', 'FAR_Q'],
    text: `function erfcxFar(x: number): number {
  if (x < 2.75) return poly(NEAR_P, x) / poly(NEAR_Q, x)
  const z = 1 / x / x
  return (0.5641895835477563 - (z * poly(FAR_P, z)) / poly(FAR_Q, z)) / x
}`,
  },
  expSquare: {
    uses: [],
    text: `function expSquare(x: number, sign: 1 | -1): number {
  const square = x * x
  const high = Math.fround(x)
  const lost = high * high - square + (x - high) * (x + high)
  const e = Math.exp(sign * square)
  return e + e * sign * lost
}`,
  },
  erfcFar: {
    uses: ['expSquare', 'erfcxFar'],
    text: `const erfcFar = (x: number): number => (x > 28 ? 0 : expSquare(x, -1) * erfcxFar(x))`,
  },
  erf: {
    uses: ['erfNear', 'erfcFar'],
    text: `function erf(x: number): number {
  const a = Math.abs(x)
  if (a < 0.75) return erfNear(x)
  const out = a > 6 ? 1 : 1 - erfcFar(a)
  return x < 0 ? -out : out
}`,
  },
  erfc: {
    uses: ['erfcFar', 'erfNear'],
    text: `function erfc(x: number): number {
  if (x >= 0.75) return erfcFar(x)
  return x > -0.75 ? 1 - erfNear(x) : x < -6 ? 2 : 2 - erfcFar(-x)
}`,
  },
  erfcx: {
    uses: ['erfcxFar', 'expSquare', 'erfc'],
    text: `function erfcx(x: number): number {
  if (x >= 0.75) return erfcxFar(x)
  return x < -26.63 ? Infinity : expSquare(x, 1) * erfc(x)
}`,
  },
  erfinv: {
    uses: ['erf', 'erfc', 'expSquare'],
    text: `function erfinv(y: number): number {
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
}`,
  },
  LGAMMA_P: {
    uses: [],
    text: `const LGAMMA_P: readonly number[] = [
  0.5131532572273412, 2.72019599889065, 5.392854555210202, 4.918447401923924, 1.9715619588404136, 0.1807264968083866,
  -0.07195062095373446, -0.014563951107955346, -0.0005815682607881216,
]`,
  },
  LGAMMA_Q: {
    uses: [],
    text: `const LGAMMA_Q: readonly number[] = [
  1, 6.436934712075573, 16.42269498095942, 21.279242608271247, 14.958268753061752, 5.673365724620207, 1.092230662722909,
  0.09278204792694594, 0.0024611990032494062, -1.028219666751597e-6,
]`,
  },
  STIRLING: {
    uses: ['BERNOULLI'],
    text: `const STIRLING = BERNOULLI.map((b, i) => b / ((2 * i + 1) * (2 * i + 2)))`,
  },
  lgamma: {
    uses: ['sinpi', 'poly', 'STIRLING', 'LGAMMA_P', 'LGAMMA_Q'],
    text: `function lgamma(x: number): number {
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
}`,
  },
  DIGAMMA_ZERO: {
    uses: [],
    text: `const DIGAMMA_ZERO = 1.4616321449683622`,
  },
  DIGAMMA_ZERO_LOW: {
    uses: [],
    text: `const DIGAMMA_ZERO_LOW = 9.549995429965697e-17`,
  },
  DIGAMMA_P: {
    uses: [],
    text: `const DIGAMMA_P: readonly number[] = [
  1.2503801375034054, 1.795057111845116, 0.8736348147264987, 0.17401390456837032, 0.013120453577701894,
  0.00024684869932271717,
]`,
  },
  DIGAMMA_Q: {
    uses: [],
    text: `const DIGAMMA_Q: readonly number[] = [
  1, 1.1191559214444842, 0.42629012381442694, 0.06543193493106313, 0.003629135551400762, 4.391621464764503e-5,
]`,
  },
  DIGAMMA_TAIL: {
    uses: ['BERNOULLI'],
    text: `const DIGAMMA_TAIL = BERNOULLI.map((b, i) => b / (2 * i + 2))`,
  },
  digamma: {
    uses: ['roundEven', 'poly', 'DIGAMMA_TAIL', 'DIGAMMA_ZERO', 'DIGAMMA_ZERO_LOW', 'DIGAMMA_P', 'DIGAMMA_Q'],
    text: `function digamma(x: number): number {
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
}`,
  },
  hurwitz: {
    uses: ['BERNOULLI'],
    text: `function hurwitz(s: number, q: number, unit: number): number {
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
}`,
  },
  zeta: {
    uses: ['hurwitz', 'roundEven'],
    text: `function zeta(s: number, q: number): number {
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
}`,
  },
  powerBelow: {
    uses: [],
    text: `const powerBelow = (x: number): number => 2 ** Math.min(1023, Math.floor(Math.log2(x)))`,
  },
  polygamma: {
    uses: ['digamma', 'powerBelow', 'hurwitz', 'zeta'],
    text: `function polygamma(n: number, x: number): number {
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
}`,
  },
}
