// Seeded draws: generators whose state can be saved, and tensors drawn from them through the door.
import seedrandom from 'seedrandom'
import type { DType, NDArray, Shape } from '../backend/array.ts'
import { apply, mode, type Primitive, type Spec } from './apply.ts'
import { described, operand, typed } from './argument.ts'
import { ArgumentError, DtypeError } from './errors.ts'
import { type CreateOptions, collecting } from './ops/create.ts'
import { choice, floats, isFloat } from './ops/kind.ts'
import { creation } from './shape.ts'
import type { Tensor } from './tensor.ts'

/** What a generator remembers between draws; JSON. */
export interface GeneratorState {
  readonly stream: object
  readonly spare: number | null
}

/** The states at first use of the generators drawn from while somebody watches; see `watched`. */
let witness: Map<Generator, GeneratorState> | null = null

/**
 * A stream of pseudo-random numbers (ARC4 by seedrandom): the same seed gives the same numbers on every machine.
 *
 * @example
 * const generator = new Generator(42)
 * generator.uniform() // 0.00701751618236155
 */
export class Generator {
  #stream: seedrandom.StatefulPRNG<seedrandom.State.Arc4>
  #spare: number | null = null
  readonly #home = mode.recorder

  constructor(seed: number | string = 0) {
    this.#stream = seedrandom(String(seed), { state: true })
  }

  /** A step that is being compiled uses generators of its own, made anew each time, as it likes. */
  #used(): void {
    if (mode.recorder && mode.recorder !== this.#home) mode.recorder.drew()
  }

  /** Starts the stream of another seed. */
  manualSeed(seed: number | string): this {
    this.#used()
    this.#stream = seedrandom(String(seed), { state: true })
    this.#spare = null
    return this
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    this.#used()
    if (witness && !witness.has(this)) witness.set(this, this.getState())
    return this.#stream.double()
  }

  /** Standard normal: the polar method of Marsaglia, two at a time. */
  normal(): number {
    if (witness && !witness.has(this)) witness.set(this, this.getState())
    if (this.#spare !== null) {
      const spare = this.#spare
      this.#spare = null
      return spare
    }
    for (;;) {
      const u = 2 * this.uniform() - 1
      const v = 2 * this.uniform() - 1
      const s = u * u + v * v
      if (s >= 1 || s === 0) continue
      const factor = Math.sqrt((-2 * Math.log(s)) / s)
      this.#spare = v * factor
      return u * factor
    }
  }

