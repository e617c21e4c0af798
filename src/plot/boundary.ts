// What a classifier makes of the plane: its regions, how sure it is of them, and the points it learned from.
import type { Chart } from 'chart.js'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { air, axisTitle, fitted, frame, known, legend, type PlotOptions, paint, render, title } from './canvas.ts'
import { marked } from './mark.ts'
import { colourOf, mix, type Rgb, rgb } from './theme.ts'

export type BoundaryOptions = PlotOptions & {
  xLabel?: string
  yLabel?: string
  /** One name for each class, in ascending order of labels. */
  classNames?: string[]
  /** The score at which two classes meet: 0 for margins and logits (the default), 0.5 for probabilities. */
  threshold?: number
  /** How many columns of points the model is asked for; between them scores are interpolated. Default 100. */
  resolution?: number
}

/**
 * Draws the regions of a classifier of points in the plane: `points [n, 2], labels [n] -> PNG or SVG bytes`.
 * `predict` maps `[m, 2]` to `[m]`, one score each (the higher label at and above `threshold`, the lower one below), or
 * to `[m, classes]`, where class k, labelled k, wins by the greatest score. It is called once.
 * The shade is the margin over the next class, full at the picture's median margin: it compares places, and is not a
 * probability.
 *
 * Throws `ShapeError` or `ArgumentError` for points, labels and scores that do not fit, `DependencyError` if the plot
 * libraries are missing.
 *
 * @example
 * await decisionBoundary(points => points.map(([x, y]) => x - y), [[0, 1], [1, 0]], [-1, 1], { path: 'out/line.png' })
 * // out/line.png: 1000 x 800 pixels
 */
