// Who competes: one entry for each library in each of its ways to run.
import type * as Jax from '@jax-js/jax'
import type * as Tf from '@tensorflow/tfjs'
import type { Convnet } from 'convnetjs'
import type { torch } from 'js-pytorch'
import type * as Library from '../src/index.ts'

/** What the steps in JavaScript are written against. */
export interface Libraries {
  /** `prepare` makes a step out of a function that builds a graph: itself when eager. */
  readonly gradus: typeof Library & { prepare(step: () => Library.Tensor): () => Library.Tensor }
  readonly tfjs: typeof Tf
  readonly 'jax-js': typeof Jax
  readonly 'js-pytorch': typeof torch
  readonly convnetjs: Convnet
  readonly hand: null
}

interface Base {
  readonly id: string
  readonly label: string
  /** Only these groups; all when not said. */
  readonly only?: readonly string[]
}
export interface InNode<L extends keyof Libraries = keyof Libraries> extends Base {
  readonly library: L
  /** The package whose version the report names. */
  readonly package?: string
  open(): Promise<Libraries[L]>
}
export interface InPython extends Base {
  /** python/<module>_steps.py, written for the Python package of that name. */
  readonly module: 'torch' | 'jax' | 'micrograd'
  /** 'compile': through torch.compile. */
  readonly variant: string
}
export type Contestant = InNode | InPython

const inNode = <L extends keyof Libraries>(entry: InNode<L>): InNode => entry as unknown as InNode

async function tfjs(backend: 'cpu' | 'wasm'): Promise<typeof Tf> {
  const tf = await import('@tensorflow/tfjs')
  if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm')
  if (!(await tf.setBackend(backend))) throw new Error(`no backend ${backend}`)
  return tf
}

/** The first entry is what the others are compared with. A new way to run Gradus is one entry more. */
export const contestants: readonly Contestant[] = [
  inNode({
    id: 'gradus',
    label: 'Gradus, eager',
    library: 'gradus',
    open: async () => ({ ...(await import('../src/index.ts')), prepare: step => step }),
  }),
  { id: 'pytorch', label: 'PyTorch, eager', module: 'torch', variant: 'eager' },
  { id: 'pytorch-compile', label: 'PyTorch, torch.compile', module: 'torch', variant: 'compile' },
  { id: 'jax', label: 'JAX, jit', module: 'jax', variant: 'jit' },
  { id: 'micrograd', label: 'micrograd, CPython', module: 'micrograd', variant: 'eager', only: ['W1'] },
  inNode({
    id: 'jax-js',
    label: 'jax-js, wasm, jit',
    library: 'jax-js',
    package: '@jax-js/jax',
    open: async () => {
      const jax = await import('@jax-js/jax')
      await jax.init('wasm')
      jax.defaultDevice('wasm')
      return jax
    },
  }),
  inNode({
    id: 'tfjs-wasm',
    label: 'TensorFlow.js, wasm',
    library: 'tfjs',
    package: '@tensorflow/tfjs',
    open: () => tfjs('wasm'),
  }),
  inNode({
    id: 'tfjs-cpu',
    label: 'TensorFlow.js, cpu',
    library: 'tfjs',
    package: '@tensorflow/tfjs',
    open: () => tfjs('cpu'),
  }),
  inNode({
    id: 'js-pytorch',
    label: 'js-pytorch',
    library: 'js-pytorch',
    package: 'js-pytorch',
    open: async () => (await import('js-pytorch')).torch,
  }),
  inNode({
    id: 'convnetjs',
    label: 'ConvNetJS',
    library: 'convnetjs',
    package: 'convnetjs',
    open: async () => (await import('convnetjs')).default,
  }),
  inNode({ id: 'hand', label: 'JavaScript by hand', library: 'hand', open: async () => null }),
]
