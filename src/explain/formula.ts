// Formulas as text, TeX and TypeScript, with the brackets that they need and no others.
import { oneOf, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Expr } from '../engine/expr.ts'
import { postorder } from '../engine/graph.ts'
import { type Op, type OpName, table } from '../engine/prims.ts'
import * as special from '../engine/special.ts'
import { numeral, row, type Text, tex } from '../engine/tex.ts'
import { own } from './support.ts'

export type Notation = 'text' | 'tex' | 'code'
const notations: readonly Notation[] = ['text', 'tex', 'code']

/** How strongly a text holds together: what binds less than its place asks for is put in brackets. */
const [LOOSE, COMPARISON, SUM, PRODUCT, POWER, ATOM] = [0, 1, 2, 3, 4, 5]

interface Operator {
  readonly binds: number
  readonly asks: readonly number[]
  readonly write: (x: string, y: string) => string
}
const operator =
  (binds: number, ...asks: readonly number[]) =>
  (write: Operator['write']): Operator => ({ binds, asks, write })
const compares = (sign: string): Operator => operator(COMPARISON, SUM, SUM)((x, y) => `${x} ${sign} ${y}`)
type Operators = Readonly<Record<string, Operator>>

const shared: Operators = {
  sub: operator(SUM, SUM, PRODUCT)((x, y) => `${x} - ${y}`),
  neg: operator(SUM, PRODUCT)(x => `-${x}`),
  lt: compares('<'),
  le: compares('<='),
  gt: compares('>'),
  ge: compares('>='),
}
/** As a reader writes it: brackets of sums in sums, products in products are left out. */
const inText: Operators = {
  ...shared,
  add: operator(SUM, SUM, SUM)((x, y) => `${x} + ${y}`),
  mul: operator(PRODUCT, PRODUCT, PRODUCT)((x, y) => `${x}*${y}`),
  div: operator(PRODUCT, PRODUCT, POWER)((x, y) => `${x}/${y}`),
  reciprocal: operator(PRODUCT, POWER)(x => `1/${x}`),
  square: operator(POWER, ATOM)(x => `${x}^2`),
  pow: operator(POWER, ATOM, POWER)((x, y) => `${x}^${y}`),
  eq: compares('=='),
  ne: compares('!='),
}
/** As a machine runs it: floating-point sums and products keep the order they have. */
const inCode: Operators = {
  ...shared,
  add: operator(SUM, SUM, PRODUCT)((x, y) => `${x} + ${y}`),
  mul: operator(PRODUCT, PRODUCT, POWER)((x, y) => `${x} * ${y}`),
  div: operator(PRODUCT, PRODUCT, POWER)((x, y) => `${x} / ${y}`),
  fmod: operator(PRODUCT, PRODUCT, POWER)((x, y) => `${x} % ${y}`),
  reciprocal: operator(PRODUCT, POWER)(x => `1 / ${x}`),
  // only where it is special.pow: that differs from ** for a base of 1 or -1 and an exponent that is infinite or NaN
  pow: operator(POWER, ATOM, POWER)((x, y) => `${x} ** ${y}`),
  eq: compares('==='),
  ne: compares('!=='),
}

const atom = (text: string): Text => ({ text, binds: ATOM })
const within = ({ text, binds }: Text, asked: number): string => (binds < asked ? `(${text})` : text)
const called = (name: string, operands: readonly Text[]): Text =>
  atom(`${name}(${operands.map(({ text }) => text).join(', ')})`)
function operated({ binds, asks, write }: Operator, [x, y]: readonly Text[]): Text {
  return { text: write(within(x, asks[0]), y === undefined ? '' : within(y, asks[1])), binds }
}

function constant(value: number, notation: Notation): Text {
  if (notation === 'tex') return value === Math.PI ? atom('\\pi') : numeral(value)
  const [pi, e, infinity, nan] =
    notation === 'code' ? ['Math.PI', 'Math.E', 'Infinity', 'NaN'] : ['pi', 'e', 'inf', 'nan']
  const size = Math.abs(value)
  const digits =
    size === Math.PI ? pi : size === Math.E ? e : size === Infinity ? infinity : Number.isNaN(value) ? nan : `${size}`
  return value < 0 || Object.is(value, -0) ? { text: `-${digits}`, binds: SUM } : atom(digits)
}

