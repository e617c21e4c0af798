// Reductions, scans and what is made of them.
import { argbest, cumsum as cumsumKernel, folds } from '../../backend/js.ts'
import * as kernel from '../../backend/softmax.ts'
import { apply, type Primitive } from '../apply.ts'
import { integer, number, operand, operands, options } from '../argument.ts'
import { ArgumentError, IndexError, ShapeError } from '../errors.ts'
import { broadcast, dimension, dimensions, numel, reduced, sameShape, show, split3 } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { fullLike, onesLike } from './create.ts'
import { choice, custom, floats, isFloat, linear, type Named } from './kind.ts'
import { cat, type Dims, folding, type KeepDim, keeps, slice, sum, summed } from './linear.ts'

const count = (x: Tensor, dims: readonly number[]): number => dims.reduce((n, d) => n * x.shape[d], 1)

/** The mean over `dims`; NaN of nothing. */
export function mean(x: Tensor, dims?: Dims, options: KeepDim = {}): Tensor {
  const n = count(x, dimensions('mean', dims, floats('mean', x)))
  const total = summed('mean', x, dims, options)
  // of nothing: NaN, but its derivative is 0 and not 0/0
  return n === 0 ? total.add(Number.NaN) : total.div(n)
}

// amax, amin: equals share the gradient evenly

interface Extreme extends Named {
  readonly dims: readonly number[]
  readonly keepdim: boolean
  readonly sign: 1 | -1
}
/** 1 / (number of equals) at every extreme element, 0 elsewhere. */
function shares(x: Tensor, out: Tensor, { dims, keepdim }: Extreme): Tensor {
  const best = (keepdim ? out : out.reshape(reduced(x.shape, dims, true))).detach()
  const hit = x.detach().eq(best).logicalOr(x.isnan().logicalAnd(best.isnan())).to(x.dtype)
  return hit.div(hit.sum(dims, { keepdim: true }))
}
export const extremePrim: Primitive<Extreme> = custom(p => p.name, {
  infer: ({ dims, keepdim }, x) => ({ shape: reduced(x.shape, dims, keepdim), dtype: x.dtype }),
  run: ({ dims, sign }, out, x) => folding(sign > 0 ? folds.amax : folds.amin, dims, out, x),
  reads: [0, 1],
  vjp: (p, g, _, out, x) => shares(x, out, p).mul(p.keepdim ? g : g.reshape(reduced(x.shape, p.dims, true))),
  jvp: (p, [dx], out, x) => sum(shares(x, out, p).mul(dx as Tensor), p.dims, { keepdim: p.keepdim }),
})
/** `amax` (sign 1) or `amin` (sign -1), under the name of whatever op it is part of. */
export function extreme(op: string, sign: 1 | -1, x: Tensor, dims: Dims | undefined, given: KeepDim): Tensor {
  const keepdim = keeps(op, given)
  const list = dimensions(op, dims, x)
  if (list.some(d => x.shape[d] === 0))
    throw new ShapeError(`${op}: ${show(x.shape)} has no elements to choose from along [${list.join(', ')}]`)
  return list.length === 0 ? x : apply(extremePrim, { name: op, dims: list, keepdim, sign }, [x])
}
/** The largest over `dims`; NaN wins. Equals share the gradient evenly. Throws on nothing. */
export const amax = (x: Tensor, dims?: Dims, options: KeepDim = {}): Tensor => extreme('amax', 1, x, dims, options)
/** The smallest over `dims`; NaN wins. Equals share the gradient evenly. Throws on nothing. */
export const amin = (x: Tensor, dims?: Dims, options: KeepDim = {}): Tensor => extreme('amin', -1, x, dims, options)
/** Both extremes over one dimension, or over everything. */
export const aminmax = (x: Tensor, dim?: number, options: KeepDim = {}): { min: Tensor; max: Tensor } => ({
  min: extreme('aminmax', -1, x, dim, options),
  max: extreme('aminmax', 1, x, dim, options),
})

