// What a worker runs, as text, since it is to start without a file: waits for jobs and does its part of them.

/** Words of the block that threads share: four bytes each, those that one thread waits for on a line of the cache. */
export const LINE = 16
/** The job: what to do; with which program; segment and barrier count, or address and length of a module. */
export const JOB = { kind: 0, program: 1, first: 2, second: 3 } as const
/** Set when a worker has failed. */
export const ERROR = 4
/** Counts arrivals at barriers; and, a line further, those who sleep there. */
export const BARRIER = LINE
export const SLEEPERS = 2 * LINE
/** From here on a line for each worker. */
export const WORKERS = 3 * LINE
/** In it: how many jobs it was given and how many it has finished, whether it sleeps, whether it has started. */
export const OWN = { given: 0, done: 1, sleeping: 2, ready: 3 } as const
export const KINDS = { run: 1, load: 2, drop: 3 } as const
/** Added to the barriers' count when a worker fails, so that nobody waits for it. */
export const RELEASE = 1 << 29

/** What a worker is started with. */
export interface Start {
  readonly memory: WebAssembly.Memory
  /** Where the block begins. */
  readonly at: number
  /** Which thread it is: 1, 2, … */
  readonly thread: number
}

/** Milliseconds that a worker looks for the next job before it sleeps: to be woken takes longer than many a job. */
const SPIN = 1

/** Defines `enter`, which is called with a `Start` and does not return. */
export const WORKER = `'use strict'
const enter = ({ memory, at, thread }) => {
  const words = new Int32Array(memory.buffer, at, ${WORKERS} + ${LINE} * thread)
  const own = ${WORKERS} + ${LINE} * (thread - 1)
  const given = own + ${OWN.given}
  const programs = new Map()
  const wait = seen => {
    let until = 0
    for (let round = 1; ; round++) {
      const now = Atomics.load(words, given)
      if (now !== seen) return now
      if (round % 256) continue
      const time = performance.now()
      if (until === 0) until = time + ${SPIN}
      else if (time > until) {
        Atomics.store(words, own + ${OWN.sleeping}, 1)
        Atomics.wait(words, given, seen)
        Atomics.store(words, own + ${OWN.sleeping}, 0)
        until = 0
      }
    }
  }
  const load = (address, length) => {
    // the memory may have grown in another thread
    if (memory.buffer.byteLength < address + length) memory.grow(0)
    const bytes = new Uint8Array(memory.buffer, address, length).slice()
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
    const functions = []
    for (const [name, f] of Object.entries(exports)) {
      const [, segment, of] = /^run(\\d+)_(\\d+)$/.exec(name) || []
      if (Number(of) === thread) functions[segment] = f
    }
    return functions
  }
  Atomics.store(words, own + ${OWN.ready}, 1)
  for (let seen = 0; ; ) {
    seen = wait(seen)
    const program = words[${JOB.program}]
    const first = words[${JOB.first}]
    const second = words[${JOB.second}]
    try {
      if (words[${JOB.kind}] === ${KINDS.run}) programs.get(program)[first](second)
      else if (words[${JOB.kind}] === ${KINDS.load}) programs.set(program, load(first, second))
      else programs.delete(program)
    } catch (error) {
      Atomics.store(words, ${ERROR}, thread)
      Atomics.add(words, ${BARRIER}, ${RELEASE})
      Atomics.notify(words, ${BARRIER})
    }
    Atomics.store(words, own + ${OWN.done}, seen)
  }
}
`
