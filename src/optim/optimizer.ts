// What optimizers share: parameters in groups, a state for each, and a step that computes everything before it changes anything.
import { sameShape } from '../backend/array.ts'
import { fixed, mode, noGrad } from '../engine/apply.ts'
import { described, list, options, record } from '../engine/argument.ts'
import { ArgumentError, CompileError, GradError, ShapeError } from '../engine/errors.ts'
import { full } from '../engine/ops/create.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { formulas } from './formula.ts'
import { forget, give, gradient, isParam, leaf, listed, type Param, quantity, trainable } from './param.ts'
import { type Quantity, rule } from './rule.ts'

/** What schedulers note in a group: the learning rate that they set out from. */
interface Scheduled {
  initialLr?: number
}
/** Parameters with options of their own; what is left out is the optimizer's. */
export type ParamGroup<O> = Partial<O> & Scheduled & { readonly params: Iterable<Param> }
/** A group as the optimizer holds it: every option set, and free to be changed between steps. */
export type Group<O> = O & Scheduled & { readonly params: readonly Param[] }

/** What a method remembers about one parameter: quantities of its shape, and counters. */
export type State = Readonly<Record<string, Quantity>>

/** All that a run needs to go on: state by the parameter's number, counted through the groups; options by group. */
export interface OptimizerState<O> {
  readonly state: Readonly<Record<number, State>>
  readonly paramGroups: readonly (O & Scheduled & { readonly params: readonly number[] })[]
}

/** The options as an update computes with them: numbers, or where a step is being compiled what is read anew in each. */
export type Hyper<O> = {
  readonly [K in keyof O]: O[K] extends number ? Quantity : O[K] extends readonly number[] ? readonly Quantity[] : O[K]
}

/** What tells one optimizer from another. `C`: the types of the choices. */
export interface Method<O, C extends readonly unknown[] = readonly boolean[]> {
  readonly name: string
  readonly defaults: O
  /** The names that its state may hold: quantities of the parameter's shape, and of these which are numbers. */
  readonly remembers: readonly string[]
  readonly counts: readonly string[]
  /** Says what is wrong with the options; null when nothing is. */
  complaint(options: O): string | null
  /** Says what is wrong with a parameter, where not all can be trained. */
  refusal?(p: Param): string | null
  /** What in the options decides which formulas an update consists of: `update` is given the answers. */
  readonly choices: { readonly [K in keyof C]: (options: O) => C[K] }
  /** Letters of options and state in printed formulas, as TeX. */
  readonly letters?: Readonly<Record<string, string>>
  /** One update, a pure function: the parameter's new value and new state. */
  update(
    p: Quantity,
    g: Quantity,
    state: State,
    hyper: Hyper<O>,
    choices: C,
  ): {
    readonly p: Quantity
    readonly state: State
    /** What is computed on the way and has a letter in printed formulas. */
    readonly through?: Readonly<Record<string, Quantity>>
  }
}

const turned = rule(g => g.neg())
const decayed = rule((p, g, decay) => g.add(p.mul(decay)))
/** The way a step goes, ±g + λp: downhill or up, with weight decay unless that is null. */
export function direction(p: Quantity, g: Quantity, decay: Quantity | null, maximize: boolean): Quantity {
  const way = maximize ? turned(g) : g
  return decay === null ? way : decayed(p, way, decay)
}
/** A number of the state of p: on tensors one in double precision, so that a compiled step can count. */
export const counter = (p: Quantity, count = 0): Quantity =>
  p instanceof Tensor ? full([], count, { dtype: 'float64' }) : count
/** A quantity of the state of p that begins with one number everywhere. */
export function filled(p: Quantity, x: Quantity): Quantity {
  if (!(p instanceof Tensor)) return x
  return x instanceof Tensor ? x.to(p.dtype).expand(p.shape) : full(p.shape, x as number, { dtype: p.dtype })
}

/** Base of all optimizers: `paramGroups` may be written between steps (a learning rate, say). */
export abstract class Optimizer<O extends object> {
  readonly paramGroups: Group<O>[] = []
  readonly #method: Method<O, readonly unknown[]>
  readonly #defaults: O
  /** How often the state was replaced from outside. */
  #edition = 0
  /** Leaves, which a step gives other values, so that a compiled one finds them again. */
  readonly #state = new Map<Param, Readonly<Record<string, Param>>>()

