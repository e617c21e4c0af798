// An op's own rules in writing: what the engine does when it is asked for a tangent or a cotangent, watched and spelled.
import { type Applied, during } from '../engine/apply.ts'
import { Expr, rewrite } from '../engine/expr.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { sameShape } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { Value } from '../engine/value.ts'
import { formula } from './formula.ts'
import { simplify } from './simplify.ts'
import type { Formula } from './table.ts'

/** The most ops of a rule that is spelled out. */
const LONGEST = 8

/** What a symbol in front of others stands for. */
const above = 2 ** 21

/** In which of its operands an op reads rows as columns. */
const transposed = (params: unknown, i: number): boolean =>
  typeof params === 'object' && params !== null && Reflect.get(params, ['ta', 'tb'][i] ?? '') === true

/** An op that is no formula, as a call. */
export function call(name: string, operands: readonly Formula[], params: unknown): Formula {
  const write = ({ text, tex }: Formula, i: number): Formula => {
    if (!transposed(params, i)) return { text, tex }
    const isAtom = /^[\p{L}\p{M}\p{N}_.-]+$/u.test(text)
    return { text: `${isAtom ? text : `(${text})`}^T`, tex: `{${isAtom ? tex : `\\left(${tex}\\right)`}}^{\\top}` }
  }
  const written = operands.map(write)
  return {
    text: `${name}(${written.map(({ text }) => text).join(', ')})`,
    tex: `\\operatorname{${name.replaceAll('_', '\\_')}}\\left(${written.map(({ tex }) => tex).join(', ')}\\right)`,
  }
}

/**
 * What `rule` computes out of things that have names, as a formula; null when it is too long for one, or reads what has
 * no name.
 */
export function ruleOf(rule: () => unknown, named: ReadonlyMap<Tensor | Value, Formula>): Formula | null {
  const events: Applied[] = []
  const result = during({ observer: event => events.push(event), depth: -1, levels: [] }, rule)
  if (result === null || result === undefined) return { text: '0', tex: '0' }
  if (events.length > LONGEST) return null
  const names = new Map<Expr, Formula>()
  const made = new Map<unknown, Expr>()
  const symbol = (name: Formula): Expr => {
    const x = Expr.input(above + names.size)
    names.set(x, name)
    return x
  }
  for (const [x, name] of named) made.set(x, symbol(name))
  const known = (x: unknown): Expr | null => {
    if (typeof x === 'number') return Expr.const(x)
    const own = made.get(x)
    if (own) return own
    if (x instanceof Value) return Expr.const(x.data)
    if (!(x instanceof Tensor)) return null
    // a leaf as it was when the op read it is another tensor over the same elements
    for (const y of named.keys())
      if (y instanceof Tensor && y.array === x.array && sameShape(y.shape, x.shape)) return made.get(y) as Expr
    const [first] = x.array
    return x.array.every(y => y === first) ? Expr.const(first) : null
  }
  const write = (x: Expr): Formula => ({
    text: formula(x, { name: y => names.get(y)?.text }),
    tex: formula(x, { notation: 'tex', name: y => names.get(y)?.tex }),
  })
  for (const { name, inputs, out, params } of events) {
    const args = inputs.map(known)
    if (args.includes(null)) return null
    const operands = args as Expr[]
    if (params instanceof Pointwise)
      made.set(
        out,
        rewrite(params.expr, x => (x.op === 'input' ? operands[x.value] : undefined)),
      )
    else made.set(out, symbol(call(name, operands.map(write), params)))
  }
  const last = known(result)
  return last && write(simplify(last))
}
