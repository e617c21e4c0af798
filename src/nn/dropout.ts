// Dropout as a module.
import { options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Generator } from '../engine/random.ts'
import type { Tensor } from '../engine/tensor.ts'
import { dropout } from './functional.ts'
import { Module } from './module.ts'

/**
 * [...] -> [...]: in training each element becomes 0 with probability p, and the others are divided by 1 - p; after
 * `eval()` nothing happens. Draws from `generator`, the default one if none is given.
 *
 * Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", 2012.
 *
 * @throws ArgumentError when p is not in [0, 1], or for another option
 * @example
 * new nn.Dropout(0.5).eval().forward(tensor([1, 2])) // [1, 2]
 */
export class Dropout extends Module {
  readonly p: number
  readonly generator: Generator | undefined

  constructor(p = 0.5, given: { generator?: Generator } = {}) {
    super()
    const { generator } = options('Dropout', given, ['generator'])
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`Dropout: a probability lies in [0, 1], not ${p}`)
    this.p = p
    this.generator = generator
  }

  forward(x: Tensor): Tensor {
    return dropout(x, { p: this.p, training: this.training, generator: this.generator })
  }
}
