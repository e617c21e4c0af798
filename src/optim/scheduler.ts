// Learning rates by the epoch: a schedule is one function, from which a scheduler writes into the groups.
import { mode } from '../engine/apply.ts'
import { described, integer, list, number, record } from '../engine/argument.ts'
import { ArgumentError, CompileError } from '../engine/errors.ts'

/** A parameter group, as schedulers see it. Compiled steps read these numbers anew in each call. */
export interface Rated {
  lr: number
  /** The rate that schedules set out from: noted by the first scheduler. */
  initialLr?: number
  /** What `OneCycleLR` and `CyclicLR` move besides: the momentum, or the first of the betas. */
  momentum?: number
  betas?: readonly [number, number]
}
/** An optimizer, as schedulers see it. */
export interface Trained {
  readonly paramGroups: readonly Rated[]
}

/** All that a scheduler needs to go on: plain JSON. */
export interface SchedulerState {
  readonly lastEpoch: number
  readonly lastLr: readonly number[]
  readonly baseLrs?: readonly number[]
  readonly schedulers?: readonly SchedulerState[]
}

/** What every scheduler can do that needs no metric. */
export interface Scheduler {
  readonly optimizer: Trained
  readonly lastEpoch: number
  step(): void
  /** Epoch 0 once more, from the groups' initial rates or (not `afresh`) from the present ones. */
  begin(afresh: boolean): void
  /** The learning rate of each group, as the last step set it. */
  getLastLR(): number[]
  stateDict(): SchedulerState
  loadStateDict(state: SchedulerState): void
}

/** What tells one scheduler from another. */
export interface Schedule {
  readonly name: string
  /**
   * The learning rate of group i in epoch k, given the present one and the one set out from. `first`: no step of this
   * scheduler has led to the present one.
   */
  lr(k: number, lr: number, base: number, i: number, first: boolean): number
  /** The momentum of group i in epoch k. */
  momentum?(k: number, i: number): number
  /** The rate of group i to set out from, where that is not the one it has. */
  initial?(i: number): number
  /** Is the rate a function of the epoch, whatever it was? Then any epoch can be gone to. */
  readonly closed?: boolean
  /** Begins from whatever rate there is, also in a sequence: PyTorch knows no closed form of it. */
  readonly relative?: boolean
}

/**
 * A program runs without this code, and the rates would stay as they are.
 * @throws CompileError while a step is being compiled
 */
export function refuseRecording(name: string): void {
  if (mode.recorder)
    throw new CompileError(
      `${name}: a compiled step runs without schedulers: call scheduler.step() behind it. The optimizer in it reads the new rates`,
    )
}

/** Base of the schedulers that go by the epoch: call `step()` once after each epoch (or step) of the optimizer. */
export abstract class LRScheduler implements Scheduler {
  lastEpoch: number
  readonly optimizer: Trained
  readonly #schedule: Schedule
  #baseLrs: readonly number[]
  #lastLr: readonly number[] = []

  /** @throws ArgumentError when this is no optimizer, or lastEpoch is given and its groups have no initialLr */
  protected constructor(optimizer: Trained, schedule: Schedule, lastEpoch = -1) {
    const { name, initial } = schedule
    integer(name, 'lastEpoch', lastEpoch, -1)
    const groups = groupsOf(name, optimizer)
    if (lastEpoch >= 0 && groups.some(({ initialLr }) => initialLr === undefined))
      throw new ArgumentError(`${name}: to go on from epoch ${lastEpoch}, groups need their initialLr`)
    groups.forEach((group, i) => {
      if (lastEpoch < 0) group.initialLr = initial?.(i) ?? group.initialLr ?? group.lr
    })
    this.optimizer = optimizer
    this.#schedule = schedule
    this.#baseLrs = groups.map(group => group.initialLr as number)
    this.lastEpoch = lastEpoch
    this.#go(lastEpoch + 1, true)
  }

  /** The learning rates set out from, one for each group. */
  get baseLrs(): readonly number[] {
    return this.#baseLrs
  }

