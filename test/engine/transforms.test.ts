// Derivatives as functions of functions: both modes, both engines, any nesting, and nothing left behind outside.
import { describe, expect, test } from 'vitest'
import { postorder } from '../../src/engine/graph.ts'
import {
  AnomalyError,
  ArgumentError,
  checkpoint,
  custom,
  defaultGenerator,
  detectAnomaly,
  Generator,
  GradError,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacrev,
  jvp,
  manualSeed,
  noGrad,
  rand,
  ShapeError,
  Tensor,
  tensor,
  Value,
  valueAndGrad,
  vjp,
  zeros,
} from '../../src/index.ts'

const vector = (...x: number[]) => tensor(x, { dtype: 'float64' })
const scalar = (x: number) => tensor(x, { dtype: 'float64' })
const leaf = (...x: number[]) => tensor(x, { dtype: 'float64', requiresGrad: true })
const numbers = (x: Tensor) => [...x.data]
const sin = Math.sin
const cos = Math.cos

/** The derivative of a function of one number, by mode and engine: numbers in, numbers out, nestable. */
// biome-ignore lint/suspicious/noExplicitAny: a function on either engine
type F = (x: any) => any
const reverse = (f: F): F => grad(f)
const forward =
  (f: F): F =>
  x =>
    jvp(f, [x], [x instanceof Tensor ? scalar(1) : 1])[1]
const modes = { reverse, forward }
const pairs = Object.entries(modes).flatMap(([a, outer]) =>
  Object.entries(modes).map(([b, inner]) => [`${a} over ${b}`, outer, inner] as const),
)
const engines = [
  ['values', (x: number): unknown => x, (x: unknown) => x as number],
  ['tensors', scalar, (x: unknown) => (x as Tensor).item()],
] as const

describe.each(engines)('on %s', (_, up, down) => {
  const at = (f: F, x: number) => down(f(up(x)))

  test('first derivatives', () => {
    for (const d of [reverse, forward]) {
      expect(
        at(
          d(x => x.sin().mul(x)),
          0.7,
        ),
      ).toBeCloseTo(sin(0.7) + 0.7 * cos(0.7), 14)
      expect(
        at(
          d(x => x),
          3,
        ),
      ).toBe(1)
      expect(
        at(
          d(x => x.mul(0).add(5)),
          3,
        ),
      ).toBe(0)
      expect(
        at(
          d(x => x.detach()),
          3,
        ),
      ).toBe(0)
    }
  })

  test.each(pairs)('second derivatives, %s', (_name, outer, inner) => {
    const d2 = outer(inner((x: Value) => x.sin().mul(x)))
    expect(at(d2, 0.7)).toBeCloseTo(2 * cos(0.7) - 0.7 * sin(0.7), 13)
    expect(at(outer(inner((x: Value) => x.pow(3))), 2)).toBe(12)
  })

  test('third derivatives, all eight nestings', () => {
    for (const a of [reverse, forward])
      for (const b of [reverse, forward])
        for (const c of [reverse, forward]) {
          expect(at(a(b(c((x: Value) => x.tanh()))), 0.3)).toBeCloseTo(thirdOfTanh(0.3), 12)
        }
  })

  test.each(pairs)('no perturbation is taken for another, %s', (_name, outer, inner) => {
    // d/dx [x d/dy (x + y)] = 1, not 2
    expect(
      at(
        outer((x: Value) => x.mul(inner((y: Value) => x.add(y))(up(1) as never))),
        3,
      ),
    ).toBe(1)
    // the inner point depends on the outer variable: d/dx [x d/dy (x y) at y = x] = d/dx x^2 = 2x
    expect(
      at(
        outer((x: Value) => x.mul(inner((y: Value) => x.mul(y))(x))),
        3,
      ),
    ).toBe(6)
    // d/dx d/dy (x y^2) at y = 2x: 2xy = 4x^2, hence 8x
    expect(
      at(
        outer((x: Value) => inner((y: Value) => x.mul(y).mul(y))(x.mul(2))),
        3,
      ),
    ).toBe(24)
    // a variable of the outer one that the inner function returns alone is constant to the inner
    expect(
      at(
        outer((x: Value) => x.add(inner(() => x)(x))),
        3,
      ),
    ).toBe(1)
  })

  test('one transform beside another inside a third', () => {
    const f = (x: Value) => grad((y: Value) => y.mul(y).mul(x))(x).add(forward((y: Value) => y.exp().mul(x))(x))
    // 2x^2 + x e^x
    expect(at(grad(f), 1.5)).toBeCloseTo(6 + 2.5 * Math.exp(1.5), 12)
    expect(at(forward(f), 1.5)).toBeCloseTo(6 + 2.5 * Math.exp(1.5), 12)
  })
})

