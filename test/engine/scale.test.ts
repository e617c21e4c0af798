// Depth and duration: a million ops on either engine, ten thousand steps of training, in processes of their own.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const MB = 2 ** 20

/** Runs a program of load.ts with Node's default stack, and its default heap unless `heap` (MB) says less. */
async function run(program: string, heap?: number): Promise<Record<string, number>> {
  const limit = heap === undefined ? [] : [`--max-old-space-size=${heap}`]
  const args = [...limit, '--expose-gc', '--import', 'tsx', join(import.meta.dirname, 'load.ts'), program]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(import.meta.dirname, '../..') })
  return JSON.parse(stdout)
}

describe('a chain of a million ops', { timeout: 120_000 }, () => {
  test.each(['values', 'tensors'])(
    '%s: builds, goes backward and is freed, on the default stack and heap',
    async engine => {
      const { slope, expected, built, left } = (await run(`reverse ${engine}`)) as {
        slope: number
        expected: number
        built: number
        left: number
      }
      expect(slope / expected).toBeCloseTo(1, 9)
      expect(built).toBeGreaterThan(50 * MB)
      expect(left).toBeLessThan(2 * MB)
    },
  )

  // the graph of this chain takes hundreds of megabytes, as the test above sees
  test.each(['values', 'tensors'])('%s: forward mode needs constant memory', async engine => {
    const { slope, expected, growth } = (await run(`forward ${engine}`, 64)) as {
      slope: number
      expected: number
      growth: number
    }
    expect(slope / expected).toBeCloseTo(1, 9)
    expect(growth).toBeLessThan(MB)
  })
})

describe('ten thousand steps of training', { timeout: 120_000 }, () => {
  test.each(['training tensors', 'training values', 'training by grad'])(
    '%s: learns, and the heap stays flat',
    async program => {
      const { first, last, growth } = (await run(program)) as { first: number; last: number; growth: number }
      expect(last).toBeLessThan(first / 2)
      expect(growth).toBeLessThan(MB)
    },
  )
})

test('checkpoints really store less', { timeout: 60_000 }, async () => {
  const { plain, thin, nested } = (await run('checkpoints')) as { plain: number; thin: number; nested: number }
  const array = 800_000
  expect(plain).toBeGreaterThan(40 * array)
  expect(thin).toBeLessThan(5 * array)
  expect(nested).toBeLessThan(3 * array)
})
