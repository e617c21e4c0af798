// What a Jacobian costs in each mode: passes, arithmetic, storage and time, counted and measured on one's own function.
import { noGrad } from '../engine/apply.ts'
import { described, integer, list, options, record } from '../engine/argument.ts'
import { checkpoint } from '../engine/checkpoint.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Fn, jvp, linearized } from '../engine/transforms.ts'
import { type Active, active, isLeaf, type Leaf, leaves, lifted, one, rebuild } from '../engine/tree.ts'
import { Sequential } from '../nn/container.ts'
import { Module } from '../nn/module.ts'
import { type Amount, Meter, type Stored, stored, total } from './meter.ts'
import type { Column, Table } from './table.ts'
import { type Inputs, namedInputs, runnable, type Traceable, uncompiled } from './trace.ts'

/**
 * A function of numbers, values or tensors, a module or a formula in text; or several functions or modules (in a list, or an
 * `nn.Sequential`), each applied to what the one before it gives.
 */
export type Costed = Traceable | readonly (Fn | Module)[]

/** What the whole Jacobian costs in one mode. */
export interface ModeCost {
  readonly mode: 'forward' | 'reverse' | 'checkpointed'
  /** Forward: how often f runs, once per input number. Reverse: how often its graph is walked, once per output number. */
  readonly passes: number
  /** Ops of all passes together, and of the run that reverse mode needs before. */
  readonly ops: number
  /** Floating-point operations of these, a multiplication and an addition being two. */
  readonly flops: number
  /** What is kept between the run of f and the walk back, by op, of what f computed. Nothing in forward mode. */
  readonly stored: readonly Stored[]
  /** The sum of `stored`. */
  readonly kept: Amount
  /** The most that is live at once in one pass, results included, inputs not: a result lives until its last use. */
  readonly peak: Amount
  /** Of all passes together: the median time of a pass, times the number of passes. */
  readonly milliseconds: number
}

export interface Cost {
  /** Numbers in: n of R^n -> R^m. */
  readonly inputs: number
  /** Numbers out: m. */
  readonly outputs: number
  /** f alone: its ops, their floating-point operations, what is live at once. */
  readonly alone: { readonly ops: number; readonly flops: number; readonly peak: Amount }
  readonly modes: readonly ModeCost[]
  /** Which mode needs less arithmetic; where they need about the same, forward, which stores nothing. */
  readonly preferable: 'forward' | 'reverse'
  readonly why: string
}

export interface CostOptions {
  /** How often each pass is timed, quick ones over many runs; the median counts (5). 0: not at all, and times are NaN. */
  readonly repeats?: number
}

const numbers = (xs: readonly Leaf[]): number => xs.reduce<number>((n, x) => n + (x instanceof Tensor ? x.numel : 1), 0)

/** So many milliseconds even a browser's coarse clock can tell. */
const SAMPLE = 2
/** Milliseconds of one run, the median of `repeats` samples, each of as many runs as a clock can measure. */
function timed(run: () => unknown, repeats: number): number {
  const sample = (runs: number): number => {
    const start = performance.now()
    for (let i = 0; i < runs; i++) run()
    return performance.now() - start
  }
  if (repeats === 0) return Number.NaN
  for (let runs = 1; ; runs *= 2) {
    const times = Array.from({ length: repeats }, () => sample(runs)).sort((a, b) => a - b)
    const median = times[times.length >> 1] as number
    // the median of all: a single sample may be long for reasons of others
    if (median >= SAMPLE || runs >= 1024) return median / runs
  }
}

/** The functions that are applied one after the other; null of what is one whole. */
const parts = (f: Costed): readonly (Fn | Module)[] | null =>
  f instanceof Sequential ? [...f] : Array.isArray(f) ? (f as readonly (Fn | Module)[]) : null

/**
 * @throws ArgumentError when f is neither a function nor a list of functions
 */
function chained(op: string, f: Costed, wrap: (f: Fn, place: number) => Fn = g => g): Fn {
  const chain = parts(f) ?? [f as Fn | Module]
  const wrong = chain.find(g => typeof g !== 'function' && !(g instanceof Module))
  if (chain.length === 0 || wrong !== undefined)
    throw new ArgumentError(
      `${op}: needs a function, a module, a formula, or a list of functions, not ${chain.length === 0 ? 'an empty list' : described(wrong)}`,
    )
  const [first, ...rest] = chain.map((g, i) => wrap(g instanceof Module ? runnable(op, g, []) : (g as Fn), i)) as [
    Fn,
    ...Fn[],
  ]
  return (...args) => rest.reduce((x, g) => g(x as never), first(...args))
}

/** Forward mode: one pass is f with the tangent of one direction beside each value. */
function forward(f: Fn, inputs: readonly unknown[], passes: number, repeats: number): ModeCost {
  const directions = rebuild(inputs, leaves('cost', inputs).map(one)) as unknown[]
  const pass = () => noGrad(() => jvp(f, inputs, directions))
  const meter = new Meter()
  const results = leaves('cost', meter.watch(pass)).map(active)
  return {
    mode: 'forward',
    passes,
    ops: passes * meter.ops,
    flops: passes * meter.flops,
    stored: [],
    kept: total([]),
    peak: meter.peak(results),
    milliseconds: passes * timed(pass, repeats),
  }
}

