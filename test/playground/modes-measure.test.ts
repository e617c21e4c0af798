// What the tab Modes measures and computes, without a page.
import { describe, expect, test } from 'vitest'
import { formula, measure, type Question, segments } from '../../playground/modes/function.ts'
import { eliminations, orders, shuffled } from '../../playground/modes/graph.ts'
import { read } from '../../playground/modes/program.ts'
import { cost, sweeps, trace } from '../../src/explain/explain.ts'
import { Generator, randn, type Tensor } from '../../src/index.ts'

const question: Question = { shape: 'layers', engine: 'tensor', n: 6, m: 3, depth: 9, repeats: 0 }
const mode = (q: Question, name: string) => measure(q).modes.find(({ mode }) => mode === name)

describe('measurements', () => {
  test('are the library’s own', () => {
    const generator = new Generator(0)
    const x = randn([6], { generator, dtype: 'float64' })
    const layers = Array.from({ length: 9 }, (_, l) => {
      const W = randn([l === 8 ? 3 : 6, 6], { generator, dtype: 'float64' }).mul(1 / Math.sqrt(6))
      return (x: Tensor) => W.matmul(x).tanh()
    })
    const three = [0, 3, 6].map(i => (x: Tensor) => layers.slice(i, i + 3).reduce((y, f) => f(y), x))
    expect(measure(question)).toEqual(cost(three, [x], { repeats: 0 }))
  })

  test.each(['layers', 'chain'] as const)('%s: n passes forward, m reverse, on both engines', shape => {
    for (const engine of ['tensor', 'scalar'] as const) {
      const { inputs, outputs, modes } = measure({ ...question, shape, engine })
      expect([inputs, outputs]).toEqual([6, 3])
      expect(modes.slice(0, 2).map(({ passes }) => passes)).toEqual([6, 3])
      expect(modes).toHaveLength(engine === 'tensor' ? 3 : 2)
    }
  })

  test('forward’s live bytes are constant in depth, reverse’s grow with it, checkpoints’ grow slower', () => {
    const peaks = (name: string) =>
      [4, 9, 16, 36].map(depth => mode({ ...question, depth }, name)?.peak.bytes as number)
    expect(new Set(peaks('forward')).size).toBe(1)
    const [a, b, c, d] = peaks('reverse')
    expect(b - a).toBe(5 * ((c - b) / 7))
    expect(d - c).toBe(20 * ((c - b) / 7))
    expect(peaks('checkpointed')[3]).toBeLessThan(d / 2)
  })

  test('the scalar engine stores the same numbers, and times are measured', () => {
    const kept = (['tensor', 'scalar'] as const).map(engine => mode({ ...question, engine }, 'reverse')?.kept.values)
    expect(kept[0]).toBe(kept[1])
    expect(mode({ ...question, repeats: 1 }, 'forward')?.milliseconds).toBeGreaterThan(0)
  })

  test('segments of about √depth, and the formula of what there is', () => {
    expect(segments([1, 2, 3, 4, 5, 6, 7])).toEqual([[1, 2, 3], [4, 5, 6], [7]])
    expect(segments([1])).toEqual([[1]])
    expect(formula('layers', { n: 2, m: 3, depth: 1 })).not.toContain('x_l')
    expect(formula('layers', { n: 2, m: 3, depth: 4 })).toContain('l = 1 \\ldots 3')
    expect(formula('chain', { n: 2, m: 3, depth: 4 })).toContain('y = W x_{4}')
  })
})

describe('programs', () => {
  test('lines with names, in the order in which inputs are met', () => {
    expect(read('a = y*x; b = sin(a)\nexp(b) + z')).toMatchObject({ inputs: ['y', 'x', 'z'], outputs: 1 })
    expect(read('a = x; sin(a); cos(a)')).toMatchObject({ outputs: 2 })
    expect(read('y = x^2')).toMatchObject({ inputs: ['x'], outputs: 1 })
    expect(read('x == y')).toMatchObject({ inputs: ['x', 'y'] })
  })
  test.each([
    ['', 'the text is empty', 1],
    ['a = sin(x; b', 'expected )', 10],
    ['sin(x) + cos(z)\ny y', 'operator is missing', 19],
    ['a = x; a = y; a', "'a' has a meaning already", 8],
    ['b = a + 1; a = x; b', "'a' has a meaning already", 12],
    ['3 + 4', 'it depends on no input', 1],
    ['a+b+c+d+f+g+h+i+j+k+l+m+n', 'at most 12 inputs, not 13', 1],
    ['x; 3', 'an output depends on no input', 4],
  ])('%j is refused', (text, error, column) => {
    expect(read(text)).toEqual({ error: expect.stringContaining(error), column })
  })
})

describe('graphs', () => {
  const text = 'a = sin(x); exp(a*cos(y)) * tanh(x*y) * log(a*cos(x) + 2)'

  test('orders differ in what waits, not in gradients; the random one is valid and repeats with its seed', () => {
    const found = orders(text, [0.5, 2], 4)
    const [depth, breadth, random] = found.sweeps
    expect(breadth.waiting.bytes).toBeGreaterThan(depth.waiting.bytes)
    for (const { gradients } of [breadth, random])
      gradients.forEach((g, i) => {
        expect(g).toBeCloseTo(depth.gradients[i] as number, 12)
      })
    expect(orders(text, [0.5, 2], 4).sweeps[2].visited).toEqual(random.visited)
    const others = [5, 6, 7].map(seed => orders(text, [0.5, 2], seed).sweeps[2].visited.join(' '))
    expect(new Set([random.visited.join(' '), ...others]).size).toBeGreaterThan(1)
    const direct = sweeps('exp(sin(x)*cos(y)) * tanh(x*y) * log(sin(x)*cos(x) + 2)', { x: 0.5, y: 2 })
    direct[0].gradients.forEach((g, i) => {
      expect(depth.gradients[i]).toBeCloseTo(g as number, 12)
    })
  })

  test('a random order has each result after all that read it', () => {
    const { rows } = trace('sin(x)*cos(x) + exp(sin(x*y))', { x: 1, y: 2 })
    for (let seed = 0; seed < 20; seed++) {
      const order = shuffled(rows, seed)
      expect(order).toHaveLength(rows.filter(({ op }) => op !== null).length)
      for (const row of rows)
        for (const arg of row.args)
          if (typeof arg === 'object' && arg.op !== null)
            expect(order.indexOf(row.name)).toBeLessThan(order.indexOf(arg.name))
    }
  })

  test('the recursion fails on the smallest graph, and where a result is shared', () => {
    expect(orders(text, [], 1)).toMatchObject({ smallest: { gradients: [1], right: [2] } })
    expect(orders(text, [], 1).naive.early).not.toEqual([])
    expect(orders('sin(x)*y', [], 1).naive.early).toEqual([])
  })

  test('elimination: every order gives the Jacobian', () => {
    const { found, inputs, outputs } = eliminations(
      'a = x*y*z; b = x*sin(a); c = cos(b) + a; b*c; a*exp(c); log(b)',
      [],
    )
    expect([inputs, outputs]).toEqual([['x', 'y', 'z'], 3])
    expect(found.map(({ order, multiplications }) => [order, multiplications])).toEqual([
      ['forward', 35],
      ['reverse', 28],
      ['markowitz', 24],
      ['exact', 24],
    ])
    for (const { jacobian } of found)
      jacobian.flat().forEach((x, i) => {
        expect(x).toBeCloseTo(found[0].jacobian.flat()[i], 10)
      })
  })
})
