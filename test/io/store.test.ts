// Models and checkpoints in files, and snapshots as bytes: what goes in comes back, bit by bit.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  ArgumentError,
  data,
  F,
  FileError,
  FileFormatError,
  Generator,
  manualSeed,
  nn,
  ones,
  optim,
  type Tensor,
  tensor,
} from '../../src/index.ts'
import { load, loadCheckpoint, pack, save, saveCheckpoint, unpack } from '../../src/io/io.ts'
import type { Snapshot } from '../../src/train/callback.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gradus-store-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)

/** A model with a buffer. */
const model = (seen = 0): nn.Sequential & { seen: Tensor } =>
  Object.assign(new nn.Sequential(new nn.Linear(2, 3), new nn.LayerNorm(3), new nn.Linear(3, 1)), {
    seen: tensor([seen], { dtype: 'int32' }),
  })

describe('a module', () => {
  test('is saved and loaded into another', () => {
    manualSeed(1)
    const one = model(7)
    const two = model()
    save(at('m.safetensors'), one)
    expect(two.loadStateDict(load(at('m.safetensors')))).toEqual({ missing: [], unexpected: [] })
    for (const [name, x] of Object.entries(one.stateDict())) expect(two.stateDict()[name].equal(x)).toBe(true)
    const x = tensor([[0.5, -1]])
    expect(two.seen.item()).toBe(7)
    expect(two.eval().forward(x).equal(one.eval().forward(x))).toBe(true)
  })

  test('is named in the file as in its state, so that others read it', () => {
    save(at('m.safetensors'), model())
    const { tensors } = data.safetensors.decode(readFileSync(at('m.safetensors')))
    expect(Object.keys(tensors)).toEqual(Object.keys(model().stateDict()))
    save(at('s.safetensors'), { 'a.b': ones([2]) })
    expect(load(at('s.safetensors'))['a.b'].toArray()).toEqual([1, 1])
  })

  test('that cannot be saved leaves the old file', () => {
    save(at('m.safetensors'), { a: ones([1]) })
    expect(() => save(at('m.safetensors'), { a: [1] } as never)).toThrow(ArgumentError)
    expect(() => save(at('m.safetensors'), null as never)).toThrow(/save: needs a module, or tensors by name/)
    expect(() => save(at('no/m.safetensors'), model())).toThrow(FileError)
    expect(load(at('m.safetensors')).a.toArray()).toEqual([1])
    expect(readdirSync(folder)).toEqual(['m.safetensors'])
  })

  test('from a file that is none is refused, by name', () => {
    writeFileSync(at('m.safetensors'), 'not such a file at all')
    expect(() => load(at('m.safetensors'))).toThrow(FileFormatError)
    expect(() => load(at('m.safetensors'))).toThrow(/load: '.*m\.safetensors': safetensors: a header of \d+ bytes/)
    expect(() => load(at('none'))).toThrow(FileError)
    save(at('m.safetensors'), { a: ones([1]) })
    expect(() => loadCheckpoint(at('m.safetensors'))).toThrow(/m\.safetensors': unpack: no snapshot, .* use load/)
  })
})

/** A snapshot with its tensors as text, bit by bit. */
const plain = (x: Snapshot): unknown => {
  if (Array.isArray(x)) return x.map(plain)
  if (typeof x !== 'object' || x === null) return x
  if ('shape' in x && 'dtype' in x) {
    const { dtype, shape, data } = x as Tensor
    return { dtype, shape, bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex') }
  }
  return Object.entries(x).map(([key, y]) => [key, plain(y)])
}

describe('a snapshot', () => {
  test('comes back as it was: numbers, texts, tensors, nesting', () => {
    const snapshot: Snapshot = {
      model: { 'a.b': tensor([1, Number.NaN]), a: { b: tensor([2]) }, 'a/b': tensor([3]) },
      numbers: [Number.NaN, Infinity, -Infinity, -0, 0, 0.1, 5e-324, Number.MAX_VALUE, 2 ** 53 + 2],
      texts: ['', '"\\\n', '漢😀', '\ud800', '__proto__'],
      rest: [true, false, null, [], {}, [[[]]], { '': { '': null } }],
      marks: [{ $tensor: 'x' }, { $number: 'NaN' }, { $$: 1, $: 2 }, { $tensor: 1, b: 2 }],
      odd: Object.fromEntries([
        ['__proto__', tensor([4])],
        ['constructor', 1],
        ['__metadata__', tensor([5])],
      ]),
      __metadata__: tensor([6]),
      '~2f': tensor([7]),
      '/': tensor([8]),
      '~': [tensor([9])],
      '\ud800': tensor([10]),
      types: [tensor([1], { dtype: 'int32' }), tensor([true]), tensor([0.1], { dtype: 'float64' }), tensor(3)],
    }
    expect(plain(unpack(pack(snapshot)))).toEqual(plain(snapshot))
    saveCheckpoint(at('c.safetensors'), snapshot)
    expect(plain(loadCheckpoint(at('c.safetensors')))).toEqual(plain(snapshot))
    for (const x of [1, Number.NaN, 'x', null, true, [], tensor([1]), {}])
      expect(plain(unpack(pack(x)))).toEqual(plain(x))
  })

  test('any at all', () => {
    const leaf = fc.oneof(
      fc.double(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\udc00', '\ud83d'),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.float(), { maxLength: 3 }).map(xs => tensor(xs)),
    )
    const key = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('$', '$tensor', '/', '~', '.', '__proto__', '\ud800'),
    )
    const { tree } = fc.letrec<{ tree: Snapshot }>(tie => ({
      tree: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        leaf,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.array(fc.tuple(key, tie('tree')), { maxLength: 5 }).map(entries => Object.fromEntries(entries)),
      ),
    }))
    fc.assert(
      fc.property(tree, snapshot => {
        expect(plain(unpack(pack(snapshot)))).toEqual(plain(snapshot))
      }),
      { numRuns: 300, seed: 2 },
    )
  })

  test('stores a tensor that it holds twice once', () => {
    const big = ones([1000])
    const bytes = pack({ a: big, b: [big] })
    expect(bytes.length).toBeLessThan(5000)
    const back = unpack(bytes) as { a: Tensor; b: Tensor[] }
    expect(back.a).toBe(back.b[0])
  })

  test('holds all that training needs to go on: a model, its optimizer, a generator', () => {
    const train = (steps: number, from?: Snapshot): { losses: number[]; state: Snapshot } => {
      manualSeed(5)
      const net = model()
      const optimizer = new optim.AdamW(net.parameters(), { lr: 0.01, amsgrad: true })
      const generator = new Generator(1)
      if (from) {
        const saved = from as { net: never; optimizer: never; generator: never }
        net.loadStateDict(saved.net)
        optimizer.loadStateDict(saved.optimizer)
        generator.setState(saved.generator)
      }
      const losses = Array.from({ length: steps }, () => {
        const x = tensor(Array.from({ length: 4 }, () => [generator.normal(), generator.normal()]))
        optimizer.zeroGrad()
        const loss = F.mseLoss(net.forward(x), x.sum(1, { keepdim: true }))
        loss.backward()
        optimizer.step()
        return loss.item()
      })
      const state = { net: net.stateDict(), optimizer: optimizer.stateDict(), generator: generator.getState() }
      return { losses, state: state as unknown as Snapshot }
    }
    const whole = train(9)
    const first = train(5)
    saveCheckpoint(at('c.safetensors'), first.state)
    const second = train(4, loadCheckpoint(at('c.safetensors')))
    expect([...first.losses, ...second.losses]).toEqual(whole.losses)
    expect(plain(second.state)).toEqual(plain(whole.state))
  })

  test('is refused when it is none, by its place', () => {
    const wrong =
      (x: unknown): (() => unknown) =>
      () =>
        pack(x as Snapshot)
    expect(wrong({ a: [1, undefined] })).toThrow(ArgumentError)
    expect(wrong({ a: [1, undefined] })).toThrow(/pack: a\.1 is undefined; a snapshot holds tensors, numbers/)
    expect(wrong({ f: () => 1 })).toThrow(/pack: f is/)
    expect(wrong({ m: new Map() })).toThrow(/pack: m is an object \(Map\)/)
    expect(wrong(10n)).toThrow(/pack: the snapshot is the bigint 10n;/)
    const loop: Record<string, unknown> = {}
    loop.again = loop
    expect(wrong(loop)).toThrow(ArgumentError)
    expect(wrong(loop)).toThrow(/nested deeper than 500 at again\.again.*does it hold itself/)
  })

  test('that is damaged is refused', () => {
    const packed = (snapshot: string, tensors = {}): Uint8Array =>
      data.safetensors.encode(tensors, { format: 'gradus.snapshot/1', snapshot })
    const cases: readonly (readonly [Uint8Array, RegExp])[] = [
      [packed('{'), /damaged snapshot: /],
      [packed('{"a":1,"a":2}'), /stands twice/],
      [packed('{"$tensor":"w"}'), /no tensor "w"/],
      [packed('{"$tensor":"toString"}'), /no tensor "toString"/],
      [packed('{"$number":"7"}'), /"7" is no number/],
      [packed('{"$date":"7"}'), /an unknown mark '\$date'/],
      [packed('1', { w: ones([1]) }), /does not mention the tensors w/],
      [packed(`${'['.repeat(2000)}${']'.repeat(2000)}`), /nested deeper/],
      [data.safetensors.encode({}, { format: 'gradus.snapshot/2', snapshot: '1' }), /of format 'gradus\.snapshot\/2'/],
      [data.safetensors.encode({ w: ones([1]) }), /no snapshot, but a safetensors file without a format/],
      [new Uint8Array(3), /3 bytes are too few/],
    ]
    for (const [bytes, message] of cases) {
      expect(() => unpack(bytes)).toThrow(FileFormatError)
      expect(() => unpack(bytes)).toThrow(message)
    }
    const whole = pack({ a: tensor([1, 2]), b: [Number.NaN, 'x', { c: tensor([true]) }] })
    const generator = new Generator(4)
    for (let i = 0; i < 3000; i++) {
      const bytes = whole.slice()
      bytes[generator.integer(0, bytes.length)] ^= 1 << generator.integer(0, 8)
      try {
        unpack(i % 3 ? bytes : bytes.subarray(0, generator.integer(0, bytes.length)))
      } catch (error) {
        if (!(error instanceof FileFormatError)) throw error
      }
    }
  })
})
