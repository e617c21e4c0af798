// A WebAssembly module, byte by byte: the few instructions that kernels use, and no more.

export type Type = 'i32' | 'i64' | 'f32' | 'f64' | 'v128'
const TYPES: Record<Type, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b }

/** Instructions without immediates, by the names of the specification; those above 0xff are of the SIMD page. */
const SIMD = 0xfd00
export const op = {
  unreachable: 0x00, return: 0x0f, drop: 0x1a, select: 0x1b,
  'i32.eqz': 0x45, 'i32.eq': 0x46, 'i32.ne': 0x47, 'i32.lt_s': 0x48, 'i32.lt_u': 0x49, 'i32.gt_s': 0x4a, 'i32.le_s': 0x4c, 'i32.ge_s': 0x4e,
  'f32.eq': 0x5b, 'f32.ne': 0x5c, 'f32.lt': 0x5d, 'f32.gt': 0x5e, 'f32.le': 0x5f, 'f32.ge': 0x60,
  'f64.eq': 0x61, 'f64.ne': 0x62, 'f64.lt': 0x63, 'f64.gt': 0x64, 'f64.le': 0x65, 'f64.ge': 0x66,
  'i32.add': 0x6a, 'i32.sub': 0x6b, 'i32.mul': 0x6c, 'i32.div_u': 0x6e, 'i32.rem_u': 0x70, 'i32.and': 0x71, 'i32.or': 0x72, 'i32.xor': 0x73, 'i32.shl': 0x74,
  'f32.abs': 0x8b, 'f32.neg': 0x8c, 'f32.sqrt': 0x91, 'f32.add': 0x92, 'f32.sub': 0x93, 'f32.mul': 0x94, 'f32.div': 0x95, 'f32.min': 0x96, 'f32.max': 0x97,
  'f64.abs': 0x99, 'f64.neg': 0x9a, 'f64.sqrt': 0x9f, 'f64.add': 0xa0, 'f64.sub': 0xa1, 'f64.mul': 0xa2, 'f64.div': 0xa3, 'f64.min': 0xa4, 'f64.max': 0xa5,
  'f32.convert_i32_s': 0xb2, 'f32.demote_f64': 0xb6, 'f64.convert_i32_s': 0xb7, 'f64.promote_f32': 0xbb,
  'i32x4.splat': SIMD + 0x11, 'i64x2.splat': SIMD + 0x12, 'f32x4.splat': SIMD + 0x13, 'f64x2.splat': SIMD + 0x14,
  'i32x4.eq': SIMD + 0x37, 'i32x4.ne': SIMD + 0x38, 'i32x4.lt_s': SIMD + 0x39, 'i32x4.gt_s': SIMD + 0x3b, 'i32x4.le_s': SIMD + 0x3d, 'i32x4.ge_s': SIMD + 0x3f,
  'f32x4.eq': SIMD + 0x41, 'f32x4.ne': SIMD + 0x42, 'f32x4.lt': SIMD + 0x43, 'f32x4.gt': SIMD + 0x44, 'f32x4.le': SIMD + 0x45, 'f32x4.ge': SIMD + 0x46,
  'f64x2.eq': SIMD + 0x47, 'f64x2.ne': SIMD + 0x48, 'f64x2.lt': SIMD + 0x49, 'f64x2.gt': SIMD + 0x4a, 'f64x2.le': SIMD + 0x4b, 'f64x2.ge': SIMD + 0x4c,
  'v128.not': SIMD + 0x4d, 'v128.and': SIMD + 0x4e, 'v128.andnot': SIMD + 0x4f, 'v128.or': SIMD + 0x50, 'v128.xor': SIMD + 0x51, 'v128.bitselect': SIMD + 0x52, 'v128.any_true': SIMD + 0x53,
  'f32x4.demote_f64x2_zero': SIMD + 0x5e, 'f64x2.promote_low_f32x4': SIMD + 0x5f,
  'f32x4.ceil': SIMD + 0x67, 'f32x4.floor': SIMD + 0x68, 'f32x4.trunc': SIMD + 0x69, 'f32x4.nearest': SIMD + 0x6a,
  'f64x2.ceil': SIMD + 0x74, 'f64x2.floor': SIMD + 0x75, 'f64x2.trunc': SIMD + 0x7a, 'f64x2.nearest': SIMD + 0x94,
  'i16x8.extend_low_i8x16_u': SIMD + 0x89,
  'i32x4.abs': SIMD + 0xa0, 'i32x4.neg': SIMD + 0xa1,
  'i32x4.extend_low_i16x8_u': SIMD + 0xa9,
  'i32x4.shl': SIMD + 0xab, 'i32x4.shr_u': SIMD + 0xad, 'i32x4.add': SIMD + 0xae, 'i32x4.sub': SIMD + 0xb1, 'i32x4.mul': SIMD + 0xb5,
  'i64x2.shl': SIMD + 0xcb, 'i64x2.shr_u': SIMD + 0xcd, 'i64x2.add': SIMD + 0xce, 'i64x2.sub': SIMD + 0xd1, 'i64x2.mul': SIMD + 0xd5, 'i64x2.eq': SIMD + 0xd6, 'i64x2.ne': SIMD + 0xd7, 'i64x2.lt_s': SIMD + 0xd8, 'i64x2.gt_s': SIMD + 0xd9,
  'f32x4.abs': SIMD + 0xe0, 'f32x4.neg': SIMD + 0xe1, 'f32x4.sqrt': SIMD + 0xe3, 'f32x4.add': SIMD + 0xe4, 'f32x4.sub': SIMD + 0xe5, 'f32x4.mul': SIMD + 0xe6, 'f32x4.div': SIMD + 0xe7, 'f32x4.min': SIMD + 0xe8, 'f32x4.max': SIMD + 0xe9, 'f32x4.pmin': SIMD + 0xea, 'f32x4.pmax': SIMD + 0xeb,
  'f64x2.abs': SIMD + 0xec, 'f64x2.neg': SIMD + 0xed, 'f64x2.sqrt': SIMD + 0xef, 'f64x2.add': SIMD + 0xf0, 'f64x2.sub': SIMD + 0xf1, 'f64x2.mul': SIMD + 0xf2, 'f64x2.div': SIMD + 0xf3, 'f64x2.min': SIMD + 0xf4, 'f64x2.max': SIMD + 0xf5, 'f64x2.pmin': SIMD + 0xf6, 'f64x2.pmax': SIMD + 0xf7,
  'i32x4.trunc_sat_f32x4_s': SIMD + 0xf8, 'f32x4.convert_i32x4_s': SIMD + 0xfa, 'i32x4.trunc_sat_f64x2_s_zero': SIMD + 0xfc, 'f64x2.convert_low_i32x4_s': SIMD + 0xfe,
  'f32x4.relaxed_madd': SIMD + 0x105, 'f32x4.relaxed_nmadd': SIMD + 0x106, 'f64x2.relaxed_madd': SIMD + 0x107, 'f64x2.relaxed_nmadd': SIMD + 0x108,
} as const
export type Op = keyof typeof op

