// The class of a module that only applies a function to a tensor.
import { operand } from '../engine/argument.ts'
import type { Tensor } from '../engine/tensor.ts'
import { Module, type TensorModule } from './module.ts'

/**
 * The module that applies f; `settle` checks what the constructor is given, under the name of the class, and makes of it
 * what f takes beside the tensor.
 */
export const stateless = <G extends readonly unknown[], A extends readonly unknown[]>(
  f: (x: Tensor, ...args: A) => Tensor,
  settle: (op: string, ...given: G) => A,
): (new (
  ...given: G
) => TensorModule) =>
  class extends Module {
    readonly args: A
    constructor(...given: G) {
      super()
      this.args = settle(new.target.name, ...given)
    }
    forward(x: Tensor): Tensor {
      return f(operand(this.constructor.name, x), ...this.args)
    }
  }