/** Reverse mode: f runs once and is recorded; one pass is one walk over its graph. */
function reverse(mode: ModeCost['mode'], f: Fn, inputs: readonly unknown[], passes: number, repeats: number): ModeCost {
  const by = inputs.map((_, i) => i)
  const run = () => linearized('cost', f, inputs, by)
  type Run = ReturnType<typeof run>
  const walk = ({ pull, outputs }: Run): Active[] => pull(outputs.map(one))
  const meter = new Meter()
  const recorded = meter.watch(run)
  const { ops, flops } = meter
  const kept = stored(recorded.roots, x => meter.made(x))
  const gradients = meter.watch(() => walk(recorded))
  const before = timed(run, repeats)
  return {
    mode,
    passes,
    ops: ops + passes * (meter.ops - ops),
    flops: flops + passes * (meter.flops - flops),
    stored: kept,
    kept: total(kept),
    peak: meter.peak([...recorded.outputs.map(active), ...gradients]),
    milliseconds: before + passes * timed(() => walk(recorded), repeats),
  }
}

/**
 * What the Jacobian of a function R^n -> R^m at its inputs (arguments in a list, or by name) costs in forward and in reverse mode. One pass of
 * each is run and counted at the engine's door; all passes of a mode do the same ops. Given a list of functions or an
 * `nn.Sequential`, each applied to what the one before gives, also in reverse mode with a checkpoint around each that gives
 * one tensor or value: less is kept, f runs twice.
 *
 * Forward needs n runs of f with tangents and keeps nothing, however many ops f has; reverse needs one run and m walks
 * back, and keeps what the walks read. See A. Griewank and A. Walther, "Evaluating derivatives", 2008, chapters 3 and 4.
 *
 * @throws ArgumentError when f is no function, f has no inputs or gives no numbers, or for another option
 * @throws GradError for an input that has no derivative: an integer tensor
 * @example
 * const f = (x: Tensor) => x.sin().exp().sum()
 * const { preferable, modes } = cost(f, [ones([1000])])
 * preferable // 'reverse'
 * modes.map(({ passes }) => passes) // [1000, 1]
 * modes.map(({ kept }) => kept.values) // [0, 1000]
 */
export function cost(of: Costed, at: readonly unknown[] | Inputs, given: CostOptions = {}): Cost {
  const { repeats = 5 } = options('cost', given, ['repeats'])
  integer('cost', 'repeats', repeats, 0)
  uncompiled('cost')
  const named = typeof of === 'string' ? namedInputs('cost', of, at as Inputs) : null
  const f = named ? runnable('cost', of as string, named) : (of as Exclude<Costed, string>)
  const inputs = named
    ? named.map(([, x]) => x)
    : Array.isArray(at)
      ? at
      : Object.values(record('cost', 'inputs as a list or by name', at))
  /** The places of functions that give one tensor or value: these can have checkpoints. */
  const single = new Set<number>()
  const noted = (g: Fn, place: number): Fn => {
    const run = (...args: never[]): unknown => {
      const result = g(...args)
      if (isLeaf(result)) single.add(place)
      return result
    }
    return run
  }
  const whole = chained('cost', f, noted)
  const entries = leaves('cost', inputs)
  const scalar = entries.some(x => !(x instanceof Tensor))
  const meter = new Meter()
  const results = leaves(
    'cost',
    meter.watch(() => noGrad(() => whole(...((scalar ? rebuild(inputs, entries.map(lifted)) : inputs) as never[])))),
  )
  const [n, m] = [numbers(entries), numbers(results)]
  if (n === 0 || m === 0)
    throw new ArgumentError(`cost: there is no Jacobian of a function of ${n} numbers that gives ${m}`)
  const modes = [forward(whole, inputs, n, repeats), reverse('reverse', whole, inputs, m, repeats)]
  if (parts(f))
    modes.push(
      reverse(
        'checkpointed',
        chained('cost', f, (g, place) => (single.has(place) ? (checkpoint(g as never) as Fn) : g)),
        inputs,
        m,
        repeats,
      ),
    )
  return {
    inputs: n,
    outputs: m,
    alone: { ops: meter.ops, flops: meter.flops, peak: meter.peak(results.map(active)) },
    modes,
    ...verdict(modes as [ModeCost, ModeCost, ModeCost?]),
  }
}

/** From here on a difference in arithmetic counts more than one in storage. */
const ABOUT = 1.1
/** How much more a mode does than another. */
const more = (mode: string, ratio: number): string =>
  Number.isFinite(ratio)
    ? `${mode} does ${ratio.toFixed(ratio < 10 ? 1 : 0)} times the arithmetic`
    : `only ${mode} does arithmetic`