/** Loads and stores: an address (a store's value above it) and a constant offset in bytes. */
const memory = {
  'i32.load': 0x28, 'f32.load': 0x2a, 'f64.load': 0x2b, 'i32.load8_u': 0x2d, 'i32.store': 0x36, 'f32.store': 0x38, 'f64.store': 0x39,
  'v128.load': SIMD + 0x00, 'v128.load32_splat': SIMD + 0x09, 'v128.load64_splat': SIMD + 0x0a, 'v128.store': SIMD + 0x0b, 'v128.load32_zero': SIMD + 0x5c, 'v128.load64_zero': SIMD + 0x5d,
} as const
export type Access = keyof typeof memory

/** The same of one lane, with the vector above the address. */
const lane = {
  'v128.load32_lane': 0x56, 'v128.store8_lane': 0x58, 'v128.store32_lane': 0x5a, 'v128.store64_lane': 0x5b,
} as const
/** On words that threads share: seen by all in the same order. */
const atomic = { 'memory.atomic.notify': 0x00, 'memory.atomic.wait32': 0x01, 'i32.atomic.load': 0x10, 'i32.atomic.rmw.add': 0x1e } as const
/** Between a vector and one of its lanes. */
const extract = { 'i32x4.extract_lane': 0x1b, 'i32x4.replace_lane': 0x1c, 'f32x4.extract_lane': 0x1f, 'f32x4.replace_lane': 0x20, 'f64x2.extract_lane': 0x21, 'f64x2.replace_lane': 0x22 } as const

