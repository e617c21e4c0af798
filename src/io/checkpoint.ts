// Checkpoints of a run: the latest to go on from, some older ones, and the best weights.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { integer, oneOf, options } from '../engine/argument.ts'
import { ArgumentError, FileError, FileFormatError, GradusError } from '../engine/errors.ts'
import type { StateDict } from '../nn/module.ts'
import type { Callback, Run } from '../train/callback.ts'
import { pack } from '../train/pack.ts'
import { attempt, fixedPath, replaceFile, sweep } from './file.ts'
import { loadCheckpoint, save } from './store.ts'

/** Which weights are the best. */
export interface Best {
  /** A metric of the epochs: 'validation.loss'. NaN is never the best. */
  readonly metric: string
  /** Whether the least or the greatest is the best ('min'). */
  readonly mode?: 'min' | 'max'
  /** What is saved, instead of the model's state: averaged weights, for example. */
  readonly weights?: () => StateDict
}
export interface CheckpointOptions {
  /** How often: each so many steps, epochs, or both ({ epochs: 1 }). */
  readonly every?: { readonly steps?: number; readonly epochs?: number }
  /** Whether `last.safetensors` is written, also when the run ends or is stopped (true). */
  readonly last?: boolean
  /** How many checkpoints are kept beside the last: `step-00001000.safetensors` and so on (0). */
  readonly keep?: number
  /** Writes `best.safetensors` after each epoch that is better than all before. */
  readonly best?: Best
  /** Whether a run goes on from the latest checkpoint in the folder, if there is one (true). */
  readonly resume?: boolean
  /** Under which name the best value so far is part of the run's state ('checkpoint'). */
  readonly name?: string
}

