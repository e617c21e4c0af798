// The frame: the name, the tabs, the theme, and the tab that is open.
import { type ReadonlySignal, signal, useComputed, useSignalEffect } from '@preact/signals'
import type { FunctionComponent } from 'preact'
import { useEffect, useErrorBoundary } from 'preact/hooks'
import { Segments } from './control.tsx'
import { complaints, places, type Tab, tab, tabs, write } from './place.ts'
import { theme, themes } from './theme.ts'

const titles: Readonly<Record<Tab, string>> = {
  explain: 'Explain',
  train: 'Train',
  optimizers: 'Optimizers',
  modes: 'Modes',
}
/** Each tab's module comes when it is opened first. */
const modules: Readonly<Record<Tab, () => Promise<FunctionComponent>>> = {
  explain: async () => (await import('./explain/explain.tsx')).Explain,
  train: async () => (await import('./train/train.tsx')).Train,
  optimizers: async () => (await import('./optimizers/optimizers.tsx')).Optimizers,
  modes: async () => (await import('./modes/modes.tsx')).Modes,
}
type Loaded = { readonly Tab: FunctionComponent } | { readonly error: string }
const loaded = new Map<Tab, ReadonlySignal<Loaded | null>>()

function load(name: Tab): ReadonlySignal<Loaded | null> {
  let found = loaded.get(name)
  if (!found) {
    const made = signal<Loaded | null>(null)
    modules[name]().then(
      Tab => {
        made.value = { Tab }
      },
      error => {
        made.value = { error: String(error) }
        loaded.delete(name)
      },
    )
    found = made
    loaded.set(name, found)
  }
  return found
}

function Body() {
  const { value } = useComputed(() => load(tab.value).value)
  if (!value) return <p class="waiting">…</p>
  if ('error' in value) return <p role="alert">This part of the page could not be loaded: {value.error}</p>
  return <Guarded key={tab.value} of={tab.value} Tab={value.Tab} />
}

/** A tab that fails says so, and another address or a new beginning may do better. */
function Guarded({ of, Tab }: { readonly of: Tab; readonly Tab: FunctionComponent }) {
  const [error, reset] = useErrorBoundary(console.error)
  useEffect(() => {
    addEventListener('hashchange', reset)
    return () => removeEventListener('hashchange', reset)
  }, [reset])
  if (error === undefined)
    return (
      <>
        <h1 class="hidden">{titles[of]}</h1>
        <Tab />
      </>
    )
  return (
    <div class="stack" role="alert">
      <p>This part of the page has failed: {String(error)}</p>
      <p>
        <a href={`#${of}`}>Begin anew</a>
      </p>
    </div>
  )
}

function Complaints() {
  if (complaints.value.length === 0) return null
  return (
    <div class="complaints" role="alert">
      <p>The address asked for what there is not, which is left as it was: {complaints.value.join('; ')}.</p>
      <button
        type="button"
        onClick={() => {
          complaints.value = []
        }}
      >
        Close
      </button>
    </div>
  )
}

export function App() {
  useSignalEffect(() => {
    document.title = `${titles[tab.value]} · Gradus playground`
  })
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        To the content
      </button>
      <header class="top">
        <p class="name">
          <img src="./icon.svg" alt="" width="24" height="24" /> Gradus
        </p>
        <nav aria-label="Tabs">
          {tabs.map(name => (
            <a
              key={name}
              href={places[name].value}
              aria-current={tab.value === name ? 'page' : undefined}
              onClick={write}
            >
              {titles[name]}
            </a>
          ))}
        </nav>
        <Segments label="Theme" hidden value={theme} choices={themes.map(x => [x, x])} />
      </header>
      <Complaints />
      <main id="main" tabIndex={-1} data-tab={tab.value}>
        <Body />
      </main>
    </>
  )
}
