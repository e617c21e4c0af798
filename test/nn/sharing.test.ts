// Tied weights, and parameters that a model does not know or a loss does not reach.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  checkpoint,
  compile,
  F,
  nn,
  ones,
  optim,
  randn,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'
import { copy } from '../../src/nn/copy.ts'
import { close } from '../compile/steps.ts'
import { read, values } from '../fixture.ts'

class Tied extends nn.Module {
  embed = new nn.Embedding(5, 3)
  blocks = new nn.ModuleList([new nn.Linear(3, 3), new nn.Linear(3, 3)])
  head = new nn.Linear(3, 5, { bias: false })
  extras = new nn.ModuleDict({ norm: new nn.BatchNorm1d(3) })
  scales = new nn.ParameterList([ones([2])])
  again = this.scales[0]
  constructor() {
    super()
    this.blocks.append(this.blocks.at(0))
    this.head.weight = this.embed.weight
  }
  forward(x: Tensor): Tensor {
    let h = this.embed.forward(x)
    for (const block of this.blocks) h = block.forward(h).tanh()
    return this.head.forward(h)
  }
}
const words = tensor([[1, 4, 0, 2]], { dtype: 'int32' })

describe('tied weights', () => {
  const [stored] = read<{ keys?: string[]; parameters: string[] }>('layers').filter(t => t.keys)

  test('are listed as PyTorch lists them', () => {
    const model = new Tied()
    const order = (list: readonly string[]): string[] => [...list].sort()
    // PyTorch has a module's own parameters before those of its children
    expect(order(Object.keys(model.stateDict()))).toEqual(order(stored!.keys!))
    expect(order(model.namedParameters().map(([name]) => name.replace(/^scales\.0$/, 'again')))).toEqual(
      order(stored!.parameters),
    )
    expect(nn.summary(model)).toContain('47 parameters')
  })

  test('collect one gradient, train once, eager and compiled', () => {
    const a = new Tied()
    const b = copy(a)
    expect(b.head.weight).toBe(b.embed.weight)
    const run = (model: Tied, compiled: boolean): number[] => {
      const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 })
      const step = (): Tensor => {
        optimizer.zeroGrad()
        const loss = F.crossEntropy(model.forward(words).reshape(4, 5), words.reshape(-1))
        loss.backward()
        optimizer.step()
        return loss
      }
      const train = compiled ? compile(step) : step
      return Array.from({ length: 8 }, () => train().item())
    }
    const [first, second] = [run(a, false), run(b, true)]
    first.forEach((loss, i) => {
      expect(second[i]).toBeCloseTo(loss, 5)
    })
    expect(first.at(-1)).toBeLessThan(first[0]!)
    close(a.embed.weight, b.head.weight)
  })

  test('a state is one copy under all names, and comes back', () => {
    const [a, b] = [new Tied(), new Tied()]
    const state = a.stateDict()
    expect(state['head.weight']).toBe(state['embed.weight'])
    expect(b.loadStateDict(state)).toEqual({ missing: [], unexpected: [] })
    expect(b.forward(words).equal(a.forward(words))).toBe(true)
    // one of the names is enough, whichever
    for (const left of ['head.weight', 'embed.weight', 'blocks.2.bias', 'again']) {
      const { [left]: _, ...rest } = state
      expect(new Tied().loadStateDict(rest)).toEqual({ missing: [], unexpected: [] })
    }
    const { 'head.weight': _, 'embed.weight': __, ...none } = state
    expect(() => b.loadStateDict(none)).toThrow(/missing: embed.weight, head.weight/)
    expect(b.loadStateDict(none, { strict: false }).missing).toEqual(['embed.weight', 'head.weight'])
  })

  test('values that contradict each other are refused, and nothing has changed', () => {
    const model = new Tied()
    const state = model.stateDict()
    const before = values(model.embed.weight)
    const load = (head: Tensor, strict = true) => model.loadStateDict({ ...state, 'head.weight': head }, { strict })
    for (const strict of [true, false]) {
      expect(() => load(zeros([5, 3]), strict)).toThrow(ArgumentError)
      expect(() => load(zeros([5, 3]), strict)).toThrow(
        "loadStateDict: 'embed.weight' and 'head.weight' are one tensor of Tied, and differ in the state",
      )
    }
    expect(() => load(zeros([3, 5]))).toThrow(ShapeError)
    expect(values(model.embed.weight)).toEqual(before)
    // equal ones of another dtype, and NaN
    load(state['head.weight']!.double())
    const nan = state['embed.weight']!.mul(Number.NaN)
    model.loadStateDict({ ...state, 'embed.weight': nan, 'head.weight': nan.clone() })
    expect(values(model.head.weight).every(Number.isNaN)).toBe(true)
  })

  test('modules in circles and chains end', () => {
    class Link extends nn.Module {
      w = nn.parameter(ones([1]))
      next: Link | null = null
      root: nn.Module | null = null
      forward(): void {}
    }
    const [a, b] = [new Link(), new Link()]
    a.next = b
    b.next = a
    b.root = a
    expect(Object.keys(a.stateDict())).toEqual(['w', 'next.w'])
    expect(a.loadStateDict(a.stateDict())).toEqual({ missing: [], unexpected: [] })
  })
})

