// How a compiled step grows: its time and planned memory by batch, width, depth and sequence, and how long it takes to
// compile. `npm run bench:growth` writes bench/results/growth.md and .png and the tables of docs/PERFORMANCE.md; with
// `-- --seconds 0.1 --out FOLDER` it measures shorter and writes elsewhere.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { duration, grid, PERFORMANCE, paste } from '../bench/document.ts'
import { compile, F, manualSeed, nn, optim, randint, randn, type Tensor, tensor } from '../src/index.ts'
import { air, axisTitle, frame, legend, lines, render, title } from '../src/plot/canvas.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '0.5' },
    out: { type: 'string' },
  },
})
const SECONDS = Number(values.seconds)
const folder = values.out ?? `${import.meta.dirname}/../bench/results`

/** What grows, and a loss of that size with the parameters it trains. */
interface Series {
  readonly name: string
  readonly about: string
  readonly sizes: readonly number[]
  loss(size: number): { parameters: Tensor[]; loss: () => Tensor }
}
interface Point {
  readonly size: number
  /** Milliseconds of a step and of compiling it, bytes of the arena, recorded ops. */
  readonly step: number
  readonly compile: number
  readonly bytes: number
  readonly ops: number
}

function perceptron(batch: number, width: number, depth: number) {
  const layers = Array.from({ length: depth }, () => new nn.Linear(width, width))
  const [x, y] = [randn([batch, width]), randn([batch, width])]
  return {
    parameters: layers.flatMap(layer => layer.parameters()),
    loss: () =>
      F.mseLoss(
        layers.reduce((h, layer) => layer.forward(h).tanh(), x),
        y,
      ),
  }
}

/** One block of causal attention and a perceptron, between an embedding and a head. */
function gpt(time: number, batch = 4, width = 32, heads = 2, vocabulary = 32) {
  const [q, k, v, project, head] = Array.from({ length: 5 }, () => new nn.Linear(width, width))
  const [up, down] = [new nn.Linear(width, 4 * width), new nn.Linear(4 * width, width)]
  const token = randn([vocabulary, width]).requiresGrad_()
  const [x, y] = [randint(0, vocabulary, [batch, time]), randint(0, vocabulary, [batch * time])]
  const future = Array.from({ length: time }, (_, i) => Array.from({ length: time }, (_, j) => (j > i ? -1e9 : 0)))
  const causal = tensor(future)
  const split = (h: Tensor): Tensor => h.reshape(batch, time, heads, width / heads).transpose(1, 2)
  const attention = (h: Tensor): Tensor => {
    const scores = split(q.forward(h)).matmul(split(k.forward(h)).transpose(-2, -1))
    const weights = scores
      .mul((width / heads) ** -0.5)
      .add(causal)
      .softmax(-1)
    return project.forward(
      weights
        .matmul(split(v.forward(h)))
        .transpose(1, 2)
        .reshape(batch, time, width),
    )
  }
  return {
    parameters: [token, ...[q, k, v, project, head, up, down].flatMap(layer => layer.parameters())],
    loss: () => {
      const h = F.embedding(x, token)
      const seen = h.add(attention(h))
      const thought = seen.add(down.forward(up.forward(seen).gelu()))
      return F.crossEntropy(head.forward(thought).reshape(-1, vocabulary), y)
    },
  }
}

const doubled = (from: number, to: number): number[] => (from > to ? [] : [from, ...doubled(2 * from, to)])
const series: readonly Series[] = [
  {
    name: 'batch',
    about: 'MLP, 3 layers of width 64',
    sizes: doubled(16, 2048),
    loss: n => perceptron(n, 64, 3),
  },
  {
    name: 'width',
    about: 'MLP, 3 layers, batch 64',
    sizes: doubled(16, 1024),
    loss: n => perceptron(64, n, 3),
  },
  {
    name: 'depth',
    about: 'MLP, width 16, batch 32',
    sizes: [...doubled(4, 512), 1000],
    loss: n => perceptron(32, 16, n),
  },
  {
    name: 'sequence',
    about: 'GPT, 1 block of width 32, batch 4',
    sizes: doubled(8, 256),
    loss: n => gpt(n),
  },
]

function measured({ name, loss }: Series, size: number): Point {
  manualSeed(1)
  const { parameters, loss: lossOf } = loss(size)
  const optimizer = new optim.SGD(parameters, { lr: 0.01 })
  const step = compile(() => {
    const out = lossOf()
    optimizer.zeroGrad()
    out.backward()
    optimizer.step()
    return out
  })
  const timed = (): number => {
    const start = performance.now()
    step()
    return performance.now() - start
  }
  // two are recorded; the engine improves the code of the next ones while they run
  for (let end = performance.now() + 500 * SECONDS, i = 0; i < 5 || performance.now() < end; i++) step()
  const times: number[] = []
  for (const end = performance.now() + 1000 * SECONDS; times.length < 5 || performance.now() < end; )
    times.push(timed())
  if (!Number.isFinite(step().item())) throw new Error(`growth: ${name} ${size} has lost its numbers`)
  const [{ ops, planned, milliseconds }] = step.describe()
  const point = {
    size,
    step: times.sort((a, b) => a - b)[times.length >> 1],
    compile: milliseconds,
    bytes: planned,
    ops,
  }
  console.log(
    `${name} ${size}: ${duration(point.step)}, ${bytes(planned)}, ${ops} ops compiled in ${duration(milliseconds)}`,
  )
  return point
}

