// W6: single operations, forward only; each call ends with its result computed, and every `inner` calls one is read.
import type * as Tf from '@tensorflow/tfjs'
import type * as Library from '../../src/index.ts'
import { convert, type Field, filled } from '../fields.ts'
import { constants, trained } from '../peers/gradus.ts'
import { gemm } from '../peers/hand.ts'
import { type Arr, array } from '../peers/jaxjs.ts'
import { type JsTensor, tensors } from '../peers/jspytorch.ts'
import { make } from '../peers/tfjs.ts'
import type { Step, Workload } from '../workload.ts'

type Op = 'matmul' | 'exp' | 'tanh' | 'add' | 'softmax' | 'small'
interface Kernel {
  readonly id: string
  readonly title: string
  readonly op: Op
  readonly shape: readonly number[]
  readonly inner: number
  readonly rate?: Workload['rate']
}

const product = (n: number, inner: number): Kernel => ({
  id: `W6.sgemm${n}`,
  title: `matrix product ${n} x ${n}, float32`,
  op: 'matmul',
  shape: [n, n],
  inner,
  rate: { amount: (2 * n ** 3) / 1e9, unit: 'GFLOP/s' },
})
const elements = { amount: 1e6 / 1e9, unit: 'Gelem/s' }
const kernels: readonly Kernel[] = [
  product(64, 50),
  product(256, 5),
  product(1024, 1),
  ...(['exp', 'tanh', 'add'] as const).map(
    (op): Kernel => ({
      id: `W6.${op}`,
      title: `${op}, 1e6 elements`,
      op,
      shape: [1_000_000],
      inner: 10,
      rate: elements,
    }),
  ),
  {
    id: 'W6.softmax',
    title: 'softmax over the rows of [128, 1000]',
    op: 'softmax',
    shape: [128, 1000],
    inner: 20,
    rate: { amount: 128_000 / 1e9, unit: 'Gelem/s' },
  },
  { id: 'W6.small', title: 'x + y of [4], forward, recorded for a gradient', op: 'small', shape: [4], inner: 1000 },
]

/** `inner` calls, the last one read; null when the library has no such op. */
function repeated<T>(
  inner: number,
  run: (() => T) | undefined,
  read: (out: T) => number,
  drop?: (out: T) => void,
): Step | null {
  if (!run) return null
  return () => {
    for (let i = 1; i < inner; i++) {
      const out = run()
      drop?.(out)
    }
    const out = run()
    const value = read(out)
    drop?.(out)
    return value
  }
}

/** A library's ops, as far as it has them. */
type Ops<T> = Partial<Record<Op, () => T>>

/** Plain loops into an array allocated once. */
function byHand(x: Float32Array, y: Float32Array, [n, size]: readonly number[]): Ops<Float32Array> {
  const out = new Float32Array(x.length)
  const loop = (f: () => void) => () => {
    f()
    return out
  }
  return {
    matmul: loop(() => gemm(out.fill(0), x, y, n, n, n)),
    exp: loop(() => {
      for (let i = 0; i < x.length; i++) out[i] = Math.exp(x[i])
    }),
    tanh: loop(() => {
      for (let i = 0; i < x.length; i++) out[i] = Math.tanh(x[i])
    }),
    add: loop(() => {
      for (let i = 0; i < x.length; i++) out[i] = x[i] + y[i]
    }),
    softmax: loop(() => {
      for (let row = 0; row < x.length; row += size) {
        let top = Number.NEGATIVE_INFINITY
        for (let i = row; i < row + size; i++) if (x[i] > top) top = x[i]
        let sum = 0
        for (let i = row; i < row + size; i++) sum += out[i] = Math.exp(x[i] - top)
        for (let i = row; i < row + size; i++) out[i] /= sum
      }
    }),
  }
}

