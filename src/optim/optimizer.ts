// What optimizers share: parameters in groups, a state for each, and a step that computes everything before it changes anything.
import { sameShape } from '../backend/array.ts'
import { CONSTANT, noGrad } from '../engine/apply.ts'
import { ArgumentError, GradError, ShapeError } from '../engine/errors.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import type { Quantity } from './rule.ts'

/** What is trained: a leaf that requires a gradient, on either engine. */
export type Param = Tensor | Value
/** Parameters with options of their own; what is left out is the optimizer's. */
export type ParamGroup<O> = Partial<O> & { readonly params: Iterable<Param> }
/** A group as the optimizer holds it: every option set, and free to be changed between steps. */
export type Group<O> = O & { readonly params: readonly Param[] }

/** What a method remembers about one parameter: quantities of its shape, and counters. */
export type State = Readonly<Record<string, Quantity>>

/** All that a run needs to go on: state by the parameter's number, counted through the groups; options by group. */
export interface OptimizerState<O> {
  readonly state: Readonly<Record<number, State>>
  readonly paramGroups: readonly (O & { readonly params: readonly number[] })[]
}

/** What tells one optimizer from another. */
export interface Method<O> {
  readonly name: string
  readonly defaults: O
  /** The names that its state may hold. */
  readonly remembers: readonly string[]
  /** Says what is wrong with the options; null when nothing is. */
  complaint(options: O): string | null
  /** One update, a pure function: the parameter's new value and new state. */
  update(p: Quantity, g: Quantity, state: State, options: O): { readonly p: Quantity; readonly state: State }
}

/** Base of all optimizers: `paramGroups` may be written between steps (a learning rate, say). */
export abstract class Optimizer<O extends object> {
  readonly paramGroups: Group<O>[] = []
  readonly #method: Method<O>
  readonly #defaults: O
  readonly #state = new Map<Param, State>()

  /**
   * @throws ArgumentError for an option that is unknown or out of range, no parameters, or one given twice
   * @throws GradError for a parameter that is no leaf or requires no gradient
   */
  protected constructor(method: Method<O>, params: Iterable<Param> | Iterable<ParamGroup<O>>, options: Partial<O>) {
    this.#method = method
    this.#defaults = this.#complete(method.defaults, options)
    const given = [...params]
    if (given.length === 0) throw new ArgumentError(`${method.name}: no parameters to train`)
    const groups = given.every(x => x instanceof Tensor || x instanceof Value) ? [{ params: given }] : given
    for (const group of groups) this.addParamGroup(group as ParamGroup<O>)
  }

