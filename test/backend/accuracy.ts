// What a row of the table is measured with: points over all magnitudes, the exact values, and the units of an error.
import type { Width } from '../../src/backend/math/registers.ts'
import { type OpName, table } from '../../src/engine/prims.ts'
import { Generator } from '../../src/index.ts'

/**
 * How far from f a row may be, in units of the last place, for float32 and float64; 0 is the same number. For float32,
 * f in float64 counts as exact; for float64, f has an error of its own (one unit for most of Math, up to four for the
 * special functions), which the bound includes.
 */
export const ulps: Partial<Record<OpName, readonly [number, number]>> = {
  pow: [1, 2],
  hypot: [1, 3],
  sin: [2.5, 3],
  cos: [2.5, 3],
  tanh: [2.5, 4],
  logit: [3, 3],
  tan: [3, 4],
  asin: [3, 3],
  acos: [3, 3],
  acosh: [3, 5],
  sinc: [3, 4],
  erf: [3, 5],
  erfc: [3.5, 7],
}
export const usual = [2, 3] as const
export const exact = new Set<string>([
  'neg',
  'abs',
  'sign',
  'signbit',
  'floor',
  'ceil',
  'round',
  'trunc',
  'relu',
  'sqrt',
  'reciprocal',
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'where',
  'fmod',
  'remainder',
  'floorDivide',
  'truncDivide',
  'copysign',
])
/** Where terms cancel, the error counts against the largest of them. */
export const terms: Partial<Record<OpName, (...x: number[]) => number>> = {
  logaddexp: (x, y) => Math.max(Math.abs(x), Math.abs(y)),
}
const DIGITS = 160n
const ONE = 1n << DIGITS
const times = (x: bigint, y: bigint): bigint => (x * y) >> DIGITS
/** 2 artanh(s), of fixed-point numbers with 160 digits after the point. */
function logRatio(s: bigint): bigint {
  let sum = 0n
  for (let power = 2n * s, k = 1n; power !== 0n && power !== -1n; power = times(power, times(s, s)), k += 2n)
    sum += power / k
  return sum
}
const LN2 = logRatio(ONE / 3n)
const view = new DataView(new ArrayBuffer(8))
/** A positive number as a fraction in [1, 2) times 2^exponent; the fraction in units of 2^-52. */
function fraction(x: number): [bigint, number] {
  if (x < 2 ** -1022) {
    const [m, exponent] = fraction(x * 2 ** 54)
    return [m, exponent - 54]
  }
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  return [(bits & ((1n << 52n) - 1n)) | (1n << 52n), Number(bits >> 52n) - 1023]
}
/** x^y for x > 0 to the last digit, where Math.pow is hundreds of units wrong for powers far from 1. */
function power(x: number, y: number): number {
  const [m, exponent] = fraction(x)
  const one = 1n << 52n
  const log2 = BigInt(exponent) * ONE + (logRatio(((m - one) * ONE) / (m + one)) * ONE) / LN2
  const [n, shift] = fraction(Math.abs(y))
  const size = shift < 52 ? (log2 * n) >> BigInt(52 - shift) : (log2 * n) << BigInt(shift - 52)
  const product = y < 0 ? -size : size
  const whole = product >> DIGITS
  const r = times(product - whole * ONE, LN2)
  let sum = 0n
  for (let term = ONE, k = 1n; term !== 0n; term = times(term, r) / k, k++) sum += term
  const half = Math.trunc((Number(whole) - 60) / 2)
  return Number(sum >> (DIGITS - 60n)) * 2 ** half * 2 ** (Number(whole) - 60 - half)
}

/** Better than f, where f loses digits. */
export const better: Partial<Record<OpName, (...x: number[]) => number>> = {
  logit: x => (x > 0.25 && x < 0.75 ? Math.log1p((2 * x - 1) / (1 - x)) : Math.log(x / (1 - x))),
  pow: (x, y) => {
    const out = table.get('pow')!.f!(x, y)
    return Math.abs(out) < Infinity && out !== 0 && Math.abs(x) !== 1 && y !== 0
      ? Math.sign(out) * power(Math.abs(x), y)
      : out
  },
}

export type Floats = Float32Array | Float64Array
export const arrays = { 4: Float32Array, 8: Float64Array } as const

