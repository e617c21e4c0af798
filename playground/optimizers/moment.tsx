// One step of one optimizer, taken apart: what of it is gradient, scaling, momentum and decay.

import type { Anatomy, Part } from '../../src/explain/explain.ts'
import { Choice, Head, numeric, Panel, Scroll } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Tex } from '../tex.tsx'
import { kinds } from './kind.ts'
import { at, chosen, moment, of, runners, shown } from './state.ts'

const meanings: Readonly<Record<Part['name'], string>> = {
  gradient: 'down the slope, by the learning rate',
  scaling: 'what the method makes of the slope’s size',
  momentum: 'what earlier steps add',
  decay: 'towards zero',
}
const colours: Readonly<Record<Part['name'], string>> = {
  gradient: '--series-1',
  scaling: '--series-2',
  momentum: '--series-3',
  decay: '--series-4',
}

const number = (x: Anatomy['step']): number => (typeof x === 'number' ? x : Number.NaN)

/** The parts as arrows, one where the other ends, and their sum. */
function Arrows({ parts }: { readonly parts: readonly [Anatomy, Anatomy] }) {
  const [width, height] = [220, 170]
  const corners = [{ x: 0, y: 0 }]
  const names = parts[0].parts.map(({ name }) => name)
  for (const [i] of names.entries()) {
    const { x, y } = corners[i]
    corners.push({ x: x + number(parts[0].parts[i].step), y: y + number(parts[1].parts[i].step) })
  }
  const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)]
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const unit = Math.min((width - 32) / (right - left || 1e-300), (height - 32) / (top - bottom || 1e-300))
  if (!Number.isFinite(unit) || !(right - left > 0 || top - bottom > 0)) return null
  const place = ({ x, y }: { x: number; y: number }) => ({
    x: width / 2 + (x - (left + right) / 2) * unit,
    y: height / 2 - (y - (bottom + top) / 2) * unit,
  })
  const arrow = (from: { x: number; y: number }, to: { x: number; y: number }, colour: string, name: string) => {
    const [a, b] = [place(from), place(to)]
    const length = Math.hypot(b.x - a.x, b.y - a.y)
    if (length < 1) return null
    const [dx, dy] = [(b.x - a.x) / length, (b.y - a.y) / length]
    const head = Math.min(9, length)
    const base = { x: b.x - dx * head, y: b.y - dy * head }
    return (
      <g key={name} class={name} style={{ '--color': `var(${colour})` }}>
        <line x1={a.x} y1={a.y} x2={base.x} y2={base.y} />
        <polygon
          points={`${b.x},${b.y} ${base.x - dy * head * 0.45},${base.y + dx * head * 0.45} ${base.x + dy * head * 0.45},${base.y - dx * head * 0.45}`}
        />
      </g>
    )
  }
  return (
    <svg
      class="arrows"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`The step as arrows: ${names.join(', then ')}; together x ${numeral(number(parts[0].step))}, y ${numeral(number(parts[1].step))}.`}
    >
      {arrow(corners[0], corners[corners.length - 1], '--ink', 'sum')}
      {names.map((name, i) => arrow(corners[i], corners[i + 1], colours[name], name))}
      <circle cx={place(corners[0]).x} cy={place(corners[0]).y} r={3.5} />
    </svg>
  )
}

function Parts({ parts: [x, y] }: { readonly parts: readonly [Anatomy, Anatomy] }) {
  const row = (title: string, a: Anatomy['step'], b: Anatomy['step'], name?: Part['name']) => (
    <tr key={title} class={name ? undefined : 'whole'}>
      <th scope="row">
        {name && <span class="swatch" style={{ background: `var(${colours[name]})` }} />}
        {title}
        {name && <span class="note"> {meanings[name]}</span>}
      </th>
      <td class="number">{numeral(number(a))}</td>
      <td class="number">{numeral(number(b))}</td>
    </tr>
  )
  return (
    <table class="parts">
      <Head columns={['Part', ...numeric('x', 'y')]} />
      <tbody>
        {row('At', x.before, y.before)}
        {row('Gradient there', x.gradient, y.gradient)}
        {x.parts.map(({ name, step }, i) => row(name, step, y.parts[i].step, name))}
        {row('Step, their sum', x.step, y.step)}
      </tbody>
    </table>
  )
}

export function Moment() {
  const path = chosen.value
  const found = moment.value
  const t = path ? shown(path) : 0
  return (
    <Panel title="Anatomy of a step" class="moment">
      {path === undefined ? (
        <p class="note">{runners.value.length === 0 ? 'Choose an optimizer.' : '…'}</p>
      ) : (
        <div class="stack">
          <div class="row">
            <Choice label="Optimizer" value={of} choices={runners.value.map(({ kind }) => [kind, kinds[kind].title])} />
            <p class="note">
              The step after step {t}
              {t < at.value ? ', its last' : ''}. Click a step on a way to see that one.
            </p>
          </div>
          {found?.parts ? (
            <>
              <div class="apart">
                <Scroll label="Parts of the step">
                  <Parts parts={found.parts} />
                </Scroll>
                <Arrows parts={found.parts} />
              </div>
              <div class="formulas">
                {Object.values(found.parts[0].formulas).map(tex => (
                  <Scroll key={tex} label="Formula">
                    <Tex of={tex} />
                  </Scroll>
                ))}
              </div>
            </>
          ) : (
            found && (
              <p class="note">
                L-BFGS searches along a line for its step: it is no sum of parts. It remembers how the gradient changed
                and goes where the curve that fits would be flat.
              </p>
            )
          )}
        </div>
      )}
    </Panel>
  )
}
