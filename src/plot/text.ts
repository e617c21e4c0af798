// A chart in letters, for terminals and logs: needs no library.
import { integer, oneOf, options as optionsOf } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { brief, scaled } from './axis.ts'
import type { Series } from './curve.ts'
import { named, type Point, points, type Span, spanOf, widened } from './points.ts'

export type TextChartOptions = {
  /** Letters in a line, 20 or more. Default: as wide as the terminal, 80 if there is none. */
  width?: number
  /** Lines of the whole chart, 8 or more. Default 16. */
  height?: number
  /** A logarithmic y axis; values of 0 and below then leave a gap. */
  logY?: boolean
  /** ANSI colours, one for each series. Default false. */
  colour?: boolean
  /** 'braille' has 2 x 4 dots in a letter, 'ascii' a mark of its own for each series. Default: what tells them apart. */
  style?: 'braille' | 'ascii'
  title?: string
  xLabel?: string
  yLabel?: string
}

const own = ['width', 'height', 'logY', 'colour', 'style', 'title', 'xLabel', 'yLabel']
const marks = ['*', 'o', '+', 'x', '#', '@']
/** Blue, yellow, green, magenta, cyan, red. */
const ansi = [34, 33, 32, 35, 36, 31]
/** Bits of the dots of a braille letter, by row and column. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
]

/**
 * Draws curves in letters: `k series -> text` of at most `height` lines of at most `width` letters, with axes, a title
 * and, for several series, a legend. Needs neither chart.js nor any other library.
 *
 * @throws ArgumentError for no series, nothing finite to draw, or a width or height that is too small
 * @example
 * textChart([{ name: 'loss', values: [8, 4, 2, 1] }], { width: 24, height: 9, style: 'ascii' })
 * // 8 +**
 * //   |  **
 * // 6 +    **
 * // 4 +      ***
 * //   |         ***
 * // 2 +            *****
 * //   |                 ****
 * //   +---------------------
 * //    0            2
 */
export function textChart(series: readonly Series[], given: TextChartOptions = {}): string {
  const options = optionsOf('textChart', given, own)
  const { logY = false, colour = false } = options
  named('textChart', series)
  const { style = colour || series.length === 1 ? 'braille' : 'ascii' } = options
  oneOf('textChart', 'style', style, ['braille', 'ascii'])
  const width = integer('textChart', 'width', options.width ?? Math.max(20, process.stdout.columns ?? 80), 20)
  const height = integer('textChart', 'height', options.height ?? 16, 8)

  const value = scaled(logY)
  const curves = series.map(({ name, values, as = 'line' }) => {
    const all = points('textChart', name, values)
    return { name, as, points: all.map(({ x, y }) => ({ x, y: Number.isFinite(value(y)) ? value(y) : Number.NaN })) }
  })
  const seen = curves.flatMap(curve => curve.points.filter(({ y }) => !Number.isNaN(y)))
  if (seen.length === 0) throw new ArgumentError('textChart: nothing finite to draw')
  const across = spanOf(seen.map(({ x }) => x))
  const xs = across.low < across.high ? across : { low: across.low - 0.5, high: across.high + 0.5 }
  const whole = seen.every(({ x }) => Number.isInteger(x))
  const ys = widened(spanOf(seen.map(({ y }) => y)), 0)

  const ascii = style === 'ascii'
  const paint = (text: string, k: number) => (colour ? `\u001b[${ansi[k % ansi.length]}m${text}\u001b[39m` : text)
  const mark = (k: number) => (ascii ? marks[k % marks.length] : '⠤⠤')
  const room = width - (ascii ? 2 : 3)
  const legend =
    series.length === 1
      ? []
      : wrapped(
          curves.map(({ name }, k) => ({ text: shortened(name, room, ascii), before: `${paint(mark(k), k)} ` })),
          width,
          room,
        )
  const head = [
    ...(options.title ? [shortened(options.title, width, ascii)] : []),
    ...legend,
    ...(options.yLabel ? [shortened(options.yLabel, width, ascii)] : []),
  ]
  const lines = height - head.length - (options.xLabel ? 3 : 2)
  if (lines < 2) {
    throw new ArgumentError(`textChart: height ${height} leaves no room below ${head.length} lines of title and legend`)
  }

  const ticks = logY ? powers(ys, lines) : steps(ys, (lines - 1) / 2)
  const rowOf = (y: number) => Math.round(((ys.high - y) / (ys.high - ys.low)) * (lines - 1))
  const labels = new Map(ticks.map(({ at, text }) => [rowOf(at), text]))
  const margin = Math.max(...Array.from(labels.values(), text => text.length))
  const columns = width - margin - 2
  const cells = drawn(curves, { xs, ys, columns, lines, ascii })
  const bars = ascii
    ? { tick: '+', side: '|', corner: '+', floor: '-' }
    : { tick: '┤', side: '│', corner: '└', floor: '─' }
  const rows = cells.map((row, r) => {
    const text = labels.get(r)
    let letters = ''
    for (let from = 0, to = 0; from < columns; from = to) {
      while (to < columns && row[to].k === row[from].k) to++
      const run = row.slice(from, to).map(cell => cell.letter)
      if (row[from].k >= 0) letters += paint(run.join(''), row[from].k)
      else if (to < columns) letters += run.join('')
    }
    return `${(text ?? '').padStart(margin)} ${text === undefined ? bars.side : bars.tick}${letters}`
  })
  const below = ' '.repeat(margin + 1)
  return [
    ...head,
    ...rows,
    `${below}${bars.corner}${bars.floor.repeat(columns)}`,
    `${below} ${placed(steps(xs, columns / 9, whole ? 1 : 0), xs, columns)}`.trimEnd(),
    ...(options.xLabel ? [centred(shortened(options.xLabel, width, ascii), margin + 2, columns, width)] : []),
  ].join('\n')
}

