// Blocks of documents, run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatWithOptions } from 'node:util'
import { afterAll, vi } from 'vitest'
import config from '../tsdown.config.ts'

export const root = join(import.meta.dirname, '..')
/** The sources of the package's entries. */
const entries = config.entry as Record<string, string>

/** A block as it stands two folders below this repository's root: with the sources in place of the package. */
export const resolved = (code: string): string =>
  code.replace(/from 'gradus(?:\/(\w+))?'/g, (_, entry = 'index') => `from '../../${entries[entry]}'`)

/** Runs blocks as modules of their own, in a folder that goes when the tests have run, and gives what they print, line by line. */
export function printer(): (code: string, name: string) => Promise<string[]> {
  mkdirSync(join(root, 'out'), { recursive: true })
  const folder = mkdtempSync(join(root, 'out/document-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return async (code, name) => {
    const path = join(folder, `${name}.ts`)
    writeFileSync(path, resolved(code))
    const lines: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((...args) => {
      lines.push(...formatWithOptions({ colors: false }, ...args).split('\n'))
    })
    try {
      await import(/* @vite-ignore */ path)
    } finally {
      log.mockRestore()
    }
    return lines.map(line => line.trimEnd())
  }
}
