// Traces: the rows of a lecture's table for any function, their order and names, partials and tangents.
import { describe, expect, test } from 'vitest'
import { cost } from '../../src/explain/cost.ts'
import { dot } from '../../src/explain/dot.ts'
import { explain } from '../../src/explain/explanation.ts'
import { history } from '../../src/explain/history.ts'
import { sweeps } from '../../src/explain/order.ts'
import { Stepper } from '../../src/explain/stepper.ts'
import { storage } from '../../src/explain/storage.ts'
import { sweep } from '../../src/explain/sweep.ts'
import { type Row, type Trace, trace } from '../../src/explain/trace.ts'
import { verdict } from '../../src/explain/verdict.ts'
import {
  ArgumentError,
  CompileError,
  checkpoint,
  compile,
  custom,
  ExpressionError,
  grad,
  jvp,
  manualSeed,
  nn,
  noGrad,
  type Tensor,
  tensor,
  Value,
} from '../../src/index.ts'

const lecture = (x1: Value, x2: Value) => x1.mul(x2).add(x1.sin())
/** `w1 = sin(x1)`, one for each row that was computed. */
const written = ({ rows }: Trace): string[] =>
  rows
    .filter(({ op }) => op !== null)
    .map(({ name, op, args }) => `${name} = ${op}(${args.map(x => (typeof x === 'number' ? x : x.name)).join(', ')})`)
const names = (rows: readonly Row[]): string => rows.map(({ name }) => name).join(' ')