function thirdOfTanh(x: number): number {
  const t = Math.tanh(x)
  return -2 * (1 - t * t) * (1 - 3 * t * t)
}

describe('grad and valueAndGrad', () => {
  test('numbers in, numbers out', () => {
    expect(valueAndGrad((x: Value) => x.mul(x))(3)).toEqual([9, 6])
    expect(grad((x: Value) => x.sin())(0)).toBe(1)
    expect(grad(grad((x: Value) => x.pow(3)))(2)).toBe(12)
  })

  test('values in, values out', () => {
    const [out, g] = valueAndGrad((x: Value) => x.mul(x))(new Value(3))
    expect([out.data, g.data]).toEqual([9, 6])
  })

  test('tensors, and the gradient looks like the argument', () => {
    const [out, g] = valueAndGrad((x: Tensor) => x.square().sum())(tensor([[1, 2, 3]]))
    expect([out.item(), g.toArray(), g.dtype]).toEqual([14, [[2, 4, 6]], 'float32'])
  })

  test('argnums', () => {
    const f = (x: Value, y: Value) => x.mul(y).mul(y)
    expect(grad(f)(2, 3)).toBe(9)
    expect(grad(f, { argnums: 1 })(2, 3)).toBe(12)
    expect(grad(f, { argnums: [0, 1] })(2, 3)).toEqual([9, 12])
    expect(grad(f, { argnums: [1, 0] })(2, 3)).toEqual([12, 9])
    expect(() => grad(f, { argnums: 2 })(2, 3)).toThrow(ArgumentError)
    expect(() => grad(f, { argnums: [0, 0] })(2, 3)).toThrow('name an argument twice')
    expect(() => grad(f, { argnums: -1 })(2, 3)).toThrow('argnums -1, but the function was called with 2 arguments')
  })

  test('arrays and objects of leaves', () => {
    const params = {
      layers: [
        { w: vector(1, 2), b: scalar(3) },
        { w: vector(4, 5), b: scalar(6) },
      ],
      scale: 2,
    }
    const f = (p: { layers: { w: Tensor; b: Tensor }[]; scale: Value }, x: Tensor) =>
      p.layers.map(({ w, b }) => w.mul(x).sum().add(b).square()).reduce((a, b) => a.add(b))
    const g = grad(f)(params, vector(1, 10))
    // 2 (w x + b) x, 2 (w x + b)
    expect(g.layers.map(({ w }: { w: Tensor }) => numbers(w))).toEqual([
      [48, 480],
      [120, 1200],
    ])
    expect(g.layers.map(({ b }: { b: Tensor }) => b.item())).toEqual([48, 120])
    expect(Object.keys(g)).toEqual(['layers', 'scale'])
    const numbersOnly = grad(({ a, b }: { a: Value; b: Value[] }) => a.mul(b[0]!).mul(b[1]!))({ a: 2, b: [3, 5] })
    expect(numbersOnly).toEqual({ a: 15, b: [10, 6] })
  })

  test('an argument that does not matter has a gradient of zeros', () => {
    expect(grad((x: Value, y: Value) => y.mul(y).add(x.mul(0)), { argnums: 0 })(1, 2)).toBe(0)
    expect(grad((_x: Tensor, y: Tensor) => y.sum())(vector(1, 2), vector(3)).toArray()).toEqual([0, 0])
    expect(grad(() => scalar(1))(vector(1, 2)).toArray()).toEqual([0, 0])
  })

  test('what cannot be differentiated is an error', () => {
    expect(() => grad((x: Tensor) => x)(vector(1, 2))).toThrow(ShapeError)
    expect(() => grad((x: Tensor) => x)(vector(1, 2))).toThrow('jacrev or vjp')
    expect(() => grad((x: Value) => [x, x])(1)).toThrow('one number, not several')
    expect(() => grad((x: Tensor) => x.sum())(tensor([1, 2], { dtype: 'int32' }))).toThrow(GradError)
    expect(() => grad((x: Tensor) => x.sum())(tensor([1, 2], { dtype: 'int32' }))).toThrow('x.float()')
    expect(() => grad((x: Value) => x)('1')).toThrow(ArgumentError)
    expect(() => grad((x: Value) => x)(new Date())).toThrow('not Date')
    expect(() => grad((() => undefined) as never)(1)).toThrow(ArgumentError)
  })

  test('after an error nothing is left switched on', () => {
    expect(() =>
      grad((x: Value) => {
        x.mul(2)
        throw new Error('mine')
      })(1),
    ).toThrow('mine')
    expect(() =>
      jvp(
        (x: Value) => {
          x.mul(2)
          throw new Error('mine')
        },
        [1],
        [1],
      ),
    ).toThrow('mine')
    expect(vector(1).exp().requiresGrad).toBe(false)
    expect(grad((x: Value) => x.mul(x))(3)).toBe(6)
  })
})