type Area = { xs: Span; ys: Span; columns: number; lines: number; ascii: boolean }

/** The letters of the area, and which curve each belongs to: the later one, where two meet. */
function drawn(curves: readonly { as: string; points: readonly Point[] }[], { xs, ys, columns, lines, ascii }: Area) {
  const [across, down] = ascii ? [1, 1] : [2, 4]
  const [right, bottom] = [columns * across - 1, lines * down - 1]
  const cells = Array.from({ length: lines }, () =>
    Array.from({ length: columns }, () => ({ bits: 0, letter: ' ', k: -1 })),
  )
  const dot = (x: number, y: number, k: number) => {
    const cell = cells[Math.floor(y / down)][Math.floor(x / across)]
    cell.k = k
    cell.bits |= dots[y % down][x % across]
    cell.letter = ascii ? marks[k % marks.length] : String.fromCharCode(0x2800 + cell.bits)
  }
  curves.forEach(({ as, points }, k) => {
    let before: { x: number; y: number } | undefined
    for (const point of points) {
      if (Number.isNaN(point.y)) {
        before = undefined
        continue
      }
      const here = {
        x: Math.round(((point.x - xs.low) / (xs.high - xs.low)) * right),
        y: Math.round(((ys.high - point.y) / (ys.high - ys.low)) * bottom),
      }
      const from = (as === 'line' && before) || here
      const count = Math.max(Math.abs(here.x - from.x), Math.abs(here.y - from.y), 1)
      for (let i = 0; i <= count; i++) {
        const share = i / count
        dot(Math.round(from.x + (here.x - from.x) * share), Math.round(from.y + (here.y - from.y) * share), k)
      }
      before = here
    }
  })
  return cells
}

type Tick = { at: number; text: string }

/** Round numbers within a span, `atLeast` and a `most`-th of it apart, or more: 1, 2 or 5 times a power of ten. */
function steps({ low, high }: Span, most: number, atLeast = 0): Tick[] {
  // So close together that rounding would decide where ticks are, and whether there is an end to them.
  if (high - low < 1e-12 * Math.max(Math.abs(low), Math.abs(high))) return [{ at: low, text: brief(low, 4) }]
  const least = Math.max((high - low) / most, atLeast)
  const power = 10 ** Math.floor(Math.log10(least))
  const step = [1, 2, 5].map(n => n * power).find(n => n >= least * (1 - 1e-9)) ?? 10 * power
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  const plain = Math.max(Math.abs(low), Math.abs(high)) < 1e6 && step >= 1e-4
  const ticks: Tick[] = []
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) {
    // Never -0.
    const at = n * step || 0
    ticks.push({ at, text: plain ? at.toFixed(decimals) : brief(at, 4) })
  }
  // One number is no scale.
  return ticks.length < 2 && step > atLeast ? steps({ low, high }, 2 * most, atLeast) : ticks
}

/** 1, 2 and 5 times powers of ten within a span of logarithms, the powers alone, or every second of them, as fits. */
function powers(span: Span, lines: number): Tick[] {
  const decade = (Math.LN10 / (span.high - span.low)) * (lines - 1)
  const [first, last] = [Math.floor(span.low / Math.LN10), Math.ceil(span.high / Math.LN10)]
  const factors = decade >= 6 ? [1, 2, 5] : [1]
  const every = Math.max(1, Math.ceil(2 / decade))
  const found: Tick[] = []
  for (let n = first; n <= last; n += every) {
    for (const factor of factors)
      found.push({ at: Math.log(factor) + n * Math.LN10, text: brief(Number(`${factor}e${n}`)) })
  }
  const within = found.filter(({ at }) => at >= span.low - 1e-9 && at <= span.high + 1e-9)
  if (within.length > 1) return within
  const plain = { low: Math.exp(span.low), high: Math.exp(span.high) }
  return steps(plain, (lines - 1) / 2).map(({ at, text }) => ({ at: Math.log(at), text }))
}

/** Labels under their columns, as many as keep a space between them. */
function placed(ticks: readonly Tick[], { low, high }: Span, columns: number): string {
  let line = ''
  for (const { at, text } of ticks) {
    const middle = Math.round(((at - low) / (high - low)) * (columns - 1))
    const start = Math.min(Math.max(0, middle - Math.floor(text.length / 2)), columns - text.length)
    if (line === '' || start > line.length) line = line.padEnd(start) + text
  }
  return line
}

function centred(text: string, left: number, columns: number, width: number): string {
  const start = Math.max(0, Math.min(left + Math.floor((columns - text.length) / 2), width - text.length))
  return ' '.repeat(start) + text
}

/** Entries in lines of `width` letters; `text` counts, the mark before it takes `width - room`. */
function wrapped(entries: readonly { text: string; before: string }[], width: number, room: number): string[] {
  const done: string[] = []
  let length = 0
  for (const { text, before } of entries) {
    const own = text.length + width - room
    if (done.length > 0 && length + 3 + own <= width) {
      done[done.length - 1] += `   ${before}${text}`
      length += 3 + own
    } else {
      done.push(before + text)
      length = own
    }
  }
  return done
}

/** A text of at most `room` letters, with a sign that some are left out. */
function shortened(text: string, room: number, ascii: boolean): string {
  const sign = ascii ? '...' : '…'
  const letters = Array.from(text.replace(/\s+/g, ' '))
  return letters.length <= room ? letters.join('') : letters.slice(0, room - sign.length).join('') + sign
}
