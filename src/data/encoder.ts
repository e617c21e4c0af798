// Label encoding: names of classes as numbers, and back.
import { described, list, record } from '../engine/argument.ts'
import { ArgumentError, IndexError } from '../engine/errors.ts'
import { tensor } from '../engine/ops/create.ts'
import { Tensor } from '../engine/tensor.ts'

/** What a class may be called. */
export type Label = string | number | boolean
export interface EncoderState {
  readonly classes: readonly Label[]
}

const shown = (x: unknown): string => (typeof x === 'string' ? `'${x}'` : described(x))
const isLabel = (x: unknown): x is Label => typeof x === 'string' || typeof x === 'boolean' || Number.isFinite(x)
/** Numbers by size, text by its code units, false before true. */
const ordered = (a: Label, b: Label): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Numbers classes from 0 on, in sorted order: scikit-learn's `LabelEncoder`.
 *
 * @example
 * const encoder = new data.LabelEncoder()
 * encoder.fitTransform(['cat', 'ant', 'cat']) // [1, 0, 1]
 * encoder.inverseTransform([0, 1]) // ['ant', 'cat']
 */
export class LabelEncoder {
  #classes: readonly Label[] = []
  #codes: ReadonlyMap<Label, number> = new Map()

  /** The classes by number; none before `fit`. */
  get classes(): readonly Label[] {
    return this.#classes
  }

  /** @throws ArgumentError when there are no labels, or they are not all texts, all numbers or all booleans */
  fit(labels: readonly Label[]): this {
    return this.#set([...new Set(checked('LabelEncoder.fit', labels))].sort(ordered))
  }

  /**
   * The classes' numbers: [n], int32.
   * @throws ArgumentError naming the first label that was not there when fitted, and its position
   */
  transform(labels: readonly Label[]): Tensor {
    const op = 'LabelEncoder.transform'
    if (this.#classes.length === 0) throw new ArgumentError(`${op}: call fit first`)
    const codes = list(op, 'labels', labels).map((label, i) => {
      const code = this.#codes.get(label)
      if (code === undefined)
        throw new ArgumentError(
          `${op}: label ${i} is ${shown(label)}, which is none of the classes ${this.#classes.map(shown).join(', ')}`,
        )
      return code
    })
    return tensor(codes, { dtype: 'int32' })
  }

  fitTransform(labels: readonly Label[]): Tensor {
    return this.fit(labels).transform(labels)
  }

  /**
   * The classes that numbers, a tensor or a list, stand for.
   * @throws IndexError when a number is no class
   */
  inverseTransform(codes: Tensor | readonly number[]): Label[] {
    const op = 'LabelEncoder.inverseTransform'
    const numbers = codes instanceof Tensor ? codes.data : list(op, 'codes', codes)
    return Array.from(numbers, (code, i) => {
      if (!(code in this.#classes))
        throw new IndexError(`${op}: code ${i} is ${described(code)}, but there are ${this.#classes.length} classes`)
      return this.#classes[code]
    })
  }

  stateDict(): EncoderState {
    return { classes: [...this.#classes] }
  }
  /** @throws ArgumentError when this is no state; nothing is changed then */
  loadStateDict(state: EncoderState): void {
    const op = 'LabelEncoder.loadStateDict'
    const { classes } = record(op, 'a state, as stateDict gives it', state)
    if (new Set(checked(op, classes)).size !== classes.length)
      throw new ArgumentError(`${op}: a class comes twice in ${classes.map(shown).join(', ')}`)
    this.#set(classes)
  }

  #set(classes: readonly Label[]): this {
    this.#classes = [...classes]
    this.#codes = new Map(classes.map((label, i) => [label, i]))
    return this
  }
}

function checked(op: string, labels: readonly Label[]): readonly Label[] {
  if (list(op, 'labels', labels).length === 0) throw new ArgumentError(`${op}: there are no labels`)
  labels.forEach((label, i) => {
    if (!isLabel(label) || typeof label !== typeof labels[0])
      throw new ArgumentError(
        `${op}: labels are texts, numbers or booleans, all of one kind, but label ${i} is ${shown(label)} and label 0 ${shown(labels[0])}`,
      )
  })
  return labels
}
