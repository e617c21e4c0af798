// Muon: momentum of matrices, made orthogonal, so that a step turns all directions by the same amount.
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { symbol } from './formula.ts'
import { mean, shrunk } from './moment.ts'
import { type Method, negative, Optimizer, type ParamGroup } from './optimizer.ts'
import { type Quantity, rule, whole } from './rule.ts'

export interface MuonOptions {
  /** The learning rate, >= 0. */
  lr: number
  /** Shrinks p by lr * weightDecay. */
  weightDecay: number
  /** How much of the running mean of the gradient stays, in [0, 1). */
  momentum: number
  /** Steps from where the momentum leads. */
  nesterov: boolean
  /** a, b and c of the quintic aX + bX³ + cX⁵ by which singular values come near 1. */
  nsCoefficients: readonly [number, number, number]
  /** The least norm that a momentum is divided by. */
  eps: number
  /** How often the quintic is applied, a whole number below 100. */
  nsSteps: number
  /** Scales the learning rate of [n, m]: by √max(1, n/m), or so that AdamW's rates fit, by 0.2 √max(n, m). */
  adjustLrFn: 'original' | 'match_rms_adamw' | null
}

/** β b + (1-β) x */
const blend = rule((b, x, beta) => mean(b, x, beta))
/** p - γαO */
const step = rule((p, o, lr, ratio) => p.sub(o.mul(lr.mul(ratio))))
/** X / max(|X|, ε) */
const normed = rule((x, norm, eps) => x.div(norm.maximum(eps)))
/** bG + cG² */
const even = rule((gram, squared, b, c) => gram.mul(b).add(squared.mul(c)))
/** aX + EX */
const odd = rule((x, ex, a) => x.mul(a).add(ex))

/**
 * [n, m] -> [n, m]: UVᵀ of X = USVᵀ, nearly (singular values come between about 0.7 and 1.2), by Newton-Schulz
 * iterations X <- aX + bGX + cG²X, G = XXᵀ, from X/|X|.
 */
const orthogonal = (steps: number) =>
  whole(`\\operatorname{NewtonSchulz}_{${steps}}`, (given, a, b, c, eps) => {
    const [n, m] = given.shape as [number, number]
    // the Gram matrix of the shorter side
    let x = n > m ? given.t() : given
    x = normed(x, x.norm(), eps) as Tensor
    for (let k = 0; k < steps; k++) {
      const gram = x.matmul(x.t())
      x = odd(x, (even(gram, gram.matmul(gram), b, c) as Tensor).matmul(x), a) as Tensor
    }
    return n > m ? x.t() : x
  })

function ratio(p: Quantity, adjust: MuonOptions['adjustLrFn']): Quantity {
  if (!(p instanceof Tensor)) return symbol(() => '\\alpha')
  const [n, m] = p.shape as [number, number]
  return adjust === 'match_rms_adamw' ? 0.2 * Math.sqrt(Math.max(n, m)) : Math.sqrt(Math.max(1, n / m))
}

const muon: Method<MuonOptions, readonly [boolean, boolean, number, MuonOptions['adjustLrFn']]> = {
  name: 'Muon',
  defaults: {
    lr: 1e-3,
    weightDecay: 0.1,
    momentum: 0.95,
    nesterov: true,
    nsCoefficients: [3.4445, -4.775, 2.0315],
    eps: 1e-7,
    nsSteps: 5,
    adjustLrFn: null,
  },
  remembers: ['momentumBuffer'],
  counts: [],
  complaint: ({ lr, weightDecay, momentum, nsCoefficients, eps, nsSteps, adjustLrFn }) => {
    if (!Array.isArray(nsCoefficients) || nsCoefficients.length !== 3)
      return `nsCoefficients are three numbers, not ${nsCoefficients}`
    if (!Number.isInteger(nsSteps) || nsSteps < 0 || nsSteps >= 100)
      return `nsSteps is a whole number below 100, not ${nsSteps}`
    if (![null, 'original', 'match_rms_adamw'].includes(adjustLrFn))
      return `adjustLrFn is 'original', 'match_rms_adamw' or null, not ${adjustLrFn}`
    return negative({ lr, weightDecay, momentum, eps })
  },
  refusal: p =>
    p instanceof Tensor && p.ndim === 2
      ? null
      : `is ${p instanceof Tensor ? show(p.shape) : 'a value'}; Muon is for matrices. Give the others to AdamW`,
  choices: [
    ({ weightDecay }) => weightDecay === 0,
    ({ nesterov }) => nesterov,
    ({ nsSteps }) => nsSteps,
    ({ adjustLrFn }) => adjustLrFn,
  ],
  update(p, g, state, o, [undecayed, nesterov, steps, adjust]) {
    const { lr, weightDecay, momentum, eps } = o
    const [a, b, c] = o.nsCoefficients as readonly [Quantity, Quantity, Quantity]
    const momentumBuffer = blend(state.momentumBuffer ?? 0, g, momentum)
    const way = nesterov ? blend(momentumBuffer, g, momentum) : momentumBuffer
    const from = undecayed ? p : shrunk(p, lr, weightDecay)
    return { p: step(from, orthogonal(steps)(way, a, b, c, eps), lr, ratio(p, adjust)), state: { momentumBuffer } }
  },
}

/**
 * Muon over matrices [n, m]: the weights of hidden layers; biases, embeddings and the last layer are for AdamW. `lr`
 * 1e-3, `weightDecay` 0.1 (apart from the gradient), `momentum` 0.95, `nesterov`, 5 Newton-Schulz iterations. They run in
 * the parameter's dtype (PyTorch: bfloat16). Throws as every `Optimizer`, and ArgumentError for what is no matrix.
 *
 * K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; match_rms_adamw: J. Liu et al.,
 * "Muon is scalable for LLM training", 2025.
 *
 * @example
 * const w = tensor([[3, 0], [0, 4]], { requiresGrad: true })
 * const optimizer = new optim.Muon([w], { lr: 0.1, weightDecay: 0 })
 * w.square().sum().backward()
 * optimizer.step()
 * w.toArray() // [[2.9, 0], [0, 3.9]]
 */
export class Muon extends Optimizer<MuonOptions> {
  constructor(params: Iterable<Tensor> | Iterable<ParamGroup<MuonOptions>>, options: Partial<MuonOptions> = {}) {
    super(muon, params, options)
  }
}
