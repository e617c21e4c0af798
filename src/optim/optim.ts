// Optimizers, and what acts on gradients before a step.
export { Adadelta, type AdadeltaOptions } from './adadelta.ts'
export { Adagrad, type AdagradOptions } from './adagrad.ts'
export { Adam, type AdamOptions, AdamW } from './adam.ts'
export { Adamax, type AdamaxOptions } from './adamax.ts'
export { ASGD, type ASGDOptions } from './asgd.ts'
export { type ClipOptions, clipGradNorm, clipGradValue } from './clip.ts'
export { CyclicLR, type CyclicOptions, OneCycleLR, type OneCycleOptions } from './cycle.ts'
export { EMA, type EMAOptions, type EMAState } from './ema.ts'
export { LBFGS, type LBFGSOptions, type LBFGSState } from './lbfgs.ts'
export { Lion, type LionOptions } from './lion.ts'
export { Muon, type MuonOptions } from './muon.ts'
export { NAdam, type NAdamOptions } from './nadam.ts'
export {
  type Group,
  type Hyper,
  type Method,
  Optimizer,
  type OptimizerState,
  type ParamGroup,
  type State,
} from './optimizer.ts'
export type { Param } from './param.ts'
export { type PlateauOptions, type PlateauState, ReduceLROnPlateau } from './plateau.ts'
export { RAdam, type RAdamOptions } from './radam.ts'
export { RMSprop, type RMSpropOptions } from './rmsprop.ts'
export { Rprop, type RpropOptions } from './rprop.ts'
export { type Quantity, type Rule, rule, whole } from './rule.ts'
export { LRScheduler, type Schedule, type Scheduler, type SchedulerState } from './scheduler.ts'
export {
  type Annealing,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  type Decay,
  ExponentialLR,
  type Factor,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  PolynomialLR,
  type Resumed,
  StepLR,
} from './schedules.ts'
export { ChainedScheduler, SequentialLR, warmup } from './sequence.ts'
export { SGD, type SGDOptions } from './sgd.ts'
