// fit: the loop of training, for those who do not want to write it. The one written by hand needs nothing from here.
import { described, integer, number, oneOf, options, record } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { defaultGenerator, Generator } from '../engine/random.ts'
import type { Tensor } from '../engine/tensor.ts'
import { Module, type TensorModule } from '../nn/module.ts'
import { EMA } from '../optim/ema.ts'
import { LBFGS } from '../optim/lbfgs.ts'
import type { ReduceLROnPlateau } from '../optim/plateau.ts'
import type { Scheduler } from '../optim/scheduler.ts'
import { type Batches, batches, sizeOf } from './batches.ts'
import type { Callback, Metrics } from './callback.ts'
import { Mean, Metric } from './metric/metric.ts'
import { type Steps, trained } from './step.ts'
import type { Judged } from './tally.ts'
import { Training } from './training.ts'

/** What compares a prediction with its target and gives one number: a module as `nn.CrossEntropyLoss`, or a function. */
export type Loss<P, T> =
  | { forward(prediction: P, target: T): Tensor; readonly reduction?: string }
  | ((prediction: P, target: T) => Tensor)

/** A metric, or a function whose numbers are averaged, each counted by the size of its batch. */
export type Measure<P, T> = Metric<P, T> | ((prediction: P, target: T) => number | Tensor)

export interface FitOptions<B = readonly Tensor[], P = Tensor, T = Tensor> {
  /** The batches of an epoch; unless `forward` says otherwise each is a pair [x, y]. */
  readonly train: Batches<B>
  /** Looked at after each epoch, in evaluation mode and without gradients. */
  readonly validation?: Batches<B>
  readonly loss: Loss<P, T>
  readonly optimizer: Steps
  readonly epochs: number
  readonly scheduler?: Scheduler | ReduceLROnPlateau
  /** When the scheduler steps: after each 'epoch' (the default) or each 'step'. */
  readonly scheduleBy?: 'epoch' | 'step'
  /** The metric that `ReduceLROnPlateau` is given ('validation.loss'; where there is none 'loss'). */
  readonly monitor?: string
  /** Over the batches of training, and under `validation.…` over those of validation. */
  readonly metrics?: Readonly<Record<string, Measure<P, T>>>
  /** In this order; their `end` in reverse. */
  readonly callbacks?: readonly Callback[]
  /** Stops the run after the step under way; its `reason` is 'aborted' then. */
  readonly signal?: AbortSignal
  /** Replays steps as programs, see `compile` (false). With the guard a step is two programs, without it one. */
  readonly compile?: boolean
  /** How many batches make one step, as if they were one large batch (1). What is left at the end of an epoch is one too. */
  readonly accumulate?: number
  /** The largest norm of all gradients together; see `clipGradNorm`. */
  readonly clipGradNorm?: number
  /** The largest element of a gradient; see `clipGradValue`. Comes before `clipGradNorm`. */
  readonly clipGradValue?: number
  /**
   * Looks at the loss and the gradients of each step (true): where they are not finite, the step is not made, and the
   * error names the op that did it and the line that called it.
   */
  readonly nanGuard?: boolean
  /** Averages of the weights, moved after each step; validation is done with them. They are not given to the model. */
  readonly ema?: EMA
  /** Generators that belong to the run, besides the default one and those in the model's fields. */
  readonly generators?: readonly Generator[]
  /** How much a batch counts (its number of samples), in means over batches and where gradients are accumulated. */
  readonly size?: (batch: B) => number
}
/** What the model makes of a batch, where that is no pair [x, y]. */
export interface Forwarding<M, B, P, T> {
  readonly forward: (model: M, batch: B) => Judged<P, T>
}

export interface FitResult {
  /** One entry for each epoch: `loss`, the metrics, `lr` (of further groups `lr.1`, …), and `validation.…`. */
  readonly history: readonly Metrics[]
  readonly step: number
  readonly epoch: number
  /** Why the run ended before its last epoch; null when it did not. */
  readonly reason: string | null
}

const known = [
  ...['train', 'validation', 'loss', 'optimizer', 'epochs', 'scheduler', 'scheduleBy', 'monitor', 'metrics'],
  ...['callbacks', 'signal', 'compile', 'accumulate', 'clipGradNorm', 'clipGradValue', 'nanGuard', 'ema'],
  ...['generators', 'size', 'forward'],
]

/**
 * Trains a model: for each epoch and each batch [x, y] the loss of `model.forward(x)` and y, its gradients, and a step
 * of the optimizer. The numbers are those of the same loop written by hand, bit by bit.
 *
 * The model is put into training mode unless it is in it already (parts of it may be in evaluation mode then), and has
 * its modes of before when the run ends. Nothing is awaited that is no promise; ten times a second the loop lets other
 * things happen (timers, signals, the page). Where an epoch was begun, its numbers in `run.metrics` are those up to now.
 *
 * @throws ArgumentError before anything is computed: for an unknown option or one out of range, no batches, a model
 * without parameters, an optimizer that trains none of them, or a signal that is aborted already
 * @throws ShapeError for a loss that is not one number
 * @throws AnomalyError when the loss or a gradient is not finite; weights, buffers and generators are as before that step
 * @throws whatever a callback throws, after the `end` of all
 * @example
 * manualSeed(0)
 * const model = new nn.Linear(1, 1)
 * const x = linspace(-1, 1, 16).unsqueeze(1)
 * const { history, step } = await fit(model, {
 *   train: [[x, x.mul(3).add(1)]],
 *   loss: F.mseLoss,
 *   optimizer: new optim.SGD(model.parameters(), { lr: 0.5 }),
 *   epochs: 30,
 *   metrics: { mae: new MAE() },
 * })
 * step // 30
 * model.weight.item() // 3.00
 * Object.keys(history[0]) // ['loss', 'mae', 'lr']
 */
