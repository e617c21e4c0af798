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
export { Sequential } from './container.ts'
export { BCEWithLogitsLoss, type Criterion, CrossEntropyLoss, HingeLoss, MSELoss, NLLLoss } from './criterion.ts'
export { Dropout } from './dropout.ts'
export * as init from './init.ts'
export { Linear, type LinearOptions } from './linear.ts'
export type { BinaryOptions, ClassOptions, CrossEntropyOptions, LossOptions } from './loss.ts'
export { Module, type StateDict, type TensorModule } from './module.ts'
export { Parameter, parameter } from './parameter.ts'
export { Layer, MLP, Neuron, type ScalarOptions } from './scalar.ts'
export { type SummaryOptions, summary } from './summary.ts'
