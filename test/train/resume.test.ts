// Runs that are stopped and go on: in the middle of an epoch, in new objects, to the same bits.
import { describe, expect, test } from 'vitest'
import { defaultGenerator, Generator, manualSeed, nn, optim, rand, Tensor } from '../../src/index.ts'
import {
  type Batches,
  type Callback,
  earlyStopping,
  type FitResult,
  fit,
  type Metrics,
  RocAuc,
  type Run,
  type Snapshot,
} from '../../src/train/train.ts'
import { clouds, made, numbersOf, shuffled } from './case.ts'

const batches = clouds()
type Batch = [Tensor, Tensor]

/** A loader that knows where it is: its generator, as it was when the epoch began too, and how many were handed out. */
class Loader {
  readonly length = batches.length
  readonly generator: Generator
  #begun: object | null = null
  #at = 0
  constructor(generator: Generator) {
    this.generator = generator
  }
  *[Symbol.iterator](): Iterator<Batch> {
    if (this.#begun) this.generator.setState(this.#begun as never)
    else this.#begun = this.generator.getState()
    const order = this.generator.permutation(batches.length)
    while (this.#at < order.length) yield batches[order[this.#at++]]
    this.#at = 0
    this.#begun = null
  }
  stateDict(): unknown {
    return { begun: this.#begun, at: this.#at, now: this.generator.getState() }
  }
  loadStateDict(state: never): void {
    const { begun, at, now } = state as { begun: object | null; at: number; now: never }
    this.generator.setState(now)
    this.#begun = begun
    this.#at = at
  }
}

/** JSON and back, with tensors as they are: what a file would make of a state. */
function copied(x: Snapshot): Snapshot {
  if (x instanceof Tensor) return new Tensor(x.shape, x.dtype, x.data.slice())
  if (Array.isArray(x)) return x.map(copied)
  if (typeof x === 'object' && x !== null)
    return Object.fromEntries(Object.entries(x).map(([name, y]) => [name, copied(y)]))
  return JSON.parse(JSON.stringify(x)) as Snapshot
}

interface Outcome {
  readonly result: FitResult
  readonly numbers: number[][]
  readonly steps: Metrics[]
  readonly saved: Snapshot | null
}
interface Kind {
  readonly loader: (generator: Generator) => Batches<Batch>
  readonly accumulate: number
  readonly scheduleBy: 'epoch' | 'step'
}

/** A run, saved and stopped at a step, or resumed. Nothing in it is shared with another. */
async function run(
  kind: Kind,
  { stop, resume, seed = 1 }: { stop?: number; resume?: Snapshot; seed?: number } = {},
): Promise<Outcome> {
  manualSeed(seed)
  const { model, optimizer, loss } = made(seed)
  // draws from the default generator in each step
  const noise = new Generator(`noise ${seed}`)
  const ema = new optim.EMA(model, { decay: 0.9 })
  const steps: Metrics[] = []
  let saved: Snapshot | null = null
  const keeper: Callback = {
    start(run) {
      if (resume !== undefined) run.loadStateDict(resume)
    },
    step(run) {
      steps.push({ ...run.metrics })
      if (run.step !== stop) return
      saved = copied(run.stateDict())
      run.stop('enough')
    },
  }
  const result = await fit(model, {
    ...{ train: kind.loader(new Generator(`order ${seed}`)), validation: batches.slice(0, 2), loss, optimizer, ema },
    ...{ accumulate: kind.accumulate, epochs: 4, scheduleBy: kind.scheduleBy, generators: [noise] },
    scheduler: new optim.CosineAnnealingWarmRestarts(optimizer, 3),
    metrics: { accuracy: (x: Tensor, y: Tensor) => x.argmax(1).eq(y).float().mean(), auc: new RocAuc() },
    forward: (model, [x, y]: Batch) => ({
      prediction: model.forward(x.add(rand(x.shape).mul(0.1)).add(rand(x.shape, { generator: noise }).mul(0.1))),
      target: y,
    }),
    callbacks: [keeper, earlyStopping({ metric: 'validation.loss', patience: 3, ema })],
  })
  const averages = Object.values(ema.averages()).map(x => (typeof x === 'number' ? [x] : Array.from(x.data)))
  return { result, numbers: [...numbersOf(model), ...averages, [defaultGenerator().uniform()]], steps, saved }
}

const kinds: Record<string, Kind> = {
  'a loader that knows where it is': { loader: g => new Loader(g), accumulate: 1, scheduleBy: 'epoch' },
  'batches that are gone through again': { loader: g => shuffled(batches, g), accumulate: 2, scheduleBy: 'step' },
  'batches that arrive later': {
    loader: () => ({
      async *[Symbol.asyncIterator]() {
        for (const i of defaultGenerator().permutation(batches.length)) yield batches[i]
      },
    }),
    accumulate: 1,
    scheduleBy: 'step',
  },
}

describe.each(Object.entries(kinds))('a run with %s', (name, kind) => {
  // its own generator belongs to the loader; those that do not know where they are need theirs to be the run's
  const usable = name.includes('gone through') ? { ...kind, loader: () => shuffled(batches, defaultGenerator()) } : kind
  test.each([1, 3, 8])('goes on at step %i as if it had not been stopped', async stop => {
    const whole = await run(usable)
    const first = await run(usable, { stop })
    expect(first.result).toMatchObject({ step: stop, reason: 'enough' })
    // other weights, other seeds: all comes from the state
    const second = await run(usable, { resume: first.saved as Snapshot, seed: 2 })
    expect([...first.steps, ...second.steps]).toEqual(whole.steps)
    expect(second.result).toEqual(whole.result)
    expect(second.numbers).toEqual(whole.numbers)
  })

  test('goes on after the last step of an epoch, before its validation', async () => {
    const stop = Math.ceil(batches.length / usable.accumulate)
    const [whole, first] = [await run(usable), await run(usable, { stop })]
    expect(first.result.epoch).toBe(0)
    const second = await run(usable, { resume: first.saved as Snapshot, seed: 2 })
    expect(second.result).toEqual(whole.result)
    expect(second.numbers).toEqual(whole.numbers)
  })
})

describe('a run whose loader is at the end of its epoch', () => {
  const kind = { ...kinds['a loader that knows where it is'], accumulate: 2 }

  test('goes on after a last step of fewer batches', async () => {
    const [whole, first] = [await run(kind), await run(kind, { stop: Math.ceil(batches.length / 2) })]
    expect(first.result).toMatchObject({ epoch: 0, step: 4 })
    const second = await run(kind, { resume: first.saved as Snapshot, seed: 2 })
    expect([...first.steps, ...second.steps]).toEqual(whole.steps)
    expect(second.result).toEqual(whole.result)
    expect(second.numbers).toEqual(whole.numbers)
  })

  test('goes on after a stop in the middle of validation', async () => {
    const going = async (resume: Snapshot | null, stop: boolean): Promise<[FitResult, number[][], Snapshot]> => {
      manualSeed(1)
      const { model, optimizer, loss } = made()
      let state: Snapshot = null
      let ending = stop
      let now: Run | null = null
      const result = await fit(model, {
        ...{ train: new Loader(new Generator('order')), loss, optimizer, epochs: 2 },
        validation: {
          *[Symbol.iterator]() {
            yield batches[0]
            if (ending) now?.stop('enough')
            ending = false
            yield batches[1]
          },
        },
        callbacks: [
          {
            start(run) {
              if (resume !== null) run.loadStateDict(resume)
              now = run
            },
            end(run) {
              state = copied(run.stateDict())
            },
          },
        ],
      })
      return [result, numbersOf(model), state]
    }
    const [whole, numbers] = await going(null, false)
    const [first, , state] = await going(null, true)
    expect(first).toMatchObject({ epoch: 0, step: batches.length, reason: 'enough' })
    const [second, after] = await going(state, false)
    expect(second).toEqual(whole)
    expect(after).toEqual(numbers)
  })

  test('makes a last step that failed again', async () => {
    const { model, optimizer, loss } = made()
    const whole = batches.slice(0, 3)
    const broken: Batch[] = [...whole.slice(0, 2), [whole[2][0].div(0), whole[2][1]]]
    let state: Snapshot = null
    const keeper: Callback = {
      end(run) {
        state = copied(run.stateDict())
      },
    }
    const options = { loss, optimizer, epochs: 1, accumulate: 2 }
    await expect(fit(model, { ...options, train: broken, callbacks: [keeper] })).rejects.toThrow(/in step 2/)
    const resumed = { ...options, train: whole, callbacks: [{ start: (run: Run) => run.loadStateDict(state) }] }
    expect(await fit(model, resumed)).toMatchObject({ epoch: 1, step: 2 })
  })
})

describe('a state', () => {
  const kind = kinds['a loader that knows where it is']

  /** A run that loads a state, and what it was before and after. */
  async function loading(
    state: Snapshot,
    also: object | ((optimizer: optim.Adam) => object) = {},
  ): Promise<{ error: unknown; same: boolean; draw: boolean }> {
    const { model, optimizer, loss } = made(3)
    let error: unknown
    let [same, draw] = [false, false]
    await fit(model, {
      ...{ train: new Loader(new Generator(1)), loss, optimizer, epochs: 1 },
      ...(typeof also === 'function' ? also(optimizer) : also),
      callbacks: [
        {
          start(run) {
            const [before, drawn] = [JSON.stringify(run.stateDict()), defaultGenerator().getState()]
            try {
              run.loadStateDict(state)
            } catch (e) {
              error = e
            }
            same = JSON.stringify(run.stateDict()) === before
            draw = JSON.stringify(defaultGenerator().getState()) === JSON.stringify(drawn)
            run.stop('seen')
          },
        },
      ],
    })
    return { error, same, draw }
  }
  const without = (state: Snapshot, change: (parts: Record<string, Snapshot>) => void): Snapshot => {
    const own = copied(state) as Record<string, Snapshot>
    change(own)
    return own
  }

  test('that does not fit is refused, and nothing has changed', async () => {
    const { model, optimizer, loss } = made()
    let state: Snapshot = null
    await fit(model, {
      ...{ train: new Loader(new Generator(1)), loss, optimizer, epochs: 1 },
      callbacks: [
        {
          step(run) {
            if (run.step === 3) state = run.stateDict()
          },
        },
      ],
    })
    expect((await loading(state)).error).toBe(undefined)
    const wider = new nn.Sequential(new nn.Linear(2, 3))
    const other = new optim.SGD(wider.parameters(), { lr: 1 })
    const refused: [Snapshot, object | ((optimizer: optim.Adam) => object), RegExp][] = [
      [null, {}, /the state is no record, but null/],
      [{ model: 1 }, {}, /this is no state of a run/],
      [without(state, s => delete s.history), {}, /history is no list/],
      [without(state, s => Object.assign(s, { epoch: -1 })), {}, /epoch is an integer of at least 0, not -1/],
      [without(state, s => Object.assign(s, { whole: 1 })), {}, /whole is true or false, not 1/],
      [without(state, s => Object.assign(s, { generators: [] })), {}, /the state has 0 generators, this run 2/],
      [
        without(state, s => Object.assign(s, { callbacks: { best: 1 } })),
        {},
        /a callback 'best', which this one lacks/,
      ],
      [without(state, s => delete (s.parts as Record<string, Snapshot>).model), {}, /the state has no model/],
      [
        state,
        (own: optim.Adam) => ({ scheduler: new optim.StepLR(own, 1) }),
        /the state has no scheduler, and this run has one/,
      ],
      [state, { train: batches }, /the state has a loader, and this run has none/],
    ]
    for (const [given, also, message] of refused) {
      const { error, same, draw } = await loading(given, also)
      expect(error).toMatchObject({ message: expect.stringMatching(message), name: 'ArgumentError' })
      expect([same, draw]).toEqual([true, true])
    }
    await expect(
      fit(wider, {
        ...{ train: batches, loss, optimizer: other, epochs: 1 },
        callbacks: [{ start: run => run.loadStateDict(state) }],
      }),
    ).rejects.toThrow(/the state does not fit Sequential/)
  })

  test('is loaded before the first step only', async () => {
    const { model, optimizer, loss } = made()
    await expect(
      fit(model, {
        ...{ train: batches, loss, optimizer, epochs: 1 },
        callbacks: [{ step: run => run.loadStateDict(run.stateDict()) }],
      }),
    ).rejects.toThrow(/the run has begun/)
  })

  test('of a run that is over leaves nothing to do', async () => {
    let state: Snapshot = null
    const { model, optimizer, loss } = made()
    const options = { train: batches, loss, optimizer, epochs: 2 }
    const keeper: Callback = {
      end(run) {
        state = run.stateDict()
      },
    }
    await fit(model, { ...options, callbacks: [keeper] })
    const before = numbersOf(model)
    const result = await fit(model, { ...options, callbacks: [{ start: run => run.loadStateDict(state) }] })
    expect(result).toMatchObject({ step: 14, epoch: 2, reason: null })
    expect(numbersOf(model)).toEqual(before)
  })

  test('is plain data', async () => {
    const { saved } = await run(kind, { stop: 2 })
    const seen = new Set<string>()
    const walk = (x: Snapshot): void => {
      if (x instanceof Tensor || x === null || typeof x !== 'object') {
        seen.add(x instanceof Tensor ? 'tensor' : x === null ? 'null' : typeof x)
        return
      }
      expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(x))
      for (const y of Object.values(x)) walk(y)
    }
    walk(saved)
    expect([...seen].sort()).toEqual(['boolean', 'null', 'number', 'string', 'tensor'])
  })
})
