// Derivatives by hand: exact, close or wrong, the first mistake, and those that only follow from it.
import { describe, expect, it, test } from 'vitest'
import { ArgumentError, ExpressionError, ShapeError } from '../../src/engine/errors.ts'
import { tensor } from '../../src/engine/ops/create.ts'
import type { Tensor } from '../../src/engine/tensor.ts'
import type { Value } from '../../src/engine/value.ts'
import { type Answer, mark } from '../../src/explain/hand.ts'
import { sweep } from '../../src/explain/sweep.ts'
import { formats } from '../../src/explain/table.ts'
import { trace } from '../../src/explain/trace.ts'

const f = 'x1*x2 + sin(x1)'
const at = { x1: 2, x2: 3 }
const marked = (answers: Record<string, Answer>) =>
  mark(f, at, answers).marks.map(({ name, verdict, carried }) => `${name} ${verdict}${carried ? ', carried' : ''}`)

describe('numbers and formulas', () => {
  it('exact, in the order of the sweep', () => {
    expect(marked({ x1: 3 + Math.cos(2), x2: 2, w1: 1, w2: 1, w3: 1 })).toEqual([
      'w3 exact',
      'w1 exact',
      'w2 exact',
      'x1 exact',
      'x2 exact',
    ])
    expect(marked({ x1: 'w1_bar*cos(x1) + w2_bar*x2', x2: 'x1', 'w1-bar': 'w3_bar', w2_bar: '1' })).toEqual([
      'w1 exact',
      'w2 exact',
      'x1 exact',
      'x2 exact',
    ])
    expect(mark(f, at, { x2: 2 }).ok).toBe(true)
  })

  it('close, within the tolerance', () => {
    expect(marked({ x1: 2.584 })).toEqual(['x1 close'])
    expect(marked({ x1: 2.59 })).toEqual(['x1 wrong'])
    expect(mark(f, at, { x1: 2.59 }, { tolerance: 0.01 }).marks[0].verdict).toBe('close')
    expect(mark(f, at, { x1: 2.584 }).marks[0].difference).toBeCloseTo(2.584 - 3 - Math.cos(2), 12)
    expect(marked({ x1: NaN })).toEqual(['x1 wrong'])
  })

  it('the first wrong one, and what follows from it', () => {
    const marking = mark(f, at, { w3: 1, w1: 1, w2: -1, x1: 'w1_bar*cos(x1) + w2_bar*x2', x2: -2 })
    expect(marking.ok).toBe(false)
    expect(marking.first?.name).toBe('w2')
    expect(marking.first?.hint).toBe('the sign is wrong')
    expect(marking.marks.map(({ verdict, carried }) => [verdict, carried])).toEqual([
      ['exact', false],
      ['exact', false],
      ['wrong', false],
      ['wrong', true],
      ['wrong', true],
    ])
    // wrong on top of a wrong one is a mistake of its own
    expect(marked({ w2: -1, x2: 7 })).toEqual(['w2 wrong', 'x2 wrong'])
  })

  it('knows the usual mistakes', () => {
    const hint = (g: string, xs: Record<string, number>, answers: Record<string, Answer>) =>
      mark(g, xs, answers).first?.hint
    expect(hint(f, at, { x1: Math.cos(2) })).toBe('the term of w2 is missing')
    expect(hint(f, at, { x1: -3 - Math.cos(2) })).toBe('the sign is wrong')
    expect(hint('sin(x)^2', { x: 1 }, { x: Math.cos(1) })).toBe('w1-bar is left out')
    expect(hint('sin(x)^2', { x: 1 }, { x: 2 * Math.sin(1) })).toBe('the partial of w1 is left out')
    expect(hint('sin(x)^2', { x: 1 }, { x: 17 })).toBeNull()
  })

  it('an input that nothing depends on has the derivative 0', () => {
    const marking = mark('x*x', { x: 2, y: 1 }, { y: 0, x: 4 })
    expect(marking.ok).toBe(true)
    expect(marking.marks.map(({ expected }) => expected)).toEqual([4, 0])
  })
})

