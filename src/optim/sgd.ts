// Stochastic gradient descent, with momentum and Nesterov's look ahead.
import { direction, type Method, negative, Optimizer, type ParamGroup, type State } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

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
const plain = rule((p, way, lr) => p.sub(way.mul(lr)))
/** μv + (1-τ)d */
const velocity = rule((v, way, momentum, dampening) => v.mul(momentum).add(way.mul(dampening.neg().add(1))))
/** p - γ(d + μv) */
const ahead = rule((p, v, way, momentum, lr) => p.sub(way.add(v.mul(momentum)).mul(lr)))

const NONE: State = {}
const sgd: Method<SGDOptions> = {
  name: 'SGD',
  defaults: { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false },
  remembers: ['momentumBuffer'],
  counts: [],
  letters: { dampening: '\\tau' },
  complaint: ({ lr, momentum, dampening, weightDecay, nesterov }) =>
    negative({ lr, momentum, weightDecay }) ??
    (nesterov && !(momentum > 0 && dampening === 0) ? 'nesterov needs a momentum > 0 and no dampening' : null),
  choices: [
    ({ momentum }) => momentum === 0,
    ({ weightDecay }) => weightDecay === 0,
    ({ nesterov }) => nesterov,
    ({ maximize }) => maximize,
  ],
  update(
    p,
    g,
    { momentumBuffer }: Partial<State>,
    { lr, momentum, dampening, weightDecay },
    [still, undecayed, nesterov, maximize],
  ) {
    const way = direction(p, g, undecayed ? null : weightDecay, maximize)
    if (still) return { p: plain(p, way, lr), state: NONE }
    // the first velocity is the whole gradient, dampening or not, as PyTorch
    const v = momentumBuffer === undefined ? way : velocity(momentumBuffer, way, momentum, dampening)
    return { p: nesterov ? ahead(p, v, way, momentum, lr) : plain(p, v, lr), state: { momentumBuffer: v } }
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
