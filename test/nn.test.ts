// Modules: what they hold, save, load and compute; losses at their corners; micrograd's networks.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  DtypeError,
  F,
  Generator,
  GradError,
  IndexError,
  nn,
  observe,
  ones,
  rand,
  randn,
  ShapeError,
  Tensor,
  tensor,
  zeros,
} from '../src/index.ts'

const f64 = (x: Parameters<typeof tensor>[0]): Tensor => tensor(x, { dtype: 'float64' })
const ints = (x: Parameters<typeof tensor>[0]): Tensor => tensor(x, { dtype: 'int32' })
const wave = (f: (x: number) => number, shape: number[]): Tensor =>
  f64(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i))).reshape(shape)
const values = (x: Tensor): number[] => Array.from(x.data)
const close = (x: Tensor, expected: number[], digits = 12): void => {
  const got = values(x)
  expect(got).toHaveLength(expected.length)
  got.forEach((y, i) => {
    expect(y).toBeCloseTo(expected[i]!, digits)
  })
}
const names = (pairs: readonly (readonly [string, unknown])[]): string[] => pairs.map(([name]) => name)

/** Fields of every kind that is walked, in an order that a sorted walk would not keep. */
class Zoo extends nn.Module {
  zeta = new nn.Linear(2, 2, { generator: new Generator(1) })
  alpha = nn.parameter(ones([3]))
  mean = zeros([2])
  list = [new nn.Identity(), new nn.Linear(2, 1, { bias: false })]
  map = new Map<string, unknown>([['m', ones([1], { requiresGrad: true })]])
  nested = { deep: { layer: new nn.Sequential(new nn.ReLU(), new nn.Linear(1, 1)) } }
  tied = this.zeta.weight
  again = this.zeta
  parent: nn.Module = this
  generator = new Generator(3)
  text = 'x'
  nothing = null
  set = new Set<unknown>(['x', nn.parameter(ones([1]))])
  bare = Object.assign(Object.create(null), { inner: nn.parameter(ones([1])) })
  #hidden = ones([1], { requiresGrad: true })
  computed: Tensor = this.alpha.mul(2)
  loop: unknown[] = []
  constructor() {
    super()
    this.loop.push(this.loop)
  }
  forward(x: Tensor): Tensor {
    return this.zeta.forward(x).mul(this.#hidden)
  }
}

describe('modules', () => {
  const parameters = [
    'zeta.weight',
    'zeta.bias',
    'alpha',
    'list.1.weight',
    'map.m',
    'nested.deep.layer.1.weight',
    'nested.deep.layer.1.bias',
    'set.1',
    'bare.inner',
  ]

  test('fields are walked in order, through containers, everything once', () => {
    const zoo = new Zoo()
    expect(names(zoo.namedParameters())).toEqual(parameters)
    expect(names(zoo.namedBuffers())).toEqual(['mean'])
    expect(names(zoo.namedModules())).toEqual([
      '',
      'zeta',
      'list.0',
      'list.1',
      'nested.deep.layer',
      'nested.deep.layer.0',
      'nested.deep.layer.1',
    ])
    expect(names(zoo.namedChildren()).slice(0, 4)).toEqual(['zeta', 'list.0', 'list.1', 'nested.deep.layer'])
    expect(zoo.buffers()).toEqual([zoo.mean])
    // a state has what is shared under all its names
    const again = ['tied', 'again.weight', 'again.bias']
    expect(Object.keys(zoo.stateDict())).toEqual([
      ...parameters.slice(0, 3),
      'mean',
      ...parameters.slice(3, 7),
      ...again,
      ...parameters.slice(7),
    ])
  })

  test("a Sequential's names are PyTorch's", () => {
    const layers = Array.from({ length: 11 }, () => new nn.Linear(1, 1, { bias: false }))
    expect(Object.keys(new nn.Sequential(...layers).stateDict())).toEqual(layers.map((_, i) => `${i}.weight`))
    const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU(), new nn.Sequential(new nn.Linear(3, 1)))
    expect(Object.keys(model.stateDict())).toEqual(['0.weight', '0.bias', '2.0.weight', '2.0.bias'])
    expect(model.length).toBe(3)
    expect(model[0]).toBeInstanceOf(nn.Linear)
    expect(new nn.Sequential().forward(ones([2])).toArray()).toEqual([1, 1])
    expect(() => new nn.Sequential(F.relu as never)).toThrow(ArgumentError)
  })

  test('a state is a copy, and comes back', () => {
    const [a, b] = [7, 8].map(seed => new nn.Linear(3, 2, { generator: new Generator(seed) })) as [nn.Linear, nn.Linear]
    const state = a.stateDict()
    const before = values(a.weight)
    expect(state.weight!.requiresGrad).toBe(false)
    nn.init.zeros(a.weight)
    expect(values(state.weight!)).toEqual(before)
    expect(b.loadStateDict(state)).toEqual({ missing: [], unexpected: [] })
    expect(values(b.weight)).toEqual(before)
    expect(b.weight.requiresGrad).toBe(true)
    // dtypes are the module's
    b.loadStateDict({ weight: state.weight!.double(), bias: ints([1, 2]) })
    expect([b.weight.dtype, b.bias!.dtype]).toEqual(['float32', 'float32'])
  })

  test('a state that does not fit changes nothing and says all that is wrong', () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1))
    const before = model.stateDict()
    const { '1.bias': _, ...rest } = before
    const wrong = { ...rest, '0.weight': zeros([3, 2]), '0.bias': zeros([2]), extra: zeros([1]) }
    const load = (strict: boolean) => () => model.loadStateDict(wrong, { strict })
    expect(load(true)).toThrow(ArgumentError)
    expect(load(true)).toThrow(
      /Sequential:\n {2}missing: 1\.bias\n {2}unexpected: extra\n {2}.*0\.weight is \[3, 2\], the module has \[2, 2\]/,
    )
    expect(load(false)).toThrow(ShapeError)
    expect(() => model.loadStateDict({ ...before, '0.bias': [1, 2] as never })).toThrow(/0\.bias is no tensor/)
    expect(Object.values(model.stateDict()).map(values)).toEqual(Object.values(before).map(values))
    const partial = model.loadStateDict({ '0.bias': ones([2]), extra: zeros([1]) }, { strict: false })
    expect(partial).toEqual({ missing: ['0.weight', '1.weight', '1.bias'], unexpected: ['extra'] })
    expect(values(model.stateDict()['0.bias']!)).toEqual([1, 1])
  })

  test('training mode, freezing, gradients, apply', () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Sequential(new nn.Dropout(1)))
    const modes = () => model.namedModules().map(([, m]) => m.training)
    expect(modes()).toEqual([true, true, true, true])
    expect(model.eval()).toBe(model)
    expect(modes()).toEqual([false, false, false, false])
    const x = ones([1, 2])
    expect(values(model.forward(x))).not.toEqual([0, 0])
    model.train()
    expect(values(model.forward(x)).every(y => y === 0)).toBe(true)
    model.eval().forward(x).sum().backward()
    expect(values(model.parameters()[0]!.grad!)).toEqual([1, 1, 1, 1])
    model.zeroGrad()
    expect(model.parameters().every(p => p.grad === null)).toBe(true)
    model.requiresGrad_(false)
    expect(model.parameters()).toHaveLength(2)
    expect(model.buffers()).toHaveLength(0)
    expect(model.forward(x).requiresGrad).toBe(false)
    expect(
      model
        .requiresGrad_()
        .parameters()
        .every(p => p.requiresGrad),
    ).toBe(true)
    const order: string[] = []
    model.apply(m => order.push(m.constructor.name))
    expect(order).toEqual(['Linear', 'Dropout', 'Sequential', 'Sequential'])
  })

  test('apply visits each module once, after its children, in circles too', () => {
    class Node extends nn.Module {
      links: nn.Module[]
      constructor(
        readonly name: string,
        ...links: nn.Module[]
      ) {
        super()
        this.links = links
      }
      forward(): void {}
    }
    const shared = new Node('shared')
    const inner = new Node('inner', shared)
    const root = new Node('root', shared, inner)
    shared.links.push(root)
    const order: string[] = []
    root.apply(m => order.push((m as Node).name))
    expect(order).toEqual(['shared', 'inner', 'root'])
  })

  test('two tensors of one name are refused, not lost', () => {
    class Ambiguous extends nn.Module {
      'a.b' = nn.parameter(ones([1]))
      a = { b: nn.parameter(zeros([1])) }
      forward(): void {}
    }
    const model = new Ambiguous()
    expect(() => model.stateDict()).toThrow(new ArgumentError("Ambiguous: two of its tensors have the name 'a.b'"))
    expect(() => model.loadStateDict({ 'a.b': ones([1]) })).toThrow(ArgumentError)
    expect(model.parameters()).toHaveLength(2)
  })

  test('what is no state, and options that do not exist', () => {
    const layer = new nn.Linear(1, 1)
    for (const state of [null, undefined, 1]) {
      expect(() => layer.loadStateDict(state as never)).toThrow(ArgumentError)
      expect(() => layer.loadStateDict(state as never)).toThrow(
        `loadStateDict: needs a state, as stateDict gives it, not`,
      )
    }
    const wrong = { biass: false } as never
    expect(() => new nn.Linear(2, 3, wrong)).toThrow(
      new ArgumentError("Linear: unknown option 'biass'. It has bias, dtype, generator"),
    )
    expect(() => new nn.Linear(2, 3, false as never)).toThrow(
      new ArgumentError('Linear: needs options { bias, dtype, generator }, not false'),
    )
    const [x, y, w] = [zeros([2, 3]), ints([0, 1]), zeros([2, 2], { requiresGrad: true })]
    const calls: (() => unknown)[] = [
      ...[nn.GELU, nn.Softplus, nn.MSELoss, nn.HingeLoss, nn.NLLLoss, nn.CrossEntropyLoss, nn.BCEWithLogitsLoss].map(
        type => () => new type(wrong),
      ),
      ...[F.mseLoss, F.hingeLoss, F.binaryCrossEntropyWithLogits].map(loss => () => loss(x, x, wrong)),
      ...[F.nllLoss, F.crossEntropy].map(loss => () => loss(x, y, wrong)),
      () => F.crossEntropy(x, x, wrong),
      // that of another loss
      () => F.nllLoss(x, y, { labelSmoothing: 0.1 } as never),
      () => F.dropout(x, wrong),
      () => F.dropout(x, 0.5 as never),
      () => new nn.Dropout(0.5, wrong),
      () => layer.loadStateDict(layer.stateDict(), wrong),
      () => layer.loadStateDict(layer.stateDict(), false as never),
      () => nn.summary(layer, [1], wrong),
      () => nn.init.uniform(w, 0, 1, wrong),
      () => nn.init.normal(w, 0, 1, wrong),
      ...[nn.init.kaimingUniform, nn.init.kaimingNormal, nn.init.xavierUniform, nn.init.xavierNormal].map(
        init => () => init(w, wrong),
      ),
      () => new nn.Neuron(1, wrong),
      () => new nn.Layer(1, 0, wrong),
      () => new nn.MLP(1, [], wrong),
    ]
    for (const call of calls) expect(call, String(call)).toThrow(ArgumentError)
  })

  test('parameters are leaves off the graph, of floats', () => {
    const x = ones([2], { requiresGrad: true }).mul(3)
    const p = nn.parameter(x)
    expect([p.isLeaf, p.requiresGrad, p instanceof nn.Parameter, p instanceof Tensor]).toEqual([true, true, true, true])
    expect(p.mul(2)).not.toBeInstanceOf(nn.Parameter)
    expect(() => nn.parameter(ints([1]))).toThrow(DtypeError)
  })
})

