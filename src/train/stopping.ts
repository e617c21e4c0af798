// Early stopping: a run ends when a metric no longer gets better, with the weights it was best with.
import { integer, number, oneOf, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Module, StateDict } from '../nn/module.ts'
import { EMA, type EMAState } from '../optim/ema.ts'
import type { Callback, Run, Snapshot } from './callback.ts'
import { entries, snapshot } from './snapshot.ts'

export interface StoppingOptions {
  /** Which metric ('validation.loss'). */
  readonly metric?: string
  /** Whether a smaller metric is better or a larger one ('min'). */
  readonly mode?: 'min' | 'max'
  /** After how many epochs in a row without getting better the run ends (10). */
  readonly patience?: number
  /** By how much a metric must be better to count (0). */
  readonly minDelta?: number
  /** Whether the model gets back the weights of the best epoch (true). */
  readonly restoreBest?: boolean
  /** The averages that `fit` validates with: what is best are they then, and they are restored too. */
  readonly ema?: EMA
}
/** What is known of the best epoch so far. */
export interface Stopping extends Callback {
  readonly name: string
  /** The best value, and the number of epochs done when it was reached; null before the first. */
  readonly best: number | null
  readonly bestEpoch: number | null
}

/** Weights of an epoch. */
interface Kept {
  readonly model: StateDict
  readonly ema: EMAState | null
}

/**
 * Ends a run of `fit` when `metric` has not got better for `patience` epochs, and gives the model the weights (buffers
 * too) of its best epoch: also when the run ends with its last epoch, and not when something else ends it. NaN is never
 * better.
 *
 * L. Prechelt, "Early stopping - but when?", 1998.
 *
 * @throws ArgumentError when an option is out of range; in the first epoch, when there is no such metric
 * @example
 * const model = new nn.Linear(1, 1)
 * const stopping = earlyStopping({ metric: 'score', mode: 'max', patience: 2 })
 * const scores = [1, 3, 2, 2, 5]
 * const { reason, epoch } = await fit(model, {
 *   train: [[ones([1, 1]), ones([1, 1])]],
 *   loss: F.mseLoss,
 *   optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
 *   epochs: 5,
 *   metrics: { score: () => scores.shift() },
 *   callbacks: [stopping],
 * })
 * reason // no better score since epoch 2
 * [epoch, stopping.best] // [4, 3]
 */
export function earlyStopping(given: StoppingOptions = {}): Stopping {
  const name = 'earlyStopping'
  const known = ['metric', 'mode', 'patience', 'minDelta', 'restoreBest', 'ema']
  const { metric = 'validation.loss', mode = 'min', patience = 10, minDelta = 0 } = options(name, given, known)
  const { restoreBest = true, ema = null } = given
  if (typeof metric !== 'string') throw new ArgumentError(`${name}: metric is the name of a metric`)
  oneOf(name, 'mode', mode, ['min', 'max'])
  integer(name, 'patience', patience, 1)
  if (!(number(name, 'minDelta', minDelta) >= 0))
    throw new ArgumentError(`${name}: minDelta is at least 0, not ${minDelta}`)
  if (ema !== null && !(ema instanceof EMA)) throw new ArgumentError(`${name}: ema is an EMA`)
  const sign = mode === 'min' ? 1 : -1
  let best: { readonly value: number; readonly epoch: number; readonly kept: Kept | null } | null = null
  let reason: string | null = null

  const keep = (model: Module): Kept => ({ model: model.stateDict(), ema: ema?.stateDict() ?? null })
  const bad = ({ epoch }: Run): number => epoch - (best?.epoch ?? 0)
  return {
    name: `${name} ${metric}`,
    get best() {
      return best?.value ?? null
    },
    get bestEpoch() {
      return best?.epoch ?? null
    },
    start(run) {
      reason = null
      // a run that begins; one that is resumed has a state of its own
      if (run.step === 0) best = null
    },
    epoch(run) {
      const value = run.metrics[metric]
      if (value === undefined)
        throw new ArgumentError(
          `${name}: there is no metric '${metric}'; there are ${Object.keys(run.metrics).join(', ')}`,
        )
      if (sign * value < sign * (best?.value ?? sign * Infinity) - minDelta)
        best = { value, epoch: run.epoch, kept: restoreBest ? keep(run.model) : null }
      if (bad(run) < patience) return
      reason = `no better ${metric} since epoch ${best?.epoch ?? 0}`
      run.stop(reason)
    },
    end(run, error) {
      const over = run.reason === null || run.reason === reason
      if (error !== undefined || !over || !best?.kept || bad(run) === 0) return
      run.model.loadStateDict(best.kept.model)
      if (best.kept.ema) ema?.loadStateDict(best.kept.ema)
    },
    stateDict: () => snapshot(name, best),
    loadStateDict(state) {
      best = state === null ? null : loaded(state)
    },
  }
}

function loaded(state: Snapshot): { readonly value: number; readonly epoch: number; readonly kept: Kept | null } {
  const { value, epoch, kept } = entries('the state of earlyStopping', state)
  if (typeof value !== 'number' || typeof epoch !== 'number')
    throw new ArgumentError('loadStateDict: this is no state of earlyStopping')
  if (kept === null || kept === undefined) return { value, epoch, kept: null }
  const { model, ema } = entries('the weights kept by earlyStopping', kept)
  if (ema === null || ema === undefined) return { value, epoch, kept: { model: tensors(model), ema: null } }
  const { decay, averages } = entries('the averages kept by earlyStopping', ema)
  if (typeof decay !== 'number') throw new ArgumentError('loadStateDict: these are no averages')
  return { value, epoch, kept: { model: tensors(model), ema: { decay, averages: tensors(averages) } } }
}

function tensors(x: Snapshot | undefined): StateDict {
  return Object.fromEntries(
    Object.entries(entries('weights kept by earlyStopping', x)).map(([name, y]) => {
      if (!(y instanceof Tensor)) throw new ArgumentError(`loadStateDict: the weight ${name} is no tensor`)
      return [name, y]
    }),
  )
}
