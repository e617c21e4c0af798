// Adagrad: the longer a parameter has moved, the smaller its steps.
import { next } from './moment.ts'
import { counter, direction, filled, type Method, negative, Optimizer, type ParamGroup } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface AdagradOptions {
  /** The learning rate, >= 0. */
  lr: number
  /** How fast the learning rate falls: in step t it is lr / (1 + (t - 1) * lrDecay). */
  lrDecay: number
  /** L2: adds weightDecay * p to the gradient. */
  weightDecay: number
  /** What the sums of squares begin with, >= 0. */
  initialAccumulatorValue: number
  /** Keeps the denominator from 0; outside the root. */
  eps: number
  /** Climbs instead of descending. */
  maximize: boolean
}

/** s + d² */
const total = rule((s, way) => s.add(way.square()))
/** p - γ/(1 + (t-1)η) d / (√s + ε) */
const step = rule((p, way, s, lr, decay, t, eps) =>
  p.sub(way.mul(lr.div(t.sub(1).mul(decay).add(1))).div(s.sqrt().add(eps))),
)

const adagrad: Method<AdagradOptions> = {
  name: 'Adagrad',
  defaults: { lr: 1e-2, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10, maximize: false },
  remembers: ['step', 'sum'],
  counts: ['step'],
  letters: { sum: 's', lrDecay: '\\eta' },
  complaint: ({ lr, lrDecay, weightDecay, initialAccumulatorValue, eps }) =>
    negative({ lr, lrDecay, weightDecay, initialAccumulatorValue, eps }),
  choices: [({ weightDecay }) => weightDecay === 0, ({ maximize }) => maximize],
  update(p, g, state, { lr, lrDecay, weightDecay, initialAccumulatorValue, eps }, [undecayed, maximize]) {
    const way = direction(p, g, undecayed ? null : weightDecay, maximize)
    const t = next(state.step ?? counter(p))
    const sum = total(state.sum ?? filled(p, initialAccumulatorValue), way)
    return { p: step(p, way, sum, lr, lrDecay, t, eps), state: { step: t, sum } }
  },
}

/**
 * Adagrad over parameters of any shape (or values): each gradient divided by the root of the sum of all its squares so
 * far. `lr` 1e-2, `lrDecay` 0, `weightDecay` 0, `eps` 1e-10. Throws as every `Optimizer`.
 *
 * J. Duchi et al., "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.Adagrad([x], { lr: 0.5 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.5, 3.5]
 */
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<AdagradOptions>>, options: Partial<AdagradOptions> = {}) {
    super(adagrad, params, options)
  }
}
