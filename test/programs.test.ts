// Random programs: whatever ops are put together, forward, reverse and finite differences say the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cat, compareGradients, Generator, grad, jvp, type Num, stack, Tensor, tensor, Value } from '../src/index.ts'

// ---- ops: smooth everywhere, or with the distance to the nearest kink

interface Step<X> {
  readonly name: string
  readonly f: (x: X, y: X) => X
  /** How far from a kink; only then is the op taken. */
  readonly clear?: (x: X, y: X) => number
}
const smallest = (x: Num): number =>
  x instanceof Tensor ? Math.min(Infinity, ...x.abs().data) : Math.abs((x as Value).data)

/** Ops of any arithmetic. Where a factor could grow, it is bounded first. */
function arithmetic<X extends Num>(): Step<X>[] {
  return [
    { name: 'add', f: (x, y) => x.add(y) },
    { name: 'sub', f: (x, y) => x.sub(y, { alpha: 0.5 }) },
    { name: 'mul', f: (x, y) => x.mul(y.tanh()) },
    { name: 'div', f: (x, y) => x.div(y.square().add(1)) },
    { name: 'pow', f: (x, y) => x.square().add(0.5).pow(y.sin()) },
    { name: 'atan2', f: (x, y) => x.atan2(y.square().add(0.5)) },
    { name: 'logaddexp', f: (x, y) => x.logaddexp(y) },
    { name: 'hypot', f: (x, y) => x.hypot(y.cosh().log()).add(x), clear: x => smallest(x) },
    { name: 'lerp', f: (x, y) => x.lerp(y, y.sigmoid()) },
    { name: 'tanh', f: x => x.tanh() },
    { name: 'exp', f: x => x.sin().exp() },
    { name: 'log', f: x => x.square().log1p() },
    { name: 'sqrt', f: x => x.square().add(0.5).sqrt() },
    { name: 'rsqrt', f: x => x.square().add(1).rsqrt() },
    { name: 'gelu', f: x => x.gelu() },
    { name: 'erf', f: x => x.erf().add(x) },
    { name: 'softplus', f: x => x.softplus() },
    { name: 'lgamma', f: x => x.tanh().add(2).lgamma() },
    { name: 'relu', f: x => x.relu(), clear: x => smallest(x) },
    { name: 'abs', f: x => x.abs(), clear: x => smallest(x) },
    { name: 'elu', f: x => x.elu(0.5), clear: x => smallest(x) },
    { name: 'clamp', f: x => x.clamp(-0.7, 0.9), clear: x => Math.min(smallest(x.add(0.7)), smallest(x.sub(0.9))) },
    { name: 'maximum', f: (x, y) => x.maximum(y), clear: (x, y) => smallest(x.sub(y)) },
    { name: 'where', f: (x, y) => x.gt(y).where(x.sin(), y), clear: (x, y) => smallest(x.sub(y)) },
    { name: 'floor', f: x => x.sub(x.floor()), clear: x => smallest(x.sub(x.round())) },
    { name: 'detach', f: x => x.add((x as unknown as Value).detach() as unknown as X) },
  ]
}

/** The smallest gap between two elements of x. */
function gap(x: Tensor): number {
  const sorted = Array.from(x.data).sort((a, b) => a - b)
  return sorted.reduce(
    (least, value, i) => (i === 0 ? least : Math.min(least, value - (sorted[i - 1] as number))),
    Infinity,
  )
}
/** Ops of tensors alone; a result has one of the shapes that broadcast against [3, 2], or is read back into one. */
const arrays: Step<Tensor>[] = [
  { name: 'sum', f: x => x.sum(0, { keepdim: true }) },
  { name: 'mean', f: x => x.mean(-1, { keepdim: true }) },
  { name: 'softmax', f: x => x.softmax(-1) },
  { name: 'logsumexp', f: x => x.logsumexp(-1, { keepdim: true }) },
  { name: 'cumsum', f: x => x.cumsum(0) },
  { name: 'cumprod', f: x => x.tanh().cumprod(-1) },
  {
    name: 'var',
    f: (x, y) => stack([x, y.expand(x.shape), x.sin()]).var(0),
    clear: (x, y) => (y.shape.every((n, i) => n === 1 || n === x.shape[i]) ? 1 : 0),
  },
  { name: 'norm', f: x => x.norm(2, 0, { keepdim: true }), clear: x => smallest(x.norm(2, 0)) },
  { name: 'flip', f: x => x.flip([0, 1]) },
  { name: 'roll', f: x => x.roll(1, 0) },
  { name: 'cat', f: x => cat([x.slice(0, 1), x.sin().slice(0, 0, 1)]) },
  { name: 'matmul', f: (x, y) => x.tanh().matmul(x.transpose(0, 1)).matmul(x).add(y) },
  { name: 'amax', f: x => x.amax(-1, { keepdim: true }), clear: gap },
  { name: 'max', f: x => x.max(0, { keepdim: true }).values, clear: gap },
  { name: 'sort', f: x => x.sort(0).values, clear: gap },
  {
    name: 'gather',
    f: x => x.gather(0, tensor([[(x.shape[0] as number) - 1, 0].slice(0, x.shape[1])], { dtype: 'int32' })),
  },
  { name: 'scatterAdd', f: x => x.scatterAdd(0, tensor([[0, 0].slice(0, x.shape[1])], { dtype: 'int32' }), x.sin()) },
  { name: 'pad', f: x => x.pad([1, 0]).narrow(1, 0, x.shape[1] as number) },
  { name: 'tril', f: x => x.tril().add(x.triu(1).sin()) },
]

