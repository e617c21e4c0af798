// What the tab shows, in the address, and what the worker found for it.
import { batch, computed, effect, type Signal, signal } from '@preact/signals'
import type { Anatomy } from '../../src/explain/explain.ts'
import { Desk } from '../desk.ts'
import { among, choice, type Field, list, number, state, text } from '../place.ts'
import type { Minima } from './ground.ts'
import { type Constant, type Constants, type KindName, kindNames, kinds, plain } from './kind.ts'
import { read, type SurfaceName, surfaceNames, surfaces, zoomed } from './surface.ts'
import { type Path, type Result, type Runner, result } from './walk.ts'
import type { Jobs, Picture } from './worker.ts'

/** Steps a second, when they are played. */
export const speeds = [2, 5, 10, 20, 50] as const
/** As many steps as one may ask for. */
export const MOST = 1000
const first = surfaces.bowl
const some: readonly KindName[] = ['sgd', 'momentum', 'rmsprop', 'adam']

const constants = Object.fromEntries(
  kindNames.flatMap(kind =>
    Object.entries<Constant>(kinds[kind].constants).map(([name, { initial, min, max, integer }]) => [
      `${kind}.${name}`,
      number(initial, { min, max, integer }),
    ]),
  ),
) as Record<`${string}.${string}`, Field<number>>

const all = state<{
  surface: SurfaceName
  f: string
  k: number
  x: number
  y: number
  zoom: number
  on: readonly KindName[]
  steps: number
  at: number
  speed: number
  of: KindName
  tolerance: number
  [constant: `${string}.${string}`]: number
}>('optimizers', {
  surface: choice<SurfaceName>('bowl', surfaceNames),
  f: text(first.text),
  k: number(first.k, { min: 0.01, max: 1000 }),
  x: number(first.start.x, { min: -1000, max: 1000 }),
  y: number(first.start.y, { min: -1000, max: 1000 }),
  zoom: number(1, { min: 0.05, max: 20 }),
  on: list<KindName>(some, choice('sgd', kindNames), kindNames.length),
  steps: number(200, { min: 1, max: MOST, integer: true }),
  at: number(15, { min: 0, max: MOST, integer: true }),
  speed: among(20, speeds),
  of: choice<KindName>('adam', kindNames),
  tolerance: number(0.01, { min: 1e-8, max: 1 }),
  ...constants,
})
export const { surface, f, k, x, y, zoom, on, steps, at, speed, of, tolerance } = all
export const constant = (kind: KindName, name: string): Signal<number> => all[`${kind}.${name}`]

/** The settings of a surface, that suit it. */
export function choose(name: SurfaceName): void {
  batch(() => {
    surface.value = name
    zoom.value = 1
    if (name === 'own') return
    const chosen = surfaces[name]
    f.value = chosen.text
    k.value = chosen.k
    x.value = chosen.start.x
    y.value = chosen.start.y
    for (const kind of plain) constant(kind, 'lr').value = chosen.lr
  })
}
// an address may name a surface without its formula, or with another's
effect(() => {
  if (surface.value === 'own' || surfaces[surface.value].text === f.value) return
  if (f.value === first.text) choose(surface.value)
  else type(f.value)
})
/** A formula of the reader's own. */
export function type(text: string): void {
  batch(() => {
    f.value = text
    const known = surfaceNames.find(name => name !== 'own' && surfaces[name].text === text)
    surface.value = known ?? 'own'
  })
}

export const reading = computed(() => read(f.value))
export const view = computed(() =>
  zoomed(surface.value === 'own' ? first.view : surfaces[surface.value].view, zoom.value),
)
const constantsOf = (kind: KindName): Constants =>
  Object.fromEntries(Object.keys(kinds[kind].constants).map(name => [name, constant(kind, name).value]))
/** In the order of the list, whatever the address says. */
export const runners = computed<readonly Runner[]>(() =>
  kindNames.filter(kind => on.value.includes(kind)).map(kind => ({ kind, constants: constantsOf(kind) })),
)

// ---------------------------------------------------------------- what the worker found

export const picture = signal<Picture | null>(null)
/** Null while they are looked for. */
export const minima = signal<Minima | null>(null)
export const paths = signal<readonly Path[]>([])
/** The step that is taken apart: of whom, which, and its parts for x and y. */
export const moment = signal<{
  readonly kind: KindName
  readonly step: number
  readonly parts: readonly [Anatomy, Anatomy] | null
} | null>(null)
const hire = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
// the ground takes longest, and steps need not wait for it
const [below, desk] = [new Desk<Jobs>(hire), new Desk<Jobs>(hire)]
export const failure = computed(() => below.failure.value || desk.failure.value)

/** The path whose step is taken apart. */
export const chosen = computed<Path | undefined>(
  () => paths.value.find(({ kind }) => kind === of.value) ?? paths.value[0],
)
/** The step that is shown of a path: the last one where it is shorter. */
export const shown = ({ f }: Path, step = at.value): number => Math.min(step, f.length - 1)
export const results = computed<readonly (Path & { readonly end: Result })[]>(() =>
  paths.value.map(path => ({ ...path, end: result(path, minima.value?.minima ?? [], tolerance.value) })),
)

/** Asks the worker whenever what it depends on changes; returns what ends that. */
export function follow(): () => void {
  const ends = [
    effect(() => {
      if ('error' in reading.value) return
      const seen = { text: f.value, k: k.value, view: view.value }
      minima.value = null
      below.ask('ground', seen, answer => {
        picture.value = answer
      })
      below.ask('minima', seen, answer => {
        minima.value = answer
      })
    }),
    effect(() => {
      if ('error' in reading.value) return
      desk.ask(
        'walks',
        { text: f.value, k: k.value, start: { x: x.value, y: y.value }, steps: steps.value, runners: runners.value },
        answer => {
          paths.value = answer
        },
      )
    }),
    effect(() => {
      const path = chosen.value
      const runner = runners.value.find(({ kind }) => kind === path?.kind)
      if (!path || !runner || path.f.length === 0 || 'error' in reading.value) {
        moment.value = null
        return
      }
      const step = shown(path)
      desk.ask('moment', { text: f.value, k: k.value, start: { x: x.peek(), y: y.peek() }, runner, step }, parts => {
        moment.value = { kind: runner.kind, step, parts }
      })
    }),
  ]
  return () => {
    for (const end of ends) end()
    below.close()
    desk.close()
  }
}
