// Flow patterns: what an op does to the gradient that comes to it, read off its symbolic partials.

import { noGrad, type Spec } from '../engine/apply.ts'
import { Expr, rewrite } from '../engine/expr.ts'
import { mapped } from '../engine/ops/map.ts'
import { Pointwise } from '../engine/pointwise.ts'
import type { OpName } from '../engine/prims.ts'
import { Tensor } from '../engine/tensor.ts'
import { listing } from './fold.ts'
import type { Table } from './table.ts'
import { isKnown, type Known, listed, type Row, type Trace, traced } from './trace.ts'
import { readable } from './writing.ts'

/**
 * What happens to a gradient on its way through an op.
 * - `add`: distributes: every argument gets it whole, or with its sign turned
 * - `multiply`: switches: each argument gets it times the other one's value
 * - `max`: routes: the arguments' partials are constants that depend on who won
 * - `scale`: times a constant
 * - `gate`: one argument's partial is a constant that depends on which side of a threshold it is on
 * - `block`: nothing goes on
 * - `slope`: times a local slope that depends on the values
 * - `linear`: an op on tensors that is not pointwise: through the transpose of its Jacobian
 */
export type Pattern = 'add' | 'multiply' | 'max' | 'scale' | 'gate' | 'block' | 'slope' | 'linear'

/** What each pattern says, in a few words. */
export const meanings: Readonly<Record<Pattern | 'copy', string>> = {
  add: 'distributes',
  multiply: 'switches',
  max: 'routes',
  scale: 'scales',
  gate: 'gates',
  block: 'blocks',
  slope: 'local slope',
  linear: 'transposed Jacobian',
  copy: 'sums its copies',
}

const isUnit = (x: Expr | null): boolean => x?.op === 'const' && Math.abs(x.value) === 1

/** Is it constant but for steps: made of constants, of choices among them, and of what has no derivative? */
function isStep(x: Expr): boolean {
  const [, yes, no] = x.inputs
  if (x.inputs.length === 0) return x.op === 'const'
  if (x.op === 'where') return isStep(yes) && isStep(no)
  return Pointwise.named(x.op as OpName).partials.every(partial => partial === null) || x.inputs.every(isStep)
}

/**
 * The pattern of a row; null of what was not computed.
 *
 * @example
 * const { rows } = trace((x: Value) => x.mul(2).relu().add(x), [3])
 * rows.map(pattern).join(' ') // ' scale gate add'
 */
export function pattern(row: Row<unknown>): Pattern | null {
  const { op, args, pointwise } = row
  if (op === null) return null
  if (!pointwise) return row.node ? 'linear' : 'block'
  const numbers = new Map(
    args.flatMap((x, i) => (typeof x === 'number' ? [[Expr.input(i), Expr.const(x)] as const] : [])),
  )
  const at = args.flatMap((x, i) => (typeof x === 'object' ? [i] : []))
  const partials = at.map(i => (row.partials[i] ? readable(row.partials[i] as Expr, numbers) : null))
  const flowing = partials.filter(x => x !== null)
  if (flowing.length === 0) return 'block'
  if (flowing.every(x => x.op === 'const')) return at.length > 1 && flowing.every(isUnit) ? 'add' : 'scale'
  if (at.length > 1 && flowing.every(isStep)) return 'max'
  if (flowing.every(isStep)) return 'gate'
  const [i, j] = at as [number, number]
  if (at.length === 2 && partials[0] === Expr.input(j) && partials[1] === Expr.input(i)) return 'multiply'
  return 'slope'
}

/**
 * The rows that are used more than once, and how often: their adjoints are sums, one term for each use. What hands no
 * gradient back, as a comparison, is no use.
 */
export function copies<V>({ rows, at }: Trace<V>): Map<Row<V>, number> {
  const uses = new Map<Row<V>, number>()
  for (const { args, places, node } of rows)
    args.forEach((x, i) => {
      const input = node?.inputs[places[i] as number]
      if (typeof x === 'object' && typeof input === 'object' && input && at.get(input) === x)
        uses.set(x, (uses.get(x) ?? 0) + 1)
    })
  return new Map([...uses].filter(([, n]) => n > 1))
}

/**
 * The patterns of a trace as a table: which there are, what they do with a gradient, and which rows they are.
 *
 * @throws ArgumentError for what is no trace
 * @example
 * const { rows } = patternTable(trace((x: Value) => x.mul(2).relu().add(x), [3]))
 * rows.map(cells => cells.join(' ')) // ["add distributes 1 w3", "scale scales 1 w1", "gate gates 1 w2", "copy sums its copies 1 x1 (2)"]
 */
export function patternTable(trace: Trace<Known | Spec>): Table {
  const found = new Map<string, string[]>()
  for (const row of traced('patternTable', trace).rows) {
    const flow = pattern(row)
    if (flow) listed(found, flow).push(row.name)
  }
  for (const [{ name }, uses] of copies(trace)) listed(found, 'copy').push(`${name} (${uses})`)
  return {
    title: 'Flow patterns: what becomes of a gradient on its way back',
    columns: [{ title: 'pattern' }, { title: 'what it does' }, { title: 'rows', align: 'right' }, { title: 'which' }],
    rows: Object.entries(meanings).flatMap(([flow, meaning]) => {
      const names = found.get(flow)
      return names ? [[flow, meaning, names.length, listing(names, ', ')]] : []
    }),
    notes: [],
  }
}

/** The local partial derivatives of a row as numbers, or tensors; null where there is none, or one of the values is lost. */
export function locals(row: Row<Known | Spec>): (Known | null)[] {
  const { args, value } = row
  const operands = [...args.map(x => (typeof x === 'number' ? x : x.value)), value]
  if (!operands.every(isKnown)) return args.map(() => null)
  return row.partials.map(partial => {
    if (!partial) return null
    const leafed = rewrite(partial, x => (x === Expr.output ? Expr.input(args.length) : undefined))
    const op = Pointwise.from(leafed, operands.length)
    if (operands.some(x => x instanceof Tensor)) return noGrad(() => mapped(op, operands))
    return op.f(...(operands as number[]))
  })
}
