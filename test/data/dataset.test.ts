// Data sets and collating: samples, batches, parts of them, and what is refused.
import { describe, expect, expectTypeOf, test } from 'vitest'
import { ArgumentError, data, IndexError, ShapeError, type Tensor, tensor, zeros } from '../../src/index.ts'

const { ConcatDataset, Dataset, defaultCollate, Subset, TensorDataset } = data
const ints = (xs: number[]) => tensor(xs, { dtype: 'int32' })
const set = new TensorDataset(tensor([[1, 2], [3, 4], [5, 6]]), ints([0, 1, 2])) // biome-ignore format: rows

class Names extends Dataset<{ name: string; age: number; tags: [boolean, Tensor] }> {
  readonly length = 3
  get(i: number): { name: string; age: number; tags: [boolean, Tensor] } {
    return { name: 'abc'[i], age: i / 2, tags: [i > 1, ints([i, i])] }
  }
}

describe('TensorDataset', () => {
  test('samples lose the first dimension, batches keep it; dtypes stay', () => {
    expect(set.length).toBe(3)
    const [x, y] = set.get(1)
    expect([x.shape, x.toArray(), y.shape, y.item(), y.dtype]).toEqual([[2], [3, 4], [], 1, 'int32'])
    const [xs, ys] = set.batch([2, 0, 2])
    expect(xs.toArray()).toEqual([
      [5, 6],
      [1, 2],
      [5, 6],
    ])
    expect([ys.toArray(), ys.dtype]).toEqual([[2, 0, 2], 'int32'])
    expect(set.all()).toEqual(set.tensors)
  })

  test('a batch is what collating its samples gives', () => {
    const x = tensor(Float64Array.from({ length: 24 }, (_, i) => i)).reshape(4, 2, 3)
    const cube = new TensorDataset(x, x.sum([1, 2]))
    const indices = [3, 0, 0, 2]
    expect(cube.batch(indices).map(String)).toEqual(defaultCollate(indices.map(i => cube.get(i))).map(String))
  })

  test('a batch of thousands of rows makes no tensor for a row', () => {
    const many = new TensorDataset(zeros([20_000, 8]))
    let made = 0
    const counting = new Proxy(many, {
      get: (target, name) => {
        if (name === 'get') made++
        return Reflect.get(target, name, target)
      },
    })
    expect(new Subset(counting, [4, 3]).batch([0])[0].shape).toEqual([1, 8])
    const [loaded] = new data.DataLoader(counting, { batchSize: 20_000 })
    expect([loaded[0].shape, made]).toEqual([[20_000, 8], 0])
  })

  test('gradients flow to a tensor that collects them', () => {
    const x = tensor([1, 2, 3], { requiresGrad: true })
    new TensorDataset(x).batch([2, 2, 0])[0].sum().backward()
    expect(x.grad?.toArray()).toEqual([1, 0, 2])
  })

  test('refusals', () => {
    expect(() => new TensorDataset()).toThrow(ArgumentError)
    expect(() => new TensorDataset([1] as never)).toThrow(ArgumentError)
    expect(() => new TensorDataset(zeros([3, 2]), zeros([2]))).toThrow(/TensorDataset.*\[3, 2\] and \[2\]/)
    expect(() => new TensorDataset(zeros([]))).toThrow(ShapeError)
    for (const i of [-1, 3]) expect(() => set.get(i)).toThrow(IndexError)
    expect(() => set.batch([0, 3])).toThrow(/no sample 3, they are 0 to 2/)
    expect(() => set.get(0.5)).toThrow(ArgumentError)
  })
})

describe('Subset and ConcatDataset', () => {
  test('of each other, and with rows that repeat', () => {
    const part = new Subset(set, [2, 2, 0])
    expect([part.length, part.get(2)[1].item()]).toEqual([3, 0])
    const both = new ConcatDataset([part, set])
    expect(both.length).toBe(6)
    expect(both.all()[1].toArray()).toEqual([2, 2, 0, 0, 1, 2])
    expect(both.batch([4, 5])[1].toArray()).toEqual([1, 2])
    expect(both.batch([5, 0])[0].toArray()).toEqual([
      [5, 6],
      [5, 6],
    ])
    expect(new Subset(both, [3, 1]).get(1)[1].item()).toBe(2)
    expect(new ConcatDataset([new Subset(set, []), set]).get(0)[1].item()).toBe(0)
  })

  test('refusals', () => {
    expect(() => new Subset(set, [0, 3])).toThrow(IndexError)
    expect(() => new Subset([] as never, [])).toThrow(ArgumentError)
    expect(() => new Subset(set, [1]).get(1)).toThrow(/Subset: there is no sample 1/)
    expect(() => new ConcatDataset([])).toThrow(ArgumentError)
    expect(() => new ConcatDataset([set, 3 as never])).toThrow(/needs a Dataset, not 3/)
    expect(() => new ConcatDataset([set, set]).get(6)).toThrow(IndexError)
  })
})

describe('defaultCollate', () => {
  test('records, tuples, numbers, booleans, text, as deep as they go', () => {
    const batch = new Names().batch([0, 2])
    expectTypeOf(batch).toEqualTypeOf<{ name: string[]; age: Tensor; tags: [Tensor, Tensor] }>()
    expect(batch.name).toEqual(['a', 'c'])
    expect([batch.age.dtype, batch.age.toArray()]).toEqual(['float32', [0, 1]])
    expect([batch.tags[0].dtype, batch.tags[0].toArray()]).toEqual(['bool', [false, true]])
    expect([batch.tags[1].dtype, batch.tags[1].shape]).toEqual(['int32', [2, 2]])
  })

  test('refusals name the sample and the place', () => {
    expect(() => defaultCollate([])).toThrow(ArgumentError)
    expect(() => defaultCollate([{ x: [zeros([2])] }, { x: [zeros([3])] }])).toThrow(ShapeError)
    expect(() => defaultCollate([{ x: [zeros([2])] }, { x: [zeros([3])] }])).toThrow(
      /sample 1 of the batch has shape \[3\] at x \[0\], sample 0 has \[2\]/,
    )
    expect(() => defaultCollate([[1], [1, 2]])).toThrow(/sample 1 of the batch has an array of 2 where/)
    expect(() => defaultCollate([{ a: 1 }, { b: 1 }] as never)).toThrow(/object \{ b \} where sample 0 has an object/)
    expect(() => defaultCollate([ints([1]), tensor([1])])).toThrow(/a tensor of float32 where/)
    expect(() => defaultCollate([1, '1'] as never)).toThrow(ArgumentError)
    expect(() => defaultCollate([[null]])).toThrow(/cannot put null at \[0\] into a batch/)
    expect(() => defaultCollate([new Map()])).toThrow(/an object \(Map\)/)
  })
})
