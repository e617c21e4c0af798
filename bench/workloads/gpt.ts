// W5: a small GPT: pre-norm blocks of causal attention and a perceptron with GELU (its tanh form).
import type * as Tf from '@tensorflow/tfjs'
import { convert, type Field, type Fields, filled, inputsFirst, layer, normal } from '../fields.ts'
import * as gradus from '../peers/gradus.ts'
import * as jaxjs from '../peers/jaxjs.ts'
import * as tfjs from '../peers/tfjs.ts'
import type { Workload } from '../workload.ts'

const [BATCH, TIME, VOCABULARY, WIDTH, HEADS, BLOCKS] = [16, 32, 65, 64, 4, 2]
const HEAD = WIDTH / HEADS
const [LR, DECAY, EPS] = [1e-3, 0.01, 1e-5]
const blocks = Array.from({ length: BLOCKS }, (_, i) => `block${i}`)

const norm = (name: string): Fields => ({
  [`${name}.scale`]: filled([WIDTH], () => 1),
  [`${name}.shift`]: filled([WIDTH], () => 0),
})
/** 0 where a position may look, -1e9 at what comes after it: [time, time]. */
const mask: Field = {
  shape: [TIME, TIME],
  data: Float32Array.from({ length: TIME * TIME }, (_, i) => (i % TIME > Math.floor(i / TIME) ? -1e9 : 0)),
}
/** The ids one-hot: how a library gets embeddings whose gather has no gradient. */
const oneHot = ({ data, shape }: Field): Field => {
  const out = new Float32Array(data.length * VOCABULARY)
  data.forEach((token, i) => {
    out[i * VOCABULARY + token] = 1
  })
  return { shape: [...shape, VOCABULARY], data: out }
}

