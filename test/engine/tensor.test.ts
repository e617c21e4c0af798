// The tensor's face: what gradients do to leaves and intermediates, and what errors leave alone.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { DtypeError, GradError, noGrad, ShapeError, Tensor, tensor, zeros } from '../../src/index.ts'

const leaf = (x: number | number[] | number[][]) => tensor(x, { dtype: 'float64', requiresGrad: true })
const numbers = (x: Tensor | null | undefined) => x && [...x.data]

describe('reading', () => {
  test('shape, dtype, sizes', () => {
    const x = zeros([2, 3])
    expect([x.shape, x.dtype, x.ndim, x.numel, x.nbytes]).toEqual([[2, 3], 'float32', 2, 6, 24])
    expect(x.size()).toEqual([2, 3])
    expect(x.size(-1)).toBe(3)
    expect(zeros([0, 3]).numel).toBe(0)
    expect(tensor(5).shape).toEqual([])
    expect(zeros([4], { dtype: 'bool' }).nbytes).toBe(4)
  })

  test('toArray nests; item takes exactly one element', () => {
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).toArray(),
    ).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(tensor(7).toArray()).toBe(7)
    expect(tensor([true, false]).toArray()).toEqual([true, false])
    expect(zeros([2, 0]).toArray()).toEqual([[], []])
    expect(tensor([[7]]).item()).toBe(7)
    expect(() => tensor([1, 2]).item()).toThrow(ShapeError)
    expect(() => tensor([1, 2]).item()).toThrow('exactly one element, [2] has 2')
    expect(() => zeros([0]).item()).toThrow(ShapeError)
  })

  test('equal is exact, allclose is near', () => {
    const x = tensor([1, 2])
    expect(x.equal(tensor([1, 2]))).toBe(true)
    expect(x.equal(tensor([[1, 2]]))).toBe(false)
    expect(x.equal(tensor([1, 2.001]))).toBe(false)
    expect(tensor([NaN]).equal(tensor([NaN]))).toBe(false)
    expect(x.allclose(tensor([1, 2.00001]))).toBe(true)
    expect(x.allclose(tensor([1, 2.1]))).toBe(false)
    expect(x.allclose(tensor([1, 2.1]), { rtol: 0.1 })).toBe(true)
    expect(tensor([NaN]).allclose(tensor([NaN]))).toBe(false)
    expect(tensor([NaN]).allclose(tensor([NaN]), { equalNan: true })).toBe(true)
    expect(tensor([Infinity]).allclose(tensor([Infinity]))).toBe(true)
  })

  test('JS operators throw, a template prints', () => {
    const x = tensor([1, 2]) as unknown as number
    expect(() => x + 1).toThrow(GradError)
    expect(() => x * x).toThrow('a.mul(b)')
    expect(() => x < 2).toThrow('a.lt(b)')
    expect(`${x}`).toBe(inspect(x))
    expect(`${x}`).toContain('tensor([1., 2.]')
  })
})

