// The schedules that follow one formula: decay by steps, powers and cosines.
import { integer, list, number, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { groupsOf, LRScheduler, type Trained } from './scheduler.ts'

/** Where a schedule goes on: the last epoch that was, -1 at the beginning. Then groups need their `initialLr`. */
export interface Resumed {
  readonly lastEpoch?: number
}
export interface Decay extends Resumed {
  /** What the rate is multiplied with (0.1). */
  readonly gamma?: number
}

/**
 * The learning rate times `gamma` (0.1) every `stepSize` epochs.
 *
 * @throws ArgumentError when stepSize is no whole number above 0
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.StepLR(optimizer, 2, { gamma: 0.5 })
 * const rates = Array.from({ length: 5 }, () => {
 *   const [rate] = scheduler.getLastLR()
 *   scheduler.step()
 *   return rate
 * })
 * rates // [1, 1, 0.5, 0.5, 0.25]
 */
export class StepLR extends LRScheduler {
  constructor(optimizer: Trained, stepSize: number, given: Decay = {}) {
    const { gamma = 0.1, lastEpoch } = options('StepLR', given, ['gamma', 'lastEpoch'])
    integer('StepLR', 'stepSize', stepSize, 1)
    number('StepLR', 'gamma', gamma)
    const lr = (k: number, lr: number): number => (k > 0 && k % stepSize === 0 ? lr * gamma : lr)
    super(optimizer, { name: 'StepLR', lr }, lastEpoch)
  }
}

/**
 * The learning rate times `gamma` (0.1) at each milestone, an epoch; twice at one that is listed twice.
 *
 * @throws ArgumentError when milestones are no list of whole numbers
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.MultiStepLR(optimizer, [1, 3], { gamma: 0.5 })
 * for (let epoch = 0; epoch < 3; epoch++) scheduler.step()
 * scheduler.getLastLR() // [0.25]
 */
export class MultiStepLR extends LRScheduler {
  constructor(optimizer: Trained, milestones: readonly number[], given: Decay = {}) {
    const { gamma = 0.1, lastEpoch } = options('MultiStepLR', given, ['gamma', 'lastEpoch'])
    for (const at of list('MultiStepLR', 'milestones', milestones)) integer('MultiStepLR', 'a milestone', at)
    number('MultiStepLR', 'gamma', gamma)
    const lr = (k: number, lr: number): number => lr * gamma ** milestones.filter(at => at === k).length
    super(optimizer, { name: 'MultiStepLR', lr }, lastEpoch)
  }
}

/**
 * The learning rate times `factor` (1/3) for `totalIters` (5) epochs.
 *
 * @throws ArgumentError when factor is not in [0, 1]
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.ConstantLR(optimizer, { factor: 0.5, totalIters: 2 })
 * scheduler.getLastLR() // [0.5]
 * scheduler.step()
 * scheduler.step()
 * scheduler.getLastLR() // [1]
 */
export class ConstantLR extends LRScheduler {
  constructor(optimizer: Trained, given: Resumed & { readonly factor?: number; readonly totalIters?: number } = {}) {
    const known = ['factor', 'totalIters', 'lastEpoch']
    const { factor = 1 / 3, totalIters = 5, lastEpoch } = options('ConstantLR', given, known)
    within('ConstantLR', 'factor', factor, 0)
    integer('ConstantLR', 'totalIters', totalIters, 0)
    const lr = (k: number, lr: number): number => (k === 0 ? lr * factor : k === totalIters ? lr / factor : lr)
    super(optimizer, { name: 'ConstantLR', lr }, lastEpoch)
  }
}

/**
 * The learning rate times a factor that goes from `startFactor` (1/3) to `endFactor` (1) in `totalIters` (5) epochs.
 *
 * @throws ArgumentError when startFactor is not in (0, 1] or endFactor not in [0, 1]
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.LinearLR(optimizer, { startFactor: 0.5, totalIters: 4 })
 * scheduler.step()
 * scheduler.getLastLR() // [0.625]
 */
export class LinearLR extends LRScheduler {
  constructor(
    optimizer: Trained,
    given: Resumed & { readonly startFactor?: number; readonly endFactor?: number; readonly totalIters?: number } = {},
  ) {
    const known = ['startFactor', 'endFactor', 'totalIters', 'lastEpoch']
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5, lastEpoch } = options('LinearLR', given, known)
    within('LinearLR', 'startFactor', startFactor, Number.MIN_VALUE)
    within('LinearLR', 'endFactor', endFactor, 0)
    integer('LinearLR', 'totalIters', totalIters, 0)
    const rise = endFactor - startFactor
    // the factor of epoch k over that of the one before
    const lr = (k: number, lr: number): number =>
      k === 0 ? lr * startFactor : k > totalIters ? lr : lr * (1 + rise / (totalIters * startFactor + (k - 1) * rise))
    super(optimizer, { name: 'LinearLR', lr }, lastEpoch)
  }
}

