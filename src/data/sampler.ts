// Samplers: in which order samples are taken, and which go together into a batch.
import { described, integer, list, options, record } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { defaultGenerator, type Generator, type GeneratorState } from '../engine/random.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { drawing } from './drawing.ts'
import { type Labels, numbered } from './labels.ts'

/** What a sampler remembers between epochs; JSON. */
export interface SamplerState {
  readonly generator: GeneratorState | null
}

/** What has a length: a data set, an array, another sampler. */
export interface Sized {
  readonly length: number
}

/**
 * An order of samples, drawn anew by each iteration: indices, or lists of them (batches). A sampler of your own that
 * draws from a generator hands it to `super`, so that a loader can resume in the middle of an epoch.
 *
 * @example
 * class Backwards extends data.Sampler {
 *   [Symbol.iterator]() {
 *     return [2, 1, 0].values()
 *   }
 *   readonly length = 3
 * }
 * Array.from(new Backwards()) // [2, 1, 0]
 */
export abstract class Sampler<I = number> implements Iterable<I> {
  readonly #generator: Generator | null

  constructor(generator: Generator | null = null) {
    this.#generator = generator === null ? null : drawing(new.target.name, generator)
  }

  /** How many indices, or batches, an iteration gives. */
  abstract readonly length: number
  abstract [Symbol.iterator](): Iterator<I>