describe('rows', () => {
  test('the table of a lecture', () => {
    const found = trace(lecture, [2, 3], { wrt: ['x1', 'x2'] })
    expect(names(found.rows)).toBe('x1 x2 w1 w2 w3')
    expect(written(found)).toEqual(['w1 = sin(x1)', 'w2 = mul(x1, x2)', 'w3 = add(w1, w2)'])
    expect(found.rows.map(({ value }) => value)).toEqual([2, 3, Math.sin(2), 6, Math.sin(2) + 6])
    expect(found.rows.map(({ partials }) => partials.map(String))).toEqual([
      [],
      [],
      ['cos(x0)'],
      ['x1', 'x0'],
      ['1', '1'],
    ])
    expect(found.rows.map(({ tangents }) => tangents)).toEqual([
      [1, null],
      [null, 1],
      [Math.cos(2), null],
      [3, 2],
      [Math.cos(2) + 3, 2],
    ])
    expect(names(found.backward)).toBe('w3 w1 w2 x1 x2')
    expect(names(found.inputs)).toBe('x1 x2')
    expect(names(found.outputs)).toBe('w3')
    expect(found.rows.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
  })

  test('layers do not depend on how the function is written', () => {
    const other = (x1: Value, x2: Value) => x1.sin().add(x2.mul(x1))
    expect(written(trace(other, [2, 3]))).toEqual(written(trace(lecture, [2, 3])))
    const [, , , product] = trace(other, [2, 3]).rows as Row[]
    expect(product.places).toEqual([1, 0])
  })

  test('as evaluated', () => {
    const found = trace(lecture, [2, 3], { order: 'evaluated' })
    expect(written(found)).toEqual(['w1 = mul(x1, x2)', 'w2 = sin(x1)', 'w3 = add(w1, w2)'])
    expect(names(found.backward)).toBe('w3 w2 w1 x1 x2')
    expect(written(trace((x: Value, y: Value) => y.mul(x), [2, 3], { order: 'evaluated' }))).toEqual([
      'w1 = mul(x2, x1)',
    ])
  })

  test('operands of ops that are not symmetric, and numbers, keep their places', () => {
    const f = (x: Value, y: Value) => y.sub(x).div(y.pow(x)).add(2).atan2(y.lt(x)).add(y.maximum(x))
    expect(written(trace(f, { a: 1, b: 3 }))).toEqual([
      'w1 = sub(b, a)',
      'w2 = pow(b, a)',
      'w3 = lt(b, a)',
      'w4 = maximum(b, a)',
      'w5 = div(w1, w2)',
      'w6 = add(w5, 2)',
      'w7 = atan2(w6, w3)',
      'w8 = add(w4, w7)',
    ])
  })

  test('backward visits each row after all that were computed from it', () => {
    const f = (x: Value, y: Value) => {
      const a = x.mul(y)
      return a.mul(a.exp().add(x.sin())).add(a)
    }
    for (const order of ['layers', 'evaluated'] as const) {
      const seen = new Set<Row>()
      for (const row of trace(f, [1, 2], { order }).backward) {
        seen.add(row)
        for (const x of row.args) expect(seen.has(x as Row)).toBe(false)
      }
    }
  })
})

describe('names', () => {
  test('labels, of inputs and of results; each name once', () => {
    const x = new Value(2)
    x.label = 'x'
    const f = (a: Value) => {
      const square = a.square()
      square.label = 'x'
      const root = square.sqrt()
      root.label = 'w1'
      return root.exp().add(square)
    }
    expect(names(trace(f, [x]).rows)).toBe('x x_2 w1 w2 w3')
  })

  test('parameters and constants that the function reads', () => {
    const p = new Value(5)
    const f = (x: Value) =>
      x
        .mul(p)
        .add(noGrad(() => p.sin()))
        .add(x.detach())
    const found = trace(f, [2])
    expect(found.rows.map(({ name, kind }) => [name, kind])).toEqual([
      ['x1', 'input'],
      ['p1', 'parameter'],
      ['c1', 'constant'],
      ['w1', 'result'],
      ['w2', 'result'],
      ['w3', 'result'],
      ['w4', 'result'],
    ])
    expect(written(found)).toEqual(['w1 = mul(x1, p1)', 'w2 = sin(p1)', 'w3 = add(w1, w2)', 'w4 = add(w3, c1)'])
    expect(found.rows.map(({ node }) => node !== null)).toEqual([true, true, false, true, false, true, true])
  })

  test('what no output depends on is left out, but inputs', () => {
    const f = (x: Value, _: Value) => {
      x.exp()
      return x.sin()
    }
    expect(names(trace(f, [1, 2]).rows)).toBe('x1 x2 w1')
  })

  test('an output that is a number, or an input', () => {
    const found = trace((x: Value) => [x, 7], [1])
    expect(found.outputs.map(({ name, value }) => [name, value])).toEqual([
      ['x1', 1],
      ['c1', 7],
    ])
  })
})

describe('tensors and modules', () => {
  test('ops of every kind; partials where they are pointwise', () => {
    const f = (x: Tensor, w: Tensor) => x.matmul(w).tanh().sum()
    const x = tensor([[1, 2]], { dtype: 'float64' })
    const w = tensor([[0.5], [-0.25]], { dtype: 'float64' })
    const found = trace(f, { x, w }, { wrt: ['x', 'w'] })
    expect(written(found)).toEqual(['w1 = matmul(x, w)', 'w2 = tanh(w1)', 'w3 = sum(w2)'])
    expect(found.rows.map(({ partials }) => partials.map(p => p && String(p)))).toEqual([
      [],
      [],
      [null, null],
      ['add(neg(mul(out, out)), 1)'],
      [null],
    ])
    const [, byX] = jvp(f, [x, w], [tensor([[1, 1]], { dtype: 'float64' }), w.mul(0)])
    const [, byW] = jvp(f, [x, w], [x.mul(0), tensor([[1], [1]], { dtype: 'float64' })])
    expect(found.outputs[0].tangents.map(t => (t as Tensor).item())).toEqual([byX.item(), byW.item()])
  })

  test('a module: parameters by their paths, rows by the module that ran', () => {
    manualSeed(0)
    const model = new nn.Sequential(new nn.Linear(2, 3), new nn.Tanh(), new nn.Linear(3, 1))
    const found = trace(model, [tensor([[1, 2]])])
    expect(names(found.rows.filter(({ kind }) => kind === 'parameter'))).toBe('0.weight 0.bias 2.weight 2.bias')
    const computed = found.rows.filter(({ op }) => op !== null)
    expect(new Set(computed.map(({ module }) => module))).toEqual(new Set(['0', '1', '2']))
    expect(computed.find(({ op }) => op === 'tanh')?.module).toBe('1')
    expect((found.outputs[0].value as Tensor).equal(model.forward(tensor([[1, 2]])))).toBe(true)
    // the model is left as it was
    expect(Object.hasOwn(model, 'forward')).toBe(false)
    expect(model.parameters().every(p => p.grad === null)).toBe(true)
  })

  test('a parameter that is assigned later keeps, in the trace, the value that it had', () => {
    const model = new nn.Linear(1, 1, { bias: false })
    const found = trace(model, [tensor([[1]])])
    const before = (found.outputs[0].value as Tensor).item()
    model.weight.assign(tensor([[100]]))
    expect((found.rows[1].value as Tensor).item()).toBe(before)
  })

  test('integer inputs have no place in the graph', () => {
    const found = trace(
      (x: Tensor, i: Tensor) => x.indexSelect(0, i).sum(),
      [tensor([1, 2, 3]), tensor([2, 0], { dtype: 'int32' })],
    )
    expect(found.inputs.map(({ node }) => node !== null)).toEqual([true, false])
  })
})

describe('functions of their own kind', () => {
  test('a custom function has no partials, but tangents', () => {
    const cube = custom({
      name: 'cube',
      forward: (x: Value) => x.pow(3),
      vjp: (g, [x]) => [g.mul(x.square()).mul(3)],
      jvp: ([dx], [x]) => dx && x.square().mul(3).mul(dx),
    })
    const found = trace((x: Value) => cube(x), [2], { wrt: ['x1'] })
    expect(written(found)).toEqual(['w1 = cube(x1)'])
    expect(found.outputs[0].partials).toEqual([null])
    expect(found.outputs[0].tangents).toEqual([12])
  })

  test('inside a checkpoint: as if it were not there', () => {
    const inner = checkpoint((x: Value) => x.sin().exp())
    const found = trace((x: Value) => inner(x).mul(x), [2], { wrt: ['x1'] })
    expect(written(found)).toEqual(['w1 = sin(x1)', 'w2 = exp(w1)', 'w3 = mul(x1, w2)'])
    const plain = trace((x: Value) => x.sin().exp().mul(x), [2], { wrt: ['x1'] })
    expect(found.outputs[0].tangents).toEqual(plain.outputs[0].tangents)
    const tensors = checkpoint((x: Tensor) => x.sin().exp())
    expect(written(trace((x: Tensor) => tensors(x).mul(x), [tensor([1, 2])]))).toEqual(written(found))
  })

  test('a derivative is a function like any other', () => {
    const found = trace((x: Value) => grad((y: Value) => y.pow(3))(x), [2], { wrt: ['x1'] })
    expect(found.outputs[0].value).toBe(12)
    expect(found.outputs[0].tangents).toEqual([12])
    const tensors = trace((x: Tensor) => grad((y: Tensor) => y.pow(3).sum())(x), [tensor([2])], { wrt: ['x1'] })
    expect((tensors.outputs[0].tangents[0] as Tensor).item()).toBe(12)
  })

  test('of any depth', () => {
    const f = (x: Value) => {
      let y = x
      for (let i = 0; i < 20_000; i++) y = y.sin()
      return y
    }
    expect(trace(f, [1]).rows).toHaveLength(20_001)
  })
})

describe('formulas in text', () => {
  const text = 'x1*x2 + sin(x1)'
  test('the rows of the function', () => {
    expect(written(trace(text, { x1: 2, x2: 3 }))).toEqual(written(trace(lecture, [2, 3])))
    expect(written(trace(text, [2, 3]))).toEqual(written(trace(lecture, [2, 3])))
  })

  test('inputs by name in any order, also such as the formula does not have; tensors too', () => {
    const found = trace('b - a', { a: 1, b: 5, c: 0 })
    expect(names(found.rows)).toBe('a b c w1')
    expect(found.outputs[0].value).toBe(4)
    const x = tensor([1, 2], { dtype: 'float64' })
    expect((trace('x^2', { x }).outputs[0].value as Tensor).toArray()).toEqual([1, 4])
    expect(trace('2 + 3', { x: 1 }).outputs[0]).toMatchObject({ kind: 'constant', value: 5 })
  })

  test('errors point at the column', () => {
    expect(() => trace('x1*z + 1', { x1: 1 })).toThrow(ExpressionError)
    expect(() => trace('x1*z + 1', { x1: 1 })).toThrow(expect.objectContaining({ column: 4 }))
    expect(() => trace('x*y', [1])).toThrow('trace: the formula has 2 inputs (x, y), not 1')
  })
})

describe('refusals', () => {
  const f = (x: Value) => x.sin()
  test.each([
    [
      'no function',
      () => trace(3 as never, [1]),
      'trace: needs a function of values or tensors, a module or a formula in text, not 3',
    ],
    ['an option', () => trace(f, [1], { mode: 1 } as never), "trace: unknown option 'mode'. It has order, wrt, model"],
    [
      'an order',
      () => trace(f, [1], { order: 'kahn' as never }),
      "trace: order is 'layers' or 'evaluated', not the string 'kahn'",
    ],
    ['wrt twice', () => trace(f, { x: 1, y: 2 }, { wrt: ['x', 'x'] }), "trace: wrt names 'x' twice"],
    ['wrt', () => trace(f, { x: 1, y: 2 }, { wrt: ['z'] }), "trace: wrt names 'z', but the inputs are x, y"],
    [
      'an input',
      () => trace(f, ['1'] as never),
      "trace: input 'x1' is a number, a value or a tensor, not the string '1'",
    ],
    [
      'no inputs',
      () => trace(f, 1 as never),
      'trace: needs its inputs as a list, or as an object { name: value }, not 1',
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(ArgumentError)
    expect(run).toThrow(message)
  })

  test('a function that throws leaves hooks and mode as they were', () => {
    const model = new nn.Linear(1, 1)
    expect(() => trace(model, [tensor([[1, 2, 3]])])).toThrow(/linear|matmul/)
    expect(Object.hasOwn(model, 'forward')).toBe(false)
    expect(trace(f, [1]).rows).toHaveLength(2)
  })
})

test.each([
  ['sweep', sweep],
  ['Stepper', (x: Trace) => new Stepper(x)],
  ['storage', storage],
  ['dot', dot],
] as const)('%s needs a trace', (name, run) => {
  for (const [given, said] of [
    ['x*y', "the string 'x*y'"],
    [undefined, 'undefined'],
  ] as const) {
    expect(() => run(given as never)).toThrow(ArgumentError)
    expect(() => run(given as never)).toThrow(`${name}: needs a trace, as trace(f, inputs) makes it, not ${said}`)
  }
})

describe('compiled steps', () => {
  const f = (x: Value): Value => x.sin().mul(x)
  const g = (x: Tensor): Tensor => x.sin().sum()
  const x = tensor([1, 2])
  const before = trace(f, [1])

  test.each<[string, () => unknown]>([
    ['trace', () => trace(f, [1])],
    ['trace', () => trace(g, [x])],
    ['explain', () => explain('x*x', { x: 2 })],
    ['verdict', () => verdict(f, [1])],
    ['cost', () => cost(g, [x], { repeats: 0 })],
    ['sweeps', () => sweeps(g, [x])],
    ['history', () => history(new Value(2).sin())],
    ['sweep', () => sweep(before)],
    ['Stepper', () => new Stepper(before, { phase: 'forward' })],
  ])('%s is refused inside, before anything is recorded', (op, run) => {
    const step = compile((y: Value) => {
      run()
      return y.mul(2)
    })
    expect(() => step(new Value(1))).toThrow(CompileError)
    expect(() => step(new Value(1))).toThrow(`${op}: a compiled step runs without this code from its third call on`)
  })

  test('are explained themselves, as if they were not compiled', () => {
    const [h, k] = [compile(f), compile(g)]
    for (let n = 0; n < 4; n++) {
      h(new Value(n))
      k(x)
    }
    expect(explain(h, [1]).equations).toEqual(explain(f, [1]).equations)
    expect(explain(k, [x]).equations).toEqual(explain(g, [x]).equations)
  })
})