export function fit<M extends Module, B, P, T>(
  model: M,
  options: FitOptions<B, P, T> & Forwarding<M, B, P, T>,
): Promise<FitResult>
export function fit(model: TensorModule, options: FitOptions): Promise<FitResult>
export async function fit<M extends Module, B, P, T>(
  model: M,
  given: FitOptions<B, P, T> & Partial<Forwarding<M, B, P, T>>,
): Promise<FitResult> {
  const { scheduleBy = 'epoch', accumulate = 1, nanGuard = true, compile = false } = options('fit', given, known)
  if (!(model instanceof Module)) throw new ArgumentError(`fit: needs a model, not ${described(model)}`)
  const { forward, loss, reduction } = comparison('fit', model, given)
  const { optimizer, epochs, signal, scheduler = null, ema = null, callbacks = [] } = given
  trainable('fit', model, optimizer)
  const train = batches('fit', 'train', given.train)
  const validation = given.validation === undefined ? null : batches('fit', 'validation', given.validation)
  integer('fit', 'epochs', epochs, 1)
  integer('fit', 'accumulate', accumulate, 1)
  oneOf('fit', 'scheduleBy', scheduleBy, ['epoch', 'step'])
  if (given.size !== undefined && typeof given.size !== 'function')
    throw new ArgumentError(`fit: size is a function of a batch, not ${described(given.size)}`)
  for (const [name, x] of Object.entries({ compile, nanGuard }))
    if (typeof x !== 'boolean') throw new ArgumentError(`fit: ${name} is true or false, not ${described(x)}`)
  const groups = new Set<unknown>(optimizer.paramGroups)
  if (scheduler !== null && typeof scheduler.step !== 'function')
    throw new ArgumentError(`fit: scheduler is a scheduler, not ${described(scheduler)}`)
  if (scheduler?.optimizer && !scheduler.optimizer.paramGroups.some(group => groups.has(group)))
    throw new ArgumentError(
      'fit: the scheduler sets the rates of another optimizer. Make it with the optimizer that is given to fit',
    )
  if (ema !== null) {
    if (!(ema instanceof EMA)) throw new ArgumentError(`fit: ema is an EMA, not ${described(ema)}`)
    const params = new Set<unknown>(model.parameters())
    if (!ema.params.some(p => params.has(p)))
      throw new ArgumentError('fit: ema averages none of the model’s parameters. Make it as new EMA(model)')
  }
  if (signal !== undefined && typeof signal?.aborted !== 'boolean')
    throw new ArgumentError(`fit: signal is the signal of an AbortController, not ${described(signal)}`)
  if (signal?.aborted) throw new ArgumentError('fit: the signal is aborted already: nothing would be trained')
  const metrics = measures(given.metrics ?? {})
  const validated = validation !== null && scheduleBy === 'epoch'
  const monitor = given.monitor ?? (validated ? 'validation.loss' : 'loss')
  monitored(monitor, Object.keys(metrics), validated)

  const training = new Training({
    ...{ model, forward, loss, optimizer, ema, nanGuard, compile, train, validation, epochs, accumulate },
    ...{ scheduler, scheduleBy, monitor, metrics, callbacks: watchers(callbacks), signal },
    judged: Object.keys(metrics).length > 0,
    summed: reduction === 'sum',
    size: counting(given.size ?? sizeOf),
    clipGradNorm: bound('clipGradNorm', given.clipGradNorm),
    clipGradValue: bound('clipGradValue', given.clipGradValue),
    generators: generatorsOf('fit', model, given.generators ?? []),
  })
  await training.go()
  const { history, step, epoch, reason } = training
  return { history, step, epoch, reason }
}

/** How a model's predictions come about, and what they are compared by. */
export function comparison<M extends Module, B, P, T>(
  op: string,
  model: M,
  given: { readonly loss: Loss<P, T> } & Partial<Forwarding<M, B, P, T>>,
): {
  readonly forward: (batch: B) => Judged<P, T>
  readonly loss: (prediction: P, target: T) => Tensor
  readonly reduction?: string
} {
  const { loss, forward = pair as unknown as Forwarding<M, B, P, T>['forward'] } = given
  if (typeof forward !== 'function')
    throw new ArgumentError(`${op}: forward is a function of the model and a batch, not ${described(forward)}`)
  const compared = { forward: (batch: B) => forward(model, batch) }
  if (typeof loss === 'function') return { ...compared, loss: (prediction, target) => loss(prediction, target) }
  if (typeof loss?.forward !== 'function')
    throw new ArgumentError(`${op}: loss is a module or a function of prediction and target, not ${described(loss)}`)
  return {
    ...compared,
    loss: (prediction, target) => loss.forward(prediction, target),
    reduction: loss.reduction,
  }
}

