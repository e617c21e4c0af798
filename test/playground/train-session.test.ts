// Runs of the playground's tab Train: they learn, both engines alike, and show what is true.
import { describe, expect, test } from 'vitest'
import {
  activationNames,
  dataNames,
  type Frame,
  featureNames,
  initNames,
  optimizerNames,
  type Place,
  type Setup,
  scheduleNames,
} from '../../playground/train/message.ts'
import { Diverged, Session } from '../../playground/train/session.ts'
import { begin, losses, plain, trained } from './setup.ts'

const last = (frame: Frame) => frame.history[frame.history.length - 1]
const bytes = (frame: Frame): string =>
  JSON.stringify({
    ...frame,
    layers: frame.layers.map(x => ({ ...x, weight: [...x.weight] })),
    outputs: [...frame.outputs],
    units: frame.units.map(x => [...x]),
  })
/** All places of a network with these widths. */
const places = (widths: readonly number[]): Place[] =>
  widths
    .slice(1)
    .flatMap((units, layer) =>
      Array.from({ length: units }, (_, unit) =>
        [...Array(widths[layer]).keys(), 'bias' as const].map(input => ({ layer, unit, input })),
      ).flat(),
    )

describe('learning', () => {
  test.each<[number, Partial<Setup>]>([
    [300, { data: 'moons' }],
    [400, { data: 'circles' }],
    [400, { data: 'xor', noise: 0.05 }],
    [200, { data: 'clusters' }],
    [400, { data: 'three', noise: 0.05, hidden: [6, 4] }],
    [600, { data: 'spirals', noise: 0.03, hidden: [8, 8] }],
    [300, { data: 'plane' }],
    [500, { data: 'waves', hidden: [8, 4] }],
  ])('after %i steps of %o more than 0.9 is right, of what was not trained with too', async (steps, over) => {
    const { trainScore, testScore } = last((await trained(steps, over)).frame())
    expect(trainScore).toBeGreaterThan(0.9)
    expect(testScore).toBeGreaterThan(0.9)
  })

  test('the same setup gives the same bits, another seed others', async () => {
    const once = async (seed: number) => bytes((await trained(25, { seed, dropout: 0.2 })).frame())
    const first = await once(3)
    expect(await once(3)).toBe(first)
    expect(await once(4)).not.toBe(first)
  })

  test('looking changes nothing', async () => {
    const [watched, left] = [await begin({ dropout: 0.2 }), await begin({ dropout: 0.2 })]
    for (let i = 0; i < 12; i++) {
      watched.frame(0, { layer: 0, unit: 1, input: 0 })
      expect(watched.step()).toBe(left.step())
    }
    expect(bytes(watched.frame())).toBe(bytes(left.frame()))
  })
})

