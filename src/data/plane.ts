// Classes of points, most of them in the plane: what a classifier's boundary can be watched on.
import { described, integer, list } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { asked, atLeast0, type Made, type MadeOptions, quiet, scattered, shared } from './made.ts'

/**
 * Two interleaving half circles, the smallest set in the plane that no straight line can split: `x [n, 2]`, `y [n]`; 0 is
 * the upper moon (n/2 points, rounded down), 1 the lower. scikit-learn's `make_moons`: circles of radius 1 around (0, 0)
 * and (1, 0.5).
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, or for another option
 * @example
 * data.makeMoons({ n: 4, generator: new Generator(1) }).y // [0, 1, 1, 0]
 */
export function makeMoons(given: MadeOptions = {}): Made {
  const { n, noise, generator } = asked('makeMoons', given)
  const upper = Math.floor(n / 2)
  const points = Array.from({ length: n }, (_, j) => {
    const [label, i, of] = j < upper ? [0, j, upper] : [1, j - upper, n - upper]
    const angle = (Math.PI * i) / Math.max(1, of - 1)
    const [x, y] = [Math.cos(angle), Math.sin(angle)]
    return { at: label === 0 ? [x, y] : [1 - x, 0.5 - y], label }
  })
  return scattered(points, noise, generator)
}

export interface CirclesOptions extends MadeOptions {
  /** The inner circle's radius, in [0, 1) (0.8); the outer's is 1. */
  readonly factor?: number
}
/**
 * A circle within a circle around (0, 0): `x [n, 2]`, `y [n]`; 0 is the outer one (n/2 points, rounded down), 1 the inner.
 * scikit-learn's `make_circles`.
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, factor not in [0, 1), or for another option
 * @example
 * data.makeCircles({ n: 3, generator: new Generator(0) }).x.square().sum(1) // [0.64, 1, 0.64]
 */
export function makeCircles(given: CirclesOptions = {}): Made {
  const name = 'makeCircles'
  const { n, noise, generator } = asked(name, given, ['factor'])
  const { factor = 0.8 } = given
  if (!(factor >= 0 && factor < 1)) throw new ArgumentError(`${name}: factor is in [0, 1), not ${described(factor)}`)
  const outer = Math.floor(n / 2)
  const points = Array.from({ length: n }, (_, j) => {
    const [label, i, of, radius] = j < outer ? [0, j, outer, 1] : [1, j - outer, n - outer, factor]
    const angle = (2 * Math.PI * i) / of
    return { at: [radius * Math.cos(angle), radius * Math.sin(angle)], label }
  })
  return scattered(points, noise, generator)
}

export interface SpiralsOptions extends MadeOptions {
  /** How many arms, each a class (2). */
  readonly arms?: number
  /** How often each winds around the centre (1). */
  readonly turns?: number
}
/**
 * Arms of a spiral from (0, 0) out to radius 1: `x [n, 2]`, `y [n]`, classes 0 to arms-1 of equal size (the first ones
 * may have one more). Radius and angle grow together; the arms begin at equal angles. With two arms, the problem of K.
 * Lang and M. Witbrock, "Learning to tell two spirals apart", 1988.
 *
 * @throws ArgumentError when n or arms is not a whole number >= 1, noise or turns below 0, or for another option
 * @example
 * data.makeSpirals({ n: 6, arms: 3, generator: new Generator(0) }).y.sum() // 6
 */
export function makeSpirals(given: SpiralsOptions = {}): Made {
  const name = 'makeSpirals'
  const { n, noise, generator } = asked(name, given, ['arms', 'turns'])
  const { arms = 2, turns = 1 } = given
  integer(name, 'arms', arms, 1)
  atLeast0(name, 'turns', turns)
  const points = shared(n, arms).map(({ part, i, of }) => {
    const radius = (i + 1) / of
    const angle = 2 * Math.PI * (turns * radius + part / arms)
    return { at: [radius * Math.cos(angle), radius * Math.sin(angle)], label: part }
  })
  return scattered(points, noise, generator)
}

export interface BlobsOptions extends Omit<MadeOptions, 'noise'> {
  /** How many coordinates a point has (2), where centers are drawn. */
  readonly features?: number
  /** How many blobs, each a class (3), or their centers, one row for each. */
  readonly centers?: number | readonly (readonly number[])[]
  /** Standard deviation of all blobs (1), or of each. */
  readonly std?: number | readonly number[]
  /** The bounds between which centers are drawn ([-10, 10]). */
  readonly box?: readonly [number, number]
}
/**
 * Normally distributed clouds: `x [n, features]`, `y [n]`, classes of equal size (the first ones may have one more).
 * scikit-learn's `make_blobs`.
 *
 * @throws ArgumentError when a number is out of its range, box is empty, or for another option
 * @throws ShapeError when centers differ in length, or std has not one entry for each
 * @example
 * data.makeBlobs({ n: 2, centers: [[0, 5], [9, 9]], std: 0, generator: new Generator(0) }).x // [[0, 5], [9, 9]]
 */