describe('layers', () => {
  test('Linear: shapes, values, initial bounds, seeds, gradients', () => {
    const layer = new nn.Linear(4, 3, { generator: new Generator(0) })
    expect([layer.weight.shape, layer.bias!.shape]).toEqual([[3, 4], [3]])
    for (const shape of [[4], [2, 4], [2, 5, 4], [0, 4]])
      expect(layer.forward(zeros(shape)).shape).toEqual([...shape.slice(0, -1), 3])
    expect(values(layer.forward(zeros([4])))).toEqual(values(layer.bias!))
    const wide = new nn.Linear(100, 500, { dtype: 'float64', generator: new Generator(2) })
    for (const p of wide.parameters()) {
      const most = p.detach().abs().max().item()
      expect(most).toBeLessThanOrEqual(0.1)
      expect(most).toBeGreaterThan(0.099)
      expect(p.detach().mean().item()).toBeCloseTo(0, 2)
    }
    expect(wide.weight.detach().std().item()).toBeCloseTo(0.1 / Math.sqrt(3), 3)
    expect(values(new nn.Linear(4, 3, { generator: new Generator(0) }).weight)).toEqual(values(layer.weight))
    expect(new nn.Linear(2, 2, { bias: false }).parameters()).toHaveLength(1)
    expect(values(new nn.Linear(0, 2).forward(zeros([1, 0])))).toEqual([0, 0])
    layer
      .forward(ones([2, 4]))
      .sum()
      .backward()
    expect(values(layer.bias!.grad!)).toEqual([2, 2, 2])
  })

  test('F.linear says what does not fit', () => {
    const w = zeros([10, 128])
    expect(() => F.linear(zeros([32, 784]), w)).toThrow(/\[10, 128\] takes 128 features, the input \[32, 784\] has 784/)
    expect(() => F.linear(zeros([128, 32]), w)).toThrow(/transpose/)
    expect(() => F.linear(tensor(1), w)).toThrow(ShapeError)
    expect(() => F.linear(zeros([128]), w, zeros([1]))).toThrow(/bias/)
    expect(() => F.linear(zeros([128]), zeros([128]))).toThrow(/\[out, in\]/)
    expect(() => F.linear(ints([1]), tensor([[1]]))).toThrow(DtypeError)
  })

  test('activations are what the methods are', () => {
    const x = f64([
      [-4, -1, -0.3, 0],
      [0.2, 1, 4, 30],
    ])
    const pairs: [nn.TensorModule, Tensor][] = [
      [new nn.Identity(), x],
      [new nn.ReLU(), x.relu()],
      [new nn.ReLU6(), x.relu6()],
      [new nn.LeakyReLU(), x.leakyRelu(0.01)],
      [new nn.LeakyReLU(0.2), x.leakyRelu(0.2)],
      [new nn.ELU(), x.elu(1)],
      [new nn.ELU(2), x.elu(2)],
      [new nn.SELU(), x.selu()],
      [new nn.CELU(2), x.celu(2)],
      [new nn.GELU(), x.gelu()],
      [new nn.GELU({ approximate: 'tanh' }), x.gelu({ approximate: 'tanh' })],
      [new nn.SiLU(), x.silu()],
      [new nn.Mish(), x.mish()],
      [new nn.Tanh(), x.tanh()],
      [new nn.Sigmoid(), x.sigmoid()],
      [new nn.Softplus(), x.softplus()],
      [new nn.Softplus({ beta: 2 }), F.softplus(x, { beta: 2 })],
      [new nn.Softsign(), x.softsign()],
      [new nn.LogSigmoid(), x.logsigmoid()],
      [new nn.Hardtanh(), x.hardtanh(-1, 1)],
      [new nn.Hardtanh(-2, 3), x.hardtanh(-2, 3)],
      [new nn.Hardswish(), x.hardswish()],
      [new nn.Hardsigmoid(), x.hardsigmoid()],
      [new nn.Softmax(0), x.softmax(0)],
      [new nn.LogSoftmax(-1), x.logSoftmax(-1)],
      [new nn.Flatten(), x],
      [new nn.Flatten(0), x.flatten()],
    ]
    for (const [module, expected] of pairs) {
      expect(module.forward(x).equal(expected), module.constructor.name).toBe(true)
      expect(module.parameters()).toEqual([])
    }
    expect(new nn.Flatten().forward(zeros([2, 3, 4])).shape).toEqual([2, 12])
    expect(new nn.ReLU().constructor.name).toBe('ReLU')
  })

  test('dropout: scaled, seeded, off in evaluation, and the same mask backward', () => {
    const x = ones([100, 100], { requiresGrad: true })
    const layer = new nn.Dropout(0.25, { generator: new Generator(5) })
    const out = layer.forward(x)
    expect([...new Set(values(out))].sort()).toEqual([0, Math.fround(1 / 0.75)])
    expect(out.detach().mean().item()).toBeCloseTo(1, 1)
    out.sum().backward()
    expect(x.grad!.equal(out.detach())).toBe(true)
    expect(layer.forward(x).equal(out)).toBe(false)
    expect(new nn.Dropout(0.25, { generator: new Generator(5) }).forward(x).equal(out)).toBe(true)
    expect(layer.eval().forward(x)).toBe(x)
    expect(F.dropout(x, { p: 0 })).toBe(x)
    expect(F.dropout(x, { p: 1 }).sum().item()).toBe(0)
    // the draw comes through the door
    const seen: string[] = []
    observe(
      event => seen.push(event.name),
      () => F.dropout(x),
    )
    expect(seen).toContain('bernoulli')
    for (const p of [-0.1, 1.1, Number.NaN]) {
      expect(() => F.dropout(x, { p })).toThrow(ArgumentError)
      expect(() => new nn.Dropout(p)).toThrow(ArgumentError)
    }
    expect(() => F.dropout(ints([1]))).toThrow(DtypeError)
  })
})

