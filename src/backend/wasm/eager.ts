// Pointwise programs over arrays of the JS heap: blocks of the operands are copied into a small memory, computed there, copied out.
import { byteSize, type DType, type NDArray, type Shape, sameShape, type TypedArray } from '../array.ts'
import type { Program, Step, Stream } from '../stream.ts'
import { mapLoop } from './loop.ts'
import { behind, kernel, type Place, type Run, repeated, room, START } from './scratch.ts'
import { fuses, simd } from './support.ts'
import type { Width } from './vector.ts'

/** Elements of a block: those of a few operands stay in the cache between the copies. */
const BLOCK = 4096
/** Elements that a kernel computes at a time; what is behind the last block's end is computed for nothing. */
const CHUNK = 256
/**
 * From how many elements on WebAssembly is worth a kernel, which takes about a millisecond to make. Measured, copies
 * included: JavaScript takes 2 to 4 ns an element for operators, 12 to 100 ns for functions, a kernel a quarter of the
 * one and a tenth of the other. So each use saves 50 us at least.
 */
const OPERATORS = 16384
const FUNCTIONS = 4096

type Operand = NDArray | number

/** An operand that varies, and where its block lies. */
interface Input {
  readonly operand: number
  readonly dtype: DType
  readonly at: number
}
interface Plan {
  readonly width: Width
  /** From how many elements on it is worth it. */
  readonly least: number
  readonly inputs: readonly Input[]
  /** Which steps vary from element to element. */
  readonly varying: readonly boolean[]
  /** Those that do not and are read by those that do, and where they lie. */
  readonly singles: readonly (readonly [step: number, at: number])[]
  readonly out: number
  readonly bytes: number
  /** The steps of the kernel. */
  readonly program: Program
  run: Run | null
}

/** Functions that JavaScript compiles to an instruction. */
const INLINE = new Set<unknown>([Math.abs, Math.sqrt, Math.floor, Math.ceil, Math.trunc, Math.max, Math.min])
/** Ops whose float32 result is the one in float64. */
const EXACT = new Set('eq ne lt le gt ge where neg abs sign signbit floor ceil round trunc maximum minimum'.split(' '))

/** Runs the program, or says false: when it is JavaScript's. That depends on sizes and on the program alone. */
export function blocks(program: Program, dtype: DType): (out: NDArray, xs: readonly Operand[]) => boolean {
  const plans = new Map<string, Plan | null>()
  return (out, xs) => {
    if (out.data.length < FUNCTIONS || !simd()) return false
    const key = [fuses(), ...xs.map(x => (typeof x === 'number' || x.data.length === 1 ? 'one' : x.dtype))].join()
    let plan = plans.get(key)
    if (plan === undefined) {
      plan = planned(program, dtype, xs)
      plans.set(key, plan)
    }
    return plan !== null && out.data.length >= plan.least && run(program, plan, out, xs)
  }
}

/** How the program is computed in blocks; null when it is not. */
function planned(program: Program, dtype: DType, xs: readonly Operand[]): Plan | null {
  if (dtype === 'int32') return null
  const dtypes = xs.map(x => (typeof x === 'number' || x.data.length === 1 ? null : x.dtype))
  const wide = [dtype, ...dtypes].includes('float64') || dtypes.includes('int32')
  const width = wide ? 8 : 4
  let end = START
  const place = (bytes: number): number => {
    const at = end
    end = behind(at, bytes)
    return at
  }
  const inputs: Input[] = []
  dtypes.forEach((own, operand) => {
    if (own && program.some(step => step.kind === 'input' && step.input === operand))
      inputs.push({ operand, dtype: own, at: place(BLOCK * byteSize(own)) })
  })
  const singles: (readonly [number, number])[] = []
  const steps: Step[] = []
  /** The kernel's number of a step. */
  const numbers = new Map<number, number>()
  const varying: boolean[] = []
  const numberOf = (j: number): number => {
    let number = numbers.get(j)
    if (number === undefined) {
      const step = program[j]
      number = steps.length
      if (step.kind === 'const') steps.push(step)
      else {
        steps.push({ kind: 'input', input: inputs.length + singles.length })
        singles.push([j, place(width)])
      }
      numbers.set(j, number)
    }
    return number
  }
  let least = OPERATORS
  for (const [i, step] of program.entries()) {
    if (step.kind === 'op' && step.args.some(j => varying[j])) {
      // what has no code stays in JavaScript; so does the truth about rounded numbers
      if (!step.simd || (dtype === 'bool' && !EXACT.has(step.name))) return null
      if (!step.js && !INLINE.has(step.f)) least = FUNCTIONS
      const args = step.args.map(numberOf)
      numbers.set(i, steps.push({ ...step, args }) - 1)
      varying.push(true)
      continue
    }
    const input = step.kind === 'input' ? inputs.findIndex(({ operand }) => operand === step.input) : -1
    if (input >= 0) numbers.set(i, steps.push({ kind: 'input', input }) - 1)
    varying.push(input >= 0)
  }
  if (!varying.at(-1)) return null
  const out = place(BLOCK * byteSize(dtype))
  return { width, least, inputs, varying, singles, out, bytes: end - START, program: steps, run: null }
}

