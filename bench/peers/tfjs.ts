// TensorFlow.js wants its memory tidied, and its optimizers a function that gives the loss.
import type * as Tf from '@tensorflow/tfjs'
import type { Field } from '../fields.ts'

export type Variables = Record<string, Tf.Variable>

export const make = (tf: typeof Tf, { data, shape }: Field): Tf.Tensor =>
  tf.tensor(data as Float32Array | Int32Array, [...shape], data instanceof Int32Array ? 'int32' : 'float32')

export const descend =
  (tf: typeof Tf, optimizer: Tf.Optimizer, loss: () => Tf.Scalar): (() => number) =>
  () =>
    tf.tidy(() => optimizer.minimize(loss, true)?.dataSync()[0] ?? Number.NaN)