describe('losses', () => {
  const logits = wave(Math.sin, [2, 3, 2, 2])
  const target = ints([
    [
      [0, 2],
      [1, -100],
    ],
    [
      [2, 2],
      [0, 1],
    ],
  ])
  const weight = f64([0.5, 2, 1])

  test('cross entropy with everything at once, as PyTorch', () => {
    const options = { weight, labelSmoothing: 0.2 }
    const x = logits.detach().requiresGrad_()
    const mean = F.crossEntropy(x, target, options)
    close(mean, [1.1611504704837818])
    close(F.crossEntropy(x, target, { ...options, reduction: 'sum' }), [9.289203763870255])
    expect(
      F.crossEntropy(x, target, { ...options, reduction: 'none' })
        .at(0, 1, 1)
        .item(),
    ).toBe(0)
    mean.backward()
    close(
      x.grad!.reshape(-1).slice(0, 0, 6),
      [-0.035130141377657347, 0.06695392959000013, 0.14479702298551667, 0, -0.007735410777578781, -0.00491515698937265],
    )
    const probs = wave(Math.cos, [2, 3, 2, 2]).softmax(1)
    close(F.crossEntropy(logits, probs, options), [1.7651908202978284])
    close(F.crossEntropy(logits.at(0, ':', 0, 0), probs.at(0, ':', 0, 0)), [1.3126590467174342])
    close(F.nllLoss(logits.at(':', ':', 0, 0), ints([1, 2]), { weight }), [0.20021991329607625])
  })

  test('of nothing the mean is NaN and the sum 0', () => {
    const ignored = ints([-100, -100])
    const x = zeros([2, 3])
    expect(F.crossEntropy(x, ignored).item()).toBeNaN()
    expect(F.crossEntropy(x, ignored, { weight: ones([3]) }).item()).toBeNaN()
    expect(F.crossEntropy(x, ignored, { reduction: 'sum' }).item()).toBe(0)
    expect(F.crossEntropy(zeros([3]), ints(-100)).item()).toBeNaN()
    expect(F.crossEntropy(zeros([0, 3]), zeros([0], { dtype: 'int32' })).item()).toBeNaN()
    expect(F.mseLoss(zeros([0]), zeros([0])).item()).toBeNaN()
    expect(F.mseLoss(zeros([0]), zeros([0]), { reduction: 'sum' }).item()).toBe(0)
    // what is ignored does not count, whatever it is
    const wild = tensor([
      [0, 0],
      [Number.NaN, Infinity],
    ])
    expect(F.crossEntropy(wild, ints([0, 1]), { ignoreIndex: 1 }).item()).toBeCloseTo(Math.LN2, 6)
  })

  test('confident logits neither overflow nor vanish', () => {
    expect(F.crossEntropy(f64([[1000, 0]]), ints([1])).item()).toBe(1000)
    expect(F.crossEntropy(tensor([[0, -20]]), ints([0])).item() / Math.exp(-20)).toBeCloseTo(1, 6)
    const x = f64([-50, 50, 800, -800]).requiresGrad_()
    const loss = F.binaryCrossEntropyWithLogits(x, f64([0, 1, 0, 1]), { reduction: 'none' })
    const tail = Math.exp(-50)
    for (const [i, expected] of [tail, tail, 800, 800].entries()) expect(loss.data[i]! / expected).toBeCloseTo(1, 12)
    loss.sum().backward()
    for (const [i, expected] of [tail, -tail, 1, -1].entries()) expect(x.grad!.data[i]! / expected).toBeCloseTo(1, 12)
  })

  test('binary cross entropy broadcasts its weights, as PyTorch', () => {
    const [x, y] = [f64([2, -1, 0.5]), f64([0, 1, 0.3])]
    close(F.binaryCrossEntropyWithLogits(x, y, { weight: f64([0.5]), posWeight: f64(3) }), [1.1958727080476355])
    for (const weight of [ones([2, 3]), ones([2])]) {
      expect(() => F.binaryCrossEntropyWithLogits(x, y, { weight })).toThrow(ShapeError)
      expect(() => F.binaryCrossEntropyWithLogits(x, y, { posWeight: weight })).toThrow(ShapeError)
    }
  })

  test('shapes that would broadcast in silence are refused, with the fix', () => {
    for (const loss of [F.mseLoss, F.hingeLoss, F.binaryCrossEntropyWithLogits]) {
      expect(() => loss(zeros([8, 1]), zeros([8]))).toThrow(
        /\[8, 1\] and target \[8\] differ in shape. Did you mean target.reshape\(8, 1\)/,
      )
      expect(() => loss(zeros([8, 1]), zeros([1]))).toThrow(ShapeError)
      expect(() => loss(ints([1]), ints([1]))).toThrow(DtypeError)
    }
    expect(() => F.crossEntropy(zeros([8, 3]), zeros([8, 1], { dtype: 'int32' }))).toThrow(
      /class indices \[8\], not \[8, 1\]/,
    )
    expect(() => F.crossEntropy(zeros([8, 3]), zeros([8, 3], { dtype: 'int32' }))).toThrow(/target.float\(\)/)
    expect(() => F.crossEntropy(zeros([8, 3]), zeros([8]))).toThrow(/target.int\(\)/)
    expect(() => F.nllLoss(zeros([8, 3]), zeros([8]))).toThrow(DtypeError)
    expect(() => F.crossEntropy(zeros([8, 3]), zeros([8], { dtype: 'int32' }), { weight: ones([2]) })).toThrow(
      ShapeError,
    )
    expect(() => F.crossEntropy(tensor(1), ints(0))).toThrow(ShapeError)
  })

  test('targets and options that do not exist', () => {
    const [x, y] = [zeros([2, 3]), ints([0, 1])]
    for (const bad of [3, -1]) {
      expect(() => F.crossEntropy(x, ints([0, bad]))).toThrow(IndexError)
      expect(() => F.crossEntropy(x, ints([0, bad]))).toThrow(`target ${bad} is out of range for 3 classes (0 to 2)`)
      expect(() => F.nllLoss(x, ints([0, bad]))).toThrow(IndexError)
    }
    for (const labelSmoothing of [-0.1, 1.1, Number.NaN])
      expect(() => F.crossEntropy(x, y, { labelSmoothing })).toThrow(ArgumentError)
    expect(() => F.crossEntropy(x, zeros([2, 3]), { ignoreIndex: 1 })).toThrow(ArgumentError)
    const reduction = 'average' as 'mean'
    expect(() => F.crossEntropy(x, y, { reduction })).toThrow(/'average'/)
    expect(() => F.crossEntropy(x, zeros([2, 3]), { reduction })).toThrow(ArgumentError)
    expect(() => F.nllLoss(x, y, { reduction })).toThrow(ArgumentError)
    for (const loss of [F.mseLoss, F.hingeLoss, F.binaryCrossEntropyWithLogits])
      expect(() => loss(x, x, { reduction })).toThrow(ArgumentError)
  })

  test('as modules, their weights buffers', () => {
    const [x, y] = [randn([4, 3], { generator: new Generator(1) }), ints([0, 2, 1, 1])]
    const z = rand([4, 3], { generator: new Generator(2) })
    const options = { weight: tensor([1, 2, 3]), labelSmoothing: 0.1 }
    const loss = new nn.CrossEntropyLoss(options)
    expect(loss.forward(x, y).item()).toBe(F.crossEntropy(x, y, options).item())
    expect(loss.labelSmoothing).toBe(0.1)
    expect(names(loss.namedBuffers())).toEqual(['weight'])
    expect(new nn.MSELoss().forward(x, z).item()).toBe(F.mseLoss(x, z).item())
    expect(new nn.MSELoss({ reduction: 'none' }).forward(x, z).shape).toEqual([4, 3])
    expect(new nn.NLLLoss({ ignoreIndex: 1 }).forward(x, y).item()).toBe(F.nllLoss(x, y, { ignoreIndex: 1 }).item())
    expect(new nn.HingeLoss({ reduction: 'sum' }).forward(x, z).item()).toBe(
      F.hingeLoss(x, z, { reduction: 'sum' }).item(),
    )
    expect(new nn.BCEWithLogitsLoss({ posWeight: tensor([2]) }).forward(x, z).item()).toBe(
      F.binaryCrossEntropyWithLogits(x, z, { posWeight: tensor([2]) }).item(),
    )
  })
})

