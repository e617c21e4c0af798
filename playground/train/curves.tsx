// How loss, score and learning rate went so far.
import { computed } from '@preact/signals'
import { LineChart } from '../chart.tsx'
import { Panel, Toggle } from '../control.tsx'
import { numeral } from '../numeral.ts'
import type { Frame } from './message.ts'
import { frame, rates, run } from './run.ts'
import { slowly } from './slowly.ts'
import { train } from './state.ts'

// each a moment after the other: three charts in one task would be a long one
const losses = slowly(frame, 300)
const scores = slowly(frame, 300, 100)
const slowRates = slowly(rates, 300, 200)

type Key = 'train' | 'test' | 'trainScore' | 'testScore'
const points = (of: Frame | null, key: Key) =>
  (of?.history ?? []).filter(now => Number.isFinite(now[key])).map(now => ({ x: now.step, y: now[key] }))
const tested = computed(() => (run.value?.test.length ?? 0) > 0)
const x = { title: 'step', min: 0 }
const classes = computed(() => (run.value?.classes.length ?? 2) > 0)

function said(of: Frame | null, what: string, one: Key, other: Key): string {
  const last = of?.history.at(-1)
  if (!last) return `${what}: nothing yet.`
  const test = tested.value ? `, test ${numeral(last[other], 3)}` : ''
  return `${what} over ${last.step} steps: now train ${numeral(last[one], 3)}${test}.`
}

function Loss() {
  const now = losses.value
  return (
    <LineChart
      label={said(now, 'Loss', 'train', 'test')}
      x={x}
      y={{ title: 'loss', log: train.log.value, ...(!train.log.value && { min: 0 }) }}
      height={190}
      series={[
        { label: 'train', points: points(now, 'train'), color: '--series-1' },
        ...(tested.value ? [{ label: 'test', points: points(now, 'test'), color: '--series-2', dashed: true }] : []),
      ]}
    />
  )
}
function Score() {
  const now = scores.value
  const name = classes.value ? 'accuracy' : 'R²'
  return (
    <LineChart
      label={said(now, classes.value ? 'Accuracy' : 'R²', 'trainScore', 'testScore')}
      x={x}
      y={{ title: name, max: 1, ...(classes.value && { min: 0 }) }}
      height={190}
      series={[
        { label: 'train', points: points(now, 'trainScore'), color: '--series-1' },
        ...(tested.value
          ? [{ label: 'test', points: points(now, 'testScore'), color: '--series-2', dashed: true }]
          : []),
      ]}
    />
  )
}
function Rate() {
  const seen = slowRates.value
  return (
    <LineChart
      label={`Learning rate over ${seen.at(-1)?.x ?? 0} steps: now ${numeral(seen.at(-1)?.y ?? train.lr.value, 3)}.`}
      x={x}
      y={{ title: 'learning rate', min: 0 }}
      height={150}
      series={[{ label: 'learning rate', points: seen, color: '--series-3' }]}
    />
  )
}

export function Curves() {
  return (
    <Panel
      title={classes.value ? 'Loss and accuracy' : 'Loss and R²'}
      class="train-curves"
      actions={<Toggle label="Logarithmic loss" value={train.log} />}
    >
      <div class="train-charts">
        <Loss />
        <Score />
        {train.schedule.value !== 'constant' && <Rate />}
      </div>
    </Panel>
  )
}
