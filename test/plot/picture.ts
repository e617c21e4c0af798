// What a plot drew: the pixels of a PNG, the elements of an SVG.
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { expect } from 'vitest'
import { looks, rgb, type Theme } from '../../src/plot/theme.ts'

/** Left, top, right, bottom; the last two are outside. */
export type Box = readonly [number, number, number, number]

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

/** How many pixels within a box have exactly this colour. */
export function count(picture: Decoded, hex: string, box?: Box): number {
  return Array.from(where(picture, hex, box)).length
}

/** The least rectangle around all pixels of this colour within a box. */
export function bounds(picture: Decoded, hex: string, box?: Box) {
  const found = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity }
  for (const [x, y] of where(picture, hex, box)) {
    found.left = Math.min(found.left, x)
    found.right = Math.max(found.right, x)
    found.top = Math.min(found.top, y)
    found.bottom = Math.max(found.bottom, y)
  }
  return found
}

function* where(
  { data, width, height }: Decoded,
  hex: string,
  [left, top, right, bottom]: Box = [0, 0, width, height],
) {
  const [r, g, b] = rgb(hex)
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const i = 4 * (y * width + x)
      if (data[i] === r && data[i + 1] === g && data[i + 2] === b) yield [x, y]
    }
  }
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
