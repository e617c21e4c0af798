// L-BFGS: curvature from the last gradients, and steps as long as a line search finds them.
import { mode, noGrad } from '../engine/apply.ts'
import { list, number, record } from '../engine/argument.ts'
import { ArgumentError, CompileError, ShapeError } from '../engine/errors.ts'
import { tensor, zerosLike } from '../engine/ops/create.ts'
import { cat } from '../engine/ops/linear.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { completed, type Group, negative, type ParamGroup } from './optimizer.ts'
import { forget, isParam, listed, type Param, trainable } from './param.ts'
import { type Point, strongWolfe } from './wolfe.ts'

export interface LBFGSOptions {
  /** The length of a step, in quasi-Newton steps; with a line search the first length that is tried. */
  lr: number
  /** The most iterations in one `step`, and the most evaluations of the closure (null: 1.25 times as many). */
  maxIter: number
  maxEval: number | null
  /** Stops when no element of the gradient is larger. */
  toleranceGrad: number
  /** Stops when neither a parameter nor the loss changes by more. */
  toleranceChange: number
  /** How many pairs of steps and gradients' changes are kept. */
  historySize: number
  /** How the length of a step is found. */
  lineSearchFn: 'strong_wolfe' | null
}

/** What it goes on from: vectors over all parameters, and numbers. */
interface Memory {
  readonly funcEvals: number
  readonly nIter: number
  /** The last direction, the length gone along it, the gradient and the loss where it began; null before the first. */
  readonly last: {
    readonly d: Tensor
    readonly t: number
    readonly prevFlatGrad: Tensor
    readonly prevLoss: number
  } | null
  /** Changes of the gradient y, and steps s, oldest first; sy/yy of the last pair. */
  readonly oldDirs: readonly Tensor[]
  readonly oldStps: readonly Tensor[]
  readonly hDiag: number
}
export interface LBFGSState {
  readonly state: Memory
  readonly paramGroups: readonly (LBFGSOptions & { readonly params: readonly number[] })[]
}

const BEGINNING: Memory = { funcEvals: 0, nIter: 0, last: null, oldDirs: [], oldStps: [], hDiag: 1 }

const method = {
  name: 'LBFGS',
  defaults: {
    lr: 1,
    maxIter: 20,
    maxEval: null,
    toleranceGrad: 1e-7,
    toleranceChange: 1e-9,
    historySize: 100,
    lineSearchFn: null,
  } as LBFGSOptions,
  complaint({ lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn }: LBFGSOptions) {
    for (const [name, x] of Object.entries({ maxIter, historySize, maxEval: maxEval ?? 1 }))
      if (!Number.isInteger(x) || x < 1) return `${name} is a whole number of at least 1, not ${x}`
    if (lineSearchFn !== null && lineSearchFn !== 'strong_wolfe')
      return `lineSearchFn is 'strong_wolfe' or null, not ${lineSearchFn}`
    return negative({ lr, toleranceGrad, toleranceChange })
  },
}

/** The number, of a tensor, value or number. */
const numeral = (x: Tensor | Value | number): number =>
  number('LBFGS', "the closure's loss", x instanceof Tensor ? x.item() : x instanceof Value ? x.data : x)
const flat = (x: Param, of: (x: Param) => Tensor | number | null): Tensor => {
  const y = of(x)
  if (x instanceof Tensor) return ((y as Tensor | null) ?? zerosLike(x)).reshape(-1)
  return tensor([y as number], { dtype: 'float64' })
}
const largest = (x: Tensor): number => x.abs().max().item()
const product = (x: Tensor, y: Tensor): number => x.dot(y).item()

