// The learning rate finder: a short run whose rate grows at each step, and what its losses say; then all is as before.
import { integer, number, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { type Generator, type GeneratorState, watched } from '../engine/random.ts'
import type { Tensor } from '../engine/tensor.ts'
import type { Module, TensorModule } from '../nn/module.ts'
import { type Batches, batches, sizeOf, started } from './batches.ts'
import { breathing } from './breath.ts'
import { comparison, type Forwarding, generatorsOf, type Loss, trainable } from './fit.ts'
import { rewind } from './rewind.ts'
import { Step, type Steps } from './step.ts'

export interface FinderOptions<B = readonly Tensor[], P = Tensor, T = Tensor> {
  /** Batches as for `fit`; gone through again when they are not enough. */
  readonly train: Batches<B>
  readonly loss: Loss<P, T>
  readonly optimizer: Steps
  /** The rates of the first step (1e-7) and of the last (10). */
  readonly from?: number
  readonly to?: number
  /** How many steps there are (100). */
  readonly steps?: number
  /** How much of the mean stays in each step, in [0, 1) (0.9). */
  readonly smoothing?: number
  /** Generators that are to be as before, besides the default one, those in the model's fields and those drawn from. */
  readonly generators?: readonly Generator[]
}
/** What came of each step, up to where the loss diverged. */
export interface LearningRates {
  readonly rates: readonly number[]
  readonly losses: readonly number[]
  /** The mean of the losses up to each, later ones counted more. */
  readonly smoothed: readonly number[]
  /** The rate at which the smoothed loss falls fastest; null when there are too few steps to say. */
  readonly suggestion: number | null
  /** A tenth of the rate at which the smoothed loss is least: the other rule in use. */
  readonly tenth: number | null
}

/** Beyond this many times the least loss it has diverged. */
const DIVERGED = 4
const known = ['train', 'loss', 'optimizer', 'from', 'to', 'steps', 'smoothing', 'generators', 'forward']

/**
 * Trains for `steps` steps, with a rate (of all groups) that grows by the same factor each time, from `from` to `to`,
 * until the smoothed loss is four times its least (of a negative one: as far above it). Good rates lie where the loss falls fastest. The first tenth of the
 * steps and the last five do not count for the suggestions. Afterwards weights, gradients, buffers, modes, the
 * optimizer, generators and a loader that has a `stateDict` are exactly as before.
 *
 * L. N. Smith, "Cyclical learning rates for training neural networks", 2017; the suggestions are after fastai.
 *
 * @throws ArgumentError for an unknown option or one out of range, and as `fit`; all is as before then, too
 * @example
 * const model = new nn.Linear(1, 1, { generator: new Generator(1) })
 * const x = linspace(-1, 1, 16).unsqueeze(1)
 * const { suggestion, rates } = await learningRateFinder(model, {
 *   train: [[x, x.mul(3)]],
 *   loss: F.mseLoss,
 *   optimizer: new optim.SGD(model.parameters(), { lr: 1 }),
 * })
 * rates[0] // 1e-7
 * suggestion > 0.01 && suggestion < 3 // true
 */
export function learningRateFinder<M extends Module, B, P, T>(
  model: M,
  options: FinderOptions<B, P, T> & Forwarding<M, B, P, T>,
): Promise<LearningRates>
export function learningRateFinder(model: TensorModule, options: FinderOptions): Promise<LearningRates>
export async function learningRateFinder<M extends Module, B, P, T>(
  model: M,
  given: FinderOptions<B, P, T> & Partial<Forwarding<M, B, P, T>>,
): Promise<LearningRates> {
  const op = 'learningRateFinder'
  const { from = 1e-7, to = 10, steps = 100, smoothing = 0.9, optimizer } = options(op, given, known)
  const { forward, loss } = comparison(op, model, given)
  trainable(op, model, optimizer)
  const train = batches(op, 'train', given.train)
  integer(op, 'steps', steps, 2)
  if (!(number(op, 'from', from) > 0 && number(op, 'to', to) > from && to < Infinity))
    throw new ArgumentError(`${op}: rates go from a number above 0 to a larger one, not from ${from} to ${to}`)
  if (!(number(op, 'smoothing', smoothing) >= 0 && smoothing < 1))
    throw new ArgumentError(`${op}: smoothing is a number in [0, 1), not ${smoothing}`)
  const draws = new Map<Generator, GeneratorState>()
  for (const generator of generatorsOf(op, model, given.generators ?? [])) draws.set(generator, generator.getState())
  /** Runs `f` and notes what generators were before. */
  const noting = <R>(f: () => R): R => {
    const [result, states] = watched(f)
    for (const [generator, state] of states) if (!draws.has(generator)) draws.set(generator, state)
    return result
  }
  const back = rewind(model, optimizer)
  const position = train.stateDict?.()
  const step = new Step<B, P, T>({
    ...{ model, forward, loss, optimizer, ema: null, clipGradNorm: null, clipGradValue: null },
    ...{ nanGuard: false, compile: false, judged: false },
  })
  const rates: number[] = []
  const losses: number[] = []
  const smoothed: number[] = []
  let source: Iterator<B> | AsyncIterator<B> | null = null
  const breath = breathing()
  try {
    if (!model.training) model.train()
    for (let [k, mean, least, fresh] = [0, 0, Infinity, true]; k < steps; ) {
      source ??= noting(() => started(train))
      const batches = source
      const next = noting(() => batches.next())
      const { done, value } = next instanceof Promise ? await next : next
      if (done && fresh) throw new ArgumentError(`${op}: train holds no batches`)
      fresh = done === true
      if (done) {
        source = null
        continue
      }
      const rate = from * (to / from) ** (k / (steps - 1))
      for (const group of optimizer.paramGroups) group.lr = rate
      const [{ loss }] = noting(() => step.make(k + 1, [value], [sizeOf(value)]))
      if (!Number.isFinite(loss)) break
      k++
      mean = smoothing * mean + (1 - smoothing) * loss
      // without the zero that the mean began with
      const now = mean / (1 - smoothing ** k)
      rates.push(rate)
      losses.push(loss)
      smoothed.push(now)
      least = Math.min(least, now)
      if (now - least > (DIVERGED - 1) * Math.abs(least)) break
      const pause = breath()
      if (pause) await pause
    }
  } finally {
    await source?.return?.()
    back()
    for (const [generator, state] of draws) generator.setState(state)
    if (position !== undefined) train.loadStateDict?.(position as never)
  }
  return { rates, losses, smoothed, ...suggestions(rates, smoothed) }
}

/**
 * After fastai: without the first tenth and the last five; slopes over the logarithm of the rate. They are taken over a
 * tenth of the steps, where fastai looks at two neighbours: else batches that differ decide, and not the rate.
 */
function suggestions(all: readonly number[], smoothed: readonly number[]): Pick<LearningRates, 'suggestion' | 'tenth'> {
  const tenth = Math.floor(all.length / 10)
  const end = Math.max(tenth, all.length - 5)
  const rates = all.slice(tenth, end)
  const losses = smoothed.slice(tenth, end)
  const over = Math.max(1, tenth)
  if (rates.length <= over) return { suggestion: null, tenth: null }
  const slopes = rates.slice(over).map((rate, i) => (losses[i + over] - losses[i]) / Math.log(rate / rates[i]))
  const smallest = (xs: readonly number[]): number => xs.indexOf(Math.min(...xs))
  return { suggestion: rates[smallest(slopes) + (over >> 1)], tenth: rates[smallest(losses)] / 10 }
}
