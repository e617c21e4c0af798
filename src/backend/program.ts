// Pointwise programs on numbers: staged into generated functions, or interpreted where code generation is forbidden.
import { broadcastStrides, type DType, type NDArray, type Shape, sameShape, type TypedArray } from './array.ts'
import { codegen } from './codegen.ts'
import { interpretedFunction, interpretedLoop } from './interpreter.ts'
import type { Program } from './stream.ts'
import { blocks } from './wasm/eager.ts'

export { codegen }

/** For each step, whether it depends on an operand that varies. */
export function variance(program: Program, varies: (k: number) => boolean): boolean[] {
  const out: boolean[] = []
  for (const step of program)
    out.push(step.kind === 'input' ? varies(step.input) : step.kind === 'op' && step.args.some(j => out[j]))
  return out
}

/**
 * The lines that compute a program (`const t0 = …`), its result's name, and the functions it calls. What depends on no
 * operand that varies comes apart, in `once`.
 */
function emit(
  program: Program,
  operand: (k: number) => string,
  varies: (k: number) => boolean = () => true,
): { once: string[]; lines: string[]; result: string; env: Map<string, unknown> } {
  const env = new Map<string, unknown>()
  const names: string[] = []
  const once: string[] = []
  const lines: string[] = []
  const varying = variance(program, varies)
  program.forEach((step, i) => {
    if (step.kind === 'input') {
      names.push(operand(step.input))
    } else if (step.kind === 'const') {
      names.push(Object.is(step.value, -0) ? '-0' : step.value < 0 ? `(${step.value})` : String(step.value))
    } else {
      const args = step.args.map(j => names[j])
      if (!step.js) env.set(`f_${step.name}`, step.f)
      const to = varying[i] ? lines : once
      to.push(`const t${i} = ${step.js ? step.js(...args) : `f_${step.name}(${args.join(', ')})`}`)
      names.push(`t${i}`)
    }
  })
  return { once, lines, result: names[names.length - 1], env }
}

/** The program as one function of its operands. */
export function stage(program: Program, arity: number): (...x: number[]) => number {
  if (codegen()) {
    const { lines, result, env } = emit(program, k => `x${k}`)
    const parameters = Array.from({ length: arity }, (_, k) => `x${k}`).join(', ')
    return new Function(...env.keys(), `return (${parameters}) => { ${lines.join('; ')}; return ${result} }`)(
      ...env.values(),
    )
  }
  return interpretedFunction(program)
}

/** What a program's result goes into (`out.data =`, `x0.grad +=`), and as what its operands are read. */
export interface Assignment {
  readonly into: string
  readonly program: Program
  readonly operand: (k: number) => string
}

/**
 * Assignments as one generated function of `parameters`. It reads and writes fields, so that no number is put into a
 * box on the way in or out, which costs more than most ops do.
 */
export function assigning(parameters: readonly string[], list: readonly Assignment[]): (...x: unknown[]) => void {
  const env = new Map<string, unknown>()
  const statements = list.map(({ into, program, operand }) => {
    const { lines, result, env: own } = emit(program, operand)
    for (const [name, f] of own) env.set(name, f)
    return `{ ${[...lines, `${into} ${result}`].join('; ')} }`
  })
  return new Function(...env.keys(), `return (${parameters.join(', ')}) => { ${statements.join(' ')} }`)(
    ...env.values(),
  )
}

/** Runs a program over all elements of `out`, its operands broadcast to out's shape. */
export type Loop = (out: NDArray, xs: readonly (NDArray | number)[]) => void

/** How an operand is read: a number; an array of one element; element by element; by one stride for each dimension. */
type Reach = 'number' | 'one' | 'flat' | 'strided'
const reaches: readonly Reach[] = ['number', 'one', 'flat', 'strided']
const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'bool']

const reachOf = (x: NDArray | number, shape: Shape): Reach =>
  typeof x === 'number' ? 'number' : sameShape(x.shape, shape) ? 'flat' : x.data.length === 1 ? 'one' : 'strided'

type Strides = readonly (readonly number[])[]
/** A generated loop: rank 1 over all elements, or one loop for each of `sizes` with the strides of each operand. */
type Generated = (
  out: TypedArray,
  xs: readonly (NDArray | number)[],
  sizes: readonly number[],
  strides: Strides,
) => void

