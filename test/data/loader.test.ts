// The loader: batches, epochs, promises loaded ahead, resuming in the middle, and what is refused.
import { describe, expect, expectTypeOf, test } from 'vitest'
import { ArgumentError, data, defaultGenerator, Generator, manualSeed, type Tensor, tensor } from '../../src/index.ts'

const { DataLoader, Dataset, Sampler, StratifiedSampler, TensorDataset, WeightedRandomSampler } = data
const numbers = (n: number) => new TensorDataset(tensor(Float64Array.from({ length: n }, (_, i) => i)))
const read = ([x]: Tensor[]): number[] => Array.from(x.data)
const epoch = (loader: Iterable<Tensor[]>): number[][] => Array.from(loader, read)

/** Squares that arrive in a later turn, counting how many are on their way. */
class Slow extends Dataset<Promise<number>> {
  readonly asked: number[] = []
  running = 0
  most = 0
  constructor(
    readonly length: number,
    readonly broken = -1,
  ) {
    super()
  }
  async get(i: number): Promise<number> {
    this.asked.push(i)
    this.most = Math.max(this.most, ++this.running)
    // later samples are faster: batches finish out of order
    await new Promise(done => setTimeout(done, 12 - 2 * (i % 6)))
    this.running--
    if (i === this.broken) throw new RangeError(`sample ${i} is broken`)
    return i * i
  }
}

describe('batches', () => {
  test('in order, with a short last one or without it', () => {
    const loader = new DataLoader(numbers(5), { batchSize: 2 })
    expect(loader.length).toBe(3)
    expect(epoch(loader)).toEqual([[0, 1], [2, 3], [4]])
    expect(epoch(loader)).toEqual([[0, 1], [2, 3], [4]])
    const dropping = new DataLoader(numbers(5), { batchSize: 2, dropLast: true })
    expect([dropping.length, epoch(dropping).length]).toEqual([2, 2])
    expect(epoch(new DataLoader(numbers(2)))).toEqual([[0], [1]])
  })

  test('shuffled: each epoch another permutation, the same for one seed, from the default generator otherwise', () => {
    const make = () => new DataLoader(numbers(20), { batchSize: 6, shuffle: true, generator: new Generator(1) })
    const [a, b] = [make(), make()]
    const [first, second] = [epoch(a), epoch(a)]
    expect(first).not.toEqual(second)
    expect(first.flat().sort((x, y) => x - y)).toEqual([...Array(20).keys()])
    expect([epoch(b), epoch(b)]).toEqual([first, second])
    const seeded = () => {
      manualSeed(5)
      return epoch(new DataLoader(numbers(9), { shuffle: true }))
    }
    expect(seeded()).toEqual(seeded())
  })

  test('samplers, lists of indices, batches chosen by hand', () => {
    expect(epoch(new DataLoader(numbers(5), { sampler: [4, 0, 4], batchSize: 2 }))).toEqual([[4, 0], [4]])
    expect(epoch(new DataLoader(numbers(5), { batchSampler: [[1], [3, 2]] }))).toEqual([[1], [3, 2]])
    const weighted = new WeightedRandomSampler([0, 0, 1, 0, 0], 3)
    expect(epoch(new DataLoader(numbers(5), { sampler: weighted, batchSize: 3 }))).toEqual([[2, 2, 2]])
    const labels = Array.from({ length: 40 }, (_, i) => +(i < 10))
    for (const batch of epoch(new DataLoader(numbers(40), { sampler: new StratifiedSampler(labels), batchSize: 8 })))
      expect(batch.filter(i => i < 10)).toHaveLength(2)
  })

  test('a collate of your own gets the samples', () => {
    const loader = new DataLoader(numbers(3), { batchSize: 2, collate: samples => samples.map(([x]) => x.item()) })
    expectTypeOf(loader).toEqualTypeOf<data.DataLoader<Tensor[], number[]>>()
    expect([...loader]).toEqual([[0, 1], [2]])
  })

  test('parts of a data set load like the whole', () => {
    const [train] = data.randomSplit(numbers(6), [4, 2], { generator: new Generator(0) })
    const loader = new DataLoader(train, { batchSize: 4 })
    expectTypeOf(loader).toEqualTypeOf<data.DataLoader<Tensor[], Tensor[]>>()
    expect(epoch(loader)).toEqual([train.indices])
    const both = new data.ConcatDataset([train, numbers(2)])
    expect(epoch(new DataLoader(both, { batchSize: 6 }))).toEqual([[...train.indices, 0, 1]])
  })

  test('two iterations at once do not disturb each other', () => {
    const loader = new DataLoader(numbers(3), {})
    const [a, b] = [loader[Symbol.iterator](), loader[Symbol.iterator]()]
    expect([a, b, a, b, a].map(it => read(it.next().value as Tensor[])[0])).toEqual([0, 0, 1, 1, 2])
  })
})

