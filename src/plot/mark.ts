// Points of classes: a colour and a shape for each, to be told apart by either.
import type { Frame } from './canvas.ts'
import { colourOf, css } from './theme.ts'

/** Shapes that differ at a glance, with the radii that make them look equally large. */
const marks = [
  { shape: 'circle', radius: 8 },
  { shape: 'triangle', radius: 10.5 },
  { shape: 'rect', radius: 9.5 },
  { shape: 'rectRot', radius: 10 },
  { shape: 'star', radius: 9 },
  { shape: 'crossRot', radius: 9 },
] as const

/** How points of class `k` look, `scale` times as large as usual: what a dataset of chart.js says of them. */
export function marked({ unit, look }: Frame, k: number, scale = 1) {
  const colours = look.series.length
  // From the seventh class on, a colour comes darker and with another shape.
  const { shape, radius } = marks[(k + Math.floor(k / colours)) % marks.length]
  const open = shape === 'star' || shape === 'crossRot'
  const colour = css(colourOf(look, k))
  return {
    pointStyle: shape,
    pointRadius: radius * unit * scale,
    backgroundColor: colour,
    borderColor: open ? colour : look.paper,
    borderWidth: (open ? 3 : 1.8) * unit * scale,
  }
}
