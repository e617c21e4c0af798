// What is measured: the data, and for each library how to set up one training step.
import type * as Library from '../src/index.ts'
import type { Generator } from '../src/index.ts'
import type { Libraries } from './contestant.ts'
import type { Data } from './fields.ts'

/** Runs one training step and returns its loss, read back from wherever the library computes. */
export type Step = () => number | Promise<number>
/** null: the library has no such program. */
export type Setup<L> = (library: L, data: Data) => Step | null | Promise<Step | null>

export interface Workload {
  readonly id: string
  readonly title: string
  /** What ranks: the mean where garbage collection is part of the price, else the median. */
  readonly rank: 'median' | 'mean'
  /** After this many steps all losses must agree, */
  readonly check: number
  /** within this relative distance of their median. */
  readonly tolerance: number
  /** How many operations one call of the step does; times are of one. */
  readonly inner?: number
  /** Work in one operation and its unit, where a rate says more than a time. */
  readonly rate?: { readonly amount: number; readonly unit: string }
  /** The library comes as an argument, or a cold start of any contestant would import it. */
  data(generator: Generator, library: typeof Library): Data
  /** The libraries in JavaScript; those in Python are in python/, under the same id. */
  readonly setups: { readonly [L in keyof Libraries]?: Setup<Libraries[L]> }
}

/** Of the generator that makes the data. */
export const SEED = 1

/** By id; loaded on demand, so that a cold start loads no more than it runs. */
const files: Record<string, () => Promise<{ workloads: readonly Workload[] }>> = {
  W1: () => import('./workloads/moons.ts'),
  W2: () => import('./workloads/mlp.ts'),
  W3: () => import('./workloads/digits.ts'),
  W4: () => import('./workloads/cnn.ts'),
  W5: () => import('./workloads/gpt.ts'),
  W6: () => import('./workloads/kernel.ts'),
}
export const groups = Object.keys(files)

/** The workloads of a group: `W3` is one, `W6` all kernels, `W6.exp` one of them. */
export async function load(id: string): Promise<readonly Workload[]> {
  const [group] = id.split('.')
  const file = files[group]
  if (!file) throw new Error(`no workload ${id}; there are ${groups.join(', ')} and W7`)
  const { workloads } = await file()
  const found = workloads.filter(workload => id === group || workload.id === id)
  if (found.length === 0) throw new Error(`no workload ${id}; there are ${workloads.map(w => w.id).join(', ')}`)
  return found
}
