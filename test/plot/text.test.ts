// The chart in letters, to the letter.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ArgumentError } from '../../src/engine/errors.ts'
import { tensor } from '../../src/index.ts'
import { textChart } from '../../src/plot/plot.ts'

const falling = [{ name: 'loss', values: [8, 4, 2, 1] }]
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes that colour a terminal
const plain = (text: string) => text.replace(/\u001b\[\d+m/g, '')
const widths = (text: string) =>
  plain(text)
    .split('\n')
    .map(line => Array.from(line).length)

describe('textChart', () => {
  test('in ASCII, as its docstring shows', () => {
    const source = readFileSync(join(import.meta.dirname, '../../src/plot/text.ts'), 'utf8')
    const shown = source.slice(source.indexOf('@example')).split('*/')[0]
    const lines = Array.from(shown.matchAll(/^ \* \/\/ (.*)$/gm), ([, line]) => line)
    expect(lines).toHaveLength(9)
    expect(textChart(falling, { width: 24, height: 9, style: 'ascii' })).toBe(lines.join('\n'))
  })

  test('in braille, with title and names', () => {
    const text = textChart(falling, { width: 24, height: 12, title: 'A run', xLabel: 'step', yLabel: 'loss' })
    expect(text.split('\n')).toEqual([
      'A run',
      'loss',
      '8 ┤⠑⢄',
      '  │  ⠑⢄',
      '6 ┤   ⠈⠢⡀',
      '4 ┤     ⠈⠢⡀',
      '  │       ⠈⠑⠢⣀',
      '2 ┤           ⠑⠢⢄⡀',
      '  │              ⠈⠉⠑⠒⠤⠤⣀',
      '  └─────────────────────',
      '   0            2',
      '           step',
    ])
  })

  test('tells two series apart: by marks, or by colours', () => {
    const two = [...falling, { name: 'validation', values: [8, 6, 5, 4.5] }]
    const marked = textChart(two, { width: 30, height: 9 })
    expect(marked).toMatch(/^\* loss {3}o validation\n/)
    expect(marked).not.toMatch(/[^ -~\n]/)
    const coloured = textChart(two, { width: 30, height: 9, colour: true })
    expect(coloured).toContain('\u001b[34m⠤⠤\u001b[39m loss   \u001b[33m⠤⠤\u001b[39m validation')
    expect(plain(coloured)).toBe(textChart(two, { width: 30, height: 9, style: 'braille' }))
  })

  test('has the size it is given', () => {
    const long = 'a name that is longer than the line is wide by some letters'
    const series = [long, 'b', 'c'].map(name => ({ name, values: [1, 2, 3] }))
    for (const style of ['ascii', 'braille'] as const) {
      for (const width of [20, 33, 120]) {
        const text = textChart(series, {
          width,
          height: 14,
          style,
          title: long,
          xLabel: long,
          yLabel: long,
          colour: true,
        })
        expect(widths(text)).toHaveLength(14)
        expect(Math.max(...widths(text))).toBeLessThanOrEqual(width)
      }
    }
    expect(Math.max(...widths(textChart(series)))).toBeLessThanOrEqual(Math.max(20, process.stdout.columns ?? 80))
  })

  test('has powers of ten on a logarithmic axis, and a gap at 0', () => {
    const values = [1, 0.1, 0, 0.01, 0.001]
    const text = textChart([{ name: 'loss', values }], { width: 30, height: 12, logY: true, style: 'ascii' })
    expect(Array.from(text.matchAll(/^ *(\S+) \+/gm), ([, label]) => label)).toEqual(['1', '0.1', '0.01', '0.001'])
    // Nothing between the second value and the fourth.
    const area = text.split('\n').slice(0, 10)
    expect(area.every(line => !line.slice(15, 22).includes('*'))).toBe(true)
    expect(area.some(line => line.slice(22).includes('*'))).toBe(true)
  })

  test('takes tensors, points, one value, constants, huge and tiny values, gaps', () => {
    const charts = [
      tensor([3, 2, 1]),
      [
        { x: 5, y: 1 },
        { x: -5, y: 2 },
      ],
      [0.3],
      [0, 0, 0],
      [1e300, Number.NaN, -1e300],
      [1e-12, 3e-12, Number.POSITIVE_INFINITY],
      [1e9 + 1, 1e9 + 2],
      [1.7e308, -1.7e308, 2],
      [5e-324, 0],
      // settled, but for its last bits
      [0.1 + 0.2, 0.3],
      [1, 1 + Number.EPSILON],
      [1e16, 1e16 + 2],
    ]
    for (const values of charts) {
      for (const style of ['ascii', 'braille'] as const) {
        const text = textChart([{ name: 'loss', values }], { width: 40, height: 8, style })
        expect(text).toMatch(style === 'ascii' ? /\*/ : /[\u2801-\u28ff]/)
        expect(text).not.toMatch(/NaN|Infinity|undefined/)
        expect(Math.max(...widths(text))).toBeLessThanOrEqual(40)
      }
    }
    const settled = [{ name: 'loss', values: [1, 1 + Number.EPSILON] }]
    expect(textChart(settled, { width: 40, height: 8, logY: true })).toMatch(/^1 ┤/m)
    expect(
      textChart([{ name: 'points', values: [1, 2, 3], as: 'points' }], { width: 40, height: 8, style: 'ascii' }),
    ).toMatch(/^[^*]*\*[^*]*\*[^*]*\*[^*]*$/)
  })

  test('draws 1e5 points in a moment', () => {
    const values = Float32Array.from({ length: 1e5 }, (_, i) => Math.sin(i / 1e4))
    const start = performance.now()
    expect(widths(textChart([{ name: 'sine', values }], { width: 80 }))).toHaveLength(16)
    expect(performance.now() - start).toBeLessThan(2000)
  })

  test('says what does not fit', () => {
    expect(() => textChart([])).toThrow(ArgumentError)
    for (const given of [[3, 2, 1], [[3, 2]], { train: [3] }, undefined])
      expect(() => textChart(given as never)).toThrow(/textChart: needs series \[{ name: 'loss', values }\], not/)
    expect(() => textChart([{ name: 'a', values: [Number.NaN] }])).toThrow('textChart: nothing finite to draw')
    expect(() => textChart(falling, { width: 10 })).toThrow('width is an integer of at least 20, not 10')
    expect(() => textChart(falling, { height: 3 })).toThrow('height is an integer of at least 8, not 3')
    const many = Array.from({ length: 20 }, () => ({ name: 'a long name of a series', values: [1, 2] }))
    expect(() => textChart(many, { width: 30, height: 10 })).toThrow('leaves no room below 20 lines')
    expect(() => textChart(falling, { style: 'dots' as 'ascii' })).toThrow("style is 'braille' or 'ascii'")
    expect(() => textChart(falling, { color: true } as object)).toThrow("unknown option 'color'")
  })

  test('loads no chart library', () => {
    const entry = join(import.meta.dirname, '../../src/plot/plot.ts')
    const script = `
      import { createRequire, Module } from 'node:module'
      const { textChart } = await import(${JSON.stringify(entry)})
      textChart([{ name: 'a', values: [1, 2] }])
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      console.log(loaded.filter(file => /chart\\.js|chartjs|canvas|dejavu/.test(file)).length)`
    const said = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    })
    expect(said.trim()).toBe('0')
  })
})
