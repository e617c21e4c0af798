// Statistics of layers: the numbers, and bars as high as they say.
import { describe, expect, test } from 'vitest'
import { ArgumentError, ShapeError } from '../../src/engine/errors.ts'
import { Generator, nn, randn, tensor } from '../../src/index.ts'
import { activationStatistics, layerStatistics, modelStatistics } from '../../src/plot/plot.ts'
import { looks } from '../../src/plot/theme.ts'
import { bounds, count, decode, expectMargins } from './picture.ts'
import { size } from './plots.ts'

const [, orange, green] = looks.light.series

test('layerStatistics counts mean, deviation, zeros and what is saturated', () => {
  const relu = layerStatistics('relu', tensor([0, 0, 1, 3]))
  expect(relu).toMatchObject({ name: 'relu', mean: 1, zero: 0.5 })
  expect(relu.std).toBeCloseTo(Math.sqrt(1.5), 12)
  expect('saturated' in relu).toBe(false)
  expect(layerStatistics('tanh', [-0.99, 0.99, 0.5, 0], { saturation: 0.97 })).toMatchObject({
    saturated: 0.5,
    zero: 0.25,
  })
  expect(() => layerStatistics('none', [])).toThrow('none has no values')
})

describe('activationStatistics', () => {
  test.each(['light', 'dark'] as const)('has bars as high as the shares, %s', async theme => {
    const layers = [
      { name: 'a', mean: 0, std: 1, zero: 0.8, saturated: 0.4 },
      { name: 'b', mean: 2, std: 0.5, zero: 0.2, saturated: 0 },
    ]
    const picture = await decode(await activationStatistics(layers, { ...size, theme }))
    expectMargins(picture, theme)
    const [, zero, saturated] = looks[theme].series
    const height = (colour: string, left: number, right: number) => {
      const { top, bottom } = bounds(picture, colour, [left, 120, right, size.height])
      return bottom - top + 1
    }
    expect(height(zero, 60, 260) / height(zero, 260, 480)).toBeCloseTo(4, 0)
    expect(height(zero, 60, 260) / height(saturated, 60, 260)).toBeCloseTo(2, 0)
    // Counted, and none: a line.
    expect(height(saturated, 260, 480)).toBeLessThanOrEqual(2)
  })

  test('leaves out the lower panel where nobody counted', async () => {
    const picture = await decode(await activationStatistics([{ name: 'a', mean: 1, std: 1 }], size))
    for (const colour of [orange, green]) expect(count(picture, colour)).toBe(0)
    expectMargins(picture)
  })

  test('takes one layer, constants, NaN, many layers of long names', async () => {
    const many = Array.from({ length: 60 }, (_, i) => ({
      name: `encoder.layers.${i}.attention.projection.weight`,
      mean: Math.sin(i),
      std: 1,
      zero: 0,
    }))
    const cases = [
      [{ name: 'a', mean: 0, std: 0 }],
      [{ name: 'a', mean: Number.NaN, std: Number.NaN }],
      [{ name: 'a very long name of a layer that goes on and on and on', mean: 1, std: 2, saturated: 1 }],
      many,
    ]
    for (const layers of cases) {
      expectMargins(await decode(await activationStatistics(layers, size)))
      expectMargins(await decode(await activationStatistics(layers)))
    }
  })

  test('says what does not fit', async () => {
    const one = { name: 'a', mean: 0, std: 1 }
    await expect(activationStatistics([])).rejects.toThrow(ArgumentError)
    await expect(activationStatistics([{ ...one, std: -1 }])).rejects.toThrow('std of a is below 0: -1')
    await expect(activationStatistics([{ ...one, zero: 2 }])).rejects.toThrow('zero of a is a share from 0 to 1, not 2')
    await expect(activationStatistics([{ name: 'a' } as typeof one])).rejects.toThrow('mean of a is a number')
  })
})

describe('modelStatistics', () => {
  const generator = new Generator(2)
  const model = new nn.Sequential(
    new nn.Linear(2, 16, { generator }),
    new nn.ReLU(),
    new nn.Sequential(new nn.Linear(16, 1, { generator })),
  )
  const x = randn([50, 2], { generator })

  test('is of what each layer gives, in order', () => {
    const relu = model.forward(x) && (model[1] as nn.ReLU).forward((model[0] as nn.Linear).forward(x))
    const all = modelStatistics(model, x)
    expect(all.map(({ name }) => name)).toEqual(['0 Linear', '1 ReLU', '2.0 Linear'])
    expect(all[1]).toEqual(layerStatistics('1 ReLU', relu))
    expect(all[1]?.zero).toBeGreaterThan(0.2)
  })
  test('leaves no hook behind, also after an error', () => {
    expect(() => modelStatistics(model, randn([5, 3]))).toThrow(ShapeError)
    for (const [, module] of model.namedModules()) expect(Object.hasOwn(module, 'forward')).toBe(false)
  })
})