describe('init', () => {
  const generator = new Generator(11)
  const w = (...shape: number[]): Tensor => zeros(shape, { dtype: 'float64', requiresGrad: true })

  test('ranges and deviations', () => {
    const spread = (x: Tensor): [number, number] => [x.detach().std().item(), x.detach().abs().max().item()]
    const cases: [Tensor, std: number, uniform: boolean][] = [
      [nn.init.uniform(w(200, 100), -1, 1, { generator }), 1 / Math.sqrt(3), true],
      [nn.init.normal(w(200, 100), 0, 2, { generator }), 2, false],
      [nn.init.kaimingUniform(w(200, 100), { generator }), Math.sqrt(2 / 100), true],
      [
        nn.init.kaimingUniform(w(200, 100), { mode: 'fanOut', nonlinearity: 'tanh', generator }),
        5 / 3 / Math.sqrt(200),
        true,
      ],
      [nn.init.kaimingNormal(w(200, 100), { a: 1, generator }), Math.sqrt(1 / 100), false],
      [nn.init.kaimingNormal(w(100, 20, 3, 3), { nonlinearity: 'relu', generator }), Math.sqrt(2 / 180), false],
      [nn.init.xavierUniform(w(200, 100), { gain: 2, generator }), 2 * Math.sqrt(2 / 300), true],
      [nn.init.xavierNormal(w(50, 40, 3, 3), { generator }), Math.sqrt(2 / 810), false],
    ]
    for (const [x, std, uniform] of cases) {
      const [got, most] = spread(x)
      expect(got / std).toBeGreaterThan(0.97)
      expect(got / std).toBeLessThan(1.03)
      if (uniform) expect(most).toBeLessThanOrEqual(std * Math.sqrt(3))
      else expect(most).toBeGreaterThan(std * 3)
      expect([x.isLeaf, x.requiresGrad, x.dtype]).toEqual([true, true, 'float64'])
    }
    expect(values(nn.init.normal(w(2000), 5, 0, { generator })).every(x => x === 5)).toBe(true)
  })

  test('constants, gains, refusals', () => {
    const x = w(2)
    expect(nn.init.constant(x, 3)).toBe(x)
    expect(values(x)).toEqual([3, 3])
    expect(values(nn.init.ones(x))).toEqual([1, 1])
    expect(values(nn.init.zeros(x))).toEqual([0, 0])
    expect(nn.init.calculateGain('leakyRelu', 0)).toBe(Math.SQRT2)
    expect(() => nn.init.calculateGain('cosine' as 'tanh')).toThrow(ArgumentError)
    expect(() => nn.init.kaimingUniform(x)).toThrow(ShapeError)
    expect(() => nn.init.xavierNormal(x)).toThrow(ShapeError)
    expect(() => nn.init.kaimingNormal(w(1, 1), { mode: 'fan_in' as 'fanIn' })).toThrow(ArgumentError)
    expect(() => nn.init.uniform(x.mul(2))).toThrow(GradError)
    expect(nn.init.kaimingUniform(w(3, 0)).numel).toBe(0)
  })
})

