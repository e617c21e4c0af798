// Sums of products over named dimensions: pair by pair, each pair one matrix product.
import { described, list, number, operands } from '../argument.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { broadcast, dimension, numel, ranked, show } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { floats } from './kind.ts'
import { cat, slice } from './linear.ts'
import { matmul, sameDtype } from './product.ts'
import { norm } from './reduce.ts'

/** A tensor whose dimensions have names: one letter, or the distance from the right within an ellipsis. */
interface Named {
  readonly x: Tensor
  readonly labels: readonly string[]
}

const without = (labels: readonly string[], others: readonly string[]): string[] =>
  labels.filter(l => !others.includes(l))
const both = (labels: readonly string[], others: readonly string[]): string[] => labels.filter(l => others.includes(l))
const sizeOf = ({ x, labels }: Named, label: string): number => x.shape[labels.indexOf(label)] as number

/** The dimensions in the order of `labels`, those it does not name summed out. */
function arranged({ x, labels }: Named, order: readonly string[]): Tensor {
  const gone = labels.flatMap((label, d) => (order.includes(label) ? [] : [d]))
  const kept = both(labels, order)
  const summed = gone.length ? x.sum(gone) : x
  return kept.every((label, d) => label === order[d]) ? summed : summed.permute(order.map(label => kept.indexOf(label)))
}

/** Each repeated label read along the diagonal, dimensions of size 1 dropped: what is left is distinct and need not broadcast. */
function distinct(op: string, { x, labels }: Named): Named {
  let out = x
  let names = [...labels]
  for (;;) {
    const dim2 = names.findIndex((label, d) => names.indexOf(label) !== d)
    if (dim2 < 0) break
    const label = names[dim2]
    const dim1 = names.indexOf(label)
    if (out.shape[dim1] !== out.shape[dim2]) {
      throw new ShapeError(
        `${op}: '${label}' is repeated in one operand, ${show(x.shape)}, with sizes ${out.shape[dim1]} and ${out.shape[dim2]}: a diagonal needs equal sizes`,
      )
    }
    out = out.diagonal({ dim1, dim2 })
    names = [...names.filter((_, d) => d !== dim1 && d !== dim2), label]
  }
  const wide = names.filter((_, d) => out.shape[d] !== 1)
  return { x: wide.length === names.length ? out : out.reshape(out.shape.filter(size => size !== 1)), labels: wide }
}

/** The product of a and b, summed over what is not in `keep`: [batch, rows, inner] x [batch, inner, columns]. */
function contract(a: Named, b: Named, keep: readonly string[]): Named {
  const shared = both(a.labels, b.labels)
  const batch = both(shared, keep)
  const inner = without(shared, batch)
  const rows = both(without(a.labels, shared), keep)
  const columns = both(without(b.labels, shared), keep)
  const labels = [...batch, ...rows, ...columns]
  const [nb, nr, nc] = [batch.map(l => sizeOf(a, l)), rows.map(l => sizeOf(a, l)), columns.map(l => sizeOf(b, l))]
  const shape = [...nb, ...nr, ...nc]
  if (inner.length === 0) {
    const left = arranged(a, [...batch, ...rows]).reshape([...nb, ...nr, ...nc.map(() => 1)])
    return { x: left.mul(arranged(b, [...batch, ...columns]).reshape([...nb, ...nr.map(() => 1), ...nc])), labels }
  }
  const size = numel(inner.map(l => sizeOf(a, l)))
  const flat = batch.length ? [numel(nb)] : []
  // b as it lies when its inner dimensions come last: the product reads it transposed at no cost
  const transposeB = inner.every((l, i) => b.labels[b.labels.length - inner.length + i] === l)
  const left = arranged(a, [...batch, ...rows, ...inner]).reshape([...flat, numel(nr), size])
  const right = transposeB
    ? arranged(b, [...batch, ...columns, ...inner]).reshape([...flat, numel(nc), size])
    : arranged(b, [...batch, ...inner, ...columns]).reshape([...flat, size, numel(nc)])
  return { x: matmul(left, right, { transposeB }).reshape(shape), labels }
}

