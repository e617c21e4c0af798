// What runs the training, how far it is, and how fast each engine goes.
import { computed } from '@preact/signals'
import { Button, copy, Segments, Status } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { places } from '../place.ts'
import { Export } from './export.tsx'
import { Icon } from './icon.tsx'
import { engineNames } from './message.ts'
import { failure, frame, measure, measured, pause, play, playing, reset, run, said, step } from './run.ts'
import { slowly } from './slowly.ts'
import { speeds, train } from './state.ts'

const shown = slowly(frame, 100)
const whole = (x: number): string => Math.round(x).toLocaleString('en')
/** R²: 1 is all that there is, what is far below 0 is bad anyhow. */
const determination = (x: number): string => (x > -10 ? x.toFixed(3).replace('-', '−') : numeral(x, 3))
const percent = (x: number): string => `${(100 * x).toFixed(x === 1 ? 0 : 1)} %`

/** A number with its name; a long dash while there is none. */
function Figure({ name, values }: { readonly name: string; readonly values: readonly (readonly [string, string])[] }) {
  return (
    <div class="train-figure">
      <dt>{name}</dt>
      {values.map(([of, value]) => (
        <dd key={of}>
          {of !== '' && <span>{of} </span>}
          <b>{value}</b>
        </dd>
      ))}
    </div>
  )
}

function Figures() {
  const now = shown.value
  const last = now?.history.at(-1)
  const classes = (run.value?.classes.length ?? 2) > 0
  const tested = (run.value?.test.length ?? 0) > 0
  const score = (x: number | undefined): string =>
    x === undefined || Number.isNaN(x) ? '—' : classes ? percent(x) : determination(x)
  const loss = (x: number | undefined): string => (x === undefined || Number.isNaN(x) ? '—' : numeral(x, 3))
  return (
    <dl class="train-figures">
      <Figure
        name="Progress"
        values={[
          ['step', now ? whole(now.step) : '—'],
          ['epoch', now ? whole(now.epoch) : '—'],
        ]}
      />
      <Figure
        name="Loss"
        values={[
          ['train', loss(last?.train)],
          ['test', tested ? loss(last?.test) : '—'],
        ]}
      />
      <Figure
        name={classes ? 'Accuracy' : 'R²'}
        values={[
          ['train', score(last?.trainScore)],
          ['test', tested ? score(last?.testScore) : '—'],
        ]}
      />
    </dl>
  )
}

const going = computed(() => (shown.value && playing.value ? shown.value.speed : 0))
function Speeds() {
  const known = measured.value
  return (
    <div class="train-speeds">
      <p class="note">
        {going.value > 0 && <span>now {whole(going.value)} steps/s</span>}
        {known && known !== 'now' && (
          <span>measured: {engineNames.map(name => `${name} ${whole(known[name])}`).join(', ')} steps/s</span>
        )}
      </p>
      <Button onClick={measure} disabled={known === 'now' || failure.value !== ''}>
        {known === 'now' ? 'Measuring…' : 'Measure both engines'}
      </Button>
    </div>
  )
}

export function Head() {
  const stuck = failure.value !== ''
  return (
    <section class="panel train-head" aria-label="Run">
      <div class="train-run">
        <Button onClick={reset} label="Reset (R)">
          <Icon of="reset" />
        </Button>
        <Button
          kind="main"
          disabled={stuck}
          onClick={playing.value ? pause : play}
          label={playing.value ? 'Pause (P)' : 'Play (P)'}
        >
          <Icon of={playing.value ? 'pause' : 'play'} />
        </Button>
        <Button onClick={step} disabled={stuck} label="Step (S)">
          <Icon of="step" />
        </Button>
      </div>
      <Figures />
      <Segments label="Steps per second" value={train.speed} choices={speeds.map(x => [x, x])} />
      <Segments label="Engine" value={train.engine} choices={engineNames.map(x => [x, x])} />
      {stuck && (
        <p class="train-failure bad" role="alert">
          {failure.value}
        </p>
      )}
      <div class="train-share">
        <Status>{said.value}</Status>
        <Speeds />
        <Button onClick={() => copy(`${location.href.split('#')[0]}${places.train.value}`, said)}>Copy link</Button>
        <Export />
      </div>
    </section>
  )
}
