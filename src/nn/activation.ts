// Functions of one tensor as modules, a line each.
import type { DType, Shape } from '../backend/array.ts'
import { integer, list, number, options } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { hardshrink, softplus, softshrink, threshold } from '../engine/functions.ts'
import { full } from '../engine/ops/create.ts'
import type { Generator } from '../engine/random.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { glu, prelu, rrelu, softmin } from './functional.ts'
import { Module, type TensorModule } from './module.ts'
import { parameter } from './parameter.ts'
import { stateless } from './stateless.ts'

/** The module that applies f; its constructor takes what f takes beside the tensor: numbers, or `known` options. */
const activation = <A extends readonly unknown[]>(
  f: (x: Tensor, ...args: A) => Tensor,
  known?: readonly string[],
): (new (
  ...args: A
) => TensorModule) =>
  stateless(f, (op, ...args: A) => {
    if (known) options(op, args[0] ?? {}, known)
    else for (const [i, x] of args.entries()) if (x !== undefined) number(op, `argument ${i + 1}`, x as number)
    return args
  })

/** x */
export class Identity extends activation(x => x) {}
/** max(0, x) */
export class ReLU extends activation(x => x.relu()) {}
/** min(max(0, x), 6) */
export class ReLU6 extends activation(x => x.relu6()) {}
/** x above 0, slope*x below */
export class LeakyReLU extends activation((x, slope?: number) => x.leakyRelu(slope)) {}
/** x above 0, alpha (e^x - 1) below */
export class ELU extends activation((x, alpha?: number) => x.elu(alpha)) {}
/** `ELU`, scaled so that activations normalise themselves (Klambauer et al. 2017) */
export class SELU extends activation(x => x.selu()) {}
/** x above 0, alpha (e^(x/alpha) - 1) below */
export class CELU extends activation((x, alpha?: number) => x.celu(alpha)) {}
/** x times the standard normal's distribution function; by tanh with { approximate: 'tanh' } (Hendrycks & Gimpel 2016) */
export class GELU extends activation(
  (x, given: { approximate?: 'none' | 'tanh' } = {}) => x.gelu(given),
  ['approximate'],
) {}
/** x sigmoid(x) */
export class SiLU extends activation(x => x.silu()) {}
/** x tanh(softplus(x)) */
export class Mish extends activation(x => x.mish()) {}
/** tanh(x) */
export class Tanh extends activation(x => x.tanh()) {}
/** 1 / (1 + e^-x) */
export class Sigmoid extends activation(x => x.sigmoid()) {}
/** ln(1 + e^(beta x)) / beta; x itself where beta*x is above the threshold */
export class Softplus extends activation(
  (x, given: { beta?: number; threshold?: number } = {}) => softplus(x, given),
  ['beta', 'threshold'],
) {}
/** x / (1 + |x|) */
export class Softsign extends activation(x => x.softsign()) {}
/** ln(sigmoid(x)) */
export class LogSigmoid extends activation(x => x.logsigmoid()) {}
/** x, but no less than min and no more than max */
export class Hardtanh extends activation((x, min?: number, max?: number) => x.hardtanh(min, max)) {}
/** x relu6(x + 3) / 6 */
export class Hardswish extends activation(x => x.hardswish()) {}
/** relu6(x + 3) / 6 */
export class Hardsigmoid extends activation(x => x.hardsigmoid()) {}
/** e^x / sum(e^x) along `dim` */
export class Softmax extends activation((x, dim: number) => x.softmax(dim)) {}
/** ln(softmax(x)) along `dim` */
export class LogSoftmax extends activation((x, dim: number) => x.logSoftmax(dim)) {}
/** `[n, a, b, …] -> [n, a*b*…]`: the dimensions from startDim to endDim as one */
export class Flatten extends activation((x, startDim: number = 1, endDim?: number) => x.flatten(startDim, endDim)) {}
/** The dimension `dim` as several, of these sizes; one of them may be -1: what is left */
export class Unflatten extends stateless(
  (x, dim: number, sizes: Shape) => x.unflatten(dim, sizes),
  (op, dim: number, sizes: Shape): [number, Shape] => [
    integer(op, 'dim', dim),
    list<number>(op, 'unflattenedSize', sizes).map(size => integer(op, 'a size', size, -1)),
  ],
) {}
/** x - tanh(x) */
export class Tanhshrink extends activation(x => x.tanhshrink()) {}
/** x, but 0 where |x| is at most lambda (0.5) */
export class Hardshrink extends activation((x, lambd?: number) => hardshrink(x, lambd)) {}
/** x moved towards 0 by lambda (0.5), and 0 where |x| is at most that */
export class Softshrink extends stateless(
  (x, lambd: number) => softshrink(x, lambd),
  (op, lambd: number = 0.5): [number] => {
    if (!(number(op, 'lambd', lambd) >= 0)) throw new ArgumentError(`${op}: lambd is at least 0, not ${lambd}`)
    return [lambd]
  },
) {}
/** x above the threshold, elsewhere the value */
export class Threshold extends stateless(
  (x, least: number, value: number) => threshold(x, least, value),
  (op, least: number, value: number): [number, number] => [number(op, 'threshold', least), number(op, 'value', value)],
) {}
/** e^-x / sum(e^-x) along `dim` */
export class Softmin extends activation((x, dim: number) => softmin(x, dim)) {}
/** [n, c, h, w] or [c, h, w]: e^x / sum(e^x) over the channels of each pixel */
export class Softmax2d extends activation(x => {
  if (x.ndim !== 3 && x.ndim !== 4)
    throw new ShapeError(`Softmax2d: expected [n, c, h, w] or [c, h, w], not ${show(x.shape)}`)
  return x.softmax(-3)
}) {}
/** a sigmoid(b), where a and b are the halves of x along `dim` (-1); see `F.glu` */
export class GLU extends activation((x, dim?: number) => glu(x, dim)) {}

