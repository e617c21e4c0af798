// What test/browser.test.ts has a browser do: one step, eager, compiled, on threads and on a GPU.
import { choice } from '../src/compile/threads/threads.ts'
import { webgpu } from '../src/compile/webgpu/webgpu.ts'
import { compile, F, Generator, nn, optim, randn, type Tensor, tensor, threads } from '../src/index.ts'

/** Losses of some steps, and how they were computed. */
export interface Report {
  readonly isolated: boolean
  readonly threads: number
  readonly eager: readonly number[]
  readonly compiled: readonly number[]
  readonly ranOn: number
  readonly gpu: readonly number[] | string
  readonly warnings: readonly string[]
  readonly error?: string
}

const STEPS = 40
const [x, y] = [
  randn([64, 96], { generator: new Generator(1) }),
  tensor(
    Array.from({ length: 64 }, (_, i) => i % 10),
    { dtype: 'int32' },
  ),
]
function make(): (x: Tensor, y: Tensor) => Tensor {
  const generator = new Generator(2)
  const model = new nn.Sequential(
    new nn.Linear(96, 256, { generator }),
    new nn.ReLU(),
    new nn.Dropout(0.1, { generator }),
    new nn.Linear(256, 10, { generator }),
  )
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 })
  return (x, y) => {
    const loss = F.crossEntropy(model.forward(x), y)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    return loss
  }
}
async function losses(step: (x: Tensor, y: Tensor) => Tensor | Promise<Tensor>): Promise<number[]> {
  const list: number[] = []
  for (let i = 0; i < STEPS; i++) {
    list.push((await step(x, y)).item())
    // workers get their modules while the page waits
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  return list
}

const warnings: string[] = []
console.warn = (...args) => warnings.push(args.join(' '))

async function report(): Promise<Report> {
  const count = threads(2)
  choice.always = true
  const train = compile(make())
  const [eager, compiled] = [await losses(make()), await losses(train)]
  const [description] = train.describe()
  let gpu: readonly number[] | string
  try {
    gpu = await losses(compile(make(), { device: await webgpu() }))
  } catch (error) {
    gpu = String(error)
  }
  return {
    isolated: crossOriginIsolated,
    threads: count,
    eager,
    compiled,
    ranOn: description?.engine === 'tensor' ? description.threads : 0,
    gpu,
    warnings,
  }
}
const post = (body: unknown) => fetch('/report', { method: 'POST', body: JSON.stringify(body) })
report().then(post, error => post({ error: `${error}\n${error.stack}` }))