/** Appends n as unsigned LEB128. */
function unsigned(to: number[], n: number): void {
  let rest = n
  do {
    const low = rest & 0x7f
    rest >>>= 7
    to.push(rest ? low | 0x80 : low)
  } while (rest)
}
/** Appends n as signed LEB128. */
function signed(to: number[], n: number): void {
  for (let rest = n; ; rest >>= 7) {
    const low = rest & 0x7f
    const done = (rest >> 7 === 0 && (low & 0x40) === 0) || (rest >> 7 === -1 && (low & 0x40) !== 0)
    to.push(done ? low : low | 0x80)
    if (done) return
  }
}
function opcode(to: number[], code: number): void {
  if (code < SIMD) to.push(code)
  else {
    to.push(0xfd)
    unsigned(to, code - SIMD)
  }
}
const floats = new DataView(new ArrayBuffer(8))

/** The body of one function: each method appends an instruction. */
export class Code {
  readonly bytes: number[] = []
  /** What runs before everything else: constants and whatever does not change in the loops. */
  readonly #before: number[] = []
  readonly #locals: Type[] = []
  readonly #constants = new Map<string, number>()
  readonly #parameters: number
  readonly #calls: [at: number, f: number][] = []
  /** How many loops, blocks and conditions are open. */
  #depth = 0

  constructor(parameters: number) {
    this.#parameters = parameters
  }

