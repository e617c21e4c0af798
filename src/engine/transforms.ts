// Functions of functions: derivatives in both modes, in every nesting, on both engines.
import { CONSTANT, during, type Level, mode, noGrad } from './apply.ts'
import { ArgumentError, GradError, ShapeError } from './errors.ts'
import { type Node, type Order, pullback } from './graph.ts'
import { isFloat } from './ops/kind.ts'
import { alias } from './ops/linear.ts'
import { show } from './shape.ts'
import { leafNode, Tensor } from './tensor.ts'
import {
  type Active,
  active,
  isLeaf,
  type Leaf,
  leaves,
  lifted,
  matching,
  node,
  one,
  rebuild,
  sum,
  zero,
} from './tree.ts'
import { Value } from './value.ts'

export type Fn = (...args: never[]) => unknown
// biome-ignore lint/suspicious/noExplicitAny: numbers stand where f takes values, and results look like arguments
export type Loose = any
/** What `f` returns, seen from outside: numbers stay numbers. */
export type Outer<R> = R extends Value ? Value & number : R

/** A fresh variable at `depth`, equal to x and still connected to whatever x depends on. */
function variable(op: string, x: Leaf, depth: number): Active {
  if (!(x instanceof Tensor)) return Value.variable(x, depth)
  if (!isFloat(x.dtype))
    throw new GradError(
      `${op}: cannot differentiate by a tensor of dtype ${x.dtype}: use x.float(), or choose other arguments with argnums`,
    )
  const out = alias(x)
  out.node ??= leafNode(out, depth)
  return out
}

/** Outside of every transform a scalar result is a plain number again, when the arguments were plain numbers. */
export const unwrapper = (inputs: readonly Leaf[]): ((x: Leaf) => Leaf) => {
  const plain = mode.nesting === 0 && mode.levels.length === 0 && inputs.every(x => typeof x === 'number')
  return x => (plain && x instanceof Value ? x.data : x)
}

/**
 * Reverse mode for all transforms: runs `f` once; `pull` carries cotangents of its output leaves to its input leaves,
 * whose nodes are `roots` and `targets`.
 */
export function linearized(op: string, f: Fn, args: readonly unknown[], by: readonly number[]) {
  const inputs = by.flatMap(i => leaves(op, args[i]))
  const scalar = inputs.some(x => !(x instanceof Tensor))
  const depth = mode.nesting + 1
  const outer = mode.depth
  const variables = inputs.map(x => variable(op, x, depth))
  const targets = variables.map(x => node(x) as Node<Active>)
  const called = args.map(arg => (scalar ? lifted(arg) : arg))
  const fresh = rebuild(
    by.map(i => args[i]),
    variables,
  ) as unknown[]
  by.forEach((i, k) => {
    called[i] = fresh[k]
  })
  const result = during({ depth, nesting: depth }, () => f(...(called as never[])))
  const returned = leaves(op, result)
  const roots = returned.map(node)
  // what only the variables lead to, or what noGrad hides, is of no use outside
  const outputs = returned.map(out =>
    out instanceof Tensor && out.node && out.node.low > outer ? noGrad(() => alias(out)) : out,
  )

  const pull = (cotangents: readonly Active[], order?: Order): Active[] => {
    const root: Node<Active> = (roots.length === 1 && roots[0]) || {
      inputs: roots,
      input: i => roots[i],
      mark: 0,
      pull: (_, wanted) => cotangents.map((g, i) => (wanted[i] ? g : null)),
    }
    const found = pullback(root, cotangents[0] as Active, {
      add: sum,
      targets: new Set(targets),
      ...(order && { order }),
    })
    return inputs.map((x, i) => found.get(targets[i] as Node<Active>) ?? zero(x))
  }
  return { inputs, targets, result: rebuild(result, outputs), outputs, roots, pull }
}

export interface GradOptions {
  /** Which arguments to differentiate by: a number, or several for a list of gradients. */
  readonly argnums?: number | readonly number[]
}

export const positions = (
  op: string,
  argnums: number | readonly number[],
  args: readonly unknown[],
): readonly number[] => {
  const list = typeof argnums === 'number' ? [argnums] : argnums
  for (const i of list)
    if (!Number.isInteger(i) || i < 0 || i >= args.length)
      throw new ArgumentError(
        `${op}: argnums ${i}, but the function was called with ${args.length} argument${args.length === 1 ? '' : 's'}`,
      )
  if (new Set(list).size < list.length)
    throw new ArgumentError(`${op}: argnums [${list.join(', ')}] name an argument twice`)
  return list
}

