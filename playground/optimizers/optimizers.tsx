// The tab Optimizers: ways of several optimizers over a surface, from a start that can be dragged.
import { useEffect, useId } from 'preact/hooks'
import { LineChart, type Point } from '../chart.tsx'
import { Button, Head, numeric, Panel, Scroll, Slider, Status } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Player } from '../player.tsx'
import { type Constant, initials, type KindName, kindNames, kinds } from './kind.ts'
import { Above } from './map.tsx'
import { Key, look } from './mark.tsx'
import { Moment } from './moment.tsx'
import './optimizers.css'
import {
  at,
  choose,
  constant,
  f,
  failure,
  follow,
  k,
  MOST,
  minima,
  of,
  on,
  paths,
  reading,
  results,
  runners,
  speed,
  speeds,
  steps,
  surface,
  tolerance,
  type,
  view,
  x,
  y,
  zoom,
} from './state.ts'
import { surfaceNames, surfaces } from './surface.ts'
import type { Path, Result } from './walk.ts'

function SurfacePanel() {
  const id = useId()
  const found = reading.value
  const wrong = 'error' in found ? found : null
  const { left, right, bottom, top } = view.value
  return (
    <Panel title="Surface" class="surface">
      <div class="stack">
        <div class="control">
          <label for={`${id}-surface`}>Surface</label>
          <select
            id={`${id}-surface`}
            value={surface.value}
            onChange={event => {
              const name = surfaceNames.find(name => name === event.currentTarget.value)
              if (name) choose(name)
            }}
          >
            {surfaceNames.map(name => (
              <option key={name} value={name} selected={name === surface.value}>
                {name === 'own' ? 'My own' : surfaces[name].title}
              </option>
            ))}
          </select>
        </div>
        {surface.value !== 'own' && <p class="note">{surfaces[surface.value].says}</p>}
        <div class="control">
          <label for={`${id}-f`}>f(x, y) =</label>
          <textarea
            id={`${id}-f`}
            class="mono"
            rows={2}
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            value={f.value}
            aria-invalid={wrong !== null}
            aria-describedby={wrong ? `${id}-wrong` : undefined}
            onInput={event => type(event.currentTarget.value)}
          />
          {wrong && (
            <p class="bad" id={`${id}-wrong`} role="alert">
              {wrong.error} (column {wrong.column})
            </p>
          )}
        </div>
        {'usesK' in found && found.usesK && <Slider label="k" value={k} min={0.01} max={1000} step={0.05} log />}
        <Slider label="Start x" value={x} min={left} max={right} step={(right - left) / 200} />
        <Slider label="Start y" value={y} min={bottom} max={top} step={(top - bottom) / 200} />
        <Slider label="Zoom" value={zoom} min={0.05} max={20} step={0.05} log />
      </div>
    </Panel>
  )
}

/** An optimizer: whether it runs, and if so its constants. */
function Optimizer({ kind }: { readonly kind: KindName }) {
  const runs = on.value.includes(kind)
  const { title } = kinds[kind]
  const [rate, ...others] = Object.entries<Constant>(kinds[kind].constants)
  const slider = ([name, { title, initial: _, ...range }]: [string, Constant]) => (
    <Slider key={name} label={title} value={constant(kind, name)} {...range} />
  )
  const start = initials(kind)
  const changed = Object.keys(start).some(name => constant(kind, name).value !== start[name])
  return (
    <li>
      <label class="toggle">
        <input
          type="checkbox"
          checked={runs}
          onChange={event => {
            const others = on.value.filter(other => other !== kind)
            on.value = event.currentTarget.checked ? kindNames.filter(x => x === kind || others.includes(x)) : others
          }}
        />
        <Key kind={kind} />
      </label>
      {runs && (
        <fieldset class="control constants" aria-label={title}>
          {slider(rate)}
          <details>
            <summary>more constants</summary>
            <div class="stack">
              {others.map(slider)}
              <Button
                disabled={!changed}
                onClick={() => {
                  for (const name of Object.keys(start)) constant(kind, name).value = start[name]
                }}
              >
                As in the beginning
              </Button>
            </div>
          </details>
        </fieldset>
      )}
    </li>
  )
}

/** Where the logarithmic axis ends below: what is smaller is rounding. */
const ROUNDING = 1e-16
const lowestOf = (lines: readonly { readonly points: readonly Point[] }[]): number | undefined =>
  lines.some(({ points }) => points.some(({ y }) => y < ROUNDING)) ? ROUNDING : undefined

/** At most so many points of a line: more cannot be seen. */
const DRAWN = 250

