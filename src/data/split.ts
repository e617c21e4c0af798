// Splits: a data set in parts, to learn from and to be judged by.
import { described, integer, list, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Generator } from '../engine/random.ts'
import { type Batched, type Dataset, dataset, Subset } from './dataset.ts'
import { drawing } from './drawing.ts'
import { type Labels, numbered } from './labels.ts'

export interface RandomOptions {
  readonly generator?: Generator
}
/** What to learn from, and what to be judged by. */
export type Split<T, B = Batched<T>> = [train: Subset<T, B>, test: Subset<T, B>]

/** @throws ArgumentError when x is no data set, or an empty one */
function filled<T, B>(op: string, x: Dataset<T, B>): number {
  if (dataset(op, x).length === 0) throw new ArgumentError(`${op}: the data set is empty`)
  return x.length
}
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
/** The number nearest to x if that is as good as x, so that 0.7 · 10 is 7. */
const cleaned = (x: number): number => (Math.abs(x - Math.round(x)) < 1e-9 * Math.max(1, x) ? Math.round(x) : x)

/**
 * The samples in random order, in parts of these lengths; or of these fractions, which add up to 1, rounded down, with
 * what is left given to the first parts one by one.
 *
 * @throws ArgumentError when lengths do not add up to the data set's, fractions not to 1, or one is negative
 * @example
 * const set = new data.TensorDataset(tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
 * data.randomSplit(set, [0.5, 0.25, 0.25]).map(part => part.length) // [6, 2, 2]
 */
export function randomSplit<T, B>(
  of: Dataset<T, B>,
  lengths: readonly number[],
  given: RandomOptions = {},
): Subset<T, B>[] {
  const op = 'randomSplit'
  const generator = drawing(op, options(op, given, ['generator']).generator)
  const n = filled(op, of)
  const sizes = partSizes(op, list(op, 'lengths', lengths), n)
  const order = generator.permutation(n)
  let start = 0
  return sizes.map(size => {
    start += size
    return new Subset(of, order.slice(start - size, start))
  })
}

function partSizes(op: string, lengths: readonly number[], n: number): number[] {
  lengths.forEach((length, i) => {
    if (typeof length !== 'number' || !(length >= 0 && length < Infinity))
      throw new ArgumentError(`${op}: lengths are numbers >= 0, but length ${i} is ${described(length)}`)
  })
  const total = lengths.reduce((a, b) => a + b, 0)
  if (lengths.every(Number.isInteger) && total === n) return [...lengths]
  if (Math.abs(total - 1) > 1e-9)
    throw new ArgumentError(
      lengths.every(Number.isInteger)
        ? `${op}: lengths ${lengths.join(', ')} add up to ${total}, but there are ${n} samples`
        : `${op}: fractions ${lengths.join(', ')} add up to ${total}, not to 1`,
    )
  const sizes = lengths.map(fraction => Math.floor(cleaned(fraction * n)))
  const rest = n - sizes.reduce((a, b) => a + b, 0)
  for (let k = 0; k < rest; k++) sizes[k % sizes.length]++
  return sizes
}

export interface TestSplitOptions extends RandomOptions {
  /** How many samples to be judged by, or which fraction, rounded up (a quarter, or what trainSize leaves). */
  readonly testSize?: number
  /** How many samples to learn from, or which fraction, rounded down (what testSize leaves). */
  readonly trainSize?: number
  /** Whether the samples are taken in random order (true), or the first to learn from, the last to be judged by. */
  readonly shuffle?: boolean
  /** The class of each sample: both parts get the classes in the proportions of the whole. */
  readonly stratify?: Labels
}
/**
 * `[train, test]`: scikit-learn's `train_test_split`. 1 is one sample, 0.999 a fraction.
 *
 * @throws ArgumentError when a part would be empty, both are larger than the whole, labels are not whole numbers, a class
 * has one sample only, or a part is smaller than the number of classes
 * @throws ShapeError when there is not one label for each sample
 * @example
 * const set = new data.TensorDataset(tensor([1, 2, 3, 4, 5, 6, 7, 8]))
 * data.trainTestSplit(set, { testSize: 0.25, shuffle: false })[1].indices // [6, 7]
 */
