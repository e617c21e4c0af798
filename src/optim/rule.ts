// Update rules: a formula over the arithmetic, reified once, is one fused kernel on tensors and one function on numbers.
import { Expr } from '../engine/expr.ts'
import type { Num } from '../engine/num.ts'
import { mapped } from '../engine/ops/map.ts'
import { Pointwise } from '../engine/pointwise.ts'
import type { Tensor } from '../engine/tensor.ts'

/** What a rule computes with: tensors, or on the scalar engine numbers. */
export type Quantity = Tensor | number

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
    xs.every(x => typeof x === 'number') ? op.f(...(xs as number[])) : mapped(op, xs)
  return Object.assign(run, { expr })
}

/** The way a step goes, d = ±g + λp: downhill or up, with weight decay. A part of rules. */
export const direction = <N extends Num>(p: N, g: N, sign: N, decay: N): N => g.mul(sign).add(p.mul(decay))
