// A curve fitted to points: what was seen, what the model says, and how far the two are apart.
import { described, number } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { scaled, xAxis, yAxis } from './axis.ts'
import { frame, known, legend, lineChart, type PlotOptions } from './canvas.ts'
import { datasets, entries } from './line.ts'
import { type Numbers, numbers, type Point, points, spanOf, widened } from './points.ts'
import { css, rgb } from './theme.ts'

/** A function of all x at once, `[m] -> [m]`, called once; or its points, joined by straight lines. */
export type Fit = ((xs: number[]) => Numbers) | readonly Point[]

export type RegressionOptions = PlotOptions & {
  /** The curve that the points come from. */
  truth?: Fit
  /** A band around the fit of so many standard deviations of the residuals. Default 0: none. */
  band?: number
  xLabel?: string
  yLabel?: string
  logY?: boolean
  /** What the legend says of the points, the fit, the truth. Default: 'data', 'fit', 'truth'. */
  names?: readonly [data: string, fit: string, truth?: string]
}

const own = ['truth', 'band', 'xLabel', 'yLabel', 'logY', 'names']

/**
 * Draws a regression: `n points, a fit -> PNG or SVG bytes`. The fit is drawn over the span of the points, with its
 * root mean square error in the legend; a curve that is given by points, where they are. A residual is y - fit(x); the
 * band's half width is `band` times sqrt(mean of residuals^2).
 *
 * Throws `ArgumentError` for no points, a fit that is none or a negative band, `ShapeError` for a fit that does not
 * return one number for each x, `DependencyError` if the plot libraries are missing.
 *
 * @example
 * const points = [{ x: 0, y: 0.1 }, { x: 1, y: 0.9 }, { x: 2, y: 4.2 }]
 * await regressionFit(points, xs => xs.map(x => x * x), { path: 'out/fit.png', band: 2 })
 * // out/fit.png: 1200 x 750 pixels
 */
export async function regressionFit(
  given: readonly Point[],
  fit: Fit,
  options: RegressionOptions = {},
): Promise<Buffer> {
  known('regressionFit', options, own)
  const { truth, band = 0, logY: log, names = ['data', 'fit'] } = options
  if (!(number('regressionFit', 'band', band) >= 0)) {
    throw new ArgumentError(`regressionFit: band is 0 or more standard deviations, not ${band}`)
  }
  const data = points('regressionFit', 'points', given).filter(({ x, y }) => !Number.isNaN(x) && !Number.isNaN(y))
  if (data.length === 0) throw new ArgumentError('regressionFit: no points to draw')
  const view = frame(options, 1200, 750)
  const { unit, look } = view

  const { low, high } = spanOf(data.map(({ x }) => x))
  const grid = low < high ? Array.from({ length: 401 }, (_, i) => low + ((high - low) * i) / 400) : [low]
  const fitted = evaluated('fit', fit, grid, data)
  const expected = truth && evaluated('truth', truth, grid, [])
  const squares = fitted.at.map((y, i) => (data[i].y - y) ** 2).filter(Number.isFinite)
  const error = squares.length > 0 ? Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length) : Number.NaN

  const curves = [
    { name: names[0], points: data, colour: 0, as: 'points' as const },
    ...(expected ? [{ name: names[2] ?? 'truth', points: expected.curve, colour: 2 }] : []),
    {
      name: Number.isNaN(error) ? names[1] : `${names[1]} (RMSE ${error.toPrecision(3)})`,
      points: fitted.curve,
      colour: 1,
    },
  ]
  const edge = (sign: number) => fitted.curve.map(({ x, y }) => ({ x, y: y + sign * band * error }))
  const edges = band > 0 && !Number.isNaN(error) ? [edge(1), edge(-1)] : []
  const value = scaled(log)
  const shown = [...curves.map(curve => curve.points), ...edges].flat()
  const ys = spanOf(shown.map(({ y }) => value(y)))
  const xs = widened(spanOf(shown.map(({ x }) => x)), 0.02)
  const drawn = datasets(view, curves, { y: { log }, span: ys })
  const radius = data.length > 2000 ? 2 : data.length > 300 ? 3.5 : 6
  const pale = css(rgb(look.series[1]), 0.18)
  const bands = edges.map((points, i) => ({
    label: '',
    data: points.map(({ x, y }) => ({ x, y: Number.isFinite(value(y)) ? y : Number.NaN })),
    borderWidth: 0,
    pointRadius: 0,
    backgroundColor: pale,
    fill: i === 1 ? '-1' : false,
    order: 10,
  }))
  const key = entries(view, drawn)
  const bandKey = {
    text: `± ${band} standard deviation${band === 1 ? '' : 's'}`,
    fontColor: look.ink,
    fillStyle: pale,
    strokeStyle: pale,
    pointStyle: 'rect' as const,
  }
  return lineChart(view, options, {
    datasets: [
      ...drawn.map((set, i) =>
        i === 0
          ? {
              ...set,
              pointRadius: radius * unit,
              backgroundColor: css(rgb(look.series[0]), 0.75),
              borderWidth: 0,
              order: 5,
            }
          : set,
      ),
      ...bands,
    ],
    legend: legend(view, true, bands.length > 0 ? [...key, bandKey] : key),
    scales: {
      x: xAxis(view, xs, { label: options.xLabel ?? 'x' }),
      y: yAxis(view, ys, { label: options.yLabel ?? 'y', log }),
    },
  })
}

/** A fit as a curve to draw, and at the points. */
function evaluated(name: string, model: Fit, grid: readonly number[], data: readonly Point[]) {
  if (typeof model === 'function') {
    const xs = [...grid, ...data.map(({ x }) => x)]
    const found = numbers('regressionFit', name, model(xs))
    if (found.length !== xs.length) {
      throw new ShapeError(`regressionFit: ${name} made ${found.length} numbers for ${xs.length} x`)
    }
    const curve = grid.map((x, i) => ({ x, y: found[i] }))
    return { curve, at: data.map((_, i) => found[grid.length + i]) }
  }
  if (!Array.isArray(model)) {
    throw new ArgumentError(`regressionFit: ${name} is a function or points { x, y }, not ${described(model)}`)
  }
  const curve = points('regressionFit', name, model).sort((a, b) => a.x - b.x)
  if (curve.length === 0) throw new ArgumentError(`regressionFit: ${name} has no points`)
  return { curve, at: data.map(({ x }) => between(curve, x)) }
}

/** The curve at x, NaN outside. */
function between(curve: readonly Point[], x: number): number {
  const right = curve.findIndex(point => point.x >= x)
  if (right < 0) return Number.NaN
  const [a, b] = [curve[Math.max(0, right - 1)], curve[right]]
  if (b.x === x) return b.y
  return right === 0 ? Number.NaN : a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x)
}
