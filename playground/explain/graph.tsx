// The graph: values on their way forward, and gradients on their way back.
import { useSignal, useSignalEffect } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { meanings, type Pattern } from '../../src/explain/explain.ts'
import { Button, Panel } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { type Box, cut, HEADING, isShort, type Way } from './layout.ts'
import { usePicked } from './picked.ts'
import { asked } from './question.ts'
import { counted, fitting, form, hot, now, pin, pinned, point, prepare } from './session.ts'
import { useShown } from './shown.ts'
import type { Edge, Node, Shape } from './study.ts'

/** The most that a graph is made smaller to fit, and larger. */
const [LEAST, MOST] = [0.7, 1.15]
/** The height of the pane that a graph is fit into. */
const ROOM = 660

export function GraphPanel() {
  const pane = useRef<HTMLElement>(null)
  const width = useSignal(640)
  const zoom = useSignal(1)
  const scaled = (to: number): void => {
    zoom.value = to
  }
  useLayoutEffect(() => {
    if (!pane.current) return
    const watch = new ResizeObserver(([entry]) => {
      if (entry) width.value = Math.max(200, Math.floor(entry.contentRect.width))
    })
    watch.observe(pane.current)
    return () => watch.disconnect()
  }, [])
  useSignalEffect(() => prepare(width.value, ROOM))
  const shape = form.value
  const found = fitting(width.value, ROOM)
  const fit = found ? Math.min(MOST, Math.max(LEAST, Math.min(width.value / found.width, ROOM / found.height))) : 1
  const scale = fit * zoom.value
  return (
    <Panel
      title="Graph"
      class="explain-graph"
      actions={
        <div class="row">
          <Button label="Smaller" onClick={() => scaled(Math.max(0.25, zoom.value / 1.25))}>
            −
          </Button>
          <Button label="Larger" onClick={() => scaled(Math.min(4, zoom.value * 1.25))}>
            +
          </Button>
          <Button onClick={() => scaled(1)} disabled={zoom.value === 1}>
            Fit
          </Button>
        </div>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="pane" ref={pane} tabIndex={0} aria-label="Graph, scrolls when it is large">
        {shape && !found && <p class="note">{asked.layout.value.error ?? `Laying out ${shape.nodes.length} rows …`}</p>}
        {shape && found && (
          // biome-ignore lint/a11y/useSemanticElements: SVG has no field sets
          <svg
            key={shape.text}
            width={found.width * scale}
            height={found.height * scale}
            viewBox={`0 0 ${found.width} ${found.height}`}
            role="group"
            aria-label={`Graph of ${shape.text}: ${shape.nodes.length} rows and ${shape.edges.length} uses.`}
          >
            <defs>
              {(['forward', 'backward', 'now'] as const).map(way => (
                <marker
                  key={way}
                  id={`explain-${way}`}
                  class={way}
                  viewBox="0 0 10 10"
                  refX="9"
                  refY="5"
                  markerWidth="9"
                  markerHeight="9"
                  markerUnits="userSpaceOnUse"
                  orient="auto"
                >
                  <path d="M0 0L10 5L0 10z" />
                </marker>
              ))}
            </defs>
            {shape.edges.map(edge => (
              <Arrow
                key={edge.id}
                edge={edge}
                way={found.ways.get(edge.id) as Way}
                isDown={found.direction === 'down'}
              />
            ))}
            {shape.nodes.map(node => (
              <Station key={node.index} node={node} box={found.boxes[node.index] as Box} />
            ))}
          </svg>
        )}
      </section>
      {shape && <Legend shape={shape} />}
    </Panel>
  )
}

function Arrow({ edge, way, isDown }: { readonly edge: Edge; readonly way: Way; readonly isDown: boolean }) {
  const state = usePicked(() => {
    const known = (now.value?.known ?? 0) > edge.to
    const handed = now.value?.handed.get(edge.id) ?? null
    const isNow = now.value?.edge === edge.id
    const isHot = hot.value === edge.from || hot.value === edge.to
    return { known, handed, isNow, isHot, local: counted.value?.locals.get(edge.id) ?? null }
  })
  const { known, handed, isNow, isHot, local } = state
  const { partial } = edge
  const { x, y, width } = way.label
  const left = x - width / 2
  const text =
    partial === null || local === null ? '' : `${isShort(partial.text) ? `${partial.text} = ` : ''}${numeral(local)}`
  const place = isDown ? { x: left, 'text-anchor': 'start' as const } : { x, 'text-anchor': 'middle' as const }
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus; the tables say the same
    <g class={`edge${known ? '' : ' faint'}${isHot ? ' hot' : ''}${isNow ? ' now' : ''}`} aria-hidden="true">
      <path class="forward" d={way.forward} marker-end="url(#explain-forward)" />
      {handed !== null && (
        <path class="backward" d={way.backward} marker-end={`url(#explain-${isNow ? 'now' : 'backward'})`} />
      )}
      {known && text !== '' && (
        <text class="partial" {...place} y={isDown ? y - 3 : y - 9}>
          {text}
        </text>
      )}
      {handed !== null && (
        <text class="contribution" {...place} y={isDown ? y + 11 : y + 18}>
          {numeral(handed)}
        </text>
      )}
    </g>
  )
}

