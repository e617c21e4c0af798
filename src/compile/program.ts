// A compiled step: its kernels as one WebAssembly module over the shared memory, and what goes in and comes out.
import type { NDArray, Shape, TypedArray } from '../backend/array.ts'
import { blas } from '../backend/blas.ts'
import { heap } from '../backend/heap.ts'
import { wrap } from '../engine/apply.ts'
import type { Tensor } from '../engine/tensor.ts'
import { built } from './build.ts'
import { flopsOf, nameOf } from './describe.ts'
import { Emission, type Script, type Threads } from './emit.ts'
import type { Kernel } from './fuse.ts'
import type { Buffer } from './ir.ts'
import { bytesOf, type Plan, planned } from './plan.ts'
import type { Recording, Use } from './record.ts'
import { barrier, Choice, Team, threads } from './threads/threads.ts'

/** What a program says of itself. */
export interface TensorDescription {
  readonly engine: 'tensor'
  /** Ops that were recorded, the loops and kernels they became, and those that JavaScript runs. */
  readonly ops: number
  readonly kernels: readonly string[]
  readonly host: readonly string[]
  /** Bytes of the arena, against those that all its arrays together would need. */
  readonly planned: number
  readonly naive: number
  /** Floating-point operations of one run: products, convolutions and one for each op of a loop and element. */
  readonly flops: number
  /** Milliseconds of each kernel over all calls so far, the slowest first: with `profile` only. */
  readonly times: readonly { readonly name: string; readonly milliseconds: number; readonly calls: number }[]
  /** On how many threads the last call ran. */
  readonly threads: number
  /** Bytes of code, and how long it took to make. */
  readonly code: number
  readonly milliseconds: number
}

interface Argument {
  readonly index: number
  readonly address: number
  /** What was copied there last. */
  held: TypedArray | null
}
interface Live {
  readonly read: () => number
  readonly index: number
  readonly at: number
}
interface Graded {
  readonly tensor: Tensor
  readonly some: boolean
}
const NONE: readonly never[] = []
function all(acts: readonly (() => void)[]): void {
  for (let i = 0; i < acts.length; i++) (acts[i] as () => void)()
}

export class Program {
  readonly #plan: Plan
  readonly #kernels: readonly Kernel[]
  readonly #ops: number
  readonly #assigned: readonly Tensor[]
  readonly #graded: readonly Graded[]
  readonly #arena: number
  readonly #owned: number[] = []
  /** Leaves that are read; arguments and live numbers, and where they go. */
  readonly #leaves: Tensor[] = []
  readonly #gradients: Tensor[] = []
  readonly #arguments: Argument[] = []
  readonly #live: Live[] = []
  readonly #results: readonly { readonly use: Use; readonly buffer: Buffer; readonly address: number }[]
  readonly #acts: (() => void)[] = []
  /** The same on several threads, if there are any and it has enough for them. */
  readonly #together: (() => void)[] = []
  readonly #team: Team | null
  readonly #choice = new Choice()
  #threads = 1
  readonly #emission: Emission
  /** Milliseconds of each kernel, when it is asked for. */
  readonly #times: { readonly name: string; milliseconds: number; calls: number }[] = []
  readonly #made: { readonly code: number; readonly milliseconds: number }