describe('every choice', () => {
  const distinct = (xs: readonly unknown[]): number => new Set(xs.map(x => JSON.stringify(x))).size

  test('optimizers train, each in its way', async () => {
    const found = await Promise.all(
      optimizerNames.map(async optimizer => {
        const lr = optimizer === 'Lion' ? 0.005 : 0.05
        const session = await trained(120, { optimizer, lr })
        const { history } = session.frame()
        expect(history[history.length - 1].train).toBeLessThan(0.85 * history[0].train)
        return history[history.length - 1].train
      }),
    )
    expect(distinct(found)).toBe(optimizerNames.length)
  })

  test('momentum matters where there is one', async () => {
    const loss = async (over: Partial<Setup>) => losses(await begin({ lr: 0.05, ...over }), 10)[9]
    for (const optimizer of ['momentum', 'nesterov'] as const)
      expect(await loss({ optimizer, momentum: 0.5 })).not.toBe(await loss({ optimizer, momentum: 0.9 }))
    expect(await loss({ optimizer: 'SGD', momentum: 0.5 })).toBe(await loss({ optimizer: 'SGD', momentum: 0.9 }))
    await expect(begin({ optimizer: 'nesterov', momentum: 0 })).rejects.toThrow('momentum')
  })

  test('schedules: the rate by the step, and where it stays', async () => {
    const rates = async (schedule: Setup['schedule'], at: readonly number[]) => {
      const session = await begin({ schedule, lr: 0.1, hidden: [], samples: 20, testShare: 0 })
      const found: number[] = []
      for (let k = 0; k <= Math.max(...at); k++) {
        if (at.includes(k)) found.push(session.frame().lr)
        session.step()
      }
      return found
    }
    const close = (found: number[], expected: number[]) =>
      expected.forEach((x, i) => {
        expect(found[i]).toBeCloseTo(x, 10)
      })
    close(await rates('constant', [0, 300]), [0.1, 0.1])
    close(await rates('step', [0, 199, 200, 400]), [0.1, 0.1, 0.05, 0.025])
    close(await rates('exponential', [0, 100]), [0.1, 0.1 * 0.998 ** 100])
    close(await rates('cosine', [0, 500, 1000, 1100]), [0.1, (0.1 + 0.001) / 2, 0.001, 0.001])
    close(await rates('warmup', [0, 50, 100, 150]), [0.001, 0.001 + 0.099 / 2, 0.1, 0.1])
    const [start, top, end, rest] = await rates('oneCycle', [0, 299, 999, 1050])
    close([start, top], [0.1 / 25, 0.1])
    expect(end).toBeLessThan(1e-5)
    expect(rest).toBe(end)
    expect(scheduleNames).toHaveLength(6)
  })

  test('activations train, each in its way', async () => {
    const found = await Promise.all(
      activationNames.map(async activation => {
        const { history } = (await trained(100, { activation, hidden: [6], lr: 0.1 })).frame()
        expect(history[history.length - 1].train).toBeLessThan(0.7 * history[0].train)
        return history[history.length - 1].train
      }),
    )
    expect(distinct(found)).toBe(activationNames.length)
  })

  test('initialisations: sizes of weights as their formulas say, biases 0', async () => {
    const deviation = (xs: ArrayLike<number>) =>
      Math.sqrt(Array.from(xs).reduce((sum, x) => sum + x * x, 0) / xs.length)
    const size = async (init: Setup['init'], activation: Setup['activation']) => {
      const [first, second] = (await begin({ init, activation, hidden: [200, 100] })).frame().layers
      expect(first.bias.every(x => x === 0)).toBe(init !== 'default')
      return deviation(second.weight)
    }
    expect(await size('default', 'tanh')).toBeCloseTo(1 / Math.sqrt(3 * 200), 2.5)
    for (const name of ['xavierUniform', 'xavierNormal'] as const)
      expect(await size(name, 'tanh')).toBeCloseTo((5 / 3) * Math.sqrt(2 / 300), 2)
    for (const name of ['kaimingUniform', 'kaimingNormal'] as const)
      expect(await size(name, 'relu')).toBeCloseTo(Math.sqrt(2 / 200), 2)
    expect(await size('normal', 'tanh')).toBeCloseTo(1, 1.5)
    expect(await size('zeros', 'tanh')).toBe(0)
    expect(initNames).toHaveLength(7)
  })

  test('regularisation makes weights smaller, L1 some of them nothing; a rate of 0 is none', async () => {
    const weights = async (over: Partial<Setup>) => {
      const session = await trained(300, { hidden: [8], lr: 0.01, ...over })
      return session.frame().layers.flatMap(({ weight }) => Array.from(weight, Math.abs))
    }
    const sum = (xs: number[]) => xs.reduce((a, b) => a + b)
    const none = await weights({})
    const [l1, l2] = [await weights({ regularization: 'L1' }), await weights({ regularization: 'L2' })]
    expect(sum(l1)).toBeLessThan(0.7 * sum(none))
    expect(sum(l2)).toBeLessThan(0.9 * sum(none))
    expect(l1.filter(x => x < 0.02).length).toBeGreaterThan(l2.filter(x => x < 0.02).length)
    expect(await weights({ regularization: 'L2', rate: 0 })).toEqual(none)
  })

  test('dropout, batch size, features and layers', async () => {
    const session = await begin({ features: featureNames, hidden: [3, 5, 2], batch: 1000 })
    expect(session.ready).toMatchObject({ widths: [7, 3, 5, 2, 1], inputs: featureNames, stepsPerEpoch: 1 })
    expect(session.ready.parameters).toBe(7 * 3 + 3 + 3 * 5 + 5 + 5 * 2 + 2 + 2 + 1)
    const [dropped, whole] = [await begin({ dropout: 0.5 }), await begin()]
    expect(dropped.frame().layers[0].weight).toEqual(whole.frame().layers[0].weight)
    expect(losses(dropped, 1)).not.toEqual(losses(whole, 1))
    const flat = await trained(100, { hidden: [] })
    expect(flat.frame().units).toHaveLength(1)
    expect(last(flat.frame()).trainScore).toBeGreaterThan(0.8)
  })
})

