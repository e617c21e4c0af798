// Data sets: samples by number, and a batch of them at once where that is cheaper than one by one.
import { described, integer, list, operands } from '../engine/argument.ts'
import { ArgumentError, IndexError, ShapeError } from '../engine/errors.ts'
import { select } from '../engine/ops/arrange.ts'
import { tensor } from '../engine/ops/create.ts'
import { indexSelect } from '../engine/ops/gather.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { type Collated, collated, isAsync } from './collate.ts'

/** What a batch of samples is, unless a data set says otherwise: of promises a promise. */
export type Batched<T> = T extends Promise<infer S> ? Promise<Collated<S>> : Collated<T>

/**
 * `length` samples, and `get(i)` for the i-th of them, from 0 on. A data set whose `get` gives promises is read with
 * `for await`; where it is not declared `async`, say so:
 * `override get asynchronous() { return true }`. `batch` may be overridden by whoever can read many samples at once.
 *
 * @example
 * class Squares extends data.Dataset<{ x: number; y: number }> {
 *   readonly length = 100
 *   get(i: number) {
 *     return { x: i, y: i * i }
 *   }
 * }
 * new Squares().batch([2, 3]).y // [4, 9]
 */
export abstract class Dataset<T, B = Batched<T>> {
  /** How many samples there are. */
  abstract readonly length: number
  /** Sample i, 0 <= i < length. */
  abstract get(i: number): T
  /** Does it give promises? */
  get asynchronous(): boolean {
    return isAsync(this.get) || isAsync(this.batch)
  }

  /** The samples at the indices as one batch: what `defaultCollate` makes of them. */
  batch(indices: readonly number[]): B {
    return collated(indices.map(i => this.get(i)))
  }
  /** All samples as one batch. */
  all(): B {
    return this.batch(Array.from({ length: this.length }, (_, i) => i))
  }
}

/** @throws ArgumentError when x is no data set */
export function dataset<D>(op: string, x: D): D {
  if (!(x instanceof Dataset)) throw new ArgumentError(`${op}: needs a Dataset, not ${described(x)}`)
  return x
}

/** @throws IndexError when i is not below `length` */
function within(name: string, i: number, length: number): number {
  if (integer(name, 'the index', i) < 0 || i >= length)
    throw new IndexError(`${name}: there is no sample ${i}, they are 0 to ${length - 1}`)
  return i
}

/**
 * Tensors [n, ...] that belong together: sample i is the i-th slice of each, without the first dimension, and a batch is
 * one gather per tensor.
 *
 * @throws ShapeError when their first sizes differ, or one is 0-d; ArgumentError when there are none
 * @example
 * const set = new data.TensorDataset(tensor([[1, 2], [3, 4], [5, 6]]), tensor([0, 1, 0], { dtype: 'int32' }))
 * const [x, y] = set.batch([2, 0])
 * x // [[5, 6], [1, 2]]
 */
export class TensorDataset extends Dataset<Tensor[], Tensor[]> {
  readonly length: number
  readonly tensors: readonly Tensor[]

  constructor(...tensors: readonly Tensor[]) {
    super()
    const [first] = operands('TensorDataset', tensors)
    if (!first) throw new ArgumentError('TensorDataset: needs at least one tensor')
    for (const x of tensors)
      if (x.ndim === 0 || x.shape[0] !== first.shape[0])
        throw new ShapeError(
          `TensorDataset: the tensors need one first size, not ${tensors.map(({ shape }) => show(shape)).join(' and ')}`,
        )
    this.length = first.shape[0]
    this.tensors = [...tensors]
  }

  get(i: number): Tensor[] {
    within('TensorDataset', i, this.length)
    return this.tensors.map(x => select(x, 0, i))
  }
  override batch(indices: readonly number[]): Tensor[] {
    for (const i of indices) within('TensorDataset', i, this.length)
    const rows = tensor(Int32Array.from(indices))
    return this.tensors.map(x => indexSelect(x, 0, rows))
  }
  override all(): Tensor[] {
    return [...this.tensors]
  }
}

/**
 * The samples of a data set at `indices`, in their order; they may repeat.
 *
 * @throws IndexError when an index is not below the data set's length
 * @example
 * const odd = new data.Subset(new data.TensorDataset(tensor([10, 11, 12, 13])), [1, 3])
 * odd.all() // [11, 13]
 */
export class Subset<T, B = Batched<T>> extends Dataset<T, B> {
  readonly dataset: Dataset<T, B>
  readonly indices: readonly number[]

  constructor(of: Dataset<T, B>, indices: readonly number[]) {
    super()
    this.dataset = dataset('Subset', of)
    this.indices = [...list('Subset', 'indices', indices)]
    for (const i of this.indices) within('Subset', i, of.length)
  }
  get length(): number {
    return this.indices.length
  }
  override get asynchronous(): boolean {
    return this.dataset.asynchronous
  }
  get(i: number): T {
    return this.dataset.get(this.indices[within('Subset', i, this.length)])
  }
  override batch(indices: readonly number[]): B {
    return this.dataset.batch(indices.map(i => this.indices[within('Subset', i, this.length)]))
  }
}

/**
 * Data sets one after the other.
 *
 * @throws ArgumentError when there are none
 * @example
 * const [a, b] = [new data.TensorDataset(tensor([1, 2])), new data.TensorDataset(tensor([3]))]
 * new data.ConcatDataset([a, b]).all() // [1, 2, 3]
 */
export class ConcatDataset<T, B = Batched<T>> extends Dataset<T, B> {
  readonly length: number
  readonly datasets: readonly Dataset<T, B>[]
  /** At which sample each of them begins. */
  readonly #starts: readonly number[]

  constructor(datasets: readonly Dataset<T, B>[]) {
    super()
    this.datasets = list('ConcatDataset', 'datasets', datasets).map(x => dataset('ConcatDataset', x))
    if (this.datasets.length === 0) throw new ArgumentError('ConcatDataset: needs at least one data set')
    let length = 0
    this.#starts = this.datasets.map(part => {
      length += part.length
      return length - part.length
    })
    this.length = length
  }

  override get asynchronous(): boolean {
    return this.datasets.some(part => part.asynchronous)
  }
  /** In which data set sample i lies. */
  #part(i: number): number {
    within('ConcatDataset', i, this.length)
    let part = this.#starts.length - 1
    while (this.#starts[part] > i) part--
    return part
  }
  get(i: number): T {
    const part = this.#part(i)
    return this.datasets[part].get(i - this.#starts[part])
  }
  override batch(indices: readonly number[]): B {
    const parts = new Set(indices.map(i => this.#part(i)))
    if (parts.size !== 1) return super.batch(indices)
    const [part] = parts
    return this.datasets[part].batch(indices.map(i => i - this.#starts[part]))
  }
}
