// Nested loops around a program: where each stream of elements stands at each depth, and which steps change there.
import { byteSize } from '../array.ts'
import type { Loop, Program, Stream } from '../stream.ts'
import type { Code } from './assembler.ts'
import type { V, Vector, Width } from './vector.ts'

/** Emits loops: knows where each stream stands at each depth, and which steps of the program change there. */
export class Nest {
  readonly a: Vector
  readonly #code: Code
  readonly #program: Program
  readonly #streams: readonly Stream[]
  readonly #places: number[][]
  /** For each step the number of loops it is inside of. */
  readonly depths: readonly number[]
  readonly #values: (V | undefined)[] = []

  constructor(
    a: Vector,
    /** The dimensions in the order of the loops. */
    readonly sizes: readonly number[],
    program: Program,
    inputs: readonly Stream[],
    outputs: readonly Stream[],
  ) {
    this.a = a
    this.#code = a.code
    this.#program = program
    this.#streams = [...inputs, ...outputs]
    this.#places = this.#streams.map((_, k) => [k])
    const depths: number[] = []
    for (const step of program) {
      if (step.kind === 'input') depths.push(this.#depth(step.input))
      else depths.push(step.kind === 'const' ? 0 : Math.max(0, ...step.args.map(j => depths[j] as number)))
    }
    this.depths = depths
  }

  #depth(stream: number): number {
    const { strides } = this.#streams[stream] as Stream
    let depth = strides.length
    while (depth > 0 && strides[depth - 1] === 0) depth--
    return depth
  }
  /** The variable with the address of a stream at the present depth. */
  place(stream: number): number {
    return this.#places[stream]?.at(-1) as number
  }

