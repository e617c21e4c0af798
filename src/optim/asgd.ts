// Averaged stochastic gradient descent: the mean of the way is nearer to the goal than its end.
import { next } from './moment.ts'
import { counter, direction, type Method, negative, Optimizer, type ParamGroup } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface ASGDOptions {
  /** The learning rate of the first step, >= 0. */
  lr: number
  /** Shrinks p by lambd times the learning rate, and makes that fall. */
  lambd: number
  /** The power by which the learning rate falls. */
  alpha: number
  /** The step from which the average is one. */
  t0: number
  /** L2: adds weightDecay * p to the gradient. */
  weightDecay: number
  /** Climbs instead of descending. */
  maximize: boolean
}

const begun = rule((zero, lr) => zero.add(lr))
/** p - ληp - ηd */
const step = rule((p, way, eta, lambd) => p.mul(lambd.mul(eta).neg().add(1)).sub(way.mul(eta)))
/** a + ν(p - a); with ν = 1 p itself */
const average = rule((a, p, nu) => nu.eq(1).where(p, a.add(p.sub(a).mul(nu))))
/** γ / (1 + λγt)^α */
const rate = rule((lr, lambd, alpha, t) => lr.div(lambd.mul(lr).mul(t).add(1).pow(alpha)))
/** 1 / max(1, t - t₀) */
const weight = rule((t, t0) => t.sub(t0).maximum(1).reciprocal())

const asgd: Method<ASGDOptions> = {
  name: 'ASGD',
  defaults: { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false },
  remembers: ['step', 'eta', 'mu', 'ax'],
  counts: ['step', 'eta', 'mu'],
  letters: { eta: '\\eta', mu: '\\nu', ax: 'a', lambd: '\\Lambda', alpha: '\\alpha', t0: 't_0' },
  complaint: ({ lr, weightDecay }) => negative({ lr, weightDecay }),
  choices: [({ weightDecay }) => weightDecay === 0, ({ maximize }) => maximize],
  update(p, g, state, { lr, lambd, alpha, t0, weightDecay }, [undecayed, maximize]) {
    const way = direction(p, g, undecayed ? null : weightDecay, maximize)
    const t = next(state.step ?? counter(p))
    // what this step goes by was decided by the last one, as PyTorch: a rate that changes counts from the next step on
    const moved = step(p, way, state.eta ?? begun(counter(p), lr), lambd)
    return {
      p: moved,
      state: {
        step: t,
        ax: average(state.ax ?? moved, moved, state.mu ?? counter(p, 1)),
        eta: rate(lr, lambd, alpha, t),
        mu: weight(t, t0),
      },
    }
  },
}

/**
 * Averaged SGD over parameters of any shape (or values). The average is in the state, as `ax`: from step `t0` on it is
 * the mean of the parameters, before the parameters themselves. `lr` 1e-2, `lambd` 1e-4, `alpha` 0.75, `t0` 1e6,
 * `weightDecay` 0. Throws as every `Optimizer`.
 *
 * B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.ASGD([x], { lr: 0.25, lambd: 0 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [1.5, 2]
 */
export class ASGD extends Optimizer<ASGDOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<ASGDOptions>>, options: Partial<ASGDOptions> = {}) {
    super(asgd, params, options)
  }
}
