// Linear systems and factorisations: each derivative is again a linear system.

import type { System } from '../../backend/linalg.ts'
import * as kernel from '../../backend/linalg.ts'
import { apply, type Primitive } from '../apply.ts'
import { operand } from '../argument.ts'
import { LinalgError, ShapeError } from '../errors.ts'
import { broadcast, sameShape, show } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { eye, onesLike } from './create.ts'
import { take } from './gather.ts'
import { choice, custom, floats, type Named } from './kind.ts'
import { slice, sumTo, tril, triu } from './linear.ts'
import { matmul, offsets, sameDtype } from './product.ts'

/** The transpose of each matrix. */
const T = (x: Tensor): Tensor => x.transpose(-2, -1)
const batchOf = (x: { shape: readonly number[] }): readonly number[] => x.shape.slice(0, -2)
/** Which matrix of a batch, for errors. */
const which = (batch: readonly number[], at: number): string =>
  batch.length ? `matrix ${at} of the batch ${show(batch)}` : 'the matrix'

function square(op: string, a: Tensor): Tensor {
  if (operand(op, a).ndim < 2 || a.shape.at(-1) !== a.shape.at(-2))
    throw new ShapeError(`${op}: needs square matrices [..., n, n], not ${show(a.shape)}`)
  return floats(op, a)
}

// A X = B, or A^T X = B, for whole matrices and for triangles

type Solving = System & Named
/** The part of a matrix that the system reads. */
const seen = ({ form, unit }: System, a: Tensor): Tensor =>
  form === 'general' ? a : form === 'upper' ? triu(a, +unit) : tril(a, -unit)

const solvePrim: Primitive<Solving> = custom(p => p.name, {
  infer: ({ name }, a, b) => ({
    shape: [...broadcast(name, [batchOf(a), batchOf(b)]), ...b.shape.slice(-2)],
    dtype: b.dtype,
  }),
  run(system, out, a, b) {
    const batch = batchOf(out)
    const [n, k] = out.shape.slice(-2) as [number, number]
    const failed = kernel.solve(
      system,
      out.data,
      a.data,
      b.data,
      n,
      k,
      offsets(a.shape, batch),
      offsets(b.shape, batch),
    )
    if (failed >= 0)
      throw new LinalgError(
        `${system.name}: ${which(batch, failed)} is singular: it has no inverse. To regularise, add a multiple of the identity: a.add(eye(${n}).mul(1e-6))`,
      )
  },
  reads: [0, 2],
  // dB = A^-T G, dA = -dB X^T (transposed when A is)
  vjp(p, g, i, x, a, b) {
    const db = apply(solvePrim, { ...p, transpose: !p.transpose }, [a, g])
    if (i === 1) return sumTo(db, b)
    return sumTo(
      seen(p, p.transpose ? matmul(x, db, { transposeB: true }) : matmul(db, x, { transposeB: true })).neg(),
      a,
    )
  },
  // X' = A^-1 (B' - A' X)
  jvp(p, [da, db], x, a) {
    const moved = da && seen(p, da)
    const shift = moved && matmul(p.transpose ? T(moved) : moved, x).neg()
    const rest = shift && db ? shift.add(db) : (shift ?? (db as Tensor))
    return apply(solvePrim, p, [a, rest])
  },
})

function fits(op: string, a: Tensor, b: Tensor, left: boolean): void {
  sameDtype(op, a, b)
  const n = a.shape.at(-1)
  const met = b.ndim < 2 ? undefined : b.shape.at(left ? -2 : -1)
  if (met !== n)
    throw new ShapeError(
      `${op}: ${show(a.shape)} and ${show(b.shape)} do not fit: with matrices [${n}, ${n}] the other has shape ${left ? `[..., ${n}, k]` : `[..., k, ${n}]`}`,
    )
}

export interface TriangularOptions {
  /** Whether the upper triangle is read, or the lower (true). */
  readonly upper?: boolean
  /** Solve A X = B, or X A = B (true). */
  readonly left?: boolean
  /** Take A's diagonal as ones, without reading it (false). */
  readonly unitriangular?: boolean
}
/**
 * X with A X = B (or X A = B) for a triangular A: [..., n, n] and [..., n, k] -> [..., n, k]; batches broadcast. The
 * other triangle is not read. A 0 on the diagonal gives infinities, as in PyTorch.
 *
 * @throws ShapeError when A is not square or sizes differ
 * @example
 * triangularSolve(tensor([[2, 1], [0, 4]]), tensor([[4], [8]])) // [[1], [2]]
 */
export function triangularSolve(
  a: Tensor,
  b: Tensor,
  { upper = true, left = true, unitriangular: unit = false }: TriangularOptions = {},
): Tensor {
  const op = 'triangularSolve'
  fits(op, square(op, a), b, left)
  const system: Solving = { name: op, form: upper ? 'upper' : 'lower', unit, transpose: !left }
  // X A = B is A^T X^T = B^T
  return left ? apply(solvePrim, system, [a, b]) : T(apply(solvePrim, system, [a, T(b)]))
}

function general(op: string, a: Tensor, b: Tensor): Tensor {
  fits(op, a, b, true)
  return apply(solvePrim, { name: op, form: 'general', unit: false, transpose: false }, [a, b])
}

