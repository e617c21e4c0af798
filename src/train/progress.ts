// A progress bar: live on a terminal, about ten plain lines in a log. Node only (gradus/progress).
import type * as CliProgress from 'cli-progress'
import { ArgumentError } from '../engine/errors.ts'
import { peer } from '../io/peer.ts'

export type ProgressOptions = {
  /** How many steps there will be. */
  total: number
  /** What is running, at the start of the line. */
  label?: string
  /** Where to write; standard error by default, so that results on standard output stay clean. */
  stream?: NodeJS.WritableStream
}

export type Progress = {
  /** One more step done. The metrics given are shown; one that is left out keeps its last value. */
  step(metrics?: Record<string, number>): void
  /** Draws the final state and ends the line. Happens by itself at the last step; harmless twice. */
  stop(): void
}

const FRAMES_PER_SECOND = 10
const LINES = 10

/**
 * Shows how far a loop has come: step / total, metrics, steps per second, time left.
 * On a terminal this is one live line, redrawn at most ten times a second; elsewhere about ten plain lines in all.
 * Steps per second is the mean since the start. It never hides the cursor, so a killed program leaves the terminal whole.
 *
 * Throws `ArgumentError` if `total` is not a whole number >= 0, and `DependencyError` on a terminal without cli-progress.
 *
 * @example
 * const bar = progress({ total: 100, label: 'moons' })
 * for (let i = 0; i < 100; i++) bar.step({ loss: 1 / (i + 1), accuracy: i / 100 })
 * bar.stop()
 * // moons  100/100  loss 0.0100  accuracy 0.990  512 steps/s  0s left
 */
export function progress(options: ProgressOptions): Progress {
  const { total, label = '', stream = process.stderr } = options
  if (!Number.isInteger(total) || total < 0)
    throw new ArgumentError(`progress: total must be a whole number, got ${total}`)
  const start = performance.now()
  const metrics: Record<string, number> = {}
  let done = 0
  let seconds = 0
  const line = () => {
    return [
      `${String(done).padStart(String(total).length)}/${total}`,
      ...Object.entries(metrics).map(([name, value]) => `${name} ${number(value)}`),
      // The first moments say nothing about the rate.
      ...(done > 0 && seconds > 0
        ? [`${rate(done / seconds)}`, `${time((seconds / done) * (total - done))} left`]
        : []),
    ].join('  ')
  }
  const view = (stream as { isTTY?: boolean }).isTTY
    ? live(label, total, stream, line)
    : plain(label, total, stream, line)
  let stopped = false
  const bar = {
    step(latest: Record<string, number> = {}) {
      if (stopped) return
      done++
      seconds = (performance.now() - start) / 1000
      Object.assign(metrics, latest)
      view.step(done)
      if (done >= total) bar.stop()
    },
    stop() {
      if (stopped) return
      stopped = true
      view.stop(done)
    },
  }
  return bar
}

type View = { step(done: number): void; stop(done: number): void }

function plain(label: string, total: number, stream: NodeJS.WritableStream, line: () => string): View {
  let shown = 0
  const show = (done: number) => {
    if (done === shown) return
    shown = done
    stream.write(`${label ? `${label}  ` : ''}${line()}\n`)
  }
  const part = (done: number) => Math.floor((done * LINES) / total)
  return { step: done => part(done) > part(done - 1) && show(done), stop: show }
}

function live(label: string, total: number, stream: NodeJS.WritableStream, line: () => string): View {
  const { SingleBar, Format } = peer<typeof CliProgress>('cli-progress', 'progress', 'cli-progress')
  const bar = new SingleBar({
    stream,
    fps: FRAMES_PER_SECOND,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    // Leaves the terminal's own wrapping and cursor as they are and cuts the line instead: nothing needs restoring.
    linewrap: true,
    format: (options, { progress, maxWidth = 80 }) => {
      const before = label ? `${label} ` : ''
      const after = ` ${line()}`
      const barsize = Math.min(30, maxWidth - 1 - before.length - after.length)
      const drawn = barsize < 5 ? '' : Format.BarFormat(progress, { ...options, barsize })
      return `${before}${drawn}${after}`.slice(0, maxWidth - 1)
    },
  })
  // A bar that nobody stopped (the loop threw, or broke off) must not keep the program alive.
  const render = bar.render.bind(bar)
  bar.render = () => {
    render()
    ;(bar as unknown as { timer: NodeJS.Timeout }).timer.unref()
  }
  // Ends the line before an error is printed, so that the message starts on a line of its own.
  const end = () => bar.stop()
  process.once('uncaughtExceptionMonitor', end)
  process.once('exit', end)
  bar.start(total, 0)
  return {
    step: done => bar.update(done),
    stop: done => {
      process.off('uncaughtExceptionMonitor', end)
      process.off('exit', end)
      bar.update(done)
      bar.stop()
    },
  }
}

/** Three significant digits: 0.0412, 12.3, 4.50e-7; whole numbers as they are. */
function number(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) >= 10) return String(value)
  return value.toPrecision(3)
}

function rate(perSecond: number): string {
  const [value, unit] = perSecond >= 1 || perSecond === 0 ? [perSecond, 'steps/s'] : [1 / perSecond, 's/step']
  return `${value >= 100 ? Math.round(value) : value.toPrecision(2)} ${unit}`
}

/** 7s, 3m 20s, 2h 05m. */
function time(seconds: number): string {
  const s = Math.round(seconds)
  const pad = (n: number) => String(n).padStart(2, '0')
  if (s < 60) return `${s}s`
  if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`
  return `${Math.floor(s / 3600)}h ${pad(Math.floor((s % 3600) / 60))}m`
}