export async function decisionBoundary(
  predict: (points: number[][]) => ArrayLike<number> | number[][],
  points: number[][],
  labels: ArrayLike<number>,
  options: BoundaryOptions = {},
): Promise<Buffer> {
  known('decisionBoundary', options, ['xLabel', 'yLabel', 'classNames', 'threshold', 'resolution'])
  const { threshold = 0, resolution = 100 } = options
  if (points.length === 0 || points.length !== labels.length || points.some(point => point.length !== 2)) {
    const shape = [points.length, points[0]?.length ?? 2].join(', ')
    throw new ShapeError(`decisionBoundary: needs points [n, 2] and labels [n], got [${shape}] and [${labels.length}]`)
  }
  if (!Number.isInteger(resolution) || resolution < 2) {
    throw new ArgumentError(`decisionBoundary: resolution must be 2 or more, got ${resolution}`)
  }
  const view = frame(options, 1000, 800)
  const { unit, look } = view
  const span = (axis: 0 | 1) => {
    const values = points.map(point => point[axis])
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
    const room = (high - low || 1) * 0.1
    return { low: low - room, size: high - low + 2 * room }
  }
  const [x, y] = [span(0), span(1)]

  // The grid, row by row from the top left, as the picture will be painted.
  const columns = resolution
  const rows = Math.max(2, Math.round((resolution * view.height) / view.width))
  const grid = Array.from({ length: columns * rows }, (_, i) => [
    x.low + (x.size * (i % columns)) / (columns - 1),
    y.low + y.size * (1 - Math.floor(i / columns) / (rows - 1)),
  ])
  const given = Array.from(predict(grid) as ArrayLike<number | number[]>)
  if (given.length !== grid.length) {
    throw new ShapeError(`decisionBoundary: predict made ${given.length} scores for ${grid.length} points`)
  }
  const scores = given.map(score => (typeof score === 'number' ? [threshold - score, score - threshold] : score))
  const classes = classLabels(labels, typeof given[0] === 'number' ? undefined : scores[0].length)
  const names = classes.map((label, k) => options.classNames?.[k] ?? `class ${label}`)
  const colours = classes.map((_, k) => colourOf(look, k))

  const near = new Array<number>(classes.length)
  /** All scores between the grid's points; u and v run over the picture from 0 to 1. */
  const scoresAt = (u: number, v: number) => {
    const [c, r] = [u * (columns - 1), v * (rows - 1)]
    const [left, top] = [Math.min(Math.floor(c), columns - 2), Math.min(Math.floor(r), rows - 2)]
    const [a, b] = [c - left, r - top]
    const i = top * columns + left
    const [nw, ne, sw, se] = [scores[i], scores[i + 1], scores[i + columns], scores[i + columns + 1]]
    for (let k = 0; k < near.length; k++) {
      near[k] = (nw[k] * (1 - a) + ne[k] * a) * (1 - b) + (sw[k] * (1 - a) + se[k] * a) * b
    }
    return near
  }
  const margins = scores.map(row => {
    const [first, second] = firstTwo(row)
    return row[first] - row[second]
  })
  const typical = margins.filter(Number.isFinite).sort((a, b) => a - b)[Math.floor(margins.length / 2)] || 1

  const paper = rgb(look.paper)
  const ink = rgb(look.ink)
  const depth = options.theme === 'dark' ? 0.4 : 0.34
  const colour = (u: number, v: number, du: number, dv: number): Rgb => {
    const [first, second] = firstTwo(scoresAt(u, v))
    const margin = (u: number, v: number) => {
      const score = scoresAt(u, v)
      return score[first] - score[second]
    }
    const here = margin(u, v)
    if (!Number.isFinite(here)) return paper
    const shade = mix(paper, colours[first], 0.08 + depth * Math.min(1, here / typical))
    if (here >= typical) return shade
    // Distance to the boundary in pixels, to first order: the line gets the same width whatever the slope.
    const slope = Math.hypot(margin(u + du, v) - here, margin(u, v + dv) - here)
    const line = slope > 0 ? Math.min(1, Math.max(0, 1.4 * unit + 0.5 - here / slope)) : 0
    return mix(shade, ink, line * 0.75)
  }
  const regions = {
    id: 'regions',
    beforeDatasetsDraw({ ctx, chartArea }: Chart) {
      const [left, top] = [Math.round(chartArea.left), Math.round(chartArea.top)]
      const [width, height] = [Math.round(chartArea.right) - left, Math.round(chartArea.bottom) - top]
      paint(ctx, [left, top, width, height], (column, row) =>
        colour((column + 0.5) / width, (row + 0.5) / height, 1 / width, 1 / height),
      )
    },
  }
  const axis = { grid: { display: false }, border: { color: look.muted } }
  const ticks = { maxTicksLimit: 7, maxRotation: 0, includeBounds: false }
  return render(
    {
      type: 'scatter',
      data: {
        datasets: classes.map((label, k) => ({
          label: fitted(view, names[k]),
          data: points.filter((_, i) => labels[i] === label).map(([x, y]) => ({ x, y })),
          ...marked(view, k),
        })),
      },
      options: {
        layout: { padding: { top: 26 * unit, right: 30 * unit, bottom: 18 * unit, left: 18 * unit } },
        plugins: { title: title(view, options.title), legend: legend(view, true) },
        scales: {
          x: {
            ...axis,
            ticks,
            min: x.low,
            max: x.low + x.size,
            title: axisTitle(view, options.xLabel, view.width * 0.8),
          },
          y: {
            ...axis,
            ticks,
            min: y.low,
            max: y.low + y.size,
            title: axisTitle(view, options.yLabel, view.height * 0.65),
          },
          // Last, as data goes by the first x axis.
          top: air(view),
        },
      },
      plugins: [regions],
    },
    view,
    options,
  )
}

/** The indices of the two greatest scores. */
function firstTwo(score: number[]): [number, number] {
  let [first, second] = score[0] >= score[1] ? [0, 1] : [1, 0]
  for (let k = 2; k < score.length; k++) {
    if (score[k] > score[first]) {
      second = first
      first = k
    } else if (score[k] > score[second]) second = k
  }
  return [first, second]
}

/** The distinct labels in order; `count` is known if the model scores every class. */
function classLabels(labels: ArrayLike<number>, count: number | undefined): number[] {
  const seen = [...new Set(Array.from(labels))].sort((a, b) => a - b)
  if (count !== undefined) {
    const odd = seen.find(label => !Number.isInteger(label) || label < 0 || label >= count)
    if (odd !== undefined || count < 2) {
      throw new ArgumentError(
        `decisionBoundary: label ${odd ?? seen[0]} is none of the ${count} classes that predict scores`,
      )
    }
    return Array.from({ length: count }, (_, k) => k)
  }
  if (seen.length > 2) {
    throw new ArgumentError(
      `decisionBoundary: ${seen.length} classes (${seen.join(', ')}) need one score each: return [m, ${seen.length}] from predict`,
    )
  }
  if (seen.length === 2) return seen
  return seen[0] > 0 ? [0, seen[0]] : [seen[0], 1]
}