describe('promises', () => {
  test('batches come in order, no more on their way than asked for', async () => {
    for (const prefetch of [1, 3]) {
      const slow = new Slow(11)
      const got: number[][] = []
      for await (const batch of new DataLoader(slow, { batchSize: 2, prefetch })) {
        expectTypeOf(batch).toEqualTypeOf<Tensor>()
        got.push(Array.from(batch.data))
      }
      expect(got).toEqual([[0, 1], [4, 9], [16, 25], [36, 49], [64, 81], [100]])
      expect(slow.most).toBe(2 * prefetch)
    }
  })

  test('loads ahead while a batch is used', async () => {
    const slow = new Slow(9)
    for await (const _ of new DataLoader(slow, { prefetch: 2 })) {
      expect(slow.asked).toEqual([0, 1, 2])
      break
    }
  })

  test('an error is raised when its batch is due; then nothing is running', async () => {
    const slow = new Slow(12, 5)
    const got: number[] = []
    const run = async () => {
      for await (const batch of new DataLoader(slow, { prefetch: 4 })) got.push(batch.item())
    }
    await expect(run()).rejects.toThrow('sample 5 is broken')
    expect([got, slow.running]).toEqual([[0, 1, 4, 9, 16], 0])
    expect(Math.max(...slow.asked)).toBeLessThanOrEqual(8)
  })

  test('an early break waits for what is running and starts no more, broken or not', async () => {
    const slow = new Slow(12, 2)
    for await (const _ of new DataLoader(slow, { prefetch: 3 })) break
    expect([slow.running, slow.asked]).toEqual([0, [0, 1, 2, 3]])
    await new Promise(done => setTimeout(done, 20))
    expect(slow.asked).toHaveLength(4)
  })

  test('a data set that is not declared async says that it gives promises', async () => {
    class Later extends data.Dataset<Promise<number>> {
      readonly length = 3
      get(i: number): Promise<number> {
        return Promise.resolve(i)
      }
    }
    class Said extends Later {
      override get asynchronous(): boolean {
        return true
      }
    }
    expect(new DataLoader(new Later()).asynchronous).toBe(false)
    expect(() => [...new DataLoader(new Later())]).toThrow(/that fit does, declare get or collate async/)
    expect(new DataLoader(new Said()).asynchronous).toBe(true)
  })

  test('for await also reads what is at hand; collates may be asynchronous', async () => {
    const got = []
    for await (const batch of new DataLoader(numbers(3), { batchSize: 2, collate: async xs => xs.length })) {
      expectTypeOf(batch).toEqualTypeOf<number>()
      got.push(batch)
    }
    for await (const batch of new DataLoader(numbers(2))) got.push(read(batch)[0])
    for await (const n of new DataLoader(new Slow(3), { batchSize: 2, collate: xs => Math.max(...xs) })) got.push(n)
    expect(got).toEqual([2, 1, 0, 1, 1, 4])
  })

  test('a plain for says that it must wait', () => {
    expect(() => [...new DataLoader(new Slow(3, 0))]).toThrow(/for await/)
    expect(() => [...new DataLoader(numbers(3), { collate: async xs => xs })]).toThrow(ArgumentError)
  })
})