function made({ width, inputs, singles, out, program }: Plan, dtype: DType): Run {
  const dense = (own: DType): Stream => ({ dtype: own, strides: [1] })
  const floats = width === 4 ? 'float32' : 'float64'
  return kernel((module, fused) => {
    const f = mapLoop(module, width, fused, {
      sizes: [CHUNK],
      inputs: [...inputs.map(x => dense(x.dtype)), ...singles.map(() => ({ dtype: floats, strides: [0] }) as const)],
      outputs: [{ ...dense(dtype), step: program.length - 1 }],
      program,
    })
    const moving = ({ at, dtype: own }: Pick<Input, 'at' | 'dtype'>): Place => [at, CHUNK * byteSize(own)]
    const still = singles.map(([, at]): Place => [at, 0])
    return repeated(module, f, [...inputs.map(moving), ...still, moving({ at: out, dtype })])
  })
}

/** Which element of an operand goes with element i of the result: floor(i / repeat) % length. */
interface Span {
  readonly repeat: number
  readonly length: number
}
/** Null when it is not that simple. */
function spanOf(x: NDArray, shape: Shape): Span | null {
  if (sameShape(x.shape, shape)) return { repeat: 1, length: x.data.length }
  const skip = shape.length - x.shape.length
  let [repeat, inside, before] = [1, false, false]
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d]
    if (size === 1) continue
    const there = d >= skip && x.shape[d - skip] === size
    if (there && before) return null
    if (there) inside = true
    else if (inside) before = true
    else repeat *= size
  }
  return { repeat, length: x.data.length }
}

/** Runs of equal elements that are shorter are written one by one. */
const RUN = 32
/** Writes the elements of an operand that go with [start, start + count) of the result; from 0 on if they recur in there. */
function fill(to: TypedArray, at: number, x: TypedArray, { repeat, length }: Span, start: number, count: number): void {
  const once = Math.min(count, repeat * length)
  if (repeat === 1) {
    const from = start % length
    const first = Math.min(once, length - from)
    to.set(first === length ? x : x.subarray(from, from + first), at)
    if (first < once) to.set(x.subarray(0, once - first), at + first)
  } else {
    for (let i = 0; i < once; ) {
      const value = x[Math.floor((start + i) / repeat) % length]
      const stop = Math.min(once, i + repeat - ((start + i) % repeat))
      if (stop - i >= RUN) {
        to.fill(value, at + i, at + stop)
        i = stop
      } else for (; i < stop; i++) to[at + i] = value
    }
  }
  for (let done = once; done < count; done *= 2) to.copyWithin(at + done, at, at + Math.min(done, count - done))
}

/** The values of the steps that do not vary, in float64. */
function valuesOf(program: Program, varying: readonly boolean[], xs: readonly Operand[]): number[] {
  const values: number[] = []
  for (const [i, step] of program.entries()) {
    if (varying[i]) values.push(Number.NaN)
    else if (step.kind === 'const') values.push(step.value)
    else if (step.kind === 'op') values.push(step.f(...step.args.map(j => values[j])))
    else {
      const x = xs[step.input]
      values.push(typeof x === 'number' ? x : x.data[0])
    }
  }
  return values
}

function run(program: Program, plan: Plan, out: NDArray, xs: readonly Operand[]): boolean {
  const n = out.data.length
  const spans: Span[] = []
  let period = 1
  for (const { operand } of plan.inputs) {
    const span = spanOf(xs[operand] as NDArray, out.shape)
    if (!span) return false
    spans.push(span)
    // of the ways in which operands recur, each divides the longer ones
    const own = span.repeat * span.length
    if (own <= BLOCK) period = Math.max(period, own)
  }
  const block = Math.floor(BLOCK / period) * period
  const views = room(plan.bytes)
  if (plan.singles.length > 0) {
    const values = valuesOf(program, plan.varying, xs)
    const floats = views[plan.width === 4 ? 'float32' : 'float64']
    for (const [step, at] of plan.singles) {
      floats[at / plan.width] = values[step]
      // whether x < 0.1 is not said by float32
      if (out.dtype === 'bool' && !Object.is(floats[at / plan.width], values[step])) return false
    }
  }
  plan.run ??= made(plan, out.dtype)
  const to = plan.out / byteSize(out.dtype)
  const result = views[out.dtype]
  for (let start = 0; start < n; start += block) {
    const count = Math.min(block, n - start)
    plan.inputs.forEach(({ operand, dtype, at }, k) => {
      const span = spans[k]
      // what recurs in a block is there from the first one on
      if (start > 0 && span.repeat * span.length <= BLOCK) return
      fill(views[dtype], at / byteSize(dtype), (xs[operand] as NDArray).data, span, start, count)
    })
    plan.run(Math.ceil(count / CHUNK))
    out.data.set(result.subarray(to, to + count), start)
  }
  return true
}
