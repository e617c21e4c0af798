// Modules made of modules.
import { ArgumentError } from '../engine/errors.ts'
import type { Tensor } from '../engine/tensor.ts'
import { Module, type TensorModule } from './module.ts'

/**
 * Layers one after another, each a field named by its number: `model[0]`, and '0.weight' in the state dict.
 *
 * @throws ArgumentError when a layer is not a module
 * @example
 * const model = new nn.Sequential(new nn.Linear(2, 16), new nn.Tanh(), new nn.Linear(16, 1))
 * model.forward(zeros([5, 2])).shape // [5, 1]
 */
export class Sequential extends Module {
  [index: number]: TensorModule
  readonly length: number

  constructor(...layers: TensorModule[]) {
    super()
    this.length = layers.length
    layers.forEach((layer, i) => {
      if (!(layer instanceof Module)) {
        throw new ArgumentError(`Sequential: layer ${i} is not a module. Did you mean new nn.ReLU() for F.relu?`)
      }
      this[i] = layer
    })
  }

  forward(x: Tensor): Tensor {
    let out = x
    for (let i = 0; i < this.length; i++) out = (this[i] as TensorModule).forward(out)
    return out
  }
}
