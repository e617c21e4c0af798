// W3: an MLP of the size of the digits, where matrix products and the optimizer count.
import type * as Tf from '@tensorflow/tfjs'
import { convert, filled, inputsFirst, layer, normal } from '../fields.ts'
import * as gradus from '../peers/gradus.ts'
import { handMlp } from '../peers/hand.ts'
import * as jaxjs from '../peers/jaxjs.ts'
import { adam, type JsTensor, tensors } from '../peers/jspytorch.ts'
import * as tfjs from '../peers/tfjs.ts'
import type { Workload } from '../workload.ts'

const LR = 1e-3
const [BATCH, CLASSES] = [128, 10]

export const workloads: readonly Workload[] = [
  {
    id: 'W3',
    title: 'MLP 784-256-128-10 ReLU, batch 128, cross entropy, Adam',
    rank: 'median',
    check: 5,
    tolerance: 1e-3,
    data: generator => ({
      inputs: {
        x: normal(generator, [BATCH, 784]),
        y: filled([BATCH], () => generator.integer(0, CLASSES), 'int32'),
      },
      params: {
        ...layer(generator, '0', [256, 784]),
        ...layer(generator, '1', [128, 256]),
        ...layer(generator, '2', [CLASSES, 128]),
      },
    }),
    setups: {
      gradus(library, { inputs, params }) {
        const { F, optim } = library
        const { x, y } = gradus.constants(library, inputs)
        const p = gradus.trained(library, params)
        return gradus.descend(library, new optim.Adam(Object.values(p), { lr: LR }), () => {
          const h0 = F.linear(x, p['0.weight'], p['0.bias']).relu()
          const h1 = F.linear(h0, p['1.weight'], p['1.bias']).relu()
          return F.crossEntropy(F.linear(h1, p['2.weight'], p['2.bias']), y)
        })
      },
      tfjs(tf, { inputs, params }) {
        const { x, y } = convert(inputs, field => tfjs.make(tf, field))
        const classes = tf.oneHot(y as Tf.Tensor1D, CLASSES)
        const p = convert(inputsFirst(params), field => tf.variable(tfjs.make(tf, field)))
        const linear = (h: Tf.Tensor, i: number) => tf.add(tf.matMul(h, p[`${i}.weight`]), p[`${i}.bias`])
        return tfjs.descend(tf, tf.train.adam(LR, 0.9, 0.999, 1e-8), () => {
          const out = linear(tf.relu(linear(tf.relu(linear(x, 0)), 1)), 2)
          return tf.losses.softmaxCrossEntropy<Tf.Tensor, Tf.Scalar>(classes, out)
        })
      },
      'jax-js'(jax, { inputs, params }) {
        const { numpy: np, nn } = jax
        const { x, y } = convert(inputs, field => jaxjs.array(jax, field))
        const linear = (h: jaxjs.Arr, p: jaxjs.Params, i: number) => np.matmul(h, p[`${i}.weight`]).add(p[`${i}.bias`])
        return jaxjs.adamStep(
          jax,
          convert(inputsFirst(params), field => jaxjs.array(jax, field)),
          [x, y],
          {
            lr: LR,
            loss: (p, x, y) => {
              const logits = linear(nn.relu(linear(nn.relu(linear(x, p, 0)), p, 1)), p, 2)
              return np.sum(nn.logSoftmax(logits).mul(nn.oneHot(y, CLASSES))).mul(-1 / BATCH)
            },
          },
        )
      },
      'js-pytorch'(torch, { inputs, params }) {
        const { x, y } = tensors(torch, inputs, false)
        const p = tensors(torch, inputsFirst(params), true)
        const linear = (h: JsTensor, i: number): JsTensor => h.matmul(p[`${i}.weight`]).add(p[`${i}.bias`])
        // its ReLU has a slope of 0.001 below 0; this is its code with 0
        const relu = (h: JsTensor): JsTensor =>
          h.mul(torch.tensor((h.data as number[][]).map(row => row.map(value => +(value > 0)))))
        const criterion = new torch.nn.CrossEntropyLoss()
        const update = adam(torch, Object.values(p), { lr: LR })
        return () => {
          const loss = criterion.forward(linear(relu(linear(relu(linear(x, 0)), 1)), 2), y)
          loss.backward()
          const value = loss.data[0] as number
          update()
          loss.zero_grad_graph()
          return value
        }
      },
      hand: (_, data) => handMlp(data, { activation: 'relu', loss: 'classes', optimizer: 'adam', lr: LR }),
    },
  },
]
