// Collating: samples of one structure become one batch of that structure.
import { described, list } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { stack } from '../engine/ops/arrange.ts'
import { tensor } from '../engine/ops/create.ts'
import { sameShape, show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'

/** The batch that {@link defaultCollate} makes of samples of type T. */
export type Collated<T> = T extends number | boolean | Tensor
  ? Tensor
  : T extends string
    ? string[]
    : T extends object
      ? { -readonly [K in keyof T]: Collated<T[K]> }
      : never

/**
 * One batch of samples that look alike:
 * - tensors [...] -> [n, ...], which must agree in shape and dtype
 * - numbers -> [n] float32, booleans -> [n] bool. For classes give 0-d tensors of int32
 * - strings -> a list of them
 * - arrays and plain objects: entry by entry
 *
 * @throws ArgumentError when there are no samples, or they differ in structure or dtype, or hold something else
 * @throws ShapeError when tensors differ in shape; both name the sample
 * @example
 * data.defaultCollate([{ x: tensor([1, 2]), y: 0 }, { x: tensor([3, 4]), y: 1 }]) // { x: [[1, 2], [3, 4]], y: [0, 1] }
 */
export function defaultCollate<T>(samples: readonly T[]): Collated<T> {
  return merged(list('defaultCollate', 'samples', samples), '') as Collated<T>
}

/** `defaultCollate`, of promises a promise, as what the caller knows that it is. */
export function collated<T, B>(samples: readonly T[]): B {
  if (!samples.some(isPromise)) return defaultCollate(samples) as B
  return Promise.all(samples).then(defaultCollate) as B
}

/** Is this function declared `async`? */
export const isAsync = (f: unknown): boolean => Object.prototype.toString.call(f) === '[object AsyncFunction]'
export const isPromise = (x: unknown): x is PromiseLike<unknown> =>
  typeof x === 'object' && x !== null && 'then' in x && typeof x.then === 'function'

const isRecord = (x: unknown): x is Record<string, unknown> =>
  typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype

/** What a sample is, told apart as far as collating does. */
const kindOf = (x: unknown): string =>
  x instanceof Tensor
    ? `a tensor of ${x.dtype}`
    : Array.isArray(x)
      ? `an array of ${x.length}`
      : isRecord(x)
        ? `an object { ${Object.keys(x).join(', ')} }`
        : typeof x

const deeper = (path: string, step: string): string => `${path || ' at'} ${step}`

/** `path` is where in the samples we are, for errors. */
function merged(samples: readonly unknown[], path: string): unknown {
  const [first] = samples
  if (samples.length === 0) throw new ArgumentError('defaultCollate: a batch needs at least one sample')
  const wanted = kindOf(first)
  samples.forEach((sample, i) => {
    if (kindOf(sample) !== wanted)
      throw new ArgumentError(
        `defaultCollate: sample ${i} of the batch has ${kindOf(sample)}${path} where sample 0 has ${wanted}`,
      )
    if (first instanceof Tensor && sample instanceof Tensor && !sameShape(first.shape, sample.shape))
      throw new ShapeError(
        `defaultCollate: sample ${i} of the batch has shape ${show(sample.shape)}${path}, sample 0 has ${show(first.shape)}. Pad them, or give the loader a collate of your own`,
      )
  })
  if (samples.every(x => x instanceof Tensor)) return stack(samples)
  if (samples.every(x => typeof x === 'number')) return tensor(samples)
  if (samples.every(x => typeof x === 'boolean')) return tensor(samples)
  if (typeof first === 'string') return samples
  if (samples.every(x => Array.isArray(x)))
    return samples[0].map((_: unknown, k: number) =>
      merged(
        samples.map(x => x[k]),
        deeper(path, `[${k}]`),
      ),
    )
  if (samples.every(isRecord))
    return Object.fromEntries(
      Object.keys(samples[0]).map(key => [
        key,
        merged(
          samples.map(x => x[key]),
          deeper(path, key),
        ),
      ]),
    )
  throw new ArgumentError(
    `defaultCollate: cannot put ${described(first)}${path} into a batch. Give the loader a collate of your own`,
  )
}
