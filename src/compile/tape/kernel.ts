// The kernels of a program of sums: one loop for each op in WebAssembly, or the same loops over the op's number function.

import { codegen } from '../../backend/program.ts'
import type { Step } from '../../backend/stream.ts'
import { type Code, Module, type Op } from '../../backend/wasm/assembler.ts'
import { program } from '../../engine/expr.ts'
import type { Pointwise } from '../../engine/pointwise.ts'
import { GROUP, type Kernel, LANES, type Plan } from './plan.ts'

/** A program in its memory. */
export interface Machine {
  readonly memory: Float64Array
  readonly bytes: number
  readonly generated: boolean
  run(): void
}

/** What the text of an op says in instructions; results of comparisons are integers. */
const OPERATORS: Readonly<Record<string, Op>> = {
  'x + y': 'f64.add',
  'x - y': 'f64.sub',
  'x * y': 'f64.mul',
  'x / y': 'f64.div',
  '-x': 'f64.neg',
  '+(x === y)': 'f64.eq',
  '+(x !== y)': 'f64.ne',
  '+(x < y)': 'f64.lt',
  '+(x <= y)': 'f64.le',
  '+(x > y)': 'f64.gt',
  '+(x >= y)': 'f64.ge',
}
/** The functions of JavaScript that are one instruction, to the bit. */
const FUNCTIONS = new Map<unknown, Op>([
  [Math.abs, 'f64.abs'],
  [Math.sqrt, 'f64.sqrt'],
  [Math.max, 'f64.max'],
  [Math.min, 'f64.min'],
])

/** A variable that holds the result of a step: a float, or the truth of a comparison as an integer. */
interface Local {
  readonly local: number
  readonly truth?: true
}

/** Writes the steps of an op on float variables; the result is left on the stack. Everything rounds as in JavaScript. */
function write(module: Module, code: Code, steps: readonly Step[], operands: readonly number[]): void {
  const made: Local[] = []
  const float = ({ local, truth }: Local): void => {
    code.get(local)
    if (truth) code.op('f64.convert_i32_s')
  }
  const keep = (type: 'f64' | 'i32'): Local => {
    const local = code.local(type)
    code.set(local)
    return type === 'i32' ? { local, truth: true } : { local }
  }
  for (const step of steps) {
    if (step.kind === 'input') {
      made.push({ local: operands[step.input] })
      continue
    }
    if (step.kind === 'const') {
      code.f64(step.value)
      made.push(keep('f64'))
      continue
    }
    const args = step.args.map(j => made[j])
    const text = step.js?.('x', 'y', 'z')
    const name = text === undefined ? FUNCTIONS.get(step.f) : OPERATORS[text]
    if (name) {
      for (const x of args) float(x)
      code.op(name)
      made.push(keep(text?.startsWith('+') ? 'i32' : 'f64'))
    } else if (text === '1 / x') {
      code.f64(1)
      float(args[0])
      code.op('f64.div')
      made.push(keep('f64'))
    } else if (text === '(x <= 0 ? 0 : x)') {
      code.f64(0)
      float(args[0])
      float(args[0])
      code.f64(0).op('f64.le').op('select')
      made.push(keep('f64'))
    } else if (text === '(x ? y : z)') {
      const [c, x, y] = args
      float(x)
      float(y)
      // neither 0 nor NaN is true
      if (c.truth) code.get(c.local)
      else code.get(c.local).op('f64.abs').f64(0).op('f64.gt')
      code.op('select')
      made.push(keep('f64'))
    } else {
      for (const x of args) float(x)
      code.call(module.host(`f_${step.name}`, step.f, args.length))
      made.push(keep('f64'))
    }
  }
  float(made[made.length - 1])
}

/** A kernel as a function of (how many sums, terms of each, address of the first, address of the addresses). */
function kernel(module: Module, { op, mode }: Kernel): number {
  const steps = program(op.expr)
  const [COUNT, TERMS, OUT, FROM] = [0, 1, 2, 3]
  return module.function(['i32', 'i32', 'i32', 'i32'], [], code => {
    const operands = Array.from({ length: op.arity }, () => code.local('f64'))
    /** The numbers at the next addresses, of lane `j` of so many. */
    const term = (lanes: number, j: number): void => {
      operands.forEach((x, i) => {
        code
          .get(FROM)
          .memory('i32.load', 4 * (lanes * i + j))
          .memory('f64.load')
          .set(x)
      })
      write(module, code, steps, operands)
    }
    const less = (limit: number): void => {
      code.get(COUNT).i32(limit).op('i32.lt_s')
    }
    if (mode === 'set') {
      code.loop(again => {
        code.get(OUT)
        term(1, 0)
        code.memory('f64.store')
        code.advance(OUT, 8).advance(FROM, 4 * op.arity)
        code.get(COUNT).i32(1).op('i32.sub').tee(COUNT)
        again()
      })
      return
    }
    const left = code.local('i32')
    const totals = Array.from({ length: LANES }, () => code.local('f64'))
    const sums = (lanes: number): void => {
      const own = totals.slice(0, lanes)
      own.forEach((total, j) => {
        if (mode === 'zero') code.f64(0).set(total)
        else
          code
            .get(FROM)
            .memory('i32.load', 4 * j)
            .memory('f64.load')
            .set(total)
      })
      if (mode === 'onto') code.advance(FROM, 4 * lanes)
      code.get(TERMS).set(left)
      code.loop(again => {
        own.forEach((total, j) => {
          code.get(total)
          term(lanes, j)
          code.op('f64.add').set(total)
        })
        code.advance(FROM, 4 * lanes * op.arity)
        code.get(left).i32(1).op('i32.sub').tee(left)
        again()
      })
      own.forEach((total, j) => {
        code
          .get(OUT)
          .get(total)
          .memory('f64.store', 8 * j)
      })
      code.advance(OUT, 8 * lanes).advance(COUNT, -lanes)
    }
    for (const lanes of [LANES, 1]) {
      code.block(leave => {
        code.loop(again => {
          less(lanes)
          leave()
          sums(lanes)
          code.i32(1)
          again()
        })
      })
    }
  })
}

