// Adding: an LSTM remembers two marked numbers out of forty, and adds them.
import { parseArgs } from 'node:util'
import { compile, data, F, Generator, nn, noGrad, optim, type Tensor } from '../src/index.ts'
import { lossCurve } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '3000' } } })
const steps = Number(values.steps)
const generator = new Generator(1)
const length = 40
/** Sequences of pairs [number, mark], [n, 40, 2], and the sums of the two numbers whose mark is 1, [n, 1]. */
const draw = (n: number) => data.makeAdding({ n, length, generator })

class Adder extends nn.Module {
  memory = new nn.LSTM(2, 32, { batchFirst: true, generator })
  head = new nn.Linear(32, 1, { generator })

  /** The sum, from what the memory holds after the last pair. */
  forward(x: Tensor): Tensor {
    const [, [hidden]] = this.memory.forward(x)
    return this.head.forward(hidden.squeeze(0))
  }
}
const model = new Adder()
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 })
const scheduler = new optim.CosineAnnealingLR(optimizer, steps)
const train = compile((x: Tensor, y: Tensor) => {
  const loss = F.mseLoss(model.forward(x), y)
  optimizer.zeroGrad()
  loss.backward()
  // Forty steps back through the same weights: now and then a gradient explodes.
  optim.clipGradNorm(model.parameters(), 1)
  optimizer.step()
  return loss
})

const bar = progress({ total: steps, label: 'adding' })
const losses: number[] = []
for (let k = 0; k < steps; k++) {
  const { x, y } = draw(50)
  losses.push(train(x, y).item())
  scheduler.step()
  bar.step({ loss: losses[k] })
}

await lossCurve(
  [
    { name: 'loss', values: losses },
    { name: 'without memory', values: losses.map(() => 1 / 6) },
  ],
  {
    path: 'out/adding.png',
    title: 'Adding two marked numbers out of forty',
    yLabel: 'mean squared error',
    logY: true,
  },
)
console.log('out/adding.png')
const { x, y } = draw(1000)
const answer = noGrad(() => model.forward(x))
for (let i = 0; i < 3; i++)
  console.log(`sum ${y.at(i, 0).item().toFixed(3)}, answer ${answer.at(i, 0).item().toFixed(3)}`)
console.log(`mean squared error on new sequences ${F.mseLoss(answer, y).item().toFixed(4)} (without memory 0.1667)`)
