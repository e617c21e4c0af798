// Update rules: a formula over the arithmetic, reified once, is one fused kernel on tensors and one function on numbers.
import { Expr } from '../engine/expr.ts'
import type { Num } from '../engine/num.ts'
import { mapped } from '../engine/ops/map.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'

/** What a rule computes with: tensors, or on the scalar engine numbers (values, where a step is being compiled). */
export type Quantity = Tensor | Value | number

/** A formula ready to run on tensors (broadcast) or on numbers; `expr` is the formula itself, over x0, x1, … */
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
    xs.some(x => x instanceof Tensor)
      ? mapped(op, xs as (Tensor | number)[])
      : xs.every(x => typeof x === 'number')
        ? op.f(...xs)
        : Value.map(op, xs as (Value | number)[])
  return Object.assign(run, { expr })
}
