// RMSprop: each gradient divided by the running root mean square of its like, with momentum if wanted.
import { first, second } from './moment.ts'
import { direction, type Method, negative, Optimizer, type ParamGroup } from './optimizer.ts'
import type { Param } from './param.ts'
import { type Quantity, rule } from './rule.ts'

export interface RMSpropOptions {
  /** The learning rate, >= 0. */
  lr: number
  /** How much of the running mean of squares stays, >= 0. */
  alpha: number
  /** Keeps the denominator from 0; outside the root. */
  eps: number
  /** L2: adds weightDecay * p to the gradient. */
  weightDecay: number
  /** How much of the last velocity stays, >= 0. */
  momentum: number
  /** Divides by the standard deviation: the mean square less the square of the mean. */
  centered: boolean
  /** Climbs instead of descending. */
  maximize: boolean
}

/** d / (√v + ε), or centered d / (√(v - a²) + ε) */
const normed = rule((way, v, eps) => way.div(v.sqrt().add(eps)))
const deviating = rule((way, v, a, eps) => way.div(v.sub(a.square()).sqrt().add(eps)))
/** μb + n */
const velocity = rule((b, n, momentum) => b.mul(momentum).add(n))
/** p - γn */
const step = rule((p, n, lr) => p.sub(n.mul(lr)))

const rmsprop: Method<RMSpropOptions> = {
  name: 'RMSprop',
  defaults: { lr: 1e-2, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false, maximize: false },
  remembers: ['squareAvg', 'gradAvg', 'momentumBuffer'],
  counts: [],
  letters: { gradAvg: 'a', alpha: '\\alpha' },
  complaint: ({ lr, alpha, eps, weightDecay, momentum }) => negative({ lr, alpha, eps, weightDecay, momentum }),
  choices: [
    ({ weightDecay }) => weightDecay === 0,
    ({ momentum }) => momentum === 0,
    ({ centered }) => centered,
    ({ maximize }) => maximize,
  ],
  update(p, g, state, { lr, alpha, eps, weightDecay, momentum }, [undecayed, still, centered, maximize]) {
    const way = direction(p, g, undecayed ? null : weightDecay, maximize)
    const squareAvg = second(state.squareAvg ?? 0, way, alpha)
    const kept: Record<string, Quantity> = { squareAvg }
    if (centered) kept.gradAvg = first(state.gradAvg ?? 0, way, alpha)
    const n = centered ? deviating(way, squareAvg, kept.gradAvg, eps) : normed(way, squareAvg, eps)
    if (!still) kept.momentumBuffer = velocity(state.momentumBuffer ?? 0, n, momentum)
    return { p: step(p, still ? n : kept.momentumBuffer, lr), state: kept }
  },
}

/**
 * RMSprop over parameters of any shape (or values): the gradient over the root of the running mean of its square. `lr`
 * 1e-2, `alpha` 0.99, `eps` 1e-8, `momentum` 0, `weightDecay` 0. Throws as every `Optimizer`.
 *
 * T. Tieleman and G. Hinton, "Lecture 6.5: RMSProp", 2012; centered: A. Graves, "Generating sequences with recurrent
 * neural networks", 2013.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.RMSprop([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.0000, 3.0000]
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<RMSpropOptions>>, options: Partial<RMSpropOptions> = {}) {
    super(rmsprop, params, options)
  }
}
