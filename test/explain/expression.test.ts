// Text -> function: the grammar, every function of the table, and where each error points.
import { describe, expect, it, test } from 'vitest'
import { ArgumentError, ExpressionError } from '../../src/engine/errors.ts'
import { Expr } from '../../src/engine/expr.ts'
import { tensor } from '../../src/engine/ops/create.ts'
import { Pointwise } from '../../src/engine/pointwise.ts'
import { type OpName, table } from '../../src/engine/prims.ts'
import { Tensor } from '../../src/engine/tensor.ts'
import { grad } from '../../src/engine/transforms.ts'
import { Value } from '../../src/engine/value.ts'
import { parse } from '../../src/explain/expression.ts'
import { formula } from '../../src/explain/formula.ts'

const at = (text: string, ...xs: number[]): number => {
  const y = parse(text).f(...xs.map(x => new Value(x)))
  return typeof y === 'number' ? y : y.data
}
const symbols = (n: number): Expr[] => Array.from({ length: n }, (_, k) => Expr.input(k))

describe('grammar', () => {
  test.each([
    ['-x^2', [3], -9],
    ['(-x)^2', [3], 9],
    ['2^3^2', [], 512],
    ['x^y**z', [2, 3, 2], 512],
    ['2^-x', [1], 0.5],
    ['2^-x^2', [2], 1 / 16],
    ['-2^2', [], -4],
    ['--x', [3], 3],
    ['+x - -y', [3, 4], 7],
    ['x - y - z', [1, 2, 3], -4],
    ['x / y / z', [12, 3, 2], 2],
    ['x + y*z', [1, 2, 3], 7],
    ['(x + y)*z', [1, 2, 3], 9],
    ['x*-y', [2, 3], -6],
    ['1e3*x + .5', [2], 2000.5],
    ['x < y', [1, 2], 1],
    ['x + 1 >= y == 1', [1, 2], 1],
    ['x > 0 ? x : -x', [-3], 3],
    ['x > 0 ? 1 : x < -1 ? 2 : 3', [-3], 2],
    ['where(x > 0, x, 0.1*x)', [-3], -0.30000000000000004],
    ['2*pi + e', [], 2 * Math.PI + Math.E],
    ['((((x))))', [4], 4],
    [' \t x\n', [4], 4],
    ['min(x, inf)', [4], 4],
    ['sin(pi/2)', [], 1],
    ['\u03b1*\u03b2', [2, 3], 6],
    ['x_1', [2], 2],
  ] as const)('%s', (text, xs, expected) => {
    expect(at(text, ...xs)).toBe(expected)
  })

  it('takes names in the order of the text, or as told', () => {
    expect(parse('b*a + c').names).toEqual(['b', 'a', 'c'])
    const { names, f } = parse('b/a', { names: ['a', 'b', 'unused'] })
    expect(names).toEqual(['a', 'b', 'unused'])
    expect((f(new Value(2), new Value(8), new Value(0)) as Value).data).toBe(4)
    expect((parse('e^x', { names: ['x', 'e'] }).f(new Value(2), new Value(3)) as Value).data).toBe(9)
  })

  it('runs on values, tensors and symbols alike, and is differentiated', () => {
    const { f } = parse('x*y + sin(x)')
    expect(String(f(...symbols(2)))).toBe('add(mul(x0, x1), sin(x0))')
    const y = f(tensor([1, 2]), tensor([3, 4]))
    expect(y).toBeInstanceOf(Tensor)
    expect((y as Tensor).data[1]).toBeCloseTo(8 + Math.sin(2), 6)
    expect(grad((x: Value, y: Value) => f(x, y) as Value, { argnums: [0, 1] })(2, 3)).toEqual([3 + Math.cos(2), 2])
  })

  it('computes what depends on no input beforehand', () => {
    expect(parse('2*3 + sin(0)').f()).toBe(6)
    const { f } = parse('x^(1/2) + 2*3')
    expect(String(f(Expr.input(0)))).toBe('add(pow(x0, 0.5), 6)')
  })

  it('reads a sum of 20000 terms', () => {
    expect(at(Array.from({ length: 20000 }, () => 'x').join(' + '), 1)).toBe(20000)
  })
})

describe('functions', () => {
  it.each([...table.keys()])('%s: called in text it is the row of the table', name => {
    const op = table.get(name)
    if (!op) throw new Error(name)
    const operands = symbols(op.arity)
    const names = operands.map(String)
    const args = name === 'polygamma' ? [...names].reverse() : names
    const { f } = parse(`${name}(${args.join(', ')})`, { names })
    const expected = Expr.input(0).apply(name as OpName, ...operands)
    expect(f(...operands)).toBe(expected)
    // and what is printed is read back as the same number
    const back = parse(formula(expected), { names }).f(...operands) as Expr
    const inside = op.domain.map(([low, high]) => low + 0.37 * (high - low))
    const [given, found] = [expected, back].map(x => Pointwise.from(x, op.arity).f(...inside))
    expect(Math.abs(found - given)).toBeLessThanOrEqual(1e-14 * Math.abs(given))
  })

  it('fills in the defaults of PyTorch', () => {
    for (const [text, same] of [
      ['leaky_relu(x)', 'leakyRelu(x, 0.01)'],
      ['elu(x)', 'elu(x, 1)'],
      ['hardtanh(x)', 'hardtanh(x, -1, 1)'],
      ['softshrink(x)', 'softshrink(x, 0.5)'],
      ['clamp(x, 0)', 'clamp(x, 0, inf)'],
      ['nan_to_num(x, 1)', `nanToNum(x, 1, ${Number.MAX_VALUE}, -${Number.MAX_VALUE})`],
      ['addcmul(x, x, x)', 'addcmul(x, x, x, 1)'],
      ['isclose(x, 1)', 'isclose(x, 1, 1e-5, 1e-8, 0)'],
      ['ln(x)', 'log(x)'],
      ['max(x, 2)', 'maximum(x, 2)'],
      ['arcsin(x)', 'asin(x)'],
    ])
      expect(parse(text).f(Expr.input(0)), text).toBe(parse(same).f(Expr.input(0)))
  })

  it('reads the parameters of polygamma in the order of PyTorch', () => {
    expect(at('polygamma(1, x)', 1)).toBeCloseTo(Math.PI ** 2 / 6, 14)
  })
})

