// THE TABLE: one row for every pointwise op, and the only place where its value and its derivatives are written.
import * as math from '../backend/math/math.ts'
import type { Registers, V } from '../backend/math/registers.ts'
import { ArgumentError } from './errors.ts'
import type { Num } from './num.ts'
import * as special from './special.ts'

/** A partial derivative: of the inputs and, where that is cheaper or safer, of the output; null is zero everywhere. */
type Partial1 = <N extends Num>(x: N, out: N) => N | number | null
type Partial2 = <N extends Num>(x: N, y: N, out: N) => N | number | null
type Partial3 = <N extends Num>(x: N, y: N, z: N, out: N) => N | number | null
type Interval = readonly [low: number, high: number]

interface Row {
  /** dtype of the result: the operands' promoted one (default), float even from integers, or bool. */
  readonly type?: 'float' | 'bool'
  /** How many operands, from the first, are conditions and do not count for the dtype (0). */
  readonly conditions?: number
  /** TeX, from the operands' TeX. */
  readonly tex: (x: string, y: string, z: string, w: string) => string
  /** Where the tests draw the operands from, one interval each ([-3, 3] when left out). */
  readonly domain?: readonly Interval[]
  /** Operands at which the derivative jumps: the tests keep away from them. */
  readonly kinks?: readonly number[]
}
/** A row's value on registers, written with their arithmetic `a`. A comparison gives a mask, `where` may get one. */
type Simd = (a: Registers, ...x: V[]) => V
/**
 * A row with its own value and rules. `js` is its text where that is an operator, `simd` its code for WebAssembly and WebGPU;
 * without them code calls `f`.
 */
interface Primitive<F, D> extends Row {
  readonly f: F
  readonly js?: (x: string, y: string, z: string) => string
  readonly simd?: Simd
  readonly d: D
}
type Unary = Primitive<(x: number) => number, Partial1>
type Binary = Primitive<(x: number, y: number) => number, readonly [Partial2 | null, Partial2 | null]>
type Ternary = Primitive<(x: number, y: number, z: number) => number, readonly [Partial3 | null, Partial3 | null, Partial3 | null]>
/** A row made of other rows: ONE node and one fused kernel; its derivatives follow. */
interface Composite extends Row {
  readonly of: <N extends Num>(x: N, y: N, z: N, w: N, v: N) => N
  readonly arity: number
}

const LN2 = Math.LN2
const LN10 = Math.LN10
const SQRT_PI = Math.sqrt(Math.PI)
const POSITIVE: Interval = [0.2, 3]
const ANY: Interval = [-3, 3]
const NONZERO_Y: readonly Interval[] = [ANY, [0.5, 3]]
const call = (name: string) => (x: string) => `\\${name}\\left(${x}\\right)`
const op = (name: string) => (x: string) => `\\operatorname{${name}}\\left(${x}\\right)`
const op2 = (name: string) => (x: string, y: string) => `\\operatorname{${name}}\\left(${x}, ${y}\\right)`
const infix = (sign: string) => (x: string, y: string) => `${x} ${sign} ${y}`

