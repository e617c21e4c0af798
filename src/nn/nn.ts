// Modules: the layers, losses and containers that models are built of.
export {
  CELU,
  ELU,
  Flatten,
  GELU,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  Identity,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Softsign,
  Tanh,
} from './activation.ts'
export { type AttendOptions, type AttentionOptions, causalMask, MultiheadAttention } from './attention.ts'
export { type CellOptions, GRUCell, LSTMCell, RNNCell, type RNNCellOptions } from './cell.ts'
export { Sequential } from './container.ts'
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
export { Dropout } from './dropout.ts'
export * as init from './init.ts'
export { Linear, type LinearOptions } from './linear.ts'
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
export { LayerNorm, type LayerNormOptions } from './normalization.ts'
export { Parameter, parameter } from './parameter.ts'
export { PositionalEncoding, type PositionalEncodingOptions } from './position.ts'
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
