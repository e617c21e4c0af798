// The safetensors format: tensors by name in one file, which says of each where it lies, and holds nothing that runs.
import type { DType, Shape } from '../backend/array.ts'
import { allocate, byteSize } from '../backend/array.ts'
import { described, record } from '../engine/argument.ts'
import { ArgumentError, FileFormatError } from '../engine/errors.ts'
import { created } from '../engine/ops/create.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { parseJson } from './json.ts'

/** What a file holds. */
export interface SafeTensors {
  readonly tensors: Record<string, Tensor>
  /** Texts by name, as whoever wrote the file chose them. */
  readonly metadata: Record<string, string>
}

/** The reference's limit for the header. */
const MOST = 100_000_000
const FOREIGN =
  'Is this a safetensors file? What torch.save writes is none; in Python, safetensors.torch.save_file makes one'
/** Bytes before the header: its length. */
const PREFIX = 8
const METADATA = '__metadata__'

/** How a dtype of the file is read: as it lies there, or number by number. */
interface Kind {
  readonly bytes: number
  readonly dtype: DType
  readonly get?: (view: DataView, at: number) => number | bigint
}
const kinds: Readonly<Record<string, Kind>> = {
  F64: { bytes: 8, dtype: 'float64' },
  F32: { bytes: 4, dtype: 'float32' },
  I32: { bytes: 4, dtype: 'int32' },
  BOOL: { bytes: 1, dtype: 'bool' },
  F16: { bytes: 2, dtype: 'float32', get: (view, at) => half(view.getUint16(at, true)) },
  BF16: { bytes: 2, dtype: 'float32', get: (view, at) => brain(view.getUint16(at, true)) },
  I8: { bytes: 1, dtype: 'int32', get: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, dtype: 'int32', get: (view, at) => view.getUint8(at) },
  I16: { bytes: 2, dtype: 'int32', get: (view, at) => view.getInt16(at, true) },
  U16: { bytes: 2, dtype: 'int32', get: (view, at) => view.getUint16(at, true) },
  U32: { bytes: 4, dtype: 'int32', get: (view, at) => view.getUint32(at, true) },
  I64: { bytes: 8, dtype: 'int32', get: (view, at) => view.getBigInt64(at, true) },
  U64: { bytes: 8, dtype: 'int32', get: (view, at) => view.getBigUint64(at, true) },
}
const names: Readonly<Record<DType, string>> = { float64: 'F64', float32: 'F32', int32: 'I32', bool: 'BOOL' }

/** A number of 1 sign bit, 5 of exponent and 10 of fraction (IEEE 754 binary16). */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14)
}
const scratch = new DataView(new ArrayBuffer(4))
/** A bfloat16: the upper half of a float32. */
function brain(bits: number): number {
  scratch.setUint32(0, bits << 16)
  return scratch.getFloat32(0)
}

const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
/** Turns numbers of this machine into those of the file, or back, in place: the file's are little-endian. */
function ordered(bytes: Uint8Array, size: number): Uint8Array {
  if (!isLittle) for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse()
  return bytes
}

/** Where one tensor lies, in bytes behind the header. */
interface Place {
  readonly name: string
  readonly kind: Kind
  readonly shape: Shape
  readonly numel: number
  readonly begin: number
  readonly end: number
}

/** Is there half a character? Such texts have no UTF-8. */
const isBroken = (text: string): boolean => /\p{Surrogate}/u.test(text)

/** A map has no entries of its own, and the file would be empty. */
function plain<X extends object>(what: string, x: X): X {
  if ([Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(record('safetensors.encode', what, x))))
    return x
  const hint = x instanceof Map ? '. Did you mean Object.fromEntries(map)?' : ''
  throw new ArgumentError(`safetensors.encode: needs ${what}, in a plain object, not ${described(x)}${hint}`)
}

function text(what: string, x: unknown): string {
  if (typeof x !== 'string') throw new ArgumentError(`safetensors.encode: ${what} is a string, not ${described(x)}`)
  if (isBroken(x)) throw new ArgumentError(`safetensors.encode: ${what} holds half a surrogate pair`)
  return x
}

