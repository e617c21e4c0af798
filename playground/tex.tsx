// A formula, set by KaTeX node by node: the page's policy forbids styles in markup.
import katex from 'katex'
import { useLayoutEffect, useRef } from 'preact/hooks'

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
