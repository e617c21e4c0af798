// What another setup asks for: everything anew, or only another pace from here on.
import type { Setup } from './message.ts'

const tunable: readonly (keyof Setup)[] = ['optimizer', 'lr', 'momentum', 'schedule', 'regularization', 'rate', 'batch']
/** What each part of a setup is called in a sentence. */
const names: Readonly<Record<keyof Setup, string>> = {
  data: 'the data',
  csv: 'the data',
  samples: 'the number of examples',
  noise: 'the noise',
  testShare: 'the test share',
  seed: 'the seed',
  features: 'the features',
  hidden: 'the layers',
  activation: 'the activation',
  init: 'the initialisation',
  optimizer: 'the optimizer',
  lr: 'the learning rate',
  momentum: 'the momentum',
  schedule: 'the schedule',
  regularization: 'the regularisation',
  rate: 'the regularisation’s rate',
  dropout: 'dropout',
  batch: 'the batch size',
  engine: 'the engine',
}
const same = (x: unknown, y: unknown): boolean =>
  Array.isArray(x) && Array.isArray(y) ? x.length === y.length && x.every((_, i) => x[i] === y[i]) : x === y

export interface Change {
  readonly kind: 'none' | 'tune' | 'setup'
  /** What is another, such as 'the noise and the seed'; empty if nothing is. */
  readonly what: string
}
/** From one setup to the next. Text of the reader's own counts only where it is the data. */
export function change(before: Setup, after: Setup): Change {
  const keys = Object.keys(names) as (keyof Setup)[]
  const changed = keys.filter(
    key => !same(before[key], after[key]) && (key !== 'csv' || (before.data === 'csv' && after.data === 'csv')),
  )
  const called = [...new Set(changed.map(key => names[key]))]
  const what = called.length > 1 ? `${called.slice(0, -1).join(', ')} and ${called.at(-1)}` : (called[0] ?? '')
  if (changed.length === 0) return { kind: 'none', what }
  return { kind: changed.every(key => tunable.includes(key)) ? 'tune' : 'setup', what }
}
