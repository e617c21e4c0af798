// Graphs: how a number came about, and its gradients, drawn for a formula, a network and a small GPT.
import { mkdirSync, writeFileSync } from 'node:fs'
import { draw } from '../src/explain/draw.ts'
import { type DotOptions, type Trace, trace } from '../src/explain/explain.ts'
import { F, Generator, nn, randn, type Tensor, tensor } from '../src/index.ts'
import { rasterize } from '../src/plot/plot.ts'

const generator = new Generator(1)

/** A causal language model over a vocabulary of 20: two blocks of width 16. */
class GPT extends nn.Module {
  readonly tokens = new nn.Embedding(20, 16, { generator })
  readonly places = new nn.Embedding(6, 16, { generator })
  readonly blocks = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(16, 2, {
      dimFeedforward: 32,
      dropout: 0,
      batchFirst: true,
      normFirst: true,
      generator,
    }),
    2,
    { norm: new nn.LayerNorm(16) },
  )
  readonly head = new nn.Linear(16, 20, { generator })
  forward(ids: Tensor, next: Tensor): Tensor {
    const place = tensor([0, 1, 2, 3, 4, 5], { dtype: 'int32' })
    const x = this.tokens.forward(ids).add(this.places.forward(place))
    const out = this.head.forward(this.blocks.forward(x, { mask: nn.causalMask(6) }))
    return F.crossEntropy(out.reshape([-1, 20]), next.reshape([-1]))
  }
}

async function save(name: string, graph: Trace, options: DotOptions): Promise<void> {
  const svg = await draw(graph, options)
  mkdirSync('out', { recursive: true })
  writeFileSync(`out/${name}.svg`, svg)
  await rasterize(svg, { path: `out/${name}.png` })
  const nodes = (svg.match(/class="node"/g) ?? []).length
  console.log(`out/${name}.svg and .png: ${graph.rows.length} values in ${nodes} nodes`)
}

await save('lecture', trace('x1*x2 + sin(x1)', { x1: 2, x2: 3 }), { title: 'x1*x2 + sin(x1)' })

const model = new nn.Sequential(new nn.Linear(2, 8, { generator }), new nn.Tanh(), new nn.Linear(8, 1, { generator }))
const inputs = { x: randn([4, 2], { generator }), y: randn([4, 1], { generator }) }
const loss = (x: Tensor, y: Tensor): Tensor => F.mseLoss(model.forward(x), y)
await save('mlp', trace(loss, inputs, { model }), { title: 'A network of two layers and its loss' })

const gpt = trace(new GPT(), {
  ids: tensor([[1, 2, 3, 4, 5, 6]], { dtype: 'int32' }),
  next: tensor([[2, 3, 4, 5, 6, 7]], { dtype: 'int32' }),
})
await save('gpt', gpt, { title: 'A small GPT: its blocks are folded', direction: 'down', limit: 40 })
