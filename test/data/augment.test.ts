// Augmentations: what they do to a pixel, how often, seeds, dtypes; and what is refused.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  DtypeError,
  data,
  Generator,
  ones,
  rand,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'
import { values } from '../fixture.ts'

const generator = (seed = 1) => new Generator(seed)
const batch = (n: number, c: number, h: number, w: number) =>
  rand([n, c, h, w], { dtype: 'float64', generator: generator(9) })
const same = (a: Tensor, b: Tensor, digits = 12) => {
  expect(a.shape).toEqual(b.shape)
  expect(a.sub(b).abs().max().item()).toBeLessThan(10 ** -digits)
}
/** Image i of a batch. */
const image = (x: Tensor, i: number) => x.slice(0, i, i + 1)

describe.each<[string, (generator: Generator) => data.Augmentation]>([
  ['gaussianNoise', generator => data.gaussianNoise({ generator })],
  ['randomHorizontalFlip', generator => data.randomHorizontalFlip({ generator })],
  ['randomVerticalFlip', generator => data.randomVerticalFlip({ generator })],
  ['randomCrop', generator => data.randomCrop([5, 6], { padding: 2, generator })],
  ['randomRotation', generator => data.randomRotation(30, { generator, interpolation: 'bilinear' })],
  ['randomAffine', generator => data.randomAffine(0, { translate: [0.4, 0.4], generator })],
])('%s', (name, make) => {
  const x = batch(6, 2, 5, 6)
  test('draws for each image, the same for one seed; x stays as it is', () => {
    const before = Array.from(x.data)
    const a = make(generator())
    const [first, second] = [a(x), a(x)]
    expect(first.shape).toEqual(x.shape)
    expect(values(first)).not.toEqual(values(second))
    expect(values(make(generator())(x))).toEqual(values(first))
    expect(Array.from(x.data)).toEqual(before)
    // images that are equal do not stay so
    const equal = make(generator())(image(x, 0).expand(6, 2, 5, 6))
    expect(new Set(Array.from({ length: 6 }, (_, i) => String(values(image(equal, i))))).size).toBeGreaterThan(1)
  })

  test('dtypes stay; an empty batch is one', () => {
    expect([x, x.float()].map(t => make(generator())(t).dtype)).toEqual(['float64', 'float32'])
    expect(make(generator())(zeros([0, 2, 5, 6])).shape).toEqual([0, 2, 5, 6])
  })

  test('refusals', () => {
    expect(() => make(3 as never)).toThrow(`${name}: generator is a Generator, not 3`)
    expect(() => make(generator())(zeros([2, 5, 6]))).toThrow(ShapeError)
    expect(() => make(generator())(zeros([2, 5, 6]))).toThrow(
      `${name}: images are [n, c, h, w], not [2, 5, 6]. For a single one use x.unsqueeze(0)`,
    )
    expect(() => make(generator())(x.int())).toThrow(DtypeError)
    expect(() => make(generator())([1] as never)).toThrow(ArgumentError)
  })
})

test('flips: about a share p of the images, whole', () => {
  const x = batch(400, 1, 2, 3)
  for (const [make, dim] of [
    [data.randomHorizontalFlip, 3],
    [data.randomVerticalFlip, 2],
  ] as const) {
    // biome-ignore format: one line
    const y = make({ p: 0.3, generator: generator() })(x)
    const flipped = x.flip(dim)
    let count = 0
    for (let i = 0; i < 400; i++) {
      const [is, was, other] = [y, x, flipped].map(t => String(values(image(t, i))))
      expect([was, other]).toContain(is)
      count += +(is === other)
    }
    // 120 expected, deviation 9.2
    expect(Math.abs(count - 120)).toBeLessThan(31)
    same(make({ p: 0 })(x), x)
    same(make({ p: 1 })(x), flipped)
  }
  for (const p of [-0.1, 1.1, NaN]) expect(() => data.randomHorizontalFlip({ p })).toThrow(/probability in \[0, 1\]/)
  expect(() => data.randomVerticalFlip({ q: 1 } as never)).toThrow(/unknown option 'q'/)
})

