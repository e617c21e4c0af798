// explain: the lecture's tables as text and numbers, for any function, in every format, folded when long.
import katex from 'katex'
import { describe, expect, test } from 'vitest'
import { type Explanation, explain, render } from '../../src/explain/explain.ts'
import {
  ArgumentError,
  codegen,
  custom,
  grad,
  jvp,
  manualSeed,
  nn,
  noGrad,
  randn,
  type Tensor,
  tensor,
  Value,
} from '../../src/index.ts'

const lecture = (x1: Value, x2: Value) => x1.mul(x2).add(x1.sin())

describe('the lecture', () => {
  const found = explain(lecture, [2, 3])
  const cos = Math.cos(2)

  test('formulas', () => {
    expect(found.equations).toEqual({
      values: ['x1 = 2', 'x2 = 3', 'w1 = sin(x1)', 'w2 = x1*x2', 'w3 = w1 + w2'],
      forward: [
        'x1-dot = 1',
        'x2-dot = 0',
        'w1-dot = cos(x1)*x1-dot',
        'w2-dot = x1-dot*x2 + x1*x2-dot',
        'w3-dot = w1-dot + w2-dot',
      ],
      reverse: [
        'w3-bar = 1',
        'w1-bar = w3-bar',
        'w2-bar = w3-bar',
        'x1-bar = w1-bar*cos(x1) + w2-bar*x2',
        'x2-bar = w2-bar*x1',
      ],
    })
  })

  test('numbers', () => {
    expect(found.trace.rows.map(({ tangents }) => tangents[0])).toEqual([1, null, cos, 3, cos + 3])
    expect(found.sweeps.map(({ adjoints }) => adjoints.map(({ value }) => value))).toEqual([[1, 1, 1, cos + 3, 2]])
  })

  test('text', () => {
    expect(String(found)).toBe(`Forward: values, and tangents beside them

row              value  tangent                           d/d(x1)  flow
------------  --------  ------------------------------  ---------  ------------
x1 = 2               2  x1-dot = 1                              1  used 2 times
x2 = 3               3  x2-dot = 0                              0
w1 = sin(x1)  0.909297  w1-dot = cos(x1)*x1-dot         -0.416147  local slope
w2 = x1*x2           6  w2-dot = x1-dot*x2 + x1*x2-dot          3  switches
w3 = w1 + w2    6.9093  w3-dot = w1-dot + w2-dot          2.58385  distributes

Reverse: how w3 changes with each row

adjoint                                value  uses
-----------------------------------  -------  ---------------
w3-bar = 1                                 1
w1-bar = w3-bar                            1
w2-bar = w3-bar                            1
x1-bar = w1-bar*cos(x1) + w2-bar*x2  2.58385  sums its 2 uses
x2-bar = w2-bar*x1                         2`)
  })

  test('TeX', () => {
    const latex = found.render('latex')
    expect(latex).toContain('\\dot{w}_{2} = \\dot{x}_{1} \\cdot x_{2} + x_{1} \\cdot \\dot{x}_{2}')
    expect(latex).toContain('\\bar{x}_{1} = \\bar{w}_{1} \\cdot \\cos\\left(x_{1}\\right) + \\bar{w}_{2} \\cdot x_{2}')
  })

  test('by several inputs: one pass, one column each', () => {
    let runs = 0
    const both = explain(
      (x1: Value, x2: Value) => {
        runs++
        return lecture(x1, x2)
      },
      [2, 3],
      { wrt: ['x1', 'x2'] },
    )
    expect(runs).toBe(1)
    const { columns, rows } = both.forward
    expect(columns.map(({ title }) => (typeof title === 'string' ? title : title.text))).toEqual([
      'row',
      'value',
      'tangent',
      'd/d(x1)',
      'd/d(x2)',
      'flow',
    ])
    expect(rows.at(-1)?.slice(3, 5)).toEqual([cos + 3, 2])
    expect(rows[0].slice(3, 5)).toEqual([1, 0])
  })

  test('modes', () => {
    const forward = explain(lecture, [2, 3], { mode: 'forward' })
    expect([forward.equations.forward.length, forward.equations.reverse.length]).toEqual([5, 0])
    const reverse = explain(lecture, [2, 3], { mode: 'reverse' })
    expect([reverse.equations.forward.length, reverse.equations.reverse.length]).toEqual([0, 5])
    expect(reverse.forward.columns).toHaveLength(3)
  })
})