describe('outside of transforms', () => {
  test('gradients and outputs require no gradient', () => {
    const x = vector(1, 2)
    const [out, g] = valueAndGrad((y: Tensor) => y.exp().sum())(x)
    expect([out.requiresGrad, g.requiresGrad, x.requiresGrad]).toEqual([false, false, false])
    const [primal, pull] = vjp((y: Tensor) => y.exp(), x)
    expect([primal.requiresGrad, pull(vector(1, 1))[0].requiresGrad]).toEqual([false, false])
    const [value, tangent] = jvp((y: Tensor) => y.exp(), [x], [vector(1, 1)])
    expect([value.requiresGrad, tangent.requiresGrad]).toEqual([false, false])
    expect((jacrev((y: Tensor) => y.exp())(x) as Tensor).requiresGrad).toBe(false)
    expect((hessian((y: Tensor) => y.exp().sum())(x) as Tensor).requiresGrad).toBe(false)
    // an argument that is a leaf of the user's is another matter: the result depends on it
    expect(grad((y: Tensor) => y.square().sum())(leaf(1, 2)).requiresGrad).toBe(true)
  })

  test('no gradient is left in leaves', () => {
    const w = leaf(3)
    grad((x: Tensor) => x.mul(w).sum())(vector(2))
    expect(w.grad).toBeNull()
  })

  test('a closed-over parameter gets its gradient through a gradient: a penalty, by backward', () => {
    const w = leaf(0.5, -1)
    const x = vector(0.3, 0.8)
    const slope = grad((y: Tensor) => y.mul(w).tanh().sum())(x)
    slope.square().sum().backward()
    const expected = grad((v: Tensor) =>
      grad((y: Tensor) => y.mul(v).tanh().sum())(x)
        .square()
        .sum(),
    )(w.detach())
    expect(w.grad?.allclose(expected)).toBe(true)
    const h = 1e-5
    const penalty = (a: number) => (a * (1 - Math.tanh(a * 0.3) ** 2)) ** 2
    expect(numbers(w.grad as Tensor)[0]).toBeCloseTo((penalty(0.5 + h) - penalty(0.5 - h)) / (2 * h), 9)
  })

  test('the same on values, and by forward mode inside', () => {
    for (const inner of [reverse, forward]) {
      const w = new Value(0.5)
      inner((y: Value) => y.mul(w).tanh())(new Value(0.3))
        .square()
        .backward()
      const t = leaf(0.5)
      const ones = vector(1)
      ;(inner === forward
        ? jvp((y: Tensor) => y.mul(t).tanh(), [vector(0.3)], [ones])[1]
        : grad((y: Tensor) => y.mul(t).tanh().sum())(vector(0.3))
      )
        .square()
        .backward()
      expect(w.grad).toBeCloseTo(numbers(t.grad as Tensor)[0]!, 14)
      const f = (a: number) => (a * (1 - Math.tanh(a * 0.3) ** 2)) ** 2
      expect(w.grad).toBeCloseTo((f(0.5 + 1e-5) - f(0.5 - 1e-5)) / 2e-5, 8)
    }
  })

  test('noGrad outside a transform does not switch it off', () => {
    expect(noGrad(() => grad((x: Tensor) => x.square().sum())(vector(3)).toArray())).toEqual([6])
    expect(noGrad(() => jvp((x: Value) => x.square(), [3], [1])[1])).toBe(6)
    // inside, what it computes is constant to reverse mode
    expect(grad((x: Value) => noGrad(() => x.mul(x)).mul(x))(3)).toBe(9)
  })
})

