// The function whose Jacobian is asked for: R^n -> R^m, as a list of layers, on either engine.

import { type Cost, cost } from '../../src/explain/explain.ts'
import { Generator, randn, type Tensor, type Value } from '../../src/index.ts'

export const shapes = ['layers', 'chain'] as const
/** Layers of tanh(Wx), or a chain of elementwise sines that one matrix reads at its end. */
export type Shape = (typeof shapes)[number]
export const engines = ['tensor', 'scalar'] as const
export type Engine = (typeof engines)[number]

export interface Sizes {
  readonly n: number
  readonly m: number
  readonly depth: number
}
export interface Question extends Sizes {
  readonly shape: Shape
  readonly engine: Engine
  /** How often each pass is run for its time; 0: not at all. */
  readonly repeats: number
}

/** f in letters. */
export function formula(shape: Shape, { n, m, depth }: Sizes): string {
  const [first, last] =
    shape === 'layers'
      ? [`x_l = \\tanh(W_l\\, x_{l-1})`, `y = \\tanh(W_{${depth}}\\, x_{${depth - 1}})`]
      : [`x_l = \\sin(x_{l-1})`, `y = W x_{${depth}}`]
  const count = shape === 'layers' ? depth - 1 : depth
  const inner = count > 0 ? `${first}, \\quad l = 1 \\ldots ${count}` : ''
  const spaces = `x_0 \\in \\mathbb{R}^{${n}}, \\quad y \\in \\mathbb{R}^{${m}}`
  return `\\begin{gathered} ${[inner, last, spaces].filter(part => part !== '').join(' \\\\ ')} \\end{gathered}`
}

type Layer = (x: never) => unknown

/** A matrix with entries of a size that keeps what goes through it about as large as it was. */
const matrix = (rows: number, columns: number, generator: Generator): Tensor =>
  randn([rows, columns], { generator, dtype: 'float64' }).mul(1 / Math.sqrt(columns))

const times = (rows: readonly (readonly number[])[], xs: readonly Value[]): Value[] =>
  rows.map(row => row.slice(1).reduce((sum, w, i) => sum.add(xs[i + 1].mul(w)), xs[0].mul(row[0])))

/** The layers, and a point; the same numbers whenever the sizes are the same. */
function made({ shape, engine, n, m, depth }: Question): { readonly layers: Layer[]; readonly x: Tensor } {
  const generator = new Generator(0)
  const x = randn([n], { generator, dtype: 'float64' })
  const matrices =
    shape === 'layers'
      ? Array.from({ length: depth }, (_, l) => matrix(l === depth - 1 ? m : n, n, generator))
      : [matrix(m, n, generator)]
  const rows = matrices.map(W => W.toArray() as number[][])
  if (shape === 'layers')
    return {
      x,
      layers:
        engine === 'tensor'
          ? matrices.map(W => (x: Tensor) => W.matmul(x).tanh())
          : rows.map(W => (xs: readonly Value[]) => times(W, xs).map(y => y.tanh())),
    }
  const sines = Array.from({ length: depth }, () =>
    engine === 'tensor' ? (x: Tensor) => x.sin() : (xs: readonly Value[]) => xs.map(x => x.sin()),
  )
  const last = engine === 'tensor' ? (x: Tensor) => matrices[0].matmul(x) : (xs: readonly Value[]) => times(rows[0], xs)
  return { x, layers: [...sines, last] }
}

const chained =
  (layers: readonly Layer[]) =>
  (x: unknown): unknown =>
    layers.reduce((y, layer) => layer(y as never), x)

/** About √depth layers in each of about √depth parts. */
export function segments<X>(layers: readonly X[]): X[][] {
  const length = Math.ceil(Math.sqrt(layers.length))
  return Array.from({ length: Math.ceil(layers.length / length) }, (_, i) => layers.slice(i * length, (i + 1) * length))
}

/** What the Jacobian costs in each mode, counted and measured by the engine; checkpointed on tensors alone. */
export function measure(question: Question): Cost {
  const { layers, x } = made(question)
  const options = { repeats: question.repeats }
  // a checkpoint takes and gives one tensor
  if (question.engine === 'tensor') return cost(segments(layers).map(chained), [x], options)
  return cost(chained(layers), [x.toArray()], options)
}
