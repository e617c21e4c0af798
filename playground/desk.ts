// Questions to a Web Worker: of each kind the newest alone is answered, and what a newer one has replaced is dropped.
import { computed, type ReadonlySignal, signal } from '@preact/signals'

/** What a worker can do: a function of one question by the kind. */
export type Jobs = Readonly<Record<string, (question: never) => unknown>>
type Question<J extends Jobs, K extends keyof J> = Parameters<J[K]>[0]
type Answer<J extends Jobs, K extends keyof J> = ReturnType<J[K]>

interface Reply {
  readonly answer?: unknown
  readonly error?: string
}

/** In the worker: answers what it is asked. */
export function serve(jobs: Jobs): void {
  addEventListener('message', ({ data }: MessageEvent<{ kind: string; question: never }>) => {
    let reply: Reply
    try {
      reply = { answer: jobs[data.kind](data.question) }
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) }
    }
    postMessage(reply)
  })
}

/**
 * On the page: hands a worker one question at a time, kinds in the order in which they were asked first. The worker is
 * hired when there is something to ask, and anew after it has failed or was stopped.
 */
export class Desk<J extends Jobs> {
  readonly #hire: () => Worker
  #worker: Worker | null = null
  readonly #waiting = new Map<keyof J, { readonly question: unknown; readonly told: (answer: never) => void }>()
  readonly #now = signal<{ readonly kind: keyof J; readonly since: number } | null>(null)
  readonly #asked = new Map<keyof J, number>()
  readonly #failures = signal<ReadonlyMap<keyof J, string>>(new Map())
  readonly #awaited = signal<ReadonlySet<keyof J>>(new Set())
  #told: (reply: Reply) => void = () => {}

  constructor(hire: () => Worker) {
    this.#hire = hire
  }

  /** Is a question being answered? */
  readonly busy: ReadonlySignal<boolean> = computed(() => this.#now.value !== null)
  /** What went wrong with the newest question of a kind, of whichever has failed; '' if none has. */
  readonly failure: ReadonlySignal<string> = computed(() => [...this.#failures.value.values()][0] ?? '')

  /** What went wrong with the newest question of this kind that was answered; '' if nothing did. */
  failed(kind: keyof J): string {
    return this.#failures.value.get(kind) ?? ''
  }
  /** Is an answer of this kind still to come? */
  awaits(kind: keyof J): boolean {
    return this.#awaited.value.has(kind)
  }

  /**
   * `told` is called once with the answer; never if there is none, or if the same kind is asked again before. An older
   * question of this kind that has been at work for more than `patience` ms is not waited for.
   */
  ask<K extends keyof J & string>(
    kind: K,
    question: Question<J, K>,
    told: (answer: Answer<J, K>) => void,
    patience = Infinity,
  ): void {
    this.#forget(kind)
    this.#awaited.value = new Set([...this.#awaited.peek(), kind])
    this.#waiting.set(kind, { question, told })
    const now = this.#now.peek()
    if (now?.kind === kind && performance.now() - now.since > patience) this.stop()
    else this.#next()
  }

  /** The answer of this kind that is awaited is wanted no more. */
  drop(kind: keyof J): void {
    this.#forget(kind)
    this.#note(kind, undefined)
  }

  /** Nobody waits for what is being answered: what else was asked goes on with another worker. */
  stop(): void {
    this.#worker?.terminate()
    this.#worker = null
    this.#now.value = null
    this.#next()
  }

  /** Nothing is asked any more. */
  close(): void {
    for (const kind of this.#asked.keys()) this.drop(kind)
    this.stop()
  }

  #forget(kind: keyof J): void {
    this.#asked.set(kind, (this.#asked.get(kind) ?? 0) + 1)
    this.#waiting.delete(kind)
  }

  #note(kind: keyof J, error: string | undefined): void {
    if (this.#awaited.peek().has(kind))
      this.#awaited.value = new Set([...this.#awaited.peek()].filter(other => other !== kind))
    if ((error ?? '') === (this.#failures.peek().get(kind) ?? '')) return
    const others = [...this.#failures.peek()].filter(([other]) => other !== kind)
    this.#failures.value = new Map(error === undefined ? others : [...others, [kind, error]])
  }

  #hired(): Worker {
    if (this.#worker) return this.#worker
    const worker = this.#hire()
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      if (this.#worker === worker) this.#told(data)
    })
    worker.addEventListener('error', event => {
      if (this.#worker !== worker) return
      // one that could not be started answers nobody
      worker.terminate()
      this.#worker = null
      this.#told({ error: event.message || 'the worker could not be started' })
    })
    this.#worker = worker
    return worker
  }

  #next(): void {
    if (this.#now.peek() !== null) return
    const [entry] = this.#waiting
    if (!entry) return
    const [kind, { question, told }] = entry
    this.#waiting.delete(kind)
    const number = this.#asked.get(kind)
    this.#now.value = { kind, since: performance.now() }
    this.#told = ({ answer, error }) => {
      this.#now.value = null
      if (this.#asked.get(kind) === number) {
        this.#note(kind, error)
        if (error === undefined) told(answer as never)
      }
      this.#next()
    }
    this.#hired().postMessage({ kind, question })
  }
}
