// Resilient backpropagation: only the gradient's sign counts, and whether it has turned.
import { direction, filled, type Method, negative, Optimizer, type ParamGroup } from './optimizer.ts'
import type { Param } from './param.ts'
import { rule } from './rule.ts'

export interface RpropOptions {
  /** The first step's size, >= 0. */
  lr: number
  /** What a step's size is multiplied with when the gradient has turned, in (0, 1), and when it has not, above 1. */
  etas: readonly [number, number]
  /** The smallest and the largest size of a step. */
  stepSizes: readonly [number, number]
  /** Climbs instead of descending. */
  maximize: boolean
}

/** 0 where d has turned, d elsewhere */
const unturned = rule((way, before) => way.mul(before).lt(0).where(0, way))
/** min(max(η s, s₋), s₊): η = η₋ where d has turned, η₊ where it has not, 1 where either is 0 */
const size = rule((s, way, before, less, more, least, most) => {
  const same = way.mul(before)
  return s
    .mul(same.gt(0).where(more, same.lt(0).where(less, 1)))
    .maximum(least)
    .minimum(most)
})
/** p - s sign d */
const step = rule((p, way, s) => p.sub(way.sign().mul(s)))

const rprop: Method<RpropOptions> = {
  name: 'Rprop',
  defaults: { lr: 1e-2, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false },
  remembers: ['prev', 'stepSize'],
  counts: [],
  letters: { prev: 'd', stepSize: 's', etas: '\\eta', stepSizes: '\\Gamma' },
  complaint: ({ lr, etas, stepSizes }) =>
    negative({ lr }) ??
    (pair(etas) && 0 < etas[0] && etas[0] < 1 && 1 < etas[1]
      ? null
      : `etas are a number in (0, 1) and one above 1, not ${etas}`) ??
    (pair(stepSizes) && stepSizes[0] <= stepSizes[1]
      ? null
      : `stepSizes are the least and the largest size, not ${stepSizes}`),
  choices: [({ maximize }) => maximize],
  update(p, g, state, { lr, etas: [less, more], stepSizes: [least, most] }, [maximize]) {
    const way = direction(p, g, null, maximize)
    const before = state.prev ?? 0
    const prev = unturned(way, before)
    const stepSize = size(state.stepSize ?? filled(p, lr), way, before, less, more, least, most)
    return { p: step(p, prev, stepSize), state: { prev, stepSize } }
  },
}
const pair = (xs: readonly number[]): boolean => Array.isArray(xs) && xs.length === 2

/**
 * Rprop over parameters of any shape (or values), for full batches: each element has a step size of its own, which grows
 * while its gradient keeps its sign, and shrinks when it turns; that step is left out. `lr` 1e-2, `etas` [0.5, 1.2],
 * `stepSizes` [1e-6, 50]. Throws as every `Optimizer`.
 *
 * M. Riedmiller and H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", 1993.
 *
 * @example
 * const x = tensor([3, -4], { requiresGrad: true })
 * const optimizer = new optim.Rprop([x], { lr: 0.5 })
 * x.square().sum().backward()
 * optimizer.step()
 * x.toArray() // [2.5, -3.5]
 */
export class Rprop extends Optimizer<RpropOptions> {
  constructor(params: Iterable<Param> | Iterable<ParamGroup<RpropOptions>>, options: Partial<RpropOptions> = {}) {
    super(rprop, params, options)
  }
}
