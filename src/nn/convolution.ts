// Convolutional layers, and their transposes.
import { integer, oneOf, options } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { type ConvOptions, type ConvTransposeOptions, pair, reach, row, type Sizes } from '../engine/ops/convolution.ts'
import { show } from '../engine/shape.ts'
import type { Tensor } from '../engine/tensor.ts'
import { conv1d, conv2d, convTranspose1d, convTranspose2d, pad } from './functional.ts'
import { drawn, known as initial, type LinearOptions } from './linear.ts'
import { Module } from './module.ts'

export interface ConvLayerOptions extends ConvOptions, LinearOptions {
  /** What stands around the image: zeros (default), its mirror, its edge, or its other side. */
  readonly paddingMode?: 'zeros' | 'reflect' | 'replicate' | 'circular'
}
export interface ConvTransposeLayerOptions extends ConvTransposeOptions, LinearOptions {}

type Rank = 1 | 2
/** As many whole numbers as there are dimensions. */
const sizes = (rank: Rank, op: string, name: string, value: Sizes, least: number): readonly number[] =>
  rank === 1 ? row(op, name, value, least).slice(1) : pair(op, name, value, least)

/** What a layer and its transpose have in common. */
abstract class Kernel extends Module {
  weight: Tensor
  bias: Tensor | null
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number

  protected constructor(
    rank: Rank,
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    given: LinearOptions & Pick<ConvOptions, 'stride' | 'dilation' | 'groups'>,
    transposed: boolean,
  ) {
    super()
    const op = new.target.name
    const groups = integer(op, 'groups', given.groups ?? 1, 1)
    const channels = { inChannels, outChannels }
    for (const [name, n] of Object.entries(channels))
      if (integer(op, name, n, 1) % groups)
        throw new ArgumentError(`${op}: ${groups} groups do not divide ${n} channels (${name})`)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = sizes(rank, op, 'kernelSize', kernelSize, 1)
    this.stride = sizes(rank, op, 'stride', given.stride ?? 1, 1)
    this.dilation = sizes(rank, op, 'dilation', given.dilation ?? 1, 1)
    this.groups = groups
    const [rows, columns] = transposed ? [inChannels, outChannels] : [outChannels, inChannels]
    ;[this.weight, this.bias] = drawn([rows, columns / groups, ...this.kernelSize], outChannels, given)
  }
}

abstract class Convolution extends Kernel {
  readonly padding: readonly number[] | 'same' | 'valid'
  readonly paddingMode: NonNullable<ConvLayerOptions['paddingMode']>

  constructor(rank: Rank, inChannels: number, outChannels: number, kernelSize: Sizes, given: ConvLayerOptions) {
    const op = new.target.name
    options(op, given, ['stride', 'padding', 'dilation', 'groups', 'paddingMode', ...initial])
    const { padding = 0, paddingMode = 'zeros', stride = 1 } = given
    oneOf(op, 'paddingMode', paddingMode, ['zeros', 'reflect', 'replicate', 'circular'])
    if (typeof padding === 'string') oneOf(op, 'padding', padding, ['same', 'valid'])
    const around = typeof padding === 'string' ? padding : sizes(rank, op, 'padding', padding, 0)
    if (padding === 'same' && [stride].flat().some(n => n !== 1))
      throw new ArgumentError(`${op}: padding 'same' needs stride 1, not ${[stride].flat().join(' x ')}`)
    super(rank, inChannels, outChannels, kernelSize, given, false)
    this.padding = around
    this.paddingMode = paddingMode
  }

  /** x as it is convolved, and how. */
  protected settled(x: Tensor): [Tensor, ConvOptions] {
    const { stride, padding, dilation, groups, paddingMode, kernelSize } = this
    if (paddingMode === 'zeros' || padding === 'valid') return [x, { stride, padding, dilation, groups }]
    const pads = kernelSize.map((k, i) => {
      if (padding !== 'same') return [padding[i], padding[i]] as [number, number]
      // an odd one more goes behind
      const more = reach(k, dilation[i]) - 1
      return [Math.floor(more / 2), Math.ceil(more / 2)] as [number, number]
    })
    return [pad(x, pads.reverse().flat(), { mode: paddingMode }), { stride, dilation, groups }]
  }
}

/**
 * [n, inChannels, l] -> [n, outChannels, l'] ([in, l] -> [out, l']), where
 * l' = floor((l + 2 padding - dilation (k - 1) - 1) / stride) + 1: each output channel is the sum of the input channels,
 * each convolved with a kernel of its own, and a bias; see `F.conv1d`. weight [out, in/groups, k] and bias [out] are
 * drawn from U(-1/sqrt(m), 1/sqrt(m)) with m = k in/groups.
 *
 * @throws ArgumentError when groups do not divide the channels, for sizes that are none or another option; forward:
 * ShapeError when x has other channels or is shorter than the kernel, DtypeError
 * @example
 * new nn.Conv1d(3, 8, 5, { padding: 'same' }).forward(zeros([2, 3, 20])).shape // [2, 8, 20]
 */
export class Conv1d extends Convolution {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, given: ConvLayerOptions = {}) {
    super(1, inChannels, outChannels, kernelSize, given)
  }
  forward(x: Tensor): Tensor {
    const [padded, how] = this.settled(x)
    return conv1d(padded, this.weight, this.bias, how)
  }
}

