// The training step of jax-js, compiled whole: loss, gradients and update in one jit. Every array is owned: `.ref` keeps it.
import type * as Jax from '@jax-js/jax'
import type { Field } from '../fields.ts'

type Library = typeof Jax
export type Arr = Jax.Array
export type Params = Record<string, Arr>

export const array = ({ numpy: np }: Library, { data, shape }: Field): Arr =>
  np.array(data as Float32Array<ArrayBuffer>).reshape([...shape])

interface Options {
  readonly lr: number
  readonly weightDecay?: number
  loss(params: Params, x: Arr, y: Arr): Arr
}

/** Adam, or with a decay AdamW, over the parameters; the constants of both are PyTorch's. */
export function adamStep(
  { jit, valueAndGrad, numpy: np, tree }: Library,
  params: Params,
  [x, y]: [Arr, Arr],
  { lr, weightDecay = 0, loss: lossOf }: Options,
): () => number {
  const [beta1, beta2, eps] = [0.9, 0.999, 1e-8]
  const names = Object.keys(params)
  type State = { p: Params; m: Params; v: Params }
  const zeros = (): Params => Object.fromEntries(names.map(name => [name, np.zeros(params[name].shape)]))
  let state: State = { p: params, m: zeros(), v: zeros() }
  const step = jit(({ p, m, v }: State, rate: Arr, root: Arr, x: Arr, y: Arr) => {
    const [loss, g] = valueAndGrad(lossOf)(tree.ref(p), x, y) as [Arr, Params]
    const next: State = { p: {}, m: {}, v: {} }
    for (const name of names) {
      next.m[name] = m[name].mul(beta1).add(g[name].ref.mul(1 - beta1))
      next.v[name] = v[name].mul(beta2).add(np.square(g[name]).mul(1 - beta2))
      const denominator = np.sqrt(next.v[name].ref).div(root.ref).add(eps)
      next.p[name] = p[name].mul(1 - lr * weightDecay).sub(next.m[name].ref.mul(rate.ref).div(denominator))
    }
    rate.dispose()
    root.dispose()
    return [loss, next] as [Arr, State]
  })
  let t = 0
  return () => {
    t++
    const rate = np.array([lr / (1 - beta1 ** t)])
    const root = np.array([Math.sqrt(1 - beta2 ** t)])
    const [loss, next] = step(state, rate, root, x.ref, y.ref) as [Arr, State]
    state = next
    return loss.dataSync()[0]
  }
}

/** SGD; with a momentum, PyTorch's velocity `v = momentum v + g`. */
export function sgdStep(
  { jit, valueAndGrad, numpy: np, tree }: Library,
  params: Params,
  [x, y]: [Arr, Arr],
  { lr, momentum = 0, loss: lossOf }: { lr: number; momentum?: number; loss: Options['loss'] },
): () => number {
  const names = Object.keys(params)
  type State = { p: Params; v: Params }
  let state: State = {
    p: params,
    v: momentum ? Object.fromEntries(names.map(name => [name, np.zeros(params[name].shape)])) : {},
  }
  const step = jit(({ p, v }: State, x: Arr, y: Arr) => {
    const [loss, g] = valueAndGrad(lossOf)(tree.ref(p), x, y) as [Arr, Params]
    const next: State = { p: {}, v: {} }
    for (const name of names) {
      if (momentum) next.v[name] = v[name].mul(momentum).add(g[name])
      next.p[name] = p[name].sub((momentum ? next.v[name].ref : g[name]).mul(lr))
    }
    return [loss, next] as [Arr, State]
  })
  return () => {
    const [loss, next] = step(state, x.ref, y.ref) as [Arr, State]
    state = next
    return loss.dataSync()[0]
  }
}
