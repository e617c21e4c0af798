// Derivatives as formulas: what they look like, and that the derived code computes what the engine does.
import katex from 'katex'
import ts from 'typescript'
import { describe, expect, it, test } from 'vitest'
import { ArgumentError, ExpressionError } from '../../src/engine/errors.ts'
import { Expr } from '../../src/engine/expr.ts'
import { Pointwise } from '../../src/engine/pointwise.ts'
import { define, type OpName, table } from '../../src/engine/prims.ts'
import { Generator } from '../../src/engine/random.ts'
import { grad, type Loose } from '../../src/engine/transforms.ts'
import type { Value } from '../../src/engine/value.ts'
import { type Derivation, type DeriveOptions, derive } from '../../src/explain/derive.ts'
import { parse } from '../../src/explain/expression.ts'
import { formula } from '../../src/explain/formula.ts'
import { simplify } from '../../src/explain/simplify.ts'

/** The derived code, type-checked by nobody but run as it is: no import, no framework. */
function compiled(derivation: Derivation): (...xs: number[]) => Loose {
  const source = derivation.typescript()
  expect(source).not.toMatch(/\bimport\b/)
  const { outputText, diagnostics } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    reportDiagnostics: true,
  })
  expect(diagnostics).toEqual([])
  return new Function(`${outputText.replace(/^export /gm, '')}; return derivative`)() as (...xs: number[]) => Loose
}
const uniform = (generator: Generator, low: number, high: number): number => low + (high - low) * generator.uniform()
const accepted = (tex: string): string =>
  katex.renderToString(tex, { throwOnError: true, strict: 'error', displayMode: true })
/** The engine's derivative of order n by all inputs. */
const engines = (f: (...xs: Value[]) => unknown, arity: number, order: number): ((...xs: number[]) => Loose) => {
  const by = Array.from({ length: arity }, (_, k) => k)
  const first = grad(f as (...xs: Value[]) => Value, { argnums: by })
  if (order === 1) return (...xs) => first(...xs)
  return (...xs) => by.map(k => grad((...ys: Value[]) => first(...ys)[k], { argnums: by })(...xs))
}
const close = (found: Loose, expected: Loose, at: string, tolerance = 1e-9): void => {
  const [a, b] = [[found].flat(3), [expected].flat(3)] as [number[], number[]]
  expect(a.length).toBe(b.length)
  const size = Math.max(1, ...b.map(Math.abs))
  a.forEach((x, i) => {
    // beyond the domain, or at a pole, both are NaN
    if (!Object.is(x, b[i]))
      expect(Math.abs(x - b[i]), `${at}: ${a} against ${b}`).toBeLessThanOrEqual(tolerance * size)
  })
}

test('a sign in front of a power runs: JavaScript does not read -x ** 4', () => {
  expect(compiled(derive('erf(-x^2)'))(0.5)).toBeCloseTo((-4 * 0.5 * Math.exp(-(0.5 ** 4))) / Math.sqrt(Math.PI), 12)
  expect(compiled(derive('exp(-x^3*y)', { wrt: 'y' }))(0.5, 2)).toBeCloseTo(-0.125 * Math.exp(-0.25), 12)
})

