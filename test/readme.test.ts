// What the documents show is true: their TypeScript blocks run and print exactly what their comments say.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blocks, expected } from './document.ts'
import { printer, root } from './printer.ts'

const printed = printer()

describe.each(['README.md', 'CONTRIBUTING.md'])('%s', file => {
  const code = blocks(readFileSync(join(root, file), 'utf8')).filter(({ language }) => language === 'ts')
  test.each(code.map((block, i) => [i + 1, block.code] as const))('block %i prints what it says', async (i, code) => {
    expect(await printed(code, `${file.replace('.md', '').toLowerCase()}${i}`)).toEqual(expected(code))
  })
})