/**
 * The bytes of a safetensors file: `tensors` by name, values alone (no graph, no gradient), and texts by name.
 * float32, float64, int32 and bool are stored as F32, F64, I32 and BOOL, each tensor where its numbers are aligned.
 *
 * Format: https://github.com/huggingface/safetensors
 *
 * @throws ArgumentError when a tensor is none, a text is none, or for a name that the format keeps for itself
 * @example
 * const bytes = data.safetensors.encode({ weight: tensor([1, 2]) }, { author: 'me' })
 * data.safetensors.decode(bytes).tensors.weight // [1, 2]
 */
export function encode(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = Object.entries(plain('tensors by name', tensors))
  for (const [name, x] of entries) {
    text('the name of a tensor', name)
    if (name === METADATA) throw new ArgumentError(`safetensors.encode: no tensor may have the name '${METADATA}'`)
    if (!(x instanceof Tensor))
      throw new ArgumentError(`safetensors.encode: '${name}' is no tensor but ${described(x)}`)
  }
  const texts = Object.entries(plain('metadata, which is texts by name', metadata))
  for (const [name, x] of texts) {
    text('a name in metadata', name)
    text(`metadata '${name}'`, x)
  }
  // the widest numbers first: each tensor then begins at a multiple of its numbers' size
  const placed = [...entries].sort(([, a], [, b]) => byteSize(b.dtype) - byteSize(a.dtype))
  const begins = new Map<string, number>()
  let length = 0
  for (const [name, x] of placed) {
    begins.set(name, length)
    length += x.nbytes
  }
  const header = Object.fromEntries([
    ...(texts.length > 0 ? [[METADATA, Object.fromEntries(texts)] as const] : []),
    ...entries.map(([name, { dtype, shape, nbytes }]) => {
      const begin = begins.get(name) as number
      return [name, { dtype: names[dtype], shape, data_offsets: [begin, begin + nbytes] }] as const
    }),
  ])
  const json = new TextEncoder().encode(JSON.stringify(header))
  const start = PREFIX + Math.ceil(json.length / 8) * 8
  if (start - PREFIX > MOST)
    throw new ArgumentError(
      `safetensors.encode: names and texts take ${json.length} bytes, a file has room for ${MOST}`,
    )
  const bytes = new Uint8Array(start + length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - PREFIX), true)
  bytes.set(json, PREFIX)
  bytes.fill(0x20, PREFIX + json.length, start)
  for (const [name, { data, dtype, nbytes }] of placed) {
    const at = start + (begins.get(name) as number)
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, nbytes), at)
    ordered(bytes.subarray(at, at + nbytes), byteSize(dtype))
  }
  return bytes
}

/**
 * What a safetensors file holds; tensors and texts are copies. Everything the header says is checked against the file
 * before there is room for a tensor.
 *
 * F32, F64, I32 and BOOL are read bit by bit. F16 and BF16 become float32, which holds them exactly; I8, U8, I16, U16,
 * U32, I64 and U64 become int32, and it is an error when a number does not fit.
 *
 * Format: https://github.com/huggingface/safetensors
 *
 * @throws FileFormatError saying what is wrong with the file, and with which tensor
 * @example
 * const { metadata } = data.safetensors.decode(data.safetensors.encode({ bias: tensor([0]) }, { author: 'me' }))
 * metadata.author // 'me'
 */
export function decode(bytes: Uint8Array): SafeTensors {
  if (!(bytes instanceof Uint8Array))
    throw new ArgumentError(`safetensors.decode: needs a Uint8Array, not ${described(bytes)}`)
  const { start, header } = read(bytes)
  const metadata = textsOf(header[METADATA])
  const places = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => place(name, entry))
  fill(places, bytes.length - start)
  const tensors = places.map(at => [at.name, loaded(at, bytes.subarray(start + at.begin, start + at.end))] as const)
  return { tensors: Object.fromEntries(tensors), metadata }
}

const wrong = (what: string): FileFormatError => new FileFormatError(`safetensors: ${what}`)
/** A value of the header, as errors print it: of hostile ones the beginning. */
function quoted(x: unknown): string {
  const json = String(JSON.stringify(x))
  return json.length > 60 ? `${json.slice(0, 60)}…` : json
}
const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x)
/** Is it a whole number >= 0 that is exact? */
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0 && !Object.is(x, -0)