/**
 * The learning rate times `gamma` in every epoch.
 *
 * @throws ArgumentError when gamma is no number
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.ExponentialLR(optimizer, 0.5)
 * scheduler.step()
 * scheduler.step()
 * optimizer.paramGroups[0].lr // 0.25
 */
export class ExponentialLR extends LRScheduler {
  constructor(optimizer: Trained, gamma: number, given: Resumed = {}) {
    const { lastEpoch } = options('ExponentialLR', given, ['lastEpoch'])
    number('ExponentialLR', 'gamma', gamma)
    super(optimizer, { name: 'ExponentialLR', lr: (k, lr) => (k === 0 ? lr : lr * gamma) }, lastEpoch)
  }
}

/**
 * The learning rate times `(1 - k / totalIters) ** power` in epoch k, 0 from `totalIters` (5) on; `power` 1.
 *
 * @throws ArgumentError when totalIters is no whole number above 0
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.PolynomialLR(optimizer, { totalIters: 4, power: 2 })
 * scheduler.step()
 * scheduler.step()
 * scheduler.getLastLR() // [0.25]
 */
export class PolynomialLR extends LRScheduler {
  constructor(optimizer: Trained, given: Resumed & { readonly totalIters?: number; readonly power?: number } = {}) {
    const {
      totalIters = 5,
      power = 1,
      lastEpoch,
    } = options('PolynomialLR', given, ['totalIters', 'power', 'lastEpoch'])
    integer('PolynomialLR', 'totalIters', totalIters, 1)
    number('PolynomialLR', 'power', power)
    const lr = (k: number, lr: number): number =>
      k === 0 || k > totalIters ? lr : lr * ((1 - k / totalIters) / (1 - (k - 1) / totalIters)) ** power
    super(optimizer, { name: 'PolynomialLR', lr }, lastEpoch)
  }
}

export interface Annealing extends Resumed {
  /** The least learning rate (0). */
  readonly etaMin?: number
}

/**
 * Half a cosine from the learning rate to `etaMin` (0) in `tMax` epochs, and back in as many.
 *
 * I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without the restarts.
 *
 * @throws ArgumentError when tMax is no whole number above 0
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.CosineAnnealingLR(optimizer, 4)
 * scheduler.step()
 * scheduler.step()
 * scheduler.getLastLR() // [0.5]
 */
