// One weight: its value to be changed by hand, and the ledger of its gradient, a term for each example.
import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { Button, Panel, Slider } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Tex } from '../tex.tsx'
import { samePlace } from './geometry.ts'
import { termExample } from './look.ts'
import type { Ledger, Place, Ready } from './message.ts'
import { placeName, unitName } from './name.ts'
import { numberAt } from './reading.ts'
import { assign, frame, inspected, playing, run } from './run.ts'
import { slowly } from './slowly.ts'
import { train } from './state.ts'

const slow = slowly(frame, 200, 30)

interface PickProps {
  readonly label: string
  readonly value: string
  readonly choices: readonly (readonly [value: string, title: string])[]
  readonly onPick: (value: string) => void
}
function Pick({ label, value, choices, onPick }: PickProps) {
  const id = useId()
  return (
    <div class="control">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={event => onPick(event.currentTarget.value)}>
        {choices.map(([name, title]) => (
          <option key={name} value={name} selected={name === value}>
            {title}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Lists of where the weight is: the keyboard's way to each of them. */
function Picker({ of, place }: { readonly of: Ready; readonly place: Place | null }) {
  const { widths } = of
  const last = widths.length - 2
  const to = (next: Place): void => {
    train.weight.value = next
  }
  return (
    <div class="train-picker">
      <Pick
        label="Layer"
        value={place ? String(place.layer) : ''}
        choices={[
          ['', 'none'],
          ...widths
            .slice(1)
            .map((_, layer) => [String(layer), layer === last ? 'the output' : `hidden ${layer + 1}`] as const),
        ]}
        onPick={value => {
          if (value === '') train.weight.value = null
          else to({ layer: Number(value), unit: 0, input: 0 })
        }}
      />
      {place && (
        <>
          <Pick
            label="To"
            value={String(place.unit)}
            choices={Array.from({ length: widths[place.layer + 1] }, (_, unit) => [
              String(unit),
              place.layer === last ? unitName(of, last + 1, unit) : `unit ${unit + 1}`,
            ])}
            onPick={value => to({ ...place, unit: Number(value) })}
          />
          <Pick
            label="From"
            value={String(place.input)}
            choices={[
              ...Array.from(
                { length: widths[place.layer] },
                (_, input) =>
                  [String(input), place.layer === 0 ? unitName(of, 0, input) : `unit ${input + 1}`] as const,
              ),
              ['bias', 'nothing: the bias'],
            ]}
            onPick={value => to({ ...place, input: value === 'bias' ? value : Number(value) })}
          />
        </>
      )}
    </div>
  )
}

const few = 8
/** So many rows change as fast as it trains. */
const many = 100
function Terms({ ledger }: { readonly ledger: Ledger }) {
  const all = useSignal(false)
  const sorted = [...ledger.terms].sort((a, b) => Math.abs(b.term) - Math.abs(a.term))
  const shown = sorted.slice(0, all.value ? (playing.value ? many : sorted.length) : few)
  const rest = sorted.slice(shown.length)
  const sum = ledger.terms.reduce((total, { term }) => total + term, 0)
  const most = Math.abs(sorted[0]?.term ?? 0) || 1
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="scroll train-ledger" tabIndex={0} aria-label="Ledger of the gradient">
        <table>
          <thead>
            <tr>
              <th class="number">example</th>
              <th class="number">upstream</th>
              <th class="number">× local</th>
              <th class="number">= term</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {shown.map(({ example, upstream, local, term }, rank) => (
              // a row stays where it is: of rows that are moved, Chromium draws the bars as they were
              <tr
                key={rank}
                onPointerEnter={() => {
                  termExample.value = example
                }}
                onPointerLeave={() => {
                  termExample.value = null
                }}
              >
                <td class="number">{example + 1}</td>
                <td class="number">{numeral(upstream, 3)}</td>
                <td class="number">{numeral(local, 3)}</td>
                <td class="number">{numeral(term, 3)}</td>
                <td>
                  <span
                    class={`train-bar ${term < 0 ? 'minus' : 'plus'}`}
                    style={{ width: `${(50 * Math.abs(term)) / most}%` }}
                  />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            {rest.length > 0 && (
              <tr>
                <td colSpan={3}>{rest.length} smaller ones</td>
                <td class="number">
                  {numeral(
                    rest.reduce((total, { term }) => total + term, 0),
                    3,
                  )}
                </td>
                <td />
              </tr>
            )}
            <tr>
              <td colSpan={3}>sum of {ledger.terms.length}</td>
              <td class="number">{numeral(sum, 4)}</td>
              <td />
            </tr>
            <tr>
              <td colSpan={3}>regularisation</td>
              <td class="number">{numeral(ledger.regularization, 4)}</td>
              <td />
            </tr>
            <tr class="train-total">
              <td colSpan={3}>gradient</td>
              <td class="number">{numeral(ledger.gradient, 4)}</td>
              <td />
            </tr>
          </tfoot>
        </table>
      </section>
      {ledger.terms.length > few && (
        <Button
          pressed={all.value}
          onClick={() => {
            all.value = !all.value
          }}
        >
          {all.value ? `Only the largest ${few}` : `All ${ledger.terms.length} terms`}
        </Button>
      )}
    </>
  )
}

function Card({ of, place }: { readonly of: Ready; readonly place: Place }) {
  const now = slow.value
  const ledger = now?.ledger
  const known = ledger && samePlace(ledger.place, place) ? ledger : null
  const value = now ? numberAt(now, place, false) : undefined
  if (value === undefined) return <p class="note">…</p>
  const name = placeName(of, place)
  return (
    <>
      <div class="train-value">
        <Slider
          label={`${name[0].toUpperCase()}${name.slice(1)}`}
          value={{
            get value() {
              return value
            },
            set value(x) {
              assign(place, x)
            },
          }}
          min={-5}
          max={5}
          step={0.01}
          open
          format={x => numeral(x, 3)}
        />
        <p>
          <span class="note">gradient</span> <b>{known ? numeral(known.gradient) : '—'}</b>
        </p>
      </div>
      <p class="note">
        <Tex
          of={
            place.input === 'bias'
              ? '\\frac{\\partial L}{\\partial b} = \\sum_i \\frac{\\partial L}{\\partial z_i} \\cdot 1 + r'
              : '\\frac{\\partial L}{\\partial w} = \\sum_i \\frac{\\partial L}{\\partial z_i} \\cdot a_i + r'
          }
        />{' '}
        over the last batch: what comes back to the unit’s sum <Tex of="z_i" />
        {place.input === 'bias' ? '' : ', times what the weight was multiplied with'}.
      </p>
      {known ? <Terms ledger={known} /> : <p class="note">No step has been made yet: there is no gradient.</p>}
    </>
  )
}

export function Weight() {
  const place = inspected.value
  return (
    <Panel
      title="One weight and its gradient"
      class="train-weight"
      actions={
        place && (
          <Button
            onClick={() => {
              train.weight.value = null
            }}
          >
            Close
          </Button>
        )
      }
    >
      <div class="stack">
        {run.value && <Picker of={run.value} place={place} />}
        {run.value && place ? (
          <Card of={run.value} place={place} />
        ) : (
          <p class="note">Pick one here, or click a line of the network.</p>
        )}
      </div>
    </Panel>
  )
}
