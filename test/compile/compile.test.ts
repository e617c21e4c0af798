// A compiled step does what the step does: the same numbers, state that can be read and set, and errors that say what to do.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  bernoulli,
  codegen,
  compile,
  type Description,
  F,
  Generator,
  live,
  nn,
  noGrad,
  ones,
  optim,
  randn,
  Tensor,
  tensor,
  Value,
  zeros,
} from '../../src/index.ts'
import { cases, close, type Make, network, type Optimizer, optimizers, stepOf, trained } from './steps.ts'

afterEach(() => {
  codegen(true)
})

/** Was the step compiled, or does it still run as it is? */
const programs = (f: { describe(): readonly unknown[] }): number => f.describe().length

/** Runs a step made twice from the same seed, as it is and compiled, and compares all it leaves after each call. */
function same(make: Make, steps = 12, tolerance?: number): void {
  const eager = make(new Generator(7))
  const other = make(new Generator(7))
  const compiled = compile(other.step)
  for (let i = 0; i < steps; i++) {
    const [a, b] = [eager.step(), compiled()]
    if (a instanceof Tensor) close(b as Tensor, a, tolerance)
    const [x, y] = [eager.watch(), other.watch()]
    for (const [k, t] of x.entries()) close(y[k] as Tensor, t, tolerance)
  }
  expect(programs(compiled)).toBe(1)
}

describe('training steps are those of the eager engine', () => {
  test.each(optimizers)('%s', (_, optimizer) => same(trained(optimizer), 30))

  test('two optimizers', () =>
    same(
      trained(p => {
        const [a, b] = [new optim.SGD(p.slice(0, 1), { lr: 0.1 }), new optim.Adam(p.slice(1), { lr: 0.01 })]
        return {
          zeroGrad() {
            for (const o of [a, b]) o.zeroGrad()
          },
          step() {
            for (const o of [a, b]) o.step()
          },
        }
      }),
    ))

  test.each([2, 1, Infinity, 3])('clipped to a norm of order %d', normType =>
    same(
      trained(
        p => new optim.SGD(p, { lr: 0.1 }),
        p => optim.clipGradNorm(p, 0.01, { normType }),
      ),
    ),
  )
  test('clipped by value', () =>
    same(
      trained(
        p => new optim.SGD(p, { lr: 0.1 }),
        p => optim.clipGradValue(p, 0.001),
      ),
    ))

  test('gradients that add up over calls', () =>
    same(generator => {
      const w = randn([4], { generator }).requiresGrad_()
      const x = randn([4], { generator })
      return { step: () => w.mul(x).tanh().sum().backward(), watch: () => [w.grad as Tensor] }
    }))

  test('gradients cleared at the end', () =>
    same(generator => {
      const w = randn([4], { generator }).requiresGrad_()
      const o = new optim.SGD([w], { lr: 0.1 })
      return {
        step() {
          w.square().sum().backward()
          o.step()
          o.zeroGrad()
          expect(w.grad).toBeNull()
        },
        watch: () => [w],
      }
    }))

  test('dropout, drawn anew in each call from its own generator', () =>
    same(generator => {
      const model = new nn.Sequential(
        new nn.Linear(6, 20, { generator }),
        new nn.Dropout(0.4, { generator: new Generator(3) }),
        new nn.Linear(20, 2, { generator }),
      )
      const x = randn([5, 6], { generator })
      const o = new optim.SGD(model.parameters(), { lr: 0.1 })
      return {
        step() {
          const noise = randn([5, 2], { generator })
          const loss = F.mseLoss(model.forward(x), noise)
          o.zeroGrad()
          loss.backward()
          o.step()
          return loss
        },
        watch: () => model.parameters(),
      }
    }, 20))

  test('float64', () =>
    same(
      generator => {
        const w = randn([7, 7], { generator, dtype: 'float64' }).requiresGrad_()
        const x = randn([3, 7], { generator, dtype: 'float64' })
        const o = new optim.Adam([w], { lr: 0.01 })
        return {
          step() {
            const loss = x.matmul(w).softmax(-1).log().mean()
            o.zeroGrad()
            loss.backward()
            o.step()
            return loss
          },
          watch: () => [w],
        }
      },
      20,
      1e-12,
    ))
})

describe('ops and layers', () => {
  test.each(Object.entries(cases))('%s', (_, f) => same(stepOf(f), 5, 1e-4))
})