describe('vjp', () => {
  test('pulls any number of cotangents back', () => {
    const [out, pull] = vjp((x: Tensor, y: Tensor) => x.mul(y), vector(1, 2), vector(3, 4))
    expect(numbers(out)).toEqual([3, 8])
    expect(pull(vector(1, 0)).map(numbers)).toEqual([
      [3, 0],
      [1, 0],
    ])
    expect(pull(vector(1, 10)).map(numbers)).toEqual([
      [3, 40],
      [1, 20],
    ])
  })

  test('several outputs', () => {
    const [out, pull] = vjp((x: Value) => ({ sin: x.sin(), both: [x.mul(2), x] }), 0)
    expect(out).toEqual({ sin: 0, both: [0, 0] })
    expect(pull({ sin: 1, both: [10, 100] })).toEqual([121])
  })

  test('a cotangent of another shape or count is an error', () => {
    const [, pull] = vjp((x: Tensor) => x.exp(), vector(1, 2))
    expect(() => pull(vector(1))).toThrow(ShapeError)
    expect(() => pull(vector(1))).toThrow('cotangent 0 has shape [1], what it belongs to [2]')
    expect(() => pull([vector(1, 2), vector(1, 2)])).toThrow('2 cotangents for 1')
  })
})

describe('jvp', () => {
  test('value and tangent in one pass', () => {
    const [out, tangent] = jvp(
      (x: Tensor, y: Tensor) => x.mul(y).sum(),
      [vector(1, 2), vector(3, 4)],
      [vector(1, 0), vector(0, 1)],
    )
    expect([out.item(), tangent.item()]).toEqual([11, 5])
    expect(jvp((x: Value) => x.exp(), [0], [3])).toEqual([1, 3])
  })

  test('keeps no graph', () => {
    let node: unknown = 'none'
    jvp(
      (x: Tensor) => {
        const y = x.exp().mul(x)
        node = y.node
        return y
      },
      [vector(1, 2)],
      [vector(1, 1)],
    )
    expect(node).toBeNull()
  })

  test('trees, and outputs that do not depend', () => {
    const [out, tangent] = jvp(
      ({ a, b }: { a: Value; b: Value[] }) => [a.mul(b[0]!), Value.constant(7)],
      [{ a: 2, b: [3] }],
      [{ a: 1, b: [10] }],
    )
    expect([out, tangent]).toEqual([
      [6, 7],
      [23, 0],
    ])
    expect(jvp((_: Tensor) => vector(1, 2), [vector(5)], [vector(1)])[1].toArray()).toEqual([0, 0])
  })

  test('an integer result has no tangent', () => {
    expect(jvp((x: Tensor) => x.argmax(), [vector(1, 5)], [vector(1, 1)])[1].item()).toBe(0)
    expect(jvp((x: Tensor) => x.gt(2).double().mul(x), [vector(1, 5)], [vector(1, 1)])[1].toArray()).toEqual([0, 1])
  })

  test('tangents must look like the primals', () => {
    expect(() => jvp((x: Tensor) => x, [vector(1, 2)], [vector(1)])).toThrow(ShapeError)
    expect(() => jvp((x: Tensor) => x, [vector(1, 2)], [vector(1)])).toThrow('tangent 0 has shape [1]')
    expect(() => jvp((x: Value) => x, [1], [])).toThrow(ArgumentError)
    expect(() => jvp((x: Tensor) => x, [vector(1)], [1])).toThrow(ShapeError)
  })
})

