// Learning rates that rise and fall, and momenta that do the opposite.
import { integer, number, oneOf, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { each, groupsOf, LRScheduler, type Schedule, type Trained } from './scheduler.ts'
import type { Resumed } from './schedules.ts'

/** Rates and momenta: one number for all groups, or one for each. */
type PerGroup = number | readonly number[]

interface Cycled extends Resumed {
  /** Whether momenta (of Adam's kind: the first beta) fall while rates rise (true). */
  readonly cycleMomentum?: boolean
  /** The momentum at the highest rate. */
  readonly baseMomentum?: PerGroup
  /** The momentum at the lowest rate. */
  readonly maxMomentum?: PerGroup
}
export interface OneCycleOptions extends Cycled {
  /** The number of steps; or give `epochs` and `stepsPerEpoch`. */
  readonly totalSteps?: number
  readonly epochs?: number
  readonly stepsPerEpoch?: number
  /** The part of the steps in which the rate rises, in [0, 1] (0.3). */
  readonly pctStart?: number
  /** How it rises and falls ('cos'). */
  readonly annealStrategy?: 'cos' | 'linear'
  /** The first rate is maxLr / divFactor (25). */
  readonly divFactor?: number
  /** The last rate is the first one / finalDivFactor (1e4). */
  readonly finalDivFactor?: number
  /** Falls to the first rate as slowly as it rose, and only then to the last one (false). */
  readonly threePhase?: boolean
}
export interface CyclicOptions extends Cycled {
  /** Steps in which the rate rises (2000), and in which it falls (as many). */
  readonly stepSizeUp?: number
  readonly stepSizeDown?: number | null
  /** The height of the cycles: all alike, halved each time, or `gamma ** step` ('triangular'). */
  readonly mode?: 'triangular' | 'triangular2' | 'exp_range'
  readonly gamma?: number
  /** The height as a function of one's own, instead of a mode: of the cycle, counted from 1, or of the step. */
  readonly scaleFn?: ((x: number) => number) | null
  readonly scaleMode?: 'cycle' | 'iterations'
}

const anneal = {
  cos: (from: number, to: number, part: number): number => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * part)),
  linear: (from: number, to: number, part: number): number => (to - from) * part + from,
}

/**
 * One cycle: the learning rate rises to `maxLr` and falls far below where it began, while the momentum falls from
 * `maxMomentum` (0.95) to `baseMomentum` (0.85) and rises again. Step it after each batch, `totalSteps` times.
 *
 * L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018.
 *
 * @throws ArgumentError when the number of steps is not given, an option is out of range, or there is no momentum to
 * move; `step` when all steps are done
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { momentum: 0.9 })
 * const scheduler = new optim.OneCycleLR(optimizer, 1, { totalSteps: 10 })
 * scheduler.step()
 * scheduler.step()
 * scheduler.getLastLR() // [1]
 * optimizer.paramGroups[0].momentum // 0.85
 */
export class OneCycleLR extends LRScheduler {
  constructor(optimizer: Trained, maxLr: PerGroup, given: OneCycleOptions = {}) {
    const name = 'OneCycleLR'
    const {
      pctStart = 0.3,
      annealStrategy = 'cos',
      divFactor = 25,
      finalDivFactor = 1e4,
      threePhase = false,
      lastEpoch,
      ...others
    } = options(name, given, [
      ...['totalSteps', 'epochs', 'stepsPerEpoch', 'pctStart', 'annealStrategy', 'cycleMomentum', 'baseMomentum'],
      ...['maxMomentum', 'divFactor', 'finalDivFactor', 'threePhase', 'lastEpoch'],
    ])
    const total = steps(name, others)
    if (!(number(name, 'pctStart', pctStart) >= 0 && pctStart <= 1))
      throw new ArgumentError(`${name}: pctStart is a number in [0, 1], not ${pctStart}`)
    oneOf(name, 'annealStrategy', annealStrategy, ['cos', 'linear'])
    const top = each(name, 'maxLr', optimizer, maxLr)
    const first = top.map(lr => lr / number(name, 'divFactor', divFactor))
    const last = first.map(lr => lr / number(name, 'finalDivFactor', finalDivFactor))
    const [low, high] = momenta(name, optimizer, others, [0.85, 0.95])
    const rise = pctStart * total - 1
    /** Where phases end, and the rates and momenta from the beginning of the first to the end of the last. */
    const [ends, lrs, moved] = threePhase
      ? [
          [0, rise, 2 * rise, total - 1],
          [first, top, first, last],
          [high, low, high, high],
        ]
      : [
          [0, rise, total - 1],
          [first, top, last],
          [high, low, high],
        ]
    const at = (k: number, values: readonly (readonly number[])[], i: number): number => {
      if (k > total) throw new ArgumentError(`${name}: step ${k} of ${total}`)
      let phase = 1
      while (phase < ends.length - 1 && k > (ends[phase] as number)) phase++
      const [begin, end] = [ends[phase - 1] as number, ends[phase] as number]
      const [from, to] = [values[phase - 1]?.[i] as number, values[phase]?.[i] as number]
      return anneal[annealStrategy](from, to, (k - begin) / (end - begin))
    }
    const schedule: Schedule = {
      name,
      closed: true,
      initial: i => first[i] as number,
      lr: (k, _, __, i) => at(k, lrs, i),
      ...(high.length > 0 && { momentum: (k, i) => at(k, moved, i) }),
    }
    super(optimizer, schedule, lastEpoch)
  }
}

