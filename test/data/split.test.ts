// Splits: sizes, classes, seeds, scikit-learn's rules; and what is refused.
import { describe, expect, test } from 'vitest'
import { ArgumentError, data, Generator, ShapeError, tensor } from '../../src/index.ts'

const { kFold, randomSplit, stratifiedKFold, Subset, TensorDataset, trainTestSplit } = data
const set = (n: number) => new TensorDataset(tensor(Float64Array.from({ length: n }, (_, i) => i)))
const generator = (seed = 1) => new Generator(seed)
const sorted = (xs: readonly number[]) => [...xs].sort((a, b) => a - b)
const upTo = (n: number) => [...Array(n).keys()]
type Parts = readonly { readonly indices: readonly number[] }[]
const all = (parts: Parts) => sorted(parts.flatMap(({ indices }) => indices))
const sizes = (parts: Parts) => parts.map(({ indices }) => indices.length)
const counts = (labels: readonly number[], { indices }: Parts[number], classes: number) =>
  upTo(classes).map(k => indices.filter(i => labels[i] === k).length)

describe('randomSplit', () => {
  test("PyTorch's sizes: lengths, fractions, the rest one by one", () => {
    expect(sizes(randomSplit(set(10), [7, 3]))).toEqual([7, 3])
    // torch.utils.data.random_split(range(11), [0.3, 0.3, 0.4]) and (range(30), [0.3, 0.3, 0.4])
    expect(sizes(randomSplit(set(11), [0.3, 0.3, 0.4]))).toEqual([4, 3, 4])
    expect(sizes(randomSplit(set(30), [0.3, 0.3, 0.4]))).toEqual([9, 9, 12])
    expect(sizes(randomSplit(set(10), [0.7, 0.2, 0.1]))).toEqual([7, 2, 1])
    expect(sizes(randomSplit(set(5), [1]))).toEqual([5])
    expect(sizes(randomSplit(set(1), [1, 0]))).toEqual([1, 0])
    expect(sizes(randomSplit(set(3), [0, 1, 2]))).toEqual([0, 1, 2])
  })

  test('every sample once, in random order, seeded', () => {
    const parts = randomSplit(set(20), [15, 5], { generator: generator() })
    expect(all(parts)).toEqual(upTo(20))
    expect(parts[0].indices).not.toEqual(sorted(parts[0].indices))
    expect(randomSplit(set(20), [15, 5], { generator: generator() })).toEqual(parts)
    expect(parts[1].all()[0].toArray()).toEqual(parts[1].indices)
  })

  test('refusals', () => {
    expect(() => randomSplit(set(10), [7, 4])).toThrow(/lengths 7, 4 add up to 11, but there are 10 samples/)
    expect(() => randomSplit(set(10), [0.5, 0.4])).toThrow(/fractions 0.5, 0.4 add up to 0.9, not to 1/)
    expect(() => randomSplit(set(10), [1.5, -0.5])).toThrow(/length 1 is -0.5/)
    expect(() => randomSplit(set(10), [])).toThrow(ArgumentError)
    expect(() => randomSplit(set(10), ['0.5', '0.5'] as never)).toThrow(/length 0 is the string '0.5'/)
    expect(() => trainTestSplit(set(10), { testSize: '0.2' as never })).toThrow(/testSize is .* not the string '0.2'/)
    expect(() => randomSplit(set(0), [0.5, 0.5])).toThrow(/empty/)
    expect(() => randomSplit([1] as never, [1])).toThrow(/needs a Dataset/)
    expect(() => randomSplit(set(2), [1, 1], { seed: 3 } as never)).toThrow(/unknown option 'seed'/)
    expect(() => randomSplit(set(2), [1, 1], { generator: 3 as never })).toThrow(/a Generator, not 3/)
  })
})