/** The adjoint of each input is the engine's gradient, each tangent its jvp. */
function agrees(f: (...xs: Value[]) => Value, at: readonly number[]): Explanation {
  const names = at.map((_, i) => `x${i + 1}`)
  const found = explain(f, at, { wrt: names })
  const expected = grad(f, { argnums: at.map((_, i) => i) })(...at) as number[]
  const adjoints = new Map(found.sweeps[0].adjoints.map(({ row, value }) => [row.name, value]))
  names.forEach((name, i) => {
    expect(adjoints.get(name) ?? 0).toBeCloseTo(expected[i], 12)
    const direction = at.map((_, j) => +(i === j))
    expect(found.trace.outputs[0].tangents[i] ?? 0).toBeCloseTo(jvp(f, at, direction)[1] as number, 12)
  })
  return found
}

describe('formulas', () => {
  /** What follows the name, of the last tangent and of the first input's adjoint. */
  const written = (f: (...xs: Value[]) => Value, at: readonly number[]): [string, string] => {
    const { equations } = agrees(f, at)
    return [equations.forward.at(-1), equations.reverse.find(text => text.startsWith('x1-bar'))] as [string, string]
  }

  test.each<[string, (...xs: Value[]) => Value, number[], string, string]>([
    ['a square', x => x.square(), [3], 'w1-dot = 2*x1*x1-dot', 'x1-bar = 2*w1-bar*x1'],
    ['a copy', x => x.mul(x), [3], 'w1-dot = x1-dot*x1 + x1*x1-dot', 'x1-bar = w1-bar*x1 + w1-bar*x1'],
    ['a power', x => x.pow(3), [2], 'w1-dot = 3*x1^2*x1-dot', 'x1-bar = 3*w1-bar*x1^2'],
    ['a difference', (x, y) => x.sub(y), [2, 3], 'w1-dot = x1-dot - x2-dot', 'x1-bar = w1-bar'],
    ['a negative', x => x.neg(), [2], 'w1-dot = -x1-dot', 'x1-bar = -w1-bar'],
    ['a multiple', x => x.mul(-2), [2], 'w1-dot = -2*x1-dot', 'x1-bar = -2*w1-bar'],
    ['a quotient', (x, y) => x.div(y), [2, 3], 'w1-dot = x1-dot/x2 - w1/x2*x2-dot', 'x1-bar = w1-bar/x2'],
    ['a root', x => x.sqrt(), [2], 'w1-dot = 0.5*x1-dot/w1', 'x1-bar = 0.5*w1-bar/w1'],
    ['a logarithm', x => x.log(), [2], 'w1-dot = x1-dot/x1', 'x1-bar = w1-bar/x1'],
    ['tanh, by its output', x => x.tanh(), [2], 'w1-dot = (1 - w1^2)*x1-dot', 'x1-bar = w1-bar*(1 - w1^2)'],
    ['cos', x => x.cos(), [2], 'w1-dot = -sin(x1)*x1-dot', 'x1-bar = -w1-bar*sin(x1)'],
    [
      'leaky relu',
      x => x.leakyRelu(),
      [2],
      'w1-dot = where(x1 > 0, x1-dot, 0.01*x1-dot)',
      'x1-bar = where(x1 > 0, w1-bar, 0.01*w1-bar)',
    ],
    ['relu', x => x.relu(), [2], 'w1-dot = where(w1 <= 0, 0, x1-dot)', 'x1-bar = where(w1 <= 0, 0, w1-bar)'],
  ])('%s', (_, f, at, forward, reverse) => {
    expect(written(f, at)).toEqual([forward, reverse])
  })

  test('a sum of many uses shows some of its terms in the table, and all of them as an equation', () => {
    const f = (x: Value, y: Value) => {
      let z = x
      for (let i = 0; i < 10; i++) z = z.add(y)
      return z
    }
    const { reverse, equations } = agrees(f, [1, 2])
    expect(equations.reverse.at(-1)?.match(/-bar/g)).toHaveLength(11)
    const cell = reverse[0].rows.at(-1)?.[0] as { text: string }
    expect(cell.text).toBe('x2-bar = w10-bar + w9-bar + w8-bar + w7-bar + (5 more) + w1-bar')
  })
})

