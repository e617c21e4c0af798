// Optional peers: a library that only some users want is loaded when first needed, or asked for by name. Node only.
import { createRequire } from 'node:module'
import { DependencyError } from '../engine/errors.ts'

const require = createRequire(import.meta.url)

/** Loads the library `name` for `user`, the part of gradus that wants it; `install` lists all that this part needs. */
export function peer<T>(name: string, user: string, install: string): T {
  return needing(user, install, () => require(name) as T)
}

/** The path of a file inside an installed library. */
export function peerFile(file: string, user: string, install: string): string {
  return needing(user, install, () => require.resolve(file))
}

/** Runs `load`; whatever it throws becomes a DependencyError that says what to install. */
export function needing<T>(user: string, install: string, load: () => T): T {
  try {
    return load()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    const error = new DependencyError(`${user} could not load what it needs (${reason}). Try: npm install ${install}`)
    error.cause = cause
    throw error
  }
}
