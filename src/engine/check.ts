// The gradient checker: forward, reverse and finite differences against each other, to second order.
import { ArgumentError, GradError } from './errors.ts'
import { to } from './ops/linear.ts'
import { Generator, randn, replayed, watched } from './random.ts'
import { Tensor } from './tensor.ts'
import { grad, jvp, vjp } from './transforms.ts'
import { type Active, active, type Leaf, leaves, sum } from './tree.ts'
import { Value } from './value.ts'

export interface CheckOptions {
  /** Largest relative error that passes at first order (1e-7); at second order ten times as much. */
  readonly tolerance?: number
  /** 1 checks derivatives, 2 (default) also derivatives of derivatives. */
  readonly order?: 1 | 2
  /** The step of the finite difference (1e-3); two steps are extrapolated, so the error is of order step^4. */
  readonly step?: number
  readonly generator?: Generator
}

/** One derivative, computed in a number of ways. */
export interface Comparison {
  readonly what: string
  readonly values: Readonly<Record<string, number>>
  /** The largest difference between two of them, relative to their size (or to a thousandth of what they are derivatives of). */
  readonly error: number
  readonly ok: boolean
}
export interface CheckReport {
  readonly ok: boolean
  readonly comparisons: readonly Comparison[]
}

// biome-ignore lint/suspicious/noExplicitAny: a function of numbers, values or tensors
type Fn = (...args: any[]) => any

const along = (x: Leaf, u: Leaf, h: number): Active =>
  x instanceof Tensor ? x.add((u as Tensor).mul(h)) : Value.constant(number(x) + h * (u as number))
const inner = (a: Active, b: Leaf): Active =>
  a instanceof Tensor ? a.mul(b as Tensor).sum() : a.mul(b as Value | number)
const dot = (a: readonly Leaf[], b: readonly Leaf[]): Active =>
  a.map((x, i) => inner(active(x), b[i] as Leaf)).reduce(sum)
const magnitude = (x: Leaf): Leaf => (typeof x === 'number' ? Math.abs(x) : x.abs())
const number = (x: Leaf): number => (typeof x === 'number' ? x : x instanceof Value ? x.data : x.item())

/**
 * Compares the derivatives of `f` at `inputs` along random directions (a random projection of the Jacobian and of
 * the second derivatives: an error anywhere shows with probability 1):
 * - first order: forward mode, reverse mode, a finite difference
 * - second order: forward over reverse, reverse over reverse, forward over forward, reverse over forward, and the
 *   finite difference of a first derivative
 *
 * `inputs` are float64 tensors, or numbers for a function of values. `f` may return an array of outputs.
 *
 * @throws ArgumentError when an input is not float64: float32 is too coarse for finite differences
 * @example
 * compareGradients((x: Value) => x.sin().mul(x), [0.7]).ok // true
 */
export function compareGradients(
  f: Fn,
  inputs: readonly Leaf[],
  { tolerance = 1e-7, order = 2, step = 1e-3, generator = new Generator(1) }: CheckOptions = {},
): CheckReport {
  for (const x of inputs)
    if (x instanceof Tensor && x.dtype !== 'float64')
      throw new ArgumentError(`gradcheck: inputs must be float64, not ${x.dtype}: use x.double()`)
  const random = (x: Leaf): Leaf =>
    x instanceof Tensor ? randn(x.shape, { dtype: 'float64', generator }) : generator.normal()
  const direction = (): Leaf[] => inputs.map(random)
  if (inputs.length === 0) throw new ArgumentError('gradcheck: no inputs to differentiate by')
  const run = (xs: readonly Leaf[]): Leaf[] =>
    leaves('gradcheck', f(...xs)).map(y => (y instanceof Tensor ? to(y, 'float64') : y))
  // a function that draws is held to its first draws
  const [outputs, draws] = watched(() => run(inputs.map(active)))
  const list: Fn = (...xs) => replayed(draws, () => run(xs))
  const v = outputs.map(random) as Leaf[]
  const scalar: Fn = (...xs) => dot(list(...xs), v)

  const compared = (what: string, values: Record<string, number>, scale: number, limit: number): Comparison => {
    const all = Object.values(values)
    // a finite difference loses digits to the size of what it is a difference of
    const size = Math.max(Number.MIN_VALUE, scale / 1000, ...all.map(Math.abs))
    const error = (Math.max(...all) - Math.min(...all)) / size
    return { what, values, error, ok: error <= limit }
  }
  const difference = (g: (h: number) => number): number => {
    const slope = (h: number): number => (g(h) - g(-h)) / (2 * h)
    return (4 * slope(step / 2) - slope(step)) / 3
  }
  const at = (u: readonly Leaf[], h: number): Leaf[] => inputs.map((x, i) => along(x, u[i] as Leaf, h))

  const all = { argnums: inputs.map((_, i) => i) }
  const u = direction()
  const comparisons = [
    compared(
      'first order',
      {
        forward: number(dot(jvp(list, inputs, u)[1], v)),
        reverse: number(dot(vjp(list, ...inputs)[1](v) as Leaf[], u)),
        difference: difference(h => number(scalar(...at(u, h)))),
      },
      outputs.reduce<number>((scale, y, i) => scale + number(inner(active(magnitude(y)), magnitude(v[i]))), 0),
      tolerance,
    ),
  ]
  if (order === 2) {
    const w = direction()
    // the derivative along u, taken in either mode, as a function to differentiate along w
    const reverse: Fn = (...xs) => dot(grad(scalar, all)(...xs), u)
    const forward: Fn = (...xs) => jvp(scalar, xs, u.map(active))[1]
    comparisons.push(
      compared(
        'second order',
        {
          forwardOverReverse: number(jvp(reverse, inputs, w)[1]),
          reverseOverReverse: number(dot(grad(reverse, all)(...inputs), w)),
          forwardOverForward: number(jvp(forward, inputs, w)[1]),
          reverseOverForward: number(dot(grad(forward, all)(...inputs), w)),
          difference: difference(h => number(reverse(...at(w, h)))),
        },
        Math.abs(comparisons[0].values.reverse),
        tolerance * 10,
      ),
    )
  }
  return { ok: comparisons.every(c => c.ok), comparisons }
}

/**
 * `compareGradients`, throwing when they differ.
 * @throws GradError listing the derivative in each mode and the error
 * @example
 * gradcheck((x: Tensor) => x.tanh(), [tensor([0.1, 2], { dtype: 'float64' })]) // true
 */
export function gradcheck(f: Fn, inputs: readonly Leaf[], options: CheckOptions = {}): true {
  const { ok, comparisons } = compareGradients(f, inputs, options)
  if (ok) return true
  const lines = comparisons
    .filter(c => !c.ok)
    .map(
      ({ what, values, error }) =>
        `${what}: ${Object.entries(values)
          .map(([mode, value]) => `${mode} ${value}`)
          .join(', ')} (relative error ${error.toExponential(1)})`,
    )
  throw new GradError(`gradcheck: derivatives disagree. ${lines.join('; ')}. Is the point at a kink, or a rule wrong?`)
}
