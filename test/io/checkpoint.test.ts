// Checkpoints of a run: what is written when, and a run that goes on as if it had never ended.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ArgumentError, FileError, FileFormatError, nn, tensor } from '../../src/index.ts'
import { checkpoint, load, loadCheckpoint, save, saveCheckpoint } from '../../src/io/io.ts'
import type { Callback, Metrics } from '../../src/train/callback.ts'
import { SmallRun } from './run.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'gradus-checkpoint-')), 'runs', 'a')
})
afterEach(() => rmSync(join(folder, '../..'), { recursive: true, force: true }))

const files = (): string[] => readdirSync(folder).sort()
const at = (name: string): string => join(folder, name)
const stepOf = (name: string): number => (loadCheckpoint(at(name)) as { step: number }).step
/** Stops a run at a step. */
const stopper = (at: number): Callback => ({
  step: run => {
    if (run.step === at) run.stop('enough')
  },
})

describe('a run', () => {
  test('that is stopped goes on, bit by bit as if it had not been', async () => {
    const whole = await new SmallRun(3, []).go()
    for (const stop of [7, 10, 20, 29]) {
      rmSync(folder, { recursive: true, force: true })
      await new SmallRun(3, [stopper(stop), checkpoint(folder)]).go()
      expect(stepOf('last.safetensors')).toBe(stop)
      const rest = await new SmallRun(3, [checkpoint(folder)]).go()
      expect([rest.step, rest.epoch, rest.weight, rest.history]).toEqual([30, 3, whole.weight, whole.history])
    }
    const again = await new SmallRun(3, [checkpoint(folder)]).go()
    expect([again.step, again.weight]).toEqual([30, whole.weight])
    const longer = await new SmallRun(4, [checkpoint(folder)]).go()
    expect([longer.step, longer.weight]).toEqual([40, (await new SmallRun(4, []).go()).weight])
  })

  test('whose folder is removed, or whose process moves to another, writes on in the same place', async () => {
    const before = process.cwd()
    const meddler: Callback = {
      step({ step }) {
        if (step === 5) rmSync(folder, { recursive: true })
        if (step === 7) process.chdir(tmpdir())
      },
    }
    mkdirSync(join(folder, '..'), { recursive: true })
    process.chdir(join(folder, '..'))
    try {
      await new SmallRun(1, [checkpoint('a', { every: { steps: 2 }, keep: 2 }), meddler]).go()
    } finally {
      process.chdir(before)
    }
    expect(files()).toEqual(['last.safetensors', 'step-00000008.safetensors', 'step-00000010.safetensors'])
  })

  test('with a callback that was part of another knows nothing of its best', async () => {
    const callback = checkpoint(folder, { best: { metric: 'loss' }, resume: false })
    await new SmallRun(1, [callback], () => ({ loss: 1 })).go()
    rmSync(at('best.safetensors'))
    await new SmallRun(1, [callback], () => ({ loss: 2 })).go()
    expect(files()).toContain('best.safetensors')
  })

  test('leaves files alone whose names only look like its own', async () => {
    mkdirSync(folder, { recursive: true })
    const others = ['step-5.safetensors', 'step-99999999999999999999.safetensors']
    for (const name of others) writeFileSync(at(name), '')
    await new SmallRun(1, [checkpoint(folder, { keep: 1, last: false })]).go()
    expect(files()).toEqual(['step-00000010.safetensors', ...others].sort())
  })

  test('that fails leaves the last checkpoint as it was', async () => {
    const run = new SmallRun(3, [checkpoint(folder, { every: { steps: 4 } })])
    await expect(run.go({ fail: 15 })).rejects.toThrow('by the test')
    expect(stepOf('last.safetensors')).toBe(12)
  })

  test('writes each so many steps, epochs, or both', async () => {
    const seen: string[] = []
    const watch: Callback = {
      step: () => void (existsSync(at('last.safetensors')) && seen.push(`${stepOf('last.safetensors')}`)),
    }
    await new SmallRun(2, [checkpoint(folder, { every: { steps: 7 } }), watch]).go()
    expect([...new Set(seen)]).toEqual(['7', '14'])
    expect(stepOf('last.safetensors')).toBe(20)
    rmSync(folder, { recursive: true })
    seen.length = 0
    await new SmallRun(5, [checkpoint(folder, { every: { epochs: 2 } }), watch]).go()
    expect([...new Set(seen)]).toEqual(['20', '40'])
    expect(stepOf('last.safetensors')).toBe(50)
    rmSync(folder, { recursive: true })
    seen.length = 0
    await new SmallRun(2, [checkpoint(folder, { every: { epochs: 1, steps: 6 } }), watch]).go()
    expect([...new Set(seen)]).toEqual(['6', '10', '12', '18'])
  })

  test('keeps some, and goes on from the latest of them where there is no last', async () => {
    await new SmallRun(5, [checkpoint(folder, { keep: 2 })]).go()
    expect(files()).toEqual(['last.safetensors', 'step-00000040.safetensors', 'step-00000050.safetensors'])
    rmSync(folder, { recursive: true })
    const options = { keep: 3, last: false, every: { steps: 4 } }
    await new SmallRun(3, [stopper(9), checkpoint(folder, options)]).go()
    expect(files()).toEqual(['step-00000004.safetensors', 'step-00000008.safetensors', 'step-00000009.safetensors'])
    const rest = new SmallRun(3, [stopper(13), checkpoint(folder, options)])
    await rest.go()
    expect(files()).toEqual(['step-00000009.safetensors', 'step-00000012.safetensors', 'step-00000013.safetensors'])
    expect(rest.weight).toBe((await new SmallRun(3, [stopper(13)]).go()).weight)
    // a run that begins anew: the future of the old one is not its own
    await new SmallRun(3, [stopper(5), checkpoint(folder, { ...options, resume: false })]).go()
    expect(files()).toEqual(['step-00000004.safetensors', 'step-00000005.safetensors'])
  })

  test('keeps the best weights, also over a resume; NaN is never the best', async () => {
    const values = [Number.NaN, 3, 2, Number.NaN, 2, 5, 1, 4]
    const measure = (run: SmallRun): Metrics => ({ loss: 0, 'validation.loss': values[run.epoch - 1] })
    const weights: number[] = []
    const note: Callback = { epoch: run => void weights.push((run as SmallRun).weight) }
    const best = (mode: 'min' | 'max'): Callback => checkpoint(folder, { best: { metric: 'validation.loss', mode } })
    const loaded = (): number => load(at('best.safetensors')).weight.item()
    await new SmallRun(8, [], measure).go()
    await new SmallRun(6, [note, best('min')], measure).go()
    expect(loaded()).toBe(weights[2])
    await new SmallRun(8, [note, best('min')], measure).go()
    expect(loaded()).toBe(weights[6])
    const model = new nn.Linear(1, 1, { bias: false })
    model.loadStateDict(load(at('best.safetensors')))
    rmSync(folder, { recursive: true })
    await new SmallRun(8, [best('max')], measure).go()
    expect(loaded()).toBe(weights[5])
  })

  test('keeps the weights that it is told to', async () => {
    const weights = () => ({ averaged: tensor([7]) })
    await new SmallRun(1, [checkpoint(folder, { last: false, best: { metric: 'loss', weights } })]).go()
    expect(files()).toEqual(['best.safetensors'])
    expect(load(at('best.safetensors')).averaged.toArray()).toEqual([7])
  })
})

