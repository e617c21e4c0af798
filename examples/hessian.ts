// Curvature: every second derivative of a small network's loss, and the few directions in which it is steep.
import { parseArgs } from 'node:util'
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { compile, data, F, Generator, hessian, hvp, optim, randn, type Tensor } from '../src/index.ts'
import { lossCurve } from '../src/plot/plot.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '2000' } } })
const float64 = { dtype: 'float64' } as const
const generator = new Generator(1)
const made = data.makeCircles({ n: 100, noise: 0.05, generator })
const [x, y] = [made.x.double(), made.y.double()]

/** A network 2-8-1 as a function of one vector, all its weights. L2 keeps the minimum from lying at infinity. */
function loss(weights: Tensor): Tensor {
  const [w1, b1, w2, b2] = weights.split([16, 8, 8, 1])
  const hidden = x.matmul(w1.reshape(2, 8)).add(b1).tanh()
  const logits = hidden.matmul(w2).add(b2)
  return F.binaryCrossEntropyWithLogits(logits, y).add(weights.square().sum().mul(3e-4))
}
const n = 33

// Trained until the gradient is all but zero, which takes a method that knows about curvature itself.
const start = randn([n], { ...float64, generator })
const weights = start.clone().requiresGrad_()
const limits = { maxIter: Number(values.steps), toleranceGrad: 1e-9, toleranceChange: 1e-15 }
const optimizer = new optim.LBFGS([weights], { ...limits, lineSearchFn: 'strong_wolfe' })
optimizer.step(
  compile(() => {
    optimizer.zeroGrad()
    const now = loss(weights)
    now.backward()
    return now
  }),
)

/** The eigenvalues of the Hessian [33, 33], largest first. */
function spectrum(weights: Tensor): number[] {
  const matrix = new Matrix(hessian(loss)(weights).toArray())
  return new EigenvalueDecomposition(matrix, { assumeSymmetric: true }).realEigenvalues.sort((a, b) => b - a)
}
const [before, after] = [spectrum(start), spectrum(weights)]
const below = (spectrum: number[]) => spectrum.filter(value => value < 0).length
console.log(
  `before training: loss ${loss(start).item().toFixed(3)}, curved down in ${below(before)} of ${n} directions`,
)
console.log(`after training: loss ${loss(weights).item().toFixed(3)}, curved down in ${below(after)}`)

// The largest one again, without the matrix: what is multiplied with it often enough turns to its eigenvector.
const times = compile((direction: Tensor): Tensor => hvp(loss, [weights], [direction]))
let direction = randn([n], { ...float64, generator })
let largest = 0
for (let k = 0; k < 100; k++) {
  const product = times(direction)
  largest = product.norm().item()
  direction = product.div(largest)
}
console.log(`largest: ${after[0].toFixed(10)} of the matrix, ${largest.toFixed(10)} by power iteration`)

const steep = after.filter(value => value > after[0] / 100).length
await lossCurve(
  [
    { name: 'eigenvalues', values: after.map((y, i) => ({ x: i + 1, y })), as: 'points' },
    { name: '1 % of the largest', values: after.map((_, i) => ({ x: i + 1, y: after[0] / 100 })) },
  ],
  {
    path: 'out/hessian.png',
    title: `The loss is steep in ${steep} directions of ${n}`,
    xLabel: 'direction',
    yLabel: 'curvature (eigenvalue of the Hessian)',
    logY: true,
  },
)
console.log('out/hessian.png')
console.log(`${steep} of ${n} eigenvalues are above 1 % of the largest`)
