// The training doctor: each symptom is found where it is, not found in a healthy run, and nothing is changed by looking.
import { describe, expect, test } from 'vitest'
import { diagnose, F, Generator, nn, optim, randn, type Tensor, tensor } from '../../src/index.ts'
import { checks } from '../../src/train/symptom.ts'

interface Case {
  readonly model: nn.TensorModule
  readonly batch: readonly [Tensor, Tensor]
  readonly loss: (output: Tensor, target: Tensor) => Tensor
  readonly optimizer: optim.SGD | optim.Adam
}
const generator = new Generator(5)
const linear = (a: number, b: number): nn.Linear => new nn.Linear(a, b, { generator })
const labels = (values: number[]): Tensor => tensor(values, { dtype: 'int32' })
const N = 24
const points = randn([N, 4], { generator })
const classes = labels(
  Array.from({ length: N }, (_, i) => +(points.data[4 * i]! > 0) + 2 * +(points.data[4 * i + 1]! > 0)),
)

/** A run that nothing is wrong with. */
function healthy(change: (c: { -readonly [K in keyof Case]: Case[K] }) => void = () => {}): Case {
  const model = new nn.Sequential(linear(4, 16), new nn.ReLU(), linear(16, 4))
  const c = { model, batch: [points, classes] as const, loss: F.crossEntropy as Case['loss'], optimizer: adam(model) }
  change(c)
  return c
}
const adam = (model: nn.Module, lr = 1e-3): optim.Adam => new optim.Adam(model.parameters(), { lr })
const found = ({ model, batch, loss, optimizer }: Case, steps = 80): string[] =>
  diagnose(model, batch, loss, optimizer, { steps }).symptoms.map(({ name }) => name)
const scaled = (layer: nn.Linear, by: number): nn.Linear => {
  layer.weight.assign(layer.weight.detach().mul(by))
  return layer
}

