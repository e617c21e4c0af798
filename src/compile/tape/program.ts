// Scalar programs: a step on values, recorded once, done again without a graph.
import { GradError } from '../../engine/errors.ts'
import { Value } from '../../engine/value.ts'
import { type Graph, graphOf } from './graph.ts'
import { type Machine, machine } from './kernel.ts'
import { GROUP, planOf } from './plan.ts'
import { type Numbers, named, type Recording, refuseHooks } from './tape.ts'

export { type Recording, ScalarRecorder } from './tape.ts'

/** What a program consists of. */
export interface ScalarDescription {
  readonly engine: 'scalar'
  /** Ops that the step applied, forward and in its updates. */
  readonly ops: number
  /** Sums that a replay computes, the terms of all of them, and how many levels deep they depend on one another. */
  readonly sums: number
  readonly terms: number
  readonly levels: number
  /** Loops that a replay runs, and by how many different kernels. */
  readonly groups: number
  readonly kernels: number
  /** Bytes that the program owns, and how long it took to make. */
  readonly planned: number
  readonly milliseconds: number
  /** Whether it is WebAssembly, or interpreted. */
  readonly generated: boolean
}

/** A step that can be done again. */
export interface ScalarProgram<R = unknown> {
  /**
   * Does the step: reads the numbers (and gradients, where they add up) of the values from outside, computes, and
   * writes them back. Returns what the step returned, with new values in it.
   *
   * @throws GradError when one of them has got a hook; nothing is changed then
   */
  replay(): R
  describe(): ScalarDescription
}

/** Where a number of the program's memory belongs. */
interface Tie {
  readonly x: Value
  readonly at: number
}

/** What is read anew, and where it goes. */
interface Live {
  readonly read: () => number
  readonly at: number
}

/** Makes a result of the step anew. */
type Make = () => unknown

/** Equal but for rounding, should an engine compute a function in two ways. */
const close = (x: number, y: number): boolean =>
  Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y))

/** Keeps the memory and what is tied to it, and nothing of the recording, which holds the whole graph of a step. */
class Program<R> implements ScalarProgram<R> {
  constructor(
    private readonly machine: Machine,
    private readonly dataIn: readonly Tie[],
    private readonly gradIn: readonly Tie[],
    private readonly liveIn: readonly Live[],
    private readonly dataOut: readonly Tie[],
    private readonly gradOut: readonly Tie[],
    private readonly result: Make,
    private readonly description: ScalarDescription,
  ) {}

  replay(): R {
    // loops that count: those over elements allocate in some engines
    const { dataIn, gradIn, liveIn, dataOut, gradOut } = this
    const { memory } = this.machine
    for (let i = 0; i < gradOut.length; i++) refuseHooks((gradOut[i] as Tie).x)
    for (let i = 0; i < dataIn.length; i++) memory[(dataIn[i] as Tie).at] = (dataIn[i] as Tie).x.data
    for (let i = 0; i < gradIn.length; i++) memory[(gradIn[i] as Tie).at] = (gradIn[i] as Tie).x.grad
    for (let i = 0; i < liveIn.length; i++) memory[(liveIn[i] as Live).at] = (liveIn[i] as Live).read()
    this.machine.run()
    for (let i = 0; i < dataOut.length; i++) (dataOut[i] as Tie).x.data = memory[(dataOut[i] as Tie).at]
    for (let i = 0; i < gradOut.length; i++) (gradOut[i] as Tie).x.grad = memory[(gradOut[i] as Tie).at]
    return this.result() as R
  }

  describe(): ScalarDescription {
    return this.description
  }
}

/**
 * The program of a recording. `before`, the recording of the step before (which must not differ), tells leaves that
 * are made inside the step from those outside it.
 *
 * @throws GradError when the step changed a value's data or gradient by hand
 */
