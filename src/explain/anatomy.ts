// An optimizer's step taken apart: what of it is gradient, scaling, momentum and decay.
import { noGrad } from '../engine/apply.ts'
import { described, integer, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { Optimizer } from '../optim/optimizer.ts'
import type { Param } from '../optim/param.ts'
import type { Table } from './table.ts'

/** One cause of a step, and how far it moves the parameter: a number, or elementwise. */
export interface Part {
  readonly name: 'gradient' | 'scaling' | 'momentum' | 'decay'
  readonly step: number | Tensor
}

export interface Anatomy {
  /** The optimizer's name. */
  readonly optimizer: string
  readonly before: number | Tensor
  /** dL/dp. */
  readonly gradient: number | Tensor
  /** They add up to `step`, to rounding. */
  readonly parts: readonly Part[]
  readonly step: number | Tensor
  readonly after: number | Tensor
  /** What the step computes, as TeX, by the names of the quantities. */
  readonly formulas: Readonly<Record<string, string>>
}

export interface AnatomyOptions {
  /** One element of a tensor, counted in row-major order; all of them. */
  readonly index?: number
}

type Settings = Record<string, unknown>

/** The options of a group that switch its memory of earlier gradients' directions off. */
function still({ momentum, betas, nesterov }: Settings): Settings {
  return {
    ...(momentum !== undefined && { momentum: 0 }),
    // without momentum there is nowhere to look ahead to
    ...(nesterov !== undefined && { nesterov: false }),
    ...(Array.isArray(betas) && { betas: [0, ...betas.slice(1)] }),
  }
}
const undecayed = ({ weightDecay }: Settings): Settings => (weightDecay === undefined ? {} : { weightDecay: 0 })

/**
 * The step that an optimizer is about to make with a parameter, split into causes that add up to it. Call it after
 * `backward` and before `step`; it changes nothing and computes in float64. Each part is the difference that one switch
 * makes:
 * - gradient: -lr g, the step of plain gradient descent (of ascent with `maximize`)
 * - scaling: what the method makes of that for each element without momentum and decay: division by running
 *   magnitudes, signs, orthogonal matrices
 * - momentum: the step with its memory of earlier gradients (`momentum`, the first of `betas`) less the step without
 * - decay: the step with weight decay less the step without
 *
 * @throws ArgumentError when the optimizer is none of those with update rules (as LBFGS, whose step is a search), does not
 * train the parameter, or the index is not one of its elements
 * @throws GradError when the parameter has no gradient
 * @example
 * const p = tensor([2, -1], { requiresGrad: true })
 * const optimizer = new optim.AdamW([p], { lr: 0.5, weightDecay: 0.1 })
 * p.square().sum().backward()
 * const { parts, step } = anatomy(optimizer, p, { index: 0 })
 * parts.map(({ name }) => name) // ["gradient", "scaling", "momentum", "decay"]
 * parts.map(({ step }) => step) // [-2, 1.5, 0, -0.1]
 * step // -0.6
 */
export function anatomy<O extends object>(optimizer: Optimizer<O>, param: Param, given: AnatomyOptions = {}): Anatomy {
  const { index } = options('anatomy', given, ['index'])
  if (!(optimizer instanceof Optimizer))
    throw new ArgumentError(`anatomy: needs an optimizer with an update rule, not ${described(optimizer)}`)
  if (index !== undefined) {
    const size = param instanceof Tensor ? param.numel : 1
    if (integer('anatomy', 'index', index, 0) >= size)
      throw new ArgumentError(`anatomy: index ${index} is not one of ${size} elements`)
  }
  const number = optimizer.paramGroups.findIndex(({ params }) => params.includes(param))
  const whole = optimizer.preview(param)
  const group = optimizer.paramGroups[number] as unknown as Settings
  const change = (settings: Settings): Tensor | number => optimizer.preview(param, settings as Partial<O>)
  const plain = change(undecayed(group))
  const scaled = change({ ...undecayed(group), ...still(group) })
  const lr = (group.maximize === true ? 1 : -1) * (group.lr as number)
  return noGrad(() => {
    const p = quantity(param)
    const g = quantity(param instanceof Tensor ? (param.grad as Tensor) : param.grad)
    const gradient = times(g, lr)
    // differences of values of this size, which are rounded
    const least = times(sum(size(p), size(gradient)), 2 ** -50)
    const less = (x: Tensor | number, y: Tensor | number): Tensor | number => settled(minus(x, y), least)
    const of = (x: Tensor | number): number | Tensor =>
      x instanceof Tensor && index !== undefined ? (x.data[index] as number) : x
    return {
      optimizer: optimizer.constructor.name,
      before: of(p),
      gradient: of(g),
      parts: [
        { name: 'gradient', step: of(gradient) },
        { name: 'scaling', step: of(less(minus(scaled, p), gradient)) },
        { name: 'momentum', step: of(less(plain, scaled)) },
        { name: 'decay', step: of(less(whole, plain)) },
      ],
      step: of(minus(whole, p)),
      after: of(whole),
      formulas: optimizer.formulas(number),
    }
  })
}

const quantity = (x: Param | number): Tensor | number =>
  x instanceof Tensor ? x.detach().double() : x instanceof Value ? x.data : x
const times = (x: Tensor | number, y: number): Tensor | number => (x instanceof Tensor ? x.mul(y) : x * y)
const minus = (x: Tensor | number, y: Tensor | number): Tensor | number =>
  x instanceof Tensor ? x.sub(y) : x - (y as number)
const sum = (x: Tensor | number, y: Tensor | number): Tensor | number =>
  x instanceof Tensor ? x.add(y) : x + (y as number)
const size = (x: Tensor | number): Tensor | number => (x instanceof Tensor ? x.abs() : Math.abs(x))
/** 0 where x is not above what rounding makes. */
const settled = (x: Tensor | number, least: Tensor | number): Tensor | number =>
  x instanceof Tensor ? x.abs().le(least).where(0, x) : Math.abs(x) <= (least as number) ? 0 : x

/** What each part is, in the letters of PyTorch's documentation. */
const meanings: Readonly<Record<Part['name'], { readonly text: string; readonly tex: string }>> = {
  gradient: { text: '-lr g', tex: '-\\gamma g_t' },
  scaling: { text: 'u(g) + lr g', tex: 'u(g_t) + \\gamma g_t' },
  momentum: { text: 'u(m) - u(g)', tex: 'u(m_t) - u(g_t)' },
  decay: { text: 'u(m, p) - u(m)', tex: 'u(m_t, \\theta_{t-1}) - u(m_t)' },
}

/** An anatomy as a table: the parts, their sum, and the formulas below. */
export function anatomyTable({ optimizer, before, gradient, parts, step, after, formulas }: Anatomy): Table {
  return {
    title: `A step of ${optimizer}`,
    columns: [{ title: 'part' }, { title: 'formula' }, { title: 'step', align: 'right' }],
    rows: [
      ['p', { text: 'p', tex: '\\theta_{t-1}' }, before],
      ['dL/dp', { text: 'g', tex: 'g_t' }, gradient],
      ...parts.map(part => [part.name, meanings[part.name], part.step]),
      ['step', { text: 'u(m, p)', tex: 'u(m_t, \\theta_{t-1})' }, step],
      ['p after', { text: 'p + u(m, p)', tex: '\\theta_t' }, after],
      ...Object.entries(formulas).map(([name, tex]) => [`${name} in letters`, { text: tex, tex }, null]),
    ],
    notes: ['u is the update: of the gradient g alone, with the memory m of earlier ones, and with weight decay of p.'],
  }
}
