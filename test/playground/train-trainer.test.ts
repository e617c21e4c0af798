// What the worker of the tab Train hears and says: frames one at a time, in slices, whatever is asked for meanwhile.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { featureNames, type Reply, type Request, type Setup } from '../../playground/train/message.ts'
import { Session } from '../../playground/train/session.ts'
import { Trainer, transferred } from '../../playground/train/trainer.ts'
import { codegen } from '../../src/index.ts'
import { losses, plain, trained } from './setup.ts'

// as in the page
beforeEach(() => {
  codegen(false)
})
afterEach(async () => {
  // what still runs would go on beside the next test
  for (const page of pages.splice(0)) await page.ask({ type: 'pause' })
  codegen(true)
})

type Named<T extends Reply['type']> = Extract<Reply, { type: T }>

const pages: Page[] = []
/** A page: what it was told, and how it answers. */
class Page {
  readonly replies: Reply[] = []
  readonly trainer: Trainer
  /** Draws each frame as soon as it is there. */
  eager = true

  constructor() {
    this.trainer = new Trainer(
      reply => {
        this.replies.push(reply)
        if (reply.type === 'frame' && this.eager) setTimeout(() => this.ask({ type: 'drawn' }))
      },
      () => new Promise(resolve => setImmediate(resolve)),
    )
    pages.push(this)
  }
  ask(request: Request): Promise<void> {
    return this.trainer.hear(request)
  }
  begin(over: Partial<Setup> = {}): Promise<void> {
    return this.ask({ type: 'setup', setup: { ...plain, ...over } })
  }
  all<T extends Reply['type']>(type: T): Named<T>[] {
    return this.replies.filter((reply): reply is Named<T> => reply.type === type)
  }
  get last(): Named<'frame'> {
    return this.all('frame').at(-1)!
  }
  until(f: () => boolean): Promise<void> {
    return vi.waitFor(() => expect(f()).toBe(true), { timeout: 15_000, interval: 2 })
  }
}
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

describe('requests', () => {
  test('setup: ready, then the first frame', async () => {
    const page = new Page()
    await page.begin()
    expect(page.replies.map(({ type }) => type)).toEqual(['ready', 'frame'])
    expect(page.all('ready')[0]).toMatchObject({ widths: [2, 4, 2, 1], stepsPerEpoch: 14, setup: plain })
    expect(page.last).toMatchObject({ step: 0, epoch: 0, speed: 0, ledger: null })
  })

  test('step: so many, with the numbers of a session; no more after a pause', async () => {
    const page = new Page()
    await page.begin()
    await page.ask({ type: 'step', count: 1 })
    await page.until(() => page.last.step === 1)
    await page.ask({ type: 'step', count: 30 })
    await page.ask({ type: 'step', count: 9 })
    await page.until(() => page.last.step === 40)
    expect(page.last.layers[0].weight).toEqual((await trained(40)).frame().layers[0].weight)
    expect(page.last.speed).toBe(0)
    await page.ask({ type: 'step', count: 1e9 })
    await page.ask({ type: 'pause' })
    await pause(30)
    const { step } = page.last
    await pause(50)
    expect(page.last.step).toBe(step)
  })

  test('run and pause: frames come while it runs, the last one is of where it stays', async () => {
    const page = new Page()
    await page.begin()
    await page.ask({ type: 'run', speed: null })
    await page.until(() => page.all('frame').length > 6 && page.last.speed > 0)
    await page.ask({ type: 'pause' })
    await pause(60)
    const { step, speed } = page.last
    expect(speed).toBe(0)
    await page.ask({ type: 'step', count: 1 })
    await page.until(() => page.last.step === step + 1)
    const steps = page.all('frame').map(frame => frame.step)
    expect(steps).toEqual([...steps].sort((a, b) => a - b))
  })

  test('speed: at most so many steps a second', async () => {
    const page = new Page()
    await page.begin()
    await page.ask({ type: 'run', speed: 50 })
    await pause(500)
    await page.ask({ type: 'pause' })
    await pause(30)
    expect(page.last.step).toBeGreaterThan(5)
    expect(page.last.step).toBeLessThan(40)
  })

  test('another speed holds at once', async () => {
    const page = new Page()
    await page.begin()
    await page.ask({ type: 'run', speed: 0.01 })
    await page.until(() => page.last.step === 1)
    await page.ask({ type: 'run', speed: 100 })
    await page.until(() => page.last.step > 5)
  })

  test('assign, tune and inspect bring a frame at rest', async () => {
    const page = new Page()
    await page.begin()
    const frames = async (request: Request) => {
      const { length } = page.all('frame')
      await page.ask(request)
      await page.until(() => page.all('frame').length > length)
      return page.last
    }
    const place = { layer: 0, unit: 0, input: 1 } as const
    expect((await frames({ type: 'assign', place, value: 2.5 })).layers[0].weight[1]).toBe(2.5)
    expect((await frames({ type: 'tune', setup: { ...plain, lr: 0.5 } })).lr).toBe(0.5)
    expect((await frames({ type: 'inspect', place })).ledger).toBeNull()
    expect((await frames({ type: 'step', count: 1 })).ledger).toMatchObject({ place, terms: { length: 10 } })
    expect((await frames({ type: 'inspect', place: null })).ledger).toBeNull()
  })

  test('they are heard soon at full speed, also while engines are measured', async () => {
    const page = new Page()
    await page.begin()
    await page.ask({ type: 'run', speed: null })
    await page.until(() => page.last.step > 100)
    void page.ask({ type: 'measure' })
    const waits: number[] = []
    for (let k = 0; k < 12; k++) {
      await pause(20)
      const began = process.cpuUsage()
      await new Promise<void>(resolve => setTimeout(resolve))
      await page.ask({ type: 'inspect', place: k % 2 === 0 ? { layer: 0, unit: 0, input: 0 } : null })
      const { user, system } = process.cpuUsage(began)
      waits.push((user + system) / 1000)
    }
    // milliseconds of work, not of the clock: others may want the processor too
    expect(waits.sort((a, b) => a - b)[5]).toBeLessThan(45)
    await page.until(() => page.all('speeds').length === 1)
    const { tensor, scalar } = page.all('speeds')[0].speeds
    expect(tensor).toBeGreaterThan(10)
    expect(scalar).toBeGreaterThan(10)
    await page.ask({ type: 'pause' })
  })
})

