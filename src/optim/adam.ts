// Adam and AdamW: running means of the gradient and of its square; they differ in where the weights decay.
import type { Num } from '../engine/num.ts'
import { correction, first, next, second } from './moment.ts'
import { counter, direction, type Method, negative, Optimizer, type ParamGroup, unfit } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface AdamOptions {
  /** The learning rate, >= 0. */
  lr: number
  /** How much of the running means of the gradient and of its square stays, each in [0, 1). */
  betas: readonly [number, number]
  /** Keeps the denominator from 0; outside the root. */
  eps: number
  /** Adam: adds weightDecay * p to the gradient. AdamW: shrinks p by lr * weightDecay. */
  weightDecay: number
  /** Divides by the largest second moment so far. */
  amsgrad: boolean
  /** Climbs instead of descending. */
  maximize: boolean
}

const largest = rule((u, v) => u.maximum(v))
/** p - γ/c₁ m / (√v/√c₂ + ε), where c = 1 - β^t */
const moved = <N extends Num>(p: N, m: N, v: N, lr: N, beta1: N, beta2: N, t: N, eps: N): N =>
  p.sub(m.mul(lr.div(correction(beta1, t))).div(v.sqrt().mul(correction(beta2, t).rsqrt()).add(eps)))
const step = rule(moved)
/** The same after p shrank by γλ. */
const shrunk = rule((p, m, v, lr, beta1, beta2, t, eps, decay) =>
  moved(p.sub(p.mul(lr.mul(decay))), m, v, lr, beta1, beta2, t, eps),
)

const adam = (name: string, decoupled: boolean): Method<AdamOptions> => ({
  name,
  defaults: {
    lr: 1e-3,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weightDecay: decoupled ? 1e-2 : 0,
    amsgrad: false,
    maximize: false,
  },
  remembers: ['step', 'expAvg', 'expAvgSq', 'maxExpAvgSq'],
  counts: ['step'],
  letters: { maxExpAvgSq: 'v^{\\max}' },
  complaint: ({ lr, betas, eps, weightDecay }) => negative({ lr, eps, weightDecay }) ?? unfit({ betas }),
  choices: [({ weightDecay }) => weightDecay === 0, ({ amsgrad }) => amsgrad, ({ maximize }) => maximize],
  update(p, g, state, { lr, betas: [beta1, beta2], eps, weightDecay }, [undecayed, amsgrad, maximize]) {
    const way = direction(p, g, decoupled || undecayed ? null : weightDecay, maximize)
    const t = next(state.step ?? counter(p))
    const expAvg = first(state.expAvg ?? 0, way, beta1)
    const expAvgSq = second(state.expAvgSq ?? 0, way, beta2)
    const maxExpAvgSq = amsgrad ? largest(state.maxExpAvgSq ?? 0, expAvgSq) : null
    const v = maxExpAvgSq ?? expAvgSq
    return {
      p:
        decoupled && !undecayed
          ? shrunk(p, expAvg, v, lr, beta1, beta2, t, eps, weightDecay)
          : step(p, expAvg, v, lr, beta1, beta2, t, eps),
      state: { step: t, expAvg, expAvgSq, ...(maxExpAvgSq !== null && { maxExpAvgSq }) },
    }
  },
})
const [coupled, decoupled] = [adam('Adam', false), adam('AdamW', true)]

/**
 * Adam over parameters of any shape (or values): steps of about `lr`, whatever the gradient's scale. `lr` 1e-3,
 * `betas` [0.9, 0.999], `eps` 1e-8, `weightDecay` 0 (as L2, in the gradient). Throws as every `Optimizer`.
 *
 * D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015; amsgrad: S. J. Reddi et al., 2018.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.Adam([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.9000000953674316, 3.9000000953674316]
 */
export class Adam extends Optimizer<AdamOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<AdamOptions>>, options: Partial<AdamOptions> = {}) {
    super(coupled, params, options)
  }
}

/**
 * Adam with decoupled weight decay over parameters of any shape (or values): the weights shrink by
 * `lr * weightDecay` (1e-2) a step, apart from the gradient. Otherwise as `Adam`. Throws as every `Optimizer`.
 *
 * I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", 2019.
 *
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * const optimizer = new optim.AdamW([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.8970000743865967, 3.8959999084472656]
 */
export class AdamW extends Optimizer<AdamOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<AdamOptions>>, options: Partial<AdamOptions> = {}) {
    super(decoupled, params, options)
  }
}
