// Arithmetic on SIMD registers: the operations that the table's code columns and the kernels are written with.
import type { Registers, V, Width } from '../math/registers.ts'
import type { Access, Code, Module, Op } from './assembler.ts'

export type { V, Width }

/** Eight neighbouring bytes, to be picked by a shuffle. */
const picks = (first: number): number[] => Array.from({ length: 8 }, (_, i) => first + i)

/** 1.5 * 2^23 leaves no room for a fraction, so that adding it rounds; the whole number then stands in the lowest bits. */
const ROUNDING = { 4: 1.5 * 2 ** 23, 8: 1.5 * 2 ** 52 }

/** Registers of WebAssembly: 4 numbers of float32 or 2 of float64 in 16 bytes. */
export class Vector implements Registers {
  readonly doubles = true
  readonly #lanes: 'f32x4' | 'f64x2'
  readonly #ints: 'i32x4' | 'i64x2'

  constructor(
    readonly module: Module,
    readonly code: Code,
    readonly width: Width,
    /** Whether `madd` rounds once, where the engine can. */
    readonly fused: boolean,
  ) {
    this.#lanes = width === 4 ? 'f32x4' : 'f64x2'
    this.#ints = width === 4 ? 'i32x4' : 'i64x2'
  }

  /** How many numbers a register holds. */
  get count(): number { return 16 / this.width }