describe('jacobians and hessians', () => {
  const f = (x: Tensor) => x.unsqueeze(1).mul(x.flip(0)).sin().sum(0).cumsum(0)

  test('reverse and forward agree, and agree with finite differences', () => {
    const x = vector(0.2, -0.4, 1.1)
    const byRows = jacrev(f)(x) as Tensor
    const byColumns = jacfwd(f)(x) as Tensor
    expect(byRows.shape).toEqual([3, 3])
    expect(byRows.allclose(byColumns, { rtol: 1e-12, atol: 1e-13 })).toBe(true)
    const h = 1e-5
    const columns = [0, 1, 2].map(i =>
      f(x.add(vector(+(i === 0), +(i === 1), +(i === 2)).mul(h)))
        .sub(f(x.sub(vector(+(i === 0), +(i === 1), +(i === 2)).mul(h))))
        .div(2 * h),
    )
    for (const [i, column] of columns.entries()) expect(column.allclose(byRows.select(1, i), { atol: 1e-8 })).toBe(true)
  })

  test('shapes: [...out, ...in]', () => {
    const x = zeros([2, 3], { dtype: 'float64' })
    const g = (y: Tensor) => y.sum(0).unsqueeze(0).expand(4, 3)
    expect((jacrev(g)(x) as Tensor).shape).toEqual([4, 3, 2, 3])
    expect((jacfwd(g)(x) as Tensor).equal(jacrev(g)(x) as Tensor)).toBe(true)
    expect((jacrev((y: Tensor) => y.sum())(x) as Tensor).shape).toEqual([2, 3])
    expect((jacfwd((y: Tensor) => y.sum())(x) as Tensor).shape).toEqual([2, 3])
  })

  test('trees: a block for each pair', () => {
    const g = ({ a, b }: { a: Tensor; b: Tensor }) => [a.mul(b.sum()), b]
    for (const jacobian of [jacrev, jacfwd]) {
      const [first, second] = jacobian(g)({ a: vector(1, 2), b: vector(3) })
      expect(first.a.toArray()).toEqual([
        [3, 0],
        [0, 3],
      ])
      expect(first.b.toArray()).toEqual([[1], [2]])
      expect(second.a.toArray()).toEqual([[0, 0]])
      expect(second.b.toArray()).toEqual([[1]])
    }
    for (const jacobian of [jacrev, jacfwd])
      expect(jacobian((x: Value[]) => [x[0]!.mul(x[1]!), x[0]!.sin()])([0, 5])).toEqual([
        [5, 0],
        [1, 0],
      ])
  })

  test('nothing in, nothing out', () => {
    const none = zeros([0], { dtype: 'float64' })
    for (const jacobian of [jacrev, jacfwd]) {
      expect((jacobian((x: Tensor) => x.exp())(none) as Tensor).shape).toEqual([0, 0])
      expect((jacobian((x: Tensor) => x.sum())(none) as Tensor).shape).toEqual([0])
    }
  })

  test('hessian: symmetric, and the same in all four nestings', () => {
    const g = (x: Tensor) => f(x).square().sum()
    const x = vector(0.2, -0.4, 1.1)
    const h = hessian(g)(x) as Tensor
    expect(h.allclose(h.t(), { rtol: 1e-10, atol: 1e-12 })).toBe(true)
    for (const outer of [jacrev, jacfwd])
      for (const inner of [jacrev, jacfwd]) {
        expect((outer(inner(g))(x) as Tensor).allclose(h, { rtol: 1e-10, atol: 1e-12 })).toBe(true)
      }
    expect((hessian((y: Tensor) => y.pow(3).sum())(vector(1, 2)) as Tensor).toArray()).toEqual([
      [6, 0],
      [0, 12],
    ])
    expect(hessian((y: Value) => y.pow(3))(2)).toBe(12)
    expect(hessian(([a, b]: [Value, Value]) => a.mul(a).mul(b))([2, 3])).toEqual([
      [6, 4],
      [4, 0],
    ])
  })

  test('hvp is the hessian times a direction', () => {
    const g = (x: Tensor) => f(x).square().sum()
    const x = vector(0.2, -0.4, 1.1)
    const v = vector(1, -2, 0.5)
    expect(hvp(g, [x], [v]).allclose((hessian(g)(x) as Tensor).mv(v), { rtol: 1e-10 })).toBe(true)
    expect(hvp((a: Value, b: Value) => a.mul(a).mul(b), [2, 3], [1, 0])).toEqual([6, 4])
    expect(hvp((a: Value) => a.pow(3), [2], [1])).toBe(12)
  })

  test('hvp of a loss with closed-over parameters goes backward', () => {
    const w = leaf(2)
    hvp((x: Tensor) => x.pow(3).mul(w).sum(), [vector(5)], [vector(1)])
      .sum()
      .backward()
    // 6 x w, by w
    expect(numbers(w.grad as Tensor)).toEqual([30])
  })
})