  /**
   * @throws ArgumentError for an option that is unknown or out of range, no parameters, or one given twice
   * @throws GradError for a parameter that is no leaf or requires no gradient
   */
  protected constructor(
    method: Method<O, readonly unknown[]>,
    params: Iterable<Param> | Iterable<ParamGroup<O>>,
    options: Partial<O>,
  ) {
    this.#method = method
    this.#defaults = this.#complete(method.defaults, options)
    const given = listed<Param | ParamGroup<O>>(method.name, params)
    if (given.length === 0) throw new ArgumentError(`${method.name}: no parameters to train`)
    const groups = given.every(isParam) ? [{ params: given }] : given
    for (const group of groups) this.addParamGroup(group as ParamGroup<O>)
  }

  /** Trains further parameters. Throws as the constructor does, and then changes nothing. */
  addParamGroup(group: ParamGroup<O>): void {
    const { name } = this.#method
    const { params, initialLr, ...given } = record(name, 'tensors, values, or groups { params: [...], lr: … }', group)
    const added = trainable(name, params, this.#params())
    added.forEach((p, i) => {
      const wrong = this.#method.refusal?.(p)
      if (wrong) throw new ArgumentError(`${name}: parameter ${i} ${wrong}`)
    })
    const complete = this.#complete(this.#defaults, given as unknown as Partial<O>, initialLr)
    this.paramGroups.push({ ...complete, params: added })
  }

  /**
   * Updates every parameter that has a gradient, by one fused op for each new quantity. Not recorded on the graph. A
   * closure, which forgets the gradients, goes backward and returns the loss, is called first, as `LBFGS` does with its
   * own; its loss is returned.
   *
   * @throws ShapeError when a gradient has not its parameter's shape, ArgumentError when the closure is no function;
   * nothing is changed then
   */
  step(): void
  step<L>(closure: () => L): L
  step<L>(closure?: () => L): L | undefined {
    if (closure !== undefined && typeof closure !== 'function')
      throw new ArgumentError(`${this.#method.name}: step takes a closure or nothing, not ${described(closure)}`)
    const loss = closure?.()
    fixed(() => this.#edition)
    fixed(() => this.paramGroups.length)
    const { update, choices } = this.#method
    const updates = noGrad(() =>
      this.paramGroups.flatMap(group => {
        const hyper = this.#hyper(group)
        const chosen = choices.map(choice => fixed(() => choice(group)))
        return group.params.flatMap(param => {
          const g = this.#gradient(param)
          if (g === null) return []
          const state = this.#state.get(param) ?? {}
          const { p, state: now } = update(quantity(param), g, mapped(state, quantity), hyper(param), chosen)
          return [{ param, p, state: now }]
        })
      }),
    )
    for (const { param, p, state } of updates) {
      give(param, p)
      const held = this.#state.get(param)
      if (!held) mode.recorder?.changed(() => this.#state.delete(param))
      this.#state.set(
        param,
        mapped(state, (x, name) => (held?.[name] ? give(held[name], x) : leaf(this.#kept(param, x, name)))),
      )
    }
    return loss
  }

  /** A group's options for the parameters of either engine. */
  #hyper(group: Group<O>): (param: Param) => Hyper<O> {
    const { recorder } = mode
    if (!recorder) return () => group as unknown as Hyper<O>
    const live = (scalar: boolean): Hyper<O> => {
      const entries = Object.keys(this.#method.defaults).map(name => {
        const read = (): unknown => group[name as keyof Group<O>]
        const value = read()
        if (typeof value === 'number') return [name, recorder.live(read as () => number, scalar)]
        if (!Array.isArray(value)) return [name, value]
        return [name, value.map((_, i) => recorder.live(() => (read() as number[])[i] as number, scalar))]
      })
      return Object.fromEntries(entries) as Hyper<O>
    }
    const made: { [scalar in 'true' | 'false']?: Hyper<O> } = {}
    return param => {
      const scalar = param instanceof Value
      made[`${scalar}`] ??= live(scalar)
      return made[`${scalar}`] as Hyper<O>
    }
  }

  /** Forgets the gradients: null on tensors, 0 on values. */
  zeroGrad(): void {
    forget(this.#params())
  }

  /**
   * What a step does with each parameter θ of a group, whose gradient is g: TeX by the names of the quantities, the
   * state first, then `p`, the parameter.
   *
   * @throws ArgumentError when there is no such group
   * @example
   * const optimizer = new optim.Adam([tensor([1], { requiresGrad: true })])
   * Object.keys(optimizer.formulas()) // ['expAvg', 'expAvgSq', 'p']
   */
  formulas(group = 0): Record<string, string> {
    const of = this.paramGroups[group]
    if (!of) throw new ArgumentError(`formulas: there are ${this.paramGroups.length} groups, no group ${group}`)
    return formulas(this.#method, of)
  }

  /**
   * What the next step would make of a parameter: its value then, in float64, and of a group's options, if wanted, others
   * than there are. Nothing is changed.
   *
   * @throws ArgumentError for a parameter that is not trained here, and for an option that is unknown or out of range
   * @throws GradError when the parameter has no gradient, CompileError while a step is being compiled
   * @example
   * const x = tensor([3, 4], { requiresGrad: true })
   * const optimizer = new optim.SGD([x], { lr: 0.1 })
   * x.square().sum().backward()
   * optimizer.preview(x, { lr: 0.25 }) // [1.5, 2]
   */
  preview(param: Param, change: Partial<O> = {}): Tensor | number {
    const { name, update, choices } = this.#method
    if (mode.recorder) throw new CompileError(`${name}: preview looks at numbers and cannot be part of a compiled step`)
    const group = this.paramGroups.find(({ params }) => params.includes(param))
    if (!group) throw new ArgumentError(`${name}: preview is of a parameter that it trains`)
    const g = this.#gradient(param)
    if (g === null) throw new GradError(`${name}: this parameter has no gradient. Call backward before`)
    const hyper = this.#complete(group, change)
    const exact = (x: Quantity): Quantity => (x instanceof Tensor ? x.double() : x)
    const { p } = noGrad(() =>
      update(
        exact(quantity(param)),
        exact(g),
        mapped(this.#state.get(param) ?? {}, x => exact(quantity(x))),
        hyper as unknown as Hyper<O>,
        choices.map(choice => choice(hyper)),
      ),
    )
    return p as Tensor | number
  }

  /** The state as of now. Later steps leave it alone. */
  stateDict(): OptimizerState<O> {
    const number = new Map(this.#params().map((p, i) => [p, i]))
    return {
      state: Object.fromEntries([...this.#state].map(([p, state]) => [number.get(p), mapped(state, this.#snapshot)])),
      paramGroups: this.paramGroups.map(group =>
        own({ ...group, params: group.params.map(p => number.get(p) as number) }),
      ),
    }
  }

  /**
   * Goes on from a state, options included; an option that a group of the state lacks stays as it is here.
   *
   * @throws ArgumentError when it is no state, its groups differ from this optimizer's, or it has an unknown name
   * @throws ShapeError when a quantity has not its parameter's shape; either way nothing is changed
   */
  loadStateDict(from: OptimizerState<O>): void {
    const { name, remembers } = this.#method
    const { state, paramGroups } = record(name, 'a state, as stateDict gives it', from)
    record(name, 'the state of each parameter', state)
    for (const group of list(name, 'paramGroups', paramGroups))
      list(name, "a group's params", record(name, 'groups', group).params)
    const sizes = (groups: readonly { readonly params: readonly unknown[] }[]): string =>
      groups.map(({ params }) => params.length).join(', ')
    if (sizes(paramGroups) !== sizes(this.paramGroups)) {
      throw new ArgumentError(
        `${name}: the state has groups of ${sizes(paramGroups)} parameters, this optimizer of ${sizes(this.paramGroups)}`,
      )
    }
    const settings = paramGroups.map(({ params: _, initialLr, ...given }, i) => {
      const { params: __, ...held } = this.paramGroups[i]
      return this.#complete(held as unknown as O, given as unknown as Partial<O>, initialLr)
    })
    const all = this.#params()
    const numbers = paramGroups.flatMap(({ params }) => params)
    const states = Object.entries(state).map(([key, entries]): [Param, State] => {
      const param = all[numbers.indexOf(Number(key))]
      if (!param) throw new ArgumentError(`${name}: the state is of a parameter ${key}, which no group has`)
      return [
        param,
        Object.fromEntries(
          Object.entries(record(name, `the state of parameter ${key}`, entries)).map(([entry, x]) => {
            if (!remembers.includes(entry))
              throw new ArgumentError(`${name}: remembers ${remembers.join(', ')}; not '${entry}'`)
            if (typeof x === 'number') return [entry, counter(param, x)]
            if (!(x instanceof Tensor))
              throw new ArgumentError(
                `${name}: ${entry} of parameter ${key} is a tensor or a number, not ${described(x)}`,
              )
            if (!(param instanceof Tensor))
              throw new ShapeError(`${name}: ${entry} of parameter ${key} is a tensor, the parameter a value`)
            if (!sameShape(x.shape, param.shape))
              throw new ShapeError(
                `${name}: ${entry} of parameter ${key} has shape ${show(x.shape)}, the parameter ${show(param.shape)}`,
              )
            return [entry, x.detach().to(param.dtype)]
          }),
        ),
      ]
    })
    this.paramGroups.forEach((group, i) => {
      Object.assign(group, settings[i])
    })
    this.#edition++
    this.#state.clear()
    for (const [p, entries] of states) this.#state.set(p, mapped(entries, leaf))
  }

  /** What a state holds, as whoever saves it gets it. */
  readonly #snapshot = (x: Param, name: string): Quantity =>
    x instanceof Value ? x.data : this.#method.counts.includes(name) ? x.item() : x.detach()

  /** What a state keeps of a new quantity: in its parameter's dtype, unless it counts. */
  #kept(param: Param, x: Quantity, name: string): Quantity {
    const narrow = param instanceof Tensor && x instanceof Tensor && !this.#method.counts.includes(name)
    return narrow ? noGrad(() => x.to(param.dtype)) : x
  }

  #params(): Param[] {
    return this.paramGroups.flatMap(({ params }) => params)
  }

  #gradient(param: Param): Quantity | null {
    if (param instanceof Value) return gradient(param)
    const { grad } = param
    if (grad && !sameShape(grad.shape, param.shape)) {
      throw new ShapeError(
        `${this.#method.name}: a gradient has shape ${show(grad.shape)}, its parameter ${show(param.shape)}`,
      )
    }
    return grad
  }

  #complete(held: O, given: Partial<O>, initialLr?: number): O & Scheduled {
    const complete = completed(this.#method, held, given)
    if (initialLr === undefined) return complete
    const wrong = negative({ initialLr })
    if (wrong) throw new ArgumentError(`${this.#method.name}: ${wrong}`)
    return { ...complete, initialLr }
  }
}

/**
 * Options, those that are not given as they are held.
 * @throws ArgumentError for one that is unknown or out of range
 */
export function completed<O extends object>(
  { name, defaults, complaint }: Pick<Method<O>, 'name' | 'defaults' | 'complaint'>,
  held: O,
  given: Partial<O>,
): O {
  const named = Object.entries(options(name, given, Object.keys(defaults)))
  const complete = own({ ...held, ...Object.fromEntries(named.filter(([, value]) => value !== undefined)) })
  const wrong = complaint(complete)
  if (wrong) throw new ArgumentError(`${name}: ${wrong}`)
  return complete
}

/** The entries of a state, each made something else. */
const mapped = <X, Y>(state: Readonly<Record<string, X>>, f: (x: X, name: string) => Y): Record<string, Y> =>
  Object.fromEntries(Object.entries(state).map(([name, x]) => [name, f(x, name)]))

/** The options with arrays of their own (betas, say): to write into one changes no other. */
const own = <O extends object>(options: O): O =>
  Object.fromEntries(Object.entries(options).map(([name, x]) => [name, Array.isArray(x) ? [...x] : x])) as O

/** Are these numbers >= 0? For a method's `complaint`. */
export function negative(options: Readonly<Record<string, number>>): string | null {
  const wrong = Object.entries(options).find(([, x]) => !(typeof x === 'number' && x >= 0))
  return wrong ? `${wrong[0]} must be a number >= 0, not ${wrong[1]}` : null
}
/** Is each of these two numbers in [0, 1), as running means take them? */
export function unfit(options: Readonly<Record<string, readonly number[]>>): string | null {
  const fits = (xs: readonly number[]): boolean =>
    Array.isArray(xs) && xs.length === 2 && xs.every(x => x >= 0 && x < 1)
  const wrong = Object.entries(options).find(([, xs]) => !fits(xs))
  return wrong ? `${wrong[0]} are two numbers in [0, 1), not ${wrong[1]}` : null
}
