// The training steps as one picture: each contestant's time as a multiple of the compiled step's, on a logarithmic axis.
import { frame, render, title } from '../src/plot/canvas.ts'
import { contestants } from './contestant.ts'
import { duration } from './document.ts'
import type { Report } from './report.ts'
import { ranked, reference } from './table.ts'

/** Is it one of the ways to run Gradus? */
const isOurs = (id: string): boolean =>
  contestants.some(entry => entry.id === id && 'library' in entry && entry.library === 'gradus')

export async function chart({ tables, date }: Report, path: string): Promise<void> {
  const training = tables.filter(({ id }) => /^W[1-5]$/.test(id))
  const bars = training.flatMap(table => {
    const base = reference(table)
    if (base === null) return []
    const group = table.results.flatMap(result => {
      const time = ranked(table, result)
      return time === null ? [] : [{ id: result.id, label: `${result.label}  ${duration(time)}`, ratio: time / base }]
    })
    return [
      { id: '', label: `${table.id}: ${table.title.split(/[:;,]/)[0]}`, ratio: 1 },
      ...group.sort((a, b) => a.ratio - b.ratio),
    ]
  })
  if (bars.length === 0) return
  const options = { path, title: `Time of a training step, as a multiple of Gradus', compiled (${date})` }
  const view = frame(options, 1200, 150 + 32 * bars.length)
  const { unit, look } = view
  const ratios = bars.map(({ ratio }) => ratio)
  await render(
    {
      type: 'bar',
      data: {
        labels: bars.map(({ label }) => label),
        datasets: [
          {
            // a logarithmic bar has no zero to start from: it starts at Gradus
            data: bars.map(({ ratio, id }) => (id === contestants[0].id ? [0.985, 1.015] : [1, ratio])),
            backgroundColor: bars.map(({ ratio, id }) =>
              isOurs(id) ? look.ink : ratio < 1 ? look.series[1] : look.series[0],
            ),
            barPercentage: 0.8,
            categoryPercentage: 0.9,
          },
        ],
      },
      options: {
        indexAxis: 'y',
        animation: false,
        layout: { padding: 20 * unit },
        plugins: { legend: { display: false }, title: title(view, options.title) },
        scales: {
          x: {
            type: 'logarithmic',
            min: Math.min(...ratios) / 1.5,
            max: Math.max(...ratios) * 1.5,
            title: { display: true, text: 'faster than Gradus, compiled  ←  1  →  slower', color: look.ink },
            grid: { color: look.grid },
            ticks: {
              callback: value => (Number.isInteger(Math.log10(Number(value))) ? `${value}x` : null),
            },
          },
          y: {
            grid: { display: false },
            ticks: {
              autoSkip: false,
              color: ({ index }) => (bars[index].id === '' || isOurs(bars[index].id) ? look.ink : look.muted),
              font: ({ index }) => ({ size: 17 * unit, weight: bars[index].id === '' ? 'bold' : 'normal' }),
            },
          },
        },
      },
    },
    view,
    options,
  )
}