const workload = ({ id, title, op, shape, inner, rate }: Kernel): Workload => ({
  id,
  title,
  rank: 'median',
  check: 2,
  tolerance: 1e-4,
  inner,
  ...(rate && { rate }),
  data(generator) {
    const uniform = (): Field => filled(shape, () => generator.uniform())
    const operands = { x: uniform(), y: uniform() }
    // parameters are recorded for a gradient
    return op === 'small' ? { inputs: {}, params: operands } : { inputs: operands, params: {} }
  },
  setups: {
    gradus(library, { inputs, params }) {
      const { x, y } = { ...constants(library, inputs), ...trained(library, params) }
      const ops: Ops<Library.Tensor> = {
        matmul: () => x.matmul(y),
        exp: () => x.exp(),
        tanh: () => x.tanh(),
        add: () => x.add(y),
        softmax: () => x.softmax(-1),
      }
      // a compiled op keeps no graph
      if (op === 'small')
        return library.eager
          ? repeated(
              inner,
              () => x.add(y),
              out => out.data[0],
            )
          : null
      // assigned, a compiled op's result stays where it was computed until it is read
      const held = library.zeros(shape)
      const step = library.prepare(() => {
        held.assign((ops[op] as () => Library.Tensor)())
      })
      return repeated(inner, step, () => held.data[0])
    },
    limit({ peak, fused }) {
      const flops = inner * 2 * shape[0] ** 3
      const turn = peak(4, fused, 1)
      const load = turn && peak(4, fused, Math.round(flops / turn.flops))
      if (op !== 'matmul' || !load) return null
      return () => {
        load.run()
        return 0
      }
    },
    // like jax-js, it records only within a gradient: one recorded op cannot be told apart
    tfjs(tf, { inputs, params }) {
      const { x, y } = convert({ ...inputs, ...params }, field => make(tf, field))
      const ops: Ops<Tf.Tensor> = {
        matmul: () => tf.matMul(x, y),
        exp: () => tf.exp(x),
        tanh: () => tf.tanh(x),
        add: () => tf.add(x, y),
        softmax: () => tf.softmax(x),
      }
      return repeated(
        inner,
        ops[op],
        out => out.dataSync()[0],
        out => out.dispose(),
      )
    },
    'jax-js'(jax, { inputs, params }) {
      const { numpy: np, nn, jit } = jax
      const { x, y } = convert({ ...inputs, ...params }, field => array(jax, field))
      const unary = (f: (x: Arr) => Arr): (() => Arr) => {
        const compiled = jit((x: Arr) => f(x))
        return () => compiled(x.ref) as Arr
      }
      const binary = (f: (x: Arr, y: Arr) => Arr): (() => Arr) => {
        const compiled = jit((x: Arr, y: Arr) => f(x, y))
        return () => compiled(x.ref, y.ref) as Arr
      }
      const ops: Ops<Arr> = {
        matmul: binary(np.matmul),
        exp: unary(np.exp),
        tanh: unary(np.tanh),
        add: binary(np.add),
        softmax: unary(x => nn.softmax(x)),
      }
      const run = ops[op]
      if (!run) return null
      return async () => {
        for (let i = 1; ; i++) {
          const out = run()
          if (i === inner) return out.dataSync()[0]
          // an array nobody waits for might never be computed
          await out.blockUntilReady()
          out.dispose()
        }
      }
    },
    'js-pytorch'(torch, { params }) {
      // what its nested arrays cost shows in W2 and W3; here only the price of an op
      const { x, y } = tensors(torch, params, true)
      const ops: Ops<JsTensor> = { small: () => x.add(y) }
      return repeated(inner, ops[op], out => {
        // or its children would grow with every call
        x.children = []
        y.children = []
        return out.data[0] as number
      })
    },
    hand(_, { inputs, params }) {
      const { x, y } = convert({ ...inputs, ...params }, ({ data }) => data as Float32Array)
      return repeated(inner, byHand(x, y, shape)[op], out => out[0])
    },
  },
})
export const workloads: readonly Workload[] = kernels.map(workload)
