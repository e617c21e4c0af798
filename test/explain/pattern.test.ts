// Flow patterns, from the partials alone; ledgers; sweeps; steps forth and back.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  copies,
  ledger,
  locals,
  pattern,
  type Step,
  Stepper,
  type SweepOptions,
  sweep,
  trace,
} from '../../src/explain/explain.ts'
import {
  ArgumentError,
  define,
  GradError,
  grad,
  type Num,
  type OpName,
  ShapeError,
  type Tensor,
  tensor,
  type Value,
} from '../../src/index.ts'

const lecture = (x1: Value, x2: Value) => x1.mul(x2).add(x1.sin())

describe('patterns', () => {
  test.each<[string, string, (x: Value, y: Value) => Value]>([
    ['add', 'x + y', (x, y) => x.add(y)],
    ['add', 'x - y', (x, y) => x.sub(y)],
    ['multiply', 'x*y', (x, y) => x.mul(y)],
    ['max', 'max(x, y)', (x, y) => x.maximum(y)],
    ['max', 'min(x, y)', (x, y) => x.minimum(y)],
    ['max', 'where(c, x, y)', (x, y) => x.lt(1).where(x, y)],
    ['scale', '3*x', x => x.mul(3)],
    ['scale', 'x/4', x => x.div(4)],
    ['scale', '-x', x => x.neg()],
    ['scale', 'x + 1', x => x.add(1)],
    ['gate', 'relu', x => x.relu()],
    ['gate', 'leaky relu', x => x.leakyRelu()],
    ['gate', 'abs', x => x.abs()],
    ['gate', 'clamp', x => x.clamp(-1, 1)],
    ['gate', 'max(x, 1)', x => x.maximum(1)],
    ['block', 'floor', x => x.floor()],
    ['block', 'a comparison', (x, y) => x.lt(y)],
    ['slope', 'sin', x => x.sin()],
    ['slope', 'x/y', (x, y) => x.div(y)],
    ['slope', 'x^2', x => x.square()],
  ])('%s: %s', (expected, _, f) => {
    const [row] = trace(f, [0.5, 2]).outputs
    expect(pattern(row)).toBe(expected)
  })

  test('an op of the user is read in the same way', () => {
    define('average', { arity: 2, of: <N extends Num>(x: N, y: N) => x.add(y).mul(0.5), tex: x => x })
    define('product3', { arity: 3, of: <N extends Num>(x: N, y: N, z: N) => x.mul(y).mul(z), tex: x => x })
    const of = (name: string, n: number) =>
      pattern(trace((...xs: Value[]) => xs[0].apply(name as OpName, ...xs.slice(0, n)), [1, 2, 3]).outputs[0])
    expect(of('average', 2)).toBe('scale')
    expect(of('product3', 3)).toBe('slope')
  })

  test('tensor ops that are not pointwise; inputs', () => {
    const { rows } = trace(
      (x: Tensor, w: Tensor) => x.matmul(w).relu().sum().add(w.argmax()),
      [tensor([[1, 2]]), tensor([[1], [2]])],
    )
    expect(rows.map(row => [row.op, pattern(row)])).toEqual([
      [null, null],
      [null, null],
      ['matmul', 'linear'],
      ['reshape', 'linear'],
      ['relu', 'gate'],
      ['argmax', 'block'],
      ['sum', 'linear'],
      ['reshape', 'block'],
      ['add', 'add'],
    ])
  })

  test('copies', () => {
    const found = trace((x: Value, y: Value) => x.mul(x).add(y).add(x), [1, 2])
    expect([...copies(found)].map(([{ name }, n]) => [name, n])).toEqual([['x1', 3]])
  })

  test('local partials as numbers and tensors', () => {
    const { outputs } = trace((x: Value, y: Value) => x.mul(y), [2, 3])
    expect(locals(outputs[0])).toEqual([3, 2])
    const [tanh] = trace((x: Tensor) => x.tanh(), [tensor([0, 1], { dtype: 'float64' })]).outputs
    const [local] = locals(tanh) as [Tensor]
    expect(local.toArray()).toEqual([1, 1 - Math.tanh(1) ** 2])
  })
})

