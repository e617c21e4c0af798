// Texts beside points, none on top of another or of what is drawn.
import type { Frame } from './canvas.ts'

export type Box = readonly [left: number, top: number, right: number, bottom: number]
/** A text and the pixel it belongs to. */
export type Note = { text: string; x: number; y: number }
/** What is covered already, where texts may stand, and how far from their points. */
export type Ground = { taken: readonly Box[]; area: Box; away: number }

/** Writes each note where there is room, the first ones first, and returns how many; those without any are left out. */
export function annotate(
  ctx: CanvasRenderingContext2D,
  { unit, look, font }: Frame,
  notes: readonly Note[],
  { taken, area, away }: Ground,
): number {
  const size = 17 * unit
  const covered = [...taken]
  ctx.save()
  ctx.font = `${size}px "${font}"`
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  ctx.lineJoin = 'round'
  ctx.lineWidth = 4 * unit
  ctx.strokeStyle = look.paper
  ctx.fillStyle = look.ink
  for (const { text, x, y } of notes) {
    if (!text) continue
    const places = around(x, y, ctx.measureText(text).width, size, away)
    const free = places.find(box => within(box, area) && !covered.some(other => overlap(box, other)))
    if (!free) continue
    covered.push(free)
    ctx.strokeText(text, free[0], (free[1] + free[3]) / 2)
    ctx.fillText(text, free[0], (free[1] + free[3]) / 2)
  }
  ctx.restore()
  return covered.length - taken.length
}

/** Where a text may stand beside a point, best first: right, left, above, below, and between these. */
function around(x: number, y: number, width: number, height: number, away: number): Box[] {
  const box = (left: number, middle: number): Box => [left, middle - height / 2, left + width, middle + height / 2]
  const [up, down] = [y - away - height / 2, y + away + height / 2]
  return [
    box(x + away, y),
    box(x - away - width, y),
    box(x - width / 2, up),
    box(x - width / 2, down),
    box(x + away / 2, up),
    box(x + away / 2, down),
    box(x - away / 2 - width, up),
    box(x - away / 2 - width, down),
  ]
}

function within(a: Box, b: Box): boolean {
  return a[0] >= b[0] && a[1] >= b[1] && a[2] <= b[2] && a[3] <= b[3]
}

function overlap(a: Box, b: Box): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}
