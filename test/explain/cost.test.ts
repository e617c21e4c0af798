// Costs: counted passes against whole Jacobians, storage against what is known of small graphs, growth with depth.
import { describe, expect, test, vi } from 'vitest'
import { cost, costTable, growth, growthTable, storageTable } from '../../src/explain/cost.ts'
import { Meter } from '../../src/explain/meter.ts'
import { formats, render } from '../../src/explain/table.ts'
import {
  ArgumentError,
  custom,
  F,
  GradError,
  jacfwd,
  jacrev,
  manualSeed,
  nn,
  noGrad,
  observe,
  ones,
  randn,
  type Tensor,
  tensor,
  Value,
} from '../../src/index.ts'

const lecture = (x1: Value, x2: Value): Value => x1.mul(x2).add(x1.sin())
const mode = (found: ReturnType<typeof cost>, name: string) => found.modes.find(({ mode }) => mode === name)

describe('passes and arithmetic', () => {
  test("of the lecture's function", () => {
    const found = cost(lecture, [2, 3])
    expect([found.inputs, found.outputs]).toEqual([2, 1])
    expect(found.alone).toEqual({ ops: 3, flops: 3, peak: { values: 3, bytes: 24 } })
    const [forward, reverse] = found.modes
    // sin: cos and a product; mul: two products and a sum; add: a sum
    expect(forward).toMatchObject({ mode: 'forward', passes: 2, flops: 2 * (3 + 2 + 3 + 1) })
    // cos and two products more than f, and a sum where x1's two uses meet
    expect(reverse).toMatchObject({ mode: 'reverse', passes: 1, flops: 3 + 4 + 1 })
    expect(found.preferable).toBe('reverse')
    expect(found.why).toContain(
      'forward mode needs 2 passes (one for each input), reverse mode 1 (one for each output)',
    )
  })

  test('are those of the whole Jacobian, each product of a basis included', () => {
    const x = randn([4], { dtype: 'float64' })
    const w = randn([4, 3], { dtype: 'float64' })
    const f = (x: Tensor): Tensor => x.reshape([1, 4]).matmul(w).tanh().reshape([3])
    const { modes } = cost(f, [x], { repeats: 0 })
    const flopsOf = (run: () => unknown): number => {
      const meter = new Meter()
      meter.watch(run)
      return meter.flops
    }
    expect(modes.map(({ flops }) => flops)).toEqual([flopsOf(() => jacfwd(f)(x)), flopsOf(() => jacrev(f)(x))])
  })

  test('prefer forward mode for few inputs and many outputs', () => {
    const f = (x: Value): Value[] => Array.from({ length: 20 }, (_, k) => x.mul(k + 1).sin())
    const found = cost(f, [0.5])
    expect([found.inputs, found.outputs, found.preferable]).toEqual([1, 20, 'forward'])
    expect(found.modes.map(({ passes }) => passes)).toEqual([1, 20])
    expect(found.why).toMatch(/reverse mode does 1\d times the arithmetic/)
  })

  test('prefer forward mode where both need about the same, as it stores nothing', () => {
    const found = cost((x: Value) => x.exp().exp().exp(), [0.1])
    expect(found.preferable).toBe('forward')
    expect(found.why).toContain('the same arithmetic')
  })

  test('where only one mode computes anything', () => {
    const found = cost((x: Tensor) => x.expand([4, 3]), [ones([3])])
    expect([found.preferable, found.modes[0]!.flops]).toEqual(['forward', 0])
    expect(found.why).toContain('only reverse mode does arithmetic')
    expect(cost((x: Tensor) => x.reshape([3, 1]), [ones([3])]).why).toContain('the same arithmetic, about')
  })

  test('take trees of inputs and outputs', () => {
    const f = ({ w, b }: { w: Tensor; b: Tensor[] }) => [w.mul(b[0] as Tensor), b[0] as Tensor]
    expect(cost(f, [{ w: ones([2, 3]), b: [ones([3])] }])).toMatchObject({ inputs: 9, outputs: 9 })
  })

  test('are measured as asked', () => {
    expect(cost(lecture, [2, 3]).modes.every(({ milliseconds }) => milliseconds >= 0)).toBe(true)
    // a clock as coarse as browsers have it
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => Math.floor(now()))
    try {
      expect(cost(lecture, [2, 3]).modes.every(({ milliseconds }) => milliseconds > 0 && milliseconds < 2)).toBe(true)
    } finally {
      clock.mockRestore()
    }
    expect(cost(lecture, [2, 3], { repeats: 0 }).modes.map(({ milliseconds }) => milliseconds)).toEqual([NaN, NaN])
  })
})