const generator = new Generator(11)
const SPECIAL = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  10,
  100,
  1000,
  0.5,
  1.5,
  2.5,
  0.25,
  0.75,
  0.1,
  1e-3,
  Math.PI,
  Math.PI / 2,
  Math.PI / 4,
  Math.LN2,
  Math.E,
  Infinity,
  1e-45,
  5e-324,
  1e-40,
  1e-310,
  2 ** -126,
  2 ** -1022,
  3.4028234663852886e38,
  1.7976931348623157e308,
  2 ** 23,
  2 ** 24 + 2,
  2 ** 31,
  2 ** 52,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  2 ** 100,
  1 - 2 ** -24,
  1 + 2 ** -23,
  1 - 2 ** -53,
  1 + 2 ** -52,
  88.7,
  88.8,
  103.9,
  104,
  709.7,
  709.8,
  745.1,
  745.2,
  9.1,
  19.1,
  0.46875,
  28,
].flatMap(x => [x, -x])
SPECIAL.push(NaN)

/** Any magnitude, uniform in the exponent. */
const magnitude = (width: Width): number => {
  const [low, high] = width === 4 ? [-149, 128] : [-1074, 1024]
  const x = 2 ** (low + Math.floor(generator.uniform() * (high - low))) * (1 + generator.uniform())
  return generator.uniform() < 0.5 ? x : -x
}
const between = (low: number, high: number): number => low + generator.uniform() * (high - low)

/** Points for n operands, one array each. */
export function points(n: number, width: Width): Floats[] {
  const rows: number[][] = []
  const put = (count: number, ...draw: (() => number)[]): void => {
    for (let i = 0; i < count; i++) rows.push(Array.from({ length: n }, (_, k) => draw[k % draw.length]()))
  }
  const any = (): number => magnitude(width)
  const main = (): number => between(-4, 4)
  const wide = (): number => between(-120, 120)
  const wider = (): number => between(-800, 800)
  const whole = (): number => Math.round(between(-20, 20))
  const special = (): number => SPECIAL[Math.floor(generator.uniform() * SPECIAL.length)]
  for (const draw of [any, main, wide, wider]) put(3000, draw)
  put(1000, whole)
  put(2000, () => 1 + between(-1, 1) * 2 ** between(-50, 0))
  put(1000, () => whole() * (Math.PI / 4) * (1 + between(-1, 1) * 2 ** between(-52, -10)))
  for (const x of SPECIAL)
    for (const y of n > 1 ? SPECIAL : [0]) rows.push(Array.from({ length: n }, (_, k) => [x, y, -1][k]))
  if (n > 1) {
    for (const draw of [any, main, wide, whole]) {
      put(500, draw, special)
      put(500, special, draw)
      put(1000, () => Math.abs(draw()), main)
      put(1000, draw, any)
    }
    // near the same, and powers that end all over the range
    put(2000, () => 0)
    for (const row of rows.slice(-2000)) {
      row[0] = magnitude(width)
      row[1] = row[0] * (1 + between(-1, 1) * 2 ** between(-50, 1))
    }
    put(3000, () => 0)
    for (const row of rows.slice(-3000)) {
      row[0] = Math.abs(generator.uniform() < 0.5 ? magnitude(width) : 1 + between(-1, 1) * 2 ** between(-40, 0))
      row[1] = (between(-1, 1) * (width === 4 ? 150 : 1075)) / Math.log2(row[0])
    }
  }
  return Array.from({ length: n }, (_, k) => new arrays[width](rows.map(row => row[k])))
}

const bits = { 4: 23, 8: 52 } as const
/** The distance of two numbers next to x, in float of that width. */
const spacing = (x: number, width: Width): number => {
  const exponent = Math.floor(Math.log2(Math.abs(x)))
  return 2 ** (Math.max(Math.min(exponent, width === 4 ? 127 : 1023), width === 4 ? -126 : -1022) - bits[width])
}
const OVER = { 4: 2 ** 128, 8: Infinity } as const

/** How wrong `out` is for the number `want`, in units of the last place; Infinity where it is another kind of thing. */
export function error(out: number, want: number, scale: number, width: Width): number {
  const rounded = width === 4 ? Math.fround(want) : want
  if (Object.is(out, rounded) && !(Math.abs(out) < Infinity && out !== 0)) return 0
  if (Number.isNaN(out) || Number.isNaN(want)) return Infinity
  if (out === 0 && rounded === 0) return scale > Math.abs(want) ? 0 : Infinity // a sign that cancelling terms leave open
  const finite = Math.abs(out) === Infinity ? Math.sign(out) * OVER[width] : out
  if (Math.abs(finite) === Infinity || Math.abs(want) === Infinity) {
    // the largest number in place of infinity, or the other way round, is the last unit
    return Math.abs(finite) >= 1.7976931348623155e308 && Math.abs(want) >= 1.7976931348623155e308 && finite * want > 0
      ? 1
      : Infinity
  }
  return Math.abs(finite - want) / spacing(scale, width)
}
