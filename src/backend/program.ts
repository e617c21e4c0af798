// Pointwise programs on numbers: staged into generated functions, or interpreted where code generation is forbidden.
import type { DType, TypedArray } from './array.ts'

/** One step of a program: reads an operand, holds a constant, or applies an op to the results of earlier steps. */
export type Step =
  | { readonly kind: 'input'; readonly input: number }
  | { readonly kind: 'const'; readonly value: number }
  | { readonly kind: 'op'; readonly name: string; readonly f: (...x: number[]) => number; readonly js?: (...x: string[]) => string; readonly args: readonly number[] }

/** Steps in order; the last one is the result. */
export type Program = readonly Step[]

let allowed = true
let works: boolean | undefined

/**
 * The one switch of code generation (`new Function`): call with false under a strict Content-Security-Policy and
 * everything runs on the interpreter, which gives the same numbers more slowly. Without an argument, only asks.
 * The switch is read before the environment is probed. Returns whether code is generated.
 */
export function codegen(enabled?: boolean): boolean {
  if (enabled !== undefined) allowed = enabled
  if (!allowed) return false
  if (works === undefined) {
    try {
      works = new Function('return true')() as boolean
    } catch {
      works = false
    }
  }
  return works
}

/** The lines that compute a program (`const t0 = …`), its result's name, and the functions it calls. */
function emit(program: Program, operand: (k: number) => string): { lines: string[]; result: string; env: Map<string, unknown> } {
  const env = new Map<string, unknown>()
  const names: string[] = []
  const lines: string[] = []
  program.forEach((step, i) => {
    if (step.kind === 'input') {
      names.push(operand(step.input))
    } else if (step.kind === 'const') {
      names.push(Object.is(step.value, -0) ? '-0' : step.value < 0 ? `(${step.value})` : String(step.value))
    } else {
      const args = step.args.map(j => names[j] as string)
      if (!step.js) env.set(step.name, step.f)
      lines.push(`const t${i} = ${step.js ? step.js(...args) : `${step.name}(${args.join(', ')})`}`)
      names.push(`t${i}`)
    }
  })
  return { lines, result: names[names.length - 1] as string, env }
}

/** The program as one function of its operands. */
export function stage(program: Program, arity: number): (...x: number[]) => number {
  if (codegen()) {
    const { lines, result, env } = emit(program, k => `x${k}`)
    const parameters = Array.from({ length: arity }, (_, k) => `x${k}`).join(', ')
    return new Function(...env.keys(), `return (${parameters}) => { ${lines.join('; ')}; return ${result} }`)(...env.values())
  }
  return (...x) => {
    const values: number[] = []
    for (const step of program) {
      values.push(step.kind === 'input' ? (x[step.input] as number) : step.kind === 'const' ? step.value : step.f(...step.args.map(j => values[j] as number)))
    }
    return values[values.length - 1] as number
  }
}

/** An operand of a loop: a number, or an array read with one stride per dimension of the result (0: broadcast). */
export interface Operand {
  readonly data: TypedArray | number
  readonly strides: readonly number[]
}

/** Runs a program over all elements of `shape`, writing `out` in row-major order. */
export type Loop = (out: TypedArray, shape: readonly number[], operands: readonly Operand[]) => void

const isFlat = (strides: readonly number[], shape: readonly number[]): boolean => {
  let expected = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    if (strides[i] !== expected) return false
    expected *= shape[i] as number
  }
  return true
}

type Reach = 'number' | 'one' | 'flat' | 'strided'
const reach = ({ data, strides }: Operand, shape: readonly number[]): Reach =>
  typeof data === 'number' ? 'number' : isFlat(strides, shape) ? 'flat' : strides.every(s => s === 0) ? 'one' : 'strided'

/**
 * Adjacent dimensions that all operands step through as one are merged, and those of size 1 dropped: most loops
 * become one or two deep.
 */
function merge(shape: readonly number[], operands: readonly Operand[]): { shape: number[]; operands: Operand[] } {
  const sizes: number[] = []
  const strides: number[][] = operands.map(() => [])
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d] as number
    if (size === 1) continue
    const last = sizes.length - 1
    const joins = last >= 0 && operands.every((x, k) => typeof x.data === 'number' || x.strides[d] === (strides[k] as number[])[last] as number * (sizes[last] as number))
    if (joins) {
      sizes[last] = (sizes[last] as number) * size
    } else {
      sizes.push(size)
      operands.forEach((x, k) => { strides[k]?.push(x.strides[d] ?? 0) })
    }
  }
  return { shape: sizes.reverse(), operands: operands.map((x, k) => ({ data: x.data, strides: (strides[k] as number[]).reverse() })) }
}