/**
 * Adjacent dimensions that all operands step through as one are merged, and those of size 1 dropped: most strided
 * loops become two deep.
 */
function merge(shape: Shape, strides: Strides): { sizes: number[]; strides: number[][] } {
  const sizes: number[] = []
  const merged: number[][] = strides.map(() => [])
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d]
    if (size === 1) continue
    const last = sizes.length - 1
    if (last >= 0 && strides.every((s, k) => s[d] === merged[k]?.[last] * sizes[last])) {
      sizes[last] = sizes[last] * size
    } else {
      sizes.push(size)
      strides.forEach((s, k) => {
        merged[k]?.push(s[d])
      })
    }
  }
  for (const s of merged) s.reverse()
  return { sizes: sizes.reverse(), strides: merged }
}

const stridesIn = (shape: Shape, xs: readonly (NDArray | number)[]): Strides =>
  xs.map(x => (typeof x === 'number' ? shape.map(() => 0) : broadcastStrides(x.shape, shape)))

/** A loop over a program, for results of a dtype. Code is generated once for each pattern of operands, and kept. */
export function loop(program: Program, dtype: DType): Loop {
  const made = new Map<number, Generated>()
  const large = blocks(program, dtype)
  const interpret = interpretedLoop(program)
  return (out, xs) => {
    if (out.data.length === 0) return
    if (!codegen()) return interpret(out, xs)
    if (large(out, xs)) return
    let strided = false
    let key = 0
    for (const x of xs) {
      const reach = reachOf(x, out.shape)
      if (reach === 'strided') strided = true
      key = key * 16 + reaches.indexOf(reach) * 4 + (typeof x === 'number' ? 0 : dtypes.indexOf(x.dtype))
    }
    const { sizes, strides } = strided ? merge(out.shape, stridesIn(out.shape, xs)) : { sizes: [], strides: [] }
    key = key * 64 + sizes.length
    let run = made.get(key)
    if (!run) {
      run = generate(
        program,
        dtype,
        xs.map(x => reachOf(x, out.shape)),
        sizes.length,
      )
      made.set(key, run)
    }
    run(out.data, xs, sizes, strides)
  }
}

/** The code of a loop: flat, or nested `rank` deep when an operand is strided (a flat operand then is read by the count). */
function generate(program: Program, dtype: DType, pattern: readonly Reach[], rank: number): Generated {
  const { once, lines, result, env } = emit(
    program,
    k => ({ number: `v${k}`, one: `v${k}`, flat: `a${k}[i]`, strided: `a${k}[p${k}]` })[pattern[k] as Reach],
    k => pattern[k] === 'flat' || pattern[k] === 'strided',
  )
  const head: string[] = []
  pattern.forEach((reach, k) => {
    head.push(reach === 'number' ? `const v${k} = xs[${k}]` : `const a${k} = xs[${k}].data`)
    if (reach === 'one') head.push(`const v${k} = a${k}[0]`)
    if (reach === 'strided') for (let d = 0; d < rank; d++) head.push(`const s${k}_${d} = strides[${k}][${d}]`)
  })
  head.push(...once)
  const element = `${lines.join('; ')}; out[i] = ${dtype === 'bool' ? `+(${result} !== 0)` : result}`
  const strided = pattern.flatMap((reach, k) => (reach === 'strided' ? [k] : []))
  let body = element
  for (let d = rank - 1; d >= 0; d--) {
    const place = (k: number): string => (d === rank - 1 ? `p${k}` : `p${k}_${d}`)
    const start = strided.map(k => `let ${place(k)} = ${d === 0 ? '0' : `p${k}_${d - 1}`}`).join('; ')
    const step = [`n${d}++`, ...(d === rank - 1 ? ['i++'] : []), ...strided.map(k => `${place(k)} += s${k}_${d}`)].join(
      ', ',
    )
    body = `${start}; for (let n${d} = 0; n${d} < sizes[${d}]; ${step}) { ${body} }`
  }
  body = rank === 0 ? `for (let i = 0; i < out.length; i++) { ${element} }` : `let i = 0; ${body}`
  return new Function(...env.keys(), `return (out, xs, sizes, strides) => { ${head.join('; ')}; ${body} }`)(
    ...env.values(),
  )
}
