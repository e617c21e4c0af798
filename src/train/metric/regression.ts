// Metrics of numbers: how far predictions are from what came.
import { operand } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { Metric } from './metric.ts'

function alike(op: string, prediction: Tensor, target: Tensor): void {
  if (!sameShape(operand(op, prediction).shape, operand(op, target).shape))
    throw new ShapeError(
      `${op}: predictions ${show(prediction.shape)} and targets ${show(target.shape)} have one shape. Did you mean target.unsqueeze(1), or prediction.squeeze(1)?`,
    )
}

/** The mean over all elements of what an error costs. */
abstract class Errors extends Metric {
  readonly #name: string
  readonly #cost: (error: number) => number

  protected constructor(name: string, cost: (error: number) => number) {
    super(2)
    this.#name = name
    this.#cost = cost
  }
  update(prediction: Tensor, target: Tensor): void {
    alike(this.#name, prediction, target)
    const [x, y] = [prediction.data, target.data]
    let sum = 0
    for (let i = 0; i < x.length; i++) sum += this.#cost(x[i] - y[i])
    this.state = [this.state[0] + sum, this.state[1] + x.length]
  }
  protected mean(): number {
    return this.state[0] / this.state[1]
  }
}

/**
 * The mean absolute error, over all elements of predictions and targets of one shape.
 *
 * @throws ShapeError when shapes differ
 * @example
 * const mae = new MAE()
 * mae.update(tensor([1, 2, 5]), tensor([1, 3, 3]))
 * mae.value // 1
 */
export class MAE extends Errors {
  constructor() {
    super('MAE', Math.abs)
  }
  compute(): number {
    return this.mean()
  }
}
/**
 * The mean squared error, over all elements of predictions and targets of one shape.
 *
 * @throws ShapeError when shapes differ
 * @example
 * const mse = new MSE()
 * mse.update(tensor([1, 2, 5]), tensor([1, 4, 3]))
 * mse.value // 2.6667
 */
export class MSE extends Errors {
  constructor() {
    super('MSE', error => error * error)
  }
  compute(): number {
    return this.mean()
  }
}
/**
 * The root of the mean squared error over all elements, not the mean of batches' roots.
 *
 * @throws ShapeError when shapes differ
 * @example
 * const rmse = new RMSE()
 * rmse.update(tensor([3]), tensor([0]))
 * rmse.update(tensor([4]), tensor([0]))
 * rmse.value // 3.5355
 */
export class RMSE extends Errors {
  constructor() {
    super('RMSE', error => error * error)
  }
  compute(): number {
    return Math.sqrt(this.mean())
  }
}

/**
 * The coefficient of determination, 1 - Σ(y - ŷ)²/Σ(y - ȳ)²: of predictions and targets `[n]`, or `[n, …]`, where it is
 * the mean over columns. Of a column of equal targets it is 1 if all are met, else 0; NaN for fewer than two samples.
 *
 * Sums of squares are updated as in B. P. Welford, "Note on a method for calculating corrected sums of squares", 1962.
 *
 * @throws ShapeError when shapes differ, ArgumentError when a batch has other columns than those before
 * @example
 * const r2 = new R2()
 * r2.update(tensor([2.5, 0, 2, 8]), tensor([3, -0.5, 2, 7]))
 * r2.value // 0.9486
 */
export class R2 extends Metric {
  constructor() {
    super(null)
  }
  /** The state: the number of samples, then for each column the mean, Σ(y - ȳ)² and Σ(y - ŷ)². */
  update(prediction: Tensor, target: Tensor): void {
    alike('R2', prediction, target)
    if (target.ndim === 0) throw new ShapeError('R2: needs samples [n], or [n, …], not one number')
    const [n, ...rest] = target.shape
    const columns = rest.reduce((a, b) => a * b, 1)
    if (this.state.length === 0) this.state = Array.from({ length: 1 + 3 * columns }, () => 0)
    if (this.state.length !== 1 + 3 * columns)
      throw new ArgumentError(`R2: a batch has ${columns} columns, those before had ${(this.state.length - 1) / 3}`)
    const [x, y] = [prediction.data, target.data]
    const { state } = this
    for (let i = 0; i < n; i++) {
      state[0]++
      for (let k = 0; k < columns; k++) {
        const at = i * columns + k
        const off = y[at] - state[1 + 3 * k]
        state[1 + 3 * k] += off / state[0]
        state[2 + 3 * k] += off * (y[at] - state[1 + 3 * k])
        state[3 + 3 * k] += (y[at] - x[at]) ** 2
      }
    }
  }
  compute(): number {
    const [n = 0] = this.state
    if (n < 2) return Number.NaN
    const columns = (this.state.length - 1) / 3
    let sum = 0
    for (let k = 0; k < columns; k++) {
      const [, all, left] = this.state.slice(1 + 3 * k, 4 + 3 * k)
      sum += all === 0 ? (left === 0 ? 1 : 0) : 1 - left / all
    }
    return sum / columns
  }
}