describe('summary', () => {
  const model = new nn.Sequential(
    new nn.Linear(2, 16),
    new nn.Dropout(),
    new nn.Sequential(new nn.ReLU(), new nn.Linear(16, 1)),
  )

  test('without and with shapes', () => {
    model.parameters()[0]!.requiresGrad_(false)
    expect(nn.summary(model)).toBe(`\
module  type        parameters
        Sequential           0
0       Linear              48
1       Dropout              0
2       Sequential           0
2.0     ReLU                 0
2.1     Linear              17
65 parameters (33 trainable, 32 frozen), 260 bytes with 0 buffers`)
    expect(nn.summary(model, [5, 2]).split('\n')[2]).toBe('0       Linear      [5, 16]          48    400          640')
  })

  test('leaves the model as it was, even when it throws', () => {
    model[1]!.eval()
    const state = () => [model.namedModules().map(([, m]) => [m.training, Object.hasOwn(m, 'forward')])]
    const expected = state()
    nn.summary(model, [5, 2])
    expect(() => nn.summary(model, [5, 3])).toThrow(ShapeError)
    expect(state()).toEqual(expected)
  })

  test('shared parameters once, buffers in the bytes', () => {
    class Tied extends nn.Module {
      a = new nn.Linear(3, 3, { bias: false })
      b = new nn.Linear(3, 3, { bias: false })
      mean = zeros([2], { dtype: 'float64' })
      scale = nn.parameter(ones([1]))
      constructor() {
        super()
        this.b.weight = this.a.weight
      }
      forward(x: Tensor): Tensor {
        return this.b.forward(this.a.forward(x)).mul(this.scale)
      }
    }
    const text = nn.summary(new Tied(), [1, 3])
    expect(
      text
        .split('\n')
        .slice(1, 4)
        .map(line => line.trim().split(/\s+/).at(-3)),
    ).toEqual(['1', '9', '0'])
    expect(text).toContain('10 parameters (10 trainable, 0 frozen), 56 bytes with 1 buffer')
  })
})