describe('checkpoint', () => {
  const saved = (root: Tensor) => {
    const all = new Set(postorder(root.node as NonNullable<Tensor['node']>).flatMap(node => node.saved))
    return [...all].reduce((bytes, x) => bytes + x.nbytes, 0)
  }
  const block = (x: Tensor) => {
    let y = x
    for (let i = 0; i < 10; i++) y = y.sin().exp().tanh()
    return y
  }

  test('the same value and gradients, with less stored', () => {
    const x = tensor(
      Float64Array.from({ length: 100 }, (_, i) => i / 50 - 1),
      { requiresGrad: true },
    )
    const plain = block(block(x)).sum()
    const thin = checkpoint(block)(checkpoint(block)(x)).sum()
    expect(thin.equal(plain)).toBe(true)
    // two inputs of 100 doubles, against 60 activations
    expect(saved(thin)).toBe(1600)
    expect(saved(plain)).toBeGreaterThanOrEqual(30_000)
    plain.backward()
    const expected = x.grad as Tensor
    x.grad = null
    thin.backward()
    expect((x.grad as unknown as Tensor).equal(expected)).toBe(true)
  })

  test('closed-over leaves and results get gradients too', () => {
    const w = leaf(2, 3)
    const scaled = w.mul(2)
    const x = leaf(0.5, 0.25)
    const f = (y: Tensor) => y.mul(w).sin().mul(scaled)
    checkpoint(f)(x).sum().backward(undefined, { retainGraph: true })
    const [dx, dw] = [x.grad as Tensor, w.grad as Tensor]
    x.grad = w.grad = null
    f(x).sum().backward()
    expect([dx.allclose(x.grad as unknown as Tensor), dw.allclose(w.grad as unknown as Tensor)]).toEqual([true, true])
    // when the arguments themselves need none
    w.grad = null
    checkpoint((y: Tensor) => y.mul(w))(vector(1, 10))
      .sum()
      .backward()
    expect(numbers(w.grad as unknown as Tensor)).toEqual([1, 10])
  })

  test('in one another, also where the inner one is all that leads on', () => {
    const inner = checkpoint((y: Tensor) => y.sin())
    const x = leaf(0.3, 1.2)
    checkpoint((y: Tensor) => inner(y.mul(2)).mul(3))(x)
      .sum()
      .backward()
    expect(x.grad?.allclose(x.mul(2).cos().mul(6))).toBe(true)
    x.grad = null
    checkpoint((y: Tensor) => inner(inner(y)))(x)
      .sum()
      .backward()
    expect((x.grad as unknown as Tensor).allclose(x.cos().mul(x.sin().cos()))).toBe(true)
    const v = new Value(0.3)
    const innerValue = checkpoint((y: Value) => y.sin())
    checkpoint((y: Value) => innerValue(y.mul(2)).mul(3))(v).backward()
    expect(v.grad).toBeCloseTo(6 * cos(0.6), 14)
  })

  test('what is made inside, on the graph or not, is not stored', () => {
    const x = leaf(1, 2)
    const mask = (y: Tensor) => y.mul(rand([2], { dtype: 'float64' }).add(1)).mul(y.mul(2).detach().exp())
    const out = checkpoint(mask)(x)
    expect(out.node?.saved).toEqual([x])
  })

  test('on values', () => {
    const x = new Value(0.7)
    const w = new Value(3)
    const f = checkpoint((y: Value) => y.mul(w).sin().mul(y))
    f(x).mul(2).backward()
    expect(x.grad).toBeCloseTo(2 * (sin(2.1) + 0.7 * 3 * cos(2.1)), 13)
    expect(w.grad).toBeCloseTo(2 * 0.7 * 0.7 * cos(2.1), 13)
    expect(grad(f)(0.7)).toBeCloseTo(sin(2.1) + 0.7 * 3 * cos(2.1), 13)
    expect(jvp(f, [0.7], [1])[1]).toBeCloseTo(sin(2.1) + 0.7 * 3 * cos(2.1), 13)
    expect(grad(grad(checkpoint((y: Value) => y.pow(3))))(2)).toBe(12)
  })

  test('inside transforms, in both modes and twice', () => {
    const f = (x: Tensor) =>
      checkpoint((y: Tensor) => y.sin().mul(y))(x)
        .square()
        .sum()
    const g = (x: Tensor) => x.sin().mul(x).square().sum()
    const x = vector(0.3, 1.2)
    const v = vector(1, -1)
    expect(grad(f)(x).allclose(grad(g)(x))).toBe(true)
    expect(jvp(f, [x], [v])[1].allclose(jvp(g, [x], [v])[1])).toBe(true)
    expect((hessian(f)(x) as Tensor).allclose(hessian(g)(x) as Tensor)).toBe(true)
    expect((jacrev(jacrev(f))(x) as Tensor).allclose(hessian(g)(x) as Tensor)).toBe(true)
    const nested = checkpoint((y: Tensor) => checkpoint((z: Tensor) => z.sin())(y).mul(y))
    expect(grad((y: Tensor) => nested(y).square().sum())(x).allclose(grad(g)(x))).toBe(true)
  })

  test('createGraph through it', () => {
    const x = leaf(2)
    checkpoint((y: Tensor) => y.pow(3))(x)
      .sum()
      .backward(undefined, { createGraph: true })
    const g = x.grad as Tensor
    x.grad = null
    g.sum().backward()
    expect(numbers(x.grad as unknown as Tensor)).toEqual([12])
  })

  test('draws the same numbers again, from the default and from given generators', () => {
    const own = new Generator(7)
    const x = tensor(
      Float64Array.from({ length: 64 }, (_, i) => i),
      { requiresGrad: true },
    )
    let kept: Tensor | undefined
    const f = checkpoint((y: Tensor) => {
      const mask = rand([64], { dtype: 'float64' })
        .gt(0.5)
        .double()
        .mul(rand([64], { dtype: 'float64', generator: own }))
      kept ??= mask
      return y.mul(mask)
    })
    manualSeed(5)
    const out = f(x)
    rand([10])
    own.uniform()
    const [state, ownState] = [defaultGenerator().getState(), own.getState()]
    out.sum().backward()
    expect(x.grad?.equal(kept as Tensor)).toBe(true)
    // and the streams go on from where they were
    expect(defaultGenerator().getState()).toEqual(state)
    expect(own.getState()).toEqual(ownState)
  })

  test('a leaf assigned in between is an error', () => {
    const w = leaf(2)
    const x = leaf(3)
    const out = checkpoint((y: Tensor) => y.mul(w))(x).sum()
    w.assign(vector(5))
    expect(() => out.backward()).toThrow(GradError)
    expect([x.grad, w.grad]).toEqual([null, null])
    const other = checkpoint((y: Tensor) => y.exp())(x).sum()
    x.assign(vector(1))
    expect(() => other.backward()).toThrow('assigned before the backward')
  })

  test('of nothing that requires a gradient it is the function itself', () => {
    const out = checkpoint((y: Tensor) => y.exp())(vector(0))
    expect([out.requiresGrad, numbers(out)]).toEqual([false, [1]])
    const x = leaf(1)
    expect(checkpoint((y: Tensor) => y)(x)).toBe(x)
    expect(noGrad(() => checkpoint((y: Tensor) => y.exp())(x)).requiresGrad).toBe(false)
    expect(() => checkpoint((() => 3) as never)()).toThrow(ArgumentError)
  })
})

