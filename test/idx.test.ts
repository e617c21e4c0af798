// The idx reader: every type, and every way a header can lie.
import { describe, expect, test } from 'vitest'
import { readIdx } from '../src/data/idx.ts'
import { FileFormatError } from '../src/engine/errors.ts'

/** Header of a type and sizes, followed by raw bytes. */
function idx(type: number, sizes: number[], body: number[]): Uint8Array {
  const head = sizes.flatMap(size => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255])
  return Uint8Array.from([0, 0, type, sizes.length, ...head, ...body])
}

describe('readIdx', () => {
  test.each([
    ['uint8', 8, [255, 1], Uint8Array.of(255, 1)],
    ['int8', 9, [255, 1], Int8Array.of(-1, 1)],
    ['int16', 11, [255, 254, 1, 0], Int16Array.of(-2, 256)],
    ['int32', 12, [255, 255, 255, 255, 0, 1, 0, 0], Int32Array.of(-1, 65536)],
    ['float32', 13, [0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0], Float32Array.of(1, -2.5)],
    ['float64', 14, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 4, 0, 0, 0, 0, 0, 0], Float64Array.of(1, -2.5)],
  ])('reads %s, big-endian', (_, type, body, data) => {
    expect(readIdx(idx(type, [2], body))).toEqual({ shape: [2], data })
  })

  test('keeps the shape, copies the data, and reads from the middle of a buffer', () => {
    const file = idx(8, [1, 2, 3], [1, 2, 3, 4, 5, 6])
    const inside = new Uint8Array([9, 9, 9, ...file, 9]).subarray(3, 3 + file.length)
    const { shape, data } = readIdx(inside)
    inside.fill(0)
    expect(shape).toEqual([1, 2, 3])
    expect(Array.from(data)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('no dimensions are one number, a size of 0 is none', () => {
    expect(readIdx(idx(8, [], [7]))).toEqual({ shape: [], data: Uint8Array.of(7) })
    expect(readIdx(idx(13, [0, 28], []))).toEqual({ shape: [0, 28], data: new Float32Array(0) })
  })

  test.each([
    ['too short', Uint8Array.of(0, 0, 8), /3 bytes are too few/],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0, 0), /compressed by gzip/],
    ['no idx', Uint8Array.of(0x89, 0x50, 0x4e, 0x47), /this one with 89 50 4e/],
    ['unknown type', idx(10, [1], [0]), /this one with 00 00 0a/],
    ['sizes cut off', Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1), /3 dimensions but the file ends/],
    ['data cut off', idx(11, [3], [0, 0]), /shape \[3\] of 2-byte numbers takes 14 bytes, the file has 10/],
    ['data too long', idx(8, [1], [0, 0]), /takes 9 bytes, the file has 10/],
    ['terabytes', idx(14, [0xffffffff, 0xffffffff], []), /takes .* bytes, the file has 12/],
  ])('refuses: %s', (_, bytes, message) => {
    expect(() => readIdx(bytes)).toThrow(FileFormatError)
    expect(() => readIdx(bytes)).toThrow(message)
  })
})
