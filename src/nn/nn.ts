// Modules: the layers, losses and containers that models are built of.
export {
  CELU,
  ELU,
  Flatten,
  GELU,
  GLU,
  Hardshrink,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  Identity,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  PReLU,
  type PReLUOptions,
  ReLU,
  ReLU6,
  RReLU,
  type RReLUOptions,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softmax2d,
  Softmin,
  Softplus,
  Softshrink,
  Softsign,
  Tanh,
  Tanhshrink,
  Threshold,
  Unflatten,
} from './activation.ts'
export { type AttendOptions, type AttentionOptions, causalMask, MultiheadAttention } from './attention.ts'
export { type CellOptions, GRUCell, LSTMCell, RNNCell, type RNNCellOptions } from './cell.ts'
export {
  BatchNorm1d,
  BatchNorm2d,
  type ChannelNormOptions,
  InstanceNorm1d,
  InstanceNorm2d,
} from './channel.ts'
export { ModuleDict, ModuleList, type Named, ParameterDict, ParameterList, Sequential } from './container.ts'
export {
  Conv1d,
  Conv2d,
  type ConvLayerOptions,
  ConvTranspose1d,
  ConvTranspose2d,
  type ConvTransposeLayerOptions,
} from './convolution.ts'
export {
  BCELoss,
  BCEWithLogitsLoss,
  CosineEmbeddingLoss,
  type Criterion,
  CrossEntropyLoss,
  GaussianNLLLoss,
  HingeEmbeddingLoss,
  HingeLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  MarginRankingLoss,
  MSELoss,
  MultiLabelMarginLoss,
  MultiLabelSoftMarginLoss,
  MultiMarginLoss,
  NLLLoss,
  PoissonNLLLoss,
  SmoothL1Loss,
  SoftMarginLoss,
  TripletMarginLoss,
} from './criterion.ts'
export { CosineSimilarity, PairwiseDistance } from './distance.ts'
export { AlphaDropout, Dropout, Dropout1d, Dropout2d } from './dropout.ts'
export { Embedding, type EmbeddingOptions, type PretrainedOptions } from './embedding.ts'
export type { ForwardHook, ForwardPreHook, FullBackwardHook, HookHandle } from './hook.ts'
export { Fold, PixelShuffle, PixelUnshuffle, Unfold, Upsample } from './image.ts'
export * as init from './init.ts'
export { Bilinear, Linear, type LinearOptions } from './linear.ts'
export type {
  BinaryOptions,
  ClassOptions,
  CrossEntropyOptions,
  GaussianOptions,
  HuberOptions,
  KlDivOptions,
  LossOptions,
  MarginOptions,
  MultiMarginOptions,
  PoissonOptions,
  SmoothL1Options,
  TripletOptions,
  WeightedOptions,
} from './loss.ts'
export { Module, type StateDict, type TensorModule } from './module.ts'
export {
  GroupNorm,
  type GroupNormOptions,
  LayerNorm,
  type LayerNormOptions,
  LocalResponseNorm,
  RMSNorm,
  type RMSNormOptions,
} from './normalization.ts'
export {
  CircularPad1d,
  CircularPad2d,
  ConstantPad1d,
  ConstantPad2d,
  ReflectionPad1d,
  ReflectionPad2d,
  ReplicationPad1d,
  ReplicationPad2d,
  ZeroPad1d,
  ZeroPad2d,
} from './padding.ts'
export { Parameter, parameter } from './parameter.ts'
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AvgPool1d,
  AvgPool2d,
  LPPool2d,
  MaxPool1d,
  MaxPool2d,
} from './pool.ts'
export { PositionalEncoding, type PositionalEncodingOptions } from './position.ts'
export { type UnregisteredOptions, unreached, unregistered } from './reach.ts'
export { GRU, LSTM, type RecurrentOptions, RNN, type RNNOptions } from './recurrent.ts'
export { Layer, MLP, Neuron, type ScalarOptions } from './scalar.ts'
export { type SummaryOptions, summary } from './summary.ts'
export {
  type DecodeOptions,
  type EncodeOptions,
  type StackOptions,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
  type TransformerOptions,
  type TranslateOptions,
} from './transformer.ts'