/** The module: `run(address of the groups, their end)`. */
function moduleOf(kernels: readonly Kernel[]): Module {
  const module = new Module()
  const functions = kernels.map(one => kernel(module, one))
  module.export(
    'run',
    module.function(['i32', 'i32'], [], code => {
      const [AT, END] = [0, 1]
      const which = code.local('i32')
      /** Finds the kernel by halves. */
      const choose = (from: number, to: number): void => {
        if (to - from === 1) {
          for (let i = 1; i < GROUP; i++) code.get(AT).memory('i32.load', 4 * i)
          code.call(functions[from])
          return
        }
        const middle = (from + to) >> 1
        code.get(which).i32(middle).op('i32.lt_s')
        code.when(
          () => choose(from, middle),
          () => choose(middle, to),
        )
      }
      code.loop(again => {
        code.get(AT).memory('i32.load').set(which)
        choose(0, kernels.length)
        code.advance(AT, 4 * GROUP)
        code.get(AT).get(END).op('i32.lt_u')
        again()
      })
    }),
  )
  return module
}

const PAGE = 65536

/** The program in a memory of its own; generated where code may be, else interpreted, with the same results. */
export function machine({ kernels, numbers, addresses, groups }: Plan): Machine {
  const begin = 8 * numbers + 4 * addresses.length
  const bytes = begin + 4 * groups.length
  const generated = codegen() && typeof WebAssembly === 'object'
  const room = generated ? new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / PAGE)) }) : null
  const buffer = room?.buffer ?? new ArrayBuffer(8 * Math.ceil(bytes / 8))
  new Int32Array(buffer, 8 * numbers, addresses.length).set(addresses)
  new Int32Array(buffer, begin, groups.length).set(groups)
  const memory = new Float64Array(buffer, 0, numbers)
  if (groups.length === 0) return { memory, bytes, generated, run() {} }
  if (!room) {
    const words = new Int32Array(buffer, 0, bytes >> 2)
    return { memory, bytes, generated, run: () => interpret(kernels, memory, words, begin >> 2) }
  }
  const module = moduleOf(kernels)
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), {
    env: { memory: room, ...module.imports },
  })
  const run = instance.exports.run as (at: number, end: number) => void
  return { memory, bytes, generated, run: () => run(begin, bytes) }
}

/** The same sums in the same order, by the number function of each op. */
function interpret(kernels: readonly Kernel[], memory: Float64Array, words: Int32Array, begin: number): void {
  for (let g = begin; g < words.length; g += GROUP) {
    const { op, mode } = kernels[words[g]]
    const { f, arity } = op
    const terms = words[g + 2]
    let count = words[g + 1]
    let out = words[g + 3] >> 3
    let from = words[g + 4] >> 2
    while (count > 0) {
      const lanes = mode !== 'set' && count >= LANES ? LANES : 1
      const first = mode === 'onto' ? from + lanes : from
      for (let j = 0; j < lanes; j++) {
        let total = mode === 'onto' ? memory[words[from + j] >> 3] : 0
        for (let t = 0, at = first + j; t < terms; t++, at += lanes * arity) {
          const term = value(f, arity, memory, words, at, lanes)
          total = mode === 'set' ? term : total + term
        }
        memory[out++] = total
      }
      from = first + lanes * arity * terms
      count -= lanes
    }
  }
}

function value(
  f: Pointwise['f'],
  arity: number,
  memory: Float64Array,
  words: Int32Array,
  at: number,
  lanes: number,
): number {
  const x = memory[words[at] >> 3]
  if (arity === 1) return f(x)
  const y = memory[words[at + lanes] >> 3]
  if (arity === 2) return f(x, y)
  return f(x, y, ...Array.from({ length: arity - 2 }, (_, i) => memory[words[at + lanes * (i + 2)] >> 3]))
}
