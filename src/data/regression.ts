// Regressions: numbers that depend on numbers, by formulas that are known.
import { described, integer, list } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Generator } from '../engine/random.ts'
import { asked, column, type Made, type MadeOptions, matrix } from './made.ts'

/** n rows, each drawn, then each one's target with its noise. */
function regression(
  { n, noise, generator }: { n: number; noise: number; generator: Generator },
  draw: () => number[],
  target: (x: readonly number[]) => number,
): Made {
  const rows = Array.from({ length: n }, draw)
  return { x: matrix(rows), y: column(rows.map(x => target(x) + (noise === 0 ? 0 : noise * generator.normal()))) }
}

/** @throws ArgumentError when it is not two bounds in their order */
function interval(name: string, range: readonly [number, number]): readonly [number, number] {
  const [low, high] = list(name, 'range', range)
  if (!(low <= high && Number.isFinite(high - low)))
    throw new ArgumentError(`${name}: range is two bounds [low, high], not [${range.join(', ')}]`)
  return range
}

export interface SineOptions extends MadeOptions {
  /** Where x is drawn from ([-π, π]). */
  readonly range?: readonly [number, number]
  /** Radians of the sine per unit of x (1). */
  readonly frequency?: number
}
/**
 * A sine: `x [n, 1]` uniform in `range`, `y [n, 1]` = sin(frequency · x) + noise.
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, the range is empty, or for another option
 * @example
 * const { x, y } = data.makeSine({ n: 50, frequency: 2 })
 * x.mul(2).sin().sub(y).abs().max().item() < 1e-6 // true
 */
export function makeSine(given: SineOptions = {}): Made {
  const name = 'makeSine'
  const common = asked(name, given, ['range', 'frequency'])
  const { range = [-Math.PI, Math.PI], frequency = 1 } = given
  const [low, high] = interval(name, range)
  if (!Number.isFinite(frequency))
    throw new ArgumentError(`${name}: frequency is a number, not ${described(frequency)}`)
  return regression(
    common,
    () => [low + (high - low) * common.generator.uniform()],
    ([x]) => Math.sin(frequency * x),
  )
}

export interface SurfaceOptions extends MadeOptions {
  /** Where both coordinates are drawn from ([-1, 1]). */
  readonly range?: readonly [number, number]
}
/**
 * Points of a square and the height of a surface above them: `x [n, 2]`, each coordinate uniform in `range`, `y [n, 1]` =
 * height(x0, x1) + noise.
 *
 * @throws ArgumentError when height is no function or gives a number that is not finite, n is not a whole number >= 1,
 * noise is below 0, the range is empty, or for another option
 * @example
 * const { x, y } = data.makeSurface((x0, x1) => x0 * x1, { n: 50 })
 * x.prod(1, { keepdim: true }).sub(y).abs().max().item() < 1e-6 // true
 */
export function makeSurface(height: (x0: number, x1: number) => number, given: SurfaceOptions = {}): Made {
  const name = 'makeSurface'
  if (typeof height !== 'function')
    throw new ArgumentError(`${name}: needs a function of two numbers, not ${described(height)}`)
  const common = asked(name, given, ['range'])
  const [low, high] = interval(name, given.range ?? [-1, 1])
  return regression(
    common,
    () => [0, 1].map(() => low + (high - low) * common.generator.uniform()),
    ([x0, x1]) => {
      const y = height(x0, x1)
      if (!Number.isFinite(y)) throw new ArgumentError(`${name}: the height at (${x0}, ${x1}) is ${described(y)}`)
      return y
    },
  )
}

