// The loader: a data set in batches, epoch after epoch, that can be left in the middle and resumed elsewhere.
import { described, integer, options, record } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Generator } from '../engine/random.ts'
import { isAsync, isPromise } from './collate.ts'
import { type Dataset, dataset } from './dataset.ts'
import {
  BatchSampler,
  isIterable,
  RandomSampler,
  Sampler,
  type SamplerState,
  SequentialSampler,
  type Sized,
} from './sampler.ts'

export interface LoaderOptions {
  /** Samples in a batch (1). */
  readonly batchSize?: number
  /** Whether each epoch has a random order of its own (false). */
  readonly shuffle?: boolean
  /** Which samples, in which order, instead of `shuffle`. */
  readonly sampler?: Iterable<number> & Sized
  /** Which samples go together, instead of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  readonly batchSampler?: Iterable<readonly number[]> & Sized
  /** Where `shuffle` draws from. */
  readonly generator?: Generator
  /** Whether a last batch that would be smaller is left out (false). */
  readonly dropLast?: boolean
  /** With `for await`: how many batches may be on their way at the same time (2). */
  readonly prefetch?: number
}
export interface CollateOptions<T, B> extends LoaderOptions {
  /** Makes a batch of samples, instead of the data set's `batch`. May be asynchronous. */
  readonly collate: (samples: Awaited<T>[]) => B
}

/** Where a loader is; JSON. */
export interface LoaderState {
  /** Batches in an epoch, to recognise a loader of another kind. */
  readonly length: number
  /** Batches of the current epoch that were handed out. */
  readonly position: number
  /** The sampler's state when the current epoch began; null between epochs. */
  readonly epoch: SamplerState | null
  /** The sampler's state now. */
  readonly sampler: SamplerState
}

/** An epoch in progress. */
interface Epoch {
  readonly began: SamplerState
  readonly batches: readonly (readonly number[])[]
  position: number
}

const known = ['batchSize', 'shuffle', 'sampler', 'batchSampler', 'generator', 'dropLast', 'collate', 'prefetch']

/**
 * Batches of a data set. `for (const batch of loader)` is one epoch; `for await` also reads data sets that give promises,
 * and then loads `prefetch` batches ahead. The order of an epoch is drawn when it begins.
 *
 * `stateDict` says where the loader is, also in the middle of an epoch: in a new loader of the same kind, the first
 * iteration after `loadStateDict` gives the batches that remain, and later epochs are those that would have followed.
 * Only what draws while samples are loaded (an augmentation) has to save its own generator, unless it shares this one's.
 *
 * @throws ArgumentError when the data set is empty, no batch is left, options are unknown or exclude one another
 * @example
 * const set = new data.TensorDataset(tensor([[1], [2], [3]]), tensor([0, 1, 0], { dtype: 'int32' }))
 * const loader = new data.DataLoader(set, { batchSize: 2, shuffle: true, generator: new Generator(0) })
 * for (const [x, y] of loader) console.assert(x.shape[0] === y.shape[0])
 * loader.length // 2
 */
export class DataLoader<T, B> {
  readonly batchSampler: Iterable<readonly number[]> & Sized
  readonly dataset: Dataset<T, unknown>
  readonly prefetch: number
  /** Does it have to be read with `for await`? */
  readonly asynchronous: boolean
  readonly #load: (indices: readonly number[]) => unknown
  #epoch: Epoch | null = null
  /** Whether the next iteration goes on with `#epoch`. */
  #resumed = false

  constructor(of: Dataset<T, B>, given?: LoaderOptions & { readonly collate?: undefined })
  constructor(of: Dataset<T, unknown>, given: CollateOptions<T, B>)
  constructor(of: Dataset<T, unknown>, given: LoaderOptions & Partial<CollateOptions<T, B>> = {}) {
    const name = 'DataLoader'
    const { collate, prefetch = 2 } = options(name, given, known)
    if (integer(name, 'the length of the data set', dataset(name, of).length, 0) === 0)
      throw new ArgumentError(`${name}: the data set is empty`)
    if (collate !== undefined && typeof collate !== 'function')
      throw new ArgumentError(`${name}: collate is a function of samples, not ${described(collate)}`)
    this.dataset = of
    this.asynchronous = of.asynchronous || isAsync(collate)
    this.prefetch = integer(name, 'prefetch', prefetch, 1)
    this.batchSampler = batches(name, of, given)
    this.#load = collate
      ? indices =>
          through(
            collate,
            indices.map(i => of.get(i)),
          )
      : indices => of.batch(indices)
  }

  /** Batches in an epoch. */
  get length(): number {
    return this.batchSampler.length
  }

