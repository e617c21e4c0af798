// The scalar engine: micrograd's face, the flow patterns, and what backwards leave behind.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  type Applied,
  codegen,
  GradError,
  grad,
  jvp,
  type Num,
  noGrad,
  observe,
  table,
  tensor,
  Value,
} from '../../src/index.ts'

describe('the face', () => {
  test("micrograd's first example", () => {
    const a = new Value(-4)
    const b = new Value(2)
    let c = a.add(b)
    let d = a.mul(b).add(b.pow(3))
    c = c.add(c.add(1))
    c = c.add(c.add(1).sub(a))
    d = d.add(d.mul(2).add(b.add(a).relu()))
    d = d.add(d.mul(3).add(b.sub(a).relu()))
    const e = c.sub(d)
    const f = e.pow(2)
    let g = f.div(2)
    g = g.add(f.reciprocal().mul(10))
    expect(g.data.toFixed(4)).toBe('24.7041')
    g.backward()
    expect(a.grad.toFixed(4)).toBe('138.8338')
    expect(b.grad.toFixed(4)).toBe('645.5773')
  })

  test('a neuron: tanh(x1 w1 + x2 w2 + b)', () => {
    const [x1, x2, w1, w2, b] = [2, 0, -3, 1, 6.8813735870195432].map(x => new Value(x)) as [
      Value,
      Value,
      Value,
      Value,
      Value,
    ]
    const n = x1.mul(w1).add(x2.mul(w2)).add(b)
    const o = n.tanh()
    o.backward()
    expect(o.data).toBeCloseTo(Math.SQRT1_2, 15)
    const grads = [x1, x2, w1, w2, n].map(x => x.grad)
    for (const [i, g] of [-1.5, 0.5, 1, 0, 0.5].entries()) expect(grads[i]).toBeCloseTo(g, 14)
  })

  test('F = x1 x2 + sin(x1): value and both derivatives, in both modes', () => {
    const f = (x1: Value, x2: Value) => x1.mul(x2).add(x1.sin())
    const F = 2 * 3 + Math.sin(2)
    const by1 = 3 + Math.cos(2)
    const x1 = new Value(2)
    const x2 = new Value(3)
    const out = f(x1, x2)
    out.backward()
    expect([out.data, x1.grad, x2.grad]).toEqual([F, by1, 2])
    expect(jvp(f, [2, 3], [1, 0])).toEqual([F, by1])
    expect(jvp(f, [2, 3], [0, 1])).toEqual([F, 2])
    expect(grad(f, { argnums: [0, 1] })(2, 3)).toEqual([by1, 2])
  })

  test('the same code on a tensor', () => {
    const v = new Value(0.7)
    const t = tensor(0.7, { dtype: 'float64', requiresGrad: true })
    v.mul(v.sigmoid()).sub(v.log()).backward()
    t.mul(t.sigmoid()).sub(t.log()).backward()
    expect(t.grad?.item()).toBeCloseTo(v.grad, 15)
  })

  test('numbers mix in, on the right', () => {
    const x = new Value(3)
    const out = x.mul(2).add(1).sub(0.5).div(4).pow(2)
    expect(out.data).toBe(1.625 ** 2)
    out.backward()
    expect(x.grad).toBe(2 * 1.625 * 0.5)
  })
})

describe('flow patterns', () => {
  test('add distributes', () => {
    const [x, y] = [new Value(3), new Value(-5)]
    x.add(y).mul(7).backward()
    expect([x.grad, y.grad]).toEqual([7, 7])
  })
  test('multiply switches', () => {
    const [x, y] = [new Value(3), new Value(-5)]
    x.mul(y).backward()
    expect([x.grad, y.grad]).toEqual([-5, 3])
  })
  test('maximum and minimum route; a tie shares', () => {
    const by = (op: 'maximum' | 'minimum', a: number, b: number) => {
      const [x, y] = [new Value(a), new Value(b)]
      x[op](y).backward()
      return [x.grad, y.grad]
    }
    expect(by('maximum', 3, -5)).toEqual([1, 0])
    expect(by('maximum', -5, 3)).toEqual([0, 1])
    expect(by('maximum', 2, 2)).toEqual([0.5, 0.5])
    expect(by('minimum', 3, -5)).toEqual([0, 1])
    expect(by('minimum', 2, 2)).toEqual([0.5, 0.5])
  })
  test('an input used twice sums', () => {
    const x = new Value(3)
    x.mul(x).backward()
    expect(x.grad).toBe(6)
    x.zeroGrad()
    x.add(x).add(x).backward()
    expect(x.grad).toBe(3)
    const once = new Value(2)
    once.mul(once).mul(once.exp()).backward()
    expect(once.grad).toBeCloseTo((4 + 4) * Math.exp(2), 12)
  })
})

