// Spirals: three arms wound around one another, which no straight line takes apart, and the picture of how a network does it.
import { parseArgs } from 'node:util'
import { compile, data, F, Generator, nn, noGrad, optim, tensor } from '../src/index.ts'
import { decisionBoundary } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '600' } } })
const steps = Number(values.steps)
const generator = new Generator(1)

// In the middle, where the arms begin, noise mixes them. A third of the points is kept to judge by.
const { x, y } = data.makeSpirals({ n: 900, arms: 3, noise: 0.02, generator })
const [train, test] = data.trainTestSplit(new data.TensorDataset(x, y), { testSize: 300, stratify: y, generator })
const [[seenX, seenY], [heldX, heldY]] = [train.all(), test.all()]

const model = new nn.Sequential(
  new nn.Linear(2, 64, { generator }),
  new nn.Tanh(),
  new nn.Linear(64, 64, { generator }),
  new nn.Tanh(),
  new nn.Linear(64, 3, { generator }),
)
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 })
const scheduler = new optim.CosineAnnealingLR(optimizer, steps)
const step = compile(() => {
  const logits = model.forward(seenX)
  const loss = F.crossEntropy(logits, seenY)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  return { loss, accuracy: logits.argmax(1).eq(seenY).float().mean() }
})
const bar = progress({ total: steps, label: 'spirals' })
for (let k = 0; k < steps; k++) {
  const { loss, accuracy } = step()
  scheduler.step()
  bar.step({ loss: loss.item(), accuracy: accuracy.item() })
}

const scores = (points: number[][]) => noGrad(() => model.forward(tensor(points)).toArray() as number[][])
await decisionBoundary(scores, heldX.toArray() as number[][], heldY.data, {
  path: 'out/spirals.png',
  title: 'Three spirals: judged by points it has not seen',
  classNames: ['first arm', 'second arm', 'third arm'],
  xLabel: 'x',
  yLabel: 'y',
})
console.log('out/spirals.png')
const right = noGrad(() => model.forward(heldX).argmax(1).eq(heldY).sum().item())
console.log(`held-out accuracy ${((100 * right) / test.length).toFixed(1)} % of ${test.length} points`)
