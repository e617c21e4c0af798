// How the network is made and taught: what can be tuned while it trains, and what starts it anew.
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { Choice, Panel, Segments, Slider } from '../control.tsx'
import { scheduleWords } from './descent.ts'
import { heavy } from './engine.ts'
import { activations, inits, optimizers, schedules } from './name.ts'
import { run } from './run.ts'
import { limits, setup, train } from './state.ts'

function Group({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  const id = useId()
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend does not lie in a grid
    <div class="stack" role="group" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </div>
  )
}

const momentous = ['momentum', 'nesterov']

export function Training() {
  return (
    <Panel title="Training" class="train-training">
      <Group title="Can be tuned while it trains">
        <Choice label="Optimizer" value={train.optimizer} choices={optimizers} />
        {momentous.includes(train.optimizer.value) && (
          <Slider label="Momentum" value={train.momentum} {...limits.momentum} step={0.01} />
        )}
        <Slider label="Learning rate" value={train.lr} {...limits.lr} step={0.05} log />
        <Choice label="Schedule" value={train.schedule} choices={schedules} />
        {train.schedule.value !== 'constant' && <p class="note">{scheduleWords(train.schedule.value)}</p>}
        <Segments
          label="Regularisation"
          value={train.regularization}
          choices={(['none', 'L1', 'L2'] as const).map(x => [x, x])}
        />
        {train.regularization.value !== 'none' && (
          <Slider label="Regularisation rate" value={train.rate} {...limits.rate} step={0.001} />
        )}
        <Slider label="Batch size" value={train.batch} {...limits.batch} max={128} step={1} />
        {run.value && heavy(setup.value, run.value) && (
          <p class="note">
            A step is long for the scalar engine, which takes each example by itself: what you do is heard after it.
          </p>
        )}
      </Group>
      <Group title="Starts anew when changed">
        <Choice label="Activation" value={train.activation} choices={activations} />
        <Choice label="Initialisation" value={train.init} choices={inits} />
        <Slider label="Dropout" value={train.dropout} {...limits.dropout} step={0.05} />
      </Group>
    </Panel>
  )
}
