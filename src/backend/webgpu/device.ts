// A GPU as programs use it: one memory in which places are handed out, shaders that are kept, and the way back.
import { Allocator } from '../heap.ts'
import { type Kernel, OPERANDS, ROW, WORD } from './kernel.ts'

/** Flags of the standard, whose names need not be there where this file is loaded. */
const USAGE = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 }
const READ = 1
const COMPUTE = 4
/** Bytes of a kernel's places, which begin at multiples of 256. */
const PLACES = OPERANDS * WORD
const UNIT = 256
const FIRST = 1 << 20

/** A list of kernels over places of the memory, ready to be run again and again. */
export interface Commands {
  readonly encode: (encoder: GPUCommandEncoder) => void
  /** Frees what it holds of the GPU's memory. */
  readonly free: () => void
}
/** A kernel, and the addresses of its arrays. */
export interface Dispatch {
  readonly kernel: Kernel
  readonly addresses: readonly number[]
}

type Words = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

export class Device {
  readonly #places = new Allocator()
  readonly #layout: GPUBindGroupLayout
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>()
  readonly #staging: GPUBuffer[] = []
  #memory: GPUBuffer
  #failure: string | null = null

  constructor(
    readonly gpu: GPUDevice,
    /** What the adapter calls itself. */
    readonly name: string,
    /** The error for what goes wrong on the GPU. */
    readonly error: (message: string) => Error,
  ) {
    this.#layout = gpu.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: COMPUTE, buffer: { type: 'storage' } },
        {
          binding: 1,
          visibility: COMPUTE,
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: PLACES },
        },
      ],
    })
    this.#memory = this.#buffer(FIRST)
    gpu.addEventListener('uncapturederror', ({ error }) => this.#fail(error.message))
    gpu.lost.then(({ message }) => this.#fail(`the GPU is gone: ${message}`))
  }
  #buffer(size: number): GPUBuffer {
    return this.gpu.createBuffer({ size, usage: USAGE.storage | USAGE.copySource | USAGE.copyTarget })
  }
  #fail(message: string): void {
    this.#failure ??= message
  }
  /** Throws when something went wrong on the GPU since it was made. */
  check(): void {
    if (this.#failure !== null) throw this.error(`webgpu: ${this.#failure}`)
  }

  /** Bytes handed out. */
  get used(): number {
    return this.#places.used
  }
  /**
   * A place of that many bytes, its content undefined.
   * @throws RangeError when the GPU's largest buffer cannot hold it
   */
  place(bytes: number): number {
    const address = this.#places.place(bytes)
    const have = this.#memory.size
    if (this.#places.end <= have) return address
    const most = Math.min(this.gpu.limits.maxBufferSize, this.gpu.limits.maxStorageBufferBindingSize)
    if (this.#places.end > most) {
      this.#places.free(address)
      throw new RangeError(
        `webgpu: no memory for ${bytes} bytes more, beside the ${this.used} that programs hold: a buffer of this GPU has ${most} at most`,
      )
    }
    const memory = this.#buffer(Math.min(most, Math.max(2 * have, Math.ceil(this.#places.end / UNIT) * UNIT)))
    const encoder = this.gpu.createCommandEncoder()
    encoder.copyBufferToBuffer(this.#memory, 0, memory, 0, have)
    this.submit(encoder)
    this.#memory.destroy()
    this.#memory = memory
    return address
  }
  free(address: number): void {
    this.#places.free(address)
  }
  /** Writes words; what was submitted before still sees the old ones. */
  write(address: number, data: Words): void {
    if (data.length > 0) this.gpu.queue.writeBuffer(this.#memory, address, data)
  }

  #pipeline(code: string): Promise<GPUComputePipeline> {
    let made = this.#pipelines.get(code)
    if (!made) {
      // what is wrong with it, the pipeline says
      this.gpu.pushErrorScope('validation')
      const module = this.gpu.createShaderModule({ code })
      this.gpu.popErrorScope()
      made = this.gpu.createComputePipelineAsync({
        layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [this.#layout] }),
        compute: { module },
      })
      this.#pipelines.set(code, made)
    }
    return made
  }

  /** Kernels one after the other; each sees what those before it have written. Throws when the GPU does not take one. */
  async commands(list: readonly Dispatch[]): Promise<Commands> {
    const dispatches = list.filter(({ kernel }) => kernel.groups > 0)
    const pipelines = await Promise.all(
      dispatches.map(({ kernel }) =>
        this.#pipeline(kernel.code).catch(cause => {
          throw this.error(`webgpu: ${this.name} does not take a kernel: ${cause.message}\n${kernel.code}`)
        }),
      ),
    )
    const words = new Uint32Array((Math.max(1, dispatches.length) * PLACES) / WORD)
    dispatches.forEach(({ addresses }, i) => {
      words.set(
        addresses.map(address => address / WORD),
        (i * PLACES) / WORD,
      )
    })
    const places = this.gpu.createBuffer({ size: words.byteLength, usage: USAGE.uniform | USAGE.copyTarget })
    this.gpu.queue.writeBuffer(places, 0, words)
    let bound: { memory: GPUBuffer; group: GPUBindGroup } | null = null
    return {
      encode: encoder => {
        if (dispatches.length === 0) return
        const memory = this.#memory
        if (bound?.memory !== memory) {
          const entries = [
            { binding: 0, resource: { buffer: memory } },
            { binding: 1, resource: { buffer: places, size: PLACES } },
          ]
          bound = { memory, group: this.gpu.createBindGroup({ layout: this.#layout, entries }) }
        }
        const pass = encoder.beginComputePass()
        dispatches.forEach(({ kernel: { groups } }, i) => {
          pass.setPipeline(pipelines[i] as GPUComputePipeline)
          pass.setBindGroup(0, (bound as { group: GPUBindGroup }).group, [i * PLACES])
          pass.dispatchWorkgroups(Math.min(groups, ROW), Math.ceil(groups / ROW))
        })
        pass.end()
      },
      free: () => places.destroy(),
    }
  }
  submit(encoder: GPUCommandEncoder): void {
    this.gpu.queue.submit([encoder.finish()])
  }

  /** Reads places, as they are after what was submitted and what `encoder` holds, which is submitted with it. */
  async read(
    places: readonly { readonly address: number; readonly words: number }[],
    encoder: GPUCommandEncoder = this.gpu.createCommandEncoder(),
  ): Promise<ArrayBuffer[]> {
    const size = places.reduce((sum, { words }) => sum + words * WORD, 0)
    if (size === 0) {
      this.submit(encoder)
      // also without results a call is done when the GPU is
      await this.gpu.queue.onSubmittedWorkDone()
      this.check()
      return places.map(() => new ArrayBuffer(0))
    }
    const staging = this.#stage(size)
    let to = 0
    for (const { address, words } of places) {
      if (words > 0) encoder.copyBufferToBuffer(this.#memory, address, staging, to, words * WORD)
      to += words * WORD
    }
    this.submit(encoder)
    try {
      await staging.mapAsync(READ, 0, size)
    } catch (cause) {
      this.#fail(cause instanceof Error ? cause.message : String(cause))
    }
    this.check()
    const all = staging.getMappedRange(0, size)
    let end = 0
    const out = places.map(({ words }) => {
      const from = end
      end += words * WORD
      return all.slice(from, end)
    })
    staging.unmap()
    this.#staging.push(staging)
    return out
  }
  /** A buffer to read from, one that was used before if it is large enough. */
  #stage(size: number): GPUBuffer {
    const at = this.#staging.findIndex(buffer => buffer.size >= size && buffer.size <= 16 * size + UNIT)
    const [known] = at >= 0 ? this.#staging.splice(at, 1) : []
    return (
      known ?? this.gpu.createBuffer({ size: 2 ** Math.ceil(Math.log2(size)), usage: USAGE.mapRead | USAGE.copyTarget })
    )
  }
}
