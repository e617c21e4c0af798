// The two tables of a lecture: values with tangents beside them, and adjoints in the order visited.
import { useComputed } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { Head, numeric, Panel } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Tex } from '../tex.tsx'
import { Chip, summed } from './graph.tsx'
import { usePicked } from './picked.ts'
import { counted, dots, form, hot, now, pin, pinned, place, point, wrt } from './session.ts'
import { useShown } from './shown.ts'
import type { Node, Visit } from './study.ts'

export function ForwardPanel() {
  const [shape, tangents] = [form.value, dots.value]
  if (!shape || !tangents) return null
  return (
    <Panel title="Forward: values, and tangents beside them" class="explain-table" actions={<By names={shape.names} />}>
      <Pane title="Table of values and tangents">
        <table>
          <Head
            columns={[
              'row',
              ...numeric('value'),
              'tangent',
              ...numeric(...tangents.titles.map(title => <Tex key={title.text} of={title.tex} />)),
            ]}
          />
          <tbody key={shape.text}>
            {shape.nodes.map(node => (
              <ForwardRow key={node.index} node={node} tangent={tangents.formulas[node.index]?.tex ?? null} />
            ))}
          </tbody>
        </table>
      </Pane>
    </Panel>
  )
}

/** A table in a pane of its own: it may be long. */
function Pane({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll long" tabIndex={0} aria-label={title}>
      {children}
    </section>
  )
}

/** Which input the tangents are by. */
function By({ names }: { readonly names: readonly string[] }) {
  if (names.length < 2) return null
  const chosen = place.wrt.value === '*' ? '*' : wrt.value[0]
  return (
    <label class="by">
      <span>tangents by</span>{' '}
      <select
        value={chosen}
        onChange={event => {
          const { value } = event.currentTarget
          place.wrt.value = value === names[0] ? '' : value
        }}
      >
        {names.map(name => (
          <option key={name} value={name} selected={name === chosen}>
            {name}
          </option>
        ))}
        <option value="*" selected={chosen === '*'}>
          all inputs
        </option>
      </select>
    </label>
  )
}

/** A row of a table that belongs to a row of the trace: lit with it, and held by a click. */
function Line({
  index,
  faint,
  isNow,
  children,
}: {
  readonly index: number
  readonly faint: boolean
  readonly isNow: boolean
  readonly children: ComponentChildren
}) {
  const state = usePicked(() => ({ isHot: hot.value === index, isPinned: pinned.value === index }))
  const { isHot, isPinned } = state
  const line = useRef<HTMLTableRowElement>(null)
  useShown(line, isHot || isNow)
  return (
    <tr
      ref={line}
      class={`${faint ? 'faint' : ''}${isHot ? ' hot' : ''}${isNow ? ' now' : ''}${isPinned ? ' pinned' : ''}`}
      data-row={index}
      aria-current={isNow ? 'step' : undefined}
      onMouseEnter={() => point(index)}
      onMouseLeave={() => point(null)}
      onFocusCapture={() => point(index)}
      onBlurCapture={() => point(null)}
      onClick={() => pin(index)}
    >
      {children}
    </tr>
  )
}
function Name({ index, tex, name }: { readonly index: number; readonly tex: string; readonly name: string }) {
  const isPinned = useComputed(() => pinned.value === index)
  return (
    <th scope="row">
      <button
        type="button"
        class="formula"
        aria-pressed={isPinned.value}
        onClick={event => {
          event.stopPropagation()
          pin(index)
        }}
      >
        <span class="hidden">{name}</span>
        <span aria-hidden="true">
          <Tex of={tex} />
        </span>
      </button>
    </th>
  )
}

function ForwardRow({ node, tangent }: { readonly node: Node; readonly tangent: string | null }) {
  const { index, formula } = node
  const state = usePicked(() => ({
    known: (now.value?.known ?? 0) > index,
    isNow: now.value?.current?.phase === 'forward' && now.value.row === index,
    value: counted.value?.values[index] ?? 0,
    tangents: counted.value?.tangents[index] ?? [],
  }))
  const { known, isNow, value, tangents } = state
  return (
    <Line index={index} faint={!known} isNow={isNow}>
      <Name index={index} tex={formula.tex} name={formula.text} />
      <td class="number">{known ? numeral(value, 6) : ''}</td>
      <td>{tangent !== null && <Tex of={tangent} />}</td>
      {tangents.map((x, k) => (
        <td key={k} class="number">
          {known && tangent !== null ? numeral(x, 6) : ''}
        </td>
      ))}
    </Line>
  )
}

export function ReversePanel() {
  const shape = form.value
  if (!shape) return null
  const output = shape.nodes.find(({ isOutput }) => isOutput)
  return (
    <Panel title={`Reverse: how ${output?.name} changes with each row`} class="explain-table">
      {shape.visits.length === 0 ? (
        <p class="note">No gradient flows back: small changes of the inputs leave the output as it is.</p>
      ) : (
        <Pane title="Table of adjoints">
          <table>
            <Head columns={['adjoint', ...numeric('value'), { title: 'flow', class: 'flowing' }]} />
            <tbody key={shape.text}>
              {shape.visits.map(visit => (
                <ReverseRow key={visit.node} visit={visit} node={shape.nodes[visit.node] as Node} />
              ))}
            </tbody>
          </table>
        </Pane>
      )}
    </Panel>
  )
}

function ReverseRow({ visit, node }: { readonly visit: Visit; readonly node: Node }) {
  const { index, pattern, uses } = node
  const state = usePicked(() => ({
    adjoint: now.value?.adjoints.get(index) ?? null,
    arrived: now.value?.arrived.get(index) ?? 0,
    isNow: now.value?.current !== null && now.value?.current.phase !== 'forward' && now.value?.row === index,
  }))
  const { adjoint, arrived, isNow } = state
  return (
    <Line index={index} faint={adjoint === null} isNow={isNow}>
      <Name index={index} tex={visit.formula.tex} name={visit.formula.text} />
      <td class="number">{adjoint === null ? '' : numeral(adjoint, 6)}</td>
      <td>
        {adjoint !== null && (
          <span class="flow">
            {pattern && <Chip of={pattern} />}
            {uses > 1 && arrived > 0 && <span class="sum">{summed(arrived, uses)}</span>}
          </span>
        )}
      </td>
    </Line>
  )
}
