// Where the network's units and weights are in its picture, and which of them is at a point.
import type { Place } from './message.ts'

export interface Spot {
  readonly x: number
  readonly y: number
}
/** A weight, drawn from the right of one unit to the left of the next. */
export interface Edge {
  readonly place: Place
  readonly from: Spot
  readonly to: Spot
}
/** A bias, a square of `biasSize` left of its unit's foot. */
export interface Bias {
  readonly place: Place
  readonly at: Spot
}
export interface Plan {
  readonly width: number
  readonly height: number
  /** The side of a unit. */
  readonly size: number
  readonly biasSize: number
  /** The middles of the units, layer by layer, inputs first. */
  readonly layers: readonly (readonly Spot[])[]
  readonly edges: readonly Edge[]
  readonly biases: readonly Bias[]
}
export interface PlanOptions {
  /** Room to the left for the names of the inputs, and to the right for those of the outputs. */
  readonly left: number
  readonly right: number
}

/** Lays the layers out in columns over a width, each centred. */
export function plan(widths: readonly number[], width: number, { left, right }: PlanOptions): Plan {
  const room = width - left - right
  const most = Math.max(...widths)
  const size = Math.max(18, Math.min(44, (room / widths.length) * 0.5))
  const gap = size * 1.32
  const height = Math.max(most, 4) * gap + 8
  const apart = widths.length > 1 ? (room - size) / (widths.length - 1) : 0
  const layers = widths.map((units, layer) =>
    Array.from({ length: units }, (_, unit) => ({
      x: left + size / 2 + layer * apart,
      y: height / 2 + (unit - (units - 1) / 2) * gap,
    })),
  )
  const edges: Edge[] = []
  const biases: Bias[] = []
  const biasSize = Math.max(6, Math.round(size / 5))
  layers.slice(1).forEach((units, layer) => {
    units.forEach((to, unit) => {
      layers[layer].forEach((from, input) => {
        edges.push({
          place: { layer, unit, input },
          from: { x: from.x + size / 2, y: from.y },
          to: { x: to.x - size / 2, y: to.y },
        })
      })
      biases.push({
        place: { layer, unit, input: 'bias' },
        at: { x: to.x - (size + biasSize) / 2 - 2, y: to.y + (size - biasSize) / 2 },
      })
    })
  })
  return { width, height, size, biasSize, layers, edges, biases }
}

/** The curve of a weight as SVG's path. */
export function path({ from, to }: Edge): string {
  const middle = (from.x + to.x) / 2
  return `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`
}

/** The distance of a point from a weight's curve, by points along it. */
function distance({ from, to }: Edge, x: number, y: number): number {
  if (x < from.x - 12 || x > to.x + 12) return Number.POSITIVE_INFINITY
  let least = Number.POSITIVE_INFINITY
  const middle = (from.x + to.x) / 2
  for (let i = 0; i <= 24; i++) {
    const t = i / 24
    const s = 1 - t
    // the Bézier curve with its two inner points in the middle, at the heights of its ends
    const px = s * s * s * from.x + 3 * s * t * middle + t * t * t * to.x
    const py = (s * s * s + 3 * s * s * t) * from.y + (3 * s * t * t + t * t * t) * to.y
    least = Math.min(least, Math.hypot(px - x, py - y))
  }
  return least
}

/** The bias or weight at a point, none if all are further than `within`. */
export function nearest({ edges, biases, biasSize }: Plan, x: number, y: number, within = 8): Place | null {
  const reach = Math.max(biasSize / 2 + 3, within)
  const bias = biases.find(({ at }) => Math.max(Math.abs(at.x - x), Math.abs(at.y - y)) <= reach)
  if (bias) return bias.place
  let found: Place | null = null
  let least = within
  for (const edge of edges) {
    const far = distance(edge, x, y)
    if (far <= least) {
      found = edge.place
      least = far
    }
  }
  return found
}

export const samePlace = (a: Place | null, b: Place | null): boolean =>
  a?.layer === b?.layer && a?.unit === b?.unit && a?.input === b?.input
