// How wide an element is now, for pictures that are drawn in pixels.
import { type Signal, useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** A reference for the element, and its width in whole pixels, 0 until it is there. */
export function useWidth<E extends Element>(): { readonly ref: RefObject<E | null>; readonly width: Signal<number> } {
  const ref = useRef<E>(null)
  const width = useSignal(0)
  useLayoutEffect(() => {
    const element = ref.current
    if (!element) return
    const measure = (): void => {
      width.value = Math.floor(element.getBoundingClientRect().width)
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return { ref, width }
}
