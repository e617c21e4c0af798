// What the tab Train shows, field by field, as it stands in the address: all of a setup, and how it is looked at.
import { computed } from '@preact/signals'
import { choice, type Field, flag, list, number, state, text } from '../place.ts'
import {
  activationNames,
  dataNames,
  engineNames,
  type FeatureName,
  featureNames,
  initNames,
  optimizerNames,
  type Place,
  type Setup,
  scheduleNames,
} from './message.ts'

export const limits = {
  samples: { min: 10, max: 1000, integer: true },
  noise: { min: 0, max: 1 },
  testShare: { min: 0, max: 0.9 },
  seed: { min: 0, max: 999, integer: true },
  units: { min: 1, max: 8, integer: true },
  lr: { min: 1e-5, max: 10 },
  momentum: { min: 0, max: 0.99 },
  rate: { min: 0, max: 1 },
  dropout: { min: 0, max: 0.9 },
  batch: { min: 1, max: 1000, integer: true },
} as const
export const mostLayers = 6

/** Some of another list's values: at least one, none twice. */
const some = <T>(of: Field<readonly T[]>): Field<readonly T[]> => ({
  ...of,
  read(written) {
    const xs = of.read(written)
    if (xs.length === 0 || new Set(xs).size < xs.length) throw new Error('one or more, each once')
    return xs
  },
})
/** A weight as `layer.unit.input`, counted from 1; or a bias, `layer.unit.bias`; or none. */
const place: Field<Place | null> = {
  initial: { layer: 0, unit: 0, input: 0 },
  read(written) {
    if (written === 'none') return null
    const [, layer, unit, input] = /^([1-9]\d?)\.([1-9]\d?)\.([1-9]\d?|bias)$/.exec(written) ?? []
    if (input === undefined) throw new Error('a weight such as 1.2.1 or 1.2.bias (layer, unit, input), or none')
    return { layer: Number(layer) - 1, unit: Number(unit) - 1, input: input === 'bias' ? input : Number(input) - 1 }
  },
  write: x => (x ? `${x.layer + 1}.${x.unit + 1}.${x.input === 'bias' ? x.input : x.input + 1}` : 'none'),
}

/** A unit's activation as `layer.unit`, the inputs being layer 0; the network's output for none. */
export interface Shown {
  readonly layer: number
  readonly unit: number
}
const shown: Field<Shown | null> = {
  initial: null,
  read(written) {
    if (written === 'output') return null
    const [, layer, unit] = /^(\d)\.([1-9]\d?)$/.exec(written) ?? []
    if (unit === undefined) throw new Error('output or a unit such as 1.2 (layer, unit)')
    return { layer: Number(layer), unit: Number(unit) - 1 }
  },
  write: x => (x ? `${x.layer}.${x.unit + 1}` : 'output'),
}

export const speeds = ['1', '10', '100', 'full'] as const

export const train = state('train', {
  data: choice('moons', dataNames),
  csv: text(''),
  samples: number(200, limits.samples),
  noise: number(0.1, limits.noise),
  testShare: number(0.3, limits.testShare),
  seed: number(1, limits.seed),
  features: some(list<FeatureName>(['x1', 'x2'], choice('x1', featureNames), featureNames.length)),
  hidden: list([4, 2], number(4, limits.units), mostLayers),
  activation: choice('tanh', activationNames),
  init: choice('default', initNames),
  optimizer: choice('Adam', optimizerNames),
  lr: number(0.03, limits.lr),
  momentum: number(0.9, limits.momentum),
  schedule: choice('constant', scheduleNames),
  regularization: choice<Setup['regularization']>('none', ['none', 'L1', 'L2']),
  rate: number(0.001, limits.rate),
  dropout: number(0, limits.dropout),
  batch: number(16, limits.batch),
  engine: choice('tensor', engineNames),
  speed: choice('full', speeds),
  edges: choice('weights', ['weights', 'gradients']),
  weight: place,
  show: shown,
  // the example that is looked at, counted from 1; 0 for none
  example: number(0, { min: 0, max: 100_000, integer: true }),
  tested: flag(true),
  discrete: flag(false),
  log: flag(false),
})

/** The setup that the controls ask for. */
export const setup = computed<Setup>(() => ({
  data: train.data.value,
  csv: train.csv.value,
  samples: train.samples.value,
  noise: train.noise.value,
  testShare: train.testShare.value,
  seed: train.seed.value,
  features: train.features.value,
  hidden: train.hidden.value,
  activation: train.activation.value,
  init: train.init.value,
  optimizer: train.optimizer.value,
  lr: train.lr.value,
  momentum: train.momentum.value,
  schedule: train.schedule.value,
  regularization: train.regularization.value,
  rate: train.rate.value,
  dropout: train.dropout.value,
  batch: train.batch.value,
  engine: train.engine.value,
}))
