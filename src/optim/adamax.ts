// Adamax: Adam by the infinity norm, a fading maximum in the place of the mean square.
import { correction, first, next } from './moment.ts'
import { counter, direction, type Method, negative, Optimizer, type ParamGroup, unfit } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface AdamaxOptions {
  /** The learning rate, >= 0. */
  lr: number
  /** How much stays of the running mean and of the maximum, each in [0, 1). */
  betas: readonly [number, number]
  /** Added to the gradient's size, keeps the denominator from 0. */
  eps: number
  /** L2: adds weightDecay * p to the gradient. */
  weightDecay: number
  /** Climbs instead of descending. */
  maximize: boolean
}

/** max(β₂u, |d| + ε) */
const largest = rule((u, way, beta, eps) => u.mul(beta).maximum(way.abs().add(eps)))
/** p - γ/(1 - β₁^t) m/u */
const step = rule((p, m, u, lr, beta, t) => p.sub(m.mul(lr.div(correction(beta, t))).div(u)))

const adamax: Method<AdamaxOptions> = {
  name: 'Adamax',
  defaults: { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false },
  remembers: ['step', 'expAvg', 'expInf'],
  counts: ['step'],
  letters: { expInf: 'u' },
  complaint: ({ lr, betas, eps, weightDecay }) => negative({ lr, eps, weightDecay }) ?? unfit({ betas }),
  choices: [({ weightDecay }) => weightDecay === 0, ({ maximize }) => maximize],
  update(p, g, state, { lr, betas: [beta1, beta2], eps, weightDecay }, [undecayed, maximize]) {
    const way = direction(p, g, undecayed ? null : weightDecay, maximize)
    const t = next(state.step ?? counter(p))
    const expAvg = first(state.expAvg ?? 0, way, beta1)
    const expInf = largest(state.expInf ?? 0, way, beta2, eps)
    return { p: step(p, expAvg, expInf, lr, beta1, t), state: { step: t, expAvg, expInf } }
  },
}

/**
 * Adamax over parameters of any shape (or values): steps of at most about `lr`. `lr` 2e-3, `betas` [0.9, 0.999], `eps`
 * 1e-8, `weightDecay` 0. Throws as every `Optimizer`.
 *
 * D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, section 7.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.Adamax([x], { lr: 0.5 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.5, 3.5]
 */
export class Adamax extends Optimizer<AdamaxOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<AdamaxOptions>>, options: Partial<AdamaxOptions> = {}) {
    super(adamax, params, options)
  }
}