describe('backward', () => {
  test('leaves accumulate, what is between is set anew', () => {
    const a = new Value(2)
    const b = a.mul(3)
    const c = b.mul(b)
    c.backward()
    expect([a.grad, b.grad, c.grad]).toEqual([36, 12, 1])
    c.backward()
    expect([a.grad, b.grad, c.grad]).toEqual([72, 12, 1])
    b.backward()
    expect([a.grad, b.grad, c.grad]).toEqual([75, 1, 1])
    a.zeroGrad()
    expect(a.grad).toBe(0)
  })

  test('on a leaf itself', () => {
    const a = new Value(2)
    a.backward()
    a.backward()
    expect(a.grad).toBe(2)
  })

  test('a value that two results share is not counted twice', () => {
    const a = new Value(2)
    const shared = a.mul(a)
    shared.exp().backward()
    const first = a.grad
    shared.mul(5).backward()
    expect(a.grad - first).toBeCloseTo(20, 10)
    expect(shared.grad).toBe(5)
  })

  test('interpreted and generated alike', () => {
    const run = () => {
      const x = new Value(0.9)
      x.mul(x.sin()).atan2(x.exp()).clamp(-1, x).backward()
      return x.grad
    }
    const before = codegen()
    const generated = run()
    codegen(false)
    try {
      expect(run()).toBe(generated)
    } finally {
      codegen(before)
    }
  })

  test('nothing to differentiate by is an error that says why', () => {
    expect(() => Value.constant(3).backward()).toThrow(GradError)
    expect(() => Value.constant(3).mul(2).backward()).toThrow('depends on no variable')
    expect(() => noGrad(() => new Value(3).mul(2)).backward()).toThrow('noGrad')
    expect(() => new Value(3).detach().backward()).toThrow(GradError)
  })

  test('detach and constants stop gradients', () => {
    const x = new Value(3)
    x.mul(x.detach()).add(Value.constant(4).mul(x)).backward()
    expect(x.grad).toBe(7)
    expect(x.detach().data).toBe(3)
  })

  test('no gradient flows through conditions and comparisons, not even 0 times infinity', () => {
    const f = <N extends Num>(x: N, y: N, z: N): N => x.pow(y).gt(2).where(1, z) as N
    const values = [-2, 2.5, 3].map(x => new Value(x)) as [Value, Value, Value]
    const out = f(...values)
    expect(out.inputs).toEqual([0, 1, values[2]])
    out.backward()
    expect(values.map(x => x.grad)).toEqual([0, 0, 1])
    expect(grad(f<Value>, { argnums: [0, 1, 2] })(-2, 2.5, 3)).toEqual([0, 0, 1])
    // at 0 the condition's derivative is infinite
    const x = new Value(0)
    x.sqrt().where(x, x.mul(3)).backward()
    expect(x.grad).toBe(3)
    expect(() => new Value(3).floor().backward()).toThrow('an op without a derivative')
    expect(() => new Value(3).lt(4).backward()).toThrow(GradError)
  })

  test.each([...table.values()].map(op => [op.name, op] as const))('%s ends where it does on tensors', (name, op) => {
    const point = op.domain.map(([low, high]) => low + (high - low) * 0.4)
    const values = point.map(x => new Value(x))
    const tensors = point.map(x => tensor(x, { dtype: 'float64', requiresGrad: true }))
    const [out, like] = [values[0].apply(name, ...values), tensors[0].apply(name, ...tensors)]
    expect(out.inputs.map(x => typeof x === 'object')).toEqual(like.node?.inputs.map(x => x !== null) ?? [])
    out.add(new Value(0)).backward()
    like.add(tensor(0, { requiresGrad: true })).backward()
    // sums begin at 0 on values: -0 becomes 0
    expect(values.map(x => x.grad)).toEqual(tensors.map(x => (x.grad?.item() ?? 0) + 0))
  })

  test('noGrad records nothing', () => {
    const x = new Value(3)
    const out = noGrad(() => x.mul(x))
    expect(out.data).toBe(9)
    expect(out.inputs).toEqual([])
    expect(() =>
      noGrad(() => {
        throw new Error('mine')
      }),
    ).toThrow('mine')
    expect(x.mul(x).inputs).toEqual([x, x])
  })
})

describe('printing', () => {
  test('shows data, gradient and label', () => {
    const x = new Value(2)
    x.label = 'x'
    x.mul(3).backward()
    expect(String(x)).toBe("Value(data=2, grad=3, label='x')")
    expect(inspect(new Value(-0.5))).toBe('Value(data=-0.5, grad=0)')
    expect(`${new Value(1)}`).toBe('Value(data=1, grad=0)')
  })

  test('JS operators are an error that names the method', () => {
    const x = new Value(2) as unknown as number
    expect(() => x + 1).toThrow('a.add(b)')
    expect(() => x * 2).toThrow(GradError)
    expect(() => x < 2).toThrow('a.lt(b)')
  })

  test('observers see each op with its operands', () => {
    const x = new Value(2)
    const seen: Applied[] = []
    const out = observe(
      event => seen.push(event),
      () => x.mul(3),
    )
    expect(seen).toMatchObject([{ name: 'mul', inputs: [x, 3], out, flops: 1 }])
    expect(seen[0].jvp([new Value(2), null])).toMatchObject({ data: 6 })
  })
})
