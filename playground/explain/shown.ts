// What is lit is brought into view, within its pane: the page itself stays where it is.
import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'

/** While it is lit. */
export function useShown(ref: RefObject<Element | null>, lit: boolean): void {
  useEffect(() => {
    const pane = lit && ref.current?.closest('.scroll, .pane')
    if (!pane || !ref.current) return
    const [inner, outer] = [ref.current.getBoundingClientRect(), pane.getBoundingClientRect()]
    const head = pane.querySelector('thead')?.clientHeight ?? 0
    pane.scrollTop += beyond(inner.top, inner.bottom, outer.top + head, outer.bottom)
    pane.scrollLeft += ref.current instanceof SVGElement ? beyond(inner.left, inner.right, outer.left, outer.right) : 0
  }, [ref, lit])
}

/** How far to go until what begins and ends there is between these. */
export function beyond(start: number, end: number, first: number, last: number): number {
  const gap = 8
  if (start < first) return start - first - gap
  return end > last ? Math.min(end - last + gap, start - first) : 0
}
