// One small call of every plot, for what holds of all of them.
import {
  activationStatistics,
  confusionMatrix,
  decisionBoundary,
  embedding2d,
  histogram,
  histogramsOverTime,
  imageGrid,
  learningRateCurve,
  learningRateSchedule,
  lossCurve,
  regressionFit,
  surfaceTrajectories,
  trainingCurves,
} from '../../src/plot/plot.ts'

export const size = { width: 480, height: 360 }

export const plots = {
  lossCurve: (options: object) => lossCurve([{ name: 'train', values: [3, 2, 1.5] }], { ...size, ...options }),
  decisionBoundary: (options: object) =>
    decisionBoundary(
      points => points.map(([x]) => x),
      [
        [-1, 0],
        [1, 1],
      ],
      [0, 1],
      { ...size, resolution: 10, ...options },
    ),
  confusionMatrix: (options: object) =>
    confusionMatrix(
      [
        [8, 2],
        [0, 9],
      ],
      ['cat', 'dog'],
      { ...size, ...options },
    ),
  imageGrid: (options: object) =>
    imageGrid([{ pixels: [0, 1, 1, 0], width: 2, height: 2, caption: '7 (true 1)' }], { width: 480, ...options }),
  trainingCurves: (options: object) =>
    trainingCurves(
      [
        { loss: 2, 'validation.loss': 2.5 },
        { loss: 1, 'validation.loss': 1.2 },
      ],
      { ...size, ...options },
    ),
  regressionFit: (options: object) =>
    regressionFit(
      [
        { x: 0, y: 1 },
        { x: 1, y: 2 },
      ],
      xs => xs.map(x => x + 0.9),
      { ...size, band: 1, ...options },
    ),
  surfaceTrajectories: (options: object) =>
    surfaceTrajectories(
      (x, y) => x * x + y * y,
      [
        {
          name: 'path',
          points: [
            { x: 1, y: 1 },
            { x: 0.1, y: 0 },
          ],
        },
      ],
      {
        ...size,
        resolution: 20,
        ...options,
      },
    ),
  embedding2d: (options: object) =>
    embedding2d(
      [
        [0, 1, 0],
        [1, 0, 2],
        [2, 1, 1],
      ],
      { ...size, labels: ['a', 'b', 'a'], texts: ['x', 'y', 'z'], ...options },
    ),
  learningRateSchedule: (options: object) => learningRateSchedule([0.1, 0.01], { ...size, ...options }),
  learningRateCurve: (options: object) =>
    learningRateCurve({ rates: [1e-3, 1e-2, 0.1], losses: [2, 1, 3], suggestion: 0.01 }, { ...size, ...options }),
  histogram: (options: object) => histogram([0, 1, 1, 2], { ...size, bins: 3, ...options }),
  histogramsOverTime: (options: object) =>
    histogramsOverTime(
      [
        { step: 0, values: [0, 1, 1] },
        { step: 1, values: [0, 2, 2] },
      ],
      { ...size, ...options },
    ),
  activationStatistics: (options: object) =>
    activationStatistics([{ name: 'relu', mean: 1, std: 1, zero: 0.5 }], { ...size, ...options }),
}