test('crops: pieces of the padded images, every place about equally often', () => {
  const x = tensor(Float64Array.from({ length: 12 }, (_, i) => i + 1)).reshape(1, 1, 3, 4)
  const padded = x.pad([1, 1, 1, 1], { value: -1 })
  const seen = new Array<number>(16).fill(0)
  const y = data.randomCrop([2, 3], { padding: 1, fill: -1, generator: generator() })(x.expand(1600, 1, 3, 4))
  const pieces = Array.from({ length: 16 }, (_, k) => {
    const [top, left] = [Math.floor(k / 4), k % 4]
    return String(values(padded.slice(2, top, top + 2).slice(3, left, left + 3)))
  })
  for (let i = 0; i < 1600; i++) seen[pieces.indexOf(String(values(image(y, i))))]++
  // chi square, 15 degrees of freedom, 99.9th percentile
  expect(seen.reduce((sum, f) => sum + (f - 100) ** 2 / 100, 0)).toBeLessThan(37.7)
  expect(() => data.randomCrop(4)(x)).toThrow(/a piece of \[4, 4\] does not fit into images \[3, 4\]/)
  for (const size of [0, 1.5]) expect(() => data.randomCrop(size)).toThrow(ArgumentError)
  expect(() => data.randomCrop(2, { padding: -1 })).toThrow(ArgumentError)
  expect(() => data.randomCrop([2] as never)).toThrow(ArgumentError)
})

describe('turns and shifts', () => {
  const x = batch(2, 3, 4, 4)
  test('right angles are exact: counterclockwise, or clockwise for randomAffine', () => {
    for (const interpolation of ['nearest', 'bilinear'] as const)
      for (const [degrees, k] of [
        [0, 0],
        [90, 1],
        [180, 2],
        [270, 3],
      ]) {
        // biome-ignore format: one line
        const turned = x.rot90(k, [2, 3])
        same(data.randomRotation([degrees, degrees], { interpolation })(x), turned)
        same(data.randomAffine([-degrees, -degrees], { interpolation })(x), turned)
      }
  })

  test('bilinear: a plane stays a plane, turned; outside is fill', () => {
    // v = 2 row + 3 column, about the middle of a 9 x 9 image
    const plane = tensor(
      Float64Array.from({ length: 81 }, (_, i) => 2 * (Math.floor(i / 9) - 4) + 3 * ((i % 9) - 4)),
    ).reshape(1, 1, 9, 9)
    const angle = Math.PI / 6
    const turned = data.randomAffine([30, 30], { interpolation: 'bilinear', fill: 99 })(plane)
    for (const [i, j] of [
      [4, 4],
      [2, 5],
      [6, 3],
      [4, 7],
    ]) {
      // biome-ignore format: one line
      const [dy, dx] = [i - 4, j - 4]
      const [sy, sx] = [Math.cos(angle) * dy - Math.sin(angle) * dx, Math.sin(angle) * dy + Math.cos(angle) * dx]
      expect(turned.at(0, 0, i, j).item()).toBeCloseTo(2 * sy + 3 * sx, 10)
    }
    expect(turned.at(0, 0, 0, 0).item()).toBe(99)
  })

  test('shifts: whole pixels up to the fraction, fill behind them; scale from the middle', () => {
    const marked = tensor(Float32Array.from({ length: 50 }, (_, i) => +(i === 25)))
      .reshape(1, 1, 5, 10)
      .expand(300, 1, 5, 10)
    const y = data.randomAffine(0, { translate: [0.3, 0.2], generator: generator(), fill: 0 })(marked)
    const rows = new Set<number>()
    const columns = new Set<number>()
    for (let i = 0; i < 300; i++) {
      const at = values(image(y, i)).indexOf(1)
      rows.add(Math.floor(at / 10) - 2)
      columns.add((at % 10) - 5)
    }
    expect([...rows].sort((a, b) => a - b)).toEqual([-1, 0, 1])
    expect([...columns].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3])
    const grown = data.randomAffine(0, { scale: [2, 2], interpolation: 'bilinear' })(
      tensor(Float64Array.from([0, 1, 2, 3, 4])).reshape(1, 1, 1, 5),
    )
    expect(values(grown)).toEqual([1, 1.5, 2, 2.5, 3])
  })

  test('refusals', () => {
    expect(() => data.randomAffine(-1)).toThrow(/degrees is a number >= 0/)
    expect(() => data.randomAffine([2, 1])).toThrow(/degrees is a number or \[low, high\]/)
    expect(() => data.randomAffine(0, { translate: [2, 0] })).toThrow(/translate holds fractions/)
    expect(() => data.randomAffine(0, { translate: [0.1] as never })).toThrow(/of the width, of the height/)
    expect(() => data.randomAffine(0, { scale: [0, 1] })).toThrow(/above 0/)
    expect(() => data.randomAffine(0, { interpolation: 'cubic' as never })).toThrow(/'nearest' or 'bilinear'/)
    expect(() => data.randomRotation(5, { scale: [1, 2] } as never)).toThrow(/unknown option 'scale'/)
  })
})

