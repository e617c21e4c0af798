// How a training run went: every metric, in training and in validation, over the epochs.
import type { Chart } from 'chart.js'
import { described, list, number, oneOf, record } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { brief, panels, scaled, xAxis, yAxis } from './axis.ts'
import { frame, known, legend, lineChart, type PlotOptions } from './canvas.ts'
import { type Curve, datasets, entries } from './line.ts'
import { type Point, points, spanOf, type Values } from './points.ts'
import { smoothed } from './smoothing.ts'

/** `fit`'s history, one record an epoch, or curves by name. */
export type History = readonly Readonly<Record<string, number>>[] | Readonly<Record<string, Values>>

export type TrainingOptions = PlotOptions & {
  /** The metrics to draw, from top to bottom, each with all its parts. Default: all. */
  metrics?: readonly string[]
  /** Weight of the past in an exponential moving average, from 0 (none, the default) to below 1. See `smoothed`. */
  smoothing?: number
  /** Which metrics have a logarithmic axis, true for all; values of 0 and below then leave a gap. Default: none. */
  logY?: boolean | readonly string[]
  /** The curve whose best epoch is marked, false for none. Default: 'validation.loss', if it is there. */
  monitor?: string | false
  /** Whether the least ('min') or the greatest value is best. Default: 'max' for accuracies and scores, else 'min'. */
  mode?: 'min' | 'max'
  /** Default 'epoch'. */
  xLabel?: string
}

const own = ['metrics', 'smoothing', 'logY', 'monitor', 'mode', 'xLabel']
const parts = ['train', 'validation', 'test']
const rising = /accuracy|precision|recall|score|auc|f1|r2|bleu|iou|dice/i

/** 'validation.loss' is loss in validation, 'loss' is loss in training, 'lr.1' the second lr. */
function named(name: string) {
  const [, part = 'train', metric, group] = /^(?:(train|validation|test)\.)?(.+?)(?:\.(\d+))?$/s.exec(name) ?? []
  return { name, part, metric: metric ?? name, group }
}

/**
 * Draws a training run: `n records of metrics -> PNG or SVG bytes`. Each metric has a panel of its own over a common x
 * axis, with one curve for training ('loss'), validation ('validation.loss') and test ('test.loss'), whose colours are
 * the same in all panels and pictures. Records stand at x = 1, 2, ...; numbers given by name as well, and points where
 * they say. With `smoothing` the curve as it was is pale behind; 'lr' is never smoothed. A line marks the best
 * epoch.
 *
 * Throws `ArgumentError` for a history without numbers, a metric or curve that is not in it, or a smoothing that is
 * none, `DependencyError` if the plot libraries are missing.
 *
 * @example
 * const history = [{ loss: 0.9, 'validation.loss': 0.95 }, { loss: 0.5, 'validation.loss': 0.7 }]
 * await trainingCurves(history, { path: 'out/training.svg', title: 'Two epochs' })
 * // out/training.svg: 1200 x 750 pixels, one panel
 */
