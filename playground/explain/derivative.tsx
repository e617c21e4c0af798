// The derivative as code that runs without the library, and as a formula.
import { useSignal, useSignalEffect } from '@preact/signals'
import { Button, Choice, copy, Status } from '../control.tsx'
import { Tex } from '../tex.tsx'
import { Fold } from './fold.tsx'
import { ask, asked } from './question.ts'
import { place, reading } from './session.ts'

/** So long a formula is better read as code. */
const LONG = 3000

export function DerivativePanel() {
  return (
    <Fold title="The derivative as code" about="TypeScript that runs by itself, and LaTeX" open={place.derive}>
      {() => <Derivative />}
    </Fold>
  )
}

const orders = [
  ['1', 'first'],
  ['2', 'second'],
  ['3', 'third'],
] as const
/** The state as lists of choices read and set it. */
const order = {
  get value() {
    return orders[place.order.value - 1]?.[0] ?? '1'
  },
  set value(x: (typeof orders)[number][0]) {
    place.order.value = Number(x)
  },
}
const by = {
  get value() {
    return reading.value.good?.names.includes(place.by.value) ? place.by.value : ''
  },
  set value(x: string) {
    place.by.value = x
  },
}

function Derivative() {
  const said = useSignal('')
  useSignalEffect(() => {
    const f = reading.value.good
    if (!f) return
    ask('derive', { f: f.text, by: by.value || null, order: place.order.value })
    said.value = ''
  })
  const names = reading.value.good?.names ?? []
  const { answer, waits, error } = asked.derive.value
  return (
    <div class="stack">
      <div class="row choices">
        <Choice label="Order" value={order} choices={orders} />
        {names.length > 1 && (
          <Choice label="By" value={by} choices={[['', 'all inputs'], ...names.map(name => [name, name] as const)]} />
        )}
        {waits && <span class="note">…</span>}
      </div>
      {error !== null && <p class="bad">{error}</p>}
      {answer && (
        <div class={waits ? 'stack old' : 'stack'}>
          {answer.latex.length <= LONG ? (
            <div class="scroll">
              <Tex of={answer.latex} display />
            </div>
          ) : (
            <p class="note">As a formula it is {answer.latex.length} letters long: here it is as text only.</p>
          )}
          <Code title="TypeScript" text={answer.typescript} onCopy={text => copy(text, said)} />
          <Code title="LaTeX" text={answer.latex} onCopy={text => copy(text, said)} />
        </div>
      )}
      <Status>{said.value}</Status>
    </div>
  )
}

function Code({
  title,
  text,
  onCopy,
}: {
  readonly title: string
  readonly text: string
  readonly onCopy: (text: string) => void
}) {
  return (
    <div>
      <div class="row code">
        <h3>{title}</h3>
        <Button label={`Copy the ${title}`} onClick={() => onCopy(text)}>
          Copy
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={title}>
        <pre>{text}</pre>
      </section>
    </div>
  )
}
