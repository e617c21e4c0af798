// W6: single operations, forward only; each call ends with its result computed, and every `inner` calls one is read.
import type * as Tf from '@tensorflow/tfjs'
import type * as Library from '../../src/index.ts'
import { type Data, type Field, filled } from '../fields.ts'
import { constants, trained } from '../peers/gradus.ts'
import { gemm } from '../peers/hand.ts'
import { type Arr, array } from '../peers/jaxjs.ts'
import { tensors } from '../peers/jspytorch.ts'
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

/** `inner` calls, the last one read. */
function repeated<T>(inner: number, run: () => T, read: (out: T) => number, drop?: (out: T) => void): Step {
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

/** Plain loops into arrays allocated once. */
function byHand(op: Op, x: Float32Array, y: Float32Array, [n, size]: readonly number[]): (() => Float32Array) | null {
  const out = new Float32Array(x.length)
  const loop = (f: () => void) => () => {
    f()
    return out
  }
  switch (op) {
    case 'matmul':
      return loop(() => gemm(out.fill(0), x, y, n, n, n))
    case 'exp':
      return loop(() => {
        for (let i = 0; i < x.length; i++) out[i] = Math.exp(x[i])
      })
    case 'tanh':
      return loop(() => {
        for (let i = 0; i < x.length; i++) out[i] = Math.tanh(x[i])
      })
    case 'add':
      return loop(() => {
        for (let i = 0; i < x.length; i++) out[i] = x[i] + y[i]
      })
    case 'softmax':
      return loop(() => {
        for (let row = 0; row < x.length; row += size) {
          let top = Number.NEGATIVE_INFINITY
          for (let i = row; i < row + size; i++) if (x[i] > top) top = x[i]
          let sum = 0
          for (let i = row; i < row + size; i++) sum += out[i] = Math.exp(x[i] - top)
          for (let i = row; i < row + size; i++) out[i] /= sum
        }
      })
    default:
      return null
  }
}

const workload = ({ id, title, op, shape, inner, rate }: Kernel): Workload => {
  const recorded = op === 'small'
  return {
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
      return recorded ? { inputs: {}, params: operands } : { inputs: operands, params: {} }
    },
    setups: {
      gradus(library, { inputs, params }) {
        const { x, y } = recorded ? trained(library, params) : constants(library, inputs)
        const ops: Record<Op, () => Library.Tensor> = {
          matmul: () => x.matmul(y),
          exp: () => x.exp(),
          tanh: () => x.tanh(),
          add: () => x.add(y),
          softmax: () => x.softmax(-1),
          small: () => x.add(y),
        }
        return repeated(inner, ops[op], out => out.data[0])
      },
      // both record only within a gradient, so that one op forward cannot be told apart
      ...(!recorded &&
        ({
          tfjs(tf: typeof Tf, { inputs }: Data) {
            const x = make(tf, inputs.x)
            const y = make(tf, inputs.y)
            const ops: Record<Exclude<Op, 'small'>, () => Tf.Tensor> = {
              matmul: () => tf.matMul(x, y),
              exp: () => tf.exp(x),
              tanh: () => tf.tanh(x),
              add: () => tf.add(x, y),
              softmax: () => tf.softmax(x),
            }
            return repeated(
              inner,
              ops[op as Exclude<Op, 'small'>],
              out => out.dataSync()[0],
              out => out.dispose(),
            )
          },
          'jax-js'(jax, { inputs }) {
            const { numpy: np, nn, jit } = jax
            const x = array(jax, inputs.x)
            const y = array(jax, inputs.y)
            const ops: Record<Exclude<Op, 'small'>, (x: Arr, y: Arr) => Arr> = {
              matmul: np.matmul,
              exp: x => np.exp(x),
              tanh: x => np.tanh(x),
              add: np.add,
              softmax: x => nn.softmax(x),
            }
            const binary = op === 'matmul' || op === 'add'
            const one = jit((x: Arr) => ops[op as Exclude<Op, 'small'>](x, x))
            const two = jit(ops[op as Exclude<Op, 'small'>])
            return async () => {
              for (let i = 1; ; i++) {
                const out = (binary ? two(x.ref, y.ref) : one(x.ref)) as Arr
                if (i === inner) return out.dataSync()[0]
                // an array nobody waits for might never be computed
                await out.blockUntilReady()
                out.dispose()
              }
            }
          },
          hand(_, { inputs: { x, y } }) {
            const run = byHand(op, x.data as Float32Array, y.data as Float32Array, shape)
            if (!run) throw new Error(`no loop for ${op}`)
            return repeated(inner, run, out => out[0])
          },
        } satisfies Workload['setups'])),
      ...(recorded &&
        ({
          'js-pytorch'(torch, { params }) {
            const { x, y } = tensors(torch, params, true)
            return repeated(
              inner,
              () => x.add(y),
              out => {
                // or its children would grow with every call
                x.children = []
                y.children = []
                return out.data[0]
              },
            )
          },
        } satisfies Workload['setups'])),
    },
  }
}
export const workloads: readonly Workload[] = kernels.map(workload)
