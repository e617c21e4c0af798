// Vertex elimination: the Jacobian in every order, and the fewest multiplications against all orders tried.
import { describe, expect, test } from 'vitest'
import { type Elimination, eliminate, eliminationTable } from '../../src/explain/elimination.ts'
import { formats, render } from '../../src/explain/table.ts'
import { trace } from '../../src/explain/trace.ts'
import { ArgumentError, custom, Generator, jacrev, ones, type Tensor, type Value, where } from '../../src/index.ts'

type F = (...xs: Value[]) => Value | Value[]
const jacobian = (f: F, at: number[]): number[][] =>
  (jacrev((xs: Value[]) => [f(...xs)].flat())(at) as Value[][]).map(row => row.map(Number))
const of = (found: readonly Elimination[], name: Elimination['order']) =>
  found.find(({ order }) => order === name) as Elimination

function close(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  expect(found.map(row => row.length)).toEqual(wanted.map(row => row.length))
  for (const [i, row] of found.entries()) for (const [j, x] of row.entries()) expect(x).toBeCloseTo(wanted[i]![j]!, 12)
}

/** All orders of a list. */
function* permutations<X>(xs: readonly X[]): IterableIterator<X[]> {
  if (xs.length === 0) yield []
  for (const x of xs) for (const rest of permutations(xs.filter(y => y !== x))) yield [x, ...rest]
}

/** A function of `inner` ops over two inputs, each of whose operands is drawn among those before it. */
function drawn(seed: number, inner: number): F {
  const random = new Generator(seed)
  const draws = Array.from({ length: 3 * (inner + 2) }, () => random.uniform())
  return (...xs) => {
    const all = [...xs]
    for (let k = 0; k < inner + 2; k++) {
      const [a, b, c] = draws.slice(3 * k, 3 * k + 3) as [number, number, number]
      // near what came last, so that graphs are deep
      const pick = (u: number): Value => all[Math.max(0, all.length - 1 - Math.floor(3 * u))] as Value
      all.push(c < 0.4 ? pick(a).sin() : c < 0.7 ? pick(a).mul(pick(b)) : pick(a).add(pick(b)).tanh())
    }
    return all.slice(-2)
  }
}

describe('the Jacobian', () => {
  test.each<[string, F, number[]]>([
    ['the lecture', (x, y) => x!.mul(y!).add(x!.sin()), [2, 3]],
    ['several outputs', (x, y) => [x!.mul(y!).exp(), x!.div(y!).sin(), y!.square()], [0.5, 2]],
    ['an output that another is computed from', x => [x!.sin(), x!.sin().exp()], [0.5]],
    [
      'one output feeding another',
      x => {
        const y = x!.sin()
        return [y, y.exp().mul(y)]
      },
      [0.5],
    ],
    ['an input as output', (x, y) => [x!, x!.mul(y!)], [2, 3]],
    [
      'an output twice',
      x => {
        const y = x!.exp().sin()
        return [y, y]
      },
      [0.3],
    ],
    ['an operand twice', x => x!.mul(x!).add(x!), [3]],
    ['a choice', (x, y) => where(x!.lt(y!), x!.square(), y!), [2, 3]],
    ['an input without use', (x, _) => x!.exp(), [1, 7]],
    ['an output that is constant', x => [x!.exp(), x!.sign()], [1]],
    ['numbers', x => x!.mul(3).add(1).pow(2), [2]],
  ])('of %s', (_, f, at) => {
    for (const { jacobian: found } of eliminate(f, at)) close(found, jacobian(f, at))
  })

  test('of a custom function by its own rule', () => {
    const cube = custom({
      forward: (x: Value) => x.pow(3),
      vjp: (g, [x]) => [g.mul(x!.square().mul(3))],
      jvp: ([dx], [x]) => dx!.mul(x!.square().mul(3)),
    })
    for (const { jacobian } of eliminate((x: Value) => cube(x.mul(2)).exp(), [0.5])) close(jacobian, [[6 * Math.E]])
  })

  test('of a trace', () => {
    const [forward] = eliminate(trace((x: Value, y: Value) => x.mul(y), [2, 3]))
    expect(forward?.jacobian).toEqual([[3, 2]])
    expect(eliminate('x*y', { x: 2, y: 3 })[0]?.jacobian).toEqual([[3, 2]])
  })

  test('of drawn graphs, in every order', () => {
    for (let seed = 0; seed < 12; seed++) {
      const f = drawn(seed, 2)
      const wanted = jacobian(f, [0.7, -0.4])
      const [first] = eliminate(f, [0.7, -0.4])
      for (const order of permutations(first!.steps.map(({ vertex }) => vertex)))
        close(of(eliminate(trace(f, [0.7, -0.4]), [], { order, exact: 0 }), 'given').jacobian, wanted)
    }
  })
})

