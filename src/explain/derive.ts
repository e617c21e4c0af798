// The derivative of a function, of any order, as a formula, as LaTeX and as TypeScript that runs by itself.
import { described, integer, list, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Expr, partials, rewrite } from '../engine/expr.ts'
import { postorder } from '../engine/graph.ts'
import { type OpName, table } from '../engine/prims.ts'
import { parse, unique } from './expression.ts'
import { formula, type Notation, supports, symbol } from './formula.ts'
import { simplify } from './simplify.ts'
import { support } from './support.ts'
import { type Format, type RenderOptions, render, type Table } from './table.ts'

export interface DeriveOptions {
  /**
   * By what: the name of an input for one derivative, a list of names for all derivatives by these (order 1: the
   * gradient, order 2: the Hessian, row by row). All inputs when left out; of a function of one input, that one.
   */
  readonly wrt?: string | readonly string[]
  /** How often (1). */
  readonly order?: number
  /** The inputs' names in their order: those of the text, or x1, x2, … */
  readonly names?: readonly string[]
}

/** A function that runs on symbols: written with the methods that values, tensors and symbols share. */
export type Symbolic = (...xs: never[]) => unknown

/** Derivatives of one function: as symbols, and as text in three languages. */
export class Derivation {
  constructor(
    /** The function, over inputs 0, 1, … */
    readonly value: Expr,
    readonly names: readonly string[],
    readonly wrt: readonly string[],
    readonly order: number,
    /** Is it one derivative, and not a list? */
    readonly single: boolean,
    /** By which inputs each derivative is: `order` names each, row by row. */
    readonly by: readonly (readonly string[])[],
    /** The derivatives over inputs 0, 1, …, simplified. */
    readonly exprs: readonly Expr[],
    private readonly title: string,
  ) {}

  /**
   * As plain text, one line each; what occurs more than once has a name and a line before.
   *
   * @example
   * derive('x1*x2 + sin(x1)', { wrt: 'x1' }).text()
   * // df/dx1 = cos(x1) + x2
   */
  text(): string {
    return this.#equations('text')
      .map(sides => sides.join(' = '))
      .join('\n')
  }

  /**
   * As LaTeX for a displayed formula; several lines are aligned at their equals signs.
   *
   * @example
   * derive('x^3', { order: 2 }).latex()
   * // \frac{\mathrm{d}^{2} f}{\mathrm{d} x^{2}} = 6 \cdot x
   */
  latex(): string {
    const all = this.#equations('tex')
    if (all.length === 1) return all[0].join(' = ')
    return `\\begin{aligned}\n${all.map(line => `  ${line.join(' &= ')}`).join(' \\\\\n')}\n\\end{aligned}`
  }

  /**
   * As a TypeScript module without imports: one exported function of numbers, `derivative`, and the special functions
   * that it calls. It returns a number, or for a list of names a list, nested for an order above 1. What occurs more
   * than once is computed once.
   *
   * @throws ArgumentError for an op of one's own that is known as a function only
   * @example
   * derive('x*exp(-x^2)').typescript()
   * // // The derivative of x*exp(-x^2) by x.
   * // export function derivative(x: number): number {
   * //   const t1 = Math.exp(-x * x)
   * //   return t1 - 2 * (x * x * t1)
   * // }
   */
  typescript(): string {
    const carried = support(supports(this.exprs))
    const taken = new Set([...reserved, ...carried.flatMap(text => /^(?:function|const) (\w+)/.exec(text)?.[1] ?? [])])
    const own = (name: string): string => (taken.has(name) ? own(`${name}_`) : name)
    const { lines, results } = this.#written('code', own)
    const parameters = this.names.map(name => `${own(name)}: number`).join(', ')
    const nested = (texts: readonly string[], depth: number): string => {
      if (depth === 0) return texts[0]
      const size = texts.length / this.wrt.length
      return `[${this.wrt.map((_, i) => nested(texts.slice(i * size, (i + 1) * size), depth - 1)).join(', ')}]`
    }
    const depth = this.single ? 0 : this.order
    const body = [...lines.map(([name, text]) => `const ${name} = ${text}`), `return ${nested(results, depth)}`]
    const comment = `// The ${this.order === 1 ? '' : `${ordinal(this.order)} `}derivative${this.single ? '' : 's'} of ${this.title} by ${this.wrt.join(', ')}.`
    const head = `export function derivative(${parameters}): number${'[]'.repeat(depth)} {`
    return [...carried, [comment, head, ...body.map(line => `  ${line}`), '}'].join('\n')].join('\n\n')
  }

