// A run of fit: where it is, how it goes on, and all that it needs to go on elsewhere.
import { described, integer } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Generator } from '../engine/random.ts'
import type { Module } from '../nn/module.ts'
import { ReduceLROnPlateau } from '../optim/plateau.ts'
import type { Scheduler } from '../optim/scheduler.ts'
import { type Batches, counted, started } from './batches.ts'
import { breathing } from './breath.ts'
import type { Callback, Metrics, Run, Snapshot } from './callback.ts'
import type { Metric } from './metric/metric.ts'
import { modes } from './rewind.ts'
import { entries, items, numbers, type Stateful, snapshot } from './snapshot.ts'
import { Step, type StepSettings } from './step.ts'
import { Tally } from './tally.ts'

/** All that a run is given, checked. */
export interface Settings<B, P, T> extends StepSettings<B, P, T> {
  readonly train: Batches<B>
  readonly validation: Batches<B> | null
  readonly epochs: number
  readonly accumulate: number
  readonly scheduler: Scheduler | ReduceLROnPlateau | null
  readonly scheduleBy: 'epoch' | 'step'
  readonly monitor: string
  readonly metrics: Readonly<Record<string, Metric<P, T>>>
  readonly callbacks: readonly Callback[]
  readonly signal: AbortSignal | undefined
  readonly size: (batch: B) => number
  /** Does the loss add up over samples? */
  readonly summed: boolean
  readonly generators: readonly Generator[]
}

const KIND = 'a run of gradus'

export class Training<B, P, T> implements Run {
  readonly #settings: Settings<B, P, T>
  readonly #step: Step<B, P, T>
  readonly #tally: Tally<P, T>
  #epoch = 0
  #steps = 0
  /** How many batches of the epoch under way are done. */
  #batch = 0
  /** Whether these are all: what is left of the epoch is its end. */
  #whole = false
  #history: Metrics[] = []
  #reason: string | null = null
  #begun = false
  readonly #breath = breathing()
  /** What the generators were when the epoch began, to go again through batches that do not know where they are. */
  #before: Snapshot
  /** The latest numbers, made when somebody asks. */
  #metrics: () => Metrics = () => ({})

  constructor(settings: Settings<B, P, T>) {
    this.#settings = settings
    this.#step = new Step(settings)
    this.#tally = new Tally(settings.metrics, settings.summed)
    this.#before = this.#draws()
  }

