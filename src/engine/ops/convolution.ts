// Convolution: one trilinear form <y, x * w>, of which each of three bilinear primitives leaves one operand open.

import * as kernel from '../../backend/convolution.ts'
import type { Convolution } from '../../backend/windows.ts'
import { apply, type Primitive } from '../apply.ts'
import { described, operand } from '../argument.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { sameShape, show } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { backwards, bilinear, type Named } from './kind.ts'
import { sameDtype } from './product.ts'

// y from x and w, x from y and w, w from x and y: each one's transposes are the other two

type Form = Convolution & Named
/** The same for all three: each is a sum over the same products. */
const flops = ({ batch, groups, inputs, outputs, kernel: [kh, kw], out: [h, w] }: Form): number =>
  2 * batch * groups * inputs * outputs * kh * kw * h * w
export const convPrim: Primitive<Form> = bilinear<Form>(p => p.name, {
  infer: ({ batch, groups, outputs, out }, x) => ({ shape: [batch, groups * outputs, ...out], dtype: x.dtype }),
  flops,
  run: kernel.conv,
  transposes: [
    (c, g, w) => apply(convInputPrim, backwards(c), [g, w]),
    (c, g, x) => apply(convWeightPrim, backwards(c), [x, g]),
  ],
})
export const convInputPrim: Primitive<Form> = bilinear<Form>(p => p.name, {
  infer: ({ batch, groups, inputs, size }, y) => ({ shape: [batch, groups * inputs, ...size], dtype: y.dtype }),
  flops,
  run: kernel.convInput,
  transposes: [
    (c, g, w) => apply(convPrim, backwards(c), [g, w]),
    (c, g, y) => apply(convWeightPrim, backwards(c), [g, y]),
  ],
})
export const convWeightPrim: Primitive<Form> = bilinear<Form>(p => p.name, {
  infer: ({ groups, inputs, outputs, kernel }, x) => ({ shape: [groups * outputs, inputs, ...kernel], dtype: x.dtype }),
  flops,
  run: kernel.convWeight,
  transposes: [
    (c, g, y) => apply(convInputPrim, backwards(c), [y, g]),
    (c, g, x) => apply(convPrim, backwards(c), [x, g]),
  ],
})

/** One number for all dimensions, or one for each. */
export type Sizes = number | readonly number[]

const shown = (value: unknown): string => (Array.isArray(value) ? show(value) : described(value))
/** A pair of whole numbers, `least` or more, from what stands for it. */
export function pair(op: string, name: string, value: Sizes, least: number): readonly [number, number] {
  const [h, w, ...more] = Array.isArray(value) ? value : [value, value]
  if (more.length || ![h, w].every(n => Number.isInteger(n) && (n as number) >= least)) {
    throw new ArgumentError(
      `${op}: ${name} is a whole number of at least ${least}, or two of them, not ${shown(value)}`,
    )
  }
  return [h as number, w as number]
}
/** One whole number, as the second of a pair whose first is the least: the size of a window along rows of height 1. */
export function row(op: string, name: string, value: Sizes, least: number): readonly [number, number] {
  const [n, ...more] = Array.isArray(value) ? value : [value]
  if (more.length || !Number.isInteger(n) || (n as number) < least) {
    throw new ArgumentError(`${op}: ${name} is a whole number of at least ${least}, not ${shown(value)}`)
  }
  return [least, n as number]
}
/** The options of a 1-d op as those of its 2-d one on rows of height 1. */
export function rows<O extends ConvOptions>(op: string, options: O): O {
  const { stride, padding, dilation } = options
  return {
    ...options,
    ...(stride !== undefined && { stride: row(op, 'stride', stride, 1) }),
    ...(padding !== undefined && typeof padding !== 'string' && { padding: row(op, 'padding', padding, 0) }),
    ...(dilation !== undefined && { dilation: row(op, 'dilation', dilation, 1) }),
  }
}

/** How far a window of k elements reaches that lie d apart. */
export const reach = (k: number, d: number): number => d * (k - 1) + 1
/** How many windows fit, `step` apart, where the first leaves `spare` elements. */
export const fitting = (spare: number, step: number, round: (x: number) => number = Math.floor): number =>
  round(spare / step) + 1

/** Runs `f` on a batch: one image [c, ...] is a batch of one, and comes back as one. */
export function batched(op: string, x: Tensor, dims: number, f: (x: Tensor) => Tensor): Tensor {
  const want = dims === 2 ? '[n, c, h, w] or [c, h, w]' : '[n, c, l] or [c, l]'
  if (operand(op, x).ndim !== dims + 1 && x.ndim !== dims + 2)
    throw new ShapeError(`${op}: expected ${want}, not ${show(x.shape)}`)
  return x.ndim === dims + 2 ? f(x) : f(x.unsqueeze(0)).squeeze(0)
}

