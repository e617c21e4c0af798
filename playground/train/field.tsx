// The plane: coloured by what the network says, with the examples on it.
import { computed, signal, useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { numeral } from '../numeral.ts'
import { css, extent, finer, shadeClasses, shadeRange } from './image.ts'
import { examples, hovered, looked, shown } from './look.ts'
import type { Example, Frame, Ready } from './message.ts'
import { buffer, colours, mark, put, strength } from './picture.tsx'
import { along, nearestExample, ticks } from './plane.ts'
import { frame, run } from './run.ts'
import { slowly } from './slowly.ts'
import { train } from './state.ts'

const fine = 192
const steady = slowly(frame, 1000)

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
        const found = find(event)
        if (found !== null) train.example.value = found + 1
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

export function Field() {
  return (
    <div class="train-plane">
      <Heat />
      <Points />
      {run.value && <Axes of={run.value} />}
    </div>
  )
}