class Shared extends nn.Module {
  readonly layer = linear(4, 4)
  readonly #hidden: Tensor
  constructor(hidden: Tensor) {
    super()
    this.#hidden = hidden
  }
  forward(x: Tensor): Tensor {
    return this.layer.forward(x).add(this.#hidden)
  }
}
class Unused extends nn.Module {
  readonly layer = linear(4, 4)
  readonly spare = linear(4, 4)
  forward(x: Tensor): Tensor {
    return this.layer.forward(x)
  }
}

const ill: Record<string, () => Case> = {
  'gradients that add up': () =>
    healthy(c => {
      for (let i = 0; i < 12; i++) c.loss(c.model.forward(points), classes).backward()
    }),
  'softmax twice': () =>
    healthy(c => {
      c.model = new nn.Sequential(linear(4, 16), new nn.ReLU(), linear(16, 4), new nn.Softmax(1))
      c.optimizer = adam(c.model)
    }),
  'sigmoid twice': () =>
    healthy(c => {
      c.model = new nn.Sequential(linear(4, 8), new nn.Tanh(), linear(8, 1), new nn.Sigmoid())
      c.batch = [points, classes.remainder(2).float().unsqueeze(1)]
      c.loss = F.binaryCrossEntropyWithLogits
      c.optimizer = adam(c.model)
    }),
  'a loss that broadcasts': () =>
    healthy(c => {
      c.model = new nn.Sequential(linear(4, 8), new nn.Tanh(), linear(8, 1))
      c.batch = [points, points.sum(1).detach()]
      c.loss = (output, target) => output.sub(target).square().mean()
      c.optimizer = adam(c.model)
    }),
  'parameters of no module': () =>
    healthy(c => {
      c.model = new Shared(randn([4], { generator, requiresGrad: true }))
      c.optimizer = adam(c.model)
    }),
  'parameters without gradients': () =>
    healthy(c => {
      c.model = new Unused()
      c.optimizer = adam(c.model)
    }),
  'frozen parameters': () =>
    healthy(c => {
      ;(c.model as nn.Sequential)[0]!.requiresGrad_(false)
      c.optimizer = new optim.Adam(
        c.model.parameters().filter(p => p.requiresGrad),
        { lr: 1e-3 },
      )
    }),
  'parameters the optimizer does not know': () =>
    healthy(c => {
      c.optimizer = new optim.Adam(c.model.parameters().slice(0, 2), { lr: 1e-3 })
    }),
  'evaluation mode': () => healthy(c => c.model.eval()),
  'dead units': () =>
    healthy(c => {
      const first = (c.model as nn.Sequential)[0] as nn.Linear
      first.bias!.assign(Float32Array.from({ length: 16 }, (_, i) => (i < 12 ? -50 : 0)))
    }),
  'saturated units': () =>
    healthy(c => {
      c.model = new nn.Sequential(scaled(linear(4, 16), 40), new nn.Tanh(), linear(16, 4))
      c.optimizer = adam(c.model)
    }),
  'gradients that explode': () =>
    healthy(c => {
      c.model = new nn.Sequential(scaled(linear(4, 16), 1e3), scaled(linear(16, 16), 1e3), linear(16, 4))
      c.optimizer = adam(c.model)
    }),
  'gradients that vanish': () =>
    healthy(c => {
      const layers = Array.from({ length: 9 }, () => [scaled(linear(8, 8), 0.2), new nn.Sigmoid()]).flat()
      c.model = new nn.Sequential(linear(4, 8), ...layers, linear(8, 4))
      c.optimizer = adam(c.model)
    }),
  'updates out of proportion': () =>
    healthy(c => {
      c.optimizer = adam(c.model, 1e-6)
    }),
  'a learning rate too high': () =>
    healthy(c => {
      c.optimizer = new optim.SGD(c.model.parameters(), { lr: 100 })
    }),
  'inputs not normalised': () =>
    healthy(c => {
      c.batch = [points.mul(50).add(300), classes]
    }),
  'a loss far from chance': () =>
    healthy(c => {
      scaled((c.model as nn.Sequential)[2] as nn.Linear, 100)
    }),
  'a batch that is not learned': () =>
    healthy(c => {
      c.optimizer = adam(c.model, 1e-7)
    }),
  'labels out of range': () =>
    healthy(c => {
      c.batch = [points, classes.add(1)]
    }),
}

test('every symptom of the list has a case', () => {
  expect(Object.keys(ill).sort()).toEqual([...Object.keys(checks), 'labels out of range'].sort())
})
test('a healthy run has none', () => {
  const c = healthy(c => {
    c.optimizer = adam(c.model, 1e-3)
  })
  expect(found(c, 300)).toEqual([])
  expect(String(diagnose(c.model, c.batch, c.loss, c.optimizer, { steps: 300 }))).toBe('nothing found')
})
describe('is found', () => {
  test.each(Object.entries(ill))('%s', (name, make) => expect(found(make())).toContain(name))
})

test('says the line to change', () => {
  const { model, batch, loss, optimizer } = ill['softmax twice']!()
  const diagnosis = diagnose(model, batch, loss, optimizer)
  expect(String(diagnosis)).toMatch(/^softmax twice: .*\n {2}-> crossEntropy wants logits/)
})

test('speaks of one and of several', () => {
  const [a, b] = [randn([4], { generator, requiresGrad: true }), randn([1], { generator, requiresGrad: true })]
  class Twice extends Shared {
    override forward(x: Tensor): Tensor {
      return super.forward(x).mul(b)
    }
  }
  const said = (model: Shared) => {
    const { symptoms } = diagnose(model, [points, classes], F.crossEntropy, adam(model))
    return symptoms.find(({ name }) => name === 'parameters of no module')?.message
  }
  expect(said(new Shared(a))).toMatch(/^the loss depends on a tensor that requires a gradient and is in no field of/)
  expect(said(new Twice(a))).toMatch(/^the loss depends on 2 tensors that require gradients and are in no field of/)
})

test('leaves all as it was: values, gradients, state, modes, generators', () => {
  const dropout = new Generator(3)
  const model = new nn.Sequential(linear(4, 16), new nn.Dropout(0.5, { generator: dropout }), linear(16, 4))
  const optimizer = adam(model)
  const step = (): number => {
    const loss = F.crossEntropy(model.forward(points), classes)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    return loss.item()
  }
  for (let i = 0; i < 3; i++) step()
  const seen = () => [
    model.parameters().map(p => [Array.from(p.data), Array.from(p.grad!.data)]),
    JSON.stringify(optimizer.stateDict()),
    dropout.getState(),
  ]
  const before = seen()
  diagnose(model, [points, classes], F.crossEntropy, optimizer)
  expect(seen()).toEqual(before)
  model.forward = () => {
    throw new Error('broken')
  }
  expect(() => diagnose(model, [points, classes], F.crossEntropy, optimizer)).toThrow('broken')
  expect(seen()).toEqual(before)
})
test('refuses what it cannot look at', () => {
  const { model, batch, optimizer } = healthy()
  expect(() => diagnose(model, batch, output => output, optimizer)).toThrow(/one number/)
  expect(() => diagnose(model, batch, F.crossEntropy, optimizer, { steps: 0 })).toThrow(/steps/)
})
