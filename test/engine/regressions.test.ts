// Faults that were found once: each stays mended.
import { describe, expect, test } from 'vitest'
import {
  cat,
  checkpoint,
  codegen,
  compareGradients,
  custom,
  detectAnomaly,
  eye,
  F,
  Generator,
  grad,
  jacfwd,
  nn,
  noGrad,
  ones,
  randn,
  ShapeError,
  type Tensor,
  table,
  tensor,
  Value,
  vjp,
  zeros,
} from '../../src/index.ts'

const f64 = { dtype: 'float64' } as const
const leaf = { requiresGrad: true } as const

describe('a number meets a float32 tensor as float32', () => {
  test('comparisons', () => {
    expect(tensor([0.1]).eq(0.1).toArray()).toEqual([true])
    expect(tensor([0.3]).sub(0.3).toArray()).toEqual([0])
    expect(tensor([0.1], f64).eq(0.1).toArray()).toEqual([true])
  })
  test('gradients at bounds and ties', () => {
    expect(grad((x: Tensor) => x.clamp(null, 0.1).sum())(tensor([0.1])).toArray()).toEqual([1])
    expect(grad((x: Tensor) => x.maximum(0.1).sum())(tensor([0.1])).toArray()).toEqual([0.5])
  })
})

describe('range', () => {
  test('products in another order stay in it', () => {
    expect(tensor([1e30, 1e-30, 1e30, 1e-30]).prod().item()).toBeCloseTo(1, 6)
    const running = tensor([1e-30, 1e30, 1e30]).cumprod(0).data
    expect(running[1]).toBeCloseTo(1, 6)
    expect(running[2] / 1e30).toBeCloseTo(1, 6)
  })
  test('norms of very large and very small numbers', () => {
    expect(tensor([3e20, 4e20]).norm().item() / 5e20).toBeCloseTo(1, 6)
    expect(tensor([3e-30, 4e-30]).norm().item() / 5e-30).toBeCloseTo(1, 6)
    expect(grad((x: Tensor) => x.norm())(tensor([3e-30, 4e-30])).data[0]).toBeCloseTo(0.6, 6)
  })
})

describe('limits', () => {
  test('norm of order below 1 is flat where an element is 0', () => {
    expect(grad((x: Tensor) => x.norm(0.5))(tensor([0, 1, 4], f64)).toArray()).toEqual([0, 3, 1.5])
    expect(grad((x: Tensor) => x.norm(0.5))(tensor([0, 0], f64)).toArray()).toEqual([0, 0])
  })
  test('an infinite maximum takes all of logsumexp', () => {
    expect(grad((x: Tensor) => x.logsumexp(0))(tensor([Infinity, 1])).toArray()).toEqual([1, 0])
  })
  test('logit is infinitely steep at its ends', () => {
    expect(grad((x: Tensor) => x.logit().sum())(tensor([0, 1])).toArray()).toEqual([Infinity, Infinity])
  })
  test('division that rounds towards 0', () => {
    expect(tensor([1, -1, Infinity]).div(0, { roundingMode: 'trunc' }).toArray()).toEqual([
      Infinity,
      -Infinity,
      Infinity,
    ])
    expect(tensor([Infinity, 7]).div(2, { roundingMode: 'trunc' }).toArray()).toEqual([Infinity, 3])
  })
})

describe('hooks run wherever gradients do', () => {
  const f = (x: Tensor): Tensor => {
    const h = x.exp()
    h.registerHook(g => g.mul(0))
    return h.sum()
  }
  test('in checkpoints', () => {
    const x = tensor([0], leaf)
    checkpoint(f)(x).backward()
    expect(x.grad?.toArray()).toEqual([0])
  })
  test('in transforms, on both engines', () => {
    expect(grad(f)(tensor([0])).toArray()).toEqual([0])
    const g = (x: Value): Value => {
      const h = x.exp()
      h.registerHook(() => 0)
      return h.mul(1)
    }
    expect(grad(g)(0)).toBe(0)
  })
})

describe('transforms', () => {
  test('jacfwd takes every column with the same draws', () => {
    const f = (x: Tensor): Tensor => x.mul(F.dropout(ones([1])))
    for (let i = 0; i < 5; i++) {
      const diagonal = [...(jacfwd(f)(ones([4])) as Tensor).diagonal().data]
      expect(new Set(diagonal).size).toBe(1)
    }
  })
  test('and so does the gradient checker', () => {
    expect(compareGradients((x: Tensor) => F.dropout(x), [ones([20], f64)]).ok).toBe(true)
  })
  test('leave what f returns as it was', () => {
    const w = tensor([2], leaf)
    noGrad(() => grad(() => w)(tensor([1])))
    noGrad(() => vjp((x: Tensor) => [x, w], tensor([1])))
    expect(w.requiresGrad).toBe(true)
    expect(noGrad(() => vjp((x: Tensor) => x.mul(w), tensor([1]))[0]).requiresGrad).toBe(false)
  })
  test('async functions are refused where the mode would end too early', () => {
    expect(() => noGrad(async () => {})).toThrow(/not async/)
  })
})

describe('the gradient checker', () => {
  test('finds a wrong rule of a function of small numbers', () => {
    const tiny = custom({
      forward: (x: Tensor) => x.mul(1e-9),
      vjp: g => [g.mul(5e-9)],
      jvp: ([dx]) => dx?.mul(5e-9) ?? null,
    })
    expect(compareGradients(tiny, [tensor([1, 2], f64)]).ok).toBe(false)
  })
})