const biased = (op: string, y: Tensor, bias: Tensor | null | undefined): Tensor => {
  if (bias === null || bias === undefined) return y
  const channels = y.shape[1]
  if (!sameShape(operand(op, bias).shape, [channels]))
    throw new ShapeError(`${op}: bias has shape [${channels}], one for each output channel, not ${show(bias.shape)}`)
  sameDtype(op, y, bias)
  return y.add(bias.reshape(channels, 1, 1))
}

function grouped(op: string, groups: number, channels: number): void {
  if (!Number.isInteger(groups) || groups < 1)
    throw new ArgumentError(`${op}: groups is a whole number of at least 1, not ${groups}`)
  if (channels % groups)
    throw new ShapeError(
      `${op}: the weight's ${channels} channels (its dimension 0) do not divide into ${groups} groups`,
    )
}

export interface ConvOptions {
  /** Distance between patches (1). */
  readonly stride?: Sizes
  /** Zeros around the image (0); 'valid' is none; 'same' keeps the size, and needs stride 1. */
  readonly padding?: Sizes | 'same' | 'valid'
  /** Distance between the pixels of a patch (1). */
  readonly dilation?: Sizes
  /** Into how many parts the channels are divided, each convolved by itself (1). */
  readonly groups?: number
}

function convolution(
  op: string,
  x: Tensor,
  w: Tensor,
  bias: Tensor | null | undefined,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvOptions,
): Tensor {
  sameDtype(op, x, w)
  const [batch, channels, ...size] = x.shape as [number, number, number, number]
  const [filters, inputs, ...kernel] = w.shape as [number, number, number, number]
  grouped(op, groups, filters)
  if (channels !== inputs * groups) {
    throw new ShapeError(
      `${op}: the input has ${channels} channels, the weight ${show(w.shape)} expects ${inputs * groups} (${inputs} for each of ${groups} group${groups === 1 ? '' : 's'})`,
    )
  }
  if (kernel.includes(0)) throw new ShapeError(`${op}: the weight ${show(w.shape)} has an empty kernel`)
  const steps = pair(op, 'stride', stride, 1)
  const apart = pair(op, 'dilation', dilation, 1)
  const reaches = kernel.map((k, i) => reach(k, apart[i]))
  let before: readonly [number, number] = [0, 0]
  let around: readonly number[] = [0, 0]
  if (padding === 'same') {
    if (steps.some(s => s !== 1))
      throw new ArgumentError(`${op}: padding 'same' needs stride 1, not ${steps.join(' x ')}`)
    // an odd one more goes behind
    around = reaches.map(r => r - 1)
    before = around.map(n => Math.floor(n / 2)) as [number, number]
  } else if (padding !== 'valid') {
    if (typeof padding === 'string')
      throw new ArgumentError(`${op}: padding is a number of zeros, 'same' or 'valid', not '${String(padding)}'`)
    before = pair(op, 'padding', padding, 0)
    around = before.map(n => 2 * n)
  }
  const out = size.map((n, i) => {
    const spare = n + around[i] - reaches[i]
    if (spare < 0)
      throw new ShapeError(
        `${op}: the kernel reaches over ${reaches[i]} elements, dilation included, of dimension ${i - size.length}, which has ${n + around[i]}, padding included. Pad more: { padding: 'same' }`,
      )
    return fitting(spare, steps[i])
  }) as [number, number]
  const c: Form = {
    name: op,
    batch,
    groups,
    inputs,
    outputs: filters / groups,
    size,
    kernel,
    out,
    stride: steps,
    padding: before,
    dilation: apart,
  }
  return biased(op, apply(convPrim, c, [x, w]), bias)
}

/**
 * 2-d convolution (cross-correlation, as everywhere in deep learning) with a bias for each output channel:
 * [n, in, h, w] with weight [out, in/groups, kh, kw] -> [n, out, h', w'], where
 * h' = floor((h + 2 padding - dilation (kh - 1) - 1) / stride) + 1. One image [in, h, w] gives [out, h', w'].
 *
 * @throws ShapeError when channels differ or the kernel is larger than the padded image
 * @example
 * conv2d(ones([1, 1, 3, 3]), ones([1, 1, 2, 2])) // [[[[4, 4], [4, 4]]]]
 */
