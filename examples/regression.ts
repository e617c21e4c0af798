// Regression: a small network learns a sine from noisy samples.
import { parseArgs } from 'node:util'
import { F, Generator, linspace, nn, noGrad, optim, randn } from '../src/index.ts'
import { lossCurve } from '../src/plot/plot.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '1000' } } })
const generator = new Generator(1)

const x = linspace(-Math.PI, Math.PI, 200).unsqueeze(1)
const truth = x.sin()
const samples = truth.add(randn(truth.shape, { generator }).mul(0.1))
const model = new nn.Sequential(
  new nn.Linear(1, 32, { generator }),
  new nn.Tanh(),
  new nn.Linear(32, 32, { generator }),
  new nn.Tanh(),
  new nn.Linear(32, 1, { generator }),
)
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 })

const losses: number[] = []
for (let k = 0; k < Number(values.steps); k++) {
  const loss = F.mseLoss(model.forward(x), samples)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  losses.push(loss.item())
}

const fit = noGrad(() => model.forward(x))
const curve = (name: string, y: typeof x) => ({ name, values: [...y.data].map((v, i) => ({ x: x.data[i], y: v })) })
await lossCurve(
  [{ ...curve('noisy samples', samples), as: 'points' }, curve('the network', fit), curve('sin x', truth)],
  {
    path: 'out/regression.png',
    title: `A sine, learned from ${x.numel} noisy samples`,
    xLabel: 'x (radians)',
    yLabel: 'y',
  },
)
console.log('out/regression.png')
console.log(`mean squared error against the samples ${losses.at(-1)?.toFixed(4)} (their noise 0.0100)`)
console.log(`mean squared error against the sine ${F.mseLoss(fit, truth).item().toFixed(5)}`)
