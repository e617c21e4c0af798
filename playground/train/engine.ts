// The two engines behind one face: a network that gives the loss of a batch and its gradients.
import { F, Generator, nn, ones, type optim, type Tensor, type Value } from '../../src/index.ts'
import type { Task } from './data.ts'
import type { Place, Ready, Setup } from './message.ts'
import { activations } from './network.ts'
import { objectives, type Penalty, total } from './objective.ts'

/** What is known of a batch after its backward, layer by layer. */
export interface Pass {
  readonly loss: number
  /** What layer k got from example i, by input. */
  local(k: number, i: number, input: number): number
  /** dL/d(the sum of a unit of layer k) for example i. */
  upstream(k: number, i: number, unit: number): number
}

/**
 * All numbers of the parameters stand in one row: of each layer the weights, unit by unit, then the biases. `show` brings
 * them to the model, for an engine that computes with others.
 */
export interface Engine {
  readonly parameters: readonly optim.Param[]
  /** The loss of a batch, penalty included; `backward` then gives the parameters their gradients. */
  forward(x: Tensor, y: Tensor, penalty: Penalty | null): { readonly loss: number; backward(): Pass }
  /** A copy. */
  values(): Float64Array
  /** A copy of the gradients, 0 before the first backward. */
  gradients(): Float64Array
  assign(index: number, value: number): void
  show(): void
}

const linears = (model: nn.Sequential): nn.Linear[] => [...model].filter(layer => layer instanceof nn.Linear)

/** Where a weight or bias stands in the row of all, with layers of these widths. */
export function indexOf(widths: readonly number[], { layer, unit, input }: Place): number {
  let before = 0
  for (let k = 0; k < layer; k++) before += widths[k + 1] * (widths[k] + 1)
  return before + (input === 'bias' ? widths[layer + 1] * widths[layer] + unit : unit * widths[layer] + input)
}

/** Does a step of single numbers take longer than a tenth of a second or so? It is not interrupted. */
export const heavy = ({ engine, batch }: Setup, { parameters, train }: Ready): boolean =>
  engine === 'scalar' && parameters * Math.min(batch, train.length) > 30_000

/** The numbers of tensors in one row. */
function row(tensors: readonly Tensor[], of: (x: Tensor) => ArrayLike<number> | null): Float64Array {
  const out = new Float64Array(tensors.reduce((sum, { numel }) => sum + numel, 0))
  let at = 0
  for (const x of tensors) {
    const numbers = of(x)
    if (numbers) out.set(numbers, at)
    at += x.numel
  }
  return out
}
/** The parts of a row that belong to tensors. */
function* parts(tensors: readonly Tensor[], from: Float64Array): Iterable<[Tensor, Float64Array]> {
  let at = 0
  for (const x of tensors) {
    yield [x, from.subarray(at, at + x.numel)]
    at += x.numel
  }
}

/** Arrays of numbers, the whole batch at once. */
export class TensorEngine implements Engine {
  readonly parameters: readonly Tensor[]
  readonly #model: nn.Sequential
  readonly #task: Task

  constructor(model: nn.Sequential, task: Task) {
    this.#model = model
    this.#task = task
    this.parameters = model.parameters()
  }

