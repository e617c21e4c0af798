// Images as columns of patches, along one view; and the transpose, which adds the patches up again.
import type { View } from '../../backend/js.ts'
import { apply } from '../apply.ts'
import { operand, options } from '../argument.ts'
import { ShapeError } from '../errors.ts'
import { show, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { pad } from './arrange.ts'
import { batched, fitting, pair, reach, type Sizes } from './convolution.ts'
import { unviewPrim, viewed } from './linear.ts'

export interface PatchOptions {
  /** Distance between the pixels of a patch (1). */
  readonly dilation?: Sizes
  /** Zeros around the image (0). */
  readonly padding?: Sizes
  /** Distance between patches (1). */
  readonly stride?: Sizes
}
interface Patches {
  /** [n, c, kh, kw, rows, columns] in the padded image. */
  readonly view: View
  readonly whole: readonly [n: number, c: number, h: number, w: number]
  readonly padding: readonly [number, number]
}

/** How patches lie in images of the given shape. */
function patches(op: string, shape: readonly number[], kernelSize: Sizes, given: PatchOptions): Patches {
  const settled = options(op, given, ['dilation', 'padding', 'stride'])
  const kernel = pair(op, 'kernelSize', kernelSize, 1)
  const dilation = pair(op, 'dilation', settled.dilation ?? 1, 1)
  const padding = pair(op, 'padding', settled.padding ?? 0, 0)
  const stride = pair(op, 'stride', settled.stride ?? 1, 1)
  const [n, c, ...size] = shape as [number, number, number, number]
  const whole = [n, c, ...size.map((s, i) => s + 2 * padding[i])] as [number, number, number, number]
  const out = kernel.map((k, i) => {
    const spare = whole[2 + i] - reach(k, dilation[i])
    if (spare < 0)
      throw new ShapeError(
        `${op}: a patch of ${reach(k, dilation[i])}, dilation included, does not fit into ${show(size)} with padding [${padding.join(', ')}]`,
      )
    return fitting(spare, stride[i])
  })
  const [ns, cs, ...steps] = stridesOf(whole) as [number, number, number, number]
  const apart = steps.map((s, i) => s * dilation[i])
  const strides = [ns, cs, ...apart, ...steps.map((s, i) => s * stride[i])]
  return { view: { shape: [n, c, ...kernel, ...out], strides, offset: 0 }, whole, padding }
}

/**
 * The patches of images as columns (im2col): [n, c, h, w] -> [n, c kh kw, patches], one image [c, h, w] ->
 * [c kh kw, patches]. Not to be confused with the method `unfold`, windows along one dimension.
 *
 * @throws ShapeError when no patch fits, ArgumentError on other options
 * @example
 * F.unfold(tensor([[[1, 2, 3]]]), [1, 2]) // [[1, 2], [2, 3]]
 */
export function unfold(x: Tensor, kernelSize: Sizes, given: PatchOptions = {}): Tensor {
  return batched('unfold', x, 2, images => {
    const { view, padding } = patches('unfold', images.shape, kernelSize, given)
    const [n, c, kh, kw, rows, columns] = view.shape as [number, number, number, number, number, number]
    const [ph, pw] = padding
    const padded = ph || pw ? pad(images, [pw, pw, ph, ph]) : images
    return viewed('unfold', padded, view).reshape(n, c * kh * kw, rows * columns)
  })
}

/**
 * Images in which the patches have been added up (col2im), the transpose of `F.unfold`: [n, c kh kw, patches] ->
 * [n, c, ...outputSize], [c kh kw, patches] -> [c, ...outputSize].
 *
 * @throws ShapeError when the patches are not those of the output size, ArgumentError on other options
 * @example
 * F.fold(tensor([[1, 2], [2, 3]]), [1, 3], [1, 2]) // [[[1, 4, 3]]]
 */
export function fold(x: Tensor, outputSize: Sizes, kernelSize: Sizes, given: PatchOptions = {}): Tensor {
  const op = 'fold'
  const size = pair(op, 'outputSize', outputSize, 1)
  const [kh, kw] = pair(op, 'kernelSize', kernelSize, 1)
  if (operand(op, x).ndim !== 2 && x.ndim !== 3)
    throw new ShapeError(`${op}: expected [n, c kh kw, patches] or [c kh kw, patches], not ${show(x.shape)}`)
  if (x.ndim === 2) return fold(x.unsqueeze(0), outputSize, kernelSize, given).squeeze(0)
  const [n, rows, columns] = x.shape as [number, number, number]
  const { view, whole, padding } = patches(op, [n, Math.floor(rows / (kh * kw)), ...size], kernelSize, given)
  const [ph, pw] = padding
  const [, , , , down, across] = view.shape as [number, number, number, number, number, number]
  if (rows % (kh * kw) || columns !== down * across) {
    throw new ShapeError(
      `${op}: images of ${show(size)} have columns [c ${kh * kw}, ${down * across}], not ${show(x.shape.slice(1))}`,
    )
  }
  const image = apply(unviewPrim, { name: op, view, whole }, [x.reshape(view.shape)])
  return ph || pw ? image.slice(2, ph, ph + size[0]).slice(3, pw, pw + size[1]) : image
}
