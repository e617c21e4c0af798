// A run: a setup's data and network, trained step by step, and what is to be seen of it after each.
import {
  data,
  Generator,
  grad,
  linspace,
  meshgrid,
  nn,
  noGrad,
  stack,
  type Tensor,
  tensor,
  type Value,
} from '../../src/index.ts'
import { countBins } from '../../src/plot/bins.ts'
import { Accuracy, R2 } from '../../src/train/train.ts'
import { type Data, type Part, prepare } from './data.ts'
import { Descent } from './descent.ts'
import { type Engine, indexOf, type Pass, ScalarEngine, TensorEngine } from './engine.ts'
import type { Example, Frame, Histogram, LayerView, Ledger, Place, Ready, Setup } from './message.ts'
import { network, widthsOf } from './network.ts'
import { objectives, penaltyOf } from './objective.ts'

interface Batch {
  readonly x: Tensor
  readonly y: Tensor
  /** Which examples these are. */
  readonly examples: Tensor
}
type Point = Frame['history'][number]

/** A step that cannot be taken: the loss is no finite number. */
export class Diverged extends Error {
  override readonly name = 'Diverged'

  constructor(step: number, loss: number, { lr }: Setup) {
    super(
      `In step ${step} the loss is ${loss}: the weights have grown beyond all bounds. Try a smaller learning rate than ${lr}, or begin anew`,
    )
  }
}

/** Cells of a side of the plane. */
const resolution = 50
const bins = 24
/** Steps between two points of the history, in the beginning; twice as many whenever there are too many points. */
const stride = 10
const most = 400

/** The last batch, and what it met: the weights and the setup. */
interface Last {
  readonly pass: Pass
  readonly examples: ArrayLike<number>
  readonly values: Float64Array
  readonly setup: Setup
}

/** What of a setup may change while its run goes on. */
const tunable: ReadonlySet<keyof Setup> = new Set([
  'optimizer',
  'lr',
  'momentum',
  'schedule',
  'regularization',
  'rate',
  'batch',
])

export class Session {
  readonly ready: Ready
  readonly #data: Data
  readonly #generator: Generator
  readonly #model: nn.Sequential
  readonly #engine: Engine
  /** The inputs at the cells of the plane. */
  readonly #plane: Tensor
  #setup: Setup
  #descent: Descent
  #batches: Iterator<Batch>
  #steps = 0
  #seen = 0
  #stride = stride
  #history: Point[] = []
  #last: Last | null = null

  private constructor(setup: Setup, found: Data, generator: Generator) {
    const widths = widthsOf(setup, found.names.length, found.task, found.classes.length)
    const model = network(setup, widths, generator)
    this.#setup = setup
    this.#data = found
    this.#generator = generator
    this.#model = model
    this.#engine =
      setup.engine === 'tensor'
        ? new TensorEngine(model, found.task)
        : new ScalarEngine(model, found.task, setup, generator)
    this.#descent = new Descent(this.#engine.parameters, setup)
    this.#batches = this.#draw()
    const all = [found.train, ...(found.test ? [found.test] : [])]
    const extent = all.reduce((far, { points }) => Math.max(far, points.slice(1, 0, 2).abs().max().item()), 0)
    const targets = all.flatMap(({ y }) => Array.from(y.data))
    // a little more than the examples need, and a number that reads well on an axis
    const bound = Math.max(1, Math.ceil(extent * 1.1 * 2) / 2)
    this.#plane = noGrad(() => found.at(cells(bound)))
    this.ready = {
      setup,
      train: examples(found.train),
      test: found.test ? examples(found.test) : [],
      classes: found.classes,
      range: found.task === 'regression' ? [Math.min(...targets), Math.max(...targets)] : [0, 1],
      bound,
      axes: found.axes,
      inputs: found.names,
      widths,
      parameters: this.#engine.values().length,
      stepsPerEpoch: this.stepsPerEpoch,
    }
    this.#history.push(this.#measure())
  }

  /** @throws Error in the reader's words when the setup or the data will not do */
  static async begin(setup: Setup): Promise<Session> {
    // one stream of draws: the data, how it is split, the weights, the batches
    const generator = new Generator(setup.seed)
    return new Session(setup, await prepare(setup, generator), generator)
  }

