// The controls of all tabs: native elements with labels, each bound to a signal.
import { type Signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { numberOf, numeral } from './numeral.ts'

type Choices<T extends string> = readonly (readonly [value: T, title: string])[]

export interface SliderProps {
  readonly label: ComponentChildren
  /** A signal, or what else has a value to read and to set. */
  readonly value: Pick<Signal<number>, 'value'>
  readonly min: number
  readonly max: number
  readonly step: number
  /** The slider is the logarithm of the value; `step` is in decades. */
  readonly log?: boolean
  /** Only whole numbers, typed ones too. */
  readonly integer?: boolean
  readonly format?: (x: number) => string
  readonly disabled?: boolean
  /** The box takes numbers beyond the slider's ends too. */
  readonly open?: boolean
}
/** A slider with its value as a box that takes numbers the slider's steps do not meet. */
export function Slider(props: SliderProps) {
  const { label, value, min, max, step, log = false, integer = false, open = false, format = numeral, disabled } = props
  const id = useId()
  // what is being typed stays while the value moves on by itself
  const typing = useSignal<string | null>(null)
  const to = (x: number): number => (log ? Math.log10(x) : x)
  const from = (x: number): number => (log ? Number((10 ** x).toPrecision(3)) : x)
  const take = (x: number): void => {
    if (!Number.isFinite(x)) return
    const whole = integer ? Math.round(x) : x
    value.value = open ? whole : Math.min(max, Math.max(min, whole))
  }
  return (
    <div class="control slider">
      <label for={id}>{label}</label>
      <input
        class="box"
        type="text"
        inputMode="decimal"
        aria-label={typeof label === 'string' ? `${label}, as a number` : 'as a number'}
        value={typing.value ?? format(value.value)}
        disabled={disabled}
        onInput={event => {
          typing.value = event.currentTarget.value
        }}
        onChange={event => {
          take(numberOf(event.currentTarget.value))
          typing.value = null
          event.currentTarget.value = format(value.value)
        }}
        onBlur={() => {
          typing.value = null
        }}
      />
      <input
        id={id}
        type="range"
        min={to(min)}
        max={to(max)}
        step={step}
        value={to(value.value)}
        aria-valuetext={format(value.value)}
        disabled={disabled}
        onInput={event => take(from(Number(event.currentTarget.value)))}
      />
    </div>
  )
}

export interface ChoiceProps<T extends string> {
  readonly label: string
  readonly value: Pick<Signal<T>, 'value'>
  readonly choices: Choices<T>
  readonly disabled?: boolean
}
/** One of many, from a list that opens. */
export function Choice<T extends string>({ label, value, choices, disabled }: ChoiceProps<T>) {
  const id = useId()
  return (
    <div class="control">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value.value}
        disabled={disabled}
        onChange={event => {
          const found = choices.find(([name]) => name === event.currentTarget.value)
          if (found) value.value = found[0]
        }}
      >
        {choices.map(([name, title]) => (
          <option key={name} value={name} selected={name === value.value}>
            {title}
          </option>
        ))}
      </select>
    </div>
  )
}

export interface SegmentsProps<T extends string> extends ChoiceProps<T> {
  /** Is the label for screen readers only? */
  readonly hidden?: boolean
}
/** One of few, side by side. */
export function Segments<T extends string>({ label, value, choices, hidden = false, disabled }: SegmentsProps<T>) {
  const name = useId()
  return (
    <fieldset class="control segments" disabled={disabled}>
      <legend class={hidden ? 'hidden' : undefined}>{label}</legend>
      <div>
        {choices.map(([choice, title]) => (
          <label key={choice}>
            <input
              type="radio"
              name={name}
              value={choice}
              checked={value.value === choice}
              onChange={() => {
                value.value = choice
              }}
            />
            <span>{title}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

/** On or off. */
export function Toggle({ label, value }: { readonly label: string; readonly value: Signal<boolean> }) {
  return (
    <label class="control toggle">
      <input
        type="checkbox"
        checked={value.value}
        onChange={event => {
          value.value = event.currentTarget.checked
        }}
      />
      <span>{label}</span>
    </label>
  )
}

export interface ButtonProps {
  readonly onClick: () => void
  readonly children: ComponentChildren
  /** What it does, where its face is a sign. */
  readonly label?: string
  readonly disabled?: boolean
  readonly kind?: 'main' | 'plain'
  readonly pressed?: boolean
}
export function Button({ onClick, children, label, disabled, kind = 'plain', pressed }: ButtonProps) {
  return (
    <button
      type="button"
      class={kind}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      // one that cannot be used now keeps the focus, for those who go by keyboard
      aria-disabled={disabled || undefined}
      onClick={disabled ? undefined : onClick}
    >
      {children}
    </button>
  )
}

/** A part of a tab with a heading. */
export function Panel({
  title,
  children,
  actions,
  class: name,
}: {
  readonly title: string
  readonly children: ComponentChildren
  /** Stands beside the heading. */
  readonly actions?: ComponentChildren
  readonly class?: string
}) {
  const id = useId()
  return (
    <section class={`panel ${name ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  )
}

/** What may be wider than the page, and then is moved by finger, pointer or arrow keys. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard could not scroll
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}

/** The title of a column, with the class of its cells where they have one. */
export interface Column {
  readonly title: ComponentChildren
  readonly class?: string
}
/** Columns of numbers: their titles stand at the right. */
export const numeric = (...titles: readonly ComponentChildren[]): Column[] =>
  titles.map(title => ({ title, class: 'number' }))
/** The head of a table. */
export function Head({ columns }: { readonly columns: readonly (string | Column)[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column, i) => (
          <th key={i} scope="col" class={typeof column === 'string' ? undefined : column.class}>
            {typeof column === 'string' ? column : column.title}
          </th>
        ))}
      </tr>
    </thead>
  )
}

/** What changes, said to screen readers when it does, politely. */
export function Status({ children }: { readonly children: ComponentChildren }) {
  return (
    <p class="status" role="status">
      {children}
    </p>
  )
}

/** Copies a text, and says so. */
export async function copy(text: string, said: Signal<string>): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    said.value = 'Copied.'
  } catch {
    said.value = 'The browser does not let this page copy: select the text and copy it by hand.'
  }
}
