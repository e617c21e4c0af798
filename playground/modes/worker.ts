// The worker of the tab Modes: measuring, alone in its thread, and graphs.
import '../engine.ts'
import { serve } from '../desk.ts'
import { measure, type Question } from './function.ts'
import { eliminations, orders } from './graph.ts'

interface Typed {
  readonly text: string
  readonly values: readonly number[]
}
/** What is asked of it. */
const jobs = {
  measure: (question: Question) => measure(question),
  orders: ({ text, values, seed }: Typed & { readonly seed: number }) => orders(text, values, seed),
  eliminations: ({ text, values }: Typed) => eliminations(text, values),
}
export type Jobs = typeof jobs
serve(jobs)