export function trainTestSplit<T, B>(of: Dataset<T, B>, given: TestSplitOptions = {}): Split<T, B> {
  const op = 'trainTestSplit'
  const {
    testSize,
    trainSize,
    shuffle = true,
    stratify,
    generator: from,
  } = options(op, given, ['testSize', 'trainSize', 'shuffle', 'stratify', 'generator'])
  const n = filled(op, of)
  const size = (name: string, x: number, round: (x: number) => number): number => {
    const whole = Number.isInteger(x)
    if (typeof x !== 'number' || !(x > 0) || (whole ? x > n : x >= 1))
      throw new ArgumentError(
        `${op}: ${name} is a fraction in (0, 1) or a number of the ${n} samples, not ${described(x)}`,
      )
    return whole ? x : round(cleaned(x * n))
  }
  const asked = trainSize === undefined ? undefined : size('trainSize', trainSize, Math.floor)
  const test =
    testSize === undefined
      ? asked === undefined
        ? Math.ceil(n / 4)
        : n - asked
      : size('testSize', testSize, Math.ceil)
  const train = asked ?? n - test
  if (train + test > n)
    throw new ArgumentError(`${op}: ${train} samples to learn from and ${test} to be judged by are more than all ${n}`)
  if (train < 1 || test < 1)
    throw new ArgumentError(
      `${op}: of ${n} samples, ${train} would be left to learn from and ${test} to be judged by; both parts need one`,
    )
  const generator = drawing(op, from)
  if (stratify === undefined) {
    const order = shuffle ? generator.permutation(n) : upTo(n)
    // the first to be judged by, as scikit-learn, when the order is random
    const [a, b] = shuffle
      ? [order.slice(test, test + train), order.slice(0, test)]
      : [order.slice(0, train), order.slice(train, train + test)]
    return [new Subset(of, a), new Subset(of, b)]
  }
  if (!shuffle) throw new ArgumentError(`${op}: to stratify is to shuffle; leave shuffle out`)
  const { classes, members } = numbered(op, stratify, n)
  members.forEach(({ length }, k) => {
    if (length < 2)
      throw new ArgumentError(`${op}: class ${classes[k]} has one sample only, so it cannot be in both parts`)
  })
  for (const [what, part] of [
    ['to learn from', train],
    ['to be judged by', test],
  ] as const)
    if (part < classes.length)
      throw new ArgumentError(`${op}: ${part} samples ${what} are fewer than the ${classes.length} classes`)
  const trains = shares(
    members.map(({ length }) => length),
    train,
  )
  const tests = shares(
    members.map(({ length }, k) => length - trains[k]),
    test,
  )
  const [a, b]: number[][] = [[], []]
  members.forEach((own, k) => {
    const order = generator.permutation(own.length).map(i => own[i])
    a.push(...order.slice(0, trains[k]))
    b.push(...order.slice(trains[k], trains[k] + tests[k]))
  })
  const mixed = (xs: readonly number[]): number[] => generator.permutation(xs.length).map(i => xs[i])
  return [new Subset(of, mixed(a)), new Subset(of, mixed(b))]
}

/** `n` shared out in proportion to `counts`, each rounded down, what is left to the largest remainders. */
function shares(counts: readonly number[], n: number): number[] {
  const total = counts.reduce((a, b) => a + b)
  const exact = counts.map(count => cleaned((count * n) / total))
  const out = exact.map(Math.floor)
  const rest = n - out.reduce((a, b) => a + b)
  const byRemainder = upTo(counts.length).sort((i, j) => exact[j] - out[j] - (exact[i] - out[i]) || i - j)
  for (const k of byRemainder.slice(0, rest)) out[k]++
  return out
}