  get model(): Module {
    return this.#settings.model
  }
  get epochs(): number {
    return this.#settings.epochs
  }
  get epoch(): number {
    return this.#epoch
  }
  get step(): number {
    return this.#steps
  }
  get stepsPerEpoch(): number | null {
    const count = counted(this.#settings.train)
    return count === null ? null : Math.ceil(count / this.#settings.accumulate)
  }
  get metrics(): Metrics {
    const metrics = this.#metrics()
    this.#metrics = () => metrics
    return metrics
  }
  get history(): readonly Metrics[] {
    return this.#history
  }
  get reason(): string | null {
    return this.#reason
  }
  stop(reason: string): void {
    this.#reason ??= reason
  }

  /** Runs to its end, and tells the callbacks. */
  async go(): Promise<void> {
    const { model, callbacks } = this.#settings
    const back = modes(model)
    let failure: { readonly error: unknown } | null = null
    try {
      if (!model.training) model.train()
      await this.#tell('start')
      this.#begun = true
      this.#stopped()
      while (this.#reason === null && this.#epoch < this.epochs) await this.#train()
    } catch (error) {
      failure = { error }
    }
    back()
    for (const callback of [...callbacks].reverse()) {
      try {
        await callback.end?.(this, failure?.error)
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure) throw failure.error
  }

  /** An epoch, or the rest of one; all of it, unless somebody stops the run. */
  async #train(): Promise<void> {
    if (!this.#whole) await this.#learn()
    if (this.#reason !== null) return
    if (this.#batch === 0) throw new ArgumentError('fit: train holds no batches')
    await this.#finish()
  }

  /** The steps of an epoch, from where the run is. */
  async #learn(): Promise<void> {
    const { train, callbacks, accumulate } = this.#settings
    const batches = await this.#resumed(train)
    let whole = false
    try {
      while (this.#reason === null && !whole) {
        const group: B[] = []
        while (group.length < accumulate) {
          const next = batches.next()
          const { done, value } = next instanceof Promise ? await next : next
          if (done) break
          group.push(value)
        }
        whole = group.length < accumulate
        if (group.length > 0) this.#make(group)
        // only now: a step that fails is still to be made; and a loader that is at its end no longer knows of it
        this.#whole = whole
        if (group.length === 0) break
        const said = callbacks.length > 0 ? this.#tell('step') : undefined
        if (said) await said
        const pause = this.#breath()
        if (pause) await pause
        this.#stopped()
      }
    } finally {
      if (!whole) await batches.return?.()
    }
  }

  /** The batches, from where the run is. */
  async #resumed(train: Batches<B>): Promise<Iterator<B> | AsyncIterator<B>> {
    if (this.#batch === 0) this.#before = this.#draws()
    if (this.#batch === 0 || train.stateDict) return started(train)
    const now = this.#draws()
    this.#draw(this.#before)
    const batches = started(train)
    for (let i = 0; i < this.#batch; i++)
      if ((await batches.next()).done)
        throw new ArgumentError(`fit: train has no ${this.#batch} batches to go on after`)
    this.#draw(now)
    return batches
  }

  #make(group: readonly B[]): void {
    const { size, summed, scheduler, scheduleBy } = this.#settings
    const sizes = group.map(size)
    const total = sizes.reduce((sum, n) => sum + n, 0)
    const shares = sizes.map(n => (summed ? 1 : n / total))
    const outcomes = this.#step.make(this.#steps + 1, group, shares)
    outcomes.forEach(({ loss, seen }, i) => {
      this.#tally.add(loss, sizes[i], seen)
    })
    this.#steps++
    this.#batch += group.length
    const loss = outcomes.reduce((sum, { loss }, i) => sum + shares[i] * loss, 0)
    const rates = this.#rates()
    this.#metrics = () => ({ loss, ...this.#tally.metrics(), ...rates })
    if (scheduler && scheduleBy === 'step') this.#schedule(scheduler)
  }

  /** The end of an epoch: its numbers, validation, the scheduler. */
  async #finish(): Promise<void> {
    const { validation, scheduler, scheduleBy } = this.#settings
    const trained = { loss: this.#tally.loss, ...this.#tally.metrics(), ...this.#rates() }
    const validated = validation ? await this.#validate(validation) : {}
    // stopped on the way: the epoch is as before its validation
    if (validated === null) return
    this.#tally.reset()
    const metrics: Metrics = Object.freeze({ ...trained, ...validated })
    this.#metrics = () => metrics
    this.#history = [...this.#history, metrics]
    this.#epoch++
    this.#batch = 0
    this.#whole = false
    if (scheduler && scheduleBy === 'epoch') this.#schedule(scheduler)
    await this.#tell('epoch')
    this.#stopped()
  }

  /** The numbers of validation by name; null when the run is stopped before they are there. */
  async #validate(validation: Batches<B>): Promise<Metrics | null> {
    const { model, ema } = this.#settings
    const back = modes(model)
    const [draws, tally] = [this.#draws(), this.#tally.stateDict()]
    let found: Metrics | null = null
    ema?.swap()
    model.eval()
    this.#tally.reset()
    try {
      if (await this.#judge(started(validation))) found = { loss: this.#tally.loss, ...this.#tally.metrics() }
    } finally {
      back()
      ema?.swap()
      this.#tally.loadStateDict(tally)
      if (found === null) this.#draw(draws)
    }
    return found && Object.fromEntries(Object.entries(found).map(([name, x]) => [`validation.${name}`, x]))
  }

  /** Takes in all batches; false when the run is stopped before. */
  async #judge(batches: Iterator<B> | AsyncIterator<B>): Promise<boolean> {
    for (let count = 0; ; count++) {
      const next = batches.next()
      const { done, value } = next instanceof Promise ? await next : next
      if (done && count === 0) throw new ArgumentError('fit: validation holds no batches')
      if (done) return true
      const { loss, seen } = this.#step.judge(value)
      this.#tally.add(loss, this.#settings.size(value), seen)
      const pause = this.#breath()
      if (pause) await pause
      this.#stopped()
      if (this.#reason !== null) {
        await batches.return?.()
        return false
      }
    }
  }

  #schedule(scheduler: Scheduler | ReduceLROnPlateau): void {
    if (!(scheduler instanceof ReduceLROnPlateau)) {
      scheduler.step()
      return
    }
    const { monitor } = this.#settings
    const metric = this.metrics[monitor]
    if (metric === undefined)
      throw new ArgumentError(
        `fit: there is no metric '${monitor}' to monitor; there are ${Object.keys(this.metrics).join(', ')}`,
      )
    scheduler.step(metric)
  }

  /** Learning rates by name. */
  #rates(): Metrics {
    const { paramGroups } = this.#settings.optimizer
    return Object.fromEntries(paramGroups.map(({ lr }, i) => [i === 0 ? 'lr' : `lr.${i}`, lr]))
  }

  /** Tells the callbacks, from one on; a promise only where one of them gives a promise. */
  #tell(event: 'start' | 'step' | 'epoch', from = 0): void | Promise<void> {
    const { callbacks } = this.#settings
    for (let i = from; i < callbacks.length; i++) {
      const said = callbacks[i][event]?.(this)
      if (said instanceof Promise) return said.then(() => this.#tell(event, i + 1))
    }
  }

  #stopped(): void {
    if (this.#settings.signal?.aborted) this.stop('aborted')
  }

  // ---- state

  #draws(): Snapshot {
    return this.#settings.generators.map((generator, i) => snapshot(`generator ${i}`, generator.getState()))
  }
  #draw(states: Snapshot): void {
    const { generators } = this.#settings
    const given = items('generators', states)
    if (given.length !== generators.length)
      throw new ArgumentError(
        `loadStateDict: the state has ${given.length} generators, this run ${generators.length}; those outside of the model are given to fit as { generators }`,
      )
    for (const [i, generator] of generators.entries()) generator.setState(given[i] as never)
  }

  /** What of a run has a state of its own, by name. */
  #parts(): Readonly<Record<string, Stateful | null>> {
    const { model, optimizer, scheduler, ema, train } = this.#settings
    const { stateDict, loadStateDict } = train
    const loader =
      stateDict && loadStateDict
        ? { stateDict: () => stateDict.call(train), loadStateDict: (x: never) => loadStateDict.call(train, x) }
        : null
    return { model, optimizer, scheduler, ema, tally: this.#tally, loader }
  }
  #stateful(): [string, Callback][] {
    return this.#settings.callbacks.flatMap(callback =>
      callback.stateDict && callback.name !== undefined ? [[callback.name, callback]] : [],
    )
  }