// ---- programs: what each step takes, settled at the point where it is run first

interface Plan {
  readonly step: number
  readonly left: number
  readonly right: number
}
const plans = fc.array(fc.record({ step: fc.nat(999), left: fc.nat(99), right: fc.nat(99) }), {
  minLength: 3,
  maxLength: 12,
})

const CLEAR = 0.03
/** The program that takes of the given steps those that are clear of kinks here, and tanh for the others. */
function program<X>(
  steps: readonly Step<X>[],
  plan: readonly Plan[],
  inputs: readonly X[],
  tanh: (x: X) => X,
  large: (x: X) => boolean,
): { names: string[]; f: (...xs: X[]) => X } {
  const chosen: { f: Step<X>['f']; left: number; right: number }[] = []
  const names: string[] = []
  const values = [...inputs]
  for (const { step, left: l, right: r } of plan) {
    // the newest values first, so that programs are deep
    const [left, right] = [values.length - 1 - (l % Math.min(values.length, 3)), r % values.length]
    const { name, f, clear } = steps[step % steps.length] as Step<X>
    const [x, y] = [values[left] as X, values[right] as X]
    const take = !large(x) && !large(y) && (clear?.(x, y) ?? 1) > CLEAR
    const made = { f: take ? f : tanh, left, right }
    chosen.push(made)
    names.push(take ? `${name}(${left}, ${right})` : `tanh(${left})`)
    values.push(made.f(x, y))
  }
  const run = (...xs: X[]): X => {
    const all = [...xs]
    for (const { f, left, right } of chosen) all.push(f(all[left] as X, all[right] as X))
    return all[all.length - 1] as X
  }
  return { names, f: run }
}

const SHAPES = [
  [3, 2],
  [1, 2],
  [3, 1],
  [1, 1],
]
const shapes = fc.array(fc.nat(SHAPES.length - 1), { minLength: 1, maxLength: 3 })

test('tensors: forward, reverse and finite differences agree, to second order', () => {
  fc.assert(
    fc.property(plans, shapes, fc.nat(9999), (plan, which, seed) => {
      const generator = new Generator(seed)
      const inputs = which.map(i => {
        const shape = SHAPES[i] as number[]
        return tensor(
          Float64Array.from({ length: (shape[0] as number) * (shape[1] as number) }, () => generator.normal()),
        ).reshape(shape)
      })
      const steps = [...arithmetic<Tensor>(), ...arrays]
      const { names, f } = program(
        steps,
        plan,
        inputs,
        x => x.tanh(),
        x => Math.max(...x.abs().data) > 3,
      )
      const { comparisons } = compareGradients(f, inputs, { tolerance: 1e-5, step: 3e-4 })
      for (const { what, values, ok } of comparisons) {
        const { difference, ...modes } = values
        const all = Object.values(modes)
        const spread = (Math.max(...all) - Math.min(...all)) / Math.max(1, ...all.map(Math.abs))
        // what detach hides from the derivatives, finite differences see
        const hidden = names.some(name => name.startsWith('detach'))
        expect(spread, `${what} of ${names.join(', ')}: ${JSON.stringify(values)}`).toBeLessThan(1e-9)
        expect(ok || hidden, `${what} of ${names.join(', ')}: ${JSON.stringify(values)}`).toBe(true)
      }
    }),
    { numRuns: 150, seed: 1 },
  )
})

test('values: reverse = forward = the same on 0-d tensors', () => {
  const close = (a: number, b: number, what: string): void => {
    expect(Math.abs(a - b) / Math.max(1, Math.abs(b)), `${what}: ${a}, ${b}`).toBeLessThan(1e-12)
  }
  fc.assert(
    fc.property(
      plans,
      fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 3 }),
      (plan, point) => {
        const settled = program(
          arithmetic<Value>(),
          plan,
          point.map(x => new Value(x)),
          x => x.tanh(),
          x => Math.abs(x.data) > 3,
        )
        const inputs = point.map(x => new Value(x))
        const out = settled.f(...inputs)
        out.backward()

        const leaves = point.map(x => tensor(x, { dtype: 'float64', requiresGrad: true }))
        const same = program(
          arithmetic<Tensor>(),
          plan,
          leaves.map(x => x.detach()),
          x => x.tanh(),
          x => Math.abs(x.item()) > 3,
        )
        expect(same.names).toEqual(settled.names)
        const tensorOut = same.f(...leaves)
        expect(
          Object.is(tensorOut.item(), out.data),
          `${settled.names.join(', ')}: ${tensorOut.item()}, ${out.data}`,
        ).toBe(true)
        tensorOut.backward()

        const gradients = grad(settled.f, { argnums: point.map((_, i) => i) })(...point) as number[]
        point.forEach((_, i) => {
          const what = `${settled.names.join(', ')} by ${i}`
          const own = (inputs[i] as Value).grad
          close(leaves[i]?.grad?.item() ?? 0, own, what)
          close(gradients[i] as number, own, what)
          const [value, tangent] = jvp(
            settled.f,
            point,
            point.map((_, k) => +(k === i)),
          )
          expect(value).toBe(out.data)
          close(tangent, own, what)
        })
      },
    ),
    { numRuns: 300, seed: 1 },
  )
})