interface Line {
  readonly slope: number
  readonly at: (x: number) => number
}
/** y = c x^slope through the points, by least squares of the logarithms. */
function fitted(points: readonly { x: number; y: number }[]): Line {
  const logs = points.map(({ x, y }) => [Math.log(x), Math.log(y)] as const)
  const mean = (pick: (point: readonly [number, number]) => number): number =>
    logs.reduce((sum, point) => sum + pick(point), 0) / logs.length
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)]
  const slope = mean(([x, y]) => (x - mx) * (y - my)) / mean(([x]) => (x - mx) ** 2)
  return { slope, at: x => Math.exp(my + slope * (Math.log(x) - mx)) }
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB']
function bytes(n: number): string {
  const power = Math.min(3, Math.floor(Math.log2(n) / 10))
  return `${Number((n / 1024 ** power).toPrecision(3))} ${UNITS[power]}`
}

const quantities = ['step', 'bytes', 'compile'] as const
type Quantity = (typeof quantities)[number]
const names: Record<Quantity, string> = { step: 'time of a step', bytes: 'planned memory', compile: 'compile time' }
const curve = (points: readonly Point[], quantity: Quantity) =>
  points.map(point => ({ x: point.size, y: point[quantity] }))
/** Only of the depth: elsewhere the program stays as long as it is. */
const drawn = (name: string): readonly Quantity[] => (name === 'depth' ? quantities : ['step', 'bytes'])

const WIDTH = 1000
const HEIGHT = 700
/** Decades from the least to the greatest of positive numbers. */
const decades = (all: readonly number[]): number => Math.log10(Math.max(...all) / Math.min(...all))
/** Between the curves and at the ends of an axis, in decades. */
const [GAP, END] = [0.5, 0.18]
/** Powers of a base where the numbers lie, or every so many of them when they are many. */
function powers(base: number, all: readonly number[]): number[] {
  const [from, to] = [Math.min(...all) / 10 ** END, Math.max(...all) * 10 ** END].map(x => Math.log(x) / Math.log(base))
  const first = Math.ceil(from)
  const count = Math.floor(to) - first + 1
  const step = Math.ceil(count / 6)
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => base ** (first + i * step))
}

function panel({ name, about }: Series, points: readonly Point[]): Promise<Buffer> {
  const view = frame({ width: WIDTH, height: HEIGHT }, WIDTH, HEIGHT)
  const { unit, look } = view
  const own = drawn(name)
  const times = own.filter(quantity => quantity !== 'bytes').flatMap(quantity => curve(points, quantity).map(p => p.y))
  const memory = points.map(point => point.bytes)
  const sizes = points.map(({ size }) => size)
  // times above, memory below, and on both axes a decade is as long: slopes can be compared by eye
  const [above, below] = [times, memory].map(all => 10 ** (decades(all) + GAP))
  const axis = (min: number, max: number, shown: readonly number[]) => ({
    type: 'logarithmic' as const,
    min: min / 10 ** END,
    max: max * 10 ** END,
    afterBuildTicks: (scale: { ticks: { value: number }[] }) => {
      scale.ticks = shown.map(value => ({ value }))
    },
  })
  return render(
    {
      type: 'scatter',
      data: {
        datasets: own.map((quantity, i) => {
          const measuredPoints = curve(points, quantity)
          const { slope } = fitted(measuredPoints)
          return {
            label: `${names[quantity]} ~ n^${slope.toFixed(2)}`,
            data: measuredPoints,
            yAxisID: quantity === 'bytes' ? 'memory' : 'time',
            backgroundColor: look.series[i],
            pointStyle: (['circle', 'rectRot', 'triangle'] as const)[i],
            pointRadius: 8 * unit,
            clip: false as const,
          }
        }),
      },
      // the fitted lines, under the points
      plugins: [
        {
          id: 'fits',
          beforeDatasetsDraw({ ctx, scales }) {
            for (const [i, quantity] of own.entries()) {
              const { at } = fitted(curve(points, quantity))
              const y = scales[quantity === 'bytes' ? 'memory' : 'time']
              ctx.save()
              ctx.strokeStyle = look.series[i]
              ctx.globalAlpha = 0.6
              ctx.lineWidth = 2.5 * unit
              ctx.beginPath()
              for (const [j, size] of [Math.min(...sizes), Math.max(...sizes)].entries())
                ctx[j ? 'lineTo' : 'moveTo'](scales.x.getPixelForValue(size), y.getPixelForValue(at(size)))
              ctx.stroke()
              ctx.restore()
            }
          },
        },
      ],
      options: {
        animation: false,
        layout: { padding: { top: 16 * unit, right: 24 * unit, bottom: 16 * unit, left: 24 * unit } },
        plugins: { title: title(view, `${name}: ${about}`, 24 * unit), legend: legend(view, true) },
        scales: {
          x: {
            ...axis(Math.min(...sizes), Math.max(...sizes), sizes),
            title: axisTitle(view, name, WIDTH),
            grid: { display: false },
            border: { color: look.muted },
            ticks: { maxRotation: 0, autoSkip: false, callback: value => String(value) },
          },
          time: {
            ...axis(Math.min(...times) / below, Math.max(...times), powers(10, times)),
            position: 'left',
            grid: { color: look.grid, drawTicks: false },
            border: { display: false },
            ticks: {
              padding: 8 * unit,
              autoSkip: false,
              callback: value => duration(Number(value)).replace(/\.0+(?=\s)/, ''),
            },
          },
          memory: {
            ...axis(Math.min(...memory), Math.max(...memory) * above, powers(4, memory)),
            position: 'right',
            grid: { color: look.grid, drawTicks: false },
            border: { display: false },
            ticks: { padding: 8 * unit, autoSkip: false, callback: value => bytes(Number(value)) },
          },
          top: air(view),
        },
      },
    },
    view,
    {},
  )
}

