// Functions of functions: derivatives in both modes, in every nesting, on both engines.
import {
  type Applied,
  CONSTANT,
  during,
  type Level,
  mode,
  type Operand,
  type Primitive,
  settle,
  TensorNode,
} from './apply.ts'
import { ArgumentError, GradError, ShapeError } from './errors.ts'
import { type Node, postorder, pullback } from './graph.ts'
import { full, onesLike, zerosLike } from './ops/create.ts'
import { isFloat } from './ops/kind.ts'
import { alias, cat } from './ops/linear.ts'
import { replayed, watched } from './random.ts'
import { sameShape, show } from './shape.ts'
import { leafNode, Tensor } from './tensor.ts'
import { isLeaf, type Leaf, leaves, rebuild } from './tree.ts'
import { Value } from './value.ts'

/** A number, Value or Tensor on a graph. */
type Active = Value | Tensor
/** A node, and the depth of the lowest leaf below it. */
type Graphed = Node<Active> & { readonly low: number }
type Fn = (...args: never[]) => unknown
// biome-ignore lint/suspicious/noExplicitAny: numbers stand where f takes values, and results look like arguments
type Loose = any
/** What `f` returns, seen from outside: numbers stay numbers. */
type Outer<R> = R extends Value ? Value & number : R

const node = (x: Leaf): Node<Active> | null =>
  x instanceof Tensor
    ? (x.node as Node<Active> | null)
    : x instanceof Value && x.low !== CONSTANT
      ? (x as unknown as Node<Active>)
      : null
const sum = (a: Active, b: Active): Active => (a as Tensor).add(b as Tensor)
const zero = (like: Leaf): Active => (like instanceof Tensor ? zerosLike(like) : Value.constant(0))
const one = (like: Leaf): Active => (like instanceof Tensor ? onesLike(like) : Value.constant(1))
const active = (x: Leaf): Active => (typeof x === 'number' ? Value.constant(x) : x)

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
const unwrapper = (inputs: readonly Leaf[]): ((x: Leaf) => Leaf) => {
  const plain = mode.nesting === 0 && mode.levels.length === 0 && inputs.every(x => typeof x === 'number')
  return x => (plain && x instanceof Value ? x.data : x)
}

/** Reverse mode for all transforms: runs `f` once; `pull` carries cotangents of its output leaves to its input leaves. */
function linearized(op: string, f: Fn, args: readonly unknown[], by: readonly number[]) {
  const inputs = by.flatMap(i => leaves(op, args[i]))
  const scalar = inputs.some(x => !(x instanceof Tensor))
  const depth = mode.nesting + 1
  const outer = mode.depth
  const variables = inputs.map(x => variable(op, x, depth))
  const next = variables[Symbol.iterator]()
  const targets = variables.map(x => node(x) as Node<Active>)
  const called = args.map(arg => (scalar && typeof arg === 'number' ? Value.constant(arg) : arg))
  for (const i of by) called[i] = rebuild(args[i], next)
  const result = during({ depth, nesting: depth }, () => f(...(called as never[])))
  const outputs = leaves(op, result)
  const roots = outputs.map(node)
  // what only the variables lead to is of no use outside
  outputs.forEach(out => {
    if (out instanceof Tensor && out.node && out.node.low > outer) out.node = null
  })

  const pull = (cotangents: readonly Active[]): Active[] => {
    const root: Node<Active> = {
      inputs: roots,
      mark: 0,
      pull: (_, wanted) => cotangents.map((g, i) => (wanted[i] ? g : null)),
    }
    const found = pullback(root, cotangents[0] as Active, { add: sum, targets: new Set(targets) })
    return inputs.map((x, i) => found.get(targets[i] as Node<Active>) ?? zero(x))
  }
  return { inputs, result, outputs, pull }
}

export interface GradOptions {
  /** Which arguments to differentiate by: a number, or several for a list of gradients. */
  readonly argnums?: number | readonly number[]
}

const positions = (op: string, argnums: number | readonly number[], args: readonly unknown[]): readonly number[] => {
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
    const gradients = pull([one(out)])
      .map(unwrap)
      [Symbol.iterator]()
    const trees = by.map(i => rebuild(args[i], gradients))
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
    rebuild(result, outputs.map(unwrap)[Symbol.iterator]()) as Outer<ReturnType<F>>,
    cotangent => {
      const given = leaves('vjp', cotangent)
      matching('vjp', 'cotangent', outputs, given)
      return rebuild(primals, pull(given.map(active)).map(unwrap)[Symbol.iterator]()) as unknown[]
    },
  ]
}