function Station({ node, box }: { readonly node: Node; readonly box: Box }) {
  const { index, name, formula, pattern, uses, kind, isOutput } = node
  const state = usePicked(() => ({
    known: (now.value?.known ?? 0) > index,
    value: counted.value?.values[index] ?? 0,
    adjoint: now.value?.adjoints.get(index) ?? null,
    arrived: now.value?.arrived.get(index) ?? 0,
    isNow: now.value?.row === index,
    isHot: hot.value === index,
    isPinned: pinned.value === index,
  }))
  const spot = useRef<SVGGElement>(null)
  useShown(spot, state.isNow || state.isHot)
  const { known, value, adjoint, arrived, isNow, isHot, isPinned } = state
  // what a pattern does shows when a gradient comes; what blocks it, when none can come
  const shown = pattern && (adjoint !== null || (pattern === 'block' && known)) ? pattern : null
  const words = [
    ...(shown ? [meanings[shown]] : []),
    ...(adjoint !== null && uses > 1 && arrived > 0 ? [summed(arrived, uses)] : []),
  ]
  const { x, y, width, height } = box
  const lines = 18
  const said = [
    formula.text,
    ...(known ? [`value ${numeral(value)}`] : ['not computed yet']),
    ...(adjoint === null ? [] : [`gradient ${numeral(adjoint)}`]),
    ...words,
  ]
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no buttons
    <g
      ref={spot}
      class={`node${known ? '' : ' faint'}${isHot ? ' hot' : ''}${isNow ? ' now' : ''}${isPinned ? ' pinned' : ''}${isOutput ? ' output' : ''}`}
      data-kind={kind}
      data-pattern={shown ?? undefined}
      transform={`translate(${x - width / 2} ${y - height / 2})`}
      role="button"
      tabIndex={0}
      aria-pressed={isPinned}
      onMouseEnter={() => point(index)}
      onMouseLeave={() => point(null)}
      onFocus={() => point(index)}
      onBlur={() => point(null)}
      onClick={() => pin(index)}
      onKeyDown={event => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        pin(index)
      }}
    >
      <title>{said.join(', ')}</title>
      <rect width={width} height={height} rx={kind === 'result' ? 9 : 2} />
      <text class="formula" x="10" y={lines}>
        <tspan class="name">{name}</tspan>
        {formula.text === name ? '' : cut(formula.text, HEADING).slice(name.length)}
      </text>
      {known && (
        <text class="value" x="10" y={2 * lines}>
          {numeral(value)}
        </text>
      )}
      {adjoint !== null && (
        <text class="gradient" x="10" y={3 * lines}>
          gradient {numeral(adjoint)}
        </text>
      )}
      <text class={`words${uses > 1 && !pattern ? ' sum' : ''}`} x="10" y={4 * lines}>
        {words.join(', ')}
      </text>
    </g>
  )
}

/** What becomes of an adjoint that several uses come together in. */
export const summed = (arrived: number, uses: number): string =>
  arrived < uses ? `${arrived} of ${uses} uses` : `sums its ${uses} uses`

const order: readonly Pattern[] = ['add', 'multiply', 'max', 'scale', 'gate', 'block', 'slope', 'linear']
/** What the colours and the lines mean. */
function Legend({ shape }: { readonly shape: Shape }) {
  const seen = order.filter(pattern => shape.nodes.some(node => node.pattern === pattern))
  return (
    <ul class="legend" aria-label="What the colours and lines mean">
      <li>
        <Line kind="forward" /> values forward, with the local partial
      </li>
      <li>
        <Line kind="backward" /> gradients back, with the contribution
      </li>
      {seen.map(pattern => (
        <li key={pattern}>
          <Chip of={pattern} />
        </li>
      ))}
      {shape.nodes.some(({ uses }) => uses > 1) && (
        <li>
          <Chip of="copy" />
        </li>
      )}
    </ul>
  )
}
function Line({ kind }: { readonly kind: 'forward' | 'backward' }) {
  return (
    <svg width="30" height="10" aria-hidden="true">
      <path class={kind} d="M1 5H28" marker-end={`url(#explain-${kind})`} />
    </svg>
  )
}
/** A pattern by its colour and in words. */
export function Chip({ of }: { readonly of: Pattern | 'copy' }) {
  return (
    <span class="chip" data-pattern={of}>
      {meanings[of]}
    </span>
  )
}