export async function trainingCurves(history: History, options: TrainingOptions = {}): Promise<Buffer> {
  known('trainingCurves', options, own)
  const { smoothing = 0, logY = false, xLabel = 'epoch' } = options
  if (!(number('trainingCurves', 'smoothing', smoothing) >= 0 && smoothing < 1)) {
    throw new ArgumentError(`trainingCurves: smoothing is from 0 to below 1, not ${smoothing}`)
  }
  const curves = curvesOf(history)
  const metrics = [...(options.metrics ?? new Set(curves.map(({ metric }) => metric)))]
  for (const metric of metrics) {
    if (!curves.some(curve => curve.metric === metric)) throw missing('metric', metric, curves)
  }
  const shown = curves.filter(({ metric }) => metrics.includes(metric))
  const best = bestOf(shown, options)
  const view = frame(options, 1200, metrics.length === 1 ? 750 : 200 + 350 * metrics.length)
  const { unit, look, font } = view

  const xs = spanOf(shown.flatMap(curve => curve.points.map(({ x }) => x)))
  const whole = shown.every(curve => curve.points.every(({ x }) => Number.isInteger(x) || Number.isNaN(x)))
  const { place, gaps, room } = panels(view, metrics.length)
  const drawn = metrics.map((metric, k) => {
    const log = typeof logY === 'boolean' ? logY : logY.includes(metric)
    const here = shown.filter(curve => curve.metric === metric)
    const span = spanOf(here.flatMap(curve => curve.points.map(({ y }) => scaled(log)(y))))
    const all = here.flatMap(({ part, group, points }): Curve[] => {
      const colour = (parts.indexOf(part) + 3 * Number(group ?? 0)) % look.series.length
      const name = group ? `${part}, group ${group}` : part
      // A schedule has no noise.
      if (smoothing === 0 || metric === 'lr') return [{ name, points, colour }]
      const smooth = smoothed(
        points.map(({ y }) => y),
        smoothing,
      )
      const raw = { name: 'not smoothed', points, colour, pale: true }
      return [raw, { name, points: points.map(({ x }, i) => ({ x, y: smooth[i] })), colour }]
    })
    return {
      id: `y${k}`,
      sets: datasets(view, all, { y: { log }, span, yAxisID: `y${k}` }),
      axis: { ...yAxis(view, span, { label: metric, log }, room), ...place(k) },
    }
  })
  const sets = drawn.flatMap(panel => panel.sets)
  // Each part once, in its own style, whichever panels it is in.
  const kinds = sets.filter((set, i) => sets.findIndex(({ label }) => label === set.label) === i)
  kinds.sort((a, b) => Number(a.label === 'not smoothed') - Number(b.label === 'not smoothed'))
  const note = {
    id: 'best',
    afterDatasetsDraw({ ctx, chartArea, scales }: Chart) {
      if (!best) return
      const x = scales.x.getPixelForValue(best.at.x)
      const text = `best ${best.name}: ${brief(best.at.y, 4)} (${xLabel} ${brief(best.at.x, 6)})`
      ctx.save()
      ctx.strokeStyle = look.muted
      ctx.lineWidth = 2 * unit
      ctx.setLineDash([3 * unit, 5 * unit])
      ctx.beginPath()
      ctx.moveTo(x, chartArea.top)
      ctx.lineTo(x, chartArea.bottom)
      ctx.stroke()
      ctx.setLineDash([])
      const y = scales[`y${metrics.indexOf(best.metric)}`].getPixelForValue(best.at.y)
      ctx.strokeStyle = look.ink
      ctx.lineWidth = 2.5 * unit
      ctx.beginPath()
      ctx.arc(x, y, 9 * unit, 0, 2 * Math.PI)
      ctx.stroke()
      ctx.font = `${18 * unit}px "${font}"`
      ctx.fillStyle = look.ink
      ctx.textBaseline = 'bottom'
      const width = ctx.measureText(text).width
      const left = Math.min(Math.max(x - width / 2, chartArea.left), chartArea.right - width)
      ctx.fillText(text, left, chartArea.top - 6 * unit)
      ctx.restore()
    },
  }
  return lineChart(view, options, {
    datasets: sets,
    legend: legend(view, kinds.length > 1, entries(view, kinds)),
    scales: {
      x: xAxis(view, xs, { label: xLabel, whole }),
      ...Object.fromEntries(drawn.map(({ id, axis }) => [id, axis])),
      ...gaps,
    },
    plugins: [note],
    space: best ? 38 : 14,
  })
}

type Named = ReturnType<typeof named> & { points: Point[] }

/** A curve for each name, whatever form the history has. */
function curvesOf(history: History): Named[] {
  if (!Array.isArray(history)) {
    const given = Object.entries(record('trainingCurves', 'a history', history as Record<string, Values>))
    return checked(
      given.map(([name, values]) => ({ ...named(name), points: points('trainingCurves', name, values, 1) })),
    )
  }
  const records = list<Record<string, number>>('trainingCurves', 'history', history)
  const names = new Set<string>()
  records.forEach((metrics, i) => {
    for (const [name, value] of Object.entries(record('trainingCurves', 'records of numbers', metrics))) {
      if (typeof value !== 'number') {
        throw new ArgumentError(`trainingCurves: ${name} in record ${i} is a number, not ${described(value)}`)
      }
      names.add(name)
    }
  })
  const column = (name: string) => records.map(metrics => metrics[name] ?? Number.NaN)
  return checked(
    Array.from(names, name => ({ ...named(name), points: points('trainingCurves', name, column(name), 1) })),
  )
}

function checked(curves: Named[]): Named[] {
  if (curves.every(curve => curve.points.length === 0)) throw new ArgumentError('trainingCurves: no history to draw')
  return curves
}

function missing(what: string, name: string, curves: readonly Named[]): ArgumentError {
  const there = what === 'metric' ? new Set(curves.map(({ metric }) => metric)) : curves.map(curve => curve.name)
  return new ArgumentError(`trainingCurves: there is no ${what} '${name}'; there are ${[...there].join(', ')}`)
}

/** The point to mark and what it is of; undefined if there is none. */
function bestOf(curves: readonly Named[], { monitor, mode }: TrainingOptions) {
  if (mode !== undefined) oneOf('trainingCurves', 'mode', mode, ['min', 'max'])
  if (monitor === false) return undefined
  const curve = curves.find(({ name }) => name === (monitor ?? 'validation.loss'))
  if (!curve) {
    if (monitor === undefined) return undefined
    throw missing('curve', monitor, curves)
  }
  const sign = (mode ?? (rising.test(curve.metric) ? 'max' : 'min')) === 'max' ? 1 : -1
  const finite = curve.points.filter(({ y }) => !Number.isNaN(y))
  if (finite.length === 0) return undefined
  // The first of equals, as early stopping counts.
  const at = finite.reduce((found, point) => (sign * point.y > sign * found.y ? point : found))
  return { name: curve.name, metric: curve.metric, at }
}