export interface FriedmanOptions extends MadeOptions {
  /** How many inputs, at least 5 (10): from the sixth on they have no influence. */
  readonly features?: number
}
/**
 * Friedman's first problem: `x [n, features]` uniform in [0, 1), `y [n, 1]` = 10 sin(π x0 x1) + 20 (x2 - 0.5)² + 10 x3 +
 * 5 x4 + noise. scikit-learn's `make_friedman1`.
 *
 * J. Friedman, "Multivariate adaptive regression splines", 1991.
 *
 * @throws ArgumentError when n is not a whole number >= 1, features not one >= 5, noise is below 0, or for another option
 * @example
 * data.makeFriedman1({ n: 7 }).x.shape // [7, 10]
 */
export function makeFriedman1(given: FriedmanOptions = {}): Made {
  const common = asked('makeFriedman1', given, ['features'])
  const features = integer('makeFriedman1', 'features', given.features ?? 10, 5)
  return regression(
    common,
    () => Array.from({ length: features }, () => common.generator.uniform()),
    ([a, b, c, d, e]) => 10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e,
  )
}

/** Resistance, angular frequency, inductance and capacitance of a circuit, as Friedman draws them. */
const circuit = (generator: Generator) => (): number[] => {
  const [r, w, l, c] = Array.from({ length: 4 }, () => generator.uniform())
  return [100 * r, Math.PI * (40 + 520 * w), l, 1 + 10 * c]
}
/** Its reactance ω L - 1 / (ω C). */
const reactance = (w: number, l: number, c: number): number => w * l - 1 / (w * c)

/**
 * Friedman's second problem, the impedance of a circuit: `x [n, 4]`, `y [n, 1]` = √(x0² + (x1 x2 - 1 / (x1 x3))²) + noise,
 * with x0 in [0, 100), x1 in [40π, 560π), x2 in [0, 1), x3 in [1, 11). scikit-learn's `make_friedman2`.
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, or for another option
 * @example
 * data.makeFriedman2({ n: 7 }).y.shape // [7, 1]
 */
export function makeFriedman2(given: MadeOptions = {}): Made {
  const common = asked('makeFriedman2', given)
  return regression(common, circuit(common.generator), ([r, w, l, c]) => Math.hypot(r, reactance(w, l, c)))
}

/**
 * Friedman's third problem, the phase of the circuit in {@link makeFriedman2}: `x [n, 4]`, `y [n, 1]` =
 * atan((x1 x2 - 1 / (x1 x3)) / x0) + noise, in radians. scikit-learn's `make_friedman3`.
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, or for another option
 * @example
 * data.makeFriedman3({ n: 100 }).y.abs().max().item() < Math.PI / 2 // true
 */
export function makeFriedman3(given: MadeOptions = {}): Made {
  const common = asked('makeFriedman3', given)
  return regression(common, circuit(common.generator), ([r, w, l, c]) => Math.atan(reactance(w, l, c) / r))
}

/**
 * A rolled sheet in space: `x [n, 3]`, with normal noise on the coordinates, and `y [n, 1]`, how far along the roll, in
 * [1.5π, 4.5π). scikit-learn's `make_swiss_roll`.
 *
 * S. Marsland, "Machine Learning: An Algorithmic Perspective", 2009, chapter 10.
 *
 * @throws ArgumentError when n is not a whole number >= 1, noise is below 0, or for another option
 * @example
 * const { x, y } = data.makeSwissRoll({ n: 20 })
 * x.slice(1, 0, 3, 2).square().sum(1, { keepdim: true }).sqrt().sub(y).abs().max().item() < 1e-5 // true
 */
export function makeSwissRoll(given: MadeOptions = {}): Made {
  const { n, noise, generator } = asked('makeSwissRoll', given)
  const sheet = Array.from({ length: n }, () => {
    const t = 1.5 * Math.PI * (1 + 2 * generator.uniform())
    return { t, at: [t * Math.cos(t), 21 * generator.uniform(), t * Math.sin(t)] }
  })
  const x = matrix(sheet.map(({ at }) => (noise === 0 ? at : at.map(z => z + noise * generator.normal()))))
  return { x, y: column(sheet.map(({ t }) => t)) }
}
