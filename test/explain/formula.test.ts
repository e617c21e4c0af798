// Formulas: brackets where they are needed, read back as the same function; TeX that KaTeX accepts; code that runs.

import { readFileSync } from 'node:fs'
import katex from 'katex'
import ts from 'typescript'
import { describe, expect, it, test } from 'vitest'
import { declarations } from '../../scripts/source.ts'
import { ArgumentError } from '../../src/engine/errors.ts'
import { Expr } from '../../src/engine/expr.ts'
import { Pointwise } from '../../src/engine/pointwise.ts'
import { define, type OpName, table } from '../../src/engine/prims.ts'
import { parse } from '../../src/explain/expression.ts'
import { formula, operation, supports, symbol } from '../../src/explain/formula.ts'
import { support } from '../../src/explain/support.ts'

const [x, y, z] = [0, 1, 2].map(k => Expr.input(k))
const named = (e: Expr): string | undefined => (e.op === 'input' ? 'xyz'[e.value] : undefined)
const text = (e: Expr): string => formula(e, { name: named })
const code = (e: Expr): string => formula(e, { notation: 'code', name: named })
const accepted = (tex: string): string => katex.renderToString(tex, { throwOnError: true, strict: 'error' })

test.each([
  [x.add(y.add(z)), 'x + y + z', 'x + (y + z)'],
  [x.sub(y.add(z)), 'x - (y + z)', 'x - (y + z)'],
  [x.sub(y.sub(z)), 'x - (y - z)', 'x - (y - z)'],
  [x.mul(y.mul(z)), 'x*y*z', 'x * (y * z)'],
  [x.div(y.mul(z)), 'x/(y*z)', 'x / (y * z)'],
  [x.div(y).div(z), 'x/y/z', 'x / y / z'],
  [x.add(y).mul(z), '(x + y)*z', '(x + y) * z'],
  [x.mul(y.neg()), 'x*(-y)', 'x * (-y)'],
  [x.mul(-2), 'x*(-2)', 'x * (-2)'],
  [x.add(-2), 'x - 2', 'x - 2'],
  [x.neg().add(y), 'y - x', 'y - x'],
  [x.add(y.neg()), 'x - y', 'x - y'],
  [x.sub(-2), 'x - (-2)', 'x - (-2)'],
  [x.add(y).neg(), '-(x + y)', '-(x + y)'],
  [x.mul(y).neg(), '-x*y', '-x * y'],
  [x.neg().neg(), '-(-x)', '-(-x)'],
  [x.square().neg(), '-x^2', '-x * x'],
  [x.add(1).square(), '(x + 1)^2', '(x + 1) * (x + 1)'],
  [x.neg().pow(3), '(-x)^3', '(-x) ** 3'],
  [x.pow(3).neg(), '-x^3', '-(x ** 3)'],
  [x.pow(3).mul(y).neg(), '-x^3*y', '-(x ** 3 * y)'],
  [x.pow(3).div(y).div(z).neg().exp(), 'exp(-x^3/y/z)', 'Math.exp(-(x ** 3 / y / z))'],
  [x.mul(y.pow(3)).neg(), '-x*y^3', '-x * y ** 3'],
  [x.pow(3).reciprocal().neg(), '-1/x^3', '-1 / x ** 3'],
  [y.sub(x.pow(3)), 'y - x^3', 'y - x ** 3'],
  [x.pow(-2), 'x^(-2)', 'x ** (-2)'],
  [x.pow(y.pow(z)), 'x^y^z', 'pow(x, pow(y, z))'],
  [x.pow(y).pow(z), '(x^y)^z', 'pow(pow(x, y), z)'],
  [x.square().pow(3), '(x^2)^3', '(x * x) ** 3'],
  [x.reciprocal().mul(y), '1/x*y', '1 / x * y'],
  [x.add(y).reciprocal(), '1/(x + y)', '1 / (x + y)'],
  [y.mul(x.reciprocal()), 'y*1/x', 'y * (1 / x)'],
  [x.mul(y).sin(), 'sin(x*y)', 'Math.sin(x * y)'],
  [x.lt(y).where(x, y.neg()), 'where(x < y, x, -y)', 'x < y ? x : -y'],
  [x.lt(y).where(x, y).add(1), 'where(x < y, x, y) + 1', '(x < y ? x : y) + 1'],
  [x.where(y, z), 'where(x, y, z)', 'x ? y : z'],
  [x.lt(y).mul(y.lt(z)), '(x < y)*(y < z)', '+(x < y) * +(y < z)'],
  [x.eq(0), 'x == 0', '+(x === 0)'],
  [x.fmod(y), 'fmod(x, y)', 'x % y'],
  [x.mul(Math.PI), 'x*pi', 'x * Math.PI'],
  [x.maximum(-Infinity), 'maximum(x, -inf)', 'Math.max(x, -Infinity)'],
  [x.mul(-0), 'x*(-0)', 'x * (-0)'],
  [x.digamma(), 'digamma(x)', 'digamma(x)'],
  [x.polygamma(1), 'polygamma(1, x)', 'polygamma(1, x)'],
])('%s', (e, inText, inCode) => {
  expect(text(e)).toBe(inText)
  expect(code(e)).toBe(inCode)
})

