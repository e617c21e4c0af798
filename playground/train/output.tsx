// What the network says all over the plane, and the examples on it.
import { computed, effect, signal, useSignalEffect } from '@preact/signals'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Choice, Panel, Toggle } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { css, extent, finer, shadeClasses, shadeRange } from './image.ts'
import type { Example, Frame, Ready } from './message.ts'
import { unitName } from './name.ts'
import { hoveredUnit } from './network.tsx'
import { buffer, colours, mark, put, strength } from './picture.tsx'
import { along, cell, nearestExample, ticks } from './plane.ts'
import { frame, run } from './run.ts'
import { slowly } from './slowly.ts'
import { type Shown, train } from './state.ts'
import { termExample } from './weight.tsx'

const fine = 192
const steady = slowly(frame, 1000)

/** The unit whose activation is shown instead of the output, if the network has it. */
const shown = computed<Shown | null>(() => {
  const unit = hoveredUnit.value ?? train.show.value
  const { widths } = run.value ?? {}
  return unit && widths && unit.layer < widths.length - 1 && unit.unit < widths[unit.layer] ? unit : null
})
/** The number of the example that is looked at: those to train with first, then those to test with. */
const chosen = signal<number | null>(null)
const hovered = signal<number | null>(null)
const looked = computed(() => hovered.value ?? termExample.value ?? chosen.value)
const examples = computed<readonly Example[]>(() => [...(run.value?.train ?? []), ...(run.value?.test ?? [])])

function pixels(of: Ready, now: Frame): Uint32Array | null {
  const { pale, classes, zero } = colours.value
  const side = now.resolution
  const cells = side * side
  const unit = shown.value
  const bands = train.discrete.value ? 2 : undefined
  if (unit) {
    const field = now.units[unit.layer]
    if (!field || field.length < (unit.unit + 1) * cells) return null
    const most = Math.max(1, extent(field, unit.unit * cells, cells))
    return shadeRange(finer(field, unit.unit * cells, side, fine), pale, -most, most, bands)
  }
  const fields = Array.from({ length: now.outputs.length / cells }, (_, k) => finer(now.outputs, k * cells, side, fine))
  if (of.classes.length === 0)
    return shadeRange(fields[0], pale, of.range[0], of.range[1], train.discrete.value ? 5 : undefined)
  if (of.classes.length === 2) return shadeRange(fields[fields.length - 1], pale, 0, 1, bands)
  return shadeClasses(fields, classes, zero, train.discrete.value, strength)
}

function Heat() {
  const canvas = useRef<HTMLCanvasElement>(null)
  useSignalEffect(() => {
    const now = frame.value
    const of = run.value
    if (!canvas.current || !now || !of) return
    const made = pixels(of, now)
    if (!made) return
    const { image, pixels: target } = buffer(fine)
    target.set(made)
    put(canvas.current, image)
  })
  return <canvas ref={canvas} class="train-heat" />
}

/** The colour of an example: its class's, or its target's on the ramp. */
function paint(of: Ready, { y }: Example): string {
  const { classes, shade, ink } = colours.value
  if (of.classes.length > 0) return css(classes[y] ?? ink)
  const [low, high] = of.range
  return css(shade(high > low ? ((y - low) / (high - low)) * 2 - 1 : 0))
}

const size = signal(0)
function Points() {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (!canvas.current) return
    const seen = new ResizeObserver(([entry]) => {
      size.value = Math.round(entry.contentRect.width)
    })
    seen.observe(canvas.current)
    return () => seen.disconnect()
  }, [])
  useSignalEffect(() => {
    const context = canvas.current?.getContext('2d')
    const of = run.value
    const side = size.value
    if (!canvas.current || !context || !of || side === 0) return
    const sharp = Math.min(2, devicePixelRatio)
    canvas.current.width = side * sharp
    canvas.current.height = side * sharp
    context.scale(sharp, sharp)
    const { paper, ink } = colours.value
    const trained = of.train.length
    const r = Math.max(2.6, Math.min(5, side / 90) * (examples.value.length > 400 ? 0.75 : 1))
    const at = ({ x1, x2 }: Example): [number, number] => [along(x1, of.bound) * side, (1 - along(x2, of.bound)) * side]
    examples.value.forEach((example, i) => {
      if (i >= trained && !train.tested.value) return
      const [x, y] = at(example)
      mark(context, of.classes.length > 0 ? example.y : 0, x, y, r)
      context.fillStyle = paint(of, example)
      context.fill()
      context.lineWidth = i >= trained ? 1.5 : 1
      context.strokeStyle = css(i >= trained ? ink : paper)
      context.stroke()
    })
    const one = looked.value === null ? undefined : examples.value[looked.value]
    if (one) {
      const [x, y] = at(one)
      context.strokeStyle = css(ink)
      context.lineWidth = 2
      context.beginPath()
      context.arc(x, y, r + 5, 0, 2 * Math.PI)
      context.stroke()
    }
  })
  const find = (event: PointerEvent): number | null => {
    const of = run.value
    if (!of || size.value === 0) return null
    const box = (event.currentTarget as Element).getBoundingClientRect()
    const x1 = ((event.clientX - box.left) / box.width) * 2 * of.bound - of.bound
    const x2 = of.bound - ((event.clientY - box.top) / box.height) * 2 * of.bound
    const there = train.tested.value ? examples.value : of.train
    return nearestExample(there, x1, x2, (14 / box.width) * 2 * of.bound)
  }
  return (
    <canvas
      ref={canvas}
      class="train-points"
      role="img"
      aria-label={sentence.value}
      onPointerMove={event => {
        hovered.value = event.pointerType === 'mouse' ? find(event) : null
      }}
      onPointerLeave={() => {
        hovered.value = null
      }}
      onPointerUp={event => {
        chosen.value = find(event) ?? chosen.value
      }}
    />
  )
}

const sentence = computed(() => {
  const of = run.value
  const now = steady.value?.history.at(-1)
  if (!of) return 'The plane of the examples.'
  const what = of.classes.length > 0 ? `classes ${of.classes.join(', ')}` : 'a number to predict'
  const score =
    now === undefined
      ? ''
      : of.classes.length > 0
        ? `; of those to train with, ${numeral(100 * now.trainScore, 3)} % are on their side of the boundary`
        : `; R² of those to train with is ${numeral(now.trainScore, 3)}`
  return `The plane of ${of.axes[0]} and ${of.axes[1]}, coloured by what the network says, with ${of.train.length} examples to train with and ${of.test.length} to test with: ${what}${score}.`
})

function Axes({ of }: { readonly of: Ready }) {
  const { bound, axes } = of
  return (
    <div aria-hidden="true">
      {ticks(bound).map(x => (
        <span key={`x${x}`} class="train-tick across" style={{ left: `${100 * along(x, bound)}%` }}>
          {numeral(x)}
        </span>
      ))}
      {ticks(bound).map(x => (
        <span key={`y${x}`} class="train-tick up" style={{ top: `${100 * (1 - along(x, bound))}%` }}>
          {numeral(x)}
        </span>
      ))}
      <span class="train-axis across">{axes[0]}</span>
      <span class="train-axis up">{axes[1]}</span>
    </div>
  )
}

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
          chosen.value = Number.isInteger(typed) && typed >= 1 && typed <= examples.value.length ? typed - 1 : null
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

// another run has other examples
effect(() => {
  void run.value
  chosen.value = null
})

export function Output() {
  const of = run.value
  return (
    <Panel title="Output" class="train-output" actions={of && <Shows of={of} />}>
      <div class="train-plane">
        <Heat />
        <Points />
        {of && <Axes of={of} />}
      </div>
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