describe('errors', () => {
  test('what custom rules return is checked', () => {
    const wrap = (vjpRule: unknown) =>
      custom({ name: 'mine', forward: (x: Tensor) => x.mul(2), vjp: vjpRule as () => Tensor[] })
    const run = (rule: unknown) => grad((x: Tensor) => wrap(rule)(x).sum())(tensor([1, 2]))
    expect(() => run((g: Tensor) => g)).toThrow(/mine: its vjp rule must return a list/)
    expect(() => run(() => [tensor([[5, 5, 5]])])).toThrow(/mine: its vjp rule gave a tensor of shape \[1, 3\]/)
    expect(() => wrap(null)(3 as unknown as Tensor)).toThrow(/mine: operands are tensors or values/)
  })
  test("PyTorch's habit of a bare keepdim, and a misspelt option", () => {
    const x = ones([2, 3])
    for (const name of ['sum', 'mean', 'prod', 'amax', 'argmin', 'any', 'var', 'logsumexp', 'max', 'median'] as const) {
      const call = (options: unknown) => () =>
        (x[name] as (dim: number, options: unknown) => unknown).call(x, 1, options)
      expect(call(true), name).toThrow(/options|keepdim/)
      expect(call({ keepDim: true }), name).toThrow(/unknown option 'keepDim'/)
      expect(call({ keepdim: true }), name).not.toThrow()
    }
  })
  test('a value holds a number', () => {
    expect(() => new Value('3' as unknown as number)).toThrow(/holds a number/)
  })
  test('an unknown op, and an unknown order', () => {
    expect(() => tensor([1]).apply('nope' as 'exp')).toThrow(/no op 'nope'/)
    expect(() =>
      tensor(1, leaf)
        .mul(2)
        .backward(undefined, { order: 'bfs' as 'depthFirst' }),
    ).toThrow(/depthFirst/)
  })
  test('a state that is none leaves the generator as it was', () => {
    const generator = new Generator(1)
    const expected = new Generator(1).uniform()
    expect(() => generator.setState({ stream: {}, spare: null })).toThrow(/getState/)
    expect(generator.uniform()).toBe(expected)
  })
  test('anomaly mode names the op whose backward it is, inside transforms on values too', () => {
    const run = () => detectAnomaly(() => grad((x: Value) => x.sqrt().mul(0))(0))
    expect(run).toThrow(/backward of 'sqrt'/)
    expect(run).toThrow(/regressions/)
  })
})

test('a tensor in JSON keeps its numbers', () => {
  expect(JSON.parse(JSON.stringify(tensor([[1, 2]])))).toEqual({ shape: [1, 2], dtype: 'float32', data: [1, 2] })
})

test('many tensors in one cat', () => {
  expect(cat(Array.from({ length: 200_000 }, () => tensor([1]))).numel).toBe(200_000)
})

describe('every row on values: code on fields and number functions agree to the bit', () => {
  const generator = new Generator(9)
  test.each([...table.values()].map(op => [op.name, op] as const))('%s', (_, op) => {
    const point = op.domain.map(([low, high]) => low + (high - low) * generator.uniform())
    // each operand as a value or as a number, at least one a value
    for (let values = 1; values < 2 ** op.arity; values++) {
      const run = (generated: boolean): number[] => {
        codegen(generated)
        try {
          const xs = point.map((x, k) => (values & (1 << k) ? new Value(x) : x))
          const leaves = xs.filter(x => x instanceof Value)
          const out = leaves[0].apply(op.name, ...xs)
          // where no gradient flows there would be nothing to go back from
          out.mul(1.5).add(new Value(0)).backward()
          return [out.data, ...leaves.map(x => x.grad)]
        } finally {
          codegen(true)
        }
      }
      expect(run(true)).toEqual(run(false))
    }
  })
})

describe('infinity is no whole number', () => {
  test('chosen, or added', () => {
    expect(tensor([true, false]).where(-Infinity, 0).toArray()).toEqual([-Infinity, 0])
    expect(tensor([1], { dtype: 'int32' }).add(Infinity).toArray()).toEqual([Infinity])
  })
  test('but whole numbers stay whole without a bound', () => {
    const x = tensor([-(2 ** 31), 5, 2 ** 31 - 1], { dtype: 'int32' })
    for (const [y, expected] of [
      [x.clamp(null, 7), [-(2 ** 31), 5, 7]],
      [x.clamp(-7), [-7, 5, 2 ** 31 - 1]],
    ] as const)
      expect([y.dtype, y.toArray()]).toEqual(['int32', expected])
  })
})

describe('more elements than an array can have', () => {
  const column = ones([200_000, 1])
  test.each<[string, () => unknown, RegExp]>([
    ['made', () => zeros([1e6, 1e6]), /^zeros: no memory for \[1000000, 1000000\], float32: 3\.73e\+3 GiB$/],
    ['on a diagonal', () => eye(1e6), /^eye: no memory/],
    ['drawn', () => randn([1e6, 1e6]), /^randn: no memory/],
    ['of a layer', () => new nn.Linear(1e6, 1e6), /no memory for \[1000000, 1000000\]/],
    [
      'broadcast',
      () => column.sub(ones([1, 200_000])),
      /^sub: no memory for \[200000, 200000\].* broadcast by mistake/,
    ],
    [
      'of a product',
      () => column.matmul(ones([1, 200_000])),
      /^matmul: no memory for \[200000, 200000\], float32: 149/,
    ],
  ])('%s', (_, f, message) => {
    expect(f).toThrow(ShapeError)
    expect(f).toThrow(message)
  })
})
