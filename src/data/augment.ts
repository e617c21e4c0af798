// Augmentations: batches of images changed at random, each image by draws of its own, and what is done to all alike.
import { described, integer, list, number, oneOf, options } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { created, tensor } from '../engine/ops/create.ts'
import { floats } from '../engine/ops/kind.ts'
import { reshape } from '../engine/ops/linear.ts'
import { type Generator, randn } from '../engine/random.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { drawing } from './drawing.ts'
import { atLeast0 } from './made.ts'

/** A batch of images [n, c, h, w] made into another. What is drawn at random is data: it has no graph. */
export type Augmentation = (x: Tensor) => Tensor

interface Drawn {
  readonly generator?: Generator
}
/** @throws ArgumentError when x is no tensor, ShapeError when it is no batch of images */
function images(op: string, x: Tensor): [n: number, c: number, h: number, w: number] {
  if (floats(op, x).ndim !== 4)
    throw new ShapeError(
      `${op}: images are [n, c, h, w], not ${show(x.shape)}${x.ndim === 3 ? '. For a single one use x.unsqueeze(0)' : ''}`,
    )
  return [x.shape[0], x.shape[1], x.shape[2], x.shape[3]]
}
/** An interval: of a number its negative to itself. */
function interval(op: string, name: string, x: number | readonly [number, number]): readonly [number, number] {
  const [low, high] = typeof x === 'number' ? [-atLeast0(op, name, x), x] : list(op, name, x)
  if (!(low <= high && Number.isFinite(high - low)))
    throw new ArgumentError(`${op}: ${name} is a number or [low, high], not ${described(x)}`)
  return [low, high]
}

/**
 * One augmentation after the other.
 *
 * @throws ArgumentError when one of them is no function
 * @example
 * const twice = data.compose([x => x.mul(2), x => x.add(1)])
 * twice(tensor([1, 2])) // [3, 5]
 */
export function compose(steps: readonly Augmentation[]): Augmentation {
  for (const step of list('compose', 'the steps', steps))
    if (typeof step !== 'function') throw new ArgumentError(`compose: a step is a function, not ${described(step)}`)
  const all = [...steps]
  return x => all.reduce((y, step) => step(y), x)
}

/**
 * Each channel less its mean, divided by its deviation: torchvision's `Normalize`. Gradients flow through.
 *
 * @throws ArgumentError when a deviation is not above 0; ShapeError when there is not one number for each channel
 * @example
 * data.normalize([0.5], [0.25])(tensor([[[[0.5, 1]]]])) // [[[[0, 2]]]]
 */
export function normalize(mean: readonly number[], std: readonly number[]): Augmentation {
  const op = 'normalize'
  for (const m of list(op, 'mean', mean)) number(op, 'a mean', m)
  for (const s of list(op, 'std', std))
    if (!(s > 0)) throw new ArgumentError(`${op}: deviations are numbers > 0, not ${described(s)}`)
  if (mean.length !== std.length) throw new ShapeError(`${op}: ${mean.length} means and ${std.length} deviations`)
  return x => {
    const [, channels] = images(op, x)
    if (channels !== mean.length)
      throw new ShapeError(`${op}: ${mean.length} means for the ${channels} channels of ${show(x.shape)}`)
    const each = (xs: readonly number[]): Tensor => reshape(tensor(xs, { dtype: x.dtype }), [channels, 1, 1])
    return x.sub(each(mean)).div(each(std))
  }
}

export interface NoiseOptions extends Drawn {
  /** The noise's mean (0). */
  readonly mean?: number
  /** Its standard deviation (0.1). */
  readonly sigma?: number
  /** Whether the result is kept within [0, 1] (true). */
  readonly clip?: boolean
}
/**
 * Normal noise on each pixel: torchvision's `GaussianNoise`.
 *
 * @throws ArgumentError when sigma is below 0, or for another option
 * @example
 * data.gaussianNoise({ sigma: 0 })(tensor([[[[0.5, 2]]]])) // [[[[0.5, 1]]]]
 */
export function gaussianNoise(given: NoiseOptions = {}): Augmentation {
  const op = 'gaussianNoise'
  const { mean = 0, sigma = 0.1, clip = true } = options(op, given, ['mean', 'sigma', 'clip', 'generator'])
  const generator = drawing(op, given.generator)
  number(op, 'mean', mean)
  atLeast0(op, 'sigma', sigma)
  return x => {
    images(op, x)
    const noise = randn(x.shape, { dtype: x.dtype === 'float64' ? 'float64' : 'float32', generator })
    const noisy = x.add(noise.mul(sigma).add(mean))
    return clip ? noisy.clamp(0, 1) : noisy
  }
}

