// A race: six optimizers from one start, down Rosenbrock's valley, which is steep across and nearly flat along.
import { parseArgs } from 'node:util'
import { compile, optim, type Tensor, tensor } from '../src/index.ts'
import { surfaceTrajectories } from '../src/plot/plot.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '500' } } })
const steps = Number(values.steps)

/** The height at a point [2], (1 - x)^2 + 100 (y - x^2)^2: least, 0, at (1, 1). H. H. Rosenbrock, 1960. */
function rosenbrock(point: Tensor): Tensor {
  const [x, y] = point.unbind()
  return x.neg().add(1).square().add(y.sub(x.square()).square().mul(100))
}

type Runner = { zeroGrad(): void; step(closure: () => Tensor): Tensor }
/** Lets an optimizer run: where it is after each step, and how often it had asked for the gradient by then. */
function run(name: string, make: (params: Tensor[]) => Runner) {
  const point = tensor([-1.2, 1], { dtype: 'float64', requiresGrad: true })
  const optimizer = make([point])
  const gradient = compile(() => {
    optimizer.zeroGrad()
    const height = rosenbrock(point)
    height.backward()
    return height
  })
  let asked = 0
  const here = () => {
    const [x, y] = point.data
    return { x, y, asked, distance: Math.hypot(x - 1, y - 1) }
  }
  const points = [here()]
  for (let k = 0; k < steps; k++) {
    optimizer.step(() => {
      asked++
      return gradient()
    })
    points.push(here())
  }
  return { name, points, distance: points[steps].distance }
}

// Of the learning rates 1, 2, 5, 10, … · 10^-4 for each about the largest that does not tumble out of the valley.
const runners = [
  run('SGD', params => new optim.SGD(params, { lr: 2e-3 })),
  run('SGD with momentum', params => new optim.SGD(params, { lr: 2e-3, momentum: 0.9 })),
  run('RMSprop', params => new optim.RMSprop(params, { lr: 0.02 })),
  run('Adam', params => new optim.Adam(params, { lr: 0.2 })),
  run('Lion', params => new optim.Lion(params, { lr: 0.01 })),
  run('L-BFGS', params => new optim.LBFGS(params, { maxIter: 1, lineSearchFn: 'strong_wolfe' })),
].sort((a, b) => a.distance - b.distance)

for (const { name, points, distance } of runners) {
  const near = points.find(point => point.distance < 0.1)
  const when = near ? `within 0.1 after ${near.asked} gradients` : 'never within 0.1'
  console.log(`${name.padEnd(18)} ${when.padEnd(30)} at the end ${distance.toPrecision(2)} away`)
}
const height = (x: number, y: number) => (1 - x) ** 2 + 100 * (y - x * x) ** 2
await surfaceTrajectories(height, runners, {
  path: 'out/race.png',
  title: `Rosenbrock's valley: ${steps} steps of each optimizer`,
  minimum: { x: 1, y: 1 },
  xLabel: 'x',
  yLabel: 'y',
})
console.log('out/race.png')
const [first, second] = runners.map(({ name, distance }) => `${name}, ${distance.toPrecision(1)} away`)
console.log(`nearest after ${steps} steps: ${first}; then ${second}`)
