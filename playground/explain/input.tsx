// The expression, examples of it, and a slider for each of its inputs.
import { type Signal, useComputed, useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { Panel, Slider } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { examples } from './examples.ts'
import { assign, at, choose, place, reading, strays } from './session.ts'
import { Share } from './share.tsx'
import { reach } from './study.ts'

export function ExpressionPanel() {
  const id = useId()
  const scrolled = useSignal(0)
  const { good, problem } = reading.value
  const text = place.f.value
  const chosen = examples.findIndex(example => example.text === text)
  return (
    <Panel title="Expression" class="explain-input" actions={<Share />}>
      <div class="fields">
        <div class="control field">
          <label for={id}>f, in its inputs’ names: + - * / ^, brackets, and functions such as sin, exp, relu</label>
          <input
            id={id}
            class="mono"
            type="text"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            value={text}
            aria-invalid={problem !== null}
            aria-describedby={problem ? `${id}-problem` : undefined}
            onInput={event => choose(event.currentTarget.value)}
            onScroll={event => {
              scrolled.value = event.currentTarget.scrollLeft
            }}
          />
          {problem?.column != null && (
            <div class="column mono" aria-hidden="true">
              <span style={{ left: `calc(${problem.column - 1}ch - ${scrolled.value}px)` }}>^</span>
            </div>
          )}
        </div>
        <div class="control examples">
          <label for={`${id}-examples`}>Examples</label>
          <select
            id={`${id}-examples`}
            value={String(chosen)}
            onChange={event => {
              const example = examples[Number(event.currentTarget.value)]
              if (example) choose(example.text, example.at)
            }}
          >
            {chosen < 0 && (
              <option value="-1" selected>
                Your own
              </option>
            )}
            {examples.map(({ title }, k) => (
              <option key={title} value={String(k)} selected={k === chosen}>
                {title}
              </option>
            ))}
          </select>
        </div>
      </div>
      {problem && (
        <p id={`${id}-problem`} class="problem" role="alert">
          <span class="bad">
            {problem.message}
            {problem.column === null ? '' : ` (column ${problem.column})`}.
          </span>{' '}
          {good ? (
            <>
              What follows is of <code>{good.text}</code>.
            </>
          ) : (
            'Correct it, or choose an example.'
          )}
        </p>
      )}
      {!problem && strays.value.length > 0 && (
        <p class="note" role="status">
          The address speaks of {strays.value.join(', ')}, which is no input here.
        </p>
      )}
      {good && (
        <div class="inputs">
          {good.names.map(name => (
            <Input key={name} name={name} />
          ))}
        </div>
      )}
    </Panel>
  )
}

/** An input as a slider reads and sets it. */
const bound = (name: string): Pick<Signal<number>, 'value'> => ({
  get value() {
    return at.value[name] ?? 0
  },
  set value(x) {
    assign(name, x)
  },
})

function Input({ name }: { readonly name: string }) {
  const value = bound(name)
  // the range only grows while somebody moves within it
  const widest = useSignal(0)
  const end = useComputed(() => Math.max(widest.value, reach(at.value[name] ?? 0))).value
  return (
    <div
      onChange={event => {
        const { target } = event
        const atEnd = Math.abs(value.value) >= end
        if (target instanceof HTMLInputElement && target.type === 'range' && atEnd) widest.value = reach(end * 1.5)
        else widest.value = Math.max(widest.value, end)
      }}
    >
      <Slider label={name} value={value} min={-end} max={end} step={end / 100} format={x => numeral(x, 6)} open />
    </div>
  )
}
