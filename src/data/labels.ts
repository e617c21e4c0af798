// Labels: the class of each sample, as whole numbers.
import { described, list } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'

/** The class of each sample: a tensor [n] or a list, of whole numbers. */
export type Labels = Tensor | readonly number[]

/** Classes, in the order of their numbers, and the samples of each. */
export interface Numbered {
  readonly classes: readonly number[]
  readonly members: readonly (readonly number[])[]
}

/**
 * Sorts samples by class.
 * @throws ArgumentError when there are no labels, or one is not a whole number; ShapeError when there are not `n`
 */
export function numbered(op: string, labels: Labels, n?: number): Numbered {
  if (labels instanceof Tensor && labels.ndim !== 1)
    throw new ShapeError(`${op}: labels are a list [n], not ${show(labels.shape)}`)
  const all = labels instanceof Tensor ? Array.from(labels.data) : list(op, 'labels', labels)
  if (all.length === 0) throw new ArgumentError(`${op}: there are no labels`)
  if (n !== undefined && all.length !== n)
    throw new ShapeError(`${op}: ${all.length} labels for ${n} samples. Give one label for each`)
  const members = new Map<number, number[]>()
  all.forEach((label, i) => {
    if (!Number.isInteger(label))
      throw new ArgumentError(
        `${op}: labels are whole numbers, but label ${i} is ${described(label)}. Use a LabelEncoder for names`,
      )
    const own = members.get(label)
    if (own) own.push(i)
    else members.set(label, [i])
  })
  const classes = [...members.keys()].sort((a, b) => a - b)
  return { classes, members: classes.map(k => members.get(k) as number[]) }
}