  stateDict(): Snapshot {
    return {
      kind: KIND,
      epoch: this.#epoch,
      step: this.#steps,
      batch: this.#batch,
      whole: this.#whole,
      history: this.#history,
      metrics: this.metrics,
      generators: this.#draws(),
      before: this.#before,
      parts: Object.fromEntries(
        Object.entries(this.#parts()).map(([name, part]) => [name, part && snapshot(name, part.stateDict())]),
      ),
      callbacks: Object.fromEntries(
        this.#stateful().map(([name, callback]) => [name, snapshot(name, callback.stateDict?.())]),
      ),
    }
  }

  loadStateDict(state: Snapshot): void {
    if (this.#begun)
      throw new ArgumentError('loadStateDict: the run has begun; a run is resumed in the `start` of a callback')
    if (entries('the state', state).kind !== KIND)
      throw new ArgumentError('loadStateDict: this is no state of a run; run.stateDict() makes one')
    const now = this.stateDict()
    try {
      this.#load(state)
    } catch (error) {
      this.#load(now)
      throw error
    }
  }

  #load(state: Snapshot): void {
    const {
      epoch,
      step,
      batch,
      whole: ended = false,
      history,
      metrics,
      generators,
      before,
      parts,
      callbacks,
    } = entries('the state', state)
    const whole = (name: string, x: Snapshot | undefined): number =>
      integer('loadStateDict', name, typeof x === 'number' ? x : Number.NaN, 0)
    const at = [whole('epoch', epoch), whole('step', step), whole('batch', batch)]
    if (typeof ended !== 'boolean')
      throw new ArgumentError(`loadStateDict: whole is true or false, not ${described(ended)}`)
    const past = items('history', history).map((entry, i) => metricsIn(`epoch ${i + 1} of the history`, entry))
    const latest = metricsIn('metrics', metrics)
    const states = entries('parts', parts)
    for (const [name, part] of Object.entries(this.#parts())) {
      const own = states[name] ?? null
      if ((own === null) !== (part === null))
        throw new ArgumentError(
          `loadStateDict: ${part === null ? `the state has a ${name}, and this run has none` : `the state has no ${name}, and this run has one`}`,
        )
      part?.loadStateDict(own as never)
    }
    const known = new Map(this.#stateful())
    for (const [name, own] of Object.entries(entries('callbacks', callbacks))) {
      const callback = known.get(name)
      if (!callback)
        throw new ArgumentError(`loadStateDict: the state is of a run with a callback '${name}', which this one lacks`)
      callback.loadStateDict?.(own)
    }
    // last: to load a loader may draw
    this.#draw(before)
    this.#draw(generators)
    ;[this.#epoch, this.#steps, this.#batch] = at
    this.#whole = ended
    this.#history = past
    this.#metrics = () => latest
    this.#before = before
  }
}

function metricsIn(what: string, x: Snapshot | undefined): Metrics {
  const given = Object.entries(entries(what, x))
  const values = numbers(
    what,
    given.map(([, y]) => y),
  )
  return Object.fromEntries(given.map(([name], i) => [name, values[i]]))
}
