// Optimizers, and what acts on gradients before a step.
export { Adam, type AdamOptions, AdamW } from './adam.ts'
export { type ClipOptions, clipGradNorm, clipGradValue } from './clip.ts'
export {
  type Group,
  type Method,
  Optimizer,
  type OptimizerState,
  type Param,
  type ParamGroup,
  type State,
} from './optimizer.ts'
export { type Quantity, type Rule, rule } from './rule.ts'
export { SGD, type SGDOptions } from './sgd.ts'
