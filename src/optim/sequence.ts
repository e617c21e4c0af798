// Schedulers made of schedulers: one after the other, or all at once.
import { described, integer, list, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import {
  checkedState,
  groupsOf,
  refuseRecording,
  reset,
  type Scheduler,
  type SchedulerState,
  type Trained,
} from './scheduler.ts'
import { LinearLR } from './schedules.ts'

/** What schedulers made of schedulers share: the rates that the last step has set, and a state that holds theirs. */
abstract class Several implements Scheduler {
  abstract readonly lastEpoch: number
  protected lastLr: readonly number[] = []

  protected constructor(
    readonly optimizer: Trained,
    protected readonly schedulers: readonly Scheduler[],
  ) {}

  abstract step(): void
  abstract begin(afresh: boolean): void
  /** Goes on from a state. Throws as every scheduler. */
  abstract loadStateDict(state: SchedulerState): void

  getLastLR(): number[] {
    return [...this.lastLr]
  }
  stateDict(): SchedulerState {
    const schedulers = this.schedulers.map(scheduler => scheduler.stateDict())
    return { lastEpoch: this.lastEpoch, lastLr: this.getLastLR(), schedulers }
  }
}

/**
 * One scheduler after the other: each begins at its milestone, an epoch, from the rates that the groups had at first.
 *
 * @throws ArgumentError when there is not one milestone less than schedulers, or they belong to other optimizers
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const schedulers = [new optim.ConstantLR(optimizer, { factor: 0.5 }), new optim.ExponentialLR(optimizer, 0.9)]
 * const scheduler = new optim.SequentialLR(optimizer, schedulers, [2])
 * const rates = Array.from({ length: 4 }, () => {
 *   const [rate] = scheduler.getLastLR()
 *   scheduler.step()
 *   return rate
 * })
 * rates // [0.5, 0.5, 1, 0.9]
 */
export class SequentialLR extends Several {
  lastEpoch: number
  readonly #milestones: readonly number[]

  constructor(
    optimizer: Trained,
    schedulers: readonly Scheduler[],
    milestones: readonly number[],
    given: { readonly lastEpoch?: number } = {},
  ) {
    const name = 'SequentialLR'
    const { lastEpoch = -1 } = options(name, given, ['lastEpoch'])
    together(name, schedulers, optimizer)
    for (const [i, at] of list(name, 'milestones', milestones).entries())
      integer(name, 'a milestone', at, milestones[i - 1] ?? 1)
    if (milestones.length !== schedulers.length - 1)
      throw new ArgumentError(
        `${name}: ${schedulers.length} schedulers need ${schedulers.length - 1} milestones, not ${milestones.length}`,
      )
    super(optimizer, schedulers)
    this.#milestones = milestones
    this.lastEpoch = integer(name, 'lastEpoch', lastEpoch, -1) + 1
    this.lastLr = this.#restart(true)
  }

  /** The first scheduler's beginning, and its rates. */
  #restart(afresh: boolean): readonly number[] {
    const [first] = this.schedulers as readonly [Scheduler]
    if (afresh) reset(this.optimizer, initial(this.optimizer))
    first.begin(false)
    return first.getLastLR()
  }

  step(): void {
    refuseRecording('SequentialLR')
    const epoch = ++this.lastEpoch
    const past = this.#milestones.filter(at => at <= epoch).length
    const scheduler = this.schedulers[past] as Scheduler
    if (past > 0 && this.#milestones[past - 1] === epoch) scheduler.begin(true)
    else scheduler.step()
    this.lastLr = scheduler.getLastLR()
  }

  begin(afresh: boolean): void {
    this.lastEpoch = 0
    this.lastLr = this.#restart(afresh)
  }

  loadStateDict(state: SchedulerState): void {
    const { lastEpoch, lastLr } = loaded('SequentialLR', this.optimizer, this.schedulers, state)
    // momenta are those of the one that is at work
    const past = this.#milestones.filter(at => at <= lastEpoch).length
    this.schedulers[past]?.loadStateDict(state.schedulers?.[past] as SchedulerState)
    this.lastEpoch = lastEpoch
    this.lastLr = [...lastLr]
    reset(this.optimizer, lastLr)
  }
}

/**
 * All schedulers at once: each changes in its way what those before it have left.
 *
 * @throws ArgumentError when there are none, or they belong to different optimizers
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const halved = new optim.ConstantLR(optimizer, { factor: 0.5, totalIters: 4 })
 * const scheduler = new optim.ChainedScheduler([halved, new optim.ExponentialLR(optimizer, 0.5)])
 * scheduler.step()
 * scheduler.getLastLR() // [0.25]
 */
export class ChainedScheduler extends Several {
  constructor(schedulers: readonly Scheduler[]) {
    super(together('ChainedScheduler', schedulers), schedulers)
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr)
  }

  /** That of the first scheduler. */
  get lastEpoch(): number {
    return (this.schedulers[0] as Scheduler).lastEpoch
  }

  step(): void {
    refuseRecording('ChainedScheduler')
    for (const scheduler of this.schedulers) scheduler.step()
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr)
  }

  begin(afresh: boolean): void {
    if (afresh) reset(this.optimizer, initial(this.optimizer))
    for (const scheduler of this.schedulers) scheduler.begin(false)
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr)
  }

  loadStateDict(state: SchedulerState): void {
    const { lastLr } = loaded('ChainedScheduler', this.optimizer, this.schedulers, state)
    this.lastLr = [...lastLr]
    reset(this.optimizer, lastLr)
  }
}

