// Learning rates: what a schedule makes of them, and which one a finder suggests.
import type { Chart } from 'chart.js'
import { described, integer, record } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { brief, scaled, xAxis, yAxis } from './axis.ts'
import { frame, known, legend, lineChart, type PlotOptions } from './canvas.ts'
import { annotate } from './caption.ts'
import { lossCurve } from './curve.ts'
import { type Curve, datasets, entries } from './line.ts'
import { type Numbers, numbers, spanOf, type Values } from './points.ts'

/** A scheduler, as far as plots look at it. */
type Scheduler = { step(): unknown; getLastLR(): readonly number[] }
/** Rates at step 0, 1, 2, ..., or a function that makes a scheduler, of an optimizer of its own, to be run. */
export type Rates = Values | (() => Scheduler)

export type ScheduleOptions = PlotOptions & {
  /** How many steps a scheduler is run. Default 100. */
  steps?: number
  logY?: boolean
  xLabel?: string
  yLabel?: string
}

/**
 * Draws learning rates over steps: `rates, or several by name -> PNG or SVG bytes`. A scheduler is made and run: its
 * optimizer's rates are changed by that, so make one for the purpose. Each parameter group is a curve.
 *
 * Throws `ArgumentError` for what is neither rates nor makes a scheduler, `DependencyError` if the plot libraries are
 * missing.
 *
 * @example
 * const make = () => new optim.CosineAnnealingLR({ paramGroups: [{ lr: 0.1 }] }, 50)
 * await learningRateSchedule({ cosine: make, constant: Array(51).fill(0.05) }, { steps: 50, path: 'out/rates.png' })
 * // out/rates.png: 1200 x 750 pixels
 */
export async function learningRateSchedule(
  rates: Rates | Readonly<Record<string, Rates>>,
  options: ScheduleOptions = {},
): Promise<Buffer> {
  known('learningRateSchedule', options, ['steps', 'logY', 'xLabel', 'yLabel'])
  const { steps = 100, ...rest } = options
  integer('learningRateSchedule', 'steps', steps, 1)
  const named = isNamed(rates) ? Object.entries(rates) : [['learning rate', rates] as const]
  const series = named.flatMap(([name, given]) => {
    if (typeof given !== 'function') return [{ name, values: given }]
    const groups = rated(name, given, steps)
    return groups.map((values, k) => ({ name: groups.length > 1 ? `${name}, group ${k}` : name, values }))
  })
  if (series.length === 0) throw new ArgumentError('learningRateSchedule: no rates to draw')
  return lossCurve(series, { yLabel: 'learning rate', ...rest })
}

function isNamed(rates: Rates | Readonly<Record<string, Rates>>): rates is Readonly<Record<string, Rates>> {
  return typeof rates === 'object' && rates !== null && !('length' in rates) && !('shape' in rates)
}

/** Each group's rate before each step and after the last. */
function rated(name: string, make: () => Scheduler, steps: number): number[][] {
  const scheduler = make()
  if (typeof scheduler?.step !== 'function' || typeof scheduler.getLastLR !== 'function') {
    throw new ArgumentError(`learningRateSchedule: ${name} makes a scheduler, not ${described(scheduler)}`)
  }
  const rows = [[...scheduler.getLastLR()]]
  for (let i = 0; i < steps; i++) {
    scheduler.step()
    rows.push([...scheduler.getLastLR()])
  }
  return rows[0].map((_, k) => rows.map(row => row[k]))
}

/** What a learning rate finder found. */
export type RateCurve = {
  rates: Numbers
  losses: Numbers
  /** The losses without their noise. */
  smoothed?: Numbers
  suggestion?: number | null
}

/**
 * Draws what a learning rate finder found: `n rates and losses -> PNG or SVG bytes`, over a logarithmic axis, with the
 * suggestion marked. What is far above the first loss, where the training diverges, is cut off.
 *
 * Throws `ShapeError` for rates and losses that do not fit, `ArgumentError` for none, or no rate above 0,
 * `DependencyError` if the plot libraries are missing.
 *
 * @example
 * await learningRateCurve({ rates: [1e-4, 1e-3, 1e-2, 1], losses: [2, 1.9, 1.1, 9], suggestion: 1e-2 }, { path: 'out/lr.png' })
 * // out/lr.png: 1200 x 750 pixels
 */
