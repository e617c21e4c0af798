// compile(step): runs a step eagerly and writes down what it does, twice; from then on runs the program that came of it.

import { sameShape } from '../backend/array.ts'
import { fuses, simd } from '../backend/wasm/support.ts'
import { during, mode } from '../engine/apply.ts'
import { described, options } from '../engine/argument.ts'
import { ArgumentError, CompileError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { Program, type TensorDescription } from './program.ts'
import { difference, type Guard, StepRecorder, type Taken } from './record.ts'
import { type ScalarDescription, scalarProgram } from './scalar.ts'

export interface CompileOptions {
  /** How many programs are kept, one for each signature of the arguments (8); the one used longest ago goes first. */
  readonly cache?: number
  /** Times each kernel, which costs a little: `describe()` then says where the time goes (false). */
  readonly profile?: boolean
}
/** What a program says of itself. */
export type Description = TensorDescription | ScalarDescription

/** A step that is recorded twice and then replayed. */
export interface Compiled<A extends unknown[], R> {
  (...args: A): R
  /** What the programs consist of, oldest first; empty before the third call. */
  describe(): readonly Description[]
}

/** A step in one variant, ready to run. */
interface Ready<R> {
  readonly guards: readonly Guard[]
  readonly run: (inputs: readonly Tensor[]) => R
  readonly describe: () => Description
}
/** What has been seen of one signature. */
interface Entry<R> {
  readonly programs: Ready<R>[]
  last: Taken | null
  differences: number
}
/** Programs of one signature, for other flags, options and frozen parameters. */
const VARIANTS = 4
/** Times that a step may differ from the time before, until that is taken for its nature. */
const PATIENCE = 4

/** Is all that was built into it as it was? */
function fits(guards: readonly Guard[]): boolean {
  for (let i = 0; i < guards.length; i++) if (!(guards[i] as Guard).holds()) return false
  return true
}

type Leaf = Tensor | Value
/** Tensors and values in arrays and plain objects, and how to put others in their places, in the same order. */
function flattened(tree: unknown): { leaves: Leaf[]; rebuild: (f: (x: Leaf) => unknown) => unknown } {
  const leaves: Leaf[] = []
  const walk = (x: unknown): ((f: (x: Leaf) => unknown) => unknown) => {
    if (x instanceof Tensor || x instanceof Value) {
      leaves.push(x)
      return f => f(x)
    }
    if (Array.isArray(x)) {
      const parts = x.map(walk)
      return f => parts.map(part => part(f))
    }
    if (typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype) {
      const parts = Object.entries(x).map(([name, y]) => [name, walk(y)] as const)
      return f => Object.fromEntries(parts.map(([name, part]) => [name, part(f)]))
    }
    return () => x
  }
  return { rebuild: walk(tree), leaves }
}

const identities = new WeakMap<object, number>()
let identified = 0
/** What of the arguments decides which program fits. */
function signature(x: unknown): string {
  if (x instanceof Tensor) return `${x.dtype}[${x.shape}]${x.requiresGrad ? 'g' : ''}`
  if (Array.isArray(x)) return `(${x.map(signature).join()})`
  if (typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype)
    return `{${Object.entries(x)
      .map(([name, y]) => `${JSON.stringify(name)}:${signature(y)}`)
      .join()}}`
  if ((typeof x === 'object' && x !== null) || typeof x === 'function') {
    const known = identities.get(x) ?? identified++
    identities.set(x, known)
    return `#${known}`
  }
  return Object.is(x, -0) ? '-0' : typeof x === 'string' ? JSON.stringify(x) : String(x)
}

/**
 * What a step returns beside tensors and values, which is the same in each call.
 * @throws CompileError for what programs cannot make anew
 */
function form(x: unknown): string {
  if (x instanceof Tensor || x instanceof Value) return 'x'
  if (Array.isArray(x)) return `(${x.map(form).join()})`
  if (typeof x !== 'object' || x === null) return typeof x === 'function' ? 'f' : signature(x)
  if (Object.getPrototypeOf(x) !== Object.prototype)
    throw new CompileError(
      `compile: a step returns tensors, values and constants, in arrays and plain objects, and nothing like ${described(x)}`,
    )
  return `{${Object.entries(x).map(([name, y]) => `${JSON.stringify(name)}:${form(y)}`)}}`
}

/** Can programs run here? Not where code may not be generated, nor while somebody wants to see each op. */
const possible = (): boolean =>
  simd() && !mode.anomaly && mode.observer === null && mode.levels.length === 0 && mode.nesting === 0

/**
 * `step` as a program. The first two calls run it as it is and write down each op; when both did the same, what they did
 * becomes one WebAssembly module over one planned memory, and every later call runs that: no graph, no garbage, none of
 * the step's own code.
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
export function compile<A extends unknown[], R>(step: (...args: A) => R, given: CompileOptions = {}): Compiled<A, R> {
  const { cache = 8, profile = false } = options('compile', given, ['cache', 'profile'])
  if (typeof step !== 'function') throw new ArgumentError(`compile: needs a function, not ${typeof step}`)
  if (!Number.isInteger(cache) || cache < 1)
    throw new ArgumentError(`compile: cache is a whole number of at least 1, not ${cache}`)
  const entries = new Map<string, Entry<R>>()
  let before: A | null = null
  let strangers = 0
  const entryOf = (args: A): Entry<R> => {
    const key = `${mode.depth} ${signature(args)}`
    let known = entries.get(key)
    if (!known) {
      known = { programs: [], last: null, differences: 0 }
      // a number that is another in each call would never be compiled, and nobody would notice
      const at = args.findIndex((x, i) => typeof x === 'number' && typeof before?.[i] === 'number' && x !== before[i])
      if (++strangers > 2 * cache && at >= 0)
        throw new CompileError(
          `compile: argument ${at + 1} is a number that changes from call to call (${before?.[at]}, then ${args[at]}), and numbers are built into a program. Give a tensor, or read it within the step by live(() => …)`,
        )
    } else strangers = 0
    before = args
    entries.delete(key)
    entries.set(key, known)
    if (entries.size > cache) entries.delete(entries.keys().next().value as string)
    return known
  }

  /** Runs the step as it is, written down. */
  const recorded = (entry: Entry<R>, args: A, inputs: readonly Tensor[]): R => {
    const { last } = entry
    // copies, so that an argument shares its array with nothing that the step refers to
    const copies = inputs.map(x => new Tensor(x.shape, x.dtype, x.array.slice()).requiresGrad_(x.requiresGrad))
    const recorder = new StepRecorder(copies, last)
    let next = 0
    const own = flattened(args).rebuild(x => (x instanceof Tensor ? copies[next++] : x)) as A
    const result = during({ recorder }, () => {
      const returned = step(...own)
      if (!(returned instanceof Promise)) return returned
      returned.catch(() => {})
      throw new CompileError(
        'compile: the step is async. What it awaits does not belong in a step: do that before, and give it the result',
      )
    })
    const taken = recorder.finish(result, flattened(result).leaves, form(result))
    const changed = last && difference(last, taken)
    if (last && changed === null) {
      entry.programs.push(ready(last, taken, result, profile))
      // what no longer fits is seldom wanted again
      if (entry.programs.length > VARIANTS) entry.programs.shift()
      entry.last = null
      entry.differences = 0
    } else {
      if (last && !fits(last.tensors.guards)) entry.differences = 0
      else if (last && ++entry.differences >= PATIENCE)
        throw new CompileError(`compile: the step is another each time: ${changed}`)
      entry.last = taken
    }
    // as a program would hand them out: without a graph, and of values those that are there anyway as they are
    const seen = (x: Leaf): Leaf => {
      if (x instanceof Tensor) return x.detach()
      if (x.op === null) return x
      const made = Value.constant(x.data)
      made.grad = x.grad
      return made
    }
    return flattened(result).rebuild(seen) as R
  }

  // the program of the last call, and the arguments that it takes: looked at first
  let newest: Ready<R> | null = null
  let latest: readonly Tensor[] = []
  let depth = 0
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
    // a step within a step is part of it
    if (mode.recorder || !possible()) return step(...args)
    if (newest && depth === mode.depth && again(args) && fits(newest.guards))
      return newest.run(args as unknown as Tensor[])
    const inputs = flattened(args).leaves.filter(x => x instanceof Tensor)
    const entry = entryOf(args)
    const found = entry.programs.find(({ guards }) => fits(guards))
    newest = null
    if (!found) return recorded(entry, args, inputs)
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
  return Object.assign(run as (...args: A) => R, {
    describe: () => [...entries.values()].flatMap(({ programs }) => programs.map(({ describe }) => describe())),
  })
}
const EMPTY = new Float32Array(0)
const NONE: readonly never[] = []

/** The program of two recordings that are the same. */
function ready<R>(before: Taken, taken: Taken, result: R, profile: boolean): Ready<R> {
  const { guards } = taken.tensors
  if (taken.scalars) {
    const program = scalarProgram<R>(taken.scalars, before.scalars ?? undefined)
    return { guards, run: () => program.replay(), describe: () => program.describe() }
  }
  const program = new Program(taken.tensors, { fused: fuses(), profile })
  const { leaves, rebuild } = flattened(result)
  return {
    guards,
    describe: () => program.description,
    run:
      leaves.length === 0
        ? inputs => {
            program.run(inputs)
            return result
          }
        : inputs => {
            const outputs = program.run(inputs)
            let next = 0
            return rebuild(() => outputs[next++]) as R
          },
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
