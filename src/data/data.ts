// Data sets: made, and read from files.
export {
  type AffineOptions,
  type Augmentation,
  type CropOptions,
  compose,
  type FlipOptions,
  gaussianNoise,
  type NoiseOptions,
  normalize,
  randomAffine,
  randomCrop,
  randomHorizontalFlip,
  randomRotation,
  randomVerticalFlip,
} from './augment.ts'
export { type Collated, defaultCollate } from './collate.ts'
export { type Batched, ConcatDataset, Dataset, Subset, TensorDataset } from './dataset.ts'
export { type EncoderState, type Label, LabelEncoder } from './encoder.ts'
export { type IdxArray, readIdx } from './idx.ts'
export type { Labels } from './labels.ts'
export { type CollateOptions, DataLoader, type LoaderOptions, type LoaderState } from './loader.ts'
export type { Made, MadeOptions } from './made.ts'
export {
  type BlobsOptions,
  type CheckerboardOptions,
  type CirclesOptions,
  makeBlobs,
  makeCheckerboard,
  makeCircles,
  makeMoons,
  makeSpirals,
  makeTwoGaussians,
  makeXor,
  type SpiralsOptions,
} from './plane.ts'
export { iris, type MnistOptions, mnist } from './real.ts'
export {
  type FriedmanOptions,
  makeFriedman1,
  makeFriedman2,
  makeFriedman3,
  makeSine,
  makeSurface,
  makeSwissRoll,
  type SineOptions,
  type SurfaceOptions,
} from './regression.ts'
export * as safetensors from './safetensors.ts'
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
export { type MinMaxOptions, MinMaxScaler, type ScalerState, type StandardOptions, StandardScaler } from './scaler.ts'
export { type AddingOptions, type CopyOptions, makeAdding, makeCopy } from './sequence.ts'
export {
  type FoldOptions,
  kFold,
  type RandomOptions,
  randomSplit,
  type Split,
  stratifiedKFold,
  type TestSplitOptions,
  trainTestSplit,
} from './split.ts'
export {
  type Cell,
  type Column,
  type ColumnInput,
  type ColumnType,
  type Missing,
  Table,
  type TableTensors,
  type TensorsOptions,
} from './table.ts'
export {
  BlockDataset,
  type BlocksOptions,
  CharVocabulary,
  charBlocks,
  type NamesOptions,
  nextCharacters,
} from './text.ts'
