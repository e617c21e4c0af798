// Formulas as TeX: the rows' own, with the brackets that they need.
import type { Expr } from './expr.ts'
import { postorder } from './graph.ts'
import { type Op, type OpName, table } from './prims.ts'

// how strongly a text holds together: what binds less than its place asks for is put in brackets
const [LOOSE, SUM, PRODUCT, FACTOR, ATOM] = [0, 1, 2, 3, 4]
/** A formula's text and how strongly it holds together, from 0 (needs brackets within any other) to 4 (an atom). */
export interface Text {
  readonly text: string
  readonly binds: number
}

const relation = { binds: LOOSE, asks: [SUM, SUM] }
/** The rows that bind like operators: how their text binds, and what they ask of each operand. */
const operators: Readonly<Partial<Record<OpName, { readonly binds: number; readonly asks: readonly number[] }>>> = {
  add: { binds: SUM, asks: [SUM, SUM] },
  sub: { binds: SUM, asks: [SUM, PRODUCT] },
  neg: { binds: SUM, asks: [PRODUCT] },
  mul: { binds: PRODUCT, asks: [PRODUCT, PRODUCT] },
  remainder: { binds: PRODUCT, asks: [FACTOR, FACTOR] },
  where: { binds: LOOSE, asks: [LOOSE, LOOSE, LOOSE] },
  eq: relation,
  ne: relation,
  lt: relation,
  le: relation,
  gt: relation,
  ge: relation,
}

/**
 * The expression as TeX. `name` writes operands, and any expression that has a name of its own; without it the operands
 * are x_0, x_1, … Sums with a negative term are differences, and what is multiplied with itself is a square.
 *
 * @example
 * const [x, y] = [Expr.input(0), Expr.input(1)]
 * tex(x.neg().add(1).mul(y.add(2)).div(y.square())) // '\frac{\left(1 - x_0\right) \cdot \left(x_1 + 2\right)}{{x_1}^2}'
 */
export function tex(root: Expr, name: (x: Expr) => string | undefined = () => undefined): string {
  const texts = new Map<Expr, Text>()
  for (const x of postorder(root)) {
    const own = name(x)
    texts.set(x, own === undefined ? write(x, y => texts.get(y) as Text) : { text: own, binds: ATOM })
  }
  return (texts.get(root) as Text).text
}

function write(x: Expr, of: (x: Expr) => Text): Text {
  if (x.op === 'const') return numeral(x.value)
  if (x.op === 'input') return { text: `x_{${x.value}}`.replace(/\{(\d)\}/, '$1'), binds: ATOM }
  if (x.op === 'output') return { text: '\\mathrm{out}', binds: ATOM }
  const [a, b] = x.inputs as [Expr, Expr]
  if (x.op === 'mul' && a === b) return row('square', [of(a)])
  if (x.op === 'add' && b.op === 'neg') return row('sub', [of(a), of(b.inputs[0] as Expr)])
  if (x.op === 'add' && a.op === 'neg') return row('sub', [of(b), of(a.inputs[0] as Expr)])
  return row(x.op, x.inputs.map(of))
}

/** A row's TeX around those of its operands. */
export function row(name: OpName, operands: readonly Text[]): Text {
  const op = table.get(name) as Op
  const operator = operators[name]
  const { open, bare } = operator ? { open: [], bare: false } : surroundings(op)
  const texts = operands.map(({ text, binds }, i) => {
    const asked = operator ? (operator.asks[i] as number) : open[i] ? ATOM : LOOSE
    // a sign behind an operator
    const signed = operator && asked > LOOSE && i > 0 && text.startsWith('-')
    return binds < asked || signed ? `\\left(${text}\\right)` : text
  })
  return { text: op.tex(...texts), binds: operator?.binds ?? (bare ? LOOSE : FACTOR) }
}

/** Which operands a row's TeX leaves open, not within brackets of their own; is one of these its beginning or its end? */
function surroundings(op: Op): { open: boolean[]; bare: boolean } {
  const marks = Array.from({ length: op.arity }, (_, i) => `\u0000${i}\u0000`)
  const text = op.tex(...marks)
  const open = marks.map(mark => {
    const parts = text.split(mark)
    return parts
      .slice(1)
      .some(
        (after, k) =>
          !(
            /[({[|,]\s*$|\\l(floor|ceil) $/.test(parts[k] as string) &&
            /^(\}(?!\^)|\s*([)\]|,]|\\right|\\r(floor|ceil)))/.test(after)
          ),
      )
  })
  return { open, bare: text.startsWith('\u0000') || text.endsWith('\u0000') }
}

/** A number as TeX. */
export function numeral(value: number): Text {
  if (Number.isNaN(value)) return { text: '\\mathrm{NaN}', binds: ATOM }
  const digits = Number.isFinite(value) ? String(value) : `${value < 0 ? '-' : ''}\\infty`
  const [, mantissa, exponent] = /^(.*)e\+?(.*)$/.exec(digits) ?? []
  const text =
    exponent === undefined ? digits : mantissa === '1' ? `10^{${exponent}}` : `${mantissa} \\cdot 10^{${exponent}}`
  return { text, binds: value < 0 ? SUM : exponent === undefined ? ATOM : mantissa === '1' ? FACTOR : PRODUCT }
}
