// A learning rate that falls when a metric no longer gets better.
import { integer, number, oneOf, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { checkedState, each, groupsOf, refuseRecording, reset, type SchedulerState, type Trained } from './scheduler.ts'

export interface PlateauOptions {
  /** Whether a smaller metric is better or a larger one ('min'). */
  readonly mode?: 'min' | 'max'
  /** What the rate is multiplied with, below 1 (0.1). */
  readonly factor?: number
  /** How many epochs may pass without getting better (10). */
  readonly patience?: number
  /** By how much a metric must be better to count (1e-4), relative to the best or absolutely ('rel'). */
  readonly threshold?: number
  readonly thresholdMode?: 'rel' | 'abs'
  /** For how many epochs after a cut none is counted as bad (0). */
  readonly cooldown?: number
  /** The least rate, for all groups or one for each (0). */
  readonly minLr?: number | readonly number[]
  /** Cuts by no more than this are left out (1e-8). */
  readonly eps?: number
}

export interface PlateauState extends SchedulerState {
  /** The best metric so far; null before the first. */
  readonly best: number | null
  readonly numBadEpochs: number
  readonly cooldownCounter: number
}

/**
 * Cuts the learning rate to `factor` (0.1) of itself when the metric has not got better for more than `patience` (10)
 * epochs. Call `step(metric)` after each epoch's validation.
 *
 * @throws ArgumentError when an option is out of range, or the metric is no number, value or tensor of one element
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 1 })
 * for (const loss of [3, 2, 2, 2, 2, 2]) scheduler.step(loss)
 * scheduler.getLastLR() // [0.25]
 */
export class ReduceLROnPlateau {
  lastEpoch = 0
  best: number | null = null
  numBadEpochs = 0
  cooldownCounter = 0
  readonly optimizer: Trained
  readonly #options: Required<PlateauOptions>
  readonly #minLrs: readonly number[]
  #lastLr: readonly number[]

  constructor(optimizer: Trained, given: PlateauOptions = {}) {
    const name = 'ReduceLROnPlateau'
    this.#options = {
      mode: 'min',
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      thresholdMode: 'rel',
      cooldown: 0,
      minLr: 0,
      eps: 1e-8,
      ...options(name, given, [
        ...['mode', 'factor', 'patience', 'threshold', 'thresholdMode', 'cooldown', 'minLr', 'eps'],
      ]),
    }
    const { mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps } = this.#options
    oneOf(name, 'mode', mode, ['min', 'max'])
    oneOf(name, 'thresholdMode', thresholdMode, ['rel', 'abs'])
    if (!(number(name, 'factor', factor) < 1)) throw new ArgumentError(`${name}: factor is below 1, not ${factor}`)
    integer(name, 'patience', patience, 0)
    integer(name, 'cooldown', cooldown, 0)
    number(name, 'threshold', threshold)
    number(name, 'eps', eps)
    this.optimizer = optimizer
    this.#minLrs = each(name, 'minLr', optimizer, minLr)
    this.#lastLr = groupsOf(name, optimizer).map(({ lr }) => lr)
  }

  step(metric: number | Value | Tensor): void {
    refuseRecording('ReduceLROnPlateau')
    const { patience, cooldown, factor, eps } = this.#options
    const x = metric instanceof Tensor ? metric.item() : metric instanceof Value ? metric.data : metric
    number('ReduceLROnPlateau', 'a metric', x)
    this.lastEpoch++
    if (this.#better(x)) {
      this.best = x
      this.numBadEpochs = 0
    } else this.numBadEpochs++
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--
      this.numBadEpochs = 0
    }
    const { paramGroups } = this.optimizer
    if (this.numBadEpochs > patience) {
      paramGroups.forEach((group, i) => {
        const cut = Math.max(group.lr * factor, this.#minLrs[i] as number)
        if (group.lr - cut > eps) group.lr = cut
      })
      this.cooldownCounter = cooldown
      this.numBadEpochs = 0
    }
    this.#lastLr = paramGroups.map(({ lr }) => lr)
  }

  #better(x: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options
    const sign = mode === 'min' ? 1 : -1
    const best = this.best ?? sign * Infinity
    const bar = thresholdMode === 'rel' ? best * (1 - sign * threshold) : best - sign * threshold
    return mode === 'min' ? x < bar : x > bar
  }

  /** The learning rate of each group, as the last step left it. */
  getLastLR(): number[] {
    return [...this.#lastLr]
  }

  stateDict(): PlateauState {
    const { lastEpoch, best, numBadEpochs, cooldownCounter } = this
    return { lastEpoch, lastLr: this.getLastLR(), best, numBadEpochs, cooldownCounter }
  }

  /**
   * Goes on from a state: also the groups get the rates of then.
   *
   * @throws ArgumentError when it is no state, or of another number of groups; nothing is changed then
   */
  loadStateDict(state: PlateauState): void {
    const name = 'ReduceLROnPlateau'
    const { lastEpoch, lastLr, best, numBadEpochs, cooldownCounter } = checkedState(name, this.optimizer, state)
    if (best !== null) number(name, 'best', best)
    integer(name, 'numBadEpochs', numBadEpochs, 0)
    integer(name, 'cooldownCounter', cooldownCounter, 0)
    Object.assign(this, { lastEpoch, best, numBadEpochs, cooldownCounter })
    this.#lastLr = [...lastLr]
    reset(this.optimizer, lastLr)
  }
}
