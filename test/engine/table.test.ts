// The promise of the table: an op is one row plus one method line, and every engine, mode, kernel and check has it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  codegen,
  define,
  detectAnomaly,
  Expr,
  grad,
  gradcheck,
  hessian,
  hvp,
  jvp,
  type Num,
  type OpName,
  observe,
  partials,
  type Tensor,
  table,
  tensor,
  Value,
} from '../../src/index.ts'

const builtIn = [...table.keys()] as OpName[]
afterAll(() => {
  for (const name of table.keys()) if (!builtIn.includes(name as OpName)) table.delete(name)
})

const double = (x: number[], requiresGrad = false) => tensor(x, { dtype: 'float64', requiresGrad })

interface Case {
  readonly row: Parameters<typeof define>[1]
  readonly f: (x: number) => number
  readonly d: (x: number) => number
  readonly dd: (x: number) => number
}
const cases: Record<string, Case> = {
  'a row with a rule': {
    row: { f: (x: number) => x * x * x, d: x => x.square().mul(3), tex: x => `{${x}}^3` },
    f: (x: number) => x * x * x,
    d: x => 3 * x ** 2,
    dd: x => 6 * x,
  },
  'a row whose text is an operator': {
    row: {
      f: (x: number) => x * x * x,
      js: x => `${x} * ${x} * ${x}`,
      d: x => x.square().mul(3),
      tex: x => `{${x}}^3`,
    },
    f: (x: number) => x * x * x,
    d: x => 3 * x ** 2,
    dd: x => 6 * x,
  },
  'a composite of other rows': {
    row: { arity: 1, of: x => x.mul(x.exp()).sub(x), tex: x => `${x} e^{${x}} - ${x}` },
    f: x => x * Math.exp(x) - x,
    d: x => (x + 1) * Math.exp(x) - 1,
    dd: x => (x + 2) * Math.exp(x),
  },
}

describe.each(Object.entries(cases))('%s, put in at run time', (kind, { row, f, d, dd }) => {
  describe.each([
    ['generated code', true],
    ['the interpreter', false],
  ] as const)('on %s', (how, generated) => {
    const before = codegen()
    const name = `test_${kind}_${how}`.replaceAll(' ', '_') as OpName
    define(name, row)
    // what a method line does
    const op = <N extends Num>(x: N): N => x.apply(name, x)
    const points = [-1.3, 0.4, 2]
    const run = (body: () => void) => () => {
      codegen(generated)
      try {
        body()
      } finally {
        codegen(before)
      }
    }

    test(
      'values on the three arithmetics',
      run(() => {
        for (const x of points) expect(op(new Value(x)).data).toBeCloseTo(f(x), 12)
        expect(op(double(points)).data).toEqual(Float64Array.from(points, f))
        expect(op(tensor([points])).shape).toEqual([1, 3])
        expect(op(tensor([1, 2], { dtype: 'float32' })).dtype).toBe('float32')
        expect(op(Expr.input(0))).toBe(op(Expr.input(0)))
        expect(op(Expr.const(2))).toBe(Expr.const(op(new Value(2)).data))
      }),
    )

    test(
      'both modes on both engines',
      run(() => {
        for (const x of points) {
          const v = new Value(x)
          op(v).backward()
          expect(v.grad).toBeCloseTo(d(x), 10)
          expect(grad(op)(x)).toBeCloseTo(d(x), 10)
          expect(jvp(op, [x], [2])[1]).toBeCloseTo(2 * d(x), 10)
        }
        const x = double(points, true)
        op(x).sum().backward()
        const expected = Float64Array.from(points, d)
        expect(x.grad?.allclose(double([...expected]))).toBe(true)
        expect(jvp(op, [double(points)], [double([1, 1, 1])])[1].allclose(double([...expected]))).toBe(true)
      }),
    )

    test(
      'second and third derivatives',
      run(() => {
        const h = 1e-5
        for (const x of points) {
          expect(grad(grad(op))(x)).toBeCloseTo(dd(x), 9)
          expect(grad(grad(grad(op)))(x)).toBeCloseTo((dd(x + h) - dd(x - h)) / (2 * h), 6)
        }
        const total = (x: Tensor) => op(x).sum()
        const matrix = hessian(total)(double(points)) as Tensor
        expect(matrix.allclose(double(points.map(dd)).diag())).toBe(true)
        expect(
          hvp(total, [double(points)], [double([1, 0, 2])]).allclose(double([dd(points[0]!), 0, 2 * dd(points[2]!)])),
        ).toBe(true)
      }),
    )

    test(
      'the gradient checker',
      run(() => {
        expect(gradcheck(op, [0.7])).toBe(true)
        expect(gradcheck(op, [double(points)])).toBe(true)
      }),
    )

    test(
      'one node, one name, seen by whoever observes',
      run(() => {
        const seen: string[] = []
        observe(
          ({ name }) => seen.push(name),
          () => op(double([1])),
        )
        expect(seen).toEqual([name])
        expect(op(double([1], true)).node?.name).toBe(name)
        expect(() => detectAnomaly(() => op(double([1])))).not.toThrow()
        expect(partials(op(Expr.input(0)), 1)[0]).toBeInstanceOf(Expr)
      }),
    )
  })
})

