// Eager ops on large arrays run in WebAssembly and give what the interpreter gives: values, specials, broadcasting, sizes.
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { DType, NDArray } from '../../src/backend/array.ts'
import * as convolutions from '../../src/backend/convolution.ts'
import type { Convolution } from '../../src/backend/windows.ts'
import { maxPool2d } from '../../src/engine/ops/pool.ts'
import { type Op, table } from '../../src/engine/prims.ts'
import { codegen, Generator, type OpName, optim, type Tensor, tensor } from '../../src/index.ts'

type Floats = 'float32' | 'float64'
const generator = new Generator(21)
const draw = (low: number, high: number): number => low + (high - low) * generator.uniform()

afterEach(() => {
  codegen(true)
  vi.restoreAllMocks()
})
const interpreted = <R>(f: () => R): R => {
  codegen(false)
  try {
    return f()
  } finally {
    codegen(true)
  }
}
/** How many kernels are made meanwhile. */
function making(f: () => void): number {
  const { Instance } = WebAssembly
  let count = 0
  vi.spyOn(WebAssembly, 'Instance').mockImplementation(function instance(...args) {
    count++
    return new Instance(...args)
  } as (...args: ConstructorParameters<typeof Instance>) => WebAssembly.Instance)
  f()
  vi.restoreAllMocks()
  return count
}

/** Whether two results are the same up to a relative error, counted against at least `scale`. */
function close(found: Tensor, expected: Tensor, error: number, scale = 0): string {
  const [a, b] = [found.data, expected.data]
  if (found.dtype !== expected.dtype || a.length !== b.length) return `${found.dtype} [${found.shape}]`
  for (let i = 0; i < a.length; i++) {
    const same = Object.is(a[i], b[i]) || Math.abs(a[i] - b[i]) <= error * Math.max(scale, Math.abs(b[i]))
    if (!same) return `element ${i}: ${a[i]}, not ${b[i]}`
  }
  return ''
}
const uniform = (shape: readonly number[], dtype: DType = 'float32', low = -2, high = 2): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1)
  const data = Float64Array.from({ length: n }, () => draw(low, high))
  return tensor(data, { dtype: 'float64' })
    .to(dtype)
    .reshape([...shape])
}

describe.each<[Floats, number]>([
  ['float32', 2 ** -23],
  ['float64', 2 ** -52],
])('every row in %s', (dtype, ulp) => {
  const random = (op: Op, k: number, n: number): Tensor => uniform([n], dtype, ...(op.domain[k] as [number, number]))
  test.each([...table.values()].map(op => [op.name, op] as const))('%s', (_, op) => {
    // above the size from which each goes to WebAssembly, and no whole number of blocks
    const n = 17_003
    const [x = tensor(0), ...more] = op.domain.map((_, k) => random(op, k, n))
    const f = (): Tensor => x.apply(op.name, x, ...more)
    const first = f()
    // units of the last place, as in math.test.ts; what is made of several ops loses one by each of them
    const [error, scale] = op.of ? [40 * ulp, 1] : [8 * ulp, op.name === 'logaddexp' || op.name === 'logit' ? 1 : 0]
    expect(close(first, interpreted(f), error, scale)).toBe('')
    expect(close(f(), first, 0)).toBe('')
  })
})

