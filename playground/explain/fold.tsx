// A part of the tab that is closed until somebody opens it; the address remembers.
import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'

interface FoldProps {
  readonly title: string
  readonly about: string
  readonly open: Signal<boolean>
  readonly children: () => ComponentChildren
}
export function Fold({ title, about, open, children }: FoldProps) {
  return (
    <details
      class="panel explain-fold"
      open={open.value}
      onToggle={event => {
        open.value = event.currentTarget.open
      }}
    >
      <summary>
        <h2>{title}</h2>
        <span class="note">{about}</span>
      </summary>
      {open.value && children()}
    </details>
  )
}
