// Rewind, back, play, forward, to the end, and a slider to jump by: for whatever goes in steps.
import './player.css'
import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button } from './control.tsx'

export interface PlayerProps {
  /** How many steps are taken, of how many. */
  readonly position: number
  readonly length: number
  readonly onMove: (position: number) => void
  /** Steps a second, */
  readonly speed: Signal<number>
  /** and what there is to choose from. */
  readonly speeds: readonly number[]
  /** The stretches that the steps are made of, in their order. */
  readonly phases?: readonly { readonly title: string; readonly length: number }[]
  /** What the slider says of where it stands. */
  readonly said?: string
}

const signs = {
  rewind: 'M5 5v14M20 5 9 12l11 7z',
  back: 'M18 5 7 12l11 7z',
  play: 'M7 4l13 8-13 8z',
  pause: 'M7 4h4v16H7zM14 4h4v16h-4z',
  forward: 'M6 5l11 7-11 7z',
  end: 'M19 5v14M4 5l11 7-11 7z',
}
function Sign({ of }: { readonly of: keyof typeof signs }) {
  return (
    <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
      <path d={signs[of]} fill="currentColor" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
    </svg>
  )
}

export function Player({ position, length, onMove, speed, speeds, phases = [], said }: PlayerProps) {
  const id = useId()
  const playing = useSignal(false)
  // the clock reads what is true when it ticks
  const now = useRef({ position, length, onMove })
  now.current = { position, length, onMove }
  const every = 1000 / speed.value
  useEffect(() => {
    if (!playing.value) return
    const clock = setInterval(() => {
      const { position, length, onMove } = now.current
      if (position < length) onMove(position + 1)
      if (position + 1 >= length) playing.value = false
    }, every)
    return () => clearInterval(clock)
  }, [playing.value, every])
  const move = (to: number): void => {
    playing.value = false
    onMove(Math.min(length, Math.max(0, to)))
  }
  const play = (): void => {
    if (!playing.value && position >= length) onMove(0)
    playing.value = !playing.value
  }
  return (
    <fieldset class="player" aria-label="Steps">
      <div class="buttons">
        <Button label="Rewind" disabled={position === 0} onClick={() => move(0)}>
          <Sign of="rewind" />
        </Button>
        <Button label="Step back" disabled={position === 0} onClick={() => move(position - 1)}>
          <Sign of="back" />
        </Button>
        <Button label={playing.value ? 'Pause' : 'Play'} kind="main" disabled={length === 0} onClick={play}>
          <Sign of={playing.value ? 'pause' : 'play'} />
        </Button>
        <Button label="Step" disabled={position === length} onClick={() => move(position + 1)}>
          <Sign of="forward" />
        </Button>
        <Button label="To the end" disabled={position === length} onClick={() => move(length)}>
          <Sign of="end" />
        </Button>
      </div>
      <div class="jump">
        <label for={id} class="hidden">
          Steps taken
        </label>
        <input
          id={id}
          type="range"
          min={0}
          max={length}
          step={1}
          value={position}
          aria-valuetext={said ?? `${position} of ${length}`}
          onInput={event => move(Number(event.currentTarget.value))}
        />
        {phases.length > 1 && (
          <div class="phases" aria-hidden="true">
            {phases.map(({ title, length }) => (
              <span key={title} style={{ flexGrow: length }}>
                {title}
              </span>
            ))}
          </div>
        )}
      </div>
      <span class="count">
        {position} / {length}
      </span>
      <label class="speed">
        <span class="hidden">Steps a second</span>
        <select
          value={String(speed.value)}
          onChange={event => {
            speed.value = Number(event.currentTarget.value)
          }}
        >
          {speeds.map(x => (
            <option key={x} value={String(x)} selected={x === speed.value}>
              {x} a second
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  )
}
