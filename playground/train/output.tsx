// What the network says all over the plane, its legend, and one example at a time.
import { useSignalEffect } from '@preact/signals'
import { useId, useRef } from 'preact/hooks'
import { Choice, Panel, Toggle } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Field } from './field.tsx'
import { css, extent } from './image.ts'
import { examples, looked, shown } from './look.ts'
import type { Example, Frame, Ready } from './message.ts'
import { unitName } from './name.ts'
import { colours, mark } from './picture.tsx'
import { cell } from './plane.ts'
import { frame, run } from './run.ts'
import { slowly } from './slowly.ts'
import { type Shown, train } from './state.ts'

const steady = slowly(frame, 1000)

/** A class's mark, as on the plane. */
function Mark({ kind }: { readonly kind: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useSignalEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!canvas.current || !context) return
    canvas.current.width = 28
    canvas.current.height = 28
    context.fillStyle = css(colours.value.classes[kind])
    mark(context, kind, 14, 14, 8)
    context.fill()
  })
  return <canvas ref={canvas} class="train-mark" />
}

function Legend({ of }: { readonly of: Ready }) {
  const unit = shown.value
  const most = unit && steady.value ? unitMost(steady.value, unit) : 1
  if (unit)
    return (
      <p class="train-legend note">
        {unitName(of, unit.layer, unit.unit)}: {numeral(-most, 3)} <i class="train-ramp" /> {numeral(most, 3)}
      </p>
    )
  if (of.classes.length === 0)
    return (
      <p class="train-legend note">
        {numeral(of.range[0], 3)} <i class="train-ramp" /> {numeral(of.range[1], 3)}
      </p>
    )
  return (
    <p class="train-legend note">
      {of.classes.map((name, kind) => (
        <span key={name}>
          <Mark kind={kind} />
          {name}
        </span>
      ))}
      {of.test.length > 0 && train.tested.value && <span>rimmed: kept for testing</span>}
    </p>
  )
}
function unitMost(now: Frame, { layer, unit }: Shown): number {
  const cells = now.resolution ** 2
  return now.units[layer] ? Math.max(1, extent(now.units[layer], unit * cells, cells)) : 1
}

/** What the network says at a place, as words. */
function answer(of: Ready, now: Frame, { x1, x2 }: Example): string {
  const side = now.resolution
  const count = now.outputs.length / side ** 2
  const at = (k: number): number => cell(now.outputs, k * side * side, side, of.bound, x1, x2)
  if (of.classes.length === 0) return numeral(at(0), 3)
  const second = at(count - 1)
  const shares =
    of.classes.length === 2 ? [1 - second, second] : Array.from({ length: of.classes.length }, (_, k) => at(k))
  const best = shares.indexOf(Math.max(...shares))
  return `${of.classes[best]}, ${(100 * shares[best]).toFixed(0)} %`
}

const slow = slowly(frame, 250, 60)
function Look({ of }: { readonly of: Ready }) {
  const id = useId()
  const number = looked.value
  const one = number === null ? undefined : examples.value[number]
  const now = slow.value
  return (
    <div class="train-look">
      <label for={id}>Example</label>
      <input
        id={id}
        type="number"
        min={1}
        max={examples.value.length}
        value={number === null ? '' : number + 1}
        onInput={event => {
          const typed = event.currentTarget.valueAsNumber
          train.example.value = Number.isInteger(typed) && typed >= 1 && typed <= examples.value.length ? typed : 0
        }}
      />
      <p class="note">
        {one && number !== null
          ? `${number < of.train.length ? 'train' : 'test'} · ${of.axes[0]} ${numeral(one.x1, 3)}, ${of.axes[1]} ${numeral(one.x2, 3)} · is ${
              of.classes[one.y] ?? numeral(one.y, 3)
            }${now ? ` · predicted around here: ${answer(of, now, one)}` : ''}`
          : 'Point at one, or give its number.'}
      </p>
    </div>
  )
}

function Shows({ of }: { readonly of: Ready }) {
  const { widths } = of
  const units = widths
    .slice(0, -1)
    .flatMap((count, layer) =>
      Array.from(
        { length: count },
        (_, unit) => [`${layer}.${unit}`, layer === 0 ? unitName(of, 0, unit) : unitName(of, layer, unit)] as const,
      ),
    )
  return (
    <Choice
      label="Shows"
      value={{
        get value() {
          const unit = train.show.value
          return unit ? `${unit.layer}.${unit.unit}` : ''
        },
        set value(text) {
          const [layer, unit] = text.split('.').map(Number)
          train.show.value = text === '' ? null : { layer, unit }
        },
      }}
      choices={[['', 'the output'], ...units]}
    />
  )
}

export function Output() {
  const of = run.value
  return (
    <Panel title="Output" class="train-output" actions={of && <Shows of={of} />}>
      <Field />
      {of && (
        <div class="stack">
          <Legend of={of} />
          <Look of={of} />
          <div class="row">
            <Toggle label="Test examples" value={train.tested} />
            <Toggle label="Discretize" value={train.discrete} />
          </div>
        </div>
      )}
    </Panel>
  )
}
