// One small call of every plot, for what holds of all of them.
import { confusionMatrix, decisionBoundary, imageGrid, lossCurve, trainingCurves } from '../../src/plot/plot.ts'

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
}