/** What an op is called in code: a function of `Math`, or one of those that the code brings along (`needs`). */
export function callee(name: OpName): { readonly name: string; readonly needs: string | null } {
  const { f } = table.get(name) as Op
  const native = Object.getOwnPropertyNames(Math).find(key => Reflect.get(Math, key) === f)
  if (native) return { name: `Math.${native}`, needs: null }
  const needs = Object.hasOwn(own, name) ? name : Object.entries(special).find(([, g]) => g === f)?.[0]
  if (!needs)
    throw new ArgumentError(
      `formula: the op '${name}' is not known as code. Define it by other ops (of), or write it with these`,
    )
  return { name: needs, needs }
}

/** Is a power one that code writes with **? */
const isPlain = ([base, exponent]: readonly Expr[]): boolean =>
  (exponent.op === 'const' && Number.isFinite(exponent.value)) || (base.op === 'const' && Math.abs(base.value) !== 1)

/** The names of the functions that an expression calls in code, beside those of `Math`. */
export function supports(roots: readonly Expr[]): string[] {
  const found = new Set<string>()
  for (const root of roots)
    for (const x of postorder(root)) {
      if (x.inputs.length === 0 || x.op === 'where') continue
      const operator = Object.hasOwn(inCode, x.op) && (x.op !== 'pow' || isPlain(x.inputs))
      const needs = operator ? null : callee(x.op as OpName).needs
      if (needs) found.add(needs)
    }
  return [...found].sort()
}

/** The order in which PyTorch takes the operands of a function. */
const arranged = <T>(name: string, operands: readonly T[]): readonly T[] =>
  name === 'polygamma' ? [...operands].reverse() : operands

function inWords(name: string, operands: readonly Text[]): Text {
  const operator = Object.hasOwn(inText, name) ? inText[name] : undefined
  return operator ? operated(operator, operands) : called(name, arranged(name, operands))
}

function written(x: Expr, notation: 'text' | 'code', of: (x: Expr) => Text): Text {
  if (x.op === 'const') return constant(x.value, notation)
  if (x.op === 'input') return atom(`x${x.value}`)
  if (x.op === 'output') return atom('out')
  const operators = notation === 'code' ? inCode : inText
  const [a, b] = x.inputs as [Expr, Expr]
  // a sum with a negative term is a difference: the same number, bit for bit
  const negative = (y: Expr): Text | null =>
    y.op === 'neg' ? of(y.inputs[0]) : y.op === 'const' && y.value < 0 ? constant(-y.value, notation) : null
  if (x.op === 'add') {
    const [minusA, minusB] = [negative(a), negative(b)]
    if (minusB) return operated(operators.sub, [of(a), minusB])
    if (minusA) return operated(operators.sub, [of(b), minusA])
  }
  if (notation === 'text')
    return x.op === 'mul' && a === b ? operated(inText.square, [of(a)]) : inWords(x.op, x.inputs.map(of))
  if (x.op === 'where') {
    const [condition, yes, no] = x.inputs.map(of)
    return {
      text: `${within(isComparison(a) ? compared(a, of) : condition, COMPARISON)} ? ${within(yes, COMPARISON)} : ${no.text}`,
      binds: LOOSE,
    }
  }
  // a truth is a number here
  if (isComparison(x)) return atom(`+(${compared(x, of).text})`)
  // a sign in front of a power is no JavaScript
  if (x.op === 'neg' && opensWithPower(a, of)) return { text: `-(${of(a).text})`, binds: SUM }
  if (Object.hasOwn(inCode, x.op) && (x.op !== 'pow' || isPlain(x.inputs)))
    return operated(inCode[x.op], x.inputs.map(of))
  return called(callee(x.op as OpName).name, arranged(x.op, x.inputs.map(of)))
}
/** Is what stands leftmost in code, bare, a power? */
function opensWithPower(x: Expr, of: (x: Expr) => Text): boolean {
  let left = x
  while (of(left).binds === PRODUCT && left.op !== 'reciprocal') left = left.inputs[0]
  return of(left).binds === POWER
}
const isComparison = (x: Expr): boolean => x.inputs.length > 0 && inCode[x.op]?.binds === COMPARISON
const compared = (x: Expr, of: (x: Expr) => Text): Text => operated(inCode[x.op], x.inputs.map(of))

