// Threads: workers that run their part of a program beside the main thread, over the one memory that they share.
import { heap, thread } from '../../backend/heap.ts'
import { ArgumentError, CompileError } from '../../engine/errors.ts'
import type { Barrier } from './schedule.ts'
import { BARRIER, ERROR, JOB, KINDS, LINE, OWN, SLEEPERS, type Start, WORKER, WORKERS } from './worker.ts'

/** The parts that are used of Node's modules and of what is global in browsers; none of them need be there. */
interface NodeWorker {
  on(event: 'error', listener: (error: unknown) => void): void
  unref(): void
}
interface Host {
  readonly document?: unknown
  readonly crossOriginIsolated?: boolean
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly process?: {
    getBuiltinModule?(name: 'node:os'): { availableParallelism(): number } | undefined
    getBuiltinModule?(
      name: 'node:worker_threads',
    ): { readonly Worker: new (code: string, options: object) => NodeWorker } | undefined
  }
  readonly Worker?: typeof Worker
}
const host = globalThis as unknown as Host

/** Starts a worker, or says what is missing. */
function starter(): ((start: Start, failed: () => void) => void) | string {
  if (typeof SharedArrayBuffer === 'undefined' || host.crossOriginIsolated === false)
    return 'memory is shared only on pages that are cross-origin isolated (the headers COOP and COEP)'
  const module = host.process?.getBuiltinModule?.('node:worker_threads')
  if (module) {
    const code = `${WORKER}enter(globalThis.process?.getBuiltinModule('node:worker_threads').workerData)`
    return (start, failed) => {
      // what the process was started with, a loader of TypeScript say, is not for the worker
      const worker = new module.Worker(code, { eval: true, workerData: start, execArgv: [], argv: [], env: {} })
      worker.on('error', failed)
      worker.unref()
    }
  }
  const { Worker: Class } = host
  if (!Class) return host.process ? 'Node 20.16 is the first that has them' : 'there are no workers here'
  const url = URL.createObjectURL(
    new Blob([`${WORKER}onmessage = ({ data }) => enter(data)`], { type: 'text/javascript' }),
  )
  return (start, failed) => {
    const worker = new Class(url)
    worker.onerror = failed
    worker.postMessage(start)
  }
}
const cores = (): number =>
  host.navigator?.hardwareConcurrency ?? host.process?.getBuiltinModule?.('node:os')?.availableParallelism() ?? 1

let wanted = 1
let warned = false
function warn(why: string): void {
  if (!warned) console.warn(`threads: programs run on one thread: ${why}`)
  warned = true
}

/**
 * How many threads the programs use that are compiled from now on: 1 at first, and at most one for each core. Kernels
 * that are worth it are divided among them, and results are the same to the bit as with one. Where it does not pay, a
 * program goes on with one thread. Without an argument, only asks.
 *
 * To be called before the first program is made, since programs share a memory and workers need one of another kind.
 * Needs workers and shared memory: Node from 20.16, or a page that is cross-origin isolated; elsewhere it stays at 1,
 * and the console says so.
 *
 * @throws ArgumentError when programs were made before without threads, or n is not a whole number from 1 up
 * @example
 * threads(1) // 1
 */
export function threads(n?: number): number {
  if (n === undefined || n === wanted) return wanted
  if (!Number.isInteger(n) || n < 1) throw new ArgumentError(`threads: n is a whole number of at least 1, not ${n}`)
  const most = Math.min(n, cores())
  if (most > 1) {
    const start = starter()
    if (typeof start === 'string') {
      warn(start)
      return wanted
    }
    if (!thread())
      throw new ArgumentError(
        'threads: programs have been compiled already, over a memory that threads cannot share. Call threads(n) before the first compiled step runs',
      )
  }
  wanted = most
  return wanted
}

interface Job {
  readonly kind: number
  readonly program: number
  readonly first: number
  readonly second: number
  /** Of how many threads the program is. */
  readonly size: number
  /** Called when all are done. */
  readonly after: () => void
}

/** The workers of this process, and the block of the memory through which they get their jobs. */
class Crew {
  readonly #at = heap().place(4 * (WORKERS + LINE * cores()))
  /** The block. A view of shared memory stays good when the memory grows. */
  readonly #words = new Int32Array(heap().memory.buffer, this.#at, WORKERS + LINE * cores())
  #workers = 0
  /** What the barriers' count is between two jobs. */
  #count = 0
  #failed = false
  /** What has to be said to the workers, and what has been said and is not done. */
  readonly #queue: Job[] = []
  #pending: Job | null = null

  constructor() {
    this.#words.fill(0)
  }

  get barrier(): Barrier {
    return {
      counter: this.#at + 4 * BARRIER,
      sleepers: this.#at + 4 * SLEEPERS,
      // a page's own thread must not
      blocks: host.document === undefined,
    }
  }

