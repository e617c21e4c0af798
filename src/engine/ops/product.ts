// Products of matrices: one bilinear primitive, whose transposes are itself; the rest is shaped into it.
import { matmul as kernel } from '../../backend/matmul.ts'
import { apply, type Primitive } from '../apply.ts'
import { DtypeError, ShapeError } from '../errors.ts'
import { broadcast, broadcastStrides, numel, sameShape, show, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { bilinear } from './kind.ts'
import { sumTo } from './linear.ts'

interface Factors {
  /** Whether the factor's last two dimensions are read the other way round. */
  readonly ta: boolean
  readonly tb: boolean
}

/** Where each matrix of `shape` begins, for a batch of shape `batch`. */
export function offsets(shape: readonly number[], batch: readonly number[]): number[] {
  const own = shape.slice(0, -2)
  const size = (shape.at(-2) as number) * (shape.at(-1) as number)
  if (sameShape(own, batch)) return Array.from({ length: numel(batch) }, (_, i) => i * size)
  const strides = broadcastStrides(own, batch)
  const steps = stridesOf(batch)
  return Array.from(
    { length: numel(batch) },
    (_, i) =>
      batch.reduce((at, n, d) => at + (Math.floor(i / (steps[d] as number)) % n) * (strides[d] as number), 0) * size,
  )
}

const matmulPrim: Primitive<Factors> = bilinear('matmul', {
  infer({ ta, tb }, a, b) {
    const [m, k] = ta ? [a.shape.at(-1), a.shape.at(-2)] : [a.shape.at(-2), a.shape.at(-1)]
    const [inner, n] = tb ? [b.shape.at(-1), b.shape.at(-2)] : [b.shape.at(-2), b.shape.at(-1)]
    if (k !== inner) {
      const hint = k === (tb ? b.shape.at(-2) : b.shape.at(-1)) ? ' Did you mean b.transpose(-2, -1)?' : ''
      throw new ShapeError(
        `matmul: inner sizes differ: ${show(a.shape)} x ${show(b.shape)} (${k} and ${inner}).${hint}`,
      )
    }
    return {
      shape: [...broadcast('matmul', [a.shape.slice(0, -2), b.shape.slice(0, -2)]), m as number, n as number],
      dtype: a.dtype,
    }
  },
  run({ ta, tb }, out, a, b) {
    const batch = out.shape.slice(0, -2)
    const [m, n] = out.shape.slice(-2) as [number, number]
    kernel(
      out.data,
      a.data,
      b.data,
      m,
      a.shape.at(ta ? -2 : -1) as number,
      n,
      ta,
      tb,
      offsets(a.shape, batch),
      offsets(b.shape, batch),
    )
  },
  // C = op(A) op(B): each factor's cotangent is a product of g and the other one
  transposes: [
    ({ ta, tb }, g, b, a) => sumTo(ta ? product(b, g, tb, true) : product(g, b, false, !tb), a),
    ({ ta, tb }, g, a, b) => sumTo(tb ? product(g, a, true, ta) : product(a, g, !ta, false), b),
  ],
})
const product = (a: Tensor, b: Tensor, ta: boolean, tb: boolean): Tensor => apply(matmulPrim, { ta, tb }, [a, b])

/** @throws DtypeError when dtypes differ or cannot be multiplied */
export const sameDtype = (op: string, a: Tensor, b: Tensor): void => {
  if (a.dtype !== b.dtype)
    throw new DtypeError(`${op}: dtypes differ: ${a.dtype} and ${b.dtype}. Convert one: a.to('${b.dtype}')`)
  if (a.dtype === 'bool') throw new DtypeError(`${op}: bool tensors have no products: use x.int() or x.float()`)
}

/**
 * The matrix product over the last two dimensions, the others broadcast; a 1-d operand is a row on the left, a column
 * on the right, and leaves no dimension: [..., m, k] x [..., k, n] -> [..., m, n]; [k] x [k] -> [].
 *
 * `transposeB` reads b as [..., n, k] without copying it: what a linear layer does with its weight.
 *
 * @throws ShapeError when inner sizes differ or batches do not broadcast
 */
export function matmul(a: Tensor, b: Tensor, { transposeB = false }: { transposeB?: boolean } = {}): Tensor {
  sameDtype('matmul', a, b)
  if (a.ndim === 0 || b.ndim === 0)
    throw new ShapeError(
      `matmul: needs at least 1 dimension each: ${show(a.shape)} x ${show(b.shape)}. For a scaled tensor use mul`,
    )
  if (a.ndim === 1) {
    if (b.ndim === 1 && a.shape[0] !== b.shape[0])
      throw new ShapeError(`matmul: inner sizes differ: ${show(a.shape)} x ${show(b.shape)}`)
    return matmul(a.reshape(1, -1), b, { transposeB }).squeeze(b.ndim === 1 ? -1 : -2)
  }
  if (b.ndim === 1) return matmul(a, b.reshape(-1, 1)).squeeze(-1)
  if (a.ndim > 2 && b.ndim === 2) {
    // one product of all rows instead of one per batch, and so for its cotangents
    const rows = product(a.reshape(numel(a.shape.slice(0, -1)), a.shape.at(-1) as number), b, false, transposeB)
    return rows.reshape([...a.shape.slice(0, -1), rows.shape[1] as number])
  }
  return product(a, b, false, transposeB)
}

const ranked = (op: string, x: Tensor, rank: number, what: string): void => {
  if (x.ndim !== rank)
    throw new ShapeError(`${op}: ${what} has ${rank} dimension${rank === 1 ? '' : 's'}, not ${show(x.shape)}`)
}

/** The product of two matrices: [m, k] x [k, n] -> [m, n]. */
export function mm(a: Tensor, b: Tensor): Tensor {
  ranked('mm', a, 2, 'the left matrix')
  ranked('mm', b, 2, 'the right matrix')
  return matmul(a, b)
}
/** A matrix times a vector: [m, k] x [k] -> [m]. */
export function mv(a: Tensor, x: Tensor): Tensor {
  ranked('mv', a, 2, 'the matrix')
  ranked('mv', x, 1, 'the vector')
  return matmul(a, x)
}
/** Products of two batches of matrices: [b, m, k] x [b, k, n] -> [b, m, n]; the batches do not broadcast. */
export function bmm(a: Tensor, b: Tensor): Tensor {
  ranked('bmm', a, 3, 'the left batch')
  ranked('bmm', b, 3, 'the right batch')
  if (a.shape[0] !== b.shape[0])
    throw new ShapeError(`bmm: batches differ: ${show(a.shape)} x ${show(b.shape)}. For broadcasting use matmul`)
  return matmul(a, b)
}
/** The inner product of two vectors: [n] x [n] -> []. */
export function dot(a: Tensor, b: Tensor): Tensor {
  ranked('dot', a, 1, 'the left vector')
  ranked('dot', b, 1, 'the right vector')
  return matmul(a, b)
}
/** All products of two vectors' elements: [n] x [m] -> [n, m]. */
export function outer(a: Tensor, b: Tensor): Tensor {
  ranked('outer', a, 1, 'the left vector')
  ranked('outer', b, 1, 'the right vector')
  return a.unsqueeze(1).mul(b)
}

export interface AddOptions {
  /** Factor of the tensor that is added to (1). */
  readonly beta?: number
  /** Factor of the product (1). */
  readonly alpha?: number
}
const added = (x: Tensor, product: Tensor, { beta = 1, alpha = 1 }: AddOptions): Tensor => {
  const scaled = alpha === 1 ? product : product.mul(alpha)
  // beta 0 ignores x altogether, NaN included
  if (beta === 0) return scaled
  const sum = (beta === 1 ? x : x.mul(beta)).add(scaled)
  if (!sameShape(sum.shape, product.shape))
    throw new ShapeError(`addmm: ${show(x.shape)} does not broadcast to the product's shape ${show(product.shape)}`)
  return sum
}
/** `beta*x + alpha*(a b)` */
export const addmm = (x: Tensor, a: Tensor, b: Tensor, options: AddOptions = {}): Tensor => added(x, mm(a, b), options)
/** `beta*x + alpha*(a v)` */
export const addmv = (x: Tensor, a: Tensor, v: Tensor, options: AddOptions = {}): Tensor => added(x, mv(a, v), options)
/** `beta*x + alpha*(a b)`, for each of a batch */
export const baddbmm = (x: Tensor, a: Tensor, b: Tensor, options: AddOptions = {}): Tensor =>
  added(x, bmm(a, b), options)
