// What a training run tells those who watch it, and what they may ask of it.
import type { Tensor } from '../engine/tensor.ts'
import type { Module } from '../nn/module.ts'

/** All that a run needs to go on, as plain data: tensors, numbers, strings, booleans, null, and arrays and records of these. */
export type Snapshot =
  | Tensor
  | number
  | string
  | boolean
  | null
  | readonly Snapshot[]
  | { readonly [name: string]: Snapshot }

/** Numbers by name: 'loss', 'accuracy', 'validation.loss', 'lr'. */
export type Metrics = Readonly<Record<string, number>>

/** A run of `fit` as its callbacks see it. */
export interface Run {
  readonly model: Module
  /** Epochs done; while one is under way, the number of those before it. */
  readonly epoch: number
  readonly epochs: number
  /** Optimizer steps done since the run began, earlier processes included. */
  readonly step: number
  /** Steps of one epoch, null when the batches cannot be counted beforehand. */
  readonly stepsPerEpoch: number | null
  /** The latest numbers: after a step those of this step, after an epoch those of the epoch. */
  readonly metrics: Metrics
  /** One entry for each epoch done. */
  readonly history: readonly Metrics[]
  /** Why the run ends before its last epoch; null while it does not. */
  readonly reason: string | null
  /** Ends the run after this step (epoch), cleanly. */
  stop(reason: string): void
  /** Model, optimizer, scheduler, generators, loader position, history, callbacks' own state, step and epoch. */
  stateDict(): Snapshot
  /** @throws ArgumentError when the state is of another run; nothing is changed then */
  loadStateDict(state: Snapshot): void
}

/** Watches a run. All are awaited if they return a promise; they are called in the order of the list, `end` in reverse. */
export interface Callback {
  /** Before the first step; here a run is resumed. */
  start?(run: Run): void | Promise<void>
  step?(run: Run): void | Promise<void>
  epoch?(run: Run): void | Promise<void>
  /** Always, after success, stop and error alike. */
  end?(run: Run, error?: unknown): void | Promise<void>
  /** State that belongs to the run, as `earlyStopping` has it; under this name in the run's. */
  readonly name?: string
  stateDict?(): Snapshot
  loadStateDict?(state: Snapshot): void
}