describe('frames', () => {
  test('none before the last one is drawn, then one of now', async () => {
    const page = new Page()
    page.eager = false
    await page.begin()
    await page.ask({ type: 'run', speed: null })
    await pause(150)
    expect(page.all('frame').map(({ step }) => step)).toEqual([0])
    await page.ask({ type: 'drawn' })
    await page.until(() => page.all('frame').length === 2)
    expect(page.last.step).toBeGreaterThan(10)
    await page.ask({ type: 'pause' })
    await pause(50)
    expect(page.all('frame')).toHaveLength(2)
    await page.ask({ type: 'drawn' })
    expect(page.all('frame')).toHaveLength(3)
    // nothing new since
    await page.ask({ type: 'drawn' })
    expect(page.all('frame')).toHaveLength(3)
  })

  test('they take no more than about a third of the time', async () => {
    const frame = Session.prototype.frame
    let spent = 0
    const spy = vi.spyOn(Session.prototype, 'frame').mockImplementation(function (this: Session, ...args) {
      const began = performance.now()
      try {
        return frame.apply(this, args)
      } finally {
        spent += performance.now() - began
      }
    })
    try {
      const page = new Page()
      await page.begin({ hidden: [8, 8, 8, 8], features: featureNames })
      await page.ask({ type: 'run', speed: null })
      await page.until(() => page.last.step > 20)
      spent = 0
      const began = performance.now()
      await page.until(() => performance.now() - began > 700)
      expect(page.all('frame').length).toBeGreaterThan(5)
      expect(spent / (performance.now() - began)).toBeLessThan(0.45)
    } finally {
      spy.mockRestore()
    }
  })

  test('all their arrays go over without a copy, and none is the trainer’s own', async () => {
    const page = new Page()
    await page.begin()
    const first = page.last
    const buffers = transferred(first)
    expect(new Set(buffers).size).toBe(1 + 3 + 3 * 4)
    structuredClone(first, { transfer: buffers as ArrayBuffer[] })
    await page.ask({ type: 'step', count: 5 })
    await page.until(() => page.last.step === 5)
    expect(page.last.layers[0].weight).toEqual((await trained(5)).frame().layers[0].weight)
    expect(page.last.outputs).toHaveLength(page.last.resolution ** 2)
  })
})

