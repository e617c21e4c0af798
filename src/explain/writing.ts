// A row in writing: its value, its tangent and its adjoint as formulas, made of the engine's symbolic partials.
import { Expr, rewrite, summed } from '../engine/expr.ts'
import { sameShape } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Active, one } from '../engine/tree.ts'
import { formula, operation, symbol } from './formula.ts'
import { call, ruleOf } from './rule.ts'
import { simplify } from './simplify.ts'
import { type Formula, numeral, texNumber, texWords } from './table.ts'
import type { Row } from './trace.ts'

/** A name as TeX; a label in words as such. */
const letter = (name: string): string => (/^[\p{L}\p{M}\p{N}_.]+$/u.test(name) ? symbol(name) : texWords(name))

/** A letter under a mark, its index behind. */
function marked(name: string, short: string, long: string): string {
  const written = letter(name)
  const at = written.indexOf('_{')
  const [stem, index] =
    at < 0 || written.startsWith('\\text') ? [written, ''] : [written.slice(0, at), written.slice(at)]
  return `${/^\\?[a-z]+$/i.test(stem) ? short : long}{${stem}}${index}`
}

/** What a row is called, and what its tangent and its adjoint are. */
export const named = ({ name }: Row): Formula => ({ text: name, tex: letter(name) })
export const dotted = ({ name }: Row): Formula => ({ text: `${name}-dot`, tex: marked(name, '\\dot', '\\dot') })
export const barred = ({ name }: Row): Formula => ({ text: `${name}-bar`, tex: marked(name, '\\bar', '\\overline') })

export const equation = (left: Formula, right: Formula): Formula => ({
  text: `${left.text} = ${right.text}`,
  tex: `${left.tex} = ${right.tex}`,
})
/** A number of a leaf, in six digits: the column of values has more. */
export const plain = (x: string | number): Formula => {
  const text = typeof x === 'number' ? numeral(x, 6) : x
  return { text, tex: typeof x === 'number' ? texNumber(x, 6) : text }
}

/** A tensor by its dtype and shape; one of a single number by that. */
export function shaped(x: Tensor): Formula {
  if (x.ndim === 0) return plain(x.item())
  const words = `${x.dtype} [${x.shape.join(', ')}]`
  return { text: words, tex: `\\text{${words}}` }
}

/** An expression in which symbols stand for what has a name: operands by their numbers, and the output. */
function spelled(root: Expr, names: ReadonlyMap<Expr, Formula>): Formula {
  return {
    text: formula(root, { name: x => names.get(x)?.text }),
    tex: formula(root, { notation: 'tex', name: x => names.get(x)?.tex }),
  }
}

const isConst = (x: Expr, value?: number): boolean => x.op === 'const' && (value === undefined || x.value === value)

/** The same expression, to be read and not computed with: `known` put in, and simplified. */
export const readable = (root: Expr, known: ReadonlyMap<Expr, Expr>): Expr => simplify(rewrite(root, x => known.get(x)))

/** A number and what it is a multiple of; null for the number itself. */
function split(x: Expr): readonly [number, Expr | null] {
  const [a, b] = x.inputs as [Expr, Expr]
  if (x.op === 'const') return [x.value, null]
  if (x.op === 'mul' && isConst(a)) return [a.value, b]
  if (x.op === 'div' && isConst(a)) return [a.value, b.reciprocal()]
  if (x.op !== 'neg') return [1, x]
  const [number, rest] = split(a)
  return [-number, rest]
}

/** a*b: the sign in front, then the number; quotients as such. */
function product(a: Expr, b: Expr): Expr {
  const [p, x] = split(a)
  const [q, y] = split(b)
  const number = p * q
  const rest = x && y ? quotient(x, y) : (x ?? y)
  if (rest === null || number === 0) return Expr.const(number)
  const size = Math.abs(number)
  const positive =
    size === 1 ? rest : rest.op === 'reciprocal' ? Expr.const(size).div(rest.inputs[0]) : Expr.const(size).mul(rest)
  return number < 0 ? positive.neg() : positive
}
function quotient(a: Expr, b: Expr): Expr {
  if (b.op === 'reciprocal') return a.div(b.inputs[0])
  return a.op === 'reciprocal' ? b.div(a.inputs[0]) : a.mul(b)
}

/** A symbol times a partial, within a choice that makes it a constant; the factors in the order in which they are given. */
function times(a: Expr, b: Expr): Expr {
  const choice = [a, b].find(x => x.op === 'where' && x.inputs.slice(1).some(y => isConst(y)))
  if (!choice) return product(a, b)
  const [condition, yes, no] = choice.inputs
  const branch = (y: Expr): Expr => (choice === a ? times(y, b) : times(a, y))
  return condition.where(branch(yes), branch(no))
}

/** A number as somebody wrote it: that of a float32 op in as few digits as tell it from its neighbours. */
function asWritten({ value: out }: Row, x: number): number {
  if (!(out instanceof Tensor) || out.dtype === 'float64' || Math.fround(x) !== x) return x
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits))
    if (Math.fround(short) === x) return short
  }
  return x
}

/** The symbols of a row's formulas: operands, output, and others behind them. */
function alphabet(row: Row): { names: Map<Expr, Formula>; known: Map<Expr, Expr> } {
  const names = new Map<Expr, Formula>([[Expr.output, named(row)]])
  const known = new Map<Expr, Expr>()
  row.args.forEach((x, i) => {
    if (typeof x === 'number') known.set(Expr.input(i), Expr.const(asWritten(row, x)))
    else names.set(Expr.input(i), named(x))
  })
  return { names, known }
}
/** The symbol of whatever belongs to argument i. */
const beside = (row: Row, i: number): Expr => Expr.input(row.args.length + i)

