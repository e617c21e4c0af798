// Images of another size: resampled, or with pixels moved between places and channels.
import { integer, oneOf, operand, options } from '../../engine/argument.ts'
import { ArgumentError, ShapeError } from '../../engine/errors.ts'
import { tensor } from '../../engine/ops/create.ts'
import { floats } from '../../engine/ops/kind.ts'
import { picked } from '../../engine/ops/selection.ts'
import { show } from '../../engine/shape.ts'
import type { Tensor } from '../../engine/tensor.ts'

export interface InterpolateOptions {
  /** The sizes of the result, one for all dimensions or one for each. */
  readonly size?: number | readonly number[] | undefined
  /** Or the factors by which sizes grow, rounded down. */
  readonly scaleFactor?: number | readonly number[] | undefined
  /** The nearest pixel (default), or a mean of the two nearest along each dimension: of one, or of two. */
  readonly mode?: 'nearest' | 'linear' | 'bilinear'
  /** Whether corners lie on corners; otherwise edges of pixels on edges (false). */
  readonly alignCorners?: boolean
}
const DIMS = { nearest: [1, 2], linear: [1], bilinear: [2] }

/** How dimensions of n become m: where in the n the place j of the m begins. */
interface Resize {
  readonly n: number
  readonly m: number
  readonly from: (j: number) => number
}
function resizes(op: string, places: readonly number[], { size, scaleFactor }: InterpolateOptions): Resize[] {
  if ((size === undefined) === (scaleFactor === undefined))
    throw new ArgumentError(`${op}: needs a size or a scaleFactor, and not both`)
  const given = size ?? scaleFactor
  const all: readonly number[] = Array.isArray(given) ? given : places.map(() => given)
  if (all.length !== places.length)
    throw new ArgumentError(`${op}: ${places.length} sizes or factors are needed, not ${all.length}`)
  return places.map((n, i) => {
    const asked = all[i] as number
    if (!(typeof asked === 'number' && asked > 0))
      throw new ArgumentError(`${op}: sizes and factors are above 0, not ${String(asked)}`)
    const m = size === undefined ? Math.floor(n * asked) : integer(op, 'a size', asked, 1)
    if (n === 0 || m === 0) throw new ShapeError(`${op}: a size of ${n} cannot become ${m}`)
    // a ratio that is rounded first would fall short of whole numbers
    return { n, m, from: size === undefined ? j => j / asked : j => (j * n) / m }
  })
}
const places = ({ m }: Resize, at: (j: number) => number): number[] => Array.from({ length: m }, (_, j) => at(j))
const index = (at: readonly number[]): Tensor => tensor(at, { dtype: 'int32' })

/** The element in which place j begins. */
const nearest = (op: string, x: Tensor, dim: number, to: Resize): Tensor =>
  picked(op, x, dim, index(places(to, j => Math.min(Math.floor(to.from(j)), to.n - 1))))
/** Between the two elements around the middle of place j, as near to each as it lies. */
function linear(op: string, x: Tensor, dim: number, to: Resize, alignCorners: boolean): Tensor {
  const { n, m, from } = to
  const at = places(to, j => (alignCorners ? (m > 1 ? (j * (n - 1)) / (m - 1) : 0) : Math.max(0, from(j + 0.5) - 0.5)))
  const low = at.map(y => Math.min(Math.floor(y), n - 1))
  const high = low.map(i => Math.min(i + 1, n - 1))
  const weight = tensor(
    at.map((y, j) => y - (low[j] as number)),
    { dtype: x.dtype },
  ).reshape(m, ...x.shape.slice(dim + 1).map(() => 1))
  return picked(op, x, dim, index(low)).lerp(picked(op, x, dim, index(high)), weight)
}

/**
 * Images or sequences resampled to a size, or by a factor: [n, c, h, w] -> [n, c, h', w'], [n, c, l] -> [n, c, l'].
 *
 * @throws ShapeError on other shapes, ArgumentError when neither or both of size and scaleFactor are given, the mode is
 * not for these dimensions, corners are to be aligned where nothing is averaged, or for another option
 * @example
 * F.interpolate(tensor([[[1, 2]]]), { scaleFactor: 2 }) // [[[1, 1, 2, 2]]]
 */
