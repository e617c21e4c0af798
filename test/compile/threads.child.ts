// Run by threads.test.ts: small programs on so many threads; prints a hash of all that they leave behind, as JSON.
import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { tuning } from '../../src/compile/threads/split.ts'
import { choice } from '../../src/compile/threads/threads.ts'
import {
  arange,
  cat,
  compile,
  type Description,
  F,
  Generator,
  nn,
  optim,
  randint,
  randn,
  type Tensor,
  threads,
} from '../../src/index.ts'

const [wanted = 1, least = 0] = process.argv.slice(2).map(Number)
// the machine may have fewer
Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 4 } })
threads(wanted)
tuning.least = least
choice.always = true

interface Case {
  readonly step: () => unknown
  readonly watch: () => readonly Tensor[]
}
const generator = (): Generator => new Generator(5)

function trained(parameters: Tensor[], loss: () => Tensor, optimizer = new optim.AdamW(parameters)): Case {
  return {
    step() {
      const out = loss()
      optimizer.zeroGrad()
      out.backward()
      optim.clipGradNorm(parameters, 1)
      optimizer.step()
      return out
    },
    watch: () => parameters,
  }
}

const cases: Record<string, () => Case> = {
  perceptron() {
    const g = generator()
    const options = { generator: g }
    const model = new nn.Sequential(
      new nn.Linear(29, 53, options),
      new nn.ReLU(),
      new nn.Dropout(0.2, options),
      new nn.Linear(53, 11, options),
    )
    const [x, y] = [randn([37, 29], options), randint(0, 11, [37], options)]
    return trained(model.parameters(), () => F.crossEntropy(model.forward(x), y))
  },
  wide() {
    const g = generator()
    const options = { generator: g }
    const model = new nn.Sequential(new nn.Linear(301, 257, options), new nn.Tanh(), new nn.Linear(257, 1, options))
    const x = randn([130, 301], options)
    return trained(model.parameters(), () => model.forward(x).square().mean())
  },
  images() {
    const options = { generator: generator() }
    const sizes = [[5, 3, 3, 3], [5], [6, 5, 3, 3], [6, 2], [4, 6]]
    const [first, bias, second, , dense] = sizes.map(shape =>
      randn(shape, options).mul(0.3).detach().requiresGrad_(),
    ) as [Tensor, Tensor, Tensor, Tensor, Tensor]
    const [x, y] = [randn([7, 3, 12, 12], options), randint(0, 4, [7], options)]
    return trained([first, bias, second, dense], () => {
      const h = F.maxPool2d(F.conv2d(x, first, bias, { padding: 1 }).relu(), 2)
      const pooled = F.avgPool2d(F.conv2d(h, second, null, { padding: 2, stride: 2 }).tanh(), 4)
      return F.crossEntropy(F.linear(pooled.flatten(1), dense), y)
    })
  },
  attention() {
    const options = { generator: generator() }
    const [batch, time, width, heads] = [3, 9, 20, 4]
    const make = (...shape: number[]): Tensor => randn(shape, options).mul(0.2).detach().requiresGrad_()
    const [token, qkv, up, down] = [make(13, width), make(3 * width, width), make(31, width), make(width, 31)]
    const [x, y] = [randint(0, 13, [batch, time], options), randint(0, 13, [batch * time], options)]
    const head = (h: Tensor): Tensor => h.reshape(batch, time, heads, width / heads).transpose(1, 2)
    return trained([token, qkv, up, down], () => {
      const h = F.embedding(x, token)
      const centred = h.sub(h.mean(-1, { keepdim: true }))
      const norm = centred.mul(centred.square().mean(-1, { keepdim: true }).add(1e-5).rsqrt())
      const [q, k, v] = F.linear(norm, qkv).split(width, -1).map(head) as [Tensor, Tensor, Tensor]
      const weights = q.matmul(k.transpose(-2, -1)).div(2).softmax(-1)
      const mixed = weights.matmul(v).transpose(1, 2).reshape(batch, time, width).add(h)
      const out = F.linear(F.linear(mixed, up).gelu(), down).add(mixed)
      return F.crossEntropy(out.matmul(token.transpose(0, 1)).reshape(batch * time, 13), y)
    })
  },
  kernels() {
    const g = generator()
    const shapes = [[33, 18], [18, 50], [50], [5, 7, 6], [2, 3, 130], [40, 1], [1, 41]]
    const all = shapes.map(shape => randn(shape, { generator: g }).requiresGrad_())
    const wide = randn([35, 9], { generator: g, dtype: 'float64' }).requiresGrad_()
    const [a, b, c, d, e, column, row] = all as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
    return trained([...all, wide], () => {
      const product = a.matmul(b).add(c)
      const rows = d.cumsum(1).logsumexp(1).add(d.softmax(1).sum(1))
      const best = e.amax(-1).add(e.argmax(-1).mul(0.5))
      const joined = cat([product.narrow(0, 3, 20), product.flip(0), product.mul(2)], 0)
      const folded = joined.square().mean(0).sum().add(joined.mean(1).sum())
      const thin = column
        .matmul(row)
        .matmul(row.transpose(0, 1))
        .sum()
        .add(row.matmul(row.transpose(0, 1)).sum())
      const outer = a.transpose(0, 1).matmul(a).sum(0).mul(arange(18)).sum()
      const double = wide.matmul(wide.transpose(0, 1)).exp().sum(0).log().sum()
      return [rows.sum(), best.sum(), thin, outer, double].reduce((x, y) => x.add(y), folded)
    })
  },
}

/** On how many threads the newest program ran the last time. */
function threadsOf(f: { describe(): readonly Description[] }): number {
  const last = f.describe().at(-1)
  return last && 'threads' in last ? last.threads : 0
}

const out: Record<string, unknown> = {}
for (const [name, make] of Object.entries(cases)) {
  const { step, watch } = make()
  const compiled = compile(step)
  const hash = createHash('sha256')
  const losses: number[] = []
  const call = (): void => {
    losses.push((compiled() as Tensor).item())
  }
  for (let i = 0; i < 4; i++) call()
  // workers get modules one after the other: when they run this one, they have that of the step
  const x = randn([64, 64], { generator: generator() })
  const other = compile(() => x.exp())
  for (let i = 0; i < 1000; i++) {
    other()
    if (i > 2 && threadsOf(other) === wanted) break
    await setTimeout(10)
  }
  let fewest = Infinity
  for (let i = 0; i < 16; i++) {
    call()
    fewest = Math.min(fewest, threadsOf(compiled))
  }
  for (const { data } of watch()) hash.update(data)
  out[name] = { threads: fewest, losses, hash: hash.digest('hex') }
}
console.log(JSON.stringify(out))
