// What the tab Train exports runs by itself and prints the losses of the session, to the last digit printed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import {
  activationNames,
  dataNames,
  featureNames,
  initNames,
  optimizerNames,
  type Setup,
  scheduleNames,
} from '../../playground/train/message.ts'
import { script } from '../../playground/train/script.ts'

import { Session } from '../../playground/train/session.ts'
import { losses, plain } from './setup.ts'

const root = join(import.meta.dirname, '../..')
mkdirSync(join(root, 'out'), { recursive: true })
const folder = mkdtempSync(join(root, 'out/script-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
/** What a script prints. */
async function printed(code: string): Promise<string[]> {
  const path = join(folder, `script${files++}.ts`)
  writeFileSync(path, code.replace("from 'gradus'", "from '../../src/index.ts'"))
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation(line => {
    lines.push(line)
  })
  try {
    await import(/* @vite-ignore */ path)
  } finally {
    log.mockRestore()
  }
  return lines
}

/** What the session of a setup would print. */
async function expected(setup: Setup, steps: number): Promise<string[]> {
  const session = await Session.begin(setup)
  const lines: string[] = []
  for (let step = 0; step <= steps; step += steps / 10) {
    const { train, test } = session.frame().history.at(-1)!
    const kept = setup.testShare > 0 ? `, test loss ${test.toPrecision(6)}` : ''
    lines.push(`step ${step}: training loss ${train.toPrecision(6)}${kept}`)
    losses(session, steps / 10)
  }
  return lines
}

const csv = `a,b,c,y\n${Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i / 7, ['p', 'q', 'r'][i % 3]]).join('\n')}`
const numbers = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i / 7]).join('\n')
/** The k-th of some, from the first again after the last. */
const of = <T>(xs: readonly T[], k: number): T => xs[k % xs.length]

// every choice at least once, each beside others
const setups: Partial<Setup>[] = [
  {},
  { engine: 'scalar' },
  ...dataNames.map(
    (data, k): Partial<Setup> => ({
      data,
      csv,
      optimizer: of(optimizerNames, k),
      schedule: of(scheduleNames, k),
      activation: of(activationNames, k),
      init: of(initNames, k),
      regularization: of(['none', 'L1', 'L2'] as const, k),
      dropout: of([0, 0.2], k),
      features: [of(featureNames, k), of(featureNames, k + 3)],
      hidden: of([[4, 2], [5], []], k),
      testShare: of([0.3, 0], k),
      batch: of([10, 7, 300], k),
      lr: 0.01,
      rate: 0.003,
      engine: of(['scalar', 'tensor', 'tensor', 'scalar'] as const, k),
    }),
  ),
  { data: 'csv', csv: numbers, engine: 'scalar', dropout: 0.1, regularization: 'L2' },
  { data: 'csv', csv: numbers, features: featureNames, regularization: 'L1', noise: 0.3 },
]

test.each(setups)('%o', async over => {
  const setup = { ...plain, samples: 60, ...over }
  const lines = await printed(await script(setup, 40))
  expect(lines).toHaveLength(11)
  expect(lines).toEqual(await expected(setup, 40))
  // something was learned
  expect(lines[10].split(': ')[1]).not.toBe(lines[0].split(': ')[1])
})

test.each(['cosine', 'oneCycle'] as const)('%s: beyond the end of the schedule', async schedule => {
  const setup = { ...plain, samples: 20, hidden: [], schedule }
  expect(await printed(await script(setup, 1200))).toEqual(await expected(setup, 1200))
})

test('imports what it uses and nothing else, and is short', async () => {
  const [tensors, scalars] = [await script(plain), await script({ ...plain, engine: 'scalar', dropout: 0.1 })]
  expect(tensors.split('\n')[0]).toBe(
    "import { data, F, Generator, nn, noGrad, optim, stack, type Tensor } from 'gradus'",
  )
  expect(scalars.split('\n')[0]).toBe(
    "import { data, F, Generator, nn, noGrad, ones, optim, stack, type Tensor, Value } from 'gradus'",
  )
  expect(tensors.split('\n').length).toBeLessThan(60)
  expect(scalars.split('\n').length).toBeLessThan(95)
  for (const code of [tensors, scalars]) expect(code.split('\n').filter(line => line.length > 120)).toEqual([])
  await expect(script({ ...plain, data: 'csv', csv: '1,2' })).rejects.toThrow('Line 1 has 2 columns')
})
