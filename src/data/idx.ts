// The idx file format, in which MNIST and its kin are published: a typed, shaped array of big-endian numbers.
import { FileFormatError } from '../engine/errors.ts'

/** What {@link readIdx} returns: row-major `data` with as many entries as the product of `shape`. */
export type IdxArray = {
  shape: number[]
  data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array
}

type Kind = { bytes: number; make: (n: number) => IdxArray['data']; get: (view: DataView, at: number) => number }

const kinds: Record<number, Kind> = {
  8: { bytes: 1, make: n => new Uint8Array(n), get: (view, at) => view.getUint8(at) },
  9: { bytes: 1, make: n => new Int8Array(n), get: (view, at) => view.getInt8(at) },
  11: { bytes: 2, make: n => new Int16Array(n), get: (view, at) => view.getInt16(at) },
  12: { bytes: 4, make: n => new Int32Array(n), get: (view, at) => view.getInt32(at) },
  13: { bytes: 4, make: n => new Float32Array(n), get: (view, at) => view.getFloat32(at) },
  14: { bytes: 8, make: n => new Float64Array(n), get: (view, at) => view.getFloat64(at) },
}

/**
 * Reads one idx file: `bytes -> { shape, data }`, e.g. `[60000, 28, 28]` for MNIST's training images, pixels 0..255.
 * `data` is a copy in this machine's byte order; the given bytes are left alone.
 *
 * Throws `FileFormatError` if the header is not idx's, or the file is not exactly as long as its header promises.
 * Format: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
 *
 * @example
 * readIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1))
 * // { shape: [ 3 ], data: Uint8Array(3) [ 7, 2, 1 ] }
 */
export function readIdx(bytes: Uint8Array): IdxArray {
  if (bytes.length < 4) throw new FileFormatError(`idx: ${bytes.length} bytes are too few for a header`)
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new FileFormatError('idx: this file is still compressed by gzip; unpack it first (in Node: zlib.gunzipSync)')
  }
  const kind = kinds[bytes[2]]
  if (bytes[0] !== 0 || bytes[1] !== 0 || !kind) {
    const found = Array.from(bytes.subarray(0, 3), b => b.toString(16).padStart(2, '0')).join(' ')
    throw new FileFormatError(`idx: a file starts with 00 00 and a type (08, 09 or 0b to 0e), this one with ${found}`)
  }
  const start = 4 + 4 * bytes[3]
  if (bytes.length < start) {
    throw new FileFormatError(`idx: the header promises ${bytes[3]} dimensions but the file ends inside their sizes`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shape = Array.from({ length: bytes[3] }, (_, i) => view.getUint32(4 + 4 * i))
  const count = shape.reduce((n, size) => n * size, 1)
  // Compared before anything is allocated: a damaged header can promise terabytes.
  const promised = start + count * kind.bytes
  if (promised !== bytes.length) {
    throw new FileFormatError(
      `idx: shape [${shape.join(', ')}] of ${kind.bytes}-byte numbers takes ${promised} bytes, the file has ${bytes.length}`,
    )
  }
  const data = kind.make(count)
  if (kind.bytes === 1) new Uint8Array(data.buffer).set(bytes.subarray(start))
  else for (let i = 0; i < count; i++) data[i] = kind.get(view, start + i * kind.bytes)
  return { shape, data }
}
