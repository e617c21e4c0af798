// Tables: one model, five ways to print it.
import katex from 'katex'
import { describe, expect, test } from 'vitest'
import { explain } from '../../src/explain/explanation.ts'
import { type Format, formats, render, type Table } from '../../src/explain/table.ts'
import { ArgumentError, tensor, type Value } from '../../src/index.ts'

const table: Table = {
  title: 'A_1 | <b>',
  columns: [
    { title: 'name' },
    { title: { text: 'w-dot', tex: '\\dot{w}' } },
    { title: 'value', align: 'right' },
    { title: 'tensor' },
  ],
  rows: [
    ['w1', { text: 'abs(x1)*x1-dot', tex: '\\left|x_1\\right| \\dot{x}_1' }, 1 / 3, tensor([1, 2])],
    [
      '50% & $',
      null,
      Number.NEGATIVE_INFINITY,
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ],
  ],
  notes: ['One note.', 'Another <note>.'],
}
const wide = (n: number): Table => ({
  title: '',
  columns: Array.from({ length: n }, (_, k) => ({ title: `column ${k}`, align: k % 2 ? 'right' : 'left' })),
  rows: [Array.from({ length: n }, (_, k) => (k % 2 ? Math.PI * 10 ** k : `some words here, ${k} or more of them`))],
  notes: [],
})