  /** A whole number in [low, high). */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low))
  }

  /** 0 … n-1 in random order (Fisher & Yates). */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(0, i + 1)
      ;[order[i], order[j]] = [order[j], order[i]]
    }
    return order
  }

  getState(): GeneratorState {
    return { stream: structuredClone(this.#stream.state()), spare: this.#spare }
  }

  /** @throws ArgumentError when this is no state; the stream is as before then */
  setState(state: GeneratorState): this {
    this.#used()
    const stream = state?.stream as Partial<seedrandom.State.Arc4> | undefined
    const spare = state?.spare
    const whole = (x: unknown): boolean => Number.isInteger(x) && (x as number) >= 0 && (x as number) < 256
    if (
      !(whole(stream?.i) && whole(stream?.j) && stream?.S?.length === 256 && stream.S.every(whole)) ||
      !(spare === null || typeof spare === 'number')
    )
      throw new ArgumentError('setState: this is not what getState returned')
    this.#stream = seedrandom('', { state: structuredClone(state.stream) as seedrandom.State.Arc4 })
    this.#spare = state.spare
    return this
  }
}

const standard = new Generator(0)
/** The generator that draws take when they are not given one. */
export const defaultGenerator = (): Generator => standard
/** Seeds the default generator. */
export const manualSeed = (seed: number | string): Generator => standard.manualSeed(seed)

/** Runs `f` and returns, beside its result, the state that each generator it drew from had before. */
export function watched<R>(f: () => R): [R, ReadonlyMap<Generator, GeneratorState>] {
  const before = witness
  const states = new Map<Generator, GeneratorState>()
  witness = states
  try {
    return [f(), states]
  } finally {
    witness = before
    if (before) for (const [generator, state] of states) if (!before.has(generator)) before.set(generator, state)
  }
}

/** Runs `f` with the generators set back to `states`, and afterwards lets them go on from where they were. */
export function replayed<R>(states: ReadonlyMap<Generator, GeneratorState>, f: () => R): R {
  if (mode.recorder && states.size > 0)
    throw new ArgumentError('compile: a step must not rewind a generator, as transforms of functions that draw do')
  const now = [...states.keys()].map(generator => [generator, generator.getState()] as const)
  for (const [generator, state] of states) generator.setState(state)
  try {
    return f()
  } finally {
    for (const [generator, state] of now) generator.setState(state)
  }
}

export interface DrawOptions extends CreateOptions {
  readonly generator?: Generator
}

interface Draw {
  readonly generator: Generator
  readonly spec: Spec
  /** The next number; x is the element of the operand, where there is one. */
  readonly next: (generator: Generator, x: number) => number
  /** What `next` depends on beside: two draws with the same are the same. */
  readonly bounds: readonly number[]
}
const drawPrim = (name: string): Primitive<Draw> =>
  choice<Draw>(name, {
    infer: ({ spec }) => spec,
    run({ generator, next }, out: NDArray, x?: NDArray) {
      // all of them first: a draw that fails has drawn nothing
      for (let i = 0; x && i < x.data.length; i++)
        if (!(x.data[i] >= 0 && x.data[i] <= 1)) throw new ArgumentError(`${name}: probabilities lie in [0, 1]`)
      for (let i = 0; i < out.data.length; i++) out.data[i] = next(generator, x ? x.data[i] : 0)
    },
  })
const prims = {
  rand: drawPrim('rand'),
  randn: drawPrim('randn'),
  randint: drawPrim('randint'),
  bernoulli: drawPrim('bernoulli'),
}
/** Does a primitive draw from a generator? */
export const isDraw = (prim: unknown): boolean => Object.values(prims).includes(prim as Primitive<Draw>)

function draw(
  name: string,
  op: keyof typeof prims,
  spec: Spec,
  next: Draw['next'],
  { generator = standard, requiresGrad = false }: DrawOptions,
  xs: readonly Tensor[] = [],
  bounds: readonly number[] = [],
): Tensor {
  if (!(generator instanceof Generator))
    throw new ArgumentError(`${name}: generator is a Generator, not ${described(generator)}`)
  collecting(name, spec.dtype, requiresGrad)
  const out = apply(prims[op], { generator, spec, next, bounds }, xs)
  return requiresGrad ? out.requiresGrad_() : out
}
const specOf = (op: string, shape: Shape, dtype: DType): Spec => ({
  shape: creation(op, shape),
  dtype: typed(op, dtype),
})
function floatSpec(op: string, shape: Shape, dtype: DType = 'float32'): Spec {
  if (!isFloat(typed(op, dtype)))
    throw new DtypeError(`${op}: draws floats, not ${dtype}. For whole numbers use randint`)
  return specOf(op, shape, dtype)
}

// the largest float32 below 1: a double above it would be rounded to 1
const BELOW_ONE = 1 - 2 ** -24
/** Uniform in [0, 1), of `shape`. */
export const rand = (shape: Shape, options?: DrawOptions): Tensor => uniform('rand', shape, options)
function uniform(op: string, shape: Shape, options: DrawOptions = {}): Tensor {
  const spec = floatSpec(op, shape, options.dtype)
  const next: Draw['next'] = spec.dtype === 'float64' ? g => g.uniform() : g => Math.min(g.uniform(), BELOW_ONE)
  return draw(op, 'rand', spec, next, options)
}
/** Standard normal, of `shape`. */
export const randn = (shape: Shape, options?: DrawOptions): Tensor => normal('randn', shape, options)
const normal = (op: string, shape: Shape, options: DrawOptions = {}): Tensor =>
  draw(op, 'randn', floatSpec(op, shape, options.dtype), g => g.normal(), options)
/** Uniform in [0, 1), with the shape and, unless given, the dtype of x. */
export const randLike = (x: Spec, options: DrawOptions = {}): Tensor =>
  uniform('randLike', operand('randLike', x).shape, { dtype: x.dtype, ...options })
/** Standard normal, with the shape and, unless given, the dtype of x. */
export const randnLike = (x: Spec, options: DrawOptions = {}): Tensor =>
  normal('randnLike', operand('randnLike', x).shape, { dtype: x.dtype, ...options })
/** Whole numbers in [low, high), int32, of `shape`. */
export function randint(low: number, high: number, shape: Shape, options: DrawOptions = {}): Tensor {
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high)
    throw new ArgumentError(`randint: [${low}, ${high}) holds no whole number`)
  return draw(
    'randint',
    'randint',
    specOf('randint', shape, options.dtype ?? 'int32'),
    g => g.integer(low, high),
    options,
    [],
    [low, high],
  )
}
/** 0 … n-1 in random order: [n], int32. */
export function randperm(n: number, options: DrawOptions = {}): Tensor {
  let order: number[] = []
  let at = 0
  return draw(
    'randperm',
    'randint',
    specOf('randperm', [n], options.dtype ?? 'int32'),
    g => {
      if (at % n === 0) order = g.permutation(n)
      return order[at++ % n]
    },
    options,
  )
}
const chance: Draw['next'] = (g, p) => +(g.uniform() < p)
/** 1 with the probability that x holds, else 0; shape and dtype of x. No gradient. */
export function bernoulli(x: Tensor, options: DrawOptions = {}): Tensor {
  const spec = { shape: floats('bernoulli', x).shape, dtype: x.dtype }
  return draw('bernoulli', 'bernoulli', spec, chance, options, [x])
}
