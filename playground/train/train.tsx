// The tab Train: a network that learns while one looks at every part of it.
import { useEffect } from 'preact/hooks'
import { Curves } from './curves.tsx'
import { Data } from './examples.tsx'
import { Head } from './head.tsx'
import { Histograms } from './histograms.tsx'
import { Network } from './network.tsx'
import { Output } from './output.tsx'
import { failure, pause, play, playing, reset, step } from './run.ts'
import './train.css'
import { Training } from './training.tsx'
import { Weight } from './weight.tsx'

/** Single keys work while the focus is within the content and not in a field that takes letters. */
function pressed(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { target } = event
  const taken = 'select, textarea, dialog, input:not([type="range"], [type="radio"], [type="checkbox"])'
  if (target instanceof HTMLElement && target.closest(taken)) return
  const act = { r: reset, p: playing.peek() ? pause : play, s: step }[event.key.toLowerCase()]
  if (!act || (act !== reset && failure.peek() !== '')) return
  event.preventDefault()
  act()
}

export function Train() {
  useEffect(() => {
    const main = document.getElementById('main')
    main?.addEventListener('keydown', pressed)
    return () => {
      main?.removeEventListener('keydown', pressed)
      pause()
    }
  }, [])
  return (
    <div class="train">
      <Head />
      <div class="train-left">
        <Data />
        <Training />
      </div>
      <div class="train-middle">
        <Network />
        <Weight />
      </div>
      <div class="train-right">
        <Output />
        <Curves />
      </div>
      <Histograms />
    </div>
  )
}
