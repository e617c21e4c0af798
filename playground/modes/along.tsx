// How storage grows with depth, and arithmetic or time with the numbers in and out.

import type { Cost, ModeCost } from '../../src/explain/explain.ts'
import { LineChart, type Series } from '../chart.tsx'
import { Head, numeric, Panel, Scroll, Segments } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { colours, count, titles } from './cost.tsx'
import type { Sizes } from './function.ts'
import { axis, type Measured, points, question } from './state.ts'

const modeOf = (cost: Cost, mode: ModeCost['mode']): ModeCost | undefined => cost.modes.find(x => x.mode === mode)
const modes = ['forward', 'reverse', 'checkpointed'] as const

/** A line for each mode, of one number of it against a size. */
function lines(measured: readonly Measured[], along: keyof Sizes, of: (mode: ModeCost) => number): Series[] {
  return modes.flatMap(mode => {
    const found = measured.flatMap(point => {
      const cost = modeOf(point.cost, mode)
      return cost ? [{ x: point[along], y: of(cost) }] : []
    })
    return found.length > 0
      ? [{ label: titles[mode], points: found, color: colours[mode], dashed: mode === 'checkpointed' }]
      : []
  })
}
/** How a line goes, in words. */
const words = (series: readonly Series[], unit: string): string =>
  series
    .map(({ label, points }) => {
      const [first, last] = [points[0], points[points.length - 1]]
      return `${label} from ${numeral(first.y, 3)} to ${numeral(last.y, 3)} ${unit}`
    })
    .join('; ')

function Chart({ along, title }: { readonly along: 'n' | 'm'; readonly title: string }) {
  const found = points[along].value
  const time = axis.value === 'time'
  const series = lines(found, along, ({ flops, milliseconds }) => (time ? milliseconds : flops))
  const unit = time ? 'ms' : 'additions and multiplications'
  return (
    <LineChart
      label={`${title}: ${words(series, unit)}.`}
      x={{ title: along === 'n' ? 'inputs n' : 'outputs m' }}
      y={{ title: time ? 'ms' : 'arithmetic', min: 0 }}
      series={series}
      height={230}
    />
  )
}

export function Along() {
  const deep = points.depth.value
  const peaks = lines(deep, 'depth', ({ peak }) => peak.bytes)
  const sizes = question.value
  return (
    <>
      <Panel title="Live bytes against depth" class="deep">
        <p class="note">
          Forward mode’s are constant; reverse mode’s grow with every op; checkpoints let them grow slowly.
        </p>
        <LineChart
          label={`The most live bytes in a pass against depth: ${words(peaks, 'bytes')}.`}
          x={{ title: 'depth' }}
          y={{ title: 'peak bytes', min: 0 }}
          series={peaks}
          height={230}
        />
        {deep.length > 0 && (
          <details>
            <summary>as a table</summary>
            <Scroll label="Bytes at each depth">
              <table>
                <Head
                  columns={numeric(
                    'Depth',
                    ...modes.filter(mode => modeOf(deep[0].cost, mode)).map(mode => `${titles[mode]}: stored, peak`),
                  )}
                />
                <tbody>
                  {deep.map(({ depth, cost }) => (
                    <tr key={depth}>
                      <th scope="row" class="number">
                        {depth}
                      </th>
                      {cost.modes.map(({ mode, kept, peak }) => (
                        <td key={mode} class="number">
                          {count(kept.bytes)}, {count(peak.bytes)}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          </details>
        )}
      </Panel>
      <Panel
        title="Against inputs and outputs"
        class="wide"
        actions={
          <Segments
            label="What is shown"
            hidden
            value={axis}
            choices={[
              ['arithmetic', 'arithmetic'],
              ['time', 'time'],
            ]}
          />
        }
      >
        <div class="pair">
          <figure>
            <figcaption class="note">{sizes ? `m = ${sizes.m}: forward needs a pass for each input.` : '…'}</figcaption>
            <Chart along="n" title="Against inputs" />
          </figure>
          <figure>
            <figcaption class="note">
              {sizes ? `n = ${sizes.n}: reverse needs a pass for each output.` : '…'}
            </figcaption>
            <Chart along="m" title="Against outputs" />
          </figure>
        </div>
      </Panel>
    </>
  )
}
