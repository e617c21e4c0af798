// Files, whole or not at all: a new one is written beside the old, and takes its place when it is safe on the disk.
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { described } from '../engine/argument.ts'
import { ArgumentError, FileError } from '../engine/errors.ts'

/** What is asked of the file system. */
export type Disk = Pick<
  typeof fs,
  | 'closeSync'
  | 'fchmodSync'
  | 'fstatSync'
  | 'fsyncSync'
  | 'lstatSync'
  | 'openSync'
  | 'readlinkSync'
  | 'readSync'
  | 'realpathSync'
  | 'renameSync'
  | 'statSync'
  | 'unlinkSync'
  | 'writeSync'
>

/** Bytes of one call: systems refuse to move 2 GiB at once. */
const CHUNK = 2 ** 30

/** The whole path; as it is, where the working directory has been removed. */
function absolute(path: string): string {
  try {
    return resolve(path)
  } catch {
    return path
  }
}

/** What to do about an error of the system, by its code. */
const advice: Readonly<Record<string, (path: string, operation: string) => string>> = {
  ENOENT: (path, operation) =>
    operation === 'read'
      ? `there is no such file (looked for ${absolute(path)})`
      : `there is no folder ${absolute(dirname(path))}. Make it first: mkdirSync(folder, { recursive: true })`,
  EACCES: () => 'this user may not. Check the permissions of the file and its folder',
  EPERM: () => 'this user may not. Check the permissions of the file and its folder, and whether it is in use',
  ENOSPC: () => 'the disk is full. Free some space, or write elsewhere',
  EDQUOT: () => 'the quota is used up. Free some space, or write elsewhere',
  EISDIR: path => `it is a folder. Name a file in it: ${join(path, 'model.safetensors')}`,
  EEXIST: path => `there is a file of this name. Remove it, or name another folder than ${path}`,
  ENOTDIR: path => `${dirname(path)} is no folder`,
  EROFS: () => 'the file system is read-only. Write elsewhere',
  ENAMETOOLONG: () => 'the name is too long',
  EMFILE: () => 'too many files are open. Close some, or raise the limit (ulimit -n)',
}

const codeOf = (cause: unknown): string => (cause as NodeJS.ErrnoException | null)?.code ?? ''

/** Runs `f`; what the system throws becomes a FileError that says what was tried with which file, and what may help. */
export function attempt<R>(op: string, operation: string, path: string, f: () => R): R {
  try {
    return f()
  } catch (cause) {
    if (cause instanceof FileError) throw cause
    const code = codeOf(cause)
    const reason = cause instanceof Error ? cause.message : String(cause)
    const help = Object.hasOwn(advice, code) ? `${advice[code](path, operation)} (${code})` : reason
    throw new FileError(`${op}: could not ${operation} '${path}': ${help}`, path, operation, cause)
  }
}

/**
 * A path, whole, so that it means the same wherever the process goes meanwhile.
 * @throws ArgumentError when this cannot be a path
 */
export const fixedPath = (op: string, what: string, path: string): string => absolute(filePath(op, what, path))

/** @throws ArgumentError when this cannot be a path */
function filePath(op: string, what: string, path: string): string {
  if (typeof path !== 'string' || path === '')
    throw new ArgumentError(`${op}: ${what} is a path, not ${path === '' ? 'an empty string' : described(path)}`)
  return path
}

/**
 * All bytes of a file.
 * @throws FileError when it cannot be read
 */
export function readWhole(op: string, path: string, disk: Disk = fs): Uint8Array {
  return attempt(op, 'read', filePath(op, 'the file', path), () => {
    const fd = disk.openSync(path, 'r')
    try {
      const stats = disk.fstatSync(fd)
      if (!stats.isFile()) throw irregular(stats)
      const bytes = new Uint8Array(stats.size)
      let at = 0
      while (at < bytes.length) {
        const read = disk.readSync(fd, bytes, at, Math.min(CHUNK, bytes.length - at), null)
        if (read === 0) break
        at += read
      }
      return bytes.subarray(0, at)
    } finally {
      disk.closeSync(fd)
    }
  })
}

