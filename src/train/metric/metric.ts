// Metrics: numbers that say how good predictions are, over batches of any sizes as over all samples at once.
import { described } from '../../engine/argument.ts'
import { ArgumentError } from '../../engine/errors.ts'
import { Tensor } from '../../engine/tensor.ts'
import type { Snapshot } from '../callback.ts'
import { numbers } from '../snapshot.ts'

/** A number, or numbers in lists: one for each class, a matrix. */
export type Computed = number | readonly Computed[]

/**
 * Base of all metrics. `update` takes in a batch, `compute` (or `value`) gives the number over all that was taken in
 * since `reset`. To write one, keep what is remembered in the list of numbers `state`.
 *
 * @example
 * class Bias extends Metric {
 *   constructor() {
 *     super(2)
 *   }
 *   update(prediction: Tensor, target: Tensor): void {
 *     this.state[0] += prediction.sub(target).sum().item()
 *     this.state[1] += target.numel
 *   }
 *   compute(): number {
 *     return this.state[0] / this.state[1]
 *   }
 * }
 * const bias = new Bias()
 * bias.update(tensor([1, 2]), tensor([0, 1]))
 * bias.update(tensor([4]), tensor([0]))
 * bias.value // 2
 */
export abstract class Metric<P = Tensor, T = Tensor> {
  /** All that is remembered; zeros at first. */
  protected state: number[]
  readonly #size: number | null

  /** `size`: of how many numbers the state is; null for one that grows and is empty at first. */
  protected constructor(size: number | null) {
    this.#size = size
    this.state = zeros(size)
  }

  /** Takes in a batch; `size` is how much it counts, for those that average over batches. */
  abstract update(prediction: P, target: T, size?: number): void
  /** The number over all that was taken in; NaN where that is nothing. */
  abstract compute(): Computed

  get value(): ReturnType<this['compute']> {
    return this.compute() as ReturnType<this['compute']>
  }
  /** Forgets all that was taken in. */
  reset(): void {
    this.state = zeros(this.#size)
  }
  stateDict(): Snapshot {
    return [...this.state]
  }
  /** @throws ArgumentError when it is the state of another metric; nothing is changed then */
  loadStateDict(state: Snapshot): void {
    const given = numbers(`the state of ${this.constructor.name}`, state)
    if (this.#size !== null && given.length !== this.#size)
      throw new ArgumentError(
        `loadStateDict: ${this.constructor.name} remembers ${this.#size} numbers, the state has ${given.length}`,
      )
    this.state = given
  }
}

const zeros = (size: number | null): number[] => Array.from({ length: size ?? 0 }, () => 0)

/**
 * The mean of what a function gives for each batch, each counted by its size (1 if none is given); without a function
 * the mean of the numbers themselves.
 *
 * @throws ArgumentError when the function gives no number
 * @example
 * const mean = new Mean<number, void>()
 * mean.update(1, undefined, 30)
 * mean.update(5, undefined, 10)
 * mean.value // 2
 */
export class Mean<P = Tensor, T = Tensor> extends Metric<P, T> {
  readonly #of: (prediction: P, target: T) => unknown

  constructor(of: (prediction: P, target: T) => unknown = x => x) {
    super(2)
    this.#of = of
  }
  update(prediction: P, target: T, size = 1): void {
    const given = this.#of(prediction, target)
    const x = given instanceof Tensor && given.numel === 1 ? given.item() : given
    if (typeof x !== 'number') throw new ArgumentError(`Mean: needs a number for each batch, not ${described(given)}`)
    this.state = [this.state[0] + size * x, this.state[1] + size]
  }
  compute(): number {
    const [sum, count] = this.state
    return sum / count
  }
}
