// What was wrong once in steps on a GPU.
import { expect, test } from 'vitest'
import { type WebGpu, webgpu } from '../../src/compile/webgpu/webgpu.ts'
import { CompileError, compile, F, live, ones, type Tensor, tensor, zeros } from '../../src/index.ts'
import { describeGpu } from '../gpu.ts'
import { here } from '../swiftshader.ts'

const gpu = here && (await webgpu({ gpu: here.gpu }))

describeGpu('a step on a GPU', () => {
  const device = gpu as WebGpu
  /** The third call is the program's. */
  const third = async (f: (x: Tensor) => Tensor | Tensor[], x: Tensor): Promise<number[][]> => {
    const compiled = compile(f, { device })
    for (let i = 0; i < 2; i++) await compiled(x)
    return [await compiled(x)].flat().map(y => Array.from(y.data))
  }
  test('two thousand calls at once', async () => {
    const f = compile((x: Tensor) => x.mul(2), { device })
    const all = await Promise.all(Array.from({ length: 2000 }, (_, i) => f(tensor([i, 1]))))
    expect(all.map(x => x.data[0])).toEqual(all.map((_, i) => 2 * i))
  })
  test('numbers in float64 beside numbers that the GPU makes', async () => {
    let clock = 1.7e9
    const f = compile((x: Tensor) => [live(() => clock).sub(1.7e9), x.square().sum().double().sqrt()], { device })
    for (let i = 1; i < 6; i++) {
      clock++
      expect((await f(ones([4])))[0]!.item()).toBe(i)
    }
  })
  test('numbers are rounded after each op', async () => {
    expect(await third(x => [x.exp().log(), x.exp().isinf()], tensor(100))).toEqual([[Infinity], [1]])
  })
  test('whole numbers beyond 2^24, and the least', async () => {
    const x = tensor([16777216, 16777217, -(2 ** 31), 2 ** 31 - 1], { dtype: 'int32' })
    const f = (x: Tensor) => [x.eq(16777217), x.lt(2 ** 31 - 1), x.gt(-(2 ** 31))]
    expect(await third(f, x)).toEqual([
      [0, 1, 0, 0],
      [1, 1, 1, 0],
      [1, 1, 0, 1],
    ])
  })
  test('NaN and infinity times 0, and over infinity', async () => {
    const f = (x: Tensor) => [x.mul(0), tensor(0).div(x), x.div(Infinity), x.xlogy(3e38)]
    const x = tensor([NaN, Infinity, 0, 1])
    const [product, quotient, over, logs] = await third(f, x)
    expect(product).toEqual([NaN, NaN, 0, 0])
    expect(quotient).toEqual([NaN, 0, NaN, 0])
    expect(over).toEqual([NaN, NaN, 0, 0])
    expect(logs![3]).toBeCloseTo(Math.log(3e38), 4)
  })
  test('folds of nothing, and pools over long axes', async () => {
    expect(await third(x => x.t().sum(), zeros([0, 3]))).toEqual([[0]])
    const x = ones([1, 1, 1, 3000])
    const [pooled] = await third(x => F.avgPool2d(x, [1, 2], { stride: [1, 1] }), x)
    expect(pooled!.every(y => y === 1)).toBe(true)
  })
  test('a call that is refused has changed nothing', async () => {
    const w = tensor([0])
    const f = compile(
      (x: Tensor) => {
        w.assign(w.detach().add(1))
        return x.double()
      },
      { device },
    )
    for (let i = 0; i < 2; i++) await f(ones([3]))
    for (let i = 0; i < 3; i++) await expect(f(ones([3]))).rejects.toThrow(CompileError)
    expect(w.item()).toBe(2)
  })
  test('what a program has left is an argument of another', async () => {
    const w = tensor([1, 2], { requiresGrad: true })
    const double = compile(
      () => {
        w.assign(w.detach().mul(2))
      },
      { device },
    )
    for (let i = 0; i < 3; i++) await double()
    const sum = compile((x: Tensor) => x.sum(), { device })
    for (let i = 0; i < 4; i++) {
      expect((await sum(w)).item()).toBe(3 * 2 ** (i + 3))
      await double()
    }
  })
})
