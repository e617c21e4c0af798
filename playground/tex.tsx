// A formula, set by KaTeX node by node: the page's policy forbids styles in markup.
import katex from 'katex'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** A part of a formula that KaTeX draws: a stretched bracket or root. */
interface Drawn {
  readonly attributes: Record<string, string>
  toNode(): Node
}
const { prototype } = (Reflect.get(katex, '__domTree') as { readonly SvgNode: { readonly prototype: Drawn } }).SvgNode
const { toNode } = prototype
// its width is written once more as a style in markup, which the policy refuses: the box around has it
prototype.toNode = function (this: Drawn): Node {
  delete this.attributes.style
  return toNode.call(this)
}

/** So long formulas are set in one task, in ms: of many, the others follow in the next ones. */
const SLICE = 20
const waiting = new Map<HTMLElement, () => void>()
let spent = 0
let goesOn = false
function timed(draw: () => void): void {
  const before = performance.now()
  draw()
  spent += performance.now() - before
}
function go(): void {
  goesOn = false
  spent = 0
  for (const [span, draw] of waiting) {
    if (spent >= SLICE) break
    waiting.delete(span)
    timed(draw)
  }
  if (waiting.size > 0) goOn()
}
function goOn(): void {
  if (!goesOn) setTimeout(go)
  goesOn = true
}
function set(span: HTMLElement, draw: () => void): void {
  if (spent < SLICE && waiting.size === 0) timed(draw)
  else waiting.set(span, draw)
  goOn()
}

export interface TexProps {
  /** LaTeX. */
  readonly of: string
  /** On a line of its own. */
  readonly display?: boolean
}
export function Tex({ of, display = false }: TexProps) {
  const span = useRef<HTMLSpanElement>(null)
  useLayoutEffect(() => {
    const { current } = span
    if (!current) return
    set(current, () => katex.render(of, current, { displayMode: display, throwOnError: false }))
    return () => {
      waiting.delete(current)
    }
  }, [of, display])
  return <span class="tex" ref={span} />
}
