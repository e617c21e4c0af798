// The playground in a real browser, tab by tab, under its policy; pictures of every tab go to out/playground.
import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe } from 'vitest'
import { runsHere } from '../chromium.ts'
import { Playground, shots } from './browser.ts'
import { explainTab } from './explain.ts'
import { frame } from './frame.ts'
import { hostile } from './hostile.ts'
import { modes } from './modes.ts'
import { optimizers } from './optimizers.ts'
import { train } from './train.ts'

if (!runsHere) console.warn('skipped: the browser that npm brings along is for Linux on x64')

describe.skipIf(!runsHere)('the playground', () => {
  let playground: Playground
  const started = (): Playground => playground
  beforeAll(async () => {
    mkdirSync(shots, { recursive: true })
    playground = await Playground.start()
  }, 60_000)
  afterAll(() => playground?.stop())

  frame(started)
  train(started)
  modes(started)
  optimizers(started)
  explainTab(started)
  hostile(started)
})
