// Logs: rows that read back as they were, and that go on where a resumed run does.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ArgumentError, FileError, FileFormatError, tensor } from '../../src/index.ts'
import { checkpoint, csvLog, jsonLog } from '../../src/io/io.ts'
import type { Callback, Metrics } from '../../src/train/callback.ts'
import { SmallRun } from './run.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gradus-log-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)
const text = (name: string): string => readFileSync(at(name), 'utf8')
const stopper = (at: number): Callback => ({
  step: run => {
    if (run.step === at) run.stop('enough')
  },
})
/** Numbers of the epochs in turn. */
const given = (rows: readonly Metrics[]) => (run: SmallRun) => rows[run.epoch - 1]

const odd: readonly Metrics[] = [
  { loss: 0.1 + 0.2, 'a,"b"': -0 },
  { loss: Number.NaN, 'a,"b"': Infinity },
  { loss: -Infinity, 'a,"b"': 5e-324 },
  { loss: 1e21 },
]

describe('csvLog', () => {
  test('writes a line of names and one for each epoch; numbers read back as they were', async () => {
    await new SmallRun(4, [csvLog(at('log.csv'))], given(odd)).go()
    expect(text('log.csv')).toBe(
      'epoch,step,loss,"a,""b"""\n1,10,0.30000000000000004,-0\n2,20,NaN,Infinity\n3,30,-Infinity,5e-324\n4,40,1e+21,\n',
    )
    const [, ...rows] = text('log.csv').trim().split('\n')
    expect(rows.slice(0, 3).map(row => row.split(',').slice(2).map(Number))).toEqual(odd.slice(0, 3).map(Object.values))
  })

  test('gives a metric that turns up later a column', async () => {
    const rows: Metrics[] = [{ loss: 1 }, { loss: 2, b: 3 }, { c: 4, loss: 5 }]
    await new SmallRun(3, [csvLog(at('log.csv'))], given(rows)).go()
    expect(text('log.csv')).toBe('epoch,step,loss,b,c\n1,10,1,,\n2,20,2,3,\n3,30,5,,4\n')
  })

  test('writes steps, each of them there before the next begins', async () => {
    const seen: number[] = []
    const watch: Callback = { step: () => void seen.push(text('log.csv').split('\n').length - 2) }
    await new SmallRun(1, [csvLog(at('log.csv'), { each: 'step' }), watch]).go()
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(text('log.csv')).toMatch(/^epoch,step,loss,lr\n0,1,[^\n]*,0\.1\n0,2,/)
  })

  test('with no numbers at all has its names', async () => {
    await new SmallRun(1, [csvLog(at('log.csv'))], () => ({})).go()
    expect(text('log.csv')).toBe('epoch,step\n1,10\n')
  })
})

describe('jsonLog', () => {
  test('writes a line for each epoch; numbers read back as they were, NaN as null', async () => {
    await new SmallRun(4, [jsonLog(at('log.jsonl'))], given(odd)).go()
    const rows = text('log.jsonl')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(rows).toEqual([
      { epoch: 1, step: 10, loss: 0.1 + 0.2, 'a,"b"': -0 },
      { epoch: 2, step: 20, loss: null, 'a,"b"': Infinity },
      { epoch: 3, step: 30, loss: -Infinity, 'a,"b"': 5e-324 },
      { epoch: 4, step: 40, loss: 1e21 },
    ])
  })
})

