// Adadelta: steps in the parameter's own units, as long as the last ones were.
import { second } from './moment.ts'
import { direction, type Method, negative, Optimizer, type ParamGroup } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface AdadeltaOptions {
  /** Scales each step, >= 0. */
  lr: number
  /** How much of the running means of the squares stays, in [0, 1]. */
  rho: number
  /** Under both roots: keeps the denominator from 0 and lets the first steps begin. */
  eps: number
  /** L2: adds weightDecay * p to the gradient. */
  weightDecay: number
  /** Climbs instead of descending. */
  maximize: boolean
}

/** √(u + ε) / √(v + ε) d */
const delta = rule((u, v, way, eps) => u.add(eps).sqrt().div(v.add(eps).sqrt()).mul(way))
/** p - γδ */
const step = rule((p, by, lr) => p.sub(by.mul(lr)))

const adadelta: Method<AdadeltaOptions> = {
  name: 'Adadelta',
  defaults: { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false },
  remembers: ['squareAvg', 'accDelta'],
  counts: [],
  letters: { accDelta: 'u', delta: '\\delta', rho: '\\rho' },
  complaint: ({ lr, rho, eps, weightDecay }) =>
    negative({ lr, rho, eps, weightDecay }) ?? (rho <= 1 ? null : `rho is a number in [0, 1], not ${rho}`),
  choices: [({ weightDecay }) => weightDecay === 0, ({ maximize }) => maximize],
  update(p, g, state, { lr, rho, eps, weightDecay }, [undecayed, maximize]) {
    const way = direction(p, g, undecayed ? null : weightDecay, maximize)
    const squareAvg = second(state.squareAvg ?? 0, way, rho)
    const before = state.accDelta ?? 0
    const by = delta(before, squareAvg, way, eps)
    return { p: step(p, by, lr), state: { squareAvg, accDelta: second(before, by, rho) }, through: { delta: by } }
  },
}

/**
 * Adadelta over parameters of any shape (or values): the gradient scaled by the root mean square of the last steps over
 * that of the last gradients. `lr` 1, `rho` 0.9, `eps` 1e-6, `weightDecay` 0. Throws as every `Optimizer`.
 *
 * M. D. Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.Adadelta([x])
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.9968, 3.9968]
 */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<AdadeltaOptions>>, options: Partial<AdadeltaOptions> = {}) {
    super(adadelta, params, options)
  }
}
