// TensorBoard's event files: each number of a run as a protobuf message in a record with checksums.
import fs from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { integer, options } from '../engine/argument.ts'
import type { Callback, Metrics } from '../train/callback.ts'
import { attempt, fixedPath, writeAll } from './file.ts'
import { numbers } from './log.ts'

export interface TensorBoardOptions {
  /** After how many steps the numbers of one are written, beside those of each epoch (1). */
  readonly every?: number
}

interface EventFile {
  readonly path: string
  readonly fd: number
}
/** SessionLog's status of a session that begins: what older files have from its step on is not shown. */
const START = 1

/**
 * A callback of `fit` that writes event files for TensorBoard: `tensorboard --logdir runs`. Numbers of steps are named
 * as they are, those of epochs `epoch/…`; a dot becomes a slash, by which TensorBoard groups: `validation.loss` is
 * `epoch/validation/loss`. TensorBoard holds float32.
 *
 * Each process writes a file of its own. A resumed run tells TensorBoard to forget what lies beyond the step at which
 * it goes on. Each number is in the file when the next step begins, and on the disk at the end of an epoch.
 *
 * Formats: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto and
 * https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 *
 * @throws ArgumentError for an unknown option or one out of range; FileError, in the run, when the file cannot be written
 * @example
 * await fit(model, { ...options, callbacks: [tensorBoard('runs/digits')] })
 */
export function tensorBoard(path: string, given: TensorBoardOptions = {}): Callback {
  const { every = 1 } = options('tensorBoard', given, ['every'])
  integer('tensorBoard', 'every', every, 1)
  const folder = fixedPath('tensorBoard', 'the folder', path)
  let file: EventFile | null = null
  /** The file; one that is begun now takes the place of what older ones have from `step` on. */
  function opened(step: number): EventFile {
    file ??= begun(folder, step)
    return file
  }

  return {
    step({ step, metrics }) {
      numbers('tensorBoard', metrics)
      const file = opened(step)
      if (step % every === 0) write(file, event(step, scalars('', metrics)))
    },
    epoch({ step, metrics }) {
      // where a run was stopped after the last step of an epoch, that step's numbers are there, and this comes first
      numbers('tensorBoard', metrics)
      const file = opened(step + 1)
      write(file, event(step, scalars('epoch/', metrics)))
      attempt('tensorBoard', 'flush', file.path, () => fs.fsyncSync(file.fd))
    },
    end() {
      if (!file) return
      const { path, fd } = file
      file = null
      attempt('tensorBoard', 'close', path, () => fs.closeSync(fd))
    },
  }
}

function begun(folder: string, step: number): EventFile {
  attempt('tensorBoard', 'make', folder, () => fs.mkdirSync(folder, { recursive: true }))
  // TensorBoard reads files in the order of their names
  const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0')
  const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}`
  const taken = fs.readdirSync(folder).filter(other => other.startsWith(name)).length
  const path = join(folder, `${name}.${taken}`)
  const file = { path, fd: attempt('tensorBoard', 'make', path, () => fs.openSync(path, 'wx')) }
  write(file, event(0, bytes(3, utf8('brain.Event:2'))))
  write(file, event(step, bytes(7, varint(1, START))))
  return file
}
const write = ({ path, fd }: EventFile, event: Uint8Array): void =>
  attempt('tensorBoard', 'write', path, () => writeAll(fd, record(event)))

// ---- protobuf: a field is its number and kind of coding in one varint, then its content

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
/** A whole number >= 0 in groups of seven bits, the lowest first; all but the last are marked. */
function groups(x: number): number[] {
  const out: number[] = []
  for (; x >= 128; x = Math.floor(x / 128)) out.push((x % 128) | 128)
  return [...out, x]
}
const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const key = (field: number, kind: number): number[] => groups(field * 8 + kind)
const varint = (field: number, x: number): Uint8Array => Uint8Array.from([...key(field, VARINT), ...groups(x)])
const bytes = (field: number, content: Uint8Array): Uint8Array =>
  joined(Uint8Array.from([...key(field, BYTES), ...groups(content.length)]), content)
function float(field: number, x: number): Uint8Array {
  const content = new DataView(new ArrayBuffer(4))
  content.setFloat32(0, x, true)
  return joined(Uint8Array.from(key(field, FIXED32)), new Uint8Array(content.buffer))
}
function double(field: number, x: number): Uint8Array {
  const content = new DataView(new ArrayBuffer(8))
  content.setFloat64(0, x, true)
  return joined(Uint8Array.from(key(field, FIXED64)), new Uint8Array(content.buffer))
}

/** An Event: wall_time = 1, step = 2, and what it is about (file_version = 3, summary = 5, session_log = 7). */
const event = (step: number, what: Uint8Array): Uint8Array =>
  joined(double(1, Date.now() / 1000), varint(2, step), what)

/** An Event's summary (5): values (1), each of a tag (1) and a number (2). */
const scalars = (prefix: string, metrics: Metrics): Uint8Array =>
  bytes(
    5,
    joined(
      ...Object.entries(metrics).map(([name, x]) =>
        bytes(1, joined(bytes(1, utf8(prefix + name.replaceAll('.', '/'))), float(2, x))),
      ),
    ),
  )

// ---- TFRecord: length, its checksum, the data, its checksum

/** CRC-32C (Castagnoli), by bytes. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]
  return ~crc >>> 0
}
/** Turned and moved, as the format has it: a checksum of data that holds checksums tells little. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0

function record(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length + 4)
  const view = new DataView(out.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, masked(crc32c(out.subarray(0, 8))), true)
  out.set(data, 12)
  view.setUint32(12 + data.length, masked(crc32c(data)), true)
  return out
}
