// Metrics: scikit-learn's numbers, whatever the batches; edges, refusals, states.
import { describe, expect, test } from 'vitest'
import { type Tensor, tensor, zeros } from '../../src/index.ts'
import * as train from '../../src/train/train.ts'
import { read } from '../fixture.ts'

interface Case {
  readonly metric: keyof typeof classes | 'TopKAccuracy'
  readonly options: { readonly k: number }
  readonly value: train.Computed
  readonly prediction: number[] | number[][]
  readonly target: number[] | number[][]
}
const cases = read<Case>('metrics')
const flat = (x: train.Computed): number[] => (typeof x === 'number' ? [x] : x.flatMap(flat))

const { Accuracy, ConfusionMatrix, F1, MAE, MSE, Perplexity, Precision, R2, RMSE, Recall, RocAuc } = train
const classes = { Accuracy, ConfusionMatrix, F1, MAE, MSE, Perplexity, Precision, R2, RMSE, Recall, RocAuc }
function made({ metric, options }: Case): train.Metric {
  if (metric === 'TopKAccuracy') return new train.TopKAccuracy(options.k)
  const Class: new (options: object) => train.Metric = classes[metric]
  return new Class(options)
}
const labelled = ({ metric }: Case): boolean => !['MAE', 'MSE', 'RMSE', 'R2'].includes(metric)
const of = (c: Case, x: Case['target'], label: boolean): Tensor =>
  tensor(x as number[], { dtype: label && labelled(c) ? 'int32' : 'float64' })

describe("metrics are scikit-learn's", () => {
  test.each(
    cases.map(c => [`${c.metric} ${JSON.stringify(c.options)} of ${JSON.stringify(c.value).slice(0, 20)}`, c] as const),
  )('%s', (_, c) => {
    const [whole, parts, again] = [made(c), made(c), made(c)]
    whole.update(of(c, c.prediction, false), of(c, c.target, true))
    for (let from = 0, size = 1; from < c.target.length; from += size, size += 3) {
      const [x, y] = [c.prediction.slice(from, from + size), c.target.slice(from, from + size)]
      parts.update(of(c, x as number[], false), of(c, y as number[], true))
      // what is remembered is all that is needed to go on
      again.loadStateDict(parts.stateDict())
    }
    for (const metric of [whole, parts, again]) {
      const [got, want] = [flat(metric.value), flat(c.value)]
      expect(got).toHaveLength(want.length)
      got.forEach((x, i) => {
        expect(Math.abs(x - want[i])).toBeLessThan(1e-10 * Math.max(1, Math.abs(want[i])))
      })
    }
    whole.reset()
    expect(flat(whole.value).every(x => Number.isNaN(x) || c.metric === 'ConfusionMatrix')).toBe(true)
  })

  test('all metrics are among them', () => {
    expect(new Set(cases.map(({ metric }) => metric)).size).toBe(12)
  })
})

const int = (x: number[] | number[][]): Tensor => tensor(x as number[], { dtype: 'int32' })

