// Files, whole or not at all: after any failure, at any moment, the old contents or the new ones.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ArgumentError, FileError, Generator, GradusError } from '../../src/index.ts'
import { type Disk, readWhole, replaceFile, sweep } from '../../src/io/file.ts'
import { bundle } from './bundle.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'gradus-file-'))
})
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (path: string): string => fs.readFileSync(path, 'utf8')

/** The error of a call that fails. */
function failure(f: () => unknown): FileError {
  try {
    f()
  } catch (error) {
    expect(error).toBeInstanceOf(FileError)
    return error as FileError
  }
  throw new Error('it did not fail')
}
const systemError = (code: string): Error => Object.assign(new Error(`${code}: by the test`), { code })

describe('a file', () => {
  test('is made, replaced and read; nothing lies beside it', () => {
    const path = join(folder, 'a.bin')
    replaceFile('save', path, bytes('one'))
    replaceFile('save', path, bytes('number two'))
    expect(new TextDecoder().decode(readWhole('load', path))).toBe('number two')
    replaceFile('save', path, new Uint8Array())
    expect(readWhole('load', path)).toEqual(new Uint8Array())
    expect(fs.readdirSync(folder)).toEqual(['a.bin'])
  })

  test('keeps its permissions, and a link goes on to point to it', () => {
    const path = join(folder, 'a.bin')
    fs.mkdirSync(join(folder, 'elsewhere'))
    const target = join(folder, 'elsewhere', 'b.bin')
    fs.writeFileSync(target, 'one')
    fs.chmodSync(target, 0o640)
    fs.symlinkSync(target, path)
    replaceFile('save', path, bytes('two'))
    expect(fs.lstatSync(path).isSymbolicLink()).toBe(true)
    expect(text(target)).toBe('two')
    expect(fs.statSync(target).mode & 0o777).toBe(0o640)
  })

  test('is made where a link points that points to nothing yet', () => {
    fs.mkdirSync(join(folder, 'elsewhere'))
    fs.symlinkSync('a.bin', join(folder, 'chain.bin'))
    fs.symlinkSync(join('elsewhere', 'b.bin'), join(folder, 'a.bin'))
    replaceFile('save', join(folder, 'chain.bin'), bytes('one'))
    expect(fs.lstatSync(join(folder, 'elsewhere', 'b.bin')).isFile()).toBe(true)
    expect(text(join(folder, 'a.bin'))).toBe('one')
    fs.symlinkSync(join('gone', 'c.bin'), join(folder, 'c.bin'))
    expect(failure(() => replaceFile('save', join(folder, 'c.bin'), bytes('one'))).message).toMatch(
      /could not write '.*gone.c\.bin': there is no folder .*gone\. Make it first/,
    )
  })

  test('is written in as many calls as the system takes', () => {
    const path = join(folder, 'a.bin')
    const slow: Disk = {
      ...fs,
      writeSync: ((fd: number, data: Uint8Array, at: number, length: number) =>
        fs.writeSync(fd, data, at, Math.min(length, 3))) as typeof fs.writeSync,
      readSync: ((fd: number, data: Uint8Array, at: number, length: number) =>
        fs.readSync(fd, data, at, Math.min(length, 2), null)) as typeof fs.readSync,
    }
    replaceFile('save', path, bytes('eleven bytes'), slow)
    expect(new TextDecoder().decode(readWhole('load', path, slow))).toBe('eleven bytes')
  })
})

