// Orders of evaluation, the recursion that fails, and elimination, of a program that the reader types.
import type { Signal } from '@preact/signals'
import { useId } from 'preact/hooks'
import type { Elimination, NaiveSweep } from '../../src/explain/explain.ts'
import { Button, Head, numeric, Panel, Scroll } from '../control.tsx'
import { numberOf, numeral } from '../numeral.ts'
import { Tex } from '../tex.tsx'
import { count } from './cost.tsx'
import type { Named } from './graph.ts'
import type { Reading } from './program.ts'
import { at, eliminations, f, failures, jacobian, jacobianProgram, orders, program, seed, VALUES } from './state.ts'

/** Where a program is typed, and what is wrong with it. */
function Typed({
  label,
  value,
  found,
  note,
  rows,
}: {
  readonly label: string
  readonly value: Signal<string>
  readonly found: Reading
  readonly note: string
  readonly rows: number
}) {
  const id = useId()
  const wrong = 'error' in found ? found : null
  return (
    <div class="control typed">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class="mono"
        rows={rows}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        value={value.value}
        aria-invalid={wrong !== null}
        aria-describedby={`${id}-note`}
        onInput={event => {
          value.value = event.currentTarget.value
        }}
      />
      <p id={`${id}-note`} class={wrong ? 'bad' : 'note'} role={wrong ? 'alert' : undefined}>
        {wrong ? `${wrong.error} (column ${wrong.column})` : note}
      </p>
    </div>
  )
}

/** What w1, w2, … are. */
function Rows({ rows }: { readonly rows: readonly Named[] }) {
  return (
    <ul class="rows" aria-label="Intermediates">
      {rows.map(({ name, tex }) => (
        <li key={name}>
          <Tex of={tex} />
        </li>
      ))}
    </ul>
  )
}

const names: Readonly<Record<string, string>> = {
  depthFirst: 'depth-first',
  breadthFirst: 'breadth-first (Kahn’s)',
  random: 'random',
}

/** The inputs' values, a box for each. */
function Values({ inputs }: { readonly inputs: readonly string[] }) {
  const id = useId()
  return (
    <div class="row values">
      {inputs.map((name, i) => (
        <div key={name} class="control">
          <label for={`${id}-${i}`}>{name} =</label>
          <input
            id={`${id}-${i}`}
            type="text"
            inputMode="decimal"
            value={numeral(at.value[i] ?? 1)}
            onChange={event => {
              const x = numberOf(event.currentTarget.value)
              const all = inputs.map((_, k) => at.value[k] ?? 1)
              const within = Math.min(VALUES.max, Math.max(VALUES.min, x))
              if (Number.isFinite(x)) at.value = all.map((old, k) => (k === i ? within : old))
              event.currentTarget.value = numeral(at.value[i] ?? 1)
            }}
          />
        </div>
      ))}
    </div>
  )
}