/**
 * [n, inChannels, h, w] -> [n, outChannels, h', w'] ([in, h, w] -> [out, h', w']), where
 * h' = floor((h + 2 padding - dilation (kh - 1) - 1) / stride) + 1; see `F.conv2d`. weight [out, in/groups, kh, kw] and
 * bias [out] are drawn from U(-1/sqrt(m), 1/sqrt(m)) with m = kh kw in/groups.
 *
 * LeCun et al., "Backpropagation applied to handwritten zip code recognition", 1989.
 * @throws ArgumentError when groups do not divide the channels, for sizes that are none or another option; forward:
 * ShapeError when x has other channels or is smaller than the kernel, DtypeError
 * @example
 * new nn.Conv2d(3, 8, 3, { stride: 2, padding: 1 }).forward(zeros([2, 3, 32, 32])).shape // [2, 8, 16, 16]
 */
export class Conv2d extends Convolution {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, given: ConvLayerOptions = {}) {
    super(2, inChannels, outChannels, kernelSize, given)
  }
  forward(x: Tensor): Tensor {
    const [padded, how] = this.settled(x)
    return conv2d(padded, this.weight, this.bias, how)
  }
}

abstract class Transposed extends Kernel {
  readonly padding: readonly number[]
  readonly outputPadding: readonly number[]

  constructor(
    rank: Rank,
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    given: ConvTransposeLayerOptions,
  ) {
    const op = new.target.name
    options(op, given, ['stride', 'padding', 'outputPadding', 'groups', 'dilation', ...initial])
    const around = sizes(rank, op, 'padding', given.padding ?? 0, 0)
    const more = sizes(rank, op, 'outputPadding', given.outputPadding ?? 0, 0)
    const stride = sizes(rank, op, 'stride', given.stride ?? 1, 1)
    const dilation = sizes(rank, op, 'dilation', given.dilation ?? 1, 1)
    if (more.some((n, i) => n >= Math.max(stride[i], dilation[i])))
      throw new ArgumentError(`${op}: outputPadding ${show(more)} must be smaller than stride or dilation`)
    super(rank, inChannels, outChannels, kernelSize, given, true)
    this.padding = around
    this.outputPadding = more
  }

  /** How x is convolved, so that the last sizes are those asked for. */
  protected settled({ shape }: Tensor, outputSize?: readonly number[]): ConvTransposeOptions {
    const { stride, padding, dilation, groups, kernelSize, outputPadding } = this
    if (!outputSize) return { stride, padding, dilation, groups, outputPadding }
    const op = this.constructor.name
    const rank = kernelSize.length
    const asked = outputSize.slice(-rank)
    const more = asked.map((size, i) => {
      const n = shape[shape.length - rank + i] as number
      const least = (n - 1) * stride[i] - 2 * padding[i] + reach(kernelSize[i], dilation[i])
      if (asked.length !== rank || !(size >= least && size < least + stride[i]))
        throw new ShapeError(
          `${op}: an input ${show(shape)} can become ${least} to ${least + stride[i] - 1} in dimension ${i - rank}, not ${show(outputSize)}`,
        )
      return size - least
    })
    return { stride, padding, dilation, groups, outputPadding: more }
  }
}

/**
 * [n, inChannels, l] -> [n, outChannels, l'] ([in, l] -> [out, l']), where
 * l' = (l - 1) stride - 2 padding + dilation (k - 1) + outputPadding + 1: the transpose of `Conv1d` in its input; see
 * `F.convTranspose1d`. weight [in, out/groups, k] and bias [out] are drawn from U(-1/sqrt(m), 1/sqrt(m)) with
 * m = k out/groups. With `outputSize` forward chooses the outputPadding.
 *
 * @throws ArgumentError when groups do not divide the channels, for sizes that are none or another option; forward:
 * ShapeError when x has other channels, or cannot get the size, DtypeError
 * @example
 * new nn.ConvTranspose1d(8, 3, 4, { stride: 2, padding: 1 }).forward(zeros([2, 8, 10])).shape // [2, 3, 20]
 */
export class ConvTranspose1d extends Transposed {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, given: ConvTransposeLayerOptions = {}) {
    super(1, inChannels, outChannels, kernelSize, given)
  }
  forward(x: Tensor, outputSize?: readonly number[]): Tensor {
    return convTranspose1d(x, this.weight, this.bias, this.settled(x, outputSize))
  }
}

/**
 * [n, inChannels, h, w] -> [n, outChannels, h', w'] ([in, h, w] -> [out, h', w']), where
 * h' = (h - 1) stride - 2 padding + dilation (kh - 1) + outputPadding + 1: the transpose of `Conv2d` in its input; see
 * `F.convTranspose2d`. weight [in, out/groups, kh, kw] and bias [out] are drawn from U(-1/sqrt(m), 1/sqrt(m)) with
 * m = kh kw out/groups. With `outputSize` forward chooses the outputPadding.
 *
 * @throws ArgumentError when groups do not divide the channels, for sizes that are none or another option; forward:
 * ShapeError when x has other channels, or cannot get the size, DtypeError
 * @example
 * new nn.ConvTranspose2d(8, 3, 2, { stride: 2 }).forward(zeros([2, 8, 7, 7])).shape // [2, 3, 14, 14]
 */
export class ConvTranspose2d extends Transposed {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, given: ConvTransposeLayerOptions = {}) {
    super(2, inChannels, outChannels, kernelSize, given)
  }
  forward(x: Tensor, outputSize?: readonly number[]): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.settled(x, outputSize))
  }
}
