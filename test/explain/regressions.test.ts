// What once went wrong in gradus/explain.
import katex from 'katex'
import { describe, expect, test } from 'vitest'
import { draw } from '../../src/explain/draw.ts'
import { copies, explain, mark, parse, render, sweeps, trace, verdict } from '../../src/explain/explain.ts'
import {
  ArgumentError,
  manualSeed,
  nn,
  noGrad,
  ones,
  randn,
  type Tensor,
  tensor,
  type Value,
  zeros,
} from '../../src/index.ts'
import type { TensorModule } from '../../src/nn/module.ts'

describe('explain', () => {
  test('uses that hand no gradient back are not counted, and adjoints have as many terms', () => {
    const f = (x: Value) => x.gt(2).where(x.mul(x), x.sin())
    const found = explain(f, [3])
    expect([...copies(found.trace)].map(([{ name }, n]) => `${name} ${n}`)).toEqual(['x1 3'])
    expect(found.sweeps[0]?.adjoints.at(-1)?.terms).toHaveLength(3)
    const of = trace((x: Tensor, y: Tensor) => x.gt(y).where(x, y).mul(x.detach()), [tensor([1]), tensor([2])])
    expect(copies(of).size).toBe(0)
  })

  test('a model that reads integers has adjoints of its parameters', () => {
    const model = new nn.Sequential(new nn.Embedding(5, 3), new nn.Linear(3, 2))
    const ids = tensor([0, 4, 4], { dtype: 'int32' })
    for (const mode of ['reverse', 'both'] as const) {
      const { trace, sweeps, forward, equations } = explain(model, [ids], { mode })
      expect(trace.wrt).toEqual([])
      expect(forward.title).toBe('Values')
      expect(equations.forward).toEqual([])
      expect(sweeps[0]?.adjoints.map(({ row }) => row.name)).toContain('0.weight')
    }
    expect(() => explain(model, [ids], { mode: 'forward' })).toThrow(
      'explain: there is no input to differentiate by: they are integers or bools',
    )
    expect(() => explain((x: Tensor) => x.mul(2), [ids])).toThrow(/no input to differentiate by/)
    expect(() => explain('2 + 3', {}, { mode: 'reverse' })).toThrow(/no input to differentiate by/)
  })
})

describe('explain and trace', () => {
  test('under noGrad tangents are propagated, and the formulas say so', () => {
    const { equations, trace } = explain((x: Value) => noGrad(() => x.mul(x)).mul(x), [3])
    expect(equations.forward.slice(1)).toEqual(['w1-dot = x1-dot*x1 + x1*x1-dot', 'w2-dot = x1-dot*w1 + x1*w1-dot'])
    expect(trace.outputs[0]?.tangents).toEqual([27])
    expect(equations.reverse.at(-1)).toBe('x1-bar = w2-bar*w1')
  })

  test('a model that is none is refused', () => {
    expect(() => trace('x', [1], { model: {} as never })).toThrow(
      new ArgumentError('trace: model is a module, not an object (Object)'),
    )
  })
})

describe('mark', () => {
  const marks = (f: string, at: Record<string, number>, answers: Record<string, number>) =>
    mark(f, at, answers).marks.map(({ verdict }) => verdict)

  test('NaN where NaN is right, and a finite element beside an infinite one', () => {
    expect(marks('0*x/0', { x: 1 }, { x: NaN })).toEqual(['exact'])
    expect(marks('x', { x: 1 }, { x: NaN })).toEqual(['wrong'])
    const f = (x: Tensor) => x.log().sum()
    const at = [tensor([0, 0.5], { dtype: 'float64' })]
    const given = (second: number) => mark(f, at, { x1: [Infinity, second] }).marks[0]?.verdict
    expect([given(2), given(2.001), given(3)]).toEqual(['exact', 'close', 'wrong'])
  })

  test('a million elements', () => {
    const at = [ones([1_000_000])]
    expect(mark((x: Tensor) => x.mul(2).sum(), at, { x1: at[0]!.mul(2) }).marks[0]).toMatchObject({
      verdict: 'exact',
      difference: 0,
    })
  })

  test.each([-1, NaN])('a tolerance of %d', tolerance => {
    expect(() => mark('x', { x: 1 }, { x: 1 }, { tolerance })).toThrow(
      `mark: tolerance is at least 0, not ${tolerance}`,
    )
  })
})