/** A loop over a program, for results of a dtype. Generated code is made once per pattern of operands and kept. */
export function loop(program: Program, dtype: DType): Loop {
  const made = new Map<string, Loop>()
  return (out, shape, operands) => {
    if (out.length === 0) return
    const merged = merge(shape, operands)
    if (!codegen()) return interpret(program, dtype, out, merged.shape, merged.operands)
    const pattern = merged.operands.map(x => reach(x, merged.shape))
    const rank = pattern.includes('strided') ? merged.shape.length : 1
    const key = `${rank} ${pattern.join(' ')} ${merged.operands.map(x => x.data.constructor.name).join(' ')}`
    let run = made.get(key)
    if (!run) {
      run = generate(program, dtype, pattern, rank)
      made.set(key, run)
    }
    run(out, rank === 1 ? [out.length] : merged.shape, merged.operands)
  }
}

const stored = (dtype: DType, value: string): string => (dtype === 'bool' ? `+(${value} !== 0)` : value)

function generate(program: Program, dtype: DType, pattern: readonly Reach[], rank: number): Loop {
  const { lines, result, env } = emit(program, k => {
    const from = pattern[k] as Reach
    return from === 'flat' ? `a${k}[i]` : from === 'strided' ? `a${k}[p${k}]` : `v${k}`
  })
  const head: string[] = []
  pattern.forEach((from, k) => {
    head.push(from === 'number' ? `const v${k} = operands[${k}].data` : `const a${k} = operands[${k}].data`)
    if (from === 'one') head.push(`const v${k} = a${k}[0]`)
    if (from === 'strided') for (let d = 0; d < rank; d++) head.push(`const s${k}_${d} = operands[${k}].strides[${d}]`)
  })
  const strided = pattern.flatMap((from, k) => (from === 'strided' ? [k] : []))
  let body = `${lines.join('; ')}; out[i] = ${stored(dtype, result)}`
  for (let d = rank - 1; d >= 0; d--) {
    const inner = d === rank - 1
    const start = strided.map(k => `let p${inner ? k : `${k}_${d}`} = ${d === 0 ? '0' : `p${k}_${d - 1}`}`).join('; ')
    const step = [`n${d}++`, ...(inner ? ['i++'] : []), ...strided.map(k => `p${inner ? k : `${k}_${d}`} += s${k}_${d}`)].join(', ')
    body = `${start}; for (let n${d} = 0; n${d} < shape[${d}]; ${step}) { ${body} }`
  }
  if (rank === 1 && strided.length === 0) body = `for (let i = 0; i < out.length; i++) { ${lines.join('; ')}; out[i] = ${stored(dtype, result)} }`
  else body = `let i = 0; ${body}`
  return new Function(...env.keys(), `return (out, shape, operands) => { ${head.join('; ')}; ${body} }`)(...env.values())
}

/** Step by step over blocks of the result; the same operations in the same order as the generated loop. */
function interpret(program: Program, dtype: DType, out: TypedArray, shape: readonly number[], operands: readonly Operand[]): void {
  const index = new Array<number>(shape.length).fill(0)
  const at = operands.map(() => 0)
  const values = new Float64Array(program.length)
  for (let i = 0; i < out.length; i++) {
    program.forEach((step, t) => {
      if (step.kind === 'const') values[t] = step.value
      else if (step.kind === 'op') values[t] = step.f(...step.args.map(j => values[j] as number))
      else {
        const { data } = operands[step.input] as Operand
        values[t] = typeof data === 'number' ? data : (data[at[step.input] as number] as number)
      }
    })
    const value = values[program.length - 1] as number
    out[i] = dtype === 'bool' ? +(value !== 0) : value
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = (index[d] as number) + 1
      operands.forEach((x, k) => { at[k] = (at[k] as number) + (x.strides[d] as number) })
      if ((index[d] as number) < (shape[d] as number)) break
      operands.forEach((x, k) => { at[k] = (at[k] as number) - (x.strides[d] as number) * (shape[d] as number) })
      index[d] = 0
    }
  }
}
