// Data sets: made, and read from files.
export { type Collated, defaultCollate } from './collate.ts'
export { type Batched, ConcatDataset, Dataset, Subset, TensorDataset } from './dataset.ts'
export { type IdxArray, readIdx } from './idx.ts'
export type { Labels } from './labels.ts'
export { type CollateOptions, DataLoader, type LoaderOptions, type LoaderState } from './loader.ts'
export { type MoonsOptions, makeMoons } from './moons.ts'
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  Sampler,
  type SamplerState,
  SequentialSampler,
  type Sized,
  StratifiedSampler,
  type StratifiedSamplerOptions,
  WeightedRandomSampler,
  type WeightedSamplerOptions,
} from './sampler.ts'
