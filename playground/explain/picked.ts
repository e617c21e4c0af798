// What a component reads of the state, picked: it is drawn anew when that has changed, and not when all else has.
import { useComputed } from '@preact/signals'
import { useRef } from 'preact/hooks'

type Picked = Readonly<Record<string, unknown>>

const equal = (a: unknown, b: unknown): boolean =>
  Object.is(a, b) ||
  (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, k) => Object.is(x, b[k])))
/** Are the parts the same, lists compared by what is in them? */
export const same = (a: Picked, b: Picked): boolean => Object.keys(a).every(key => equal(a[key], b[key]))

/** What is picked follows from signals alone, and not from properties that change. */
export function usePicked<T extends Picked>(pick: () => T): T {
  const last = useRef<T | null>(null)
  return useComputed(() => {
    const found = pick()
    if (!last.current || !same(found, last.current)) last.current = found
    return last.current
  }).value
}
