// Paths of optimizers over a function of two numbers: where each started, how it went, how near it came.
import type { Chart } from 'chart.js'
import { described, integer, list } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { brief } from './axis.ts'
import { air, axisTitle, frame, known, legend, type PlotOptions, paint, render, title } from './canvas.ts'
import { annotate, type Box } from './caption.ts'
import { datasets, entries } from './line.ts'
import { type Point, points, type Span, spanOf, widened } from './points.ts'
import { colourOf, css, mix, type Rgb, rgb } from './theme.ts'

export type Path = { name: string; points: readonly Point[] }

export type SurfaceOptions = PlotOptions & {
  /** What is shown of the plane. Default: all paths and the minimum, with some room. */
  xRange?: readonly [number, number]
  yRange?: readonly [number, number]
  /** Where the function is least. Default: where it is least within the picture; false, or at the rim, marks none. */
  minimum?: Point | false
  /** How many bands of colour. Default 14. */
  levels?: number
  /** Bands by the logarithm of the height above the least value, over six decades at most (default), or by height. */
  logLevels?: boolean
  /** How many columns of points the function is asked for; between them values are interpolated. Default 400. */
  resolution?: number
  xLabel?: string
  yLabel?: string
}

const own = ['xRange', 'yRange', 'minimum', 'levels', 'logLevels', 'resolution', 'xLabel', 'yLabel']

/**
 * Draws a function of two numbers in bands of grey, strongest where it is least, and paths over it:
 * `f, k paths -> PNG or SVG bytes`. A ring is where a path starts, a disc where it ends, a star the minimum. With
 * logarithmic bands a valley shows its floor. A path may leave the picture; what is not finite leaves a gap.
 *
 * Throws `ArgumentError` for paths that are none, an empty range, a function that is finite nowhere, `DependencyError`
 * if the plot libraries are missing.
 *
 * @example
 * const path = { name: 'SGD', points: [{ x: -2, y: 1 }, { x: -1, y: 0.4 }, { x: -0.4, y: 0.1 }] }
 * await surfaceTrajectories((x, y) => x * x + 3 * y * y, [path], { path: 'out/bowl.png', title: 'A bowl' })
 * // out/bowl.png: 1000 x 800 pixels
 */