const unary = {
  neg: { f: x => -x, js: x => `-${x}`, simd: (a, x) => a.neg(x), d: () => -1, tex: x => `-${x}` },
  reciprocal: { type: 'float', f: x => 1 / x, js: x => `1 / ${x}`, simd: (a, x) => a.div(a.const(1), x), d: (_, out) => out.square().neg(), tex: x => `\\frac{1}{${x}}`, domain: [POSITIVE] },
  // exponentials and logarithms
  exp: { type: 'float', f: Math.exp, simd: math.exp, d: (_, out) => out, tex: x => `e^{${x}}` },
  exp2: { type: 'float', f: x => 2 ** x, simd: math.exp2, d: (_, out) => out.mul(LN2), tex: x => `2^{${x}}` },
  expm1: { type: 'float', f: Math.expm1, simd: math.expm1, d: (_, out) => out.add(1), tex: x => `\\left(e^{${x}} - 1\\right)` },
  log: { type: 'float', f: Math.log, simd: math.log, d: x => x.reciprocal(), tex: call('ln'), domain: [POSITIVE] },
  logit: { type: 'float', f: x => Math.log(x / (1 - x)), simd: math.logit, d: x => x.neg().add(1).mul(x).reciprocal(), tex: op('logit'), domain: [[0.1, 0.9]] },
  log1p: { type: 'float', f: Math.log1p, simd: math.log1p, d: x => x.add(1).reciprocal(), tex: x => `\\ln\\left(1 + ${x}\\right)`, domain: [[-0.8, 3]] },
  log2: { type: 'float', f: Math.log2, simd: math.log2, d: x => x.mul(LN2).reciprocal(), tex: call('log_2'), domain: [POSITIVE] },
  log10: { type: 'float', f: Math.log10, simd: math.log10, d: x => x.mul(LN10).reciprocal(), tex: call('log_{10}'), domain: [POSITIVE] },
  sqrt: { type: 'float', f: Math.sqrt, simd: (a, x) => a.sqrt(x), d: (_, out) => out.reciprocal().mul(0.5), tex: x => `\\sqrt{${x}}`, domain: [POSITIVE] },
  // trigonometry
  sin: { type: 'float', f: Math.sin, simd: math.sin, d: x => x.cos(), tex: call('sin') },
  cos: { type: 'float', f: Math.cos, simd: math.cos, d: x => x.sin().neg(), tex: call('cos') },
  tan: { type: 'float', f: Math.tan, simd: math.tan, d: (_, out) => out.square().add(1), tex: call('tan'), domain: [[-1.2, 1.2]] },
  asin: { type: 'float', f: Math.asin, simd: math.asin, d: x => x.square().neg().add(1).rsqrt(), tex: call('arcsin'), domain: [[-0.9, 0.9]] },
  acos: { type: 'float', f: Math.acos, simd: math.acos, d: x => x.square().neg().add(1).rsqrt().neg(), tex: call('arccos'), domain: [[-0.9, 0.9]] },
  atan: { type: 'float', f: Math.atan, simd: math.atan, d: x => x.square().add(1).reciprocal(), tex: call('arctan') },
  sinh: { type: 'float', f: Math.sinh, simd: math.sinh, d: x => x.cosh(), tex: call('sinh') },
  cosh: { type: 'float', f: Math.cosh, simd: math.cosh, d: x => x.sinh(), tex: call('cosh') },
  tanh: { type: 'float', f: Math.tanh, simd: math.tanh, d: (_, out) => out.square().neg().add(1), tex: call('tanh') },
  asinh: { type: 'float', f: Math.asinh, simd: math.asinh, d: x => x.square().add(1).rsqrt(), tex: op('arsinh') },
  acosh: { type: 'float', f: Math.acosh, simd: math.acosh, d: x => x.square().sub(1).rsqrt(), tex: op('arcosh'), domain: [[1.2, 3]] },
  atanh: { type: 'float', f: Math.atanh, simd: math.atanh, d: x => x.square().neg().add(1).reciprocal(), tex: op('artanh'), domain: [[-0.9, 0.9]] },
  // 0 at 0: the quotient's limit
  sinc: { type: 'float', f: special.sinc, simd: math.sinc, d: (x, out) => x.eq(0).where(0, x.mul(Math.PI).cos().sub(out).div(x)), tex: op('sinc') },
  // special functions
  erf: { type: 'float', f: special.erf, simd: math.erf, d: x => x.square().neg().exp().mul(2 / SQRT_PI), tex: op('erf') },
  erfc: { type: 'float', f: special.erfc, simd: math.erfc, d: x => x.square().neg().exp().mul(-2 / SQRT_PI), tex: op('erfc') },
  erfinv: { type: 'float', f: special.erfinv, d: (_, out) => out.square().exp().mul(SQRT_PI / 2), tex: x => `\\operatorname{erf}^{-1}\\left(${x}\\right)`, domain: [[-0.9, 0.9]] },
  lgamma: { type: 'float', f: special.lgamma, d: x => x.digamma(), tex: x => `\\ln\\left|\\Gamma\\left(${x}\\right)\\right|`, domain: [POSITIVE] },
  digamma: { type: 'float', f: special.digamma, d: x => x.polygamma(1), tex: call('psi'), domain: [POSITIVE] },
  // rounding and sign
  abs: { f: Math.abs, simd: (a, x) => a.abs(x), d: x => x.sign(), tex: x => `\\left|${x}\\right|`, kinks: [0] },
  sign: { f: Math.sign, simd: math.sign, d: () => null, tex: op('sign'), kinks: [0] },
  signbit: { type: 'bool', f: x => +(x < 0 || Object.is(x, -0)), simd: math.signbit, d: () => null, tex: op('signbit'), kinks: [0] },
  floor: { f: Math.floor, simd: (a, x) => a.floor(x), d: () => null, tex: x => `\\left\\lfloor ${x} \\right\\rfloor`, kinks: [-2, -1, 0, 1, 2] },
  ceil: { f: Math.ceil, simd: (a, x) => a.ceil(x), d: () => null, tex: x => `\\left\\lceil ${x} \\right\\rceil`, kinks: [-2, -1, 0, 1, 2] },
  round: { f: special.roundEven, simd: (a, x) => a.nearest(x), d: () => null, tex: op('round'), kinks: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5] },
  trunc: { f: Math.trunc, simd: (a, x) => a.trunc(x), d: () => null, tex: op('trunc'), kinks: [-2, -1, 1, 2] },
  // activations; relu'(0) = 0 and relu(NaN) = NaN, as PyTorch
  relu: { f: x => (x <= 0 ? 0 : x), js: x => `(${x} <= 0 ? 0 : ${x})`, simd: math.relu, d: (_, out) => out.le(0).where(0, 1), tex: op('relu'), kinks: [0] },
  sigmoid: { type: 'float', f: special.sigmoid, simd: math.sigmoid, d: (_, out) => out.neg().add(1).mul(out), tex: call('sigma') },
  softplus: { type: 'float', f: special.log1pexp, simd: math.softplus, d: x => x.sigmoid(), tex: x => `\\ln\\left(1 + e^{${x}}\\right)` },
} satisfies Record<string, Unary>

