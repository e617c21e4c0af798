// Pointwise programs where code generation is forbidden: the same operations in the same order, step by step.
import { broadcastStrides, type NDArray, type Shape, sameShape, type TypedArray } from './array.ts'
import type { Program, Step } from './stream.ts'

type Op = Extract<Step, { kind: 'op' }>

/** The program as one function of its operands. */
export function interpretedFunction(program: Program): (...x: number[]) => number {
  const last = program[program.length - 1]
  const operand = (j: number): number | null => {
    const step = program[j]
    return step.kind === 'input' ? step.input : null
  }
  // most are one op of all operands: no need to go between
  if (last.kind === 'op' && last.args.every((j, k) => operand(j) === k)) {
    const { f, args } = last
    if (args.length === 1) return x => f(x)
    if (args.length === 2) return (x, y) => f(x, y)
  }
  const inputs = program.flatMap((step, to) => (step.kind === 'input' ? [{ from: step.input, to }] : []))
  const ops = program.flatMap((step, to) => (step.kind === 'op' ? [{ f: step.f, args: step.args, to }] : []))
  // no program runs within itself, so one place for each result is enough
  const values = Float64Array.from(program, step => (step.kind === 'const' ? step.value : 0))
  return (...x) => {
    for (const { from, to } of inputs) values[to] = x[from]
    for (const { f, args, to } of ops) values[to] = once(f, args, values)
    return values[values.length - 1]
  }
}

function once(f: Op['f'], args: readonly number[], values: Float64Array): number {
  if (args.length === 2) return f(values[args[0]], values[args[1]])
  if (args.length === 1) return f(values[args[0]])
  return f(...args.map(j => values[j]))
}

/** So many elements go through all steps before the next ones do: their results stay in the processor's cache. */
const BLOCK = 512
/** Where steps put their results for a block; none while they are in use, as an op may run tensors of its own. */
let free: Float64Array[] | null = []

/** Runs a program over all elements of `out`, its operands broadcast to out's shape. */
export function interpretedLoop(program: Program): (out: NDArray, xs: readonly (NDArray | number)[]) => void {
  return (out, xs) => {
    const results = free ?? []
    free = null
    while (results.length < program.length) results.push(new Float64Array(BLOCK))
    try {
      run(program, results, out, xs)
    } finally {
      free = results
    }
  }
}

/** An array that goes to the results, element by element or, broadcast, as strides say. */
interface Read {
  readonly to: Float64Array
  readonly data: TypedArray
  readonly strides: readonly number[] | null
}

function run(
  program: Program,
  results: readonly Float64Array[],
  { shape, dtype, data }: NDArray,
  xs: readonly (NDArray | number)[],
): void {
  // what is the same for all elements is computed here, once
  const uniform: boolean[] = []
  const reads: Read[] = []
  const varying: { readonly op: Op; readonly to: Float64Array }[] = []
  const most = Math.min(BLOCK, data.length)
  for (let t = 0; t < program.length; t++) {
    const step = program[t]
    const to = results[t]
    let value: number
    if (step.kind === 'op') {
      if (step.args.some(j => !uniform[j])) {
        uniform.push(false)
        varying.push({ op: step, to })
        continue
      }
      value = step.f(...step.args.map(j => results[j][0]))
    } else {
      const x = step.kind === 'const' ? step.value : xs[step.input]
      if (typeof x !== 'number' && x.data.length !== 1) {
        uniform.push(false)
        reads.push({ to, data: x.data, strides: sameShape(x.shape, shape) ? null : broadcastStrides(x.shape, shape) })
        continue
      }
      value = typeof x === 'number' ? x : x.data[0]
    }
    uniform.push(true)
    to.fill(value, 0, most)
  }
  const result = results[program.length - 1]
  for (let from = 0; from < data.length; from += BLOCK) {
    const n = Math.min(BLOCK, data.length - from)
    for (const { to, data, strides } of reads)
      if (strides) gather(to, data, shape, strides, from, n)
      else copy(to, data, from, n)
    for (const { op, to } of varying) perform(op, results, to, n)
    if (dtype === 'bool') for (let i = 0; i < n; i++) data[from + i] = +(result[i] !== 0)
    else for (let i = 0; i < n; i++) data[from + i] = result[i]
  }
}

function copy(to: Float64Array, data: TypedArray, from: number, n: number): void {
  for (let i = 0; i < n; i++) to[i] = data[from + i]
}

/** Elements from the `from`-th of a shape on, as strides find them. */
function gather(
  to: Float64Array,
  data: TypedArray,
  shape: Shape,
  strides: readonly number[],
  from: number,
  n: number,
): void {
  const index = shape.map(() => 0)
  let [at, rest] = [0, from]
  for (let d = shape.length - 1; d >= 0; d--) {
    index[d] = rest % shape[d]
    rest = Math.floor(rest / shape[d])
    at += index[d] * strides[d]
  }
  for (let i = 0; i < n; i++) {
    to[i] = data[at]
    for (let d = shape.length - 1; d >= 0; d--) {
      if (++index[d] < shape[d]) {
        at += strides[d]
        break
      }
      index[d] = 0
      at -= strides[d] * (shape[d] - 1)
    }
  }
}

/** One op for a block. */
function perform({ f, args }: Op, results: readonly Float64Array[], out: Float64Array, n: number): void {
  const [x, y, z] = [results[args[0]], results[args[1]], results[args[2]]]
  if (args.length === 1) for (let i = 0; i < n; i++) out[i] = f(x[i])
  else if (args.length === 2) for (let i = 0; i < n; i++) out[i] = f(x[i], y[i])
  else if (args.length === 3) for (let i = 0; i < n; i++) out[i] = f(x[i], y[i], z[i])
  else for (let i = 0; i < n; i++) out[i] = f(...args.map(j => results[j][i]))
}
