// Gradients kept in bounds, between backward and step.
import { mode, noGrad } from '../engine/apply.ts'
import { options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { stack } from '../engine/ops/arrange.ts'
import { zeros } from '../engine/ops/create.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { negative } from './optimizer.ts'
import { gradient, listed, type Param } from './param.ts'
import { type Quantity, rule } from './rule.ts'

/** min(1, max/(norm + 1e-6)), PyTorch's */
const scale = rule((norm, max) => max.div(norm.add(1e-6)).minimum(1))
const scaled = rule((g, by) => g.mul(by))
const clamped = rule((g, bound) => g.clamp(bound.neg(), bound))

export interface ClipOptions {
  /** The order of the norm, > 0; Infinity takes the largest element. */
  readonly normType?: number
}

/**
 * Scales all gradients by one factor so that their norm, taken over all of them as one vector, is at most `maxNorm`.
 * Returns the norm from before: a tensor of shape [], for values a number. Parameters without a gradient do not count.
 *
 * R. Pascanu et al., "On the difficulty of training recurrent neural networks", 2013.
 *
 * @throws ArgumentError when maxNorm is below 0 or normType not above it, or for another option
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * x.square().sum().backward()
 * optim.clipGradNorm([x], 1).item() // 10
 * x.grad // [0.6, 0.8]
 */
export function clipGradNorm(params: Iterable<Tensor>, maxNorm: number, options?: ClipOptions): Tensor
export function clipGradNorm(params: Iterable<Value>, maxNorm: number, options?: ClipOptions): number
export function clipGradNorm(params: Iterable<Param>, maxNorm: number, given: ClipOptions = {}): Quantity {
  const { normType = 2 } = options('clipGradNorm', given, ['normType'])
  check('clipGradNorm', { maxNorm })
  if (!(normType > 0)) throw new ArgumentError(`clipGradNorm: normType must be a number > 0, not ${normType}`)
  const all = listed('clipGradNorm', params)
  return noGrad(() => {
    const total = norm(all, normType)
    const by = scale(total, maxNorm)
    change(all, g => scaled(g, by instanceof Tensor ? by.to((g as Tensor).dtype) : by))
    return total instanceof Value ? total.data : total
  })
}

/**
 * Clamps every element of every gradient to [-bound, bound]. Parameters without a gradient are left alone.
 *
 * @throws ArgumentError when bound is below 0
 * @example
 * const x = tensor([3, 4], { requiresGrad: true })
 * x.square().sum().backward()
 * optim.clipGradValue([x], 7)
 * x.grad // [6, 7]
 */
export function clipGradValue(params: Iterable<Param>, bound: number): void {
  check('clipGradValue', { bound })
  const all = listed('clipGradValue', params)
  noGrad(() => change(all, g => clamped(g, bound)))
}

function check(op: string, numbers: Readonly<Record<string, number>>): void {
  const wrong = negative(numbers)
  if (wrong) throw new ArgumentError(`${op}: ${wrong}`)
}

const largest = rule((norm, g) => norm.maximum(g.abs()))
const square = rule((sum, g) => sum.add(g.square()))
const power = rule((sum, g, order) => sum.add(g.abs().pow(order)))
const root = rule(sum => sum.sqrt())
const back = rule((sum, order) => sum.pow(order.reciprocal()))

function norm(params: readonly Param[], order: number): Quantity {
  if (params[0] instanceof Value) {
    const sum = (params as readonly Value[])
      .map(gradient)
      .reduce<Quantity>(
        (sum, g) => (order === Infinity ? largest(sum, g) : order === 2 ? square(sum, g) : power(sum, g, order)),
        0,
      )
    return order === Infinity ? sum : order === 2 ? root(sum) : back(sum, order)
  }
  const norms = (params as readonly Tensor[]).flatMap(({ grad }) => (grad ? [grad.norm(order)] : []))
  if (norms.length === 0) return zeros([])
  return stack(norms.map(x => x.to(norms[0].dtype))).norm(order)
}

function change(params: readonly Param[], f: (g: Quantity) => Quantity): void {
  for (const p of params) {
    if (p instanceof Value) {
      const g = f(gradient(p))
      if (g instanceof Value) {
        p.grad = g.data
        mode.recorder?.graded(p, g)
      } else p.grad = g as number
    } else {
      const { grad } = p
      if (grad) p.grad = f(grad) as Tensor
    }
  }
}
