// An optimizer's update as TeX: the same rules, run on symbols.
import { Expr } from '../engine/expr.ts'
import { tex } from '../engine/tex.ts'
import type { Method } from './optimizer.ts'

/** How a symbol is written, given how the others are. */
type Writing = (tex: (x: Expr) => string) => string
const writings = new WeakMap<Expr, Writing>()
// above whatever a formula numbers its operands with
let next = 2 ** 20

/** A symbol that is written so. */
export function symbol(writing: Writing): Expr {
  const made = Expr.input(next++)
  writings.set(made, writing)
  return made
}

/** The letters of PyTorch's documentation, for names that several methods share. */
const LETTERS: Readonly<Record<string, string>> = {
  lr: '\\gamma',
  momentum: '\\mu',
  weightDecay: '\\lambda',
  betas: '\\beta',
  eps: '\\epsilon',
  expAvg: 'm',
  expAvgSq: 'v',
  squareAvg: 'v',
  momentumBuffer: 'b',
  p: '\\theta',
}

/**
 * The formulas by the names of the quantities, the parameter's own (`p`) last. What an update makes of a quantity bears
 * the subscript t, and stands for itself in the formulas of others; a letter with a subscript of its own keeps that.
 */
export function formulas<O extends object>(method: Method<O, readonly unknown[]>, group: O): Record<string, string> {
  const { remembers, defaults, choices, update } = method
  const letter = (name: string): string => method.letters?.[name] ?? LETTERS[name] ?? `\\mathrm{${name}}`
  const named = (text: string): Expr => symbol(() => text)
  const before = remembers.map((name): [string, Expr] => [
    name,
    named(name === 'step' ? '\\left(t - 1\\right)' : `${letter(name)}_{t-1}`),
  ])
  const hyper = Object.keys(defaults).map((name): [string, unknown] => {
    const value = group[name as keyof O]
    if (typeof value === 'number') return [name, named(letter(name))]
    return [name, Array.isArray(value) ? value.map((_, i) => named(`${letter(name)}_${i + 1}`)) : value]
  })
  const {
    p,
    state,
    through = {},
  } = update(
    named('\\theta_{t-1}'),
    named('g_t'),
    Object.fromEntries(before),
    Object.fromEntries(hyper) as never,
    choices.map(choice => choice(group)),
  )
  const after = Object.entries({ ...through, ...state, p }).filter(
    (entry): entry is [string, Expr] => entry[1] instanceof Expr,
  )
  const now = (name: string): string =>
    name === 'step' ? 't' : letter(name).includes('_') ? letter(name) : `${letter(name)}_t`
  const names = new Map(after.map(([name, x]) => [x, now(name)]))
  const write = (x: Expr, root = false): string =>
    tex(x, y => (root && y === x && !writings.has(y) ? undefined : (names.get(y) ?? writings.get(y)?.(write))))
  return Object.fromEntries(
    after.filter(([name]) => name !== 'step').map(([name, x]) => [name, `${now(name)} = ${write(x, true)}`]),
  )
}
