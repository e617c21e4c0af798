// The network: its features and layers to be chosen, and its picture.
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Button, Panel, Segments } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Tex } from '../tex.tsx'
import { Icon } from './icon.tsx'
import { featureNames } from './message.ts'
import { featureTex } from './name.ts'
import { least, scaleOf, widest } from './reading.ts'
import { frame, run } from './run.ts'
import { slowly } from './slowly.ts'
import { Stage } from './stage.tsx'
import { mostLayers, train } from './state.ts'

const slow = slowly(frame, 150)

function Features() {
  const chosen = train.features.value
  return (
    <fieldset class="control train-features">
      <legend>Features</legend>
      <div>
        {featureNames.map(name => {
          const on = chosen.includes(name)
          return (
            <label key={name}>
              <input
                type="checkbox"
                aria-label={name}
                checked={on}
                disabled={on && chosen.length === 1}
                onChange={() => {
                  train.features.value = featureNames.filter(x => (x === name ? !on : chosen.includes(x)))
                }}
              />
              <span class="train-chip" aria-hidden="true">
                <Tex of={featureTex[name]} />
              </span>
            </label>
          )
        })}
      </div>
    </fieldset>
  )
}

function Layers() {
  const hidden = train.hidden.value
  return (
    // biome-ignore lint/a11y/useSemanticElements: it stands in a row of others
    <div class="train-layers" role="group" aria-label="Hidden layers">
      <span class="note">
        {hidden.length === 0
          ? 'no hidden layer'
          : hidden.length === 1
            ? '1 hidden layer'
            : `${hidden.length} hidden layers`}
      </span>
      <Button
        label="Remove a layer"
        disabled={hidden.length === 0}
        onClick={() => {
          train.hidden.value = hidden.slice(0, -1)
        }}
      >
        <Icon of="minus" />
      </Button>
      <Button
        label="Add a layer"
        disabled={hidden.length === mostLayers}
        onClick={() => {
          train.hidden.value = [...hidden, hidden.at(-1) ?? 4]
        }}
      >
        <Icon of="plus" />
      </Button>
    </div>
  )
}

function Legend() {
  const gradients = train.edges.value === 'gradients'
  const most = gradients && slow.value ? scaleOf(slow.value, true) : widest
  return (
    <p class="note train-legend">
      <svg width="120" height="14" aria-hidden="true">
        <line class="minus" x1="2" y1="7" x2="56" y2="7" />
        <line class="plus" x1="64" y1="7" x2="118" y2="7" />
      </svg>
      below zero (dashed), above zero;{' '}
      {gradients && most === least
        ? 'all gradients are 0 now'
        : `the widest line is ${gradients ? numeral(most, 2) : `${widest} or more`}`}
      . Point at a line for its {gradients ? 'gradient' : 'weight'}, click it for how its gradient comes about.
    </p>
  )
}

export function Network() {
  const box = useRef<HTMLDivElement>(null)
  const width = useSignal(0)
  useEffect(() => {
    if (!box.current) return
    const seen = new ResizeObserver(([entry]) => {
      width.value = Math.floor(entry.contentRect.width)
    })
    seen.observe(box.current)
    return () => seen.disconnect()
  }, [])
  return (
    <Panel
      title="Network"
      class="train-network"
      actions={
        <>
          <Layers />
          <Segments
            label="Lines show"
            hidden
            value={train.edges}
            choices={[
              ['weights', 'weights'],
              ['gradients', 'gradients'],
            ]}
          />
        </>
      }
    >
      <Features />
      <div ref={box} class="train-box">
        {run.value && width.value > 0 && <Stage of={run.value} width={width.value} />}
      </div>
      <Legend />
    </Panel>
  )
}
