// Every example runs to its end and reaches the number that the readme gives.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const rows = [...readme.matchAll(/^\| `npx tsx (examples\/\S+)` \|.*\| `(.*)` \|$/gm)].map(
  ([, file, last]) => [file as string, last as string] as const,
)

test('the readme lists every example; each is under 80 lines', () => {
  const files = readdirSync(join(root, 'examples')).map(name => `examples/${name}`)
  expect(rows.map(([file]) => file).sort()).toEqual(files.sort())
  for (const file of files)
    expect(readFileSync(join(root, file), 'utf8').split('\n').length, file).toBeLessThanOrEqual(80)
})

// two at a time: they are most of the tests' work, and this file is among the last to run
test.concurrent.each(rows)(
  '%s ends in: %s',
  async (file, last) => {
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')
    const { stdout } = await run(process.execPath, [tsx, file], { cwd: root })
    expect(stdout.trim().split('\n').at(-1)).toBe(last)
  },
  600_000,
)
