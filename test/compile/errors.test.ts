import { afterEach, describe, expect, test } from 'vitest'
import {
  type Compiled,
  CompileError,
  codegen,
  compile,
  detectAnomaly,
  F,
  grad,
  IndexError,
  ones,
  optim,
  type Tensor,
  tensor,
} from '../../src/index.ts'

afterEach(() => {
  codegen(true)
})

/** Was the step compiled, or does it still run as it is? */
const programs = (f: { describe(): readonly unknown[] }): number => f.describe().length

describe('where programs do not run', () => {
  test('without generated code, under anomaly mode and within transforms, the step runs as it is', () => {
    const f = compile((x: Tensor) => x.log().sum())
    codegen(false)
    for (let i = 0; i < 4; i++) expect(f(tensor([1])).item()).toBe(0)
    expect(programs(f)).toBe(0)
    codegen(true)
    for (let i = 0; i < 4; i++) f(tensor([1]))
    expect(programs(f)).toBe(1)
    expect(() => detectAnomaly(() => f(tensor([-1])))).toThrow("'log' made a NaN")
    expect(grad((x: Tensor) => f(x))(tensor([2])).item()).toBe(0.5)
  })

  test('within another one it is part of it', () => {
    const inner = compile((x: Tensor) => x.mul(2))
    const outer = compile((x: Tensor) => inner(x).add(1))
    for (let i = 0; i < 5; i++) expect(outer(tensor([i])).item()).toBe(2 * i + 1)
    expect([programs(inner), programs(outer)]).toEqual([0, 1])
  })
})

describe('errors', () => {
  const often =
    (f: Compiled<never[], unknown>, n = 6) =>
    () => {
      for (let i = 0; i < n; i++) f()
    }
  const w = tensor([1]).requiresGrad_()

  test('numbers read within the step', () => {
    for (const read of [
      (x: Tensor) => x.item(),
      (x: Tensor) => x.data[0],
      (x: Tensor) => x.toArray(),
      (x: Tensor) => `${x}`,
      (x: Tensor) => x.nonzero(),
      (x: Tensor) => x.equal(x),
    ]) {
      const f = compile(() => {
        read(w.mul(2))
      })
      expect(often(f)).toThrow(CompileError)
      expect(often(f)).toThrow(
        /reads the numbers of a tensor \[1\] computed by 'mul' at[\s\S]*errors\.test\.ts[\s\S]*where/,
      )
    }
  })

  test('a number that changes', () => {
    let lr = 1
    const f = compile(() => {
      lr *= 0.5
      return w.detach().mul(lr)
    })
    expect(often(f)).toThrow(/'mul' was given the number 0\.\d+, then 0\.\d+ .*errors\.test\.ts.*live/)
  })
  test('a tensor made of numbers that change', () => {
    let i = 0
    expect(often(compile(() => w.detach().add(tensor([i++, 2]))))).toThrow('holds others')
  })
  test('ops that change', () => {
    let i = 0
    expect(often(compile(() => (i++ % 2 ? w.detach().sin() : w.detach().cos())))).toThrow(
      /op 0 was '(sin|cos)' and is '(sin|cos)'/,
    )
    i = 0
    expect(
      often(
        compile(() => {
          for (let k = 0; k < i; k++) w.detach().sin()
          i++
        }),
      ),
    ).toThrow(/consisted of \d ops/)
  })
  test('a closure that reads another tensor each time', () => {
    expect(
      often(
        compile(() => {
          const x = outside()
          return x.mul(2)
        }),
      ),
    ).toThrow(/'mul' .*errors\.test\.ts.* reads, of shape \[1\], another tensor than before/)
    function outside(): Tensor {
      return made[n++ % made.length] as Tensor
    }
  })
  const made = Array.from({ length: 9 }, (_, i) => tensor([i]))
  let n = 0

  test('an argument that collects a gradient or is assigned', () => {
    const x = tensor([1]).requiresGrad_()
    expect(() => compile((y: Tensor) => y.square().sum().backward())(x)).toThrow(
      "the step's argument of shape [1] collects a gradient",
    )
    expect(() => compile((y: Tensor) => void y.assign(tensor([2])))(tensor([1]))).toThrow('assigns to its argument')
  })
  test('a step that is asynchronous, or none', () => {
    expect(() => compile(async () => w.detach().mul(2))()).toThrow('async')
    expect(() => compile(3 as never)).toThrow('needs a function')
    expect(() => compile(() => {}, { cache: 0 })).toThrow('cache')
  })

  test('an index out of range changes nothing', () => {
    const weight = ones([3, 2]).requiresGrad_()
    const o = new optim.SGD([weight], { lr: 1 })
    const f = compile((index: Tensor) => {
      const loss = F.embedding(index, weight).sum()
      o.zeroGrad()
      loss.backward()
      o.step()
    })
    const good = tensor([0, 2], { dtype: 'int32' })
    for (let i = 0; i < 4; i++) f(good)
    const before = weight.toArray()
    expect(() => f(tensor([0, 3], { dtype: 'int32' }))).toThrow(IndexError)
    expect(weight.toArray()).toEqual(before)
    const labels = compile((x: Tensor, y: Tensor) => F.crossEntropy(x, y))
    for (let i = 0; i < 4; i++) labels(ones([2, 3]), good)
    expect(() => labels(ones([2, 3]), tensor([0, 7], { dtype: 'int32' }))).toThrow('target 7 is out of range')
    f(good)
    expect(weight.at(0, 0).item()).toBe(-4)
  })
  test('an error of the step itself leaves no trace', () => {
    let fail = true
    const f = compile((x: Tensor) => {
      if (fail) throw new Error('mine')
      return x.mul(2)
    })
    expect(() => f(w.detach())).toThrow('mine')
    fail = false
    for (let i = 0; i < 4; i++) expect(f(w.detach()).item()).toBe(2)
  })
  test('an error after the update leaves no trace in the optimizer', () => {
    const p = tensor([1, 2]).requiresGrad_()
    const o = new optim.Adam([p])
    const fresh = o.stateDict()
    const update = () => {
      o.zeroGrad()
      p.square().sum().backward()
      o.step()
    }
    const f = compile(() => {
      update()
      return p.sum().item()
    })
    expect(f).toThrow('reads the numbers')
    expect(o.stateDict()).toEqual(fresh)
    compile(update)()
    expect(o.stateDict().state[0]?.step).toBe(1)
    // nor in one that has a state
    const held = JSON.stringify(o.stateDict())
    expect(f).toThrow('reads the numbers')
    expect(JSON.stringify(o.stateDict())).toBe(held)
  })
  test('an argument that is another object in each call, wherever it lies', () => {
    const calls = (of: (i: number) => unknown) => () => {
      const f = compile((_: unknown) => w.mul(2))
      for (let i = 0; i < 30; i++) f(of(i))
    }
    expect(calls(() => new Map())).toThrow(/argument 1 is an object \(Map\), another in each call/)
    expect(calls(() => () => 1)).toThrow(/argument 1 is a function, another in each call/)
    expect(calls(i => ({ x: w, options: [{ lr: i }] }))).toThrow(
      /argument 1\.options\[0\]\.lr is a number that changes from call to call \(15, then 16\)/,
    )
    const same = new Map()
    calls(() => ({ x: w, same }))()
    calls(i => ones([i + 1]))()
  })
})