function Losses() {
  const known = minima.value
  const least = known && !known.falls ? known.minima.find(({ lowest }) => lowest)?.f : undefined
  const every = Math.max(1, Math.ceil(steps.value / DRAWN))
  const height = (path: Path, t: number): Point => ({ x: t, y: path.f[t] - (least ?? 0) })
  const drawn = ({ y }: Point): boolean => least === undefined || y > 0
  const lines = paths.value.map(path => ({
    label: kinds[path.kind].title,
    ...look(path.kind),
    points: Array.from(path.f, (_, t) => height(path, t)).filter((point, t) => t % every === 0 && drawn(point)),
  }))
  const title = least === undefined ? 'f' : 'f above its minimum'
  const now = paths.value
    .filter(path => path.f.length > 0)
    .map(path => `${kinds[path.kind].title} ${numeral(height(path, path.f.length - 1).y, 3)}`)
  return (
    <Panel title="Height against step" class="losses">
      <LineChart
        label={`${title} against step, at the end: ${now.join(', ')}.`}
        x={{ title: 'step', min: 0, max: steps.value }}
        // from another kind of axis there is no way to this one
        key={title}
        y={{ title, ...(least !== undefined && { log: true, min: lowestOf(lines) }) }}
        series={lines}
        height={260}
      />
    </Panel>
  )
}

function Results() {
  return (
    <Panel title={`After all ${steps.value} steps`} class="results">
      <div class="stack">
        <Scroll label="Results">
          <table>
            <Head columns={['Optimizer', ...numeric('f', 'Distance'), 'Outcome']} />
            <tbody>
              {results.value.map(({ kind, end, diverged }) => (
                <tr key={kind} aria-current={kind === of.value ? 'true' : undefined}>
                  <th scope="row">
                    <button
                      type="button"
                      class="link"
                      onClick={() => {
                        of.value = kind
                      }}
                    >
                      <Key kind={kind} />
                    </button>
                  </th>
                  <td class="number">{numeral(end.f, 3)}</td>
                  <td class="number">{end.distance === null ? '–' : numeral(end.distance, 3)}</td>
                  <td class={diverged === null ? undefined : 'bad'}>{outcome(end, diverged)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
        <Slider label="Reached: nearer to the minimum than" value={tolerance} min={1e-8} max={1} step={0.25} log />
        <Known />
      </div>
    </Panel>
  )
}

function outcome({ distance, reached }: Result, diverged: number | null): string {
  if (diverged === 0) return 'no number at the start'
  if (diverged !== null) return `diverged in step ${diverged}`
  if (reached !== null) return `reached after ${reached} step${reached === 1 ? '' : 's'}`
  if (distance === null) return minima.value ? 'nothing to reach' : '…'
  return 'not reached'
}

/** What is known of the minima. */
function Known() {
  const found = minima.value
  if (!found)
    return <p class="note">{'error' in reading.value || failure.value !== '' ? '' : 'Looking for minima …'}</p>
  const lowest = found.minima.filter(minimum => minimum.lowest)
  const others = found.minima.length - lowest.length
  const where = lowest.map(({ x, y }) => `(${numeral(x)}, ${numeral(y)})`).join(', ')
  const depth = lowest.length > 0 ? `, where f is ${numeral(Math.abs(lowest[0].f) < 1e-12 ? 0 : lowest[0].f)}` : ''
  return (
    <p class="note">
      {found.flat
        ? 'f is least along a whole line or area: no single minimum.'
        : lowest.length === 0
          ? 'There is no minimum in this picture.'
          : `${lowest.length === 1 ? 'The minimum' : `${lowest.length} minima`} in this picture, found by L-BFGS: ${where}${depth}${others > 0 ? `; ${others} higher one${others === 1 ? '' : 's'}` : ''}.`}
      {found.falls && ' Towards the rim f falls lower still.'}
    </p>
  )
}

function said(): string {
  if (failure.value !== '') return failure.value
  if ('error' in reading.value)
    return `The formula cannot be read${paths.value.length > 0 ? ': what is shown belongs to the one before' : ''}.`
  if (runners.value.length === 0) return 'Choose at least one optimizer.'
  if (paths.value.some(({ diverged }) => diverged === 0)) return 'f is no finite number at the start: begin elsewhere.'
  const gone = paths.value.filter(({ diverged }) => diverged !== null).map(({ kind }) => kinds[kind].title)
  return gone.length > 0 ? `${gone.join(', ')} diverged: try a smaller learning rate.` : ''
}

export function Optimizers() {
  useEffect(follow, [])
  return (
    <div class="optimizers">
      <div class="column">
        <SurfacePanel />
        <Panel title="Optimizers" class="kinds">
          <ul>
            {kindNames.map(kind => (
              <Optimizer key={kind} kind={kind} />
            ))}
          </ul>
        </Panel>
      </div>
      <div class="column">
        <Panel title="From above" class="above">
          <p class="note">
            The star is the minimum; the stronger the shade, the lower. Drag the ring, or click, to begin elsewhere;
            click a step to take it apart.
          </p>
          <Above />
          <Player
            position={Math.min(at.value, steps.value)}
            length={steps.value}
            onMove={to => {
              at.value = to
            }}
            speed={speed}
            speeds={speeds}
          />
          <Slider label="Steps in all" value={steps} min={1} max={MOST} step={1} integer />
          <Status>{said()}</Status>
        </Panel>
        <Losses />
      </div>
      <div class="column">
        <Results />
        <Moment />
      </div>
    </div>
  )
}