/** What becomes of [x, y], where nothing else is said. */
function pair(model: TensorModule, batch: readonly Tensor[]): Judged<Tensor, Tensor> {
  if (!Array.isArray(batch) || batch.length !== 2) {
    const what = Array.isArray(batch) ? `a list of ${batch.length}` : described(batch)
    throw new ArgumentError(
      `fit: a batch is a pair [x, y], not ${what}. For others: { forward: (model, batch) => ({ prediction, target }) }`,
    )
  }
  return { prediction: model.forward(batch[0]), target: batch[1] }
}

/** @throws ArgumentError when there is nothing that the optimizer would train of the model */
export function trainable(op: string, model: Module, optimizer: Steps): void {
  const { paramGroups } = record(op, 'an optimizer', optimizer)
  if (!Array.isArray(paramGroups))
    throw new ArgumentError(`${op}: optimizer is no optimizer, but ${described(optimizer)}`)
  if (optimizer instanceof LBFGS)
    throw new ArgumentError(`${op}: LBFGS calls its closure several times in a step: write that loop by hand`)
  const params = new Set(model.parameters())
  if (params.size === 0) throw new ArgumentError(`${op}: ${model.constructor.name} has no parameters to train`)
  if (!trained(optimizer).some(p => params.has(p)))
    throw new ArgumentError(
      `${op}: the optimizer trains none of the model's ${params.size} parameters. Make it with model.parameters() of this model`,
    )
}

function measures<P, T>(given: Readonly<Record<string, Measure<P, T>>>): Record<string, Metric<P, T>> {
  const seen = new Set<unknown>()
  return Object.fromEntries(
    Object.entries(record('fit', 'metrics by name', given)).map(([name, x]): [string, Metric<P, T>] => {
      if (name === 'loss' || name === 'lr' || name.startsWith('validation.'))
        throw new ArgumentError(`fit: '${name}' is reported anyway; give the metric another name`)
      if (seen.has(x)) throw new ArgumentError(`fit: the metric '${name}' is there under another name already`)
      seen.add(x)
      if (x instanceof Metric) return [name, x]
      if (typeof x === 'function') return [name, new Mean<P, T>(x)]
      throw new ArgumentError(
        `fit: the metric '${name}' is ${described(x)}, neither a Metric nor a function of prediction and target`,
      )
    }),
  )
}

function monitored(name: string, metrics: readonly string[], validated: boolean): void {
  const own = ['loss', 'lr', ...metrics]
  const all = validated ? [...own, ...['loss', ...metrics].map(metric => `validation.${metric}`)] : own
  if (!all.some(metric => name === metric || name.startsWith(`${metric}.`)))
    throw new ArgumentError(`fit: there is no metric '${name}' to monitor; there are ${all.join(', ')}`)
}

const events = ['start', 'step', 'epoch', 'end'] as const

function watchers(callbacks: readonly Callback[]): readonly Callback[] {
  if (!Array.isArray(callbacks)) throw new ArgumentError(`fit: callbacks is a list, not ${described(callbacks)}`)
  const names = new Set<string>()
  for (const callback of callbacks) {
    const { name, stateDict } = record('fit', 'callbacks', callback)
    if (!events.some(event => callback[event]))
      throw new ArgumentError(`fit: a callback listens to nothing: it has none of ${events.join(', ')}`)
    if (!stateDict) continue
    if (name === undefined) throw new ArgumentError('fit: a callback that has a state needs a name')
    if (names.has(name)) throw new ArgumentError(`fit: two callbacks with a state are named '${name}'`)
    names.add(name)
  }
  return callbacks
}

/** @throws ArgumentError, of the function returned, when a batch counts for nothing */
const counting =
  <B>(size: (batch: B) => number) =>
  (batch: B): number => {
    const n = size(batch)
    if (!(number('fit', 'the size of a batch', n) > 0 && n < Infinity))
      throw new ArgumentError(`fit: the size of a batch is a finite number above 0, not ${n}`)
    return n
  }

function bound(name: string, x: number | undefined): number | null {
  if (x === undefined) return null
  if (!(number('fit', name, x) > 0)) throw new ArgumentError(`fit: ${name} is a number above 0, not ${x}`)
  return x
}

/** All generators of a run, in an order that the same program finds again. */
export function generatorsOf(op: string, model: Module, given: readonly Generator[]): readonly Generator[] {
  for (const generator of given)
    if (!(generator instanceof Generator))
      throw new ArgumentError(`${op}: generators are Generators, not ${described(generator)}`)
  const held = model.namedModules().flatMap(([, module]) => Object.values(module))
  return [...new Set([defaultGenerator(), ...held.filter(x => x instanceof Generator), ...given])]
}