/**
 * A scheduler after a warm-up: in `steps` steps the learning rate rises linearly from `startFactor` (1/3) of the
 * initial one to that itself, and the scheduler begins.
 *
 * @throws ArgumentError when steps is no whole number above 0, or startFactor not in (0, 1]
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = optim.warmup(new optim.ExponentialLR(optimizer, 0.5), 2, { startFactor: 0.5 })
 * const rates = Array.from({ length: 5 }, () => {
 *   const [rate] = scheduler.getLastLR()
 *   scheduler.step()
 *   return rate
 * })
 * rates // [0.5, 0.75, 1, 0.5, 0.25]
 */
export function warmup(
  scheduler: Scheduler,
  steps: number,
  given: { readonly startFactor?: number } = {},
): SequentialLR {
  const { startFactor } = options('warmup', given, ['startFactor'])
  const optimizer = together('warmup', [scheduler])
  const rise = new LinearLR(optimizer, { totalIters: integer('warmup', 'steps', steps, 1), startFactor })
  return new SequentialLR(optimizer, [rise, scheduler], [steps])
}

const initial = ({ paramGroups }: Trained): number[] => paramGroups.map(({ lr, initialLr }) => initialLr ?? lr)

/** The optimizer that schedulers share. */
function together(name: string, schedulers: readonly Scheduler[], optimizer?: Trained): Trained {
  const shared = optimizer ?? list(name, 'schedulers', schedulers)[0]?.optimizer
  if (!shared || schedulers.length === 0) throw new ArgumentError(`${name}: needs schedulers`)
  groupsOf(name, shared)
  schedulers.forEach((scheduler, i) => {
    // ReduceLROnPlateau has none: its step needs a metric
    if (typeof scheduler?.begin !== 'function')
      throw new ArgumentError(`${name}: scheduler ${i} is none that goes by the epoch, but ${described(scheduler)}`)
    if (scheduler.optimizer !== shared) throw new ArgumentError(`${name}: scheduler ${i} belongs to another optimizer`)
  })
  return shared
}

/** Loads the states of schedulers within a scheduler, all or none. */
function loaded(
  name: string,
  optimizer: Trained,
  schedulers: readonly Scheduler[],
  state: SchedulerState,
): SchedulerState {
  checkedState(name, optimizer, state)
  const states = list(name, 'the states of schedulers', state.schedulers ?? [])
  if (states.length !== schedulers.length)
    throw new ArgumentError(`${name}: a state of ${states.length} schedulers, not of ${schedulers.length}`)
  const groups = optimizer.paramGroups.map(group => ({ ...group }))
  const before = schedulers.map(scheduler => scheduler.stateDict())
  try {
    for (const [i, scheduler] of schedulers.entries()) scheduler.loadStateDict(states[i] as SchedulerState)
  } catch (error) {
    for (const [i, scheduler] of schedulers.entries()) scheduler.loadStateDict(before[i] as SchedulerState)
    for (const [i, group] of optimizer.paramGroups.entries()) Object.assign(group, groups[i])
    throw error
  }
  return state
}