test('names what it is told to', () => {
  const e = x.mul(y).add(x.mul(y).sin())
  expect(formula(e, { name: part => (part === x.mul(y) ? 'w1' : undefined) })).toBe('w1 + sin(w1)')
  expect(formula(Expr.output.mul(x))).toBe('out*x0')
})

describe('every op of the table', () => {
  for (const [name, op] of table) {
    const e = Expr.input(0).apply(name as OpName, ...Array.from({ length: op.arity }, (_, k) => Expr.input(k)))
    const names = Array.from({ length: op.arity }, (_, k) => `x${k}`)

    it(`${name} as TeX is accepted by KaTeX`, () => {
      expect(accepted(formula(e, { notation: 'tex' }))).toContain('<math')
      expect(accepted(operation(name, names.map(symbol), 'tex'))).toContain('<math')
    })

    it(`${name} as code gives the same numbers`, () => {
      const source = `${support(supports([e])).join('\n')}\nreturn (${names.join(', ')}) => ${formula(e, { notation: 'code' })}`
      const { outputText } = ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2022 } })
      const f = new Function(outputText)() as (...xs: number[]) => number
      const { f: engine } = Pointwise.named(name as OpName)
      for (const at of [0, 0.2, 0.5, 0.9, 1]) {
        const xs = op.domain.map(([low, high], k) => low + ((at + 0.31 * k) % 1) * (high - low))
        expect(f(...xs), `${name}(${xs})`).toBe(engine(...xs))
      }
      for (const special of [0, -0, 1, Infinity, -Infinity, NaN])
        expect(f(...op.domain.map(() => special)), `${name} of ${special}`).toBe(
          engine(...op.domain.map(() => special)),
        )
    })
  }
})

test('rows of a trace: one op over names and numbers', () => {
  expect(operation('add', ['x1', 'x1'])).toBe('x1 + x1')
  expect(operation('mul', ['x1', 'x1'])).toBe('x1^2')
  expect(operation('mul', ['x1', -2])).toBe('x1*(-2)')
  expect(operation('pow', [-2, 'x'])).toBe('(-2)^x')
  expect(operation('softmax', ['w1', 0])).toBe('softmax(w1, 0)')
  expect(operation('log_softmax', ['w_1'], 'tex')).toBe('\\operatorname{log\\_softmax}\\left(w_1\\right)')
  expect(operation('mul', ['x_1', -2], 'tex')).toBe('x_1 \\cdot \\left(-2\\right)')
})

test('names as TeX are accepted by KaTeX', () => {
  for (const name of ['x', 'x1', 'x_12', 'alpha', 'Gamma', 'rate', 'w_in', 'learning_rate', 'x_', '_x', 'beta2'])
    expect(accepted(symbol(name)), name).toContain('<math')
  expect(symbol('beta2')).toBe('\\beta_{2}')
  // TeX has no \\MU and no \\Mu
  expect(['MU', 'Mu1', 'Omega', 'XI'].map(symbol)).toEqual([
    '\\mathit{MU}',
    '\\mathrm{M}_{1}',
    '\\Omega',
    '\\mathit{XI}',
  ])
  for (const name of ['MU', 'Mu1', 'XI']) expect(accepted(symbol(name)), name).toContain('<math')
})

test('the special functions as text are those of the engine', () => {
  expect(readFileSync('src/explain/source.ts', 'utf8'), 'run npx tsx scripts/source.ts').toBe(declarations())
})

test('refuses an op that it cannot write', () => {
  define('halved', { f: (x: number) => x / 2, d: () => 0.5, tex: x => `${x}/2` })
  try {
    const e = x.apply('halved' as OpName, x)
    expect(text(e)).toBe('halved(x)')
    expect(parse('halved(x)').f(x)).toBe(e)
    expect(() => code(e)).toThrow(ArgumentError)
    expect(() => code(e)).toThrow(/'halved' is not known as code/)
    expect(() => formula(x, { notation: 'html' as never })).toThrow(/notation is 'text' or 'tex' or 'code'/)
  } finally {
    table.delete('halved')
  }
})
