// A signal that follows another at a pace that the eye and the page can bear.
import { effect, type ReadonlySignal, signal } from '@preact/signals'

/** The source's value at most once in so many milliseconds, first after `delay`; its last one always comes. */
export function slowly<T>(source: ReadonlySignal<T>, ms: number, delay = 0): ReadonlySignal<T> {
  const slow = signal(source.peek())
  let last = Number.NEGATIVE_INFINITY
  let waiting: ReturnType<typeof setTimeout> | undefined
  effect(() => {
    // the effect depends on it
    void source.value
    if (waiting !== undefined) return
    waiting = setTimeout(
      () => {
        waiting = undefined
        last = performance.now()
        slow.value = source.peek()
      },
      Math.max(delay, last + ms - performance.now()),
    )
  })
  return slow
}
