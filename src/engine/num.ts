// The arithmetic: one abstract method, and every pointwise method in terms of it.
import { described, number, oneOf } from './argument.ts'
import { ArgumentError } from './errors.ts'
import type { OpName } from './prims.ts'

/**
 * A number, wherever it lives: on a graph (`Value`), in an array (`Tensor`) or as a symbol (`Expr`). A function
 * written with these methods runs on all three; every derivative rule is such a function.
 *
 * A method's name is the name of its row in the table (prims.ts), which documents it.
 */
export abstract class Num {
  /** Applies the table's op `op`; `args` are all of its operands, this one included. */
  abstract apply(op: OpName, ...args: (this | number)[]): this

  // arithmetic
  /** `this + alpha*y` */
  add(y: this | number, options?: { alpha?: number }): this { return this.apply('add', this, times('add', y, options?.alpha)) }
  /** `this - alpha*y` */
  sub(y: this | number, options?: { alpha?: number }): this { return this.apply('sub', this, times('sub', y, options?.alpha)) }
  mul(y: this | number): this { return this.apply('mul', this, y) }
  /** The quotient; with a rounding mode its floor (as Python's //) or its whole part. */
  div(y: this | number, options?: { roundingMode?: 'floor' | 'trunc' | null }): this {
    const mode = options?.roundingMode
    if (mode) oneOf('div', 'roundingMode', mode, ['floor', 'trunc'])
    return mode === 'floor' ? this.floorDivide(y) : mode === 'trunc' ? this.apply('truncDivide', this, y) : this.apply('div', this, y)
  }
  neg(): this { return this.apply('neg', this) }
  pow(y: this | number): this { return y === 2 ? this.square() : this.apply('pow', this, y) }
  square(): this { return this.apply('square', this) }
  reciprocal(): this { return this.apply('reciprocal', this) }
  sqrt(): this { return this.apply('sqrt', this) }
  rsqrt(): this { return this.apply('rsqrt', this) }
  remainder(y: this | number): this { return this.apply('remainder', this, y) }
  fmod(y: this | number): this { return this.apply('fmod', this, y) }
  floorDivide(y: this | number): this { return this.apply('floorDivide', this, y) }
  hypot(y: this | number): this { return this.apply('hypot', this, y) }
  lerp(end: this | number, weight: this | number): this { return this.apply('lerp', this, end, weight) }
  /** `this + value*a*b` */
  addcmul(a: this | number, b: this | number, { value = 1 }: { value?: number } = {}): this { return this.apply('addcmul', this, a, b, value) }
  /** `this + value*a/b` */
  addcdiv(a: this | number, b: this | number, { value = 1 }: { value?: number } = {}): this { return this.apply('addcdiv', this, a, b, value) }

  // exponentials and logarithms
  exp(): this { return this.apply('exp', this) }
  exp2(): this { return this.apply('exp2', this) }
  expm1(): this { return this.apply('expm1', this) }
  log(): this { return this.apply('log', this) }
  log1p(): this { return this.apply('log1p', this) }
  log2(): this { return this.apply('log2', this) }
  log10(): this { return this.apply('log10', this) }
  /** `log(x / (1 - x))`; with `eps`, x is first clamped to [eps, 1 - eps]. */
  logit(options?: { eps?: number }): this {
    const eps = options?.eps
    return this.apply('logit', eps === undefined ? this : this.clamp(number('logit', 'eps', eps), 1 - eps))
  }
  logaddexp(y: this | number): this { return this.apply('logaddexp', this, y) }
  logaddexp2(y: this | number): this { return this.apply('logaddexp2', this, y) }
  xlogy(y: this | number): this { return this.apply('xlogy', this, y) }
  xlog1py(y: this | number): this { return this.apply('xlog1py', this, y) }

  // trigonometry
  sin(): this { return this.apply('sin', this) }
  cos(): this { return this.apply('cos', this) }
  tan(): this { return this.apply('tan', this) }
  asin(): this { return this.apply('asin', this) }
  acos(): this { return this.apply('acos', this) }
  atan(): this { return this.apply('atan', this) }
  atan2(x: this | number): this { return this.apply('atan2', this, x) }
  sinh(): this { return this.apply('sinh', this) }
  cosh(): this { return this.apply('cosh', this) }
  tanh(): this { return this.apply('tanh', this) }
  asinh(): this { return this.apply('asinh', this) }
  acosh(): this { return this.apply('acosh', this) }
  atanh(): this { return this.apply('atanh', this) }
  sinc(): this { return this.apply('sinc', this) }

  // special functions
  erf(): this { return this.apply('erf', this) }
  erfc(): this { return this.apply('erfc', this) }
  erfinv(): this { return this.apply('erfinv', this) }
  lgamma(): this { return this.apply('lgamma', this) }
  digamma(): this { return this.apply('digamma', this) }
  polygamma(n: this | number): this { return this.apply('polygamma', this, n) }

  // rounding and sign: derivative zero, but for abs and copysign
  abs(): this { return this.apply('abs', this) }
  sign(): this { return this.apply('sign', this) }
  floor(): this { return this.apply('floor', this) }
  ceil(): this { return this.apply('ceil', this) }
  round(): this { return this.apply('round', this) }
  trunc(): this { return this.apply('trunc', this) }
  frac(): this { return this.apply('frac', this) }
  copysign(y: this | number): this { return this.apply('copysign', this, y) }

