// compile(step): runs a step and writes down what it does, twice; from then on runs the program that came of it.

import { sameShape } from '../backend/array.ts'
import { fuses, simd } from '../backend/wasm/support.ts'
import { during, mode } from '../engine/apply.ts'
import { described, options } from '../engine/argument.ts'
import { ArgumentError, CompileError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import type { Processor } from './processor.ts'
import { Program } from './program.ts'
import { fits, type Recording, type Taken } from './record.ts'
import { flattened } from './signature.ts'
import { scalarProgram } from './tape/program.ts'
import { type Description, type Entry, type Recorded, type Version, Versions } from './version.ts'

export interface CompileOptions {
  /** How many programs are kept, one for each signature of the arguments (8); the one used longest ago goes first. */
  readonly cache?: number
  /** Times each kernel, which costs a little: `describe()` then says where the time goes (false). Not on a device. */
  readonly profile?: boolean
  /** Where programs run, if not here: a GPU, as `webgpu()` of gradus/webgpu gives it. Calls then give promises. */
  readonly device?: Processor
}

/** A step that is recorded twice and then replayed. */
export interface Compiled<A extends unknown[], R> {
  (...args: A): R
  /** What the programs consist of, oldest first; empty before the third call. */
  describe(): readonly Description[]
}

/** May steps be replayed now? Not while somebody wants to see each op. */
const replayed = (): boolean =>
  !mode.anomaly && mode.observer === null && mode.levels.length === 0 && mode.nesting === 0

/**
 * `step` as a program. The first two calls run it as it is, write down each op, and compute them once more by a program,
 * so that a call gives the same bits however many came before it; when both did the same, what they did becomes one
 * WebAssembly module over one planned memory, and every later call runs that: no graph, no garbage, none of the step's
 * own code. After an error in a call that is written down tensors, generators and optimizers are as they were.
 *
 * What changes from call to call is a tensor (an argument, or one that is assigned), a generator, an option of an
 * optimizer, or `live(() => …)`. Arguments of other shapes make another program. Results carry no graph: go backward
 * within the step. Where code may not be generated, under `detectAnomaly` and within transforms the step runs as it is.
 *
 * @throws CompileError when the step reads numbers of its tensors (item, data), or does something else each time
 * @example
 * const w = tensor([0], { requiresGrad: true })
 * const optimizer = new optim.SGD([w], { lr: 0.25 })
 * const train = compile((x: Tensor) => {
 *   const loss = w.sub(x).square().sum()
 *   optimizer.zeroGrad()
 *   loss.backward()
 *   optimizer.step()
 *   return loss
 * })
 * for (let i = 0; i < 9; i++) train(tensor([8]))
 * w.item() // 7.984375
 */
export function compile<A extends unknown[], R>(
  step: (...args: A) => R,
  given: CompileOptions & { readonly device: Processor },
): Compiled<A, Promise<R>>
export function compile<A extends unknown[], R>(step: (...args: A) => R, given?: CompileOptions): Compiled<A, R>
export function compile<A extends unknown[], R>(
  step: (...args: A) => R,
  given: CompileOptions = {},
): Compiled<A, R | Promise<R>> {
  const { cache = 8, profile = false, device } = options('compile', given, ['cache', 'profile', 'device'])
  if (typeof step !== 'function') throw new ArgumentError(`compile: needs a function, not ${typeof step}`)
  if (!Number.isInteger(cache) || cache < 1)
    throw new ArgumentError(`compile: cache is a whole number of at least 1, not ${cache}`)
  if (device === undefined) return here(step, cache, profile)
  if (typeof device?.enter !== 'function')
    throw new ArgumentError(
      `compile: device is what webgpu() of gradus/webgpu gives, awaited, not ${described(device)}`,
    )
  if (profile) throw new ArgumentError('compile: profile times kernels that run here, not those of a device')
  return there(step, cache, device)
}

/** A step's programs run by this thread, and those that help it. */
function here<A extends unknown[], R>(step: (...args: A) => R, cache: number, profile: boolean): Compiled<A, R> {
  type Run = (inputs: readonly Tensor[]) => R
  const versions = new Versions<A, R, Run>(step, cache)
  // the program of the last call, and the arguments that it takes: looked at first
  let newest: Version<Run> | null = null
  let latest: readonly Tensor[] = []
  let depth = 0
  // programs that may become those of steps
  const made = new WeakMap<Taken, Program>()

  /** Values are computed by programs as by the step, to the bit. */
  const scalar = (entry: Entry<Run>, { taken, same, result }: Recorded<R>): R => {
    if (same && taken.scalars) {
      const program = scalarProgram<R>(taken.scalars, same.scalars ?? undefined)
      versions.add(entry, {
        guards: taken.tensors.guards,
        run: () => program.replay(),
        describe: () => program.describe(),
      })
    }
    return result
  }
  /**
   * Does once more, by a program, what was recorded: a program rounds a little differently, and it must not make a
   * difference how often the step was called before, in this process or another.
   */
  const tensors = (entry: Entry<Run>, { taken, same, result, undo }: Recorded<R>, inputs: readonly Tensor[]): R => {
    undo()
    const { tensors: recording } = taken
    const { assigned, detached, guards, lives } = recording
    const build = (recording: Recording): Program => new Program(recording, { fused: fuses(), profile })
    const output = rebuilding(result)
    const program = same
      ? (made.get(same) ?? build(recording))
      : // what it left behind is a result too: an optimizer's first state
        build({ ...recording, assigned: [...assigned, ...detached] })
    if (same)
      versions.add(entry, {
        guards,
        describe: () => program.description,
        run: inputs => output(program.run(inputs)),
      })
    else if (detached.length === 0) made.set(taken, program)
    return output(program.run(inputs, lives))
  }
  const again = (args: A): boolean => {
    if (args.length !== latest.length) return false
    for (let i = 0; i < args.length; i++) {
      const x = args[i]
      const y = latest[i] as Tensor
      if (!(x instanceof Tensor) || x.dtype !== y.dtype || x.requiresGrad !== y.requiresGrad) return false
      if (!sameShape(x.shape, y.shape)) return false
    }
    return true
  }
  const called = (args: A): R => {
    // a step within a step is part of it, and without generated code there are no programs
    if (mode.recorder || !simd() || !replayed()) return step(...args)
    if (newest && depth === mode.depth && again(args) && fits(newest.guards))
      return newest.run(args as unknown as Tensor[])
    newest = null
    const inputs = tensorsOf(args)
    const entry = versions.entry(args)
    const found = versions.find(entry)
    if (!found) {
      const recorded = versions.record(entry, args, inputs)
      return recorded.taken.scalars ? scalar(entry, recorded) : tensors(entry, recorded, inputs)
    }
    if (args.every(x => x instanceof Tensor)) {
      newest = found
      depth = mode.depth
      // without their elements: these tensors may be large
      latest = inputs.map(x => (x.requiresGrad ? x : new Tensor(x.shape, x.dtype, EMPTY)))
    }
    return found.run(inputs)
  }
  const withArguments = (...args: A): R => called(args)
  // a rest parameter is an array made in each call, also an empty one; to hand on `arguments` makes none
  function run(): R {
    // biome-ignore lint/complexity/noArguments: see above
    const given = arguments
    return given.length === 0 ? called(NONE as unknown as A) : withArguments.apply(undefined, given as unknown as A)
  }
  return Object.assign(run as (...args: A) => R, { describe: () => versions.describe() })
}

/** A step's programs run by a device. */
function there<A extends unknown[], R>(
  step: (...args: A) => R,
  cache: number,
  device: Processor,
): Compiled<A, Promise<R>> {
  type Run = (inputs: readonly Tensor[], release: () => void) => Promise<R>
  const versions = new Versions<A, R, Run>(step, cache)
  /** Why there is no program: said from the next call on, since the step has run as it is by then. */
  const refused = new WeakMap<object, unknown>()
  const run = async (...args: A): Promise<R> => {
    if (mode.recorder)
      throw new CompileError('compile: a step for a device is called within another step: compile the outer one alone')
    if (!replayed()) return step(...args)
    const { depth } = mode
    return device.enter(async release => {
      const inputs = tensorsOf(args)
      const entry = versions.entry(args, depth)
      const found = versions.find(entry)
      if (found) return found.run(inputs, release)
      if (refused.has(entry)) throw refused.get(entry)
      await device.fetch()
      const { taken, same, result } = during({ depth }, () => versions.record(entry, args, inputs))
      if (!same) return result
      try {
        if (taken.scalars)
          throw new CompileError('compile: a step on values has nothing for a device to do: compile it without one')
        const program = await device.program(taken.tensors)
        const output = rebuilding(result)
        versions.add(entry, {
          guards: taken.tensors.guards,
          describe: () => program.describe(),
          run: async (inputs, release) => output(await program.run(inputs, release)),
        })
      } catch (error) {
        refused.set(entry, error)
      }
      return result
    })
  }
  return Object.assign(run, { describe: () => versions.describe() })
}

const tensorsOf = (args: readonly unknown[]): Tensor[] => flattened(args).leaves.filter(x => x instanceof Tensor)
const EMPTY = new Float32Array(0)
const NONE: readonly never[] = []

/** What the step returned, with a program's results in the place of its own. */
function rebuilding<R>(result: R): (outputs: readonly Tensor[]) => R {
  const { leaves, rebuild } = flattened(result)
  if (leaves.length === 0) return () => result
  return outputs => {
    let next = 0
    return rebuild(() => outputs[next++]) as R
  }
}

/**
 * A number that is asked for anew in each call of a compiled step: a tensor [] in double precision, or for steps on
 * values a `Value`.
 *
 * @throws ArgumentError when it is no function, or gives no number
 * @example
 * let rate = 1
 * const scaled = compile((x: Tensor) => x.mul(live(() => rate)))
 * for (; rate < 5; rate++) scaled(tensor([2]))
 * scaled(tensor([2])).item() // 10
 */
export function live(read: () => number): Tensor
export function live(read: () => number, kind: typeof Value): Value
export function live(read: () => number, kind?: typeof Value): Tensor | Value {
  if (typeof read !== 'function')
    throw new ArgumentError(`live: needs a function that gives the number, not ${described(read)}`)
  const checked = (): number => {
    const x = read()
    if (typeof x !== 'number') throw new ArgumentError(`live: the function gave ${described(x)}, not a number`)
    return x
  }
  if (mode.recorder) return mode.recorder.live(checked, kind === Value)
  return kind === Value ? Value.constant(checked()) : new Tensor([], 'float64', Float64Array.of(checked()))
}