export function conv2d(x: Tensor, w: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor {
  if (operand('conv2d', w).ndim !== 4)
    throw new ShapeError(`conv2d: the weight is [out, in/groups, kh, kw], not ${show(w.shape)}`)
  return batched('conv2d', x, 2, images => convolution('conv2d', images, w, bias, options))
}

/**
 * 1-d convolution: [n, in, l] with weight [out, in/groups, k] -> [n, out, l']; see `conv2d`. One sequence [in, l] gives
 * [out, l'].
 *
 * @example
 * conv1d(tensor([[1, 2, 3, 4]]), tensor([[[1, -1]]])) // [[-1, -1, -1]]
 */
export function conv1d(x: Tensor, w: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor {
  if (operand('conv1d', w).ndim !== 3)
    throw new ShapeError(`conv1d: the weight is [out, in/groups, k], not ${show(w.shape)}`)
  return batched('conv1d', x, 1, lines =>
    convolution('conv1d', lines.unsqueeze(2), w.unsqueeze(2), bias, rows('conv1d', options)).squeeze(2),
  )
}

export interface ConvTransposeOptions {
  /** Distance at which the patches are laid (1). */
  readonly stride?: Sizes
  /** Rows and columns taken off at each side (0). */
  readonly padding?: Sizes
  /** Rows and columns added below and to the right (0), to tell apart the sizes that a stride rounds to one. */
  readonly outputPadding?: Sizes
  readonly groups?: number
  readonly dilation?: Sizes
}

function transposed(
  op: string,
  x: Tensor,
  w: Tensor,
  bias: Tensor | null | undefined,
  options: ConvTransposeOptions,
): Tensor {
  sameDtype(op, x, w)
  const { groups = 1 } = options
  const [batch, channels, ...out] = x.shape as [number, number, number, number]
  const [filters, inputs, ...kernel] = w.shape as [number, number, number, number]
  grouped(op, groups, filters)
  if (channels !== filters)
    throw new ShapeError(`${op}: the input has ${channels} channels, the weight ${show(w.shape)} expects ${filters}`)
  const stride = pair(op, 'stride', options.stride ?? 1, 1)
  const padding = pair(op, 'padding', options.padding ?? 0, 0)
  const dilation = pair(op, 'dilation', options.dilation ?? 1, 1)
  const more = pair(op, 'outputPadding', options.outputPadding ?? 0, 0)
  if (more.some((n, i) => n >= Math.max(stride[i], dilation[i]))) {
    throw new ArgumentError(`${op}: outputPadding [${more.join(', ')}] must be smaller than stride or dilation`)
  }
  const size = out.map((n, i) => {
    return (n - 1) * stride[i] - 2 * padding[i] + reach(kernel[i], dilation[i]) + more[i]
  }) as [number, number]
  if (size.some(n => n < 1))
    throw new ShapeError(
      `${op}: an input of [${out.join(', ')}] leaves a result of [${size.join(', ')}]: less padding is needed`,
    )
  const c: Form = {
    name: op,
    batch,
    groups,
    inputs,
    outputs: filters / groups,
    size,
    kernel,
    out,
    stride,
    padding,
    dilation,
  }
  return biased(op, apply(convInputPrim, c, [x, w]), bias)
}

/**
 * The transpose of `conv2d` in its input, as an op: [n, in, h, w] with weight [in, out/groups, kh, kw] ->
 * [n, out, h', w'], where h' = (h - 1) stride - 2 padding + dilation (kh - 1) + outputPadding + 1. One image
 * [in, h, w] gives [out, h', w'].
 *
 * @throws ShapeError when channels differ or nothing is left after the padding
 * @example
 * convTranspose2d(ones([1, 1, 2, 2]), ones([1, 1, 2, 2])) // [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]
 */
export function convTranspose2d(
  x: Tensor,
  w: Tensor,
  bias?: Tensor | null,
  options: ConvTransposeOptions = {},
): Tensor {
  const op = 'convTranspose2d'
  if (operand(op, w).ndim !== 4)
    throw new ShapeError(`${op}: the weight is [in, out/groups, kh, kw], not ${show(w.shape)}`)
  return batched(op, x, 2, images => transposed(op, images, w, bias, options))
}

/**
 * The transpose of `conv1d` in its input, as an op: [n, in, l] with weight [in, out/groups, k] -> [n, out, l']; see
 * `convTranspose2d`. One sequence [in, l] gives [out, l'].
 *
 * @throws ShapeError when channels differ or nothing is left after the padding
 * @example
 * convTranspose1d(tensor([[1, 2]]), tensor([[[1, 10]]])) // [[1, 12, 20]]
 */
export function convTranspose1d(
  x: Tensor,
  w: Tensor,
  bias?: Tensor | null,
  options: ConvTransposeOptions = {},
): Tensor {
  const op = 'convTranspose1d'
  if (operand(op, w).ndim !== 3) throw new ShapeError(`${op}: the weight is [in, out/groups, k], not ${show(w.shape)}`)
  const { outputPadding = 0, ...others } = options
  const settled = { ...rows(op, others), outputPadding: row(op, 'outputPadding', outputPadding, 0) }
  return batched(op, x, 1, lines => transposed(op, lines.unsqueeze(2), w.unsqueeze(2), bias, settled).squeeze(2))
}
