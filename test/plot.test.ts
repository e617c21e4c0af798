// Plots: a PNG of the size asked for, with something on it, that changes when what it shows changes.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ArgumentError, DependencyError, ShapeError } from '../src/engine/errors.ts'
import { tensor } from '../src/index.ts'
import { peer } from '../src/io/peer.ts'
import { confusionMatrix, decisionBoundary, imageGrid, lossCurve } from '../src/plot/plot.ts'
import { type Decoded, decode } from './plot/picture.ts'
import { plots, size } from './plot/plots.ts'

const folder = mkdtempSync(join(tmpdir(), 'gradus-plot-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The rows and columns in which two pictures of one size differ. */
function difference(a: Decoded, b: typeof a) {
  const [xs, ys]: number[][] = [[], []]
  for (let i = 0; i < a.data.length; i += 4) {
    if (a.data[i] === b.data[i] && a.data[i + 1] === b.data[i + 1]) continue
    xs.push((i / 4) % a.width)
    ys.push(Math.floor(i / 4 / a.width))
  }
  const most = (values: number[]) => values.reduce((m, v) => Math.max(m, v), -1)
  return { pixels: xs.length, right: most(xs), bottom: most(ys) }
}

describe.each(Object.entries(plots))('%s', (name, plot) => {
  test.each(['light', 'dark'] as const)('draws and writes a PNG, %s', async theme => {
    const path = join(folder, name, theme, 'plot.png')
    const png = await plot({ path, theme, title: 'A title' })
    expect(readFileSync(path).equals(png)).toBe(true)
    const { width, height, at, colours } = await decode(png)
    expect(width).toBe(480)
    if (name !== 'imageGrid') expect(height).toBe(360)
    expect(colours.size).toBeGreaterThan(20)
    expect(at(0, 0)).toEqual(theme === 'light' ? [255, 255, 255] : [13, 17, 23])
  })

  test('its title is text: another one changes the top and nothing else', async () => {
    const [one, other] = await Promise.all(
      ['Loss of the first', 'Cost of the other'].map(title => plot({ title }).then(decode)),
    )
    const { pixels, bottom } = difference(one, other)
    expect(pixels).toBeGreaterThan(50)
    expect(bottom).toBeLessThan(one.height * 0.2)
  })

  test('the same call gives the same bytes', async () => {
    expect((await plot({})).equals(await plot({}))).toBe(true)
  })

  test('refuses a theme and a size that are none, and writes nothing', async () => {
    const path = join(folder, `${name}-none.png`)
    await expect(plot({ path, theme: 'neon' })).rejects.toThrow(ArgumentError)
    await expect(plot({ path, width: 0.5 })).rejects.toThrow(/width must be pixels, got 0.5/)
    expect(existsSync(path)).toBe(false)
  })
})

describe('lossCurve', () => {
  test('of two equal curves both show', async () => {
    const values = [3, 2, 1.5, 1.4]
    const one = await decode(
      await lossCurve(
        [
          { name: 'a', values },
          { name: 'b', values: [9] },
        ],
        size,
      ),
    )
    const both = await decode(
      await lossCurve(
        [
          { name: 'a', values },
          { name: 'b', values },
        ],
        size,
      ),
    )
    const counts = (picture: typeof one, test: (r: number, g: number, b: number) => boolean) => {
      let n = 0
      for (let i = 0; i < picture.data.length; i += 4)
        n += Number(test(picture.data[i], picture.data[i + 1], picture.data[i + 2]))
      return n
    }
    expect(counts(both, (r, g, b) => b - r > 60 && g > 100)).toBeGreaterThan(400)
    expect(counts(both, (r, _, b) => r - b > 100)).toBeGreaterThan(200)
  })

  test('takes points, typed arrays, gaps, a single value, a logarithmic axis', async () => {
    const series = [
      {
        name: 'points',
        values: [
          { x: 0, y: 1 },
          { x: 10, y: 1e-5 },
        ],
      },
      { name: 'typed', values: Float32Array.of(1, 0.1, Number.NaN, 0, -1, Number.POSITIVE_INFINITY) },
      { name: 'one', values: [0.5] },
    ]
    for (const logY of [true, false]) {
      const { colours } = await decode(await lossCurve(series, { ...size, logY }))
      expect(colours.size).toBeGreaterThan(20)
    }
    await expect(lossCurve([])).rejects.toThrow('lossCurve: no series to draw')
    await expect(lossCurve([3, 2, 1] as never)).rejects.toThrow(
      "lossCurve: needs series [{ name: 'loss', values }], not 3",
    )
    await expect(lossCurve({ train: [1] } as never)).rejects.toThrow(/needs series .* not an object/)
  })
})

describe('decisionBoundary', () => {
  test('colours each side in the colour of its class, palest at the boundary', async () => {
    const { at } = await decode(await plots.decisionBoundary({ resolution: 50 }))
    const [left, middle, right] = [at(80, 180), at(230, 180), at(440, 180)]
    expect(left[2]).toBeGreaterThan(left[0])
    expect(right[0]).toBeGreaterThan(right[2])
    expect(middle[2] - middle[0]).toBeLessThan(left[2] - left[0])
  })

  test('takes one score each for three classes', async () => {
    const png = await decisionBoundary(
      points => points.map(([x, y]) => [x, y, -x - y]),
      [
        [1, 0],
        [0, 1],
        [-1, -1],
      ],
      [0, 1, 2],
      size,
    )
    expect((await decode(png)).colours.size).toBeGreaterThan(20)
  })

  test('says what does not fit', async () => {
    const one = (points: number[][]) => points.map(() => 1)
    await expect(decisionBoundary(one, [[1, 2]], [0, 1])).rejects.toThrow('got [1, 2] and [2]')
    await expect(decisionBoundary(one, [[1, 2, 3]], [0])).rejects.toThrow(ShapeError)
    await expect(decisionBoundary(() => [1], [[1, 2]], [0])).rejects.toThrow(/predict made 1 scores for \d+ points/)
    const three = [
      [0, 0],
      [1, 1],
      [2, 2],
    ]
    await expect(decisionBoundary(one, three, [0, 1, 2])).rejects.toThrow('return [m, 3] from predict')
    await expect(decisionBoundary(points => points.map(() => [1, 2]), three, [0, 1, 2])).rejects.toThrow(
      'label 2 is none',
    )
  })
})

test('confusionMatrix says what does not fit', async () => {
  await expect(confusionMatrix([[1, 2]], ['a'])).rejects.toThrow('got [1, 2] and 1 labels')
  await expect(confusionMatrix([[1]], ['a', 'b'])).rejects.toThrow(ShapeError)
  await expect(confusionMatrix([[1]], undefined as never)).rejects.toThrow('labels, the second argument, is a list')
  await expect(confusionMatrix([[-1]], ['a'])).rejects.toThrow('counts are numbers of at least 0, not -1')
  await expect(confusionMatrix([[Number.NaN]], ['a'])).rejects.toThrow('not NaN')
})

describe('imageGrid', () => {
  test('draws pixels as they are, grey and coloured, and frames what is highlighted', async () => {
    const grey = { pixels: [0, 255, 255, 0], width: 2, height: 2 }
    const coloured = { pixels: [255, 0, 0], width: 1, height: 1, highlight: true }
    const { at, height } = await decode(await imageGrid([grey, coloured], { width: 480, columns: 2 }))
    expect(at(60, 60)).toEqual([0, 0, 0])
    expect(at(200, 60)).toEqual([255, 255, 255])
    expect(at(360, Math.floor(height / 2))).toEqual([255, 0, 0])
  })

  test('gives a single picture the whole width', async () => {
    const picture = { pixels: [255, 255], width: 2, height: 1 }
    const { at, height } = await decode(await imageGrid([picture], { width: 480 }))
    for (const x of [60, 240, 420]) expect(at(x, Math.floor(height / 2))).toEqual([255, 255, 255])
    expect(await imageGrid([picture], { width: 480 })).toEqual(await imageGrid([picture], { width: 480, columns: 1 }))
  })

  test('grows with its rows', async () => {
    const picture = { pixels: [0, 1, 1, 0], width: 2, height: 2 }
    const heights = [1, 2, 4].map(async rows => {
      const png = await imageGrid(Array(rows * 2).fill(picture), { width: 300, columns: 2 })
      return (await decode(png)).height
    })
    const [one, two, four] = await Promise.all(heights)
    expect(Math.abs(four - two - 2 * (two - one))).toBeLessThanOrEqual(1)
  })

  test('says what does not fit', async () => {
    await expect(imageGrid([])).rejects.toThrow('no pictures')
    await expect(imageGrid(tensor([[1, 0]]) as never)).rejects.toThrow('images is a list, not a tensor')
    await expect(imageGrid([{ pixels: [1, 2, 3], width: 2, height: 2 }])).rejects.toThrow('3 pixels do not fill 2 x 2')
    await expect(imageGrid([{ pixels: [1], width: 1, height: 1 }], { range: [1, 1] })).rejects.toThrow(
      'range [1, 1] is empty',
    )
  })
})

test('a library that is not there is asked for by name', () => {
  const load = () => peer('no-such-library', 'gradus/plot', 'no-such-library')
  expect(load).toThrow(DependencyError)
  expect(load).toThrow(/gradus\/plot could not load .*npm install no-such-library/)
})
