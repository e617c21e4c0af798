// Curves as chart.js draws them: colours and widths that keep two of them apart even where they run along one another.
import { type AxisOptions, scaled } from './axis.ts'
import { type Frame, fitted } from './canvas.ts'
import { type Point, type Span, thinned } from './points.ts'
import { colourOf, css } from './theme.ts'

export type Curve = {
  name: string
  points: readonly Point[]
  /** Which colour of the theme's series. */
  colour: number
  as?: 'line' | 'points'
  /** Drawn behind the others, pale and thin: what another curve sums up. */
  pale?: boolean
}

type Scales = {
  x?: AxisOptions
  y?: AxisOptions
  /** What the y axis shows, of `scaled` values. */
  span: Span
  /** Its name in the chart's scales. */
  yAxisID?: string
}

/**
 * A dataset for each curve of one panel. A curve that runs along an earlier one is thin and dashed on top of that one's
 * broad pale band: both show.
 */
export function datasets(view: Frame, curves: readonly Curve[], { x, y, span, yAxisID = 'y' }: Scales) {
  const { unit, look } = view
  const value = scaled(y?.log)
  const drawable = curves.map(curve => ({
    ...curve,
    points: curve.points.map(point => (Number.isFinite(value(point.y)) ? point : { x: point.x, y: Number.NaN })),
  }))
  /** Whether most of `b` lies within a hundredth of the picture's height from `a`. */
  const along = (a: Curve, b: Curve) => {
    if (a.as === 'points' || b.as === 'points' || a.pale || b.pale) return false
    const other = new Map(a.points.map(point => [point.x, point.y]))
    const drawn = b.points.filter(point => !Number.isNaN(point.y))
    const close = drawn.filter(
      point => Math.abs(value(other.get(point.x) ?? Number.NaN) - value(point.y)) <= (span.high - span.low) / 100,
    )
    return drawn.length > 0 && close.length > drawn.length / 2
  }
  return drawable.map((curve, i) => {
    const above = drawable.slice(i + 1).filter(later => along(curve, later)).length
    const below = drawable.slice(0, i).filter(earlier => along(earlier, curve)).length
    const colour = colourOf(look, curve.colour)
    // A curve of few points shows them; a single point, or one between gaps, would otherwise not show at all.
    const marked = curve.as === 'points' || (curve.points.length <= 12 && !curve.pale)
    const radius = marked ? 4.5 * unit : 0
    const data = thinned(curve.points, view.width, scaled(x?.log))
    const alone = (k: number) =>
      Number.isNaN(data[k - 1]?.y ?? Number.NaN) && Number.isNaN(data[k + 1]?.y ?? Number.NaN)
    return {
      label: curve.name,
      data: [...data],
      yAxisID,
      borderColor: css(colour, curve.pale ? 0.45 : above > 0 ? 0.5 : 1),
      backgroundColor: css(colour, curve.pale ? 0.45 : 1),
      borderWidth: (curve.pale ? 2 : above > 0 ? 5 + 7 * above : 3.5) * unit,
      borderDash: below > 0 ? [9 * unit, 7 * unit] : [],
      borderJoinStyle: 'round' as const,
      showLine: curve.as !== 'points',
      pointRadius: data.map((_, k) => (alone(k) ? Math.max(radius, 3 * unit) : radius)),
      pointStyle: 'circle' as const,
      // Later curves on top; markers at the rim are not cut in half.
      order: curve.pale ? 1 : -i,
      clip: 10 * unit,
    }
  })
}

type Drawn = ReturnType<typeof datasets>[number]

/** The legend's entries, in the order given: chart.js leaves the dashes out and lists the topmost curve first. */
export function entries(view: Frame, drawn: readonly Omit<Drawn, 'data'>[]) {
  const { unit, look } = view
  return drawn.map(({ label, borderColor, borderWidth, borderDash, showLine }, datasetIndex) => ({
    text: fitted(view, label),
    fontColor: look.ink,
    strokeStyle: borderColor,
    lineWidth: showLine ? borderWidth : 9 * unit,
    // Points are a line of round dots.
    lineCap: showLine ? ('butt' as const) : ('round' as const),
    lineDash: showLine ? borderDash : [0.01, 18 * unit],
    pointStyle: 'line' as const,
    datasetIndex,
  }))
}