describe('pointwise', () => {
  const n = 20_001
  test('is made once for a pattern, whatever the numbers and the sizes', () => {
    const [x, y] = [uniform([n]), uniform([n + 70_000])]
    x.mul(x.exp())
    expect(making(() => x.atan2(0.3))).toBe(1)
    expect(
      making(() => {
        for (const z of [0.1, -7, 1e30])
          expect(
            close(
              x.atan2(z),
              interpreted(() => x.atan2(z)),
              1e-6,
            ),
          ).toBe('')
        y.atan2(2)
      }),
    ).toBe(0)
  })

  test('stays in JavaScript where it is small, without code for it, or without code generation', () => {
    const count = making(() => {
      uniform([4000]).sinc()
      uniform([10_000]).apply('isclose', uniform([10_000]), uniform([10_000]), 1, 1, 0)
      uniform([30_000], 'float64', 1, 2).lgamma()
      interpreted(() => uniform([30_000]).sinc())
    })
    expect(count).toBe(0)
  })

  test('NaN, infinities and the sign of 0', () => {
    const list = [Number.NaN, 0, -0, Infinity, -Infinity, 1.5, -2.5, 3e38, 1e-40]
    const x = tensor(Float32Array.from({ length: 18_000 }, (_, i) => list[i % 9] as number))
    const y = tensor(Float32Array.from({ length: 18_000 }, (_, i) => list[Math.floor(i / 9) % 9] as number))
    const ops: OpName[] = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'eq', 'ne', 'lt', 'le', 'fmax', 'copysign']
    for (const name of ops)
      expect(
        close(
          x.apply(name, x, y),
          interpreted(() => x.apply(name, x, y)),
          0,
        ),
        name,
      ).toBe('')
    for (const name of ['neg', 'abs', 'sign', 'floor', 'round', 'relu', 'exp', 'tanh', 'sqrt', 'log1p'] as const)
      expect(
        close(
          x[name](),
          interpreted(() => x[name]()),
          2e-7,
          1e-38,
        ),
        name,
      ).toBe('')
  })

  const shapes: [string, readonly number[], readonly (readonly number[])[]][] = [
    ['one element', [n], [[n], [1]]],
    ['0-d', [n], [[n], []]],
    ['a bias', [301, 70], [[301, 70], [70]]],
    ['a short bias', [4000, 5], [[4000, 5], [5]]],
    ['a long bias', [3, 9000], [[3, 9000], [9000]]],
    [
      'a column',
      [301, 70],
      [
        [301, 70],
        [301, 1],
      ],
    ],
    [
      'a column of short rows',
      [9000, 2],
      [
        [9000, 2],
        [9000, 1],
      ],
    ],
    [
      'a column of long rows',
      [3, 9000],
      [
        [3, 9000],
        [3, 1],
      ],
    ],
    ['a row and a column', [150, 160], [[160], [150, 1]]],
    [
      'channels',
      [5, 6, 30, 31],
      [
        [5, 6, 30, 31],
        [6, 1, 1],
      ],
    ],
    [
      'channels of images',
      [5, 6, 30, 31],
      [
        [5, 6, 30, 31],
        [5, 6, 1, 1],
      ],
    ],
    [
      'several',
      [5, 6, 30, 31],
      [
        [30, 31],
        [6, 1, 1],
        [5, 1, 1, 1],
      ],
    ],
    [
      'in the middle',
      [30, 40, 20],
      [
        [30, 40, 20],
        [30, 1, 20],
      ],
    ],
  ]
  test.each(shapes)('broadcasts %s', (_, shape, operands) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const xs = operands.map(s => uniform(s, dtype))
      const f = (): Tensor => xs.slice(1).reduce((x, y) => x.sub(y).tanh(), xs[0] as Tensor)
      expect(f().shape).toEqual(shape)
      expect(close(f(), interpreted(f), 1e-6, 1)).toBe('')
      const g = (): Tensor => xs.slice(1).reduce((x, y) => x.mul(y), xs[0] as Tensor)
      expect(close(g(), interpreted(g), 0)).toBe('')
      expect(
        close(
          (xs[0] as Tensor).gt(xs[1] as Tensor),
          interpreted(() => (xs[0] as Tensor).gt(xs[1] as Tensor)),
          0,
        ),
      ).toBe('')
    }
  })

  test('mixed dtypes', () => {
    const x = uniform([n])
    const all: Tensor[] = [
      uniform([n], 'float64'),
      uniform([n], 'int32', -9, 9),
      x.gt(0),
      tensor(0.1, { dtype: 'float64' }),
    ]
    for (const y of all) {
      for (const f of [() => x.mul(y), () => x.lt(y), () => y.ne(0).where(x, y), () => y.where(x, 2)])
        expect(close(f(), interpreted(f), 2e-7), y.dtype).toBe('')
    }
    const large = tensor(Int32Array.from({ length: n }, (_, i) => 2 ** 24 + i))
    const other = tensor(Float32Array.from({ length: n }, (_, i) => 2 ** 24 + i))
    expect(
      close(
        large.eq(other),
        interpreted(() => large.eq(other)),
        0,
      ),
    ).toBe('')
  })

  test('a comparison with what float32 does not hold', () => {
    const x = tensor(new Float32Array(n).fill(0.1))
    const y = tensor(0.1, { dtype: 'float64' })
    for (const f of [() => x.gt(y), () => x.gt(0.1)]) expect(close(f(), interpreted(f), 0)).toBe('')
  })

  test('what depends on numbers alone is computed in float64', () => {
    const steps = (): Tensor => {
      const p = tensor(new Float32Array(n).fill(1), { requiresGrad: true })
      const optimizer = new optim.Adam([p], { lr: 0.01, betas: [0.9, 0.9999999] })
      for (let i = 0; i < 3; i++) {
        p.grad = tensor(new Float32Array(n).fill(0.25 + i))
        optimizer.step()
      }
      return p.detach()
    }
    expect(close(steps(), interpreted(steps), 3e-7)).toBe('')
  })
})

