// Where the graph's nodes and edges go: laid out once for each expression, from left to right and from top to bottom.
import { Graph, layout as laidOut } from '@dagrejs/dagre'
import type { Edge, Node, Shape } from './study.ts'

interface Spot {
  readonly x: number
  readonly y: number
}
export interface Box extends Spot {
  readonly width: number
  readonly height: number
}
export interface Way {
  /** The arrow forward, and the one back beside it, as paths. */
  readonly forward: string
  readonly backward: string
  /** Where the label's box has its middle. */
  readonly label: Box
}
export type Direction = 'right' | 'down'
export interface Layout {
  readonly direction: Direction
  readonly width: number
  readonly height: number
  /** By row. */
  readonly boxes: readonly Box[]
  /** By edge. */
  readonly ways: ReadonlyMap<string, Way>
}

/** The widths of a letter of the graph's two sizes, and how many stand in a line. */
const LETTER = 7.9
const SMALL = 6.7
export const HEADING = 26
const LABEL = 18
/** A number has at most about so many letters. */
const NUMBER = 9
const [MARGIN, APART] = [10, 7]

export const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** What a layout's time grows with: nodes, and the ranks that edges pass. */
export function weight({ nodes, edges }: Pick<Shape, 'nodes' | 'edges'>): number {
  const ranks = nodes.map(() => 0)
  let passed = 0
  // rows come after those that they are made of, and so do their edges
  for (const { from, to } of edges) ranks[to] = Math.max(ranks[to] ?? 0, (ranks[from] ?? 0) + 1)
  for (const { from, to } of edges) passed += (ranks[to] ?? 0) - (ranks[from] ?? 0)
  return nodes.length + passed
}

export function layout({ nodes, edges }: Pick<Shape, 'nodes' | 'edges'>, direction: Direction): Layout {
  const graph = new Graph({ multigraph: true })
  graph.setGraph({
    rankdir: direction === 'right' ? 'LR' : 'TB',
    nodesep: direction === 'right' ? 18 : 26,
    edgesep: 14,
    ranksep: direction === 'right' ? 26 : 16,
    marginx: MARGIN,
    marginy: MARGIN,
  })
  for (const node of nodes) graph.setNode(String(node.index), { ...sizeOf(node) })
  for (const edge of edges)
    graph.setEdge(
      String(edge.from),
      String(edge.to),
      { ...labelOf(edge, direction), labelpos: direction === 'right' ? 'c' : 'r', labeloffset: 8 },
      edge.id,
    )
  laidOut(graph)
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return {
    direction,
    width,
    height,
    boxes: nodes.map(({ index }) => {
      const { x, y, width, height } = graph.node(String(index)) as Box
      return { x, y, width, height }
    }),
    ways: new Map(
      edges.map(({ id, from, to }) => {
        const found = graph.edge(String(from), String(to), id) as Box & { points: Spot[] }
        const { x, y, width, height } = found
        const ends = [graph.node(String(from)) as Box, graph.node(String(to)) as Box] as const
        const points = docked(found.points, ends, direction)
        return [
          id,
          {
            forward: curve(beside(points, -APART / 2)),
            backward: curve(beside(points, APART / 2).reverse()),
            label: { x, y, width, height },
          },
        ]
      }),
    ),
  }
}

function sizeOf({ formula }: Node): { width: number; height: number } {
  return { width: Math.max(148, Math.min(formula.text.length, HEADING) * LETTER + 20), height: 80 }
}
function labelOf({ partial }: Edge, direction: Direction): { width: number; height: number } {
  const letters = partial && isShort(partial.text) ? partial.text.length + 3 + NUMBER : 0
  return { width: Math.max(NUMBER, letters) * SMALL, height: direction === 'right' ? 40 : 26 }
}
/** Has a partial room beside its number? One that is a number itself is not said twice. */
export const isShort = (text: string): boolean => text.length <= LABEL && Number.isNaN(Number(text))

/** Out of the side that values flow out of, and into the one that they come in by; dagre goes the shortest way. */
function docked(points: readonly Spot[], [from, to]: readonly [Box, Box], direction: Direction): Spot[] {
  const within = (x: number, middle: number, size: number): number => {
    const room = size / 2 - 2 * APART
    return Math.min(middle + room, Math.max(middle - room, x))
  }
  const dock = (box: Box, towards: Spot, side: 1 | -1): Spot =>
    direction === 'right'
      ? { x: box.x + (side * box.width) / 2, y: within(towards.y, box.y, box.height) }
      : { x: within(towards.x, box.x, box.width), y: box.y + (side * box.height) / 2 }
  const inner = points.slice(1, -1)
  return [dock(from, inner[0] ?? to, 1), ...inner, dock(to, inner.at(-1) ?? from, -1)]
}

/** The same way, a little to the side. */
function beside(points: readonly Spot[], by: number): Spot[] {
  return points.map(({ x, y }, i) => {
    const [a, b] = [points[Math.max(0, i - 1)] as Spot, points[Math.min(points.length - 1, i + 1)] as Spot]
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1
    return { x: x - ((b.y - a.y) / length) * by, y: y + ((b.x - a.x) / length) * by }
  })
}

/** A cubic B-spline from the first point to the last. */
export function curve(points: readonly Spot[]): string {
  const write = (x: number, y: number): string => `${Number(x.toFixed(1))},${Number(y.toFixed(1))}`
  const mixed = (a: Spot, b: Spot, share: number): string => write(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)
  const [first, last] = [points[0] as Spot, points.at(-1) as Spot]
  if (points.length < 3) return `M${write(first.x, first.y)}L${write(last.x, last.y)}`
  const parts = [`M${write(first.x, first.y)}`, `L${mixed(first, points[1] as Spot, 1 / 6)}`]
  for (let i = 1; i < points.length; i++) {
    const [a, b, c] = [points[i - 1], points[i], points[i + 1] ?? last] as [Spot, Spot, Spot]
    const end = write((a.x + 4 * b.x + c.x) / 6, (a.y + 4 * b.y + c.y) / 6)
    parts.push(`C${mixed(a, b, 1 / 3)} ${mixed(a, b, 2 / 3)} ${end}`)
  }
  return [...parts, `L${write(last.x, last.y)}`].join('')
}
