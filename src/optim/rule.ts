// Update rules: a formula over the arithmetic, reified once, is one fused kernel on tensors and one function on numbers.
import { Expr, rewrite } from '../engine/expr.ts'
import type { Num } from '../engine/num.ts'
import { mapped } from '../engine/ops/map.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { symbol } from './formula.ts'

/**
 * What a rule computes with: tensors, or on the scalar engine numbers (values, where a step is being compiled); symbols,
 * where its formula is to be printed.
 */
export type Quantity = Tensor | Value | number | Expr

/** A formula ready to run on tensors (broadcast), numbers or symbols; `expr` is the formula itself, over x0, x1, … */
export interface Rule {
  (...xs: Quantity[]): Quantity
  readonly expr: Expr
}

/**
 * Makes a formula a rule. Hyperparameters are operands like any other, so that a learning rate that changes does not
 * make a new kernel.
 *
 * @example
 * const descend = rule((p, g, lr) => p.sub(g.mul(lr)))
 * descend(1, 0.5, 0.1) // 0.95
 * descend(tensor([1, 2]), tensor([0.5, 1]), 0.1) // tensor([0.95, 1.9])
 */
export function rule(formula: <N extends Num>(...xs: N[]) => N): Rule {
  const expr = formula(...Array.from({ length: formula.length }, (_, k) => Expr.input(k)))
  const op = Pointwise.from(expr, formula.length)
  const run = (...xs: Quantity[]): Quantity =>
    xs.some(x => x instanceof Expr)
      ? rewrite(expr, x => (x.op === 'input' ? constant(xs[x.value] as Expr | number) : undefined))
      : xs.some(x => x instanceof Tensor)
        ? mapped(op, xs as (Tensor | number)[])
        : xs.every(x => typeof x === 'number')
          ? op.f(...xs)
          : Value.map(op, xs as (Value | number)[])
  return Object.assign(run, { expr })
}
const constant = (x: Expr | number): Expr => (typeof x === 'number' ? Expr.const(x) : x)

/**
 * A part of an update that no formula over single elements says, but a function of whole tensors: products, sums. On
 * symbols it is its name, which is TeX, with the first operand in brackets.
 */
export const whole =
  (name: string, f: (x: Tensor, ...others: Quantity[]) => Tensor) =>
  (x: Quantity, ...others: Quantity[]): Quantity =>
    x instanceof Expr ? symbol(tex => `${name}\\left(${tex(x)}\\right)`) : f(x as Tensor, ...others)
