// Curves over steps: losses, accuracies, learning rates.
import { ArgumentError } from '../engine/errors.ts'
import { air, axisTitle, frame, known, legend, type PlotOptions, render, title } from './canvas.ts'
import { css, rgb } from './theme.ts'

export type Series = {
  name: string
  /** Numbers stand at x = 0, 1, 2, ...; what is not finite leaves a gap. */
  values: ArrayLike<number> | { x: number; y: number }[]
  /** A line through the values (default), or the values alone. */
  as?: 'line' | 'points'
}

export type CurveOptions = PlotOptions & {
  xLabel?: string
  yLabel?: string
  /** A logarithmic y axis; values of 0 and below then leave a gap. */
  logY?: boolean
}

/**
 * Draws curves: `k series -> PNG or SVG bytes`, and writes them to `options.path` if it is given.
 * A curve that runs along an earlier one is drawn thin and dashed on top of that one's broad pale band: both show.
 *
 * Throws `ArgumentError` for no series or a size that is no size, `DependencyError` if the plot libraries are missing.
 *
 * @example
 * await lossCurve([{ name: 'train', values: [0.9, 0.5, 0.3] }], { path: 'out/loss.png', xLabel: 'epoch', yLabel: 'loss' })
 * // out/loss.png: 1200 x 750 pixels
 */
export async function lossCurve(series: Series[], options: CurveOptions = {}): Promise<Buffer> {
  known('lossCurve', options, ['xLabel', 'yLabel', 'logY'])
  if (series.length === 0) throw new ArgumentError('lossCurve: no series to draw')
  const view = frame(options, 1200, 750)
  const { unit, look } = view
  const y = (value: number) => (options.logY ? (value > 0 ? Math.log(value) : Number.NaN) : value)
  const curves = series.map(({ name, values, as = 'line' }) => {
    const points = Array.from(values as ArrayLike<number | { x: number; y: number }>, (value, x) =>
      typeof value === 'number' ? { x, y: value } : value,
    ).map(point => (Number.isFinite(y(point.y)) ? point : { x: point.x, y: Number.NaN }))
    return { name, points, as }
  })
  const all = curves.flatMap(curve => curve.points)
  const range = (pick: (point: { x: number; y: number }) => number) => {
    const [low, high] = all.reduce(
      ([low, high], point) =>
        Number.isFinite(pick(point)) ? [Math.min(low, pick(point)), Math.max(high, pick(point))] : [low, high],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    )
    return { low, high }
  }
  const xs = range(point => point.x)
  const ys = range(point => y(point.y))

  /** Whether most of `b` lies within a hundredth of the picture's height from `a`. */
  const along = (a: (typeof curves)[0], b: (typeof curves)[0]) => {
    if (a.as === 'points' || b.as === 'points') return false
    const other = new Map(a.points.map(point => [point.x, point.y]))
    const drawn = b.points.filter(point => !Number.isNaN(point.y))
    const close = drawn.filter(
      point => Math.abs(y(other.get(point.x) ?? Number.NaN) - y(point.y)) <= (ys.high - ys.low) / 100,
    )
    return drawn.length > 0 && close.length > drawn.length / 2
  }
  const datasets = curves.map((curve, i) => {
    const above = curves.slice(i + 1).filter(later => along(curve, later)).length
    const below = curves.slice(0, i).filter(earlier => along(earlier, curve)).length
    const colour = rgb(look.series[i % look.series.length])
    return {
      label: curve.name,
      data: curve.points,
      borderColor: css(colour, above > 0 ? 0.5 : 1),
      backgroundColor: css(colour),
      borderWidth: (above > 0 ? 5 + 7 * above : 3.5) * unit,
      borderDash: below > 0 ? [9 * unit, 7 * unit] : [],
      borderJoinStyle: 'round' as const,
      showLine: curve.as === 'line',
      // A curve of few points shows them; a single point would otherwise not show at all.
      pointRadius: curve.points.length <= 12 || curve.as === 'points' ? 4.5 * unit : 0,
      pointStyle: 'circle' as const,
      // Later curves on top; markers at the rim are not cut in half.
      order: -i,
      clip: 10 * unit,
    }
  })
  // chart.js leaves the dashes out and lists the topmost curve first.
  const entries = datasets.map(({ label, borderColor, borderWidth, borderDash, showLine }, datasetIndex) => ({
    text: label,
    fontColor: look.ink,
    strokeStyle: borderColor,
    lineWidth: showLine ? borderWidth : 9 * unit,
    // Points are a line of round dots.
    lineCap: showLine ? ('butt' as const) : ('round' as const),
    lineDash: showLine ? borderDash : [0.01, 18 * unit],
    pointStyle: 'line' as const,
    datasetIndex,
  }))
  const whole = all.every(point => Number.isInteger(point.x))
  const yTicks = { maxTicksLimit: 8, padding: 10 * unit }
  return render(
    {
      type: 'line',
      data: { datasets },
      options: {
        layout: { padding: { top: 26 * unit, right: 34 * unit, bottom: 20 * unit, left: 20 * unit } },
        plugins: {
          title: title(view, options.title),
          legend: {
            ...legend(view, series.length > 1),
            labels: { ...legend(view, true).labels, pointStyleWidth: 52 * unit, generateLabels: () => entries },
          },
        },
        scales: {
          x: {
            type: 'linear',
            min: xs.low,
            max: xs.high,
            title: axisTitle(view, options.xLabel ?? 'step', view.width * 0.8),
            grid: { display: false },
            border: { color: look.muted },
            ticks: { maxTicksLimit: 9, maxRotation: 0, includeBounds: false, precision: whole ? 0 : undefined },
          },
          y: {
            ...(options.logY
              ? logarithmic(ys.low, ys.high, yTicks.padding)
              : { type: 'linear' as const, ticks: yTicks }),
            title: axisTitle(view, options.yLabel ?? 'loss', view.height * 0.65),
            grid: { color: look.grid, drawTicks: false },
            border: { display: false },
          },
          // Last, as data goes by the first x axis.
          top: air(view),
        },
      },
    },
    view,
    options,
  )
}

/** A logarithmic axis from `e^low` to `e^high`: ticks at powers of ten, and at 2 and 5 times them if decades are few. */
function logarithmic(low: number, high: number, padding: number) {
  const room = (high - low || 1) * 0.04
  const first = (value: number) => Number((value / 10 ** Math.floor(Math.log10(value) + 1e-9)).toFixed(6))
  const wanted = high - low > 3 * Math.LN10 ? [1] : [1, 2, 5]
  return {
    type: 'logarithmic' as const,
    ...(Number.isFinite(low) && { min: Math.exp(low - room), max: Math.exp(high + room) }),
    afterBuildTicks: (scale: { ticks: { value: number }[] }) => {
      const chosen = scale.ticks.filter(({ value }) => wanted.includes(first(value)))
      // Within less than a decade all are needed.
      if (chosen.length > 2) scale.ticks = chosen
    },
    ticks: {
      padding,
      callback: (value: string | number) => {
        const number = Number(value)
        const plain = number >= 0.001 && number < 10000
        return plain ? String(Number(number.toPrecision(2))) : number.toExponential().replace('e+', 'e')
      },
    },
  }
}