describe('metrics', () => {
  test('take labels as predictions, and images of them', () => {
    const accuracy = new train.Accuracy()
    accuracy.update(int([1, 2, 3, 1]), int([1, 2, 0, 0]))
    expect(accuracy.value).toBe(0.5)
    // [1, 2 classes, 2, 2]
    const image = tensor([
      [
        [
          [1, 0],
          [0, 5],
        ],
        [
          [0, 1],
          [2, 4],
        ],
      ],
    ])
    accuracy.reset()
    accuracy.update(
      image,
      tensor(
        [
          [
            [0, 1],
            [1, 0],
          ],
        ],
        { dtype: 'int32' },
      ),
    )
    expect(accuracy.value).toBe(1)
    const perplexity = new train.Perplexity()
    perplexity.update(zeros([2, 5, 3]), zeros([2, 3], { dtype: 'int32' }))
    expect(perplexity.value).toBeCloseTo(5, 12)
  })

  test('of one sample, of huge scores and of NaN', () => {
    const perplexity = new train.Perplexity()
    perplexity.update(tensor([[1e4, -1e4]]), int([0]))
    expect(perplexity.value).toBe(1)
    const auc = new train.RocAuc()
    auc.update(tensor([0.5]), int([1]))
    expect(auc.value).toBeNaN()
    auc.update(tensor([0.5, Number.NaN]), int([0, 0]))
    expect(auc.value).toBeNaN()
    const top = new train.TopKAccuracy(1)
    top.update(
      tensor([
        [Number.NaN, 1],
        [1, Number.NaN],
      ]),
      int([0, 0]),
    )
    expect(top.value).toBe(0.5)
    const accuracy = new train.Accuracy()
    accuracy.update(
      tensor([
        [Number.NaN, 0],
        [0, Number.NaN],
        [1, 0],
      ]),
      int([0, 0, 0]),
    )
    expect(accuracy.value, 'NaN is no class').toBeCloseTo(1 / 3, 12)
    accuracy.reset()
    accuracy.update(tensor([Number.NaN, 0.2]), int([0, 0]))
    expect(accuracy.value).toBe(0.5)
    const r2 = new train.R2()
    r2.update(tensor([1]), tensor([1]))
    expect(r2.value).toBeNaN()
  })

  test('are right where squares lose their digits', () => {
    const r2 = new train.R2()
    const y = Array.from({ length: 1000 }, (_, i) => 1e8 + (i % 7))
    r2.update(
      tensor(
        y.map(v => v + 1),
        { dtype: 'float64' },
      ),
      tensor(y, { dtype: 'float64' }),
    )
    const mean = y.reduce((a, b) => a + (b - 1e8), 0) / 1000
    const all = y.reduce((a, b) => a + (b - 1e8 - mean) ** 2, 0)
    expect(r2.value).toBeCloseTo(1 - 1000 / all, 9)
  })

  const refusals: [string, () => unknown, string, RegExp][] = [
    [
      'a column against a row',
      () => new train.MSE().update(zeros([3, 1]), zeros([3])),
      'ShapeError',
      /MSE: predictions \[3, 1\] and targets \[3\] have one shape. Did you mean target.unsqueeze\(1\)/,
    ],
    [
      'scores that do not fit',
      () => new train.Accuracy().update(zeros([3, 2]), int([1, 0])),
      'ShapeError',
      /scores \[3, 2\] do not fit labels \[2\]/,
    ],
    [
      'predictions that do not fit',
      () => new train.Accuracy().update(zeros([3, 2, 4]), int([1, 0])),
      'ShapeError',
      /predictions \[3, 2, 4\] do not fit targets \[2\]/,
    ],
    [
      'a class that does not exist',
      () => new train.F1({ numClasses: 3 }).update(zeros([1, 4]), int([3])),
      'ArgumentError',
      /F1: 3 is no class; there are 3, from 0 to 2/,
    ],
    [
      'a score that is NaN',
      () =>
        new train.ConfusionMatrix().update(
          tensor([
            [1, 0],
            [0, Number.NaN],
          ]),
          int([0, 1]),
        ),
      'ArgumentError',
      /ConfusionMatrix: sample 1 has a score that is NaN, so it is of no class/,
    ],
    [
      'more classes than said',
      () => new train.F1().update(zeros([1, 3]), int([2])),
      'ArgumentError',
      /F1: 2 is no class; there are 2, from 0 to 1. Of more classes: { numClasses }/,
    ],
    ...[train.Accuracy, train.F1, train.RocAuc].map((Kind): [string, () => unknown, string, RegExp] => [
      `a column of scores beside labels, ${Kind.name}`,
      () => new Kind().update(zeros([2, 1]), int([0, 0])),
      'ShapeError',
      /scores \[2, 1\] are of one class. .* of the shape \[2\] of the labels, use prediction.squeeze\(1\)/,
    ]),
    [
      'numbers for classes',
      () => new train.Accuracy().update(tensor([0, 2]), tensor([0, 2])),
      'ArgumentError',
      /Accuracy: predictions of float32 .* labels are 0 or 1, not 2. Give classes as int32, or scores/,
    ],
    [
      'soft labels',
      () => new train.Accuracy().update(tensor([0.2, 0.8]), tensor([0.1, 0.9])),
      'ArgumentError',
      /labels are 0 or 1, not 0.1/,
    ],
    [
      'lists of scores',
      () => new train.RocAuc().update([0, 1] as never, [0, 1] as never),
      'ArgumentError',
      /RocAuc: needs a tensor/,
    ],
    [
      'half a class',
      () => new train.RocAuc().update(tensor([1]), tensor([0.5])),
      'ArgumentError',
      /RocAuc: 0.5 is no class; there are 2/,
    ],
    [
      'other widths',
      () => {
        const auc = new train.RocAuc()
        auc.update(zeros([1, 3]), int([0]))
        auc.update(zeros([1, 4]), int([0]))
      },
      'ArgumentError',
      /RocAuc: a batch has 4 scores for each sample, those before had 3/,
    ],
    ['k of 0', () => new train.TopKAccuracy(0), 'ArgumentError', /k is an integer of at least 1, not 0/],
    [
      'one class',
      () => new train.ConfusionMatrix({ numClasses: 1 }),
      'ArgumentError',
      /numClasses is an integer of at/,
    ],
    [
      'an average',
      () => new train.F1({ average: 'mean' as 'micro' }),
      'ArgumentError',
      /average is 'binary' or 'micro'/,
    ],
    ['an option', () => new train.Accuracy({ treshold: 1 } as object), 'ArgumentError', /unknown option 'treshold'/],
    ['no number', () => new train.Mean<string, void>().update('a'), 'ArgumentError', /Mean: needs a number/],
    [
      'the state of another',
      () => new train.MAE().loadStateDict([1]),
      'ArgumentError',
      /MAE remembers 2 numbers, the state has 1/,
    ],
    ['no state', () => new train.MAE().loadStateDict({ a: 1 }), 'ArgumentError', /the state of MAE is no list/],
  ]
  test.each(refusals)('refuse %s', (_, f, name, message) => {
    expect(f).toThrow(message)
    expect(f).toThrow(expect.objectContaining({ name }))
  })
})
