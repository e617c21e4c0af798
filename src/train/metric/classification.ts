// Metrics of classes: how many are right, and which are taken for which.
import { integer, number, oneOf, options } from '../../engine/argument.ts'
import { ArgumentError } from '../../engine/errors.ts'
import { isFloat } from '../../engine/ops/kind.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { check, classes, scores } from './labels.ts'
import { type Computed, Metric } from './metric.ts'

/** Where classes are told by one number for each sample. */
export interface Threshold {
  /** Above it is class 1 (0.5, for probabilities; for logits that is 0). */
  readonly threshold?: number
}

/**
 * The share of samples whose class is right. Predictions are scores `[n, classes, …]` for labels `[n, …]`, or have the
 * shape of the targets: labels as integers, or numbers that are class 1 above the `threshold` (0.5). Scores that are NaN
 * are wrong.
 *
 * @throws ShapeError when predictions do not fit targets, ArgumentError when a label is no class
 * @example
 * const accuracy = new Accuracy()
 * accuracy.update(tensor([[2, 1], [0, 3], [1, 0]]), tensor([0, 1, 1], { dtype: 'int32' }))
 * accuracy.update(tensor([[2, 1]]), tensor([0], { dtype: 'int32' }))
 * accuracy.value // 0.75
 */
export class Accuracy extends Metric {
  readonly #threshold: number

  constructor(given: Threshold = {}) {
    super(2)
    const { threshold = 0.5 } = options('Accuracy', given, ['threshold'])
    this.#threshold = number('Accuracy', 'threshold', threshold)
  }
  update(prediction: Tensor, target: Tensor): void {
    const found = classes('Accuracy', prediction, target, this.#threshold)
    const { data } = target
    let right = 0
    for (let i = 0; i < data.length; i++) if (found[i] === data[i]) right++
    this.state = [this.state[0] + right, this.state[1] + data.length]
  }
  compute(): number {
    return this.state[0] / this.state[1]
  }
}

/**
 * The share of samples whose class is among the `k` with the largest scores (of equal scores the first classes).
 * Predictions are `[n, classes, …]`, targets `[n, …]`.
 *
 * @throws ShapeError when predictions do not fit targets, ArgumentError when a label is no class, or k below 1
 * @example
 * const accuracy = new TopKAccuracy(2)
 * accuracy.update(tensor([[3, 2, 1], [3, 2, 1]]), tensor([1, 2], { dtype: 'int32' }))
 * accuracy.value // 0.5
 */
export class TopKAccuracy extends Metric {
  readonly #k: number

  constructor(k = 5) {
    super(2)
    this.#k = integer('TopKAccuracy', 'k', k, 1)
  }
  update(prediction: Tensor, target: Tensor): void {
    const { data, labels, count, classes, stride, begin } = scores('TopKAccuracy', prediction, target)
    let right = 0
    for (let i = 0; i < count; i++) {
      const at = begin(i)
      const own = data[at + labels[i] * stride]
      let before = 0
      for (let k = 0; k < classes; k++) {
        const x = data[at + k * stride]
        if (x > own || (x === own && k < labels[i])) before++
      }
      if (before < this.#k && !Number.isNaN(own)) right++
    }
    this.state = [this.state[0] + right, this.state[1] + count]
  }
  compute(): number {
    return this.state[0] / this.state[1]
  }
}

export interface ClassesOptions extends Threshold {
  /** How many classes there are (2). */
  readonly numClasses?: number
}

/** Counts of samples: of class i, taken for class j. */
abstract class Counts extends Metric {
  readonly #name: string
  readonly #classes: number
  readonly #threshold: number

