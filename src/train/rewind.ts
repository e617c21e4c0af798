// What a look ahead may change, noted so that it can be put back: values, gradients, buffers, modes, the optimizer's state.
import { Tensor } from '../engine/tensor.ts'
import type { Module } from '../nn/module.ts'
import type { Param } from '../optim/param.ts'
import type { Stateful } from './snapshot.ts'

/** An optimizer, as far as it has to be put back. */
interface Optimizer extends Stateful {
  readonly paramGroups: readonly { readonly params: readonly Param[] }[]
}

/** Notes a model and its optimizer; the function puts both back as they are now. */
export function rewind(model: Module, optimizer: Optimizer): () => void {
  const leaves = new Set<Tensor>([
    ...model.parameters(),
    ...model.buffers(),
    ...optimizer.paramGroups.flatMap(({ params }) => params.filter(p => p instanceof Tensor)),
  ])
  const before = [...leaves].map(x => ({ x, data: x.data, grad: x.grad }))
  const back = modes(model)
  const state = optimizer.stateDict()
  return () => {
    for (const { x, data, grad } of before) {
      x.assign(data)
      x.grad = grad
    }
    back()
    optimizer.loadStateDict(state as never)
  }
}

/** Notes which modules of a model train; the function puts that back. */
export function modes(model: Module): () => void {
  const before = model.namedModules().map(([, module]) => ({ module, training: module.training }))
  return () => {
    for (const { module, training } of before) module.training = training
  }
}
