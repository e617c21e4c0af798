// Pictures of training, as PNG or SVG files. Node only (gradus/plot); needs chart.js, chartjs-node-canvas, dejavu-fonts-ttf.
export { type BoundaryOptions, decisionBoundary } from './boundary.ts'
export type { Format, PlotOptions } from './canvas.ts'
export { type ConfusionOptions, confusionMatrix } from './confusion.ts'
export { type CurveOptions, lossCurve, type Series } from './curve.ts'
export { type ImageGridOptions, imageGrid, type Picture } from './images.ts'
export type { Theme } from './theme.ts'