/**
 * L-BFGS over tensors or values, in one group: full batches of smooth problems. `step(closure)` calls the closure
 * several times; it forgets the gradients, computes the loss, goes backward and returns the loss. `lr` 1, `maxIter` 20,
 * `historySize` 100; `lineSearchFn: 'strong_wolfe'` is nearly always better. How often it calls depends on numbers, so
 * it is not compiled: compile the closure.
 *
 * D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.
 *
 * @throws ArgumentError as every `Optimizer`, and for a second group; CompileError for a step within `compile`
 * @example
 * const x = tensor([-1, 2], { requiresGrad: true, dtype: 'float64' })
 * const optimizer = new optim.LBFGS([x], { lineSearchFn: 'strong_wolfe', maxIter: 50 })
 * optimizer.step(() => {
 *   optimizer.zeroGrad()
 *   const [a, b] = x.unbind() as [Tensor, Tensor]
 *   const loss = b.sub(a.square()).square().mul(100).add(a.neg().add(1).square())
 *   loss.backward()
 *   return loss
 * })
 * x.toArray().map(v => Number(v).toFixed(4)).join(' ') // '1.0000 1.0000'
 */
export class LBFGS {
  readonly paramGroups: Group<LBFGSOptions>[]
  readonly #params: readonly Param[]
  #memory = BEGINNING

