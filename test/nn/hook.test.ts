// Hooks: when they are called and with what, what they change, and that nothing else sees them.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  CompileError,
  compareGradients,
  compile,
  F,
  Generator,
  grad,
  nn,
  noGrad,
  ones,
  optim,
  randn,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'
import { copy } from '../../src/nn/copy.ts'
import { close } from '../compile/steps.ts'
import { values } from '../fixture.ts'

const network = (): nn.Sequential => {
  const generator = new Generator(7)
  return new nn.Sequential(new nn.Linear(2, 3, { generator }), new nn.Tanh(), new nn.Linear(3, 1, { generator }))
}
const x = randn([4, 2], { generator: new Generator(1) })

describe('around forward', () => {
  test('in order, with module, inputs and output', () => {
    const model = network()
    const seen: unknown[][] = []
    const layer = model[1]!
    layer.registerForwardPreHook((module, inputs) => void seen.push(['before 1', module, inputs.length]))
    layer.registerForwardPreHook((module, inputs) => void seen.push(['before 2', module, inputs.length]))
    layer.registerForwardHook((module, inputs, out) => void seen.push(['after', module, inputs.length, out]))
    const out = layer.forward(x)
    expect(seen).toEqual([
      ['before 1', layer, 1],
      ['before 2', layer, 1],
      ['after', layer, 1, out],
    ])
    model.forward(x)
    expect(seen).toHaveLength(6)
  })

  test('what they return takes the place of inputs and output', () => {
    const layer = new nn.Bilinear(2, 2, 1)
    const y = ones([4, 2])
    const plain = layer.forward(y, y)
    const handles = [
      layer.registerForwardPreHook((_, [a]) => [(a as Tensor).mul(2), a]),
      layer.registerForwardHook((_, __, out) => (out as Tensor).neg()),
      layer.registerForwardHook((_, __, out) => (out as Tensor).add(1)),
    ]
    close(layer.forward(y, zeros([4, 2])), layer.forward(y, y))
    const bias = layer.bias as Tensor
    close(layer.forward(y, y), plain.sub(bias).mul(2).add(bias).neg().add(1))
    for (const handle of handles) handle.remove()
    expect(layer.forward(y, y).equal(plain)).toBe(true)
    const relu = new nn.ReLU()
    relu.registerForwardPreHook((_, [a]) => (a as Tensor).neg())
    expect(values(relu.forward(tensor([1, -2])))).toEqual([0, 2])
  })

  test('removed once, in any order, also from within', () => {
    const layer = new nn.ReLU()
    let calls = 0
    const first = layer.registerForwardHook(() => {
      calls++
      first.remove()
    })
    const second = layer.registerForwardHook(() => void calls++)
    layer.forward(x)
    layer.forward(x)
    expect(calls).toBe(3)
    first.remove()
    second.remove()
    expect(Object.hasOwn(layer, 'forward')).toBe(false)
    second.remove()
    layer.forward(x)
    expect(calls).toBe(3)
  })

  test('a forward that is a field comes back', () => {
    class Field extends nn.Module {
      scale = nn.parameter(ones([1]))
      forward = (y: Tensor): Tensor => y.mul(this.scale)
    }
    const module = new Field()
    const { forward } = module
    const handle = module.registerForwardHook((_, __, out) => (out as Tensor).mul(3))
    expect(values(module.forward(ones([1])))).toEqual([3])
    handle.remove()
    expect(module.forward).toBe(forward)
    expect(Object.keys(module)).toEqual(['scale', 'forward'])
  })

  test('a forward that is given to the module meanwhile is surrounded too, and stays', () => {
    const layer = new nn.ReLU()
    const handle = layer.registerForwardHook((_, __, out) => (out as Tensor).mul(10))
    layer.forward = x => x.neg()
    expect(layer.forward(tensor([1])).item()).toBe(-10)
    handle.remove()
    expect(layer.forward(tensor([1])).item()).toBe(-1)
    expect(Object.keys(layer)).toContain('forward')
  })
  test('an error in a hook is the caller’s, and leaves the module as it was', () => {
    const layer = new nn.ReLU()
    const handle = layer.registerForwardPreHook(() => {
      throw new Error('mine')
    })
    expect(() => layer.forward(x)).toThrow('mine')
    handle.remove()
    expect(layer.forward(x).shape).toEqual([4, 2])
    for (const f of ['registerForwardPreHook', 'registerForwardHook', 'registerFullBackwardHook'] as const) {
      expect(() => layer[f](3 as never)).toThrow(ArgumentError)
      expect(() => layer[f](3 as never)).toThrow(`${f}: needs a function, not 3`)
    }
    expect(Object.hasOwn(layer, 'forward')).toBe(false)
  })
})