describe('the two engines', () => {
  const variants: Partial<Setup>[] = [
    ...activationNames.map(activation => ({ activation })),
    ...optimizerNames.map(optimizer => ({ optimizer, lr: 0.01 })),
    ...scheduleNames.map(schedule => ({ schedule })),
    ...dataNames.filter(name => name !== 'csv').map(data => ({ data })),
    { dropout: 0.3 },
    { dropout: 0.3, data: 'three', regularization: 'L1' },
    { regularization: 'L2', rate: 0.1 },
    { hidden: [], features: featureNames, batch: 7 },
  ]
  test.each(variants)('%o: the same numbers, step by step', async over => {
    const [tensors, scalars] = [await begin(over), await begin({ ...over, engine: 'scalar' })]
    const [a, b] = [losses(tensors, 20), losses(scalars, 20)]
    a.forEach((loss, k) => {
      expect(Math.abs(loss - b[k])).toBeLessThan(1e-9 * Math.max(1, loss))
    })
    const place = { layer: 0, unit: 0, input: 1 }
    const [x, y] = [tensors.frame(0, place), scalars.frame(0, place)]
    x.layers.forEach((layer, k) => {
      for (const name of ['weight', 'weightGrad', 'bias', 'biasGrad'] as const)
        layer[name].forEach((value, i) => {
          expect(Math.abs(value - y.layers[k][name][i])).toBeLessThan(1e-6)
        })
    })
    expect(Math.abs((x.ledger?.gradient ?? 0) - (y.ledger?.gradient ?? 1))).toBeLessThan(1e-9)
  })
})

describe('the ledger', () => {
  test.each<Partial<Setup>>([
    {},
    { engine: 'scalar' },
    { regularization: 'L1', dropout: 0.2 },
    { regularization: 'L2', dropout: 0.2, engine: 'scalar' },
    { data: 'three', hidden: [3, 3] },
    { data: 'waves', activation: 'relu', batch: 64 },
  ])('%o: the terms of all weights and the regularisation add up to the gradient', async over => {
    const session = await trained(7, over)
    for (const place of places(session.ready.widths)) {
      const ledger = session.ledger(place)!
      const sum = ledger.terms.reduce((sum, { term }) => sum + term, ledger.regularization)
      expect(Math.abs(sum - ledger.gradient)).toBeLessThan(1e-14)
      expect(ledger.terms).toHaveLength({ ...plain, ...over }.batch)
      for (const { upstream, local, term } of ledger.terms) expect(upstream * local).toBe(term)
      if (place.input === 'bias') expect(ledger.regularization).toBe(0)
    }
  })

  test('examples are told by their numbers, inputs are what they were, the value is the present one', async () => {
    const session = await trained(3)
    const { train } = session.ready
    const [first, second] = [0, 1].map(input => session.ledger({ layer: 0, unit: 2, input })!)
    for (const [i, { example, local }] of first.terms.entries()) {
      expect(local).toBe(train[example].x1)
      expect(second.terms[i].local).toBe(train[example].x2)
    }
    expect(new Set(first.terms.map(({ example }) => example)).size).toBe(10)
    expect(Math.fround(first.value)).toBe(session.frame().layers[0].weight[2 * 2])
    expect(Math.fround(first.gradient)).toBe(session.frame().layers[0].weightGrad[2 * 2])
  })

  test('the gradient is the slope of the loss', async () => {
    // the whole data as one batch, so that the loss before a step is that of frames
    const over = { batch: 1000, samples: 40, testShare: 0 }
    const place = { layer: 1, unit: 1, input: 2 } as const
    const session = await trained(3, over)
    const value = session.frame().layers[1].weight[4 + 2]
    const loss = (w: number) => {
      session.assign(place, w)
      return last(session.frame()).train
    }
    const h = 1e-4
    const slope = (loss(value + h) - loss(value - h)) / (2 * h)
    session.assign(place, value)
    session.step()
    expect(session.ledger(place)!.gradient).toBeCloseTo(slope, 7)
  })

  test('none before the first step; no place but those that there are', async () => {
    const session = await begin()
    expect(session.ledger({ layer: 0, unit: 0, input: 0 })).toBeNull()
    // it may be of the network before
    for (const place of [
      { layer: 3, unit: 0, input: 0 },
      { layer: 0, unit: 4, input: 0 },
      { layer: 0, unit: 0, input: 2 },
      { layer: -1, unit: 0, input: 'bias' },
      { layer: 0, unit: 0.5, input: 0 },
    ] as const) {
      expect(session.frame(0, place).ledger).toBeNull()
      expect(() => session.ledger(place)).toThrow('There is no weight')
    }
  })
})