const binary = {
  add: { f: (x, y) => x + y, js: infix('+'), simd: (a, x, y) => a.add(x, y), d: [() => 1, () => 1], tex: infix('+') },
  sub: { f: (x, y) => x - y, js: infix('-'), simd: (a, x, y) => a.sub(x, y), d: [() => 1, () => -1], tex: infix('-') },
  mul: { f: (x, y) => x * y, js: infix('*'), simd: (a, x, y) => a.mul(x, y), d: [(_, y) => y, x => x], tex: infix('\\cdot') },
  div: { type: 'float', f: (x, y) => x / y, js: infix('/'), simd: (a, x, y) => a.div(x, y), d: [(_, y) => y.reciprocal(), (_, y, out) => out.div(y).neg()], tex: (x, y) => `\\frac{${x}}{${y}}`, domain: NONZERO_Y },
  // x^0 is flat in x, 0^y is flat in y: 0 there, where the formula would give NaN
  pow: {
    f: special.pow,
    simd: math.pow,
    d: [(x, y) => y.eq(0).where(0, y.mul(x.pow(y.sub(1)))), (x, y, out) => x.eq(0).mul(y.ge(0)).where(0, out.mul(x.log()))],
    tex: (x, y) => `{${x}}^{${y}}`,
    domain: [POSITIVE, [-2, 2]],
  },
  maximum: { f: Math.max, simd: (a, x, y) => a.max(x, y), d: [(x, y) => x.eq(y).where(0.5, x.lt(y).where(0, 1)), (x, y) => x.eq(y).where(0.5, x.gt(y).where(0, 1))], tex: op2('max') },
  minimum: { f: Math.min, simd: (a, x, y) => a.min(x, y), d: [(x, y) => x.eq(y).where(0.5, x.gt(y).where(0, 1)), (x, y) => x.eq(y).where(0.5, x.lt(y).where(0, 1))], tex: op2('min') },
  atan2: { type: 'float', f: Math.atan2, simd: math.atan2, d: [(y, x) => x.div(x.square().add(y.square())), (y, x) => y.div(x.square().add(y.square())).neg()], tex: op2('atan2'), domain: NONZERO_Y },
  // 0 at the origin, as norm
  hypot: { type: 'float', f: Math.hypot, simd: math.hypot, d: [(x, _, out) => out.eq(0).where(0, x.div(out)), (_, y, out) => out.eq(0).where(0, y.div(out))], tex: (x, y) => `\\sqrt{{${x}}^2 + {${y}}^2}`, domain: NONZERO_Y },
  // the sign of the divisor, as Python
  remainder: { f: special.remainder, simd: math.remainder, d: [() => 1, (x, y) => x.floorDivide(y).neg()], tex: infix('\\bmod'), domain: [[0.1, 0.9], [1, 3]] },
  // the sign of the dividend, as C
  fmod: { f: (x, y) => x % y, js: infix('%'), simd: math.fmod, d: [() => 1, (x, y) => x.div(y).trunc().neg()], tex: op2('fmod'), domain: [[0.1, 0.9], [1, 3]] },
  floorDivide: { f: special.floorDivide, simd: math.floorDivide, d: [null, null], tex: (x, y) => `\\left\\lfloor \\frac{${x}}{${y}} \\right\\rfloor`, domain: [[0.1, 0.9], [1, 3]] },
  truncDivide: { f: (x, y) => Math.trunc(x / y), simd: math.truncDivide, d: [null, null], tex: (x, y) => `\\operatorname{trunc}\\left(\\frac{${x}}{${y}}\\right)`, domain: [[0.1, 0.9], [1, 3]] },
  copysign: { type: 'float', f: special.copysign, simd: math.copysign, d: [(x, _, out) => x.eq(0).where(0, out.div(x)), null], tex: op2('copysign'), kinks: [0] },
  // 0 log 0 = 0
  xlogy: { type: 'float', f: special.xlogy, simd: math.xlogy, d: [(x, y) => x.eq(0).mul(y.le(0)).where(0, y.log()), (x, y) => x.div(y)], tex: (x, y) => `${x} \\ln ${y}`, domain: [ANY, POSITIVE] },
  xlog1py: { type: 'float', f: special.xlog1py, simd: math.xlog1py, d: [(x, y) => x.eq(0).mul(y.le(-1)).where(0, y.log1p()), (x, y) => x.div(y.add(1))], tex: (x, y) => `${x} \\ln\\left(1 + ${y}\\right)`, domain: [ANY, POSITIVE] },
  // two equal infinities share, where their difference would give NaN
  logaddexp: {
    type: 'float',
    f: special.logaddexp,
    simd: math.logaddexp,
    d: [(x, y) => x.eq(y).mul(x.isinf()).where(0.5, x.sub(y).sigmoid()), (x, y) => x.eq(y).mul(x.isinf()).where(0.5, y.sub(x).sigmoid())],
    tex: (x, y) => `\\ln\\left(e^{${x}} + e^{${y}}\\right)`,
  },
  polygamma: { type: 'float', f: (x, n) => special.polygamma(n, x), d: [(x, n) => x.polygamma(n.add(1)), null], tex: (x, n) => `\\psi^{(${n})}\\left(${x}\\right)`, domain: [POSITIVE, [1, 1]] },
  eq: { type: 'bool', f: (x, y) => +(x === y), js: (x, y) => `+(${x} === ${y})`, simd: (a, x, y) => a.eq(x, y), d: [null, null], tex: infix('=') },
  ne: { type: 'bool', f: (x, y) => +(x !== y), js: (x, y) => `+(${x} !== ${y})`, simd: (a, x, y) => a.ne(x, y), d: [null, null], tex: infix('\\neq') },
  lt: { type: 'bool', f: (x, y) => +(x < y), js: (x, y) => `+(${x} < ${y})`, simd: (a, x, y) => a.lt(x, y), d: [null, null], tex: infix('<') },
  le: { type: 'bool', f: (x, y) => +(x <= y), js: (x, y) => `+(${x} <= ${y})`, simd: (a, x, y) => a.le(x, y), d: [null, null], tex: infix('\\leq') },
  gt: { type: 'bool', f: (x, y) => +(x > y), js: (x, y) => `+(${x} > ${y})`, simd: (a, x, y) => a.gt(x, y), d: [null, null], tex: infix('>') },
  ge: { type: 'bool', f: (x, y) => +(x >= y), js: (x, y) => `+(${x} >= ${y})`, simd: (a, x, y) => a.ge(x, y), d: [null, null], tex: infix('\\geq') },
} satisfies Record<string, Binary>

