// Lion: the sign of a momentum, so every element moves by the same length.
import { mean } from './moment.ts'
import { direction, type Method, negative, Optimizer, type ParamGroup, unfit } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface LionOptions {
  /** The learning rate, >= 0: 3 to 10 times smaller than Adam's. */
  lr: number
  /** How much of the momentum is in the step, and how much of it stays, each in [0, 1). */
  betas: readonly [number, number]
  /** Shrinks p by lr * weightDecay: 3 to 10 times larger than AdamW's. */
  weightDecay: number
  /** Climbs instead of descending. */
  maximize: boolean
}

/** p - γ(sign(β₁m + (1-β₁)d) + λp) */
const step = rule((p, m, way, lr, beta, decay) => p.sub(mean(m, way, beta).sign().add(p.mul(decay)).mul(lr)))
/** β₂m + (1-β₂)d */
const momentum = rule((m, way, beta) => mean(m, way, beta))

const lion: Method<LionOptions> = {
  name: 'Lion',
  defaults: { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false },
  remembers: ['expAvg'],
  counts: [],
  complaint: ({ lr, betas, weightDecay }) => negative({ lr, weightDecay }) ?? unfit({ betas }),
  choices: [({ maximize }) => maximize],
  update(p, g, state, { lr, betas: [beta1, beta2], weightDecay }, [maximize]) {
    const way = direction(p, g, null, maximize)
    const before = state.expAvg ?? 0
    return { p: step(p, before, way, lr, beta1, weightDecay), state: { expAvg: momentum(before, way, beta2) } }
  },
}

/**
 * Lion over parameters of any shape (or values): half the state of Adam. `lr` 1e-4, `betas` [0.9, 0.99], `weightDecay`
 * 0, apart from the gradient. Throws as every `Optimizer`.
 *
 * X. Chen et al., "Symbolic discovery of optimization algorithms", 2023.
 *
 * @example
 * const x = tensor([3, -4], { requiresGrad: true })
 * const optimizer = new optim.Lion([x], { lr: 0.5 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.5, -3.5]
 */
export class Lion extends Optimizer<LionOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<LionOptions>>, options: Partial<LionOptions> = {}) {
    super(lion, params, options)
  }
}