function Naive({ found, title }: { readonly found: NaiveSweep; readonly title: string }) {
  const wrong = found.inputs.filter((_, i) => found.gradients[i] !== found.right[i])
  const [first] = found.early
  return (
    <div>
      <h3>{title}</h3>
      <Scroll label={`Gradients: ${title}`}>
        <table>
          <Head columns={['By', ...numeric('the recursion says', 'it is')]} />
          <tbody>
            {found.inputs.map((name, i) => (
              <tr key={name}>
                <th scope="row" class="mono">
                  {name}
                </th>
                <td class={`number ${wrong.includes(name) ? 'bad' : ''}`}>
                  {numeral(found.gradients[i] as number)}
                  {wrong.includes(name) && ' (wrong)'}
                </td>
                <td class="number">{numeral(found.right[i] as number)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="note">
        Visited {found.visited.join(' ')}.{' '}
        {first
          ? `${first.name} came too early: ${first.given} of the ${first.uses} terms of its adjoint ${first.given === 1 ? 'was' : 'were'} there.`
          : 'Here every node was complete when it was visited.'}
      </p>
    </div>
  )
}

function Failed({ why }: { readonly why: string }) {
  return (
    <p class="bad" role="alert">
      {why}
    </p>
  )
}

export function Sweeps() {
  const failed = failures.orders.value
  const found = failed === '' ? orders.value : null
  const read = program.value
  const several = !('error' in read) && read.outputs > 1
  return (
    <Panel title="Order of evaluation" class="orders">
      <div class="typing">
        <div class="stack">
          <Typed
            label="One output, and what it is made of"
            value={f}
            found={read}
            rows={3}
            note="A line that says a = … defines what later lines use."
          />
          {!('error' in read) && <Values inputs={read.inputs} />}
          {found && !several && <Rows rows={found.rows} />}
        </div>
        {failed !== '' && <Failed why={failed} />}
        {several ? (
          <p class="note">A sweep begins at one output; this has {read.outputs}. Define the others: name = formula.</p>
        ) : (
          found && (
            <div class="stack">
              <p class="note">
                The walk back may visit nodes in any order in which each comes after all that read it. The gradients are
                the same; what waits meanwhile is not.
              </p>
              <Scroll label="Orders">
                <table>
                  <Head
                    columns={[
                      'Order',
                      ...numeric('Waiting, bytes', 'Peak bytes', ...found.inputs.map(name => `∂/∂${name}`)),
                      'Visited',
                    ]}
                  />
                  <tbody>
                    {found.sweeps.map(({ order, visited, waiting, peak, gradients }) => (
                      <tr key={order}>
                        <th scope="row">{names[order]}</th>
                        <td class="number">{count(waiting.bytes)}</td>
                        <td class="number">{count(peak.bytes)}</td>
                        {gradients.map((g, i) => (
                          <td key={found.inputs[i]} class="number">
                            {numeral(g as number)}
                          </td>
                        ))}
                        <td class="mono visited">{visited.join(' ')}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </Scroll>
              <div class="row">
                <Button
                  onClick={() => {
                    seed.value = (seed.value % 999) + 1
                  }}
                >
                  Another random order
                </Button>
              </div>
              <p class="note">
                The recursion that one writes first does not wait: it hands an adjoint on when it arrives, and does not
                come back for the rest.
              </p>
              <div class="tables">
                <Naive title="On the smallest graph that breaks it: w1 = sin x, w1 + exp w1" found={found.smallest} />
                <Naive title="On yours" found={found.naive} />
              </div>
            </div>
          )
        )}
      </div>
    </Panel>
  )
}

const orderNames: Readonly<Record<Elimination['order'], string>> = {
  forward: 'forward',
  reverse: 'reverse',
  markowitz: 'Markowitz: cheapest next',
  exact: 'the best there is',
  given: 'given',
}

export function Jacobians() {
  const failed = failures.eliminations.value
  const found = failed === '' ? eliminations.value : null
  const least = Math.min(...(found?.found.map(({ multiplications }) => multiplications) ?? []))
  return (
    <Panel title="Between forward and reverse: elimination" class="jacobians">
      <div class="typing">
        <div class="stack">
          <Typed
            label="Outputs, and what they are made of"
            value={jacobian}
            found={jacobianProgram.value}
            rows={6}
            note="Each line without a name is an output."
          />
          {found && <Rows rows={found.rows} />}
        </div>
        {failed !== '' && <Failed why={failed} />}
        {found && (
          <div class="stack">
            <p class="note">
              A Jacobian of {found.outputs} × {found.inputs.length}: to eliminate a node is to multiply each way in with
              each way out. Forward and reverse mode are two orders of many.
            </p>
            <Scroll label="Eliminations">
              <table>
                <Head columns={['Order', ...numeric('Multiplications', 'Additions'), 'Nodes (multiplications)']} />
                <tbody>
                  {found.found.map(({ order, steps, multiplications, additions }) => (
                    <tr key={order} class={multiplications === least ? 'better' : undefined}>
                      <th scope="row">{orderNames[order]}</th>
                      <td class="number">
                        {count(multiplications)}
                        {multiplications === least && <span class="hidden"> (fewest)</span>}
                      </td>
                      <td class="number">{count(additions)}</td>
                      <td class="mono visited">
                        {steps.map(({ vertex, multiplications }) => `${vertex} (${multiplications})`).join(' ')}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
            {!found.found.some(({ order }) => order === 'exact') && (
              <p class="note">The best order is searched for up to 12 intermediates.</p>
            )}
          </div>
        )}
      </div>
    </Panel>
  )
}