function matching(op: string, what: string, likes: readonly Leaf[], given: readonly Leaf[]): void {
  if (likes.length !== given.length) throw new ArgumentError(`${op}: ${given.length} ${what}s for ${likes.length}`)
  likes.forEach((like, i) => {
    const x = given[i] as Leaf
    const shape = (y: Leaf): readonly number[] => (y instanceof Tensor ? y.shape : [])
    if (like instanceof Tensor !== x instanceof Tensor || !sameShape(shape(like), shape(x))) {
      throw new ShapeError(`${op}: ${what} ${i} has shape ${show(shape(x))}, what it belongs to ${show(shape(like))}`)
    }
  })
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
  const result = during({ levels: [...mode.levels, level] }, () =>
    f(...(rebuild(primals, variables[Symbol.iterator]()) as never[])),
  )
  const outputs = leaves('jvp', result)
  const derivative = outputs.map(out => unwrap((level.get(active(out)) as Active | undefined) ?? zero(out)))
  return [
    rebuild(result, outputs.map(unwrap)[Symbol.iterator]()) as Outer<ReturnType<F>>,
    rebuild(result, derivative[Symbol.iterator]()),
  ]
}

/** The unit vectors of a leaf's space: one per element. */
function* basis(x: Leaf): Generator<Active> {
  if (!(x instanceof Tensor)) return yield Value.constant(1)
  for (let i = 0; i < x.numel; i++) {
    const unit = full([x.numel], 0, { dtype: x.dtype })
    unit.data[i] = 1
    yield unit.reshape(x.shape)
  }
}

/** A block of a Jacobian, from its rows (dim 0) or columns (dim -1). */
function block(parts: readonly Active[], out: Leaf, input: Leaf, byRows: boolean): Active {
  const shape = [...(out instanceof Tensor ? out.shape : []), ...(input instanceof Tensor ? input.shape : [])]
  if (!(out instanceof Tensor)) return parts[0] as Active
  if (parts.length === 0) return full(shape, 0, { dtype: out.dtype })
  const flat = (parts as Tensor[]).map(part => part.reshape(byRows ? [1, -1] : [-1, 1]))
  return cat(flat, byRows ? 0 : 1).reshape(shape)
}

const single = (argnums: GradOptions['argnums'] = 0): number => {
  if (typeof argnums !== 'number')
    throw new ArgumentError('jacobian: argnums is one number; put several inputs into one array or object')
  return argnums
}

/**
 * The Jacobian of `f` by an argument, in reverse mode: one backward pass per output element; preferable when there
 * are fewer outputs than inputs. For a tensor argument and result [...out, ...in]; for trees, one block for each pair of leaves.
 *
 * @example
 * jacrev((x: Tensor) => x.square())(tensor([1, 2])) // [[2, 0], [0, 4]]
 */
export function jacrev<F extends Fn>(f: F, { argnums }: GradOptions = {}) {
  return (...args: Loose[]): Loose => {
    const at = single(argnums)
    const unwrap = unwrapper(leaves('jacrev', args[at]))
    const { inputs, result, outputs, pull } = linearized('jacrev', f, args, positions('jacrev', at, args))
    const blocks = outputs.map((out, o) => {
      const rows = Array.from(basis(out), unit => pull(outputs.map((other, i) => (i === o ? unit : zero(other)))))
      const row = inputs.map((x, i) =>
        unwrap(
          block(
            rows.map(r => r[i] as Active),
            out,
            x,
            true,
          ),
        ),
      )
      return rebuild(args[at], row[Symbol.iterator]())
    })
    return rebuild(result, blocks[Symbol.iterator]())
  }
}

/**
 * The Jacobian of `f` by an argument, in forward mode: one forward pass per input element, storage constant;
 * preferable when there are fewer inputs than outputs. Looks like `jacrev`'s.
 *
 * @example
 * jacfwd((x: Tensor) => x.cumsum(0))(tensor([1, 2])) // [[1, 0], [1, 1]]
 */
