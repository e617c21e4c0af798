// The programs of scale.test.ts: each runs in a process of its own, with gc exposed, and prints what it measured.
import { checkpoint, grad, jvp, type Num, rand, randn, Tensor, tensor, Value } from '../../src/index.ts'

const pause = new Int32Array(new SharedArrayBuffer(4))
/** Bytes alive after a full collection: objects and the memory of arrays. */
function alive(): number {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    // the engine's compiler, in a thread of its own, may hold what it is looking at
    Atomics.wait(pause, 0, 0, 50)
  }
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const LONG = 1_000_000
/** sin, tanh and a product by turns, so that every kind of storing occurs; slopes stay near 1. */
function chain<N extends Num>(x: N, n: number, at: (i: number) => void = () => {}): N {
  let y = x
  for (let i = 0; i < n; i++) {
    y = i % 1000 === 0 ? y.sin() : i % 1000 === 1 ? y.tanh() : y.mul(1.000001)
    if (i % (n / 10) === 0) at(i)
  }
  return y
}
/** The derivative of `chain`, by the chain rule on numbers. */
function slope(x: number, n: number): number {
  let [y, d] = [x, 1]
  for (let i = 0; i < n; i++) {
    const k = i % 1000
    if (k === 0) [y, d] = [Math.sin(y), d * Math.cos(y)]
    else if (k === 1) [y, d] = [Math.tanh(y), d * (1 - Math.tanh(y) ** 2)]
    else [y, d] = [y * 1.000001, d * 1.000001]
  }
  return d
}

/** Builds the chain, goes backward and lets it go. */
function reverse(start: Value | Tensor): object {
  const before = alive()
  let end: Value | Tensor | null = chain<Value | Tensor>(start, LONG)
  const built = alive()
  end.backward()
  const slopeFound = typeof start.grad === 'number' ? start.grad : start.grad?.item()
  end = null
  return { slope: slopeFound, expected: slope(0.9, LONG), built: built - before, left: alive() - before }
}

/** Forward mode along the chain: the memory alive at ten places on the way. */
function forward(start: number | Tensor, tangent: number | Tensor): object {
  const samples: number[] = []
  const [, d] = jvp((x: Value) => chain(x, LONG, () => samples.push(alive())), [start], [tangent])
  return {
    slope: d instanceof Tensor ? d.item() : d,
    expected: slope(0.9, LONG),
    growth: Math.max(...samples.slice(1)) - (samples[1] as number),
  }
}

/** Ten thousand steps of training: the growth of what is alive from the second thousand on, and the losses. */
function training(step: () => number): object {
  const first = step()
  const samples: number[] = []
  let loss = first
  for (let i = 1; i <= 10_000; i++) {
    loss = step()
    if (i % 1000 === 0) samples.push(alive())
  }
  return { first, last: loss, growth: Math.max(...samples.slice(1)) - (samples[1] as number) }
}

const programs: Record<string, () => object> = {
  'reverse values': () => reverse(new Value(0.9)),
  'reverse tensors': () => reverse(tensor(0.9, { dtype: 'float64', requiresGrad: true })),
  'forward values': () => forward(0.9, 1),
  'forward tensors': () => forward(tensor(0.9, { dtype: 'float64' }), tensor(1, { dtype: 'float64' })),

  'training tensors'() {
    const x = randn([16, 3])
    const y = x.sum(1, { keepdim: true }).sin()
    const params = [randn([3, 8]), randn([8]), randn([8, 1]), randn([1])].map(p => p.mul(0.5).requiresGrad_())
    const [w1, b1, w2, b2] = params as [Tensor, Tensor, Tensor, Tensor]
    return training(() => {
      const loss = x.matmul(w1).add(b1).tanh().matmul(w2).add(b2).sub(y).square().mean()
      loss.backward()
      for (const p of params) {
        p.assign(p.detach().sub((p.grad as Tensor).mul(0.05)))
        p.grad = null
      }
      return loss.item()
    })
  },

  'training values'() {
    const params = Array.from(rand([7], { dtype: 'float64' }).data, p => new Value(p - 0.5))
    const [w1, w2, b1, b2, v1, v2, c] = params as [Value, Value, Value, Value, Value, Value, Value]
    const points = [-1, -0.3, 0.4, 1]
    return training(() => {
      const errors = points.map(x =>
        w1
          .mul(x)
          .add(b1)
          .tanh()
          .mul(v1)
          .add(w2.mul(x).add(b2).tanh().mul(v2))
          .add(c)
          .sub(Math.sin(2 * x)),
      )
      const loss = errors.map(e => e.square()).reduce((a, b) => a.add(b))
      loss.backward()
      for (const p of params) {
        p.data -= 0.02 * p.grad
        p.zeroGrad()
      }
      return loss.data
    })
  },

  'training by grad'() {
    const x = randn([16, 3])
    const y = x.sum(1).sin()
    let params = { w: randn([3]), b: randn([]) }
    const f = ({ w, b }: typeof params) => x.mv(w).add(b).tanh().sub(y).square().mean()
    return training(() => {
      const g = grad(f)(params)
      params = { w: params.w.sub(g.w.mul(0.05)), b: params.b.sub(g.b.mul(0.05)) }
      return f(params).item()
    })
  },

  // what is alive between forward and backward: 40 activations of 800 kB, or the inputs of 4 segments
  checkpoints() {
    const x = randn([100_000], { dtype: 'float64' }).requiresGrad_()
    const segment = (y: Tensor): Tensor => {
      let out = y
      for (let i = 0; i < 10; i++) out = out.mul(rand([100_000], { dtype: 'float64' })).tanh()
      return out
    }
    const thin = checkpoint(segment)
    const stored = (f: (y: Tensor) => Tensor, times = 4): number => {
      const before = alive()
      let y: Tensor = x
      for (let i = 0; i < times; i++) y = f(y)
      const out = y.sum()
      y = x
      const bytes = alive() - before
      out.backward()
      x.grad = null
      return bytes
    }
    return {
      plain: stored(segment),
      thin: stored(thin),
      nested: stored(
        checkpoint((y: Tensor) => thin(thin(y))),
        2,
      ),
    }
  },
}

const name = process.argv[2] as string
console.log(JSON.stringify((programs[name] as () => object)()))