function steps(name: string, { totalSteps, epochs, stepsPerEpoch }: OneCycleOptions): number {
  if (totalSteps !== undefined) return integer(name, 'totalSteps', totalSteps, 1)
  if (epochs === undefined || stepsPerEpoch === undefined)
    throw new ArgumentError(`${name}: needs totalSteps, or epochs and stepsPerEpoch`)
  return integer(name, 'epochs', epochs, 1) * integer(name, 'stepsPerEpoch', stepsPerEpoch, 1)
}

/** The momenta of the groups at the highest rate and at the lowest; none when they are left alone. */
function momenta(
  name: string,
  optimizer: Trained,
  { cycleMomentum = true, baseMomentum, maxMomentum }: Cycled,
  [base, most]: readonly [number, number],
): [number[], number[]] {
  if (!cycleMomentum) return [[], []]
  if (groupsOf(name, optimizer).some(({ momentum, betas }) => momentum === undefined && !betas))
    throw new ArgumentError(`${name}: this optimizer has no momentum to move. Give { cycleMomentum: false }`)
  return [
    each(name, 'baseMomentum', optimizer, baseMomentum ?? base),
    each(name, 'maxMomentum', optimizer, maxMomentum ?? most),
  ]
}

/**
 * The learning rate goes from `baseLr` to `maxLr` in `stepSizeUp` (2000) steps and back in `stepSizeDown`, again and
 * again, the momentum from `maxMomentum` (0.9) to `baseMomentum` (0.8). Step it after each batch.
 *
 * L. N. Smith, "Cyclical learning rates for training neural networks", 2017.
 *
 * @throws ArgumentError when an option is out of range, or there is no momentum to move
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { momentum: 0.9 })
 * const scheduler = new optim.CyclicLR(optimizer, 0, 1, { stepSizeUp: 4, mode: 'triangular2' })
 * scheduler.step(10)
 * scheduler.getLastLR() // [0.25]
 */
export class CyclicLR extends LRScheduler {
  constructor(optimizer: Trained, baseLr: PerGroup, maxLr: PerGroup, given: CyclicOptions = {}) {
    const name = 'CyclicLR'
    const {
      stepSizeUp = 2000,
      stepSizeDown = null,
      mode = 'triangular',
      gamma = 1,
      scaleFn = null,
      scaleMode = 'cycle',
      lastEpoch,
      ...others
    } = options(name, given, [
      ...['stepSizeUp', 'stepSizeDown', 'mode', 'gamma', 'scaleFn', 'scaleMode', 'cycleMomentum', 'baseMomentum'],
      ...['maxMomentum', 'lastEpoch'],
    ])
    const [base, top] = [each(name, 'baseLr', optimizer, baseLr), each(name, 'maxLr', optimizer, maxLr)]
    const up = integer(name, 'stepSizeUp', stepSizeUp, 1)
    const total = up + integer(name, 'stepSizeDown', stepSizeDown ?? up, 1)
    oneOf(name, 'mode', mode, ['triangular', 'triangular2', 'exp_range'])
    oneOf(name, 'scaleMode', scaleMode, ['cycle', 'iterations'])
    number(name, 'gamma', gamma)
    const height = (cycle: number, k: number): number => {
      if (scaleFn) return scaleFn(scaleMode === 'cycle' ? cycle : k)
      return mode === 'triangular' ? 1 : mode === 'triangular2' ? 1 / 2 ** (cycle - 1) : gamma ** k
    }
    const [low, high] = momenta(name, optimizer, others, [0.8, 0.9])
    const scale = (k: number): number => {
      const cycle = Math.floor(1 + k / total)
      const at = 1 + k / total - cycle
      const part = at <= up / total ? at / (up / total) : (at - 1) / (up / total - 1)
      return part * height(cycle, k)
    }
    const between = (from: readonly number[], to: readonly number[], k: number, i: number): number =>
      (from[i] as number) + ((to[i] as number) - (from[i] as number)) * scale(k)
    const schedule: Schedule = {
      name,
      closed: true,
      initial: i => base[i] as number,
      lr: (k, _, __, i) => between(base, top, k, i),
      ...(high.length > 0 && { momentum: (k, i) => between(high, low, k, i) }),
    }
    super(optimizer, schedule, lastEpoch)
  }
}