export function jacfwd<F extends Fn>(f: F, { argnums }: GradOptions = {}) {
  return (...args: Loose[]): Loose => {
    const at = single(argnums)
    positions('jacfwd', at, args)
    const inputs = leaves('jacfwd', args[at])
    const scalar = inputs.some(x => !(x instanceof Tensor))
    const unwrap = unwrapper(inputs)
    let result: unknown
    const columns = inputs.map((input, i) =>
      Array.from(basis(input), unit => {
        const direction = inputs.map((other, k) => (k === i ? unit : zero(other)))[Symbol.iterator]()
        const call = (x: never): unknown =>
          f(
            ...(args.map((arg, k) =>
              k === at ? x : scalar && typeof arg === 'number' ? Value.constant(arg) : arg,
            ) as never[]),
          )
        const [out, tangent] = jvp(call, [args[at]], [rebuild(args[at], direction)])
        result = out
        return leaves('jacfwd', tangent).map(active)
      }),
    )
    // an argument without elements has no columns: only the result's shape is missing
    if (result === undefined) result = f(...(args as never[]))
    const blocks = leaves('jacfwd', result).map((out, o) => {
      const row = inputs.map((x, i) =>
        unwrap(
          block(
            (columns[i] as Active[][]).map(column => column[o] as Active),
            out,
            x,
            false,
          ),
        ),
      )
      return rebuild(args[at], row[Symbol.iterator]())
    })
    return rebuild(result, blocks[Symbol.iterator]())
  }
}

/**
 * The matrix of second derivatives of a function of one argument that returns one number: [...in, ...in]. Forward
 * over reverse.
 *
 * @example
 * hessian((x: Tensor) => x.pow(3).sum())(tensor([1, 2])) // [[6, 0], [0, 12]]
 */
export const hessian = <F extends Fn>(f: F, options: GradOptions = {}) => jacfwd(jacrev(f, options) as Fn, options)

/**
 * The Hessian times a direction, without the Hessian: forward over reverse, for about the cost of two gradients.
 * One result per primal; for a single primal, the result itself.
 *
 * @example
 * hvp((x: Tensor) => x.pow(3).sum(), [tensor([1, 2])], [tensor([1, 1])]) // [6, 12]
 */
export function hvp<F extends Fn>(f: F, primals: readonly Loose[], tangents: readonly Loose[]): Loose {
  const gradient = grad(f, { argnums: primals.map((_, i) => i) })
  const [, products] = jvp(gradient, primals, tangents)
  return primals.length === 1 ? (products as unknown[])[0] : products
}

/**
 * `f` without what it would store: only its inputs are kept, and the backward runs it once more (drawing the same
 * random numbers). Trades one more forward for memory. `f` returns one tensor or value; what it closes over gets
 * gradients too.
 *
 * @throws GradError in the backward, when a tensor that `f` read was assigned in between
 */
export function checkpoint<A extends unknown[], R extends Active>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const { depth, nesting } = mode
    // numbers and nodes made inside: weak, for what they store is what is not to be kept
    const inside = new WeakSet<object>()
    const read = new Map<Tensor, unknown>()
    const outside = mode.observer
    const observer = (event: Applied): void => {
      const { out } = event
      for (const x of event.inputs) if (x instanceof Tensor && !inside.has(x.data)) read.set(x, x.data)
      inside.add(out instanceof Tensor ? out.data : out)
      if (out instanceof Tensor && out.node) inside.add(out.node)
      outside?.(event)
    }
    const [out, draws] = watched(() => during({ observer }, () => f(...args)))
    if (!isLeaf(out) || typeof out === 'number')
      throw new ArgumentError('checkpoint: the function must return one tensor or value')
    const root = node(out)
    if (!root || !inside.has(root)) return out
    const border = new Set<Graphed>()
    for (const x of postorder(root)) {
      if (inside.has(x))
        for (const y of x.inputs) if (typeof y === 'object' && y !== null && !inside.has(y)) border.add(y as Graphed)
    }
    const inputs = [...border].filter(x => x.low !== CONSTANT)

    const pull = (g: Active, wanted: readonly boolean[]): readonly (Active | null)[] => {
      for (const [x, data] of read)
        if (x.data !== data)
          throw new GradError(
            `checkpoint: a tensor of shape ${show(x.shape)} that the function reads was assigned before the backward, which would compute with another value`,
          )
      const again = replayed(draws, () => during({ depth, nesting }, () => f(...args)))
      const found = pullback(node(again) as Node<Active>, g, { add: sum, targets: new Set(inputs), stop: true })
      return inputs.map((x, i) => (wanted[i] ? (found.get(x) ?? null) : null))
    }
    const low = Math.min(...inputs.map(x => x.low))
    if (out instanceof Tensor) {
      const again = {
        name: 'checkpoint',
        vjp: (_: unknown, g: Tensor, wanted: readonly boolean[]) => pull(g, wanted) as (Tensor | null)[],
      }
      out.node = new TensorNode(
        again,
        null,
        inputs as unknown as TensorNode[],
        low,
        out.shape,
        out.dtype,
        [...read.keys()],
        null,
        null,
      )
      outside?.({ name: 'checkpoint', inputs: [...read.keys()], out })
      return out
    }
    const made = new Value(
      out.data,
      inputs as unknown as Value[],
      { name: 'checkpoint', pull: pull as Value['pull'] },
      low,
    )
    for (const level of mode.levels) {
      const tangent = level.get(out)
      if (tangent) level.set(made, tangent)
    }
    outside?.({ name: 'checkpoint', inputs, out: made })
    return made as R
  }
}

