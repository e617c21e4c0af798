// One step of training: the gradients of a group of batches as of one large batch, then the update.

import { compile, live } from '../compile/compile.ts'
import { noGrad } from '../engine/apply.ts'
import { described } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Module } from '../nn/module.ts'
import { clipGradNorm, clipGradValue } from '../optim/clip.ts'
import type { EMA } from '../optim/ema.ts'
import type { Param } from '../optim/param.ts'
import type { Rated } from '../optim/scheduler.ts'
import { guarded } from './guard.ts'
import type { Stateful } from './snapshot.ts'
import type { Judged } from './tally.ts'

/** An optimizer, as a loop sees it. */
export interface Steps extends Stateful {
  readonly paramGroups: readonly (Rated & { readonly params: readonly Param[] })[]
  step(): void
  zeroGrad(): void
}

/** How a step is made. */
export interface StepSettings<B, P, T> {
  readonly model: Module
  readonly forward: (batch: B) => Judged<P, T>
  readonly loss: (prediction: P, target: T) => Tensor
  readonly optimizer: Steps
  readonly ema: EMA | null
  readonly clipGradNorm: number | null
  readonly clipGradValue: number | null
  readonly nanGuard: boolean
  readonly compile: boolean
  /** Are predictions wanted, for metrics? */
  readonly judged: boolean
}

/** What came of a batch. Without anybody who wants to see them, there are no predictions. */
export interface Outcome<P, T> {
  readonly loss: number
  readonly seen: Judged<P, T> | null
}
interface Computed<P, T> {
  readonly loss: Tensor
  readonly seen: Judged<P, T> | null
}

export class Step<B, P, T> {
  readonly #settings: StepSettings<B, P, T>
  readonly #params: readonly Tensor[]
  readonly #buffers: readonly Tensor[]
  /** How much each batch of the group counts, for losses that are means. */
  #shares: readonly number[] = []
  readonly #slow: (...group: B[]) => Computed<P, T>[]
  readonly #gradients: (...group: B[]) => Computed<P, T>[]
  readonly #update: () => void
  readonly #judge: (batch: B) => Computed<P, T>

  constructor(settings: StepSettings<B, P, T>) {
    const { optimizer, ema, judged, nanGuard } = settings
    this.#settings = settings
    this.#params = trained(optimizer)
    this.#buffers = settings.model.buffers()
    const shown = ({ loss, seen }: Computed<P, T>): Computed<P, T> => ({
      loss: loss.detach(),
      seen: judged ? seen : null,
    })
    const gradients = (...group: B[]): Computed<P, T>[] => {
      optimizer.zeroGrad()
      return group.map((batch, i) => {
        const computed = this.#computed(batch)
        const { loss } = computed
        // a single batch: the loss itself, as in a loop written by hand
        ;(group.length === 1 ? loss : loss.mul(live(() => this.#shares[i]).to(loss.dtype))).backward()
        return shown(computed)
      })
    }
    const update = (): void => {
      if (settings.clipGradValue !== null) clipGradValue(this.#params, settings.clipGradValue)
      if (settings.clipGradNorm !== null) clipGradNorm(this.#params, settings.clipGradNorm)
      optimizer.step()
      ema?.update()
    }
    const judge = (batch: B): Computed<P, T> => noGrad(() => shown(this.#computed(batch)))
    this.#slow = gradients
    if (!settings.compile) {
      this.#gradients = gradients
      this.#update = update
      this.#judge = judge
    } else {
      this.#judge = compile(judge)
      // the guard looks at gradients before the weights move, so that these are two programs
      this.#gradients = program(
        nanGuard
          ? gradients
          : (...group: B[]) => {
              const computed = gradients(...group)
              update()
              return computed
            },
      )
      this.#update = nanGuard ? compile(update) : () => {}
    }
  }

  /**
   * Makes the step `number` from the batches of a group, each of which counts as its share says.
   *
   * @throws AnomalyError when the guard is on and the loss or a gradient is not finite
   * @throws ShapeError when the loss is not one number; either way nothing is changed
   */
  make(number: number, group: readonly B[], shares: readonly number[]): Outcome<P, T>[] {
    this.#shares = shares
    const { model, optimizer, nanGuard } = this.#settings
    const computed = nanGuard
      ? guarded(number, {
          model,
          buffers: this.#buffers,
          params: this.#params,
          run: () => this.#gradients(...group),
          slowly: () => this.#slow(...group),
          losses: computed => computed.map(({ loss }) => loss.item()),
          given: () => tensorsIn(group),
          clear: () => optimizer.zeroGrad(),
        })
      : this.#gradients(...group)
    this.#update()
    return computed.map(outcome)
  }

  /** The loss of a batch, without gradients. */
  judge(batch: B): Outcome<P, T> {
    return outcome(this.#judge(batch))
  }

  #computed(batch: B): Computed<P, T> {
    const { forward, loss: criterion } = this.#settings
    const seen = forward(batch)
    const loss = criterion(seen.prediction, seen.target)
    if (!(loss instanceof Tensor)) throw new ArgumentError(`fit: the loss is ${described(loss)}, no tensor`)
    if (loss.numel !== 1)
      throw new ShapeError(
        `fit: the loss is one number, not ${show(loss.shape)}. Reduce it: loss.mean(), or { reduction: 'mean' }`,
      )
    return { loss, seen }
  }
}

/** A step as a program. Tensors that are arguments themselves are found faster than those in lists. */
function program<B, R>(step: (...group: B[]) => R): (...group: B[]) => R {
  const nested = compile(step)
  const flat = compile((...xs: Tensor[]) => step(xs as unknown as B))
  return (...group) => {
    const [batch] = group
    const single = group.length === 1 && Array.isArray(batch) && batch.every(x => x instanceof Tensor)
    return single ? flat(...batch) : nested(...group)
  }
}

const outcome = <P, T>({ loss, seen }: Computed<P, T>): Outcome<P, T> => ({ loss: loss.item(), seen })

/** The tensors that an optimizer trains. */
export const trained = ({ paramGroups }: Steps): Tensor[] =>
  paramGroups.flatMap(({ params }) => params.filter(p => p instanceof Tensor))

function tensorsIn(x: unknown): Tensor[] {
  if (x instanceof Tensor) return [x]
  return typeof x === 'object' && x !== null ? Object.values(x).flatMap(tensorsIn) : []
}
