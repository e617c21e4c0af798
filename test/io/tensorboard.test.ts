// Event files, read back by a reader of their own that shares nothing with what wrote them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ArgumentError, FileError } from '../../src/index.ts'
import { checkpoint, tensorBoard } from '../../src/io/io.ts'
import { crc32c } from '../../src/io/tensorboard.ts'
import type { Callback, Metrics } from '../../src/train/callback.ts'
import { SmallRun } from './run.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gradus-tensorboard-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** CRC-32C bit by bit, from its definition: the remainder of a division by 0x1EDC6F41, bits reflected. */
function checksum(bytes: Buffer): number {
  let rest = 0xffffffffn
  for (const byte of bytes) {
    rest ^= BigInt(byte)
    for (let i = 0; i < 8; i++) rest = rest & 1n ? (rest >> 1n) ^ 0x82f63b78n : rest >> 1n
  }
  return Number(rest ^ 0xffffffffn)
}
/** Undoes the mask. */
function unmasked(x: number): number {
  const turned = (BigInt(x) - 0xa282ead8n) & 0xffffffffn
  return Number(((turned >> 17n) | (turned << 15n)) & 0xffffffffn)
}

type Field = { field: number; value: number | Buffer }
/** The fields of a protobuf message. */
function fields(message: Buffer): Field[] {
  const out: Field[] = []
  let at = 0
  const varint = (): number => {
    let [x, scale] = [0, 1]
    for (;;) {
      const byte = message[at++]
      x += (byte & 127) * scale
      if (byte < 128) return x
      scale *= 128
    }
  }
  const taken = (n: number): Buffer => {
    at += n
    expect(at).toBeLessThanOrEqual(message.length)
    return message.subarray(at - n, at)
  }
  while (at < message.length) {
    const key = varint()
    const kind = key & 7
    const field = key >> 3
    if (kind === 0) out.push({ field, value: varint() })
    else if (kind === 1) out.push({ field, value: taken(8).readDoubleLE() })
    else if (kind === 5) out.push({ field, value: taken(4).readFloatLE() })
    else if (kind === 2) out.push({ field, value: taken(varint()) })
    else throw new Error(`kind ${kind}`)
  }
  return out
}
const one = (all: readonly Field[], field: number): number | Buffer => {
  const found = all.filter(other => other.field === field)
  expect(found.length).toBe(1)
  return found[0].value
}

interface Event {
  readonly time: number
  readonly step: number
  readonly version?: string
  readonly status?: number
  readonly values?: readonly [string, number][]
}
function events(path: string): Event[] {
  const bytes = readFileSync(path)
  const out: Event[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at))
    expect(unmasked(bytes.readUInt32LE(at + 8))).toBe(checksum(bytes.subarray(at, at + 8)))
    const message = bytes.subarray(at + 12, at + 12 + length)
    expect(unmasked(bytes.readUInt32LE(at + 12 + length))).toBe(checksum(message))
    at += 16 + length
    const all = fields(message)
    const common = { time: one(all, 1) as number, step: one(all, 2) as number }
    const [{ field, value }] = all.filter(other => other.field > 2)
    if (field === 3) out.push({ ...common, version: String(value) })
    else if (field === 7) out.push({ ...common, status: one(fields(value as Buffer), 1) as number })
    else
      out.push({
        ...common,
        values: fields(value as Buffer).map(({ value }) => {
          const pair = fields(value as Buffer)
          return [String(one(pair, 1)), one(pair, 2) as number]
        }),
      })
  }
  return out
}
const eventFiles = (): string[] => readdirSync(folder).filter(name => name.startsWith('events.'))
const all = (): Event[] =>
  eventFiles()
    .sort()
    .flatMap(name => events(join(folder, name)))
const scalars = (): (readonly [number, string, number])[] =>
  all().flatMap(({ step, values = [] }) => values.map(([name, x]) => [step, name, x] as const))