describe('a wrong row', () => {
  test('a wrong rule is found by the gradient checker', () => {
    define('test_wrong', { f: (x: number) => x * x, d: x => x.mul(2.001), tex: x => x })
    const op = <N extends Num>(x: N): N => x.apply('test_wrong' as OpName, x)
    expect(() => gradcheck(op, [0.7])).toThrow(/first order: forward .* reverse .* difference/)
    expect(() => gradcheck(op, [double([0.7])])).toThrow('derivatives disagree')
  })

  test('a row put in again replaces the old one everywhere', () => {
    define('test_again', { f: (x: number) => x + 1, d: () => 1, tex: x => x })
    const op = <N extends Num>(x: N): N => x.apply('test_again' as OpName, x)
    expect(op(new Value(1)).data).toBe(2)
    define('test_again', { f: (x: number) => x * 5, d: () => 5, tex: x => x })
    expect(op(new Value(1)).data).toBe(5)
    expect(op(tensor([1])).toArray()).toEqual([5])
    expect(grad(op)(1)).toBe(5)
  })
})

describe('the text of an op is in one place', () => {
  const src = join(import.meta.dirname, '../../src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  const code = new Map(
    files.map(file => [
      file.replaceAll('\\', '/'),
      readFileSync(join(src, file), 'utf8')
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .split('\n')
        .filter(line => !/^\s*\/\//.test(line)),
    ]),
  )
  const lines = (file: string, pattern: RegExp): string[] => (code.get(file) ?? []).filter(line => pattern.test(line))

  test.each(builtIn)('%s: one row, one method', name => {
    expect(lines('engine/prims.ts', new RegExp(`^  ${name}: \\{`))).toHaveLength(1)
    // the method, or the option of a method (gelu's approximation), that applies it
    expect(
      lines(
        'engine/num.ts',
        new RegExp(`apply\\((?:[^,]*[?:] |options[^,]*\\? )?'${name}'|: this\\.apply\\('${name}'`),
      ),
    ).toHaveLength(1)
  })

  test.each(['erfinv', 'asinh', 'logaddexp2', 'xlog1py', 'celu'])(
    '%s is named nowhere else in the engine, the backend and the compiler',
    name => {
      const word = new RegExp(`\\b${name}\\b`)
      const where = Object.fromEntries(
        [...code]
          .filter(([file]) => /^(engine|backend|compile)\//.test(file) && !/^backend\/math\//.test(file))
          .flatMap(([file, text]) => {
            const count = text.filter(line => word.test(line)).length
            return count > 0 ? [[file, count]] : []
          }),
      )
      // special.ts holds the number function itself, where Math has none; backend/math that on registers
      const { 'engine/special.ts': _, ...rest } = where
      expect(rest).toEqual({ 'engine/prims.ts': 1, 'engine/num.ts': 1, 'engine/functions.ts': 1 })
    },
  )
})
