// Steps that are played, one after the other, or gone through by hand.
import { type Signal, useSignal, useSignalEffect } from '@preact/signals'
import { Button, Slider } from '../control.tsx'

const Icon = ({ of }: { readonly of: string }) => (
  <svg class="icon" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
    <path d={of} />
  </svg>
)

export interface PlayerProps {
  /** What is counted. */
  readonly label: string
  readonly at: Signal<number>
  readonly last: number
  /** How long it takes from the first to the last, in seconds (6). */
  readonly seconds?: number
}
export function Player({ label, at, last, seconds = 6 }: PlayerProps) {
  const playing = useSignal(false)
  useSignalEffect(() => {
    if (!playing.value) return
    const from = at.peek() >= last ? 0 : at.peek()
    const begin = performance.now()
    let frame = 0
    const show = (now: number): void => {
      const next = Math.min(last, from + Math.floor((Math.max(0, now - begin) / 1000) * (last / seconds)))
      at.value = next
      if (next >= last) playing.value = false
      else frame = requestAnimationFrame(show)
    }
    at.value = from
    frame = requestAnimationFrame(show)
    return () => cancelAnimationFrame(frame)
  })
  const go = (to: number): void => {
    playing.value = false
    at.value = Math.min(last, Math.max(0, to))
  }
  return (
    <div class="player">
      <fieldset class="control row" aria-label="Playing">
        <Button
          kind="main"
          onClick={() => {
            playing.value = !playing.value
          }}
        >
          {playing.value ? 'Pause' : 'Play'}
        </Button>
        <Button label="To the start" onClick={() => go(0)} disabled={at.value === 0}>
          <Icon of="M2 2v10M12 2l-7 5 7 5z" />
        </Button>
        <Button label="One step back" onClick={() => go(at.value - 1)} disabled={at.value === 0}>
          <Icon of="M11 2l-7 5 7 5z" />
        </Button>
        <Button label="One step on" onClick={() => go(at.value + 1)} disabled={at.value >= last}>
          <Icon of="M3 2l7 5-7 5z" />
        </Button>
        <Button label="To the end" onClick={() => go(last)} disabled={at.value >= last}>
          <Icon of="M12 2v10M2 2l7 5-7 5z" />
        </Button>
      </fieldset>
      <Slider label={label} value={at} min={0} max={last} step={1} />
    </div>
  )
}