describe('custom', () => {
  const cube = custom({
    name: 'cube',
    forward: (x: Tensor) => x.mul(x).mul(x),
    vjp: (g, [x]) => [g.mul(x!).mul(x!).mul(3)],
    jvp: ([dx], [x]) => dx!.mul(x!).mul(x!).mul(3),
  })
  const cubeValue = custom({
    name: 'cube',
    forward: (x: Value) => x.mul(x).mul(x),
    vjp: (g, [x]) => [g.mul(x!).mul(x!).mul(3)],
    jvp: ([dx], [x]) => dx!.mul(x!).mul(x!).mul(3),
  })

  test('both modes, to any order, on tensors', () => {
    const x = leaf(2, 3)
    const out = cube(x)
    expect([numbers(out), out.node?.name]).toEqual([[8, 27], 'cube'])
    out.sum().backward()
    expect(numbers(x.grad as Tensor)).toEqual([12, 27])
    expect(jvp(cube, [vector(2)], [vector(1)])[1].toArray()).toEqual([12])
    for (const outer of [jacrev, jacfwd])
      for (const inner of [jacrev, jacfwd]) {
        expect((outer(inner((y: Tensor) => cube(y).sum()))(vector(2)) as Tensor).toArray()).toEqual([[12]])
      }
  })

  test('both modes, to any order, on values', () => {
    const x = new Value(2)
    cubeValue(x).mul(10).backward()
    expect(x.grad).toBe(120)
    for (const [, outer, inner] of pairs) expect(outer(inner(cubeValue))(2)).toBe(12)
  })

  test('another gradient than the one that follows: straight through', () => {
    const round = custom({ forward: (x: Tensor) => x.round(), vjp: g => [g], jvp: ([dx]) => dx! })
    expect(grad((x: Tensor) => round(x).mul(3).sum())(vector(1.4)).toArray()).toEqual([3])
    expect(jvp(round, [vector(1.4)], [vector(5)]).map(y => y.toArray())).toEqual([[1], [5]])
  })

  test('several operands, of which null is zero', () => {
    const pick = custom({ forward: (x: Tensor, y: Tensor) => x.add(y), vjp: g => [g.mul(2), null] })
    const [x, y] = [leaf(1), leaf(2)]
    pick(x, y).sum().add(y.sum()).backward()
    expect([numbers(x.grad as Tensor), numbers(y.grad as Tensor)]).toEqual([[2], [1]])
  })

  test('the forward is unrecorded', () => {
    let inside = true
    const f = custom({
      forward: (x: Tensor) => {
        const y = x.exp()
        inside = y.requiresGrad
        return y
      },
      vjp: (g, _, out) => [g.mul(out)],
    })
    expect(f(leaf(0)).requiresGrad).toBe(true)
    expect(inside).toBe(false)
  })

  test('a missing rule is an error when its mode is used, naming the function and the rule', () => {
    const one = custom({ name: 'swirl', forward: (x: Tensor) => x.exp(), jvp: ([dx]) => dx! })
    const other = custom({ name: 'swirl', forward: (x: Tensor) => x.exp(), vjp: g => [g] })
    expect(one(leaf(0)).item()).toBe(1)
    expect(() => one(leaf(0)).backward()).toThrow(GradError)
    expect(() => one(leaf(0)).backward()).toThrow('swirl: this custom function has no vjp rule')
    expect(() => jvp(other, [vector(1)], [vector(1)])).toThrow('swirl: this custom function has no jvp rule')
    const value = custom({ name: 'swirl', forward: (x: Value) => x.exp() })
    expect(value(new Value(0)).data).toBe(1)
    expect(() => value(new Value(0)).backward()).toThrow('no vjp rule')
    expect(() => jvp(value, [1], [1])).toThrow('no jvp rule')
  })

  test('a backward in which a rule throws leaves gradients as they were', () => {
    const fails = custom({
      forward: (x: Tensor) => x.exp(),
      vjp: () => {
        throw new Error('mine')
      },
    })
    const [a, b] = [leaf(1), leaf(2)]
    expect(() => a.mul(3).add(fails(b)).sum().backward()).toThrow('mine')
    expect([a.grad, b.grad]).toEqual([null, null])
    const failsToo = custom({
      forward: (x: Value) => x.exp(),
      vjp: () => {
        throw new Error('mine')
      },
    })
    const [x, y] = [new Value(1), new Value(2)]
    x.mul(3).backward()
    expect(() => failsToo(y).add(x.mul(5)).backward()).toThrow('mine')
    expect(() => x.mul(5).add(failsToo(y)).backward()).toThrow('mine')
    expect([x.grad, y.grad]).toEqual([3, 0])
  })
})

