// Activations that are more than one function of each element: gates, learned and random slopes, random choices.
import { number, options } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { zerosLike } from '../../engine/ops/create.ts'
import { floats } from '../../engine/ops/kind.ts'
import { sameDtype } from '../../engine/ops/product.ts'
import { type Generator, randLike } from '../../engine/random.ts'
import { dimension, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'

/**
 * a sigmoid(b), where a and b are the halves of x along `dim`: [..., 2 n, ...] -> [..., n, ...].
 *
 * Dauphin et al., "Language modeling with gated convolutional networks", 2017.
 * @throws ShapeError when the size is odd, IndexError when there is no such dimension
 * @example
 * F.glu(tensor([3, 0])) // [1.5]
 */
export function glu(x: Tensor, dim = -1): Tensor {
  const d = dimension('glu', dim, floats('glu', x))
  const size = x.shape[d] ?? 1
  if (size % 2) throw new ShapeError(`glu: dimension ${dim} of ${show(x.shape)} has no halves`)
  return x.slice(d, 0, size / 2).mul(x.slice(d, size / 2).sigmoid())
}

/**
 * x above 0, weight*x elsewhere: [n, c, ...] with a weight for each channel [c], or one for all [1] -> the same.
 *
 * He et al., "Delving deep into rectifiers", 2015.
 * @throws ShapeError when the weight has neither 1 nor c elements, DtypeError when the dtypes differ
 * @example
 * F.prelu(tensor([[-2, 4]]), tensor([0.25, 0.5])) // [[-0.5, 4]]
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const op = 'prelu'
  sameDtype(op, floats(op, x), weight)
  const channels = x.ndim > 1 ? x.shape[1] : 1
  if (weight.ndim > 1 || (weight.numel !== 1 && weight.numel !== channels))
    throw new ShapeError(`${op}: the weight of ${show(x.shape)} is [${channels}] or [1], not ${show(weight.shape)}`)
  return x.leakyRelu(x.ndim > 1 ? weight.reshape(-1, ...x.shape.slice(2).map(() => 1)) : weight.reshape([]))
}

export interface RreluOptions {
  /** The least slope (1/8). */
  readonly lower?: number
  /** The largest slope (1/3). */
  readonly upper?: number
  /** Whether slopes are drawn (false); otherwise all are the mean of the two. */
  readonly training?: boolean
  /** Where they are drawn from; the default generator. */
  readonly generator?: Generator | undefined
}
/**
 * x above 0, a slope times x elsewhere, which is drawn for each element in training: [...] -> [...].
 *
 * Xu et al., "Empirical evaluation of rectified activations in convolution network", 2015.
 * @throws ArgumentError when lower is above upper, or for another option
 * @example
 * F.rrelu(tensor([-2, 4]), { lower: 0.25, upper: 0.75 }) // [-1, 4]
 */
export function rrelu(x: Tensor, given: RreluOptions = {}): Tensor {
  const op = 'rrelu'
  const known = ['lower', 'upper', 'training', 'generator']
  const { lower = 1 / 8, upper = 1 / 3, training = false, generator } = options(op, given, known)
  if (!(lower <= upper)) throw new ArgumentError(`${op}: lower ${lower} is not below upper ${upper}`)
  floats(op, x)
  if (!training) return x.leakyRelu((lower + upper) / 2)
  return x.leakyRelu(
    randLike(x, generator && { generator })
      .mul(upper - lower)
      .add(lower),
  )
}

/**
 * softmax(-x) along `dim`: [...] -> [...].
 *
 * @example
 * F.softmin(tensor([0, 0]), 0) // [0.5, 0.5]
 */
export const softmin = (x: Tensor, dim: number): Tensor => {
  dimension('softmin', dim, floats('softmin', x))
  return x.neg().softmax(dim)
}

export interface GumbelOptions {
  /** The temperature, above 0 (1): the lower, the nearer to one-hot. */
  readonly tau?: number
  /** Whether the result is one-hot, with the gradient of what it was made of (false). */
  readonly hard?: boolean
  /** The dimension of the classes (-1). */
  readonly dim?: number
  /** Where the noise is drawn from; the default generator. */
  readonly generator?: Generator | undefined
}
/**
 * A differentiable draw of a class: softmax((logits + g) / tau), where g are Gumbel noise: [...] -> [...]. With `hard` it
 * is one-hot at the largest, drawn with the probabilities softmax(logits), and has the soft one's gradient.
 *
 * Jang et al., "Categorical reparameterization with Gumbel-softmax", 2017.
 * @throws IndexError when there is no such dimension, ArgumentError when tau is not above 0, or for another option
 * @example
 * F.gumbelSoftmax(tensor([0, 100]), { hard: true }) // [0, 1]
 */
export function gumbelSoftmax(logits: Tensor, given: GumbelOptions = {}): Tensor {
  const op = 'gumbelSoftmax'
  const { tau = 1, hard = false, dim = -1, generator } = options(op, given, ['tau', 'hard', 'dim', 'generator'])
  if (!(number(op, 'tau', tau) > 0)) throw new ArgumentError(`${op}: tau is above 0, not ${tau}`)
  const d = dimension(op, dim, floats(op, logits))
  const noise = randLike(logits, generator && { generator })
    .log()
    .neg()
    .log()
    .neg()
  const soft = logits.add(noise).div(tau).softmax(d)
  if (!hard) return soft
  const index = soft.argmax(d, { keepdim: true })
  // soft - soft is 0 to the bit
  return zerosLike(soft).scatter(d, index, 1).add(soft.sub(soft.detach()))
}