describe('an event file', () => {
  test('holds its version, the start of a session, and the numbers of steps and epochs', async () => {
    const measure = (run: SmallRun): Metrics => ({
      loss: run.epoch,
      'validation.loss': Number.NaN,
      verlustä: -Infinity,
    })
    const losses: number[] = []
    const note: Callback = { step: run => void losses.push(run.metrics.loss) }
    const before = Date.now() / 1000
    await new SmallRun(2, [note, tensorBoard(folder)], measure).go()
    const [version, start, ...rest] = all()
    expect(version).toMatchObject({ step: 0, version: 'brain.Event:2' })
    expect(start).toMatchObject({ step: 1, status: 1 })
    for (const { time } of rest) expect(time >= before && time <= Date.now() / 1000).toBe(true)
    expect(rest.map(({ step }) => step)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 20,
    ])
    expect(rest[0].values).toEqual([
      ['loss', Math.fround(losses[0])],
      ['lr', Math.fround(0.1)],
    ])
    expect(rest[21].values).toEqual([
      ['epoch/loss', 2],
      ['epoch/validation/loss', Number.NaN],
      ['epoch/verlustä', -Infinity],
    ])
    expect(eventFiles()[0]).toMatch(/^events\.out\.tfevents\.\d{10}\..+\.\d+\.0$/)
  })

  test('holds some of the steps, where that is wanted', async () => {
    await new SmallRun(1, [tensorBoard(folder, { every: 4 })]).go()
    expect(scalars().map(([step, name]) => `${step} ${name}`)).toEqual([
      '4 loss',
      '4 lr',
      '8 loss',
      '8 lr',
      '10 epoch/loss',
    ])
  })

  test('is another one after a resume, which takes back what was beyond', async () => {
    const run = (stop: number): Promise<unknown> =>
      new SmallRun(2, [
        tensorBoard(folder),
        checkpoint(join(folder, 'c'), { every: { steps: 4 } }),
        { step: run => run.step === stop && run.stop('enough') } as Callback,
      ]).go({ fail: stop === 0 ? 14 : Infinity })
    await expect(run(0)).rejects.toThrow('by the test')
    expect(eventFiles().length).toBe(1)
    await run(20)
    await run(-1)
    expect(eventFiles().length).toBe(3)
    const starts = all().flatMap(({ step, status }) => (status === 1 ? [step] : []))
    // killed after step 14 with a checkpoint at 12; stopped after step 20, before its epoch ended
    expect(starts).toEqual([1, 13, 21])
    const shown = new Map<string, number>()
    for (const { step, status, values = [] } of all()) {
      if (status === 1) for (const key of shown.keys()) if (Number(key.split(' ')[0]) >= step) shown.delete(key)
      for (const [name, x] of values) shown.set(`${step} ${name}`, x)
    }
    rmSync(folder, { recursive: true })
    await new SmallRun(2, [tensorBoard(folder)]).go()
    const whole = new Map(scalars().map(([step, name, x]) => [`${step} ${name}`, x]))
    expect(new Map([...shown].sort())).toEqual(new Map([...whole].sort()))
  })

  test('has large steps and long names', async () => {
    const name = 'x'.repeat(300)
    const run = new SmallRun(1, [])
    run.step = 2 ** 40 + 3
    run.metrics = { [name]: 1 }
    const callback = tensorBoard(folder)
    await callback.step?.(run)
    await callback.end?.(run)
    expect(scalars()).toEqual([[2 ** 40 + 3, name, 1]])
  })
})

test('the checksum is CRC-32C', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array())).toBe(0)
})

test('what cannot be written is an error', async () => {
  expect(() => tensorBoard('')).toThrow(ArgumentError)
  expect(() => tensorBoard('x', { every: 0 })).toThrow(/every is an integer of at least 1/)
  expect(() => tensorBoard('x', { each: 1 } as never)).toThrow(/unknown option 'each'/)
  writeFileSync(join(folder, 'file'), '')
  await expect(new SmallRun(1, [tensorBoard(join(folder, 'file'))]).go()).rejects.toThrow(FileError)
  const none = { loss: null } as never
  await expect(new SmallRun(1, [tensorBoard(folder)], () => none).go()).rejects.toThrow(/'loss' is a number, not null/)
})
