// The pointwise kind: an expression, and all that follows from it; what both engines apply.
import type { DType } from '../backend/array.ts'
import { assigning, codegen, type Loop, loop, stage } from '../backend/program.ts'
import { ArgumentError } from './errors.ts'
import { compact, Expr, expression, operations, partials, program, rewrite, scaled, summed } from './expr.ts'
import { edition, type OpName, table } from './prims.ts'

/** A derived pointwise op and which values it reads: operand numbers of the op it belongs to, then its output (arity), then the cotangent or the tangents. */
export interface Derived {
  readonly op: Pointwise
  readonly reads: readonly number[]
  /** Those of `reads` that are there before the derivative is asked for: operands and output. */
  readonly stored: readonly number[]
}

/** An op as code on values: `fill` sets the result's `data`, `sweep` adds to the operands' `grad`. */
export interface Fields {
  fill(out: object, x: unknown, y?: unknown): void
  sweep(out: object, x: unknown, y?: unknown): void
}

/**
 * A function of numbers given by an expression. Everything else is derived from that, lazily and once: the staged
 * number function, the cotangent and tangent as pointwise ops again (so they differentiate again), the loops.
 */
export class Pointwise {
  #partials?: (Expr | null)[]
  #f?: (...x: number[]) => number
  #generated = false
  #open?: boolean
  #operations?: number
  readonly #vjps = new Map<number, Derived | null>()
  readonly #jvps = new Map<string, Derived | null>()
  readonly #pulls: ((...x: number[]) => number)[] = []
  readonly #fields: Fields[] = []
  readonly #loops = new Map<DType, Loop>()

  private constructor(
    readonly name: string,
    readonly expr: Expr,
    readonly arity: number,
    readonly type?: 'float' | 'bool',
    /** How many operands, from the first, do not count for the dtype of the result. */
    readonly conditions = 0,
  ) {}

  /** How many ops of the table the expression consists of. */
  get operations(): number {
    this.#operations ??= operations([this.expr])
    return this.#operations
  }

  static readonly #named = new Map<string, Pointwise>()
  static #edition = 0
  static readonly #derived = new WeakMap<Expr, Pointwise[]>()

  /** The table's op of that name. */
  static named(name: OpName): Pointwise {
    if (Pointwise.#edition !== edition) {
      Pointwise.#named.clear()
      Pointwise.#edition = edition
    }
    let made = Pointwise.#named.get(name)
    if (!made) {
      const op = table.get(name)
      if (!op) throw new ArgumentError(`apply: there is no op '${name}' in the table`)
      made = new Pointwise(name, expression(op), op.arity, op.type, op.conditions)
      Pointwise.#named.set(name, made)
    }
    return made
  }

  /** An expression over x0 … x(arity-1). */
  static from(expr: Expr, arity: number): Pointwise {
    let byArity = Pointwise.#derived.get(expr)
    if (!byArity) {
      byArity = []
      Pointwise.#derived.set(expr, byArity)
    }
    byArity[arity] ??= new Pointwise(expr.inputs.length === 0 ? 'identity' : expr.op, expr, arity)
    return byArity[arity]
  }

  /** The value, on numbers. */
  get f(): (...x: number[]) => number {
    if (!this.#f || this.#generated !== codegen()) {
      this.#generated = codegen()
      this.#f = stage(program(this.expr), this.arity)
    }
    return this.#f
  }

  /** The derivatives by each operand, over the operands and `Expr.output`; null where zero. */
  get partials(): readonly (Expr | null)[] {
    this.#partials ??= partials(this.expr, this.arity)
    return this.#partials
  }

  /** May a gradient flow to every operand? */
  get isOpen(): boolean {
    this.#open ??= this.partials.every(partial => partial !== null)
    return this.#open
  }
  /** May a gradient flow to operand i? */
  flows(i: number): boolean {
    return this.partials[i] !== null
  }

  /** The cotangent of operand i; null when it is zero everywhere. */
  vjp(i: number): Derived | null {
    let derived = this.#vjps.get(i)
    if (derived === undefined) {
      const partial = this.partials[i]
      derived = partial ? this.#derive(scaled(partial, Expr.input(this.arity + 1))) : null
      this.#vjps.set(i, derived)
    }
    return derived
  }

  /** The tangent of the output, given which operands have one (read as arity+1, arity+2, …); null when zero. */
  jvp(has: readonly boolean[]): Derived | null {
    const key = has.join()
    let derived = this.#jvps.get(key)
    if (derived === undefined) {
      let next = this.arity + 1
      const terms = has.map((one, i) => {
        if (!one) return null
        const tangent = Expr.input(next++)
        const partial = this.partials[i]
        return partial ? scaled(partial, tangent) : null
      })
      const sum = summed(terms)
      derived = sum ? this.#derive(sum) : null
      this.#jvps.set(key, derived)
    }
    return derived
  }

  /** The cotangent of operand i on numbers: a function of (operands…, output, cotangent). */
  pull(i: number): (...x: number[]) => number {
    let f = this.#pulls[i]
    if (!f) {
      f = stage(program(this.#cotangent(i) ?? Expr.const(0)), this.arity + 2)
      this.#pulls[i] = f
    }
    return f
  }

  /**
   * The op on the scalar engine's objects, given which operands are values (bit k of `values`; the others are
   * numbers). Null where code may not be generated: then there are `f` and `pull`.
   */
  fields(values: number): Fields | null {
    if (!codegen()) return null
    this.#fields[values] ??= this.#inFields(values)
    return this.#fields[values]
  }

  #inFields(values: number): Fields {
    const operands = Array.from({ length: this.arity }, (_, k) => k)
    const isValue = (k: number): boolean => (values & (1 << k)) !== 0
    const read = (k: number): string =>
      k < this.arity ? (isValue(k) ? `x${k}.data` : `x${k}`) : k === this.arity ? 'out.data' : 'out.grad'
    const parameters = ['out', ...operands.map(k => `x${k}`)]
    return {
      fill: assigning(parameters, [{ into: 'out.data =', program: program(this.expr), operand: read }]),
      sweep: assigning(
        parameters,
        operands.flatMap(k => {
          const cotangent = isValue(k) ? this.#cotangent(k) : null
          return cotangent ? [{ into: `x${k}.grad +=`, program: program(cotangent), operand: read }] : []
        }),
      ),
    }
  }

  /** The cotangent of operand i over the operands, the output and the cotangent; null when zero. */
  #cotangent(i: number): Expr | null {
    const partial = this.partials[i]
    return partial && this.#leafed(scaled(partial, Expr.input(this.arity + 1)))
  }

  /** The op over arrays, for results of a dtype. */
  loop(dtype: DType): Loop {
    let made = this.#loops.get(dtype)
    if (!made) {
      made = loop(program(this.expr), dtype)
      this.#loops.set(dtype, made)
    }
    return made
  }

  /** The expression with the output as one operand more. */
  #leafed(expr: Expr): Expr {
    return rewrite(expr, x => (x === Expr.output ? Expr.input(this.arity) : undefined))
  }

  #derive(expr: Expr): Derived {
    const { expr: small, reads } = compact(this.#leafed(expr))
    return { op: Pointwise.from(small, reads.length), reads, stored: reads.filter(k => k <= this.arity) }
  }
}