  protected constructor(name: string, { numClasses = 2, threshold = 0.5 }: ClassesOptions) {
    super(integer(name, 'numClasses', numClasses, 2) ** 2)
    this.#name = name
    this.#classes = numClasses
    this.#threshold = number(name, 'threshold', threshold)
  }
  update(prediction: Tensor, target: Tensor): void {
    const found = classes(this.#name, prediction, target, this.#threshold)
    const { data } = target
    const hint = '. Of more classes: { numClasses }'
    if (isFloat(prediction.dtype)) {
      const lost = Array.prototype.indexOf.call(found, -1)
      if (lost >= 0)
        throw new ArgumentError(`${this.#name}: sample ${lost} has a score that is NaN, so it is of no class`)
    }
    check(this.#name, found, this.#classes, undefined, hint)
    check(this.#name, data, this.#classes, undefined, hint)
    for (let i = 0; i < data.length; i++) this.state[data[i] * this.#classes + found[i]]++
  }
  protected matrix(): number[][] {
    const n = this.#classes
    return Array.from({ length: n }, (_, i) => this.state.slice(i * n, (i + 1) * n))
  }
}

/**
 * How many samples of class i (row) were taken for class j (column). Predictions and targets as for `Accuracy`.
 *
 * @throws ShapeError when predictions do not fit targets, ArgumentError when a label is none of `numClasses` (2) or a
 * score is NaN
 * @example
 * const matrix = new ConfusionMatrix()
 * matrix.update(tensor([0.9, 0.2, 0.7]), tensor([1, 0, 0], { dtype: 'int32' }))
 * matrix.value // [[1, 1], [0, 1]]
 */
export class ConfusionMatrix extends Counts {
  constructor(given: ClassesOptions = {}) {
    super('ConfusionMatrix', options('ConfusionMatrix', given, ['numClasses', 'threshold']))
  }
  compute(): number[][] {
    return this.matrix()
  }
}

export interface AverageOptions extends ClassesOptions {
  /**
   * 'binary' is that of class 1, 'micro' that of all samples together, 'macro' the mean over classes, 'weighted' the
   * same with each class counted by its samples, 'none' a list. With two classes 'binary', with more 'macro'.
   */
  readonly average?: 'binary' | 'micro' | 'macro' | 'weighted' | 'none'
}
/** Of one class: samples that were found, wrongly taken for it, and missed. */
type Quotient = (found: number, wrong: number, missed: number) => number

/** Means over classes of a quotient of their counts; 0 where that is 0/0. */
abstract class Averaged extends Counts {
  readonly #average: NonNullable<AverageOptions['average']>
  readonly #of: Quotient

  protected constructor(name: string, of: Quotient, given: AverageOptions) {
    const { average, ...rest } = options(name, given, ['numClasses', 'threshold', 'average'])
    super(name, rest)
    const chosen = average ?? ((rest.numClasses ?? 2) === 2 ? 'binary' : 'macro')
    this.#average = oneOf(name, 'average', chosen, ['binary', 'micro', 'macro', 'weighted', 'none'])
    this.#of = of
  }
  compute(): Computed {
    const matrix = this.matrix()
    const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0)
    const counts = matrix.map((row, k): [found: number, wrong: number, missed: number] => [
      row[k],
      sum(matrix.map(other => other[k])) - row[k],
      sum(row) - row[k],
    ])
    const samples = matrix.map(sum)
    const total = sum(samples)
    if (total === 0) return this.#average === 'none' ? matrix.map(() => Number.NaN) : Number.NaN
    const each = counts.map(count => this.#of(...count))
    switch (this.#average) {
      case 'none':
        return each
      case 'binary':
        return each[1]
      case 'macro':
        return sum(each) / each.length
      case 'weighted':
        return sum(each.map((x, k) => x * samples[k])) / total
      case 'micro':
        return this.#of(sum(counts.map(([x]) => x)), sum(counts.map(([, x]) => x)), sum(counts.map(([, , x]) => x)))
    }
  }
}
const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b)

/**
 * Of the samples taken for a class, the share that is of it. Predictions and targets as for `Accuracy`; 0 for a class
 * that nothing was taken for.
 *
 * @throws ShapeError when predictions do not fit targets, ArgumentError when a label is none of `numClasses` (2)
 * @example
 * const precision = new Precision()
 * precision.update(tensor([0.9, 0.2, 0.7]), tensor([1, 0, 0], { dtype: 'int32' }))
 * precision.value // 0.5
 */
export class Precision extends Averaged {
  constructor(given: AverageOptions = {}) {
    super('Precision', (found, wrong) => ratio(found, found + wrong), given)
  }
}
/**
 * Of the samples of a class, the share that was taken for it. As `Precision` otherwise.
 *
 * @throws ShapeError when predictions do not fit targets, ArgumentError when a label is none of `numClasses` (2)
 * @example
 * const recall = new Recall({ average: 'none' })
 * recall.update(tensor([0.9, 0.2, 0.7]), tensor([1, 0, 0], { dtype: 'int32' }))
 * recall.value // [0.5, 1]
 */
export class Recall extends Averaged {
  constructor(given: AverageOptions = {}) {
    super('Recall', (found, _, missed) => ratio(found, found + missed), given)
  }
}
/**
 * The harmonic mean of precision and recall. As `Precision` otherwise; averages are taken over the classes' F1.
 *
 * @throws ShapeError when predictions do not fit targets, ArgumentError when a label is none of `numClasses` (2)
 * @example
 * const f1 = new F1()
 * f1.update(tensor([0.9, 0.2, 0.7]), tensor([1, 0, 0], { dtype: 'int32' }))
 * f1.value // 0.6667
 */
export class F1 extends Averaged {
  constructor(given: AverageOptions = {}) {
    super('F1', (found, wrong, missed) => ratio(2 * found, 2 * found + wrong + missed), given)
  }
}
