// The NaN guard: a step whose loss or gradients are not finite is undone, and run again to find the op that did it.
import { callers, detectAnomaly, observe } from '../engine/apply.ts'
import { AnomalyError } from '../engine/errors.ts'
import { type Generator, type GeneratorState, watched } from '../engine/random.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Module } from '../nn/module.ts'

/** Are all of these finite? x·0 is NaN where x is not. */
export function finite(xs: ArrayLike<number>): boolean {
  let sum = 0
  for (let i = 0; i < xs.length; i++) sum += xs[i] * 0
  return sum === 0
}

/** Gradients of one step: computed, looked at, and when they are not finite, taken back. */
export interface Attempt<R> {
  readonly model: Module
  readonly buffers: readonly Tensor[]
  /** Those that are trained. */
  readonly params: readonly Tensor[]
  /** What the step does up to its gradients: as it is run, and as it is run to be watched. */
  readonly run: () => R
  readonly slowly: () => unknown
  /** The losses of what `run` gave. */
  readonly losses: (result: R) => readonly number[]
  /** All tensors that the step is given. */
  readonly given: () => readonly Tensor[]
  readonly clear: () => void
}

/**
 * The result of `run`, if losses and gradients are finite.
 *
 * @throws AnomalyError naming the op that made the first NaN (for an infinite loss the first infinity) and its line;
 * buffers and generators are as before then, and there are no gradients
 */
export function guarded<R>(step: number, attempt: Attempt<R>): R {
  const { model, params, run, slowly, losses, given, clear } = attempt
  const buffers = attempt.buffers.map(x => ({ x, data: x.data }))
  const cleared = (): void => {
    for (const { x, data } of buffers) x.assign(data)
    clear()
  }
  const [result, draws] = undoing(cleared, () => watched(run))
  const wrong = losses(result).find(x => !Number.isFinite(x))
  const what =
    wrong === undefined
      ? params.every(({ grad }) => grad === null || finite(grad.data))
        ? null
        : 'a gradient is not finite'
      : `the loss is ${wrong}`
  if (what === null) return result
  const back = (): void => {
    cleared()
    rewound(draws)
  }
  back()
  const overflowed = wrong !== undefined && !Number.isNaN(wrong)
  const cause = (overflowed ? [firstInfinity, detectAnomaly] : [detectAnomaly, firstInfinity])
    .map(watch => {
      try {
        watch(slowly)
        return null
      } catch (error) {
        return error
      } finally {
        back()
      }
    })
    .find(error => error !== null)
  if (cause !== undefined && !(cause instanceof AnomalyError)) throw cause
  const reason = cause?.message ?? leaves(model, given())
  const error = new AnomalyError(`fit: ${what} in step ${step}, which was not made: ${reason}`)
  error.cause = cause
  throw error
}

/** Runs `f`; `undo` is for when it throws. */
function undoing<R>(undo: () => void, f: () => R): R {
  try {
    return f()
  } catch (error) {
    undo()
    throw error
  }
}

function rewound(states: ReadonlyMap<Generator, GeneratorState>): void {
  for (const [generator, state] of states) generator.setState(state)
}

/** Runs `f`; the first op that makes an infinity out of finite operands throws. */
function firstInfinity<R>(f: () => R): R {
  const infinite = (x: unknown): boolean =>
    x instanceof Tensor ? !finite(x.array) : typeof x === 'number' && !Number.isFinite(x)
  return observe(({ name, inputs, out }) => {
    if (infinite(out) && !inputs.some(infinite))
      throw new AnomalyError(`'${name}' made an infinity out of finite operands; called\n${callers()}`)
  }, f)
}

/** Where no op did it: what was there before. */
function leaves(model: Module, given: readonly Tensor[]): string {
  if (given.some(x => !finite(x.data))) return 'the batch itself holds numbers that are not finite'
  const found = model.namedParameters().find(([, x]) => !finite(x.data))
  return found
    ? `the parameter '${found[0]}' was not finite before`
    : 'run again it is finite: what the step does is not only up to tensors and generators'
}