export async function surfaceTrajectories(
  f: (x: number, y: number) => number,
  paths: readonly Path[],
  options: SurfaceOptions = {},
): Promise<Buffer> {
  known('surfaceTrajectories', options, own)
  const { levels = 14, logLevels = true, resolution = 400, minimum } = options
  if (typeof f !== 'function') throw new ArgumentError(`surfaceTrajectories: f is a function, not ${described(f)}`)
  integer('surfaceTrajectories', 'levels', levels, 2)
  integer('surfaceTrajectories', 'resolution', resolution, 2)
  const curves = list('surfaceTrajectories', 'paths', paths).map(({ name, points: given }, colour) => ({
    name,
    points: points('surfaceTrajectories', name, given),
    colour,
  }))
  const seen = curves.flatMap(curve => curve.points).filter(({ y }) => !Number.isNaN(y))
  if (seen.length === 0) throw new ArgumentError('surfaceTrajectories: no path to draw')
  if (minimum) seen.push(minimum)
  const x = rangeOf(
    'xRange',
    options.xRange,
    seen.map(point => point.x),
  )
  const y = rangeOf(
    'yRange',
    options.yRange,
    seen.map(point => point.y),
  )
  const view = frame(options, 1000, 800)
  const { unit, look, font } = view

  const columns = resolution
  const rows = Math.max(2, Math.round((resolution * view.height) / view.width))
  // Row by row from the top left, as the picture will be painted.
  const at = (i: number) => ({
    x: x.low + ((x.high - x.low) * (i % columns)) / (columns - 1),
    y: y.high - ((y.high - y.low) * Math.floor(i / columns)) / (rows - 1),
  })
  const values = Float64Array.from({ length: columns * rows }, (_, i) => {
    const point = at(i)
    return f(point.x, point.y)
  })
  const { low, high } = spanOf(values)
  if (!(low <= high)) throw new ArgumentError('surfaceTrajectories: f is finite nowhere in the picture')
  const inner = (i: number) => i % columns > 0 && i % columns < columns - 1 && i >= columns && i < columns * (rows - 1)
  const lowest = values.indexOf(low)
  // At the rim the function may go on falling outside.
  const least = minimum || (minimum === undefined && inner(lowest) && at(lowest)) || undefined
  const floor = minimum ? Math.min(low, f(minimum.x, minimum.y)) : low
  const { share, height } = bands(floor, high, logLevels, values)

  const [paper, ink] = [rgb(look.paper), rgb(look.muted)]
  const shade = (band: number): Rgb => mix(paper, ink, 0.62 * (1 - band / (levels - 1)) ** 1.2 + 0.03)
  const heights = values.map(value => share(value) * levels)
  /** In bands, between the grid's points; u and v run over the picture from 0 to 1. */
  const heightAt = (u: number, v: number) => {
    const [c, r] = [u * (columns - 1), v * (rows - 1)]
    const [left, top] = [Math.min(Math.floor(c), columns - 2), Math.min(Math.floor(r), rows - 2)]
    const [a, b] = [c - left, r - top]
    const i = top * columns + left
    const upper = heights[i] * (1 - a) + heights[i + 1] * a
    return upper * (1 - b) + (heights[i + columns] * (1 - a) + heights[i + columns + 1] * a) * b
  }
  const band = (h: number) => Math.min(levels - 1, Math.max(0, Math.floor(h)))
  const ground = {
    id: 'surface',
    beforeDatasetsDraw({ ctx, chartArea }: Chart) {
      const [left, top] = [Math.round(chartArea.left), Math.round(chartArea.top)]
      const [width, height] = [Math.round(chartArea.right) - left, Math.round(chartArea.bottom) - top]
      const at = (column: number, row: number) => heightAt((column + 0.5) / width, (row + 0.5) / height)
      paint(ctx, [left, top, width, height], (column, row) => {
        const h = at(column, row)
        if (!Number.isFinite(h)) return paper
        // Edges of bands are smoothed over one pixel, by how far the height goes within it.
        const slope = Math.hypot(at(column + 1, row) - h, at(column, row + 1) - h)
        const edge = Math.round(h)
        const over = slope > 0 ? (h - edge) / slope : 1
        if (Math.abs(over) >= 0.5 || edge < 1 || edge > levels - 1) return shade(band(h))
        return mix(shade(edge - 1), shade(edge), over + 0.5)
      })
    },
    afterDatasetsDraw({ ctx, chartArea, scales }: Chart) {
      const place = (point: Point) => [scales.x.getPixelForValue(point.x), scales.y.getPixelForValue(point.y)] as const
      ctx.save()
      ctx.beginPath()
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height)
      ctx.clip()
      const starts = curves.flatMap(({ points }) => points.find(({ y }) => !Number.isNaN(y)) ?? [])
      const notes = [
        ...starts.map(point => ({ text: 'start', ...point })),
        ...(least ? [{ text: 'minimum', ...least }] : []),
      ]
      const seen = new Set<string>()
      const apart = notes
        .map(note => ({ text: note.text, x: place(note)[0], y: place(note)[1] }))
        .filter(({ text, x, y }) => {
          const key = `${text} ${Math.round(x)} ${Math.round(y)}`
          return !seen.has(key) && seen.add(key)
        })
      const dot = ([x, y]: Place): Box => [x - 4 * unit, y - 4 * unit, x + 4 * unit, y + 4 * unit]
      const taken = sets.flatMap(({ data }) => data.map(point => dot(place(point))))
      const area: Box = [chartArea.left, chartArea.top, chartArea.right, chartArea.bottom]
      annotate(ctx, view, apart, { taken, area, away: 14 * unit })
      if (least) star(ctx, place(least), 15 * unit, look.ink, look.paper)
      for (const curve of curves) {
        const there = curve.points.filter(({ y }) => !Number.isNaN(y))
        const colour = css(colourOf(look, curve.colour))
        if (there.length === 0) continue
        disc(ctx, place(there[0]), 8 * unit, look.paper, colour, 4 * unit)
        if (there.length > 1) disc(ctx, place(there[there.length - 1]), 9 * unit, colour, look.paper, 2.5 * unit)
      }
      ctx.restore()
      // The bands' key, beside the picture, with the values at some of their edges.
      const [left, width] = [chartArea.right + 22 * unit, 20 * unit]
      const step = chartArea.height / levels
      ctx.save()
      for (let k = 0; k < levels; k++) {
        const [r, g, b] = shade(k)
        ctx.fillStyle = `rgb(${r}, ${g}, ${b})`
        ctx.fillRect(left, chartArea.bottom - (k + 1) * step, width, step + 0.5)
      }
      ctx.font = `${17 * unit}px "${font}"`
      ctx.fillStyle = look.muted
      ctx.textBaseline = 'middle'
      const every = Math.ceil((30 * unit) / step)
      for (let k = 0; k <= levels; k += every) {
        ctx.fillText(brief(height(k / levels)), left + width + 8 * unit, chartArea.bottom - k * step)
      }
      ctx.restore()
    },
  }
  const span = { low: y.low, high: y.high }
  const drawn = datasets(view, curves, { span })
  const sets = drawn.map((set, i) => ({
    ...set,
    // Up to fifty steps can be told apart.
    pointRadius: curves[i].points.length <= 50 ? 4 * unit : 0,
    clip: 0,
  }))
  // A rim in the paper's colour keeps paths off the bands and off one another.
  const rims = sets.map(set => ({
    ...set,
    label: '',
    borderColor: look.paper,
    pointRadius: 0,
    borderDash: [],
    borderWidth: set.borderWidth + 3 * unit,
    order: set.order + 0.5,
  }))
  const axis = { type: 'linear' as const, grid: { display: false }, border: { color: look.muted } }
  const ticks = { maxTicksLimit: 7, maxRotation: 0, includeBounds: false }
  return render(
    {
      type: 'line',
      data: { datasets: [...sets, ...rims] },
      options: {
        layout: { padding: { top: 26 * unit, right: 130 * unit, bottom: 18 * unit, left: 18 * unit } },
        plugins: { title: title(view, options.title), legend: legend(view, true, entries(view, drawn)) },
        scales: {
          x: { ...axis, ticks, min: x.low, max: x.high, title: axisTitle(view, options.xLabel, view.width * 0.8) },
          y: { ...axis, ticks, min: y.low, max: y.high, title: axisTitle(view, options.yLabel, view.height * 0.65) },
          // Last, as data goes by the first x axis.
          top: air(view),
        },
      },
      plugins: [ground],
    },
    view,
    options,
  )
}

