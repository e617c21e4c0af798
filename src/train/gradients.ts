// Gradients as they come: their norms, parameter by parameter, for those who look for layers that get none.
import { integer, options } from '../engine/argument.ts'
import type { Callback } from './callback.ts'

/** The norm of each parameter's gradient in a step; null where there was none. */
export interface Norms {
  readonly step: number
  readonly norms: Readonly<Record<string, number | null>>
}

/**
 * Notes the norms of all gradients, as clipping has left them, after each `every`-th step (1).
 *
 * @throws ArgumentError when every is no whole number above 0
 * @example
 * const model = new nn.Linear(1, 1)
 * const gradients = gradientNorms()
 * await fit(model, {
 *   train: [[ones([1, 1]), zeros([1, 1])]],
 *   loss: output => output.sum(),
 *   optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
 *   epochs: 1,
 *   callbacks: [gradients],
 * })
 * gradients.record[0].norms // [1, 1]
 */
export function gradientNorms(
  given: { readonly every?: number } = {},
): Callback & { readonly record: readonly Norms[] } {
  const { every = 1 } = options('gradientNorms', given, ['every'])
  integer('gradientNorms', 'every', every, 1)
  const record: Norms[] = []
  return {
    record,
    step({ step, model }) {
      if (step % every !== 0) return
      const norms = model.namedParameters().map(([name, { grad }]) => [name, grad && norm(grad.data)])
      record.push({ step, norms: Object.fromEntries(norms) })
    },
  }
}

/** Scaled, so that no square overflows or vanishes. */
function norm(xs: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < xs.length; i++) most = Math.max(most, Math.abs(xs[i]))
  if (most === 0 || !Number.isFinite(most)) return most
  let sum = 0
  for (let i = 0; i < xs.length; i++) sum += (xs[i] / most) ** 2
  return most * Math.sqrt(sum)
}
