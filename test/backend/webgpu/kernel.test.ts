// Kernels of WGSL against the kernels of JavaScript, over sizes that fill workgroups, leave rests, and go along lines.
import { expect, test } from 'vitest'
import { allocate, type DType, numel, stridesOf, type TypedArray } from '../../../src/backend/array.ts'
import * as convolution from '../../../src/backend/convolution.ts'
import * as js from '../../../src/backend/js.ts'
import * as pool from '../../../src/backend/pool.ts'
import * as soft from '../../../src/backend/softmax.ts'
import type { Fold } from '../../../src/backend/stream.ts'
import { convInputKernel, convKernel, convWeightKernel } from '../../../src/backend/webgpu/convolution.ts'
import type { Device } from '../../../src/backend/webgpu/device.ts'
import { foldKernel } from '../../../src/backend/webgpu/fold.ts'
import { gemmKernel } from '../../../src/backend/webgpu/gemm.ts'
import type { Kernel } from '../../../src/backend/webgpu/kernel.ts'
import { mapKernel } from '../../../src/backend/webgpu/loop.ts'
import * as rows from '../../../src/backend/webgpu/rows.ts'
import * as selection from '../../../src/backend/webgpu/selection.ts'
import { elements, words } from '../../../src/compile/webgpu/residence.ts'
import { Expr, program, programs } from '../../../src/engine/expr.ts'
import { Generator } from '../../../src/index.ts'
import { describeGpu } from '../../gpu.ts'

const generator = new Generator(3)
const below = (n: number): number => Math.floor(generator.uniform() * n)
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => generator.normal())

/** Runs kernels, one after the other, over an output that was full of rubbish, and inputs. */
async function run(
  device: Device,
  kernels: Kernel | readonly Kernel[],
  [dtype, length]: readonly [DType, number],
  inputs: readonly (readonly [dtype: DType, data: TypedArray, offset?: number])[],
  order: 'first' | 'last' = 'first',
): Promise<TypedArray> {
  const out = device.place(4 * length)
  device.write(out, new Float32Array(length).fill(NaN))
  const places = inputs.map(([dtype, data]) => {
    const at = device.place(4 * data.length)
    device.write(at, words(data, dtype))
    return at
  })
  const begun = places.map((at, k) => at + 4 * (inputs[k]?.[2] ?? 0))
  const addresses = order === 'first' ? [out, ...begun] : [...begun, out]
  const commands = await device.commands([kernels].flat().map(kernel => ({ kernel, addresses })))
  const encoder = device.gpu.createCommandEncoder()
  commands.encode(encoder)
  const [bytes] = await device.read([{ address: out, words: length }], encoder)
  commands.free()
  for (const at of [out, ...places]) device.free(at)
  return elements(bytes as ArrayBuffer, dtype)
}
function close(got: TypedArray, want: ArrayLike<number>, scale = 1): void {
  expect(got.length).toBe(want.length)
  const worst = Math.max(0, ...Array.from(got, (x, i) => (Object.is(x, want[i]) ? 0 : Math.abs(x - want[i]!) / scale)))
  expect(worst).toBeLessThan(2e-6)
}
/** An array seen with strides of any sign: where its first element is, and enough elements. */
function strided(shape: readonly number[]): { offset: number; strides: number[]; length: number } {
  const order = generator.permutation(shape.length)
  const strides = shape.map(() => 0)
  let step = 1 + below(2)
  for (const d of order) {
    const repeated = generator.uniform() < 0.15
    strides[d] = repeated ? 0 : generator.uniform() < 0.3 ? -step : step
    if (!repeated) step *= shape[d]!
  }
  const offset = strides.reduce((sum, s, d) => sum + (s < 0 ? -s * (shape[d]! - 1) : 0), 0)
  return { offset, strides, length: step + 2 }
}
/** All indices of a shape, in row-major order. */
function* indices(shape: readonly number[]): IterableIterator<number[]> {
  const n = numel(shape)
  const strides = stridesOf(shape)
  for (let i = 0; i < n; i++) yield shape.map((size, d) => Math.floor(i / strides[d]!) % size)
}
const at = (offset: number, strides: readonly number[], index: readonly number[]): number =>
  index.reduce((sum, i, d) => sum + i * strides[d]!, offset)

