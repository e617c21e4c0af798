// The verdict: the derivative taken in four ways, side by side, and how far off differences are.
import { useSignalEffect } from '@preact/signals'
import type { Cell, Column, Formula, Table } from '../../src/explain/explain.ts'
import { LineChart, type Series } from '../chart.tsx'
import { Head } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Fold } from './fold.tsx'
import { ask, asked } from './question.ts'
import { at, place, reading } from './session.ts'

export function VerdictPanel() {
  return (
    <Fold
      title="The verdict of four methods"
      about="forward, reverse, finite differences, complex step"
      open={place.verdict}
    >
      {() => <Judgement />}
    </Fold>
  )
}

function Judgement() {
  useSignalEffect(() => {
    const f = reading.value.good
    if (f) ask('verdict', { f: f.text, at: at.value })
  })
  const { answer, waits, error } = asked.verdict.value
  if (error !== null) return <p class="bad">{error}</p>
  const [sides, errors] = answer?.tables ?? []
  if (!answer || !sides || !errors) return <p class="note">…</p>
  return (
    <div class={waits ? 'stack old' : 'stack'}>
      <p class={answer.ok ? 'good' : 'bad'}>
        <strong>{sides.title}.</strong>
      </p>
      <div class="scroll">
        <table>
          <Head
            columns={sides.columns.map(column => ({
              title: named(column),
              class: column.align === 'right' ? 'number' : undefined,
            }))}
          />
          <tbody>
            {sides.rows.map(cells => (
              <tr key={String(cells[0])}>
                {cells.map((cell, k) => (
                  <td key={named(sides.columns[k])} class={sides.columns[k]?.align === 'right' ? 'number' : undefined}>
                    {written(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sides.notes.map(note => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      <ErrorChart table={errors} />
    </div>
  )
}

const named = (column: Column | undefined): string =>
  typeof column?.title === 'object' ? column.title.text : (column?.title ?? '')
const isFormula = (x: Cell): x is Formula => typeof x === 'object' && x !== null && 'tex' in x
const written = (cell: Cell | undefined): string =>
  cell == null ? '—' : typeof cell === 'number' ? numeral(cell, 8) : isFormula(cell) ? cell.text : String(cell)

/** A logarithm shows no 0: it is drawn here. */
const NONE = 1e-18
const colors = ['--series-1', '--series-2', '--series-3'] as const

/** The error of the central difference, and of the complex step, against the step h. */
function ErrorChart({ table }: { readonly table: Table }) {
  const [, ...columns] = table.columns
  const inputs = [...new Set(columns.map(column => named(column).replace(', complex', '')))]
  const series = columns.map((column, k): Series => {
    const label = named(column)
    const isComplex = label.endsWith(', complex')
    return {
      label: isComplex ? label : `${label}, difference`,
      color: colors[inputs.indexOf(label.replace(', complex', '')) % colors.length] as string,
      dashed: isComplex,
      points: table.rows.flatMap(cells => {
        const [x, y] = [cells[0], cells[k + 1]]
        return typeof x === 'number' && typeof y === 'number' && Number.isFinite(y) ? [{ x, y: Math.max(y, NONE) }] : []
      }),
    }
  })
  const drawn = series.filter(({ points }) => points.length > 0)
  const best = drawn.map(({ label, points }) => {
    const least = points.reduce((a, b) => (b.y < a.y ? b : a))
    return `${label} is least off at h = ${least.x}, by ${least.y === NONE ? 0 : numeral(least.y, 2)}`
  })
  if (drawn.length === 0) return null
  return (
    <>
      <LineChart
        label={`The error against the step h: ${best.join('; ')}.`}
        x={{ title: 'step h', log: true }}
        y={{ title: 'error', log: true }}
        series={drawn}
        height={260}
      />
      <p class="note">
        As h shrinks, a difference is first less wrong, for it is nearer to the slope; then more, for its digits cancel.
        An error of 0 is drawn at 1e−18.
      </p>
    </>
  )
}
