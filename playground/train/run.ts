// The run behind the tab: a worker that trains, what it last said as signals, and what it is asked.
import { batch, computed, effect, type ReadonlySignal, signal, untracked } from '@preact/signals'
import type { Point } from '../chart.tsx'
import { numeral } from '../numeral.ts'
import { change } from './change.ts'
import {
  type EngineName,
  engineNames,
  type Frame,
  type Place,
  type Ready,
  type Reply,
  type Request,
  type Setup,
} from './message.ts'
import { setup, train } from './state.ts'

const runSignal = signal<Ready | null>(null)
const frameSignal = signal<Frame | null>(null)
const playingSignal = signal(false)
const failureSignal = signal('')
const ratesSignal = signal<readonly Point[]>([])

/** The run that is shown. */
export const run: ReadonlySignal<Ready | null> = runSignal
/** Its state now, at most once for every picture that the screen shows. */
export const frame: ReadonlySignal<Frame | null> = frameSignal
export const playing: ReadonlySignal<boolean> = playingSignal
/** Why it cannot go on, in words; empty if it can. */
export const failure: ReadonlySignal<string> = failureSignal
/** The learning rates so far. */
export const rates: ReadonlySignal<readonly Point[]> = ratesSignal
export const measured = signal<Readonly<Record<EngineName, number>> | 'now' | null>(null)
/** What happened last, for everybody to read. */
export const said = signal('Press play, or take one step, and see what the gradients do.')

/** The weight that is inspected, if the network has it. */
export const inspected = computed<Place | null>(() => {
  const place = train.weight.value
  if (!place || !run.value) return null
  const { widths } = run.value
  const exists =
    place.layer < widths.length - 1 &&
    place.unit < widths[place.layer + 1] &&
    (place.input === 'bias' || place.input < widths[place.layer])
  return exists ? place : null
})

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
const ask = (request: Request): void => worker.postMessage(request)

let asked: Setup | null = null
/** The frames that come belong to a run that is no more, until the next is ready. */
let outdated = true
let next: Frame | null = null
/** It was paused: the frame that comes says where. */
let pausing = false

function draw(): void {
  const drawn = next
  next = null
  // in a task of its own: the picture comes first
  setTimeout(() => ask({ type: 'drawn' }))
  if (!drawn) return
  batch(() => {
    frameSignal.value = drawn
    if (pausing) sayPaused(drawn)
    const last = { x: drawn.step, y: drawn.lr }
    const seen = ratesSignal.peek().filter(({ x }) => x < last.x)
    ratesSignal.value = [...(seen.length < 400 ? seen : seen.filter((_, i) => i % 2 === 0)), last]
  })
}

function stopped(): void {
  playingSignal.value = false
  pausing = false
}
function sayPaused({ history, speed }: Frame): void {
  const now = history[history.length - 1]
  said.value = `Paused at step ${now.step}, loss ${numeral(now.train, 3)}.`
  // of while it ran; another comes
  pausing = speed > 0
}

worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
  switch (data.type) {
    case 'ready':
      if (!asked || change(asked, data.setup).kind !== 'none') break
      outdated = false
      batch(() => {
        runSignal.value = data
        frameSignal.value = null
        ratesSignal.value = []
        failureSignal.value = ''
        measured.value = null
      })
      ask({ type: 'inspect', place: inspected.peek() })
      if (playing.peek()) go()
      break
    case 'frame':
      if (outdated) {
        ask({ type: 'drawn' })
        break
      }
      if (!next) requestAnimationFrame(draw)
      next = data
      break
    case 'speeds':
      measured.value = data.speeds
      said.value = `Measured: ${engineNames.map(name => `${name} ${Math.round(data.speeds[name])}`).join(', ')} steps a second.`
      break
    case 'failure':
      batch(() => {
        failureSignal.value = data.message
        measured.value = null
        said.value = ''
        stopped()
      })
  }
})
worker.addEventListener('error', event => {
  failureSignal.value = `The program that trains could not go on: ${event.message}`
  stopped()
})

function go(): void {
  const speed = train.speed.peek()
  ask({ type: 'run', speed: speed === 'full' ? null : Number(speed) })
}

function anew(what: Setup): void {
  asked = what
  outdated = true
  next = null
  ask({ type: 'setup', setup: what })
}

export function play(): void {
  playingSignal.value = true
  pausing = false
  said.value = 'Training.'
  go()
}
export function pause(): void {
  if (!playing.peek()) return
  stopped()
  ask({ type: 'pause' })
  said.value = 'Paused.'
  pausing = true
}
export function step(): void {
  pause()
  pausing = false
  ask({ type: 'step', count: 1 })
  said.value = 'One step.'
}
/** The same data and the same first weights again, at rest. */
export function reset(): void {
  stopped()
  said.value = 'Back at the start.'
  failureSignal.value = ''
  anew(setup.peek())
}
export function assign(place: Place, value: number): void {
  ask({ type: 'assign', place, value })
}
export function measure(): void {
  measured.value = 'now'
  ask({ type: 'measure' })
}

let waiting: ReturnType<typeof setTimeout> | undefined
// a slider moves many times a second: the last of it counts
effect(() => {
  void setup.value
  clearTimeout(waiting)
  waiting = setTimeout(
    () => {
      const wanted = setup.peek()
      if (!asked) {
        anew(wanted)
        return
      }
      const { kind, what } = change(asked, wanted)
      if (kind === 'none') return
      pausing = false
      if (kind === 'tune' && !failure.peek() && !outdated) {
        asked = wanted
        ask({ type: 'tune', setup: wanted })
        measured.value = null
        said.value = `Goes on with ${what} changed.`
        return
      }
      failureSignal.value = ''
      said.value = `Started anew: ${what} changed.`
      anew(wanted)
    },
    asked ? 80 : 0,
  )
})
effect(() => {
  const place = inspected.value
  if (untracked(() => run.value)) ask({ type: 'inspect', place })
})
effect(() => {
  void train.speed.value
  if (playing.peek()) go()
})
