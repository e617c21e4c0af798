// Functions of one tensor as modules, a line each.
import { options } from '../engine/argument.ts'
import { softplus } from '../engine/functions.ts'
import type { Tensor } from '../engine/tensor.ts'
import { Module, type TensorModule } from './module.ts'

/** The module that applies f; what f takes beside the tensor, its constructor takes: also `known` options. */
const activation = <A extends readonly unknown[]>(
  f: (x: Tensor, ...args: A) => Tensor,
  known?: readonly string[],
): (new (
  ...args: A
) => TensorModule) =>
  class extends Module {
    readonly args: A
    constructor(...args: A) {
      super()
      if (known) options(new.target.name, args[0] ?? {}, known)
      this.args = args
    }
    forward(x: Tensor): Tensor {
      return f(x, ...this.args)
    }
  }

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
/** [n, a, b, …] -> [n, a*b*…]: the dimensions from startDim to endDim as one */
export class Flatten extends activation((x, startDim: number = 1, endDim?: number) => x.flatten(startDim, endDim)) {}
