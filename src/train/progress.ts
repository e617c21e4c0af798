// A progress bar: live on a terminal, about ten plain lines in a log. Node only (gradus/progress).
import type * as CliProgress from 'cli-progress'
import { options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { peer } from '../io/peer.ts'
import type { Callback, Metrics, Run } from './callback.ts'

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
export function progress(given: ProgressOptions): Progress {
  const { total, label = '', stream = process.stderr } = given
  if (!Number.isInteger(total) || total < 0)
    throw new ArgumentError(`progress: total must be a whole number, got ${total}`)
  const metrics: Record<string, number> = {}
  const meter = metered({ total: () => total, label: () => label, stream })
  let done = 0
  return {
    step(latest = {}) {
      Object.assign(metrics, latest)
      meter.go(++done, () => metrics)
      if (done >= total) meter.stop()
    },
    stop: meter.stop,
  }
}

/**
 * A callback of `fit` that shows how far the run has come: epoch, step, loss, metrics, steps per second, time left; as
 * `progress` does. What validation gave stays until it gives something else. Where the batches cannot be counted
 * beforehand, the time left is known from the second epoch on.
 *
 * @throws DependencyError when the run starts, on a terminal without cli-progress
 * @example
 * await fit(model, { train, validation, loss: F.crossEntropy, optimizer, epochs: 3, callbacks: [progressBar()] })
 * // epoch 3/3  600/600  loss 0.0512  lr 0.00100  validation.loss 0.0731  48 steps/s  0s left
 */
export function progressBar(given: { label?: string; stream?: NodeJS.WritableStream } = {}): Callback {
  const { label = '', stream = process.stderr } = options('progressBar', given, ['label', 'stream'])
  let meter: Meter | null = null
  let epoch = 0
  /** Of an epoch; where batches cannot be counted, known when the first is over. */
  let steps: number | null = null
  let validated: Metrics = {}
  const latest = (run: Run) => (): Metrics => ({ ...run.metrics, ...validated })
  return {
    start(run) {
      epoch = Math.min(run.epoch + 1, run.epochs)
      steps = run.stepsPerEpoch
      const total = (): number | null => steps && steps * run.epochs
      const title = (): string => `${label ? `${label}  ` : ''}epoch ${epoch}/${run.epochs}`
      meter = metered({ total, label: title, stream, from: run.step })
    },
    step(run) {
      epoch = run.epoch + 1
      // the last step of an epoch is shown with what validation gives
      if (steps === null || run.step < epoch * steps) meter?.go(run.step, latest(run))
    },
    epoch(run) {
      epoch = run.epoch
      validated = Object.fromEntries(Object.entries(run.metrics).filter(([name]) => name.startsWith('validation.')))
      const counted = steps !== null
      steps ??= Math.ceil(run.step / run.epoch)
      meter?.go(run.step, latest(run), !counted)
    },
    end() {
      meter?.stop()
      meter = null
    },
  }
}

type Meter = {
  /** So many steps are done, and these are the numbers, if somebody looks. `now`: a line for the log, come what may. */
  go(done: number, latest: () => Metrics, now?: boolean): void
  stop(): void
}
type Metered = {
  /** How many steps there will be; null as long as nobody knows. */
  total: () => number | null
  label: () => string
  stream: NodeJS.WritableStream
  /** How many steps were done before. */
  from?: number
}

function metered({ total, label, stream, from = 0 }: Metered): Meter {
  const start = performance.now()
  let latest = (): Metrics => ({})
  let done = from
  let seconds = 0
  const line = () => {
    const all = total()
    const own = done - from
    return [
      all === null ? String(done) : `${String(done).padStart(String(all).length)}/${all}`,
      ...Object.entries(latest()).map(([name, value]) => `${name} ${number(value)}`),
      // The first moments say nothing about the rate.
      ...(own > 0 && seconds > 0
        ? [rate(own / seconds), ...(all === null ? [] : [`${time((seconds / own) * Math.max(0, all - done))} left`])]
        : []),
    ].join('  ')
  }
  const draw = { label, total, stream, line }
  const view = (stream as { isTTY?: boolean }).isTTY ? live(draw) : plain(draw)
  let stopped = false
  return {
    go(steps, metrics, now = false) {
      if (stopped) return
      done = steps
      latest = metrics
      seconds = (performance.now() - start) / 1000
      view.step(done, now)
    },
    stop() {
      if (stopped) return
      stopped = true
      view.stop(done)
    },
  }
}

type View = { step(done: number, now: boolean): void; stop(done: number): void }
type Drawn = Required<Omit<Metered, 'from'>> & { line: () => string }

function plain({ label, total, stream, line }: Drawn): View {
  let shown = 0
  const show = (done: number) => {
    if (done === shown) return
    shown = done
    stream.write(`${label() ? `${label()}  ` : ''}${line()}\n`)
  }
  const part = (done: number) => Math.floor((done * LINES) / (total() ?? Infinity))
  return { step: (done, now) => (now || part(done) > part(done - 1)) && show(done), stop: show }
}

function live({ label, total, stream, line }: Drawn): View {
  const { SingleBar, Format } = peer<typeof CliProgress>('cli-progress', 'progress', 'cli-progress')
  const bar = new SingleBar({
    stream,
    fps: FRAMES_PER_SECOND,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    // Leaves the terminal's own wrapping and cursor as they are and cuts the line instead: nothing needs restoring.
    linewrap: true,
    format: (options, { progress, maxWidth = 80 }) => {
      const before = label() ? `${label()} ` : ''
      const after = ` ${line()}`
      const barsize = Math.min(30, maxWidth - 1 - before.length - after.length)
      const drawn = barsize < 5 || total() === null ? '' : Format.BarFormat(progress, { ...options, barsize })
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
  bar.start(total() ?? 0, 0)
  return {
    step(done) {
      bar.setTotal(total() ?? done)
      bar.update(done)
    },
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
