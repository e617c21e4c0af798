// Initial values: each function assigns to a leaf tensor and returns it.
import { noGrad } from '../engine/apply.ts'
import { options } from '../engine/argument.ts'
import { ArgumentError, GradError, ShapeError } from '../engine/errors.ts'
import { fullLike } from '../engine/ops/create.ts'
import { type Generator, randLike, randnLike } from '../engine/random.ts'
import { numel, show } from '../engine/shape.ts'
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
/** `value` everywhere. */
export const constant = <T extends Tensor>(x: T, value: number): T => fill('constant', x, () => fullLike(x, value))
/** 0 everywhere. */
export const zeros = <T extends Tensor>(x: T): T => constant(x, 0)
/** 1 everywhere. */
export const ones = <T extends Tensor>(x: T): T => constant(x, 1)

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