test('each kind of kernel is made for its first large array', () => {
  const x = uniform([1, 16, 40, 40])
  const c = { batch: 1, groups: 1, inputs: 16, outputs: 3, kernel: [5, 5], stride: [1, 1], padding: [2, 2] } as const
  const sizes: Convolution = { ...c, size: [40, 40], out: [40, 40], dilation: [1, 1] }
  expect(making(() => x.sum())).toBe(1)
  expect(making(() => x.sum(1))).toBe(1)
  expect(making(() => x.sum([0, 2, 3]))).toBe(0)
  expect(making(() => x.softmax(-1))).toBe(1)
  expect(making(() => maxPool2d(x, 2))).toBe(1)
  expect(making(() => convolutions.conv(sizes, uniform([1, 3, 40, 40]), x, uniform([3, 16, 5, 5])))).toBe(1)
})

describe('sums', () => {
  const cases: [readonly number[], number | number[] | undefined][] = [
    [[20_011], undefined],
    [[7, 3001], 1],
    [[3001, 7], 1],
    [[201, 33], 1],
    [[201, 33], 0],
    [[3001, 7], 0],
    [[5, 9001], 0],
    [[3, 70, 80], 1],
    [
      [40, 3, 80],
      [0, 2],
    ],
    [
      [8, 5, 14, 14],
      [0, 2, 3],
    ],
    [
      [2, 9, 600],
      [1, 2],
    ],
  ]
  test.each(cases)('[%s] over %s', (shape, dims) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const x = uniform(shape, dtype)
      const f = (): Tensor => x.sum(dims)
      expect(close(f(), interpreted(f), dtype === 'float32' ? 1e-7 : 1e-14, 100)).toBe('')
    }
  })
  test('keep their digits, and NaN', () => {
    const x = tensor(new Float32Array(1_000_001).fill(0.1))
    expect(x.sum().item()).toBeCloseTo(1_000_001 * Math.fround(0.1), 1)
    expect(
      tensor(Float32Array.from({ length: 9000 }, (_, i) => [1e8, 1, -1e8][i % 3] as number))
        .sum()
        .item(),
    ).toBe(3000)
    const y = new Float32Array(9000)
    y[8999] = Number.NaN
    expect(tensor(y).sum().item()).toBeNaN()
    expect(tensor(y).reshape(9, 1000).sum(1).data.filter(Number.isNaN).length).toBe(1)
  })
})

