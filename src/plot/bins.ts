// Values counted in bins: what is left of many numbers once only their distribution matters.
import { integer, list, options as optionsOf } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { type Numbers, numbers } from './points.ts'

/** Counts in bins of equal width from `low` to `high`. */
export type Bins = {
  readonly low: number
  readonly high: number
  readonly counts: readonly number[]
  /** Values that are not finite, or outside a range that was given. */
  readonly missing: number
}

export type BinOptions = {
  /** How many bins, 1 or more. Default 30. */
  bins?: number
  /** From where to where. Default: from the least to the greatest finite value. */
  range?: readonly [low: number, high: number]
}

/**
 * Counts values in bins of equal width: `any shape -> [bins] counts`, in two passes and without a copy. The last bin
 * includes its upper edge, as in `torch.histogram`.
 *
 * @throws ArgumentError for no bins or an empty range
 * @example
 * countBins([0, 1, 1.5, 2, 4], { bins: 4 }).counts // [1, 2, 1, 1]
 */
export function countBins(values: Numbers, given: BinOptions = {}): Bins {
  const { bins = 30, range } = optionsOf('countBins', given, ['bins', 'range'])
  integer('countBins', 'bins', bins, 1)
  const all = numbers('countBins', 'values', values)
  let [low, high] = range ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  if (range) {
    list('countBins', 'range', range)
    if (!(low < high)) throw new ArgumentError(`countBins: range [${low}, ${high}] is empty`)
  } else {
    for (let i = 0; i < all.length; i++) {
      if (!Number.isFinite(all[i])) continue
      if (all[i] < low) low = all[i]
      if (all[i] > high) high = all[i]
    }
    if (low > high) [low, high] = [0, 1]
    // Equal values need a width.
    else if (low === high) [low, high] = [low - (Math.abs(low) * 0.05 || 0.5), high + (Math.abs(low) * 0.05 || 0.5)]
  }
  const counts = Array<number>(bins).fill(0)
  let missing = 0
  for (let i = 0; i < all.length; i++) {
    const value = all[i]
    if (value >= low && value <= high) counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]++
    else missing++
  }
  return { low, high, counts, missing }
}

/** The value below which a share of the counted values lies, NaN of none. */
export function quantile({ low, high, counts }: Bins, share: number): number {
  const total = counts.reduce((a, b) => a + b, 0)
  let below = 0
  for (let k = 0; k < counts.length; k++) {
    if (counts[k] > 0 && below + counts[k] >= share * total) {
      return low + ((high - low) * (k + (share * total - below) / counts[k])) / counts.length
    }
    below += counts[k]
  }
  return Number.NaN
}

/** Distributions of tensors by name over the steps of a run, kept as counts: what `histogramsOverTime` draws. */
export class HistogramRecorder {
  readonly #bins: number
  readonly #layers = new Map<string, { step: number; values: Bins }[]>()

  /** @throws ArgumentError when bins is not a whole number above 0 */
  constructor(given: { bins?: number } = {}) {
    this.#bins = integer('HistogramRecorder', 'bins', optionsOf('HistogramRecorder', given, ['bins']).bins ?? 60, 1)
  }

  /**
   * Takes the values of this step in: parameters by `model.namedParameters()`, their gradients, outputs of layers.
   * Nothing is taken in if one of them is not numbers.
   *
   * @throws ArgumentError when the step is no number after the last one, or a value is not numbers
   * @example
   * const recorder = new HistogramRecorder()
   * recorder.record(0, { weight: [0.5, -0.5, 0.1] })
   * recorder.record(1, { weight: [0.6, -0.4, 0.2] })
   * recorder.layers.weight.length // 2
   */
  record(step: number, values: Readonly<Record<string, Numbers>> | readonly (readonly [string, Numbers])[]): void {
    if (!Number.isFinite(step)) throw new ArgumentError(`HistogramRecorder: step is a finite number, not ${step}`)
    const entries = Array.isArray(values)
      ? (values as readonly (readonly [string, Numbers])[])
      : Object.entries(values as Readonly<Record<string, Numbers>>)
    const counted = entries.map(([name, x]) => [name, { step, values: countBins(x, { bins: this.#bins }) }] as const)
    for (const [name] of counted) {
      const last = this.#layers.get(name)?.at(-1)
      if (last && last.step >= step) {
        throw new ArgumentError(`HistogramRecorder: step ${step} of ${name} does not come after step ${last.step}`)
      }
    }
    for (const [name, snapshot] of counted) this.#layers.set(name, [...(this.#layers.get(name) ?? []), snapshot])
  }

  /** What is recorded so far, by name. */
  get layers(): Readonly<Record<string, readonly { readonly step: number; readonly values: Bins }[]>> {
    return Object.fromEntries(this.#layers)
  }
}