const NUMBERED = /^step-(\d+)\.safetensors$/
const numbered = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`

/**
 * A callback of `fit` that writes checkpoints into a folder, each one file, replaced whole, and goes on from the latest
 * when the run starts: a program that was killed and is started again ends as if nothing had been. Put it behind those
 * callbacks that have a state, so that it saves what they have made of a step.
 *
 * `last.safetensors` and `step-….safetensors` hold the whole run, for `loadCheckpoint`; `best.safetensors` holds the
 * weights, for `load`.
 *
 * @throws ArgumentError for an unknown option, one out of range, or when there would be nothing to write. When the run
 * starts: when the checkpoint is of another run; at an epoch: when there is no such metric
 * @throws FileError, in the run, when a file cannot be written or read
 * @example
 * const callbacks = [
 *   checkpoint('runs/digits', { every: { epochs: 1 }, keep: 3, best: { metric: 'validation.loss' } }),
 *   interruptible(),
 * ]
 * await fit(model, { train, validation, loss, optimizer, epochs: 20, callbacks })
 * model.loadStateDict(load('runs/digits/best.safetensors'))
 */
export function checkpoint(path: string, given: CheckpointOptions = {}): Callback {
  const known = ['every', 'last', 'keep', 'best', 'resume', 'name']
  const { last = true, keep = 0, best, resume = true, name = 'checkpoint' } = options('checkpoint', given, known)
  const { steps, epochs } = options('checkpoint: every', given.every ?? { epochs: 1 }, ['steps', 'epochs'])
  const folder = fixedPath('checkpoint', 'the folder', path)
  if (steps !== undefined) integer('checkpoint', 'every.steps', steps, 1)
  if (epochs !== undefined) integer('checkpoint', 'every.epochs', epochs, 1)
  integer('checkpoint', 'keep', keep, 0)
  if (!last && keep === 0 && !best)
    throw new ArgumentError('checkpoint: nothing to write: give { last: true }, { keep: 3 } or { best: { metric } }')
  const judge = best && judgement(best)
  const file = (name: string): string => join(folder, name)
  /** Where the run was when it was last written or resumed. */
  let written = ''
  const place = ({ epoch, step }: Run): string => `${epoch}/${step}`
  /** Again before each file: a run of days is not to end because somebody tidied up. */
  const make = (): void => void attempt('checkpoint', 'make', folder, () => mkdirSync(folder, { recursive: true }))

  function write(run: Run): void {
    if (written === place(run) || (!last && keep === 0)) return
    const bytes = pack(run.stateDict())
    make()
    if (keep > 0) {
      replaceFile('checkpoint', file(numbered(run.step)), bytes)
      prune(folder, run.step, keep)
    }
    if (last) replaceFile('checkpoint', file('last.safetensors'), bytes)
    written = place(run)
  }

  return {
    start(run) {
      make()
      // one that begins anew has had no epoch, whatever run the callback was part of before
      if (run.step === 0) judge?.load({ best: null })
      sweep('checkpoint', folder)
      const from = resume ? latest(folder) : null
      if (from !== null) resumed(run, file(from))
      written = place(run)
    },
    step(run) {
      if (steps !== undefined && run.step % steps === 0) write(run)
    },
    epoch(run) {
      // first: a state must not know of a best that is in no file
      if (judge?.better(run)) {
        make()
        save(file('best.safetensors'), best?.weights ? best.weights() : run.model)
      }
      if (epochs !== undefined && run.epoch % epochs === 0) write(run)
    },
    end(run, error) {
      // after an error nobody knows what the state is worth
      if (error === undefined) write(run)
    },
    ...(judge && { name, stateDict: () => ({ best: judge.value }), loadStateDict: state => judge.load(state) }),
  } satisfies Callback
}

interface Judgement {
  /** The best value so far; null before the first. */
  readonly value: number | null
  /** Is the epoch that ends better than all before? */
  better(run: Run): boolean
  load(state: unknown): void
}
function judgement(given: Best): Judgement {
  const { metric, mode = 'min' } = options('checkpoint: best', given, ['metric', 'mode', 'weights'])
  if (typeof metric !== 'string' || metric === '')
    throw new ArgumentError("checkpoint: best needs the name of a metric: { metric: 'validation.loss' }")
  oneOf('checkpoint', 'best.mode', mode, ['min', 'max'])
  if (given.weights !== undefined && typeof given.weights !== 'function')
    throw new ArgumentError('checkpoint: best.weights is a function that returns tensors by name')
  let value: number | null = null
  return {
    get value() {
      return value
    },
    better({ metrics }) {
      if (!Object.hasOwn(metrics, metric))
        throw new ArgumentError(
          `checkpoint: the epoch has no metric '${metric}' to find the best by. It has ${Object.keys(metrics).join(', ')}`,
        )
      const now = metrics[metric]
      if (Number.isNaN(now) || (value !== null && !(mode === 'min' ? now < value : now > value))) return false
      value = now
      return true
    },
    load(state) {
      const best = (state as { best?: unknown } | null)?.best
      if (best !== null && typeof best !== 'number')
        throw new ArgumentError('loadStateDict: this is no state of a checkpoint callback')
      value = best
    },
  }
}

/** Numbers of the steps that the folder has checkpoints of. */
function stepsIn(folder: string): number[] {
  const names = attempt('checkpoint', 'read', folder, () => readdirSync(folder))
  return names
    .flatMap(name => NUMBERED.exec(name)?.[1] ?? [])
    .map(Number)
    .filter(step => names.includes(numbered(step)))
    .sort((a, b) => a - b)
}

/** Keeps the latest up to `step`; later ones are of a run that nobody goes on with. */
function prune(folder: string, step: number, keep: number): void {
  const steps = stepsIn(folder)
  const kept = new Set(steps.filter(other => other <= step).slice(-keep))
  for (const other of steps) {
    const path = join(folder, numbered(other))
    if (!kept.has(other)) attempt('checkpoint', 'remove', path, () => rmSync(path, { force: true }))
  }
}

/** The file to go on from; null when there is none. */
function latest(folder: string): string | null {
  if (existsSync(join(folder, 'last.safetensors'))) return 'last.safetensors'
  const step = stepsIn(folder).at(-1)
  return step === undefined ? null : numbered(step)
}

function resumed(run: Run, path: string): void {
  try {
    run.loadStateDict(loadCheckpoint(path))
  } catch (cause) {
    if (!(cause instanceof GradusError) || cause instanceof FileError) throw cause
    const error =
      cause instanceof FileFormatError
        ? new FileFormatError(
            `${cause.message}\nThe run cannot go on from it. Remove it to go on from the checkpoint before, if there is one, or to begin anew`,
          )
        : new ArgumentError(
            `checkpoint: '${path}' is of another run: ${cause.message}\nTo begin anew, take another folder, or { resume: false }`,
          )
    error.cause = cause
    throw error
  }
}
