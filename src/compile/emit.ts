// From kernels to code: each kernel a function of one WebAssembly module, called with the addresses it was planned for.
import { byteSize, stridesOf } from '../backend/array.ts'
import { Module } from '../backend/wasm/assembler.ts'
import { foldLoop, type MapLoop, mapLoop, type Stream } from '../backend/wasm/loop.ts'
import type { Width } from '../backend/wasm/vector.ts'
import { Expr, programs } from '../engine/expr.ts'
import type { Group, Kernel } from './fuse.ts'
import type { Access, Buffer, CallNode, CheckNode, FoldNode, HostNode, PlaceNode } from './ir.ts'
import type { Plan } from './plan.ts'

/** A function of the module, and what it is called with. */
interface Call {
  readonly f: number
  readonly addresses: readonly number[]
}
/** What JavaScript runs between functions of the module. */
export type Script = HostNode | CheckNode
/** One thing to do after another: an exported function, or a script. */
export type Act = { readonly names: readonly string[]; readonly run: string } | Script

const isUniform = ({ strides }: Access): boolean => strides.every(s => s === 0)
/** In which registers a loop computes: float64 where it has to, and where float32 could not hold a whole number. */
function widthOf(args: readonly Access[], outputs: readonly Buffer[]): Width {
  if (outputs.some(({ dtype }) => dtype === 'float64' || dtype === 'int32')) return 8
  if (args.some(x => x.buffer.dtype === 'float64' && !isUniform(x))) return 8
  return args.some(x => x.buffer.dtype === 'int32') && outputs.some(({ dtype }) => dtype === 'bool') ? 8 : 4
}
const streams = (args: readonly Access[]): Stream[] =>
  args.map(({ buffer, strides }) => ({ dtype: buffer.dtype, strides }))
const COPY = programs([Expr.input(0)]).steps
const ZERO = programs([Expr.const(0)]).steps

/** A program's module while it is written. */
export class Emission {
  readonly #module = new Module()
  readonly #acts: Act[] = []
  #calls: Call[] = []
  #names: string[] = []

  constructor(
    readonly plan: Plan,
    /** Where the arena begins. */
    readonly arena: number,
    readonly fused: boolean,
    /** Whether each kernel is to be a function that can be timed. */
    readonly apart: boolean,
  ) {}

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
    const calls =
      kernel.kind === 'group'
        ? this.#group(kernel)
        : kernel.kind === 'fold'
          ? this.#fold(kernel)
          : kernel.kind === 'place'
            ? this.#place(kernel)
            : this.#call(kernel)
    this.#calls.push(...calls)
    this.#names.push(nameOf(kernel))
    if (this.apart) this.#flush()
  }

  /** The module, ready to run, and what to do in which order. */
  finish(memory: WebAssembly.Memory): { acts: readonly Act[]; exports: Record<string, () => void>; bytes: number } {
    for (const [buffer, address] of this.plan.copies) this.#calls.push(this.#copied(buffer, address))
    this.#flush()
    const bytes = this.#module.bytes()
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { memory, ...this.#module.imports },
    })
    return { acts: this.#acts, exports: exports as Record<string, () => void>, bytes: bytes.length }
  }

  /** What was called since the last script, as one function. */
  #flush(): void {
    const [calls, names] = [this.#calls, this.#names]
    if (calls.length === 0) return
    this.#calls = []
    this.#names = []
    const run = `run${this.#acts.length}`
    const index = this.#module.function([], [], code => {
      for (const { f, addresses } of calls) {
        for (const address of addresses) code.i32(address)
        code.call(f)
      }
    })
    this.#module.export(run, index)
    this.#acts.push({ names, run })
  }

  #map(width: Width, loop: MapLoop, addresses: readonly number[]): Call {
    return { f: mapLoop(this.#module, width, this.fused, loop), addresses }
  }
  #group({ outputs: results, shape, args }: Group): Call[] {
    if (results.length === 0) return []
    const { steps, at } = programs(results.map(({ expr }) => expr))
    const buffers = results.map(({ out }) => out)
    const strides = stridesOf(shape)
    const outputs = buffers.map(({ dtype }, k) => ({ dtype, strides, step: at[k] as number }))
    const loop = { sizes: shape, inputs: streams(args), outputs, program: steps }
    const addresses = [...args.map(x => this.address(x)), ...buffers.map(out => this.#start(out))]
    return [this.#map(widthOf(args, buffers), loop, addresses)]
  }
  #fold({ shape, folded, fold, expr, args, out }: FoldNode): Call[] {
    const { steps } = programs([expr])
    const dtype = out.dtype as 'float32' | 'float64' | 'int32'
    const loop = { sizes: shape, folded, fold, inputs: streams(args), program: steps, dtype }
    const f = foldLoop(this.#module, widthOf(args, [out]), this.fused, loop)
    return [{ f, addresses: [...args.map(x => this.address(x)), this.#start(out)] }]
  }
  #place({ parts, zero, out }: PlaceNode): Call[] {
    const width: Width = out.dtype === 'float64' ? 8 : 4
    const { dtype } = out
    const calls: Call[] = []
    if (zero) {
      const outputs = [{ dtype, strides: [1], step: 0 }]
      calls.push(this.#map(width, { sizes: [out.length], inputs: [], outputs, program: ZERO }, [this.#start(out)]))
    }
    for (const { from, shape, offset, strides } of parts) {
      const loop = { sizes: shape, inputs: streams([from]), outputs: [{ dtype, strides, step: 0 }], program: COPY }
      calls.push(this.#map(width, loop, [this.address(from), this.address({ buffer: out, offset })]))
    }
    return calls
  }
  #call(kernel: CallNode): Call[] {
    const scratch = this.plan.scratch.get(kernel)
    const room = scratch === undefined ? [] : [this.arena + scratch]
    const addresses = [this.#start(kernel.out), ...kernel.inputs.map(x => this.address(x)), ...room]
    return [{ f: kernel.emit(this.#module, this.fused), addresses }]
  }
  #copied(buffer: Buffer, address: number): Call {
    const width: Width = buffer.dtype === 'float64' ? 8 : 4
    const one = { dtype: buffer.dtype, strides: [1] }
    const loop = { sizes: [buffer.length], inputs: [one], outputs: [{ ...one, step: 0 }], program: COPY }
    return this.#map(width, loop, [this.#start(buffer), address])
  }
}

/** What a kernel is called in a description. */
export const nameOf = (kernel: Kernel): string => (kernel.kind === 'group' ? kernel.names.join(' + ') : kernel.name)
