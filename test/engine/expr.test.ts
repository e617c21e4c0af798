// Symbols: one object per expression, values never simplified away, derivatives that read as little as they can.
import { describe, expect, test } from 'vitest'
import { stage } from '../../src/backend/program.ts'
import { compact, expression, program, rewrite } from '../../src/engine/expr.ts'
import { Pointwise } from '../../src/engine/pointwise.ts'
import type { Op } from '../../src/engine/prims.ts'
import { codegen, Expr, type OpName, partials, table, tensor, Value } from '../../src/index.ts'

const x = Expr.input(0)
const y = Expr.input(1)
const named = (name: OpName) => Pointwise.named(name)
/** Which values the cotangent of operand i reads. */
const reads = (name: OpName, i = 0): string[] => {
  const { arity } = named(name)
  return (
    named(name)
      .vjp(i)
      ?.reads.map(k => (k < arity ? `x${k}` : k === arity ? 'out' : 'g')) ?? []
  )
}

describe('interning', () => {
  test('equal expressions are one object', () => {
    expect(x.mul(y).add(x.sin())).toBe(x.mul(y).add(x.sin()))
    expect(x.mul(y)).not.toBe(y.mul(x))
    expect(Expr.input(0)).toBe(x)
    expect(Expr.const(2.5)).toBe(Expr.const(2.5))
    expect(Expr.const(Number.NaN)).toBe(Expr.const(Number.NaN))
  })

  test('0 and -0 are two constants', () => {
    expect(Expr.const(0)).not.toBe(Expr.const(-0))
    expect(Object.is(Expr.const(-0).value, -0)).toBe(true)
  })

  test('a shared sub-expression is one step of the program', () => {
    const e = x.sin().exp()
    const steps = program(e.mul(e).add(e))
    expect(steps.filter(step => step.kind === 'op').map(step => step.kind === 'op' && step.name)).toEqual([
      'sin',
      'exp',
      'mul',
      'add',
    ])
  })

  test('a composite is written in the rows it is made of', () => {
    expect(x.square()).toBe(x.mul(x))
    expect(String(x.silu())).toBe('mul(x0, sigmoid(x0))')
  })

  test('prints', () => {
    expect(String(x.mul(2).add(y))).toBe('add(mul(x0, 2), x1)')
    expect(String(Expr.output)).toBe('out')
  })
})

describe('values are not simplified', () => {
  test('constants fold', () => {
    expect(Expr.const(2).add(3)).toBe(Expr.const(5))
    expect(Expr.const(0).exp().mul(4)).toBe(Expr.const(4))
    expect(Expr.const(-2).relu().add(Expr.const(9).sqrt())).toBe(Expr.const(3))
  })

  test('0*x, x-x, x+0, x/x and x^0 stay what they are', () => {
    expect(x.mul(0).op).toBe('mul')
    expect(Expr.const(0).mul(x).op).toBe('mul')
    expect(x.sub(x).op).toBe('sub')
    expect(x.add(0).op).toBe('add')
    expect(x.div(x).op).toBe('div')
    expect(x.pow(0).op).toBe('pow')
  })

  test.each([
    ['generated', true],
    ['interpreted', false],
  ] as const)('so 0*Infinity is NaN and -0 survives, %s', (_, on) => {
    const before = codegen(on)
    try {
      const zero = stage(program(x.mul(0)), 1)
      expect(zero(Infinity)).toBeNaN()
      expect(Object.is(zero(-1), -0)).toBe(true)
      // -0 + 0 = 0, and -0 itself as a constant
      expect(Object.is(stage(program(x.add(0)), 1)(-0), 0)).toBe(true)
      expect(Object.is(stage(program(x.mul(-0)), 1)(1), -0)).toBe(true)
      expect(stage(program(x.sub(-3)), 1)(1)).toBe(4)
      expect(stage(program(x.maximum(-Infinity)), 1)(Number.NaN)).toBeNaN()
    } finally {
      codegen(before)
    }
    expect(new Value(Infinity).mul(0).data).toBeNaN()
    expect(tensor([Infinity, -1]).mul(0).toArray()).toEqual([Number.NaN, -0])
  })
})