describe('formulas of tensor ops are what the engine does', () => {
  const reverse = (f: (...xs: Tensor[]) => Tensor, inputs: Record<string, Tensor>): string[] =>
    explain(f, inputs).equations.reverse
  const x = tensor([[1, 2]])
  const w = tensor([[0.5], [-1]])

  test('products: each factor’s cotangent is a product with the other', () => {
    const { equations } = explain((a: Tensor, b: Tensor) => a.matmul(b), { a: x, b: w }, { wrt: ['a', 'b'] })
    expect(equations.forward.at(-1)).toBe('w1-dot = matmul(a-dot, b) + matmul(a, b-dot)')
    expect(equations.reverse.slice(1)).toEqual(['a-bar = matmul(w1-bar, b^T)', 'b-bar = matmul(a^T, w1-bar)'])
  })

  test('a linear layer reads its weight the other way round', () => {
    const model = new nn.Linear(2, 3)
    const { equations } = explain(model, { x })
    expect(equations.values.slice(-2)).toEqual(['w1 = matmul(x, weight^T)', 'w2 = w1 + bias'])
    expect(equations.reverse.slice(1)).toEqual([
      'w1-bar = w2-bar',
      'x-bar = matmul(w1-bar, weight)',
      'weight-bar = matmul(w1-bar^T, x)',
      'bias-bar = sum(w2-bar)',
    ])
  })

  test('a mean is a sum and a quotient', () => {
    const { equations } = explain((a: Tensor) => a.mean(), { a: x })
    expect(equations.values.slice(1)).toEqual(['w1 = sum(a)', 'w2 = w1/2'])
  })

  test('softmax, by its output', () => {
    expect(reverse(y => y.softmax(-1), { x }).at(-1)).toBe('x-bar = w1*(w1-bar - sum(w1-bar*w1))')
  })

  test('what was repeated is summed', () => {
    const y = tensor([[1], [2]])
    expect(reverse((a, b) => a.mul(b), { a: x, b: y }).slice(1)).toEqual([
      'a-bar = sum(w1-bar*b)',
      'b-bar = sum(w1-bar*a)',
    ])
    expect(reverse(a => a.sum(0), { a: x }).at(-1)).toMatch(/^a-bar = (expand|reshape)\(w1-bar\)$/)
  })

  test('numbers as they were written, in float32 too', () => {
    expect(explain((a: Tensor) => a.add(1e-5), { a: x }).equations.values.at(-1)).toBe('w1 = a + 0.00001')
  })

  test('a rule that is too long for a formula, or reads what has no name', () => {
    expect(reverse(a => a.max(), { a: x }).at(-1)).toBe('a-bar = w1-bar*d(w1)/d(a)')
  })

  test('TeX', () => {
    const [, adjoints] = explain((a: Tensor, b: Tensor) => a.matmul(b), { a: x, b: w }).tables
    expect(adjoints.rows[1][0]).toMatchObject({
      tex: '\\bar{a} = \\operatorname{matmul}\\left(\\bar{w}_{1}, {b}^{\\top}\\right)',
    })
  })

  test('a custom function: what its rules do', () => {
    const cube = custom({
      name: 'cube',
      forward: (y: Value) => y.pow(3),
      vjp: (g, [y]) => [g.mul(y.square()).mul(3)],
      jvp: ([dy], [y]) => dy && y.square().mul(dy).mul(3),
    })
    const { equations } = explain((y: Value) => cube(y), [2])
    expect([equations.forward.at(-1), equations.reverse.at(-1)]).toEqual([
      'w1-dot = 3*x1^2*x1-dot',
      'x1-bar = 3*x1^2*w1-bar',
    ])
  })
})

