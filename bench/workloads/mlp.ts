// W2: a small MLP, where what counts is the price of an op rather than of its arithmetic.
import type * as Tf from '@tensorflow/tfjs'
import { convert, filled, inputsFirst, layer } from '../fields.ts'
import * as gradus from '../peers/gradus.ts'
import { handMlp } from '../peers/hand.ts'
import * as jaxjs from '../peers/jaxjs.ts'
import { type JsTensor, tensors } from '../peers/jspytorch.ts'
import * as tfjs from '../peers/tfjs.ts'
import type { Workload } from '../workload.ts'

const LR = 0.1

export const workloads: readonly Workload[] = [
  {
    id: 'W2',
    title: 'MLP 2-16-16-1 tanh, batch 100, mean squared error, SGD',
    rank: 'median',
    check: 20,
    tolerance: 1e-4,
    data(generator, { data: { makeMoons } }) {
      const { x, y } = makeMoons({ n: 100, noise: 0.1, generator })
      const [xs, ys] = [x.data.values(), y.data.values()]
      return {
        inputs: {
          x: filled([100, 2], () => xs.next().value as number),
          y: filled([100, 1], () => 2 * (ys.next().value as number) - 1),
        },
        params: {
          ...layer(generator, '0', [16, 2]),
          ...layer(generator, '1', [16, 16]),
          ...layer(generator, '2', [1, 16]),
        },
      }
    },
    setups: {
      gradus(library, { inputs, params }) {
        const { F, optim } = library
        const { x, y } = gradus.constants(library, inputs)
        const p = gradus.trained(library, params)
        return gradus.descend(library, new optim.SGD(Object.values(p), { lr: LR }), () => {
          const h0 = F.linear(x, p['0.weight'], p['0.bias']).tanh()
          const h1 = F.linear(h0, p['1.weight'], p['1.bias']).tanh()
          return F.mseLoss(F.linear(h1, p['2.weight'], p['2.bias']), y)
        })
      },
      tfjs(tf, { inputs, params }) {
        const { x, y } = convert(inputs, field => tfjs.make(tf, field))
        const p = convert(inputsFirst(params), field => tf.variable(tfjs.make(tf, field)))
        const linear = (h: Tf.Tensor, i: number) => tf.add(tf.matMul(h, p[`${i}.weight`]), p[`${i}.bias`])
        return tfjs.descend(tf, tf.train.sgd(LR), () => {
          const out = linear(tf.tanh(linear(tf.tanh(linear(x, 0)), 1)), 2)
          return tf.mean<Tf.Scalar>(tf.squaredDifference(out, y))
        })
      },
      'jax-js'(jax, { inputs, params }) {
        const { numpy: np } = jax
        const { x, y } = convert(inputs, field => jaxjs.array(jax, field))
        const linear = (h: jaxjs.Arr, p: jaxjs.Params, i: number) => np.matmul(h, p[`${i}.weight`]).add(p[`${i}.bias`])
        return jaxjs.sgdStep(
          jax,
          convert(inputsFirst(params), field => jaxjs.array(jax, field)),
          [x, y],
          {
            lr: LR,
            loss: (p, x, y) => {
              const out = linear(np.tanh(linear(np.tanh(linear(x, p, 0)), p, 1)), p, 2)
              return np.mean(np.square(out.sub(y)))
            },
          },
        )
      },
      'js-pytorch'(torch, { inputs, params }) {
        const { x, y } = tensors(torch, inputs, false)
        const p = tensors(torch, inputsFirst(params), true)
        const weights = Object.values(p)
        const linear = (h: JsTensor, i: number): JsTensor => h.matmul(p[`${i}.weight`]).add(p[`${i}.bias`])
        // it has no tanh: (exp(2x) - 1) / (exp(2x) + 1)
        const tanh = (h: JsTensor): JsTensor => {
          const e = torch.exp(h.mul(2))
          return e.add(-1).div(e.add(1))
        }
        const [n] = inputs.y.shape
        return () => {
          // its MSELoss divides by the batch twice
          const error = linear(tanh(linear(tanh(linear(x, 0)), 1)), 2).sub(y)
          const loss = error.pow(2).reshape([n]).sum(-1).div(n)
          loss.backward()
          const value = loss.data[0] as number
          // its only optimizer is Adam, so the update is written out
          for (const w of weights) w._data = w.sub(w._grad.mul(LR))._data
          loss.zero_grad_graph()
          for (const w of weights) w.zero_grad()
          return value
        }
      },
      convnetjs({ Net, Trainer, Vol }, { inputs, params }) {
        const net = new Net()
        net.makeLayers([
          { type: 'input', out_sx: 1, out_sy: 1, out_depth: 2 },
          { type: 'fc', num_neurons: 16, activation: 'tanh' },
          { type: 'fc', num_neurons: 16, activation: 'tanh' },
          { type: 'regression', num_neurons: 1 },
        ])
        net.layers
          .filter(dense => dense.filters)
          .forEach((dense, i) => {
            const { data } = params[`${i}.weight`]
            const size = params[`${i}.weight`].shape[1]
            dense.filters?.forEach((filter, row) => {
              filter.w.set(data.subarray(row * size, (row + 1) * size))
            })
            dense.biases?.w.set(params[`${i}.bias`].data)
          })
        const [n] = inputs.x.shape
        // its gradient is that of half the square, its loss twice the square
        const trainer = new Trainer(net, { learning_rate: 2 * LR, momentum: 0, batch_size: n })
        const points = Array.from({ length: n }, (_, i) => {
          const point = new Vol(1, 1, 2, 0)
          point.w.set(inputs.x.data.subarray(2 * i, 2 * i + 2))
          return point
        })
        return () => points.reduce((sum, point, i) => sum + trainer.train(point, [inputs.y.data[i]]).loss, 0) / (2 * n)
      },
      hand: (_, data) => handMlp(data, { activation: 'tanh', loss: 'squares', optimizer: 'sgd', lr: LR }),
    },
  },
]