/** The rules of a custom function over tensors, or over values. In both, `out` is what `forward` returned. */
export interface CustomRules<T extends Active> {
  readonly name?: string
  /** Computes the result; runs unrecorded. */
  readonly forward: (...xs: T[]) => T
  /** The cotangents of the operands (null: zero), from the cotangent g of the output. Written with ops, it differentiates again. */
  readonly vjp?: (g: T, xs: readonly T[], out: T) => readonly (T | null)[]
  /** The tangent of the output (null: zero), from those of the operands (null: zero). */
  readonly jvp?: (dx: readonly (T | null)[], xs: readonly T[], out: T) => T | null
}

/**
 * A function with derivative rules of its own, in either or both modes: for a gradient that is stabler, cheaper or
 * deliberately another than the one that follows.
 *
 * @throws GradError when a mode is used whose rule is missing
 * @example
 * // the straight-through estimator: rounds, and passes the gradient as if it did not
 * const passing = custom({ forward: (x: Tensor) => x.round(), vjp: g => [g], jvp: ([dx]) => dx })
 * grad((x: Tensor) => passing(x).square().sum())(tensor([0.4, 1.7])) // [0, 4]
 */
export function custom<T extends Active>({
  name = 'custom',
  forward,
  vjp: pullRule,
  jvp: pushRule,
}: CustomRules<T>): (...xs: T[]) => T {
  const missing = (rule: string): never => {
    throw new GradError(`${name}: this custom function has no ${rule} rule: give custom({ forward, ${rule} })`)
  }
  const vjpRule = (g: T, wanted: readonly boolean[], xs: readonly T[], out: T): readonly (T | null)[] => {
    const found = (pullRule ?? missing('vjp'))(g, xs, out)
    return wanted.map((yes, i) => (yes ? (found[i] ?? null) : null))
  }
  const jvpRule = (dx: readonly (T | null)[], xs: readonly T[], out: T): T | null =>
    (pushRule ?? missing('jvp'))(dx, xs, out)
  const prim = {
    name,
    infer: (_p: null) => missing('infer'),
    run: () => missing('run'),
    differentiable: (_p: null, i: number, xs: readonly Operand[]) => isFloat((xs[i] as Tensor).dtype),
    reads: (_p: null, _i: number, xs: readonly Operand[]) => [...xs.keys(), xs.length],
    vjp: (_p: null, g: Tensor, wanted: readonly boolean[], xs: readonly Operand[], out: Tensor) =>
      vjpRule(g as T, wanted, xs as T[], out as T) as (Tensor | null)[],
    jvp: (_p: null, dx: readonly (Tensor | null)[], xs: readonly Operand[], out: Tensor) =>
      jvpRule(dx as (T | null)[], xs as T[], out as T) as Tensor | null,
  } as Primitive<null>

  return (...xs) => {
    const computed = during({ depth: -1, levels: [] }, () => forward(...(xs.map(x => x.detach()) as T[])))
    if (computed instanceof Tensor) return settle(prim, null, xs as Operand[], computed.detach()) as T
    const data = typeof computed === 'number' ? computed : (computed as Value).data
    return Value.opaque(name, data, xs as Value[], vjpRule as never, jvpRule as never) as T
  }
}
