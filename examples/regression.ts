// Regression: a small network learns a sine from noisy samples.
import { parseArgs } from 'node:util'
import { compile, data, F, Generator, nn, noGrad, optim, tensor } from '../src/index.ts'
import { regressionFit } from '../src/plot/plot.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '1000' } } })
const steps = Number(values.steps)
const generator = new Generator(1)

const { x, y } = data.makeSine({ n: 200, noise: 0.1, generator })
const model = new nn.Sequential(
  new nn.Linear(1, 32, { generator }),
  new nn.Tanh(),
  new nn.Linear(32, 32, { generator }),
  new nn.Tanh(),
  new nn.Linear(32, 1, { generator }),
)
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 })
const scheduler = new optim.CosineAnnealingLR(optimizer, steps)
const train = compile(() => {
  const loss = F.mseLoss(model.forward(x), y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  return loss
})
let last = 0
for (let k = 0; k < steps; k++) {
  last = train().item()
  scheduler.step()
}

const samples = [...x.data].map((at, i) => ({ x: at, y: y.data[i] }))
const network = (xs: number[]) => noGrad(() => model.forward(tensor(xs).unsqueeze(1))).flatten().data
await regressionFit(samples, network, {
  path: 'out/regression.png',
  title: `A sine, learned from ${samples.length} noisy samples`,
  truth: xs => xs.map(Math.sin),
  names: ['noisy samples', 'the network', 'sin x'],
  xLabel: 'x (radians)',
  yLabel: 'y',
})
console.log('out/regression.png')
console.log(`mean squared error against the samples ${last.toFixed(4)} (their noise 0.0100)`)
const error = noGrad(() => F.mseLoss(model.forward(x), x.sin()).item())
console.log(`mean squared error against the sine ${error.toFixed(5)}`)