test('a formula and modules', () => {
  const counted = ({ modes, alone }: ReturnType<typeof cost>) => [
    alone.ops,
    ...modes.map(({ passes, flops }) => [passes, flops]),
  ]
  expect(counted(cost('x1*x2 + sin(x1)', { x1: 2, x2: 3 }))).toEqual(counted(cost(lecture, [2, 3])))
  expect(counted(cost('x1*x2 + sin(x1)', [2, 3]))).toEqual(counted(cost(lecture, [2, 3])))
  const model = new nn.Linear(3, 2)
  expect(cost(model, [ones([1, 3])], { repeats: 0 })).toMatchObject({ inputs: 3, outputs: 2 })
  expect(cost([model, new nn.Tanh()], [ones([1, 3])], { repeats: 0 }).modes).toHaveLength(3)
})

describe('storage', () => {
  test('is what the rules read of what f made, by op', () => {
    const x = randn([8])
    const w = randn([8, 8])
    // tanh keeps its result, which the product reads too; the sum keeps nothing, the square its operand
    const f = (x: Tensor): Tensor => x.reshape([1, 8]).matmul(w).tanh().matmul(w).square().sum()
    const reverse = mode(cost(f, [x]), 'reverse')
    expect(reverse?.stored.filter(({ values }) => values > 0)).toEqual([
      { op: 'tanh', nodes: 1, values: 8, bytes: 32 },
      { op: 'square', nodes: 1, values: 8, bytes: 32 },
    ])
    expect(reverse?.kept).toEqual({ values: 16, bytes: 64 })
    expect(mode(cost(f, [x]), 'forward')?.kept).toEqual({ values: 0, bytes: 0 })
  })

  test('counts bytes by dtype, and an array that two nodes keep once', () => {
    const f = (x: Tensor): Tensor => {
      const y = x.exp()
      return y.mul(y.sin()).sum()
    }
    const kept = (dtype: 'float32' | 'float64') => mode(cost(f, [ones([5], { dtype })]), 'reverse')?.kept
    // y and sin y
    expect(kept('float32')).toEqual({ values: 10, bytes: 40 })
    expect(kept('float64')).toEqual({ values: 10, bytes: 80 })
  })

  test('of a custom function is what it was given', () => {
    const cube = custom({
      name: 'cube',
      forward: (x: Value) => x.pow(3),
      vjp: (g, [x]) => [g.mul(x!.square().mul(3))],
      jvp: ([dx], [x]) => dx!.mul(x!.square().mul(3)),
    })
    const found = cost((x: Value) => cube(x.exp()), [2])
    expect(mode(found, 'reverse')?.stored.find(({ op }) => op === 'cube')?.nodes).toBe(1)
    expect(mode(found, 'reverse')?.kept.values).toBe(1)
  })

  test('of forward mode is constant, of reverse mode grows with the number of ops', () => {
    for (const x of [[0.5], [randn([10], { dtype: 'float64' })]]) {
      const rows = growth((x: Value) => x.sin(), x, [4, 40, 400])
      expect(rows.map(({ ops }) => ops)).toEqual([4, 40, 400])
      expect(new Set(rows.map(({ forward }) => forward.bytes)).size).toBe(1)
      const each = rows[0]!.kept.bytes / 3
      expect(rows.map(({ kept }) => kept.bytes)).toEqual([3 * each, 39 * each, 399 * each])
      expect(rows[2]!.reverse.bytes).toBeGreaterThan(390 * each)
    }
  })

  test('with checkpoints is one operand for each function, for a second run of f', () => {
    const block = (x: Tensor): Tensor => x.sin().cos().tanh().exp().sin().cos().tanh().exp()
    const chain = [...Array.from({ length: 8 }, () => block), (x: Tensor) => x.sum()]
    const found = cost(chain, [randn([100])])
    const [plain, again] = [mode(found, 'reverse')!, mode(found, 'checkpointed')!]
    // tanh reads its own result, so of the four ops only cos leaves nothing behind
    expect(plain.kept.values).toBe(8 * 6 * 100)
    expect(again.kept.values).toBe(8 * 100)
    expect(again.stored).toHaveLength(1)
    expect(again.stored[0]).toMatchObject({ op: 'checkpoint', nodes: 9 })
    expect(again.peak.bytes).toBeLessThan(plain.peak.bytes / 2)
    expect(again.flops).toBe(plain.flops + found.alone.flops)
  })

  test('of recorded nodes counts constants that f made itself, and not its inputs', () => {
    const found = cost((x: Tensor) => x.mul(noGrad(() => x.sign().add(1))), [randn([6])])
    expect(mode(found, 'reverse')?.kept.values).toBe(6)
  })
})