export class CosineAnnealingLR extends LRScheduler {
  constructor(optimizer: Trained, tMax: number, given: Annealing = {}) {
    const { etaMin = 0, lastEpoch } = options('CosineAnnealingLR', given, ['etaMin', 'lastEpoch'])
    integer('CosineAnnealingLR', 'tMax', tMax, 1)
    number('CosineAnnealingLR', 'etaMin', etaMin)
    const raised = (k: number): number => 1 + Math.cos((Math.PI * k) / tMax)
    const lr = (k: number, lr: number, base: number, _: number, first: boolean): number => {
      if (k === 0) return lr
      if (first) return etaMin + ((base - etaMin) * raised(k)) / 2
      // off the bottom, where the rate says nothing of its height
      if ((k - 1 - tMax) % (2 * tMax) === 0) return lr + ((base - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2
      return (raised(k) / raised(k - 1)) * (lr - etaMin) + etaMin
    }
    super(optimizer, { name: 'CosineAnnealingLR', lr }, lastEpoch)
  }
}

/**
 * Half a cosine from the learning rate to `etaMin` (0) in `t0` epochs, then from the top again, each time `tMult` (1)
 * times as long. `step(epoch + i / batches)` goes within an epoch; `step()` to the next whole one.
 *
 * I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.
 *
 * @throws ArgumentError when t0 or tMult are no whole numbers above 0
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.CosineAnnealingWarmRestarts(optimizer, 2, { tMult: 2 })
 * scheduler.step(4)
 * scheduler.getLastLR() // [0.5]
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  constructor(optimizer: Trained, t0: number, given: Annealing & { readonly tMult?: number } = {}) {
    const name = 'CosineAnnealingWarmRestarts'
    const { tMult = 1, etaMin = 0, lastEpoch } = options(name, given, ['tMult', 'etaMin', 'lastEpoch'])
    integer(name, 't0', t0, 1)
    integer(name, 'tMult', tMult, 1)
    number(name, 'etaMin', etaMin)
    const lr = (k: number, _: number, base: number): number => {
      let [at, length] = [tMult === 1 ? k % t0 : k, t0]
      while (at >= length) {
        at -= length
        length *= tMult
      }
      return etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * at) / length))) / 2
    }
    super(optimizer, { name, lr, closed: true }, lastEpoch)
  }
}

/** A function of the epoch, for all groups or one for each. */
export type Factor = ((epoch: number) => number) | readonly ((epoch: number) => number)[]

/**
 * The learning rate set out from, times what the function gives for the epoch; a list has a function for each group.
 *
 * @throws ArgumentError when it is neither, or the list has not as many functions as there are groups
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.LambdaLR(optimizer, epoch => 1 / (1 + epoch))
 * scheduler.step()
 * scheduler.getLastLR() // [0.5]
 */
export class LambdaLR extends LRScheduler {
  constructor(optimizer: Trained, lrLambda: Factor, given: Resumed = {}) {
    const { lastEpoch } = options('LambdaLR', given, ['lastEpoch'])
    const factors = factorsOf('LambdaLR', optimizer, lrLambda)
    const lr = (k: number, _: number, base: number, i: number): number => base * (factors[i]?.(k) as number)
    super(optimizer, { name: 'LambdaLR', lr, closed: true }, lastEpoch)
  }
}

/**
 * The last learning rate, times what the function gives for the epoch; a list has a function for each group.
 *
 * @throws ArgumentError when it is neither, or the list has not as many functions as there are groups
 * @example
 * const optimizer = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 })
 * const scheduler = new optim.MultiplicativeLR(optimizer, epoch => 1 / epoch)
 * for (let epoch = 0; epoch < 3; epoch++) scheduler.step()
 * scheduler.getLastLR() // [0.1667]
 */
export class MultiplicativeLR extends LRScheduler {
  constructor(optimizer: Trained, lrLambda: Factor, given: Resumed = {}) {
    const { lastEpoch } = options('MultiplicativeLR', given, ['lastEpoch'])
    const factors = factorsOf('MultiplicativeLR', optimizer, lrLambda)
    const lr = (k: number, lr: number, _: number, i: number): number =>
      k === 0 ? lr : lr * (factors[i]?.(k) as number)
    super(optimizer, { name: 'MultiplicativeLR', lr, relative: true }, lastEpoch)
  }
}

function factorsOf(name: string, optimizer: Trained, given: Factor): readonly ((epoch: number) => number)[] {
  const { length } = groupsOf(name, optimizer)
  const factors = typeof given === 'function' ? Array.from({ length }, () => given) : list(name, 'lrLambda', given)
  if (factors.length !== length || factors.some(f => typeof f !== 'function'))
    throw new ArgumentError(`${name}: lrLambda is a function, or a list of one for each of the ${length} groups`)
  return factors
}

function within(name: string, what: string, x: number, least: number): void {
  if (!(typeof x === 'number' && x >= least && x <= 1))
    throw new ArgumentError(`${name}: ${what} is a number in ${least === 0 ? '[' : '('}0, 1], not ${x}`)
}