describe('verdict on models of float32', () => {
  const seeded = (...modules: readonly (() => TensorModule)[]): nn.Sequential => {
    manualSeed(0)
    return new nn.Sequential(...modules.map(make => make()))
  }

  test('names the kink that its ReLU has', () => {
    const model = seeded(
      () => new nn.Linear(3, 3, { bias: false }),
      () => new nn.ReLU(),
      () => new nn.Linear(3, 1),
    )
    const { ok, findings } = verdict(model, [zeros([1, 3])])
    expect([ok, findings.map(({ cause, op }) => `${cause} ${op}`)]).toEqual([false, ['kink relu']])
    expect(model.parameters().map(({ dtype }) => dtype)).toEqual(['float32', 'float32', 'float32'])
  })

  test('statistics that a layer keeps beside are no wrong rule', () => {
    const model = seeded(
      () => new nn.Linear(3, 3),
      () => new nn.BatchNorm1d(3),
      () => new nn.ReLU(),
      () => new nn.Linear(3, 1),
    )
    const { ok, findings } = verdict(model, [randn([4, 3])])
    expect([ok, findings.filter(({ cause }) => cause === 'wrong rule')]).toEqual([true, []])
  })

  test('a function that takes no float64 is not called right, and the reason is told', () => {
    const linear = seeded(() => new nn.Linear(3, 3, { bias: false }))
    const found = verdict((x: Tensor) => linear.forward(x).relu(), [zeros([1, 3])])
    expect([found.ok, found.findings]).toEqual([false, []])
    expect(found.render('text', { width: 300 })).toContain(
      'Kinks and wrong rules are looked for in float64, which the function does not take: linear: dtypes differ',
    )
  })
})

describe('signs that are no letters', () => {
  const odd = 'a\u0000\u0007\u001b[31m\ud800\u2028\tb'
  const run = (x: Value): Value => {
    const y = x.sin()
    y.label = odd
    return y.mul(x)
  }

  test('in a name, are in no table', () => {
    const found = explain(run, [1])
    for (const format of ['text', 'markdown', 'latex', 'html'] as const)
      expect(found.render(format).match(/[^\P{Cc}\n]|\p{Cs}|\u2028/gu)).toBeNull()
    for (const table of found.tables)
      expect(katex.renderToString(render(table, 'latex'), { throwOnError: true, strict: 'ignore' })).toContain('katex')
  })

  test('in a name or a title, are in no picture', async () => {
    const svg = await draw(trace(run, [1]), { title: odd })
    expect(svg.match(/[^\P{Cc}\n]|\p{Cs}/gu)).toBeNull()
    expect(svg).toContain('[31m')
  })
})

test('verdict does not blame the rule of a wave that is looked at from afar', () => {
  for (const x of [1e-8, 3e-8, 7.3e-9])
    expect(verdict('sin(1/x)', { x }).findings.filter(({ cause }) => cause === 'wrong rule')).toEqual([])
})

test.each([
  [null, "backward: order is 'depthFirst', 'breadthFirst' or a function, not 'null'"],
  [() => null, 'backward: an order gives the nodes in a list, not null'],
])('sweeps refuses an order that is none: %s', (mine, message) => {
  const run = () => sweeps((x: Value) => x.sin().exp(), [1], { orders: { mine: mine as never } })
  expect(run).toThrow(ArgumentError)
  expect(run).toThrow(message)
})

test('empty brackets are no missing operator', () => {
  expect(() => parse(' ()')).toThrow(/there is nothing in the brackets \(column 2\)/)
  expect(() => parse(';')).toThrow(/unexpected ';' \(column 1\)/)
})
