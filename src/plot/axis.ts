// Axes: linear and logarithmic, with ticks that read well, and several on top of one another as panels.
import { axisTitle, type Frame } from './canvas.ts'
import { type Span, widened } from './points.ts'

export type AxisOptions = {
  label?: string
  /** A logarithmic axis; the span then is of logarithms. */
  log?: boolean
  /** Only whole numbers as ticks. */
  whole?: boolean
}

/** What `log` draws: the natural logarithm, NaN from 0 down. */
export function scaled(log: boolean | undefined): (value: number) => number {
  return value => (log ? (value > 0 ? Math.log(value) : Number.NaN) : value)
}

/** The x axis of curves: as long as they are. */
export function xAxis(view: Frame, span: Span, { label, log, whole }: AxisOptions) {
  const { unit, look } = view
  const { low, high } = span.low < span.high ? span : widened(span, 0)
  const ticks = { maxTicksLimit: 9, maxRotation: 0, includeBounds: false, precision: whole ? 0 : undefined }
  return {
    ...(log ? logarithmic(low, high, 4 * unit, 0) : { type: 'linear' as const, min: low, max: high, ticks }),
    title: axisTitle(view, label, view.width * 0.8),
    grid: { display: false },
    border: { color: look.muted },
  }
}

/** The y axis of curves, with some room above and below where it is logarithmic. */
export function yAxis(view: Frame, span: Span, { label, log }: AxisOptions, room = view.height * 0.65) {
  const { unit, look } = view
  const ticks = { maxTicksLimit: Math.max(2, Math.min(8, Math.floor(room / (36 * unit)))), padding: 10 * unit }
  return {
    ...(log ? logarithmic(span.low, span.high, ticks.padding, 0.04) : { type: 'linear' as const, ticks }),
    title: axisTitle(view, label, room),
    grid: { color: look.grid, drawTicks: false },
    border: { display: false },
  }
}

/** A logarithmic axis from `e^low` to `e^high`. */
function logarithmic(low: number, high: number, padding: number, share: number) {
  const room = high > low ? (high - low) * share : 0.04
  return {
    type: 'logarithmic' as const,
    ...(Number.isFinite(low) && { min: Math.exp(low - room), max: Math.exp(high + room) }),
    afterBuildTicks: (scale: { min: number; max: number; ticks: { value: number }[] }) => {
      const chosen = logTicks(scale.min, scale.max)
      if (chosen.length > 1) scale.ticks = chosen.map(value => ({ value }))
    },
    ticks: { padding, maxRotation: 0, callback: (value: string | number) => brief(Number(value)) },
  }
}

/** Powers of ten, at most nine of them; where they are few, also what lies between. */
function logTicks(min: number, max: number): number[] {
  const [first, last] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))]
  const every = Math.ceil((last - first) / 9)
  for (const factors of last - first > 4 ? [[1]] : [[1], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]]) {
    const ticks: number[] = []
    for (let n = first; n <= last; n += every) ticks.push(...factors.map(factor => Number(`${factor}e${n}`)))
    const within = ticks.filter(value => value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9))
    if (within.length > 3 || factors.length === 6 || last - first > 4) return within
  }
  return []
}

/** A number as an axis or a note writes it: 0.002, 1500, 2e-5. */
export function brief(value: number, digits = 2): string {
  const plain = value === 0 || (Math.abs(value) >= 0.001 && Math.abs(value) < 10000)
  const rounded = Number(value.toPrecision(digits))
  return plain ? String(rounded) : rounded.toExponential().replace('e+', 'e')
}

/**
 * `count` y axes on top of one another over one x axis, first on top, with gaps: add `place(k)` to the k-th, and the
 * `gaps` as scales of their own. `room` is the height of one panel, about.
 */
export function panels({ unit, height }: Frame, count: number) {
  const gap = 44 * unit
  const room = Math.max(gap, (height - 190 * unit - (count - 1) * gap) / count)
  const shared = { position: 'left' as const, stack: 'panels', afterFit: aligned() }
  const place = (k: number) => ({ ...shared, stackWeight: room / gap, weight: -2 * k })
  const between = (k: number) => ({
    ...shared,
    axis: 'y' as const,
    stackWeight: 1,
    weight: -2 * k - 1,
    grid: { display: false },
    border: { display: false },
    ticks: { display: false },
  })
  const gaps = Object.fromEntries(Array.from({ length: count - 1 }, (_, k) => [`gap${k}`, between(k)]))
  return { place, gaps, room }
}

/** Gives all scales the width of the widest: chart.js would give them the mean, and cut labels off. */
function aligned() {
  let widest = 0
  return (scale: { width: number }) => {
    widest = Math.max(widest, scale.width)
    scale.width = widest
  }
}