describe('what goes in', () => {
  test('arguments: other tensors, other shapes, arrays and objects of them', () => {
    const w = ones([3]).requiresGrad_()
    const f = compile((x: Tensor, more: { scale: Tensor; list: Tensor[] }) =>
      x
        .mul(w)
        .mul(more.scale)
        .add(more.list[1] as Tensor),
    )
    for (let i = 1; i < 6; i++) {
      const out = f(tensor([i, 2, 3]), { scale: tensor([2]), list: [zeros([1]), tensor([i])] })
      expect(out.toArray()).toEqual([2 * i + i, 4 + i, 6 + i])
    }
    expect(programs(f)).toBe(1)
    for (let i = 1; i < 6; i++)
      expect(f(ones([2, 3]), { scale: tensor([i]), list: [zeros([1]), zeros([1])] }).toArray()).toEqual([
        [i, i, i],
        [i, i, i],
      ])
    expect(programs(f)).toBe(2)
  })

  test('the same argument twice, and the same array again', () => {
    const f = compile((x: Tensor, y: Tensor) => x.add(y))
    const x = tensor([1, 2])
    for (let i = 0; i < 5; i++) expect(f(x, x).toArray()).toEqual([2, 4])
    for (let i = 0; i < 5; i++) expect(f(x, tensor([1, i])).toArray()).toEqual([2, 2 + i])
  })

  test('flags and texts choose a program; the oldest goes when there are too many', () => {
    const f = compile((x: Tensor, how: string) => (how === 'double' ? x.mul(2) : x.neg()), { cache: 2 })
    for (let i = 0; i < 4; i++) {
      expect(f(tensor([i + 1]), 'double').item()).toBe(2 * i + 2)
      expect(f(tensor([i + 1]), 'negative').item()).toBe(-i - 1)
    }
    expect(programs(f)).toBe(2)
    for (let i = 0; i < 4; i++) f(tensor([i]), `other ${i}`)
    expect(programs(f)).toBe(0)
  })

  test('a learning rate that changes, and whatever else is live', () => {
    let scale = 1
    const make: Make = () => {
      const w = tensor([4, 5]).requiresGrad_()
      const o = new optim.SGD([w], { lr: 0.1, momentum: 0.5 })
      let t = 0
      return {
        step() {
          const loss = w
            .square()
            .mul(live(() => scale))
            .sum()
          o.zeroGrad()
          loss.backward()
          o.step()
          return loss
        },
        watch() {
          // a schedule, between steps
          t++
          o.paramGroups[0]!.lr = 0.1 / (1 + t)
          o.paramGroups[0]!.momentum = 0.5 + 0.01 * t
          scale = 1 + Math.floor(t / 2)
          return [w]
        },
      }
    }
    const [a, b] = [make(new Generator()), make(new Generator())]
    const compiled = compile(b.step)
    for (let i = 0; i < 12; i++) {
      close(compiled() as Tensor, a.step() as Tensor)
      const before = scale
      const x = a.watch()
      const after = scale
      scale = before
      close(b.watch()[0]!, x[0]!)
      scale = after
    }
    expect(programs(compiled)).toBe(1)
  })

  test('an option that changes the formula makes another program', () => {
    const w = tensor([1]).requiresGrad_()
    const o = new optim.SGD([w], { lr: 1 })
    const f = compile(() => {
      o.zeroGrad()
      w.mul(1).sum().backward()
      o.step()
    })
    for (let i = 0; i < 4; i++) f()
    expect(w.item()).toBe(-3)
    o.paramGroups[0]!.maximize = true
    for (let i = 0; i < 4; i++) f()
    expect(w.item()).toBe(1)
    expect(programs(f)).toBe(2)
    o.paramGroups[0]!.maximize = false
    f()
    expect([w.item(), programs(f)]).toEqual([0, 2])
  })

  test('train and eval are two programs', () => {
    const layer = new nn.Dropout(0.5, { generator: new Generator(1) })
    const f = compile((x: Tensor) => layer.forward(x))
    const x = ones([400])
    const kinds = (): number => new Set(f(x).data).size
    for (let i = 0; i < 4; i++) expect(kinds()).toBe(2)
    layer.eval()
    for (let i = 0; i < 4; i++) expect(kinds()).toBe(1)
    layer.train()
    expect(kinds()).toBe(2)
    expect(programs(f)).toBe(2)
  })

  test('a leaf that is assigned, also to one of another dtype', () => {
    const x = tensor([1, 2])
    const f = compile(() => x.mul(10))
    for (let i = 0; i < 6; i++) {
      x.assign(i % 2 ? tensor([i, i], { dtype: 'int32' }) : Float32Array.of(i, i))
      expect(f().toArray()).toEqual([10 * i, 10 * i])
    }
    expect(programs(f)).toBe(1)
  })

  test('a parameter that is frozen makes another program', () => {
    const [a, b] = [tensor([2]).requiresGrad_(), tensor([3]).requiresGrad_()]
    const f = compile(() => {
      a.grad = null
      b.grad = null
      a.mul(b).sum().backward()
    })
    for (let i = 0; i < 4; i++) f()
    expect([a.grad?.item(), b.grad?.item()]).toEqual([3, 2])
    a.requiresGrad_(false)
    for (let i = 0; i < 4; i++) f()
    expect([a.grad, b.grad?.item()]).toEqual([null, 2])
  })
})

