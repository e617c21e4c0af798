// The verdict: four ways to one derivative, and who is to blame where they do not agree.
import { afterAll, describe, expect, it, test } from 'vitest'
import { custom } from '../../src/engine/custom.ts'
import { ArgumentError, ExpressionError } from '../../src/engine/errors.ts'
import { tensor } from '../../src/engine/ops/create.ts'
import { define, type OpName, table } from '../../src/engine/prims.ts'
import { defaultGenerator, Generator, randn } from '../../src/engine/random.ts'
import type { Tensor } from '../../src/engine/tensor.ts'
import type { Value } from '../../src/engine/value.ts'
import { formats } from '../../src/explain/table.ts'
import { verdict } from '../../src/explain/verdict.ts'

const double = (x: number[] | number[][]): Tensor => tensor(x, { dtype: 'float64' })
type Custom = (x: Value) => Value
const square = (vjp: number, jvp: number): Custom =>
  custom<Value>({
    name: 'mySquare',
    forward: x => x.square(),
    vjp: (g, [x]) => [g.mul(x).mul(vjp)],
    jvp: ([dx], [x]) => (dx as Value).mul(x).mul(jvp),
  })

afterAll(() => {
  table.delete('wrongCube')
})

describe('functions whose derivatives agree', () => {
  test.each([
    ['x1*x2 + sin(x1)', { x1: 2, x2: 3 }],
    ['x^3', { x: -2 }],
    ['exp(50*x)', { x: 1 }],
    ['tan(x)', { x: 1.57 }],
    ['sigmoid(x*y)*gelu(y) + atan2(x, y)', { x: 0.3, y: -0.8 }],
    ['max(x, y)*min(x, y)', { x: 1, y: 1.001 }],
    ['(x + 1e9) - 1e9', { x: 1.3 }],
    ['x/1e-8', { x: 3e-7 }],
    ['1e-200*x^2', { x: 1e50 }],
  ])('%s', (f, inputs) => {
    const found = verdict(f, inputs)
    expect(found.ok, found.render()).toBe(true)
    expect(found.findings).toEqual([])
    expect(found.judgements.every(({ agree }) => agree)).toBe(true)
  })

  it('the complex step goes on where differences lose their digits', () => {
    const [{ differences, complexes, reverse, complex }] = verdict('exp(x)/sqrt(sin(x)^3 + cos(x)^3)', {
      x: 1.5,
    }).judgements
    // the example of Martins, Sturdza and Alonso 2003
    expect(complex).toBeCloseTo(4.05342789389862, 12)
    const error = (xs: readonly number[] | null): number[] => (xs ?? []).map(x => Math.abs(x - (reverse as number)))
    const [real, imaginary] = [error(differences), error(complexes)]
    expect(Math.min(...real)).toBeGreaterThan(1e-13)
    expect(real[11]).toBeGreaterThan(1e-6)
    expect(Math.max(...imaginary.slice(8))).toBeLessThan(1e-14)
    // both are of second order while h is large
    for (const errors of [real, imaginary]) expect(errors[1] / errors[2]).toBeCloseTo(100, -0.5)
  })

  it('has no complex step where an op has no complex value, and says so', () => {
    const found = verdict('erf(x)*x', { x: 0.4 })
    expect(found.ok).toBe(true)
    expect(found.judgements[0].complex).toBeNull()
    expect(found.render()).toContain('The complex step does not apply')
  })

  it('of tensors, element by element', () => {
    const found = verdict(
      (x: Tensor, w: Tensor) => x.matmul(w).tanh().sum(),
      [double([[1, 2]]), double([[0.1], [0.3]])],
    )
    expect(found.ok).toBe(true)
    expect(found.judgements.map(({ input, element }) => [input, element])).toEqual([
      ['x1', 0],
      ['x1', 1],
      ['x2', 0],
      ['x2', 1],
    ])
    expect(found.judgements[0].reverse).toBeCloseTo(0.1 * (1 - Math.tanh(0.7) ** 2), 12)
  })

  it('a softmax of float32, within its digits', () => {
    expect(
      verdict(
        (x: Tensor) =>
          x
            .softmax(0)
            .mul(tensor([1, 2, 3]))
            .sum(),
        [tensor([0.5, 1, -0.2])],
      ).ok,
    ).toBe(true)
  })

  it('looks at some elements of many, evenly spread', () => {
    const found = verdict(
      (x: Tensor) => x.sin().sum(),
      [randn([100], { dtype: 'float64', generator: new Generator(1) })],
      {
        elements: 4,
      },
    )
    expect(found.judgements.map(({ element }) => element)).toEqual([0, 25, 50, 75])
    expect(found.render()).toContain('4 of 100 elements were looked at.')
  })

  it('holds draws, and leaves the generator where one call would', () => {
    defaultGenerator().manualSeed(5)
    const f = (x: Tensor): Tensor => x.mul(randn([2], { dtype: 'float64' })).sum()
    expect(verdict(f, [double([1, 2])]).ok).toBe(true)
  })

  it('a mode without a rule is left out', () => {
    const f = custom<Value>({ forward: x => x.square(), vjp: (g, [x]) => [g.mul(x).mul(2)] })
    const found = verdict((x: Value) => f(x), [3])
    expect(found.ok).toBe(true)
    expect(found.judgements[0]).toMatchObject({ forward: null, reverse: 6, agree: true })
  })
})

