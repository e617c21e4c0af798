// Initial values: each function assigns to a leaf tensor and returns it.
import { orthonormal } from '../backend/orthonormal.ts'
import { noGrad } from '../engine/apply.ts'
import { options } from '../engine/argument.ts'
import { ArgumentError, GradError, ShapeError } from '../engine/errors.ts'
import { fullLike, eye as identity, tensor } from '../engine/ops/create.ts'
import { type Generator, randLike, randn, randnLike } from '../engine/random.ts'
import { numel, show } from '../engine/shape.ts'
import { erf } from '../engine/special.ts'
import type { Tensor } from '../engine/tensor.ts'

export interface InitOptions {
  /** Where the values are drawn from; the default generator. */
  readonly generator?: Generator | undefined
}

function fill<T extends Tensor>(op: string, x: T, make: () => Tensor): T {
  // before anything is drawn
  if (!x.isLeaf) throw new GradError(`${op}: only leaves can be given values; this tensor was computed`)
  return x.assign(noGrad(make))
}

/** Uniform in [low, high). */
export const uniform = <T extends Tensor>(x: T, low = 0, high = 1, given: InitOptions = {}): T =>
  fill('uniform', x, () =>
    randLike(x, options('uniform', given, ['generator']))
      .mul(high - low)
      .add(low),
  )
/** Normal with this mean and standard deviation. */
export const normal = <T extends Tensor>(x: T, mean = 0, std = 1, given: InitOptions = {}): T =>
  fill('normal', x, () =>
    randnLike(x, options('normal', given, ['generator']))
      .mul(std)
      .add(mean),
  )
/**
 * Normal with this mean and standard deviation, where it lies in [a, b]; bounds are values, not deviations. What lies
 * outside is not drawn anew: uniform numbers go through the inverse of the distribution function.
 *
 * @throws ArgumentError when a is not below b, or std not above 0
 * @example
 * nn.init.truncNormal(zeros([100]), 0, 1, -0.5, 0.5).abs().max().item() <= 0.5 // true
 */
export function truncNormal<T extends Tensor>(x: T, mean = 0, std = 1, a = -2, b = 2, given: InitOptions = {}): T {
  const op = 'truncNormal'
  const { generator } = options(op, given, ['generator'])
  if (!(a < b && std > 0)) throw new ArgumentError(`${op}: needs a < b and std > 0, not [${a}, ${b}] and ${std}`)
  const [low, high] = [a, b].map(bound => erf((bound - mean) / (std * Math.SQRT2))) as [number, number]
  return fill(op, x, () =>
    randLike(x, { dtype: 'float64', ...(generator && { generator }) })
      .mul(high - low)
      .add(low)
      .erfinv()
      .mul(std * Math.SQRT2)
      .add(mean)
      .clamp(a, b),
  )
}
/** `value` everywhere. */
export const constant = <T extends Tensor>(x: T, value: number): T => fill('constant', x, () => fullLike(x, value))
/** 0 everywhere. */
export const zeros = <T extends Tensor>(x: T): T => constant(x, 0)
/** 1 everywhere. */
export const ones = <T extends Tensor>(x: T): T => constant(x, 1)

/** A matrix with 1 on the diagonal, 0 elsewhere. */
export function eye<T extends Tensor>(x: T): T {
  if (x.ndim !== 2) throw new ShapeError(`eye: a matrix is needed, not ${show(x.shape)}`)
  return fill('eye', x, () => identity(x.shape[0], x.shape[1], { dtype: x.dtype }))
}

const gains = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (slope: number) => Math.sqrt(2 / (1 + slope ** 2)),
  selu: () => 3 / 4,
}
export type Nonlinearity = keyof typeof gains

/**
 * The factor by which weights grow to make up for what a nonlinearity shrinks; `slope` is leakyRelu's.
 * @throws ArgumentError when the nonlinearity is not known
 * @example
 * nn.init.calculateGain('tanh') // 1.6666666666666667
 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  if (!Object.hasOwn(gains, nonlinearity)) {
    throw new ArgumentError(`calculateGain: '${nonlinearity}' is none of ${Object.keys(gains).join(', ')}`)
  }
  return gains[nonlinearity](slope)
}

/** How many inputs an output of weight [out, in, ...kernel] reads, and how many outputs an input reaches. */
function fans(op: string, { shape }: Tensor): { fanIn: number; fanOut: number } {
  if (shape.length < 2)
    throw new ShapeError(`${op}: a weight has at least 2 dimensions [out, in, ...], not ${show(shape)}`)
  const [fanOut, fanIn, ...kernel] = shape as [number, number, ...number[]]
  return { fanIn: fanIn * numel(kernel), fanOut: fanOut * numel(kernel) }
}

