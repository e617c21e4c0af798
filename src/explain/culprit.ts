// Who is to blame: the op at which derivatives stop agreeing, and why.
import { type Applied, during, type Level, mode, noGrad } from '../engine/apply.ts'
import { GradError } from '../engine/errors.ts'
import { Expr } from '../engine/expr.ts'
import { type Node, postorder, pullback } from '../engine/graph.ts'
import { tensor } from '../engine/ops/create.ts'
import { isFloat } from '../engine/ops/kind.ts'
import { to } from '../engine/ops/linear.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { type OpName, table } from '../engine/prims.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Active, active, type Leaf, leaves, node, sum } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'

/** A function of values or tensors, called with leaves of its own. */
export type Run = (xs: readonly Active[]) => unknown

export type Cause = 'kink' | 'tie' | 'cancellation' | 'precision' | 'wrong rule'
/** Why derivatives disagree, and where. */
export interface Finding {
  readonly cause: Cause
  /** The op's name; null where no op is to blame, but a branch of the function itself. */
  readonly op: string | null
  /** The place of the op among those that ran, from 1 on. */
  readonly at: number
  /** The element of the op's result, null for values. */
  readonly element: readonly number[] | null
  /** Which mode a wrong rule belongs to. */
  readonly mode: 'forward' | 'reverse' | 'both' | null
  readonly message: string
}

export const elements = (x: Leaf): number[] =>
  typeof x === 'number' ? [x] : x instanceof Value ? [x.data] : Array.from(x.data, Number)
/** The size of the largest element. */
const reach = (x: Leaf): number => elements(x).reduce((most, y) => Math.max(most, Math.abs(y)), 0)
/** A fresh leaf with these elements, shaped as another. */
export function leafLike(like: Leaf, data: readonly number[], requiresGrad = true): Active {
  if (!(like instanceof Tensor)) return new Value(data[0])
  const flat = tensor([...data], { dtype: like.dtype }).reshape(like.shape)
  return isFloat(like.dtype) ? flat.detach().requiresGrad_(requiresGrad) : flat
}
/** The inputs with one element moved. */
export function moved(inputs: readonly Leaf[], input: number, element: number, h: number): Active[] {
  return inputs.map((x, k) => {
    const data = elements(x)
    if (k === input) data[element] += h
    return leafLike(x, data)
  })
}
/** The sum of all that a function returns. */
export function total(out: unknown): Active {
  const [first, ...more] = leaves('verdict', out).map(x => (x instanceof Tensor && x.numel > 1 ? x.sum() : active(x)))
  return more.reduce(sum, first)
}

interface Recording {
  readonly events: readonly Applied[]
  readonly inputs: readonly Active[]
  readonly output: Active
}
/**
 * Runs the function and keeps every op of its own: not those of rules, which run outside of the innermost forward-mode
 * level, as what a custom function does inside. Whoever observes outside still sees all.
 */
export function recorded(f: Run, xs: readonly Active[], level: Level = new WeakMap()): Recording {
  const outer = mode.observer
  const events: Applied[] = []
  const observer = (event: Applied): void => {
    if (mode.levels.includes(level)) events.push(event)
    outer?.(event)
  }
  const output = during({ observer, levels: [...mode.levels, level] }, () => total(f(xs)))
  return { events, inputs: xs, output }
}

/** Does it choose one of two operands by which is larger, as its rule asks? */
function chooses(name: OpName): boolean {
  const [x, y] = [Expr.input(0), Expr.input(1)]
  const asks = [x.lt(y), x.gt(y)]
  return Pointwise.named(name).partials.some(partial => partial && postorder(partial).some(z => asks.includes(z)))
}
const isSmooth = ({ name, out }: Applied): boolean =>
  out instanceof Tensor ? isFloat(out.dtype) : table.get(name as OpName)?.type !== 'bool'
