// A step on a GPU does what the step does; its state stays there until it is asked for, and errors say so.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type WebGpu, webgpu } from '../../src/compile/webgpu/webgpu.ts'
import {
  ArgumentError,
  bernoulli,
  CompileError,
  compile,
  type Description,
  detectAnomaly,
  Generator,
  IndexError,
  live,
  nn,
  ones,
  optim,
  randn,
  Tensor,
  tensor,
  Value,
  zeros,
} from '../../src/index.ts'
import { describeGpu } from '../gpu.ts'
import { here } from '../swiftshader.ts'
import { moons, type Step, steps } from './examples.ts'
import { cases, close, type Make, network, optimizers, stepOf, trained } from './steps.ts'

type Described = Extract<Description, { engine: 'webgpu' }>
const gpu = here && (await webgpu({ gpu: here.gpu }))

describeGpu('a step on a GPU', () => {
  const device = gpu as WebGpu
  /** Runs a step made twice from the same seed, as it is and on the GPU, and compares all it leaves after each call. */
  async function same(make: Make, calls = 8, tolerance?: number): Promise<Described> {
    const eager = make(new Generator(7))
    const other = make(new Generator(7))
    const compiled = compile(other.step, { device })
    for (let i = 0; i < calls; i++) {
      const [a, b] = [eager.step(), await compiled()]
      await device.sync()
      if (a instanceof Tensor) close(b as Tensor, a, tolerance)
      const [x, y] = [eager.watch(), other.watch()]
      for (const [k, t] of x.entries()) close(y[k] as Tensor, t, tolerance)
    }
    const [description, ...others] = compiled.describe()
    expect(others).toEqual([])
    return description as Described
  }

  describe('trains as the eager engine', () => {
    test.each(optimizers)('%s', (_, optimizer) => same(trained(optimizer), 12).then(() => {}))
    test.each([2, 1, Infinity, 3])('clipped to a norm of order %d', normType =>
      same(
        trained(
          p => new optim.SGD(p, { lr: 0.1 }),
          p => void optim.clipGradNorm(p, 0.1, { normType }),
        ),
      ).then(({ waits }) => expect(waits).toBe(0)),
    )
    test('gradients that add up over calls', () =>
      same(generator => {
        const model = network(generator)
        const x = randn([9, 3], { generator })
        return {
          step: () => {
            const loss = model.forward(x).square().mean()
            loss.backward()
            return loss
          },
          watch: () => model.parameters().map(p => p.grad as Tensor),
        }
      }))
    test('dropout, drawn anew in each call from its own generator', () =>
      same(generator => {
        const model = new nn.Sequential(
          new nn.Linear(3, 16, { generator }),
          new nn.Dropout(0.4, { generator }),
          new nn.Linear(16, 2, { generator }),
        )
        const o = new optim.Adam(model.parameters(), { lr: 0.01 })
        const x = randn([9, 3], { generator })
        return {
          step: () => {
            const loss = model.forward(x).square().mean()
            o.zeroGrad()
            loss.backward()
            o.step()
            return loss
          },
          watch: () => model.parameters(),
        }
      }))
  })

  describe('ops and layers', () => {
    test.each(Object.entries(cases))('%s', (_, f) => same(stepOf(f), 4, 2e-4).then(() => {}))
  })

  describe('the examples', () => {
    const STEPS = 12
    const { moons: _, 'moons on values': __, ...others } = steps
    const all: Record<string, () => Step> = { moons: () => moons('float32'), ...others }
    test.each(Object.entries(all))(
      '%s',
      async (_, make) => {
        const eager = make()
        const here: number[] = []
        for (let i = 0; i < STEPS; i++) here.push((eager.run() as Tensor).item())
        const losses: number[][] = []
        const lasts: number[][] = []
        for (let run = 0; run < 2; run++) {
          const other = make()
          const train = compile(other.run as () => Tensor, { device })
          const list: number[] = []
          for (let i = 0; i < STEPS; i++) list.push((await train()).item())
          await device.sync()
          losses.push(list)
          lasts.push((other.parameters as Tensor[]).flatMap(p => Array.from(p.data)))
          expect((train.describe()[0] as Described).waits).toBe(0)
        }
        losses[0]!.forEach((loss, i) => {
          expect(Math.abs(loss - here[i]!)).toBeLessThan(1e-3 * Math.max(1e-2, Math.abs(here[i]!)))
        })
        expect(losses[1], 'again the same, to the bit').toEqual(losses[0])
        expect(lasts[1]).toEqual(lasts[0])
      },
      120_000,
    )
  })

  describe('what goes in and comes out', () => {
    test('arguments of other shapes and dtypes, and results of each dtype', async () => {
      const f = compile(
        (x: Tensor, { y }: { y: Tensor }) => ({ sum: x.add(y), over: x.gt(y), whole: x.argmax(0), all: [x.mean()] }),
        { device },
      )
      for (let i = 0; i < 4; i++) {
        for (const n of [3, 5]) {
          const [x, y] = [randn([n], { generator: new Generator(i) }), randn([n], { generator: new Generator(i + 9) })]
          const { sum, over, whole, all } = await f(x, { y })
          close(sum, x.add(y))
          expect(over.dtype).toBe('bool')
          expect(Array.from(over.data)).toEqual(Array.from(x.gt(y).data))
          expect(whole.dtype).toBe('int32')
          expect(whole.item()).toBe(x.argmax(0).item())
          close(all[0]!, x.mean())
        }
      }
      expect(f.describe().length).toBe(2)
    })
    test('calls that are not waited for run one after the other, each with what it was given', async () => {
      const w = tensor([1], { requiresGrad: true })
      let rate = 0
      const f = compile(
        (x: Tensor) => {
          const out = w.detach().add(x.mul(live(() => rate)))
          w.assign(out)
          return out
        },
        { device },
      )
      const pending: Promise<Tensor>[] = []
      let sum = 1
      const expected: number[] = []
      for (let i = 0; i < 12; i++) {
        rate = i
        sum += rate * i
        expected.push(sum)
        pending.push(f(tensor([i])))
        if (i < 3) await pending.at(-1)
      }
      expect((await Promise.all(pending)).map(x => x.item())).toEqual(expected)
      await device.sync()
      expect(w.item()).toBe(sum)
    })
    test('a step that waits for the GPU in the middle', async () => {
      const step = (x: Tensor): Tensor => x.mul(2).sort(0).values.add(x.exp().sort(0).indices.float())
      const f = compile(step, { device })
      const pending: Promise<Tensor>[] = []
      const xs = Array.from({ length: 6 }, (_, i) => randn([7], { generator: new Generator(i) }))
      for (const x of xs) {
        if (pending.length < 3) await pending.at(-1)
        pending.push(f(x))
      }
      for (const [i, out] of (await Promise.all(pending)).entries()) close(out, step(xs[i]!))
      expect((f.describe()[0] as Described).waits).toBe(1)
    })
    test('programs share parameters, and what is assigned between calls arrives', async () => {
      const w = tensor([1, 2], { requiresGrad: true })
      const double = compile(
        () => {
          w.assign(w.detach().mul(2))
        },
        { device },
      )
      const read = compile(() => w.detach().sum(), { device })
      for (let i = 0; i < 4; i++) await double()
      for (let i = 0; i < 3; i++) expect((await read()).item()).toBe(48)
      await double()
      expect((await read()).item()).toBe(96)
      w.assign(tensor([1, 1]))
      expect((await read()).item()).toBe(2)
      await double()
      expect((await read()).item()).toBe(4)
      const here = compile(() => w.detach().sum())
      await device.sync()
      for (let i = 0; i < 4; i++) expect(here().item()).toBe(4)
    })
    test('a leaf that JavaScript reads, while another program changes it', async () => {
      const order = tensor([2, 0, 1], { dtype: 'int32' })
      const pick = compile((x: Tensor) => x.at(order).add(order.float()), { device })
      const x = tensor([10, 20, 30])
      for (let i = 0; i < 3; i++) expect((await pick(x)).toArray()).toEqual([32, 10, 21])
      const turn = compile(
        () => {
          order.assign(order.flip(0).abs())
        },
        { device },
      )
      for (let i = 0; i < 3; i++) await turn()
      expect((await pick(x)).toArray()).toEqual([21, 10, 32])
    })
    test('optimizer state is there after sync, and can be loaded', async () => {
      const make = () => {
        const model = network(new Generator(1))
        const o = new optim.Adam(model.parameters(), { lr: 0.1 })
        const x = randn([4, 3], { generator: new Generator(2) })
        const step = () => {
          const loss = model.forward(x).square().mean()
          o.zeroGrad()
          loss.backward()
          o.step()
          return loss
        }
        return { model, o, step }
      }
      const [a, b] = [make(), make()]
      for (let i = 0; i < 6; i++) a.step()
      const train = compile(b.step, { device })
      for (let i = 0; i < 6; i++) await train()
      await device.sync()
      const [state, own] = [b.o.stateDict(), a.o.stateDict()]
      expect((state.state[0] as { step: Tensor }).step).toEqual((own.state[0] as { step: Tensor }).step)
      const c = make()
      c.model.loadStateDict(b.model.stateDict())
      c.o.loadStateDict(state)
      const again = compile(c.step, { device })
      for (let i = 0; i < 4; i++) close(await again(), await train(), 1e-4)
    })
    test('memory grows, and what was there stays', async () => {
      const w = randn([50], { generator: new Generator(1) }).requiresGrad_()
      const before = Array.from(w.data, x => Math.fround(x * 8))
      const double = compile(
        () => {
          w.assign(w.detach().mul(2))
        },
        { device },
      )
      for (let i = 0; i < 3; i++) await double()
      const large = compile((x: Tensor) => x.sin().sum(), { device })
      const x = randn([1 << 21], { generator: new Generator(3) })
      for (let i = 0; i < 3; i++) close(await large(x), x.sin().sum(), 1e-3)
      await device.sync()
      expect(Array.from(w.data)).toEqual(before)
    })
    test('a sum of a million equal terms', async () => {
      const f = compile((x: Tensor) => x.sum(), { device })
      const x = ones([1_000_000]).mul(0.1)
      for (let i = 0; i < 3; i++) expect(Math.abs((await f(x)).item() / 1e5 - 1)).toBeLessThan(1e-6)
    })
    test('infinities and NaN', async () => {
      const f = compile((x: Tensor) => [x.sum(), x.amax(), x.softmax(0), x.logsumexp(0), x.isnan(), x.max(0).indices], {
        device,
      })
      for (const values of [
        [1, Infinity, 2],
        [NaN, 1, Infinity],
        [-Infinity, -Infinity, -Infinity],
        [1, -Infinity, 0],
      ]) {
        const x = tensor(values)
        const want = [x.sum(), x.amax(), x.softmax(0), x.logsumexp(0), x.isnan(), x.max(0).indices]
        for (let i = 0; i < 3; i++)
          (await f(x)).forEach((y, k) => {
            y.data.forEach((z, j) => {
              const w = want[k]!.data[j]!
              expect(
                Object.is(z, w) || Math.abs(z - w) < 1e-6 * Math.abs(w),
                `${values}: result ${k} is ${y.data}`,
              ).toBe(true)
            })
          })
      }
    })
  })

  describe('errors', () => {
    const left = async (): Promise<{ w: Tensor; step: () => Promise<Tensor> }> => {
      const w = tensor([1, 2], { requiresGrad: true })
      const o = new optim.SGD([w], { lr: 0.1 })
      const step = compile(
        () => {
          const loss = w.square().sum()
          o.zeroGrad()
          loss.backward()
          o.step()
          return loss
        },
        { device },
      )
      for (let i = 0; i < 3; i++) await step()
      return { w, step }
    }
    test('a value that is on the GPU says how it is fetched', async () => {
      const { w, step } = await left()
      expect(() => w.data).toThrow(/on the GPU.*await gpu\.sync\(\)/)
      expect(() => w.mul(2)).toThrow(CompileError)
      const old = w.grad as Tensor
      expect(() => old.item).not.toThrow()
      expect(() => old.data).toThrow(/await gpu\.sync\(\)/)
      await step()
      await device.sync()
      expect(() => old.data).toThrow(/overwritten/)
      expect(w.data.length).toBe(2)
      expect((w.grad as Tensor).data.length).toBe(2)
    })
    test('float64', async () => {
      const x = randn([3], { dtype: 'float64' })
      const f = compile((x: Tensor) => x.sin(), { device })
      for (let i = 0; i < 2; i++) await f(x)
      for (let i = 0; i < 2; i++) await expect(f(x)).rejects.toThrow(/argument of 3 elements of float64/)
      const g = compile((x: Tensor) => x.double(), { device })
      for (let i = 0; i < 2; i++) await g(x.float())
      await expect(g(x.float())).rejects.toThrow(/a result of 3 elements of float64/)
    })
    test('steps on values, asynchronous ones, and within others', async () => {
      const w = new Value(2)
      const f = compile(() => w.mul(2), { device })
      for (let i = 0; i < 2; i++) await f()
      await expect(f()).rejects.toThrow(/on values/)
      const g = compile(async () => 1, { device })
      await expect(g()).rejects.toThrow(/async/)
      const inner = compile((x: Tensor) => x.mul(2), { device })
      const outer = compile((x: Tensor) => inner(x))
      expect(() => outer(ones([2]))).toThrow(CompileError)
    })
    test('an index out of range, found in time', async () => {
      const w = zeros([3]).requiresGrad_()
      const f = compile(
        (index: Tensor) => {
          const out = w.detach().add(1)
          w.assign(out)
          return out.indexSelect(0, index)
        },
        { device },
      )
      for (let i = 0; i < 3; i++) await f(tensor([0, 2], { dtype: 'int32' }))
      await expect(f(tensor([0, 3], { dtype: 'int32' }))).rejects.toThrow(IndexError)
      await device.sync()
      expect(Array.from(w.data)).toEqual([3, 3, 3])
    })
    test('options', async () => {
      const step = (x: Tensor): Tensor => x
      expect(() => compile(step, { device: {} as WebGpu })).toThrow(ArgumentError)
      expect(() => compile(step, { device: Promise.resolve(device) as unknown as WebGpu })).toThrow(/awaited/)
      expect(() => compile(step, { device, profile: true })).toThrow(ArgumentError)
      await expect(webgpu({ powerPreference: 'fast' as 'low-power' })).rejects.toThrow(ArgumentError)
    })
    test('under anomaly mode the step runs as it is', async () => {
      const f = compile((x: Tensor) => x.mul(2), { device })
      const pending: Promise<Tensor>[] = []
      for (let i = 0; i < 3; i++)
        detectAnomaly(() => {
          pending.push(f(ones([2])))
        })
      expect((await Promise.all(pending)).map(x => x.toArray())).toEqual([
        [2, 2],
        [2, 2],
        [2, 2],
      ])
      expect(f.describe()).toEqual([])
    })
  })

  test('a program says what it consists of', async () => {
    const generator = new Generator(1)
    const x = randn([4, 4], { generator })
    const f = compile(
      () =>
        x
          .matmul(x)
          .add(1)
          .relu()
          .mul(bernoulli(ones([4, 4]).mul(0.5), { generator }))
          .sum(),
      { device },
    )
    for (let i = 0; i < 3; i++) await f()
    const [d] = f.describe() as [Described]
    expect(d).toMatchObject({ engine: 'webgpu', device: device.name, host: ['bernoulli'], waits: 0 })
    expect(d.kernels[0]).toBe('matmul')
    expect(d.flops).toBeGreaterThanOrEqual(2 * 4 ** 3)
    expect(d.planned).toBeLessThanOrEqual(d.naive + 1024)
    expect(d.code).toBeGreaterThan(0)
  })
})

