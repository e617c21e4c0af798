// From kernels to code: each kernel a function of one WebAssembly module, called with the addresses it was planned for.
import { byteSize, type Shape, stridesOf } from '../backend/array.ts'
import type { Heap } from '../backend/heap.ts'
import type { Program as Steps } from '../backend/stream.ts'
import { merged, type Stream } from '../backend/stream.ts'
import { Module } from '../backend/wasm/assembler.ts'
import { foldLoop } from '../backend/wasm/fold.ts'
import { mapLoop } from '../backend/wasm/loop.ts'
import type { Width } from '../backend/wasm/vector.ts'
import { Expr, programs } from '../engine/expr.ts'
import { nameOf } from './describe.ts'
import type { Group, Kernel } from './fuse.ts'
import type { Access, Buffer, CallNode, CheckNode, Extent, FoldNode, HostNode, PlaceNode } from './ir.ts'
import { bytesOf, type Plan } from './plan.ts'
import { type Barrier, type Call, Schedule, type Share, type Span } from './threads/schedule.ts'
import { cost, extent, ranges, tuning } from './threads/split.ts'

/** What JavaScript runs between functions of the module. */
export type Script = HostNode | CheckNode
/** One thing to do after another: an exported function, or a script. */
export type Act = Segment | Script
export interface Segment {
  readonly names: readonly string[]
  /** The function that does all of it. With threads there is one for each, `run` + `_` + its number. */
  readonly run: string
  /** How many arrivals at barriers the threads make; null when it is for one thread. */
  readonly arrivals: number | null
}
/** What a program for several threads needs: places for scratch, a list of them for each kernel's call. */
export interface Threads {
  readonly scratch: readonly number[]
  readonly barrier: Barrier
}
/** An array that a loop writes. */
interface Target extends Access {
  readonly step: number
}

const COPY = programs([Expr.input(0)]).steps
const ZERO = programs([Expr.const(0)]).steps
/** Elements along a line that belong together: a line of the cache in any dtype, and whole registers. */
const LINE = 64

/** A program's module while it is written. */
export class Emission {
  readonly #module = new Module()
  readonly #acts: Act[] = []
  /** The segment so far: what one thread calls, and what several do. */
  #calls: Call[] = []
  #schedule: Schedule | null
  #names: string[] = []