  /** Computes the steps that change at this depth, and not further in. */
  steps(depth: number): void {
    this.#program.forEach((step, i) => {
      if (this.depths[i] !== depth) return
      if (step.kind === 'const') this.#values[i] = this.a.const(step.value)
      else if (step.kind === 'input') this.#values[i] = this.splat(step.input)
      else this.#values[i] = this.#op(i, this.#values)
    })
  }
  #op(i: number, values: readonly (V | undefined)[]): V {
    const step = this.#program[i] as Extract<Program[number], { kind: 'op' }>
    const args = step.args.map((j, k) => {
      const x = values[j] as V
      return k < (step.conditions ?? 0) ? x : this.a.number(x)
    })
    return step.simd ? step.simd(this.a, ...args) : this.a.host(step.name, step.f, ...args)
  }
  /** All steps for the register of elements that begins `ahead` elements from here along the last dimension. */
  vector(ahead: number, count: number): V[] {
    const innermost = this.sizes.length
    const values = [...this.#values]
    this.#program.forEach((step, i) => {
      if (this.depths[i] !== innermost) return
      values[i] = step.kind === 'input' ? this.load(step.input, ahead, count) : this.#op(i, values)
    })
    return values as V[]
  }
  /** A value that is the same for the whole register. */
  value(i: number): V {
    return this.#values[i] as V
  }

  /** Runs the body for each index of a dimension; `after` follows on every `chunk` of them and on the rest. */
  along(dim: number, body: () => void, chunk = 0, after: () => void = () => {}): void {
    const moving = this.#streams.flatMap(({ strides }, k) => (strides[dim] ? [k] : []))
    for (const k of moving) {
      const own = this.#code.local('i32')
      this.#code.get(this.place(k)).set(own)
      this.#places[k]?.push(own)
    }
    const starts = moving.map(k => this.place(k))
    const step = (): void => {
      // what lies inside moves copies
      body()
      moving.forEach((k, j) => {
        this.#code.advance(starts[j] as number, this.#bytes(k, dim))
      })
    }
    const size = this.sizes[dim] as number
    const chunks = chunk > 0 ? Math.floor(size / chunk) : 0
    this.#code.repeat(chunks, () => {
      this.#code.repeat(chunk, step)
      after()
    })
    const rest = size - chunks * chunk
    this.#code.repeat(rest, step)
    if (rest > 0) after()
    for (const k of moving) this.#places[k]?.pop()
  }
  #bytes(stream: number, dim: number): number {
    const { dtype, strides } = this.#streams[stream] as Stream
    return (strides[dim] as number) * byteSize(dtype)
  }
  /** A copy of the streams' places that the body may move along the last dimension: `move(n)` by n elements. */
  line(body: (move: (n: number) => void) => void): void {
    const dim = this.sizes.length - 1
    const moving = this.#streams.flatMap(({ strides }, k) => (strides[dim] ? [k] : []))
    for (const k of moving) {
      const own = this.#code.local('i32')
      this.#code.get(this.place(k)).set(own)
      this.#places[k]?.push(own)
    }
    body(n => {
      for (const k of moving) this.#code.advance(this.place(k), n * this.#bytes(k, dim))
    })
    for (const k of moving) this.#places[k]?.pop()
  }

  /** One element as a number on the stack, of the registers' type. */
  #scalar(stream: number, offset: number): void {
    const { dtype } = this.#streams[stream] as Stream
    const code = this.#code.get(this.place(stream))
    if (offset < 0) code.i32(offset).op('i32.add')
    const at = Math.max(offset, 0)
    const wide = this.a.width === 8
    if (dtype === 'float32') {
      code.memory('f32.load', at)
      if (wide) code.op('f64.promote_f32')
    } else if (dtype === 'float64') {
      code.memory('f64.load', at)
      if (!wide) code.op('f32.demote_f64')
    } else {
      code.memory(dtype === 'int32' ? 'i32.load' : 'i32.load8_u', at)
      code.op(wide ? 'f64.convert_i32_s' : 'f32.convert_i32_s')
    }
  }
  splat(stream: number): V {
    this.#scalar(stream, 0)
    this.#code.op(this.a.width === 4 ? 'f32x4.splat' : 'f64x2.splat')
    return this.a.take()
  }
  load(stream: number, ahead: number, count: number): V {
    const { a } = this
    const code = this.#code
    const { dtype, strides } = this.#streams[stream] as Stream
    const stride = strides[this.sizes.length - 1] as number
    const offset = ahead * stride * byteSize(dtype)
    const place = this.place(stream)
    if (stride !== 1) {
      const replace = a.width === 4 ? 'f32x4.replace_lane' : 'f64x2.replace_lane'
      this.#scalar(stream, offset)
      code.op(a.width === 4 ? 'f32x4.splat' : 'f64x2.splat')
      for (let i = 1; i < count; i++) {
        this.#scalar(stream, offset + i * stride * byteSize(dtype))
        code.extract(replace, i)
      }
      return a.take()
    }
    // behind every array there is room to read a register too far
    code.get(place)
    if (dtype === 'float32') {
      if (a.width === 4) code.memory('v128.load', offset)
      else code.memory('v128.load64_zero', offset).op('f64x2.promote_low_f32x4')
    } else if (dtype === 'float64') {
      code.memory('v128.load', offset)
      if (a.width === 4) {
        code
          .op('f32x4.demote_f64x2_zero')
          .get(place)
          .memory('v128.load', offset + 16)
          .op('f32x4.demote_f64x2_zero')
        code.shuffle(LOW_HALVES)
      }
    } else if (dtype === 'int32') {
      if (a.width === 4) code.memory('v128.load', offset).op('f32x4.convert_i32x4_s')
      else code.memory('v128.load64_zero', offset).op('f64x2.convert_low_i32x4_s')
    } else {
      code.memory('v128.load32_zero', offset).op('i16x8.extend_low_i8x16_u').op('i32x4.extend_low_i16x8_u')
      code.op(a.width === 4 ? 'f32x4.convert_i32x4_s' : 'f64x2.convert_low_i32x4_s')
    }
    return a.take()
  }
  store(stream: number, ahead: number, count: number, x: V): void {
    const { a } = this
    const code = this.#code
    const { dtype, strides } = this.#streams[stream] as Stream
    const stride = strides[this.sizes.length - 1] ?? 1
    const bytes = byteSize(dtype)
    const offset = ahead * stride * bytes
    const place = this.place(stream)
    if (dtype === 'bool') {
      const mask = a.mask(x)
      // one byte of each lane
      const size = a.width
      const truth = code.local('v128')
      const picks = Array.from({ length: 16 }, (_, i) => (i * size < 16 ? i * size : 16))
      code
        .get(mask.local)
        .get(a.bits(0x01010101, 0x01010101).local)
        .op('v128.and')
        .get(a.bits(0).local)
        .shuffle(picks)
        .set(truth)
      for (let i = 0; i < count; i++)
        this.#at(place, offset + i * stride, at => code.get(truth).lane('v128.store8_lane', i, at))
      return
    }
    const number = a.number(x)
    if (dtype === 'int32') {
      const whole = code.local('v128')
      code
        .get(number.local)
        .op(a.width === 4 ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f64x2_s_zero')
        .set(whole)
      for (let i = 0; i < count; i++)
        this.#at(place, offset + i * stride * bytes, at => code.get(whole).lane('v128.store32_lane', i, at))
      return
    }
    const whole = stride === 1 && (dtype === 'float32') === (a.width === 4)
    if (whole) {
      if (count === a.count) a.store(place, number, offset)
      else a.storePart(place, number, count, offset)
      return
    }
    for (let i = 0; i < count; i++) {
      this.#at(place, offset + i * stride * bytes, at => {
        code.get(number.local).extract(a.width === 4 ? 'f32x4.extract_lane' : 'f64x2.extract_lane', i)
        if (dtype === 'float32') {
          if (a.width === 8) code.op('f32.demote_f64')
          code.memory('f32.store', at)
        } else {
          if (a.width === 4) code.op('f64.promote_f32')
          code.memory('f64.store', at)
        }
      })
    }
  }
  /** Puts the address on the stack, before what `f` adds; offsets of instructions are not negative. */
  #at(place: number, offset: number, f: (offset: number) => void): void {
    this.#code.get(place)
    if (offset < 0) this.#code.i32(offset).op('i32.add')
    f(Math.max(offset, 0))
  }
}
/** The lower halves of two registers. */
export const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]

/** A name for the function of a loop: what it depends on. */
export const keyOf = (kind: string, width: Width, fused: boolean, loop: Loop, rest: unknown): string =>
  JSON.stringify([
    kind,
    width,
    fused,
    loop.sizes,
    loop.inputs,
    loop.program.map(step =>
      step.kind === 'op'
        ? [step.name, ...step.args]
        : step.kind === 'const'
          ? `c${Object.is(step.value, -0) ? '-0' : step.value}`
          : step.input,
    ),
    rest,
  ])

export const pointers = (n: number): 'i32'[] => new Array<'i32'>(n).fill('i32')
