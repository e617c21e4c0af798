// Results as tables: one model of cells, and one renderer for each way to print it.
import { options as checked, integer, oneOf } from '../engine/argument.ts'
import { Tensor } from '../engine/tensor.ts'

/** A formula, as plain text and as TeX. */
export interface Formula {
  readonly text: string
  readonly tex: string
}
/** What stands in a table: words, a number, a tensor, a formula; nothing. */
export type Cell = string | number | Tensor | Formula | null

export interface Column {
  /** What the column is called; a formula's text is also its name in JSON. */
  readonly title: string | Formula
  /** Numbers stand at the right, all else (default) at the left. */
  readonly align?: 'left' | 'right'
}

export interface Table {
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
  /** Sentences below the table. */
  readonly notes: readonly string[]
}

export const formats = ['text', 'markdown', 'latex', 'html', 'json'] as const
export type Format = (typeof formats)[number]

export interface RenderOptions {
  /** The most letters of a line of text (the terminal's width; 80 where there is none). Cells are wrapped, then columns are put below one another. */
  readonly width?: number
  /** The most significant digits of a number (6); JSON has all. */
  readonly digits?: number
}

/** The letters of a line of the terminal that a program writes to; 80 in a browser, a file or a pipe. */
function terminal(): number {
  const { process } = globalThis as { readonly process?: { readonly stdout?: { readonly columns?: number } } }
  return Math.max(20, process?.stdout?.columns ?? 80)
}

/**
 * A table as text that is fit to a width, as Markdown with formulas between dollars, as LaTeX (an array, as KaTeX
 * reads it too), as HTML whose formulas are elements of class `tex` with their TeX in `data-tex` and whose numbers are in
 * cells of class `number`, or as JSON.
 *
 * @throws ArgumentError for an unknown format or option, or a width below 20
 * @example
 * const table = { title: '', columns: [{ title: 'name' }, { title: 'value', align: 'right' }], rows: [['w1', 0.25]], notes: [] }
 * render(table)
 * // name  value
 * // ----  -----
 * // w1     0.25
 */
export function render(table: Table, format: Format = 'text', given: RenderOptions = {}): string {
  const options = checked('render', given, ['width', 'digits'])
  const width = integer('render', 'width', options.width ?? terminal(), 20)
  const digits = integer('render', 'digits', options.digits ?? 6, 1)
  switch (oneOf('render', 'format', format, formats)) {
    case 'text':
      return asText(table, width, digits)
    case 'markdown':
      return asMarkdown(table, digits)
    case 'latex':
      return asLatex(table, digits)
    case 'html':
      return asHtml(table, digits)
    default:
      return JSON.stringify(asJson(table), null, 2)
  }
}

// ---------------------------------------------------------------- cells

const isFormula = (x: Cell): x is Formula => typeof x === 'object' && x !== null && !(x instanceof Tensor)

/** A number with so many significant digits, none of them idle: 0.25, 1e-7, 12345.7. */
export function numeral(x: number, digits: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf'
  if (Object.is(x, -0)) return '-0'
  // whole numbers are written out
  if (Number.isInteger(x) && Math.abs(x) < 1e15) return String(x)
  const rounded = x.toPrecision(Math.min(digits, 100))
  const [, mantissa, exponent = ''] = /^(.*?)(e.*)?$/.exec(rounded) as unknown as [string, string, string?]
  return `${mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa}${exponent.replace('+', '')}`
}

/** A small tensor by its elements, a large one by its shape, norm and range. */
function summary(x: Tensor, digits: number): string {
  const write = (y: number): string => numeral(y, digits)
  if (x.numel <= 4)
    return JSON.stringify(x.toArray(), (_, y) => (typeof y === 'number' ? write(y) : y))
      .replace(/"/g, '')
      .replace(/,/g, ', ')
  const data = Array.from(x.data)
  const low = data.reduce((a, b) => Math.min(a, b))
  const high = data.reduce((a, b) => Math.max(a, b))
  return `[${x.shape.join(', ')}] in ${write(low)} .. ${write(high)}`
}

/** Words on one line, without signs that terminals obey and that neither TeX nor XML has. */
export const oneLine = (words: string): string =>
  words.replace(/[\n\r\t\u2028\u2029]/g, ' ').replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd')

function text(cell: Cell, digits: number): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return numeral(cell, digits)
  if (cell instanceof Tensor) return summary(cell, digits)
  return oneLine(isFormula(cell) ? cell.text : cell)
}

// ---------------------------------------------------------------- text

const GAP = '  '
/** Below this a column is not made narrower for the sake of others. */
const NARROW = 12

