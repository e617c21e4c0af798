// Symbols: interning, evaluating, differentiating, rewriting, and the flat program that backends run.
import type { Step } from '../backend/stream.ts'
import { ArgumentError } from './errors.ts'
import { postorder } from './graph.ts'
import { Num } from './num.ts'
import { type Op, type OpName, table } from './prims.ts'

type Kind = OpName | 'input' | 'const' | 'output'

/**
 * A symbolic expression. Equal expressions are one object (hash-consed): common sub-expressions are found for free
 * and equality is a pointer comparison. Only constants are folded; no identity that could change a value (0*x) is
 * used here: those belong to derivative code (`times`, `plus`).
 *
 * @example
 * const x = Expr.input(0)
 * String(partials(x.mul(x), 1)[0]) // 'add(x0, x0)'
 */
export class Expr extends Num {
  mark = 0
  private constructor(
    readonly op: Kind,
    readonly inputs: readonly Expr[],
    /** The value of a constant, the number of an input. */
    readonly value: number,
    private readonly id: number,
  ) {
    super()
  }

  static #known = new Map<string, WeakRef<Expr>>()
  static #gone = new FinalizationRegistry<string>(key => {
    if (Expr.#known.get(key)?.deref() === undefined) Expr.#known.delete(key)
  })
  static #count = 0

  static #intern(op: Kind, inputs: readonly Expr[], value = 0): Expr {
    const key =
      inputs.length > 0 ? `${op} ${inputs.map(x => x.id).join(' ')}` : `${op} ${Object.is(value, -0) ? '-0' : value}`
    const known = Expr.#known.get(key)?.deref()
    if (known) return known
    const made = new Expr(op, inputs, value, Expr.#count++)
    Expr.#known.set(key, new WeakRef(made))
    Expr.#gone.register(made, key)
    return made
  }

  /** The k-th operand. */
  static input(k: number): Expr {
    return Expr.#intern('input', [], k)
  }
  static const(value: number): Expr {
    return Expr.#intern('const', [], value)
  }
  /** Stands for the value of the expression that a derivative belongs to. */
  static output: Expr = Expr.#intern('output', [])

  override apply(name: OpName, ...args: (Expr | number)[]): this {
    const op = table.get(name) as Op
    const inputs = args.map(x => (typeof x === 'number' ? Expr.const(x) : x))
    if (op.of) return op.of(...inputs) as this
    if (op.f && inputs.every(x => x.op === 'const')) return Expr.const(op.f(...inputs.map(x => x.value))) as this
    return Expr.#intern(name, inputs) as this
  }

  /** The i-th operand, undefined after the last. */
  input(i: number): Expr | undefined {
    return this.inputs[i]
  }

  /** A value has its number here; a symbol has none, and no branch may be taken by what is not there. */
  get data(): never {
    throw new ArgumentError(
      'a symbol has no number (data): let the formula choose, a.gt(b).where(x, y), and not JavaScript',
    )
  }

  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString()
    throw new ArgumentError('symbols have no JS operators: use a.add(b), a.mul(b), a.lt(b) …')
  }

  override toString(): string {
    if (this.op === 'const') return String(this.value)
    if (this.op === 'input') return `x${this.value}`
    return this.op === 'output' ? 'out' : `${this.op}(${this.inputs.join(', ')})`
  }
}

/** The expression of a table op over its operands x0, x1, … */
export function expression(op: Op): Expr {
  const inputs = Array.from({ length: op.arity }, (_, k) => Expr.input(k))
  return op.of ? (op.of(...inputs) as Expr) : Expr.input(0).apply(op.name, ...inputs)
}

/** The expression with every leaf (input, constant, output) and every inner node replaced by what `f` returns for it; undefined keeps it. */
export function rewrite(root: Expr, f: (x: Expr) => Expr | undefined): Expr {
  const made = new Map<Expr, Expr>()
  for (const x of postorder(root)) {
    const kept = (): Expr =>
      x.inputs.length === 0 ? x : x.apply(x.op as OpName, ...x.inputs.map(y => made.get(y) as Expr))
    made.set(x, f(x) ?? kept())
  }
  return made.get(root) as Expr
}

