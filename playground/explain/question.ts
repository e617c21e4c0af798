// What the page asks its worker: the last answer of each kind, and whether a newer one is on its way.
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { Desk } from '../desk.ts'
import type { Jobs } from './worker.ts'

type Kind = keyof Jobs
type Answers = { readonly [K in Kind]: ReturnType<Jobs[K]> }
interface Asked<A> {
  readonly answer: A | null
  readonly waits: boolean
  /** What went wrong instead. */
  readonly error: string | null
}
/** How long an old question may keep a newer one of its kind waiting, in ms. */
const PATIENCE = 500
const hire = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
// a picture is not to wait for a verdict
const [words, picture] = [new Desk<Jobs>(hire), new Desk<Jobs>(hire)]
const deskOf = (kind: Kind): Desk<Jobs> => (kind === 'layout' ? picture : words)
const answers = {
  derive: signal<Answers['derive'] | null>(null),
  verdict: signal<Answers['verdict'] | null>(null),
  layout: signal<Answers['layout'] | null>(null),
}

const state = <K extends Kind>(kind: K): ReadonlySignal<Asked<Answers[K]>> =>
  computed(() => {
    const error = deskOf(kind).failed(kind) || null
    return {
      answer: error ? null : (answers[kind].value as Answers[K] | null),
      waits: deskOf(kind).awaits(kind),
      error,
    }
  })
export const asked: { readonly [K in Kind]: ReadonlySignal<Asked<Answers[K]>> } = {
  derive: state('derive'),
  verdict: state('verdict'),
  layout: state('layout'),
}

export function ask<K extends Kind>(kind: K, question: Parameters<Jobs[K]>[0]): void {
  const told = (answer: Answers[Kind]): void => {
    answers[kind].value = answer as never
  }
  deskOf(kind).ask(kind, question, told, PATIENCE)
}

/** An answer of this kind is wanted no more, and the last is nothing to show. */
export function drop(kind: Kind): void {
  answers[kind].value = null
  deskOf(kind).drop(kind)
}