describe('multiplications', () => {
  test('of the lecture: each way in with each way out', () => {
    const [forward, reverse] = eliminate((x1: Value, x2: Value) => x1.mul(x2).add(x1.sin()), [2, 3])
    expect(forward?.steps).toEqual([
      { vertex: 'w1', from: ['x1'], to: ['w3'], multiplications: 1, additions: 0 },
      { vertex: 'w2', from: ['x1', 'x2'], to: ['w3'], multiplications: 2, additions: 1 },
    ])
    expect(reverse?.steps.map(({ vertex }) => vertex)).toEqual(['w2', 'w1'])
    expect([forward, reverse].map(x => [x!.multiplications, x!.additions])).toEqual([
      [3, 1],
      [3, 1],
    ])
  })

  test('are few forwards from one input, few backwards to one output', () => {
    const fan: F = x => {
      const y = x!.exp().exp()
      return Array.from({ length: 5 }, (_, k) => y.mul(k))
    }
    const tree: F = (...xs) =>
      xs
        .reduce((a, b) => a.mul(b))
        .exp()
        .exp()
    const [f, g] = [eliminate(fan, [0.1]), eliminate(tree, [1, 2, 1, 1])]
    expect(of(f, 'forward').multiplications).toBeLessThan(of(f, 'reverse').multiplications)
    expect(of(g, 'reverse').multiplications).toBeLessThan(of(g, 'forward').multiplications)
  })

  test('of a copy are none', () => {
    const f: F = x => {
      const y = x!.sin()
      return [y, y.exp()]
    }
    expect(eliminate(f, [1]).map(({ multiplications }) => multiplications)).toEqual([1, 1, 1, 1])
  })

  test('are fewest in the exact order: none of all orders has fewer', () => {
    for (let seed = 0; seed < 12; seed++) {
      const f = drawn(100 + seed, 3)
      const found = eliminate(f, [0.7, -0.4])
      const traced = trace(f, [0.7, -0.4])
      const names = found[0]!.steps.map(({ vertex }) => vertex)
      const least = Math.min(
        ...[...permutations(names)].map(
          order => of(eliminate(traced, [], { order, exact: 0 }), 'given').multiplications,
        ),
      )
      expect(of(found, 'exact').multiplications).toBe(least)
    }
  })

  test('can be fewer than the greedy order needs', () => {
    const found = eliminate(drawn(8, 5), [0.7, -0.4])
    expect(found.map(({ multiplications }) => multiplications)).toEqual([10, 13, 9, 8])
  })

  test('are not searched for in larger graphs', () => {
    const chain: F = x => Array.from({ length: 20 }).reduce<Value>(y => y.sin(), x!)
    expect(eliminate(chain, [1]).map(({ order }) => order)).toEqual(['forward', 'reverse', 'markowitz'])
  })
})

test('eliminations as a table', () => {
  const table = eliminationTable(eliminate((x1: Value, x2: Value) => x1.mul(x2).add(x1.sin()), [2, 3]))
  expect(render(table)).toMatch(/^reverse +w2 \(2\), w1 \(1\) +3 +1$/m)
  for (const format of formats) expect(render(table, format)).toContain('markowitz')
})

describe('errors', () => {
  const f: F = x => x!.sin().exp().sin()
  test.each([
    [() => eliminate(f, [1], { order: ['w1'] }), /order is every one of w1, w2 once, not w1/],
    [() => eliminate(f, [1], { order: ['w1', 'w1'] }), /once, not w1, w1/],
    [() => eliminate(f, [1], { order: [] }), /not nothing/],
    [() => eliminate(f, [1], { order: 'w1' as never }), /order is a list/],
    [() => eliminate(f, [1], { exact: 19 }), /at most 18, not 19/],
    [() => eliminate(f, [1], { exact: -1 }), /exact is an integer of at least 0/],
    [() => eliminate(f, [1], { best: true } as never), /unknown option 'best'/],
    [
      () => eliminate((x: Tensor) => x.exp().sum(), [ones([2])]),
      /'w1' is a tensor, between which edges would be whole Jacobians\. Write the function with values.*cost take tensors/,
    ],
  ])('%#', (run, message) => {
    expect(run).toThrow(ArgumentError)
    expect(run).toThrow(message)
  })
})