describe('text', () => {
  test('columns, a rule, notes', () => {
    expect(render(table)).toBe(`A_1 | <b>

name     w-dot              value  tensor
-------  --------------  --------  ----------------
w1       abs(x1)*x1-dot  0.333333  [1, 2]
50% & $                      -inf  [2, 3] in 1 .. 6

One note.
Another <note>.`)
  })

  test.each([20, 33, 50, 80, 120])('no line is wider than %i', width => {
    for (const x of [table, wide(2), wide(7), wide(30)])
      for (const line of render(x, 'text', { width }).split('\n')) expect(line.length, line).toBeLessThanOrEqual(width)
  })

  test('is as wide as the terminal when nobody says how wide', () => {
    const widest = (): number =>
      Math.max(
        ...render(wide(30))
          .split('\n')
          .map(line => line.length),
      )
    const before = Object.getOwnPropertyDescriptor(process.stdout, 'columns')
    try {
      for (const columns of [40, 132]) {
        Object.defineProperty(process.stdout, 'columns', { value: columns, configurable: true })
        expect(widest()).toBeLessThanOrEqual(columns)
        expect(widest()).toBeGreaterThan(columns - 35)
      }
      Object.defineProperty(process.stdout, 'columns', { value: undefined, configurable: true })
      expect(widest()).toBeLessThanOrEqual(80)
    } finally {
      Reflect.deleteProperty(process.stdout, 'columns')
      if (before) Object.defineProperty(process.stdout, 'columns', before)
    }
  })

  test('nothing is lost by wrapping', () => {
    const letters = (text: string): string[] => [...text.replace(/[\s-]/g, '')].sort()
    expect(letters(render(wide(2), 'text', { width: 30 }))).toEqual(letters(render(wide(2), 'text', { width: 300 })))
  })

  test('columns that do not fit stand below one another, each time behind the first', () => {
    const lines = render(wide(7), 'text', { width: 50 }).split('\n')
    expect(lines.filter(line => line.startsWith('column 0')).length).toBeGreaterThan(1)
  })

  test('no rows; no columns wide', () => {
    expect(render({ ...table, rows: [], notes: [], title: '' })).toBe(
      'name  w-dot  value  tensor\n----  -----  -----  ------',
    )
  })

  test.each([
    [0.25, '0.25'],
    [-0, '-0'],
    [1e-7, '1e-7'],
    [1234567, '1234567'],
    [1234567.5, '1.23457e6'],
    [2 / 3, '0.666667'],
    [Number.NaN, 'nan'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [1e22, '1e22'],
    [100.0000001, '100'],
  ])('%f is written %s', (x, written) => {
    expect(
      render({ title: '', columns: [{ title: '' }], rows: [[x]], notes: [] })
        .split('\n')
        .at(-1),
    ).toBe(written)
  })

  test('digits', () => {
    expect(render(table, 'text', { digits: 2 })).toContain(' 0.33 ')
  })
})

test('Markdown: bars stay within their cells', () => {
  expect(render(table, 'markdown')).toBe(`**A\\_1 \\| \\<b\\>**

| name | $\\dot{w}$ | value | tensor |
| :-- | :-- | --: | :-- |
| w1 | $\\left\\vert x_1\\right\\vert  \\dot{x}_1$ | 0.333333 | \\[1, 2\\] |
| 50% & \\$ |  | -inf | \\[2, 3\\] in 1 .. 6 |

One note.

Another \\<note\\>.`)
})

test('LaTeX: an array, specials escaped', () => {
  expect(render(table, 'latex')).toBe(`\\begin{gathered}
\\text{A\\_1 \\textbar{} <b>} \\\\
\\begin{array}{llrl}
\\text{name} & \\dot{w} & \\text{value} & \\text{tensor} \\\\
\\hline
\\text{w1} & \\left|x_1\\right| \\dot{x}_1 & 0.333333 & \\text{[1, 2]} \\\\
\\text{50\\% \\& \\$} &  & -\\infty & \\text{[2, 3] in 1 .. 6} \\\\
\\end{array}
\\\\ \\text{One note.}
\\\\ \\text{Another <note>.}
\\end{gathered}`)
})

test('HTML: escaped, no inline style', () => {
  const html = render(table, 'html')
  expect(html).toContain('<caption>A_1 | &lt;b&gt;</caption>')
  expect(html).toContain('<td><span class="tex" data-tex="\\left|x_1\\right| \\dot{x}_1">abs(x1)*x1-dot</span></td>')
  expect(html).toContain('<td class="number">0.333333</td>')
  expect(html).toContain('<p>Another &lt;note&gt;.</p>')
  expect(html).not.toContain('style=')
  const open = (html.match(/<(?!\/)\w+/g) ?? []).length
  expect((html.match(/<\/\w+/g) ?? []).length).toBe(open)
})

test('JSON: all digits, numbers that JSON lacks as text', () => {
  expect(JSON.parse(render(table, 'json'))).toEqual({
    title: 'A_1 | <b>',
    rows: [
      {
        name: 'w1',
        'w-dot': { text: 'abs(x1)*x1-dot', tex: '\\left|x_1\\right| \\dot{x}_1' },
        value: 1 / 3,
        tensor: { shape: [2], dtype: 'float32', data: [1, 2] },
      },
      {
        name: '50% & $',
        'w-dot': null,
        value: '-Infinity',
        tensor: {
          shape: [2, 3],
          dtype: 'float32',
          data: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
      },
    ],
    notes: ['One note.', 'Another <note>.'],
  })
})

test('refusals', () => {
  expect(() => render(table, 'pdf' as Format)).toThrow(ArgumentError)
  expect(() => render(table, 'pdf' as Format)).toThrow("render: format is 'text' or 'markdown'")
  expect(() => render(table, 'text', { width: 10 })).toThrow('render: width is an integer of at least 20, not 10')
  expect(() => render(table, 'text', { wide: 10 } as never)).toThrow("render: unknown option 'wide'")
  expect(formats).toHaveLength(5)
})

test('a name with a bar or a line break stays within its cell, and KaTeX reads it', () => {
  const found = explain((x: Value) => x.mul(x).abs(), { 'a|b\nc': -2 }).render('markdown')
  const lines = found.split('\n').filter(line => line.startsWith('|'))
  for (const line of lines) expect(line).toMatch(/\|$/)
  const formulas = [...found.matchAll(/\$([^$]*)\$/g)].map(([, tex]) => tex)
  expect(formulas.length).toBeGreaterThan(5)
  for (const tex of formulas) {
    expect(tex).not.toContain('|')
    katex.renderToString(tex, { throwOnError: true, strict: 'error' })
  }
})

test('letters that a terminal shows twice as wide count twice', () => {
  const columns = (line: string): number =>
    [...line].reduce((sum, x) => sum + (/[\p{Script=Han}🙂]/u.test(x) ? 2 : 1), 0)
  for (const width of [20, 21, 33, 60])
    for (const name of ['变量', '很长很长很长很长很长很长的变量', 'x🙂y'])
      for (const line of explain((x: Value) => x.mul(x.sin()), { [name]: 2 })
        .render('text', { width })
        .split('\n'))
        expect(columns(line), line).toBeLessThanOrEqual(width)
  const lines = render({ title: '', columns: [{ title: 'a' }, { title: 'b' }], rows: [['变量', 1]], notes: [] })
  expect(lines).toBe('a     b\n----  -\n变量  1')
})
