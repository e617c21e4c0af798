// What a step can be compiled for, beside the thread it runs on. Knows none itself: one is plugged in by who has it.
import type { Tensor } from '../engine/tensor.ts'
import type { Recording } from './record.ts'

/** What a program of a processor says of itself. */
export interface DeviceDescription {
  readonly engine: 'webgpu'
  /** What the GPU calls itself. */
  readonly device: string
  /** Ops that were recorded, the loops and kernels that they became, and what JavaScript does. */
  readonly ops: number
  readonly kernels: readonly string[]
  readonly host: readonly string[]
  /** How often in a run JavaScript waits for what the GPU has made, results excepted. */
  readonly waits: number
  /** Bytes of the arena, against those that all its arrays together would need. */
  readonly planned: number
  readonly naive: number
  readonly flops: number
  /** Characters of WGSL, and how long it took to make the program. */
  readonly code: number
  readonly milliseconds: number
}

export interface DeviceProgram {
  /** Runs it; `release` is called when the next call may begin, which is long before the results are there. */
  run(inputs: readonly Tensor[], release: () => void): Promise<readonly Tensor[]>
  describe(): DeviceDescription
}

export interface Processor {
  /** Does this now, or when it is its turn; the next one's is when it is released, or ends. */
  enter<T>(call: (release: () => void) => Promise<T>): Promise<T>
  /** Brings back what programs have left there, within one's turn. */
  fetch(): Promise<void>
  program(recording: Recording): Promise<DeviceProgram>
}
