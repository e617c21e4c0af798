// What the page shows stands in its address: `#train?lr=0.1&hidden=4,2`. What is as it was in the beginning is left out.
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals'

/** How a part of the state is written in the address. */
export interface Field<T> {
  readonly initial: T
  /** Throws an Error that says what would do. */
  read(text: string): T
  write(x: T): string
}

export interface Range {
  readonly min: number
  readonly max: number
  readonly integer?: boolean
}
/** A number within a range. */
export const number = (initial: number, { min, max, integer = false }: Range): Field<number> => ({
  initial,
  read(text) {
    const x = Number(text)
    if (text.trim() === '' || !(x >= min && x <= max) || (integer && !Number.isInteger(x)))
      throw new Error(`a ${integer ? 'whole ' : ''}number from ${min} to ${max}`)
    return x
  },
  write: String,
})
/** One of some numbers. */
export const among = (initial: number, choices: readonly number[]): Field<number> => ({
  initial,
  read(text) {
    const found = choices.find(x => String(x) === text)
    if (found === undefined) throw new Error(`one of ${choices.join(', ')}`)
    return found
  },
  write: String,
})
/** One of some words. */
export const choice = <T extends string>(initial: T, choices: readonly T[]): Field<T> => ({
  initial,
  read(text) {
    const found = choices.find(x => x === text)
    if (found === undefined) throw new Error(`one of ${choices.join(', ')}`)
    return found
  },
  write: x => x,
})
/** Any text. */
export const text = (initial: string): Field<string> => ({ initial, read: x => x, write: x => x })
/** On or off. */
export const flag = (initial: boolean): Field<boolean> => ({
  initial,
  read(text) {
    if (text !== 'on' && text !== 'off') throw new Error('on or off')
    return text === 'on'
  },
  write: x => (x ? 'on' : 'off'),
})
/** Some of another field's values, with commas between. */
export const list = <T>(initial: readonly T[], of: Field<T>, most: number): Field<readonly T[]> => ({
  initial,
  read(text) {
    const parts = text === '' ? [] : text.split(',')
    if (parts.length > most) throw new Error(`at most ${most} of them`)
    return parts.map(part => of.read(part))
  },
  write: xs => xs.map(x => of.write(x)).join(','),
})

interface Entry {
  readonly read: (text: string | null) => void
  readonly write: () => string | undefined
}

/** The tabs in their order; the address names one. */
export const tabs = ['explain', 'train', 'optimizers', 'modes'] as const
export type Tab = (typeof tabs)[number]

/** The tab that is open. */
export const tab = signal<Tab>('explain')
/** What the address asked for in vain. */
export const complaints = signal<readonly string[]>([])
/** Each tab's fields, once its module is there. */
const states = signal<Partial<Record<Tab, ReadonlyMap<string, Entry>>>>({})

function address(): { readonly name: string; readonly query: URLSearchParams } {
  const [, name = '', query = ''] = /^#([^?]*)\??(.*)$/s.exec(location.hash) ?? []
  return { name, query: new URLSearchParams(query) }
}

const isTab = (name: string): boolean => name === '' || tabs.some(of => of === name)
const unknown = (name: string): string[] =>
  isTab(name) ? [] : [`there is no '${name}' here: the tabs are ${tabs.join(', ')}`]

/** Takes the state of a tab from the address. */
function read(entries: ReadonlyMap<string, Entry>): void {
  const { name, query: all } = address()
  const said = unknown(name)
  // what is said to nobody is nobody's
  const query = isTab(name) ? all : new URLSearchParams()
  // between two fields there is no state that anybody asked for
  batch(() => {
    for (const [key, entry] of entries) {
      try {
        entry.read(query.get(key))
      } catch (error) {
        entry.read(null)
        said.push(`${key} is ${(error as Error).message}, not '${query.get(key)}'`)
      }
    }
  })
  for (const key of query.keys()) if (!entries.has(key)) said.push(`there is no '${key}' here`)
  complaints.value = said
}

/**
 * The state of a tab, a signal for each field, kept while other tabs are open. Each reads its field from the address
 * when there is one, and is written there when it changes.
 */
export function state<S extends Readonly<Record<string, unknown>>>(
  of: Tab,
  schema: { readonly [K in keyof S]: Field<S[K]> },
): { readonly [K in keyof S]: Signal<S[K]> } {
  const signals: Partial<Record<keyof S, Signal>> = {}
  const entries = new Map<string, Entry>()
  for (const key of Object.keys(schema) as (keyof S & string)[]) {
    const field = schema[key]
    const found = signal(field.initial)
    const initial = field.write(field.initial)
    signals[key] = found
    entries.set(key, {
      read(text) {
        const x = text === null ? field.initial : field.read(text)
        // equal lists are not another state
        if (field.write(x) !== field.write(found.peek())) found.value = x
      },
      write() {
        const written = field.write(found.value)
        return written === initial ? undefined : written
      },
    })
  }
  if (tab.peek() === of) read(entries)
  states.value = { ...states.peek(), [of]: entries }
  return signals as { readonly [K in keyof S]: Signal<S[K]> }
}

function written(of: Tab): string {
  const query = new URLSearchParams()
  for (const [key, entry] of states.value[of] ?? []) {
    const value = entry.write()
    if (value !== undefined) query.set(key, value)
  }
  return `#${of}${query.size > 0 ? `?${query}` : ''}`
}
/** Each tab's address, with its state. */
export const places = Object.fromEntries(tabs.map(of => [of, computed(() => written(of))])) as Record<
  Tab,
  ReadonlySignal<string>
>

function arrive(): void {
  const { name } = address()
  const found = tabs.find(of => of === name)
  tab.value = found ?? 'explain'
  const entries = states.peek()[tab.peek()]
  if (entries) read(entries)
  else complaints.value = unknown(name)
}

let waiting = 0
/** Writes the state into the address now: before another tab is opened, so that the way back leads to it. */
export function write(): void {
  clearTimeout(waiting)
  waiting = 0
  const open = tab.peek()
  const { name } = address()
  // another tab was asked for, and has not been opened yet
  if (name !== open && tabs.some(of => of === name)) return
  const place = places[open].peek()
  if (states.peek()[open] && location.hash !== place) history.replaceState(null, '', place)
}

/** Begins to follow the address, and to write it. */
export function follow(): void {
  arrive()
  addEventListener('hashchange', arrive)
  let last = ''
  effect(() => {
    // until its module has read the address, there is nothing to write
    if (!states.value[tab.value]) return
    const place = places[tab.value].value
    if (place === last) return
    last = place
    // browsers refuse more than some hundred changes in a few seconds
    if (waiting === 0) waiting = window.setTimeout(write, 150)
  })
}
