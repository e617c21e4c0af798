// gradus/train: the loop, what watches it, and what measures its model. Runs in browsers too.
export type { Batches } from './batches.ts'
export type { Callback, Metrics, Run, Snapshot } from './callback.ts'
export { type FinderOptions, type LearningRates, learningRateFinder } from './finder.ts'
export { type FitOptions, type FitResult, type Forwarding, fit, type Loss, type Measure } from './fit.ts'
export { gradientNorms, type Norms } from './gradients.ts'
export {
  Accuracy,
  type AverageOptions,
  type ClassesOptions,
  ConfusionMatrix,
  F1,
  Precision,
  Recall,
  type Threshold,
  TopKAccuracy,
} from './metric/classification.ts'
export { type Computed, Mean, Metric } from './metric/metric.ts'
export { Perplexity, RocAuc } from './metric/ranking.ts'
export { MAE, MSE, R2, RMSE } from './metric/regression.ts'
export { pack, unpack } from './pack.ts'
export type { Steps } from './step.ts'
export { earlyStopping, type Stopping, type StoppingOptions } from './stopping.ts'
export type { Judged } from './tally.ts'
