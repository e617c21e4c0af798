// A compiled step on a GPU: shaders over one memory, what JavaScript does in between, and what goes in and comes out.
import { allocate, type NDArray, type Shape, type TypedArray } from '../../backend/array.ts'
import { stage } from '../../backend/program.ts'
import type { Commands, Dispatch } from '../../backend/webgpu/device.ts'
import { WORD } from '../../backend/webgpu/kernel.ts'
import { supports } from '../../backend/webgpu/shader.ts'
import { wrap } from '../../engine/apply.ts'
import { type Expr, program } from '../../engine/expr.ts'
import { Tensor } from '../../engine/tensor.ts'
import { type Build, built } from '../build.ts'
import { flopsOf, nameOf } from '../describe.ts'
import type { Group } from '../fuse.ts'
import { type Access, type Buffer, type HostNode, held } from '../ir.ts'
import { inputsOf, type Plan, planned } from '../plan.ts'
import type { DeviceDescription, DeviceProgram } from '../processor.ts'
import type { Recording } from '../record.ts'
import { copied, dispatches, takes } from './kernel.ts'
import { type Phases, phased, type Script } from './phase.ts'
import { type Cell, elements, type Residence, words } from './residence.ts'

/** Bytes of an array on the GPU. */
const sizeOf = ({ length }: Buffer): number => WORD * length
const runs = (expr: Expr): boolean => supports(program(expr))

/** The arrays that JavaScript has in a run. */
type Arrays = Map<Buffer, TypedArray>
/** A turn, ready to be taken: what to fetch, to run, to send, and to have run. */
interface Turn {
  readonly down: readonly Buffer[]
  readonly scripts: readonly ((arrays: Arrays) => void)[]
  readonly up: readonly Buffer[]
  readonly commands: Commands
}
/** An array that is there from the beginning, and what the GPU was sent of it last. */
interface Given {
  readonly buffer: Buffer
  sent: TypedArray | null
}

/** A loop over one number, in float64 until it is stored. */
function counted({ outputs, args }: Group): (arrays: Arrays) => void {
  const functions = outputs.map(({ expr }) => stage(program(expr), args.length))
  return arrays => {
    const values = args.map(({ buffer, offset }) => arrays.get(buffer)?.[offset] as number)
    outputs.forEach(({ out }, k) => {
      const { dtype } = out
      arrays.set(out, allocate(dtype, 1).fill(held((functions[k] as (typeof functions)[number])(...values), dtype)))
    })
  }
}
/** An op that JavaScript runs. */
function hosted({ inputs, shapes, shape, out, run }: HostNode): (arrays: Arrays) => void {
  return arrays => {
    const operands = inputs.map((x, k): NDArray | number =>
      typeof x === 'number'
        ? x
        : { dtype: x.buffer.dtype, shape: shapes[k] as Shape, data: arrays.get(x.buffer) as TypedArray },
    )
    const data = allocate(out.dtype, out.length)
    run({ dtype: out.dtype, shape, data }, operands)
    arrays.set(out, data)
  }
}
function scripted(script: Script): (arrays: Arrays) => void {
  if (script.kind === 'group') return counted(script)
  if (script.kind === 'host') return hosted(script)
  return arrays => {
    for (const { buffer } of script.inputs) script.check(arrays.get(buffer) as TypedArray)
  }
}

export class GpuProgram implements DeviceProgram {
  readonly #gpu: Residence
  readonly #recording: Recording
  readonly #build: Build
  readonly #phases: Phases
  readonly #plan: Plan
  readonly #arena: number
  /** Of the arrays that are there from the beginning: those that JavaScript has, and those that the GPU keeps. */
  readonly #given: readonly Given[]
  readonly #cells: readonly { readonly cell: Cell; readonly kind: 'leaf' | 'gradient'; readonly tensor: Tensor }[]
  #turns: readonly Turn[] = []
  #code = 0
  #milliseconds = 0

  /** Plans a program, which is not ready before its shaders are. */
  private constructor(gpu: Residence, recording: Recording) {
    this.#gpu = gpu
    this.#recording = recording
    this.#build = built(recording, { library: null, numbers: false, runs, takes })
    this.#phases = phased(this.#build)
    const { phases, here } = this.#phases
    const { sources, targets, kept } = this.#build
    const read = new Set(phases.flatMap(({ shaded }) => shaded.flatMap(inputsOf).map(({ buffer }) => buffer)))
    const cells: { cell: Cell; kind: 'leaf' | 'gradient'; tensor: Tensor }[] = []
    const given: Given[] = []
    const places = new Map<Buffer, number>()
    for (const buffer of sources) {
      const source = buffer.source as NonNullable<Buffer['source']>
      if ((source.kind === 'leaf' || source.kind === 'gradient') && !here.has(buffer)) {
        const { kind, tensor } = source
        const cell = gpu.cell(kind, tensor)
        cells.push({ cell, kind, tensor })
        places.set(buffer, cell.address)
      } else {
        given.push({ buffer, sent: null })
        places.set(buffer, read.has(buffer) ? gpu.place(this, sizeOf(buffer)) : -1)
      }
    }
    this.#given = given
    this.#cells = cells
    const ends = targets.flatMap(({ buffer, kind, tensor, before }) =>
      here.has(buffer) ? [] : [[buffer, { address: gpu.cell(kind, tensor).address, before }] as const],
    )
    const kernels = this.#phases.kernels.map(kernel => (kernel.kind === 'call' ? { ...kernel, scratch: null } : kernel))
    this.#plan = planned(kernels, places, new Map(ends), kept, sizeOf)
    this.#arena = gpu.place(this, this.#plan.bytes)
  }