export interface PReLUOptions {
  /** How many slopes there are: one for all, or one for each channel (1). */
  readonly numParameters?: number
  /** The slopes to begin with (0.25). */
  readonly init?: number
  /** 'float32' */
  readonly dtype?: DType
}
/**
 * [n, c, ...] -> the same: x above 0, weight*x elsewhere; the weight [1] or [c] is learned.
 *
 * He et al., "Delving deep into rectifiers", 2015.
 * @throws ArgumentError for another option; forward: ShapeError when x has other channels, DtypeError
 * @example
 * new nn.PReLU().forward(tensor([-2, 4])) // [-0.5, 4]
 */
export class PReLU extends Module {
  weight: Tensor

  constructor(given: PReLUOptions = {}) {
    super()
    const op = 'PReLU'
    const { numParameters = 1, init = 0.25, dtype } = options(op, given, ['numParameters', 'init', 'dtype'])
    const shape = [integer(op, 'numParameters', numParameters, 1)]
    this.weight = parameter(full(shape, number(op, 'init', init), { dtype: dtype ?? 'float32' }))
  }

  forward(x: Tensor): Tensor {
    return prelu(x, this.weight)
  }
}

export interface RReLUOptions {
  /** The least slope (1/8). */
  readonly lower?: number
  /** The largest slope (1/3). */
  readonly upper?: number
  /** Where slopes are drawn from; the default generator. */
  readonly generator?: Generator
}
/**
 * [...] -> [...]: x above 0, a slope times x elsewhere, drawn for each element in training, in evaluation the mean of
 * the two bounds; see `F.rrelu`.
 *
 * @throws ArgumentError when lower is above upper, or for another option
 * @example
 * new nn.RReLU({ lower: 0.25, upper: 0.75 }).eval().forward(tensor([-2, 4])) // [-1, 4]
 */
export class RReLU extends Module {
  readonly lower: number
  readonly upper: number
  readonly generator: Generator | undefined

  constructor(given: RReLUOptions = {}) {
    super()
    const { lower = 1 / 8, upper = 1 / 3, generator } = options('RReLU', given, ['lower', 'upper', 'generator'])
    if (!(lower <= upper)) throw new ArgumentError(`RReLU: lower ${lower} is not below upper ${upper}`)
    this.lower = lower
    this.upper = upper
    this.generator = generator
  }

  forward(x: Tensor): Tensor {
    const { lower, upper, training, generator } = this
    return rrelu(x, { lower, upper, training, generator })
  }
}