describe('backward', () => {
  test('gradients add up over backwards, until they are set to null', () => {
    const x = leaf([1, 2, 3])
    x.square().sum().backward()
    expect(numbers(x.grad)).toEqual([2, 4, 6])
    x.square().sum().backward()
    expect(numbers(x.grad)).toEqual([4, 8, 12])
    x.grad = null
    x.sum().backward()
    expect(numbers(x.grad)).toEqual([1, 1, 1])
  })

  test('a seed weights the outputs', () => {
    const x = leaf([1, 2, 3])
    x.square().backward(tensor([1, 10, 0], { dtype: 'float64' }))
    expect(numbers(x.grad)).toEqual([2, 40, 0])
    expect(() => x.square().backward()).toThrow(ShapeError)
    expect(() => x.square().backward()).toThrow('backward: [3] is not one number; reduce it')
    expect(() => x.square().backward(tensor([1, 2]))).toThrow('the seed has shape [2], the tensor [3]')
    expect(numbers(x.grad)).toEqual([2, 40, 0])
  })

  test('a broadcast operand gets the sum, in its own shape and dtype', () => {
    const x = leaf([[1], [2]])
    const b = tensor(3, { requiresGrad: true })
    x.mul(tensor([1, 10, 100]))
      .add(b)
      .sum()
      .backward()
    expect(x.grad?.shape).toEqual([2, 1])
    expect(numbers(x.grad)).toEqual([111, 111])
    expect([b.grad?.shape, b.grad?.dtype, b.grad?.item()]).toEqual([[], 'float32', 6])
    expect(x.grad?.dtype).toBe('float64')
  })

  test('nothing to differentiate by', () => {
    expect(() => tensor([1]).backward()).toThrow(GradError)
    expect(() => tensor([1]).exp().backward()).toThrow('requiresGrad: true')
    expect(() => leaf([1]).gt(0).backward()).toThrow(GradError)
  })

  test('only float leaves can require a gradient; computed tensors cannot change it', () => {
    expect(() => tensor([1, 2], { dtype: 'int32', requiresGrad: true })).toThrow(DtypeError)
    expect(() => tensor([1, 2], { dtype: 'int32' }).requiresGrad_()).toThrow('not int32')
    expect(() => leaf([1]).exp().requiresGrad_(false)).toThrow('detach()')
    const x = leaf([1])
    expect(x.requiresGrad_(false).requiresGrad).toBe(false)
    expect(x.exp().requiresGrad).toBe(false)
  })

  test('leaves and results', () => {
    const x = leaf([1])
    expect([x.isLeaf, x.exp().isLeaf, tensor([1]).exp().isLeaf, x.detach().isLeaf]).toEqual([true, false, true, true])
    expect([x.requiresGrad, x.exp().requiresGrad, x.gt(0).requiresGrad, x.argmax().requiresGrad]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  test('on a leaf itself', () => {
    const x = leaf(3)
    x.backward()
    expect(x.grad?.item()).toBe(1)
  })

  test('gradients of intermediates are not kept, unless asked for', () => {
    const x = leaf([1, 2])
    const a = x.mul(3)
    const b = a.square().retainGrad()
    b.sum().mul(5).backward()
    expect(a.grad).toBeNull()
    expect(numbers(b.grad)).toEqual([5, 5])
    expect(numbers(x.grad)).toEqual([90, 180])
    expect(() => tensor([1]).retainGrad()).toThrow(GradError)
  })

  test('inputs: gradients for these alone', () => {
    const x = leaf([1, 2])
    const y = leaf([3, 4])
    x.mul(y)
      .sum()
      .backward(undefined, { inputs: [y] })
    expect(x.grad).toBeNull()
    expect(numbers(y.grad)).toEqual([1, 2])
    expect(() => x.sum().backward(undefined, { inputs: [tensor([1])] })).toThrow(GradError)
  })

  test('inputs may be intermediates; hooks still run on the way', () => {
    const x = leaf([1, 2])
    const y = x.mul(3)
    const z = y.square()
    z.registerHook(g => g.mul(10))
    z.sum().backward(undefined, { inputs: [y] })
    expect(numbers(y.grad)).toEqual([60, 120])
    expect(x.grad).toBeNull()
  })

  test('a gradient has the dtype of its tensor, whatever the seed has', () => {
    const x = leaf([1, 2])
    x.mul(2).backward(tensor([1, 1]))
    expect([x.grad?.dtype, numbers(x.grad)]).toEqual(['float64', [2, 2]])
    const y = leaf([1, 2])
    y.sum().backward(tensor(3))
    expect(y.grad?.dtype).toBe('float64')
    const z = tensor([1, 2], { requiresGrad: true })
    z.mul(leaf([3, 4]))
      .sum()
      .backward()
    expect([z.grad?.dtype, numbers(z.grad)]).toEqual(['float32', [3, 4]])
  })

  test('a gradient set by hand to another shape is an error that sets none', () => {
    const x = leaf([1, 2])
    const y = leaf([3, 4])
    const wrong = zeros([3])
    for (const [good, bad] of [
      [x, y],
      [y, x],
    ] as const) {
      good.grad = null
      bad.grad = wrong
      expect(() => x.mul(y).sum().backward()).toThrow(ShapeError)
      expect([good.grad, bad.grad]).toEqual([null, wrong])
    }
  })

  test('a tensor used many times', () => {
    const x = leaf([2])
    const y = x.mul(x).mul(x)
    y.add(y).backward()
    expect(numbers(x.grad)).toEqual([24])
  })
})

describe('a freed graph', () => {
  test('a second backward names the option', () => {
    const out = leaf([1, 2]).exp().sum()
    out.backward()
    expect(() => out.backward()).toThrow(GradError)
    expect(() => out.backward()).toThrow('retainGraph: true')
  })

  test('retainGraph keeps it', () => {
    const x = leaf([1, 2])
    const out = x.square().sum()
    out.backward(undefined, { retainGraph: true })
    out.backward()
    expect(numbers(x.grad)).toEqual([4, 8])
    expect(() => out.backward()).toThrow(GradError)
  })

  test('what was stored is let go', () => {
    const x = leaf([1, 2])
    const y = x.exp()
    const node = y.node
    expect(node?.saved).toEqual([y])
    y.sum().backward()
    expect(node?.saved).toEqual([])
  })

  test('no gradient is set when a part of the graph was freed', () => {
    const x = leaf([1, 2])
    const w = leaf([3, 4])
    const shared = x.exp()
    shared.sum().backward()
    const before = x.grad
    // w's own path is whole, but the walk fails at `shared`
    const out = shared.mul(w).sum().add(w.sum())
    expect(() => out.backward()).toThrow("below 'exp' was freed")
    expect(w.grad).toBeNull()
    expect(x.grad).toBe(before)
  })
})

describe('createGraph', () => {
  test('gradients differentiate again, to any order', () => {
    const x = leaf(2)
    x.pow(4).backward(undefined, { createGraph: true })
    const first = x.grad as Tensor
    expect(first.item()).toBe(32)
    x.grad = null
    first.backward(undefined, { createGraph: true })
    const second = x.grad as unknown as Tensor
    expect(second.item()).toBe(48)
    x.grad = null
    second.backward()
    expect((x.grad as unknown as Tensor).item()).toBe(48)
  })

  test('without it, gradients are off the graph', () => {
    const x = leaf([1, 2])
    x.square().sum().backward()
    expect(x.grad?.requiresGrad).toBe(false)
  })

  test('a penalty on the gradient', () => {
    const w = leaf([1, -2])
    const x = leaf([3, 0.5])
    w.mul(x)
      .tanh()
      .sum()
      .backward(undefined, { createGraph: true, inputs: [x] })
    // d/dx = w (1 - tanh(wx)^2)
    const g = x.grad as Tensor
    g.square()
      .sum()
      .backward(undefined, { inputs: [w] })
    const expected = [
      [1, 3],
      [-2, 0.5],
    ].map(([a, b]) => {
      const f = (v: number) => (v * (1 - Math.tanh(v * b!) ** 2)) ** 2
      const h = 1e-5
      return (f(a! + h) - f(a! - h)) / (2 * h)
    })
    for (const [i, value] of expected.entries()) expect(w.grad?.data[i]).toBeCloseTo(value, 8)
  })
})

describe('detach, noGrad, clone', () => {
  test('detach cuts', () => {
    const x = leaf([3])
    x.mul(x.detach()).backward()
    expect(numbers(x.grad)).toEqual([3])
    expect(x.detach().requiresGrad).toBe(false)
    expect(numbers(x.detach())).toEqual([3])
  })

  test('noGrad records nothing, and ends with an error too', () => {
    const x = leaf([3])
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false)
    expect(() =>
      noGrad(() => {
        throw new Error('mine')
      }),
    ).toThrow('mine')
    expect(x.mul(2).requiresGrad).toBe(true)
    expect(noGrad(() => leaf([1])).requiresGrad).toBe(true)
  })

  test('clone is a result', () => {
    const x = leaf([3])
    const y = x.clone()
    expect([y.isLeaf, y.node?.name !== 'leaf']).toEqual([false, true])
    y.mul(2).backward()
    expect(numbers(x.grad)).toEqual([2])
    expect(y.grad).toBeNull()
  })
})

describe('hooks', () => {
  test('see the complete gradient', () => {
    const x = leaf([1, 2])
    const y = x.mul(2)
    const seen: unknown[] = []
    y.registerHook(g => {
      seen.push(numbers(g))
      return undefined
    })
    y.add(y.mul(3)).sum().backward()
    expect(seen).toEqual([[4, 4]])
    expect(numbers(x.grad)).toEqual([8, 8])
  })

  test('replace it, in the order of registration, on leaves and results', () => {
    const x = leaf([1, 2])
    const y = x.mul(2)
    y.registerHook(g => g.mul(10))
    y.registerHook(g => g.add(1))
    x.registerHook(g => g.neg())
    y.sum().backward()
    expect(numbers(x.grad)).toEqual([-22, -22])
  })

  test('are removed by what registering returns', () => {
    const x = leaf([1])
    const remove = x.registerHook(g => g.mul(100))
    x.registerHook(g => g.mul(3))
    remove()
    x.sum().backward()
    expect(numbers(x.grad)).toEqual([3])
    expect(() => tensor([1]).registerHook(() => undefined)).toThrow(GradError)
  })

  test('one that throws leaves all gradients as they were', () => {
    const x = leaf([1])
    const y = leaf([2])
    y.registerHook(() => {
      throw new Error('mine')
    })
    expect(() => x.mul(y).sum().backward()).toThrow('mine')
    expect([x.grad, y.grad]).toEqual([null, null])
    // and recording goes on as before
    expect(x.mul(2).requiresGrad).toBe(true)
  })

  test('that gives another shape is a clear error, and sets nothing', () => {
    const x = leaf([1, 2])
    x.registerHook(() => tensor([1, 2, 3]))
    expect(() => x.sum().backward()).toThrow(ShapeError)
    expect(x.grad).toBeNull()
  })
})

describe('assign', () => {
  test('gives a leaf another value', () => {
    const x = leaf([1, 2])
    expect(x.assign(tensor([5, 6]))).toBe(x)
    expect(numbers(x)).toEqual([5, 6])
    expect([x.dtype, x.requiresGrad]).toEqual(['float64', true])
    x.assign(Float32Array.of(7, 8))
    expect(numbers(x)).toEqual([7, 8])
    x.square().sum().backward()
    expect(numbers(x.grad)).toEqual([14, 16])
  })

  test('after the forward does not make a gradient stale', () => {
    const w = leaf([2, 3])
    const x = leaf([10, 20])
    const out = w.mul(x).sin().mul(w).sum()
    const fresh = w.detach().requiresGrad_()
    const freshX = x.detach().requiresGrad_()
    fresh.mul(freshX).sin().mul(fresh).sum().backward()
    w.assign(tensor([-1, -1], { dtype: 'float64' }))
    x.assign(tensor([0, 0], { dtype: 'float64' }))
    out.backward()
    expect(numbers(w.grad)).toEqual(numbers(fresh.grad))
    expect(numbers(x.grad)).toEqual(numbers(freshX.grad))
  })

  test('nor a gradient of a gradient', () => {
    const w = leaf([2])
    const out = w.pow(3).sum()
    w.assign(tensor([100], { dtype: 'float64' }))
    out.backward(undefined, { createGraph: true })
    const g = w.grad as Tensor
    expect(numbers(g)).toEqual([12])
    w.grad = null
    w.assign(tensor([-7], { dtype: 'float64' }))
    g.backward()
    expect(numbers(w.grad)).toEqual([12])
  })

  test('shares nothing with the caller', () => {
    const x = leaf([1, 2])
    const array = Float64Array.of(5, 6)
    x.assign(array)
    array[0] = 99
    expect(numbers(x)).toEqual([5, 6])
    const y = tensor([1, 2], { dtype: 'float64' })
    x.assign(y)
    y.assign(Float64Array.of(0, 0))
    expect(numbers(x)).toEqual([1, 2])
  })

  test('a wrong one is an error and leaves the tensor as it was', () => {
    const x = leaf([1, 2])
    expect(() => x.assign(tensor([1, 2, 3]))).toThrow(ShapeError)
    expect(() => x.assign(tensor([[1, 2]]))).toThrow('assign: expected [2], not [1, 2]')
    expect(() => x.assign(Float64Array.of(1))).toThrow('1 elements')
    const out = x.mul(2)
    expect(() => out.assign(tensor([1, 2]))).toThrow(GradError)
    expect([numbers(x), numbers(out)]).toEqual([
      [1, 2],
      [2, 4],
    ])
  })
})

describe('operands', () => {
  test('a failed op leaves the graph as it was', () => {
    const x = leaf([1, 2])
    expect(() => x.add(tensor([1, 2, 3]))).toThrow(ShapeError)
    expect(() => x.matmul(zeros([3, 3], { dtype: 'float64' }))).toThrow(ShapeError)
    x.square().sum().backward()
    expect(numbers(x.grad)).toEqual([2, 4])
  })

  test('arrays, null and strings are no operands', () => {
    const x = tensor([1, 2])
    expect(() => x.add([1, 2] as never)).toThrow('use tensor([...])')
    expect(() => x.add(null as never)).toThrow('not null')
    expect(() => x.add('1' as never)).toThrow('string')
    expect(() => x.add(undefined as never)).toThrow('undefined')
  })

  test('ops change no operand', () => {
    const x = tensor([1, 2])
    x.add(1)
    x.scatter(0, tensor([0], { dtype: 'int32' }), 9)
    x.sort()
    expect(x.toArray()).toEqual([1, 2])
    expect(x).toBeInstanceOf(Tensor)
  })
})