describe('what it looks like', () => {
  const looks = (f: string, options: DeriveOptions, expected: string): void =>
    test(`${f} ${JSON.stringify(options)}`, () => expect(derive(f, options).text()).toBe(expected))
  looks('x1*x2 + sin(x1)', {}, 'df/dx1 = cos(x1) + x2\ndf/dx2 = x1')
  looks('x1*x2 + sin(x1)', { wrt: 'x1' }, 'df/dx1 = cos(x1) + x2')
  looks('x^3', {}, 'df/dx = 3*x^2')
  looks('x^3', { order: 2 }, 'd2f/dx^2 = 6*x')
  looks('x^3', { order: 4 }, 'd4f/dx^4 = 0')
  looks('1/x', { order: 3 }, 'd3f/dx^3 = -6/x^4')
  looks('x^2.5', { order: 2 }, 'd2f/dx^2 = 3.75*x^0.5')
  looks('sqrt(x)', {}, 'df/dx = 0.5/sqrt(x)')
  looks('tanh(a*x + b)^2', { wrt: 'b' }, 't1 = tanh(a*x + b)\ndf/db = 2*t1*(1 - t1^2)')
  looks('sigmoid(x)', {}, 't1 = sigmoid(x)\ndf/dx = t1*(1 - t1)')
  looks('x*exp(-x^2)', {}, 't1 = exp(-x^2)\ndf/dx = t1 - 2*x^2*t1')
  looks('abs(x)', {}, 'df/dx = sign(x)')
  looks('max(x, y)', { wrt: 'y' }, 'df/dy = where(x == y, 0.5, where(x > y, 0, 1))')
  looks('leaky_relu(x)', {}, 'df/dx = where(x > 0, 1, 0.01)')
  looks('floor(x)*y', { wrt: 'x' }, 'df/dx = 0')
  looks('5', { names: ['x'] }, 'df/dx = 0')
  looks('x^2*y', { order: 2 }, 'd2f/dx^2 = 2*y\nd2f/dx dy = 2*x\nd2f/dy dx = 2*x\nd2f/dy^2 = 0')
  looks('x^2*y^3', { wrt: ['y'], order: 2 }, 'd2f/dy^2 = 6*x^2*y')

  it('avoids names that inputs have', () => {
    expect(derive('t1*exp(-t1^2)').text()).toBe('u1 = exp(-t1^2)\ndf/dt1 = u1 - 2*t1^2*u1')
    const code = derive('erf(class) + erf*Math', { names: ['class', 'erf', 'Math'], wrt: 'class' }).typescript()
    expect(code).toContain('derivative(class_: number, erf: number, Math_: number): number')
    expect(derive('lgamma(x)*digamma', { names: ['x', 'digamma'], wrt: 'x' }).typescript()).toContain(
      'return digamma_ * digamma(x)',
    )
  })

  it('as LaTeX', () => {
    expect(derive('x1*x2 + sin(x1)', { wrt: 'x1' }).latex()).toBe(
      '\\frac{\\partial f}{\\partial x_{1}} = \\cos\\left(x_{1}\\right) + x_{2}',
    )
    expect(derive('x^3', { order: 2 }).latex()).toBe('\\frac{\\mathrm{d}^{2} f}{\\mathrm{d} x^{2}} = 6 \\cdot x')
    expect(derive('x1^3*y', { wrt: 'x1', order: 2 }).latex()).toBe(
      '\\frac{\\partial^{2} f}{\\partial {x_{1}}^{2}} = 6 \\cdot x_{1} \\cdot y',
    )
    expect(derive('sigmoid(alpha)').latex()).toBe(
      '\\begin{aligned}\n  t_{1} &= \\sigma\\left(\\alpha\\right) \\\\\n  \\frac{\\mathrm{d} f}{\\mathrm{d} \\alpha} &= t_{1} \\cdot \\left(1 - t_{1}\\right)\n\\end{aligned}',
    )
  })

  it('as TypeScript', () => {
    expect(derive('x*exp(-x^2)').typescript()).toBe(
      `// The derivative of x*exp(-x^2) by x.
export function derivative(x: number): number {
  const t1 = Math.exp(-x * x)
  return t1 - 2 * (x * x * t1)
}`,
    )
    expect(derive('x^2*y', { order: 2 }).typescript()).toContain('return [[2 * y, 2 * x], [2 * x, 0]]')
    expect(derive('sigmoid(x)').typescript()).toContain('function sigmoid(x: number): number {')
  })
})

describe('the derived code computes what the engine does', () => {
  const at = new Generator(3)
  for (const text of [
    'x*y + sin(x)',
    'x*exp(-x^2) + y',
    'tanh(x*y + 0.3)^2',
    'log(1 + exp(x))/y',
    'x^y',
    'y^(x/2) - 2^x',
    'sqrt(x^2 + y^2)',
    'sigmoid(x)*gelu(y)',
    '(x - y)/(x + y)*x',
    'erf(x)*lgamma(y) + erfinv(x/4)',
    'atan2(y, x)*hypot(x, y)',
    'max(x*y, x + y) + min(x, y)',
    'where(x > y, x^2, y^3)*x',
    'softplus(x)*silu(y)*mish(x*y)',
    'logaddexp(x, y) + xlogy(x, y) + digamma(x*y)',
    '-x^2/-y + x/(1 + abs(x))',
    'remainder(x, y)*x + clamp(x, 0.5, 1)*y',
    '1/x/y + x*y*x*y - x*x*y',
    'polygamma(1, x)*y',
    'elu(x - 1)*hardswish(y)*logit(x/3)',
  ])
    for (const order of [1, 2])
      it(`${text}, order ${order}`, () => {
        const { f, names } = parse(text, { names: ['x', 'y'] })
        const derivation = derive(text, { wrt: ['x', 'y'], order, names })
        const [own, engine] = [compiled(derivation), engines(f, 2, order)]
        for (let k = 0; k < 20; k++) {
          const xs = [uniform(at, 0.3, 2), uniform(at, 0.3, 2)]
          close(own(...xs), engine(...xs), `at ${xs}`)
        }
        expect(accepted(derivation.latex())).toContain('<math')
      })

  for (const [name, op] of table)
    it(`every op: ${name}, orders 1 and 2`, () => {
      const f = (...xs: never[]): unknown =>
        Reflect.apply((xs[0] as Expr | Value).apply, xs[0], [name as OpName, ...xs])
      const names = Array.from({ length: op.arity }, (_, k) => `x${k}`)
      for (const order of [1, 2]) {
        const derivation = derive(f, { names, order, wrt: names })
        expect(accepted(derivation.latex())).toContain('<math')
        const [own, engine] = [compiled(derivation), engines(f as never, op.arity, order)]
        for (let k = 0; k < 5; k++) {
          const xs = op.domain.map(([low, high]) => uniform(at, low, high))
          if (op.kinks.some(kink => xs.some(x => Math.abs(x - kink) < 0.05))) continue
          close(own(...xs), engine(...xs), `at ${xs}`)
        }
      }
    })

  it('the fifth derivative of a function of one input', () => {
    const text = 'sin(x)*exp(-x/2)/(1 + x^2)'
    const own = compiled(derive(text, { order: 5 }))
    const { f } = parse(text)
    let g: (x: Value) => Loose = x => f(x)
    for (let k = 0; k < 5; k++) g = grad(g)
    for (const x of [-1.3, 0, 0.7, 2]) close(own(x), g(x as never), `at ${x}`)
  })
})