function rangeOf(name: string, given: readonly [number, number] | undefined, seen: readonly number[]): Span {
  if (given === undefined) return widened(spanOf(seen), 0.12)
  const [low, high] = given
  if (!(low < high)) throw new ArgumentError(`surfaceTrajectories: ${name} [${low}, ${high}] is empty`)
  return { low, high }
}

/** From a value to its share of the bands, 0 to 1, and back. */
function bands(floor: number, high: number, log: boolean, values: Float64Array) {
  const size = high - floor || 1
  if (!log) return { share: (value: number) => (value - floor) / size, height: (share: number) => floor + share * size }
  // From a hundredth part of the picture lying below it: a single lowest point would take decades for itself.
  const above = values.filter(value => value > floor && Number.isFinite(value)).sort()
  const first = Math.max(above[Math.floor(above.length / 200)] - floor || size, size * 1e-6)
  const decades = Math.log(size / first) || 1
  return {
    share: (value: number) => (value - floor <= first ? 0 : Math.log((value - floor) / first) / decades),
    height: (share: number) => (share === 0 ? floor : floor + first * Math.exp(share * decades)),
  }
}

type Place = readonly [x: number, y: number]

function disc(ctx: CanvasRenderingContext2D, [x, y]: Place, radius: number, fill: string, line: string, width: number) {
  ctx.beginPath()
  ctx.arc(x, y, radius, 0, 2 * Math.PI)
  ctx.fillStyle = fill
  ctx.fill()
  ctx.strokeStyle = line
  ctx.lineWidth = width
  ctx.stroke()
}

function star(ctx: CanvasRenderingContext2D, [x, y]: Place, radius: number, fill: string, line: string) {
  ctx.beginPath()
  for (let i = 0; i < 10; i++) {
    const [r, angle] = [i % 2 === 0 ? radius : radius * 0.45, (i * Math.PI) / 5 - Math.PI / 2]
    ctx.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle))
  }
  ctx.closePath()
  ctx.lineWidth = radius / 5
  ctx.strokeStyle = line
  ctx.stroke()
  ctx.fillStyle = fill
  ctx.fill()
}