describe('errors point at the column', () => {
  const failing = (text: string, names?: readonly string[]): ExpressionError => {
    try {
      parse(text, names && { names })
    } catch (error) {
      if (error instanceof ExpressionError) return error
      throw error
    }
    throw new Error(`'${text}' was read`)
  }
  test.each([
    ['x1*x3', 4, /unknown name 'x3'\. Did you mean x1\?/],
    ['x1 + weight', 6, /unknown name 'weight'\. The inputs are x1, x2/],
    ['sinn(x1)', 1, /unknown function 'sinn'\. Did you mean sin\?/],
    ['x1 + sgimoid(x2)', 6, /Did you mean sigmoid\?/],
    ['x1 + qqq(x2)', 6, /unknown function 'qqq' \(/],
    ['x1 + sin', 6, /'sin' is a function: write sin\(…\)/],
    ['x1 +', 5, /expected expression after \+/],
    ['x1 * -', 7, /expected expression after a sign/],
    ['(x1 + x2', 9, /unclosed \(/],
    ['x1 + x2)', 8, /unexpected '\)'/],
    ['x1 x2', 4, /an operator is missing before this/],
    ['2x1', 2, /variable names cannot start with a number.*Write \* between factors/],
    ['x1 % x2', 4, /unexpected '%'/],
    ['x1 && x2', 4, /unexpected '&'/],
    ['x1, x2', 3, /unexpected ','/],
    ['x1*x2 ; x1', 7, /unexpected ';'/],
    ['x1²', 1, /unexpected 'x1²'\. Write \^ for a power/],
    ['1 + √x1', 5, /Write sqrt\(x\) for a root/],
    ['x1 ÷ x2', 4, /unexpected '÷'\. Write \/ for a quotient/],
    ['|x1|', 1, /unexpected '\|'\. Write abs\(x\)/],
    ['x1 %x2', 4, /unexpected '%'\. Write remainder\(x, y\)/],
    ['x1 = x2', 4, /unexpected '='\. Write == to compare/],
    ['x1 👍', 4, /unexpected '👍'/],
    ['x1;', 3, /unexpected ';'/],
    ['sin(x1, x2)', 1, /sin takes 1 operand, not 2/],
    ['x2*atan2(x1)', 4, /atan2 takes 2 operands, not 1/],
    ['sin()', 1, /sin takes 1 operand, not 0/],
    ['gelu(x1, 1)', 1, /gelu takes 1 operand, not 2/],
    ['isclose(x1, x2, 1)', 1, /isclose takes 5 operands, not 3/],
    ['clamp(x1)', 1, /clamp takes 3 operands, not 1/],
    ['pow(x1,,x2)', 9, /unexpected token ,/],
    ['x1.data', 1, /only numbers, names/],
    ['[x1]', 1, /only numbers, names/],
    ["x1 + 'a'", 6, /only numbers, names/],
    ['x1 \u2212 x2', 4, /unexpected '\u2212'\. Write - for minus/],
    ['x1 ? x2', 8, /expected :/],
    ['', 1, /is empty/],
    ['   ', 1, /is empty/],
    ['sin(x1)(x2)', 1, /this is no function/],
    ['1e', 3, /expected exponent/],
  ] as const)('%s', (text, column, message) => {
    const error = failing(text, ['x1', 'x2'])
    expect(error.message).toMatch(message)
    expect(error.column, error.message).toBe(column)
  })

  it('an exponent written high is no part of a name', () => {
    expect(() => parse('x²')).toThrow(ExpressionError)
    expect(() => parse('x', { names: ['x²'] })).toThrow(ArgumentError)
    expect(parse('x₁').names).toEqual(['x₁'])
  })

  it('constants have the names that people write', () => {
    expect(parse('π + Infinity*0').names).toEqual([])
    expect(parse('π').f()).toBe(Math.PI)
    expect(parse('min(Infinity, 2)').f()).toBe(2)
    expect(parse('NaN').f()).toBeNaN()
    expect(parse('π*x', { names: ['π', 'x'] }).names).toEqual(['π', 'x'])
  })

  it('shows the text with a caret under the place', () => {
    expect(failing('x1 +\tsinn(x1)').message).toBe(
      "expression: unknown function 'sinn'. Did you mean sin? (column 6)\n  x1 + sinn(x1)\n       ^",
    )
  })

  it('says so when brackets are nested too deep', () => {
    expect(failing(`${'('.repeat(100000)}x${')'.repeat(100000)}`).message).toMatch(/nested too deep/)
  })

  it('refuses what is no text, and names that are none', () => {
    expect(() => parse(3 as never)).toThrow(ArgumentError)
    expect(() => parse('x', { names: ['x', 'x'] })).toThrow(/comes twice/)
    expect(() => parse('x', { names: ['2x'] })).toThrow(/a name is letters/)
    expect(() => parse('x', { inputs: ['x'] } as never)).toThrow(/unknown option 'inputs'/)
  })
})