describe('simplify', () => {
  const random = new Generator(7)
  const pick = <T>(xs: readonly T[]): T => xs[Math.floor(uniform(random, 0, xs.length))]
  const made = (depth: number): Expr => {
    if (depth === 0) return pick([Expr.input(0), Expr.input(1), Expr.const(2), Expr.const(-1), Expr.const(0.3)])
    const [a, b] = [made(depth - 1), made(depth - 1)]
    return pick([
      () => a.add(b),
      () => a.sub(b),
      () => a.mul(b),
      () => a.div(b),
      () => a.neg(),
      () => a.reciprocal(),
      () => a.square(),
      () => a.pow(3),
      () => a.gt(b).where(a, b),
      () => a.tanh(),
    ])()
  }
  it('changes no value, and adds no op', () => {
    let compared = 0
    for (let k = 0; k < 400; k++) {
      const e = made(4)
      const simple = simplify(e)
      for (let i = 0; i < 3; i++) {
        const xs = [uniform(random, 0.5, 2), uniform(random, -2, -0.5)]
        const [a, b] = [e, simple].map(x => Pointwise.from(x, 2).f(...xs))
        // what has lost its digits on the way, or divides by what is 0, has nothing to be compared with
        if (!Number.isFinite(a) || Math.abs(a) > 1e6 || Math.abs(a) < 1e-3) continue
        compared++
        expect(Math.abs(a - b), `${formula(e)} -> ${formula(simple)} at ${xs}`).toBeLessThan(1e-7 * Math.abs(a))
      }
    }
    expect(compared).toBeGreaterThan(600)
  })
  it('is done at once', () => {
    for (let k = 0; k < 100; k++) {
      const once = simplify(made(3))
      expect(formula(simplify(once))).toBe(formula(once))
    }
  })
})

test('a sum of 20000 terms, as deep as it is long', () => {
  const long = derive(Array.from({ length: 20000 }, (_, k) => `${k}*sin(x)`).join(' + ')).text()
  expect(long).toBe('df/dx = 199990000*cos(x)')
})

describe('errors', () => {
  test.each([
    [() => derive('x*', {}), ExpressionError, /expected expression/],
    [() => derive('x', { wrt: 'y' }), ArgumentError, /wrt has the string 'y', but the inputs are x/],
    [() => derive('x', { wrt: ['x', 'x'] }), ArgumentError, /names an input twice/],
    [() => derive('x', { order: 0 }), ArgumentError, /order is an integer of at least 1/],
    [() => derive('2'), ArgumentError, /has no inputs/],
    [() => derive('x', { order: 1e8 }), ArgumentError, /order is at most 1000, not 100000000/],
    [
      () => derive('x*y', { order: 20 }),
      ArgumentError,
      /order 20 by 2 inputs is 1048576 derivatives, more than 100000/,
    ],
    [() => derive(3 as never), ArgumentError, /an expression in text or a function, not 3/],
    [() => derive(() => 'a', { names: ['x'] }), ArgumentError, /on symbols the function gave the string 'a'/],
    [() => derive((x: Value) => x.data * 2), ArgumentError, /a symbol has no number \(data\)/],
    [() => derive((x: Value) => (x.data > 0 ? x : x.neg())), ArgumentError, /let the formula choose/],
    [() => derive((x: Value) => ((x as never) > 0 ? x : x.neg())), ArgumentError, /symbols have no JS operators/],
    [() => derive('x', { by: 'x' } as never), ArgumentError, /unknown option 'by'/],
  ] as const)('%s', (run, type, message) => {
    expect(run).toThrow(type)
    expect(run).toThrow(message)
  })

  it('an op known as a function only has a formula, but no code', () => {
    define('cubed', {
      f: (x: number) => x ** 3,
      d: (x, _) =>
        x
          .apply('cubed' as OpName, x)
          .div(x)
          .mul(3),
      tex: x => `{${x}}^3`,
    })
    try {
      const derivation = derive('cubed(x)')
      expect(derivation.text()).toBe('df/dx = 3*cubed(x)/x')
      expect(() => derivation.typescript()).toThrow(/'cubed' is not known as code/)
    } finally {
      table.delete('cubed')
    }
  })
})
