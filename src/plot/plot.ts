// Pictures of training, as PNG or SVG files. Node only (gradus/plot); needs chart.js, chartjs-node-canvas, dejavu-fonts-ttf.
export {
  type ActivationOptions,
  activationStatistics,
  type LayerStatistics,
  layerStatistics,
  modelStatistics,
} from './activation.ts'
export { type BinOptions, type Bins, countBins, HistogramRecorder } from './bins.ts'
export { type BoundaryOptions, decisionBoundary } from './boundary.ts'
export type { Format, PlotOptions } from './canvas.ts'
export { type ConfusionOptions, confusionMatrix } from './confusion.ts'
export { type CurveOptions, lossCurve, type Series } from './curve.ts'
export { type EmbeddingOptions, embedding2d } from './embedding.ts'
export {
  type EvolutionOptions,
  type HistogramOptions,
  histogram,
  histogramsOverTime,
  type Snapshot,
  type Snapshots,
} from './histogram.ts'
export { type ImageGridOptions, imageGrid, type Picture } from './images.ts'
export type { Numbers, Point, Rows, Values } from './points.ts'
export { type RasterOptions, rasterize } from './raster.ts'
export {
  learningRateCurve,
  learningRateSchedule,
  type RateCurve,
  type Rates,
  type ScheduleOptions,
} from './rate.ts'
export { type Fit, type RegressionOptions, regressionFit } from './regression.ts'
export { smoothed } from './smoothing.ts'
export { type Path, type SurfaceOptions, surfaceTrajectories } from './surface.ts'
export { type TextChartOptions, textChart } from './text.ts'
export type { Theme } from './theme.ts'
export { type History, type TrainingOptions, trainingCurves } from './training.ts'
