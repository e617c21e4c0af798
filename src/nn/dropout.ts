// Dropout as modules.
import { options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Generator } from '../engine/random.ts'
import type { Tensor } from '../engine/tensor.ts'
import { alphaDropout, type DropoutOptions, dropout, dropout1d, dropout2d } from './functional.ts'
import { Module, type TensorModule } from './module.ts'

/** The module that drops by f in training. */
const dropping = (
  f: (x: Tensor, options: DropoutOptions) => Tensor,
): (new (
  p?: number,
  options?: { generator?: Generator },
) => TensorModule & { readonly p: number; readonly generator: Generator | undefined }) =>
  class extends Module {
    readonly p: number
    readonly generator: Generator | undefined

    constructor(p = 0.5, given: { generator?: Generator } = {}) {
      super()
      const op = new.target.name
      const { generator } = options(op, given, ['generator'])
      if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${op}: a probability lies in [0, 1], not ${p}`)
      this.p = p
      this.generator = generator
    }

    forward(x: Tensor): Tensor {
      return f(x, { p: this.p, training: this.training, generator: this.generator })
    }
  }

/**
 * [...] -> [...]: in training each element becomes 0 with probability p, and the others are divided by 1 - p; after
 * `eval()` nothing happens. Draws from `generator`, the default one if none is given.
 *
 * Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", 2012.
 *
 * @throws ArgumentError when p is not in [0, 1], or for another option
 * @example
 * new nn.Dropout(0.5).eval().forward(tensor([1, 2])) // [1, 2]
 */
export class Dropout extends dropping(dropout) {}
/**
 * [n, c, l] or [c, l] -> the same: in training each channel of each example becomes 0 with probability p, and the others
 * are divided by 1 - p; see `F.dropout1d`.
 *
 * @throws ArgumentError when p is not in [0, 1], or for another option; forward: ShapeError on other shapes
 * @example
 * new nn.Dropout1d(0.5).eval().forward(tensor([[1, 2]])) // [[1, 2]]
 */
export class Dropout1d extends dropping(dropout1d) {}
/**
 * [n, c, h, w] -> the same: in training each channel of each example becomes 0 with probability p, and the others are
 * divided by 1 - p; see `F.dropout2d`.
 *
 * @throws ArgumentError when p is not in [0, 1], or for another option; forward: ShapeError on other shapes
 * @example
 * new nn.Dropout2d(0.5).eval().forward(ones([1, 1, 1, 2])) // [[[[1, 1]]]]
 */
export class Dropout2d extends dropping(dropout2d) {}
/**
 * [...] -> [...]: in training dropout that keeps mean 0 and variance 1, for networks of selu; see `F.alphaDropout`.
 *
 * Klambauer et al., "Self-normalizing neural networks", 2017.
 * @throws ArgumentError when p is not in [0, 1], or for another option
 * @example
 * new nn.AlphaDropout(0.5).eval().forward(tensor([1, 2])) // [1, 2]
 */
export class AlphaDropout extends dropping(alphaDropout) {}
