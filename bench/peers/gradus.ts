// Fields as tensors of Gradus, and a step as its users write it.
import type { optim, Tensor } from '../../src/index.ts'
import type { Libraries } from '../contestant.ts'
import { convert, type Field, type Fields } from '../fields.ts'
import type { Step } from '../workload.ts'

type Library = Libraries['gradus']

const make = ({ tensor }: Library, { data, shape }: Field): Tensor => tensor(data).reshape(shape)
export const constants = (library: Library, fields: Fields): Record<string, Tensor> =>
  convert(fields, field => make(library, field))
export const trained = (library: Library, fields: Fields): Record<string, Tensor> =>
  convert(fields, field => make(library, field).requiresGrad_())

interface Optimizer {
  zeroGrad: optim.SGD['zeroGrad']
  step: optim.SGD['step']
}
export function descend({ prepare }: Library, optimizer: Optimizer, lossOf: () => Tensor): Step {
  const step = prepare(() => {
    const loss = lossOf()
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    return loss
  })
  return () => {
    const loss: Tensor | Promise<Tensor> = step()
    return loss instanceof Promise ? loss.then(x => x.item()) : loss.item()
  }
}
