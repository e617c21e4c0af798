// Fields over the plane on canvases, in the theme's colours.
import { computed } from '@preact/signals'
import { color, dark } from '../theme.ts'
import { mix, type Ramp, type Rgb, ramp, rgb } from './image.ts'

/** The colours of classes, by their numbers: of two, the ends of the ramp. */
const classNames = [
  '--minus',
  '--plus',
  '--series-3',
  '--series-4',
  '--series-5',
  '--series-1',
  '--series-2',
  '--series-6',
  '--ink',
  '--muted',
]
/** Of the colours under points. */
export const strength = 0.62
export interface Colours {
  readonly classes: readonly Rgb[]
  readonly zero: Rgb
  readonly ink: Rgb
  readonly paper: Rgb
  readonly ramp: Ramp
  /** Under points, which must stand out. */
  readonly pale: Ramp
  /** From low to high, for points on a field of the same numbers. */
  shade(t: number): Rgb
}
/** Read anew when the theme changes. */
export const colours = computed<Colours>(() => {
  void dark.value
  const [minus, zero, plus] = ['--minus', '--zero', '--plus'].map(name => rgb(color(name)))
  return {
    classes: classNames.map(name => rgb(color(name))),
    zero,
    ink: rgb(color('--ink')),
    paper: rgb(color('--paper')),
    ramp: ramp(minus, zero, plus),
    pale: ramp(mix(zero, minus, strength), zero, mix(zero, plus, strength)),
    shade: t => (t < 0 ? mix(zero, minus, Math.min(1, -t)) : mix(zero, plus, Math.min(1, t))),
  }
})

const buffers = new Map<number, { readonly image: ImageData; readonly pixels: Uint32Array }>()
/** Pixels of a square image to be filled before `put`; the next picture of this size uses them again. */
export function buffer(side: number): { readonly image: ImageData; readonly pixels: Uint32Array } {
  let found = buffers.get(side)
  if (!found) {
    const image = new ImageData(side, side)
    found = { image, pixels: new Uint32Array(image.data.buffer) }
    buffers.set(side, found)
  }
  return found
}
/** Shows an image on a canvas, whose style says how large it is. */
export function put(canvas: HTMLCanvasElement, image: ImageData): void {
  if (canvas.width !== image.width) {
    canvas.width = image.width
    canvas.height = image.height
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0)
}

/** The outline of a class's mark around a place: circle, diamond, triangle or square by turns. */
export function mark(context: CanvasRenderingContext2D, kind: number, x: number, y: number, r: number): void {
  context.beginPath()
  switch (kind % 4) {
    case 0:
      context.arc(x, y, r, 0, 2 * Math.PI)
      return
    case 1:
      context.moveTo(x, y - r * 1.25)
      context.lineTo(x + r * 1.25, y)
      context.lineTo(x, y + r * 1.25)
      context.lineTo(x - r * 1.25, y)
      break
    case 2:
      context.moveTo(x, y - r * 1.25)
      context.lineTo(x + r * 1.15, y + r * 0.85)
      context.lineTo(x - r * 1.15, y + r * 0.85)
      break
    default:
      context.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8)
  }
  context.closePath()
}
