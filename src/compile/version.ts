// A step's programs, by what fits them, and how often it is recorded until it becomes one.
import { during, mode } from '../engine/apply.ts'
import { CompileError } from '../engine/errors.ts'
import { watched } from '../engine/random.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import type { DeviceDescription } from './processor.ts'
import type { TensorDescription } from './program.ts'
import { difference, fits, type Guard, StepRecorder, type Taken } from './record.ts'
import { flattened, form, type Leaf, refuseChange, signature } from './signature.ts'
import type { ScalarDescription } from './tape/program.ts'

/** What a program says of itself. */
export type Description = TensorDescription | ScalarDescription | DeviceDescription

/** A step in one variant, ready to be run by a function of its kind. */
export interface Version<Run> {
  readonly guards: readonly Guard[]
  readonly run: Run
  readonly describe: () => Description
}
/** What has been seen of one signature. */
export interface Entry<Run> {
  readonly programs: Version<Run>[]
  /** Recordings that no program came of yet, the newest first: one for each variant. */
  waiting: readonly Taken[]
  differences: number
}
/** What a step did, and returned. */
export interface Recorded<R> {
  readonly taken: Taken
  /** The recording before, if it was the same: then this one is to become a program. */
  readonly same: Taken | null
  readonly result: R
  /** Puts back all tensors and generators that it changed. */
  readonly undo: () => void
}
/** Programs of one signature, for other flags, options and frozen parameters. */
const VARIANTS = 4
/** Times that a step may differ from the time before, until that is taken for its nature. */
const PATIENCE = 4

export class Versions<A extends unknown[], R, Run> {
  readonly #entries = new Map<string, Entry<Run>>()
  readonly #step: (...args: A) => R
  #before: A | null = null
  #strangers = 0

  constructor(
    step: (...args: A) => R,
    /** How many signatures are kept. */
    readonly cache: number,
  ) {
    this.#step = step
  }

  /** What is known of arguments like these, called at a depth of transforms. */
  entry(args: A, depth = mode.depth): Entry<Run> {
    const entries = this.#entries
    const before = this.#before
    const key = `${depth} ${signature(args)}`
    let known = entries.get(key)
    if (!known) {
      known = { programs: [], waiting: [], differences: 0 }
      // what is another in each call would never be compiled, and nobody would notice
      if (++this.#strangers > 2 * this.cache && before)
        for (const [i, x] of args.entries()) refuseChange(`argument ${i + 1}`, before[i], x)
    } else this.#strangers = 0
    this.#before = args
    entries.delete(key)
    entries.set(key, known)
    if (entries.size > this.cache) entries.delete(entries.keys().next().value as string)
    return known
  }
  find({ programs }: Entry<Run>): Version<Run> | undefined {
    const at = programs.findIndex(({ guards }) => fits(guards))
    // the one used longest ago goes first
    if (at >= 0 && at < programs.length - 1) programs.push(...programs.splice(at, 1))
    return at < 0 ? undefined : programs.at(-1)
  }
  add(entry: Entry<Run>, version: Version<Run>): void {
    entry.programs.push(version)
    if (entry.programs.length > VARIANTS) entry.programs.shift()
  }
  describe(): Description[] {
    return [...this.#entries.values()].flatMap(({ programs }) => programs.map(({ describe }) => describe()))
  }

  /** Runs the step as it is, written down. After an error tensors, generators and optimizers are as they were. */
  record(entry: Entry<Run>, args: A, inputs: readonly Tensor[]): Recorded<R> {
    const { waiting } = entry
    const fitting = waiting.find(({ tensors }) => fits(tensors.guards))
    const last = fitting ?? waiting[0] ?? null
    // copies, so that an argument shares its array with nothing that the step refers to
    const copies = inputs.map(x => new Tensor(x.shape, x.dtype, x.array.slice()).requiresGrad_(x.requiresGrad))
    const recorder = new StepRecorder(copies, last)
    let next = 0
    const own = flattened(args).rebuild(x => (x instanceof Tensor ? copies[next++] : x)) as A
    const [run, states] = watched(() => {
      try {
        const result = during({ recorder }, () => awaitedNowhere(this.#step(...own)))
        return { result, taken: recorder.finish(result, flattened(result).leaves, form(result)) }
      } catch (error) {
        return { error }
      }
    })
    const restore = (): void => {
      for (const [generator, state] of states) generator.setState(state)
    }
    const undo = (): void => {
      recorder.undo()
      restore()
    }
    const abandon = (error: unknown): never => {
      recorder.abandon()
      restore()
      throw error
    }
    if ('error' in run) return abandon(run.error)
    const { result, taken } = run
    const changed = last && difference(last, taken)
    const same = changed === null ? last : null
    if (same) {
      entry.waiting = waiting.filter(other => other !== same)
      entry.differences = 0
    } else {
      if (!fitting) entry.differences = 0
      else if (++entry.differences >= PATIENCE)
        return abandon(new CompileError(`compile: the step is another each time: ${changed}`))
      entry.waiting = [taken, ...waiting.filter(other => other !== fitting)].slice(0, VARIANTS)
    }
    // as a program would hand them out: without a graph, and of values those that are there anyway as they are
    const seen = (x: Leaf): Leaf => {
      if (x instanceof Tensor) return x.detach()
      if (x.op === null) return x
      const made = Value.constant(x.data)
      made.grad = x.grad
      return made
    }
    return { taken, same, result: flattened(result).rebuild(seen) as R, undo }
  }
}

/** @throws CompileError for the promise of an async step */
function awaitedNowhere<R>(returned: R): R {
  if (!(returned instanceof Promise)) return returned
  returned.catch(() => {})
  throw new CompileError(
    'compile: the step is async. What it awaits does not belong in a step: do that before, and give it the result',
  )
}
