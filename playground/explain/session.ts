// The tab's state, and all that follows from it.
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Explanation, Expression } from '../../src/explain/explain.ts'
import { among, flag, number, state, text } from '../place.ts'
import { type Amounts, amounts, taken } from './fields.ts'
import { type Direction, type Layout, layout, weight } from './layout.ts'
import { ask, asked, drop } from './question.ts'
import {
  explained,
  isProblem,
  type Moment,
  moment,
  type Numbers,
  numbers,
  type Problem,
  read,
  type Shape,
  shape,
  start,
  type Tangents,
  tangents,
} from './study.ts'

/** The inputs of the first example. */
const initial: Amounts = { x1: 2, x2: 3 }

/** Steps a second, when they are played. */
export const speeds = [0.5, 1, 2, 5, 10, 20] as const

export const place = state('explain', {
  f: text('x1*x2 + sin(x1)'),
  at: amounts(initial),
  /** The input that tangents are by: its name, * for all; the first when it is no name. */
  wrt: text(''),
  step: taken,
  speed: among(2, speeds),
  /** The row that is held, by name. */
  pin: text(''),
  derive: flag(false),
  order: number(1, { min: 1, max: 3, integer: true }),
  by: text(''),
  verdict: flag(false),
})

interface Reading {
  /** The last expression that could be read. */
  readonly good: Expression | null
  readonly problem: Problem | null
}
let last: Expression | null = null
export const reading = computed((): Reading => {
  const found = read(place.f.value)
  if (!isProblem(found)) last = found
  return { good: last, problem: isProblem(found) ? found : null }
})
const good = computed(() => reading.value.good)

/** What the address says of inputs that there are not. */
export const strays = computed((): readonly string[] => {
  const { names } = good.value ?? {}
  if (!names) return []
  const { at, wrt, by } = place
  // numbers of the first example are there before anybody said any
  const numbers = at.value === initial ? [] : Object.keys(at.value)
  const said = [...numbers, ...[wrt.value, by.value].filter(name => name !== '' && name !== '*')]
  return [...new Set(said)].filter(name => !names.includes(name))
})
/** What is said of an input; inputs may be named as what every object has. */
const said = (amounts: Amounts, name: string): number | undefined =>
  Object.hasOwn(amounts, name) ? amounts[name] : undefined
/** What inputs were when they were last there. */
const remembered = new Map<string, number>()
export const at = computed((): Amounts => {
  const names = good.value?.names ?? []
  return Object.fromEntries(
    names.map((name, k) => [name, said(place.at.value, name) ?? remembered.get(name) ?? start(k)]),
  )
})
export function assign(name: string, x: number): void {
  remembered.set(name, x)
  place.at.value = { ...at.peek(), [name]: x }
}
/** Another expression: as it is typed, or with numbers of its own. */
export function choose(text: string, amounts?: Amounts): void {
  for (const [name, x] of Object.entries(at.peek())) remembered.set(name, x)
  place.f.value = text
  if (reading.peek().problem) return
  place.at.value = amounts ?? at.peek()
  place.pin.value = ''
  if (!wrt.peek().includes(place.wrt.peek()) && place.wrt.peek() !== '*') place.wrt.value = ''
  if (!Object.hasOwn(at.peek(), place.by.peek())) place.by.value = ''
  place.step.value = Infinity
}

export const wrt = computed((): readonly string[] => {
  const names = good.value?.names ?? []
  if (place.wrt.value === '*') return names
  return names.includes(place.wrt.value) ? [place.wrt.value] : names.slice(0, 1)
})

/** All below is null while no expression could be read. */
const whenRead = <T>(f: (expression: Expression) => T): ReadonlySignal<T | null> =>
  computed(() => (good.value ? f(good.value) : null))

export const explanation: ReadonlySignal<Explanation | null> = whenRead(x => explained(x, at.value, wrt.value))
// what holds for all numbers follows from the expression alone
const anywhere = whenRead(
  x => (by: readonly string[]) => explained(x, Object.fromEntries(x.names.map((name, k) => [name, start(k)])), by),
)
export const form: ReadonlySignal<Shape | null> = whenRead(x =>
  shape(x, (anywhere.value as NonNullable<typeof anywhere.value>)([])),
)
export const dots: ReadonlySignal<Tangents | null> = computed(
  () => anywhere.value && tangents(anywhere.value(wrt.value)),
)
export const counted: ReadonlySignal<Numbers | null> = computed(() => explanation.value && numbers(explanation.value))

export const length = computed(() => counted.value?.steps.length ?? 0)
export const position = computed(() => Math.min(place.step.value, length.value))
export const move = (to: number): void => {
  place.step.value = to >= length.peek() ? Infinity : to
}
export const now: ReadonlySignal<Moment | null> = computed(() => counted.value && moment(counted.value, position.value))

const layouts = computed(() => {
  const made = new Map<Direction, Layout>()
  const of = form.value
  return (direction: Direction): Layout | null => {
    if (!of) return null
    const known = made.get(direction) ?? layout(of, direction)
    made.set(direction, known)
    return known
  }
})
/** So heavy a graph takes longer than a page may pause: the worker lays it out. */
const HEAVY = 60
const heavy = computed(() => form.value !== null && weight(form.value) > HEAVY)
/** So many nodes scroll, whichever way they go: one layout is enough. */
const MANY = 40
const directions = (width: number, height: number): readonly Direction[] =>
  (form.value?.nodes.length ?? 0) <= MANY ? ['right', 'down'] : [width > height ? 'right' : 'down']
/** Has the worker lay out what is too much for the page. */
export function prepare(width: number, height: number): void {
  drop('layout')
  if (form.value && heavy.value)
    ask('layout', { nodes: form.value.nodes, edges: form.value.edges, directions: directions(width, height) })
}
/** The layout that is larger when it is fit into so much room; null until there is one. */
export function fitting(width: number, height: number): Layout | null {
  const made = heavy.value ? (asked.layout.value.answer ?? []) : directions(width, height).map(layouts.value)
  // of the graph before
  if (made.some(x => x?.boxes.length !== form.value?.nodes.length)) return null
  const size = (x: Layout | null): number => (x ? Math.min(1, width / x.width, height / x.height) : 0)
  const [first = null, other = null] = made
  return size(other) > size(first) * 1.15 ? other : first
}

/** The row under the pointer or the focus. */
const hover = signal<number | null>(null)
export const pinned = computed(() => form.value?.nodes.find(({ name }) => name === place.pin.value)?.index ?? null)
export const point = (index: number | null): void => {
  hover.value = index
}
/** The row that is lit everywhere. */
export const hot = computed(() => hover.value ?? pinned.value)
export function pin(index: number): void {
  const name = form.peek()?.nodes[index]?.name ?? ''
  place.pin.value = place.pin.peek() === name ? '' : name
}
