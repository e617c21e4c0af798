// The table's values on complex numbers: for the complex step, which differentiates without a rule and without a difference.
import type { Expr } from '../engine/expr.ts'
import { postorder } from '../engine/graph.ts'
import { type OpName, table } from '../engine/prims.ts'
import * as special from '../engine/special.ts'

/** A complex number: its real and its imaginary part. */
export type Complex = readonly [re: number, im: number]

const real = (x: number): Complex => [x, 0]
const ONE = real(1)
const add = ([a, b]: Complex, [c, d]: Complex): Complex => [a + c, b + d]
const sub = ([a, b]: Complex, [c, d]: Complex): Complex => [a - c, b - d]
const mul = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c]
const scale = (k: number, [a, b]: Complex): Complex => [k * a, k * b]
const neg = (x: Complex): Complex => scale(-1, x)
const conj = ([a, b]: Complex): Complex => [a, -b]
/** Smith 1962: no square, so no overflow. */
function div([a, b]: Complex, [c, d]: Complex): Complex {
  if (Math.abs(c) >= Math.abs(d)) {
    const r = d / c
    const s = c + d * r
    return [(a + b * r) / s, (b - a * r) / s]
  }
  const r = c / d
  const s = c * r + d
  return [(a * r + b) / s, (b * r - a) / s]
}

const exp = ([a, b]: Complex): Complex => [Math.exp(a) * Math.cos(b), Math.exp(a) * Math.sin(b)]
const expm1 = ([a, b]: Complex): Complex => [
  Math.expm1(a) * Math.cos(b) - 2 * Math.sin(b / 2) ** 2,
  Math.exp(a) * Math.sin(b),
]
const log = ([a, b]: Complex): Complex => [Math.log(Math.hypot(a, b)), Math.atan2(b, a)]
const log1p = ([a, b]: Complex): Complex => [Math.log1p(2 * a + a * a + b * b) / 2, Math.atan2(b, 1 + a)]
function sqrt([a, b]: Complex): Complex {
  const r = Math.hypot(a, b)
  if (r === 0) return [0, b]
  const u = Math.sqrt((r + Math.abs(a)) / 2)
  return a >= 0 ? [u, b / (2 * u)] : [Math.abs(b) / (2 * u), special.copysign(u, b)]
}
const sin = ([a, b]: Complex): Complex => [Math.sin(a) * Math.cosh(b), Math.cos(a) * Math.sinh(b)]
const cos = ([a, b]: Complex): Complex => [Math.cos(a) * Math.cosh(b), -Math.sin(a) * Math.sinh(b)]
const sinh = ([a, b]: Complex): Complex => [Math.sinh(a) * Math.cos(b), Math.cosh(a) * Math.sin(b)]
const cosh = ([a, b]: Complex): Complex => [Math.cosh(a) * Math.cos(b), Math.sinh(a) * Math.sin(b)]
function tanh([a, b]: Complex): Complex {
  const [t, u] = [Math.tanh(a), Math.tan(b)]
  return div([t, u], [1, t * u])
}
/** f(z) = -i g(iz), for sin and sinh and their like. */
const turned =
  (g: (x: Complex) => Complex) =>
  ([a, b]: Complex): Complex => {
    const [c, d] = g([-b, a])
    return [d, -c]
  }
// Kahan 1987: no cancellation near the real axis
function asin(x: Complex): Complex {
  const [below, above] = [sqrt(sub(ONE, x)), sqrt(add(ONE, x))]
  return [Math.atan2(x[0], mul(below, above)[0]), Math.asinh(mul(conj(below), above)[1])]
}
function acos(x: Complex): Complex {
  const [below, above] = [sqrt(sub(ONE, x)), sqrt(add(ONE, x))]
  return [2 * Math.atan2(below[0], above[0]), Math.asinh(mul(conj(above), below)[1])]
}
function acosh(x: Complex): Complex {
  const [below, above] = [sqrt(sub(x, ONE)), sqrt(add(x, ONE))]
  return [Math.asinh(mul(conj(below), above)[0]), 2 * Math.atan2(below[1], above[0])]
}
const atan = ([a, b]: Complex): Complex => [
  Math.atan2(2 * a, 1 - a * a - b * b) / 2,
  Math.log1p((4 * b) / (a * a + (1 - b) ** 2)) / 4,
]