describe('nobody else sees them', () => {
  test('states, parameters, children, copies, keys', () => {
    const [model, plain] = [network(), network()]
    model.registerForwardHook((_, __, out) => (out as Tensor).mul(2))
    model[0]!.registerFullBackwardHook(() => {})
    expect(Object.keys(model)).toEqual(Object.keys(plain))
    expect(Object.keys(model.stateDict())).toEqual(Object.keys(plain.stateDict()))
    expect(model.namedModules().map(([name]) => name)).toEqual(plain.namedModules().map(([name]) => name))
    const again = copy(model)
    expect(again.forward(x).equal(plain.forward(x))).toBe(true)
    expect(Object.hasOwn(again, 'forward')).toBe(false)
    expect(JSON.stringify(model)).toBe(JSON.stringify(plain))
    expect(nn.summary(model)).toBe(nn.summary(plain))
    expect(model.forward(x).equal(plain.forward(x).mul(2))).toBe(true)
  })
})

describe('where gradients pass', () => {
  test('gradients by all inputs and outputs, PyTorch’s values', () => {
    const layer = new nn.Linear(2, 1, { dtype: 'float64' })
    layer.loadStateDict({ weight: tensor([[2, -3]]), bias: tensor([1]) })
    const input = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { dtype: 'float64', requiresGrad: true },
    )
    const seen: (number[] | null)[][] = []
    const told = (list: readonly (Tensor | null)[]): (number[] | null)[] => list.map(g => g && values(g))
    layer.registerFullBackwardHook((module, inside, outside) => {
      expect(module).toBe(layer)
      seen.push(told(inside), told(outside))
    })
    layer.forward(input).square().sum().backward()
    // by the output 2 (x w + b), by the input that times w
    expect(seen).toEqual([[[-12, 18, -20, 30]], [[-6, -10]]])
    expect(values(input.grad!)).toEqual([-12, 18, -20, 30])
    expect(values(layer.weight.grad!)).toEqual([-36, -52])
  })

  test('several inputs and outputs, dtypes mixed, some without gradients', () => {
    class Mixed extends nn.Module {
      forward(a: Tensor, b: Tensor, n: number, c: Tensor): [Tensor, Tensor, null] {
        return [a.mul(b.to('float32')).mul(n), b.exp(), c && null]
      }
    }
    const module = new Mixed()
    const a = randn([2, 3]).requiresGrad_()
    const b = randn([3], { dtype: 'float64' }).requiresGrad_()
    const run = (): Tensor[] => {
      a.grad = null
      b.grad = null
      const [y, z] = module.forward(a, b, 2, ones([1]))
      y.sum().add(z.mul(3).sum()).backward()
      return [a.grad!, b.grad!]
    }
    const expected = run()
    let inside: readonly (Tensor | null)[] = []
    let outside: readonly (Tensor | null)[] = []
    module.registerFullBackwardHook((_, entering, leaving) => {
      inside = entering
      outside = leaving
    })
    const got = run()
    got.forEach((g, i) => {
      close(g, expected[i]!, 1e-6)
    })
    expect(inside.map(g => g && [g.shape, g.dtype])).toEqual([[[2, 3], 'float32'], [[3], 'float64'], null, null])
    expect(outside.map(g => g && values(g))).toEqual([[1, 1, 1, 1, 1, 1], [3, 3, 3], null])
    module.registerFullBackwardHook((_, [g, h]) => [g!.mul(2), h!.mul(0), null, null])
    const [ga, gb] = run()
    close(ga!, expected[0]!.mul(2), 1e-6)
    expect(values(gb!)).toEqual([0, 0, 0])
  })

  test('the first layer, whose input wants none', () => {
    const layer = network()[0]!
    const seen: unknown[] = []
    const handle = layer.registerFullBackwardHook((_, inside, outside) => void seen.push(inside, outside[0]!.shape))
    layer.forward(x).sum().backward()
    expect(seen).toEqual([[null], [4, 3]])
    noGrad(() => layer.forward(x))
    expect(seen).toHaveLength(2)
    handle.remove()
    layer.registerFullBackwardHook(() => [ones([4, 2])])
    expect(() => layer.forward(x).sum().backward()).toThrow(ArgumentError)
  })

  test('hooks that give something else are refused', () => {
    const layer = new nn.Tanh()
    const input = ones([2], { requiresGrad: true })
    for (const [given, text] of [
      [[], /a list of 1 gradients/],
      [3, /a list of 1 gradients/],
      [[null], /none by one that has/],
      [[ones([3])], /hook gave a gradient of shape \[3\] for one of \[2\]/],
    ] as const) {
      const handle = layer.registerFullBackwardHook(() => given)
      expect(() => layer.forward(input).sum().backward()).toThrow(text)
      handle.remove()
    }
    expect(input.grad).toBeNull()
  })

  test('derivatives of all orders go through', () => {
    const layer = new nn.Tanh()
    layer.registerFullBackwardHook(() => {})
    layer.registerForwardHook((_, __, out) => (out as Tensor).mul(2))
    const point = randn([3], { dtype: 'float64', generator: new Generator(2) })
    expect(compareGradients((y: Tensor) => layer.forward(y), [point]).ok).toBe(true)
    const doubled = new nn.Identity()
    doubled.registerFullBackwardHook((_, [g]) => [g!.mul(2)])
    expect(values(grad((y: Tensor) => doubled.forward(y).square().sum())(tensor([3])))).toEqual([12])
  })
})