const ternary = {
  where: {
    conditions: 1,
    f: (c, x, y) => (c ? x : y),
    js: (c, x, y) => `(${c} ? ${x} : ${y})`,
    simd: (a, c, x, y) => a.where(c.mask ? c : a.gt(a.abs(c), a.const(0)), x, y),
    d: [null, c => c.where(1, 0), c => c.where(0, 1)],
    tex: (c, x, y) => `\\begin{cases} ${x} & \\text{if } ${c} \\\\ ${y} & \\text{else} \\end{cases}`,
    domain: [[0, 1], ANY, ANY],
  },
} satisfies Record<string, Ternary>

const SELU_ALPHA = 1.6732632423543772
const SELU_SCALE = 1.0507009873554805

const composite = {
  square: { arity: 1, of: x => x.mul(x), tex: x => `{${x}}^2` },
  rsqrt: { arity: 1, type: 'float', of: x => x.sqrt().reciprocal(), tex: x => `\\frac{1}{\\sqrt{${x}}}`, domain: [POSITIVE] },
  lerp: { arity: 3, of: (x, end, weight) => end.sub(x).mul(weight).add(x), tex: (x, y, w) => `\\operatorname{lerp}\\left(${x}, ${y}, ${w}\\right)` },
  frac: { arity: 1, of: x => x.sub(x.trunc()), tex: op('frac'), kinks: [-2, -1, 1, 2] },
  logaddexp2: { arity: 2, type: 'float', of: (x, y) => x.mul(LN2).logaddexp(y.mul(LN2)).div(LN2), tex: (x, y) => `\\log_2\\left(2^{${x}} + 2^{${y}}\\right)` },
  addcmul: { arity: 4, of: (x, a, b, value) => x.add(a.mul(b).mul(value)), tex: (x, a, b, v) => `${x} + ${v} ${a} ${b}` },
  addcdiv: { arity: 4, of: (x, a, b, value) => x.add(a.div(b).mul(value)), tex: (x, a, b, v) => `${x} + ${v} \\frac{${a}}{${b}}`, domain: [ANY, ANY, POSITIVE, ANY] },
  // NaN yields to a number; a tie goes to x, as PyTorch
  fmax: { arity: 2, of: (x, y) => x.ge(y).add(y.isnan()).where(x, y), tex: op2('fmax') },
  fmin: { arity: 2, of: (x, y) => x.le(y).add(y.isnan()).where(x, y), tex: op2('fmin') },
  // at its bounds the gradient passes; with min > max the result is max
  clamp: {
    arity: 3,
    of: (x, min, max) => {
      const raised = x.lt(min).where(min, x)
      return raised.gt(max).where(max, raised)
    },
    tex: (x, min, max) => `\\operatorname{clamp}\\left(${x}, ${min}, ${max}\\right)`,
    domain: [ANY, [-1, -1], [1, 1]],
    kinks: [-1, 1],
  },
  nanToNum: {
    arity: 4,
    of: (x, nan, posinf, neginf) => x.isnan().where(nan, x.eq(Infinity).where(posinf, x.eq(-Infinity).where(neginf, x))),
    tex: op('nan\\_to\\_num'),
  },
  isclose: {
    arity: 5,
    type: 'bool',
    of: (x, y, rtol, atol, equalNan) =>
      x.eq(y)
        .logicalOr(x.sub(y).abs().le(y.abs().mul(rtol).add(atol)).logicalAnd(y.isfinite()))
        .logicalOr(x.isnan().logicalAnd(y.isnan()).logicalAnd(equalNan)),
    tex: infix('\\approx'),
  },
  logicalNot: { arity: 1, type: 'bool', of: x => x.eq(0), tex: x => `\\lnot ${x}` },
  logicalAnd: { arity: 2, type: 'bool', of: (x, y) => x.ne(0).mul(y.ne(0)), tex: infix('\\land') },
  logicalOr: { arity: 2, type: 'bool', of: (x, y) => x.ne(0).maximum(y.ne(0)), tex: infix('\\lor') },
  logicalXor: { arity: 2, type: 'bool', of: (x, y) => x.ne(0).ne(y.ne(0)), tex: infix('\\oplus') },
  isnan: { arity: 1, type: 'bool', of: x => x.ne(x), tex: op('isnan') },
  isinf: { arity: 1, type: 'bool', of: x => x.abs().eq(Infinity), tex: op('isinf') },
  isfinite: { arity: 1, type: 'bool', of: x => x.abs().lt(Infinity), tex: op('isfinite') },
  // activations
  relu6: { arity: 1, of: x => x.hardtanh(0, 6), tex: op('relu6'), kinks: [0, 6] },
  leakyRelu: { arity: 2, type: 'float', of: (x, slope) => x.gt(0).where(x, x.mul(slope)), tex: op('leakyrelu'), kinks: [0] },
  elu: { arity: 2, type: 'float', of: (x, alpha) => x.gt(0).where(x, x.expm1().mul(alpha)), tex: op('elu'), kinks: [0] },
  celu: { arity: 2, type: 'float', of: (x, alpha) => x.gt(0).where(x, x.div(alpha).expm1().mul(alpha)), tex: op('celu'), domain: [ANY, POSITIVE], kinks: [0] },
  selu: { arity: 1, type: 'float', of: x => x.gt(0).where(x, x.expm1().mul(SELU_ALPHA)).mul(SELU_SCALE), tex: op('selu'), kinks: [0] },
  // Hendrycks & Gimpel 2016; by erfc, which keeps its digits in the left tail
  gelu: { arity: 1, type: 'float', of: x => x.mul(-Math.SQRT1_2).erfc().mul(x).mul(0.5), tex: op('gelu') },
  geluTanh: {
    arity: 1,
    type: 'float',
    of: x => x.mul(x).mul(0.044715).add(1).mul(x).mul(Math.sqrt(2 / Math.PI)).tanh().add(1).mul(x).mul(0.5),
    tex: op('gelu_{tanh}'),
  },
  silu: { arity: 1, type: 'float', of: x => x.mul(x.sigmoid()), tex: op('silu') },
  mish: { arity: 1, type: 'float', of: x => x.mul(x.softplus().tanh()), tex: op('mish') },
  logsigmoid: { arity: 1, type: 'float', of: x => x.neg().softplus().neg(), tex: x => `\\ln \\sigma\\left(${x}\\right)` },
  // NaN stays NaN
  threshold: { arity: 3, of: (x, threshold, value) => x.le(threshold).where(value, x), tex: op('threshold'), domain: [ANY, [0.5, 0.5], [-1, -1]], kinks: [0.5] },
  hardshrink: { arity: 2, type: 'float', of: (x, lambd) => x.abs().le(lambd).where(0, x), tex: op('hardshrink'), domain: [ANY, [0.5, 0.5]], kinks: [-0.5, 0.5] },
  softshrink: { arity: 2, type: 'float', of: (x, lambd) => x.sub(x.clamp(lambd.neg(), lambd)), tex: op('softshrink'), domain: [ANY, [0.5, 0.5]], kinks: [-0.5, 0.5] },
  tanhshrink: { arity: 1, type: 'float', of: x => x.sub(x.tanh()), tex: op('tanhshrink') },
  softsign: { arity: 1, type: 'float', of: x => x.div(x.abs().add(1)), tex: x => `\\frac{${x}}{1 + \\left|${x}\\right|}` },
  // at its bounds the gradient is 0, as PyTorch (clamp's is 1)
  hardtanh: { arity: 3, of: (x, min, max) => x.le(min).where(min, x.ge(max).where(max, x)), tex: op('hardtanh'), domain: [ANY, [-1, -1], [1, 1]], kinks: [-1, 1] },
  hardswish: { arity: 1, type: 'float', of: x => x.le(-3).where(0, x.ge(3).where(x, x.add(3).mul(x).div(6))), tex: op('hardswish'), kinks: [-3, 3] },
  hardsigmoid: { arity: 1, type: 'float', of: x => x.add(3).hardtanh(0, 6).div(6), tex: op('hardsigmoid'), kinks: [-3, 3] },
} satisfies Record<string, Composite>