describe('resuming', () => {
  const make = (seed: number) =>
    new DataLoader(numbers(11), { batchSize: 3, shuffle: true, generator: new Generator(seed) })

  test.each([0, 1, 2, 3, 4])('after batch %i: the rest of the epoch, and the same later epochs', k => {
    const loader = make(1)
    epoch(loader)
    const batches = loader[Symbol.iterator]()
    for (let i = 0; i < k; i++) batches.next()
    const text = JSON.stringify(loader.stateDict())
    const rest = [...batches].map(read)
    const later = [epoch(loader), epoch(loader)]
    expect(rest).toHaveLength(4 - k)
    for (const state of [JSON.parse(text), structuredClone(JSON.parse(text))]) {
      const other = make(99)
      other.loadStateDict(state)
      expect(epoch(other)).toEqual(rest)
      expect([epoch(other), epoch(other)]).toEqual(later)
    }
  })

  test('the state of a resumed loader is the state it was given', () => {
    const loader = make(1)
    for (const _ of loader) break
    const state = loader.stateDict()
    expect(state.position).toBe(1)
    const other = make(2)
    other.loadStateDict(state)
    expect(other.stateDict()).toEqual(state)
    other.loadStateDict(other.stateDict())
    expect(other.stateDict()).toEqual(state)
  })

  test('after a break, the same loader begins a new epoch', () => {
    const loader = make(1)
    for (const _ of loader) break
    expect(epoch(loader)).toHaveLength(4)
    expect(loader.stateDict()).toMatchObject({ position: 0, epoch: null })
  })

  test('a generator shared with other draws goes on where it was', () => {
    const train = (loader: data.DataLoader<Tensor[], Tensor[]>, generator: Generator, from: number, stop: number) => {
      const seen: number[] = []
      let k = from
      for (const batch of loader) {
        seen.push(...read(batch), generator.normal())
        if (++k === stop) break
      }
      return seen
    }
    const shared = (seed: number) => {
      const generator = new Generator(seed)
      return [new DataLoader(numbers(8), { batchSize: 2, shuffle: true, generator }), generator] as const
    }
    const whole = train(...shared(1), 0, 4)
    const [a, generatorA] = shared(1)
    const begun = train(a, generatorA, 0, 2)
    const [b, generatorB] = shared(7)
    b.loadStateDict(a.stateDict())
    // the polar method keeps a spare normal: it is part of the state
    expect([...begun, ...train(b, generatorB, 2, 9)]).toEqual(whole)
  })

  test('with for await: what was loaded ahead is loaded again', async () => {
    const make = (seed: number) =>
      new DataLoader(new Slow(9), { batchSize: 2, shuffle: true, generator: new Generator(seed), prefetch: 3 })
    const loader = make(1)
    const seen: string[] = []
    let state = loader.stateDict()
    for await (const batch of loader) {
      seen.push(String(batch))
      if (seen.length === 2) state = loader.stateDict()
    }
    const other = make(2)
    other.loadStateDict(state)
    const rest: string[] = []
    for await (const batch of other) rest.push(String(batch))
    expect(rest).toEqual(seen.slice(2))
  })

  test('samplers: weighted, stratified, without a generator, lists', () => {
    const samplers = (seed: number) => {
      const generator = new Generator(seed)
      return [
        new WeightedRandomSampler([1, 2, 3, 4], 8, { generator }),
        new StratifiedSampler([0, 1, 0, 1, 0, 0], { generator }),
        new StratifiedSampler([0, 1, 0, 1], { shuffle: false }),
        [3, 1, 2, 0, 0],
      ]
    }
    samplers(1).forEach((sampler, i) => {
      const [a, b] = [sampler, samplers(2)[i]].map(sampler => new DataLoader(numbers(6), { batchSize: 2, sampler }))
      const batches = a[Symbol.iterator]()
      batches.next()
      b.loadStateDict(JSON.parse(JSON.stringify(a.stateDict())))
      const rest = [...batches].map(read)
      expect([epoch(b), epoch(b)]).toEqual([rest, epoch(a)])
    })
  })

  test('a state of another loader is refused, and changes nothing', () => {
    const loader = make(1)
    for (const _ of loader) break
    const before = JSON.stringify(loader.stateDict())
    const state = make(2).stateDict()
    const foreign = new DataLoader(numbers(4)).stateDict()
    for (const bad of [
      null,
      {},
      new DataLoader(numbers(3)).stateDict(),
      foreign,
      { ...state, position: 1 },
      { ...state, epoch: state.sampler, position: 5 },
      { ...state, epoch: state.sampler, position: -1 },
      { ...state, epoch: state.sampler, sampler: { generator: { stream: {}, spare: 0 } } },
    ])
      expect(() => loader.loadStateDict(bad as never)).toThrow(ArgumentError)
    expect(JSON.stringify(loader.stateDict())).toBe(before)
    expect(() => make(1).loadStateDict(new DataLoader(numbers(3)).stateDict())).toThrow(/3 batches .* this one has 4/)
  })
})

