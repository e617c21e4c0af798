// What a model costs: operations and bytes, counted where ops are applied.
import { describe, expect, test } from 'vitest'
import {
  type Applied,
  checkpoint,
  compile,
  custom,
  F,
  nn,
  observe,
  ones,
  ShapeError,
  type Tensor,
  tensor,
  Value,
  zeros,
} from '../../src/index.ts'

/** All numbers of a line, without the commas in them. */
const numbers = (line: string): number[] => (line.replaceAll(',', '').match(/\d+/g) ?? []).map(Number)
const last = (text: string): number[] => numbers(text.split('\n').at(-1)!)
/** Operations of what f does. */
function flopsOf(f: () => unknown): number {
  let sum = 0
  observe((event: Applied) => {
    sum += event.flops
  }, f)
  return sum
}

describe('operations', () => {
  const x = ones([2, 3, 8, 8])
  const layer = new nn.Linear(5, 6)
  test.each<[string, () => unknown, number]>([
    ['a product', () => ones([4, 5]).matmul(ones([5, 6])), 2 * 4 * 5 * 6],
    ['a batch of products', () => ones([7, 4, 5]).matmul(ones([5, 6])), 7 * 2 * 4 * 5 * 6],
    ['a vector', () => ones([5]).dot(ones([5])), 10],
    ['a linear layer', () => layer.forward(ones([4, 5])), 4 * 6 * (2 * 5 + 1)],
    ['a convolution', () => F.conv2d(x, ones([4, 3, 3, 3]), null, { padding: 1 }), 2 * 4 * 64 * 2 * 27],
    ['in groups', () => F.conv2d(x, ones([6, 1, 3, 3]), null, { groups: 3 }), 2 * 6 * 36 * 2 * 9],
    ['transposed', () => F.convTranspose2d(x, ones([3, 4, 2, 2]), null, { stride: 2 }), 2 * 4 * 64 * 3 * 4 * 2],
    ['means', () => F.avgPool2d(x, [1, 2]), x.numel],
    ['maxima, which only compare', () => F.maxPool2d(x, 2), 0],
    ['a sum', () => x.sum(1), x.numel],
    ['two ops for each element', () => x.add(1).tanh(), 2 * x.numel],
    ['softmax', () => x.softmax(1), 4 * x.numel],
    ['moves', () => x.transpose(0, 1).reshape(-1).slice(0, 1, 5), 0],
    ['of a function of one’s own', () => custom({ forward: (y: Tensor) => y.mul(2), vjp: g => [g] })(x), x.numel],
    ['within a checkpoint', () => checkpoint((y: Tensor) => y.mul(2))(ones([5], { requiresGrad: true })), 5],
    ['of values', () => new Value(2).mul(3).add(1), 2],
  ])('%s', (_, f, expected) => {
    expect(flopsOf(f)).toBe(expected)
  })

  test('are those that a compiled step says', () => {
    const [w, y] = [ones([5, 6]), ones([4, 5])]
    const step = compile(() => y.matmul(w).add(1).tanh())
    for (let i = 0; i < 3; i++) step()
    expect(step.describe()).toHaveLength(1)
    expect(step.describe()[0]).toHaveProperty(
      'flops',
      flopsOf(() => y.matmul(w).add(1).tanh()),
    )
  })
})

describe('a table', () => {
  test('adds up, with what a module does itself in its own row', () => {
    class Block extends nn.Module {
      inner = new nn.Conv2d(3, 3, 3, { padding: 1 })
      norm = new nn.BatchNorm2d(3)
      forward(x: Tensor): Tensor {
        return x.add(this.norm.forward(this.inner.forward(x)))
      }
    }
    const model = new nn.Sequential(new Block(), new nn.Flatten(), new nn.Linear(48, 2))
    const text = nn.summary(model, [1, 3, 4, 4])
    const rows = text.split('\n')
    expect(rows[0]).toMatch(/^module +type +output +parameters +FLOPs +activations$/)
    const flops = rows.slice(1, -2).map(row => numbers(row).at(-2)!)
    expect(flops[1]).toBe(48)
    expect(flops[2]).toBe(48 * 54 + 48)
    expect(flops.reduce((a, b) => a + b)).toBe(last(text)[0])
    const bytes = rows.slice(1, -2).map(row => numbers(row).at(-1)!)
    expect(bytes.reduce((a, b) => a + b)).toBe(last(text).at(-1))
    expect(rows.at(-2)).toContain('188 parameters (188 trainable, 0 frozen), 780 bytes with 3 buffers')
    // evaluation has moved nothing
    expect(model.stateDict()['0.norm.num_batches_tracked']!.item()).toBe(0)
    expect(model.training).toBe(true)
  })

  test('activations once each, reshapes none', () => {
    class Views extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.reshape(-1).mul(2).reshape(2, 3).neg()
      }
    }
    expect(nn.summary(new Views(), [3, 2]).split('\n').at(-1)).toBe(
      '12 FLOPs forward for an input of [3, 2], 48 bytes of activations',
    )
  })

  test('outputs that are lists, layers that are used twice, integers', () => {
    const lstm = nn.summary(new nn.LSTM(3, 2), [5, 4, 3])
    expect(lstm).toContain('[5, 4, 2] [1, 4, 2] [1, 4, 2]')
    class Twice extends nn.Module {
      layer = new nn.Linear(2, 2, { bias: false })
      forward(x: Tensor): Tensor {
        return this.layer.forward(this.layer.forward(x))
      }
    }
    expect(last(nn.summary(new Twice(), [3, 2]))[0]).toBe(2 * 24)
    const words = new nn.Sequential(new nn.Embedding(7, 3) as nn.TensorModule, new nn.Linear(3, 1))
    expect(nn.summary(words, [2, 5], { dtype: 'int32' })).toContain('[2, 5, 3]')
    const heads = new nn.ModuleDict({ a: new nn.Linear(2, 3) })
    expect(nn.summary(heads)).toContain('9 parameters')
  })

  test('is not made of tensors', () => {
    const layer = new nn.Linear(2, 2)
    expect(() => nn.summary(layer, zeros([1, 2]) as never)).toThrow(/summary: .*Did you mean x.shape/)
    expect(() => nn.summary(zeros([1, 2]) as never)).toThrow(/summary: needs a module/)
  })
  test('hooks of one’s own are called, and stay', () => {
    const layer = new nn.Linear(2, 2)
    const shapes: unknown[] = []
    layer.registerForwardHook((_, __, out) => void shapes.push((out as Tensor).shape))
    nn.summary(layer, [3, 2])
    expect(() => nn.summary(layer, [3, 3])).toThrow(ShapeError)
    layer.forward(zeros([1, 2]))
    expect(shapes).toEqual([
      [3, 2],
      [1, 2],
    ])
    expect(layer.training).toBe(true)
    expect(tensor([1]).item()).toBe(1)
  })
})
