// The surfaces: formulas in text, what of the plane is shown, and learning rates that suit plain gradient descent on them.

import { type Expression, parse } from '../../src/explain/explain.ts'
import { ExpressionError } from '../../src/index.ts'

/** A part of the plane. */
export interface View {
  readonly left: number
  readonly right: number
  readonly bottom: number
  readonly top: number
}
export interface Point {
  readonly x: number
  readonly y: number
}

export interface Surface {
  readonly title: string
  /** Of x, y, and if wanted of k, which has a slider. */
  readonly text: string
  readonly k: number
  readonly view: View
  readonly start: Point
  /** Of gradient descent, with momentum or without. */
  readonly lr: number
  /** What it shows. */
  readonly says: string
}

const square = (x: number, y: number, half: number): View => ({
  left: x - half,
  right: x + half,
  bottom: y - half,
  top: y + half,
})

export const surfaces = {
  bowl: {
    title: 'Bowl',
    text: '(x^2 + k*y^2)/2',
    k: 10,
    view: square(0, 0, 3),
    start: { x: -2.5, y: 2 },
    lr: 0.05,
    says: 'A quadratic, k times as steep along y as along x: its condition number.',
  },
  rosenbrock: {
    title: 'Rosenbrock',
    text: '(1 - x)^2 + 100*(y - x^2)^2',
    k: 1,
    view: square(0, 1, 2),
    start: { x: -1.5, y: 2.5 },
    lr: 0.0005,
    says: 'A bent valley: its floor is found at once, the minimum at its end late.',
  },
  beale: {
    title: 'Beale',
    text: '(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2',
    k: 1,
    view: square(0, 0, 4),
    start: { x: 1, y: 1.5 },
    lr: 0.005,
    says: 'Nearly flat in the middle, very steep in the corners.',
  },
  himmelblau: {
    title: 'Himmelblau',
    text: '(x^2 + y - 11)^2 + (x + y^2 - 7)^2',
    k: 1,
    view: square(0, 0, 5),
    start: { x: -0.5, y: -1 },
    lr: 0.005,
    says: 'Four minima, equally deep: which one is reached depends on the way.',
  },
  saddle: {
    title: 'Saddle',
    text: 'x^2/2 - y^2/2 + y^4/8',
    k: 1,
    view: square(0, 0, 2.5),
    start: { x: -2, y: 0.01 },
    lr: 0.1,
    says: 'A saddle between two minima: near its axis the gradient leads to the saddle first.',
  },
  rastrigin: {
    title: 'Rastrigin',
    text: '20 + x^2 - 10*cos(2*pi*x) + y^2 - 10*cos(2*pi*y)',
    k: 1,
    view: square(0, 0, 3),
    start: { x: 2.3, y: -1.6 },
    lr: 0.002,
    says: 'A bowl full of dents, each a minimum of its own; one is the lowest.',
  },
  ravine: {
    title: 'Ravine',
    text: 'x^2/16 + k*(y - sin(x))^2',
    k: 20,
    view: square(0, 0, 4),
    start: { x: -3.5, y: 2 },
    lr: 0.02,
    says: 'A narrow way with steep walls, k times as steep as its floor: large steps jump from wall to wall.',
  },
  cliff: {
    title: 'Plateau and cliff',
    text: 'sigmoid(4*(x^2 + y^2 - 3)) + (x^2 + y^2)/50',
    k: 1,
    view: square(0, 0, 4),
    start: { x: -3, y: 2 },
    lr: 0.2,
    says: 'Nearly flat outside, then a cliff: the gradient is small where the way is long.',
  },
} satisfies Readonly<Record<string, Surface>>
export type SurfaceName = keyof typeof surfaces | 'own'
export const surfaceNames = [...(Object.keys(surfaces) as (keyof typeof surfaces)[]), 'own'] as const

/** What is shown of the plane when it is seen from `zoom` times as near. */
export function zoomed({ left, right, bottom, top }: View, zoom: number): View {
  const [x, y] = [(left + right) / 2, (bottom + top) / 2]
  const [width, height] = [(right - left) / 2 / zoom, (top - bottom) / 2 / zoom]
  return { left: x - width, right: x + width, bottom: y - height, top: y + height }
}

/** What was typed, as a function; or what is wrong with it, and at which column. */
export type Reading =
  | { readonly f: Expression['f']; readonly usesK: boolean }
  | { readonly error: string; readonly column: number }

const names = ['x', 'y', 'k']
/** Reads a function of x and y, and of k. */
export function read(text: string): Reading {
  try {
    const { f } = parse(text, { names })
    // without names given, those that occur are found
    const found = parse(text).names
    if (!found.includes('x') && !found.includes('y')) return { error: 'it depends on neither x nor y', column: 1 }
    return { f, usesK: found.includes('k') }
  } catch (error) {
    if (error instanceof ExpressionError)
      return { error: error.reason.replace(/^expression: /, ''), column: error.column }
    throw error
  }
}
