// What a careful programmer writes without a library: loops over arrays allocated once, every gradient by hand.
import { type Data, inputsFirst } from '../fields.ts'

export interface HandOptions {
  readonly activation: 'tanh' | 'relu'
  readonly loss: 'squares' | 'classes'
  readonly optimizer: 'sgd' | 'adam'
  readonly lr: number
}

/** c [n, m] += a [n, k] b [k, m], row by row so that the inner loop runs along memory. */
export function gemm(c: Float32Array, a: Float32Array, b: Float32Array, n: number, k: number, m: number): void {
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < k; l++) {
      const x = a[i * k + l]
      if (x === 0) continue
      for (let j = 0, at = i * m, from = l * m; j < m; j++) c[at++] += x * b[from++]
    }
  }
}

/** One step of an MLP with layers `0`, `1`, …; the inputs `x` and `y`: numbers, or classes. */
export function handMlp({ inputs, params }: Data, { activation, loss, optimizer, lr }: HandOptions): () => number {
  const x = inputs.x.data as Float32Array
  const y = inputs.y.data
  const [n] = inputs.x.shape
  const floats = (size: number): Float32Array => new Float32Array(size)
  const natural = inputsFirst(params)
  const layers = Array.from({ length: Object.keys(params).length / 2 }, (_, i) => {
    const [size, out] = natural[`${i}.weight`].shape
    const trained = [natural[`${i}.weight`], natural[`${i}.bias`]].map(({ data }) => ({
      p: Float32Array.from(data),
      g: floats(data.length),
      m: floats(data.length),
      v: floats(data.length),
    }))
    const [w, b] = trained
    return { size, out, trained, w, b, a: floats(n * out), da: floats(n * out) }
  })
  const last = layers[layers.length - 1]
  let t = 0

  return () => {
    // forward
    let h = x
    for (const layer of layers) {
      const { size, out, w, b, a } = layer
      for (let i = 0; i < n; i++) a.set(b.p, i * out)
      gemm(a, h, w.p, n, size, out)
      if (layer !== last) {
        if (activation === 'tanh') for (let i = 0; i < a.length; i++) a[i] = Math.tanh(a[i])
        else for (let i = 0; i < a.length; i++) if (a[i] < 0) a[i] = 0
      }
      h = a
    }
    // the loss and its gradient by the last layer's output
    let total = 0
    const { a: z, da: dz, out: classes } = last
    if (loss === 'squares') {
      for (let i = 0; i < z.length; i++) {
        const error = z[i] - y[i]
        total += error * error
        dz[i] = (2 * error) / z.length
      }
      total /= z.length
    } else {
      for (let i = 0; i < n; i++) {
        const row = i * classes
        let top = Number.NEGATIVE_INFINITY
        for (let j = row; j < row + classes; j++) if (z[j] > top) top = z[j]
        let sum = 0
        for (let j = row; j < row + classes; j++) sum += dz[j] = Math.exp(z[j] - top)
        for (let j = row; j < row + classes; j++) dz[j] /= sum * n
        total += (Math.log(sum) + top - z[row + y[i]]) / n
        dz[row + y[i]] -= 1 / n
      }
    }
    // backward
    for (let k = layers.length - 1; k >= 0; k--) {
      const { size, out, w, b, da } = layers[k]
      const below = k === 0 ? null : layers[k - 1]
      const input = below ? below.a : x
      w.g.fill(0)
      b.g.fill(0)
      for (let i = 0; i < n; i++) {
        const row = i * out
        for (let j = 0; j < out; j++) b.g[j] += da[row + j]
        for (let l = 0; l < size; l++) {
          const value = input[i * size + l]
          let dot = 0
          for (let j = 0, at = l * out; j < out; j++, at++) {
            const d = da[row + j]
            w.g[at] += value * d
            dot += w.p[at] * d
          }
          if (below) below.da[i * size + l] = dot * (activation === 'tanh' ? 1 - value * value : +(value > 0))
        }
      }
    }
    // update
    t++
    for (const { trained } of layers) {
      for (const { p, g, m, v } of trained) {
        if (optimizer === 'sgd') {
          for (let i = 0; i < p.length; i++) p[i] -= lr * g[i]
          continue
        }
        const rate = lr / (1 - 0.9 ** t)
        const root = Math.sqrt(1 - 0.999 ** t)
        for (let i = 0; i < p.length; i++) {
          m[i] = 0.9 * m[i] + 0.1 * g[i]
          v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i]
          p[i] -= (rate * m[i]) / (Math.sqrt(v[i]) / root + 1e-8)
        }
      }
    }
    return total
  }
}
