// Exponential moving averages of weights: what training circles around, without the circles.
import { mode, noGrad } from '../engine/apply.ts'
import { described, list, options, record } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { sameShape, show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { mean } from './moment.ts'
import { give, isParam, leaf, listed, type Param, quantity } from './param.ts'
import { rule } from './rule.ts'

export interface EMAOptions {
  /** How much of the average stays in each update, in [0, 1] (0.999). */
  readonly decay?: number
}
/** The averages by name: tensors, of values numbers. */
export type Averages = Record<string, Tensor | number>
export interface EMAState {
  readonly decay: number
  readonly averages: Averages
}
/** What has parameters by name: a module. */
interface Named {
  namedParameters(): [string, Param][]
}

/** βa + (1-β)p */
const average = rule((a, p, decay) => mean(a, p, decay))

/**
 * Averages of a module's parameters, or of tensors or values in a list (whose names are then their numbers): they begin
 * as copies, and each `update()` moves them by `1 - decay` (0.001) towards the parameters. `decay` may be written between
 * updates. Works within compiled steps, after the optimizer's step, and between them.
 *
 * B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
 *
 * @throws ArgumentError when decay is not in [0, 1], or there are no parameters
 * @example
 * const w = tensor([0], { requiresGrad: true })
 * const ema = new optim.EMA([w], { decay: 0.75 })
 * w.assign(tensor([8]))
 * ema.update()
 * ema.update()
 * ema.averages()[0] // tensor([3.5])
 */
export class EMA {
  decay: number
  readonly #entries: readonly { readonly name: string; readonly param: Param; readonly held: Param }[]

  constructor(params: Named | Iterable<Param>, given: EMAOptions = {}) {
    const { decay = 0.999 } = options('EMA', given, ['decay'])
    this.decay = checked(decay)
    const named = namesOf(params)
    if (named.length === 0) throw new ArgumentError('EMA: no parameters to average')
    this.#entries = named.map(([name, param]) => ({ name, param, held: copied(param) }))
  }

  /** The parameters that are averaged. */
  get params(): readonly Param[] {
    return this.#entries.map(({ param }) => param)
  }

  /** Moves the averages towards the parameters. */
  update(): void {
    const { recorder } = mode
    checked(this.decay)
    noGrad(() => {
      const live = (scalar: boolean) => (recorder ? recorder.live(() => this.decay, scalar) : this.decay)
      const decays = new Map<boolean, ReturnType<typeof live>>()
      for (const { param, held } of this.#entries) {
        const scalar = param instanceof Value
        const decay = decays.get(scalar) ?? live(scalar)
        decays.set(scalar, decay)
        give(held, average(quantity(held), quantity(param), decay))
      }
    })
  }

  /** Copies of the averages by name: of a module's, what its `loadStateDict` takes (not strictly, if it has buffers). */
  averages(): Averages {
    return Object.fromEntries(
      this.#entries.map(({ name, held }) => [
        name,
        held instanceof Value ? held.data : new Tensor(held.shape, held.dtype, held.data.slice()),
      ]),
    )
  }

  /** Exchanges parameters and averages; done twice, all is as before. To validate with the averages, swap around it. */
  swap(): void {
    noGrad(() => {
      for (const { param, held } of this.#entries) {
        const before = copied(param)
        give(param, quantity(held))
        give(held, quantity(before))
      }
    })
  }

  /**
   * Gives the averages to the parameters, or to those of another module (by name) or list (in order).
   *
   * @throws ArgumentError when a name is missing, ShapeError when shapes differ; nothing is changed then
   */
  copyTo(target?: Named | Iterable<Param>): void {
    const to = new Map(target === undefined ? this.#entries.map(({ name, param }) => [name, param]) : namesOf(target))
    const pairs = this.#entries.map(({ name, held }) => {
      const param = to.get(name)
      if (!param) throw new ArgumentError(`copyTo: the target has no parameter '${name}'`)
      fits('copyTo', name, held, param)
      return { held, param }
    })
    noGrad(() => {
      for (const { held, param } of pairs) give(param, quantity(held))
    })
  }

  stateDict(): EMAState {
    return { decay: this.decay, averages: this.averages() }
  }

  /**
   * Goes on from a state.
   *
   * @throws ArgumentError when it is no state or its names are others, ShapeError when shapes differ; nothing is changed
   * then
   */
  loadStateDict(state: EMAState): void {
    const { decay, averages } = record('EMA', 'a state, as stateDict gives it', state)
    checked(decay)
    const names = Object.keys(record('EMA', 'averages by name', averages))
    const own = this.#entries.map(({ name }) => name)
    if (names.length !== own.length || own.some(name => !Object.hasOwn(averages, name)))
      throw new ArgumentError(`EMA: the state has averages of ${names.join(', ')}, this one of ${own.join(', ')}`)
    const pairs = this.#entries.map(({ name, held }) => {
      const x = averages[name]
      const from = typeof x === 'number' ? Value.constant(x) : (x as Tensor)
      if (!isParam(from)) throw new ArgumentError(`EMA: the average of ${name} is no tensor, but ${described(x)}`)
      fits('EMA', name, from, held)
      return { held, x: x as Tensor | number }
    })
    this.decay = decay
    for (const { held, x } of pairs) give(held, x)
  }
}

const copied = (x: Param): Param => leaf(quantity(x))

function namesOf(params: Named | Iterable<Param>): [string, Param][] {
  if (typeof (params as Partial<Named> | null | undefined)?.namedParameters === 'function')
    return list('EMA', 'namedParameters', (params as Named).namedParameters()).map(entry => entry)
  return listed('EMA', params as Iterable<Param>).map((param, i) => {
    if (!isParam(param)) throw new ArgumentError(`EMA: parameter ${i} is ${described(param)}, no tensor and no value`)
    return [String(i), param]
  })
}

function fits(op: string, name: string, from: Param, to: Param): void {
  const shape = (x: Param): string => (x instanceof Value ? 'a value' : show(x.shape))
  const alike =
    from instanceof Tensor && to instanceof Tensor ? sameShape(from.shape, to.shape) : shape(from) === shape(to)
  if (!alike) throw new ShapeError(`${op}: the average of ${name} is ${shape(from)}, its place ${shape(to)}`)
}

function checked(decay: number): number {
  if (typeof decay === 'number' && decay >= 0 && decay <= 1) return decay
  throw new ArgumentError(`EMA: decay is a number in [0, 1], not ${decay}`)
}