  /** A new variable. */
  local(type: Type): number { return this.#parameters + this.#locals.push(type) - 1 }
  get(local: number): this { return this.#indexed(0x20, local) }
  set(local: number): this { return this.#indexed(0x21, local) }
  tee(local: number): this { return this.#indexed(0x22, local) }
  #indexed(code: number, n: number): this {
    this.bytes.push(code)
    unsigned(this.bytes, n)
    return this
  }

  i32(n: number): this {
    this.bytes.push(0x41)
    signed(this.bytes, n | 0)
    return this
  }
  i64(n: number): this {
    this.bytes.push(0x42)
    signed(this.bytes, n | 0)
    return this
  }
  f32(x: number): this {
    floats.setFloat32(0, x, true)
    this.bytes.push(0x43, ...new Uint8Array(floats.buffer, 0, 4))
    return this
  }
  f64(x: number): this {
    floats.setFloat64(0, x, true)
    this.bytes.push(0x44, ...new Uint8Array(floats.buffer, 0, 8))
    return this
  }
  /** A variable that holds 16 bytes, set once before everything else. */
  constant(bytes: Uint8Array): number {
    const key = bytes.join()
    let known = this.#constants.get(key)
    if (known === undefined) {
      known = this.local('v128')
      this.#constants.set(key, known)
      this.#before.push(0xfd, 0x0c, ...bytes, 0x21)
      unsigned(this.#before, known)
    }
    return known
  }

  op(name: Op): this {
    opcode(this.bytes, op[name])
    return this
  }
  memory(name: Access, offset = 0): this {
    opcode(this.bytes, memory[name])
    this.bytes.push(0)
    unsigned(this.bytes, offset)
    return this
  }
  lane(name: keyof typeof lane, index: number, offset = 0): this {
    this.bytes.push(0xfd, lane[name], 0)
    unsigned(this.bytes, offset)
    this.bytes.push(index)
    return this
  }
  /** An access to a word of four bytes, at a multiple of four. */
  atomic(name: keyof typeof atomic, offset = 0): this {
    this.bytes.push(0xfe, atomic[name], 2)
    unsigned(this.bytes, offset)
    return this
  }
  extract(name: keyof typeof extract, index: number): this {
    this.bytes.push(0xfd, extract[name], index)
    return this
  }
  /** Picks 16 of the 32 bytes of two vectors. */
  shuffle(picks: readonly number[]): this {
    this.bytes.push(0xfd, 0x0d, ...picks)
    return this
  }
  /** Calls a function of the module, known only when the module is complete: its number is filled in then. */
  call(f: number): this {
    this.bytes.push(0x10)
    this.#calls.push([this.bytes.length, f])
    this.bytes.push(0x80, 0x80, 0x80, 0x80, 0)
    return this
  }

  #structure(code: number, body: () => void): void {
    this.bytes.push(code, 0x40)
    this.#depth++
    body()
    this.#depth--
    this.bytes.push(0x0b)
  }
  /** A loop: `body` is given what jumps back to its beginning when the value above is not 0. */
  loop(body: (again: () => void) => void): this {
    this.#structure(0x03, () => {
      const own = this.#depth
      body(() => this.#indexed(0x0d, this.#depth - own))
    })
    return this
  }
  /** A block: `body` is given what leaves it when the value above is not 0. */
  block(body: (leave: () => void) => void): this {
    this.#structure(0x02, () => {
      const own = this.#depth
      body(() => this.#indexed(0x0d, this.#depth - own))
    })
    return this
  }
  /** Runs the body when the value above is not 0. */
  when(body: () => void, otherwise?: () => void): this {
    this.#structure(0x04, () => {
      body()
      if (otherwise) {
        this.bytes.push(0x05)
        otherwise()
      }
    })
    return this
  }
  /** Runs the body `count` times, a number known here: not at all, once without a loop, or counting a variable down. */
  repeat(count: number, body: () => void): this {
    if (count === 1) body()
    if (count <= 1) return this
    const left = this.local('i32')
    this.i32(count).set(left)
    return this.loop(again => {
      body()
      this.get(left).i32(1).op('i32.sub').tee(left)
      again()
    })
  }
  /** Runs the body as often as a variable says (0 too), counting it down. */
  times(left: number, body: () => void): this {
    return this.get(left).when(() =>
      this.loop(again => {
        body()
        this.get(left).i32(1).op('i32.sub').tee(left)
        again()
      }),
    )
  }
  /**
   * Runs the body for tiles of `tile` elements that cover n of them, the last overlapping the one before it where n is
   * no multiple: for what may be written twice. Variables move by so many bytes an element, and back at the end.
   */
  sweep(n: number, tile: number, moves: readonly (readonly [local: number, bytes: number])[], body: () => void): this {
    const move = (elements: number): void => {
      for (const [local, bytes] of moves) this.advance(local, elements * bytes)
    }
    const rest = n % tile
    const count = Math.ceil(n / tile)
    if (count === 1) body()
    if (count <= 1) return this
    const left = this.local('i32')
    this.i32(count).set(left)
    this.loop(again => {
      body()
      move(tile)
      this.advance(left, -1)
      if (rest) this.get(left).i32(1).op('i32.eq').when(() => move(rest - tile))
      this.get(left)
      again()
    })
    move(-n)
    return this
  }
  /** local += n */
  advance(local: number, n: number): this {
    return n === 0 ? this : this.get(local).i32(n).op('i32.add').set(local)
  }

  /** The function as the module's code section holds it; `place` gives the final number of a called function. */
  finish(place: (f: number) => number): number[] {
    for (const [at, f] of this.#calls)
      for (let i = 0, n = place(f); i < 5; i++, n >>>= 7) this.bytes[at + i] = (n & 0x7f) | (i < 4 ? 0x80 : 0)
    const runs: [number, Type][] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last?.[1] === type) last[0]++
      else runs.push([1, type])
    }
    const out: number[] = []
    unsigned(out, runs.length)
    for (const [count, type] of runs) {
      unsigned(out, count)
      out.push(TYPES[type])
    }
    return out.concat(this.#before, this.bytes, 0x0b)
  }
}

