// Walks over nodes: postorder, the orders of a backward, and cotangents that are complete before they go on.
import { describe, expect, test } from 'vitest'
import { backwardOrder, type Node, postorder, pullback } from '../../src/engine/graph.ts'
import { GradError, type Order, type Tensor, tensor, Value } from '../../src/index.ts'

/** A node over plain numbers: a sum of its inputs with weights, which counts how often it is pulled. */
class Sum implements Node<number> {
  mark = 0
  pulls: { g: number; wanted: readonly boolean[] }[] = []
  released = 0
  constructor(
    readonly name: string,
    readonly inputs: readonly (Sum | number | null)[] = [],
    readonly weights: readonly number[] = inputs.map(() => 1),
  ) {}
  input(i: number): Sum | number | null | undefined {
    return this.inputs[i]
  }
  pull(g: number, wanted: readonly boolean[]): (number | null)[] {
    this.pulls.push({ g, wanted })
    return this.weights.map(w => w * g)
  }
  release(): void {
    this.released++
  }
}
const names = (nodes: readonly Node<number>[]) => nodes.map(node => (node as Sum).name).join(' ')
const add = (a: number, b: number) => a + b

/** a -> b -> d -> f, a -> c -> d, c -> e -> f: a shared c, and paths of different length. */
function diamond() {
  const a = new Sum('a')
  const b = new Sum('b', [a], [2])
  const c = new Sum('c', [a], [3])
  const d = new Sum('d', [b, c], [5, 7])
  const e = new Sum('e', [c, 1], [11, 1])
  const f = new Sum('f', [d, e], [13, 17])
  return { a, b, c, d, e, f }
}
const slope = 13 * (5 * 2 + 7 * 3) + 17 * 11 * 3

describe('postorder', () => {
  test('each after its inputs, once, the root last', () => {
    const { f } = diamond()
    expect(names(postorder<Sum>(f))).toBe('a b c d e f')
  })

  test('numbers and nulls are passed over; a node read twice comes once', () => {
    const a = new Sum('a')
    expect(names(postorder<Sum>(new Sum('b', [1, null, a, a])))).toBe('a b')
    expect(names(postorder<Sum>(a))).toBe('a')
  })

  test('walks do not disturb one another', () => {
    const { d, e, f } = diamond()
    expect(names(postorder<Sum>(e))).toBe('a c e')
    expect(names(postorder<Sum>(d))).toBe('a b c d')
    expect(names(postorder<Sum>(f))).toBe('a b c d e f')
  })

  test('of any depth, and exponentially many paths', () => {
    let chain = new Sum('0')
    for (let i = 0; i < 200_000; i++) chain = new Sum('', [chain])
    expect(postorder<Sum>(chain)).toHaveLength(200_001)
    let fan = new Sum('0')
    for (let i = 0; i < 100; i++) fan = new Sum('', [fan, fan])
    expect(postorder<Sum>(fan)).toHaveLength(101)
    expect(
      pullback(fan, 1, { add, targets: new Set([postorder<Sum>(fan)[0] as Sum]) })
        .values()
        .next().value,
    ).toBe(2 ** 100)
  })
})

