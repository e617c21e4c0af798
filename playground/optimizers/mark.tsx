// How optimizers are told apart: a colour, a dash and a shape for each.
import { type KindName, kindNames, kinds } from './kind.ts'

/** Those of the first six differ; the others have them again, with dashed lines and hollow shapes. */
const colours = [1, 2, 6, 4, 5, 3]
/** Each in a circle of radius 1. */
const shapes: readonly (readonly (readonly [number, number])[])[] = [
  // a disc
  Array.from(
    { length: 16 },
    (_, i) => [0.85 * Math.cos((i * Math.PI) / 8), 0.85 * Math.sin((i * Math.PI) / 8)] as const,
  ),
  // a square
  [
    [-0.75, -0.75],
    [0.75, -0.75],
    [0.75, 0.75],
    [-0.75, 0.75],
  ],
  // a triangle
  [
    [0, -1.05],
    [0.95, 0.7],
    [-0.95, 0.7],
  ],
  // a diamond
  [
    [0, -1.1],
    [0.85, 0],
    [0, 1.1],
    [-0.85, 0],
  ],
  // a triangle on its point
  [
    [0, 1.05],
    [0.95, -0.7],
    [-0.95, -0.7],
  ],
  // a cross
  [
    [-0.35, -1],
    [0.35, -1],
    [0.35, -0.35],
    [1, -0.35],
    [1, 0.35],
    [0.35, 0.35],
    [0.35, 1],
    [-0.35, 1],
    [-0.35, 0.35],
    [-1, 0.35],
    [-1, -0.35],
    [-0.35, -0.35],
  ],
]

export interface Look {
  /** A custom property of the style sheet. */
  readonly color: string
  readonly dashed: boolean
}
export function look(kind: KindName): Look {
  const i = kindNames.indexOf(kind)
  return { color: `--series-${colours[i % colours.length]}`, dashed: i >= colours.length }
}

/** The shape of an optimizer at a place in a picture; those with dashed lines are hollow. */
export function Mark({ kind, x, y, size = 6 }: { kind: KindName; x: number; y: number; size?: number }) {
  const shape = shapes[kindNames.indexOf(kind) % colours.length]
  const points = shape.map(([dx, dy]) => `${x + dx * size},${y + dy * size}`).join(' ')
  const { color, dashed } = look(kind)
  return <polygon class={`mark ${dashed ? 'hollow' : ''}`} points={points} style={{ '--color': `var(${color})` }} />
}

/** The key of an optimizer, with its name. */
export function Key({ kind }: { readonly kind: KindName }) {
  const { color, dashed } = look(kind)
  return (
    <span class="key">
      <svg width="30" height="14" viewBox="0 0 30 14" aria-hidden="true" style={{ '--color': `var(${color})` }}>
        <line class={`way ${dashed ? 'dashed' : ''}`} x1="1" y1="7" x2="29" y2="7" />
        <Mark kind={kind} x={15} y={7} size={5} />
      </svg>
      {kinds[kind].title}
    </span>
  )
}
