// Losses of numbers that should be near other numbers.
import { ArgumentError } from '../../engine/errors.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { elementwise, type LossOptions, positive } from './reduction.ts'

/**
 * The squared error (x - y)^2: [...] and [...] -> [], or [...] without reduction.
 *
 * @throws ShapeError when the shapes differ, ArgumentError on other options
 * @example
 * F.mseLoss(tensor([1, 2]), tensor([1, 4])) // 2
 */
export function mseLoss(input: Tensor, target: Tensor, given: LossOptions = {}): Tensor {
  return elementwise('mseLoss', given, input, target, () => input.sub(target).square())
}

/**
 * The absolute error |x - y|: [...] and [...] -> [], or [...] without reduction. The gradient at 0 is 0.
 *
 * @throws ShapeError when the shapes differ, ArgumentError on other options
 * @example
 * F.l1Loss(tensor([1, 2]), tensor([1, 4])) // 1
 */
export function l1Loss(input: Tensor, target: Tensor, given: LossOptions = {}): Tensor {
  return elementwise('l1Loss', given, input, target, () => input.sub(target).abs())
}

/** d^2 / 2 within delta of 0, delta (|d| - delta/2) beyond: c (d - c/2) with d clamped to c. */
function huber(d: Tensor, delta: number): Tensor {
  const c = d.clamp(-delta, delta)
  return c.mul(d.sub(c.mul(0.5)))
}

export interface HuberOptions extends LossOptions {
  /** How far the square reaches, above 0 (1). */
  readonly delta?: number
}
/**
 * The squared error near the target, the absolute one far from it: with d = x - y it is d^2 / 2 where |d| <= delta and
 * delta (|d| - delta/2) elsewhere. [...] and [...] -> [], or [...] without reduction.
 *
 * Huber, "Robust estimation of a location parameter", 1964.
 * @throws ShapeError when the shapes differ, ArgumentError when delta is not above 0, or on other options
 * @example
 * F.huberLoss(tensor([1, 2]), tensor([2, 5])) // (0.5 + 2.5) / 2 = 1.5
 */
export function huberLoss(input: Tensor, target: Tensor, given: HuberOptions = {}): Tensor {
  const op = 'huberLoss'
  return elementwise(op, given, input, target, () => {
    const { delta = 1 } = given
    return huber(input.sub(target), positive(op, 'delta', delta))
  })
}

export interface SmoothL1Options extends LossOptions {
  /** How far the square reaches, at least 0 (1); 0 is `l1Loss`. */
  readonly beta?: number
}
/**
 * The absolute error, rounded off near 0: with d = x - y it is d^2 / (2 beta) where |d| <= beta and |d| - beta/2
 * elsewhere, `huberLoss` divided by beta. [...] and [...] -> [], or [...] without reduction.
 *
 * Girshick, "Fast R-CNN", 2015.
 * @throws ShapeError when the shapes differ, ArgumentError when beta is negative, or on other options
 * @example
 * F.smoothL1Loss(tensor([1, 2]), tensor([2, 5])) // (0.5 + 2.5) / 2 = 1.5
 */
export function smoothL1Loss(input: Tensor, target: Tensor, given: SmoothL1Options = {}): Tensor {
  const op = 'smoothL1Loss'
  return elementwise(op, given, input, target, () => {
    const { beta = 1 } = given
    if (!(beta >= 0)) throw new ArgumentError(`${op}: beta is a number of at least 0, not ${beta}`)
    const d = input.sub(target)
    return beta === 0 ? d.abs() : huber(d, beta).div(beta)
  })
}
