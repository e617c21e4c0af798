// Metrics of scores themselves: how well they order samples, and how likely they make what came.
import { integer, oneOf, operand, options } from '../../engine/argument.ts'
import { ArgumentError } from '../../engine/errors.ts'
import { sameShape } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { check, scores } from './labels.ts'
import { type Computed, Metric } from './metric.ts'

/**
 * The area under the ROC curve: how often a sample of the class has a larger score than one that is not of it, ties
 * counted by half. Of scores `[n]` for labels 0 and 1 `[n]` (probabilities or logits alike), or of scores
 * `[n, classes]`, each class against the rest: the mean over classes ('macro') or a list ('none'). NaN when a class is
 * missing, or nothing else is there. Keeps all scores.
 *
 * H. B. Mann and D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the
 * other", 1947.
 *
 * @throws ShapeError when scores do not fit labels, ArgumentError when a label is no class
 * @example
 * const auc = new RocAuc()
 * auc.update(tensor([0.1, 0.4, 0.35, 0.8]), tensor([0, 0, 1, 1], { dtype: 'int32' }))
 * auc.value // 0.75
 */
export class RocAuc extends Metric {
  readonly #average: 'macro' | 'none'

  constructor(given: { readonly average?: 'macro' | 'none' } = {}) {
    super(null)
    const { average = 'macro' } = options('RocAuc', given, ['average'])
    this.#average = oneOf('RocAuc', 'average', average, ['macro', 'none'])
  }
  /** The state: how many scores a sample has, then for each sample these and the label. */
  update(prediction: Tensor, target: Tensor): void {
    if (sameShape(operand('RocAuc', prediction).shape, operand('RocAuc', target).shape)) {
      const { data } = target
      check('RocAuc', data, 2)
      this.#of(1)
      for (let i = 0; i < data.length; i++) this.state.push(prediction.data[i], data[i])
      return
    }
    const { data, labels, count, classes, stride, begin } = scores('RocAuc', prediction, target)
    this.#of(classes)
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < classes; k++) this.state.push(data[begin(i) + k * stride])
      this.state.push(labels[i])
    }
  }
  #of(width: number): void {
    if (this.state.length === 0) this.state.push(width)
    if (this.state[0] !== width)
      throw new ArgumentError(`RocAuc: a batch has ${width} scores for each sample, those before had ${this.state[0]}`)
  }
  compute(): Computed {
    if (this.state.length === 0) return Number.NaN
    const [width] = this.state
    const count = (this.state.length - 1) / (width + 1)
    const column = (k: number): Float64Array =>
      Float64Array.from({ length: count }, (_, i) => this.state[1 + i * (width + 1) + k])
    const labels = column(width)
    if (width === 1) return area(column(0), labels, 1)
    const areas = Array.from({ length: width }, (_, k) => area(column(k), labels, k))
    return this.#average === 'none' ? areas : areas.reduce((a, b) => a + b, 0) / width
  }
}

/** (R - p(p+1)/2) / pq, where R is the sum of the ranks of the p samples of the class, and q are not of it. */
function area(scores: Float64Array, labels: Float64Array, own: number): number {
  if (scores.some(Number.isNaN)) return Number.NaN
  const order = Uint32Array.from(scores, (_, i) => i).sort((i, j) => scores[i] - scores[j])
  let [ranks, positive] = [0, 0]
  for (let from = 0, to = 0; from < order.length; from = to) {
    let found = 0
    for (to = from; to < order.length && scores[order[to]] === scores[order[from]]; to++)
      if (labels[order[to]] === own) found++
    // ties share the mean of their ranks from + 1 … to
    ranks += (found * (from + 1 + to)) / 2
    positive += found
  }
  return (ranks - (positive * (positive + 1)) / 2) / (positive * (order.length - positive))
}

/**
 * e to the mean cross entropy of tokens: of logits `[n, classes, …]` for labels `[n, …]`, those that are `ignoreIndex`
 * (-100) left out. Each token counts once, whatever the batches.
 *
 * @throws ShapeError when logits do not fit labels, ArgumentError when a label is no class
 * @example
 * const perplexity = new Perplexity()
 * perplexity.update(zeros([3, 4]), tensor([0, 3, -100], { dtype: 'int32' }))
 * perplexity.value // 4
 */
export class Perplexity extends Metric {
  readonly #ignored: number

  constructor(given: { readonly ignoreIndex?: number } = {}) {
    super(2)
    const { ignoreIndex = -100 } = options('Perplexity', given, ['ignoreIndex'])
    this.#ignored = integer('Perplexity', 'ignoreIndex', ignoreIndex)
  }
  update(prediction: Tensor, target: Tensor): void {
    const found = scores('Perplexity', prediction, target, this.#ignored)
    const { data, labels, count, classes, stride, begin } = found
    let [sum, tokens] = this.state
    for (let i = 0; i < count; i++) {
      if (labels[i] === this.#ignored) continue
      const at = begin(i)
      let most = -Infinity
      for (let k = 0; k < classes; k++) most = Math.max(most, data[at + k * stride])
      let parts = 0
      for (let k = 0; k < classes; k++) parts += Math.exp(data[at + k * stride] - most)
      sum += most + Math.log(parts) - data[at + labels[i] * stride]
      tokens++
    }
    this.state = [sum, tokens]
  }
  compute(): number {
    return Math.exp(this.state[0] / this.state[1])
  }
}