const index = (x: Leaf, flat: number): readonly number[] | null => {
  if (!(x instanceof Tensor)) return null
  const at: number[] = []
  let rest = flat
  for (const size of [...x.shape].reverse()) {
    at.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return at
}

/** Below this, numbers are no closer together than here. */
const SMALLEST = 2 ** -1022

/** A number and how far it may be off. */
interface Estimate {
  readonly value: number
  readonly error: number
}
/**
 * The slope at 0 of a function that is known at ±h and ±h/2 for several h: the difference that Richardson's extrapolation
 * and the rounding of the values leave the least in doubt.
 */
export function slope(
  at: (h: number) => number,
  steps: readonly number[],
  epsilon: number,
  from = 0,
): Estimate & { h: number } {
  let best = { value: NaN, error: Infinity, h: NaN }
  for (const h of steps) {
    const central = (d: number): number => (at(d) - at(-d)) / (2 * d)
    const [coarse, fine] = [central(h), central(h / 2)]
    const value = (4 * fine - coarse) / 3
    const size = Math.max(from, SMALLEST, Math.abs(at(h)), Math.abs(at(-h)))
    const error = Math.abs(value - fine) + (4 * epsilon * size) / h
    if (error < best.error) best = { value, error, h }
  }
  return best
}

const STEPS = [1e-2, 1e-3, 1e-4, 1e-5]
const NEAR = [1e-8, 1e-9, 1e-10]
const EPSILON = 2 ** -52
/** How many elements of one op's result are looked at. */
const MOST = 256

/** What is to blame for what disagrees about the derivative by one element of one input; all in float64. */
export function culprits(f: Run, given: readonly Leaf[], input: number, element: number): Finding[] {
  const inputs = given.map(x => (x instanceof Tensor && isFloat(x.dtype) ? to(x, 'float64').detach() : x))
  const scale = Math.max(1, Math.abs(elements(inputs[input])[element]))
  const runs = new Map<number, Recording>()
  const run = (h: number): Recording => {
    const known = runs.get(h) ?? recorded(f, moved(inputs, input, element, h * scale))
    runs.set(h, known)
    return known
  }
  const base = run(0)
  const { events } = base

  // to see a kink it must be nearer than 0
  const close = Math.min(1, Math.abs(elements(inputs[input])[element]) || 1)
  // a function that runs other ops on one side than on the other has a kink of its own
  for (const h of [1e-5, -1e-5].map(h => h * close)) {
    const others = run(h).events
    const at = events.findIndex((event, i) => event.name !== others[i]?.name)
    if (at >= 0 || others.length !== events.length) {
      const where = at >= 0 ? at : events.length
      const message = `at ${h > 0 ? 'larger' : 'smaller'} inputs the function takes another branch, from op ${where + 1} on`
      return [{ cause: 'kink', op: null, at: where + 1, element: null, mode: null, message }]
    }
  }

  const at = (i: number, h: number): number[] => elements(run(h).events[i].out as Leaf)
  const place = new Map<object, number>(events.map((event, i) => [event.out, i]))
  const finding = (cause: Cause, i: number, e: number, message: string, by: Finding['mode'] = null): Finding => ({
    cause,
    op: events[i].name,
    at: i + 1,
    element: index(events[i].out as Leaf, e),
    mode: by,
    message,
  })

  // the slopes to the left and to the right of every op's result
  const kinked = new Set<number>()
  for (let i = 0; i < events.length; i++) {
    if (!isSmooth(events[i])) continue
    const jumps = elements(events[i].out as Leaf).map((_, e) => kinkAt(h => at(i, h * close)[e]))
    const e = jumps.findIndex(jump => jump !== null)
    if (e < 0) continue
    kinked.add(i)
    const parts = events[i].inputs.filter((x): x is object => typeof x === 'object' && x !== null)
    if (parts.some(x => kinked.has(place.get(x) ?? -1))) continue
    const operands = events[i].inputs.map(x => elements(x as Leaf))
    const [a, b] = operands.map(xs => xs[xs.length === 1 ? 0 : e])
    const tied = !table.has(events[i].name) || (a === b && chooses(events[i].name as OpName))
    const [left, right, breaks] = jumps[e] as Kink
    const what = `'${events[i].name}' (op ${i + 1}) ${breaks ? 'jumps' : `changes its slope from ${digits(left)} to ${digits(right)}`} here`
    return [
      tied
        ? finding('tie', i, e, `${what}: two of its operands are equal, and which one is chosen decides`)
        : finding('kink', i, e, `${what}: there is no derivative, only a convention`),
    ]
  }

  // rules against differences, op by op
  const found: Finding[] = []
  const largest: number[] = []
  for (const { inputs: parts, out } of events) {
    const own = reach(out as Leaf)
    largest.push(Math.max(own, ...parts.map(x => largest[place.get(x as object) ?? -1] ?? 0)))
  }
  const slopes = events.map((event, i) =>
    elements(event.out as Leaf)
      .map((_, e) => slope(h => at(i, h)[e], STEPS, EPSILON, largest[i]))
      .map(({ value, error }) => ({ value: value / scale, error: error / scale })),
  )
  const slopesOf = (x: unknown): readonly Estimate[] => {
    const i = place.get(x as object)
    if (i !== undefined) return slopes[i]
    const k = base.inputs.indexOf(x as Active)
    return elements(x as Leaf).map((_, e) => ({ value: k === input && e === element ? 1 : 0, error: 0 }))
  }
  const tangents = forward(f, inputs, input, element)
  // what runs beside, as statistics that a layer keeps, is cut off on purpose
  const used = new Set<unknown>([base.output])
  for (const { inputs: parts, out } of [...events].reverse()) if (used.has(out)) for (const x of parts) used.add(x)
  const asked = ({ inputs: parts }: Applied): boolean =>
    parts.some(x => x === base.inputs[input] || tangents?.[place.get(x as object) ?? -1])
  for (let i = 0; i < events.length && found.length === 0; i++) {
    if (!isSmooth(events[i]) || !(used.has(events[i].out) || asked(events[i]))) continue
    const pushed = tangents?.[i] ?? null
    const alone = onNumbers(events[i])
    if (alone) {
      if (alone.wrong)
        found.push(finding('wrong rule', i, 0, `the rule of '${events[i].name}' (op ${i + 1}) ${alone.wrong}`, 'both'))
      continue
    }
    const wrong = slopes[i].slice(0, MOST).flatMap((difference, e) => {
      const forwards = tangents !== null && differs(pushed?.[e] ?? 0, 0, difference)
      const pulled = reverse(events[i], e, slopesOf)
      const backwards = pulled !== null && differs(pulled.value, pulled.error, difference)
      const got = backwards ? pulled.value : (pushed?.[e] ?? 0)
      return forwards || backwards ? [{ e, forwards, backwards, difference, got }] : []
    })
    if (wrong.length === 0) continue
    const { e, forwards, backwards, difference, got } = wrong[0]
    const by = forwards && backwards ? 'both' : forwards ? 'forward' : 'reverse'
    found.push(
      finding(
        'wrong rule',
        i,
        e,
        `the ${by === 'both' ? '' : `${by} `}rule of '${events[i].name}' (op ${i + 1}) gives ${digits(got)}, its values change by ${digits(difference.value)}`,
        by,
      ),
    )
  }
  return found
}

/** Does a derivative differ from a difference by more than both are in doubt? */
const differs = (x: number, error: number, difference: Estimate): boolean =>
  Number.isFinite(difference.value) &&
  !(
    Math.abs(x - difference.value) <=
    20 * (error + difference.error) + 1e-7 * Math.max(Math.abs(x), Math.abs(difference.value))
  )

const digits = (x: number): string => String(Number(x.toPrecision(6)))

/** The slopes on both sides, and whether the values break apart. */
type Kink = readonly [left: number, right: number, breaks: boolean]
/**
 * The slopes on both sides when they differ, and do so in the same way nearer by: then it is no curvature, which goes away
 * nearer by, and no rounding, which gives other slopes at each distance.
 */
export function kinkAt(at: (h: number) => number): Kink | null {
  const here = at(0)
  const sides = (h: number): [number, number] => [(here - at(-h)) / h, (at(h) - here) / h]
  const [far, near] = [sides(1e-4), sides(1e-5)]
  if (near.some(x => !Number.isFinite(x)))
    return Number.isFinite(here) && near.some(x => Number.isFinite(x)) ? [...near, false] : null
  const [jump, before] = [near, far].map(([left, right]) => Math.abs(right - left))
  if (!(jump > 1e-3 * Math.max(...near.map(Math.abs)) && jump > 1e-8 * Math.abs(here))) return null
  // towards a step the slope grows as the distance falls
  const breaks = jump > 5 * before
  const same = near.every(
    (x, side) => Math.abs(x - (breaks && Math.abs(x) > jump / 4 ? 10 : 1) * far[side]) <= 0.3 * jump,
  )
  return same && jump > 0.3 * before ? [...near, breaks] : null
}

/** The forward rules' tangents of every op's result, null where there is none; null when a rule is missing. */
function forward(f: Run, inputs: readonly Leaf[], input: number, element: number): (number[] | null)[] | null {
  const level: Level = new WeakMap()
  const xs = moved(inputs, input, element, 0)
  const x = xs[input]
  level.set(
    x,
    leafLike(
      x,
      elements(x).map((_, e) => +(e === element)),
      false,
    ),
  )
  try {
    return recorded(f, xs, level).events.map(({ out }) => {
      const tangent = level.get(out) as Active | undefined
      return tangent ? elements(tangent) : null
    })
  } catch (error) {
    if (error instanceof GradError) return null
    throw error
  }
}

/**
 * A pointwise op of the scalar engine, looked at by itself, where no rounding from before can blur it: by which operand
 * its partial is not the slope of its values. null for what is no such op.
 */
function onNumbers({ inputs, out }: Applied): { wrong: string | null } | null {
  if (!(out instanceof Value && out.op instanceof Pointwise)) return null
  const { op, data } = out
  const xs = inputs.map(x => elements(x as Leaf)[0])
  for (const [i, x] of xs.entries()) {
    if (typeof inputs[i] === 'number') continue
    const scale = Math.abs(x) || 1
    const partial = op.partials[i] ? op.pull(i)(...xs, data, 1) : 0
    // from afar a wave has any slope: only what is the same nearer by is blamed on the rule
    const [value, near] = [STEPS, NEAR].map(steps => {
      const found = slope(h => op.f(...xs.map((y, k) => (k === i ? x + h * scale : y))), steps, EPSILON)
      const difference = { value: found.value / scale, error: found.error / scale }
      return differs(partial, 0, difference) ? difference.value : null
    })
    if (value !== null && near !== null)
      return { wrong: `says it changes by ${digits(partial)} with operand ${i + 1}, its values do by ${digits(value)}` }
  }
  return { wrong: null }
}

/** What an op's reverse rule makes of the changes of its operands, for one element of its result; null without a rule. */
function reverse({ inputs, out }: Applied, element: number, of: (x: unknown) => readonly Estimate[]): Estimate | null {
  const here = node(out as Leaf)
  if (!here || here.inputs.length === 0) return null
  const wanted = here.inputs.map(x => typeof x === 'object' && x !== null)
  const seed = leafLike(
    out as Leaf,
    elements(out as Leaf).map((_, e) => +(e === element)),
    false,
  )
  try {
    const cotangents = noGrad(() => here.pull(seed, wanted))
    let [value, error] = [0, 0]
    cotangents.forEach((g, i) => {
      if (g === null || g === undefined) return
      const changes = of(inputs[i])
      elements(g).forEach((x, e) => {
        value += x === 0 ? 0 : x * changes[e].value
        error += x === 0 ? 0 : Math.abs(x) * changes[e].error
      })
    })
    return { value, error }
  } catch (error) {
    // a custom function without this rule
    if (error instanceof GradError) return null
    throw error
  }
}

/**
 * The op whose rounding costs a finite difference the most digits: rounding of w moves the output by eps |w| |dy/dw|. It
 * is cancellation where a later op takes the digits away, else want of precision.
 */
export function roundings(f: Run, inputs: readonly Leaf[], epsilon: number): Finding | null {
  const { events, output } = recorded(f, moved(inputs, 0, 0, 0))
  const root = node(output)
  if (!root) return null
  const adjoints = new Map<object, Active>()
  noGrad(() =>
    pullback<Active>(
      root,
      leafLike(
        output,
        elements(output).map(() => 1),
        false,
      ),
      {
        add: sum,
        visit: (at: Node<Active>, g) => void adjoints.set(at, g),
      },
    ),
  )
  const lost = events.map(({ out }) => {
    const adjoint = adjoints.get(node(out as Leaf) ?? out)
    const weights = adjoint ? elements(adjoint) : []
    return elements(out as Leaf).reduce((worst, x, e) => Math.max(worst, Math.abs(x * (weights[e] ?? 0))), 0)
  })
  const worst = lost.indexOf(Math.max(...lost))
  if (worst < 0) return null
  const size = (x: unknown): number => reach(x as Leaf)
  const noisy = events[worst].out
  const taker = events.findIndex(
    ({ name, inputs: parts, out }) =>
      /^(add|sub|sum|mean)$/.test(name) && parts.includes(noisy) && size(out) < 1e-3 * size(noisy),
  )
  const make = (cause: Cause, i: number, message: string): Finding => ({
    cause,
    op: events[i].name,
    at: i + 1,
    element: index(events[i].out as Leaf, 0),
    mode: null,
    message,
  })
  if (taker >= 0)
    return make(
      'cancellation',
      taker,
      `'${events[taker].name}' (op ${taker + 1}) takes numbers of about ${digits(size(noisy))} from one another and leaves ${digits(size(events[taker].out))}: their digits are gone, for rules and differences alike`,
    )
  return make(
    'precision',
    worst,
    `'${events[worst].name}' (op ${worst + 1}) is rounded to ${epsilon > 1e-10 ? 'the 7 digits of float32' : '16 digits'} at ${digits(size(noisy))}: a difference sees that rounding`,
  )
}