  constructor(recording: Recording, { fused, profile }: { readonly fused: boolean; readonly profile: boolean }) {
    const begun = performance.now()
    this.#ops = recording.acts.length
    this.#assigned = recording.assigned.map(([tensor]) => tensor)
    this.#graded = recording.gradients.map(([tensor, slot]) => ({ tensor, some: slot !== null }))
    const { sources, kernels, targets, results, kept } = built(recording, {
      library: blas(),
      numbers: true,
      runs: () => true,
      takes: () => true,
    })
    this.#kernels = kernels
    const places = new Map(sources.map(buffer => [buffer, this.#place(buffer)]))
    const ends = targets.map(({ buffer, kind, tensor, before }) => {
      const { address } = kind === 'leaf' ? tensor.loaded() : tensor.loadedGrad(false)
      return [buffer, { address, before }] as const
    })
    this.#plan = planned(kernels, places, new Map(ends), kept)
    this.#arena = heap().place(this.#plan.bytes)
    this.#owned.push(this.#arena)
    this.#emission = new Emission(this.#plan, this.#arena, fused, profile, this.#prepared(threads()))
    this.#results = results.map(({ use, buffer }) => ({
      use,
      buffer,
      address: this.#emission.address({ buffer, offset: 0 }),
    }))
    for (const kernel of this.#kernels) this.#emission.add(kernel)
    const { acts, exports, bytes, calls } = this.#emission.finish(heap())
    const divided = !calls && acts.some(act => 'names' in act && act.arrivals !== null)
    this.#team = divided ? new Team(threads(), bytes) : null
    const team = this.#team
    acts.forEach((act, segment) => {
      const run = 'names' in act ? (exports[act.run] as () => void) : this.#script(act)
      const timed = profile ? this.#timer('names' in act ? act.names.join() : act.name) : (f: () => void) => f
      this.#acts.push(timed(run))
      if (!team) return
      if (!('names' in act) || act.arrivals === null) {
        this.#together.push(timed(run))
        return
      }
      const own = exports[`${act.run}_0`] as (count: number) => void
      const { arrivals } = act
      this.#together.push(timed(() => team.run(segment, own, arrivals)))
    })
    for (const address of this.#owned) released.register(this, address)
    this.#made = { code: bytes.length, milliseconds: performance.now() - begun }
  }

  /** What threads need: the largest scratch for each. */
  #prepared(count: number): Threads | null {
    if (count === 1) return null
    const bytes = Math.max(0, ...this.#kernels.map(kernel => (kernel.kind === 'call' && kernel.scratch) || 0))
    const scratch = Array.from({ length: count }, () => heap().place(bytes))
    this.#owned.push(...scratch)
    return { scratch, barrier: barrier(count) }
  }

  /** The address of an array that is there from the beginning. */
  #place(buffer: Buffer): number {
    const source = buffer.source as NonNullable<Buffer['source']>
    if (source.kind === 'leaf') {
      this.#leaves.push(source.tensor)
      return source.tensor.loaded().address
    }
    if (source.kind === 'gradient') {
      this.#gradients.push(source.tensor)
      return source.tensor.loadedGrad(true).address
    }
    const address = heap().place(bytesOf(buffer))
    this.#owned.push(address)
    if (source.kind === 'constant') {
      heap().write(address, buffer.dtype, source.data)
    } else if (source.kind === 'argument') this.#arguments.push({ index: source.index, address, held: null })
    else if (source.kind === 'live') this.#live.push({ ...source, at: address / 8 })
    return address
  }

  /** An op that JavaScript runs, on arrays of the memory. */
  #script(node: Script): () => void {
    let seen: unknown = null
    let run = (): void => {}
    const view = (buffer: Buffer): TypedArray =>
      heap().view(this.#emission.address({ buffer, offset: 0 }), buffer.dtype, buffer.length)
    const renew = (): void => {
      if (node.kind === 'check') {
        const data = node.inputs.map(({ buffer }) => view(buffer))
        run = () => {
          for (const x of data) node.check(x)
        }
        return
      }
      const { inputs, shapes, shape, out, zero } = node
      const arrays = inputs.map((x, k): NDArray | number =>
        typeof x === 'number' ? x : { dtype: x.buffer.dtype, shape: shapes[k] as Shape, data: view(x.buffer) },
      )
      const result: NDArray = { dtype: out.dtype, shape, data: view(out) }
      run = () => {
        if (zero) result.data.fill(0)
        node.run(result, arrays)
      }
    }
    return () => {
      // arrays of a memory that has grown are empty
      if (seen !== heap().views) {
        seen = heap().views
        renew()
      }
      run()
    }
  }

  #timer(name: string): (run: () => void) => () => void {
    const entry = { name, milliseconds: 0, calls: 0 }
    this.#times.push(entry)
    return run => () => {
      const start = performance.now()
      run()
      entry.milliseconds += performance.now() - start
      entry.calls++
    }
  }

  /**
   * Does the step; with live numbers as they were, if these are given. Loops that count: in some engines those over
   * elements allocate, and this is to allocate results alone.
   */
  run(args: readonly Tensor[], lives?: readonly number[]): readonly Tensor[] {
    const memory = heap()
    for (let i = 0; i < this.#leaves.length; i++) (this.#leaves[i] as Tensor).loaded()
    for (let i = 0; i < this.#gradients.length; i++) (this.#gradients[i] as Tensor).loadedGrad(true)
    for (let i = 0; i < this.#arguments.length; i++) {
      const argument = this.#arguments[i] as Argument
      const x = args[argument.index] as Tensor
      const { array } = x
      // arrays are not written into: the same one is there already
      if (argument.held !== array) {
        memory.write(argument.address, x.dtype, array)
        argument.held = array
      }
    }
    for (let i = 0; i < this.#live.length; i++) {
      const live = this.#live[i] as Live
      memory.views.float64[live.at] = lives ? (lives[live.index] as number) : live.read()
    }
    this.#execute()
    for (let i = 0; i < this.#assigned.length; i++) (this.#assigned[i] as Tensor).stored()
    for (let i = 0; i < this.#graded.length; i++)
      (this.#graded[i] as Graded).tensor.storedGrad((this.#graded[i] as Graded).some)
    if (this.#results.length === 0) return NONE
    return this.#results.map(({ use: { shape }, buffer, address }) =>
      wrap({ shape, dtype: buffer.dtype, data: memory.read(address, buffer.dtype, buffer.length) }),
    )
  }

  #execute(): void {
    const team = this.#team
    const choice = this.#choice
    if (!team?.ready) {
      this.#threads = 1
      all(this.#acts)
      return
    }
    const { together } = choice
    const start = performance.now()
    all(together ? this.#together : this.#acts)
    choice.took(performance.now() - start)
    this.#threads = together ? team.size : 1
  }

  get description(): TensorDescription {
    const named = this.#kernels.filter(kernel => kernel.kind !== 'check')
    return {
      engine: 'tensor',
      ops: this.#ops,
      kernels: named.filter(({ kind }) => kind !== 'host').map(nameOf),
      host: named.filter(({ kind }) => kind === 'host').map(nameOf),
      planned: this.#plan.bytes,
      naive: this.#plan.naive,
      flops: named.reduce((sum, kernel) => sum + flopsOf(kernel), 0),
      threads: this.#threads,
      times: [...this.#times].sort((a, b) => b.milliseconds - a.milliseconds),
      ...this.#made,
    }
  }
}

const released = new FinalizationRegistry<number>(address => heap().free(address))
