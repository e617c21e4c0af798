// The network: each unit with its view of the plane, each weight as a line that is as wide as it is strong.
import { computed, effect, signal, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { Button, Panel, Segments } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Tex } from '../tex.tsx'
import { type Edge, nearest, numberAt, type Plan, path, plan, samePlace } from './geometry.ts'
import { Icon } from './icon.tsx'
import { extent, shadeRange, shadeUnit } from './image.ts'
import { type Frame, featureNames, type Place, type Ready } from './message.ts'
import { featureTex, placeName, unitName } from './name.ts'
import { buffer, colours, put } from './picture.tsx'
import { frame, inspected, run } from './run.ts'
import { slowly } from './slowly.ts'
import { limits, mostLayers, type Shown, train } from './state.ts'

/** Weights of five and more are drawn alike; gradients are as wide as they are large beside the largest. */
const widest = 5
function scaleOf({ layers }: Frame, gradients: boolean): number {
  if (!gradients) return widest
  return Math.max(
    1e-12,
    ...layers.map(({ weightGrad, biasGrad }) =>
      Math.max(extent(weightGrad, 0, weightGrad.length), extent(biasGrad, 0, biasGrad.length)),
    ),
  )
}

const slow = slowly(frame, 150)
const steady = slowly(frame, 1000)

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

/** The lines; their widths and signs follow each frame without a render. */
function Edges({ layout }: { readonly layout: Plan }) {
  const group = useRef<SVGGElement>(null)
  useEffect(
    () =>
      effect(() => {
        const now = frame.value
        const gradients = train.edges.value === 'gradients'
        const shapes = group.current?.children
        if (!now || !shapes) return
        const most = scaleOf(now, gradients)
        const thick = Math.min(1, layout.size / 36)
        const show = (shape: Element | undefined, place: Place, width: boolean): void => {
          const x = numberAt(now, place, gradients)
          if (!shape || x === undefined) return
          const sign = x < 0 ? 'minus' : 'plus'
          if (shape.getAttribute('class') !== sign) shape.setAttribute('class', sign)
          const strength = Math.min(1, Math.abs(x) / most)
          const text = (width ? (0.6 + 8.4 * strength) * thick : 0.25 + 0.75 * strength).toFixed(1)
          const name = width ? 'stroke-width' : 'fill-opacity'
          if (shape.getAttribute(name) !== text) shape.setAttribute(name, text)
        }
        layout.edges.forEach(({ place }, i) => {
          show(shapes[i], place, true)
        })
        layout.biases.forEach(({ place }, i) => {
          show(shapes[layout.edges.length + i], place, false)
        })
      }),
    [layout],
  )
  const { biasSize } = layout
  return (
    <g class="train-edges" ref={group}>
      {layout.edges.map((edge, i) => (
        <path key={i} d={path(edge)} />
      ))}
      {layout.biases.map(({ at }, i) => (
        <rect key={i} x={at.x - biasSize / 2} y={at.y - biasSize / 2} width={biasSize} height={biasSize} rx={1.5} />
      ))}
    </g>
  )
}

/** What the pointer is on. */
const pointed = signal<Place | null>(null)
/** The weight that is picked out: the one pointed at, else the inspected one. */
function Picked({ layout, place, kind }: { layout: Plan; place: Place | null; kind: 'pointed' | 'inspected' }) {
  if (!place) return null
  const edge: Edge | undefined = layout.edges.find(x => samePlace(x.place, place))
  if (edge) return <path class={`train-picked ${kind}`} d={path(edge)} />
  const bias = layout.biases.find(x => samePlace(x.place, place))
  if (!bias) return null
  const side = layout.biasSize + 6
  return (
    <rect
      class={`train-picked ${kind}`}
      x={bias.at.x - side / 2}
      y={bias.at.y - side / 2}
      width={side}
      height={side}
      rx={2}
    />
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
/** The unit under the pointer, which the large picture shows meanwhile. */
export const hoveredUnit = signal<Shown | null>(null)

function Tip({ layout, of }: { readonly layout: Plan; readonly of: Ready }) {
  const place = pointed.value
  const now = slow.value
  if (!place || !now) return null
  const gradients = train.edges.value === 'gradients'
  const x = numberAt(now, place, gradients)
  const edge = layout.edges.find(e => samePlace(e.place, place))
  const bias = layout.biases.find(e => samePlace(e.place, place))
  const at = edge ? { x: (edge.from.x + edge.to.x) / 2, y: (edge.from.y + edge.to.y) / 2 } : bias?.at
  if (x === undefined || !at) return null
  return (
    <div class="train-tip" style={{ left: `${Math.min(Math.max(at.x, 90), layout.width - 90)}px`, top: `${at.y}px` }}>
      {gradients ? 'gradient of the ' : ''}
      {placeName(of, place)}: <b>{numeral(x)}</b>
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

function Picture({ of, width }: { readonly of: Ready; readonly width: number }) {
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

function Legend() {
  const gradients = train.edges.value === 'gradients'
  const most = gradients && slow.value ? scaleOf(slow.value, true) : widest
  return (
    <p class="note train-legend">
      <svg width="120" height="14" aria-hidden="true">
        <line class="minus" x1="2" y1="7" x2="56" y2="7" />
        <line class="plus" x1="64" y1="7" x2="118" y2="7" />
      </svg>
      below zero (dashed), above zero; the widest line is {gradients ? numeral(most, 2) : `${widest} or more`}. Point at
      a line for its {gradients ? 'gradient' : 'weight'}, click it for how its gradient comes about.
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
        {run.value && width.value > 0 && <Picture of={run.value} width={width.value} />}
      </div>
      <Legend />
    </Panel>
  )
}