describe('compiled steps', () => {
  const trained = (model: nn.Sequential) => {
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
    return (): Tensor => {
      optimizer.zeroGrad()
      const loss = F.mseLoss(model.forward(x), ones([4, 1]))
      loss.backward()
      optimizer.step()
      return loss
    }
  }

  test('take hooks in, and notice those that come and go', () => {
    const [eager, compiled] = [network(), network()]
    const [step, other] = [trained(eager), trained(compiled)]
    const fast = compile(other)
    const run = (): void => {
      for (let i = 0; i < 4; i++) close(fast(), step(), 1e-5)
    }
    run()
    const both = (f: (model: nn.Sequential) => nn.HookHandle): nn.HookHandle[] => [f(eager), f(compiled)]
    const output = both(m => m[1]!.registerForwardHook((_, __, out) => (out as Tensor).mul(0.5)))
    run()
    const gradients = both(m => m[1]!.registerFullBackwardHook((_, [g]) => [g!.mul(3)]))
    run()
    for (const handle of output) handle.remove()
    run()
    for (const handle of gradients) handle.remove()
    const programs = fast.describe().length
    run()
    // without hooks it is the first program again
    expect(fast.describe().length).toBe(programs)
    expect(programs).toBe(4)
    close(eager.forward(x), compiled.forward(x), 1e-5)
  })

  test('a hook that is there for a moment costs no program', () => {
    const model = network()
    let calls = 0
    const fast = compile((y: Tensor) => {
      calls++
      return model.forward(y)
    })
    for (let i = 0; i < 4; i++) fast(x)
    nn.summary(model, [4, 2])
    fast(x)
    expect(calls).toBe(2)
  })

  test('a hook that reads numbers is an error', () => {
    const model = network()
    model.registerForwardHook((_, __, out) => void (out as Tensor).toArray())
    const fast = compile(() => model.forward(x))
    expect(() => fast()).toThrow(CompileError)
  })
})