describe('detectAnomaly', () => {
  const thrown = (f: () => unknown): Error => {
    try {
      f()
    } catch (error) {
      return error as Error
    }
    throw new Error('nothing was thrown')
  }

  test('names the op and the line that made the first NaN, forward', () => {
    const error = thrown(() => detectAnomaly(() => vector(-1).sqrt().mul(2).sum()))
    expect(error).toBeInstanceOf(AnomalyError)
    expect(error.message).toContain("'sqrt' made a NaN")
    expect(error.message).toMatch(/transforms\.test\.ts:\d+/)
  })

  test('and backward: the op whose gradient it is, where it was called', () => {
    const error = thrown(() =>
      detectAnomaly(() => {
        const x = leaf(0, 1)
        const root = x.sqrt() // the gradient of this is infinite at 0
        const out = root.mul(0).sum()
        out.backward()
      }),
    )
    expect(error).toBeInstanceOf(AnomalyError)
    expect(error.message).toContain("the backward of 'sqrt'")
    expect(error.message).toMatch(/transforms\.test\.ts:\d+/)
  })

  test('lets pass what is sound, and a NaN that came in', () => {
    const x = leaf(1, NaN)
    detectAnomaly(() => x.mul(x).sum().backward())
    expect(numbers(x.grad as Tensor)).toEqual([2, NaN])
    const v = new Value(NaN)
    detectAnomaly(() => v.mul(v).backward())
    expect(v.grad).toBe(NaN)
    expect(detectAnomaly(() => vector(NaN).mul(2).toArray())).toEqual([NaN])
    expect(detectAnomaly(() => grad((x: Tensor) => x.exp().sum())(vector(0)).toArray())).toEqual([1])
    expect(vector(-1).sqrt().toArray()).toEqual([NaN])
  })

  test('on values too', () => {
    const error = thrown(() => detectAnomaly(() => new Value(-1).sqrt().mul(2)))
    expect(error).toBeInstanceOf(AnomalyError)
    expect(error.message).toContain("'sqrt'")
    expect(error.message).toMatch(/transforms\.test\.ts:\d+/)
  })
})
