// The safetensors format: what the reference wrote is read, what is written is the reference's, and nothing else passes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ArgumentError, data, FileFormatError, Generator, nn, Tensor, tensor, zeros } from '../../src/index.ts'

const { decode, encode } = data.safetensors
const fixture = (name: string): Uint8Array =>
  readFileSync(join(import.meta.dirname, '../fixtures', `${name}.safetensors`))

/** A file of a header, given as text, and data. */
function file(header: string, data: readonly number[] = []): Uint8Array {
  const json = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + json.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(data, 8 + json.length)
  return bytes
}
const header = (x: object): string => JSON.stringify(x)
const headerOf = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes.subarray(8, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))))

const bits = ({ dtype, shape, data }: Tensor): unknown => [
  dtype,
  shape,
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
]
const bitsOf = (tensors: Readonly<Record<string, Tensor>>): unknown =>
  Object.entries(tensors).map(([name, x]) => [name, bits(x)])

describe('files of the reference implementation', () => {
  test('are read bit by bit', () => {
    const { tensors, metadata } = decode(fixture('native'))
    expect(metadata).toEqual({ format: 'np', quote: '"\\ é 漢 😀' })
    expect(tensors.float64.dtype).toBe('float64')
    expect(tensors.float64.toArray()).toEqual([
      [0.1, -0, Infinity],
      [Number.NaN, 5e-324, Number.MAX_VALUE],
    ])
    expect(tensors.float32.toArray()).toEqual([Math.fround(0.1), -0, 3.4028234663852886e38])
    expect(tensors.int32.toArray()).toEqual([[-(2 ** 31)], [2 ** 31 - 1]])
    expect(tensors.bool.toArray()).toEqual([true, false, true])
    expect([tensors.number.shape, tensors.number.item()]).toEqual([[], 7])
    expect(tensors.empty.shape).toEqual([0, 3])
    expect(tensors['blocks.0.weight'].toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
  })

  test('with dtypes that Gradus has not are converted where nothing is lost', () => {
    const { tensors } = decode(fixture('converted'))
    const read = Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, [x.dtype, x.toArray()]]))
    expect(read).toEqual({
      i8: ['int32', [-128, 127]],
      u8: ['int32', [0, 255]],
      i16: ['int32', [-32768, 32767]],
      u16: ['int32', [0, 65535]],
      u32: ['int32', [0, 2 ** 31 - 1]],
      i64: ['int32', [-(2 ** 31), 2 ** 31 - 1]],
      u64: ['int32', [0, 5]],
      f16: ['float32', [1.5, -65504, 2 ** -24, -0, Infinity]],
      bf16: ['float32', [1.5, -123.5, 2 ** -133, -0, -Infinity]],
    })
  })

  test('are refused where something would be, by name', () => {
    expect(() => decode(fixture('large'))).toThrow(FileFormatError)
    expect(() => decode(fixture('large'))).toThrow(/tensor "large": 2147483648 does not fit int32/)
    expect(() => decode(fixture('unknown'))).toThrow(FileFormatError)
    expect(() => decode(fixture('unknown'))).toThrow(/tensor "w": dtype "F8_E4M3" cannot be read\. These can: F64, F32/)
  })
})

