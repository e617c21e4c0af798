// Points of many dimensions in the plane: what a network takes for alike.
import type { Chart } from 'chart.js'
import { list } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { air, axisTitle, fitted, frame, known, legend, type PlotOptions, render, title } from './canvas.ts'
import { annotate, type Box } from './caption.ts'
import { principal } from './component.ts'
import { marked } from './mark.ts'
import { type Numbers, numbers, type Rows, rows, spanOf, widened } from './points.ts'

export type EmbeddingOptions = PlotOptions & {
  /** The class of each point: numbers or names. Classes have colours, shapes and a legend, in the order of numbers or names. */
  labels?: Numbers | readonly string[]
  /** A text beside each point; those without room are left out, the first come first. */
  texts?: readonly string[]
  /** Names of the classes in their order. Default: the labels. */
  classNames?: readonly string[]
  xLabel?: string
  yLabel?: string
}

const own = ['labels', 'texts', 'classNames', 'xLabel', 'yLabel']

/**
 * Draws points in the plane: `[n, d] points -> PNG or SVG bytes`. From three dimensions on they are projected on their
 * first two principal components, whose shares of the variance the axes tell; both axes then have one scale, so that
 * distances are as they are. Points that are not finite are left out.
 *
 * Throws `ShapeError` for points of one dimension and for labels and texts that do not fit, `ArgumentError` for no
 * points, `DependencyError` if the plot libraries are missing.
 *
 * @example
 * const points = [[1, 0, 0.2], [0.9, 0.1, 0], [-1, 0, 0.1]]
 * await embedding2d(points, { labels: ['animal', 'animal', 'plant'], texts: ['cat', 'dog', 'oak'], path: 'out/words.png' })
 * // out/words.png: 1000 x 800 pixels
 */
export async function embedding2d(given: Rows, options: EmbeddingOptions = {}): Promise<Buffer> {
  known('embedding2d', options, own)
  const all = rows('embedding2d', 'points', given)
  if (all.length === 0) throw new ArgumentError('embedding2d: no points to draw')
  const d = all[0].length
  if (d < 2) throw new ShapeError(`embedding2d: points are [n, 2] or of more dimensions, got [${all.length}, ${d}]`)
  const labels = options.labels && labelsOf(options.labels, all.length)
  const texts = options.texts && list('embedding2d', 'texts', options.texts)
  if (texts && texts.length !== all.length) {
    throw new ShapeError(`embedding2d: needs a text for each of ${all.length} points, got ${texts.length}`)
  }
  const kept = all.map((_, i) => i).filter(i => all[i].every(Number.isFinite))
  if (kept.length === 0) throw new ArgumentError('embedding2d: no point is finite')
  const view = frame(options, 1000, 800)
  const { unit, look } = view

  const { at, shares } = d === 2 ? { at: kept.map(i => all[i]), shares: undefined } : principal(kept.map(i => all[i]))
  const classes = [...new Set(labels && kept.map(i => labels[i]))].sort(ascending)
  const names = classes.map((label, k) => options.classNames?.[k] ?? String(label))
  const scale = kept.length > 2000 ? 0.35 : kept.length > 300 ? 0.6 : 1
  const share = (k: 0 | 1) => shares && `component ${k + 1} (${(shares[k] * 100).toFixed(1)}% of the variance)`
  const x = widened(spanOf(at.map(point => point[0])), 0.08)
  const y = widened(spanOf(at.map(point => point[1])), 0.08)
  const groups = labels ? classes.map(label => kept.flatMap((i, n) => (labels[i] === label ? [at[n]] : []))) : [at]

  const captions = {
    id: 'texts',
    afterDatasetsDraw({ ctx, chartArea, scales }: Chart) {
      if (!texts) return
      const radius = 10 * unit * scale
      const notes = at.map(([px, py], n) => ({
        text: texts[kept[n]],
        x: scales.x.getPixelForValue(px),
        y: scales.y.getPixelForValue(py),
      }))
      const taken = notes.map(({ x, y }): Box => [x - radius, y - radius, x + radius, y + radius])
      const area: Box = [chartArea.left, chartArea.top, view.width - 6 * unit, chartArea.bottom]
      annotate(ctx, view, notes, { taken, area, away: radius + 3 * unit })
    },
  }
  const axis = { type: 'linear' as const, grid: { color: look.grid, drawTicks: false }, border: { color: look.muted } }
  const ticks = { maxTicksLimit: 7, maxRotation: 0, includeBounds: false, padding: 6 * unit }
  // One scale for both axes: distances are what an embedding is about.
  const room = { width: view.width - 130 * unit, height: view.height - 190 * unit }
  const perPixel = Math.max((x.high - x.low) / room.width, (y.high - y.low) / room.height)
  const limits = (span: typeof x, pixels: number) => {
    const more = (perPixel * pixels - (span.high - span.low)) / 2
    return d === 2 ? { min: span.low, max: span.high } : { min: span.low - more, max: span.high + more }
  }
  return render(
    {
      type: 'scatter',
      data: {
        datasets: groups.map((group, k) => ({
          label: fitted(view, names[k] ?? ''),
          data: group.map(([px, py]) => ({ x: px, y: py })),
          ...marked(view, k, scale),
        })),
      },
      options: {
        layout: { padding: { top: 26 * unit, right: 34 * unit, bottom: 18 * unit, left: 18 * unit } },
        plugins: { title: title(view, options.title), legend: legend(view, classes.length > 0) },
        scales: {
          x: {
            ...axis,
            ticks,
            ...limits(x, room.width),
            title: axisTitle(view, options.xLabel ?? share(0), view.width * 0.8),
          },
          y: {
            ...axis,
            ticks,
            ...limits(y, room.height),
            title: axisTitle(view, options.yLabel ?? share(1), view.height * 0.65),
          },
          // Last, as data goes by the first x axis.
          top: air(view),
        },
      },
      plugins: [captions],
    },
    view,
    options,
  )
}

function labelsOf(given: Numbers | readonly string[], count: number): readonly (string | number)[] {
  const named = Array.isArray(given) && given.some(label => typeof label === 'string')
  const labels = named ? (given as readonly string[]) : Array.from(numbers('embedding2d', 'labels', given as Numbers))
  if (labels.length !== count) {
    throw new ShapeError(`embedding2d: needs a label for each of ${count} points, got ${labels.length}`)
  }
  return labels
}

function ascending(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1
}
