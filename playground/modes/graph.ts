// Sweeps in several orders, the recursion that fails, and Jacobians by elimination, of a program of the reader's own.

import {
  type Elimination,
  eliminate,
  type NaiveSweep,
  naiveSweep,
  type OrderedSweep,
  operation,
  type Row,
  sweeps,
  symbol,
  trace,
} from '../../src/explain/explain.ts'
import { Generator, type Value } from '../../src/index.ts'
import { type Program, read } from './program.ts'

/** What an intermediate is computed from. */
export interface Named {
  readonly name: string
  readonly tex: string
}
export interface Orders {
  readonly inputs: readonly string[]
  readonly rows: readonly Named[]
  readonly sweeps: readonly OrderedSweep[]
  readonly naive: NaiveSweep
  /** The same recursion on the smallest graph that it fails on: w + exp(w), w = sin(x). */
  readonly smallest: NaiveSweep
}
export interface Eliminations {
  readonly rows: readonly Named[]
  readonly inputs: readonly string[]
  readonly outputs: number
  readonly found: readonly Elimination[]
}

function programOf(text: string): Program {
  const found = read(text)
  if ('error' in found) throw new Error(found.error)
  return found
}

/** The inputs by name, at 1 where no values are given. */
const at = ({ inputs }: Program, values: readonly number[]): Record<string, number> =>
  Object.fromEntries(inputs.map((name, i) => [name, values[i] ?? 1]))

const named = (rows: readonly Row[]): Named[] =>
  rows
    .filter(({ op }) => op !== null)
    .map(({ name, op, args }) => ({
      name,
      tex: `${symbol(name)} = ${operation(
        op as string,
        args.map(x => (typeof x === 'number' ? x : symbol(x.name))),
        'tex',
      )}`,
    }))

/** The results of a trace in a random order of those that are right: each when all that read it are done. */
export function shuffled(rows: readonly Row[], seed: number): string[] {
  const generator = new Generator(seed)
  const left = new Set(rows.filter(({ op }) => op !== null))
  const order: string[] = []
  while (left.size > 0) {
    const ready = [...left].filter(row => ![...left].some(({ args }) => args.includes(row)))
    const next = ready[Math.floor(generator.uniform() * ready.length)]
    left.delete(next)
    order.push(next.name)
  }
  return order
}

/** @throws ShapeError for a program with several outputs */
export function orders(text: string, values: readonly number[], seed: number): Orders {
  const program = programOf(text)
  const inputs = at(program, values)
  const { rows } = trace(program.f, inputs)
  return {
    inputs: program.inputs,
    rows: named(rows),
    sweeps: sweeps(program.f, inputs, { orders: { random: shuffled(rows, seed) } }),
    naive: naiveSweep(program.f, inputs),
    smallest: naiveSweep(
      (x: Value) => {
        const w = x.sin()
        return w.add(w.exp())
      },
      { x: 0 },
    ),
  }
}

export function eliminations(text: string, values: readonly number[]): Eliminations {
  const program = programOf(text)
  const traced = trace(program.f, at(program, values))
  return {
    rows: named(traced.rows),
    inputs: program.inputs,
    outputs: program.outputs,
    found: eliminate(traced),
  }
}
