// Who trains while somebody watches: hears requests, takes steps in short slices, and shows a frame when one is wanted.
import { engineNames, type Frame, type Place, type Reply, type Request, type Setup } from './message.ts'
import { Diverged, Session } from './session.ts'

/** Milliseconds of steps between two looks at what was asked. */
const slice = 12
/** While it runs, frames take at most one part of so many of the time. */
const share = 3
/** Milliseconds over which speed is measured. */
const span = 500
/** Milliseconds of steps by which an engine's speed is told, after some to get warm. */
const [warm, measured] = [100, 300]

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export class Trainer {
  readonly #send: (reply: Reply) => void
  readonly #breath: () => Promise<void>
  #session: Session | null = null
  /** Counts setups, so that one that is no longer asked for need not begin. */
  #edition = 0
  /** Counts what would make a measurement another, so that one which nobody waits for ends. */
  #measurement = 0
  /** Requests are answered one after the other. */
  #queue: Promise<void> = Promise.resolve()
  /** Steps that were asked for one by one. */
  #owed = 0
  /** Steps a second, null: as many as go; undefined: at rest. */
  #speed: number | null | undefined = undefined
  /** When the next step of a limited speed is to be taken. */
  #due = 0
  #looping = false
  #inspected: Place | null = null
  /** Does the page want a frame, and has anything changed since the last? */
  #wanted = true
  #stale = false
  /** How long the last frame took, and when it was done. */
  #frame = { took: 0, done: 0 }
  /** Times and step numbers of the last half second. */
  #marks: { readonly at: number; readonly steps: number }[] = []

  /** `breath` ends when requests that have come in meanwhile were heard. */
  constructor(send: (reply: Reply) => void, breath: () => Promise<void>) {
    this.#send = send
    this.#breath = breath
  }

  /** Hears a request; the promise is for those who want to know when it was answered. */
  hear(request: Request): Promise<void> {
    if (request.type === 'setup') this.#edition++
    const edition = this.#edition
    this.#queue = this.#queue.then(() => this.#answer(request, edition)).catch(error => this.#fail(error))
    return this.#queue
  }

  async #answer(request: Request, edition: number): Promise<void> {
    const session = this.#session
    switch (request.type) {
      case 'setup':
        if (edition === this.#edition) await this.#begin(request.setup)
        return
      case 'drawn':
        this.#wanted = true
        // while it runs, the loop says when
        if (!this.#looping) this.#show()
        return
      case 'pause':
        this.#rest()
        return this.#show()
      case 'inspect':
        this.#inspected = request.place
        return this.#changed()
    }
    // without a run there is nothing to go on with; why was said when it failed to begin
    if (!session) return
    switch (request.type) {
      case 'tune':
        session.tune(request.setup)
        this.#measurement++
        return this.#changed()
      case 'measure':
        // beside whatever else is asked for
        this.#measure(session.setup).catch(error => this.#fail(error))
        return
      case 'assign':
        session.assign(request.place, request.value)
        return this.#changed()
      case 'step':
        this.#owed += request.count
        break
      case 'run':
        this.#speed = request.speed
        this.#due = performance.now()
        this.#marks = []
    }
    if (!this.#looping) void this.#loop()
  }

  async #begin(setup: Setup): Promise<void> {
    this.#rest()
    this.#session = null
    this.#inspected = null
    this.#measurement++
    const session = await Session.begin(setup)
    this.#session = session
    this.#send({ type: 'ready', ...session.ready })
    this.#changed()
  }

  #rest(): void {
    // the speed that was shown is no more
    if (this.#speed !== undefined) this.#stale = true
    this.#owed = 0
    this.#speed = undefined
    this.#marks = []
  }
  #fail(error: unknown): void {
    this.#rest()
    this.#send({ type: 'failure', message: message(error) })
    this.#show()
  }

  async #loop(): Promise<void> {
    this.#looping = true
    while ((this.#owed > 0 || this.#speed !== undefined) && this.#session) {
      const session = this.#session
      const began = performance.now()
      try {
        while (performance.now() - began < slice) {
          if (this.#owed > 0) this.#owed--
          else if (typeof this.#speed === 'number') {
            if (performance.now() < this.#due) break
            // what could not be done in time is not made up for
            this.#due = Math.max(this.#due + 1000 / this.#speed, performance.now() - slice)
          } else if (this.#speed === undefined) break
          session.step()
          this.#stale = true
        }
      } catch (error) {
        this.#fail(error)
        break
      }
      this.#mark(session)
      const running = this.#speed !== undefined || this.#owed > 0
      if (!running || performance.now() - this.#frame.done >= (share - 1) * this.#frame.took) this.#show()
      const rest = typeof this.#speed === 'number' && this.#owed === 0 ? this.#due - performance.now() : 0
      // short, so that a pause or another speed is heard soon
      if (rest > 4) await new Promise(resolve => setTimeout(resolve, Math.min(rest, slice)))
      else await this.#breath()
    }
    this.#looping = false
    // the page may have asked while nobody looked
    this.#show()
  }

  #mark({ steps }: Session): void {
    const at = performance.now()
    this.#marks.push({ at, steps })
    while (this.#marks.length > 2 && at - this.#marks[0].at > span) this.#marks.shift()
  }
  /** Steps a second of late. */
  get #pace(): number {
    const [first, last] = [this.#marks[0], this.#marks[this.#marks.length - 1]]
    return this.#speed === undefined || !first || first === last
      ? 0
      : (1000 * (last.steps - first.steps)) / (last.at - first.at)
  }

  #changed(): void {
    this.#stale = true
    this.#show()
  }
  /** Sends a frame if there is something new and the page has drawn the last one. */
  #show(): void {
    if (!this.#session || !this.#wanted || !this.#stale) return
    const began = performance.now()
    const frame = this.#session.frame(this.#pace, this.#inspected)
    this.#wanted = this.#stale = false
    this.#send({ type: 'frame', ...frame })
    const done = performance.now()
    this.#frame = { took: done - began, done }
  }

  /** Trains other networks of the same setup for a while, one with each engine. */
  async #measure(setup: Setup): Promise<void> {
    const measurement = ++this.#measurement
    const speeds = { tensor: 0, scalar: 0 }
    for (const engine of engineNames) {
      const given = { ...setup, engine }
      await this.#paceOf(given, warm, measurement)
      speeds[engine] = await this.#paceOf(given, measured, measurement)
    }
    if (measurement === this.#measurement) this.#send({ type: 'speeds', speeds })
  }

  /** Steps a second of a setup, over some milliseconds of steps. */
  async #paceOf(setup: Setup, time: number, measurement: number): Promise<number> {
    let session = await Session.begin(setup)
    let [spent, steps] = [0, 0]
    while (spent < time && measurement === this.#measurement) {
      const began = performance.now()
      try {
        while (performance.now() - began < slice) {
          session.step()
          steps++
        }
      } catch (error) {
        // how it ends is not the question here
        if (!(error instanceof Diverged)) throw error
        session = await Session.begin(setup)
      }
      spent += performance.now() - began
      await this.#breath()
    }
    return (1000 * steps) / spent
  }
}

/** The arrays of a frame, which go over without a copy. */
export const transferred = ({ layers, outputs, units }: Frame): ArrayBufferLike[] => [
  outputs.buffer,
  ...units.map(({ buffer }) => buffer),
  ...layers.flatMap(layer => [layer.weight, layer.weightGrad, layer.bias, layer.biasGrad].map(({ buffer }) => buffer)),
]
