// Jacobians and Hessians, whole or times a direction: made of the two modes.
import { ArgumentError } from './errors.ts'
import { full } from './ops/create.ts'
import { cat } from './ops/linear.ts'
import { type GeneratorState, type Generator as Random, replayed, watched } from './random.ts'
import { Tensor } from './tensor.ts'
import { type Fn, type GradOptions, grad, jvp, type Loose, linearized, positions, unwrapper } from './transforms.ts'
import { type Active, active, type Leaf, leaves, lifted, rebuild, zero } from './tree.ts'
import { Value } from './value.ts'

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
      return rebuild(
        args[at],
        inputs.map((x, i) =>
          unwrap(
            block(
              rows.map(row => row[i] as Active),
              out,
              x,
              true,
            ),
          ),
        ),
      )
    })
    return rebuild(result, blocks)
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
    // every column is of the same function: with the same random draws
    let draws: ReadonlyMap<Random, GeneratorState> | null = null
    const again = <R>(run: () => R): R => {
      if (draws) return replayed(draws, run)
      const [out, drawn] = watched(run)
      draws = drawn
      return out
    }
    const columns = inputs.map((input, i) =>
      Array.from(basis(input), unit => {
        const direction = inputs.map((other, k) => (k === i ? unit : zero(other)))
        const call = (x: never): unknown =>
          f(...(args.map((arg, k) => (k === at ? x : scalar ? lifted(arg) : arg)) as never[]))
        const [out, tangent] = again(() => jvp(call, [args[at]], [rebuild(args[at], direction)]))
        result = out
        return leaves('jacfwd', tangent).map(active)
      }),
    )
    // an argument without elements has no columns: only the result's shape is missing
    if (result === undefined) result = f(...(args as never[]))
    const blocks = leaves('jacfwd', result).map((out, o) => {
      const column = (i: number): Active[] => (columns[i] as Active[][]).map(parts => parts[o] as Active)
      return rebuild(
        args[at],
        inputs.map((x, i) => unwrap(block(column(i), out, x, false))),
      )
    })
    return rebuild(result, blocks)
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