  /** One row for each derivative, and before them for what they share. */
  get table(): Table {
    const [texts, texs] = [this.#equations('text'), this.#equations('tex')]
    const n = this.order === 1 ? '' : `${ordinal(this.order)} `
    return {
      title: `The ${n}derivative${this.single ? '' : 's'} of ${this.title} by ${this.wrt.join(', ')}`,
      columns: [{ title: 'derivative' }, { title: 'formula' }],
      rows: texts.map((sides, i) => sides.map((text, k) => ({ text, tex: texs[i][k] }))),
      notes: [],
    }
  }

  /** The table; see `render`. */
  render(format: Format = 'text', options: RenderOptions = {}): string {
    return render(this.table, format, options)
  }

  toString(): string {
    return this.text()
  }

  /** Left and right sides: of what the derivatives share, then of themselves. */
  #equations(notation: 'text' | 'tex'): [string, string][] {
    const { lines, results } = this.#written(notation, notation === 'tex' ? symbol : name => name)
    const d = this.names.length === 1 ? '\\mathrm{d}' : '\\partial'
    const left = (by: readonly string[]): string => {
      if (notation === 'text')
        return `d${this.order === 1 ? '' : this.order}f/${powers(by)
          .map(([x, k]) => `d${x}${k === 1 ? '' : `^${k}`}`)
          .join(' ')}`
      const below = powers(by).map(([x, k]) => `${d} ${k === 1 ? symbol(x) : raised(symbol(x), k)}`)
      return `\\frac{${this.order === 1 ? d : `${d}^{${this.order}}`} f}{${below.join(' ')}}`
    }
    return [
      ...lines.map(([name, text]): [string, string] => [notation === 'tex' ? symbol(name) : name, text]),
      ...results.map((text, i): [string, string] => [left(this.by[i]), text]),
    ]
  }

  /** The results, and before them, in order, what they share. */
  #written(notation: Notation, called: (name: string) => string): { lines: [string, string][]; results: string[] } {
    const common = repeated(this.exprs, notation)
    const letter = ['t', 'u', 'v', 'w'].find(
      x => !this.names.some(name => /^\d+$/.test(name.slice(1)) && name[0] === x),
    )
    const known = new Map<Expr, string>()
    const name = (x: Expr): string | undefined =>
      known.get(x) ?? (x.op === 'input' ? called(this.names[x.value]) : undefined)
    const lines = common.map((x, k): [string, string] => {
      const text = formula(x, { notation, name })
      const plain = `${letter ?? 't_'}${k + 1}`
      known.set(x, called(plain))
      return [notation === 'code' ? called(plain) : plain, text]
    })
    return { lines, results: this.exprs.map(x => formula(x, { notation, name })) }
  }
}

/** Words that no variable may be called in code, and what code reads from outside. */
const reserved =
  'arguments await break case catch class const continue debugger default delete derivative do else enum eval export extends false finally for function if implements import in instanceof interface let new null number package private protected public return static super switch this throw true try typeof undefined var void while with yield Infinity Math NaN Object'.split(
    ' ',
  )

const ordinal = (n: number): string => `${n}${n === 2 ? 'nd' : n === 3 ? 'rd' : 'th'}`
const raised = (x: string, k: number): string => (x.includes('_') ? `{${x}}^{${k}}` : `${x}^{${k}}`)
/** Equal neighbours counted. */
function powers(by: readonly string[]): [string, number][] {
  const out: [string, number][] = []
  for (const x of by) {
    const last = out.at(-1)
    if (last?.[0] === x) last[1]++
    else out.push([x, 1])
  }
  return out
}

/** What occurs more than once and is worth a name, each after what it contains. */
function repeated(roots: readonly Expr[], notation: Notation): Expr[] {
  const uses = new Map<Expr, number>()
  const order = new Set<Expr>()
  for (const root of roots) {
    uses.set(root, (uses.get(root) ?? 0) + 1)
    for (const x of postorder(root)) {
      if (order.has(x)) continue
      order.add(x)
      // a square is written with one occurrence, and computed with two
      const read = isSquare(x) && notation !== 'code' ? x.inputs.slice(1) : x.inputs
      for (const y of read) uses.set(y, (uses.get(y) ?? 0) + 1)
    }
  }
  return [...order].filter(x => (uses.get(x) as number) > 1 && !isShort(x))
}
const isSquare = (x: Expr): boolean => x.op === 'mul' && x.inputs[0] === x.inputs[1]
/** Short enough to be written again, or no number: a condition is written where it is asked. */
const isShort = (x: Expr): boolean =>
  x.inputs.length === 0 ||
  table.get(x.op as OpName)?.type === 'bool' ||
  (['neg', 'add', 'sub', 'mul'].includes(x.op) && x.inputs.every(y => y.inputs.length === 0))

