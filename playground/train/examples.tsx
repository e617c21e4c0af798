// The data: which, how many, how noisy, and how many of them are for testing.
import { effect, useSignal, useSignalEffect } from '@preact/signals'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Generator } from '../../src/index.ts'
import { Button, Panel, Slider } from '../control.tsx'
import { short } from './csv.ts'
import { prepare } from './data.ts'
import { css } from './image.ts'
import { type DataName, dataNames } from './message.ts'
import { dataTitles } from './name.ts'
import { colours, mark } from './picture.tsx'
import { failure } from './run.ts'
import { limits, setup, train } from './state.ts'

interface Dot {
  readonly x: number
  readonly y: number
  readonly kind: number
  /** From -1 to 1, for regression. */
  readonly target: number | null
}
/** Some examples of a data set as they come without much noise. */
async function sample(data: DataName): Promise<readonly Dot[]> {
  const made = await prepare(
    { ...setup.peek(), data, samples: 90, noise: 0.05, testShare: 0, features: ['x1'] },
    new Generator(2),
  )
  const places = made.train.points.toArray() as number[][]
  const targets = made.train.y.reshape(-1).toArray() as number[]
  return places.map(([x, y], i) => ({
    x,
    y,
    kind: made.task === 'regression' ? 0 : targets[i],
    target: made.task === 'regression' ? Math.max(-1, Math.min(1, targets[i] / 1.5)) : null,
  }))
}

const side = 52
function Thumbnail({ of }: { readonly of: DataName }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const dots = useSignal<readonly Dot[]>([])
  useEffect(() => {
    // each in a task of its own, when there is nothing better to do
    const waiting = setTimeout(
      () =>
        sample(of).then(found => {
          dots.value = found
        }),
      40 * dataNames.indexOf(of),
    )
    return () => clearTimeout(waiting)
  }, [])
  useSignalEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!canvas.current || !context) return
    const { classes, shade } = colours.value
    const sharp = Math.min(2, devicePixelRatio)
    canvas.current.width = side * sharp
    canvas.current.height = side * sharp
    context.scale(sharp, sharp)
    for (const { x, y, kind, target } of dots.value) {
      context.fillStyle = css(target === null ? classes[kind] : shade(target))
      mark(context, kind, side / 2 + x * side * 0.23, side / 2 - y * side * 0.23, 1.6)
      context.fill()
    }
  })
  return <canvas ref={canvas} />
}

function Sets() {
  const name = useId()
  return (
    <fieldset class="control train-sets">
      <legend class="hidden">Data set</legend>
      {dataNames
        .filter(data => data !== 'csv')
        .map(data => (
          <label key={data}>
            <input
              type="radio"
              name={name}
              checked={train.data.value === data}
              onChange={() => {
                train.data.value = data
              }}
            />
            <span>
              <Thumbnail of={data} />
              {dataTitles[data]}
            </span>
          </label>
        ))}
    </fieldset>
  )
}

const sampleText = 'height,width,kind\n1.2,0.3,oak\n0.9,0.4,oak\n3.1,2.2,ash\n2.8,2.6,ash'
function Own() {
  const id = useId()
  const typed = useSignal(train.csv.peek())
  const open = useSignal(train.data.peek() === 'csv')
  const refused = useSignal('')
  // the address may bring another
  useEffect(
    () =>
      effect(() => {
        typed.value = train.csv.value
      }),
    [],
  )
  const use = (): void => {
    refused.value = ''
    try {
      short(typed.value)
    } catch (error) {
      refused.value = (error as Error).message
      return
    }
    train.csv.value = typed.value
    train.data.value = 'csv'
  }
  const shown = open.value || train.data.value === 'csv'
  return (
    <div class="stack">
      <Button
        pressed={train.data.value === 'csv'}
        onClick={() => {
          open.value = !shown
        }}
      >
        Your own data …
      </Button>
      {shown && (
        <div class="control train-own">
          <label for={id}>
            One example a line, with commas: two numbers and, last, a class or a number to predict.
          </label>
          <textarea
            id={id}
            rows={6}
            spellcheck={false}
            placeholder={sampleText}
            value={typed.value}
            onInput={event => {
              typed.value = event.currentTarget.value
            }}
          />
          <input
            type="file"
            accept=".csv,.tsv,.txt,text/csv,text/plain"
            aria-label="A file with your data"
            onChange={async event => {
              const file = event.currentTarget.files?.[0]
              if (!file) return
              typed.value = await file.text()
              use()
            }}
          />
          <Button kind="main" onClick={use}>
            Use this data
          </Button>
          {refused.value !== '' && (
            <p class="bad" role="alert">
              {refused.value}
            </p>
          )}
          {train.data.value === 'csv' && failure.value !== '' && <p class="bad">{failure.value}</p>}
        </div>
      )}
    </div>
  )
}

function Seed() {
  const id = useId()
  const { max } = limits.seed
  return (
    <div class="control train-seed">
      <label for={id}>Seed</label>
      <input
        id={id}
        type="number"
        min={0}
        max={max}
        value={train.seed.value}
        onChange={event => {
          const typed = Math.round(event.currentTarget.valueAsNumber)
          if (typed >= 0 && typed <= max) train.seed.value = typed
          event.currentTarget.value = String(train.seed.value)
        }}
      />
      <Button
        onClick={() => {
          train.seed.value = (train.seed.value + 1) % (max + 1)
        }}
      >
        Draw again
      </Button>
    </div>
  )
}

export function Data() {
  return (
    <Panel title="Data" class="train-data" actions={<span class="note">starts anew</span>}>
      <div class="stack">
        <Sets />
        <Own />
        {train.data.value !== 'csv' && (
          <>
            <Slider label="Examples" value={train.samples} {...limits.samples} step={10} />
            <Slider label="Noise" value={train.noise} {...limits.noise} step={0.01} />
          </>
        )}
        <Slider
          label="Kept for testing"
          value={train.testShare}
          {...limits.testShare}
          step={0.05}
          format={x => x.toFixed(2)}
        />
        <Seed />
      </div>
    </Panel>
  )
}
