// What the page and its worker say to each other while training.

/** Everything that decides a run: with the same setup come the same numbers. */
export interface Setup {
  readonly data: DataName
  /**
   * The reader's own data, one example a line, the last column the label; used when `data` is 'csv'. The first two columns
   * are the plane's axes; others are inputs too, and the plane is shown where they are at their mean.
   */
  readonly csv: string
  readonly samples: number
  /** The standard deviation of what is added to the made data. */
  readonly noise: number
  /** The share of examples that are kept for testing, in [0, 0.9]. */
  readonly testShare: number
  readonly seed: number
  readonly features: readonly FeatureName[]
  /** The widths of the hidden layers, from the input on. */
  readonly hidden: readonly number[]
  readonly activation: ActivationName
  readonly init: InitName
  readonly optimizer: OptimizerName
  readonly lr: number
  readonly momentum: number
  readonly schedule: ScheduleName
  readonly regularization: 'none' | 'L1' | 'L2'
  readonly rate: number
  readonly dropout: number
  readonly batch: number
  readonly engine: EngineName
}
export const dataNames = ['moons', 'circles', 'spirals', 'xor', 'clusters', 'three', 'plane', 'waves', 'csv'] as const
export const featureNames = ['x1', 'x2', 'x1^2', 'x2^2', 'x1*x2', 'sin(x1)', 'sin(x2)'] as const
export const activationNames = ['tanh', 'relu', 'sigmoid', 'leakyRelu', 'gelu', 'silu', 'linear'] as const
export const initNames = [
  'default',
  'xavierUniform',
  'xavierNormal',
  'kaimingUniform',
  'kaimingNormal',
  'normal',
  'zeros',
] as const
export const optimizerNames = ['SGD', 'momentum', 'nesterov', 'Adagrad', 'RMSprop', 'Adam', 'AdamW', 'Lion'] as const
export const scheduleNames = ['constant', 'step', 'exponential', 'cosine', 'warmup', 'oneCycle'] as const
export const engineNames = ['tensor', 'scalar'] as const
export type DataName = (typeof dataNames)[number]
export type FeatureName = (typeof featureNames)[number]
export type ActivationName = (typeof activationNames)[number]
export type InitName = (typeof initNames)[number]
export type OptimizerName = (typeof optimizerNames)[number]
export type ScheduleName = (typeof scheduleNames)[number]
export type EngineName = (typeof engineNames)[number]

/** A weight, or with `input` 'bias' a bias: of the layer (0 is the first with weights), its unit, and what it comes from. */
export interface Place {
  readonly layer: number
  readonly unit: number
  readonly input: number | 'bias'
}

/** From the page to the worker. */
export type Request =
  /** Everything anew. */
  | { readonly type: 'setup'; readonly setup: Setup }
  /** Another optimizer, learning rate, momentum, schedule, regularisation or batch size, from here on: data and weights stay. */
  | { readonly type: 'tune'; readonly setup: Setup }
  /** Trains on, at most so many steps a second; null: as many as go. */
  | { readonly type: 'run'; readonly speed: number | null }
  | { readonly type: 'pause' }
  | { readonly type: 'step'; readonly count: number }
  /** Sets a weight by hand. */
  | { readonly type: 'assign'; readonly place: Place; readonly value: number }
  /** Whose gradient's ledger each frame brings from now on; null: nobody's. */
  | { readonly type: 'inspect'; readonly place: Place | null }
  /** Measures the steps a second of both engines with this setup. */
  | { readonly type: 'measure' }
  /** The page has drawn the last frame and wants another. */
  | { readonly type: 'drawn' }

/** From the worker to the page. */
export type Reply =
  | ({ readonly type: 'ready' } & Ready)
  | ({ readonly type: 'frame' } & Frame)
  | { readonly type: 'speeds'; readonly speeds: Readonly<Record<EngineName, number>> }
  /** A mistake in the setup or the data, or a run that cannot go on (a loss that is NaN): in words for the reader. */
  | { readonly type: 'failure'; readonly message: string }

/** An example: its place on the plane, standardised, and its class or (standardised) target. */
export interface Example {
  readonly x1: number
  readonly x2: number
  readonly y: number
}

/** What a setup came to. */
export interface Ready {
  readonly setup: Setup
  readonly train: readonly Example[]
  readonly test: readonly Example[]
  /** Classes by name; empty for regression, whose targets are in `range`. */
  readonly classes: readonly string[]
  readonly range: readonly [low: number, high: number]
  /** The part of the plane that is shown: both axes run from -bound to bound. */
  readonly bound: number
  /** What the plane's axes are called. */
  readonly axes: readonly [string, string]
  /** What the inputs of the network are called: the features, then a table's columns after the second. */
  readonly inputs: readonly string[]
  /** The widths of all layers, inputs and outputs included. */
  readonly widths: readonly number[]
  readonly parameters: number
  readonly stepsPerEpoch: number
}

export interface Histogram {
  readonly low: number
  readonly high: number
  readonly counts: readonly number[]
}
/** One layer with weights, of `units` x `inputs`. */
export interface LayerView {
  readonly inputs: number
  readonly units: number
  /** [units, inputs], row by row. Gradients are those of the last step's batch, 0 before the first. */
  readonly weight: Float32Array
  readonly weightGrad: Float32Array
  readonly bias: Float32Array
  readonly biasGrad: Float32Array
  /** Activations are those of all training examples, nothing dropped; the last layer's are its sums. */
  readonly histograms: Readonly<Record<'weights' | 'activations' | 'gradients', Histogram>>
}

/** The state after a step. */
export interface Frame {
  readonly step: number
  readonly epoch: number
  readonly lr: number
  /**
   * All so far, thinned to some hundred points, and now: losses without regularisation, over all examples, nothing dropped;
   * score is accuracy, or R² for regression. Where no examples are kept for testing, their numbers are NaN, as
   * is R² of a single one.
   */
  readonly history: readonly {
    readonly step: number
    readonly train: number
    readonly test: number
    readonly trainScore: number
    readonly testScore: number
  }[]
  readonly layers: readonly LayerView[]
  /** Cells of a side of `outputs` and `units`. */
  readonly resolution: number
  /**
   * [outputs, resolution, resolution] over the plane, x2 downwards from the top: probabilities of classes, of two classes
   * only that of the second; or the prediction.
   */
  readonly outputs: Float32Array
  /** For each layer but the last, inputs included: [units, resolution, resolution] of each unit's activation. */
  readonly units: readonly Float32Array[]
  /** Steps a second while it runs; 0 at rest. */
  readonly speed: number
  readonly ledger: Ledger | null
}

/** Where the gradient of a weight comes from, in the last batch: one term for every example. */
export interface Ledger {
  readonly place: Place
  readonly value: number
  /** Of the whole loss, regularisation included: the sum of all terms and `regularization`. */
  readonly gradient: number
  readonly regularization: number
  /** example: its number in `train`; upstream: dL/d(the unit's sum); local: what the weight is multiplied with; term: their product. */
  readonly terms: readonly {
    readonly example: number
    readonly upstream: number
    readonly local: number
    readonly term: number
  }[]
}