  *[Symbol.iterator](): IterableIterator<Awaited<B>> {
    const epoch = this.#begin()
    while (epoch.position < epoch.batches.length) {
      const batch = this.#load(epoch.batches[epoch.position])
      if (isPromise(batch)) {
        // nobody will wait for it
        batch.then(undefined, () => {})
        throw new ArgumentError(
          'DataLoader: this data set gives promises. Use for await (const batch of loader); that fit does, declare get or collate async',
        )
      }
      epoch.position++
      yield batch as Awaited<B>
    }
    this.#end(epoch)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Awaited<B>, void, undefined> {
    const epoch = this.#begin()
    const pending: Promise<unknown>[] = []
    let next = epoch.position
    const fill = (): void => {
      while (pending.length < this.prefetch && next < epoch.batches.length) {
        const indices = epoch.batches[next++]
        const batch = (async () => this.#load(indices))()
        // an error is raised when its turn comes, which may be never
        batch.catch(() => {})
        pending.push(batch)
      }
    }
    try {
      for (fill(); pending.length > 0; ) {
        const batch = await pending[0]
        pending.shift()
        fill()
        epoch.position++
        yield batch as Awaited<B>
      }
      this.#end(epoch)
    } finally {
      // when the loop is over, nothing is running any more
      await Promise.allSettled(pending)
    }
  }

  /**
   * The next `n` batches, epoch after epoch: for loops that count steps. With an asynchronous data set go through epochs.
   *
   * @throws ArgumentError when n is not a whole number >= 0
   * @example
   * const loader = new data.DataLoader(new data.TensorDataset(tensor([1, 2, 3])), { batchSize: 2 })
   * Array.from(loader.take(3), ([x]) => x.toArray()) // [[1, 2], [3], [1, 2]]
   */
  take(n: number): IterableIterator<Awaited<B>> {
    integer('take', 'n', n, 0)
    return this.#some(n)
  }
  *#some(n: number): IterableIterator<Awaited<B>> {
    for (let k = 0; k < n; )
      for (const batch of this) {
        yield batch
        if (++k === n) return
      }
  }

  stateDict(): LoaderState {
    return {
      length: this.length,
      position: this.#epoch?.position ?? 0,
      epoch: this.#epoch?.began ?? null,
      sampler: stateOf(this.batchSampler),
    }
  }

  /** @throws ArgumentError when this is not the state of such a loader; nothing is changed then */
  loadStateDict(state: LoaderState): void {
    const { length, position, epoch, sampler } = record('DataLoader', 'a state, as stateDict gives it', state)
    if (length !== this.length)
      throw new ArgumentError(
        `DataLoader: this state is of a loader with ${described(length)} batches in an epoch, this one has ${this.length}. Data set, batchSize and dropLast must be the same`,
      )
    if (integer('DataLoader', 'position', position, 0) > (epoch === null ? 0 : length))
      throw new ArgumentError(`DataLoader: there is no position ${position} in an epoch of ${length} batches`)
    const before = stateOf(this.batchSampler)
    try {
      if (epoch !== null) restore(this.batchSampler, epoch)
      const drawn = epoch && { began: epoch, batches: Array.from(this.batchSampler), position }
      restore(this.batchSampler, sampler)
      this.#epoch = drawn
      this.#resumed = drawn !== null
    } catch (error) {
      restore(this.batchSampler, before)
      throw error
    }
  }

  #begin(): Epoch {
    const resumed = this.#resumed ? this.#epoch : null
    this.#resumed = false
    const began = stateOf(this.batchSampler)
    const epoch = resumed ?? { began, batches: Array.from(this.batchSampler), position: 0 }
    this.#epoch = epoch
    return epoch
  }
  #end(epoch: Epoch): void {
    if (this.#epoch === epoch) this.#epoch = null
  }
}

/** Collates samples, which may be promises. */
const through = <T, B>(collate: (samples: Awaited<T>[]) => B, samples: readonly T[]): unknown =>
  samples.some(isPromise) ? Promise.all(samples).then(collate) : collate(samples as Awaited<T>[])

const stateOf = (sampler: unknown): SamplerState =>
  sampler instanceof Sampler ? sampler.stateDict() : { generator: null }
function restore(sampler: unknown, state: SamplerState): void {
  if (sampler instanceof Sampler) sampler.loadStateDict(state)
}

/** The sampler of batches that the options ask for. */
function batches(name: string, of: Sized, given: LoaderOptions): Iterable<readonly number[]> & Sized {
  const { batchSize = 1, shuffle = false, sampler, batchSampler, generator, dropLast = false } = given
  const excluded = (by: string, names: readonly (keyof LoaderOptions)[]): void => {
    for (const other of names)
      if (given[other] !== undefined && given[other] !== false)
        throw new ArgumentError(`${name}: ${by} decides what ${other} would; give one of them`)
  }
  for (const [what, x] of [
    ['sampler', sampler],
    ['batchSampler', batchSampler],
  ])
    if (x !== undefined && !isIterable(x))
      throw new ArgumentError(`${name}: ${what} is a sampler or a list, not ${described(x)}`)
  if (batchSampler) excluded('batchSampler', ['batchSize', 'shuffle', 'sampler', 'dropLast', 'generator'])
  if (sampler) excluded('sampler', ['shuffle', 'generator'])
  integer(name, 'batchSize', batchSize, 1)
  const order = sampler ?? (shuffle ? new RandomSampler(of, { generator }) : new SequentialSampler(of))
  const all = batchSampler ?? new BatchSampler(order, batchSize, dropLast)
  if (integer(name, 'the number of batches', all.length, 0) === 0)
    throw new ArgumentError(
      dropLast && order.length > 0
        ? `${name}: ${order.length} samples make no whole batch of ${batchSize}, and dropLast leaves out the rest`
        : `${name}: there is nothing to load: the sampler is empty`,
    )
  return all
}
