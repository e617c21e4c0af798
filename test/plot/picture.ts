// What a plot drew: the pixels of a PNG, the elements of an SVG.
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { expect } from 'vitest'
import { looks, rgb, type Theme } from '../../src/plot/theme.ts'

export type Decoded = Awaited<ReturnType<typeof decode>>

export async function decode(png: Buffer) {
  const image = await loadImage(png)
  const ctx = createCanvas(image.width, image.height).getContext('2d')
  ctx.drawImage(image, 0, 0)
  const { data } = ctx.getImageData(0, 0, image.width, image.height)
  const at = (x: number, y: number) => Array.from(data.slice(4 * (y * image.width + x), 4 * (y * image.width + x) + 3))
  const colours = new Set<number>()
  for (let i = 0; i < data.length; i += 4) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2])
  return { width: image.width, height: image.height, data, at, colours }
}

/** How many pixels have exactly this colour, within the rectangle from `left, top` to `right, bottom`. */
export function count(
  { data, width, height }: Decoded,
  hex: string,
  [left, top, right, bottom] = [0, 0, width, height],
) {
  const [r, g, b] = rgb(hex)
  let n = 0
  for (let i = 0; i < data.length; i += 4) {
    const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)]
    if (x >= left && x < right && y >= top && y < bottom) {
      n += Number(data[i] === r && data[i + 1] === g && data[i + 2] === b)
    }
  }
  return n
}

/** The least rectangle around all pixels of this colour. */
export function bounds({ data, width }: Decoded, hex: string) {
  const [r, g, b] = rgb(hex)
  const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity }
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== r || data[i + 1] !== g || data[i + 2] !== b) continue
    const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)]
    box.left = Math.min(box.left, x)
    box.right = Math.max(box.right, x)
    box.top = Math.min(box.top, y)
    box.bottom = Math.max(box.bottom, y)
  }
  return box
}

/** Nothing runs over the edge: the outermost two pixels of all four sides are paper. */
export function expectMargins(picture: Decoded, theme: Theme = 'light') {
  const { width, height } = picture
  const paper = looks[theme].paper
  const edges = [
    [0, 0, width, 2],
    [0, height - 2, width, height],
    [0, 0, 2, height],
    [width - 2, 0, width, height],
  ] as const
  for (const [left, top, right, bottom] of edges) {
    expect(count(picture, paper, [left, top, right, bottom])).toBe((right - left) * (bottom - top))
  }
}

type Element = { name: string; attributes: Record<string, string> }

/** The elements of an SVG; fails where it is not well-formed: tags that do not match, attributes without quotes. */
export function elements(svg: Buffer): Element[] {
  const text = svg.toString().replace(/^<\?xml[^?]*\?>/, '')
  const open: string[] = []
  const found: Element[] = []
  let end = 0
  for (const match of text.matchAll(/<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    const [all, closing, name, attributes, empty] = match
    expect(text.slice(end, match.index), 'text between tags').toMatch(/^(?:[^<>&]|&#?\w+;)*$/)
    end = match.index + all.length
    if (closing) expect(name).toBe(open.pop())
    else {
      if (!empty) open.push(name)
      const pairs = Array.from(attributes.matchAll(/([\w:-]+)="([^"]*)"/g), ([, key, value]) => [key, value])
      found.push({ name, attributes: Object.fromEntries(pairs) })
    }
  }
  expect(text.slice(end).trim()).toBe('')
  expect(open).toEqual([])
  expect(found[0].name).toBe('svg')
  return found
}

/** The pictures within an SVG, decoded. */
export function images(svg: Buffer): Promise<Decoded[]> {
  const links = elements(svg).filter(({ name }) => name === 'image')
  return Promise.all(
    links.map(({ attributes }) => {
      const link = attributes['xlink:href'] ?? attributes.href
      expect(link).toMatch(/^data:image\/png;base64,/)
      return decode(Buffer.from(link.slice(link.indexOf(',') + 1), 'base64'))
    }),
  )
}
