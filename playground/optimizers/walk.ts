// Ways over a surface: an optimizer of the library steps from a point, on the engine's own gradient of the formula.

import { type Anatomy, anatomy, type Expression } from '../../src/explain/explain.ts'
import { optim, Value } from '../../src/index.ts'
import { height, type Minimum, slope } from './ground.ts'
import { type Constants, type KindName, kinds, type Stepping } from './kind.ts'
import type { Point } from './surface.ts'

type F = Expression['f']

/** Who walks, and with which constants. */
export interface Runner {
  readonly kind: KindName
  readonly constants: Constants
}
/** Where it was before the first step, and after each. */
export interface Path {
  readonly kind: KindName
  readonly x: Float64Array
  readonly y: Float64Array
  readonly f: Float64Array
  /** The step that led out of all numbers, or farther than `FAR`; null if none did. */
  readonly diverged: number | null
}
/** Who is farther away than this from the origin does not come back. */
export const FAR = 1e6

interface Walker {
  readonly x: Value
  readonly y: Value
  readonly optimizer: Stepping
  /** Forgets the gradients, evaluates, goes backward. */
  closure(): Value
}
function walker(f: F, k: number, { kind, constants }: Runner, start: Point): Walker {
  const [x, y, fixed] = [new Value(start.x), new Value(start.y), Value.constant(k)]
  const optimizer = kinds[kind].make([x, y], constants)
  return {
    x,
    y,
    optimizer,
    closure() {
      optimizer.zeroGrad()
      return slope(f, x, y, fixed)
    },
  }
}

/** Steps from a start, until the steps are done or it has diverged. */
export function walk(f: F, k: number, runner: Runner, start: Point, steps: number): Path {
  const { x, y, optimizer, closure } = walker(f, k, runner, start)
  const found: [number, number, number][] = []
  let diverged: number | null = null
  for (let t = 0; t <= steps; t++) {
    const z = height(f, x, y, Value.constant(k))
    if (!(Math.hypot(x.data, y.data) <= FAR) || !Number.isFinite(z.data)) {
      diverged = t
      break
    }
    found.push([x.data, y.data, z.data])
    if (t < steps) optimizer.step(closure)
  }
  const column = (i: number): Float64Array => Float64Array.from(found, row => row[i])
  return { kind: runner.kind, x: column(0), y: column(1), f: column(2), diverged }
}

/** The step after the first `step` ones, taken apart for x and for y; null for a method whose step is a search. */
export function anatomies(
  f: F,
  k: number,
  runner: Runner,
  start: Point,
  step: number,
): readonly [Anatomy, Anatomy] | null {
  const { x, y, optimizer, closure } = walker(f, k, runner, start)
  if (!(optimizer instanceof optim.Optimizer)) return null
  for (let t = 0; t < step; t++) optimizer.step(closure)
  closure()
  return [anatomy(optimizer, x), anatomy(optimizer, y)]
}

/** What became of a way. */
export interface Result {
  /** Where it ended. */
  readonly f: number
  /** To the nearest of the lowest minima; null if there are none. */
  readonly distance: number | null
  /** After how many steps it was first as near as `tolerance` to one; null if never. */
  readonly reached: number | null
}
export function result({ x, y, f }: Path, minima: readonly Minimum[], tolerance: number): Result {
  const lowest = minima.filter(minimum => minimum.lowest)
  const far = (t: number): number => Math.min(...lowest.map(minimum => Math.hypot(minimum.x - x[t], minimum.y - y[t])))
  const last = f.length - 1
  const reached = lowest.length === 0 ? -1 : f.findIndex((_, t) => far(t) <= tolerance)
  return {
    f: last < 0 ? Number.NaN : f[last],
    distance: lowest.length === 0 || last < 0 ? null : far(last),
    reached: reached < 0 ? null : reached,
  }
}
