// Lookups: where a value belongs, the row of an index, and the index as a row.
import type { Shape } from '../../backend/array.ts'
import * as position from '../../backend/position.ts'
import { apply, type Primitive } from '../apply.ts'
import { integer, operand, operands } from '../argument.ts'
import { ArgumentError, IndexError, ShapeError } from '../errors.ts'
import { sameShape, show } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { full } from './create.ts'
import { choice, integers } from './kind.ts'
import { reshape } from './linear.ts'
import { amax } from './reduce.ts'
import { inside, picked } from './selection.ts'

interface Search {
  readonly right: boolean
}
const searchPrim: Primitive<Search> = choice('searchsorted', {
  infer: (_, __, values) => ({ shape: (values as Tensor).shape, dtype: 'int32' }),
  run({ right }, out, sorted, values) {
    const n = sorted.shape[sorted.shape.length - 1]
    // one sorted line serves all values; else each line its own
    const m = sorted.shape.length === 1 ? values.data.length : values.shape[values.shape.length - 1]
    position.searchsorted(out.data, sorted.data, values.data, n, m, right)
  },
})
/**
 * sorted [n], values [...] -> [...], or line by line [..., n], [..., m] -> [..., m], int32: before which element each
 * value goes so that the line stays sorted (rising); with `right`, after its equals.
 *
 * @example
 * searchsorted(tensor([1, 3, 5]), tensor([3, 6])) // [1, 3]
 */
export function searchsorted(
  sorted: Tensor,
  values: Tensor | number,
  { right = false }: { right?: boolean } = {},
): Tensor {
  const wanted = typeof values === 'number' ? full([], values, { dtype: 'float64' }) : values
  operands('searchsorted', [sorted, wanted])
  const lines = (x: Tensor): Shape => x.shape.slice(0, -1)
  if (sorted.ndim === 0) throw new ShapeError('searchsorted: the sorted values are a line, not 0-d')
  if (sorted.ndim > 1 && (wanted.ndim === 0 || !sameShape(lines(sorted), lines(wanted)))) {
    throw new ShapeError(
      `searchsorted: ${show(sorted.shape)} and ${show(wanted.shape)} must agree in all but the last dimension`,
    )
  }
  return apply(searchPrim, { right }, [sorted, wanted])
}

/**
 * indices [...] and weight [n, features] -> [..., features]: a row of the weight for each index. The row `paddingIdx`
 * gets no gradient.
 *
 * @throws IndexError when an index is negative or not below n
 */
export function embedding(
  indices: Tensor,
  weight: Tensor,
  { paddingIdx = null }: { paddingIdx?: number | null } = {},
): Tensor {
  if (operand('embedding', weight).ndim !== 2)
    throw new ShapeError(`embedding: the weight is [n, features], not ${show(weight.shape)}`)
  const n = weight.shape[0]
  integers('embedding', indices)
  const rows = picked('embedding', weight, 0, indices)
  if (paddingIdx === null) return rows
  if (!Number.isInteger(paddingIdx) || paddingIdx < -n || paddingIdx >= n)
    throw new IndexError(`embedding: paddingIdx ${paddingIdx} is out of range for ${n} rows`)
  const padding = reshape(indices.eq(paddingIdx < 0 ? paddingIdx + n : paddingIdx), [...indices.shape, 1])
  return padding.where(rows.detach(), rows)
}

const oneHotPrim: Primitive<number> = choice('oneHot', {
  infer: (n, index) => ({ shape: [...index.shape, n], dtype: 'int32' }),
  run(n, out, index) {
    inside('oneHot', index, n)
    position.mark(out.data, index.data, n)
  },
})
/**
 * classes [...] -> [..., numClasses], int32: 1 at the class, 0 elsewhere. numClasses -1 (default): one more than the
 * largest.
 *
 * @throws IndexError when a class is negative or not below numClasses
 * @example
 * F.oneHot(tensor([0, 2], { dtype: 'int32' })) // [[1, 0, 0], [0, 0, 1]]
 */
export function oneHot(indices: Tensor, numClasses = -1): Tensor {
  integers('oneHot', indices)
  if (numClasses !== -1) return apply(oneHotPrim, integer('oneHot', 'numClasses', numClasses, 1), [indices])
  if (indices.numel === 0) throw new ArgumentError('oneHot: numClasses cannot be told from no indices: give it')
  return apply(oneHotPrim, amax(indices).item() + 1, [indices])
}