describe('a failure', () => {
  const failing: readonly (readonly [call: string, disk: Partial<Disk>])[] = [
    ['write', { writeSync: () => raise('ENOSPC') }],
    [
      'write, half done',
      {
        writeSync: ((fd: number, data: Uint8Array, at: number) =>
          at === 0 ? fs.writeSync(fd, data, 0, 2) : raise('ENOSPC')) as typeof fs.writeSync,
      },
    ],
    ['fsync', { fsyncSync: () => raise('EIO') }],
    [
      'close',
      {
        closeSync: fd => {
          fs.closeSync(fd)
          raise('EIO')
        },
      },
    ],
    ['rename', { renameSync: () => raise('EACCES') }],
    ['fchmod', { fchmodSync: () => raise('EPERM') }],
    ['rename and then unlink', { renameSync: () => raise('EIO'), unlinkSync: () => raise('EIO') }],
    ['open', { openSync: () => raise('EMFILE') }],
    ['stat', { statSync: (() => raise('EACCES')) as unknown as typeof fs.statSync }],
  ]
  function raise(code: string): never {
    throw systemError(code)
  }
  for (const [call, disk] of failing) {
    test(`of ${call} leaves the old file and nothing beside it`, () => {
      const path = join(folder, 'a.bin')
      fs.writeFileSync(path, 'old')
      const error = failure(() => replaceFile('save', path, bytes('new and longer'), { ...fs, ...disk }))
      expect(error.message).toMatch(/^save: could not write '.*a\.bin': /)
      expect([error.path, error.operation]).toEqual([path, 'write'])
      expect(error.cause).toMatchObject({ code: expect.stringMatching(/^E/) })
      expect(text(path)).toBe('old')
      expect(fs.readdirSync(folder).length).toBe(call.includes('unlink') ? 2 : 1)
      replaceFile('save', path, bytes('new'))
      expect(text(path)).toBe('new')
    })
  }

  test('to flush the folder is told, unless the system cannot do so at all', () => {
    const path = join(folder, 'a.bin')
    const flushing = (code: string): Disk => {
      let calls = 0
      return { ...fs, fsyncSync: fd => (++calls === 2 ? raise(code) : fs.fsyncSync(fd)) }
    }
    const error = failure(() => replaceFile('save', path, bytes('new'), flushing('EIO')))
    expect([error.operation, text(path)]).toEqual(['flush', 'new'])
    replaceFile('save', path, bytes('newer'), flushing('EINVAL'))
    expect(text(path)).toBe('newer')
  })

  test('says what may help', () => {
    const write = (path: string) => failure(() => replaceFile('save', path, bytes('x')))
    expect(write(join(folder, 'no', 'a.bin')).message).toMatch(
      /there is no folder .*\/no\. Make it first: .*\(ENOENT\)/,
    )
    expect(write(folder).message).toMatch(/it is a folder\. Name a file in it: .*\(EISDIR\)/)
    fs.writeFileSync(join(folder, 'file'), '')
    expect(write(join(folder, 'file', 'a.bin')).message).toMatch(/file is no folder \(ENOTDIR\)/)
    expect(write('/dev/null').message).toMatch(/no ordinary file/)
    expect(fs.statSync('/dev/null').isFile()).toBe(false)
    const read = (path: string) => failure(() => readWhole('load', path))
    expect(read(join(folder, 'none')).message).toMatch(/^load: could not read '.*none': there is no such file.*ENOENT/)
    expect(read(join(folder, 'none'))).toMatchObject({ operation: 'read', cause: { code: 'ENOENT' } })
    expect(read(folder).message).toMatch(/it is a folder/)
    expect(
      failure(() => replaceFile('save', 'a', bytes('x'), { ...fs, openSync: () => raise('ENOSPC') })).message,
    ).toMatch(/the disk is full\. Free some space/)
    expect(read('a\0b').message).toMatch(/null bytes/)
    expect(failure(() => readWhole('load', 'x\0'))).toBeInstanceOf(GradusError)
    expect(() => readWhole('load', 3 as never)).toThrow(ArgumentError)
    expect(() => replaceFile('save', '', bytes('x'))).toThrow(/save: the file is a path, not an empty string/)
  })
})

test('a process killed at any moment leaves the old file or the new one', async () => {
  const script = await bundle('file.child.ts', fs.mkdtempSync(join(folder, 'script-')))
  const home = fs.mkdtempSync(join(folder, 'home-'))
  const path = join(home, 'a.bin')
  const generator = new Generator(3)
  const seen = new Set<number>()
  for (let i = 0; i < 20; i++) {
    const child = spawn(process.execPath, [script, path, String(10 * i)], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise(begun => child.stdout.once('data', begun))
    await new Promise(later => setTimeout(later, generator.integer(0, 40)))
    child.kill('SIGKILL')
    await new Promise(ended => child.once('exit', ended))
    const found = fs.readFileSync(path)
    expect(found.length).toBe(1_000_000 + 1000 * found[0])
    expect(found.every(x => x === found[0])).toBe(true)
    seen.add(found[0])
  }
  expect(seen.size).toBeGreaterThan(10)
  // most were killed while they wrote; what they left is in nobody's way
  const left = fs.readdirSync(home).filter(name => name !== 'a.bin')
  expect(left.length).toBeGreaterThan(0)
  expect(left.every(name => /^\.gradus-.*\.tmp$/.test(name))).toBe(true)
  replaceFile('save', path, bytes('at last'))
  expect(text(path)).toBe('at last')
  expect(fs.readdirSync(home).length).toBe(left.length + 1)
  // swept up is what is of no process any more
  const mine = `.gradus-${hostname()}-${process.pid}-00000000-0000-4000-8000-000000000000.tmp`
  const elsewhere = `.gradus-elsewhere-1-00000000-0000-4000-8000-000000000000.tmp`
  for (const name of [mine, elsewhere]) fs.writeFileSync(join(home, name), '')
  sweep('test', home)
  expect(fs.readdirSync(home).sort()).toEqual([elsewhere, mine, 'a.bin'].sort())
})
