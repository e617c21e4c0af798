// Transformers: attention and a small network in turn, each added to what it was given and normalised.
import type { DType } from '../backend/array.ts'
import { integer, oneOf, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { Generator } from '../engine/random.ts'
import type { Tensor } from '../engine/tensor.ts'
import { type AttendOptions, causalMask, MultiheadAttention } from './attention.ts'
import { copy } from './copy.ts'
import { Dropout } from './dropout.ts'
import { xavierUniform } from './init.ts'
import { Linear } from './linear.ts'
import { Module, type TensorModule } from './module.ts'
import { LayerNorm } from './normalization.ts'

export interface TransformerLayerOptions {
  /** The width of the small network's hidden layer (2048). */
  readonly dimFeedforward?: number
  /** The probability of 0 wherever something is dropped in training (0.1). */
  readonly dropout?: number
  /** Between the small network's layers ('relu'). */
  readonly activation?: 'relu' | 'gelu' | ((x: Tensor) => Tensor)
  /** 1e-5 */
  readonly layerNormEps?: number
  /** Whether sequences are [n, length, dModel] instead of [length, n, dModel] (false). */
  readonly batchFirst?: boolean
  /** Whether norms come before attention and network, x + f(norm(x)), instead of after the sum, norm(x + f(x)) (false). */
  readonly normFirst?: boolean
  /** Whether vectors are added, in norms too (true). */
  readonly bias?: boolean
  /** 'float32' */
  readonly dtype?: DType
  /** Where the initial values and dropout are drawn from; the default generator. */
  readonly generator?: Generator | undefined
}
const known: readonly (keyof TransformerLayerOptions)[] = [
  'dimFeedforward',
  'dropout',
  'activation',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
  'dtype',
  'generator',
]

export interface EncodeOptions {
  /** See `attnMask` of `nn.MultiheadAttention`: [length, length]. */
  readonly srcMask?: Tensor | null
  /** [n, length], bool true or -Infinity: no element. */
  readonly srcKeyPaddingMask?: Tensor | null
  /** Whether each element only sees those up to itself (false). */
  readonly isCausal?: boolean
}

export interface DecodeOptions {
  /** See `attnMask` of `nn.MultiheadAttention`: [length, length], and [length, memory's length]. */
  readonly tgtMask?: Tensor | null
  readonly memoryMask?: Tensor | null
  /** [n, length] and [n, memory's length], bool true or -Infinity: no element. */
  readonly tgtKeyPaddingMask?: Tensor | null
  readonly memoryKeyPaddingMask?: Tensor | null
  /** Whether each element only sees those up to itself (false). */
  readonly tgtIsCausal?: boolean
  readonly memoryIsCausal?: boolean
}
const decodeNames: readonly (keyof DecodeOptions)[] = [
  'tgtMask',
  'memoryMask',
  'tgtKeyPaddingMask',
  'memoryKeyPaddingMask',
  'tgtIsCausal',
  'memoryIsCausal',
]

/** What an encoder's and a decoder's layer have: attention to oneself and the small network; a decoder's also attention to others. */
abstract class TransformerLayer extends Module {
  // in PyTorch's order, which a state dict shows
  self_attn: MultiheadAttention
  multihead_attn: MultiheadAttention | null
  linear1: Linear
  linear2: Linear
  norm1: LayerNorm
  norm2: LayerNorm
  norm3: LayerNorm | null
  dropout: Dropout
  readonly normFirst: boolean
  readonly activation: (x: Tensor) => Tensor

  protected constructor(dModel: number, nhead: number, given: TransformerLayerOptions, decodes: boolean) {
    super()
    const op = new.target.name
    const { dimFeedforward = 2048, dropout = 0.1, activation = 'relu', layerNormEps = 1e-5 } = options(op, given, known)
    const { batchFirst, normFirst = false, bias, dtype, generator } = given
    const width = integer(op, 'dimFeedforward', dimFeedforward, 1)
    if (typeof activation !== 'function') oneOf(op, 'activation', activation, ['relu', 'gelu'])
    const attention = (): MultiheadAttention =>
      new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype, generator })
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps: layerNormEps, bias, dtype })
    this.self_attn = attention()
    this.multihead_attn = decodes ? attention() : null
    this.linear1 = new Linear(dModel, width, { bias, dtype, generator })
    this.linear2 = new Linear(width, dModel, { bias, dtype, generator })
    this.norm1 = norm()
    this.norm2 = norm()
    this.norm3 = decodes ? norm() : null
    this.dropout = new Dropout(dropout, { generator })
    this.normFirst = normFirst
    this.activation = typeof activation === 'function' ? activation : x => x[activation]()
  }

  /** x with f of it added, dropped in part; normalised before or after. */
  protected added(x: Tensor, norm: LayerNorm, f: (x: Tensor) => Tensor): Tensor {
    const sum = x.add(this.dropout.forward(f(this.normFirst ? norm.forward(x) : x)))
    return this.normFirst ? sum : norm.forward(sum)
  }
  /** Attention without its weights. */
  protected attended(attention: MultiheadAttention, x: Tensor, memory: Tensor, given: AttendOptions): Tensor {
    return attention.forward(x, memory, memory, { ...given, needWeights: false })[0]
  }
  /** The small network. */
  protected fed(x: Tensor): Tensor {
    return this.linear2.forward(this.dropout.forward(this.activation(this.linear1.forward(x))))
  }
}