describe('what fails', () => {
  test('a table with a mistake, and then a better one', async () => {
    const page = new Page()
    await page.begin({ data: 'csv', csv: 'a,b,c\n1,x,y\n' })
    expect(page.replies).toEqual([
      { type: 'failure', message: expect.stringContaining("Line 2 has 'x' in column 'b'") },
    ])
    // there is nothing to train
    for (const request of [
      { type: 'run', speed: null },
      { type: 'step', count: 3 },
      { type: 'measure' },
      { type: 'drawn' },
    ] as const)
      await page.ask(request)
    expect(page.replies).toHaveLength(1)
    await page.begin()
    await pause(30)
    expect(page.last.step).toBe(0)
  })

  test('a run that cannot go on: said once, and where it stopped is shown', async () => {
    const page = new Page()
    await page.begin({ data: 'plane', activation: 'linear', optimizer: 'SGD', lr: 50 })
    await page.ask({ type: 'run', speed: null })
    await page.until(() => page.all('failure').length > 0)
    await pause(50)
    const [{ message }, ...others] = page.all('failure')
    expect(others).toEqual([])
    expect(message).toMatch(/^In step \d+ the loss is (NaN|Infinity)/)
    expect(page.last.step).toBe(Number(/\d+/.exec(message)?.[0]) - 1)
    expect(page.last.speed).toBe(0)
    // its engines can be measured all the same
    await page.ask({ type: 'measure' })
    await page.until(() => page.all('speeds').length === 1)
  })

  test('a mistake in a request changes nothing', async () => {
    const page = new Page()
    await page.begin()
    await page.ask({ type: 'tune', setup: { ...plain, hidden: [9] } })
    await page.ask({ type: 'assign', place: { layer: 9, unit: 0, input: 0 }, value: 1 })
    expect(page.all('failure').map(({ message }) => message)).toEqual([
      'Another hidden takes a new run',
      'There is no weight of layer 9, unit 0, input 0',
    ])
  })
})

test('engines are measured anew when a new run or another batch size came in between', async () => {
  const page = new Page()
  await page.begin()
  await page.ask({ type: 'measure' })
  await pause(100)
  await page.begin({ seed: 2 })
  await page.ask({ type: 'measure' })
  await page.until(() => page.all('speeds').length === 1)
  await page.ask({ type: 'measure' })
  await page.ask({ type: 'tune', setup: { ...plain, seed: 2, batch: 100 } })
  await page.ask({ type: 'measure' })
  await page.until(() => page.all('speeds').length === 2)
  await pause(1500)
  const [before, after, ...others] = page.all('speeds').map(({ speeds }) => speeds.scalar)
  expect(others).toEqual([])
  expect(after).toBeLessThan(before / 2)
})

test('a weight that the next network has no more is inspected: nothing is shown of it, and all goes on', async () => {
  const page = new Page()
  page.eager = false
  await page.begin()
  void page.begin({ hidden: [] })
  void page.ask({ type: 'inspect', place: { layer: 2, unit: 0, input: 0 } })
  await page.ask({ type: 'drawn' })
  await page.ask({ type: 'inspect', place: { layer: 0, unit: 0, input: 1 } })
  await page.ask({ type: 'step', count: 1 })
  await page.ask({ type: 'drawn' })
  await page.until(() => page.last.step === 1)
  expect(page.last.ledger?.place.input).toBe(1)
  expect(page.all('failure')).toEqual([])
})

test('of many setups in a row the last one counts, and nothing of the old run goes on', async () => {
  const page = new Page()
  await page.begin()
  await page.ask({ type: 'run', speed: null })
  await pause(50)
  for (const seed of [2, 3, 4]) void page.begin({ seed })
  await page.begin({ seed: 5 })
  expect(page.all('ready').map(({ setup }) => setup.seed)).toEqual([1, 5])
  await pause(80)
  expect(page.last.step).toBe(0)
  void page.ask({ type: 'run', speed: null })
  void page.begin({ seed: 6 })
  await page.ask({ type: 'step', count: 2 })
  await page.until(() => page.last.step === 2)
  await pause(50)
  expect(page.last.step).toBe(2)
  const other = await trained(0, { seed: 6 })
  losses(other, 2)
  expect(page.last.layers[0].weight).toEqual(other.frame().layers[0].weight)
})
