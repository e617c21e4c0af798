// Questions to a Web Worker: of each kind the newest alone is answered, and what a newer one has replaced is dropped.
import { computed, type ReadonlySignal, signal } from '@preact/signals'

/** What a worker can do: a function of one question by the kind. */
export type Jobs = Readonly<Record<string, (question: never) => unknown>>
type Question<J extends Jobs, K extends keyof J> = Parameters<J[K]>[0]
type Answer<J extends Jobs, K extends keyof J> = ReturnType<J[K]>
type Told<J extends Jobs, K extends keyof J> = (answer: Answer<J, K> | Error) => void

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

/** On the page: hands the worker one question at a time, kinds in the order in which they were asked first. */
export class Desk<J extends Jobs> {
  readonly #worker: Worker
  readonly #waiting = new Map<keyof J, { readonly question: unknown; readonly told: (answer: never) => void }>()
  readonly #now = signal<keyof J | null>(null)
  readonly #asked = new Map<keyof J, number>()
  #told: (reply: Reply) => void = () => {}

  constructor(worker: Worker) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#told(data))
    worker.addEventListener('error', event => this.#told({ error: event.message || 'the worker could not be started' }))
  }

  /** Is a question being answered? */
  readonly busy: ReadonlySignal<boolean> = computed(() => this.#now.value !== null)

  /** `told` is called once with the answer, or with an Error; never if the same kind is asked again before. */
  ask<K extends keyof J & string>(kind: K, question: Question<J, K>, told: Told<J, K>): void {
    this.#asked.set(kind, (this.#asked.get(kind) ?? 0) + 1)
    this.#waiting.set(kind, { question, told })
    this.#next()
  }

  /** The answer of this kind that is awaited is wanted no more. */
  drop(kind: keyof J): void {
    this.#asked.set(kind, (this.#asked.get(kind) ?? 0) + 1)
    this.#waiting.delete(kind)
  }

  #next(): void {
    if (this.#now.peek() !== null) return
    const [entry] = this.#waiting
    if (!entry) return
    const [kind, { question, told }] = entry
    this.#waiting.delete(kind)
    const number = this.#asked.get(kind)
    this.#now.value = kind
    this.#told = ({ answer, error }) => {
      this.#now.value = null
      if (this.#asked.get(kind) === number) told((error === undefined ? answer : new Error(error)) as never)
      this.#next()
    }
    this.#worker.postMessage({ kind, question })
  }
}