// Derivative code may use that a factor 0 stems from a constant rule and means "no dependence", so 0*x = 0 here.
const isConst = (x: Expr, value: number): boolean => x.op === 'const' && x.value === value

const plus = (a: Expr | null, b: Expr | null): Expr | null => (a === null ? b : b === null ? a : a.add(b))

/** a*b; a factor that is chosen (`where`) takes the product inside, so that a branch not taken never meets infinity. */
function times(a: Expr, b: Expr): Expr {
  if (isConst(a, 0) || isConst(b, 0)) return Expr.const(0)
  if (isConst(a, 1)) return b
  if (isConst(b, 1)) return a
  if (isConst(a, -1)) return b.neg()
  if (isConst(b, -1)) return a.neg()
  for (const [x, y] of [
    [a, b],
    [b, a],
  ] as const) {
    if (x.op !== 'where') continue
    const [c, p, q] = x.inputs as [Expr, Expr, Expr]
    if (p.op === 'const' || q.op === 'const') return c.where(times(p, y), times(q, y))
  }
  return a.mul(b)
}

/**
 * The partial derivatives of `root` by its inputs 0..n-1, null where zero. The chain rule folded backwards over the
 * expression; whatever equals `root` itself is read from `Expr.output` instead of being computed again.
 */
export function partials(root: Expr, arity: number): (Expr | null)[] {
  const adjoint = new Map<Expr, Expr | null>([[root, Expr.const(1)]])
  for (const x of postorder(root).reverse()) {
    const g = adjoint.get(x)
    if (!g || x.inputs.length === 0) continue
    const rules = (table.get(x.op as OpName) as Op).d as NonNullable<Op['d']>
    x.inputs.forEach((input, i) => {
      const partial = rules[i]?.(...x.inputs, x) ?? null
      if (partial === null || input.op === 'const') return
      const product = times(g, typeof partial === 'number' ? Expr.const(partial) : (partial as Expr))
      if (!isConst(product, 0)) adjoint.set(input, plus(adjoint.get(input) ?? null, product))
    })
  }
  return Array.from({ length: arity }, (_, k) => {
    const partial = adjoint.get(Expr.input(k))
    return partial ? rewrite(partial, x => (x === root ? Expr.output : undefined)) : null
  })
}

/** g times a partial: the cotangent of an input, as an expression over the same leaves and g. */
export const scaled = (partial: Expr, g: Expr): Expr => times(g, partial)
/** The sum of all; null when there are none. */
export const summed = (terms: readonly (Expr | null)[]): Expr | null => terms.reduce(plus, null)

/** Renumbers the operands that `root` reads to 0, 1, …; `reads[j]` is the old number of the new j-th operand. */
export function compact(root: Expr): { expr: Expr; reads: number[] } {
  const reads = postorder(root)
    .filter(x => x.op === 'input')
    .map(x => x.value)
    .sort((a, b) => a - b)
  const expr = rewrite(root, x => (x.op === 'input' ? Expr.input(reads.indexOf(x.value)) : undefined))
  return { expr, reads }
}

/** The expression as a list of steps in order; the last one is the result. */
export const program = (root: Expr): Step[] => programs([root]).steps

/** How many ops the expressions consist of, those that they share counted once. */
export const operations = (roots: readonly Expr[]): number =>
  programs(roots).steps.filter(({ kind }) => kind === 'op').length

/** Several expressions as one list of steps, and the step of each. */
export function programs(roots: readonly Expr[]): { steps: Step[]; at: number[] } {
  const slot = new Map<Expr, number>()
  const steps: Step[] = []
  for (const root of roots) {
    for (const x of slot.has(root) ? [] : postorder(root)) {
      if (slot.has(x)) continue
      slot.set(x, steps.length)
      if (x.op === 'const') steps.push({ kind: 'const', value: x.value })
      else if (x.op === 'input') steps.push({ kind: 'input', input: x.value })
      else {
        const { name, f, js, simd, conditions } = table.get(x.op as OpName) as Op
        const args = x.inputs.map(y => slot.get(y) as number)
        steps.push({ kind: 'op', name, f: f as (...x: number[]) => number, js, simd, conditions, args })
      }
    }
  }
  return { steps, at: roots.map(root => slot.get(root) as number) }
}