  /**
   * Goes to the next epoch; schedules that are functions of it alone (`CosineAnnealingWarmRestarts`, `OneCycleLR`,
   * `CyclicLR`, `LambdaLR`) also to any other, warm restarts to parts of one: `step(epoch + i / batches)`.
   *
   * @throws ArgumentError for an epoch below 0, or any of another schedule, CompileError within a compiled step
   */
  step(epoch?: number): void {
    const { name, closed = false } = this.#schedule
    refuseRecording(name)
    if (epoch !== undefined && !(closed && number(name, 'epoch', epoch) >= 0))
      throw new ArgumentError(
        closed
          ? `${name}: an epoch is a number >= 0, not ${epoch}`
          : `${name}: each rate follows from the last one: step() goes to the next epoch, and to no other`,
      )
    this.#go(epoch ?? this.lastEpoch + 1, false)
  }

  begin(afresh: boolean): void {
    if (afresh && !this.#schedule.relative) reset(this.optimizer, this.#baseLrs)
    this.#go(0, true)
  }

  getLastLR(): number[] {
    return [...this.#lastLr]
  }

  stateDict(): SchedulerState {
    return { lastEpoch: this.lastEpoch, baseLrs: [...this.#baseLrs], lastLr: this.getLastLR() }
  }

  /**
   * Goes on from a state: also the groups get the rates and momenta of then.
   *
   * @throws ArgumentError when it is no state, or of another number of groups; nothing is changed then
   */
  loadStateDict(state: SchedulerState): void {
    const { name } = this.#schedule
    const { lastEpoch, lastLr, baseLrs } = checkedState(name, this.optimizer, state)
    this.#baseLrs = [...rates(name, 'baseLrs', this.optimizer, baseLrs)]
    this.lastEpoch = lastEpoch
    this.#lastLr = [...lastLr]
    reset(this.optimizer, lastLr)
    this.#move(lastEpoch)
  }

  #go(epoch: number, first: boolean): void {
    this.lastEpoch = Math.floor(epoch)
    const { paramGroups } = this.optimizer
    paramGroups.forEach((group, i) => {
      group.lr = this.#schedule.lr(epoch, group.lr, this.#baseLrs[i] as number, i, first)
    })
    this.#move(epoch)
    this.#lastLr = paramGroups.map(({ lr }) => lr)
  }

  #move(epoch: number): void {
    const { momentum } = this.#schedule
    if (momentum) for (const [i, group] of this.optimizer.paramGroups.entries()) setMomentum(group, momentum(epoch, i))
  }
}

function setMomentum(group: Rated, momentum: number): void {
  if (group.betas) group.betas = [momentum, group.betas[1]]
  else group.momentum = momentum
}

/** Gives the groups these rates. */
export function reset({ paramGroups }: Trained, lrs: readonly number[]): void {
  paramGroups.forEach((group, i) => {
    group.lr = lrs[i] as number
  })
}

/** @throws ArgumentError when this is no optimizer */
export function groupsOf(name: string, optimizer: Trained): readonly Rated[] {
  const { paramGroups } = record(name, 'an optimizer', optimizer)
  if (!Array.isArray(paramGroups)) throw new ArgumentError(`${name}: needs an optimizer, not ${described(optimizer)}`)
  return paramGroups
}

/** One number for each group: as many as are given, or the same for all. */
export function each(name: string, what: string, optimizer: Trained, given: number | readonly number[]): number[] {
  const { length } = groupsOf(name, optimizer)
  if (typeof given === 'number') return Array.from({ length }, () => given)
  return [...rates(name, what, optimizer, given)]
}

function rates(name: string, what: string, optimizer: Trained, given: readonly number[] | undefined) {
  const { length } = optimizer.paramGroups
  if (list(name, what, given ?? []).length !== length)
    throw new ArgumentError(`${name}: ${what} are ${given?.length ?? 0} numbers, the optimizer has ${length} groups`)
  for (const x of given ?? []) number(name, what, x)
  return given ?? []
}

/** @throws ArgumentError when it is no state of a scheduler of this optimizer */
export function checkedState<S extends SchedulerState>(name: string, optimizer: Trained, state: S): S {
  integer(name, 'lastEpoch', record(name, 'a state, as stateDict gives it', state).lastEpoch)
  rates(name, 'lastLr', optimizer, state.lastLr)
  return state
}
