// W4: a small convolutional network.
import type * as Tf from '@tensorflow/tfjs'
import { convert, type Field, filled, inputsFirst, layer, normal } from '../fields.ts'
import * as gradus from '../peers/gradus.ts'
import * as jaxjs from '../peers/jaxjs.ts'
import * as tfjs from '../peers/tfjs.ts'
import type { Workload } from '../workload.ts'

const [LR, MOMENTUM] = [0.01, 0.9]
const [BATCH, SIZE, CLASSES] = [32, 28, 10]

/** [n, channels, height, width] -> [n, height, width, channels] */
function channelsLast({ data, shape: [n, channels, height, width] }: Field): Field {
  const out = data.slice()
  let at = 0
  for (let i = 0; i < n; i++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++) out[at++] = data[((i * channels + c) * height + y) * width + x]
  return { shape: [n, height, width, channels], data: out }
}
/** The dense layer's weight for images flattened with their channels last. */
const flatLast = ({ data, shape: [out] }: Field): Field => ({
  shape: [out, 784],
  data: channelsLast({ data, shape: [out, 16, 7, 7] }).data,
})

export const workloads: readonly Workload[] = [
  {
    id: 'W4',
    title: 'CNN 1x28x28, batch 32: 3x3 conv 8, ReLU, pool, 3x3 conv 16, ReLU, pool, dense 10; SGD with momentum',
    rank: 'median',
    check: 4,
    tolerance: 1e-3,
    data: generator => ({
      inputs: {
        x: normal(generator, [BATCH, 1, SIZE, SIZE]),
        y: filled([BATCH], () => generator.integer(0, CLASSES), 'int32'),
      },
      params: {
        ...layer(generator, 'conv0', [8, 1, 3, 3]),
        ...layer(generator, 'conv1', [16, 8, 3, 3]),
        ...layer(generator, 'dense', [CLASSES, 784]),
      },
    }),
    setups: {
      gradus(library, { inputs, params }) {
        const { F, optim } = library
        const { x, y } = gradus.constants(library, inputs)
        const p = gradus.trained(library, params)
        const optimizer = new optim.SGD(Object.values(p), { lr: LR, momentum: MOMENTUM })
        return gradus.descend(library, optimizer, () => {
          const h0 = F.maxPool2d(F.conv2d(x, p['conv0.weight'], p['conv0.bias'], { padding: 1 }).relu(), 2)
          const h1 = F.maxPool2d(F.conv2d(h0, p['conv1.weight'], p['conv1.bias'], { padding: 1 }).relu(), 2)
          return F.crossEntropy(F.linear(h1.flatten(1), p['dense.weight'], p['dense.bias']), y)
        })
      },
      tfjs(tf, { inputs, params }) {
        const x = tfjs.make(tf, channelsLast(inputs.x))
        const classes = tf.oneHot(tfjs.make(tf, inputs.y) as Tf.Tensor1D, CLASSES)
        const natural = inputsFirst({ ...params, 'dense.weight': flatLast(params['dense.weight']) })
        const p: tfjs.Variables = convert(natural, field => {
          const made = tfjs.make(tf, field)
          // [height, width, in, out]
          return tf.variable(field.shape.length === 4 ? tf.transpose(made, [2, 3, 1, 0]) : made)
        })
        const block = (h: Tf.Tensor, name: string) => {
          const conv = tf.conv2d(h as Tf.Tensor4D, p[`${name}.weight`] as unknown as Tf.Tensor4D, 1, 'same')
          return tf.maxPool(tf.relu(tf.add(conv, p[`${name}.bias`])) as Tf.Tensor4D, 2, 2, 'valid')
        }
        return tfjs.descend(tf, tf.train.momentum(LR, MOMENTUM), () => {
          const flat = tf.reshape(block(block(x, 'conv0'), 'conv1'), [BATCH, 784])
          const logits = tf.add(tf.matMul(flat, p['dense.weight']), p['dense.bias'])
          return tf.losses.softmaxCrossEntropy<Tf.Tensor, Tf.Scalar>(classes, logits)
        })
      },
      'jax-js'(jax, { inputs, params }) {
        const { numpy: np, nn, lax } = jax
        const { x, y } = convert(inputs, field => jaxjs.array(jax, field))
        const block = (h: jaxjs.Arr, p: jaxjs.Params, name: string) => {
          const conv = lax.convGeneralDilated(h, p[`${name}.weight`], [1, 1], 'SAME')
          const out = nn.relu(conv.add(p[`${name}.bias`].reshape([-1, 1, 1])))
          return lax.reduceWindow(out, np.max, [2, 2], [2, 2])
        }
        return jaxjs.sgdStep(
          jax,
          convert(inputsFirst(params), field => jaxjs.array(jax, field)),
          [x, y],
          {
            lr: LR,
            momentum: MOMENTUM,
            loss: (p, x, y) => {
              const flat = block(block(x, p, 'conv0'), p, 'conv1').reshape([BATCH, 784])
              const logits = np.matmul(flat, p['dense.weight']).add(p['dense.bias'])
              return np.sum(nn.logSoftmax(logits).mul(nn.oneHot(y, CLASSES))).mul(-1 / BATCH)
            },
          },
        )
      },
      convnetjs({ Net, Trainer, Vol }, { inputs, params }) {
        const net = new Net()
        net.makeLayers([
          { type: 'input', out_sx: SIZE, out_sy: SIZE, out_depth: 1 },
          { type: 'conv', sx: 3, filters: 8, stride: 1, pad: 1, activation: 'relu' },
          { type: 'pool', sx: 2, stride: 2 },
          { type: 'conv', sx: 3, filters: 16, stride: 1, pad: 1, activation: 'relu' },
          { type: 'pool', sx: 2, stride: 2 },
          { type: 'softmax', num_classes: CLASSES },
        ])
        const layers = net.layers.filter(({ filters }) => filters)
        const weights = [
          channelsLast(params['conv0.weight']),
          channelsLast(params['conv1.weight']),
          flatLast(params['dense.weight']),
        ]
        for (const [i, name] of ['conv0', 'conv1', 'dense'].entries()) {
          const { data } = weights[i]
          layers[i].filters?.forEach((filter, row) => {
            filter.w.set(data.subarray(row * filter.w.length, (row + 1) * filter.w.length))
          })
          layers[i].biases?.w.set(params[`${name}.bias`].data)
        }
        const trainer = new Trainer(net, { learning_rate: LR, momentum: MOMENTUM, batch_size: BATCH })
        const images = Array.from({ length: BATCH }, (_, i) => {
          const image = new Vol(SIZE, SIZE, 1, 0)
          image.w.set(inputs.x.data.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE))
          return image
        })
        return () => images.reduce((sum, image, i) => sum + trainer.train(image, inputs.y.data[i]).loss, 0) / BATCH
      },
    },
  },
]
