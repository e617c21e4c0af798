// Derives, judges and lays out large graphs, away from the page.
import '../engine.ts'
import { derive, verdict } from '../../src/explain/explain.ts'
import { serve } from '../desk.ts'
import type { Amounts } from './fields.ts'
import { type Direction, layout } from './layout.ts'
import type { Shape } from './study.ts'

interface Derived {
  readonly f: string
  /** An input's name; all when it is null. */
  readonly by: string | null
  readonly order: number
}
interface Judged {
  readonly f: string
  readonly at: Amounts
}
interface Drawn extends Pick<Shape, 'nodes' | 'edges'> {
  readonly directions: readonly Direction[]
}
/** What is asked of it. */
const jobs = {
  derive({ f, by, order }: Derived) {
    const found = derive(f, { order, ...(by !== null && { wrt: by }) })
    return { typescript: found.typescript(), latex: found.latex() }
  },
  verdict({ f, at }: Judged) {
    const { ok, tables } = verdict(f, at)
    return { ok, tables }
  },
  layout({ directions, ...shape }: Drawn) {
    return directions.map(direction => layout(shape, direction))
  },
}
export type Jobs = typeof jobs
serve(jobs)
