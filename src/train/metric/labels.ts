// Predictions of classes, read as numbers: which class, at which place, and whether they fit their targets.
import { operand } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { sameShape, show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'

/** Scores [n, classes, …] beside labels [n, …]: those of sample i begin at `begin(i)` and are `stride` apart. */
export interface Scores {
  readonly data: ArrayLike<number>
  readonly labels: ArrayLike<number>
  readonly count: number
  readonly classes: number
  readonly stride: number
  begin(i: number): number
}

/** @throws ShapeError when they are not [n, classes, …] and [n, …], ArgumentError when a label is no class */
export function scores(op: string, prediction: Tensor, target: Tensor, ignored?: number): Scores {
  operand(op, prediction)
  operand(op, target)
  const [n, classes, ...rest] = prediction.shape
  if (prediction.ndim < 2 || !sameShape([n, ...rest], target.shape))
    throw new ShapeError(
      `${op}: scores ${show(prediction.shape)} do not fit labels ${show(target.shape)}: they are [n, classes, …] and [n, …]`,
    )
  if (classes === 1)
    throw new ShapeError(
      `${op}: scores ${show(prediction.shape)} are of one class. For one number for each sample, of the shape ${show(target.shape)} of the labels, use prediction.squeeze(1)`,
    )
  const stride = rest.reduce((a, b) => a * b, 1)
  const labels = target.data
  check(op, labels, classes, ignored)
  return {
    ...{ data: prediction.data, labels, count: labels.length, classes, stride },
    begin: i => Math.floor(i / stride) * classes * stride + (i % stride),
  }
}

/**
 * The class of each sample: labels as they are, of scores [n, classes, …] the first of the largest, and of one number
 * for each sample 1 where it is above the threshold. Scores with a NaN among them are of no class: -1.
 *
 * @throws ShapeError when predictions do not fit targets, ArgumentError when a label is no class
 */
export function classes(op: string, prediction: Tensor, target: Tensor, threshold: number): ArrayLike<number> {
  if (!sameShape(operand(op, prediction).shape, operand(op, target).shape)) {
    if (prediction.ndim !== target.ndim + 1)
      throw new ShapeError(
        `${op}: predictions ${show(prediction.shape)} do not fit targets ${show(target.shape)}: they are [n, classes, …] for labels [n, …], or have the shape of the targets`,
      )
    return largest(scores(op, prediction, target))
  }
  const { data, dtype } = prediction
  if (dtype === 'int32' || dtype === 'bool') return data
  const labels = target.data
  const out = new Int32Array(data.length)
  for (let i = 0; i < out.length; i++) {
    if (labels[i] !== 0 && labels[i] !== 1)
      throw new ArgumentError(
        `${op}: predictions of ${dtype} that have the shape of the labels are class 1 above the threshold, so that labels are 0 or 1, not ${labels[i]}. Give classes as int32, or scores [n, classes, …]`,
      )
    out[i] = Number.isNaN(data[i]) ? -1 : +(data[i] > threshold)
  }
  return out
}

function largest({ data, count, classes, stride, begin }: Scores): Int32Array {
  const out = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const at = begin(i)
    let best = 0
    let told = !Number.isNaN(data[at])
    for (let k = 1; k < classes; k++) {
      const x = data[at + k * stride]
      told &&= !Number.isNaN(x)
      if (x > data[at + best * stride]) best = k
    }
    out[i] = told ? best : -1
  }
  return out
}

/**
 * @throws ArgumentError when a label is none of 0 … classes - 1, nor the ignored one; `hint` ends its message
 */
export function check(op: string, labels: ArrayLike<number>, classes: number, ignored?: number, hint = ''): void {
  for (let i = 0; i < labels.length; i++) {
    const k = labels[i]
    if (k !== ignored && !(Number.isInteger(k) && k >= 0 && k < classes))
      throw new ArgumentError(`${op}: ${k} is no class; there are ${classes}, from 0 to ${classes - 1}${hint}`)
  }
}