it('says so when the function has no finite value', () => {
  const found = verdict('log(x)', { x: -1 })
  expect(found.ok).toBe(false)
  expect(found.findings).toEqual([])
  expect(found.render()).toContain("The function's value is NaN here.")
  expect(verdict('x^2', { x: Infinity }).findings).toEqual([])
})

describe('who is to blame', () => {
  const blamed = (f: Parameters<typeof verdict>[0], inputs: Parameters<typeof verdict>[1]) => {
    const found = verdict(f, inputs)
    const [{ cause, op, at, mode, element }] = found.findings
    expect(found.findings.length).toBe(1)
    expect(found.render()).toContain(`${cause}: `)
    return { ok: found.ok, cause, op, at, mode, element }
  }

  it('a kink', () => {
    expect(blamed('2*sin(abs(x))', { x: 0 })).toMatchObject({ cause: 'kink', op: 'abs', at: 1 })
    expect(blamed('relu(x)*y', { x: 0, y: 2 })).toMatchObject({ ok: false, cause: 'kink', op: 'relu' })
    expect(blamed('where(x > 0, x, 0.1*x) + x', { x: 0 })).toMatchObject({ ok: false, cause: 'kink', op: 'where' })
    expect(blamed('clamp(x, -1, 1)', { x: 1 })).toMatchObject({ cause: 'kink', op: 'clamp' })
    expect(blamed('sqrt(x)', { x: 0 })).toMatchObject({ cause: 'kink', op: 'sqrt' })
    expect(blamed('y*floor(x)', { x: 1, y: 2 })).toMatchObject({ ok: false, cause: 'kink', op: 'floor' })
    expect(blamed((x: Tensor) => x.relu().sum(), [double([1, 0, -1])])).toMatchObject({ cause: 'kink', element: [1] })
  })

  it('a branch of the function itself', () => {
    const f = (x: Value): Value => (x.data > 1 ? x.mul(2) : x.neg().exp())
    expect(blamed(f, [1])).toMatchObject({ ok: false, cause: 'kink', op: null, at: 1 })
  })

  it('a tie', () => {
    expect(blamed('max(x, y)', { x: 1, y: 1 })).toMatchObject({ ok: true, cause: 'tie', op: 'maximum' })
    expect(blamed('min(x^2, y)', { x: 2, y: 4 })).toMatchObject({ cause: 'tie', op: 'minimum', at: 2 })
    expect(blamed((x: Tensor) => x.amax(), [double([1, 3, 3])])).toMatchObject({ cause: 'tie', op: 'amax' })
  })

  it('cancellation', () => {
    // the value itself has lost its digits: all rules agree on a number that is wrong
    const found = verdict('(1 - cos(x))/x^2', { x: 1e-5 })
    expect(found.judgements[0].reverse).toBe(found.judgements[0].forward)
    expect(found.judgements[0].difference.value).toBeCloseTo(-1e-5 / 12, 9)
    expect(blamed('(1 - cos(x))/x^2', { x: 1e-5 })).toMatchObject({ ok: true, cause: 'cancellation', op: 'sub', at: 2 })
  })

  it('precision', () => {
    expect(blamed('x + 1e13', { x: 1.3 })).toMatchObject({ ok: true, cause: 'precision', op: 'add' })
    const float32 = (x: Tensor): Tensor => x.add(1e6).sum()
    expect(blamed(float32, [tensor([1.5])])).toMatchObject({ ok: true, cause: 'precision', op: 'add' })
  })

  it('a wrong rule of the table', () => {
    define('wrongCube', { f: (x: number) => x ** 3, d: x => x.square().mul(2), tex: x => `{${x}}^3` })
    const found = blamed('sin(x)*wrongCube(y*x)', { x: 1.3, y: 0.7 })
    expect(found).toMatchObject({ ok: false, cause: 'wrong rule', op: 'wrongCube', mode: 'both' })
    const f = (x: Tensor): Tensor =>
      x
        .sin()
        .apply('wrongCube' as OpName, x.sin())
        .sum()
    expect(blamed(f, [double([0.4, 0.9])])).toMatchObject({
      cause: 'wrong rule',
      op: 'wrongCube',
      mode: 'both',
      element: [0],
    })
  })

  it('a wrong rule of a custom function, in the mode where it is', () => {
    const of = (f: Custom) => blamed((x: Value, y: Value) => f(x.sin()).mul(y), [1.2, 2])
    expect(of(square(3, 2))).toMatchObject({ ok: false, cause: 'wrong rule', op: 'mySquare', at: 2, mode: 'reverse' })
    expect(of(square(2, 3))).toMatchObject({ ok: false, cause: 'wrong rule', op: 'mySquare', at: 2, mode: 'forward' })
    expect(of(square(3, 3))).toMatchObject({ ok: false, cause: 'wrong rule', op: 'mySquare', at: 2, mode: 'both' })
    expect(verdict((x: Value) => square(2, 2)(x), [1.2]).ok).toBe(true)
  })

  it('one wrong element of a tensor', () => {
    const f = custom<Tensor>({
      name: 'scaled',
      forward: x => x.mul(2),
      vjp: g => [g.mul(tensor([2, 2.1, 2], { dtype: 'float64' }))],
      jvp: ([dx]) => (dx as Tensor).mul(2),
    })
    const found = verdict((x: Tensor) => f(x.exp()).log().sum(), [double([0.1, 0.2, 0.3])])
    expect(found.judgements.map(({ agree }) => agree)).toEqual([true, false, true])
    expect(found.findings[0]).toMatchObject({ cause: 'wrong rule', op: 'scaled', element: [1], mode: 'reverse' })
  })
})

