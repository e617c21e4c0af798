// How weights, activations and gradients are spread, layer by layer.
import { Panel } from '../control.tsx'
import { numeral } from '../numeral.ts'
import type { Histogram } from './message.ts'
import { frame, run } from './run.ts'
import { slowly } from './slowly.ts'

const slow = slowly(frame, 250, 150)
const kinds = ['weights', 'activations', 'gradients'] as const

/** Bars over 100 x 40, all as one path. */
function bars({ counts }: Histogram): string {
  const most = Math.max(1, ...counts)
  const width = 100 / counts.length
  return counts
    .map((count, i) => {
      const height = (38 * count) / most
      return count === 0
        ? ''
        : `M${(i * width).toFixed(2)} 40v-${height.toFixed(2)}h${(width * 0.88).toFixed(2)}v${height.toFixed(2)}z`
    })
    .join('')
}

function Spread({ of, name }: { readonly of: Histogram; readonly name: string }) {
  const total = of.counts.reduce((a, b) => a + b, 0)
  return (
    <figure class="train-spread">
      <svg
        viewBox="0 0 100 40"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name}: ${total} from ${numeral(of.low, 3)} to ${numeral(of.high, 3)}.`}
      >
        <path d={bars(of)} />
      </svg>
      <figcaption aria-hidden="true">
        <span>{numeral(of.low, 2)}</span>
        <span>{numeral(of.high, 2)}</span>
      </figcaption>
    </figure>
  )
}

export function Histograms() {
  const layers = slow.value?.layers ?? []
  const last = layers.length - 1
  return (
    <Panel title="Layer by layer" class="train-histograms">
      <p class="note">
        How often each size occurs. Gradients that shrink from the output back to the first layer vanish; activations
        that crowd at their ends are saturated.
      </p>
      <div class="train-spreads">
        <span />
        {kinds.map(kind => (
          <h3 key={kind}>{kind}</h3>
        ))}
        {layers.map(({ histograms }, layer) => {
          const name = layer === last && run.value ? 'output' : `layer ${layer + 1}`
          return [
            <b key={name}>{name}</b>,
            ...kinds.map(kind => <Spread key={`${name} ${kind}`} of={histograms[kind]} name={`${kind} of ${name}`} />),
          ]
        })}
      </div>
    </Panel>
  )
}
