// What things are called on the page.
import type {
  ActivationName,
  DataName,
  FeatureName,
  InitName,
  OptimizerName,
  Place,
  Ready,
  ScheduleName,
} from './message.ts'

export const dataTitles: Readonly<Record<DataName, string>> = {
  moons: 'Moons',
  circles: 'Circles',
  spirals: 'Spirals',
  xor: 'XOR',
  clusters: 'Clusters',
  three: 'Three',
  plane: 'Plane',
  waves: 'Waves',
  csv: 'Your own',
}
export const featureTex: Readonly<Record<FeatureName, string>> = {
  x1: 'x_1',
  x2: 'x_2',
  'x1^2': 'x_1^2',
  'x2^2': 'x_2^2',
  'x1*x2': 'x_1 x_2',
  'sin(x1)': '\\sin x_1',
  'sin(x2)': '\\sin x_2',
}
export const activations: readonly (readonly [ActivationName, string])[] = [
  ['tanh', 'tanh'],
  ['relu', 'ReLU'],
  ['sigmoid', 'sigmoid'],
  ['leakyRelu', 'leaky ReLU'],
  ['gelu', 'GELU'],
  ['silu', 'SiLU'],
  ['linear', 'linear (none)'],
]
export const inits: readonly (readonly [InitName, string])[] = [
  ['default', 'default'],
  ['xavierUniform', 'Xavier, uniform'],
  ['xavierNormal', 'Xavier, normal'],
  ['kaimingUniform', 'Kaiming, uniform'],
  ['kaimingNormal', 'Kaiming, normal'],
  ['normal', 'normal'],
  ['zeros', 'zeros'],
]
export const optimizers: readonly (readonly [OptimizerName, string])[] = [
  ['SGD', 'SGD'],
  ['momentum', 'SGD with momentum'],
  ['nesterov', 'SGD with Nesterov momentum'],
  ['Adagrad', 'Adagrad'],
  ['RMSprop', 'RMSprop'],
  ['Adam', 'Adam'],
  ['AdamW', 'AdamW'],
  ['Lion', 'Lion'],
]
export const schedules: readonly (readonly [ScheduleName, string])[] = [
  ['constant', 'constant'],
  ['step', 'step'],
  ['exponential', 'exponential'],
  ['cosine', 'cosine'],
  ['warmup', 'warm-up'],
  ['oneCycle', 'one cycle'],
]

/** A unit: layer 0 are the inputs, the last the outputs. */
export function unitName({ widths, classes, inputs }: Ready, layer: number, unit: number): string {
  if (layer === 0) return inputs[unit]
  if (layer < widths.length - 1) return `unit ${unit + 1} of layer ${layer}`
  return widths[layer] === 1 ? 'the output' : `the output for ${classes[unit] ?? unit + 1}`
}
/** A weight or bias, by what it leads from and to. */
export const placeName = (run: Ready, { layer, unit, input }: Place): string =>
  input === 'bias'
    ? `bias of ${unitName(run, layer + 1, unit)}`
    : `weight from ${unitName(run, layer, input)} to ${unitName(run, layer + 1, unit)}`