export interface KaimingOptions extends InitOptions {
  /** Slope of the leaky relu that follows (0). */
  readonly a?: number
  /** Whose variance is kept: the forward pass's (default) or the backward's. */
  readonly mode?: 'fanIn' | 'fanOut'
  /** What follows the layer ('leakyRelu'). */
  readonly nonlinearity?: Nonlinearity
}
/** The standard deviation gain / sqrt(fan). */
function kaiming(op: string, x: Tensor, given: KaimingOptions): number {
  const known = ['a', 'mode', 'nonlinearity', 'generator']
  const { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' } = options(op, given, known)
  if (mode !== 'fanIn' && mode !== 'fanOut')
    throw new ArgumentError(`${op}: mode is 'fanIn' or 'fanOut', not '${mode}'`)
  return calculateGain(nonlinearity, a) / Math.sqrt(Math.max(fans(op, x)[mode], 1))
}
/**
 * Weight [out, in, ...kernel], uniform with standard deviation gain / sqrt(fan): within sqrt(3) of these.
 *
 * He et al., "Delving deep into rectifiers", 2015.
 * @throws ShapeError when x has fewer than 2 dimensions, ArgumentError for another option
 * @example
 * nn.init.kaimingUniform(new nn.Linear(6, 16).weight, { nonlinearity: 'relu' }).abs().max().item() < 1 // true
 */
export function kaimingUniform<T extends Tensor>(x: T, given: KaimingOptions = {}): T {
  const bound = Math.sqrt(3) * kaiming('kaimingUniform', x, given)
  return uniform(x, -bound, bound, { generator: given.generator })
}
/** As `kaimingUniform`, but normal. */
export const kaimingNormal = <T extends Tensor>(x: T, given: KaimingOptions = {}): T =>
  normal(x, 0, kaiming('kaimingNormal', x, given), { generator: given.generator })

export interface XavierOptions extends InitOptions {
  /** See `calculateGain` (1). */
  readonly gain?: number
}
/** The standard deviation gain * sqrt(2 / (fanIn + fanOut)). */
function xavier(op: string, x: Tensor, given: XavierOptions): number {
  const { gain = 1 } = options(op, given, ['gain', 'generator'])
  const { fanIn, fanOut } = fans(op, x)
  return gain * Math.sqrt(2 / Math.max(fanIn + fanOut, 1))
}
/**
 * Weight [out, in, ...kernel], uniform with standard deviation gain * sqrt(2 / (fanIn + fanOut)).
 *
 * Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
 * @throws ShapeError when x has fewer than 2 dimensions, ArgumentError for another option
 * @example
 * nn.init.xavierUniform(new nn.Linear(4, 2).weight).abs().max().item() < 1 // true
 */
export function xavierUniform<T extends Tensor>(x: T, given: XavierOptions = {}): T {
  const bound = Math.sqrt(3) * xavier('xavierUniform', x, given)
  return uniform(x, -bound, bound, { generator: given.generator })
}
/** As `xavierUniform`, but normal. */
export const xavierNormal = <T extends Tensor>(x: T, given: XavierOptions = {}): T =>
  normal(x, 0, xavier('xavierNormal', x, given), { generator: given.generator })

export interface OrthogonalOptions extends InitOptions {
  /** The length of rows or columns (1); see `calculateGain`. */
  readonly gain?: number
}
/**
 * Weight [out, in, ...kernel], read as a matrix of `out` rows: orthogonal rows of length `gain`, or columns where there
 * are fewer of these; uniform among all such matrices.
 *
 * Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2014.
 * @throws ShapeError when x has fewer than 2 dimensions, ArgumentError for another option
 * @example
 * const { weight } = new nn.Linear(2, 2)
 * nn.init.orthogonal(weight, { gain: 2 })
 * weight.square().sum(1) // [4.0000, 4.0000]
 */
export function orthogonal<T extends Tensor>(x: T, given: OrthogonalOptions = {}): T {
  const op = 'orthogonal'
  const { gain = 1, generator } = options(op, given, ['gain', 'generator'])
  if (x.ndim < 2) throw new ShapeError(`${op}: a weight has at least 2 dimensions [out, in, ...], not ${show(x.shape)}`)
  return fill(op, x, () => {
    const out = x.shape[0]
    const size = numel(x.shape.slice(1))
    const [few, many] = out < size ? [out, size] : [size, out]
    const basis = Float64Array.from(randn([few, many], { dtype: 'float64', ...(generator && { generator }) }).data)
    orthonormal(basis, few, many)
    const rows = tensor(basis).reshape(few, many).mul(gain)
    return (out < size ? rows : rows.t()).reshape(x.shape)
  })
}