/** A whole power by squaring: through logarithms a negative base would lose the imaginary part. */
function power(x: Complex, n: number): Complex {
  if (n < 0) return div(ONE, power(x, -n))
  let out = ONE
  for (let k = n, square = x; k > 0; k = Math.floor(k / 2), square = mul(square, square))
    if (k % 2 === 1) out = mul(out, square)
  return out
}
const pow = (x: Complex, y: Complex): Complex =>
  y[1] === 0 && Number.isInteger(y[0]) && Math.abs(y[0]) <= 1024 ? power(x, y[0]) : exp(mul(y, log(x)))
const sigmoid = (x: Complex): Complex => (x[0] < 0 ? div(exp(x), add(ONE, exp(x))) : div(ONE, add(ONE, exp(neg(x)))))
const softplus = (x: Complex): Complex => (x[0] > 0 ? add(x, log1p(exp(neg(x)))) : log1p(exp(x)))
const greater = (x: Complex, y: Complex): Complex => (x[0] > y[0] ? x : x[0] < y[0] ? y : scale(0.5, add(x, y)))
/** The angle: atan of the smaller quotient, and the quadrant from the real parts. */
function atan2(y: Complex, x: Complex): Complex {
  const steep = Math.abs(y[0]) > Math.abs(x[0])
  const [re, im] = steep ? neg(atan(div(x, y))) : atan(div(y, x))
  return [Number.isNaN(re) ? re : Math.atan2(y[0], x[0]), im]
}
const isZero = ([a, b]: Complex): boolean => a === 0 && b === 0

/** Rows with a value on complex numbers that is analytic wherever the real one is smooth. */
const values: Readonly<Partial<Record<OpName, (x: Complex, y: Complex, z: Complex) => Complex>>> = {
  add,
  sub,
  mul,
  div,
  neg,
  reciprocal: x => div(ONE, x),
  exp,
  exp2: x => exp(scale(Math.LN2, x)),
  expm1,
  log,
  log1p,
  log2: x => scale(1 / Math.LN2, log(x)),
  log10: x => scale(1 / Math.LN10, log(x)),
  logit: x => log(div(x, sub(ONE, x))),
  sqrt,
  sin,
  cos,
  tan: turned(tanh),
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh: turned(asin),
  acosh,
  atanh: turned(atan),
  sinc: x => (isZero(x) ? ONE : div(sin(scale(Math.PI, x)), scale(Math.PI, x))),
  abs: x => scale(Math.sign(x[0]), x),
  relu: x => (x[0] <= 0 ? real(0) : x),
  sigmoid,
  softplus,
  pow,
  maximum: greater,
  minimum: (x, y) => neg(greater(neg(x), neg(y))),
  atan2,
  hypot: (x, y) => sqrt(add(mul(x, x), mul(y, y))),
  remainder: (x, y) => sub(x, scale(special.floorDivide(x[0], y[0]), y)),
  fmod: (x, y) => sub(x, scale(Math.trunc(x[0] / y[0]), y)),
  copysign: (x, y) => scale(special.copysign(1, y[0]) * Math.sign(x[0]), x),
  xlogy: (x, y) => (isZero(x) ? x : mul(x, log(y))),
  xlog1py: (x, y) => (isZero(x) ? x : mul(x, log1p(y))),
  logaddexp: (x, y) => (x[0] > y[0] ? add(x, softplus(sub(y, x))) : add(y, softplus(sub(x, y)))),
  where: (c, x, y) => (c[0] ? x : y),
}
/** What has steps and nothing between them: only the real parts count. */
const steps: ReadonlySet<OpName> = new Set([
  'sign',
  'signbit',
  'floor',
  'ceil',
  'round',
  'trunc',
  'floorDivide',
  'truncDivide',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
])

/** The expression over complex operands; or the name of an op that has no value on complex numbers. */
export function complexValue(root: Expr, operands: readonly Complex[]): Complex | string {
  const found = new Map<Expr, Complex>()
  for (const x of postorder(root)) {
    if (x.op === 'input') found.set(x, operands[x.value])
    else if (x.inputs.length === 0) found.set(x, real(x.value))
    else {
      const name = x.op as OpName
      const args = x.inputs.map(y => found.get(y) as Complex)
      if (steps.has(name)) {
        const { f } = table.get(name) as { f: (...x: number[]) => number }
        found.set(x, real(f(...args.map(([re]) => re))))
      } else {
        const value = Object.hasOwn(values, name) ? values[name] : undefined
        if (!value) return name
        const [a, b, c] = args
        found.set(x, value(a, b, c))
      }
    }
  }
  return found.get(root) as Complex
}