describe('an error', () => {
  test('for options that make no sense', () => {
    const wrong =
      (options: unknown): (() => unknown) =>
      () =>
        checkpoint('x', options as never)
    expect(() => checkpoint('')).toThrow(/checkpoint: the folder is a path/)
    for (const [options, message] of [
      [{ evry: 1 }, /unknown option 'evry'/],
      [{ every: 3 }, /checkpoint: every: needs options/],
      [{ every: { steps: 0 } }, /every\.steps is an integer of at least 1, not 0/],
      [{ every: { epochs: 0.5 } }, /every\.epochs/],
      [{ keep: -1 }, /keep is an integer/],
      [{ last: false }, /nothing to write/],
      [{ best: 'loss' }, /best: needs options/],
      [{ best: {} }, /best needs the name of a metric/],
      [{ best: { metric: 'loss', mode: 'least' } }, /best\.mode is 'min' or 'max', not the string 'least'/],
      [{ best: { metric: 'loss', weights: 3 } }, /best\.weights is a function/],
    ] as const) {
      expect(wrong(options)).toThrow(ArgumentError)
      expect(wrong(options)).toThrow(message)
    }
  })

  test('for a metric that is not there, naming those that are', async () => {
    const run = new SmallRun(1, [checkpoint(folder, { best: { metric: 'accuracy' } })]).go()
    await expect(run).rejects.toThrow(/the epoch has no metric 'accuracy' .*It has loss/)
  })

  test('for a checkpoint of another run, one that is damaged, a folder that is none', async () => {
    const run = (): Promise<unknown> => new SmallRun(1, [checkpoint(folder)]).go()
    await run()
    const state = loadCheckpoint(at('last.safetensors')) as { model: { weight: unknown } }
    state.model.weight = tensor([1, 2])

    saveCheckpoint(at('last.safetensors'), state as never)
    await expect(run()).rejects.toThrow(ArgumentError)
    await expect(run()).rejects.toThrow(/last\.safetensors' is of another run: .*\n.*\n?.*\{ resume: false \}/)
    await new SmallRun(1, [checkpoint(folder, { resume: false })]).go()
    await run()
    save(at('last.safetensors'), { a: tensor([1]) })
    await expect(run()).rejects.toThrow(FileFormatError)
    await expect(run()).rejects.toThrow(/The run cannot go on from it\. Remove it/)
    writeFileSync(at('file'), '')
    await expect(new SmallRun(1, [checkpoint(at('file'))]).go()).rejects.toThrow(FileError)
    await expect(new SmallRun(1, [checkpoint(at('file'))]).go()).rejects.toThrow(/there is a file of this name/)
  })
})