  /** Starts workers until there are so many threads. A program runs on one thread until all have started. */
  grow(size: number): void {
    const start = starter()
    if (typeof start === 'string') return
    while (this.#workers < size - 1) {
      this.#workers++
      try {
        start({ memory: heap().memory, at: this.#at, thread: this.#workers }, () => this.#fail('a worker failed'))
      } catch (error) {
        this.#fail(`a worker did not start (${error instanceof Error ? error.message : error})`)
      }
    }
  }
  #fail(why: string): void {
    this.#failed = true
    warn(why)
  }

  /** Where the words of each worker of so many threads begin. */
  #lines(size: number): number[] {
    return Array.from({ length: size - 1 }, (_, i) => WORKERS + LINE * i)
  }
  #give({ kind, program, first, second, size }: Omit<Job, 'after'>): void {
    const words = this.#words
    words[JOB.kind] = kind
    words[JOB.program] = program
    words[JOB.first] = first
    words[JOB.second] = second
    for (const own of this.#lines(size)) {
      Atomics.add(words, own + OWN.given, 1)
      // one that has not said yet that it sleeps sees the new job before it does
      if (Atomics.load(words, own + OWN.sleeping)) Atomics.notify(words, own + OWN.given)
    }
  }

  add(job: Job): void {
    this.#queue.push(job)
  }
  /** Is everything said and done, so that a segment can be run? */
  idle(): boolean {
    if (this.#failed) return false
    const words = this.#words
    if (this.#pending) {
      const { size, after } = this.#pending
      if (this.#lines(size).some(own => Atomics.load(words, own + OWN.done) !== words[own + OWN.given])) return false
      this.#pending = null
      if (this.#check()) after()
    }
    const [next] = this.#queue
    if (!next) return !this.#failed
    if (this.#lines(next.size).some(own => Atomics.load(words, own + OWN.ready) === 0)) return false
    this.#queue.shift()
    this.#pending = next
    this.#give(next)
    return false
  }
  #check(): boolean {
    const by = Atomics.load(this.#words, ERROR)
    if (by) this.#fail(`thread ${by} failed`)
    return !this.#failed
  }

  /**
   * Runs a segment with as many threads, `own` being this one's part. A kernel cannot fail: it neither allocates nor
   * leaves the memory. If a worker throws nevertheless, it lets everybody through all barriers, and it is an error here.
   */
  run(program: number, segment: number, size: number, own: (count: number) => void, arrivals: number): void {
    this.#give({ kind: KINDS.run, program, first: segment, second: this.#count, size })
    own(this.#count)
    this.#count = (this.#count + arrivals) | 0
    if (Atomics.load(this.#words, ERROR) && !this.#check())
      throw new CompileError('compile: a thread failed within a program: what the step computes is not whole')
  }
}

let crew: Crew | null = null
/** What the functions of a program for so many threads need to wait for each other. */
export function barrier(size: number): Barrier {
  crew ??= new Crew()
  crew.grow(size)
  return crew.barrier
}

let programs = 0
const dropped = new FinalizationRegistry<{ readonly program: number; readonly size: number }>(({ program, size }) =>
  crew?.add({ kind: KINDS.drop, program, first: 0, second: 0, size, after: () => {} }),
)

/** The threads of one program: each holds an instance of its module. */
export class Team {
  readonly #program = ++programs
  readonly #loaded = { yet: false }

  constructor(
    readonly size: number,
    code: Uint8Array,
  ) {
    const memory = heap()
    const address = memory.place(code.length)
    memory.write(address, 'bool', code)
    const loaded = this.#loaded
    crew?.add({
      kind: KINDS.load,
      program: this.#program,
      first: address,
      second: code.length,
      size,
      after: () => {
        memory.free(address)
        loaded.yet = true
      },
    })
    dropped.register(this, { program: this.#program, size })
  }

  /** Have all threads the module, and nothing else to do? */
  get ready(): boolean {
    return (crew?.idle() ?? false) && this.#loaded.yet
  }
  run(segment: number, own: (count: number) => void, arrivals: number): void {
    crew?.run(this.#program, segment, this.size, own, arrivals)
  }
}

/** How often each way is tried in a row, in how many turns, and for how many calls the faster one is kept at first. */
const [ROW, TURNS, KEPT, MOST] = [4, 6, 128, 8192]
/** `always`: for tests, to use threads whenever they are ready. */
export const choice = { always: false }

/**
 * Whether threads pay, measured: for some calls a program runs with and without in turns, then the way that took less
 * (by the medians) is kept, and after longer and longer spans it is tried again. Both give the same results.
 */
export class Choice {
  #calls = 0
  #kept = KEPT
  #together = false
  #times: [alone: number[], together: number[]] = [[], []]

  /** Whether the next call is to use threads. */
  get together(): boolean {
    if (choice.always) return true
    return this.#calls < ROW * TURNS ? Math.floor(this.#calls / ROW) % 2 === 1 : this.#together
  }
  /** Says how long it took. */
  took(milliseconds: number): void {
    const { together } = this
    const call = this.#calls++
    if (call < ROW * TURNS) {
      // the first of a row wakes the workers
      if (call % ROW > 0) this.#times[+together]?.push(milliseconds)
    } else if (call >= this.#kept) {
      this.#calls = 0
      this.#kept = Math.min(MOST, 2 * this.#kept)
      this.#times = [[], []]
    }
    if (call === ROW * TURNS - 1) {
      const [alone, beside] = this.#times.map(median) as [number, number]
      this.#together = beside < alone
    }
  }
}
function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}