  stateDict(): SamplerState {
    return { generator: this.#generator?.getState() ?? null }
  }
  /** @throws ArgumentError when this is not the state of such a sampler; nothing is changed then */
  loadStateDict(state: SamplerState): void {
    const { generator } = record(this.constructor.name, 'a state, as stateDict gives it', state)
    if ((generator === null) !== (this.#generator === null))
      throw new ArgumentError(
        `${this.constructor.name}: this state belongs to a sampler ${generator === null ? 'without' : 'with'} a generator`,
      )
    if (generator !== null) this.#generator?.setState(generator)
  }
}

/** @throws ArgumentError when x has no length, or none of its own */
function sized(op: string, x: Sized): number {
  return integer(
    op,
    'the length of what is sampled',
    record(op, 'a data set, or another thing with a length', x).length,
  )
}

/**
 * 0, 1, … in order.
 * @example
 * Array.from(new data.SequentialSampler([5, 6, 7])) // [0, 1, 2]
 */
export class SequentialSampler extends Sampler {
  readonly length: number

  constructor(source: Sized) {
    super()
    this.length = sized('SequentialSampler', source)
  }
  [Symbol.iterator](): Iterator<number> {
    return Array.from({ length: this.length }, (_, i) => i).values()
  }
}

export interface RandomSamplerOptions {
  /** Whether a sample may come again before all others came (false). */
  readonly replacement?: boolean
  /** How many are taken (as many as there are); more than there are take one permutation after the other. */
  readonly numSamples?: number
  readonly generator?: Generator
}

/**
 * The samples in random order, another one in each iteration.
 *
 * @throws ArgumentError when there is nothing to sample, or numSamples is not a whole number >= 1
 * @example
 * Array.from(new data.RandomSampler({ length: 4 }, { generator: new Generator(1) })) // [0, 2, 3, 1]
 */
export class RandomSampler extends Sampler {
  readonly length: number
  readonly replacement: boolean
  readonly #from: number
  readonly #draws: Generator

  constructor(source: Sized, given: RandomSamplerOptions = {}) {
    const {
      replacement = false,
      numSamples,
      generator = defaultGenerator(),
    } = options('RandomSampler', given, ['replacement', 'numSamples', 'generator'])
    super(generator)
    this.#from = sized('RandomSampler', source)
    if (this.#from === 0) throw new ArgumentError('RandomSampler: there are no samples to take from')
    this.length = integer('RandomSampler', 'numSamples', numSamples ?? this.#from, 1)
    this.replacement = replacement
    this.#draws = generator
  }
  [Symbol.iterator](): Iterator<number> {
    const [n, draws] = [this.#from, this.#draws]
    if (this.replacement) return Array.from({ length: this.length }, () => draws.integer(0, n)).values()
    const rounds = Math.ceil(this.length / n)
    const order = Array.from({ length: rounds }, () => draws.permutation(n)).flat()
    return order.slice(0, this.length).values()
  }
}

export interface WeightedSamplerOptions {
  /** Whether a sample may be taken more than once (true). */
  readonly replacement?: boolean
  readonly generator?: Generator
}

/**
 * `numSamples` indices into `weights`, each taken with a probability proportional to its weight; weights need not add up
 * to 1. Without replacement, among those that are left: by an exponential race (P. Efraimidis and P. Spirakis, "Weighted
 * random sampling with a reservoir", 2006).
 *
 * @throws ShapeError when weights are a tensor other than [n]
 * @throws ArgumentError when weights are negative, not finite or all 0, or there are fewer positive ones than samples to
 * take without replacement
 * @example
 * Array.from(new data.WeightedRandomSampler([0, 1, 0], 4)) // [1, 1, 1, 1]
 */
export class WeightedRandomSampler extends Sampler {
  readonly length: number
  readonly weights: readonly number[]
  readonly replacement: boolean
  readonly #draws: Generator

  constructor(weights: Tensor | readonly number[], numSamples: number, given: WeightedSamplerOptions = {}) {
    const name = 'WeightedRandomSampler'
    const { replacement = true, generator = defaultGenerator() } = options(name, given, ['replacement', 'generator'])
    super(generator)
    if (weights instanceof Tensor && weights.ndim !== 1)
      throw new ShapeError(`${name}: weights are a list [n], not ${show(weights.shape)}`)
    this.weights = Array.from(weights instanceof Tensor ? weights.data : list(name, 'weights', weights))
    this.weights.forEach((w, i) => {
      if (!(w >= 0 && w < Infinity))
        throw new ArgumentError(`${name}: weights are finite numbers >= 0, but weight ${i} is ${described(w)}`)
    })
    if (!Number.isFinite(this.weights.reduce((a, b) => a + b, 0)))
      throw new ArgumentError(`${name}: the weights add up to more than a number can be. Divide them by their largest`)
    const positive = this.weights.filter(w => w > 0).length
    if (positive === 0) throw new ArgumentError(`${name}: no weight is above 0, so nothing can be taken`)
    this.length = integer(name, 'numSamples', numSamples, 1)
    if (!replacement && numSamples > positive)
      throw new ArgumentError(
        `${name}: cannot take ${numSamples} without replacement from ${positive} samples with a weight above 0`,
      )
    this.replacement = replacement
    this.#draws = generator
  }
  [Symbol.iterator](): Iterator<number> {
    return (this.replacement ? this.#repeated() : this.#distinct()).values()
  }

  #repeated(): number[] {
    let total = 0
    const upTo = Float64Array.from(this.weights, w => {
      total += w
      return total
    })
    return Array.from({ length: this.length }, () => {
      const at = this.#draws.uniform() * total
      // the first whose cumulative weight is above `at`: never one of weight 0
      let [low, high] = [0, upTo.length - 1]
      while (low < high) {
        const middle = (low + high) >> 1
        if (upTo[middle] > at) high = middle
        else low = middle + 1
      }
      return low
    })
  }
  #distinct(): number[] {
    const arrivals = this.weights.map((w, i) => ({ i, at: -Math.log1p(-this.#draws.uniform()) / w }))
    return arrivals
      .filter(({ i }) => this.weights[i] > 0)
      .sort((a, b) => a.at - b.at)
      .slice(0, this.length)
      .map(({ i }) => i)
  }
}

export interface StratifiedSamplerOptions {
  /** Whether the samples of a class come in random order (true); the classes alternate in the same way each time. */
  readonly shuffle?: boolean
  readonly generator?: Generator
}

/**
 * All samples, in an order whose every beginning holds each class in its proportion, to less than one sample: so batches
 * of any size do, to less than two. `labels`, [n], has the class of each sample, whole numbers.
 *
 * R. Tijdeman, "The chairman assignment problem", 1980.
 *
 * @throws ArgumentError when there are no labels, or they are not whole numbers
 * @example
 * const labels = [0, 0, 0, 0, 1, 1]
 * const order = Array.from(new data.StratifiedSampler(labels))
 * order.map(i => labels[i]) // [0, 1, 0, 0, 1, 0]
 */
export class StratifiedSampler extends Sampler {
  readonly length: number
  /** For each place, which class it goes to; and each class's samples. */
  readonly #turns: readonly number[]
  readonly #members: readonly (readonly number[])[]
  readonly #shuffle: boolean
  readonly #draws: Generator

  constructor(labels: Labels, given: StratifiedSamplerOptions = {}) {
    const name = 'StratifiedSampler'
    const { shuffle = true, generator = defaultGenerator() } = options(name, given, ['shuffle', 'generator'])
    super(shuffle ? generator : null)
    this.#members = numbered(name, labels).members
    this.length = this.#members.reduce((n, { length }) => n + length, 0)
    this.#turns = turns(this.#members.map(({ length }) => length))
    this.#shuffle = shuffle
    this.#draws = generator
  }
  [Symbol.iterator](): Iterator<number> {
    const queues = this.#members.map(members =>
      (this.#shuffle ? this.#draws.permutation(members.length).map(i => members[i]) : members).values(),
    )
    return this.#turns.map(k => queues[k].next().value as number).values()
  }
}

/** Whose turn it is at each place, for classes of these sizes: Tijdeman's rule, the earliest deadline among the due. */
function turns(counts: readonly number[]): number[] {
  const n = counts.reduce((a, b) => a + b)
  const slack = 1 - (counts.length > 1 ? 1 / (2 * counts.length - 2) : 1)
  const taken = counts.map(() => 0)
  return Array.from({ length: n }, (_, place) => {
    let [best, deadline] = [0, Infinity]
    counts.forEach((count, k) => {
      const owed = (count * (place + 1)) / n - taken[k]
      const until = ((slack - owed) * n) / count
      if (taken[k] < count && owed >= 1 - slack - 1e-9 && until < deadline) {
        best = k
        deadline = until
      }
    })
    taken[best]++
    return best
  })
}

/**
 * The indices of a sampler in lists of `batchSize`; the last may be shorter, or is left out with `dropLast`.
 *
 * @throws ArgumentError when batchSize is not a whole number >= 1
 * @example
 * Array.from(new data.BatchSampler(new data.SequentialSampler({ length: 5 }), 2, false)).map(batch => batch.length) // [2, 2, 1]
 */
export class BatchSampler extends Sampler<number[]> {
  readonly sampler: Iterable<number> & Sized
  readonly batchSize: number
  readonly dropLast: boolean

  constructor(sampler: Iterable<number> & Sized, batchSize: number, dropLast: boolean) {
    super()
    if (!isIterable(sampler)) throw new ArgumentError(`BatchSampler: needs a sampler, not ${described(sampler)}`)
    sized('BatchSampler', sampler)
    this.sampler = sampler
    this.batchSize = integer('BatchSampler', 'batchSize', batchSize, 1)
    this.dropLast = dropLast
  }
  get length(): number {
    return (this.dropLast ? Math.floor : Math.ceil)(this.sampler.length / this.batchSize)
  }
  [Symbol.iterator](): Iterator<number[]> {
    const order = Array.from(this.sampler)
    if (order.length !== this.sampler.length)
      throw new ArgumentError(
        `BatchSampler: the sampler gave ${order.length} indices, but its length is ${this.sampler.length}. It is gone through once in each epoch, and an iterator ends with the first`,
      )
    return Array.from({ length: this.length }, (_, k) =>
      order.slice(k * this.batchSize, (k + 1) * this.batchSize),
    ).values()
  }
  override stateDict(): SamplerState {
    return this.sampler instanceof Sampler ? this.sampler.stateDict() : super.stateDict()
  }
  override loadStateDict(state: SamplerState): void {
    if (this.sampler instanceof Sampler) this.sampler.loadStateDict(state)
    else super.loadStateDict(state)
  }
}

export const isIterable = (x: unknown): x is Iterable<unknown> =>
  typeof x === 'object' && x !== null && Symbol.iterator in x