export function scalarProgram<R = unknown>(recording: Recording, before?: Recording): ScalarProgram<R> {
  const begun = performance.now()
  const graph = graphOf(recording, before)
  const plan = planOf(graph)
  const own = machine(plan)
  for (const { slot, from } of graph.inputs)
    if (from.kind === 'number' && plan.place[slot] >= 0) own.memory[plan.place[slot]] = from.value
  check(recording, graph, plan.place, own)
  return new Program<R>(
    own,
    entering(graph, plan.place, 'data'),
    entering(graph, plan.place, 'grad'),
    graph.inputs.flatMap(({ slot, from }) =>
      from.kind === 'live' && plan.place[slot] >= 0 ? [{ read: from.read, at: plan.place[slot] }] : [],
    ),
    leaving(graph, plan.place, 'data'),
    leaving(graph, plan.place, 'grad'),
    maker(recording.result, graph, plan.place, own.memory),
    {
      engine: 'scalar',
      ops: recording.count,
      sums: plan.sums,
      terms: plan.terms,
      levels: plan.levels,
      groups: plan.groups.length / GROUP,
      kernels: plan.kernels.length,
      planned: own.bytes,
      milliseconds: performance.now() - begun,
      generated: own.generated,
    },
  )
}

const entering = (graph: Graph, place: Int32Array, kind: 'data' | 'grad'): Tie[] =>
  graph.inputs.flatMap(({ slot, from }) =>
    from.kind === kind && place[slot] >= 0 ? [{ x: from.outside.x, at: place[slot] }] : [],
  )
const leaving = (graph: Graph, place: Int32Array, to: 'data' | 'grad'): Tie[] =>
  graph.outputs.flatMap(output => (output.to === to ? [{ x: output.outside.x, at: place[output.slot] }] : []))

/** What makes a result anew: new values where there were values, and the rest as it is. */
function maker(x: unknown, graph: Graph, place: Int32Array, memory: Float64Array): Make {
  if (x instanceof Value) {
    const from = graph.returned.get(x)
    return from ? makes.value(memory, place[from.slot], from.grad < 0 ? -1 : place[from.grad]) : makes.same(x)
  }
  if (typeof x !== 'object' || x === null || graph.returned.size === 0) return makes.same(x)
  if (Array.isArray(x)) return makes.array(x.map(y => maker(y, graph, place, memory)))
  return makes.object(Object.entries(x).map(([key, y]) => [key, maker(y, graph, place, memory)] as const))
}
/** Apart from `maker`, as functions keep all that is in reach of one of them: the graph must not stay. */
const makes = {
  same:
    (x: unknown): Make =>
    () =>
      x,
  array:
    (parts: readonly Make[]): Make =>
    () =>
      parts.map(make => make()),
  object:
    (parts: readonly (readonly [string, Make])[]): Make =>
    () =>
      Object.fromEntries(parts.map(([key, make]) => [key, make()])),
  value:
    (memory: Float64Array, at: number, grad: number): Make =>
    () => {
      const made = Value.constant(memory[at])
      if (grad >= 0) made.grad = memory[grad]
      return made
    },
}

/**
 * Does the recorded step once more, from the numbers that it began with: it must end with those that it ended with.
 * The tape cannot show an assignment to `data` or `grad`; this does.
 */
function check(recording: Recording, graph: Graph, place: Int32Array, { memory, run }: Machine): void {
  for (const { slot, from } of graph.inputs) {
    if (place[slot] < 0 || from.kind === 'number') continue
    memory[place[slot]] = from.kind === 'live' ? from.value : from.outside[from.kind]
  }
  run()
  const ends = { data: new Map<Value, number>(), grad: new Map<Value, number>() }
  for (const to of ['data', 'grad'] as const)
    for (const { x, at } of leaving(graph, place, to)) ends[to].set(x, memory[at])
  for (const { x, data, grad } of graph.kept) {
    const after = recording.after.get(x) as Numbers
    if (!close(ends.data.get(x) ?? data, after.data)) {
      throw new GradError(
        `compile: the data of ${named(x)} was changed by hand inside the step (p.data -= …), which a compiled step would not do again: use an optimizer or p.assign(value), or set it before the step`,
      )
    }
    if (!close(ends.grad.get(x) ?? grad, after.grad)) {
      throw new GradError(
        `compile: the gradient of ${named(x)} was changed by hand inside the step (p.grad = …), which a compiled step would not do again: use zeroGrad(), or set it before the step`,
      )
    }
  }
}
