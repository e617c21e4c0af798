// The worker of the tab Optimizers: everything that evaluates the function.
import '../engine.ts'
import { serve } from '../desk.ts'
import { contour, levels, ranks } from './contour.ts'
import { grid, minima } from './ground.ts'
import { type Point, read, type View } from './surface.ts'
import { anatomies, type Runner, walk } from './walk.ts'

export interface Place {
  readonly text: string
  readonly k: number
}
export interface Seen extends Place {
  readonly view: View
}
export interface Walks extends Place {
  readonly start: Point
  readonly steps: number
  readonly runners: readonly Runner[]
}
export interface Moment extends Place {
  readonly start: Point
  readonly runner: Runner
  readonly step: number
}

/** Points of the grid along each axis. */
const SIZE = 161

function functionOf(text: string) {
  const found = read(text)
  if ('error' in found) throw new Error(found.error)
  return found.f
}

/** What is asked of it. */
const jobs = {
  ground({ text, k, view }: Seen) {
    const found = grid(functionOf(text), k, view, SIZE, SIZE)
    const at = levels(found, 16)
    return { view, columns: SIZE, rows: SIZE, ranks: ranks(found, at), lines: at.map(level => contour(found, level)) }
  },
  minima({ text, k, view }: Seen) {
    const f = functionOf(text)
    return minima(f, k, grid(f, k, view, SIZE, SIZE))
  },
  walks({ text, k, start, steps, runners }: Walks) {
    const f = functionOf(text)
    return runners.map(runner => walk(f, k, runner, start, steps))
  },
  moment({ text, k, runner, start, step }: Moment) {
    return anatomies(functionOf(text), k, runner, start, step)
  },
}
export type Jobs = typeof jobs
export type Picture = ReturnType<Jobs['ground']>
serve(jobs)
