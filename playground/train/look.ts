// What the reader points at or has chosen to look at, in whichever picture.
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Example, Place } from './message.ts'
import { run } from './run.ts'
import { type Shown, train } from './state.ts'

/** The weight under the pointer. */
export const pointed = signal<Place | null>(null)
/** The unit under the pointer, which the large picture shows meanwhile. */
export const hoveredUnit = signal<Shown | null>(null)
/** The unit whose activation is shown instead of the output, if the network has it. */
export const shown: ReadonlySignal<Shown | null> = computed(() => {
  const unit = hoveredUnit.value ?? train.show.value
  const { widths } = run.value ?? {}
  return unit && widths && unit.layer < widths.length - 1 && unit.unit < widths[unit.layer] ? unit : null
})

/** All examples: those to train with first, then those to test with. */
export const examples: ReadonlySignal<readonly Example[]> = computed(() => [
  ...(run.value?.train ?? []),
  ...(run.value?.test ?? []),
])
/** The number of the example under the pointer. */
export const hovered = signal<number | null>(null)
/** Of the example whose term in the ledger is under the pointer. */
export const termExample = signal<number | null>(null)
/** Of the example that is looked at: one of these, or the one that was chosen. */
export const looked: ReadonlySignal<number | null> = computed(
  () => hovered.value ?? termExample.value ?? (train.example.value > 0 ? train.example.value - 1 : null),
)