  /** The value on top of the stack as a variable. */
  take(mask?: true): V {
    const local = this.code.local('v128')
    this.code.set(local)
    return mask ? { local, mask } : { local }
  }
  #run(name: Op, ...xs: V[]): V {
    for (const x of xs) this.code.get(x.local)
    this.code.op(name)
    return this.take()
  }
  #test(name: Op, x: V, y: V): V {
    return { ...this.#run(name, x, y), mask: true }
  }

  const(x: number): V {
    const bytes = new Uint8Array(16)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < 16; i += this.width) {
      if (this.width === 4) view.setFloat32(i, x, true)
      else view.setFloat64(i, x, true)
    }
    return { local: this.code.constant(bytes) }
  }
  bits(low: number, high = 0): V {
    const bytes = new Uint8Array(16)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < 16; i += this.width) {
      view.setInt32(i, low | 0, true)
      if (this.width === 8) view.setInt32(i + 4, high | 0, true)
    }
    return { local: this.code.constant(bytes) }
  }

  add(x: V, y: V): V { return this.#run(`${this.#lanes}.add`, x, y) }
  sub(x: V, y: V): V { return this.#run(`${this.#lanes}.sub`, x, y) }
  mul(x: V, y: V): V { return this.#run(`${this.#lanes}.mul`, x, y) }
  div(x: V, y: V): V { return this.#run(`${this.#lanes}.div`, x, y) }
  neg(x: V): V { return this.#run(`${this.#lanes}.neg`, x) }
  abs(x: V): V { return this.#run(`${this.#lanes}.abs`, x) }
  sqrt(x: V): V { return this.#run(`${this.#lanes}.sqrt`, x) }
  floor(x: V): V { return this.#run(`${this.#lanes}.floor`, x) }
  ceil(x: V): V { return this.#run(`${this.#lanes}.ceil`, x) }
  trunc(x: V): V { return this.#run(`${this.#lanes}.trunc`, x) }
  nearest(x: V): V { return this.#run(`${this.#lanes}.nearest`, x) }
  min(x: V, y: V): V { return this.#run(`${this.#lanes}.min`, x, y) }
  max(x: V, y: V): V { return this.#run(`${this.#lanes}.max`, x, y) }
  pmin(x: V, y: V): V { return this.#run(`${this.#lanes}.pmin`, x, y) }
  pmax(x: V, y: V): V { return this.#run(`${this.#lanes}.pmax`, x, y) }
  rounded(x: V): V { return x }
  madd(x: V, y: V, z: V): V {
    return this.fused ? this.#run(`${this.#lanes}.relaxed_madd`, x, y, z) : this.add(this.mul(x, y), z)
  }
  nmadd(x: V, y: V, z: V): V {
    return this.fused ? this.#run(`${this.#lanes}.relaxed_nmadd`, x, y, z) : this.sub(z, this.mul(x, y))
  }
  whole(x: V, factor?: V): { n: V; bits: V } {
    const magic = this.const(ROUNDING[this.width])
    const bits = factor ? this.madd(x, factor, magic) : this.add(x, magic)
    return { bits, n: this.sub(bits, magic) }
  }

  eq(x: V, y: V): V { return this.#test(`${this.#lanes}.eq`, x, y) }
  ne(x: V, y: V): V { return this.#test(`${this.#lanes}.ne`, x, y) }
  lt(x: V, y: V): V { return this.#test(`${this.#lanes}.lt`, x, y) }
  le(x: V, y: V): V { return this.#test(`${this.#lanes}.le`, x, y) }
  gt(x: V, y: V): V { return this.#test(`${this.#lanes}.gt`, x, y) }
  ge(x: V, y: V): V { return this.#test(`${this.#lanes}.ge`, x, y) }

  // bits; the result of two masks is a mask
  and(x: V, y: V): V { return this.#bitwise('v128.and', x, y) }
  or(x: V, y: V): V { return this.#bitwise('v128.or', x, y) }
  xor(x: V, y: V): V { return this.#bitwise('v128.xor', x, y) }
  andnot(x: V, y: V): V { return this.#bitwise('v128.andnot', x, y) }
  not(x: V): V {
    const out = this.#run('v128.not', x)
    return x.mask ? { ...out, mask: true } : out
  }
  #bitwise(name: Op, x: V, y: V): V {
    const out = this.#run(name, x, y)
    return x.mask && y.mask ? { ...out, mask: true } : out
  }

  // whole numbers in lanes of the same size: 32 bits beside float32, 64 beside float64
  iadd(x: V, y: V): V { return this.#run(`${this.#ints}.add`, x, y) }
  isub(x: V, y: V): V { return this.#run(`${this.#ints}.sub`, x, y) }
  ilt(x: V, y: V): V { return this.#test(`${this.#ints}.lt_s`, x, y) }
  shl(x: V, n: number): V { return this.#shift('shl', x, n) }
  ushr(x: V, n: number): V { return this.#shift('shr_u', x, n) }
  #shift(name: 'shl' | 'shr_u', x: V, n: number): V {
    this.code.get(x.local).i32(n).op(`${this.#ints}.${name}`)
    return this.take()
  }

  where(condition: V, x: V, y: V): V {
    const mask = this.mask(condition)
    this.code.get(x.local).get(y.local).get(mask.local).op('v128.bitselect')
    return this.take(x.mask && y.mask)
  }
  mask(x: V): V { return x.mask ? x : this.ne(x, this.const(0)) }
  number(x: V): V { return x.mask ? { local: this.and(x, this.const(1)).local } : x }

  host(name: string, f: (...x: number[]) => number, ...xs: V[]): V {
    const { code, count } = this
    const call = this.module.host(name, f, xs.length)
    const out = code.local('v128')
    for (let i = 0; i < count; i++) {
      if (i > 0) code.get(out)
      for (const x of xs) {
        code.get(x.local).extract(`${this.#lanes}.extract_lane`, i)
        if (this.width === 4) code.op('f64.promote_f32')
      }
      code.call(call)
      if (this.width === 4) code.op('f32.demote_f64')
      if (i === 0) code.op(`${this.#lanes}.splat`)
      else code.extract(`${this.#lanes}.replace_lane`, i)
      code.set(out)
    }
    return { local: out }
  }

  rare(mask: V, x: V, f: () => V): V {
    const { code } = this
    const out = code.local('v128')
    code.get(x.local).set(out).get(mask.local).op('v128.any_true').when(() => {
      code.get(f().local).get(x.local).get(mask.local).op('v128.bitselect').set(out)
    })
    return { local: out }
  }
  /** The two halves one after the other. */
  wide(f: (a: Registers, ...x: V[]) => V, ...xs: V[]): V {
    const { code } = this
    const double = new Vector(this.module, code, 8, this.fused)
    const halves = [0, 8].map(from => {
      const half = xs.map(x => {
        code.get(x.local)
        if (from > 0) code.get(x.local).shuffle(Array.from({ length: 16 }, (_, i) => (i % 8) + from))
        code.op('f64x2.promote_low_f32x4')
        return double.take()
      })
      code.get(f(double, ...half).local).op('f32x4.demote_f64x2_zero')
      return double.take()
    })
    for (const half of halves) code.get(half.local)
    code.shuffle(Array.from({ length: 16 }, (_, i) => (i < 8 ? i : i + 8)))
    return this.take()
  }

  /** As many registers as there are lanes, as the rows of a matrix: its columns. */
  transpose(rows: readonly V[]): V[] {
    // pairs of lanes of two registers, by how many bytes a pick has and where the picks begin
    const zip = (bytes: number, x: V, y: V, firsts: readonly number[]): V => {
      this.code.get(x.local).get(y.local)
      this.code.shuffle(firsts.flatMap(first => Array.from({ length: bytes }, (_, i) => first + i)))
      return this.take()
    }
    if (this.width === 8) return [0, 8].map(at => zip(8, rows[0], rows[1], [at, at + 16]))
    const [low, high] = [0, 8].map(at => {
      const picks = [at, at + 16, at + 4, at + 20]
      return [zip(4, rows[0], rows[1], picks), zip(4, rows[2], rows[3], picks)]
    })
    return [low, high].flatMap(([x, y]) => [zip(8, x, y, [0, 16]), zip(8, x, y, [8, 24])])
  }

  // memory, at the address in a variable

  load(address: number, offset = 0): V {
    this.code.get(address).memory('v128.load', offset)
    return this.take()
  }
  store(address: number, x: V, offset = 0): void {
    this.code.get(address).get(x.local).memory('v128.store', offset)
  }
  /** The first `count` numbers, 0 in the other lanes; touches nothing behind them. */
  loadPart(address: number, count: number, offset = 0): V {
    const { code } = this
    const bytes = count * this.width
    if (bytes === 16) return this.load(address, offset)
    if (bytes === 0) return this.const(0)
    code.get(address).memory(bytes === 4 ? 'v128.load32_zero' : 'v128.load64_zero', offset)
    if (bytes !== 12) return this.take()
    const low = this.take()
    code.get(address).get(low.local).lane('v128.load32_lane', 2, offset + 8)
    return this.take()
  }
  /** Stores the first `count` numbers; touches nothing behind them. */
  storePart(address: number, x: V, count: number, offset = 0): void {
    const { code } = this
    const bytes = count * this.width
    if (bytes === 16) this.store(address, x, offset)
    if (bytes === 8 || bytes === 12) code.get(address).get(x.local).lane('v128.store64_lane', 0, offset)
    if (bytes === 4) code.get(address).get(x.local).lane('v128.store32_lane', 0, offset)
    if (bytes === 12) code.get(address).get(x.local).lane('v128.store32_lane', 2, offset + 8)
  }
  /** Stores the number in one lane. */
  storeLane(address: number, x: V, lane: number, offset = 0): void {
    this.code.get(address).get(x.local).lane(this.width === 4 ? 'v128.store32_lane' : 'v128.store64_lane', lane, offset)
  }
  /** True in the first `count` lanes. */
  first(count: number): V {
    return { local: this.code.constant(new Uint8Array(16).fill(0xff, 0, count * this.width)), mask: true }
  }
  /** A variable that `assign` changes, 0 at first. */
  variable(): V { return { local: this.code.local('v128') } }
  assign(to: V, x: V): void { this.code.get(x.local).set(to.local) }
  /**
   * Runs the body for n neighbouring numbers, a register at a time and the rest as a part: it is given how many. Small
   * n are written out: `offset` is by how many registers the body is further than the variables, which move by so many
   * bytes a number, and back at the end.
   */
  each(
    n: number,
    moves: readonly (readonly [local: number, bytes: number])[],
    body: (count: number, offset: number) => void,
  ): void {
    const { code, count } = this
    const whole = Math.floor(n / count)
    const unroll = whole <= 8 ? whole : 4
    const rounds = unroll && Math.floor(whole / unroll)
    const move = (elements: number): void => {
      for (const [local, bytes] of moves) code.advance(local, elements * bytes)
    }
    code.repeat(rounds, () => {
      for (let i = 0; i < unroll; i++) body(count, i)
      if (rounds > 1) move(unroll * count)
    })
    const behind = rounds > 1 ? 0 : unroll
    const rest = whole - rounds * unroll
    for (let i = 0; i < rest; i++) body(count, behind + i)
    if (n % count) body(n % count, behind + rest)
    if (rounds > 1) move(-rounds * unroll * count)
  }
  /** Four numbers of float32 as two registers of float64. */
  halves(x: V): [V, V] {
    const { code } = this
    code.get(x.local).op('f64x2.promote_low_f32x4')
    const low = this.take()
    code.get(x.local).get(x.local).shuffle([...picks(8), ...picks(8)]).op('f64x2.promote_low_f32x4')
    return [low, this.take()]
  }
  /** Four numbers of float32 as two sums in float64. */
  pair(x: V): V {
    const [low, high] = this.halves(x)
    this.code.get(low.local).get(high.local).op('f64x2.add')
    return this.take()
  }
  /** Two registers of float64 as four numbers of float32. */
  narrow(low: V, high: V): V {
    const { code } = this
    code.get(low.local).op('f32x4.demote_f64x2_zero').get(high.local).op('f32x4.demote_f64x2_zero')
    code.shuffle([...picks(0), ...picks(16)])
    return this.take()
  }
  /** Zeros over `bytes`, rounded up to whole registers. */
  clear(address: number, bytes: number): void {
    const { code } = this
    const zero = this.const(0)
    const count = Math.ceil(bytes / 16)
    const at = code.local('i32')
    code.get(address).set(at)
    const some = (n: number): void => {
      for (let i = 0; i < n; i++) this.store(at, zero, 16 * i)
    }
    code.repeat(count >> 2, () => {
      some(4)
      code.advance(at, 64)
    })
    some(count & 3)
  }
  /** One number in all lanes. */
  splat(address: number, offset = 0): V {
    const name: Access = this.width === 4 ? 'v128.load32_splat' : 'v128.load64_splat'
    this.code.get(address).memory(name, offset)
    return this.take()
  }
}
