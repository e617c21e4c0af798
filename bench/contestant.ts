// Who competes: one entry for each library in each of its ways to run.
import type * as Jax from '@jax-js/jax'
import type * as Tf from '@tensorflow/tfjs'
import type { Convnet } from 'convnetjs'
import type { torch } from 'js-pytorch'
import type * as Library from '../src/index.ts'
import type { peak } from './port.ts'

/** What the steps in JavaScript are written against. */
export interface Libraries {
  /** `prepare` makes a step out of a function that builds a graph: itself when eager; on a GPU it gives promises. */
  readonly gradus: typeof Library & { readonly eager: boolean; prepare<R>(step: () => R): () => R }
  readonly tfjs: typeof Tf
  readonly 'jax-js': typeof Jax
  readonly 'js-pytorch': typeof torch
  readonly convnetjs: Convnet
  readonly hand: null
  /** What the processor can do at most, with or without multiplications and additions in one instruction. */
  readonly limit: { readonly peak: typeof peak; readonly fused: boolean }
}

interface Base {
  readonly id: string
  readonly label: string
  /** Only workloads whose ids begin so; all when not said. */
  readonly only?: readonly string[]
  /** Computes nothing that could be compared: a bound, no competitor. */
  readonly bound?: true
}
export interface InNode<L extends keyof Libraries = keyof Libraries> extends Base {
  readonly library: L
  /** The package whose version the report names. */
  readonly package?: string
  /** The major version of Node that runs it; the one at hand when not said. */
  readonly node?: number
  open(): Promise<Libraries[L]>
  /** Versions that are only known once it is open. */
  versions?(): Promise<Readonly<Record<string, string>>>
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

/** With which the contestants run that another Node runs as well. */
const NEWER = 24
const onNewer = (entry: InNode): InNode => ({
  ...entry,
  id: `${entry.id}-node${NEWER}`,
  label: `${entry.label}, Node ${NEWER}`,
  node: NEWER,
  only: entry.only ?? ['W1', 'W2', 'W3', 'W4', 'W5', 'W6'],
})

const compiled = async (): Promise<Libraries['gradus']> => {
  const library = await import('../src/index.ts')
  return { ...library, eager: false, prepare: step => library.compile(step) }
}
/** The ways to run Gradus; a new one is one entry more. */
const gradus: readonly InNode[] = [
  inNode({ id: 'gradus-compiled', label: 'Gradus, compiled', library: 'gradus', open: compiled }),
  inNode({
    id: 'gradus-blas',
    label: 'Gradus, compiled, BLAS',
    library: 'gradus',
    // the products of W2 are too small to be handed on
    only: ['W3', 'W4', 'W5', 'W6.sgemm'],
    open: async () => {
      const { plug } = await import('./peers/blas.ts')
      plug()
      return compiled()
    },
    versions: async () => (await import('./peers/blas.ts')).versions(),
  }),
  inNode({
    id: 'gradus-webgpu',
    label: 'Gradus, compiled, WebGPU',
    library: 'gradus',
    only: ['W2', 'W3', 'W4', 'W5'],
    open: async () => {
      const device = await (await import('./peers/webgpu.ts')).device()
      const library = await import('../src/index.ts')
      return { ...library, eager: false, prepare: step => library.compile(step, { device }) as unknown as typeof step }
    },
  }),
  inNode({
    id: 'gradus',
    label: 'Gradus, eager',
    library: 'gradus',
    open: async () => ({ ...(await import('../src/index.ts')), eager: true, prepare: step => step }),
  }),
]
const limit = inNode({
  id: 'limit',
  label: 'Port limit, mul + add',
  library: 'limit',
  bound: true,
  only: ['W6.sgemm'],
  open: async () => ({ ...(await import('./port.ts')), fused: false }),
})

/** The first entry is what the others are compared with. */
export const contestants: readonly Contestant[] = [
  ...gradus,
  ...gradus.filter(({ id }) => id !== 'gradus-webgpu').map(onNewer),
  limit,
  onNewer({
    ...limit,
    label: 'Port limit, fused',
    open: async () => ({ ...(await import('./port.ts')), fused: true }),
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