describe('tensors', () => {
  const g = (x: Tensor, w: Tensor): Tensor => x.matmul(w).tanh().sum()
  const xs = [tensor([[1, 2]], { dtype: 'float64' }), tensor([[0.1], [0.3]], { dtype: 'float64' })]
  const right = new Map(sweep(trace(g, xs)).adjoints.map(({ row, value }) => [row.name, value]))
  const all = Object.fromEntries(right)

  it('the engine marks itself right', () => {
    const marking = mark(g, xs, all)
    expect(marking.ok, marking.render()).toBe(true)
    expect(marking.marks.every(({ verdict }) => verdict === 'exact')).toBe(true)
    expect(marking.marks.length).toBe(5)
  })

  it('takes nested lists, and formulas over tensors', () => {
    const slope = 1 - Math.tanh(0.7) ** 2
    expect(mark(g, xs, { x1: [[0.1 * slope, 0.3 * slope]], w1: 'w2_bar*(1 - w2^2)' }).ok).toBe(true)
  })

  it('names what is wrong, and what follows', () => {
    const w1 = (all.w1 as Tensor).mul(2)
    const marking = mark(g, xs, { w1, x1: (all.x1 as Tensor).mul(2), x2: all.x2 })
    expect(marking.marks.map(({ name, verdict, carried }) => [name, verdict, carried])).toEqual([
      ['w1', 'wrong', false],
      ['x1', 'wrong', true],
      ['x2', 'exact', false],
    ])
    expect(mark(g, xs, { x1: (all.x1 as Tensor).mul(3) }).first?.hint).toBe('it is 3 times what is right')
  })

  it('follows a wrong one through rows that have no answer', () => {
    // w1 lies between w2 and both inputs
    const w2 = (all.w2 as Tensor).mul(2)
    const marking = mark(g, xs, { w2, x1: (all.x1 as Tensor).mul(2), x2: (all.x2 as Tensor).mul(3) })
    expect(marking.marks.map(({ name, verdict, carried }) => [name, verdict, carried])).toEqual([
      ['w2', 'wrong', false],
      ['x1', 'wrong', true],
      ['x2', 'wrong', false],
    ])
    const chain = mark('exp(sin(x)^2)', { x: 1 }, { w2: 1, x: 'w2_bar*2*w1*cos(x)' })
    expect(chain.marks.map(({ verdict, carried }) => [verdict, carried])).toEqual([
      ['wrong', false],
      ['wrong', true],
    ])
  })

  it('float32 is exact to its digits', () => {
    const single = xs.map(x => x.to('float32'))
    expect(mark(g, single, { x1: all.x1, x2: all.x2 }).marks.map(({ verdict }) => verdict)).toEqual(['exact', 'exact'])
  })
})

test('renders in every format', () => {
  const marking = mark(f, at, { w2: -1, x2: -2 })
  for (const format of formats) expect(marking.render(format)).toContain('w2')
  expect(marking.toString()).toMatch(/^The first wrong one: w2-bar/)
  expect(marking.toString()).toContain('follows from a wrong one before')
})

test.each([
  [() => mark(f, at, { w9: 1 }), ArgumentError, /there is no row 'w9'. The rows are x1, x2, w1, w2, w3/],
  [() => mark(f, at, { x1: 1, 'x1-bar': 1 }), ArgumentError, /two answers for 'x1'/],
  [() => mark(f, at, { x1: [1] as never }), ArgumentError, /answer for 'x1' is a number or a formula/],
  [() => mark(f, at, { x1: 'w1_bar*' }), ExpressionError, /expected expression/],
  [() => mark(f, at, { x1: 'w1_bar*y' }), ExpressionError, /unknown name/],
  [() => mark(f, at, { x1: 'x1_bar' }), ArgumentError, /'x1' is made of itself/],
  [() => mark(f, at, { w1: 'w2_bar', w2: 'w1_bar' }), ArgumentError, /is made of itself/],
  [() => mark(f, at, null as never), ArgumentError, /needs answers/],
  [() => mark(f, at, {}, { tol: 1 } as never), ArgumentError, /unknown option 'tol'/],
  [
    () => mark((x: Tensor) => x.sum(), [tensor([1, 2])], { x1: [1, 2, 3] }),
    ShapeError,
    /has shape \[3\], the row \[2\]/,
  ],
  [() => mark((x: Value) => [x.sin(), x.cos()], [1], { x1: 1 }), ArgumentError, /choose one by the option 'output'/],
] as const)('%s', (run, type, message) => {
  expect(run).toThrow(type)
  expect(run).toThrow(message)
})
