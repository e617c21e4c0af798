// What an epoch comes to: the loss and the metrics over all of its batches.
import { noGrad } from '../engine/apply.ts'
import type { Metrics, Snapshot } from './callback.ts'
import type { Computed, Metric } from './metric/metric.ts'
import { entries, numbers } from './snapshot.ts'

/** What the model said to a batch, and what it should have said. */
export interface Judged<P, T> {
  readonly prediction: P
  readonly target: T
}

export class Tally<P, T> {
  readonly #metrics: readonly (readonly [string, Metric<P, T>])[]
  /** Does the loss add up over samples, where others are means? */
  readonly #summed: boolean
  #loss = 0
  #size = 0

  constructor(metrics: Readonly<Record<string, Metric<P, T>>>, summed: boolean) {
    this.#metrics = Object.entries(metrics)
    this.#summed = summed
    this.reset()
  }

  add(loss: number, size: number, seen: Judged<P, T> | null): void {
    this.#loss += this.#summed ? loss : loss * size
    this.#size += size
    if (seen)
      noGrad(() => {
        for (const [, metric] of this.#metrics) metric.update(seen.prediction, seen.target, size)
      })
  }

  get loss(): number {
    return this.#summed ? this.#loss : this.#loss / this.#size
  }
  /** The metrics by name; of those that give lists each number: `recall.0`, `recall.1`. */
  metrics(): Metrics {
    const found: Record<string, number> = {}
    const enter = (name: string, x: Computed): void => {
      if (typeof x === 'number') found[name] = x
      else for (const [i, y] of x.entries()) enter(`${name}.${i}`, y)
    }
    for (const [name, metric] of this.#metrics) enter(name, metric.compute())
    return found
  }
  reset(): void {
    this.#loss = 0
    this.#size = 0
    for (const [, metric] of this.#metrics) metric.reset()
  }

  stateDict(): Snapshot {
    const metrics = Object.fromEntries(this.#metrics.map(([name, metric]) => [name, metric.stateDict()]))
    return { loss: [this.#loss, this.#size], metrics }
  }
  loadStateDict(state: Snapshot): void {
    const { loss, metrics } = entries('the tally', state)
    const [sum, size] = numbers("the tally's loss", loss)
    const states = entries("the tally's metrics", metrics)
    // metrics that the state does not know begin here
    for (const [name, metric] of this.#metrics) if (states[name] !== undefined) metric.loadStateDict(states[name])
    this.#loss = sum
    this.#size = size
  }
}
