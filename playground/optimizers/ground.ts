// A surface seen from above: its heights on a grid, and its minima.

import type { Expression } from '../../src/explain/explain.ts'
import { linspace, optim, type Tensor, Value } from '../../src/index.ts'
import type { Point, View } from './surface.ts'

type F = Expression['f']

export interface Grid {
  readonly view: View
  readonly columns: number
  readonly rows: number
  /** Row by row, from the bottom left. */
  readonly heights: Float64Array
}

/** Where a function of x and y is less than all around. */
export interface Minimum extends Point {
  readonly f: number
  /** Is none in the picture lower? */
  readonly lowest: boolean
}

/** What is known of a function's minima. */
export interface Minima {
  readonly minima: readonly Minimum[]
  /** Is it least along a whole line or area? Then no minima are named. */
  readonly flat: boolean
  /** Does the function fall below its lowest minimum at the rim of the picture? Then it goes on outside. */
  readonly falls: boolean
}

/** f at points of the plane, all at once. */
export function grid(f: F, k: number, view: View, columns: number, rows: number): Grid {
  const along = (low: number, high: number, n: number): Tensor => linspace(low, high, n, { dtype: 'float64' })
  const x = along(view.left, view.right, columns).reshape([1, columns]).expand([rows, columns])
  const y = along(view.bottom, view.top, rows).reshape([rows, 1]).expand([rows, columns])
  const z = f(x, y, x.mul(0).add(k)) as Tensor
  return { view, columns, rows, heights: Float64Array.from(z.expand([rows, columns]).data) }
}

/** The point of the grid with this number. */
function at({ view, columns, rows }: Grid, i: number): Point {
  return {
    x: view.left + ((view.right - view.left) * (i % columns)) / (columns - 1),
    y: view.bottom + ((view.top - view.bottom) * Math.floor(i / columns)) / (rows - 1),
  }
}

/** As many dents as are followed down, */
const MOST = 40
/** and how far they are apart, in widths of the picture. */
const APART = 0.05
/** So many equally deep minima are a line or an area. */
const MANY = 16

/** Where the heights are lower than at the eight neighbours, lowest first. */
function dents(of: Grid): Point[] {
  const { columns, rows, heights, view } = of
  const found: number[] = []
  for (let r = 1; r < rows - 1; r++)
    for (let c = 1; c < columns - 1; c++) {
      const i = r * columns + c
      const around = [-columns - 1, -columns, -columns + 1, -1, 1, columns - 1, columns, columns + 1]
      const h = heights[i]
      if (around.every(d => h <= heights[i + d]) && around.some(d => h < heights[i + d])) found.push(i)
    }
  const apart: Point[] = []
  for (const i of found.sort((a, b) => heights[a] - heights[b])) {
    const point = at(of, i)
    if (apart.length < MOST && !apart.some(other => away(point, other) < APART * (view.right - view.left)))
      apart.push(point)
  }
  return apart
}

/** f at a point, on the scalar engine. */
export const height = (f: F, x: Value, y: Value, k: Value): Value => {
  const z = f(x, y, k)
  return z instanceof Value ? z : Value.constant(z)
}
/** f at a point, with its slopes in the gradients of x and y: 0 where none flows, as through floor. */
export function slope(f: F, x: Value, y: Value, k: Value): Value {
  const z = height(f, x, y, k)
  if (z.op !== null || z === x || z === y) z.backward()
  return z
}

/** Down to the minimum from near it. */
function down(f: F, k: number, from: Point): Point & { readonly f: number } {
  const [x, y, fixed] = [new Value(from.x), new Value(from.y), Value.constant(k)]
  const before = height(f, x, y, fixed).data
  const optimizer = new optim.LBFGS([x, y], {
    lineSearchFn: 'strong_wolfe',
    maxIter: 60,
    toleranceGrad: 1e-10,
    toleranceChange: 1e-14,
  })
  optimizer.step(() => {
    optimizer.zeroGrad()
    return slope(f, x, y, fixed)
  })
  const after = height(f, x, y, fixed).data
  return after <= before ? { x: x.data, y: y.data, f: after } : { ...from, f: before }
}

const away = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y)
const inside = ({ left, right, bottom, top }: View, { x, y }: Point): boolean =>
  x >= left && x <= right && y >= bottom && y <= top

/** The minima within the picture: followed down from the dents of the grid by the library's own L-BFGS. */
export function minima(f: F, k: number, of: Grid): Minima {
  const { view, heights } = of
  const found: (Point & { f: number })[] = []
  const near = (view.right - view.left) / 500
  for (const dent of dents(of)) {
    const end = down(f, k, dent)
    if (inside(view, end) && !found.some(other => away(other, end) < near)) found.push(end)
  }
  const least = Math.min(...found.map(({ f }) => f))
  const finite = heights.filter(h => Number.isFinite(h))
  const [low, high] = finite.reduce(([a, b], h) => [Math.min(a, h), Math.max(b, h)], [Infinity, -Infinity])
  const slack = 1e-9 * Math.max(Math.abs(least), Number.isFinite(high - low) ? high - low : 0)
  const all = found.map(end => ({ ...end, lowest: end.f <= least + slack }))
  const flat = all.filter(({ lowest }) => lowest).length > MANY
  return { minima: flat ? [] : all, flat, falls: low < least - slack }
}
