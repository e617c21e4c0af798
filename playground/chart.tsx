// Line charts and histograms by chart.js, in the theme's colours, each with a sentence for those who do not see it.
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  Filler,
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

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
)

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
  /** Only the points, without a line. */
  readonly dots?: boolean
}
export interface Axis {
  readonly title: string
  readonly log?: boolean
  readonly min?: number
  readonly max?: number
}
interface Frame {
  /** What is to be seen, in a sentence that changes with it. */
  readonly label: string
  readonly x: Axis
  readonly y: Axis
  /** In pixels (220). */
  readonly height?: number
}
export interface LineChartProps extends Frame {
  readonly series: readonly Series[]
}
export interface BarChartProps extends Frame {
  /** A bar for each, from left to right. */
  readonly bars: readonly { readonly label: string; readonly size: number }[]
  readonly color: string
}

const scale = ({ title, log, min, max }: Axis, type: 'linear' | 'logarithmic' | 'category') => ({
  type: log ? ('logarithmic' as const) : type,
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

/** A canvas whose chart is made anew when the theme changes, and else is given new data. */
function Canvas({ label, height = 220, make }: { label: string; height?: number; make: () => ChartSetup }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const chart = useRef<Chart | null>(null)
  const theme = dark.value
  useEffect(() => {
    if (!canvas.current) return
    chart.current = new Chart(canvas.current, make() as ChartConfiguration)
    return () => {
      chart.current?.destroy()
      chart.current = null
    }
  }, [theme])
  useEffect(() => {
    const made = make()
    if (!chart.current) return
    chart.current.data = made.data as typeof chart.current.data
    chart.current.options = made.options as typeof chart.current.options
    chart.current.update('none')
  })
  return (
    <div class="chart" style={{ height: `${height}px` }}>
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  )
}
interface ChartSetup {
  readonly type: 'line' | 'bar'
  readonly data: object
  readonly options: object
}
const common = {
  animation: false,
  responsive: true,
  maintainAspectRatio: false,
  interaction: { mode: 'nearest', axis: 'x', intersect: false },
}

export function LineChart({ label, x, y, series, height }: LineChartProps) {
  const make = (): ChartSetup => ({
    type: 'line',
    data: {
      datasets: series.map(({ label, points, color: name, dashed, dots }) => ({
        label,
        data: points,
        borderColor: color(name),
        backgroundColor: color(name),
        borderDash: dashed ? [6, 4] : [],
        borderWidth: 2,
        showLine: !dots,
        pointRadius: dots ? 3 : 0,
        pointHitRadius: 8,
      })),
    },
    options: {
      ...common,
      parsing: false,
      scales: { x: scale(x, 'linear'), y: scale(y, 'linear') },
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
  return <Canvas label={label} height={height} make={make} />
}

export function BarChart({ label, x, y, bars, color: name, height = 120 }: BarChartProps) {
  const make = (): ChartSetup => ({
    type: 'bar',
    data: {
      labels: bars.map(({ label }) => label),
      datasets: [
        {
          data: bars.map(({ size }) => size),
          backgroundColor: color(name),
          barPercentage: 1,
          categoryPercentage: 0.96,
        },
      ],
    },
    options: {
      ...common,
      scales: { x: scale(x, 'category'), y: { ...scale(y, 'linear'), beginAtZero: true } },
      plugins: { legend: { display: false } },
    },
  })
  return <Canvas label={label} height={height} make={make} />
}