  forward(x: Tensor, y: Tensor, penalty: Penalty | null) {
    this.#model.train()
    const [locals, sums]: Tensor[][] = [[], []]
    let h = x
    for (const layer of this.#model) {
      const before = h
      h = layer.forward(h)
      if (!(layer instanceof nn.Linear)) continue
      locals.push(before)
      sums.push(h.retainGrad())
    }
    const fit = objectives[this.#task].onTensors(h, y)
    const costs = penalty ? linears(this.#model).map(({ weight }) => penalty.of(weight).sum()) : []
    const loss = penalty ? fit.add(costs.reduce((a, b) => a.add(b)).mul(penalty.rate)) : fit
    return {
      loss: loss.item(),
      backward: (): Pass => {
        loss.backward()
        return {
          loss: loss.item(),
          local: (k, i, input) => locals[k].data[i * locals[k].shape[1] + input],
          upstream: (k, i, unit) => (sums[k].grad as Tensor).data[i * sums[k].shape[1] + unit],
        }
      },
    }
  }

  values(): Float64Array {
    return row(this.parameters, ({ data }) => data)
  }
  gradients(): Float64Array {
    return row(this.parameters, ({ grad }) => grad?.data ?? null)
  }
  assign(index: number, value: number): void {
    const values = this.values()
    values[index] = value
    for (const [p, part] of parts(this.parameters, values)) p.assign(part)
  }
  show(): void {}
}

/** Single numbers, one example after the other. */
export class ScalarEngine implements Engine {
  readonly parameters: readonly Value[]
  readonly #model: nn.Sequential
  readonly #layers: readonly nn.Layer[]
  readonly #task: Task
  readonly #setup: Setup
  readonly #generator: Generator

  constructor(model: nn.Sequential, task: Task, setup: Setup, generator: Generator) {
    this.#model = model
    this.#task = task
    this.#setup = setup
    this.#generator = generator
    this.#layers = linears(model).map(({ weight, bias }) => {
      const [units, inputs] = weight.shape
      const layer = new nn.Layer(inputs, units, { nonlinearity: 'linear', generator: new Generator(0) })
      layer.neurons.forEach(({ w, b }, i) => {
        w.forEach((value, j) => {
          value.data = weight.data[i * inputs + j]
        })
        b.data = (bias as Tensor).data[i]
      })
      return layer
    })
    // in the order of the tensors: of each layer all weights, then all biases
    this.parameters = this.#layers.flatMap(({ neurons }) => [
      ...neurons.flatMap(({ w }) => w),
      ...neurons.map(({ b }) => b),
    ])
  }

  forward(x: Tensor, y: Tensor, penalty: Penalty | null) {
    const { activation, dropout } = this.#setup
    const [n, inputs] = x.shape
    const last = this.#layers.length - 1
    // all masks of a layer at once, as the tensor engine draws them
    const masks =
      dropout > 0
        ? this.#layers
            .slice(0, last)
            .map(({ neurons: { length } }) =>
              F.dropout(ones([n, length], { dtype: 'float64' }), { p: dropout, generator: this.#generator }),
            )
        : null
    const passed = Array.from({ length: n }, (_, i) => {
      const [locals, sums]: [(readonly (Value | number)[])[], Value[][]] = [[], []]
      let h: readonly (Value | number)[] = Array.from(x.data.subarray(i * inputs, (i + 1) * inputs))
      for (const [k, layer] of this.#layers.entries()) {
        locals.push(h)
        const z = layer.forward(h)
        sums.push(z)
        if (k === last) break
        const mask = masks?.[k]
        const active = z.map(x => activations[activation].of(x))
        h = mask ? active.map((x, unit) => x.mul(mask.data[i * active.length + unit])) : active
      }
      return { locals, sums, loss: objectives[this.#task].onValues(sums[last], y.data[i]) }
    })
    const fit = total(passed.map(({ loss }) => loss)).div(n)
    const weights = penalty ? this.#layers.flatMap(({ neurons }) => neurons.flatMap(({ w }) => w)) : []
    const loss = penalty ? fit.add(total(weights.map(penalty.of)).mul(penalty.rate)) : fit
    return {
      loss: loss.data,
      backward: (): Pass => {
        loss.backward()
        return {
          loss: loss.data,
          local: (k, i, input) => {
            const x = passed[i].locals[k][input]
            return typeof x === 'number' ? x : x.data
          },
          upstream: (k, i, unit) => passed[i].sums[k][unit].grad,
        }
      },
    }
  }

  values(): Float64Array {
    return Float64Array.from(this.parameters, ({ data }) => data)
  }
  gradients(): Float64Array {
    return Float64Array.from(this.parameters, ({ grad }) => grad)
  }
  assign(index: number, value: number): void {
    this.parameters[index].data = value
  }
  show(): void {
    for (const [p, part] of parts(this.#model.parameters(), this.values())) p.assign(part)
  }
}