/** How the row's value came about; null for what was not computed. */
export function value(row: Row): Formula | null {
  const { op, args, expr } = row
  if (op === null) return null
  if (expr) {
    const { names, known } = alphabet(row)
    return spelled(readable(expr, known), names)
  }
  if (!row.pointwise)
    return call(
      op,
      args.map(x => (typeof x === 'number' ? plain(x) : named(x))),
      row.applied?.params,
    )
  const written = (notation: 'text' | 'tex'): (string | number)[] =>
    args.map(x => (typeof x === 'number' ? asWritten(row, x) : named(x)[notation]))
  return { text: operation(op, written('text')), tex: operation(op, written('tex'), 'tex') }
}

/** The partial by argument i, its numbers put in: a choice that they make is made. */
const known = (row: Row, i: number): Expr | null => {
  const found = row.partials[i]
  return found ? readable(found, alphabet(row).known) : null
}

/** Ones, to stand for a tangent or an adjoint of the row where only the formula is asked for. */
const like = ({ value: x }: Row): Active => one(x instanceof Tensor ? x.detach() : x)
/** What a rule of the row may read, as the engine knows it. */
const operands = (row: Row): Map<Active, Formula> =>
  new Map([
    ...row.args.flatMap((x, i): [Active, Formula][] =>
      typeof x === 'object' ? [[row.applied?.inputs[row.places[i]] as Active, named(x)]] : [],
    ),
    [row.applied?.out as Active, named(row)],
  ])

/** The derivative of a row by an argument, where that is no formula. */
const jacobian = (row: Row, of: Row): Formula => ({
  text: `d(${row.name})/d(${of.name})`,
  tex: `\\frac{\\partial ${letter(row.name)}}{\\partial ${letter(of.name)}}`,
})

/** Sums formulas; of expressions as one, so that a negative term is a difference. */
function total(row: Row, terms: readonly (Expr | null)[], extra: ReadonlyMap<Expr, Formula>): Formula {
  const { names } = alphabet(row)
  const sum = summed(terms.filter(x => x !== null && !isConst(x, 0)))
  return sum ? spelled(sum, new Map([...names, ...extra])) : plain(0)
}

/**
 * The row's tangent, from those of its arguments (a row, and its place) that `varies` says have one. A factor that is itself an operand keeps
 * its place, so that a product's rule reads as it is taught: x1-dot*x2 + x1*x2-dot; other factors stand in front.
 */
export function tangent(row: Row, varies: (x: Row, i: number) => boolean): Formula {
  const { applied, args } = row
  if (!row.pointwise && applied) {
    const dots = args.map((x, i) => (typeof x === 'object' && varies(x, i) ? like(x) : null))
    const names = operands(row)
    dots.forEach((dot, i) => {
      if (dot) names.set(dot, dotted(args[i] as Row))
    })
    const found = ruleOf(() => applied.jvp(dots), names)
    if (found) return found
  }
  const extra = new Map<Expr, Formula>()
  const terms = row.args.map((x, i): Expr | null => {
    if (typeof x === 'number' || !varies(x, i)) return null
    const dot = beside(row, i)
    extra.set(dot, dotted(x))
    const partial = known(row, i)
    if (partial) {
      const behind = partial.op === 'input' && partial.value > i
      return behind ? times(dot, partial) : times(partial, dot)
    }
    if (row.pointwise) return null
    const factor = Expr.input(2 * row.args.length + i)
    extra.set(factor, jacobian(row, x))
    return factor.mul(dot)
  })
  return total(row, terms, extra)
}

/** Was the argument repeated to the shape of the row? Then its adjoint is a sum over the repetitions. */
const isBroadcast = ({ value: out }: Row, { value: x }: Row): boolean =>
  out instanceof Tensor && x instanceof Tensor && !sameShape(out.shape, x.shape)

/** What the row's adjoint contributes to that of its argument i. */
export function contribution(row: Row, i: number): Formula {
  const extra = new Map<Expr, Formula>()
  const bar = beside(row, 0)
  extra.set(bar, barred(row))
  const partial = known(row, i)
  if (partial) {
    const whole = total(row, [times(bar, partial)], extra)
    return isBroadcast(row, row.args[i] as Row) ? call('sum', [whole], null) : whole
  }
  const { node, applied, places } = row
  if (node && applied) {
    const g = like(row)
    const wanted = node.inputs.map((_, k) => k === places[i])
    const found = ruleOf(() => node.pull(g, wanted)[places[i]], operands(row).set(g, barred(row)))
    if (found) return found
  }
  const factor = beside(row, 1)
  extra.set(factor, jacobian(row, row.args[i] as Row))
  return total(row, [bar.mul(factor)], extra)
}

/** Formulas added up; a term that begins with a sign is subtracted. */
export function added(terms: readonly Formula[]): Formula {
  const join = (texts: readonly string[]): string =>
    texts.reduce((sum, x) => (x.startsWith('-') ? `${sum} - ${x.slice(1)}` : `${sum} + ${x}`))
  return { text: join(terms.map(({ text }) => text)), tex: join(terms.map(({ tex }) => tex)) }
}

/** The partial derivative of the row by its argument i, to be read; null where it is no formula. */
export function partial(row: Row, i: number): Formula | null {
  const found = known(row, i)
  return found ? total(row, [found], new Map()) : null
}
