// A WebAssembly module, byte by byte: the few instructions that the kernels use, and no more.

/** Instructions, encoded. */
export type Code = readonly number[]

/** Unsigned LEB128. */
function unsigned(n: number): number[] {
  const bytes: number[] = []
  let rest = n
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest ? low | 0x80 : low)
  } while (rest)
  return bytes
}

/** Signed LEB128. */
function signed(n: number): number[] {
  const bytes: number[] = []
  for (let rest = n; ; rest >>= 7) {
    const low = rest & 0x7f
    const done = (rest >> 7 === 0 && (low & 0x40) === 0) || (rest >> 7 === -1 && (low & 0x40) !== 0)
    bytes.push(done ? low : low | 0x80)
    if (done) return bytes
  }
}

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)]
/** A load or store: how it is aligned (a power of two) and how far from the address. */
const access = (opcode: number, align: number, offset: number): Code => [...simd(opcode), align, ...unsigned(offset)]

export const get = (local: number): Code => [0x20, ...unsigned(local)]
export const set = (local: number): Code => [0x21, ...unsigned(local)]
export const i32 = {
  const: (n: number): Code => [0x41, ...signed(n)],
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
  shl: [0x74],
  shr: [0x76],
} satisfies Record<string, Code | ((n: number) => Code)>
export const v128 = {
  load: (offset = 0): Code => access(0x00, 2, offset),
  store: (offset = 0): Code => access(0x0b, 2, offset),
  zero: [...simd(0x0c), ...new Array<number>(16).fill(0)] as Code,
}

/** The instructions of one float type's vectors. */
export interface Lanes {
  readonly bytes: number
  readonly splat: (offset?: number) => Code
  readonly add: Code
  readonly mul: Code
  /** a*b + c rounded once, where the engine has relaxed SIMD. */
  readonly madd: Code
}
export const f32x4: Lanes = {
  bytes: 4,
  splat: (offset = 0) => access(0x09, 2, offset),
  add: simd(0xe4),
  mul: simd(0xe6),
  madd: simd(0x105),
}
export const f64x2: Lanes = {
  bytes: 8,
  splat: (offset = 0) => access(0x0a, 3, offset),
  add: simd(0xf0),
  mul: simd(0xf2),
  madd: simd(0x107),
}

/** Columns of a block of a matrix product: two vectors. */
export const columnsOf = (lanes: Lanes): number => 32 / lanes.bytes

/** local += n */
export const advance = (local: number, n: Code): Code => [...get(local), ...n, ...i32.add, ...set(local)]

/** Runs the body `count` times (at least once), counting the local down to 0. */
export const times = (local: number, count: Code, body: Code): Code => [
  ...count,
  ...set(local),
  0x03,
  0x40, // loop
  ...body,
  ...get(local),
  ...i32.const(1),
  ...i32.sub,
  ...set(local),
  ...get(local),
  0x0d,
  0, // br_if 0
  0x0b,
]

const I32 = 0x7f
const V128 = 0x7b
const section = (id: number, ...items: Code[]): Code => {
  const body = [...unsigned(items.length), ...items.flat()]
  return [id, ...unsigned(body.length), ...body]
}
const text = (name: string): Code => [...unsigned(name.length), ...Array.from(name, c => c.charCodeAt(0))]

/** A module of one function, exported as `run`, of i32 parameters and no result, over the imported memory `env.memory`. */
export function assemble(f: {
  readonly parameters: number
  readonly integers: number
  readonly vectors: number
  readonly body: Code
}): Uint8Array<ArrayBuffer> {
  const locals = [2, ...unsigned(f.integers), I32, ...unsigned(f.vectors), V128]
  const code = [...locals, ...f.body, 0x0b]
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, [0x60, f.parameters, ...new Array<number>(f.parameters).fill(I32), 0]),
    ...section(2, [...text('env'), ...text('memory'), 0x02, 0x00, 1]),
    ...section(3, [0]),
    ...section(7, [...text('run'), 0x00, 0]),
    ...section(10, [...unsigned(code.length), ...code]),
  ])
}
