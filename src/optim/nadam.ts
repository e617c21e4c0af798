// NAdam: Adam that looks ahead as Nesterov's momentum does, with a momentum that rises.
import { correction, first, next, second, shrunk } from './moment.ts'
import { counter, direction, type Method, negative, Optimizer, type ParamGroup, unfit } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface NAdamOptions {
  /** The learning rate, >= 0. */
  lr: number
  /** How much of the running means of the gradient and of its square stays, each in [0, 1). */
  betas: readonly [number, number]
  /** Keeps the denominator from 0; outside the root. */
  eps: number
  /** Adds weightDecay * p to the gradient; decoupled, shrinks p by lr * weightDecay. */
  weightDecay: number
  /** How fast the momentum comes near betas[0], >= 0. */
  momentumDecay: number
  /** Weight decay apart from the gradient, as AdamW. */
  decoupledWeightDecay: boolean
  /** Climbs instead of descending. */
  maximize: boolean
}

const BASE = 0.96
/** μ = β₁(1 - 0.96^(tψ) / 2) */
const momentum = rule((beta, t, decay, base) => base.pow(t.mul(decay)).div(2).neg().add(1).mul(beta))
const times = rule((x, y) => x.mul(y))
/** p - γ (μ' m/(1 - Πμμ') + (1-μ) d/(1 - Πμ)) / (√(v/(1 - β₂^t)) + ε), where μ' is the next step's μ */
const step = rule((p, way, m, v, pi, mu, ahead, lr, beta, t, eps) => {
  const byMean = m.mul(ahead.div(pi.mul(ahead).neg().add(1)))
  const byGradient = way.mul(mu.neg().add(1).div(pi.neg().add(1)))
  return p.sub(
    byMean
      .add(byGradient)
      .mul(lr)
      .div(v.div(correction(beta, t)).sqrt().add(eps)),
  )
})

const nadam: Method<NAdamOptions> = {
  name: 'NAdam',
  defaults: {
    lr: 2e-3,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weightDecay: 0,
    momentumDecay: 4e-3,
    decoupledWeightDecay: false,
    maximize: false,
  },
  remembers: ['step', 'muProduct', 'expAvg', 'expAvgSq'],
  counts: ['step', 'muProduct'],
  letters: { mu: '\\mu', ahead: '\\mu_{t+1}', muProduct: '\\Pi', momentumDecay: '\\psi' },
  complaint: ({ lr, betas, eps, weightDecay, momentumDecay }) =>
    negative({ lr, eps, weightDecay, momentumDecay }) ?? unfit({ betas }),
  choices: [
    ({ weightDecay }) => weightDecay === 0,
    ({ decoupledWeightDecay }) => decoupledWeightDecay,
    ({ maximize }) => maximize,
  ],
  update(
    p,
    g,
    state,
    { lr, betas: [beta1, beta2], eps, weightDecay, momentumDecay },
    [undecayed, decoupled, maximize],
  ) {
    const way = direction(p, g, undecayed || decoupled ? null : weightDecay, maximize)
    const from = undecayed || !decoupled ? p : shrunk(p, lr, weightDecay)
    const t = next(state.step ?? counter(p))
    const mu = momentum(beta1, t, momentumDecay, BASE)
    const ahead = momentum(beta1, next(t), momentumDecay, BASE)
    const muProduct = times(state.muProduct ?? counter(p, 1), mu)
    const expAvg = first(state.expAvg ?? 0, way, beta1)
    const expAvgSq = second(state.expAvgSq ?? 0, way, beta2)
    return {
      p: step(from, way, expAvg, expAvgSq, muProduct, mu, ahead, lr, beta2, t, eps),
      state: { step: t, muProduct, expAvg, expAvgSq },
      through: { mu, ahead },
    }
  },
}

/**
 * NAdam over parameters of any shape (or values). `lr` 2e-3, `betas` [0.9, 0.999], `eps` 1e-8, `momentumDecay` 4e-3,
 * `weightDecay` 0 (as L2, in the gradient, unless `decoupledWeightDecay`). Throws as every `Optimizer`.
 *
 * T. Dozat, "Incorporating Nesterov momentum into Adam", 2016.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.NAdam([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.8944, 3.8944]
 */
export class NAdam extends Optimizer<NAdamOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<NAdamOptions>>, options: Partial<NAdamOptions> = {}) {
    super(nadam, params, options)
  }
}
