// Sweeps in several orders: the same gradients, what is held meanwhile, and the recursion that is wrong.
import { describe, expect, test } from 'vitest'
import { naiveSweep, naiveTable, sweeps, sweepTable } from '../../src/explain/order.ts'
import { formats, render } from '../../src/explain/table.ts'
import { ArgumentError, GradError, grad, nn, randn, ShapeError, type Tensor, tensor, Value } from '../../src/index.ts'

const branches = (x: Value): Value => x.sin().exp().add(x.cos().exp())
/** Many chains from one input to one sum; nothing is stored, as their ops are linear. */
function wide(x: Tensor): Tensor {
  let sum = x.mul(1.5)
  for (let k = 1; k <= 8; k++) {
    let y = x.mul(k)
    for (let i = 0; i < 5; i++) y = y.mul(1.5)
    sum = sum.add(y)
  }
  return sum
}

describe('sweeps', () => {
  test('visit in their order, each row when its adjoint is complete', () => {
    const mine = ['w5', 'w3', 'w1', 'w4', 'w2']
    const found = sweeps(branches, [1], { orders: { mine, reversed: nodes => [...nodes] } })
    expect(found.map(({ order, visited }) => [order, visited.join(' ')])).toEqual([
      ['depthFirst', 'w5 w4 w2 w3 w1 x1'],
      ['breadthFirst', 'w5 w3 w4 w1 w2 x1'],
      ['mine', 'w5 w3 w1 w4 w2 x1'],
      ['reversed', 'w5 w4 w2 w3 w1 x1'],
    ])
    for (const { gradients, difference } of found) {
      expect(gradients[0]).toBeCloseTo(grad(branches)(1), 14)
      expect(difference).toBeLessThan(1e-15)
    }
  })

  test('hold as many adjoints as wait: few branch by branch, many side by side', () => {
    const x = randn([100], { dtype: 'float64' })
    const [depth, breadth] = sweeps(wide, [x])
    expect(breadth!.waiting.bytes).toBeGreaterThan(2 * depth!.waiting.bytes)
    expect(breadth!.peak.bytes).toBeGreaterThan(2 * depth!.peak.bytes)
    expect(depth!.waiting.values % 100).toBe(0)
    expect((depth!.gradients[0] as Tensor).allclose(breadth!.gradients[0] as Tensor)).toBe(true)
    expect((depth!.gradients[0] as Tensor).data[0]).toBeCloseTo(1.5 + 36 * 1.5 ** 5, 10)
  })

  test('take models, several inputs and inputs without use', () => {
    const model = new nn.Linear(3, 2)
    const [found] = sweeps(model, [tensor([[1, 2, 3]])])
    const columns = model.weight.sum(0).toArray()
    expect((found!.gradients[0] as Tensor).toArray()).toEqual([columns])
    const [scalar] = sweeps((x: Value, _: Value) => x.exp(), [0, 5])
    expect(scalar!.gradients).toEqual([1, 0])
    expect(
      (sweeps((x: Tensor, _: Tensor) => x.exp(), [tensor([0]), tensor([1, 2])])[0]!.gradients[1] as Tensor).toArray(),
    ).toEqual([0, 0])
  })

  test('take formulas, with the names in them', () => {
    const [found] = sweeps('a*b + sin(a)', { a: 2, b: 3 })
    expect(found!.visited[0]).toBe('w3')
    expect([...found!.visited].sort()).toEqual(['a', 'b', 'w1', 'w2', 'w3'])
    expect(found!.gradients).toEqual([3 + Math.cos(2), 2])
  })

  test('leave what they are given as it was', () => {
    const x = new Value(2)
    x.grad = 7
    sweeps(branches, [x])
    expect([x.data, x.grad]).toEqual([2, 7])
  })

  test.each<[() => unknown, new (m: string) => Error, RegExp]>([
    [
      () => sweeps(branches, [1], { orders: { wrong: ['w3', 'w5', 'w1', 'w4', 'w2'] } }),
      GradError,
      /before all of its consumers/,
    ],
    [() => sweeps(branches, [1], { orders: { wrong: ['w5', 'w9'] } }), ArgumentError, /no 'w9' in the graph of w5, /],
    [() => sweeps(branches, [1], { orders: { wrong: nodes => nodes.slice(1) } }), GradError, /order/],
    [() => sweeps(branches, [1], { orders: { wrong: 'sideways' as never } }), ArgumentError, /not 'sideways'/],
    [() => sweeps(branches, [1], { orders: 3 as never }), ArgumentError, /orders by what to call them/],
    [() => sweeps(branches, [1], { order: [] } as never), ArgumentError, /unknown option 'order'/],
    [() => sweeps((x: Value) => [x, x], [1]), ShapeError, /the function has 2/],
    [() => sweeps((_: Value) => new Value(3).detach(), [1]), ArgumentError, /none of the inputs/],
    [() => sweeps(3 as never, [1]), ArgumentError, /needs a function/],
  ])('error %#', (run, type, message) => {
    expect(run).toThrow(type)
    expect(run).toThrow(message)
  })
})

