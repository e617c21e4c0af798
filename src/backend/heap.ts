// The memory that compiled programs share: places in it, handed out and taken back.
import { allocate, byteSize, type DType, type TypedArray } from './array.ts'

const PAGE = 65536
/** Places begin at multiples of this, and have this much room behind: a kernel may read, not write, a register too far. */
const ALIGN = 64
const SPARE = 16
const MOST = 32767

type Views = Readonly<Record<DType, TypedArray>>

/** Places in a line of bytes: the smallest hole that fits, or the end. */
export class Allocator {
  /** Holes by address; no two are neighbours. */
  readonly #holes: { address: number; size: number }[] = []
  readonly #sizes = new Map<number, number>()
  /** Where the line ends now, and the furthest that it has ever gone. */
  end: number
  peak: number

  constructor(start = 0) {
    this.end = start
    this.peak = start
  }

  /** A place of that many bytes. */
  place(bytes: number): number {
    const size = Math.ceil((bytes + SPARE) / ALIGN) * ALIGN
    let best = -1
    for (let i = 0; i < this.#holes.length; i++) {
      const hole = this.#holes[i] as { size: number }
      if (hole.size >= size && (best < 0 || hole.size < (this.#holes[best] as { size: number }).size)) best = i
    }
    const hole = this.#holes[best]
    const address = hole?.address ?? this.end
    if (!hole) {
      this.end += size
      this.peak = Math.max(this.peak, this.end)
    } else if (hole.size === size) this.#holes.splice(best, 1)
    else {
      hole.address += size
      hole.size -= size
    }
    this.#sizes.set(address, size)
    return address
  }

  free(address: number): void {
    const size = this.#sizes.get(address)
    if (size === undefined) return
    this.#sizes.delete(address)
    const holes = this.#holes
    let [low, high] = [0, holes.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((holes[middle] as { address: number }).address < address) low = middle + 1
      else high = middle
    }
    const [before, after] = [holes[low - 1], holes[low]]
    const joinsBefore = before !== undefined && before.address + before.size === address
    const joinsAfter = after !== undefined && address + size === after.address
    if (joinsBefore && joinsAfter) {
      before.size += size + after.size
      holes.splice(low, 1)
    } else if (joinsBefore) before.size += size
    else if (joinsAfter) {
      after.address = address
      after.size += size
    } else holes.splice(low, 0, { address, size })
    const last = holes.at(-1)
    if (last && last.address + last.size === this.end) {
      this.end = last.address
      holes.pop()
    }
  }

  /** Bytes handed out. */
  get used(): number {
    let sum = 0
    for (const size of this.#sizes.values()) sum += size
    return sum
  }
}

/** One linear memory. A place is an address in bytes; what is in it is read and written through `views`. */
export class Heap {
  readonly memory: WebAssembly.Memory
  /** What a module has to say of the memory, when threads share it. */
  readonly limits: { readonly pages: number } | undefined
  readonly #places = new Allocator(ALIGN)
  #views: Views | null = null

  /** A memory that threads share keeps addresses free for all that it may ever hold; another one need not. */
  constructor(threaded = false) {
    this.memory = new WebAssembly.Memory({ initial: 1, ...(threaded && { maximum: MOST, shared: true }) })
    this.limits = threaded ? { pages: MOST } : undefined
  }

  /** The whole memory as an array of each dtype; made anew when the memory has grown. */
  get views(): Views {
    const { buffer } = this.memory
    if (this.#views?.bool.buffer !== buffer) {
      this.#views = {
        float32: new Float32Array(buffer),
        float64: new Float64Array(buffer),
        int32: new Int32Array(buffer),
        bool: new Uint8Array(buffer),
      }
    }
    return this.#views as Views
  }

  /**
   * A place of that many bytes, its content undefined.
   * @throws RangeError when a 32-bit memory cannot hold it
   */
  place(bytes: number): number {
    const address = this.#places.place(bytes)
    const have = this.memory.buffer.byteLength / PAGE
    const missing = Math.ceil(this.#places.end / PAGE) - have
    if (missing > 0) {
      try {
        if (have + missing > MOST) throw new RangeError('beyond 32 bits')
        // by an eighth at least, so that many small places do not grow it many times
        this.memory.grow(Math.min(Math.max(missing, Math.ceil(have / 8)), MOST - have))
      } catch (cause) {
        this.#places.free(address)
        throw new RangeError(`compile: no memory for ${bytes} bytes more, beside the ${this.used} that programs hold`, {
          cause,
        })
      }
    }
    return address
  }
  free(address: number): void {
    this.#places.free(address)
  }
  /** Bytes handed out. */
  get used(): number {
    return this.#places.used
  }

  write(address: number, dtype: DType, data: TypedArray): void {
    this.views[dtype].set(data, address / byteSize(dtype))
  }
  /** A copy of n elements. */
  read(address: number, dtype: DType, n: number): TypedArray {
    const from = address / byteSize(dtype)
    const view = this.views[dtype]
    // to slice costs more than the few elements of a loss
    if (n > 8) return view.slice(from, from + n)
    const out = allocate(dtype, n)
    for (let i = 0; i < n; i++) out[i] = view[from + i] as number
    return out
  }
  /** n elements themselves; gone when the memory grows. */
  view(address: number, dtype: DType, n: number): TypedArray {
    const from = address / byteSize(dtype)
    return this.views[dtype].subarray(from, from + n)
  }
}

let shared: Heap | null = null
let threaded = false
/** The one memory, made when first needed: programs can then share what they train. */
export function heap(): Heap {
  shared ??= new Heap(threaded)
  return shared
}
/** Asks that threads share the memory: is it so? Once it is made it stays what it is. */
export function thread(): boolean {
  if (!shared) threaded = true
  return threaded
}

const gone = new FinalizationRegistry<number>(address => heap().free(address))

/**
 * Where programs keep an array that outlives a step: a parameter, its gradient, an optimizer's running mean. Programs
 * read and write it in place; elsewhere it is an ordinary array, copied when somebody looks.
 */
export class Cell {
  readonly address: number
  /** Does the memory hold what the array holds? */
  loaded = false

  constructor(
    owner: object,
    readonly dtype: DType,
    readonly length: number,
  ) {
    this.address = heap().place(length * byteSize(dtype))
    gone.register(owner, this.address)
  }

  load(array: TypedArray): void {
    heap().write(this.address, this.dtype, array)
    this.loaded = true
  }
  /** A copy. */
  read(): TypedArray {
    return heap().read(this.address, this.dtype, this.length)
  }
}

/** A value that a device holds. */
export interface Remote {
  /** The value, if it has been fetched; throws if not. */
  read(): TypedArray
}