const rows = { ...unary, ...binary, ...ternary, ...composite }

export type OpName = keyof typeof rows

/** A row as the engines read it: the rules in a list, the arity a number. */
export interface Op {
  readonly name: OpName
  readonly arity: number
  readonly type?: 'float' | 'bool'
  readonly conditions?: number
  readonly f?: (...x: number[]) => number
  readonly js?: (...x: string[]) => string
  readonly simd?: Simd
  readonly d?: readonly (((...x: Num[]) => Num | number | null) | null)[]
  readonly of?: (...x: Num[]) => Num
  readonly tex: (...x: string[]) => string
  readonly domain: readonly Interval[]
  readonly kinks: readonly number[]
}

/** How often the table has changed: who keeps what follows from a row, looks whether it still does. */
export let edition = 0

/** All ops by name. A row put in here (`define`) is at once an op of every engine, mode, kernel and test. */
export const table = new Map<string, Op>()

/**
 * Adds a row to the table, or replaces one; arity and rules are read off it. Returns the op as the engines see it.
 * Every engine, mode and kernel has it from then on, by `x.apply(name, x, …)`.
 *
 * @throws ArgumentError when the name is no identifier
 * @example
 * define('cube', { f: x => x ** 3, d: x => x.square().mul(3), tex: x => `{${x}}^3` })
 * grad((x: Value) => x.apply('cube' as OpName, x))(2) // 12
 */
export function define(name: string, row: Composite): Op
export function define(name: string, row: Unary): Op
export function define(name: string, row: Binary): Op
export function define(name: string, row: Ternary): Op
export function define(name: string, row: Unary | Binary | Ternary | Composite): Op
export function define(name: string, row: Unary | Binary | Ternary | Composite): Op {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new ArgumentError(`define: '${name}' is no identifier: generated code could not call it`)
  const d = 'd' in row ? (typeof row.d === 'function' ? [row.d] : row.d) : undefined
  const arity = 'arity' in row ? row.arity : (d as readonly unknown[]).length
  const domain = Array.from({ length: arity }, (_, i) => row.domain?.[i] ?? ANY)
  const result = { ...row, name, arity, d, domain, kinks: row.kinks ?? [] } as unknown as Op
  table.set(name, result)
  edition++
  return result
}

for (const [name, row] of Object.entries(rows)) define(name, row)
