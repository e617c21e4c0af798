// What a GPU holds of tensors: their places, what programs have left there, and the way back.
import type { DType, TypedArray } from '../../backend/array.ts'
import type { Remote } from '../../backend/heap.ts'
import type { Commands, Device, Dispatch } from '../../backend/webgpu/device.ts'
import { WORD } from '../../backend/webgpu/kernel.ts'
import { CompileError } from '../../engine/errors.ts'
import type { Tensor } from '../../engine/tensor.ts'

/** Elements as words of the GPU: float32 for float64, 0 and 1 for truth. */
export const words = (data: TypedArray, dtype: DType): Float32Array<ArrayBuffer> =>
  (dtype === 'float64'
    ? Float32Array.from(data)
    : dtype === 'bool'
      ? Uint32Array.from(data)
      : data) as Float32Array<ArrayBuffer>
/** Words as elements of a dtype. */
export function elements(bytes: ArrayBuffer, dtype: DType): TypedArray {
  if (dtype === 'int32') return new Int32Array(bytes)
  if (dtype === 'bool') return Uint8Array.from(new Uint32Array(bytes))
  return dtype === 'float64' ? Float64Array.from(new Float32Array(bytes)) : new Float32Array(bytes)
}

/** One value that a program has left on the GPU. */
class Left implements Remote {
  data: TypedArray | null = null
  constructor(readonly cell: Cell) {}

  read(): TypedArray {
    if (this.data) return this.data
    throw new CompileError(
      this.cell.left === this
        ? 'the value of this tensor is on the GPU, where a compiled step has left it: await gpu.sync() first'
        : 'the value of this tensor was on the GPU, and a later step has overwritten it: await gpu.sync() before the next step, if it is wanted',
    )
  }
}
/** Where the GPU keeps an array that outlives a step. */
export class Cell {
  /** The value that lies there, if a program has made it; the array, if it has been written. */
  left: Left | null = null
  held: TypedArray | null = null
  constructor(
    readonly address: number,
    readonly dtype: DType,
    readonly length: number,
  ) {}
}

export class Residence {
  readonly #leaves = new WeakMap<Tensor, Cell>()
  readonly #gradients = new WeakMap<Tensor, Cell>()
  readonly #gone: FinalizationRegistry<Cell>
  readonly #released = new FinalizationRegistry<() => void>(free => free())
  /** What has been left on the GPU and not been fetched. */
  readonly #away = new Set<Cell>()

  constructor(readonly device: Device) {
    this.#gone = new FinalizationRegistry(cell => {
      this.#away.delete(cell)
      device.free(cell.address)
    })
  }

  /** The place of a leaf, or of its gradient. */
  cell(kind: 'leaf' | 'gradient', x: Tensor): Cell {
    const cells = kind === 'leaf' ? this.#leaves : this.#gradients
    let cell = cells.get(x)
    if (!cell) {
      const { numel, dtype } = x
      cell = new Cell(this.device.place(numel * WORD), dtype, numel)
      cells.set(x, cell)
      this.#gone.register(x, cell)
    }
    return cell
  }
  /** Is its value here on the GPU alone? */
  isAway({ remote }: Tensor): boolean {
    return remote instanceof Left && remote.data === null
  }
  /** Sees to it that the place holds what the tensor does. */
  load(cell: Cell, x: Tensor): void {
    if (cell.left !== null && x.remote === cell.left) return
    const { array } = x
    if (cell.held === array) return
    this.device.write(cell.address, words(array, cell.dtype))
    this.#away.delete(cell)
    cell.left = null
    cell.held = array
  }
  /** Says that a program has written there: the value. */
  leave(cell: Cell): Remote {
    const left = new Left(cell)
    cell.left = left
    cell.held = null
    this.#away.add(cell)
    return left
  }
  /** Memory for as long as `owner` lives. */
  place(owner: object, bytes: number): number {
    const { device } = this
    const address = device.place(bytes)
    this.#released.register(owner, () => device.free(address))
    return address
  }
  /** Kernels, ready to be run, for as long as `owner` lives. */
  async commands(owner: object, list: readonly Dispatch[]): Promise<Commands> {
    const commands = await this.device.commands(list)
    this.#released.register(owner, commands.free)
    return commands
  }
  /** Brings back what has been left. */
  async fetch(): Promise<void> {
    this.device.check()
    const cells = [...this.#away]
    const lefts = cells.map(({ left }) => left)
    const read = await this.device.read(cells.map(({ address, length }) => ({ address, words: length })))
    cells.forEach((cell, i) => {
      const left = lefts[i]
      if (!left) return
      left.data = elements(read[i] as ArrayBuffer, cell.dtype)
      if (cell.left === left) this.#away.delete(cell)
    })
  }
}