  // routers: the derivative goes to whichever operand was chosen
  maximum(y: this | number): this { return this.apply('maximum', this, y) }
  minimum(y: this | number): this { return this.apply('minimum', this, y) }
  fmax(y: this | number): this { return this.apply('fmax', this, y) }
  fmin(y: this | number): this { return this.apply('fmin', this, y) }
  /** `this` is the condition: `x.gt(0).where(a, b)` is a where x > 0, else b. */
  where(x: this | number, y: this | number): this { return this.apply('where', this, x, y) }
  /** `value` where the mask is set, this elsewhere. */
  maskedFill(mask: this, value: this | number): this { return numeric('maskedFill', mask).where(value, this) }
  clamp(min: this | number | null = null, max: this | number | null = null): this {
    if (min === null && max === null) throw new ArgumentError('clamp: needs a minimum, a maximum or both')
    const [least, most] = this.bounds
    return this.apply('clamp', this, min ?? least, max ?? most)
  }
  /** NaN and the infinities replaced; the infinities, when not said, by the largest finite numbers. */
  nanToNum(nan: this | number = 0, posinf: this | number = this.largest, neginf: this | number = -this.largest): this {
    return this.apply('nanToNum', this, nan, posinf, neginf)
  }
  /** What nothing of this kind is below or above. */
  protected get bounds(): readonly [number, number] { return [-Infinity, Infinity] }
  /** The largest finite number of this kind. */
  protected get largest(): number { return Number.MAX_VALUE }

  // comparisons and logic: 1 or 0 (bool on tensors), derivative zero
  eq(y: this | number): this { return this.apply('eq', this, y) }
  ne(y: this | number): this { return this.apply('ne', this, y) }
  lt(y: this | number): this { return this.apply('lt', this, y) }
  le(y: this | number): this { return this.apply('le', this, y) }
  gt(y: this | number): this { return this.apply('gt', this, y) }
  ge(y: this | number): this { return this.apply('ge', this, y) }
  /** `|this - y| <= atol + rtol*|y|`, or both the same infinity; two NaNs only with `equalNan`. */
  isclose(y: this | number, { rtol = 1e-5, atol = 1e-8, equalNan = false }: { rtol?: number; atol?: number; equalNan?: boolean } = {}): this {
    return this.apply('isclose', this, y, rtol, atol, +equalNan)
  }
  logicalNot(): this { return this.apply('logicalNot', this) }
  logicalAnd(y: this | number): this { return this.apply('logicalAnd', this, y) }
  logicalOr(y: this | number): this { return this.apply('logicalOr', this, y) }
  logicalXor(y: this | number): this { return this.apply('logicalXor', this, y) }
  isnan(): this { return this.apply('isnan', this) }
  isinf(): this { return this.apply('isinf', this) }
  isfinite(): this { return this.apply('isfinite', this) }
  signbit(): this { return this.apply('signbit', this) }

  // activations
  relu(): this { return this.apply('relu', this) }
  relu6(): this { return this.apply('relu6', this) }
  leakyRelu(slope: this | number = 0.01): this { return this.apply('leakyRelu', this, slope) }
  elu(alpha: this | number = 1): this { return this.apply('elu', this, alpha) }
  celu(alpha: this | number = 1): this { return this.apply('celu', this, alpha) }
  selu(): this { return this.apply('selu', this) }
  gelu({ approximate = 'none' }: { approximate?: 'none' | 'tanh' } = {}): this {
    const tanh = oneOf('gelu', 'approximate', approximate, ['none', 'tanh']) === 'tanh'
    return this.apply(tanh ? 'geluTanh' : 'gelu', this)
  }
  silu(): this { return this.apply('silu', this) }
  mish(): this { return this.apply('mish', this) }
  sigmoid(): this { return this.apply('sigmoid', this) }
  logsigmoid(): this { return this.apply('logsigmoid', this) }
  /** `ln(1 + e^(beta x)) / beta`; x itself where beta x is above the threshold. */
  softplus({ beta = 1, threshold = 20 }: { beta?: number; threshold?: number } = {}): this {
    if (beta === 1 && threshold === 20) return this.apply('softplus', this)
    const scaled = this.mul(number('softplus', 'beta', beta))
    return scaled.gt(number('softplus', 'threshold', threshold)).where(this, scaled.softplus().div(beta))
  }
  softsign(): this { return this.apply('softsign', this) }
  hardtanh(min: this | number = -1, max: this | number = 1): this { return this.apply('hardtanh', this, min, max) }
  /** x above the threshold, `value` elsewhere */
  threshold(threshold: this | number, value: this | number): this { return this.apply('threshold', this, threshold, value) }
  hardshrink(lambd: this | number = 0.5): this { return this.apply('hardshrink', this, lambd) }
  softshrink(lambd: this | number = 0.5): this { return this.apply('softshrink', this, lambd) }
  tanhshrink(): this { return this.apply('tanhshrink', this) }
  hardswish(): this { return this.apply('hardswish', this) }
  hardsigmoid(): this { return this.apply('hardsigmoid', this) }
}

/** @throws ArgumentError when x is not of the kind that has these methods */
export function numeric<N>(op: string, x: N): N {
  if (!(x instanceof Num)) throw new ArgumentError(`${op}: needs a tensor or a value, not ${described(x)}`)
  return x
}

function times<N extends Num>(op: string, y: N | number, alpha = 1): N | number {
  if (number(op, 'alpha', alpha) === 1) return y
  return typeof y === 'number' ? y * alpha : numeric(op, y).mul(alpha)
}
