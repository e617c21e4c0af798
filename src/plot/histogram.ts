// Distributions: of plain numbers, and of a layer's weights or gradients as a run goes on.
import type { Chart } from 'chart.js'
import { list, record } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { panels, xAxis, yAxis } from './axis.ts'
import { type BinOptions, type Bins, countBins, HistogramRecorder, quantile } from './bins.ts'
import { frame, known, legend, lineChart, type PlotOptions, paint } from './canvas.ts'
import { datasets, entries } from './line.ts'
import { type Numbers, spanOf } from './points.ts'
import { mix, rgb } from './theme.ts'

export type HistogramOptions = PlotOptions &
  BinOptions & {
    /** A logarithmic axis of counts: a single outlier still shows. */
    logY?: boolean
    xLabel?: string
    yLabel?: string
  }

/**
 * Draws how numbers are distributed: `any shape -> PNG or SVG bytes`; the eigenvalues of a Hessian, say.
 *
 * Throws `ArgumentError` for no finite numbers, no bins or an empty range, `DependencyError` if the plot libraries are
 * missing.
 *
 * @example
 * await histogram([-0.1, 0, 0.1, 0.1, 0.2, 7.5], { logY: true, xLabel: 'eigenvalue', path: 'out/spectrum.png' })
 * // out/spectrum.png: 1200 x 750 pixels
 */
export async function histogram(values: Numbers, options: HistogramOptions = {}): Promise<Buffer> {
  known('histogram', options, ['bins', 'range', 'logY', 'xLabel', 'yLabel'])
  const { bins, range, logY: log } = options
  const { low, high, counts } = countBins(values, { ...(bins !== undefined && { bins }), ...(range && { range }) })
  const most = Math.max(...counts)
  if (most === 0) throw new ArgumentError('histogram: no finite values to draw')
  const view = frame(options, 1200, 750)
  const { look } = view
  const bars = {
    id: 'bars',
    afterDatasetsDraw({ ctx, chartArea, scales }: Chart) {
      ctx.save()
      ctx.fillStyle = look.series[0]
      const edge = (k: number) => Math.round(scales.x.getPixelForValue(low + ((high - low) * k) / counts.length))
      counts.forEach((count, k) => {
        if (count === 0) return
        const [left, width] = [edge(k), edge(k + 1) - edge(k)]
        const top = Math.round(scales.y.getPixelForValue(count))
        // However few among many, a bar is seen.
        const height = Math.max(Math.round(chartArea.bottom) - top, 2)
        ctx.fillRect(left, Math.round(chartArea.bottom) - height, Math.max(1, width > 6 ? width - 2 : width), height)
      })
      ctx.restore()
    },
  }
  const span = log ? { low: Math.log(0.7), high: Math.log(most) } : { low: 0, high: most }
  const axis = yAxis(view, span, { label: options.yLabel ?? 'count', log })
  return lineChart(view, options, {
    datasets: [],
    legend: legend(view, false),
    scales: {
      x: xAxis(view, { low, high }, { label: options.xLabel ?? 'value' }),
      y: { ...axis, ...(!log && { min: 0, suggestedMax: most }) },
    },
    plugins: [bars],
  })
}

export type Snapshot = { readonly step: number; readonly values: Numbers | Bins }
/** Snapshots of one layer, of several by name, or what a recorder has taken in. */
export type Snapshots = readonly Snapshot[] | Readonly<Record<string, readonly Snapshot[]>> | HistogramRecorder

export type EvolutionOptions = PlotOptions & {
  /** Which values are shown, in all panels. Default: in each panel from its least to its greatest. */
  range?: readonly [low: number, high: number]
  /** Bins for snapshots that are not counted yet. Default 60. */
  bins?: number
  xLabel?: string
  /** What the values of a single unnamed layer are. Default 'value'. */
  yLabel?: string
}

/**
 * Draws how distributions change: `k layers of snapshots -> PNG or SVG bytes`. Each layer has a panel, steps run to the
 * right, values upwards; the darker, the more values are there (square root of the density, the greatest of a panel
 * full). Over it the median and, thin, the 5th and 95th percentile.
 *
 * Throws `ArgumentError` for no snapshots, steps that do not ascend or an empty range, `DependencyError` if the plot
 * libraries are missing.
 *
 * @example
 * const recorder = new HistogramRecorder()
 * for (const step of [0, 1, 2]) recorder.record(step, { weight: [-1, 0, 0.5, 1].map(x => x * (step + 1)) })
 * await histogramsOverTime(recorder, { path: 'out/weights.png', title: 'Weights' })
 * // out/weights.png: 1200 x 750 pixels
 */