describe('refusals', () => {
  const set = numbers(4)
  test.each<[object, RegExp]>([
    [{ batchSize: 0 }, /batchSize is an integer of at least 1, not 0/],
    [{ batchSize: 1.5 }, /batchSize/],
    [{ batchsize: 2 }, /unknown option 'batchsize'/],
    [{ prefetch: 0 }, /prefetch/],
    [{ collate: 3 }, /collate is a function/],
    [{ sampler: 3 }, /sampler is a sampler or a list, not 3/],
    [{ sampler: [] }, /the sampler is empty/],
    [{ sampler: [0], shuffle: true }, /sampler decides what shuffle would/],
    [{ batchSampler: [[0]], batchSize: 2 }, /batchSampler decides what batchSize would/],
    [{ batchSampler: [[0]], dropLast: true }, /dropLast/],
    [{ batchSize: 5, dropLast: true }, /4 samples make no whole batch of 5/],
    [{ shuffle: true, generator: 1 }, /generator is a Generator, not 1/],
  ])('%j', (given, message) => {
    expect(() => new DataLoader(set, given as never)).toThrow(ArgumentError)
    expect(() => new DataLoader(set, given as never)).toThrow(message)
  })

  test('an empty data set, and none', () => {
    expect(() => new DataLoader(new TensorDataset(tensor([])))).toThrow(/the data set is empty/)
    expect(() => new DataLoader([1, 2] as never)).toThrow(/needs a Dataset/)
  })

  test('an error in get ends the loop where it is', () => {
    class Broken extends Dataset<number> {
      readonly length = 4
      get(i: number): number {
        if (i === 2) throw new RangeError('broken')
        return i
      }
    }
    const loader = new DataLoader(new Broken())
    const seen: number[] = []
    expect(() => {
      for (const x of loader) seen.push(x.item())
    }).toThrow('broken')
    expect([seen, loader.stateDict().position]).toEqual([[0, 1], 2])
  })

  test('a sampler of your own that draws is resumed by the generator it hands up', () => {
    class Coin extends Sampler {
      readonly length = 6
      readonly #generator: Generator
      constructor(generator: Generator) {
        super(generator)
        this.#generator = generator
      }
      [Symbol.iterator]() {
        return Array.from({ length: 6 }, () => this.#generator.integer(0, 4)).values()
      }
    }
    const [a, b] = [1, 2].map(seed => new DataLoader(set, { sampler: new Coin(new Generator(seed)) }))
    const batches = a[Symbol.iterator]()
    batches.next()
    b.loadStateDict(a.stateDict())
    expect(epoch(b)).toEqual([...batches].map(read))
    expect(epoch(b)).toEqual(epoch(a))
    expect(defaultGenerator()).toBeInstanceOf(Generator)
  })
})

describe('take', () => {
  const set = new data.TensorDataset(tensor([1, 2, 3, 4, 5]))
  const shuffled = () => new data.DataLoader(set, { batchSize: 2, shuffle: true, generator: new Generator(3) })
  test('goes from epoch to epoch, each in its own order', () => {
    const [loader, other] = [shuffled(), shuffled()]
    const epochs = [...other, ...other, ...other].map(([x]) => x?.toArray())
    expect(Array.from(loader.take(8), ([x]) => x?.toArray())).toEqual(epochs.slice(0, 8))
    expect([...loader.take(0)]).toEqual([])
  })
  test('resumes in the middle of an epoch', () => {
    const whole = Array.from(shuffled().take(7), ([x]) => x?.toArray())
    const first = shuffled()
    const seen: unknown[] = []
    let state: object | null = null
    for (const [x] of first.take(7)) {
      seen.push(x?.toArray())
      if (seen.length < 4) continue
      state = JSON.parse(JSON.stringify(first.stateDict())) as object
      break
    }
    const second = shuffled()
    second.loadStateDict(state as never)
    expect([...seen, ...Array.from(second.take(3), ([x]) => x?.toArray())]).toEqual(whole)
  })
  test('refusals come before the first batch', () => {
    expect(() => shuffled().take(-1)).toThrow(ArgumentError)
    expect(() => shuffled().take(1.5)).toThrow(/take: n/)
  })
})