describe('outputs', () => {
  test('several: one sweep for each, or for those that are chosen', () => {
    const f = (x: Value, y: Value) => [x.mul(y), x.sin(), 3]
    expect(explain(f, [2, 3]).reverse.map(({ title }) => title)).toEqual([
      'Reverse: how w2 changes with each row',
      'Reverse: how w1 changes with each row',
    ])
    const [only] = explain(f, [2, 3], { outputs: ['w1'] }).sweeps
    expect(only.adjoints.map(({ row }) => row.name)).toEqual(['w1', 'x1'])
  })

  test('a tensor: all ones, which is said', () => {
    const x = tensor([1, 2], { dtype: 'float64' })
    const found = explain((y: Tensor) => y.square(), { x })
    const [, { value }] = found.sweeps[0].adjoints
    expect((value as Tensor).toArray()).toEqual([2, 4])
    expect(found.reverse[0].notes).toEqual([
      'The adjoint of w1 is all ones: the others are those of the sum of its elements.',
    ])
  })
})

describe('models', () => {
  test('the adjoints of parameters are the gradients of a backward', () => {
    manualSeed(0)
    const model = new nn.Sequential(new nn.Linear(2, 8), new nn.GELU(), new nn.Linear(8, 3), new nn.Softmax(-1))
    const x = randn([4, 2])
    const loss = { forward: (y: Tensor) => model.forward(y).square().sum() }
    const found = explain(loss.forward, [x], { model })
    loss.forward(x).backward()
    const adjoints = new Map(found.sweeps[0].adjoints.map(({ row, value }) => [row.name, value as Tensor]))
    for (const [name, p] of model.namedParameters()) expect(adjoints.get(name)?.allclose(p.grad as Tensor)).toBe(true)
  })

  test('fold by module', () => {
    manualSeed(0)
    const model = new nn.TransformerEncoder(new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, dropout: 0 }), 3)
    const found = explain(model, [randn([2, 1, 8])])
    expect(found.trace.rows.length).toBeGreaterThan(100)
    const { rows } = found.forward
    expect(rows.length).toBeLessThanOrEqual(40)
    expect(rows.map(([cell]) => String(cell)).filter(text => text.includes('module layers.'))).not.toEqual([])
    expect(explain(model, [randn([2, 1, 8])], { fold: false }).forward.rows.length).toBe(found.trace.rows.length)
  })

  test('20,000 ops, one input used by all', () => {
    const f = (x: Value, y: Value) => {
      let z = x
      for (let i = 0; i < 10_000; i++) z = z.mul(y).add(y)
      return z
    }
    const found = explain(f, [1, 0.5])
    expect(found.sweeps[0].adjoints.at(-1)?.terms).toHaveLength(20_000)
    expect(found.render().split('\n').length).toBeLessThan(40)
    expect(JSON.parse(found.render('json'))[0].rows).toHaveLength(20_002)
  })

  test('fold by repetition', () => {
    const f = (x: Value, y: Value) => {
      let z = x
      for (let i = 0; i < 100; i++) z = z.mul(y).sin()
      return z
    }
    const lines = explain(f, [2, 3]).forward.rows.map(([cell]) =>
      typeof cell === 'string' ? cell : (cell as { text: string }).text,
    )
    expect(lines).toEqual([
      'x1 = 2',
      'x2 = 3',
      'w1 = x1*x2',
      'w2 = sin(w1)',
      'w3 to w200: the 2 lines above, 99 times more',
    ])
  })

  test('what repeats nothing: the first rows and the last', () => {
    const ops = ['sin', 'cos', 'exp', 'tanh', 'sigmoid', 'square'] as const
    const f = (x: Value) => {
      let z = x
      for (let i = 0; i < 60; i++) z = z[ops[(i * i + (i >> 2) * 5) % 6]]()
      return z
    }
    const { rows } = explain(f, [0.5], { fold: 9 }).forward
    expect(rows).toHaveLength(9)
    expect(rows.map(([cell]) => cell)).toContain('w4 to w56: 53 rows left out')
  })
})

