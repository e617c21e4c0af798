// The network of a setup: its layers and how they begin, and the same as code.
import { type Generator, type Num, nn } from '../../src/index.ts'
import type { Task } from './data.ts'
import type { ActivationName, InitName, Setup } from './message.ts'

type Nonlinearity = Parameters<typeof nn.init.calculateGain>[0]

interface Activation {
  /** On tensors and on values; and the same as code. */
  of<N extends Num>(x: N): N
  readonly code: string
  /** Its module, by the name that it has in `nn`. */
  readonly module: 'Tanh' | 'ReLU' | 'Sigmoid' | 'LeakyReLU' | 'GELU' | 'SiLU' | 'Identity'
  /** What initial weights take it for. */
  readonly like: Nonlinearity
}
export const activations: Readonly<Record<ActivationName, Activation>> = {
  tanh: { of: x => x.tanh(), code: 'x.tanh()', module: 'Tanh', like: 'tanh' },
  relu: { of: x => x.relu(), code: 'x.relu()', module: 'ReLU', like: 'relu' },
  sigmoid: { of: x => x.sigmoid(), code: 'x.sigmoid()', module: 'Sigmoid', like: 'sigmoid' },
  leakyRelu: { of: x => x.leakyRelu(), code: 'x.leakyRelu()', module: 'LeakyReLU', like: 'leakyRelu' },
  gelu: { of: x => x.gelu(), code: 'x.gelu()', module: 'GELU', like: 'relu' },
  silu: { of: x => x.silu(), code: 'x.silu()', module: 'SiLU', like: 'relu' },
  linear: { of: x => x, code: 'x', module: 'Identity', like: 'linear' },
}

/** How a weight begins; biases then begin at 0. */
interface Init {
  of(layer: nn.Linear, like: Nonlinearity, generator: Generator): void
  code(like: Nonlinearity): string
}
const inits: Readonly<Record<Exclude<InitName, 'default'>, Init>> = {
  xavierUniform: {
    of: ({ weight }, like, generator) =>
      nn.init.xavierUniform(weight, { gain: nn.init.calculateGain(like), generator }),
    code: like => `nn.init.xavierUniform(layer.weight, { gain: nn.init.calculateGain('${like}'), generator })`,
  },
  xavierNormal: {
    of: ({ weight }, like, generator) => nn.init.xavierNormal(weight, { gain: nn.init.calculateGain(like), generator }),
    code: like => `nn.init.xavierNormal(layer.weight, { gain: nn.init.calculateGain('${like}'), generator })`,
  },
  kaimingUniform: {
    of: ({ weight }, nonlinearity, generator) => nn.init.kaimingUniform(weight, { nonlinearity, generator }),
    code: like => `nn.init.kaimingUniform(layer.weight, { nonlinearity: '${like}', generator })`,
  },
  kaimingNormal: {
    of: ({ weight }, nonlinearity, generator) => nn.init.kaimingNormal(weight, { nonlinearity, generator }),
    code: like => `nn.init.kaimingNormal(layer.weight, { nonlinearity: '${like}', generator })`,
  },
  normal: {
    of: ({ weight }, _, generator) => nn.init.normal(weight, 0, 1, { generator }),
    code: () => 'nn.init.normal(layer.weight, 0, 1, { generator })',
  },
  zeros: { of: ({ weight }) => nn.init.zeros(weight), code: () => 'nn.init.zeros(layer.weight)' },
}

/** The widths of all layers: inputs, hidden ones, outputs. */
export const widthsOf = (setup: Setup, inputs: number, task: Task, classes: number): number[] => [
  inputs,
  ...setup.hidden,
  task === 'classes' ? classes : 1,
]

/** Linear layers, each but the last followed by the activation and, where something is to be dropped, by dropout. */
export function network(setup: Setup, widths: readonly number[], generator: Generator): nn.Sequential {
  const layers = widths.slice(1).flatMap((width, k): nn.TensorModule[] => {
    const linear = new nn.Linear(widths[k], width, { dtype: 'float64', generator })
    if (k === widths.length - 2) return [linear]
    const drop = setup.dropout > 0 ? [new nn.Dropout(setup.dropout, { generator })] : []
    return [linear, new nn[activations[setup.activation].module](), ...drop]
  })
  if (setup.init !== 'default')
    for (const layer of layers)
      if (layer instanceof nn.Linear) {
        inits[setup.init].of(layer, activations[setup.activation].like, generator)
        if (layer.bias) nn.init.zeros(layer.bias)
      }
  return new nn.Sequential(...layers)
}

/** The code of `network`: `const model`, and how it begins. */
export function networkCode(setup: Setup, widths: readonly number[]): string {
  const { module, like } = activations[setup.activation]
  const layers = widths.slice(1).flatMap((width, k) => {
    const linear = `new nn.Linear(${widths[k]}, ${width}, { dtype: 'float64', generator })`
    if (k === widths.length - 2) return [linear]
    return [
      linear,
      `new nn.${module}()`,
      ...(setup.dropout > 0 ? [`new nn.Dropout(${setup.dropout}, { generator })`] : []),
    ]
  })
  const model = `const model = new nn.Sequential(\n${layers.map(layer => `  ${layer},\n`).join('')})\n`
  if (setup.init === 'default') return model
  return `${model}for (const layer of model)
  if (layer instanceof nn.Linear) {
    ${inits[setup.init].code(like)}
    nn.init.zeros(layer.bias!)
  }
`
}
