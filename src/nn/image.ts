// Images of another size, and as patches, as modules.
import { integer, oneOf, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { PatchOptions } from '../engine/ops/columns.ts'
import { pair, type Sizes } from '../engine/ops/convolution.ts'
import type { InterpolateOptions } from './functional/image.ts'
import { fold, interpolate, pixelShuffle, pixelUnshuffle, unfold } from './functional.ts'
import { stateless } from './stateless.ts'

/**
 * [n, c, h, w] -> [n, c, h', w'], [n, c, l] -> [n, c, l']: resampled to a size, or by a factor; see `F.interpolate`.
 *
 * @throws ArgumentError when neither or both of size and scaleFactor are given, or for another option; forward:
 * ShapeError on other shapes, ArgumentError when the mode is not for them
 * @example
 * new nn.Upsample({ scaleFactor: 2 }).forward(tensor([[[1, 2]]])) // [[[1, 1, 2, 2]]]
 */
export class Upsample extends stateless(interpolate, (op, given: InterpolateOptions): [InterpolateOptions] => {
  const { size, scaleFactor, mode = 'nearest' } = options(op, given, ['size', 'scaleFactor', 'mode', 'alignCorners'])
  oneOf(op, 'mode', mode, ['nearest', 'linear', 'bilinear'])
  if ((size === undefined) === (scaleFactor === undefined))
    throw new ArgumentError(`${op}: needs a size or a scaleFactor, and not both`)
  return [{ ...given }]
}) {}

/**
 * [..., c r^2, h, w] -> [..., c, h r, w r]: channels become pixels, r = upscaleFactor; see `F.pixelShuffle`.
 *
 * @throws ArgumentError when r is no whole number above 0; forward: ShapeError when the channels do not divide
 * @example
 * new nn.PixelShuffle(2).forward(zeros([1, 12, 4, 4])).shape // [1, 3, 8, 8]
 */
export class PixelShuffle extends stateless(pixelShuffle, (op, upscaleFactor: number): [number] => [
  integer(op, 'upscaleFactor', upscaleFactor, 1),
]) {}
/**
 * [..., c, h r, w r] -> [..., c r^2, h, w]: pixels become channels, r = downscaleFactor; see `F.pixelUnshuffle`.
 *
 * @throws ArgumentError when r is no whole number above 0; forward: ShapeError when the sizes do not divide
 * @example
 * new nn.PixelUnshuffle(2).forward(zeros([1, 3, 8, 8])).shape // [1, 12, 4, 4]
 */
export class PixelUnshuffle extends stateless(pixelUnshuffle, (op, downscaleFactor: number): [number] => [
  integer(op, 'downscaleFactor', downscaleFactor, 1),
]) {}

/** Options of patches, checked. */
function patches(op: string, kernelSize: Sizes, given: PatchOptions): PatchOptions {
  const { dilation = 1, padding = 0, stride = 1 } = options(op, given, ['dilation', 'padding', 'stride'])
  pair(op, 'kernelSize', kernelSize, 1)
  pair(op, 'dilation', dilation, 1)
  pair(op, 'padding', padding, 0)
  pair(op, 'stride', stride, 1)
  return { ...given }
}
/**
 * [n, c, h, w] -> [n, c kh kw, patches]: the patches of images as columns; see `F.unfold`.
 *
 * @throws ArgumentError for a kernel that is none or another option; forward: ShapeError when no patch fits
 * @example
 * new nn.Unfold([1, 2]).forward(tensor([[[1, 2, 3]]])) // [[1, 2], [2, 3]]
 */
export class Unfold extends stateless(
  unfold,
  (op, kernelSize: Sizes, given: PatchOptions = {}): [Sizes, PatchOptions] => [
    kernelSize,
    patches(op, kernelSize, given),
  ],
) {}
/**
 * [n, c kh kw, patches] -> [n, c, ...outputSize]: images in which the patches have been added up; see `F.fold`.
 *
 * @throws ArgumentError for a kernel that is none or another option; forward: ShapeError when the patches are others
 * @example
 * new nn.Fold([1, 3], [1, 2]).forward(tensor([[1, 2], [2, 3]])) // [[[1, 4, 3]]]
 */
export class Fold extends stateless(
  fold,
  (op, outputSize: Sizes, kernelSize: Sizes, given: PatchOptions = {}): [Sizes, Sizes, PatchOptions] => {
    pair(op, 'outputSize', outputSize, 1)
    return [outputSize, kernelSize, patches(op, kernelSize, given)]
  },
) {}
