// compile(step): runs a step eagerly and writes down what it does, twice; from then on runs the program that came of it.
import { fuses, simd } from '../backend/wasm/support.ts'
import { during, mode, type Recorder } from '../engine/apply.ts'
import { ArgumentError, CompileError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { type Description, Program } from './program.ts'
import { difference, type Recording, TensorRecorder } from './record.ts'

export interface CompileOptions {
  /** How many programs are kept, one for each signature of the arguments (8); the one used longest ago goes first. */
  readonly cache?: number
  /** Times each kernel, which costs a little: `describe()` then says where the time goes (false). */
  readonly profile?: boolean
}
/** A step that is recorded twice and then replayed. */
export interface Compiled<A extends unknown[], R> {
  (...args: A): R
  /** What the programs consist of, newest last; empty before the third call. */
  describe(): readonly Description[]
}

/** What has been seen of one signature. */
interface Entry<R> {
  readonly programs: { readonly program: Program; readonly rebuild: (leaves: readonly unknown[]) => R }[]
  last: Recording | null
  differences: number
}
/** Programs of one signature, for other flags, options and frozen parameters. */
const VARIANTS = 4
/** Times that a step may differ from the time before, until that is taken for its nature. */
const PATIENCE = 4

/** Tensors and values in arrays and plain objects, and how to put others in their places. */
function flattened(tree: unknown): { leaves: (Tensor | Value)[]; rebuild: (leaves: readonly unknown[]) => unknown } {
  const leaves: (Tensor | Value)[] = []
  const walk = (x: unknown): ((from: readonly unknown[]) => unknown) => {
    if (x instanceof Tensor || x instanceof Value) {
      const at = leaves.push(x) - 1
      return from => from[at]
    }
    if (Array.isArray(x)) {
      const parts = x.map(walk)
      return from => parts.map(part => part(from))
    }
    if (typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype) {
      const parts = Object.entries(x).map(([name, y]) => [name, walk(y)] as const)
      return from => Object.fromEntries(parts.map(([name, part]) => [name, part(from)]))
    }
    return () => x
  }
  const rebuild = walk(tree)
  return { leaves, rebuild }
}

const identities = new WeakMap<object, number>()
let identified = 0
/** What of the arguments decides which program fits. */
function signature(x: unknown): string {
  if (x instanceof Tensor) return `${x.dtype}[${x.shape}]${x.requiresGrad ? 'g' : ''}`
  if (x instanceof Value) return 'value'
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
 * const train = compile((x: Tensor, y: Tensor) => {
 *   const loss = F.mseLoss(model.forward(x), y)
 *   optimizer.zeroGrad()
 *   loss.backward()
 *   optimizer.step()
 *   return loss
 * })
 * for (let i = 0; i < 1000; i++) train(x, y)
 */
export function compile<A extends unknown[], R>(
  step: (...args: A) => R,
  { cache = 8, profile = false }: CompileOptions = {},
): Compiled<A, R> {
  if (typeof step !== 'function') throw new ArgumentError(`compile: needs a function, not ${typeof step}`)
  if (!Number.isInteger(cache) || cache < 1)
    throw new ArgumentError(`compile: cache is a whole number of at least 1, not ${cache}`)
  const entries = new Map<string, Entry<R>>()

  const entryOf = (key: string): Entry<R> => {
    const known = entries.get(key) ?? { programs: [], last: null, differences: 0 }
    entries.delete(key)
    entries.set(key, known)
    if (entries.size > cache) entries.delete(entries.keys().next().value as string)
    return known
  }

  /** Runs the step as it is, written down. */
  const recorded = (entry: Entry<R>, args: A, inputs: readonly Tensor[]): R => {
    const copies = inputs.map(x => new Tensor(x.shape, x.dtype, x.array.slice()).requiresGrad_(x.requiresGrad))
    const tensors = new TensorRecorder(copies)
    const own = flattened(args).rebuild(copies) as A
    const result = during({ recorder: recorderOf(tensors) }, () => step(...own))
    const { leaves, rebuild } = flattened(result)
    const outputs = leaves as Tensor[]
    const recording = tensors.finish(outputs)
    const changed = entry.last && difference(entry.last, recording)
    if (entry.last && changed === null) {
      entry.programs.push({
        program: new Program(recording, { fused: fuses(), profile }),
        rebuild: rebuild as (x: readonly unknown[]) => R,
      })
      // what no longer fits is seldom wanted again
      if (entry.programs.length > VARIANTS) entry.programs.shift()
      entry.last = null
      entry.differences = 0
    } else {
      if (entry.last && !entry.last.guards.every(({ holds }) => holds())) entry.differences = 0
      else if (entry.last && ++entry.differences >= PATIENCE)
        throw new CompileError(`compile: the step is another each time: ${changed}`)
      entry.last = recording
    }
    return rebuild(outputs.map(x => x.detach())) as R
  }

  const run = (...args: A): R => {
    // a step within a step is part of it
    if (mode.recorder || !possible()) return step(...args)
    const inputs = flattened(args).leaves as Tensor[]
    const entry = entryOf(signature(args))
    const found = entry.programs.find(({ program }) => program.fits())
    return found ? found.rebuild(found.program.run(inputs)) : recorded(entry, args, inputs)
  }
  return Object.assign(run, {
    describe: () => [...entries.values()].flatMap(({ programs }) => programs.map(({ program }) => program.description)),
  })
}

const recorderOf = (tensors: TensorRecorder): Recorder => tensors as unknown as Recorder

/** A number that is asked for anew in each call of a compiled step: a tensor [] in double precision. */
export function live(read: () => number): Tensor {
  const { recorder } = mode
  return recorder ? (recorder.live(read, false) as Tensor) : new Tensor([], 'float64', Float64Array.of(read()))
}
