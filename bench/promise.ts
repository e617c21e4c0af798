// What Gradus promises beside its peers, and what came of it: computed from a run, never typed in.
import { contestants } from './contestant.ts'
import { grid } from './document.ts'
import type { Table } from './runner.ts'
import { timeOf } from './table.ts'

/** In which workload who is how many times as fast as whom, at least. */
type Ratio = readonly [workload: string, who: string, than: string, least: number]

const [COMPILED, BLAS, EAGER, NEWER] = ['gradus-compiled', 'gradus-blas', 'gradus', 'gradus-compiled-node24']
const ratios: readonly Ratio[] = [
  ['W1', EAGER, 'micrograd', 100],
  ['W1', COMPILED, 'micrograd', 1000],
  ['W2', EAGER, 'pytorch', 2],
  ['W2', COMPILED, 'pytorch', 20],
  ['W2', COMPILED, 'jax', 1],
  ['W2', COMPILED, 'jax-js', 16],
  ['W2', COMPILED, 'hand', 10],
  ['W3', COMPILED, 'pytorch', 1],
  ['W3', NEWER, 'pytorch', 1.3],
  ['W3', COMPILED, 'jax-js', 3],
  ['W3', BLAS, 'pytorch', 2.5],
  ['W3', BLAS, 'jax', 1],
  ['W4', COMPILED, 'pytorch', 1.5],
  ['W4', COMPILED, 'convnetjs', 15],
  ['W4', BLAS, 'jax', 1],
  ['W5', COMPILED, 'pytorch', 1.3],
  ['W5', COMPILED, 'jax-js', 3],
  ['W5', BLAS, 'jax', 1],
  ['W6.exp', COMPILED, 'tfjs-wasm', 8],
  ['W6.tanh', COMPILED, 'tfjs-wasm', 8],
  ['W7', EAGER, 'tfjs-wasm', 1],
  ['W7', EAGER, 'jax-js', 1],
]
/** Of the port limit, at least. */
const shares: readonly Ratio[] = [64, 256, 1024].flatMap((n): Ratio[] => [
  [`W6.sgemm${n}`, COMPILED, 'limit', 0.85],
  [`W6.sgemm${n}`, NEWER, 'limit-node24', 0.65],
])
/** Of a cold start, at most (nobody compiles a step to run it once): times that of `node -e 0`, and MiB. */
const [COLD, PEAK] = [1.6, 65]

const labelOf = (id: string): string => contestants.find(entry => entry.id === id)?.label ?? 'node -e 0'
// three digits, so that nothing just missed reads as reached
const times = (x: number): string => `${Number(x.toPrecision(3))}x`
const percent = (x: number): string => `${Number((100 * x).toPrecision(3))} %`
const verdict = (kept: boolean | null): string => (kept === null ? 'no number' : kept ? 'kept' : 'not kept')

/** The promises about what has been measured, as a section; empty when there are none. */
export function promises(tables: readonly Table[]): string {
  const tableOf = (id: string): Table | undefined => tables.find(table => table.id === id)
  const compared = (show: (x: number) => string) => (ratio: Ratio) => {
    const [workload, who, than, least] = ratio
    const table = tableOf(workload)
    const [time, other] = [timeOf(table, who), timeOf(table, than)]
    const reached = time === null || other === null ? null : other / time
    const kept = reached === null ? null : reached >= least
    const claim = [workload, labelOf(who), labelOf(than), `at least ${show(least)}`]
    return table ? [[...claim, reached === null ? '' : show(reached), verdict(kept)]] : []
  }
  const cold = tableOf('W7')
  const atMost = (what: string, most: number, reached: number | null, show: (x: number) => string) => [
    ...['W7', labelOf(EAGER), what, `under ${show(most)}`],
    ...[reached === null ? '' : show(reached), verdict(reached === null ? null : reached < most)],
  ]
  const [own, bare] = [timeOf(cold, EAGER), timeOf(cold, 'node')]
  const peak = cold?.results.find(({ id }) => id === EAGER)?.peak
  const rows = [
    ...ratios.flatMap(compared(times)),
    ...shares.flatMap(compared(percent)),
    ...(cold
      ? [
          atMost('node -e 0, time', COLD, own !== null && bare !== null ? own / bare : null, times),
          atMost('peak memory', PEAK, peak === undefined ? null : peak / 2 ** 20, x => `${x.toFixed(0)} MiB`),
        ]
      : []),
  ].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  if (rows.length === 0) return ''
  const kept = rows.filter(cells => cells.at(-1) === 'kept').length
  const head = ['', 'who', 'against', 'promised', 'reached', '']
  return `## Promises\n\n${kept} of ${rows.length} kept. A multiple says how many times as fast as the other; a share is of the limit's rate.\n\n${grid(head, rows)}`
}