/**
 * X with A X = B: [..., n, n] and [..., n, k] -> [..., n, k]; batches broadcast. B is a vector, or a batch of them,
 * when it is 1-d or has A's shape without the last dimension: [..., n, n] and [..., n] -> [..., n].
 *
 * LU factorisation with partial pivoting, in float64.
 *
 * @throws LinalgError when a matrix is singular, naming which of the batch
 * @example
 * solve(tensor([[2, 1], [0, 4]]), tensor([4, 8])) // [1, 2]
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  square('solve', a)
  const vectors = operand('solve', b).ndim === 1 || sameShape(b.shape, a.shape.slice(0, -1))
  return vectors ? general('solve', a, b.unsqueeze(-1)).squeeze(-1) : general('solve', a, b)
}

/**
 * The inverse of each matrix: [..., n, n] -> [..., n, n]. To solve a system use `solve`: faster and more exact.
 *
 * @throws LinalgError when a matrix is singular, naming which of the batch
 * @example
 * inv(tensor([[2, 0], [0, 4]])) // [[0.5, 0], [0, 0.25]]
 */
export function inv(a: Tensor): Tensor {
  const n = square('inv', a).shape.at(-1) as number
  return general('inv', a, eye(n, { dtype: a.dtype }))
}

// cholesky

const half = (x: Tensor): Tensor => tril(x).add(tril(x, -1)).mul(0.5)
const symmetric = (x: Tensor): Tensor => x.add(T(x)).mul(0.5)
const triangular = (l: Tensor, b: Tensor, options: TriangularOptions): Tensor =>
  triangularSolve(l, b, { upper: false, ...options })
/** L^T X = B */
const transposed = (l: Tensor, b: Tensor): Tensor => T(triangular(l, T(b), { left: false }))

const choleskyPrim: Primitive<null> = custom('cholesky', {
  infer: (_, a) => ({ shape: a.shape, dtype: a.dtype }),
  run(_, out, a) {
    const failed = kernel.cholesky(out.data, a.data, a.shape.at(-1) as number)
    if (failed)
      throw new LinalgError(
        `cholesky: ${which(batchOf(a), failed.batch)} is not positive definite: its leading minor of order ${failed.minor} is not positive`,
      )
  },
  reads: [1],
  // Murray 2016, "Differentiation of the Cholesky decomposition": with P the lower triangle, its diagonal halved,
  // A~ = sym(L^-T P(L^T L~) L^-1) and L' = L P(L^-1 A' L^-T)
  vjp: (_, g, __, l) => symmetric(triangular(l, transposed(l, half(matmul(T(l), g))), { left: false })),
  jvp: (_, [da], l) => matmul(l, half(triangular(l, T(triangular(l, symmetric(da as Tensor), {})), {}))),
})

/**
 * The lower triangle L with L L^T = A, of symmetric positive definite matrices; with `upper` the upper triangle
 * U = L^T. [..., n, n] -> [..., n, n]. Only A's own triangle is read; the gradient is symmetric, that of symmetric
 * matrices, as in PyTorch.
 *
 * @throws LinalgError when a matrix is not positive definite, naming which of the batch
 * @example
 * cholesky(tensor([[4, 2], [2, 5]])) // [[2, 0], [1, 2]]
 */
export function cholesky(a: Tensor, { upper = false }: { upper?: boolean } = {}): Tensor {
  square('cholesky', a)
  return upper ? T(apply(choleskyPrim, null, [T(a)])) : apply(choleskyPrim, null, [a])
}

// det

const pivotsPrim: Primitive<null> = choice('pivots', {
  infer: (_, a) => ({ shape: a.shape, dtype: 'int32' }),
  run: (_, out, a) => kernel.pivots(out.data, a.data, a.shape.at(-1) as number),
})
/**
 * The determinant of each matrix: [..., n, n] -> [...].
 *
 * Elimination down to 2x2, where the determinant is ad - bc, with complete pivoting chosen beforehand. The 2x2 at the
 * end is what keeps gradients and second derivatives exact at singular matrices: only when the rank is below n - 2 is
 * a pivot 0, and there both vanish.
 *
 * @example
 * det(tensor([[1, 2], [3, 4]])) // -2
 */
export function det(a: Tensor): Tensor {
  const n = square('det', a).shape.at(-1) as number
  const batch = batchOf(a)
  if (n === 0) return onesLike({ shape: batch, dtype: a.dtype })
  if (n === 1) return a.reshape(batch)
  let rest = n === 2 ? a : take(a, apply(pivotsPrim, null, [a]))
  const [head, tail] = [(x: Tensor, dim: number) => slice(x, dim, 0, 1), (x: Tensor, dim: number) => slice(x, dim, 1)]
  const factors: Tensor[] = []
  for (let k = 0; k < n - 2; k++) {
    const [top, below] = [head(rest, -2), tail(rest, -2)]
    const pivot = head(top, -1)
    factors.push(pivot)
    const safe = pivot.eq(0).where(1, pivot)
    rest = tail(below, -1).sub(head(below, -1).div(safe).mul(tail(top, -1)))
  }
  const [top, below] = [head(rest, -2), tail(rest, -2)]
  const last = head(top, -1)
    .mul(tail(below, -1))
    .sub(tail(top, -1).mul(head(below, -1)))
  return factors.reduce((product, factor) => product.mul(factor), last).reshape(batch)
}
