// Loops over arrays: a pointwise program for every element, or folded over some dimensions.
import { byteSize, type DType } from '../array.ts'
import type { Program } from '../program.ts'
import type { Code, Module } from './assembler.ts'
import { type V, Vector, type Width } from './vector.ts'

/** An array in a loop: how far apart, in elements, two neighbours along each of the loop's dimensions lie (0: the same). */
export interface Stream {
  readonly dtype: DType
  readonly strides: readonly number[]
}
/** What the loop writes: the result of a step. Streams of results never lie on themselves. */
export interface Result extends Stream {
  readonly step: number
}
export interface Loop {
  readonly sizes: readonly number[]
  /** The program's operands. */
  readonly inputs: readonly Stream[]
  readonly program: Program
}
export interface MapLoop extends Loop {
  readonly outputs: readonly Result[]
}
export type Fold = 'sum' | 'amax' | 'amin'
export interface FoldLoop extends Loop {
  /** Which dimensions are folded; the result is dense over the others, in their order. */
  readonly folded: readonly boolean[]
  readonly fold: Fold
  /** int32 for counts: whole numbers that float64 holds exactly. */
  readonly dtype: 'float32' | 'float64' | 'int32'
}

/** Float32 terms that are added up as such before the sum goes on in float64. */
const CHUNK = 16
/** Registers of results that a fold over leading dimensions takes at once: a cache line. */
const BLOCK = 4

/** Neighbouring dimensions that all streams step through as one become one, and those of size 1 go. */
export function merged(
  sizes: readonly number[],
  streams: readonly (readonly number[])[],
  flags: readonly boolean[] = sizes.map(() => false),
): { sizes: number[]; streams: number[][]; flags: boolean[] } {
  const out: { sizes: number[]; streams: number[][]; flags: boolean[] } = {
    sizes: [],
    streams: streams.map(() => []),
    flags: [],
  }
  sizes.forEach((size, d) => {
    if (size === 1) return
    const last = out.sizes.length - 1
    const joins =
      last >= 0 &&
      out.flags[last] === flags[d] &&
      streams.every((s, k) => out.streams[k]?.[last] === (s[d] as number) * size)
    if (joins) {
      out.sizes[last] = (out.sizes[last] as number) * size
      streams.forEach((s, k) => {
        ;(out.streams[k] as number[])[last] = s[d] as number
      })
    } else {
      out.sizes.push(size)
      out.flags.push(flags[d] as boolean)
      for (const [k, s] of streams.entries()) out.streams[k]?.push(s[d] as number)
    }
  })
  return out
}

/** Emits loops: knows where each stream stands at each depth, and which steps of the program change there. */
class Emitter {
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
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]

const key = (kind: string, width: Width, fused: boolean, loop: Loop, rest: unknown): string =>
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

const pointers = (n: number): 'i32'[] => new Array<'i32'>(n).fill('i32')

/** A function of addresses (inputs, then outputs): computes the program for every element. */
export function mapLoop(module: Module, width: Width, fused: boolean, loop: MapLoop): number {
  const { sizes, streams } = merged(
    loop.sizes,
    [...loop.inputs, ...loop.outputs].map(({ strides }) => strides),
  )
  if (sizes.length === 0) {
    sizes.push(1)
    for (const s of streams) s.push(0)
  }
  const inputs = loop.inputs.map(({ dtype }, k) => ({ dtype, strides: streams[k] as number[] }))
  const outputs = loop.outputs.map(({ dtype, step }, k) => ({
    dtype,
    step,
    strides: streams[loop.inputs.length + k] as number[],
  }))
  const small: MapLoop = { sizes, inputs, outputs, program: loop.program }
  return module.shared(key('map', width, fused, small, outputs), pointers(inputs.length + outputs.length), [], code => {
    const a = new Vector(module, code, width, fused)
    const e = new Emitter(a, sizes, loop.program, inputs, outputs)
    const rank = sizes.length
    const heavy = loop.program.filter((step, i) => step.kind === 'op' && e.depths[i] === rank).length
    const unroll = heavy <= 3 ? 4 : heavy <= 8 ? 2 : 1
    const element = (ahead: number, count: number): void => {
      const values = e.vector(ahead, count)
      // all results before any is written: a result may lie where an input was
      outputs.forEach(({ step }, k) => {
        e.store(inputs.length + k, ahead, count, values[step] as V)
      })
    }
    const nest = (dim: number): void => {
      e.steps(dim)
      if (dim < rank - 1) {
        e.along(dim, () => nest(dim + 1))
        return
      }
      const n = sizes[dim] as number
      const whole = Math.floor(n / a.count)
      const rest = n % a.count
      e.line(move => {
        const rounds = Math.floor(whole / unroll)
        code.repeat(rounds, () => {
          for (let u = 0; u < unroll; u++) element(u * a.count, a.count)
          move(unroll * a.count)
        })
        const left = whole % unroll
        for (let u = 0; u < left; u++) element(u * a.count, a.count)
        if (rest > 0) element(left * a.count, rest)
      })
    }
    nest(0)
  })
}