describeGpu('on a GPU', device => {
  test.each([[[]], [[1]], [[7]], [[64]], [[65, 3]], [[2, 3, 4, 5]], [[1, 9, 1, 2]]])('loops over %j', async shape => {
    for (let round = 0; round < 4; round++) {
      const views = [strided(shape), strided(shape), strided(shape)]
      const data = [
        ['float32', floats(views[0]!.length)],
        ['int32', Int32Array.from({ length: views[1]!.length }, () => below(100) - 50)],
        ['bool', Uint8Array.from({ length: views[2]!.length }, () => below(2))],
      ] as const
      const [x, y, c] = [0, 1, 2].map(k => Expr.input(k)) as [Expr, Expr, Expr]
      const expr = c.where(x.mul(y), y.sub(x))
      const { steps, at: step } = programs([expr])
      const strides = stridesOf(shape)
      const kernel = mapKernel({
        sizes: shape,
        inputs: data.map(([dtype], k) => ({ dtype, strides: views[k]!.strides })),
        outputs: [{ dtype: 'float32', strides, step: step[0]! }],
        program: steps,
      })
      const begun = data.map(([dtype, array], k) => [dtype, array, views[k]!.offset] as const)
      const want = [...indices(shape)].map(index => {
        const [a, b, t] = begun.map(([, array, offset], k) => array[at(offset, views[k]!.strides, index)]!)
        return Math.fround(t ? a! * b! : b! - a!)
      })
      close(await run(device(), kernel, ['float32', want.length], begun, 'last'), want, 10)
    }
  })

  test('whole numbers are compared as such, and stored as such', async () => {
    const x = Int32Array.of(2 ** 24 + 1, -(2 ** 30), 5, 7)
    const y = Int32Array.of(2 ** 24, -(2 ** 30), 6, 7)
    const stream = (dtype: DType) => ({ dtype, strides: [1] })
    const compare = program(Expr.input(0).eq(Expr.input(1)))
    const equal = mapKernel({
      sizes: [4],
      inputs: [stream('int32'), stream('int32')],
      outputs: [{ ...stream('bool'), step: compare.length - 1 }],
      program: compare,
    })
    const inputs = [
      ['int32', x],
      ['int32', y],
    ] as const
    expect(Array.from(await run(device(), equal, ['bool', 4], inputs, 'last'))).toEqual([0, 1, 0, 1])
    const choose = program(Expr.input(0).lt(7).where(Expr.input(0), Expr.input(1)))
    const chosen = mapKernel({
      sizes: [4],
      inputs: [stream('int32'), stream('int32')],
      outputs: [{ ...stream('int32'), step: choose.length - 1 }],
      program: choose,
    })
    const out = await run(device(), chosen, ['int32', 4], inputs, 'last')
    expect(Array.from(out)).toEqual([2 ** 24, -(2 ** 30), 5, 7])
  })

  test('more elements than one row of workgroups', async () => {
    const n = 65535 * 64 + 1000
    const program_ = program(Expr.input(0).add(1))
    const stream = { dtype: 'float32', strides: [1] } as const
    const kernel = mapKernel({ sizes: [n], inputs: [stream], outputs: [{ ...stream, step: 2 }], program: program_ })
    const x = new Float32Array(n).map((_, i) => i % 1000)
    const out = await run(device(), kernel, ['float32', n], [['float32', x]], 'last')
    expect(out.every((y, i) => y === (i % 1000) + 1)).toBe(true)
  })

  test.each([
    [[5], [true]],
    [[3000], [true]],
    [
      [40, 700],
      [false, true],
    ],
    [
      [700, 40],
      [true, false],
    ],
    [
      [3, 5, 7],
      [true, false, true],
    ],
    [
      [300, 2, 5],
      [true, false, true],
    ],
    [
      [4, 6],
      [false, false],
    ],
  ] as [number[], boolean[]][])('folds of %j over %j', async (shape, folded) => {
    for (const fold of ['sum', 'amax', 'amin'] as Fold[]) {
      const { offset, strides, length } = strided(shape)
      const x = floats(length)
      const kept = shape.filter((_, d) => !folded[d])
      const results = new Float64Array(numel(kept)).fill(fold === 'sum' ? 0 : fold === 'amax' ? -Infinity : Infinity)
      const own = stridesOf(kept)
      for (const index of indices(shape)) {
        const inner = index.filter((_, d) => !folded[d])
        const to = inner.reduce((sum, i, d) => sum + i * own[d]!, 0)
        const value = x[at(offset, strides, index)]! ** 2
        results[to] = fold === 'sum' ? results[to]! + value : Math[fold === 'amax' ? 'max' : 'min'](results[to]!, value)
      }
      const steps = program(Expr.input(0).mul(Expr.input(0)))
      const kernel = foldKernel({
        sizes: shape,
        inputs: [{ dtype: 'float32', strides }],
        program: steps,
        folded,
        fold,
        dtype: 'float32',
      })
      const out = await run(device(), kernel, ['float32', results.length], [['float32', x, offset]], 'last')
      close(out, results, Math.max(...results))
    }
  })

  test.each([
    [1, 1, 1],
    [5, 7, 3],
    [16, 16, 16],
    [33, 17, 40],
    [64, 64, 64],
    [100, 1, 65],
    [1, 130, 9],
    [70, 90, 1],
    [65, 129, 31],
    [3, 3, 0],
  ])('products %d x %d over %d', async (m, n, k) => {
    for (const [ta, tb, sizes] of [
      [false, false, []],
      [true, false, [3]],
      [false, true, [2, 2]],
      [true, true, []],
    ] as const) {
      const count = numel(sizes)
      // the first dimension of a batch of b is broadcast
      const a = floats(count * m * k)
      const b = floats(Math.max(1, count / (sizes[0] ?? 1)) * k * n)
      const batchA = stridesOf([...sizes, m * k]).slice(0, -1)
      const batchB = sizes.map((_, d) => (d === 0 ? 0 : k * n))
      const spec = {
        sizes,
        m,
        n,
        k,
        a: { batch: batchA, row: ta ? 1 : k, step: ta ? m : 1 },
        b: { batch: batchB, step: tb ? 1 : n, column: tb ? k : 1 },
      }
      const want = [...indices([...sizes, m, n])].map(index => {
        const [i, j] = index.slice(-2) as [number, number]
        let sum = 0
        for (let s = 0; s < k; s++)
          sum +=
            a[at(i * spec.a.row + s * spec.a.step, batchA, index.slice(0, -2))]! *
            b[at(s * spec.b.step + j * spec.b.column, batchB, index.slice(0, -2))]!
        return sum
      })
      const inputs = [
        ['float32', a],
        ['float32', b],
      ] as const
      close(await run(device(), gemmKernel(spec), ['float32', want.length], inputs), want, 4 + k / 2)
    }
  })

  test.each([
    [3, 5, 1],
    [2, 100, 1],
    [2, 300, 3],
    [4, 9, 7],
    [1, 1, 1],
    [1, 1000, 1],
  ])('along lines of [%d, %d, %d]', async (outer, n, inner) => {
    const x = floats(outer * n * inner).map(z => 5 * z)
    const line = outer * inner
    const input = [['float32', x]] as const
    for (const [kernel, reference, length] of [
      [rows.softmaxKernel, soft.softmax, x.length],
      [rows.logSoftmaxKernel, soft.logSoftmax, x.length],
      [rows.logsumexpKernel, soft.logsumexp, line],
    ] as const) {
      const want = new Float32Array(length)
      reference(want, x, outer, n, inner)
      close(await run(device(), kernel(outer, n, inner), ['float32', length], input), want, 20)
    }
    for (const sign of [1, -1] as const) {
      // equals, and now and then NaN
      const y = x.map(z => (generator.uniform() < 0.01 ? NaN : Math.round(z)))
      const want = new Int32Array(line)
      js.argbest(want, y, outer, n, inner, sign)
      const got = await run(device(), rows.argKernel(outer, n, inner, sign), ['int32', line], [['float32', y]])
      expect(Array.from(got)).toEqual(Array.from(want))
    }
    for (const reverse of [false, true]) {
      const want = new Float32Array(x.length)
      js.cumsum(want, x, outer, n, inner, reverse)
      const kernel = rows.cumsumKernel(outer, n, inner, reverse)
      close(await run(device(), kernel, ['float32', x.length], input), want, 200)
    }
  })

  test.each([
    [1, 5, 4, 9],
    [3, 7, 1, 2],
    [2, 100, 33, 40],
  ])('slices of [%d, %d, %d] at %d indices', async (outer, n, inner, m) => {
    const index = Int32Array.from({ length: m }, () => below(n))
    const x = floats(outer * n * inner)
    const picked = new Float32Array(outer * m * inner)
    js.select(picked, x, index, outer, n, inner)
    const read = selection.selectKernel(outer, n, inner, m)
    close(
      await run(
        device(),
        read,
        ['float32', picked.length],
        [
          ['float32', x],
          ['int32', index],
        ],
      ),
      picked,
    )
    const added = new Float32Array(x.length)
    js.selectAdd(added, picked, index, outer, n, inner)
    const add = selection.selectAddKernels(outer, n, inner, m)
    close(
      await run(
        device(),
        add,
        ['float32', x.length],
        [
          ['float32', picked],
          ['int32', index],
        ],
      ),
      added,
      10,
    )
  })

  test.each([
    { size: [6, 7], kernel: [2, 2], out: [3, 3], stride: [2, 2], padding: [0, 0], dilation: [1, 1] },
    { size: [5, 5], kernel: [3, 3], out: [5, 5], stride: [1, 1], padding: [1, 1], dilation: [1, 1] },
    { size: [4, 9], kernel: [3, 2], out: [2, 5], stride: [2, 2], padding: [1, 1], dilation: [1, 1] },
  ] as const)('the largest in windows: %j', async p => {
    const planes = 3
    const x = floats(planes * p.size[0] * p.size[1]).map(z => (generator.uniform() < 0.05 ? NaN : Math.round(2 * z)))
    const want = new Int32Array(planes * p.out[0] * p.out[1])
    pool.maxima(p, want, x)
    const got = await run(device(), selection.maximaKernel(p, planes), ['int32', want.length], [['float32', x]])
    expect(Array.from(got)).toEqual(Array.from(want))
  })

  test('means over spans, and back', async () => {
    const spans = [
      { start: 0, stop: 3, divisor: 3 },
      { start: 1, stop: 4, divisor: 4 },
      { start: 3, stop: 7, divisor: 4 },
    ]
    const [outer, n, inner] = [3, 8, 5]
    const x = floats(outer * n * inner)
    const want = new Float32Array(outer * spans.length * inner)
    pool.averages(want, x, spans, outer, n, inner)
    const forward = selection.averagesKernel(spans, outer, n, inner)
    close(await run(device(), forward, ['float32', want.length], [['float32', x]]), want)
    const back = new Float32Array(x.length)
    pool.averagesAdd(back, want, spans, outer, n, inner)
    const backward = selection.averagesAddKernel(spans, outer, n, inner)
    close(await run(device(), backward, ['float32', back.length], [['float32', want]]), back)
  })

  test.each([
    {
      batch: 2,
      groups: 1,
      inputs: 3,
      outputs: 4,
      size: [6, 5],
      kernel: [3, 3],
      out: [6, 5],
      stride: [1, 1],
      padding: [1, 1],
      dilation: [1, 1],
    },
    {
      batch: 1,
      groups: 2,
      inputs: 2,
      outputs: 3,
      size: [9, 8],
      kernel: [2, 3],
      out: [4, 3],
      stride: [2, 2],
      padding: [0, 0],
      dilation: [2, 1],
    },
    {
      batch: 3,
      groups: 1,
      inputs: 1,
      outputs: 1,
      size: [12, 12],
      kernel: [5, 5],
      out: [4, 4],
      stride: [3, 3],
      padding: [1, 1],
      dilation: [1, 1],
    },
  ] as const)('convolutions: %j', async c => {
    const planes = c.batch * c.groups
    const image = (n: number) => ({ dtype: 'float32', shape: [n], data: floats(n) }) as const
    const x = image(planes * c.inputs * c.size[0] * c.size[1])
    const w = image(c.groups * c.outputs * c.inputs * c.kernel[0] * c.kernel[1])
    const y = image(planes * c.outputs * c.out[0] * c.out[1])
    for (const [kernel, reference, out, p, q] of [
      [convKernel, convolution.conv, y, x, w],
      [convInputKernel, convolution.convInput, x, y, w],
      [convWeightKernel, convolution.convWeight, w, x, y],
    ] as const) {
      const want = { ...out, data: allocate('float32', out.data.length) }
      reference(c, want, p, q)
      const inputs = [
        ['float32', p.data],
        ['float32', q.data],
      ] as const
      close(await run(device(), kernel(c), ['float32', want.data.length], inputs), want.data, 20)
    }
  })
})
