// What each mode costs, in a sentence and in tables.

import type { ModeCost } from '../../src/explain/explain.ts'
import { Head, numeric, Panel, Scroll } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { main, question } from './state.ts'

export const titles: Readonly<Record<ModeCost['mode'], string>> = {
  forward: 'forward',
  reverse: 'reverse',
  checkpointed: 'reverse with checkpoints',
}
/** Of each mode: a custom property of the style sheet. */
export const colours: Readonly<Record<ModeCost['mode'], string>> = {
  forward: '--series-1',
  reverse: '--series-2',
  checkpointed: '--series-3',
}
/** A whole number with spaces between thousands. */
export const count = (x: number): string => String(x).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f')

export function Verdict() {
  const cost = main.value
  if (!cost) return <p class="verdict note">Measuring …</p>
  return (
    <div class="verdict">
      <p>
        Here <strong>{cost.preferable} mode</strong> is preferable.
      </p>
      <p class="note">{`${cost.why[0].toUpperCase()}${cost.why.slice(1)}.`}</p>
    </div>
  )
}

/** A number with a bar as long as its share of the largest. */
function Cell({ x, most, text, color }: { x: number; most: number; text: string; color: string }) {
  return (
    <td class="number bar">
      <span style={{ '--share': `${most > 0 ? (100 * x) / most : 0}%`, '--color': `var(${color})` }}>{text}</span>
    </td>
  )
}

interface Measure {
  readonly title: string
  readonly means: string
  readonly of: (mode: ModeCost) => number
  readonly text: (x: number) => string
}
const measures: readonly Measure[] = [
  { title: 'Passes', means: 'runs with a tangent; walks back', of: ({ passes }) => passes, text: count },
  { title: 'Ops', means: 'of all passes', of: ({ ops }) => ops, text: count },
  { title: 'Arithmetic', means: 'additions and multiplications', of: ({ flops }) => flops, text: count },
  {
    title: 'Time, ms',
    means: 'of all passes, measured',
    of: ({ milliseconds }) => milliseconds,
    text: x => numeral(x, 3),
  },
  { title: 'Values stored', means: 'waiting for the walk back', of: ({ kept }) => kept.values, text: count },
  { title: 'Bytes stored', means: 'of these values', of: ({ kept }) => kept.bytes, text: count },
  { title: 'Peak bytes', means: 'the most live at once in a pass', of: ({ peak }) => peak.bytes, text: count },
]

export function CostTable() {
  const cost = main.value
  const asked = question.value
  if (!cost || !asked) return null
  return (
    <>
      <Scroll label="Costs of each mode">
        <table>
          <thead>
            <tr>
              <th scope="col">
                R{sup(asked.n)} → R{sup(asked.m)}, depth {asked.depth}
              </th>
              {cost.modes.map(({ mode }) => (
                <th key={mode} scope="col" class={`number mode ${mode === cost.preferable ? 'better' : ''}`}>
                  <span class="swatch" style={{ background: `var(${colours[mode]})` }} />
                  {titles[mode]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {measures.map(({ title, means, of, text }) => (
              <tr key={title}>
                <th scope="row">
                  {title} <span class="note">{means}</span>
                </th>
                {cost.modes.map(mode => (
                  <Cell
                    key={mode.mode}
                    x={of(mode)}
                    most={Math.max(...cost.modes.map(of))}
                    text={text(of(mode))}
                    color={colours[mode.mode]}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {asked.engine === 'scalar' && (
        <p class="note">Checkpoints take and give one tensor: they are measured on the tensor engine.</p>
      )}
    </>
  )
}
const sup = (x: number) => <sup>{x}</sup>

/** What is stored, by op. */
export function Storage() {
  const cost = main.value
  if (!cost) return null
  const modes = cost.modes.filter(({ mode }) => mode !== 'forward')
  return (
    <Panel title="What waits for the walk back" class="storage">
      <p class="note">
        Forward mode stores nothing. Reverse mode stores what the derivatives of its ops read; arrays that several read
        count once.
      </p>
      <div class="tables">
        {modes.map(({ mode, stored, kept }) => (
          <table key={mode}>
            <caption>
              <span class="swatch" style={{ background: `var(${colours[mode]})` }} />
              {titles[mode]}
            </caption>
            <Head columns={['Op', ...numeric('Nodes', 'Values', 'Bytes')]} />
            <tbody>
              {stored.map(({ op, nodes, values, bytes }) => (
                <tr key={op}>
                  <th scope="row" class="mono">
                    {op}
                  </th>
                  <td class="number">{count(nodes)}</td>
                  <td class="number">{count(values)}</td>
                  <td class="number">{count(bytes)}</td>
                </tr>
              ))}
              <tr class="whole">
                <th scope="row">together</th>
                <td class="number">{count(stored.reduce((sum, { nodes }) => sum + nodes, 0))}</td>
                <td class="number">{count(kept.values)}</td>
                <td class="number">{count(kept.bytes)}</td>
              </tr>
            </tbody>
          </table>
        ))}
      </div>
    </Panel>
  )
}
