// Which thread calls what, and where all wait for each other: as seldom as what they read and write allows.
import type { Code, Module } from '../../backend/wasm/assembler.ts'

/** A function of a module, and what it is called with. */
export interface Call {
  readonly f: number
  readonly addresses: readonly number[]
  /** The address of its scratch, which comes last, when one thread runs it; null for a function that takes none. */
  readonly scratch: number | null
}
/** Addresses of the counts of arrivals at barriers and of those who sleep there; may the first thread sleep? */
export interface Barrier {
  readonly counter: number
  readonly sleepers: number
  readonly blocks: boolean
}
/** Bytes of the memory. */
export interface Span {
  readonly from: number
  readonly to: number
}
/** What one thread does of a kernel, and the bytes that it touches. */
export interface Share {
  readonly calls: readonly Call[]
  readonly reads: readonly Span[]
  readonly writes: readonly Span[]
}

interface Touched {
  readonly reads: Span[]
  readonly writes: Span[]
  /** Nanoseconds, by a rough estimate. */
  work: number
}

const meet = (a: readonly Span[], b: readonly Span[]): boolean =>
  a.some(x => b.some(y => x.from < y.to && y.from < x.to))
/** From how many nanoseconds on a kernel that is not divided may go to a thread that has less to do than the first. */
const APART = 5_000

/** The kernels of a segment, on several threads. */
export class Schedule {
  /** What each thread calls; null is a barrier. */
  readonly #lists: (Call | null)[][]
  /** What each has touched and been given to do since the last barrier. */
  #touched: Touched[] = []
  #barriers = 0
  /** Does more than one thread have something to do? */
  divided = false

  /** The scratch of each thread: no two use the same. */
  constructor(readonly scratch: readonly number[]) {
    this.#lists = scratch.map(() => [])
    this.#clear()
  }
  #clear(): void {
    this.#touched = this.scratch.map(() => ({ reads: [], writes: [], work: 0 }))
  }

  /** Would a share, given to a thread, meet what another one does before the next barrier? */
  #clashes({ reads, writes }: Share, thread: number): boolean {
    return this.#touched.some(
      (other, t) =>
        t !== thread && (meet(writes, other.writes) || meet(writes, other.reads) || meet(reads, other.writes)),
    )
  }
  #give(share: Share, thread: number, work: number): void {
    const own = this.#touched[thread] as Touched
    this.#lists[thread]?.push(...share.calls)
    own.reads.push(...share.reads)
    own.writes.push(...share.writes)
    own.work += work
    if (thread > 0) this.divided = true
  }
  #barrier(): void {
    for (const list of this.#lists) list.push(null)
    this.#barriers++
    this.#clear()
  }

  /** A kernel in one share, which goes wherever it need not wait, or in as many as there are threads at most. */
  add(shares: readonly Share[], work: number): void {
    const [share, ...others] = shares
    if (!share) return
    if (others.length > 0) {
      if (shares.some((x, t) => this.#clashes(x, t))) this.#barrier()
      for (const [t, x] of shares.entries()) this.#give(x, t, work / shares.length)
      return
    }
    const free = this.#touched.flatMap((_, t) => (this.#clashes(share, t) ? [] : [t]))
    if (free.length === 0) this.#barrier()
    const [first = 0] = free
    const idle = free.reduce((a, b) => (this.#work(b) < this.#work(a) ? b : a), first)
    this.#give(share, work >= APART ? idle : first, work)
  }
  #work(thread: number): number {
    return this.#touched[thread]?.work as number
  }

  /**
   * Writes a function for each thread, `name(t)`, of the count of arrivals at barriers so far. Returns how many they
   * make. At the end only the first thread waits: the others have nothing to wait for.
   */
  emit(module: Module, name: (thread: number) => string, barrier: Barrier): number {
    const threads = this.scratch.length
    const arrive = arrival(module, barrier)
    this.#lists.forEach((list, t) => {
      const wait = waiting(module, barrier, t > 0 || barrier.blocks)
      const index = module.function(['i32'], [], code => {
        let arrivals = 0
        const meet = (stay: boolean): void => {
          arrivals += threads
          const target = (): Code => code.get(0).i32(arrivals).op('i32.add')
          target().call(arrive)
          if (stay) target().call(wait)
        }
        for (const call of list) {
          if (call === null) meet(true)
          else {
            for (const address of call.addresses) code.i32(address)
            if (call.scratch !== null) code.i32(this.scratch[t] as number)
            code.call(call.f)
          }
        }
        meet(t === 0)
      })
      module.export(name(t), index)
    })
    return threads * (this.#barriers + 1)
  }
}

/** How often a thread looks whether all have arrived, a tenth of a millisecond, before it sleeps. */
const LOOKS = 100_000

/** A function of the count at which all have arrived: counts this thread, and wakes those who sleep if it is the last. */
function arrival(module: Module, { counter, sleepers }: Barrier): number {
  return module.shared('arrive', ['i32'], [], code => {
    code.i32(counter).i32(1).atomic('i32.atomic.rmw.add').i32(1).op('i32.add').get(0).op('i32.eq')
    code.when(() =>
      code
        .i32(sleepers)
        .atomic('i32.atomic.load')
        .when(() => code.i32(counter).i32(-1).atomic('memory.atomic.notify').op('drop')),
    )
  })
}
/** A function of the same: comes back when all have arrived. */
function waiting(module: Module, { counter, sleepers }: Barrier, blocks: boolean): number {
  return module.shared(`wait ${blocks}`, ['i32'], [], code => {
    const seen = code.local('i32')
    // a difference, since the count may pass the largest number
    const here = (): Code => code.i32(counter).atomic('i32.atomic.load').get(0).op('i32.sub').i32(0).op('i32.ge_s')
    code.block(leave => {
      const looks = (again: () => void): void => {
        here()
        leave()
        if (blocks) code.get(seen).i32(1).op('i32.add').tee(seen).i32(LOOKS).op('i32.lt_s')
        else code.i32(1)
        again()
      }
      code.loop(looks)
      code.i32(sleepers).i32(1).atomic('i32.atomic.rmw.add').op('drop')
      code.block(wake =>
        code.loop(again => {
          code.i32(counter).atomic('i32.atomic.load').tee(seen).get(0).op('i32.sub').i32(0).op('i32.ge_s')
          wake()
          // not if somebody has arrived since
          code.i32(counter).get(seen).i64(-1).atomic('memory.atomic.wait32').op('drop').i32(1)
          again()
        }),
      )
      code.i32(sleepers).i32(-1).atomic('i32.atomic.rmw.add').op('drop')
    })
  })
}
