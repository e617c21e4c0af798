// Line charts by chart.js, in the theme's colours, each with a sentence for those who do not see it.
import {
  Chart,
  type ChartConfiguration,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from 'chart.js'
import { useEffect, useRef } from 'preact/hooks'
import { numeral } from './numeral.ts'
import { color, dark } from './theme.ts'

Chart.register(Legend, LinearScale, LineController, LineElement, LogarithmicScale, PointElement, Tooltip)

export interface Point {
  readonly x: number
  readonly y: number
}
export interface Series {
  readonly label: string
  readonly points: readonly Point[]
  /** A custom property of the style sheet, such as '--series-1'. */
  readonly color: string
  readonly dashed?: boolean
}
export interface Axis {
  readonly title: string
  readonly log?: boolean
  readonly min?: number
  readonly max?: number
}
export interface LineChartProps {
  /** What is to be seen, in a sentence that changes with it. */
  readonly label: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
  /** In pixels (220). */
  readonly height?: number
}

const scale = ({ title, log, min, max }: Axis) => ({
  type: log ? ('logarithmic' as const) : ('linear' as const),
  ...(min !== undefined && { min }),
  ...(max !== undefined && { max }),
  title: { display: title !== '', text: title, color: color('--muted'), font: { size: 12 } },
  ticks: {
    color: color('--muted'),
    maxTicksLimit: 7,
    maxRotation: 0,
    font: { size: 11 },
    // 1e−9, and not all of its zeros
    ...(log && { callback: (x: number | string) => numeral(Number(x)) }),
  },
  grid: { color: color('--line') },
  border: { color: color('--line') },
})

/** A chart that is made anew when the theme changes, and else is given new data. */
export function LineChart({ label, x, y, series, height = 220 }: LineChartProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const chart = useRef<Chart<'line', Point[]> | null>(null)
  const theme = dark.value
  const make = (): ChartConfiguration<'line', Point[]> => ({
    type: 'line',
    data: {
      datasets: series.map(({ label, points, color: name, dashed }) => ({
        label,
        data: [...points],
        borderColor: color(name),
        backgroundColor: color(name),
        borderDash: dashed ? [6, 4] : [],
        borderWidth: 2,
        pointRadius: 0,
        pointHitRadius: 8,
      })),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      parsing: false,
      scales: { x: scale(x), y: scale(y) },
      plugins: {
        legend: {
          display: series.length > 1,
          position: 'top',
          align: 'end',
          labels: { color: color('--ink'), boxWidth: 18, boxHeight: 2, font: { size: 12 } },
        },
      },
    },
  })
  useEffect(() => {
    if (!canvas.current) return
    chart.current = new Chart(canvas.current, make())
    return () => {
      chart.current?.destroy()
      chart.current = null
    }
  }, [theme])
  useEffect(() => {
    const { current } = chart
    if (!current) return
    const { data, options } = make()
    current.data = data
    if (options) current.options = options
    current.update('none')
  })
  return (
    <div class="chart" style={{ height: `${height}px` }}>
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  )
}
