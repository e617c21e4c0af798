// The pointwise methods as functions, PyTorch's other face: `exp(x)` is `x.exp()`, on tensors and on values.
import { ArgumentError } from './errors.ts'
import { type Num, numeric } from './num.ts'
import type { OpName } from './prims.ts'

const unary =
  (name: OpName) =>
  <N extends Num>(x: N): N =>
    numeric(name, x).apply(name, x)
const binary =
  (name: OpName) =>
  <N extends Num>(x: N, y: N | number): N =>
    numeric(name, x).apply(name, x, y)

export const neg = unary('neg')
export const reciprocal = unary('reciprocal')
export const square = unary('square')
export const sqrt = unary('sqrt')
export const rsqrt = unary('rsqrt')

export const exp = unary('exp')
export const exp2 = unary('exp2')
export const expm1 = unary('expm1')
export const log = unary('log')
export const log1p = unary('log1p')
export const log2 = unary('log2')
export const log10 = unary('log10')

export const sin = unary('sin')
export const cos = unary('cos')
export const tan = unary('tan')
export const asin = unary('asin')
export const acos = unary('acos')
export const atan = unary('atan')
export const sinh = unary('sinh')
export const cosh = unary('cosh')
export const tanh = unary('tanh')
export const asinh = unary('asinh')
export const acosh = unary('acosh')
export const atanh = unary('atanh')
export const sinc = unary('sinc')

export const erf = unary('erf')
export const erfc = unary('erfc')
export const erfinv = unary('erfinv')
export const lgamma = unary('lgamma')
export const digamma = unary('digamma')

export const abs = unary('abs')
export const sign = unary('sign')
export const floor = unary('floor')
export const ceil = unary('ceil')
export const round = unary('round')
export const trunc = unary('trunc')
export const frac = unary('frac')
export const signbit = unary('signbit')

export const isnan = unary('isnan')
export const isinf = unary('isinf')
export const isfinite = unary('isfinite')
export const logicalNot = unary('logicalNot')

export const relu = unary('relu')
export const relu6 = unary('relu6')
export const selu = unary('selu')
export const silu = unary('silu')
export const mish = unary('mish')
export const sigmoid = unary('sigmoid')
export const logsigmoid = unary('logsigmoid')
export const softsign = unary('softsign')
export const hardswish = unary('hardswish')
export const hardsigmoid = unary('hardsigmoid')
export const tanhshrink = unary('tanhshrink')

export const mul = binary('mul')
export const remainder = binary('remainder')
export const fmod = binary('fmod')
export const floorDivide = binary('floorDivide')
export const hypot = binary('hypot')
export const atan2 = binary('atan2')
export const logaddexp = binary('logaddexp')
export const logaddexp2 = binary('logaddexp2')
export const xlogy = binary('xlogy')
export const xlog1py = binary('xlog1py')
export const copysign = binary('copysign')

export const maximum = binary('maximum')
export const minimum = binary('minimum')
export const fmax = binary('fmax')
export const fmin = binary('fmin')

export const eq = binary('eq')
export const ne = binary('ne')
export const lt = binary('lt')
export const le = binary('le')
export const gt = binary('gt')
export const ge = binary('ge')
export const logicalAnd = binary('logicalAnd')
export const logicalOr = binary('logicalOr')
export const logicalXor = binary('logicalXor')

/** Methods with options, or operands of another kind: handed on as they are. */
type Rest<K extends keyof Num> = Num[K] extends (...args: infer A) => unknown ? A : never
type Over<A extends readonly unknown[], N> = { [I in keyof A]: A[I] extends infer T ? (T extends Num ? N : T) : never }
const method =
  <K extends keyof Num>(name: K) =>
  <N extends Num>(x: N, ...rest: Over<Rest<K>, N>): N =>
    (numeric(name, x)[name] as unknown as (...args: unknown[]) => N).apply(x, rest as unknown[])

export const add = method('add')
export const sub = method('sub')
export const div = method('div')
export const logit = method('logit')
export const lerp = method('lerp')
export const addcmul = method('addcmul')
export const addcdiv = method('addcdiv')
export const clamp = method('clamp')
export const nanToNum = method('nanToNum')
export const maskedFill = method('maskedFill')
export const isclose = method('isclose')
export const leakyRelu = method('leakyRelu')
export const elu = method('elu')
export const celu = method('celu')
export const gelu = method('gelu')
export const hardtanh = method('hardtanh')
export const softplus = method('softplus')
export const threshold = method('threshold')
export const hardshrink = method('hardshrink')
export const softshrink = method('softshrink')

/** The n-th derivative of digamma at x, n first as in PyTorch. */
export const polygamma = <N extends Num>(n: number, x: N): N => numeric('polygamma', x).polygamma(n)
/** x to the power y; either may be a number. */
export function pow<N extends Num>(x: N | number, y: N | number): N {
  if (typeof x !== 'number') return numeric('pow', x).pow(y)
  if (typeof y !== 'number') return numeric('pow', y).apply('pow', x, y)
  throw new ArgumentError('pow: one of the two must be a tensor or a value; for numbers use **')
}
/** x where the condition holds, y elsewhere; broadcast. */
export const where = <N extends Num>(condition: N, x: N | number, y: N | number): N =>
  numeric('where', condition).where(x, y)
