// A GPU that steps are compiled for: whose turn it is, and what it is asked for.
import type { Device } from '../../backend/webgpu/device.ts'
import type { DeviceProgram, Processor } from '../processor.ts'
import type { Recording } from '../record.ts'
import { GpuProgram } from './program.ts'
import { Residence } from './residence.ts'

export class Gpu implements Processor {
  readonly #residence: Residence
  /** Calls that wait for their turn. */
  readonly #queue: (() => void)[] = []
  #busy = false

  /** Of a device that has been asked for. See `webgpu`. */
  constructor(device: Device) {
    this.#residence = new Residence(device)
  }

  /** What the GPU calls itself. */
  get name(): string {
    return this.#residence.device.name
  }
  /** Bytes of its memory that programs hold. */
  get used(): number {
    return this.#residence.device.used
  }

  enter<T>(call: (release: () => void) => Promise<T>): Promise<T> {
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      const next = this.#queue.shift()
      // from a fresh stack, and nobody comes in between
      if (next) queueMicrotask(next)
      else this.#busy = false
    }
    const run = (): Promise<T> => {
      this.#busy = true
      return call(release).finally(release)
    }
    if (!this.#busy) return run()
    return new Promise((resolve, reject) => {
      this.#queue.push(() => run().then(resolve, reject))
    })
  }

  /** Brings back what programs have left, when all that was called is done. */
  sync(): Promise<void> {
    return this.enter(() => this.fetch())
  }
  fetch(): Promise<void> {
    return this.#residence.fetch()
  }
  program(recording: Recording): Promise<DeviceProgram> {
    return GpuProgram.make(this.#residence, recording)
  }
}
