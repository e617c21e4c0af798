// An SVG as a PNG, by the canvas that plots are drawn with.
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { needing, peerFile } from '../io/peer.ts'

export type RasterOptions = {
  /** Where to write the picture, its folder made if need be. Without it nothing is written. */
  path?: string
  /** Pixels of the picture for one of the SVG (2). */
  scale?: number
}

const INSTALL = 'chart.js chartjs-node-canvas dejavu-fonts-ttf'
const USER = 'gradus/plot'
const FONT = 'DejaVu Sans'
/** The most pixels of a side that the canvas can have. */
const LIMIT = 32_767

type Picture = CanvasImageSource & { readonly width: number; readonly height: number }
interface Canvases {
  loadImage(source: Buffer): Promise<Picture>
  registerFont(path: string, options: { family: string }): void
  createCanvas(
    width: number,
    height: number,
  ): { getContext(type: '2d'): CanvasRenderingContext2D; toBuffer(mime: 'image/png'): Buffer }
}

/**
 * An SVG as PNG bytes, such as `draw` of gradus/draw gives. All its text is set in DejaVu Sans, which looks the same on
 * every machine.
 *
 * @throws ArgumentError for a text that is no SVG, a scale that is not positive or makes more than 32767 pixels of a side
 * @throws DependencyError when chartjs-node-canvas or dejavu-fonts-ttf is missing
 */
export async function rasterize(svg: string, given: RasterOptions = {}): Promise<Buffer> {
  const { path, scale = 2 } = options('rasterize', given, ['path', 'scale'])
  if (typeof svg !== 'string' || !/<svg\b/.test(svg)) throw new ArgumentError('rasterize: needs the text of an SVG')
  if (!(scale > 0)) throw new ArgumentError(`rasterize: scale is a number > 0, not ${scale}`)
  const home = peerFile('chartjs-node-canvas', USER, INSTALL)
  const { createCanvas, loadImage, registerFont } = needing(
    USER,
    INSTALL,
    () => createRequire(home)('canvas') as Canvases,
  )
  for (const file of ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'])
    registerFont(peerFile(`dejavu-fonts-ttf/ttf/${file}`, USER, INSTALL), { family: FONT })
  const text = svg.replace(/font-family="[^"]*"/g, `font-family="${FONT}"`)
  const own = sizeOf(text) ?? (await loadImage(Buffer.from(text)))
  const [width, height] = [own.width, own.height].map(pixels => Math.max(1, Math.round(pixels * scale))) as [
    number,
    number,
  ]
  if (Math.max(width, height) > LIMIT)
    throw new ArgumentError(
      `rasterize: ${width} x ${height} pixels are more than ${LIMIT} of a side. Try a scale below ${((scale * LIMIT) / Math.max(width, height)).toPrecision(2)}`,
    )
  // letters are drawn at the size that they will have, and not blown up
  const sized = text.replace(/<svg\b[^>]*>/, open => {
    const bare = open.replace(/\s(width|height)="[^"]*"/g, '')
    const box = /\sviewBox=/.test(bare) ? '' : ` viewBox="0 0 ${own.width} ${own.height}"`
    return bare.replace(/^<svg/, `<svg width="${width}" height="${height}"${box}`)
  })
  const image = await loadImage(Buffer.from(sized))
  const canvas = createCanvas(width, height)
  canvas.getContext('2d').drawImage(image, 0, 0, width, height)
  const bytes = canvas.toBuffer('image/png')
  if (path !== undefined) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes)
  }
  return bytes
}

/** The pixels that an SVG says it has: a point is 4/3 of one, as in CSS. Null when it does not say, or in other units. */
function sizeOf(svg: string): { readonly width: number; readonly height: number } | null {
  const open = /<svg\b[^>]*>/.exec(svg)?.[0] ?? ''
  const [width, height] = ['width', 'height'].map(name => {
    const [, number, unit] = new RegExp(`\\s${name}="([\\d.]+)(pt|px)?"`).exec(open) ?? []
    return Number(number) * (unit === 'pt' ? 4 / 3 : 1)
  }) as [number, number]
  return width > 0 && height > 0 ? { width, height } : null
}