describeGpu('the readme', () => {
  test('shows a step that runs', async () => {
    const text = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
    const block = [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)]
      .map(match => match[1]!)
      .find(x => x.includes('webgpu'))!
    const body = block.replace(/^import .*$/gm, '').replaceAll('console.log', 'log')
    const w = tensor([1], { requiresGrad: true })
    const o = new optim.SGD([w], { lr: 0.01 })
    const step = (): Tensor => {
      const loss = w.square().sum()
      o.zeroGrad()
      loss.backward()
      o.step()
      return loss
    }
    const losses: number[] = []
    const run = new Function('compile', 'webgpu', 'step', 'log', `return (async () => {${body}})()`)
    await run(
      compile,
      () => webgpu({ gpu: here!.gpu }),
      step,
      (x: number) => losses.push(x),
    )
    expect(losses.length).toBe(3)
    expect(w.item()).toBeCloseTo(0.98 ** 300, 4)
  })
})

describeGpu('a process', () => {
  test('ends by itself', () => {
    const child = join(import.meta.dirname, 'webgpu.child.ts')
    const { stdout, status, signal } = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', child], {
      encoding: 'utf8',
      timeout: 25_000,
    })
    expect({ stdout, status, signal }).toEqual({ stdout: '-2\n-7\n-17\n', status: 0, signal: null })
  })
})

test('where there is no GPU, it says what to do', async () => {
  const nobody = { requestAdapter: async () => null } as unknown as GPU
  await expect(webgpu({ gpu: nobody })).rejects.toThrow(/no GPU was found/)
  await expect(webgpu({ gpo: nobody } as object)).rejects.toThrow(ArgumentError)
})
