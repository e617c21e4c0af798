// Two moons: one network, trained by the scalar engine and by the tensor engine, gives the same numbers.
import { parseArgs } from 'node:util'
import { data, F, Generator, nn, noGrad, optim, Tensor, tensor, type Value } from '../src/index.ts'
import { decisionBoundary, lossCurve } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '100' } } })
const steps = Number(values.steps)
const [seed, noise, alpha] = [1337, 0.1, 1e-4] // alpha: L2

const generator = new Generator(seed)
const moons = data.makeMoons({ n: 100, noise, generator })
const points = moons.x.toArray() as number[][]
const sides = Array.from(moons.y.data, label => 2 * label - 1) // the max-margin loss wants -1 and 1

// The scalar engine: a graph of single numbers, one sample after the other.
const scalarModel = new nn.MLP(2, [16, 16, 1], { generator })
// in the tensor engine's order: of each layer all weights, then all biases
const scalarParams = scalarModel.layers.flatMap(({ neurons: n }) => [...n.flatMap(x => x.w), ...n.map(x => x.b)])
function scalarForward(): { loss: Value; scores: number[] } {
  const scores = points.flatMap(point => scalarModel.forward(point))
  const hinges = scores.map((score, i) => score.mul(-sides[i]).add(1).relu())
  const fit = hinges.reduce((sum, x) => sum.add(x)).div(points.length)
  const decay = scalarParams.map(p => p.square()).reduce((sum, x) => sum.add(x))
  return { loss: fit.add(decay.mul(alpha)), scores: scores.map(score => score.data) }
}

// The tensor engine: the same network from the same weights, all samples at once.
const float64 = { dtype: 'float64' } as const
const linear = (inputs: number, outputs: number) => new nn.Linear(inputs, outputs, float64)
const model = new nn.Sequential(linear(2, 16), new nn.ReLU(), linear(16, 16), new nn.ReLU(), linear(16, 1))
const params = model.parameters()
const initial = scalarParams.map(p => p.data)
for (const p of params) p.assign(Float64Array.from(initial.splice(0, p.numel)))
const [x, y] = [tensor(points, float64), tensor(sides, float64)]
function tensorForward(): { loss: Tensor; scores: ArrayLike<number> } {
  const scores = model.forward(x).flatten()
  const decay = params.map(p => p.square().sum()).reduce((sum, x) => sum.add(x))
  return { loss: F.hingeLoss(scores, y).add(decay.mul(alpha)), scores: scores.data }
}

const accuracy = (scores: ArrayLike<number>) => sides.filter((side, i) => side * scores[i] > 0).length / sides.length

/** Full batches, with the learning rate falling from 1. Returns the losses, and all numbers of the run in order. */
function train(label: string, params: Iterable<optim.Param>, forward: typeof scalarForward | typeof tensorForward) {
  const optimizer = new optim.SGD(params)
  const bar = progress({ total: steps, label })
  const [losses, numbers]: number[][] = [[], []]
  for (let k = 0; k < steps; k++) {
    const { loss, scores } = forward()
    optimizer.zeroGrad()
    loss.backward()
    optimizer.paramGroups[0].lr = 1 - (0.9 * k) / steps
    optimizer.step()
    losses.push(loss instanceof Tensor ? loss.item() : loss.data)
    numbers.push(losses[k], ...[...params].flatMap(p => (p instanceof Tensor ? [...p.data] : p.data)))
    bar.step({ loss: losses[k], accuracy: accuracy(scores) })
  }
  return { losses, numbers }
}

const scalar = train('scalar engine', scalarParams, scalarForward)
const tensors = train('tensor engine', params, tensorForward)
const relative = scalar.numbers.map((a, i) => Math.abs(a - tensors.numbers[i]) / (Math.abs(a) || 1))
const difference = relative.reduce((a, b) => Math.max(a, b))
console.log(`largest relative difference of losses and weights over ${steps} steps: ${difference.toExponential(1)}`)
if (!(difference < 1e-9)) throw new Error('the two engines disagree')

const series = [
  { name: 'scalar engine', values: scalar.losses },
  { name: 'tensor engine', values: tensors.losses },
]
const labelled = { title: 'Two moons: the loss on both engines', xLabel: 'step', yLabel: 'loss (max-margin + L2)' }
await lossCurve(series, { path: 'out/loss.png', logY: true, ...labelled })
const predict = (grid: number[][]) => noGrad(() => model.forward(tensor(grid, float64))).data
const named = { title: 'Two moons: what the network learned', classNames: ['upper moon', 'lower moon'] }
await decisionBoundary(predict, points, sides, { path: 'out/boundary.png', xLabel: 'x', yLabel: 'y', ...named })
console.log('out/loss.png\nout/boundary.png')
console.log(`seed ${seed}, noise ${noise}: train accuracy ${100 * accuracy(noGrad(tensorForward).scores)} %`)
