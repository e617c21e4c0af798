// Stochastic gradient descent, with momentum and Nesterov's look ahead.
import { type Method, negative, Optimizer, type Param, type ParamGroup, type State } from './optimizer.ts'
import { direction, rule } from './rule.ts'

export interface SGDOptions {
  /** The learning rate, >= 0. */
  lr: number
  /** How much of the last velocity stays, >= 0. */
  momentum: number
  /** How much of the gradient does not enter the velocity. */
  dampening: number
  /** L2: adds weightDecay * p to the gradient. */
  weightDecay: number
  /** Steps from where the momentum leads. Needs momentum, and no dampening. */
  nesterov: boolean
  /** Climbs instead of descending. */
  maximize: boolean
}

/** p - γd */
const plain = rule((p, g, sign, decay, lr) => p.sub(direction(p, g, sign, decay).mul(lr)))
/** v = d */
const first = rule(direction)
/** v = μv + (1-τ)d */
const velocity = rule((v, p, g, sign, decay, momentum, dampening) =>
  v.mul(momentum).add(direction(p, g, sign, decay).mul(dampening.neg().add(1))),
)
/** p - γv */
const along = rule((p, v, lr) => p.sub(v.mul(lr)))
/** p - γ(d + μv) */
const ahead = rule((p, v, g, sign, decay, momentum, lr) =>
  p.sub(direction(p, g, sign, decay).add(v.mul(momentum)).mul(lr)),
)

const NONE: State = {}
const sgd: Method<SGDOptions> = {
  name: 'SGD',
  defaults: { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false },
  remembers: ['momentumBuffer'],
  complaint: ({ lr, momentum, dampening, weightDecay, nesterov }) =>
    negative({ lr, momentum, weightDecay }) ??
    (nesterov && !(momentum > 0 && dampening === 0) ? 'nesterov needs a momentum > 0 and no dampening' : null),
  update(p, g, { momentumBuffer }: Partial<State>, { lr, momentum, dampening, weightDecay, nesterov, maximize }) {
    const sign = maximize ? -1 : 1
    if (momentum === 0) return { p: plain(p, g, sign, weightDecay, lr), state: NONE }
    // the first velocity is the whole gradient, dampening or not, as PyTorch
    const v =
      momentumBuffer === undefined
        ? first(p, g, sign, weightDecay)
        : velocity(momentumBuffer, p, g, sign, weightDecay, momentum, dampening)
    return {
      p: nesterov ? ahead(p, v, g, sign, weightDecay, momentum, lr) : along(p, v, lr),
      state: { momentumBuffer: v },
    }
  },
}

/**
 * Stochastic gradient descent over parameters of any shape (or values): `v = momentum*v + (1 - dampening)*g`,
 * `p = p - lr*v`. Without options `lr` is 1e-3 and the rest 0 or off. Throws as every `Optimizer`.
 *
 * I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.SGD([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.4000000953674316, 3.200000047683716]
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<SGDOptions>>, options: Partial<SGDOptions> = {}) {
    super(sgd, params, options)
  }
}
