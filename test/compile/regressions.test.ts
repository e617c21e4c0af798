// Faults that programs once had, each the least step that shows it: the third call is the first of the program.
import { describe, expect, test } from 'vitest'
import {
  CompileError,
  compile,
  full,
  Generator,
  hvp,
  jvp,
  live,
  manualSeed,
  nn,
  noGrad,
  ones,
  optim,
  rand,
  randint,
  type Tensor,
  tensor,
  Value,
  zeros,
} from '../../src/index.ts'

/** The result of the program of a step. */
function third<A extends Tensor[]>(step: (...xs: A) => Tensor, ...xs: A): Tensor {
  const f = compile(step)
  f(...xs)
  f(...xs)
  return f(...xs)
}
const double = (x: number | number[]): Tensor => tensor(x, { dtype: 'float64' })
const whole = (x: number[]): Tensor => tensor(x, { dtype: 'int32' })

test('a view without elements, in another shape', () => {
  expect(third(x => x.flip([0]).reshape(0, 3).add(1), zeros([3, 0])).shape).toEqual([0, 3])
})
test('the sum of no infinities', () => {
  expect(third(() => full([1], Infinity).expand([0]).sum()).item()).toBe(0)
})

describe('tangents that read the result they belong to', () => {
  const w = double([0.5, 1, 2])
  const directions = [0, 1, 2, 3, 4].map(i => double([1, i, -1]))
  const transforms: Record<string, (f: (x: Tensor) => Tensor, direction: Tensor) => Tensor> = {
    jvp: (f, direction) => jvp(f, [w], [direction])[1] as Tensor,
    hvp: (f, direction) => hvp(f, [w], [direction]),
  }
  const functions: Record<string, (x: Tensor) => Tensor> = {
    tanh: x => x.tanh().sum(),
    exp: x => x.exp().sum(),
    softmax: x => x.softmax(0).square().sum(),
  }
  const cases = Object.keys(transforms).flatMap(by => Object.keys(functions).map(of => [by, of] as const))
  test.each(cases)('%s of %s', (by, of) => {
    const step = (direction: Tensor) => transforms[by]!(functions[of]!, direction)
    const compiled = compile(step)
    for (const direction of directions) {
      const [ours, eager] = [compiled(direction), step(direction)]
      expect(ours.sub(eager).abs().max().item()).toBeLessThan(1e-14)
    }
    expect(compiled.describe().length).toBe(1)
  })
})

describe('what a fused loop hands on is what an array would hold', () => {
  const a = tensor([true, false, true, false])
  const b = tensor([true, true, false, false])
  const steps: Record<string, () => Tensor> = {
    'truth, counted': () => third((x, y) => x.add(y).sum(), a, b),
    'truth, multiplied': () => third((x, y) => x.add(y).float().mul(10), a, b),
    'truth, subtracted': () => third((x, y) => x.sub(y).double(), a, b),
    'rounded to float32 in between': () => third(x => x.sub(x.float().double()), double([0.1, 0.2])),
    'infinite in float32': () => third(x => x.mul(x).double(), tensor([1e30, 2])),
    'zero in float32': () => third(x => x.float().bool().double(), double([1e-50, 1])),
  }
  const expected: Record<string, number[]> = {
    'truth, counted': [3],
    'truth, multiplied': [10, 10, 10, 0],
    'truth, subtracted': [0, 1, 1, 0],
    'rounded to float32 in between': [0.1 - Math.fround(0.1), 0.2 - Math.fround(0.2)],
    'infinite in float32': [Infinity, 4],
    'zero in float32': [0, 1],
  }
  test.each(Object.keys(steps))('%s', name => {
    expect(Array.from(steps[name]!().data)).toEqual(expected[name])
  })
})

describe('single numbers in double precision', () => {
  test('compared, subtracted, and against float32', () => {
    expect(third((x, y) => x.gt(y), double([1.00000001]), double([1])).toArray()).toEqual([true])
    expect(third((x, y) => x.sub(y).float(), double(1.00000001), double(1)).item()).toBeCloseTo(1e-8, 12)
    expect(third(x => x.le(live(() => 0.1)), tensor([0.1, 0.3])).toArray()).toEqual([false, false])
  })
  test('whole numbers that float32 cannot hold', () => {
    expect(third((x, y) => x.sub(y), whole([16777217]).float().double(), tensor([16777216]).double()).item()).toBe(0)
    expect(third((x, y) => x.sub(y), whole([16777217, 0]), tensor([16777216, 0])).toArray()).toEqual([1, 0])
  })
  test('Adam on a parameter of one element', () => {
    const run = (size: number): number => {
      const w = ones([size]).requiresGrad_()
      const o = new optim.Adam([w], { lr: 0.02, betas: [0.9, 0.9999999] })
      const f = compile(() => {
        o.zeroGrad()
        w.square().sum().backward()
        o.step()
      })
      for (let i = 0; i < 40; i++) f()
      return w.data[0] as number
    }
    expect(run(1)).toBeCloseTo(run(2), 6)
  })
})