export interface FormulaOptions {
  /** Plain text that `parse` reads again (default), TeX, or TypeScript. */
  readonly notation?: Notation
  /** What an expression is called: for the operands, and for whatever is to be named and not written out. */
  readonly name?: (x: Expr) => string | undefined
}

/**
 * The expression as a formula. Operands without a name are x0, x1, …
 *
 * In text and in code, functions have PyTorch's names in camelCase; ^ is the power. Text leaves out the brackets of sums
 * within sums and of products within products, code keeps the order of evaluation.
 *
 * @throws ArgumentError for an unknown option, or an op that has no code
 * @example
 * const [x, y] = [Expr.input(0), Expr.input(1)]
 * const f = x.neg().add(1).mul(y.add(2)).div(y.square())
 * formula(f) // '(1 - x0)*(x1 + 2)/x1^2'
 * formula(f, { notation: 'code' }) // '(1 - x0) * (x1 + 2) / (x1 * x1)'
 */
export function formula(root: Expr, given: FormulaOptions = {}): string {
  const { notation = 'text', name = () => undefined } = options('formula', given, ['notation', 'name'])
  oneOf('formula', 'notation', notation, notations)
  if (notation === 'tex')
    return tex(root, x => name(x) ?? (x.op === 'const' && x.value === Math.PI ? '\\pi' : undefined))
  const texts = new Map<Expr, Text>()
  for (const x of postorder(root)) {
    const called = name(x)
    texts.set(x, called === undefined ? written(x, notation, y => texts.get(y) as Text) : atom(called))
  }
  return (texts.get(root) as Text).text
}

/**
 * One op over operands that have names, or are numbers: the formula of a row of a trace. Ops that are no rows of the
 * table are written as functions.
 *
 * @example
 * operation('mul', ['x1', 'x2']) // 'x1*x2'
 * operation('gelu', ['w3']) // 'gelu(w3)'
 * operation('pow', ['w1', -2], 'tex') // '{w1}^{-2}'
 */
export function operation(
  name: string,
  operands: readonly (string | number)[],
  notation: 'text' | 'tex' = 'text',
): string {
  const texts = operands.map(x => (typeof x === 'number' ? constant(x, notation) : atom(x)))
  if (notation === 'text') {
    const [x, y] = operands
    return (name === 'mul' && x === y ? operated(inText.square, texts) : inWords(name, texts)).text
  }
  if (table.has(name)) return row(name as OpName, texts).text
  return `\\operatorname{${name.replaceAll('_', '\\_')}}\\left(${texts.map(({ text }) => text).join(', ')}\\right)`
}

const GREEK =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega'.split(
    ' ',
  )
/** The Greek capitals that look like Latin ones: TeX has no commands for them. */
const CAPITALS: Readonly<Record<string, string>> = {
  Alpha: 'A',
  Beta: 'B',
  Epsilon: 'E',
  Zeta: 'Z',
  Eta: 'H',
  Iota: 'I',
  Kappa: 'K',
  Mu: 'M',
  Nu: 'N',
  Rho: 'P',
  Tau: 'T',
  Chi: 'X',
}

/**
 * A name as TeX: Greek letters as such, digits and what follows an underscore as an index.
 *
 * @example
 * ['x1', 'alpha', 'rate', 'w_in'].map(symbol) // ["x_{1}","\\alpha","\\mathit{rate}","w_{\\mathrm{in}}"]
 */
export function symbol(name: string): string {
  const [, stem, digits, index] = /^(.*?)_?(?:(\d+)|_(.+))?$/su.exec(name) as unknown as string[]
  const letter = Object.hasOwn(CAPITALS, stem)
    ? `\\mathrm{${CAPITALS[stem]}}`
    : GREEK.includes(`${stem.slice(0, 1).toLowerCase()}${stem.slice(1)}`)
      ? `\\${stem}`
      : stem.length > 1
        ? `\\mathit{${stem.replaceAll('_', '\\_')}}`
        : stem
  const below = digits ?? (index === undefined ? undefined : `\\mathrm{${index.replaceAll('_', '\\_')}}`)
  return below === undefined ? letter : `${letter}_{${below}}`
}