describe('sweeps', () => {
  test('a random function: adjoints are the sums of their terms, and the engine’s gradients', () => {
    const ops = ['sin', 'tanh', 'exp', 'square'] as const
    const pairs = ['add', 'mul', 'sub', 'maximum'] as const
    const program = fc.array(fc.tuple(fc.nat(7), fc.nat(30), fc.nat(30)), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(program, fc.constantFrom('layers' as const, 'evaluated' as const), (steps, order) => {
        const f = (...xs: Value[]): Value => {
          const all = [...xs]
          for (const [op, i, j] of steps) {
            const [x, y] = [all[i % all.length], all[j % all.length]]
            all.push((op < 4 ? x[ops[op as 0]]() : x[pairs[(op - 4) as 0]](y)).mul(0.5))
          }
          return all.reduce((a, b) => a.add(b))
        }
        const { adjoints } = sweep(trace(f, [0.3, -0.7], { order }))
        const expected = grad(f, { argnums: [0, 1] })(0.3, -0.7) as number[]
        for (const { value, seed, terms } of adjoints)
          expect(terms.reduce((sum, term) => sum + (term.value as number), (seed ?? 0) as number)).toBeCloseTo(
            value as number,
            12,
          )
        expect(['x1', 'x2'].map(name => adjoints.find(({ row }) => row.name === name)?.value)).toEqual(
          expected.map(x => expect.closeTo(x, 10)),
        )
      }),
      { seed: 1, numRuns: 60 },
    )
  })

  test('a seed, and hooks', () => {
    const of = (given: SweepOptions) => sweep(trace(lecture, [2, 3]), given).adjoints.at(-1)?.value
    expect(of({ seed: 10 })).toBe(20)
    const halved = (x: Value) => {
      const y = x.sin()
      y.registerHook(g => g / 2)
      return y.mul(3)
    }
    expect(sweep(trace(halved, [0])).adjoints.map(({ value }) => value)).toEqual([1, 1.5, 1.5])
  })

  test('an output that another depends on', () => {
    const found = trace(
      (x: Value) => {
        const y = x.sin()
        return [y, y.mul(2)]
      },
      [0],
    )
    expect(sweep(found, { output: 'w1' }).adjoints.map(({ row }) => row.name)).toEqual(['w1', 'x1'])
    expect(sweep(found, { output: 'w2' }).adjoints.at(-1)?.value).toBe(2)
  })

  test('refusals', () => {
    const two = trace((x: Value) => [x.sin(), x.cos()], [1])
    expect(() => sweep(two)).toThrow("sweep: there are 2 outputs (w1, w2): choose one by the option 'output'")
    expect(() => sweep(two, { output: 'w3' })).toThrow(ArgumentError)
    expect(() => sweep(trace((x: Value) => x.detach(), [1]))).toThrow(GradError)
    expect(() =>
      sweep(
        trace((x: Tensor) => x.sin(), [tensor([1, 2])]),
        { seed: tensor([1]) },
      ),
    ).toThrow(ShapeError)
    expect(() => sweep(trace(lecture, [2, 3]), { seeds: 1 } as never)).toThrow("sweep: unknown option 'seeds'")
  })
})

/** What a cell says. */
const text = (cell: unknown): unknown =>
  typeof cell === 'object' ? ((cell as { text: string } | null)?.text ?? null) : cell

describe('ledgers', () => {
  test('one line for each use, and their sum', () => {
    const { rows } = ledger(sweep(trace(lecture, [2, 3])))
    expect(rows.map(row => row.map(text))).toEqual([
      ['x1', 'w1 = sin(x1)', 1, 'cos(x1)', 'w1-bar*cos(x1)', Math.cos(2)],
      ['x1', 'w2 = x1*x2', 1, 'x2', 'w2-bar*x2', 3],
      ['x1', 'sum', null, null, 'x1-bar = w1-bar*cos(x1) + w2-bar*x2', Math.cos(2) + 3],
    ])
  })

  test('of chosen rows, the output too', () => {
    const { rows } = ledger(sweep(trace(lecture, [2, 3])), { rows: ['w3', 'x2'] })
    expect(rows.map(row => row.map(text))).toEqual([
      ['w3', 'output', null, null, '1', 1],
      ['w3', 'sum', null, null, 'w3-bar = 1', 1],
      ['x2', 'w2 = x1*x2', 1, 'x1', 'w2-bar*x1', 2],
      ['x2', 'sum', null, null, 'x2-bar = w2-bar*x1', 2],
    ])
  })

  test('nothing is used twice; a row that is not there', () => {
    const found = sweep(trace((x: Value) => x.sin(), [1]))
    expect(ledger(found)).toMatchObject({ rows: [], notes: ['No row is used twice: each adjoint is one term.'] })
    expect(() => ledger(found, { rows: ['w7'] })).toThrow("ledger: no gradient reaches a row named 'w7'")
  })
})

