// The weights as lines, each as wide as it is strong, and what is said of the one that is pointed at.
import { effect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { numeral } from '../numeral.ts'
import { type Edge, type Plan, path, samePlace } from './geometry.ts'
import { pointed } from './look.ts'
import type { Place, Ready } from './message.ts'
import { placeName } from './name.ts'
import { numberAt, scaleOf } from './reading.ts'
import { frame } from './run.ts'
import { slowly } from './slowly.ts'
import { train } from './state.ts'

const slow = slowly(frame, 150)

/** The lines; their widths and signs follow each frame without a render. */
export function Edges({ layout }: { readonly layout: Plan }) {
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

/** The weight that is picked out: the one pointed at, else the inspected one. */
export function Picked({ layout, place, kind }: { layout: Plan; place: Place | null; kind: 'pointed' | 'inspected' }) {
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

/** The name and number of the weight that is pointed at. */
export function Tip({ layout, of }: { readonly layout: Plan; readonly of: Ready }) {
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