describe('frames', () => {
  test('the plane: outputs and units where the examples are', async () => {
    const session = await trained(60, { data: 'three', features: ['x1', 'x2', 'x1*x2'] })
    const { resolution, outputs, units, layers } = session.frame()
    const { bound, widths, train, axes } = session.ready
    const cells = resolution ** 2
    expect(outputs).toHaveLength(3 * cells)
    expect(units.map(({ length }) => length)).toEqual([3 * cells, 4 * cells, 2 * cells])
    expect(axes).toEqual(['x1', 'x2'])
    for (const { x1, x2 } of train) expect(Math.max(Math.abs(x1), Math.abs(x2))).toBeLessThan(bound)
    for (const cell of [0, 17, cells - 1, 1234]) {
      const [row, column] = [Math.floor(cell / resolution), cell % resolution]
      const x1 = -bound + ((column + 0.5) * 2 * bound) / resolution
      const x2 = bound - ((row + 0.5) * 2 * bound) / resolution
      const at = (k: number) => Array.from({ length: widths[k] }, (_, unit) => units[k][unit * cells + cell])
      ;[x1, x2, x1 * x2].forEach((x, k) => {
        expect(at(0)[k]).toBeCloseTo(x, 5)
      })
      const sum = (k: number, unit: number, h: readonly number[]) =>
        h.reduce((z, x, j) => z + x * layers[k].weight[unit * layers[k].inputs + j], layers[k].bias[unit])
      for (const k of [1, 2])
        at(k).forEach((x, unit) => {
          expect(x).toBeCloseTo(Math.tanh(sum(k - 1, unit, at(k - 1))), 4)
        })
      const powers = [0, 1, 2].map(unit => Math.exp(sum(2, unit, at(2))))
      powers.forEach((power, unit) => {
        expect(outputs[unit * cells + cell]).toBeCloseTo(power / powers.reduce((a, b) => a + b), 4)
      })
    }
  })

  test('two classes: the probability of the second; regression: the prediction', async () => {
    const binary = (await trained(250)).frame()
    expect(binary.outputs).toHaveLength(binary.resolution ** 2)
    expect(Math.min(...binary.outputs)).toBeLessThan(0.05)
    expect(Math.max(...binary.outputs)).toBeGreaterThan(0.95)
    const session = await trained(100, { data: 'plane' })
    expect(session.ready.classes).toEqual([])
    expect(session.ready.range[0]).toBeLessThan(-1)
    expect(Math.min(...session.frame().outputs)).toBeLessThan(-1)
  })

  test('histograms count everything', async () => {
    const { layers } = (await trained(5)).frame()
    const count = ({ counts }: { counts: readonly number[] }) => counts.reduce((a, b) => a + b)
    for (const { units, inputs, histograms, weight } of layers) {
      expect(count(histograms.weights)).toBe(units * inputs)
      expect(count(histograms.gradients)).toBe(units * inputs)
      expect(count(histograms.activations)).toBe(units * 140)
      expect(Math.fround(histograms.weights.low)).toBe(Math.min(...weight))
    }
  })

  test('the history begins at 0, ends now, stays short, and has equal distances', async () => {
    const session = await begin({ samples: 20, hidden: [] })
    expect(session.frame().history.map(({ step }) => step)).toEqual([0])
    losses(session, 25)
    expect(session.frame().history.map(({ step }) => step)).toEqual([0, 10, 20, 25])
    expect(session.frame().epoch).toBe(Math.floor((12 * 10 + 13 * 4) / 14))
    losses(session, 4975)
    const { history } = session.frame()
    expect(history.length).toBeLessThanOrEqual(402)
    expect(history.slice(0, -1).every(({ step }, k) => step === k * (history[1].step - history[0].step))).toBe(true)
    expect(last(session.frame()).step).toBe(5000)
  })

  test('without examples for testing their numbers are NaN', async () => {
    const session = await begin({ testShare: 0 })
    expect(session.ready.test).toEqual([])
    expect(session.ready.train).toHaveLength(200)
    expect(last(session.frame()).test).toBeNaN()
    expect(last(session.frame()).trainScore).toBeGreaterThan(0)
  })
})