describe('KaTeX reads', () => {
  const manualModel = (): nn.Sequential => {
    manualSeed(0)
    return new nn.Sequential(new nn.Linear(2, 3), new nn.GELU(), new nn.LayerNorm([3]), new nn.Softmax(-1))
  }
  test.each<[string, () => Explanation]>([
    ['the lecture', () => explain(lecture, [2, 3], { wrt: ['x1', 'x2'] })],
    ['odd names', () => explain('alpha_1*loss + a_b^2 - θ', { alpha_1: 1, loss: 2, a_b: -3, θ: 4 })],
    ['labels', () => explain((x: Value) => x.sin(), { 'loss #1 (50%) $~^_{': 1 })],
    ['kinks', () => explain('max(x, y) + clamp(x, -1, 1) + leaky_relu(y) + pow(x, y)', { x: 1, y: 2 })],
    ['tensors', () => explain((x: Tensor) => x.softmax(-1).max(), [randn([4, 2])])],
    ['a model', () => explain(manualModel(), [randn([4, 2])])],
    ['a folded model', () => explain(manualModel(), [randn([4, 2])], { fold: 6 })],
  ])('%s', (_, run) => {
    const found = run()
    const tables = [...found.tables, ...found.ledgers, found.steps().table]
    for (const table of tables)
      expect(katex.renderToString(render(table, 'latex'), { displayMode: true, strict: 'error' })).toContain('katex')
    for (const line of render(tables[0], 'markdown').split('\n'))
      for (const [, formula] of line.matchAll(/(?<!\\)\$(.*?)(?<!\\)\$/g))
        expect(katex.renderToString(formula, { strict: 'error' })).toContain('katex')
  })
})

test('numbers that are none, and functions without generated code', () => {
  const f = (x: Value) => x.log().mul(x)
  expect(explain(f, [-1]).forward.rows.at(-1)?.slice(1, 4)).toMatchObject([Number.NaN, {}, Number.NaN])
  expect(explain(f, [1 / 3]).equations.values[0]).toBe('x1 = 0.333333')
  const before = explain(lecture, [2, 3]).render()
  codegen(false)
  try {
    expect(explain(lecture, [2, 3]).render()).toBe(before)
  } finally {
    codegen(true)
  }
})

test('nothing is left behind: no gradients, no mode', () => {
  const p = new Value(2)
  const x = new Value(3)
  explain((y: Value) => y.mul(p), [x])
  expect([p.grad, x.grad]).toEqual([0, 0])
  expect(noGrad(() => explain(lecture, [2, 3]).equations.reverse)).toHaveLength(5)
})

test('every format', () => {
  const found = explain(lecture, [2, 3])
  expect(found.render('markdown')).toContain('| $w_{1} = \\sin\\left(x_{1}\\right)$ | 0.909297 |')
  expect(found.render('html').match(/<table>/g)).toHaveLength(2)
  const json = JSON.parse(found.render('json')) as { rows: Record<string, { text: string }>[] }[]
  expect(json).toHaveLength(2)
  expect(json[1].rows[3].adjoint.text).toBe('x1-bar = w1-bar*cos(x1) + w2-bar*x2')
  for (const line of found.render('text', { width: 40 }).split('\n')) expect(line.length).toBeLessThanOrEqual(40)
})

test('refusals', () => {
  const refused = (run: () => unknown, message: string | RegExp): void => {
    expect(run).toThrow(ArgumentError)
    expect(run).toThrow(message)
  }
  refused(() => explain(lecture, [2, 3], { modes: 1 } as never), "explain: unknown option 'modes'. It has mode, wrt")
  refused(() => explain(lecture, [2, 3], { mode: 'backward' as never }), "explain: mode is 'forward' or 'reverse'")
  refused(() => explain(lecture, [2, 3], { fold: 1 }), 'explain: fold is an integer of at least 5, not 1')
  refused(() => explain(lecture, [2, 3], { outputs: ['y'] }), "explain: there is no output 'y'. The outputs are w3")
  refused(() => explain('2^3^2', {}), /by$/)
  refused(() => explain((x: Tensor) => x, [tensor([1], { dtype: 'int32' })]), 'explain: there is no input')
})