async function picture(all: readonly (readonly [Series, readonly Point[]])[], path: string): Promise<void> {
  const view = frame({ width: 2 * WIDTH, height: 2 * HEIGHT }, 2 * WIDTH, 2 * HEIGHT)
  const size = 34
  const text = lines(
    'How a compiled training step grows: time (left axes) and planned memory (right axes)',
    2 * WIDTH,
    size,
  )
  const top = 40 + text.length * size
  const canvas = createCanvas(view.width, view.height + top)
  const ctx = canvas.getContext('2d')
  ctx.fillStyle = view.look.paper
  ctx.fillRect(0, 0, canvas.width, canvas.height)
  for (const [i, [one, points]] of all.entries()) {
    const image = await loadImage(await panel(one, points))
    ctx.drawImage(image, (i % 2) * WIDTH, top + Math.floor(i / 2) * HEIGHT)
  }
  ctx.fillStyle = view.look.ink
  ctx.font = `bold ${size}px ${view.font}`
  for (const [i, line] of text.entries()) ctx.fillText(line, 24, 24 + (i + 0.9) * size)
  writeFileSync(path, canvas.toBuffer('image/png'))
}

function report(all: readonly (readonly [Series, readonly Point[]])[]): string {
  const { version } = JSON.parse(readFileSync(`${import.meta.dirname}/../package.json`, 'utf8')) as { version: string }
  const slopes = all.flatMap(([{ name, about }, points]) =>
    drawn(name).map(quantity => {
      const measuredPoints = curve(points, quantity)
      const upper = measuredPoints.slice(Math.floor(measuredPoints.length / 2))
      const [least, most] = [Math.min(...points.map(p => p.size)), Math.max(...points.map(p => p.size))]
      const cells = [fitted(measuredPoints), fitted(upper)].map(({ slope }) => slope.toFixed(2))
      return [`${name}, ${least} to ${most}`, about, names[quantity], ...cells]
    }),
  )
  const program = all.flatMap(([, points]) => points.map(({ ops, compile }) => ({ x: ops, y: compile })))
  const details = all.map(([{ name }, points]) =>
    grid(
      [name, 'step', 'memory', 'ops', 'compiled in'],
      points.map(point => [
        String(point.size),
        duration(point.step),
        bytes(point.bytes),
        String(point.ops),
        duration(point.compile),
      ]),
    ),
  )
  return [
    `${new Date().toISOString().slice(0, 10)}, Gradus ${version}, Node ${process.versions.node}, ${cpus()[0].model}. Forward, backward and SGD in one compiled step. Slopes are those of the logarithms by least squares: 1 grows as the size does, 2 as its square; the second is that of the upper half, where the price of a call no longer shows.`,
    grid(['', 'model', '', 'slope', 'upper half'], slopes),
    `Compile time against the number of recorded ops, all programs: slope ${fitted(program).slope.toFixed(2)}.`,
    ...details,
  ].join('\n\n')
}

const all = series.map(one => [one, one.sizes.map(size => measured(one, size))] as const)
const text = report(all)
writeFileSync(`${folder}/growth.md`, `# Growth\n\n${text}\n`)
await picture(all, `${folder}/growth.png`)
if (!values.out) paste(PERFORMANCE, 'growth', text)
console.log(`${folder}/growth.md`)
