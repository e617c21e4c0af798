// The entry `gradus/draw`: pictures of graphs, laid out by Graphviz in WebAssembly, in Node and in browsers.
import { DependencyError } from '../engine/errors.ts'
import { type DotOptions, type Drawable, dot, escaped, FONT, pictured } from './dot.ts'
import type { Row } from './trace.ts'

export type { DotOptions, Drawable } from './dot.ts'

/** What of the library is needed here. */
interface Viz {
  renderString(input: string, options: { format: string }): string
}
let viz: Promise<Viz> | null = null

/** @throws DependencyError when the library is not there */
async function loaded(): Promise<Viz> {
  try {
    const { instance } = await import('@viz-js/viz')
    viz ??= instance()
    return await viz
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    const error = new DependencyError(
      `gradus/draw could not load what it needs (${reason}). Try: npm install @viz-js/viz`,
    )
    error.cause = cause
    throw error
  }
}

/**
 * A picture of a trace, or of the graph that a value or tensor carries, as SVG: see `dot` for what is in it and for the options. Its size is given in points and in its
 * viewBox, so that a page may scale it; each node and edge is a group of its own with a title; its name for screen readers
 * is the title, or says from what to what the graph leads.
 *
 * Needs @viz-js/viz: npm install @viz-js/viz. No Graphviz has to be installed.
 *
 * @throws DependencyError when @viz-js/viz is missing; and what `dot` throws
 * @example
 * const svg = await draw(trace((x1: Value, x2: Value) => x1.mul(x2).add(x1.sin()), [2, 3]))
 * svg.startsWith('<svg') // true
 * const [a, b] = [new Value(2), new Value(3)]
 * (await draw(a.mul(b).tanh())).includes('tanh(w1)') // true
 */
export async function draw(output: Drawable, given: DotOptions = {}): Promise<string> {
  const { model, ...options } = given
  const trace = pictured('draw', output, model)
  const text = dot(trace, options)
  const svg = (await loaded()).renderString(text, { format: 'svg' })
  const name = escaped(given.title ?? `A graph from ${names(trace.inputs)} to ${names(trace.outputs)}`)
  // without the XML header and the doctype, to be put into a page; with a name that a screen reader reads
  return svg
    .slice(svg.indexOf('<svg'))
    .replace('<svg', `<svg role="img" aria-label="${name}"`)
    .replaceAll(`font-family="${FONT}"`, `font-family="${FONT},DejaVu Sans,sans-serif"`)
}
const names = (rows: readonly Row<unknown>[]): string => rows.map(({ name }) => name).join(', ')