function asText({ title, columns, rows, notes }: Table, width: number, digits: number): string {
  const head = columns.map(column => text(column.title, digits))
  const body = rows.map(row => columns.map((_, k) => text(row[k] ?? null, digits)))
  const widest = columns.map((_, k) => body.reduce((most, row) => Math.max(most, size(row[k])), size(head[k])))
  // numbers are not broken, words as late as can be
  const least = columns.map(({ align }, k) =>
    align === 'right' ? Math.min(widest[k], width) : Math.min(widest[k], NARROW),
  )
  const blocks = inBlocks(least, width).map(block => {
    const fitted = narrowed(
      block.map(k => widest[k]),
      block.map(k => least[k]),
      width,
    )
    const line = (row: readonly string[]): string => {
      const cells = block.map((k, i) => wrapped(row[k], fitted[i]))
      const height = Math.max(...cells.map(lines => lines.length))
      return Array.from({ length: height }, (_, y) =>
        block
          .map((k, i) => padded(cells[i][y] ?? '', fitted[i], columns[k].align ?? 'left'))
          .join(GAP)
          .trimEnd(),
      ).join('\n')
    }
    return [line(head), fitted.map(n => '-'.repeat(n)).join(GAP), ...body.map(line)].join('\n')
  })
  const above = title === '' ? [] : [wrapped(oneLine(title), width).join('\n')]
  const below = notes.map(note => wrapped(oneLine(note), width).join('\n')).join('\n')
  return [...above, blocks.join('\n\n'), ...(below === '' ? [] : [below])].join('\n\n')
}

/** Letters of East Asia and emoji, which terminals show twice as wide. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
/** The columns that a letter takes: marks that sit on another letter take none. */
const room = (letter: string): number => (/^\p{M}$/u.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1)
/** How many columns wide. */
const size = (line: string): number =>
  /^[\x20-\x7e]*$/.test(line) ? line.length : [...line].reduce((sum, letter) => sum + room(letter), 0)
const padded = (line: string, width: number, align: 'left' | 'right'): string => {
  const space = ' '.repeat(Math.max(0, width - size(line)))
  return align === 'right' ? space + line : line + space
}

/** The columns in groups that fit into the width; each but the first begins with the first column again. */
function inBlocks(least: readonly number[], width: number): number[][] {
  const blocks: number[][] = [[0]]
  let used = least[0]
  for (let k = 1; k < least.length; k++) {
    const needed = GAP.length + least[k]
    const block = blocks.at(-1) as number[]
    if (used + needed > width && block.length > 1) {
      blocks.push([0, k])
      used = least[0] + needed
    } else {
      block.push(k)
      used += needed
    }
  }
  return blocks
}

/** Takes letters from the widest columns until all fit; from those that are as narrow as they should be only if it must. */
function narrowed(widest: readonly number[], least: readonly number[], width: number): number[] {
  const widths = [...widest]
  const gaps = GAP.length * (widths.length - 1)
  const sum = (): number => widths.reduce((a, b) => a + b, gaps)
  while (sum() > width) {
    const open = widths.flatMap((n, k) => (n > least[k] ? [k] : []))
    const from = open.length > 0 ? open : [...widths.keys()]
    const k = from.reduce((a, b) => (widths[b] > widths[a] ? b : a))
    widths[k]--
  }
  return widths
}

/** Breaks a line at spaces, else behind an operator or a comma, else anywhere. */
function wrapped(line: string, width: number): string[] {
  if (size(line) <= width) return [line]
  const lines: string[] = []
  let rest = [...line]
  for (;;) {
    let fit = 0
    for (let used = 0; fit < rest.length; fit++) {
      used += room(rest[fit])
      if (used > width) break
    }
    if (fit === rest.length) break
    const start = rest.slice(0, fit + 1)
    const space = start.lastIndexOf(' ')
    const sign = Math.max(...['*', '/', ',', '(', '+', '.', '_'].map(mark => start.slice(0, fit).lastIndexOf(mark)))
    const at = space > 0 ? space : sign > 0 ? sign + 1 : Math.max(1, fit)
    lines.push(rest.slice(0, at).join('').trimEnd())
    rest = [...rest.slice(at).join('').trimStart()]
  }
  return rest.length > 0 ? [...lines, rest.join('')] : lines
}

// ---------------------------------------------------------------- Markdown

