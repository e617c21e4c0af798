// A grid of small pictures with captions: samples of a data set, what a model got wrong, filters.
import type { Chart } from 'chart.js'
import { list } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { frame, known, lines, type PlotOptions, paint, render, title, unitOf } from './canvas.ts'
import type { Rgb } from './theme.ts'

export type Picture = {
  /** Row by row: `[height, width]` grey levels, or `[height, width, 3]` red, green, blue. */
  pixels: ArrayLike<number>
  width: number
  height: number
  caption?: string
  /** Frames the picture and sets its caption in bold: a wrong answer, say. */
  highlight?: boolean
}

export type ImageGridOptions = Omit<PlotOptions, 'height'> & {
  /** Default: what makes the grid about twice as wide as high, at most 10. */
  columns?: number
  /** The levels drawn black and white. Default: from the least pixel, or 0 if none is below, to the greatest. */
  range?: [number, number]
}

/**
 * Draws pictures in a grid: `n pictures -> PNG or SVG bytes`. `width` (default 1200) is kept, the height follows.
 * Pixels are enlarged without smoothing.
 *
 * Throws `ShapeError` if pixels do not fill their picture, `ArgumentError` for no pictures or a range that is empty,
 * `DependencyError` if the plot libraries are missing.
 *
 * @example
 * await imageGrid([{ pixels: [0, 1, 1, 0], width: 2, height: 2, caption: '7 (true 1)', highlight: true }], { path: 'out/grid.png' })
 * // out/grid.png: 1200 pixels wide, one picture
 */
export async function imageGrid(images: Picture[], options: ImageGridOptions = {}): Promise<Buffer> {
  known('imageGrid', options, ['columns', 'range'])
  if (list('imageGrid', 'images', images).length === 0) throw new ArgumentError('imageGrid: no pictures to draw')
  for (const { pixels, width, height } of images) {
    if (pixels.length !== width * height && pixels.length !== 3 * width * height) {
      throw new ShapeError(`imageGrid: ${pixels.length} pixels do not fill ${height} x ${width}, grey or times 3`)
    }
  }
  const { columns = Math.min(10, images.length, Math.ceil(Math.sqrt(2 * images.length))) } = options
  if (!Number.isInteger(columns) || columns < 1) throw new ArgumentError(`imageGrid: ${columns} columns`)
  const [low, high] = options.range ?? extent(images)
  if (!(low < high)) throw new ArgumentError(`imageGrid: range [${low}, ${high}] is empty`)

  const layout = grid(images, options, columns)
  const { view, margin, gap, cell, top, captionSize, captionLine, captions, rowHeight, pictureHeight } = layout
  const { look, unit } = view
  const level = (value: number) => 255 * Math.min(1, Math.max(0, (value - low) / (high - low)))
  const draw = {
    id: 'images',
    afterDraw({ ctx }: Chart) {
      ctx.save()
      ctx.textAlign = 'center'
      ctx.textBaseline = 'top'
      images.forEach((image, i) => {
        const zoom = Math.min(cell / image.width, pictureHeight / image.height)
        const [width, height] = [Math.round(image.width * zoom), Math.round(image.height * zoom)]
        const x = Math.round(margin + (i % columns) * (cell + gap) + (cell - width) / 2)
        const y = Math.round(top + Math.floor(i / columns) * rowHeight + (pictureHeight - height) / 2)
        const colours = image.pixels.length / (image.width * image.height)
        paint(ctx, [x, y, width, height], (column, row): Rgb => {
          const at =
            Math.floor((row * image.height) / height) * image.width + Math.floor((column * image.width) / width)
          if (colours === 1) return Array(3).fill(level(image.pixels[at])) as Rgb
          return [0, 1, 2].map(c => level(image.pixels[3 * at + c])) as Rgb
        })
        const line = (image.highlight ? 5 : 1.5) * unit
        ctx.strokeStyle = image.highlight ? look.wrong : look.muted
        ctx.lineWidth = line
        ctx.strokeRect(x - line / 2, y - line / 2, width + line, height + line)
        ctx.fillStyle = image.highlight ? look.wrong : look.ink
        ctx.font = `${image.highlight ? 'bold ' : ''}${captionSize}px "${view.font}"`
        const under = y + height + 10 * unit
        captions[i].forEach((text, n) => {
          ctx.fillText(text, x + width / 2, under + n * captionLine)
        })
      })
      ctx.restore()
    },
  }
  return render(
    {
      type: 'scatter',
      data: { datasets: [] },
      options: {
        layout: { padding: { top: 26 * unit, right: margin, bottom: 0, left: margin } },
        plugins: { title: title(view, options.title), legend: { display: false } },
        scales: { x: { display: false }, y: { display: false } },
      },
      plugins: [draw],
    },
    view,
    options,
  )
}

/** Where everything goes; the height of the picture is what its rows need. */
function grid(images: Picture[], options: ImageGridOptions, columns: number) {
  const sized = frame(options, 1200, 1)
  const { width } = sized
  const unit = unitOf(width / 1200)
  const [margin, gap] = [30 * unit, 18 * unit]
  const cell = (width - 2 * margin - (columns - 1) * gap) / columns
  const ratio = images.reduce((most, image) => Math.max(most, image.height / image.width), 0)
  const pictureHeight = Math.min(cell * ratio, 700 * unit)
  const captionSize = Math.min(20 * unit, Math.max(12 * unit, cell / 6))
  const captionLine = captionSize * 1.25
  const captions = images.map(image => (image.caption ? lines(image.caption, cell + gap / 2, captionSize) : []))
  const captionLines = captions.reduce((most, caption) => Math.max(most, caption.length), 0)
  const rowHeight = pictureHeight + captionLines * captionLine + (captionLines > 0 ? 28 : 18) * unit
  const heading = options.title ? title({ ...sized, unit }, options.title).text.length * 32 + 20 : 0
  const top = (26 + heading) * unit
  const height = Math.ceil(top + Math.ceil(images.length / columns) * rowHeight + 12 * unit)
  return {
    view: { ...sized, height, unit },
    margin,
    gap,
    cell,
    top,
    captionSize,
    captionLine,
    captions,
    rowHeight,
    pictureHeight,
  }
}

function extent(images: Picture[]): [number, number] {
  let [low, high] = [0, Number.NEGATIVE_INFINITY]
  for (const { pixels } of images) {
    for (let i = 0; i < pixels.length; i++) {
      low = Math.min(low, pixels[i])
      high = Math.max(high, pixels[i])
    }
  }
  return [low, high > low ? high : low + 1]
}