/**
 * [length, n, dModel] -> the same shape ([n, length, dModel] with `batchFirst`, [length, dModel] without a batch):
 * attention of the sequence to itself, then linear2(activation(linear1(x))), each added to its input and normalised.
 * Parameters: self_attn as `nn.MultiheadAttention`, linear1, linear2, norm1, norm2.
 *
 * A. Vaswani et al., "Attention is all you need", 2017; norms first: R. Xiong et al., "On layer normalization in the
 * transformer architecture", 2020.
 * @throws ArgumentError when nhead does not divide dModel, or for another option; forward: ShapeError when input or
 * masks do not fit, DtypeError
 * @example
 * const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, normFirst: true })
 * layer.forward(zeros([5, 3, 8]), { isCausal: true }).shape // [5, 3, 8]
 */
export class TransformerEncoderLayer extends TransformerLayer {
  constructor(dModel: number, nhead: number, given: TransformerLayerOptions = {}) {
    super(dModel, nhead, given, false)
  }

  forward(src: Tensor, given: EncodeOptions = {}): Tensor {
    const known = ['srcMask', 'srcKeyPaddingMask', 'isCausal']
    const { srcMask, srcKeyPaddingMask, isCausal } = options('TransformerEncoderLayer', given, known)
    const masks = { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, isCausal }
    const x = this.added(src, this.norm1, x => this.attended(this.self_attn, x, x, masks))
    return this.added(x, this.norm2, x => this.fed(x))
  }
}

/**
 * tgt [length, n, dModel] and memory [s, n, dModel] (n first with `batchFirst`, or absent) -> tgt's shape: attention
 * of tgt to itself, attention to memory, then linear2(activation(linear1(x))), each added to its input and
 * normalised. Parameters: self_attn and multihead_attn as `nn.MultiheadAttention`, linear1, linear2, norm1 to norm3.
 *
 * A. Vaswani et al., "Attention is all you need", 2017.
 * @throws ArgumentError when nhead does not divide dModel, or for another option; forward: ShapeError when inputs or
 * masks do not fit, DtypeError
 * @example
 * const layer = new nn.TransformerDecoderLayer(8, 2, { dimFeedforward: 16 })
 * layer.forward(zeros([5, 3, 8]), zeros([4, 3, 8]), { tgtIsCausal: true }).shape // [5, 3, 8]
 */
export class TransformerDecoderLayer extends TransformerLayer {
  declare multihead_attn: MultiheadAttention
  declare norm3: LayerNorm

  constructor(dModel: number, nhead: number, given: TransformerLayerOptions = {}) {
    super(dModel, nhead, given, true)
  }

  forward(tgt: Tensor, memory: Tensor, given: DecodeOptions = {}): Tensor {
    const { tgtMask, tgtKeyPaddingMask, tgtIsCausal } = options('TransformerDecoderLayer', given, decodeNames)
    const { memoryMask, memoryKeyPaddingMask, memoryIsCausal } = given
    const own = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, isCausal: tgtIsCausal }
    const other = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, isCausal: memoryIsCausal }
    const x = this.added(tgt, this.norm1, x => this.attended(this.self_attn, x, x, own))
    const y = this.added(x, this.norm2, x => this.attended(this.multihead_attn, x, memory, other))
    return this.added(y, this.norm3, x => this.fed(x))
  }
}

export interface StackOptions {
  /** What follows the last layer (nothing). */
  readonly norm?: TensorModule | null
}
const copies = <L extends Module>(op: string, layer: L, numLayers: number): L[] => {
  if (!(layer instanceof Module)) throw new ArgumentError(`${op}: needs a layer to copy`)
  return Array.from({ length: integer(op, 'numLayers', numLayers, 0) }, () => copy(layer))
}

/**
 * `numLayers` copies of a layer one after another, as of now equal, and `norm` after the last. Masks go to every layer.
 *
 * @throws ArgumentError for another option; forward: as the layers
 * @example
 * const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true })
 * const encoder = new nn.TransformerEncoder(layer, 2, { norm: new nn.LayerNorm(8) })
 * encoder.forward(zeros([3, 5, 8]), { mask: nn.causalMask(5) }).shape // [3, 5, 8]
 */
export class TransformerEncoder extends Module {
  readonly layers: TransformerEncoderLayer[]
  readonly norm: TensorModule | null