describe('where numbers end', () => {
  it('values that underflow accuse no rule', () => {
    const { findings } = verdict('x*x', { x: 1e-300 })
    expect(findings.map(({ cause }) => cause)).toEqual(['precision'])
  })
  it('forward mode is by one input alone: a partial by another that is NaN does not spoil it', () => {
    const found = verdict('x^y', { x: -1, y: 2 })
    expect(found.judgements[0]).toMatchObject({ forward: -2, reverse: -2, agree: true })
    expect(found.judgements[1]).toMatchObject({ forward: NaN, reverse: NaN, agree: false })
    expect(found.ok).toBe(false)
    expect(found.findings).toEqual([])
    expect(found.render()).toContain('The derivative by y is NaN here.')
  })
  it('equal operands are a tie only to what chooses between them', () => {
    expect(verdict('x^y', { x: 0, y: 0 }).findings.map(({ cause }) => cause)).toEqual(['kink'])
    expect(verdict('hypot(x, y)', { x: 0, y: 0 }).findings.map(({ cause }) => cause)).toEqual(['kink'])
    for (const f of ['max(x, y)', 'min(x, y)'])
      expect(verdict(f, { x: 0, y: 0 }).findings.map(({ cause }) => cause)).toEqual(['tie'])
  })
})

test('renders in every format', () => {
  const found = verdict('x1*x2 + sin(x1)', { x1: 2, x2: 3 })
  for (const format of formats) expect(found.render(format).length, format).toBeGreaterThan(200)
  expect(JSON.parse(found.render('json'))).toHaveLength(2)
  expect(found.toString()).toMatch(/^The derivatives agree\n\nby +forward +reverse/)
})

test.each([
  [() => verdict('x + y', { x: 1 }), ExpressionError, /unknown name 'y'/],
  [() => verdict('x + y', [1]), ArgumentError, /verdict: the formula has 2 inputs \(x, y\), not 1/],
  [() => verdict('x', { x: 'a' as never }), ArgumentError, /verdict: input 'x' is a number, a value or a tensor/],
  [
    () => verdict(3 as never, [1]),
    ArgumentError,
    /verdict: needs a function of values or tensors, a module or a formula in text, not 3/,
  ],
  [() => verdict((x: Value) => x, null as never), ArgumentError, /needs its inputs as a list/],
  [() => verdict((x: Tensor) => x, [tensor([1], { dtype: 'int32' })]), ArgumentError, /no input to differentiate by/],
  [() => verdict('x', { x: 1 }, { tolerance: -1 }), ArgumentError, /tolerance is at least 0, not -1/],
  [() => verdict('x', { x: 1 }, { tolerance: NaN }), ArgumentError, /tolerance is at least 0, not NaN/],
  [() => verdict('x', { x: 1 }, { tol: 1 } as never), ArgumentError, /unknown option 'tol'/],
] as const)('%s', (run, type, message) => {
  expect(run).toThrow(type)
  expect(run).toThrow(message)
})
