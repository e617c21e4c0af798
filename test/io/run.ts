// A run in small, as callbacks see it: ten steps an epoch, each moving a weight by a draw.
import { Generator, nn, type Tensor, tensor } from '../../src/index.ts'
import type { Callback, Metrics, Run, Snapshot } from '../../src/train/callback.ts'

export class SmallRun implements Run {
  readonly model = new nn.Linear(1, 1, { bias: false })
  readonly stepsPerEpoch = 10
  readonly epochs: number
  epoch = 0
  step = 0
  metrics: Metrics = {}
  history: Metrics[] = []
  reason: string | null = null
  readonly #generator = new Generator(1)
  readonly #callbacks: readonly Callback[]
  /** The numbers of an epoch. */
  readonly #measure: (run: SmallRun) => Metrics

  constructor(
    epochs: number,
    callbacks: readonly Callback[],
    measure = (run: SmallRun): Metrics => ({ loss: run.weight }),
  ) {
    this.model.weight.assign(tensor([[1]]))
    this.epochs = epochs
    this.#callbacks = callbacks
    this.#measure = measure
  }
  get weight(): number {
    return this.model.weight.item()
  }
  stop(reason: string): void {
    this.reason ??= reason
  }

  /** Runs to the end; `pause` milliseconds between two steps, `fail` at a step. */
  async go({ pause = 0, fail = Infinity } = {}): Promise<this> {
    let error: unknown
    try {
      for (const callback of this.#callbacks) await callback.start?.(this)
      while (this.reason === null && this.epoch < this.epochs) {
        // the last step of an epoch may be done already
        while (this.reason === null && this.step < 10 * (this.epoch + 1)) {
          if (pause > 0) await new Promise(resolve => setTimeout(resolve, pause))
          if (this.step === fail) throw new Error('by the test')
          this.model.weight.assign(tensor([[this.weight + this.#generator.normal()]]))
          this.step++
          this.metrics = { loss: this.weight, lr: 0.1 }
          for (const callback of this.#callbacks) await callback.step?.(this)
        }
        if (this.reason !== null) break
        this.epoch++
        this.metrics = this.#measure(this)
        this.history.push(this.metrics)
        for (const callback of this.#callbacks) await callback.epoch?.(this)
      }
    } catch (thrown) {
      error = thrown
    }
    for (const callback of [...this.#callbacks].reverse()) await callback.end?.(this, error)
    if (error !== undefined) throw error
    return this
  }

  stateDict(): Snapshot {
    const states = this.#callbacks.flatMap(({ name, stateDict }) => (name && stateDict ? [[name, stateDict()]] : []))
    return {
      model: this.model.stateDict(),
      generator: this.#generator.getState() as unknown as Snapshot,
      epoch: this.epoch,
      step: this.step,
      history: this.history,
      callbacks: Object.fromEntries(states),
    }
  }
  loadStateDict(state: Snapshot): void {
    const from = state as {
      model: Record<string, Tensor>
      generator: never
      epoch: number
      step: number
      history: Metrics[]
      callbacks: Record<string, Snapshot>
    }
    this.model.loadStateDict(from.model)
    this.#generator.setState(from.generator)
    this.epoch = from.epoch
    this.step = from.step
    this.history = [...from.history]
    for (const { name, loadStateDict } of this.#callbacks) if (name) loadStateDict?.(from.callbacks[name])
  }
}
