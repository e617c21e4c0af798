// What the page asks its worker, and how: of each kind the newest question counts, and the page never waits.
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Table } from '../../src/explain/explain.ts'
import type { Amounts } from './fields.ts'

interface Questions {
  readonly derive: {
    readonly f: string
    /** An input's name; all when it is null. */
    readonly by: string | null
    readonly order: number
  }
  readonly verdict: { readonly f: string; readonly at: Amounts }
}
interface Answers {
  readonly derive: { readonly typescript: string; readonly latex: string }
  readonly verdict: { readonly ok: boolean; readonly tables: readonly Table[] }
}
type Kind = keyof Questions
export interface Request<K extends Kind = Kind> {
  readonly kind: K
  readonly question: Questions[K]
}
export type Reply =
  | { readonly [K in Kind]: { readonly kind: K; readonly answer: Answers[K] } }[Kind]
  | { readonly kind: Kind; readonly error: string }

/** The last answer, whether a newer one is on its way, and what went wrong instead. */
interface Asked<A> {
  readonly answer: A | null
  readonly waits: boolean
  readonly error: string | null
}
const nothing = { answer: null, waits: false, error: null }
const states = {
  derive: signal<Asked<Answers['derive']>>(nothing),
  verdict: signal<Asked<Answers['verdict']>>(nothing),
}
export const asked: { readonly [K in Kind]: ReadonlySignal<Asked<Answers[K]>> } = states

/** How long an old question may keep a newer one of its kind waiting, in ms. */
const PATIENCE = 500
const waiting = new Map<Kind, Questions[Kind]>()
let worker: Worker | null = null
let busy: { readonly kind: Kind; readonly since: number } | null = null

function next(): void {
  const [first] = waiting
  if (busy || !first) return
  const [kind, question] = first
  waiting.delete(kind)
  if (!worker) {
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      busy = null
      if (!waiting.has(data.kind)) said(data)
      next()
    }
    worker.onerror = event => {
      const { kind } = busy ?? { kind: null }
      stop()
      if (kind) said({ kind, error: event.message || 'The worker could not be started.' })
      next()
    }
  }
  busy = { kind, since: performance.now() }
  worker.postMessage({ kind, question })
}
function said(reply: Reply): void {
  const state = states[reply.kind]
  if ('error' in reply) state.value = { ...nothing, error: reply.error }
  else if (reply.kind === 'derive') states.derive.value = { ...nothing, answer: reply.answer }
  else states.verdict.value = { ...nothing, answer: reply.answer }
}
function stop(): void {
  worker?.terminate()
  worker = null
  busy = null
}

export function ask<K extends Kind>(kind: K, question: Questions[K]): void {
  waiting.set(kind, question)
  const state = states[kind]
  state.value = { ...state.peek(), waits: true }
  // what nobody wants any more does not hold up what is wanted
  if (busy?.kind === kind && performance.now() - busy.since > PATIENCE) stop()
  next()
}