test('sweeps as a table', () => {
  const table = sweepTable(sweeps(branches, [1]))
  expect(render(table, 'text', { width: 120 })).toMatch(/^depthFirst +w5 w4 w2 w3 w1 x1 +\d+ +\d+ +0$/m)
  for (const format of formats) expect(render(table, format)).toContain('breadthFirst')
})

describe('the naive recursion', () => {
  test('fails on a result with two consumers, one of which reads the other', () => {
    const found = naiveSweep(
      (x: Value) => {
        const w = x.sin()
        return w.add(w.exp())
      },
      [0],
    )
    expect(found).toEqual({
      inputs: ['x1'],
      visited: ['w3', 'w1', 'x1', 'w2'],
      gradients: [1],
      right: [2],
      early: [{ name: 'w1', given: 1, uses: 2 }],
    })
  })

  test('as a table', () => {
    const table = naiveTable(naiveSweep('sin(x) + exp(sin(x))', { x: 0 }))
    expect(render(table)).toMatch(/^x +\S+ +2$/m)
    const shared = naiveTable(naiveSweep((x: Value) => [x.sin()].map(w => w.add(w.exp()))[0] as Value, [0]))
    expect(render(shared)).toMatch(/^x1 +1 +2$/m)
    expect(render(shared)).toContain('w1 came too early: 1 of the 2 terms of its adjoint were there.')
    for (const format of formats) expect(render(shared, format)).toContain('w1')
  })

  test('is right on trees, on inputs that are used twice, and where the other consumer happens to come first', () => {
    const lecture = (x1: Value, x2: Value): Value => x1.mul(x2).add(x1.sin())
    const lucky = (x: Value): Value => {
      const w = x.sin()
      return w.exp().sub(w)
    }
    for (const [f, at] of [
      [lecture, [2, 3]],
      [lucky, [1]],
    ] as const) {
      const { gradients, right, early } = naiveSweep(f, at)
      expect(gradients).toEqual(right)
      expect(early).toEqual([])
    }
  })

  test('fails on no graph of fewer than three ops', () => {
    type Op = (xs: readonly Value[]) => Value
    const places = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
    const ops = (n: number): Op[] =>
      places(n).flatMap((i): Op[] => [
        xs => xs[i]!.sin(),
        ...places(n).map(
          (j): Op =>
            xs =>
              xs[i]!.mul(xs[j]!),
        ),
      ])
    /** All lists of `length` ops, each of them on what was there before it. */
    const lists = (length: number): Op[][] =>
      length === 0 ? [[]] : lists(length - 1).flatMap(list => ops(length).map(op => [...list, op]))
    const broken = (length: number): number => {
      let count = 0
      for (const list of lists(length)) {
        const f = (x: Value): Value => {
          const xs = [x]
          for (const op of list) xs.push(op(xs))
          return xs.at(-1) as Value
        }
        const { gradients, right } = naiveSweep(f, [0.7])
        if (Math.abs((gradients[0] as number) - (right[0] as number)) > 1e-12) count++
      }
      return count
    }
    expect([broken(1), broken(2)]).toEqual([0, 0])
    expect(broken(3)).toBeGreaterThan(0)
  })

  test('of tensors and of deep graphs', () => {
    const deep = naiveSweep((x: Value) => Array.from({ length: 3000 }).reduce<Value>(y => y.mul(1), x), [3])
    expect([deep.gradients, deep.visited.length]).toEqual([[1], 3001])
    const { gradients, right } = naiveSweep(
      (x: Tensor) => {
        const y = x.sin()
        return y.add(y.exp()).sum()
      },
      [tensor([0, 0])],
    )
    expect([gradients, right].map(([g]) => (g as Tensor).toArray())).toEqual([
      [1, 1],
      [2, 2],
    ])
  })
})
