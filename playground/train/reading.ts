// What a frame says of weights: the number at a place, and how wide a line is drawn for it.
import { extent } from './image.ts'
import type { Frame, Place } from './message.ts'

/** The number that a place has in a frame: its weight or bias, or the gradient of it. */
export function numberAt({ layers }: Frame, { layer, unit, input }: Place, gradients: boolean): number | undefined {
  const view = layers[layer]
  if (!view) return undefined
  if (input === 'bias') return (gradients ? view.biasGrad : view.bias)[unit]
  return (gradients ? view.weightGrad : view.weight)[unit * view.inputs + input]
}

/** Gradients below are as good as none. */
export const least = 1e-12
/** Weights of five and more are drawn alike; gradients are as wide as they are large beside the largest. */
export const widest = 5
export function scaleOf({ layers }: Frame, gradients: boolean): number {
  if (!gradients) return widest
  return Math.max(
    least,
    ...layers.map(({ weightGrad, biasGrad }) =>
      Math.max(extent(weightGrad, 0, weightGrad.length), extent(biasGrad, 0, biasGrad.length)),
    ),
  )
}
