// The derivative as code that runs without the library, and as a formula.
import { useSignal, useSignalEffect } from '@preact/signals'
import { Button, copy, Status } from '../control.tsx'
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

function Derivative() {
  const said = useSignal('')
  useSignalEffect(() => {
    const f = reading.value.good
    if (!f) return
    const by = f.names.includes(place.by.value) ? place.by.value : null
    ask('derive', { f: f.text, by, order: place.order.value })
    said.value = ''
  })
  const names = reading.value.good?.names ?? []
  const { answer, waits, error } = asked.derive.value
  const chosen = names.includes(place.by.value) ? place.by.value : ''
  return (
    <div class="stack">
      <div class="row choices">
        <label class="control">
          <span>Order</span>{' '}
          <select
            value={String(place.order.value)}
            onChange={event => {
              place.order.value = Number(event.currentTarget.value)
            }}
          >
            {['first', 'second', 'third'].map((title, k) => (
              <option key={title} value={String(k + 1)} selected={place.order.value === k + 1}>
                {title}
              </option>
            ))}
          </select>
        </label>
        {names.length > 1 && (
          <label class="control">
            <span>by</span>{' '}
            <select
              value={chosen}
              onChange={event => {
                place.by.value = event.currentTarget.value
              }}
            >
              <option value="" selected={chosen === ''}>
                all inputs
              </option>
              {names.map(name => (
                <option key={name} value={name} selected={chosen === name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
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
