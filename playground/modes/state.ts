// What the tab shows, in the address, and what the worker measured for it, point by point.
import { computed, effect, signal } from '@preact/signals'
import type { Cost } from '../../src/explain/explain.ts'
import { Desk } from '../desk.ts'
import { choice, list, number, state, text } from '../place.ts'
import { type Engine, engines, type Question, type Shape, type Sizes, shapes } from './function.ts'
import type { Eliminations, Orders } from './graph.ts'
import { INPUTS, read } from './program.ts'
import type { Jobs } from './worker.ts'

/** As far as the address goes; a value for each number is slow, so the scalar engine is asked for less. */
export const MOST = { n: 32, m: 32, depth: 40 } as const
export const most = (of: keyof Sizes): number => (engine.value === 'scalar' ? MOST[of] / 2 : MOST[of])
const within = (of: keyof Sizes, x: number): number => Math.min(most(of), x)

/** What an input of a typed program may be. */
export const VALUES = { min: -1e6, max: 1e6 } as const

export const { shape, engine, n, m, depth, axis, f, at, seed, jacobian } = state('modes', {
  shape: choice<Shape>('layers', shapes),
  engine: choice<Engine>('tensor', engines),
  n: number(16, { min: 1, max: MOST.n, integer: true }),
  m: number(2, { min: 1, max: MOST.m, integer: true }),
  depth: number(16, { min: 1, max: MOST.depth, integer: true }),
  axis: choice('arithmetic', ['arithmetic', 'time'] as const),
  f: text('a = sin(x)\nexp(a*cos(y)) * tanh(x*y) * log(a*cos(x) + 2)'),
  at: list<number>([], number(1, VALUES), INPUTS),
  seed: number(1, { min: 1, max: 999, integer: true }),
  jacobian: text('a = x*y*z\nb = x*sin(a)\nc = cos(b) + a\nb*c\na*exp(c)\nlog(b)'),
})

export const program = computed(() => read(f.value))
export const jacobianProgram = computed(() => read(jacobian.value))

// ---------------------------------------------------------------- measurements

/** One thing that was measured, and what it was. */
export interface Measured extends Sizes {
  readonly cost: Cost
}
export interface Measurements {
  readonly question: Omit<Question, 'repeats'>
  readonly main: Cost | null
  /** Against depth, n and m, as they come. */
  readonly along: Readonly<Record<keyof Sizes, readonly Measured[]>>
  readonly done: boolean
  /** How much of it is done, from 0 to 1. */
  readonly share: number
}
export const measurements = signal<Measurements | null>(null)
// each by itself: who shows one is drawn again when that changes
/** The cost of the question itself. */
export const main = computed(() => measurements.value?.main ?? null)
/** What was asked. */
export const question = computed(() => measurements.value?.question ?? null)
const none: readonly Measured[] = []
export const points = {
  depth: computed(() => measurements.value?.along.depth ?? none),
  n: computed(() => measurements.value?.along.n ?? none),
  m: computed(() => measurements.value?.along.m ?? none),
}
/** Is everything measured? */
export const measured = computed(() => measurements.value?.done ?? false)
export const orders = signal<Orders | null>(null)
export const eliminations = signal<Eliminations | null>(null)
const hire = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
// graphs are not to wait for measurements
const [measuring, graphs] = [new Desk<Jobs>(hire), new Desk<Jobs>(hire)]
/** What went wrong, of each; '' if nothing did. */
export const failures = {
  measurements: measuring.failure,
  orders: computed(() => graphs.failed('orders')),
  eliminations: computed(() => graphs.failed('eliminations')),
}

/** Sizes up to the most, about twice as large each, with the one that is chosen among them. */
export function sizes(most: number, chosen: number): number[] {
  const found = new Set([chosen])
  for (let x = 1; x < most; x *= 2) found.add(x)
  return [...found.add(most)].sort((a, b) => a - b)
}

/** Everything to measure for a question but itself: storage needs no clock, the rest does. */
function plan(question: Question): { readonly along: keyof Sizes; readonly question: Question }[] {
  const repeats = question.engine === 'scalar' ? 1 : 3
  return (['depth', 'n', 'm'] as const).flatMap(along =>
    sizes(most(along), question[along]).map(x => ({
      along,
      question: { ...question, [along]: x, repeats: along === 'depth' ? 0 : repeats },
    })),
  )
}
/** So long a slider must rest before measuring begins. */
const REST = 250

/** Asks the worker whenever what it depends on changes; returns what ends that. */
export function follow(): () => void {
  let waiting = 0
  const begin = (question: Question): void => {
    const { repeats: _, ...own } = question
    // who measures still what nobody wants any more is not waited for
    if (measuring.busy.peek()) measuring.stop()
    const found: Record<keyof Sizes, readonly Measured[]> = { depth: [], n: [], m: [] }
    let main: Cost | null = null
    const rest = plan(question)
    const all = rest.length + 1
    const tell = (done: boolean): void => {
      measurements.value = { question: own, main, along: { ...found }, done, share: 1 - rest.length / all }
    }
    const next = (): void => {
      const point = rest.shift()
      tell(point === undefined)
      if (!point) return
      measuring.ask('measure', point.question, cost => {
        const { n, m, depth } = point.question
        found[point.along] = [...found[point.along], { n, m, depth, cost }]
        next()
      })
    }
    // a newer question ends the chain of an older one
    measuring.ask('measure', question, cost => {
      main = cost
      next()
    })
  }
  const ends = [
    effect(() => {
      const question: Question = {
        shape: shape.value,
        engine: engine.value,
        n: within('n', n.value),
        m: within('m', m.value),
        depth: within('depth', depth.value),
        repeats: engine.value === 'scalar' ? 3 : 5,
      }
      // what is on its way belongs to the question before
      measuring.drop('measure')
      const before = measurements.peek()
      if (before) measurements.value = { ...before, done: false, share: 0 }
      clearTimeout(waiting)
      waiting = window.setTimeout(() => begin(question), before ? REST : 0)
    }),
    effect(() => {
      const found = program.value
      if ('error' in found) return
      if (found.outputs > 1) {
        graphs.drop('orders')
        orders.value = null
        return
      }
      graphs.ask('orders', { text: f.value, values: at.value, seed: seed.value }, answer => {
        orders.value = answer
      })
    }),
    effect(() => {
      if ('error' in jacobianProgram.value) return
      graphs.ask('eliminations', { text: jacobian.value, values: [] }, answer => {
        eliminations.value = answer
      })
    }),
  ]
  return () => {
    clearTimeout(waiting)
    for (const end of ends) end()
    measuring.close()
    graphs.close()
    measurements.value = null
  }
}