/** The highest order that is taken: each is taken from the one before. */
const HIGHEST = 1000
/** The most derivatives that are written at once. */
const MOST = 100_000

/** d root / d input k, over the inputs alone. */
function derivative(root: Expr, k: number, arity: number): Expr {
  const partial = partials(root, arity)[k]
  return simplify(partial ? rewrite(partial, x => (x === Expr.output ? root : undefined)) : Expr.const(0))
}

/**
 * The derivatives of `f`, an expression in text (see `parse`) or a function, as formulas of its inputs: taken from the
 * table's rules on symbols, simplified, with what they share named.
 *
 * @throws ExpressionError for a text that cannot be read
 * @throws ArgumentError for unknown names, a bad order, or a function that does not run on symbols
 * @example
 * derive('x1*x2 + sin(x1)').text()
 * // df/dx1 = cos(x1) + x2
 * // df/dx2 = x1
 */
export function derive(f: string | Symbolic, given: DeriveOptions = {}): Derivation {
  const { wrt, order = 1, names: fixed } = options('derive', given, ['wrt', 'order', 'names'])
  integer('derive', 'order', order, 1)
  if (order > HIGHEST) throw new ArgumentError(`derive: order is at most ${HIGHEST}, not ${order}`)
  const { names, value, title } = symbolic(f, fixed)
  const single = typeof wrt === 'string' || (wrt === undefined && names.length === 1)
  const by = typeof wrt === 'string' ? [wrt] : wrt === undefined ? names : list('derive', 'wrt', wrt)
  if (by.length === 0) throw new ArgumentError(`derive: ${title} has no inputs to differentiate by`)
  for (const name of by)
    if (!names.includes(name))
      throw new ArgumentError(`derive: wrt has ${described(name)}, but the inputs are ${names.join(', ')}`)
  if (new Set(by).size < by.length) throw new ArgumentError(`derive: wrt names an input twice: ${by.join(', ')}`)
  const count = by.length ** order
  if (count > MOST)
    throw new ArgumentError(
      `derive: order ${order} by ${by.length} inputs is ${count} derivatives, more than ${MOST}. Choose one input, or fewer, by wrt`,
    )

  // mixed derivatives are equal in any order: each is taken once, by the first inputs first
  const made = new Map<string, Expr>([['', value]])
  const taken = (places: readonly number[]): Expr => {
    const key = places.join()
    const found = made.get(key) ?? derivative(taken(places.slice(0, -1)), places.at(-1) as number, names.length)
    made.set(key, found)
    return found
  }
  let all: number[][] = [[]]
  for (let k = 0; k < order; k++) all = all.flatMap(places => by.map(name => [...places, names.indexOf(name)]))
  return new Derivation(
    value,
    names,
    by,
    order,
    single,
    all.map(places => places.map(k => names[k])),
    all.map(places => taken([...places].sort((a, b) => a - b))),
    title,
  )
}

/** The function on symbols. */
function symbolic(f: string | Symbolic, fixed: readonly string[] | undefined) {
  if (typeof f === 'string') {
    const { names, f: run } = parse(f, fixed && { names: fixed })
    const value = run(...names.map((_, k) => Expr.input(k)))
    return { names, value: typeof value === 'number' ? Expr.const(value) : value, title: f.trim().replace(/\s+/g, ' ') }
  }
  if (typeof f !== 'function')
    throw new ArgumentError(`derive: needs an expression in text or a function, not ${described(f)}`)
  const names = fixed ? unique('derive', fixed) : Array.from({ length: f.length }, (_, k) => `x${k + 1}`)
  const value: unknown = f(...(names.map((_, k) => Expr.input(k)) as never[]))
  // NaN: it has read a number that symbols do not have
  if (!(value instanceof Expr || (typeof value === 'number' && !Number.isNaN(value))))
    throw new ArgumentError(
      `derive: on symbols the function gave ${described(value)}. It must return one number, made by the methods that values and symbols share (x.mul(y), x.sin(), …)`,
    )
  return { names, value: typeof value === 'number' ? Expr.const(value) : value, title: f.name || 'f' }
}