describe('all of it, in every relation of n and m, on both engines', () => {
  const [wide, narrow, square] = [randn([2, 5]), randn([5, 2]), randn([3, 3])]
  const scalar = (...xs: Value[]): Value =>
    xs
      .reduce((sum, x) => sum.add(x.sin()))
      .exp()
      .tanh()
      .sin()
  test.each<[string, Parameters<typeof cost>[0], unknown[], number, number, 'forward' | 'reverse']>([
    ['scalar n > m', [scalar, (x: Value) => x.tanh()], [1, 2, 3, 4, 5], 5, 1, 'reverse'],
    ['scalar n < m', [scalar, (x: Value) => [x.sin(), x.cos(), x.exp(), x.tanh()]], [1], 1, 4, 'forward'],
    ['scalar n = m', [(x: Value) => x.sin().exp(), (x: Value) => x.tanh()], [1], 1, 1, 'forward'],
    [
      'tensor n > m',
      [(x: Tensor) => x.matmul(narrow).tanh(), (x: Tensor) => x.exp().sum()],
      [randn([3, 5])],
      15,
      1,
      'reverse',
    ],
    [
      'tensor n < m',
      [(x: Tensor) => x.matmul(wide).tanh(), (x: Tensor) => x.exp().expand([4, 5])],
      [randn([1, 2])],
      2,
      20,
      'forward',
    ],
    [
      'tensor n = m',
      [(x: Tensor) => x.matmul(square).tanh(), (x: Tensor) => x.exp()],
      [randn([1, 3])],
      3,
      3,
      'reverse',
    ],
  ])('%s', (_, f, at, n, m, preferable) => {
    const found = cost(f, at, { repeats: 3 })
    expect([found.inputs, found.outputs, found.preferable]).toEqual([n, m, preferable])
    const [forward, reverse, again] = found.modes
    expect(found.modes.map(({ passes }) => passes)).toEqual([n, m, m])
    expect(forward!.kept.values).toBe(0)
    expect(reverse!.kept.values).toBeGreaterThan(0)
    expect(reverse!.kept.bytes).toBe(reverse!.stored.reduce((sum, { bytes }) => sum + bytes, 0))
    expect(again!.kept.values).toBeLessThan(reverse!.kept.values)
    expect(again!.flops).toBeGreaterThan(reverse!.flops)
    for (const { peak, milliseconds, ops, flops } of found.modes) {
      expect(peak.bytes).toBeGreaterThanOrEqual(found.alone.peak.bytes)
      expect(milliseconds).toBeGreaterThan(0)
      expect(Math.min(ops, flops)).toBeGreaterThan(0)
    }
    expect(found.why).toMatch(new RegExp(`needs ${n} pass.* reverse mode ${m} .*stored.* With checkpoints`))
  })

  test('a Sequential is the list of its modules', () => {
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 1))
    const x = [randn([2, 3])]
    const found = cost(model, x, { repeats: 0 })
    expect(found).toEqual(cost([...model], x, { repeats: 0 }))
    expect(mode(found, 'checkpointed')?.stored.map(({ op }) => op)).toEqual(['checkpoint'])
    expect(render(storageTable(mode(found, 'checkpointed')!))).toMatch(/^What reverse mode with checkpoints stores/)
  })
})

describe('a meter', () => {
  test('knows what is live at once', () => {
    const meter = new Meter()
    const x = ones([10], { dtype: 'float64' })
    const y = meter.watch(() => x.exp().sin().cos().reshape([2, 5]))
    expect([meter.ops, meter.flops]).toEqual([4, 30])
    // an op's operand and its result; the reshape holds the same numbers
    expect(meter.peak([y])).toEqual({ values: 20, bytes: 160 })
    expect([meter.made(x), meter.made(y)]).toEqual([false, true])
    expect(meter.peak([], 4)).toEqual({ values: 0, bytes: 0 })
  })

  test('leaves other observers at work', () => {
    const seen: string[] = []
    const meter = new Meter()
    observe(
      ({ name }) => seen.push(name),
      () => meter.watch(() => new Value(1).exp()),
    )
    expect([seen, meter.ops]).toEqual([['exp'], 1])
  })
})