describe('what is written', () => {
  const tensors = {
    b: tensor([true, false]),
    i: tensor([1, -2, 3], { dtype: 'int32' }),
    'a.x y/é😀': tensor([[0.1], [Number.NaN]]),
    d: tensor([-0, Infinity, 5e-324], { dtype: 'float64' }),
    none: zeros([3, 0]),
    scalar: tensor(2),
  }

  test('comes back bit by bit, in order', () => {
    const read = decode(encode(tensors, { a: 'x', '': '"\\\n\u0000' }))
    expect(bitsOf(read.tensors)).toEqual(bitsOf(tensors))
    expect(read.metadata).toEqual({ a: 'x', '': '"\\\n\u0000' })
  })

  test('is laid out as the reference lays it out: padded with spaces, widest first, aligned', () => {
    const bytes = encode(tensors)
    const text = headerOf(bytes)
    expect(text.length % 8 === 0 || new TextEncoder().encode(text).length % 8 === 0).toBe(true)
    const entries = JSON.parse(text) as Record<string, { dtype: string; data_offsets: [number, number] }>
    expect(entries.d).toEqual({ dtype: 'F64', shape: [3], data_offsets: [0, 24] })
    const widths: Record<string, number> = { F64: 8, F32: 4, I32: 4, BOOL: 1 }
    for (const { dtype, data_offsets } of Object.values(entries)) expect(data_offsets[0] % widths[dtype]).toBe(0)
    expect(decode(encode({})).tensors).toEqual({})
  })

  test('needs no more than the values: a view into a larger buffer, a parameter, a NaN with a payload', () => {
    const payload = new Float32Array(Uint32Array.of(0x7fc12345, 0xff812345).buffer)
    const x = new Tensor([2], 'float32', payload)
    expect(bits(decode(encode({ x })).tensors.x)).toEqual(bits(x))
    const odd = new Uint8Array(encode({ x }).length + 3)
    odd.set(encode({ x }), 3)
    expect(bits(decode(odd.subarray(3)).tensors.x)).toEqual(bits(x))
    const weight = nn.parameter(tensor([1, 2]))
    const back = decode(encode({ weight })).tensors.weight
    expect([back.requiresGrad, back.toArray()]).toEqual([false, [1, 2]])
  })

  test('is a copy, both ways', () => {
    const x = tensor([1, 2])
    const bytes = encode({ x })
    const read = decode(bytes).tensors.x
    bytes.fill(0)
    expect(x.toArray()).toEqual([1, 2])
    expect(read.toArray()).toEqual([1, 2])
  })

  test('holds any name safely', () => {
    const names = ['__proto__', 'constructor', 'toString', '', '0', 'a.b', 'hasOwnProperty']
    const odd = Object.fromEntries(names.map((name, i) => [name, tensor([i])]))
    const { tensors, metadata } = decode(encode(odd, Object.fromEntries(names.map(name => [name, name]))))
    expect(Object.keys(tensors).sort()).toEqual([...names].sort())
    expect(Object.getPrototypeOf(tensors)).toBe(Object.prototype)
    expect(Object.hasOwn(metadata, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('is refused when it is none', () => {
    const wrong = (tensors: unknown, metadata?: unknown): void => void encode(tensors as never, metadata as never)
    expect(() => wrong({ w: [1, 2] })).toThrow(ArgumentError)
    expect(() => wrong({ w: [1, 2] })).toThrow(/safetensors\.encode: 'w' is no tensor but an array/)
    expect(() => wrong(null)).toThrow(/needs tensors by name, not null/)
    expect(() => wrong({}, { a: 1 })).toThrow(/metadata 'a' is a string, not 1/)
    expect(() => wrong({ __metadata__: tensor([1]) })).toThrow(/no tensor may have the name '__metadata__'/)
    expect(() => wrong({ '\ud800': tensor([1]) })).toThrow(/half a surrogate pair/)
    expect(() => decode([] as never)).toThrow(ArgumentError)
    // nothing of these would be in the file
    expect(() => wrong(new Map([['w', tensor([1])]]))).toThrow(/not an object \(Map\)\. .*Object\.fromEntries/)
    expect(() => wrong(new nn.Linear(1, 1))).toThrow(/in a plain object, not an object \(Linear\)/)
    expect(() => wrong({}, new Map([['a', 'b']]))).toThrow(/metadata, which is texts by name, in a plain object/)
  })
})

describe('what is no such file', () => {
  const entry = (x: object): object => ({ dtype: 'F32', shape: [1], data_offsets: [0, 4], ...x })
  const four = [0, 0, 0, 0]
  const long = new Uint8Array(16)
  new DataView(long.buffer).setBigUint64(0, 2n ** 63n, true)
  const deep = (n: number): string => '['.repeat(n) + ']'.repeat(n)
  const cases: readonly (readonly [what: string, bytes: Uint8Array, message: RegExp])[] = [
    ['nothing', new Uint8Array(), /0 bytes are too few/],
    ['a prefix', new Uint8Array(7), /7 bytes are too few/],
    ['too long a header', long, /9223372036854775808 bytes is too long: at most 100000000/],
    ['a header beyond the end', file(header({})).subarray(0, 9), /2 bytes is promised, the file ends after 1/],
    ['no object', file('[]'), /does not begin with \{/],
    ['a space first', file(' {}'), /does not begin with \{/],
    ['an empty header', file(''), /does not begin with \{/],
    ['no JSON', file('{"a"}'), /no JSON in UTF-8/],
    ['no UTF-8', new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff]), /no JSON in UTF-8/],
    ['a name twice', file(`{"a":${header(entry({}))},"a":${header(entry({}))}}`, four), /"a" stands twice/],
    ['a name twice, spelt otherwise', file(`{"a":${header(entry({}))},"\\u0061":{}}`, four), /stands twice/],
    ['a dtype twice', file('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', four), /twice/],
    ['metadata twice', file('{"__metadata__":{"x":"1","x":"2"}}'), /"x" stands twice/],
    ['metadata of numbers', file('{"__metadata__":{"x":1}}'), /__metadata__: "x" is a string, not 1/],
    ['metadata that is none', file('{"__metadata__":["x"]}'), /__metadata__ is an object of strings/],
    ['an entry that is none', file('{"a":3}'), /tensor "a": an object with dtype, shape and data_offsets, not 3/],
    ['no dtype', file(header({ a: entry({ dtype: undefined }) }), four), /tensor "a": dtype undefined cannot/],
    ['an inherited dtype', file(header({ a: entry({ dtype: 'constructor' }) }), four), /dtype "constructor" cannot/],
    ['a negative size', file(header({ a: entry({ shape: [-1] }) }), four), /whole numbers from 0 to 2\^53 - 1/],
    ['a negative zero', file('{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'), /whole numbers from 0/],
    ['a fraction', file(header({ a: entry({ shape: [1.5] }) }), four), /whole numbers from 0/],
    ['a string', file(header({ a: entry({ shape: ['1'] }) }), four), /whole numbers from 0/],
    ['a shape that is none', file(header({ a: entry({ shape: 1 }) }), four), /whole numbers from 0/],
    ['a size beyond 2^53', file(header({ a: entry({ shape: [2 ** 53] }) }), four), /whole numbers from 0/],
    ['a product beyond', file(header({ a: entry({ shape: [2 ** 40, 2 ** 40] }) }), four), /too large/],
    [
      'one hidden by 0',
      file(header({ a: entry({ shape: [2 ** 52, 2 ** 52, 0], data_offsets: [0, 0] }) })),
      /too large/,
    ],
    ['terabytes', file(header({ a: entry({ shape: [2 ** 40] }) }), four), /takes 4398046511104 bytes.* have 4/],
    ['terabytes promised', file(header({ a: entry({ shape: [2 ** 40], data_offsets: [0, 2 ** 42] }) })), /Was it cut/],
    ['another size', file(header({ a: entry({ shape: [2] }) }), four), /F32 of shape \[2\] takes 8 bytes/],
    ['offsets backwards', file(header({ a: entry({ data_offsets: [4, 0] }) }), four), /have -4/],
    ['three offsets', file(header({ a: entry({ data_offsets: [0, 4, 4] }) }), four), /two whole numbers/],
    ['an overlap', file(header({ a: entry({}), b: entry({}) }), four), /begins at byte 0.* ends at 4: .* no overlap/],
    ['a gap', file(header({ a: entry({ data_offsets: [4, 8] }) }), [...four, ...four]), /no gap/],
    ['bytes behind', file(header({ a: entry({}) }), [...four, 0]), /take 4 bytes, the file has 5/],
    ['bytes missing', file(header({ a: entry({}) }), [0, 0]), /take 4 bytes, the file has 2.*cut/],
    ['bytes for nothing', file('{}', [0]), /take 0 bytes, the file has 1/],
    ['a boolean of 2', file(header({ a: { dtype: 'BOOL', shape: [1], data_offsets: [0, 1] } }), [2]), /0 or 1/],
    ['depth', file(`{"a":${deep(1_000_000)}}`), /nested deeper than 1000/],
  ]
  for (const [what, bytes, message] of cases) {
    test(`is refused: ${what}`, () => {
      expect(() => decode(bytes)).toThrow(FileFormatError)
      expect(() => decode(bytes)).toThrow(message)
    })
  }

  test('one more thing in an entry is left alone, as the reference does', () => {
    expect(decode(file(header({ a: entry({ note: 1 }) }), four)).tensors.a.toArray()).toEqual([0])
  })

  test('flipped, cut and spliced files are refused or read, whatever is in them', () => {
    const whole = [
      fixture('native'),
      fixture('converted'),
      encode({ a: tensor([1, 2]), b: tensor([true]) }, { m: 'x' }),
    ]
    const generator = new Generator(7)
    const outcomes = { read: 0, refused: 0 }
    for (let i = 0; i < 6000; i++) {
      const bytes = Uint8Array.from(whole[i % whole.length])
      // most of what can go wrong is in the header
      const length = i % 2 ? bytes.length : Math.min(bytes.length, 300)
      for (let k = generator.integer(1, 4); k > 0; k--) {
        const at = generator.integer(0, length)
        if (k % 2) bytes[at] ^= 1 << generator.integer(0, 8)
        else bytes[at] = '{}[]":,0123456789eE-\\'.charCodeAt(generator.integer(0, 21))
      }
      const damaged = i % 3 ? bytes : bytes.subarray(0, generator.integer(0, bytes.length + 1))
      try {
        const { tensors } = decode(damaged)
        const size = Object.values(tensors).reduce((n, x) => n + x.nbytes, 0)
        expect(size).toBeLessThanOrEqual(8 * damaged.length)
        outcomes.read++
      } catch (error) {
        if (!(error instanceof FileFormatError)) throw error
        outcomes.refused++
      }
    }
    expect(outcomes.read).toBeGreaterThan(100)
    expect(outcomes.refused).toBeGreaterThan(1000)
  })

  test('any tensors and texts go round', () => {
    const shapes = fc.array(fc.nat(3), { maxLength: 3 })
    const any = fc
      .tuple(
        shapes,
        fc.constantFrom('float32' as const, 'float64' as const, 'int32' as const, 'bool' as const),
        fc.nat(),
      )
      .map(([shape, dtype, seed]) => {
        const generator = new Generator(seed)
        const n = shape.reduce((a, b) => a * b, 1)
        const xs = Float64Array.from({ length: n }, () => generator.integer(-5, 6))
        return tensor(xs, { dtype }).reshape(shape)
      })
    const texts = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(fc.dictionary(texts, any), fc.dictionary(texts, texts), (tensors, metadata) => {
        const read = decode(encode(tensors, metadata))
        expect(bitsOf(read.tensors)).toEqual(bitsOf(tensors))
        expect(Object.entries(read.metadata)).toEqual(Object.entries(metadata))
      }),
      { numRuns: 100, seed: 1 },
    )
  })
})
