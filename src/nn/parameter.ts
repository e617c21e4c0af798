// A parameter: a leaf tensor that a module trains.
import { Tensor } from '../engine/tensor.ts'

/**
 * A tensor that stays a parameter of its module when it is frozen (`requiresGrad_(false)`), where an ordinary tensor
 * would then count as a buffer. Make one with `parameter(x)`.
 */
export class Parameter extends Tensor {}

/**
 * [...] -> [...]: a parameter with the values of x, off x's graph, collecting gradients.
 *
 * @throws DtypeError when x is not a float tensor
 * @example
 * parameter(zeros([2])).requiresGrad // true
 */
export const parameter = (x: Tensor): Parameter => new Parameter(x.shape, x.dtype, x.data).requiresGrad_()