describe('while it runs', () => {
  test.each(['tensor', 'scalar'] as const)('tune changes how it goes on, not where it is: %s', async engine => {
    const setup = { ...plain, engine }
    const session = await trained(10, setup)
    const weights = session.frame().layers.map(({ weight }) => [...weight])
    session.tune({ ...setup, lr: 0.5, batch: 70, regularization: 'L2', schedule: 'exponential' })
    expect(session.frame().layers.map(({ weight }) => [...weight])).toEqual(weights)
    expect([session.frame().lr, session.steps, session.stepsPerEpoch]).toEqual([0.5, 10, 2])
    session.step()
    expect(session.frame().lr).toBeCloseTo(0.5 * 0.998, 12)
    expect(session.ledger({ layer: 0, unit: 0, input: 0 })!.terms).toHaveLength(70)
    session.tune({ ...setup, optimizer: 'SGD', lr: 0.25 })
    expect(session.frame().lr).toBe(0.25)
    session.step()
    const other = await trained(10, setup)
    losses(other, 2)
    expect(session.frame().layers[0].weight).not.toEqual(other.frame().layers[0].weight)
  })

  test('what takes a new run is refused, and nothing changes', async () => {
    const session = await begin()
    expect(() => session.tune({ ...plain, hidden: [3], seed: 2, lr: 9 })).toThrow(
      'Another seed, hidden takes a new run',
    )
    expect(session.setup).toEqual(plain)
    expect(session.frame().lr).toBe(0.03)
    // an equal list is no other one
    session.tune({ ...plain, hidden: [...plain.hidden] })
  })

  test.each(['tensor', 'scalar'] as const)('a weight set by hand: %s', async engine => {
    const session = await trained(2, { engine })
    const before = session.frame()
    session.assign({ layer: 1, unit: 1, input: 3 }, 4)
    session.assign({ layer: 2, unit: 0, input: 'bias' }, -3)
    const frame = session.frame()
    expect(frame.layers[1].weight[4 + 3]).toBe(4)
    expect(frame.layers[2].bias[0]).toBe(-3)
    expect(frame.outputs).not.toEqual(before.outputs)
    expect(frame.layers[0].weight).toEqual(before.layers[0].weight)
    expect(() => session.assign({ layer: 1, unit: 2, input: 0 }, 4)).toThrow('There is no weight')
    expect(() => session.assign({ layer: 1, unit: 0, input: 0 }, NaN)).toThrow('finite')
    expect(Number.isFinite(session.step())).toBe(true)
  })

  test.each(['tensor', 'scalar'] as const)('a loss beyond all bounds ends it, in words: %s', async engine => {
    const session = await begin({ data: 'plane', activation: 'linear', optimizer: 'SGD', lr: 50, engine })
    const run = () => losses(session, 300)
    expect(run).toThrow(Diverged)
    expect(run).toThrow(/^In step \d+ the loss is (Infinity|NaN): .*Try a smaller learning rate than 50/)
    const { steps } = session
    expect(run).toThrow(`In step ${steps + 1} `)
    expect(session.steps).toBe(steps)
    expect(session.frame().step).toBe(steps)
  })

  test('a session is made in the end, or not at all', async () => {
    await expect(Session.begin({ ...plain, samples: 1 })).rejects.toThrow(/trainTestSplit/)
    await expect(Session.begin({ ...plain, features: [] })).rejects.toThrow('Choose at least one feature')
  })
})