describe('orders', () => {
  test('the two built in', () => {
    const { f } = diamond()
    expect(names(backwardOrder(f))).toBe('f e d c b a')
    expect(names(backwardOrder(f, 'depthFirst'))).toBe('f e d c b a')
    expect(names(backwardOrder(f, 'breadthFirst'))).toBe('f d e b c a')
  })

  const swapped: Order = nodes => [...nodes].map((_, i) => nodes[[0, 2, 1, 4, 3, 5][i] as number]!)
  test.each<[string, Order]>([
    ['depthFirst', 'depthFirst'],
    ['breadthFirst', 'breadthFirst'],
    ["a user's", swapped],
  ])('%s gives the same cotangents, each node pulled once', (_, order) => {
    const { a, b, c, d, e, f } = diamond()
    const visited: string[] = []
    const found = pullback<number>(f, 1, {
      add,
      order,
      targets: new Set([a, c]),
      visit: (node, g) => {
        visited.push((node as Sum).name)
        return g
      },
    })
    expect(found.get(a)).toBe(slope)
    expect(found.get(c)).toBe(13 * 7 + 17 * 11)
    expect([...visited].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    for (const node of [b, c, d, e, f]) expect(node.pulls).toHaveLength(1)
    // complete when it was pulled: both consumers had been there
    expect(c.pulls[0]?.g).toBe(13 * 7 + 17 * 11)
    expect(a.pulls).toHaveLength(0)
  })

  test('a naive order, which comes to a shared node before all of its consumers, is rejected', () => {
    const { a, f } = diamond()
    // recursion without a check: f d b a c …
    const naive: Order = nodes => {
      const seen: unknown[] = []
      const go = (node: Sum): void => {
        if (seen.includes(node)) return
        seen.push(node)
        for (const input of node.inputs) if (input instanceof Sum) go(input)
      }
      go(nodes[0] as unknown as Sum)
      return seen as typeof nodes
    }
    expect(() => pullback(f, 1, { add, order: naive, targets: new Set([a]) })).toThrow(GradError)
    expect(() => pullback(f, 1, { add, order: naive, targets: new Set([a]) })).toThrow('before all of its consumers')
  })

  test.each<[string, Order, string]>([
    ['one node left out', nodes => nodes.slice(0, -1), 'leaves out 1 of 6 nodes'],
    ['nothing', () => [], 'leaves out 6 of 6'],
    ['forwards', nodes => [...nodes].reverse(), 'before all of its consumers'],
    ['one node twice', nodes => [...nodes, nodes[5]!], 'visits a node twice'],
    ['a stranger', nodes => [...nodes, new Sum('x') as never], 'not in the graph'],
  ])('%s is no order', (_, order, message) => {
    const { f } = diamond()
    expect(() => backwardOrder(f, order)).toThrow(GradError)
    expect(() => backwardOrder(f, order)).toThrow(message)
  })

  test('a rejected order pulls nothing', () => {
    const { a, b, c, d, e, f } = diamond()
    expect(() => pullback(f, 1, { add, order: nodes => [...nodes].reverse(), targets: new Set([a]) })).toThrow()
    for (const node of [a, b, c, d, e, f]) expect(node.pulls).toHaveLength(0)
  })

  const shuffled: Order = nodes => {
    // the last node that is ready, each time
    const all = nodes as readonly (Node<unknown> & object)[]
    const consumers = new Map<unknown, number>()
    for (const node of all)
      for (const input of node.inputs)
        if (typeof input === 'object' && input) consumers.set(input, (consumers.get(input) ?? 0) + 1)
    const left = [...all]
    const done: unknown[] = []
    while (left.length > 0) {
      const at = left.map(node => consumers.get(node) ?? 0).lastIndexOf(0)
      const [node] = left.splice(at, 1) as [(typeof all)[number]]
      done.push(node)
      for (const input of node.inputs)
        if (typeof input === 'object' && input) consumers.set(input, consumers.get(input)! - 1)
    }
    return done as never
  }
  const orders: Order[] = ['depthFirst', 'breadthFirst', shuffled]
  test.each(orders.map(order => [String(order).slice(0, 12), order] as const))('on both engines: %s', (_, order) => {
    const values = [new Value(0.3), new Value(-1.2)] as const
    const tensors = [
      tensor([0.3, 2], { dtype: 'float64', requiresGrad: true }),
      tensor([-1.2, 0.1], { dtype: 'float64', requiresGrad: true }),
    ] as const
    const f = <N extends Value | Tensor>(x: N, y: N): N => {
      const shared = x.mul(y as never).sin() as N
      return shared
        .mul(shared.add(x as never) as never)
        .add(shared.exp() as never)
        .sub(y.mul(shared as never) as never) as N
    }
    f(...values).backward({ order })
    f(...tensors)
      .sum()
      .backward(undefined, { order })
    const again = [new Value(0.3), new Value(-1.2)] as const
    f(...again).backward()
    values.forEach((x, i) => {
      expect(x.grad).toBeCloseTo(again[i]!.grad, 14)
      expect(tensors[i]?.grad?.data[0]).toBeCloseTo(x.grad, 14)
    })
  })

  test('both engines refuse a wrong order and set no gradient', () => {
    const x = new Value(2)
    expect(() =>
      x
        .mul(x)
        .add(x)
        .backward({ order: nodes => [...nodes].reverse() }),
    ).toThrow(GradError)
    expect(x.grad).toBe(0)
    const t = tensor(2, { requiresGrad: true })
    expect(() =>
      t
        .mul(t)
        .add(t)
        .backward(undefined, { order: nodes => [...nodes].reverse() }),
    ).toThrow(GradError)
    expect(t.grad).toBeNull()
  })
})

describe('pullback', () => {
  test('goes only where a target is', () => {
    const { b, c, d, e, f } = diamond()
    expect(pullback<number>(f, 1, { add, targets: new Set([b]) })).toEqual(new Map([[b, 65]]))
    expect(f.pulls[0]?.wanted).toEqual([true, false])
    expect(d.pulls[0]?.wanted).toEqual([true, false])
    for (const node of [b, c, e]) expect(node.pulls).toHaveLength(0)
  })

  test('ends where it is told to, whether that is a target or not', () => {
    const { b, c, d, e, f } = diamond()
    const targets = new Set([b])
    expect(pullback<number>(f, 1, { add, targets, ends: new Set([b, c]) })).toEqual(new Map([[b, 65]]))
    expect(d.pulls[0]?.wanted).toEqual([true, false])
    for (const node of [b, c, e]) expect(node.pulls).toHaveLength(0)
    const all = diamond()
    const ends = new Set([all.b, all.c])
    const visited: string[] = []
    pullback<number>(all.f, 1, { add, ends, visit: node => visited.push((node as Sum).name) })
    expect(visited.sort().join('')).toBe('bcdef')
    for (const node of [all.b, all.c]) expect(node.pulls).toHaveLength(0)
  })

  test('the root may be a target; a stranger is not found', () => {
    const { f } = diamond()
    const stranger = new Sum('x')
    expect(pullback<number>(f, 4, { add, targets: new Set([f, stranger]) })).toEqual(new Map([[f, 4]]))
  })

  test('what a hook returns goes on', () => {
    const { a, d, f } = diamond()
    Object.assign(d, { hooked: () => 0 })
    const found = pullback<number>(f, 1, { add, targets: new Set([a]) })
    expect(found.get(a)).toBe(17 * 11 * 3)
  })

  test('releases as it goes, when asked', () => {
    const { a, d, f } = diamond()
    pullback<number>(f, 1, { add, targets: new Set([a]) })
    expect([f.released, d.released]).toEqual([0, 0])
    pullback<number>(f, 1, { add, release: true })
    expect([f.released, d.released]).toEqual([1, 1])
  })

  test('a null cotangent stops there', () => {
    class Wall extends Sum {
      override pull(): null[] {
        return [null]
      }
    }
    const a = new Sum('a')
    const b = new Sum('b', [a])
    expect(pullback<number>(new Wall('w', [b]), 1, { add, targets: new Set([a]) }).size).toBe(0)
    expect(b.pulls).toHaveLength(0)
  })
})