/** The product of all operands, its dimensions those of `output`, summed over all others. */
function contraction(op: string, operands: readonly Named[], output: readonly string[]): Tensor {
  const [first, ...rest] = operands
  if (!first) throw new ArgumentError(`${op}: needs at least one tensor`)
  for (const { x } of rest) sameDtype(op, first.x, x)
  const sizes = new Map<string, number>()
  for (const { x, labels } of operands) {
    labels.forEach((label, d) => {
      const [own, met] = [x.shape[d], sizes.get(label) ?? 1]
      if (own !== 1 && met !== 1 && own !== met) {
        throw new ShapeError(
          `${op}: operands ${operands.map(o => show(o.x.shape)).join(' and ')} do not fit: '${label}' has sizes ${met} and ${own}`,
        )
      }
      sizes.set(label, met === 1 ? own : met)
    })
  }
  const left = operands.map(operand => distinct(op, operand))
  let all = left[0] as Named
  left.slice(1).forEach((next, i) => {
    const later = left.slice(i + 2).flatMap(operand => operand.labels)
    all = contract(all, next, [...output, ...later])
  })
  return arranged(all, both(output, all.labels)).reshape(output.map(label => sizes.get(label) as number))
}

/** One operand's labels: letters, and for an ellipsis the dimensions that no letter names, counted from the right. */
function named(equation: string, term: string, x: Tensor): string[] {
  const [before = '', after, ...more] = term.split('...')
  const letters = before + (after ?? '')
  if (more.length || !/^[A-Za-z]*$/.test(letters)) {
    throw new ArgumentError(
      `einsum: '${term}' in '${equation}' is not understood: an operand is letters and at most one '...'`,
    )
  }
  const spare = x.ndim - letters.length
  if (spare < 0 || (after === undefined && spare > 0)) {
    throw new ShapeError(
      `einsum: '${term}' in '${equation}' names ${letters.length} dimensions, the operand ${show(x.shape)} has ${x.ndim}${spare > 0 ? ". For the rest write '...'" : ''}`,
    )
  }
  return [
    ...before,
    ...Array.from({ length: after === undefined ? 0 : spare }, (_, i) => String(spare - i)),
    ...(after ?? ''),
  ]
}

/**
 * Einstein summation: each operand's dimensions are named by letters; the result has those after `->`, and all others
 * are summed over. A letter repeated in one operand reads its diagonal; `...` stands for any further dimensions,
 * which broadcast, as does any size 1. Without `->` the result has the ellipsis and then, in alphabetical order, the
 * letters that occur once. Operands are multiplied from left to right, each pair as one matrix product.
 *
 * @throws ArgumentError for an equation that cannot be read, ShapeError when sizes do not fit
 * @example
 * const a = tensor([[1, 2], [3, 4]])
 * einsum('ij,jk->ik', a, a) // [[7, 10], [15, 22]]
 * einsum('ii', a) // 5
 */
export function einsum(equation: string, ...xs: (Tensor | readonly Tensor[])[]): Tensor {
  if (typeof equation !== 'string')
    throw new ArgumentError(`einsum: the equation is a string, not ${described(equation)}`)
  const factors = operands('einsum', xs.flat() as Tensor[])
  const [inputs = '', result, ...more] = equation.replace(/\s/g, '').split('->')
  if (more.length) throw new ArgumentError(`einsum: '${equation}' has more than one '->'`)
  const terms = inputs.split(',')
  if (terms.length !== factors.length)
    throw new ArgumentError(
      `einsum: '${equation}' has ${terms.length} operand${terms.length === 1 ? '' : 's'}, but ${factors.length} tensor${factors.length === 1 ? ' was' : 's were'} given`,
    )
  const labelled = factors.map((x, i) => ({ x, labels: named(equation, terms[i], x) }))
  const used = labelled.flatMap(({ labels }) => labels)
  const letters = used.filter(label => /[A-Za-z]/.test(label))
  const rest = [...new Set(without(used, letters))].sort((a, b) => Number(b) - Number(a))
  if (result === undefined) {
    const once = letters.filter(label => letters.indexOf(label) === letters.lastIndexOf(label)).sort()
    return contraction('einsum', labelled, [...rest, ...once])
  }
  const [before = '', after] = result.split('...')
  const output = [...before, ...(after === undefined ? [] : rest), ...(after ?? '')]
  output.forEach((label, i) => {
    if (!used.includes(label))
      throw new ArgumentError(`einsum: '${label}' of the result is in no operand of '${equation}'`)
    if (output.indexOf(label) !== i)
      throw new ArgumentError(`einsum: '${label}' occurs twice in the result of '${equation}'`)
  })
  return contraction('einsum', labelled, output)
}