interface Along {
  readonly dim: number
  readonly sign: 1 | -1
}
export const argPrim: Primitive<Along> = choice(({ sign }) => (sign > 0 ? 'argmax' : 'argmin'), {
  infer: ({ dim }, x) => ({ shape: reduced(x.shape, [dim], true), dtype: 'int32' }),
  run: ({ dim, sign }, out, x) => argbest(out.data, x.data, ...split3(x.shape, dim), sign),
})
/** `argmax` (sign 1) or `argmin` (sign -1), under the name of whatever op it is part of. */
export function arg(op: string, sign: 1 | -1, x: Tensor, dim: number | undefined, given: KeepDim): Tensor {
  const keepdim = keeps(op, given)
  if (dim === undefined) {
    const index = arg(op, sign, operand(op, x).reshape(-1), 0, {})
    return keepdim ? index.reshape(x.shape.map(() => 1)) : index
  }
  const d = dimension(op, dim, x)
  if (x.ndim === 0) return arg(op, sign, x.reshape(1), 0, {})
  if (x.shape[d] === 0) throw new IndexError(`${op}: ${show(x.shape)} has no elements along dimension ${d}`)
  const index = apply(argPrim, { dim: d, sign }, [x])
  return keepdim ? index : index.squeeze(d)
}
/** Where the largest is along `dim` (in the flattened tensor without one): the first of equals; int32. */
export const argmax = (x: Tensor, dim?: number, options: KeepDim = {}): Tensor => arg('argmax', 1, x, dim, options)
/** Where the smallest is along `dim` (in the flattened tensor without one): the first of equals; int32. */
export const argmin = (x: Tensor, dim?: number, options: KeepDim = {}): Tensor => arg('argmin', -1, x, dim, options)

/** Is any element (not 0) over `dims`? bool */
export const any = (x: Tensor, dims?: Dims, options: KeepDim = {}): Tensor =>
  summed('any', operand('any', x).ne(0), dims, options).ne(0)
/** Are all elements (not 0) over `dims`? bool */
export const all = (x: Tensor, dims?: Dims, options: KeepDim = {}): Tensor =>
  summed('all', operand('all', x).eq(0), dims, options).eq(0)
/** Same shape and elements? NaN is not itself. */
export function equal(x: Tensor, y: Tensor): boolean {
  operands('equal', [x, y])
  return sameShape(x.shape, y.shape) && x.data.every((value, i) => value === y.data[i])
}
/** Are all elements close? See `isclose`. */
export const allclose = (
  x: Tensor,
  y: Tensor,
  options?: { rtol?: number; atol?: number; equalNan?: boolean },
): boolean => operand('allclose', x).isclose(y, options).all().item() !== 0
/** How many elements are not 0, over `dims`; int32 */
export const countNonzero = (x: Tensor, dims?: Dims): Tensor =>
  summed('countNonzero', operand('countNonzero', x).ne(0), dims)
/** The sum with NaN counted as 0. */
export const nansum = (x: Tensor, dims?: Dims, options: KeepDim = {}): Tensor =>
  summed('nansum', zeroed(operand('nansum', x)), dims, options)
const zeroed = (x: Tensor): Tensor => x.isnan().where(0, x)
/** The mean of what is not NaN; NaN of nothing. */
export function nanmean(x: Tensor, dims?: Dims, options: KeepDim = {}): Tensor {
  const n = summed('nanmean', floats('nanmean', x).isnan().logicalNot(), dims, options).to(x.dtype)
  // of nothing: NaN, but its derivative is 0 and not 0/0
  return n.eq(0).where(Number.NaN, sum(zeroed(x), dims, options).div(n))
}

/**
 * A scan in log2(n) rounds of one op each (Hillis & Steele 1986): element k becomes x0 ∘ x1 ∘ … ∘ xk. Being made of
 * ordinary ops it differentiates to any order, exactly, zeros included.
 */
function scan(x: Tensor, dim: number, combine: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const n = x.ndim === 0 ? 1 : x.shape[dim]
  let out = x
  for (let reach = 1; reach < n; reach *= 2) {
    const joined = combine(slice(out, dim, 0, n - reach), slice(out, dim, reach))
    out = cat([slice(out, dim, 0, reach), joined], dim)
  }
  return out
}

export const cumsumPrim: Primitive<{ dim: number; reverse: boolean }> = linear('cumsum', {
  infer: (_, x) => ({ shape: x.shape, dtype: x.dtype === 'bool' ? 'int32' : x.dtype }),
  flops: (_, { shape }) => numel(shape),
  run: ({ dim, reverse }, out, x) => cumsumKernel(out.data, x.data, ...split3(x.shape, dim), reverse),
  transpose: ({ dim, reverse }, g) => apply(cumsumPrim, { dim, reverse: !reverse }, [g]),
})
/** Running sums along `dim`. */
export const cumsum = (x: Tensor, dim: number): Tensor =>
  apply(cumsumPrim, { dim: dimension('cumsum', dim, x), reverse: false }, [x])
/** Truth as 0 and 1. */
const counted = (x: Tensor): Tensor => (x.dtype === 'bool' ? x.to('int32') : x)
/** Running products along `dim`; exact at zeros to any order. */
export function cumprod(x: Tensor, dim: number): Tensor {
  const d = dimension('cumprod', dim, x)
  const whole = counted(x)
  return scan(widened(whole), d, (a, b) => a.mul(b)).to(whole.dtype)
}
/** Running log(sum(exp)) along `dim`, stable. */
export const logcumsumexp = (x: Tensor, dim: number): Tensor =>
  scan(floats('logcumsumexp', x), dimension('logcumsumexp', dim, x), (a, b) => a.logaddexp(b))

