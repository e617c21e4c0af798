// The memory in which kernels work on arrays of the JS heap: what they need is copied in, the result out; nothing stays.
import { Heap } from '../heap.ts'
import { Module } from './assembler.ts'
import { fuses } from './support.ts'

/** A kernel: of addresses or counts. */
export type Run = (...x: number[]) => number

/** Where the room begins, in bytes. */
export const START = 64
let heap: Heap | null = null
const memory = (): Heap => {
  heap ??= new Heap(false)
  return heap
}
/** Views of the memory, in which so many bytes from `START` on can be used. Kernels called in between may write there. */
export function room(bytes: number): Heap['views'] {
  const own = memory()
  if (own.memory.buffer.byteLength < START + bytes) own.free(own.place(bytes))
  return own.views
}
/** The next place behind one of `bytes` at `address`: at a cache line, with room that a kernel may read. */
export const behind = (address: number, bytes: number): number => (address + bytes + 16 + 63) & -64

/** Makes a kernel of the function that `emit` writes. */
export function kernel(emit: (module: Module, fused: boolean) => number): Run {
  const module = new Module()
  module.export('run', emit(module, fuses()))
  const imports = { env: { memory: memory().memory, ...module.imports } }
  return new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), imports).exports.run as Run
}

/** Where a function's operand lies at first, and how many bytes further at the next call. */
export type Place = readonly [start: number, step: number]
/** (count): calls a function of addresses that often, each time further on. */
export function repeated(module: Module, f: number, places: readonly Place[]): number {
  return module.function(['i32'], [], code => {
    const locals = places.map(([start]) => {
      const local = code.local('i32')
      code.i32(start).set(local)
      return local
    })
    code.times(0, () => {
      for (const local of locals) code.get(local)
      code.call(f)
      for (const [k, local] of locals.entries()) code.advance(local, places[k][1])
    })
  })
}

/** Kernels by what they depend on: the latest ones, since sizes may go on changing. */
export class Kernels<K> {
  readonly #made = new Map<string, K>()
  constructor(readonly most = 256) {}

  get(key: string, make: () => K): K {
    const full = `${fuses()} ${key}`
    let found = this.#made.get(full)
    if (found === undefined) {
      found = make()
      if (this.#made.size >= this.most) this.#made.delete(this.#made.keys().next().value as string)
    } else this.#made.delete(full)
    this.#made.set(full, found)
    return found
  }
}