test('noise: mean and deviation; kept within [0, 1] unless told', () => {
  const x = zeros([1, 1, 100, 100])
  const free = values(data.gaussianNoise({ mean: 2, sigma: 0.5, clip: false, generator: generator() })(x))
  const mean = free.reduce((a, b) => a + b) / 1e4
  const variance = free.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 1e4
  // five deviations of each
  expect(Math.abs(mean - 2)).toBeLessThan(5 * 0.005)
  expect(Math.abs(variance - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2e-4))
  const kept = data.gaussianNoise({ sigma: 1, generator: generator() })(x)
  expect([kept.min().item(), kept.max().item()]).toEqual([0, 1])
  expect(() => data.gaussianNoise({ sigma: -1 })).toThrow(ArgumentError)
  expect(() => data.gaussianNoise({ std: 1 } as never)).toThrow(/unknown option 'std'/)
})

test('normalize: channel by channel, and gradients flow', () => {
  const x = batch(2, 2, 3, 3).requiresGrad_()
  const y = data.normalize([0.5, 0.25], [0.5, 2])(x)
  expect(y.at(1, 1, 0, 2).item()).toBeCloseTo((x.at(1, 1, 0, 2).item() - 0.25) / 2, 12)
  y.sum().backward()
  expect(new Set(values(x.grad as Tensor))).toEqual(new Set([2, 0.5]))
  expect(() => data.normalize([0.5], [0.5])(x)).toThrow(/1 means for the 2 channels of \[2, 2, 3, 3\]/)
  expect(() => data.normalize([0.5], [0.5, 1])).toThrow(ShapeError)
  expect(() => data.normalize([0.5], [0])).toThrow(/numbers > 0, not 0/)
})

test('compose: in order, and with a loader', () => {
  const steps: data.Augmentation[] = [x => x.add(1), x => x.mul(3)]
  const all = data.compose(steps)
  steps.pop()
  same(all(ones([1, 1, 1, 1])), ones([1, 1, 1, 1]).mul(6))
  same(data.compose([])(ones([1])), ones([1]))
  expect(() => data.compose([3 as never])).toThrow(/a step is a function, not 3/)
  const augment = data.compose([data.randomCrop(4, { padding: 1 }), data.randomHorizontalFlip()])
  const set = new data.TensorDataset(batch(5, 1, 4, 4), zeros([5]))
  for (const [x, y] of new data.DataLoader(set, { batchSize: 5 }))
    expect([augment(x).shape, y.shape]).toEqual([[5, 1, 4, 4], [5]])
})