export const workloads: readonly Workload[] = [
  {
    id: 'W5',
    title: 'GPT: 2 blocks, width 64, 4 heads, context 32, vocabulary 65, batch 16; AdamW',
    rank: 'median',
    check: 3,
    tolerance: 1e-3,
    data: generator => ({
      inputs: {
        x: filled([BATCH, TIME], () => generator.integer(0, VOCABULARY), 'int32'),
        y: filled([BATCH * TIME], () => generator.integer(0, VOCABULARY), 'int32'),
      },
      params: {
        token: normal(generator, [VOCABULARY, WIDTH], 0.1),
        position: normal(generator, [TIME, WIDTH], 0.1),
        ...Object.assign(
          {},
          ...blocks.map(block => ({
            ...norm(`${block}.norm0`),
            ...layer(generator, `${block}.qkv`, [3 * WIDTH, WIDTH]),
            ...layer(generator, `${block}.project`, [WIDTH, WIDTH]),
            ...norm(`${block}.norm1`),
            ...layer(generator, `${block}.up`, [4 * WIDTH, WIDTH]),
            ...layer(generator, `${block}.down`, [WIDTH, 4 * WIDTH]),
          })),
        ),
        ...norm('norm'),
        ...layer(generator, 'head', [VOCABULARY, WIDTH]),
      },
    }),
    setups: {
      gradus(library, { inputs, params }) {
        const { F, optim, tensor } = library
        const { x, y } = gradus.constants(library, inputs)
        const causal = tensor(mask.data).reshape(mask.shape)
        const p = gradus.trained(library, params)
        type T = typeof x
        const linear = (h: T, name: string): T => F.linear(h, p[`${name}.weight`], p[`${name}.bias`])
        const norm = (h: T, name: string): T => {
          const centred = h.sub(h.mean(-1, { keepdim: true }))
          const scale = centred.square().mean(-1, { keepdim: true }).add(EPS).rsqrt()
          return centred.mul(scale).mul(p[`${name}.scale`]).add(p[`${name}.shift`])
        }
        const attention = (h: T, name: string): T => {
          const [q, k, v] = linear(h, `${name}.qkv`)
            .split(WIDTH, -1)
            .map(part => part.reshape(BATCH, TIME, HEADS, HEAD).transpose(1, 2))
          const weights = q
            .matmul(k.transpose(-2, -1))
            .mul(HEAD ** -0.5)
            .add(causal)
            .softmax(-1)
          return linear(weights.matmul(v).transpose(1, 2).reshape(BATCH, TIME, WIDTH), `${name}.project`)
        }
        const perceptron = (h: T, name: string): T =>
          linear(linear(h, `${name}.up`).gelu({ approximate: 'tanh' }), `${name}.down`)
        const optimizer = new optim.AdamW(Object.values(p), { lr: LR, weightDecay: DECAY })
        return gradus.descend(library, optimizer, () => {
          let h = F.embedding(x, p.token).add(p.position)
          for (const block of blocks) {
            h = h.add(attention(norm(h, `${block}.norm0`), block))
            h = h.add(perceptron(norm(h, `${block}.norm1`), block))
          }
          return F.crossEntropy(linear(norm(h, 'norm'), 'head').reshape(-1, VOCABULARY), y)
        })
      },
      tfjs(tf, { inputs, params }) {
        const x = tfjs.make(tf, oneHot(inputs.x))
        const y = tfjs.make(tf, oneHot(inputs.y))
        const causal = tfjs.make(tf, mask)
        const p: tfjs.Variables = convert(inputsFirst(params), field => tf.variable(tfjs.make(tf, field)))
        type T = Tf.Tensor
        // its gradient of a product wants both of the same rank
        const linear = (h: T, name: string): T => {
          const flat = tf.reshape(h, [-1, h.shape[h.rank - 1]])
          const out = tf.add(tf.matMul(flat, p[`${name}.weight`]), p[`${name}.bias`])
          return tf.reshape(out, [...h.shape.slice(0, -1), -1])
        }
        const norm = (h: T, name: string): T => {
          const centred = tf.sub(h, tf.mean(h, -1, true))
          const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), EPS))
          return tf.add(tf.mul(tf.mul(centred, scale), p[`${name}.scale`]), p[`${name}.shift`])
        }
        const attention = (h: T, name: string): T => {
          const [q, k, v] = tf
            .split(linear(h, `${name}.qkv`), 3, -1)
            .map(part => tf.transpose(tf.reshape(part, [BATCH, TIME, HEADS, HEAD]), [0, 2, 1, 3]))
          const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), HEAD ** -0.5), causal)
          const out = tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3])
          return linear(tf.reshape(out, [BATCH, TIME, WIDTH]), `${name}.project`)
        }
        const gelu = (h: T): T => {
          const inner = tf.mul(tf.add(h, tf.mul(tf.mul(tf.square(h), h), 0.044715)), Math.sqrt(2 / Math.PI))
          return tf.mul(tf.mul(h, 0.5), tf.add(tf.tanh(inner), 1))
        }
        const perceptron = (h: T, name: string): T => linear(gelu(linear(h, `${name}.up`)), `${name}.down`)
        const lossOf = () => {
          let h: T = tf.add(
            tf.reshape(tf.matMul(tf.reshape(x, [-1, VOCABULARY]), p.token), [BATCH, TIME, WIDTH]),
            p.position,
          )
          for (const block of blocks) {
            h = tf.add(h, attention(norm(h, `${block}.norm0`), block))
            h = tf.add(h, perceptron(norm(h, `${block}.norm1`), block))
          }
          const logits = tf.reshape(linear(norm(h, 'norm'), 'head'), [-1, VOCABULARY])
          return tf.losses.softmaxCrossEntropy<T, Tf.Scalar>(y, logits)
        }
        const weights = Object.values(p)
        // it has no AdamW: the decay goes before its Adam, between forward and update as in AdamW
        const optimizer = tf.train.adam(LR, 0.9, 0.999, 1e-8)
        return () =>
          tf.tidy(() => {
            const { value, grads } = tf.variableGrads(lossOf)
            for (const w of weights) w.assign(tf.mul(w, 1 - LR * DECAY))
            optimizer.applyGradients(grads as Parameters<typeof optimizer.applyGradients>[0])
            return value.dataSync()[0]
          })
      },
      'jax-js'(jax, { inputs, params }) {
        const { numpy: np, nn } = jax
        const x = jaxjs.array(jax, inputs.x)
        const y = jaxjs.array(jax, inputs.y)
        // its own attention calls methods that Node 20 has not
        const causal = jaxjs.array(jax, mask)
        type T = jaxjs.Arr
        type P = jaxjs.Params
        const linear = (h: T, p: P, name: string): T => np.matmul(h, p[`${name}.weight`]).add(p[`${name}.bias`])
        const norm = (h: T, p: P, name: string): T =>
          nn.standardize(h, -1, { epsilon: EPS }).mul(p[`${name}.scale`]).add(p[`${name}.shift`])
        const attention = (h: T, p: P, name: string): T => {
          const [q, k, v] = np
            .split(linear(h, p, `${name}.qkv`), 3, -1)
            .map(part => part.reshape([BATCH, TIME, HEADS, HEAD]).transpose([0, 2, 1, 3]))
          const scores = np
            .matmul(q, k.transpose([0, 1, 3, 2]))
            .mul(HEAD ** -0.5)
            .add(causal.ref)
          const out = np.matmul(nn.softmax(scores), v).transpose([0, 2, 1, 3])
          return linear(out.reshape([BATCH, TIME, WIDTH]), p, `${name}.project`)
        }
        const perceptron = (h: T, p: P, name: string): T =>
          linear(nn.gelu(linear(h, p, `${name}.up`)), p, `${name}.down`)
        return jaxjs.adamStep(
          jax,
          convert(inputsFirst(params), field => jaxjs.array(jax, field)),
          [x, y],
          {
            lr: LR,
            weightDecay: DECAY,
            loss: (p, x, y) => {
              let h = np.matmul(nn.oneHot(x, VOCABULARY), p.token).add(p.position)
              for (const block of blocks) {
                h = h.ref.add(attention(norm(h, p, `${block}.norm0`), p, block))
                h = h.ref.add(perceptron(norm(h, p, `${block}.norm1`), p, block))
              }
              const logits = linear(norm(h, p, 'norm'), p, 'head').reshape([-1, VOCABULARY])
              return np.sum(nn.logSoftmax(logits).mul(nn.oneHot(y, VOCABULARY))).mul(-1 / (BATCH * TIME))
            },
          },
        )
      },
    },
  },
]