  /** How many steps were taken. */
  get steps(): number {
    return this.#steps
  }
  get setup(): Setup {
    return this.#setup
  }
  get stepsPerEpoch(): number {
    return Math.ceil(this.#data.train.y.shape[0] / this.#setup.batch)
  }

  *#draw(): IterableIterator<Batch> {
    const { inputs, y } = this.#data.train
    const set = new data.TensorDataset(inputs, y, tensor(Int32Array.from({ length: y.shape[0] }, (_, i) => i)))
    const loader = new data.DataLoader(set, {
      batchSize: this.#setup.batch,
      shuffle: true,
      generator: this.#generator,
    })
    for (;;) for (const [x, targets, examples] of loader) yield { x, y: targets, examples }
  }

  /**
   * One step of the optimizer; returns the loss of its batch, as it was before.
   * @throws Diverged when that is no finite number; the weights are as before then
   */
  step(): number {
    const { x, y, examples } = this.#batches.next().value as Batch
    const { loss, backward } = this.#engine.forward(x, y, penaltyOf(this.#setup))
    if (!Number.isFinite(loss)) throw new Diverged(this.#steps + 1, loss, this.#setup)
    this.#descent.optimizer.zeroGrad()
    this.#last = { pass: backward(), examples: examples.data, values: this.#engine.values(), setup: this.#setup }
    this.#descent.step()
    this.#steps++
    this.#seen += y.shape[0]
    if (this.#steps % this.#stride === 0) this.#remember(this.#measure())
    return loss
  }

  /**
   * Another optimizer, rate, schedule, regularisation or batch size from here on; data and weights stay.
   * @throws Error when something else is different, which takes a new run; nothing is changed then
   */
  tune(setup: Setup): void {
    const before = this.#setup
    const others = (Object.keys(setup) as (keyof Setup)[]).filter(
      key => !tunable.has(key) && JSON.stringify(setup[key]) !== JSON.stringify(before[key]),
    )
    if (others.length > 0) throw new Error(`Another ${others.join(', ')} takes a new run`)
    const same = (...keys: (keyof Setup)[]): boolean => keys.every(key => setup[key] === before[key])
    if (!same('optimizer', 'momentum')) this.#descent = new Descent(this.#engine.parameters, setup)
    else if (!same('lr', 'schedule')) this.#descent.begin(setup)
    this.#setup = setup
    if (!same('batch')) this.#batches = this.#draw()
  }

  /** Sets a weight by hand. @throws Error when there is no such place */
  assign(place: Place, value: number): void {
    this.#check(place)
    if (!Number.isFinite(value)) throw new Error(`A weight is a finite number, not ${value}`)
    this.#engine.assign(indexOf(this.ready.widths, place), value)
  }

  /**
   * Where the gradient of a weight comes from: one term for each example of the last batch. Null before the first step.
   * @throws Error when there is no such place
   */
  ledger(place: Place): Ledger | null {
    this.#check(place)
    if (!this.#last) return null
    const { pass, examples, values, setup } = this.#last
    const { layer, unit, input } = place
    const index = indexOf(this.ready.widths, place)
    const penalty = input === 'bias' ? null : penaltyOf(setup)
    return {
      place,
      value: this.#engine.values()[index],
      gradient: this.#engine.gradients()[index],
      regularization: penalty ? grad((w: Value) => penalty.of(w).mul(penalty.rate))(values[index]) : 0,
      terms: Array.from(examples, (example, i) => {
        const upstream = pass.upstream(layer, i, unit)
        const local = input === 'bias' ? 1 : pass.local(layer, i, input)
        return { example, upstream, local, term: upstream * local }
      }),
    }
  }

  /** All that is to be seen now. `speed` and whose ledger are the caller's to say; a place that there is not has none. */
  frame(speed = 0, place: Place | null = null): Frame {
    const { widths } = this.ready
    const now = this.#measure()
    const trained = this.#layers(this.#data.train.inputs)
    const plane = this.#layers(this.#plane)
    const [values, gradients] = [this.#engine.values(), this.#engine.gradients()]
    const layers = widths.slice(1).map((units, layer): LayerView => {
      const inputs = widths[layer]
      const from = indexOf(widths, { layer, unit: 0, input: 0 })
      const middle = from + units * inputs
      const [weight, bias] = [values.subarray(from, middle), values.subarray(middle, middle + units)]
      const [weightGrad, biasGrad] = [gradients.subarray(from, middle), gradients.subarray(middle, middle + units)]
      return {
        inputs,
        units,
        weight: Float32Array.from(weight),
        weightGrad: Float32Array.from(weightGrad),
        bias: Float32Array.from(bias),
        biasGrad: Float32Array.from(biasGrad),
        histograms: {
          weights: histogram(weight),
          activations: histogram(trained[layer + 1].data),
          gradients: histogram(weightGrad),
        },
      }
    })
    const outputs = noGrad(() => objectives[this.#data.task].readings(plane[plane.length - 1]))
    return {
      step: this.#steps,
      epoch: Math.floor(this.#seen / this.#data.train.y.shape[0]),
      lr: this.#descent.lr,
      history: this.#history.at(-1)?.step === now.step ? [...this.#history.slice(0, -1), now] : [...this.#history, now],
      layers,
      resolution,
      outputs: pictures(outputs),
      units: plane.slice(0, -1).map(pictures),
      speed,
      ledger: place && this.#has(place) ? this.ledger(place) : null,
    }
  }

  #has({ layer, unit, input }: Place): boolean {
    const { widths } = this.ready
    const within = (x: number, end: number): boolean => Number.isInteger(x) && x >= 0 && x < end
    return (
      within(layer, widths.length - 1) &&
      within(unit, widths[layer + 1]) &&
      (input === 'bias' || within(input, widths[layer]))
    )
  }
  #check(place: Place): void {
    const { layer, unit, input } = place
    if (!this.#has(place)) throw new Error(`There is no weight of layer ${layer}, unit ${unit}, input ${input}`)
  }

  /** What each layer makes of inputs when nothing is dropped: the inputs, activations, at last the outputs. */
  #layers(x: Tensor): Tensor[] {
    this.#engine.show()
    this.#model.eval()
    return noGrad(() => {
      const all = [x]
      let h = x
      for (const layer of this.#model) {
        // what follows a sum is its activation, and takes its place
        if (layer instanceof nn.Linear) all.push(layer.forward(h))
        else all[all.length - 1] = layer.forward(h)
        h = all[all.length - 1]
      }
      return all
    })
  }

  #measure(): Point {
    const { task, train, test } = this.#data
    const of = (part: Part | null): [loss: number, score: number] => {
      if (!part) return [Number.NaN, Number.NaN]
      const outputs = this.#layers(part.inputs).at(-1) as Tensor
      return noGrad(() => {
        const metric = task === 'regression' ? new R2() : new Accuracy({ threshold: 0 })
        metric.update(outputs, part.y)
        return [objectives[task].onTensors(outputs, part.y).item(), metric.value]
      })
    }
    const [[trainLoss, trainScore], [testLoss, testScore]] = [of(train), of(test)]
    return { step: this.#steps, train: trainLoss, test: testLoss, trainScore, testScore }
  }
  #remember(point: Point): void {
    this.#history.push(point)
    if (this.#history.length <= most) return
    this.#stride *= 2
    this.#history = this.#history.filter(({ step }) => step % this.#stride === 0)
  }
}

const examples = ({ points, y }: Part): Example[] =>
  Array.from(y.data, (target, i) => ({
    x1: points.data[i * points.shape[1]],
    x2: points.data[i * points.shape[1] + 1],
    y: target,
  }))

/** The middles of the cells of the plane, x2 downwards from the top: [cells, 2]. */
function cells(bound: number): Tensor {
  const end = bound * (1 - 1 / resolution)
  const axis = linspace(-end, end, resolution, { dtype: 'float64' })
  const [x2, x1] = meshgrid([axis.flip(0), axis], { indexing: 'ij' })
  return stack([x1.flatten(), x2.flatten()], 1)
}
/** [cells, units] -> [units, cells] */
const pictures = (x: Tensor): Float32Array<ArrayBuffer> => Float32Array.from(noGrad(() => x.t()).data)

function histogram(values: ArrayLike<number>): Histogram {
  const { low, high, counts } = countBins(values, { bins })
  return { low, high, counts }
}
