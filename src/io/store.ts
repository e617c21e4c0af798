// What is kept in files: the state of a module, to be used elsewhere, and the snapshot of a run, to go on from.
import { decode, encode } from '../data/safetensors.ts'
import { record } from '../engine/argument.ts'
import { FileFormatError } from '../engine/errors.ts'
import { Module, type StateDict } from '../nn/module.ts'
import type { Snapshot } from '../train/callback.ts'
import { pack, unpack } from '../train/pack.ts'
import { readWhole, replaceFile } from './file.ts'

/**
 * Saves a module's parameters and buffers, or tensors by name, as a safetensors file, which PyTorch, JAX and others
 * read too. The file is replaced as a whole: a process that is killed leaves the old one or the new one.
 *
 * @throws FileError when it cannot be written (the old file is as it was), ArgumentError when there is nothing to save
 * @example
 * save('model.safetensors', model)
 * model.loadStateDict(load('model.safetensors'))
 */
export function save(path: string, from: Module | StateDict): void {
  record('save', 'a module, or tensors by name', from)
  replaceFile('save', path, encode(from instanceof Module ? from.stateDict() : from))
}

/**
 * The tensors of a safetensors file by name; for a module's `loadStateDict`. dtypes that Gradus has not are converted
 * where nothing is lost: float16 and bfloat16 to float32, other integers to int32.
 *
 * @throws FileError when it cannot be read, FileFormatError when it is damaged or of another format
 */
export function load(path: string): StateDict {
  return parsed('load', path, bytes => decode(bytes).tensors)
}

/**
 * Saves a snapshot, such as a run's `stateDict()`, as one safetensors file; every number comes back bit by bit.
 * Replaces the file as `save` does.
 *
 * @throws FileError when it cannot be written (the old file is as it was), ArgumentError naming what is no part of a
 * snapshot
 * @example
 * saveCheckpoint('run.safetensors', { model: model.stateDict(), step: 7, best: Number.NaN })
 * loadCheckpoint('run.safetensors') // { model: { weight: …, bias: … }, step: 7, best: NaN }
 */
export function saveCheckpoint(path: string, snapshot: Snapshot): void {
  replaceFile('saveCheckpoint', path, pack(snapshot))
}

/**
 * The snapshot in a file of `saveCheckpoint`.
 *
 * @throws FileError when it cannot be read, FileFormatError when it is damaged or holds no snapshot
 */
export function loadCheckpoint(path: string): Snapshot {
  return parsed('loadCheckpoint', path, unpack)
}

/** What `parse` makes of a file; its complaints name the file. */
function parsed<R>(op: string, path: string, parse: (bytes: Uint8Array) => R): R {
  const bytes = readWhole(op, path)
  try {
    return parse(bytes)
  } catch (cause) {
    if (!(cause instanceof FileFormatError)) throw cause
    const error = new FileFormatError(`${op}: '${path}': ${cause.message}`)
    error.cause = cause
    throw error
  }
}
