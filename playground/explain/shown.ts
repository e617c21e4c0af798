// What is lit is brought into view, within its pane: the page itself stays where it is.
import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'

/** While it is lit. */
export function useShown(ref: RefObject<Element | null>, lit: boolean): void {
  useEffect(() => {
    const { current } = ref
    const pane = lit && current?.closest('.scroll, .pane')
    if (!pane || !current) return
    const show = (): void => {
      const [inner, outer] = [current.getBoundingClientRect(), pane.getBoundingClientRect()]
      const head = pane.querySelector('thead')?.clientHeight ?? 0
      pane.scrollTop += beyond(inner.top, inner.bottom, outer.top + head, outer.bottom)
      pane.scrollLeft += current instanceof SVGElement ? beyond(inner.left, inner.right, outer.left, outer.right) : 0
    }
    show()
    // rows and the head above them grow when their formulas are set, and the pane with what is beside it
    const watch = new ResizeObserver(show)
    for (const x of [current.closest('table, svg'), pane]) if (x) watch.observe(x)
    return () => watch.disconnect()
  }, [ref, lit])
}

/** How far to go until what begins and ends there is between these. */
export function beyond(start: number, end: number, first: number, last: number): number {
  const gap = 8
  if (start < first) return start - first - gap
  return end > last ? Math.min(end - last + gap, start - first) : 0
}