/** A function of addresses (inputs, then the output): folds the program's result over some dimensions. */
export function foldLoop(module: Module, width: Width, fused: boolean, loop: FoldLoop): number {
  const { sizes, streams, flags } = merged(
    loop.sizes,
    loop.inputs.map(({ strides }) => strides),
    loop.folded,
  )
  const lastKept = flags.length > 0 && flags.at(-1) === false
  const kept = sizes.flatMap((_, d) => (flags[d] ? [] : [d]))
  const folded = sizes.flatMap((_, d) => (flags[d] ? [d] : []))
  // loops: what is kept, what is folded; along the last dimension go the registers
  const order = lastKept ? [...kept.slice(0, -1), ...folded, kept.at(-1) as number] : [...kept, ...folded]
  const dims = order.map(d => sizes[d] as number)
  const strides = (s: readonly number[]): number[] => order.map(d => s[d] as number)
  let step = 1
  const dense = new Array<number>(order.length).fill(0)
  for (let i = kept.length - 1; i >= 0; i--) {
    dense[order.indexOf(kept[i] as number)] = step
    step *= sizes[kept[i] as number] as number
  }
  if (dims.length === 0 || (!lastKept && folded.length === 0)) {
    dims.push(1)
    dense.push(0)
  }
  const pad = (s: number[]): number[] => (s.length < dims.length ? [...s, 0] : s)
  const inputs = loop.inputs.map(({ dtype }, k) => ({ dtype, strides: pad(strides(streams[k] as number[])) }))
  const out = { dtype: loop.dtype, strides: dense }
  const small: Loop = { sizes: dims, inputs, program: loop.program }
  const result = loop.program.length - 1
  const outer = lastKept ? kept.length - 1 : kept.length
  const rank = dims.length
  const signature = [loop.fold, out, outer, lastKept]
  return module.shared(key('fold', width, fused, small, signature), pointers(inputs.length + 1), [], code => {
    const a = new Vector(module, code, width, fused)
    const e = new Emitter(a, dims, loop.program, inputs, [out])
    const start = loop.fold === 'sum' ? 0 : loop.fold === 'amax' ? -Infinity : Infinity
    const join = (x: V, y: V): V =>
      loop.fold === 'sum' ? a.add(x, y) : loop.fold === 'amax' ? a.max(x, y) : a.min(x, y)
    const terms = folded.reduce((n, d) => n * (sizes[d] as number), 1)
    const exact = loop.fold === 'sum' && width === 4 && terms > CHUNK * (lastKept ? 1 : a.count)
    const n = dims[rank - 1] as number
    const value = (ahead: number, count: number): V => {
      const values = e.vector(ahead, count)
      const x = a.number((e.depths[result] === rank ? values[result] : e.value(result)) as V)
      return x
    }

    /** Sums in progress: float32 for a while, and in float64 what that came to. */
    const accumulators = (count: number) => {
      const near = Array.from({ length: count }, () => a.variable())
      const far = exact ? Array.from({ length: count }, () => [a.variable(), a.variable()] as const) : []
      const zero = { local: a.bits(0).local }
      return {
        near,
        reset(): void {
          for (const x of near) a.assign(x, a.const(start))
          for (const pair of far) for (const x of pair) a.assign(x, zero)
        },
        flush(): void {
          if (!exact) return
          near.forEach((x, i) => {
            const [low, high] = far[i] as readonly [V, V]
            code.get(low.local).get(x.local).op('f64x2.promote_low_f32x4').op('f64x2.add').set(low.local)
            code
              .get(high.local)
              .get(x.local)
              .get(x.local)
              .shuffle(HIGH_HALF)
              .op('f64x2.promote_low_f32x4')
              .op('f64x2.add')
              .set(high.local)
            a.assign(x, zero)
          })
        },
        /** The sums themselves. */
        finish(): V[] {
          if (exact)
            near.forEach((x, i) => {
              const [low, high] = far[i] as readonly [V, V]
              code
                .get(low.local)
                .op('f32x4.demote_f64x2_zero')
                .get(high.local)
                .op('f32x4.demote_f64x2_zero')
                .shuffle(LOW_HALVES)
                .set(x.local)
            })
          return near
        },
        /** All lanes of the first in one number, stored. */
        total(): void {
          const place = e.place(inputs.length)
          code.get(place)
          if (exact) {
            const [low, high] = far[0] as readonly [V, V]
            const sum = code.local('v128')
            code.get(low.local).get(high.local).op('f64x2.add').set(sum)
            code.get(sum).extract('f64x2.extract_lane', 0).get(sum).extract('f64x2.extract_lane', 1).op('f64.add')
            code.op('f32.demote_f64').memory('f32.store')
            return
          }
          const [x] = near as [V]
          const extract = width === 4 ? 'f32x4.extract_lane' : 'f64x2.extract_lane'
          const both =
            `${width === 4 ? 'f32' : 'f64'}.${loop.fold === 'sum' ? 'add' : loop.fold === 'amax' ? 'max' : 'min'}` as const
          code.get(x.local).extract(extract, 0)
          for (let i = 1; i < a.count; i++) code.get(x.local).extract(extract, i).op(both)
          if (loop.dtype === 'int32') {
            code
              .op(`${width === 4 ? 'f32x4' : 'f64x2'}.splat`)
              .op(width === 4 ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f64x2_s_zero')
            code.extract('i32x4.extract_lane', 0).memory('i32.store')
          } else if (loop.dtype === 'float32') {
            if (width === 8) code.op('f32.demote_f64')
            code.memory('f32.store')
          } else {
            if (width === 4) code.op('f64.promote_f32')
            code.memory('f64.store')
          }
        },
      }
    }
    type Accumulators = ReturnType<typeof accumulators>
    /** Runs the body `count` times, float32 sums handed on often enough. */
    const chunked = (count: number, sums: Accumulators, body: () => void): void => {
      if (!exact) {
        code.repeat(count, body)
        return
      }
      const full = Math.floor(count / CHUNK)
      code.repeat(full, () => {
        code.repeat(CHUNK, body)
        sums.flush()
      })
      code.repeat(count % CHUNK, body)
      if (count % CHUNK) sums.flush()
    }

    /** Folds everything from dimension `dim` on. The last dimension is folded too. */
    const lines = (dim: number, sums: Accumulators): void => {
      e.steps(dim)
      if (dim < rank - 1) {
        e.along(dim, () => lines(dim + 1, sums))
        return
      }
      const [sum] = sums.near as [V]
      const whole = Math.floor(n / a.count)
      const rest = n % a.count
      e.line(move => {
        chunked(whole, sums, () => {
          a.assign(sum, join(sum, value(0, a.count)))
          move(a.count)
        })
        if (rest > 0) {
          const x = a.where(a.first(rest), value(0, rest), a.const(start))
          a.assign(sum, join(sum, x))
          sums.flush()
        }
      })
    }

    /** Folds the dimensions [dim, rank - 1) for some registers along the last one, which is kept. */
    const columns = (dim: number, sums: Accumulators, counts: readonly number[]): void => {
      const take = (): void => {
        e.steps(rank - 1)
        let ahead = 0
        counts.forEach((count, i) => {
          a.assign(sums.near[i] as V, join(sums.near[i] as V, value(ahead, count)))
          ahead += a.count
        })
      }
      e.steps(dim)
      if (dim === rank - 1) take()
      else if (dim === rank - 2) e.along(dim, take, exact ? CHUNK : 0, () => sums.flush())
      else e.along(dim, () => columns(dim + 1, sums, counts))
    }

    const nest = (dim: number): void => {
      if (dim < outer) {
        e.steps(dim)
        e.along(dim, () => nest(dim + 1))
        return
      }
      if (!lastKept) {
        const sums = accumulators(1)
        sums.reset()
        lines(dim, sums)
        sums.total()
        return
      }
      const block = (counts: readonly number[]): void => {
        const sums = accumulators(counts.length)
        sums.reset()
        columns(dim, sums, counts)
        let ahead = 0
        sums.finish().forEach((x, i) => {
          e.store(inputs.length, ahead, counts[i] as number, x)
          ahead += a.count
        })
      }
      const registers = Math.floor(n / a.count)
      const rest = n % a.count
      e.line(move => {
        code.repeat(Math.floor(registers / BLOCK), () => {
          block(new Array<number>(BLOCK).fill(a.count))
          move(BLOCK * a.count)
        })
        const last = [...new Array<number>(registers % BLOCK).fill(a.count), ...(rest > 0 ? [rest] : [])]
        if (last.length > 0) block(last)
      })
    }
    nest(0)
  })
}
const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]