describe('trainTestSplit', () => {
  test("scikit-learn's sizes: a quarter, test rounded up, train rounded down, counts", () => {
    expect(sizes(trainTestSplit(set(10)))).toEqual([7, 3])
    expect(sizes(trainTestSplit(set(10), { testSize: 0.31 }))).toEqual([6, 4])
    expect(sizes(trainTestSplit(set(10), { trainSize: 0.75 }))).toEqual([7, 3])
    expect(sizes(trainTestSplit(set(10), { testSize: 0.3 }))).toEqual([7, 3])
    expect(sizes(trainTestSplit(set(10), { testSize: 2, trainSize: 0.5 }))).toEqual([5, 2])
    expect(sizes(trainTestSplit(set(10), { trainSize: 1 }))).toEqual([1, 9])
  })

  test('each sample in one part, seeded; in order without shuffle', () => {
    const parts = trainTestSplit(set(40), { generator: generator() })
    expect(all(parts)).toEqual(upTo(40))
    expect(trainTestSplit(set(40), { generator: generator() })).toEqual(parts)
    expect(trainTestSplit(set(40), { generator: generator(2) })).not.toEqual(parts)
    expect(parts[0]).toBeInstanceOf(Subset)
    const [train, test] = trainTestSplit(set(5), { shuffle: false, testSize: 2, trainSize: 2 })
    expect([train.indices, test.indices]).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  test('stratified: the proportions of the whole, random members', () => {
    const labels = upTo(100).map(i => (i < 60 ? 0 : i < 90 ? 1 : 2))
    const of = (seed: number) =>
      trainTestSplit(set(100), { testSize: 0.2, stratify: labels, generator: generator(seed) })
    const [train, test] = of(1)
    expect([counts(labels, train, 3), counts(labels, test, 3)]).toEqual([
      [48, 24, 8],
      [12, 6, 2],
    ])
    expect(all([train, test])).toEqual(upTo(100))
    expect(of(1)).toEqual([train, test])
    expect(sorted(of(2)[1].indices)).not.toEqual(sorted(test.indices))
    // not class after class
    expect(train.indices.slice(0, 48).some(i => labels[i] !== 0)).toBe(true)
    const odd = upTo(11).map(i => +(i > 6))
    const parts = trainTestSplit(set(11), { testSize: 0.4, stratify: tensor(odd, { dtype: 'int32' }) })
    expect(parts.map(part => counts(odd, part, 2))).toEqual([
      [4, 2],
      [3, 2],
    ])
  })

  test('refusals', () => {
    const refused = (
      n: number,
      given: object,
      message: RegExp,
      type: typeof ArgumentError | typeof ShapeError = ArgumentError,
    ) => {
      expect(() => trainTestSplit(set(n), given)).toThrow(type)
      expect(() => trainTestSplit(set(n), given)).toThrow(message)
    }
    for (const testSize of [0, -1, 1.5, NaN, 11]) refused(10, { testSize }, /testSize is a fraction/)
    refused(10, { testSize: 6, trainSize: 5 }, /6 to be judged by are more than all 10/)
    refused(1, {}, /both parts need one/)
    refused(10, { testSize: 10 }, /0 would be left to learn from/)
    refused(0, {}, /empty/)
    refused(4, { stratify: [0, 0, 1] }, /3 labels for 4 samples/, ShapeError)
    refused(4, { stratify: [0, 0, 0.5, 1] }, /label 2 is 0.5/)
    refused(4, { stratify: [0, 0, 0, 1] }, /class 1 has one sample only/)
    refused(8, { stratify: [0, 0, 1, 1, 2, 2, 3, 3], testSize: 3 }, /3 samples to be judged by are fewer than the 4/)
    refused(4, { stratify: [0, 0, 1, 1], shuffle: false }, /to stratify is to shuffle/)
    refused(4, { test_size: 1 }, /unknown option 'test_size'/)
  })
})

describe('kFold', () => {
  test('each sample is in one test part; sizes differ by at most one, the first larger', () => {
    for (const shuffle of [false, true]) {
      const folds = kFold(set(13), { splits: 5, shuffle, generator: generator() })
      expect(folds.map(([, test]) => test.length)).toEqual([3, 3, 3, 2, 2])
      expect(all(folds.map(([, test]) => test))).toEqual(upTo(13))
      for (const fold of folds) expect(all(fold)).toEqual(upTo(13))
    }
    expect(kFold(set(5))[4].map(({ indices }) => indices)).toEqual([[0, 1, 2, 3], [4]])
    const shuffled = (seed: number) => kFold(set(9), { splits: 3, shuffle: true, generator: generator(seed) })
    expect(shuffled(1)).toEqual(shuffled(1))
    expect(shuffled(1)).not.toEqual(shuffled(2))
    expect(shuffled(1)).not.toEqual(kFold(set(9), { splits: 3 }))
  })

  test('refusals', () => {
    for (const splits of [1, 2.5, 4]) expect(() => kFold(set(3), { splits })).toThrow(ArgumentError)
    expect(() => kFold(set(3), { k: 2 } as never)).toThrow(/unknown option 'k'/)
  })
})

describe('stratifiedKFold', () => {
  const foldsOf = (labels: readonly number[], splits: number): number[] => {
    const out = new Array<number>(labels.length)
    stratifiedKFold(set(labels.length), labels, { splits }).forEach(([, test], fold) => {
      for (const i of test.indices) out[i] = fold
    })
    return out
  }

  test("scikit-learn's folds", () => {
    // StratifiedKFold(3) and (2), as its algorithm in NumPy gives them
    const labels = [2, 0, 2, 1, 0, 2, 1, 1, 0, 2, 2, 1, 0, 2, 2, 1, 0]
    expect(foldsOf(labels, 3)).toEqual([0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    expect(foldsOf([1, 1, 0, 0, 1, 0, 1], 2)).toEqual([0, 0, 0, 0, 1, 1, 1])
  })

  test('shuffled: other members, the same numbers of each class; seeded', () => {
    const labels = upTo(50).map(i => +(i % 5 === 0))
    const of = (seed: number) => stratifiedKFold(set(50), labels, { shuffle: true, generator: generator(seed) })
    for (const [train, test] of of(1)) {
      expect([counts(labels, test, 2), counts(labels, train, 2)]).toEqual([
        [8, 2],
        [32, 8],
      ])
    }
    expect(of(1)).toEqual(of(1))
    expect(of(1)).not.toEqual(of(2))
    expect(all(of(1).map(([, test]) => test))).toEqual(upTo(50))
  })

  test('refusals', () => {
    expect(() => foldsOf([0, 0, 0, 1, 1], 3)).toThrow(/class 1 has 2 samples, fewer than the 3 folds/)
    expect(() => stratifiedKFold(set(3), [0, 1])).toThrow(ArgumentError)
    expect(() => stratifiedKFold(set(6), [0, 1], { splits: 2 })).toThrow(ShapeError)
    expect(() => foldsOf([0, 0.5], 2)).toThrow(/LabelEncoder/)
  })
})