  /** Trains further parameters. Throws as the constructor does, and then changes nothing. */
  addParamGroup({ params, ...options }: ParamGroup<O>): void {
    const { name } = this.#method
    if (typeof (params as Partial<Iterable<Param>> | undefined)?.[Symbol.iterator] !== 'function') {
      throw new ArgumentError(`${name}: parameters are tensors, values, or groups { params: [...], lr: … }`)
    }
    const list = [...params]
    if (list.length === 0) throw new ArgumentError(`${name}: a group without parameters`)
    const seen = new Set(this.paramGroups.flatMap(group => group.params))
    list.forEach((p, i) => {
      if (!(p instanceof Tensor || p instanceof Value))
        throw new ArgumentError(`${name}: parameter ${i} is neither a tensor nor a value`)
      if (!(p instanceof Tensor ? p.isLeaf : p.op === null)) {
        throw new GradError(
          `${name}: parameter ${i} was computed by an op; only leaves can be trained. Did you mean x.detach().requiresGrad_()?`,
        )
      }
      if (!(p instanceof Tensor ? p.requiresGrad : p.low !== CONSTANT)) {
        throw new GradError(`${name}: parameter ${i} requires no gradient. Create it with { requiresGrad: true }`)
      }
      if (seen.has(p))
        throw new ArgumentError(`${name}: parameter ${i} is given twice; it would be updated twice a step`)
      seen.add(p)
    })
    this.paramGroups.push({ ...this.#complete(this.#defaults, options as unknown as Partial<O>), params: list })
  }

  /**
   * Updates every parameter that has a gradient, by one fused op for each new quantity. Not recorded on the graph.
   *
   * @throws ShapeError when a gradient has not its parameter's shape; nothing is changed then
   */
  step(): void {
    const updates = noGrad(() =>
      this.paramGroups.flatMap(group =>
        group.params.flatMap(param => {
          const g = this.#gradient(param)
          if (g === null) return []
          const held = param instanceof Value ? param.data : param
          return [{ param, ...this.#method.update(held, g, this.#state.get(param) ?? {}, group) }]
        }),
      ),
    )
    for (const { param, p, state } of updates) {
      if (param instanceof Value) param.data = p as number
      else param.assign(p as Tensor)
      this.#state.set(param, state)
    }
  }

  /** Forgets the gradients: null on tensors, 0 on values. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) {
      for (const p of params) {
        if (p instanceof Value) p.grad = 0
        else p.grad = null
      }
    }
  }

  /** The state as of now. Later steps leave it alone: they replace tensors and never write into one. */
  stateDict(): OptimizerState<O> {
    const number = new Map(this.#params().map((p, i) => [p, i]))
    return {
      state: Object.fromEntries([...this.#state].map(([p, state]) => [number.get(p), { ...state }])),
      paramGroups: this.paramGroups.map(group => ({
        ...group,
        params: group.params.map(p => number.get(p) as number),
      })),
    }
  }

  /**
   * Goes on from a state, options included.
   *
   * @throws ArgumentError when the groups differ from this optimizer's, or an option or a name of the state is unknown
   * @throws ShapeError when a quantity has not its parameter's shape; either way nothing is changed
   */
  loadStateDict({ state, paramGroups }: OptimizerState<O>): void {
    const { name, defaults, remembers } = this.#method
    const sizes = (groups: readonly { readonly params: readonly unknown[] }[]): string =>
      groups.map(({ params }) => params.length).join(', ')
    if (sizes(paramGroups) !== sizes(this.paramGroups)) {
      throw new ArgumentError(
        `${name}: the state has groups of ${sizes(paramGroups)} parameters, this optimizer of ${sizes(this.paramGroups)}`,
      )
    }
    const options = paramGroups.map(({ params, ...given }) => this.#complete(defaults, given as unknown as Partial<O>))
    const all = this.#params()
    const numbers = paramGroups.flatMap(({ params }) => params)
    const states = Object.entries(state).map(([key, entries]): [Param, State] => {
      const param = all[numbers.indexOf(Number(key))]
      if (!param) throw new ArgumentError(`${name}: the state is of a parameter ${key}, which no group has`)
      return [
        param,
        Object.fromEntries(
          Object.entries(entries).map(([entry, x]) => {
            if (!remembers.includes(entry))
              throw new ArgumentError(`${name}: remembers ${remembers.join(', ')}; not '${entry}'`)
            if (typeof x === 'number') return [entry, x]
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
      Object.assign(group, options[i])
    })
    this.#state.clear()
    for (const [p, entries] of states) this.#state.set(p, entries)
  }

  #params(): Param[] {
    return this.paramGroups.flatMap(({ params }) => params)
  }

  #gradient(param: Param): Quantity | null {
    if (param instanceof Tensor && param.grad && !sameShape(param.grad.shape, param.shape)) {
      throw new ShapeError(
        `${this.#method.name}: a gradient has shape ${show(param.grad.shape)}, its parameter ${show(param.shape)}`,
      )
    }
    return param.grad
  }

  #complete(defaults: O, options: Partial<O>): O {
    const { name, complaint } = this.#method
    const known = Object.keys(defaults)
    for (const option of Object.keys(options)) {
      if (!known.includes(option))
        throw new ArgumentError(`${name}: unknown option '${option}'. It has ${known.join(', ')}`)
    }
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
    const complete = { ...defaults, ...given }
    const wrong = complaint(complete)
    if (wrong) throw new ArgumentError(`${name}: ${wrong}`)
    return complete
  }
}

/** Are these numbers >= 0? For a method's `complaint`. */
export function negative(options: Readonly<Record<string, number>>): string | null {
  const wrong = Object.entries(options).find(([, x]) => !(x >= 0))
  return wrong ? `${wrong[0]} must be a number >= 0, not ${wrong[1]}` : null
}