  constructor(encoderLayer: TransformerEncoderLayer, numLayers: number, given: StackOptions = {}) {
    super()
    const { norm = null } = options('TransformerEncoder', given, ['norm'])
    this.layers = copies('TransformerEncoder', encoderLayer, numLayers)
    this.norm = norm
  }

  /** `mask` is the layers' `srcMask`. */
  forward(src: Tensor, given: Omit<EncodeOptions, 'srcMask'> & { readonly mask?: Tensor | null } = {}): Tensor {
    const known = ['mask', 'srcKeyPaddingMask', 'isCausal']
    const { mask, ...rest } = options('TransformerEncoder', given, known)
    const out = this.layers.reduce((x, layer) => layer.forward(x, { ...rest, srcMask: mask }), src)
    return this.norm ? this.norm.forward(out) : out
  }
}

/**
 * `numLayers` copies of a layer one after another, as of now equal, and `norm` after the last. Memory and masks go to
 * every layer.
 *
 * @throws ArgumentError for another option; forward: as the layers
 * @example
 * const layer = new nn.TransformerDecoderLayer(8, 2, { dimFeedforward: 16 })
 * new nn.TransformerDecoder(layer, 2).forward(zeros([5, 3, 8]), zeros([4, 3, 8])).shape // [5, 3, 8]
 */
export class TransformerDecoder extends Module {
  readonly layers: TransformerDecoderLayer[]
  readonly norm: TensorModule | null

  constructor(decoderLayer: TransformerDecoderLayer, numLayers: number, given: StackOptions = {}) {
    super()
    const { norm = null } = options('TransformerDecoder', given, ['norm'])
    this.layers = copies('TransformerDecoder', decoderLayer, numLayers)
    this.norm = norm
  }

  forward(tgt: Tensor, memory: Tensor, given: DecodeOptions = {}): Tensor {
    options('TransformerDecoder', given, decodeNames)
    const out = this.layers.reduce((x, layer) => layer.forward(x, memory, given), tgt)
    return this.norm ? this.norm.forward(out) : out
  }
}

export interface TransformerOptions extends TransformerLayerOptions {
  /** Features of each element (512). */
  readonly dModel?: number
  /** 8 */
  readonly nhead?: number
  /** 6 */
  readonly numEncoderLayers?: number
  /** 6 */
  readonly numDecoderLayers?: number
}

export interface TranslateOptions extends DecodeOptions, Pick<EncodeOptions, 'srcMask' | 'srcKeyPaddingMask'> {
  readonly srcIsCausal?: boolean
}

/**
 * src [s, n, dModel] and tgt [length, n, dModel] (n first with `batchFirst`, or absent) -> tgt's shape: an encoder
 * of src, and a decoder of tgt that reads what the encoder made, each with a norm at its end. All matrices are drawn by
 * `xavierUniform`. `memoryKeyPaddingMask` is not taken from `srcKeyPaddingMask`: give both, as in PyTorch.
 *
 * A. Vaswani et al., "Attention is all you need", 2017.
 * @throws ArgumentError when nhead does not divide dModel, or for another option; forward: ShapeError when inputs or
 * masks do not fit, DtypeError
 * @example
 * const model = new nn.Transformer({ dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 16 })
 * model.forward(zeros([5, 3, 8]), zeros([4, 3, 8]), { tgtIsCausal: true }).shape // [4, 3, 8]
 */
export class Transformer extends Module {
  readonly encoder: TransformerEncoder
  readonly decoder: TransformerDecoder

  constructor(given: TransformerOptions = {}) {
    super()
    const own = ['dModel', 'nhead', 'numEncoderLayers', 'numDecoderLayers']
    options('Transformer', given, [...own, ...known])
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, ...rest } = given
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps: rest.layerNormEps, bias: rest.bias, dtype: rest.dtype })
    const encoderLayer = new TransformerEncoderLayer(dModel, nhead, rest)
    this.encoder = new TransformerEncoder(encoderLayer, numEncoderLayers, { norm: norm() })
    const decoderLayer = new TransformerDecoderLayer(dModel, nhead, rest)
    this.decoder = new TransformerDecoder(decoderLayer, numDecoderLayers, { norm: norm() })
    for (const x of this.parameters()) if (x.ndim > 1) xavierUniform(x, { generator: rest.generator })
  }

  /** See `nn.causalMask`. */
  static generateSquareSubsequentMask(size: number, given: { readonly dtype?: DType } = {}): Tensor {
    return causalMask(size, given)
  }

  forward(src: Tensor, tgt: Tensor, given: TranslateOptions = {}): Tensor {
    const { srcMask, srcKeyPaddingMask, srcIsCausal, ...rest } = options('Transformer', given, [
      'srcMask',
      'srcKeyPaddingMask',
      'srcIsCausal',
      ...decodeNames,
    ])
    const memory = this.encoder.forward(src, { mask: srcMask, srcKeyPaddingMask, isCausal: srcIsCausal })
    return this.decoder.forward(tgt, memory, rest)
  }
}