test('a model, checkpointed by block', () => {
  manualSeed(0)
  const blocks = Array.from(
    { length: 4 },
    () => new nn.Sequential(new nn.Linear(8, 32), new nn.GELU(), new nn.Linear(32, 8)),
  )
  const target = randn([16, 8])
  const chain = [...blocks.map(block => (x: Tensor) => block.forward(x)), (x: Tensor) => F.mseLoss(x, target)]
  const { modes, preferable, alone } = cost(chain, [randn([16, 8])], { repeats: 1 })
  expect(preferable).toBe('reverse')
  expect(modes.map(({ passes }) => passes)).toEqual([128, 1, 1])
  expect(modes[2]!.kept.bytes).toBeLessThan(modes[1]!.kept.bytes / 4)
  // a second run of the model, and no gradients that nobody asked for
  expect(modes[2]!.flops).toBe(modes[1]!.flops + alone.flops)
})

describe('errors', () => {
  test.each([
    [() => cost(3 as never, [1]), /cost: needs a function, a module, a formula, or a list of functions, not 3/],
    [() => cost([], [1]), /not an empty list/],
    [() => cost([lecture, 2] as never, [1]), /needs a function, .*, not 2/],
    [() => cost(() => new Value(1), []), /no Jacobian of a function of 0 numbers that gives 1/],
    [() => cost((_: Value) => [], [1]), /of 1 numbers that gives 0/],
    [() => cost(lecture, 2 as never), /cost: needs inputs as a list or by name, not 2/],
    [() => cost(lecture, [2, 3], { repeat: 1 } as never), /unknown option 'repeat'/],
    [() => cost(lecture, [2, 3], { repeats: 0.5 }), /repeats is an integer of at least 0/],
    [() => growth((x: Value) => x, [1], [0]), /a depth is an integer of at least 1/],
    [() => growth((x: Value) => x, [1], 3 as never), /depths is a list/],
  ])('%#', (run, message) => {
    expect(run).toThrow(ArgumentError)
    expect(run).toThrow(message)
  })
  test('for integers', () => {
    expect(() => cost((x: Tensor) => x, [tensor([1], { dtype: 'int32' })])).toThrow(GradError)
  })
})

describe('tables', () => {
  const block = (x: Tensor): Tensor => x.sin().exp()
  const found = cost([block, block, x => (x as Tensor).sum()], [ones([50], { dtype: 'float64' })], { repeats: 1 })

  test('of the modes', () => {
    const text = render(costTable(found), 'text', { width: 120 })
    expect(text).toMatch(/^mode +passes +ops +FLOPs +values stored +bytes +peak bytes +ms$/m)
    expect(text).toMatch(/^forward +50 +\d+ +\d+ +0 +0 +\d+ +\S+$/m)
    expect(text).toMatch(/^reverse +1 +\d+ +\d+ +100 +800 +\d+ +\S+$/m)
    expect(text).toMatch(/^reverse with checkpoints +1 +\d+ +\d+ +100 +800 /m)
    expect(text).toContain('Reverse mode pays with')
    expect(text.replace(/\n/g, ' ')).toMatch(
      /With checkpoints 800 bytes are stored, and it does 1\.\d times the arithmetic\.$/,
    )
  })
  test('of the modes without times', () => {
    const text = render(costTable(cost((x: Tensor) => x.sin(), [ones([2])], { repeats: 0 })))
    expect(text).toMatch(/^mode .* peak bytes$/m)
    expect(text).not.toContain('nan')
  })
  test('of what is stored', () => {
    expect(render(storageTable(found.modes[1]!))).toMatch(
      /sin +2 +0 +0\nexp +2 +100 +800\nsum +1 +0 +0\nall +5 +100 +800$/,
    )
  })
  test('of growth', () => {
    expect(render(growthTable(growth((x: Value) => x.exp(), [0], [2, 4])))).toMatch(
      /\n +2 +2 +\d+ +16 +\d+\n +4 +4 +\d+ +32 +\d+$/,
    )
  })
  test.each(formats)('as %s', format => {
    for (const table of [costTable(found), storageTable(found.modes[1]!)])
      expect(render(table, format)).toContain('bytes')
  })
})