export async function histogramsOverTime(snapshots: Snapshots, options: EvolutionOptions = {}): Promise<Buffer> {
  const plot = 'histogramsOverTime'
  known(plot, options, ['range', 'bins', 'xLabel', 'yLabel'])
  const { range, bins = 60 } = options
  if (range && !(range[0] < range[1])) throw new ArgumentError(`${plot}: range [${range.join(', ')}] is empty`)
  const given = snapshots instanceof HistogramRecorder ? snapshots.layers : record(plot, 'snapshots', snapshots)
  const named: [string, readonly Snapshot[]][] = Array.isArray(given)
    ? [[options.yLabel ?? 'value', given as readonly Snapshot[]]]
    : Object.entries(given as Readonly<Record<string, readonly Snapshot[]>>)
  const layers = named.map(([name, all]) => {
    const counted = list(plot, name, all).map(({ step, values }) => {
      return { step, bins: 'counts' in values ? values : countBins(values, { bins }) }
    })
    const back = counted.findIndex(({ step }, i) => !Number.isFinite(step) || (i > 0 && step <= counted[i - 1].step))
    if (back >= 0)
      throw new ArgumentError(`${plot}: steps of ${name} ascend, but ${counted[back].step} comes at ${back}`)
    return { name, counted }
  })
  if (layers.every(({ counted }) => counted.length === 0)) throw new ArgumentError(`${plot}: no snapshots to draw`)
  const view = frame(options, 1200, layers.length === 1 ? 750 : 200 + 300 * layers.length)
  const { look } = view
  const steps = layers.flatMap(({ counted }) => counted.map(({ step }) => step))
  const xs = spanOf(steps)
  const { place, gaps, room } = panels(view, layers.length)
  const drawn = layers.map(({ name, counted }, k) => {
    const span = range
      ? { low: range[0], high: range[1] }
      : spanOf(counted.flatMap(({ bins }) => (bins.counts.some(Boolean) ? [bins.low, bins.high] : [])))
    const line = (name: string, share: number, pale: boolean) => ({
      name,
      points: counted.map(({ step, bins }) => ({ x: step, y: quantile(bins, share) })),
      colour: 1,
      pale,
    })
    const curves = [line('median', 0.5, false), line('5th and 95th percentile', 0.05, true), line('', 0.95, true)]
    const sets = datasets(view, curves, { span, yAxisID: `y${k}` }).map(set => ({ ...set, clip: 0 }))
    const axis = yAxis(view, span, { label: name }, room)
    const limits = span.low < span.high ? { min: span.low, max: span.high } : {}
    return { sets, axis: { ...axis, ...limits, ticks: { ...axis.ticks, includeBounds: false }, ...place(k) } }
  })
  const [paper, ink] = [rgb(look.paper), rgb(look.series[0])]
  const shades = {
    id: 'shades',
    beforeDatasetsDraw({ ctx, chartArea, scales }: Chart) {
      layers.forEach(({ counted }, k) => {
        if (counted.length === 0) return
        const y = scales[`y${k}`]
        const [left, top] = [Math.round(chartArea.left), Math.round(y.top)]
        const [width, height] = [Math.round(chartArea.right) - left, Math.round(y.bottom) - top]
        const densities = counted.map(({ bins: { counts, low, high } }) => {
          const total = counts.reduce((a, b) => a + b, 0) || 1
          return counts.map(count => (count * counts.length) / ((high - low) * total))
        })
        const most = densities.flat().reduce((a, b) => Math.max(a, b), 0) || 1
        // Each column of pixels shows the snapshot that is nearest.
        const nearest = (column: number) => {
          const step = scales.x.getValueForPixel(left + column + 0.5) ?? 0
          const after = counted.findIndex(snapshot => snapshot.step >= step)
          if (after < 0) return counted.length - 1
          return after > 0 && step - counted[after - 1].step < counted[after].step - step ? after - 1 : after
        }
        const shown = Array.from({ length: width }, (_, column) => nearest(column))
        const value = Array.from({ length: height }, (_, row) => y.getValueForPixel(top + row + 0.5) ?? Number.NaN)
        paint(ctx, [left, top, width, height], (column, row) => {
          const { low, high, counts } = counted[shown[column]].bins
          const bin = Math.floor(((value[row] - low) / (high - low)) * counts.length)
          return mix(paper, ink, 0.85 * Math.sqrt((densities[shown[column]][bin] ?? 0) / most))
        })
      })
    },
  }
  const sets = drawn.flatMap(panel => panel.sets)
  const whole = steps.every(Number.isInteger)
  return lineChart(view, options, {
    datasets: sets,
    legend: legend(view, true, entries(view, sets.slice(0, 2))),
    scales: {
      x: xAxis(view, xs, { label: options.xLabel ?? 'step', whole }),
      ...Object.fromEntries(drawn.map(({ axis }, k) => [`y${k}`, axis])),
      ...gaps,
    },
    plugins: [shades],
  })
}
