// js-pytorch keeps its numbers in nested arrays.
import type { torch } from 'js-pytorch'
import type { Fields } from '../fields.ts'

type Nested = number | Nested[]
export type JsTensor = ReturnType<typeof torch.tensor>

const nest = (data: readonly number[], shape: readonly number[]): Nested[] =>
  shape.length < 2
    ? [...data]
    : Array.from({ length: shape[0] }, (_, i) => {
        const size = data.length / shape[0]
        return nest(data.slice(i * size, (i + 1) * size), shape.slice(1))
      })

export const tensors = (library: typeof torch, fields: Fields, trained: boolean): Record<string, JsTensor> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, { data, shape }]) => [
      name,
      library.tensor(nest(Array.from(data), shape), trained),
    ]),
  )

export interface AdamOptions {
  readonly lr: number
  readonly weightDecay?: number
}
/** Its Adam, made everybody's: it has no bias correction, which a rate and an epsilon of each step make up for. */
export function adam(library: typeof torch, weights: JsTensor[], { lr, weightDecay = 0 }: AdamOptions): () => void {
  const [beta1, beta2, eps] = [0.9, 0.999, 1e-8]
  const optimizer = new library.optim.Adam(weights, lr, 0, [beta1, beta2], eps)
  let t = 0
  return () => {
    t++
    const root = Math.sqrt(1 - beta2 ** t)
    optimizer.lr = (lr * root) / (1 - beta1 ** t)
    optimizer.eps = eps * root
    optimizer.reg = (weightDecay * lr) / optimizer.lr
    optimizer.step()
    optimizer.zero_grad()
  }
}