export function interpolate(x: Tensor, given: InterpolateOptions = {}): Tensor {
  const op = 'interpolate'
  const known = ['size', 'scaleFactor', 'mode', 'alignCorners']
  const { mode = 'nearest', alignCorners = false } = options(op, given, known)
  oneOf(op, 'mode', mode, ['nearest', 'linear', 'bilinear'])
  const rank = floats(op, x).ndim - 2
  if (rank !== 1 && rank !== 2) throw new ShapeError(`${op}: expected [n, c, h, w] or [n, c, l], not ${show(x.shape)}`)
  if (!DIMS[mode].includes(rank))
    throw new ArgumentError(
      `${op}: '${mode}' is not for ${show(x.shape)}. Did you mean '${rank === 1 ? 'linear' : 'bilinear'}'?`,
    )
  if (alignCorners && mode === 'nearest')
    throw new ArgumentError(`${op}: alignCorners means nothing to the mode 'nearest'`)
  return resizes(op, x.shape.slice(2), given).reduce(
    (y, to, i) => (mode === 'nearest' ? nearest(op, y, 2 + i, to) : linear(op, y, 2 + i, to, alignCorners)),
    x,
  )
}

/** The three last sizes, of an image. */
function image(op: string, x: Tensor): [batch: readonly number[], c: number, h: number, w: number] {
  if (operand(op, x).ndim < 3) throw new ShapeError(`${op}: expected [..., c, h, w], not ${show(x.shape)}`)
  const [c, h, w] = x.shape.slice(-3) as [number, number, number]
  return [x.shape.slice(0, -3), c, h, w]
}

/**
 * Channels become pixels: [..., c r^2, h, w] -> [..., c, h r, w r], where r is the upscaleFactor.
 *
 * Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural
 * network", 2016.
 * @throws ShapeError when the channels do not divide into r^2, ArgumentError when r is not a whole number above 0
 * @example
 * F.pixelShuffle(tensor([[[1]], [[2]], [[3]], [[4]]]), 2) // [[[1, 2], [3, 4]]]
 */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  const op = 'pixelShuffle'
  const r = integer(op, 'upscaleFactor', upscaleFactor, 1)
  const [batch, channels, h, w] = image(op, x)
  if (channels % r ** 2)
    throw new ShapeError(`${op}: ${channels} channels of ${show(x.shape)} do not divide into ${r ** 2}`)
  const c = channels / r ** 2
  const parts = x.reshape(...batch, c, r, r, h, w)
  const [first, ...order] = [0, 3, 1, 4, 2].map(d => batch.length + d) as [number, ...number[]]
  return parts.permute([...batch.keys(), first, ...order]).reshape(...batch, c, h * r, w * r)
}

/**
 * Pixels become channels, as they were before `pixelShuffle`: [..., c, h r, w r] -> [..., c r^2, h, w], where r is the
 * downscaleFactor.
 *
 * @throws ShapeError when sizes do not divide by r, ArgumentError when r is not a whole number above 0
 * @example
 * F.pixelUnshuffle(tensor([[[1, 2], [3, 4]]]), 2) // [[[1]], [[2]], [[3]], [[4]]]
 */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const op = 'pixelUnshuffle'
  const r = integer(op, 'downscaleFactor', downscaleFactor, 1)
  const [batch, c, height, width] = image(op, x)
  if (height % r || width % r) throw new ShapeError(`${op}: the image of ${show(x.shape)} does not divide by ${r}`)
  const [h, w] = [height / r, width / r]
  const order = [0, 2, 4, 1, 3].map(d => batch.length + d)
  return x
    .reshape(...batch, c, h, r, w, r)
    .permute([...batch.keys(), ...order])
    .reshape(...batch, c * r ** 2, h, w)
}