describe('steps', () => {
  const texts = (steps: Iterable<Step>): string[] => Array.from(steps, ({ formula }) => formula.text)

  test('forward, then along every edge back', () => {
    expect(texts(new Stepper(trace(lecture, [2, 3])))).toEqual([
      'x1 = 2',
      'x2 = 3',
      'w1 = sin(x1)',
      'w2 = x1*x2',
      'w3 = w1 + w2',
      'w3-bar = 1',
      'w1-bar = w3-bar',
      'w2-bar = w3-bar',
      'x1-bar = w1-bar*cos(x1)',
      'x1-bar += w2-bar*x2',
      'x2-bar = w2-bar*x1',
    ])
  })

  test('upstream, local partial, contribution, what is accumulated', () => {
    const steps = new Stepper(trace(lecture, [2, 3]), { phase: 'backward' })
    const step = steps.jump(5)
    expect(step).toMatchObject({ phase: 'backward', argument: 0, upstream: 1, local: 3, contribution: 3 })
    expect(step).toMatchObject({ accumulated: Math.cos(2) + 3, row: { name: 'w2' }, to: { name: 'x1' } })
    expect([...steps.adjoints].map(([{ name }, g]) => [name, g])).toEqual([
      ['w3', 1],
      ['w1', 1],
      ['w2', 1],
      ['x1', Math.cos(2) + 3],
    ])
  })

  test('back, rewind, jump, and on', () => {
    const steps = new Stepper(trace(lecture, [2, 3]))
    expect(steps.current).toBe(null)
    steps.next()
    steps.next()
    expect(steps.position).toBe(2)
    expect(steps.back()?.formula.text).toBe('x1 = 2')
    expect([...steps.known].map(({ name }) => name)).toEqual(['x1'])
    expect(steps.back()).toBe(null)
    expect(steps.back()).toBe(null)
    expect(steps.jump(-1)?.formula.text).toBe('x1-bar += w2-bar*x2')
    expect(texts(steps)).toEqual(['x2-bar = w2-bar*x1'])
    expect(steps.next()).toEqual({ done: true, value: undefined })
    steps.rewind()
    expect(texts(steps)).toHaveLength(steps.length)
  })

  test('every state on the way back is the one on the way forth', () => {
    const steps = new Stepper(trace(lecture, [2, 3]), { phase: 'backward' })
    const forth = Array.from(steps, () => [...steps.adjoints])
    const back: unknown[] = []
    while (steps.position > 0) {
      back.unshift([...steps.adjoints])
      steps.back()
    }
    expect(back).toEqual(forth)
  })

  test('as a table: the steps that are taken', () => {
    const steps = new Stepper(trace(lecture, [2, 3]))
    expect(steps.table.rows).toEqual([])
    steps.jump(9)
    const { title, rows } = steps.table
    expect(title).toBe('Step 9 of 11')
    expect(rows[4].map(text)).toEqual([5, 'forward', 'w3 = w1 + w2', null, null, null, 6 + Math.sin(2)])
    expect(rows[8].map(text)).toEqual([
      9,
      'backward',
      'x1-bar = w1-bar*cos(x1)',
      1,
      Math.cos(2),
      Math.cos(2),
      Math.cos(2),
    ])
  })

  test('tensors', () => {
    const f = (x: Tensor, w: Tensor) => x.matmul(w).tanh().sum()
    const last = new Stepper(trace(f, [tensor([[1, 2]]), tensor([[0.5], [1]])])).steps.at(-1)
    expect(last).toMatchObject({ phase: 'backward', local: null, formula: { text: 'x2-bar = matmul(x1^T, w1-bar)' } })
  })

  test('refusals', () => {
    const steps = new Stepper(trace(lecture, [2, 3]))
    expect(() => steps.jump(12)).toThrow('jump: there are 11 steps, no position 12')
    expect(() => steps.jump(0.5)).toThrow(ArgumentError)
    expect(() => new Stepper(trace(lecture, [2, 3]), { phase: 'reverse' as never })).toThrow(ArgumentError)
  })
})