export function makeBlobs(given: BlobsOptions = {}): Made {
  const name = 'makeBlobs'
  const { n, generator } = asked(name, given, ['features', 'centers', 'std', 'box'], quiet)
  const { features = 2, centers = 3, std = 1, box = [-10, 10] } = given
  integer(name, 'features', features, 1)
  const [low, high] = list(name, 'box', box)
  if (!(low <= high && Number.isFinite(high - low)))
    throw new ArgumentError(`${name}: box is two bounds [low, high], not [${box.join(', ')}]`)
  const k = typeof centers === 'number' ? integer(name, 'centers', centers, 1) : list(name, 'centers', centers).length
  if (k === 0) throw new ArgumentError(`${name}: there are no centers`)
  if (typeof centers !== 'number') {
    const sizes = centers.map(center => list(name, 'a center', center).length)
    if (sizes.some(size => size !== sizes[0] || size === 0))
      throw new ShapeError(`${name}: centers have ${sizes.join(', ')} coordinates`)
  }
  const spreads = typeof std === 'number' ? new Array<number>(k).fill(std) : list(name, 'std', std)
  if (spreads.length !== k) throw new ShapeError(`${name}: ${spreads.length} deviations for ${k} centers`)
  for (const s of spreads) atLeast0(name, 'std', s)
  // draws begin here: nothing is thrown any more
  const middles =
    typeof centers === 'number'
      ? Array.from({ length: k }, () =>
          Array.from({ length: features }, () => low + (high - low) * generator.uniform()),
        )
      : centers
  const points = shared(n, k).map(({ part }) => ({
    at: middles[part].map(x => x + spreads[part] * generator.normal()),
    label: part,
  }))
  return scattered(points, 0, generator)
}

/**
 * Two normal clouds around (2, 2) and (-2, -2), classes 0 and 1: `x [n, 2]`, `y [n]`. `noise` is their standard deviation
 * (1). The one data set here that a straight line can split.
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, or for another option
 * @example
 * data.makeTwoGaussians({ n: 4, noise: 0, generator: new Generator(0) }).x.abs() // [[2, 2], [2, 2], [2, 2], [2, 2]]
 */
export function makeTwoGaussians(given: MadeOptions = {}): Made {
  const { n, generator } = asked('makeTwoGaussians', given)
  const points = shared(n, 2).map(({ part }) => ({ at: part === 0 ? [2, 2] : [-2, -2], label: part }))
  return scattered(points, given.noise ?? 1, generator)
}

/**
 * Points of the square [-1, 1]², `x [n, 2]`, `y [n]`: 1 where the coordinates differ in sign, else 0. Labels are those of
 * the points before the noise.
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, or for another option
 * @example
 * const { x, y } = data.makeXor({ n: 50 })
 * x.prod(1).lt(0).int().eq(y).all() // 1
 */
export const makeXor = (given: MadeOptions = {}): Made => squares('makeXor', given, 2, [])

export interface CheckerboardOptions extends MadeOptions {
  /** Squares along each side (4). */
  readonly squares?: number
}
/**
 * Points of the square [-1, 1]² under a checkerboard, whose lower left square is 0: `x [n, 2]`, `y [n]`. Labels are those
 * of the points before the noise.
 *
 * @throws ArgumentError when n or squares is not a whole number >= 1, noise is below 0, or for another option
 * @example
 * data.makeCheckerboard({ n: 5, squares: 1 }).y // [0, 0, 0, 0, 0]
 */
export function makeCheckerboard(given: CheckerboardOptions = {}): Made {
  const { squares: side = 4 } = given
  return squares('makeCheckerboard', given, integer('makeCheckerboard', 'squares', side, 1), ['squares'])
}

function squares(name: string, given: MadeOptions, side: number, own: readonly string[]): Made {
  const { n, noise, generator } = asked(name, given, own)
  const points = Array.from({ length: n }, () => {
    const at = [generator.uniform(), generator.uniform()]
    const label = at.reduce((sum, x) => sum + Math.floor(x * side), 0) % 2
    return { at: at.map(x => 2 * x - 1), label }
  })
  return scattered(points, noise, generator)
}