describe('what a loss reaches', () => {
  class Scaled extends nn.Module {
    used = new nn.Linear(2, 3)
    unused = new nn.Linear(3, 1)
    frozen = new nn.Linear(3, 3).requiresGrad_(false)
    #hidden = nn.parameter(ones([3]))
    forward(x: Tensor): Tensor {
      return this.frozen.forward(this.used.forward(x)).mul(this.#hidden)
    }
  }
  const x = randn([4, 2])

  test('names of parameters that it leaves out, tensors that no field holds', () => {
    const model = new Scaled()
    const outside = ones([1], { requiresGrad: true })
    const loss = model.forward(x).mul(outside).sum()
    expect(nn.unreached(model, loss)).toEqual(['unused.weight', 'unused.bias'])
    expect(nn.unregistered(model, loss).map(y => y.shape)).toEqual([[3], [1]])
    expect(nn.unregistered(model, loss, { inputs: [outside] }).map(y => y.shape)).toEqual([[3]])
    loss.backward()
    expect(nn.unreached(model, loss)).toEqual(['unused.weight', 'unused.bias'])
    expect(nn.unregistered(model, loss)).toHaveLength(2)
  })

  test('nothing, where all is well; through checkpoints and tied weights too', () => {
    const model = new Tied()
    const loss = model.forward(words).sum()
    expect(nn.unregistered(model, loss)).toEqual([])
    expect(nn.unreached(model, loss)).toEqual(['extras.norm.weight', 'extras.norm.bias', 'scales.0'])
    const layer = new nn.Linear(2, 1)
    const again = checkpoint((y: Tensor) => layer.forward(y))(x).sum()
    expect([nn.unregistered(layer, again), nn.unreached(layer, again)]).toEqual([[], []])
  })

  test('a loss without a graph, options that do not exist', () => {
    const model = new Scaled()
    for (const f of [nn.unreached, nn.unregistered]) {
      expect(() => f(model, zeros([]))).toThrow(ArgumentError)
      expect(() => f(model, zeros([]))).toThrow(/the loss has no graph/)
    }
    expect(() => nn.unregistered(model, model.forward(x).sum(), { except: [] } as object)).toThrow(/unknown option/)
    for (const f of [nn.unreached, nn.unregistered])
      expect(() => f(model.forward(x).sum() as never, model as never)).toThrow(/needs a module, then its loss/)
  })
  test('a module is no state', () => {
    const from = new nn.Linear(2, 1)
    expect(() => new nn.Linear(2, 1).loadStateDict(from as never)).toThrow(/Did you mean other.stateDict\(\)/)
  })
})
