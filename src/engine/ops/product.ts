// Products of matrices: one bilinear primitive, whose transposes are itself; the rest is shaped into it.
import { matmul as kernel } from '../../backend/matmul.ts'
import { apply, type Primitive } from '../apply.ts'
import { number, operand } from '../argument.ts'
import { DtypeError, ShapeError } from '../errors.ts'
import { broadcast, broadcastStrides, numel, sameShape, show, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { bilinear, type Named } from './kind.ts'
import { sumTo } from './linear.ts'

interface Factors extends Named {
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
    (_, i) => batch.reduce((at, n, d) => at + (Math.floor(i / steps[d]) % n) * strides[d], 0) * size,
  )
}

export const matmulPrim: Primitive<Factors> = bilinear(p => p.name, {
  infer({ name, ta, tb }, a, b) {
    const batch = broadcast(name, [a.shape.slice(0, -2), b.shape.slice(0, -2)])
    return { shape: [...batch, a.shape.at(ta ? -1 : -2) as number, b.shape.at(tb ? -2 : -1) as number], dtype: a.dtype }
  },
  flops: ({ ta }, out, a) => 2 * numel(out.shape) * (a.shape.at(ta ? -2 : -1) as number),
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
    ({ name, ta, tb }, g, b, a) => sumTo(ta ? product(name, b, g, tb, true) : product(name, g, b, false, !tb), a),
    ({ name, ta, tb }, g, a, b) => sumTo(tb ? product(name, g, a, true, ta) : product(name, a, g, !ta, false), b),
  ],
})
const product = (name: string, a: Tensor, b: Tensor, ta: boolean, tb: boolean): Tensor =>
  apply(matmulPrim, { name, ta, tb }, [a, b])

/** @throws DtypeError when dtypes differ or cannot be multiplied */
export const sameDtype = (op: string, a: Tensor, b: Tensor): void => {
  if (operand(op, a).dtype !== operand(op, b).dtype)
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
export const matmul = (a: Tensor, b: Tensor, { transposeB = false }: { transposeB?: boolean } = {}): Tensor =>
  multiplied('matmul', a, b, transposeB)
/** `matmul`, under the name of whatever op it is part of. */
function multiplied(op: string, a: Tensor, b: Tensor, transposeB = false): Tensor {
  sameDtype(op, a, b)
  if (a.ndim === 0 || b.ndim === 0)
    throw new ShapeError(
      `${op}: needs at least 1 dimension each: ${show(a.shape)} x ${show(b.shape)}. For a scaled tensor use mul`,
    )
  const read = b.ndim === 1 || transposeB ? -1 : -2
  const [k, inner] = [a.shape.at(-1), b.shape.at(read)]
  if (k !== inner) {
    const hint = b.ndim > 1 && k === b.shape.at(-3 - read) ? ' Did you mean b.transpose(-2, -1)?' : ''
    throw new ShapeError(`${op}: inner sizes differ: ${show(a.shape)} x ${show(b.shape)} (${k} and ${inner}).${hint}`)
  }
  if (a.ndim === 1) return multiplied(op, a.reshape(1, -1), b, transposeB).squeeze(b.ndim === 1 ? -1 : -2)
  if (b.ndim === 1) return multiplied(op, a, b.reshape(-1, 1)).squeeze(-1)
  if (a.ndim > 2 && b.ndim === 2) {
    // one product of all rows instead of one per batch, and so for its cotangents
    const rows = product(op, a.reshape(numel(a.shape.slice(0, -1)), a.shape.at(-1) as number), b, false, transposeB)
    return rows.reshape([...a.shape.slice(0, -1), rows.shape[1]])
  }
  return product(op, a, b, false, transposeB)
}

const ranked = (op: string, x: Tensor, rank: number, what: string): void => {
  if (operand(op, x).ndim !== rank)
    throw new ShapeError(`${op}: ${what} has ${rank} dimension${rank === 1 ? '' : 's'}, not ${show(x.shape)}`)
}

/** The product of two matrices: [m, k] x [k, n] -> [m, n]. */
export const mm = (a: Tensor, b: Tensor): Tensor => matrices('mm', a, b)
function matrices(op: string, a: Tensor, b: Tensor): Tensor {
  ranked(op, a, 2, 'the left matrix')
  ranked(op, b, 2, 'the right matrix')
  return multiplied(op, a, b)
}
/** A matrix times a vector: [m, k] x [k] -> [m]. */
export const mv = (a: Tensor, x: Tensor): Tensor => matrixVector('mv', a, x)
function matrixVector(op: string, a: Tensor, x: Tensor): Tensor {
  ranked(op, a, 2, 'the matrix')
  ranked(op, x, 1, 'the vector')
  return multiplied(op, a, x)
}
/** Products of two batches of matrices: [b, m, k] x [b, k, n] -> [b, m, n]; the batches do not broadcast. */
export const bmm = (a: Tensor, b: Tensor): Tensor => batches('bmm', a, b)
function batches(op: string, a: Tensor, b: Tensor): Tensor {
  ranked(op, a, 3, 'the left batch')
  ranked(op, b, 3, 'the right batch')
  if (a.shape[0] !== b.shape[0])
    throw new ShapeError(`${op}: batches differ: ${show(a.shape)} x ${show(b.shape)}. For broadcasting use matmul`)
  return multiplied(op, a, b)
}
/** The inner product of two vectors: [n] x [n] -> []. */
export function dot(a: Tensor, b: Tensor): Tensor {
  ranked('dot', a, 1, 'the left vector')
  ranked('dot', b, 1, 'the right vector')
  return multiplied('dot', a, b)
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
function added(op: string, x: Tensor, product: Tensor, { beta = 1, alpha = 1 }: AddOptions): Tensor {
  for (const factor of [beta, alpha]) number(op, 'a factor', factor)
  const fits = broadcast(op, [operand(op, x), product])
  if (!sameShape(fits, product.shape))
    throw new ShapeError(`${op}: ${show(x.shape)} does not broadcast to the product's shape ${show(product.shape)}`)
  const scaled = alpha === 1 ? product : product.mul(alpha)
  // beta 0 ignores x altogether, NaN included
  if (beta === 0) return scaled
  return (beta === 1 ? x : x.mul(beta)).add(scaled)
}
/** `beta*x + alpha*(a b)` */
export const addmm = (x: Tensor, a: Tensor, b: Tensor, options: AddOptions = {}): Tensor =>
  added('addmm', x, matrices('addmm', a, b), options)
/** `beta*x + alpha*(a v)` */
export const addmv = (x: Tensor, a: Tensor, v: Tensor, options: AddOptions = {}): Tensor =>
  added('addmv', x, matrixVector('addmv', a, v), options)
/** `beta*x + alpha*(a b)`, for each of a batch */
export const baddbmm = (x: Tensor, a: Tensor, b: Tensor, options: AddOptions = {}): Tensor =>
  added('baddbmm', x, batches('baddbmm', a, b), options)
