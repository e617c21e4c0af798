// Noise taken out of a curve.
import { number } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { type Numbers, numbers } from './points.ts'

/**
 * The exponential moving average of a curve, as TensorBoard smooths: `n numbers -> n numbers`. Each value weighs
 * `weight` times as much as the one after it; 0 leaves the curve as it is, 0.6 is TensorBoard's default, 0.99 is very
 * smooth. Divided by the weights' sum 1 - weight^k, so that the curve does not start at 0 (Adam's bias correction).
 * What is not finite stays and is left out of the average.
 *
 * @throws ArgumentError when weight is not from 0 up to, but not including, 1
 * @example
 * smoothed([4, 2, 2], 0.5) // [4, 2.6667, 2.2857]
 */
export function smoothed(values: Numbers, weight: number): number[] {
  if (!(number('smoothed', 'weight', weight) >= 0 && weight < 1)) {
    throw new ArgumentError(`smoothed: weight is from 0 to below 1, not ${weight}`)
  }
  let [sum, share] = [0, 0]
  return Array.from(numbers('smoothed', 'values', values), value => {
    if (!Number.isFinite(value)) return value
    sum = weight * sum + (1 - weight) * value
    share = weight * share + (1 - weight)
    return sum / share
  })
}