/** Where pixel [i, j] of the result comes from, perhaps between pixels: each a · i + b · j + c, of its [a, b, c]. */
interface Source {
  readonly row: readonly [number, number, number]
  readonly column: readonly [number, number, number]
}

/** Images of size [h, w], each read from one of x as a source of its own says; `fill` outside. */
function resampled(
  op: string,
  x: Tensor,
  [h, w]: readonly [number, number],
  source: () => Source,
  fill: number,
  bilinear = false,
): Tensor {
  const [n, c, height, width] = images(op, x)
  const out = x.dtype === 'float64' ? new Float64Array(n * c * h * w) : new Float32Array(n * c * h * w)
  const { data } = x
  const pixel = (plane: number, row: number, column: number): number =>
    row >= 0 && row < height && column >= 0 && column < width ? data[(plane * height + row) * width + column] : fill
  for (let image = 0; image < n; image++) {
    const { row, column } = source()
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++) {
        const u = row[0] * i + row[1] * j + row[2]
        const v = column[0] * i + column[1] * j + column[2]
        const [top, left] = bilinear ? [Math.floor(u), Math.floor(v)] : [Math.round(u), Math.round(v)]
        const down = bilinear ? u - top : 0
        const right = bilinear ? v - left : 0
        for (let plane = image * c; plane < (image + 1) * c; plane++) {
          let sum = pixel(plane, top, left) * (1 - down) * (1 - right)
          if (right > 0) sum += pixel(plane, top, left + 1) * (1 - down) * right
          if (down > 0) sum += pixel(plane, top + 1, left) * down * (1 - right)
          if (right > 0 && down > 0) sum += pixel(plane, top + 1, left + 1) * down * right
          out[(plane * h + i) * w + j] = sum
        }
      }
  }
  return created(op, { dtype: x.dtype, shape: [n, c, h, w], data: out })
}

export interface FlipOptions extends Drawn {
  /** With which probability an image is flipped (0.5). */
  readonly p?: number
}
/**
 * Some of the images, left and right exchanged: torchvision's `RandomHorizontalFlip`.
 *
 * @throws ArgumentError when p is not in [0, 1], or for another option
 * @example
 * data.randomHorizontalFlip({ p: 1 })(tensor([[[[1, 2, 3]]]])) // [[[[3, 2, 1]]]]
 */
export const randomHorizontalFlip = (given: FlipOptions = {}): Augmentation =>
  flip('randomHorizontalFlip', given, false)
/**
 * Some of the images, upside down: torchvision's `RandomVerticalFlip`.
 *
 * @throws ArgumentError when p is not in [0, 1], or for another option
 * @example
 * data.randomVerticalFlip({ p: 1 })(tensor([[[[1, 2], [3, 4]]]])) // [[[[3, 4], [1, 2]]]]
 */
export const randomVerticalFlip = (given: FlipOptions = {}): Augmentation => flip('randomVerticalFlip', given, true)