export async function learningRateCurve(
  found: RateCurve,
  options: PlotOptions & { logY?: boolean; xLabel?: string; yLabel?: string } = {},
): Promise<Buffer> {
  const plot = 'learningRateCurve'
  known(plot, options, ['logY', 'xLabel', 'yLabel'])
  const { suggestion } = record(plot, 'rates and losses', found)
  const rates = numbers(plot, 'rates', found.rates)
  const column = (name: string, given: Numbers) => {
    const values = numbers(plot, name, given)
    if (values.length !== rates.length) {
      throw new ShapeError(`${plot}: ${rates.length} rates and ${values.length} ${name}`)
    }
    return Array.from(values, (y, i) => ({
      x: rates[i] > 0 ? rates[i] : Number.NaN,
      y: Number.isFinite(y) ? y : Number.NaN,
    }))
  }
  const losses = column('losses', found.losses)
  const smooth = found.smoothed && column('smoothed', found.smoothed)
  if (!losses.some(({ x, y }) => !Number.isNaN(x) && !Number.isNaN(y))) {
    throw new ArgumentError(`${plot}: no finite loss at a rate above 0`)
  }
  if (suggestion != null && !(suggestion > 0)) {
    throw new ArgumentError(`${plot}: suggestion is a rate above 0, not ${suggestion}`)
  }
  const view = frame(options, 1200, 750)
  const { unit, look } = view
  const log = options.logY
  const curves: Curve[] = [
    { name: smooth ? 'loss, not smoothed' : 'loss', points: losses, colour: 0, pale: smooth !== undefined },
    ...(smooth ? [{ name: 'loss, smoothed', points: smooth, colour: 0 }] : []),
  ]
  const xs = spanOf([...losses.map(({ x }) => Math.log(x)), ...(suggestion ? [Math.log(suggestion)] : [])])
  const main = (smooth ?? losses).map(({ y }) => scaled(log)(y)).filter(y => !Number.isNaN(y))
  const { low, high } = spanOf(main)
  const top = Math.min(high, main[0] + 0.6 * (main[0] - low || high - low))
  const ys = { low, high: top }
  const room = (top - low || Math.abs(low) || 1) * 0.06
  const x = { label: options.xLabel ?? 'learning rate', log: true }
  const y = { label: options.yLabel ?? 'loss', log }
  const sets = datasets(view, curves, { x, y, span: ys }).map(set => ({ ...set, clip: 0 }))
  const axis = yAxis(view, ys, y)
  const mark = {
    id: 'suggestion',
    afterDatasetsDraw({ ctx, chartArea, scales }: Chart) {
      if (suggestion == null) return
      const at = Math.round(scales.x.getPixelForValue(suggestion))
      ctx.save()
      ctx.strokeStyle = look.series[1]
      // An even number of pixels around a whole one: no blur.
      ctx.lineWidth = 2 * Math.ceil(1.5 * unit)
      ctx.setLineDash([9 * unit, 6 * unit])
      ctx.beginPath()
      ctx.moveTo(at, chartArea.top)
      ctx.lineTo(at, chartArea.bottom)
      ctx.stroke()
      ctx.restore()
      const note = { text: `suggestion: ${brief(suggestion, 3)}`, x: at, y: chartArea.top + 14 * unit }
      const points = sets.flatMap(({ data }) => data)
      const taken = points.map(point => {
        const [px, py] = [scales.x.getPixelForValue(point.x), scales.y.getPixelForValue(point.y)]
        return [px - 3 * unit, py - 3 * unit, px + 3 * unit, py + 3 * unit] as const
      })
      const area = [chartArea.left, chartArea.top, chartArea.right, chartArea.bottom] as const
      // Lower on the line where the curve is in the way.
      const heights = [0, 0.25, 0.5, 0.75].map(share => note.y + share * (chartArea.bottom - chartArea.top))
      heights.some(y => annotate(ctx, view, [{ ...note, y }], { taken, area, away: 12 * unit }) > 0)
    },
  }
  return lineChart(view, options, {
    datasets: sets,
    legend: legend(view, curves.length > 1, entries(view, sets)),
    scales: {
      x: xAxis(view, xs, x),
      y: {
        ...axis,
        ...(!log && { min: low - room, max: top + room, ticks: { ...axis.ticks, includeBounds: false } }),
      },
    },
    plugins: [mark],
  })
}
