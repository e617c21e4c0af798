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

export interface TexProps {
  /** LaTeX. */
  readonly of: string
  /** On a line of its own. */
  readonly display?: boolean
}
export function Tex({ of, display = false }: TexProps) {
  const span = useRef<HTMLSpanElement>(null)
  useLayoutEffect(() => {
    if (span.current) katex.render(of, span.current, { displayMode: display, throwOnError: false })
  }, [of, display])
  return <span class="tex" ref={span} />
}
