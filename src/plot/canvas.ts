// From a chart.js configuration to a PNG or SVG: loads the optional libraries, wraps titles, writes the file.
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname } from 'node:path'
import type { ChartConfiguration, ChartOptions, ChartType, LegendItem, Plugin } from 'chart.js'
import type * as Node from 'chartjs-node-canvas'
import { oneOf, options as optionsOf } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { needing, peer, peerFile } from '../io/peer.ts'
import { type Look, looks, type Rgb, type Theme } from './theme.ts'

export type Format = 'png' | 'svg'

/** What every plot takes. */
export type PlotOptions = {
  /** Where to write the picture, its folder made if need be: a .png or an .svg. Without it nothing is written. */
  path?: string
  /** 'png' or 'svg': what is returned. Default: what `path` ends in, else 'png'. */
  format?: Format
  title?: string
  /** Pixels of the picture. */
  width?: number
  height?: number
  /** 'light' (the default) or 'dark'. */
  theme?: Theme
}

/** What a plot draws with. `unit` is 1 at 1200 x 750 pixels; all sizes are multiples of it. */
export type Frame = { width: number; height: number; unit: number; look: Look; font: string; format: Format }

const INSTALL = 'chart.js chartjs-node-canvas dejavu-fonts-ttf'
const USER = 'gradus/plot'
const FONT = 'DejaVu Sans'

const shared = ['path', 'format', 'title', 'width', 'height', 'theme']

/** @throws ArgumentError when the options are no object, or one is neither shared by all plots nor in `own` */
export function known<O extends PlotOptions>(plot: string, given: O, own: readonly string[]): O {
  return optionsOf(plot, given, [...shared, ...own])
}

export function frame(options: PlotOptions, width: number, height: number): Frame {
  const size = { width: options.width ?? width, height: options.height ?? height }
  for (const [name, pixels] of Object.entries(size)) {
    if (!Number.isInteger(pixels) || pixels < 1) throw new ArgumentError(`plot: ${name} must be pixels, got ${pixels}`)
  }
  const look = looks[options.theme ?? 'light']
  if (!look) throw new ArgumentError(`plot: theme must be 'light' or 'dark', got '${options.theme}'`)
  const unit = unitOf(Math.min(size.width / 1200, size.height / 750))
  return { ...size, unit, look, font: FONT, format: formatOf(options) }
}

/** What the options ask for, once `path` and `format` agree. */
function formatOf({ path, format }: PlotOptions): Format {
  if (format !== undefined) oneOf('plot', 'format', format, ['png', 'svg'])
  if (path === undefined) return format ?? 'png'
  const ending = extname(path).slice(1).toLowerCase()
  if (ending !== 'png' && ending !== 'svg') {
    throw new ArgumentError(`plot: path must end in .png or .svg, got '${path}'`)
  }
  if (format !== undefined && format !== ending) {
    throw new ArgumentError(`plot: path '${path}' is no ${format}. Leave format out: the ending decides`)
  }
  return ending
}

/** Letters grow with a large picture, but shrink less than a small one does, to stay legible. */
export function unitOf(scale: number): number {
  return scale < 1 ? Math.sqrt(scale) : scale
}

/** Draws `config` in `frame`, and writes it if `options` has a path: `-> PNG or SVG bytes`. */
export async function render<T extends ChartType>(
  config: ChartConfiguration<T>,
  { width, height, unit, look, format }: Frame,
  options: PlotOptions,
): Promise<Buffer> {
  const { ChartJSNodeCanvas } = peer<typeof Node>('chartjs-node-canvas', USER, INSTALL)
  const fonts = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map(file =>
    peerFile(`dejavu-fonts-ttf/ttf/${file}`, USER, INSTALL),
  )
  const canvas = needing(USER, INSTALL, () => {
    return new ChartJSNodeCanvas({
      width,
      height,
      ...(format === 'svg' && { type: format }),
      backgroundColour: look.paper,
      chartCallback: ({ defaults }) => {
        defaults.font.family = FONT
        defaults.font.size = 19 * unit
        defaults.color = look.muted
        defaults.devicePixelRatio = 1
      },
    })
  })
  // A machine without fonts would draw no text at all, silently.
  canvas.registerFont(fonts[0], { family: FONT })
  canvas.registerFont(fonts[1], { family: FONT, weight: 'bold' })
  const bytes =
    format === 'svg'
      ? scalable(canvas.renderToBufferSync(config as ChartConfiguration, 'image/svg+xml'), width, height, options.title)
      : await canvas.renderToBuffer(config as ChartConfiguration)
  if (options.path !== undefined) {
    await mkdir(dirname(options.path), { recursive: true })
    await writeFile(options.path, bytes)
  }
  return bytes
}

/**
 * An SVG that a page may resize, with a name that a screen reader reads, since its letters are drawn as outlines.
 * Its ids count from 0: the canvas' own go on from picture to picture, so that no two would be equal.
 */
