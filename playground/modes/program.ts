// A few lines of formulas: `name = formula` defines what later ones may use, the others are the outputs.

import { type Expression, parse } from '../../src/explain/explain.ts'
import { ExpressionError, type Value } from '../../src/index.ts'

export interface Program {
  /** In the order in which they are met. */
  readonly inputs: readonly string[]
  readonly outputs: number
  readonly f: (...inputs: Value[]) => unknown
}
export type Reading = Program | { readonly error: string; readonly column: number }

interface Line {
  readonly name: string | null
  readonly text: string
  /** Where the formula begins in the whole, */
  readonly at: number
  /** and in which column the line does. */
  readonly column: number
}

function lines(text: string): Line[] {
  const found: Line[] = []
  let at = 0
  for (const part of text.split(/[;\n]/)) {
    const definition = /^(\s*([\p{L}_][\p{L}\p{N}_]*)\s*=)(?!=)/u.exec(part)
    const skip = definition?.[1].length ?? 0
    if (part.trim() !== '')
      found.push({
        name: definition?.[2] ?? null,
        text: part.slice(skip),
        at: at + skip,
        column: at + part.search(/\S/) + 1,
      })
    at += part.length + 1
  }
  return found
}

/** As many inputs as there may be. */
export const INPUTS = 12

/** Reads lines, with `;` or a line's end between them. The last may be a definition: then it is the output. */
export function read(text: string): Reading {
  const all = lines(text)
  if (all.length === 0) return { error: 'the text is empty', column: 1 }
  const inputs: string[] = []
  const known = new Set<string>()
  const steps: { readonly name: string | null; readonly names: readonly string[]; readonly f: Expression['f'] }[] = []
  for (const [i, { name, text, at, column }] of all.entries()) {
    try {
      const { names, f } = parse(text)
      if (name !== null && (known.has(name) || inputs.includes(name)))
        return { error: `'${name}' has a meaning already`, column }
      for (const found of names) if (!known.has(found) && !inputs.includes(found)) inputs.push(found)
      if (name !== null && inputs.includes(name)) return { error: `'${name}' is not known before`, column }
      if (name !== null && i < all.length - 1) known.add(name)
      steps.push({ name: i < all.length - 1 ? name : null, names, f })
    } catch (error) {
      if (error instanceof ExpressionError)
        return { error: error.reason.replace(/^expression: /, ''), column: at + error.column }
      throw error
    }
  }
  if (inputs.length > INPUTS) return { error: `at most ${INPUTS} inputs, not ${inputs.length}`, column: 1 }
  if (inputs.length === 0) return { error: 'it depends on no input', column: 1 }
  const constant = steps.findIndex(({ name, names }) => name === null && names.length === 0)
  if (constant >= 0) return { error: 'an output depends on no input', column: all[constant].column }
  const outputs = steps.filter(({ name }) => name === null).length
  return {
    inputs,
    outputs,
    f: (...xs) => {
      const values = new Map(inputs.map((name, i) => [name, xs[i]]))
      const results: unknown[] = []
      for (const { name, names, f } of steps) {
        const result = f(...names.map(x => values.get(x) as Value))
        if (name === null) results.push(result)
        else values.set(name, result as Value)
      }
      return outputs === 1 ? results[0] : results
    },
  }
}