export interface FoldOptions extends RandomOptions {
  /** How many folds, at least 2 (5). */
  readonly splits?: number
  /** Whether samples are distributed at random (false). */
  readonly shuffle?: boolean
}
interface Folding {
  readonly n: number
  readonly splits: number
  readonly shuffle: boolean
  readonly generator: Generator
}
function folding<T, B>(op: string, of: Dataset<T, B>, given: FoldOptions): Folding {
  const { splits = 5, shuffle = false, generator } = options(op, given, ['splits', 'shuffle', 'generator'])
  const n = filled(op, of)
  if (integer(op, 'splits', splits, 2) > n) throw new ArgumentError(`${op}: ${splits} splits of ${n} samples`)
  return { n, splits, shuffle, generator: drawing(op, generator) }
}
/** For each fold the samples outside and inside, in their order. */
function folds<T, B>(of: Dataset<T, B>, splits: number, foldOf: readonly number[]): Split<T, B>[] {
  const all = upTo(foldOf.length)
  return upTo(splits).map(fold => [
    new Subset(
      of,
      all.filter(i => foldOf[i] !== fold),
    ),
    new Subset(
      of,
      all.filter(i => foldOf[i] === fold),
    ),
  ])
}

/**
 * For each of `splits` folds, `[train, test]`: every sample is in exactly one test part, whose sizes differ by at most
 * one (the first ones are larger). Without `shuffle` folds are neighbours. scikit-learn's `KFold`.
 *
 * @throws ArgumentError when splits is not a whole number >= 2, or there are fewer samples
 * @example
 * const set = new data.TensorDataset(tensor([1, 2, 3, 4, 5]))
 * data.kFold(set, { splits: 2 }).map(([, test]) => test.indices) // [[0, 1, 2], [3, 4]]
 */
export function kFold<T, B>(of: Dataset<T, B>, given: FoldOptions = {}): Split<T, B>[] {
  const { n, splits, shuffle, generator } = folding('kFold', of, given)
  const order = shuffle ? generator.permutation(n) : upTo(n)
  const foldOf = new Array<number>(n)
  const sizes = upTo(splits).flatMap(fold =>
    new Array<number>(Math.floor(n / splits) + +(fold < n % splits)).fill(fold),
  )
  sizes.forEach((fold, place) => {
    foldOf[order[place]] = fold
  })
  return folds(of, splits, foldOf)
}

/**
 * {@link kFold} with the classes of each fold in the proportions of the whole, to less than one sample. `labels`, [n], has the
 * class of each sample. scikit-learn's `StratifiedKFold`, which lets a class be in fewer folds than there are.
 *
 * @throws ArgumentError when labels are not whole numbers, or a class has fewer samples than there are folds
 * @throws ShapeError when there is not one label for each sample
 * @example
 * const set = new data.TensorDataset(tensor([1, 2, 3, 4, 5, 6]))
 * data.stratifiedKFold(set, [0, 0, 0, 0, 1, 1], { splits: 2 }).map(([, test]) => test.indices) // [[0, 1, 4], [2, 3, 5]]
 */
export function stratifiedKFold<T, B>(of: Dataset<T, B>, labels: Labels, given: FoldOptions = {}): Split<T, B>[] {
  const op = 'stratifiedKFold'
  const { n, splits, shuffle, generator } = folding(op, of, given)
  const { classes, members } = numbered(op, labels, n)
  members.forEach(({ length }, k) => {
    if (length < splits)
      throw new ArgumentError(
        `${op}: class ${classes[k]} has ${length} samples, fewer than the ${splits} folds. Use fewer folds`,
      )
  })
  // the samples sorted by class (in order of appearance) are dealt out: fold f gets places f, f + splits, …
  const appearing = [...members].sort((a, b) => a[0] - b[0])
  const foldOf = new Array<number>(n)
  let place = 0
  for (const own of appearing) {
    const counts = new Array<number>(splits).fill(0)
    for (const _ of own) counts[place++ % splits]++
    const dealt = counts.flatMap((count, fold) => new Array<number>(count).fill(fold))
    const order = shuffle ? generator.permutation(own.length) : upTo(own.length)
    own.forEach((i, k) => {
      foldOf[i] = dealt[order[k]]
    })
  }
  return folds(of, splits, foldOf)
}