  constructor(
    readonly plan: Plan,
    /** Where the arena begins. */
    readonly arena: number,
    readonly fused: boolean,
    /** Whether each kernel is to be a function that can be timed. */
    readonly apart: boolean,
    readonly threads: Threads | null,
  ) {
    this.#schedule = this.#scheduled()
  }
  #scheduled(): Schedule | null {
    return this.threads && new Schedule(this.threads.scratch)
  }

  /** The address of an element of an array. */
  address({ buffer, offset }: Pick<Access, 'buffer' | 'offset'>): number {
    const place = this.plan.places.get(buffer) as number
    return (this.plan.fixed.has(buffer) ? place : this.arena + place) + offset * byteSize(buffer.dtype)
  }
  #start(buffer: Buffer): number {
    return this.address({ buffer, offset: 0 })
  }

  add(kernel: Kernel): void {
    if (kernel.kind === 'host' || kernel.kind === 'check') {
      this.#flush()
      this.#acts.push(kernel)
      return
    }
    this.#add(parts => this.#steps(kernel, parts), cost(kernel))
    this.#names.push(nameOf(kernel))
    if (this.apart) this.#flush()
  }
  /** Steps one after the other, which `make` gives for so many threads. */
  #add(make: (parts: number) => Share[][], work: number): void {
    const whole = make(1)
    for (const shares of whole) for (const { calls } of shares) this.#calls.push(...calls)
    const { threads } = this
    if (!threads) return
    for (const shares of work < tuning.least ? whole : make(threads.scratch.length)) this.#schedule?.add(shares, work)
  }

  /** The module, ready to run, and what to do in which order. */
  finish({ memory, limits }: Heap): {
    acts: readonly Act[]
    exports: Record<string, (arrivals: number) => void>
    bytes: Uint8Array
    /** Does anything call JavaScript? Only this thread can. */
    calls: boolean
  } {
    for (const [buffer, address] of this.plan.copies)
      this.#add(parts => [this.#copied(buffer, address, parts)], 0.5 * buffer.length)
    this.#flush()
    const bytes = this.#module.bytes(limits)
    const { imports } = this.#module
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, ...imports } })
    return {
      acts: this.#acts,
      exports: exports as Record<string, (arrivals: number) => void>,
      bytes,
      calls: Object.keys(imports).length > 0,
    }
  }

  /** What was called since the last script, as one function, and as one for each thread. */
  #flush(): void {
    const [calls, names, schedule] = [this.#calls, this.#names, this.#schedule]
    if (calls.length === 0) return
    this.#calls = []
    this.#names = []
    this.#schedule = this.#scheduled()
    const run = `run${this.#acts.length}`
    const index = this.#module.function([], [], code => {
      for (const { f, addresses, scratch } of calls) {
        for (const address of addresses) code.i32(address)
        if (scratch !== null) code.i32(scratch)
        code.call(f)
      }
    })
    this.#module.export(run, index)
    const arrivals =
      schedule?.divided && this.threads ? schedule.emit(this.#module, t => `${run}_${t}`, this.threads.barrier) : null
    this.#acts.push({ names, run, arrivals })
  }

  /** What a kernel does, one step after the other, each in so many shares at most. */
  #steps(kernel: Exclude<Kernel, Script>, parts: number): Share[][] {
    switch (kernel.kind) {
      case 'group':
        return kernel.outputs.length > 0 ? [this.#group(kernel, parts)] : []
      case 'fold':
        return [this.#fold(kernel, parts)]
      case 'place':
        return this.#place(kernel, parts)
      default:
        return [this.#call(kernel, parts)]
    }
  }
  /** A loop over all elements, or over a range of the first dimension in each share. */
  #map(
    width: Width,
    shape: Shape,
    program: Steps,
    args: readonly Access[],
    targets: readonly Target[],
    parts: number,
  ): Share[] {
    const all = [...args, ...targets]
    const { sizes, streams } = merged(
      shape,
      all.map(({ strides }) => strides),
    )
    const [first = 1, ...rest] = sizes
    return ranges(first, parts, rest.length > 0 ? 1 : LINE).map(([from, to]) => {
      const own = sizes.length > 0 ? [to - from, ...rest] : []
      const places = all.map(({ buffer, offset }, k) =>
        this.#touched(buffer, extent(own, streams[k] as number[], offset + from * (streams[k]?.[0] ?? 0))),
      )
      const stream = ({ buffer }: Access, k: number): Stream => ({
        dtype: buffer.dtype,
        strides: streams[k] as number[],
      })
      const f = mapLoop(this.#module, width, this.fused, {
        sizes: own,
        inputs: args.map(stream),
        outputs: targets.map((x, k) => ({ ...stream(x, args.length + k), step: x.step })),
        program,
      })
      return {
        calls: [{ f, addresses: places.map(({ address }) => address), scratch: null }],
        reads: places.slice(0, args.length),
        writes: places.slice(args.length),
      }
    })
  }
  /** Where a part of an array begins, and which bytes it reaches over. */
  #touched(buffer: Buffer, { at, from, to }: Extent): Span & { readonly address: number } {
    const place = (offset: number): number => this.address({ buffer, offset })
    return { address: place(at), from: place(from), to: place(to) }
  }
  #whole(buffer: Buffer): Span {
    const from = this.#start(buffer)
    return { from, to: from + bytesOf(buffer) }
  }

  #group({ outputs, shape, width, args }: Group, parts: number): Share[] {
    const { steps, at } = programs(outputs.map(({ expr }) => expr))
    const buffers = outputs.map(({ out }) => out)
    const strides = stridesOf(shape)
    const targets = buffers.map((buffer, k) => ({ buffer, offset: 0, strides, step: at[k] as number }))
    return this.#map(width, shape, steps, args, targets, parts)
  }
  #fold({ shape, folded, fold, width, expr, args, out }: FoldNode, parts: number): Share[] {
    const { steps } = programs([expr])
    const dtype = out.dtype as 'float32' | 'float64' | 'int32'
    const { sizes, streams, flags } = merged(
      shape,
      args.map(({ strides }) => strides),
      folded,
    )
    const d = flags.indexOf(false)
    // a range of one would let its neighbours grow together, and be summed in another order
    const all = d < 0 ? [[0, 1] as const] : ranges(sizes[d] as number, parts, d === sizes.length - 1 ? LINE : 2)
    const line = out.length / (sizes[d] ?? 1)
    return all.map(([from, to]) => {
      const own = sizes.map((n, i) => (i === d ? to - from : n))
      const places = args.map(({ buffer, offset }, k) =>
        this.#touched(buffer, extent(own, streams[k] as number[], offset + from * (streams[k]?.[d] ?? 0))),
      )
      const inputs = args.map(({ buffer }, k) => ({ dtype: buffer.dtype, strides: streams[k] as number[] }))
      const loop = { sizes: own, folded: flags, fold, inputs, program: steps, dtype }
      const result = this.#touched(out, { at: from * line, from: from * line, to: to * line })
      return {
        calls: [
          {
            f: foldLoop(this.#module, width, this.fused, loop),
            addresses: [...places, result].map(({ address }) => address),
            scratch: null,
          },
        ],
        reads: places,
        writes: [result],
      }
    })
  }
  #place({ parts: from, zero, out }: PlaceNode, parts: number): Share[][] {
    const width: Width = out.dtype === 'float64' ? 8 : 4
    const steps: Share[][] = []
    if (zero) {
      const target = { buffer: out, offset: 0, strides: [1], step: 0 }
      steps.push(this.#map(width, [out.length], ZERO, [], [target], parts))
    }
    // what is put beside each other does not meet
    const shares: Share[] = []
    for (const part of from) {
      const target = { buffer: out, offset: part.offset, strides: part.strides, step: 0 }
      this.#map(width, part.shape, COPY, [part.from], [target], parts).forEach((share, t) => {
        const { calls, reads, writes } = shares[t] ?? { calls: [], reads: [], writes: [] }
        shares[t] = {
          calls: [...calls, ...share.calls],
          reads: [...reads, ...share.reads],
          writes: [...writes, ...share.writes],
        }
      })
    }
    return [...steps, shares]
  }
  #call(kernel: CallNode, parts: number): Share[] {
    const room = this.plan.scratch.get(kernel)
    const scratch = room === undefined ? null : this.arena + room
    const start = [this.#start(kernel.out), ...kernel.inputs.map(x => this.address(x))]
    const split = parts > 1 && kernel.split?.(parts)
    if (!split) {
      return [
        {
          calls: [{ f: kernel.emit(this.#module, this.fused), addresses: start, scratch }],
          reads: kernel.inputs.map(({ buffer }) => this.#whole(buffer)),
          writes: [this.#whole(kernel.out)],
        },
      ]
    }
    const arrays = [{ buffer: kernel.out, offset: 0 }, ...kernel.inputs]
    return split.map(({ emit, extents }) => {
      const places = arrays.map(({ buffer, offset }, k) => {
        const { at, from, to } = extents[k] as Extent
        return this.#touched(buffer, { at: offset + at, from: offset + from, to: offset + to })
      })
      return {
        calls: [{ f: emit(this.#module, this.fused), addresses: places.map(({ address }) => address), scratch }],
        reads: places.slice(1),
        writes: places.slice(0, 1),
      }
    })
  }
  #copied(buffer: Buffer, address: number, parts: number): Share[] {
    const width: Width = buffer.dtype === 'float64' ? 8 : 4
    // the place of another array
    const fixed = { from: address, to: address + bytesOf(buffer) }
    const one = { dtype: buffer.dtype, strides: [1] }
    return ranges(buffer.length, parts, LINE).map(([from, to]) => {
      const loop = { sizes: [to - from], inputs: [one], outputs: [{ ...one, step: 0 }], program: COPY }
      const read = this.#touched(buffer, { at: from, from, to })
      const target = address + from * byteSize(buffer.dtype)
      const f = mapLoop(this.#module, width, this.fused, loop)
      return { calls: [{ f, addresses: [read.address, target], scratch: null }], reads: [read], writes: [fixed] }
    })
  }
}