function scalable(svg: Buffer, width: number, height: number, title: string | undefined): Buffer {
  const name = title?.replace(/[&<>]/g, letter => `&#${letter.charCodeAt(0)};`)
  const ids = new Map<string, string>()
  const text = svg
    .toString()
    .replace(/<svg\b[^>]*>/, open => {
      const box = open.includes('viewBox') ? open : open.replace(/>$/, ` viewBox="0 0 ${width} ${height}">`)
      return name ? `${box.replace(/>$/, ' role="img">')}\n\t<title>${name}</title>` : box
    })
    .replace(/( id="|url\(#|href="#)([\w-]+)/g, (_, before: string, id: string) => {
      const number = ids.get(id) ?? `${id.split(/[_-]/, 1)[0]}_${ids.size}`
      ids.set(id, number)
      return before + number
    })
  return Buffer.from(text)
}

/** What tells one chart of lines from another. */
export type Lines = {
  datasets: ChartConfiguration<'line'>['data']['datasets']
  legend: ReturnType<typeof legend>
  scales: NonNullable<ChartOptions<'line'>['scales']>
  /** What is drawn besides. */
  plugins?: Plugin<'line'>[]
  /** The height of the air between legend and chart. */
  space?: number
}

/** Draws lines, and what plugins draw, between the margins that all charts have, under title and legend. */
export function lineChart(view: Frame, options: PlotOptions, { datasets, scales, plugins = [], ...rest }: Lines) {
  const { unit } = view
  return render<'line'>(
    {
      type: 'line',
      data: { datasets },
      options: {
        layout: { padding: { top: 26 * unit, right: 34 * unit, bottom: 20 * unit, left: 20 * unit } },
        plugins: { title: title(view, options.title), legend: rest.legend },
        // Air last, as data goes by the first x axis.
        scales: { ...scales, top: air(view, rest.space) },
      },
      plugins,
    },
    view,
    options,
  )
}

/** The title, set left and wrapped to the width. */
export function title({ width, unit, look }: Frame, text: string | undefined, size = 26 * unit) {
  return {
    display: Boolean(text),
    text: lines(text ?? '', width * 0.94, size),
    align: 'start' as const,
    color: look.ink,
    font: { size, weight: 'bold' as const },
    padding: { top: 0, bottom: 8 * unit },
  }
}

/** An axis' name, wrapped to the length of its axis. */
export function axisTitle({ unit, look }: Frame, text: string | undefined, room: number) {
  return {
    display: Boolean(text),
    text: lines(text ?? '', room, 20 * unit),
    color: look.ink,
    font: { size: 20 * unit },
  }
}

/** Entries with their own marks, or `lines` as they are drawn, set left under the title. */
export function legend({ unit, look }: Frame, display: boolean, lines?: readonly LegendItem[]) {
  return {
    display,
    align: 'start' as const,
    labels: {
      color: look.ink,
      usePointStyle: true,
      boxHeight: 13 * unit,
      padding: 18 * unit,
      font: { size: 19 * unit },
      ...(lines && { pointStyleWidth: 52 * unit, generateLabels: () => [...lines] }),
    },
  }
}

/** An invisible axis that keeps legend and title off the chart, for which chart.js has no setting. */
export function air({ unit }: Frame, height = 14) {
  return {
    axis: 'x' as const,
    position: 'top' as const,
    grid: { display: false },
    border: { display: false },
    ticks: { display: false },
    afterFit: (scale: { height: number }) => {
      scale.height = height * unit
    },
  }
}

/** Words broken into lines of about `room` pixels: chart.js would cut a long line off at the edge. */
export function lines(text: string, room: number, size: number): string[] {
  // A letter of DejaVu Sans Bold is about 0.6 em wide.
  const letters = Math.max(8, Math.floor(room / (0.6 * size)))
  const done: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = done.length - 1
    if (last >= 0 && done[last].length + word.length < letters) done[last] += ` ${word}`
    else done.push(word)
  }
  return done
}

/** An entry of a legend, its middle left out where it is wider than the picture. */
export function fitted({ width, unit }: Frame, text: string): string {
  // Beside the mark; a letter of DejaVu Sans is about 0.6 em wide.
  const letters = Math.max(8, Math.floor((width - 150 * unit) / (0.6 * 19 * unit)))
  if (text.length <= letters) return text
  const end = Math.floor((letters - 1) / 2)
  return `${text.slice(0, letters - 1 - end)}…${text.slice(-end)}`
}

/** Colours the pixels of a rectangle, `colour(column, row)` each. They are an image of its own: an SVG has no pixels. */
export function paint(
  ctx: CanvasRenderingContext2D,
  [left, top, width, height]: [number, number, number, number],
  colour: (column: number, row: number) => Rgb,
): void {
  const home = peerFile('chartjs-node-canvas', USER, INSTALL)
  const canvas = needing(USER, INSTALL, () => (createRequire(home)('canvas') as Canvases).createCanvas(width, height))
  const own = canvas.getContext('2d')
  const image = own.createImageData(width, height)
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i += 4) {
      const [r, g, b] = colour(column, row)
      image.data[i] = r
      image.data[i + 1] = g
      image.data[i + 2] = b
      image.data[i + 3] = 255
    }
  }
  own.putImageData(image, 0, 0)
  ctx.drawImage(canvas, left, top)
}

/** The library that chartjs-node-canvas draws with, so far as needed here. */
type Canvases = {
  createCanvas(width: number, height: number): CanvasImageSource & { getContext(type: '2d'): CanvasRenderingContext2D }
}