/**
 * `f`'s value and its gradient by the chosen arguments: [value, gradient]. Reverse mode: one pass forward, one
 * backward, whatever the number of inputs. `f` returns one number (a Value or a tensor of one element); its arguments
 * are numbers, values or tensors, or arrays and objects of these, and the gradient looks like them.
 *
 * @throws ShapeError when `f` returns more than one number
 * @example
 * valueAndGrad((x: Value) => x.mul(x))(3) // [9, 6]
 */
export function valueAndGrad<F extends Fn>(f: F, { argnums = 0 }: GradOptions = {}) {
  return (...args: Loose[]): [Outer<ReturnType<F>>, Loose] => {
    const by = positions('grad', argnums, args)
    const unwrap = unwrapper(by.flatMap(i => leaves('grad', args[i])))
    const { result, outputs, pull } = linearized('grad', f, args, by)
    const [out] = outputs
    if (outputs.length !== 1 || out === undefined || !isLeaf(result))
      throw new ShapeError(
        'grad: the function must return one number, not several. For several outputs use jacrev or vjp',
      )
    if (out instanceof Tensor && out.numel !== 1)
      throw new ShapeError(
        `grad: the function must return one number, not a tensor of shape ${show(out.shape)}. Reduce it (sum, mean), or use jacrev or vjp`,
      )
    const trees = rebuild(
      by.map(i => args[i]),
      pull([one(out)]).map(unwrap),
    ) as unknown[]
    return [unwrap(out) as Outer<ReturnType<F>>, typeof argnums === 'number' ? trees[0] : trees]
  }
}

/**
 * The gradient of `f` by the chosen arguments; see `valueAndGrad`. Nests: `grad(grad(f))` is the second derivative.
 *
 * @example
 * grad((x: Value) => x.sin())(0) // 1
 * grad(grad((x: Value) => x.pow(3)))(2) // 12
 */
export function grad<F extends Fn>(f: F, options: GradOptions = {}) {
  const both = valueAndGrad(f, options)
  return (...args: Loose[]): Loose => both(...args)[1]
}

/**
 * `f`'s output and the function that carries a cotangent of the output to the cotangents of all arguments (a list):
 * [out, pull]. Reverse mode; `pull` may be called any number of times.
 *
 * @example
 * const [out, pull] = vjp((x: Tensor) => x.square(), tensor([1, 2, 3]))
 * pull(tensor([1, 0, 1])) // [[2, 0, 6]]
 */
export function vjp<F extends Fn>(f: F, ...primals: Loose[]): [Outer<ReturnType<F>>, (cotangent: Loose) => Loose[]] {
  const unwrap = unwrapper(leaves('vjp', primals))
  const { result, outputs, pull } = linearized(
    'vjp',
    f,
    primals,
    primals.map((_, i) => i),
  )
  return [
    rebuild(result, outputs.map(unwrap)) as Outer<ReturnType<F>>,
    cotangent => {
      const given = leaves('vjp', cotangent)
      matching('vjp', 'cotangent', outputs, given)
      return rebuild(primals, pull(given.map(active)).map(unwrap)) as unknown[]
    },
  ]
}

/**
 * Forward mode: `f`'s output and its tangent, [out, tangent], in one pass: each op's tangent is computed beside its
 * value and nothing is stored, so memory does not grow with the number of ops. The derivative of all outputs along
 * one direction; by one input x, when its tangent is 1 and the others' are 0.
 *
 * @throws ShapeError when a tangent has another shape than its primal
 * @example
 * // F(x1, x2) = x1*x2 + sin(x1), by x1, at (2, 3): x2 + cos(2)
 * jvp((x1: Value, x2: Value) => x1.mul(x2).add(x1.sin()), [2, 3], [1, 0]) // [6.909297…, 2.583853…]
 */
export function jvp<F extends Fn>(
  f: F,
  primals: readonly Loose[],
  tangents: readonly Loose[],
): [Outer<ReturnType<F>>, Loose] {
  const inputs = leaves('jvp', primals)
  const given = leaves('jvp', tangents)
  matching('jvp', 'tangent', inputs, given)
  const unwrap = unwrapper([...inputs, ...given])
  const level: Level = new WeakMap()
  const variables = inputs.map((x, i) => {
    const out = x instanceof Tensor ? alias(x) : Value.variable(x, CONSTANT)
    level.set(out, active(given[i] as Leaf))
    return out
  })
  const result = during({ levels: [...mode.levels, level] }, () => f(...(rebuild(primals, variables) as never[])))
  const outputs = leaves('jvp', result)
  const derivative = outputs.map(out => unwrap((level.get(active(out)) as Active | undefined) ?? zero(out)))
  return [rebuild(result, outputs.map(unwrap)) as Outer<ReturnType<F>>, rebuild(result, derivative)]
}