function flip(op: string, given: FlipOptions, vertical: boolean): Augmentation {
  const { p = 0.5 } = options(op, given, ['p', 'generator'])
  const generator = drawing(op, given.generator)
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${op}: p is a probability in [0, 1], not ${described(p)}`)
  return x => {
    const [, , h, w] = images(op, x)
    const source = (): Source => {
      const flipped = generator.uniform() < p
      return {
        row: flipped && vertical ? [-1, 0, h - 1] : [1, 0, 0],
        column: flipped && !vertical ? [0, -1, w - 1] : [0, 1, 0],
      }
    }
    return resampled(op, x, [h, w], source, 0)
  }
}

export interface CropOptions extends Drawn {
  /** How many pixels of `fill` are put around each image first, on all sides (0). */
  readonly padding?: number
  readonly fill?: number
}
/**
 * [n, c, h, w] -> [n, c, ...size]: from each image a piece at a place of its own. `size` is [height, width], or a number
 * for both. torchvision's `RandomCrop`.
 *
 * @throws ArgumentError when size is not at least 1, padding not at least 0, or for another option
 * @throws ShapeError when images and padding together are smaller than the piece
 * @example
 * data.randomCrop(2)(tensor([[[[5, 5], [5, 5]]]])) // [[[[5, 5], [5, 5]]]]
 */
export function randomCrop(size: number | readonly [number, number], given: CropOptions = {}): Augmentation {
  const op = 'randomCrop'
  const { padding = 0, fill = 0 } = options(op, given, ['padding', 'fill', 'generator'])
  const generator = drawing(op, given.generator)
  const [h, w] = typeof size === 'number' ? [size, size] : list(op, 'size', size)
  for (const side of [h, w]) integer(op, 'a side', side, 1)
  integer(op, 'padding', padding, 0)
  number(op, 'fill', fill)
  return x => {
    const [, , height, width] = images(op, x)
    const [down, right] = [height + 2 * padding - h, width + 2 * padding - w]
    if (down < 0 || right < 0)
      throw new ShapeError(
        `${op}: a piece of ${show([h, w])} does not fit into images ${show([height, width])} with a padding of ${padding}`,
      )
    const source = (): Source => {
      const [top, left] = [generator.integer(0, down + 1) - padding, generator.integer(0, right + 1) - padding]
      return { row: [1, 0, top], column: [0, 1, left] }
    }
    return resampled(op, x, [h, w], source, fill)
  }
}

export interface AffineOptions extends Drawn {
  /** How far images are shifted at most, as fractions of width and height, in [0, 1] ([0, 0]). */
  readonly translate?: readonly [number, number]
  /** The bounds of the factor by which they grow ([1, 1]). */
  readonly scale?: readonly [number, number]
  /** How pixels between pixels are read ('nearest'). */
  readonly interpolation?: 'nearest' | 'bilinear'
  /** What stands where nothing is (0). */
  readonly fill?: number
}
/**
 * Each image turned about its middle, clockwise by an angle uniform in [-degrees, degrees], or in [low, high]; scaled,
 * and shifted: torchvision's `RandomAffine`. For shifts alone `degrees` is 0.
 *
 * @throws ArgumentError when degrees or scale are no interval, translate is not within [0, 1], or for another option
 * @example
 * data.randomAffine([90, 90])(tensor([[[[1, 2], [3, 4]]]])) // [[[[3, 1], [4, 2]]]]
 */
export function randomAffine(degrees: number | readonly [number, number], given: AffineOptions = {}): Augmentation {
  return affine('randomAffine', degrees, given, ['translate', 'scale', 'interpolation', 'fill', 'generator'], 1)
}
/**
 * Each image turned about its middle, counterclockwise by an angle uniform in [-degrees, degrees], or in [low, high]:
 * torchvision's `RandomRotation`.
 *
 * @throws ArgumentError when degrees is no interval, or for another option
 * @example
 * data.randomRotation([90, 90])(tensor([[[[1, 2], [3, 4]]]])) // [[[[2, 4], [1, 3]]]]
 */
export function randomRotation(
  degrees: number | readonly [number, number],
  given: Omit<AffineOptions, 'translate' | 'scale'> = {},
): Augmentation {
  return affine('randomRotation', degrees, given, ['interpolation', 'fill', 'generator'], -1)
}

function affine(
  op: string,
  degrees: number | readonly [number, number],
  given: AffineOptions,
  known: readonly string[],
  clockwise: 1 | -1,
): Augmentation {
  const { translate = [0, 0], scale = [1, 1], interpolation = 'nearest', fill = 0 } = options(op, given, known)
  const generator = drawing(op, given.generator)
  const [low, high] = interval(op, 'degrees', degrees)
  const [small, large] = interval(op, 'scale', scale)
  if (!(small > 0)) throw new ArgumentError(`${op}: scale is [low, high] above 0, not [${scale.join(', ')}]`)
  for (const t of list(op, 'translate', translate))
    if (!(t >= 0 && t <= 1)) throw new ArgumentError(`${op}: translate holds fractions in [0, 1], not ${described(t)}`)
  if (translate.length !== 2)
    throw new ArgumentError(`${op}: translate is [of the width, of the height], not [${translate.join(', ')}]`)
  oneOf(op, 'interpolation', interpolation, ['nearest', 'bilinear'])
  number(op, 'fill', fill)
  const between = (a: number, b: number): number => a + (b - a) * generator.uniform()
  return x => {
    const [, , h, w] = images(op, x)
    const [middle, centre] = [(h - 1) / 2, (w - 1) / 2]
    const source = (): Source => {
      const angle = (clockwise * between(low, high) * Math.PI) / 180
      const factor = between(small, large)
      // whole pixels, as torchvision
      const right = Math.round(between(-translate[0], translate[0]) * w)
      const down = Math.round(between(-translate[1], translate[1]) * h)
      // a right angle has a cosine of 0, also after rounding
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)].map(v => (Math.abs(v) < 1e-12 ? 0 : v) / factor)
      const [y, x] = [down + middle, right + centre]
      return {
        row: [cos, -sin, middle - cos * y + sin * x],
        column: [sin, cos, centre - sin * y - cos * x],
      }
    }
    return resampled(op, x, [h, w], source, fill, interpolation === 'bilinear')
  }
}
