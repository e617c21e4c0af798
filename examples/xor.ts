// XOR: four points that one layer cannot separate and two layers can.
import { parseArgs } from 'node:util'
import { F, Generator, nn, noGrad, optim, tensor } from '../src/index.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '500' } } })
const generator = new Generator(1)

const x = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
])
const y = tensor([[0], [1], [1], [0]])
const model = new nn.Sequential(new nn.Linear(2, 8, { generator }), new nn.Tanh(), new nn.Linear(8, 1, { generator }))
const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 })

let last = 0
for (let k = 0; k < Number(values.steps); k++) {
  const loss = F.binaryCrossEntropyWithLogits(model.forward(x), y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  last = loss.item()
  if (k % 100 === 0) console.log(`step ${k}  loss ${last.toFixed(4)}`)
}

const probability = noGrad(() => model.forward(x).sigmoid())
for (let i = 0; i < 4; i++) console.log(`${x.at(i).toArray()} -> ${probability.at(i, 0).item().toFixed(4)}`)
console.log(`loss ${last.toFixed(5)}`)
