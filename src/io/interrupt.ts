// Ctrl-C ends a run cleanly, after the step under way; pressed again, the process at once.
import { described, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Callback } from '../train/callback.ts'

export interface InterruptibleOptions {
  /** Where a line says that the run ends after this step; null for no line (standard error). */
  readonly stream?: NodeJS.WritableStream | null
}

/** Ctrl-C, and what `kill` and cluster managers send. */
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']

/**
 * A callback of `fit` that stops the run when the process is interrupted (SIGINT, SIGTERM): the step under way is finished, `checkpoint`
 * writes its file, `fit` returns, and its `reason` names the signal. The next signal ends the process at once, as
 * without this. When the run ends, signals do what they did before.
 *
 * @throws ArgumentError for an unknown option, or a stream that is none
 * @example
 * const { reason } = await fit(model, { ...options, callbacks: [checkpoint('runs/digits'), interruptible()] })
 * if (reason !== null) process.exitCode = 130
 */
export function interruptible(given: InterruptibleOptions = {}): Callback {
  const { stream = process.stderr } = options('interruptible', given, ['stream'])
  if (stream !== null && typeof stream?.write !== 'function')
    throw new ArgumentError(`interruptible: stream is one to write to, or null, not ${described(stream)}`)
  let release = (): void => {}
  return {
    start(run) {
      release()
      const stop = (signal: NodeJS.Signals): void => {
        // without a listener the system itself ends the process at the next signal, however busy it is
        release()
        stream?.write(`${signal}: the run ends after this step; once more to end it at once\n`)
        run.stop(`interrupted by ${signal}`)
      }
      for (const signal of SIGNALS) process.on(signal, stop)
      release = () => {
        for (const signal of SIGNALS) process.off(signal, stop)
      }
    },
    end() {
      release()
    },
  }
}
