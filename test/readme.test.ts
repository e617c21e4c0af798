// What the documents show is true: their TypeScript blocks run and print exactly what their comments say.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatWithOptions } from 'node:util'
import { afterAll, describe, expect, test, vi } from 'vitest'
import config from '../tsdown.config.ts'

const root = join(import.meta.dirname, '..')
/** The sources of the package's entries. */
const entries = config.entry as Record<string, string>
mkdirSync(join(root, 'out'), { recursive: true })
const folder = mkdtempSync(join(root, 'out/readme-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A block's expected output: the comment behind a console.log, and the lines of comment under it. */
function expected(code: string): string[] {
  const lines: string[] = []
  let printing = false
  for (const line of code.split('\n')) {
    const comment = /^\s*\/\/ ?(.*)$/.exec(line)
    if (comment) {
      if (printing) lines.push(comment[1] as string)
      continue
    }
    printing = line.includes('console.log(')
    const behind = printing && / \/\/ (.*)$/.exec(line)
    if (behind) lines.push(behind[1] as string)
  }
  return lines
}

/** Runs a block as a module of its own and returns what it printed, line by line. */
async function printed(code: string, name: string): Promise<string[]> {
  const path = join(folder, `${name}.ts`)
  writeFileSync(
    path,
    code.replace(/from 'gradus(?:\/(\w+))?'/g, (_, entry = 'index') => `from '../../${entries[entry]}'`),
  )
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

describe.each(['README.md', 'CONTRIBUTING.md'])('%s', file => {
  const text = readFileSync(join(root, file), 'utf8')
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(match => match[1] as string)
  test.each(blocks.map((code, i) => [i + 1, code] as const))('block %i prints what it says', async (i, code) => {
    expect(await printed(code, `${file.replace('.md', '').toLowerCase()}${i}`)).toEqual(expected(code))
  })
})