describe('what comes out', () => {
  test('results keep their values when the step runs again', () => {
    const w = tensor([1]).requiresGrad_()
    const o = new optim.SGD([w], { lr: 1 })
    const f = compile(() => {
      const loss = w.mul(1).sum()
      o.zeroGrad()
      loss.backward()
      o.step()
      return { loss, more: [w.mul(2), 'text'] as const, parameter: w }
    })
    const results = Array.from({ length: 6 }, () => f())
    expect(results.map(({ loss }) => loss.item())).toEqual([1, 0, -1, -2, -3, -4])
    expect(results.map(({ more }) => (more[0] as Tensor).item())).toEqual([0, -2, -4, -6, -8, -10])
    expect(results.map(({ parameter }) => parameter.item())).toEqual([0, -1, -2, -3, -4, -5])
    expect(results[5]!.more[1]).toBe('text')
  })

  test('gradients that were read stay as they were', () => {
    const w = tensor([1]).requiresGrad_()
    const f = compile(() => {
      w.grad = null
      w.square().sum().backward()
      noGrad(() => w.assign(w.add(1)))
    })
    const seen = Array.from({ length: 5 }, () => {
      f()
      return w.grad as Tensor
    })
    expect(seen.map(g => g.item())).toEqual([2, 4, 6, 8, 10])
    expect(w.grad).toBe(w.grad)
  })

  test('what an eager graph has stored is not touched by a program that writes the parameter', () => {
    const w = tensor([3]).requiresGrad_()
    const f = compile(() => {
      noGrad(() => w.assign(w.mul(2)))
    })
    for (let i = 0; i < 3; i++) f()
    expect(w.item()).toBe(24)
    const out = w.square()
    f()
    expect(w.item()).toBe(48)
    w.grad = null
    out.sum().backward()
    expect(w.grad!.item()).toBe(48)
  })

  test('optimizer state can be saved and loaded between calls', () => {
    const make = () => {
      const made = trained(p => {
        o = new optim.Adam(p, { lr: 0.01 })
        return o
      })(new Generator(1))
      return { ...made, optimizer: o as optim.Adam }
    }
    let o: optim.Adam | undefined
    const [a, b] = [make(), make()]
    const compiled = compile(b.step)
    for (let i = 0; i < 6; i++) {
      a.step()
      compiled()
    }
    const [x, y] = [a.optimizer.stateDict(), b.optimizer.stateDict()]
    expect(y.state[0]!.step).toBe(6)
    close(y.state[1]!.expAvg as Tensor, x.state[1]!.expAvg as Tensor)
    // a snapshot: what happens later leaves it alone
    const kept = (y.state[1]!.expAvg as Tensor).toArray()
    compiled()
    a.step()
    expect((y.state[1]!.expAvg as Tensor).toArray()).toEqual(kept)
    a.optimizer.loadStateDict(x)
    b.optimizer.loadStateDict(x)
    for (let i = 0; i < 5; i++) {
      a.step()
      compiled()
    }
    for (const [k, p] of a.watch().entries()) close(b.watch()[k]!, p)
    expect(b.optimizer.stateDict().state[0]!.step).toBe(11)
  })

  test('several programs share parameters', () => {
    const model = network(new Generator(2))
    const x = randn([4, 3], { generator: new Generator(3) })
    const o = new optim.SGD(model.parameters(), { lr: 0.1 })
    const train = compile(() => {
      const loss = model.forward(x).square().sum()
      o.zeroGrad()
      loss.backward()
      o.step()
      return loss
    })
    const evaluate = compile(() => model.forward(x).square().sum())
    const losses: number[] = []
    for (let i = 0; i < 8; i++) {
      const before = evaluate().item()
      expect(model.forward(x).square().sum().item()).toBeCloseTo(before, 4)
      losses.push(train().item())
      expect(losses[i]).toBeCloseTo(before, 4)
    }
    expect(losses[7]).toBeLessThan(losses[0]!)
  })

  test('tensors that trade places', () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])]
    const f = compile(() => {
      const old = a.add(0)
      a.assign(b)
      b.assign(old)
    })
    for (let i = 0; i < 6; i++) f()
    expect([a.toArray(), b.toArray()]).toEqual([
      [1, 2],
      [3, 4],
    ])
    f()
    expect([a.toArray(), b.toArray()]).toEqual([
      [3, 4],
      [1, 2],
    ])
  })
})

