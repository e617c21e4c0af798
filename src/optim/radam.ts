// RAdam: Adam that divides by its second moment only once that is known well enough.
import { correction, first, next, second, shrunk } from './moment.ts'
import { counter, direction, type Method, negative, Optimizer, type ParamGroup, unfit } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface RAdamOptions {
  /** The learning rate, >= 0. */
  lr: number
  /** How much of the running means of the gradient and of its square stays, each in [0, 1). */
  betas: readonly [number, number]
  /** Keeps the denominator from 0; outside the root. */
  eps: number
  /** Adds weightDecay * p to the gradient; decoupled, shrinks p by lr * weightDecay. */
  weightDecay: number
  /** Weight decay apart from the gradient, as AdamW. */
  decoupledWeightDecay: boolean
  /** Climbs instead of descending. */
  maximize: boolean
}

/** ρ∞ = 2/(1 - β₂) - 1: how many gradients a mean square stands for in the end */
const limit = rule(beta => beta.neg().add(1).reciprocal().mul(2).sub(1))
/** ρ = ρ∞ - 2tβ₂^t / (1 - β₂^t): how many it stands for now */
const length = rule((most, beta, t) => most.sub(beta.pow(t).mul(t).mul(2).div(correction(beta, t))))
/** p - γ m̂ r √(1 - β₂^t)/(√v + ε), r² = (ρ-4)(ρ-2)ρ∞ / ((ρ∞-4)(ρ∞-2)ρ), m̂ = m/(1 - β₁^t); with ρ <= 5 it is p - γm̂ */
const step = rule((p, m, v, rho, most, lr, beta1, beta2, t, eps) => {
  const rectified = rho
    .sub(4)
    .mul(rho.sub(2))
    .mul(most)
    .div(most.sub(4).mul(most.sub(2)).mul(rho))
    .sqrt()
  const adapted = rectified.mul(correction(beta2, t).sqrt()).div(v.sqrt().add(eps))
  return p.sub(m.mul(lr.div(correction(beta1, t))).mul(rho.gt(5).where(adapted, 1)))
})

const radam: Method<RAdamOptions> = {
  name: 'RAdam',
  defaults: {
    lr: 1e-3,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weightDecay: 0,
    decoupledWeightDecay: false,
    maximize: false,
  },
  remembers: ['step', 'expAvg', 'expAvgSq'],
  counts: ['step'],
  letters: { rho: '\\rho', most: '\\rho_{\\infty}' },
  complaint: ({ lr, betas, eps, weightDecay }) => negative({ lr, eps, weightDecay }) ?? unfit({ betas }),
  choices: [
    ({ weightDecay }) => weightDecay === 0,
    ({ decoupledWeightDecay }) => decoupledWeightDecay,
    ({ maximize }) => maximize,
  ],
  update(p, g, state, { lr, betas: [beta1, beta2], eps, weightDecay }, [undecayed, decoupled, maximize]) {
    const way = direction(p, g, undecayed || decoupled ? null : weightDecay, maximize)
    const from = undecayed || !decoupled ? p : shrunk(p, lr, weightDecay)
    const t = next(state.step ?? counter(p))
    const expAvg = first(state.expAvg ?? 0, way, beta1)
    const expAvgSq = second(state.expAvgSq ?? 0, way, beta2)
    // apart from the step, in double precision: differences of large numbers
    const most = limit(beta2)
    const rho = length(most, beta2, t)
    return {
      p: step(from, expAvg, expAvgSq, rho, most, lr, beta1, beta2, t, eps),
      state: { step: t, expAvg, expAvgSq },
      through: { most, rho },
    }
  },
}

/**
 * RAdam over parameters of any shape (or values): plain momentum in the first steps, then Adam, its steps rectified by
 * the variance that the second moment still has. `lr` 1e-3, `betas` [0.9, 0.999], `eps` 1e-8, `weightDecay` 0 (as L2, in
 * the gradient, unless `decoupledWeightDecay`). Throws as every `Optimizer`.
 *
 * L. Liu et al., "On the variance of the adaptive learning rate and beyond", 2020.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.RAdam([x], { lr: 0.125 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.25, 3]
 */
export class RAdam extends Optimizer<RAdamOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<RAdamOptions>>, options: Partial<RAdamOptions> = {}) {
    super(radam, params, options)
  }
}
