// W1: micrograd's own demo, number by number. Two moons, an MLP 2-16-16-1 of single neurons, about 65,600 nodes a step.
import { filled } from '../fields.ts'
import type { Workload } from '../workload.ts'

export const workloads: readonly Workload[] = [
  {
    id: 'W1',
    title: "micrograd's moons on scalars: MLP 2-16-16-1 ReLU, 100 samples, max-margin loss + L2, SGD",
    rank: 'mean',
    check: 5,
    tolerance: 1e-6,
    data(generator, { data: { makeMoons } }) {
      const { x, y } = makeMoons({ n: 100, noise: 0.1, generator })
      const [xs, ys] = [x.data.values(), y.data.values()]
      const sizes = [2, 16, 16, 1]
      // neuron by neuron: its weights from U(-1, 1), then its bias 0
      const weights = sizes
        .slice(1)
        .flatMap((size, i) =>
          Array.from({ length: size }, () => [
            ...Array.from({ length: sizes[i] }, () => 2 * generator.uniform() - 1),
            0,
          ]).flat(),
        )
      const order = weights.values()
      return {
        inputs: {
          x: filled([100, 2], () => xs.next().value as number, 'float64'),
          y: filled([100], () => 2 * (ys.next().value as number) - 1, 'float64'),
        },
        params: { neurons: filled([weights.length], () => order.next().value as number, 'float64') },
      }
    },
    setups: {
      gradus({ nn, optim, prepare }, { inputs: { x, y }, params }) {
        const model = new nn.MLP(2, [16, 16, 1])
        const parameters = model.parameters()
        parameters.forEach((p, i) => {
          p.data = params.neurons.data[i]
        })
        const points = Array.from(y.data, (_, i) => [x.data[2 * i], x.data[2 * i + 1]])
        const optimizer = new optim.SGD(parameters, { lr: 1 })
        const step = prepare(() => {
          const scores = points.map(point => model.forward(point)[0])
          const losses = scores.map((score, i) => score.mul(-y.data[i]).add(1).relu())
          const margin = losses.reduce((sum, loss) => sum.add(loss)).mul(1 / losses.length)
          const decay = parameters.map(p => p.mul(p)).reduce((sum, square) => sum.add(square))
          const loss = margin.add(decay.mul(1e-4))
          model.zeroGrad()
          loss.backward()
          optimizer.step()
          return loss
        })
        let k = 0
        return () => {
          optimizer.paramGroups[0].lr = Math.max(0.1, 1 - (0.9 * k++) / 100)
          return step().data
        }
      },
    },
  },
]