/** Number functions of JavaScript that code in the module calls, over float64. */
export type Imports = Readonly<Record<string, (...x: number[]) => number>>

/** A module over one imported memory, `env.memory`. */
export class Module {
  readonly #types: string[] = []
  readonly #imports: { readonly name: string; readonly f: (...x: number[]) => number; readonly type: number }[] = []
  readonly #functions: { readonly type: number; readonly code: Code }[] = []
  readonly #exports: [name: string, index: number][] = []
  readonly #known = new Map<string, number>()

  #type(parameters: readonly Type[], results: readonly Type[]): number {
    const key = `${parameters.join()}>${results.join()}`
    const at = this.#types.indexOf(key)
    return at >= 0 ? at : this.#types.push(key) - 1
  }

  /** A function, written by `body`, which gets the parameters as variables 0, 1, … Its number, to call or export it. */
  function(parameters: readonly Type[], results: readonly Type[], body: (code: Code) => void): number {
    const code = new Code(parameters.length)
    const index = this.#functions.push({ type: this.#type(parameters, results), code }) - 1
    body(code)
    return index
  }
  /** The function of that name, written at most once in the module. */
  shared(name: string, parameters: readonly Type[], results: readonly Type[], body: (code: Code) => void): number {
    let index = this.#known.get(name)
    if (index === undefined) {
      index = this.function(parameters, results, body)
      this.#known.set(name, index)
    }
    return index
  }
  /** A number function of JavaScript over float64, called as any other. Imports are numbered -1, -2, … until the end. */
  host(name: string, f: (...x: number[]) => number, arity: number): number {
    let index = this.#imports.findIndex(known => known.name === name)
    if (index < 0) {
      const type = this.#type(new Array<Type>(arity).fill('f64'), ['f64'])
      index = this.#imports.push({ name, f, type }) - 1
    }
    return -1 - index
  }
  export(name: string, index: number): void {
    this.#exports.push([name, index])
  }

  /** What `instantiate` needs beside the memory. */
  get imports(): Imports {
    return Object.fromEntries(this.#imports.map(({ name, f }) => [name, f]))
  }

  /** `pages`: the most that a shared memory may have; a memory that is not shared says nothing. */
  bytes(shared?: { readonly pages: number }): Uint8Array<ArrayBuffer> {
    const out: number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
    const section = (id: number, items: readonly (readonly number[])[]): void => {
      const count: number[] = []
      unsigned(count, items.length)
      const size = items.reduce((n, item) => n + item.length, count.length)
      out.push(id)
      unsigned(out, size)
      for (const n of count) out.push(n)
      for (const item of items) for (const n of item) out.push(n)
    }
    const encoded = (n: number): number[] => {
      const bytes: number[] = []
      unsigned(bytes, n)
      return bytes
    }
    const text = (name: string): number[] => [...encoded(name.length), ...Array.from(name, c => c.charCodeAt(0))]
    section(1, this.#types.map(key => {
      const [parameters, results] = key.split('>').map(list => (list ? list.split(',') : []).map(t => TYPES[t as Type]))
      return [0x60, ...encoded(parameters.length), ...parameters, ...encoded(results.length), ...results]
    }))
    const imported = this.#imports.map(({ name, type }) => [...text('env'), ...text(name), 0x00, ...encoded(type)])
    const limits = shared ? [0x03, 1, ...encoded(shared.pages)] : [0x00, 1]
    section(2, [[...text('env'), ...text('memory'), 0x02, ...limits], ...imported])
    section(3, this.#functions.map(({ type }) => encoded(type)))
    const place = (f: number): number => (f < 0 ? -1 - f : this.#imports.length + f)
    section(7, this.#exports.map(([name, index]) => [...text(name), 0x00, ...encoded(place(index))]))
    section(10, this.#functions.map(({ code }) => {
      const body = code.finish(place)
      return encoded(body.length).concat(body)
    }))
    return Uint8Array.from(out)
  }
}
