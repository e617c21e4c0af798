// A program that is killed while it trains, and started again as if nothing had been: fit, loader, files and programs together.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle } from './bundle.ts'

const home = mkdtempSync(join(tmpdir(), 'gradus-resume-'))
let script: string
beforeAll(async () => {
  script = await bundle('training.child.ts', home)
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const FILES = ['last.safetensors', 'best.safetensors', 'log.jsonl']

test.each(['compiled', 'eager'])(
  '%s, it ends with the same bits, in memory and in every file',
  kind => {
    /** Trains in a folder, killed after each of these steps in turn; what the last process says. */
    const trained = (name: string, ...deaths: number[]): string => {
      const folder = join(home, `${kind}-${name}`)
      mkdirSync(folder)
      for (const death of [...deaths, 0]) {
        const { stdout, stderr, signal } = spawnSync(process.execPath, [script, folder, kind, `${death}`], {
          encoding: 'utf8',
        })
        expect([signal, death > 0 ? '' : stderr]).toEqual([death > 0 ? 'SIGKILL' : null, ''])
        if (death === 0) return [stdout, ...FILES.map(file => readFileSync(join(folder, file), 'base64'))].join('\n')
      }
      return ''
    }
    const whole = trained('whole')
    expect(whole).toMatch(/^[0-9a-f]{64}\n/)
    // within an epoch, at its end, and twice on the way
    for (const deaths of [[3], [10], [7, 12]]) expect(trained(deaths.join(), ...deaths)).toBe(whole)
  },
  120_000,
)
