// What a loss reaches, and what a model knows: where the two differ, something does not learn.
import { described, operand, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { postorder } from '../engine/graph.ts'
import type { Tensor } from '../engine/tensor.ts'
import { Module } from './module.ts'

/** The leaves that a tensor was computed from and that collect gradients. */
function reached(op: string, loss: Tensor): Set<Tensor> {
  const { node } = operand(op, loss)
  if (!node) throw new ArgumentError(`${op}: the loss has no graph: it depends on nothing that requires a gradient`)
  const found = new Set<Tensor>()
  for (const at of postorder(node)) if (at.inputs.length === 0 && at.owner) found.add(at.owner)
  return found
}

function checked(op: string, model: Module): Module {
  if (model instanceof Module) return model
  throw new ArgumentError(`${op}: needs a module, then its loss, not ${described(model)}`)
}

export interface UnregisteredOptions {
  /** Tensors that are meant to collect gradients and to be no parameters: an input, for example. */
  readonly inputs?: readonly Tensor[]
}
/**
 * Tensors that require gradients, that the loss depends on, and that are no parameters of the model: made as
 * parameters, but kept where no module looks, in a `#private` field, a variable or an object of another class. An
 * optimizer over `model.parameters()` does not train them, and no state saves them. Also after the backward.
 *
 * @throws ArgumentError when the loss has no graph, the model is none, or for another option
 * @example
 * class Scaled extends nn.Module {
 *   layer = new nn.Linear(2, 1)
 *   #scale = nn.parameter(ones([1]))
 *   forward(x: Tensor): Tensor {
 *     return this.layer.forward(x).mul(this.#scale)
 *   }
 * }
 * const model = new Scaled()
 * nn.unregistered(model, model.forward(ones([4, 2])).sum()).map(x => x.shape) // [[1]]
 */
export function unregistered(model: Module, loss: Tensor, given: UnregisteredOptions = {}): Tensor[] {
  const { inputs = [] } = options('unregistered', given, ['inputs'])
  const known = new Set([...checked('unregistered', model).parameters(), ...inputs])
  return [...reached('unregistered', loss)].filter(x => !known.has(x))
}

/**
 * Names of parameters that require gradients and that the loss does not depend on: layers that forward leaves out, or
 * that a `detach` or `item` cuts off. Also after the backward. A parameter with several names has its first.
 *
 * @throws ArgumentError when the loss has no graph, or the model is none
 * @example
 * const model = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1))
 * const hidden = model[0].forward(ones([4, 2])).detach()
 * nn.unreached(model, model[1].forward(hidden).sum()) // ['0.weight', '0.bias']
 */
export function unreached(model: Module, loss: Tensor): string[] {
  checked('unreached', model)
  const found = reached('unreached', loss)
  return model.namedParameters().flatMap(([name, x]) => (x.requiresGrad && !found.has(x) ? [name] : []))
}