function verdict([forth, back, again]: readonly [ModeCost, ModeCost, ModeCost?]): Pick<Cost, 'preferable' | 'why'> {
  const ratio = forth.flops / back.flops
  const passes = `forward mode needs ${forth.passes} pass${forth.passes === 1 ? '' : 'es'} (one for each input), reverse mode ${back.passes} (one for each output)`
  const kept = `${back.kept.values} values (${back.kept.bytes} bytes) stored, where forward mode stores none`
  const checkpointed = again
    ? `. With checkpoints ${again.kept.bytes} bytes are stored, and ${more('it', again.flops / back.flops)}`
    : ''
  if (ratio > ABOUT)
    return {
      preferable: 'reverse',
      why: `${passes}: ${more('forward mode', ratio)}. Reverse mode pays with ${kept}${checkpointed}`,
    }
  // without arithmetic there is nothing to compare
  const found = ratio < 1 / ABOUT ? more('reverse mode', 1 / ratio) : 'the same arithmetic, about'
  return { preferable: 'forward', why: `${passes}: ${found}, with ${kept}${checkpointed}` }
}

/** What storage comes to at one depth. */
export interface Growth {
  readonly depth: number
  /** Ops of f alone. */
  readonly ops: number
  /** Kept for the walk back. */
  readonly kept: Amount
  /** The most that is live at once, in one pass. */
  readonly forward: Amount
  readonly reverse: Amount
}

/**
 * Storage of both modes against depth: `f` applied 1, 2, … times over, to what it gave. Forward mode's is constant,
 * reverse mode's grows with the number of ops; both are counted as `cost` does.
 *
 * @throws ArgumentError for a depth that is no whole number of at least 1; and whatever `cost` throws
 * @example
 * const rows = growth((x: Value) => x.sin(), [0.5], [10, 100, 1000])
 * rows.map(({ forward }) => forward.values) // [3, 3, 3]
 * rows.map(({ kept }) => kept.values) // [9, 99, 999]
 */
export function growth(f: Fn, inputs: readonly unknown[], depths: readonly number[]): Growth[] {
  for (const depth of list('growth', 'depths', depths)) integer('growth', 'a depth', depth, 1)
  return depths.map(depth => {
    const deep = chained(
      'growth',
      Array.from({ length: depth }, () => f),
    )
    const { alone, modes } = cost(deep, inputs, { repeats: 0 })
    const [forth, back] = modes as [ModeCost, ModeCost]
    return { depth, ops: alone.ops, kept: back.kept, forward: forth.peak, reverse: back.peak }
  })
}

const numeric = (...titles: readonly string[]): Column[] => titles.map(title => ({ title, align: 'right' }))
const names: Readonly<Record<ModeCost['mode'], string>> = {
  forward: 'forward',
  reverse: 'reverse',
  checkpointed: 'reverse with checkpoints',
}

/** A cost as a table: a row for each mode, the verdict below. Times are a column where they were measured. */
export function costTable({ inputs, outputs, alone, modes, why }: Cost): Table {
  const timed = modes.some(({ milliseconds }) => !Number.isNaN(milliseconds))
  return {
    title: `The Jacobian of a function of ${inputs} number${inputs === 1 ? '' : 's'} that gives ${outputs}`,
    columns: [
      { title: 'mode' },
      ...numeric('passes', 'ops', 'FLOPs', 'values stored', 'bytes', 'peak bytes', ...(timed ? ['ms'] : [])),
    ],
    rows: [
      ['the function alone', null, alone.ops, alone.flops, 0, 0, alone.peak.bytes, ...(timed ? [null] : [])],
      ...modes.map(({ mode, passes, ops, flops, kept, peak, milliseconds }) => [
        names[mode],
        passes,
        ops,
        flops,
        kept.values,
        kept.bytes,
        peak.bytes,
        ...(timed ? [milliseconds] : []),
      ]),
    ],
    notes: [`${why}.`],
  }
}

/** What a mode stores for its walk back as a table: a row for each op. */
export function storageTable({ mode, stored, kept }: ModeCost): Table {
  return {
    title: `What ${mode === 'checkpointed' ? 'reverse mode with checkpoints' : `${mode} mode`} stores`,
    columns: [{ title: 'op' }, ...numeric('nodes', 'values', 'bytes')],
    rows: [
      ...stored.map(({ op, nodes, values, bytes }) => [op, nodes, values, bytes]),
      ['all', stored.reduce((sum, { nodes }) => sum + nodes, 0), kept.values, kept.bytes],
    ],
    notes: [],
  }
}

/** Storage against depth as a table. */
export function growthTable(rows: readonly Growth[]): Table {
  return {
    title: 'Storage against depth, in bytes',
    columns: numeric('depth', 'ops', 'forward: peak', 'reverse: stored', 'reverse: peak'),
    rows: rows.map(({ depth, ops, kept, forward, reverse }) => [depth, ops, forward.bytes, kept.bytes, reverse.bytes]),
    notes: [],
  }
}
