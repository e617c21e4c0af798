// Curves over steps: losses, accuracies, learning rates.
import { scaled, xAxis, yAxis } from './axis.ts'
import { frame, known, legend, lineChart, type PlotOptions } from './canvas.ts'
import { datasets, entries } from './line.ts'
import { named, points, spanOf, type Values } from './points.ts'

export type Series = {
  name: string
  /** Numbers stand at x = 0, 1, 2, ...; what is not finite leaves a gap. */
  values: Values
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
 * Of very many values each column of pixels shows the least and the greatest.
 *
 * Throws `ArgumentError` for no series or a size that is no size, `DependencyError` if the plot libraries are missing.
 *
 * @example
 * await lossCurve([{ name: 'train', values: [0.9, 0.5, 0.3] }], { path: 'out/loss.png', xLabel: 'epoch', yLabel: 'loss' })
 * // out/loss.png: 1200 x 750 pixels
 */
export async function lossCurve(series: readonly Series[], options: CurveOptions = {}): Promise<Buffer> {
  known('lossCurve', options, ['xLabel', 'yLabel', 'logY'])
  const all = named('lossCurve', series)
  const view = frame(options, 1200, 750)
  const curves = all.map(({ name, values, as }, colour) => ({
    name,
    points: points('lossCurve', name, values),
    as,
    colour,
  }))
  const seen = curves.flatMap(curve => curve.points)
  const xs = spanOf(seen.map(point => point.x))
  const ys = spanOf(seen.map(point => scaled(options.logY)(point.y)))
  const whole = seen.every(({ x }) => Number.isInteger(x) || Number.isNaN(x))
  const y = { label: options.yLabel ?? 'loss', log: options.logY }
  const drawn = datasets(view, curves, { y, span: ys })
  return lineChart(view, options, {
    datasets: drawn,
    legend: legend(view, all.length > 1, entries(view, drawn)),
    scales: {
      x: xAxis(view, xs, { label: options.xLabel ?? 'step', whole }),
      y: yAxis(view, ys, y),
    },
  })
}
