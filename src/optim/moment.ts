// Running moments of the gradient, which most methods keep, and what they share beside.
import type { Num } from '../engine/num.ts'
import { rule } from './rule.ts'

/** βm + (1-β)x */
export const mean = <N extends Num>(m: N, x: N, beta: N): N => m.mul(beta).add(x.mul(beta.neg().add(1)))
/** 1 - β^t makes up for a mean's start at 0 */
export const correction = <N extends Num>(beta: N, t: N): N => beta.pow(t).neg().add(1)

export const first = rule((m, g, beta) => mean(m, g, beta))
export const second = rule((v, g, beta) => mean(v, g.square(), beta))
/** t + 1 */
export const next = rule(t => t.add(1))
/** p - γλp: decay apart from the gradient */
export const shrunk = rule((p, lr, decay) => p.sub(p.mul(lr.mul(decay))))