/** Writes a new file beside the place where it is to be, and moves it there. */
function moved(target: string, bytes: Uint8Array, mode: number | undefined, disk: Disk): void {
  const temporary = join(dirname(target), `.gradus-${hostname()}-${process.pid}-${randomUUID()}.tmp`)
  const fd = disk.openSync(temporary, 'wx')
  try {
    try {
      if (mode !== undefined) disk.fchmodSync(fd, mode & 0o777)
      writeAll(fd, bytes, disk)
      disk.fsyncSync(fd)
    } finally {
      disk.closeSync(fd)
    }
    disk.renameSync(temporary, target)
  } catch (error) {
    try {
      disk.unlinkSync(temporary)
    } catch {
      // the first error is the one to tell
    }
    throw error
  }
}

/** Where a path leads through links, also when there is nothing yet. A chain of links has been found to end. */
function followed(path: string, disk: Disk): string {
  if (!disk.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return path
  return followed(resolve(disk.realpathSync(dirname(path)), disk.readlinkSync(path)), disk)
}

/**
 * Gives a file new contents. They are written to a new file in the same folder, flushed to the disk, and moved into
 * the old one's place: whoever reads, and whenever the process or the machine stops, finds the old contents or the new
 * ones, whole. A process that is killed meanwhile may leave a `.gradus-….tmp` behind, which nobody reads; see `sweep`.
 *
 * @throws FileError when it cannot be written; the old file is as it was and the new one removed. (Where the operation
 * is 'flush', the new one is in its place, but may not outlive a loss of power.)
 */
export function replaceFile(op: string, path: string, bytes: Uint8Array, disk: Disk = fs): void {
  attempt(op, 'write', filePath(op, 'the file', path), () => {
    const old = disk.statSync(path, { throwIfNoEntry: false })
    // a device or a pipe would be replaced by a file
    if (old && !old.isFile()) throw irregular(old)
    // what a link points to is replaced, not the link
    const target = followed(path, disk)
    attempt(op, 'write', target, () => moved(target, bytes, old?.mode, disk))
    attempt(op, 'flush', path, () => settle(dirname(target), disk))
  })
}

const TEMPORARY = /^\.gradus-(.+)-(\d+)-[0-9a-f-]{36}\.tmp$/

/**
 * Removes the files that killed processes of this machine were writing into a folder: of large models they fill a disk.
 * @throws FileError when the folder cannot be read
 */
export function sweep(op: string, folder: string): void {
  for (const name of attempt(op, 'read', folder, () => fs.readdirSync(folder))) {
    const [, host, pid] = TEMPORARY.exec(name) ?? []
    if (host === hostname() && !isAlive(Number(pid)))
      attempt(op, 'remove', join(folder, name), () => fs.rmSync(join(folder, name), { force: true }))
  }
}
function isAlive(pid: number): boolean {
  try {
    // no signal: only asks whether one could be sent
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

/** Writes all bytes at the place where the file is. */
export function writeAll(fd: number, bytes: Uint8Array, disk: Disk = fs): void {
  for (let at = 0; at < bytes.length; ) at += disk.writeSync(fd, bytes, at, Math.min(CHUNK, bytes.length - at))
}

const irregular = (stats: fs.Stats): Error =>
  Object.assign(new Error('it is no ordinary file'), stats.isDirectory() && { code: 'EISDIR' })

/** Flushes a folder, so that a name in it outlives a loss of power, where the system can do so. */
function settle(folder: string, disk: Disk): void {
  const unable = ['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP', 'ENOSYS']
  try {
    const fd = disk.openSync(folder, 'r')
    try {
      disk.fsyncSync(fd)
    } finally {
      disk.closeSync(fd)
    }
  } catch (error) {
    if (!unable.includes(codeOf(error))) throw error
  }
}