describe("micrograd's networks", () => {
  test('an MLP computes what its weights say, and learns', () => {
    const model = new nn.MLP(2, [3, 1], { nonlinearity: 'tanh', generator: new Generator(4) })
    expect(model.parameters()).toHaveLength(13)
    const [a, b] = model.layers.map(layer => layer.neurons.map(n => [n.b, ...n.w].map(v => v.data))) as [
      number[][],
      number[][],
    ]
    for (const row of [...a, ...b]) {
      expect(row[0]).toBe(0)
      expect(row.every(x => x >= -1 && x < 1)).toBe(true)
    }
    const hidden = a.map(([b0, w0, w1]) => Math.tanh(b0! + w0! * 0.5 + w1! * -2))
    const [score] = model.forward([0.5, -2])
    expect(score!.data).toBeCloseTo(
      hidden.reduce((sum, h, i) => sum + h * b[0]![i + 1]!, b[0]![0]!),
      14,
    )
    const loss = () => model.forward([0.5, -2])[0]!.sub(1).square()
    const before = loss().data
    for (let i = 0; i < 20; i++) {
      model.zeroGrad()
      loss().backward()
      for (const p of model.parameters()) p.data -= 0.1 * p.grad
    }
    expect(loss().data).toBeLessThan(before / 10)
    model.zeroGrad()
    expect(model.parameters().every(p => p.grad === 0)).toBe(true)
  })

  test('sizes, seeds, refusals', () => {
    const make = () => new nn.MLP(2, [16, 16, 1], { generator: new Generator(1) })
    expect(make().parameters()).toHaveLength(337)
    expect(
      make()
        .parameters()
        .map(p => p.data),
    ).toEqual(
      make()
        .parameters()
        .map(p => p.data),
    )
    expect(make().layers.map(layer => layer.neurons[0]!.nonlinearity)).toEqual(['relu', 'relu', 'linear'])
    expect(new nn.Layer(2, 3).forward([1, 2])).toHaveLength(3)
    expect(() => make().forward([1])).toThrow(ShapeError)
    expect(() => new nn.Neuron(1, { nonlinearity: 'sine' as 'relu' })).toThrow(ArgumentError)
  })
})
