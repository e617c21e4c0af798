// The picture of the network: each unit with its view of the plane, and the lines between them.
import { computed, effect } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { Button } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Tex } from '../tex.tsx'
import { Edges, Picked, Tip } from './edges.tsx'
import { nearest, type Plan, plan } from './geometry.ts'
import { Icon } from './icon.tsx'
import { shadeRange, shadeUnit } from './image.ts'
import { hoveredUnit, pointed } from './look.ts'
import type { Place, Ready } from './message.ts'
import { featureTex, unitName } from './name.ts'
import { buffer, colours, put } from './picture.tsx'
import { scaleOf } from './reading.ts'
import { frame, inspected, run } from './run.ts'
import { slowly } from './slowly.ts'
import { limits, train } from './state.ts'

const steady = slowly(frame, 1000)

/** More or fewer units, above the layer. */
function Units({ layer, units, at }: { readonly layer: number; readonly units: number; readonly at: number }) {
  const become = (count: number): void => {
    train.hidden.value = train.hidden.value.map((x, i) => (i === layer ? count : x))
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: it stands in a picture
    <div class="train-units" role="group" aria-label={`Units of layer ${layer + 1}`} style={{ left: `${at}px` }}>
      <b>{units}</b>
      <span>
        <Button
          label={`A unit less in layer ${layer + 1}`}
          disabled={units <= limits.units.min}
          onClick={() => become(units - 1)}
        >
          <Icon of="minus" />
        </Button>
        <Button
          label={`A unit more in layer ${layer + 1}`}
          disabled={units >= limits.units.max}
          onClick={() => become(units + 1)}
        >
          <Icon of="plus" />
        </Button>
      </span>
    </div>
  )
}

/** The plane as each unit sees it; pointing at one shows it large. */
function UnitPictures({ layout, of }: { readonly layout: Plan; readonly of: Ready }) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(
    () =>
      effect(() => {
        const now = frame.value
        const canvases = box.current?.children
        if (!now || !canvases) return
        const cells = now.resolution ** 2
        const { image, pixels } = buffer(now.resolution)
        let i = 0
        now.units.forEach((field, layer) => {
          for (let unit = 0; unit < (of.widths[layer] ?? 0); unit++) {
            const canvas = canvases[i++]
            if (!(canvas instanceof HTMLCanvasElement) || field.length < (unit + 1) * cells) continue
            shadeUnit(pixels, field, unit * cells, colours.value.ramp)
            put(canvas, image)
          }
        })
        // what it says of one class of two runs from 0 to 1
        const [low, high] = of.classes.length === 2 ? [0, 1] : of.classes.length > 2 ? [-1, 1] : of.range
        for (let unit = 0; unit < (of.widths.at(-1) ?? 0); unit++) {
          const canvas = canvases[i++]
          const field = now.outputs.subarray(unit * cells, (unit + 1) * cells)
          if (!(canvas instanceof HTMLCanvasElement) || field.length < cells) continue
          pixels.set(shadeRange(field, colours.value.ramp, low, high))
          put(canvas, image)
        }
      }),
    [layout, of],
  )
  const shown = train.show.value
  const outputs = layout.layers.length - 1
  return (
    <div ref={box}>
      {layout.layers.flatMap((units, layer) =>
        units.map(({ x, y }, unit) => (
          <canvas
            key={`${layer}.${unit}`}
            class={shown?.layer === layer && shown.unit === unit ? 'shown' : undefined}
            style={{
              left: `${x - layout.size / 2}px`,
              top: `${y - layout.size / 2}px`,
              width: `${layout.size}px`,
              height: `${layout.size}px`,
            }}
            onClick={() => {
              if (layer === outputs) train.show.value = null
              else train.show.value = shown?.layer === layer && shown.unit === unit ? null : { layer, unit }
            }}
            onPointerEnter={event => {
              if (event.pointerType === 'mouse' && layer < outputs) hoveredUnit.value = { layer, unit }
            }}
            onPointerLeave={() => {
              hoveredUnit.value = null
            }}
          />
        )),
      )}
    </div>
  )
}

const sentence = computed(() => {
  if (!run.value || !steady.value) return 'The network.'
  const { widths, parameters } = run.value
  const [inputs] = widths
  const hidden = widths.slice(1, -1)
  const largest = scaleOf(steady.value, true)
  return `The network: ${inputs} ${inputs === 1 ? 'input' : 'inputs'}, ${
    hidden.length === 0 ? 'no hidden layer' : `hidden layers of ${hidden.join(', ')} units`
  }, ${widths.at(-1)} ${widths.at(-1) === 1 ? 'output' : 'outputs'}, ${parameters} parameters; largest gradient ${numeral(largest, 3)}.`
})

/** The network in a width of so many pixels. */
export function Stage({ of, width }: { readonly of: Ready; readonly width: number }) {
  const { widths } = of
  const layout = useMemo(() => plan(widths, width, { left: width < 480 ? 38 : 56, right: 4 }), [widths.join(), width])
  const find = (event: PointerEvent | MouseEvent, within: number): Place | null => {
    const box = (event.currentTarget as Element).getBoundingClientRect()
    return nearest(layout, event.clientX - box.left, event.clientY - box.top, within)
  }
  return (
    <div class="train-stage">
      <div class="train-heads">
        {widths.slice(1, -1).map((units, layer) => (
          <Units key={layer} layer={layer} units={units} at={layout.layers[layer + 1][0].x} />
        ))}
      </div>
      <div class="train-canvas" style={{ height: `${layout.height}px` }}>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the lists of weights below are the keyboard's way */}
        <svg
          width={layout.width}
          height={layout.height}
          role="img"
          aria-label={sentence.value}
          class={pointed.value ? 'pointed' : undefined}
          onPointerMove={event => {
            pointed.value = event.pointerType === 'mouse' ? find(event, 8) : null
          }}
          onPointerLeave={() => {
            pointed.value = null
          }}
          onClick={event => {
            const place = find(event, 14)
            if (place) train.weight.value = place
          }}
        >
          <Picked layout={layout} place={inspected.value} kind="inspected" />
          <Picked layout={layout} place={pointed.value} kind="pointed" />
          <Edges layout={layout} />
        </svg>
        <div class="train-over" aria-hidden="true">
          {layout.layers[0].map(({ y }, i) => (
            <span
              key={i}
              class="train-input"
              style={{ top: `${y}px`, width: `${layout.layers[0][0].x - layout.size / 2 - 6}px` }}
            >
              {of.setup.features[i] ? <Tex of={featureTex[of.setup.features[i]]} /> : unitName(of, 0, i)}
            </span>
          ))}
          <UnitPictures layout={layout} of={of} />
          <Tip layout={layout} of={of} />
        </div>
      </div>
    </div>
  )
}