/** float32 as float64, where products in another order, or squares, stay in range. */
const widened = (x: Tensor): Tensor => (x.dtype === 'float32' ? x.to('float64') : x)

/**
 * The product along one dimension, or of everything: a tree of multiplications, so that its derivatives are exact at
 * zeros, to any order.
 */
export function prod(x: Tensor, dim?: number, given: KeepDim = {}): Tensor {
  const keepdim = keeps('prod', given)
  if (dim === undefined) {
    const all = prod(operand('prod', x).reshape(-1), 0)
    return keepdim ? all.reshape(x.shape.map(() => 1)) : all
  }
  const d = dimension('prod', dim, x)
  const whole = counted(x)
  let out = widened(whole)
  if (x.ndim === 0) return whole
  if (x.shape[d] === 0) return onesLike({ shape: reduced(x.shape, [d], keepdim), dtype: whole.dtype })
  for (let n = x.shape[d]; n > 1; n = Math.ceil(n / 2)) {
    const half = Math.floor(n / 2)
    const products = slice(out, d, 0, half).mul(slice(out, d, half, 2 * half))
    out = n % 2 ? cat([products, slice(out, d, n - 1)], d) : products
  }
  return (keepdim ? out : out.squeeze(d)).to(whole.dtype)
}

/** A root that is flat where it is 0, instead of infinitely steep: the root of 1 is taken there, and not used. */
function flatRoot(x: Tensor, root: (x: Tensor) => Tensor): Tensor {
  const flat = x.eq(0)
  return flat.where(0, root(flat.where(1, x)))
}

export interface VarOptions extends KeepDim {
  /** What is taken off the number of elements in the denominator: 1 (default) for a sample, 0 for a population. */
  readonly correction?: number
}
/** The variance over `dims`; two passes. NaN when there are no more elements than `correction`. */
export const variance = (x: Tensor, dims?: Dims, options?: VarOptions): Tensor => spread('var', x, dims, options)
function spread(op: string, x: Tensor, dims?: Dims, given: VarOptions = {}): Tensor {
  const { correction = 1, keepdim = false } = options(op, given, ['correction', 'keepdim'])
  number(op, 'correction', correction)
  const list = dimensions(op, dims, floats(op, x))
  const squares = x.sub(mean(x, list.length ? list : undefined, { keepdim: true })).square()
  return sum(squares, dims, { keepdim }).div(Math.max(0, count(x, list) - correction))
}
/** The standard deviation over `dims`. Where it is 0 its gradient is 0. */
export const std = (x: Tensor, dims?: Dims, options: VarOptions = {}): Tensor => rootSpread('std', x, dims, options)
const rootSpread = (op: string, x: Tensor, dims?: Dims, options?: VarOptions): Tensor =>
  flatRoot(spread(op, x, dims, options), y => y.sqrt())
/** [variance, mean] over `dims`. */
export const varMean = (x: Tensor, dims?: Dims, options: VarOptions = {}): [Tensor, Tensor] => [
  spread('varMean', x, dims, options),
  mean(x, dims, { keepdim: options.keepdim ?? false }),
]
/** [standard deviation, mean] over `dims`. */
export const stdMean = (x: Tensor, dims?: Dims, options: VarOptions = {}): [Tensor, Tensor] => [
  rootSpread('stdMean', x, dims, options),
  mean(x, dims, { keepdim: options.keepdim ?? false }),
]

/**
 * The p-norm of the elements over `dims`: (sum |x|^p)^(1/p); 0 counts what is not 0, ±Infinity take the largest or
 * smallest magnitude, 'fro' is 2. Where the norm is 0 its gradient is 0.
 */
export const norm = (x: Tensor, p: number | 'fro' = 2, dims?: Dims, options?: KeepDim): Tensor =>
  normed('norm', x, p, dims, options)
function normed(op: string, x: Tensor, p: number | 'fro', dims?: Dims, options: KeepDim = {}): Tensor {
  floats(op, x)
  const order = p === 'fro' ? 2 : number(op, 'p', p)
  if (Number.isNaN(order)) throw new ArgumentError(`${op}: p is NaN`)
  const size = x.abs()
  if (order === 0) return summed(op, x.ne(0).to(x.dtype), dims, options)
  if (order === 1) return summed(op, size, dims, options)
  if (Math.abs(order) === Infinity) return extreme(op, order > 0 ? 1 : -1, size, dims, options)
  const total = summed(op, order === 2 ? widened(x).square() : powers(widened(size), order), dims, options)
  const root = order < 0 ? total.pow(1 / order) : flatRoot(total, y => (order === 2 ? y.sqrt() : y.pow(1 / order)))
  return root.to(x.dtype)
}
/** x^p for x >= 0, with slope 0 at 0, where that of p < 1 is infinite. */
function powers(x: Tensor, p: number): Tensor {
  const zero = x.eq(0)
  return zero.where(p > 0 ? 0 : Infinity, zero.where(1, x).pow(p))
}
/** The p-norm of x - y. */
export function dist(x: Tensor, y: Tensor, p = 2): Tensor {
  broadcast('dist', operands('dist', [x, y]))
  return normed('dist', x.sub(y), p)
}