test('a program says what it consists of', () => {
  const { step } = trained(p => new optim.Adam(p, { lr: 0.01 }))(new Generator(1))
  const f = compile(step)
  for (let i = 0; i < 5; i++) f()
  const [d] = f.describe() as [Extract<Description, { engine: 'tensor' }>]
  expect(d!.ops).toBeGreaterThan(d!.kernels.length)
  expect(d!.host).toEqual([])
  expect(d!.planned).toBeLessThan(d!.naive)
  // the products alone: forward 2·9·(3·8 + 8·5), backward twice as much but for the input's own
  expect(d!.flops).toBeGreaterThan(2 * 9 * (2 * 3 * 8 + 3 * 8 * 5))
})

test('draws follow their generator', () => {
  const f = compile(() => bernoulli(ones([4]).mul(0.5), { generator }).add(randn([4], { generator })))
  const generator = new Generator(9)
  const results = Array.from({ length: 6 }, () => f().toArray())
  const again = new Generator(9)
  for (const result of results)
    expect(
      bernoulli(ones([4]).mul(0.5), { generator: again })
        .add(randn([4], { generator: again }))
        .toArray(),
    ).toEqual(result)
})

describe('steps on values', () => {
  const moons = (optimizer: (p: Value[]) => Optimizer & { paramGroups: { lr: number }[] }, clip: boolean) => {
    const model = new nn.MLP(2, [4, 1], { nonlinearity: 'tanh', generator: new Generator(4) })
    const parameters = model.parameters()
    const o = optimizer(parameters)
    const points = [
      [1, 0.5, 1],
      [-1, 0.2, -1],
      [0.3, -1, 1],
    ] as const
    const step = () => {
      const losses = points.map(([x, y, label]) => (model.forward([x, y])[0] as Value).mul(-label).add(1).relu())
      const loss = losses.reduce((sum, l) => sum.add(l))
      o.zeroGrad()
      loss.backward()
      if (clip) optim.clipGradNorm(parameters, 0.5)
      o.step()
      return loss
    }
    return { step, parameters, o }
  }
  test.each<[string, Parameters<typeof moons>[0]]>([
    ['SGD', p => new optim.SGD(p, { lr: 0.1 })],
    ['SGD with momentum', p => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true })],
    ['Adam', p => new optim.Adam(p, { lr: 0.1 })],
    ['AdamW', p => new optim.AdamW(p, { lr: 0.1 })],
  ])('%s, bit for bit, with a rate that changes', (_, optimizer) => {
    for (const clip of [false, true]) {
      const [a, b] = [moons(optimizer, clip), moons(optimizer, clip)]
      const compiled = compile(b.step)
      for (let i = 0; i < 20; i++) {
        a.o.paramGroups[0]!.lr = b.o.paramGroups[0]!.lr = 0.1 / (1 + i)
        expect(compiled().data).toBe(a.step().data)
        expect(b.parameters.map(p => p.data)).toEqual(a.parameters.map(p => p.data))
        expect(b.parameters.map(p => p.grad)).toEqual(a.parameters.map(p => p.grad))
      }
      expect(compiled.describe()).toMatchObject([{ engine: 'scalar' }])
    }
  })

  test('an update by hand is refused, and values beside tensors', () => {
    const v = new Value(3)
    const byHand = compile(() => {
      v.zeroGrad()
      v.mul(v).backward()
      v.data -= 0.1 * v.grad
    })
    expect(() => {
      for (let i = 0; i < 4; i++) byHand()
    }).toThrow('changed by hand')
    expect(() => compile(() => [v.mul(2), ones([2]).mul(2)])()).toThrow('with values and with tensors')
  })
})

test('a step leaves nothing on the heap but what it returns', () => {
  const child = join(import.meta.dirname, 'allocation.child.ts')
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', child], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  const bytes = JSON.parse(stdout) as Record<'nothing' | 'options' | 'arguments', number>
  // less than a byte a call, where the smallest object has sixteen
  expect(bytes.nothing).toBeLessThan(1)
  // boxes that the engine makes of the five numbers it reads from the options, some engines two each
  expect(bytes.options).toBeLessThan(1 + 5 * 2 * 16)
  // the list that JavaScript makes of arguments
  expect(bytes.arguments).toBeLessThan(128)
}, 60_000)
