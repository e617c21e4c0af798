// Two moons: the smallest data set in the plane that no straight line can split.
import { options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { defaultGenerator, type Generator } from '../engine/random.ts'

export interface MoonsOptions {
  /** How many points. */
  readonly n?: number
  /** Standard deviation of the normal noise on both coordinates, >= 0; the moons' radius is 1. */
  readonly noise?: number
  readonly generator?: Generator
}

/**
 * Two interleaving half circles in random order: `points [n, 2]`, `labels [n]`; 0 is the upper moon (n/2 points, rounded
 * down), 1 the lower. The geometry is that of scikit-learn's `make_moons`: circles of radius 1 around (0, 0) and
 * (1, 0.5).
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, or for another option
 * @example
 * const { points, labels } = makeMoons({ n: 4, noise: 0, generator: new Generator(1) })
 * labels // [0, 1, 1, 0]
 */
export function makeMoons(given: MoonsOptions = {}): { points: number[][]; labels: number[] } {
  const {
    n = 100,
    noise = 0.1,
    generator = defaultGenerator(),
  } = options('makeMoons', given, ['n', 'noise', 'generator'])
  if (!Number.isInteger(n) || n < 1) throw new ArgumentError(`makeMoons: n must be a whole number >= 1, not ${n}`)
  if (!(noise >= 0)) throw new ArgumentError(`makeMoons: noise must be a number >= 0, not ${noise}`)
  const upper = Math.floor(n / 2)
  const moons = Array.from({ length: n }, (_, i) => {
    const [label, k, size] = i < upper ? [0, i, upper] : [1, i - upper, n - upper]
    const angle = (Math.PI * k) / Math.max(1, size - 1)
    const [x, y] = [Math.cos(angle), Math.sin(angle)]
    return { label, point: label === 0 ? [x, y] : [1 - x, 0.5 - y] }
  })
  const shuffled = generator.permutation(n).map(i => moons[i])
  return {
    points: shuffled.map(({ point }) => point.map(x => x + noise * generator.normal())),
    labels: shuffled.map(({ label }) => label),
  }
}
