// micrograd's networks: neurons made of single values, where every weight can be watched.
import { options } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { defaultGenerator, type Generator } from '../engine/random.ts'
import { Value } from '../engine/value.ts'

export interface ScalarOptions {
  /** What follows the weighted sum ('relu'). The last layer of an `MLP` is always linear. */
  readonly nonlinearity?: 'relu' | 'tanh' | 'linear'
  /** Where the weights are drawn from; the default generator. */
  readonly generator?: Generator
}

const known = ['nonlinearity', 'generator']

/** What has values to train. */
abstract class Trainable {
  abstract parameters(): Value[]

  zeroGrad(): void {
    for (const p of this.parameters()) p.zeroGrad()
  }
}

/**
 * `inputs` numbers -> one: nonlinearity(w x + b), the weights drawn from U(-1, 1), b = 0.
 *
 * @throws ArgumentError for another option; forward: ShapeError for another number of inputs
 */
export class Neuron extends Trainable {
  readonly w: Value[]
  readonly b = new Value(0)
  readonly nonlinearity: 'relu' | 'tanh' | 'linear'

  constructor(inputs: number, given: ScalarOptions = {}) {
    super()
    const { nonlinearity = 'relu', generator = defaultGenerator() } = options('Neuron', given, known)
    if (!['relu', 'tanh', 'linear'].includes(nonlinearity)) {
      throw new ArgumentError(`Neuron: nonlinearity is 'relu', 'tanh' or 'linear', not '${nonlinearity}'`)
    }
    this.w = Array.from({ length: inputs }, () => new Value(2 * generator.uniform() - 1))
    this.nonlinearity = nonlinearity
  }

  forward(x: readonly (Value | number)[]): Value {
    const { w, b, nonlinearity } = this
    if (x.length !== w.length) throw new ShapeError(`Neuron: expects ${w.length} inputs, not ${x.length}`)
    const sum = w.reduce((sum, wi, i) => sum.add(wi.mul(x[i] as Value | number)), b)
    return nonlinearity === 'linear' ? sum : sum[nonlinearity]()
  }

  parameters(): Value[] {
    return [...this.w, this.b]
  }
}

/** `inputs` numbers -> `outputs`: that many neurons beside one another. */
export class Layer extends Trainable {
  readonly neurons: Neuron[]

  constructor(inputs: number, outputs: number, given: ScalarOptions = {}) {
    super()
    options('Layer', given, known)
    this.neurons = Array.from({ length: outputs }, () => new Neuron(inputs, given))
  }

  forward(x: readonly (Value | number)[]): Value[] {
    return this.neurons.map(neuron => neuron.forward(x))
  }

  parameters(): Value[] {
    return this.neurons.flatMap(neuron => neuron.parameters())
  }
}

/**
 * `inputs` numbers -> the last of `sizes`: layers one after another, the last one linear. Takes one example at a
 * time and always returns an array: `const [score] = model.forward(x)`.
 *
 * Karpathy's micrograd, 2020.
 * @throws ArgumentError for another option; forward: ShapeError for another number of inputs
 * @example
 * const model = new nn.MLP(2, [16, 16, 1])
 * model.parameters().length // 337
 */
export class MLP extends Trainable {
  readonly layers: Layer[]

  constructor(inputs: number, sizes: readonly number[], given: ScalarOptions = {}) {
    super()
    const { nonlinearity = 'relu', generator } = options('MLP', given, known)
    this.layers = sizes.map((size, i) => {
      const last = i === sizes.length - 1
      return new Layer(sizes[i - 1] ?? inputs, size, { nonlinearity: last ? 'linear' : nonlinearity, generator })
    })
  }

  forward(x: readonly (Value | number)[]): Value[] {
    return this.layers.reduce<readonly (Value | number)[]>((h, layer) => layer.forward(h), x) as Value[]
  }

  parameters(): Value[] {
    return this.layers.flatMap(layer => layer.parameters())
  }
}
