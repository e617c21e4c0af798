// PNG and SVG: the same picture from the same call, whole, readable without fonts, and refused before anything is drawn.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ArgumentError } from '../../src/engine/errors.ts'
import {
  embedding2d,
  histogramsOverTime,
  learningRateSchedule,
  lossCurve,
  regressionFit,
  surfaceTrajectories,
} from '../../src/plot/plot.ts'
import { decode, elements, expectMargins, images } from './picture.ts'
import { plots, size } from './plots.ts'

const folder = mkdtempSync(join(tmpdir(), 'gradus-plot-'))
afterAll(() => rmSync(folder, { recursive: true }))

const filled = (theme: string) => (theme === 'light' ? /^(white|#fff(fff)?)$/i : /^#0d1117$/i)

describe.each(Object.entries(plots))('%s', (name, plot) => {
  test.each(['light', 'dark'] as const)('writes a well-formed SVG without fonts, %s', async theme => {
    const path = join(folder, name, theme, 'plot.svg')
    const svg = await plot({ path, theme, title: 'One & <two>' })
    expect(readFileSync(path).equals(svg)).toBe(true)
    const all = elements(svg)
    const { width, height, viewBox } = all[0].attributes
    expect(Number(width)).toBe(size.width)
    expect(viewBox).toBe(`0 0 ${width} ${height}`)
    expect(svg.toString()).toContain('<title>One &#38; &#60;two&#62;</title>')
    // Letters are outlines.
    expect(all.some(element => element.name === 'text')).toBe(false)
    expect(all.filter(element => element.name === 'path').length).toBeGreaterThan(1)
    const ground = all.find(element => element.name === 'rect' && filled(theme).test(element.attributes.fill ?? ''))
    expect(ground?.attributes).toMatchObject({ width, height })
  })

  test('is a PNG by itself, of the same size, and an SVG on request', async () => {
    const png = await decode(await plot({}))
    const svg = await plot({ format: 'svg' })
    expect(elements(svg)[0].attributes).toMatchObject({ width: String(png.width), height: String(png.height) })
    expect((await plot({ format: 'svg' })).equals(svg)).toBe(true)
    const path = join(folder, `${name}.PNG`)
    expect((await plot({ path, format: 'png' })).equals(readFileSync(path))).toBe(true)
  })

  test('refuses other endings, formats and options, and writes nothing', async () => {
    const path = join(folder, `${name}.jpg`)
    await expect(plot({ path })).rejects.toThrow(ArgumentError)
    await expect(plot({ path })).rejects.toThrow(/path must end in \.png or \.svg, got '.*\.jpg'/)
    await expect(plot({ path: join(folder, 'none') })).rejects.toThrow(/path must end in/)
    await expect(plot({ format: 'pdf' })).rejects.toThrow("format is 'png' or 'svg', not the string 'pdf'")
    await expect(plot({ path: join(folder, `${name}-2.png`), format: 'svg' })).rejects.toThrow('is no svg')
    await expect(plot({ colour: 'red' })).rejects.toThrow(`${name}: unknown option 'colour'`)
    expect(existsSync(path)).toBe(false)
    expect(existsSync(join(folder, `${name}-2.png`))).toBe(false)
  })
})

test('what is painted pixel by pixel is an image within the SVG', async () => {
  const [grid] = await images(await plots.imageGrid({ format: 'svg' }))
  expect(grid.at(5, 5)).toEqual([0, 0, 0])
  expect(grid.at(grid.width - 5, 5)).toEqual([255, 255, 255])
  const [regions] = await images(await plots.decisionBoundary({ format: 'svg' }))
  const [left, right] = [regions.at(5, 100), regions.at(regions.width - 5, 100)]
  expect(left[2]).toBeGreaterThan(left[0])
  expect(right[0]).toBeGreaterThan(right[2])
})

test('long names stay within the picture', async () => {
  const name = 'a name of many words that no picture of this size could ever show in one line of its legend'
  const options = { ...size, title: name, xLabel: name, yLabel: name }
  const pictures = [
    lossCurve(
      [
        { name, values: [1, 2] },
        { name: 'short', values: [2, 1] },
      ],
      options,
    ),
    embedding2d(
      [
        [0, 0],
        [1, 1],
      ],
      { ...options, labels: [name, 'short'], texts: [name, 'short'] },
    ),
    surfaceTrajectories(
      (x, y) => x * y,
      [
        {
          name,
          points: [
            { x: 0, y: 0 },
            { x: 1, y: 1 },
          ],
        },
      ],
      { ...options, resolution: 9 },
    ),
    regressionFit(
      [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
      xs => xs,
      { ...options, names: [name, name] },
    ),
    histogramsOverTime(
      { [name]: [{ step: 0, values: [1, 2] }], other: [{ step: 1, values: [1] }] },
      { ...size, title: name },
    ),
    learningRateSchedule({ [name]: [1, 2], other: [2, 1] }, options),
  ]
  for (const picture of pictures) expectMargins(await decode(await picture))
})