// softmax and its logarithms: custom, for stability

interface OneDim {
  readonly dim: number
}
export const softmaxPrim: Primitive<OneDim> = custom('softmax', {
  infer: (_, x) => ({ shape: x.shape, dtype: x.dtype }),
  // difference, exponential, sum, quotient
  flops: (_, { shape }) => 4 * numel(shape),
  run: ({ dim }, out, x) => kernel.softmax(out.data, x.data, ...split3(x.shape, dim)),
  reads: [1],
  // y (g - sum(g y)): symmetric, so the tangent has the same rule
  vjp: ({ dim }, g, _, y) => softmaxRule(g, y, dim),
  jvp: ({ dim }, [dx], y) => softmaxRule(dx as Tensor, y, dim),
})
const softmaxRule = (g: Tensor, y: Tensor, dim: number): Tensor => g.sub(sum(g.mul(y), dim, { keepdim: true })).mul(y)

export const logSoftmaxPrim: Primitive<OneDim> = custom('logSoftmax', {
  infer: (_, x) => ({ shape: x.shape, dtype: x.dtype }),
  flops: (_, { shape }) => 4 * numel(shape),
  run: ({ dim }, out, x) => kernel.logSoftmax(out.data, x.data, ...split3(x.shape, dim)),
  reads: [1],
  // g - softmax sum(g), and dx - sum(softmax dx)
  vjp: ({ dim }, g, _, y) => g.sub(y.exp().mul(sum(g, dim, { keepdim: true }))),
  jvp: ({ dim }, [dx], y) => (dx as Tensor).sub(sum(y.exp().mul(dx as Tensor), dim, { keepdim: true })),
})

export const logsumexpPrim: Primitive<OneDim> = custom('logsumexp', {
  infer: ({ dim }, x) => ({ shape: reduced(x.shape, [dim], true), dtype: x.dtype }),
  flops: (_, __, x) => 3 * numel(x.shape),
  run: ({ dim }, out, x) => kernel.logsumexp(out.data, x.data, ...split3(x.shape, dim)),
  reads: [0, 1],
  vjp: (_, g, __, out, x) => weights(x, out).mul(g),
  jvp: ({ dim }, [dx], out, x) => sum(weights(x, out).mul(dx as Tensor), dim, { keepdim: true }),
})
/** exp(x - logsumexp): the softmax; 0 where all is -Infinity, and an infinite maximum takes all. */
const weights = (x: Tensor, out: Tensor): Tensor =>
  out.eq(Infinity).where(x.eq(Infinity), x.sub(out.isinf().where(0, out)).exp())

/** exp(x) / sum(exp(x)) along `dim`, without overflow. */
export function softmax(x: Tensor, dim: number): Tensor {
  return apply(softmaxPrim, { dim: dimension('softmax', dim, floats('softmax', x)) }, [x])
}
/** log(softmax(x)) along `dim`, without overflow or loss. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  return apply(logSoftmaxPrim, { dim: dimension('logSoftmax', dim, floats('logSoftmax', x)) }, [x])
}
/** log(sum(exp(x))) over `dims`, without overflow. */
export function logsumexp(x: Tensor, dims: Dims, given: KeepDim = {}): Tensor {
  const keepdim = keeps('logsumexp', given)
  const list = dimensions('logsumexp', dims, x)
  let out = isFloat(x.dtype) ? x : x.to('float32')
  for (const dim of list)
    out =
      out.shape[dim] === 0
        ? fullLike({ shape: reduced(out.shape, [dim], true), dtype: out.dtype }, -Infinity)
        : apply(logsumexpPrim, { dim }, [out])
  return keepdim ? out : out.reshape(reduced(x.shape, list))
}

/** The differences of neighbours along `dim`, `n` times over: one element fewer each time. */
export function diff(x: Tensor, { n = 1, dim = -1 }: { n?: number; dim?: number } = {}): Tensor {
  const d = dimension('diff', dim, x)
  integer('diff', 'n', n, 0)
  if (x.ndim === 0) throw new ShapeError('diff: needs at least 1 dimension')
  let out = x
  for (let i = 0; i < n; i++) out = slice(out, d, 1).sub(slice(out, d, 0, -1))
  return out
}

/** The sum of the main diagonal of a matrix. */
export function trace(x: Tensor): Tensor {
  if (operand('trace', x).ndim !== 2) throw new ShapeError(`trace: needs a matrix, not ${show(x.shape)}`)
  return x.diagonal().sum()
}