describe('partial derivatives', () => {
  const at = (e: Expr | null, ...numbers: number[]) =>
    e
      ? stage(
          program(rewrite(e, z => (z === Expr.output ? Expr.input(numbers.length - 1) : undefined))),
          numbers.length,
        )(...numbers)
      : 0

  test('the chain rule, folded', () => {
    expect(partials(x.mul(y), 2)).toEqual([y, x])
    expect(partials(x.add(y), 2)).toEqual([Expr.const(1), Expr.const(1)])
    expect(partials(x.sin(), 1)).toEqual([x.cos()])
    expect(partials(x.sin().sin(), 1)[0]).toBe(x.sin().cos().mul(x.cos()))
  })

  test('an operand used twice gets the sum', () => {
    expect(partials(x.mul(x), 1)).toEqual([x.add(x)])
  })

  test('what does not matter has none', () => {
    expect(partials(x, 2)).toEqual([Expr.const(1), null])
    expect(partials(x.floor(), 1)).toEqual([null])
    expect(partials(x.gt(y), 2)).toEqual([null, null])
    expect(partials(x.mul(0), 1)).toEqual([null])
  })

  test('whatever equals the value is read from the output', () => {
    expect(partials(x.exp(), 1)).toEqual([Expr.output])
    expect(partials(x.tanh(), 1)[0]).toBe(Expr.output.mul(Expr.output).neg().add(1))
    expect(partials(x.mul(y).exp(), 2)).toEqual([Expr.output.mul(y), Expr.output.mul(x)])
  })

  test('a branch that is not taken never meets infinity', () => {
    const safe = (branch: Expr) => partials(x.gt(0).where(branch, 0), 1)[0]!
    const out = 0
    expect(at(safe(x.sqrt()), 0, out)).toBe(0)
    expect(at(safe(x.log()), 0, out)).toBe(0)
    expect(at(safe(x.log()), -1, out)).toBe(0)
    expect(at(safe(x.sqrt().mul(x.log())), 0, out)).toBe(0)
    // two deep, and the other branch
    expect(at(partials(x.le(0).where(1, x.gt(4).where(2, x.log())), 1)[0]!, 0, 1)).toBe(0)
    // with a cotangent that is infinite itself
    const pull = Pointwise.from(x.gt(0).where(x.sqrt(), 0), 1).pull(0)
    expect(pull(0, 0, Infinity)).toBe(0)
    expect(pull(4, 2, 3)).toBe(0.75)
  })

  test('the table has no NaN where it guards', () => {
    const derivative = (name: OpName, i: number, ...args: number[]) => {
      const op = named(name)
      return op.pull(i)(...args, op.f(...args), 1)
    }
    expect(derivative('pow', 0, 0, 0)).toBe(0)
    expect(derivative('pow', 1, 0, 2)).toBe(0)
    expect(derivative('xlogy', 0, 0, 0)).toBe(0)
    expect(derivative('hypot', 0, 0, 0)).toBe(0)
    expect(derivative('sinc', 0, 0)).toBe(0)
    expect(derivative('elu', 0, 1000, 1)).toBe(1)
    expect(derivative('logaddexp', 0, Infinity, Infinity)).toBe(0.5)
    expect(derivative('softplus', 0, 1000)).toBe(1)
  })
})

describe('what a rule reads', () => {
  test.each<[string, OpName, number, string[]]>([
    ['add reads nothing', 'add', 0, ['g']],
    ['sub reads nothing', 'sub', 1, ['g']],
    ['mul reads the other operand', 'mul', 0, ['x1', 'g']],
    ['mul reads the other operand', 'mul', 1, ['x0', 'g']],
    ['div by the dividend reads the divisor', 'div', 0, ['x1', 'g']],
    ['div by the divisor reads it and the output', 'div', 1, ['x1', 'out', 'g']],
    ['tanh reads the output alone', 'tanh', 0, ['out', 'g']],
    ['sigmoid reads the output alone', 'sigmoid', 0, ['out', 'g']],
    ['exp reads the output alone', 'exp', 0, ['out', 'g']],
    ['relu reads the output alone', 'relu', 0, ['out', 'g']],
    ['sqrt reads the output alone', 'sqrt', 0, ['out', 'g']],
    ['sin reads the input alone', 'sin', 0, ['x0', 'g']],
    ['where reads the condition alone', 'where', 1, ['x0', 'g']],
    ['floor has no cotangent', 'floor', 0, []],
  ])('%s', (_, name, i, expected) => expect(reads(name, i)).toEqual(expected))

  test('the graph keeps what is read and nothing else', () => {
    const a = tensor([1, 2, 3], { requiresGrad: true })
    const b = tensor([4, 5, 6], { requiresGrad: true })
    expect(a.add(b).node?.saved).toEqual([])
    const out = a.tanh()
    expect(out.node?.saved).toEqual([out])
    expect(a.mul(b).node?.saved).toEqual([a, b])
    // b alone is differentiated: its cotangent reads a
    expect(a.detach().mul(b).node?.saved).toHaveLength(1)
    expect(a.sin().node?.saved).toEqual([a])
  })
})

describe('rewriting', () => {
  test('compact renumbers the operands that are read', () => {
    const { expr, reads } = compact(Expr.input(5).mul(Expr.input(2)).add(Expr.input(5)))
    expect(reads).toEqual([2, 5])
    expect(expr).toBe(Expr.input(1).mul(Expr.input(0)).add(Expr.input(1)))
    expect(compact(Expr.const(3))).toEqual({ expr: Expr.const(3), reads: [] })
  })

  test('rewrite replaces leaves and inner nodes, and folds what becomes constant', () => {
    const e = x.mul(y).exp()
    expect(rewrite(e, z => (z === y ? x : undefined))).toBe(x.mul(x).exp())
    expect(rewrite(e, z => (z === x.mul(y) ? y : undefined))).toBe(y.exp())
    expect(rewrite(e, z => (z.op === 'input' ? Expr.const(0) : undefined))).toBe(Expr.const(1))
    expect(rewrite(e, () => undefined)).toBe(e)
  })

  test('depth does not matter', () => {
    let deep: Expr = x
    for (let i = 0; i < 50_000; i++) deep = deep.sin()
    expect(program(deep)).toHaveLength(50_001)
    expect(rewrite(deep, z => (z === x ? Expr.const(0) : undefined))).toBe(Expr.const(0))
  })
})

test.each([...table.keys()])('%s: generated and interpreted alike', name => {
  const op = table.get(name) as Op
  const point = op.domain.map(([low, high], i) => low + (high - low) * (0.37 + 0.11 * i))
  const run = (on: boolean) => {
    const before = codegen(on)
    try {
      return stage(program(expression(op)), op.arity)(...point)
    } finally {
      codegen(before)
    }
  }
  expect(run(true)).toBe(run(false))
  expect(run(true)).toBe(named(name as OpName).f(...point))
})