/** The header, and where the data begins. */
function read(bytes: Uint8Array): { start: number; header: Record<string, unknown> } {
  if (bytes.length < PREFIX) throw wrong(`${bytes.length} bytes are too few for a header`)
  const promised = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (promised > BigInt(MOST))
    throw wrong(`a header of ${promised} bytes is too long: at most ${MOST} are allowed. ${FOREIGN}`)
  const start = PREFIX + Number(promised)
  if (start > bytes.length)
    throw wrong(`a header of ${promised} bytes is promised, the file ends after ${bytes.length - PREFIX}. Was it cut?`)
  if (bytes[PREFIX] !== 0x7b) throw wrong(`the header does not begin with {. ${FOREIGN}`)
  let header: unknown
  try {
    header = parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(PREFIX, start)))
  } catch (error) {
    throw wrong(`the header is no JSON in UTF-8 (${error instanceof Error ? error.message : String(error)})`)
  }
  return { start, header: header as Record<string, unknown> }
}

function textsOf(x: unknown): Record<string, string> {
  if (x === undefined) return {}
  if (!isRecord(x)) throw wrong(`${METADATA} is an object of strings, not ${quoted(x)}`)
  const texts = Object.entries(x).map(([name, value]): [string, string] => {
    if (typeof value !== 'string') throw wrong(`${METADATA}: ${quoted(name)} is a string, not ${quoted(value)}`)
    return [name, value]
  })
  return Object.fromEntries(texts)
}

/** One tensor's entry, checked on its own. */
function place(name: string, entry: unknown): Place {
  const fault = (what: string): FileFormatError => wrong(`tensor ${quoted(name)}: ${what}`)
  if (!isRecord(entry)) throw fault(`an object with dtype, shape and data_offsets, not ${quoted(entry)}`)
  const { dtype, shape, data_offsets: offsets } = entry
  const kind = typeof dtype === 'string' && Object.hasOwn(kinds, dtype) ? kinds[dtype] : undefined
  if (!kind) throw fault(`dtype ${quoted(dtype)} cannot be read. These can: ${Object.keys(kinds).join(', ')}`)
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw fault(`its shape is a list of whole numbers from 0 to 2^53 - 1, not ${quoted(shape)}`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw fault(`data_offsets are two whole numbers, not ${quoted(offsets)}`)
  const [begin, end] = offsets as [number, number]
  let numel = 1
  // kept exact all the way: a size of 0 behind it would hide what overflows
  for (const size of shape) {
    numel *= size
    if (!Number.isSafeInteger(numel * kind.bytes)) throw fault(`a shape of ${quoted(shape)} is too large`)
  }
  const size = numel * kind.bytes
  if (end - begin !== size)
    throw fault(
      `${dtype} of shape ${quoted(shape)} takes ${size} bytes, data_offsets ${show([begin, end])} have ${end - begin}`,
    )
  return { name, kind, shape, numel, begin, end }
}

/** Do the tensors fill the data, each beginning where another ends? */
function fill(places: readonly Place[], length: number): void {
  let at = 0
  for (const { name, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      throw wrong(
        `tensor ${quoted(name)}: begins at byte ${begin}, the one before it ends at ${at}: there must be no ${begin < at ? 'overlap' : 'gap'}`,
      )
    at = end
  }
  if (at !== length)
    throw wrong(
      `the tensors take ${at} bytes, the file has ${length} for them. ${at > length ? 'Was it cut?' : ''}`.trim(),
    )
}

function loaded({ name, kind, shape, numel }: Place, bytes: Uint8Array): Tensor {
  const { dtype, get } = kind
  const fault = (what: string): FileFormatError => wrong(`tensor ${quoted(name)}: ${what}`)
  const data = allocate(dtype, numel)
  if (get) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < numel; i++) {
      const x = get(view, i * kind.bytes)
      if (dtype === 'int32' && (x < -(2 ** 31) || x >= 2 ** 31)) throw fault(`${x} does not fit int32`)
      data[i] = Number(x)
    }
  } else {
    new Uint8Array(data.buffer).set(bytes)
    ordered(new Uint8Array(data.buffer), kind.bytes)
    if (dtype === 'bool' && data.some(x => x > 1)) throw fault('a BOOL is 0 or 1')
  }
  return created('safetensors.decode', { dtype, shape, data })
}