describe.each(['softmax', 'logSoftmax', 'logsumexp'] as const)('%s', name => {
  test.each([2, 10, 63, 64, 65, 130, 1000, 5000, 9001])('rows of %i', n => {
    for (const dtype of ['float32', 'float64'] as const) {
      const rows = Math.ceil(5000 / n) + 1
      const data = uniform([rows, n], dtype, -20, 20).data.slice()
      // the first rows are special
      data[1] = Infinity
      if (rows > 2) data.fill(-Infinity, n, 2 * n)
      if (rows > 3) data[3 * n - 1] = Number.NaN
      if (rows > 4) data.fill(-Infinity, 3 * n, 4 * n - 1)
      if (rows > 5) data.fill(7, 4 * n, 5 * n)
      const x = tensor(data, { dtype }).reshape(rows, n)
      const f = (): Tensor => x[name](-1)
      // x - max is rounded
      expect(close(f(), interpreted(f), dtype === 'float32' ? 4e-6 : 1e-14, 1e-30)).toBe('')
    }
  })
})

describe('images', () => {
  const cases: [string, Omit<Convolution, 'out'>][] = [
    [
      'W4',
      {
        batch: 5,
        groups: 1,
        inputs: 8,
        outputs: 16,
        size: [14, 14],
        kernel: [3, 3],
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
      },
    ],
    [
      'one image',
      {
        batch: 1,
        groups: 1,
        inputs: 12,
        outputs: 16,
        size: [20, 21],
        kernel: [3, 3],
        stride: [1, 1],
        padding: [0, 1],
        dilation: [1, 1],
      },
    ],
    [
      'groups, stride, dilation',
      {
        batch: 9,
        groups: 3,
        inputs: 5,
        outputs: 7,
        size: [31, 32],
        kernel: [3, 4],
        stride: [2, 1],
        padding: [2, 1],
        dilation: [1, 2],
      },
    ],
  ]
  test.each(cases)('convolution: %s', (_, sizes) => {
    const { batch, groups, inputs, outputs, size, kernel, stride, padding, dilation } = sizes
    const out = [0, 1].map(d =>
      Math.floor((size[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1),
    ) as [number, number]
    const c = { ...sizes, out }
    const shapes = {
      x: [batch, groups * inputs, ...size],
      w: [groups * outputs, inputs, ...kernel],
      y: [batch, groups * outputs, ...out],
    }
    for (const dtype of ['float32', 'float64'] as const) {
      const empty = (shape: readonly number[]): NDArray => uniform(shape, dtype, 0, 0)
      const [x, w, y] = [uniform(shapes.x, dtype), uniform(shapes.w, dtype), uniform(shapes.y, dtype)]
      const forms: [string, () => NDArray][] = [
        [
          'conv',
          () => {
            const to = empty(shapes.y)
            convolutions.conv(c, to, x, w)
            return to
          },
        ],
        [
          'convInput',
          () => {
            const to = empty(shapes.x)
            convolutions.convInput(c, to, y, w)
            return to
          },
        ],
        [
          'convWeight',
          () => {
            const to = empty(shapes.w)
            convolutions.convWeight(c, to, x, y)
            return to
          },
        ],
      ]
      for (const [name, f] of forms) {
        f()
        expect(close(f() as Tensor, interpreted(f) as Tensor, dtype === 'float32' ? 1e-5 : 1e-13, 10), name).toBe('')
      }
    }
  })

  test('max pooling', () => {
    const x = uniform([3, 7, 30, 31])
    x.data[40] = Number.NaN
    for (const [k, options] of [
      [2, {}],
      [3, { stride: 2, padding: 1 }],
      [[2, 3], { stride: 1, ceilMode: true }],
    ] as const) {
      for (const dtype of ['float32', 'float64'] as const) {
        const f = (): Tensor => maxPool2d(x.to(dtype), k, options)
        expect(close(f(), interpreted(f), 0)).toBe('')
      }
    }
  })
})
