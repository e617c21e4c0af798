// Scalers: features brought to a common scale, learnt from one part of the data and applied to all.
import { described, list, options, record } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { tensor } from '../engine/ops/create.ts'
import { isFloat } from '../engine/ops/kind.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'

/** What is done with each feature, (x - center) · scale + offset. */
interface Line {
  readonly center: number
  readonly scale: number
  readonly offset: number
}
/** The same, as lists of all features; JSON. */
export type ScalerState = { readonly [K in keyof Line]: readonly number[] }
const parts = ['center', 'scale', 'offset'] as const

/**
 * A line for each feature: `x [n, features] -> (x - center) · scale + offset`, with what `fit` finds. Numbers are float64 within; a
 * result has the dtype of x (float32 for whole numbers), and gradients flow through it.
 */
abstract class Scaler {
  #state: ScalerState | null = null

  /** The scale of columns, each given by its numbers. */
  protected abstract line(column: Float64Array): Line

  /**
   * Learns from x [n, features].
   * @throws ShapeError when x is not a matrix; ArgumentError when it has no rows, or a number that is not finite
   */
  fit(x: Tensor): this {
    const op = `${this.constructor.name}.fit`
    const [n, features] = matrix(op, x).shape
    if (n === 0) throw new ArgumentError(`${op}: there are no rows to learn from`)
    const bad = x.data.findIndex(v => !Number.isFinite(v))
    if (bad >= 0)
      throw new ArgumentError(
        `${op}: row ${Math.floor(bad / features)}, column ${bad % features} is ${x.data[bad]}. Remove such rows first`,
      )
    const lines = Array.from({ length: features }, (_, k) =>
      this.line(Float64Array.from({ length: n }, (_, i) => x.data[i * features + k])),
    )
    this.#state = {
      center: lines.map(({ center }) => center),
      scale: lines.map(({ scale }) => scale),
      offset: lines.map(({ offset }) => offset),
    }
    return this
  }
  /** @throws ShapeError when x has not the features that were learnt; ArgumentError before `fit` */
  transform(x: Tensor): Tensor {
    const { center, scale, offset } = this.#fitted('transform', x)
    return asFloat(x, x.double().sub(center).mul(scale).add(offset))
  }
  /** @throws ShapeError when x has not the features that were learnt; ArgumentError before `fit` */
  inverseTransform(x: Tensor): Tensor {
    const { center, scale, offset } = this.#fitted('inverseTransform', x)
    return asFloat(x, x.double().sub(offset).div(scale).add(center))
  }
  fitTransform(x: Tensor): Tensor {
    return this.fit(x).transform(x)
  }

  /** @throws ArgumentError before `fit` */
  stateDict(): ScalerState {
    if (!this.#state) throw new ArgumentError(`${this.constructor.name}.stateDict: call fit first`)
    return structuredClone(this.#state)
  }
  /** @throws ArgumentError when this is no state; nothing is changed then */
  loadStateDict(state: ScalerState): void {
    const op = `${this.constructor.name}.loadStateDict`
    const given = record(op, 'a state, as stateDict gives it', state)
    for (const name of parts)
      for (const v of list(op, name, given[name]))
        if (!Number.isFinite(v) || (name === 'scale' && v === 0))
          throw new ArgumentError(
            `${op}: ${name} holds numbers${name === 'scale' ? ' other than 0' : ''}, not ${described(v)}`,
          )
    if (parts.some(name => given[name].length !== given.scale.length))
      throw new ArgumentError(`${op}: center, scale and offset need one number for each feature`)
    this.#state = structuredClone({ center: given.center, scale: given.scale, offset: given.offset })
  }

  #fitted(method: string, x: Tensor): { center: Tensor; scale: Tensor; offset: Tensor } {
    const op = `${this.constructor.name}.${method}`
    if (!this.#state) throw new ArgumentError(`${op}: call fit first`)
    const { center, scale, offset } = this.#state
    if (matrix(op, x).shape[1] !== scale.length)
      throw new ShapeError(`${op}: ${show(x.shape)} has not the ${scale.length} features that were learnt`)
    const row = (xs: readonly number[]): Tensor => tensor(Float64Array.from(xs))
    return { center: row(center), scale: row(scale), offset: row(offset) }
  }
}

function matrix(op: string, x: Tensor): Tensor {
  const shape = record(op, 'a tensor [n, features]', x).shape
  if (shape?.length !== 2) throw new ShapeError(`${op}: x is [n, features], not ${shape ? show(shape) : described(x)}`)
  return x
}
const asFloat = (x: Tensor, y: Tensor): Tensor => y.to(isFloat(x.dtype) ? x.dtype : 'float32')

export interface StandardOptions {
  /** Whether means are moved to 0 (true). */
  readonly withMean?: boolean
  /** Whether deviations are made 1 (true). */
  readonly withStd?: boolean
}
/**
 * Each feature to mean 0 and standard deviation 1 (divided by n): scikit-learn's `StandardScaler`. A feature that is
 * constant is only moved.
 *
 * @example
 * const scaler = new data.StandardScaler()
 * scaler.fitTransform(tensor([[1, 5], [3, 5]])) // [[-1, 0], [1, 0]]
 * scaler.transform(tensor([[4, 6]])) // [[2, 1]]
 * scaler.inverseTransform(tensor([[2, 1]])) // [[4, 6]]
 */
export class StandardScaler extends Scaler {
  readonly withMean: boolean
  readonly withStd: boolean

  constructor(given: StandardOptions = {}) {
    super()
    const { withMean = true, withStd = true } = options('StandardScaler', given, ['withMean', 'withStd'])
    this.withMean = withMean
    this.withStd = withStd
  }
  protected line(column: Float64Array): Line {
    const n = column.length
    const mean = column.reduce((sum, v) => sum + v / n, 0)
    const variance = column.reduce((sum, v) => sum + (v - mean) ** 2 / n, 0)
    // what rounding makes of a constant is no deviation: scikit-learn's bound (Chan, Golub and LeVeque, 1983)
    const constant = variance <= n * Number.EPSILON * variance + (n * mean * Number.EPSILON) ** 2
    const scale = this.withStd && !constant ? 1 / Math.sqrt(variance) : 1
    return { center: this.withMean ? mean : 0, scale, offset: 0 }
  }
}

export interface MinMaxOptions {
  /** Where smallest and largest go ([0, 1]). */
  readonly featureRange?: readonly [number, number]
}
/**
 * Each feature's smallest number to the lower, its largest to the upper bound: scikit-learn's `MinMaxScaler`. A feature
 * that is constant goes to the lower bound.
 *
 * @throws ArgumentError when the range is empty
 * @example
 * new data.MinMaxScaler().fitTransform(tensor([[1, 5], [3, 5], [2, 5]])) // [[0, 0], [1, 0], [0.5, 0]]
 */
export class MinMaxScaler extends Scaler {
  readonly featureRange: readonly [number, number]

  constructor(given: MinMaxOptions = {}) {
    super()
    const { featureRange = [0, 1] } = options('MinMaxScaler', given, ['featureRange'])
    const [low, high] = list('MinMaxScaler', 'featureRange', featureRange)
    if (!(low < high && Number.isFinite(high - low)))
      throw new ArgumentError(
        `MinMaxScaler: featureRange is [low, high] with low < high, not [${featureRange.join(', ')}]`,
      )
    this.featureRange = [low, high]
  }
  protected line(column: Float64Array): Line {
    const [low, high] = this.featureRange
    const least = column.reduce((a, b) => Math.min(a, b))
    const most = column.reduce((a, b) => Math.max(a, b))
    return { center: least, scale: (high - low) / (most - least || 1), offset: low }
  }
}