function asMarkdown({ title, columns, rows, notes }: Table, digits: number): string {
  const escaped = (words: string): string => oneLine(words).replace(/[\\`*_[\]<>|$]/g, '\\$&')
  const write = (cell: Cell): string =>
    // a bar would end the cell, whatever it stands in
    isFormula(cell)
      ? `$${cell.tex.replaceAll('\\|', '\\Vert ').replaceAll('|', '\\vert ')}$`
      : escaped(text(cell, digits))
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    ...(title === '' ? [] : [`**${escaped(title)}**`, '']),
    line(columns.map(column => write(column.title))),
    line(columns.map(({ align }) => (align === 'right' ? '--:' : ':--'))),
    ...rows.map(row => line(columns.map((_, k) => write(row[k] ?? null)))),
    ...notes.flatMap(note => ['', escaped(note)]),
  ].join('\n')
}

// ---------------------------------------------------------------- LaTeX

const inTex: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '|': '\\textbar{}',
}
/** Words within mathematics. */
export const texWords = (words: string): string =>
  words === ''
    ? ''
    : `\\text{${oneLine(words)
        .replace(/[\\~^|]|[&%$#_{}]/g, mark => inTex[mark] ?? `\\${mark}`)
        // Greek is mathematics; dollars would end that of Markdown
        .replace(/\p{Script=Greek}+/gu, '\\($&\\)')}}`

/** A number as TeX writes it. */
export const texNumber = (x: number, digits: number): string => {
  const [, mantissa, exponent] = /^(.*?)(?:e(.*))?$/.exec(numeral(x, digits)) as unknown as [string, string, string?]
  if (exponent !== undefined) return `${mantissa} \\cdot 10^{${exponent}}`
  return mantissa.replace('inf', '\\infty').replace('nan', '\\mathrm{NaN}')
}

function asLatex({ title, columns, rows, notes }: Table, digits: number): string {
  const write = (cell: Cell): string =>
    typeof cell === 'number' ? texNumber(cell, digits) : isFormula(cell) ? cell.tex : texWords(text(cell, digits))
  const line = (cells: readonly string[]): string => `${cells.join(' & ')} \\\\`
  const array = [
    `\\begin{array}{${columns.map(({ align }) => (align === 'right' ? 'r' : 'l')).join('')}}`,
    line(columns.map(column => write(column.title))),
    '\\hline',
    ...rows.map(row => line(columns.map((_, k) => write(row[k] ?? null)))),
    '\\end{array}',
  ]
  const around = [title, ...notes].filter(words => words !== '')
  if (around.length === 0) return array.join('\n')
  return [
    '\\begin{gathered}',
    ...(title === '' ? [] : [line([texWords(title)])]),
    ...array,
    ...notes.map(note => `\\\\ ${texWords(note)}`),
    '\\end{gathered}',
  ].join('\n')
}

// ---------------------------------------------------------------- HTML

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapedHtml = (words: string): string => oneLine(words).replace(/[&<>"']/g, mark => entities[mark])

function asHtml({ title, columns, rows, notes }: Table, digits: number): string {
  const write = (cell: Cell): string => {
    const words = escapedHtml(text(cell, digits))
    return isFormula(cell) ? `<span class="tex" data-tex="${escapedHtml(cell.tex)}">${words}</span>` : words
  }
  const side = ({ align }: Column): string => (align === 'right' ? ' class="number"' : '')
  return [
    '<figure class="gradus">',
    '<table>',
    ...(title === '' ? [] : [`<caption>${escapedHtml(title)}</caption>`]),
    `<thead><tr>${columns.map(column => `<th scope="col"${side(column)}>${write(column.title)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...rows.map(
      row => `<tr>${columns.map((column, k) => `<td${side(column)}>${write(row[k] ?? null)}</td>`).join('')}</tr>`,
    ),
    '</tbody>',
    '</table>',
    ...(notes.length === 0
      ? []
      : [`<figcaption>${notes.map(note => `<p>${escapedHtml(note)}</p>`).join('')}</figcaption>`]),
    '</figure>',
  ].join('\n')
}

// ---------------------------------------------------------------- JSON

/** The table as data: rows as objects by the columns' titles; numbers that JSON lacks as text. */
function asJson({ title, columns, rows, notes }: Table): object {
  const plain = (x: unknown): unknown =>
    Array.isArray(x) ? x.map(plain) : typeof x === 'number' && !Number.isFinite(x) ? String(x) : x
  const write = (cell: Cell): unknown =>
    cell instanceof Tensor ? { shape: cell.shape, dtype: cell.dtype, data: plain(cell.toArray()) } : plain(cell)
  return {
    title,
    rows: rows.map(row =>
      Object.fromEntries(columns.map((column, k) => [text(column.title, 17), write(row[k] ?? null)])),
    ),
    notes,
  }
}