  constructor(params: Iterable<Param> | Iterable<ParamGroup<LBFGSOptions>>, options: Partial<LBFGSOptions> = {}) {
    const { name } = method
    const defaults = completed(method, method.defaults, options)
    const given = listed<Param | ParamGroup<LBFGSOptions>>(name, params)
    const [group] = given.every(isParam) ? [{ params: given }] : (given as ParamGroup<LBFGSOptions>[])
    if (!group || (!given.every(isParam) && given.length > 1))
      throw new ArgumentError(`${name}: needs parameters in one group, not in ${given.length}`)
    const { params: listedParams, initialLr, ...own } = record(name, 'tensors, values or a group', group)
    this.#params = trainable(name, listedParams, [])
    this.paramGroups = [
      { ...completed(method, defaults, own), ...(initialLr !== undefined && { initialLr }), params: this.#params },
    ]
  }

  /** Forgets the gradients: null on tensors, 0 on values. */
  zeroGrad(): void {
    forget(this.#params)
  }

  /** Up to `maxIter` iterations. Returns what the closure returned at first, for the parameters as they were. */
  step<L extends Tensor | Value | number>(closure: () => L): L {
    if (mode.recorder)
      throw new CompileError('LBFGS: a step depends on numbers and is not compiled: compile the closure instead')
    if (typeof closure !== 'function') throw new ArgumentError('LBFGS: step needs a closure that returns the loss')
    const [{ lr, maxIter, maxEval: most, toleranceGrad, toleranceChange, historySize, lineSearchFn }] = this
      .paramGroups as [Group<LBFGSOptions>]
    const maxEval = most ?? Math.floor((maxIter * 5) / 4)
    let { funcEvals, nIter, last, oldDirs, oldStps, hDiag } = this.#memory
    let evals = 0
    const evaluate = (): { loss: number; grad: Tensor; returned: L } => {
      evals++
      const returned = closure()
      return { loss: numeral(returned), grad: noGrad(() => this.#gradient()), returned }
    }
    let { loss, grad, returned } = evaluate()
    const remember = (): L => {
      this.#memory = { funcEvals: funcEvals + evals, nIter, last, oldDirs, oldStps, hDiag }
      return returned
    }
    if (noGrad(() => largest(grad)) <= toleranceGrad) return remember()
    for (let k = 1; k <= maxIter; k++) {
      nIter++
      const before = last
      if (before) {
        noGrad(() => {
          const [y, s] = [grad.sub(before.prevFlatGrad), before.d.mul(before.t)]
          const ys = product(y, s)
          if (!(ys > 1e-10)) return
          oldDirs = [...oldDirs, y].slice(-historySize)
          oldStps = [...oldStps, s].slice(-historySize)
          hDiag = ys / product(y, y)
        })
      }
      const d = noGrad(() => direction(grad, oldDirs, oldStps, hDiag))
      const slope = noGrad(() => product(grad, d))
      let t = before ? lr : Math.min(1, 1 / noGrad(() => grad.abs().sum().item())) * lr
      last = { d, t, prevFlatGrad: grad, prevLoss: loss }
      if (slope > -toleranceChange) break
      const from = this.#values()
      if (lineSearchFn) {
        const at = (t: number): Point<Tensor> => {
          this.#move(from, d, t)
          const { loss, grad } = evaluate()
          return { t, f: loss, slope: noGrad(() => product(grad, d)), g: grad }
        }
        const length = noGrad(() => largest(d))
        const found = strongWolfe({ t: 0, f: loss, slope, g: grad }, t, at, length, toleranceChange)
        ;[loss, grad, t] = [found.f, found.g, found.t]
        last = { ...last, t }
        this.#move(from, d, t)
      } else {
        this.#move(from, d, t)
        // not once more at the end: on another batch it would be another loss
        if (k !== maxIter) ({ loss, grad } = evaluate())
      }
      const small = noGrad(() => largest(grad) <= toleranceGrad || largest(d.mul(t)) <= toleranceChange)
      if (evals >= maxEval || small || Math.abs(loss - last.prevLoss) < toleranceChange) break
    }
    return remember()
  }

  /** The state as of now. Later steps leave it alone. */
  stateDict(): LBFGSState {
    const params = this.#params.map((_, i) => i)
    return { state: this.#memory, paramGroups: this.paramGroups.map(group => ({ ...group, params })) }
  }

  /**
   * Goes on from a state, options included.
   *
   * @throws ArgumentError when it is no state, ShapeError when its vectors have another length; nothing is changed then
   */
  loadStateDict({ state, paramGroups }: LBFGSState): void {
    const { name } = method
    const [group] = list(name, 'paramGroups', paramGroups)
    const { params, ...given } = record(name, 'a group', group as LBFGSState['paramGroups'][number])
    const { last, oldDirs, oldStps, funcEvals, nIter, hDiag } = record(name, 'a state, as stateDict gives it', state)
    const length = this.#params.reduce((sum, p) => sum + (p instanceof Tensor ? p.numel : 1), 0)
    if (list(name, 'params', params).length !== this.#params.length)
      throw new ArgumentError(`${name}: the state is of ${params.length} parameters, not of ${this.#params.length}`)
    for (const x of [...oldDirs, ...oldStps, ...(last ? [last.d, last.prevFlatGrad] : [])])
      if (!(x instanceof Tensor) || x.ndim !== 1 || x.numel !== length)
        throw new ShapeError(`${name}: the state has vectors that are not of the parameters' ${length} elements`)
    const [held] = this.paramGroups as [Group<LBFGSOptions>]
    const { params: own, ...options } = held
    const { initialLr, ...known } = { ...options, ...given } as Partial<Group<LBFGSOptions>>
    Object.assign(held, completed(method, method.defaults, known), initialLr !== undefined && { initialLr })
    this.#memory = { funcEvals, nIter, last, oldDirs, oldStps, hDiag }
  }

  #gradient(): Tensor {
    return cat(this.#params.map(p => flat(p, x => x.grad)))
  }
  #values(): readonly (Tensor | number)[] {
    return this.#params.map(p => (p instanceof Value ? p.data : p.detach()))
  }
  /** The parameters t d away from where they were. */
  #move(from: readonly (Tensor | number)[], d: Tensor, t: number): void {
    noGrad(() => {
      let offset = 0
      for (const [i, p] of this.#params.entries()) {
        const x = from[i] as Tensor | number
        if (p instanceof Value) p.data = (x as number) + t * d.at(offset++).item()
        else {
          p.assign(
            (x as Tensor).add(
              d
                .narrow(0, offset, p.numel)
                .reshape([...p.shape])
                .mul(t),
            ),
          )
          offset += p.numel
        }
      }
    })
  }
}

/** -H g by the two loops, from H₀ = sy/yy. */
function direction(g: Tensor, y: readonly Tensor[], s: readonly Tensor[], scale: number): Tensor {
  const ro = y.map((y, i) => 1 / product(y, s[i] as Tensor))
  const al: number[] = []
  let q = g.neg()
  for (let i = y.length - 1; i >= 0; i--) {
    al[i] = product(s[i] as Tensor, q) * (ro[i] as number)
    q = q.sub((y[i] as Tensor).mul(al[i] as number))
  }
  let r = q.mul(scale)
  for (let i = 0; i < y.length; i++) {
    const be = product(y[i] as Tensor, r) * (ro[i] as number)
    r = r.add((s[i] as Tensor).mul((al[i] as number) - be))
  }
  return r
}
