// Dropout: a random mask on elements or whole channels, scaled so that means stay.
import type { Shape } from '../../backend/array.ts'
import { operand, options } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { full } from '../../engine/ops/create.ts'
import { floats } from '../../engine/ops/kind.ts'
import { bernoulli, type Generator } from '../../engine/random.ts'
import { show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'

export interface DropoutOptions {
  /** The probability of 0, in [0, 1] (0.5). */
  readonly p?: number
  /** false: x itself (true). */
  readonly training?: boolean
  /** Where the mask is drawn from; the default generator. */
  readonly generator?: Generator | undefined
}

/** What `masked` makes of x and a mask of `shape`, 1 where x is kept; x itself where nothing is dropped. */
function dropped(
  op: string,
  x: Tensor,
  given: DropoutOptions,
  shape: (x: Tensor) => Shape,
  masked: (x: Tensor, mask: Tensor, p: number) => Tensor,
): Tensor {
  const { p = 0.5, training = true, generator } = options(op, given, ['p', 'training', 'generator'])
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${op}: a probability lies in [0, 1], not ${p}`)
  const size = shape(floats(op, x))
  if (!training || p === 0) return x
  // no 0 / 0
  if (p === 1) return x.mul(0)
  return masked(x, bernoulli(full(size, 1 - p, { dtype: x.dtype }), { generator }), p)
}
const scaled = (x: Tensor, mask: Tensor, p: number): Tensor => x.mul(mask.div(1 - p))

/**
 * [...] -> [...]: each element 0 with probability p, otherwise divided by 1 - p.
 *
 * @throws ArgumentError when p is not in [0, 1], or for another option
 * @example
 * F.dropout(tensor([1, 2]), { p: 0.5, training: false }) // [1, 2]
 */
export const dropout = (x: Tensor, given: DropoutOptions = {}): Tensor =>
  dropped('dropout', x, given, ({ shape }) => shape, scaled)

/** [n, c] and a 1 for each place: one draw for each channel. */
const channels = ({ shape }: Tensor, places: number): Shape => shape.map((n, d) => (d < shape.length - places ? n : 1))

/**
 * [n, c, l] or [c, l] -> the same: each channel of each example 0 with probability p, otherwise divided by 1 - p.
 *
 * Tompson et al., "Efficient object localization using convolutional networks", 2015.
 * @throws ShapeError on other shapes, ArgumentError when p is not in [0, 1], or for another option
 * @example
 * F.dropout1d(ones([2, 3]), { training: false }) // [[1, 1, 1], [1, 1, 1]]
 */
export function dropout1d(x: Tensor, given: DropoutOptions = {}): Tensor {
  if (operand('dropout1d', x).ndim !== 2 && x.ndim !== 3)
    throw new ShapeError(`dropout1d: expected [n, c, l] or [c, l], not ${show(x.shape)}`)
  return dropped('dropout1d', x, given, y => channels(y, 1), scaled)
}

/**
 * [n, c, h, w] -> the same: each channel of each example 0 with probability p, otherwise divided by 1 - p. Three
 * dimensions are refused: PyTorch takes them for [n, c, l] here and for [c, h, w] elsewhere.
 *
 * Tompson et al., "Efficient object localization using convolutional networks", 2015.
 * @throws ShapeError on other shapes, ArgumentError when p is not in [0, 1], or for another option
 * @example
 * F.dropout2d(ones([1, 1, 1, 2]), { training: false }) // [[[[1, 1]]]]
 */
export function dropout2d(x: Tensor, given: DropoutOptions = {}): Tensor {
  if (operand('dropout2d', x).ndim !== 4) {
    const hint = x.ndim === 3 ? '. For one image x.unsqueeze(0), for sequences dropout1d' : ''
    throw new ShapeError(`dropout2d: expected [n, c, h, w], not ${show(x.shape)}${hint}`)
  }
  return dropped('dropout2d', x, given, y => channels(y, 2), scaled)
}

/** What selu tends to far on the left: -scale*alpha. */
const SATURATED = -1.7580993408473766
/**
 * Dropout that keeps mean 0 and variance 1, for networks of selu: [...] -> [...]. With probability p an element becomes
 * selu's saturation s = -1.7581; then everything is scaled by a = ((1 - p)(1 + p s^2))^(-1/2) and shifted by -a p s.
 *
 * Klambauer et al., "Self-normalizing neural networks", 2017.
 * @throws ArgumentError when p is not in [0, 1], or for another option
 * @example
 * F.alphaDropout(tensor([1, 2]), { training: false }) // [1, 2]
 */
export const alphaDropout = (x: Tensor, given: DropoutOptions = {}): Tensor =>
  dropped(
    'alphaDropout',
    x,
    given,
    ({ shape }) => shape,
    (y, mask, p) => {
      const scale = 1 / Math.sqrt((1 - p) * (1 + p * SATURATED ** 2))
      return mask
        .where(y, SATURATED)
        .mul(scale)
        .sub(scale * p * SATURATED)
    },
  )