describe.each([
  ['csvLog', csvLog],
  ['jsonLog', jsonLog],
] as const)('%s', (name, log) => {
  for (const each of ['epoch', 'step'] as const) {
    test(`has each ${each} once, wherever the run was killed and resumed`, async () => {
      await new SmallRun(3, [log(at('whole'), { each })]).go()
      for (const order of ['before', 'after']) {
        for (const stop of [1, 10, 19, 29]) {
          const files = at(`${order}${stop}`)
          const callbacks = (): Callback[] => {
            const both = [log(at('log'), { each }), checkpoint(files, { every: { steps: 4 } })]
            return order === 'before' ? both : both.reverse()
          }
          rmSync(at('log'), { force: true })
          // killed: the rows behind the last checkpoint are there, and are written again
          await expect(new SmallRun(3, callbacks()).go({ fail: stop })).rejects.toThrow('by the test')
          await new SmallRun(3, [...callbacks(), stopper(stop + 1)]).go()
          await new SmallRun(3, callbacks()).go()
          expect(text('log')).toBe(text('whole'))
          await new SmallRun(3, callbacks()).go()
          expect(text('log')).toBe(text('whole'))
        }
      }
    })
  }

  test('cuts what a kill left half written, and rows beyond, as soon as the run goes on', async () => {
    await new SmallRun(3, [log(at('whole'))]).go()
    await new SmallRun(1, [log(at('log')), checkpoint(at('c'))]).go()
    writeFileSync(
      at('log'),
      `${text('log')}${text('whole').split('\n').at(-2)}\n${text('whole').split('\n').at(-2)?.slice(0, 12)}`,
    )
    const seen: string[] = []
    const watch: Callback = { step: () => void seen.push(text('log')) }
    await new SmallRun(3, [log(at('log')), checkpoint(at('c')), watch]).go()
    expect(seen[0].trim().split('\n').at(-1)).toMatch(/^(1,10|\{"epoch":1,)/)
    expect(text('log')).toBe(text('whole'))
  })

  test('of a run that begins anew replaces that of another', async () => {
    await new SmallRun(3, [log(at('log'))]).go()
    await new SmallRun(1, [log(at('log'))], () => ({ other: 1 })).go()
    expect(text('log')).toBe(name === 'csvLog' ? 'epoch,step,other\n1,10,1\n' : '{"epoch":1,"step":10,"other":1}\n')
  })

  test('leaves another file as it is, and says so', async () => {
    for (const other of [
      'dear diary',
      'dear diary\n',
      `${name === 'csvLog' ? 'epoch,step' : '{"epoch":1,"step":1}'}\nx\n`,
      'epoch,steps\n1,2\n',
    ]) {
      writeFileSync(at('log'), other)
      const run = new SmallRun(1, [log(at('log'))]).go()
      await expect(run).rejects.toThrow(FileFormatError)
      await expect(run).rejects.toThrow(/is no log of this kind \(line [12]\)\. It is left as it is/)
      expect(text('log')).toBe(other)
    }
    await expect(new SmallRun(1, [log(at('no/log'))]).go()).rejects.toThrow(FileError)
    expect(existsSync(at('no'))).toBe(false)
  })

  test('refuses what it cannot name', async () => {
    expect(() => log('x', { every: 1 } as never)).toThrow(ArgumentError)
    expect(() => log('x', { each: 'batch' as never })).toThrow(/each is 'epoch' or 'step'/)
    expect(() => log('')).toThrow(ArgumentError)
    const wrong: Metrics[] = [{ step: 1 }, { epoch: 1 }, { 'a\nb': 1 }]
    for (const metrics of wrong)
      await expect(new SmallRun(1, [log(at('log'))], () => metrics).go()).rejects.toThrow(/a metric cannot be named/)
    const none = { loss: tensor([1]) } as unknown as Metrics
    await expect(new SmallRun(1, [log(at('log'))], () => none).go()).rejects.toThrow(
      /the metric 'loss' is a number, not a tensor\. Did you mean x\.item\(\)/,
    )
  })

  test('goes on with lines that an editor ended in its own way', async () => {
    const go = (epochs: number) => new SmallRun(epochs, [log(at('log')), checkpoint(at('run'))]).go()
    await go(1)
    writeFileSync(at('log'), text('log').replaceAll('\n', '\r\n'))
    await go(2)
    const resumed = text('log')
    await new SmallRun(2, [log(at('log'))]).go()
    expect(resumed).toBe(text('log'))
  })
})