describe('tensors that share an array', () => {
  test('only until one is assigned', () => {
    const w = tensor([1, 2])
    const frozen = w.detach()
    const f = compile(() => w.mul(frozen))
    for (let i = 0; i < 3; i++) f()
    w.assign(tensor([10, 20]))
    expect(f().toArray()).toEqual([10, 40])
    frozen.assign(tensor([3, 4]))
    expect(f().toArray()).toEqual([30, 80])
  })
  test('an assignment of numbers is made in each call', () => {
    const h = tensor([0, 0])
    const f = compile((x: Tensor) => {
      h.assign(new Float32Array(2))
      for (let i = 0; i < 3; i++) h.assign(h.mul(0.5).add(x))
      return h
    })
    for (let i = 0; i < 5; i++) expect(f(ones([2])).toArray()).toEqual([1.75, 1.75])
  })
})

describe('gradients from outside', () => {
  test('of another shape or dtype touch nothing', () => {
    const w = tensor([1, 2]).requiresGrad_()
    const other = zeros([64])
    const f = compile(() => {
      w.square().sum().backward()
      return other.add(0)
    })
    for (let i = 0; i < 4; i++) f()
    w.grad = full([100], 7)
    expect(() => f()).toThrow(CompileError)
    w.grad = zeros([2], { dtype: 'float64' })
    expect(() => f()).toThrow("in a compiled step it has the tensor's own shape and dtype")
    w.grad = null
    expect(f().data.every(x => x === 0)).toBe(true)
    expect(w.grad!.toArray()).toEqual([2, 4])
  })
  test('are left alone under noGrad', () => {
    const w = tensor([1, 2]).requiresGrad_()
    const f = compile(() => {
      const y = w.square().sum()
      if (y.requiresGrad) y.backward()
      return y
    })
    for (let i = 0; i < 4; i++) f()
    noGrad(() => f())
    expect(w.grad!.toArray()).toEqual([8, 16])
  })
  test('hooks that come later are called', () => {
    const w = tensor([1, 2]).requiresGrad_()
    const f = compile(() => {
      w.grad = null
      w.square().sum().backward()
    })
    for (let i = 0; i < 3; i++) f()
    w.registerHook(g => g.mul(10))
    f()
    expect(w.grad!.toArray()).toEqual([20, 40])
  })
})

test('an op that fails late leaves everything as it was', () => {
  const w = tensor([1, 2])
  const f = compile((m: Tensor) => {
    const w2 = w.mul(2)
    const c = m.mul(w2.sum()).cholesky()
    w.assign(w2)
    return c
  })
  const good = tensor([
    [2, 0],
    [0, 2],
  ])
  for (let i = 0; i < 4; i++) f(good)
  expect(() => f(good.neg())).toThrow()
  expect(w.toArray()).toEqual([16, 32])
  f(good)
  expect(w.toArray()).toEqual([32, 64])
})

test('a module of your own that asks whether it is training', () => {
  class Doubling extends nn.Module {
    forward(x: Tensor): Tensor {
      return this.training ? x.mul(2) : x
    }
  }
  const module = new Doubling()
  const f = compile((x: Tensor) => module.forward(x))
  const values = (): number[] => Array.from({ length: 3 }, () => f(ones([1])).item())
  expect(values()).toEqual([2, 2, 2])
  module.eval()
  expect(values()).toEqual([1, 1, 1])
})

describe('refused, with a reason', () => {
  const often = (f: () => unknown) => () => {
    for (let i = 0; i < 6; i++) f()
  }
  test('constants that change, and results that programs cannot make', () => {
    let n = 0
    expect(often(compile(() => ({ y: ones([1]).mul(2), n: ++n })))).toThrow(/it returned .*"n":\d.* and returns/)
    expect(often(compile(() => new Map([['y', ones([1])]])))).toThrow('arrays and plain objects')
  })
  test('seeds and draws outside of ops, bounds that change', () => {
    expect(
      often(
        compile(() => {
          manualSeed(1)
          return rand([1])
        }),
      ),
    ).toThrow('outside of an op')
    const generator = new Generator(1)
    expect(often(compile(() => ones([1]).mul(generator.uniform())))).toThrow(CompileError)
    let high = 2
    expect(often(compile(() => randint(0, 2 * ++high, [3])))).toThrow(
      /'randint' has other parameters .*the same in each call/,
    )
    expect(often(compile(() => ones([1]).mul(new Generator(3).uniform())))).not.toThrow()
  })
  test('a number as an argument that is another in each call', () => {
    const f = compile((x: Tensor, lr: number) => x.mul(lr), { cache: 3 })
    expect(() => {
      for (let i = 0; i < 20; i++) f(ones([1]), 1 / (1 + i))
    }).toThrow(/argument 2 is a number that changes.*live/)
  })
  test('promises, unknown options, what is no function', () => {
    expect(() => compile(async () => ones([1]))()).toThrow('the step is async')
    expect(() => compile(() => ones([1]), { cached: 3 } as never)).toThrow("unknown option 'cached'")
    expect(() => live(5 as never)).toThrow('needs a function')
    expect(() => live(() => undefined as never)).toThrow('not a number')
  })
})

test('values: a live number, and results that are the same kind of thing in each call', () => {
  const w = new Value(2)
  let k = 1
  const f = compile(() => [w.mul(live(() => k, Value)), w] as const)
  for (k = 1; k < 6; k++) {
    const [y, same] = f()
    expect([y.data, same]).toEqual([2 * k, w])
  }
})