/**
 * The product summed over the last `dims` dimensions of a and the first of b, or over the pairs of dimensions given:
 * what is left of a, then what is left of b. [..., k] x [k, ...] -> [..., ...] for dims = 1.
 *
 * @example
 * tensordot(ones([2, 3]), ones([4, 3]), [[1], [1]]).shape // [2, 4]
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  dims: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor {
  operands('tensordot', [a, b])
  if (typeof dims === 'number') {
    if (!Number.isInteger(dims) || dims < 0 || dims > Math.min(a.ndim, b.ndim)) {
      throw new ArgumentError(
        `tensordot: ${dims} dimensions cannot be summed over in ${show(a.shape)} and ${show(b.shape)}`,
      )
    }
    const first = Array.from({ length: dims }, (_, i) => i)
    return tensordot(a, b, [first.map(i => a.ndim - dims + i), first])
  }
  const [ofA, ofB] = list('tensordot', 'dims', dims)
  const da = list('tensordot', 'the dimensions of a', ofA).map(d => dimension('tensordot', d, a))
  const db = list('tensordot', 'the dimensions of b', ofB).map(d => dimension('tensordot', d, b))
  if (da.length !== db.length)
    throw new ArgumentError(`tensordot: needs as many dimensions of a as of b, not ${da.length} and ${db.length}`)
  if (new Set(da).size !== da.length || new Set(db).size !== db.length)
    throw new ArgumentError('tensordot: dimension repeated')
  da.forEach((d, i) => {
    const [own, other] = [a.shape[d], b.shape[db[i]]]
    if (own !== other && own !== 1 && other !== 1) {
      throw new ShapeError(
        `tensordot: dimension ${d} of ${show(a.shape)} and ${db[i]} of ${show(b.shape)} differ in size: ${own} and ${other}`,
      )
    }
  })
  const left = a.shape.map((_, d) => `a${d}`)
  const right = b.shape.map((_, d) => (db.includes(d) ? `a${da[db.indexOf(d)]}` : `b${d}`))
  return contraction(
    'tensordot',
    [
      { x: a, labels: left },
      { x: b, labels: right },
    ],
    [...without(left, right), ...without(right, left)],
  )
}

/**
 * The Kronecker product: every element of a times all of b; shapes multiply, with ones in front of the shorter.
 *
 * @example
 * kron(tensor([1, 10]), tensor([1, 2, 3])) // [1, 2, 3, 10, 20, 30]
 */
export function kron(a: Tensor, b: Tensor): Tensor {
  operands('kron', [a, b])
  const rank = Math.max(a.ndim, b.ndim)
  const [sa, sb] = [ranked(a.shape, rank), ranked(b.shape, rank)]
  const spread = a.reshape(sa.flatMap(n => [n, 1])).mul(b.reshape(sb.flatMap(n => [1, n])))
  return spread.reshape(sa.map((n, d) => n * sb[d]))
}

/**
 * The cross product of vectors of 3 along `dim`; the other dimensions broadcast.
 *
 * @example
 * cross(tensor([1, 0, 0]), tensor([0, 1, 0])) // [0, 0, 1]
 */
export function cross(a: Tensor, b: Tensor, { dim = -1 }: { dim?: number } = {}): Tensor {
  operands('cross', [a, b])
  if (a.ndim !== b.ndim || a.ndim === 0)
    throw new ShapeError(
      `cross: needs two tensors with the same number of dimensions, not ${show(a.shape)} and ${show(b.shape)}`,
    )
  const d = dimension('cross', dim, a)
  if (a.shape[d] !== 3 || b.shape[d] !== 3)
    throw new ShapeError(`cross: vectors have 3 elements along dimension ${d}, not ${a.shape[d]} and ${b.shape[d]}`)
  broadcast('cross', [a.shape, b.shape])
  const turned = (x: Tensor, by: number): Tensor => cat([slice(x, d, by), slice(x, d, 0, by)], d)
  return turned(a, 1)
    .mul(turned(b, 2))
    .sub(turned(a, 2).mul(turned(b, 1)))
}

/**
 * The p-norm of the difference of every row of a and every row of b: [..., n, k], [..., m, k] -> [..., n, m]. At
 * distance 0 the gradient is 0.
 *
 * @example
 * cdist(tensor([[0, 0]]), tensor([[3, 4], [0, 1]])) // [[5, 1]]
 */
export function cdist(a: Tensor, b: Tensor, { p = 2 }: { p?: number } = {}): Tensor {
  floats('cdist', a)
  floats('cdist', b)
  if (!(number('cdist', 'p', p) >= 0)) throw new ArgumentError(`cdist: p is at least 0, not ${p}`)
  broadcast('cdist', [a.shape.slice(0, -2), b.shape.slice(0, -2)])
  if (a.ndim < 2 || b.ndim < 2 || a.shape.at(-1) !== b.shape.at(-1)) {
    throw new ShapeError(
      `cdist: needs rows of equal length: [..., n, k] and [..., m, k], not ${show(a.shape)} and ${show(b.shape)}`,
    )
  }
  const difference = a.unsqueeze(-2).sub(b.unsqueeze(-3))
  // no largest of nothing
  if (a.shape.at(-1) === 0) return difference.sum(-1)
  return norm(difference, p, -1)
}