  static async make(gpu: Residence, recording: Recording): Promise<GpuProgram> {
    const begun = performance.now()
    const made = new GpuProgram(gpu, recording)
    await made.#emit()
    made.#milliseconds = performance.now() - begun
    return made
  }
  async #emit(): Promise<void> {
    const { phases } = this.#phases
    const address = (access: Pick<Access, 'buffer' | 'offset'>): number => this.#address(access)
    const ends = this.#plan.copies.map(([buffer, to]) => copied(buffer, this.#start(buffer), to))
    const lists = phases.map(({ shaded }, t): Dispatch[] => [
      ...shaded.flatMap(kernel => dispatches(kernel, address)),
      ...(t === phases.length - 1 ? ends : []),
    ])
    const texts = new Set(lists.flat().map(({ kernel }) => kernel.code))
    this.#code = [...texts].reduce((sum, { length }) => sum + length, 0)
    const commands = await Promise.all(lists.map(list => this.#gpu.commands(this, list)))
    this.#turns = phases.map(({ scripts, down, up }, t) => ({
      down,
      scripts: scripts.map(scripted),
      up,
      commands: commands[t] as Commands,
    }))
  }
  #address({ buffer, offset }: Pick<Access, 'buffer' | 'offset'>): number {
    const place = this.#plan.places.get(buffer) as number
    return (this.#plan.fixed.has(buffer) ? place : this.#arena + place) + WORD * offset
  }
  #start(buffer: Buffer): number {
    return this.#address({ buffer, offset: 0 })
  }

  async run(args: readonly Tensor[], release: () => void): Promise<readonly Tensor[]> {
    const gpu = this.#gpu
    const { device } = gpu
    device.check()
    // what another program has left on the GPU since this one was made
    const from = ({ buffer: { source } }: Given): Tensor | undefined =>
      source?.kind === 'leaf' ? source.tensor : source?.kind === 'argument' ? args[source.index] : undefined
    if (this.#given.map(from).some(x => x && gpu.isAway(x))) await gpu.fetch()
    const arrays: Arrays = new Map()
    for (const one of this.#given) {
      const { buffer } = one
      const array = arrayOf(buffer, args)
      arrays.set(buffer, array)
      const to = this.#plan.places.get(buffer) as number
      // arrays are not written into: the same one is there already
      if (to >= 0 && one.sent !== array) device.write(to, words(array, buffer.dtype))
      one.sent = array
    }
    for (const { cell, kind, tensor } of this.#cells) gpu.load(cell, kind === 'leaf' ? tensor : (tensor.grad as Tensor))
    let encoder = device.gpu.createCommandEncoder()
    for (const { down, scripts, up, commands } of this.#turns) {
      if (down.length > 0) {
        const places = down.map(buffer => ({ address: this.#start(buffer), words: buffer.length }))
        const read = await device.read(places, encoder)
        down.forEach((buffer, k) => {
          arrays.set(buffer, elements(read[k] as ArrayBuffer, buffer.dtype))
        })
        encoder = device.gpu.createCommandEncoder()
      }
      for (const script of scripts) script(arrays)
      for (const buffer of up) device.write(this.#start(buffer), words(arrays.get(buffer) as TypedArray, buffer.dtype))
      commands.encode(encoder)
    }
    const results = this.#build.results.map(({ buffer }) => buffer).filter(buffer => !arrays.has(buffer))
    const reading = device.read(
      results.map(buffer => ({ address: this.#start(buffer), words: buffer.length })),
      encoder,
    )
    this.#leave(arrays)
    release()
    const read = await reading
    results.forEach((buffer, k) => {
      arrays.set(buffer, elements(read[k] as ArrayBuffer, buffer.dtype))
    })
    return this.#build.results.map(({ use: { shape }, buffer }) =>
      wrap({ shape, dtype: buffer.dtype, data: arrays.get(buffer) as TypedArray }),
    )
  }
  /** Says where the values of leaves and gradients are now. */
  #leave(arrays: Arrays): void {
    const gpu = this.#gpu
    for (const [tensor, slot] of this.#recording.gradients) if (!slot) tensor.grad = null
    for (const { buffer, kind, tensor } of this.#build.targets) {
      const array = arrays.get(buffer)
      if (kind === 'leaf') {
        if (array) tensor.assign(array)
        else tensor.moved(gpu.leave(gpu.cell(kind, tensor)))
      } else {
        const grad = new Tensor(tensor.shape, tensor.dtype, array ?? EMPTY)
        tensor.grad = array ? grad : grad.moved(gpu.leave(gpu.cell(kind, tensor)))
      }
    }
  }

  describe(): DeviceDescription {
    const { kernels, phases } = this.#phases
    const scripts = new Set<unknown>(phases.flatMap(({ scripts }) => scripts))
    const named = kernels.filter(kernel => kernel.kind !== 'check')
    return {
      engine: 'webgpu',
      device: this.#gpu.device.name,
      ops: this.#recording.acts.length,
      kernels: named.filter(kernel => !scripts.has(kernel)).map(nameOf),
      host: named.filter(kernel => scripts.has(kernel)).map(nameOf),
      waits: this.#turns.filter(({ down }) => down.length > 0).length,
      planned: this.#plan.bytes,
      naive: this.#plan.naive,
      flops: named.reduce((sum, kernel) => sum + flopsOf(kernel), 0),
      code: this.#code,
      milliseconds: this.#milliseconds,
    }
  }
}
const EMPTY = new Float32Array(0)

/** An array that is there from the beginning. */
function arrayOf({ source }: Buffer, args: readonly Tensor[]): TypedArray {
  switch (source?.kind) {
    case 'argument':
      return (args[source.index] as Tensor).array
    case 'live':
      return Float64Array.of(source.read())
    case 'leaf':
      return source.tensor.array
    default:
      return (source as { readonly data: TypedArray }).data
  }
}
